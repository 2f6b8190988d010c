//! Registered keys: the verdicts of unregistered ones, and what happens to batches when keys come and go.

use crate::common;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};

use common::subjects::Sample;
use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION};
use curve25519_dalek::scalar::Scalar;
use sha2::{Digest, Sha512};
use sigwarp::{
    BackendChoice, BackendKind, Batch, BatchView, Builder, Column, Ed25519Rule, Engine, Error, Key, KeyId,
    Keys, Message, PathChoice, Reason, Suite, Suites, Verdict, oracle,
};
use sigwarp_tables::edwards25519::SMALL_ORDER_Y;

/// Every tier, as budgets for the two dozen keys of these tests: full tables for all of them, compact ones, points alone.
const BUDGETS: [usize; 3] = [1 << 30, 23 * 2_700, 23 * 290];

fn builder(kind: BackendKind) -> Builder {
    Engine::builder().backend(BackendChoice::Forced(kind)).threads(NonZeroUsize::new(2).expect("two threads"))
}

fn kinds() -> impl Iterator<Item = BackendKind> {
    common::engines().iter().map(|(kind, _)| *kind)
}

fn zip215() -> Suite {
    Suite::ed25519(Ed25519Rule::Zip215)
}

/// Items in which every check of every rule decides: keys and R of every torsion, signed; every encoding of a
/// small-order point as key and as R; keys and R that are none; S beyond its bounds; wrong lengths.
fn items() -> Vec<Sample> {
    let mut items = Vec::new();
    for (i, of_a) in EIGHT_TORSION.iter().enumerate() {
        for (j, of_r) in EIGHT_TORSION.iter().enumerate() {
            let (secret, nonce) = (Scalar::from(3 + i as u64), Scalar::from(77 + j as u64));
            let a = (B * secret + of_a).compress().0;
            let r = (B * nonce + of_r).compress().0;
            let message = vec![j as u8; 17 * i + j];
            let k = Sha512::new().chain_update(r).chain_update(a).chain_update(&message).finalize();
            let s = nonce + Scalar::from_bytes_mod_order_wide(&k.into()) * secret;
            let signature = [r, s.to_bytes()].concat();
            items.push(Sample { key: a.to_vec(), message, signature });
        }
    }
    let mut small = Vec::new();
    for y in SMALL_ORDER_Y {
        for sign in [0, 0x80] {
            let mut encoding = y;
            encoding[31] |= sign;
            small.push(encoding);
        }
    }
    for (i, a) in small.iter().enumerate() {
        for (j, r) in small.iter().enumerate() {
            let signature = [*r, [0; 32]].concat();
            items.push(Sample { key: a.to_vec(), message: vec![i as u8, j as u8], signature });
        }
    }
    let good = items[9].clone();
    let mut change = |change: fn(&mut Sample)| {
        let mut item = good.clone();
        change(&mut item);
        items.push(item);
    };
    change(|item| item.message.push(1));
    change(|item| item.key.truncate(31));
    change(|item| item.key.push(0));
    change(|item| item.signature.truncate(63));
    change(|item| item.signature[32..].fill(0xff));
    change(|item| item.signature[63] |= 0x10);
    change(|item| item.key = [&[2][..], &[0; 31]].concat());
    change(|item| item.signature[..32].copy_from_slice(&[&[2][..], &[0; 31]].concat()));
    // y = p + 3, which is not canonical, as key and as R.
    change(|item| item.key = [&[0xf0][..], &[0xff; 30], &[0x7f]].concat());
    change(|item| item.signature[..32].copy_from_slice(&[&[0xf0][..], &[0xff; 30], &[0x7f]].concat()));
    items
}

#[test]
fn every_rule_and_tier_judges_as_without_a_ring() {
    let items = items();
    let keys: Vec<&[u8]> = items.iter().map(|item| &item.key[..]).collect();
    for kind in kinds() {
        for (budget, path) in BUDGETS
            .into_iter()
            .flat_map(|budget| [(budget, PathChoice::Auto), (budget, PathChoice::Combination)])
        {
            let engine = builder(kind).key_budget(budget).path(path).build().expect("an engine");
            let ids = engine.register(&zip215(), &keys).expect("room");
            let stats = engine.key_stats();
            match budget {
                b if b == BUDGETS[0] => {
                    assert!(stats.full == stats.registered && stats.full > 20, "{stats:?}")
                }
                b if b == BUDGETS[1] => assert!(stats.compact > 20, "{stats:?}"),
                _ => assert!(stats.decoded == stats.registered && stats.decoded > 20, "{stats:?}"),
            }
            let mut batch = Batch::new();
            let mut expected = Vec::new();
            for rule in Ed25519Rule::ALL {
                let suite = Suite::ed25519(rule);
                for (item, id) in items.iter().zip(&ids) {
                    let Sample { key, message, signature } = item;
                    let verdict = oracle::verify(&suite, key, message, signature).expect("a suite it knows");
                    batch.push(&suite, Key::Bytes(key), Message::Raw(message), signature);
                    expected.push((rule, verdict));
                    if let Ok(id) = id {
                        batch.push(&suite, Key::Id(*id), Message::Raw(message), signature);
                        expected.push((rule, verdict));
                    }
                }
            }
            let verdicts = engine.verify(&batch).expect("verdicts");
            for (place, (verdict, expected)) in verdicts.iter().zip(&expected).enumerate() {
                assert_eq!(
                    (expected.0, verdict),
                    *expected,
                    "item {place} on {kind}, budget {budget}, {path:?}"
                );
            }
            assert!(verdicts.valid() > 100 && engine.key_stats().found > 4_000);
        }
    }
}

#[test]
fn registration_says_why_a_key_is_refused() {
    for (kind, engine) in common::engines() {
        let small = [0; 32];
        let unreduced = [&[0xee][..], &[0xff; 30], &[0x7f]].concat();
        let none = [&[2][..], &[0; 31]].concat();
        let keys: [&[u8]; 5] = [&[0x58; 31], &small, &unreduced, &none, b""];
        for rule in Ed25519Rule::ALL {
            let suite = Suite::ed25519(rule);
            let refused: Vec<Option<Reason>> =
                engine.register(&suite, keys).expect("room").into_iter().map(Result::err).collect();
            let why = |key: &[u8]| match oracle::verify(&suite, key, b"", &[0; 64]) {
                Some(Verdict::Invalid(reason)) if reason <= Reason::KeyNotOnCurve => Some(reason),
                _ => None,
            };
            assert_eq!(refused, keys.map(why), "{suite} on {kind}");
        }
    }
}

fn fleet(count: u64) -> Vec<Sample> {
    use ed25519_dalek::Signer;
    let sample = |number: u64| {
        let mut seed = [9; 32];
        seed[..8].copy_from_slice(&number.to_le_bytes());
        let signer = ed25519_dalek::SigningKey::from_bytes(&seed);
        let message = number.to_be_bytes().to_vec();
        let signature = signer.sign(&message).to_bytes().to_vec();
        Sample { key: signer.verifying_key().to_bytes().to_vec(), message, signature }
    };
    (0..count).map(sample).collect()
}

fn push(batch: &mut Batch, suite: &Suite, key: Key<'_>, item: &Sample) {
    batch.push(suite, key, Message::Raw(&item.message), &item.signature);
}

#[test]
fn ids_name_keys_in_pushed_and_in_borrowed_batches() {
    let engine = builder(BackendKind::Portable).build().expect("an engine");
    let suite = zip215();
    let items = fleet(20);
    let ids = engine.register(&suite, items.iter().map(|item| &item.key)).expect("room");
    let ids: Vec<KeyId> = ids.into_iter().map(|id| id.expect("a key")).collect();
    assert_eq!(engine.register(&suite, [&items[3].key]).expect("room"), [Ok(ids[3])]);
    let rows = |get: fn(&Sample) -> &[u8]| -> Vec<&[u8]> { items.iter().map(get).collect() };
    let (keys, messages, signatures) =
        (rows(|item| &item.key), rows(|item| &item.message), rows(|item| &item.signature));
    let some: Vec<Option<KeyId>> =
        ids.iter().enumerate().map(|(i, id)| (i % 3 == 0).then_some(*id)).collect();
    let columns: [Keys<'_>; 3] = [
        Keys::from(&ids[..]),
        Column::slices(&keys).into(),
        Keys::mixed(Column::slices(&keys), &some).expect("columns of one length"),
    ];
    for keys in columns {
        let view =
            BatchView::new(Suites::One(&suite), keys, Column::slices(&messages), Column::slices(&signatures));
        assert!(engine.verify_columns(&view.expect("a batch")).expect("verdicts").all_valid());
    }
    assert!(Keys::mixed(Column::slices(&keys), &some[1..]).is_err());
    let mut batch = Batch::new();
    for (i, item) in items.iter().enumerate() {
        let key = if i == 4 || i > 15 { Key::Id(ids[i]) } else { Key::Bytes(&item.key) };
        push(&mut batch, &suite, key, item);
    }
    // The key of another item.
    push(&mut batch, &suite, Key::Id(ids[0]), &items[1]);
    let verdicts: Vec<Verdict> = engine.verify(&batch).expect("verdicts").iter().collect();
    assert!(verdicts[..20].iter().all(|verdict| verdict.is_valid()));
    assert_eq!(verdicts[20], Verdict::Invalid(Reason::EquationFailed));
    batch.clear();
    push(&mut batch, &suite, Key::Bytes(&items[0].key), &items[0]);
    assert!(engine.verify(&batch).expect("verdicts").all_valid());
}

#[test]
fn a_key_that_is_not_there_is_an_error_and_not_a_verdict() {
    let engine = builder(BackendKind::Portable).build().expect("an engine");
    let other = builder(BackendKind::Portable).build().expect("an engine");
    let suite = zip215();
    let items = fleet(2);
    let keys: Vec<&Vec<u8>> = items.iter().map(|item| &item.key).collect();
    let ids = engine.register(&suite, keys).expect("room");
    let [first, second] = [ids[0].expect("a key"), ids[1].expect("a key")];
    let mut batch = Batch::new();
    push(&mut batch, &suite, Key::Id(first), &items[0]);
    push(&mut batch, &suite, Key::Id(second), &items[1]);
    assert!(engine.verify(&batch).expect("verdicts").all_valid());
    let unknown = |result: Result<_, Error>, expected: usize| match result {
        Err(Error::UnknownKey { item, .. }) => assert_eq!(item, expected),
        other => panic!("{other:?}"),
    };
    unknown(other.verify(&batch).map(|_| ()), 0);
    assert_eq!(engine.unregister(&[second, second]), 1);
    unknown(engine.verify(&batch).map(|_| ()), 1);
    let again = engine.register(&suite, [&items[1].key]).expect("room")[0].expect("a key");
    assert_ne!(again, second);
    unknown(engine.verify(&batch).map(|_| ()), 1);
    // A key of Ed25519 is none of BIP340, though both have 32 bytes.
    let bip340 = Suite::bip340();
    let mut batch = Batch::new();
    push(&mut batch, &bip340, Key::Id(first), &items[0]);
    unknown(engine.verify(&batch).map(|_| ()), 0);
    batch.clear();
    push(&mut batch, &bip340, Key::Bytes(&items[0].key), &items[0]);
    let same = other.verify(&batch).expect("verdicts").get(0);
    assert_eq!(engine.verify(&batch).expect("verdicts").get(0), same);
}

#[test]
fn the_budget_is_an_error_when_keys_do_not_fit_even_without_tables() {
    let engine = builder(BackendKind::Portable).key_budget(10_000).build().expect("an engine");
    let suite = zip215();
    let items = fleet(200);
    let few: Vec<&Vec<u8>> = items[..20].iter().map(|item| &item.key).collect();
    assert!(engine.register(&suite, few).expect("room").iter().all(Result::is_ok));
    let before = engine.key_stats();
    let error = engine.register(&suite, items.iter().map(|item| &item.key)).expect_err("no room");
    assert!(error.to_string().contains("key_budget"), "{error}");
    assert_eq!(engine.key_stats(), before);
    assert!(before.bytes <= 10_000 && before.registered == 20 && before.full == 0, "{before:?}");
    let mut batch = Batch::new();
    items.iter().for_each(|item| push(&mut batch, &suite, Key::Bytes(&item.key), item));
    assert!(engine.verify(&batch).expect("verdicts").all_valid());
}

#[test]
fn keys_are_admitted_after_valid_signatures_only() {
    for kind in kinds() {
        let engine = builder(kind).admit_keys(true).build().expect("an engine");
        let suite = zip215();
        let items = fleet(12);
        let mut good = Batch::new();
        let mut bad = Batch::new();
        for (i, item) in items.iter().enumerate() {
            match i % 2 {
                0 => push(&mut good, &suite, Key::Bytes(&item.key), item),
                _ => bad.push(&suite, Key::Bytes(&item.key), Message::Raw(b"not signed"), &item.signature),
            }
        }
        for round in 0..20 {
            assert!(engine.verify(&good).expect("verdicts").all_valid(), "{round}");
            assert_eq!(engine.verify(&bad).expect("verdicts").valid(), 0, "{round}");
        }
        let stats = engine.key_stats();
        assert_eq!((stats.admitted, stats.registered), (6, 0), "{stats:?}");
        assert!(stats.found >= 6 * 10, "{stats:?}");
        // Enough uses for a full table.
        for _ in 0..150 {
            assert!(engine.verify(&good).expect("verdicts").all_valid());
        }
        assert_eq!(engine.key_stats().full, 6);
        assert!(engine.verify(&good).expect("verdicts").all_valid());
        let silent = builder(kind).build().expect("an engine");
        for _ in 0..20 {
            assert!(silent.verify(&good).expect("verdicts").all_valid());
        }
        assert_eq!(silent.key_stats().admitted, 0, "nothing is admitted unasked");
    }
}

/// Keys join and leave in one thread while batches run in others: every verdict stays right, and a batch that names
/// ids sees the keys that were there when it began.
#[test]
fn keys_come_and_go_while_batches_run() {
    let (kind, _) = common::engines()[0];
    let engine = builder(kind).key_budget(8 << 20).admit_keys(true).build().expect("an engine");
    let suite = zip215();
    let items = fleet(256);
    let stays = engine.register(&suite, items[..32].iter().map(|item| &item.key)).expect("room");
    let stays: Vec<KeyId> = stays.into_iter().map(|id| id.expect("a key")).collect();
    let mut batch = Batch::new();
    for (i, item) in items.iter().enumerate() {
        let key = if i < 32 { Key::Id(stays[i]) } else { Key::Bytes(&item.key) };
        push(&mut batch, &suite, key, item);
    }
    batch.push(&suite, Key::Id(stays[0]), Message::Raw(b"wrong"), &items[0].signature);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut rounds = 0;
                while !done.load(Ordering::Relaxed) || rounds < 3 {
                    let verdicts = engine.verify(&batch).expect("verdicts");
                    assert_eq!(verdicts.valid(), 256);
                    assert_eq!(verdicts.get(256), Some(Verdict::Invalid(Reason::EquationFailed)));
                    rounds += 1;
                }
            });
        }
        for round in 0..60 {
            let part = 32 + round * 3..64 + round * 3;
            let ids = engine.register(&suite, items[part].iter().map(|item| &item.key)).expect("room");
            let ids: Vec<KeyId> = ids.into_iter().map(|id| id.expect("a key")).collect();
            assert_eq!(engine.unregister(&ids), 32);
        }
        done.store(true, Ordering::Relaxed);
    });
    let stats = engine.key_stats();
    assert_eq!(stats.registered, 32, "{stats:?}");
    assert!(stats.bytes <= stats.budget && stats.generation >= 120, "{stats:?}");
}

/// Tasks of the caller's pool register keys and verify. A thread that waits for the tables of one task takes up another,
/// so that neither may hold what the other waits for; that goes for the test of a scheme's tables too, which the first
/// of them starts.
#[test]
fn tasks_of_the_callers_pool_register_and_verify() {
    let (kind, _) = common::engines()[0];
    let items = fleet(2 * 8 * 20);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("a pool");
    let pool = std::sync::Arc::new(pool);
    let engine = Engine::builder().backend(BackendChoice::Forced(kind)).pool(pool.clone()).admit_keys(true);
    let engine = engine.build().expect("an engine");
    pool.scope(|scope| {
        for (task, items) in items.chunks(20).enumerate() {
            let engine = &engine;
            scope.spawn(move |_| {
                let ids = engine.register(&zip215(), items.iter().map(|item| &item.key)).expect("room");
                assert!(ids.iter().all(Result::is_ok), "task {task}");
                let mut batch = Batch::new();
                for (item, id) in items.iter().zip(&ids) {
                    push(&mut batch, &zip215(), Key::Id(id.expect("a key")), item);
                }
                assert!(engine.verify(&batch).expect("verdicts").all_valid(), "task {task}");
            });
        }
    });
    let stats = engine.key_stats();
    assert_eq!((stats.registered, stats.full), (items.len(), items.len()), "{stats:?}");
}

/// The most memory that this process has had resident, where the system says it.
fn peak_resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

/// Many keys: encodings of points, of which about half of all strings are. `SIGWARP_RING_KEYS` sets how many;
/// `scripts/prove ed25519-ring` runs a million within a stated memory.
#[test]
fn a_large_ring_stays_within_its_budget() {
    let count: usize = match std::env::var("SIGWARP_RING_KEYS") {
        Ok(count) => count.parse().expect("SIGWARP_RING_KEYS is a number"),
        Err(_) => 5_000,
    };
    let (kind, _) = common::engines()[0];
    let budget = count * 2_650;
    let engine = builder(kind).key_budget(budget).build().expect("an engine");
    let suite = zip215();
    let signers = fleet(64);
    let mut keys: Vec<[u8; 32]> = Vec::with_capacity(count);
    let mut seen = BTreeSet::new();
    for (i, item) in signers.iter().enumerate() {
        let key: [u8; 32] = item.key[..].try_into().expect("32 bytes");
        assert!(seen.insert(key), "signer {i} has a key of its own");
        keys.push(key);
    }
    // Half of all strings are points, so these are some more than `count`. One call, so that all keys get the tier that
    // there is room for from the start.
    keys.extend((0..2 * count as u64 + count as u64 / 50).map(|i| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&(i + 1).to_le_bytes());
        bytes[8..16].copy_from_slice(&(i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
        bytes
    }));
    let registered = engine.register(&suite, &keys).expect("room");
    let stats = engine.key_stats();
    assert!(stats.registered >= count, "{stats:?}");
    assert!(stats.bytes <= budget && stats.decoded == 0, "{stats:?}");
    println!("{} keys: {} bytes each, {stats:?}", stats.registered, stats.bytes / stats.registered);
    if let Some(bytes) = peak_resident_bytes() {
        println!("peak resident {bytes} bytes");
    }
    let mut batch = Batch::new();
    for (item, id) in signers.iter().zip(&registered) {
        push(&mut batch, &suite, Key::Id(id.expect("a key")), item);
        push(&mut batch, &suite, Key::Bytes(&item.key), item);
    }
    assert!(engine.verify(&batch).expect("verdicts").all_valid());
    assert_eq!(engine.key_stats().found, 128);
}
