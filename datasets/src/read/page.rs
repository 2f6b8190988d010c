//! A guard between the Parquet decoder and the file: page headers that declare absurd sizes are refused before
//! the decoder allocates for them.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use bytes::Bytes;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};

/// The bytes of a header up to the field after the sizes; a varint of 32 bits has at most five bytes.
const PREFIX: usize = 32;
const DICTIONARY_PAGE: i64 = 2;

/// A file whose pages are bounded. Every sequential read of the decoder begins at a page header.
#[derive(Debug)]
pub(super) struct GuardedFile {
    file: File,
    max_page_bytes: u64,
}

impl GuardedFile {
    pub(super) fn new(file: File, max_page_bytes: usize) -> Self {
        Self { file, max_page_bytes: max_page_bytes as u64 }
    }

    /// The most bytes of a page, compressed or not.
    pub(super) fn max_page_bytes(&self) -> usize {
        self.max_page_bytes as usize
    }
}

impl Length for GuardedFile {
    fn len(&self) -> u64 {
        Length::len(&self.file)
    }
}

impl ChunkReader for GuardedFile {
    type T = BufReader<File>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(start))?;
        let mut reader = BufReader::new(file);
        check_header(reader.fill_buf()?, self.max_page_bytes)?;
        Ok(reader)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let left = Length::len(self).saturating_sub(start);
        if length as u64 > left {
            return Err(ParquetError::EOF(format!("{length} bytes at {start} reach past the end")));
        }
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = vec![0; length];
        file.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// Checks the first fields of a page header: type, uncompressed size and compressed size, which writers give
/// in this order, as Thrift's compact protocol requires of its short field headers.
fn check_header(header: &[u8], max_page_bytes: u64) -> Result<()> {
    let refused = |what: String| Err(ParquetError::General(what));
    let mut fields = Fields(&header[..header.len().min(PREFIX)]);
    let (Some(kind), Some(uncompressed), Some(compressed)) =
        (fields.next_i32(1), fields.next_i32(1), fields.next_i32(1))
    else {
        return refused("a page header is damaged".to_owned());
    };
    for (what, size) in [("uncompressed", uncompressed), ("compressed", compressed)] {
        if u64::try_from(size).map_or(true, |size| size > max_page_bytes) {
            return refused(format!(
                "a page declares {size} {what} bytes, more than the {max_page_bytes} that are read at once; \
                 write smaller pages or raise --max-row-bytes"
            ));
        }
    }
    if kind == DICTIONARY_PAGE {
        // Field 4, a checksum, may be absent. A dictionary has no more values than bytes.
        let crc = fields.next_i32(1).is_some();
        let values = fields.next_struct(if crc { 3 } else { 4 }).then(|| fields.next_i32(1)).flatten();
        if values.is_none_or(|values| values < 0 || values > uncompressed) {
            return refused("a dictionary page declares more values than it can hold".to_owned());
        }
    }
    Ok(())
}

/// Fields of a struct in Thrift's compact protocol.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    /// The next field if it has type i32 and an id higher by `step`; else nothing is consumed.
    fn next_i32(&mut self, step: u8) -> Option<i64> {
        const I32: u8 = 5;
        let (&first, mut rest) = self.0.split_first()?;
        if first != step << 4 | I32 {
            return None;
        }
        let mut zigzag = 0u64;
        for shift in (0..35).step_by(7) {
            let (&byte, after) = rest.split_first()?;
            rest = after;
            zigzag |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                self.0 = rest;
                return Some((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64));
            }
        }
        None
    }

    /// Enters the next field if it is a struct with an id higher by `step`.
    fn next_struct(&mut self, step: u8) -> bool {
        const STRUCT: u8 = 12;
        match self.0.split_first() {
            Some((&first, rest)) if first == step << 4 | STRUCT => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(step: u8, value: i64) -> Vec<u8> {
        let mut bytes = vec![step << 4 | 5];
        let mut zigzag = ((value << 1) ^ (value >> 63)) as u64;
        while zigzag > 0x7f {
            bytes.push(zigzag as u8 | 0x80);
            zigzag >>= 7;
        }
        bytes.push(zigzag as u8);
        bytes
    }

    fn header(kind: i64, uncompressed: i64, compressed: i64) -> Vec<u8> {
        [field(1, kind), field(1, uncompressed), field(1, compressed)].concat()
    }

    #[test]
    fn sizes_are_bounded() {
        assert!(check_header(&header(0, 1000, 1000), 1000).is_ok());
        for (uncompressed, compressed) in [(1001, 1), (1, 1001), (-1, 1), (1, -1), (i64::from(i32::MAX), 1)] {
            assert!(check_header(&header(0, uncompressed, compressed), 1000).is_err());
        }
        for length in 0..header(0, 1000, 1000).len() {
            assert!(check_header(&header(0, 1000, 1000)[..length], 1000).is_err());
        }
    }

    #[test]
    fn dictionaries_hold_no_more_values_than_bytes() {
        let crc = [header(2, 100, 50), field(1, -7), vec![3 << 4 | 12]].concat();
        let plain = [header(2, 100, 50), vec![4 << 4 | 12]].concat();
        for start in [crc, plain] {
            assert!(check_header(&[start.clone(), field(1, 100)].concat(), 1000).is_ok());
            assert!(check_header(&[start.clone(), field(1, 101)].concat(), 1000).is_err());
            assert!(check_header(&start, 1000).is_err());
        }
    }
}
