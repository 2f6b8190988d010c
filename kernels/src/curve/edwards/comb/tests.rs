//! Combs against the lanes path, and against what dalek says of the same points.

use super::super::equation::{self, Code, Equation, Item};
use super::{
    Base, CombShape, Compact, Full, Pools, WithTable, base_table, build, check, decode_points, signs_of_base,
    table_bytes,
};
use crate::field::FieldLanes;
use crate::field::radix51_fma::Radix51Fma;
use crate::field::radix51_ifma::Radix51Ifma;
use crate::field::radix51_portable::Radix51Portable;
use crate::field::testing::{Fields, FieldsTest, on_every_instruction_set};
use crate::scalar;
use crate::simd::emulated::EmulatedU64x8;
use crate::simd::{Token, Vector};
use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION};
use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::scalar::Scalar;
use num_bigint::BigInt;
use proptest::prelude::*;
use sha2::{Digest, Sha512};

struct Row {
    a: [u8; 32],
    r: [u8; 32],
    s: [u8; 32],
    message: Vec<u8>,
    cofactorless: bool,
    cofactored: bool,
}

/// SB = R + kA up to torsion: A and R with every torsion component, and some rows spoiled.
fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (i, of_a) in EIGHT_TORSION.iter().enumerate() {
        for (j, of_r) in EIGHT_TORSION.iter().enumerate() {
            let (secret, nonce) = (Scalar::from(7 + i as u64 % 3), Scalar::from(1_000_003 * (j as u64 + 1)));
            let a_point = B * secret + of_a;
            let (a, r) = (a_point.compress().0, (B * nonce + of_r).compress().0);
            let message = vec![i as u8; 8 * j + i];
            let k = Sha512::new().chain_update(r).chain_update(a).chain_update(&message).finalize();
            let k = Scalar::from_bytes_mod_order_wide(&k.into());
            let spoiled = (i + j) % 5 == 4;
            let s = nonce + k * secret + Scalar::from(u64::from(spoiled));
            let found = B * s - a_point * k;
            let cofactorless = found.compress().0 == r;
            assert_eq!((found - (B * nonce + of_r)).is_small_order(), !spoiled);
            rows.push(Row { a, r, s: s.to_bytes(), message, cofactorless, cofactored: !spoiled });
        }
    }
    assert!(rows.iter().any(|row| row.cofactorless) && rows.iter().any(|row| !row.cofactored));
    assert!(rows.iter().any(|row| row.cofactored && !row.cofactorless));
    rows
}

fn agrees<F: FieldLanes>(counts: &[usize]) {
    let Some(token) = crate::simd::testing::detect::<F::Token>() else { return };
    let rows = rows();
    let encodings: Vec<[u8; 32]> = rows.iter().map(|row| row.a).collect();
    let points: Vec<[[u64; 4]; 2]> =
        decode_points::<F>(token, &encodings).into_iter().map(|point| point.expect("a point")).collect();
    let base = base_table::<F>(token);
    for full in [true, false] {
        let tables = build::<F>(token, full, &points, &Pools::default());
        assert_eq!(table_bytes(full), size_of_val(tables[0].entries()));
        let known: Vec<WithTable<'_, F>> = rows
            .iter()
            .zip(&tables)
            .map(|(Row { a, r, s, message, .. }, table)| WithTable { item: Item { a, r, s, message }, table })
            .collect();
        for &count in counts {
            for cofactored in [false, true] {
                let equation = Equation { cofactored, decode_r: true, domain: &[] };
                let mut codes = vec![Code::RNotOnCurve; count];
                check::<F>(token, equation, &base, &known[..count], &mut codes);
                let items: Vec<Item<'_>> = known[..count].iter().map(|known| known.item).collect();
                let mut lanes = vec![Code::RNotOnCurve; count];
                equation::check::<F>(token, equation, &items, &mut lanes);
                assert_eq!(codes, lanes, "{count} items, full {full}, cofactored {cofactored}");
                let points: Vec<&[[u64; 4]; 2]> = points[..count].iter().collect();
                equation::check_decoded::<F>(token, equation, &items, &points, &mut lanes);
                assert_eq!(codes, lanes, "{count} decoded items");
                for (code, row) in codes.iter().zip(&rows) {
                    let valid = if cofactored { row.cofactored } else { row.cofactorless };
                    assert_eq!(*code == Code::Valid, valid);
                }
            }
        }
    }
}

struct Combs;

impl FieldsTest for Combs {
    fn run<S: Fields>(&mut self) {
        let lanes = S::Vector::LANES;
        // Emulated vectors are slow.
        let counts = [0, 1, lanes - 1, lanes, lanes + 1, 8 * lanes - 1, 64];
        agrees::<S::Edwards>(if S::Vector::CALLS { &[64] } else { &counts });
    }
}

#[test]
fn combs_judge_as_lanes_do_for_every_torsion() {
    on_every_instruction_set(&mut Combs);
}

/// The representation that no instruction set is emulated with otherwise.
#[test]
fn combs_in_emulated_lanes_judge_as_lanes_do() {
    agrees::<Radix51Fma<EmulatedU64x8>>(&[9]);
}

#[test]
fn points_decode_to_the_coordinates_of_their_encodings() {
    let token = <Radix51Portable as FieldLanes>::Token::detect().expect("every machine has it");
    let encodings: Vec<[u8; 32]> = (0..40u8)
        .map(|i| {
            let mut y = [0; 32];
            y[0] = i;
            y[31] = i << 7;
            y
        })
        .collect();
    let points = decode_points::<Radix51Portable>(token, &encodings);
    assert_eq!(
        points,
        decode_points::<Radix51Ifma<EmulatedU64x8>>(Token::detect().expect("emulated"), &encodings)
    );
    for (encoding, point) in encodings.iter().zip(points) {
        let expected = CompressedEdwardsY(*encoding).decompress().map(|point| point.compress().0);
        let found = point.map(|[x, y]| {
            let mut bytes: Vec<u8> = y.iter().flat_map(|word| word.to_le_bytes()).collect();
            bytes[31] |= ((x[0] & 1) as u8) << 7;
            bytes.try_into().expect("32 bytes")
        });
        assert_eq!(found, expected);
    }
}

/// Scalars at the ends of their range: 0, 1, L − 1 and powers of two, on both sides.
#[test]
fn scalars_at_their_bounds() {
    type F = Radix51Portable;
    let token = <F as FieldLanes>::Token::detect().expect("every machine has it");
    let base = base_table::<F>(token);
    let secret = Scalar::from(5u8);
    let a_point = B * secret + EIGHT_TORSION[3];
    let a = a_point.compress().0;
    let point = decode_points::<F>(token, &[a])[0].expect("a point");
    let mut scalars = vec![Scalar::ZERO, Scalar::ONE, -Scalar::ONE, -Scalar::ONE - Scalar::ONE];
    scalars.extend((0..252).step_by(7).map(|i| (0..i).fold(Scalar::ONE, |power, _| power + power)));
    for full in [true, false] {
        let table = &build::<F>(token, full, &[point], &Pools::default())[0];
        for &s in &scalars {
            for message in [&b"even"[..], b"odd", b"either"] {
                // R of the cofactorless equation for this s: k depends on R, so R is what k says for another
                // key of the same bytes. Instead the sum itself is compared, through an R that is right or wrong.
                let r = (B * s).compress().0;
                let k = Sha512::new().chain_update(r).chain_update(a).chain_update(message).finalize();
                let k = Scalar::from_bytes_mod_order_wide(&k.into());
                let shifted = s + k * secret;
                let expected = (B * shifted - a_point * k).compress().0 == r;
                let s = shifted.to_bytes();
                let mut codes = [Code::RNotOnCurve];
                let item = Item { a: &a, r: &r, s: &s, message };
                let equation = Equation { cofactored: false, decode_r: false, domain: &[] };
                check::<F>(token, equation, &base, &[WithTable { item, table }], &mut codes);
                assert_eq!(codes[0] == Code::Valid, expected);
            }
        }
    }
}

fn integer(words: &[u64; 4]) -> BigInt {
    words.iter().rev().fold(BigInt::from(0), |sum, &word| (sum << 64) + word)
}

proptest! {
    #[test]
    fn signs_add_up_to_the_scalar(words: [u64; 8]) {
        let s = scalar::reduce_wide(&words);
        let n = Base::TEETH * Base::COLUMNS;
        let b = integer(&signs_of_base(&s));
        prop_assert!(b >= BigInt::from(0) && b < BigInt::from(1) << n);
        // Σ (2·b[i] − 1)·2^i.
        let sum = 2 * b - (BigInt::from(1) << n) + 1;
        let moved = integer(&s) - sum;
        prop_assert!(moved == BigInt::from(0) || moved == integer(&scalar::ORDER));
        for n in [Full::TEETH * Full::COLUMNS, Compact::TEETH * Compact::COLUMNS] {
            let (rest, even) = super::signs_of_challenge(&s);
            let b = integer(&rest) + (BigInt::from(1) << (n - 1));
            let sum: BigInt = 2 * b - (BigInt::from(1) << n) + 1;
            prop_assert_eq!(sum - u8::from(even), integer(&s));
        }
    }
}
