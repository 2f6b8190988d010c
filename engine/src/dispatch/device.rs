//! The device among the backends: opened when it is worth it, measured, checked by a backend of the CPU in every call, and
//! not believed any more once it was wrong.

use super::call::Call;
use super::member::{Member, Part};
use super::{Dispatcher, Even, Late, Trust, even};
use crate::backend::{Backend, BackendFailure, BackendKind};
use crate::batch::Column;
use crate::error::SelfTestFailure;
use crate::hash::Hash;
use crate::plan::Plan;
use crate::suite::Scheme;
use crate::verdict::Slots;

/// What a device and the backend that checks it made of a plan.
pub(super) struct OnDevice {
    /// Items that the device judged.
    pub(super) on_device: usize,
    /// Items that the CPU judged in its place.
    pub(super) too_long: usize,
    /// Items of the device that the CPU judged again.
    pub(super) again: usize,
    pub(super) judge: BackendKind,
}

impl Dispatcher {
    /// Opens the late device and measures it, if `is_due` says so. Only one call does, and none waits for it: it may run
    /// on a pool of the caller, whose threads take up other calls while they wait.
    pub(super) fn open_late(&self, is_due: impl FnOnce(&Late) -> bool) {
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

    pub(super) fn even_text(&self) -> String {
        match self.even() {
            None => String::new(),
            Some(Even { from: None, .. }) => ", never faster than the cpu here".into(),
            Some(Even { from: Some(from), .. }) => {
                format!(", its break-even is {} items", even::thousands(from))
            }
        }
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

    /// Remembers the failure of a device.
    pub(super) fn note(&self, failure: &BackendFailure) {
        if self.device().is_some_and(|device| device.kind() == failure.backend) {
            self.trust.quarantine(&failure.what);
        }
    }

    /// Judges the items of a plan on a device, those that are too long for it on the CPU, which also judges again what the
    /// device must not be believed without.
    pub(super) fn verify_on_device(
        &self,
        call: &Call<'_>,
        index: usize,
        member: &Member,
        plan: Plan,
        slots: &Slots,
        failures: &[BackendFailure],
    ) -> Result<OnDevice, BackendFailure> {
        let (batch, backend) = (call.batch, member.backend());
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
            false => Plan::of_items(batch, short, backend.shape(), *plan.paths()),
        };
        backend.verify(batch, &plan, slots)?;
        let again = self.trust.recheck(backend, batch, &plan, slots, (judge, judge_paths))?;
        self.still_trusted(backend)?;
        let judged = OnDevice { on_device: plan.len(), too_long: long.len(), again, judge: judge.kind() };
        if !long.is_empty() {
            let plan = Plan::of_items(batch, long, judge.shape(), judge_paths);
            judge.verify(batch, &plan, slots)?;
        }
        // It failed a part of its self-test meanwhile, in another call.
        match checks.failure().cloned() {
            Some(SelfTestFailure { backend, what }) => Err(BackendFailure { backend, what }),
            None => Ok(judged),
        }
    }

    /// Hashes on a device what is not too long for it, and the rest on the CPU, which also checks some of it.
    pub(super) fn hash_on_device(
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
}

fn no_judge(device: &dyn Backend) -> BackendFailure {
    let what = "no backend on the CPU can check what it says".into();
    BackendFailure { backend: device.kind(), what }
}
