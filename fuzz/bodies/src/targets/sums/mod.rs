//! Sums and ladders with chosen scalars. A challenge is a hash and a coefficient is random, so whoever makes signatures
//! chooses neither, and targets that make signatures recode random digits alone. Here the kernels below the schemes get
//! scalars at the bounds of digits and windows, and points with torsion, equal, opposite and neutral ones; what they
//! compute is what curve25519-dalek and k256 compute, in every representation.

mod edwards25519;
mod ladders;
mod secp256k1;

use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use num_bigint::BigUint;
use sigwarp_kernels::field::FieldLanes;
use sigwarp_kernels::field::radix51_fma::Radix51Fma;
use sigwarp_kernels::field::radix51_ifma::Radix51Ifma;
use sigwarp_kernels::field::radix51_portable::Radix51Portable;
use sigwarp_kernels::simd::emulated::EmulatedU64x8;

use crate::seeds;

/// A little-endian integer.
type Words = [u64; 4];

/// L, the order of B.
static ORDER: LazyLock<BigUint> =
    LazyLock::new(|| power(252) + 27_742_317_777_372_353_535_851_937_790_883_648_493_u128);

/// See the module.
pub fn sums(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let _ = check(&mut u);
}

fn check(u: &mut Unstructured<'_>) -> Result<()> {
    match Kind::any(u)? {
        Kind::Edwards25519 => edwards25519::check(u),
        Kind::Ladders => ladders::check(u),
        Kind::Secp256k1 => secp256k1::check(u),
    }
}

/// What an input is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Edwards25519,
    Ladders,
    Secp256k1,
}

impl Kind {
    fn any(u: &mut Unstructured<'_>) -> Result<Self> {
        Ok(match u.arbitrary::<u8>()? % 8 {
            0..=3 => Self::Edwards25519,
            4 | 5 => Self::Ladders,
            _ => Self::Secp256k1,
        })
    }
}

/// A check in one representation of the field of edwards25519.
trait InField {
    fn run<F: FieldLanes>(&self, token: F::Token);
}

/// Checks in every representation that this machine has.
fn in_every_field(check: &impl InField) {
    fn one<F: FieldLanes>(check: &impl InField) {
        if let Some(token) = sigwarp_kernels::simd::testing::detect::<F::Token>() {
            check.run::<F>(token);
        }
    }
    one::<Radix51Portable>(check);
    one::<Radix51Ifma<EmulatedU64x8>>(check);
    one::<Radix51Fma<EmulatedU64x8>>(check);
    #[cfg(target_arch = "x86_64")]
    {
        one::<Radix51Fma<sigwarp_kernels::simd::avx2::U64x4>>(check);
        one::<Radix51Ifma<sigwarp_kernels::simd::avx512ifma::U64x8>>(check);
    }
}

fn power(bits: u64) -> BigUint {
    BigUint::from(1u32) << bits
}

fn words(value: &BigUint) -> Words {
    let mut words = [0; 4];
    for (word, digit) in words.iter_mut().zip(value.iter_u64_digits()) {
        *word = digit;
    }
    words
}

fn number(words: &[u64]) -> BigUint {
    words.iter().rev().fold(BigUint::ZERO, |sum, word| (sum << 64u32) + BigUint::from(*word))
}

fn bytes(words: &Words) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (bytes, word) in bytes.chunks_exact_mut(8).zip(words) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

fn words_of(bytes: &[u8; 32]) -> Words {
    [0, 8, 16, 24].map(|at| {
        let mut word = [0; 8];
        word.copy_from_slice(&bytes[at..at + 8]);
        u64::from_le_bytes(word)
    })
}

/// x modulo L.
fn scalar(x: &Words) -> Scalar {
    Scalar::from_bytes_mod_order(bytes(x))
}

/// How many of something: a few, now and then more, seldom none.
fn count(u: &mut Unstructured<'_>) -> Result<usize> {
    let [kind, count] = u.arbitrary::<[u8; 2]>()?;
    let most = if kind % 4 == 0 { 40 } else { 10 };
    Ok(usize::from(count) % (most + 1))
}

/// Terms of a sum that emulated vectors compute; others have more time.
const EMULATED: usize = 300;

/// How often terms are repeated, and what is done to the low word of a scalar each time: a sum of so many terms has other
/// windows than one of few. The same scalars fall into the same buckets again.
fn repeat(u: &mut Unstructured<'_>, terms: usize) -> Result<(usize, u64)> {
    let [kind, size] = u.arbitrary::<[u8; 2]>()?;
    let most = match kind % 32 {
        1 | 17 => 40 * (1 + usize::from(size % 16)),
        9 | 25 if size % 2 == 0 => 3000,
        _ => 0,
    };
    let step = [0, 1, 0x9e37_79b9_7f4a_7c15][usize::from(kind / 32 % 3)];
    Ok(((most / terms.max(1)).max(1), step))
}

/// A value and its neighbours.
fn near(u: &mut Unstructured<'_>, value: BigUint) -> Result<BigUint> {
    let distance = u.arbitrary::<u8>()? % 6;
    // Nothing is below 0.
    Ok(if distance < 3 || value < BigUint::from(3u32) { value + distance } else { value - (distance - 2) })
}

/// An integer below `bound`, more often extreme than not.
fn integer(u: &mut Unstructured<'_>, bound: &BigUint, order: &BigUint) -> Result<BigUint> {
    let bits = (bound - 1u32).bits();
    let value = match u.arbitrary::<u8>()? % 12 {
        0 => BigUint::from(u.arbitrary::<u8>()? % 20),
        // The multiples of the order that there is room for, and its parts.
        1 => {
            let most = (bound / order).iter_u64_digits().next().unwrap_or(0);
            let multiple = u64::from(u.arbitrary::<u8>()?) % (most + 1);
            near(u, order * multiple)?
        }
        2 => {
            let part = u32::from(u.arbitrary::<u8>()?) + 2;
            near(u, order / part)?
        }
        3 => near(u, order >> 1u32)?,
        4 | 5 => {
            let bit = u64::from(u.arbitrary::<u8>()?) % bits;
            near(u, power(bit))?
        }
        6 => bound - 1u32 - u.arbitrary::<u8>()? % 4,
        // Ones between two bits.
        7 => {
            let [a, b] = u.arbitrary::<[u8; 2]>()?.map(|bit| u64::from(bit) % (bits + 1));
            power(a.max(b)) - power(a.min(b))
        }
        8 | 9 => windows(u, bits)?,
        10 => number(&u.arbitrary::<Words>()?),
        _ => random(u)?,
    };
    let below = value & (power(bits) - 1u32);
    Ok(if below < *bound { below } else { below % bound })
}

/// Two digits by turns, at the bounds of signed windows of some width.
fn windows(u: &mut Unstructured<'_>, bits: u64) -> Result<BigUint> {
    let [width, digits] = u.arbitrary::<[u8; 2]>()?;
    let width = 3 + u64::from(width) % 11;
    let half = 1u64 << (width - 1);
    let digit = |which: u8| {
        [half, half - 1, half + 1, 2 * half - 1, 1, 0, 2 * half - 2, half][usize::from(which % 8)]
    };
    let digits = [digit(digits), digit(digits >> 4)];
    let mut value = BigUint::ZERO;
    for (window, at) in (0..bits).step_by(width as usize).enumerate() {
        value += BigUint::from(digits[window % 2]) << at;
    }
    Ok(value)
}

/// Any integer of 256 bits, of few bytes of input.
fn random(u: &mut Unstructured<'_>) -> Result<BigUint> {
    Ok(BigUint::from_bytes_le(&seeds::bytes(u64::from(u.arbitrary::<u16>()?), 32)))
}

/// A multiple of B plus a point of small order, which half of the time is the neutral element.
fn point(u: &mut Unstructured<'_>) -> Result<EdwardsPoint> {
    let multiple = integer(u, &ORDER, &ORDER)?;
    let torsion = u.arbitrary::<u8>()?;
    let torsion = if torsion < 128 { 0 } else { usize::from(torsion % 8) };
    Ok(EdwardsPoint::mul_base(&scalar(&words(&multiple))) + EIGHT_TORSION[torsion])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scalars that are nothing special are what the other targets have.
    #[test]
    fn integers_are_extreme() {
        let bounds = [power(128), power(140), power(252), ORDER.clone(), power(255)];
        let mut values: Vec<Vec<BigUint>> = vec![Vec::new(); bounds.len()];
        for seed in seeds::of("sums") {
            let mut u = Unstructured::new(&seed);
            for (bound, values) in bounds.iter().zip(&mut values) {
                let value = integer(&mut u, bound, &ORDER).expect("any bytes make a scalar");
                assert!(value < *bound);
                values.push(value);
            }
        }
        for (bound, values) in bounds.iter().zip(&values) {
            let near = |of: &BigUint| {
                values.iter().filter(|value| (*value + 3u32) >= *of && **value <= of + 3u32).count()
            };
            let counts = [near(&BigUint::ZERO), near(bound)];
            assert!(counts.iter().all(|count| *count >= 3), "{counts:?} of {bound:x} at the ends");
            let few = values.iter().filter(|value| value.count_ones() <= 2).count();
            assert!(few >= 15, "{few} of {bound:x} with few ones");
        }
        let half = &*ORDER >> 1u32;
        for (bound, values) in bounds.iter().zip(&values).skip(2) {
            let near = values.iter().filter(|value| (*value + 4u32) >= half && **value <= &half + 4u32);
            assert!(near.count() >= 3, "none of {bound:x} at half the order");
        }
        let multiples =
            values[4].iter().filter(|value| **value >= *ORDER && *value % &*ORDER <= BigUint::from(2u32));
        assert!(multiples.count() >= 2, "multiples of the order");
    }
}
