//! Bitcoin: transactions and blocks with the outputs that they spend, every script decided.
//!
//! `wire.rs` reads transactions, `transaction.rs` judges one, `evaluation.rs` runs the scripts of an input in rounds over
//! the answers of the engine, `script/` is the interpreter, `sighash.rs` what signatures sign, `taproot.rs` the commitment
//! of an output to a script, and `flags.rs` which rules hold when. `block.rs` has whole blocks, `undo.rs` the outputs that
//! they spend, `files.rs` what Bitcoin Core's files need, `network.rs` the numbers of networks. Sources: BIP 16, 65, 66, 68, 112, 141, 143, 144, 147,
//! 340, 341 and 342, and what Bitcoin Core does where nothing is written: it is the consensus.
//!
//! **Decided.** A transaction is valid where its bytes have the one form that they can have, what consensus asks of it
//! alone holds (`CheckTransaction`: inputs and outputs, amounts in range, no output spent twice, its size) and the scripts of
//! every input end as they must under the rules of its network and height. The interpreter is complete: of an input
//! whose output spent is given nothing is undecided. [`Report::inputs`](crate::Report::inputs) has a verdict for each
//! input, with the name of Bitcoin Core's error ([`ScriptError`]), and the signatures that its scripts came to, in the
//! order in which they ran, those that OP_CHECKMULTISIG has tried in vain among them. [`Report::tx_id`](crate::Report::tx_id)
//! is the id as it is hashed; shown, its bytes are reversed.
//!
//! **Undecided.** An input whose output is not given, and one of taproot where the output of any input is not given. A
//! coinbase transaction alone: what it may pay, and that it stands first, its block says.
//!
//! **Blocks.** A block is valid where its transactions are and those that its header and its coinbase commit to, and what
//! `block.rs` lists holds. [`Report::hash`](crate::Report::hash) is its hash as it is computed.
//!
//! **Left.** Whether outputs exist, are unspent and mature; lock times of the transaction (not those that scripts ask for);
//! weights, and the numbers of signature operations in a block; that the outputs spent hold as much as the transaction
//! pays, of one that is not judged with its block.

mod block;
mod evaluation;
pub mod files;
mod flags;
mod hashes;
mod network;
mod script;
mod sighash;
mod table;
mod taproot;
mod transaction;
mod undo;
mod wire;

use self::block::Block;
use self::transaction::Rules;
use self::wire::Transaction;
use crate::Report;
use crate::batch::{Answers, Round};
use crate::fields::{FieldError, Fields, Value};
use crate::profile::{self, Decided, Profile};
use crate::work::Work;

pub use self::block::{BlockContext, BlockFault};
pub use self::flags::{Flags, Network};
pub use self::script::ScriptError;
pub use self::undo::{SpentOutputs, UndoError};
pub use self::wire::Output;

crate::causes! {
    /// Why a transaction is invalid or undecided, beside what its scripts say ([`ScriptError`]).
    pub enum Fault {
        /// Bytes are missing.
        Truncated,
        /// Bytes are left after the transaction.
        TrailingBytes,
        /// A CompactSize that is not in its shortest form.
        NonCanonicalCompactSize,
        /// A number or length above 0x02000000.
        SizeTooLarge,
        /// No inputs, and a flag other than 00 and 01.
        UnknownFlags,
        /// The form with witnesses, and every witness is empty.
        SuperfluousWitness,
        /// No inputs.
        NoInputs,
        /// No outputs.
        NoOutputs,
        /// More bytes without witnesses than a block has room for.
        Oversize,
        /// A negative amount.
        OutputNegative,
        /// An amount above 21 million bitcoin.
        OutputTooLarge,
        /// Amounts that are together above 21 million bitcoin.
        OutputTotalTooLarge,
        /// An output that is spent twice.
        DuplicateInputs,
        /// A coinbase transaction whose script does not have 2 to 100 bytes.
        CoinbaseLength,
        /// An input that spends nothing, in a transaction that is no coinbase transaction.
        NullInput,
        /// An amount spent, or the sum of them, that is negative or above 21 million bitcoin.
        InputOutOfRange,
        /// Amounts spent that are below those paid.
        InputsBelowOutputs,
        /// Undecided: the output that an input spends is not given.
        MissingPreviousOutput,
        /// Undecided: there are more previous outputs than inputs, so that they are those of another transaction.
        TooManyPreviousOutputs,
        /// Undecided: a coinbase transaction without its block.
        Coinbase,
        /// Undecided: folded before every round was answered, which [`crate::verify`] does not do.
        NotAnswered,
    }
}

/// An output that an input spends, as a context keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviousOutput {
    /// The amount in satoshi.
    pub value: i64,
    /// The script.
    pub script: Vec<u8>,
}

/// What the bytes of a transaction, or of a block, do not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// The rules: those of [`Flags::at`].
    pub flags: Flags,
    /// The outputs that the inputs spend, in the order of the inputs; `None`, or nothing at the end, where one is not
    /// known.
    pub previous_outputs: Vec<Option<PreviousOutput>>,
    /// Where a record is a block: what takes the place of the others. Its transactions are reported one by one in
    /// [`Report::transactions`].
    pub block: Option<BlockContext>,
}

impl Context {
    /// Transactions under these rules, which spend these outputs.
    pub const fn transaction(flags: Flags, previous_outputs: Vec<Option<PreviousOutput>>) -> Self {
        Self { flags, previous_outputs, block: None }
    }

    /// The block of a network at a height, which spends these outputs.
    pub fn block(network: Network, height: u32, spent: SpentOutputs) -> Self {
        let block = BlockContext { network, height: Some(height), is_stale: false, spent };
        Self { block: Some(block), ..Self::default() }
    }
}

/// The profile `bitcoin`: a record is a transaction or a block.
///
/// ```
/// use sigwarp_profiles::bitcoin::{Bitcoin, Context, Flags, Network, PreviousOutput};
/// use sigwarp_profiles::{Batch, verify};
/// # let unhex = |s: &str| -> Vec<u8> {
/// #     (0..s.len() / 2).map(|i| u8::from_str_radix(&s[2 * i..2 * i + 2], 16).unwrap()).collect()
/// # };
/// // The first payment: block 170.
/// let transaction = unhex("0100000001c997a5e56e104102fa209c6a852dd90660a20b2d9c352423edce25857fcd3704000000004847304402\
///                          204e45e16932b8af514961a1d3a1a25fdf3f4f7732e9d624c6c61548ab5fb8cd410220181522ec8eca07de4860a4\
///                          acdd12909d831cc56cbbac4622082221a8768d1d0901ffffffff0200ca9a3b00000000434104ae1a62fe09c5f51b\
///                          13905f07f06b99a2f7159b2225f374cd378d71302fa28414e7aab37397f554a7df5f142c21c1b7303b8a0626f1ba\
///                          ded5c72a704f7e6cd84cac00286bee0000000043410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482e\
///                          cad7b148a6909a5cb2e0eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f999b8643f656b412a3ac00000000");
/// let script = unhex("410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7b148a6909a5cb2e0eaddfb84ccf9744464f82e16\
///                     0bfa9b8b64f9d4c03f999b8643f656b412a3ac");
/// let spent = vec![Some(PreviousOutput { value: 5_000_000_000, script })];
/// let context = Context::transaction(Flags::at(Network::Main, 170, None), spent);
/// let mut batch = Batch::new();
/// batch.push(&Bitcoin, &transaction, &context);
/// let engine = sigwarp::Engine::builder().build()?;
/// let reports = verify(&engine, batch)?;
/// assert!(reports[0].verdict.is_valid() && reports[0].inputs[0].verdict.is_valid());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Bitcoin;

impl Profile for Bitcoin {
    type Context = Context;
    type Plan<'a> = Plan<'a>;

    fn name(&self) -> &'static str {
        "bitcoin"
    }

    fn record_fields(&self) -> &'static [&'static str] {
        &["raw"]
    }

    fn context_fields(&self) -> &'static [&'static str] {
        &["block_hash", "form", "height", "network", "prevouts", "undo"]
    }

    /// `network` ([`Network::from_name`]) and `height`, that of the block, must be there. `form` is `transaction` (where it
    /// is absent) or `block`. `block_hash` is the hash of the block of a transaction as it is shown, for the few that have
    /// rules of their own. `prevouts` has `[amount, script]` for each input, or null; those of a block are in the order of
    /// its transactions, without the coinbase, and can be its undo data, in the form that `undo` names: `bcoin` (where it
    /// is absent) or `core`.
    fn context(&self, fields: &Fields) -> Result<Context, FieldError> {
        let network =
            fields.read("network", "main, testnet3, testnet4, signet or regtest", |value| match value {
                Value::Text(name) => Network::from_name(name),
                _ => None,
            })?;
        let network = network.ok_or(FieldError::Missing("network"))?;
        let height = fields.u64("height")?.ok_or(FieldError::Missing("height"))?;
        let expected = "a height below 2^32";
        let height = u32::try_from(height).map_err(|_| FieldError::Wrong { field: "height", expected })?;
        let form = fields.read("form", "transaction or block", |value| match value {
            Value::Text(name) if name == "transaction" => Some(false),
            Value::Text(name) if name == "block" => Some(true),
            _ => None,
        })?;
        if form == Some(true) {
            return Ok(Context::block(network, height, spent_outputs(fields)?));
        }
        let block = fields.read("block_hash", "the 32 bytes of a hash as it is shown", |value| {
            let mut hash: [u8; 32] = value.to_bytes()?.try_into().ok()?;
            hash.reverse();
            Some(hash)
        })?;
        let previous_outputs =
            fields.read("prevouts", "[amount, script] or null for each input", |value| {
                let Value::Array(outputs) = value else { return None };
                outputs.iter().map(previous_output).collect()
            })?;
        let flags = Flags::at(network, height, block.as_ref());
        Ok(Context::transaction(flags, previous_outputs.unwrap_or_default()))
    }

    fn parse<'a>(
        &self,
        record: &'a [u8],
        context: &'a Context,
        work: &mut Work<'a>,
    ) -> Result<Plan<'a>, Decided> {
        if let Some(context) = &context.block {
            return Block::parse(record, context, work).map(|block| Plan(Record::Block(block)));
        }
        let transaction = Transaction::read_whole(record)?;
        if context.previous_outputs.len() > transaction.inputs.len() {
            return Err(Decided::undecided(Fault::TooManyPreviousOutputs));
        }
        let output = |PreviousOutput { value, script }: &'a PreviousOutput| Output { value: *value, script };
        let mut spent: Vec<_> =
            context.previous_outputs.iter().map(|given| given.as_ref().map(output)).collect();
        spent.resize(transaction.inputs.len(), None);
        let rules = Rules { flags: context.flags, in_block: false };
        Ok(Plan(Record::Transaction(transaction::Plan::new(transaction, spent, rules, work))))
    }

    fn resume<'a>(plan: &mut Plan<'a>, round: &mut Round<'_, 'a>) -> bool {
        match &mut plan.0 {
            Record::Transaction(plan) => plan.resume(round),
            Record::Block(block) => block.resume(round),
        }
    }
}

/// The outputs that a block spends: an array, or undo data.
fn spent_outputs(fields: &Fields) -> Result<SpentOutputs, FieldError> {
    let is_core = fields.read("undo", "bcoin or core", |value| match value {
        Value::Text(name) if name == "bcoin" => Some(false),
        Value::Text(name) if name == "core" => Some(true),
        _ => None,
    })?;
    let expected =
        "[amount, script] or null for each input, or the undo data of the block in the form that undo names";
    let outputs = fields.read("prevouts", expected, |value| match value {
        Value::Array(outputs) => {
            let mut spent = SpentOutputs::new();
            for output in outputs {
                match previous_output(output)? {
                    Some(PreviousOutput { value, script }) => spent.push(Output { value, script: &script }),
                    None => spent.push_unknown(),
                }
            }
            Some(spent)
        }
        undo => {
            let undo = undo.to_bytes()?;
            let read = if is_core == Some(true) { SpentOutputs::from_core } else { SpentOutputs::from_bcoin };
            read(&undo).ok()
        }
    })?;
    Ok(outputs.unwrap_or_default())
}

/// An element of `prevouts`; the outer `None` is for what is none.
fn previous_output(value: &Value) -> Option<Option<PreviousOutput>> {
    match value {
        Value::Null => Some(None),
        Value::Array(pair) => match pair.as_slice() {
            [Value::Integer(value), script] => {
                Some(Some(PreviousOutput { value: i64::try_from(*value).ok()?, script: script.to_bytes()? }))
            }
            _ => None,
        },
        _ => None,
    }
}

/// A record whose signatures wait for their verdicts.
pub struct Plan<'a>(Record<'a>);

#[expect(clippy::large_enum_variant, reason = "most records are transactions, and a batch boxes each plan")]
enum Record<'a> {
    Transaction(transaction::Plan<'a>),
    Block(Block<'a>),
}

impl profile::Plan for Plan<'_> {
    fn fold(self, answers: &Answers<'_>) -> Report {
        match self.0 {
            Record::Transaction(plan) => plan.fold(answers),
            Record::Block(block) => block.fold(answers),
        }
    }
}
