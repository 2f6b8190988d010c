//! Transactions of Chain Core on the wire: numbers in groups of seven bits, the lowest first, and strings behind their length.
//!
//! ```text
//! 07 ‖ version ‖ (least and most time) ‖ (nothing) ‖ inputs ‖ outputs ‖ data
//! input:  asset version ‖ (commitment) ‖ data ‖ (witness)
//! output: asset version ‖ (commitment) ‖ data ‖ (nothing)
//! ```
//!
//! What stands in brackets is a string whose first fields are these; what follows them is for later versions.

use super::Fault;
use crate::Reader;

/// A transaction with all of its parts.
const FLAGS: u8 = 7;

/// What a record is no transaction for: malformed bytes, or a version that has other fields.
pub(super) type Unread = Fault;

/// A transaction.
pub(super) struct Transaction<'a> {
    pub(super) version: u64,
    pub(super) min_time: u64,
    pub(super) max_time: u64,
    pub(super) inputs: Vec<Input<'a>>,
    pub(super) outputs: Vec<Output<'a>>,
    pub(super) data: &'a [u8],
}

/// An asset and an amount of it.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    pub(super) asset: &'a [u8; 32],
    pub(super) amount: u64,
}

pub(super) struct Input<'a> {
    pub(super) kind: Kind<'a>,
    pub(super) value: Value<'a>,
    pub(super) data: &'a [u8],
    /// The version of the machine, and the program that decides.
    pub(super) program: (u64, &'a [u8]),
    pub(super) arguments: Vec<&'a [u8]>,
}

pub(super) enum Kind<'a> {
    /// Of an asset, which the first block, its definition and the program make.
    Issuance { nonce: &'a [u8], first_block: &'a [u8; 32], definition: &'a [u8] },
    /// Of an output: its source and position there, and the hash of its data.
    Spend { source: &'a [u8; 32], position: u64, data: &'a [u8; 32] },
}

pub(super) struct Output<'a> {
    pub(super) value: Value<'a>,
    pub(super) program: (u64, &'a [u8]),
    pub(super) data: &'a [u8],
}

/// A number below 2^63.
fn number(reader: &mut Reader<'_>) -> Option<u64> {
    let mut value: u64 = 0;
    for shift in (0..63).step_by(7) {
        let byte = reader.byte()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// A number below 2^31.
fn count(reader: &mut Reader<'_>) -> Option<usize> {
    usize::try_from(number(reader).filter(|count| *count < 1 << 31)?).ok()
}

fn string<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = count(reader)?;
    reader.take(length)
}

fn hash<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8; 32]> {
    reader.take(32)?.first_chunk()
}

fn value<'a>(reader: &mut Reader<'a>) -> Option<Value<'a>> {
    Some(Value { asset: hash(reader)?, amount: number(reader)? })
}

fn program<'a>(reader: &mut Reader<'a>) -> Option<(u64, &'a [u8])> {
    Some((number(reader)?, string(reader)?))
}

impl<'a> Transaction<'a> {
    /// The transaction that takes all of these bytes.
    pub(super) fn read(record: &'a [u8]) -> Result<Self, Unread> {
        let mut reader = Reader::new(record);
        let read = Self::next(&mut reader).ok_or(Fault::Malformed)??;
        if reader.is_empty() { Ok(read) } else { Err(Fault::Malformed) }
    }

    fn next(reader: &mut Reader<'a>) -> Option<Result<Self, Unread>> {
        if reader.byte()? != FLAGS {
            return None;
        }
        let version = number(reader)?;
        let mut times = Reader::new(string(reader)?);
        let (min_time, max_time) = (number(&mut times)?, number(&mut times)?);
        string(reader)?;
        let mut inputs = Vec::new();
        for _ in 0..count(reader)? {
            match Input::next(reader)? {
                Ok(input) => inputs.push(input),
                Err(unread) => return Some(Err(unread)),
            }
        }
        let mut outputs = Vec::new();
        for _ in 0..count(reader)? {
            match Output::next(reader)? {
                Ok(output) => outputs.push(output),
                Err(unread) => return Some(Err(unread)),
            }
        }
        let data = string(reader)?;
        Some(Ok(Self { version, min_time, max_time, inputs, outputs, data }))
    }
}

impl<'a> Input<'a> {
    fn next(reader: &mut Reader<'a>) -> Option<Result<Self, Unread>> {
        let asset_version = number(reader)?;
        let mut commitment = Reader::new(string(reader)?);
        let data = string(reader)?;
        let mut witness = Reader::new(string(reader)?);
        if asset_version != 1 {
            return Some(Err(Fault::Version));
        }
        let (kind, value, program) = match commitment.byte()? {
            0 => {
                let nonce = string(&mut commitment)?;
                let value = value(&mut commitment)?;
                let (first_block, definition) = (hash(&mut witness)?, string(&mut witness)?);
                (Kind::Issuance { nonce, first_block, definition }, value, program(&mut witness)?)
            }
            1 => {
                let mut spent = Reader::new(string(&mut commitment)?);
                let source = hash(&mut spent)?;
                let value = value(&mut spent)?;
                let position = number(&mut spent)?;
                let program = program(&mut spent)?;
                (Kind::Spend { source, position, data: hash(&mut spent)? }, value, program)
            }
            _ => return None,
        };
        let mut arguments = Vec::new();
        for _ in 0..count(&mut witness)? {
            arguments.push(string(&mut witness)?);
        }
        Some(Ok(Self { kind, value, data, program, arguments }))
    }
}

impl<'a> Output<'a> {
    fn next(reader: &mut Reader<'a>) -> Option<Result<Self, Unread>> {
        let asset_version = number(reader)?;
        let mut commitment = Reader::new(string(reader)?);
        let data = string(reader)?;
        string(reader)?;
        if asset_version != 1 {
            return Some(Err(Fault::Version));
        }
        let value = value(&mut commitment)?;
        Some(Ok(Self { value, program: program(&mut commitment)?, data }))
    }
}

/// A number as it is hashed: in the fewest groups, whatever it came in.
pub(super) fn write_number(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(10);
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_63_bits() {
        let of = |bytes: &[u8]| number(&mut Reader::new(bytes));
        assert_eq!(of(&[0x80, 1]), Some(128));
        // Go reads forms that are longer than they need to be.
        assert_eq!(of(&[0x81, 0]), Some(1));
        let most = [&[0xff; 8][..], &[0x7f]].concat();
        assert_eq!(of(&most), Some((1 << 63) - 1));
        assert_eq!(write_number((1 << 63) - 1), most);
        assert_eq!(of(&[&[0xff; 9][..], &[1]].concat()), None);
        assert_eq!(count(&mut Reader::new(&[0x80, 0x80, 0x80, 0x80, 8])), None);
        assert_eq!(write_number(300), [0xac, 2]);
    }
}
