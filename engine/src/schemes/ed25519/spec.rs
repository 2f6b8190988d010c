//! The oracle: Ed25519 under each rule, written straight from the table of rules on curve25519-dalek's points.
//!
//! It shares nothing with `wire` and `rules`. It parses for itself, decides canonical encodings by encoding
//! again, and small order by multiplying by 8, where `wire` compares bytes; each rule is spelled out as a list of
//! checks in order of precedence, where `rules` has a table.

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use sha2::{Digest, Sha512};

use super::Ed25519Rule;
use super::variant::Variant;
use crate::Reason;

struct Point {
    bytes: [u8; 32],
    point: Option<EdwardsPoint>,
}

impl Point {
    fn new(bytes: &[u8]) -> Self {
        let bytes: [u8; 32] = bytes.try_into().expect("the caller has checked the length");
        Self { bytes, point: CompressedEdwardsY(bytes).decompress() }
    }

    fn reencoded(&self) -> Option<[u8; 32]> {
        self.point.map(|point| point.compress().0)
    }

    /// Canonical, for points that decode. An encoding that does not decode is judged by y alone, since x = 0
    /// happens only at y = ±1, which decode.
    fn canonical(&self) -> bool {
        match self.reencoded() {
            Some(again) => again == self.bytes,
            None => self.y_reduced(),
        }
    }

    /// y < p: the 19 unreduced values of y are 2²⁵⁵ − 19 … 2²⁵⁵ − 1.
    fn y_reduced(&self) -> bool {
        !(self.bytes[0] >= 0xed
            && self.bytes[1..31].iter().all(|&byte| byte == 0xff)
            && self.bytes[31] & 0x7f == 0x7f)
    }

    fn small_order(&self) -> bool {
        self.point.is_some_and(|point| point.mul_by_cofactor().is_identity())
    }
}

/// The verdict on one item.
pub(crate) fn verify(
    variant: Variant<'_>,
    rule: Ed25519Rule,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), Reason> {
    use Ed25519Rule::*;
    use Variant::*;
    let check = |holds: bool, reason: Reason| if holds { Ok(()) } else { Err(reason) };

    check(key.len() == 32, Reason::BadKeyLength)?;
    check(signature.len() == 64, Reason::BadSignatureLength)?;
    let a = Point::new(key);
    let r = Point::new(&signature[..32]);
    let s_bytes: [u8; 32] = signature[32..].try_into().expect("32 of 64 bytes");
    let s_below_order = bool::from(Scalar::from_canonical_bytes(s_bytes).is_some());

    match rule {
        Rfc8032 | Rfc8032Cofactorless | Simd0376 | BouncyCastle => {
            check(a.canonical(), Reason::NonCanonicalKey)?;
        }
        Libsodium => check(a.y_reduced(), Reason::NonCanonicalKey)?,
        Zip215 | Cofactorless | Strict | Donna => {}
    }
    match rule {
        Strict | Libsodium | Simd0376 | BouncyCastle => check(!a.small_order(), Reason::SmallOrderKey)?,
        Zip215 | Rfc8032 | Rfc8032Cofactorless | Cofactorless | Donna => {}
    }
    let a_point = a.point.ok_or(Reason::KeyNotOnCurve)?;
    match rule {
        Donna => check(s_bytes[31] >> 5 == 0, Reason::ScalarOutOfRange)?,
        _ => check(s_below_order, Reason::ScalarOutOfRange)?,
    }
    match rule {
        Rfc8032 | Rfc8032Cofactorless | Simd0376 | BouncyCastle => {
            check(r.canonical(), Reason::NonCanonicalR)?;
        }
        Zip215 | Cofactorless | Strict | Libsodium | Donna => {}
    }
    match rule {
        Strict | Libsodium | Simd0376 => check(!r.small_order(), Reason::SmallOrderR)?,
        Zip215 | Rfc8032 | Rfc8032Cofactorless | Cofactorless | BouncyCastle | Donna => {}
    }
    match rule {
        Zip215 | Rfc8032 | Rfc8032Cofactorless | Strict | Simd0376 | BouncyCastle => {
            check(r.point.is_some(), Reason::RNotOnCurve)?;
        }
        Cofactorless | Libsodium | Donna => {}
    }

    // SHA-512(dom2(F, C) || R || A || PH(M)), sections 2 and 5.1.7.
    let mut hash = Sha512::new();
    if let Context(context) | Prehashed(context) = variant {
        hash.update("SigEd25519 no Ed25519 collisions");
        hash.update([u8::from(matches!(variant, Prehashed(_)))]);
        hash.update([context.len() as u8]);
        hash.update(context);
    }
    hash.update(&signature[..32]);
    hash.update(key);
    match variant {
        Pure | Context(_) => hash.update(message),
        Prehashed(_) => hash.update(Sha512::digest(message)),
    }
    let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
    let s = Scalar::from_bytes_mod_order(s_bytes);
    let difference = EdwardsPoint::mul_base(&s) - k * a_point;
    match rule {
        Zip215 | Rfc8032 | Simd0376 | BouncyCastle => {
            let r_point = r.point.ok_or(Reason::RNotOnCurve)?;
            check((difference - r_point).mul_by_cofactor().is_identity(), Reason::EquationFailed)
        }
        Rfc8032Cofactorless => check(Some(difference) == r.point, Reason::EquationFailed),
        Cofactorless | Strict | Libsodium | Donna => {
            check(difference.compress().0 == r.bytes, Reason::EquationFailed)
        }
    }
}
