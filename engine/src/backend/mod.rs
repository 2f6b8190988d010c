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

/// One way to compute verdicts.
pub(crate) trait Backend: Send + Sync {
    fn kind(&self) -> BackendKind;

    fn shape(&self) -> Shape;

    /// Whether the suite is implemented exactly. An unsupported one is refused by the caller, never approximated.
    fn supports(&self, suite: &Suite) -> bool;

    /// The device, for a backend that is one. What a device says is checked before it counts: see `dispatch`.
    fn device(&self) -> Option<&DeviceReport> {
        None
    }

    /// Called when known answers were given: what it has learnt from them says nothing about what follows.
    fn tested(&self) {}

    /// What kernels took so far on a device, and in how many dispatches.
    fn kernel_time(&self) -> Option<(std::time::Duration, u64)> {
        None
    }

    /// The bytes of the longest message that it takes; the caller gives longer ones to another backend.
    fn longest_message(&self) -> usize {
        usize::MAX
    }

    /// Whether the hash function is implemented. As [`Self::supports`].
    fn supports_hash(&self, _: Hash) -> bool {
        true
    }

    /// Where it keeps tables of known keys of a scheme, if it does.
    fn table_store(&self, _: KeyScheme) -> Option<&dyn TableStore> {
        None
    }

    /// Sets the slot of every item of `plan`. An error says nothing about any item: all slots are discarded.
    fn verify(&self, batch: &BatchView<'_>, plan: &Plan, slots: &Slots) -> Result<(), BackendFailure>;

    /// Writes the digest of each message, one after another. `digests` has room for exactly as many; after an error
    /// its bytes mean nothing.
    fn hash(&self, hash: Hash, messages: &Column<'_>, digests: &mut [u8]) -> Result<(), BackendFailure>;

    /// Sets every place of `keys`, which has one for each row; after an error they mean nothing. Devices do not.
    fn recover(&self, rows: &Recovery<'_>, keys: &mut [Option<Recovered>]) -> Result<(), BackendFailure> {
        let _ = (rows, keys);
        Err(BackendFailure { backend: self.kind(), what: "it recovers no keys".into() })
    }
}
