//! A strict reader of DER (X.690) over borrowed bytes. Systems whose formats are ASN.1 build on it.
//!
//! It takes one encoding of each value: definite lengths in the fewest octets, integers without superfluous octets,
//! `TRUE` as FF, bit strings without unused bits, primitive strings. Tags are of one octet, as in every format here.
//! Two things that DER forbids do pass, since certificates in use have them and parsers take them: a component that
//! equals its default may be written out, and the elements of a `SET OF` may stand in any order.

use crate::Reader;

/// `BOOLEAN`.
pub(crate) const BOOLEAN: u8 = 0x01;
/// `INTEGER`.
pub(crate) const INTEGER: u8 = 0x02;
/// `BIT STRING`.
pub(crate) const BIT_STRING: u8 = 0x03;
/// `OCTET STRING`.
pub(crate) const OCTET_STRING: u8 = 0x04;
/// `NULL`.
pub(crate) const NULL: u8 = 0x05;
/// `OBJECT IDENTIFIER`.
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
/// `UTCTime`.
pub(crate) const UTC_TIME: u8 = 0x17;
/// `GeneralizedTime`.
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
/// `SEQUENCE` and `SEQUENCE OF`.
pub(crate) const SEQUENCE: u8 = 0x30;
/// `SET` and `SET OF`.
pub(crate) const SET: u8 = 0x31;

/// The bit of a tag that says that the contents are elements.
const CONSTRUCTED: u8 = 0x20;

/// The bits of a tag that say its class; none of them is set in the universal class.
const CLASS: u8 = 0xc0;

/// The bits of a tag that say, all set, that the tag has more octets.
const LONG_TAG: u8 = 0x1f;

/// How deep [`Element::check`] follows elements within elements.
const MAX_DEPTH: usize = 16;

/// The context-specific tag of a number below 31 whose contents are elements: explicit tags, and implicit ones of
/// constructed types.
pub(crate) const fn context(number: u8) -> u8 {
    0x80 | CONSTRUCTED | number
}

/// The context-specific tag of a number below 31 with primitive contents.
pub(crate) const fn context_primitive(number: u8) -> u8 {
    0x80 | number
}

/// Bytes that are not DER, or another element than the format has there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadDer {
    /// The offset in the bytes that the outermost reader was made of.
    pub(crate) at: usize,
}

/// An element: tag, length and contents.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    /// The tag octet.
    pub(crate) tag: u8,
    /// All of its bytes.
    pub(crate) bytes: &'a [u8],
    /// Its contents.
    pub(crate) contents: &'a [u8],
    /// Where it begins in the bytes that the outermost reader was made of.
    at: usize,
}

/// Reads elements from front to back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Der<'a> {
    reader: Reader<'a>,
    /// Where the bytes of this reader begin in those of the outermost one.
    base: usize,
}

impl<'a> Der<'a> {
    /// A reader at the first element.
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { reader: Reader::new(bytes), base: 0 }
    }

    /// Whether no bytes are left.
    pub(crate) const fn is_empty(&self) -> bool {
        self.reader.is_empty()
    }

    /// The next element, whatever it is.
    pub(crate) fn any(&mut self) -> Result<Element<'a>, BadDer> {
        let at = self.base + self.reader.at();
        self.read(at).ok_or(BadDer { at })
    }

    fn read(&mut self, at: usize) -> Option<Element<'a>> {
        let start = self.reader.at();
        let tag = self.reader.byte().filter(|tag| tag & LONG_TAG != LONG_TAG)?;
        let length = length(&mut self.reader)?;
        let contents = self.reader.take(length)?;
        Some(Element { tag, bytes: self.reader.since(start), contents, at })
    }

    /// The next element, whatever it is, if there is one.
    pub(crate) fn any_or_none(&mut self) -> Result<Option<Element<'a>>, BadDer> {
        if self.is_empty() { Ok(None) } else { self.any().map(Some) }
    }

    /// The next element, which must have this tag.
    pub(crate) fn element(&mut self, tag: u8) -> Result<Element<'a>, BadDer> {
        let element = self.any()?;
        if element.tag == tag { Ok(element) } else { Err(element.bad()) }
    }

    /// The next element if it has this tag; otherwise it stays the next.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, BadDer> {
        if self.reader.peek() == Some(tag) { self.any().map(Some) } else { Ok(None) }
    }

    /// The contents of the next element, which must be a `SEQUENCE`.
    pub(crate) fn sequence(&mut self) -> Result<Self, BadDer> {
        self.element(SEQUENCE).map(Element::inside)
    }

    /// The contents of an `OBJECT IDENTIFIER`.
    pub(crate) fn oid(&mut self) -> Result<&'a [u8], BadDer> {
        self.element(OBJECT_IDENTIFIER)?.checked()
    }

    /// The contents of an `INTEGER`: two's complement, big-endian.
    pub(crate) fn integer(&mut self) -> Result<&'a [u8], BadDer> {
        self.element(INTEGER)?.checked()
    }

    /// The octets of a `BIT STRING` that is made of whole octets.
    pub(crate) fn bit_string(&mut self) -> Result<&'a [u8], BadDer> {
        let element = self.element(BIT_STRING)?;
        match element.contents {
            [0, octets @ ..] => Ok(octets),
            _ => Err(element.bad()),
        }
    }

    /// A `BOOLEAN` that is false where it is absent.
    pub(crate) fn boolean_or_false(&mut self) -> Result<bool, BadDer> {
        let Some(element) = self.optional(BOOLEAN)? else { return Ok(false) };
        Ok(element.checked()? == [0xff])
    }

    /// Nothing must be left.
    pub(crate) fn end(self) -> Result<(), BadDer> {
        if self.is_empty() { Ok(()) } else { Err(BadDer { at: self.base + self.reader.at() }) }
    }
}

impl<'a> Element<'a> {
    /// That this element is not what the format has there.
    pub(crate) const fn bad(self) -> BadDer {
        BadDer { at: self.at }
    }

    /// A reader of the elements that it contains.
    pub(crate) const fn inside(self) -> Der<'a> {
        let base = self.at + (self.bytes.len() - self.contents.len());
        Der { reader: Reader::new(self.contents), base }
    }

    /// Whether it is DER throughout. The contents of octet and bit strings are not looked at.
    pub(crate) fn check(self) -> Result<(), BadDer> {
        self.check_to(MAX_DEPTH)
    }

    fn check_to(self, depth: usize) -> Result<(), BadDer> {
        if self.tag & CONSTRUCTED == 0 {
            return self.checked().map(drop);
        }
        // In DER the strings are primitive, which leaves two constructed types.
        let is_known = self.tag & CLASS != 0 || matches!(self.tag, SEQUENCE | SET);
        let deeper = depth.checked_sub(1).filter(|_| is_known).ok_or(self.bad())?;
        let mut inside = self.inside();
        while !inside.is_empty() {
            inside.any()?.check_to(deeper)?;
        }
        Ok(())
    }

    /// The contents of a primitive element, if they have the form of its type.
    fn checked(self) -> Result<&'a [u8], BadDer> {
        let is_fine = match (self.tag, self.contents) {
            (BOOLEAN, contents) => matches!(contents, [0x00 | 0xff]),
            (INTEGER, contents) => match contents {
                [] | [0x00, 0x00..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => false,
                [..] => true,
            },
            (BIT_STRING, contents) => match contents {
                [unused, .., last] => *unused < 8 && last.trailing_zeros() >= u32::from(*unused),
                contents => contents == [0],
            },
            (NULL, contents) => contents.is_empty(),
            (OBJECT_IDENTIFIER, contents) => is_oid(contents),
            (SEQUENCE_PRIMITIVE | SET_PRIMITIVE | 0x00, _) => false,
            _ => true,
        };
        if is_fine { Ok(self.contents) } else { Err(self.bad()) }
    }
}

/// The tags of `SEQUENCE` and `SET` without the bit that says that they contain elements.
const SEQUENCE_PRIMITIVE: u8 = SEQUENCE & !CONSTRUCTED;
const SET_PRIMITIVE: u8 = SET & !CONSTRUCTED;

/// A definite length in the fewest octets; none above 2³², which no record here has.
fn length(reader: &mut Reader<'_>) -> Option<usize> {
    let (mut octets, least) = match reader.byte()? {
        short @ ..=0x7f => return Some(usize::from(short)),
        0x81 => (1, 0x80),
        long @ 0x82..=0x84 => (usize::from(long & 0x7f), 1 << (8 * (u32::from(long & 0x7f) - 1))),
        _ => return None,
    };
    let mut length: usize = 0;
    while octets > 0 {
        length = length << 8 | usize::from(reader.byte()?);
        octets -= 1;
    }
    (length >= least).then_some(length)
}

/// Writes an element, after what is there.
pub(crate) fn write(to: &mut Vec<u8>, tag: u8, contents: &[u8]) {
    to.push(tag);
    let octets = contents.len().to_be_bytes();
    match contents.len() {
        short @ ..0x80 => to.push(short as u8),
        length => {
            let octets = &octets[(length.leading_zeros() / 8) as usize..];
            to.push(0x80 | octets.len() as u8);
            to.extend_from_slice(octets);
        }
    }
    to.extend_from_slice(contents);
}

/// Whether these are arcs in base 128, each in the fewest octets.
fn is_oid(contents: &[u8]) -> bool {
    let ends = |octet: &u8| octet & 0x80 == 0;
    let begins = std::iter::once(true).chain(contents.iter().map(ends));
    contents.last().is_some_and(ends)
        && begins.zip(contents).all(|(begins, octet)| !(begins && *octet == 0x80))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8]) -> Result<(), BadDer> {
        let mut der = Der::new(bytes);
        der.any()?.check()?;
        der.end()
    }

    #[test]
    fn lengths_have_one_form() {
        let of = |length: usize, form: &[u8]| [&[OCTET_STRING], form, &vec![7; length]].concat();
        for (length, form) in
            [(0, &[0][..]), (127, &[127]), (128, &[0x81, 128]), (255, &[0x81, 255]), (256, &[0x82, 1, 0])]
        {
            assert_eq!(check(&of(length, form)), Ok(()), "{length}");
        }
        let long_forms: [(usize, &[u8]); 7] = [
            (0, &[0x81, 0]),
            (127, &[0x81, 127]),
            (128, &[0x82, 0, 128]),
            (256, &[0x83, 0, 1, 0]),
            (256, &[0x84, 0, 0, 1, 0]),
            (256, &[0x85, 0, 0, 0, 1, 0]),
            (256, &[0xff]),
        ];
        for (length, form) in long_forms {
            assert_eq!(check(&of(length, form)), Err(BadDer { at: 0 }), "{form:?}");
        }
    }

    #[test]
    fn what_is_written_is_der() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let mut bytes = Vec::new();
            write(&mut bytes, OCTET_STRING, &vec![7; length]);
            assert_eq!(check(&bytes), Ok(()), "{length}");
        }
    }

    #[test]
    fn lengths_that_nothing_backs_and_indefinite_ones_are_refused() {
        for form in [&[0x84, 0xff, 0xff, 0xff, 0xff][..], &[0x88; 9], &[0x82, 0x01], &[0x84], &[1], &[]] {
            assert!(Der::new(&[&[SEQUENCE], form].concat()).any().is_err(), "{form:?}");
        }
        assert_eq!(check(&[SEQUENCE, 0x80, NULL, 0, 0, 0]), Err(BadDer { at: 0 }));
        // A string in pieces, and a primitive sequence.
        assert!(check(&[0x24, 4, OCTET_STRING, 2, 7, 7]).is_err());
        assert!(check(&[SEQUENCE_PRIMITIVE, 0]).is_err());
        assert!(check(&[0x1f, 1, 0]).is_err());
    }

    #[test]
    fn values_have_one_form() {
        let fine: [&[u8]; 11] = [
            &[BOOLEAN, 1, 0],
            &[BOOLEAN, 1, 255],
            &[INTEGER, 1, 0],
            &[INTEGER, 2, 0, 128],
            &[INTEGER, 2, 255, 127],
            &[BIT_STRING, 1, 0],
            &[BIT_STRING, 2, 7, 128],
            &[NULL, 0],
            &[OBJECT_IDENTIFIER, 1, 42],
            &[OBJECT_IDENTIFIER, 3, 42, 0x86, 0x48],
            &[SET, 4, NULL, 0, NULL, 0],
        ];
        for bytes in fine {
            assert_eq!(check(bytes), Ok(()), "{bytes:?}");
        }
        let bad: [&[u8]; 14] = [
            &[BOOLEAN, 1, 1],
            &[BOOLEAN, 0],
            &[INTEGER, 0],
            &[INTEGER, 2, 0, 127],
            &[INTEGER, 2, 255, 128],
            &[BIT_STRING, 0],
            &[BIT_STRING, 1, 1],
            &[BIT_STRING, 2, 7, 64],
            &[BIT_STRING, 2, 8, 0],
            &[NULL, 1, 0],
            &[OBJECT_IDENTIFIER, 0],
            &[OBJECT_IDENTIFIER, 2, 42, 0x86],
            &[OBJECT_IDENTIFIER, 3, 42, 0x80, 1],
            &[0, 0],
        ];
        for bytes in bad {
            assert_eq!(check(bytes), Err(BadDer { at: 0 }), "{bytes:?}");
        }
    }

    #[test]
    fn offsets_are_those_of_the_outermost_bytes() {
        let bytes = [SEQUENCE, 5, SEQUENCE, 3, INTEGER, 1, 5];
        let mut outer = Der::new(&bytes).sequence().expect("a sequence");
        let mut inner = outer.sequence().expect("a sequence");
        assert_eq!(inner.oid(), Err(BadDer { at: 4 }));
        assert_eq!(Der::new(&bytes[..6]).sequence().map(drop), Err(BadDer { at: 0 }));
        assert_eq!(check(&[SEQUENCE, 5, NULL, 0, INTEGER, 1]), Err(BadDer { at: 0 }));
        assert_eq!(check(&[SEQUENCE, 5, NULL, 0, INTEGER, 2, 1]), Err(BadDer { at: 4 }));
        assert_eq!(check(&[NULL, 0, 9]), Err(BadDer { at: 2 }));
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: u8| {
            let begins = (0..depth).flat_map(|level| [SEQUENCE, 2 * (depth - level)]);
            begins.chain([NULL, 0]).collect::<Vec<u8>>()
        };
        assert_eq!(check(&nested(16)), Ok(()));
        assert_eq!(check(&nested(17)), Err(BadDer { at: 32 }));
        assert!(check(&nested(60)).is_err());
    }
}
