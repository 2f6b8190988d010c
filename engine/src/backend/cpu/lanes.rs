//! A CPU backend on the vectors of one instruction set.

use super::hash;
#[cfg(feature = "one-by-one")]
use super::one_by_one;
use super::tables::Tables;
use super::weierstrass::Weierstrass;
use crate::backend::{Backend, BackendFailure, BackendKind, Cpu, Shape, Workers};
use crate::batch::{BatchView, Column, Item};
use crate::hash::Hash;
use crate::keyring::{KeyScheme, Record, TableStore};
use crate::plan::Plan;
use crate::policy::{Advice, BadRate, Paths};
use crate::schemes::combination::coefficients::System;
#[cfg(feature = "one-by-one")]
use crate::schemes::def::GivenKey;
use crate::schemes::def::Kind;
use crate::schemes::ecdsa::{Recovered, Recovery};
use crate::schemes::ed25519::combination::{Combination, Memory};
use crate::schemes::ed25519::variant::Variant;
use crate::schemes::ed25519::verify::Signed;
use crate::schemes::ed25519::{self, Ed25519Rule};
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
    #[cfg(feature = "one-by-one")]
    one_by_one: one_by_one::Stores,
}

impl<F: FieldLanes + 'static, W: Weierstrass<F::Token>> Lanes<F, W> {
    /// The backend, if this machine has the instruction set.
    pub(crate) fn start(kind: BackendKind, workers: Workers) -> Option<Box<dyn Cpu>> {
        let token = F::Token::detect()?;
        let tables = Tables::new(token, workers.clone());
        let weierstrass = W::start(token, workers.clone());
        Some(Box::new(Self {
            kind,
            token,
            #[cfg(feature = "one-by-one")]
            one_by_one: one_by_one::Stores::new(&workers),
            workers,
            tables,
            memories: Mutex::default(),
            bad_rate: BadRate::default(),
            schnorr_bad_rate: BadRate::default(),
            weierstrass,
        }))
    }

    /// Judges the items of a piece, which are of one suite: looks up their keys, has the scheme judge them, learns how many
    /// fail, and only then sets their slots.
    fn verify_piece(
        &self,
        batch: &BatchView<'_>,
        positions: impl Iterator<Item = usize>,
        paths: &Paths,
        slots: &Slots,
    ) {
        let positions: Vec<usize> = positions.collect();
        let Some(&first) = positions.first() else { return };
        let items: Vec<(Item<'_>, Option<&Record>)> =
            positions.iter().map(|&position| batch.resolve(position)).collect();
        if let Some(ring) = batch.ring() {
            let known = items.iter().filter_map(|(_, record)| *record);
            ring.count_found(known.map(|record| ring.count_use(record)).count());
        }
        let suite = batch.item(first).suite;
        let mut verdicts = vec![None; items.len()];
        match suite.kind() {
            Kind::Ed25519(variant, rule) => {
                let advice = paths.advice(self.bad_rate.get());
                self.ed25519((variant, rule), suite.combines().then_some(&advice), &items, &mut verdicts);
                self.bad_rate.observe(failed(&verdicts), items.len());
            }
            Kind::Weierstrass(kind) => {
                let advice = paths.advice(self.schnorr_bad_rate.get());
                self.weierstrass.verify(kind, &advice, &items, &mut verdicts);
                if suite.combines() {
                    self.schnorr_bad_rate.observe(failed(&verdicts), items.len());
                }
            }
            #[cfg(feature = "one-by-one")]
            Kind::OneByOne(judges, choice) => {
                for ((item, record), verdict) in items.iter().zip(&mut verdicts) {
                    let key = GivenKey { bytes: item.key, parsed: record.and_then(Record::parsed) };
                    *verdict = Some((judges.verify)(choice, key, item.message, item.signature).into());
                }
            }
        }
        for (position, verdict) in positions.into_iter().zip(verdicts) {
            if let Some(verdict) = verdict {
                slots.set(position, verdict);
            }
        }
    }

    /// Judges Ed25519 items of one suite; by linear combinations as `advice` says, where there is any.
    fn ed25519(
        &self,
        (variant, rule): (Variant<'_>, Ed25519Rule),
        advice: Option<&Advice>,
        items: &[(Item<'_>, Option<&Record>)],
        verdicts: &mut [Option<Verdict>],
    ) {
        let domain = variant.domain();
        let digests = match variant {
            Variant::Prehashed(_) => {
                let messages: Vec<&[u8]> = items.iter().map(|(item, _)| item.message).collect();
                variant.digests(self.token, &messages)
            }
            Variant::Pure | Variant::Context(_) => None,
        };
        let signed = Signed { rule, variant, domain: &domain, digests: digests.as_deref() };
        let mut memory = advice.map(|_| self.memory());
        let combination = advice.zip(memory.as_mut());
        let combination = combination.map(|(advice, memory)| Combination { memory, source: &System, advice });
        let rows = items.iter().map(|(item, record)| (*item, record.and_then(Tables::known)));
        ed25519::verify::verify::<F>(self.token, signed, rows, &self.tables.base, combination, verdicts);
        if let Some(memory) = memory {
            self.keep(memory);
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

/// How many items failed their equation.
fn failed(verdicts: &[Option<Verdict>]) -> usize {
    let failed = Verdict::Invalid(Reason::EquationFailed);
    verdicts.iter().filter(|verdict| **verdict == Some(failed)).count()
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
}

impl<F: FieldLanes + 'static, W: Weierstrass<F::Token>> Cpu for Lanes<F, W> {
    fn table_store(&self, scheme: KeyScheme) -> Option<&dyn TableStore> {
        match scheme {
            KeyScheme::Ed25519 => Some(&self.tables),
            KeyScheme::Weierstrass(keys) => Some(self.weierstrass.table_store(keys)),
            #[cfg(feature = "one-by-one")]
            KeyScheme::P384 | KeyScheme::Rsa => self.one_by_one.get(scheme),
        }
    }

    fn recover(&self, rows: &Recovery<'_>, keys: &mut [Option<Recovered>]) -> Result<(), BackendFailure> {
        let Shape { min_piece, max_piece, .. } = self.shape();
        let piece = rows.len().div_ceil(self.workers.count()).clamp(min_piece, max_piece);
        let pieces: Vec<_> = keys.chunks_mut(piece).enumerate().map(|(i, keys)| (i * piece, keys)).collect();
        self.workers.for_each_owned(pieces, |(first, keys)| self.weierstrass.recover(rows, first, keys));
        Ok(())
    }
}
