//! What a micro-batch holds and how it is judged: the part of a pre-validator that knows what its items are.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::error::Fault;
use super::queue::{Cause, Queue};
use super::stats::Tally;

/// What the items of a [`super::Collector`] are, and how a micro-batch of them is judged.
///
/// An item gets a code, a byte, which costs nothing to wait for. What does not fit into a byte is shared by the items of
/// the micro-batch ([`Self::Shared`]), each of which finds its own there by its place.
pub trait Judge: Send + Sync + Sized + 'static {
    /// The items of a micro-batch, copied from their submitters. An empty one is made by `default` or by [`Self::clear`].
    type Load: Default + Send + 'static;

    /// What the items of a micro-batch share beside their codes: answers, or why there are none.
    type Shared: Clone + Send + From<Fault> + 'static;

    /// Judges the items of a load, which lie there in the order of their places. `codes` has an entry for each: it is
    /// [`super::CANCELLED`] for those that were cancelled and must be left alone, [`super::UNDECIDED`] for the others. What
    /// stays undecided counts as a fault.
    ///
    /// A panic is caught, and gives its items [`Fault::Panicked`].
    ///
    /// # Errors
    /// Why nothing is known of any item; the codes are then reset, whatever was set.
    fn judge(&self, load: &Self::Load, codes: &mut [u8]) -> Result<Option<Self::Shared>, Fault>;

    /// Called by the worker when the promises of a micro-batch are kept. A panic is counted, and goes no further.
    fn ended(&self, batch: &Judged<'_, Self>) {
        let _ = batch;
    }

    /// Empties a load, whose memory is then used again; `false` where its memory is too much to keep.
    fn clear(&self, load: &mut Self::Load, items: usize) -> bool;
}

/// A micro-batch that has been judged, for [`Judge::ended`].
pub struct Judged<'a, J: Judge> {
    /// Its items.
    pub load: &'a J::Load,
    /// Their codes.
    pub codes: &'a [u8],
    /// What they share.
    pub shared: Option<&'a J::Shared>,
    /// The time from the arrival of its first item.
    pub latency: Duration,
    /// Whether judging it panicked.
    pub panicked: bool,
    #[cfg_attr(not(feature = "metrics"), expect(dead_code, reason = "read where outcomes are reported"))]
    pub(super) cause: Cause,
    #[cfg_attr(not(feature = "metrics"), expect(dead_code, reason = "read where outcomes are reported"))]
    pub(super) queue: &'a Queue<J::Load, J::Shared>,
}

/// What producers and workers share.
pub(super) struct Core<J: Judge> {
    pub(super) judge: J,
    pub(super) queue: Queue<J::Load, J::Shared>,
    pub(super) tally: Mutex<Tally>,
    /// Workers that have not ended.
    pub(super) workers: AtomicUsize,
}

impl<J: Judge> Core<J> {
    /// Runs the caller's code; a panic is counted and goes no further.
    pub(super) fn guard(&self, work: impl FnOnce()) {
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            self.tally.lock().unwrap_or_else(PoisonError::into_inner).panics += 1;
        }
    }

    /// A worker ends; says whether it was the last.
    pub(super) fn leave(&self) -> bool {
        self.workers.fetch_sub(1, Ordering::AcqRel) == 1
    }
}
