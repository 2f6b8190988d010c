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

/// Counts of keys that are not in the ring. In a set the newest key comes first. A new key takes the place of the
/// oldest of those that came once; where all came more often, the rarest is counted down instead. So keys that come
/// once drive out each other, not those that come again.
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
        if let Some(place) = set.iter().position(|count| count.hash == hash && count.seen > 0) {
            set[place].seen += 1;
            let seen = set[place].seen;
            if seen < ADMIT_AFTER {
                return None;
            }
            set[place] = Count::default();
            return Some(seen);
        }
        let mut rarest = WAYS - 1;
        for place in (0..WAYS - 1).rev() {
            if set[place].seen < set[rarest].seen {
                rarest = place;
            }
        }
        if set[rarest].seen > 1 {
            set[rarest].seen -= 1;
        } else {
            set.copy_within(..rarest, 1);
            set[0] = Count { hash, seen: 1 };
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
