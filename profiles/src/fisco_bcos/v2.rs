//! Transactions of 2.x: a list in RLP of seven fields, or ten since RC2, and three of the signature.

use sigwarp::{EcdsaRule, Reason};

use super::plan::{Plan, SENDER, Signed};
use super::{Fault, Suite};
use crate::Cause;
use crate::profile::Decided;
use crate::rlp::{Item, Items, Malformed, list_header};
use crate::work::{HashId, Piece, Work};

/// Fields before the signature: nonce, gas price, gas, block limit, receiver, value, data; since RC2 also chain, group and
/// extra data.
const RC1: usize = 7;
const RC2: usize = 10;
const RECEIVER: usize = 4;
const DATA: usize = 6;
const CHAIN: usize = 7;
const EXTRA: usize = 9;

/// The fields of a signature: v or the key, r, s.
const SIGNATURE: usize = 3;

/// The order of secp256k1 (SEC 2, section 2.4.1). Nodes compare r and s with it before anything else, those of SM2
/// as well.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
    0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

/// What v is more than the recovery id.
const V_BASE: u8 = 27;

pub(super) fn parse<'a>(
    record: &'a [u8],
    suite: Suite,
    rule: EcdsaRule,
    ids: [Option<u64>; 2],
    work: &mut Work<'a>,
) -> Result<Plan<'a>, Decided> {
    let malformed = |at: usize| Decided::at(at, Fault::Malformed);
    let bad = |error: Malformed| malformed(error.at);
    let list = Item::read(record, 0).map_err(bad)?;
    if !list.is_list {
        return Err(malformed(0));
    }
    if list.end() != record.len() {
        return Err(malformed(list.end()));
    }
    let mut items = [list; RC2 + SIGNATURE];
    let mut count = 0;
    for item in Items::new(record, &list) {
        let item = item.map_err(bad)?;
        *items.get_mut(count).ok_or_else(|| malformed(item.at))? = item;
        count += 1;
    }
    let fields = match count.checked_sub(SIGNATURE) {
        Some(fields @ (RC1 | RC2)) => fields,
        _ => return Err(malformed(0)),
    };
    let (fields, signature) = items[..count].split_at(fields);
    for (place, item) in fields.iter().enumerate() {
        let is_fine = match place {
            // Nodes ask whether it is empty before they ask whether it is a string.
            RECEIVER => item.payload.is_empty() || !item.is_list && item.payload.len() == 20,
            DATA => !item.is_list,
            // A list counts as no bytes.
            EXTRA => true,
            _ => is_integer(item, 32),
        };
        if !is_fine {
            return Err(malformed(item.at));
        }
    }
    let [v, r, s] = signature else { return Err(malformed(0)) };
    if let Some(item) = [r, s].into_iter().find(|item| !is_integer(item, 32)) {
        return Err(malformed(item.at));
    }
    let (r, s): ([u8; 32], [u8; 32]) = (padded(r.payload), padded(s.payload));
    let rs = work.own_all([r.as_slice(), &s]);
    let signed = match suite {
        Suite::Keccak => match v.payload {
            _ if !is_integer(v, 1) => return Err(malformed(v.at)),
            [byte @ (V_BASE | 28)] => Signed::Keccak { rs, recovery_id: byte - V_BASE, rule },
            _ => return Err(Decided::at(v.at, Fault::BadSignatureEncoding)),
        },
        // Nodes fill a shorter key with zeros in front, as clients write it that encode it as an integer; of one byte
        // it is the v of the other suite.
        Suite::Sm => match v.payload.len() {
            2..=64 if !v.is_list => Signed::Sm { rs, key: work.own(&padded::<64>(v.payload)) },
            _ => return Err(malformed(v.at)),
        },
    };
    if [r, s].iter().any(|scalar| *scalar == [0; 32] || *scalar >= ORDER) {
        return Err(Cause::from(Reason::ScalarOutOfRange).in_role(SENDER).into());
    }
    if fields.len() == RC2 {
        let is_other = |(item, id): (&Item<'_>, Option<u64>)| id.is_some() && id != number(item.payload);
        if fields[CHAIN..].iter().zip(ids).any(is_other) {
            return Err(Fault::WrongChain.into());
        }
    }
    let digest = hash(suite, record, fields, &[], work);
    // Encoded again, most records are what they were.
    let is_same =
        !fields.iter().any(|item| item.is_list) && (suite == Suite::Keccak || v.payload.len() == 64);
    let id = match &signed {
        _ if is_same => work.hash(suite.hash(), &[record.into()]),
        Signed::Keccak { .. } => {
            let signature = &record[v.at..];
            hash(suite, record, fields, &[(signature.into(), signature.len())], work)
        }
        Signed::Sm { key, .. } => {
            let scalars = &record[v.end()..];
            let header = work.own(&[0xb8, 64]);
            hash(suite, record, fields, &[(header, 2), (*key, 64), (scalars.into(), scalars.len())], work)
        }
    };
    Ok(Plan::new(digest, id, None, signed, work))
}

/// The hash of a list of these fields, in which a list is an empty string, and of what follows, each with its length.
fn hash<'a>(
    suite: Suite,
    record: &'a [u8],
    fields: &[Item<'a>],
    after: &[(Piece<'a>, usize)],
    work: &mut Work<'a>,
) -> HashId {
    let (Some(first), Some(last)) = (fields.first(), fields.last()) else {
        return work.hash(suite.hash(), &[]);
    };
    let mut parts = Vec::with_capacity(8);
    let mut start = first.at;
    for list in fields.iter().filter(|item| item.is_list) {
        parts.push((Piece::from(&record[start..list.at]), list.at - start));
        parts.push((Piece::from(&[0x80]), 1));
        start = list.end();
    }
    parts.push((record[start..last.end()].into(), last.end() - start));
    parts.extend_from_slice(after);
    let (header, count) = list_header(parts.iter().map(|(_, length)| length).sum());
    let mut pieces = vec![work.own(&header[..count])];
    pieces.extend(parts.iter().map(|(piece, _)| *piece));
    work.hash(suite.hash(), &pieces)
}

/// Whether this is an integer of at most `bytes` bytes.
fn is_integer(item: &Item<'_>, bytes: usize) -> bool {
    !item.is_list && item.payload.len() <= bytes && item.payload.first() != Some(&0)
}

/// At most `N` bytes with zeros in front.
fn padded<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut padded = [0; N];
    padded[N.saturating_sub(bytes.len())..].copy_from_slice(&bytes[bytes.len().saturating_sub(N)..]);
    padded
}

/// The number that these digits are; `None` where it does not fit.
fn number(digits: &[u8]) -> Option<u64> {
    (digits.len() <= 8).then(|| digits.iter().fold(0, |value, &digit| value << 8 | u64::from(digit)))
}
