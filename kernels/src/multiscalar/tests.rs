//! Sums against curve25519-dalek, on every kind of vector.

use super::*;
use crate::curve::edwards::points::{BASE, NEUTRAL};
use crate::field::radix51_ifma::Radix51Ifma;
use crate::field::testing::{Fields, FieldsTest, on_every_instruction_set};
use crate::scalar;
use crate::simd::emulated::EmulatedU64x8;
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use sha2::{Digest, Sha512};

fn words(bytes: &[u8; 32]) -> [u64; 4] {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    words
}

fn random(seed: u64) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&Sha512::digest(seed.to_le_bytes()).into())
}

/// x modulo 2^bits.
fn low(x: &Scalar, bits: usize) -> [u64; 4] {
    let mut x = words(x.as_bytes());
    for (i, word) in x.iter_mut().enumerate() {
        if bits <= 64 * i {
            *word = 0;
        } else if bits < 64 * (i + 1) {
            *word &= (1 << (bits - 64 * i)) - 1;
        }
    }
    x
}

fn scalar_of(x: &[u64; 4]) -> Scalar {
    let mut bytes = [0; 32];
    for (i, word) in x.iter().enumerate() {
        bytes[8 * i..8 * i + 8].copy_from_slice(&word.to_le_bytes());
    }
    Scalar::from_bytes_mod_order(bytes)
}

/// `short` terms of 128 and `long` of 252 bits and one that makes them vanish, each with some torsion. `twist` gives
/// the scalar of a term its own shape.
fn check_sum<F: FieldLanes>(short: usize, long: usize, twist: fn(usize, [u64; 4]) -> [u64; 4]) {
    let Some(token) = crate::simd::testing::detect::<F::Token>() else { return };
    let mut points = Points::<F>::new(token);
    let (mut small, mut large) = (Terms::new(128), Terms::new(252));
    let mut encodings = Vec::new();
    let mut total = EdwardsPoint::default();
    for i in 0..short + long {
        let point = EdwardsPoint::mul_base(&random(i as u64)) + EIGHT_TORSION[i % 8];
        let [a, b, c, d] = words(&point.compress().0);
        encodings.push([a, b, c, d, 0, 0, 0, 0]);
        let entry = 2 + i as u32;
        let mut x = twist(i, low(&random(1000 + i as u64), 253));
        if i < short {
            x = [x[0], x[1], 0, 0];
            small.push(entry, &x);
        } else {
            x = words(scalar_of(&x).as_bytes());
            large.push_modulo_order(entry, &x);
        }
        total += scalar_of(&x) * point;
    }
    // Σ xP + y·B' = 0 for B' = −Σ xP / y.
    let y = random(7);
    let last = -total * y.invert();
    let [a, b, c, d] = words(&last.compress().0);
    encodings.push([a, b, c, d, 0, 0, 0, 0]);
    let mut on_curve = Vec::new();
    assert_eq!(points.decode(token, &encodings, &mut on_curve), 2);
    assert!(on_curve.iter().all(|&yes| yes) && on_curve.len() == encodings.len());
    large.push_modulo_order(2 + (short + long) as u32, &words(y.as_bytes()));

    let mut workspace = Workspace::default();
    let name = F::Token::NAME;
    assert!(workspace.vanishes(token, &points, &[&small, &large]), "{name}: {short} and {long} terms");
    // Torsion is invisible; anything else is not.
    large.push(BASE, &[1, 0, 0, 0]);
    assert!(!workspace.vanishes(token, &points, &[&small, &large]), "{name}: {short} and {long} terms and B");
    large.push_modulo_order(BASE, &words((-Scalar::ONE).as_bytes()));
    assert!(workspace.vanishes(token, &points, &[&small, &large]), "{name}: B and −B");
    large.push_modulo_order(NEUTRAL, &words(random(8).as_bytes()));
    assert!(workspace.vanishes(token, &points, &[&small, &large]), "{name}: the neutral element");
}

/// The arguments of [`check_sum`].
struct Sums {
    short: usize,
    long: usize,
    twist: fn(usize, [u64; 4]) -> [u64; 4],
}

impl FieldsTest for Sums {
    fn run<S: Fields>(&mut self) {
        // Emulated vectors are slow.
        if !S::Vector::CALLS || self.short + self.long <= 70 {
            check_sum::<S::Edwards>(self.short, self.long, self.twist);
        }
    }
}

fn on_every_vector(short: usize, long: usize, twist: fn(usize, [u64; 4]) -> [u64; 4]) {
    on_every_instruction_set(&mut Sums { short, long, twist });
}

#[test]
fn sums_vanish_when_dalek_says_so() {
    for (short, long) in
        [(0, 0), (1, 0), (0, 1), (1, 1), (7, 3), (8, 8), (17, 1), (33, 32), (300, 20), (700, 700)]
    {
        on_every_vector(short, long, |_, x| x);
    }
}

/// Digits at their bounds: all bits set, none, alternating halves of windows, one bit.
#[test]
fn extreme_scalars() {
    on_every_vector(40, 0, |i, x| match i % 8 {
        0 => [u64::MAX, u64::MAX, 0, 0],
        1 => [0; 4],
        2 => [1, 0, 0, 0],
        3 => [0, 1 << 63, 0, 0],
        4 => [0xaaaa_aaaa_aaaa_aaaa, 0x5555_5555_5555_5555, 0, 0],
        5 => [u64::MAX, 0, 0, 0],
        6 => [1 << (i % 64), 0, 0, 0],
        _ => x,
    });
    on_every_vector(0, 40, |i, x| match i % 6 {
        0 => scalar::negate(&[1, 0, 0, 0]),
        1 => [u64::MAX, u64::MAX, u64::MAX, u64::MAX >> 12],
        2 => [0, 0, 0, 1 << 59],
        3 => [0; 4],
        4 => [5, 0, 0, 0],
        _ => x,
    });
}

/// Every term in the same buckets, for which a lane works alone.
#[test]
fn equal_scalars() {
    on_every_vector(60, 6, |i, _| {
        if i < 60 { [0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210, 0, 0] } else { [3, 0, 0, 0] }
    });
}

/// A digit of every window, by the words of the scalar, against big integers.
#[test]
fn digits_add_up() {
    use num_bigint::BigInt;
    for width in WIDTHS {
        for seed in 0..40 {
            let bits = if seed % 2 == 0 { 128 } else { 252 };
            let mut x = low(&random(seed), bits);
            if seed < 4 {
                x = low(&-Scalar::ONE, bits);
            }
            let mut terms = Terms::new(bits);
            terms.push(5, &x);
            let mut sum = BigInt::from(0);
            for index in 0..terms.windows(width) {
                let mut window = Window::default();
                let token = crate::simd::portable::Portable::detect().expect("on every machine");
                window.sort(token, 1, &[&terms], index, width);
                let place = window.list.iter().position(|&entry| entry >> 1 == 5);
                let Some(0) = place else { continue };
                let magnitude = window.rank.iter().position(|&rank| rank == 0).expect("the first") as i64 + 1;
                let digit = if window.list[0] & 1 == 1 { -magnitude } else { magnitude };
                sum += BigInt::from(digit) << (index * width);
            }
            let expected = x.iter().rev().fold(BigInt::from(0), |sum, &word| (sum << 64) + word);
            assert_eq!(sum, expected, "width {width}");
        }
    }
}

/// Points without torsion whose sum vanishes, and then what torsion of single bits makes of the answer.
fn check_bits<F: FieldLanes>(count: usize, step: usize) {
    let Some(token) = crate::simd::testing::detect::<F::Token>() else { return };
    let name = F::Token::NAME;
    let mut points = Points::<F>::new(token);
    let (mut plain, mut large) = (Terms::plain(128), Terms::new(252));
    let mut encodings = Vec::new();
    let mut total = EdwardsPoint::default();
    let mut row = |point: &EdwardsPoint| {
        let [a, b, c, d] = words(&point.compress().0);
        encodings.push([a, b, c, d, 0, 0, 0, 0]);
        1 + encodings.len() as u32
    };
    let torsion: Vec<u32> = EIGHT_TORSION.iter().map(&mut row).collect();
    for i in 0..count {
        let point = EdwardsPoint::mul_base(&random(i as u64));
        let x = if i == 0 { [u64::MAX, u64::MAX, 0, 0] } else { low(&random(1000 + i as u64), 128) };
        plain.push(row(&point), &x);
        total += scalar_of(&x) * point;
    }
    let y = random(7);
    let closing = row(&(-total * y.invert()));
    points.decode(token, &encodings, &mut Vec::new());
    large.push_modulo_order(closing, &words(y.as_bytes()));
    let mut workspace = Workspace::default();
    let mut holds =
        |plain: &Terms, large: &Terms| workspace.vanishes_by_bits(token, &points, plain, &[large]);
    assert!(holds(&plain, &large), "{name}: {count} terms");

    // A term more, and the one that it was before.
    let with = |terms: &[(u32, [u64; 4])]| {
        let mut more = Terms::plain(128);
        for i in 0..count {
            let x = if i == 0 { [u64::MAX, u64::MAX, 0, 0] } else { low(&random(1000 + i as u64), 128) };
            more.push(torsion[7] + 1 + i as u32, &x);
        }
        for (entry, x) in terms {
            more.push(*entry, x);
        }
        more
    };
    for bit in (0..128).step_by(step) {
        let mut x = [0; 4];
        x[bit / 64] = 1 << (bit % 64);
        for order in [4, 2, 1] {
            assert!(!holds(&with(&[(torsion[order], x)]), &large), "{name}: {count} terms, bit {bit}");
        }
    }
    let x = low(&random(99), 128);
    assert!(holds(&with(&[(torsion[4], [0; 4])]), &large), "{name}: in no subset");
    assert!(holds(&with(&[(torsion[4], x), (torsion[4], x)]), &large), "{name}: cancels in every subset");
    assert!(holds(&with(&[(torsion[3], x), (torsion[5], x)]), &large), "{name}: cancels in every subset");
    assert!(
        !holds(&with(&[(torsion[4], x), (torsion[4], [x[0] ^ 1, x[1], 0, 0])]), &large),
        "{name}: but one"
    );
    // Torsion of the other terms is invisible, and what is no torsion is seen.
    large.push_modulo_order(torsion[1], &words(random(8).as_bytes()));
    assert!(holds(&plain, &large), "{name}: torsion elsewhere");
    large.push(BASE, &[1, 0, 0, 0]);
    assert!(!holds(&plain, &large), "{name}: and B");
}

/// The arguments of [`check_bits`] for vectors.
struct Bits {
    count: usize,
    step: usize,
}

impl FieldsTest for Bits {
    fn run<S: Fields>(&mut self) {
        // One lane is slow, and emulated ones are slower.
        let Self { count, step } = *self;
        match (S::Vector::CALLS, S::Vector::LANES) {
            (true, _) if count >= 10 => {}
            (true, _) => check_bits::<S::Edwards>(count, 41),
            (false, 1) => check_bits::<S::Edwards>(count, 7 * step),
            (false, _) => check_bits::<S::Edwards>(count, step),
        }
    }
}

#[test]
fn sums_by_bits_show_torsion() {
    for count in [0, 1, 9, 100, 700] {
        on_every_instruction_set(&mut Bits { count, step: if count > 9 { 17 } else { 1 } });
    }
}

/// Every plain digit, against the bits of the scalar.
#[test]
fn plain_digits_are_the_bits() {
    let token = crate::simd::portable::Portable::detect().expect("on every machine");
    for width in WIDTHS {
        for seed in 0..40 {
            let x = if seed == 0 { [u64::MAX, u64::MAX, 0, 0] } else { low(&random(seed), 128) };
            let mut terms = Terms::plain(128);
            terms.push(5, &x);
            assert_eq!(terms.windows(width), 128usize.div_ceil(width));
            let mut bits = [0u64; 4];
            for index in 0..terms.windows(width) {
                let mut window = Window::default();
                window.sort(token, 1, &[&terms], index, width);
                if window.list.iter().all(|&entry| entry >> 1 != 5) {
                    continue;
                }
                assert_eq!(window.list[0], 10, "no sign");
                let magnitude = window.rank.iter().position(|&rank| rank == 0).expect("the first") as u64 + 1;
                for bit in (0..width).filter(|bit| magnitude >> bit & 1 == 1) {
                    let bit = index * width + bit;
                    bits[bit / 64] |= 1 << (bit % 64);
                }
            }
            assert_eq!(bits, x, "width {width}");
        }
    }
}

/// The widths that numbers of terms lead to differ, so that the tests above see several.
#[test]
fn widths_of_sums_by_bits() {
    type Field = Radix51Ifma<EmulatedU64x8>;
    let width = |count: usize| {
        let mut terms = Terms::plain(128);
        for i in 0..count {
            terms.push(i as u32, &[1, 0, 0, 0]);
        }
        best_width::<Field>(&[&terms]).0
    };
    let widths = [9, 100, 700, 16_384].map(width);
    assert!(widths.is_sorted() && widths[0] < widths[2] && widths[2] < widths[3], "{widths:?}");
}
