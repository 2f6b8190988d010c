//! The oracle: ECDSA as a search for R, on the points of k256 and p256.
//!
//! It shares nothing with `wire`, `rules` and `verify`. It never inverts s: it lifts every x that is congruent to r,
//! and accepts if one of those points R satisfies sR = eG + rQ, which no R at infinity can.

use k256::Secp256k1;
use k256::elliptic_curve::ProjectivePoint;
use k256::elliptic_curve::bigint::U256;
use k256::elliptic_curve::scalar::IsHigh;
use p256::NistP256;
use sha2::{Digest, Sha256};
use sha3::Keccak256;

use super::{EcdsaEncoding, EcdsaRule, EcdsaScheme};
use crate::Reason;
use crate::schemes::spec::{self, Curve, Key, Numbers, check};

/// The verdict on one item.
pub(crate) fn verify(
    scheme: EcdsaScheme,
    rule: EcdsaRule,
    encoding: EcdsaEncoding,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), Reason> {
    use EcdsaEncoding::{DerBip66, DerLax};
    use EcdsaScheme::*;
    let digest = match scheme {
        P256 | Secp256k1 => message.to_vec(),
        P256Sha256 | Secp256k1Sha256 => Sha256::digest(message).to_vec(),
        Secp256k1Sha256d => Sha256::digest(Sha256::digest(message)).to_vec(),
        Secp256k1Keccak256 => Keccak256::digest(message).to_vec(),
    };
    match scheme {
        P256 | P256Sha256 => {
            let key = Key::read(key, false)?;
            verify_digest::<NistP256>(rule, encoding, &key, &digest, signature)
        }
        Secp256k1 | Secp256k1Sha256 | Secp256k1Sha256d | Secp256k1Keccak256 => {
            let key = Key::read(key, matches!(encoding, DerBip66 | DerLax))?;
            verify_digest::<self::Secp256k1>(rule, encoding, &key, &digest, signature)
        }
    }
}

fn verify_digest<C: Curve>(
    rule: EcdsaRule,
    encoding: EcdsaEncoding,
    key: &Key,
    digest: &[u8],
    signature: &[u8],
) -> Result<(), Reason> {
    let ([r, s], id) = read_signature(encoding, signature)?;
    let q = key.point::<C>()?;
    let scalar =
        |bytes: &[u8]| spec::integer(bytes).filter(spec::is_scalar::<C>).ok_or(Reason::ScalarOutOfRange);
    let (r, s) = (scalar(&r)?, scalar(&s)?);
    if rule == EcdsaRule::LowS {
        check(!bool::from(spec::scalar::<C>(&s).is_high()), Reason::HighS)?;
    }
    let e = U256::from_be_slice(&leftmost_256_bits(digest));
    let expected = spec::sum::<C>(&e, &r, &q);
    let found = spec::points_with_x_mod_n::<C>(&r).into_iter().any(|point| {
        let (x, y) = (spec::x_of::<C>(&point), spec::y_of::<C>(&point));
        let id_of_point = u8::from(spec::is_odd(&y)) + 2 * u8::from(x != r);
        id.is_none_or(|id| id == id_of_point)
            && ProjectivePoint::<C>::from(point) * spec::scalar::<C>(&s) == expected
    });
    check(found, Reason::EquationFailed)
}

fn leftmost_256_bits(digest: &[u8]) -> Vec<u8> {
    match digest.len() {
        32.. => digest[..32].to_vec(),
        short => [vec![0; 32 - short], digest.to_vec()].concat(),
    }
}

fn read_signature(encoding: EcdsaEncoding, bytes: &[u8]) -> Result<(Numbers, Option<u8>), Reason> {
    use EcdsaEncoding::*;
    let length = match encoding {
        Raw => bytes.len() == 64,
        RawV => bytes.len() == 65,
        DerBip66 => (8..=72).contains(&bytes.len()),
        Der | DerLax | DerTrailing => !bytes.is_empty(),
    };
    check(length, Reason::BadSignatureLength)?;
    let halves = || [bytes[..32].to_vec(), bytes[32..64].to_vec()];
    let (numbers, id) = match encoding {
        Raw => (Some(halves()), None),
        RawV => (Some(halves()), Some(bytes[64])),
        Der => (spec::der(bytes), None),
        DerBip66 => (bip66(bytes), None),
        DerLax => (lax(bytes), None),
        DerTrailing => (spec::der_trailing(bytes), None),
    };
    check(id.is_none_or(|id| id <= 3), Reason::BadSignatureEncoding)?;
    Ok((numbers.ok_or(Reason::BadSignatureEncoding)?, id))
}

/// BIP 66 by positions, as its text has it: 30 L 02 Lr r 02 Ls s.
fn bip66(bytes: &[u8]) -> Option<Numbers> {
    let at = |position: usize| bytes.get(position).copied();
    let r_len = at(3)? as usize;
    let s_len = at(5 + r_len)? as usize;
    let r = bytes.get(4..4 + r_len)?;
    let s = bytes.get(6 + r_len..)?;
    let whole = at(0)? == 0x30 && at(1)? as usize + 2 == bytes.len() && s.len() == s_len;
    let tags = at(2)? == 0x02 && at(4 + r_len)? == 0x02;
    let good = |number: &[u8]| match number.len() {
        0 => false,
        1 => number[0] & 0x80 == 0,
        _ => number[0] & 0x80 == 0 && (number[0] != 0 || number[1] & 0x80 != 0),
    };
    (whole && tags && good(r) && good(s)).then(|| [r.to_vec(), s.to_vec()])
}

/// Bitcoin before BIP 66, by a cursor.
fn lax(bytes: &[u8]) -> Option<Numbers> {
    let mut cursor = Cursor { bytes, position: 0 };
    (cursor.byte()? == 0x30).then_some(())?;
    let length = cursor.byte()?;
    if length >= 0x80 {
        cursor.take((length - 0x80) as usize)?;
    }
    let r = cursor.number()?;
    let s = cursor.number()?;
    Some([r, s])
}

struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl Cursor<'_> {
    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|one| one[0])
    }

    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let taken = self.bytes.get(self.position..)?.get(..count)?;
        self.position += count;
        Some(taken)
    }

    fn number(&mut self) -> Option<Vec<u8>> {
        (self.byte()? == 0x02).then_some(())?;
        let mut length = self.byte()? as usize;
        if length >= 0x80 {
            let octets = self.take(length - 0x80)?;
            let (high, low) = octets.split_at(octets.len().saturating_sub(3));
            high.iter().all(|&octet| octet == 0).then_some(())?;
            length = low.iter().fold(0, |sum, &octet| sum * 256 + octet as usize);
        }
        self.take(length).map(<[u8]>::to_vec)
    }
}
