//! The public calls: empty and huge batches, borrowed columns, errors that are not verdicts, arbitrary bytes.

use crate::common;

use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock};

use common::subjects;
use proptest::prelude::*;
use sigwarp::{
    BackendChoice, BackendKind, Batch, BatchView, Column, EcdsaRule, Ed25519Rule, Engine, Key, KeyId,
    Message, Reason, Suite, Suites, Threads, Verdict, oracle,
};

fn zip215() -> Suite {
    Suite::ed25519(Ed25519Rule::Zip215)
}

#[test]
fn an_empty_batch_has_no_verdicts() {
    for (_, engine) in common::engines() {
        let verdicts = engine.verify(&Batch::new()).expect("verdicts");
        assert!(verdicts.is_empty() && verdicts.all_valid());
        assert_eq!(verdicts.get(0), None);
    }
}

#[test]
fn a_million_items_keep_their_places() {
    let subject = &subjects::ed25519()[0];
    for (_, engine) in common::engines() {
        let mut batch = Batch::new();
        for item in 0..1_000_000usize {
            // Mostly items that the bytes decide, so that this tests places and not arithmetic.
            let sample = &subject.valid[item % 65];
            let key = if item % 1000 == 0 { &sample.key[..] } else { &sample.key[..item % 32] };
            batch.push(&subject.suite, Key::Bytes(key), Message::Raw(&sample.message), &sample.signature);
        }
        let verdicts = engine.verify(&batch).expect("verdicts");
        assert_eq!(verdicts.len(), 1_000_000);
        assert_eq!(verdicts.valid(), 1_000);
        for (item, verdict) in verdicts.iter().enumerate() {
            let expected =
                if item % 1000 == 0 { Verdict::Valid } else { Verdict::Invalid(Reason::BadKeyLength) };
            assert_eq!(verdict, expected, "item {item}");
        }
    }
}

#[test]
#[ignore = "a million signatures take about a minute; scripts/prove main-job runs it"]
fn a_million_signatures() {
    let subject = &subjects::ed25519()[0];
    for (kind, engine) in common::engines() {
        let mut batch = Batch::new();
        for item in 0..1_000_000usize {
            let sample = if item == 777_777 { &subject.invalid[0].0 } else { &subject.valid[item % 65] };
            batch.push(
                &subject.suite,
                Key::Bytes(&sample.key),
                Message::Raw(&sample.message),
                &sample.signature,
            );
        }
        let verdicts = engine.verify(&batch).expect("verdicts");
        let invalid: Vec<usize> =
            (0..verdicts.len()).filter(|&i| verdicts.get(i) != Some(Verdict::Valid)).collect();
        assert_eq!((verdicts.len(), invalid), (1_000_000, vec![777_777]), "{kind}");
    }
}

#[test]
fn borrowed_columns_give_the_verdicts_of_a_pushed_batch() {
    let subject = &subjects::ed25519()[0];
    let rows = |field: fn(&subjects::Sample) -> &Vec<u8>| -> Vec<&[u8]> {
        subject.valid.iter().map(|sample| field(sample).as_slice()).collect()
    };
    let (keys, messages, signatures) = (rows(|s| &s.key), rows(|s| &s.message), rows(|s| &s.signature));
    let (flat_keys, flat_signatures) = (keys.concat(), signatures.concat());
    for (_, engine) in common::engines() {
        let view = BatchView::new(
            Suites::One(&subject.suite),
            Column::fixed(&flat_keys, 32).expect("whole rows"),
            Column::slices(&messages),
            Column::fixed(&flat_signatures, 64).expect("whole rows"),
        )
        .expect("equal rows");
        let verdicts = engine.verify_columns(&view).expect("verdicts");
        assert_eq!((verdicts.len(), verdicts.valid()), (65, 65));
        // Rotating the signatures by one makes every item invalid.
        let mut rotated = signatures.clone();
        rotated.rotate_left(1);
        let view = BatchView::new(
            Suites::One(&subject.suite),
            Column::slices(&keys),
            Column::slices(&messages),
            Column::slices(&rotated),
        )
        .expect("equal rows");
        assert_eq!(engine.verify_columns(&view).expect("verdicts").valid(), 0);
    }
}

#[test]
fn misuse_is_an_error_and_never_a_verdict() {
    for (_, engine) in common::engines() {
        let mut batch = Batch::new();
        batch.push(&zip215(), Key::Bytes(&[0; 32]), Message::Digest(&[0; 32]), &[0; 64]);
        let error = engine.verify(&batch).unwrap_err().to_string();
        assert_eq!(error, "item 0: ed25519 zip215 raw takes a message");
    }
}

#[test]
fn verdicts_say_who_decided_and_why() {
    let engine = common::portable(2);
    let mut batch = Batch::new();
    batch.push(&zip215(), Key::Bytes(&[0; 31]), Message::Raw(b""), &[0; 64]);
    let verdicts = engine.verify(&batch).expect("verdicts");
    assert_eq!(verdicts.explain().to_string(), "cpu portable: 1 item, on 2 threads, named by the caller");
}

#[test]
fn the_callers_pool_is_used() {
    let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("a pool"));
    let engine = Engine::builder().pool(pool).backend(BackendChoice::Auto).build().expect("an engine");
    assert_eq!(engine.threads(), 3);
    let batch = Batch::new();
    assert!(engine.verify(&batch).expect("verdicts").is_empty());
}

/// More threads than can help are not started, and the engine says how many it has.
#[test]
fn an_engine_takes_any_number_of_threads() {
    let most = Threads::most();
    let beyond = most.saturating_add(1);
    for (asked, has) in [(NonZeroUsize::MIN, 1), (beyond, most.get()), (NonZeroUsize::MAX, most.get())] {
        let builder = Engine::builder().threads(asked).backend(BackendChoice::Forced(BackendKind::Portable));
        let engine = builder.build().expect("an engine");
        assert_eq!(engine.threads(), has, "{asked} threads");
        let mut batch = Batch::new();
        batch.push(&zip215(), Key::Bytes(&[0; 31]), Message::Raw(b""), &[0; 64]);
        let verdicts = engine.verify(&batch).expect("verdicts");
        assert_eq!(verdicts.get(0), Some(Verdict::Invalid(Reason::BadKeyLength)));
    }
}

/// A budget without room for a key is an error that says so; the greatest takes no memory by itself.
#[test]
fn an_engine_takes_any_key_budget() {
    let key = &subjects::ed25519()[0].valid[0].key;
    for (budget, has_room) in [(0, false), (1, false), (1 << 20, true), (usize::MAX, true)] {
        let builder = Engine::builder().threads(NonZeroUsize::MIN).key_budget(budget).admit_keys(true);
        let engine =
            builder.backend(BackendChoice::Forced(BackendKind::Portable)).build().expect("an engine");
        let registered = engine.register(&zip215(), [key]);
        assert_eq!(registered.is_ok(), has_room, "{budget}: {registered:?}");
        if let Err(error) = registered {
            assert!(
                error.to_string().contains(&format!("and may take {budget}; raise the budget")),
                "{error}"
            );
        }
        assert_eq!(engine.key_stats().budget, budget);
    }
}

/// Numbers of a device: fractions that are none become one between 0 and 1, and an adapter that is not there is an
/// error, wherever its index lies.
#[test]
#[cfg(feature = "gpu")]
fn a_device_takes_any_fraction_and_any_index() {
    use sigwarp::{AdapterChoice, GpuOptions};
    let recheck = |fraction: f64| GpuOptions::new().recheck(fraction);
    for (given, taken) in [
        (0.0, 0.0),
        (-0.0, 0.0),
        (f64::MIN_POSITIVE, f64::MIN_POSITIVE),
        (1.0, 1.0),
        (-1.0, 0.0),
        (f64::NEG_INFINITY, 0.0),
        (2.0, 1.0),
        (f64::MAX, 1.0),
        (f64::INFINITY, 1.0),
        (f64::NAN, 1.0),
    ] {
        assert_eq!(recheck(given), recheck(taken), "{given}");
    }
    assert_eq!(AdapterChoice::from_text("18446744073709551615"), AdapterChoice::Index(usize::MAX));
    assert_eq!(
        AdapterChoice::from_text("18446744073709551616"),
        AdapterChoice::Name("18446744073709551616".to_owned())
    );
    for choice in [AdapterChoice::Index(usize::MAX), AdapterChoice::from_text("-1")] {
        let builder = Engine::builder().backend(BackendChoice::Forced(BackendKind::Gpu));
        let error = builder.gpu(GpuOptions::new().adapter(choice)).build().unwrap_err().to_string();
        assert!(
            error.starts_with("backend gpu does not run here: ") && error.contains("no adapter"),
            "{error}"
        );
    }
}

/// Ids, widths and recovery ids of any value: what they do not name is an error or a reason.
#[test]
fn ids_and_widths_of_any_value_are_errors_and_never_verdicts() {
    for number in [1, u64::from(u32::MAX), 1 << 63, u64::MAX] {
        let mut batch = Batch::new();
        let id = KeyId::from_number(number).expect("not 0");
        batch.push(&zip215(), Key::Id(id), Message::Raw(b""), &[0; 64]);
        let error = PORTABLE.verify(&batch).unwrap_err().to_string();
        assert!(error.starts_with(&format!("item 0: key {number:016x} is not registered")), "{error}");
        assert_eq!(PORTABLE.unregister(&[id]), 0);
    }
    assert_eq!(KeyId::from_number(0), None);
    for width in [0, 3, usize::MAX] {
        assert!(Column::fixed(&[0; 64], width).is_err(), "{width}");
    }
    for span in [(65, 0), (0, 65), (usize::MAX, 1), (1, usize::MAX), (usize::MAX, usize::MAX)] {
        assert!(Column::spans(&[0; 64], &[span]).is_err(), "{span:?}");
    }
    for recovery_id in [4, 27, 255] {
        let (digest, signature) = ([1; 32], [5; 64]);
        let columns =
            [Column::fixed(&digest, 32), Column::fixed(&signature, 64)].map(|column| column.unwrap());
        let keys = PORTABLE.recover(EcdsaRule::Any, columns[0], columns[1], &[recovery_id]).expect("answers");
        assert!(keys[0].is_err(), "{recovery_id}");
    }
}

static PORTABLE: LazyLock<&Engine> = LazyLock::new(|| common::portable(1));

fn any_suite() -> impl Strategy<Value = Suite> {
    let mut suites = Suite::all();
    suites.retain(|suite| PORTABLE.supports(suite));
    proptest::sample::select(suites)
}

fn bytes_around(length: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => proptest::collection::vec(any::<u8>(), length),
        1 => proptest::collection::vec(any::<u8>(), 0..2 * length),
        1 => proptest::collection::vec(prop_oneof![Just(0u8), Just(0xff)], length),
    ]
}

proptest! {
    #![proptest_config(common::property_config(4096))]

    /// Arbitrary bytes never panic, and the backend gives the oracle's verdict with its reason.
    #[test]
    fn arbitrary_bytes_have_the_oracles_verdict(
        suite in any_suite(),
        key in prop_oneof![bytes_around(32), bytes_around(33), bytes_around(65)],
        message in proptest::collection::vec(any::<u8>(), 0..40),
        signature in bytes_around(64),
    ) {
        let mut batch = Batch::new();
        let input = Message::of(suite.scheme().input(), &message);
        batch.push(&suite, Key::Bytes(&key), input, &signature);
        let verdict = PORTABLE.verify(&batch).expect("verdicts").get(0);
        prop_assert_eq!(verdict, oracle::verify(&suite, &key, &message, &signature));
    }

    /// Arbitrary names make a suite or an error, and a suite has the names that made it.
    #[test]
    fn arbitrary_names_make_a_suite_or_an_error(
        scheme in prop_oneof![Just("ed25519".to_owned()), Just("sm2-sm3".to_owned()), "[a-z0-9-]{0,20}"],
        rule in proptest::option::of(prop_oneof![Just("strict".to_owned()), "[a-z0-9-]{0,12}"]),
        encoding in proptest::option::of(prop_oneof![Just("der".to_owned()), "[a-z0-9-]{0,12}"]),
        user_id in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..20)),
    ) {
        if let Ok(suite) = Suite::from_names(&scheme, rule.as_deref(), encoding.as_deref(), user_id.as_deref()) {
            prop_assert_eq!(suite.scheme().name(), scheme);
            prop_assert!(rule.is_none_or(|rule| rule == suite.rule()));
            prop_assert_eq!(encoding.unwrap_or_else(|| "raw".into()), suite.encoding());
        }
    }

    /// Arbitrary offsets make a column whose every row can be read, or an error.
    #[test]
    fn arbitrary_offsets_make_a_readable_column_or_an_error(
        bytes in proptest::collection::vec(any::<u8>(), 0..20),
        offsets in proptest::collection::vec(-2..25i32, 0..8),
    ) {
        let wide: Vec<i64> = offsets.iter().copied().map(i64::from).collect();
        for column in [Column::offsets32(&bytes, &offsets), Column::offsets64(&bytes, &wide)].into_iter().flatten() {
            let read: usize = (0..column.len()).map(|row| column.get(row).len()).sum();
            prop_assert_eq!(read as i64, wide[wide.len() - 1] - wide[0]);
        }
    }
}
