//! Linear combinations through the engine: the same verdicts and reasons as in lanes and from the oracle, on every
//! backend, for every rule.

use crate::common;

use common::Options;
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha512};
use sigwarp::{
    BackendKind, Batch, Ed25519Rule, Engine, Key, Message, PathChoice, Reason, Suite, Verdict, oracle,
};

#[derive(Clone)]
struct Row {
    key: [u8; 32],
    message: Vec<u8>,
    signature: [u8; 64],
}

fn signed(index: usize, keys: usize) -> Row {
    let mut seed = [9; 32];
    seed[..8].copy_from_slice(&((index % keys) as u64).to_le_bytes());
    let key = SigningKey::from_bytes(&seed);
    let message = (index as u32).to_le_bytes().repeat(1 + index % 30);
    let signature = key.sign(&message).to_bytes();
    Row { key: key.verifying_key().to_bytes(), message, signature }
}

/// s + delta modulo L.
fn shift(row: &mut Row, delta: Scalar) {
    let s: [u8; 32] = row.signature[32..].try_into().unwrap();
    row.signature[32..].copy_from_slice((Scalar::from_bytes_mod_order(s) + delta).as_bytes());
}

/// A row whose A and R have these multiples of a point of order 8 added, with s as if they had none.
fn with_torsion(index: usize, of_key: usize, of_r: usize) -> Row {
    let (secret, nonce) = (Scalar::from(77 + index as u64), Scalar::from(123_456 + index as u64));
    let encode = |x: &Scalar, t: usize| (EdwardsPoint::mul_base(x) + EIGHT_TORSION[t % 8]).compress().0;
    let (key, r) = (encode(&secret, of_key), encode(&nonce, of_r));
    let message = vec![index as u8; 9];
    let k = Scalar::from_hash(Sha512::new().chain_update(r).chain_update(key).chain_update(&message));
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&r);
    signature[32..].copy_from_slice((nonce + k * secret).as_bytes());
    Row { key, message, signature }
}

/// A and R with torsion, valid under the cofactored equation alone unless it cancels.
fn mixed(index: usize) -> Row {
    with_torsion(index, index, index / 8)
}

fn batch(suite: &Suite, rows: &[Row]) -> Batch {
    let mut batch = Batch::new();
    for row in rows {
        batch.push(suite, Key::Bytes(&row.key), Message::Raw(&row.message), &row.signature);
    }
    batch
}

fn verdicts(engine: &Engine, suite: &Suite, rows: &[Row]) -> Vec<Verdict> {
    engine.verify(&batch(suite, rows)).expect("verdicts").iter().collect()
}

/// An engine that takes linear combinations wherever a rule allows them.
fn combining(kind: BackendKind, threads: usize) -> Option<&'static Engine> {
    common::shared(kind, Options { threads, path: PathChoice::Combination, ..Options::default() })
}

/// Items of every kind of fate under a rule, in an order that mixes them.
fn assorted(count: usize) -> Vec<Row> {
    (0..count)
        .map(|i| {
            let mut row = if i % 3 == 2 { mixed(i) } else { signed(i, 6) };
            match i % 17 {
                4 => shift(&mut row, Scalar::ONE),
                // Not reduced: S + L does not fit or is out of range.
                7 => row.signature[63] |= 0xf0,
                // Hardly ever a point.
                9 => row.key[..8].fill(0x31),
                11 => row.signature[..8].fill(0x2e),
                // y = 1, the neutral element, small order.
                13 => {
                    row.key = [0; 32];
                    row.key[0] = 1;
                }
                // y = 1 with the sign bit: not canonical.
                15 => {
                    row.signature[..32].fill(0);
                    row.signature[0] = 1;
                    row.signature[31] = 0x80;
                }
                16 => row.message.push(0),
                _ => {}
            }
            row
        })
        .collect()
}

#[test]
fn combinations_lanes_and_the_oracle_agree() {
    let rows = assorted(110);
    for kind in BackendKind::ALL {
        let Some(combining) = combining(kind, 2) else { continue };
        let rows = if kind == BackendKind::Emulated { &rows[..40] } else { &rows[..] };
        for rule in Ed25519Rule::ALL {
            let suite = Suite::ed25519(rule);
            let expected: Vec<Verdict> = rows
                .iter()
                .map(|row| oracle::verify(&suite, &row.key, &row.message, &row.signature).expect("a verdict"))
                .collect();
            assert!(expected.iter().any(|verdict| verdict.is_valid()));
            assert!(expected.contains(&Verdict::Invalid(Reason::EquationFailed)));
            assert_eq!(verdicts(combining, &suite, rows), expected, "{kind} {suite}");
            // Any cut of the batch.
            let sizes: &[usize] = if kind == BackendKind::Emulated { &[33] } else { &[1, 7, 33] };
            for &size in sizes {
                let found: Vec<Verdict> =
                    rows.chunks(size).flat_map(|rows| verdicts(combining, &suite, rows)).collect();
                assert_eq!(found, expected, "{kind} {suite} by {size}");
            }
        }
    }
}

#[test]
fn batches_good_and_bad_by_turns() {
    for rule in [Ed25519Rule::Zip215, Ed25519Rule::Strict] {
        good_and_bad_by_turns(&Suite::ed25519(rule));
    }
}

fn good_and_bad_by_turns(suite: &Suite) {
    let good: Vec<Row> = (0..500).map(|i| signed(i, 40)).collect();
    let mut bad = good.clone();
    for (i, row) in bad.iter_mut().enumerate() {
        shift(row, Scalar::from(i as u64 + 1));
    }
    let mut some = good.clone();
    shift(&mut some[499], Scalar::ONE);
    for (kind, engine) in common::engines().iter().filter(|(kind, _)| *kind != BackendKind::Emulated) {
        for turn in 0..4 {
            assert!(verdicts(engine, suite, &good).iter().all(|verdict| verdict.is_valid()), "{kind} {turn}");
            let failed = Verdict::Invalid(Reason::EquationFailed);
            assert!(verdicts(engine, suite, &bad).iter().all(|verdict| *verdict == failed), "{kind} {turn}");
            let found = verdicts(engine, suite, &some);
            assert!(found[..499].iter().all(|verdict| verdict.is_valid()) && found[499] == failed);
        }
    }
}

/// Errors that cancel in a plain sum of the equations: pairs in one vector, across vectors, under one key and two.
#[test]
fn cancelling_pairs_across_a_batch() {
    let suite = Suite::ed25519(Ed25519Rule::Zip215);
    for (first, second) in [(0, 1), (5, 11), (0, 299), (128, 256)] {
        let mut rows: Vec<Row> = (0..300).map(|i| signed(i, 6)).collect();
        shift(&mut rows[first], Scalar::from(3u8));
        shift(&mut rows[second], -Scalar::from(3u8));
        for (kind, engine) in common::engines().iter().filter(|(kind, _)| *kind != BackendKind::Emulated) {
            for (i, verdict) in verdicts(engine, &suite, &rows).into_iter().enumerate() {
                assert_eq!(!verdict.is_valid(), i == first || i == second, "{kind}: item {i}");
            }
        }
    }
}

/// Torsion that cancels in a sum of the equations, which no cofactored equation sees and every cofactorless one does.
#[test]
fn cancelling_torsion_across_a_batch() {
    for (first, second, torsion) in [(0, 1, 4), (5, 299, 3), (128, 256, 2)] {
        let mut rows: Vec<Row> = (0..300).map(|i| signed(i, 6)).collect();
        rows[first] = with_torsion(first, 0, torsion);
        rows[second] = with_torsion(second, 0, 8 - torsion);
        for kind in BackendKind::ALL.into_iter().filter(|kind| *kind != BackendKind::Emulated) {
            let Some(combining) = combining(kind, 1) else { continue };
            for rule in Ed25519Rule::ALL {
                let suite = Suite::ed25519(rule);
                let cofactored =
                    oracle::verify(&suite, &rows[first].key, &rows[first].message, &rows[first].signature)
                        .expect("a verdict")
                        .is_valid();
                for (i, verdict) in verdicts(combining, &suite, &rows).into_iter().enumerate() {
                    let bad = (i == first || i == second) && !cofactored;
                    assert_eq!(!verdict.is_valid(), bad, "{kind} {suite}: item {i}");
                }
            }
        }
    }
}

#[test]
#[ignore = "minutes of signing and verifying; scripts/prove ed25519-batch runs it"]
fn one_bad_item_among_16384() {
    let good: Vec<Row> = (0..16_384).map(|i| signed(i, 1024)).collect();
    for rule in [Ed25519Rule::Zip215, Ed25519Rule::Strict] {
        one_bad_item_of(&Suite::ed25519(rule), &good);
    }
}

fn one_bad_item_of(suite: &Suite, good: &[Row]) {
    for (kind, engine) in common::engines().iter().filter(|(kind, _)| *kind != BackendKind::Emulated) {
        for bad in [0, 8191, 16_383] {
            let mut rows = good.to_vec();
            shift(&mut rows[bad], Scalar::ONE);
            for (i, verdict) in verdicts(engine, suite, &rows).into_iter().enumerate() {
                assert_eq!(verdict.is_valid(), i != bad, "{kind}: item {i}");
            }
        }
        let mut rows = good.to_vec();
        rows.iter_mut().for_each(|row| shift(row, Scalar::ONE));
        assert!(verdicts(engine, suite, &rows).iter().all(|verdict| !verdict.is_valid()), "{kind}: all bad");
    }
}
