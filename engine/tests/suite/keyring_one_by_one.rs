//! Registered keys of the schemes that are verified one by one: the verdicts of unregistered ones, what they cost, and
//! that they belong to their scheme. Wycheproof's cases are judged with their keys registered too, in
//! `wycheproof_one_by_one.rs`.

use crate::common;

use std::num::NonZeroUsize;

use common::subjects::{Sample, Subject, one_by_one};
use sigwarp::{
    BackendChoice, BackendKind, Batch, Builder, Engine, Error, Key, KeyId, Message, Reason, Suite, Verdict,
    oracle,
};

fn builder(kind: BackendKind) -> Builder {
    Engine::builder().backend(BackendChoice::Forced(kind)).threads(NonZeroUsize::new(2).expect("two threads"))
}

fn portable() -> Builder {
    builder(BackendKind::Portable)
}

/// A subject of each scheme, in the order of their names.
fn subjects() -> [Subject; 3] {
    // Signing takes a while.
    let mut all = one_by_one();
    ["ecdsa-p384-sha384", "rsa-pkcs1-sha256", "rsa-pss-sha256"].map(|scheme| {
        let place = all.iter().position(|subject| subject.suite.scheme().name() == scheme);
        all.swap_remove(place.expect("a subject of it"))
    })
}

fn push(batch: &mut Batch, suite: &Suite, key: Key<'_>, item: &Sample) {
    batch.push(suite, key, Message::Raw(&item.message), &item.signature);
}

fn register(engine: &Engine, suite: &Suite, items: &[Sample]) -> Vec<KeyId> {
    let ids = engine.register(suite, items.iter().map(|item| &item.key)).expect("room");
    ids.into_iter().map(|id| id.expect("a key")).collect()
}

/// In every form of key, with signatures of every kind, by bytes and by id; and a key that is none is refused for the
/// reason that its items have.
#[test]
fn registered_keys_are_judged_and_refused_as_others_are() {
    let judged = |Subject { suite, valid, invalid }: Subject| {
        let items = valid.into_iter().take(8).chain(invalid.into_iter().map(|(item, _)| item));
        let judged = |item: Sample| {
            let Sample { key, message, signature } = &item;
            let verdict = oracle::verify(&suite, key, message, signature).expect("a suite it knows");
            (item, verdict)
        };
        let items: Vec<(Sample, Verdict)> = items.map(judged).collect();
        (suite, items)
    };
    let subjects: Vec<(Suite, Vec<(Sample, Verdict)>)> = one_by_one().into_iter().map(judged).collect();
    for (kind, _) in common::engines() {
        let engine = builder(*kind).build().expect("an engine");
        let mut of_keys = Vec::new();
        for (suite, items) in &subjects {
            let ids = engine.register(suite, items.iter().map(|(item, _)| &item.key)).expect("room");
            let (mut batch, mut expected) = (Batch::new(), Vec::new());
            for ((item, verdict), id) in items.iter().zip(&ids) {
                let ways = match id {
                    Ok(id) => vec![Key::Bytes(&item.key), Key::Id(*id)],
                    Err(reason) => {
                        assert_eq!(*verdict, Verdict::Invalid(*reason), "{suite} on {kind}");
                        of_keys.push(*reason);
                        vec![Key::Bytes(&item.key)]
                    }
                };
                for way in ways {
                    push(&mut batch, suite, way, item);
                    expected.push(*verdict);
                }
            }
            let before = engine.key_stats().found;
            let found: Vec<Verdict> = engine.verify(&batch).expect("verdicts").iter().collect();
            assert_eq!(found, expected, "{suite} on {kind}");
            assert!(found.iter().filter(|verdict| verdict.is_valid()).count() >= 16, "{suite} on {kind}");
            let registered = ids.iter().filter(|id| id.is_ok()).count() as u64;
            assert_eq!(engine.key_stats().found - before, 2 * registered, "by bytes and by id");
        }
        for reason in
            [Reason::BadKeyLength, Reason::BadKeyEncoding, Reason::NonCanonicalKey, Reason::KeyNotOnCurve]
        {
            assert!(of_keys.contains(&reason), "{reason} on {kind}");
        }
        let stats = engine.key_stats();
        assert_eq!((stats.full, stats.compact, stats.decoded), (0, 0, stats.registered), "{stats:?}");
    }
}

#[test]
fn a_key_is_registered_for_its_scheme_and_for_both_paddings_of_rsa() {
    let engine = portable().build().expect("an engine");
    let [p384, pkcs1, pss] = subjects();
    let of_p384 = register(&engine, &p384.suite, &p384.valid[..3]);
    let of_rsa = register(&engine, &pkcs1.suite, &pkcs1.valid[..2]);
    assert_eq!(of_rsa[0], of_rsa[1], "the same bytes");
    assert_eq!(register(&engine, &pss.suite, &pss.valid[..1]), of_rsa[..1]);
    assert_eq!(engine.key_stats().registered, 4);
    let mut batch = Batch::new();
    push(&mut batch, &pkcs1.suite, Key::Id(of_rsa[0]), &pkcs1.valid[0]);
    push(&mut batch, &pss.suite, Key::Id(of_rsa[0]), &pss.valid[0]);
    push(&mut batch, &p384.suite, Key::Id(of_p384[1]), &p384.valid[1]);
    assert!(engine.verify(&batch).expect("verdicts").all_valid());
    let p256 = Suite::from_names("ecdsa-p256-sha256", Some("ecdsa"), None, None).expect("names of a suite");
    for (suite, id) in [(&pkcs1.suite, of_p384[1]), (&p256, of_p384[1]), (&p384.suite, of_rsa[0])] {
        let mut batch = Batch::new();
        push(&mut batch, suite, Key::Id(id), &p384.valid[1]);
        match engine.verify(&batch) {
            Err(Error::UnknownKey { item: 0, id: named }) => assert_eq!(named, id),
            other => panic!("{suite}: {other:?}"),
        }
    }
    // The bytes of one are no key of another.
    let keys = [&p384.valid[1].key, &pkcs1.valid[0].key];
    let refused = |suite: &Suite, key| engine.register(suite, [key]).expect("room")[0].expect_err("no key");
    assert_eq!(refused(&pkcs1.suite, keys[0]), Reason::BadKeyEncoding);
    assert_eq!(refused(&p256, keys[0]), Reason::BadKeyLength);
    assert_eq!(refused(&p384.suite, keys[1]), Reason::BadKeyLength);
    assert_eq!(engine.unregister(&of_p384), 3);
    let stats = engine.key_stats();
    assert_eq!((stats.registered, stats.decoded), (1, 1), "{stats:?}");
}

#[test]
fn the_budget_counts_long_keys_by_their_bytes() {
    let [p384, rsa, _] = subjects();
    let bytes = |engine: &Engine| engine.key_stats().bytes;
    let engine = portable().build().expect("an engine");
    let ids = register(&engine, &rsa.suite, &rsa.valid[..1]);
    let of_rsa = bytes(&engine);
    // The encoded key, and n with what powers are computed by.
    assert!((270 + 4 * 256..2_048).contains(&of_rsa), "{of_rsa}");
    register(&engine, &p384.suite, &p384.valid[..8]);
    let all = bytes(&engine);
    assert!(((97 + 96) * 8..8 * 512).contains(&(all - of_rsa)), "{all}");
    assert_eq!(engine.unregister(&ids), 1);
    assert_eq!(bytes(&engine), all - of_rsa);

    let tight = portable().key_budget(all - 1).build().expect("an engine");
    register(&tight, &p384.suite, &p384.valid[..8]);
    match tight.register(&rsa.suite, [&rsa.valid[0].key]) {
        Err(Error::KeyBudget { needed, budget }) => assert_eq!((needed, budget), (all, all - 1)),
        other => panic!("{other:?}"),
    }
    assert_eq!((bytes(&tight), tight.key_stats().registered), (all - of_rsa, 8));
    let exact = portable().key_budget(all).build().expect("an engine");
    register(&exact, &p384.suite, &p384.valid[..8]);
    register(&exact, &rsa.suite, &rsa.valid[..1]);
    assert_eq!(bytes(&exact), all);
}

#[test]
fn long_keys_are_admitted_after_valid_signatures_only() {
    let engine = portable().admit_keys(true).build().expect("an engine");
    let [p384, rsa, _] = subjects();
    let mut batch = Batch::new();
    for item in &p384.valid[..4] {
        push(&mut batch, &p384.suite, Key::Bytes(&item.key), item);
    }
    push(&mut batch, &rsa.suite, Key::Bytes(&rsa.valid[0].key), &rsa.valid[0]);
    let valid = batch.len();
    let bad = Sample { message: b"not signed".to_vec(), ..p384.valid[5].clone() };
    push(&mut batch, &p384.suite, Key::Bytes(&bad.key), &bad);
    for _ in 0..8 {
        assert_eq!(engine.verify(&batch).expect("verdicts").valid(), valid);
    }
    let stats = engine.key_stats();
    assert_eq!((stats.admitted, stats.decoded, stats.registered), (valid, valid, 0), "{stats:?}");
    assert!(stats.found > 0, "{stats:?}");
}
