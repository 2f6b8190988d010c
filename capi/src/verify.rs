//! Verifying: one arena, columns, one item.

use std::ops::Range;

use sigwarp::{BatchView, Column, Engine, Suites, Verdicts};

use crate::columns::{Borrowed, column_ranges, require, sigwarp_column, sigwarp_columns, suites};
use crate::engine::{ENGINES, sigwarp_engine};
use crate::error::{Failure, SIGWARP_ERROR_ENGINE, SIGWARP_ERROR_NULL, call, sigwarp_code, sigwarp_error};
use crate::memory::{self, Output};
use crate::status::{self, sigwarp_status};
use crate::suite::{SUITES, sigwarp_suite};

/// Verifies items in one arena under one suite, and writes a status for each.
///
/// Item i has the key `arena[key_offsets[i]]` to before `arena[key_offsets[i + 1]]`, and its message and signature
/// alike: each of the three has `items + 1` offsets, which never decrease. Where the suite takes a digest, messages are
/// digests. Wrong lengths of keys and signatures are statuses and not errors. After an error all statuses are
/// SIGWARP_STATUS_NOT_COMPUTED (if they do not overlap what the call reads, which is an error too).
///
/// # Safety
/// `arena` has `arena_length` bytes, each array of offsets `items + 1` entries; nobody writes to them during the call.
/// `capacity` statuses can be written; `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_verify(
    engine: sigwarp_engine,
    suite: sigwarp_suite,
    items: usize,
    arena: *const u8,
    arena_length: usize,
    key_offsets: *const u64,
    message_offsets: *const u64,
    signature_offsets: *const u64,
    statuses: *mut sigwarp_status,
    capacity: usize,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        let of = |offsets| in_arena(arena, arena_length, offsets);
        let columns = [of(key_offsets), of(message_offsets), of(signature_offsets)];
        // SAFETY: the caller gives memory as described.
        let call = unsafe { Call::new(items, std::ptr::null(), &columns, statuses, capacity, &[]) }?;
        require("key_offsets", key_offsets, items)?;
        require("message_offsets", message_offsets, items)?;
        require("signature_offsets", signature_offsets, items)?;
        // SAFETY: as above.
        unsafe { call.verify(engine, &[suite], None) }
    })
}

/// As sigwarp_verify, for keys that are registered with the engine: `key_ids` has one id for each item. An id that is
/// not registered for the scheme of the suite is the error SIGWARP_ERROR_UNKNOWN_KEY.
///
/// # Safety
/// As sigwarp_verify; `key_ids` has `items` entries.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_verify_ids(
    engine: sigwarp_engine,
    suite: sigwarp_suite,
    items: usize,
    key_ids: *const u64,
    arena: *const u8,
    arena_length: usize,
    message_offsets: *const u64,
    signature_offsets: *const u64,
    statuses: *mut sigwarp_status,
    capacity: usize,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        let of = |offsets| in_arena(arena, arena_length, offsets);
        let columns = [NO_COLUMN, of(message_offsets), of(signature_offsets)];
        // SAFETY: the caller gives memory as described.
        let call = unsafe { Call::new(items, key_ids, &columns, statuses, capacity, &[]) }?;
        if key_ids.is_null() && items > 0 {
            return Err(Failure::new(SIGWARP_ERROR_NULL, "key_ids is null; pass an id for each item"));
        }
        require("message_offsets", message_offsets, items)?;
        require("signature_offsets", signature_offsets, items)?;
        // SAFETY: as above.
        unsafe { call.verify(engine, &[suite], None) }
    })
}

/// As sigwarp_verify, for columns of any layout, several suites, and keys that are registered or not.
///
/// # Safety
/// `columns` points to such a structure, and what it points to can be read; nobody writes to any of it during the call.
/// `capacity` statuses can be written; `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_verify_columns(
    engine: sigwarp_engine,
    columns: *const sigwarp_columns,
    statuses: *mut sigwarp_status,
    capacity: usize,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        // SAFETY: the size comes first in every version of the structure.
        let size = unsafe { memory::one("columns", columns.cast::<u32>()) }.copied();
        let known = size_of::<sigwarp_columns>();
        if size.as_ref().is_ok_and(|size| *size as usize == known) {
            // SAFETY: as large as it says. A copy: nothing is borrowed when the statuses are zeroed.
            let given = *unsafe { memory::one("columns", columns) }?;
            let suite_of = if given.suite_of.is_null() { 0 } else { given.items };
            let more = [
                memory::range(columns, 1),
                memory::range(given.suites, given.suite_count as usize),
                memory::range(given.suite_of, suite_of),
            ];
            let parts = [given.keys, given.messages, given.signatures];
            // SAFETY: the caller gives memory as described.
            let call = unsafe { Call::new(given.items, given.key_ids, &parts, statuses, capacity, &more) }?;
            // SAFETY: as above.
            let handles = unsafe { memory::array("suites", given.suites, given.suite_count as usize) }?;
            if handles.is_empty() {
                return Err(Failure::argument(
                    "suite_count is 0; pass the suites that items are judged under",
                ));
            }
            let index = if given.suite_of.is_null() {
                if handles.len() > 1 {
                    let text = format!(
                        "suite_of is null and there are {} suites; set it to the index of the suite of each item",
                        handles.len()
                    );
                    return Err(Failure::new(SIGWARP_ERROR_NULL, text));
                }
                None
            } else {
                // SAFETY: as above.
                Some(unsafe { memory::array("suite_of", given.suite_of, given.items) }?)
            };
            // SAFETY: as above.
            return unsafe { call.verify(engine, handles, index) };
        }
        // The number of items is not known: all that may be written is zeroed.
        // SAFETY: `capacity` statuses can be written, as the caller promises.
        unsafe { Output::new("statuses", statuses, capacity, capacity, &[memory::range(columns, 1)]) }?;
        Err(Failure::argument(format!(
            "columns.size is {}, this library knows {known}; set it to sizeof(sigwarp_columns) and build against the \
             library's own header",
            size?
        )))
    })
}

/// Verifies one item, at the lowest latency, and writes its status. Several items are several times faster together.
///
/// # Safety
/// `key`, `message` and `signature` have as many bytes as their lengths say, and nobody writes to them during the call.
/// `status` can be written; `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_verify_one(
    engine: sigwarp_engine,
    suite: sigwarp_suite,
    key: *const u8,
    key_length: usize,
    message: *const u8,
    message_length: usize,
    signature: *const u8,
    signature_length: usize,
    status: *mut sigwarp_status,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        let inputs = [
            memory::range(key, key_length),
            memory::range(message, message_length),
            memory::range(signature, signature_length),
        ];
        // SAFETY: the status can be written, and nothing is borrowed yet.
        let output = unsafe { Output::new("status", status, 1, 1, &inputs) }?;
        let engine = ENGINES.get(engine.id)?;
        let suite = SUITES.get(suite.id)?;
        // SAFETY: as long as the caller says, and unchanged during the call.
        let rows = unsafe {
            [
                [memory::array("key", key, key_length)?],
                [memory::array("message", message, message_length)?],
                [memory::array("signature", signature, signature_length)?],
            ]
        };
        let [keys, messages, signatures] = [0, 1, 2].map(|column| Column::slices(&rows[column]));
        let view = BatchView::new(Suites::One(&suite), keys, messages, signatures)?;
        write(&output, 1, &verdicts(&engine, &view)?)
    })
}

const NO_COLUMN: sigwarp_column =
    sigwarp_column { bytes: std::ptr::null(), length: 0, offsets: std::ptr::null(), width: 0 };

const fn in_arena(arena: *const u8, length: usize, offsets: *const u64) -> sigwarp_column {
    sigwarp_column { bytes: arena, length, offsets, width: 0 }
}

/// A call that verifies columns; its statuses are zeroed already.
struct Call<'a> {
    items: usize,
    key_ids: *const u64,
    columns: &'a [sigwarp_column; 3],
    statuses: Output<sigwarp_status>,
}

impl<'a> Call<'a> {
    /// # Safety
    /// `capacity` statuses can be written until the call ends, and nothing of the caller is borrowed yet.
    unsafe fn new(
        items: usize,
        key_ids: *const u64,
        columns: &'a [sigwarp_column; 3],
        statuses: *mut sigwarp_status,
        capacity: usize,
        more: &[Range<usize>],
    ) -> Result<Self, Failure> {
        let [keys, messages, signatures] = columns.each_ref().map(|column| column_ranges(column, items));
        let ids = memory::range(key_ids, if key_ids.is_null() { 0 } else { items });
        let inputs = [&keys[..], &messages, &signatures, &[ids], more].concat();
        // SAFETY: passed on.
        let statuses = unsafe { Output::new("statuses", statuses, capacity, items, &inputs) }?;
        Ok(Self { items, key_ids, columns, statuses })
    }

    /// # Safety
    /// What the columns and ids point to can be read until the call ends, and nobody writes to it meanwhile.
    unsafe fn verify(
        &self,
        engine: sigwarp_engine,
        handles: &[sigwarp_suite],
        index: Option<&[u32]>,
    ) -> Result<(), Failure> {
        let engine = ENGINES.get(engine.id)?;
        let table = suites(handles)?;
        // SAFETY: passed on.
        let borrowed = unsafe { Borrowed::new(self.items, self.key_ids, self.columns) }?;
        let of = match (index, table.as_slice()) {
            (None, [suite]) => Suites::One(suite),
            (index, table) => Suites::PerItem { table, index: index.unwrap_or_default() },
        };
        let verdicts = verdicts(&engine, &borrowed.view(of)?)?;
        write(&self.statuses, self.items, &verdicts)
    }
}

fn verdicts(engine: &Engine, view: &BatchView<'_>) -> Result<Verdicts, Failure> {
    Ok(engine.verify_columns(view)?)
}

/// Writes the statuses of a call.
pub(crate) fn write(
    statuses: &Output<sigwarp_status>,
    items: usize,
    verdicts: &Verdicts,
) -> Result<(), Failure> {
    if verdicts.len() != items {
        let text = format!("{} verdicts for {items} items; please report it", verdicts.len());
        return Err(Failure::new(SIGWARP_ERROR_ENGINE, text));
    }
    statuses.fill(verdicts.iter().map(status::of));
    Ok(())
}
