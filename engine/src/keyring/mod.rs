//! The key ring: keys that are known before their signatures come.
//!
//! A key is identified by its scheme and its exact bytes: two encodings of one point are two keys. Stored are what
//! the bytes are ([`Examined`]: criteria that rules judge by, and what they decode to) and what a backend made of
//! them ([`Table`]); never whether a rule accepts them. How long keys are and what they decode to is for their scheme to
//! say: whoever examines a key bounds it.
//!
//! # Tiers
//! | tier | bytes of Ed25519, of other curves | for |
//! |---|---|---|
//! | decoded | about 200; of a long key its own bytes and what it decodes to besides | any key: saves decoding |
//! | compact | 2 kB more | large fleets: saves most doublings |
//! | full | 64, 32 kB more | the keys in use: no decoding, hardly a doubling |
//!
//! The budget counts all of it. Registered keys are pinned: they leave when they are told to. Keys seen in traffic
//! are admitted by frequency (`admit`), after valid signatures only, and make room whenever a registered key needs
//! it.
//!
//! # Generations
//! A batch pins the [`Generation`] that is current when it starts, and sees that one until it ends. Changes build
//! the next generation, which shares every shard that did not change, so keys join and leave while batches run, and
//! neither waits for the other.
//!
//! # Locks
//! The ledger's lock is held to plan a change and to carry it out, never while keys are decoded or tables are made: so
//! a change is planned, its tables are made without a lock, and it is planned again with them. Tables are made on the
//! threads of an engine, and a thread that waits for others may take up any other task of theirs, one that changes
//! keys too. A call that verifies never waits for the ledger: it gives up a promotion or an admission instead, and
//! makes no more than [`PROMOTED_PER_CALL`] full and [`admitted_per_call`] compact tables.

mod admit;
mod generation;
mod ledger;
mod orders;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::collections::hash_map::Entry;
use std::fmt;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};

pub(crate) use generation::{Generation, Record};

use crate::Reason;
pub(crate) use crate::schemes::values::{COUNTERS, KeyScheme, ParsedKey, WeierstrassKeys};
use admit::Sketch;
use ledger::{Ledger, Prepared};

/// Better tables that one call makes, at most: a vector of the widest lanes, which take as long over one table as over
/// eight. Keys of a fleet become worth one at the same time, and the call that comes then must not make all of them.
const PROMOTED_PER_CALL: usize = 8;
/// Keys that one call admits, at most: compact tables are smaller by more than ten times. In a call with more keys than
/// that, a share of them: such a table takes longer to make than its key's signature takes to verify.
const fn admitted_per_call(keys: usize) -> usize {
    if keys / 4 > 32 { keys / 4 } else { 32 }
}

/// Names a key of the engine that gave it, until the key is unregistered.
///
/// Ids are not used again: one that was unregistered is an error wherever it is named, even when the same key is
/// registered anew.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct KeyId(NonZeroU64);

impl KeyId {
    /// The id as a number, which is not 0, for callers that keep it outside of Rust.
    #[inline]
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    /// The id of a number that [`Self::get`] gave; `None` for 0. Another number names nothing, and verifying an item
    /// with it is [`crate::Error::UnknownKey`].
    pub const fn from_number(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({:016x})", self.0)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Canonical affine coordinates, x and y, as little-endian words.
pub(crate) type Coordinates = [[u64; 4]; 2];

/// What the bytes of a key decode to.
#[derive(Clone)]
pub(crate) enum Decoded {
    /// A point of a curve over 256 bits.
    Point(Coordinates),
    /// A key of another kind, which only its scheme understands.
    #[cfg_attr(
        not(any(test, feature = "one-by-one")),
        allow(dead_code, reason = "no other scheme has such keys yet")
    )]
    Parsed(ParsedKey),
}

impl Decoded {
    /// The points of keys in their order; none at all where one of them is no point.
    pub(crate) fn points(keys: &[Self]) -> Vec<Coordinates> {
        let points = keys.iter().map(|key| match key {
            Self::Point(point) => Some(*point),
            Self::Parsed(_) => None,
        });
        points.collect::<Option<_>>().unwrap_or_default()
    }
}

/// What the bytes of a key are.
#[derive(Clone)]
pub(crate) struct Examined {
    /// The criteria of its scheme, in bits that only the scheme understands.
    pub(crate) criteria: u8,
    /// What the bytes decode to, if they do.
    pub(crate) decoded: Option<Decoded>,
}

/// How much is kept of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Tier {
    Compact,
    Full,
}

/// What a backend made of a key, in a form that it alone understands.
pub(crate) type Table = Arc<dyn Any + Send + Sync>;

/// Where the tables of one scheme come from, on one backend. Keys are examined and tables are built without any lock of
/// the ring.
pub(crate) trait TableStore: Sync {
    /// What the bytes of each key are, or what is wrong with their form.
    fn examine(&self, keys: &[&[u8]]) -> Vec<Result<Examined, Reason>>;

    /// The bytes of a table, or `None` where there is none of this tier.
    fn table_bytes(&self, tier: Tier) -> Option<usize>;

    /// A table for each key, in their order; none at all where one of them is not of the kind that tables are made of.
    fn build(&self, tier: Tier, keys: &[Decoded]) -> Vec<Table>;
}

/// The store of each scheme; none where a scheme has no tables, or its tables failed their self-test.
pub(crate) type Stores<'a, 's> = &'a dyn Fn(KeyScheme) -> Option<&'s dyn TableStore>;

/// Keys do not fit into the budget, even without a table for any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exhausted {
    pub(crate) needed: usize,
    pub(crate) budget: usize,
}

/// What the key ring of an engine holds, and what it was used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct KeyStats {
    /// Registered keys.
    pub registered: usize,
    /// Keys admitted from traffic.
    pub admitted: usize,
    /// Keys with a full table.
    pub full: usize,
    /// Keys with a compact table.
    pub compact: usize,
    /// Keys without a table: what is kept is their bytes and what these decode to.
    pub decoded: usize,
    /// Bytes of all of it.
    pub bytes: usize,
    /// Bytes that it may take.
    pub budget: usize,
    /// How often keys have joined or left.
    pub generation: u64,
    /// Items whose key was found in the ring.
    pub found: u64,
    /// Admitted keys that had to make room.
    pub evicted: u64,
}

/// See the module.
pub(crate) struct KeyRing {
    current: RwLock<Arc<Generation>>,
    ledger: Mutex<Ledger>,
    /// Held by the call that promotes keys: there is one at a time.
    promoting: Mutex<()>,
    sketch: Option<Mutex<Sketch>>,
}

impl KeyRing {
    /// A ring of at most `budget` bytes, which admits keys from traffic if it is told to.
    pub(crate) fn new(budget: usize, admits: bool) -> Self {
        Self {
            current: RwLock::new(Arc::new(Generation::new())),
            ledger: Mutex::new(Ledger::new(budget)),
            promoting: Mutex::new(()),
            sketch: admits.then(|| Mutex::new(Sketch::new())),
        }
    }

    /// A ring whose budget gives these keys this tier and no better one.
    pub(crate) fn of_tier(store: &dyn TableStore, tier: Option<Tier>, keys: &[&[u8]]) -> Self {
        let table = tier.and_then(|tier| store.table_bytes(tier)).unwrap_or(0);
        let record = |(key, examined): (&&[u8], Result<Examined, Reason>)| {
            let decoded = examined.ok()?.decoded?;
            Some(generation::record_bytes(key, &decoded) + table)
        };
        Self::new(keys.iter().zip(store.examine(keys)).filter_map(record).sum(), false)
    }

    /// The current generation, which stays as it is for as long as it is held.
    pub(crate) fn pin(&self) -> Arc<Generation> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Registers keys. Of a key that is there already, the id that it has is given again.
    ///
    /// `refused` says why a suite never accepts a signature under a key with these criteria, if so. Keys of other
    /// schemes may have to make room: `others` has their stores.
    pub(crate) fn register(
        &self,
        store: &dyn TableStore,
        others: Stores<'_, '_>,
        scheme: KeyScheme,
        keys: &[&[u8]],
        refused: impl Fn(u8) -> Option<Reason>,
    ) -> Result<Vec<Result<KeyId, Reason>>, Exhausted> {
        // Whose tables are demoted may be of any scheme, and only its own store makes tables for it.
        let stores = |of: KeyScheme| if of == scheme { Some(store) } else { others(of) };
        let mut prepared = Prepared::default();
        loop {
            let mut unknown = Vec::new();
            let generation = self.pin();
            for &key in keys {
                // Bytes that are there twice are examined once.
                let place = prepared.places.len();
                if generation.find(scheme, key).is_none()
                    && let Entry::Vacant(entry) = prepared.places.entry(key)
                {
                    entry.insert(place);
                    unknown.push(key);
                }
            }
            drop(generation);
            prepared.examined.extend(store.examine(&unknown));
            drop(unknown);

            let mut ledger = self.write();
            let mut next = Generation::clone(&self.pin());
            let mut draft = ledger.clone();
            let planned = draft.register(&mut next, &stores, &mut prepared, scheme, keys, &refused)?;
            if let Some(registered) = planned {
                *ledger = draft;
                self.publish(ledger, next);
                return Ok(registered);
            }
            drop(ledger);
            prepared.orders.make(&stores);
        }
    }

    /// Drops keys, and says how many of the ids named one.
    pub(crate) fn unregister(&self, ids: &[KeyId]) -> usize {
        let mut ledger = self.write();
        let mut next = Generation::clone(&self.pin());
        let dropped = ledger.remove(&mut next, ids);
        self.publish(ledger, next);
        dropped
    }

    /// Whether [`Self::observe`] does anything.
    pub(crate) fn admits(&self) -> bool {
        self.sketch.is_some()
    }

    /// Takes note of the keys of valid signatures that are not in the ring, each as often as it occurred, and admits
    /// those that come often, [`admitted_per_call`] at most. Does nothing where another thread is at it.
    pub(crate) fn observe(&self, store: &dyn TableStore, scheme: KeyScheme, keys: &[&[u8]]) {
        let Some(Ok(mut sketch)) = self.sketch.as_ref().map(Mutex::try_lock) else { return };
        let generation = self.pin();
        let mut frequent = Vec::new();
        for &key in keys {
            if let Some(count) = sketch.count(generation.hash(scheme, key)) {
                frequent.push((key, count));
                if frequent.len() == admitted_per_call(keys.len()) {
                    break;
                }
            }
        }
        drop((sketch, generation));
        if frequent.is_empty() {
            return;
        }
        let bytes: Vec<&[u8]> = frequent.iter().map(|(key, _)| *key).collect();
        let examined = store.examine(&bytes);
        let Some(mut ledger) = self.try_write() else { return };
        let admission = ledger.plan_admission(&self.pin(), store, scheme, &frequent, examined);
        drop(ledger);
        if admission.is_empty() {
            return;
        }
        let tables = admission.tables(store);
        let Some(mut ledger) = self.try_write() else { return };
        let mut next = Generation::clone(&self.pin());
        ledger.admit(&mut next, admission, tables);
        self.publish(ledger, next);
    }

    /// Gives better tables to keys that have been used often, as far as the budget goes: to [`PROMOTED_PER_CALL`] keys of
    /// one scheme, while others go on waiting. Does nothing where another thread promotes or changes keys.
    pub(crate) fn promote(&self, stores: Stores<'_, '_>) {
        let wanted = self.pin().wanted();
        if wanted.is_empty() {
            return;
        }
        // A panic while it was held has left nothing behind.
        let _promoting = match self.promoting.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let Some(mut ledger) = self.try_write() else { return };
        let planned = ledger.plan_promotion(&self.pin(), stores, &wanted);
        drop(ledger);
        let Some(promotion) = planned else { return };
        let tables = promotion.tables();
        let Some(mut ledger) = self.try_write() else { return wanted.put_back(promotion.ids()) };
        let mut next = Generation::clone(&self.pin());
        if ledger.promote(&mut next, &promotion, tables) {
            self.publish(ledger, next);
        }
    }

    pub(crate) fn stats(&self) -> KeyStats {
        let ledger = self.write();
        let generation = self.pin();
        KeyStats { found: generation.found(), generation: generation.number(), ..ledger.stats() }
    }

    fn write(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(|poisoned| self.recount(poisoned.into_inner()))
    }

    /// The ledger, unless another thread has it.
    fn try_write(&self) -> Option<MutexGuard<'_, Ledger>> {
        match self.ledger.try_lock() {
            Ok(ledger) => Some(ledger),
            Err(TryLockError::Poisoned(poisoned)) => Some(self.recount(poisoned.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// No builder of tables runs while the ledger is locked, so that a panic there is a fault of the ledger's own: its
    /// counts are then made anew from the generation that is there.
    fn recount<'l>(&self, mut ledger: MutexGuard<'l, Ledger>) -> MutexGuard<'l, Ledger> {
        ledger.recount(&self.pin());
        self.ledger.clear_poison();
        ledger
    }

    /// Makes `next` the current generation. What only the one before held is freed after the locks are.
    fn publish(&self, ledger: MutexGuard<'_, Ledger>, next: Generation) {
        let next = Arc::new(next.numbered());
        let before = {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *current, next)
        };
        drop(ledger);
        drop(before);
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyRing").field(&self.stats()).finish()
    }
}
