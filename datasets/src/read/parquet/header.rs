//! Page headers: structs in Thrift's compact protocol. Nothing in them is trusted: lengths are those of the bytes that
//! are there, nesting is bounded, and numbers must fit what they count.

use parquet::basic::Encoding;

/// Structs within structs of fields that are skipped; statistics have none.
const NESTING: u8 = 8;

/// What a page header says.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    pub(super) uncompressed: usize,
    pub(super) compressed: usize,
    /// The CRC-32 of the bytes of the page behind its header.
    pub(super) checksum: Option<u32>,
    pub(super) page: PageKind,
}

#[derive(Debug, PartialEq)]
pub(super) enum PageKind {
    Dictionary {
        values: u32,
        encoding: Encoding,
    },
    Data {
        values: u32,
        encoding: Encoding,
        levels: Encoding,
    },
    /// Levels are never compressed here, so that their lengths stand in the header.
    DataV2 {
        values: u32,
        nulls: u32,
        rows: u32,
        encoding: Encoding,
        definition_bytes: u32,
        repetition_bytes: u32,
        compressed: bool,
    },
    /// A kind of page that holds no values.
    Other,
}

/// Why bytes are no header.
#[derive(Debug, PartialEq)]
pub(super) enum HeaderError {
    /// They end before it does.
    CutOff,
    Damaged(String),
}

use HeaderError::{CutOff, Damaged};

impl Header {
    /// Reads the header at the beginning of these bytes. Returns its length too.
    pub(super) fn parse(bytes: &[u8]) -> Result<(Self, usize), HeaderError> {
        let mut reader = Reader { bytes, at: 0 };
        let (mut kind, mut uncompressed, mut compressed, mut checksum) = (None, None, None, None);
        let mut inner = [None; 3];
        let mut last = 0;
        while let Some(field) = reader.field(&mut last)? {
            match (field.id, field.of) {
                (1, Of::I32) => kind = Some(reader.i32()?),
                (2, Of::I32) => uncompressed = Some(reader.i32()?),
                (3, Of::I32) => compressed = Some(reader.i32()?),
                (4, Of::I32) => checksum = Some(reader.i32()? as u32),
                (5, Of::Struct) => inner[0] = Some(reader.numbers()?),
                (7, Of::Struct) => inner[1] = Some(reader.numbers()?),
                (8, Of::Struct) => inner[2] = Some(reader.numbers()?),
                (_, of) => reader.skip(of, NESTING)?,
            }
        }
        let size = |what: &str, value: Option<i32>| {
            let value = value.ok_or_else(|| Damaged(format!("a page header without its {what} size")))?;
            usize::try_from(value).map_err(|_| Damaged(format!("a page declares {value} {what} bytes")))
        };
        let missing = || Damaged("a page header without the part that tells of its values".to_owned());
        let page = match kind {
            Some(0) => {
                let header = inner[0].ok_or_else(missing)?;
                PageKind::Data {
                    values: header.count(1, "values")?,
                    encoding: header.encoding(2)?,
                    levels: header.encoding(3)?,
                }
            }
            Some(2) => {
                let header = inner[1].ok_or_else(missing)?;
                PageKind::Dictionary { values: header.count(1, "values")?, encoding: header.encoding(2)? }
            }
            Some(3) => {
                let header = inner[2].ok_or_else(missing)?;
                PageKind::DataV2 {
                    values: header.count(1, "values")?,
                    nulls: header.count(2, "nulls")?,
                    rows: header.count(3, "rows")?,
                    encoding: header.encoding(4)?,
                    definition_bytes: header.count(5, "bytes of definition levels")?,
                    repetition_bytes: header.count(6, "bytes of repetition levels")?,
                    compressed: header.0[7] != Some(0),
                }
            }
            Some(_) => PageKind::Other,
            None => return Err(Damaged("a page header without the kind of its page".to_owned())),
        };
        let header = Self {
            uncompressed: size("uncompressed", uncompressed)?,
            compressed: size("compressed", compressed)?,
            checksum,
            page,
        };
        Ok((header, reader.at))
    }
}

/// The numbers and booleans of a struct by the ids of their fields, which are below 8 where they count.
#[derive(Clone, Copy)]
struct Numbers([Option<i32>; 8]);

impl Numbers {
    fn count(&self, id: usize, what: &str) -> Result<u32, HeaderError> {
        let value =
            self.0[id].ok_or_else(|| Damaged(format!("a page header without its number of {what}")))?;
        u32::try_from(value).map_err(|_| Damaged(format!("a page declares {value} {what}")))
    }

    fn encoding(&self, id: usize) -> Result<Encoding, HeaderError> {
        #[expect(deprecated, reason = "old writers wrote it")]
        const BIT_PACKED: Encoding = Encoding::BIT_PACKED;
        Ok(match self.0[id] {
            Some(0) => Encoding::PLAIN,
            Some(2) => Encoding::PLAIN_DICTIONARY,
            Some(3) => Encoding::RLE,
            Some(4) => BIT_PACKED,
            Some(5) => Encoding::DELTA_BINARY_PACKED,
            Some(6) => Encoding::DELTA_LENGTH_BYTE_ARRAY,
            Some(7) => Encoding::DELTA_BYTE_ARRAY,
            Some(8) => Encoding::RLE_DICTIONARY,
            Some(9) => Encoding::BYTE_STREAM_SPLIT,
            Some(other) => {
                return Err(Damaged(format!(
                    "a page is in encoding {other}, which is not read here; write the column in the encoding PLAIN"
                )));
            }
            None => return Err(Damaged("a page header without an encoding".to_owned())),
        })
    }
}

/// A type of Thrift's compact protocol.
#[derive(Clone, Copy, PartialEq)]
enum Of {
    True,
    False,
    I8,
    I16,
    I32,
    I64,
    Double,
    Binary,
    /// A list or a set.
    List,
    Map,
    Struct,
    Uuid,
}

impl Of {
    fn new(number: u8) -> Result<Self, HeaderError> {
        Ok(match number {
            1 => Self::True,
            2 => Self::False,
            3 => Self::I8,
            4 => Self::I16,
            5 => Self::I32,
            6 => Self::I64,
            7 => Self::Double,
            8 => Self::Binary,
            9 | 10 => Self::List,
            11 => Self::Map,
            12 => Self::Struct,
            13 => Self::Uuid,
            _ => return Err(Damaged(format!("a page header with a field of type {number}"))),
        })
    }
}

struct Field {
    id: i16,
    of: Of,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8, HeaderError> {
        let &byte = self.bytes.get(self.at).ok_or(CutOff)?;
        self.at += 1;
        Ok(byte)
    }

    fn varint(&mut self) -> Result<u64, HeaderError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Damaged("a page header with a number that has no end".to_owned()))
    }

    fn i64(&mut self) -> Result<i64, HeaderError> {
        let zigzag = self.varint()?;
        Ok((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }

    fn i32(&mut self) -> Result<i32, HeaderError> {
        let value = self.i64()?;
        value.try_into().map_err(|_| Damaged(format!("a page header with the number {value}")))
    }

    /// The next field of a struct; `last` is the id of the one before.
    fn field(&mut self, last: &mut i16) -> Result<Option<Field>, HeaderError> {
        let byte = self.byte()?;
        if byte == 0 {
            return Ok(None);
        }
        let id = match byte >> 4 {
            0 => self.i64()?.try_into().ok(),
            step => last.checked_add(step.into()),
        };
        let id = id.ok_or_else(|| Damaged("a page header with a field out of range".to_owned()))?;
        *last = id;
        Ok(Some(Field { id, of: Of::new(byte & 0x0f)? }))
    }

    /// The numbers of a struct.
    fn numbers(&mut self) -> Result<Numbers, HeaderError> {
        let (mut numbers, mut last) = ([None; 8], 0);
        while let Some(field) = self.field(&mut last)? {
            let place = usize::try_from(field.id).ok().and_then(|id| numbers.get_mut(id));
            match (place, field.of) {
                (Some(place), Of::I32) => *place = Some(self.i32()?),
                (Some(place), Of::True) => *place = Some(1),
                (Some(place), Of::False) => *place = Some(0),
                (_, of) => self.skip(of, NESTING)?,
            }
        }
        Ok(Numbers(numbers))
    }

    fn skip_bytes(&mut self, count: u64) -> Result<(), HeaderError> {
        let end = usize::try_from(count).ok().and_then(|count| self.at.checked_add(count));
        self.at = end.filter(|end| *end <= self.bytes.len()).ok_or(CutOff)?;
        Ok(())
    }

    /// Skips a value of a field. `nesting` bounds how deep values lie in it.
    fn skip(&mut self, of: Of, nesting: u8) -> Result<(), HeaderError> {
        let Some(nesting) = nesting.checked_sub(1) else {
            return Err(Damaged("a page header with structs in structs in structs".to_owned()));
        };
        match of {
            Of::True | Of::False => Ok(()),
            Of::I8 => self.skip_bytes(1),
            Of::I16 | Of::I32 | Of::I64 => self.varint().map(drop),
            Of::Double => self.skip_bytes(8),
            Of::Uuid => self.skip_bytes(16),
            Of::Binary => {
                let length = self.varint()?;
                self.skip_bytes(length)
            }
            Of::Struct => {
                let mut last = 0;
                while let Some(field) = self.field(&mut last)? {
                    self.skip(field.of, nesting)?;
                }
                Ok(())
            }
            Of::List => {
                let byte = self.byte()?;
                let count = if byte >> 4 == 15 { self.varint()? } else { (byte >> 4).into() };
                self.skip_elements(&[Of::new(byte & 0x0f)?], count, nesting)
            }
            Of::Map => match self.varint()? {
                0 => Ok(()),
                count => {
                    let byte = self.byte()?;
                    self.skip_elements(&[Of::new(byte >> 4)?, Of::new(byte & 0x0f)?], count, nesting)
                }
            },
        }
    }

    /// Skips this many elements, which have a byte at least.
    fn skip_elements(&mut self, of: &[Of], count: u64, nesting: u8) -> Result<(), HeaderError> {
        for _ in 0..count {
            for &of in of {
                match of {
                    // Booleans have no byte in a field, but one in a list.
                    Of::True | Of::False => self.skip_bytes(1)?,
                    of => self.skip(of, nesting)?,
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn i32_field(step: u8, value: i64) -> Vec<u8> {
        let mut bytes = vec![step << 4 | 5];
        let mut zigzag = ((value << 1) ^ (value >> 63)) as u64;
        while zigzag > 0x7f {
            bytes.push(zigzag as u8 | 0x80);
            zigzag >>= 7;
        }
        bytes.push(zigzag as u8);
        bytes
    }

    fn start(kind: i64, uncompressed: i64, compressed: i64) -> Vec<u8> {
        [i32_field(1, kind), i32_field(1, uncompressed), i32_field(1, compressed)].concat()
    }

    fn parse(bytes: &[u8]) -> Result<Header, HeaderError> {
        Header::parse(bytes).map(|(header, length)| {
            assert_eq!(length, bytes.len());
            header
        })
    }

    #[test]
    fn the_kinds_of_pages_are_read() {
        // Statistics: a binary, a list of two structs with a boolean, a map of doubles by number, a UUID; in the form
        // with a long id, and behind it what a field of a later version may be.
        let statistics = [
            &[0x5c, 0x18, 3, b'a', b'b', b'c', 0x19, 0x2c, 0x11, 0, 0x12, 0, 0x1b, 1, 0x57, 2][..],
            &[0; 8],
            &[0x1d],
            &[7; 16],
            &[0, 0x0c, 40, 0, 0],
        ];
        let data = [
            start(0, 100, 50),
            i32_field(1, -2),
            vec![0x1c],
            i32_field(1, 7),
            i32_field(1, 8),
            i32_field(1, 3),
            i32_field(1, 3),
            vec![0x1c],
            statistics[0][1..].to_vec(),
            statistics[1..].concat(),
            vec![0],
        ]
        .concat();
        let header = parse(&data).unwrap();
        let page = PageKind::Data { values: 7, encoding: Encoding::RLE_DICTIONARY, levels: Encoding::RLE };
        let expected = Header { uncompressed: 100, compressed: 50, checksum: Some(-2i32 as u32), page };
        assert_eq!(header, expected);
        for length in 0..data.len() {
            assert_eq!(Header::parse(&data[..length]).unwrap_err(), CutOff, "{length}");
        }

        let dictionary =
            [start(2, 9, 9), vec![0x4c], i32_field(1, 2), i32_field(1, 0), vec![0x11, 0, 0]].concat();
        let page = PageKind::Dictionary { values: 2, encoding: Encoding::PLAIN };
        assert_eq!(
            parse(&dictionary).unwrap(),
            Header { uncompressed: 9, compressed: 9, checksum: None, page }
        );

        let numbers: Vec<u8> =
            [10, 1, 10, 0, 2, 0].into_iter().flat_map(|value| i32_field(1, value)).collect();
        for (flag, compressed) in [(&[][..], true), (&[0x11], true), (&[0x12], false)] {
            let v2 = [&start(3, 90, 80)[..], &[0x5c], &numbers, flag, &[0, 0]].concat();
            let page = PageKind::DataV2 {
                values: 10,
                nulls: 1,
                rows: 10,
                encoding: Encoding::PLAIN,
                definition_bytes: 2,
                repetition_bytes: 0,
                compressed,
            };
            assert_eq!(parse(&v2).unwrap().page, page);
        }
        assert_eq!(parse(&[start(1, 5, 5), vec![0]].concat()).unwrap().page, PageKind::Other);
    }

    #[test]
    fn headers_that_contradict_themselves_are_refused() {
        let dictionary = |values: i64, encoding: i64| {
            [start(2, 9, 9), vec![0x4c], i32_field(1, values), i32_field(1, encoding), vec![0, 0]].concat()
        };
        let nested = [&start(1, 1, 1)[..], &[0x6c], &[0x1c; 100]].concat();
        for (bytes, problem) in [
            (dictionary(-1, 0), "a page declares -1 values"),
            (dictionary(1, 11), "a page is in encoding 11"),
            ([start(2, 9, 9), vec![0]].concat(), "without the part"),
            ([start(0, -1, 9), vec![0]].concat(), "without the part"),
            ([start(1, -1, 9), vec![0]].concat(), "-1 uncompressed bytes"),
            ([start(1, 9, -9), vec![0]].concat(), "-9 compressed bytes"),
            ([start(1, 1 << 40, 9), vec![0]].concat(), "the number 1099511627776"),
            (vec![0], "without the kind"),
            (vec![0x1e], "a field of type 14"),
            (vec![0x05, 0xfe, 0xff, 0xff, 0xff, 0x0f], "a field out of range"),
            (vec![0x15, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "has no end"),
            (nested, "structs in structs"),
        ] {
            match Header::parse(&bytes) {
                Err(Damaged(told)) => assert!(told.contains(problem), "{told}"),
                other => panic!("{other:?} for {problem}"),
            }
        }
        // A binary, a list and a map of more than there is.
        for bytes in
            [&[0x68, 0xff, 0xff, 0xff, 0x7f][..], &[0x69, 0xf1, 0xff, 0xff, 0xff, 0x7f], &[0x6b, 0x7f, 0x11]]
        {
            assert_eq!(Header::parse(bytes).unwrap_err(), CutOff);
        }
    }
}
