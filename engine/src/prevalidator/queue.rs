//! The bounded queue: items in, micro-batches out.
//!
//! # Structure
//! There is no queue of items. Each class of priority has one *open* micro-batch, and a producer appends its item to
//! the columns of that batch (`L`), in place, under one lock. A batch that is full goes to the *ready* queue of its
//! class. A worker takes whole batches. So an item costs its producer one uncontended lock and the copy of its bytes
//! into memory that is used again and again; a worker locks twice for a batch; nothing is allocated, and nobody is
//! woken, for an item.
//!
//! Rejected: a channel of items (`crossbeam-channel`): each item must be owned, which is an allocation or two, is
//! moved three times, and needs a slot of its own for its verdict; the worker then copies it into columns as well.
//!
//! # When a batch is cut
//! By size (`max_batch` items, or [`BATCH_BYTES`]); by age (`max_delay` after its first item); by [`Queue::flush`]; on
//! closing; and when the queue is full, where waiting for more would be waiting for nothing. A batch that is due but
//! finds every worker busy goes on gathering until one is free.
//!
//! # Which goes first
//! The highest class that has a batch to give. A lower class that has one and was passed over [`PATIENCE`] times goes
//! next, so no class starves.

use std::collections::VecDeque;
use std::ops::Range;
use std::task::Waker;
use std::time::Duration;

use super::pending::{Pending, wake_all};
use super::sync::{Arc, Condvar, Instant, Mutex, MutexGuard, lock, wait};

/// The classes of priority.
pub(super) const CLASSES: usize = 3;
/// How many batches of higher classes may go before a waiting batch of each class.
pub(super) const PATIENCE: [u32; CLASSES] = [0, 4, 16];
/// A batch of so many bytes is full.
pub(super) const BATCH_BYTES: usize = 4 << 20;

/// What a queue holds at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) items: usize,
    pub(super) bytes: usize,
    pub(super) batch: usize,
    pub(super) delay: Duration,
}

/// Why items were not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no room for them now.
    Full,
    /// No items are taken any more.
    Closed,
    /// They would not fit into the empty queue.
    TooLarge,
}

/// How long a producer waits for room.
#[derive(Debug, Clone, Copy)]
pub(super) enum Patience {
    None,
    Until(Instant),
    Forever,
}

/// Why a batch was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Size,
    Age,
    /// A flush, closing, or a full queue.
    Asked,
}

/// A micro-batch.
pub(super) struct Gathered<L, F> {
    pub(super) load: L,
    pub(super) pending: Arc<Pending<F>>,
    pub(super) items: usize,
    pub(super) bytes: usize,
    /// When its first item came.
    pub(super) opened: Instant,
    pub(super) cause: Cause,
    /// Cut it as soon as a worker is free.
    due: bool,
}

/// What a queue has counted since it was made, and what it holds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Count {
    pub(super) items: usize,
    pub(super) bytes: usize,
    pub(super) accepted: u64,
    pub(super) refused: u64,
    /// Batches by [`Cause`].
    pub(super) cut: [u64; 3],
}

struct State<L, F> {
    open: [Option<Gathered<L, F>>; CLASSES],
    ready: [VecDeque<Gathered<L, F>>; CLASSES],
    passed: [u32; CLASSES],
    /// Empty loads, with their memory.
    spare: Vec<L>,
    count: Count,
    closing: bool,
    /// Workers that wait.
    idle: usize,
    /// Producers that wait for room.
    waiting: usize,
    room_wakers: Vec<Waker>,
}

/// The queue; see the head of this file. `L` holds the items of a batch, `F` is what its places share beside their codes.
pub(super) struct Queue<L, F> {
    limits: Limits,
    state: Mutex<State<L, F>>,
    work: Condvar,
    room: Condvar,
}

impl<L: Default, F: Clone> Queue<L, F> {
    pub(super) fn new(limits: Limits) -> Self {
        let state = State {
            open: [const { None }; CLASSES],
            ready: [const { VecDeque::new() }; CLASSES],
            passed: [0; CLASSES],
            spare: Vec::new(),
            count: Count::default(),
            closing: false,
            idle: 0,
            waiting: 0,
            room_wakers: Vec::new(),
        };
        Self { limits, state: Mutex::new(state), work: Condvar::new(), room: Condvar::new() }
    }

    /// Reserves room for items, all or none, and gives the right to place them.
    pub(super) fn enter(
        &self,
        items: usize,
        bytes: usize,
        patience: Patience,
    ) -> Result<Entry<'_, L, F>, Refusal> {
        if items > self.limits.items || bytes > self.limits.bytes {
            return Err(Refusal::TooLarge);
        }
        let mut state = lock(&self.state);
        loop {
            if state.closing {
                return Err(Refusal::Closed);
            }
            let count = &mut state.count;
            if count.items + items <= self.limits.items && count.bytes + bytes <= self.limits.bytes {
                count.items += items;
                count.bytes += bytes;
                count.accepted += items as u64;
                return Ok(Entry { queue: self, state: Some(state), wake: false });
            }
            // Nothing can join what is open, so nothing is gained by waiting for it.
            state.open.iter_mut().flatten().for_each(|open| open.due = true);
            if state.idle > 0 {
                self.work.notify_one();
            }
            let until = match patience {
                Patience::Until(until) if Instant::now() < until => Some(until),
                Patience::Forever => None,
                _ => {
                    state.count.refused += items as u64;
                    return Err(Refusal::Full);
                }
            };
            state.waiting += 1;
            state = wait(&self.room, state, until);
            state.waiting -= 1;
        }
    }

    /// Reserves room for as many of some items as there is room for, at least one; they are given by their bytes.
    pub(super) fn enter_some(
        &self,
        bytes: impl Iterator<Item = usize> + Clone,
        patience: Patience,
    ) -> Result<(Entry<'_, L, F>, usize), Refusal> {
        let mut rest = bytes.clone();
        let Some(first) = rest.next() else { return Err(Refusal::TooLarge) };
        let mut entry = self.enter(1, first, patience)?;
        let mut taken = 1;
        let count = &mut entry.state().count;
        for more in rest {
            if count.items == self.limits.items || count.bytes + more > self.limits.bytes {
                break;
            }
            count.items += 1;
            count.bytes += more;
            count.accepted += 1;
            taken += 1;
        }
        Ok((entry, taken))
    }

    /// The next batch for a worker. Waits for one; `None` when the queue is closed and empty.
    pub(super) fn next(&self) -> Option<Gathered<L, F>> {
        let mut state = lock(&self.state);
        loop {
            if let Some(batch) = state.cut(&self.limits) {
                // Whoever was woken for this batch may have been the one to watch over others.
                if state.idle > 0 && !state.is_empty() {
                    self.work.notify_one();
                }
                return Some(batch);
            }
            if state.closing {
                // Closing cuts whatever is open, so there was nothing.
                return None;
            }
            let due = state.open.iter().flatten().map(|open| open.opened).min();
            let until = due.and_then(|opened| opened.checked_add(self.limits.delay));
            state.idle += 1;
            state = wait(&self.work, state, until);
            state.idle -= 1;
        }
    }

    /// Makes room again for items that [`Self::next`] gave.
    pub(super) fn release(&self, items: usize, bytes: usize) {
        let mut state = lock(&self.state);
        state.count.items -= items;
        state.count.bytes -= bytes;
        let (waiting, wakers) = (state.waiting > 0, std::mem::take(&mut state.room_wakers));
        drop(state);
        if waiting {
            self.room.notify_all();
        }
        wake_all(wakers);
    }

    /// Takes back an empty load with its memory.
    pub(super) fn recycle(&self, load: L) {
        let most = self.limits.items / self.limits.batch + CLASSES;
        let mut state = lock(&self.state);
        if state.spare.len() < most {
            state.spare.push(load);
        }
    }

    /// Whether there is room for items now, or none ever will be; if not, wakes a task when some was made.
    pub(super) fn has_room(&self, items: usize, bytes: usize, waker: &Waker) -> bool {
        let mut state = lock(&self.state);
        if items > self.limits.items || bytes > self.limits.bytes || state.closing {
            return true;
        }
        let fits =
            state.count.items + items <= self.limits.items && state.count.bytes + bytes <= self.limits.bytes;
        if !fits && !state.room_wakers.iter().any(|known| known.will_wake(waker)) {
            state.room_wakers.push(waker.clone());
        }
        fits
    }

    /// Cuts every open batch as soon as a worker is free.
    pub(super) fn flush(&self) {
        let mut state = lock(&self.state);
        state.open.iter_mut().flatten().for_each(|open| open.due = true);
        let idle = state.idle > 0;
        drop(state);
        if idle {
            self.work.notify_all();
        }
    }

    /// Refuses items from now on; workers stop when what is there is done.
    pub(super) fn close(&self) {
        let mut state = lock(&self.state);
        state.closing = true;
        let wakers = std::mem::take(&mut state.room_wakers);
        drop(state);
        self.work.notify_all();
        self.room.notify_all();
        wake_all(wakers);
    }

    /// Closes, and gives up what no worker has taken: for when there is no worker any more.
    pub(super) fn abandon(&self) -> Vec<Gathered<L, F>> {
        self.close();
        let mut state = lock(&self.state);
        let mut left: Vec<_> = state.open.iter_mut().filter_map(Option::take).collect();
        state.ready.iter_mut().for_each(|ready| left.extend(ready.drain(..)));
        left
    }

    /// What was counted.
    pub(super) fn count(&self) -> Count {
        lock(&self.state).count
    }

    pub(super) fn is_closed(&self) -> bool {
        lock(&self.state).closing
    }
}

impl<L, F> State<L, F> {
    fn is_empty(&self) -> bool {
        self.open.iter().all(Option::is_none) && self.ready.iter().all(VecDeque::is_empty)
    }

    /// The batch to work on now, if there is one.
    fn cut(&mut self, limits: &Limits) -> Option<Gathered<L, F>> {
        let mut now = None;
        let mut gives = [false; CLASSES];
        for (gives, (ready, open)) in gives.iter_mut().zip(self.ready.iter().zip(&self.open)) {
            *gives = !ready.is_empty()
                || open.as_ref().is_some_and(|open| {
                    open.due || self.closing || {
                        let now = *now.get_or_insert_with(Instant::now);
                        now.saturating_duration_since(open.opened) >= limits.delay
                    }
                });
        }
        let highest = gives.iter().position(|&gives| gives)?;
        let starved = (0..CLASSES).rev().find(|&class| gives[class] && self.passed[class] >= PATIENCE[class]);
        let chosen = starved.unwrap_or(highest);
        for (passed, gives) in self.passed.iter_mut().zip(gives).skip(chosen + 1) {
            *passed += u32::from(gives);
        }
        self.passed[chosen] = 0;
        let batch = match self.ready[chosen].pop_front() {
            Some(batch) => batch,
            None => {
                let mut open = self.open[chosen].take()?;
                open.cause = if open.due || self.closing { Cause::Asked } else { Cause::Age };
                open
            }
        };
        self.count.cut[batch.cause as usize] += 1;
        Some(batch)
    }
}

/// The right to place the items that room was reserved for; holds the lock of the queue. All must be placed.
pub(super) struct Entry<'q, L: Default, F: Clone> {
    queue: &'q Queue<L, F>,
    state: Option<MutexGuard<'q, State<L, F>>>,
    /// A worker has something to learn.
    wake: bool,
}

impl<L: Default, F: Clone> Entry<'_, L, F> {
    fn state(&mut self) -> &mut State<L, F> {
        self.state.as_mut().expect("the lock is held until the entry ends")
    }

    /// Places items of one class, given by their bytes: as many as the open micro-batch takes, one at least. `push` adds
    /// so many to the load, and `keep` gets the batch and the places of the items there. Gives how many they are.
    pub(super) fn place<T>(
        &mut self,
        class: usize,
        bytes: impl Iterator<Item = usize>,
        push: impl FnOnce(&mut L, usize),
        keep: impl FnOnce(&Arc<Pending<F>>, Range<u32>) -> T,
    ) -> (usize, T) {
        let limits = self.queue.limits;
        let state = self.state();
        let mut opens = false;
        let open = match &mut state.open[class] {
            Some(open) => open,
            empty => {
                opens = true;
                empty.insert(Gathered {
                    load: state.spare.pop().unwrap_or_default(),
                    pending: Pending::new(limits.batch),
                    items: 0,
                    bytes: 0,
                    opened: Instant::now(),
                    cause: Cause::Size,
                    due: false,
                })
            }
        };
        let before = open.items;
        let mut full = false;
        for bytes in bytes {
            open.items += 1;
            open.bytes += bytes;
            full = open.items == limits.batch || open.bytes >= BATCH_BYTES;
            if full {
                break;
            }
        }
        let placed = open.items - before;
        push(&mut open.load, placed);
        let kept = keep(&open.pending, before as u32..open.items as u32);
        if full && let Some(batch) = state.open[class].take() {
            state.ready[class].push_back(batch);
        }
        self.wake |= opens || full;
        (placed, kept)
    }

    /// Places an item that is a batch of its own.
    pub(super) fn place_alone(&mut self, class: usize, bytes: usize, load: L) -> Arc<Pending<F>> {
        let pending = Pending::new(1);
        let place = Arc::clone(&pending);
        let opened = Instant::now();
        let batch = Gathered { load, pending, items: 1, bytes, opened, cause: Cause::Size, due: true };
        self.state().ready[class].push_back(batch);
        self.wake = true;
        place
    }
}

impl<L: Default, F: Clone> Drop for Entry<'_, L, F> {
    fn drop(&mut self) {
        let Some(state) = self.state.take() else { return };
        let wake = self.wake && state.idle > 0;
        drop(state);
        if wake {
            self.queue.work.notify_one();
        }
    }
}
