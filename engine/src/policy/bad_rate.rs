//! How many items fail, of late.

use std::sync::atomic::{AtomicU64, Ordering};

/// The part of items whose equation failed of late: a mean in which an item counts for less the more items came
/// after it.
#[derive(Debug, Default)]
pub(crate) struct BadRate(AtomicU64);

impl BadRate {
    /// Items after which an observation counts for 1/e.
    const MEMORY: f64 = 16_384.0;

    /// The estimate, from 0 to 1.
    pub(crate) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    /// Forgets what was seen.
    pub(crate) fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// `bad` of `items` have failed.
    pub(crate) fn observe(&self, bad: usize, items: usize) {
        if items == 0 {
            return;
        }
        let weight = -(-(items as f64) / Self::MEMORY).exp_m1();
        let seen = bad as f64 / items as f64;
        // An observation lost to another thread at the same moment is no harm.
        let rate = self.get();
        self.0.store((rate + (seen - rate) * weight).to_bits(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_forgotten() {
        let rate = BadRate::default();
        rate.observe(64, 128);
        assert!(rate.get() > 0.003);
        rate.reset();
        assert_eq!(rate.get(), 0.0);
    }

    #[test]
    fn the_estimate_follows_and_forgets() {
        let rate = BadRate::default();
        rate.observe(0, 0);
        assert_eq!(rate.get(), 0.0);
        rate.observe(100, 100);
        assert!(rate.get() > 0.005 && rate.get() < 0.007);
        rate.observe(1 << 20, 1 << 20);
        assert!(rate.get() > 0.999 && rate.get() <= 1.0);
        rate.observe(0, 16_384);
        assert!((rate.get() - (-1.0f64).exp()).abs() < 1e-3);
        for _ in 0..20 {
            rate.observe(0, 16_384);
        }
        assert!(rate.get() < 1e-8);
    }
}
