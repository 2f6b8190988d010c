//! Tables of known keys, in the form of one field representation.

use std::sync::{Arc, Mutex, PoisonError};

use crate::Reason;
use crate::backend::Workers;
use crate::keyring::{Decoded, Examined, Record, Table, TableStore, Tier};
use crate::schemes::LazyTable;
use crate::schemes::ed25519::PointFacts;
use crate::schemes::ed25519::verify::KnownKey;
use sigwarp_kernels::curve::edwards::comb::{self, BaseTable, KeyTable, Pools};
use sigwarp_kernels::field::FieldLanes;

/// Keys that a thread takes at a time, at most.
const SHARE: usize = 64;
/// Lanes of the widest vector. A share of a multiple of them leaves no lane empty, but in the last share.
const LANES: usize = 8;
const _: () = assert!(SHARE.is_multiple_of(LANES));

/// See the module.
#[derive(Debug)]
pub(super) struct Tables<F: FieldLanes> {
    token: F::Token,
    workers: Workers,
    /// The table of B.
    pub(super) base: LazyTable<BaseTable<F>>,
    pools: Pools,
}

impl<F: FieldLanes + 'static> Tables<F> {
    pub(super) fn new(token: F::Token, workers: Workers) -> Self {
        let base = LazyTable::new(Box::new(move || comb::base_table(token)));
        Self { token, workers, base, pools: Pools::default() }
    }

    /// What the ring knows of a key, which is a point as all keys of Ed25519 are. Tables built by another backend are
    /// ignored.
    #[inline]
    pub(super) fn known(record: &Record) -> Option<KnownKey<'_, F>> {
        let table = record.table.as_ref().and_then(|(_, table)| table.downcast_ref::<KeyTable<F>>());
        Some(KnownKey { criteria: record.criteria, point: record.point()?, table })
    }
}

/// The items of a share: as many as give every thread one, in whole vectors.
fn share(items: usize, threads: usize) -> usize {
    items.div_ceil(threads).next_multiple_of(LANES).clamp(LANES, SHARE)
}

/// `work` on shares of `items`, on all threads; the results in the order of the items.
pub(super) fn in_shares<T: Sync, R: Send>(
    workers: &Workers,
    items: &[T],
    work: impl Fn(&[T]) -> Vec<R> + Send + Sync,
) -> Vec<R> {
    let share = share(items.len(), workers.count());
    let shares: Vec<(usize, &[T])> = items.chunks(share).enumerate().collect();
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
                decoded: points.next().flatten().map(Decoded::Point),
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

    fn build(&self, tier: Tier, keys: &[Decoded]) -> Vec<Table> {
        in_shares(&self.workers, &Decoded::points(keys), |points| {
            let tables = comb::build::<F>(self.token, tier == Tier::Full, points, &self.pools);
            tables.into_iter().map(|table| Arc::new(table) as Table).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroUsize;

    use crate::backend::Threads;

    /// Tables are made by the vector, so what counts is how many vectors there are in all shares.
    #[test]
    fn shares_fill_the_lanes_and_keep_the_order() {
        for threads in 1..=5 {
            let workers = Workers::start(&Threads::Count(NonZeroUsize::new(threads).expect("not 0")))
                .expect("threads start");
            for count in (0..70).chain([127, 128, 129, 500, 1_001]) {
                let items: Vec<usize> = (0..count).collect();
                let (vectors, shares) = (Mutex::new(0), Mutex::new(0));
                let results = in_shares(&workers, &items, |share| {
                    *vectors.lock().expect("no panic") += share.len().div_ceil(LANES);
                    *shares.lock().expect("no panic") += 1;
                    share.to_vec()
                });
                assert_eq!(results, items);
                let vectors = vectors.into_inner().expect("no panic");
                assert_eq!(vectors, count.div_ceil(LANES), "{count} items on {threads} threads");
                // Work for at least half of the threads that there is a vector for.
                let shares = shares.into_inner().expect("no panic");
                assert!(shares >= vectors.min(threads).div_ceil(2).max(count.div_ceil(SHARE)), "{count}");
            }
        }
    }
}
