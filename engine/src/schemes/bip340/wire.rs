//! The bytes of a BIP 340 item: what they are, never what they are worth.

use sigwarp_tables::be_below;
use sigwarp_tables::secp256::k1;

use crate::Reason;

/// An item of the right lengths.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parsed {
    /// x of the key, big-endian.
    pub(super) key: [u8; 32],
    /// x of R, big-endian.
    pub(super) r: [u8; 32],
    /// s, big-endian, not reduced.
    pub(super) s: [u8; 32],
    pub(super) facts: Facts,
}

/// Facts that the rule judges by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    /// x of the key is below p.
    pub(super) key_reduced: bool,
    /// r is below p.
    pub(super) r_reduced: bool,
    /// s is below n. It may be 0.
    pub(super) s_below_order: bool,
}

/// Splits an item, or says which length is wrong.
pub(super) fn parse(key: &[u8], signature: &[u8]) -> Result<Parsed, Reason> {
    let key: [u8; 32] = key.try_into().map_err(|_| Reason::BadKeyLength)?;
    let (r, s) = match signature.as_chunks() {
        ([r, s], []) => (*r, *s),
        _ => return Err(Reason::BadSignatureLength),
    };
    let facts = Facts {
        key_reduced: be_below(&key, &k1::P),
        r_reduced: be_below(&r, &k1::P),
        s_below_order: be_below(&s, &k1::N),
    };
    Ok(Parsed { key, r, s, facts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_checked_key_first() {
        assert_eq!(parse(&[0; 33], &[0; 63]).unwrap_err(), Reason::BadKeyLength);
        assert_eq!(parse(&[], &[0; 64]).unwrap_err(), Reason::BadKeyLength);
        for len in (0..130).filter(|&len| len != 64) {
            assert_eq!(parse(&[0; 32], &vec![0; len]).unwrap_err(), Reason::BadSignatureLength);
        }
    }

    #[test]
    fn bounds_are_exact() {
        let less = |value: &[u8; 32]| {
            let mut less = *value;
            less[31] -= 1;
            less
        };
        let facts = |key: [u8; 32], r: [u8; 32], s: [u8; 32]| {
            let parsed = parse(&key, &[r, s].concat()).unwrap();
            assert_eq!((parsed.key, parsed.r, parsed.s), (key, r, s));
            (parsed.facts.key_reduced, parsed.facts.r_reduced, parsed.facts.s_below_order)
        };
        assert_eq!(facts(less(&k1::P), less(&k1::P), less(&k1::N)), (true, true, true));
        assert_eq!(facts(k1::P, less(&k1::P), [0; 32]), (false, true, true));
        assert_eq!(facts(k1::N, k1::P, k1::N), (true, false, false));
    }
}
