//! A device that `auto` opens when work is large enough.
//!
//! Loading the drivers takes a tenth of a second, and a device with its pipelines, its known answers and its measurement
//! up to seconds: more than most commands take. So the device is looked for when an engine was asked for about as much
//! work as a processor does in that time, in calls of which a device could make something.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::member::Member;
use super::selftest;
use crate::backend::Backend;
use crate::hash::Hash;
use crate::suite::Suite;

/// What an engine that chooses by itself may do about a device.
pub(crate) enum Candidate {
    /// The caller asked for none: every verdict is the CPU's.
    NotAsked,
    /// The caller did, and this is why none is looked for.
    #[cfg_attr(not(any(test, feature = "gpu")), allow(dead_code, reason = "no device is in this build"))]
    Absent(String),
    /// It is opened once there is enough work.
    #[cfg_attr(not(any(test, feature = "gpu")), allow(dead_code, reason = "no device is in this build"))]
    Late(Box<Late>),
}

impl Candidate {
    /// What a device accepts rests on how much of it is judged again, which is a matter of chance unless all of it is. So
    /// one is used for a caller who asked for it and for nobody else, and looked for only where `no_device` finds no
    /// reason against it.
    #[cfg_attr(not(any(test, feature = "gpu")), allow(dead_code, reason = "no device is in this build"))]
    pub(crate) fn new(
        asked: bool,
        no_device: impl FnOnce() -> Option<String>,
        late: impl FnOnce() -> Late,
    ) -> Self {
        if !asked {
            return Self::NotAsked;
        }
        no_device().map_or_else(|| Self::Late(Box::new(late())), Self::Absent)
    }
}

/// Items of all calls so far from which on the device is looked for.
const ENOUGH: usize = 1 << 18;
/// The fewest items of a call that counts: a device gains nothing from smaller ones.
const FEWEST: usize = 1 << 10;
/// The bytes of messages that are as much work as an item.
const BYTES: usize = 1 << 12;

type Start = Box<dyn Fn() -> Result<Box<dyn Backend>, String> + Send + Sync>;

/// A device, or the lack of one, that is found out once.
pub(crate) struct Late {
    start: Start,
    supports: fn(&Suite) -> bool,
    supports_hash: fn(Hash) -> bool,
    /// Items so far, of calls that count.
    seen: AtomicUsize,
    /// Whether a call opens it, or did.
    begun: AtomicBool,
    opened: OnceLock<Result<Member, String>>,
}

impl Late {
    /// A device that `start` opens or says why there is none. The suites and functions are those that it would take.
    #[cfg_attr(not(any(test, feature = "gpu")), allow(dead_code, reason = "no device is in this build"))]
    pub(crate) fn new(
        start: impl Fn() -> Result<Box<dyn Backend>, String> + Send + Sync + 'static,
        supports: fn(&Suite) -> bool,
        supports_hash: fn(Hash) -> bool,
    ) -> Self {
        let (seen, begun) = (AtomicUsize::new(0), AtomicBool::new(false));
        Self { start: Box::new(start), supports, supports_hash, seen, begun, opened: OnceLock::new() }
    }

    pub(super) fn supports(&self, suite: &Suite) -> bool {
        (self.supports)(suite)
    }

    pub(super) fn supports_hash(&self, hash: Hash) -> bool {
        (self.supports_hash)(hash)
    }

    /// The device, once it was opened and gave its known answers.
    pub(super) fn device(&self) -> Option<&Member> {
        self.opened.get()?.as_ref().ok()
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

    /// Opens the device, or says why there is none.
    pub(super) fn open(&self) -> Result<&Member, &str> {
        let opened = self.opened.get_or_init(|| {
            let device = (self.start)()?;
            selftest::run_all(device.as_ref()).map_err(|failure| failure.to_string())?;
            Ok(Member::tested(device))
        });
        opened.as_ref().map_err(String::as_str)
    }

    /// What a reason says before the device is looked for.
    pub(super) fn not_yet() -> String {
        format!("; no gpu is looked for below {} items", super::even::thousands(ENOUGH))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none() -> Late {
        Late::new(|| Err("there is none".into()), |_| true, |_| true)
    }

    #[test]
    fn many_items_in_calls_of_some_size_are_enough() {
        let late = none();
        assert!(!late.is_due(ENOUGH - 1) && late.is_due(FEWEST));
        let late = none();
        for _ in 0..2 * ENOUGH / FEWEST {
            assert!(!late.is_due(FEWEST - 1), "small calls do not add up");
        }
        assert!(!late.is_due_for_bytes((ENOUGH - 1) * BYTES) && late.is_due_for_bytes(FEWEST * BYTES));
        assert!(none().is_due(usize::MAX) && late.device().is_none());
    }

    #[test]
    fn a_device_is_a_candidate_for_those_who_ask_alone() {
        let no_reason = || None;
        assert!(matches!(Candidate::new(false, no_reason, none), Candidate::NotAsked));
        assert!(matches!(Candidate::new(true, no_reason, none), Candidate::Late(_)));
        let absent = Candidate::new(true, || Some("no node".into()), || unreachable!("there is none"));
        assert!(matches!(absent, Candidate::Absent(why) if why == "no node"));
    }

    #[test]
    fn one_call_opens_it() {
        let late = none();
        assert!(!late.has_begun() && late.begin() && !late.begin() && late.has_begun());
        assert_eq!(late.open().err(), Some("there is none"));
        assert!(late.device().is_none());
    }
}
