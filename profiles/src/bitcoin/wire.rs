//! Transactions on the wire, borrowed: the legacy form and that of BIP 144, as Bitcoin Core reads them.
//!
//! ```text
//! version 4 ‖ inputs ‖ outputs ‖ lock time 4                                  no input has a witness
//! version 4 ‖ 00 01 ‖ inputs ‖ outputs ‖ a stack for each input ‖ lock time 4
//! ```
//!
//! Every number of elements and every length is a CompactSize in its shortest form, of at most [`MAX_SIZE`]. No length
//! makes memory: elements are kept one by one as their bytes are read, at 48 bytes for an input (of 41 or more), 24
//! for an output (of 9 or more) and 16 for an element of a witness (of 1 or more).

use std::ops::Range;

use sigwarp::Hash;

use super::Fault;
use crate::Reader;
use crate::profile::Decided;
use crate::work::{HashId, Piece, Work};

/// The largest CompactSize that counts or measures something (`MAX_SIZE` of Bitcoin Core's serialize.h).
pub(super) const MAX_SIZE: u64 = 0x0200_0000;

/// An output, also one that an input spends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output<'a> {
    /// The amount in satoshi, as it stands on the wire: it can be out of range.
    pub value: i64,
    /// The script that a spender must satisfy.
    pub script: &'a [u8],
}

/// An input.
#[derive(Debug, Clone)]
pub(super) struct Input<'a> {
    /// The id of the transaction that has the output spent, and the index of the output in little-endian order.
    pub(super) outpoint: &'a [u8; 36],
    /// The script that satisfies the output.
    pub(super) script: &'a [u8],
    /// The sequence number, in little-endian order.
    pub(super) sequence: &'a [u8; 4],
    /// Its witness, in [`Transaction::stacks`].
    witness: Range<u32>,
}

/// The outpoint of the input of a coinbase transaction: an id of zeros and the index 2^32 - 1.
const NULL: [u8; 36] = {
    let mut null = [0; 36];
    null[32] = 0xff;
    null[33] = 0xff;
    null[34] = 0xff;
    null[35] = 0xff;
    null
};

impl Input<'_> {
    /// Whether it spends no output.
    pub(super) fn is_null(&self) -> bool {
        *self.outpoint == NULL
    }

    /// The sequence number.
    pub(super) const fn sequence(&self) -> u32 {
        u32::from_le_bytes(*self.sequence)
    }
}

/// A transaction.
#[derive(Debug, Clone)]
pub(super) struct Transaction<'a> {
    /// All its bytes.
    pub(super) raw: &'a [u8],
    /// The first four bytes.
    version: &'a [u8; 4],
    /// The bytes of inputs and outputs, with the numbers of them.
    body: &'a [u8],
    /// The bytes of the number of outputs and the outputs.
    pub(super) outputs_raw: &'a [u8],
    /// The last four bytes.
    pub(super) lock_time_raw: &'a [u8; 4],
    /// The inputs.
    pub(super) inputs: Vec<Input<'a>>,
    /// The outputs.
    pub(super) outputs: Vec<Output<'a>>,
    /// The elements of all witnesses, one stack after another.
    stacks: Vec<&'a [u8]>,
    /// Whether it has a witness.
    pub(super) has_witness: bool,
}

impl<'a> Transaction<'a> {
    /// Reads a record that is one transaction.
    pub(super) fn read_whole(record: &'a [u8]) -> Result<Self, Decided> {
        let mut reader = Reader::new(record);
        let transaction = Self::read(&mut reader)?;
        match reader.is_empty() {
            true => Ok(transaction),
            false => Err(Decided::at(reader.at(), Fault::TrailingBytes)),
        }
    }

    /// Reads the next transaction, in a block. Offsets of errors are those of the reader.
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, Decided> {
        let start = reader.at();
        let version = array(reader)?;
        let (mut inputs, mut outputs, mut stacks) = (Vec::new(), Vec::new(), Vec::new());
        let mut at = reader.at();
        read_inputs(reader, &mut inputs)?;
        let mut has_witness = false;
        let mut outputs_at = reader.at();
        if inputs.is_empty() {
            // The number 0 is the marker of the form with witnesses, and the next byte says what there is.
            match array::<1>(reader)? {
                // No outputs either; the byte is their number.
                [0] => {}
                [1] => {
                    has_witness = true;
                    at = reader.at();
                    read_inputs(reader, &mut inputs)?;
                    outputs_at = reader.at();
                    read_outputs(reader, &mut outputs)?;
                }
                _ => return Err(Decided::at(reader.at() - 1, Fault::UnknownFlags)),
            }
        } else {
            read_outputs(reader, &mut outputs)?;
        }
        let (body, outputs_raw) = (reader.since(at), reader.since(outputs_at));
        if has_witness {
            let witnesses_at = reader.at();
            for input in &mut inputs {
                let first = stacks.len();
                for _ in 0..count(reader)? {
                    stacks.push(sized(reader)?);
                }
                input.witness = place(first)?..place(stacks.len())?;
            }
            if stacks.is_empty() {
                return Err(Decided::at(witnesses_at, Fault::SuperfluousWitness));
            }
        }
        let lock_time_raw = array(reader)?;
        let raw = reader.since(start);
        Ok(Self { raw, version, body, outputs_raw, lock_time_raw, inputs, outputs, stacks, has_witness })
    }

    /// The version as the bits of a number: scripts compare it without a sign.
    pub(super) const fn version(&self) -> u32 {
        u32::from_le_bytes(*self.version)
    }

    /// The four bytes of the version.
    pub(super) const fn version_raw(&self) -> &'a [u8; 4] {
        self.version
    }

    /// The lock time.
    pub(super) const fn lock_time(&self) -> u32 {
        u32::from_le_bytes(*self.lock_time_raw)
    }

    /// The witness of an input of this transaction.
    pub(super) fn witness(&self, input: &Input<'a>) -> &[&'a [u8]] {
        &self.stacks[input.witness.start as usize..input.witness.end as usize]
    }

    /// The bytes of the outputs without their number.
    pub(super) fn outputs_alone(&self) -> &'a [u8] {
        &self.outputs_raw[compact_size(self.outputs.len(), <[u8]>::len)..]
    }

    /// The bytes without witnesses, marker and flag.
    pub(super) const fn stripped_length(&self) -> usize {
        8 + self.body.len()
    }

    /// Whether it makes coins: its one input spends nothing.
    pub(super) fn is_coinbase(&self) -> bool {
        matches!(&self.inputs[..], [input] if input.is_null())
    }

    /// The id: the hash without witnesses.
    pub(super) fn txid(&self, work: &mut Work<'a>) -> HashId {
        match self.has_witness {
            false => self.wtxid(work),
            true => {
                let pieces: [Piece<'a>; 3] =
                    [self.version.into(), self.body.into(), self.lock_time_raw.into()];
                work.hash(Hash::Sha256d, &pieces)
            }
        }
    }

    /// The hash with witnesses.
    pub(super) fn wtxid(&self, work: &mut Work<'a>) -> HashId {
        work.hash(Hash::Sha256d, &[self.raw.into()])
    }
}

fn read_inputs<'a>(reader: &mut Reader<'a>, inputs: &mut Vec<Input<'a>>) -> Result<(), Decided> {
    for _ in 0..count(reader)? {
        let (outpoint, script, sequence) = (array(reader)?, sized(reader)?, array(reader)?);
        inputs.push(Input { outpoint, script, sequence, witness: 0..0 });
    }
    Ok(())
}

fn read_outputs<'a>(reader: &mut Reader<'a>, outputs: &mut Vec<Output<'a>>) -> Result<(), Decided> {
    for _ in 0..count(reader)? {
        let (value, script) = (i64::from_le_bytes(*array(reader)?), sized(reader)?);
        outputs.push(Output { value, script });
    }
    Ok(())
}

/// A place among the elements of witnesses: each takes a byte at least.
fn place(place: usize) -> Result<u32, Decided> {
    u32::try_from(place).map_err(|_| Fault::SizeTooLarge.into())
}

fn truncated(reader: &Reader<'_>) -> Decided {
    Decided::at(reader.at() + reader.rest().len(), Fault::Truncated)
}

fn array<'a, const N: usize>(reader: &mut Reader<'a>) -> Result<&'a [u8; N], Decided> {
    reader.take(N).and_then(<[u8]>::first_chunk).ok_or_else(|| truncated(reader))
}

/// A CompactSize that counts or measures something.
pub(super) fn count(reader: &mut Reader<'_>) -> Result<u64, Decided> {
    let at = reader.at();
    let (value, least) = match *array::<1>(reader)? {
        [0xff] => (u64::from_le_bytes(*array(reader)?), 1 << 32),
        [0xfe] => (u32::from_le_bytes(*array(reader)?).into(), 1 << 16),
        [0xfd] => (u16::from_le_bytes(*array(reader)?).into(), 0xfd),
        [small] => (small.into(), 0),
    };
    match value {
        _ if value < least => Err(Decided::at(at, Fault::NonCanonicalCompactSize)),
        ..=MAX_SIZE => Ok(value),
        _ => Err(Decided::at(at, Fault::SizeTooLarge)),
    }
}

/// Bytes after their length.
pub(super) fn sized<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Decided> {
    let length = usize::try_from(count(reader)?).map_err(|_| truncated(reader))?;
    reader.take(length).ok_or_else(|| truncated(reader))
}

/// Calls `write` with the bytes of a CompactSize.
pub(super) fn compact_size<T>(value: usize, write: impl FnOnce(&[u8]) -> T) -> T {
    let value = value as u64;
    let mut bytes = [0; 9];
    bytes[1..].copy_from_slice(&value.to_le_bytes());
    let (tag, length) = match value {
        0..0xfd => (value as u8, 1),
        0xfd..=0xffff => (0xfd, 3),
        0x1_0000..=0xffff_ffff => (0xfe, 5),
        _ => (0xff, 9),
    };
    bytes[0] = tag;
    write(&bytes[..length])
}
