//! NEO: transactions, headers, blocks and chains of the legacy network (2.x) and of N3.
//!
//! `wire.rs` reads numbers and byte strings, `transaction.rs` and `block.rs` what is signed, `witness.rs` the scripts that
//! sign and the rule by which several signatures fit several keys. Sources: neo 2.x and 3.x (`Neo.Network.P2P.Payloads`,
//! `Neo.SmartContract.Helper`), neo-go for chains in files and for attributes of its own.
//!
//! # What it decides
//!
//! What is signed are the bytes before the witnesses; in N3 the magic number of the network and their SHA-256. A
//! transaction is valid where each of its witnesses is: a script of one key with one signature that holds, or of m of n
//! keys with m signatures that fit keys in their order. In N3 each witness must be of the account of its signer. A header
//! has one witness, of [`Context::next_consensus`] where that is given, and within a chain of what the block before it
//! says. A block is valid where its header is, the root in it is that of the transactions, none stands twice, and all
//! are valid. [`Report::status`](crate::Report) says what its header is by itself.
//!
//! # What it leaves
//!
//! - Whether the witnesses of a legacy transaction are those that its inputs need: their owners are state. `valid` says
//!   that those that are there hold.
//! - Everything that fields mean: amounts, fees, the scopes of signers, what a script does.
//! - `undecided`: witnesses with other scripts, which the virtual machine runs (`Script`), with signatures left over
//!   (`SignatureCount`) or with more of them than are tried (`TooManySignatures`); transactions without witnesses
//!   (`NoWitness`), such as the first of each legacy block; the first block (`Genesis`); lengths that are longer than
//!   they need to be where they are signed, since nodes sign the shortest (`NonCanonicalLength`).
//!
//! # What no signature covers
//!
//! The lengths of witnesses and scripts, which have several forms; s and n - s are both valid. The witness of a header and
//! those of transactions can be replaced by others that hold: hashes of blocks and transactions do not cover them.

mod block;
mod transaction;
mod wire;
mod witness;

use self::block::{Block, Header};
use self::transaction::Transaction;
use self::wire::Wire;
use crate::Report;
use crate::batch::Answers;
use crate::fields::{FieldError, Fields, Value};
use crate::profile::{self, Decided, Profile};
use crate::work::Work;

crate::causes! {
    /// Why a record is invalid or undecided, beside the reasons of the engine.
    pub enum Fault {
        /// Bytes that are missing, left over or not what the format has there.
        Malformed,
        /// The script of a witness is not that of the account of its signer, or of the next consensus.
        ScriptHashMismatch,
        /// Fewer signatures than the script takes; undecided where there are more.
        SignatureCount,
        /// Signatures that do not fit so many keys in their order.
        MultiSignature,
        /// The root in a header is not that of the transactions of the block.
        MerkleRoot,
        /// A transaction that the block has twice.
        DuplicateTransaction,
        /// A transaction of the block is invalid; its own report says why.
        InvalidTransaction,
        /// A block of the chain is invalid; its own report says why.
        InvalidBlock,
        /// Undecided: a script that is not one of the standard ones.
        Script,
        /// Undecided: more signatures and keys than are tried with each other.
        TooManySignatures,
        /// Undecided: no witness.
        NoWitness,
        /// Undecided: the first block, which nobody signs.
        Genesis,
        /// Undecided: a chain without blocks.
        NoBlock,
        /// Undecided: a length that is not in its shortest form, within what is signed.
        NonCanonicalLength,
    }
}

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `tx-legacy`: a transaction of NEO 2.
    TxLegacy,
    /// `header-legacy`: the header of a block of NEO 2, as nodes send headers: with a zero behind it.
    HeaderLegacy,
    /// `block-legacy`: a block of NEO 2.
    BlockLegacy,
    /// `tx-n3`: a transaction of N3.
    TxN3,
    /// `header-n3`: the header of a block of N3.
    HeaderN3,
    /// `block-n3`: a block of N3.
    BlockN3,
    /// `chain-n3`: blocks of N3 as neo-go dumps them: their number, and each behind its length, both of 4 bytes.
    ChainN3,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::TxLegacy,
        Self::HeaderLegacy,
        Self::BlockLegacy,
        Self::TxN3,
        Self::HeaderN3,
        Self::BlockN3,
        Self::ChainN3,
    ];

    /// The name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TxLegacy => "tx-legacy",
            Self::HeaderLegacy => "header-legacy",
            Self::BlockLegacy => "block-legacy",
            Self::TxN3 => "tx-n3",
            Self::HeaderN3 => "header-n3",
            Self::BlockN3 => "block-n3",
            Self::ChainN3 => "chain-n3",
        }
    }

    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether what is signed begins with the magic number of a network.
    pub const fn has_magic(self) -> bool {
        matches!(self, Self::TxN3 | Self::HeaderN3 | Self::BlockN3 | Self::ChainN3)
    }
}

/// What a record's bytes do not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// What the record is.
    pub kind: Kind,
    /// The magic number of the network, for records of N3: 860833102 for the main network, 894710606 for T5.
    pub magic: u32,
    /// Whether headers of N3 have the root of a state (`StateRootInHeader` of neo-go).
    pub state_root: bool,
    /// What the block before a header, or before the first of a chain, names as the account of the next consensus.
    pub next_consensus: Option<[u8; 20]>,
}

impl Context {
    /// Records of this kind, of the network with this magic number, which legacy records do not sign.
    pub const fn new(kind: Kind, magic: u32) -> Self {
        Self { kind, magic, state_root: false, next_consensus: None }
    }
}

/// The profile `neo`: a record is a transaction, a header, a block or a chain of blocks.
///
/// ```
/// use sigwarp_profiles::neo::{Context, Fault, Kind, Neo};
/// use sigwarp_profiles::{Batch, verify};
///
/// let context = Context::new(Kind::TxLegacy, 0);
/// let mut batch = Batch::new();
/// // A contract transaction that does nothing: no attributes, inputs, outputs and witnesses.
/// batch.push(&Neo, &[0x80, 0, 0, 0, 0, 0], &context);
/// let engine = sigwarp::Engine::builder().build()?;
/// let reports = verify(&engine, batch)?;
/// assert!(reports[0].verdict.cause().is_some_and(|cause| cause.is(Fault::NoWitness)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Neo;

impl Profile for Neo {
    type Context = Context;
    type Plan<'a> = Plan<'a>;

    fn name(&self) -> &'static str {
        "neo"
    }

    fn record_fields(&self) -> &'static [&'static str] {
        &["input"]
    }

    fn context_fields(&self) -> &'static [&'static str] {
        &["kind", "magic", "next_consensus", "state_root"]
    }

    /// `kind` must be there, and `magic` for the kinds of N3. `next_consensus` has the 20 bytes of the account as they are
    /// serialized; `state_root` is false where it is absent.
    fn context(&self, fields: &Fields) -> Result<Context, FieldError> {
        let expected =
            "one of tx-legacy, header-legacy, block-legacy, tx-n3, header-n3, block-n3 and chain-n3";
        let kind = fields.read("kind", expected, |value| match value {
            Value::Text(name) => Kind::from_name(name),
            _ => None,
        })?;
        let kind = kind.ok_or(FieldError::Missing("kind"))?;
        let magic = match fields.u64("magic")? {
            Some(magic) => u32::try_from(magic)
                .map_err(|_| FieldError::Wrong { field: "magic", expected: "a number below 2^32" })?,
            None if kind.has_magic() => return Err(FieldError::Missing("magic")),
            None => 0,
        };
        let next_consensus = fields.bytes("next_consensus")?.map(<[u8; 20]>::try_from).transpose();
        let next_consensus = next_consensus
            .map_err(|_| FieldError::Wrong { field: "next_consensus", expected: "20 bytes" })?;
        let state_root = fields.bool("state_root")?.unwrap_or(false);
        Ok(Context { kind, magic, state_root, next_consensus })
    }

    fn parse<'a>(
        &self,
        record: &'a [u8],
        context: &'a Context,
        work: &mut Work<'a>,
    ) -> Result<Plan<'a>, Decided> {
        let mut wire = Wire::new(record);
        let magic = work.own(&context.magic.to_le_bytes());
        let (network, next) = ((context, magic), context.next_consensus.as_ref());
        let parsed = match context.kind {
            Kind::TxLegacy => Parsed::Transaction(Transaction::legacy(&mut wire, work)?),
            Kind::TxN3 => Parsed::Transaction(Transaction::n3(&mut wire, magic, work)?),
            Kind::HeaderLegacy => {
                let header = Header::legacy(&mut wire, next, work)?;
                let wrong = wire.malformed();
                if wire.byte()? != 0 {
                    return Err(wrong);
                }
                Parsed::Header(header)
            }
            Kind::HeaderN3 => Parsed::Header(Header::n3(&mut wire, network, next, work)?),
            Kind::BlockLegacy => Parsed::Block(Block::legacy(&mut wire, next, work)?),
            Kind::BlockN3 => Parsed::Block(Block::n3(&mut wire, network, next, work)?),
            Kind::ChainN3 => Parsed::Chain(block::chain(&mut wire, network, work)?),
        };
        wire.end()?;
        Ok(Plan(parsed))
    }
}

/// A record whose witnesses wait for answers.
#[derive(Debug)]
pub struct Plan<'a>(Parsed<'a>);

#[derive(Debug)]
enum Parsed<'a> {
    Transaction(Transaction<'a>),
    Header(Header<'a>),
    Block(Block<'a>),
    Chain(Vec<Block<'a>>),
}

impl profile::Plan for Plan<'_> {
    fn fold(self, answers: &Answers<'_>) -> Report {
        match self.0 {
            Parsed::Transaction(transaction) => transaction.fold(answers),
            Parsed::Header(header) => header.fold(answers),
            Parsed::Block(block) => block.fold(answers),
            Parsed::Chain(blocks) => block::fold_chain(blocks, answers),
        }
    }
}
