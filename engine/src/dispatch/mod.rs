//! Dispatch: which backend runs, whether it may be trusted, and what happens when it fails.

mod attempts;
mod break_even;
mod call;
mod choice;
mod device;
mod hashtest;
mod lazy_device;
mod measure;
mod member;
#[cfg(test)]
mod member_tests;
mod recoverytest;
mod selftest;
#[cfg(test)]
mod tests;
mod trust;

pub(crate) use break_even::BreakEven;
pub use choice::BackendChoice;
pub(crate) use choice::{Chosen, DeviceSource, choose};
pub(crate) use lazy_device::LazyDevice;
pub(crate) use trust::Trust;

use std::sync::OnceLock;

use self::member::{Member, Part};
use crate::backend::{Backend, BackendFailure, BackendKind, Cpu, Device, Recovered, Recovery};
use crate::error::{Error, SelfTestFailure};
use crate::explain::Explain;
use crate::hash::Hash;
use crate::keyring::{KeyScheme, TableStore};
use crate::policy::PathChoice;
use crate::suite::Suite;
use crate::verdict::{Slots, Verdicts};

/// Backends, in the order in which a suite looks for one that implements it, and why they were chosen. Each passes the
/// part of its self-test that a call rests on before the call gives anything; one that fails is used no more.
pub(crate) struct Dispatcher {
    /// Those of the CPU. Beside a device that was named they only check it and take its place.
    members: Vec<Member>,
    source: DeviceSource,
    why: Why,
    path: PathChoice,
    /// How far the device is trusted.
    trust: Trust,
    /// From which batches on the device is faster; measured once, when a batch first asks.
    break_even: OnceLock<Option<BreakEven>>,
    break_even_bytes: OnceLock<Option<BreakEven>>,
}

/// Why the backends were chosen.
pub(crate) enum Why {
    /// In these words.
    Named(String),
    /// They are the fastest that run here.
    Fastest,
}

/// Who takes work.
#[derive(Clone, Copy)]
enum Taker<'a> {
    Device(&'a dyn Device),
    Cpu(&'a Member),
}

impl<'a> Taker<'a> {
    fn backend(self) -> &'a dyn Backend {
        match self {
            Self::Device(device) => device,
            Self::Cpu(member) => member.backend(),
        }
    }

    /// The backend of the CPU, if it is one.
    fn member(self) -> Option<&'a Member> {
        match self {
            Self::Device(_) => None,
            Self::Cpu(member) => Some(member),
        }
    }
}

/// Who may take what, in one call.
struct Usable<'a> {
    takers: Vec<Taker<'a>>,
    /// What to add to the reason.
    notes: Vec<String>,
}

impl Dispatcher {
    fn new(members: Vec<Member>, source: DeviceSource, why: Why, path: PathChoice, trust: Trust) -> Self {
        let (break_even, break_even_bytes) = (OnceLock::new(), OnceLock::new());
        Self { members, source, why, path, trust, break_even, break_even_bytes }
    }

    /// Backends that have passed everything, for tests of what follows.
    #[cfg(test)]
    fn passed(source: DeviceSource, backends: Vec<Box<dyn Cpu>>) -> Self {
        let members: Vec<Member> = backends.into_iter().map(Member::tested).collect();
        Self::new(members, source, Why::Named("a test".into()), PathChoice::Auto, Trust::new(1.0))
    }

    /// The device in use, if one is.
    pub(crate) fn device(&self) -> Option<&dyn Device> {
        match &self.source {
            DeviceSource::NotAsked | DeviceSource::Absent(_) => None,
            DeviceSource::Lazy(lazy) => lazy.device(),
            DeviceSource::Named(device) => Some(device.as_ref()),
        }
    }

    /// Whether the device was named, so that it takes batches of any size.
    const fn is_named(&self) -> bool {
        matches!(self.source, DeviceSource::Named(_))
    }

    /// The backends in use. One that failed its self-test is not.
    fn in_use(&self) -> impl Iterator<Item = Taker<'_>> {
        let members = self.members.iter().filter(|member| member.is_trusted() && !self.is_named());
        self.device().map(Taker::Device).into_iter().chain(members.map(Taker::Cpu))
    }

    /// Runs what is left of the self-test of every backend, and measures what their paths cost. An error if a device has
    /// nobody left to check it, or nobody is left at all.
    pub(crate) fn self_test(&self) -> Result<(), Error> {
        for member in &self.members {
            if member.ensure(Part::all()).is_ok() {
                member.costs();
            }
        }
        match self.judge(&[], |_| true) {
            Some(_) => Ok(()),
            None => {
                Err(self.refusal(|_| true).unwrap_or(Error::Unavailable { backend: BackendKind::Portable }))
            }
        }
    }

    /// The error where every backend that `can` has failed its self-test.
    fn refusal(&self, can: impl Fn(&dyn Cpu) -> bool) -> Option<Error> {
        let mut those = self.members.iter().filter(|member| can(member.backend()));
        those.find_map(|member| member.failure().cloned()).map(Error::SelfTest)
    }

    /// The first backend of the CPU that has not failed and `is_fit`, which tests it.
    fn judge(&self, failures: &[BackendFailure], is_fit: impl Fn(&Member) -> bool) -> Option<&Member> {
        let failed = |kind: BackendKind| failures.iter().any(|failure| failure.backend == kind);
        let left = self.members.iter();
        left.filter(|member| member.is_trusted() && !failed(member.backend().kind()))
            .find(|member| is_fit(member))
    }

    /// The kinds of the backends, the first choice first.
    pub(crate) fn kinds(&self) -> Vec<BackendKind> {
        self.in_use().map(|taker| taker.backend().kind()).collect()
    }

    pub(crate) fn threads(&self) -> usize {
        self.members.iter().map(|member| member.backend().shape().threads).max().unwrap_or(1)
    }

    /// Why those are in use, and why others are not.
    pub(crate) fn why(&self) -> String {
        let mut why = match &self.why {
            Why::Named(why) => why.clone(),
            Why::Fastest => {
                let mut trusted = self.members.iter().filter(|member| member.is_trusted());
                match (trusted.next(), trusted.next()) {
                    (Some(first), Some(_)) => {
                        format!("{} is the fastest backend that runs here", first.backend().kind())
                    }
                    (Some(_), None) => "the only backend that runs here".into(),
                    (None, _) => "no backend is left".into(),
                }
            }
        };
        for failure in self.members.iter().filter_map(Member::failure) {
            why.push_str(&format!("; {failure}"));
        }
        match &self.source {
            DeviceSource::NotAsked | DeviceSource::Named(_) => {}
            DeviceSource::Absent(none) => why.push_str(&format!("; no gpu: {none}")),
            DeviceSource::Lazy(lazy) => match lazy.says() {
                None => why.push_str(&LazyDevice::not_yet()),
                Some(Ok(device)) => why = format!("{device}; for others {why}"),
                Some(Err(none)) => why.push_str(&format!("; no gpu: {none}")),
            },
        }
        why
    }

    pub(crate) fn supports(&self, suite: &Suite) -> bool {
        self.in_use().any(|taker| taker.backend().supports(suite))
    }

    pub(crate) fn supports_hash(&self, hash: Hash) -> bool {
        self.in_use().any(|taker| taker.backend().supports_hash(hash))
    }

    /// The tables of the backend that verifies items of a scheme, once that backend has given the known answers
    /// with them too. `None` where there are none for the scheme.
    pub(crate) fn table_store(&self, scheme: KeyScheme) -> Result<Option<&dyn TableStore>, SelfTestFailure> {
        let mut refused = None;
        for member in &self.members {
            let Some(store) = member.backend().table_store(scheme) else { continue };
            match member.ensure([Part::Tables(scheme)]) {
                Ok(()) => return Ok(Some(store)),
                Err(failure) => refused = refused.or(Some(failure)),
            }
        }
        refused.map_or(Ok(None), Err)
    }

    /// Who may take work of which a device would take `amount`, after some have failed. `break_even` says from how much
    /// on the device is faster.
    fn usable(
        &self,
        failures: &[BackendFailure],
        unit: &str,
        amount: impl Fn(&dyn Device) -> usize,
        break_even: impl Fn(&Self) -> Option<BreakEven>,
    ) -> Usable<'_> {
        let failed = |kind: BackendKind| failures.iter().any(|failure| failure.backend == kind);
        let (mut takers, mut notes) = (Vec::new(), Vec::new());
        let mut on_cpu = !self.is_named();
        if let Some(device) = self.device() {
            if failed(device.kind()) {
                on_cpu = true;
            } else if let Some(why) = self.trust.quarantined() {
                notes.push(format!("{} is quarantined: {why}", device.kind()));
                on_cpu = true;
            } else if self.is_named() {
                takers.push(Taker::Device(device));
            } else {
                let amount = amount(device);
                let break_even = break_even(self).filter(|_| amount > 0);
                if break_even.is_some_and(|break_even| break_even.pays(amount)) {
                    takers.push(Taker::Device(device));
                } else if let Some(from) = break_even.and_then(|break_even| break_even.from) {
                    let (from, name) = (break_even::thousands(from), &device.report().name);
                    notes.push(format!("below the break-even of {from} {unit} on {name}"));
                }
            }
        }
        if on_cpu {
            let left = self.members.iter().filter(|member| member.is_trusted());
            takers.extend(left.filter(|member| !failed(member.backend().kind())).map(Taker::Cpu));
        }
        Usable { takers, notes }
    }
}

/// The key of each row; a row that was left out is a failure of the backend.
fn recover_on(backend: &dyn Cpu, rows: &Recovery<'_>) -> Result<Vec<Recovered>, BackendFailure> {
    let mut keys = vec![None; rows.len()];
    backend.recover(rows, &mut keys)?;
    let left_out = keys.iter().position(Option::is_none);
    match left_out {
        None => Ok(keys.into_iter().flatten().collect()),
        Some(row) => Err(BackendFailure {
            backend: backend.kind(),
            what: format!("row {row} was left without a key and without a reason"),
        }),
    }
}

/// The verdicts of a dispatch in which every item was decided.
fn finish(slots: Slots, explain: Explain) -> Result<Verdicts, BackendFailure> {
    let backend = explain.shares().last().map_or(BackendKind::Portable, |(kind, _)| *kind);
    slots
        .finish(explain)
        .map_err(|item| BackendFailure { backend, what: format!("item {item} was left undecided") })
}
