//! A CPU backend on the vectors of one instruction set.

use super::threads::Workers;
use super::weierstrass::Weierstrass;
use crate::backend::{Backend, BackendFailure, BackendKind, Shape};
use crate::batch::BatchView;
use crate::kernels::field::FieldLanes;
use crate::plan::Plan;
use crate::schemes::ed25519;
use crate::simd::{Token, Vector};
use crate::suite::{Kind, Suite};
use crate::verdict::Slots;
use std::marker::PhantomData;

/// Verifies Ed25519 with `F`'s lanes, and the schemes on Weierstrass curves as `W` says.
#[derive(Debug)]
pub(crate) struct Lanes<F: FieldLanes, W> {
    kind: BackendKind,
    token: F::Token,
    workers: Workers,
    weierstrass: PhantomData<W>,
}

impl<F: FieldLanes + 'static, W: Weierstrass<F::Token>> Lanes<F, W> {
    /// The backend, if this machine has the instruction set.
    pub(crate) fn start(kind: BackendKind, workers: Workers) -> Option<Box<dyn Backend>> {
        let token = F::Token::detect()?;
        Some(Box::new(Self { kind, token, workers, weierstrass: PhantomData }))
    }

    fn verify_piece(&self, batch: &BatchView<'_>, items: impl Iterator<Item = usize> + Clone, slots: &Slots) {
        let Some(first) = items.clone().next() else { return };
        match batch.item(first).suite.kind() {
            Kind::Ed25519(rule) => {
                let positions: Vec<usize> = items.collect();
                let items = positions.iter().map(|&item| batch.item(item));
                ed25519::verify::verify::<F>(self.token, *rule, items, |position, verdict| {
                    slots.set(positions[position], verdict);
                });
            }
            Kind::Ecdsa { .. } | Kind::Bip340 | Kind::Sm2 { .. } => {
                W::verify(self.token, batch, &items.collect::<Vec<_>>(), slots);
            }
        }
    }
}

impl<F: FieldLanes + 'static, W: Weierstrass<F::Token>> Backend for Lanes<F, W> {
    fn kind(&self) -> BackendKind {
        self.kind
    }

    fn shape(&self) -> Shape {
        let lanes = F::Vector::LANES;
        // An inversion costs as much as a sixth of a verification, so that 64 lanes share it well; a piece of 512
        // takes a few milliseconds.
        Shape {
            threads: self.workers.count(),
            lanes,
            min_piece: if lanes == 1 { 8 } else { 64 },
            max_piece: 512,
        }
    }

    fn supports(&self, suite: &Suite) -> bool {
        match suite.kind() {
            Kind::Ed25519(_) => true,
            Kind::Ecdsa { .. } | Kind::Bip340 | Kind::Sm2 { .. } => W::supported(self.kind),
        }
    }

    fn verify(&self, batch: &BatchView<'_>, plan: &Plan, slots: &Slots) -> Result<(), BackendFailure> {
        self.workers.for_each(plan.pieces(), |piece| self.verify_piece(batch, plan.items(piece), slots));
        Ok(())
    }
}
