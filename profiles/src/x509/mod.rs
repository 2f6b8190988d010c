//! X.509: certificates of devices, and the paths from them to roots that a caller trusts.
//!
//! `path.rs` looks for possible issuers and asks for each signature, `plan.rs` finds the path among those that hold. Sources: RFC 5280 (form and
//! path), RFC 5480, 5758, 8410 and 4055 (algorithms), GM/T 0006, 0009 and 0015 (SM2).
//!
//! # What it decides
//!
//! A certificate is valid where a path leads from it to a root: each certificate names its issuer by the bytes of the
//! issuer's subject, the issuer is a CA (basicConstraints), the algorithm in the signed bytes is the one beside the
//! signature, and the signature is one of the issuer's key over the TBSCertificate as it lies in the record. Names
//! are no proof: every root and every certificate of [`Context`] whose subject is the issuer's name is a possible
//! issuer, in any order, and one that fails does not speak against the others. All of their signatures are asked for
//! at once; the path is found afterwards. The shortest path is reported: `certificate[i]` is the signature of its
//! i-th certificate, from the leaf on, with the key of the issuer.
//!
//! ECDSA on P-256 and secp256k1 with SHA-256 or SHA-512, Ed25519, and SM2 with the user id of the context
//! ([`DEFAULT_SM2_ID`] by default). SM2 over a digest without Z_A, which some software makes, is refused unless
//! [`Context::without_za`] asks for it. Where the engine has its feature `one-by-one`, which that of this crate turns on,
//! also ECDSA on P-384 with SHA-384, and RSA with SHA-256.
//!
//! [`Report::anchored`](crate::Report) is true where the path ends in a root, which is more than that signatures hold: a
//! certificate that signed itself is undecided, and not anchored.
//!
//! # What it leaves
//!
//! - Dates, revocation, key usage, path length, name and policy constraints, and extensions that are critical: RFC 5280
//!   has rules for them, and none is judged here. What names, times and other extensions contain is not read, so that
//!   it need not be DER.
//! - The signature of a root, and what it says but for its subject, its key and basicConstraints: it is trusted because
//!   it was given. A root of version 1 has no basicConstraints and is no issuer.
//! - `undecided`: no root ends a path whose signatures hold (`TrustAnchorUnknown`); the record is one of the roots
//!   (`IsAnchor`); an algorithm that the engine lacks (`UnsupportedAlgorithm`); more certificates or possible issuers
//!   than [`MAX_CHAIN`] and [`MAX_CHECKS`] (`TooManyCertificates`).
//!
//! # What no signature covers
//!
//! Nothing of the record: the signed bytes, the algorithm beside the signature, which they repeat, and the signature are
//! all of it. The signature can be replaced by another one of the same bytes: (r, n - s) for (r, s) where it is an ECDSA
//! signature, so the hash of a certificate does not identify it. Certificates of the chain that the path does not lead
//! through can be anything that is well formed.

mod path;
mod plan;

pub use plan::Plan;

use sigwarp::{Sm2Encoding, Suite, SuiteError};

use crate::algorithm::{NoMethod, Sm2};
use crate::certificate::Certificate;
use crate::fields::{FieldError, Fields, Value};
use crate::keys::KeySet;
use crate::profile::{Decided, Profile};
use crate::work::Work;

/// The user id of SM2 signatures where no other is agreed on (GM/T 0009 section 10).
pub const DEFAULT_SM2_ID: &[u8] = b"1234567812345678";

/// The most certificates of a chain.
pub const MAX_CHAIN: usize = 32;

/// The most signatures that a record asks for.
pub const MAX_CHECKS: usize = 64;

crate::causes! {
    /// Why a certificate is invalid or undecided, beside the reasons of the engine.
    pub enum Fault {
        /// Bytes that are no certificate in DER; `Malformed:chain` where they are not those of the record.
        Malformed,
        /// The signed bytes name another algorithm than the one beside the signature.
        AlgorithmMismatch,
        /// No certificate has the issuer's name as its subject, and the chain has certificates that no name leads to.
        NameMismatch,
        /// The issuer is no CA.
        NotCA,
        /// The algorithm of the signature is not one of the issuer's key.
        KeyAlgorithmMismatch,
        /// No root ends the path.
        TrustAnchorUnknown,
        /// The certificate is one of the roots.
        IsAnchor,
        /// An algorithm, a curve or a size of keys that the engine does not have.
        UnsupportedAlgorithm,
        /// More certificates, or more possible issuers, than are looked at.
        TooManyCertificates,
    }
}

impl From<NoMethod> for Fault {
    fn from(why: NoMethod) -> Self {
        match why {
            NoMethod::KeyAlgorithmMismatch => Self::KeyAlgorithmMismatch,
            NoMethod::UnsupportedAlgorithm => Self::UnsupportedAlgorithm,
        }
    }
}

/// A root that is no certificate in DER.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("root {index} is no certificate in DER: the byte at offset {at} is not what must stand there")]
pub struct BadRoot {
    /// Its place among the roots.
    pub index: usize,
    /// The offset in it where it is malformed.
    pub at: usize,
}

/// What a certificate's bytes do not say.
#[derive(Debug, Clone)]
pub struct Context {
    /// What came with the certificate: not trusted, in any order.
    chain: Vec<Vec<u8>>,
    /// The roots by their subjects, as elements.
    roots: KeySet<Vec<u8>>,
    sm2: Sm2,
}

impl Context {
    /// The certificates that came with the records, and the roots that are trusted, all in DER. Certificates of the
    /// chain are judged with each record.
    ///
    /// # Errors
    /// A root that is malformed.
    pub fn new(chain: Vec<Vec<u8>>, roots: Vec<Vec<u8>>) -> Result<Self, BadRoot> {
        let with_subject = |(index, root): (usize, Vec<u8>)| match Certificate::parse(&root) {
            Ok(certificate) => Ok((Some(certificate.subject.to_vec()), root)),
            Err(bad) => Err(BadRoot { index, at: bad.at }),
        };
        let roots: Vec<_> = roots.into_iter().enumerate().map(with_subject).collect::<Result<_, _>>()?;
        let suite = Suite::sm2_sm3(DEFAULT_SM2_ID, Sm2Encoding::Der).expect("a short user id");
        Ok(Self { chain, roots: KeySet::new(roots), sm2: Sm2::UserId(suite) })
    }

    /// The same, with the user id that SM2 signatures are made with.
    ///
    /// # Errors
    /// The user id is too long.
    pub fn with_sm2_id(self, user_id: &[u8]) -> Result<Self, SuiteError> {
        Ok(Self { sm2: Sm2::UserId(Suite::sm2_sm3(user_id, Sm2Encoding::Der)?), ..self })
    }

    /// The same, with SM2 signatures that are over the digest of the TBSCertificate alone, without Z_A, and no others.
    #[must_use]
    pub fn without_za(self) -> Self {
        Self { sm2: Sm2::WithoutZa, ..self }
    }
}

/// The profile `x509`: a record is one certificate, in DER.
///
/// ```
/// use sigwarp_profiles::{Batch, verify, x509::{Context, Fault, X509}};
///
/// let context = Context::new(Vec::new(), Vec::new())?;
/// let mut batch = Batch::new();
/// // A sequence of indefinite length, which DER does not have.
/// batch.push(&X509, &[0x30, 0x80, 0x00, 0x00], &context);
/// let engine = sigwarp::Engine::builder().build()?;
/// let reports = verify(&engine, batch)?;
/// assert!(reports[0].verdict.cause().is_some_and(|cause| cause.is(Fault::Malformed)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct X509;

impl Profile for X509 {
    type Context = Context;
    type Plan<'a> = Plan;

    fn name(&self) -> &'static str {
        "x509"
    }

    fn record_fields(&self) -> &'static [&'static str] {
        &["input"]
    }

    fn context_fields(&self) -> &'static [&'static str] {
        &["chain", "roots", "sm2_id", "sm2_no_za"]
    }

    /// `chain` and `roots` are arrays of certificates and may be absent, as may `sm2_id` (the bytes of the user id) and
    /// `sm2_no_za`.
    fn context(&self, fields: &Fields) -> Result<Context, FieldError> {
        const EXPECTED: &str = "an array of certificates in DER, in hexadecimal digits";
        let certificates = |field: &'static str| -> Result<Vec<Vec<u8>>, FieldError> {
            let found = fields.read(field, EXPECTED, |value| match value {
                Value::Array(values) => values.iter().map(Value::to_bytes).collect(),
                _ => None,
            });
            Ok(found?.unwrap_or_default())
        };
        let context = Context::new(certificates("chain")?, certificates("roots")?)
            .map_err(|_| FieldError::Wrong { field: "roots", expected: EXPECTED })?;
        let wrong = |expected| FieldError::Wrong { field: "sm2_id", expected };
        match (fields.bytes("sm2_id")?, fields.bool("sm2_no_za")?.unwrap_or(false)) {
            (None, false) => Ok(context),
            (None, true) => Ok(context.without_za()),
            (Some(user_id), false) => {
                context.with_sm2_id(&user_id).map_err(|_| wrong("a user id of at most 8191 bytes"))
            }
            (Some(_), true) => Err(wrong("absent where sm2_no_za is true")),
        }
    }

    fn parse<'a>(
        &self,
        record: &'a [u8],
        context: &'a Context,
        work: &mut Work<'a>,
    ) -> Result<Plan, Decided> {
        path::parse(record, context, work)
    }
}
