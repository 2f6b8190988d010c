//! BIP 341's commitment against the crate k256: the BIP's vectors, random items, exceptional cases and every reason.

use crate::common;

use common::curve::*;
use common::{Cases, Expect, unhex, vectors};
use k256::Secp256k1;
use sha2::{Digest, Sha256};
use sigwarp::{Batch, Ed25519Rule, Key, Message, Reason, Suite, Verdict};

type K1 = Secp256k1;

const FAILED: Expect = Expect::Because(Reason::EquationFailed);

/// The scalar, negated if its point has odd y.
fn even(d: Scalar<K1>) -> Scalar<K1> {
    let odd = xy::<K1>(&(g::<K1>() * d)).1[31] & 1 == 1;
    if odd { -d } else { d }
}

fn derived(label: &str, i: usize) -> Scalar<K1> {
    scalar::<K1>(&Sha256::new().chain_update(label).chain_update(i.to_le_bytes()).finalize().into())
}

/// The parity and x of dG.
fn output(d: Scalar<K1>) -> Vec<u8> {
    let (x, y) = xy::<K1>(&(g::<K1>() * d));
    [&[y[31] & 1], &x[..]].concat()
}

/// Key, tweak and output of P = dG, of even y, and t.
fn commit(d: Scalar<K1>, t: Scalar<K1>) -> [Vec<u8>; 3] {
    let d = even(d);
    let key = xy::<K1>(&(g::<K1>() * d)).0;
    [key.to_vec(), to_bytes::<K1>(&t).to_vec(), output(d + t)]
}

#[test]
fn bip341_wallet_vectors() {
    let Some(content) = vectors("chains/bip341/wallet-test-vectors.json") else { return };
    let vectors: serde_json::Value = serde_json::from_str(&content).unwrap();
    let mut cases = Cases::default();
    let suite = Suite::bip341_commitment();
    for vector in vectors["scriptPubKey"].as_array().unwrap() {
        let [key, tweak, x] = [
            &vector["given"]["internalPubkey"],
            &vector["intermediary"]["tweak"],
            &vector["intermediary"]["tweakedPubkey"],
        ]
        .map(|value| unhex(value.as_str().unwrap()));
        // The first byte of a control block has the parity in its lowest bit. Without scripts there is none.
        let blocks = vector["expected"]["scriptPathControlBlocks"].as_array();
        let parity = blocks.map(|blocks| unhex(blocks[0].as_str().unwrap())[0] & 1);
        let mut valid = 0;
        for odd in [0, 1] {
            let output = [&[odd], &x[..]].concat();
            let judged = sigwarp::oracle::verify(&suite, &key, &tweak, &output).unwrap();
            valid += usize::from(judged.is_valid());
            let expected = match parity {
                Some(parity) if parity == odd => Expect::Valid,
                Some(_) => FAILED,
                None if judged.is_valid() => Expect::Valid,
                None => FAILED,
            };
            cases.push("wallet vector", &suite, (&key, &tweak, &output), expected);
        }
        assert_eq!(valid, 1, "one parity is right");
    }
    assert_eq!(cases.check(), 2 * 7);
}

#[test]
fn exceptional_sums() {
    let mut cases = Cases::default();
    let suite = Suite::bip341_commitment();
    let zero = small::<K1>(0);
    for d in [1, 2, 3, -1, 0x7777, 1 << 40] {
        let d = even(small::<K1>(d));
        let mut push = |what, t: Scalar<K1>, output: &[u8], expected| {
            let [key, tweak, _] = commit(d, t);
            cases.push(what, &suite, (&key, &tweak, output), expected);
        };
        let flipped = |mut output: Vec<u8>| {
            output[0] ^= 1;
            output
        };
        push("t = 0", zero, &output(d), Expect::Valid);
        push("t = 0, odd", zero, &flipped(output(d)), FAILED);
        push("doubling", d, &output(d + d), Expect::Valid);
        push("doubling, other parity", d, &flipped(output(d + d)), FAILED);
        push("a doubling is not P", d, &output(d), FAILED);
        for x in [[0; 32], [0xff; 32], xy::<K1>(&(g::<K1>() * d)).0] {
            for odd in [0, 1] {
                push("infinity", -d, &[&[odd], &x[..]].concat(), FAILED);
            }
        }
        for t in [1, 2, 5, -1, -2] {
            let t = small::<K1>(t);
            if t != d && t != -d {
                push("small t", t, &output(d + t), Expect::Valid);
                push("small t, other parity", t, &flipped(output(d + t)), FAILED);
                push("−P in place of P", t, &output(t - d), FAILED);
                push("−t in place of t", t, &output(d - t), FAILED);
            }
        }
    }
    cases.check();
}

#[test]
fn reasons_come_in_their_order() {
    let mut cases = Cases::default();
    let suite = Suite::bip341_commitment();
    let (p, n) = (<K1 as Curve>::P, order::<K1>());
    let off = (1..).map(|i| offset(&[0; 32], i)).find(|x| lift::<K1>(x).is_none()).unwrap();
    let [good, t, right] = commit(small::<K1>(9), small::<K1>(10));
    let keys = [
        (good.clone(), None),
        (good[..31].to_vec(), Some(Reason::BadKeyLength)),
        ([&[2], &good[..]].concat(), Some(Reason::BadKeyLength)),
        (p.to_vec(), Some(Reason::NonCanonicalKey)),
        (vec![0xff; 32], Some(Reason::NonCanonicalKey)),
        (off.to_vec(), Some(Reason::KeyNotOnCurve)),
        (vec![0; 32], Some(Reason::KeyNotOnCurve)),
    ];
    let tweaks = [
        (t.clone(), None),
        (n.to_vec(), Some(Reason::ScalarOutOfRange)),
        (vec![0xff; 32], Some(Reason::ScalarOutOfRange)),
        (Vec::new(), Some(Reason::ScalarOutOfRange)),
        (t[1..].to_vec(), Some(Reason::ScalarOutOfRange)),
        ([&[0], &t[..]].concat(), Some(Reason::ScalarOutOfRange)),
        (offset(&n, -1).to_vec(), Some(Reason::EquationFailed)),
        (vec![0; 32], Some(Reason::EquationFailed)),
    ];
    let x = &right[1..];
    let mut outputs = vec![
        (right.clone(), None),
        (Vec::new(), Some(Reason::BadSignatureLength)),
        (x.to_vec(), Some(Reason::BadSignatureLength)),
        ([&right[..], &[1]].concat(), Some(Reason::BadSignatureLength)),
        ([&[right[0] ^ 1], x].concat(), Some(Reason::EquationFailed)),
    ];
    for parity in [2, 3, 0x80, 0xc0, 0xff] {
        outputs.push(([&[parity], x].concat(), Some(Reason::BadSignatureEncoding)));
    }
    // x(Q) is compared and never decoded: p and above, which no point has, and an x of no point are mismatches.
    for x in [p, [0xff; 32], offset(&p, -1), off, [0; 32]] {
        outputs.push(([&[right[0]], &x[..]].concat(), Some(Reason::EquationFailed)));
    }
    for (key, of_key) in &keys {
        for (tweak, of_tweak) in &tweaks {
            for (output, of_output) in &outputs {
                let first = of_key.iter().chain(of_tweak).chain(of_output).min();
                let expected = first.map_or(Expect::Valid, |&reason| Expect::Because(reason));
                cases.push("precedence", &suite, (key, tweak, output), expected);
            }
        }
    }
    assert_eq!(cases.check(), keys.len() * tweaks.len() * outputs.len());
}

/// An item of one of several suites, and its verdict.
fn mixed(i: usize) -> (Suite, [Vec<u8>; 3], Verdict) {
    let (d, t) = (derived("internal key", i), derived("tweak", i));
    let [key, tweak, mut output] = commit(d, t);
    let suite = Suite::bip341_commitment();
    match i % 7 {
        // What the others are does not matter here, as long as they are of other suites.
        2 => {
            let item = [key, b"message".to_vec(), vec![0; 64]];
            return (Suite::bip340(), item, Verdict::Invalid(Reason::EquationFailed));
        }
        4 => {
            let item = [Vec::new(), b"message".to_vec(), vec![0; 64]];
            return (Suite::ed25519(Ed25519Rule::Strict), item, Verdict::Invalid(Reason::BadKeyLength));
        }
        5 => {
            let bit = i / 7 % (33 * 8);
            output[bit / 8] ^= 1 << (bit % 8);
            let reason = match bit {
                1..8 => Reason::BadSignatureEncoding,
                _ => Reason::EquationFailed,
            };
            return (suite, [key, tweak, output], Verdict::Invalid(reason));
        }
        _ => {}
    }
    let exceptional = even(d);
    let item = match i % 31 {
        6 => [key, to_bytes::<K1>(&exceptional).to_vec(), self::output(exceptional + exceptional)],
        13 => [key.clone(), vec![0; 32], self::output(exceptional)],
        _ => [key, tweak, output],
    };
    (suite, item, Verdict::Valid)
}

#[test]
fn every_backend_agrees_with_k256_in_batches_of_every_size() {
    let rows: Vec<_> = (0..200).map(mixed).collect();
    assert!(rows.iter().filter(|(_, _, verdict)| verdict.is_valid()).count() > 100);
    for (kind, engine) in common::engines() {
        if !engine.supports(&Suite::bip341_commitment()) {
            continue;
        }
        let emulated = *kind == sigwarp::BackendKind::Emulated;
        for size in (1..=200).filter(|size| !emulated || [1, 7, 8, 9, 200].contains(size)) {
            let rows = &rows[200 - size..];
            let mut batch = Batch::new();
            for (suite, [key, message, signature], _) in rows {
                let message = Message::of(suite.scheme().input(), message);
                batch.push(suite, Key::Bytes(key), message, signature);
            }
            let verdicts = engine.verify(&batch).unwrap();
            for (i, (verdict, (suite, _, expected))) in verdicts.iter().zip(rows).enumerate() {
                assert_eq!(verdict, *expected, "{kind}: item {i} of {size}, {suite}");
            }
        }
    }
}

/// More than a chunk of the kernel, with random tweaks and few invalid items.
#[test]
fn long_batches() {
    let suite = Suite::bip341_commitment();
    let rows: Vec<[Vec<u8>; 3]> =
        (0..1_100).map(|i| commit(derived("long key", i), derived("long tweak", i))).collect();
    for (kind, engine) in common::engines() {
        if !engine.supports(&suite) || *kind == sigwarp::BackendKind::Emulated {
            continue;
        }
        let mut batch = Batch::new();
        for (i, [key, tweak, output]) in rows.iter().enumerate() {
            let tweak = if i % 97 == 5 { &rows[i + 1][1] } else { tweak };
            batch.push(&suite, Key::Bytes(key), Message::Digest(tweak), output);
        }
        let verdicts = engine.verify(&batch).unwrap();
        for (i, verdict) in verdicts.iter().enumerate() {
            let reason = Verdict::Invalid(Reason::EquationFailed);
            assert_eq!(verdict, if i % 97 == 5 { reason } else { Verdict::Valid }, "{kind}: item {i}");
        }
    }
}
