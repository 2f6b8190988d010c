//! Constructed edge cases of BIP 340, and the crate k256's own verifier as a second implementation.

use crate::common;

use common::curve::*;
use common::{Cases, Expect, Options};
use k256::Secp256k1;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use sigwarp::{BackendChoice, BackendKind, Batch, Engine, Key, Message, PathChoice, Reason, Suite, Verdict};

type K1 = Secp256k1;

const FAILED: Expect = Expect::Because(Reason::EquationFailed);

fn challenge(r: &Bytes, key: &Bytes, message: &[u8]) -> Scalar<K1> {
    let tag = Sha256::digest(b"BIP0340/challenge");
    scalar::<K1>(&Sha256::digest([&tag[..], &tag, r, key, message].concat()).into())
}

/// The scalar, negated if its point has odd y.
fn even(d: Scalar<K1>) -> Scalar<K1> {
    let odd = xy::<K1>(&(g::<K1>() * d)).1[31] & 1 == 1;
    if odd { -d } else { d }
}

/// The key and a signature; k is used as it is, so that R may have odd y.
fn sign_bip340(d: Scalar<K1>, k: Scalar<K1>, message: &[u8]) -> (Bytes, Vec<u8>) {
    let d = even(d);
    let key = xy::<K1>(&(g::<K1>() * d)).0;
    let r = xy::<K1>(&(g::<K1>() * k)).0;
    let s = k + challenge(&r, &key, message) * d;
    (key, [r, to_bytes::<K1>(&s)].concat())
}

#[test]
fn parity_range_and_infinity() {
    let mut cases = Cases::default();
    let suite = Suite::bip340();
    let n = order::<K1>();
    for d in [1, 2, 3, -1, 0x7777] {
        for k in [1, 2, -5, 1 << 40] {
            for message in [&b""[..], b"x", &[0; 32], &[7; 1000]] {
                let (key, raw) = sign_bip340(small::<K1>(d), even(small::<K1>(k)), message);
                cases.push("even R", &suite, (&key, message, &raw), Expect::Valid);
                let (_, odd) = sign_bip340(small::<K1>(d), -even(small::<K1>(k)), message);
                cases.push("odd R", &suite, (&key, message, &odd), FAILED);
                let s: Bytes = raw[32..].try_into().unwrap();
                let negated = [&raw[..32], &difference(&n, &s)].concat();
                cases.push("n − s", &suite, (&key, message, &negated), FAILED);
            }
        }
        // sG = eP makes R infinity, for any r.
        let (key, _) = sign_bip340(small::<K1>(d), small::<K1>(1), b"");
        for r in [[0; 32], xy::<K1>(&g::<K1>()).0, [1; 32]] {
            let s = challenge(&r, &key, b"m") * even(small::<K1>(d));
            let raw = [r, to_bytes::<K1>(&s)].concat();
            cases.push("infinity", &suite, (&key, b"m", &raw), FAILED);
        }
    }
    cases.check();
}

#[test]
fn reasons_come_in_their_order() {
    let mut cases = Cases::default();
    let suite = Suite::bip340();
    let p = <K1 as Curve>::P;
    let n = order::<K1>();
    let off = (1..).map(|i| offset(&[0; 32], i)).find(|x| lift::<K1>(x).is_none()).unwrap();
    let (good, raw) = sign_bip340(small::<K1>(9), even(small::<K1>(10)), b"m");
    let keys = [
        (good.to_vec(), None),
        (good[..31].to_vec(), Some(Reason::BadKeyLength)),
        ([&[2], &good[..]].concat(), Some(Reason::BadKeyLength)),
        (p.to_vec(), Some(Reason::NonCanonicalKey)),
        (vec![0xff; 32], Some(Reason::NonCanonicalKey)),
        (off.to_vec(), Some(Reason::KeyNotOnCurve)),
        (vec![0; 32], Some(Reason::KeyNotOnCurve)),
    ];
    let (r, s) = (&raw[..32], &raw[32..]);
    let signatures = [
        (raw.clone(), None),
        (Vec::new(), Some(Reason::BadSignatureLength)),
        ([&raw[..], &[1]].concat(), Some(Reason::BadSignatureLength)),
        ([r, &n].concat(), Some(Reason::ScalarOutOfRange)),
        ([&p, &n[..]].concat(), Some(Reason::ScalarOutOfRange)),
        ([&p, s].concat(), Some(Reason::NonCanonicalR)),
        ([&[0xff; 32], s].concat(), Some(Reason::NonCanonicalR)),
        // s = 0 is in range; that R = −eP then holds is chance.
        ([r, &[0; 32]].concat(), Some(Reason::EquationFailed)),
        ([r, &offset(&n, -1)].concat(), Some(Reason::EquationFailed)),
        // R is never decoded: an r of no point is a mismatch, below n or not.
        ([&off[..], s].concat(), Some(Reason::EquationFailed)),
        ([&offset(&p, -1)[..], s].concat(), Some(Reason::EquationFailed)),
        ([&[0; 32], s].concat(), Some(Reason::EquationFailed)),
    ];
    for (key, of_key) in &keys {
        for (signature, of_signature) in &signatures {
            let first = of_key.iter().chain(of_signature).min();
            let expected = first.map_or(Expect::Valid, |&reason| Expect::Because(reason));
            cases.push("precedence", &suite, (key, b"m", signature), expected);
        }
    }
    assert_eq!(cases.check(), keys.len() * signatures.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_crate_k256_agrees(
        d in any::<[u8; 32]>(), k in any::<[u8; 32]>(), message in proptest::collection::vec(any::<u8>(), 0..100),
        flip in prop_oneof![Just(None), (0..64usize * 8).prop_map(Some)],
    ) {
        use k256::schnorr::{Signature, VerifyingKey};
        let (d, k) = (scalar::<K1>(&d), scalar::<K1>(&k));
        prop_assume!(d != small::<K1>(0) && k != small::<K1>(0));
        let (key, mut raw) = sign_bip340(d, even(k), &message);
        if let Some(bit) = flip {
            raw[bit / 8] ^= 1 << (bit % 8);
        }
        let verifier = VerifyingKey::from_bytes(&key.into()).unwrap();
        let theirs = Signature::try_from(&raw[..]).is_ok_and(|signature| verifier.verify_raw(&message, &signature).is_ok());
        prop_assert_eq!(theirs, flip.is_none());
        let mut cases = Cases::default();
        cases.push("random", &Suite::bip340(), (&key, &message, &raw), Expect::from_validity(theirs));
        cases.check();
    }
}

/// A signature, its key and message, and its verdict.
type Row = (Vec<u8>, Vec<u8>, Vec<u8>, Verdict);

fn row(i: i64, keys: i64) -> Row {
    let message = vec![i as u8; (i % 200) as usize];
    let (key, raw) = sign_bip340(small::<K1>(100 + i % keys), even(small::<K1>(7000 + i)), &message);
    (key.to_vec(), message, raw, Verdict::Valid)
}

/// What can be wrong with an item, by kind.
fn spoil(row: &mut Row, kind: usize) {
    let off = (1..).map(|i| offset(&[0; 32], i)).find(|x| lift::<K1>(x).is_none()).unwrap();
    let n = order::<K1>();
    let (key, message, raw, verdict) = row;
    let reason = match kind {
        0 => {
            message.push(1);
            Reason::EquationFailed
        }
        1 => {
            raw[..32].copy_from_slice(&off);
            Reason::EquationFailed
        }
        2 => {
            key.copy_from_slice(&off);
            Reason::KeyNotOnCurve
        }
        3 => {
            raw[32..].copy_from_slice(&n);
            Reason::ScalarOutOfRange
        }
        4 => {
            // n − s belongs to the R with odd y.
            let s: Bytes = raw[32..].try_into().unwrap();
            raw[32..].copy_from_slice(&difference(&n, &s));
            Reason::EquationFailed
        }
        _ => {
            raw.pop();
            Reason::BadSignatureLength
        }
    };
    *verdict = Verdict::Invalid(reason);
}

fn batch_of(rows: &[Row]) -> Batch {
    let mut batch = Batch::new();
    for (key, message, raw, _) in rows {
        batch.push(&Suite::bip340(), Key::Bytes(key), Message::Raw(message), raw);
    }
    batch
}

/// Engines whose items go through linear combinations wherever the rule allows them.
fn combining() -> Vec<(BackendKind, &'static Engine)> {
    let options = Options { path: PathChoice::Combination, ..Options::default() };
    let mut engines = common::engines_with(options);
    engines.retain(|(_, engine)| engine.supports(&Suite::bip340()));
    engines
}

#[test]
fn linear_combinations_change_no_verdict() {
    let engines = combining();
    let auto = Engine::builder().build().unwrap();
    let engines: Vec<(&str, &Engine)> =
        engines.iter().map(|(kind, engine)| (kind.name(), *engine)).chain([("auto", &auto)]).collect();
    let check = |rows: &[Row], what: &str| {
        let batch = batch_of(rows);
        let expected: Vec<Verdict> = rows.iter().map(|row| row.3).collect();
        for (kind, engine) in &engines {
            let verdicts: Vec<Verdict> = engine.verify(&batch).unwrap().iter().collect();
            assert_eq!(verdicts, expected, "{what}, {kind}");
        }
    };
    for size in (1..=17).chain([130, 300]) {
        let good: Vec<Row> = (0..size).map(|i| row(i, if i % 2 == 0 { size } else { 3 })).collect();
        check(&good, &format!("{size} valid items"));
        for position in [0, size / 2, size - 1] {
            for kind in 0..6 {
                if size > 17 && kind as i64 != size % 6 {
                    continue;
                }
                let mut rows = good.clone();
                spoil(&mut rows[position as usize], kind);
                check(&rows, &format!("item {position} of {size}, kind {kind}"));
            }
        }
    }
    // One of each, and all bad.
    let mut rows: Vec<Row> = (0..40).map(|i| row(i, 40)).collect();
    for kind in 0..6 {
        spoil(&mut rows[5 * kind + 2], kind);
    }
    check(&rows, "one of each kind");
    (0..40).filter(|i| i % 5 != 2 || *i > 27).for_each(|i| spoil(&mut rows[i], 0));
    check(&rows, "all bad");
    // The same item over and over, and messages too long to be copied.
    let mut rows = vec![row(5, 9); 150];
    for (i, length) in [(3, 4096), (4, 4097), (90, 20_000)] {
        let message = vec![3; length];
        let (key, raw) = sign_bip340(small::<K1>(9), even(small::<K1>(11)), &message);
        rows[i] = (key.to_vec(), message, raw, Verdict::Valid);
    }
    check(&rows, "repeated items");
}

/// Keys with full tables, compact ones, points alone, and none of these, in batches that are long enough for sums: by
/// tables or by sums, one verdict.
#[test]
fn tables_and_linear_combinations_agree() {
    // So many items have keys that are not registered that a sum pays.
    let mut rows: Vec<Row> = (0..420).map(|i| row(i, 210)).collect();
    let registered: Vec<Vec<u8>> = rows[..70].iter().map(|row| row.0.clone()).collect();
    // Room for full tables, for compact ones, and for hardly any; and every path where there is room.
    let [full, compact, few] = [1 << 30, 70 * 2_450, 70 * 300];
    let ways = [
        (compact, PathChoice::Auto),
        (full, PathChoice::Auto),
        (few, PathChoice::Auto),
        (full, PathChoice::Lanes),
        (full, PathChoice::Combination),
    ];
    let mut engines = Vec::new();
    for (kind, _) in common::engines().iter().filter(|(_, engine)| engine.supports(&Suite::bip340())) {
        let ways = if *kind == BackendKind::Emulated { &ways[..1] } else { &ways[..] };
        for &(budget, path) in ways {
            let builder = Engine::builder().backend(BackendChoice::Forced(*kind)).path(path);
            let engine = builder.key_budget(budget).build().unwrap();
            assert!(engine.register(&Suite::bip340(), &registered).unwrap().iter().all(Result::is_ok));
            engines.push((*kind, budget, path, engine));
        }
    }
    let check = |rows: &[Row], what: &str| {
        let batch = batch_of(rows);
        for (kind, budget, path, engine) in &engines {
            let verdicts = engine.verify(&batch).unwrap();
            for (i, (verdict, row)) in verdicts.iter().zip(rows).enumerate() {
                assert_eq!(verdict, row.3, "{what}: item {i}, {kind}, {path:?}, {budget}");
            }
        }
    };
    check(&rows, "all valid");
    // One of each kind among registered keys, then among the others too.
    for kind in 0..6 {
        spoil(&mut rows[11 * kind + 3], kind);
    }
    check(&rows, "bad items of registered keys");
    for kind in 0..6 {
        spoil(&mut rows[70 + 11 * kind], kind);
    }
    check(&rows, "bad items of both");
}
