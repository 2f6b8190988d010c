//! Dispatch: which backend runs, whether it may be trusted, and what happens when it fails.

mod choice;
mod even;
mod explain;
mod hashtest;
mod late;
mod measure;
mod recoverytest;
mod selftest;
#[cfg(test)]
mod tests;
mod trust;

pub use choice::BackendChoice;
pub(crate) use choice::{DeviceUse, choose};
pub(crate) use even::Even;
pub use explain::Explain;
pub(crate) use late::{Candidate, Late};
pub use selftest::SelfTestFailure;
pub(crate) use trust::Trust;

use std::sync::OnceLock;

use crate::backend::{Backend, BackendFailure, BackendKind, Recovered, Recovery};
use crate::batch::{BatchView, Column};
use crate::error::Error;
use crate::hash::Hash;
use crate::keyring::{KeyScheme, TableStore};
use crate::plan::{Costs, PathChoice, Paths, Plan};
use crate::suite::Suite;
use crate::verdict::{Slots, Verdicts};

/// Backends that have passed their self-test, in the order in which a suite looks for one that implements it, and
/// why they were chosen.
pub(crate) struct Dispatcher {
    /// Those in use, and behind them those that only check and replace a device.
    backends: Vec<Box<dyn Backend>>,
    in_use: usize,
    /// What the paths cost on each.
    costs: Vec<Costs>,
    /// The device of `auto`, which comes before them once it is opened and measured, and why it is or is not there.
    late: Option<Late>,
    late_why: OnceLock<String>,
    why: String,
    path: PathChoice,
    /// What the self-test of tables said, by scheme; it is run when tables are first asked for.
    tables_tested: [OnceLock<Result<(), SelfTestFailure>>; KeyScheme::COUNT],
    /// For the device among the backends, if one is.
    trust: Trust,
    /// Whether the device was named, so that it takes batches of any size.
    forced: bool,
    /// From which batches on the device is faster; measured once, when a batch first asks.
    even: OnceLock<Option<Even>>,
    even_bytes: OnceLock<Option<Even>>,
}

/// Who may take what, in one call.
struct Usable<'a> {
    /// With what their paths cost.
    backends: Vec<(&'a dyn Backend, Costs)>,
    /// What to add to the reason.
    notes: Vec<String>,
}

impl Dispatcher {
    /// Backends that have passed their self-test, of which the first `in_use` may be chosen by themselves. Measures
    /// what their paths cost.
    pub(crate) fn new(
        backends: Vec<Box<dyn Backend>>,
        in_use: usize,
        why: String,
        path: PathChoice,
        (trust, forced): (Trust, bool),
    ) -> Self {
        let costs = backends.iter().map(|backend| measure::costs(backend.as_ref())).collect();
        let mut dispatcher = Self::with_costs(backends, costs, why, path);
        dispatcher.in_use = in_use;
        dispatcher.trust = trust;
        dispatcher.forced = forced;
        if dispatcher.device().is_some() {
            let even = dispatcher.even_text();
            dispatcher.why.push_str(&even);
        }
        dispatcher.backends.iter().for_each(|backend| backend.tested());
        dispatcher
    }

    /// The same with a device that is opened when it is worth it, if there is one for this caller.
    pub(crate) fn with_candidate(mut self, candidate: Candidate) -> Self {
        match candidate {
            Candidate::NotAsked => {}
            Candidate::Absent(why) => self.why.push_str(&format!("; no gpu: {why}")),
            Candidate::Late(late) => {
                self.why.push_str(&Late::not_yet());
                self.late = Some(late);
            }
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
        let plain = self.why.strip_suffix(&Late::not_yet()).unwrap_or(&self.why);
        let why = match late.open() {
            Err(why) => format!("{plain}; no gpu: {why}"),
            Ok(device) => {
                self.measure(device);
                device.tested();
                let name = device.device().map_or("a device", |report| &report.name);
                format!("{name} for large batches{}; for others {plain}", self.even_text())
            }
        };
        // From here on other calls see the device.
        let _ = self.late_why.set(why);
    }

    /// Measures a device that is not in use yet.
    fn measure(&self, device: &dyn Backend) {
        let Some((judge, costs)) = self.judge(&[], |_| true) else { return };
        let items = even::items(device, judge, costs, self.trust.fraction());
        let bytes = even::bytes(device, judge, self.trust.fraction());
        for failure in items.as_ref().err().into_iter().chain(bytes.as_ref().err()) {
            self.trust.quarantine(&failure.what);
        }
        let _ = (self.even.set(items.ok()), self.even_bytes.set(bytes.ok()));
    }

    const fn with_costs(
        backends: Vec<Box<dyn Backend>>,
        costs: Vec<Costs>,
        why: String,
        path: PathChoice,
    ) -> Self {
        let tables_tested = [const { OnceLock::new() }; KeyScheme::COUNT];
        let in_use = backends.len();
        Self {
            backends,
            in_use,
            costs,
            late: None,
            late_why: OnceLock::new(),
            why,
            path,
            tables_tested,
            trust: Trust::new(1.0),
            forced: false,
            even: OnceLock::new(),
            even_bytes: OnceLock::new(),
        }
    }

    /// The late device once it is in use, then the backends, each with what its paths cost; and how many are in use.
    fn all(&self) -> (impl Iterator<Item = (&dyn Backend, Costs)>, usize) {
        let late = self.late.as_ref().filter(|_| self.late_why.get().is_some()).and_then(Late::device);
        let in_use = self.in_use + usize::from(late.is_some());
        let late = late.map(|device| (device, Costs::counted(device.shape().lanes)));
        let others = self.backends.iter().map(Box::as_ref).zip(self.costs.iter().copied());
        (late.into_iter().chain(others), in_use)
    }

    /// The backends in use.
    fn named(&self) -> impl Iterator<Item = &dyn Backend> {
        let (all, in_use) = self.all();
        all.take(in_use).map(|(backend, _)| backend)
    }

    /// The device among the backends, if one is.
    pub(crate) fn device(&self) -> Option<&dyn Backend> {
        self.named().find(|backend| backend.device().is_some())
    }

    /// How far the device is trusted.
    pub(crate) fn trust(&self) -> &Trust {
        &self.trust
    }

    /// From which batches on the device is faster.
    pub(crate) fn even(&self) -> Option<Even> {
        *self.even.get_or_init(|| {
            let (judge, costs) = self.judge(&[], |_| true)?;
            let even = even::items(self.device()?, judge, costs, self.trust.fraction());
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
            let (judge, _) = self.judge(&[], |_| true)?;
            let even = even::bytes(self.device()?, judge, self.trust.fraction());
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

    /// The first backend on the CPU that `can` and has not failed, with what its paths cost.
    fn judge(
        &self,
        failures: &[BackendFailure],
        can: impl Fn(&dyn Backend) -> bool,
    ) -> Option<(&dyn Backend, Costs)> {
        let failed = |kind: BackendKind| failures.iter().any(|failure| failure.backend == kind);
        let mut all = self.backends.iter().map(Box::as_ref).zip(self.costs.iter().copied());
        all.find(|(backend, _)| backend.device().is_none() && !failed(backend.kind()) && can(*backend))
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
        self.backends.iter().map(|backend| backend.shape().threads).max().unwrap_or(1)
    }

    pub(crate) fn why(&self) -> &str {
        self.late_why.get().unwrap_or(&self.why)
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
        let found = self.backends.iter().find_map(|backend| Some((backend, backend.table_store(scheme)?)));
        let Some((backend, store)) = found else { return Ok(None) };
        let tested = &self.tables_tested[scheme.index()];
        let test = || {
            let result = selftest::run_tables(backend.as_ref(), store, scheme);
            backend.tested();
            result
        };
        // The test runs on all threads, and one of them may take up a task that comes here too: so none waits for
        // another one's test, and where two run at once, each goes by its own.
        let result = tested.get().cloned().unwrap_or_else(|| {
            let result = test();
            let _ = tested.set(result.clone());
            result
        });
        result.map(|()| Some(store))
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
        let mut backends: Vec<(&dyn Backend, Costs)> =
            all.by_ref().take(in_use).filter(|(backend, _)| takes(*backend)).collect();
        if device_is_out {
            backends.extend(all.filter(|(backend, _)| !failed(backend.kind())));
        }
        Usable { backends, notes }
    }

    /// Judges every item on the first backend that implements its suite. When a backend fails, nothing that it set
    /// is kept: the batch is done again without it, or the call fails.
    pub(crate) fn verify(&self, batch: &BatchView<'_>) -> Result<Verdicts, Error> {
        let table = batch.suite_table();
        if let Some(suite) = table.iter().find(|suite| !self.supports(suite)) {
            return Err(Error::Unsupported { backends: self.kinds(), suite: suite.clone() });
        }
        let amount = |device: &dyn Backend| {
            let takes: Vec<bool> = table.iter().map(|suite| device.supports(suite)).collect();
            match takes.iter().all(|takes| *takes) {
                true => batch.len(),
                false => (0..batch.len()).filter(|&item| takes[batch.suite_index(item) as usize]).count(),
            }
        };
        self.open_late(|late| table.iter().any(|suite| late.supports(suite)) && late.is_due(batch.len()));
        let mut failures: Vec<BackendFailure> = Vec::new();
        loop {
            let usable = self.usable(&failures, "items", amount, Self::even);
            let mut routes = Vec::new();
            for suite in table {
                match usable.backends.iter().position(|(backend, _)| backend.supports(suite)) {
                    Some(backend) => routes.push(backend),
                    None => {
                        return Err(match failures.pop() {
                            Some(failure) => failure.into(),
                            None => Error::Unsupported { backends: self.kinds(), suite: suite.clone() },
                        });
                    }
                }
            }
            match self.attempt(batch, &usable, &routes, &failures) {
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
        if !self.supports_hash(hash) {
            return Err(Error::UnsupportedHash { backends: self.kinds(), hash });
        }
        let total = || -> usize { (0..messages.len()).map(|row| messages.get(row).len()).sum() };
        self.open_late(|late| late.supports_hash(hash) && late.is_due_for_bytes(total()));
        let bytes = |_: &dyn Backend| total();
        let mut failures: Vec<BackendFailure> = Vec::new();
        loop {
            let usable = self.usable(&failures, "bytes", bytes, Self::even_bytes);
            let mut backends = usable.backends.iter().map(|&(backend, _)| backend);
            let Some(backend) = backends.find(|backend| backend.supports_hash(hash)) else {
                let none = Error::Unavailable { backend: BackendKind::Portable };
                return Err(failures.pop().map_or(none, Error::Backend));
            };
            let hashed = match backend.device() {
                None => backend.hash(hash, messages, digests),
                Some(_) => self.hash_on_device(backend, hash, messages, digests, &failures),
            };
            match hashed {
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
        let judge = self.judge(failures, |judge| judge.supports_hash(hash));
        let (judge, _) = judge.ok_or_else(|| no_judge(device))?;
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
        for backend in self.backends.iter().filter(|backend| backend.device().is_none()) {
            match recover_on(backend.as_ref(), rows) {
                Ok(keys) => return Ok(keys),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.map_or(Error::Unavailable { backend: BackendKind::Portable }, Error::Backend))
    }

    fn attempt(
        &self,
        batch: &BatchView<'_>,
        usable: &Usable<'_>,
        routes: &[usize],
        failures: &[BackendFailure],
    ) -> Result<Verdicts, BackendFailure> {
        let slots = Slots::new(batch.len());
        let mut shares = Vec::new();
        let mut share = |kind: BackendKind, items: usize| match shares
            .iter_mut()
            .find(|(other, _): &&mut (BackendKind, usize)| *other == kind)
        {
            Some((_, sum)) => *sum += items,
            None => shares.push((kind, items)),
        };
        let mut why = self.why().to_owned();
        for (index, &(backend, costs)) in usable.backends.iter().enumerate() {
            let paths = Paths { costs, choice: self.path };
            let plan = Plan::new(batch, backend.shape(), paths, |suite| routes[suite] == index);
            if plan.len() == 0 {
                continue;
            }
            if backend.device().is_none() {
                backend.verify(batch, &plan, &slots)?;
                share(backend.kind(), plan.len());
                continue;
            }
            let supported = |judge: &dyn Backend| {
                batch
                    .suite_table()
                    .iter()
                    .zip(routes)
                    .all(|(suite, route)| *route != index || judge.supports(suite))
            };
            let (judge, costs) = self.judge(failures, supported).ok_or_else(|| no_judge(backend))?;
            let judge_paths = Paths { costs, choice: self.path };
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
        }
        if shares.is_empty() {
            shares.extend(usable.backends.first().map(|(backend, _)| (backend.kind(), 0)));
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
