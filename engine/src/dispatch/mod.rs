//! Dispatch: which backend runs, whether it may be trusted, and what happens when it fails.

mod call;
mod choice;
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

use self::call::Call;
use self::member::{Member, Part};
use crate::backend::{Backend, BackendFailure, BackendKind, Recovered, Recovery};
use crate::batch::{BatchView, Column};
use crate::error::{Error, SelfTestFailure};
use crate::explain::Explain;
use crate::hash::Hash;
use crate::keyring::{KeyScheme, TableStore};
use crate::plan::{PathChoice, Plan};
use crate::suite::{Scheme, Suite};
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

    /// Opens the late device and measures it, if `is_due` says so. Only one call does, and none waits for it: it may run
    /// on a pool of the caller, whose threads take up other calls while they wait.
    fn open_late(&self, is_due: impl FnOnce(&Late) -> bool) {
        let Some(late) = &self.late else { return };
        if late.has_begun() || !is_due(late) || !late.begin() {
            return;
        }
        let found = late.open().map_err(str::to_owned).map(|device| {
            self.measure(device.backend());
            device.backend().tested();
            let name = device.backend().device().map_or("a device", |report| &report.name);
            format!("{name} for large batches{}", self.even_text())
        });
        // From here on other calls see the device.
        let _ = self.late_found.set(found);
    }

    /// Measures a device that is not in use yet.
    fn measure(&self, device: &dyn Backend) {
        let Some(judge) = self.judge_of_measurements() else { return };
        let items = even::items(device, judge.backend(), judge.costs(), self.trust.fraction());
        let bytes = even::bytes(device, judge.backend(), self.trust.fraction());
        for failure in items.as_ref().err().into_iter().chain(bytes.as_ref().err()) {
            self.trust.quarantine(&failure.what);
        }
        let _ = (self.even.set(items.ok()), self.even_bytes.set(bytes.ok()));
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

    /// The device among the backends, if one is.
    pub(crate) fn device(&self) -> Option<&dyn Backend> {
        self.named().find(|backend| backend.device().is_some())
    }

    /// How far the device is trusted.
    pub(crate) fn trust(&self) -> &Trust {
        &self.trust
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

    /// From which batches on the device is faster.
    pub(crate) fn even(&self) -> Option<Even> {
        *self.even.get_or_init(|| {
            let judge = self.judge_of_measurements()?;
            let even = even::items(self.device()?, judge.backend(), judge.costs(), self.trust.fraction());
            even.inspect_err(|failure| self.note(failure)).ok()
        })
    }

    /// The same for bytes that are hashed.
    pub(crate) fn even_bytes(&self) -> Option<Even> {
        *self.even_bytes.get_or_init(|| {
            // It would be asked of a device that may be gone.
            if self.trust.quarantined().is_some() {
                return None;
            }
            let judge = self.judge_of_measurements()?;
            let even = even::bytes(self.device()?, judge.backend(), self.trust.fraction());
            even.inspect_err(|failure| self.note(failure)).ok()
        })
    }

    fn even_text(&self) -> String {
        match self.even() {
            None => String::new(),
            Some(Even { from: None, .. }) => ", never faster than the cpu here".into(),
            Some(Even { from: Some(from), .. }) => {
                format!(", its break-even is {} items", even::thousands(from))
            }
        }
    }

    /// The first backend on the CPU that has not failed and `is_fit`, which tests it.
    fn judge(&self, failures: &[BackendFailure], is_fit: impl Fn(&Member) -> bool) -> Option<&Member> {
        let failed = |kind: BackendKind| failures.iter().any(|failure| failure.backend == kind);
        let on_cpu = self.members.iter().filter(|member| member.backend().device().is_none());
        on_cpu
            .filter(|member| member.is_trusted() && !failed(member.backend().kind()))
            .find(|member| is_fit(member))
    }

    /// The one that a device is compared with.
    fn judge_of_measurements(&self) -> Option<&Member> {
        let parts = || Part::of_verdicts(Scheme::Ed25519, true, false).chain([Part::Hash(Hash::Sha256)]);
        self.judge(&[], |member| member.ensure(parts()).is_ok())
    }

    /// An error if the device was found wrong, by another call meanwhile: what it said to this one is as doubtful.
    fn still_trusted(&self, device: &dyn Backend) -> Result<(), BackendFailure> {
        match self.trust.quarantined() {
            None => Ok(()),
            Some(what) => Err(BackendFailure { backend: device.kind(), what }),
        }
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

    /// Judges every item on the first backend that implements its suite. When a backend fails, nothing that it set
    /// is kept: the batch is done again without it, or the call fails.
    pub(crate) fn verify(&self, batch: &BatchView<'_>) -> Result<Verdicts, Error> {
        let table = batch.suite_table();
        let unsupported = |suite: &Suite| {
            let none = || Error::Unsupported { backends: self.kinds(), suite: suite.clone() };
            self.refusal(|backend| backend.supports(suite)).unwrap_or_else(none)
        };
        if let Some(suite) = table.iter().find(|suite| !self.supports(suite)) {
            return Err(unsupported(suite));
        }
        let amount = |device: &dyn Backend| {
            let takes: Vec<bool> = table.iter().map(|suite| device.supports(suite)).collect();
            match takes.iter().all(|takes| *takes) {
                true => batch.len(),
                false => (0..batch.len()).filter(|&item| takes[batch.suite_index(item) as usize]).count(),
            }
        };
        self.open_late(|late| table.iter().any(|suite| late.supports(suite)) && late.is_due(batch.len()));
        let counts = batch.suite_counts();
        let mut failures: Vec<BackendFailure> = Vec::new();
        loop {
            let usable = self.usable(&failures, "items", amount, Self::even);
            let mut routes = Vec::new();
            for suite in table {
                match usable.members.iter().position(|member| member.backend().supports(suite)) {
                    Some(member) => routes.push(member),
                    None => {
                        return Err(match failures.pop() {
                            Some(failure) => failure.into(),
                            None => unsupported(suite),
                        });
                    }
                }
            }
            let call = Call { batch, counts: &counts, routes: &routes, path: self.path };
            let members = || usable.members.iter().enumerate();
            if members().any(|(index, member)| member.ensure(call.parts(index)).is_err()) {
                continue;
            }
            match self.attempt(&call, &usable, &failures) {
                // One of them failed a part of its self-test meanwhile, in another call. What it said is doubtful.
                Ok(_) if members().any(|(index, member)| call.takes(index) && !member.is_trusted()) => {}
                Ok(verdicts) => return Ok(verdicts),
                Err(failure) => {
                    self.note(&failure);
                    failures.push(failure);
                }
            }
        }
    }

    /// Remembers the failure of a device.
    fn note(&self, failure: &BackendFailure) {
        if self.device().is_some_and(|device| device.kind() == failure.backend) {
            self.trust.quarantine(&failure.what);
        }
    }

    /// The digest of each message from the first backend that can finish.
    pub(crate) fn hash(&self, hash: Hash, messages: &Column<'_>, digests: &mut [u8]) -> Result<(), Error> {
        let refusal = || self.refusal(|backend| backend.supports_hash(hash));
        if !self.supports_hash(hash) {
            let none = || Error::UnsupportedHash { backends: self.kinds(), hash };
            return Err(refusal().unwrap_or_else(none));
        }
        let total = || -> usize { (0..messages.len()).map(|row| messages.get(row).len()).sum() };
        self.open_late(|late| late.supports_hash(hash) && late.is_due_for_bytes(total()));
        let bytes = |_: &dyn Backend| total();
        let mut failures: Vec<BackendFailure> = Vec::new();
        loop {
            let usable = self.usable(&failures, "bytes", bytes, Self::even_bytes);
            let mut members = usable.members.iter();
            let Some(member) = members.find(|member| member.backend().supports_hash(hash)) else {
                let none = || refusal().unwrap_or(Error::Unavailable { backend: BackendKind::Portable });
                return Err(failures.pop().map_or_else(none, Error::Backend));
            };
            if member.ensure([Part::Hash(hash)]).is_err() {
                continue;
            }
            let backend = member.backend();
            let hashed = match backend.device() {
                None => backend.hash(hash, messages, digests),
                Some(_) => self.hash_on_device(backend, hash, messages, digests, &failures),
            };
            match hashed {
                Ok(()) if !member.is_trusted() => {}
                Ok(()) => return Ok(()),
                Err(failure) => {
                    self.note(&failure);
                    failures.push(failure);
                }
            }
        }
    }

    /// Hashes on a device what is not too long for it, and the rest on the CPU, which also checks some of it.
    fn hash_on_device(
        &self,
        device: &dyn Backend,
        hash: Hash,
        messages: &Column<'_>,
        digests: &mut [u8],
        failures: &[BackendFailure],
    ) -> Result<(), BackendFailure> {
        let is_fit =
            |judge: &Member| judge.backend().supports_hash(hash) && judge.ensure([Part::Hash(hash)]).is_ok();
        let judge = self.judge(failures, is_fit).ok_or_else(|| no_judge(device))?.backend();
        let longest = device.longest_message();
        let is_long = |&row: &usize| messages.get(row).len() > longest;
        let (long, short): (Vec<usize>, Vec<usize>) = (0..messages.len()).partition(is_long);
        if long.is_empty() {
            device.hash(hash, messages, digests)?;
            self.trust.recheck_digests(device, hash, messages, digests, judge)?;
            return self.still_trusted(device);
        }
        let length = hash.digest_length();
        for (backend, rows) in [(device, short), (judge, long)] {
            let some: Vec<&[u8]> = rows.iter().map(|&row| messages.get(row)).collect();
            let column = Column::slices(&some);
            let mut found = vec![0; rows.len() * length];
            backend.hash(hash, &column, &mut found)?;
            if backend.device().is_some() {
                self.trust.recheck_digests(device, hash, &column, &found, judge)?;
            }
            for (row, digest) in rows.into_iter().zip(found.chunks(length)) {
                digests[row * length..][..length].copy_from_slice(digest);
            }
        }
        self.still_trusted(device)
    }

    /// The key of each row from the first backend that can finish.
    pub(crate) fn recover(&self, rows: &Recovery<'_>) -> Result<Vec<Recovered>, Error> {
        let mut failure = None;
        // Devices recover no keys.
        for member in self.members.iter().filter(|member| member.backend().device().is_none()) {
            if member.ensure([Part::Recovery]).is_err() {
                continue;
            }
            match recover_on(member.backend(), rows) {
                Ok(_) if !member.is_trusted() => {}
                Ok(keys) => return Ok(keys),
                Err(error) => failure = Some(error),
            }
        }
        let none = || Error::Unavailable { backend: BackendKind::Portable };
        Err(failure.map_or_else(|| self.refusal(|_| true).unwrap_or_else(none), Error::Backend))
    }

    fn attempt(
        &self,
        call: &Call<'_>,
        usable: &Usable<'_>,
        failures: &[BackendFailure],
    ) -> Result<Verdicts, BackendFailure> {
        let batch = call.batch;
        let slots = Slots::new(batch.len());
        let mut shares = Vec::new();
        let mut share = |kind: BackendKind, items: usize| match shares
            .iter_mut()
            .find(|(other, _): &&mut (BackendKind, usize)| *other == kind)
        {
            Some((_, sum)) => *sum += items,
            None => shares.push((kind, items)),
        };
        let mut why = self.why();
        for (index, member) in usable.members.iter().enumerate() {
            let backend = member.backend();
            let paths = call.paths(index, member);
            let plan = Plan::new(batch, backend.shape(), paths, |suite| call.routes[suite] == index);
            if plan.len() == 0 {
                continue;
            }
            if backend.device().is_none() {
                backend.verify(batch, &plan, &slots)?;
                share(backend.kind(), plan.len());
                continue;
            }
            let is_fit = |judge: &Member| {
                let supported = call.suites(index).all(|(_, suite)| judge.backend().supports(suite));
                supported && judge.ensure(call.parts(index)).is_ok()
            };
            let checks = self.judge(failures, is_fit).ok_or_else(|| no_judge(backend))?;
            let (judge, judge_paths) = (checks.backend(), call.paths(index, checks));
            let is_long = |&item: &usize| batch.item(item).message.len() > backend.longest_message();
            let (long, short): (Vec<usize>, Vec<usize>) = plan.every_item().partition(is_long);
            let plan = match long.is_empty() {
                true => plan,
                false => Plan::of_items(batch, short, backend.shape(), paths),
            };
            backend.verify(batch, &plan, &slots)?;
            let again = self.trust.recheck(backend, batch, &plan, &slots, (judge, judge_paths))?;
            self.still_trusted(backend)?;
            share(backend.kind(), plan.len());
            why.push_str(&format!(", {again} judged again on {}", judge.kind()));
            if !long.is_empty() {
                let plan = Plan::of_items(batch, long, judge.shape(), judge_paths);
                judge.verify(batch, &plan, &slots)?;
                share(judge.kind(), plan.len());
            }
            // It failed a part of its self-test meanwhile, in another call.
            if let Some(SelfTestFailure { backend, what }) = checks.failure().cloned() {
                return Err(BackendFailure { backend, what });
            }
        }
        if shares.is_empty() {
            shares.extend(usable.members.first().map(|member| (member.backend().kind(), 0)));
        }
        for note in &usable.notes {
            why.push_str(&format!("; {note}"));
        }
        for failure in failures {
            why.push_str(&format!("; {failure}, and its items were done again"));
            if self.device().is_some_and(|device| device.kind() == failure.backend) {
                why.push_str("; it is quarantined");
            }
        }
        finish(slots, Explain::new(shares, why, self.threads()))
    }
}

fn no_judge(device: &dyn Backend) -> BackendFailure {
    let what = "no backend on the CPU can check what it says".into();
    BackendFailure { backend: device.kind(), what }
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
