//! What damage may leave a record valid: the bits that no signature covers, as `docs/profiles.md` lists them.

use std::ops::Range;

use sigwarp_profiles::Report;
use sigwarp_profiles::chainlink::{self, Form};
use sigwarp_profiles::ethereum;

use crate::ethereum::{items, span};

/// A change of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damage {
    /// Cut to this length.
    Cut(usize),
    /// This bit flipped, counted from the most significant one of the first byte.
    Flip(usize),
}

impl Damage {
    pub(crate) fn of(self, record: &[u8]) -> Vec<u8> {
        match self {
            Self::Cut(length) => record[..length].to_vec(),
            Self::Flip(bit) => {
                let mut record = record.to_vec();
                record[bit / 8] ^= 0x80 >> (bit % 8);
                record
            }
        }
    }
}

/// Ethereum: flips that make another sender, and those outside of the transaction in the network form.
pub(crate) fn ethereum(
    record: &[u8],
    context: &ethereum::Context,
    damage: Damage,
    (whole, damaged): (&Report, &Report),
) -> bool {
    let Damage::Flip(bit) = damage else { return false };
    let around = |range: Range<usize>| !range.contains(&(bit / 8));
    let is_around = context.network_form && inner(record).is_some_and(around);
    is_around || whole.sender != damaged.sender
}

/// Where the transaction stands in the network form of type 3.
fn inner(record: &[u8]) -> Option<Range<usize>> {
    let (&[3], list) = record.split_first_chunk::<1>()? else { return None };
    let (start, _) = span(list)?;
    let first = *items(list)?.first()?;
    (first[0] >= 0xc0).then(|| 1 + start..1 + start + first.len())
}

/// XRP Ledger: the value of the field `Signature`; as a whole at the end, that field and the signatures of counterparties and
/// sponsors.
pub(crate) fn xrpl(record: &[u8], damage: Damage, (whole, damaged): (&Report, &Report)) -> bool {
    let free = signature_field(record);
    match damage {
        Damage::Flip(bit) => free.contains(&(bit / 8)),
        Damage::Cut(length) => {
            let is_role = [[0xe0, 37], [0xe0, 38]].iter().any(|id| record[length..].starts_with(id));
            length + 2 == free.start || is_role && damaged.signatures.len() < whole.signatures.len()
        }
    }
}

/// Where the value of a `Signature` stands, right behind the `TxnSignature` of a transaction that has both.
fn signature_field(record: &[u8]) -> Range<usize> {
    let key = record.windows(2).position(|window| window == [0x73, 33]);
    let Some(after_key) = key.map(|at| at + 2 + 33) else { return 0..0 };
    let length = |at: usize, id: u8| match record.get(at..at + 2) {
        Some(&[found, length]) if found == id => Some(usize::from(length)),
        _ => None,
    };
    let Some(signature) = length(after_key, 0x74) else { return 0..0 };
    let at = after_key + 2 + signature;
    length(at, 0x76).map_or(0..0, |length| at + 2..at + 2 + length)
}

/// Chainlink: `vs` past the signatures and, in signed reports, what no offset leads to.
pub(crate) fn chainlink(record: &[u8], context: &chainlink::Context, damage: Damage) -> bool {
    let (start, before) = match context.form {
        Form::Ocr1 { .. } => (4, 0),
        Form::Ocr2 { .. } => (4, 3),
        Form::Streams { .. } => (0, 3),
        Form::Ocr3 { .. } => return false,
    };
    let covered = covered(record, start, before);
    match damage {
        Damage::Flip(bit) => !covered[bit / 8],
        Damage::Cut(length) => {
            matches!(context.form, Form::Streams { .. }) && covered[length..].iter().all(|byte| !byte)
        }
    }
}

/// Which bytes of a well-formed tuple matter: context, offsets, lengths and what they lead to, and a v for each signature.
fn covered(record: &[u8], start: usize, before: usize) -> Vec<bool> {
    let mut covered = vec![false; record.len()];
    covered[..start + 32 * (before + 3)].fill(true);
    let number = |at: usize| {
        record[at..at + 32].iter().fold(0, |number: usize, byte| number << 8 | usize::from(*byte))
    };
    for (place, unit) in [(0, 1), (1, 32), (2, 32)] {
        let at = start + number(start + 32 * (before + place));
        covered[at..at + 32 + unit * number(at)].fill(true);
        if place == 1 {
            let vs = start + 32 * (before + 3);
            covered[vs..vs + number(at)].fill(true);
        }
    }
    covered
}
