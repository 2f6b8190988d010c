//! Errors of the engine. None of them is ever a verdict.

use crate::backend_kind::BackendKind;
use crate::batch::WrongInput;
use crate::hash::Hash;
use crate::keyring::KeyId;
use crate::suite::Suite;

/// Why a call gave no verdicts. Says nothing about any signature.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An item has a digest where its suite takes a message, or the reverse.
    #[error(transparent)]
    WrongInput(#[from] WrongInput),
    /// An item names a key that is not registered with this engine, or that belongs to another scheme.
    #[error(
        "item {item}: key {id} is not registered with this engine for the scheme of the item; register it, or give its bytes"
    )]
    UnknownKey {
        /// The first such item.
        item: usize,
        /// The id that it names.
        id: KeyId,
    },
    /// Keys cannot be registered: there is no room for them, even without tables.
    #[error(
        "the key ring needs {needed} bytes and may take {budget}; raise the budget (Builder::key_budget)"
    )]
    KeyBudget {
        /// The bytes of all keys without a table.
        needed: usize,
        /// The budget.
        budget: usize,
    },
    /// No backend in use implements a suite of the batch.
    #[error("no backend in use ({known}) supports {suite}; choose another backend", known = list(.backends))]
    Unsupported {
        /// The backends in use.
        backends: Vec<BackendKind>,
        /// The first suite of the batch that none of them supports.
        suite: Suite,
    },
    /// No backend in use implements a hash function.
    #[error("no backend in use ({known}) hashes with {hash}; choose another backend", known = list(.backends))]
    UnsupportedHash {
        /// The backends in use.
        backends: Vec<BackendKind>,
        /// The function.
        hash: Hash,
    },
    /// The caller's buffer does not have exactly the length of the digests.
    #[error("{messages} digests of {hash} take {needed} bytes, the buffer has {given}")]
    DigestBuffer {
        /// The hash function.
        hash: Hash,
        /// The number of messages.
        messages: usize,
        /// The bytes that their digests take.
        needed: usize,
        /// The bytes of the buffer.
        given: usize,
    },
    /// Columns of signatures whose keys are wanted have different lengths.
    #[error("{rows} {column} for {signatures} signatures; recovery needs one of each for every signature")]
    RecoveryRows {
        /// The column.
        column: &'static str,
        /// Its rows.
        rows: usize,
        /// The number of signatures.
        signatures: usize,
    },
    /// Digests do not form a Merkle tree, or proofs do not fit their leaves.
    #[error(transparent)]
    Merkle(#[from] MerkleError),
    /// The backend that was asked for needs what this machine or this build does not have.
    #[error("backend {backend} does not run on this machine; leave the choice to auto, or name another")]
    Unavailable {
        /// The backend.
        backend: BackendKind,
    },
    /// The backend `gpu` was asked for and no adapter can serve it.
    #[error("backend gpu does not run here: {0}")]
    NoDevice(String),
    /// The environment variable `SIGWARP_BACKEND` does not name a backend.
    #[error("SIGWARP_BACKEND={0:?} is not a backend; known are {known}", known = known_backends())]
    UnknownBackend(String),
    /// A backend gave wrong verdicts on known answers and must not be used on this machine.
    #[error(transparent)]
    SelfTest(#[from] SelfTestFailure),
    /// A backend could not finish.
    #[error(transparent)]
    Backend(#[from] BackendFailure),
    /// The threads of the engine could not be started.
    #[error("the engine's threads could not be started: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
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

/// A backend gave a wrong answer in its self-test.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("backend {backend} failed its self-test and will not be used: {what}")]
pub struct SelfTestFailure {
    /// The backend.
    pub backend: BackendKind,
    /// The first wrong answer.
    pub what: String,
}

/// Why leaves make no tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MerkleError {
    /// No leaves.
    #[error("a Merkle tree needs at least one leaf")]
    NoLeaves,
    /// A leaf is not a digest of the tree's hash function.
    #[error("leaf {leaf} has {length} bytes; leaves are digests of {hash}, {expected} bytes", expected = .hash.digest_length())]
    LeafLength {
        /// The leaf.
        leaf: usize,
        /// Its length.
        length: usize,
        /// The hash function of the tree.
        hash: Hash,
    },
    /// The numbers of proofs and of leaves differ.
    #[error("{proofs} proofs for {leaves} leaves; each leaf needs its own")]
    Proofs {
        /// The number of proofs.
        proofs: usize,
        /// The number of leaves.
        leaves: usize,
    },
    /// A proof whose path does not lead to a leaf of this index.
    #[error(
        "proof {proof} has {bytes} bytes of siblings for index {index}: no tree of {hash} has such a path"
    )]
    Path {
        /// The proof.
        proof: usize,
        /// The bytes of its siblings.
        bytes: usize,
        /// The index of its leaf.
        index: u64,
        /// The hash function.
        hash: Hash,
    },
}

fn known_backends() -> String {
    format!("auto, {}", list(&BackendKind::ALL))
}

fn list(backends: &[BackendKind]) -> String {
    backends.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}
