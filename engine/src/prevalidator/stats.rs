//! What a pre-validator counts.

use std::time::Duration;

/// Buckets for each doubling of a time.
const STEPS: u32 = 8;
const BUCKETS: usize = 64 * STEPS as usize;

/// How long items took, in buckets of 1/8 of a power of two: a quantile is exact to one part in eight.
#[derive(Clone)]
pub struct Latency {
    counts: Box<[u64; BUCKETS]>,
    total: u64,
}

impl Default for Latency {
    fn default() -> Self {
        Self { counts: Box::new([0; BUCKETS]), total: 0 }
    }
}

impl Latency {
    /// Counts `items` that took this time.
    pub fn record(&mut self, time: Duration, items: u64) {
        self.counts[bucket(time)] += items;
        self.total += items;
    }

    /// The number of items counted.
    pub const fn items(&self) -> u64 {
        self.total
    }

    /// The time within which the fraction `q` (0 to 1) of the items were done, rounded up to the end of its bucket.
    /// `None` before the first item.
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let rank = ((q.clamp(0.0, 1.0) * self.total as f64).ceil() as u64).max(1);
        let mut below = 0;
        let found = self.counts.iter().position(|&count| {
            below += count;
            below >= rank
        });
        found.map(end)
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(other.counts.iter()).for_each(|(mine, theirs)| *mine += theirs);
        self.total += other.total;
    }
}

impl std::fmt::Debug for Latency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = f.debug_struct("Latency");
        out.field("items", &self.total);
        for (name, q) in [("p50", 0.5), ("p99", 0.99), ("p999", 0.999)] {
            out.field(name, &self.quantile(q));
        }
        out.finish()
    }
}

/// Below 8 ns each nanosecond has its bucket; above, a power of two has [`STEPS`] of equal width.
fn bucket(time: Duration) -> usize {
    let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    if ns < u64::from(STEPS) {
        return ns as usize;
    }
    let power = ns.ilog2();
    let step = (ns >> (power - 3)) & u64::from(STEPS - 1);
    ((power - 2) * STEPS) as usize + step as usize
}

/// The last nanosecond of a bucket.
fn end(bucket: usize) -> Duration {
    let (power, step) = (bucket as u32 / STEPS, bucket as u64 % u64::from(STEPS));
    if power == 0 {
        return Duration::from_nanos(step);
    }
    let start = (u64::from(STEPS) + step) << (power - 1);
    Duration::from_nanos(start + ((1 << (power - 1)) - 1))
}

/// A snapshot of a pre-validator.
///
/// Every accepted item ends in exactly one of `valid`, `invalid`, `cancelled` and `faults`.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Items accepted and without an outcome.
    pub pending: usize,
    /// The bytes of their keys, messages and signatures.
    pub pending_bytes: usize,
    /// Items that went into the queue.
    pub accepted: u64,
    /// Items given back because the queue was full.
    pub refused: u64,
    /// Items found valid.
    pub valid: u64,
    /// Items found invalid.
    pub invalid: u64,
    /// Items cancelled in time.
    pub cancelled: u64,
    /// Items without a verdict for another reason ([`super::Fault`]).
    pub faults: u64,
    /// Items that the duplicate cache answered; they were not accepted into the queue.
    pub duplicates: u64,
    /// Micro-batches cut because they were full.
    pub batches_by_size: u64,
    /// Micro-batches cut because their first item had waited for `max_delay`.
    pub batches_by_age: u64,
    /// Micro-batches cut by a flush, by closing, or because the queue was full.
    pub batches_by_request: u64,
    /// Times the engine, or the caller's `on_outcomes`, panicked.
    pub panics: u64,
    /// For every item, the time from the arrival of the first item of its micro-batch to its outcome: an upper bound
    /// of the item's own.
    pub latency: Latency,
}

/// What a [`super::Collector`] has counted.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Counts {
    /// Items accepted and without an outcome.
    pub pending: usize,
    /// The bytes that they count with.
    pub pending_bytes: usize,
    /// Items that went into the queue.
    pub accepted: u64,
    /// Items given back because the queue was full.
    pub refused: u64,
    /// Micro-batches cut because they were full.
    pub batches_by_size: u64,
    /// Micro-batches cut because their first item had waited for `max_delay`.
    pub batches_by_age: u64,
    /// Micro-batches cut by a flush, by closing, or because the queue was full.
    pub batches_by_request: u64,
    /// Times that the judge panicked.
    pub panics: u64,
    /// As [`Stats::latency`].
    pub latency: Latency,
    /// Items by their code: those of [`super::UNDECIDED`] are faults.
    pub codes: Box<[u64; 256]>,
}

/// What workers count, under one lock, once a micro-batch.
#[derive(Clone)]
pub(super) struct Tally {
    pub(super) codes: Box<[u64; 256]>,
    pub(super) panics: u64,
    pub(super) latency: Latency,
}

impl Default for Tally {
    fn default() -> Self {
        Self { codes: Box::new([0; 256]), panics: 0, latency: Latency::default() }
    }
}

impl Tally {
    /// Adds the number of items of each code.
    pub(super) fn add(&mut self, codes: &[u64; 256]) {
        self.codes.iter_mut().zip(codes).for_each(|(sum, more)| *sum += more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_lies_in_its_bucket_and_buckets_do_not_overlap() {
        let mut last = 0;
        for ns in (0..5000).chain((13..63).flat_map(|power| [(1 << power) - 1, 1 << power, (1 << power) + 1]))
        {
            let time = Duration::from_nanos(ns);
            assert!(end(bucket(time)) >= time, "{ns}");
            assert!(bucket(time) == 0 || end(bucket(time) - 1) < time, "{ns}");
            if ns < 5000 {
                assert!(bucket(time) == last || bucket(time) == last + 1, "{ns}");
                last = bucket(time);
            }
        }
        assert!(bucket(Duration::MAX) < BUCKETS);
    }

    #[test]
    fn quantiles_count_items() {
        let mut latency = Latency::default();
        assert_eq!(latency.quantile(0.5), None);
        latency.record(Duration::from_nanos(7), 99);
        latency.record(Duration::from_nanos(5), 900);
        latency.record(Duration::from_nanos(1 << 20), 1);
        assert_eq!(latency.quantile(0.5), Some(Duration::from_nanos(5)));
        assert_eq!(latency.quantile(0.99), Some(Duration::from_nanos(7)));
        assert!(latency.quantile(1.0).unwrap() >= Duration::from_nanos(1 << 20));
        let mut sum = Latency::default();
        sum.merge(&latency);
        sum.merge(&latency);
        assert_eq!((sum.items(), sum.quantile(0.0)), (2000, Some(Duration::from_nanos(5))));
    }
}
