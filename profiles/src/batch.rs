//! Batches of records, and the driver that asks the engine once for all of them.

use std::collections::BTreeMap;

use sigwarp::{
    BatchView, Column, ColumnError, EcdsaEncoding, EcdsaRule, EcdsaScheme, Engine, Hash, Reason, Suite,
    Suites,
};

use crate::profile::{Plan, Profile};
use crate::work::{CheckId, HashId, RecoveryId, SuiteTable, Work};
use crate::{Report, Role, Signature, Verdict};

/// Why a batch has no reports. It says nothing about any record.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The engine could not do the work.
    #[error(transparent)]
    Engine(#[from] sigwarp::Error),
    /// The columns that were made for the engine do not fit one another.
    #[error("the work of a batch makes no columns: {0}; this is a fault of the profiles, please report it")]
    Columns(#[from] ColumnError),
}

/// Records that were parsed and have no verdict yet, of any profiles and contexts, in the order in which they were
/// pushed.
///
/// Parsing is pure: several threads can fill a batch each, and [`answer`] takes them together.
#[derive(Default)]
pub struct Batch<'a> {
    work: Work<'a>,
    records: Vec<Record<'a>>,
}

enum Record<'a> {
    Decided(Box<Report>),
    Open {
        plan: Box<dyn AnyPlan<'a> + Send + 'a>,
        /// Whether it may ask for more when it has its answers.
        asks: bool,
    },
}

/// A plan whose profile is not known.
trait AnyPlan<'a> {
    fn resume(&mut self, round: &mut Round<'_, 'a>) -> bool;

    fn fold(self: Box<Self>, answers: &Answers<'_>) -> Report;
}

/// A plan of a profile.
struct PlanOf<'a, P: Profile>(P::Plan<'a>);

impl<'a, P: Profile> AnyPlan<'a> for PlanOf<'a, P> {
    fn resume(&mut self, round: &mut Round<'_, 'a>) -> bool {
        P::resume(&mut self.0, round)
    }

    fn fold(self: Box<Self>, answers: &Answers<'_>) -> Report {
        Plan::fold(self.0, answers)
    }
}

/// What a plan sees when the answers to what it has asked for are there ([`Profile::resume`]).
pub struct Round<'r, 'a> {
    /// Where it asks for more.
    pub work: &'r mut Work<'a>,
    results: &'r Results,
    /// The hashes and the checks that the round began with.
    known: (usize, usize),
}

impl Round<'_, '_> {
    /// The digest of a hash; `None` where it was asked for in this round.
    pub fn digest(&self, id: HashId) -> Option<&[u8]> {
        (id.0 < self.known.0).then(|| self.work.resolve(&id.into(), &self.results.digests))
    }

    /// The verdict on a signature; `None` where it was asked for in this round.
    pub fn verdict(&self, id: CheckId) -> Option<sigwarp::Verdict> {
        if id.0 < self.known.1 { self.results.verdicts.get(id.0).copied() } else { None }
    }
}

impl<'a> Batch<'a> {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Parses a record and adds it.
    pub fn push<P: Profile>(&mut self, profile: &P, record: &'a [u8], context: &'a P::Context) {
        let mark = self.work.mark();
        let record = match profile.parse(record, context, &mut self.work) {
            Ok(plan) => Record::Open { plan: Box::new(PlanOf::<P>(plan)), asks: true },
            Err(decided) => {
                self.work.rewind(&mark);
                Record::Decided(decided.0)
            }
        };
        self.records.push(record);
    }

    /// The number of records.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// What the records ask of the engine.
    pub fn work(&self) -> &Work<'a> {
        &self.work
    }

    /// Gives the records that may ask for more the answers to what they have asked for, and returns whether one has
    /// asked: then [`answer_round`] is due again. [`answer`] does both until nobody asks.
    ///
    /// # Panics
    /// As [`Self::fold`].
    pub fn resume(&mut self, results: &Results) -> bool {
        let known = (self.work.hashes.len(), self.work.checks.len());
        let mut asked = false;
        for record in &mut self.records {
            if let Record::Open { plan, asks: asks @ true } = record {
                let before = self.work.size();
                let goes_on = plan.resume(&mut Round { work: &mut self.work, results, known });
                // Who adds nothing has nothing to wait for.
                *asks = goes_on && self.work.size() != before;
                asked |= *asks;
            }
        }
        asked
    }

    /// The report of each record, in order, with the results that [`answer`] has for this batch.
    ///
    /// # Panics
    /// When the results are those of another batch, where they are fewer than this one asks for.
    pub fn fold(self, results: &Results) -> Vec<Report> {
        let answers = Answers { work: &self.work, results };
        let fold = |record| match record {
            Record::Decided(report) => *report,
            Record::Open { plan, .. } => plan.fold(&answers),
        };
        self.records.into_iter().map(fold).collect()
    }
}

/// The report of each record of a batch, in order: [`answer`] and [`Batch::fold`].
///
/// # Errors
/// A fault of the engine, which is about no record.
pub fn verify(engine: &Engine, mut batch: Batch<'_>) -> Result<Vec<Report>, Error> {
    let results = answer(engine, std::slice::from_mut(&mut batch))?;
    Ok(results.first().map_or_else(Vec::new, |results| batch.fold(results)))
}

/// What the engine says of a batch, to be given to [`Batch::fold`] of the same batch.
#[derive(Debug, Default)]
pub struct Results {
    /// The number of hashes that have their digests.
    hashes: usize,
    digests: Vec<u8>,
    verdicts: Vec<sigwarp::Verdict>,
    recovered: Vec<Result<Recovered, Reason>>,
}

#[cfg(feature = "made-up-answers")]
impl Results {
    /// Answers to what a batch asks that nobody computed: digests of this byte, and for each check and each recovery,
    /// counted from 0, what these functions say. For fuzzing what folds them, at the speed of the parsers.
    pub fn made_up(
        batch: &Batch<'_>,
        digest: u8,
        verdict: impl FnMut(usize) -> sigwarp::Verdict,
        recovered: impl FnMut(usize) -> Result<Recovered, Reason>,
    ) -> Self {
        Self {
            hashes: batch.work.hashes.len(),
            digests: vec![digest; batch.work.digest_bytes],
            verdicts: (0..batch.work.checks.len()).map(verdict).collect(),
            recovered: (0..batch.work.recoveries.len()).map(recovered).collect(),
        }
    }
}

/// A key that was recovered from a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovered {
    /// 04 ‖ x ‖ y.
    pub key: [u8; 65],
    /// The last 20 bytes of Keccak-256(x ‖ y).
    pub address: [u8; 20],
}

/// Has everything that these batches ask for computed, and returns the results of each: [`answer_round`], and again
/// as long as records ask for more ([`Batch::resume`]).
///
/// # Errors
/// A fault of the engine, which is about no record.
pub fn answer(engine: &Engine, batches: &mut [Batch<'_>]) -> Result<Vec<Results>, Error> {
    let mut results = Vec::new();
    loop {
        answer_round(engine, batches, &mut results)?;
        let each = batches.iter_mut().zip(&results);
        if !each.fold(false, |asked, (batch, results)| batch.resume(results) | asked) {
            return Ok(results);
        }
    }
}

/// Has what these batches ask for and have no results of yet computed: one call of the engine for each round of hashes
/// and hash function, one for all signatures, and one for all recoveries under a rule. `results`, which are empty at
/// first, become those of each batch.
///
/// Large rounds of hashes are split by the memory that their joined inputs take, at 64 MiB.
///
/// # Errors
/// A fault of the engine, which is about no record.
pub fn answer_round(engine: &Engine, batches: &[Batch<'_>], results: &mut Vec<Results>) -> Result<(), Error> {
    results.resize_with(batches.len(), Results::default);
    hash_all(engine, batches, results)?;
    verify_all(engine, batches, results)?;
    recover_all(engine, batches, results)
}

/// The most bytes of joined pieces that are held for one call.
const JOINED: usize = 64 << 20;

/// A hash of a batch: the place of the batch, and its place there.
type Place = (usize, usize);

fn hash_all(engine: &Engine, batches: &[Batch<'_>], results: &mut [Results]) -> Result<(), Error> {
    let mut rounds: BTreeMap<(usize, &'static str), (Hash, Vec<Place>)> = BTreeMap::new();
    for (of, (batch, results)) in batches.iter().zip(&mut *results).enumerate() {
        results.digests.resize(batch.work.digest_bytes, 0);
        let first = std::mem::replace(&mut results.hashes, batch.work.hashes.len());
        for (index, entry) in batch.work.hashes.iter().enumerate().skip(first) {
            let round = rounds.entry((entry.round, entry.hash.name()));
            round.or_insert_with(|| (entry.hash, Vec::new())).1.push((of, index));
        }
    }
    let mut joined = Vec::new();
    for (hash, places) in rounds.into_values() {
        let mut rest = places.as_slice();
        while !rest.is_empty() {
            let taken = hash_some(engine, (batches, results), hash, rest, &mut joined)?;
            rest = &rest[taken..];
        }
    }
    Ok(())
}

/// Hashes the first of these messages, at least one and as many as [`JOINED`] allows; returns how many.
fn hash_some(
    engine: &Engine,
    (batches, results): (&[Batch<'_>], &mut [Results]),
    hash: Hash,
    places: &[Place],
    joined: &mut Vec<u8>,
) -> Result<usize, Error> {
    joined.clear();
    let mut spans = Vec::with_capacity(places.len());
    for &(of, index) in places {
        if joined.len() >= JOINED {
            break;
        }
        let (work, digests) = (&batches[of].work, &results[of].digests);
        let start = joined.len();
        // A message of one piece is hashed where it lies.
        if let [_, _, ..] | [] = work.pieces[work.hashes[index].pieces.clone()] {
            for piece in &work.pieces[work.hashes[index].pieces.clone()] {
                joined.extend_from_slice(work.resolve(piece, digests));
            }
        }
        spans.push(start..joined.len());
    }
    let messages = spans.iter().zip(places).map(|(span, &(of, index))| {
        let work = &batches[of].work;
        match &work.pieces[work.hashes[index].pieces.clone()] {
            [piece] => work.resolve(piece, &results[of].digests),
            _ => &joined[span.clone()],
        }
    });
    let messages: Vec<&[u8]> = messages.collect();
    let digests = engine.hash(hash, Column::slices(&messages))?;
    for (digest, &(of, index)) in digests.iter().zip(places) {
        let at = batches[of].work.hashes[index].at;
        results[of].digests[at..at + digest.len()].copy_from_slice(digest);
    }
    Ok(spans.len())
}

fn verify_all(engine: &Engine, batches: &[Batch<'_>], results: &mut [Results]) -> Result<(), Error> {
    let new =
        |batch: &Batch<'_>, results: &Results| batch.work.checks.len().saturating_sub(results.verdicts.len());
    let checks: usize = batches.iter().zip(&*results).map(|(batch, results)| new(batch, results)).sum();
    if checks == 0 {
        return Ok(());
    }
    let mut table = SuiteTable::default();
    let mut index = Vec::with_capacity(checks);
    let [mut keys, mut messages, mut signatures] = [(); 3].map(|()| Vec::with_capacity(checks));
    for (batch, results) in batches.iter().zip(results.iter()) {
        // The place in the table of each suite of the batch.
        let place_of =
            |suite| u32::try_from(table.place_of(suite)).expect("fewer suites than bytes in memory");
        let suites: Vec<u32> = batch.work.suites.as_slice().iter().map(place_of).collect();
        for check in batch.work.checks.iter().skip(results.verdicts.len()) {
            index.push(suites[check.suite]);
            keys.push(batch.work.resolve(&check.key, &results.digests));
            messages.push(batch.work.resolve(&check.message, &results.digests));
            signatures.push(batch.work.resolve(&check.signature, &results.digests));
        }
    }
    let suites = Suites::PerItem { table: table.as_slice(), index: &index };
    let [keys, messages, signatures] = [&keys, &messages, &signatures].map(|rows| Column::slices(rows));
    let verdicts = engine.verify_columns(&BatchView::new(suites, keys, messages, signatures)?)?;
    let mut verdicts = verdicts.iter();
    for (batch, results) in batches.iter().zip(results) {
        let taken = new(batch, results);
        results.verdicts.extend(verdicts.by_ref().take(taken));
    }
    Ok(())
}

fn recover_all(engine: &Engine, batches: &[Batch<'_>], results: &mut [Results]) -> Result<(), Error> {
    let done: Vec<usize> = results.iter().map(|results| results.recovered.len()).collect();
    for (batch, results) in batches.iter().zip(results.iter_mut()) {
        // Each new one is set below, under its rule.
        results.recovered.resize(batch.work.recoveries.len(), Err(Reason::EquationFailed));
    }
    for rule in EcdsaRule::ALL {
        let (mut places, mut ids) = (Vec::new(), Vec::new());
        let [mut digests, mut signatures] = [(); 2].map(|()| Vec::new());
        for (of, (batch, results)) in batches.iter().zip(results.iter()).enumerate() {
            for (place, entry) in batch.work.recoveries.iter().enumerate().skip(done[of]) {
                if entry.rule == rule {
                    places.push((of, place));
                    ids.push(entry.id);
                    digests.push(batch.work.resolve(&entry.digest, &results.digests));
                    signatures.push(batch.work.resolve(&entry.signature, &results.digests));
                }
            }
        }
        if places.is_empty() {
            continue;
        }
        let keys = engine.recover(rule, Column::slices(&digests), Column::slices(&signatures), &ids)?;
        let found: Vec<[u8; 65]> = keys.iter().filter_map(|key| key.ok()).collect();
        let mut addresses = engine.ethereum_addresses(&found)?.into_iter();
        for ((of, place), key) in places.into_iter().zip(keys) {
            // One address for each key that was found, in order.
            let address = key.is_ok().then(|| addresses.next()).flatten();
            results[of].recovered[place] =
                key.and_then(|key| Ok(Recovered { key, address: address.ok_or(Reason::EquationFailed)? }));
        }
    }
    Ok(())
}

/// The answers to what the profile of a record has asked for. Ids are those that [`Work`] gave for the same record.
///
/// # Panics
/// Each method panics for an id of another work, which a profile has no way to hold.
pub struct Answers<'a> {
    work: &'a Work<'a>,
    results: &'a Results,
}

impl Answers<'_> {
    /// The digest of a hash.
    pub fn digest(&self, id: HashId) -> &[u8] {
        self.work.resolve(&id.into(), &self.results.digests)
    }

    /// The verdict on a signature.
    pub fn verdict(&self, id: CheckId) -> sigwarp::Verdict {
        self.results.verdicts[id.0]
    }

    /// The key and the address that a signature recovers to, or why to none.
    pub fn recovered(&self, id: RecoveryId) -> Result<Recovered, Reason> {
        self.results.recovered[id.0]
    }

    /// The report of a verified signature.
    pub fn signature(&self, role: Role, id: CheckId) -> Signature {
        let check = &self.work.checks[id.0];
        let key = self.work.resolve(&check.key, &self.results.digests);
        let suite = self.work.suites.as_slice()[check.suite].clone();
        Signature::decided(role, Some(suite), key, self.verdict(id).into())
    }

    /// The report of a recovered key: valid where there is one. Whose it must be is for the profile to compare.
    pub fn recovery(&self, role: Role, id: RecoveryId) -> Signature {
        let rule = self.work.recoveries[id.0].rule;
        let suite = Some(Suite::ecdsa(EcdsaScheme::Secp256k1, rule, EcdsaEncoding::Raw));
        match self.recovered(id) {
            Ok(Recovered { key, address }) => {
                Signature { role, suite, key: key.to_vec(), address: Some(address), verdict: Verdict::Valid }
            }
            Err(reason) => Signature::decided(role, suite, &[], Verdict::invalid(reason)),
        }
    }
}

/// Has a work hashed, for tests of what a profile describes to it; [`Work::resolve`] finds the digests in what is returned.
#[cfg(test)]
pub(crate) fn hashed<'a>(engine: &Engine, work: Work<'a>) -> (Work<'a>, Vec<u8>) {
    let batch = Batch { work, records: Vec::new() };
    let mut results = vec![Results::default()];
    hash_all(engine, std::slice::from_ref(&batch), &mut results).expect("an engine that works");
    (batch.work, results.remove(0).digests)
}
