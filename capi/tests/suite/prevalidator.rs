//! The pre-validator through C: tickets, groups, the callback, back-pressure, and what becomes of misuse.

use crate::common;

use std::ffi::c_void;
use std::ptr::{null, null_mut};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;

use common::*;
use sigwarp_c::*;

const NONE: sigwarp_prevalidator_options = sigwarp_prevalidator_options {
    size: size_of::<sigwarp_prevalidator_options>() as u32,
    workers: 0,
    capacity: 0,
    capacity_bytes: 0,
    max_batch: 0,
    max_delay_us: 0,
    duplicate_cache_bytes: 0,
    on_outcomes: None,
    context: null_mut(),
};

fn start(options: &sigwarp_prevalidator_options) -> sigwarp_prevalidator {
    let (mut pre, mut error) = (sigwarp_prevalidator::default(), no_error());
    let engine = engine();
    // SAFETY: all of it is here.
    unsafe {
        let code = sigwarp_prevalidator_start(engine, options, &mut pre, &mut error);
        assert_eq!(code, SIGWARP_OK, "{}", text(&error));
        // The pre-validator keeps its engine.
        assert_eq!(sigwarp_engine_free(engine, null_mut()), SIGWARP_OK);
    }
    pre
}

fn item(arena: &Arena, suite: sigwarp_suite, index: usize) -> sigwarp_item {
    let row = |offsets: &[u64]| {
        let bytes = &arena.bytes[offsets[index] as usize..offsets[index + 1] as usize];
        (bytes.as_ptr(), bytes.len())
    };
    let ((key, key_length), (message, message_length)) = (row(&arena.keys), row(&arena.messages));
    let (signature, signature_length) = row(&arena.signatures);
    sigwarp_item {
        suite,
        id: 1000 + index as u64,
        key_id: 0,
        key,
        key_length,
        message,
        message_length,
        signature,
        signature_length,
        priority: SIGWARP_PRIORITY_CONSENSUS,
        reserved: 0,
    }
}

#[derive(Clone, Copy)]
enum By {
    Many,
    Group,
}

/// Submits an arena; gives the code, how many were taken, and the ticket.
fn submit(
    by: By,
    pre: sigwarp_prevalidator,
    suite: sigwarp_suite,
    arena: &Arena,
    ids: *const u64,
    wants_ticket: bool,
) -> (sigwarp_code, usize, sigwarp_ticket) {
    let (mut taken, mut ticket) = (77, sigwarp_ticket::default());
    let to = if wants_ticket { &raw mut ticket } else { null_mut() };
    let [k, m, s] = [&arena.keys, &arena.messages, &arena.signatures].map(|offsets| offsets.as_ptr());
    let (bytes, length, mempool) = (arena.bytes.as_ptr(), arena.bytes.len(), SIGWARP_PRIORITY_MEMPOOL);
    // SAFETY: the arena is as long as its offsets say.
    let code = unsafe {
        match by {
            By::Many => sigwarp_submit_many(
                pre,
                suite,
                arena.len(),
                bytes,
                length,
                null(),
                k,
                m,
                s,
                ids,
                mempool,
                0,
                &mut taken,
                to,
                null_mut(),
            ),
            By::Group => sigwarp_submit_group(
                pre,
                suite,
                arena.len(),
                bytes,
                length,
                null(),
                k,
                m,
                s,
                ids,
                mempool,
                0,
                to,
                null_mut(),
            ),
        }
    };
    (code, taken, ticket)
}

fn wait(ticket: sigwarp_ticket, items: usize, timeout: u64) -> (sigwarp_code, Vec<sigwarp_outcome>) {
    let mut outcomes = vec![sigwarp_outcome { id: 9, fault: 9, status: 1, reserved: [0; 3] }; items];
    // SAFETY: as many as the vector has.
    let code = unsafe { sigwarp_ticket_wait(ticket, timeout, outcomes.as_mut_ptr(), items, null_mut()) };
    (code, outcomes)
}

fn free(pre: sigwarp_prevalidator) {
    // SAFETY: a null error is allowed.
    assert_eq!(unsafe { sigwarp_prevalidator_free(pre, null_mut()) }, SIGWARP_OK);
}

#[test]
fn items_groups_and_columns_get_their_outcomes() {
    let (pre, suite) = (start(&NONE), suite("ed25519", Some("zip215"), None));
    let mut arena = Arena::signed(50);
    arena.spoil(31);
    let ids: Vec<u64> = (0..50).map(|index| 500 - index).collect();
    for by in [By::Many, By::Group] {
        for with_ids in [false, true] {
            let (code, taken, ticket) =
                submit(by, pre, suite, &arena, if with_ids { ids.as_ptr() } else { null() }, true);
            assert_eq!(code, SIGWARP_OK);
            assert!(matches!(by, By::Group) || taken == 50);
            let mut length = 0;
            // SAFETY: all of it is here.
            unsafe {
                assert_eq!(sigwarp_prevalidator_flush(pre, null_mut()), SIGWARP_OK);
                assert_eq!(sigwarp_ticket_length(ticket, &mut length, null_mut()), SIGWARP_OK);
            }
            assert_eq!(length, 50);
            let (code, outcomes) = wait(ticket, 50, SIGWARP_FOREVER);
            assert_eq!(code, SIGWARP_OK);
            for (index, outcome) in outcomes.iter().enumerate() {
                assert_eq!(outcome.id, if with_ids { ids[index] } else { index as u64 });
                assert_eq!(outcome.fault, SIGWARP_OK);
                assert_eq!(outcome.status == SIGWARP_STATUS_VALID, index != 31, "{index}: {outcome:?}");
            }
            // Asked again, it says the same; a short buffer is refused.
            assert_eq!(wait(ticket, 50, 0), (SIGWARP_OK, outcomes));
            assert_eq!(wait(ticket, 49, 0).0, SIGWARP_ERROR_BUFFER);
            // SAFETY: a null error is allowed.
            unsafe {
                assert_eq!(sigwarp_ticket_free(ticket, null_mut()), SIGWARP_OK);
                assert_eq!(sigwarp_ticket_free(ticket, null_mut()), SIGWARP_ERROR_HANDLE);
            }
            assert_eq!(wait(ticket, 50, 0).0, SIGWARP_ERROR_HANDLE);
        }
    }
    let one = item(&arena, suite, 31);
    let mut ticket = sigwarp_ticket::default();
    // SAFETY: all of it is here.
    let code = unsafe { sigwarp_submit(pre, &one, 0, &mut ticket, null_mut()) };
    assert_eq!(code, SIGWARP_OK);
    let (code, outcomes) = wait(ticket, 1, SIGWARP_FOREVER);
    assert_eq!((code, outcomes[0].id, outcomes[0].fault), (SIGWARP_OK, 1031, SIGWARP_OK));
    assert!(outcomes[0].status > SIGWARP_STATUS_VALID);

    let mut stats = sigwarp_prevalidator_stats::default();
    // SAFETY: all of it is here.
    unsafe {
        assert_eq!(sigwarp_prevalidator_close(pre, null_mut()), SIGWARP_OK);
        assert_eq!(sigwarp_prevalidator_get_stats(pre, &mut stats, null_mut()), SIGWARP_OK);
        assert_eq!(sigwarp_submit(pre, &one, 0, &mut ticket, null_mut()), SIGWARP_ERROR_CLOSED);
    }
    assert_eq!((stats.accepted, stats.valid, stats.invalid, stats.pending), (201, 196, 5, 0));
    assert!(stats.latency_p50_ns > 0 && stats.latency_p50_ns <= stats.latency_p999_ns);
    free(pre);
    assert_eq!(submit(By::Many, pre, suite, &arena, null(), true).0, SIGWARP_ERROR_HANDLE);
}

/// What a callback has heard.
struct Heard(Mutex<Vec<sigwarp_outcome>>);

unsafe extern "C" fn hear(context: *mut c_void, outcomes: *const sigwarp_outcome, count: usize) {
    // SAFETY: the test gives a `Heard` that outlives the pre-validator, which gives `count` outcomes.
    let (heard, outcomes) =
        unsafe { (&*context.cast::<Heard>(), std::slice::from_raw_parts(outcomes, count)) };
    heard.0.lock().unwrap().extend_from_slice(outcomes);
}

#[test]
fn a_callback_hears_of_every_item_of_every_thread() {
    let heard = Heard(Mutex::default());
    let context = (&raw const heard).cast_mut().cast::<c_void>();
    let pre = start(&sigwarp_prevalidator_options {
        workers: 2,
        max_batch: 16,
        on_outcomes: Some(hear),
        context,
        ..NONE
    });
    let suite = suite("ed25519", Some("strict"), None);
    thread::scope(|scope| {
        for producer in 0..4u64 {
            scope.spawn(move || {
                let mut arena = Arena::signed(20);
                arena.spoil(producer as usize);
                let ids: Vec<u64> = (0..20).map(|index| producer * 100 + index).collect();
                // No ticket is wanted: the callback hears.
                assert_eq!(submit(By::Group, pre, suite, &arena, ids.as_ptr(), false).0, SIGWARP_OK);
            });
        }
    });
    free(pre);
    let mut heard = heard.0.into_inner().unwrap();
    heard.sort_by_key(|outcome| outcome.id);
    assert_eq!(heard.len(), 80);
    for (index, outcome) in heard.iter().enumerate() {
        let (producer, item) = (index as u64 / 20, index as u64 % 20);
        assert_eq!((outcome.id, outcome.fault), (producer * 100 + item, SIGWARP_OK));
        assert_eq!(outcome.status == SIGWARP_STATUS_VALID, item != producer);
    }
}

/// A callback that ends what calls it.
struct Ending {
    pre: AtomicU64,
    closing: AtomicBool,
    codes: Mutex<Vec<(sigwarp_code, sigwarp_code)>>,
}

unsafe extern "C" fn end(context: *mut c_void, _: *const sigwarp_outcome, _: usize) {
    // SAFETY: the test gives an `Ending` that outlives the pre-validator.
    let ending = unsafe { &*context.cast::<Ending>() };
    let pre = sigwarp_prevalidator { id: ending.pre.load(Ordering::Acquire) };
    while !ending.closing.load(Ordering::Acquire) {
        thread::yield_now();
    }
    // SAFETY: a null error is allowed.
    let codes =
        unsafe { (sigwarp_prevalidator_free(pre, null_mut()), sigwarp_prevalidator_close(pre, null_mut())) };
    ending.codes.lock().unwrap().push(codes);
}

/// Freeing from the callback would leave workers with a context that the caller may drop: it is refused. Closing is not,
/// also while another thread waits for that very worker.
#[test]
fn a_callback_closes_its_prevalidator_and_cannot_free_it() {
    let ending = Ending { pre: AtomicU64::new(0), closing: AtomicBool::new(false), codes: Mutex::default() };
    let context = (&raw const ending).cast_mut().cast::<c_void>();
    let pre = start(&sigwarp_prevalidator_options {
        max_delay_us: u64::MAX,
        duplicate_cache_bytes: 1 << 20,
        on_outcomes: Some(end),
        context,
        ..NONE
    });
    ending.pre.store(pre.id, Ordering::Release);
    let (suite, arena) = (suite("ed25519", Some("zip215"), None), Arena::signed(1));
    let (code, _, ticket) = submit(By::Group, pre, suite, &arena, null(), true);
    assert_eq!(code, SIGWARP_OK);
    assert_eq!(wait(ticket, 1, SIGWARP_FOREVER).1[0].status, SIGWARP_STATUS_VALID);
    ending.closing.store(true, Ordering::Release);
    // SAFETY: a null error is allowed.
    unsafe { assert_eq!(sigwarp_prevalidator_close(pre, null_mut()), SIGWARP_OK) };
    assert_eq!(*ending.codes.lock().unwrap(), [(SIGWARP_ERROR_ARGUMENT, SIGWARP_OK)]);
    // The cache knows the item, and nobody is told of it any more.
    assert_eq!(submit(By::Group, pre, suite, &arena, null(), true).0, SIGWARP_ERROR_CLOSED);
    let one = item(&arena, suite, 0);
    // SAFETY: all of it is here.
    unsafe { assert_eq!(sigwarp_submit(pre, &one, 0, null_mut(), null_mut()), SIGWARP_ERROR_CLOSED) };
    assert_eq!(ending.codes.lock().unwrap().len(), 1);
    free(pre);
    // SAFETY: a null error is allowed.
    unsafe { assert_eq!(sigwarp_prevalidator_free(pre, null_mut()), SIGWARP_ERROR_HANDLE) };
}

/// A callback that notes when it is called after its context is gone.
struct Fragile {
    gone: AtomicBool,
    late: AtomicBool,
    inside: AtomicUsize,
}

unsafe extern "C" fn touch(context: *mut c_void, _: *const sigwarp_outcome, _: usize) {
    // SAFETY: the test keeps the memory, and only says that it is gone.
    let fragile = unsafe { &*context.cast::<Fragile>() };
    fragile.inside.fetch_add(1, Ordering::AcqRel);
    for _ in 0..100 {
        thread::yield_now();
        fragile.late.fetch_or(fragile.gone.load(Ordering::Acquire), Ordering::AcqRel);
    }
}

/// Items that the duplicate cache knows call back on the threads that submit them: these are waited for as well.
#[test]
fn nothing_calls_back_once_a_prevalidator_is_closed() {
    let suite = suite("ed25519", Some("zip215"), None);
    for round in 0..4 {
        let fragile = Fragile {
            gone: AtomicBool::new(false),
            late: AtomicBool::new(false),
            inside: AtomicUsize::new(0),
        };
        let context = (&raw const fragile).cast_mut().cast::<c_void>();
        let pre = start(&sigwarp_prevalidator_options {
            duplicate_cache_bytes: 1 << 20,
            on_outcomes: Some(touch),
            context,
            ..NONE
        });
        let arena = Arena::signed(2);
        let (_, _, ticket) = submit(By::Group, pre, suite, &arena, null(), true);
        assert_eq!(wait(ticket, 2, SIGWARP_FOREVER).0, SIGWARP_OK);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| while submit(By::Group, pre, suite, &arena, null(), false).0 == SIGWARP_OK {});
            }
            while fragile.inside.load(Ordering::Acquire) < 3 + round {
                thread::yield_now();
            }
            // SAFETY: a null error is allowed.
            unsafe { assert_eq!(sigwarp_prevalidator_close(pre, null_mut()), SIGWARP_OK) };
            fragile.gone.store(true, Ordering::Release);
        });
        assert!(!fragile.late.load(Ordering::Acquire), "round {round}");
        free(pre);
    }
}

#[test]
fn a_full_queue_gives_items_back_and_cancelled_items_say_so() {
    let pre = start(&sigwarp_prevalidator_options { capacity: 30, max_delay_us: 3_600_000_000, ..NONE });
    let suite = suite("ed25519", Some("zip215"), None);
    let (arena, large) = (Arena::signed(20), Arena::signed(31));
    let (code, taken, first) = submit(By::Many, pre, suite, &arena, null(), true);
    assert_eq!((code, taken), (SIGWARP_OK, 20));
    // Nothing is cut before the hour is over, so that the ticket is pending and there is room for ten.
    let (code, outcomes) = wait(first, 20, 1000);
    assert_eq!(code, SIGWARP_ERROR_PENDING);
    assert!(outcomes.iter().all(|outcome| *outcome == sigwarp_outcome::default()));
    assert_eq!(submit(By::Group, pre, suite, &large, null(), true).0, SIGWARP_ERROR_TOO_LARGE);
    let mut cancelled = 9;
    // SAFETY: all of it is here.
    unsafe { assert_eq!(sigwarp_ticket_cancel(first, &mut cancelled, null_mut()), SIGWARP_OK) };
    assert_eq!(cancelled, 20);
    let (code, outcomes) = wait(first, 20, SIGWARP_FOREVER);
    assert_eq!(code, SIGWARP_OK);
    assert!(outcomes.iter().all(|outcome| (outcome.fault, outcome.status) == (SIGWARP_ERROR_CANCELLED, 0)));
    free(pre);
}

#[test]
fn misuse_gives_codes() {
    let (pre, suite) = (start(&NONE), suite("ed25519", Some("zip215"), None));
    let (arena, mut error) = (Arena::signed(3), no_error());
    let right = item(&arena, suite, 0);
    let mut ticket = sigwarp_ticket { id: 5 };
    // SAFETY: what is wrong is what the calls check before they read.
    unsafe {
        let mut submit = |item: sigwarp_item, ticket: *mut sigwarp_ticket| {
            let code = sigwarp_submit(pre, &item, 0, ticket, &mut error);
            (code, text(&error))
        };
        let to = &raw mut ticket;
        let (code, said) = submit(right, null_mut());
        assert_eq!((code, said.starts_with("ticket is null and")), (SIGWARP_ERROR_NULL, true), "{said}");
        let (code, said) = submit(sigwarp_item { key: null(), ..right }, to);
        assert_eq!((code, said.starts_with("item.key is null")), (SIGWARP_ERROR_NULL, true), "{said}");
        assert_eq!(submit(sigwarp_item { priority: 3, ..right }, to).0, SIGWARP_ERROR_ARGUMENT);
        assert_eq!(
            submit(sigwarp_item { suite: sigwarp_suite { id: 1 }, ..right }, to).0,
            SIGWARP_ERROR_HANDLE
        );
        let long = sigwarp_item { message_length: usize::MAX, ..right };
        assert_eq!(submit(long, to).0, SIGWARP_ERROR_COLUMNS);
        assert_eq!(ticket.id, 0);
        assert_eq!(sigwarp_submit(pre, null(), 0, &mut ticket, null_mut()), SIGWARP_ERROR_NULL);

        // A key that is not registered is a fault of its item alone.
        let unknown = sigwarp_item { key_id: 12345, ..right };
        assert_eq!(sigwarp_submit(pre, &unknown, 0, &mut ticket, null_mut()), SIGWARP_OK);
        let (code, outcomes) = wait(ticket, 1, SIGWARP_FOREVER);
        assert_eq!((code, outcomes[0].fault, outcomes[0].status), (SIGWARP_OK, SIGWARP_ERROR_UNKNOWN_KEY, 0));

        let mut taken = 5;
        let (k, m) = (arena.keys.as_ptr(), arena.messages.as_ptr());
        let (bytes, length) = (arena.bytes.as_ptr(), arena.bytes.len());
        let mut many = |keys: *const u64, signatures: *const u64, length: usize| {
            let code = sigwarp_submit_many(
                pre,
                suite,
                3,
                bytes,
                length,
                null(),
                keys,
                m,
                signatures,
                null(),
                0,
                0,
                &mut taken,
                &mut ticket,
                null_mut(),
            );
            assert_eq!((taken, ticket.id), (0, 0));
            code
        };
        assert_eq!(many(null(), arena.signatures.as_ptr(), length), SIGWARP_ERROR_NULL);
        assert_eq!(many(k, null(), length), SIGWARP_ERROR_NULL);
        assert_eq!(many(k, arena.signatures.as_ptr(), length - 1), SIGWARP_ERROR_COLUMNS);

        let mut start = |options: sigwarp_prevalidator_options| {
            let (engine, mut made) = (engine(), sigwarp_prevalidator { id: 7 });
            let code = sigwarp_prevalidator_start(engine, &options, &mut made, &mut error);
            assert_eq!((made.id, sigwarp_engine_free(engine, null_mut())), (0, SIGWARP_OK));
            code
        };
        assert_eq!(start(sigwarp_prevalidator_options { size: 8, ..NONE }), SIGWARP_ERROR_ARGUMENT);
    }
    free(pre);
}

/// Every number of the options, at its ends and beyond: an error that names it, or a pre-validator.
#[test]
fn every_number_of_the_options_is_taken_or_refused_by_name() {
    let engine = engine();
    for (options, refused) in [
        (sigwarp_prevalidator_options { workers: 1, ..NONE }, None),
        (sigwarp_prevalidator_options { workers: 64, ..NONE }, None),
        (
            sigwarp_prevalidator_options { workers: 1025, ..NONE },
            Some("workers is 1025; it must be 1 to 1024"),
        ),
        (
            sigwarp_prevalidator_options { workers: u32::MAX, ..NONE },
            Some("workers is 4294967295; it must be 1 to"),
        ),
        (sigwarp_prevalidator_options { capacity: 1, ..NONE }, None),
        (sigwarp_prevalidator_options { capacity: 1 << 30, ..NONE }, None),
        (
            sigwarp_prevalidator_options { capacity: u64::MAX, ..NONE },
            Some("capacity is 18446744073709551615; it must be 1 to 1073741824"),
        ),
        (sigwarp_prevalidator_options { capacity_bytes: 1, ..NONE }, None),
        (sigwarp_prevalidator_options { capacity_bytes: i64::MAX as u64, ..NONE }, None),
        (
            sigwarp_prevalidator_options { capacity_bytes: u64::MAX, ..NONE },
            Some("capacity_bytes is 18446744073709551615; it must be 1 to"),
        ),
        (sigwarp_prevalidator_options { max_batch: 1, ..NONE }, None),
        (sigwarp_prevalidator_options { max_batch: 1 << 20, capacity: 1 << 20, ..NONE }, None),
        (
            sigwarp_prevalidator_options { max_batch: u64::MAX, ..NONE },
            Some("max_batch is 18446744073709551615; it must be 1 to 32768"),
        ),
        (sigwarp_prevalidator_options { max_delay_us: 1, ..NONE }, None),
        (sigwarp_prevalidator_options { max_delay_us: u64::MAX - 1, ..NONE }, None),
        (sigwarp_prevalidator_options { max_delay_us: u64::MAX, ..NONE }, None),
        (
            sigwarp_prevalidator_options { duplicate_cache_bytes: 1, ..NONE },
            Some("duplicate_cache_bytes is 1; it must be 16960 to"),
        ),
        (sigwarp_prevalidator_options { duplicate_cache_bytes: 16_960, ..NONE }, None),
        (
            sigwarp_prevalidator_options { duplicate_cache_bytes: i64::MAX as u64, ..NONE },
            Some("duplicate_cache_bytes is 9223372036854775807, and the system has not so much memory"),
        ),
        (
            sigwarp_prevalidator_options { duplicate_cache_bytes: u64::MAX, ..NONE },
            Some("duplicate_cache_bytes is 18446744073709551615; it must be"),
        ),
    ] {
        let (mut pre, mut error) = (sigwarp_prevalidator { id: 7 }, no_error());
        // SAFETY: all of it is here.
        let code = unsafe { sigwarp_prevalidator_start(engine, &options, &mut pre, &mut error) };
        match refused {
            None => {
                assert_eq!(code, SIGWARP_OK, "{options:?}: {}", text(&error));
                free(pre);
            }
            Some(said) => {
                assert_eq!((code, pre.id), (SIGWARP_ERROR_ARGUMENT, 0), "{options:?}");
                assert!(text(&error).starts_with(said), "{options:?}: {}", text(&error));
            }
        }
    }
    // SAFETY: a null error is allowed.
    unsafe { assert_eq!(sigwarp_engine_free(engine, null_mut()), SIGWARP_OK) };
}

/// Timeouts beyond every clock wait as long as it takes, and end when there is what they wait for.
#[test]
fn timeouts_of_any_length_end_with_what_they_wait_for() {
    let (pre, suite) = (start(&NONE), suite("ed25519", Some("zip215"), None));
    let arena = Arena::signed(1);
    for timeout in [0, 1, u64::from(u32::MAX), i64::MAX as u64, u64::MAX - 1, SIGWARP_FOREVER] {
        let (one, mut ticket) = (item(&arena, suite, 0), sigwarp_ticket::default());
        // SAFETY: all of it is here.
        let code = unsafe { sigwarp_submit(pre, &one, timeout, &mut ticket, null_mut()) };
        assert_eq!(code, SIGWARP_OK, "{timeout}");
        // Those that are shorter than a verification may find nothing yet.
        let (code, outcomes) = wait(ticket, 1, timeout);
        assert!(code == SIGWARP_OK || timeout < 2 && code == SIGWARP_ERROR_PENDING, "{timeout}: {code}");
        assert!(code != SIGWARP_OK || outcomes[0].status == SIGWARP_STATUS_VALID, "{timeout}");
        // SAFETY: a null error is allowed.
        unsafe { assert_eq!(sigwarp_ticket_free(ticket, null_mut()), SIGWARP_OK) };
    }
    free(pre);
}
