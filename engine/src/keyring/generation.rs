//! Generations: what a batch sees of the ring.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{COUNTERS, Coordinates, Decoded, KeyId, KeyScheme, ParsedKey, Table, Tier};

/// Shards are the unit of copying: a change copies the shards that it touches, if a batch still holds them.
const SHARD_BITS: u32 = 10;
const SHARDS: usize = 1 << SHARD_BITS;
/// Positions in a shard.
const POSITION_BITS: u32 = 22;

/// Uses after which a key is worth a better table: at each power of two from here on it asks again. A full table
/// costs what it saves over a compact one in about a hundred signatures.
pub(super) const PROMOTE_FROM: u32 = 128;

/// Keys that wait for a better table, at most: 128 kB. One that finds no place asks again at twice its uses.
pub(super) const MOST_WANTED: usize = 1 << 14;

/// The longest key that has room in its record: an uncompressed point of a curve over 256 bits.
const INLINE: usize = 65;

/// The bytes of a key and what they decode to.
#[derive(Clone)]
enum Body {
    /// A key whose point is known, in the record itself: there are millions of them.
    Inline { length: u8, bytes: [u8; INLINE], point: Coordinates },
    /// Any other, in memory of its own, which the records that follow this one share.
    Apart { bytes: Arc<[u8]>, decoded: Decoded },
}

impl Body {
    fn new(key: &[u8], decoded: Decoded) -> Self {
        let mut bytes = [0; INLINE];
        match (bytes.get_mut(..key.len()), decoded) {
            (Some(room), Decoded::Point(point)) => {
                room.copy_from_slice(key);
                Self::Inline { length: key.len() as u8, bytes, point }
            }
            (_, decoded) => Self::Apart { bytes: key.into(), decoded },
        }
    }
}

/// What a key costs without a table, in bytes: a record, and what lies apart from it.
pub(super) fn record_bytes(key: &[u8], decoded: &Decoded) -> usize {
    let decoded = match decoded {
        Decoded::Point(_) if key.len() <= INLINE => return RECORD_BYTES,
        Decoded::Point(_) => 0,
        Decoded::Parsed(parsed) => parsed.bytes(),
    };
    // Shared bytes end where their counters are aligned.
    RECORD_BYTES + COUNTERS + key.len().next_multiple_of(align_of::<usize>()) + decoded
}

/// A key that is known.
pub(crate) struct Record {
    pub(super) id: KeyId,
    pub(super) scheme: KeyScheme,
    /// Registered, and not admitted from traffic.
    pub(super) pinned: bool,
    pub(crate) criteria: u8,
    body: Body,
    pub(crate) table: Option<(Tier, Table)>,
    /// Uses, roughly: counts of threads that race are lost.
    uses: AtomicU32,
}

/// A record, its counters, a slot and two buckets.
pub(super) const RECORD_BYTES: usize =
    size_of::<Record>() + COUNTERS + size_of::<Slot>() + 2 * size_of::<u32>();

// A million keys are to fit into 256 MiB.
const _: () = assert!(size_of::<Record>() <= 176 && RECORD_BYTES <= 216);

impl Record {
    pub(super) fn new(
        scheme: KeyScheme,
        key: &[u8],
        pinned: bool,
        criteria: u8,
        decoded: Decoded,
        table: Option<(Tier, Table)>,
    ) -> Self {
        let (id, uses) = (KeyId(NonZeroU64::MIN), AtomicU32::new(0));
        Self { id, scheme, pinned, criteria, body: Body::new(key, decoded), table, uses }
    }

    /// The same key with something changed.
    pub(super) fn with(&self, pinned: bool, table: Option<(Tier, Table)>) -> Self {
        let uses = AtomicU32::new(self.uses());
        Self { pinned, table, uses, body: self.body.clone(), ..*self }
    }

    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.body {
            Body::Inline { length, bytes, .. } => &bytes[..usize::from(*length)],
            Body::Apart { bytes, .. } => bytes,
        }
    }

    /// The point, of a key that is one.
    #[inline]
    pub(crate) fn point(&self) -> Option<&Coordinates> {
        match &self.body {
            Body::Inline { point, .. } | Body::Apart { decoded: Decoded::Point(point), .. } => Some(point),
            Body::Apart { decoded: Decoded::Parsed(_), .. } => None,
        }
    }

    /// What its scheme made of a key that is no point.
    #[cfg_attr(
        not(any(test, feature = "one-by-one")),
        allow(dead_code, reason = "no other scheme has such keys yet")
    )]
    #[inline]
    pub(crate) fn parsed(&self) -> Option<&ParsedKey> {
        match &self.body {
            Body::Apart { decoded: Decoded::Parsed(parsed), .. } => Some(parsed),
            Body::Inline { .. } | Body::Apart { decoded: Decoded::Point(_), .. } => None,
        }
    }

    pub(super) fn decoded(&self) -> Decoded {
        match &self.body {
            Body::Inline { point, .. } => Decoded::Point(*point),
            Body::Apart { decoded, .. } => decoded.clone(),
        }
    }

    /// What it costs without its table, in bytes.
    pub(super) fn record_bytes(&self) -> usize {
        match &self.body {
            Body::Inline { .. } => RECORD_BYTES,
            Body::Apart { bytes, decoded } => record_bytes(bytes, decoded),
        }
    }

    #[inline]
    pub(super) fn tier(&self) -> Option<Tier> {
        self.table.as_ref().map(|(tier, _)| *tier)
    }

    #[inline]
    pub(super) fn uses(&self) -> u32 {
        self.uses.load(Ordering::Relaxed)
    }

    pub(super) fn set_uses(&self, uses: u32) {
        self.uses.store(uses, Ordering::Relaxed);
    }

    /// Counts a use; says whether the key is now worth a better table.
    #[inline]
    fn count_use(&self) -> bool {
        let uses = self.uses().saturating_add(1);
        self.set_uses(uses);
        uses >= PROMOTE_FROM && uses.is_power_of_two() && self.tier() != Some(Tier::Full)
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("id", &self.id).field("tier", &self.tier()).finish_non_exhaustive()
    }
}

/// A position. Its serial number stays behind when a key leaves, so that old ids name nothing; the next key that takes
/// the position gets the next number. After the last number, 2^31 keys or more, none does.
#[derive(Clone)]
struct Slot {
    serial: u32,
    record: Option<Arc<Record>>,
}

/// Keys by position, and by the hash of their bytes.
#[derive(Clone, Default)]
struct Shard {
    slots: Vec<Slot>,
    /// Positions that another key may take.
    free: Vec<u32>,
    /// Open addressing: position + 1, or 0. A power of two of places, at most half of them taken.
    buckets: Vec<u32>,
}

impl Shard {
    #[inline]
    fn find(&self, hash: u64, scheme: KeyScheme, key: &[u8]) -> Option<&Arc<Record>> {
        let mask = self.buckets.len().checked_sub(1)?;
        let mut place = hash as usize & mask;
        loop {
            let position = self.buckets[place].checked_sub(1)?;
            match &self.slots[position as usize].record {
                Some(record) if record.scheme == scheme && record.bytes() == key => return Some(record),
                _ => place = (place + 1) & mask,
            }
        }
    }

    fn place(buckets: &mut [u32], hash: u64, position: usize) {
        let mask = buckets.len() - 1;
        let mut place = hash as usize & mask;
        while buckets[place] != 0 {
            place = (place + 1) & mask;
        }
        buckets[place] = position as u32 + 1;
    }

    /// Makes the buckets anew, for so many keys at least.
    fn rebuild(&mut self, keys: usize, hash: impl Fn(&Record) -> u64) {
        self.buckets = vec![0; (2 * keys.max(2)).next_power_of_two()];
        for (position, slot) in self.slots.iter().enumerate() {
            if let Some(record) = &slot.record {
                Self::place(&mut self.buckets, hash(record), position);
            }
        }
    }
}

/// Keys that were used so often that they deserve a better table, in the order in which they asked.
#[derive(Default)]
pub(super) struct Wanted(Mutex<VecDeque<KeyId>>);

impl Wanted {
    fn keys(&self) -> MutexGuard<'_, VecDeque<KeyId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, id: KeyId) {
        let mut keys = self.keys();
        if keys.len() < MOST_WANTED {
            keys.push_back(id);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys().is_empty()
    }

    /// The first of them, `most` or fewer.
    pub(super) fn take(&self, most: usize) -> Vec<KeyId> {
        let mut keys = self.keys();
        let most = most.min(keys.len());
        keys.drain(..most).collect()
    }

    /// Keys that were taken are the first again.
    pub(super) fn put_back(&self, ids: &[KeyId]) {
        let mut keys = self.keys();
        ids.iter().rev().for_each(|&id| keys.push_front(id));
        keys.truncate(MOST_WANTED);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.keys().len()
    }
}

/// The keys at one time. Clones share their shards.
pub(crate) struct Generation {
    shards: Vec<Arc<Shard>>,
    hasher: RandomState,
    number: u64,
    /// Keys of each scheme.
    counts: [usize; KeyScheme::COUNT],
    /// Items whose key was found, in all generations.
    found: Arc<AtomicU64>,
    /// Of all generations.
    wanted: Arc<Wanted>,
    /// The first number of every position. Not 0, and another one in each ring: ids of two engines are then told
    /// apart, mostly.
    first_serial: u32,
}

impl Clone for Generation {
    fn clone(&self) -> Self {
        Self {
            shards: self.shards.clone(),
            hasher: self.hasher.clone(),
            number: self.number,
            counts: self.counts,
            found: Arc::clone(&self.found),
            wanted: Arc::clone(&self.wanted),
            first_serial: self.first_serial,
        }
    }
}

impl fmt::Debug for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Generation({}, {} keys)", self.number, self.counts.iter().sum::<usize>())
    }
}

#[inline]
const fn parts(id: KeyId) -> (usize, usize, u32) {
    let bits = id.0.get();
    let position = (bits >> SHARD_BITS) & ((1 << POSITION_BITS) - 1);
    ((bits & (SHARDS as u64 - 1)) as usize, position as usize, (bits >> (SHARD_BITS + POSITION_BITS)) as u32)
}

impl Generation {
    pub(super) fn new() -> Self {
        let empty = Arc::new(Shard::default());
        let hasher = RandomState::new();
        // Half of all numbers, or more, come after it.
        let first_serial = ((hasher.hash_one("serial") >> 33) as u32).max(1);
        Self {
            shards: vec![empty; SHARDS],
            hasher,
            number: 0,
            counts: [0; KeyScheme::COUNT],
            found: Arc::default(),
            wanted: Arc::default(),
            first_serial,
        }
    }

    /// The same with another first number.
    #[cfg(test)]
    pub(super) fn with_first_serial(self, first_serial: u32) -> Self {
        Self { first_serial, ..self }
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn numbered(mut self) -> Self {
        self.number += 1;
        self
    }

    /// A hash under a key that nobody knows, so that nobody can choose bytes that collide.
    #[inline]
    pub(super) fn hash(&self, scheme: KeyScheme, key: &[u8]) -> u64 {
        self.hasher.hash_one((scheme.index() as u8, key))
    }

    #[inline]
    const fn shard_of(hash: u64) -> usize {
        (hash >> (64 - SHARD_BITS)) as usize
    }

    /// Whether it has keys of a scheme.
    pub(crate) fn has(&self, scheme: KeyScheme) -> bool {
        self.counts[scheme.index()] > 0
    }

    /// The key of these bytes.
    #[inline]
    pub(crate) fn find(&self, scheme: KeyScheme, key: &[u8]) -> Option<&Record> {
        if !self.has(scheme) {
            return None;
        }
        let hash = self.hash(scheme, key);
        self.shards[Self::shard_of(hash)].find(hash, scheme, key).map(Arc::as_ref)
    }

    /// The key of an id.
    #[inline]
    pub(crate) fn get(&self, id: KeyId) -> Option<&Record> {
        let (shard, position, serial) = parts(id);
        let slot = self.shards[shard].slots.get(position)?;
        if slot.serial == serial { slot.record.as_deref() } else { None }
    }

    /// The key of an id that may be named with this scheme.
    #[inline]
    pub(crate) fn get_of(&self, id: KeyId, scheme: KeyScheme) -> Option<&Record> {
        self.get(id).filter(|record| record.scheme == scheme)
    }

    /// Counts a use of a key of this generation.
    #[inline]
    pub(crate) fn count_use(&self, record: &Record) {
        if record.count_use() {
            self.wanted.push(record.id);
        }
    }

    /// Counts items whose key was found.
    #[inline]
    pub(crate) fn count_found(&self, items: usize) {
        if items > 0 {
            self.found.fetch_add(items as u64, Ordering::Relaxed);
        }
    }

    pub(super) fn found(&self) -> u64 {
        self.found.load(Ordering::Relaxed)
    }

    /// The keys that wait for a better table.
    pub(super) fn wanted(&self) -> Arc<Wanted> {
        Arc::clone(&self.wanted)
    }

    /// Every key.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Record>> {
        self.shards.iter().flat_map(|shard| shard.slots.iter().filter_map(|slot| slot.record.as_ref()))
    }

    /// Adds a key that is not there, under an id not used before. `None` when its shard is full, which takes about
    /// four billion keys.
    pub(super) fn insert(&mut self, mut record: Record) -> Option<KeyId> {
        let hash = self.hash(record.scheme, record.bytes());
        let index = Self::shard_of(hash);
        let hasher = self.hasher.clone();
        let shard = Arc::make_mut(&mut self.shards[index]);
        let position = match shard.free.pop() {
            Some(position) => position as usize,
            None if shard.slots.len() == 1 << POSITION_BITS => return None,
            None => {
                shard.slots.push(Slot { serial: self.first_serial - 1, record: None });
                shard.slots.len() - 1
            }
        };
        // The last number is on no position that is free.
        let serial = shard.slots[position].serial + 1;
        let bits =
            u64::from(serial) << (SHARD_BITS + POSITION_BITS) | (position << SHARD_BITS | index) as u64;
        record.id = KeyId(NonZeroU64::new(bits)?);
        let (id, scheme) = (record.id, record.scheme);
        shard.slots[position] = Slot { serial, record: Some(Arc::new(record)) };
        // Or more: some positions may be taken for ever.
        let keys = shard.slots.len() - shard.free.len();
        if 2 * keys > shard.buckets.len() {
            shard.rebuild(2 * keys, |record| hasher.hash_one((record.scheme.index() as u8, record.bytes())));
        } else {
            Shard::place(&mut shard.buckets, hash, position);
        }
        self.counts[scheme.index()] += 1;
        Some(id)
    }

    /// Puts another record of the same key into its place.
    pub(super) fn replace(&mut self, record: Record) {
        let (shard, position, _) = parts(record.id);
        Arc::make_mut(&mut self.shards[shard]).slots[position].record = Some(Arc::new(record));
    }

    /// Removes keys; gives those that were there.
    pub(super) fn remove(&mut self, ids: &[KeyId]) -> Vec<Arc<Record>> {
        let mut removed = Vec::new();
        let mut touched = Vec::new();
        for &id in ids {
            if self.get(id).is_none() {
                continue;
            }
            let (index, position, _) = parts(id);
            let shard = Arc::make_mut(&mut self.shards[index]);
            let slot = &mut shard.slots[position];
            if let Some(record) = slot.record.take() {
                if slot.serial < u32::MAX {
                    shard.free.push(position as u32);
                }
                self.counts[record.scheme.index()] -= 1;
                removed.push(record);
                touched.push(index);
            }
        }
        touched.sort_unstable();
        touched.dedup();
        let hasher = &self.hasher;
        for index in touched {
            let shard = Arc::make_mut(&mut self.shards[index]);
            let keys = shard.slots.len() - shard.free.len();
            shard.rebuild(keys, |record| hasher.hash_one((record.scheme.index() as u8, record.bytes())));
        }
        removed
    }
}
