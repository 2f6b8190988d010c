//! Why an item was not taken, and why one that was has no verdict.

use std::sync::Arc;

use crate::error::Error;
use crate::suite::{MessageInput, Suite};

/// Why a pre-validator did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Limits that contradict each other.
    #[error("{field} is {given}; it must be {range}")]
    Limit {
        /// The field of [`super::Config`], or of [`super::CollectorConfig`].
        field: &'static str,
        /// Its value.
        given: usize,
        /// What it may be.
        range: String,
    },
    /// The system does not have the memory for the duplicate cache.
    #[error(
        "duplicate_cache_bytes is {0}, and the system has not so much memory; lower it, or set it to 0 to run without a \
         cache"
    )]
    Cache(usize),
    /// A thread could not be started.
    #[error(
        "worker {worker} of the pre-validator could not be started: {source}; lower Config::workers or raise the thread limit of the process"
    )]
    Thread {
        /// Which worker.
        worker: usize,
        /// What the system said.
        source: std::io::Error,
    },
    /// The operating system gave no random key for the duplicate cache.
    #[error(
        "the system gave no random key for the duplicate cache: {0}; set Config::duplicate_cache_bytes to 0 to run without one"
    )]
    Random(getrandom::Error),
}

/// Why items were not accepted. Nothing of what is given back was kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError<T> {
    /// Back-pressure: the pre-validator holds as much as it may.
    #[error(
        "the queue is full; wait for verdicts, call submit_timeout, or raise Config::capacity or capacity_bytes"
    )]
    Full(T),
    /// The pre-validator was closed.
    #[error("the pre-validator is closed; start another")]
    Closed(T),
    /// More than the queue can ever hold at once.
    #[error("larger than the whole queue; raise Config::capacity or capacity_bytes, or split the group")]
    TooLarge(T),
    /// A digest where the suite takes a message, or the reverse.
    #[error("item {index}: {suite} takes a {expected}", expected = .expected.name())]
    WrongInput {
        /// What was submitted.
        given: T,
        /// The position of the first such item.
        index: usize,
        /// Its suite.
        suite: Box<Suite>,
        /// What the suite takes.
        expected: MessageInput,
    },
    /// No backend of the engine implements the suite of an item.
    #[error("item {index}: no backend in use supports {suite}; build the engine with another backend")]
    Unsupported {
        /// What was submitted.
        given: T,
        /// The position of the first such item.
        index: usize,
        /// Its suite.
        suite: Box<Suite>,
    },
}

impl<T> SubmitError<T> {
    /// What was submitted.
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(given)
            | Self::Closed(given)
            | Self::TooLarge(given)
            | Self::WrongInput { given, .. }
            | Self::Unsupported { given, .. } => given,
        }
    }

    /// Whether the same items may be taken later.
    pub const fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }
}

/// Why an item that was taken has no verdict. Says nothing about its signature.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The engine gave no verdicts on the micro-batch of the item.
    #[error("the engine failed: {0}")]
    Engine(Arc<Error>),
    /// The item names a key that is not registered with the engine, or was dropped before the item's turn came.
    #[error(
        "the key of the item is not registered with the engine for its scheme; register it, or give its bytes"
    )]
    UnknownKey,
    /// Verifying the micro-batch of the item panicked. The pre-validator goes on with the next.
    #[error("the engine panicked: {0}; the item may be submitted again, and the panic is a defect to report")]
    Panicked(Arc<str>),
    /// What judges the items contradicts itself. Not from signatures; see [`super::Judge`].
    #[error("the micro-batch of the item could not be judged: {0}; this is a defect, please report it")]
    Defect(Arc<str>),
    /// The item was cancelled before its turn came.
    #[error("the item was cancelled before it was verified")]
    Cancelled,
    /// The workers of the pre-validator are gone.
    #[error("the pre-validator ended before the item's turn came; start another")]
    Abandoned,
}
