//! Which keys of the traffic come often: counts of hashes, in a fixed place.

/// Sets of the sketch.
const SETS: usize = 1 << 13;
/// Places of a set.
const WAYS: usize = 4;
/// Valid signatures after which a key is admitted. A compact table costs what it saves in two signatures, so a key
/// that came four times has earned one.
pub(super) const ADMIT_AFTER: u32 = 4;
/// Counts are halved after so many, so that old ones fade.
const HALVE_AFTER: u32 = 16 * (SETS * WAYS) as u32;

#[derive(Clone, Copy, Default)]
struct Count {
    hash: u64,
    seen: u32,
}

/// Counts of keys that are not in the ring. A new key decrements the rarest counter of its set, and takes its place at
/// 0: rare keys do not drive out frequent ones.
pub(super) struct Sketch {
    sets: Vec<[Count; WAYS]>,
    counted: u32,
}

impl Sketch {
    pub(super) fn new() -> Self {
        Self { sets: vec![[Count::default(); WAYS]; SETS], counted: 0 }
    }

    /// Counts a key; gives the count at which it is to be admitted, and forgets it then.
    pub(super) fn count(&mut self, hash: u64) -> Option<u32> {
        self.counted += 1;
        if self.counted == HALVE_AFTER {
            self.counted = 0;
            self.sets.iter_mut().flatten().for_each(|count| count.seen /= 2);
        }
        // Not the bits that choose a shard: those of one shard would share sets.
        let set = &mut self.sets[hash as usize % SETS];
        if let Some(count) = set.iter_mut().find(|count| count.hash == hash && count.seen > 0) {
            count.seen += 1;
            if count.seen < ADMIT_AFTER {
                return None;
            }
            return Some(std::mem::take(count).seen);
        }
        // Of equally rare ones, one by the hash: always the first would count one key down for ever.
        let first = (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % WAYS;
        let mut rarest = first;
        for way in (first..first + WAYS).map(|way| way % WAYS) {
            if set[way].seen < set[rarest].seen {
                rarest = way;
            }
        }
        set[rarest].seen = set[rarest].seen.saturating_sub(1);
        if set[rarest].seen == 0 {
            set[rarest] = Count { hash, seen: 1 };
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_admitted_when_it_has_come_often_enough() {
        let mut sketch = Sketch::new();
        let seen: Vec<Option<u32>> = (0..2 * ADMIT_AFTER).map(|_| sketch.count(77)).collect();
        let at = ADMIT_AFTER as usize - 1;
        assert!(seen.iter().enumerate().all(|(i, count)| count.is_some() == (i % (at + 1) == at)));
        assert_eq!(seen[at], Some(ADMIT_AFTER));
    }

    #[test]
    fn keys_that_come_once_do_not_drive_out_one_that_comes_often() {
        let mut sketch = Sketch::new();
        let mut admitted = 0;
        for i in 0..10_000u64 {
            // All in one set.
            admitted += u32::from(sketch.count(7).is_some());
            assert_eq!(sketch.count(7 + SETS as u64 * (1 + i)), None, "a key that came once");
        }
        assert!(admitted > 100, "{admitted}");
    }
}
