//! The device code of sigwarp: WGSL sources of every stage, and a CPU twin of each for tests.
//!
//! The host creates one pipeline per [`Stage`], uploads [`constants::words`] once, packs items as [`layout`] says, and
//! dispatches the stages of a list in order over buffers of at least `stride` items. Nothing here talks to a device.
//!
//! Sources are generated on first use, in microseconds, from a parametric generator of limb code (`generate`) and
//! hand-written files (`wgsl/`). `tests/validate.rs` parses and validates each with naga, so that no build of the
//! engine pays for naga twice (once as a build dependency, once in wgpu).
//!
//! All integers in buffers are 32-bit words. Bytes are packed little-endian: byte `i` of a string is bits
//! `8·(i mod 4)` and up of word `i / 4`.

pub mod constants;
pub mod counts;
pub mod ed25519;
mod generate;
pub mod hashes;
pub mod layout;
pub mod primitives;
mod stage;
pub mod twin;

pub use hashes::Hash;
pub use primitives::Primitive;
pub use stage::{Access, Binding, Buffer, Role, Stage, WORKGROUP};

/// Every stage but the known-answer primitives: what the tests of this crate validate and compare with twins. A program of
/// the engine whose stages are not among these fails its tests.
pub fn all_stages() -> Vec<Stage> {
    ed25519::STAGES.into_iter().chain(hashes::ALL.map(|hash| hash.stage)).collect()
}
