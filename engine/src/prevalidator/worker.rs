//! The workers: micro-batches in, outcomes out.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};

use super::cache::Digest;
use super::error::Fault;
use super::pending::{CANCELLED, Pending, UNDECIDED};
use super::queue::Gathered;
use super::stats::Tally;
use super::ticket::{Outcome, UNKNOWN_KEY};
use super::{Shared, report};
use crate::batch::{Batch, BatchView, Key, Message};
use crate::error::Error;
use crate::verdict::{VALID, Verdicts};

/// The items of a micro-batch. The memory is used again.
#[derive(Default)]
pub(super) struct Load {
    pub(super) batch: Batch,
    pub(super) ids: Vec<u64>,
    /// Their hashes, where there is a duplicate cache; zero for items that it cannot know.
    pub(super) digests: Vec<Option<Digest>>,
}

impl Load {
    fn clear(&mut self) {
        self.batch.clear();
        self.ids.clear();
        self.digests.clear();
    }
}

/// The memory of a load that had more bytes an item than this is not kept.
const KEPT_BYTES_PER_ITEM: usize = 2048;

/// Resolves its micro-batch when it goes, whatever happened: no ticket hangs.
struct Resolving(Arc<Pending<Fault>>);

impl Drop for Resolving {
    fn drop(&mut self) {
        self.0.resolve(Some(Fault::Abandoned));
    }
}

/// When a worker ends, by a panic of its own too, and was the last, what is queued is given up.
struct Leaving<'s>(&'s Shared);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        if self.0.leave() {
            for batch in self.0.queue.abandon() {
                batch.pending.resolve(Some(Fault::Abandoned));
            }
        }
    }
}

/// Serves until the queue is closed and empty.
pub(super) fn run(shared: &Shared) {
    let leaving = Leaving(shared);
    while let Some(batch) = shared.queue.next() {
        serve(shared, batch);
    }
    drop(leaving);
}

fn serve(shared: &Shared, gathered: Gathered<Load, Fault>) {
    let Gathered { mut load, pending, items, bytes, opened, cause, .. } = gathered;
    let resolving = Resolving(Arc::clone(&pending));
    let mut codes = vec![UNDECIDED; items];
    for place in pending.take() {
        codes[place as usize] = CANCELLED;
    }
    let judged = catch_unwind(AssertUnwindSafe(|| judge(shared, &load.batch, &mut codes)));
    let mut tally = Tally::default();
    let fault = match judged {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(Fault::Engine(Arc::new(error))),
        Err(panic) => {
            tally.panics += 1;
            Some(Fault::Panicked(text(panic.as_ref()).into()))
        }
    };
    if fault.is_some() {
        // Whatever was decided before the failure is not trusted; what was cancelled stays so.
        codes.iter_mut().filter(|code| **code != CANCELLED).for_each(|code| *code = UNDECIDED);
    }
    for (place, &code) in codes.iter().enumerate() {
        // Nobody sees it before all are resolved.
        if code != CANCELLED && code != UNDECIDED {
            pending.set(place as u32, code);
        }
        match code {
            CANCELLED => tally.cancelled += 1,
            UNDECIDED | UNKNOWN_KEY => tally.faults += 1,
            VALID => tally.valid += 1,
            _ => tally.invalid += 1,
        }
    }
    if let Some(cache) = &shared.cache {
        for (digest, &code) in load.digests.iter().zip(&codes) {
            if let Some(digest) = digest
                && ![CANCELLED, UNDECIDED, UNKNOWN_KEY].contains(&code)
            {
                cache.insert(digest, code);
            }
        }
    }
    // Before the tickets: whoever waited for one finds room, and itself counted.
    shared.queue.release(items, bytes);
    let latency = opened.elapsed();
    {
        let mut sum = shared.tally.lock().unwrap_or_else(PoisonError::into_inner);
        sum.valid += tally.valid;
        sum.invalid += tally.invalid;
        sum.cancelled += tally.cancelled;
        sum.faults += tally.faults;
        sum.panics += tally.panics;
        sum.latency.record(latency, items as u64);
    }
    pending.resolve(fault.clone());
    drop(resolving);
    report::batch(&tally, items, latency, cause, &shared.queue, &shared.reported);
    let outcome = |place: usize| {
        let code = match (codes[place], &fault) {
            (UNDECIDED, Some(fault)) => Err(fault.clone()),
            (code, _) => Ok(code),
        };
        Outcome::of(load.ids[place], code)
    };
    if shared.on_outcomes.is_some() {
        shared.tell(&(0..items).map(outcome).collect::<Vec<_>>());
    }
    if load.batch.bytes() <= items.max(64) * KEPT_BYTES_PER_ITEM {
        load.clear();
        shared.queue.recycle(load);
    }
}

/// Sets the codes of items that are undecided.
fn judge(shared: &Shared, batch: &Batch, codes: &mut [u8]) -> Result<(), Error> {
    let view = batch.view()?;
    if codes.iter().all(|&code| code == UNDECIDED) {
        match verify(shared, &view) {
            Ok(verdicts) => {
                codes.copy_from_slice(verdicts.codes());
                return Ok(());
            }
            Err(Error::UnknownKey { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    // Some items were cancelled, or name keys that are not registered: the others are copied, and go without them.
    // A key may still go between the look and the call, so it is done again until no more are found.
    loop {
        for (item, code) in codes.iter_mut().enumerate().filter(|(_, code)| **code == UNDECIDED) {
            let (suite, key, _, _) = view.row(item);
            if let Key::Id(id) = key
                && shared.engine.with_key(suite, id, |_| ()).is_none()
            {
                *code = UNKNOWN_KEY;
            }
        }
        let (mut rest, mut places) = (Batch::new(), Vec::new());
        for place in (0..codes.len()).filter(|&place| codes[place] == UNDECIDED) {
            let (suite, key, message, signature) = view.row(place);
            let message = Message::of(suite.scheme().input(), message);
            rest.push(suite, key, message, signature);
            places.push(place);
        }
        if places.is_empty() {
            return Ok(());
        }
        match verify(shared, &rest.view()?) {
            Ok(verdicts) => {
                for (&place, &code) in places.iter().zip(verdicts.codes()) {
                    codes[place] = code;
                }
                return Ok(());
            }
            Err(Error::UnknownKey { item, .. }) => codes[places[item]] = UNKNOWN_KEY,
            Err(error) => return Err(error),
        }
    }
}

fn verify(shared: &Shared, view: &BatchView<'_>) -> Result<Verdicts, Error> {
    if let Some(hook) = &shared.before_batch {
        hook(view)?;
    }
    shared.engine.verify_columns(view)
}

/// What a panic said.
fn text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
