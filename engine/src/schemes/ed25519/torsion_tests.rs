//! The test of torsion that cofactorless rules need beside a sum.

use super::tests::{ADVICE, EXACT, HALVES, ONE_SUM, Rigged, Row, agree_everywhere, codes, here_under, rows};
use super::*;
use crate::schemes::combination::coefficients::System;
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use sha2::{Digest, Sha512};
#[cfg(target_arch = "x86_64")]
use sigwarp_kernels::field::native;
use sigwarp_kernels::field::radix51_ifma::Radix51Ifma;
use sigwarp_kernels::field::radix51_portable::Radix51Portable;
use sigwarp_kernels::simd::emulated::EmulatedU64x8;

/// A row that satisfies the cofactored equation, with torsion on A and R, whose defect SB − kA − R is this multiple of
/// the point of order 8; none where no message gives it.
fn with_defect(index: usize, of_key: usize, of_r: usize, defect: usize) -> Option<Row> {
    let secret = Scalar::from(1_000 + index as u64);
    let nonce = Scalar::from(2_000_000 + index as u64);
    let encode = |x: &Scalar, t: usize| (EdwardsPoint::mul_base(x) + EIGHT_TORSION[t]).compress().0;
    let (a, r) = (encode(&secret, of_key), encode(&nonce, of_r));
    (0..100u32).find_map(|salt| {
        let message = salt.to_le_bytes().to_vec();
        let k = Scalar::from_hash(Sha512::new().chain_update(r).chain_update(a).chain_update(&message));
        // −kT − T', by points: k is an integer.
        let found = -(EIGHT_TORSION[of_key] * k) - EIGHT_TORSION[of_r];
        (found == EIGHT_TORSION[defect]).then(|| Row { a, r, s: (nonce + k * secret).to_bytes(), message })
    })
}

/// A row with this defect and torsion on R alone.
fn defect_of_r(index: usize, defect: usize) -> Row {
    with_defect(index, 0, (8 - defect) % 8, defect).expect("the torsion of R is the defect")
}

/// Asserts that exactly `bad` rows fail, on the widest vectors.
fn assert_bad(rows: &[Row], bad: &[usize]) {
    for advice in [HALVES, ONE_SUM] {
        let found = here_under(EXACT[0], rows, &System, advice);
        for (i, code) in found.iter().enumerate() {
            let expected = if bad.contains(&i) { Code::EquationFailed } else { Code::Valid };
            assert_eq!(*code, expected, "item {i} of {}", rows.len());
        }
    }
}

/// What 64 pairs of torsion and 8 defects make possible, each in a position of its own: the defect decides, not whether
/// A or R has torsion.
#[test]
fn every_torsion_of_key_and_r() {
    let (mut position, mut valid) = (0, 0);
    for of_key in 0..8 {
        for of_r in 0..8 {
            for defect in 0..8 {
                let Some(row) = with_defect(of_key * 8 + of_r, of_key, of_r, defect) else { continue };
                position = (position + 1) % 17;
                let mut rows = rows(17, 5);
                rows[position] = row;
                let bad: &[usize] = if defect == 0 { &[] } else { &[position] };
                assert_bad(&rows, bad);
                valid += usize::from(defect == 0);
                if defect < 2 && (of_key + of_r) % 5 == 0 {
                    agree_everywhere(&rows);
                }
            }
        }
    }
    // Torsion of the key of order o can cancel that of R in o of 8 cases.
    assert_eq!(valid, 4 * 8 + 2 * 4 + 2 + 1);
}

/// Every position of a vector and of a tail, for the defects of order 2, 4 and 8, alone and beside valid torsion.
#[test]
fn a_defect_in_every_position() {
    for position in 0..19 {
        for defect in [1, 2, 4, 7] {
            let mut rows = rows(19, 19);
            rows[(position + 3) % 19] =
                with_defect(5, 3, 2, 0).expect("an odd multiple of torsion reaches all");
            rows[position] = defect_of_r(position, defect);
            assert_bad(&rows, &[position]);
            if position % 8 == defect {
                agree_everywhere(&rows);
            }
        }
    }
}

/// Pairs and triples whose torsion cancels in every sum that holds all of them, of one key and of several.
#[test]
fn cancelling_torsion_is_found() {
    for (first, second) in [(0, 1), (0, 5), (3, 30), (7, 8)] {
        for (one, other) in [(4, 4), (1, 7), (2, 6), (3, 5)] {
            let mut rows = rows(31, 5);
            rows[first] = defect_of_r(1, one);
            rows[second] = defect_of_r(if first == 0 { 1 } else { 2 }, other);
            assert_bad(&rows, &[first, second]);
            if one == 4 || first == 3 {
                agree_everywhere(&rows);
            }
        }
    }
    let mut rows = rows(31, 5);
    for (i, defect) in [(2, 4), (11, 2), (29, 2)] {
        rows[i] = defect_of_r(i, defect);
    }
    agree_everywhere(&rows);
    assert_bad(&rows, &[2, 11, 29]);
}

#[test]
fn every_item_with_a_defect() {
    for defect in [4, 2, 1] {
        let rows: Vec<Row> = (0..40).map(|i| defect_of_r(i, defect)).collect();
        agree_everywhere(&rows);
        assert_bad(&rows, &(0..40).collect::<Vec<_>>());
    }
}

/// A defect and an error of s that the main sum sees, together and in two items.
#[test]
fn defects_beside_other_errors() {
    for (torsion, error) in [(3, 3), (3, 4), (0, 16)] {
        let mut rows = rows(17, 4);
        rows[torsion] = defect_of_r(torsion, 4);
        rows[error] = rows[error].clone().shifted(Scalar::ONE);
        agree_everywhere(&rows);
        assert_bad(&rows, &[torsion, error]);
    }
}

/// R that decodes but is not canonical: its bytes are never those of SB − kA, although the equation holds.
#[test]
fn r_must_be_canonical() {
    // R = 0 as y = p + 1, and with the sign; R = (0, −1) with the sign.
    let mut encodings = vec![[0xff; 32], [0; 32], [0xff; 32]];
    (encodings[0][0], encodings[0][31]) = (0xee, 0x7f);
    (encodings[1][0], encodings[1][31]) = (1, 0x80);
    encodings[2][0] = 0xec;
    for r in encodings {
        for of_key in [0, 4] {
            let secret = Scalar::from(77u8);
            let a = (EdwardsPoint::mul_base(&secret) + EIGHT_TORSION[of_key]).compress().0;
            let row = |message: Vec<u8>| {
                let k =
                    Scalar::from_hash(Sha512::new().chain_update(r).chain_update(a).chain_update(&message));
                Row { a, r, s: (k * secret).to_bytes(), message }
            };
            let mut rows = rows(20, 3);
            let at = [2, 9, 19];
            for (salt, i) in at.into_iter().enumerate() {
                rows[i] = row(vec![salt as u8]);
            }
            agree_everywhere(&rows);
            assert_bad(&rows, &at);
        }
    }
}

/// Two items whose coefficients differ in one bit, and so one in no other: each of the 128 bits is tested.
#[test]
fn every_bit_of_a_coefficient_counts() {
    #[derive(Debug)]
    struct OneBit {
        bit: usize,
        alone: bool,
    }
    impl Source for OneBit {
        fn seed(&self) -> Option<[u8; 32]> {
            Some([3; 32])
        }
        fn amend(&self, z: &mut [[u64; 2]]) {
            let mut one = [0; 2];
            one[self.bit / 64] = 1 << (self.bit % 64);
            if self.alone {
                z[4] = one;
            } else {
                z[6] = [z[4][0] ^ one[0], z[4][1] ^ one[1]];
            }
        }
    }
    fn check<F: FieldLanes>(bits: impl Iterator<Item = usize>) {
        for bit in bits {
            for alone in [true, false] {
                let mut rows = rows(9, 3);
                rows[4] = defect_of_r(4, 4);
                if !alone {
                    rows[6] = defect_of_r(6, 4);
                }
                if let Some([found, _]) = codes::<F>(EXACT[0], &rows, &OneBit { bit, alone }, ONE_SUM) {
                    for (i, code) in found.iter().enumerate() {
                        let bad = i == 4 || (i == 6 && !alone);
                        assert_eq!(*code == Code::EquationFailed, bad, "bit {bit}, item {i}");
                    }
                }
            }
        }
    }
    #[cfg(target_arch = "x86_64")]
    {
        check::<native::Avx512>(0..128);
        check::<native::Avx2>(0..128);
    }
    check::<Radix51Portable>((0..128).step_by(if cfg!(debug_assertions) { 9 } else { 1 }));
    check::<Radix51Ifma<EmulatedU64x8>>((0..128).step_by(if cfg!(debug_assertions) { 37 } else { 11 }));
}

/// Without usable coefficients every item is judged by its own equation: zeros, equal ones, bits that never change.
#[test]
fn a_broken_generator_fails_closed() {
    let mut spoiled = rows(80, 4);
    spoiled[3] = defect_of_r(3, 4);
    spoiled[4] = defect_of_r(4, 4);
    spoiled[70] = defect_of_r(70, 1);
    let expected: Vec<Code> =
        (0..80).map(|i| if [3, 4, 70].contains(&i) { Code::EquationFailed } else { Code::Valid }).collect();
    let zero: fn(usize) -> [u64; 2] = |_| [0, 0];
    let one_zero: fn(usize) -> [u64; 2] = |i| if i == 3 { [0, 0] } else { [i as u64 + 1, 9] };
    let stuck: fn(usize) -> [u64; 2] = |_| [0x1234, 0x5678];
    let short: fn(usize) -> [u64; 2] = |i| [(i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15), 0];
    let even: fn(usize) -> [u64; 2] = |i| {
        [
            (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) << 1,
            (i as u64 + 1).wrapping_mul(0xbf58_476d_1ce4_e5b9),
        ]
    };
    for equation in EXACT {
        for advice in [HALVES, ONE_SUM] {
            for z in [zero, one_zero, stuck, short, even] {
                let source = Rigged::new(Some([1; 32]), Some(z));
                assert_eq!(here_under(equation, &spoiled, &source, advice), expected);
                assert!(
                    here_under(equation, &rows(80, 4), &source, advice)
                        .iter()
                        .all(|code| *code == Code::Valid)
                );
            }
            for seed in [None, Some([0; 32])] {
                let source = Rigged::new(seed, None);
                assert_eq!(here_under(equation, &spoiled, &source, advice), expected);
                assert_eq!(
                    source.fills.load(core::sync::atomic::Ordering::Relaxed),
                    0,
                    "no sum without a seed"
                );
            }
        }
    }
}

/// Many items, with windows of other widths than a few have.
#[test]
fn one_defect_among_hundreds() {
    for count in [200, 700] {
        let mut rows = rows(count, 50);
        for bad in [0, count / 2, count - 1] {
            let good = rows[bad].clone();
            rows[bad] = defect_of_r(bad, 4);
            assert_bad(&rows, &[bad]);
            rows[bad] = good;
        }
        assert_bad(&rows, &[]);
    }
}

/// One bad item among 16,384.
#[test]
#[cfg_attr(debug_assertions, ignore = "takes a minute with assertions; release builds run it")]
fn one_defect_in_a_large_batch() {
    let mut rows = rows(16_384, 1024);
    for (bad, defect) in [(0, 4), (8191, 2), (16_383, 1)] {
        let good = rows[bad].clone();
        rows[bad] = defect_of_r(bad, defect);
        for advice in ADVICE {
            let found = here_under(EXACT[0], &rows, &System, advice);
            for (i, code) in found.iter().enumerate() {
                assert_eq!(*code == Code::Valid, i != bad, "item {i}");
            }
        }
        rows[bad] = good;
    }
}
