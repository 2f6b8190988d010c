//! Signatures as the items of a pre-validator: what a micro-batch of them holds, and how the engine judges it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::cache::{Cache, Digest};
use super::config::{BeforeBatch, OnOutcomes};
use super::error::Fault;
use super::item::Submission;
use super::judge::{Judge, Judged};
use super::pending::{CANCELLED, UNDECIDED};
use super::report;
use super::ticket::{Outcome, UNKNOWN_KEY};
use crate::batch::{Batch, BatchView, Key, Message};
use crate::engine::Engine;
use crate::error::Error;
use crate::verdict::Verdicts;

/// The items of a micro-batch. The memory is used again.
#[derive(Default)]
pub(super) struct Load {
    pub(super) batch: Batch,
    pub(super) ids: Vec<u64>,
    /// Their hashes, where there is a duplicate cache; zero for items that it cannot know.
    pub(super) digests: Vec<Option<Digest>>,
}

/// The memory of a load that had more bytes an item than this is not kept.
const KEPT_BYTES_PER_ITEM: usize = 2048;

/// What judges signatures.
pub(super) struct Signatures {
    pub(super) engine: Arc<Engine>,
    pub(super) cache: Option<Cache>,
    pub(super) duplicates: AtomicU64,
    /// Refusals that the `metrics` facade knows of.
    pub(super) reported: AtomicU64,
    pub(super) on_outcomes: Option<OnOutcomes>,
    pub(super) before_batch: Option<BeforeBatch>,
}

impl Signatures {
    pub(super) fn push(&self, load: &mut Load, item: &Submission<'_>, digest: Option<Digest>) {
        load.batch.push(item.suite, item.key, item.message, item.signature);
        load.ids.push(item.id);
        if self.cache.is_some() {
            load.digests.push(digest);
        }
    }

    fn verify(&self, view: &BatchView<'_>) -> Result<Verdicts, Error> {
        if let Some(hook) = &self.before_batch {
            hook(view)?;
        }
        self.engine.verify_columns(view)
    }

    /// Sets the codes of items that are undecided.
    fn decide(&self, batch: &Batch, codes: &mut [u8]) -> Result<(), Error> {
        let view = batch.view()?;
        if codes.iter().all(|&code| code == UNDECIDED) {
            match self.verify(&view) {
                Ok(verdicts) => {
                    codes.copy_from_slice(verdicts.codes());
                    return Ok(());
                }
                Err(Error::UnknownKey { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        // Some items were cancelled, or name keys that are not registered: the others are copied, and go without them.
        // A key may still go between the look and the call, so it is done again until no more are found.
        loop {
            for (item, code) in codes.iter_mut().enumerate().filter(|(_, code)| **code == UNDECIDED) {
                let (suite, key, _, _) = view.row(item);
                if let Key::Id(id) = key
                    && self.engine.with_key(suite, id, |_| ()).is_none()
                {
                    *code = UNKNOWN_KEY;
                }
            }
            let (mut rest, mut places) = (Batch::new(), Vec::new());
            for place in (0..codes.len()).filter(|&place| codes[place] == UNDECIDED) {
                let (suite, key, message, signature) = view.row(place);
                let message = Message::of(suite.scheme().input(), message);
                rest.push(suite, key, message, signature);
                places.push(place);
            }
            if places.is_empty() {
                return Ok(());
            }
            match self.verify(&rest.view()?) {
                Ok(verdicts) => {
                    for (&place, &code) in places.iter().zip(verdicts.codes()) {
                        codes[place] = code;
                    }
                    return Ok(());
                }
                Err(Error::UnknownKey { item, .. }) => codes[places[item]] = UNKNOWN_KEY,
                Err(error) => return Err(error),
            }
        }
    }
}

impl Judge for Signatures {
    type Load = Load;
    type Shared = Fault;

    fn judge(&self, load: &Load, codes: &mut [u8]) -> Result<Option<Fault>, Fault> {
        self.decide(&load.batch, codes).map_err(|error| Fault::Engine(Arc::new(error)))?;
        if let Some(cache) = &self.cache {
            for (digest, &code) in load.digests.iter().zip(&*codes) {
                if let Some(digest) = digest
                    && ![CANCELLED, UNDECIDED, UNKNOWN_KEY].contains(&code)
                {
                    cache.insert(digest, code);
                }
            }
        }
        Ok(None)
    }

    fn ended(&self, batch: &Judged<'_, Self>) {
        report::batch(batch, &self.reported);
        let Some(sink) = &self.on_outcomes else { return };
        let outcome = |(&id, &code): (&u64, &u8)| {
            let code = match (code, batch.shared) {
                (UNDECIDED, Some(fault)) => Err(fault.clone()),
                (code, _) => Ok(code),
            };
            Outcome::of(id, code)
        };
        sink(&batch.load.ids.iter().zip(batch.codes).map(outcome).collect::<Vec<_>>());
    }

    fn clear(&self, load: &mut Load, items: usize) -> bool {
        if load.batch.bytes() > items.max(64) * KEPT_BYTES_PER_ITEM {
            return false;
        }
        load.batch.clear();
        load.ids.clear();
        load.digests.clear();
        true
    }
}
