//! The matrix: backend × suite × kind of failure × batch size × position of the bad item.
//!
//! The sizes stand around the widths of vectors (4, 8, 16, 32, 64 lanes), where tails go wrong. The ordinary run
//! takes the kinds of failure in turn; the full product is `full_product`, run by
//! `cargo test --profile ci -p sigwarp --test matrix -- --ignored`.

use crate::common;

use std::collections::BTreeSet;

use common::subjects::{self, Sample, Subject};
use common::{Cases, Expect, Options};
use sigwarp::{BackendKind, Batch, Engine, Key, Message, Scheme, Suite, Verdict};

const SIZES: [usize; 18] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65];

fn push(batch: &mut Batch, subject: &Subject, sample: &Sample) {
    let message = Message::of(subject.suite.scheme().input(), &sample.message);
    batch.push(&subject.suite, Key::Bytes(&sample.key), message, &sample.signature);
}

/// Verifies `size` items of which the one at `bad` is the invalid sample `kind`, and checks every verdict.
fn check(engine: &Engine, subject: &Subject, size: usize, bad: usize, kind: usize) {
    let (sample, reason) = &subject.invalid[kind];
    let mut batch = Batch::new();
    for position in 0..size {
        push(&mut batch, subject, if position == bad { sample } else { &subject.valid[position] });
    }
    let verdicts = engine.verify(&batch).expect("verdicts");
    assert_eq!(verdicts.len(), size);
    for (position, verdict) in verdicts.iter().enumerate() {
        let expected = if position == bad { Verdict::Invalid(*reason) } else { Verdict::Valid };
        assert_eq!(
            verdict,
            expected,
            "{} on {:?}: item {position} of {size}, bad item {kind} at {bad}",
            subject.suite,
            engine.backends()
        );
    }
}

/// Whether the subjects of this one's curve share the sizes: where a backend judges it too slowly for every size, and
/// where it differs from another subject by what is hashed alone.
fn shared(kind: BackendKind, subject: &Subject) -> bool {
    match subject.suite.scheme() {
        Scheme::Ed25519 => false,
        Scheme::Ed25519ctx | Scheme::Ed25519ph => true,
        // The same code on every backend.
        Scheme::EcdsaP384Sha384 | Scheme::RsaPkcs1Sha256 | Scheme::RsaPssSha256 => true,
        _ => kind == BackendKind::Emulated,
    }
}

fn positions(size: usize) -> Vec<usize> {
    let mut positions = vec![0, size / 2, size - 1];
    positions.dedup();
    positions
}

#[test]
fn one_bad_item_in_every_place() {
    for (kind, engine) in common::engines() {
        let subjects = subjects::all();
        for (index, subject) in subjects.iter().enumerate().filter(|(_, s)| engine.supports(&s.suite)) {
            let shares = if shared(*kind, subject) { 9 } else { 1 };
            let mut turn = index;
            for (_, size) in SIZES.into_iter().enumerate().filter(|(at, _)| (at + index) % shares == 0) {
                for bad in positions(size) {
                    check(engine, subject, size, bad, turn % subject.invalid.len());
                    turn += 1;
                }
            }
            assert!(turn - index >= subject.invalid.len() / shares, "every kind of failure had its turn");
        }
    }
}

#[test]
#[ignore = "the full product takes minutes; run it by name, see the head of this file"]
fn full_product() {
    for (_, engine) in common::engines() {
        for subject in subjects::all().iter().filter(|subject| engine.supports(&subject.suite)) {
            for size in SIZES {
                for bad in 0..size {
                    for kind in 0..subject.invalid.len() {
                        check(engine, subject, size, bad, kind);
                    }
                }
            }
        }
    }
}

/// All suites in one batch, in an order that changes suite at every item, on one to five threads.
#[test]
fn mixed_suites_on_any_number_of_threads() {
    let subjects = subjects::all();
    for (kind, engine) in common::engines() {
        let mut batch = Batch::new();
        let mut expected = Vec::new();
        for round in 0..9 {
            for subject in subjects.iter().filter(|subject| engine.supports(&subject.suite)) {
                match subject.invalid.get(round) {
                    Some((sample, reason)) if round % 2 == 1 => {
                        push(&mut batch, subject, sample);
                        expected.push(Verdict::Invalid(*reason));
                    }
                    _ => {
                        push(&mut batch, subject, &subject.valid[round]);
                        expected.push(Verdict::Valid);
                    }
                }
            }
        }
        assert!(!expected.is_empty());
        // Once is enough for an emulation of what other backends repeat.
        let (most, repeats) = if *kind == BackendKind::Emulated { (2, 1) } else { (5, 3) };
        for threads in 1..=most {
            let options = Options { threads, ..Options::default() };
            let engine = common::shared(*kind, options).expect("an engine that ran a moment ago");
            assert_eq!(engine.threads(), threads);
            for _ in 0..repeats {
                let verdicts: Vec<Verdict> = engine.verify(&batch).expect("verdicts").iter().collect();
                assert_eq!(verdicts, expected, "{kind} on {threads} threads");
            }
        }
    }
}

#[test]
fn every_suite_has_a_subject_and_every_backend_a_suite() {
    let subjects = subjects::all();
    for suite in Suite::all() {
        let of_suite = subjects.iter().filter(|subject| subject.suite == suite).count();
        assert_eq!(of_suite, 1, "subjects of {suite}");
    }
    for subject in &subjects {
        // Enough for the largest batch, and all different.
        let valid: BTreeSet<_> = subject.valid.iter().map(|s| (&s.key, &s.message, &s.signature)).collect();
        assert!(valid.len() >= SIZES[SIZES.len() - 1], "{}: {} valid items", subject.suite, valid.len());
        assert!(subject.invalid.iter().any(|(_, reason)| *reason == sigwarp::Reason::EquationFailed));
        assert!(subject.invalid.iter().any(|(_, reason)| reason.is_malformed()));
    }
    for (kind, engine) in common::engines() {
        assert!(subjects.iter().any(|subject| engine.supports(&subject.suite)), "{kind} runs no subject");
    }
}

/// What the cases of other tests are judged by: no backend that runs is left out when keys are registered.
#[test]
fn every_backend_judges_cases_with_registered_keys_too() {
    let subjects = subjects::all();
    let mut cases = Cases::default();
    for subject in subjects.iter().step_by(7) {
        let (bad, reason) = &subject.invalid[0];
        for (item, expected) in [(&subject.valid[0], Expect::Valid), (bad, Expect::Because(*reason))] {
            let parts = (&item.key[..], &item.message[..], &item.signature[..]);
            cases.push("a sample", &subject.suite, parts, expected);
        }
    }
    let judged = cases.check_on(common::engines());
    let kinds: Vec<BackendKind> = common::engines().iter().map(|(kind, _)| *kind).collect();
    assert_eq!(judged.items, 2 * subjects.len().div_ceil(7));
    assert_eq!(judged.with_registered_keys, kinds);
}
