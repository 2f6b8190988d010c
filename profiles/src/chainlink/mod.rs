//! Chainlink OCR: reports that a quorum of oracles has signed, as calldata, as signed reports of Data Streams and as
//! attestations of OCR3.
//!
//! `tuple.rs` reads the ABI tuple of the first three forms, `transmission.rs` says what is signed in them,
//! `attestation.rs` does so for OCR3, `plan.rs` compares the recovered addresses with the signer set. Sources: libocr
//! (`OCR2Abstract.sol`, `OffchainAggregator.sol`, `contract3`), chainlink-data-streams (`Verifier.sol`).
//!
//! # What it decides
//!
//! With k for Keccak-256:
//!
//! | [`Form`] | record | what is signed |
//! |---|---|---|
//! | `ocr1` | calldata of `transmit(bytes, bytes32[], bytes32[], bytes32)` | k(report) |
//! | `ocr2` | calldata of `transmit(bytes32[3], bytes, bytes32[], bytes32[], bytes32)` | k(k(report) ‖ context) |
//! | `streams` | that tuple without a selector | the same |
//! | `ocr3` | 32 bits of oracles, r ‖ s for each | k(config digest ‖ sequence number, 32 bytes ‖ k(report)) |
//!
//! Calldata has exactly the length of its contents, of which none is padded; a signed report may have gaps in it and
//! bytes after it.
//!
//! Keys are recovered (v is 0 or 1 on the wire, and 27 is invalid there; OCR3 has no v, it is the 0 of others) and
//! their addresses compared. A record is valid where exactly f + 1 different members of the set signed; in OCR3 by the
//! places that the bits name, in ascending order. [`Report::signers`](crate::Report) has the members whose signatures
//! hold, [`Report::hash`](crate::Report) the digest that was signed. A signature that was made for something else
//! mostly recovers to a stranger: that is `UnknownSigner`, or `WrongSigner` in OCR3, never `EquationFailed`.
//!
//! Without a signer set a record is `undecided(NoConfig)` and its signatures have their addresses, unless its bytes
//! decide it already.
//!
//! # What it leaves
//!
//! - Staleness, transmitter, fees and the contents of the report.
//! - Whether 3 f is below the size of the set: the set and f are the caller's, as the contract has them.
//! - Other forms of OCR3 (key rings with signatures of 65 bytes) and of ledgers that are not EVM ones.
//!
//! # What no signature covers
//!
//! Bytes of `vs` past the last signature, in the first three forms. In `streams` also every byte that no offset leads
//! to: padding, gaps, and what follows the tuple. The bits of the offsets themselves are not signed but lead elsewhere
//! when they change. r ‖ s can be replaced by r ‖ n - s with the other v where `low_s` is not asked for.

mod attestation;
mod plan;
mod transmission;
mod tuple;

pub use plan::Plan;

use crate::fields::{FieldError, Fields};
use crate::profile::{Decided, Profile};
use crate::work::Work;

crate::causes! {
    /// Why a record is invalid or undecided, beside the reasons of the engine.
    pub enum Fault {
        /// Bytes are missing where a word of the tuple should be.
        Truncated,
        /// The record does not begin with the selector of its form.
        WrongSelector,
        /// An offset or a length of 2^64 and more, or one that leads out of the tuple.
        BadOffset,
        /// Calldata, or an attestation, of another length than its contents have.
        BadLength,
        /// The report is of another configuration than the one that was given.
        WrongConfigDigest,
        /// Another number of signatures than f + 1, or as many r as s.
        SignatureCount,
        /// Bits of oracles that there are not, or another number of them than f + 1.
        BadBitmask,
        /// A signature that does not hold; those of the record say why.
        BadSignature,
        /// A v that is neither 0 nor 1.
        BadV,
        /// The key that was recovered is in no place of the signer set.
        UnknownSigner,
        /// A member that has signed before.
        DuplicateSigner,
        /// The key that was recovered is not that of the oracle that the bits name.
        WrongSigner,
        /// There is no signer set to compare with.
        NoConfig,
    }
}

/// The most oracles of a set: one for each bit of an attestation, and [`MOST_SIGNERS`] in the other forms.
const MOST_ORACLES: usize = 32;

/// The most members of a set whose signatures stand in a tuple (`MAX_NUM_ORACLES`).
const MOST_SIGNERS: usize = 31;

/// What a record is, and what of the signed bytes is not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// `ocr1`: calldata of `transmit`, c9807539.
    Ocr1 {
        /// The 16 bytes that the report must name as its configuration, if they are to be compared.
        config_digest: Option<[u8; 16]>,
    },
    /// `ocr2`: calldata of `transmit`, b1dc65a4.
    Ocr2 {
        /// The first word of the context, if it is to be compared.
        config_digest: Option<[u8; 32]>,
    },
    /// `streams`: a signed report of Data Streams.
    Streams {
        /// The first word of the context, if it is to be compared.
        config_digest: Option<[u8; 32]>,
    },
    /// `ocr3`: an attestation, which does not hold what it attests.
    Ocr3 {
        /// The configuration.
        config_digest: [u8; 32],
        /// The sequence number of the report.
        seq_nr: u64,
        /// The report.
        report: Vec<u8>,
    },
}

/// The oracles of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Their addresses, in the order of the configuration, each once.
    pub signers: Vec<[u8; 20]>,
    /// How many of them may be faulty: f + 1 sign.
    pub f: usize,
}

/// What a record's bytes do not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// What the record is.
    pub form: Form,
    /// Who may sign, where that is known.
    pub config: Option<Config>,
    /// Whether s must be in the lower half, as the verifier in Go wants it; contracts take any.
    pub low_s: bool,
}

/// The profile `chainlink`: a record is a transmission, a signed report or an attestation.
///
/// ```
/// use sigwarp_profiles::{Batch, chainlink::{Chainlink, Context, Fault, Form}, verify};
///
/// let context = Context { form: Form::Ocr2 { config_digest: None }, config: None, low_s: false };
/// let mut batch = Batch::new();
/// batch.push(&Chainlink, &[0xc9, 0x80, 0x75, 0x39], &context);
/// let engine = sigwarp::Engine::builder().build()?;
/// let reports = verify(&engine, batch)?;
/// assert!(reports[0].verdict.cause().is_some_and(|cause| cause.is(Fault::WrongSelector)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Chainlink;

impl Profile for Chainlink {
    type Context = Context;
    type Plan<'a> = Plan<'a>;

    fn name(&self) -> &'static str {
        "chainlink"
    }

    fn record_fields(&self) -> &'static [&'static str] {
        &["data", "attestation"]
    }

    fn context_fields(&self) -> &'static [&'static str] {
        &["config_digest", "f", "form", "low_s", "report", "seq_nr", "signers"]
    }

    /// `form` must be there, with `config_digest`, `seq_nr` and `report` for `ocr3`; `config_digest` is compared where
    /// it is there for the others (16 bytes for `ocr1`). With `signers`, `f` must be there. `low_s` is false where it
    /// is absent.
    fn context(&self, fields: &Fields) -> Result<Context, FieldError> {
        let form = match fields.text("form")? {
            None => return Err(FieldError::Missing("form")),
            Some("ocr1") => Form::Ocr1 { config_digest: exact(fields, "16 bytes for ocr1")? },
            Some("ocr2") => Form::Ocr2 { config_digest: exact(fields, "32 bytes")? },
            Some("streams") => Form::Streams { config_digest: exact(fields, "32 bytes")? },
            Some("ocr3") => Form::Ocr3 {
                config_digest: exact(fields, "32 bytes")?.ok_or(FieldError::Missing("config_digest"))?,
                seq_nr: fields.u64("seq_nr")?.ok_or(FieldError::Missing("seq_nr"))?,
                report: fields.bytes("report")?.ok_or(FieldError::Missing("report"))?,
            },
            Some(_) => {
                return Err(FieldError::Wrong {
                    field: "form",
                    expected: "one of ocr1, ocr2, streams and ocr3",
                });
            }
        };
        let most = if matches!(form, Form::Ocr3 { .. }) { MOST_ORACLES } else { MOST_SIGNERS };
        let config = match signers(fields, most)? {
            None => None,
            Some(signers) => {
                let f = fields.u64("f")?.ok_or(FieldError::Missing("f"))?;
                let f = usize::try_from(f).ok().filter(|f| *f < signers.len());
                let expected = "a number of faulty oracles below that of the signers";
                Some(Config { f: f.ok_or(FieldError::Wrong { field: "f", expected })?, signers })
            }
        };
        Ok(Context { form, config, low_s: fields.bool("low_s")?.unwrap_or(false) })
    }

    fn parse<'a>(
        &self,
        record: &'a [u8],
        context: &'a Context,
        work: &mut Work<'a>,
    ) -> Result<Plan<'a>, Decided> {
        match &context.form {
            Form::Ocr3 { config_digest, seq_nr, report } => {
                attestation::parse(record, (config_digest, *seq_nr, report), context, work)
            }
            _ => transmission::parse(record, context, work),
        }
    }
}

/// The field `config_digest`, of `N` bytes.
fn exact<const N: usize>(fields: &Fields, expected: &'static str) -> Result<Option<[u8; N]>, FieldError> {
    let digest = fields.bytes("config_digest")?.map(<[u8; N]>::try_from);
    digest.transpose().map_err(|_| FieldError::Wrong { field: "config_digest", expected })
}

/// The field `signers`: different addresses, at most this many.
fn signers(fields: &Fields, most: usize) -> Result<Option<Vec<[u8; 20]>>, FieldError> {
    let expected = "at most 31 different addresses of 20 bytes (32 for ocr3)";
    let wrong = || FieldError::Wrong { field: "signers", expected };
    let Some(values) = fields.array("signers")? else { return Ok(None) };
    if values.len() > most {
        return Err(wrong());
    }
    let address = |value: &crate::Value| <[u8; 20]>::try_from(value.to_bytes()?).ok();
    let signers: Vec<[u8; 20]> = values.iter().map(address).collect::<Option<_>>().ok_or_else(wrong)?;
    let is_repeated = |(place, signer): (usize, &[u8; 20])| signers[..place].contains(signer);
    match signers.iter().enumerate().any(is_repeated) {
        true => Err(wrong()),
        false => Ok(Some(signers)),
    }
}
