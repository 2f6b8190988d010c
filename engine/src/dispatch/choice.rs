//! Choosing backends. Those of the CPU are tested when they are first used, devices when they are opened.

use super::member::Member;
use super::{Candidate, Dispatcher, Trust, Why, selftest};
use crate::backend::{Backend, BackendKind};
use crate::error::Error;
use crate::policy::PathChoice;

/// Which backend an engine uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BackendChoice {
    /// The fastest of the CPU that runs here, with slower ones for the suites that it lacks and in its place once it gives
    /// a wrong answer in its self-test; or what the environment variable `SIGWARP_BACKEND` names. In builds with the feature `gpu` a device comes before
    /// them for large work, if the builder was given options for devices (`Builder::gpu`), and only then.
    #[default]
    Auto,
    /// This one alone. If it cannot run here, building the engine fails. If it gives a wrong answer in its self-test, the
    /// call that needed the answer fails, and every later one does.
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
            let why = format!("named by {named_by}");
            let Some(device) = backend.device() else {
                return Ok(Dispatcher::new(
                    vec![Member::new(backend)],
                    1,
                    Why::Named(why),
                    path,
                    (trust, true),
                ));
            };
            let why = Why::Named(format!("{} {why}", device.name));
            selftest::run_all(backend.as_ref())?;
            // A device needs somebody to check it, and to take its place.
            let mut members = on_cpu(start);
            if members.is_empty() {
                return Err(Error::Unavailable { backend: BackendKind::Portable });
            }
            members.insert(0, Member::tested(backend));
            Ok(Dispatcher::new(members, 1, why, path, (trust, true)))
        }
        BackendChoice::Auto => {
            let members = on_cpu(start);
            if members.is_empty() {
                return Err(Error::Unavailable { backend: BackendKind::Portable });
            }
            let in_use = members.len();
            let dispatcher = Dispatcher::new(members, in_use, Why::Fastest, path, (trust, false));
            Ok(dispatcher.with_candidate(candidate))
        }
    }
}

/// What `auto` considers, fastest first: every backend of the CPU that runs here. Emulated lanes are slower than scalar
/// code and serve tests only.
fn on_cpu(start: impl Fn(BackendKind) -> Result<Box<dyn Backend>, Error>) -> Vec<Member> {
    let kinds = BackendKind::on_cpu().filter(|kind| !kind.is_for_tests());
    kinds.filter_map(|kind| start(kind).ok()).map(Member::new).collect()
}
