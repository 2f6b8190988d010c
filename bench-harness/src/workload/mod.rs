//! Inputs: what the rows run on. Everything here happens before the clock starts.

mod generate;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use generate::SM2_USER_ID;

/// What the items of a workload are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Ed25519: 32-byte keys. Messages start with a zero byte, which commonware's API puts there itself.
    Ed25519,
    /// ECDSA on P-256 with SHA-256: uncompressed keys, r ‖ s.
    P256,
    /// ECDSA on secp256k1 over 32-byte digests: compressed keys, r ‖ s with low s, and a recovery id.
    Secp256k1,
    /// BIP340: x-only keys.
    Bip340,
    /// SM2 with SM3 and the default user ID: uncompressed keys, r ‖ s.
    Sm2,
    /// Messages to hash.
    Messages,
}

impl Kind {
    /// What one item is called in reports.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Messages => "message",
            _ => "signature",
        }
    }
}

/// The lengths of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lengths {
    /// All the same.
    Fixed(usize),
    /// Uniform between the two, both included, in random order.
    Mixed(usize, usize),
    /// The same messages as `Mixed`, shortest first.
    Sorted(usize, usize),
}

impl fmt::Display for Lengths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(bytes) => write!(f, "{bytes} B"),
            Self::Mixed(least, most) => write!(f, "{least} to {most} B, mixed"),
            Self::Sorted(least, most) => write!(f, "{least} to {most} B, sorted"),
        }
    }
}

/// Which items are bad. A bad item has another message than the one signed, so that only the equation finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bad {
    /// None.
    None,
    /// This many in a thousand, spread evenly.
    PerMille(u32),
    /// Every second batch has one bad item, in its middle.
    EverySecondBatch,
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("all valid"),
            Self::PerMille(count) => write!(f, "{} % bad", f64::from(*count) / 10.0),
            Self::EverySecondBatch => f.write_str("one bad in every second batch"),
        }
    }
}

/// A description that determines a workload completely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Spec {
    /// What the items are.
    pub kind: Kind,
    /// Items of one call.
    pub batch: usize,
    /// Items in all, a multiple of `batch`: calls cycle through them.
    pub items: usize,
    /// Distinct keys; item i is signed by key i mod `keys`.
    pub keys: usize,
    /// The lengths of the messages.
    pub message: Lengths,
    /// Bad items.
    pub bad: Bad,
}

impl Spec {
    /// `items` items in calls of `batch`, each with a key of its own, 128-byte messages (32 where a digest is
    /// signed), all valid.
    pub const fn new(kind: Kind, batch: usize, items: usize) -> Self {
        let message = match kind {
            Kind::Secp256k1 | Kind::Bip340 => 32,
            _ => 128,
        };
        // Cut to whole batches, and at least one.
        let batches = if items < batch { 1 } else { items / batch };
        let items = batches * batch;
        Self { kind, batch, items, keys: items, message: Lengths::Fixed(message), bad: Bad::None }
    }

    /// With `keys` distinct keys.
    pub const fn keys(mut self, keys: usize) -> Self {
        self.keys = keys;
        self
    }

    /// With messages of these lengths.
    pub const fn message(mut self, message: Lengths) -> Self {
        self.message = message;
        self
    }

    /// With bad items.
    pub const fn bad(mut self, bad: Bad) -> Self {
        self.bad = bad;
        self
    }

    /// The number of calls that go through all items once.
    pub const fn chunks(&self) -> usize {
        self.items / self.batch
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Messages => write!(f, "n={}, {}", self.batch, self.message),
            _ => write!(f, "n={}, {} keys, {}, {}", self.batch, self.keys, self.message, self.bad),
        }
    }
}

/// A signing key. The secret is kept because one peer has no other way to make a parsed public key.
#[derive(Debug, Clone)]
pub struct KeyPair {
    /// The encoded public key.
    pub public: Vec<u8>,
    /// The secret scalar or seed.
    pub secret: [u8; 32],
}

/// One signature, or one message to hash.
#[derive(Debug, Clone)]
pub struct Item {
    /// The index of its key in [`Workload::keys`].
    pub key: usize,
    /// The message, or the digest.
    pub message: Vec<u8>,
    /// The encoded signature; empty for messages to hash.
    pub signature: Vec<u8>,
    /// The recovery id of ECDSA on secp256k1; 0 elsewhere.
    pub recovery_id: u8,
    /// Whether the signature is valid.
    pub valid: bool,
}

/// Inputs, made.
#[derive(Debug, Clone)]
pub struct Workload {
    /// What was asked for.
    pub spec: Spec,
    /// The keys; empty for messages to hash.
    pub keys: Vec<KeyPair>,
    /// The items.
    pub items: Vec<Item>,
}

impl Workload {
    /// Makes the inputs. The same `spec` gives the same bytes on every machine.
    pub fn new(spec: Spec) -> Self {
        generate::generate(spec)
    }

    /// The items of one call.
    pub fn chunk(&self, chunk: usize) -> &[Item] {
        &self.items[chunk * self.spec.batch..][..self.spec.batch]
    }

    /// The encoded public key of an item.
    pub fn public(&self, item: &Item) -> &[u8] {
        &self.keys[item.key].public
    }

    /// For each chunk the number of valid signatures; `None` for messages to hash.
    pub fn expected(&self) -> Option<Vec<u64>> {
        if self.spec.kind == Kind::Messages {
            return None;
        }
        let valid = |chunk: &[Item]| chunk.iter().filter(|item| item.valid).count() as u64;
        Some(self.items.chunks(self.spec.batch).map(valid).collect())
    }
}

/// Workloads already made in this process, so that rows on the same inputs share them.
#[derive(Debug, Default)]
pub struct Cache(HashMap<Spec, Arc<Workload>>);

impl Cache {
    /// The workload of `spec`.
    pub fn get(&mut self, spec: Spec) -> Arc<Workload> {
        Arc::clone(self.0.entry(spec).or_insert_with(|| Arc::new(Workload::new(spec))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_fixes_the_bytes_and_the_answers() {
        for kind in [Kind::Ed25519, Kind::P256, Kind::Secp256k1, Kind::Bip340, Kind::Sm2] {
            let spec = Spec::new(kind, 4, 12).keys(3).bad(Bad::PerMille(250));
            let (a, b) = (Workload::new(spec), Workload::new(spec));
            assert_eq!((a.items.len(), a.keys.len()), (12, 3));
            for (x, y) in a.items.iter().zip(&b.items) {
                assert_eq!(
                    (&x.message, &x.signature, x.valid),
                    (&y.message, &y.signature, y.valid),
                    "{kind:?}"
                );
                assert_eq!(x.signature.len(), 64);
            }
            assert_eq!(a.expected().unwrap(), [3, 3, 3]);
        }
    }

    #[test]
    fn bad_items_are_as_many_as_asked_for() {
        let bad = |bad, items| {
            let workload = Workload::new(Spec::new(Kind::Ed25519, 10, items).keys(1).bad(bad));
            workload.items.iter().filter(|item| !item.valid).count()
        };
        assert_eq!(bad(Bad::None, 1000), 0);
        assert_eq!(bad(Bad::PerMille(1), 1000), 1);
        assert_eq!(bad(Bad::PerMille(500), 1000), 500);
        assert_eq!(bad(Bad::PerMille(1000), 1000), 1000);
        assert_eq!(bad(Bad::EverySecondBatch, 1000), 50);
    }

    #[test]
    fn lengths_are_as_asked_for() {
        let lengths = |message| {
            let workload = Workload::new(Spec::new(Kind::Messages, 500, 500).message(message));
            workload.items.iter().map(|item| item.message.len()).collect::<Vec<_>>()
        };
        assert!(lengths(Lengths::Fixed(7)).iter().all(|&bytes| bytes == 7));
        let mut mixed = lengths(Lengths::Mixed(20, 600));
        let sorted = lengths(Lengths::Sorted(20, 600));
        assert!(!mixed.is_sorted() && sorted.is_sorted());
        mixed.sort_unstable();
        assert_eq!(mixed, sorted);
        assert!(mixed[0] >= 20 && mixed[499] <= 600 && mixed[499] - mixed[0] > 500);
    }
}
