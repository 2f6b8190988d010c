//! Misuse gives error codes: never undefined behaviour that could be avoided, never a verdict.

use crate::common;

use std::ptr::{null, null_mut};

use common::*;
use sigwarp_c::*;

/// The arguments of sigwarp_verify, so that one of them can be wrong.
#[derive(Clone, Copy)]
struct Call {
    engine: sigwarp_engine,
    suite: sigwarp_suite,
    items: usize,
    arena: (*const u8, usize),
    offsets: [*const u64; 3],
    capacity: usize,
}

impl Call {
    fn over(engine: sigwarp_engine, suite: sigwarp_suite, arena: &Arena) -> Self {
        Self {
            engine,
            suite,
            items: arena.len(),
            arena: (arena.bytes.as_ptr(), arena.bytes.len()),
            offsets: [arena.keys.as_ptr(), arena.messages.as_ptr(), arena.signatures.as_ptr()],
            capacity: arena.len(),
        }
    }

    /// The code and the text; all statuses must be untouched by verdicts after an error.
    fn run(self) -> (sigwarp_code, String) {
        let (mut statuses, mut error) = (vec![SIGWARP_STATUS_VALID; self.capacity], no_error());
        // SAFETY: what is wrong about the arguments of these tests is what the call checks before it reads.
        let code = unsafe {
            sigwarp_verify(
                self.engine,
                self.suite,
                self.items,
                self.arena.0,
                self.arena.1,
                self.offsets[0],
                self.offsets[1],
                self.offsets[2],
                statuses.as_mut_ptr(),
                self.capacity,
                &mut error,
            )
        };
        assert_eq!(code, error.code);
        if code != SIGWARP_OK {
            let zeroed = self.capacity.min(self.items);
            assert_eq!(statuses[..zeroed], vec![SIGWARP_STATUS_NOT_COMPUTED; zeroed], "{}", text(&error));
        }
        (code, text(&error))
    }
}

#[track_caller]
fn expect(call: Call, code: sigwarp_code, begins: &str) {
    let (seen, text) = call.run();
    assert_eq!(seen, code, "{text}");
    assert!(text.starts_with(begins), "{text}");
}

#[test]
fn wrong_columns_are_named() {
    let (engine, suite) = (engine(), suite("ed25519", Some("zip215"), None));
    let arena = Arena::signed(5);
    let right = Call::over(engine, suite, &arena);
    expect(right, SIGWARP_OK, "");

    expect(Call { arena: (null(), arena.bytes.len()), ..right }, SIGWARP_ERROR_NULL, "keys: bytes is null");
    for (column, name) in ["key_offsets", "message_offsets", "signature_offsets"].iter().enumerate() {
        let mut wrong = right;
        wrong.offsets[column] = null();
        expect(wrong, SIGWARP_ERROR_NULL, &format!("{name} is null"));
    }
    // An arena that ends before its offsets do.
    let short = Call { arena: (arena.bytes.as_ptr(), arena.bytes.len() - 1), ..right };
    expect(short, SIGWARP_ERROR_COLUMNS, "signatures: offset 5 is ");
    expect(Call { arena: (arena.bytes.as_ptr(), 0), ..right }, SIGWARP_ERROR_COLUMNS, "keys: offset 1 is 32");

    // Offsets that decrease, that are beyond any arena, and that an addition would overflow.
    for (index, offset) in [(2, 31), (3, u64::MAX), (5, 1 << 63), (0, u64::MAX - 7)] {
        let mut keys = arena.keys.clone();
        keys[index] = offset;
        let [_, messages, signatures] = right.offsets;
        let wrong = Call { offsets: [keys.as_ptr(), messages, signatures], ..right };
        expect(wrong, SIGWARP_ERROR_COLUMNS, &format!("keys: offset {index} is "));
    }
    // Offsets that are not where a number of 64 bits may be.
    let crooked = arena.keys.as_ptr().cast::<u8>().wrapping_add(4).cast::<u64>();
    let [_, messages, signatures] = right.offsets;
    let wrong = Call { offsets: [crooked, messages, signatures], ..right };
    expect(wrong, SIGWARP_ERROR_ARGUMENT, "keys: offsets is not aligned");

    // Numbers of items that nobody has: the statuses are what is short, then.
    for items in [6, usize::MAX, usize::MAX - 1, 1 << 61] {
        expect(Call { items, ..right }, SIGWARP_ERROR_BUFFER, "statuses has room for 5 entries and needs ");
    }
    expect(
        Call { capacity: 4, ..right },
        SIGWARP_ERROR_BUFFER,
        "statuses has room for 4 entries and needs 5",
    );
    // No items: nothing is read.
    let nothing = Call { items: 0, capacity: 0, arena: (null(), 0), offsets: [null(); 3], ..right };
    expect(nothing, SIGWARP_OK, "");
}

#[test]
fn wrong_lengths_are_verdicts_and_not_errors() {
    let (engine, suite) = (engine(), suite("ed25519", Some("zip215"), None));
    let mut arena = Arena::signed(4);
    // Item 1 gets a byte of the key of item 2, item 3 loses a byte of its signature.
    arena.keys[2] += 1;
    arena.signatures[4] -= 1;
    let (code, _, statuses) = verify(engine, suite, &arena);
    assert_eq!(code, SIGWARP_OK);
    let names: Vec<_> = statuses.into_iter().map(status_name).collect();
    assert_eq!(names, ["Valid", "BadKeyLength", "BadKeyLength", "BadSignatureLength"]);
}

#[test]
fn outputs_on_inputs_are_refused_and_nothing_is_written() {
    let (engine, suite) = (engine(), suite("ed25519", Some("zip215"), None));
    let arena = Arena::signed(5);
    let (mut bytes, mut error) = (arena.bytes.clone(), no_error());
    for at in [0, 31, bytes.len() - 5, bytes.len() - 1] {
        let start = bytes.as_mut_ptr();
        // SAFETY: the call refuses it before anything is read or written.
        let code = unsafe {
            sigwarp_verify(
                engine,
                suite,
                5,
                start,
                bytes.len(),
                arena.keys.as_ptr(),
                arena.messages.as_ptr(),
                arena.signatures.as_ptr(),
                start.add(at),
                5,
                &mut error,
            )
        };
        assert_eq!(code, SIGWARP_ERROR_BUFFER);
        assert!(text(&error).starts_with("statuses overlaps"), "{}", text(&error));
        assert_eq!(bytes, arena.bytes);
    }
}

#[test]
fn handles_that_name_nothing_are_errors_of_every_call() {
    let (live, suite) = (engine(), suite("ed25519", Some("zip215"), None));
    let arena = Arena::signed(3);
    let freed = engine();
    let mut error = no_error();
    // SAFETY: only handles are wrong, and pointers that are not reached before them are null.
    unsafe {
        assert_eq!(sigwarp_engine_free(freed, &mut error), SIGWARP_OK);
        assert_eq!(sigwarp_engine_free(freed, &mut error), SIGWARP_ERROR_HANDLE);
        assert!(text(&error).contains("it was freed"), "{}", text(&error));
        assert_eq!(sigwarp_engine_free(sigwarp_engine { id: 0 }, &mut error), SIGWARP_OK);

        // Freed, made up, of another kind, zero.
        for id in [freed.id, live.id + (7 << 24), u64::MAX, suite.id, 0xdead_beef, 0] {
            let engine = sigwarp_engine { id };
            let call = Call { engine, ..Call::over(live, suite, &arena) };
            assert_eq!(call.run().0, SIGWARP_ERROR_HANDLE, "{id:x}");
            let (mut byte, mut number, mut stats) = (1u8, [0u64; 3], sigwarp_key_stats::default());
            let (a, n) = (arena.bytes.as_ptr(), arena.bytes.len());
            let codes = [
                sigwarp_engine_explain(engine, null_mut(), 0, null_mut(), &mut error),
                sigwarp_engine_key_stats(engine, &mut stats, &mut error),
                sigwarp_verify_one(engine, suite, a, 32, a, 1, a, 64, &mut byte, &mut error),
                sigwarp_verify_ids(engine, suite, 0, null(), a, n, null(), null(), null_mut(), 0, &mut error),
                sigwarp_register_keys(
                    engine,
                    suite,
                    3,
                    a,
                    n,
                    arena.keys.as_ptr(),
                    number.as_mut_ptr(),
                    null_mut(),
                    3,
                    &mut error,
                ),
                sigwarp_unregister_keys(engine, number.as_ptr(), 3, null_mut(), &mut error),
                sigwarp_hash(
                    engine,
                    c"sha256".as_ptr(),
                    0,
                    null(),
                    0,
                    number.as_ptr(),
                    null_mut(),
                    0,
                    &mut error,
                ),
                sigwarp_batch_verify(engine, sigwarp_batch { id: 0 }, null_mut(), 0, &mut error),
            ];
            assert_eq!((codes, byte), ([SIGWARP_ERROR_HANDLE; 8], SIGWARP_STATUS_NOT_COMPUTED), "{id:x}");
        }
        for id in [live.id, suite.id + (1 << 24), 0] {
            let suite = sigwarp_suite { id };
            let call = Call { suite, ..Call::over(live, suite, &arena) };
            assert_eq!(call.run().0, SIGWARP_ERROR_HANDLE, "{id:x}");
            assert_eq!(
                sigwarp_suite_name(suite, null_mut(), 0, null_mut(), &mut error),
                SIGWARP_ERROR_HANDLE
            );
        }
        let mut batch = sigwarp_batch::default();
        assert_eq!(sigwarp_batch_new(&mut batch, null_mut()), SIGWARP_OK);
        assert_eq!(sigwarp_batch_free(batch, null_mut()), SIGWARP_OK);
        let a = arena.bytes.as_ptr();
        let codes = [
            sigwarp_batch_push(batch, suite, a, 1, a, 1, a, 1, &mut error),
            sigwarp_batch_push_id(batch, suite, 1, a, 1, a, 1, &mut error),
            sigwarp_batch_length(batch, &mut 0, &mut error),
            sigwarp_batch_clear(batch, &mut error),
            sigwarp_batch_verify(live, batch, null_mut(), 0, &mut error),
            sigwarp_batch_free(batch, &mut error),
        ];
        assert_eq!(codes, [SIGWARP_ERROR_HANDLE; 6]);
    }
}

#[test]
fn names_that_do_not_exist_and_options_of_another_size_are_refused() {
    let (mut engine, mut suite, mut error) = (sigwarp_engine { id: 9 }, sigwarp_suite { id: 9 }, no_error());
    // SAFETY: names are null or terminated.
    unsafe {
        let mut make = |scheme: *const _, rule: *const _, user: *const u8, length| {
            let code = sigwarp_suite_new(scheme, rule, null(), user, length, &mut suite, &mut error);
            assert_eq!(suite.id, 0);
            (code, text(&error))
        };
        assert_eq!(make(null(), null(), null(), 0).0, SIGWARP_ERROR_NULL);
        let (code, said) = make(c"ed25519".as_ptr(), null(), null(), 0);
        assert_eq!(code, SIGWARP_ERROR_SUITE);
        assert!(said.starts_with("ed25519 needs a rule; one of zip215,"), "{said}");
        assert_eq!(make(c"ed25519".as_ptr(), c"ecdsa".as_ptr(), null(), 0).0, SIGWARP_ERROR_SUITE);
        assert_eq!(make(c"\xff".as_ptr(), null(), null(), 0).0, SIGWARP_ERROR_ARGUMENT);
        assert_eq!(make(c"sm2-sm3".as_ptr(), null(), null(), 3).0, SIGWARP_ERROR_ARGUMENT);
        assert_eq!(make(c"sm2-sm3".as_ptr(), null(), [0u8; 9000].as_ptr(), 9000).0, SIGWARP_ERROR_SUITE);
        let null_out = sigwarp_suite_new(c"sm2".as_ptr(), null(), null(), null(), 0, null_mut(), &mut error);
        assert_eq!(null_out, SIGWARP_ERROR_NULL);

        let right = options(c"portable");
        let mut make = |options: sigwarp_options| {
            let code = sigwarp_engine_new(&options, &mut engine, &mut error);
            assert_eq!(engine.id, 0);
            (code, text(&error))
        };
        for size in [0, 8, right.size - 1, right.size + 8, u32::MAX] {
            let (code, said) = make(sigwarp_options { size, ..right });
            assert_eq!(code, SIGWARP_ERROR_ARGUMENT);
            assert!(said.contains("sizeof(sigwarp_options)"), "{said}");
        }
        let (code, said) = make(options(c"cuda"));
        assert_eq!(code, SIGWARP_ERROR_UNAVAILABLE);
        assert!(said.contains("known are auto, avx512"), "{said}");
        assert_eq!(make(sigwarp_options { threads: u32::MAX, ..right }).0, SIGWARP_ERROR_ARGUMENT);
        assert_eq!(make(sigwarp_options { admit_keys: 2, ..right }).0, SIGWARP_ERROR_ARGUMENT);
        assert_eq!(make(sigwarp_options { self_test: 2, ..right }).0, SIGWARP_ERROR_ARGUMENT);
        assert_eq!(make(sigwarp_options { reserved: [1; 6], ..right }).0, SIGWARP_ERROR_ARGUMENT);
        let mut tested = sigwarp_engine::default();
        let all = sigwarp_options { self_test: 1, ..right };
        assert_eq!(sigwarp_engine_new(&all, &mut tested, &mut error), SIGWARP_OK);
        assert_eq!(sigwarp_engine_free(tested, &mut error), SIGWARP_OK);
        assert_eq!(sigwarp_engine_new(&right, null_mut(), &mut error), SIGWARP_ERROR_NULL);
    }
}

#[test]
fn columns_structures_are_checked_field_by_field() {
    let (engine, suite) = (engine(), suite("ed25519", Some("zip215"), None));
    let arena = Arena::signed(4);
    let suites = [suite, suite];
    let right = sigwarp_columns {
        size: size_of::<sigwarp_columns>() as u32,
        suite_count: 1,
        suites: suites.as_ptr(),
        suite_of: null(),
        items: 4,
        key_ids: null(),
        keys: arena.column(&arena.keys),
        messages: arena.column(&arena.messages),
        signatures: arena.column(&arena.signatures),
    };
    let run = |columns: *const sigwarp_columns| {
        let (mut statuses, mut error) = ([1u8; 4], no_error());
        // SAFETY: what is wrong is what the call checks before it reads.
        let code = unsafe { sigwarp_verify_columns(engine, columns, statuses.as_mut_ptr(), 4, &mut error) };
        assert!(code == SIGWARP_OK || statuses == [0; 4], "{code} {statuses:?}");
        (code, text(&error))
    };
    assert_eq!(run(&right).0, SIGWARP_OK);
    let wrong = |change: &dyn Fn(&mut sigwarp_columns)| {
        let mut columns = right;
        change(&mut columns);
        run(&columns)
    };
    assert_eq!(run(null()).0, SIGWARP_ERROR_NULL);
    assert!(wrong(&|columns| columns.size -= 8).1.contains("sizeof(sigwarp_columns)"));
    assert_eq!(wrong(&|columns| columns.suite_count = 0).0, SIGWARP_ERROR_ARGUMENT);
    assert_eq!(wrong(&|columns| columns.suites = null()).0, SIGWARP_ERROR_NULL);
    let (code, said) = wrong(&|columns| columns.suite_count = 2);
    assert_eq!((code, said.starts_with("suite_of is null")), (SIGWARP_ERROR_NULL, true));
    let of = [0u32, 0, 7, 0];
    let (code, said) = wrong(&|columns| columns.suite_of = of.as_ptr());
    assert_eq!((code, said.starts_with("row 2: suite index 7")), (SIGWARP_ERROR_COLUMNS, true), "{said}");
    let (code, said) = wrong(&|columns| columns.keys = NO_COLUMN);
    assert_eq!(code, SIGWARP_ERROR_COLUMNS, "{said}");
    let (code, said) = wrong(&|columns| columns.keys.width = 32);
    assert_eq!((code, said.contains("both offsets and a width")), (SIGWARP_ERROR_COLUMNS, true), "{said}");
    let fixed =
        |length, width| sigwarp_column { bytes: arena.bytes.as_ptr(), length, offsets: null(), width };
    for (length, width) in [(128, 0), (127, 32), (160, 32), (96, 32), (0, 32)] {
        let (code, said) = wrong(&|columns| columns.keys = fixed(length, width));
        assert_eq!(code, SIGWARP_ERROR_COLUMNS, "{said}");
    }
    assert_eq!(wrong(&|columns| columns.keys = fixed(128, 32)).0, SIGWARP_OK);
    // A length that no memory has.
    let (code, said) = wrong(&|columns| columns.keys.length = usize::MAX);
    assert_eq!(code, SIGWARP_ERROR_COLUMNS, "{said}");
}

/// Every number of the options of an engine, at its ends and beyond: an error that names it, or an engine that says how
/// many threads it has.
#[test]
fn every_number_of_an_engine_is_taken_or_refused_by_name() {
    let most = sigwarp::Threads::most().get();
    let available = std::thread::available_parallelism().map_or(1, usize::from);
    let right = options(c"portable");
    for (threads, has) in [
        (0, Ok(available)),
        (1, Ok(1)),
        (65, Ok(most.min(65))),
        (4096, Ok(most.min(4096))),
        (4097, Err("options.threads is 4097; at most 4096, or 0 for all that the process may use")),
        (u32::MAX, Err("options.threads is 4294967295; at most 4096, or 0 for all that the process may use")),
    ] {
        let (mut engine, mut error) = (sigwarp_engine { id: 7 }, no_error());
        let (mut line, mut needed) = ([0u8; 512], 0);
        // SAFETY: all of it is here.
        unsafe {
            let code = sigwarp_engine_new(&sigwarp_options { threads, ..right }, &mut engine, &mut error);
            match has {
                Err(said) => assert_eq!((code, text(&error).as_str()), (SIGWARP_ERROR_ARGUMENT, said)),
                Ok(count) => {
                    assert_eq!(code, SIGWARP_OK, "{threads}: {}", text(&error));
                    let to = line.as_mut_ptr().cast();
                    let code = sigwarp_engine_explain(engine, to, line.len(), &mut needed, &mut error);
                    assert_eq!(code, SIGWARP_OK, "{}", text(&error));
                    let line = std::str::from_utf8(&line[..needed - 1]).unwrap();
                    let plural = if count == 1 { "" } else { "s" };
                    assert!(
                        line.starts_with(&format!("portable: {count} thread{plural}, ")),
                        "{threads}: {line}"
                    );
                    assert_eq!(sigwarp_engine_free(engine, null_mut()), SIGWARP_OK);
                }
            }
        }
    }
    for budget in [1, u64::MAX] {
        let (mut engine, mut error) = (sigwarp_engine { id: 7 }, no_error());
        let mut stats = sigwarp_key_stats::default();
        // SAFETY: all of it is here.
        unsafe {
            let given = sigwarp_options { key_budget: budget, ..right };
            assert_eq!(sigwarp_engine_new(&given, &mut engine, &mut error), SIGWARP_OK, "{}", text(&error));
            assert_eq!(sigwarp_engine_key_stats(engine, &mut stats, &mut error), SIGWARP_OK);
            assert_eq!((stats.budget, stats.bytes), (budget, 0));
            assert_eq!(sigwarp_engine_free(engine, null_mut()), SIGWARP_OK);
        }
    }
}

/// Counts and lengths that no memory has, beside a pointer to little or nothing.
#[test]
fn counts_of_any_size_are_refused_before_anything_is_read() {
    let (engine, suite) = (engine(), suite("ed25519", Some("zip215"), None));
    let arena = Arena::signed(1);
    let right = Call::over(engine, suite, &arena);
    let codes = [SIGWARP_ERROR_COLUMNS, SIGWARP_ERROR_BUFFER];
    for items in [usize::MAX, usize::MAX - 1, isize::MAX as usize, usize::MAX / 8, usize::MAX / 8 + 1] {
        let (code, said) = Call { items, ..right }.run();
        assert!(codes.contains(&code), "{items} items: {code} {said}");
        let (mut digests, mut error) = ([7u8; 32], no_error());
        let (mut id, mut batch) = (7u64, sigwarp_batch::default());
        let (bytes, offsets) = (arena.bytes.as_ptr(), arena.keys.as_ptr());
        // SAFETY: what is wrong is what the calls check before they read.
        unsafe {
            let (name, to, e) = (c"sha256".as_ptr(), digests.as_mut_ptr(), &raw mut error);
            let code = sigwarp_hash(engine, name, items, bytes, arena.bytes.len(), offsets, to, 32, e);
            assert!(codes.contains(&code), "{items} messages: {}", text(&error));
            let (length, statuses) = (arena.bytes.len(), null_mut());
            let code =
                sigwarp_register_keys(engine, suite, items, bytes, length, offsets, &mut id, statuses, 1, e);
            assert!(codes.contains(&code), "{items} keys: {}", text(&error));
            assert_eq!(id, 0);
            assert_eq!(sigwarp_unregister_keys(engine, null(), items, null_mut(), e), SIGWARP_ERROR_NULL);
            assert_eq!(sigwarp_batch_new(&mut batch, e), SIGWARP_OK);
            let push = |key, message, signature| {
                sigwarp_batch_push(batch, suite, bytes, key, bytes, message, bytes, signature, null_mut())
            };
            for code in [push(usize::MAX, 0, 0), push(0, usize::MAX, 0), push(0, 0, usize::MAX)] {
                assert_eq!(code, SIGWARP_ERROR_COLUMNS);
            }
            assert_eq!(sigwarp_batch_free(batch, e), SIGWARP_OK);
        }
    }
}
