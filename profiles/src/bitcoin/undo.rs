//! The outputs that a block spends, in the two forms in which nodes keep them beside it: bcoin's and Bitcoin Core's.
//!
//! ```text
//! bcoin   value 8 ‖ CompactSize, script                     for each input but the coinbase's, in order
//! Core    CompactSize of transactions but the coinbase, each: CompactSize of inputs, each:
//!         VARINT 2·height + coinbase ‖ VARINT 0 where the height is not 0 ‖ VARINT amount ‖ VARINT size, script
//! ```
//!
//! Core's amounts and scripts are compressed (`CompressAmount`, `CompressScript` in compressor.cpp): trailing zeros of
//! an amount become an exponent, and the sizes 0 to 5 stand for the hash or the x coordinate of common scripts. Its
//! VARINT (serialize.h) is of base 128, most significant digit first, with one added at each continuation so that
//! every number has one form.

use sigwarp::{EcdsaRule, recover};

use super::wire::{Output, count, sized};
use crate::Reader;

/// Why bytes are no undo data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("byte {at}: {problem}")]
pub struct UndoError {
    /// The offset in the undo data.
    pub at: usize,
    /// What is wrong there.
    pub problem: &'static str,
}

impl UndoError {
    const fn at(at: usize, problem: &'static str) -> Self {
        Self { at, problem }
    }
}

/// The outputs that inputs spend, in the order of the inputs; those of the input of a coinbase are left out.
///
/// One can be unknown: an earlier transaction of the same block may have it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpentOutputs {
    /// All scripts, one after another.
    scripts: Vec<u8>,
    entries: Vec<Entry>,
    /// The number of inputs of each transaction, where the form says it.
    groups: Option<Vec<u32>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    value: i64,
    /// The end of its script, which begins where that of the entry before ends.
    end: usize,
    is_known: bool,
}

impl SpentOutputs {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the output that the next input spends.
    pub fn push(&mut self, output: Output<'_>) {
        self.scripts.extend_from_slice(output.script);
        self.entries.push(Entry { value: output.value, end: self.scripts.len(), is_known: true });
    }

    /// Says that the output of the next input is not known.
    pub fn push_unknown(&mut self) {
        self.entries.push(Entry { value: 0, end: self.scripts.len(), is_known: false });
    }

    /// The number of inputs, those of unknown outputs included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no inputs.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The output that an input spends, counted from 0; `None` where it is not known.
    pub fn get(&self, input: usize) -> Option<Output<'_>> {
        let entry = self.entries.get(input).filter(|entry| entry.is_known)?;
        let start = input.checked_sub(1).map_or(0, |before| self.entries[before].end);
        Some(Output { value: entry.value, script: &self.scripts[start..entry.end] })
    }

    /// The number of inputs of each transaction but the coinbase, where the undo data say it.
    pub(super) fn groups(&self) -> Option<&[u32]> {
        self.groups.as_deref()
    }

    /// Reads the undo data of a block as bcoin has them: amount and script of each output in order, to the end.
    ///
    /// # Errors
    /// The place where the bytes are no such data.
    pub fn from_bcoin(undo: &[u8]) -> Result<Self, UndoError> {
        let (mut reader, mut outputs) = (Reader::new(undo), Self::new());
        while !reader.is_empty() {
            let value = reader.array().ok_or_else(|| truncated(&reader))?;
            let at = reader.at();
            let script =
                sized(&mut reader).map_err(|_| UndoError::at(at, "a script whose length is wrong"))?;
            outputs.push(Output { value: i64::from_le_bytes(value), script });
        }
        Ok(outputs)
    }

    /// Reads the undo data of a block as Bitcoin Core has them (`CBlockUndo`), to the end, without length and checksum
    /// that stand around them in a file.
    ///
    /// # Errors
    /// The place where the bytes are no such data.
    pub fn from_core(undo: &[u8]) -> Result<Self, UndoError> {
        const BAD_NUMBER: &str = "a number of elements that is no CompactSize";
        let (mut reader, mut outputs, mut groups) = (Reader::new(undo), Self::new(), Vec::new());
        for _ in 0..count(&mut reader).map_err(|_| UndoError::at(0, BAD_NUMBER))? {
            let at = reader.at();
            let inputs = count(&mut reader).map_err(|_| UndoError::at(at, BAD_NUMBER))?;
            for _ in 0..inputs {
                outputs.read_compressed(&mut reader)?;
            }
            groups.push(u32::try_from(inputs).map_err(|_| UndoError::at(at, BAD_NUMBER))?);
        }
        match reader.is_empty() {
            true => Ok(Self { groups: Some(groups), ..outputs }),
            false => Err(UndoError::at(reader.at(), "bytes are left after the last transaction")),
        }
    }

    /// The undo data of one input.
    fn read_compressed(&mut self, reader: &mut Reader<'_>) -> Result<(), UndoError> {
        let code = var_int(reader, u32::MAX.into())?;
        // The version of the transaction, as earlier releases kept it here.
        if code >> 1 > 0 {
            var_int(reader, u32::MAX.into())?;
        }
        let at = reader.at();
        let value = decompress_amount(var_int(reader, u64::MAX)?);
        let value = value.ok_or(UndoError::at(at, "an amount of more than 63 bits"))?;
        let at = reader.at();
        match var_int(reader, u32::MAX.into())? {
            kind @ 0..6 => {
                self.decompress_script(kind as u8, reader).ok_or(UndoError::at(
                    at,
                    "a compressed script that is cut, or of a key that is no point",
                ))?;
            }
            size => {
                let script = usize::try_from(size - 6).ok().and_then(|size| reader.take(size));
                self.scripts.extend_from_slice(script.ok_or_else(|| truncated(reader))?);
            }
        }
        self.entries.push(Entry { value, end: self.scripts.len(), is_known: true });
        Ok(())
    }

    /// Adds the script of a special size.
    fn decompress_script(&mut self, kind: u8, reader: &mut Reader<'_>) -> Option<()> {
        let mut add = |parts: &[&[u8]]| parts.iter().for_each(|part| self.scripts.extend_from_slice(part));
        match kind {
            // DUP HASH160 hash EQUALVERIFY CHECKSIG
            0 => add(&[&[0x76, 0xa9, 20], reader.take(20)?, &[0x88, 0xac]]),
            // HASH160 hash EQUAL
            1 => add(&[&[0xa9, 20], reader.take(20)?, &[0x87]]),
            // A compressed key, CHECKSIG
            2 | 3 => add(&[&[33, kind], reader.take(32)?, &[0xac]]),
            // A key with both coordinates, CHECKSIG
            _ => add(&[&[65], &decompress_key(kind & 1 == 1, &reader.array()?)?, &[0xac]]),
        }
        Some(())
    }
}

fn truncated(reader: &Reader<'_>) -> UndoError {
    UndoError::at(reader.at() + reader.rest().len(), "bytes are missing")
}

/// A VARINT of at most this value.
fn var_int(reader: &mut Reader<'_>, most: u64) -> Result<u64, UndoError> {
    const TOO_LARGE: &str = "a number that is larger than its field";
    let at = reader.at();
    let mut value = 0u64;
    loop {
        let byte = reader.byte().ok_or_else(|| truncated(reader))?;
        if value > most >> 7 {
            return Err(UndoError::at(at, TOO_LARGE));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
        value = value.checked_add(1).filter(|&value| value <= most).ok_or(UndoError::at(at, TOO_LARGE))?;
    }
}

/// The amount of a compressed one: 0, or one more than a number whose last decimal digit counts zeros.
fn decompress_amount(compressed: u64) -> Option<i64> {
    let Some(rest) = compressed.checked_sub(1) else { return Some(0) };
    let (zeros, rest) = ((rest % 10) as u32, rest / 10);
    let amount = match zeros {
        // The last digit that is not 0 stands apart.
        ..9 => (rest / 9).checked_mul(10)?.checked_add(rest % 9 + 1)?,
        _ => rest.checked_add(1)?,
    };
    amount.checked_mul(10u64.pow(zeros))?.try_into().ok()
}

/// The order n of secp256k1, and the even y of the point whose x it is.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
    0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];
const Y_OF_ORDER: [[u8; 32]; 2] = [
    [
        0x98, 0xf6, 0x66, 0x41, 0xcb, 0x0a, 0xe1, 0x77, 0x6b, 0x46, 0x3e, 0xbd, 0xee, 0x3d, 0x77, 0xfe, 0x26,
        0x58, 0xf0, 0x21, 0xdb, 0x48, 0xe2, 0xc8, 0xac, 0x7a, 0xb4, 0xc9, 0x2f, 0x83, 0x62, 0x1e,
    ],
    [
        0x67, 0x09, 0x99, 0xbe, 0x34, 0xf5, 0x1e, 0x88, 0x94, 0xb9, 0xc1, 0x42, 0x11, 0xc2, 0x88, 0x01, 0xd9,
        0xa7, 0x0f, 0xde, 0x24, 0xb7, 0x1d, 0x37, 0x53, 0x85, 0x4b, 0x35, 0xd0, 0x7c, 0x9a, 0x11,
    ],
];

/// 04 ‖ x ‖ y of a key; `None` where no point has this x.
///
/// Key recovery does it: from the digest 0 and s = r it recovers (s/r)R − (0/r)G = R, the point that r and the recovery
/// id name. Only the x that is the order itself, and so 0 as an r, cannot be asked for.
fn decompress_key(is_odd: bool, x: &[u8; 32]) -> Option<[u8; 65]> {
    if *x == ORDER {
        let y = Y_OF_ORDER[usize::from(is_odd)];
        return [&[4][..], x, &y].concat().try_into().ok();
    }
    let is_over = *x > ORDER;
    let r = match is_over {
        true => difference(x, &ORDER),
        false => *x,
    };
    let signature = [r, r].concat();
    recover(&[0; 32], &signature, u8::from(is_odd) | u8::from(is_over) << 1, EcdsaRule::Any).ok()
}

/// a − b of big-endian numbers, where a is not below b.
fn difference(a: &[u8; 32], b: &[u8; 32]) -> [u8; 32] {
    let (mut result, mut borrow) = ([0; 32], false);
    for place in (0..32).rev() {
        let (partial, first) = a[place].overflowing_sub(b[place]);
        let (digit, second) = partial.overflowing_sub(u8::from(borrow));
        (result[place], borrow) = (digit, first | second);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unhex(digits: &str) -> Vec<u8> {
        (0..digits.len() / 2)
            .map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).expect("digits"))
            .collect()
    }

    /// The pairs of compress_tests.cpp of Bitcoin Core.
    #[test]
    fn amounts_are_decompressed() {
        const CENT: i64 = 1_000_000;
        const COIN: i64 = 100_000_000;
        let pairs =
            [(0, 0), (0x1, 1), (0x7, CENT), (0x9, COIN), (0x32, 50 * COIN), (0x1406f40, 21_000_000 * COIN)];
        for (compressed, amount) in pairs {
            assert_eq!(decompress_amount(compressed), Some(amount), "{compressed:#x}");
        }
        assert_eq!(decompress_amount(u64::MAX), None);
    }

    /// The pairs of serialize_tests.cpp of Bitcoin Core (`varints_bitpatterns`).
    #[test]
    fn numbers_of_variable_length_are_read() {
        let pairs = [
            ("00", 0),
            ("7f", 0x7f),
            ("8000", 0x80),
            ("a334", 0x1234),
            ("82fe7f", 0xffff),
            ("c7e756", 0x123456),
            ("86ffc7e756", 0x8012_3456),
            ("8efefefe7f", 0xffff_ffff),
            ("fefefefefefefefe7f", 0x7fff_ffff_ffff_ffff),
            ("80fefefefefefefefe7f", 0xffff_ffff_ffff_ffff),
        ];
        for (digits, value) in pairs {
            let bytes = unhex(digits);
            assert_eq!(var_int(&mut Reader::new(&bytes), u64::MAX), Ok(value), "{digits}");
            assert!(var_int(&mut Reader::new(&bytes[..bytes.len() - 1]), u64::MAX).is_err(), "{digits}");
        }
        // One more than the largest of 32 and of 64 bits.
        for (digits, most) in [
            ("8efefeff00", u64::from(u32::MAX)),
            ("80fefefefefefefeff00", u64::MAX),
            ("ffffffffffffffffffffff7f", u64::MAX),
        ] {
            assert!(var_int(&mut Reader::new(&unhex(digits)), most).is_err(), "{digits}");
        }
    }

    /// Coordinates below, at and above the order, beside another implementation.
    #[test]
    fn keys_are_decompressed() {
        use k256::elliptic_curve::point::DecompressPoint;
        use k256::elliptic_curve::sec1::ToSec1Point;
        let mut points = 0;
        let end = |byte: u8| move |mut x: [u8; 32]| (x[31] = x[31].wrapping_add(byte), x).1;
        for x in (0..64).flat_map(|byte| [end(byte)([0; 32]), end(byte)([0x5a; 32]), end(byte)(ORDER)]) {
            for is_odd in [false, true] {
                let theirs: Option<k256::AffinePoint> =
                    k256::AffinePoint::decompress(&x.into(), u8::from(is_odd).into()).into();
                let theirs = theirs.map(|point| point.to_sec1_point(false).as_bytes().to_vec());
                assert_eq!(decompress_key(is_odd, &x).map(Vec::from), theirs, "{x:?}");
                points += usize::from(theirs.is_some());
            }
        }
        assert!(points > 100, "{points}");
        // At p and above there is none.
        assert_eq!(decompress_key(false, &[0xff; 32]), None);
    }
}
