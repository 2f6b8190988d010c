//! The bytes of an Ed25519 item: what they are, never what they are worth.

use sigwarp_tables::{edwards25519 as table, le_below};

use crate::Reason;

/// An item of the right lengths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parsed<'a> {
    /// The encoding of the key A.
    pub(crate) a: &'a [u8; 32],
    /// The encoding of R.
    pub(crate) r: &'a [u8; 32],
    /// S, little-endian, not reduced.
    pub(crate) s: &'a [u8; 32],
    /// What the bytes say about themselves.
    pub(super) facts: Facts,
}

/// Facts that rules judge by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) key: PointFacts,
    pub(super) r: PointFacts,
    pub(super) s_below_order: bool,
    pub(super) s_below_2_253: bool,
}

/// What the encoding of a point says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PointFacts {
    /// y < p.
    pub(super) y_reduced: bool,
    /// x = 0 with sign bit 1. On this curve x = 0 exactly where y = ±1.
    pub(super) signed_zero: bool,
    /// One of the 14 encodings of the points whose order divides 8.
    pub(super) small_order: bool,
}

impl PointFacts {
    /// The facts about the encoding of a key, or the reason for which it is none.
    #[inline]
    pub(crate) fn of_key(key: &[u8]) -> Result<([u8; 32], Self), Reason> {
        let bytes: [u8; 32] = key.try_into().map_err(|_| Reason::BadKeyLength)?;
        Ok((bytes, point_facts(&bytes)))
    }

    /// The facts in three bits, for those who keep them without understanding them.
    #[inline]
    pub(crate) const fn bits(self) -> u8 {
        self.y_reduced as u8 | (self.signed_zero as u8) << 1 | (self.small_order as u8) << 2
    }

    /// The inverse.
    #[inline]
    pub(crate) const fn from_bits(bits: u8) -> Self {
        Self { y_reduced: bits & 1 != 0, signed_zero: bits & 2 != 0, small_order: bits & 4 != 0 }
    }
}

/// Splits an item, or says which length is wrong. `known` are the facts about the key where they are known.
pub(crate) fn parse<'a>(
    key: &'a [u8],
    known: Option<PointFacts>,
    signature: &'a [u8],
) -> Result<Parsed<'a>, Reason> {
    let a: &[u8; 32] = key.try_into().map_err(|_| Reason::BadKeyLength)?;
    let (r, s) = match signature.as_chunks() {
        ([r, s], []) => (r, s),
        _ => return Err(Reason::BadSignatureLength),
    };
    let facts = Facts {
        key: known.unwrap_or_else(|| point_facts(a)),
        r: point_facts(r),
        s_below_order: le_below(s, &table::L),
        s_below_2_253: s[31] < 0x20,
    };
    Ok(Parsed { a, r, s, facts })
}

/// The first eight bytes of each entry of the table of small-order points.
const SMALL_ORDER_BEGIN: [u64; table::SMALL_ORDER_Y.len()] = {
    let mut words = [0; table::SMALL_ORDER_Y.len()];
    let mut i = 0;
    while i < words.len() {
        let mut byte = 8;
        while byte > 0 {
            byte -= 1;
            words[i] = words[i] << 8 | table::SMALL_ORDER_Y[i][byte] as u64;
        }
        i += 1;
    }
    words
};

/// Whether an encoding that decodes is the one that its point encodes to.
#[inline]
pub(super) fn is_canonical(encoding: &[u8; 32]) -> bool {
    let word = encoding.as_chunks::<8>().0[1];
    // y = 1 has zeros there; y = −1 and everything from p on, ones.
    if !matches!(u64::from_le_bytes(word), 0 | u64::MAX) {
        return true;
    }
    let facts = point_facts(encoding);
    facts.y_reduced && !facts.signed_zero
}

fn point_facts(encoding: &[u8; 32]) -> PointFacts {
    let sign = encoding[31] >> 7 == 1;
    let mut y = *encoding;
    y[31] &= 0x7f;
    // Hardly any encoding begins as one of the table does.
    let begin = y.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let index = if SMALL_ORDER_BEGIN.contains(&begin) {
        table::SMALL_ORDER_Y.iter().position(|small| *small == y)
    } else {
        None
    };
    // Entries 1, 2 and 4 of the table are the encodings of y = 1, y = −1 and y = 1 again.
    let x_zero = matches!(index, Some(1 | 2 | 4));
    PointFacts {
        y_reduced: le_below(&y, &table::P),
        signed_zero: sign && x_zero,
        small_order: index.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_checked_key_first() {
        assert_eq!(parse(&[0; 31], None, &[0; 63]).unwrap_err(), Reason::BadKeyLength);
        assert_eq!(parse(&[0; 33], None, &[0; 64]).unwrap_err(), Reason::BadKeyLength);
        for len in (0..130).filter(|&len| len != 64) {
            assert_eq!(parse(&[0; 32], None, &vec![0; len]).unwrap_err(), Reason::BadSignatureLength);
        }
        assert!(parse(&[0; 32], None, &[0; 64]).is_ok());
    }

    #[test]
    fn facts_are_kept_in_three_bits() {
        let none = PointFacts { y_reduced: false, signed_zero: false, small_order: false };
        assert_eq!(none.bits(), 0);
        assert_eq!(PointFacts { y_reduced: true, ..none }.bits(), 1);
        assert_eq!(PointFacts { signed_zero: true, ..none }.bits(), 2);
        assert_eq!(PointFacts { small_order: true, ..none }.bits(), 4);
        for bits in 0..8 {
            assert_eq!(PointFacts::from_bits(bits).bits(), bits);
        }
    }

    #[test]
    fn the_parts_are_where_they_belong() {
        let mut signature = [1; 64];
        signature[32..].fill(2);
        let parsed = parse(&[3; 32], None, &signature).unwrap();
        assert_eq!((parsed.a, parsed.r, parsed.s), (&[3; 32], &[1; 32], &[2; 32]));
    }

    #[test]
    fn bounds_of_s_are_exact() {
        let facts = |s: [u8; 32]| {
            let mut signature = [0; 64];
            signature[32..].copy_from_slice(&s);
            let facts = parse(&[0; 32], None, &signature).unwrap().facts;
            (facts.s_below_order, facts.s_below_2_253)
        };
        let mut below = table::L;
        below[0] -= 1;
        assert_eq!(facts(below), (true, true));
        assert_eq!(facts(table::L), (false, true));
        let mut most = [0xff; 32];
        most[31] = 0x1f;
        assert_eq!(facts(most), (false, true));
        let mut bound = [0; 32];
        bound[31] = 0x20;
        assert_eq!(facts(bound), (false, false));
    }

    #[test]
    fn canonical_encodings_are_told_from_others() {
        let with = |y: [u8; 32], sign: u8| {
            let mut encoding = y;
            encoding[31] |= sign << 7;
            is_canonical(&encoding)
        };
        for sign in [0, 1] {
            for above in 0..19u8 {
                let mut y = table::P;
                y[0] += above;
                assert!(!with(y, sign), "p + {above}");
            }
            for below in 2..=255 {
                let mut y = table::P;
                let (low, borrow) = y[0].overflowing_sub(below);
                (y[0], y[1]) = (low, y[1] - u8::from(borrow));
                assert!(with(y, sign), "p − {below}");
            }
            let mut y = [0; 32];
            assert!(with(y, sign));
            y[0] = 1;
            assert_eq!(with(y, sign), sign == 0);
            let mut y = table::P;
            y[0] -= 1;
            assert_eq!(with(y, sign), sign == 0);
            // Zeros or ones in the word that is looked at first, and not elsewhere.
            for byte in [0, 7, 16, 24, 31] {
                for fill in [0, 0xff] {
                    let mut y = [fill; 32];
                    (y[31], y[byte]) = (fill & 0x7f, 0x55);
                    assert!(with(y, sign), "byte {byte}");
                }
            }
        }
    }

    #[test]
    fn points_are_described_exactly() {
        let with = |byte0: u8, sign: u8| {
            let mut y = table::P;
            y[0] = byte0;
            y[31] |= sign << 7;
            point_facts(&y)
        };
        // p − 2, p − 1 (y = −1), p, p + 1 (y = 1), p + 2.
        for sign in [0, 1] {
            let facts: Vec<_> = [0xeb, 0xec, 0xed, 0xee, 0xef].map(|byte0| with(byte0, sign)).into();
            let of = |field: fn(&PointFacts) -> bool| facts.iter().map(field).collect::<Vec<_>>();
            assert_eq!(of(|f| f.y_reduced), [true, true, false, false, false]);
            assert_eq!(of(|f| f.small_order), [false, true, true, true, false]);
            assert_eq!(of(|f| f.signed_zero), [false, sign == 1, false, sign == 1, false]);
        }
        let mut one = [0; 32];
        one[0] = 1;
        assert!(!point_facts(&one).signed_zero);
        one[31] = 0x80;
        assert_eq!(point_facts(&one), PointFacts { y_reduced: true, signed_zero: true, small_order: true });
    }
}
