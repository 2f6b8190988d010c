//! The device among the backends: opened when it is worth it, measured, checked by a backend of the CPU in every call, and
//! not believed any more once it was wrong.

use super::call::Call;
use super::member::{Member, Part};
use super::{BreakEven, DeviceSource, Dispatcher, LazyDevice, Trust, Why, break_even};
use crate::backend::{Backend, BackendFailure, BackendKind, Device};
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
    /// Opens the device that waits for work and measures it, if `is_due` says so. Only one call does, and none waits for it:
    /// it may run on a pool of the caller, whose threads take up other calls while they wait.
    pub(super) fn open_lazy(&self, is_due: impl FnOnce(&LazyDevice) -> bool) {
        let DeviceSource::Lazy(lazy) = &self.source else { return };
        if lazy.has_begun() || !is_due(lazy) || !lazy.begin() {
            return;
        }
        lazy.publish(lazy.open().map(|device| {
            self.measure(device.as_ref());
            device.tested();
            let says = format!("{} for large batches{}", device.report().name, self.break_even_text());
            (device, says)
        }));
    }

    /// Measures a device that is not in use yet.
    fn measure(&self, device: &dyn Device) {
        let Some(judge) = self.judge_of_measurements() else { return };
        let items = break_even::items(device, judge.backend(), judge.costs(), self.trust.fraction());
        let bytes = break_even::bytes(device, judge.backend(), self.trust.fraction());
        for failure in items.as_ref().err().into_iter().chain(bytes.as_ref().err()) {
            self.trust.quarantine(&failure.what);
        }
        let _ = (self.break_even.set(items.ok()), self.break_even_bytes.set(bytes.ok()));
    }

    /// Measures a device that was named, and says so in the reason.
    pub(super) fn measure_named(&mut self) {
        if let Some(device) = self.device() {
            let says = self.break_even_text();
            device.tested();
            if let Why::Named(why) = &mut self.why {
                why.push_str(&says);
            }
        }
    }

    /// How far the device is trusted.
    pub(crate) fn trust(&self) -> &Trust {
        &self.trust
    }

    /// From which batches on the device is faster.
    pub(crate) fn break_even(&self) -> Option<BreakEven> {
        *self.break_even.get_or_init(|| {
            let judge = self.judge_of_measurements()?;
            let measured =
                break_even::items(self.device()?, judge.backend(), judge.costs(), self.trust.fraction());
            measured.inspect_err(|failure| self.note(failure)).ok()
        })
    }

    /// The same for bytes that are hashed.
    pub(crate) fn break_even_bytes(&self) -> Option<BreakEven> {
        *self.break_even_bytes.get_or_init(|| {
            // It would be asked of a device that may be gone.
            if self.trust.quarantined().is_some() {
                return None;
            }
            let judge = self.judge_of_measurements()?;
            let measured = break_even::bytes(self.device()?, judge.backend(), self.trust.fraction());
            measured.inspect_err(|failure| self.note(failure)).ok()
        })
    }

    pub(super) fn break_even_text(&self) -> String {
        match self.break_even() {
            None => String::new(),
            Some(BreakEven { from: None, .. }) => ", never faster than the cpu here".into(),
            Some(BreakEven { from: Some(from), .. }) => {
                format!(", its break-even is {} items", break_even::thousands(from))
            }
        }
    }

    /// The one that a device is compared with.
    fn judge_of_measurements(&self) -> Option<&Member> {
        let parts = || Part::of_verdicts(Scheme::Ed25519, true, false).chain([Part::Hash(Hash::Sha256)]);
        self.judge(&[], |member| member.ensure(parts()).is_ok())
    }

    /// An error if the device was found wrong, by another call meanwhile: what it said to this one is as doubtful.
    fn still_trusted(&self, device: &dyn Device) -> Result<(), BackendFailure> {
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

    /// Judges what a call has for a device there, what is too long for it on the CPU, which also judges again what the device
    /// must not be believed without. `None` where it has nothing.
    pub(super) fn verify_on_device(
        &self,
        call: &Call<'_>,
        index: usize,
        device: &dyn Device,
        slots: &Slots,
        failures: &[BackendFailure],
    ) -> Result<Option<OnDevice>, BackendFailure> {
        let batch = call.batch;
        let is_fit = |judge: &Member| {
            let supported = call.suites(index).all(|(_, suite)| judge.backend().supports(suite));
            supported && judge.ensure(call.parts(index)).is_ok()
        };
        let plan = Plan::new(batch, device.shape(), call.paths_of_device(device), |suite| {
            call.routes[suite] == index
        });
        if plan.len() == 0 {
            return Ok(None);
        }
        let checks = self.judge(failures, is_fit).ok_or_else(|| no_judge(device))?;
        let (judge, judge_paths) = (checks.backend(), call.paths(index, checks));
        let is_long = |&item: &usize| batch.item(item).message.len() > device.longest_message();
        let (long, short): (Vec<usize>, Vec<usize>) = plan.every_item().partition(is_long);
        let plan = match long.is_empty() {
            true => plan,
            false => Plan::of_items(batch, short, device.shape(), *plan.paths()),
        };
        device.verify(batch, &plan, slots)?;
        let again = self.trust.recheck(device, batch, &plan, slots, (judge, judge_paths))?;
        self.still_trusted(device)?;
        let judged = OnDevice { on_device: plan.len(), too_long: long.len(), again, judge: judge.kind() };
        if !long.is_empty() {
            let plan = Plan::of_items(batch, long, judge.shape(), judge_paths);
            judge.verify(batch, &plan, slots)?;
        }
        // It failed a part of its self-test meanwhile, in another call.
        match checks.failure().cloned() {
            Some(SelfTestFailure { backend, what }) => Err(BackendFailure { backend, what }),
            None => Ok(Some(judged)),
        }
    }

    /// Hashes on a device what is not too long for it, and the rest on the CPU, which also checks some of it.
    pub(super) fn hash_on_device(
        &self,
        device: &dyn Device,
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
        let mut hash_on = |backend: &dyn Backend, rows: Vec<usize>, checked: bool| {
            let some: Vec<&[u8]> = rows.iter().map(|&row| messages.get(row)).collect();
            let column = Column::slices(&some);
            let mut found = vec![0; rows.len() * length];
            backend.hash(hash, &column, &mut found)?;
            if checked {
                self.trust.recheck_digests(backend, hash, &column, &found, judge)?;
            }
            for (row, digest) in rows.into_iter().zip(found.chunks(length)) {
                digests[row * length..][..length].copy_from_slice(digest);
            }
            Ok(())
        };
        hash_on(device, short, true)?;
        hash_on(judge, long, false)?;
        self.still_trusted(device)
    }
}

fn no_judge(device: &dyn Device) -> BackendFailure {
    let what = "no backend on the CPU can check what it says".into();
    BackendFailure { backend: device.kind(), what }
}
