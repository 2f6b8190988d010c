//! Inputs: the standard program of several keys over a predicate, and the rule by which signatures fit keys.

use sigwarp::{Ed25519Rule, Hash, Suite};

use super::Fault;
use super::entries::{Ids, ids};
use super::wire::{Input, Transaction};
use crate::batch::Answers;
use crate::profile::{self, Decided};
use crate::work::{CheckId, HashId, Work};
use crate::{Cause, Reader, Report, Role, Signature, Verdict};

const SUITE: Suite = Suite::ed25519(Ed25519Rule::Donna);

const KEY: usize = 32;

/// `DUP TOALTSTACK SHA3`, before the keys and their numbers.
const BEFORE: [u8; 3] = [0x76, 0x6b, 0xaa];
/// `CHECKMULTISIG VERIFY FROMALTSTACK 0 CHECKPREDICATE`, behind them.
const BEHIND: [u8; 5] = [0xad, 0x69, 0x6c, 0x00, 0xc0];
/// `TXSIGHASH EQUAL`, behind a hash.
const IS_SIGNATURE_HASH: [u8; 2] = [0xae, 0x87];

/// The most pairs of a signature and a key that are checked for one input: those of 45 of 45 keys.
const MAX_PAIRS: usize = 1035;

/// A transaction whose inputs wait for answers.
#[derive(Debug)]
pub struct Plan<'a> {
    id: HashId,
    /// Assets that are issued: what makes them, and what the inputs say.
    assets: Vec<(HashId, &'a [u8; 32])>,
    inputs: Vec<Decision<'a>>,
    open: Option<Fault>,
}

#[derive(Debug)]
enum Decision<'a> {
    Open(Fault),
    Failed(Fault),
    Signed(Signed<'a>),
}

/// An input of the standard program with as many signatures as it takes.
#[derive(Debug)]
struct Signed<'a> {
    needed: usize,
    keys: Vec<&'a [u8]>,
    /// From the last signature on, each with the keys that it may come to, from the last that is left on.
    checks: Vec<CheckId>,
    /// What the predicate compares with the hash of the transaction, if it does nothing else.
    stated: Option<&'a [u8]>,
    signature_hash: HashId,
    has_arguments: bool,
}

impl<'a> Plan<'a> {
    pub(super) fn parse(record: &'a [u8], work: &mut Work<'a>) -> Result<Self, Decided> {
        let transaction = Transaction::read(record).map_err(|unread| match unread {
            Fault::Version => Decided::open(unread),
            _ => unread.into(),
        })?;
        let Ids { transaction: id, inputs, assets } = ids(&transaction, work)?;
        let open = match () {
            () if transaction.version != 1 => Some(Fault::Version),
            () if inputs.is_empty() => Some(Fault::NoInput),
            () => None,
        };
        let each = transaction.inputs.iter().zip(inputs);
        let inputs = each.map(|(input, input_id)| Decision::of(input, [input_id, id], work)).collect();
        Ok(Self { id, assets, inputs, open })
    }
}

/// The keys of the standard program, and how many of them must sign.
fn standard(program: &[u8]) -> Option<(usize, Vec<&[u8]>)> {
    let mut reader = Reader::new(program.strip_prefix(&BEFORE)?.strip_suffix(&BEHIND)?);
    let mut keys = Vec::new();
    // A number of 17 and more is a push as well, of one byte.
    while reader.peek() == Some(KEY as u8) {
        reader.byte()?;
        keys.push(reader.take(KEY)?);
    }
    let [needed, total] = [number(&mut reader)?, number(&mut reader)?];
    let is_fine = reader.is_empty() && total == keys.len() && (1..=total).contains(&needed);
    is_fine.then_some((needed, keys))
}

/// 1 to 16 by their opcodes, and up to 127 in a push of a byte.
fn number(reader: &mut Reader<'_>) -> Option<usize> {
    match reader.byte()? {
        opcode @ 0x51..=0x60 => Some(usize::from(opcode - 0x50)),
        1 => reader.byte().filter(|byte| (17..0x80).contains(byte)).map(usize::from),
        _ => None,
    }
}

impl<'a> Decision<'a> {
    fn of(input: &Input<'a>, ids: [HashId; 2], work: &mut Work<'a>) -> Self {
        let (version, program) = input.program;
        if version != 1 {
            return Self::Open(Fault::Version);
        }
        let Some((needed, keys)) = standard(program) else { return Self::Open(Fault::Program) };
        // The number of arguments of the predicate, these, the signatures, and the predicate.
        let (signatures, predicate) = match &input.arguments[..] {
            [.., predicate] if input.arguments.len() >= needed + 2 => {
                let last = input.arguments.len() - 1;
                (&input.arguments[last - needed..last], *predicate)
            }
            _ => return Self::Failed(Fault::ArgumentCount),
        };
        if needed * keys.len() - needed * (needed - 1) / 2 > MAX_PAIRS {
            return Self::Open(Fault::TooManySignatures);
        }
        let has_arguments = input.arguments.len() > needed + 2 || !input.arguments[0].is_empty();
        let message = work.hash(Hash::Sha3_256, &[predicate.into()]);
        let mut checks = Vec::new();
        for (passed, signature) in signatures.iter().rev().enumerate() {
            for key in keys.iter().rev().skip(passed) {
                checks.push(work.verify(&SUITE, *key, message, *signature));
            }
        }
        let stated = predicate.strip_prefix(&[32]).and_then(|rest| rest.strip_suffix(&IS_SIGNATURE_HASH));
        let stated = stated.filter(|hash| hash.len() == 32);
        let signature_hash = work.hash(Hash::Sha3_256, &ids.map(Into::into));
        Self::Signed(Signed { needed, keys, checks, stated, signature_hash, has_arguments })
    }
}

impl Signed<'_> {
    /// The rule of CHECKMULTISIG: a signature that does not fit a key is tried with the next one, as long as there are keys;
    /// both are taken from a stack, the last ones first. Returns what fits or, where that is too little, what was tried.
    fn pairs(&self, answers: &Answers<'_>) -> (Vec<(usize, CheckId)>, bool) {
        let total = self.keys.len();
        let (mut fit, mut tried) = (Vec::new(), Vec::new());
        let mut first = 0;
        for key in 0..total {
            let signature = fit.len();
            if signature == self.needed {
                break;
            }
            let check = self.checks[first + key - signature];
            let pair = (total - 1 - key, check);
            tried.push(pair);
            if answers.verdict(check).is_valid() {
                fit.push(pair);
                first += total - signature;
            }
        }
        let is_enough = fit.len() == self.needed;
        (if is_enough { fit } else { tried }, is_enough)
    }

    fn fold(self, role: Role, answers: &Answers<'_>, signatures: &mut Vec<Signature>) -> Verdict {
        let (pairs, is_enough) = self.pairs(answers);
        signatures.extend(pairs.into_iter().map(|(key, check)| answers.signature(role.key(key), check)));
        match self.stated {
            _ if !is_enough => Verdict::invalid(Fault::Signature),
            Some(stated) if stated != answers.digest(self.signature_hash) => {
                Verdict::invalid(Fault::SigHashMismatch)
            }
            // Arguments that the predicate does not look at do no harm, but how many there are is another matter.
            _ if self.has_arguments => Verdict::undecided(Fault::Arguments),
            Some(_) => Verdict::Valid,
            None => Verdict::undecided(Fault::Predicate),
        }
    }
}

impl profile::Plan for Plan<'_> {
    fn fold(self, answers: &Answers<'_>) -> Report {
        if !self.assets.iter().all(|(made, stated)| answers.digest(*made) == &stated[..]) {
            return Report::new(Verdict::invalid(Fault::Malformed));
        }
        let mut signatures = Vec::new();
        let (mut failed, mut open): (Option<Cause>, Vec<Cause>) = (None, Vec::new());
        open.extend(self.open.map(Cause::from));
        for (place, input) in self.inputs.into_iter().enumerate() {
            let role = Role::nth("input", place);
            let verdict = match input {
                Decision::Open(fault) => Verdict::undecided(fault),
                Decision::Failed(fault) => Verdict::invalid(fault),
                Decision::Signed(signed) => signed.fold(role, answers, &mut signatures),
            };
            match verdict {
                Verdict::Valid => {}
                Verdict::Invalid(cause) => failed = failed.or(Some(cause.in_role(role))),
                Verdict::Undecided(cause) => open.push(cause),
            }
        }
        let report = match failed {
            Some(cause) => Report { signatures, ..Report::new(Verdict::Invalid(cause)) },
            None if open.is_empty() => Report { signatures, ..Report::new(Verdict::Valid) },
            None => Report::open(open, signatures),
        };
        Report { tx_id: Some(answers.digest(self.id).to_vec()), ..report }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_program_has_keys_and_two_numbers() {
        let program = |count: usize, numbers: &[u8]| {
            [&BEFORE[..], &[&[32][..], &[7; 32]].concat().repeat(count), numbers, &BEHIND].concat()
        };
        let of = |count, numbers: &[u8]| {
            standard(&program(count, numbers)).map(|(needed, keys)| (needed, keys.len()))
        };
        assert_eq!(of(1, &[0x51, 0x51]), Some((1, 1)));
        assert_eq!(of(20, &[1, 17, 1, 20]), Some((17, 20)));
        for (count, numbers) in
            [(1, &[0x52, 0x51][..]), (2, &[0x51, 0x51]), (1, &[1, 1, 0x51]), (0, &[0x50, 0x50])]
        {
            assert_eq!(of(count, numbers), None, "{numbers:?}");
        }
        assert_eq!(of(1, &[0x51, 0x51, 0x61]), None);
        assert!(standard(&[&BEFORE[..], &BEHIND].concat()[..7]).is_none());
    }
}
