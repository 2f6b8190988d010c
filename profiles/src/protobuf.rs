//! A reader of Protocol Buffers over borrowed bytes, and a writer of fields. Systems whose formats are protobuf build on
//! them.
//!
//! It reads what Go's `protowire` reads, since that is what the nodes of those systems run: varints of up to ten bytes,
//! in the fewest or not, and field numbers from 1 to 2²⁹ - 1. Fields come in the order of the wire, those that nobody
//! knows among them, so that a system can keep or drop them as its own code does. A known number with another wire
//! type than the field has is an unknown field in Go: callers match on number and [`Value`] together. A field that is
//! a message and comes twice is one message of the fields of both, and of any other field that is not repeated, the last counts.
//!
//! Groups, which proto3 does not have, are refused; Go would skip them.

use crate::Reader;

/// The highest field number.
const MAX_NUMBER: u64 = (1 << 29) - 1;

/// Bytes that are not protobuf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadField {
    /// The offset of the field in the bytes that the reader was made of.
    pub(crate) at: usize,
}

/// A field as it lies on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    /// Its number.
    pub(crate) number: u32,
    /// What it holds.
    pub(crate) value: Value<'a>,
    /// All of its bytes, from the tag on.
    pub(crate) bytes: &'a [u8],
}

/// The value of a field, by its wire type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// Wire type 0: integers, booleans and enums.
    Varint(u64),
    /// Wire type 1, little-endian.
    Fixed64([u8; 8]),
    /// Wire type 2: bytes, strings, messages and packed values.
    Bytes(&'a [u8]),
    /// Wire type 5, little-endian.
    Fixed32([u8; 4]),
}

impl Value<'_> {
    /// A varint as an `int32` or an enum, which are written as 64 bits and cut to the low half.
    pub(crate) const fn low_half(varint: u64) -> i32 {
        varint as i32
    }
}

/// The fields of a message, from front to back. After a malformed one there are none.
#[derive(Debug, Clone)]
pub(crate) struct Message<'a> {
    reader: Reader<'a>,
    is_bad: bool,
}

impl<'a> Message<'a> {
    /// The message of these bytes.
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { reader: Reader::new(bytes), is_bad: false }
    }

    fn field(&mut self) -> Option<Field<'a>> {
        let start = self.reader.at();
        let tag = varint(&mut self.reader)?;
        let number = Some(tag >> 3).filter(|number| (1..=MAX_NUMBER).contains(number))?;
        let value = match tag & 7 {
            0 => Value::Varint(varint(&mut self.reader)?),
            1 => Value::Fixed64(self.reader.array()?),
            2 => Value::Bytes(delimited(&mut self.reader)?),
            5 => Value::Fixed32(self.reader.array()?),
            _ => return None,
        };
        Some(Field { number: u32::try_from(number).ok()?, value, bytes: self.reader.since(start) })
    }
}

impl<'a> Iterator for Message<'a> {
    type Item = Result<Field<'a>, BadField>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_bad || self.reader.is_empty() {
            return None;
        }
        let at = self.reader.at();
        let field = self.field().ok_or(BadField { at });
        self.is_bad = field.is_err();
        Some(field)
    }
}

/// An integer of seven bits a byte, the lowest first; `None` where bytes are missing or it has more than 64 bits.
pub(crate) fn varint(reader: &mut Reader<'_>) -> Option<u64> {
    let mut value = 0;
    for place in 0..10 {
        let byte = reader.byte()?;
        if place == 9 && byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// Bytes after their length.
pub(crate) fn delimited<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = usize::try_from(varint(reader)?).ok()?;
    reader.take(length)
}

/// Writes a message field by field, as Go's `protowire` does. Which fields are left out, and their order, is the caller's
/// to say: proto3 leaves out those that have their default.
#[derive(Debug, Clone, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    /// A varint.
    pub(crate) fn varint(&mut self, number: u32, value: u64) -> &mut Self {
        self.raw_varint(u64::from(number) << 3);
        self.raw_varint(value);
        self
    }

    /// Bytes, a string or a message.
    pub(crate) fn bytes(&mut self, number: u32, value: &[u8]) -> &mut Self {
        self.raw_varint(u64::from(number) << 3 | 2);
        self.raw_varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    /// A varint, unless it is zero.
    pub(crate) fn set_varint(&mut self, number: u32, value: u64) -> &mut Self {
        if value == 0 { self } else { self.varint(number, value) }
    }

    /// Bytes or a string, unless there are none.
    pub(crate) fn set_bytes(&mut self, number: u32, value: &[u8]) -> &mut Self {
        if value.is_empty() { self } else { self.bytes(number, value) }
    }

    /// What was written.
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.0
    }

    fn raw_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(bytes: &[u8]) -> Result<Vec<(u32, Value<'_>)>, BadField> {
        Message::new(bytes).map(|field| field.map(|field| (field.number, field.value))).collect()
    }

    #[test]
    fn fields_come_in_the_order_of_the_wire() {
        let bytes = [
            0x08, 0x96, 0x01, 0x12, 2, 7, 8, 0x1d, 1, 2, 3, 4, 0x0a, 0, 0x21, 1, 2, 3, 4, 5, 6, 7, 8, 0x08, 1,
        ];
        let expected = vec![
            (1, Value::Varint(150)),
            (2, Value::Bytes(&[7, 8])),
            (3, Value::Fixed32([1, 2, 3, 4])),
            (1, Value::Bytes(&[])),
            (4, Value::Fixed64([1, 2, 3, 4, 5, 6, 7, 8])),
            (1, Value::Varint(1)),
        ];
        assert_eq!(values(&bytes), Ok(expected));
        let second = Message::new(&bytes).nth(1).expect("a field").expect("well formed");
        assert_eq!(second.bytes, [0x12, 2, 7, 8]);
    }

    #[test]
    fn varints_need_not_be_minimal() {
        assert_eq!(values(&[0x88, 0x80, 0x00, 0x80, 0x00]), Ok(vec![(1, Value::Varint(0))]));
        let most = [&[0x08][..], &[0xff; 9], &[1]].concat();
        assert_eq!(values(&most), Ok(vec![(1, Value::Varint(u64::MAX))]));
        assert_eq!(Value::low_half(u64::MAX), -1);
        for bad in [[&[0x08][..], &[0xff; 9], &[2]].concat(), [&[0x08][..], &[0x80; 10], &[0]].concat()] {
            assert_eq!(values(&bad), Err(BadField { at: 0 }));
        }
        assert_eq!(values(&[0x0a, 0x81, 0x00, 5]), Ok(vec![(1, Value::Bytes(&[5]))]));
    }

    #[test]
    fn what_is_no_field_is_refused() {
        // Number 0, a group and its end, wire types that do not exist, a number above the highest.
        for tag in [&[0x00][..], &[0x02], &[0x0b], &[0x0c], &[0x0e], &[0x0f], &[0x80, 0x80, 0x80, 0x80, 0x10]]
        {
            let bytes = [&[0x08, 1][..], tag, &[1; 9]].concat();
            assert_eq!(values(&bytes), Err(BadField { at: 2 }), "{tag:?}");
        }
        let highest = [0xf8, 0xff, 0xff, 0xff, 0x0f, 1];
        assert_eq!(values(&highest), Ok(vec![(0x1fff_ffff, Value::Varint(1))]));
    }

    #[test]
    fn lengths_that_nothing_backs_are_refused() {
        for bytes in [
            &[0x0a][..],
            &[0x0a, 2, 1],
            &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
            &[0x0d, 1, 2, 3],
            &[0x09, 1, 2, 3, 4, 5, 6, 7],
            &[0x08],
            &[0x88],
        ] {
            assert_eq!(values(bytes), Err(BadField { at: 0 }), "{bytes:?}");
            // Nothing follows what is malformed.
            let mut message = Message::new(bytes);
            assert!(message.next().is_some_and(|field| field.is_err()) && message.next().is_none());
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut writer = Writer::default();
        writer.varint(1, 300).bytes(2, &[9; 200]).set_varint(3, 0).set_bytes(4, &[]).set_varint(16, 1);
        let expected = vec![(1, Value::Varint(300)), (2, Value::Bytes(&[9; 200])), (16, Value::Varint(1))];
        assert_eq!(values(writer.as_slice()), Ok(expected));
        assert_eq!(writer.as_slice()[..5], [0x08, 0xac, 0x02, 0x12, 0xc8]);
    }
}
