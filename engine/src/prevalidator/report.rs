//! What goes to the `metrics` facade, once a micro-batch. Names and meanings stand in `docs/integrate/prevalidator.md`.

use std::sync::atomic::AtomicU64;
#[cfg(feature = "metrics")]
use std::sync::atomic::Ordering;

use super::judge::{Judge, Judged};
#[cfg(feature = "metrics")]
use super::{
    pending::{CANCELLED, UNDECIDED},
    queue::Cause,
    ticket::UNKNOWN_KEY,
};
#[cfg(feature = "metrics")]
use crate::verdict::VALID;

#[cfg(feature = "metrics")]
pub(super) fn batch<J: Judge>(batch: &Judged<'_, J>, reported: &AtomicU64) {
    let mut counts = [0; 4];
    for code in batch.codes {
        counts[match *code {
            VALID => 0,
            CANCELLED => 2,
            UNDECIDED | UNKNOWN_KEY => 3,
            _ => 1,
        }] += 1;
    }
    for (outcome, count) in ["valid", "invalid", "cancelled", "fault"].into_iter().zip(counts) {
        if count > 0 {
            metrics::counter!("sigwarp_prevalidator_items_total", "outcome" => outcome).increment(count);
        }
    }
    let cause = match batch.cause {
        Cause::Size => "size",
        Cause::Age => "age",
        Cause::Asked => "request",
    };
    metrics::counter!("sigwarp_prevalidator_batches_total", "cut" => cause).increment(1);
    metrics::counter!("sigwarp_prevalidator_panics_total").increment(u64::from(batch.panicked));
    metrics::histogram!("sigwarp_prevalidator_batch_items").record(batch.codes.len() as f64);
    metrics::histogram!("sigwarp_prevalidator_latency_seconds").record(batch.latency.as_secs_f64());
    let count = batch.queue.count();
    // Several workers, and several pre-validators of a process, add to one counter.
    let before = reported.fetch_max(count.refused, Ordering::Relaxed);
    metrics::counter!("sigwarp_prevalidator_refused_total").increment(count.refused.saturating_sub(before));
    metrics::gauge!("sigwarp_prevalidator_pending_items").set(count.items as f64);
    metrics::gauge!("sigwarp_prevalidator_pending_bytes").set(count.bytes as f64);
}

#[cfg(not(feature = "metrics"))]
pub(super) fn batch<J: Judge>(_: &Judged<'_, J>, _: &AtomicU64) {}
