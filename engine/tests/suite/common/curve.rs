//! Textbook signing on the curves of k256, p256 and sm2, to construct edge cases. Never for real keys.

use k256::elliptic_curve::array::Array;
use k256::elliptic_curve::bigint::U256;
use k256::elliptic_curve::consts::U32;
use k256::elliptic_curve::ff::{Field, PrimeField};
use k256::elliptic_curve::group::Curve as _;
use k256::elliptic_curve::ops::Reduce;
use k256::elliptic_curve::point::{AffineCoordinates, DecompressPoint};
use k256::elliptic_curve::subtle::Choice;
use k256::elliptic_curve::{self, AffinePoint, CurveArithmetic, Group};
use sigwarp::EcdsaScheme;
use sm2::Sm2;
use sm3::{Digest, Sm3};

pub(crate) type Bytes = [u8; 32];
pub(crate) type Scalar<C> = elliptic_curve::Scalar<C>;
pub(crate) type Point<C> = elliptic_curve::ProjectivePoint<C>;

pub(crate) trait Curve:
    elliptic_curve::Curve<FieldBytesSize = U32, Uint = U256> + CurveArithmetic<AffinePoint: DecompressPoint<Self>>
{
    const P: Bytes;
}

impl Curve for k256::Secp256k1 {
    const P: Bytes = sigwarp_tables::secp256::k1::P;
}

impl Curve for p256::NistP256 {
    const P: Bytes = sigwarp_tables::secp256::r1::P;
}

impl Curve for Sm2 {
    const P: Bytes = sigwarp_tables::sm2::P;
}

/// The ECDSA scheme of a curve that takes a digest.
pub(crate) trait Ecdsa: Curve {
    const SCHEME: EcdsaScheme;
}

impl Ecdsa for k256::Secp256k1 {
    const SCHEME: EcdsaScheme = EcdsaScheme::Secp256k1;
}

impl Ecdsa for p256::NistP256 {
    const SCHEME: EcdsaScheme = EcdsaScheme::P256;
}

/// n.
pub(crate) fn order<C: Curve>() -> Bytes {
    C::ORDER.to_be_bytes().into()
}

/// a ± small, without reduction; the caller knows that it stays in 256 bits.
pub(crate) fn offset(a: &Bytes, small: i64) -> Bytes {
    let a = U256::from_be_slice(a);
    let by = U256::from(small.unsigned_abs());
    if small < 0 { a.wrapping_sub(&by) } else { a.wrapping_add(&by) }.to_be_bytes().into()
}

/// a + b of any length up to 33 bytes.
pub(crate) fn sum(a: &Bytes, b: &Bytes) -> Vec<u8> {
    let (low, carry) =
        U256::from_be_slice(a).carrying_add(&U256::from_be_slice(b), elliptic_curve::bigint::Limb::ZERO);
    [&[carry.0 as u8][..], &low.to_be_bytes()[..]].concat()
}

/// a − b, where a ≥ b.
pub(crate) fn difference(a: &Bytes, b: &Bytes) -> Bytes {
    U256::from_be_slice(a).wrapping_sub(&U256::from_be_slice(b)).to_be_bytes().into()
}

pub(crate) fn scalar<C: Curve>(bytes: &Bytes) -> Scalar<C> {
    Scalar::<C>::reduce(&Array(*bytes))
}

pub(crate) fn small<C: Curve>(value: i64) -> Scalar<C> {
    let magnitude = Scalar::<C>::from(value.unsigned_abs());
    if value < 0 { -magnitude } else { magnitude }
}

pub(crate) fn to_bytes<C: Curve>(scalar: &Scalar<C>) -> Bytes {
    scalar.to_repr().into()
}

pub(crate) fn g<C: Curve>() -> Point<C> {
    Point::<C>::generator()
}

/// x and y of a point that is not infinity.
pub(crate) fn xy<C: Curve>(point: &Point<C>) -> (Bytes, Bytes) {
    let point = point.to_affine();
    (point.x().into(), point.y().into())
}

/// The point with this x and even y, if there is one.
pub(crate) fn lift<C: Curve>(x: &Bytes) -> Option<Point<C>> {
    AffinePoint::<C>::decompress(&Array(*x), Choice::from(0)).into_option().map(Point::<C>::from)
}

/// 04 ‖ x ‖ y, or the same with another tag.
pub(crate) fn tagged<C: Curve>(tag: u8, key: &Point<C>) -> Vec<u8> {
    let (x, y) = xy::<C>(key);
    [&[tag][..], &x, &y].concat()
}

/// 02 or 03 ‖ x.
pub(crate) fn compressed<C: Curve>(key: &Point<C>) -> Vec<u8> {
    let (x, y) = xy::<C>(key);
    [&[2 + (y[31] & 1)][..], &x].concat()
}

/// The ECDSA signature r ‖ s of e by d with the nonce k, and its recovery id.
pub(crate) fn sign<C: Curve>(d: &Scalar<C>, e: &Scalar<C>, k: &Scalar<C>) -> (Vec<u8>, u8) {
    let (x, y) = xy::<C>(&(g::<C>() * k));
    let r = scalar::<C>(&x);
    let s = k.invert().unwrap() * (*e + r * d);
    let id = (y[31] & 1) | u8::from(x != to_bytes::<C>(&r)) << 1;
    ([to_bytes::<C>(&r), to_bytes::<C>(&s)].concat(), id)
}

/// The key under which r, s with the point R is a signature of e.
pub(crate) fn key_for<C: Curve>(point: &Point<C>, r: &Scalar<C>, s: &Scalar<C>, e: &Scalar<C>) -> Point<C> {
    (*point * s - g::<C>() * e) * r.invert().unwrap()
}

/// GB/T 32918.2 section 6.1: r = e + x(kG), s = (1 + d)⁻¹(k − rd).
pub(crate) fn sm2_sign(d: &Scalar<Sm2>, e: &Scalar<Sm2>, k: &Scalar<Sm2>) -> Vec<u8> {
    let r = *e + scalar::<Sm2>(&xy::<Sm2>(&(g::<Sm2>() * k)).0);
    let s = (Scalar::<Sm2>::ONE + d).invert().unwrap() * (*k - r * d);
    [to_bytes::<Sm2>(&r), to_bytes::<Sm2>(&s)].concat()
}

/// SM3(Z_A ‖ M).
pub(crate) fn sm2_hash(user_id: &[u8], key: &Point<Sm2>, message: &[u8]) -> Bytes {
    use sigwarp_tables::sm2::{A, B, GX, GY};
    let (x, y) = xy::<Sm2>(key);
    let mut z = ((user_id.len() * 8) as u16).to_be_bytes().to_vec();
    z.extend(user_id);
    for part in [A, B, GX, GY, x, y] {
        z.extend(part);
    }
    Sm3::digest([&Sm3::digest(&z)[..], message].concat()).into()
}
