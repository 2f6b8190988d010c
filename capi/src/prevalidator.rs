//! The pre-validator: items from many threads, verified in micro-batches.

use std::ffi::c_void;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use sigwarp::prevalidator::{
    Config, Fault, Group, Outcome, Partial, Priority, Submission, SubmitError, Ticket,
};
use sigwarp::{Column, Key, KeyId, Message, MessageInput, Prevalidator, Suite};

use crate::columns::{column, column_ranges, sigwarp_column};
use crate::engine::{ENGINES, sigwarp_engine};
use crate::error::{
    Failure, SIGWARP_ERROR_CANCELLED, SIGWARP_ERROR_CLOSED, SIGWARP_ERROR_COLUMNS, SIGWARP_ERROR_ENGINE,
    SIGWARP_ERROR_FULL, SIGWARP_ERROR_NULL, SIGWARP_ERROR_PANIC, SIGWARP_ERROR_PENDING,
    SIGWARP_ERROR_TOO_LARGE, SIGWARP_ERROR_UNKNOWN_KEY, SIGWARP_ERROR_UNSUPPORTED, SIGWARP_OK, door,
    sigwarp_code, sigwarp_error,
};
use crate::handles::Table;
use crate::memory::{self, Output};
use crate::status::{self, SIGWARP_STATUS_NOT_COMPUTED, sigwarp_status};
use crate::suite::{SUITES, sigwarp_suite};

static PREVALIDATORS: Table<Pre> = Table::new("pre-validator", 4);
static TICKETS: Table<Held> = Table::new("ticket", 5);

struct Pre {
    inner: Prevalidator,
    /// Whether outcomes reach a callback.
    tells: bool,
}

/// What a ticket handle names.
enum Held {
    One(Ticket),
    Many(Group),
}

/// A queue in front of an engine. Made by sigwarp_prevalidator_start.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct sigwarp_prevalidator {
    /// Private; 0 is no pre-validator.
    pub id: u64,
}

/// The promise of an outcome for each of one or several items. To be freed with sigwarp_ticket_free, before or after
/// its outcomes are there; the items are verified all the same.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct sigwarp_ticket {
    /// Private; 0 is no ticket.
    pub id: u64,
}

/// Votes and proposals: what a round waits for.
pub const SIGWARP_PRIORITY_CONSENSUS: u32 = 0;
/// Transactions that come in.
pub const SIGWARP_PRIORITY_MEMPOOL: u32 = 1;
/// Catching up, and auditing.
pub const SIGWARP_PRIORITY_BACKFILL: u32 = 2;

/// A timeout that never ends.
pub const SIGWARP_FOREVER: u64 = u64::MAX;

/// What became of an item.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct sigwarp_outcome {
    /// The caller's id of the item.
    pub id: u64,
    /// SIGWARP_OK where there is a verdict; else why there is none, and the status is SIGWARP_STATUS_NOT_COMPUTED.
    pub fault: sigwarp_code,
    /// The verdict.
    pub status: sigwarp_status,
    /// Zero.
    pub reserved: [u8; 3],
}

/// Hears of outcomes, on a thread of the pre-validator, which waits for it; items that the duplicate cache knows are
/// told on the submitting thread, before the submission returns. May submit without a timeout. Must not throw.
pub type sigwarp_on_outcomes =
    Option<unsafe extern "C" fn(context: *mut c_void, outcomes: *const sigwarp_outcome, count: usize)>;

/// How a pre-validator is set up. Zero the structure, set `size`, then set what differs; 0 is the default.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct sigwarp_prevalidator_options {
    /// sizeof(sigwarp_prevalidator_options).
    pub size: u32,
    /// Threads that hand batches to the engine; 0 for 1. With an engine on one thread ask for one for each core, else
    /// for 2.
    pub workers: u32,
    /// The most items that are accepted and have no outcome; 0 for 32,768.
    pub capacity: u64,
    /// The most bytes of their keys, messages and signatures; 0 for 64 MiB.
    pub capacity_bytes: u64,
    /// The most items of a micro-batch; 0 for 2,048, or `capacity` where that is less.
    pub max_batch: u64,
    /// How long an item waits for others, in microseconds, while a worker is free; 0 for 1,000, UINT64_MAX for not at
    /// all.
    pub max_delay_us: u64,
    /// Bytes of the duplicate cache; 0 for none.
    pub duplicate_cache_bytes: u64,
    /// Called with the outcomes of each micro-batch; may be null.
    pub on_outcomes: sigwarp_on_outcomes,
    /// Given to `on_outcomes`.
    pub context: *mut c_void,
}

/// An item to submit.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct sigwarp_item {
    /// The suite that it is judged under.
    pub suite: sigwarp_suite,
    /// The caller's id; comes back with the outcome.
    pub id: u64,
    /// A registered key; 0 where `key` has the bytes.
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

/// What a pre-validator has counted. Every accepted item ends in one of `valid`, `invalid`, `cancelled`, `faults`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct sigwarp_prevalidator_stats {
    /// Items accepted and without an outcome.
    pub pending: u64,
    /// The bytes of their keys, messages and signatures.
    pub pending_bytes: u64,
    /// Items that went into the queue.
    pub accepted: u64,
    /// Items given back because the queue was full.
    pub refused: u64,
    /// Items found valid.
    pub valid: u64,
    /// Items found invalid.
    pub invalid: u64,
    /// Items cancelled in time.
    pub cancelled: u64,
    /// Items without a verdict for another reason.
    pub faults: u64,
    /// Items that the duplicate cache answered.
    pub duplicates: u64,
    /// Micro-batches cut because they were full.
    pub batches_by_size: u64,
    /// Micro-batches cut because of their age.
    pub batches_by_age: u64,
    /// Micro-batches cut on request, by closing, or because the queue was full.
    pub batches_by_request: u64,
    /// The time within which half of the items had their outcome, in nanoseconds, to one part in eight.
    pub latency_p50_ns: u64,
    /// The same for 99 of 100 items.
    pub latency_p99_ns: u64,
    /// The same for 999 of 1,000 items.
    pub latency_p999_ns: u64,
}

/// The caller's context, which goes to the threads of the pre-validator.
struct Context(*mut c_void);

// SAFETY: the caller of sigwarp_prevalidator_start promises that the callback may be called with it on any thread, also
// on several at the same time. This crate does not look at it.
unsafe impl Send for Context {}
// SAFETY: as above.
unsafe impl Sync for Context {}

impl Context {
    /// A method, so that closures capture the whole and not the pointer in it.
    fn get(&self) -> *mut c_void {
        self.0
    }
}

fn outcome(outcome: &Outcome) -> sigwarp_outcome {
    let (status, fault) = match &outcome.verdict {
        Ok(verdict) => (status::of(*verdict), SIGWARP_OK),
        Err(fault) => (SIGWARP_STATUS_NOT_COMPUTED, code_of(fault)),
    };
    sigwarp_outcome { id: outcome.id, fault, status, reserved: [0; 3] }
}

fn code_of(fault: &Fault) -> sigwarp_code {
    match fault {
        Fault::Engine(error) => crate::error::code_of(error),
        Fault::UnknownKey => SIGWARP_ERROR_UNKNOWN_KEY,
        Fault::Panicked(_) => SIGWARP_ERROR_PANIC,
        Fault::Cancelled => SIGWARP_ERROR_CANCELLED,
        _ => SIGWARP_ERROR_ENGINE,
    }
}

fn not_taken<T>(error: &SubmitError<T>) -> Failure {
    let (code, text) = match error {
        SubmitError::Full(_) => (
            SIGWARP_ERROR_FULL,
            "the queue is full; wait for outcomes, give a timeout, or raise capacity or capacity_bytes"
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

fn time(microseconds: u64) -> Duration {
    if microseconds == SIGWARP_FOREVER { Duration::MAX } else { Duration::from_micros(microseconds) }
}

fn priority(number: u32) -> Result<Priority, Failure> {
    match number {
        SIGWARP_PRIORITY_CONSENSUS => Ok(Priority::Consensus),
        SIGWARP_PRIORITY_MEMPOOL => Ok(Priority::Mempool),
        SIGWARP_PRIORITY_BACKFILL => Ok(Priority::Backfill),
        _ => Err(Failure::argument(format!("priority is {number}; it is 0 to 2, SIGWARP_PRIORITY_*"))),
    }
}

fn as_message<'a>(suite: &Suite, bytes: &'a [u8]) -> Message<'a> {
    match suite.scheme().input() {
        MessageInput::Raw => Message::Raw(bytes),
        MessageInput::Digest => Message::Digest(bytes),
    }
}

/// Starts the workers of a pre-validator on an engine, which others may use too and may free. `options` may be null.
/// To be freed with sigwarp_prevalidator_free.
///
/// # Safety
/// `options` is null or points to such a structure; `on_outcomes` may be called with `context` from any thread until
/// sigwarp_prevalidator_free or sigwarp_prevalidator_close has returned. `prevalidator` can be written; `error` is null
/// or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_prevalidator_start(
    engine: sigwarp_engine,
    options: *const sigwarp_prevalidator_options,
    prevalidator: *mut sigwarp_prevalidator,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    door(error, || {
        // SAFETY: the caller gives a handle that can be written, and nothing is borrowed yet.
        let output = unsafe { Output::one("prevalidator", prevalidator) }?;
        let engine = ENGINES.get(engine.id)?;
        let mut config = Config::default();
        let mut tells = false;
        if !options.is_null() {
            // SAFETY: the size comes first in every version of the structure.
            let size = *unsafe { memory::one("options", options.cast::<u32>()) }?;
            if size as usize != size_of::<sigwarp_prevalidator_options>() {
                let known = size_of::<sigwarp_prevalidator_options>();
                return Err(Failure::argument(format!(
                    "options.size is {size}, this library knows {known}; set it to \
                     sizeof(sigwarp_prevalidator_options) and build against the library's own header"
                )));
            }
            // SAFETY: as large as it says, readable and unchanged during the call.
            let options = *unsafe { memory::one("options", options) }?;
            let or = |given: u64, default: usize| match given {
                0 => default,
                given => usize::try_from(given).unwrap_or(usize::MAX),
            };
            config.capacity = or(options.capacity, config.capacity);
            config.capacity_bytes = or(options.capacity_bytes, config.capacity_bytes);
            config.max_batch = or(options.max_batch, config.max_batch.min(config.capacity));
            config.duplicate_cache_bytes = or(options.duplicate_cache_bytes, 0);
            config.max_delay = match options.max_delay_us {
                0 => config.max_delay,
                u64::MAX => Duration::ZERO,
                microseconds => Duration::from_micros(microseconds),
            };
            if options.workers > crate::engine::MAX_THREADS {
                let workers = options.workers;
                return Err(Failure::argument(format!(
                    "options.workers is {workers}; one for each core is enough"
                )));
            }
            if let Some(workers) = NonZeroUsize::new(options.workers as usize) {
                config.workers = workers;
            }
            if let Some(tell) = options.on_outcomes {
                tells = true;
                let context = Context(options.context);
                config.on_outcomes = Some(Arc::new(move |outcomes: &[Outcome]| {
                    let outcomes: Vec<sigwarp_outcome> = outcomes.iter().map(outcome).collect();
                    // SAFETY: the caller of sigwarp_prevalidator_start allows it; the outcomes live until it returns.
                    unsafe { tell(context.get(), outcomes.as_ptr(), outcomes.len()) };
                }));
            }
        }
        let inner =
            Prevalidator::start(engine, config).map_err(|error| Failure::argument(error.to_string()))?;
        let id = PREVALIDATORS.insert(Arc::new(Pre { inner, tells }))?;
        output.set(sigwarp_prevalidator { id });
        Ok(())
    })
}

/// Refuses items from now on, verifies what was accepted, and returns when all of it has its outcome and the workers
/// have ended. Called from `on_outcomes` it does not wait.
///
/// # Safety
/// `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_prevalidator_close(
    prevalidator: sigwarp_prevalidator,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    door(error, || {
        PREVALIDATORS.get(prevalidator.id)?.inner.close();
        Ok(())
    })
}

/// Closes a pre-validator and frees it. Its tickets remain. Freeing 0 does nothing.
///
/// # Safety
/// `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_prevalidator_free(
    prevalidator: sigwarp_prevalidator,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    door(error, || {
        if prevalidator.id != 0 {
            PREVALIDATORS.remove(prevalidator.id)?.inner.close();
        }
        Ok(())
    })
}

/// Has the items that wait for others verified as soon as a worker is free. Does not wait for them.
///
/// # Safety
/// `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_prevalidator_flush(
    prevalidator: sigwarp_prevalidator,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    door(error, || {
        PREVALIDATORS.get(prevalidator.id)?.inner.flush();
        Ok(())
    })
}

/// Writes what was counted so far.
///
/// # Safety
/// `stats` can be written; `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_prevalidator_get_stats(
    prevalidator: sigwarp_prevalidator,
    stats: *mut sigwarp_prevalidator_stats,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    door(error, || {
        // SAFETY: it can be written, and nothing is borrowed.
        let output = unsafe { Output::one("stats", stats) }?;
        let seen = PREVALIDATORS.get(prevalidator.id)?.inner.stats();
        let nanoseconds = |quantile| {
            let time = seen.latency.quantile(quantile).unwrap_or_default();
            u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
        };
        output.set(sigwarp_prevalidator_stats {
            pending: seen.pending as u64,
            pending_bytes: seen.pending_bytes as u64,
            accepted: seen.accepted,
            refused: seen.refused,
            valid: seen.valid,
            invalid: seen.invalid,
            cancelled: seen.cancelled,
            faults: seen.faults,
            duplicates: seen.duplicates,
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
    if output.is_none() && !pre.tells {
        let text = "ticket is null and the pre-validator has no on_outcomes; give one of them";
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

/// Submits an item, whose bytes are copied. A full queue is SIGWARP_ERROR_FULL; with a timeout in microseconds, 0 for
/// none, the call waits for room so long. `ticket` may be null where the pre-validator has a callback.
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
    door(error, || {
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
                        format!("item {item}: its key id is 0 and key_offsets is null; give one of them");
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
                let text = format!("{name} is null; give one offset more than there are items");
                return Err(Failure::new(SIGWARP_ERROR_NULL, text));
            }
        }
        if self.offsets[0].is_null() && self.key_ids.is_null() {
            let text = "key_offsets and key_ids are null; give one of them";
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
/// their number; with SIGWARP_ERROR_FULL the ticket is for those, and the rest may be submitted later. This is the door
/// of the least cost.
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
    door(error, || {
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

/// Submits what belongs together, one transaction's signatures: all items are taken, or none. Arguments are those of
/// sigwarp_submit_many.
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
    door(error, || {
        let offsets = [key_offsets, message_offsets, signature_offsets];
        let given = Given { items, arena: (arena, arena_length), key_ids, offsets, ids };
        let pre = PREVALIDATORS.get(prevalidator.id)?;
        // SAFETY: null or can be written, and nothing is borrowed yet.
        let output = unsafe { ticket_output(&pre, ticket, &given.ranges()) }?;
        let suite = SUITES.get(suite.id)?;
        let priority = self::priority(priority)?;
        // SAFETY: as long as the caller says, and unchanged during the call.
        let items = unsafe { given.borrow() }?.submissions(&suite, priority)?;
        let submitted = if timeout_us == 0 {
            pre.inner.submit_group(&items)
        } else {
            pre.inner.submit_group_timeout(&items, time(timeout_us))
        };
        give(output, Held::Many(submitted.map_err(|error| not_taken(&error))?))
    })
}

/// Writes the number of items of a ticket.
///
/// # Safety
/// `length` can be written; `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_ticket_length(
    ticket: sigwarp_ticket,
    length: *mut usize,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    door(error, || {
        // SAFETY: it can be written, and nothing is borrowed.
        let output = unsafe { Output::one("length", length) }?;
        output.set(TICKETS.get(ticket.id)?.len());
        Ok(())
    })
}

impl Held {
    fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(group) => group.len(),
        }
    }

    fn wait(&self, time: Duration) -> Option<Vec<sigwarp_outcome>> {
        let one = |found: Outcome| vec![outcome(&found)];
        let many = |found: Vec<Outcome>| found.iter().map(outcome).collect();
        // Cancelled items have their outcome before their micro-batch ends: look first, then wait.
        match self {
            Self::One(ticket) => match ticket.try_get() {
                None if !time.is_zero() => ticket.wait_timeout(time),
                found => found,
            }
            .map(one),
            Self::Many(group) => match group.try_get() {
                None if !time.is_zero() => group.wait_timeout(time),
                found => found,
            }
            .map(many),
        }
    }

    fn cancel(&self) -> usize {
        match self {
            Self::One(ticket) => usize::from(ticket.cancel()),
            Self::Many(group) => group.cancel(),
        }
    }
}

/// Waits for the outcomes of a ticket, at most so many microseconds, and writes them in the order of the items. 0 looks
/// and does not wait, SIGWARP_FOREVER waits until they are there. SIGWARP_ERROR_PENDING says that they are not.
///
/// # Safety
/// `capacity` outcomes can be written; `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_ticket_wait(
    ticket: sigwarp_ticket,
    timeout_us: u64,
    outcomes: *mut sigwarp_outcome,
    capacity: usize,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    door(error, || {
        let ticket = TICKETS.get(ticket.id)?;
        // SAFETY: so many outcomes can be written, and nothing is borrowed.
        let output = unsafe { Output::new("outcomes", outcomes, capacity, ticket.len(), &[]) }?;
        let Some(found) = ticket.wait(time(timeout_us)) else {
            return Err(Failure::new(SIGWARP_ERROR_PENDING, "not every item has its outcome; ask again"));
        };
        output.fill(found.into_iter());
        Ok(())
    })
}

/// Cancels the items of a ticket that no worker has yet; they are not verified, and their fault is
/// SIGWARP_ERROR_CANCELLED. `cancelled`, which may be null, gets their number. The others get their outcomes.
///
/// # Safety
/// `cancelled` and `error` are null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_ticket_cancel(
    ticket: sigwarp_ticket,
    cancelled: *mut usize,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    door(error, || {
        // SAFETY: null or can be written, and nothing is borrowed.
        let output = unsafe { Output::optional("cancelled", cancelled, 1, 1, &[]) }?;
        let count = TICKETS.get(ticket.id)?.cancel();
        if let Some(output) = output {
            output.set(count);
        }
        Ok(())
    })
}

/// Frees a ticket. Its items are verified all the same. Freeing 0 does nothing.
///
/// # Safety
/// `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_ticket_free(
    ticket: sigwarp_ticket,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    door(error, || TICKETS.free(ticket.id))
}
