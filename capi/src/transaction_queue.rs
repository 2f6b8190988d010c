//! The pre-validator of transactions: records from many threads, judged in micro-batches, with a ticket for each.

use std::sync::Arc;
use std::time::Duration;

use sigwarp_profiles::Prevalidator;
use sigwarp_profiles::prevalidator::{Outcome, Submission, SubmitError, Ticket};

use crate::engine::{ENGINES, sigwarp_engine};
use crate::error::{
    Failure, SIGWARP_ERROR_CLOSED, SIGWARP_ERROR_FULL, SIGWARP_ERROR_PANIC, SIGWARP_ERROR_PENDING,
    SIGWARP_ERROR_TOO_LARGE, call, sigwarp_code, sigwarp_error,
};
use crate::handles::Table;
use crate::memory::{self, Output};
use crate::prevalidator::{Numbers, sized};
use crate::reports::{REPORTS, Reports, sigwarp_reports};
use crate::submit::priority;
use crate::tickets::{code_of, time};
use crate::transactions::{CONTEXTS, sigwarp_transaction_context};

static PREVALIDATORS: Table<Prevalidator> =
    Table::new("transaction pre-validator", "sigwarp_transaction_prevalidator_start", 8);
static TICKETS: Table<Ticket> = Table::new("transaction ticket", "sigwarp_transaction_submit", 9);

/// A queue of transactions in front of an engine. Made by sigwarp_transaction_prevalidator_start.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct sigwarp_transaction_prevalidator {
    /// Private; 0 is no pre-validator.
    pub id: u64,
}

/// The promise of the report on a record. To be freed with sigwarp_transaction_ticket_free, before or after the report is
/// there; the record is judged in any case.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct sigwarp_transaction_ticket {
    /// Private; 0 is no ticket.
    pub id: u64,
}

/// How a pre-validator of transactions is set up. Zero the structure, set `size`, then set what differs; 0 is the default.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct sigwarp_transaction_prevalidator_options {
    /// sizeof(sigwarp_transaction_prevalidator_options).
    pub size: u32,
    /// Threads that parse records and hand their signatures to the engine, at most 1,024; 0 for 1.
    pub workers: u32,
    /// The most records that are accepted and have no report, at most 1,073,741,824; 0 for 32,768.
    pub capacity: u64,
    /// The most bytes of those records, at most INT64_MAX; 0 for 64 MiB.
    pub capacity_bytes: u64,
    /// The most records of a micro-batch, at most 1,048,576 and `capacity`; 0 for 2,048, or `capacity` where that is less.
    /// One also ends at 65,536 records or at 4 MiB.
    pub max_batch: u64,
    /// How long a record waits for others, in microseconds, while a worker is free; 0 for 1,000, UINT64_MAX for not at
    /// all.
    pub max_delay_us: u64,
}

/// What a pre-validator of transactions has counted. Every accepted record ends in one of `valid`, `invalid`, `undecided`,
/// `cancelled`, `faults`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct sigwarp_transaction_prevalidator_stats {
    /// Records accepted and without a report.
    pub pending: u64,
    /// Their bytes.
    pub pending_bytes: u64,
    /// Records that went into the queue.
    pub accepted: u64,
    /// Records given back because the queue was full.
    pub refused: u64,
    /// Records found valid.
    pub valid: u64,
    /// Records found invalid.
    pub invalid: u64,
    /// Records that depend on what was not given.
    pub undecided: u64,
    /// Records cancelled in time.
    pub cancelled: u64,
    /// Records without a report for another reason.
    pub faults: u64,
    /// Micro-batches cut because they were full.
    pub batches_by_size: u64,
    /// Micro-batches cut because of their age.
    pub batches_by_age: u64,
    /// Micro-batches cut on request, by closing, or because the queue was full.
    pub batches_by_request: u64,
    /// The time within which half of the records had their report, in nanoseconds, to one part in eight.
    pub latency_p50_ns: u64,
    /// The same for 99 of 100 records.
    pub latency_p99_ns: u64,
    /// The same for 999 of 1,000 records.
    pub latency_p999_ns: u64,
}

/// Starts the workers of a pre-validator of transactions on an engine. Others may use the engine meanwhile, and may free
/// its handle. `options` may be null. To be freed with sigwarp_transaction_prevalidator_free.
///
/// # Safety
/// `options` is null or points to such a structure; `prevalidator` can be written; `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_transaction_prevalidator_start(
    engine: sigwarp_engine,
    options: *const sigwarp_transaction_prevalidator_options,
    prevalidator: *mut sigwarp_transaction_prevalidator,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        let inputs = [memory::range(options, usize::from(!options.is_null()))];
        // SAFETY: the caller gives a handle that can be written, and nothing is borrowed yet.
        let output = unsafe { Output::new("prevalidator", prevalidator, 1, 1, &inputs) }?;
        let engine = ENGINES.get(engine.id)?;
        // SAFETY: null or such a structure, readable and unchanged during the call.
        let options = unsafe { sized(options, "sigwarp_transaction_prevalidator_options") }?;
        let numbers = options.map(|options| Numbers {
            workers: options.workers,
            capacity: options.capacity,
            capacity_bytes: options.capacity_bytes,
            max_batch: options.max_batch,
            max_delay_us: options.max_delay_us,
        });
        let config = numbers.map(|numbers| numbers.limits()).unwrap_or_default();
        let made =
            Prevalidator::start(engine, &config).map_err(|error| Failure::argument(error.to_string()))?;
        let id = PREVALIDATORS.insert(Arc::new(made))?;
        output.set(sigwarp_transaction_prevalidator { id });
        Ok(())
    })
}

/// Refuses records from now on, judges what was accepted, and returns when all of it has its report and the workers have
/// ended.
///
/// # Safety
/// `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_transaction_prevalidator_close(
    prevalidator: sigwarp_transaction_prevalidator,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        PREVALIDATORS.get(prevalidator.id)?.close();
        Ok(())
    })
}

/// Closes a pre-validator of transactions and frees it. Its tickets remain. Freeing 0 does nothing.
///
/// # Safety
/// `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_transaction_prevalidator_free(
    prevalidator: sigwarp_transaction_prevalidator,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        if prevalidator.id != 0 {
            // Another thread may hold it in a call: closing ends it for that thread too.
            PREVALIDATORS.remove(prevalidator.id)?.close();
        }
        Ok(())
    })
}

/// Sends pending records to the next free worker. Does not wait for them.
///
/// # Safety
/// `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_transaction_prevalidator_flush(
    prevalidator: sigwarp_transaction_prevalidator,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        PREVALIDATORS.get(prevalidator.id)?.flush();
        Ok(())
    })
}

/// Writes what was counted so far.
///
/// # Safety
/// `stats` can be written; `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_transaction_prevalidator_get_stats(
    prevalidator: sigwarp_transaction_prevalidator,
    stats: *mut sigwarp_transaction_prevalidator_stats,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        // SAFETY: it can be written, and nothing is borrowed.
        let output = unsafe { Output::one("stats", stats) }?;
        let seen = PREVALIDATORS.get(prevalidator.id)?.stats();
        let nanoseconds = |quantile| {
            let time = seen.latency.quantile(quantile).unwrap_or_default();
            u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
        };
        output.set(sigwarp_transaction_prevalidator_stats {
            pending: seen.pending as u64,
            pending_bytes: seen.pending_bytes as u64,
            accepted: seen.accepted,
            refused: seen.refused,
            valid: seen.valid,
            invalid: seen.invalid,
            undecided: seen.undecided,
            cancelled: seen.cancelled,
            faults: seen.faults,
            batches_by_size: seen.batches_by_size,
            batches_by_age: seen.batches_by_age,
            batches_by_request: seen.batches_by_request,
            latency_p50_ns: nanoseconds(0.5),
            latency_p99_ns: nanoseconds(0.99),
            latency_p999_ns: nanoseconds(0.999),
        });
        Ok(())
    })
}

fn not_taken<T>(error: &SubmitError<T>) -> Failure {
    let (code, text) = match error {
        SubmitError::Full(_) => (
            SIGWARP_ERROR_FULL,
            "the queue is full; wait for reports, set a timeout, or raise capacity or capacity_bytes",
        ),
        SubmitError::Closed(_) => (SIGWARP_ERROR_CLOSED, "the pre-validator is closed; start another"),
        SubmitError::TooLarge(_) => (
            SIGWARP_ERROR_TOO_LARGE,
            "larger than the whole queue; raise capacity_bytes, or call sigwarp_transactions_verify",
        ),
        // A context handle has its own system beside it.
        _ => (SIGWARP_ERROR_PANIC, "the record was not taken for an unknown reason; please report it"),
    };
    Failure::new(code, text)
}

/// Submits a record of the profile and the context, whose bytes are copied. `priority` is one of SIGWARP_PRIORITY_*. A full
/// queue is SIGWARP_ERROR_FULL; before that the call waits for room up to the timeout in microseconds, 0 for none.
///
/// # Safety
/// `record` has `length` bytes, and nobody writes to them during the call; `ticket` can be written; `error` is null or
/// can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_transaction_submit(
    prevalidator: sigwarp_transaction_prevalidator,
    context: sigwarp_transaction_context,
    record: *const u8,
    length: usize,
    priority: u32,
    timeout_us: u64,
    ticket: *mut sigwarp_transaction_ticket,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        // SAFETY: it can be written, and nothing is borrowed yet.
        let output = unsafe { Output::new("ticket", ticket, 1, 1, &[memory::range(record, length)]) }?;
        let pre = PREVALIDATORS.get(prevalidator.id)?;
        let context = CONTEXTS.get(context.id)?;
        // SAFETY: as long as the caller says, and unchanged during the call.
        let record = unsafe { memory::array("record", record, length) }?;
        let given =
            Submission::new(context.system, &context.context, record).priority(self::priority(priority)?);
        let taken = match timeout_us {
            0 => pre.submit(given),
            _ => pre.submit_timeout(given, time(timeout_us)),
        };
        let taken = taken.map_err(|error| not_taken(&error))?;
        output.set(sigwarp_transaction_ticket { id: TICKETS.insert(Arc::new(taken))? });
        Ok(())
    })
}

fn wait(ticket: &Ticket, time: Duration) -> Option<Outcome> {
    // A cancelled record has its outcome before its micro-batch ends: look first, then wait.
    match ticket.try_get() {
        None if !time.is_zero() => ticket.wait_timeout(time),
        found => found,
    }
}

/// Waits for the report of a ticket, up to the timeout in microseconds, and makes a handle with that one report, to be
/// freed with sigwarp_reports_free. With 0 it does not wait, with SIGWARP_FOREVER until the report is there.
/// SIGWARP_ERROR_PENDING says that it is not there yet; every other code, that there will be none: the record was cancelled
/// (SIGWARP_ERROR_CANCELLED) or could not be judged, which says nothing about it.
///
/// # Safety
/// `reports` can be written; `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_transaction_ticket_wait(
    ticket: sigwarp_transaction_ticket,
    timeout_us: u64,
    reports: *mut sigwarp_reports,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        // SAFETY: it can be written, and nothing is borrowed.
        let output = unsafe { Output::one("reports", reports) }?;
        let ticket = TICKETS.get(ticket.id)?;
        let Some(outcome) = wait(&ticket, time(timeout_us)) else {
            return Err(Failure::new(SIGWARP_ERROR_PENDING, "the record has no report yet; ask again"));
        };
        let report = outcome.report.map_err(|fault| Failure::new(code_of(&fault), fault.to_string()))?;
        output.set(sigwarp_reports { id: REPORTS.insert(Arc::new(Reports::Own(vec![report])))? });
        Ok(())
    })
}

/// Cancels the record of a ticket if no worker has it yet; it is not judged then, and waiting for it gives
/// SIGWARP_ERROR_CANCELLED. `cancelled`, which may be null, gets 1 if so, else 0: the report comes.
///
/// # Safety
/// `cancelled` and `error` are null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_transaction_ticket_cancel(
    ticket: sigwarp_transaction_ticket,
    cancelled: *mut u8,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        // SAFETY: null or can be written, and nothing is borrowed.
        let output = unsafe { Output::optional("cancelled", cancelled, 1, 1, &[]) }?;
        let done = TICKETS.get(ticket.id)?.cancel();
        if let Some(output) = output {
            output.set(u8::from(done));
        }
        Ok(())
    })
}

/// Frees a ticket. Its record is judged in any case. Freeing 0 does nothing.
///
/// # Safety
/// `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_transaction_ticket_free(
    ticket: sigwarp_transaction_ticket,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || TICKETS.free(ticket.id))
}
