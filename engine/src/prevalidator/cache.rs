//! The duplicate cache: verdicts of items that were seen before.
//!
//! Gossip brings the same transaction from many peers. An item is known by a keyed 256-bit hash (BLAKE3, under a key
//! drawn at the start, so that nobody can prepare a collision) of its suite, key, message and signature, each behind
//! its length. A registered key enters by its bytes: whatever id names it, and an id that names nothing is not looked
//! up. Only completed verdicts are kept.
//!
//! # Structure
//! A table of sets of [`WAYS`] entries, allocated once: the bytes are bounded by construction, a look-up reads one
//! set, and a new entry takes the place of the oldest of its set. The hash is uniform, so it is the address.
//!
//! A set is [`SET_BYTES`] bytes that are all zero when it is empty. So the table is memory that the system zeroes, and it
//! takes none of it before entries are written there, however large a table was asked for.

use std::sync::{Mutex, PoisonError};

use crate::suite::Suite;

/// Entries of a set.
const WAYS: usize = 8;
/// Locks; threads that look up at once seldom meet.
const STRIPES: usize = 64;

/// The hash of an item.
pub(super) type Digest = [u8; 32];

/// A set, where it lies in the table.
struct Set<'t> {
    digests: &'t mut [Digest],
    /// Codes of verdicts; 0 where there is no entry.
    codes: &'t mut [u8],
    oldest: &'t mut u8,
}

/// The bytes of a set: its digests, their codes, and which of them is the oldest.
const SET_BYTES: usize = WAYS * size_of::<Digest>() + WAYS + 1;

impl<'t> Set<'t> {
    /// The set that these bytes are.
    fn of(bytes: &'t mut [u8; SET_BYTES]) -> Self {
        let (digests, rest) = bytes.split_at_mut(WAYS * size_of::<Digest>());
        let (codes, oldest) = rest.split_at_mut(WAYS);
        Self { digests: digests.as_chunks_mut().0, codes, oldest: &mut oldest[0] }
    }
}

/// The fewest bytes that a cache can have.
pub(super) const LEAST_BYTES: usize = STRIPES * SET_BYTES;

/// The verdicts of items seen before; see the head of this file.
pub(super) struct Cache {
    key: [u8; 32],
    /// The sets of each lock, one after another.
    stripes: Vec<Mutex<Vec<u8>>>,
}

impl Cache {
    /// A cache of at most so many bytes; `None` where the system has not so much memory.
    pub(super) fn new(bytes: usize, key: [u8; 32]) -> Option<Self> {
        let sets = (bytes / LEAST_BYTES).max(1);
        // Zeroed memory has no allocation that may fail, so the system is asked for as much of another kind first.
        let mut asked: Vec<u8> = Vec::new();
        asked.try_reserve_exact(sets * LEAST_BYTES).ok()?;
        drop(std::hint::black_box(asked));
        Some(Self { key, stripes: (0..STRIPES).map(|_| Mutex::new(vec![0; sets * SET_BYTES])).collect() })
    }

    /// The hash of an item.
    pub(super) fn digest(&self, suite: &Suite, key: &[u8], message: &[u8], signature: &[u8]) -> Digest {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        let mut part = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        part(suite.scheme().name().as_bytes());
        part(suite.rule().as_bytes());
        part(suite.encoding().as_bytes());
        // A scheme either has a user ID or a context, or has none.
        part(suite.parameter().unwrap_or_default());
        part(key);
        part(message);
        part(signature);
        *hasher.finalize().as_bytes()
    }

    /// The code of the verdict on an item, if it is known.
    pub(super) fn get(&self, digest: &Digest) -> Option<u8> {
        self.in_set(digest, |set| {
            let way = set.digests.iter().position(|known| known == digest)?;
            Some(set.codes[way]).filter(|&code| code != 0)
        })
    }

    /// Keeps the code of a verdict.
    pub(super) fn insert(&self, digest: &Digest, code: u8) {
        self.in_set(digest, |set| {
            if set.digests.iter().zip(&*set.codes).any(|(known, &code)| known == digest && code != 0) {
                return;
            }
            let way = usize::from(*set.oldest) % WAYS;
            (set.digests[way], set.codes[way]) = (*digest, code);
            *set.oldest = (*set.oldest + 1) % WAYS as u8;
        });
    }

    fn in_set<T>(&self, digest: &Digest, work: impl FnOnce(Set<'_>) -> T) -> T {
        let address = u64::from_le_bytes([
            digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7],
        ]) as usize;
        let stripe = &self.stripes[address % STRIPES];
        let mut table = stripe.lock().unwrap_or_else(PoisonError::into_inner);
        let (sets, _) = table.as_chunks_mut::<SET_BYTES>();
        let set = address / STRIPES % sets.len();
        work(Set::of(&mut sets[set]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Ed25519Rule, Sm2Encoding};

    #[test]
    fn every_part_of_an_item_and_its_borders_tell_items_apart() {
        let cache = Cache::new(LEAST_BYTES, [7; 32]).unwrap();
        let zip = Suite::ed25519(Ed25519Rule::Zip215);
        let strict = Suite::ed25519(Ed25519Rule::Strict);
        let sm2 = |id: &[u8]| Suite::sm2_sm3(id, Sm2Encoding::Raw).unwrap();
        let digests = [
            cache.digest(&zip, b"ab", b"c", b"d"),
            cache.digest(&zip, b"a", b"bc", b"d"),
            cache.digest(&zip, b"a", b"b", b"cd"),
            cache.digest(&zip, b"", b"abc", b"d"),
            cache.digest(&strict, b"ab", b"c", b"d"),
            cache.digest(&sm2(b"x"), b"ab", b"c", b"d"),
            cache.digest(&sm2(b"y"), b"ab", b"c", b"d"),
            cache.digest(&sm2(b""), b"ab", b"c", b"d"),
            cache.digest(&Suite::sm2(Sm2Encoding::Raw), b"ab", b"c", b"d"),
            Cache::new(LEAST_BYTES, [8; 32]).unwrap().digest(&zip, b"ab", b"c", b"d"),
        ];
        for (i, digest) in digests.iter().enumerate() {
            assert!(digests[..i].iter().all(|other| other != digest), "{i}");
        }
        assert_eq!(digests[0], cache.digest(&zip, b"ab", b"c", b"d"));
    }

    #[test]
    fn the_oldest_entry_of_a_set_goes_first() {
        let cache = Cache::new(LEAST_BYTES, [0; 32]).unwrap();
        let digest = |i: u8| {
            let mut digest = [0; 32];
            digest[31] = i;
            digest
        };
        assert_eq!(cache.get(&digest(0)), None, "an empty place is no entry, whatever its bytes");
        for i in 0..=WAYS as u8 {
            cache.insert(&digest(i), i + 1);
            cache.insert(&digest(i), i + 1);
        }
        assert_eq!(cache.get(&digest(0)), None);
        for i in 1..=WAYS as u8 {
            assert_eq!(cache.get(&digest(i)), Some(i + 1));
        }
    }

    #[test]
    fn a_cache_that_no_memory_holds_is_none() {
        assert!(Cache::new(isize::MAX as usize, [0; 32]).is_none());
        assert!(Cache::new(0, [0; 32]).is_some(), "the least there is");
    }
}
