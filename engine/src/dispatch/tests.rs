//! What dispatch does with backends that say one thing, fail, or leave items out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::backend::{DeviceReport, Shape};
use crate::batch::{Batch, BatchView, Column, Key, Message};
use crate::plan::Plan;
use crate::{Ed25519Rule, Reason, Verdict};

/// A backend that says one thing of every item, of the rules that it supports, and may fail half-way.
struct Fixed {
    kind: BackendKind,
    says: Verdict,
    supports: fn(&Suite) -> bool,
    fails: bool,
    skips: Option<usize>,
    report: DeviceReport,
    calls: AtomicUsize,
}

impl Fixed {
    fn new(kind: BackendKind, says: Verdict, supports: fn(&Suite) -> bool) -> Self {
        let (report, calls) = (DeviceReport::stand_in("abacus"), AtomicUsize::new(0));
        Self { kind, says, supports, fails: false, skips: None, report, calls }
    }
}

impl Backend for Fixed {
    fn kind(&self) -> BackendKind {
        self.kind
    }

    fn shape(&self) -> Shape {
        Shape { threads: 1, lanes: 1, min_piece: 1, max_piece: 2, max_combined: 2 }
    }

    fn supports(&self, suite: &Suite) -> bool {
        (self.supports)(suite)
    }

    fn verify(&self, _: &BatchView<'_>, plan: &Plan, slots: &Slots) -> Result<(), BackendFailure> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        for (count, piece) in plan.pieces().iter().enumerate() {
            if self.fails && count == 1 {
                return Err(BackendFailure { backend: self.kind, what: "the device is gone".into() });
            }
            for item in plan.items(piece).filter(|&item| self.skips != Some(item)) {
                slots.set(item, self.says);
            }
        }
        Ok(())
    }

    fn hash(&self, _: Hash, messages: &Column<'_>, digests: &mut [u8]) -> Result<(), BackendFailure> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        digests.fill(messages.len() as u8);
        match self.fails {
            true => Err(BackendFailure { backend: self.kind, what: "the device is gone".into() }),
            false => Ok(()),
        }
    }
}

impl Cpu for Fixed {
    fn table_store(&self, _: KeyScheme) -> Option<&dyn TableStore> {
        None
    }

    fn recover(&self, rows: &Recovery<'_>, keys: &mut [Option<Recovered>]) -> Result<(), BackendFailure> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        for row in (0..rows.len()).filter(|&row| self.skips != Some(row)) {
            keys[row] = Some(Ok([rows.ids[row]; 65]));
        }
        match self.fails {
            true => Err(BackendFailure { backend: self.kind, what: "the device is gone".into() }),
            false => Ok(()),
        }
    }
}

impl Device for Fixed {
    fn report(&self) -> &DeviceReport {
        &self.report
    }

    fn longest_message(&self) -> usize {
        usize::MAX
    }

    fn kernel_time(&self) -> (Duration, u64) {
        (Duration::ZERO, 0)
    }
}

const BAD: Verdict = Verdict::Invalid(Reason::EquationFailed);

fn dispatcher(backends: Vec<Fixed>) -> Dispatcher {
    with_source(DeviceSource::NotAsked, backends)
}

fn with_source(source: DeviceSource, backends: Vec<Fixed>) -> Dispatcher {
    let backends = backends.into_iter().map(|backend| Box::new(backend) as Box<dyn Cpu>);
    Dispatcher::passed(source, backends.collect())
}

fn batch() -> Batch {
    let mut batch = Batch::new();
    for rule in [Ed25519Rule::Zip215, Ed25519Rule::Strict, Ed25519Rule::Zip215, Ed25519Rule::Zip215] {
        batch.push(&Suite::ed25519(rule), Key::Bytes(&[]), Message::Raw(&[]), &[]);
    }
    batch
}

fn verdicts(dispatcher: &Dispatcher) -> Result<Vec<Verdict>, Error> {
    let batch = batch();
    let view = batch.view().unwrap();
    Ok(dispatcher.verify(&view)?.iter().collect())
}

#[test]
fn each_suite_goes_to_the_first_backend_that_supports_it() {
    let only_strict = Fixed::new(BackendKind::Avx512, BAD, |suite| suite.rule() == "strict");
    let dispatcher =
        dispatcher(vec![only_strict, Fixed::new(BackendKind::Portable, Verdict::Valid, |_| true)]);
    assert_eq!(verdicts(&dispatcher).unwrap(), [Verdict::Valid, BAD, Verdict::Valid, Verdict::Valid]);
    let batch = batch();
    let explain = dispatcher.verify(&batch.view().unwrap()).unwrap().explain().to_string();
    assert_eq!(explain, "cpu avx512: 1 item, cpu portable: 3 items, on 1 thread, a test");
}

#[test]
fn a_suite_that_no_backend_supports_is_refused() {
    let dispatcher = dispatcher(vec![Fixed::new(BackendKind::Avx2, BAD, |suite| suite.rule() == "strict")]);
    let error = verdicts(&dispatcher).unwrap_err().to_string();
    assert_eq!(error, "no backend in use (avx2) supports ed25519 zip215 raw; choose another backend");
}

#[test]
fn a_failed_backend_leaves_no_verdict_behind() {
    let failing = Fixed { fails: true, ..Fixed::new(BackendKind::Avx512, BAD, |_| true) };
    let working = || Fixed::new(BackendKind::Portable, Verdict::Valid, |_| true);
    let with_help = dispatcher(vec![failing, working()]);
    assert_eq!(verdicts(&with_help).unwrap(), [Verdict::Valid; 4]);
    let batch = batch();
    let explain = with_help.verify(&batch.view().unwrap()).unwrap().explain().to_string();
    assert!(
        explain.contains("avx512 failed: the device is gone, and its items were done again"),
        "{explain}"
    );

    let alone = dispatcher(vec![Fixed { fails: true, ..Fixed::new(BackendKind::Avx512, BAD, |_| true) }]);
    assert!(matches!(verdicts(&alone), Err(Error::Backend(_))));
}

#[test]
fn what_a_device_says_is_judged_again() {
    let with = |says, is, fraction| {
        let judge = Fixed::new(BackendKind::Portable, is, |_| true);
        let device = Box::new(Fixed::new(BackendKind::Gpu, says, |_| true));
        let mut dispatcher = with_source(DeviceSource::Named(device), vec![judge]);
        dispatcher.trust = Trust::new(fraction);
        dispatcher
    };
    for (says, is) in [(Verdict::Valid, BAD), (BAD, Verdict::Valid)] {
        let lied_to = with(says, is, 1.0);
        assert_eq!(verdicts(&lied_to).unwrap(), [is; 4]);
        let why = lied_to.trust().quarantined().expect("a quarantine");
        assert_eq!(why, format!("item 0 is {is}, the device says {says}"));
        assert_eq!(verdicts(&lied_to).unwrap(), [is; 4]);
    }
    // What it calls invalid is always judged again, what it calls valid as often as was asked for.
    assert_eq!(verdicts(&with(BAD, Verdict::Valid, 0.0)).unwrap(), [Verdict::Valid; 4]);
    assert_eq!(verdicts(&with(Verdict::Valid, BAD, 0.0)).unwrap(), [Verdict::Valid; 4]);
    let honest = with(BAD, BAD, 1.0);
    assert_eq!(verdicts(&honest).unwrap(), [BAD; 4]);
    assert_eq!(honest.trust().quarantined(), None);
}

/// A device is looked for (which loads drivers) when it was asked for, may be there, and has enough work; not before.
#[test]
fn drivers_are_loaded_for_those_who_ask_when_there_is_work() {
    let mut large = Batch::new();
    let suite = Suite::ed25519(Ed25519Rule::Zip215);
    (0..1 << 18).for_each(|_| large.push(&suite, Key::Bytes(&[]), Message::Raw(&[]), &[]));
    let large = large.view().unwrap();
    // Whether a device is asked for and whether there is a node for it, what is said before, how often drivers are loaded
    // for large work, and what is said then.
    for (asked, node, before, loaded, after) in [
        (false, true, "", 0, ""),
        (false, false, "", 0, ""),
        (true, false, "; no gpu: no node", 0, "; no gpu: no node"),
        (true, true, "; no gpu is looked for below 262,144 items", 1, "; no gpu: it is broken"),
    ] {
        let loads = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&loads);
        let start = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Err("it is broken".to_owned())
        };
        let no_device = || (!node).then(|| "no node".to_owned());
        let lazy = || LazyDevice::new(start, |_| true, |_| true);
        let source = DeviceSource::asked(asked, no_device, lazy);
        let engine = with_source(source, vec![Fixed::new(BackendKind::Portable, Verdict::Valid, |_| true)]);
        assert_eq!(verdicts(&engine).unwrap(), [Verdict::Valid; 4]);
        assert_eq!((engine.why(), loads.load(Ordering::Relaxed)), (format!("a test{before}"), 0));
        for _ in 0..2 {
            assert!(engine.verify(&large).unwrap().all_valid());
            assert_eq!(loads.load(Ordering::Relaxed), loaded, "asked {asked}, node {node}");
            assert_eq!(engine.why(), format!("a test{after}"));
        }
    }
}

#[test]
fn an_item_left_out_is_a_failure_and_not_a_verdict() {
    let skipping = || Fixed { skips: Some(2), ..Fixed::new(BackendKind::Avx512, Verdict::Valid, |_| true) };
    let error = verdicts(&dispatcher(vec![skipping()])).unwrap_err().to_string();
    assert_eq!(error, "backend avx512 failed: item 2 was left undecided");
    let with_help = dispatcher(vec![skipping(), Fixed::new(BackendKind::Portable, BAD, |_| true)]);
    assert_eq!(verdicts(&with_help).unwrap(), [BAD; 4]);
}

#[test]
fn messages_are_hashed_again_where_a_backend_fails() {
    let failing = || Fixed { fails: true, ..Fixed::new(BackendKind::Avx512, BAD, |_| true) };
    let working = Fixed::new(BackendKind::Portable, BAD, |_| true);
    let messages: [&[u8]; 3] = [b"", b"a", b"bc"];
    let mut digests = [0; 96];
    let dispatch = dispatcher(vec![failing(), working]);
    dispatch.hash(Hash::Sm3, &Column::slices(&messages), &mut digests).unwrap();
    assert_eq!(digests, [3; 96]);
    let alone = dispatcher(vec![failing()]).hash(Hash::Sm3, &Column::slices(&messages), &mut digests);
    assert!(matches!(alone, Err(Error::Backend(_))));
}

#[test]
fn keys_are_recovered_again_where_a_backend_fails_or_leaves_a_row_out() {
    let rows = [&[][..]; 3];
    let wanted = Recovery {
        rule: crate::EcdsaRule::Any,
        digests: Column::slices(&rows),
        signatures: Column::slices(&rows),
        ids: &[4, 5, 6],
    };
    let working = || Fixed::new(BackendKind::Portable, BAD, |_| true);
    let failing = || Fixed { fails: true, ..Fixed::new(BackendKind::Avx512, BAD, |_| true) };
    let skipping = || Fixed { skips: Some(1), ..Fixed::new(BackendKind::Avx2, BAD, |_| true) };
    let keys = dispatcher(vec![failing(), skipping(), working()]).recover(&wanted).unwrap();
    assert_eq!(keys, [Ok([4; 65]), Ok([5; 65]), Ok([6; 65])]);
    let alone = dispatcher(vec![failing()]).recover(&wanted).unwrap_err().to_string();
    assert!(alone.contains("the device is gone"), "{alone}");
    let alone = dispatcher(vec![skipping()]).recover(&wanted).unwrap_err().to_string();
    assert_eq!(alone, "backend avx2 failed: row 1 was left without a key and without a reason");
}

#[test]
fn a_wrong_key_fails_the_self_test() {
    let wrong = Fixed::new(BackendKind::Avx512, BAD, |_| true);
    let what = selftest::run(&wrong, Part::Recovery).unwrap_err().to_string();
    assert!(what.contains("EIP-155"), "{what}");
}

#[test]
fn a_wrong_digest_fails_the_self_test() {
    let wrong = Fixed::new(BackendKind::Avx512, BAD, |_| true);
    let what = selftest::run(&wrong, Part::Hash(Hash::Sha256)).unwrap_err().to_string();
    assert!(what.contains("sha256 of a message of 3 bytes is wrong"), "{what}");
}

#[test]
fn a_wrong_answer_fails_the_self_test() {
    let yes = Fixed::new(BackendKind::Avx512, Verdict::Valid, |_| true);
    let what = selftest::run_device(&yes).unwrap_err().to_string();
    assert!(what.contains("is Invalid(EquationFailed), the backend says Valid"), "{what}");
    assert!(selftest::run_device(&Fixed::new(BackendKind::Avx512, BAD, |_| true)).is_err());
    assert!(
        selftest::run_device(&Fixed::new(BackendKind::Avx512, BAD, |_| false)).is_err(),
        "supports nothing"
    );
}
