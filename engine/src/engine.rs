//! The engine: what callers hold.

use std::num::NonZeroUsize;

use crate::backend::cpu;
use crate::backend::{BackendKind, DeviceReport, Recovery, Threads, Workers};
#[cfg(feature = "gpu")]
use crate::backend::{gpu, nodes};
use crate::batch::{Batch, BatchView, Column};
#[cfg(feature = "gpu")]
use crate::dispatch::LazyDevice;
use crate::dispatch::{BackendChoice, BreakEven, Chosen, DeviceSource, Dispatcher, choose};
use crate::error::Error;
use crate::hash::{Digests, Hash};
use crate::keyring::{KeyId, KeyRing, KeyScheme, KeyStats, TableStore};
use crate::policy::PathChoice;
use crate::suite::Suite;
use crate::verdict::Verdicts;
use crate::{EcdsaRule, Reason};

/// The environment variable that names the backend of engines whose caller leaves the choice open.
pub const BACKEND_VARIABLE: &str = "SIGWARP_BACKEND";

/// Verifies batches. Build one and share it: it is `Send` and `Sync`, and every call borrows it.
///
/// ```
/// use sigwarp::{Batch, Ed25519Rule, Engine, Key, Message, Reason, Suite, Verdict};
///
/// let engine = Engine::builder().build()?;
/// let suite = Suite::ed25519(Ed25519Rule::Zip215);
/// let mut batch = Batch::new();
/// batch.push(&suite, Key::Bytes(&[0; 31]), Message::Raw(b"hello"), &[0; 64]);
/// let verdicts = engine.verify(&batch)?;
/// assert_eq!(verdicts.get(0), Some(Verdict::Invalid(Reason::BadKeyLength)));
/// # Ok::<(), sigwarp::Error>(())
/// ```
pub struct Engine {
    dispatcher: Dispatcher,
    ring: KeyRing,
}

impl Engine {
    /// Starts configuring an engine.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The verdict on every item of `batch`, in its order. An `Err` is a fault of the engine or of the call and
    /// says nothing about any signature.
    pub fn verify(&self, batch: &Batch) -> Result<Verdicts, Error> {
        self.verify_columns(&batch.view()?)
    }

    /// As [`Self::verify`], over columns that the caller owns.
    pub fn verify_columns(&self, batch: &BatchView<'_>) -> Result<Verdicts, Error> {
        let generation = self.ring.pin();
        let batch = batch.with_ring(&generation).map_err(|(item, id)| Error::UnknownKey { item, id })?;
        let verdicts = self.dispatcher.verify(&batch)?;
        self.learn(&batch, &verdicts);
        Ok(verdicts)
    }

    /// Registers public keys for signatures of the scheme of `suite`, and makes tables of them within the key
    /// budget. Returns an id for each key, the same id for the same bytes; or the reason why `suite` rejects every
    /// signature under a key.
    ///
    /// Schemes that are not accelerated ([`Scheme::is_accelerated`](crate::Scheme::is_accelerated)) have no tables: of
    /// their keys, which may be long, the bytes and the decoded form are kept, and the budget counts both.
    ///
    /// An id stands for the bytes alone: it can be named under every rule of the scheme, and an item with these
    /// bytes is as fast as one with the id. Keys may be registered and dropped while batches run.
    ///
    /// ```
    /// use sigwarp::{Batch, Ed25519Rule, Engine, Key, Message, Reason, Suite};
    ///
    /// let engine = Engine::builder().build()?;
    /// let suite = Suite::ed25519(Ed25519Rule::Strict);
    /// let mut base_point = [0x66; 32];
    /// base_point[0] = 0x58;
    /// let keys = engine.register(&suite, [&base_point[..], &[2; 31]])?;
    /// assert_eq!(keys[1], Err(Reason::BadKeyLength));
    /// let id = keys[0].expect("the base point is a key");
    /// let mut batch = Batch::new();
    /// batch.push(&suite, Key::Id(id), Message::Raw(b"hello"), &[1; 64]);
    /// assert!(!engine.verify(&batch)?.all_valid());
    /// assert_eq!(engine.unregister(&[id]), 1);
    /// # Ok::<(), sigwarp::Error>(())
    /// ```
    pub fn register<K: AsRef<[u8]>>(
        &self,
        suite: &Suite,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<Vec<Result<KeyId, Reason>>, Error> {
        let scheme = suite.scheme().keys();
        let unsupported = || Error::Unsupported { backends: self.backends(), suite: suite.clone() };
        let store = self.dispatcher.table_store(scheme)?.ok_or_else(unsupported)?;
        let keys: Vec<K> = keys.into_iter().collect();
        let keys: Vec<&[u8]> = keys.iter().map(AsRef::as_ref).collect();
        self.ring
            .register(store, &|other| self.table_store(other), scheme, &keys, |criteria| {
                suite.kind().refuses_key(criteria)
            })
            .map_err(|exhausted| Error::KeyBudget { needed: exhausted.needed, budget: exhausted.budget })
    }

    /// Drops registered keys; their ids are unknown from then on. Batches that are running keep the keys they have.
    /// Returns the number of ids that named a key.
    pub fn unregister(&self, ids: &[KeyId]) -> usize {
        self.ring.unregister(ids)
    }

    /// What the key ring holds.
    pub fn key_stats(&self) -> KeyStats {
        self.ring.stats()
    }

    /// The result of `work` on the bytes of a registered key that may be named with `suite`; `None` where the id does
    /// not name such a key.
    pub(crate) fn with_key<T>(&self, suite: &Suite, id: KeyId, work: impl FnOnce(&[u8]) -> T) -> Option<T> {
        let generation = self.ring.pin();
        generation.get_of(id, suite.scheme().keys()).map(|record| work(record.bytes()))
    }

    /// Where the keys of a scheme are examined and their tables made, if that is done right.
    fn table_store(&self, scheme: KeyScheme) -> Option<&dyn TableStore> {
        self.dispatcher.table_store(scheme).ok().flatten()
    }

    /// What a batch teaches about keys: which are worth a better table, and which are not in the ring and come often.
    fn learn(&self, batch: &BatchView<'_>, verdicts: &Verdicts) {
        /// Items looked at, in steps through the whole batch.
        const LOOKED_AT: usize = 4096;
        self.ring.promote(&|scheme| self.table_store(scheme));
        if !self.ring.admits() {
            return;
        }
        let items = (0..batch.len()).step_by(batch.len().div_ceil(LOOKED_AT).max(1));
        let valid = items.filter(|&item| verdicts.get(item).is_some_and(|verdict| verdict.is_valid()));
        let unknown: Vec<(KeyScheme, &[u8])> = valid
            .map(|item| batch.resolve(item))
            .filter(|(_, known)| known.is_none())
            .map(|(item, _)| (item.suite.scheme().keys(), item.key))
            .collect();
        for scheme in KeyScheme::ALL {
            let keys = unknown.iter().filter(|(of, _)| *of == scheme).map(|(_, key)| *key);
            let keys: Vec<&[u8]> = keys.collect();
            if let Some(store) = keys.first().and_then(|_| self.table_store(scheme)) {
                self.ring.observe(store, scheme, &keys);
            }
        }
    }

    /// The digest of each message, in order. Lengths may be mixed; a message is read where it lies and is not copied.
    ///
    /// ```
    /// use sigwarp::{Column, Engine, Hash};
    ///
    /// let engine = Engine::builder().build()?;
    /// let arena = b"one, two, three";
    /// let spans = [(0, 3), (5, 3), (10, 5)];
    /// let digests = engine.hash(Hash::Keccak256, Column::spans(arena, &spans)?)?;
    /// assert_eq!((digests.len(), digests.iter().len()), (3, 3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn hash<'a>(&self, hash: Hash, messages: impl Into<Column<'a>>) -> Result<Digests, Error> {
        let messages = messages.into();
        let mut digests = vec![0; messages.len() * hash.digest_length()];
        self.dispatcher.hash(hash, &messages, &mut digests)?;
        Ok(Digests::from_bytes(hash, digests).expect("a whole number of digests"))
    }

    /// As [`Self::hash`], into a buffer of exactly [`Hash::digest_length`] bytes for each message. After an error the
    /// contents of the buffer are unspecified.
    pub fn hash_into<'a>(
        &self,
        hash: Hash,
        messages: impl Into<Column<'a>>,
        digests: &mut [u8],
    ) -> Result<(), Error> {
        let messages = messages.into();
        let needed = messages.len() * hash.digest_length();
        if digests.len() != needed {
            let (messages, given) = (messages.len(), digests.len());
            return Err(Error::DigestBuffer { hash, messages, needed, given });
        }
        self.dispatcher.hash(hash, &messages, digests)
    }

    /// The public key under which each row is a valid secp256k1 signature of its digest: 04 ‖ x ‖ y, or the reason
    /// why there is none. Row by row the answers are those of [`crate::recover`], which says what the columns hold.
    ///
    /// ```
    /// use sigwarp::{Column, EcdsaRule, Engine, Reason};
    ///
    /// let engine = Engine::builder().build()?;
    /// let (digests, signatures) = ([[1; 32]; 2], [[5; 64], [0; 64]]);
    /// let columns = [Column::fixed(digests.as_flattened(), 32)?, Column::fixed(signatures.as_flattened(), 64)?];
    /// let keys = engine.recover(EcdsaRule::Any, columns[0], columns[1], &[0, 1])?;
    /// assert_eq!(keys[0], sigwarp::recover(&digests[0], &signatures[0], 0, EcdsaRule::Any));
    /// assert_eq!(keys[1], Err(Reason::ScalarOutOfRange));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recover<'a>(
        &self,
        rule: EcdsaRule,
        digests: impl Into<Column<'a>>,
        signatures: impl Into<Column<'a>>,
        recovery_ids: &[u8],
    ) -> Result<Vec<Result<[u8; 65], Reason>>, Error> {
        let (digests, signatures) = (digests.into(), signatures.into());
        for (column, rows) in [("digests", digests.len()), ("recovery ids", recovery_ids.len())] {
            if rows != signatures.len() {
                return Err(Error::RecoveryRows { column, rows, signatures: signatures.len() });
            }
        }
        self.dispatcher.recover(&Recovery { rule, digests, signatures, ids: recovery_ids })
    }

    /// The Ethereum address of each uncompressed key, as [`crate::ethereum_address`] gives it.
    pub fn ethereum_addresses(&self, keys: &[[u8; 65]]) -> Result<Vec<[u8; 20]>, Error> {
        let rows: Vec<&[u8]> = keys.iter().map(|key| &key[1..]).collect();
        let digests = self.hash(Hash::Keccak256, Column::slices(&rows))?;
        let mut addresses = vec![[0; 20]; keys.len()];
        for (address, digest) in addresses.iter_mut().zip(digests.iter()) {
            address.copy_from_slice(&digest[12..]);
        }
        Ok(addresses)
    }

    /// Runs at once what is left of the self-test, and measures what the choice of paths depends on: a fraction of a
    /// second, which later calls save. Without it a backend gives the known answers of a scheme, of a hash function, of recovery or
    /// of registered keys just before its first result of that kind, which takes some milliseconds for each.
    ///
    /// An error if a backend that was named gives a wrong answer, or each of those that could be chosen does. Where one
    /// is left, [`Self::why`] says which were not used and why.
    ///
    /// ```
    /// let engine = sigwarp::Engine::builder().build()?;
    /// engine.self_test()?;
    /// # Ok::<(), sigwarp::Error>(())
    /// ```
    pub fn self_test(&self) -> Result<(), Error> {
        self.dispatcher.self_test()
    }

    /// Whether a backend of this engine implements `suite`.
    pub fn supports(&self, suite: &Suite) -> bool {
        self.dispatcher.supports(suite)
    }

    /// The backends in use, the first choice first. A suite goes to the first that implements it. One that gave a wrong
    /// answer in its self-test is no longer in use. An engine that chooses by itself and may use a device opens it when it
    /// gets large work, and lists it from then on.
    pub fn backends(&self) -> Vec<BackendKind> {
        self.dispatcher.kinds()
    }

    /// Why those backends were chosen, and why a faster one was not.
    pub fn why(&self) -> String {
        self.dispatcher.why()
    }

    /// Whether a backend of this engine implements a hash function.
    pub fn supports_hash(&self, hash: Hash) -> bool {
        self.dispatcher.supports_hash(hash)
    }

    /// The device of this engine, if one is in use: what it is, how it compares, and whether it is trusted.
    pub fn device(&self) -> Option<DeviceStatus> {
        let device = self.dispatcher.device()?;
        let (kernel_time, dispatches) = device.kernel_time();
        Some(DeviceStatus {
            report: device.report().clone(),
            quarantine: self.dispatcher.trust().quarantined(),
            recheck: self.dispatcher.trust().fraction(),
            items: self.dispatcher.break_even().map(Rates::from),
            hashed_bytes: self.dispatcher.break_even_bytes().map(Rates::from),
            kernel_time,
            dispatches,
        })
    }

    /// The number of threads that a call may use: what [`Builder::threads`] was given, but at most [`Threads::most`].
    pub fn threads(&self) -> usize {
        self.dispatcher.threads()
    }
}

/// A device in use.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DeviceStatus {
    /// What it is.
    pub report: DeviceReport,
    /// Why it is no longer used, if so.
    pub quarantine: Option<String>,
    /// The fraction of its valid items that are judged again.
    pub recheck: f64,
    /// Ed25519, in items.
    pub items: Option<Rates>,
    /// SHA-256 of messages of 256 bytes, in bytes.
    pub hashed_bytes: Option<Rates>,
    /// The time that its kernels have taken so far.
    pub kernel_time: std::time::Duration,
    /// The number of dispatches so far.
    pub dispatches: u64,
}

/// How fast a device is compared with the CPU, by a short measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Rates {
    /// The device's rate per second in large batches.
    pub device: f64,
    /// The rate per second of the CPU's threads.
    pub cpu: f64,
    /// Break-even: the batch size from which the device beats the CPU; `None` if it never does.
    pub break_even: Option<usize>,
}

impl From<BreakEven> for Rates {
    fn from(measured: BreakEven) -> Self {
        Self { device: measured.device_rate, cpu: measured.cpu_rate, break_even: measured.from }
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("backends", &self.backends())
            .field("threads", &self.threads())
            .finish()
    }
}

/// Configures an [`Engine`].
#[derive(Debug, Clone, Default)]
pub struct Builder {
    backend: BackendChoice,
    threads: Threads,
    path: PathChoice,
    key_budget: Option<usize>,
    admits: bool,
    #[cfg(feature = "gpu")]
    gpu: Option<gpu::GpuOptions>,
}

/// The default key budget: four thousand full tables.
const KEY_BUDGET: usize = 256 << 20;

impl Builder {
    /// Sets the backend. A forced backend that cannot run here makes [`Self::build`] fail.
    pub fn backend(mut self, choice: BackendChoice) -> Self {
        self.backend = choice;
        self
    }

    /// Sets the algorithm by which verdicts are computed; they do not depend on it. [`PathChoice::Auto`] takes the one that
    /// costs least.
    pub fn path(mut self, choice: PathChoice) -> Self {
        self.path = choice;
        self
    }

    /// Sets the number of threads; no more than [`Threads::most`] are started. With one, everything runs on the calling
    /// thread.
    pub fn threads(mut self, count: NonZeroUsize) -> Self {
        self.threads = Threads::Count(count);
        self
    }

    /// Runs on the caller's pool, whose own tasks may call the engine too.
    pub fn pool(mut self, pool: std::sync::Arc<rayon::ThreadPool>) -> Self {
        self.threads = Threads::Pool(pool);
        self
    }

    /// Sets the bytes that the key ring may take, for keys and tables; 256 MiB by default. None of it is used
    /// before keys are registered or admitted.
    pub fn key_budget(mut self, bytes: usize) -> Self {
        self.key_budget = Some(bytes);
        self
    }

    /// Whether keys that come often in valid signatures are kept as if they were registered, as far as the key
    /// budget goes; they make room for registered ones. Off by default.
    pub fn admit_keys(mut self, admit: bool) -> Self {
        self.admits = admit;
        self
    }

    /// Sets which adapter the backend `gpu` uses, and how far it is trusted. It also lets [`BackendChoice::Auto`] open that
    /// adapter for large work; an engine that chooses by itself and was not given this stays on the CPU. What a device
    /// accepts rests on how much of it is judged again: see [`GpuOptions::recheck`](gpu::GpuOptions::recheck).
    #[cfg(feature = "gpu")]
    pub fn gpu(mut self, options: gpu::GpuOptions) -> Self {
        self.gpu = Some(options);
        self
    }

    /// Chooses the backend and starts the threads. A backend of the CPU is tested when it is first used, part by part
    /// ([`Engine::self_test`] does it at once); a device is tested when it is opened, which for one that is named is here.
    pub fn build(self) -> Result<Engine, Error> {
        let (choice, named_by) = match (self.backend, std::env::var(BACKEND_VARIABLE)) {
            (BackendChoice::Auto, Ok(name)) if !name.is_empty() && name != "auto" => {
                let kind = BackendKind::from_name(&name).ok_or(Error::UnknownBackend(name))?;
                (BackendChoice::Forced(kind), BACKEND_VARIABLE)
            }
            (choice, _) => (choice, "the caller"),
        };
        let workers = Workers::start(&self.threads)?;
        #[cfg(feature = "gpu")]
        let (recheck, chosen) = {
            let options = self.gpu.clone().unwrap_or_default();
            let recheck = options.recheck;
            let chosen = match choice {
                // On any adapter: it was named.
                BackendChoice::Forced(BackendKind::Gpu) => {
                    let device = gpu::Gpu::start(&options, true);
                    let device = device.map_err(|fault| Error::NoDevice(fault.to_string()))?;
                    Chosen::Fastest(DeviceSource::Named(device))
                }
                BackendChoice::Forced(kind) => Chosen::Cpu(kind),
                BackendChoice::Auto => {
                    let start = move || gpu::Gpu::start(&options, false).map_err(|fault| fault.to_string());
                    let lazy = || LazyDevice::new(start, gpu::supports, gpu::supports_hash);
                    Chosen::Fastest(DeviceSource::asked(self.gpu.is_some(), nodes::no_device, lazy))
                }
            };
            (recheck, chosen)
        };
        #[cfg(not(feature = "gpu"))]
        let (recheck, chosen) = match choice {
            BackendChoice::Forced(kind) => (1.0, Chosen::Cpu(kind)),
            BackendChoice::Auto => (1.0, Chosen::Fastest(DeviceSource::NotAsked)),
        };
        let dispatcher = choose(chosen, named_by, self.path, recheck, |kind| {
            cpu::start(kind, workers.clone()).ok_or(Error::Unavailable { backend: kind })
        })?;
        let ring = KeyRing::new(self.key_budget.unwrap_or(KEY_BUDGET), self.admits);
        Ok(Engine { dispatcher, ring })
    }
}
