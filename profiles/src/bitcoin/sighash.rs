//! What signatures sign: the legacy message, that of BIP 143 and that of BIP 341.
//!
//! Messages are described to [`Work`] and hashed by the engine. The legacy one repeats nearly the whole transaction for each
//! signature, so that what is hashed grows with the square of the number of inputs: by at most the 4 MB of a transaction
//! for each of its checks, of which consensus allows 80,000 in a block. Memory does not: what the messages share (inputs
//! without scripts, with and without their sequence numbers, and empty outputs) is made once for a transaction in at most
//! 2 × 41 bytes for an input and 9 for an output, and a message is at most 16 pieces of it and 24 bytes of its own,
//! whatever it is of. A script with more than 8 OP_CODESEPARATOR to leave out, or with signatures that were deleted from
//! it, is hashed in place, for which nothing but the digest is kept. The engine is given 64 MiB of joined messages at a
//! time.

use sha2::{Digest as _, Sha256};
use sigwarp::Hash;

use super::evaluation::Leaf;
use super::hashes::{self, Tag};
use super::script::op::{Ops, code};
use super::wire::{self, Output, Transaction};
use crate::work::{HashId, Piece, Work};

/// The hash types that count outputs otherwise than all, in the low 5 bits of a legacy type and the low 2 of taproot.
const NONE: u32 = 2;
const SINGLE: u32 = 3;
/// The bit that leaves the other inputs out.
const ANYONE_CAN_PAY: u32 = 0x80;

/// The most pieces of a script that a message is described by.
const MAX_SPANS: usize = 8;

/// What is signed where the output of the same index is missing: the number 1 (a bug that is consensus).
const ONE: [u8; 32] = {
    let mut one = [0; 32];
    one[0] = 1;
    one
};

const ZEROS: [u8; 32] = [0; 32];

/// An output of legacy messages that is left out: the amount -1 and no script.
const BLANK: [u8; 9] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0];

/// The outputs that the inputs of a transaction spend.
#[derive(Debug)]
pub(super) struct Spent<'a> {
    outputs: Vec<Option<Output<'a>>>,
    /// Whether none is missing.
    complete: bool,
}

impl<'a> Spent<'a> {
    /// One for each input.
    pub(super) fn new(outputs: Vec<Option<Output<'a>>>) -> Self {
        let complete = outputs.iter().all(Option::is_some);
        Self { outputs, complete }
    }

    pub(super) fn get(&self, index: usize) -> Option<Output<'a>> {
        self.outputs.get(index).copied().flatten()
    }

    pub(super) const fn is_complete(&self) -> bool {
        self.complete
    }

    /// Those that are there.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Output<'a>> {
        self.outputs.iter().flatten()
    }
}

/// The script that a signature signs.
#[derive(Debug)]
pub(super) enum Code<'a> {
    /// Without a witness.
    Legacy(&'a [u8]),
    /// The same, after signatures were deleted from it.
    Deleted(Vec<u8>),
    /// Of version 0.
    V0(&'a [u8]),
    /// `DUP HASH160 <hash> EQUALVERIFY CHECKSIG`, of version 0.
    KeyHash(&'a [u8; 20]),
}

/// A digest of one input by what makes it differ from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Digest {
    /// Of the script that begins here in memory and has this length.
    Legacy(usize, usize, u32),
    /// Of a script with this SHA-256.
    Deleted([u8; 32], u32),
    V0(usize, usize, u32),
    KeyHash(u32),
    Taproot(u8, Option<u32>),
    Tweak,
}

impl Digest {
    pub(super) fn of_code(code: &Code<'_>, hash_type: u32) -> Self {
        match code {
            Code::Legacy(script) => Self::Legacy(script.as_ptr() as usize, script.len(), hash_type),
            Code::Deleted(script) => Self::Deleted(hashes::sha256(script), hash_type),
            Code::V0(script) => Self::V0(script.as_ptr() as usize, script.len(), hash_type),
            Code::KeyHash(_) => Self::KeyHash(hash_type),
        }
    }

    pub(super) const fn of_taproot(hash_type: u8, code_separator: Option<u32>) -> Self {
        Self::Taproot(hash_type, code_separator)
    }
}

/// What a signature of taproot signs beside the transaction.
pub(super) struct Signed<'s> {
    pub(super) hash_type: u8,
    pub(super) annex: Option<&'s [u8; 32]>,
    pub(super) leaf: Option<&'s Leaf>,
}

/// Hashes and bytes that the messages of a transaction share, made when one needs them first.
#[derive(Debug, Default)]
pub(super) struct Hashes<'a> {
    /// Version, number of inputs and inputs without scripts; and the same with sequence numbers of 0.
    stripped: [Option<Piece<'a>>; 2],
    blanks: Option<Piece<'a>>,
    /// All outpoints, all sequence numbers.
    outpoints: Option<Piece<'a>>,
    sequences: Option<Piece<'a>>,
    v0: [Option<HashId>; 3],
    taproot: [Option<HashId>; 5],
}

/// The bytes of an input without script.
const STRIPPED: usize = 41;

impl<'a> Hashes<'a> {
    /// What a signature of ECDSA signs. `value` is the amount of the output spent.
    pub(super) fn ecdsa(
        &mut self,
        transaction: &Transaction<'a>,
        index: usize,
        code: &Code<'a>,
        (value, hash_type): (i64, u32),
        work: &mut Work<'a>,
    ) -> Piece<'a> {
        match code {
            Code::Legacy(script) => self.legacy(transaction, index, script, hash_type, work),
            Code::Deleted(script) => self.at_once(transaction, index, script, hash_type, work),
            Code::V0(script) => {
                let length = wire::compact_size(script.len(), |length| work.own(length));
                self.v0(transaction, index, &[length, (*script).into()], (value, hash_type), work)
            }
            Code::KeyHash(hash) => {
                let before = Piece::from(&[25, code::DUP, code::HASH160, 20]);
                let script = [before, (*hash).into(), Piece::from(&[code::EQUALVERIFY, code::CHECKSIG])];
                self.v0(transaction, index, &script, (value, hash_type), work)
            }
        }
    }

    /// The legacy digest.
    pub(super) fn legacy(
        &mut self,
        transaction: &Transaction<'a>,
        index: usize,
        script: &'a [u8],
        hash_type: u32,
        work: &mut Work<'a>,
    ) -> Piece<'a> {
        if is_missing(transaction, index, hash_type) {
            return Piece::from(&ONE);
        }
        let (length, spans) = without_separators(script);
        if spans.len() > MAX_SPANS {
            return self.at_once(transaction, index, script, hash_type, work);
        }
        let (mut message, after) = self.around(transaction, index, length, hash_type, work);
        message.extend(spans.into_iter().map(Piece::from));
        message.extend(after);
        work.hash(Hash::Sha256d, &message).into()
    }

    /// The legacy digest for a script that is gone afterwards, or has too many pieces.
    fn at_once(
        &mut self,
        transaction: &Transaction<'a>,
        index: usize,
        script: &[u8],
        hash_type: u32,
        work: &mut Work<'a>,
    ) -> Piece<'a> {
        if is_missing(transaction, index, hash_type) {
            return Piece::from(&ONE);
        }
        let (length, spans) = without_separators(script);
        let (before, after) = self.around(transaction, index, length, hash_type, work);
        let mut state = Sha256::new();
        before.iter().for_each(|piece| state.update(work.resolve(piece, &[])));
        spans.iter().for_each(|span| state.update(span));
        after.iter().for_each(|piece| state.update(work.resolve(piece, &[])));
        work.own(&hashes::sha256(&state.finalize()))
    }

    /// What stands before and after the script in a legacy message.
    fn around(
        &mut self,
        transaction: &Transaction<'a>,
        index: usize,
        script_length: usize,
        hash_type: u32,
        work: &mut Work<'a>,
    ) -> (Vec<Piece<'a>>, Vec<Piece<'a>>) {
        let outputs = hash_type & 0x1f;
        let input = &transaction.inputs[index];
        let (mut before, mut after) = (Vec::with_capacity(12), Vec::with_capacity(6));
        if hash_type & ANYONE_CAN_PAY != 0 {
            before.extend([transaction.version_raw().into(), Piece::from(&[1]), input.outpoint.into()]);
            after.push(input.sequence.into());
        } else {
            let without_sequences = matches!(outputs, NONE | SINGLE);
            let stripped = self.stripped(transaction, without_sequences, work);
            let first = 4 + wire::compact_size(transaction.inputs.len(), <[u8]>::len);
            let at = first + index * STRIPPED;
            before.push(Work::part(stripped, 0..at + 36));
            if without_sequences {
                after.push(input.sequence.into());
                after.push(Work::part(stripped, at + STRIPPED..usize::MAX));
            } else {
                after.push(Work::part(stripped, at + STRIPPED - 4..usize::MAX));
            }
        }
        before.push(wire::compact_size(script_length, |length| work.own(length)));
        match outputs {
            NONE => after.push(Piece::from(&[0])),
            SINGLE => {
                after.push(wire::compact_size(index + 1, |count| work.own(count)));
                let blanks = *self.blanks.get_or_insert_with(|| {
                    work.own_all(transaction.outputs.iter().map(|_| BLANK.as_slice()))
                });
                after.push(Work::part(blanks, 0..index * BLANK.len()));
                after.extend(one_output(&transaction.outputs[index], work));
            }
            _ => after.push(transaction.outputs_raw.into()),
        }
        after.push(work.own_all([transaction.lock_time_raw.as_slice(), &hash_type.to_le_bytes()]));
        (before, after)
    }

    fn stripped(
        &mut self,
        transaction: &Transaction<'a>,
        without_sequences: bool,
        work: &mut Work<'a>,
    ) -> Piece<'a> {
        *self.stripped[usize::from(without_sequences)].get_or_insert_with(|| {
            let mut bytes = Vec::with_capacity(13 + transaction.inputs.len() * STRIPPED);
            bytes.extend_from_slice(transaction.version_raw());
            wire::compact_size(transaction.inputs.len(), |count| bytes.extend_from_slice(count));
            for input in &transaction.inputs {
                bytes.extend_from_slice(input.outpoint);
                bytes.push(0);
                bytes.extend_from_slice(if without_sequences { &[0; 4] } else { input.sequence });
            }
            work.own(&bytes)
        })
    }

    fn outpoints(&mut self, transaction: &Transaction<'a>, work: &mut Work<'a>) -> Piece<'a> {
        let outpoints = transaction.inputs.iter().map(|input| input.outpoint.as_slice());
        *self.outpoints.get_or_insert_with(|| work.own_all(outpoints))
    }

    fn sequences(&mut self, transaction: &Transaction<'a>, work: &mut Work<'a>) -> Piece<'a> {
        let sequences = transaction.inputs.iter().map(|input| input.sequence.as_slice());
        *self.sequences.get_or_insert_with(|| work.own_all(sequences))
    }

    /// The digest of BIP 143, for the pieces of a script with its length.
    fn v0(
        &mut self,
        transaction: &Transaction<'a>,
        index: usize,
        script: &[Piece<'a>],
        (value, hash_type): (i64, u32),
        work: &mut Work<'a>,
    ) -> Piece<'a> {
        let outputs = hash_type & 0x1f;
        let alone = hash_type & ANYONE_CAN_PAY != 0;
        let all = !matches!(outputs, NONE | SINGLE);
        let input = &transaction.inputs[index];
        let hash_outpoints = if alone { Piece::from(&ZEROS) } else { self.v0_hash(0, transaction, work) };
        let hash_sequences =
            if alone || !all { Piece::from(&ZEROS) } else { self.v0_hash(1, transaction, work) };
        let hash_outputs = match (outputs, transaction.outputs.get(index)) {
            (SINGLE, Some(output)) => {
                let output = one_output(output, work);
                work.hash(Hash::Sha256d, &output).into()
            }
            (NONE | SINGLE, _) => Piece::from(&ZEROS),
            _ => self.v0_hash(2, transaction, work),
        };
        let mut message = Vec::with_capacity(12);
        message.extend([
            transaction.version_raw().into(),
            hash_outpoints,
            hash_sequences,
            input.outpoint.into(),
        ]);
        message.extend_from_slice(script);
        message.push(work.own_all([value.to_le_bytes().as_slice(), input.sequence]));
        message.push(hash_outputs);
        message.push(work.own_all([transaction.lock_time_raw.as_slice(), &hash_type.to_le_bytes()]));
        work.hash(Hash::Sha256d, &message).into()
    }

    /// One of the three hashes that the inputs share in BIP 143.
    fn v0_hash(&mut self, which: usize, transaction: &Transaction<'a>, work: &mut Work<'a>) -> Piece<'a> {
        let message = match which {
            0 => self.outpoints(transaction, work),
            1 => self.sequences(transaction, work),
            _ => transaction.outputs_alone().into(),
        };
        (*self.v0[which].get_or_insert_with(|| work.hash(Hash::Sha256d, &[message]))).into()
    }

    /// The digest of BIP 341; `None` for a hash type that does not exist or has no output to sign. All outputs spent
    /// must be known.
    pub(super) fn taproot(
        &mut self,
        transaction: &Transaction<'a>,
        spent: &Spent<'a>,
        index: usize,
        signed: &Signed<'_>,
        work: &mut Work<'a>,
    ) -> Option<Piece<'a>> {
        let &Signed { hash_type, annex, leaf } = signed;
        if !matches!(hash_type, 0..=3 | 0x81..=0x83) {
            return None;
        }
        let (alone, outputs) = (u32::from(hash_type) & ANYONE_CAN_PAY != 0, u32::from(hash_type & 3));
        let own_output = match outputs {
            SINGLE => Some(transaction.outputs.get(index)?),
            _ => None,
        };
        let (input, own_spent) = (&transaction.inputs[index], spent.get(index)?);
        let mut message = Vec::with_capacity(16);
        message.push(Tag::Sighash.block().into());
        // The epoch, which is 0, before the type.
        let [version, lock_time] = [transaction.version_raw(), transaction.lock_time_raw];
        message.push(work.own_all([[0, hash_type].as_slice(), version, lock_time]));
        if !alone {
            for which in 0..4 {
                message.push(self.taproot_hash(which, transaction, spent, work));
            }
        }
        if !matches!(outputs, NONE | SINGLE) {
            message.push(self.taproot_hash(4, transaction, spent, work));
        }
        let spend_type = [2 * u8::from(leaf.is_some()) + u8::from(annex.is_some())];
        if alone {
            message.push(work.own(&spend_type));
            message.push(input.outpoint.into());
            message.extend(one_output(&own_spent, work));
            message.push(input.sequence.into());
        } else {
            let index = u32::try_from(index).ok()?;
            message.push(work.own_all([spend_type.as_slice(), &index.to_le_bytes()]));
        }
        if let Some(annex) = annex {
            message.push(work.own(annex));
        }
        if let Some(output) = own_output {
            let output = one_output(output, work);
            message.push(work.hash(Hash::Sha256, &output).into());
        }
        if let Some(leaf) = leaf {
            // The version of the keys, which is 0, stands between.
            message.push(work.own_all([leaf.hash.as_slice(), &[0], &leaf.code_separator.to_le_bytes()]));
        }
        Some(work.hash(Hash::Sha256, &message).into())
    }

    /// One of the five hashes that the inputs share in BIP 341.
    fn taproot_hash(
        &mut self,
        which: usize,
        transaction: &Transaction<'a>,
        spent: &Spent<'a>,
        work: &mut Work<'a>,
    ) -> Piece<'a> {
        if let Some(hash) = self.taproot[which] {
            return hash.into();
        }
        let message = match which {
            0 => self.outpoints(transaction, work),
            1 => {
                let amounts: Vec<u8> = spent.iter().flat_map(|output| output.value.to_le_bytes()).collect();
                work.own(&amounts)
            }
            2 => {
                let mut scripts = Vec::new();
                for Output { script, .. } in spent.iter() {
                    wire::compact_size(script.len(), |length| scripts.extend_from_slice(length));
                    scripts.extend_from_slice(script);
                }
                work.own(&scripts)
            }
            3 => self.sequences(transaction, work),
            _ => transaction.outputs_alone().into(),
        };
        let hash = work.hash(Hash::Sha256, &[message]);
        self.taproot[which] = Some(hash);
        hash.into()
    }
}

/// Whether a legacy hash type signs the output of the same index, and there is none.
fn is_missing(transaction: &Transaction<'_>, index: usize, hash_type: u32) -> bool {
    hash_type & 0x1f == SINGLE && index >= transaction.outputs.len()
}

/// The bytes of an output: amount and length, and the script.
fn one_output<'a>(output: &Output<'a>, work: &mut Work<'a>) -> [Piece<'a>; 2] {
    let amount = output.value.to_le_bytes();
    let front = wire::compact_size(output.script.len(), |length| work.own_all([amount.as_slice(), length]));
    [front, output.script.into()]
}

/// A script without OP_CODESEPARATOR as legacy messages have it: the length that they say, and the bytes between. Of a
/// script whose last push goes past its end they say the length of all and have the bytes as far as they were read.
fn without_separators(script: &[u8]) -> (usize, Vec<&[u8]>) {
    let (mut ops, mut spans, mut from, mut separators) = (Ops::new(script), Vec::new(), 0, 0);
    while let Some(Ok(op)) = ops.next() {
        if op.code == code::CODESEPARATOR {
            separators += 1;
            let span = &script[from..ops.at() - 1];
            if !span.is_empty() {
                spans.push(span);
            }
            from = ops.at();
        }
    }
    let last = &script[from..ops.at()];
    if !last.is_empty() {
        spans.push(last);
    }
    (script.len() - separators, spans)
}

#[cfg(test)]
#[path = "sighash_tests.rs"]
mod tests;
