//! Public keys that a caller gives with a context, and the finding of those that a record may mean.

use std::collections::HashMap;

/// A curve of the keys that devices sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Curve {
    /// NIST P-256; keys are 04 ‖ x ‖ y.
    P256,
    /// secp256k1; keys are 04 ‖ x ‖ y.
    Secp256k1,
    /// The curve of SM2; keys are 04 ‖ x ‖ y.
    Sm2,
    /// Ed25519; keys are the 32 bytes of RFC 8032.
    Ed25519,
}

/// A public key. Whether it is a point of its curve is for the engine to say.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PublicKey {
    /// Its curve.
    pub curve: Curve,
    /// Its bytes, as the engine takes them for the curve.
    pub bytes: Vec<u8>,
}

/// Keys by their ids. Ids are no names: several keys can have the same (COSE's are often eight bytes of a hash), and
/// each of them is then a candidate.
#[derive(Debug, Clone)]
pub struct KeySet<K> {
    keys: Vec<K>,
    by_id: HashMap<Vec<u8>, Vec<usize>>,
    without_id: Vec<usize>,
}

impl<K> KeySet<K> {
    /// A set of keys, each with its id where it has one.
    pub fn new(keys: impl IntoIterator<Item = (Option<Vec<u8>>, K)>) -> Self {
        let mut set = Self::default();
        for (id, key) in keys {
            let places = match id {
                Some(id) => set.by_id.entry(id).or_default(),
                None => &mut set.without_id,
            };
            places.push(set.keys.len());
            set.keys.push(key);
        }
        set
    }

    /// All keys, in the order in which they were given.
    pub fn all(&self) -> &[K] {
        &self.keys
    }

    /// The keys without an id, in the order in which they were given.
    pub fn without_id(&self) -> impl Iterator<Item = &K> {
        self.without_id.iter().map(|&place| &self.keys[place])
    }

    /// The keys of an id, in the order in which they were given.
    pub fn of_id(&self, id: &[u8]) -> impl Iterator<Item = &K> {
        self.by_id.get(id).into_iter().flatten().map(|&place| &self.keys[place])
    }
}

impl<K> Default for KeySet<K> {
    fn default() -> Self {
        Self { keys: Vec::new(), by_id: HashMap::new(), without_id: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_one_id_are_all_candidates() {
        let set = KeySet::new([(Some(vec![1]), 'a'), (None, 'b'), (Some(vec![1]), 'c')]);
        assert_eq!(set.all(), ['a', 'b', 'c']);
        assert_eq!(set.of_id(&[1]).collect::<String>(), "ac");
        assert_eq!(set.without_id().collect::<String>(), "b");
        assert_eq!(set.of_id(&[]).count(), 0);
    }
}
