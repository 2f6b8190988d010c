//! A reader of AMQP 1.0 values (OASIS, part 1) over borrowed bytes.
//!
//! [`Value::whole`] walks a value once, with everything in it, so that what is taken apart later is known to be whole.

use crate::Reader;

/// How deep values contain values.
const MOST_DEPTH: usize = 64;

/// A value. What it contains is read where it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Null,
    /// An `int`, of one byte or of four.
    Int(i32),
    /// An `ulong`.
    Ulong(u64),
    Text(&'a str),
    Symbol(&'a str),
    Binary(&'a [u8]),
    List(List<'a>),
    /// The descriptor, and what it describes.
    Described(Descriptor<'a>, Inner<'a>),
    /// One that no type here has: numbers of other types, maps, arrays, characters, times.
    Other,
}

/// What says of which type a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Descriptor<'a> {
    Symbol(&'a str),
    Code(u64),
}

/// The elements of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct List<'a> {
    count: usize,
    bytes: &'a [u8],
}

/// The bytes of a value that is described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inner<'a>(&'a [u8]);

impl<'a> Value<'a> {
    /// The value that takes all of these bytes, if there is one.
    pub(super) fn whole(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        check(&mut reader, MOST_DEPTH)?;
        if !reader.is_empty() {
            return None;
        }
        Self::read(&mut Reader::new(bytes))
    }

    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        let code = reader.byte()?;
        Some(match code {
            0x00 => {
                let descriptor = match Self::read(reader)? {
                    Self::Symbol(name) => Descriptor::Symbol(name),
                    Self::Ulong(code) => Descriptor::Code(code),
                    _ => return None,
                };
                let start = reader.at();
                check(reader, MOST_DEPTH)?;
                Self::Described(descriptor, Inner(reader.since(start)))
            }
            0x40 => Self::Null,
            0x44 => Self::Ulong(0),
            0x45 => Self::List(List { count: 0, bytes: &[] }),
            0x54 => Self::Int(i32::from(reader.byte()? as i8)),
            0x71 => Self::Int(i32::from_be_bytes(reader.array()?)),
            0x53 => Self::Ulong(reader.byte()?.into()),
            0x80 => Self::Ulong(u64::from_be_bytes(reader.array()?)),
            0xa0 | 0xb0 => Self::Binary(variable(reader, code)?),
            0xa1 | 0xb1 => Self::Text(std::str::from_utf8(variable(reader, code)?).ok()?),
            0xa3 | 0xb3 => Self::Symbol(std::str::from_utf8(variable(reader, code)?).ok()?),
            0xc0 | 0xd0 => {
                let (count, bytes) = compound(reader, code)?;
                Self::List(List { count, bytes })
            }
            _ => {
                contents(reader, code, MOST_DEPTH)?;
                Self::Other
            }
        })
    }

    /// The elements, if it is a list each of whose elements can be read.
    pub(super) fn list(self) -> Option<List<'a>> {
        match self {
            Self::List(list) if list.iter().count() == list.len() => Some(list),
            _ => None,
        }
    }

    pub(super) const fn binary(self) -> Option<&'a [u8]> {
        match self {
            Self::Binary(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(super) const fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) const fn int(self) -> Option<i32> {
        match self {
            Self::Int(value) => Some(value),
            _ => None,
        }
    }

    /// What a symbol describes.
    pub(super) fn described(self) -> Option<(&'a str, Value<'a>)> {
        match self {
            Self::Described(Descriptor::Symbol(name), inner) => Some((name, inner.value()?)),
            _ => None,
        }
    }

    /// The elements of the list that this code describes.
    pub(super) fn of_code(self, code: u64) -> Option<List<'a>> {
        match self {
            Self::Described(Descriptor::Code(of), inner) if of == code => inner.value()?.list(),
            _ => None,
        }
    }
}

impl<'a> Inner<'a> {
    fn value(self) -> Option<Value<'a>> {
        Value::read(&mut Reader::new(self.0))
    }
}

impl<'a> List<'a> {
    pub(super) const fn len(&self) -> usize {
        self.count
    }

    /// The elements, up to one that cannot be read: [`Value::list`] gives no list that has one.
    pub(super) fn iter(self) -> impl Iterator<Item = Value<'a>> {
        let mut reader = Reader::new(self.bytes);
        (0..self.count).map_while(move |_| Value::read(&mut reader))
    }

    /// The elements, if there are exactly so many.
    pub(super) fn exactly<const N: usize>(self) -> Option<[Value<'a>; N]> {
        if self.count != N {
            return None;
        }
        let mut values = [Value::Null; N];
        let mut count = 0;
        for (place, value) in values.iter_mut().zip(self.iter()) {
            *place = value;
            count += 1;
        }
        (count == N).then_some(values)
    }
}

/// The bytes of a string behind its length of one octet or four.
fn variable<'a>(reader: &mut Reader<'a>, code: u8) -> Option<&'a [u8]> {
    let length = match code & 0x10 {
        0 => usize::from(reader.byte()?),
        _ => usize::try_from(u32::from_be_bytes(reader.array()?)).ok()?,
    };
    reader.take(length)
}

/// The number of elements of a compound value or an array, and the bytes behind it.
fn compound<'a>(reader: &mut Reader<'a>, code: u8) -> Option<(usize, &'a [u8])> {
    let bytes = variable(reader, code)?;
    let mut inside = Reader::new(bytes);
    let count = match code & 0x10 {
        0 => usize::from(inside.byte()?),
        _ => usize::try_from(u32::from_be_bytes(inside.array()?)).ok()?,
    };
    Some((count, inside.rest()))
}

/// Walks a value with everything in it.
fn check(reader: &mut Reader<'_>, depth: usize) -> Option<()> {
    let code = reader.byte()?;
    contents(reader, code, depth)
}

/// Walks what follows the code of a value.
fn contents(reader: &mut Reader<'_>, code: u8, depth: usize) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    match code {
        0x00 => {
            check(reader, depth)?;
            check(reader, depth)
        }
        0x40..=0x45 => Some(()),
        0x56 => (reader.byte()? <= 1).then_some(()),
        0x50..=0x55 => reader.take(1).map(drop),
        0x60 | 0x61 => reader.take(2).map(drop),
        // uint, int, float, char, decimal32.
        0x70..=0x74 => reader.take(4).map(drop),
        // ulong, long, double, timestamp, decimal64.
        0x80..=0x84 => reader.take(8).map(drop),
        // decimal128, UUID.
        0x94 | 0x98 => reader.take(16).map(drop),
        0xa0 | 0xb0 => variable(reader, code).map(drop),
        0xa1 | 0xa3 | 0xb1 | 0xb3 => std::str::from_utf8(variable(reader, code)?).ok().map(drop),
        0xc0 | 0xc1 | 0xd0 | 0xd1 => {
            let (count, bytes) = compound(reader, code)?;
            let mut inside = Reader::new(bytes);
            // Every element has a byte at least.
            if count > bytes.len() {
                return None;
            }
            for _ in 0..count {
                check(&mut inside, depth)?;
            }
            inside.is_empty().then_some(())
        }
        0xe0 | 0xf0 => {
            let (count, bytes) = compound(reader, code)?;
            let mut inside = Reader::new(bytes);
            let mut element = inside.byte()?;
            if element == 0 {
                check(&mut inside, depth)?;
                element = inside.byte()?;
            }
            // Elements without bytes, of which four could say that there are any number, come to nothing.
            if (0x40..=0x45).contains(&element) {
                return inside.is_empty().then_some(());
            }
            for _ in 0..count {
                contents(&mut inside, element, depth)?;
            }
            inside.is_empty().then_some(())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_several_widths() {
        let int = |bytes: &[u8]| Value::whole(bytes).and_then(Value::int);
        assert_eq!(int(&[0x54, 0xff]), Some(-1));
        assert_eq!(int(&[0x71, 0, 0, 0, 200]), Some(200));
        // A long is no int.
        assert_eq!(int(&[0x81, 0, 0, 0, 0, 0, 0, 0, 7]), None);
        assert_eq!(Value::whole(&[0x44]), Some(Value::Ulong(0)));
        assert_eq!(int(&[0x54]), None);
        assert_eq!(int(&[0x54, 1, 2]), None);
    }

    #[test]
    fn sizes_are_those_of_the_elements() {
        let two = [0xc0, 5, 2, 0x54, 1, 0x54, 2];
        let list = Value::whole(&two).and_then(Value::list).expect("a list");
        assert_eq!(list.exactly(), Some([Value::Int(1), Value::Int(2)]));
        assert_eq!(list.exactly::<1>(), None);
        // Larger or smaller than its elements, or more elements than there are.
        for bad in [
            &[0xc0, 6, 2, 0x54, 1, 0x54, 2, 0x40][..],
            &[0xc0, 3, 2, 0x54, 1],
            &[0xc0, 5, 3, 0x54, 1, 0x54, 2],
        ] {
            assert_eq!(Value::whole(bad), None, "{bad:?}");
        }
        assert_eq!(Value::whole(&[0xd0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1]), None);
        assert_eq!(Value::whole(&[0xe0, 4, 2, 0x54, 1, 2]), Some(Value::Other));
        assert_eq!(Value::whole(&[0xf0, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0xff, 0x40]), Some(Value::Other));
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| {
            let mut bytes = vec![0x40];
            for _ in 0..depth {
                bytes =
                    [&[0xd0][..], &(bytes.len() as u32 + 4).to_be_bytes(), &[0, 0, 0, 1], &bytes].concat();
            }
            bytes
        };
        assert!(Value::whole(&nested(MOST_DEPTH - 1)).is_some());
        assert!(Value::whole(&nested(MOST_DEPTH)).is_none());
        assert!(Value::whole(&[0; 4096]).is_none());
    }
}
