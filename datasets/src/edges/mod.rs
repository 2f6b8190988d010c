//! Edge cases of every scheme, constructed here and judged by the engine's oracle. Feature `edges`.
//!
//! Every class is built from its definition: points of small order, torsion that cancels or does not, scalars at
//! the ends of their ranges, coordinates that wrap around the group order, exceptional additions, damaged
//! encodings. `datasets/edges/` holds the files.

mod bip340;
mod bip341;
mod ecdsa;
mod ed25519;
mod forms;
mod sm2;

use std::borrow::Cow;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sigwarp::{MessageInput, Scheme, Suite, oracle};

use crate::error::WriteError;
use crate::row::{Expected, Row};
use crate::write::RowWriter;

/// An edge case: the bytes of an item, without a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// Class and case, for example `mixed-order:A+3 R+1`.
    pub id: String,
    /// The scheme.
    pub scheme: Scheme,
    /// The signature encoding.
    pub encoding: &'static str,
    /// The user ID of `sm2-sm3`, if it is not the default one.
    pub user_id: Option<Vec<u8>>,
    /// The public key.
    pub key: Vec<u8>,
    /// The message or digest.
    pub input: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
}

impl Edge {
    fn new(id: impl Into<String>, scheme: Scheme, encoding: &'static str) -> Self {
        let (key, input, signature) = Default::default();
        Self { id: id.into(), scheme, encoding, user_id: None, key, input, signature }
    }

    fn with(mut self, key: &[u8], input: &[u8], signature: &[u8]) -> Self {
        (self.key, self.input, self.signature) = (key.to_vec(), input.to_vec(), signature.to_vec());
        self
    }

    /// Whether it is valid, by rule, as the oracle judges.
    ///
    /// # Panics
    /// When its names make no suite, which is a fault of the generator.
    pub fn expected(&self) -> Vec<(Cow<'static, str>, bool)> {
        let rules = self.scheme.rules().iter();
        let verdicts = rules.map(|rule| {
            let (scheme, encoding) = (self.scheme.name(), Some(self.encoding));
            let suite = Suite::from_names(scheme, Some(rule), encoding, self.user_id.as_deref())
                .expect("edge cases name suites that exist");
            let verdict = oracle::verify(&suite, &self.key, &self.input, &self.signature)
                .expect("the oracle knows every suite");
            (Cow::Borrowed(*rule), verdict.is_valid())
        });
        verdicts.collect()
    }

    /// Writes it as a row.
    ///
    /// # Panics
    /// As [`Self::expected`].
    pub fn write(&self, writer: &mut RowWriter) -> Result<(), WriteError> {
        let expected = self.expected();
        let is_raw = self.scheme.input() == MessageInput::Raw;
        let row = Row {
            id: Some(&self.id),
            scheme: Some(self.scheme.name()),
            encoding: Some(self.encoding),
            user_id: self.user_id.as_deref(),
            public_key: Some(&self.key),
            message: is_raw.then_some(&self.input),
            digest: (!is_raw).then_some(&self.input),
            signature: Some(&self.signature),
            expected: Expected::ByRule(&expected),
            ..Row::default()
        };
        writer.write(&row, None)
    }
}

/// The files of `datasets/edges/` by name, each with its cases.
pub fn files() -> Vec<(&'static str, Vec<Edge>)> {
    vec![
        ("ed25519.jsonl", ed25519::edges()),
        ("ecdsa-p256.jsonl", ecdsa::edges::<p256::NistP256>()),
        ("ecdsa-secp256k1.jsonl", ecdsa::edges::<k256::Secp256k1>()),
        ("schnorr-bip340.jsonl", bip340::edges()),
        ("bip341-commitment.jsonl", bip341::edges()),
        ("sm2.jsonl", sm2::edges()),
    ]
}

/// Bytes that look random and depend on the label alone.
fn bytes(label: &str) -> [u8; 32] {
    let mut seed = [0; 32];
    for (i, byte) in label.bytes().enumerate() {
        seed[i % 32] ^= byte.rotate_left(i as u32 / 32);
    }
    let mut bytes = [0; 32];
    ChaCha8Rng::from_seed(seed).fill_bytes(&mut bytes);
    bytes
}
