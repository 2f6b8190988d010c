//! The ABI of Solidity, as far as the tuples of transmissions need it: words, and byte strings and arrays by offset.

use super::Fault;
use crate::profile::Decided;

/// A tuple: offsets count from its first byte.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tuple<'a> {
    bytes: &'a [u8],
    /// Where it begins in the record.
    start: usize,
}

/// The bytes of a word.
pub(super) const WORD: usize = 32;

impl<'a> Tuple<'a> {
    /// What the record has from `start` on.
    pub(super) fn new(record: &'a [u8], start: usize) -> Self {
        Self { bytes: record.get(start..).unwrap_or(&[]), start }
    }

    /// The bytes of these words of the head.
    pub(super) fn words(&self, first: usize, count: usize) -> Result<&'a [u8], Decided> {
        let words = self.bytes.get(first * WORD..(first + count) * WORD);
        words.ok_or_else(|| Decided::at(self.start + self.bytes.len(), Fault::Truncated))
    }

    /// The word of the head at this place.
    pub(super) fn word(&self, place: usize) -> Result<&'a [u8; WORD], Decided> {
        self.word_at((place * WORD) as u64)
    }

    /// The items, of `unit` bytes each, to which the offset at a place of the head leads: nothing but bounds is asked
    /// of it, so that it may lead anywhere within the tuple, also to where another does.
    pub(super) fn items(&self, place: usize, unit: u64) -> Result<&'a [u8], Decided> {
        let offset = self.number_at((place * WORD) as u64)?;
        let count = self.number_at(offset)?;
        let bad = || Decided::at(self.start + place * WORD, Fault::BadOffset);
        // The word of the count is inside, so this does not overflow.
        let first = offset + WORD as u64;
        let end = count.checked_mul(unit).and_then(|length| first.checked_add(length)).ok_or_else(bad)?;
        let range = usize::try_from(first).ok().zip(usize::try_from(end).ok());
        range.and_then(|(first, end)| self.bytes.get(first..end)).ok_or_else(bad)
    }

    /// The word at an offset.
    fn word_at(&self, offset: u64) -> Result<&'a [u8; WORD], Decided> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.bytes.get(offset..));
        let word = rest.and_then(<[u8]>::first_chunk);
        word.ok_or_else(|| Decided::at(self.start + self.bytes.len(), Fault::Truncated))
    }

    /// The number at an offset, which must be below 2^64.
    fn number_at(&self, offset: u64) -> Result<u64, Decided> {
        let word = self.word_at(offset)?;
        let (high, low) = word.split_at(WORD - 8);
        match low.try_into() {
            Ok(low) if high.iter().all(|byte| *byte == 0) => Ok(u64::from_be_bytes(low)),
            // The word was read, so its offset is one.
            _ => Err(Decided::at(self.start + offset as usize, Fault::BadOffset)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(number: u64) -> [u8; 32] {
        let mut word = [0; 32];
        word[24..].copy_from_slice(&number.to_be_bytes());
        word
    }

    fn fault(found: Result<&[u8], Decided>) -> String {
        found.expect_err("no items").0.verdict.cause().expect("a cause").to_string()
    }

    #[test]
    fn offsets_lead_anywhere_inside_and_nowhere_else() {
        let bytes = [word(64), word(32), word(3), word(7)].concat();
        let tuple = Tuple::new(&bytes, 0);
        // Three bytes after the word 2; and the word 1, whose 32 is a number of bytes.
        assert_eq!(tuple.items(0, 1).expect("three bytes"), [0; 3]);
        assert_eq!(tuple.items(1, 1).expect("a word"), word(3));
        assert_eq!(fault(tuple.items(0, 32)), "BadOffset");
        assert_eq!(fault(tuple.items(2, 1)), "BadOffset");
        for (offset, expected) in [(97, "Truncated"), (128, "Truncated"), (u64::MAX, "Truncated")] {
            let bytes = [word(offset), word(0), word(0), word(0)].concat();
            assert_eq!(fault(Tuple::new(&bytes, 0).items(0, 1)), expected, "{offset}");
        }
        for count in [65, 1 << 32, u64::MAX] {
            let bytes = [word(32), word(count), word(0), word(0)].concat();
            assert_eq!(fault(Tuple::new(&bytes, 0).items(0, 1)), "BadOffset", "{count}");
            assert_eq!(fault(Tuple::new(&bytes, 0).items(0, 32)), "BadOffset", "{count}");
        }
    }

    #[test]
    fn an_offset_of_2_to_the_64_is_no_offset() {
        let mut bytes = [word(0), word(0)].concat();
        bytes[23] = 1;
        assert_eq!(fault(Tuple::new(&bytes, 0).items(0, 1)), "BadOffset");
        assert_eq!(fault(Tuple::new(&bytes[..31], 0).items(0, 1)), "Truncated");
        assert_eq!(fault(Tuple::new(&bytes, 99).words(0, 1)), "Truncated");
    }
}
