//! The pre-validator of anything: items from many threads, collected into micro-batches that a [`Judge`] judges.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread::{JoinHandle, ThreadId};
use std::time::{Duration, Instant};

use super::config::CollectorConfig;
use super::error::StartError;
use super::item::Priority;
use super::judge::{Core, Judge};
use super::promise::Promise;
use super::queue::{Entry, Patience, Queue, Refusal};
use super::stats::Counts;
use super::worker;

/// An item with more bytes is copied before the lock is taken, and is a micro-batch of its own.
pub(super) const LARGE_BYTES: usize = 64 << 10;

/// Collects items into micro-batches and has them judged. Share it by reference or in an `Arc`.
///
/// It is what [`super::Prevalidator`] is made of, for crates whose items are something else than signatures: they say with
/// [`Judge`] what a micro-batch holds and how it is judged, and give their callers tickets over a [`Promise`]. What
/// [`crate::prevalidator`] says about outcomes, bounds, priorities and closing holds here.
///
/// ```
/// use sigwarp::prevalidator::{Collector, CollectorConfig, Fault, Judge, Priority};
///
/// /// Judges numbers: the code says whether one is even.
/// struct Even;
///
/// impl Judge for Even {
///     type Load = Vec<u32>;
///     type Shared = Fault;
///
///     fn judge(&self, load: &Vec<u32>, codes: &mut [u8]) -> Result<Option<Fault>, Fault> {
///         for (number, code) in load.iter().zip(codes).filter(|(_, code)| **code == 0) {
///             *code = if number % 2 == 0 { 1 } else { 2 };
///         }
///         Ok(None)
///     }
///
///     fn clear(&self, load: &mut Vec<u32>, _: usize) -> bool {
///         load.clear();
///         true
///     }
/// }
///
/// let collector = Collector::start(Even, &CollectorConfig::default())?;
/// let promise = collector.submit(Priority::Mempool, 4, None, |load| load.push(6)).expect("room for one");
/// assert_eq!(promise.wait().expect("a code"), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Collector<J: Judge> {
    pub(super) core: Arc<Core<J>>,
    /// The workers, until they are joined; the lock is held while they are.
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Their ids, by which a worker recognises itself while another thread waits for it.
    ids: Vec<ThreadId>,
}

impl<J: Judge> Collector<J> {
    /// Starts the workers.
    ///
    /// # Errors
    /// Limits that contradict each other, or a system that gives no threads.
    pub fn start(judge: J, config: &CollectorConfig) -> Result<Self, StartError> {
        let core = Arc::new(Core {
            judge,
            queue: Queue::new(config.limits()?),
            tally: Mutex::default(),
            workers: AtomicUsize::new(config.workers.get()),
        });
        let mut collector = Self { core: Arc::clone(&core), threads: Mutex::default(), ids: Vec::new() };
        for worker in 0..config.workers.get() {
            let core = Arc::clone(&core);
            let thread = std::thread::Builder::new()
                .name(format!("sigwarp-pre-{worker}"))
                .spawn(move || worker::run(&core))
                // The collector is dropped here, which ends the workers that did start.
                .map_err(|source| StartError::Thread { worker, source })?;
            collector.ids.push(thread.thread().id());
            collector.threads.get_mut().unwrap_or_else(PoisonError::into_inner).push(thread);
        }
        Ok(collector)
    }

    /// What judges the items.
    pub fn judge(&self) -> &J {
        &self.core.judge
    }

    /// Submits an item that counts with so many bytes; `push` adds it, and nothing else, to the load of a micro-batch.
    /// Where the queue is full this waits for room up to the timeout, [`Duration::MAX`] for as long as it takes and `None`
    /// not at all.
    ///
    /// `push` runs under the lock of the queue, except for an item of more than 64 KiB, and must not panic: a micro-batch that
    /// has other items than it has places for is a fault of the judge.
    ///
    /// # Errors
    /// Why the item was not taken. Unless it is of more than 64 KiB, `push` was not called then.
    pub fn submit(
        &self,
        priority: Priority,
        bytes: usize,
        timeout: Option<Duration>,
        push: impl FnOnce(&mut J::Load),
    ) -> Result<Promise<J::Shared>, Refusal> {
        let patience = timeout.map_or(Patience::None, patience);
        if bytes <= LARGE_BYTES {
            let mut entry = self.enter(1, bytes, patience)?;
            return Ok(place_one(&mut entry, priority, bytes, push));
        }
        let mut load = J::Load::default();
        push(&mut load);
        let mut entry = self.enter(1, bytes, patience)?;
        Ok(place_alone(&mut entry, priority, bytes, load))
    }

    /// Waits, in async code, until there is room for so many items and bytes, or there never will be. Others may
    /// take the room before the caller does: submit again when it was not enough.
    pub fn room(&self, items: usize, bytes: usize) -> impl Future<Output = ()> + Send + '_ {
        Room { core: &self.core, items, bytes }
    }

    /// Sends pending items to the next free worker. Does not wait for them.
    pub fn flush(&self) {
        self.core.queue.flush();
    }

    /// Refuses items from now on, has what was accepted judged, and returns when every promise is kept and the workers
    /// have ended. Called by a worker itself (from [`Judge::ended`] or a task's waker) it does not wait.
    pub fn close(&self) {
        self.core.queue.close();
        if self.ids.contains(&std::thread::current().id()) {
            return;
        }
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            // A worker that panicked has given up what it had: its tickets are resolved.
            let _ = thread.join();
        }
    }

    /// Whether it was closed, or has no workers left.
    pub fn is_closed(&self) -> bool {
        self.core.queue.is_closed()
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        // Outcomes first: an item that ends meanwhile is counted as accepted and not twice.
        let tally = self.core.tally.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let count = self.core.queue.count();
        let [batches_by_size, batches_by_age, batches_by_request] = count.cut;
        Counts {
            pending: count.items,
            pending_bytes: count.bytes,
            accepted: count.accepted,
            refused: count.refused,
            batches_by_size,
            batches_by_age,
            batches_by_request,
            panics: tally.panics,
            latency: tally.latency,
            codes: tally.codes,
        }
    }

    pub(super) fn enter(
        &self,
        items: usize,
        bytes: usize,
        patience: Patience,
    ) -> Result<Entry<'_, J::Load, J::Shared>, Refusal> {
        self.core.queue.enter(items, bytes, patience)
    }
}

impl<J: Judge> Drop for Collector<J> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<J: Judge> std::fmt::Debug for Collector<J> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Collector").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

/// Places an item in the open micro-batch of its class.
pub(super) fn place_one<L: Default, S: Clone>(
    entry: &mut Entry<'_, L, S>,
    priority: Priority,
    bytes: usize,
    push: impl FnOnce(&mut L),
) -> Promise<S> {
    let keep =
        |pending: &Arc<_>, places: std::ops::Range<u32>| Promise::pending(Arc::clone(pending), places.start);
    entry.place(priority as usize, std::iter::once(bytes), |load, _| push(load), keep).1
}

/// Places an item that is a micro-batch of its own.
pub(super) fn place_alone<L: Default, S: Clone>(
    entry: &mut Entry<'_, L, S>,
    priority: Priority,
    bytes: usize,
    load: L,
) -> Promise<S> {
    Promise::pending(entry.place_alone(priority as usize, bytes, load), 0)
}

/// See [`Collector::room`].
struct Room<'c, J: Judge> {
    core: &'c Core<J>,
    items: usize,
    bytes: usize,
}

impl<J: Judge> Future for Room<'_, J> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match self.core.queue.has_room(self.items, self.bytes, context.waker()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

pub(super) fn patience(timeout: Duration) -> Patience {
    Instant::now().checked_add(timeout).map_or(Patience::Forever, Patience::Until)
}
