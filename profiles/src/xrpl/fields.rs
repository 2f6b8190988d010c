//! The serialization of objects: fields of one to three bytes of type and number, then a value whose length follows
//! from the type.

use super::Fault;
use crate::Reader;
use crate::profile::Decided;

/// What a field is: its type and its number among those of the type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id(pub(super) u8, pub(super) u8);

/// The type of objects.
const OBJECT: u8 = 14;

/// The type of arrays.
const ARRAY: u8 = 15;

const END_OF_OBJECT: Id = Id(OBJECT, 1);
const END_OF_ARRAY: Id = Id(ARRAY, 1);

/// How deep objects and arrays can stand in one another.
const DEPTH: usize = 10;

/// The bytes of an account id.
pub(super) const ACCOUNT: usize = 20;

/// The account that stands in an issue for a multi-purpose token: the number 1.
const NO_ACCOUNT: [u8; ACCOUNT] = {
    let mut account = [0; ACCOUNT];
    account[ACCOUNT - 1] = 1;
    account
};

/// A field of an object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) id: Id,
    /// Where it begins.
    pub(super) at: usize,
    /// Where it ends.
    pub(super) end: usize,
    /// Its value: without the prefix of its length, where it has one; with the marker at its end, where it is an
    /// object or an array.
    pub(super) value: &'a [u8],
}

/// Walks over the fields of objects.
#[derive(Debug)]
pub(super) struct Walker<'a> {
    reader: Reader<'a>,
    /// The fields of each object that is open, in ascending order, those of inner objects after those of outer ones.
    seen: Vec<Id>,
    /// Whether each object had its fields in ascending order so far.
    pub(super) is_ordered: bool,
}

impl<'a> Walker<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { reader: Reader::new(bytes), seen: Vec::new(), is_ordered: true }
    }

    /// The fields of an object that takes all bytes.
    pub(super) fn whole(&mut self, mut each: impl FnMut(Field<'a>)) -> Result<(), Decided> {
        while !self.reader.is_empty() {
            let at = self.reader.at();
            let id = self.id()?;
            if id == END_OF_OBJECT {
                return Err(Decided::at(at, Fault::ObjectTerminator));
            }
            each(self.field(at, id, (0, 0))?);
        }
        Ok(())
    }

    /// The fields of an object up to the marker of its end, itself at this depth.
    pub(super) fn object(&mut self, depth: usize, mut each: impl FnMut(Field<'a>)) -> Result<(), Decided> {
        if depth > DEPTH {
            return Err(self.wrong(Fault::TooDeep));
        }
        let first = self.seen.len();
        loop {
            let at = self.reader.at();
            let id = self.id()?;
            if id == END_OF_OBJECT {
                self.seen.truncate(first);
                return Ok(());
            }
            each(self.field(at, id, (first, depth))?);
        }
    }

    /// The id of the object that is the next element of an array; `None` at the marker of its end.
    pub(super) fn element(&mut self) -> Result<Option<Id>, Decided> {
        let at = self.reader.at();
        match self.id()? {
            END_OF_ARRAY => Ok(None),
            END_OF_OBJECT => Err(Decided::at(at, Fault::BadArrayElement)),
            id @ Id(OBJECT, _) => Ok(Some(id)),
            _ => Err(Decided::at(at, Fault::BadArrayElement)),
        }
    }

    /// The field whose id was read, in an object whose fields are noted from `first` on.
    fn field(&mut self, at: usize, id: Id, (first, depth): (usize, usize)) -> Result<Field<'a>, Decided> {
        if id == END_OF_ARRAY {
            return Err(Decided::at(at, Fault::ArrayTerminator));
        }
        let value = self.value(id.0, depth)?;
        if self.seen[first..].last().is_none_or(|last| *last < id) {
            self.seen.push(id);
        } else {
            self.is_ordered = false;
            match self.seen[first..].binary_search(&id) {
                Ok(_) => return Err(Decided::at(at, Fault::DuplicateField)),
                Err(place) => self.seen.insert(first + place, id),
            }
        }
        Ok(Field { id, at, end: self.reader.at(), value })
    }

    /// A type and a number, each in the first byte or, from 16 on, in one of its own.
    fn id(&mut self) -> Result<Id, Decided> {
        let at = self.reader.at();
        let first = self.byte()?;
        let mut half = |half: u8| match half {
            0 => match self.byte()? {
                0..16 => Err(Decided::at(at, Fault::BadFieldId)),
                byte => Ok(byte),
            },
            _ => Ok(half),
        };
        Ok(Id(half(first >> 4)?, half(first & 15)?))
    }

    fn value(&mut self, kind: u8, depth: usize) -> Result<&'a [u8], Decided> {
        let start = self.reader.at();
        match kind {
            // Integers of 8, 16, 32, 64 and 96 bits; hashes of 128 to 512 bits; numbers; currencies.
            16 => self.take(1),
            1 => self.take(2),
            2 | 10 => self.take(4),
            3 | 11 => self.take(8),
            9 | 20 => self.take(12),
            4 => self.take(16),
            17 | 26 => self.take(20),
            21 => self.take(24),
            5 => self.take(32),
            22 => self.take(48),
            23 => self.take(64),
            // An amount: of another currency, of a multi-purpose token, or of drops.
            6 => match self.reader.peek() {
                Some(0x80..) => self.take(48),
                Some(byte) if byte & 0x20 != 0 => self.take(33),
                _ => self.take(8),
            },
            7 => self.prefixed(),
            8 => self.account(),
            19 => match self.prefixed()? {
                hashes if hashes.len() % 32 == 0 => Ok(hashes),
                _ => Err(Decided::at(start, Fault::BadVectorLength)),
            },
            OBJECT => {
                self.object(depth + 1, |_| ())?;
                Ok(self.reader.since(start))
            }
            ARRAY if depth < DEPTH => {
                while self.element()?.is_some() {
                    self.object(depth + 2, |_| ())?;
                }
                Ok(self.reader.since(start))
            }
            ARRAY => Err(self.wrong(Fault::TooDeep)),
            18 => {
                self.paths()?;
                Ok(self.reader.since(start))
            }
            24 => {
                self.issue()?;
                Ok(self.reader.since(start))
            }
            // A bridge: a door and an issue on each side.
            25 => {
                for _ in 0..2 {
                    self.account()?;
                    self.issue()?;
                }
                Ok(self.reader.since(start))
            }
            _ => Err(Decided::at(start, Fault::UnknownType)),
        }
    }

    /// Bytes behind their length.
    fn prefixed(&mut self) -> Result<&'a [u8], Decided> {
        let length = self.length()?;
        self.take(length)
    }

    fn length(&mut self) -> Result<usize, Decided> {
        let at = self.reader.at();
        Ok(match self.byte()? {
            first @ ..=192 => usize::from(first),
            first @ 193..=240 => 193 + (usize::from(first) - 193) * 256 + usize::from(self.byte()?),
            first @ 241..=254 => {
                let [high, low] = [self.byte()?, self.byte()?].map(usize::from);
                12481 + (usize::from(first) - 241) * 65536 + high * 256 + low
            }
            255 => return Err(Decided::at(at, Fault::BadLength)),
        })
    }

    /// An account id, or nothing, which stands for zeros.
    fn account(&mut self) -> Result<&'a [u8], Decided> {
        let at = self.reader.at();
        match self.length()? {
            length @ (0 | ACCOUNT) => self.take(length),
            _ => Err(Decided::at(at, Fault::BadAccountLength)),
        }
    }

    /// A currency; an issuer where it is not XRP; a sequence number where that is none.
    fn issue(&mut self) -> Result<(), Decided> {
        if self.take(20)?.iter().any(|byte| *byte != 0) && self.take(ACCOUNT)? == NO_ACCOUNT {
            self.take(4)?;
        }
        Ok(())
    }

    /// Paths of steps, of which each has an account, a currency, an issuer or several of them.
    fn paths(&mut self) -> Result<(), Decided> {
        const END: u8 = 0x00;
        const NEXT: u8 = 0xff;
        let mut is_empty = true;
        loop {
            let at = self.reader.at();
            match self.byte()? {
                END | NEXT if is_empty => return Err(Decided::at(at, Fault::BadPath)),
                END => return Ok(()),
                NEXT => is_empty = true,
                step if step & !0x31 != 0 => return Err(Decided::at(at, Fault::BadPath)),
                step => {
                    self.take(20 * step.count_ones() as usize)?;
                    is_empty = false;
                }
            }
        }
    }

    fn byte(&mut self) -> Result<u8, Decided> {
        self.reader.byte().ok_or_else(|| self.wrong(Fault::Truncated))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Decided> {
        self.reader.take(length).ok_or_else(|| self.wrong(Fault::Truncated))
    }

    /// A fault where the reader stands.
    fn wrong(&self, fault: Fault) -> Decided {
        Decided::at(self.reader.at(), fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ids of the fields and whether they are in order, or the fault.
    fn walk(bytes: &[u8]) -> Result<(Vec<(u8, u8)>, bool), String> {
        let (mut walker, mut ids) = (Walker::new(bytes), Vec::new());
        let walked = walker.whole(|field| ids.push((field.id.0, field.id.1)));
        let fault = |decided: Decided| decided.0.verdict.cause().expect("a cause").to_string();
        walked.map_err(fault).map(|()| (ids, walker.is_ordered))
    }

    fn fault(bytes: &[u8]) -> String {
        walk(bytes).expect_err("a fault")
    }

    #[test]
    fn ids_have_one_form() {
        // Field 2 of type 1; field 16 of type 1; field 1 of type 16; field 16 of type 16.
        let bytes = [&[0x12, 0, 0][..], &[0x10, 16, 0, 0], &[0x01, 16, 7], &[0x00, 16, 16, 7]].concat();
        assert_eq!(walk(&bytes), Ok((vec![(1, 2), (1, 16), (16, 1), (16, 16)], true)));
        for long in [&[0x10, 15, 0, 0][..], &[0x01, 15, 0, 0], &[0x00, 0, 16], &[0x00, 16, 1]] {
            assert_eq!(fault(long), "BadFieldId", "{long:?}");
        }
    }

    #[test]
    fn unknown_types_stop_the_walk_and_unknown_fields_do_not() {
        assert_eq!(walk(&[0x10, 200, 0, 0]), Ok((vec![(1, 200)], true)));
        for bytes in [&[0xc1, 0, 0][..], &[0xd1, 0, 0], &[0x01, 27, 0, 0], &[0x01, 255, 0, 0]] {
            assert_eq!(fault(bytes), "UnknownType", "{bytes:?}");
        }
    }

    #[test]
    fn fields_out_of_order_are_noted_and_repeated_ones_refused() {
        let [a, b, c] = [0x11, 0x12, 0x13].map(|id| [id, 0, 0]);
        assert_eq!(walk(&[a, b, c].concat()), Ok((vec![(1, 1), (1, 2), (1, 3)], true)));
        assert_eq!(walk(&[c, a, b].concat()), Ok((vec![(1, 3), (1, 1), (1, 2)], false)));
        for fields in [[a, a, b], [a, b, a], [c, a, c], [c, a, a]] {
            assert_eq!(fault(&fields.concat()), "DuplicateField", "{fields:?}");
        }
        // The order within an object counts as well; the same fields in two objects do not.
        let [inner, swapped] = [[a, b], [b, a]].map(|of| [&[0xea][..], &of.concat(), &[0xe1]].concat());
        assert_eq!(walk(&[&a[..], &inner].concat()), Ok((vec![(1, 1), (14, 10)], true)));
        assert_eq!(walk(&swapped), Ok((vec![(14, 10)], false)));
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| [vec![0xea; depth], vec![0xe1; depth]].concat();
        assert!(walk(&nested(10)).is_ok());
        assert_eq!(fault(&nested(11)), "TooDeep");
        assert_eq!(fault(&vec![0xea; 1 << 20]), "TooDeep");
        // An array and its elements each count.
        let arrays = |depth: usize| [[0xf9, 0xea].repeat(depth), [0xe1, 0xf1].repeat(depth)].concat();
        assert!(walk(&arrays(5)).is_ok());
        assert_eq!(fault(&arrays(6)), "TooDeep");
    }

    #[test]
    fn markers_and_elements_stand_where_they_may() {
        assert_eq!(fault(&[0xe1]), "ObjectTerminator");
        assert_eq!(fault(&[0xf1]), "ArrayTerminator");
        assert_eq!(fault(&[0xea, 0xf1]), "ArrayTerminator");
        assert_eq!(fault(&[0xf9, 0xe1]), "BadArrayElement");
        assert_eq!(fault(&[0xf9, 0x12, 0, 0, 0xf1]), "BadArrayElement");
        assert_eq!(fault(&[0xf9, 0xea, 0xe1]), "Truncated");
        assert_eq!(walk(&[0xf9, 0xea, 0xe1, 0xf1]), Ok((vec![(15, 9)], true)));
    }

    #[test]
    fn values_have_the_length_of_their_kind() {
        let length = |first: &[u8], length: usize| {
            let whole = [first, &vec![0; length]].concat();
            walk(&whole).is_ok() && walk(&whole[..whole.len() - 1]) == Err("Truncated".to_owned())
        };
        // Amounts of drops, of a multi-purpose token, of a currency.
        assert!(length(&[0x61, 0x40], 7) && length(&[0x61, 0x60], 32) && length(&[0x61, 0xd0], 47));
        // Lengths of one, two and three bytes.
        assert!(length(&[0x75, 192], 192) && length(&[0x75, 193, 0], 193));
        assert!(length(&[0x75, 240, 255], 12480) && length(&[0x75, 241, 0, 0], 12481));
        assert_eq!(fault(&[0x75, 255, 0, 0, 0]), "BadLength");
        assert!(length(&[0x81, 20], 20) && length(&[0x81], 1));
        assert_eq!(fault(&[0x81, 19]), "BadAccountLength");
        assert_eq!(fault(&[&[0x03, 19, 1][..], &[0]].concat()), "BadVectorLength");
        // Issues: XRP, of an issuer, of a multi-purpose token.
        assert!(length(&[0x03, 24], 20));
        let issued = [&[0x03, 24][..], &[1; 20]].concat();
        assert!(length(&issued, 20) && length(&[&issued[..], &NO_ACCOUNT].concat(), 4));
        assert!(length(&[&[0x01, 25, 20][..], &[1; 20], &[0; 20], &[20]].concat(), 40));
    }

    #[test]
    fn paths_have_steps() {
        let path = |bytes: &[u8]| walk(&[&[0x01, 18][..], bytes].concat()).map(drop);
        let step = [&[0x01][..], &[0; 20]].concat();
        assert_eq!(path(&[&step[..], &[0]].concat()), Ok(()));
        assert_eq!(path(&[&step[..], &[0xff], &step, &[0]].concat()), Ok(()));
        assert_eq!(path(&[&[0x31][..], &[0; 60], &[0]].concat()), Ok(()));
        let bad = |bytes: &[u8]| path(bytes) == Err("BadPath".to_owned());
        assert!(bad(&[0]) && bad(&[0xff]) && bad(&[0x02]) && bad(&[&step[..], &[0xff, 0]].concat()));
    }
}
