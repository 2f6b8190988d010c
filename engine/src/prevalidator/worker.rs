//! The workers: micro-batches in, outcomes out.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};

use super::error::Fault;
use super::judge::{Core, Judge, Judged};
use super::pending::{CANCELLED, Pending, UNDECIDED};
use super::queue::Gathered;

/// Resolves its micro-batch when it goes, whatever happened: no ticket hangs.
struct Resolving<S: Clone + From<Fault>>(Arc<Pending<S>>);

impl<S: Clone + From<Fault>> Drop for Resolving<S> {
    fn drop(&mut self) {
        self.0.resolve(Some(Fault::Abandoned.into()));
    }
}

/// When a worker ends, by a panic of its own too, and was the last, what is queued is given up.
struct Leaving<'c, J: Judge>(&'c Core<J>);

impl<J: Judge> Drop for Leaving<'_, J> {
    fn drop(&mut self) {
        if self.0.leave() {
            for batch in self.0.queue.abandon() {
                batch.pending.resolve(Some(Fault::Abandoned.into()));
            }
        }
    }
}

/// Serves until the queue is closed and empty.
pub(super) fn run<J: Judge>(core: &Core<J>) {
    let leaving = Leaving(core);
    while let Some(batch) = core.queue.next() {
        serve(core, batch);
    }
    drop(leaving);
}

fn serve<J: Judge>(core: &Core<J>, gathered: Gathered<J::Load, J::Shared>) {
    let Gathered { mut load, pending, items, bytes, opened, cause, .. } = gathered;
    let resolving = Resolving(Arc::clone(&pending));
    let mut codes = vec![UNDECIDED; items];
    for place in pending.take() {
        codes[place as usize] = CANCELLED;
    }
    let judged = catch_unwind(AssertUnwindSafe(|| core.judge.judge(&load, &mut codes)));
    let panicked = judged.is_err();
    let judged = judged.unwrap_or_else(|panic| Err(Fault::Panicked(text(panic.as_ref()).into())));
    let shared = judged.unwrap_or_else(|fault| {
        // Whatever was decided before the failure is not trusted; what was cancelled stays so.
        codes.iter_mut().filter(|code| **code != CANCELLED).for_each(|code| *code = UNDECIDED);
        Some(fault.into())
    });
    let mut counts = [0; 256];
    for (place, &code) in codes.iter().enumerate() {
        // Nobody sees it before all are resolved.
        if code != CANCELLED && code != UNDECIDED {
            pending.set(place as u32, code);
        }
        counts[usize::from(code)] += 1;
    }
    // Before the tickets: whoever waited for one finds room, and itself counted.
    core.queue.release(items, bytes);
    let latency = opened.elapsed();
    {
        let mut tally = core.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.add(&counts);
        tally.panics += u64::from(panicked);
        tally.latency.record(latency, items as u64);
    }
    pending.resolve(shared.clone());
    drop(resolving);
    let ended = Judged {
        load: &load,
        codes: &codes,
        shared: shared.as_ref(),
        latency,
        panicked,
        cause,
        queue: &core.queue,
    };
    core.guard(|| core.judge.ended(&ended));
    if core.judge.clear(&mut load, items) {
        core.queue.recycle(load);
    }
}

/// What a panic said.
fn text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
