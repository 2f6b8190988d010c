//! What a device says, checked again; and what follows when it was wrong.
//!
//! Every `Invalid` and a fraction of the `Valid` of a device are judged again by a CPU backend. A difference, a failed
//! canary, a lost or hung device or a refused buffer quarantine the device for the life of the engine: the batch is done
//! again without it, and every explanation from then on says why.
//!
//! With a fraction ρ, a device that accepts m invalid items of a batch passes unnoticed with probability (1 − ρ)^m. What
//! it rejects wrongly is always noticed.

use std::sync::{Mutex, PoisonError};

use crate::backend::{Backend, BackendFailure, Random};
use crate::batch::{BatchView, Column};
use crate::hash::Hash;
use crate::plan::Plan;
use crate::policy::Paths;
use crate::verdict::{Slots, Verdict};

/// How far a device is trusted.
#[derive(Debug)]
pub(crate) struct Trust {
    /// The fraction of valid items that are judged again.
    fraction: f64,
    /// Why the device is not used any more.
    quarantine: Mutex<Option<String>>,
}

impl Trust {
    pub(crate) const fn new(fraction: f64) -> Self {
        Self { fraction, quarantine: Mutex::new(None) }
    }

    pub(crate) fn quarantined(&self) -> Option<String> {
        self.quarantine.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stops using the device. The first reason stays.
    pub(super) fn quarantine(&self, why: &str) {
        self.quarantine.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| why.to_owned());
    }

    pub(crate) const fn fraction(&self) -> f64 {
        self.fraction
    }

    /// Judges again what a device has set, all invalid items and a fraction of the valid ones. Gives how many.
    pub(super) fn recheck(
        &self,
        device: &dyn Backend,
        batch: &BatchView<'_>,
        plan: &Plan,
        slots: &Slots,
        (judge, paths): (&dyn Backend, Paths),
    ) -> Result<usize, BackendFailure> {
        let mut chance = Chance::new(self.fraction);
        let again = |&item: &usize| match slots.peek(item) {
            Some(Verdict::Valid) => chance.strikes(),
            // An item without a verdict is found when the dispatch is finished.
            verdict => verdict.is_some(),
        };
        let items: Vec<usize> = plan.every_item().filter(again).collect();
        let again = Slots::new(batch.len());
        let plan = Plan::of_items(batch, items, judge.shape(), paths);
        judge.verify(batch, &plan, &again)?;
        for item in plan.every_item() {
            let (Some(says), Some(is)) = (slots.peek(item), again.peek(item)) else {
                let what = format!("item {item} was left undecided");
                return Err(BackendFailure { backend: judge.kind(), what });
            };
            if says != is {
                let what = format!("item {item} is {is}, the device says {says}");
                return Err(BackendFailure { backend: device.kind(), what });
            }
        }
        Ok(plan.len())
    }

    /// Hashes again a fraction of what a device has hashed.
    pub(super) fn recheck_digests(
        &self,
        device: &dyn Backend,
        hash: Hash,
        messages: &Column<'_>,
        digests: &[u8],
        judge: &dyn Backend,
    ) -> Result<(), BackendFailure> {
        let mut chance = Chance::new(self.fraction);
        let rows: Vec<usize> = (0..messages.len()).filter(|_| chance.strikes()).collect();
        let some: Vec<&[u8]> = rows.iter().map(|&row| messages.get(row)).collect();
        let length = hash.digest_length();
        let mut again = vec![0; rows.len() * length];
        judge.hash(hash, &Column::slices(&some), &mut again)?;
        for (row, digest) in rows.into_iter().zip(again.chunks(length)) {
            if digests[row * length..][..length] != *digest {
                let what = format!("{hash} of message {row} is not what the device says");
                return Err(BackendFailure { backend: device.kind(), what });
            }
        }
        Ok(())
    }
}

/// Events of one probability, each independent of the others.
struct Chance {
    /// Of 2⁶⁴.
    bound: u128,
    random: Random,
}

impl Chance {
    fn new(fraction: f64) -> Self {
        Self { bound: (fraction * 2f64.powi(64)) as u128, random: Random::new() }
    }

    fn strikes(&mut self) -> bool {
        u128::from(self.random.next()) < self.bound
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, OnceLock, Weak};
    use std::time::Duration;

    use super::*;
    use crate::backend::{BackendKind, Cpu, Device, DeviceReport, Recovered, Recovery, Shape};
    use crate::batch::{Batch, Key, Message};
    use crate::dispatch::{DeviceSource, Dispatcher};
    use crate::keyring::{KeyScheme, TableStore};
    use crate::suite::Suite;
    use crate::{Ed25519Rule, Error};

    /// A backend that says `Valid` of everything, or fails, after what a test wants to happen meanwhile.
    struct Yes {
        kind: BackendKind,
        report: DeviceReport,
        fails: bool,
        meanwhile: Box<dyn Fn() + Send + Sync>,
    }

    impl Yes {
        fn cpu(kind: BackendKind, fails: bool) -> Box<dyn Cpu> {
            let report = DeviceReport::stand_in("no device");
            Box::new(Self { kind, report, fails, meanwhile: Box::new(|| ()) })
        }

        fn device(meanwhile: impl Fn() + Send + Sync + 'static) -> Box<dyn Device> {
            let report = DeviceReport::stand_in("a device");
            Box::new(Self { kind: BackendKind::Gpu, report, fails: false, meanwhile: Box::new(meanwhile) })
        }

        fn end(&self) -> Result<(), BackendFailure> {
            (self.meanwhile)();
            match self.fails {
                true => Err(BackendFailure { backend: self.kind, what: "it cannot".into() }),
                false => Ok(()),
            }
        }
    }

    impl Backend for Yes {
        fn kind(&self) -> BackendKind {
            self.kind
        }

        fn shape(&self) -> Shape {
            Shape { threads: 1, lanes: 1, min_piece: 1, max_piece: 2, max_combined: 2 }
        }

        fn supports(&self, _: &Suite) -> bool {
            true
        }

        fn verify(&self, _: &BatchView<'_>, plan: &Plan, slots: &Slots) -> Result<(), BackendFailure> {
            plan.every_item().for_each(|item| slots.set(item, Verdict::Valid));
            self.end()
        }

        fn hash(&self, _: Hash, _: &Column<'_>, digests: &mut [u8]) -> Result<(), BackendFailure> {
            digests.fill(7);
            self.end()
        }
    }

    impl Cpu for Yes {
        fn table_store(&self, _: KeyScheme) -> Option<&dyn TableStore> {
            None
        }

        fn recover(&self, _: &Recovery<'_>, _: &mut [Option<Recovered>]) -> Result<(), BackendFailure> {
            self.end()
        }
    }

    impl Device for Yes {
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

    /// A device that was named, so that it takes everything, and who checks it.
    fn dispatcher(device: Box<dyn Device>, backends: Vec<Box<dyn Cpu>>) -> Dispatcher {
        Dispatcher::passed(DeviceSource::Named(device), backends)
    }

    /// What a batch of three items is said to be, and why.
    fn verify(dispatcher: &Dispatcher) -> Result<String, Error> {
        let mut batch = Batch::new();
        let suite = Suite::ed25519(Ed25519Rule::Strict);
        (0..3).for_each(|_| batch.push(&suite, Key::Bytes(&[]), Message::Raw(&[]), &[]));
        let verdicts = dispatcher.verify(&batch.view().expect("a batch"))?;
        assert!(verdicts.iter().all(Verdict::is_valid));
        Ok(verdicts.explain().to_string())
    }

    fn hash(dispatcher: &Dispatcher) -> Result<(), Error> {
        dispatcher.hash(Hash::Sha256, &Column::slices(&[&b""[..]; 3]), &mut [0; 96])
    }

    #[test]
    fn a_judge_that_fails_is_not_asked_again() {
        let (first, second) = (BackendKind::Avx512, BackendKind::Portable);
        let helped = || dispatcher(Yes::device(|| ()), vec![Yes::cpu(first, true), Yes::cpu(second, false)]);
        let why = verify(&helped()).expect("another judge");
        assert!(why.starts_with("gpu: 3 items") && why.contains("3 judged again on portable"), "{why}");
        hash(&helped()).expect("another judge");
        // Without any judge a device says nothing, and nobody is left.
        let alone = || dispatcher(Yes::device(|| ()), vec![Yes::cpu(first, true)]);
        let what = verify(&alone()).expect_err("no judge").to_string();
        assert!(what.contains("no backend on the CPU can check what it says"), "{what}");
        assert!(matches!(hash(&alone()), Err(Error::Backend(_))));
    }

    /// One call finds the device wrong while another waits for it: the other believes it no more.
    #[test]
    fn a_device_that_is_quarantined_meanwhile_is_not_believed() {
        for hashes in [false, true] {
            let found: Arc<OnceLock<Weak<Dispatcher>>> = Arc::default();
            let place = Arc::clone(&found);
            let device = Yes::device(move || {
                let dispatcher = place.get().and_then(Weak::upgrade).expect("a dispatcher");
                dispatcher.trust.quarantine("another call found it wrong");
            });
            let dispatcher = Arc::new(dispatcher(device, vec![Yes::cpu(BackendKind::Portable, false)]));
            found.set(Arc::downgrade(&dispatcher)).expect("set once");
            if hashes {
                hash(&dispatcher).expect("digests");
            } else {
                let why = verify(&dispatcher).expect("verdicts");
                assert!(why.starts_with("cpu portable: 3 items"), "{why}");
                assert!(why.contains("another call found it wrong, and its items were done again"), "{why}");
            }
        }
    }

    #[test]
    fn a_quarantined_device_is_not_measured() {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let device = Yes::device(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        let dispatcher = dispatcher(device, vec![Yes::cpu(BackendKind::Portable, false)]);
        dispatcher.trust.quarantine("gone");
        assert!(dispatcher.break_even_bytes().is_none());
        assert_eq!(calls.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_fraction_is_what_it_says() {
        let struck = |fraction: f64| {
            let mut chance = Chance::new(fraction);
            (0..100_000).filter(|_| chance.strikes()).count()
        };
        assert_eq!((struck(0.0), struck(1.0)), (0, 100_000));
        // Nine standard deviations: one run in 10¹⁸ fails.
        assert!(struck(0.5).abs_diff(50_000) < 1_500);
        assert!(struck(1.0 / 128.0).abs_diff(781) < 260);
    }
}
