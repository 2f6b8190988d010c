//! The pre-validator: items from many threads, verified in micro-batches. Its life from start to end; `submit` has the
//! calls for items, `tickets` those for their outcomes.

use std::cell::RefCell;
use std::ffi::c_void;
use std::num::NonZeroUsize;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sigwarp::Prevalidator;
use sigwarp::prevalidator::{CollectorConfig, Config, Outcome};

use crate::engine::{ENGINES, sigwarp_engine};
use crate::error::{Failure, call, sigwarp_code, sigwarp_error};
use crate::handles::Table;
use crate::memory::{self, Output};
use crate::tickets::{outcome, sigwarp_outcome};

pub(crate) static PREVALIDATORS: Table<Pre> = Table::new("pre-validator", "sigwarp_prevalidator_start", 4);

/// What a pre-validator handle names.
pub(crate) struct Pre {
    pub(crate) inner: Prevalidator,
    /// Where outcomes go besides tickets.
    callback: Option<Arc<Callback>>,
}

impl Pre {
    /// Whether outcomes reach a callback.
    pub(crate) fn tells(&self) -> bool {
        self.callback.is_some()
    }

    /// To be held by a submission: the duplicate cache answers on its thread.
    pub(crate) fn submitting(&self) -> Option<Submitting<'_>> {
        self.callback.as_deref().map(Submitting::new)
    }

    /// Closes; after that nothing calls back, unless the callback itself is where this is called from.
    fn close(&self) {
        self.inner.close();
        match &self.callback {
            Some(callback) if !callback.is_running_here() => callback.wait_for_submissions(),
            _ => {}
        }
    }
}

/// A queue in front of an engine. Made by sigwarp_prevalidator_start.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct sigwarp_prevalidator {
    /// Private; 0 is no pre-validator.
    pub id: u64,
}

/// Receives outcomes on a thread of the pre-validator, which waits for it; items that the duplicate cache knows are
/// reported on the submitting thread, before the submission returns. May submit without a timeout. Must not throw.
pub type sigwarp_on_outcomes =
    Option<unsafe extern "C" fn(context: *mut c_void, outcomes: *const sigwarp_outcome, count: usize)>;

/// How a pre-validator is set up. Zero the structure, set `size`, then set what differs; 0 is the default.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct sigwarp_prevalidator_options {
    /// sizeof(sigwarp_prevalidator_options).
    pub size: u32,
    /// Threads that hand batches to the engine, at most 1,024; 0 for 1. With an engine on one thread ask for one for
    /// each core, else for 2.
    pub workers: u32,
    /// The most items that are accepted and have no outcome, at most 1,073,741,824; 0 for 32,768.
    pub capacity: u64,
    /// The most bytes of their keys, messages and signatures, at most INT64_MAX; 0 for 64 MiB.
    pub capacity_bytes: u64,
    /// The most items of a micro-batch, at most 1,048,576 and `capacity`; 0 for 2,048, or `capacity` where that is less.
    /// One also ends at 65,536 items or at 4 MiB.
    pub max_batch: u64,
    /// How long an item waits for others, in microseconds, while a worker is free; 0 for 1,000, UINT64_MAX for not at
    /// all.
    pub max_delay_us: u64,
    /// Bytes of the duplicate cache, at least 16,960; 0 for none. The memory is asked for at the start, and most systems
    /// give it as items fill it.
    pub duplicate_cache_bytes: u64,
    /// Called with the outcomes of each micro-batch; may be null.
    pub on_outcomes: sigwarp_on_outcomes,
    /// Passed to `on_outcomes`.
    pub context: *mut c_void,
}

/// The numbers that the options of every pre-validator have.
pub(crate) struct Numbers {
    pub(crate) workers: u32,
    pub(crate) capacity: u64,
    pub(crate) capacity_bytes: u64,
    pub(crate) max_batch: u64,
    pub(crate) max_delay_us: u64,
}

fn or(given: u64, default: usize) -> usize {
    match given {
        0 => default,
        given => usize::try_from(given).unwrap_or(usize::MAX),
    }
}

impl Numbers {
    /// What they mean; 0 is the default.
    pub(crate) fn limits(&self) -> CollectorConfig {
        let default = CollectorConfig::default();
        let capacity = or(self.capacity, default.capacity);
        CollectorConfig {
            capacity,
            capacity_bytes: or(self.capacity_bytes, default.capacity_bytes),
            max_batch: or(self.max_batch, default.max_batch.min(capacity)),
            max_delay: match self.max_delay_us {
                0 => default.max_delay,
                u64::MAX => Duration::ZERO,
                microseconds => Duration::from_micros(microseconds),
            },
            workers: NonZeroUsize::new(self.workers as usize).unwrap_or(default.workers),
        }
    }
}

/// The caller's options, or `None` for a null pointer; an error where they are of another size than this library knows.
///
/// # Safety
/// `options` is null or points to a structure that begins with its own size, a `u32`; nobody writes to it during the call.
pub(crate) unsafe fn sized<T: Copy>(options: *const T, name: &str) -> Result<Option<T>, Failure> {
    if options.is_null() {
        return Ok(None);
    }
    // SAFETY: the size comes first in every version of the structure.
    let size = *unsafe { memory::one("options", options.cast::<u32>()) }?;
    let known = size_of::<T>();
    if size as usize != known {
        return Err(Failure::argument(format!(
            "options.size is {size}, this library knows {known}; set it to sizeof({name}) and build against the \
             library's own header"
        )));
    }
    // SAFETY: as large as it says, readable and unchanged during the call.
    Ok(Some(*unsafe { memory::one("options", options) }?))
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

/// The caller's callback, and who may be calling it. Workers end before a pre-validator is closed; submissions, which
/// call it with what the duplicate cache knows, are counted and waited for.
struct Callback {
    tell: unsafe extern "C" fn(context: *mut c_void, outcomes: *const sigwarp_outcome, count: usize),
    context: Context,
    submissions: Mutex<usize>,
    ended: Condvar,
}

thread_local! {
    /// The callbacks that run on this thread, the innermost last; they may submit to other pre-validators.
    static RUNNING: RefCell<Vec<*const Callback>> = const { RefCell::new(Vec::new()) };
}

impl Callback {
    fn tell(&self, outcomes: &[Outcome]) {
        let outcomes: Vec<sigwarp_outcome> = outcomes.iter().map(outcome).collect();
        RUNNING.with_borrow_mut(|running| running.push(self));
        // SAFETY: the caller of sigwarp_prevalidator_start allows it; the outcomes live until it returns.
        unsafe { (self.tell)(self.context.get(), outcomes.as_ptr(), outcomes.len()) };
        RUNNING.with_borrow_mut(Vec::pop);
    }

    fn is_running_here(&self) -> bool {
        RUNNING.with_borrow(|running| running.iter().any(|&callback| std::ptr::eq(callback, self)))
    }

    fn submissions(&self) -> MutexGuard<'_, usize> {
        self.submissions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for_submissions(&self) {
        let left = self.ended.wait_while(self.submissions(), |left| *left > 0);
        drop(left.unwrap_or_else(PoisonError::into_inner));
    }
}

/// A submission that runs.
pub(crate) struct Submitting<'c>(&'c Callback);

impl<'c> Submitting<'c> {
    fn new(callback: &'c Callback) -> Self {
        *callback.submissions() += 1;
        Self(callback)
    }
}

impl Drop for Submitting<'_> {
    fn drop(&mut self) {
        let mut left = self.0.submissions();
        *left -= 1;
        if *left == 0 {
            self.0.ended.notify_all();
        }
    }
}

/// Starts the workers of a pre-validator on an engine. Others may use the engine meanwhile, and may free its handle.
/// `options` may be null. To be freed with sigwarp_prevalidator_free.
///
/// # Safety
/// `options` is null or points to such a structure; `on_outcomes` may be called with `context` from any thread until
/// sigwarp_prevalidator_free or sigwarp_prevalidator_close, called from elsewhere, has returned. `prevalidator` can be
/// written; `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_prevalidator_start(
    engine: sigwarp_engine,
    options: *const sigwarp_prevalidator_options,
    prevalidator: *mut sigwarp_prevalidator,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        // SAFETY: the caller gives a handle that can be written, and nothing is borrowed yet.
        let output = unsafe { Output::one("prevalidator", prevalidator) }?;
        let engine = ENGINES.get(engine.id)?;
        let mut config = Config::default();
        let mut callback = None;
        // SAFETY: null or such a structure, readable and unchanged during the call.
        if let Some(options) = unsafe { sized(options, "sigwarp_prevalidator_options") }? {
            let limits = Numbers {
                workers: options.workers,
                capacity: options.capacity,
                capacity_bytes: options.capacity_bytes,
                max_batch: options.max_batch,
                max_delay_us: options.max_delay_us,
            };
            let limits = limits.limits();
            config.capacity = limits.capacity;
            config.capacity_bytes = limits.capacity_bytes;
            config.max_batch = limits.max_batch;
            config.max_delay = limits.max_delay;
            config.workers = limits.workers;
            config.duplicate_cache_bytes = or(options.duplicate_cache_bytes, 0);
            if let Some(tell) = options.on_outcomes {
                let context = Context(options.context);
                let kept = Arc::new(Callback {
                    tell,
                    context,
                    submissions: Mutex::default(),
                    ended: Condvar::new(),
                });
                callback = Some(Arc::clone(&kept));
                config.on_outcomes = Some(Arc::new(move |outcomes: &[Outcome]| kept.tell(outcomes)));
            }
        }
        let inner =
            Prevalidator::start(engine, config).map_err(|error| Failure::argument(error.to_string()))?;
        let id = PREVALIDATORS.insert(Arc::new(Pre { inner, callback }))?;
        output.set(sigwarp_prevalidator { id });
        Ok(())
    })
}

/// Refuses items from now on, verifies what was accepted, and returns when all of it has its outcome and the workers
/// have ended. Called from `on_outcomes`, on one of its own threads, it does not wait.
///
/// # Safety
/// `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_prevalidator_close(
    prevalidator: sigwarp_prevalidator,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        PREVALIDATORS.get(prevalidator.id)?.close();
        Ok(())
    })
}

/// Closes a pre-validator and frees it. Its tickets remain. Freeing 0 does nothing. Called from its own `on_outcomes`,
/// which would be called again afterwards, it is SIGWARP_ERROR_ARGUMENT and does nothing.
///
/// # Safety
/// `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_prevalidator_free(
    prevalidator: sigwarp_prevalidator,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        if prevalidator.id == 0 {
            return Ok(());
        }
        let pre = PREVALIDATORS.get(prevalidator.id)?;
        if pre.callback.as_ref().is_some_and(|callback| callback.is_running_here()) {
            return Err(Failure::argument(
                "a pre-validator cannot be freed by its own on_outcomes; close it there, and free it afterwards",
            ));
        }
        PREVALIDATORS.remove(prevalidator.id)?.close();
        Ok(())
    })
}

/// Sends pending items to the next free worker. Does not wait for them.
///
/// # Safety
/// `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_prevalidator_flush(
    prevalidator: sigwarp_prevalidator,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
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
    call(error, || {
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
