//! The bytes of an ECDSA item: what they are, never what they are worth.

use sigwarp_tables::be_below;

use super::rules::EcdsaEncoding;
use crate::Reason;
use crate::schemes::der::{self, Tail};
use crate::schemes::sec1::{self, Hybrid, Key};
use crate::schemes::weierstrass::Bounds;

/// An item of a known form.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parsed {
    pub(super) key: Key,
    pub(super) signature: Signature,
    pub(super) facts: Facts,
}

/// The numbers of a signature, big-endian. They are scalars only where the facts say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signature {
    /// r, or 0 where it has more than 256 bits.
    pub(super) r: [u8; 32],
    /// s, or 0 where it has more than 256 bits.
    pub(super) s: [u8; 32],
    /// The recovery id of `raw-v`.
    pub(super) recovery_id: Option<RecoveryId>,
}

/// Which of the points with x(R) ≡ r mod n is R (SEC 1 section 4.1.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecoveryId {
    /// Bit 0: y(R) is odd.
    pub(super) y_is_odd: bool,
    /// Bit 1: x(R) is r + n and not r.
    pub(super) x_is_r_plus_n: bool,
}

/// Facts that rules judge by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    /// The coordinates that the key carries are below p.
    pub(super) key_reduced: bool,
    pub(super) signature: SignatureFacts,
}

/// What a signature says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SignatureFacts {
    /// r and s are in [1, n − 1].
    pub(super) in_range: bool,
    /// s ≤ ⌊n / 2⌋.
    pub(super) low_s: bool,
}

/// Splits an item, or says what is wrong with its form.
pub(super) fn parse(
    bounds: &Bounds,
    encoding: EcdsaEncoding,
    hybrid: Hybrid,
    key: &[u8],
    signature: &[u8],
) -> Result<Parsed, Reason> {
    let key = sec1::parse(key, hybrid, bounds.p)?;
    let signature = parse_signature(encoding, signature)?;
    let facts = Facts { key_reduced: key.reduced, signature: signature_facts(bounds, &signature) };
    Ok(Parsed { key, signature, facts })
}

/// Reads a signature, or says what is wrong with its form.
pub(super) fn parse_signature(encoding: EcdsaEncoding, bytes: &[u8]) -> Result<Signature, Reason> {
    /// The shortest and the longest signature of BIP 66, without the hash type.
    const BIP66_LENGTHS: std::ops::RangeInclusive<usize> = 8..=72;

    let integers = match encoding {
        EcdsaEncoding::Raw => match bytes.as_chunks() {
            ([r, s], []) => return Ok(Signature { r: *r, s: *s, recovery_id: None }),
            _ => return Err(Reason::BadSignatureLength),
        },
        EcdsaEncoding::RawV => match bytes.as_chunks() {
            ([r, s], [id]) => {
                let recovery_id = Some(RecoveryId::new(*id).ok_or(Reason::BadSignatureEncoding)?);
                return Ok(Signature { r: *r, s: *s, recovery_id });
            }
            _ => return Err(Reason::BadSignatureLength),
        },
        _ if bytes.is_empty() => return Err(Reason::BadSignatureLength),
        EcdsaEncoding::Der => der::strict(bytes, Tail::Refused),
        // Within its lengths BIP 66 takes what DER takes: no length there needs the long form.
        EcdsaEncoding::DerBip66 if !BIP66_LENGTHS.contains(&bytes.len()) => {
            return Err(Reason::BadSignatureLength);
        }
        EcdsaEncoding::DerBip66 => der::strict(bytes, Tail::Refused),
        EcdsaEncoding::DerLax => der::lax(bytes),
        EcdsaEncoding::DerTrailing => der::strict(bytes, Tail::Ignored),
    };
    let [r, s] = integers.ok_or(Reason::BadSignatureEncoding)?;
    // 0 is out of range, as an integer that does not fit is.
    let [r, s] = [r, s].map(|integer| der::padded(integer).unwrap_or_default());
    Ok(Signature { r, s, recovery_id: None })
}

#[inline]
pub(super) fn signature_facts(bounds: &Bounds, signature: &Signature) -> SignatureFacts {
    SignatureFacts {
        in_range: bounds.has_scalar(&signature.r) && bounds.has_scalar(&signature.s),
        low_s: !be_below(bounds.half_n, &signature.s),
    }
}

impl RecoveryId {
    /// The recovery id of a byte, which is 0 to 3.
    #[inline]
    pub(super) const fn new(id: u8) -> Option<Self> {
        if id > 3 {
            return None;
        }
        Some(Self { y_is_odd: id & 1 == 1, x_is_r_plus_n: id & 2 == 2 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schemes::weierstrass::Curve;

    const K1: Bounds = k256::Secp256k1::BOUNDS;

    #[test]
    fn raw_parts_are_where_they_belong() {
        let mut bytes = [1; 65];
        bytes[32..64].fill(2);
        bytes[64] = 2;
        let raw = Signature { r: [1; 32], s: [2; 32], recovery_id: None };
        assert_eq!(parse_signature(EcdsaEncoding::Raw, &bytes[..64]), Ok(raw));
        let recovery_id = Some(RecoveryId { y_is_odd: false, x_is_r_plus_n: true });
        assert_eq!(parse_signature(EcdsaEncoding::RawV, &bytes), Ok(Signature { recovery_id, ..raw }));
        for len in (0..=65).filter(|&len| len != 64) {
            let length = Err(Reason::BadSignatureLength);
            assert_eq!(parse_signature(EcdsaEncoding::Raw, &bytes[..len]), length);
        }
        assert_eq!(parse_signature(EcdsaEncoding::RawV, &bytes[..64]), Err(Reason::BadSignatureLength));
        for id in 0..=255 {
            bytes[64] = id;
            assert_eq!(parse_signature(EcdsaEncoding::RawV, &bytes).is_ok(), id < 4, "{id}");
        }
    }

    #[test]
    fn bip66_bounds_the_length_first() {
        let with_r =
            |len: usize| [&[0x30, len as u8 + 5, 2, len as u8], &vec![1; len][..], &[2, 1, 1]].concat();
        for len in 1..100 {
            let bytes = with_r(len);
            assert!(parse_signature(EcdsaEncoding::Der, &bytes).is_ok());
            let expected = if bytes.len() <= 72 { Ok(()) } else { Err(Reason::BadSignatureLength) };
            assert_eq!(parse_signature(EcdsaEncoding::DerBip66, &bytes).map(|_| ()), expected);
        }
        let short = parse_signature(EcdsaEncoding::DerBip66, &[0x30, 5, 2, 1, 1, 2, 0]);
        assert_eq!(short, Err(Reason::BadSignatureLength));
        assert_eq!(parse_signature(EcdsaEncoding::DerLax, &[]), Err(Reason::BadSignatureLength));
    }

    #[test]
    fn ranges_are_exact() {
        let less = |value: &[u8; 32]| {
            let mut less = *value;
            less[31] -= 1;
            less
        };
        let more = |value: &[u8; 32]| {
            let mut more = *value;
            more[31] += 1;
            more
        };
        let facts = |r: [u8; 32], s: [u8; 32]| {
            let facts = signature_facts(&K1, &Signature { r, s, recovery_id: None });
            (facts.in_range, facts.low_s)
        };
        let one = more(&[0; 32]);
        assert_eq!(facts(one, one), (true, true));
        assert_eq!(facts(less(K1.n), *K1.half_n), (true, true));
        assert_eq!(facts(one, more(K1.half_n)), (true, false));
        assert_eq!(facts(one, less(K1.n)), (true, false));
        for bad in [[0; 32], *K1.n, [0xff; 32]] {
            assert!(!facts(bad, one).0 && !facts(one, bad).0);
        }
    }
}
