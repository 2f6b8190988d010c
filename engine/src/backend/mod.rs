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

use std::fmt;

use crate::batch::{BatchView, Column};
use crate::hash::Hash;
use crate::keyring::{KeyScheme, TableStore};
use crate::plan::Plan;
pub(crate) use crate::schemes::ecdsa::{Recovered, Recovery};
use crate::suite::Suite;
use crate::verdict::Slots;
pub(crate) use cpu::alone;
pub(crate) use random::Random;
pub use report::{DeviceReport, PipelineReport};
pub(crate) use sample::signed_ed25519;

/// The backends that this build knows by name. Which of them can run here is found at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum BackendKind {
    /// `avx512`: eight lanes of AVX-512 with its 52-bit multiplier (IFMA).
    Avx512,
    /// `avx2`: four lanes of AVX2.
    Avx2,
    /// `portable`: 64-bit scalar code for any machine.
    Portable,
    /// `emulated`: the code of `avx512` on eight emulated lanes, for tests on machines without it. Slow, never
    /// chosen by `auto`, and only in builds with the feature `emulated`.
    Emulated,
    /// `gpu`: an adapter of Vulkan, Metal or DirectX 12, in builds with the feature `gpu`.
    Gpu,
}

impl BackendKind {
    /// Every backend, those of the CPU in the order in which `auto` considers them.
    pub const ALL: [Self; 5] = [Self::Avx512, Self::Avx2, Self::Portable, Self::Emulated, Self::Gpu];

    /// The name on the command line and in the environment variable `SIGWARP_BACKEND`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
            Self::Emulated => "emulated",
            Self::Gpu => "gpu",
        }
    }

    /// The backend of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for BackendKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What `plan` needs to know of a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// How many pieces of work may run at the same time.
    pub(crate) threads: usize,
    /// Items that one vector holds.
    pub(crate) lanes: usize,
    /// The fewest items of a piece that still use the lanes and share inversions well.
    pub(crate) min_piece: usize,
    /// The most items of one piece: bounds the latency of a piece and the memory of its columns.
    pub(crate) max_piece: usize,
    /// The same for pieces that linear combinations may decide.
    pub(crate) max_combined: usize,
}

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

/// A backend could not finish: a lost device, no memory. Never a verdict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("backend {backend} failed: {what}")]
pub struct BackendFailure {
    /// The backend.
    pub backend: BackendKind,
    /// What happened.
    pub what: String,
}
