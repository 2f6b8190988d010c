//! Where the measuring thread, and the threads that it starts, may run.

use std::time::Duration;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The cores of this process, and the one to measure on.
#[derive(Debug, Clone)]
pub struct Cores {
    allowed: Vec<usize>,
    measuring: usize,
}

impl Cores {
    /// The cores that this process may use; `wanted` (or else the quietest of them) becomes the measuring core.
    /// `None` where the system has no affinity: measurements are then not pinned.
    pub fn find(wanted: Option<usize>) -> Result<Option<Self>, String> {
        let Ok(set) = sched_getaffinity(None) else { return Ok(None) };
        let allowed: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&core| set.is_set(core)).collect();
        let measuring = match wanted {
            Some(core) if allowed.contains(&core) => core,
            Some(core) => return Err(format!("--core {core}: this process may run on {allowed:?}")),
            None => quietest_core(&allowed),
        };
        Ok(Some(Self { allowed, measuring }))
    }

    /// The measuring core.
    pub const fn measuring(&self) -> usize {
        self.measuring
    }

    /// The number of cores that this process may use.
    pub const fn count(&self) -> usize {
        self.allowed.len()
    }

    /// Pins the calling thread to as many cores as `threads`, the measuring core first. Threads started afterwards
    /// inherit the set.
    pub fn pin(&self, threads: usize) -> Result<(), String> {
        let mut set = CpuSet::new();
        set.set(self.measuring);
        let others = self.allowed.iter().filter(|&&core| core != self.measuring);
        for &core in others.take(threads.saturating_sub(1)) {
            set.set(core);
        }
        sched_setaffinity(None, &set)
            .map_err(|error| format!("cannot pin to core {}: {error}; use --core N", self.measuring))
    }
}

/// What the threads of a pool run first: each goes to a core of its own, of those that the calling thread may use. Without
/// it, threads that are woken for a few milliseconds often share a core while the other one sleeps, and the figure is
/// that of the scheduler.
pub fn one_core_each() -> impl Fn(usize) + Send + Sync + 'static {
    let cores: Vec<usize> = sched_getaffinity(None)
        .map(|set| (0..CpuSet::MAX_CPU).filter(|&core| set.is_set(core)).collect())
        .unwrap_or_default();
    move |thread| {
        if cores.is_empty() {
            return;
        }
        let mut set = CpuSet::new();
        set.set(cores[thread % cores.len()]);
        // A thread that may not be pinned still works; the spread of its row shows it.
        let _ = sched_setaffinity(None, &set);
    }
}

/// The core of `allowed` that was idle longest during a fifth of a second; the last one where the system does not
/// say.
pub fn quietest_core(allowed: &[usize]) -> usize {
    let before = idle_ticks();
    std::thread::sleep(Duration::from_millis(200));
    let after = idle_ticks();
    let idle = |core: usize| {
        let ticks = |list: &[(usize, u64)]| list.iter().find(|entry| entry.0 == core).map(|entry| entry.1);
        ticks(&after).zip(ticks(&before)).map_or(0, |(after, before)| after.saturating_sub(before))
    };
    allowed.iter().copied().max_by_key(|&core| idle(core)).unwrap_or(0)
}

/// The idle time of each core, as the kernel counts it (proc_stat(5), field 4 of each `cpuN` line).
fn idle_ticks() -> Vec<(usize, u64)> {
    let text = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    text.lines()
        .filter_map(|line| {
            let mut fields = line.strip_prefix("cpu")?.split_ascii_whitespace();
            let core = fields.next()?.parse().ok()?;
            Some((core, fields.nth(3)?.parse().ok()?))
        })
        .collect()
}
