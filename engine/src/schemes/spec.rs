//! What the oracles of ECDSA, BIP340 and SM2 share: textbook readers of keys, DER and curves.
//!
//! Nothing here is shared with `sec1`, `der` and `weierstrass`, and the ways differ: DER is what encodes to the same
//! bytes again, a point is one of the two that lifting its x gives, and primes are sums of powers of two.

use k256::elliptic_curve::array::Array;
use k256::elliptic_curve::bigint::{CheckedAdd, U256};
use k256::elliptic_curve::consts::U32;
use k256::elliptic_curve::ops::Reduce;
use k256::elliptic_curve::point::{AffineCoordinates, DecompressPoint};
use k256::elliptic_curve::subtle::Choice;
use k256::elliptic_curve::{self, AffinePoint, CurveArithmetic, Group, ProjectivePoint, Scalar};

use crate::Reason;

/// A curve over a 256-bit prime field, as the oracles see it.
pub(super) trait Curve:
    elliptic_curve::Curve<FieldBytesSize = U32, Uint = U256> + CurveArithmetic<AffinePoint: DecompressPoint<Self>>
{
    /// The prime is the sum of ±2^i over these exponents i, each with its sign, and of the last term.
    const PRIME: (&'static [(i8, u32)], i32);

    fn prime() -> U256 {
        // 2²⁵⁶ is 0 here, and all primes are 2²⁵⁶ and smaller terms.
        let mut sum = U256::ZERO;
        for &(sign, exponent) in Self::PRIME.0 {
            let power = U256::ONE.wrapping_shl(exponent);
            sum = if sign > 0 { sum.wrapping_add(&power) } else { sum.wrapping_sub(&power) };
        }
        sum.wrapping_sub(&U256::from(Self::PRIME.1.unsigned_abs()))
    }

    fn order() -> U256 {
        *Self::ORDER.as_ref()
    }
}

impl Curve for k256::Secp256k1 {
    const PRIME: (&'static [(i8, u32)], i32) = (&[(-1, 32)], -977);
}

impl Curve for p256::NistP256 {
    const PRIME: (&'static [(i8, u32)], i32) = (&[(-1, 224), (1, 192), (1, 96)], -1);
}

impl Curve for ::sm2::Sm2 {
    const PRIME: (&'static [(i8, u32)], i32) = (&[(-1, 224), (-1, 96), (1, 64)], -1);
}

pub(super) fn check(holds: bool, reason: Reason) -> Result<(), Reason> {
    if holds { Ok(()) } else { Err(reason) }
}

/// A big-endian integer, or `None` if it does not fit in 256 bits.
pub(super) fn integer(bytes: &[u8]) -> Option<U256> {
    let significant = bytes.iter().position(|&byte| byte != 0).map_or(&[][..], |first| &bytes[first..]);
    (significant.len() <= 32).then(|| {
        significant.iter().fold(U256::ZERO, |sum, &byte| sum.wrapping_shl(8).wrapping_add(&U256::from(byte)))
    })
}

/// Whether `value` is in [1, n − 1].
pub(super) fn is_scalar<C: Curve>(value: &U256) -> bool {
    *value != U256::ZERO && *value < C::order()
}

pub(super) fn scalar<C: Curve>(value: &U256) -> Scalar<C> {
    Scalar::<C>::reduce(value)
}

/// The points with x ≡ `residue` mod n, where x is below p: up to four.
pub(super) fn points_with_x_mod_n<C: Curve>(residue: &U256) -> Vec<AffinePoint<C>> {
    let mut points = lift::<C>(residue);
    let sum: Option<U256> = residue.checked_add(&C::order()).into_option();
    points.extend(sum.iter().flat_map(lift::<C>));
    points
}

/// The points with this x, the one with even y first: two or none, and none where x is not below p.
pub(super) fn lift<C: Curve>(x: &U256) -> Vec<AffinePoint<C>> {
    let bytes: [u8; 32] = x.to_be_bytes().into();
    if *x >= C::prime() {
        return Vec::new();
    }
    let even = AffinePoint::<C>::decompress(&Array(bytes), Choice::from(0)).into_option();
    even.into_iter().flat_map(|point| [point, (-ProjectivePoint::<C>::from(point)).into()]).collect()
}

pub(super) fn x_of<C: Curve>(point: &AffinePoint<C>) -> U256 {
    U256::from_be_slice(point.x().as_ref())
}

pub(super) fn y_of<C: Curve>(point: &AffinePoint<C>) -> U256 {
    U256::from_be_slice(point.y().as_ref())
}

pub(super) fn is_odd(value: &U256) -> bool {
    value.to_be_bytes()[31] & 1 == 1
}

/// gG + kP.
pub(super) fn sum<C: Curve>(g: &U256, k: &U256, point: &AffinePoint<C>) -> ProjectivePoint<C> {
    ProjectivePoint::<C>::generator() * scalar::<C>(g) + ProjectivePoint::<C>::from(*point) * scalar::<C>(k)
}

/// A key by its form alone.
pub(super) enum Key {
    Compressed { x: U256, odd: bool },
    Whole { x: U256, y: U256 },
}

impl Key {
    /// Reads SEC 1's forms and x ‖ y; `hybrid` adds tags 06 and 07 with the parity of y.
    pub(super) fn read(bytes: &[u8], hybrid: bool) -> Result<Self, Reason> {
        let coordinate = |from: usize| U256::from_be_slice(&bytes[from..from + 32]);
        match bytes {
            [0] => Err(Reason::BadKeyEncoding),
            _ if ![33, 64, 65].contains(&bytes.len()) => Err(Reason::BadKeyLength),
            _ if bytes.len() == 64 => Ok(Self::Whole { x: coordinate(0), y: coordinate(32) }),
            [0x02, ..] if bytes.len() == 33 => Ok(Self::Compressed { x: coordinate(1), odd: false }),
            [0x03, ..] if bytes.len() == 33 => Ok(Self::Compressed { x: coordinate(1), odd: true }),
            [tag, ..] if bytes.len() == 65 => {
                let (x, y) = (coordinate(1), coordinate(33));
                let known = match tag {
                    0x04 => true,
                    0x06 => hybrid && !is_odd(&y),
                    0x07 => hybrid && is_odd(&y),
                    _ => false,
                };
                check(known, Reason::BadKeyEncoding)?;
                Ok(Self::Whole { x, y })
            }
            _ => Err(Reason::BadKeyEncoding),
        }
    }

    /// The point, or why there is none.
    pub(super) fn point<C: Curve>(&self) -> Result<AffinePoint<C>, Reason> {
        let found = match self {
            Self::Compressed { x, odd } => {
                check(*x < C::prime(), Reason::NonCanonicalKey)?;
                lift::<C>(x).into_iter().find(|point| is_odd(&y_of::<C>(point)) == *odd)
            }
            Self::Whole { x, y } => {
                check(*x < C::prime() && *y < C::prime(), Reason::NonCanonicalKey)?;
                lift::<C>(x).into_iter().find(|point| y_of::<C>(point) == *y)
            }
        };
        found.ok_or(Reason::KeyNotOnCurve)
    }
}

/// The numbers r and s of a signature, as the bytes of non-negative integers of any length.
pub(super) type Numbers = [Vec<u8>; 2];

/// DER: what encodes to the same bytes again.
pub(super) fn der(bytes: &[u8]) -> Option<Numbers> {
    let numbers = ber(bytes)?;
    (encode(0x30, &encode_numbers(&numbers)) == bytes).then_some(numbers)
}

/// As [`der`], but bytes may follow s and the sequence.
pub(super) fn der_trailing(bytes: &[u8]) -> Option<Numbers> {
    let numbers = ber(bytes)?;
    let (_, content, _) = element(bytes)?;
    let same = bytes.starts_with(&encode(0x30, content)) && content.starts_with(&encode_numbers(&numbers));
    same.then_some(numbers)
}

/// Reads a sequence of two integers, taking any definite length, the integers as unsigned and what follows as
/// nothing.
fn ber(bytes: &[u8]) -> Option<Numbers> {
    let (0x30, content, _) = element(bytes)? else { return None };
    let (0x02, r, rest) = element(content)? else { return None };
    let (0x02, s, _) = element(rest)? else { return None };
    (!r.is_empty() && !s.is_empty()).then(|| [r.to_vec(), s.to_vec()])
}

/// Tag, content, and what follows.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, first) = (*bytes.first()?, *bytes.get(1)? as usize);
    let octets = if first < 0x80 { &[] } else { bytes.get(2..2 + (first - 0x80))? };
    let length = if first < 0x80 { first } else { usize::try_from(to_u64(octets)?).ok()? };
    let rest = &bytes[2 + octets.len()..];
    Some((tag, rest.get(..length)?, &rest[length..]))
}

fn to_u64(octets: &[u8]) -> Option<u64> {
    octets.iter().try_fold(0u64, |sum, &octet| sum.checked_mul(256)?.checked_add(u64::from(octet)))
}

fn encode_numbers(numbers: &Numbers) -> Vec<u8> {
    numbers.iter().flat_map(|number| encode(0x02, &minimal(number))).collect()
}

/// A non-negative number as the content of an INTEGER.
fn minimal(number: &[u8]) -> Vec<u8> {
    let mut content: Vec<u8> = number.iter().copied().skip_while(|&byte| byte == 0).collect();
    if content.first().is_none_or(|&first| first >= 0x80) {
        content.insert(0, 0);
    }
    content
}

pub(super) fn encode(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        short @ ..0x80 => out.push(short as u8),
        long => {
            let octets: Vec<u8> = long.to_be_bytes().into_iter().skip_while(|&octet| octet == 0).collect();
            out.push(0x80 | octets.len() as u8);
            out.extend(octets);
        }
    }
    out.extend(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use sigwarp_tables::{secp256, sm2};

    #[test]
    fn primes_are_those_of_the_tables() {
        let bytes = |prime: U256| <[u8; 32]>::from(prime.to_be_bytes());
        assert_eq!(bytes(k256::Secp256k1::prime()), secp256::k1::P);
        assert_eq!(bytes(p256::NistP256::prime()), secp256::r1::P);
        assert_eq!(bytes(<::sm2::Sm2 as Curve>::prime()), sm2::P);
    }

    #[test]
    fn what_is_encoded_reads_the_same() {
        for len in [1, 2, 31, 32, 33, 60, 61, 120, 122, 127, 128, 250, 300, 70_000] {
            for first in [1, 0x7f, 0x80, 0xff] {
                let number = [vec![first], vec![0; len - 1]].concat();
                let bytes = encode(0x30, &encode_numbers(&[number.clone(), vec![1]]));
                let [r, _] = der(&bytes).unwrap();
                assert_eq!(r.iter().copied().skip_while(|&byte| byte == 0).collect::<Vec<_>>(), number);
            }
        }
    }
}
