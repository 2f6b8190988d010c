//! Ethereum: transactions of types 0 to 4 in RLP, as they stand in blocks or travel between nodes.
//!
//! `transaction.rs` has the fields and what is signed, `block.rs` and `trie.rs` whole blocks, `forks.rs` says which rules
//! hold when. Sources: the Yellow Paper (appendices B, D and F), EIP-2, EIP-155,
//! EIP-2718, EIP-2930, EIP-1559, EIP-4844, EIP-7702.

mod block;
mod forks;
mod transaction;
mod trie;

pub use forks::Fork;

use crate::batch::Answers;
use crate::fields::{FieldError, Fields};
use crate::profile::{self, Decided, Profile};
use crate::rlp;
use crate::work::Work;
use crate::{Report, Value};

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
        /// The key that the signature recovers is not that of the sender that was required.
        WrongSender,
        /// Signed for another chain.
        WrongChainId,
        /// Parts that are not those of a block.
        BadBlock,
        /// A header of too few fields, or with a root that is none.
        BadHeader,
        /// The transactions are not those of the root in the header.
        TransactionsRoot,
        /// A block with a transaction that is invalid.
        InvalidTransaction,
        /// Undecided: no fork was given, and the network is not one whose forks are known.
        NoFork,
        /// Undecided beside the verdict: the blobs that travel with the transaction are not checked.
        BlobProofs,
        /// The nonce of an authorization is 2^64 - 1, which no account can have used up.
        NonceTooLarge,
    }
}

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// `transaction`: one transaction, without the header of the string that it is in a block.
    Transaction,
    /// `block`: a whole block. Its transactions are reported one by one in [`Report::transactions`].
    Block,
}

/// What the bytes do not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// The chain id of the network.
    pub chain_id: u64,
    /// The rules. `None`: those of the block by [`Fork::at`], which only a whole block says; a transaction is
    /// undecided.
    pub fork: Option<Fork>,
    /// What a record is.
    pub form: Form,
    /// Whether transactions of type 3 may come as they travel between nodes, with blobs, commitments and proofs around
    /// them. No block has them.
    pub network_form: bool,
    /// The sender that a transaction is required to have: a flipped bit mostly makes another sender and not an error.
    /// Without it whatever sender comes out is reported.
    pub from: Option<[u8; 20]>,
}

impl Context {
    /// Transactions of a chain under the rules of a fork.
    pub const fn transactions(chain_id: u64, fork: Fork) -> Self {
        Self { chain_id, fork: Some(fork), form: Form::Transaction, network_form: false, from: None }
    }

    /// Blocks of a chain under the rules that their headers lead to.
    pub const fn blocks(chain_id: u64) -> Self {
        Self { chain_id, fork: None, form: Form::Block, network_form: false, from: None }
    }
}

/// The profile `ethereum`: a record is a transaction or a block.
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
/// let context = Context::transactions(1, Fork::Prague);
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
    type Plan<'a> = Plan<'a>;

    fn name(&self) -> &'static str {
        "ethereum"
    }

    fn record_fields(&self) -> &'static [&'static str] {
        &["raw"]
    }

    fn context_fields(&self) -> &'static [&'static str] {
        &["chain_id", "fork", "form", "from", "network_form", "number", "timestamp"]
    }

    /// Blocks, and transactions without a type, say their length; one with a type ends with its file.
    fn framing(&self, begin: &[u8]) -> Option<usize> {
        rlp::list_length(begin)
    }

    /// `chain_id` must be there. `form` is `transaction` (where it is absent) or `block`; `fork` is the name of a
    /// fork and may be absent for blocks of networks whose forks are known, and where `number` and `timestamp` of the
    /// block say it; `network_form` is false where it is absent; `from` is the sender that a transaction is required
    /// to have.
    fn context(&self, fields: &Fields) -> Result<Context, FieldError> {
        let chain_id = fields.u64("chain_id")?.ok_or(FieldError::Missing("chain_id"))?;
        let form = fields.read("form", "transaction or block", |value| match value {
            Value::Text(name) if name == "transaction" => Some(Form::Transaction),
            Value::Text(name) if name == "block" => Some(Form::Block),
            _ => None,
        })?;
        let form = form.unwrap_or(Form::Transaction);
        let fork = fields.read("fork", "the name of a fork of Ethereum", |value| match value {
            Value::Text(name) => Fork::from_name(name),
            _ => None,
        })?;
        let fork = match (fields.u64("number")?, fields.u64("timestamp")?) {
            (Some(number), Some(timestamp)) => fork.or_else(|| Fork::at(chain_id, number, timestamp)),
            _ => fork,
        };
        if fork.is_none() && (form == Form::Transaction || !Fork::knows(chain_id)) {
            return Err(FieldError::Missing("fork"));
        }
        let from =
            fields.read("from", "an address of 20 bytes", |value| value.to_bytes()?.try_into().ok())?;
        let network_form = fields.bool("network_form")?.unwrap_or(false);
        Ok(Context { chain_id, fork, form, network_form, from })
    }

    fn parse<'a>(
        &self,
        record: &'a [u8],
        context: &'a Context,
        work: &mut Work<'a>,
    ) -> Result<Plan<'a>, Decided> {
        match context.form {
            Form::Block => block::Block::parse(record, context, work).map(|block| Plan(Record::Block(block))),
            Form::Transaction => {
                let fork = context.fork.ok_or_else(|| Decided::undecided(Fault::NoFork))?;
                let Context { chain_id, network_form, from, .. } = *context;
                let rules = transaction::Rules { chain_id, fork, network_form, from };
                transaction::parse(record, &rules, work).map(|plan| Plan(Record::Transaction(plan)))
            }
        }
    }
}

/// A record whose signatures wait for their keys.
#[derive(Debug)]
pub struct Plan<'a>(Record<'a>);

#[derive(Debug)]
enum Record<'a> {
    Transaction(transaction::Plan),
    Block(block::Block<'a>),
}

impl profile::Plan for Plan<'_> {
    fn fold(self, answers: &Answers<'_>) -> Report {
        match self.0 {
            Record::Transaction(plan) => plan.fold(answers),
            Record::Block(block) => block.fold(answers),
        }
    }
}
