//! Batches that items are pushed to one by one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sigwarp::{Batch, Key, KeyId, Message, Suite};

use crate::engine::{ENGINES, sigwarp_engine};
use crate::error::{Failure, SIGWARP_ERROR_ARGUMENT, call, sigwarp_code, sigwarp_error};
use crate::handles::Table;
use crate::memory::{self, Output};
use crate::status::sigwarp_status;
use crate::suite::{SUITES, sigwarp_suite};
use crate::verify;

static BATCHES: Table<Mutex<Batch>> = Table::new("batch", "sigwarp_batch_new", 3);

/// Items that are pushed one by one and copied, for callers that have no columns. Made by sigwarp_batch_new. Threads
/// may share one; their calls then wait for one another.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct sigwarp_batch {
    /// Private; 0 is no batch.
    pub id: u64,
}

fn lock(batch: &Mutex<Batch>) -> MutexGuard<'_, Batch> {
    batch.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An empty batch. To be freed with sigwarp_batch_free.
///
/// # Safety
/// `batch` can be written; `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_batch_new(
    batch: *mut sigwarp_batch,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        // SAFETY: it can be written, and nothing is borrowed.
        let output = unsafe { Output::one("batch", batch) }?;
        output.set(sigwarp_batch { id: BATCHES.insert(Arc::default())? });
        Ok(())
    })
}

/// Frees a batch. Freeing 0 does nothing.
///
/// # Safety
/// `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_batch_free(batch: sigwarp_batch, error: *mut sigwarp_error) -> sigwarp_code {
    call(error, || BATCHES.free(batch.id))
}

/// Adds an item; its bytes are copied. Wrong lengths of key and signature are statuses and not errors.
///
/// # Safety
/// `key`, `message` and `signature` have as many bytes as their lengths say, and nobody writes to them during the call;
/// `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_batch_push(
    batch: sigwarp_batch,
    suite: sigwarp_suite,
    key: *const u8,
    key_length: usize,
    message: *const u8,
    message_length: usize,
    signature: *const u8,
    signature_length: usize,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        let batch = BATCHES.get(batch.id)?;
        let suite = SUITES.get(suite.id)?;
        // SAFETY: as long as the caller says, and unchanged during the call.
        let (key, message, signature) = unsafe {
            (
                memory::array("key", key, key_length)?,
                memory::array("message", message, message_length)?,
                memory::array("signature", signature, signature_length)?,
            )
        };
        lock(&batch).push(&suite, Key::Bytes(key), as_message(&suite, message), signature);
        Ok(())
    })
}

/// As sigwarp_batch_push, for a key that is registered with the engine that will verify the batch.
///
/// # Safety
/// As sigwarp_batch_push.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_batch_push_id(
    batch: sigwarp_batch,
    suite: sigwarp_suite,
    key_id: u64,
    message: *const u8,
    message_length: usize,
    signature: *const u8,
    signature_length: usize,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        let batch = BATCHES.get(batch.id)?;
        let suite = SUITES.get(suite.id)?;
        let Some(id) = KeyId::from_number(key_id) else {
            let text = "key_id is 0, which is not the id of a key; register the key, or push its bytes";
            return Err(Failure::new(SIGWARP_ERROR_ARGUMENT, text));
        };
        // SAFETY: as long as the caller says, and unchanged during the call.
        let (message, signature) = unsafe {
            (
                memory::array("message", message, message_length)?,
                memory::array("signature", signature, signature_length)?,
            )
        };
        lock(&batch).push(&suite, Key::Id(id), as_message(&suite, message), signature);
        Ok(())
    })
}

/// The number of items of a batch.
///
/// # Safety
/// `length` can be written; `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_batch_length(
    batch: sigwarp_batch,
    length: *mut usize,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        // SAFETY: it can be written, and nothing is borrowed.
        let output = unsafe { Output::one("length", length) }?;
        output.set(lock(&*BATCHES.get(batch.id)?).len());
        Ok(())
    })
}

/// Removes all items and keeps the memory for the next ones.
///
/// # Safety
/// `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_batch_clear(
    batch: sigwarp_batch,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        lock(&*BATCHES.get(batch.id)?).clear();
        Ok(())
    })
}

/// Verifies the items of a batch and writes a status for each, in the order in which they were pushed. The batch stays
/// as it is.
///
/// # Safety
/// `capacity` statuses can be written; `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_batch_verify(
    engine: sigwarp_engine,
    batch: sigwarp_batch,
    statuses: *mut sigwarp_status,
    capacity: usize,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        // The number of items is not known before the batch is: all that may be written is zeroed.
        // SAFETY: so many statuses can be written, and nothing is borrowed.
        unsafe { Output::new("statuses", statuses, capacity, capacity, &[]) }?;
        let engine = ENGINES.get(engine.id)?;
        let batch = BATCHES.get(batch.id)?;
        let batch = lock(&batch);
        // SAFETY: as above.
        let statuses = unsafe { Output::new("statuses", statuses, capacity, batch.len(), &[]) }?;
        verify::write(&statuses, batch.len(), &engine.verify(&batch)?)
    })
}

/// What the suite takes: the caller's bytes as message or digest.
fn as_message<'a>(suite: &Suite, bytes: &'a [u8]) -> Message<'a> {
    Message::of(suite.scheme().input(), bytes)
}
