//! Tars (TarsCpp, `tup/Tars.h`): fields with a tag and a type, read on borrowed bytes.
//!
//! A reader of TarsCpp looks for the tags that it knows in ascending order and passes over the others, so this takes tags
//! that ascend and nothing else. Integers stand in the fewest bytes or more, and byte vectors as what they are or as lists
//! of integers: what is read is the value.

use std::borrow::Cow;

use crate::Reader;

/// The types of fields.
const CHAR: u8 = 0;
const SHORT: u8 = 1;
/// Integers of 32 bits, which may stand in fewer.
pub(super) const INT: u8 = 2;
/// Integers of 64 bits, which may stand in fewer.
pub(super) const LONG: u8 = 3;
const FLOAT: u8 = 4;
const DOUBLE: u8 = 5;
const STRING1: u8 = 6;
const STRING4: u8 = 7;
const MAP: u8 = 8;
const LIST: u8 = 9;
/// The begin of a structure.
pub(super) const STRUCT_BEGIN: u8 = 10;
/// The end of a structure.
pub(super) const STRUCT_END: u8 = 11;
const ZERO: u8 = 12;
const SIMPLE_LIST: u8 = 13;

/// How deep values within values are passed over.
const MAX_DEPTH: usize = 16;

/// What stands before a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) tag: u8,
    pub(super) kind: u8,
}

/// Reads fields from front to back; `None` where bytes are missing, or a value is not of the type that is asked for.
#[derive(Debug, Clone)]
pub(super) struct Tars<'a>(Reader<'a>);

impl<'a> Tars<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(Reader::new(bytes))
    }

    pub(super) const fn at(&self) -> usize {
        self.0.at()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn head(&mut self) -> Option<Head> {
        let byte = self.0.byte()?;
        let tag = match byte >> 4 {
            15 => self.0.byte()?,
            tag => tag,
        };
        Some(Head { tag, kind: byte & 0x0f })
    }

    /// An integer of a type or of a smaller one.
    pub(super) fn integer(&mut self, kind: u8, widest: u8) -> Option<i64> {
        match kind {
            ZERO => Some(0),
            wider if wider > widest => None,
            CHAR => self.0.array().map(|bytes| i8::from_be_bytes(bytes).into()),
            SHORT => self.0.array().map(|bytes| i16::from_be_bytes(bytes).into()),
            INT => self.0.array().map(|bytes| i32::from_be_bytes(bytes).into()),
            LONG => self.0.array().map(i64::from_be_bytes),
            _ => None,
        }
    }

    /// An integer of 32 bits.
    pub(super) fn int(&mut self, kind: u8) -> Option<i32> {
        self.integer(kind, INT).and_then(|value| i32::try_from(value).ok())
    }

    /// An integer of 8 bits.
    pub(super) fn char(&mut self, kind: u8) -> Option<i8> {
        self.integer(kind, CHAR).and_then(|value| i8::try_from(value).ok())
    }

    /// The bytes of a string.
    pub(super) fn string(&mut self, kind: u8) -> Option<&'a [u8]> {
        let length = match kind {
            STRING1 => self.0.byte()?.into(),
            STRING4 => usize::try_from(u32::from_be_bytes(self.0.array()?)).ok()?,
            _ => return None,
        };
        self.0.take(length)
    }

    /// A vector of bytes.
    pub(super) fn bytes(&mut self, kind: u8) -> Option<Cow<'a, [u8]>> {
        match kind {
            SIMPLE_LIST => self.simple_list().map(Cow::Borrowed),
            LIST => {
                let count = self.count()?;
                let mut bytes = Vec::new();
                for _ in 0..count {
                    let head = self.head().filter(|head| head.tag == 0)?;
                    bytes.push(self.char(head.kind)? as u8);
                }
                Some(Cow::Owned(bytes))
            }
            _ => None,
        }
    }

    fn simple_list(&mut self) -> Option<&'a [u8]> {
        self.head().filter(|head| head.kind == CHAR)?;
        let length = self.count()?;
        self.0.take(length)
    }

    /// A number of elements, which nothing backs yet.
    fn count(&mut self) -> Option<usize> {
        let head = self.head().filter(|head| head.tag == 0)?;
        self.integer(head.kind, LONG).and_then(|count| usize::try_from(count).ok())
    }

    /// Passes over a value.
    pub(super) fn skip(&mut self, kind: u8) -> Option<()> {
        self.skip_to(kind, MAX_DEPTH)
    }

    fn skip_to(&mut self, kind: u8, depth: usize) -> Option<()> {
        let deeper = depth.checked_sub(1)?;
        match kind {
            CHAR | SHORT | INT | LONG | ZERO => self.integer(kind, LONG).map(drop),
            FLOAT => self.0.take(4).map(drop),
            DOUBLE => self.0.take(8).map(drop),
            STRING1 | STRING4 => self.string(kind).map(drop),
            SIMPLE_LIST => self.simple_list().map(drop),
            LIST | MAP => {
                let count = self.count()?;
                // Each element has a head, so bytes end before a false count does.
                for _ in 0..if kind == MAP { count.checked_mul(2)? } else { count } {
                    let head = self.head()?;
                    self.skip_to(head.kind, deeper)?;
                }
                Some(())
            }
            STRUCT_BEGIN => loop {
                let head = self.head()?;
                match head.kind {
                    STRUCT_END => return Some(()),
                    kind => self.skip_to(kind, deeper)?,
                }
            },
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (Tars<'_>, u8) {
        let mut tars = Tars::new(bytes);
        let head = tars.head().expect("a head");
        (tars, head.kind)
    }

    #[test]
    fn integers_stand_in_any_width_up_to_their_own() {
        for (bytes, value) in [
            (&[0x1c][..], Some(0)),
            (&[0x10, 0xff], Some(-1)),
            (&[0x11, 0x01, 0x00], Some(256)),
            (&[0x12, 0xff, 0xff, 0xff, 0xfe], Some(-2)),
            (&[0x13, 0, 0, 0, 0, 0, 0, 0, 1], None),
            (&[0x11, 0x01], None),
            (&[0x16, 0x01, 0x30], None),
        ] {
            let (mut tars, kind) = read(bytes);
            assert_eq!(tars.int(kind), value, "{bytes:?}");
        }
        let (mut tars, kind) = read(&[0x13, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(tars.integer(kind, LONG), Some(1));
        let (mut tars, kind) = read(&[0x11, 0, 1]);
        assert_eq!(tars.char(kind), None);
    }

    #[test]
    fn a_tag_above_fourteen_has_a_byte_of_its_own() {
        assert_eq!(Tars::new(&[0xe6]).head(), Some(Head { tag: 14, kind: 6 }));
        assert_eq!(Tars::new(&[0xf6, 20]).head(), Some(Head { tag: 20, kind: 6 }));
        assert_eq!(Tars::new(&[0xf6]).head(), None);
    }

    #[test]
    fn vectors_of_bytes_have_two_forms() {
        for bytes in
            [&[0x2d, 0x00, 0x00, 0x03, 7, 0, 0xff][..], &[0x29, 0x00, 0x03, 0x00, 7, 0x0c, 0x00, 0xff]]
        {
            let (mut tars, kind) = read(bytes);
            assert_eq!(tars.bytes(kind).as_deref(), Some(&[7, 0, 0xff][..]), "{bytes:?}");
            assert!(tars.is_empty());
            let (mut tars, kind) = read(bytes);
            assert_eq!((tars.skip(kind), tars.at()), (Some(()), bytes.len()));
            for length in 1..bytes.len() {
                let (mut tars, kind) = read(&bytes[..length]);
                assert_eq!(tars.bytes(kind), None);
            }
        }
        // A count that is negative, and one that nothing backs.
        for count in [&[0x00, 0xff][..], &[0x03, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]] {
            for begin in [&[0x2d, 0x00][..], &[0x29], &[0x28]] {
                let bytes = [begin, count].concat();
                let (mut tars, kind) = read(&bytes);
                assert_eq!(tars.clone().bytes(kind), None);
                assert_eq!(tars.skip(kind), None);
            }
        }
    }

    #[test]
    fn depth_has_a_bound() {
        let nested = |depth: usize| [vec![0x0a; depth], vec![0x0b; depth]].concat();
        for (depth, is_read) in [(1, true), (MAX_DEPTH, true), (MAX_DEPTH + 1, false), (100_000, false)] {
            let bytes = nested(depth);
            let (mut tars, kind) = read(&bytes);
            assert_eq!(tars.skip(kind).is_some(), is_read, "{depth}");
        }
    }
}
