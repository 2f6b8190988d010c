//! Tickets: how submitters get their verdicts.

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::error::Fault;
use super::pending::{CANCELLED, Pending};
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

/// Where the code of an item will be.
#[derive(Clone)]
pub(super) enum Place {
    /// It is known already.
    Known(u8),
    /// In a micro-batch.
    Pending(Arc<Pending<Fault>>, u32),
}

impl Place {
    fn get(&self) -> Option<Result<u8, Fault>> {
        match self {
            Self::Known(code) => Some(Ok(*code)),
            Self::Pending(pending, place) => pending.get(*place),
        }
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
    place: Place,
    /// Where the micro-batch keeps the task that awaits this ticket.
    slot: Option<u32>,
}

impl Ticket {
    pub(super) const fn new(id: u64, place: Place) -> Self {
        Self { id, place, slot: None }
    }

    /// The caller's id of the item.
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// The outcome, if there is one yet.
    pub fn try_get(&self) -> Option<Outcome> {
        self.place.get().map(|code| Outcome::of(self.id, code))
    }

    /// Waits for the outcome.
    pub fn wait(&self) -> Outcome {
        loop {
            if let Some(outcome) = self.try_get() {
                return outcome;
            }
            if let Place::Pending(pending, _) = &self.place {
                pending.wait(None);
            }
        }
    }

    /// Waits for the outcome up to the timeout.
    pub fn wait_timeout(&self, timeout: Duration) -> Option<Outcome> {
        if let Some(outcome) = self.try_get() {
            return Some(outcome);
        }
        if let Place::Pending(pending, _) = &self.place {
            pending.wait(Instant::now().checked_add(timeout));
        }
        self.try_get()
    }

    /// Cancels the item. `true`: no worker had it, it is not verified, and its outcome is [`Fault::Cancelled`] from
    /// now on. `false`: it is being verified or decided already, and its outcome comes. A cancelled item takes its
    /// place in the queue until its micro-batch is cut.
    pub fn cancel(&self) -> bool {
        match &self.place {
            Place::Known(_) => false,
            Place::Pending(pending, place) => pending.cancel(*place..*place + 1) == 1,
        }
    }
}

impl Future for Ticket {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let ticket = self.get_mut();
        if let Place::Pending(pending, place) = &ticket.place
            && pending.get(*place).is_none()
            && pending.wake_later(&mut ticket.slot, context.waker())
        {
            return Poll::Pending;
        }
        Poll::Ready(ticket.wait())
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let (Place::Pending(pending, _), Some(slot)) = (&self.place, self.slot) {
            pending.forget(slot);
        }
    }
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ticket").field("id", &self.id).field("outcome", &self.try_get()).finish()
    }
}

/// Items of a group that stand together in one micro-batch.
enum Run {
    Known(u8),
    Pending { pending: Arc<Pending<Fault>>, places: Range<u32>, slot: Option<u32> },
}

impl Run {
    fn len(&self) -> usize {
        match self {
            Self::Known(_) => 1,
            Self::Pending { places, .. } => places.len(),
        }
    }

    /// Whether each of its items has an outcome. Cancelled items have theirs before their micro-batch is resolved.
    fn is_decided(&self) -> bool {
        match self {
            Self::Known(_) => true,
            Self::Pending { pending, places, .. } => {
                pending.is_resolved() || places.clone().all(|place| pending.is_cancelled(place))
            }
        }
    }
}

/// The promise of an outcome for each of several items, in the order in which they were submitted; what a [`Ticket`]
/// promises holds for each.
///
/// It is done when every item has its outcome.
#[must_use = "a ticket that nobody asks says nothing"]
pub struct Group {
    ids: Vec<u64>,
    runs: Vec<Run>,
}

impl Group {
    pub(super) fn with_capacity(items: usize) -> Self {
        Self { ids: Vec::with_capacity(items), runs: Vec::new() }
    }

    pub(super) fn push_known(&mut self, id: u64, code: u8) {
        self.ids.push(id);
        self.runs.push(Run::Known(code));
    }

    /// Adds items; those that follow their predecessors in the same micro-batch take no count of references.
    pub(super) fn extend(
        &mut self,
        ids: impl Iterator<Item = u64>,
        next: &Arc<Pending<Fault>>,
        added: Range<u32>,
    ) {
        self.ids.extend(ids);
        match self.runs.last_mut() {
            Some(Run::Pending { pending, places, .. })
                if places.end == added.start && Arc::ptr_eq(next, pending) =>
            {
                places.end = added.end;
            }
            _ => self.runs.push(Run::Pending { pending: Arc::clone(next), places: added, slot: None }),
        }
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
        let mut before = 0;
        for run in &self.runs {
            if item < before + run.len() {
                let code = match run {
                    Run::Known(code) => Ok(*code),
                    Run::Pending { pending, places, .. } => {
                        pending.get(places.start + (item - before) as u32)?
                    }
                };
                return Some(Outcome::of(self.ids[item], code));
            }
            before += run.len();
        }
        None
    }

    /// The outcomes, if every item has one.
    pub fn try_get(&self) -> Option<Vec<Outcome>> {
        let mut outcomes = Vec::with_capacity(self.ids.len());
        for run in &self.runs {
            match run {
                Run::Known(code) => outcomes.push(Outcome::of(self.ids[outcomes.len()], Ok(*code))),
                Run::Pending { pending, places, .. } => {
                    let decided = pending.get_each(places.clone(), |code| {
                        outcomes.push(Outcome::of(self.ids[outcomes.len()], code));
                    });
                    if !decided {
                        return None;
                    }
                }
            }
        }
        Some(outcomes)
    }

    /// Waits for every outcome.
    pub fn wait(&self) -> Vec<Outcome> {
        loop {
            self.wait_until(None);
            if let Some(outcomes) = self.try_get() {
                return outcomes;
            }
        }
    }

    /// Waits for every outcome up to the timeout.
    pub fn wait_timeout(&self, timeout: Duration) -> Option<Vec<Outcome>> {
        self.wait_until(Instant::now().checked_add(timeout));
        self.try_get()
    }

    fn wait_until(&self, until: Option<Instant>) {
        for run in &self.runs {
            if let Run::Pending { pending, .. } = run
                && !run.is_decided()
                && !pending.wait(until)
            {
                return;
            }
        }
    }

    /// Cancels the items that no worker has yet, as [`Ticket::cancel`] does; returns their number.
    pub fn cancel(&self) -> usize {
        let cancel = |run: &Run| match run {
            Run::Known(_) => 0,
            Run::Pending { pending, places, .. } => pending.cancel(places.clone()),
        };
        self.runs.iter().map(cancel).sum()
    }

    /// A ticket for each item.
    pub fn into_tickets(mut self) -> impl Iterator<Item = Ticket> {
        self.forget();
        let ids = std::mem::take(&mut self.ids);
        let runs = std::mem::take(&mut self.runs);
        let places = runs.into_iter().flat_map(|run| {
            let (pending, places, code) = match run {
                Run::Known(code) => (None, 0..1, code),
                Run::Pending { pending, places, .. } => (Some(pending), places, 0),
            };
            places.map(move |place| match &pending {
                Some(pending) => Place::Pending(Arc::clone(pending), place),
                None => Place::Known(code),
            })
        });
        ids.into_iter().zip(places).map(|(id, place)| Ticket::new(id, place))
    }

    fn forget(&mut self) {
        for run in &mut self.runs {
            if let Run::Pending { pending, slot, .. } = run
                && let Some(slot) = slot.take()
            {
                pending.forget(slot);
            }
        }
    }
}

impl Future for Group {
    type Output = Vec<Outcome>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Vec<Outcome>> {
        let group = self.get_mut();
        // One micro-batch after the other: the task is woken by the first that is not decided, and looks on.
        for run in &mut group.runs {
            let decided = run.is_decided();
            if let Run::Pending { pending, slot, .. } = run
                && !decided
                && pending.wake_later(slot, context.waker())
            {
                return Poll::Pending;
            }
        }
        Poll::Ready(group.wait())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.forget();
    }
}

impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let decided = self.runs.iter().filter(|run| run.is_decided()).map(Run::len).sum::<usize>();
        f.debug_struct("Group").field("items", &self.len()).field("decided", &decided).finish()
    }
}
