//! Errors of the engine. None of them is ever a verdict.

use crate::backend::{BackendFailure, BackendKind};
use crate::batch::WrongInput;
use crate::dispatch::SelfTestFailure;
use crate::suite::Suite;

/// Why a call gave no verdicts. Says nothing about any signature.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An item has a digest where its suite takes a message, or the reverse.
    #[error(transparent)]
    WrongInput(#[from] WrongInput),
    /// The backend does not implement a suite of the batch.
    #[error("backend {backend} does not support {suite}; choose another backend")]
    Unsupported {
        /// The backend in use.
        backend: BackendKind,
        /// The first suite of the batch that it does not support.
        suite: Suite,
    },
    /// The environment variable `SIGWARP_BACKEND` names no backend.
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

fn known_backends() -> String {
    let mut names = vec!["auto"];
    names.extend(BackendKind::ALL.iter().map(|kind| kind.name()));
    names.join(", ")
}
