//! The pre-validator of transactions: records one by one from many threads, judged in micro-batches.
//!
//! A node gets transactions one at a time from many peers; [`crate::verify`] wants them together. A [`Prevalidator`] stands
//! between: producers submit the bytes with their system and context, workers parse a micro-batch, ask the engine once
//! for all of it and fold, and every accepted record gets its [`Report`] through a [`Ticket`] that can be waited on, polled
//! or awaited. Queue, micro-batches and workers are those of [`sigwarp::prevalidator`], whose promises hold here too.
//!
//! ```
//! use std::sync::Arc;
//!
//! use sigwarp::Engine;
//! use sigwarp_profiles::prevalidator::{Config, Prevalidator, Submission, SubmitError};
//! use sigwarp_profiles::solana::{Context, Solana};
//! use sigwarp_profiles::AnyContext;
//!
//! let pre = Prevalidator::start(Engine::builder().build()?, &Config::default())?;
//! let context = Arc::new(AnyContext::of::<Solana>(Context::default()));
//! match pre.submit(Submission::new(&Solana, &context, &[1, 2, 3]).id(42)) {
//!     Ok(ticket) => {
//!         let outcome = ticket.wait();
//!         assert_eq!(outcome.report?.verdict.cause().expect("a cause").name(), "Truncated");
//!     }
//!     Err(SubmitError::Full(record)) => println!("later: {}", record.id),
//!     Err(error) => println!("{error}"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What holds
//! - Every accepted record gets exactly one outcome. An engine that fails, or a panic, gives [`Fault`]s to the records of
//!   the micro-batch, never verdicts; the worker goes on with the next.
//! - What is accepted and has no outcome is bounded, in records and in bytes; beyond that, records are given back.
//! - Systems and contexts may be mixed: the signatures of all of them are verified together.
//! - A record of more than 64 KiB is a micro-batch of its own.
//! - Parsing and folding run on the workers. Ask for as many as there are cores to spare for that.
//! - The reports of a micro-batch live as long as somebody has a ticket of it; an outcome keeps its own report alone.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use sigwarp::Engine;
use sigwarp::prevalidator::{CANCELLED, Collector, Judge, Promise, Refusal, UNDECIDED};

pub use sigwarp::prevalidator::{CollectorConfig as Config, Fault, Latency, Priority, StartError};

use crate::batch::{Batch, Error, verify};
use crate::profile::{AnyContext, System, WrongContext};
use crate::{Report, Verdict};

/// The codes of records that have a report; which it is stands there too, and these are for counting.
const VALID: u8 = 1;
const INVALID: u8 = 2;
const OPEN: u8 = 3;

/// The memory of a micro-batch that had more bytes a record than this is not kept.
const KEPT_BYTES_PER_RECORD: usize = 4096;

/// A record to judge: borrowed from the caller, and copied when it is accepted. The context is shared and not copied.
#[derive(Clone, Copy)]
pub struct Submission<'a> {
    /// The system that the record is of.
    pub system: &'static dyn System,
    /// Its context, made for the same system.
    pub context: &'a Arc<AnyContext>,
    /// Its bytes, which count against [`Config::capacity_bytes`].
    pub record: &'a [u8],
    /// The caller's name for it; comes back with the outcome.
    pub id: u64,
    /// Its class.
    pub priority: Priority,
}

impl<'a> Submission<'a> {
    /// A record with the id 0, of the class [`Priority::Mempool`].
    pub const fn new(system: &'static dyn System, context: &'a Arc<AnyContext>, record: &'a [u8]) -> Self {
        Self { system, context, record, id: 0, priority: Priority::Mempool }
    }

    /// Sets the id.
    pub const fn id(mut self, id: u64) -> Self {
        self.id = id;
        self
    }

    /// Sets the class.
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }
}

impl std::fmt::Debug for Submission<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Submission")
            .field("system", &self.system.name())
            .field("bytes", &self.record.len())
            .field("id", &self.id)
            .field("priority", &self.priority)
            .finish_non_exhaustive()
    }
}

/// Why records were not accepted. Nothing of what is given back was kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError<T> {
    /// Back-pressure: the pre-validator holds as much as it may.
    #[error(
        "the queue is full; wait for outcomes, call submit_timeout, or raise Config::capacity or capacity_bytes"
    )]
    Full(T),
    /// The pre-validator was closed.
    #[error("the pre-validator is closed; start another")]
    Closed(T),
    /// More than the queue can ever hold at once.
    #[error("larger than the whole queue; raise Config::capacity_bytes, or judge the record with verify")]
    TooLarge(T),
    /// The context is of another system than the record.
    #[error("{error}")]
    WrongContext {
        /// What was submitted.
        given: T,
        /// Which system it was to be for.
        error: WrongContext,
    },
}

impl<T> SubmitError<T> {
    /// What was submitted.
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(given)
            | Self::Closed(given)
            | Self::TooLarge(given)
            | Self::WrongContext { given, .. } => given,
        }
    }

    /// Whether the same records may be taken later.
    pub const fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// The same error about something else.
    fn with<U>(self, given: U) -> SubmitError<U> {
        match self {
            Self::Full(_) => SubmitError::Full(given),
            Self::Closed(_) => SubmitError::Closed(given),
            Self::TooLarge(_) => SubmitError::TooLarge(given),
            Self::WrongContext { error, .. } => SubmitError::WrongContext { given, error },
        }
    }
}

/// What became of a record.
#[derive(Debug, Clone)]
#[must_use]
pub struct Outcome {
    /// The caller's id of the record.
    pub id: u64,
    /// The report, or why there is none, which says nothing about the record.
    pub report: Result<Arc<Report>, Fault>,
}

impl Outcome {
    /// Whether the record was found valid.
    pub fn is_valid(&self) -> bool {
        self.report.as_ref().is_ok_and(|report| report.verdict.is_valid())
    }
}

/// The records of a micro-batch. The memory is used again.
#[derive(Default)]
struct Load {
    /// Their bytes, one after another.
    bytes: Vec<u8>,
    records: Vec<Record>,
}

struct Record {
    /// Where its bytes end; they begin where those before it end.
    end: usize,
    system: &'static dyn System,
    context: Arc<AnyContext>,
}

/// What the records of a micro-batch share.
#[derive(Clone)]
enum Shared {
    /// The report of each that was judged.
    Reports(Arc<[Option<Arc<Report>>]>),
    /// There are none.
    Fault(Fault),
}

impl From<Fault> for Shared {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// What judges records.
struct Records {
    engine: Arc<Engine>,
}

impl Judge for Records {
    type Load = Load;
    type Shared = Shared;

    fn judge(&self, load: &Load, codes: &mut [u8]) -> Result<Option<Shared>, Fault> {
        let defect = |text: String| Fault::Defect(text.into());
        if load.records.len() != codes.len() {
            return Err(defect(format!("{} records in {} places", load.records.len(), codes.len())));
        }
        let mut batch = Batch::new();
        let mut start = 0;
        for (record, code) in load.records.iter().zip(&*codes) {
            let bytes = &load.bytes[start..record.end];
            start = record.end;
            if *code == UNDECIDED {
                let pushed = record.system.push(&mut batch, bytes, &record.context);
                pushed.map_err(|error| defect(error.to_string()))?;
            }
        }
        let reports = verify(&self.engine, batch).map_err(|error| match error {
            Error::Engine(error) => Fault::Engine(Arc::new(error)),
            error => defect(error.to_string()),
        })?;
        let mut reports = reports.into_iter();
        let mut kept = Vec::with_capacity(codes.len());
        for code in codes {
            if *code != UNDECIDED {
                kept.push(None);
                continue;
            }
            let report = reports.next().ok_or_else(|| defect("a record has no report".to_owned()))?;
            *code = match report.verdict {
                Verdict::Valid => VALID,
                Verdict::Invalid(_) => INVALID,
                Verdict::Undecided(_) => OPEN,
            };
            kept.push(Some(Arc::new(report)));
        }
        Ok(Some(Shared::Reports(kept.into())))
    }

    fn clear(&self, load: &mut Load, records: usize) -> bool {
        if load.bytes.len() > records.max(64) * KEPT_BYTES_PER_RECORD {
            return false;
        }
        load.bytes.clear();
        load.records.clear();
        true
    }
}

/// The promise of one outcome: wait for it, poll it, or await it in any run-time.
///
/// Every ticket gets an outcome: the pre-validator resolves what it has accepted, also when it is closed or dropped and
/// when the engine fails or panics. A ticket may be dropped at any time; to spare the work as well, cancel it.
#[must_use = "a ticket that nobody asks says nothing"]
pub struct Ticket {
    id: u64,
    promise: Promise<Shared>,
}

impl Ticket {
    /// The caller's id of the record.
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// The outcome, if there is one yet.
    pub fn try_get(&self) -> Option<Outcome> {
        self.promise.try_get().map(|found| self.outcome(found))
    }

    /// Waits for the outcome.
    pub fn wait(&self) -> Outcome {
        self.outcome(self.promise.wait())
    }

    /// Waits for the outcome up to the timeout.
    pub fn wait_timeout(&self, timeout: Duration) -> Option<Outcome> {
        self.promise.wait_timeout(timeout).map(|found| self.outcome(found))
    }

    /// Cancels the record. `true`: no worker had it, it is not judged, and its outcome is [`Fault::Cancelled`] from now on.
    /// `false`: it is being judged or decided already, and its outcome comes. A cancelled record takes its place in the
    /// queue until its micro-batch is cut.
    pub fn cancel(&self) -> bool {
        self.promise.cancel()
    }

    fn outcome(&self, found: Result<u8, Shared>) -> Outcome {
        let shared = match found {
            Ok(CANCELLED) => Some(Shared::Fault(Fault::Cancelled)),
            Ok(_) => self.promise.shared(),
            Err(shared) => Some(shared),
        };
        let report = match shared {
            Some(Shared::Reports(reports)) => reports.get(self.promise.place()).cloned().flatten(),
            Some(Shared::Fault(fault)) => return Outcome { id: self.id, report: Err(fault) },
            None => None,
        };
        Outcome { id: self.id, report: report.ok_or(Fault::Abandoned) }
    }
}

impl Future for Ticket {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let ticket = self.get_mut();
        match ticket.promise.poll_decided(context) {
            true => Poll::Ready(ticket.wait()),
            false => Poll::Pending,
        }
    }
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ticket").field("id", &self.id).field("outcome", &self.try_get()).finish()
    }
}

/// A snapshot of a pre-validator.
///
/// Every accepted record ends in exactly one of `valid`, `invalid`, `undecided`, `cancelled` and `faults`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Stats {
    /// Records accepted and without an outcome.
    pub pending: usize,
    /// Their bytes.
    pub pending_bytes: usize,
    /// Records that went into the queue.
    pub accepted: u64,
    /// Records given back because the queue was full.
    pub refused: u64,
    /// Records found valid.
    pub valid: u64,
    /// Records found invalid.
    pub invalid: u64,
    /// Records that depend on what was not given.
    pub undecided: u64,
    /// Records cancelled in time.
    pub cancelled: u64,
    /// Records without a report for another reason ([`Fault`]).
    pub faults: u64,
    /// Micro-batches cut because they were full.
    pub batches_by_size: u64,
    /// Micro-batches cut because their first record had waited for `max_delay`.
    pub batches_by_age: u64,
    /// Micro-batches cut by a flush, by closing, or because the queue was full.
    pub batches_by_request: u64,
    /// Micro-batches whose parsing, verification or folding panicked.
    pub panics: u64,
    /// For every record, the time from the arrival of the first record of its micro-batch to its outcome: an upper bound
    /// of the record's own.
    pub latency: Latency,
}

/// [`Prevalidator::submit_many`] took the first records and not the rest.
#[derive(Debug)]
#[must_use]
pub struct Partial<'s, 'i> {
    /// The tickets of those that were taken; there may be none.
    pub taken: Vec<Ticket>,
    /// Why the next one was not taken, with everything from there on.
    pub rest: SubmitError<&'s [Submission<'i>]>,
}

/// Collects records and judges them in micro-batches; see [`crate::prevalidator`]. Share it by reference or in an `Arc`.
pub struct Prevalidator(Collector<Records>);

impl Prevalidator {
    /// Starts the workers. The engine may be shared with other callers.
    ///
    /// # Errors
    /// Limits that contradict each other, or a system that gives no threads.
    pub fn start(engine: impl Into<Arc<Engine>>, config: &Config) -> Result<Self, StartError> {
        Collector::start(Records { engine: engine.into() }, config).map(Self)
    }

    /// The engine that verifies.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.0.judge().engine
    }

    /// Submits a record. Does not wait: if the queue is full, the record comes back.
    ///
    /// # Errors
    /// Why the record was not taken, with the record.
    pub fn submit<'i>(&self, record: Submission<'i>) -> Result<Ticket, SubmitError<Submission<'i>>> {
        self.take(record, None)
    }

    /// As [`Self::submit`], but waits for room up to the timeout; [`Duration::MAX`] waits until there is room or the
    /// pre-validator is closed. In async code, await [`Self::room`] instead.
    ///
    /// # Errors
    /// As [`Self::submit`].
    pub fn submit_timeout<'i>(
        &self,
        record: Submission<'i>,
        timeout: Duration,
    ) -> Result<Ticket, SubmitError<Submission<'i>>> {
        self.take(record, Some(timeout))
    }

    /// Submits many records, as many as there is room for, in order.
    ///
    /// # Errors
    /// The tickets of the first ones, and the rest.
    pub fn submit_many<'s, 'i>(&self, records: &'s [Submission<'i>]) -> Result<Vec<Ticket>, Partial<'s, 'i>> {
        let mut taken = Vec::with_capacity(records.len());
        for (place, record) in records.iter().enumerate() {
            match self.submit(*record) {
                Ok(ticket) => taken.push(ticket),
                Err(error) => return Err(Partial { taken, rest: error.with(&records[place..]) }),
            }
        }
        Ok(taken)
    }

    /// Waits, in async code, until there is room for so many records and bytes, or there never will be. Others may
    /// take the room before the caller does: submit again when it was not enough.
    pub fn room(&self, records: usize, bytes: usize) -> impl Future<Output = ()> + Send + '_ {
        self.0.room(records, bytes)
    }

    /// Sends pending records to the next free worker. Does not wait for them.
    pub fn flush(&self) {
        self.0.flush();
    }

    /// Refuses records from now on, judges what was accepted, and returns when every ticket has its outcome and the
    /// workers have ended. Called by a worker itself (from a task's waker) it does not wait. Dropping the pre-validator
    /// closes it.
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
        Stats {
            pending: counts.pending,
            pending_bytes: counts.pending_bytes,
            accepted: counts.accepted,
            refused: counts.refused,
            valid: of(VALID),
            invalid: of(INVALID),
            undecided: of(OPEN),
            cancelled: of(CANCELLED),
            faults: of(UNDECIDED),
            batches_by_size: counts.batches_by_size,
            batches_by_age: counts.batches_by_age,
            batches_by_request: counts.batches_by_request,
            panics: counts.panics,
            latency: counts.latency,
        }
    }

    fn take<'i>(
        &self,
        given: Submission<'i>,
        timeout: Option<Duration>,
    ) -> Result<Ticket, SubmitError<Submission<'i>>> {
        let Submission { system, context, record, id, priority } = given;
        if !system.owns(context) {
            return Err(SubmitError::WrongContext { given, error: WrongContext { system: system.name() } });
        }
        let push = |load: &mut Load| {
            load.bytes.extend_from_slice(record);
            load.records.push(Record { end: load.bytes.len(), system, context: Arc::clone(context) });
        };
        match self.0.submit(priority, record.len(), timeout, push) {
            Ok(promise) => Ok(Ticket { id, promise }),
            Err(Refusal::Full) => Err(SubmitError::Full(given)),
            Err(Refusal::Closed) => Err(SubmitError::Closed(given)),
            Err(Refusal::TooLarge) => Err(SubmitError::TooLarge(given)),
        }
    }
}

impl std::fmt::Debug for Prevalidator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prevalidator")
            .field("engine", self.engine())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
