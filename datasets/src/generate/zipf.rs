//! Which device signs next.

use rand_chacha::rand_core::Rng;

use super::below;

/// Chooses devices by their weights.
#[derive(Debug)]
pub(super) enum KeyChooser {
    Uniform(u32),
    /// The sum of the weights up to each device.
    Weighted(Vec<u64>),
}

impl KeyChooser {
    pub(super) fn uniform(devices: u32) -> Self {
        Self::Uniform(devices)
    }

    /// Device i − 1 has the weight 2⁴⁰ / i^exponent.
    pub(super) fn zipf(devices: u32, exponent: f64) -> Self {
        let mut sum = 0u64;
        let weights = (1..=devices).map(|rank| {
            let weight = 1_099_511_627_776.0 * exp(-exponent * ln(f64::from(rank)));
            sum += (weight as u64).max(1);
            sum
        });
        Self::Weighted(weights.collect())
    }

    pub(super) fn choose(&self, rng: &mut impl Rng) -> u32 {
        match self {
            Self::Uniform(devices) => below(rng, u64::from(*devices)) as u32,
            Self::Weighted(sums) => {
                let ticket = below(rng, sums[sums.len() - 1]);
                sums.partition_point(|&sum| sum <= ticket) as u32
            }
        }
    }
}

/// The natural logarithm of x ≥ 1, from additions, multiplications and divisions alone: IEEE 754 fixes their
/// results, while those of `f64::ln` and `f64::powf` differ between platforms.
fn ln(x: f64) -> f64 {
    const LN_2: f64 = std::f64::consts::LN_2;
    let (mut x, mut halvings) = (x, 0u32);
    while x > 1.5 {
        x *= 0.5;
        halvings += 1;
    }
    // ln x = 2 artanh z with z = (x − 1) / (x + 1), here |z| ≤ 1/5.
    let z = (x - 1.0) / (x + 1.0);
    let (mut power, mut sum) = (z, 0.0);
    for odd in (1..40).step_by(2) {
        sum += power / f64::from(odd);
        power *= z * z;
    }
    2.0 * sum + f64::from(halvings) * LN_2
}

/// e^x for x ≤ 0, by the same means.
fn exp(x: f64) -> f64 {
    // e^x = (e^(x / 2^halvings))^(2^halvings).
    let (mut x, mut halvings) = (x, 0u32);
    while x < -0.5 {
        x *= 0.5;
        halvings += 1;
    }
    let (mut term, mut sum) = (1.0, 1.0);
    for n in 1..20 {
        term *= x / f64::from(n);
        sum += term;
    }
    for _ in 0..halvings {
        sum *= sum;
    }
    sum
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn ln_and_exp_agree_with_the_library() {
        for i in 1..2000u32 {
            let x = f64::from(i) * f64::from(i);
            assert!((ln(x) - x.ln()).abs() < 1e-12 * (1.0 + x.ln()), "{x}");
            let y = -f64::from(i) / 20.0;
            assert!((exp(y) / y.exp() - 1.0).abs() < 1e-10, "{y}");
        }
    }

    #[test]
    fn zipf_prefers_the_first_devices() {
        let mut rng = ChaCha8Rng::from_seed([1; 32]);
        let count = |chooser: &KeyChooser, rng: &mut ChaCha8Rng| {
            let mut counts = vec![0u32; 100];
            for _ in 0..100_000 {
                counts[chooser.choose(rng) as usize] += 1;
            }
            counts
        };
        // The harmonic number of 100 is 5.187.
        let zipf = count(&KeyChooser::zipf(100, 1.0), &mut rng);
        for rank in [1u32, 2, 10] {
            let expected = 100_000.0 / 5.187 / f64::from(rank);
            assert!((f64::from(zipf[rank as usize - 1]) / expected - 1.0).abs() < 0.1);
        }
        for counts in
            [count(&KeyChooser::uniform(100), &mut rng), count(&KeyChooser::zipf(100, 0.0), &mut rng)]
        {
            assert!(counts.iter().all(|&count| (800..1200).contains(&count)));
        }
    }
}
