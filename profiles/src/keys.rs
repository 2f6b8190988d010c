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

/// The type of a public key, where it may be one that is not verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// `p256`.
    P256,
    /// `secp256k1`.
    Secp256k1,
    /// `ed25519`.
    Ed25519,
    /// `p384`, which no profile of tokens verifies, as those that follow.
    P384,
    /// `p521`.
    P521,
    /// `ed448`.
    Ed448,
    /// `rsa`.
    Rsa,
}

impl KeyType {
    /// Every type.
    pub const ALL: [Self; 7] =
        [Self::P256, Self::Secp256k1, Self::Ed25519, Self::P384, Self::P521, Self::Ed448, Self::Rsa];

    /// The name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "p256",
            Self::Secp256k1 => "secp256k1",
            Self::Ed25519 => "ed25519",
            Self::P384 => "p384",
            Self::P521 => "p521",
            Self::Ed448 => "ed448",
            Self::Rsa => "rsa",
        }
    }

    /// The type of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|of| of.name() == name)
    }
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
    by_id: HashMap<Vec<u8>, Places>,
    by_digest: HashMap<Vec<u8>, Places>,
    without_id: Vec<usize>,
}

/// The places of one key or more; nearly always of one, which takes no memory of its own.
#[derive(Debug, Clone)]
struct Places {
    first: usize,
    others: Vec<usize>,
}

fn insert(places: &mut HashMap<Vec<u8>, Places>, name: Vec<u8>, place: usize) {
    let known = places.entry(name).or_insert(Places { first: place, others: Vec::new() });
    if known.first != place {
        known.others.push(place);
    }
}

impl<K> KeySet<K> {
    /// A set of keys, each with its id where it has one.
    pub fn new(keys: impl IntoIterator<Item = (Option<Vec<u8>>, K)>) -> Self {
        let mut set = Self::default();
        for (id, key) in keys {
            let place = set.keys.len();
            match id {
                Some(id) => insert(&mut set.by_id, id, place),
                None => set.without_id.push(place),
            }
            set.keys.push(key);
        }
        set
    }

    /// The same set, in which keys without an id are found by what these bytes are of them: thumbprints, or hashes of a
    /// certificate.
    #[must_use]
    pub fn with_digests(mut self, digests: impl Fn(&K) -> Vec<Vec<u8>>) -> Self {
        for &place in &self.without_id {
            for digest in digests(&self.keys[place]) {
                insert(&mut self.by_digest, digest, place);
            }
        }
        self
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
        self.at(self.by_id.get(id))
    }

    /// The keys without an id that have this digest ([`Self::with_digests`]).
    pub fn of_digest(&self, digest: &[u8]) -> impl Iterator<Item = &K> {
        self.at(self.by_digest.get(digest))
    }

    fn at<'s>(&'s self, places: Option<&'s Places>) -> impl Iterator<Item = &'s K> {
        let places = places.into_iter().flat_map(|of| std::iter::once(&of.first).chain(&of.others));
        places.map(|&place| &self.keys[place])
    }
}

impl<K> Default for KeySet<K> {
    fn default() -> Self {
        Self { keys: Vec::new(), by_id: HashMap::new(), by_digest: HashMap::new(), without_id: Vec::new() }
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

    #[test]
    fn keys_without_an_id_are_found_by_their_digests() {
        let keys = [(Some(vec![1]), 'a'), (None, 'b'), (None, 'c')];
        let set = KeySet::new(keys).with_digests(|key| vec![vec![2], vec![*key as u8]]);
        assert_eq!(set.of_digest(&[2]).collect::<String>(), "bc");
        assert_eq!(set.of_digest(b"c").collect::<String>(), "c");
        assert_eq!((set.of_digest(b"a").count(), set.of_id(&[2]).count()), (0, 0));
    }
}
