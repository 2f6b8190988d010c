//! Backends: who computes verdicts. A backend is told what to do and never chooses itself.

pub(crate) mod cpu;
#[cfg(feature = "gpu")]
pub(crate) mod gpu;
// These two decide without a device, and so are built for every test.
#[cfg(any(test, feature = "gpu"))]
pub(crate) mod nodes;
#[cfg(any(test, feature = "gpu"))]
#[path = "gpu/cache.rs"]
mod pipeline_cache;
mod random;
mod report;
mod sample;
mod threads;

pub(crate) use crate::backend_kind::BackendKind;
use std::time::Duration;

use crate::batch::{BatchView, Column};
pub(crate) use crate::error::BackendFailure;
use crate::hash::Hash;
use crate::keyring::{KeyScheme, TableStore};
use crate::plan::Plan;
pub(crate) use crate::plan::Shape;
pub(crate) use crate::schemes::ecdsa::{Recovered, Recovery};
use crate::suite::Suite;
use crate::verdict::Slots;
pub(crate) use random::Random;
pub use report::{DeviceReport, PipelineReport};
pub(crate) use sample::signed_ed25519;
pub use threads::Threads;
pub(crate) use threads::{Workers, alone};

/// One way to compute verdicts and digests.
pub(crate) trait Backend: Send + Sync {
    fn kind(&self) -> BackendKind;

    fn shape(&self) -> Shape;

    /// Whether the suite is implemented exactly. An unsupported one is refused by the caller, never approximated.
    fn supports(&self, suite: &Suite) -> bool;

    /// Whether the hash function is implemented. As [`Self::supports`].
    fn supports_hash(&self, _: Hash) -> bool {
        true
    }

    /// Called when known answers were given: what it has learnt from them says nothing about what follows.
    fn tested(&self) {}

    /// Sets the slot of every item of `plan`. An error says nothing about any item: all slots are discarded.
    fn verify(&self, batch: &BatchView<'_>, plan: &Plan, slots: &Slots) -> Result<(), BackendFailure>;

    /// Writes the digest of each message, one after another. `digests` has room for exactly as many; after an error
    /// its bytes mean nothing.
    fn hash(&self, hash: Hash, messages: &Column<'_>, digests: &mut [u8]) -> Result<(), BackendFailure>;
}

/// A backend on the CPU. It takes messages of any length, and judges what a device says.
pub(crate) trait Cpu: Backend {
    /// Where it keeps tables of registered keys of a scheme, if it does.
    fn table_store(&self, scheme: KeyScheme) -> Option<&dyn TableStore>;

    /// Sets every place of `keys`, which has one for each row; after an error they mean nothing.
    fn recover(&self, rows: &Recovery<'_>, keys: &mut [Option<Recovered>]) -> Result<(), BackendFailure>;
}

/// A backend on a device. What it says is checked by a backend on the CPU before it counts: see `dispatch`.
pub(crate) trait Device: Backend {
    /// What it is.
    fn report(&self) -> &DeviceReport;

    /// The bytes of the longest message that it takes; the caller gives longer ones to another backend.
    fn longest_message(&self) -> usize;

    /// What kernels took so far, and in how many dispatches.
    fn kernel_time(&self) -> (Duration, u64);
}
