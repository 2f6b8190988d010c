//! A transaction with the outputs that it spends: what consensus asks of it alone, and the scripts of its inputs.

use super::Fault;
use super::evaluation::{Shared, State};
use super::flags::Flags;
use super::script::op;
use super::sighash::{Hashes, Spent};
use super::wire::{Output, Transaction};
use crate::batch::{Answers, Round};
use crate::work::{HashId, Work};
use crate::{Cause, Part, Report, Verdict};

/// The most satoshi that there can be (`MAX_MONEY`).
pub(super) const MAX_MONEY: i64 = 21_000_000 * 100_000_000;

/// The most bytes of a transaction without its witnesses: the weight of a block over the weight of such a byte.
const MAX_STRIPPED: usize = 4_000_000 / 4;

/// How a transaction is judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// The flags of its scripts.
    pub(super) flags: Flags,
    /// Whether it stands in a block that is judged as well: then a coinbase transaction is valid where it is well made,
    /// and the others may not spend more than there is.
    pub(super) in_block: bool,
}

/// A transaction whose signatures wait for their verdicts.
pub(super) struct Plan<'a> {
    transaction: Transaction<'a>,
    spent: Spent<'a>,
    rules: Rules,
    hashes: Hashes<'a>,
    inputs: Vec<Input<'a>>,
    /// The hash that is the id.
    pub(super) id: HashId,
    fault: Option<Fault>,
}

struct Input<'a> {
    state: State<'a>,
    /// Why it cannot be judged.
    open: Option<Fault>,
}

impl<'a> Plan<'a> {
    /// Runs the scripts of a transaction. `spent` has the output that each input spends, `None` where it is not known; a
    /// coinbase transaction needs none.
    pub(super) fn new(
        transaction: Transaction<'a>,
        spent: Vec<Option<Output<'a>>>,
        rules: Rules,
        work: &mut Work<'a>,
    ) -> Self {
        let id = transaction.txid(work);
        let coinbase = transaction.is_coinbase();
        let spent = Spent::new(spent);
        let fault = fault(&transaction).or_else(|| match rules.in_block && !coinbase {
            true => overspent(&transaction, &spent),
            false => None,
        });
        let count = if coinbase { 0 } else { transaction.inputs.len() };
        let open = |index| open(&spent, rules.flags, index);
        let inputs = (0..count).map(|index| Input { state: State::default(), open: open(index) }).collect();
        let hashes = Hashes::default();
        let mut plan = Self { transaction, spent, rules, hashes, inputs, id, fault };
        let (mut shared, inputs) = plan.parts();
        for (index, input) in inputs.iter_mut().enumerate().filter(|(_, input)| input.open.is_none()) {
            input.state.run(index, &mut shared, work);
        }
        plan
    }

    fn parts(&mut self) -> (Shared<'_, 'a>, &mut [Input<'a>]) {
        let Self { transaction, spent, rules, hashes, inputs, .. } = self;
        (Shared { transaction, spent, hashes, flags: rules.flags }, inputs)
    }

    /// As [`crate::Profile::resume`].
    pub(super) fn resume(&mut self, round: &mut Round<'_, 'a>) -> bool {
        let (mut shared, inputs) = self.parts();
        let each = inputs.iter_mut().enumerate();
        each.fold(false, |asked, (index, input)| input.state.resume(index, &mut shared, round) | asked)
    }

    pub(super) fn fold(self, answers: &Answers<'_>) -> Report {
        let inputs = self.inputs.iter().enumerate();
        let inputs: Vec<Part> = inputs
            .map(|(index, input)| input.state.fold(index, input.open.map(Cause::from), answers))
            .collect();
        let of = |wanted: fn(&Verdict) -> bool| inputs.iter().map(|input| input.verdict).find(wanted);
        let invalid = self.fault.map(Verdict::invalid);
        let verdict = invalid
            .or_else(|| of(|verdict| matches!(verdict, Verdict::Invalid(_))))
            .or_else(|| of(|verdict| !verdict.is_valid()))
            .unwrap_or(match self.transaction.is_coinbase() && !self.rules.in_block {
                true => Verdict::undecided(Fault::Coinbase),
                false => Verdict::Valid,
            });
        let tx_id = Some(answers.digest(self.id).to_vec());
        Report { inputs, tx_id, ..Report::new(verdict) }
    }
}

/// Why an input cannot be judged: its output is not known, or it is one of taproot, whose signatures commit to the
/// outputs of all inputs, and another is not known.
fn open(spent: &Spent<'_>, flags: Flags, index: usize) -> Option<Fault> {
    let Some(output) = spent.get(index) else { return Some(Fault::MissingPreviousOutput) };
    let is_taproot = matches!(op::witness_program(output.script), Some((1, program)) if program.len() == 32)
        && flags.any(Flags::TAPROOT);
    (is_taproot && !spent.is_complete()).then_some(Fault::MissingPreviousOutput)
}

/// What Bitcoin Core asks of a transaction alone (`CheckTransaction`).
fn fault(transaction: &Transaction<'_>) -> Option<Fault> {
    if transaction.inputs.is_empty() {
        return Some(Fault::NoInputs);
    }
    if transaction.outputs.is_empty() {
        return Some(Fault::NoOutputs);
    }
    if transaction.stripped_length() > MAX_STRIPPED {
        return Some(Fault::Oversize);
    }
    let mut total = 0;
    for output in &transaction.outputs {
        match output.value {
            ..0 => return Some(Fault::OutputNegative),
            0..=MAX_MONEY => total += output.value,
            _ => return Some(Fault::OutputTooLarge),
        }
        if total > MAX_MONEY {
            return Some(Fault::OutputTotalTooLarge);
        }
    }
    let mut outpoints: Vec<&[u8; 36]> = transaction.inputs.iter().map(|input| input.outpoint).collect();
    outpoints.sort_unstable();
    if outpoints.windows(2).any(|pair| pair[0] == pair[1]) {
        return Some(Fault::DuplicateInputs);
    }
    match transaction.is_coinbase() {
        true => {
            let length = transaction.inputs.first().map_or(0, |input| input.script.len());
            (!(2..=100).contains(&length)).then_some(Fault::CoinbaseLength)
        }
        false => transaction.inputs.iter().any(|input| input.is_null()).then_some(Fault::NullInput),
    }
}

/// Whether a transaction whose outputs spent are all known spends more than them, or they are more than there can be.
fn overspent(transaction: &Transaction<'_>, spent: &Spent<'_>) -> Option<Fault> {
    if !spent.is_complete() {
        return None;
    }
    let mut total = 0;
    for output in spent.iter() {
        match output.value {
            0..=MAX_MONEY => total += output.value,
            _ => return Some(Fault::InputOutOfRange),
        }
        if total > MAX_MONEY {
            return Some(Fault::InputOutOfRange);
        }
    }
    // In range, or there is another fault.
    let outputs = transaction.outputs.iter().fold(0_i64, |sum, output| sum.saturating_add(output.value));
    (total < outputs).then_some(Fault::InputsBelowOutputs)
}
