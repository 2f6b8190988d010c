//! The twin of `prevalidator/sync.rs`. Time stands still here: no age cuts a batch, and no wait ends by itself, so a
//! wake-up that is lost is a deadlock, which loom reports.

use std::time::Duration;

pub(super) use loom::sync::atomic::{AtomicBool, AtomicU8, Ordering};
pub(super) use loom::sync::{Arc, Condvar, Mutex, MutexGuard};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Instant;

impl Instant {
    pub(super) fn now() -> Self {
        Self
    }

    pub(super) fn saturating_duration_since(self, _: Self) -> Duration {
        Duration::ZERO
    }

    pub(super) fn checked_add(self, _: Duration) -> Option<Self> {
        None
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no lock is poisoned here")
}

pub(super) fn wait<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    until: Option<Instant>,
) -> MutexGuard<'a, T> {
    assert!(until.is_none(), "time stands still");
    condvar.wait(guard).expect("no lock is poisoned here")
}
