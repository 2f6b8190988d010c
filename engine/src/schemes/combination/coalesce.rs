//! Equal keys of a batch, found in one pass.

/// Slots looked at before a key is taken for a new one.
const PROBES: usize = 16;
/// A slot without a key.
const EMPTY: u32 = u32::MAX;

/// The distinct keys of a batch.
///
/// A table with open addressing, hashed under a secret: whoever chooses the keys cannot aim at its slots. A search
/// that finds neither the key nor room within 16 slots gives up, and the key counts as another one: that costs time
/// in proportion, and changes no verdict.
#[derive(Debug, Default)]
pub(crate) struct Distinct {
    slots: Vec<u32>,
    /// Four words of each distinct key, in the order of their first items.
    pub(crate) keys: Vec<[u64; 8]>,
    /// The distinct key of each item.
    pub(crate) of: Vec<u32>,
}

impl Distinct {
    /// Takes the keys of `count` items.
    pub(crate) fn collect(&mut self, secret: &[u64; 4], count: usize, keys: impl Iterator<Item = [u64; 4]>) {
        self.keys.clear();
        self.of.clear();
        let size = (2 * count).next_power_of_two();
        self.slots.clear();
        self.slots.resize(size, EMPTY);
        for key in keys {
            let mut slot = hash(secret, &key) as usize & (size - 1);
            let mut index = EMPTY;
            for _ in 0..PROBES {
                let there = self.slots[slot];
                if there == EMPTY {
                    self.slots[slot] = self.keys.len() as u32;
                    break;
                }
                if self.keys[there as usize][..4] == key {
                    index = there;
                    break;
                }
                slot = (slot + 1) & (size - 1);
            }
            if index == EMPTY {
                index = self.keys.len() as u32;
                self.keys.push([key[0], key[1], key[2], key[3], 0, 0, 0, 0]);
            }
            self.of.push(index);
        }
    }

    /// Bytes held.
    pub(crate) fn capacity_bytes(&self) -> usize {
        (self.slots.capacity() + self.of.capacity()) * 4 + self.keys.capacity() * 64
    }
}

/// Two folded products of words under the secret.
#[inline]
fn hash(secret: &[u64; 4], key: &[u64; 4]) -> u64 {
    let fold = |a: u64, b: u64| {
        let product = u128::from(a) * u128::from(b);
        product as u64 ^ (product >> 64) as u64
    };
    fold(key[0] ^ secret[0], key[1] ^ secret[1]) ^ fold(key[2] ^ secret[2], key[3] ^ secret[3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_keys_share_an_index_and_others_do_not() {
        let mut distinct = Distinct::default();
        for (count, different) in [(0, 1), (1, 1), (10, 3), (1000, 7), (1000, 1000)] {
            let key = |i: usize| [i as u64 % different as u64, 0, 0, 1];
            distinct.collect(&[3, 5, 7, 11], count, (0..count).map(key));
            assert_eq!(distinct.of.len(), count);
            assert_eq!(distinct.keys.len(), different.min(count));
            for (i, &index) in distinct.of.iter().enumerate() {
                assert_eq!(distinct.keys[index as usize][..4], key(i));
            }
        }
    }

    /// A first word equal to the secret makes half the hash constant; with both halves constant all keys collide.
    #[test]
    fn colliding_keys_stay_correct() {
        let secret = [3, 5, 7, 11];
        let key = |i: usize| [3, i as u64, 7, 1];
        let mut distinct = Distinct::default();
        distinct.collect(&secret, 100, (0..100).map(key));
        assert!(distinct.keys.len() >= 100);
        for (i, &index) in distinct.of.iter().enumerate() {
            assert_eq!(distinct.keys[index as usize][..4], key(i));
        }
    }
}
