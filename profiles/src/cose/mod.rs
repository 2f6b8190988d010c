//! COSE: messages with signatures (COSE_Sign1, COSE_Sign), and the tokens that are made of them (CWT, EAT).
//!
//! `message.rs` takes a message apart and makes what is signed, `headers.rs` reads header parameters, `algorithm.rs` says
//! which keys fit an algorithm, `keys.rs` reads keys, `plan.rs` folds.
//! Sources: RFC 9052 (messages), RFC 9053, 8812 and 9864 (algorithms, keys), RFC 8392 (CWT), RFC 9360 (certificates),
//! RFC 9711 (EAT), the examples of the COSE working group.
//!
//! # What it decides
//!
//! The signed bytes are the Sig_structure: a context string, the protected header parameters as they came, those of the
//! signer for a COSE_Sign, [`Context::external_aad`], and the payload. It alone is encoded anew; protected header
//! parameters are the bytes of the record, and no bytes where their map is empty. ES256 and ESP256 (P-256), ES256K and
//! EdDSA over Ed25519 are verified; signatures are r ‖ s, with any s. A message with one signature is valid where that
//! holds, one with several where each does.
//!
//! The algorithm is the protected one, else the unprotected one, unless [`Context::protected_alg_only`]; identifiers are
//! numbers. It must be one that the key can have, and the key's own where it names one (with the same identifier: a key
//! for −7 is not for −9). Critical parameters (`crit`) must be protected, there, and known, which 1 to 6 are. A map has
//! each label once; with [`Context::strict_headers`], both maps together have. Nothing follows the message, and its tags
//! are those of its [`Kind`].
//!
//! Keys are found by `kid`. It is an id, not a name: each key with it is tried, and all keys where a message has none; a
//! key without an id is found by its thumbprint (RFC 9679), by the SHA-256 of its certificate or the first eight bytes of
//! that, as `kid` or `x5t`, and can else be meant by any message whose `kid` no other key has. [`CANDIDATES`] bounds the keys that are
//! tried for a signature, [`SIGNATURES`] the signatures of a message and [`COPIES`] what each of them copies, so work is
//! bounded by the length of a record.
//! Where the context has no keys at all, the key is that of the first certificate of `x5chain`. A message that is valid
//! by it agrees with itself and says nothing of who made it: [`Report::anchored`](crate::Report) is then `false`.
//!
//! # What it leaves
//!
//! - The payload, and so the claims of tokens (times, nonce, profile); countersignatures; whom a key belongs to, and the
//!   certificates in `x5chain` but for the key of the first.
//! - `undecided`, with all that a message waits for: `NeedsKey` (no key with this id, more than are tried, or only the
//!   hash or the address of a certificate), `DetachedPayload`, `UnsupportedAlgorithm` (other curves, RSA, ML-DSA, …),
//!   `SignerPolicy` (of several signatures some hold and some do not: the application says which it needs),
//!   `TooManySignatures`. A message of which no signature holds and one fails is invalid.
//!
//! # What no signature covers
//!
//! The tags, the unprotected header parameters, the encoding of lengths and, of an empty map of protected parameters,
//! whether it is there. Signatures of a COSE_Sign can be taken away or put in another order. s and n - s are both
//! valid, so the bytes of a token are no id of it. An unprotected `kid` that is changed can make a message undecided, and
//! an unprotected algorithm can make it invalid or undecided, but never valid under another key or algorithm than one
//! of those that the context allows.

mod algorithm;
mod headers;
mod keys;
mod message;
mod plan;

pub use self::keys::Key;
pub use crate::keys::KeyType;
pub use plan::Plan;

use sigwarp::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Ed25519Rule, Suite};

use crate::Value;
use crate::fields::{FieldError, Fields};
use crate::keys::KeySet;
use crate::profile::{Decided, Profile};
use crate::work::Work;

/// The most signatures of a message that are judged. Each signs a copy of the payload.
pub const SIGNATURES: usize = 16;

/// The most bytes of copies of the payload: each signature of a COSE_Sign but the first can have one, since what its signer
/// protects is signed before it.
pub const COPIES: usize = 1 << 20;

/// The most keys that are tried for a signature.
pub const CANDIDATES: usize = 64;

crate::causes! {
    /// Why a message is invalid or undecided, beside the reasons of the engine.
    pub enum Fault {
        /// Bytes that are not CBOR, or not of the form of a message; a map with a key twice; bytes after the message.
        Malformed,
        /// A tag that is not one of the kind of message that the context names.
        WrongTag,
        /// `crit` is not protected, is empty, or names a parameter that is not protected, absent, or not known.
        CriticalHeader,
        /// A parameter that stands in both maps, where the context allows it in one.
        DuplicateHeader,
        /// An algorithm that is not protected, where the context wants it to be.
        UnprotectedAlgorithm,
        /// No algorithm, one that is not a number, or one that is not registered for signatures.
        UnknownAlgorithm,
        /// An algorithm that none of the keys is for.
        AlgorithmMismatch,
        /// Keys whose `key_ops` do not let them verify.
        KeyOps,
        /// A payload in the message, where one was given apart from it.
        PayloadNotDetached,
        /// No key with this id was given, or too many that could be meant.
        NeedsKey,
        /// A payload that is neither in the message nor given apart from it.
        DetachedPayload,
        /// An algorithm that is not verified here.
        UnsupportedAlgorithm,
        /// Several signatures, of which some hold and some do not.
        SignerPolicy,
        /// More signatures than are judged.
        TooManySignatures,
    }
}

/// What a message is, as whoever receives it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `sign1`: a COSE_Sign1.
    Sign1,
    /// `sign`: a COSE_Sign.
    Sign,
    /// `cwt`: a token that is either.
    Cwt,
    /// `eat`: the same, by the name of attestations.
    Eat,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Sign1, Self::Sign, Self::Cwt, Self::Eat];

    /// The name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sign1 => "sign1",
            Self::Sign => "sign",
            Self::Cwt => "cwt",
            Self::Eat => "eat",
        }
    }

    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What a message does not say.
#[derive(Debug, Clone)]
pub struct Context {
    /// What the message is.
    pub kind: Kind,
    /// What the application signs along with it.
    pub external_aad: Vec<u8>,
    /// The payload of messages that do not have it.
    pub payload: Option<Vec<u8>>,
    /// Whether the algorithm must be protected.
    pub protected_alg_only: bool,
    /// Whether a parameter may stand in one of the two maps only.
    pub strict_headers: bool,
    keys: KeySet<Key>,
    es256: Suite,
    es256k: Suite,
    ed25519: Suite,
}

impl Context {
    /// Messages of this kind and keys that may have signed them, with the rule for Ed25519; nothing signed along with
    /// them, no payload apart, and header parameters as RFC 9052 allows them.
    pub fn new(kind: Kind, keys: impl IntoIterator<Item = Key>, rule: Ed25519Rule) -> Self {
        let ecdsa = |scheme| Suite::ecdsa(scheme, EcdsaRule::Any, EcdsaEncoding::Raw);
        Self {
            kind,
            external_aad: Vec::new(),
            payload: None,
            protected_alg_only: false,
            strict_headers: false,
            keys: KeySet::new(keys.into_iter().map(|key| (key.id.clone(), key))).with_digests(Key::digests),
            es256: ecdsa(EcdsaScheme::P256Sha256),
            es256k: ecdsa(EcdsaScheme::Secp256k1Sha256),
            ed25519: Suite::ed25519(rule),
        }
    }

    /// The suite of keys of a type; `None` where it is not verified here.
    const fn suite(&self, kind: KeyType) -> Option<&Suite> {
        match kind {
            KeyType::P256 => Some(&self.es256),
            KeyType::Secp256k1 => Some(&self.es256k),
            KeyType::Ed25519 => Some(&self.ed25519),
            KeyType::P384 | KeyType::P521 | KeyType::Ed448 | KeyType::Rsa => None,
        }
    }
}

/// The profile `cose`: a record is one message.
///
/// ```
/// use sigwarp::Ed25519Rule;
/// use sigwarp_profiles::cose::{Context, Cose, Fault, Key, KeyType, Kind};
/// use sigwarp_profiles::{Batch, Verdict, verify};
///
/// // A COSE_Sign1 with EdDSA, whose payload is empty and whose signature has no bytes.
/// let record = [0xd2, 0x84, 0x43, 0xa1, 0x01, 0x27, 0xa0, 0x40, 0x40];
/// let key = Key::new(KeyType::Ed25519, [1; 32]);
/// let context = Context::new(Kind::Sign1, [key], Ed25519Rule::Rfc8032);
/// let nobody = Context::new(Kind::Sign1, [], Ed25519Rule::Rfc8032);
/// let mut batch = Batch::new();
/// batch.push(&Cose, &record, &context);
/// batch.push(&Cose, &record, &nobody);
/// let engine = sigwarp::Engine::builder().build()?;
/// let reports = verify(&engine, batch)?;
/// assert_eq!(reports[0].verdict.cause().unwrap().to_string(), "signature: BadSignatureLength");
/// assert_eq!(reports[1].verdict, Verdict::undecided(Fault::NeedsKey));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Cose;

impl Profile for Cose {
    type Context = Context;
    type Plan<'a> = Plan;

    fn name(&self) -> &'static str {
        "cose"
    }

    fn record_fields(&self) -> &'static [&'static str] {
        &["input"]
    }

    fn context_fields(&self) -> &'static [&'static str] {
        &["external_aad", "keys", "kind", "payload", "protected_alg_only", "rule", "strict_headers"]
    }

    /// `kind` must be there.
    fn context(&self, fields: &Fields) -> Result<Context, FieldError> {
        let kind = fields.read("kind", "sign1, sign, cwt or eat", |value| match value {
            Value::Text(name) => Kind::from_name(name),
            _ => None,
        })?;
        let keys = fields.objects("keys")?.unwrap_or_default();
        let keys = keys.into_iter().map(Key::from_fields).collect::<Result<Vec<_>, _>>()?.concat();
        let rule = fields.ed25519_rule("rule")?.unwrap_or(Ed25519Rule::Rfc8032);
        Ok(Context {
            external_aad: fields.bytes("external_aad")?.unwrap_or_default(),
            payload: fields.bytes("payload")?,
            protected_alg_only: fields.bool("protected_alg_only")?.unwrap_or(false),
            strict_headers: fields.bool("strict_headers")?.unwrap_or(false),
            ..Context::new(kind.ok_or(FieldError::Missing("kind"))?, keys, rule)
        })
    }

    fn keys<'c>(&self, context: &'c Context) -> Vec<(&'c Suite, &'c [u8])> {
        let keys = context.keys.all().iter();
        keys.filter_map(|key| Some((context.suite(key.kind)?, &key.bytes[..]))).collect()
    }

    fn parse<'a>(
        &self,
        record: &'a [u8],
        context: &'a Context,
        work: &mut Work<'a>,
    ) -> Result<Plan, Decided> {
        message::parse(record, context, work)
    }
}
