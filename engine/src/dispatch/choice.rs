//! Choosing backends. Those of the CPU are tested when they are first used, devices when they are opened.

use super::member::Member;
use super::{Dispatcher, LazyDevice, Trust, Why, selftest};
use crate::backend::{BackendKind, Cpu, Device};
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

/// Where the device of an engine comes from.
pub(crate) enum DeviceSource {
    /// The caller asked for none: every verdict is the CPU's.
    NotAsked,
    /// The caller did, and this is why none is looked for.
    #[cfg_attr(not(any(test, feature = "gpu")), allow(dead_code, reason = "no device is in this build"))]
    Absent(String),
    /// It is opened once there is enough work, and takes what it is faster for.
    #[cfg_attr(not(any(test, feature = "gpu")), allow(dead_code, reason = "no device is in this build"))]
    Lazy(Box<LazyDevice>),
    /// The caller named it: it takes batches of any size.
    #[cfg_attr(not(any(test, feature = "gpu")), allow(dead_code, reason = "no device is in this build"))]
    Named(Box<dyn Device>),
}

impl DeviceSource {
    /// What a device accepts rests on how much of it is judged again, which is a matter of chance unless all of it is. So
    /// one is used for a caller who asked for it and for nobody else, and looked for only where `no_device` finds no
    /// reason against it.
    #[cfg_attr(not(any(test, feature = "gpu")), allow(dead_code, reason = "no device is in this build"))]
    pub(crate) fn asked(
        asked: bool,
        no_device: impl FnOnce() -> Option<String>,
        lazy: impl FnOnce() -> LazyDevice,
    ) -> Self {
        if !asked {
            return Self::NotAsked;
        }
        no_device().map_or_else(|| Self::Lazy(Box::new(lazy())), Self::Absent)
    }
}

/// Which backend decides, as an engine is built.
pub(crate) enum Chosen {
    /// This one of the CPU alone.
    Cpu(BackendKind),
    /// Those of the CPU that run here; before them a device where there is one. A device that was named comes before them for
    /// everything, and they check it and take its place.
    Fastest(DeviceSource),
}

/// The dispatcher of a choice. `start` gives the backend of a kind, or why it cannot run here; `named_by` says who forced a
/// choice; `recheck` is the fraction of what a device calls valid that is judged again.
pub(crate) fn choose(
    chosen: Chosen,
    named_by: &str,
    path: PathChoice,
    recheck: f64,
    start: impl Fn(BackendKind) -> Result<Box<dyn Cpu>, Error>,
) -> Result<Dispatcher, Error> {
    let trust = Trust::new(recheck);
    let named = || format!("named by {named_by}");
    let (members, source, why) = match chosen {
        Chosen::Cpu(kind) => (vec![Member::new(start(kind)?)], DeviceSource::NotAsked, Why::Named(named())),
        Chosen::Fastest(source) => {
            let why = match &source {
                DeviceSource::Named(device) => {
                    selftest::run_device(device.as_ref())?;
                    Why::Named(format!("{} {}", device.report().name, named()))
                }
                _ => Why::Fastest,
            };
            (on_cpu(start), source, why)
        }
    };
    if members.is_empty() {
        return Err(Error::Unavailable { backend: BackendKind::Portable });
    }
    let mut dispatcher = Dispatcher::new(members, source, why, path, trust);
    dispatcher.measure_named();
    Ok(dispatcher)
}

/// What `auto` considers, fastest first: every backend of the CPU that runs here. Emulated lanes are slower than scalar
/// code and serve tests only.
fn on_cpu(start: impl Fn(BackendKind) -> Result<Box<dyn Cpu>, Error>) -> Vec<Member> {
    let kinds = BackendKind::on_cpu().filter(|kind| !kind.is_for_tests());
    kinds.filter_map(|kind| start(kind).ok()).map(Member::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none() -> LazyDevice {
        LazyDevice::new(|| Err("there is none".into()), |_| true, |_| true)
    }

    #[test]
    fn a_device_is_a_candidate_for_those_who_ask_alone() {
        let no_reason = || None;
        assert!(matches!(DeviceSource::asked(false, no_reason, none), DeviceSource::NotAsked));
        assert!(matches!(DeviceSource::asked(true, no_reason, none), DeviceSource::Lazy(_)));
        let absent = DeviceSource::asked(true, || Some("no node".into()), || unreachable!("there is none"));
        assert!(matches!(absent, DeviceSource::Absent(why) if why == "no node"));
    }
}
