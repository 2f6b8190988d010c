//! The portable backend: one item at a time on 64-bit scalar code, pieces of the batch on several threads.

use super::threads::Workers;
use crate::backend::{Backend, BackendFailure, BackendKind, Shape};
use crate::batch::{BatchView, Item};
use crate::plan::Plan;
use crate::schemes::{bip340, ecdsa, ed25519, sm2};
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
            Kind::Ed25519(_) | Kind::Ecdsa { .. } | Kind::Bip340 | Kind::Sm2 { .. } => true,
        }
    }

    fn verify(&self, batch: &BatchView<'_>, plan: &Plan, slots: &Slots) -> Result<(), BackendFailure> {
        self.workers.for_each(plan.pieces(), |piece| {
            for item in plan.items(piece) {
                slots.set(item, verify_item(&batch.item(item)));
            }
        });
        Ok(())
    }
}

fn verify_item(item: &Item<'_>) -> Verdict {
    let Item { suite, key, message, signature } = *item;
    let checked = match suite.kind() {
        Kind::Ed25519(rule) => ed25519::verify::verify(*rule, key, message, signature),
        Kind::Ecdsa { scheme, rule, encoding } => {
            ecdsa::verify::verify(*scheme, *rule, *encoding, key, message, signature)
        }
        Kind::Bip340 => bip340::verify::verify(key, message, signature),
        Kind::Sm2 { user_id, encoding } => {
            sm2::verify::verify(user_id.as_ref(), *encoding, key, message, signature)
        }
    };
    checked.into()
}
