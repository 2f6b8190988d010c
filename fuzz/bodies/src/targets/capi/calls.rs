//! The functions of the C ABI that the target `capi` calls, with slices for pointers and lengths. Whatever is given here is
//! within the ABI's contract; what a call must refuse can still be said: no slice is a null pointer, handles are
//! numbers, offsets are any numbers, results may lie on what a call reads.
#![allow(unsafe_code, reason = "the C ABI takes pointers")]

use std::ffi::CStr;
use std::ptr::{null, null_mut};

use sigwarp_c::*;

/// What a call returned.
pub(super) struct Said {
    pub(super) code: sigwarp_code,
    pub(super) text: String,
}

/// Makes a call with a place for its error.
fn said(call: impl FnOnce(*mut sigwarp_error) -> sigwarp_code) -> Said {
    let mut error = sigwarp_error { code: -1, text: [0x41; SIGWARP_ERROR_TEXT] };
    let code = call(&mut error);
    assert_eq!(error.code, code);
    // SAFETY: every function terminates the text.
    let text = unsafe { CStr::from_ptr(error.text.as_ptr()) };
    let text = text.to_str().expect("texts are UTF-8").to_owned();
    assert_eq!(text.is_empty(), code == SIGWARP_OK, "{code}: {text:?}");
    Said { code, text }
}

fn start<T>(slice: Option<&[T]>) -> *const T {
    slice.map_or(null(), <[T]>::as_ptr)
}

/// An engine on one thread with so many bytes for keys.
pub(super) fn engine(backend: &CStr, key_budget: u64) -> sigwarp_engine {
    let options = sigwarp_options {
        size: size_of::<sigwarp_options>() as u32,
        threads: 1,
        backend: backend.as_ptr(),
        key_budget,
        admit_keys: 0,
        self_test: 1,
        reserved: [0; 6],
    };
    let mut engine = sigwarp_engine::default();
    // SAFETY: options, a terminated name, and a handle that can be written.
    let made = said(|error| unsafe { sigwarp_engine_new(&options, &mut engine, error) });
    assert_eq!(made.code, SIGWARP_OK, "{}", made.text);
    engine
}

/// The suite of these names, or an error.
pub(super) fn suite(names: [Option<&CStr>; 3], user_id: Option<&[u8]>) -> (Said, sigwarp_suite) {
    let [scheme, rule, encoding] = names.map(|name| name.map_or(null(), CStr::as_ptr));
    let mut suite = sigwarp_suite { id: 77 };
    let length = user_id.map_or(0, <[u8]>::len);
    // SAFETY: null or terminated names, a user ID as long as it is, and a handle that can be written.
    let said = said(|error| unsafe {
        sigwarp_suite_new(scheme, rule, encoding, start(user_id), length, &mut suite, error)
    });
    (said, suite)
}

/// Frees a suite.
pub(super) fn free_suite(suite: sigwarp_suite) -> sigwarp_code {
    // SAFETY: the error can be written.
    said(|error| unsafe { sigwarp_suite_free(suite, error) }).code
}

/// Where rows lie: offsets into bytes, which may be none at all.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) offsets: Option<&'a [u64]>,
    /// Without offsets, the bytes of a row.
    pub(super) width: usize,
}

impl Rows<'_> {
    fn column(&self, items: usize) -> sigwarp_column {
        assert!(
            self.offsets.is_none_or(|offsets| offsets.len() > items),
            "the caller gives items + 1 offsets"
        );
        let bytes = if self.bytes.is_empty() { null() } else { self.bytes.as_ptr() };
        sigwarp_column { bytes, length: self.bytes.len(), offsets: start(self.offsets), width: self.width }
    }
}

fn check_ids(ids: Option<&[u64]>, items: usize) {
    assert!(ids.is_none_or(|ids| ids.len() >= items), "the caller gives an id for each item");
}

/// sigwarp_verify, and with `key_ids` in place of the first offsets sigwarp_verify_ids.
pub(super) fn verify(
    (engine, suite): (sigwarp_engine, sigwarp_suite),
    items: usize,
    arena: &[u8],
    key_ids: Option<Option<&[u64]>>,
    offsets: [Option<&[u64]>; 3],
    statuses: &mut [u8],
) -> Said {
    for offsets in offsets.iter().flatten() {
        assert!(offsets.len() > items, "the caller gives items + 1 offsets");
    }
    let [keys, messages, signatures] = offsets.map(start);
    let (bytes, length) = (arena.as_ptr(), arena.len());
    let (output, capacity) = (statuses.as_mut_ptr(), statuses.len());
    match key_ids {
        // SAFETY: slices, with as many entries as the call may read.
        None => said(|error| unsafe {
            sigwarp_verify(
                engine, suite, items, bytes, length, keys, messages, signatures, output, capacity, error,
            )
        }),
        Some(ids) => {
            check_ids(ids, items);
            // SAFETY: as above.
            said(|error| unsafe {
                sigwarp_verify_ids(
                    engine,
                    suite,
                    items,
                    start(ids),
                    bytes,
                    length,
                    messages,
                    signatures,
                    output,
                    capacity,
                    error,
                )
            })
        }
    }
}

/// sigwarp_verify with statuses that lie in the arena, from byte `at` on.
pub(super) fn verify_within(
    (engine, suite): (sigwarp_engine, sigwarp_suite),
    items: usize,
    arena: &mut [u8],
    offsets: [&[u64]; 3],
    at: usize,
) -> Said {
    assert!(offsets.iter().all(|offsets| offsets.len() > items), "the caller gives items + 1 offsets");
    let capacity = arena.len() - at;
    let length = arena.len();
    let bytes = arena.as_mut_ptr();
    let output = bytes.wrapping_add(at);
    let [keys, messages, signatures] = offsets.map(<[u64]>::as_ptr);
    // SAFETY: slices, with as many entries as the call may read or write; one pointer is made of the other.
    said(|error| unsafe {
        sigwarp_verify(
            engine, suite, items, bytes, length, keys, messages, signatures, output, capacity, error,
        )
    })
}

/// The arguments of sigwarp_verify_columns.
pub(super) struct Columns<'a> {
    pub(super) size: u32,
    pub(super) suites: &'a [sigwarp_suite],
    pub(super) suite_of: Option<&'a [u32]>,
    pub(super) items: usize,
    pub(super) key_ids: Option<&'a [u64]>,
    pub(super) keys: Rows<'a>,
    pub(super) messages: Rows<'a>,
    pub(super) signatures: Rows<'a>,
}

/// The size that the library expects.
pub(super) const COLUMNS_SIZE: u32 = size_of::<sigwarp_columns>() as u32;

/// sigwarp_verify_columns.
pub(super) fn verify_columns(engine: sigwarp_engine, given: &Columns<'_>, statuses: &mut [u8]) -> Said {
    let items = given.items;
    assert!(given.suite_of.is_none_or(|index| index.len() >= items), "the caller gives an index for each");
    check_ids(given.key_ids, items);
    let columns = sigwarp_columns {
        size: given.size,
        suite_count: given.suites.len() as u32,
        suites: given.suites.as_ptr(),
        suite_of: start(given.suite_of),
        items,
        key_ids: start(given.key_ids),
        keys: given.keys.column(items),
        messages: given.messages.column(items),
        signatures: given.signatures.column(items),
    };
    let (output, capacity) = (statuses.as_mut_ptr(), statuses.len());
    // SAFETY: slices, with as many entries as the call may read.
    said(|error| unsafe { sigwarp_verify_columns(engine, &columns, output, capacity, error) })
}

/// sigwarp_verify_one.
pub(super) fn verify_one(
    (engine, suite): (sigwarp_engine, sigwarp_suite),
    [key, message, signature]: [&[u8]; 3],
    status: &mut u8,
) -> Said {
    // SAFETY: slices, and a status that can be written.
    said(|error| unsafe {
        sigwarp_verify_one(
            engine,
            suite,
            key.as_ptr(),
            key.len(),
            message.as_ptr(),
            message.len(),
            signature.as_ptr(),
            signature.len(),
            status,
            error,
        )
    })
}

/// sigwarp_register_keys; the ids and statuses of all keys.
pub(super) fn register(
    (engine, suite): (sigwarp_engine, sigwarp_suite),
    keys: usize,
    arena: &[u8],
    offsets: Option<&[u64]>,
    (ids, statuses): (&mut [u64], &mut [u8]),
) -> Said {
    assert!(offsets.is_none_or(|offsets| offsets.len() > keys), "the caller gives keys + 1 offsets");
    assert_eq!(ids.len(), statuses.len(), "the caller says how many of both");
    let (bytes, length, capacity) = (arena.as_ptr(), arena.len(), ids.len());
    let (ids, statuses) = (ids.as_mut_ptr(), statuses.as_mut_ptr());
    // SAFETY: slices, with as many entries as the call may read or write.
    said(|error| unsafe {
        sigwarp_register_keys(
            engine,
            suite,
            keys,
            bytes,
            length,
            start(offsets),
            ids,
            statuses,
            capacity,
            error,
        )
    })
}

/// sigwarp_unregister_keys; how many it dropped.
pub(super) fn unregister(engine: sigwarp_engine, ids: &[u64]) -> (Said, usize) {
    let mut dropped = 77;
    // SAFETY: a slice, and a number that can be written.
    let said = said(|error| unsafe {
        sigwarp_unregister_keys(engine, ids.as_ptr(), ids.len(), &mut dropped, error)
    });
    (said, dropped)
}

/// What sigwarp_recover reads.
pub(super) struct Recovery<'a> {
    pub(super) rule: Option<&'a CStr>,
    pub(super) items: usize,
    pub(super) arena: &'a [u8],
    pub(super) digests: Option<&'a [u64]>,
    pub(super) signatures: Option<&'a [u64]>,
    pub(super) ids: Option<&'a [u8]>,
}

/// What it writes, for so many items.
pub(super) struct Recovered {
    pub(super) keys: Vec<u8>,
    pub(super) addresses: Vec<u8>,
    pub(super) statuses: Vec<u8>,
}

/// sigwarp_recover with room for `capacity` results.
pub(super) fn recover(given: &Recovery<'_>, capacity: usize, out: &mut Recovered) -> Said {
    for offsets in [given.digests, given.signatures].iter().flatten() {
        assert!(offsets.len() > given.items, "the caller gives items + 1 offsets");
    }
    assert!(given.ids.is_none_or(|ids| ids.len() >= given.items), "the caller gives an id for each");
    out.keys.resize(SIGWARP_RECOVERED_KEY * capacity, 0xaa);
    out.addresses.resize(SIGWARP_ADDRESS * capacity, 0xaa);
    out.statuses.resize(capacity, 0xaa);
    let (keys, addresses, statuses) =
        (out.keys.as_mut_ptr(), out.addresses.as_mut_ptr(), out.statuses.as_mut_ptr());
    // SAFETY: a terminated name, slices, and vectors as long as the contract says.
    said(|error| unsafe {
        sigwarp_recover(
            given.rule.map_or(null(), CStr::as_ptr),
            given.items,
            given.arena.as_ptr(),
            given.arena.len(),
            start(given.digests),
            start(given.signatures),
            start(given.ids),
            keys,
            addresses,
            statuses,
            capacity,
            error,
        )
    })
}

/// sigwarp_hash.
pub(super) fn hash(
    engine: sigwarp_engine,
    hash: Option<&CStr>,
    messages: usize,
    arena: &[u8],
    offsets: Option<&[u64]>,
    digests: &mut [u8],
) -> Said {
    assert!(offsets.is_none_or(|offsets| offsets.len() > messages), "the caller gives messages + 1 offsets");
    let (bytes, length) = (arena.as_ptr(), arena.len());
    let (output, capacity) = (digests.as_mut_ptr(), digests.len());
    let name = hash.map_or(null(), CStr::as_ptr);
    // SAFETY: a terminated name, slices, with as many entries as the call may read.
    said(|error| unsafe {
        sigwarp_hash(engine, name, messages, bytes, length, start(offsets), output, capacity, error)
    })
}

/// A pre-validator that takes what is there at once.
pub(super) fn prevalidator(engine: sigwarp_engine, capacity: u64) -> sigwarp_prevalidator {
    let options = sigwarp_prevalidator_options {
        size: size_of::<sigwarp_prevalidator_options>() as u32,
        workers: 1,
        capacity,
        capacity_bytes: 0,
        max_batch: 0,
        max_delay_us: u64::MAX,
        duplicate_cache_bytes: 0,
        on_outcomes: None,
        context: null_mut(),
    };
    let mut made = sigwarp_prevalidator::default();
    // SAFETY: options without a callback, and a handle that can be written.
    let said = said(|error| unsafe { sigwarp_prevalidator_start(engine, &options, &mut made, error) });
    assert_eq!(said.code, SIGWARP_OK, "{}", said.text);
    made
}

/// What sigwarp_submit_group reads.
pub(super) struct Submitted<'a> {
    pub(super) suite: sigwarp_suite,
    pub(super) items: usize,
    pub(super) arena: &'a [u8],
    pub(super) key_ids: Option<&'a [u64]>,
    pub(super) offsets: [Option<&'a [u64]>; 3],
    pub(super) ids: Option<&'a [u64]>,
    pub(super) priority: u32,
}

/// sigwarp_submit_group; its ticket.
pub(super) fn submit(pre: sigwarp_prevalidator, given: &Submitted<'_>) -> (Said, sigwarp_ticket) {
    for offsets in given.offsets.iter().flatten() {
        assert!(offsets.len() > given.items, "the caller gives items + 1 offsets");
    }
    check_ids(given.key_ids, given.items);
    check_ids(given.ids, given.items);
    let [keys, messages, signatures] = given.offsets.map(start);
    let mut ticket = sigwarp_ticket { id: 77 };
    // SAFETY: slices, with as many entries as the call may read, and a handle that can be written.
    let said = said(|error| unsafe {
        sigwarp_submit_group(
            pre,
            given.suite,
            given.items,
            given.arena.as_ptr(),
            given.arena.len(),
            start(given.key_ids),
            keys,
            messages,
            signatures,
            start(given.ids),
            given.priority,
            SIGWARP_FOREVER,
            &mut ticket,
            error,
        )
    });
    (said, ticket)
}

/// Waits for the outcomes of a ticket, then frees it.
pub(super) fn outcomes(ticket: sigwarp_ticket, items: usize) -> (Said, Vec<sigwarp_outcome>) {
    let none = sigwarp_outcome { id: 0, fault: 0, status: 0xaa, reserved: [0; 3] };
    let mut outcomes = vec![none; items];
    let (output, capacity) = (outcomes.as_mut_ptr(), outcomes.len());
    // SAFETY: so many outcomes can be written.
    let waited =
        said(|error| unsafe { sigwarp_ticket_wait(ticket, SIGWARP_FOREVER, output, capacity, error) });
    // SAFETY: the error can be written.
    let freed = said(|error| unsafe { sigwarp_ticket_free(ticket, error) });
    assert_eq!(freed.code, SIGWARP_OK, "{}", freed.text);
    (waited, outcomes)
}
