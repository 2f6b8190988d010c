//! Registered keys of P-256, secp256k1, BIP 340 and SM2: the verdicts of unregistered ones in every tier, batch size
//! and position, and what happens to batches when keys come and go.

use crate::common;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use common::subjects::{self, Sample, Subject};
use sigwarp::{
    BackendChoice, BackendKind, Batch, Builder, EcdsaEncoding, EcdsaRule, EcdsaScheme, Engine, Key, KeyId,
    Message, Reason, Scheme, Sm2Encoding, Suite, Verdict, oracle,
};

fn builder(kind: BackendKind) -> Builder {
    Engine::builder().backend(BackendChoice::Forced(kind)).threads(NonZeroUsize::new(2).expect("two threads"))
}

fn kinds() -> impl Iterator<Item = BackendKind> {
    common::engines().iter().map(|(kind, _)| *kind).filter(|kind| {
        let suite = p256();
        common::engines().iter().any(|(other, engine)| other == kind && engine.supports(&suite))
    })
}

fn p256() -> Suite {
    Suite::ecdsa(EcdsaScheme::P256Sha256, EcdsaRule::Any, EcdsaEncoding::Raw)
}

/// A subject for every suite, made once.
fn all_subjects() -> &'static [Subject] {
    static ALL: LazyLock<Vec<Subject>> = LazyLock::new(|| {
        let mut all = subjects::ecdsa();
        all.extend([subjects::bip340(), subjects::bip341()]);
        all.extend(subjects::sm2());
        all
    });
    &ALL
}

/// The subject of a suite.
fn subject(suite: &Suite) -> &'static Subject {
    all_subjects().iter().find(|subject| subject.suite == *suite).expect("a subject")
}

fn push(batch: &mut Batch, suite: &Suite, key: Key<'_>, item: &Sample) {
    let message = Message::of(suite.scheme().input(), &item.message);
    batch.push(suite, key, message, &item.signature);
}

/// Items of a subject with their verdicts.
fn rows(subject: &Subject, valid: usize) -> Vec<(&Sample, Verdict)> {
    let good = subject.valid.iter().take(valid).map(|item| (item, Verdict::Valid));
    good.chain(subject.invalid.iter().map(|(item, reason)| (item, Verdict::Invalid(*reason)))).collect()
}

/// Every suite under keys with full tables, compact ones and none, by id and by bytes, among items whose keys are not
/// registered.
#[test]
fn every_suite_and_tier_judges_as_without_a_ring() {
    // So many keys of each of four curves: a full table, a compact one, a point.
    const VALID: usize = 12;
    for subject in all_subjects() {
        for (item, verdict) in rows(subject, VALID) {
            let said = oracle::verify(&subject.suite, &item.key, &item.message, &item.signature);
            assert_eq!(said, Some(verdict), "{}", subject.suite);
        }
    }
    for kind in kinds() {
        // An emulated lane costs as much as a vector: every fifth suite there, which are of every curve.
        let step = if kind == BackendKind::Emulated { 5 } else { 1 };
        for (tier, budget) in [1 << 30, 4 * 24 * 2_450, 4 * 24 * 300].into_iter().enumerate() {
            let engine = builder(kind).key_budget(budget).build().expect("an engine");
            let mut batch = Batch::new();
            let mut expected = Vec::new();
            for subject in all_subjects().iter().step_by(step) {
                let suite = &subject.suite;
                let rows = rows(subject, VALID);
                let keys: Vec<&[u8]> = rows.iter().map(|(item, _)| &item.key[..]).collect();
                // Every fourth key is not registered.
                let chosen: Vec<&[u8]> =
                    keys.iter().enumerate().filter(|(i, _)| i % 4 != 3).map(|(_, key)| *key).collect();
                let ids = engine.register(suite, &chosen).expect("room");
                let ids: BTreeMap<&[u8], Result<KeyId, Reason>> = chosen.into_iter().zip(ids).collect();
                for (item, verdict) in rows {
                    push(&mut batch, suite, Key::Bytes(&item.key), item);
                    expected.push(verdict);
                    match ids.get(&item.key[..]) {
                        Some(Ok(id)) => {
                            push(&mut batch, suite, Key::Id(*id), item);
                            expected.push(verdict);
                        }
                        // What registration says of a key is what every signature under it gets.
                        Some(Err(reason)) => assert_eq!(verdict, Verdict::Invalid(*reason), "{suite}"),
                        None => {}
                    }
                }
            }
            let stats = engine.key_stats();
            match tier {
                0 => assert_eq!(stats.full, stats.registered, "{stats:?}"),
                1 => assert!(stats.compact > stats.full && stats.compact > 20, "{stats:?}"),
                _ => assert!(stats.decoded > 20, "{stats:?}"),
            }
            assert!(stats.registered > 30, "{stats:?}");
            let view = batch.view().expect("a batch");
            // Again, with what the first time has left beside the tables: SM2 keeps a hash of a key, for one ID of three.
            for round in 0..2 {
                let verdicts = engine.verify(&batch).expect("verdicts");
                assert_eq!(verdicts.iter().len(), expected.len());
                for (place, (verdict, expected)) in verdicts.iter().zip(&expected).enumerate() {
                    let of = view.len();
                    assert_eq!(verdict, *expected, "item {place} of {of} on {kind}, {budget}, round {round}");
                }
            }
            assert!(engine.key_stats().found > 5 * 20);
        }
    }
}

/// A bad item in each position of a batch of every size up to two vectors and one: it alone is invalid.
#[test]
fn a_bad_item_harms_no_other_in_any_position() {
    let sm2 = Suite::sm2(Sm2Encoding::Raw);
    let secp256k1 = Suite::ecdsa(EcdsaScheme::Secp256k1, EcdsaRule::LowS, EcdsaEncoding::RawV);
    for kind in kinds() {
        let emulated = kind == BackendKind::Emulated;
        for suite in
            [&p256(), &secp256k1, &Suite::bip340(), &sm2].into_iter().take(if emulated { 1 } else { 4 })
        {
            let subject = subject(suite);
            for budget in [1 << 30, 17 * 2_450] {
                let engine = builder(kind).key_budget(budget).build().expect("an engine");
                let items = &subject.valid[..17];
                let (bad, reason) = &subject.invalid[0];
                // Every fifth item stays cold.
                let keys: Vec<&Vec<u8>> =
                    items.iter().enumerate().filter(|(i, _)| i % 5 != 4).map(|(_, item)| &item.key).collect();
                assert!(engine.register(suite, keys).expect("room").iter().all(Result::is_ok));
                let step = if emulated { 8 } else { 1 };
                for size in (1..=17).step_by(step) {
                    for place in (0..size).step_by(step) {
                        let mut batch = Batch::new();
                        for (i, item) in items[..size].iter().enumerate() {
                            let item = if i == place { bad } else { item };
                            push(&mut batch, suite, Key::Bytes(&item.key), item);
                        }
                        for (i, verdict) in engine.verify(&batch).expect("verdicts").iter().enumerate() {
                            let expected =
                                if i == place { Verdict::Invalid(*reason) } else { Verdict::Valid };
                            assert_eq!(verdict, expected, "item {i} of {size}, {suite} on {kind}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn registration_says_why_a_key_is_refused() {
    let mut hybrid = all_subjects()
        .iter()
        .find(|subject| subject.suite.scheme() == Scheme::EcdsaSecp256k1)
        .and_then(|subject| subject.valid.iter().find(|item| item.key.len() == 65))
        .expect("an uncompressed key")
        .key
        .clone();
    hybrid[0] = 6 + (hybrid[64] & 1);
    let mut wrong_parity = hybrid.clone();
    wrong_parity[0] ^= 1;
    let mut off_curve = hybrid.clone();
    (off_curve[0], off_curve[64]) = (4, off_curve[64] ^ 1);
    let keys: [&[u8]; 10] = [
        &hybrid,
        &wrong_parity,
        &off_curve,
        &off_curve[1..],
        &[0],
        &[],
        &[0xff; 33],
        &[&[2][..], &[0xff; 32]].concat(),
        &[0xff; 64],
        &[0xff; 32],
    ];
    for kind in kinds() {
        let engine = builder(kind).build().expect("an engine");
        for subject in all_subjects() {
            let suite = &subject.suite;
            let refused: Vec<Option<Reason>> =
                engine.register(suite, keys).expect("room").into_iter().map(Result::err).collect();
            let Sample { message, signature, .. } = &subject.valid[0];
            let why = |key: &[u8]| match oracle::verify(suite, key, message, signature) {
                Some(Verdict::Invalid(reason)) if reason <= Reason::KeyNotOnCurve => Some(reason),
                _ => None,
            };
            assert_eq!(refused, keys.map(why), "{suite} on {kind}");
        }
    }
}

/// A hybrid key is registered where Bitcoin's encodings take it, and refused under the others all the same.
#[test]
fn a_registered_hybrid_key_is_refused_where_it_is_none() {
    let suite = |encoding| Suite::ecdsa(EcdsaScheme::Secp256k1, EcdsaRule::Any, encoding);
    let sample = |encoding| {
        let mut item = subject(&suite(encoding))
            .valid
            .iter()
            .find(|item| item.key.len() == 65)
            .expect("uncompressed")
            .clone();
        item.key[0] = 6 + (item.key[64] & 1);
        item
    };
    for kind in kinds() {
        let engine = builder(kind).build().expect("an engine");
        let (lax, strict) = (sample(EcdsaEncoding::DerLax), sample(EcdsaEncoding::Der));
        let id = engine.register(&suite(EcdsaEncoding::DerLax), [&lax.key]).expect("room")[0].expect("a key");
        let again = engine.register(&suite(EcdsaEncoding::Raw), [&lax.key]).expect("room")[0];
        assert_eq!(again, Err(Reason::BadKeyEncoding));
        let mut batch = Batch::new();
        push(&mut batch, &suite(EcdsaEncoding::DerLax), Key::Id(id), &lax);
        push(&mut batch, &suite(EcdsaEncoding::Der), Key::Id(id), &strict);
        let verdicts: Vec<Verdict> = engine.verify(&batch).expect("verdicts").iter().collect();
        assert_eq!(verdicts, [Verdict::Valid, Verdict::Invalid(Reason::BadKeyEncoding)], "{kind}");
    }
}

fn fleet() -> &'static [Sample] {
    &subject(&p256()).valid
}

#[test]
fn the_budget_is_an_error_when_keys_do_not_fit_even_without_tables() {
    let items = fleet();
    for kind in kinds() {
        let engine = builder(kind).key_budget(8_000).build().expect("an engine");
        let few: Vec<&Vec<u8>> = items[..10].iter().map(|item| &item.key).collect();
        assert!(engine.register(&p256(), few).expect("room").iter().all(Result::is_ok));
        let before = engine.key_stats();
        let error = engine.register(&p256(), items.iter().map(|item| &item.key)).expect_err("no room");
        assert!(error.to_string().contains("key_budget"), "{error}");
        assert_eq!(engine.key_stats(), before);
        assert!(before.bytes <= 8_000 && before.registered == 10 && before.full == 0, "{before:?}");
        let mut batch = Batch::new();
        items.iter().for_each(|item| push(&mut batch, &p256(), Key::Bytes(&item.key), item));
        assert!(engine.verify(&batch).expect("verdicts").all_valid());
    }
}

#[test]
fn keys_are_admitted_after_valid_signatures_only() {
    let items = fleet();
    for kind in kinds() {
        let engine = builder(kind).admit_keys(true).build().expect("an engine");
        let (mut good, mut bad) = (Batch::new(), Batch::new());
        for (i, item) in items[..12].iter().enumerate() {
            match i % 2 {
                0 => push(&mut good, &p256(), Key::Bytes(&item.key), item),
                _ => bad.push(&p256(), Key::Bytes(&item.key), Message::Raw(b"not signed"), &item.signature),
            }
        }
        for round in 0..20 {
            assert!(engine.verify(&good).expect("verdicts").all_valid(), "{round}");
            assert_eq!(engine.verify(&bad).expect("verdicts").valid(), 0, "{round}");
        }
        let stats = engine.key_stats();
        assert_eq!((stats.admitted, stats.registered), (6, 0), "{stats:?}");
        assert_eq!(stats.compact, 6, "{stats:?}");
        assert!(stats.found >= 6 * 10, "{stats:?}");
    }
}

/// Keys join and leave in one thread while batches run in others: every verdict stays right.
#[test]
fn keys_come_and_go_while_batches_run() {
    let (kind, _) = common::engines()[0];
    let engine = builder(kind).key_budget(1 << 20).admit_keys(true).build().expect("an engine");
    let items = fleet();
    let stays = engine.register(&p256(), items[..16].iter().map(|item| &item.key)).expect("room");
    let stays: Vec<KeyId> = stays.into_iter().map(|id| id.expect("a key")).collect();
    let mut batch = Batch::new();
    for (i, item) in items.iter().enumerate() {
        let key = if i < 16 { Key::Id(stays[i]) } else { Key::Bytes(&item.key) };
        push(&mut batch, &p256(), key, item);
    }
    batch.push(&p256(), Key::Id(stays[0]), Message::Raw(b"wrong"), &items[0].signature);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut rounds = 0;
                while !done.load(Ordering::Relaxed) || rounds < 3 {
                    let verdicts = engine.verify(&batch).expect("verdicts");
                    assert_eq!(verdicts.valid(), items.len());
                    assert_eq!(verdicts.get(items.len()), Some(Verdict::Invalid(Reason::EquationFailed)));
                    rounds += 1;
                }
            });
        }
        for round in 0..40 {
            let part = 16 + round..24 + round;
            let ids = engine.register(&p256(), items[part].iter().map(|item| &item.key)).expect("room");
            let ids: Vec<KeyId> = ids.into_iter().map(|id| id.expect("a key")).collect();
            assert_eq!(engine.unregister(&ids), 8);
        }
        done.store(true, Ordering::Relaxed);
    });
    let stats = engine.key_stats();
    assert_eq!(stats.registered, 16, "{stats:?}");
    assert!(stats.bytes <= stats.budget && stats.generation >= 80, "{stats:?}");
}
