//! How much work a dispatch takes: bounded by time, beside the bounds of the buffers.
//!
//! Operating systems kill a dispatch that runs for seconds, and whoever waits for the first verdicts waits for a whole
//! dispatch. So a dispatch should take at most [`TARGET`]. How long a unit of work takes (an item of Ed25519, 64 bytes
//! of a message) is measured, by timestamps where the adapter has them and by the clock elsewhere, and followed by a
//! moving mean. The first dispatch is small.

use std::time::Duration;

/// The longest that a dispatch should take.
pub(super) const TARGET: Duration = Duration::from_millis(100);
/// Items are dispatched in whole workgroups.
pub(super) const GROUP: usize = 64;
/// The units of a first dispatch, of which nothing is known.
const FIRST: usize = 2048;

/// The size of the next dispatch of one kind of work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pace {
    /// Seconds that a unit of work takes on the device; none was measured yet if zero.
    seconds: f64,
    most: usize,
}

impl Pace {
    /// Of work of which the buffers hold at most `most` units.
    pub(super) const fn new(most: usize) -> Self {
        Self { seconds: 0.0, most }
    }

    /// How many units the next dispatch should take; at least a workgroup, unless the buffers hold less.
    pub(super) fn units(&self) -> usize {
        let wanted = match self.seconds > 0.0 {
            // Half of the bound: the next dispatch may be slower than the mean.
            true => (TARGET.as_secs_f64() / 2.0 / self.seconds) as usize,
            false => FIRST,
        };
        (wanted / GROUP * GROUP).max(GROUP).min(self.most)
    }

    /// Learns that `units` took `taken`. Small dispatches say more about the overhead than about units.
    pub(super) fn learn(&mut self, units: usize, taken: Duration) {
        if units == 0 {
            return;
        }
        let seconds = taken.as_secs_f64() / units as f64;
        if self.seconds == 0.0 || (units >= FIRST && seconds > 2.0 * self.seconds) {
            self.seconds = seconds;
        } else if units >= self.units() / 4 {
            self.seconds = 0.75 * self.seconds + 0.25 * seconds;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dispatches_grow_towards_the_bound_in_time_and_shrink_below_it() {
        let mut pace = Pace::new(1 << 20);
        assert_eq!(pace.units(), FIRST);
        for _ in 0..20 {
            let units = pace.units();
            pace.learn(units, Duration::from_nanos(units as u64 * 1000));
        }
        assert_eq!(pace.units(), 50_000 / GROUP * GROUP, "a microsecond an item, half of 100 ms");
        // A device ten times as slow is believed at once.
        let units = pace.units();
        pace.learn(units, Duration::from_nanos(units as u64 * 10_000));
        assert!(pace.units() <= 5_000);
        pace.learn(64, Duration::from_secs(10));
        assert!(pace.units() >= GROUP, "never nothing");
    }

    #[test]
    fn buffers_bound_a_dispatch() {
        let mut pace = Pace::new(640);
        assert_eq!(pace.units(), 640);
        pace.learn(640, Duration::from_nanos(1));
        assert_eq!(pace.units(), 640);
        let before = pace;
        pace.learn(0, Duration::from_secs(1));
        assert_eq!(pace, before);
    }
}
