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
use crate::plan::{Paths, Plan};
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
    use super::*;

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
