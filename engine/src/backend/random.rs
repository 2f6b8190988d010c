//! Numbers to place canaries and to choose what is checked again. A device does not choose its faults against them, so
//! they need no more than to differ from run to run.

/// SplitMix64 (Steele, Lea and Flood, 2014), from a seed of the system.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new() -> Self {
        // Without the system's generator places are the same in every run, which harms no verdict.
        Self(getrandom::u64().unwrap_or(0x5eed))
    }

    /// The same numbers in every run.
    #[cfg(test)]
    pub(crate) const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    #[allow(clippy::should_implement_trait, reason = "it never ends")]
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
