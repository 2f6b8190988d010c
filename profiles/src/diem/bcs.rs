//! Transactions in BCS, as far as it must be read to find their ends: every value has one encoding.
//!
//! Sources: the specification of BCS, `diem-types` (`transaction`, `write_set`) and `move-core-types` (`language_storage`).

use crate::Reader;

/// The bytes of an account's address.
pub(super) const ADDRESS: usize = 16;
/// The longest sequence (`bcs::MAX_SEQUENCE_LENGTH`).
const MOST: u32 = (1 << 31) - 1;
/// How deep types contain types: the 500 containers of `bcs::MAX_CONTAINER_DEPTH`, without those around them.
const MOST_DEPTH: usize = 490;

/// A number of 32 bits in the fewest groups of seven bits, the lowest first.
pub(super) fn uleb(reader: &mut Reader<'_>) -> Option<u32> {
    let mut value: u64 = 0;
    for shift in (0..35).step_by(7) {
        let byte = reader.byte()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let is_shortest = shift == 0 || byte != 0;
            return u32::try_from(value).ok().filter(|_| is_shortest);
        }
    }
    None
}

/// The length of a sequence.
pub(super) fn length(reader: &mut Reader<'_>) -> Option<usize> {
    usize::try_from(uleb(reader).filter(|length| *length <= MOST)?).ok()
}

pub(super) fn bytes<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = length(reader)?;
    reader.take(length)
}

fn text(reader: &mut Reader<'_>) -> Option<()> {
    std::str::from_utf8(bytes(reader)?).ok().map(drop)
}

/// Elements behind their number, each of a byte at least.
fn sequence<'a>(reader: &mut Reader<'a>, element: impl Fn(&mut Reader<'a>) -> Option<()>) -> Option<()> {
    (0..length(reader)?).try_for_each(|_| element(reader))
}

/// What is signed of a transaction.
pub(super) struct Raw<'a> {
    pub(super) sender: &'a [u8],
    pub(super) bytes: &'a [u8],
    pub(super) chain_id: u8,
}

/// `sender 16 ‖ sequence number 8 ‖ payload ‖ gas 8 ‖ its price 8 ‖ its currency ‖ expiry 8 ‖ chain id 1`.
pub(super) fn raw<'a>(reader: &mut Reader<'a>) -> Option<Raw<'a>> {
    let start = reader.at();
    let sender = reader.take(ADDRESS)?;
    reader.take(8)?;
    match uleb(reader)? {
        0 => write_set(reader)?,
        1 => script(reader)?,
        // A module.
        2 => bytes(reader).map(drop)?,
        3 => {
            reader.take(ADDRESS)?;
            text(reader)?;
            text(reader)?;
            sequence(reader, |reader| type_tag(reader, MOST_DEPTH))?;
            sequence(reader, |reader| bytes(reader).map(drop))?;
        }
        _ => return None,
    }
    reader.take(8 + 8)?;
    text(reader)?;
    reader.take(8)?;
    let chain_id = reader.byte()?;
    Some(Raw { sender, bytes: reader.since(start), chain_id })
}

fn script(reader: &mut Reader<'_>) -> Option<()> {
    bytes(reader)?;
    sequence(reader, |reader| type_tag(reader, MOST_DEPTH))?;
    sequence(reader, |reader| match uleb(reader)? {
        0 => reader.take(1).map(drop),
        1 => reader.take(8).map(drop),
        2 => reader.take(16).map(drop),
        3 => reader.take(ADDRESS).map(drop),
        4 => bytes(reader).map(drop),
        5 => (reader.byte()? <= 1).then_some(()),
        _ => None,
    })
}

/// A change of the state as it is, or a script that makes one.
fn write_set(reader: &mut Reader<'_>) -> Option<()> {
    match uleb(reader)? {
        0 => {
            sequence(reader, |reader| {
                reader.take(ADDRESS)?;
                bytes(reader)?;
                match uleb(reader)? {
                    0 => Some(()),
                    1 => bytes(reader).map(drop),
                    _ => None,
                }
            })?;
            sequence(reader, |reader| {
                // The first version of an event, whose key has 24 bytes.
                let is_known = uleb(reader)? == 0 && bytes(reader)?.len() == ADDRESS + 8;
                reader.take(8)?;
                type_tag(reader, MOST_DEPTH)?;
                bytes(reader).filter(|_| is_known).map(drop)
            })
        }
        1 => {
            reader.take(ADDRESS)?;
            script(reader)
        }
        _ => None,
    }
}

/// A type of Move, which contains others no deeper than this.
fn type_tag(reader: &mut Reader<'_>, depth: usize) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    match uleb(reader)? {
        // Bool, u8, u64, u128, address, signer.
        0..=5 => Some(()),
        // A vector.
        6 => type_tag(reader, depth),
        // A struct, which is a container of its own.
        7 => {
            let depth = depth.checked_sub(1)?;
            reader.take(ADDRESS)?;
            text(reader)?;
            text(reader)?;
            sequence(reader, |reader| type_tag(reader, depth))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_fewest_groups() {
        let of = |bytes: &[u8]| uleb(&mut Reader::new(bytes));
        assert_eq!(of(&[0]), Some(0));
        assert_eq!(of(&[0x80, 1]), Some(128));
        assert_eq!(of(&[0xff, 0xff, 0xff, 0xff, 0x0f]), Some(u32::MAX));
        for bad in [&[0x80, 0][..], &[0x81, 0], &[0xff, 0xff, 0xff, 0xff, 0x1f], &[0x80; 6], &[0x80], &[]] {
            assert_eq!(of(bad), None, "{bad:?}");
        }
        assert_eq!(length(&mut Reader::new(&[0x80, 0x80, 0x80, 0x80, 8])), None);
    }

    #[test]
    fn types_are_nested_no_deeper_than_bcs_takes() {
        let of = |depth: usize| {
            let tag = [vec![6; depth], vec![0]].concat();
            type_tag(&mut Reader::new(&tag), MOST_DEPTH)
        };
        assert_eq!(of(MOST_DEPTH - 1), Some(()));
        assert_eq!(of(MOST_DEPTH), None);
        assert_eq!(of(1 << 20), None);
    }
}
