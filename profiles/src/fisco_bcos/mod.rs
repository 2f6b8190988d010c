//! FISCO BCOS: transactions of 2.x in RLP and of 3.x in tars, under both of its cryptographic suites.
//!
//! `v2.rs` reads RLP, `v3.rs` the structures of 3.x on `tars.rs`, `plan.rs` has what is asked of the engine and the fold.
//! Sources: FISCO-BCOS 2.x (`libprotocol/Transaction.cpp`, `libdevcore/RLP.cpp`, `libdevcrypto`), 3.x
//! (`bcos-tars-protocol/tars/Transaction.tars`, `impl/TarsHashable.h`), TarsCpp (`tup/Tars.h`).
//!
//! # What it decides
//!
//! A chain hashes and signs in one of two suites ([`Suite`]), which transactions do not name. Under `keccak` the signature
//! is r ‖ s with a recovery id over Keccak-256, any s (nodes since 2.5.0 ask for a low one in RLP: [`Form::Rlp`]); under `sm` it is SM2 over the 32 bytes of an SM3 digest, which SM2
//! hashes again behind Z_A of the default user id, and comes with the public key, x ‖ y.
//!
//! 2.x signs the hash of the list of the fields before the signature: seven of them, or ten since RC2. A node decodes
//! those and encodes them again, which gives the same bytes but where it takes an empty list for an empty string. 3.x signs
//! the hash of the fields of `TransactionData` one after another; a given `dataHash` must be that hash.
//!
//! [`Report::sender`](crate::Report) is the address of the key: the last 20 bytes of the suite's hash of x ‖ y. Valid names
//! a sender and says no more: any r and s from which a key can be recovered has one, so a flipped bit mostly makes another
//! sender and not an error.
//!
//! # What it leaves
//!
//! - Block limit, nonces, permissions of the sender, contracts.
//! - The field `sender` of 3.x, and `importTime`, `attribute`, `extraData`, which come with a transaction and are not
//!   signed: nodes have taken the first two of `sender` and `dataHash` for granted where they were there, this does not.
//! - `undecided`: transactions of Ethereum within 3.x (`Web3Transaction`), other types (`UnknownType`), versions after 2
//!   (`UnknownVersion`), which may sign other fields.

mod plan;
mod tars;
mod v2;
mod v3;

pub use plan::Plan;

use sigwarp::EcdsaRule;

use crate::fields::{FieldError, Fields, Value};
use crate::profile::{Decided, Profile};
use crate::rlp;
use crate::work::Work;

crate::causes! {
    /// Why a transaction is invalid or undecided, beside the reasons of the engine.
    pub enum Fault {
        /// Bytes that are no transaction of the form.
        Malformed,
        /// Signed for another chain or group than those that were given.
        WrongChain,
        /// A recovery id that no signature has.
        BadSignatureEncoding,
        /// A signature of another length than the suite's.
        BadSignatureLength,
        /// The given hash is not that of the transaction.
        DataHashMismatch,
        /// A transaction of Ethereum.
        Web3Transaction,
        /// A transaction of an unknown type.
        UnknownType,
        /// A version that may sign fields which are not known.
        UnknownVersion,
    }
}

/// The hash and signature functions of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suite {
    /// `keccak`: Keccak-256 and ECDSA on secp256k1 with key recovery.
    Keccak,
    /// `sm`: SM3 and SM2.
    Sm,
}

/// What a record is, with the chain and the group that it must be of, where they are given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// `rlp`: a transaction of 2.x. Those before RC2 name neither chain nor group.
    Rlp {
        /// The id of the chain.
        chain_id: Option<u64>,
        /// The id of the group.
        group_id: Option<u64>,
        /// Whether s must be in the lower half under `keccak`, as nodes ask since 2.5.0.
        low_s: bool,
    },
    /// `tars`: a transaction of 3.x.
    Tars {
        /// The id of the chain.
        chain_id: Option<String>,
        /// The id of the group.
        group_id: Option<String>,
    },
}

/// What a transaction's bytes do not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The functions of the chain.
    pub suite: Suite,
    /// What a record is.
    pub form: Form,
}

/// The profile `fisco-bcos`: a record is one transaction.
///
/// ```
/// use sigwarp_profiles::{Batch, fisco_bcos::{Context, Fault, FiscoBcos, Form, Suite}, verify};
///
/// let context = Context { suite: Suite::Sm, form: Form::Rlp { chain_id: Some(1), group_id: Some(1), low_s: true } };
/// let mut batch = Batch::new();
/// // A list of no fields.
/// batch.push(&FiscoBcos, &[0xc0], &context);
/// let engine = sigwarp::Engine::builder().build()?;
/// let reports = verify(&engine, batch)?;
/// assert!(reports[0].verdict.cause().is_some_and(|cause| cause.is(Fault::Malformed)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct FiscoBcos;

impl Profile for FiscoBcos {
    type Context = Context;
    type Plan<'a> = Plan<'a>;

    fn name(&self) -> &'static str {
        "fisco-bcos"
    }

    fn record_fields(&self) -> &'static [&'static str] {
        &["input"]
    }

    fn context_fields(&self) -> &'static [&'static str] {
        &["chain_id", "group_id", "kind", "low_s", "suite"]
    }

    /// Transactions in RLP say their length; one in tars ends with its file.
    fn framing(&self, begin: &[u8]) -> Option<usize> {
        rlp::list_length(begin)
    }

    /// `suite` (`keccak` or `sm`) and `kind` (`rlp` or `tars`) must be there. `chain_id` and `group_id` may be absent; they
    /// are numbers for `rlp` and text for `tars`. `low_s` is for `rlp` alone, and false where it is absent.
    fn context(&self, fields: &Fields) -> Result<Context, FieldError> {
        let suite = fields.read("suite", "keccak or sm", |value| match value {
            Value::Text(name) if name == "keccak" => Some(Suite::Keccak),
            Value::Text(name) if name == "sm" => Some(Suite::Sm),
            _ => None,
        })?;
        let is_rlp = fields.read("kind", "rlp or tars", |value| match value {
            Value::Text(name) if name == "rlp" => Some(true),
            Value::Text(name) if name == "tars" => Some(false),
            _ => None,
        })?;
        let text = |name| fields.text(name).map(|text| text.map(str::to_owned));
        let form = match is_rlp.ok_or(FieldError::Missing("kind"))? {
            true => Form::Rlp {
                chain_id: fields.u64("chain_id")?,
                group_id: fields.u64("group_id")?,
                low_s: fields.bool("low_s")?.unwrap_or(false),
            },
            false => Form::Tars { chain_id: text("chain_id")?, group_id: text("group_id")? },
        };
        Ok(Context { suite: suite.ok_or(FieldError::Missing("suite"))?, form })
    }

    fn parse<'a>(
        &self,
        record: &'a [u8],
        context: &'a Context,
        work: &mut Work<'a>,
    ) -> Result<Plan<'a>, Decided> {
        match &context.form {
            Form::Rlp { chain_id, group_id, low_s } => {
                let rule = if *low_s { EcdsaRule::LowS } else { EcdsaRule::Any };
                v2::parse(record, context.suite, rule, [*chain_id, *group_id], work)
            }
            Form::Tars { chain_id, group_id } => {
                v3::parse(record, context.suite, [chain_id.as_deref(), group_id.as_deref()], work)
            }
        }
    }
}
