//! Whole blocks: `header 80 ‖ CompactSize ‖ transactions`, what their header and their coinbase commit to, and each
//! transaction.
//!
//! The checks are those of `CheckBlock` and `ContextualCheckBlock` in validation.cpp of Bitcoin Core that bytes and height
//! decide: the Merkle root with its known ambiguity (CVE-2012-2459), sizes and weight, the coinbase, BIP 34's height,
//! BIP 141's commitment; and from `ConnectBlock` that no output is spent twice in the block and what the coinbase may pay.
//! Work, time, difficulty, finality and the number of signature operations are not looked at.

use std::collections::{HashMap, HashSet};

use sigwarp::Hash;

use super::files::block_hash;
use super::transaction::{Plan, Rules};
use super::undo::SpentOutputs;
use super::wire::{Output, Transaction, count};
use super::{Fault, Flags, Network};
use crate::batch::{Answers, Round};
use crate::profile::Decided;
use crate::work::{HashId, Work};
use crate::{Reader, Report, Verdict};

crate::causes! {
    /// Why a block is invalid or undecided, beside what its bytes ([`Fault`](super::Fault)) and its transactions say.
    pub enum BlockFault {
        /// The transactions are not those of the root in the header.
        MerkleRoot,
        /// Transactions at the end come twice, so that the root is that of those that come once (CVE-2012-2459).
        DuplicateTransactions,
        /// More bytes, or more weight, than a block may have.
        TooLarge,
        /// No transactions, or a first one that is no coinbase transaction.
        NoCoinbase,
        /// A coinbase transaction that is not the first.
        SecondCoinbase,
        /// A coinbase that does not begin with the height (BIP 34).
        WrongHeight,
        /// An output that is spent twice in the block.
        DoubleSpend,
        /// A commitment to witnesses without the one element of 32 bytes that belongs to it.
        ReservedValue,
        /// The witnesses are not those that the coinbase commits to.
        WitnessCommitment,
        /// A witness, and no commitment to it.
        UnexpectedWitness,
        /// A block with a transaction that is invalid.
        InvalidTransaction,
        /// A coinbase that pays more than the block makes and its transactions leave.
        CoinbaseAmount,
        /// Undecided: nothing says at which height the block stands.
        NoHeight,
        /// Undecided: the outputs that were given are those of another block.
        OtherPreviousOutputs,
    }
}

/// The bytes of a header.
pub(super) const HEADER: usize = 80;
/// Where a header has the root of its transactions.
const ROOT: std::ops::Range<usize> = 36..68;
/// The most weight units, and what a byte outside of witnesses weighs (BIP 141).
const MAX_WEIGHT: usize = 4_000_000;
const SCALE: usize = 4;
/// How the script of the output begins that commits to the witnesses: OP_RETURN, a push of 36 bytes, the header (BIP 141).
const COMMITMENT: [u8; 6] = [0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed];

/// What the bytes of a block do not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockContext {
    /// The network.
    pub network: Network,
    /// The height; `None` where nobody knows it.
    pub height: Option<u32>,
    /// Whether it is known not to be on the branch with the most work: its report says so.
    pub is_stale: bool,
    /// The outputs that its transactions spend. Those of earlier transactions of the block can be left unknown; where
    /// there are none at all, all are.
    pub spent: SpentOutputs,
}

/// A block whose transactions wait for answers.
pub(super) struct Block<'a> {
    hash: [u8; 32],
    context: &'a BlockContext,
    merkle: Merkle<'a>,
    /// What is wrong with its parts, before scripts.
    fault: Option<BlockFault>,
    witnesses: Witnesses<'a>,
    transactions: Transactions<'a>,
    /// Whether the coinbase pays more than it may, where that is known.
    overpaid: bool,
}

/// The tree of the transactions: what the header says, what they hash to, and the pairs in it.
struct Merkle<'a> {
    stated: &'a [u8],
    root: HashId,
    pairs: Vec<[HashId; 2]>,
}

/// What commits to the witnesses.
enum Witnesses<'a> {
    /// There are none, or the rules do not ask.
    NotAsked,
    Wrong(BlockFault),
    /// What the coinbase says, and what they hash to.
    Committed(&'a [u8], HashId),
}

enum Transactions<'a> {
    /// They spend outputs of one another, which are found by their ids: those come first.
    Read {
        transactions: Vec<Transaction<'a>>,
        ids: Vec<HashId>,
        rules: Rules,
    },
    Opened(Vec<Plan<'a>>),
}

impl<'a> Block<'a> {
    pub(super) fn parse(
        record: &'a [u8],
        context: &'a BlockContext,
        work: &mut Work<'a>,
    ) -> Result<Self, Decided> {
        let mut reader = Reader::new(record);
        let header: Option<&[u8; HEADER]> = reader.take(HEADER).and_then(<[u8]>::first_chunk);
        let header = header.ok_or_else(|| Decided::at(record.len(), Fault::Truncated))?;
        let hash = block_hash(header);
        let number = count(&mut reader)?;
        let first = reader.at();
        let mut transactions = Vec::new();
        for _ in 0..number {
            transactions.push(Transaction::read(&mut reader)?);
        }
        if !reader.is_empty() {
            return Err(Decided::at(reader.at(), Fault::TrailingBytes));
        }
        let BlockContext { network, height, spent, .. } = context;
        let decided = |verdict| -> Decided { context.report(&hash, verdict).into() };
        let Some(height) = *height else { return Err(decided(Verdict::undecided(BlockFault::NoHeight))) };
        let Some(coinbase) = transactions.first() else {
            return Err(decided(Verdict::invalid(BlockFault::NoCoinbase)));
        };
        if !fits(spent, transactions.iter().skip(1).map(|transaction| transaction.inputs.len())) {
            return Err(decided(Verdict::undecided(BlockFault::OtherPreviousOutputs)));
        }

        let stripped = first + transactions.iter().map(Transaction::stripped_length).sum::<usize>();
        let fault = fault(&transactions, (*network, height), (record.len(), stripped));
        let witnesses = match height >= network.segwit_height() {
            true => Witnesses::of(coinbase, &transactions, work),
            false => Witnesses::none(&transactions),
        };
        let given = given(&transactions, spent);
        let overpaid = overpaid(&transactions, &given, network.subsidy(height));
        let rules = Rules { flags: Flags::at(*network, height, Some(&hash)), in_block: true };
        let (ids, transactions) = match given.iter().flatten().all(Option::is_some) {
            true => {
                let plans = transactions.into_iter().zip(given);
                let plans: Vec<Plan<'a>> =
                    plans.map(|(transaction, spent)| Plan::new(transaction, spent, rules, work)).collect();
                (plans.iter().map(|plan| plan.id).collect(), Transactions::Opened(plans))
            }
            false => {
                let ids: Vec<HashId> =
                    transactions.iter().map(|transaction| transaction.txid(work)).collect();
                (ids.clone(), Transactions::Read { transactions, ids, rules })
            }
        };
        let merkle = Merkle::of(&header[ROOT], ids, work);
        Ok(Self { hash, context, merkle, fault, witnesses, transactions, overpaid })
    }

    /// Goes on with the scripts of the transactions, or begins with them once their ids are known.
    pub(super) fn resume(&mut self, round: &mut Round<'_, 'a>) -> bool {
        match &mut self.transactions {
            Transactions::Read { transactions, ids, rules } => {
                let mut spent = given(transactions, &self.context.spent);
                add_of_block(transactions, ids, &mut spent, round);
                let each = std::mem::take(transactions).into_iter().zip(spent);
                let plans = each
                    .map(|(transaction, spent)| Plan::new(transaction, spent, *rules, round.work))
                    .collect();
                self.transactions = Transactions::Opened(plans);
                true
            }
            Transactions::Opened(plans) => {
                plans.iter_mut().fold(false, |asked, plan| plan.resume(round) | asked)
            }
        }
    }

    pub(super) fn fold(self, answers: &Answers<'_>) -> Report {
        let fault = self.merkle.fault(answers).or(self.fault).or_else(|| self.witnesses.fault(answers));
        let transactions: Vec<Report> = match self.transactions {
            Transactions::Opened(plans) => plans.into_iter().map(|plan| plan.fold(answers)).collect(),
            Transactions::Read { .. } => Vec::new(),
        };
        let verdicts = || transactions.iter().map(|transaction| transaction.verdict);
        let verdict = match fault {
            Some(fault) => Verdict::invalid(fault),
            // Of a block there is at least the coinbase.
            None if transactions.is_empty() => Verdict::undecided(Fault::NotAnswered),
            None if verdicts().any(|verdict| matches!(verdict, Verdict::Invalid(_))) => {
                Verdict::invalid(BlockFault::InvalidTransaction)
            }
            None => match verdicts().find(|verdict| !verdict.is_valid()) {
                Some(undecided) => undecided,
                None if self.overpaid => Verdict::invalid(BlockFault::CoinbaseAmount),
                None => Verdict::Valid,
            },
        };
        Report { transactions, ..self.context.report(&self.hash, verdict) }
    }
}

impl BlockContext {
    fn report(&self, hash: &[u8; 32], verdict: Verdict) -> Report {
        let status = self.is_stale.then_some("stale");
        Report { hash: Some(hash.to_vec()), status, ..Report::new(verdict) }
    }
}

/// Whether these can be the outputs that the transactions with so many inputs spend. None at all can: earlier
/// transactions of the block may have them.
fn fits(spent: &SpentOutputs, inputs: impl Iterator<Item = usize> + Clone) -> bool {
    let of_each =
        spent.groups().is_none_or(|groups| inputs.clone().eq(groups.iter().map(|&inputs| inputs as usize)));
    of_each && (spent.is_empty() && spent.groups().is_none() || inputs.sum::<usize>() == spent.len())
}

/// What is wrong with the parts of a block, in the order in which Bitcoin Core looks at them.
fn fault(
    transactions: &[Transaction<'_>],
    (network, height): (Network, u32),
    (length, stripped): (usize, usize),
) -> Option<BlockFault> {
    let (coinbase, others) = transactions.split_first()?;
    if stripped.max(transactions.len()) > MAX_WEIGHT / SCALE {
        return Some(BlockFault::TooLarge);
    }
    if !coinbase.is_coinbase() {
        return Some(BlockFault::NoCoinbase);
    }
    if others.iter().any(Transaction::is_coinbase) {
        return Some(BlockFault::SecondCoinbase);
    }
    let is_height = || coinbase.inputs[0].script.starts_with(&height_push(height));
    if height >= network.bip34_height() && !is_height() {
        return Some(BlockFault::WrongHeight);
    }
    if stripped * (SCALE - 1) + length > MAX_WEIGHT {
        return Some(BlockFault::TooLarge);
    }
    let inputs = || others.iter().flat_map(|transaction| &transaction.inputs);
    let mut outpoints = HashSet::with_capacity(inputs().count());
    inputs().any(|input| !outpoints.insert(input.outpoint)).then_some(BlockFault::DoubleSpend)
}

/// How the script of a coinbase begins from BIP 34 on: the push of a number in the shortest form.
fn height_push(height: u32) -> Vec<u8> {
    match height {
        0 => vec![0],
        // OP_1 to OP_16.
        1..=16 => vec![0x50 + height as u8],
        _ => {
            // Little-endian, and the highest bit is a sign.
            let mut digits = height.to_le_bytes().to_vec();
            digits.push(0);
            while matches!(digits[..], [.., before, 0] if before < 0x80) {
                digits.pop();
            }
            digits.insert(0, digits.len() as u8);
            digits
        }
    }
}

impl<'a> Merkle<'a> {
    /// Asks for the tree over the ids: at each level the last is its own partner where it has none.
    fn of(stated: &'a [u8], ids: Vec<HashId>, work: &mut Work<'a>) -> Self {
        let mut pairs = Vec::with_capacity(ids.len());
        let root = root(ids, work, |pair| pairs.push(pair));
        Self { stated, root, pairs }
    }

    fn fault(&self, answers: &Answers<'_>) -> Option<BlockFault> {
        let is_same = |pair: &[HashId; 2]| answers.digest(pair[0]) == answers.digest(pair[1]);
        match answers.digest(self.root) == self.stated {
            false => Some(BlockFault::MerkleRoot),
            // Transactions at the end that come twice have the root of those that come once.
            true if self.pairs.iter().any(is_same) => Some(BlockFault::DuplicateTransactions),
            true => None,
        }
    }
}

/// The root of the tree over these, of which there is one at least. `pair` sees each pair of two that stand there.
fn root(mut level: Vec<HashId>, work: &mut Work<'_>, mut pair: impl FnMut([HashId; 2])) -> HashId {
    while level.len() > 1 {
        let parent = |two: &[HashId]| {
            let (left, right) = (two[0], two[two.len() - 1]);
            if two.len() == 2 {
                pair([left, right]);
            }
            work.hash(Hash::Sha256d, &[left.into(), right.into()])
        };
        level = level.chunks(2).map(parent).collect();
    }
    level[0]
}

impl<'a> Witnesses<'a> {
    /// Without a commitment there is no witness.
    fn none(transactions: &[Transaction<'a>]) -> Self {
        match transactions.iter().any(|transaction| transaction.has_witness) {
            true => Self::Wrong(BlockFault::UnexpectedWitness),
            false => Self::NotAsked,
        }
    }

    /// The last output of the coinbase that commits counts; its witness has the reserved value.
    fn of(coinbase: &Transaction<'a>, transactions: &[Transaction<'a>], work: &mut Work<'a>) -> Self {
        let commits =
            |output: &&Output<'a>| output.script.len() >= 38 && output.script.starts_with(&COMMITMENT);
        let Some(output) = coinbase.outputs.iter().rev().find(commits) else {
            return Self::none(transactions);
        };
        let stack = coinbase.inputs.first().map(|input| coinbase.witness(input));
        let Some(&[reserved]) = stack.filter(|stack| matches!(stack, [value] if value.len() == 32)) else {
            return Self::Wrong(BlockFault::ReservedValue);
        };
        // The coinbase commits, so that its own place in the tree is zeros.
        let others = transactions[1..].iter().map(|transaction| transaction.wtxid(work)).collect();
        let root = root_below_zeros(others, work);
        let computed = match root {
            Some(root) => work.hash(Hash::Sha256d, &[root.into(), reserved.into()]),
            None => work.hash(Hash::Sha256d, &[(&ZEROS).into(), reserved.into()]),
        };
        Self::Committed(&output.script[6..38], computed)
    }

    fn fault(&self, answers: &Answers<'_>) -> Option<BlockFault> {
        match *self {
            Self::NotAsked => None,
            Self::Wrong(fault) => Some(fault),
            Self::Committed(stated, computed) => {
                (stated != answers.digest(computed)).then_some(BlockFault::WitnessCommitment)
            }
        }
    }
}

static ZEROS: [u8; 32] = [0; 32];

/// The root of the tree over zeros and these; `None` where there are no others, so that it is the zeros.
fn root_below_zeros(others: Vec<HashId>, work: &mut Work<'_>) -> Option<HashId> {
    let (&first, rest) = others.split_first()?;
    let leftmost = work.hash(Hash::Sha256d, &[(&ZEROS).into(), first.into()]);
    // The level above: the pair with the zeros is done.
    let mut level = vec![leftmost];
    let parent = |two: &[HashId]| work.hash(Hash::Sha256d, &[two[0].into(), two[two.len() - 1].into()]);
    level.extend(rest.chunks(2).map(parent));
    Some(root(level, work, |_| ()))
}

/// The outputs that the inputs of each transaction spend, as far as they are given.
fn given<'a>(transactions: &[Transaction<'a>], spent: &'a SpentOutputs) -> Vec<Vec<Option<Output<'a>>>> {
    let mut next = 0;
    let of = |(place, transaction): (usize, &Transaction<'a>)| {
        // That of the coinbase spends none.
        let inputs = if place == 0 { 0 } else { transaction.inputs.len() };
        let first = next;
        next += inputs;
        (first..next).map(|input| spent.get(input)).collect()
    };
    transactions.iter().enumerate().map(of).collect()
}

/// Adds the outputs of earlier transactions of the block, which are found by their ids.
fn add_of_block<'a>(
    transactions: &[Transaction<'a>],
    ids: &[HashId],
    spent: &mut [Vec<Option<Output<'a>>>],
    round: &Round<'_, 'a>,
) {
    let mut earlier: HashMap<Vec<u8>, &[Output<'a>]> = HashMap::new();
    for ((transaction, id), outputs) in transactions.iter().zip(ids).zip(spent) {
        for (input, output) in transaction.inputs.iter().zip(outputs.iter_mut()) {
            let (id, index) = input.outpoint.split_at(32);
            let index = index.iter().rev().fold(0, |index, &byte| index << 8 | usize::from(byte));
            let of_earlier = || earlier.get(id)?.get(index).copied();
            *output = output.or_else(of_earlier);
        }
        if let Some(id) = round.digest(*id) {
            earlier.insert(id.to_vec(), &transaction.outputs);
        }
    }
}

/// Whether a coinbase pays more than this subsidy and what the others leave, where all outputs spent are given.
fn overpaid(transactions: &[Transaction<'_>], spent: &[Vec<Option<Output<'_>>>], subsidy: i64) -> bool {
    let sum = |outputs: &[Output<'_>]| outputs.iter().map(|output| i128::from(output.value)).sum::<i128>();
    let Some((coinbase, others)) = transactions.split_first() else { return false };
    let mut most = i128::from(subsidy);
    for output in spent.iter().flatten() {
        let Some(output) = output else { return false };
        most += i128::from(output.value);
    }
    most -= others.iter().map(|transaction| sum(&transaction.outputs)).sum::<i128>();
    sum(&coinbase.outputs) > most
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers at which the form changes; the last is the largest of four bytes.
    #[test]
    fn heights_are_pushed_as_numbers_of_scripts() {
        let pairs: [(u32, &[u8]); 9] = [
            (0, &[0]),
            (1, &[0x51]),
            (16, &[0x60]),
            (17, &[1, 17]),
            (127, &[1, 127]),
            (128, &[2, 128, 0]),
            (227_931, &[3, 0x5b, 0x7a, 0x03]),
            (0x80_0000, &[4, 0, 0, 0x80, 0]),
            (u32::MAX, &[5, 255, 255, 255, 255, 0]),
        ];
        for (height, push) in pairs {
            assert_eq!(height_push(height), push, "{height}");
        }
    }
}
