//! Hyperledger Fabric 1.x to 3.x: blocks, block files, and envelopes by themselves.
//!
//! `wire.rs` reads the messages, `identity.rs` who signs and asks for signatures, `transaction.rs` and `block.rs` say what
//! is signed, `folding.rs` collects what the answers say. `authority.rs` and `membership.rs` are the MSPs of a caller,
//! `policy.rs` evaluates signature policies, `fields.rs` makes a context. Sources: fabric-protos for the messages;
//! core/common/validation and core/handlers/validation for transactions; protoutil and common/ledger/blkstorage for
//! blocks; msp, bccsp/sw and common/cauthdsl for identities, signatures and policies.
//!
//! # What it decides
//!
//! A transaction is valid where the creator has signed the payload, the id is the hash of nonce and creator, its one
//! action states the hash of the proposal as it was sent, and every endorser has signed the response, each another one;
//! of a configuration, every member that has signed the update it came from. A block is valid where its header states
//! the hash of its envelopes and every orderer has signed its metadata and its header; what its transactions are is
//! said of each of them and does not change the block, as in Fabric. A file is valid where its blocks are, and each
//! names the one before it.
//!
//! A creator's signature that fails makes a transaction invalid. An endorser's, an orderer's or a member's does not:
//! policies say how many must hold, so it is undecided, until a policy decides it that the caller has given with the
//! MSPs of the channel.
//!
//! # What it leaves
//!
//! - Whether certificates were valid at a time: expiry, and everything of a path but names, signatures, basicConstraints and
//!   revocation by the CA that issued the identity.
//! - Policies of keys and collections, which the state of the ledger holds, and policies that are not signature
//!   policies: a caller gives those that count.
//! - Whether an id was used before, and versions of what was read.
//! - Identities that are no certificates (Idemix), which are none here.
//!
//! # What no signature covers
//!
//! Of an envelope: unknown fields beside payload and signature, and what stands after the signature's DER; (r, n - s) is
//! refused. The data hash covers the envelopes of a block as they are, and the orderers what the block names, but not
//! the rest of the metadata.

mod authority;
mod block;
mod fields;
mod folding;
mod identity;
mod membership;
mod policy;
mod transaction;
mod wire;

pub use authority::{BadMsp, Msp, NodeOus};
pub use policy::{BadPolicy, Policy};

use std::collections::HashMap;
use std::sync::LazyLock;

use sigwarp::Suite;

use self::authority::Store;
use self::block::Block;
use self::folding::Folding;
use self::identity::{Identity, Signers, Suites, suite_and_key};
use self::membership::{Memberships, Standings};
use self::transaction::{Place, Transaction};
use self::wire::{Block as WireBlock, Merge};
use crate::Report;
use crate::batch::Answers;
use crate::fields::{FieldError, Fields};
use crate::profile::{self, Decided, Profile};
use crate::work::Work;

/// The most signatures of one kind that are looked at in a transaction or a block.
pub const MAX_SIGNATURES: usize = 128;

/// How many bytes of messages that are put together of pieces a record may ask for, for each byte of it and besides:
/// each endorser signs the whole response, and a record must not ask for more work than it is long without a bound.
const MESSAGES_PER_BYTE: usize = 16;
const MESSAGE_BYTES: usize = 1 << 20;

/// The fewest bytes of a record for each block and envelope in it, beyond the first few: a signed one takes more, and
/// the reports of empty ones would take a hundred times what they do.
const LEAST_BYTES: usize = 64;

static SUITES: LazyLock<Suites> = LazyLock::new(Suites::new);

crate::causes! {
    /// Why a transaction or a block is invalid or undecided. Those in capitals are the codes of Fabric
    /// (`protos.TxValidationCode`).
    #[allow(non_camel_case_types, reason = "the names are those of Fabric")]
    pub enum Fault {
        /// Bytes that are no envelope, or whose payload is none.
        BAD_PAYLOAD,
        /// The header is missing or malformed, or of a type or an epoch that no transaction has, or it has no creator or
        /// nonce.
        BAD_COMMON_HEADER,
        /// The creator is no certificate, or the signature is not one of the creator over the payload.
        BAD_CREATOR_SIGNATURE,
        /// The id is not the hash of nonce and creator.
        BAD_PROPOSAL_TXID,
        /// There is not exactly one action, the action is malformed, or its endorsers have endorsed another proposal.
        INVALID_ENDORSER_TRANSACTION,
        /// The configuration is malformed, or says no update that it came from.
        INVALID_CONFIG_TRANSACTION,
        /// The policy of a chaincode that the transaction calls or writes to is not satisfied.
        ENDORSEMENT_POLICY_FAILURE,
        /// A type of envelope that is none of a block.
        UNSUPPORTED_TX_PAYLOAD,
        /// A block, a block file or the metadata of a block is malformed.
        Malformed,
        /// The header of the block does not state the hash of its envelopes.
        DataHashMismatch,
        /// A block of the file is invalid.
        InvalidBlock,
        /// A block of the file does not follow the one before it, by its number or by the hash that it states.
        BrokenChain,
        /// A file without a whole block.
        NoBlocks,
        /// A signature of an endorser does not hold: whether those that do suffice is for the endorsement policy to say.
        EndorsementPolicy,
        /// The identity of an endorser is no certificate.
        EndorserIdentity,
        /// Two endorsements are of one identity.
        DuplicateEndorser,
        /// Nobody has endorsed the transaction.
        NoEndorsement,
        /// A signature under an update of the configuration does not hold, or its signer is no certificate.
        ConfigPolicy,
        /// A transaction of the system channel of orderers before 3.0.
        OrdererTransaction,
        /// The first transaction of a channel, which nobody has signed.
        GenesisUnsigned,
        /// A block without signatures, as the first of a channel is.
        BlockUnsigned,
        /// A signature of an orderer does not hold: the policy of the channel says how many must. Invalid where the policy was
        /// given and is not satisfied.
        BlockValidationPolicy,
        /// The identity of an orderer is no certificate.
        SignerIdentity,
        /// No identity was given for the number of a consenter.
        ConsenterUnknown,
        /// A key of an algorithm that the engine does not have.
        UnsupportedAlgorithm,
        /// More signatures than [`MAX_SIGNATURES`], or more bytes under them than are hashed for a record of its length.
        TooManySignatures,
        /// More blocks and envelopes than a record of its length has, so that nothing is said of them.
        TooManyTransactions,
    }
}

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `block`: a `common.Block`.
    Block,
    /// `blockfile`: blocks as a ledger's files have them.
    BlockFile,
    /// `envelope`: a `common.Envelope`.
    Envelope,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Block, Self::BlockFile, Self::Envelope];

    /// The name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::BlockFile => "blockfile",
            Self::Envelope => "envelope",
        }
    }

    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What a record's bytes do not say.
#[derive(Debug, Clone)]
pub struct Context {
    /// What the records are.
    kind: Kind,
    /// Whether an envelope is the first of its channel.
    is_genesis: bool,
    /// The identities of SmartBFT's consenters, by their numbers.
    consenters: HashMap<u32, Vec<u8>>,
    /// The keys of the consenters and of those who are said to sign often, with their suites.
    keys: Vec<(&'static Suite, Vec<u8>)>,
    /// The MSPs of the channel.
    store: Store,
    policies: Policies,
    block_policy: Option<Policy>,
}

/// Endorsement policies of chaincodes.
#[derive(Debug, Clone, Default)]
struct Policies {
    of_name: HashMap<Vec<u8>, Policy>,
    of_others: Option<Policy>,
}

impl Policies {
    fn is_given(&self) -> bool {
        !self.of_name.is_empty() || self.of_others.is_some()
    }

    fn of(&self, chaincode: &[u8]) -> Option<&Policy> {
        self.of_name.get(chaincode).or(self.of_others.as_ref())
    }
}

impl Context {
    /// Records of this kind.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            is_genesis: false,
            consenters: HashMap::new(),
            keys: Vec::new(),
            store: Store::default(),
            policies: Policies::default(),
            block_policy: None,
        }
    }

    /// The same, with all MSPs of the channel: reports then say whether signers are members, and policies can be
    /// evaluated.
    ///
    /// # Errors
    /// An MSP with a CA or a revocation list that is none.
    pub fn with_msps(self, msps: impl IntoIterator<Item = Msp>) -> Result<Self, BadMsp> {
        Ok(Self { store: Store::new(msps)?, ..self })
    }

    /// The same, with the endorsement policy of the chaincode of this name, or of all that have none of their own.
    #[must_use]
    pub fn with_endorsement_policy(mut self, chaincode: Option<&str>, policy: Policy) -> Self {
        match chaincode {
            Some(name) => drop(self.policies.of_name.insert(name.as_bytes().to_vec(), policy)),
            None => self.policies.of_others = Some(policy),
        }
        self
    }

    /// The same, with the policy of the channel that the signatures of a block must satisfy.
    #[must_use]
    pub fn with_block_policy(self, policy: Policy) -> Self {
        Self { block_policy: Some(policy), ..self }
    }

    /// The same, with envelopes that are the first of their channel. Blocks say it by their number.
    #[must_use]
    pub fn of_genesis(self) -> Self {
        Self { is_genesis: true, ..self }
    }

    /// The same, with the identities of SmartBFT's consenters by their numbers, as `msp.SerializedIdentity`.
    #[must_use]
    pub fn with_consenters(mut self, consenters: impl IntoIterator<Item = (u32, Vec<u8>)>) -> Self {
        for (number, identity) in consenters {
            self.keys.extend(suite_and_key(&identity, &SUITES));
            self.consenters.insert(number, identity);
        }
        self
    }

    /// The same, with identities that sign many records, peers and orderers above all, as `msp.SerializedIdentity`: their
    /// keys are among those that are worth registering. They decide nothing.
    #[must_use]
    pub fn with_identities<B: AsRef<[u8]>>(mut self, identities: impl IntoIterator<Item = B>) -> Self {
        let keys = identities.into_iter().filter_map(|bytes| suite_and_key(bytes.as_ref(), &SUITES));
        self.keys.extend(keys);
        self
    }
}

/// A record that waits for its answers.
#[derive(Debug)]
pub struct Plan<'a> {
    context: &'a Context,
    memberships: Memberships<'a>,
    identities: Vec<Identity<'a>>,
    record: Record<'a>,
}

#[derive(Debug)]
enum Record<'a> {
    Envelope(Transaction<'a>),
    Block(Box<Block<'a>>),
    File(Vec<Block<'a>>),
}

/// The profile `fabric`: a record is a block, a file of blocks or an envelope, as the context says.
///
/// ```
/// use sigwarp_profiles::fabric::{Context, Fabric, Fault, Kind};
/// use sigwarp_profiles::{Batch, verify};
///
/// let context = Context::new(Kind::Envelope);
/// let mut batch = Batch::new();
/// // A payload without a header.
/// batch.push(&Fabric, &[0x0a, 0x00], &context);
/// let engine = sigwarp::Engine::builder().build()?;
/// let reports = verify(&engine, batch)?;
/// assert!(reports[0].verdict.cause().is_some_and(|cause| cause.is(Fault::BAD_COMMON_HEADER)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Fabric;

impl Profile for Fabric {
    type Context = Context;
    type Plan<'a> = Plan<'a>;

    fn name(&self) -> &'static str {
        "fabric"
    }

    fn record_fields(&self) -> &'static [&'static str] {
        &["input"]
    }

    fn context_fields(&self) -> &'static [&'static str] {
        fields::NAMES
    }

    /// `kind` must be there.
    fn context(&self, fields: &Fields) -> Result<Context, FieldError> {
        fields::context(fields)
    }

    fn keys<'c>(&self, context: &'c Context) -> Vec<(&'c Suite, &'c [u8])> {
        context.keys.iter().map(|(suite, key)| (*suite, key.as_slice())).collect()
    }

    fn parse<'a>(
        &self,
        record: &'a [u8],
        context: &'a Context,
        work: &mut Work<'a>,
    ) -> Result<Plan<'a>, Decided> {
        let mut signers = Signers::new(work, &SUITES, &context.store, record.len());
        let record = match context.kind {
            Kind::Envelope => {
                let place = if context.is_genesis { Place::Genesis } else { Place::Alone };
                Record::Envelope(transaction::parse(record, place, &mut signers))
            }
            Kind::Block => {
                let block = WireBlock::parse(record).ok_or(Fault::Malformed)?;
                bounded(std::slice::from_ref(&block), record)?;
                Record::Block(Box::new(Block::new(block, context, &mut signers)))
            }
            Kind::BlockFile => {
                let blocks = block::blocks(record).map_err(|at| Decided::at(at, Fault::Malformed))?;
                bounded(&blocks, record)?;
                let blocks = blocks.into_iter().map(|block| Block::new(block, context, &mut signers));
                Record::File(blocks.collect())
            }
        };
        let Signers { identities, memberships, .. } = signers;
        Ok(Plan { context, memberships, identities, record })
    }
}

/// Refuses a record that has too many blocks and envelopes for its length.
fn bounded(blocks: &[WireBlock<'_>], record: &[u8]) -> Result<(), Decided> {
    let envelopes: usize = blocks.iter().map(|block| block.envelopes.len()).sum();
    if blocks.len() + envelopes <= LEAST_BYTES + record.len() / LEAST_BYTES {
        return Ok(());
    }
    Err(Report::open([Fault::TooManyTransactions.into()], Vec::new()).into())
}

impl profile::Plan for Plan<'_> {
    fn fold(self, answers: &Answers<'_>) -> Report {
        let Self { context, memberships, identities, record } = self;
        let has_store = !context.store.is_empty();
        let standings = has_store.then(|| Standings::new(&memberships, &identities, answers));
        let folding = Folding { context, suites: &SUITES, answers, identities: &identities, standings };
        match record {
            Record::Envelope(transaction) => transaction.fold(&folding),
            Record::Block(block) => block.fold(&folding),
            Record::File(blocks) => block::fold_file(blocks, &folding),
        }
    }
}
