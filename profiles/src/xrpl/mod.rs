//! XRP Ledger: transactions as rippled serializes them, signed once or by several signers.
//!
//! `fields.rs` walks the fields of an object without knowing their names, `transaction.rs` picks those that matter and
//! checks the form of the signatures, `signing.rs` has what is signed and the checks, `plan.rs` folds them. Sources:
//! the serialization format of the XRP Ledger's documentation, rippled (`STObject`, `STTx`).
//!
//! # What it decides
//!
//! The signed bytes are all fields of the transaction in order but its signatures (`TxnSignature`, `Signature`,
//! `MasterSignature`, `Signers`, `BatchSigners`, `CounterpartySignature`, `SponsorSignature`), after `STX\0`, or after
//! `SMT\0` and followed by the account of the signer where several sign. secp256k1 signs SHA-512Half of them, Ed25519
//! the bytes themselves. A transaction is valid where each of its signatures holds and their form is right: either a
//! `SigningPubKey` with `TxnSignature`, or an empty `SigningPubKey` with one to [`Context::max_signers`] `Signers`,
//! their account ids ascending and the account of the transaction not among them. `CounterpartySignature` and
//! `SponsorSignature` are judged by the prefixes of their era ([`Roles`]).
//!
//! [`Report::authority`](crate::Report) says by what right the signature speaks for the account: `account-key` (the
//! account is RIPEMD-160 of SHA-256 of the key), `other-key` (a regular key?), `signer-list`.
//! [`Report::tx_id`](crate::Report) is SHA-512Half of `TXN\0` and the bytes as they are.
//!
//! # What it leaves
//!
//! - Whether the key may sign for the account: a master key can be disabled, a regular key replaced; weights and
//!   quorum of a signer list are state.
//! - Which fields a type of transaction has, and their values: unknown fields are walked over by their type.
//! - `undecided`: pseudo-transactions (`PseudoTransaction`), which nobody signs; inner transactions of a batch
//!   (`InnerBatchTransaction`); fields out of order (`NonCanonicalOrder`), which rippled sorts before it signs; a
//!   signature of a counterparty or sponsor without an era (`RoleSignatureEra`); `BatchSigners`, whose signatures
//!   are not judged.
//!
//! # What no signature covers
//!
//! The values of `Signature`, `MasterSignature` and `BatchSigners` at the top of a transaction, and the fields of a
//! signer other than key, signature and account: rippled refuses them, examples of client libraries have them.
//! Where the era allows a high s, s and n - s are both valid. These fields, and a `CounterpartySignature` or a
//! `SponsorSignature`, can also be taken away as a whole: whether a transaction needs them is for the ledger.

mod fields;
mod plan;
mod signing;
mod transaction;

pub use plan::Plan;

use crate::fields::{FieldError, Fields};
use crate::profile::{Decided, Profile};
use crate::work::Work;

crate::causes! {
    /// Why a transaction is invalid or undecided, beside the reasons of the engine.
    pub enum Fault {
        /// More bytes than a transaction may have.
        TooLarge,
        /// Bytes are missing: a value is longer than what there is.
        Truncated,
        /// A field id in a longer form than it needs.
        BadFieldId,
        /// A type whose values have an unknown length.
        UnknownType,
        /// A length prefix that begins with 255.
        BadLength,
        /// A field that the object has already.
        DuplicateField,
        /// The marker of the end of an object where no object is open.
        ObjectTerminator,
        /// The marker of the end of an array within an object.
        ArrayTerminator,
        /// An element of an array that is no object, or, of `Signers`, no signer.
        BadArrayElement,
        /// An account of neither 20 bytes nor none.
        BadAccountLength,
        /// A vector that is not of hashes of 32 bytes.
        BadVectorLength,
        /// A path that is empty, or a step of an unknown kind.
        BadPath,
        /// Objects within objects, more than ten deep.
        TooDeep,
        /// A transaction without type, account or key, or a signer without account or key.
        MissingField,
        /// A counterparty or sponsor signature with a field that it does not have, which nothing would sign.
        UnexpectedField,
        /// A signature of the account's key and signatures of signers.
        SingleAndMultiSigned,
        /// No key, and no signers.
        NotSigned,
        /// More signers than the era allows, or none.
        BadSignerCount,
        /// The account of the transaction signs for itself.
        SignerIsOwner,
        /// A signer that signs again.
        DuplicateSigner,
        /// Signers that are not in ascending order of their account ids.
        UnsortedSigners,
        /// A signature that does not hold; those of the transaction say why.
        BadSignature,
        /// Fields that are not in ascending order.
        NonCanonicalOrder,
        /// A transaction of the ledger itself.
        PseudoTransaction,
        /// A transaction within a batch, which the signature of the batch covers.
        InnerBatchTransaction,
        /// A signature of a counterparty or a sponsor, and no era to judge it by.
        RoleSignatureEra,
        /// Signatures of the accounts of a batch.
        BatchSigners,
    }
}

/// The most bytes of a transaction (`txMaxSizeBytes` of rippled). It also bounds what signers make of it: each one with an
/// Ed25519 key signs a message of his own, which holds nearly the whole transaction.
pub const MAX_BYTES: usize = 1 << 20;

/// What the signatures of counterparties and sponsors begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Roles {
    /// `old`: with the prefixes of the sender's signature.
    Old,
    /// `new`: with prefixes of their own, since the amendment `fixCleanup3_4_0`.
    New,
}

/// What a transaction's bytes do not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// Whether s must be in the lower half for every transaction (amendment `RequireFullyCanonicalSig`), and not only
    /// for those with the flag `tfFullyCanonicalSig`.
    pub full_canonical: bool,
    /// The most signers of a transaction: 8, or 32 since the amendment `ExpandedSignerList`.
    pub max_signers: usize,
    /// The era of signatures of counterparties and sponsors, where it is known.
    pub roles: Option<Roles>,
}

/// The profile `xrpl`: a record is one transaction.
///
/// ```
/// use sigwarp_profiles::{Batch, verify, xrpl::{Context, Fault, Roles, Xrpl}};
///
/// let context = Context { full_canonical: true, max_signers: 32, roles: Some(Roles::New) };
/// let mut batch = Batch::new();
/// // A payment, of which nothing but its type is there.
/// batch.push(&Xrpl, &[0x12, 0x00, 0x00], &context);
/// let engine = sigwarp::Engine::builder().build()?;
/// let reports = verify(&engine, batch)?;
/// assert!(reports[0].verdict.cause().is_some_and(|cause| cause.is(Fault::MissingField)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Xrpl;

impl Profile for Xrpl {
    type Context = Context;
    type Plan<'a> = Plan<'a>;

    fn name(&self) -> &'static str {
        "xrpl"
    }

    fn record_fields(&self) -> &'static [&'static str] {
        &["blob"]
    }

    fn context_fields(&self) -> &'static [&'static str] {
        &["full_canonical", "max_signers", "roles"]
    }

    /// `full_canonical` and `max_signers` must be there; `roles` is `old` or `new`, or absent where the era is not
    /// known.
    fn context(&self, fields: &Fields) -> Result<Context, FieldError> {
        let max_signers = fields.u64("max_signers")?.ok_or(FieldError::Missing("max_signers"))?;
        let expected = "a number of signers from 1 to 32";
        let max_signers = usize::try_from(max_signers).ok().filter(|most| (1..=32).contains(most));
        Ok(Context {
            full_canonical: fields.bool("full_canonical")?.ok_or(FieldError::Missing("full_canonical"))?,
            max_signers: max_signers.ok_or(FieldError::Wrong { field: "max_signers", expected })?,
            roles: fields.read("roles", "old or new", |value| match value {
                crate::Value::Text(text) if text == "old" => Some(Roles::Old),
                crate::Value::Text(text) if text == "new" => Some(Roles::New),
                _ => None,
            })?,
        })
    }

    fn parse<'a>(
        &self,
        record: &'a [u8],
        context: &'a Context,
        work: &mut Work<'a>,
    ) -> Result<Plan<'a>, Decided> {
        if record.len() > MAX_BYTES {
            return Err(Decided::at(MAX_BYTES, Fault::TooLarge));
        }
        transaction::parse(record, context, work)
    }
}
