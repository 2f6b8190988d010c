//! Combinations against the path in lanes, on every kind of vector.

use super::*;
use crate::schemes::combination::coefficients::System;
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha512};
#[cfg(target_arch = "x86_64")]
use sigwarp_kernels::field::native;
use sigwarp_kernels::field::radix51_ifma::Radix51Ifma;
use sigwarp_kernels::field::radix51_portable::Radix51Portable;
use sigwarp_kernels::simd::emulated::EmulatedU64x8;
use std::sync::atomic::{AtomicUsize, Ordering};

const EQUATION: Equation<'static> = Equation { cofactored: true, decode_r: true, domain: &[] };
/// The cofactorless ones, of rules that decode R and of those that do not.
pub(super) const EXACT: [Equation<'static>; 2] = [
    Equation { cofactored: false, decode_r: true, domain: &[] },
    Equation { cofactored: false, decode_r: false, domain: &[] },
];

#[derive(Clone)]
pub(super) struct Row {
    pub(super) a: [u8; 32],
    pub(super) r: [u8; 32],
    pub(super) s: [u8; 32],
    pub(super) message: Vec<u8>,
}

impl Row {
    pub(super) fn signed(index: usize, keys: usize) -> Self {
        let mut seed = [7; 32];
        seed[..8].copy_from_slice(&((index % keys) as u64).to_le_bytes());
        let key = SigningKey::from_bytes(&seed);
        let message = vec![index as u8; index % 40];
        let signature = key.sign(&message);
        Self { a: key.verifying_key().to_bytes(), r: *signature.r_bytes(), s: *signature.s_bytes(), message }
    }

    /// s + delta, modulo L.
    pub(super) fn shifted(mut self, delta: Scalar) -> Self {
        self.s = (Scalar::from_bytes_mod_order(self.s) + delta).to_bytes();
        self
    }

    /// A signature under A + T with R + T', valid under the cofactored equation: S = r + k·a for the hash of these
    /// bytes.
    fn with_torsion(index: usize, of_key: usize, of_r: usize) -> Self {
        let secret = Scalar::from(1_000 + index as u64);
        let nonce = Scalar::from(2_000_000 + index as u64);
        let encode = |x: &Scalar, t: usize| (EdwardsPoint::mul_base(x) + EIGHT_TORSION[t]).compress().0;
        let (a, r) = (encode(&secret, of_key), encode(&nonce, of_r));
        let message = vec![index as u8; 5];
        let k = Scalar::from_hash(Sha512::new().chain_update(r).chain_update(a).chain_update(&message));
        Self { a, r, s: (nonce + k * secret).to_bytes(), message }
    }
}

/// An encoding that is no point.
fn no_point() -> [u8; 32] {
    (2u8..).map(|y| [y; 32]).find(|y| CompressedEdwardsY(*y).decompress().is_none()).expect("half are none")
}

fn items(rows: &[Row]) -> Vec<Item<'_>> {
    rows.iter().map(|row| Item { a: &row.a, r: &row.r, s: &row.s, message: &row.message }).collect()
}

/// Sums of everything, halved while they fail.
pub(super) const HALVES: Advice = Advice::Sums { size: usize::MAX, halved_above: 4 };
/// One sum, then lanes.
pub(super) const ONE_SUM: Advice = Advice::Sums { size: usize::MAX, halved_above: usize::MAX };
/// Sums of ten.
const TENS: Advice = Advice::Sums { size: 10, halved_above: usize::MAX };

pub(super) const ADVICE: [Advice; 3] = [HALVES, ONE_SUM, TENS];

/// What combinations say of rows that they take twice with the same memory, beside what lanes say.
pub(super) fn codes<F: FieldLanes>(
    equation: Equation<'_>,
    rows: &[Row],
    source: &dyn Source,
    advice: Advice,
) -> Option<[Vec<Code>; 2]> {
    let token = sigwarp_kernels::simd::testing::detect::<F::Token>()?;
    let items = items(rows);
    let mut lanes = vec![Code::KeyNotOnCurve; rows.len()];
    equation::check::<F>(token, equation, &items, &mut lanes);
    let mut memory = Memory::<F>::new(token);
    let mut found = [const { Vec::new() }; 2];
    for found in &mut found {
        *found = vec![Code::Valid; rows.len()];
        let combination = Combination { memory: &mut memory, source, advice: &advice };
        check(token, "zip215", equation, &items, found, combination);
    }
    assert_eq!(found[0], found[1], "memory of the call before");
    let [found, _] = found;
    Some([found, lanes])
}

fn agree<F: FieldLanes>(rows: &[Row]) {
    // Emulated lanes take a second for what others do in milliseconds.
    let exact: [&[Advice]; 2] = match (F::Vector::CALLS, rows.len()) {
        (false, _) => [&[HALVES, TENS], &[ONE_SUM]],
        (true, ..=20) => [&[ONE_SUM], &[]],
        (true, _) => [&[], &[]],
    };
    for (equation, several) in [(EQUATION, &ADVICE[..]), (EXACT[0], exact[0]), (EXACT[1], exact[1])] {
        for &advice in several {
            if let Some([found, lanes]) = codes::<F>(equation, rows, &System, advice) {
                assert_eq!(found, lanes, "{} {equation:?}", <F::Token as sigwarp_kernels::simd::Token>::NAME);
            }
        }
    }
}

pub(super) fn agree_everywhere(rows: &[Row]) {
    #[cfg(target_arch = "x86_64")]
    {
        agree::<native::Avx512>(rows);
        agree::<native::Avx2>(rows);
    }
    agree::<Radix51Portable>(rows);
    if rows.len() <= 40 {
        agree::<Radix51Ifma<EmulatedU64x8>>(rows);
    }
}

pub(super) fn rows(count: usize, keys: usize) -> Vec<Row> {
    (0..count).map(|i| Row::signed(i, keys)).collect()
}

/// The codes of the widest vectors of this machine.
fn here(rows: &[Row], source: &dyn Source, advice: Advice) -> Vec<Code> {
    here_under(EQUATION, rows, source, advice)
}

/// The same under any equation.
pub(super) fn here_under(
    equation: Equation<'_>,
    rows: &[Row],
    source: &dyn Source,
    advice: Advice,
) -> Vec<Code> {
    #[cfg(target_arch = "x86_64")]
    if let Some([found, _]) = codes::<native::Avx512>(equation, rows, source, advice) {
        return found;
    }
    codes::<Radix51Portable>(equation, rows, source, advice).map(|[found, _]| found).expect("portable lanes")
}

#[test]
fn good_items_of_every_count() {
    for count in [0, 1, 2, 3, 7, 8, 9, 31, 40, 65, 300] {
        for keys in [1, 5, 1000] {
            agree_everywhere(&rows(count, keys));
        }
    }
    assert!(here(&rows(300, 9), &System, ONE_SUM).iter().all(|c| *c == Code::Valid));
}

#[test]
fn bad_items_of_every_kind_in_every_place() {
    for (count, keys) in [(1, 1), (9, 3), (40, 40), (33, 2)] {
        for bad in [0, count / 2, count - 1] {
            for kind in 0..4 {
                let mut rows = rows(count, keys);
                match kind {
                    0 => rows[bad] = rows[bad].clone().shifted(Scalar::ONE),
                    1 => rows[bad].a = no_point(),
                    2 => rows[bad].r = no_point(),
                    _ => rows[bad].message.push(1),
                }
                agree_everywhere(&rows);
            }
        }
    }
}

#[test]
fn many_bad_items() {
    for every in [1, 2, 3, 10] {
        let mut rows = rows(120, 7);
        for i in (0..rows.len()).step_by(every) {
            match i % 5 {
                0 => rows[i].a = no_point(),
                1 => rows[i].r = no_point(),
                _ => rows[i] = rows[i].clone().shifted(Scalar::from(i as u64 + 1)),
            }
        }
        agree_everywhere(&rows);
    }
}

/// Pairs whose errors cancel in a plain sum, and triples, with the same key and with others.
#[test]
fn cancelling_items_are_found() {
    for (first, second) in [(0, 1), (0, 5), (3, 30), (7, 8)] {
        let mut rows = rows(31, 5);
        rows[first] = rows[first].clone().shifted(Scalar::from(5u8));
        rows[second] = rows[second].clone().shifted(-Scalar::from(5u8));
        agree_everywhere(&rows);
        let bad = here(&rows, &System, HALVES);
        for (i, code) in bad.iter().enumerate() {
            assert_eq!(*code == Code::EquationFailed, i == first || i == second);
        }
    }
    let mut rows = rows(31, 5);
    for (i, delta) in [(2, Scalar::ONE), (11, Scalar::ONE), (29, -Scalar::from(2u8))] {
        rows[i] = rows[i].clone().shifted(delta);
    }
    agree_everywhere(&rows);
}

/// Every torsion of A and of R, in every position of a vector: valid, and invalid with s changed.
#[test]
fn torsion_in_every_position() {
    let grid: Vec<Row> = (0..64).map(|i| Row::with_torsion(i, i % 8, i / 8)).collect();
    agree_everywhere(&grid);
    let found = here(&grid, &System, ONE_SUM);
    assert!(found.iter().all(|code| *code == Code::Valid), "the cofactor kills all torsion");
    for position in 0..9 {
        for torsion in 0..8 {
            let mut rows = rows(9, 9);
            rows[position] = Row::with_torsion(position, torsion, 7 - torsion);
            if torsion == position % 8 {
                agree_everywhere(&rows);
            }
            let found = here(&rows, &System, ONE_SUM);
            assert!(found.iter().all(|code| *code == Code::Valid));
            rows[position] = rows[position].clone().shifted(Scalar::ONE);
            let found = here(&rows, &System, HALVES);
            assert_eq!(found.iter().filter(|code| **code != Code::Valid).count(), 1);
            assert_eq!(found[position], Code::EquationFailed);
        }
    }
}

/// Small-order keys and R, of which every scalar multiple may be the neutral element.
#[test]
fn small_order_points() {
    let encodings: Vec<[u8; 32]> = EIGHT_TORSION.iter().map(|point| point.compress().0).collect();
    let mut grid = Vec::new();
    for (i, a) in encodings.iter().enumerate() {
        for r in &encodings[..if i < 2 { 8 } else { 3 }] {
            grid.push(Row { a: *a, r: *r, s: [0; 32], message: vec![i as u8] });
        }
    }
    agree_everywhere(&grid);
    let s = Scalar::ONE.to_bytes();
    agree_everywhere(&grid.iter().map(|row| Row { s, ..row.clone() }).collect::<Vec<_>>());
}

/// A generator that gives what a test wants.
#[derive(Debug)]
pub(super) struct Rigged {
    seed: Option<[u8; 32]>,
    z: Option<fn(usize) -> [u64; 2]>,
    pub(super) fills: AtomicUsize,
}

impl Rigged {
    pub(super) fn new(seed: Option<[u8; 32]>, z: Option<fn(usize) -> [u64; 2]>) -> Self {
        Self { seed, z, fills: AtomicUsize::new(0) }
    }
}

impl Source for Rigged {
    fn seed(&self) -> Option<[u8; 32]> {
        self.seed
    }

    fn amend(&self, z: &mut [[u64; 2]]) {
        self.fills.fetch_add(1, Ordering::Relaxed);
        if let Some(rigged) = self.z {
            z.iter_mut().enumerate().for_each(|(i, z)| *z = rigged(i));
        }
    }
}

/// Neither zero coefficients, nor equal ones, nor the lack of randomness makes a bad item valid: without usable
/// coefficients every item is judged by its own equation.
#[test]
fn a_broken_generator_fails_closed() {
    let mut spoiled = rows(40, 4);
    // They cancel under equal coefficients, and all vanish under zeros.
    spoiled[3] = spoiled[3].clone().shifted(Scalar::ONE);
    spoiled[4] = spoiled[4].clone().shifted(-Scalar::ONE);
    let [_, expected] =
        codes::<Radix51Portable>(EQUATION, &spoiled, &System, ONE_SUM).expect("portable lanes");
    assert_eq!(expected.iter().filter(|code| **code == Code::EquationFailed).count(), 2);
    let zero: fn(usize) -> [u64; 2] = |_| [0, 0];
    let one_zero: fn(usize) -> [u64; 2] = |i| if i == 3 { [0, 0] } else { [i as u64 + 1, 9] };
    let stuck: fn(usize) -> [u64; 2] = |_| [0x1234, 0x5678];
    for advice in ADVICE {
        for z in [zero, one_zero, stuck] {
            let source = Rigged::new(Some([1; 32]), Some(z));
            assert_eq!(here(&spoiled, &source, advice), expected);
            let all_good = rows(40, 4);
            assert!(here(&all_good, &source, advice).iter().all(|code| *code == Code::Valid));
        }
        for seed in [None, Some([0; 32])] {
            let source = Rigged::new(seed, None);
            assert_eq!(here(&spoiled, &source, advice), expected);
            assert_eq!(source.fills.load(Ordering::Relaxed), 0, "no sum without a seed");
        }
    }
}

/// The same seed for two batches gives other coefficients, and a sum never uses those of another.
#[test]
fn coefficients_are_bound_to_the_batch() {
    use std::sync::Mutex;
    #[derive(Debug, Default)]
    struct Recorder(Mutex<Vec<[u64; 2]>>);
    impl Source for Recorder {
        fn seed(&self) -> Option<[u8; 32]> {
            Some([5; 32])
        }
        fn amend(&self, z: &mut [[u64; 2]]) {
            self.0.lock().unwrap().extend_from_slice(z);
        }
    }
    let drawn = |rows: &[Row]| {
        let recorder = Recorder::default();
        let mut memory = Memory::<Radix51Portable>::new(sigwarp_kernels::simd::Token::detect().unwrap());
        let combination = Combination { memory: &mut memory, source: &recorder, advice: &HALVES };
        let mut codes = vec![Code::EquationFailed; rows.len()];
        let token = sigwarp_kernels::simd::Token::detect().unwrap();
        check::<Radix51Portable>(token, "zip215", EQUATION, &items(rows), &mut codes, combination);
        recorder.0.into_inner().unwrap()
    };
    let good = rows(40, 4);
    let reference = drawn(&good);
    assert_eq!(reference, drawn(&good), "the derivation is deterministic");
    // Only s of one item differs: no hash of the scheme covers it.
    let mut other = good.clone();
    other[39] = other[39].clone().shifted(Scalar::ONE);
    let spoiled = drawn(&other);
    assert!(spoiled.len() > 40, "more than one sum");
    assert!(reference.iter().zip(&spoiled).all(|(a, b)| a != b));
    let mut all = spoiled.clone();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), spoiled.len(), "no coefficient comes twice");
}

/// One bad item among 16,384.
#[test]
#[cfg_attr(debug_assertions, ignore = "takes a minute with assertions; release builds run it")]
fn one_bad_item_in_a_large_batch() {
    let mut rows = rows(16_384, 1024);
    for bad in [0, 8191, 16_383] {
        let good = rows[bad].clone();
        rows[bad] = good.clone().shifted(Scalar::ONE);
        for advice in ADVICE {
            let found = here(&rows, &System, advice);
            for (i, code) in found.iter().enumerate() {
                assert_eq!(*code == Code::Valid, i != bad, "item {i}");
            }
        }
        rows[bad] = good;
    }
}
