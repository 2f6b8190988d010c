//! Secure elements: what a chip such as an ATECC608 gives, a key x ‖ y, a signature r ‖ s and what was signed.
//!
//! # What it decides
//!
//! A record is the message, or its digest where the context says so; key and signature come with the context, since
//! a log of a device has them in fields of their own. The signature is judged under the plain rule of its curve
//! (`ecdsa`, `sm2`, `cofactorless` for Ed25519): chips do not make s low. Keys are x ‖ y, as chips give them, or as SEC 1
//! writes them; for Ed25519 the 32 bytes of RFC 8032.
//!
//! # What it leaves
//!
//! Whose key it is: chips come with a certificate (the profile `x509`).
//!
//! # What no signature covers
//!
//! Nothing. For ECDSA, s and n − s are both valid.

use sigwarp::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Ed25519Rule, Sm2Encoding, Suite};

use crate::batch::Answers;
use crate::fields::{FieldError, Fields, Value};
use crate::keys::Curve;
use crate::profile::{Decided, Profile};
use crate::work::{CheckId, Work};
use crate::{Report, Role, Signature};

/// The user id of SM2 where none is named (GM/T 0009, section 10).
const DEFAULT_USER_ID: &[u8] = b"1234567812345678";

crate::causes! {
    /// Why a record is invalid, beside the reasons of the engine.
    pub enum Fault {
        /// A digest that does not have 32 bytes. ECDSA takes others, cut or filled with zeros: a signature of 32 bytes would
        /// hold for whatever follows them, and anyone can sign no bytes at all.
        BadDigestLength,
    }
}

/// The bytes of a digest.
const DIGEST: usize = 32;

/// What a message does not say.
#[derive(Debug, Clone)]
pub struct Context {
    suite: Suite,
    is_hashed: bool,
    /// As it was given, and as the engine takes it.
    key: Vec<u8>,
    encoded: Vec<u8>,
    signature: Vec<u8>,
}

impl Context {
    /// A key of this curve and the signature; `is_hashed` says that records are digests of 32 bytes. Ed25519 has none.
    pub fn new(curve: Curve, is_hashed: bool, key: Vec<u8>, signature: Vec<u8>) -> Self {
        let ecdsa = |scheme| Suite::ecdsa(scheme, EcdsaRule::Any, EcdsaEncoding::Raw);
        let suite = match (curve, is_hashed) {
            (Curve::P256, false) => ecdsa(EcdsaScheme::P256Sha256),
            (Curve::P256, true) => ecdsa(EcdsaScheme::P256),
            (Curve::Secp256k1, false) => ecdsa(EcdsaScheme::Secp256k1Sha256),
            (Curve::Secp256k1, true) => ecdsa(EcdsaScheme::Secp256k1),
            (Curve::Sm2, false) => {
                Suite::sm2_sm3(DEFAULT_USER_ID, Sm2Encoding::Raw).expect("a user id of 16 bytes")
            }
            (Curve::Sm2, true) => Suite::sm2(Sm2Encoding::Raw),
            (Curve::Ed25519, _) => Suite::ed25519(Ed25519Rule::Cofactorless),
        };
        let encoded = match (curve, key.len()) {
            (Curve::P256 | Curve::Secp256k1 | Curve::Sm2, 64) => [&[4], &key[..]].concat(),
            _ => key.clone(),
        };
        Self { suite, is_hashed: is_hashed && curve != Curve::Ed25519, key, encoded, signature }
    }
}

/// The profile.
#[derive(Debug, Clone, Copy, Default)]
pub struct SecureElement;

impl Profile for SecureElement {
    type Context = Context;
    type Plan<'a> = Plan<'a>;

    fn name(&self) -> &'static str {
        "secure-element"
    }

    fn record_fields(&self) -> &'static [&'static str] {
        &["input", "message", "digest"]
    }

    fn context_fields(&self) -> &'static [&'static str] {
        &["crv", "digest", "hashed", "input", "key", "message", "signature"]
    }

    fn context(&self, fields: &Fields) -> Result<Context, FieldError> {
        let curve = fields.read("crv", "p256, secp256k1, sm2 or ed25519", |value| match value {
            Value::Text(name) => Some(match name.to_ascii_lowercase().as_str() {
                "p256" | "p-256" | "secp256r1" => Curve::P256,
                "secp256k1" => Curve::Secp256k1,
                "sm2" => Curve::Sm2,
                "ed25519" => Curve::Ed25519,
                _ => return None,
            }),
            _ => None,
        })?;
        let curve = curve.ok_or(FieldError::Missing("crv"))?;
        // A row that calls its bytes a digest need not say so again.
        let is_digest =
            fields.get("digest").is_some() && fields.get("message").or(fields.get("input")).is_none();
        let is_hashed = fields.bool("hashed")?.unwrap_or(is_digest);
        let key = fields.bytes("key")?.ok_or(FieldError::Missing("key"))?;
        let signature = fields.bytes("signature")?.ok_or(FieldError::Missing("signature"))?;
        if is_hashed && curve == Curve::Ed25519 {
            return Err(FieldError::Wrong {
                field: "hashed",
                expected: "false for ed25519, which signs messages",
            });
        }
        Ok(Context::new(curve, is_hashed, key, signature))
    }

    fn parse<'a>(
        &self,
        record: &'a [u8],
        context: &'a Context,
        work: &mut Work<'a>,
    ) -> Result<Plan<'a>, Decided> {
        let Context { suite, is_hashed, key, encoded, signature } = context;
        if *is_hashed && record.len() != DIGEST {
            return Err(Fault::BadDigestLength.into());
        }
        let check = work.verify(suite, &encoded[..], record, &signature[..]);
        Ok(Plan { check, suite, key })
    }
}

/// What remains of a record until its signature is verified.
#[derive(Debug)]
pub struct Plan<'a> {
    check: CheckId,
    suite: &'a Suite,
    key: &'a [u8],
}

impl crate::Plan for Plan<'_> {
    fn fold(self, answers: &Answers<'_>) -> Report {
        let verdict = answers.verdict(self.check).into();
        let signature = Signature::decided(Role::one("record"), Some(self.suite.clone()), self.key, verdict);
        match signature.verdict.is_valid() {
            true => Report::of_all(vec![signature]),
            false => Report::failed(0, vec![signature]),
        }
    }
}
