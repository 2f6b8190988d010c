//! Numbers of scripts: little-endian magnitude, with the sign in the top bit of the last byte.

use super::{Element, ScriptError};

/// The bytes of an operand of arithmetic.
pub(super) const OPERAND: usize = 4;

/// The bytes of an operand of a lock time.
pub(super) const LOCK: usize = 5;

/// The number of an element of at most `most` bytes, 5 or fewer; where `minimal`, in its shortest form.
pub(super) fn decode(bytes: &[u8], minimal: bool, most: usize) -> Result<i64, ScriptError> {
    if bytes.len() > most || minimal && !is_minimal(bytes) {
        return Err(ScriptError::SCRIPTNUM);
    }
    let Some((&last, low)) = bytes.split_last() else { return Ok(0) };
    let high = i64::from(last & 0x7f);
    let magnitude = low.iter().rev().fold(high, |value, &byte| value << 8 | i64::from(byte));
    Ok(if last & 0x80 == 0 { magnitude } else { -magnitude })
}

/// Whether no shorter element has the same number: the last byte has more than a sign, or the one before it needs the
/// room.
fn is_minimal(bytes: &[u8]) -> bool {
    match bytes {
        [] => true,
        [.., before, last] if last & 0x7f == 0 => before & 0x80 != 0,
        [last] => last & 0x7f != 0,
        _ => true,
    }
}

/// The shortest element of a number that two operands can make, below 2^39 in magnitude.
pub(super) fn encode<'a>(value: i64) -> Element<'a> {
    if let Ok(small @ 0..=16) = usize::try_from(value) {
        return Element::Borrowed(small_number(small));
    }
    let mut bytes: Vec<u8> = value.unsigned_abs().to_le_bytes().to_vec();
    bytes.truncate(bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1));
    let sign = if value < 0 { 0x80 } else { 0 };
    match bytes.last_mut() {
        Some(last) if *last & 0x80 == 0 => *last |= sign,
        _ => bytes.push(sign),
    }
    Element::Owned(bytes)
}

/// The element of 0 to 16, and of no other number.
pub(super) fn small_number(value: usize) -> &'static [u8] {
    const NUMBERS: [u8; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
    value.checked_sub(1).and_then(|place| NUMBERS.get(place..=place)).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_have_one_shortest_form() {
        let ends =
            [0, 1, 16, 17, 127, 128, 255, 256, 32767, 32768, 0x7f_ffff, 0x80_0000, 0x7fff_ffff, 0xffff_ffff];
        for value in ends.into_iter().flat_map(|value: i64| [value, -value]) {
            let bytes = encode(value);
            assert_eq!(decode(&bytes, true, 5), Ok(value));
            assert_eq!(decode(&bytes, true, bytes.len().saturating_sub(1)).is_ok(), value == 0);
        }
        for long in [&[0][..], &[0x80], &[1, 0], &[1, 0x80], &[0, 0]] {
            assert_eq!(decode(long, true, 4), Err(ScriptError::SCRIPTNUM));
            assert!(decode(long, false, 4).is_ok());
        }
        assert_eq!(decode(&[0xff, 0], true, 4), Ok(255));
    }
}
