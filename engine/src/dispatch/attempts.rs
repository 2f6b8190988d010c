//! Calls, each attempted until a backend has finished it: which backends take what, and what is done again without one
//! that failed.

use super::call::Call;
use super::device::OnDevice;
use super::member::Part;
use super::{Dispatcher, Taker, Usable, finish, recover_on};
use crate::backend::{BackendFailure, BackendKind, Device, Recovered, Recovery};
use crate::batch::{BatchView, Column};
use crate::error::Error;
use crate::explain::Explain;
use crate::hash::Hash;
use crate::plan::Plan;
use crate::suite::Suite;
use crate::verdict::{Slots, Verdicts};

impl Dispatcher {
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
        let amount = |device: &dyn Device| {
            let takes: Vec<bool> = table.iter().map(|suite| device.supports(suite)).collect();
            match takes.iter().all(|takes| *takes) {
                true => batch.len(),
                false => (0..batch.len()).filter(|&item| takes[batch.suite_index(item) as usize]).count(),
            }
        };
        self.open_lazy(|lazy| table.iter().any(|suite| lazy.supports(suite)) && lazy.is_due(batch.len()));
        let counts = batch.suite_counts();
        let mut failures: Vec<BackendFailure> = Vec::new();
        loop {
            let usable = self.usable(&failures, "items", amount, Self::break_even);
            let mut routes = Vec::new();
            for suite in table {
                match usable.takers.iter().position(|taker| taker.backend().supports(suite)) {
                    Some(taker) => routes.push(taker),
                    None => {
                        return Err(match failures.pop() {
                            Some(failure) => failure.into(),
                            None => unsupported(suite),
                        });
                    }
                }
            }
            let call = Call { batch, counts: &counts, routes: &routes, path: self.path };
            let takers = usable.takers.iter().enumerate();
            let members = || takers.clone().filter_map(|(index, taker)| Some((index, taker.member()?)));
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

    /// The digest of each message from the first backend that can finish.
    pub(crate) fn hash(&self, hash: Hash, messages: &Column<'_>, digests: &mut [u8]) -> Result<(), Error> {
        let refusal = || self.refusal(|backend| backend.supports_hash(hash));
        if !self.supports_hash(hash) {
            let none = || Error::UnsupportedHash { backends: self.kinds(), hash };
            return Err(refusal().unwrap_or_else(none));
        }
        let total = || -> usize { (0..messages.len()).map(|row| messages.get(row).len()).sum() };
        self.open_lazy(|lazy| lazy.supports_hash(hash) && lazy.is_due_for_bytes(total()));
        let bytes = |_: &dyn Device| total();
        let mut failures: Vec<BackendFailure> = Vec::new();
        loop {
            let usable = self.usable(&failures, "bytes", bytes, Self::break_even_bytes);
            let mut takers = usable.takers.iter().copied();
            let Some(taker) = takers.find(|taker| taker.backend().supports_hash(hash)) else {
                let none = || refusal().unwrap_or(Error::Unavailable { backend: BackendKind::Portable });
                return Err(failures.pop().map_or_else(none, Error::Backend));
            };
            if taker.member().is_some_and(|member| member.ensure([Part::Hash(hash)]).is_err()) {
                continue;
            }
            let hashed = match taker {
                Taker::Cpu(member) => member.backend().hash(hash, messages, digests),
                Taker::Device(device) => self.hash_on_device(device, hash, messages, digests, &failures),
            };
            match hashed {
                Ok(()) if taker.member().is_some_and(|member| !member.is_trusted()) => {}
                Ok(()) => return Ok(()),
                Err(failure) => {
                    self.note(&failure);
                    failures.push(failure);
                }
            }
        }
    }

    /// The key of each row from the first backend that can finish.
    pub(crate) fn recover(&self, rows: &Recovery<'_>) -> Result<Vec<Recovered>, Error> {
        let mut failure = None;
        // Devices recover no keys.
        for member in &self.members {
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
        for (index, taker) in usable.takers.iter().enumerate() {
            match *taker {
                Taker::Cpu(member) => {
                    let backend = member.backend();
                    let paths = call.paths(index, member);
                    let plan = Plan::new(batch, backend.shape(), paths, |suite| call.routes[suite] == index);
                    if plan.len() > 0 {
                        backend.verify(batch, &plan, &slots)?;
                        share(backend.kind(), plan.len());
                    }
                }
                Taker::Device(device) => {
                    let judged = self.verify_on_device(call, index, device, &slots, failures)?;
                    if let Some(OnDevice { on_device, too_long, again, judge }) = judged {
                        share(device.kind(), on_device);
                        why.push_str(&format!(", {again} judged again on {judge}"));
                        if too_long > 0 {
                            share(judge, too_long);
                        }
                    }
                }
            }
        }
        if shares.is_empty() {
            shares.extend(usable.takers.first().map(|taker| (taker.backend().kind(), 0)));
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
