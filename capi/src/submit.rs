//! Items on their way into the pre-validator.

use std::ops::Range;
use std::sync::Arc;

use sigwarp::prevalidator::{Partial, Priority, Submission, SubmitError};
use sigwarp::{Column, Key, KeyId, Message, Suite};

use crate::columns::{column, column_ranges, sigwarp_column};
use crate::error::{
    Failure, SIGWARP_ERROR_CLOSED, SIGWARP_ERROR_COLUMNS, SIGWARP_ERROR_FULL, SIGWARP_ERROR_NULL,
    SIGWARP_ERROR_TOO_LARGE, SIGWARP_ERROR_UNSUPPORTED, call, sigwarp_code, sigwarp_error,
};
use crate::memory::{self, Output};
use crate::prevalidator::{PREVALIDATORS, Pre, sigwarp_prevalidator};
use crate::suite::{SUITES, sigwarp_suite};
use crate::tickets::{Held, TICKETS, sigwarp_ticket, time};

/// Votes and proposals: what a round waits for.
pub const SIGWARP_PRIORITY_CONSENSUS: u32 = 0;
/// Incoming transactions.
pub const SIGWARP_PRIORITY_MEMPOOL: u32 = 1;
/// Catching up, and auditing.
pub const SIGWARP_PRIORITY_BACKFILL: u32 = 2;

/// An item to submit.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct sigwarp_item {
    /// The suite that it is judged under.
    pub suite: sigwarp_suite,
    /// The caller's id; comes back with the outcome.
    pub id: u64,
    /// The id of a registered key, or 0 where `key` has the bytes.
    pub key_id: u64,
    /// The encoded public key.
    pub key: *const u8,
    /// Its bytes.
    pub key_length: usize,
    /// The message, or the digest where the suite takes one.
    pub message: *const u8,
    /// Its bytes.
    pub message_length: usize,
    /// The encoded signature.
    pub signature: *const u8,
    /// Its bytes.
    pub signature_length: usize,
    /// SIGWARP_PRIORITY_*.
    pub priority: u32,
    /// Zero.
    pub reserved: u32,
}

fn not_taken<T>(error: &SubmitError<T>) -> Failure {
    let (code, text) = match error {
        SubmitError::Full(_) => (
            SIGWARP_ERROR_FULL,
            "the queue is full; wait for outcomes, set a timeout, or raise capacity or capacity_bytes"
                .to_owned(),
        ),
        SubmitError::Closed(_) => {
            (SIGWARP_ERROR_CLOSED, "the pre-validator is closed; start another".to_owned())
        }
        SubmitError::TooLarge(_) => (
            SIGWARP_ERROR_TOO_LARGE,
            "larger than the whole queue; raise capacity or capacity_bytes, or split the group".to_owned(),
        ),
        SubmitError::Unsupported { .. } => (
            SIGWARP_ERROR_UNSUPPORTED,
            "the engine does not implement the suite; choose another backend".to_owned(),
        ),
        _ => (SIGWARP_ERROR_COLUMNS, "an item cannot be taken".to_owned()),
    };
    Failure::new(code, text)
}

pub(crate) fn priority(number: u32) -> Result<Priority, Failure> {
    match number {
        SIGWARP_PRIORITY_CONSENSUS => Ok(Priority::Consensus),
        SIGWARP_PRIORITY_MEMPOOL => Ok(Priority::Mempool),
        SIGWARP_PRIORITY_BACKFILL => Ok(Priority::Backfill),
        _ => Err(Failure::argument(format!("priority is {number}; it is 0 to 2, SIGWARP_PRIORITY_*"))),
    }
}

fn as_message<'a>(suite: &Suite, bytes: &'a [u8]) -> Message<'a> {
    Message::of(suite.scheme().input(), bytes)
}

/// Where the ticket of a submission goes. Nobody may lose an outcome: without a ticket there is a callback.
///
/// # Safety
/// `ticket` is null or can be written, and nothing of the caller is borrowed yet.
unsafe fn ticket_output(
    pre: &Pre,
    ticket: *mut sigwarp_ticket,
    inputs: &[Range<usize>],
) -> Result<Option<Output<sigwarp_ticket>>, Failure> {
    // SAFETY: passed on.
    let output = unsafe { Output::optional("ticket", ticket, 1, 1, inputs) }?;
    if output.is_none() && !pre.tells() {
        let text = "ticket is null and the pre-validator has no on_outcomes; pass one of them";
        return Err(Failure::new(SIGWARP_ERROR_NULL, text));
    }
    Ok(output)
}

fn give(output: Option<Output<sigwarp_ticket>>, held: Held) -> Result<(), Failure> {
    if let Some(output) = output {
        output.set(sigwarp_ticket { id: TICKETS.insert(Arc::new(held))? });
    }
    Ok(())
}

/// Submits an item, whose bytes are copied. A full queue is SIGWARP_ERROR_FULL; before that the call waits for room up to
/// the timeout in microseconds, 0 for none. `ticket` may be null where the pre-validator has a callback.
///
/// # Safety
/// `item` points to such a structure, and what it points to is as long as it says; nobody writes to them during the
/// call. `ticket` and `error` are null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_submit(
    prevalidator: sigwarp_prevalidator,
    item: *const sigwarp_item,
    timeout_us: u64,
    ticket: *mut sigwarp_ticket,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        // SAFETY: the caller gives such a structure. A copy: nothing is borrowed when the ticket is zeroed.
        let given = *unsafe { memory::one("item", item) }?;
        let inputs = [
            memory::range(item, 1),
            memory::range(given.key, given.key_length),
            memory::range(given.message, given.message_length),
            memory::range(given.signature, given.signature_length),
        ];
        let pre = PREVALIDATORS.get(prevalidator.id)?;
        // SAFETY: null or can be written, and nothing is borrowed yet.
        let output = unsafe { ticket_output(&pre, ticket, &inputs) }?;
        let suite = SUITES.get(given.suite.id)?;
        // SAFETY: as long as the caller says, and unchanged during the call.
        let (key, message, signature) = unsafe {
            (
                memory::array("item.key", given.key, given.key_length)?,
                memory::array("item.message", given.message, given.message_length)?,
                memory::array("item.signature", given.signature, given.signature_length)?,
            )
        };
        let key = KeyId::from_number(given.key_id).map_or(Key::Bytes(key), Key::Id);
        let item = Submission::new(&suite, key, as_message(&suite, message), signature)
            .id(given.id)
            .priority(priority(given.priority)?);
        let _submitting = pre.submitting();
        let taken = if timeout_us == 0 {
            pre.inner.submit(item)
        } else {
            pre.inner.submit_timeout(item, time(timeout_us))
        };
        give(output, Held::One(taken.map_err(|error| not_taken(&error))?))
    })
}

/// Items of a submission, checked.
struct Items<'a> {
    keys: Option<Column<'a>>,
    key_ids: &'a [u64],
    messages: Column<'a>,
    signatures: Column<'a>,
    ids: &'a [u64],
}

impl<'a> Items<'a> {
    fn submissions(&self, suite: &'a Suite, priority: Priority) -> Result<Vec<Submission<'a>>, Failure> {
        let of = |item: usize| {
            let id = self.key_ids.get(item).copied().and_then(KeyId::from_number);
            let key = match (id, self.keys) {
                (Some(id), _) => Key::Id(id),
                (None, Some(keys)) => Key::Bytes(keys.get(item)),
                (None, None) => {
                    let text =
                        format!("item {item}: its key id is 0 and key_offsets is null; pass one of them");
                    return Err(Failure::new(SIGWARP_ERROR_COLUMNS, text));
                }
            };
            let message = as_message(suite, self.messages.get(item));
            let id = self.ids.get(item).copied().unwrap_or(item as u64);
            Ok(Submission::new(suite, key, message, self.signatures.get(item)).id(id).priority(priority))
        };
        (0..self.messages.len()).map(of).collect()
    }
}

/// Pointers of sigwarp_submit_many and sigwarp_submit_group.
struct Given {
    items: usize,
    arena: (*const u8, usize),
    key_ids: *const u64,
    offsets: [*const u64; 3],
    ids: *const u64,
}

impl Given {
    fn columns(&self) -> [sigwarp_column; 3] {
        let (bytes, length) = self.arena;
        self.offsets.map(|offsets| sigwarp_column { bytes, length, offsets, width: 0 })
    }

    fn ranges(&self) -> Vec<Range<usize>> {
        let of = |pointer: *const u64| memory::range(pointer, if pointer.is_null() { 0 } else { self.items });
        let columns = self.columns();
        let columns = columns.iter().flat_map(|column| column_ranges(column, self.items));
        columns.chain([of(self.key_ids), of(self.ids)]).collect()
    }

    /// # Safety
    /// The pointers are as long as the caller's contract says, and nobody writes to what they point to for as long as
    /// `'a`.
    unsafe fn borrow<'a>(&self) -> Result<Items<'a>, Failure> {
        for (name, offsets) in ["message_offsets", "signature_offsets"].iter().zip(&self.offsets[1..]) {
            if offsets.is_null() {
                let text = format!("{name} is null; pass one offset more than there are items");
                return Err(Failure::new(SIGWARP_ERROR_NULL, text));
            }
        }
        if self.offsets[0].is_null() && self.key_ids.is_null() {
            let text = "key_offsets and key_ids are null; pass one of them";
            return Err(Failure::new(SIGWARP_ERROR_NULL, text));
        }
        let [keys, messages, signatures] = self.columns();
        let optional = |name, pointer: *const u64| {
            let count = if pointer.is_null() { 0 } else { self.items };
            // SAFETY: passed on.
            unsafe { memory::array(name, pointer, count) }
        };
        // SAFETY: passed on.
        let (keys, messages, signatures) = unsafe {
            (
                if keys.offsets.is_null() { None } else { Some(column("keys", &keys, self.items)?) },
                column("messages", &messages, self.items)?,
                column("signatures", &signatures, self.items)?,
            )
        };
        Ok(Items {
            keys,
            key_ids: optional("key_ids", self.key_ids)?,
            messages,
            signatures,
            ids: optional("ids", self.ids)?,
        })
    }
}

/// Submits items of one suite in one arena, as in sigwarp_verify: as many as there is room for, in order. `taken` gets
/// their number; with SIGWARP_ERROR_FULL the ticket is for those, and the rest may be submitted later. This costs
/// least for each item.
///
/// `key_ids` has the ids of registered keys, or is null; an item with the id 0 has its key in the arena. `key_offsets`
/// may be null where every item has an id. `ids` has the caller's ids of the items; where it is null they are 0, 1, …
/// in this call. Timeout and ticket are as in sigwarp_submit.
///
/// # Safety
/// `arena` has `arena_length` bytes, arrays of offsets have `items + 1` entries where they are not null, arrays of ids
/// have `items`; nobody writes to them during the call. `taken` can be written; `ticket` and `error` are null or can be
/// written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_submit_many(
    prevalidator: sigwarp_prevalidator,
    suite: sigwarp_suite,
    items: usize,
    arena: *const u8,
    arena_length: usize,
    key_ids: *const u64,
    key_offsets: *const u64,
    message_offsets: *const u64,
    signature_offsets: *const u64,
    ids: *const u64,
    priority: u32,
    timeout_us: u64,
    taken: *mut usize,
    ticket: *mut sigwarp_ticket,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        let offsets = [key_offsets, message_offsets, signature_offsets];
        let given = Given { items, arena: (arena, arena_length), key_ids, offsets, ids };
        let pre = PREVALIDATORS.get(prevalidator.id)?;
        let mut inputs = given.ranges();
        // SAFETY: null or can be written, and nothing is borrowed yet.
        let (taken, output) = unsafe {
            let taken = Output::new("taken", taken, 1, 1, &inputs)?;
            inputs.push(taken.range());
            (taken, ticket_output(&pre, ticket, &inputs)?)
        };
        let suite = SUITES.get(suite.id)?;
        let priority = self::priority(priority)?;
        // SAFETY: as long as the caller says, and unchanged during the call.
        let items = unsafe { given.borrow() }?.submissions(&suite, priority)?;
        let _submitting = pre.submitting();
        let submitted = if timeout_us == 0 {
            pre.inner.submit_many(&items)
        } else {
            pre.inner.submit_many_timeout(&items, time(timeout_us))
        };
        let (group, failure) = match submitted {
            Ok(group) => (group, None),
            Err(Partial { taken, rest }) => (taken, Some(not_taken(&rest))),
        };
        taken.set(group.len());
        if !group.is_empty() || failure.is_none() {
            give(output, Held::Many(group))?;
        }
        failure.map_or(Ok(()), Err)
    })
}

/// Submits items that belong together, such as one transaction's signatures: all are taken, or none. Arguments are those
/// of sigwarp_submit_many.
///
/// # Safety
/// As sigwarp_submit_many.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_submit_group(
    prevalidator: sigwarp_prevalidator,
    suite: sigwarp_suite,
    items: usize,
    arena: *const u8,
    arena_length: usize,
    key_ids: *const u64,
    key_offsets: *const u64,
    message_offsets: *const u64,
    signature_offsets: *const u64,
    ids: *const u64,
    priority: u32,
    timeout_us: u64,
    ticket: *mut sigwarp_ticket,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        let offsets = [key_offsets, message_offsets, signature_offsets];
        let given = Given { items, arena: (arena, arena_length), key_ids, offsets, ids };
        let pre = PREVALIDATORS.get(prevalidator.id)?;
        // SAFETY: null or can be written, and nothing is borrowed yet.
        let output = unsafe { ticket_output(&pre, ticket, &given.ranges()) }?;
        let suite = SUITES.get(suite.id)?;
        let priority = self::priority(priority)?;
        // SAFETY: as long as the caller says, and unchanged during the call.
        let items = unsafe { given.borrow() }?.submissions(&suite, priority)?;
        let _submitting = pre.submitting();
        let submitted = if timeout_us == 0 {
            pre.inner.submit_group(&items)
        } else {
            pre.inner.submit_group_timeout(&items, time(timeout_us))
        };
        give(output, Held::Many(submitted.map_err(|error| not_taken(&error))?))
    })
}
