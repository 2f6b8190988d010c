//! The pre-validator of transactions through the C library.

use crate::{common, transactions};

use std::ptr::{null, null_mut};
use std::thread;

use common::*;
use sigwarp_c::*;
use transactions::{compare, context, contexts, expected, records, solana};

const NONE: sigwarp_transaction_prevalidator_options = sigwarp_transaction_prevalidator_options {
    size: size_of::<sigwarp_transaction_prevalidator_options>() as u32,
    workers: 0,
    capacity: 0,
    capacity_bytes: 0,
    max_batch: 0,
    max_delay_us: 0,
};

/// An hour, which no test waits for: micro-batches are cut on request alone.
const HOUR: u64 = 3_600_000_000;

fn start(options: &sigwarp_transaction_prevalidator_options) -> sigwarp_transaction_prevalidator {
    let (engine, mut pre, mut error) = (engine(), sigwarp_transaction_prevalidator::default(), no_error());
    // SAFETY: all of it is here. The pre-validator keeps the engine.
    unsafe {
        let code = sigwarp_transaction_prevalidator_start(engine, options, &mut pre, &mut error);
        assert_eq!(code, SIGWARP_OK, "{}", text(&error));
        assert_eq!(sigwarp_engine_free(engine, null_mut()), SIGWARP_OK);
    }
    pre
}

fn submit(
    pre: sigwarp_transaction_prevalidator,
    context: sigwarp_transaction_context,
    record: &[u8],
    timeout: u64,
) -> (sigwarp_code, sigwarp_transaction_ticket) {
    let mut ticket = sigwarp_transaction_ticket { id: 9 };
    let priority = SIGWARP_PRIORITY_MEMPOOL;
    // SAFETY: as long as it is.
    let code = unsafe {
        sigwarp_transaction_submit(
            pre,
            context,
            record.as_ptr(),
            record.len(),
            priority,
            timeout,
            &mut ticket,
            null_mut(),
        )
    };
    assert_eq!(code == SIGWARP_OK, ticket.id != 0);
    (code, ticket)
}

fn wait(ticket: sigwarp_transaction_ticket, timeout: u64) -> (sigwarp_code, sigwarp_reports) {
    let mut reports = sigwarp_reports { id: 9 };
    // SAFETY: it can be written.
    let code = unsafe { sigwarp_transaction_ticket_wait(ticket, timeout, &mut reports, null_mut()) };
    assert_eq!(code == SIGWARP_OK, reports.id != 0);
    (code, reports)
}

fn stats(pre: sigwarp_transaction_prevalidator) -> sigwarp_transaction_prevalidator_stats {
    let mut stats = sigwarp_transaction_prevalidator_stats::default();
    // SAFETY: it can be written.
    let code = unsafe { sigwarp_transaction_prevalidator_get_stats(pre, &mut stats, null_mut()) };
    assert_eq!(code, SIGWARP_OK);
    stats
}

#[test]
fn each_record_of_many_threads_has_one_report() {
    let (pre, contexts, records) = (start(&NONE), contexts(), records());
    let expected = expected(&records);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let tickets: Vec<_> = records
                    .iter()
                    .map(|(of, record)| submit(pre, contexts[*of as usize], record, SIGWARP_FOREVER))
                    .collect();
                for ((code, ticket), report) in tickets.into_iter().zip(&expected) {
                    assert_eq!(code, SIGWARP_OK);
                    // Twice: a ticket keeps its report.
                    for _ in 0..2 {
                        let (code, reports) = wait(ticket, SIGWARP_FOREVER);
                        assert_eq!(code, SIGWARP_OK);
                        compare(reports, 0, report);
                        // SAFETY: a null error is allowed.
                        unsafe { assert_eq!(sigwarp_reports_free(reports, null_mut()), SIGWARP_OK) };
                    }
                    // SAFETY: a null error is allowed.
                    unsafe {
                        assert_eq!(sigwarp_transaction_ticket_free(ticket, null_mut()), SIGWARP_OK);
                        assert_eq!(sigwarp_transaction_ticket_free(ticket, null_mut()), SIGWARP_ERROR_HANDLE);
                    }
                }
            });
        }
    });
    let seen = stats(pre);
    let ended = [seen.valid, seen.invalid, seen.undecided, seen.cancelled, seen.faults];
    assert_eq!((seen.accepted, ended.iter().sum()), (21, 21));
    assert_eq!((seen.pending, seen.pending_bytes, seen.cancelled, seen.faults), (0, 0, 0, 0));
    // SAFETY: a null error is allowed.
    unsafe { assert_eq!(sigwarp_transaction_prevalidator_free(pre, null_mut()), SIGWARP_OK) };
}

#[test]
fn a_queue_gives_back_cancels_flushes_and_closes() {
    let (context, record) = (context(c"solana", &[]), solana(3));
    let capacity_bytes = record.len() as u64 * 3;
    let options =
        sigwarp_transaction_prevalidator_options { capacity: 2, capacity_bytes, max_delay_us: HOUR, ..NONE };
    let pre = start(&options);
    let (code, first) = submit(pre, context, &record, 0);
    assert_eq!((code, wait(first, 0).0), (SIGWARP_OK, SIGWARP_ERROR_PENDING));
    let large = vec![0; record.len() * 4];
    assert_eq!(submit(pre, context, &large, 0).0, SIGWARP_ERROR_TOO_LARGE);
    let mut cancelled = 9;
    // SAFETY: all of it is here.
    unsafe {
        assert_eq!(sigwarp_transaction_ticket_cancel(first, &mut cancelled, null_mut()), SIGWARP_OK);
        assert_eq!((cancelled, wait(first, 0).0), (1, SIGWARP_ERROR_CANCELLED));
        assert_eq!(sigwarp_transaction_ticket_cancel(first, &mut cancelled, null_mut()), SIGWARP_OK);
        assert_eq!((cancelled, wait(first, SIGWARP_FOREVER).0), (0, SIGWARP_ERROR_CANCELLED));
        assert_eq!(sigwarp_transaction_ticket_cancel(first, null_mut(), null_mut()), SIGWARP_OK);

        // What was cancelled takes its place until the micro-batch is cut.
        let (code, second) = submit(pre, context, &record, 0);
        assert_eq!(code, SIGWARP_OK);
        assert_eq!(sigwarp_transaction_prevalidator_flush(pre, null_mut()), SIGWARP_OK);
        let (code, reports) = wait(second, SIGWARP_FOREVER);
        assert_eq!(code, SIGWARP_OK);
        assert_eq!(sigwarp_reports_free(reports, null_mut()), SIGWARP_OK);

        let (code, third) = submit(pre, context, &record, SIGWARP_FOREVER);
        assert_eq!(code, SIGWARP_OK);
        assert_eq!(sigwarp_transaction_prevalidator_close(pre, null_mut()), SIGWARP_OK);
        let (code, reports) = wait(third, 0);
        assert_eq!(code, SIGWARP_OK, "closing keeps what was accepted");
        assert_eq!(sigwarp_reports_free(reports, null_mut()), SIGWARP_OK);
        assert_eq!(submit(pre, context, &record, 0).0, SIGWARP_ERROR_CLOSED);
        let seen = stats(pre);
        assert_eq!((seen.accepted, seen.valid, seen.cancelled), (3, 2, 1));
        assert_eq!(sigwarp_transaction_prevalidator_free(pre, null_mut()), SIGWARP_OK);
        for ticket in [first, second, third] {
            assert_eq!(sigwarp_transaction_ticket_free(ticket, null_mut()), SIGWARP_OK);
        }
    }
}

#[test]
fn misuse_of_the_queue_gives_codes() {
    let (pre, context, record) = (start(&NONE), context(c"solana", &[]), solana(4));
    let (mut ticket, mut error) = (sigwarp_transaction_ticket { id: 9 }, no_error());
    // SAFETY: what is wrong is what the calls check before they read or write.
    unsafe {
        let mut give = |context, record: *const u8, length, priority, ticket: *mut _| {
            let code =
                sigwarp_transaction_submit(pre, context, record, length, priority, 0, ticket, &mut error);
            (code, text(&error))
        };
        let (bytes, length, to) = (record.as_ptr(), record.len(), &raw mut ticket);
        assert_eq!(give(context, bytes, length, 1, null_mut()).0, SIGWARP_ERROR_NULL);
        let (code, said) = give(context, null(), length, 1, to);
        assert_eq!((code, &*said), (SIGWARP_ERROR_NULL, "record is null; pass an address"));
        assert_eq!(give(context, bytes, usize::MAX, 1, to).0, SIGWARP_ERROR_COLUMNS);
        assert_eq!(give(context, bytes, length, 3, to).0, SIGWARP_ERROR_ARGUMENT);
        let wrong = sigwarp_transaction_context { id: pre.id };
        let (code, said) = give(wrong, bytes, length, 1, to);
        assert_eq!(code, SIGWARP_ERROR_HANDLE);
        assert!(said.contains("is not a handle of kind transaction context"), "{said}");
        assert_eq!(ticket.id, 0);
        let mut aligned = [0u64; 8];
        let on_record = aligned.as_mut_ptr();
        let (code, said) = give(context, on_record.cast(), 64, 1, on_record.add(3).cast());
        assert_eq!((code, said.starts_with("ticket overlaps")), (SIGWARP_ERROR_BUFFER, true), "{said}");

        let mut made = sigwarp_transaction_prevalidator { id: 9 };
        let engine = engine();
        for (options, says) in [
            (sigwarp_transaction_prevalidator_options { size: 8, ..NONE }, "options.size is 8, this library"),
            (
                sigwarp_transaction_prevalidator_options { workers: 1025, ..NONE },
                "workers is 1025; it must be 1 to 1024",
            ),
            (
                sigwarp_transaction_prevalidator_options { capacity: 5, max_batch: 6, ..NONE },
                "max_batch is 6; it must be 1 to 5",
            ),
            (
                sigwarp_transaction_prevalidator_options { capacity: u64::MAX, ..NONE },
                "capacity is 18446744073709551615; it must be",
            ),
        ] {
            let code = sigwarp_transaction_prevalidator_start(engine, &options, &mut made, &mut error);
            assert_eq!((code, made.id), (SIGWARP_ERROR_ARGUMENT, 0), "{options:?}");
            assert!(text(&error).starts_with(says), "{}", text(&error));
        }
        let no_engine = sigwarp_engine { id: pre.id };
        let code = sigwarp_transaction_prevalidator_start(no_engine, null(), &mut made, &mut error);
        assert_eq!(code, SIGWARP_ERROR_HANDLE);
        let code = sigwarp_transaction_prevalidator_start(engine, null(), null_mut(), &mut error);
        assert_eq!(code, SIGWARP_ERROR_NULL);
        assert_eq!(sigwarp_engine_free(engine, null_mut()), SIGWARP_OK);

        assert_eq!(sigwarp_transaction_prevalidator_free(pre, null_mut()), SIGWARP_OK);
        let mut stats = sigwarp_transaction_prevalidator_stats::default();
        let (mut reports, mut cancelled) = (sigwarp_reports::default(), 0);
        for id in [pre.id, context.id, u64::MAX, 0] {
            let pre = sigwarp_transaction_prevalidator { id };
            let ticket = sigwarp_transaction_ticket { id };
            let codes = [
                sigwarp_transaction_prevalidator_close(pre, &mut error),
                sigwarp_transaction_prevalidator_flush(pre, &mut error),
                sigwarp_transaction_prevalidator_get_stats(pre, &mut stats, &mut error),
                submit(pre, context, &record, 0).0,
                sigwarp_transaction_ticket_wait(ticket, 0, &mut reports, &mut error),
                sigwarp_transaction_ticket_cancel(ticket, &mut cancelled, &mut error),
            ];
            assert_eq!(codes, [SIGWARP_ERROR_HANDLE; 6], "{id:x}");
            let freed = sigwarp_transaction_prevalidator_free(pre, &mut error);
            assert_eq!(freed, if id == 0 { SIGWARP_OK } else { SIGWARP_ERROR_HANDLE });
        }
        let none = sigwarp_transaction_ticket { id: 0 };
        assert_eq!(sigwarp_transaction_ticket_free(none, null_mut()), SIGWARP_OK);
    }
}
