//! Tickets: how submitters of signatures get their verdicts.

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::error::Fault;
use super::pending::{CANCELLED, Pending};
use super::promise::{Promise, Promises};
use crate::verdict::{Verdict, decode};

/// The code of an item whose key was not registered when its turn came. No verdict has it.
pub(super) const UNKNOWN_KEY: u8 = 254;

/// What became of an item.
#[derive(Debug, Clone)]
#[must_use]
pub struct Outcome {
    /// The caller's id of the item.
    pub id: u64,
    /// The verdict, or why there is none.
    pub verdict: Result<Verdict, Fault>,
}

impl Outcome {
    pub(super) fn of(id: u64, code: Result<u8, Fault>) -> Self {
        let verdict = code.and_then(|code| match code {
            CANCELLED => Err(Fault::Cancelled),
            UNKNOWN_KEY => Err(Fault::UnknownKey),
            code => decode(code).ok_or(Fault::Abandoned),
        });
        Self { id, verdict }
    }

    /// Whether the signature was found valid.
    pub const fn is_valid(&self) -> bool {
        matches!(self.verdict, Ok(Verdict::Valid))
    }
}

/// The promise of one outcome: wait for it, poll it, or await it in any run-time.
///
/// Every ticket gets an outcome: the pre-validator resolves what it has accepted, also when it is closed or dropped
/// and when the engine fails or panics. A ticket may be dropped at any time; the item is verified all the same (its
/// outcome reaches [`super::Config::on_outcomes`] and the duplicate cache). To spare the work, cancel it.
#[must_use = "a ticket that nobody asks says nothing"]
pub struct Ticket {
    id: u64,
    promise: Promise<Fault>,
}

impl Ticket {
    pub(super) const fn new(id: u64, promise: Promise<Fault>) -> Self {
        Self { id, promise }
    }

    /// The caller's id of the item.
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// The outcome, if there is one yet.
    pub fn try_get(&self) -> Option<Outcome> {
        self.promise.try_get().map(|code| Outcome::of(self.id, code))
    }

    /// Waits for the outcome.
    pub fn wait(&self) -> Outcome {
        Outcome::of(self.id, self.promise.wait())
    }

    /// Waits for the outcome up to the timeout.
    pub fn wait_timeout(&self, timeout: Duration) -> Option<Outcome> {
        self.promise.wait_timeout(timeout).map(|code| Outcome::of(self.id, code))
    }

    /// Cancels the item. `true`: no worker had it, it is not verified, and its outcome is [`Fault::Cancelled`] from
    /// now on. `false`: it is being verified or decided already, and its outcome comes. A cancelled item takes its
    /// place in the queue until its micro-batch is cut.
    pub fn cancel(&self) -> bool {
        self.promise.cancel()
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

/// The promise of an outcome for each of several items, in the order in which they were submitted; what a [`Ticket`]
/// promises holds for each.
///
/// It is done when every item has its outcome.
#[must_use = "a ticket that nobody asks says nothing"]
pub struct Group {
    ids: Vec<u64>,
    promises: Promises<Fault>,
}

impl Group {
    pub(super) fn with_capacity(items: usize) -> Self {
        Self { ids: Vec::with_capacity(items), promises: Promises::new() }
    }

    pub(super) fn push_known(&mut self, id: u64, code: u8) {
        self.ids.push(id);
        self.promises.push_known(code);
    }

    /// Adds items; those that follow their predecessors in the same micro-batch take no count of references.
    pub(super) fn extend(
        &mut self,
        ids: impl Iterator<Item = u64>,
        next: &Arc<Pending<Fault>>,
        added: Range<u32>,
    ) {
        self.ids.extend(ids);
        self.promises.extend(next, added);
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The callers' ids of the items.
    pub fn ids(&self) -> &[u64] {
        &self.ids
    }

    /// The outcome of one item, if it has one yet; `None` past the end too.
    pub fn get(&self, item: usize) -> Option<Outcome> {
        self.promises.get(item).map(|code| Outcome::of(self.ids[item], code))
    }

    /// The outcomes, if every item has one.
    pub fn try_get(&self) -> Option<Vec<Outcome>> {
        let mut outcomes = Vec::with_capacity(self.ids.len());
        let decided =
            self.promises.get_each(|code| outcomes.push(Outcome::of(self.ids[outcomes.len()], code)));
        decided.then_some(outcomes)
    }

    /// Waits for every outcome.
    pub fn wait(&self) -> Vec<Outcome> {
        loop {
            self.promises.wait_until(None);
            if let Some(outcomes) = self.try_get() {
                return outcomes;
            }
        }
    }

    /// Waits for every outcome up to the timeout.
    pub fn wait_timeout(&self, timeout: Duration) -> Option<Vec<Outcome>> {
        self.promises.wait_until(Instant::now().checked_add(timeout));
        self.try_get()
    }

    /// Cancels the items that no worker has yet, as [`Ticket::cancel`] does; returns their number.
    pub fn cancel(&self) -> usize {
        self.promises.cancel()
    }

    /// A ticket for each item.
    pub fn into_tickets(self) -> impl Iterator<Item = Ticket> {
        self.ids.into_iter().zip(self.promises.into_each()).map(|(id, promise)| Ticket::new(id, promise))
    }
}

impl Future for Group {
    type Output = Vec<Outcome>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Vec<Outcome>> {
        let group = self.get_mut();
        match group.promises.poll_decided(context) {
            true => Poll::Ready(group.wait()),
            false => Poll::Pending,
        }
    }
}

impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Group")
            .field("items", &self.len())
            .field("decided", &self.promises.decided())
            .finish()
    }
}
