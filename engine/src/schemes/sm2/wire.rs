//! The bytes of an SM2 item: what they are, never what they are worth.

use super::rules::Sm2Encoding;
use crate::Reason;
use crate::schemes::der::{self, Tail};
use crate::schemes::sec1::{self, Hybrid, Key};
use crate::schemes::weierstrass::{self, Bounds};

/// An item of a known form.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parsed {
    pub(super) key: Key,
    /// r, big-endian, or 0 where it has more than 256 bits.
    pub(super) r: [u8; 32],
    /// s, big-endian, or 0 where it has more than 256 bits.
    pub(super) s: [u8; 32],
    pub(super) facts: Facts,
}

/// Facts that the rule judges by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    /// The coordinates that the key carries are below p.
    pub(super) key_reduced: bool,
    /// r and s are in [1, n − 1].
    pub(super) in_range: bool,
    /// r + s = n, that is t = 0 where r and s are in range.
    pub(super) sum_is_order: bool,
}

/// Splits an item, or says what is wrong with its form.
pub(super) fn parse(
    bounds: &Bounds,
    encoding: Sm2Encoding,
    key: &[u8],
    signature: &[u8],
) -> Result<Parsed, Reason> {
    let key = sec1::parse(key, Hybrid::Refused, bounds.p)?;
    let [r, s] = parse_signature(encoding, signature)?;
    let facts = Facts {
        key_reduced: key.reduced,
        in_range: bounds.has_scalar(&r) && bounds.has_scalar(&s),
        sum_is_order: weierstrass::add(&r, &s).is_some_and(|sum| sum == *bounds.n),
    };
    Ok(Parsed { key, r, s, facts })
}

fn parse_signature(encoding: Sm2Encoding, bytes: &[u8]) -> Result<[[u8; 32]; 2], Reason> {
    match encoding {
        Sm2Encoding::Raw => match bytes.as_chunks() {
            ([r, s], []) => Ok([*r, *s]),
            _ => Err(Reason::BadSignatureLength),
        },
        Sm2Encoding::Der if bytes.is_empty() => Err(Reason::BadSignatureLength),
        Sm2Encoding::Der => {
            let integers = der::strict(bytes, Tail::Refused).ok_or(Reason::BadSignatureEncoding)?;
            // 0 is out of range, as an integer that does not fit is.
            Ok(integers.map(|integer| der::padded(integer).unwrap_or_default()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schemes::weierstrass::Curve;

    const BOUNDS: Bounds = ::sm2::Sm2::BOUNDS;

    #[test]
    fn the_sum_of_r_and_s_is_compared_with_n() {
        let facts = |r: [u8; 32], s: [u8; 32]| {
            parse(&BOUNDS, Sm2Encoding::Raw, &[0; 64], &[r, s].concat()).unwrap().facts
        };
        let mut one = [0; 32];
        one[31] = 1;
        let mut last = *BOUNDS.n;
        last[31] -= 1;
        let at = |facts: Facts| (facts.in_range, facts.sum_is_order);
        assert_eq!(at(facts(one, last)), (true, true));
        assert_eq!(at(facts(last, one)), (true, true));
        assert_eq!(at(facts(last, last)), (true, false));
        assert_eq!(at(facts(one, one)), (true, false));
        assert_eq!(at(facts([0; 32], *BOUNDS.n)), (false, true));
    }

    #[test]
    fn both_encodings_give_the_same_numbers() {
        let der = [0x30, 7, 2, 1, 5, 2, 2, 0, 0x80];
        let mut raw = [0; 64];
        (raw[31], raw[63]) = (5, 0x80);
        assert_eq!(parse_signature(Sm2Encoding::Der, &der), parse_signature(Sm2Encoding::Raw, &raw));
        assert_eq!(parse_signature(Sm2Encoding::Raw, &der), Err(Reason::BadSignatureLength));
        assert_eq!(parse_signature(Sm2Encoding::Der, &raw), Err(Reason::BadSignatureEncoding));
        assert_eq!(parse_signature(Sm2Encoding::Der, &[]), Err(Reason::BadSignatureLength));
    }
}
