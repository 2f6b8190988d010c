//! A CPU backend on the vectors of one instruction set.

use super::hash;
use super::tables::Tables;
use super::weierstrass::Weierstrass;
use crate::backend::{Backend, BackendFailure, BackendKind, Shape, Workers};
use crate::batch::{BatchView, Column};
use crate::hash::Hash;
use crate::keyring::{KeyScheme, TableStore};
use crate::plan::{BadRate, Known, Path, Paths, Plan, Work};
use crate::schemes::bip340::lanes::Combine;
use crate::schemes::combination::coefficients::System;
use crate::schemes::def::{Kind, WeierstrassKind};
use crate::schemes::ecdsa::{Recovered, Recovery};
use crate::schemes::ed25519;
use crate::schemes::ed25519::combination::{Combination, Memory, Situation, Step};
use crate::schemes::ed25519::variant::Variant;
use crate::schemes::ed25519::verify::{Fleet, Signed};
use crate::suite::Suite;
use crate::verdict::{Reason, Slots, Verdict};
use sigwarp_kernels::field::FieldLanes;
use sigwarp_kernels::simd::{Token, Vector};
use std::sync::{Mutex, PoisonError};

/// Verifies Ed25519 with `F`'s lanes, and the schemes on Weierstrass curves as `W` says.
pub(crate) struct Lanes<F: FieldLanes, W> {
    kind: BackendKind,
    token: F::Token,
    workers: Workers,
    tables: Tables<F>,
    /// Memory of combinations, one for each thread that has worked at the same time.
    memories: Mutex<Vec<Memory<F>>>,
    bad_rate: BadRate,
    /// The same of BIP 340.
    schnorr_bad_rate: BadRate,
    weierstrass: W,
}

impl<F: FieldLanes + 'static, W: Weierstrass<F::Token>> Lanes<F, W> {
    /// The backend, if this machine has the instruction set.
    pub(crate) fn start(kind: BackendKind, workers: Workers) -> Option<Box<dyn Backend>> {
        let token = F::Token::detect()?;
        let tables = Tables::new(token, workers.clone());
        let weierstrass = W::start(token, workers.clone());
        Some(Box::new(Self {
            kind,
            token,
            workers,
            tables,
            memories: Mutex::default(),
            bad_rate: BadRate::default(),
            schnorr_bad_rate: BadRate::default(),
            weierstrass,
        }))
    }

    fn verify_piece(
        &self,
        batch: &BatchView<'_>,
        items: impl Iterator<Item = usize> + Clone,
        paths: &Paths,
        slots: &Slots,
    ) {
        let Some(first) = items.clone().next() else { return };
        let suite = batch.item(first).suite;
        match suite.kind() {
            Kind::Ed25519(variant, rule) => {
                let positions: Vec<usize> = items.collect();
                let domain = variant.domain();
                let messages = |items: &[usize]| -> Vec<&[u8]> {
                    items.iter().map(|&item| batch.item(item).message).collect()
                };
                let digests = match variant {
                    Variant::Prehashed(_) => variant.digests(self.token, &messages(&positions)),
                    Variant::Pure | Variant::Context(_) => None,
                };
                let signed = Signed { rule, variant, domain: &domain, digests: digests.as_deref() };
                let mut found = 0;
                let items = positions.iter().map(|&item| {
                    let (item, known) = batch.resolve(item);
                    let known = known.map(|record| {
                        found += 1;
                        if let Some(ring) = batch.ring() {
                            ring.count_use(record);
                        }
                        Tables::known(record)
                    });
                    (item, known)
                });
                let mut memory = suite.combines().then(|| self.memory());
                let torsion = !rule.is_cofactored();
                let choose = |situation: Situation| self.step(situation, torsion, paths);
                let combination =
                    memory.as_mut().map(|memory| Combination { memory, source: &System, choose: &choose });
                let pay = |Fleet { full, compact, keys }: Fleet| {
                    paths.tables_pay(&Known { full, compact, keys, torsion }, self.bad_rate.get())
                };
                let known = ed25519::verify::KnownKeys { base: &|| self.tables.base(), pay: &pay };
                let mut failed = 0;
                ed25519::verify::verify::<F>(
                    self.token,
                    signed,
                    items,
                    known,
                    combination,
                    |position, verdict| {
                        failed += usize::from(verdict == Verdict::Invalid(Reason::EquationFailed));
                        slots.set(positions[position], verdict);
                    },
                );
                if let Some(memory) = memory {
                    self.bad_rate.observe(failed, positions.len());
                    self.keep(memory);
                }
                if let Some(ring) = batch.ring() {
                    ring.count_found(found);
                }
            }
            Kind::Weierstrass(kind @ WeierstrassKind::Bip340) => {
                let items: Vec<usize> = items.collect();
                let worth = |items| paths.schnorr_sums(items, self.schnorr_bad_rate.get());
                let combine = Combine { worth: &worth, with_tables: paths.schnorr_sums_take_tables() };
                self.weierstrass.verify(kind, Some(combine), batch, &items, slots);
                let failed = Verdict::Invalid(Reason::EquationFailed);
                let failed = items.iter().filter(|&&item| slots.peek(item) == Some(failed)).count();
                self.schnorr_bad_rate.observe(failed, items.len());
            }
            Kind::Weierstrass(kind @ (WeierstrassKind::Ecdsa { .. } | WeierstrassKind::Sm2 { .. })) => {
                self.weierstrass.verify(kind, None, batch, &items.collect::<Vec<_>>(), slots);
            }
            #[cfg(feature = "one-by-one")]
            Kind::OneByOne(judges, choice) => {
                for position in items {
                    let item = batch.item(position);
                    let judged = (judges.verify)(choice, item.key, item.message, item.signature);
                    slots.set(position, judged.into());
                }
            }
        }
    }

    /// What `plan` advises for some items of a piece, of a rule whose sums need a test of torsion or not.
    fn step(&self, situation: Situation, torsion: bool, paths: &Paths) -> Step {
        let Situation { items, keys, failed } = situation;
        match paths.choose(&Work { items, keys, failed, torsion, bad_rate: self.bad_rate.get() }) {
            // The kernel of lanes takes what fills no vector one by one.
            Path::Single | Path::Lanes => Step::Lanes,
            Path::Combination(size) => Step::Sums(size),
        }
    }

    /// Memory that no other thread uses.
    fn memory(&self) -> Memory<F> {
        let kept = self.memories.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.unwrap_or_else(|| Memory::new(self.token))
    }

    fn keep(&self, memory: Memory<F>) {
        if memory.worth_keeping() {
            let mut kept = self.memories.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() < self.workers.count() {
                kept.push(memory);
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
            // 700 to 1,200 bytes an item; twice as many would gain another twentieth.
            max_combined: 16_384,
        }
    }

    fn supports(&self, suite: &Suite) -> bool {
        match suite.kind() {
            Kind::Ed25519(..) | Kind::Weierstrass(_) => true,
            #[cfg(feature = "one-by-one")]
            Kind::OneByOne(..) => true,
        }
    }

    fn tested(&self) {
        // Half of the known answers are bad signatures, and say nothing about those to come.
        self.bad_rate.reset();
        self.schnorr_bad_rate.reset();
    }

    fn table_store(&self, scheme: KeyScheme) -> Option<&dyn TableStore> {
        match scheme {
            KeyScheme::Ed25519 => Some(&self.tables),
            KeyScheme::Weierstrass(keys) => Some(self.weierstrass.table_store(keys)),
        }
    }

    fn verify(&self, batch: &BatchView<'_>, plan: &Plan, slots: &Slots) -> Result<(), BackendFailure> {
        self.workers.for_each(plan.pieces(), |piece| {
            self.verify_piece(batch, plan.items(piece), plan.paths(), slots)
        });
        Ok(())
    }

    fn hash(&self, hash: Hash, messages: &Column<'_>, digests: &mut [u8]) -> Result<(), BackendFailure> {
        hash::hash(self.token, &self.workers, hash, messages, digests);
        Ok(())
    }

    fn recover(&self, rows: &Recovery<'_>, keys: &mut [Option<Recovered>]) -> Result<(), BackendFailure> {
        let Shape { min_piece, max_piece, .. } = self.shape();
        let piece = rows.len().div_ceil(self.workers.count()).clamp(min_piece, max_piece);
        let pieces: Vec<_> = keys.chunks_mut(piece).enumerate().map(|(i, keys)| (i * piece, keys)).collect();
        self.workers.for_each_owned(pieces, |(first, keys)| self.weierstrass.recover(rows, first, keys));
        Ok(())
    }
}
