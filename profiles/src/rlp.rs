//! Recursive length prefix (Yellow Paper, appendix B), canonical forms alone, on borrowed bytes. Systems whose
//! formats are RLP build on it.

use crate::Cause;
use crate::profile::Decided;

/// How bytes are malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// An item is longer than what there is.
    Truncated,
    /// A length in a form that is not the shortest.
    NonCanonicalLength,
    /// A byte below 0x80 with a header.
    NonCanonicalByte,
    /// An item is longer than the list that it stands in.
    ElementOverrun,
    /// More lists within lists than are read.
    TooDeep,
}

/// By the names that every system has for them.
impl From<Fault> for Cause {
    fn from(fault: Fault) -> Self {
        Self::new(match fault {
            Fault::Truncated => "Truncated",
            Fault::NonCanonicalLength => "NonCanonicalLength",
            Fault::NonCanonicalByte => "NonCanonicalByte",
            Fault::ElementOverrun => "ElementOverrun",
            Fault::TooDeep => "TooDeep",
        })
    }
}

/// Where bytes are malformed, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) at: usize,
    pub(crate) fault: Fault,
}

impl From<Malformed> for Decided {
    fn from(malformed: Malformed) -> Self {
        Self::at(malformed.at, malformed.fault)
    }
}

/// A string or a list, as a range of the bytes that it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item<'a> {
    pub(crate) is_list: bool,
    /// The offset of the header.
    pub(crate) at: usize,
    /// Header and payload.
    pub(crate) raw: &'a [u8],
    pub(crate) payload: &'a [u8],
}

impl<'a> Item<'a> {
    /// Reads the item at an offset of `bytes`.
    pub(crate) fn read(bytes: &'a [u8], at: usize) -> Result<Self, Malformed> {
        let malformed = |fault| Malformed { at, fault };
        let rest = bytes.get(at..).unwrap_or(&[]);
        let (&tag, after) = rest.split_first().ok_or(malformed(Fault::Truncated))?;
        let (is_list, base) = if tag < 0xc0 { (false, 0x80) } else { (true, 0xc0) };
        let (header, length) = match tag {
            ..0x80 => (0, 1),
            _ if tag - base <= 55 => (1, usize::from(tag - base)),
            _ => {
                let digits = usize::from(tag - base - 55);
                let digits = after.get(..digits).ok_or(malformed(Fault::Truncated))?;
                let length = digits
                    .iter()
                    .try_fold(0usize, |length, &digit| Some(length.checked_mul(256)? | usize::from(digit)));
                let is_short = length.is_some_and(|length| length <= 55);
                if digits[0] == 0 || is_short {
                    return Err(malformed(Fault::NonCanonicalLength));
                }
                (1 + digits.len(), length.ok_or(malformed(Fault::Truncated))?)
            }
        };
        let end = header.checked_add(length).ok_or(malformed(Fault::Truncated))?;
        let raw = rest.get(..end).ok_or(malformed(Fault::Truncated))?;
        let payload = &raw[header..];
        if let (0x81, [byte]) = (tag, payload)
            && *byte < 0x80
        {
            return Err(malformed(Fault::NonCanonicalByte));
        }
        Ok(Self { is_list, at, raw, payload })
    }

    /// The offset after the item.
    pub(crate) const fn end(&self) -> usize {
        self.at + self.raw.len()
    }

    /// The offset of the payload.
    pub(crate) const fn payload_at(&self) -> usize {
        self.end() - self.payload.len()
    }
}

/// The bytes of a list and its header, by its first bytes; `None` where they begin no list, or one that no memory
/// holds.
pub(crate) fn list_length(begin: &[u8]) -> Option<usize> {
    let (&tag, after) = begin.split_first()?;
    let short = tag.checked_sub(0xc0)?;
    if short <= 55 {
        return Some(1 + usize::from(short));
    }
    let digits = after.get(..usize::from(short - 55))?;
    let length = digits
        .iter()
        .try_fold(0usize, |length, &digit| Some(length.checked_mul(256)? | usize::from(digit)))?;
    length.checked_add(1 + digits.len())
}

/// The items of a list, one after another; `whole` are the bytes that the list was read from, so that an item that is
/// longer than its list is told from one that is longer than all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Items<'a> {
    whole: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Items<'a> {
    pub(crate) const fn new(whole: &'a [u8], list: &Item<'a>) -> Self {
        Self { whole, at: list.payload_at(), end: list.end() }
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Result<Item<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.end {
            return None;
        }
        let item = Item::read(self.whole, self.at).and_then(|item| match item.end() <= self.end {
            true => Ok(item),
            false => Err(Malformed { at: self.at, fault: Fault::ElementOverrun }),
        });
        self.at = item.map_or(self.end, |item| item.end());
        Some(item)
    }
}

/// The most lists within lists that are read.
const DEPTH: usize = 10;

/// A list that is being checked: what it begins at, what comes next in it, and what it ends at.
#[derive(Clone, Copy, Default)]
struct Open {
    header: usize,
    at: usize,
    end: usize,
}

/// Whether everything in a list is well-formed, however deep. What is wrong inside of a list is told before that the
/// list is longer than the one around it.
pub(crate) fn check(whole: &[u8], list: &Item<'_>) -> Result<(), Malformed> {
    // The lists that are open, the innermost last: a stack of its own, so that depth is bounded by a number.
    let mut open = [Open::default(); DEPTH];
    open[0] = Open { header: list.at, at: list.payload_at(), end: list.end() };
    let mut depth = 1;
    while let Some(inner) = open[..depth].last_mut() {
        if inner.at >= inner.end {
            let done = *inner;
            depth -= 1;
            if let Some(outer) = open[..depth].last()
                && done.end > outer.end
            {
                return Err(Malformed { at: done.header, fault: Fault::ElementOverrun });
            }
            continue;
        }
        let item = Item::read(whole, inner.at)?;
        if !item.is_list && item.end() > inner.end {
            return Err(Malformed { at: item.at, fault: Fault::ElementOverrun });
        }
        inner.at = item.end();
        if item.is_list {
            let place = open.get_mut(depth).ok_or(Malformed { at: item.at, fault: Fault::TooDeep })?;
            *place = Open { header: item.at, at: item.payload_at(), end: item.end() };
            depth += 1;
        }
    }
    Ok(())
}

/// The header of a list whose payload has this length: its bytes, and how many of the nine they are.
pub(crate) fn list_header(payload: usize) -> ([u8; 9], usize) {
    let mut header = [0; 9];
    match payload {
        short @ ..=55 => {
            header[0] = 0xc0 + short as u8;
            (header, 1)
        }
        long => {
            let digits = (long as u64).to_be_bytes();
            let skipped = (long as u64).leading_zeros() as usize / 8;
            let count = 8 - skipped;
            header[0] = 0xf7 + count as u8;
            header[1..=count].copy_from_slice(&digits[skipped..]);
            (header, 1 + count)
        }
    }
}

/// The encoding of an integer: its bytes, and how many of the nine they are.
pub(crate) fn integer(value: u64) -> ([u8; 9], usize) {
    let mut encoded = [0; 9];
    match value {
        1..0x80 => {
            encoded[0] = value as u8;
            (encoded, 1)
        }
        _ => {
            let skipped = value.leading_zeros() as usize / 8;
            let count = 8 - skipped;
            encoded[0] = 0x80 + count as u8;
            encoded[1..=count].copy_from_slice(&value.to_be_bytes()[skipped..]);
            (encoded, 1 + count)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(bytes: &[u8]) -> Result<(), Fault> {
        let read = Item::read(bytes, 0).and_then(|item| match item.is_list {
            true => check(bytes, &item),
            false => Ok(()),
        });
        read.map_err(|malformed| malformed.fault)
    }

    #[test]
    fn canonical_items_are_read() {
        for (bytes, is_list, payload) in [
            (&[0x7f][..], false, &[0x7f][..]),
            (&[0x80], false, &[]),
            (&[0x81, 0x80], false, &[0x80]),
            (&[0xc0], true, &[]),
            (&[0xc2, 0x80, 0x01], true, &[0x80, 0x01]),
        ] {
            let item = Item::read(bytes, 0).unwrap();
            assert_eq!((item.is_list, item.payload, item.raw), (is_list, payload, bytes));
            assert_eq!(fault(bytes), Ok(()));
        }
        let long = [&[0xb8, 56][..], &[7; 56]].concat();
        assert_eq!(Item::read(&long, 0).unwrap().payload, [7; 56]);
    }

    #[test]
    fn other_forms_are_refused() {
        assert_eq!(fault(&[]), Err(Fault::Truncated));
        assert_eq!(fault(&[0x81]), Err(Fault::Truncated));
        assert_eq!(fault(&[0x81, 0x7f]), Err(Fault::NonCanonicalByte));
        assert_eq!(fault(&[0xb8, 55]), Err(Fault::NonCanonicalLength));
        assert_eq!(fault(&[0xb9, 0, 56]), Err(Fault::NonCanonicalLength));
        assert_eq!(fault(&[0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), Err(Fault::Truncated));
        assert_eq!(fault(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), Err(Fault::Truncated));
        assert_eq!(fault(&[0xc1, 0x81]), Err(Fault::Truncated));
        assert_eq!(fault(&[0xc1, 0x81, 0x80]), Err(Fault::ElementOverrun));
        assert_eq!(fault(&[0xc2, 0xc1]), Err(Fault::Truncated));
        // The inner list is longer than the outer one, and fine or not in itself.
        assert_eq!(fault(&[0xc1, 0xc1, 0x80]), Err(Fault::ElementOverrun));
        assert_eq!(fault(&[0xc1, 0xc2, 0x81, 0x7f]), Err(Fault::NonCanonicalByte));
    }

    #[test]
    fn depth_has_a_bound() {
        let nested = |depth: u8| (0..depth).rev().map(|inside| 0xc0 + inside).collect::<Vec<u8>>();
        assert_eq!(fault(&nested(DEPTH as u8)), Ok(()));
        assert_eq!(fault(&nested(DEPTH as u8 + 1)), Err(Fault::TooDeep));
    }

    #[test]
    fn headers_and_integers_are_those_that_are_read() {
        for length in [0, 1, 55, 56, 255, 256, 65_536] {
            let (header, count) = list_header(length);
            let bytes = [&header[..count], &vec![0x01; length]].concat();
            let item = Item::read(&bytes, 0).unwrap();
            assert_eq!((item.is_list, item.payload.len(), item.end()), (true, length, bytes.len()));
            assert_eq!(list_length(&bytes[..bytes.len().min(9)]), Some(bytes.len()));
        }
        assert_eq!((list_length(&[]), list_length(&[0x80]), list_length(&[0xf9, 1])), (None, None, None));
        assert_eq!(list_length(&[0xff; 9]), None);
        for value in [0, 1, 0x7f, 0x80, 0xff, 0x100, u64::MAX] {
            let (bytes, count) = integer(value);
            let bytes = &bytes[..count];
            let item = Item::read(bytes, 0).unwrap();
            let back = item.payload.iter().fold(0, |value, &digit| value << 8 | u64::from(digit));
            assert_eq!((back, item.end(), item.payload.first() == Some(&0)), (value, bytes.len(), false));
        }
    }
}
