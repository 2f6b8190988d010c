//! Clocks.

use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, Timespec, clock_gettime};
use serde::{Deserialize, Serialize};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clock {
    /// Time passed. The only clock for rows with more than one thread.
    Wall,
    /// Time that the measuring thread ran: for a machine that other processes use at the same time. Time in which
    /// another process held the core is not counted, but what that process evicted from the caches is.
    ThreadCpu,
}

/// A point in time on both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Instant {
    wall: Duration,
    cpu: Duration,
}

impl Instant {
    pub(super) fn now() -> Self {
        Self { wall: read(ClockId::Monotonic), cpu: read(ClockId::ThreadCPUTime) }
    }

    /// The time since `self`, on the wall and of this thread.
    pub(super) fn elapsed(self) -> Elapsed {
        let now = Self::now();
        Elapsed { wall: now.wall - self.wall, cpu: now.cpu - self.cpu }
    }
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Elapsed {
    pub(super) wall: Duration,
    pub(super) cpu: Duration,
}

impl Elapsed {
    pub(super) fn on(self, clock: Clock) -> Duration {
        match clock {
            Clock::Wall => self.wall,
            Clock::ThreadCpu => self.cpu,
        }
    }
}

fn read(clock: ClockId) -> Duration {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(clock);
    // Neither clock is ever negative.
    Duration::new(tv_sec.unsigned_abs(), u32::try_from(tv_nsec).unwrap_or(0))
}

/// The effective frequency of this core, from a chain of dependent steps, each a 64-bit multiplication (three
/// cycles on every x86-64 core of the last decade) and an exclusive or (one), or `None` on other machines. The best of several tries.
pub fn frequency_ghz() -> Option<f64> {
    if !cfg!(target_arch = "x86_64") {
        return None;
    }
    const STEPS: u64 = 2_000_000;
    let mut best = f64::MAX;
    for _ in 0..8 {
        let start = Instant::now();
        let mut x = black_box(0x9e37_79b9_7f4a_7c15_u64);
        let factor = black_box(0xbf58_476d_1ce4_e5b9_u64);
        for _ in 0..STEPS {
            // Without the exclusive or, the compiler may merge the factors of neighbouring steps.
            x = x.wrapping_mul(factor) ^ 1;
        }
        black_box(x);
        best = best.min(start.elapsed().cpu.as_secs_f64());
    }
    Some((4 * STEPS) as f64 / best / 1e9)
}
