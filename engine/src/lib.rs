//! Verifies signatures and hashes messages in batches, with one verdict per item that does not depend on the batch or
//! the backend of the CPU. A device (feature `gpu`) judges only where it was asked for, and is checked: see
//! `GpuOptions::recheck`.
//!
//! A [`Suite`] fixes what valid means: the scheme, its rule and the signature encoding. A [`Batch`] collects items
//! (or a [`BatchView`] borrows the caller's columns), an [`Engine`] gives [`Verdicts`]: for each item
//! [`Verdict::Valid`] or [`Verdict::Invalid`] with the [`Reason`].
//!
//! [`Engine::hash`] gives the digest of each of many messages, and [`Engine::merkle_tree`] builds trees of them.
//!
//! A [`Prevalidator`] takes signatures one by one from many threads and verifies them in micro-batches.
//!
//! An `Err` is never about a signature, and a signature is never an `Err`.

mod backend;
mod backend_kind;
mod batch;
mod dispatch;
mod engine;
mod error;
mod explain;
mod hash;
mod keyring;
mod merkle;
mod plan;
mod policy;
pub mod prevalidator;
mod schemes;
mod suite;
mod verdict;

#[cfg(feature = "oracle")]
pub mod oracle;

#[cfg(feature = "gpu-faults")]
#[doc(hidden)]
pub use backend::gpu::GpuFault;
#[cfg(feature = "gpu")]
pub use backend::gpu::{AdapterChoice, CACHE_VARIABLE, DEFAULT_RECHECK, GpuOptions, devices};
pub use backend::{DeviceReport, PipelineReport, Threads};
pub use backend_kind::BackendKind;
#[cfg(feature = "arrow")]
pub use batch::arrow;
pub use batch::{
    Batch, BatchView, Column, ColumnError, DefaultRuleError, DefaultRules, Item, Key, Keys, Message,
};
pub use batch::{Span, SuiteNames, SuiteResolver, Suites, WrongInput};
pub use dispatch::BackendChoice;
pub use engine::{BACKEND_VARIABLE, Builder, DeviceStatus, Engine, Rates};
pub use error::{BackendFailure, Error, MerkleError, SelfTestFailure};
pub use explain::Explain;
pub use hash::{Digests, Hash, Messages};
pub use keyring::{KeyId, KeyStats};
pub use merkle::{MerkleProof, MerkleRule, MerkleTree};
pub use policy::PathChoice;
pub use prevalidator::Prevalidator;
pub use schemes::ecdsa::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Prehash, ethereum_address, recover};
pub use schemes::ed25519::Ed25519Rule;
pub use schemes::sm2::{Sm2Encoding, UserId};
pub use suite::{MessageInput, Scheme, Suite, SuiteError};
pub use verdict::{Reason, Verdict, Verdicts};
