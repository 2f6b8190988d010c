//! Solana: legacy, v0 and v1 transactions, and the signatures that their precompiles verify.
//!
//! `wire.rs` reads a transaction and makes the sanitizing checks, `precompiles.rs` reads the calls of the programs
//! for Ed25519, secp256k1 and secp256r1. Sources: the documents of the SDK (`solana-transaction`, `solana-message`,
//! `solana-short-vec`) and what Agave does, for nothing else is specified; SIMD-0385 (v1), SIMD-0376 (the rule to
//! come), SIMD-0075 (secp256r1), SIMD-0159 (precompiles that fail).
//!
//! **Decided.** A transaction is valid where its bytes have the one form that they can have, the sanitizing checks
//! hold and every signature is that of its key over the message, version byte included. Each is a verdict of its own
//! under [`Rule::Strict`], however many there are: a rule for batches would accept more. The id of the transaction is
//! its first signature.
//!
//! **Beside it.** [`Report::precompiles`](crate::Report::precompiles) has a verdict for each call of a precompile, in
//! the order of the instructions, also where the transaction is invalid for a signature. A transaction whose
//! precompile fails is still included and charged (SIMD-0159), so they do not change its verdict. A call ends at its
//! first error, as in Agave, and has the signatures before it: one that does not hold is
//! [`Fault::BadSignature`], with its own reason at the signature. Offsets past the end of an instruction are
//! [`Fault::InvalidDataOffsets`] everywhere, where Agave speaks of a signature in secp256k1; the byte after the number
//! of records in Ed25519 and secp256r1 is ignored.
//!
//! **Left.** v1, where the context does not accept it, is undecided. Whether the blockhash is recent, fees, duplicate
//! keys (legacy and v0: an account may not be locked twice), the contents of lookup tables and limits that features of
//! a cluster set (the number of instructions or of the accounts of one) are not the business of this profile.
//!
//! **Not signed.** Nothing: every bit of a transaction is of a signature, of the message, or of the number of
//! signatures that the message repeats.

mod precompiles;
mod wire;

use sigwarp::{Ed25519Rule, Suite};

use self::precompiles::Call;
use self::wire::Transaction;
use crate::batch::Answers;
use crate::fields::{FieldError, Fields};
use crate::profile::{self, Decided, Profile};
use crate::work::{CheckId, Work};
use crate::{Report, Role, Value, Verdict};

crate::causes! {
    /// Why a transaction, or a call of a precompile, is invalid, beside the reasons of the engine.
    pub enum Fault {
        /// Bytes are missing.
        Truncated,
        /// Bytes are left after the transaction.
        TrailingBytes,
        /// A transaction of more than 1,232 bytes, or of more than 4,096 in version 1.
        TooLarge,
        /// A number that is not in its shortest form.
        NonCanonicalLength,
        /// A number of more than 16 bits or three bytes.
        LengthOverflow,
        /// A version that does not exist, or (undecided) one that the context does not accept.
        UnsupportedVersion,
        /// No signatures, or another number of them than the message says.
        SignatureCount,
        /// The account that pays is read-only, or there is none.
        PayerNotWritable,
        /// Counts or indices that do not fit one another.
        Sanitize,
        /// A signature does not hold; the reason is at the signature.
        BadSignature,
        /// A call of a precompile with data too short for its records, with none or too many of them, or (secp256k1)
        /// with a signature in an instruction that does not exist.
        InvalidInstructionDataSize,
        /// Offsets of a precompile to what does not exist.
        InvalidDataOffsets,
        /// The key that was recovered has another address.
        AddressMismatch,
    }
}

/// The rule of Ed25519 signatures: those of transactions and those of the Ed25519 precompile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Rule {
    /// `strict`: what every cluster uses today.
    #[default]
    Strict,
    /// `simd0376`: what SIMD-0376 says, from the epoch that activates it.
    Simd0376,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 2] = [Self::Strict, Self::Simd0376];

    /// The name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Simd0376 => "simd0376",
        }
    }

    /// The rule of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }

    const fn suite(self) -> Suite {
        Suite::ed25519(match self {
            Self::Strict => Ed25519Rule::Strict,
            Self::Simd0376 => Ed25519Rule::Simd0376,
        })
    }
}

/// What a transaction's bytes do not say. The default is every cluster of today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Context {
    /// Whether the cluster has transactions of version 1 (SIMD-0385). Where not, they are undecided.
    pub accept_v1: bool,
    /// The rule of the epoch.
    pub rule: Rule,
}

/// The profile `solana`: a record is one transaction as it travels.
///
/// ```
/// use sigwarp_profiles::solana::{Context, Fault, Solana};
/// use sigwarp_profiles::{Batch, Verdict, verify};
///
/// // One signature of zeros; a payer of zeros, which is a point of small order; no instructions.
/// let transaction = [&[1][..], &[0; 64], &[1, 0, 0, 1], &[0; 32], &[0; 32], &[0]].concat();
/// let context = Context::default();
/// let mut batch = Batch::new();
/// batch.push(&Solana, &transaction, &context);
/// let engine = sigwarp::Engine::builder().build()?;
/// let reports = verify(&engine, batch)?;
/// assert_eq!(reports[0].verdict, Verdict::invalid(Fault::BadSignature));
/// let reason = reports[0].signatures[0].verdict.cause();
/// assert_eq!(reason, Some(sigwarp::Reason::SmallOrderKey.into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Solana;

impl Profile for Solana {
    type Context = Context;
    type Plan<'a> = Plan<'a>;

    fn name(&self) -> &'static str {
        "solana"
    }

    fn record_fields(&self) -> &'static [&'static str] {
        &["raw"]
    }

    fn context_fields(&self) -> &'static [&'static str] {
        &["accept_v1", "rule"]
    }

    /// `accept_v1` is false and `rule` ([`Rule::from_name`]) `strict` where they are absent.
    fn context(&self, fields: &Fields) -> Result<Context, FieldError> {
        let rule = fields.read("rule", "strict or simd0376", |value| match value {
            Value::Text(name) => Rule::from_name(name),
            _ => None,
        })?;
        let accept_v1 = fields.bool("accept_v1")?.unwrap_or(false);
        Ok(Context { accept_v1, rule: rule.unwrap_or_default() })
    }

    fn parse<'a>(
        &self,
        record: &'a [u8],
        context: &'a Context,
        work: &mut Work<'a>,
    ) -> Result<Plan<'a>, Decided> {
        let transaction = Transaction::read(record, context)?;
        let suite = context.rule.suite();
        let pairs = transaction.keys.iter().zip(transaction.signatures);
        let signatures =
            pairs.map(|(key, signature)| work.verify(&suite, key, transaction.message, signature)).collect();
        let calls = precompiles::calls(&transaction, &suite, work);
        Ok(Plan { id: &transaction.signatures[0], signatures, calls })
    }
}

/// A transaction whose signatures wait for their verdicts.
pub struct Plan<'a> {
    id: &'a [u8; 64],
    signatures: Vec<CheckId>,
    calls: Vec<Call>,
}

impl profile::Plan for Plan<'_> {
    fn fold(self, answers: &Answers<'_>) -> Report {
        let signatures = self.signatures.into_iter().enumerate();
        let signatures = signatures.map(|(place, id)| answers.signature(Role::nth("signature", place), id));
        let report = Report::of_all(signatures.collect());
        let verdict = match report.verdict {
            Verdict::Valid => Verdict::Valid,
            _ => Verdict::invalid(Fault::BadSignature),
        };
        let precompiles = self.calls.into_iter().map(|call| call.fold(answers)).collect();
        Report { verdict, tx_id: Some(self.id.to_vec()), precompiles, ..report }
    }
}
