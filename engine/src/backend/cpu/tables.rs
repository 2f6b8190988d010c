//! Tables of known keys, in the form of one field representation.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::threads::Workers;
use crate::Reason;
use crate::kernels::curve::edwards::comb::{self, BaseTable, KeyTable, Pools};
use crate::kernels::field::FieldLanes;
use crate::keyring::{Coordinates, Examined, Record, Table, TableStore, Tier};
use crate::schemes::ed25519::PointFacts;
use crate::schemes::ed25519::verify::KnownKey;

/// Keys that a thread takes at a time.
const SHARE: usize = 64;

/// See the module.
#[derive(Debug)]
pub(super) struct Tables<F: FieldLanes> {
    token: F::Token,
    workers: Workers,
    base: OnceLock<BaseTable<F>>,
    pools: Pools,
}

impl<F: FieldLanes + 'static> Tables<F> {
    pub(super) fn new(token: F::Token, workers: Workers) -> Self {
        Self { token, workers, base: OnceLock::new(), pools: Pools::default() }
    }

    /// The table of B, made when it is first needed.
    pub(super) fn base(&self) -> &BaseTable<F> {
        self.base.get_or_init(|| comb::base_table(self.token))
    }

    /// What the ring knows of a key. A table that another backend made is none.
    pub(super) fn known(record: &Record) -> KnownKey<'_, F> {
        let table = record.table.as_ref().and_then(|(_, table)| table.downcast_ref::<KeyTable<F>>());
        KnownKey { criteria: record.criteria, point: &record.point, table }
    }
}

/// `work` on shares of `items`, on all threads; the results in the order of the items.
pub(super) fn in_shares<T: Sync, R: Send>(
    workers: &Workers,
    items: &[T],
    work: impl Fn(&[T]) -> Vec<R> + Send + Sync,
) -> Vec<R> {
    let shares: Vec<(usize, &[T])> = items.chunks(SHARE).enumerate().collect();
    let done: Mutex<Vec<(usize, Vec<R>)>> = Mutex::new(Vec::with_capacity(shares.len()));
    workers.for_each(&shares, |&(index, share)| {
        let results = work(share);
        done.lock().unwrap_or_else(PoisonError::into_inner).push((index, results));
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().flat_map(|(_, results)| results).collect()
}

impl<F: FieldLanes + 'static> TableStore for Tables<F> {
    fn examine(&self, keys: &[&[u8]]) -> Vec<Result<Examined, Reason>> {
        in_shares(&self.workers, keys, |keys| {
            let parsed: Vec<_> = keys.iter().map(|key| PointFacts::of_key(key)).collect();
            let encodings: Vec<[u8; 32]> = parsed.iter().flatten().map(|(bytes, _)| *bytes).collect();
            let mut points = comb::decode_points::<F>(self.token, &encodings).into_iter();
            let examined = |(_, facts): (_, PointFacts)| Examined {
                criteria: facts.bits(),
                point: points.next().flatten(),
            };
            let mut examined = examined;
            parsed.into_iter().map(|parsed| parsed.map(&mut examined)).collect()
        })
    }

    fn table_bytes(&self, tier: Tier) -> Option<usize> {
        // The counters of the shared handle, and the handle of the lines in it.
        const HANDLE: usize = 16 + size_of::<usize>() * 4;
        Some(comb::table_bytes(tier == Tier::Full) + HANDLE)
    }

    fn build(&self, tier: Tier, points: &[Coordinates]) -> Vec<Table> {
        in_shares(&self.workers, points, |points| {
            let tables = comb::build::<F>(self.token, tier == Tier::Full, points, &self.pools);
            tables.into_iter().map(|table| Arc::new(table) as Table).collect()
        })
    }
}
