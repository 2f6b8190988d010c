//! Bitcoin: transactions and blocks with the outputs that they spend, which are part of an input as undo data.
//!
//! An input is a byte of choice, two bytes with the length of undo data, those, and the record. What scripts come to is
//! compared with Bitcoin Core elsewhere (`differential/bitcoin`); here it is that nothing of them costs more than it may.

use std::sync::LazyLock;

use sigwarp_profiles::bitcoin::{Bitcoin, Context, Flags, Network, PreviousOutput, SpentOutputs};
use sigwarp_profiles::{Part, Report, Signature};

use super::{Beside, Limits, Subject};

mod seeds;

pub(crate) use seeds::seeds;

static SUBJECT: LazyLock<Subject<Bitcoin>> = LazyLock::new(|| Subject {
    profile: Bitcoin,
    contexts: Vec::new(),
    limits: LIMITS,
    has_all,
    sound: |_, _, report| report_of_scripts(report),
    true_of: |_, _, report| report_of_scripts(report),
    may_lose: |_, _, _| false,
});

/// A byte of a script can be a check: in the lists of the work and of its input, which double as they grow, and in the
/// table that finds it again, it takes some hundred bytes. A stack has a thousand elements of 520 bytes.
const LIMITS: Limits = Limits {
    per_byte: 2048,
    for_any: 1 << 20,
    // A script has at most 201 opcodes, keys of OP_CHECKMULTISIG among them; an input up to three of them. Leaves pay
    // for theirs with their size.
    signatures: |length| 603 * (1 + length / 41),
};

/// The form of a record, by the byte of choice, and the rules for those that are transactions.
enum Form {
    Transaction(Flags),
    /// A block with the undo data of bcoin, or of Bitcoin Core.
    Block(fn(&[u8]) -> Option<SpentOutputs>),
}

/// Above every height at which rules change.
const HEIGHT: u32 = 900_000;

fn form(choice: u8) -> Form {
    let at = |height| Form::Transaction(Flags::at(Network::Main, height, None));
    match choice % 6 {
        0 => at(HEIGHT),
        // Neither P2SH nor strict encodings.
        1 => at(100_000),
        // Strict encodings, lock times, no witnesses.
        2 => at(450_000),
        // Witnesses, but not of taproot.
        3 => at(600_000),
        4 => Form::Block(|undo| SpentOutputs::from_bcoin(undo).ok()),
        _ => Form::Block(|undo| SpentOutputs::from_core(undo).ok()),
    }
}

/// The context and the record of an input; `None` where its undo data are none.
fn parts(data: &[u8]) -> Option<(Context, &[u8])> {
    let (&[choice, low, high], rest) = data.split_first_chunk()?;
    let length = usize::from(u16::from_le_bytes([low, high]));
    let (undo, record) = rest.split_at_checked(length)?;
    let context = match form(choice) {
        Form::Transaction(flags) => {
            let spent = SpentOutputs::from_bcoin(undo).ok()?;
            let output = |place| {
                let output = spent.get(place)?;
                Some(PreviousOutput { value: output.value, script: output.script.to_vec() })
            };
            Context::transaction(flags, (0..spent.len()).map(output).collect())
        }
        Form::Block(read) => Context::block(Network::Main, HEIGHT, read(undo)?),
    };
    Some((context, record))
}

/// The scripts of a context run as those of the record do.
fn context_bytes(context: &Context) -> usize {
    let outputs = context.previous_outputs.iter().flatten().map(|output| 9 + output.script.len());
    let of_block = context.block.iter().flat_map(|block| {
        let spent = &block.spent;
        (0..spent.len()).map(|input| 9 + spent.get(input).map_or(0, |output| output.script.len()))
    });
    outputs.chain(of_block).sum()
}

/// See the module.
pub fn bitcoin(data: &[u8]) {
    let Some((context, record)) = parts(data) else { return };
    // A script may want that a signature does not hold.
    let beside = Beside { context_bytes: context_bytes(&context), may_be_unsigned: true };
    SUBJECT.run_beside(record, &context, crc32fast::hash(data), beside);
}

/// Signatures of taproot that do not hold end their script; those of ECDSA need not.
fn has_all(report: &Report) -> bool {
    let holds = |signature: &Signature| {
        let is_fatal = matches!(signature.role.name(), "tap-key" | "tap-script");
        !is_fatal || signature.verdict.is_valid()
    };
    let of_part = |part: &Part| !part.verdict.is_valid() || part.signatures.iter().all(holds);
    report.inputs.iter().all(of_part) && report.transactions.iter().all(has_all)
}

/// A valid transaction has valid inputs, and a valid block a coinbase and valid transactions.
fn report_of_scripts(report: &Report) {
    assert!(has_all(report), "valid without a signature of taproot: {report:?}");
    let inputs = report.inputs.iter().all(|input| input.verdict.is_valid());
    assert!(!report.verdict.is_valid() || inputs, "{report:?}");
    assert!(report.signatures.is_empty(), "signatures are those of inputs: {report:?}");
    assert!(report.hash.is_some() || report.transactions.is_empty(), "{report:?}");
    report.transactions.iter().for_each(report_of_scripts);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_judged_as_they_were_made() {
        let said = |(place, seed): (usize, &Vec<u8>)| {
            let (context, record) = parts(seed).expect("parts");
            SUBJECT.said(record, &context, place)
        };
        let verdicts: Vec<String> = seeds().iter().enumerate().map(said).collect();
        // Every transaction under the rules of today, those with witnesses under older ones, blocks in both forms.
        let today = ["valid"; 7];
        assert_eq!(verdicts[..7], today);
        assert_eq!(verdicts[7..10], ["valid"; 3], "what asks for no newer rule");
        assert_eq!(verdicts[10..12], ["valid"; 2], "blocks");
        assert!(verdicts[12].starts_with("invalid"), "{}", verdicts[12]);
    }
}
