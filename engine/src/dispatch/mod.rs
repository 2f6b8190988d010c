//! Dispatch: which backend runs, whether it may be trusted, and what happens when it fails.

mod explain;
mod selftest;

pub use explain::Explain;
pub use selftest::SelfTestFailure;

use crate::backend::{Backend, BackendFailure, BackendKind};
use crate::batch::BatchView;
use crate::error::Error;
use crate::plan::Plan;
use crate::suite::Suite;
use crate::verdict::{Slots, Verdicts};

/// Which backend an engine uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BackendChoice {
    /// The fastest that runs here and passes its self-test, or what the environment variable `SIGWARP_BACKEND`
    /// names.
    #[default]
    Auto,
    /// This one. If it cannot run here, building the engine fails.
    Forced(BackendKind),
}

/// A backend that has passed its self-test, and why it was chosen.
pub(crate) struct Dispatcher {
    backend: Box<dyn Backend>,
    reason: String,
}

impl Dispatcher {
    /// Puts a backend in charge once it has passed its self-test.
    pub(crate) fn new(backend: Box<dyn Backend>, reason: String) -> Result<Self, SelfTestFailure> {
        selftest::run(backend.as_ref())?;
        Ok(Self { backend, reason })
    }

    pub(crate) fn kind(&self) -> BackendKind {
        self.backend.kind()
    }

    pub(crate) fn threads(&self) -> usize {
        self.backend.shape().threads
    }

    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }

    pub(crate) fn supports(&self, suite: &Suite) -> bool {
        self.backend.supports(suite)
    }

    pub(crate) fn verify(&self, batch: &BatchView<'_>) -> Result<Verdicts, Error> {
        for suite in batch.suite_table() {
            if !self.backend.supports(suite) {
                return Err(Error::Unsupported { backend: self.kind(), suite: suite.clone() });
            }
        }
        let slots = run(self.backend.as_ref(), batch)?;
        let explain =
            Explain::new(format!("cpu {}", self.kind()), self.reason.clone(), batch.len(), self.threads());
        slots.finish(explain).map_err(|item| {
            Error::Backend(BackendFailure {
                backend: self.kind(),
                what: format!("it left item {item} of {} undecided", batch.len()),
            })
        })
    }
}

fn run(backend: &dyn Backend, batch: &BatchView<'_>) -> Result<Slots, BackendFailure> {
    let slots = Slots::new(batch.len());
    backend.verify(batch, &Plan::new(batch, backend.shape()), &slots)?;
    Ok(slots)
}
