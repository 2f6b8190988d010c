//! The limits of a pre-validator.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use super::cache;
use super::error::StartError;
use super::queue::Limits;
use super::ticket::Outcome;
use crate::batch::BatchView;
use crate::error::Error;

/// Receives outcomes; see [`Config::on_outcomes`].
pub type OnOutcomes = Arc<dyn Fn(&[Outcome]) + Send + Sync>;

/// Looks at a micro-batch before the engine does, and may fail or panic in its place. For tests.
#[doc(hidden)]
pub type BeforeBatch = Arc<dyn Fn(&BatchView<'_>) -> Result<(), Error> + Send + Sync>;

/// The most items that `max_batch` may name.
const MAX_BATCH: usize = 1 << 20;
/// The most items of a micro-batch. One of more items than this ends by its bytes before, unless most of its items have
/// hardly any; and each micro-batch has a byte of memory a place, also for a single item that was cut by its age.
const LARGEST_BATCH: usize = 1 << 16;
/// The most workers. One for each core is enough, and few machines have more cores; each is a thread to start and to
/// wake.
const MAX_WORKERS: usize = 1024;
/// What it takes to wake a worker at a time and the caller afterwards: a worker is asked to be there that much earlier.
/// A timer of Linux may be 50 µs late by itself, and a core that was idle takes tens of them to start, twice; on a
/// virtual one 100 µs left the median 9 µs too late.
const WAKING: Duration = Duration::from_micros(150);
/// The most items of a queue.
const MAX_CAPACITY: usize = 1 << 30;

/// How a [`super::Prevalidator`] runs.
///
/// ```
/// use sigwarp::prevalidator::Config;
/// use std::time::Duration;
///
/// let config = Config { max_batch: 512, max_delay: Duration::from_micros(500), ..Config::default() };
/// assert!(config.capacity >= config.max_batch);
/// ```
#[derive(Clone)]
pub struct Config {
    /// The most items accepted and without an outcome, 1 to 1,073,741,824; 32,768 by default. Full batches at saturation need at
    /// least `(workers + 2) * max_batch`. An item that finds `capacity` items before it waits about `capacity` times
    /// the time of one, so this also bounds the latency under overload.
    pub capacity: usize,
    /// The most bytes of keys, messages and signatures of those items; 64 MiB by default.
    pub capacity_bytes: usize,
    /// The most items of a micro-batch, 1 to 1,048,576 and no more than `capacity`; 2,048 by default. Longer ones cost
    /// less per item and delay what comes after them more. One also ends at 65,536 items or at 4 MiB.
    pub max_batch: usize,
    /// How long an item waits for others at most while a worker is free; 1 ms by default. Up to 150 µs of it are kept
    /// for waking threads. With zero, a free worker takes what is there.
    pub max_delay: Duration,
    /// Threads that hand batches to the engine, at most 1,024; one by default. An engine with one thread verifies on them: ask for
    /// one for each core. An engine with a pool verifies there: ask for two, so that one batch is ready when another
    /// ends.
    pub workers: NonZeroUsize,
    /// The bytes of the duplicate cache (41 B an item); by default 0, no cache. It costs each item a hash of its
    /// bytes, so it pays where the same items come several times. The memory is asked for at the start, and most
    /// systems give it as items fill it.
    pub duplicate_cache_bytes: usize,
    /// Called with the outcomes of each micro-batch, after its tickets are resolved: for callers that keep no
    /// tickets. Runs on the worker, which waits for it; outcomes from the duplicate cache are reported on the submitting
    /// thread. May submit, but not with a timeout (the worker would wait for itself). A panic is counted and goes no
    /// further.
    pub on_outcomes: Option<OnOutcomes>,
    /// For tests.
    #[doc(hidden)]
    pub before_batch: Option<BeforeBatch>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            capacity: 32_768,
            capacity_bytes: 64 << 20,
            max_batch: 2048,
            max_delay: Duration::from_millis(1),
            workers: NonZeroUsize::MIN,
            duplicate_cache_bytes: 0,
            on_outcomes: None,
            before_batch: None,
        }
    }
}

impl Config {
    /// The part that is the same whatever the items are.
    pub(super) fn collector(&self) -> CollectorConfig {
        CollectorConfig {
            capacity: self.capacity,
            capacity_bytes: self.capacity_bytes,
            max_batch: self.max_batch,
            max_delay: self.max_delay,
            workers: self.workers,
        }
    }

    /// Whether a duplicate cache can have so many bytes.
    pub(super) fn check_cache(&self) -> Result<(), StartError> {
        match self.duplicate_cache_bytes {
            0 => Ok(()),
            bytes => within("duplicate_cache_bytes", bytes, cache::LEAST_BYTES, isize::MAX as usize),
        }
    }
}

/// The limits of a [`super::Collector`], with the meanings and defaults that [`Config`] gives them.
#[derive(Debug, Clone)]
pub struct CollectorConfig {
    /// The most items accepted and without an outcome.
    pub capacity: usize,
    /// The most bytes of those items.
    pub capacity_bytes: usize,
    /// The most items of a micro-batch.
    pub max_batch: usize,
    /// How long an item waits for others at most while a worker is free.
    pub max_delay: Duration,
    /// Threads that judge micro-batches.
    pub workers: NonZeroUsize,
}

impl Default for CollectorConfig {
    fn default() -> Self {
        Config::default().collector()
    }
}

impl CollectorConfig {
    pub(super) fn limits(&self) -> Result<Limits, StartError> {
        within("capacity", self.capacity, 1, MAX_CAPACITY)?;
        within("max_batch", self.max_batch, 1, MAX_BATCH.min(self.capacity))?;
        within("capacity_bytes", self.capacity_bytes, 1, isize::MAX as usize)?;
        within("workers", self.workers.get(), 1, MAX_WORKERS)?;
        Ok(Limits {
            items: self.capacity,
            bytes: self.capacity_bytes,
            batch: self.max_batch.min(LARGEST_BATCH),
            delay: self.max_delay - (self.max_delay / 5).min(WAKING),
        })
    }
}

fn within(field: &'static str, given: usize, least: usize, most: usize) -> Result<(), StartError> {
    if (least..=most).contains(&given) {
        return Ok(());
    }
    Err(StartError::Limit { field, given, range: format!("{least} to {most}") })
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("capacity", &self.capacity)
            .field("capacity_bytes", &self.capacity_bytes)
            .field("max_batch", &self.max_batch)
            .field("max_delay", &self.max_delay)
            .field("workers", &self.workers)
            .field("duplicate_cache_bytes", &self.duplicate_cache_bytes)
            .field("on_outcomes", &self.on_outcomes.is_some())
            .finish_non_exhaustive()
    }
}
