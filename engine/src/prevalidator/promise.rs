//! Promises: where submitters find what became of their items, whatever the items are.
//!
//! A pre-validator makes its own tickets of them, which know what a code means there.

use std::ops::Range;
use std::sync::Arc;
use std::task::Context;
use std::time::{Duration, Instant};

use super::pending::Pending;

/// Where the code of an item will be.
enum Place<S> {
    /// It is known already.
    Known(u8),
    /// In a micro-batch.
    Pending(Arc<Pending<S>>, u32),
}

/// The promise that an item gets a code, or what its micro-batch shares (`S`) instead of one.
///
/// It can be dropped at any time; the item is judged all the same.
pub struct Promise<S: Clone> {
    place: Place<S>,
    /// Where the micro-batch keeps the task that awaits this promise.
    slot: Option<u32>,
}

impl<S: Clone> Promise<S> {
    pub(super) const fn known(code: u8) -> Self {
        Self { place: Place::Known(code), slot: None }
    }

    pub(super) const fn pending(pending: Arc<Pending<S>>, place: u32) -> Self {
        Self { place: Place::Pending(pending, place), slot: None }
    }

    /// The code of the item, or what the items without a code share, if that is decided. [`super::CANCELLED`] is the code
    /// of an item that was cancelled in time.
    pub fn try_get(&self) -> Option<Result<u8, S>> {
        match &self.place {
            Place::Known(code) => Some(Ok(*code)),
            Place::Pending(pending, place) => pending.get(*place),
        }
    }

    /// What the items of the micro-batch share, of items with a code too; `None` before it is judged, and where nothing
    /// is shared.
    pub fn shared(&self) -> Option<S> {
        match &self.place {
            Place::Known(_) => None,
            Place::Pending(pending, _) => pending.shared(),
        }
    }

    /// The place of the item in its micro-batch: its index in the codes that [`super::Judge::judge`] sets.
    pub const fn place(&self) -> usize {
        match &self.place {
            Place::Known(_) => 0,
            Place::Pending(_, place) => *place as usize,
        }
    }

    /// Waits for what [`Self::try_get`] gives.
    pub fn wait(&self) -> Result<u8, S> {
        loop {
            if let Some(found) = self.try_get() {
                return found;
            }
            if let Place::Pending(pending, _) = &self.place {
                pending.wait(None);
            }
        }
    }

    /// As [`Self::wait`], up to the timeout.
    pub fn wait_timeout(&self, timeout: Duration) -> Option<Result<u8, S>> {
        if let Some(found) = self.try_get() {
            return Some(found);
        }
        if let Place::Pending(pending, _) = &self.place {
            pending.wait(Instant::now().checked_add(timeout));
        }
        self.try_get()
    }

    /// Cancels the item. `true`: no worker had it, and it is not judged. `false`: it is being judged or decided already.
    pub fn cancel(&self) -> bool {
        match &self.place {
            Place::Known(_) => false,
            Place::Pending(pending, place) => pending.cancel(*place..*place + 1) == 1,
        }
    }

    /// Whether the item is decided; where not, wakes the task of this context when it is.
    pub fn poll_decided(&mut self, context: &mut Context<'_>) -> bool {
        match &self.place {
            Place::Known(_) => true,
            Place::Pending(pending, place) => {
                pending.get(*place).is_some() || !pending.wake_later(&mut self.slot, context.waker())
            }
        }
    }
}

impl<S: Clone> Drop for Promise<S> {
    fn drop(&mut self) {
        if let (Place::Pending(pending, _), Some(slot)) = (&self.place, self.slot) {
            pending.forget(slot);
        }
    }
}

/// Items of a group that stand together in one micro-batch.
enum Run<S> {
    Known(u8),
    Pending { pending: Arc<Pending<S>>, places: Range<u32>, slot: Option<u32> },
}

impl<S: Clone> Run<S> {
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

/// The promises of several items, in order. Items that follow one another in a micro-batch take one count of references.
pub(super) struct Promises<S: Clone>(Vec<Run<S>>);

impl<S: Clone> Promises<S> {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn push_known(&mut self, code: u8) {
        self.0.push(Run::Known(code));
    }

    pub(super) fn extend(&mut self, next: &Arc<Pending<S>>, added: Range<u32>) {
        match self.0.last_mut() {
            Some(Run::Pending { pending, places, .. })
                if places.end == added.start && Arc::ptr_eq(next, pending) =>
            {
                places.end = added.end;
            }
            _ => self.0.push(Run::Pending { pending: Arc::clone(next), places: added, slot: None }),
        }
    }

    /// What became of one item, if that is decided; `None` past the end too.
    pub(super) fn get(&self, item: usize) -> Option<Result<u8, S>> {
        let mut before = 0;
        for run in &self.0 {
            if item < before + run.len() {
                return match run {
                    Run::Known(code) => Some(Ok(*code)),
                    Run::Pending { pending, places, .. } => {
                        pending.get(places.start + (item - before) as u32)
                    }
                };
            }
            before += run.len();
        }
        None
    }

    /// What became of each item in turn. Ends at one that is not decided, and then gives `false`.
    pub(super) fn get_each(&self, mut each: impl FnMut(Result<u8, S>)) -> bool {
        self.0.iter().all(|run| match run {
            Run::Known(code) => {
                each(Ok(*code));
                true
            }
            Run::Pending { pending, places, .. } => pending.get_each(places.clone(), &mut each),
        })
    }

    /// Waits until each item is decided, at most until `until`.
    pub(super) fn wait_until(&self, until: Option<Instant>) {
        for run in &self.0 {
            if let Run::Pending { pending, .. } = run
                && !run.is_decided()
                && !pending.wait(until)
            {
                return;
            }
        }
    }

    /// Cancels the items that no worker has yet; returns their number.
    pub(super) fn cancel(&self) -> usize {
        let cancel = |run: &Run<S>| match run {
            Run::Known(_) => 0,
            Run::Pending { pending, places, .. } => pending.cancel(places.clone()),
        };
        self.0.iter().map(cancel).sum()
    }

    /// The number of items that are decided.
    pub(super) fn decided(&self) -> usize {
        self.0.iter().filter(|run| run.is_decided()).map(Run::len).sum()
    }

    /// Whether each item is decided; where not, wakes the task of this context to look again.
    pub(super) fn poll_decided(&mut self, context: &mut Context<'_>) -> bool {
        // One micro-batch after the other: the task is woken by the first that is not decided, and looks on.
        for run in &mut self.0 {
            let decided = run.is_decided();
            if let Run::Pending { pending, slot, .. } = run
                && !decided
                && pending.wake_later(slot, context.waker())
            {
                return false;
            }
        }
        true
    }

    /// A promise for each item.
    pub(super) fn into_each(mut self) -> impl Iterator<Item = Promise<S>> {
        self.forget();
        std::mem::take(&mut self.0).into_iter().flat_map(|run| {
            let (pending, places, code) = match run {
                Run::Known(code) => (None, 0..1, code),
                Run::Pending { pending, places, .. } => (Some(pending), places, 0),
            };
            places.map(move |place| match &pending {
                Some(pending) => Promise::pending(Arc::clone(pending), place),
                None => Promise::known(code),
            })
        })
    }

    fn forget(&mut self) {
        for run in &mut self.0 {
            if let Run::Pending { pending, slot, .. } = run
                && let Some(slot) = slot.take()
            {
                pending.forget(slot);
            }
        }
    }
}

impl<S: Clone> Drop for Promises<S> {
    fn drop(&mut self) {
        self.forget();
    }
}
