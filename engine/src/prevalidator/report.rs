//! What goes to the `metrics` facade, once a micro-batch. Names and meanings stand in `docs/integrate/prevalidator.md`.

use std::sync::atomic::AtomicU64;
#[cfg(feature = "metrics")]
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::queue::{Cause, Queue};
use super::stats::Tally;

#[cfg(feature = "metrics")]
pub(super) fn batch<L: Default, F: Clone>(
    tally: &Tally,
    items: usize,
    latency: Duration,
    cause: Cause,
    queue: &Queue<L, F>,
    reported: &AtomicU64,
) {
    for (outcome, count) in [
        ("valid", tally.valid),
        ("invalid", tally.invalid),
        ("cancelled", tally.cancelled),
        ("fault", tally.faults),
    ] {
        if count > 0 {
            metrics::counter!("sigwarp_prevalidator_items_total", "outcome" => outcome).increment(count);
        }
    }
    let cause = match cause {
        Cause::Size => "size",
        Cause::Age => "age",
        Cause::Asked => "request",
    };
    metrics::counter!("sigwarp_prevalidator_batches_total", "cut" => cause).increment(1);
    metrics::counter!("sigwarp_prevalidator_panics_total").increment(tally.panics);
    metrics::histogram!("sigwarp_prevalidator_batch_items").record(items as f64);
    metrics::histogram!("sigwarp_prevalidator_latency_seconds").record(latency.as_secs_f64());
    let count = queue.count();
    // Several workers, and several pre-validators of a process, add to one counter.
    let before = reported.fetch_max(count.refused, Ordering::Relaxed);
    metrics::counter!("sigwarp_prevalidator_refused_total").increment(count.refused.saturating_sub(before));
    metrics::gauge!("sigwarp_prevalidator_pending_items").set(count.items as f64);
    metrics::gauge!("sigwarp_prevalidator_pending_bytes").set(count.bytes as f64);
}

#[cfg(not(feature = "metrics"))]
pub(super) fn batch<L, F>(_: &Tally, _: usize, _: Duration, _: Cause, _: &Queue<L, F>, _: &AtomicU64) {}
