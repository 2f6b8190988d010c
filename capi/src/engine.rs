//! Engines.

use std::ffi::c_char;
use std::num::NonZeroUsize;
use std::sync::Arc;

use sigwarp::{BackendChoice, BackendKind, Engine};

use crate::error::{Failure, SIGWARP_ERROR_UNAVAILABLE, call, sigwarp_code, sigwarp_error};
use crate::handles::Table;
use crate::memory::{self, Output};

pub(crate) static ENGINES: Table<Engine> = Table::new("engine", "sigwarp_engine_new", 1);

/// An engine. Made by sigwarp_engine_new; any number of threads may use one at the same time.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct sigwarp_engine {
    /// Private; 0 is no engine.
    pub id: u64,
}

/// How an engine is set up. Zero the structure, set `size`, then set what differs.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct sigwarp_options {
    /// sizeof(sigwarp_options).
    pub size: u32,
    /// Threads that a call may use, at most 4,096; 0 for as many as the process may use. With 1 everything runs on the
    /// calling thread. No more are started than can help: four for each core, or 64 where that is more.
    /// sigwarp_engine_explain says how many there are.
    pub threads: u32,
    /// The backend: "avx512", "avx2", "portable"; null or "auto" for the fastest of the CPU that runs here, or what the
    /// environment variable SIGWARP_BACKEND names. A library built with the backend "gpu" uses it where it is named, and
    /// "auto" never takes it.
    pub backend: *const c_char,
    /// Bytes that the key ring may take for keys and tables, any number; 0 for 256 MiB.
    pub key_budget: u64,
    /// 1 to keep keys that come often in valid signatures as if they were registered; else 0.
    pub admit_keys: u8,
    /// 1 to run the whole self-test before sigwarp_engine_new returns, which takes a fraction of a second; 0 to run what a
    /// result depends on before the first result of its kind: some milliseconds for each scheme and hash function.
    pub self_test: u8,
    /// Zero.
    pub reserved: [u8; 6],
}

/// What the key ring of an engine holds.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct sigwarp_key_stats {
    /// Registered keys.
    pub registered: u64,
    /// Keys admitted from traffic.
    pub admitted: u64,
    /// Keys with a full table.
    pub full: u64,
    /// Keys with a compact table.
    pub compact: u64,
    /// Keys without a table.
    pub decoded: u64,
    /// Bytes of all keys and tables.
    pub bytes: u64,
    /// Bytes that it may take.
    pub budget: u64,
    /// Items whose key was found.
    pub found: u64,
    /// Admitted keys that were evicted to make room.
    pub evicted: u64,
}

/// More threads than any machine has; a larger number is a mistake.
const MAX_THREADS: u32 = 4096;

/// Chooses a backend and starts the threads. `options` may be null. Make one engine and share it. To be freed with
/// sigwarp_engine_free.
///
/// A backend gives the known answers of a scheme or a hash function before its first result of that kind, or all of
/// them here if `options.self_test` is 1. One that gives a wrong answer is no longer used: "auto" takes the next, and
/// sigwarp_engine_explain says so; where no backend is left, the call that needed the answer ends with
/// SIGWARP_ERROR_UNAVAILABLE, and nothing is known about its items.
///
/// # Safety
/// `options` is null or points to such a structure, whose `backend` is null or zero-terminated; `engine` and `error`
/// can be written (`error` may be null).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_engine_new(
    options: *const sigwarp_options,
    engine: *mut sigwarp_engine,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        // SAFETY: the caller gives a handle that can be written, and nothing is borrowed yet.
        let output = unsafe { Output::one("engine", engine) }?;
        let mut builder = Engine::builder();
        let mut test_all = false;
        if !options.is_null() {
            // SAFETY: the size comes first in every version of the structure.
            let size = *unsafe { memory::one("options", options.cast::<u32>()) }?;
            if size as usize != size_of::<sigwarp_options>() {
                let known = size_of::<sigwarp_options>();
                return Err(Failure::argument(format!(
                    "options.size is {size}, this library knows {known}; set it to sizeof(sigwarp_options) and build \
                     against the library's own header"
                )));
            }
            // SAFETY: as large as it says, readable and unchanged during the call.
            let options = unsafe { memory::one("options", options) }?;
            // SAFETY: null or terminated.
            let backend = unsafe { memory::text("options.backend", options.backend) }?.unwrap_or("auto");
            if backend != "auto" && !backend.is_empty() {
                let kind = BackendKind::from_name(backend).ok_or_else(|| {
                    let known: Vec<_> = BackendKind::ALL.iter().map(|kind| kind.name()).collect();
                    let text = format!(
                        "options.backend {backend:?} is not a backend; known are auto, {}",
                        known.join(", ")
                    );
                    Failure::new(SIGWARP_ERROR_UNAVAILABLE, text)
                })?;
                builder = builder.backend(BackendChoice::Forced(kind));
            }
            if options.threads > MAX_THREADS {
                let threads = options.threads;
                return Err(Failure::argument(format!(
                    "options.threads is {threads}; at most {MAX_THREADS}, or 0 for all that the process may use"
                )));
            }
            if let Some(threads) = NonZeroUsize::new(options.threads as usize) {
                builder = builder.threads(threads);
            }
            if options.key_budget != 0 {
                builder = builder.key_budget(usize::try_from(options.key_budget).unwrap_or(usize::MAX));
            }
            if options.admit_keys > 1 || options.self_test > 1 || options.reserved != [0; 6] {
                return Err(Failure::argument(
                    "options.admit_keys and options.self_test are 0 or 1 and what is reserved is 0; zero the structure \
                     before setting fields",
                ));
            }
            builder = builder.admit_keys(options.admit_keys == 1);
            test_all = options.self_test == 1;
        }
        let made = builder.build()?;
        if test_all {
            made.self_test()?;
        }
        let id = ENGINES.insert(Arc::new(made))?;
        output.set(sigwarp_engine { id });
        Ok(())
    })
}

/// Frees an engine. Calls of other threads that run on it end first; pre-validators keep theirs. Freeing 0 does
/// nothing.
///
/// # Safety
/// `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_engine_free(
    engine: sigwarp_engine,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || ENGINES.free(engine.id))
}

/// The engine of a handle, for Rust code beside C: two engines may have measured their paths differently, so that a
/// comparison of the two ways needs one engine.
#[doc(hidden)]
pub fn engine_of(engine: sigwarp_engine) -> Option<Arc<Engine>> {
    ENGINES.get(engine.id).ok()
}

/// Writes which backends an engine uses, on how many threads, and why, as one line of text. `needed`, which may be
/// null, gets the bytes that the text takes with its terminating zero; with a `capacity` of 0 nothing else is written.
///
/// # Safety
/// `capacity` bytes can be written to `text`; `needed` and `error` are null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_engine_explain(
    engine: sigwarp_engine,
    text: *mut c_char,
    capacity: usize,
    needed: *mut usize,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        let engine = ENGINES.get(engine.id)?;
        let backends: Vec<_> = engine.backends().into_iter().map(BackendKind::name).collect();
        let threads = engine.threads();
        let plural = if threads == 1 { "" } else { "s" };
        let line = format!("{}: {threads} thread{plural}, {}", backends.join(", "), engine.why());
        // SAFETY: passed on.
        unsafe { memory::write_text(&line, text, capacity, needed) }
    })
}

/// Writes what the key ring of an engine holds.
///
/// # Safety
/// `stats` can be written; `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_engine_key_stats(
    engine: sigwarp_engine,
    stats: *mut sigwarp_key_stats,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        // SAFETY: the caller gives a structure that can be written, and nothing is borrowed.
        let output = unsafe { Output::one("stats", stats) }?;
        let held = ENGINES.get(engine.id)?.key_stats();
        let stats = sigwarp_key_stats {
            registered: held.registered as u64,
            admitted: held.admitted as u64,
            full: held.full as u64,
            compact: held.compact as u64,
            decoded: held.decoded as u64,
            bytes: held.bytes as u64,
            budget: held.budget as u64,
            found: held.found,
            evicted: held.evicted,
        };
        output.set(stats);
        Ok(())
    })
}
