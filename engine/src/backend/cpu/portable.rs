//! The portable backend: one item at a time on 64-bit scalar code, pieces of the batch on several threads.

use super::threads::Workers;
use crate::backend::{Backend, BackendFailure, BackendKind, Shape};
use crate::batch::{BatchView, Item};
use crate::plan::Plan;
use crate::schemes::{ecdsa, ed25519};
use crate::suite::{Kind, Suite};
use crate::verdict::{Slots, Verdict};

/// An item costs tens of microseconds, so pieces of this size keep threads busy to within a few milliseconds.
const MAX_PIECE: usize = 256;

/// See the module.
#[derive(Debug)]
pub(crate) struct Portable {
    workers: Workers,
}

impl Portable {
    pub(crate) const fn new(workers: Workers) -> Self {
        Self { workers }
    }
}

impl Backend for Portable {
    fn kind(&self) -> BackendKind {
        BackendKind::Portable
    }

    fn shape(&self) -> Shape {
        Shape { threads: self.workers.count(), max_piece: MAX_PIECE }
    }

    fn supports(&self, suite: &Suite) -> bool {
        match suite.kind() {
            Kind::Ed25519(_) | Kind::Ecdsa { .. } => true,
            Kind::Bip340 | Kind::Sm2 { .. } => false,
        }
    }

    fn verify(&self, batch: &BatchView<'_>, plan: &Plan, slots: &Slots) -> Result<(), BackendFailure> {
        self.workers.for_each(plan.pieces(), |piece| {
            for item in plan.items(piece) {
                if let Some(verdict) = verify_item(&batch.item(item)) {
                    slots.set(item, verdict);
                }
            }
        });
        Ok(())
    }
}

/// `None` for a suite that this backend refuses; its slot stays undecided.
fn verify_item(item: &Item<'_>) -> Option<Verdict> {
    let Item { suite, key, message, signature } = *item;
    match suite.kind() {
        Kind::Ed25519(rule) => Some(ed25519::verify::verify(*rule, key, message, signature).into()),
        Kind::Ecdsa { scheme, rule, encoding } => {
            Some(ecdsa::verify::verify(*scheme, *rule, *encoding, key, message, signature).into())
        }
        Kind::Bip340 | Kind::Sm2 { .. } => None,
    }
}
