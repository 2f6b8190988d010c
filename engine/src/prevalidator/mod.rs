//! The pre-validator: items one by one from many threads, verified in micro-batches.
//!
//! A node gets signatures one at a time and from everywhere; the engine wants thousands at once. A [`Prevalidator`]
//! stands between: producers submit, workers cut micro-batches by size, by age or on request, and every accepted item
//! gets its [`Outcome`] through a [`Ticket`] that can be waited on, polled or awaited.
//!
//! ```
//! use sigwarp::prevalidator::{Config, Prevalidator, Submission, SubmitError};
//! use sigwarp::{Ed25519Rule, Engine, Key, Message, Reason, Suite, Verdict};
//!
//! let engine = Engine::builder().build()?;
//! let pre = Prevalidator::start(engine, Config::default())?;
//! let suite = Suite::ed25519(Ed25519Rule::Zip215);
//! let item = Submission::new(&suite, Key::Bytes(&[0; 31]), Message::Raw(b"hello"), &[0; 64]).id(42);
//! match pre.submit(item) {
//!     Ok(ticket) => {
//!         let outcome = ticket.wait();
//!         assert_eq!((outcome.id, outcome.verdict?), (42, Verdict::Invalid(Reason::BadKeyLength)));
//!     }
//!     Err(SubmitError::Full(item)) => println!("later: {}", item.id),
//!     Err(error) => println!("{error}"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What holds
//! - Every accepted item gets exactly one outcome. An engine that fails or panics gives [`Fault`]s, never verdicts;
//!   the worker goes on with the next micro-batch.
//! - What is accepted and has no outcome is bounded, in items and in bytes; beyond that, items are given back.
//! - Micro-batches of one class go in the order in which they were filled; an item of more than 64 KiB is one of its
//!   own. [`Priority::Consensus`] goes before [`Priority::Mempool`], that before [`Priority::Backfill`]; but a waiting
//!   batch of the mempool is passed over at most 4 times in a row, one of backfill at most 16 times. A batch that runs
//!   is not interrupted.
//! - [`Prevalidator::close`] refuses new items and returns when every accepted one has its outcome. Dropping the
//!   pre-validator closes it.
//!
//! # Other items
//! A [`Collector`] is the same for items that are not signatures, which a crate above this one knows how to judge: whole
//! transactions, in `sigwarp-profiles`. It says with [`Judge`] what a micro-batch of them holds.

mod cache;
mod collector;
mod config;
mod error;
mod item;
mod judge;
mod pending;
mod promise;
mod queue;
mod report;
mod signatures;
mod stats;
mod sync;
mod ticket;
mod worker;

use std::future::Future;
use std::iter;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub use collector::Collector;
pub use config::{BeforeBatch, CollectorConfig, Config, OnOutcomes};
pub use error::{Fault, StartError, SubmitError};
pub use item::{Priority, Submission};
pub use judge::{Judge, Judged};
pub use pending::{CANCELLED, UNDECIDED};
pub use promise::Promise;
pub use queue::Refusal;
pub use stats::{Counts, Latency, Stats};
pub use ticket::{Group, Outcome, Ticket};

use crate::batch::Key;
use crate::engine::Engine;
use crate::verdict::VALID;
use cache::{Cache, Digest};
use collector::{LARGE_BYTES, patience, place_alone, place_one};
use queue::{Entry, Patience};
use signatures::{Load, Signatures};
use ticket::UNKNOWN_KEY;

/// Items placed under one hold of the lock by [`Prevalidator::submit_many`].
const PLACED_AT_ONCE: usize = 64;

/// Collects items and verifies them in micro-batches; see [`crate::prevalidator`]. Share it by reference or in an `Arc`.
pub struct Prevalidator(Collector<Signatures>);

/// [`Prevalidator::submit_many`] took the first items and not the rest.
#[derive(Debug)]
#[must_use]
pub struct Partial<'s, 'i> {
    /// The ticket of those that were taken; it may be empty.
    pub taken: Group,
    /// Why the next one was not taken, with everything from there on.
    pub rest: SubmitError<&'s [Submission<'i>]>,
}

/// What was done for an item before the lock is taken.
#[derive(Default)]
struct Prepared {
    /// The code of its verdict, if the duplicate cache knows it; else 0.
    known: u8,
    digest: Option<Digest>,
    /// The copy of a large one.
    alone: Option<Box<Load>>,
}

impl Prevalidator {
    /// Starts the workers. The engine may be shared with other callers.
    pub fn start(engine: impl Into<Arc<Engine>>, config: Config) -> Result<Self, StartError> {
        let limits = config.collector();
        // Before the cache takes memory.
        limits.limits()?;
        config.check_cache()?;
        let cache = match config.duplicate_cache_bytes {
            0 => None,
            bytes => {
                let mut key = [0; 32];
                getrandom::fill(&mut key).map_err(StartError::Random)?;
                Some(Cache::new(bytes, key).ok_or(StartError::Cache(bytes))?)
            }
        };
        let judge = Signatures {
            engine: engine.into(),
            cache,
            duplicates: AtomicU64::new(0),
            reported: AtomicU64::new(0),
            on_outcomes: config.on_outcomes,
            before_batch: config.before_batch,
        };
        Collector::start(judge, &limits).map(Self)
    }

    /// The engine that verifies.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.signatures().engine
    }

    fn signatures(&self) -> &Signatures {
        self.0.judge()
    }

    /// Submits an item. Does not wait: if the queue is full, the item comes back.
    pub fn submit<'i>(&self, item: Submission<'i>) -> Result<Ticket, SubmitError<Submission<'i>>> {
        self.submit_one(item, Patience::None)
    }

    /// As [`Self::submit`], but waits for room up to the timeout; [`Duration::MAX`] waits until there is room or the
    /// pre-validator is closed. In async code, await [`Self::room`] instead.
    pub fn submit_timeout<'i>(
        &self,
        item: Submission<'i>,
        timeout: Duration,
    ) -> Result<Ticket, SubmitError<Submission<'i>>> {
        self.submit_one(item, patience(timeout))
    }

    /// Submits what belongs together: all items are taken, or none. The group's ticket has an outcome for each.
    pub fn submit_group<'s, 'i>(
        &self,
        items: &'s [Submission<'i>],
    ) -> Result<Group, SubmitError<&'s [Submission<'i>]>> {
        self.submit_all(items, Patience::None)
    }

    /// As [`Self::submit_group`], but waits for room up to the timeout. A large group may wait longer than the small
    /// ones that overtake it.
    pub fn submit_group_timeout<'s, 'i>(
        &self,
        items: &'s [Submission<'i>],
        timeout: Duration,
    ) -> Result<Group, SubmitError<&'s [Submission<'i>]>> {
        self.submit_all(items, patience(timeout))
    }

    /// Submits many items at the least cost: as many as there is room for, in order. Where not all were taken, the
    /// error has the ticket of the first ones and the rest.
    pub fn submit_many<'s, 'i>(&self, items: &'s [Submission<'i>]) -> Result<Group, Partial<'s, 'i>> {
        self.submit_some(items, Patience::None)
    }

    /// As [`Self::submit_many`], but waits for room up to the timeout.
    pub fn submit_many_timeout<'s, 'i>(
        &self,
        items: &'s [Submission<'i>],
        timeout: Duration,
    ) -> Result<Group, Partial<'s, 'i>> {
        self.submit_some(items, patience(timeout))
    }

    /// Waits, in async code, until there is room for so many items and bytes, or there never will be. Others may
    /// take the room before the caller does: submit again when it was not enough.
    pub fn room(&self, items: usize, bytes: usize) -> impl Future<Output = ()> + Send + '_ {
        self.0.room(items, bytes)
    }

    /// Sends pending items to the next free worker. Does not wait for them.
    pub fn flush(&self) {
        self.0.flush();
    }

    /// Refuses items from now on, verifies what was accepted, and returns when every ticket has its outcome and the
    /// workers have ended. Called by a worker itself (from [`Config::on_outcomes`] or a task's waker) it does not
    /// wait.
    pub fn close(&self) {
        self.0.close();
    }

    /// Whether it was closed, or has no workers left.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// What was counted so far.
    pub fn stats(&self) -> Stats {
        let counts = self.0.counts();
        let of = |code: u8| counts.codes[usize::from(code)];
        let (valid, cancelled, faults) = (of(VALID), of(CANCELLED), of(UNDECIDED) + of(UNKNOWN_KEY));
        Stats {
            pending: counts.pending,
            pending_bytes: counts.pending_bytes,
            accepted: counts.accepted,
            refused: counts.refused,
            valid,
            invalid: counts.codes.iter().sum::<u64>() - valid - cancelled - faults,
            cancelled,
            faults,
            duplicates: self.signatures().duplicates.load(Ordering::Relaxed),
            batches_by_size: counts.batches_by_size,
            batches_by_age: counts.batches_by_age,
            batches_by_request: counts.batches_by_request,
            panics: counts.panics,
            latency: counts.latency,
        }
    }

    fn submit_one<'i>(
        &self,
        item: Submission<'i>,
        patience: Patience,
    ) -> Result<Ticket, SubmitError<Submission<'i>>> {
        if let Some(error) = self.refuse(&item, 0, item) {
            return Err(error);
        }
        let prepared = self.prepare(&item);
        if prepared.known != 0 {
            if self.is_closed() {
                return Err(SubmitError::Closed(item));
            }
            self.tell_known(&[(item.id, prepared.known)]);
            return Ok(Ticket::new(item.id, Promise::known(prepared.known)));
        }
        let (priority, bytes) = (item.priority, item.bytes());
        let mut entry = match self.0.enter(1, bytes, patience) {
            Ok(entry) => entry,
            Err(refusal) => return Err(refused(refusal, item)),
        };
        let promise = match prepared.alone {
            Some(load) => place_alone(&mut entry, priority, bytes, *load),
            None => {
                let push = |load: &mut Load| self.signatures().push(load, &item, prepared.digest);
                place_one(&mut entry, priority, bytes, push)
            }
        };
        drop(entry);
        Ok(Ticket::new(item.id, promise))
    }

    fn submit_all<'s, 'i>(
        &self,
        items: &'s [Submission<'i>],
        patience: Patience,
    ) -> Result<Group, SubmitError<&'s [Submission<'i>]>> {
        if let Some(error) =
            items.iter().enumerate().find_map(|(index, item)| self.refuse(item, index, items))
        {
            return Err(error);
        }
        let prepared: Vec<Prepared> = items.iter().map(|item| self.prepare(item)).collect();
        let pairs = || items.iter().zip(&prepared).filter(|(_, prepared)| prepared.known == 0);
        // The same bytes may be in many items: together they may be more than can be counted, and than any queue takes.
        let bytes = pairs().map(|(item, _)| item.bytes()).fold(0, usize::saturating_add);
        let entry = match pairs().count() {
            0 if self.is_closed() => return Err(SubmitError::Closed(items)),
            0 => None,
            count => Some(self.0.enter(count, bytes, patience).map_err(|why| refused(why, items))?),
        };
        let mut group = Group::with_capacity(items.len());
        self.place_each(entry, items, prepared, &mut group);
        Ok(group)
    }

    fn submit_some<'s, 'i>(
        &self,
        items: &'s [Submission<'i>],
        patience: Patience,
    ) -> Result<Group, Partial<'s, 'i>> {
        let mut taken = Group::with_capacity(items.len());
        while taken.len() < items.len() {
            let rest = &items[taken.len()..];
            if let Some(rest) = self.refuse(&rest[0], 0, rest) {
                return Err(Partial { taken, rest });
            }
            let chunk = &rest[..rest.len().min(PLACED_AT_ONCE)];
            // Most items name the suite of the one before them, at the same address.
            let fits = |pair: &[Submission<'_>]| {
                (std::ptr::eq(pair[0].suite, pair[1].suite)
                    && pair[0].message.input() == pair[1].message.input())
                    || self.refuse(&pair[1], 0, ()).is_none()
            };
            let wrong = chunk.windows(2).position(|pair| !fits(pair)).map(|before| before + 1);
            let chunk = &chunk[..wrong.unwrap_or(chunk.len())];
            if self.signatures().cache.is_none() && chunk.iter().all(|item| item.bytes() <= LARGE_BYTES) {
                match self.0.core.queue.enter_some(chunk.iter().map(Submission::bytes), patience) {
                    Ok((mut entry, room)) => {
                        let mut rest = &chunk[..room];
                        while !rest.is_empty() {
                            rest = &rest[self.place_run(&mut entry, rest, &mut taken)..];
                        }
                        continue;
                    }
                    Err(refusal) => return Err(Partial { taken, rest: refused(refusal, rest) }),
                }
            }
            let mut prepared: Vec<Prepared> = chunk.iter().map(|item| self.prepare(item)).collect();
            let unknown = chunk
                .iter()
                .zip(&prepared)
                .filter(|(_, prepared)| prepared.known == 0)
                .map(|(item, _)| item.bytes());
            if unknown.clone().next().is_none() {
                if self.is_closed() {
                    return Err(Partial { taken, rest: SubmitError::Closed(rest) });
                }
                self.place_each(None, chunk, prepared, &mut taken);
                continue;
            }
            match self.0.core.queue.enter_some(unknown, patience) {
                Ok((entry, room)) => {
                    // Up to the first item that found no room.
                    let mut left = room;
                    let fits = prepared.iter().position(|prepared| {
                        let out = prepared.known == 0 && left == 0;
                        left -= usize::from(prepared.known == 0 && left > 0);
                        out
                    });
                    let fits = fits.unwrap_or(chunk.len());
                    prepared.truncate(fits);
                    self.place_each(Some(entry), &chunk[..fits], prepared, &mut taken);
                }
                Err(refusal) => return Err(Partial { taken, rest: refused(refusal, rest) }),
            }
        }
        Ok(taken)
    }

    /// Why an item can never be accepted, or `None` if it can.
    fn refuse<T>(&self, item: &Submission<'_>, index: usize, given: T) -> Option<SubmitError<T>> {
        let expected = item.suite.scheme().input();
        let fits = item.message.input() == expected;
        if fits && self.signatures().engine.supports(item.suite) {
            return None;
        }
        let suite = Box::new(item.suite.clone());
        Some(match fits {
            false => SubmitError::WrongInput { given, index, suite, expected },
            true => SubmitError::Unsupported { given, index, suite },
        })
    }

    /// What can be done for an item before the lock is taken.
    fn prepare(&self, item: &Submission<'_>) -> Prepared {
        let mut prepared = Prepared::default();
        if let Some(cache) = &self.signatures().cache {
            let digest = |key: &[u8]| cache.digest(item.suite, key, item.message.bytes(), item.signature);
            prepared.digest = match item.key {
                Key::Bytes(key) => Some(digest(key)),
                Key::Id(id) => self.signatures().engine.with_key(item.suite, id, digest),
            };
            prepared.known = prepared.digest.and_then(|digest| cache.get(&digest)).unwrap_or(0);
        }
        if prepared.known == 0 && item.bytes() > LARGE_BYTES {
            let mut load = Box::<Load>::default();
            self.signatures().push(&mut load, item, prepared.digest);
            prepared.alone = Some(load);
        }
        prepared
    }

    fn place(
        &self,
        entry: &mut Entry<'_, Load, Fault>,
        item: &Submission<'_>,
        prepared: Prepared,
        group: &mut Group,
    ) {
        let (class, bytes) = (item.priority as usize, item.bytes());
        let mut keep = |pending: &Arc<_>, places| group.extend(iter::once(item.id), pending, places);
        match prepared.alone {
            Some(load) => keep(&entry.place_alone(class, bytes, *load), 0..1),
            None => {
                let push = |load: &mut Load, _| self.signatures().push(load, item, prepared.digest);
                entry.place(class, iter::once(bytes), push, keep);
            }
        }
    }

    /// Places as many of the first items as are alike and go into one micro-batch. Nothing is known of any of them, and
    /// none is large.
    fn place_run(
        &self,
        entry: &mut Entry<'_, Load, Fault>,
        items: &[Submission<'_>],
        taken: &mut Group,
    ) -> usize {
        let first = &items[0];
        let alike =
            |item: &&Submission<'_>| std::ptr::eq(item.suite, first.suite) && item.priority == first.priority;
        let items = &items[..items.iter().take_while(alike).count()];
        let ids = |count: usize| items[..count].iter().map(|item| item.id);
        let push = |load: &mut Load, count: usize| {
            let columns = items[..count].iter().map(|item| (item.key, item.message, item.signature));
            load.batch.extend(first.suite, columns);
            load.ids.extend(ids(count));
        };
        let keep = |pending: &Arc<_>, places: Range<u32>| taken.extend(ids(places.len()), pending, places);
        entry.place(first.priority as usize, items.iter().map(Submission::bytes), push, keep).0
    }

    fn place_each(
        &self,
        mut entry: Option<Entry<'_, Load, Fault>>,
        items: &[Submission<'_>],
        prepared: Vec<Prepared>,
        group: &mut Group,
    ) {
        let mut known = Vec::new();
        for (item, prepared) in items.iter().zip(prepared) {
            match &mut entry {
                Some(entry) if prepared.known == 0 => {
                    self.place(entry, item, prepared, group);
                }
                _ => {
                    known.push((item.id, prepared.known));
                    group.push_known(item.id, prepared.known);
                }
            }
        }
        drop(entry);
        if !known.is_empty() {
            self.tell_known(&known);
        }
    }

    fn tell_known(&self, known: &[(u64, u8)]) {
        let Signatures { duplicates, on_outcomes, .. } = self.signatures();
        duplicates.fetch_add(known.len() as u64, Ordering::Relaxed);
        if let Some(sink) = on_outcomes {
            let outcomes: Vec<_> = known.iter().map(|&(id, code)| Outcome::of(id, Ok(code))).collect();
            self.0.core.guard(|| sink(&outcomes));
        }
    }
}

impl std::fmt::Debug for Prevalidator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prevalidator")
            .field("engine", &self.signatures().engine)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

fn refused<T>(refusal: Refusal, given: T) -> SubmitError<T> {
    match refusal {
        Refusal::Full => SubmitError::Full(given),
        Refusal::Closed => SubmitError::Closed(given),
        Refusal::TooLarge => SubmitError::TooLarge(given),
    }
}
