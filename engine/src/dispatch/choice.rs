//! Choosing backends, and testing them before they are used.

use super::{Dispatcher, selftest};
use crate::backend::{Backend, BackendKind};
use crate::error::Error;
use crate::plan::PathChoice;

/// Which backend an engine uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BackendChoice {
    /// The fastest that runs here and passes its self-test, with slower ones for the suites that it lacks; or what
    /// the environment variable `SIGWARP_BACKEND` names.
    #[default]
    Auto,
    /// This one alone. If it cannot run here, building the engine fails.
    Forced(BackendKind),
}

/// The dispatcher of a choice. `start` gives the backend of a kind, or nothing where this machine lacks what it
/// needs; `named_by` says who forced a choice.
pub(crate) fn choose(
    choice: BackendChoice,
    named_by: &str,
    path: PathChoice,
    start: impl Fn(BackendKind) -> Option<Box<dyn Backend>>,
) -> Result<Dispatcher, Error> {
    match choice {
        BackendChoice::Forced(kind) => {
            let backend = start(kind).ok_or(Error::Unavailable { backend: kind })?;
            selftest::run(backend.as_ref())?;
            Ok(Dispatcher::new(vec![backend], format!("named by {named_by}"), path))
        }
        BackendChoice::Auto => auto(path, start),
    }
}

/// Every backend that runs here and passes its self-test, fastest first. One that gives a wrong answer is left out,
/// and named in the reason.
fn auto(
    path: PathChoice,
    start: impl Fn(BackendKind) -> Option<Box<dyn Backend>>,
) -> Result<Dispatcher, Error> {
    let mut backends: Vec<Box<dyn Backend>> = Vec::new();
    let mut failures = Vec::new();
    // Emulated lanes are slower than scalar code and serve tests only.
    for kind in BackendKind::ALL.into_iter().filter(|kind| *kind != BackendKind::Emulated) {
        let Some(backend) = start(kind) else { continue };
        match selftest::run(backend.as_ref()) {
            Ok(()) => backends.push(backend),
            Err(failure) => failures.push(failure),
        }
    }
    let mut why = match backends.as_slice() {
        [] => {
            let failure = failures.pop().map(Error::SelfTest);
            return Err(failure.unwrap_or(Error::Unavailable { backend: BackendKind::Portable }));
        }
        [_] => "the only backend that runs here".to_owned(),
        [first, ..] => format!("{} is the fastest backend that runs here", first.kind()),
    };
    for failure in failures {
        why.push_str(&format!("; {failure}"));
    }
    Ok(Dispatcher::new(backends, why, path))
}
