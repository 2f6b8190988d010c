//! What the queue and the pending verdicts synchronise with. `scripts/loom.d` builds `queue.rs` and `pending.rs` over
//! the twins of these names, which try every order of events.

pub(super) use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
pub(super) use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::sync::{PoisonError, WaitTimeoutResult};
pub(super) use std::time::Instant;

/// Locks. A panic cannot leave these states half changed: what panics (the engine, a waker, the caller's sink) runs
/// outside of every lock, so a poisoned one is taken as it is.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for a notification, at most until `until`. May return early.
pub(super) fn wait<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    until: Option<Instant>,
) -> MutexGuard<'a, T> {
    let Some(until) = until else {
        return condvar.wait(guard).unwrap_or_else(PoisonError::into_inner);
    };
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return guard;
    }
    let waited: (MutexGuard<'a, T>, WaitTimeoutResult) =
        condvar.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner);
    waited.0
}
