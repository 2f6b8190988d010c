//! Ethereum: transactions of types 0 to 4 in RLP, as they stand in blocks or travel between nodes.
//!
//! `rlp.rs` reads canonical RLP, `transaction.rs` has the fields and what is signed, `forks.rs` says which rules hold
//! when. Sources: the Yellow Paper (appendices B and F), EIP-2, EIP-155, EIP-2718, EIP-2930, EIP-1559, EIP-4844,
//! EIP-7702.

mod forks;
mod rlp;
mod transaction;

pub use forks::Fork;
pub use transaction::Plan;

use crate::fields::{FieldError, Fields};
use crate::profile::{Decided, Profile};
use crate::work::Work;

crate::causes! {
    /// Why a transaction is invalid, beside the reasons of the engine.
    pub enum Fault {
        /// Bytes are missing: an item is longer than what there is.
        Truncated,
        /// Bytes are left after the transaction.
        TrailingBytes,
        /// A length in a form that is not the shortest.
        NonCanonicalLength,
        /// A byte below 0x80 with a header.
        NonCanonicalByte,
        /// An item is longer than the list that it stands in.
        ElementOverrun,
        /// Lists within lists, more than ten deep.
        TooDeep,
        /// A first byte that begins no transaction.
        UnknownType,
        /// A type that the fork does not have yet.
        TypeNotActive,
        /// Blobs beside the transaction, where it does not travel between nodes.
        NetworkForm,
        /// A transaction of another number of fields than its type has.
        FieldCount,
        /// A list where the field is a string.
        ExpectedBytes,
        /// A string where the field is a list.
        ExpectedList,
        /// An integer with a leading zero.
        LeadingZero,
        /// An integer of more bits than its field has.
        IntegerTooLarge,
        /// An address that is neither of 20 bytes nor empty, or empty where there must be one.
        BadAddress,
        /// An access list that is no list of addresses with keys of 32 bytes.
        BadAccessList,
        /// A blob hash that is not of 32 bytes and version 1.
        BadBlobHashVersion,
        /// A transaction of type 3 without blob hashes.
        NoBlobs,
        /// An authorization that is no list of six fields.
        BadAuthorization,
        /// A transaction of type 4 without authorizations.
        NoAuthorizations,
        /// A v, or a parity, that its form does not have.
        BadV,
        /// A chain id in v before the fork that introduced it.
        ProtectedTooEarly,
        /// Signed for another chain.
        WrongChainId,
        /// The nonce of an authorization is 2^64 - 1, which no account can have used up.
        NonceTooLarge,
    }
}

/// What a transaction's bytes do not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// The chain id of the network.
    pub chain_id: u64,
    /// The rules of the block.
    pub fork: Fork,
    /// Whether transactions of type 3 come as they travel between nodes, with blobs, commitments and proofs around
    /// them.
    pub network_form: bool,
}

/// The profile `ethereum`: a record is one transaction, without the header of the string that it is in a block.
///
/// ```
/// use sigwarp_profiles::{Batch, ethereum::{Context, Ethereum, Fork}, verify};
/// # let unhex = |s: &str| -> Vec<u8> {
/// #     (0..s.len() / 2).map(|i| u8::from_str_radix(&s[2 * i..2 * i + 2], 16).unwrap()).collect()
/// # };
/// // The example of EIP-155.
/// let transaction = unhex("f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080\
///                          25a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276\
///                          a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83");
/// let context = Context { chain_id: 1, fork: Fork::Prague, network_form: false };
/// let mut batch = Batch::new();
/// batch.push(&Ethereum, &transaction, &context);
/// let engine = sigwarp::Engine::builder().build()?;
/// let reports = verify(&engine, batch)?;
/// assert!(reports[0].verdict.is_valid());
/// assert_eq!(reports[0].sender, Some(unhex("9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Ethereum;

impl Profile for Ethereum {
    type Context = Context;
    type Plan<'a> = Plan;

    fn name(&self) -> &'static str {
        "ethereum"
    }

    fn record_fields(&self) -> &'static [&'static str] {
        &["raw"]
    }

    /// `chain_id` and `fork` (its name, [`Fork::from_name`]) must be there; `network_form` is false where it is absent.
    fn context(&self, fields: &Fields) -> Result<Context, FieldError> {
        let chain_id = fields.u64("chain_id")?.ok_or(FieldError::Missing("chain_id"))?;
        let fork = fields.read("fork", "the name of a fork of Ethereum", |value| match value {
            crate::Value::Text(name) => Fork::from_name(name),
            _ => None,
        })?;
        let fork = fork.ok_or(FieldError::Missing("fork"))?;
        Ok(Context { chain_id, fork, network_form: fields.bool("network_form")?.unwrap_or(false) })
    }

    fn parse<'a>(
        &self,
        record: &'a [u8],
        context: &'a Context,
        work: &mut Work<'a>,
    ) -> Result<Plan, Decided> {
        transaction::parse(record, context, work)
    }
}
