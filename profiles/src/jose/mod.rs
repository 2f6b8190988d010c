//! JOSE: JSON Web Signatures, and the tokens (JWT) that are made of them.
//!
//! `message.rs` takes the serializations apart, `header.rs` judges a header and chooses keys, `keys.rs` reads JSON Web
//! Keys, `plan.rs` folds. Sources: RFC 7515 (JWS), RFC 7517 and 7518 (keys, algorithms), RFC 7797 (payloads that are not
//! encoded), RFC 8037 and RFC 9864 (EdDSA), RFC 8812 (ES256K), RFC 8725 (what went wrong with tokens).
//!
//! # What it decides
//!
//! A record is a JWS in the compact serialization, or in the flattened or general JSON serialization. The signed bytes are
//! the protected header as it came, a full stop and the payload as it came; nothing is encoded again, but a detached
//! payload that is given apart. ES256, ES256K and EdDSA over Ed25519 are verified. A record with one signature is valid
//! where that holds. Of several each is judged; where some fail and others hold it is for the caller to say which are
//! needed (`SignerPolicy`), and where none is known to hold the record is invalid.
//!
//! Keys come from the context alone: `jwk`, `jku`, `x5c` and `x5u` of a header are never followed. A header with a `kid`
//! means the keys with that id, else those without any whose thumbprint (RFC 7638) or certificate hash it is, else those
//! without any; one without a `kid` means the keys of the certificate of `x5t#S256`, else all. Of these the ones count that
//! fit the algorithm by type and curve and whose own `alg`, `use` and `key_ops` allow it, and each of them is tried, up
//! to [`CANDIDATES`]. So a token that calls itself `HS256` where the key is of a curve is `AlgorithmMismatch`, whatever
//! its bytes are.
//!
//! # What it leaves
//!
//! - Claims: times, issuer, audience. They are the payload's, which is not read.
//! - `undecided`: `NeedsKey` (no key of this id, or more candidates than are tried), `DetachedPayload` (no payload in the
//!   record or the context), `Encrypted` (a JWE), `UnsupportedAlgorithm` (HMAC, RSA, and curves that are not verified
//!   here), `SignerPolicy`, `TooManySignatures` (over
//!   [`SIGNATURES`], or with over [`COPIES`] bytes of copies of the payload).
//!
//! # What no signature covers
//!
//! In the JSON serializations: unprotected headers, members that the standard does not name, and the spelling of the
//! JSON. ECDSA has two signatures for each: s and n − s are both valid, so the bytes of a token are no id of it.

mod header;
mod keys;
mod message;
mod plan;

pub use keys::Key;
pub use plan::Plan;

use sigwarp::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Ed25519Rule, Suite};

use crate::fields::{FieldError, Fields, Value};
use crate::keys::{Curve, KeySet};
use crate::profile::{Decided, Profile};
use crate::work::Work;

/// The most signatures of a record.
pub const SIGNATURES: usize = 64;

/// The most bytes of copies of the payload: each signature but the first has one, since its header is signed before it.
pub const COPIES: usize = 1 << 20;

/// The most keys that are tried for a signature.
pub const CANDIDATES: usize = 64;

crate::causes! {
    /// Why a record is invalid or undecided, beside the reasons of the engine.
    pub enum Fault {
        /// No serialization of a JWS, or a part that is no base64url, no JSON or no object.
        Malformed,
        /// Base64url whose last character has bits that stand for nothing.
        NonCanonicalBase64,
        /// JSON with two members of one name in an object.
        DuplicateMember,
        /// A parameter in the protected and in the unprotected header.
        DuplicateHeader,
        /// A list of critical parameters that is not protected or empty, or names one that is absent or not known here.
        CriticalHeader,
        /// No algorithm in the header.
        NoAlgorithm,
        /// The algorithm `none`, in whatever letters.
        AlgorithmNone,
        /// An algorithm that is not registered for signatures.
        UnknownAlgorithm,
        /// An algorithm that none of the keys is for.
        AlgorithmMismatch,
        /// Keys that are not for verifying signatures.
        KeyUse,
        /// A payload in the record, where one was given apart from it.
        PayloadNotDetached,
        /// More signatures than are judged in a record, or with more copies of the payload.
        TooManySignatures,
        /// No key of this id was given, or too many that could be meant.
        NeedsKey,
        /// A payload that is neither in the record nor given apart from it.
        DetachedPayload,
        /// A JWE.
        Encrypted,
        /// An algorithm that is not verified here.
        UnsupportedAlgorithm,
        /// Several signatures of which some do not hold.
        SignerPolicy,
    }
}

/// What a record does not say.
#[derive(Debug, Clone)]
pub struct Context {
    keys: KeySet<Key>,
    payload: Option<Vec<u8>>,
    ed25519: Suite,
    es256: Suite,
    es256k: Suite,
}

impl Context {
    /// Keys, the payload of records that do not have it, and the rule for Ed25519.
    pub fn new(keys: impl IntoIterator<Item = Key>, payload: Option<Vec<u8>>, rule: Ed25519Rule) -> Self {
        let ecdsa = |scheme| Suite::ecdsa(scheme, EcdsaRule::Any, EcdsaEncoding::Raw);
        Self {
            keys: KeySet::new(keys.into_iter().map(|key| (key.id().map(|id| id.as_bytes().to_vec()), key)))
                .with_digests(Key::digests),
            payload,
            ed25519: Suite::ed25519(rule),
            es256: ecdsa(EcdsaScheme::P256Sha256),
            es256k: ecdsa(EcdsaScheme::Secp256k1Sha256),
        }
    }

    fn suite(&self, curve: Curve) -> Option<&Suite> {
        match curve {
            Curve::P256 => Some(&self.es256),
            Curve::Secp256k1 => Some(&self.es256k),
            Curve::Ed25519 => Some(&self.ed25519),
            Curve::Sm2 => None,
        }
    }
}

/// The profile.
#[derive(Debug, Clone, Copy, Default)]
pub struct Jose;

impl Profile for Jose {
    type Context = Context;
    type Plan<'a> = Plan;

    fn name(&self) -> &'static str {
        "jose"
    }

    fn record_fields(&self) -> &'static [&'static str] {
        &["input", "token"]
    }

    fn context_fields(&self) -> &'static [&'static str] {
        &["keys", "payload", "rule"]
    }

    fn record(&self, value: &Value) -> Option<Vec<u8>> {
        match value {
            Value::Text(text) => Some(text.clone().into_bytes()),
            Value::Bytes(bytes) => Some(bytes.clone()),
            _ => None,
        }
    }

    fn is_text(&self) -> bool {
        true
    }

    fn context(&self, fields: &Fields) -> Result<Context, FieldError> {
        let keys = fields.objects("keys")?.unwrap_or_default();
        let keys = keys.into_iter().map(Key::from_fields).collect::<Result<Vec<_>, _>>()?;
        Ok(Context::new(
            keys,
            fields.bytes("payload")?,
            fields.ed25519_rule("rule")?.unwrap_or(Ed25519Rule::Rfc8032),
        ))
    }

    fn keys<'c>(&self, context: &'c Context) -> Vec<(&'c Suite, &'c [u8])> {
        let keys = context.keys.all().iter().filter_map(|key| key.public.as_ref());
        keys.filter_map(|key| Some((context.suite(key.curve)?, &key.bytes[..]))).collect()
    }

    fn parse<'a>(
        &self,
        record: &'a [u8],
        context: &'a Context,
        work: &mut Work<'a>,
    ) -> Result<Plan, Decided> {
        let message = message::read(record)?;
        Plan::of(&message, context, work)
    }
}
