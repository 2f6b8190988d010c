//! ChainMaker 2.x: requests as clients send them, and transactions as blocks have them.
//!
//! `request.rs` reads a record and encodes its payload as nodes do, `member.rs` finds the key of who signs, `plan.rs` folds.
//! Sources: ChainMaker's `common/request.proto`, `common/transaction.proto` and `accesscontrol/member.proto`, and of its Go
//! modules `utils` (`CalcUnsignedTxBytes`, `VerifyTxWithoutPayload`), `accesscontrol` (`certMember.Verify`) and `common/crypto`.
//!
//! # What it decides
//!
//! A node parses the request with code that gogo has generated and signs over what that encodes of the payload: known
//! fields by their numbers, each once, those with their default left out, unknown fields dropped. A known number in another
//! wire type is an error; strings are any bytes; messages that come twice are one.
//!
//! The sender signs as a certificate, which comes along as PEM or DER or is named by its hash, or as a public key. The hash
//! function is that of the certificate's own signature algorithm, whatever its key is: SM3 over a key of SM2 is SM2 with the
//! default user id, everything else is ECDSA over the digest, with any s. A public key is used with the hash function of
//! the chain. Signatures are DER as Go's `encoding/asn1` reads it, so that bytes may follow, also within the sequence.
//!
//! A record is valid where the signatures of the sender and of all endorsers hold; invalid where the sender's does not.
//! [`Report::tx_id`](crate::Report) is the text of the payload's `tx_id`.
//!
//! # What it leaves
//!
//! - Whose certificate it is: chains, revocation, roles and dates. Whether the payload makes sense; expiry.
//! - `undecided`: `EndorsementPolicy` where an endorsement does not hold or cannot be judged, for policies say which are
//!   needed; `Payer` where that of the payer does not; `CertificateUnknown` where the sender's certificate is named by a hash
//!   that was not given, or by an alias; `MemberType` where the sender is an address, a DID or something new;
//!   `UnsupportedAlgorithm` for RSA, Ed25519, other curves, SHA-384, and a key of SM2 in a certificate that was signed with
//!   ECDSA, of which versions of ChainMaker make different things.
//! - `undecided` too: more than [`MAX_SIGNATURES`] (`TooManySignatures`), more than [`MAX_BYTES`] (`TooLarge`). Groups, which
//!   these messages do not have, are malformed here; nodes would pass over them.
//! - Records of version 1, whose signatures are over header and payload.
//!
//! # What no signature covers
//!
//! The form of the payload, where what is signed is the same, and its unknown fields; the organization that a member names;
//! which of equal certificates it comes with; bytes after a signature; the result of a transaction. Endorsements and the
//! payer can be taken away. (r, n - s) holds where (r, s) does under ECDSA.

mod member;
mod plan;
mod request;

pub use plan::Plan;

use std::collections::HashMap;

use sigwarp::{Hash, Suite};

use self::member::Identity;
use crate::fields::{FieldError, Fields, Value};
use crate::profile::{Decided, Profile};
use crate::work::Work;

crate::causes! {
    /// Why a record is invalid or undecided, beside the reasons of the engine.
    pub enum Fault {
        /// Bytes that are not the message, or a certificate or key that is none.
        Malformed,
        /// No payload or no sender.
        MissingField,
        /// A payload for another chain than the one that was given.
        WrongChain,
        /// A signature that is no DER of two integers.
        BadSignatureEncoding,
        /// An endorsement that does not hold; policies say whether it is needed.
        EndorsementPolicy,
        /// The signature of the payer does not hold.
        Payer,
        /// A certificate that is named and was not given.
        CertificateUnknown,
        /// A member that is neither a certificate nor a key.
        MemberType,
        /// A key or a hash function that is not verified.
        UnsupportedAlgorithm,
        /// More signatures than are looked at.
        TooManySignatures,
        /// More bytes than are looked at.
        TooLarge,
    }
}

/// The most bytes of a record.
pub const MAX_BYTES: usize = 16 << 20;

/// The most signatures of a record. Each is over the whole payload.
pub const MAX_SIGNATURES: usize = 64;

/// What a record is. They differ in where the payer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// `tx-request`: a `TxRequest`.
    Request,
    /// `transaction`: a `Transaction`, with its result.
    Transaction,
}

/// The hash function of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChainHash {
    /// `sha256`.
    Sha256,
    /// `sm3`.
    Sm3,
}

impl ChainHash {
    const fn hash(self) -> Hash {
        match self {
            Self::Sha256 => Hash::Sha256,
            Self::Sm3 => Hash::Sm3,
        }
    }
}

/// What a record's bytes do not say.
#[derive(Debug, Clone)]
pub struct Context {
    form: Form,
    hash: ChainHash,
    chain_id: Option<String>,
    /// Certificates by what names them; `None` of one that is malformed.
    certificates: HashMap<Vec<u8>, Option<Identity>>,
}

impl Context {
    /// Records of this form, of a chain with this hash function.
    pub fn new(form: Form, hash: ChainHash) -> Self {
        Self { form, hash, chain_id: None, certificates: HashMap::new() }
    }

    /// The same, of the chain of this id alone.
    #[must_use]
    pub fn with_chain_id(self, chain_id: String) -> Self {
        Self { chain_id: Some(chain_id), ..self }
    }

    /// The same, with certificates (PEM or DER) by the hashes that members name them by. That it is their hash is not
    /// checked.
    #[must_use]
    pub fn with_certificates(mut self, certificates: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Self {
        let identity = |(hash, bytes): (Vec<u8>, Vec<u8>)| (hash, Identity::of_certificate(&bytes));
        self.certificates.extend(certificates.into_iter().map(identity));
        self
    }
}

/// The profile `chainmaker`: a record is a `TxRequest` or a `Transaction`.
///
/// ```
/// use sigwarp_profiles::{Batch, chainmaker::{ChainHash, ChainMaker, Context, Fault, Form}, verify};
///
/// let context = Context::new(Form::Request, ChainHash::Sm3);
/// let mut batch = Batch::new();
/// // An empty payload, and nobody who sends it.
/// batch.push(&ChainMaker, &[0x0a, 0x00], &context);
/// let engine = sigwarp::Engine::builder().build()?;
/// let reports = verify(&engine, batch)?;
/// assert!(reports[0].verdict.cause().is_some_and(|cause| cause.is(Fault::MissingField)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct ChainMaker;

impl Profile for ChainMaker {
    type Context = Context;
    type Plan<'a> = Plan;

    fn name(&self) -> &'static str {
        "chainmaker"
    }

    fn record_fields(&self) -> &'static [&'static str] {
        &["input"]
    }

    fn context_fields(&self) -> &'static [&'static str] {
        &["certificates", "chain_id", "hash", "kind"]
    }

    /// `kind` (`tx-request` or `transaction`) and `hash` (`sha256` or `sm3`) must be there. `chain_id` may be absent, and
    /// `certificates`: an object of certificates in DER by their hashes, both in hexadecimal digits.
    fn context(&self, fields: &Fields) -> Result<Context, FieldError> {
        let form = fields.read("kind", "tx-request or transaction", |value| match value {
            Value::Text(name) if name == "tx-request" => Some(Form::Request),
            Value::Text(name) if name == "transaction" => Some(Form::Transaction),
            _ => None,
        })?;
        let hash = fields.read("hash", "sha256 or sm3", |value| match value {
            Value::Text(name) if name == "sha256" => Some(ChainHash::Sha256),
            Value::Text(name) if name == "sm3" => Some(ChainHash::Sm3),
            _ => None,
        })?;
        let expected = "an object of certificates by their hashes, both in hexadecimal digits";
        let certificates = fields.read("certificates", expected, |value| {
            let pair = |(name, value): (&str, &Value)| {
                Some((Value::Text(name.to_owned()).to_bytes()?, value.to_bytes()?))
            };
            value.as_object()?.iter().map(pair).collect::<Option<Vec<_>>>()
        })?;
        let form = form.ok_or(FieldError::Missing("kind"))?;
        let hash = hash.ok_or(FieldError::Missing("hash"))?;
        let chain_id = fields.text("chain_id")?.map(str::to_owned);
        let context = Context { chain_id, ..Context::new(form, hash) };
        Ok(context.with_certificates(certificates.unwrap_or_default()))
    }

    fn keys<'c>(&self, context: &'c Context) -> Vec<(&'c Suite, &'c [u8])> {
        context.certificates.values().flatten().filter_map(Identity::registered).collect()
    }

    fn parse<'a>(
        &self,
        record: &'a [u8],
        context: &'a Context,
        work: &mut Work<'a>,
    ) -> Result<Plan, Decided> {
        request::parse(record, context, work)
    }
}
