//! The pending verdicts of one micro-batch: what its tickets share with the worker.
//!
//! A ticket is a place in a [`Pending`]. All places are decided at once: the worker stores a code for each and then
//! sets one flag, so that an item costs a byte store, and a ticket that looks later costs two loads. Threads and tasks
//! that wait are counted, and nobody is woken where nobody waits.
//!
//! # Phases
//! *gathering* (items join, and may be cancelled) → *taken* (a worker has it) → *resolved* (for good). The first
//! change is made under the lock that cancellation takes, so an item is either cancelled and never verified, or
//! taken and never cancelled.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use super::sync::{Arc, AtomicBool, AtomicU8, Condvar, Instant, Mutex, Ordering, lock, wait};

/// The code of a place that nothing has decided, as in `verdict`: zeroed memory is never a verdict.
pub const UNDECIDED: u8 = 0;
/// The code of a place whose item was cancelled before a worker took it. No verdict has it.
pub const CANCELLED: u8 = 255;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Gathering,
    Taken,
    Resolved,
}

struct Inner<F> {
    phase: Phase,
    /// Why undecided places stay so, or what all places have in common.
    shared: Option<F>,
    cancelled: Vec<u32>,
    /// Threads in [`Pending::wait`].
    waiting: usize,
    /// Tasks to wake; a ticket keeps its position.
    wakers: Vec<Option<Waker>>,
}

/// The verdict codes of a micro-batch; see the head of this file. `F` is what its places share: why there are no verdicts,
/// or answers that a code cannot hold.
pub(super) struct Pending<F> {
    codes: Box<[AtomicU8]>,
    resolved: AtomicBool,
    inner: Mutex<Inner<F>>,
    done: Condvar,
}

impl<F: Clone> Pending<F> {
    /// Room for `places` verdicts.
    pub(super) fn new(places: usize) -> Arc<Self> {
        let inner = Inner {
            phase: Phase::Gathering,
            shared: None,
            cancelled: Vec::new(),
            waiting: 0,
            wakers: Vec::new(),
        };
        Arc::new(Self {
            codes: (0..places).map(|_| AtomicU8::new(UNDECIDED)).collect(),
            resolved: AtomicBool::new(false),
            inner: Mutex::new(inner),
            done: Condvar::new(),
        })
    }

    /// The code of a place, or what the undecided ones share. `None` while it is pending.
    pub(super) fn get(&self, place: u32) -> Option<Result<u8, F>> {
        let mut code = None;
        self.get_each(place..place + 1, |found| code = Some(found));
        code
    }

    /// As [`Self::get`], of some places in turn. Ends at one that is pending, and then gives `false`.
    pub(super) fn get_each(&self, places: Range<u32>, mut each: impl FnMut(Result<u8, F>)) -> bool {
        let resolved = self.resolved.load(Ordering::Acquire);
        for code in &self.codes[places.start as usize..places.end as usize] {
            each(match code.load(Ordering::Relaxed) {
                CANCELLED => Ok(CANCELLED),
                _ if !resolved => return false,
                UNDECIDED => lock(&self.inner).shared.clone().map_or(Ok(UNDECIDED), Err),
                code => Ok(code),
            });
        }
        true
    }

    /// What the places share, whether or not they have codes. `None` while they are pending.
    pub(super) fn shared(&self) -> Option<F> {
        lock(&self.inner).shared.clone()
    }

    /// Whether a place was cancelled in time. It stays so.
    pub(super) fn is_cancelled(&self, place: u32) -> bool {
        self.codes[place as usize].load(Ordering::Relaxed) == CANCELLED
    }

    /// Whether every place is decided, or never will be.
    pub(super) fn is_resolved(&self) -> bool {
        self.resolved.load(Ordering::Acquire)
    }

    /// Waits until the micro-batch is resolved, at most until `until`; says whether it is.
    pub(super) fn wait(&self, until: Option<Instant>) -> bool {
        if self.is_resolved() {
            return true;
        }
        let mut inner = lock(&self.inner);
        inner.waiting += 1;
        while inner.phase != Phase::Resolved && until.is_none_or(|until| Instant::now() < until) {
            inner = wait(&self.done, inner, until);
        }
        inner.waiting -= 1;
        inner.phase == Phase::Resolved
    }

    /// Asks for a task to be woken when the micro-batch is resolved; `false` if it is, and then nobody is woken.
    /// `slot` is the ticket's own: a second call replaces the task of the first.
    pub(super) fn wake_later(&self, slot: &mut Option<u32>, waker: &Waker) -> bool {
        let mut inner = lock(&self.inner);
        if inner.phase == Phase::Resolved {
            return false;
        }
        let replaced = match slot.and_then(|slot| inner.wakers.get_mut(slot as usize)) {
            Some(known) => known.replace(waker.clone()),
            None => {
                *slot = u32::try_from(inner.wakers.len()).ok();
                inner.wakers.push(Some(waker.clone()));
                None
            }
        };
        // A task is dropped outside of the lock: its destructor is the caller's code.
        drop(inner);
        drop(replaced);
        true
    }

    /// Forgets the task of a ticket that goes.
    pub(super) fn forget(&self, slot: u32) {
        let task = lock(&self.inner).wakers.get_mut(slot as usize).and_then(Option::take);
        drop(task);
    }

    /// Cancels places that no worker has taken; says how many now are cancelled that were not.
    pub(super) fn cancel(&self, places: Range<u32>) -> usize {
        let mut inner = lock(&self.inner);
        if inner.phase != Phase::Gathering {
            return 0;
        }
        let before = inner.cancelled.len();
        for place in places {
            if self.codes[place as usize].swap(CANCELLED, Ordering::Relaxed) != CANCELLED {
                inner.cancelled.push(place);
            }
        }
        inner.cancelled.len() - before
    }

    /// Hands the micro-batch to a worker: nothing in it is cancelled from now on. Gives what was, in order.
    pub(super) fn take(&self) -> Vec<u32> {
        let mut inner = lock(&self.inner);
        inner.phase = Phase::Taken;
        let mut cancelled = std::mem::take(&mut inner.cancelled);
        drop(inner);
        cancelled.sort_unstable();
        cancelled
    }

    /// Decides a place. For the worker that took the micro-batch, before it resolves it.
    pub(super) fn set(&self, place: u32, code: u8) {
        self.codes[place as usize].store(code, Ordering::Relaxed);
    }

    /// Resolves: what is undecided stays so, and `shared` says why or has the answers. Only the first call counts.
    pub(super) fn resolve(&self, shared: Option<F>) {
        let mut inner = lock(&self.inner);
        if inner.phase == Phase::Resolved {
            return;
        }
        inner.phase = Phase::Resolved;
        inner.shared = shared;
        self.resolved.store(true, Ordering::Release);
        let wakers = std::mem::take(&mut inner.wakers);
        let waiting = inner.waiting > 0;
        drop(inner);
        if waiting {
            self.done.notify_all();
        }
        wake_all(wakers.into_iter().flatten());
    }
}

/// Wakes tasks. A waker is the caller's code: one that panics must not keep the others asleep, nor end a worker.
pub(super) fn wake_all(wakers: impl IntoIterator<Item = Waker>) {
    for waker in wakers {
        let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
    }
}
