//! The delta encodings of byte strings. What they declare reserves memory only where there are bytes for it: a page has
//! no more lengths than values, and no more values than the caller allows.

use std::vec::IntoIter;

use bytes::Bytes;

use super::bytes::Span;

pub(super) const FEWER: &str = "a page has fewer values than declared";

/// At most `count` lengths in the encoding DELTA_BINARY_PACKED, and where they end.
pub(super) fn lengths(data: &[u8], count: usize) -> Result<(Vec<u32>, usize), String> {
    let mut at = 0;
    let block_values = varint(data, &mut at)?;
    let parts = varint(data, &mut at)?;
    let total = varint(data, &mut at)?;
    let mut value = zigzag(varint(data, &mut at)?);
    let (Some(part_values), Ok(parts)) = (block_values.checked_div(parts), usize::try_from(parts)) else {
        return Err("delta encoding in blocks of no parts".to_owned());
    };
    if total > count as u64 {
        return Err(format!("a page with {count} values declares the lengths of {total}"));
    }
    let mut out = Vec::new();
    let mut put = |value: i64| {
        out.push(u32::try_from(value).map_err(|_| format!("a value of {value} bytes"))?);
        Ok::<_, String>(())
    };
    // The first value stands in the header.
    let mut left = total;
    if left > 0 {
        put(value)?;
        left -= 1;
    }
    while left > 0 {
        if part_values == 0 || !part_values.is_multiple_of(8) {
            return Err(format!("delta encoding in parts of {part_values} values"));
        }
        // A block begins with its least difference and the bits of a value in each of its parts.
        let least = zigzag(varint(data, &mut at)?);
        let widths = at.checked_add(parts).and_then(|end| data.get(at..end)).ok_or(CUT_OFF)?;
        at += parts;
        for &width in widths {
            if left == 0 {
                break;
            }
            if width > 64 {
                return Err(format!("delta encoding of {width} bits"));
            }
            let here = left.min(part_values);
            if here.saturating_mul(width.into()) > (data.len() - at) as u64 * 8 {
                return Err(CUT_OFF.to_owned());
            }
            for number in 0..here as usize {
                let bits = unpack(&data[at..], number * usize::from(width), width);
                value = value.wrapping_add(least).wrapping_add(bits as i64);
                put(value)?;
            }
            // The last part may be cut off behind the last value that counts.
            let bytes = (part_values / 8).saturating_mul(width.into());
            at = at.saturating_add(usize::try_from(bytes).unwrap_or(usize::MAX)).min(data.len());
            left -= here;
        }
    }
    Ok((out, at))
}

/// How many values data in the encoding DELTA_BINARY_PACKED declares.
pub(super) fn declared(data: &[u8]) -> Result<u64, String> {
    let mut at = 0;
    varint(data, &mut at)?;
    varint(data, &mut at)?;
    varint(data, &mut at)
}

const CUT_OFF: &str = "delta encoding that is cut off";

/// The `width` bits, 64 at most, from this bit on. Bits behind the end are 0.
fn unpack(data: &[u8], bit: usize, width: u8) -> u64 {
    let rest = data.get(bit / 8..).unwrap_or(&[]);
    let word = rest.iter().take(9).rev().fold(0u128, |word, &byte| word << 8 | u128::from(byte));
    // At most 7 bits before the value and 64 bits of it.
    ((word >> (bit % 8)) & ((1u128 << width) - 1)) as u64
}

fn zigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

fn varint(data: &[u8], at: &mut usize) -> Result<u64, String> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let &byte = data.get(*at).ok_or(CUT_OFF)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("delta encoding with a number that has no end".to_owned())
}

/// Values in the encoding DELTA_BYTE_ARRAY: each begins with some bytes of the one before.
pub(super) struct Shared {
    prefixes: IntoIter<u32>,
    suffixes: IntoIter<u32>,
    bytes: Bytes,
    at: usize,
    last: Vec<u8>,
    /// The bytes of a value, where all have the same number.
    width: Option<usize>,
}

impl Shared {
    pub(super) fn new(bytes: Bytes, count: usize, width: Option<usize>) -> Result<Self, String> {
        let (prefixes, end) = lengths(&bytes, count)?;
        let bytes = bytes.slice(end..);
        let (suffixes, at) = lengths(&bytes, count)?;
        let (prefixes, suffixes) = (prefixes.into_iter(), suffixes.into_iter());
        Ok(Self { prefixes, suffixes, bytes, at, last: Vec::new(), width })
    }

    /// Appends the next value to `out`.
    pub(super) fn next_value(&mut self, out: &mut Vec<u8>) -> Result<Span, String> {
        let (prefix, suffix) = self.prefixes.next().zip(self.suffixes.next()).ok_or(FEWER)?;
        if prefix as usize > self.last.len() {
            return Err("a value begins with more bytes of the one before than that has".to_owned());
        }
        let end = self.at.checked_add(suffix as usize).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or("a value reaches past the end of its page")?;
        self.last.truncate(prefix as usize);
        self.last.extend_from_slice(&self.bytes[self.at..end]);
        self.at = end;
        if let Some(width) = self.width.filter(|width| *width != self.last.len()) {
            return Err(format!("a value of {} bytes, where all have {width}", self.last.len()));
        }
        let start = out.len();
        out.extend_from_slice(&self.last);
        Span::within(out, start, self.last.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks of 128 values in four parts of 32: this many values, from 2 on; the only block has parts of 1, 0, 3 and 0
    /// bits, and 3 as its least difference.
    fn integers(total: u8) -> Vec<u8> {
        let mut data = vec![0x80, 0x01, 4, total, 4];
        match total {
            ..=1 => {}
            2..=33 => data.extend([6, 1, 0, 3, 0].into_iter().chain([0xaa; 4])),
            _ => {
                data.extend([6, 1, 0, 3, 0].into_iter().chain([0xaa; 4]).chain([0x88, 0xc6, 0xfa].repeat(4)))
            }
        }
        data
    }

    #[test]
    fn lengths_are_sums_of_their_differences() {
        // 0xaa is 0, 1, 0, 1 and so on, and the three bytes are 0 to 7 in three bits.
        let difference = |at: usize| match at {
            0..32 => 3 + at % 2,
            64..96 => 3 + at % 8,
            _ => 3,
        };
        for total in [0, 1, 2, 33, 66, 97, 127] {
            let data = [integers(total), vec![0xff; 3]].concat();
            let expected: Vec<u32> =
                (0..total.into()).map(|at| (2 + (0..at).map(difference).sum::<usize>()) as u32).collect();
            assert_eq!(lengths(&data, 200), Ok((expected, data.len() - 3)), "{total}");
            assert_eq!(declared(&data), Ok(total.into()));
        }
    }

    #[test]
    fn differences_of_every_width_are_unpacked() {
        for width in 1..=64u8 {
            let mut data = vec![0xa5u8; 8 * usize::from(width)];
            data.truncate(usize::from(width));
            for number in 0..8 {
                let bit = |at: usize| u64::from(data[at / 8] >> (at % 8) & 1);
                let start = number * usize::from(width);
                let expected = (0..width.into()).fold(0, |value, at| value | bit(start + at) << at);
                assert_eq!(unpack(&data, start, width), expected, "{width} bits");
            }
        }
    }

    #[test]
    fn lengths_that_cannot_be_are_refused() {
        let (few, many) = (integers(33), integers(100));
        assert!(lengths(&few, 33).is_ok() && lengths(&many, 99).is_err());
        assert!(Shared::new([few.clone(), few.clone()].concat().into(), 33, None).is_ok());
        assert!(Shared::new([few.clone(), many.clone()].concat().into(), 33, None).is_err());
        assert!(Shared::new([many, few.clone()].concat().into(), 33, None).is_err());
        for damaged in [
            &[][..],
            &[0x80],
            &[0xff; 12],
            &[0x80, 1, 0, 1, 0],
            &[0, 4, 5, 0],
            &[4, 1, 5, 0, 0, 0],
            &[0x80, 1, 4, 5, 0, 0],
            // The first is -1; a part of 65 bits; a part that is cut off.
            &[0x80, 1, 4, 1, 1],
            &[&[0x80, 1, 4, 2, 0, 0, 65, 0, 0, 0][..], &[0; 300]].concat(),
            &few[..few.len() - 1],
        ] {
            assert!(lengths(damaged, 100).is_err(), "{damaged:?}");
        }
    }

    #[test]
    fn values_begin_as_the_one_before() {
        let shared = |prefixes: [u8; 2], suffixes: [u8; 2], width| {
            // Two values: the difference of the second stands as the least one, in a block whose parts have no bits.
            let of = |two: [u8; 2]| {
                let (first, second) = (i64::from(two[0]), i64::from(two[1]));
                let zigzag = |value: i64| ((value << 1) ^ (value >> 63)) as u8;
                vec![0x80, 1, 4, 2, zigzag(first), zigzag(second - first), 0, 0, 0, 0]
            };
            let bytes = [of(prefixes), of(suffixes), b"abcdef".to_vec()].concat();
            let mut shared = Shared::new(bytes.into(), 2, width)?;
            let mut out = Vec::new();
            shared.next_value(&mut out)?;
            shared.next_value(&mut out)?;
            assert_eq!(shared.next_value(&mut out).unwrap_err(), FEWER);
            Ok::<_, String>(out)
        };
        assert_eq!(shared([0, 2], [4, 2], None).unwrap(), b"abcdabef");
        assert_eq!(shared([0, 2], [4, 2], Some(4)).unwrap(), b"abcdabef");
        for (prefixes, suffixes, width) in [
            ([1, 0], [1, 1], None),
            ([0, 3], [2, 2], None),
            ([0, 0], [4, 3], None),
            ([0, 0], [4, 2], Some(4)),
        ] {
            assert!(shared(prefixes, suffixes, width).is_err(), "{prefixes:?} {suffixes:?}");
        }
    }
}
