//! A device that `auto` opens when work is large enough.
//!
//! Loading the drivers takes a tenth of a second, and a device with its pipelines, its known answers and its measurement
//! up to seconds: more than most commands take. So the device is looked for when an engine was asked for about as much
//! work as a processor does in that time, in calls of which a device could make something.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::selftest;
use crate::backend::Device;
use crate::hash::Hash;
use crate::suite::Suite;

/// Items of all calls so far from which on the device is looked for.
const ENOUGH: usize = 1 << 18;
/// The fewest items of a call that counts: a device gains nothing from smaller ones.
const FEWEST: usize = 1 << 10;
/// The bytes of messages that are as much work as an item.
const BYTES: usize = 1 << 12;

/// A device in use, and what the reason says of it.
type Found = (Box<dyn Device>, String);

type Start = Box<dyn Fn() -> Result<Box<dyn Device>, String> + Send + Sync>;

/// A device, or the lack of one, that is found out once.
pub(crate) struct LazyDevice {
    start: Start,
    supports: fn(&Suite) -> bool,
    supports_hash: fn(Hash) -> bool,
    /// Items so far, of calls that count.
    seen: AtomicUsize,
    /// Whether a call opens it, or did.
    begun: AtomicBool,
    /// Once it was looked for and measured: the device with what the reason says of it, or why there is none.
    found: OnceLock<Result<Found, String>>,
}

impl LazyDevice {
    /// A device that `start` opens or says why there is none. The suites and functions are those that it would take.
    #[cfg_attr(not(any(test, feature = "gpu")), allow(dead_code, reason = "no device is in this build"))]
    pub(crate) fn new(
        start: impl Fn() -> Result<Box<dyn Device>, String> + Send + Sync + 'static,
        supports: fn(&Suite) -> bool,
        supports_hash: fn(Hash) -> bool,
    ) -> Self {
        let (seen, begun) = (AtomicUsize::new(0), AtomicBool::new(false));
        Self { start: Box::new(start), supports, supports_hash, seen, begun, found: OnceLock::new() }
    }

    pub(super) fn supports(&self, suite: &Suite) -> bool {
        (self.supports)(suite)
    }

    pub(super) fn supports_hash(&self, hash: Hash) -> bool {
        (self.supports_hash)(hash)
    }

    /// The device, once calls may use it.
    pub(super) fn device(&self) -> Option<&dyn Device> {
        self.found.get()?.as_ref().ok().map(|(device, _)| device.as_ref())
    }

    /// What the reason says of it, or why there is none, once that is known.
    pub(super) fn says(&self) -> Option<Result<&str, &str>> {
        Some(self.found.get()?.as_ref().map(|(_, says)| says.as_str()).map_err(String::as_str))
    }

    /// Counts a call that the device would take. True once they are enough.
    pub(super) fn is_due(&self, items: usize) -> bool {
        items >= FEWEST && self.seen.fetch_add(items, Ordering::Relaxed).saturating_add(items) >= ENOUGH
    }

    /// The same for bytes of messages.
    pub(super) fn is_due_for_bytes(&self, bytes: usize) -> bool {
        self.is_due(bytes / BYTES)
    }

    pub(super) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    /// True for the one call that shall open it.
    pub(super) fn begin(&self) -> bool {
        !self.begun.swap(true, Ordering::Relaxed)
    }

    /// Opens the device, which gives its known answers, or says why there is none. For the call that has begun it.
    pub(super) fn open(&self) -> Result<Box<dyn Device>, String> {
        let device = (self.start)()?;
        selftest::run_device(device.as_ref()).map_err(|failure| failure.to_string())?;
        Ok(device)
    }

    /// From here on calls use the device, or say why there is none.
    pub(super) fn publish(&self, found: Result<Found, String>) {
        let _ = self.found.set(found);
    }

    /// What a reason says before the device is looked for.
    pub(super) fn not_yet() -> String {
        format!("; no gpu is looked for below {} items", super::break_even::thousands(ENOUGH))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none() -> LazyDevice {
        LazyDevice::new(|| Err("there is none".into()), |_| true, |_| true)
    }

    #[test]
    fn many_items_in_calls_of_some_size_are_enough() {
        let lazy = none();
        assert!(!lazy.is_due(ENOUGH - 1) && lazy.is_due(FEWEST));
        let lazy = none();
        for _ in 0..2 * ENOUGH / FEWEST {
            assert!(!lazy.is_due(FEWEST - 1), "small calls do not add up");
        }
        assert!(!lazy.is_due_for_bytes((ENOUGH - 1) * BYTES) && lazy.is_due_for_bytes(FEWEST * BYTES));
        assert!(none().is_due(usize::MAX) && lazy.device().is_none());
    }

    #[test]
    fn one_call_opens_it() {
        let lazy = none();
        assert!(!lazy.has_begun() && lazy.begin() && !lazy.begin() && lazy.has_begun());
        assert_eq!(lazy.open().err().as_deref(), Some("there is none"));
        assert!(lazy.device().is_none());
    }
}
