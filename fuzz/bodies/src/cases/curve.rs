//! What the generators of ECDSA, BIP 340 and SM2 share: curves, extreme scalars, points with chosen x, keys.

use arbitrary::{Result, Unstructured};
use k256::elliptic_curve::array::Array;
use k256::elliptic_curve::bigint::U256;
use k256::elliptic_curve::consts::U32;
use k256::elliptic_curve::ops::Reduce;
use k256::elliptic_curve::point::{AffineCoordinates, DecompressPoint};
use k256::elliptic_curve::subtle::Choice;
use k256::elliptic_curve::{
    self, AffinePoint, CurveArithmetic, Field, Group, PrimeField, ProjectivePoint, Scalar,
};
use sigwarp_tables::{secp256, sm2};

/// A 256-bit curve of prime order.
pub(crate) trait Curve:
    elliptic_curve::Curve<FieldBytesSize = U32, Uint = U256> + CurveArithmetic<AffinePoint: DecompressPoint<Self>>
{
    /// p, n and ⌊n / 2⌋, big-endian.
    const NUMBERS: [&'static [u8; 32]; 3];
}

impl Curve for k256::Secp256k1 {
    const NUMBERS: [&'static [u8; 32]; 3] = [&secp256::k1::P, &secp256::k1::N, &secp256::k1::HALF_N];
}

impl Curve for p256::NistP256 {
    const NUMBERS: [&'static [u8; 32]; 3] = [&secp256::r1::P, &secp256::r1::N, &secp256::r1::HALF_N];
}

impl Curve for ::sm2::Sm2 {
    const NUMBERS: [&'static [u8; 32]; 3] = [&sm2::P, &sm2::N, &sm2::HALF_N];
}

/// 0, 1, p, n, n/2 and 2²⁵⁶ − 1 and their neighbours, powers of two, or anything.
pub(crate) fn integer<C: Curve>(u: &mut Unstructured<'_>) -> Result<[u8; 32]> {
    let mut value = match u.int_in_range(0..=7)? {
        0 => [0; 32],
        1 => *C::NUMBERS[0],
        2 | 3 => *C::NUMBERS[1],
        4 => *C::NUMBERS[2],
        5 => [0xff; 32],
        6 => {
            let mut power = [0; 32];
            let bit: usize = u.int_in_range(0..=255)?;
            power[31 - bit / 8] = 1 << (bit % 8);
            power
        }
        _ => return u.arbitrary(),
    };
    // Wrapping in the last byte alone is good enough for a neighbour.
    value[31] = value[31].wrapping_add_signed(u.int_in_range(-3..=3)?);
    Ok(value)
}

/// A scalar, often an extreme one; never 0.
pub(crate) fn scalar<C: Curve>(u: &mut Unstructured<'_>) -> Result<Scalar<C>> {
    let scalar = if u.ratio(1, 3)? { reduce::<C>(&integer::<C>(u)?) } else { reduce::<C>(&u.arbitrary()?) };
    Ok(if bool::from(scalar.is_zero()) { Scalar::<C>::ONE } else { scalar })
}

pub(crate) fn reduce<C: Curve>(value: &[u8; 32]) -> Scalar<C> {
    Scalar::<C>::reduce(&Array(*value))
}

pub(crate) fn bytes<C: Curve>(scalar: &Scalar<C>) -> [u8; 32] {
    scalar.to_repr().into()
}

/// The inverse of a scalar, or 1 for 0.
pub(crate) fn invert<C: Curve>(scalar: &Scalar<C>) -> Scalar<C> {
    scalar.invert().into_option().unwrap_or(Scalar::<C>::ONE)
}

pub(crate) fn times_g<C: Curve>(scalar: &Scalar<C>) -> ProjectivePoint<C> {
    ProjectivePoint::<C>::generator() * scalar
}

/// x and y of a point other than infinity.
pub(crate) fn coordinates<C: Curve>(point: &ProjectivePoint<C>) -> [[u8; 32]; 2] {
    let affine: AffinePoint<C> = (*point).into();
    [affine.x().into(), affine.y().into()]
}

/// A point other than infinity: a multiple of G, or one whose x is small, near p, or between n and p.
pub(crate) fn point<C: Curve>(u: &mut Unstructured<'_>) -> Result<ProjectivePoint<C>> {
    if u.ratio(1, 3)? {
        let odd = u8::from(u.arbitrary::<bool>()?);
        let mut x = match u.int_in_range(0..=2)? {
            0 => [0; 32],
            1 => *C::NUMBERS[1],
            _ => *C::NUMBERS[0],
        };
        // Half of all x have a point; those of p and above have none.
        let start: u8 = u.int_in_range(0..=40)?;
        x[31] = x[31].wrapping_sub(20).wrapping_add(start);
        for _ in 0..40 {
            if let Some(point) = AffinePoint::<C>::decompress(&Array(x), Choice::from(odd)).into_option() {
                return Ok(point.into());
            }
            x[31] = x[31].wrapping_add(1);
        }
    }
    Ok(times_g::<C>(&scalar::<C>(u)?))
}

/// a + b for big-endian integers, with the carry in front.
pub(crate) fn add(a: &[u8; 32], b: &[u8; 32]) -> [u8; 33] {
    let mut sum = [0; 33];
    let mut carry = 0;
    for i in (0..32).rev() {
        let digit = u16::from(a[i]) + u16::from(b[i]) + carry;
        sum[i + 1] = digit as u8;
        carry = digit >> 8;
    }
    sum[0] = carry as u8;
    sum
}

/// The forms of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyForm {
    /// A form that every suite takes.
    Plain,
    /// Tags 06 and 07 with the right parity.
    Hybrid,
    /// A form that no suite takes, or coordinates that are not those of the point.
    Other,
}

/// An encoding of a point as a key.
pub(crate) fn key<C: Curve>(
    u: &mut Unstructured<'_>,
    point: &ProjectivePoint<C>,
) -> Result<(Vec<u8>, KeyForm)> {
    let [x, y] = coordinates::<C>(point);
    let odd = y[31] & 1;
    let tagged = |tag: u8, parts: &[&[u8]]| [&[tag], &parts.concat()[..]].concat();
    Ok(match u.int_in_range(0..=15)? {
        0..=4 => (tagged(2 | odd, &[&x]), KeyForm::Plain),
        5..=7 => (tagged(4, &[&x, &y]), KeyForm::Plain),
        8 | 9 => ([x, y].concat(), KeyForm::Plain),
        10 => (tagged(6 | odd, &[&x, &y]), KeyForm::Hybrid),
        11 => (tagged(7 ^ odd, &[&x, &y]), KeyForm::Other),
        12 => (tagged(u.arbitrary()?, &[&x, &y]), KeyForm::Other),
        13 => (tagged(u.arbitrary()?, &[&x]), KeyForm::Other),
        14 => (tagged(4, &[&y, &x]), KeyForm::Other),
        // A coordinate of which nothing is known but that it is near a bound, mostly one that is not reduced.
        _ => {
            let any = integer::<C>(u)?;
            let part = if u.arbitrary()? { C::NUMBERS[0] } else { &any };
            match u.int_in_range(0..=2)? {
                0 => (tagged(2 | odd, &[part]), KeyForm::Other),
                1 => (tagged(4, &[part, &y]), KeyForm::Other),
                _ => (tagged(4, &[&x, part]), KeyForm::Other),
            }
        }
    })
}
