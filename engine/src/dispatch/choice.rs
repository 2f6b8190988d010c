//! Choosing backends, and testing them before they are used.

use super::{Candidate, Dispatcher, Trust, selftest};
use crate::backend::{Backend, BackendKind};
use crate::error::Error;
use crate::plan::PathChoice;

/// Which backend an engine uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BackendChoice {
    /// The fastest of the CPU that runs here and passes its self-test, with slower ones for the suites that it lacks; or
    /// what the environment variable `SIGWARP_BACKEND` names. In builds with the feature `gpu` a device comes before
    /// them for large work, if the builder was given options for devices (`Builder::gpu`), and only then.
    #[default]
    Auto,
    /// This one alone. If it cannot run here, building the engine fails.
    Forced(BackendKind),
}

/// How a device is used, where one is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DeviceUse {
    /// The fraction of valid items that are judged again.
    pub(crate) recheck: f64,
}

/// The dispatcher of a choice. `start` gives the backend of a kind, or why it cannot run here; `candidate` is the device
/// that `auto` may open; `named_by` says who forced a choice.
pub(crate) fn choose(
    choice: BackendChoice,
    named_by: &str,
    path: PathChoice,
    (device, candidate): (DeviceUse, Candidate),
    start: impl Fn(BackendKind) -> Result<Box<dyn Backend>, Error>,
) -> Result<Dispatcher, Error> {
    let trust = Trust::new(device.recheck);
    match choice {
        BackendChoice::Forced(kind) => {
            let backend = start(kind)?;
            selftest::run(backend.as_ref())?;
            let mut why = format!("named by {named_by}");
            let mut backends = vec![backend];
            if let Some(device) = backends[0].device() {
                why = format!("{} {why}", device.name);
                // A device needs somebody to check it, and to take its place.
                let cpu = cpu_kinds().find_map(|kind| {
                    start(kind).ok().filter(|backend| selftest::run(backend.as_ref()).is_ok())
                });
                backends.push(cpu.ok_or(Error::Unavailable { backend: BackendKind::Portable })?);
            }
            Ok(Dispatcher::new(backends, 1, why, path, (trust, true)))
        }
        BackendChoice::Auto => {
            let dispatcher = auto(path, trust, start)?;
            Ok(dispatcher.with_candidate(candidate))
        }
    }
}

/// What `auto` considers, fastest first: emulated lanes are slower than scalar code and serve tests only.
fn cpu_kinds() -> impl Iterator<Item = BackendKind> {
    BackendKind::ALL.into_iter().filter(|kind| !matches!(kind, BackendKind::Emulated | BackendKind::Gpu))
}

/// Every backend of the CPU that runs here and passes its self-test, fastest first. One that gives a wrong answer is left
/// out, and named in the reason.
fn auto(
    path: PathChoice,
    trust: Trust,
    start: impl Fn(BackendKind) -> Result<Box<dyn Backend>, Error>,
) -> Result<Dispatcher, Error> {
    let mut backends: Vec<Box<dyn Backend>> = Vec::new();
    let mut failures = Vec::new();
    for kind in cpu_kinds() {
        let Ok(backend) = start(kind) else { continue };
        match selftest::run(backend.as_ref()) {
            Ok(()) => backends.push(backend),
            Err(failure) => failures.push(failure),
        }
    }
    let kinds: Vec<BackendKind> = backends.iter().map(|backend| backend.kind()).collect();
    let mut why = match kinds.as_slice() {
        [] => {
            let failure = failures.pop().map(Error::SelfTest);
            return Err(failure.unwrap_or(Error::Unavailable { backend: BackendKind::Portable }));
        }
        [_] => "the only backend that runs here".to_owned(),
        [first, ..] => format!("{first} is the fastest backend that runs here"),
    };
    for failure in failures {
        why.push_str(&format!("; {failure}"));
    }
    let in_use = backends.len();
    Ok(Dispatcher::new(backends, in_use, why, path, (trust, false)))
}
