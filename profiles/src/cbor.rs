//! CBOR (RFC 8949) over borrowed bytes, for the systems whose records are made of it.
//!
//! [`Item::whole`] checks everything before anything is read: the bytes are well-formed and one item takes them all, text
//! is UTF-8, no map has a key twice, and nothing is nested deeper than [`DEPTH`]. Numbers may be longer than they need to
//! be and lengths may be indefinite, since few formats ask for the deterministic encoding.
//!
//! An item keeps the bytes of its encoding and is read again where it is asked for. No count that was read is believed:
//! each element takes a byte at least, or the item is refused.

use std::borrow::Cow;

use crate::Reader;

/// How deep arrays, maps and tags can stand in one another.
pub(crate) const DEPTH: usize = 32;

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
/// The major type of byte strings.
pub(crate) const BYTES: u8 = 2;
/// The major type of text.
pub(crate) const TEXT: u8 = 3;
/// The major type of arrays.
pub(crate) const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
/// The major type of simple values and floating-point numbers.
const OTHER: u8 = 7;

/// What ends an item of indefinite length.
const BREAK: u8 = 0xff;
const NULL: u8 = 0xf6;
const FALSE: u8 = 0xf4;
const TRUE: u8 = 0xf5;

/// Bytes that are not CBOR, or not of the kind that is read here; with the offset at which that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) at: usize,
}

/// The first bytes of an item: its major type, and its number or length.
#[derive(Debug, Clone, Copy)]
struct Head {
    major: u8,
    /// `None` where the length is indefinite.
    argument: Option<u64>,
}

impl Head {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let first = reader.byte()?;
        let (major, info) = (first >> 5, first & 31);
        let argument = match info {
            0..=23 => Some(u64::from(info)),
            24 => Some(u64::from(reader.byte()?)).filter(|&value| major != OTHER || value >= 32),
            25 => Some(u64::from(u16::from_be_bytes(reader.array()?))),
            26 => Some(u64::from(u32::from_be_bytes(reader.array()?))),
            27 => Some(u64::from_be_bytes(reader.array()?)),
            31 if matches!(major, BYTES..=MAP) => return Some(Self { major, argument: None }),
            _ => None,
        };
        argument.map(|value| Self { major, argument: Some(value) })
    }
}

/// Whether another element follows, of an array or a map with so many left, or of indefinite length.
fn has_next(reader: &mut Reader<'_>, left: &mut Option<u64>) -> bool {
    match left {
        Some(left) => {
            let has_next = *left > 0;
            *left = left.saturating_sub(1);
            has_next
        }
        None if reader.peek() == Some(BREAK) => {
            reader.byte();
            false
        }
        None => true,
    }
}

/// Passes over the pieces of a string: one, or those of a string of indefinite length.
fn pass_string<'a>(
    reader: &mut Reader<'a>,
    head: Head,
    mut each: impl FnMut(&'a [u8]) -> Option<()>,
) -> Option<()> {
    let mut piece = |reader: &mut Reader<'a>, length: u64| each(reader.take(usize::try_from(length).ok()?)?);
    if let Some(length) = head.argument {
        return piece(reader, length);
    }
    while has_next(reader, &mut None) {
        let inner = Head::read(reader)?;
        if inner.major != head.major {
            return None;
        }
        piece(reader, inner.argument?)?;
    }
    Some(())
}

/// Passes over an item. `is_strict` looks at text and keys as well, which need not be done twice.
fn pass(reader: &mut Reader<'_>, depth: usize, is_strict: bool) -> Option<()> {
    let head = Head::read(reader)?;
    let mut left = head.argument;
    match head.major {
        BYTES => pass_string(reader, head, |_| Some(())),
        TEXT => pass_string(reader, head, |piece| {
            (!is_strict || std::str::from_utf8(piece).is_ok()).then_some(())
        }),
        ARRAY => {
            let depth = depth.checked_sub(1)?;
            while has_next(reader, &mut left) {
                pass(reader, depth, is_strict)?;
            }
            Some(())
        }
        MAP => {
            let depth = depth.checked_sub(1)?;
            let mut keys = Vec::new();
            while has_next(reader, &mut left) {
                let start = reader.at();
                pass(reader, depth, is_strict)?;
                if is_strict {
                    keys.push(Key::of(Item { bytes: reader.since(start), at: start }));
                }
                pass(reader, depth, is_strict)?;
            }
            let count = keys.len();
            keys.sort_unstable();
            keys.dedup();
            (keys.len() == count).then_some(())
        }
        TAG => pass(reader, depth.checked_sub(1)?, is_strict),
        _ => Some(()),
    }
}

/// A key of a map, equal to every other encoding of the same number or string. Keys of other kinds are compared as they
/// are encoded.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Integer(i128),
    Bytes(Cow<'a, [u8]>),
    Text(Cow<'a, [u8]>),
    Other(&'a [u8]),
}

impl<'a> Key<'a> {
    fn of(item: Item<'a>) -> Self {
        let integer = || item.integer().map(Self::Integer);
        let bytes = || item.byte_string().map(Self::Bytes);
        let text = || item.text().map(Self::Text);
        integer().or_else(bytes).or_else(text).unwrap_or(Self::Other(item.bytes))
    }
}

/// An item that was checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item<'a> {
    /// Its encoding.
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Item<'a> {
    /// The item that takes all of these bytes.
    pub(crate) fn whole(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        match pass(&mut reader, DEPTH, true) {
            Some(()) if reader.is_empty() => Ok(Self { bytes, at: 0 }),
            _ => Err(Malformed { at: reader.at() }),
        }
    }

    /// Where it begins among the bytes that were checked.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// The head, and a reader behind it.
    fn open(&self) -> Option<(Head, Reader<'a>)> {
        let mut reader = Reader::new(self.bytes);
        let head = Head::read(&mut reader)?;
        Some((head, reader))
    }

    /// A whole number.
    pub(crate) fn integer(&self) -> Option<i128> {
        match self.open()?.0 {
            Head { major: UNSIGNED, argument: Some(value) } => Some(i128::from(value)),
            Head { major: NEGATIVE, argument: Some(value) } => Some(-1 - i128::from(value)),
            _ => None,
        }
    }

    /// The content of a byte string.
    pub(crate) fn byte_string(&self) -> Option<Cow<'a, [u8]>> {
        self.string(BYTES)
    }

    /// The content of text, which is UTF-8.
    pub(crate) fn text(&self) -> Option<Cow<'a, [u8]>> {
        self.string(TEXT)
    }

    /// Copied only where it lies there in pieces.
    fn string(&self, major: u8) -> Option<Cow<'a, [u8]>> {
        let (head, mut reader) = self.open().filter(|(head, _)| head.major == major)?;
        let mut content: Option<Cow<'a, [u8]>> = None;
        pass_string(&mut reader, head, |piece| {
            match &mut content {
                None => content = Some(Cow::Borrowed(piece)),
                Some(content) => content.to_mut().extend_from_slice(piece),
            }
            Some(())
        })?;
        Some(content.unwrap_or_default())
    }

    /// A truth value.
    pub(crate) fn bool(&self) -> Option<bool> {
        match self.bytes {
            [FALSE] => Some(false),
            [TRUE] => Some(true),
            _ => None,
        }
    }

    /// Whether it is null.
    pub(crate) fn is_null(&self) -> bool {
        self.bytes == [NULL]
    }

    /// The number of a tag, and the item that has it.
    pub(crate) fn tagged(&self) -> Option<(u64, Self)> {
        let (head, reader) = self.open().filter(|(head, _)| head.major == TAG)?;
        Some((head.argument?, Self { bytes: reader.rest(), at: self.at + reader.at() }))
    }

    /// The elements of an array.
    pub(crate) fn array(&self) -> Option<Elements<'a>> {
        let (head, reader) = self.open().filter(|(head, _)| head.major == ARRAY)?;
        Some(Elements { reader, left: head.argument, start: self.at })
    }

    /// The elements of an array of `N`.
    pub(crate) fn array_of<const N: usize>(&self) -> Option<[Self; N]> {
        let mut elements = self.array()?;
        let array = [(); N].map(|()| elements.next());
        let is_all = elements.next().is_none();
        array
            .iter()
            .all(Option::is_some)
            .then(|| array.map(|item| item.expect("each is there")))
            .filter(|_| is_all)
    }

    /// The keys and values of a map.
    pub(crate) fn map(&self) -> Option<impl Iterator<Item = (Self, Self)> + use<'a>> {
        let (head, reader) = self.open().filter(|(head, _)| head.major == MAP)?;
        // A map that was checked has no more pairs than bytes.
        let left = head.argument.map(|pairs| pairs.saturating_mul(2));
        let mut elements = Elements { reader, left, start: self.at };
        Some(std::iter::from_fn(move || Some((elements.next()?, elements.next()?))))
    }
}

/// The elements of an array that was checked.
#[derive(Debug)]
pub(crate) struct Elements<'a> {
    reader: Reader<'a>,
    left: Option<u64>,
    start: usize,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        if !has_next(&mut self.reader, &mut self.left) {
            // So that it ends once and for all.
            self.left = Some(0);
            return None;
        }
        let start = self.reader.at();
        pass(&mut self.reader, DEPTH, false)?;
        Some(Item { bytes: self.reader.since(start), at: self.start + start })
    }
}

/// The shortest head of an item, for what is encoded anew.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewHead {
    bytes: [u8; 9],
    length: usize,
}

impl NewHead {
    /// The head of an item of this major type with this length.
    pub(crate) fn new(major: u8, length: usize) -> Self {
        let value = (length as u64).to_be_bytes();
        // The info of 24 says that one byte follows, 25 two, 26 four, 27 eight.
        let (info, following) = match length as u64 {
            0..24 => (value[7], 0),
            24..0x100 => (24, 1),
            0x100..0x1_0000 => (25, 2),
            0x1_0000..0x1_0000_0000 => (26, 4),
            _ => (27, 8),
        };
        let mut bytes = [0; 9];
        bytes[0] = major << 5 | info;
        bytes[1..=following].copy_from_slice(&value[8 - following..]);
        Self { bytes, length: 1 + following }
    }

    /// Its bytes.
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_read(bytes: &[u8]) -> bool {
        Item::whole(bytes).is_ok()
    }

    #[test]
    fn items_are_what_rfc_8949_says() {
        let whole = |bytes: &'static [u8]| Item::whole(bytes).expect("CBOR");
        assert_eq!(whole(&[0x1b, 255, 255, 255, 255, 255, 255, 255, 255]).integer(), Some(u64::MAX.into()));
        assert_eq!(whole(&[0x38, 0x63]).integer(), Some(-100));
        assert_eq!(whole(&[0x18, 1]).integer(), Some(1));
        assert_eq!(whole(&[0x43, 1, 2, 3]).byte_string().as_deref(), Some(&[1, 2, 3][..]));
        assert_eq!(
            whole(&[0x5f, 0x41, 1, 0x40, 0x42, 2, 3, 0xff]).byte_string().as_deref(),
            Some(&[1, 2, 3][..])
        );
        assert_eq!(whole(&[0x5f, 0xff]).byte_string().as_deref(), Some(&[][..]));
        assert_eq!(whole(&[0x62, b'h', b'i']).text().as_deref(), Some(&b"hi"[..]));
        assert_eq!((whole(&[0xf6]).is_null(), whole(&[0xf7]).is_null()), (true, false));
        assert_eq!((whole(&[0xf5]).bool(), whole(&[0xf4]).bool()), (Some(true), Some(false)));
        let (tag, inner) = whole(&[0xd8, 98, 0x82, 1, 2]).tagged().expect("a tag");
        assert_eq!((tag, inner.at(), inner.array().expect("an array").count()), (98, 2, 2));
        let numbers = |item: Item<'_>| item.array_of::<2>().map(|both| both.map(|item| item.integer()));
        assert_eq!(numbers(inner), Some([Some(1), Some(2)]));
        assert_eq!(numbers(whole(&[0x9f, 1, 2, 0xff])), Some([Some(1), Some(2)]));
        assert_eq!((numbers(whole(&[0x81, 1])), numbers(whole(&[0x83, 1, 2, 3]))), (None, None));
        for map in [&[0xa2, 1, 2, 3, 4][..], &[0xbf, 1, 2, 3, 4, 0xff]] {
            let pairs = Item::whole(map).expect("CBOR").map().expect("a map");
            let pairs: Vec<_> =
                pairs.map(|(key, value)| (key.integer(), value.integer(), key.at())).collect();
            assert_eq!(pairs, [(Some(1), Some(2), 1), (Some(3), Some(4), 3)]);
        }
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        let refused: [&[u8]; 24] = [
            &[],
            &[0x18],
            &[0x1c],
            &[0x1f],
            &[0x3f],
            &[0xdf, 0],
            &[0xff],
            &[0xf8, 31],
            &[0xfc],
            &[0x41],
            &[0x5f, 0x41, 1],
            &[0x5f, 0x61, b'a', 0xff],
            &[0x5f, 0x5f, 0xff, 0xff],
            &[0x61, 0xff],
            &[0x7f, 0x61, 0xc3, 0x61, 0xa9, 0xff],
            &[0x81],
            &[0x9f, 1],
            &[0xa1, 1],
            &[0xbf, 1, 0xff],
            &[0xc1],
            &[0, 0],
            &[0x81, 0xff],
            // Lengths that no bytes stand behind.
            &[0x5b, 255, 255, 255, 255, 255, 255, 255, 255, 1],
            &[0xbb, 255, 255, 255, 255, 255, 255, 255, 255, 1, 1],
        ];
        for bytes in refused {
            assert!(!is_read(bytes), "{bytes:x?}");
        }
        assert!(is_read(&[0xf8, 32]) && is_read(&[0xf9, 0x3c, 0]) && is_read(&[0xe0]));
        assert_eq!(Item::whole(&[0x82, 0, 0x1c]).unwrap_err(), Malformed { at: 3 });
    }

    #[test]
    fn a_key_stands_once_in_a_map() {
        assert!(is_read(&[0xa2, 1, 0, 0x20, 0]));
        assert!(is_read(&[0xa2, 0x41, b'a', 0, 0x61, b'a', 0]));
        let twice: [&[u8]; 5] = [
            &[0xa2, 1, 0, 1, 0],
            &[0xa2, 1, 0, 0x18, 1, 0],
            &[0xa2, 0x41, b'a', 0, 0x5f, 0x41, b'a', 0xff, 0],
            &[0xa2, 0xf5, 0, 0xf5, 0],
            &[0x81, 0xa1, 1, 0xbf, 2, 0, 3, 0, 2, 0, 0xff],
        ];
        for bytes in twice {
            assert!(!is_read(bytes), "{bytes:x?}");
        }
    }

    #[test]
    fn depth_has_a_bound() {
        for head in [0x81, 0xc1, 0x9f] {
            let nested = |depth: usize| {
                let ends = vec![BREAK; if head == 0x9f { depth } else { 0 }];
                [vec![head; depth], vec![0], ends].concat()
            };
            assert!(is_read(&nested(DEPTH)) && !is_read(&nested(DEPTH + 1)) && !is_read(&nested(1 << 20)));
        }
    }

    #[test]
    fn new_heads_are_the_shortest() {
        for (length, expected) in [
            (0, "40"),
            (23, "57"),
            (24, "5818"),
            (255, "58ff"),
            (256, "590100"),
            (65535, "59ffff"),
            (65536, "5a00010000"),
            (1 << 32, "5b0000000100000000"),
        ] {
            assert_eq!(hex::encode(NewHead::new(BYTES, length).as_slice()), expected);
        }
        assert_eq!(NewHead::new(ARRAY, 4).as_slice(), [0x84]);
        assert_eq!(NewHead::new(TEXT, 10).as_slice(), [0x6a]);
    }
}
