//! Numbers and byte strings of NEO's serialization: little-endian integers, and lengths of 1, 3, 5 or 9 bytes.

use super::Fault;
use crate::Reader;
use crate::profile::Decided;

/// Reads a record from front to back, and notes whether a length that is signed was longer than it needs to be.
pub(super) struct Wire<'a> {
    reader: Reader<'a>,
    /// Whether a length since [`Self::begin`] was not in its shortest form. Nodes take it, and hash and sign the shortest.
    is_loose: bool,
}

/// The shortest transaction, block and element have at least one byte, so that no count is above what is left.
impl<'a> Wire<'a> {
    pub(super) const fn new(record: &'a [u8]) -> Self {
        Self { reader: Reader::new(record), is_loose: false }
    }

    /// Forgets what it noted, and returns where it is.
    pub(super) const fn begin(&mut self) -> usize {
        self.is_loose = false;
        self.reader.at()
    }

    /// The bytes since an offset, and whether every length in them was in its shortest form.
    pub(super) fn since(&self, start: usize) -> (&'a [u8], bool) {
        (self.reader.since(start), !self.is_loose)
    }

    /// That the bytes here are not what the format has.
    pub(super) fn malformed(&self) -> Decided {
        Decided::at(self.reader.at(), Fault::Malformed)
    }

    /// Nothing must be left.
    pub(super) fn end(&self) -> Result<(), Decided> {
        if self.reader.is_empty() { Ok(()) } else { Err(self.malformed()) }
    }

    /// The bytes at this distance, which stay where they are.
    pub(super) fn ahead<const N: usize>(&self, distance: usize) -> Option<&'a [u8; N]> {
        self.reader.rest().get(distance..)?.first_chunk()
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Decided> {
        self.reader.take(length).ok_or_else(|| self.malformed())
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Decided> {
        let bytes = self.take(N)?;
        bytes.first_chunk().ok_or_else(|| self.malformed())
    }

    pub(super) fn byte(&mut self) -> Result<u8, Decided> {
        self.array().map(|[byte]| *byte)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Decided> {
        self.array().map(|bytes| u32::from_le_bytes(*bytes))
    }

    /// A number that counts or measures what follows, of at most `most`.
    pub(super) fn count(&mut self, most: usize) -> Result<usize, Decided> {
        let wrong = self.malformed();
        let (value, least) = match self.byte()? {
            0xfd => (u64::from(u16::from_le_bytes(*self.array()?)), 0xfd),
            0xfe => (u64::from(self.u32()?), 0x1_0000),
            0xff => (u64::from_le_bytes(*self.array()?), 0x1_0000_0000),
            short => (u64::from(short), 0),
        };
        self.is_loose |= value < least;
        usize::try_from(value).ok().filter(|value| *value <= most).ok_or(wrong)
    }

    /// A byte string of at most `most` bytes, behind its length.
    pub(super) fn bytes(&mut self, most: usize) -> Result<&'a [u8], Decided> {
        let length = self.count(most)?;
        self.take(length)
    }

    /// Elements of `size` bytes each behind their number.
    pub(super) fn skip_elements(&mut self, most: usize, size: usize) -> Result<usize, Decided> {
        let count = self.count(most)?;
        let length = count.checked_mul(size).ok_or_else(|| self.malformed())?;
        self.take(length)?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_one_three_five_or_nine_bytes() {
        let of = |bytes: &[u8]| {
            let mut wire = Wire::new(bytes);
            let count = wire.count(1 << 33).ok();
            (count, wire.is_loose, wire.reader.at())
        };
        assert_eq!(of(&[0xfc]), (Some(0xfc), false, 1));
        assert_eq!(of(&[0xfd, 0xfd, 0]), (Some(0xfd), false, 3));
        assert_eq!(of(&[0xfd, 0xfc, 0]), (Some(0xfc), true, 3));
        assert_eq!(of(&[0xfe, 0, 0, 1, 0]), (Some(1 << 16), false, 5));
        assert_eq!(of(&[0xfe, 0xff, 0xff, 0, 0]), (Some(0xffff), true, 5));
        assert_eq!(of(&[0xff, 0, 0, 0, 0, 1, 0, 0, 0]), (Some(1 << 32), false, 9));
        assert_eq!(of(&[0xff; 9]).0, None);
        assert_eq!(of(&[0xfe, 0, 0]).0, None);
        assert!(Wire::new(&[5, 0]).bytes(5).is_err());
        assert!(Wire::new(&[2, 0, 0]).bytes(1).is_err());
        assert!(Wire::new(&[0xff; 9]).skip_elements(usize::MAX, 34).is_err());
    }
}
