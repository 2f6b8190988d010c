//! What a ratio must be: goals are stated for a Zen 5 core and for one port of IFMA, and for AVX2 alone in parts of it.

use sigwarp_bench::report::Machine;

use crate::Out;

/// A ratio to reach, by the kind of the processor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Goal {
    /// Zen 5: family 26 of AMD, with two ports for the multiplications of 52 bits.
    zen5: f64,
    /// Others that have them.
    ifma: f64,
    /// AVX2 alone.
    avx2: f64,
}

impl Goal {
    /// Of cold keys and batches: with AVX2 alone a quarter of what Zen 5 reaches.
    pub(crate) const fn cold(zen5: f64, ifma: f64) -> Self {
        Self { zen5, ifma, avx2: 0.25 * zen5 }
    }

    /// Of registered keys: with AVX2 alone 0.45 of it.
    pub(crate) const fn registered(zen5: f64, ifma: f64) -> Self {
        Self { zen5, ifma, avx2: 0.45 * zen5 }
    }

    /// Judges a ratio by the goal for this processor; without AVX2 there is none.
    pub(crate) fn judge(self, machine: &Machine, ratio: f64, what: &str, out: &mut Out) {
        let has = |name: &str| machine.cpu_features.iter().any(|feature| feature == name);
        let is_family_26 =
            machine.cpu_id.as_ref().is_some_and(|id| id.split(" model").next() == Some("family 26"));
        let (goal, of) = match (has("avx512ifma"), has("avx2")) {
            (true, _) if machine.cpu.contains("AMD") && is_family_26 => (self.zen5, "on Zen 5"),
            (true, _) => (self.ifma, "with one port of IFMA"),
            (false, true) => (self.avx2, "with AVX2 alone"),
            (false, false) => return out.note(&format!("{what}: {ratio:.2}; there is no goal without AVX2")),
        };
        out.judge(ratio >= goal, &format!("{what}: {ratio:.2}, at least {goal:.2} {of}"));
    }
}
