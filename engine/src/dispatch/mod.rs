//! Dispatch: which backend runs, whether it may be trusted, and what happens when it fails.

mod attempts;
mod call;
mod choice;
mod device;
mod even;
mod hashtest;
mod late;
mod measure;
mod member;
#[cfg(test)]
mod member_tests;
mod recoverytest;
mod selftest;
#[cfg(test)]
mod tests;
mod trust;

pub use choice::BackendChoice;
pub(crate) use choice::{DeviceUse, choose};
pub(crate) use even::Even;
pub(crate) use late::{Candidate, Late};
pub(crate) use trust::Trust;

use std::sync::OnceLock;

use self::member::{Member, Part};
use crate::backend::{Backend, BackendFailure, BackendKind, Recovered, Recovery};
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
    /// Those in use, and behind them those that only check and replace a device.
    members: Vec<Member>,
    in_use: usize,
    /// The device of `auto`, which comes before them once it is opened and measured.
    late: Option<Late>,
    /// Once it was looked for, what the reason says of it, or why it is not there.
    late_found: OnceLock<Result<String, String>>,
    /// Why no device is looked for, where one was asked for.
    no_device: Option<String>,
    why: Why,
    path: PathChoice,
    /// For the device among the backends, if one is.
    trust: Trust,
    /// Whether the device was named, so that it takes batches of any size.
    forced: bool,
    /// From which batches on the device is faster; measured once, when a batch first asks.
    even: OnceLock<Option<Even>>,
    even_bytes: OnceLock<Option<Even>>,
}

/// Why the backends were chosen.
pub(crate) enum Why {
    /// In these words.
    Named(String),
    /// They are the fastest that run here.
    Fastest,
}

/// Who may take what, in one call.
struct Usable<'a> {
    members: Vec<&'a Member>,
    /// What to add to the reason.
    notes: Vec<String>,
}

impl Dispatcher {
    /// Backends, of which the first `in_use` may be chosen by themselves. Measures a device among them.
    fn new(
        members: Vec<Member>,
        in_use: usize,
        why: Why,
        path: PathChoice,
        (trust, forced): (Trust, bool),
    ) -> Self {
        let mut dispatcher = Self::unmeasured(members, in_use, why, path, (trust, forced));
        if let Some(device) = dispatcher.device() {
            let even = dispatcher.even_text();
            device.tested();
            if let Why::Named(why) = &mut dispatcher.why {
                why.push_str(&even);
            }
        }
        dispatcher
    }

    fn unmeasured(
        members: Vec<Member>,
        in_use: usize,
        why: Why,
        path: PathChoice,
        (trust, forced): (Trust, bool),
    ) -> Self {
        let (late, late_found, no_device) = (None, OnceLock::new(), None);
        let (even, even_bytes) = (OnceLock::new(), OnceLock::new());
        Self { members, in_use, late, late_found, no_device, why, path, trust, forced, even, even_bytes }
    }

    /// Backends that have passed everything, for tests of what follows.
    #[cfg(test)]
    fn passed(backends: Vec<Box<dyn Backend>>) -> Self {
        let members: Vec<Member> = backends.into_iter().map(Member::tested).collect();
        let (in_use, why) = (members.len(), Why::Named("a test".into()));
        Self::unmeasured(members, in_use, why, PathChoice::Auto, (Trust::new(1.0), false))
    }

    /// The same with a device that is opened when it is worth it, if there is one for this caller.
    pub(crate) fn with_candidate(mut self, candidate: Candidate) -> Self {
        match candidate {
            Candidate::NotAsked => {}
            Candidate::Absent(why) => self.no_device = Some(why),
            Candidate::Late(late) => self.late = Some(*late),
        }
        self
    }

    /// The late device once it is in use, then the backends; and how many of them are in use.
    fn all(&self) -> (impl Iterator<Item = &Member>, usize) {
        let late = self.late.as_ref().filter(|_| self.late_found.get().is_some()).and_then(Late::device);
        let in_use = self.in_use + usize::from(late.is_some());
        (late.into_iter().chain(&self.members), in_use)
    }

    /// The backends in use. One that failed its self-test is not.
    fn named(&self) -> impl Iterator<Item = &dyn Backend> {
        let (all, in_use) = self.all();
        all.take(in_use).filter(|member| member.is_trusted()).map(Member::backend)
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
    fn refusal(&self, can: impl Fn(&dyn Backend) -> bool) -> Option<Error> {
        let mut those = self.members.iter().filter(|member| can(member.backend()));
        those.find_map(|member| member.failure().cloned()).map(Error::SelfTest)
    }

    /// The first backend on the CPU that has not failed and `is_fit`, which tests it.
    fn judge(&self, failures: &[BackendFailure], is_fit: impl Fn(&Member) -> bool) -> Option<&Member> {
        let failed = |kind: BackendKind| failures.iter().any(|failure| failure.backend == kind);
        let on_cpu = self.members.iter().filter(|member| member.backend().device().is_none());
        on_cpu
            .filter(|member| member.is_trusted() && !failed(member.backend().kind()))
            .find(|member| is_fit(member))
    }

    /// The kinds of the backends, the first choice first.
    pub(crate) fn kinds(&self) -> Vec<BackendKind> {
        self.named().map(Backend::kind).collect()
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
        match (&self.no_device, &self.late, self.late_found.get()) {
            (Some(none), ..) | (_, _, Some(Err(none))) => why.push_str(&format!("; no gpu: {none}")),
            (.., Some(Ok(device))) => why = format!("{device}; for others {why}"),
            (_, Some(_), None) => why.push_str(&Late::not_yet()),
            (_, None, None) => {}
        }
        why
    }

    pub(crate) fn supports(&self, suite: &Suite) -> bool {
        self.named().any(|backend| backend.supports(suite))
    }

    pub(crate) fn supports_hash(&self, hash: Hash) -> bool {
        self.named().any(|backend| backend.supports_hash(hash))
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

    /// Who may take work of which a device would take `amount`, after some have failed. `even` says from how much
    /// on the device is faster.
    fn usable(
        &self,
        failures: &[BackendFailure],
        unit: &str,
        amount: impl Fn(&dyn Backend) -> usize,
        even: impl Fn(&Self) -> Option<Even>,
    ) -> Usable<'_> {
        let mut notes = Vec::new();
        let failed = |kind: BackendKind| failures.iter().any(|failure| failure.backend == kind);
        let mut device_is_out = false;
        let mut takes = |backend: &dyn Backend| {
            let Some(device) = backend.device() else { return !failed(backend.kind()) };
            if failed(backend.kind()) {
                device_is_out = true;
            } else if let Some(why) = self.trust.quarantined() {
                notes.push(format!("{} is quarantined: {why}", backend.kind()));
                device_is_out = true;
            } else if !self.forced {
                let amount = amount(backend);
                let even = even(self).filter(|_| amount > 0);
                if !even.is_some_and(|even| even.pays(amount)) {
                    if let Some(from) = even.and_then(|even| even.from) {
                        let from = even::thousands(from);
                        notes.push(format!("below the break-even of {from} {unit} on {}", device.name));
                    }
                    return false;
                }
            }
            !device_is_out
        };
        let (mut all, in_use) = self.all();
        let trusted = |member: &&Member| member.is_trusted();
        let mut members: Vec<&Member> =
            all.by_ref().take(in_use).filter(trusted).filter(|member| takes(member.backend())).collect();
        if device_is_out {
            members.extend(all.filter(trusted).filter(|member| !failed(member.backend().kind())));
        }
        Usable { members, notes }
    }
}

/// The key of each row; a row that was left out is a failure of the backend.
fn recover_on(backend: &dyn Backend, rows: &Recovery<'_>) -> Result<Vec<Recovered>, BackendFailure> {
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
