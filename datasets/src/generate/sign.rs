//! Signing, for the generators of workloads and edge cases. Nonces come from the caller, so that the bytes are
//! the same everywhere; none of this is fit to keep a secret. Each scheme signs alone, and in two steps for callers that
//! make the points and inverses of many nonces together.

use std::sync::LazyLock;

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::{Scalar as Scalar25519, clamp_integer};
use k256::Secp256k1;
use k256::elliptic_curve::array::Array;
use k256::elliptic_curve::bigint::U256;
use k256::elliptic_curve::consts::U32;
use k256::elliptic_curve::ff::Field;
use k256::elliptic_curve::ops::{Invert, Reduce};
use k256::elliptic_curve::point::AffineCoordinates;
use k256::elliptic_curve::{self, AffinePoint, CurveArithmetic, Group, PrimeField, ProjectivePoint, Scalar};
use sha2::{Digest, Sha256, Sha512};
use sigwarp::{Scheme, Suite};
use sm3::Sm3;

use super::comb::Comb;

/// A curve over a 256-bit prime field.
pub(crate) trait Curve:
    elliptic_curve::Curve<FieldBytesSize = U32, Uint = U256> + CurveArithmetic
{
    /// Multiples of the base point.
    fn comb() -> &'static Comb<Self>;

    /// The affine forms of points, by one inversion.
    fn affine(points: &[ProjectivePoint<Self>]) -> Vec<AffinePoint<Self>>;
}

/// The numbers of a signature. For Ed25519 they are the two halves of its bytes, else big-endian integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) r: [u8; 32],
    pub(crate) s: [u8; 32],
    /// The recovery id of an ECDSA signature.
    pub(crate) id: u8,
}

impl Signature {
    pub(crate) fn raw(&self) -> Vec<u8> {
        [self.r, self.s].concat()
    }
}

/// The secret scalar and the prefix of an Ed25519 seed (RFC 8032 section 5.1.5).
pub(crate) fn ed25519_secret(seed: &[u8; 32]) -> (Scalar25519, [u8; 32]) {
    let hash: [u8; 64] = Sha512::digest(seed).into();
    let (scalar, prefix) = hash.split_at(32);
    let clamped = clamp_integer(scalar.try_into().expect("half of 64 bytes"));
    (Scalar25519::from_bytes_mod_order(clamped), prefix.try_into().expect("half of 64 bytes"))
}

/// What a suite of Ed25519, Ed25519ctx or Ed25519ph hashes besides key and message: dom2 of its context, and whether the
/// message is replaced by its SHA-512 (RFC 8032 sections 2 and 5.1).
#[derive(Debug, Clone, Default)]
pub(crate) struct Domain {
    dom2: Vec<u8>,
    prehashes: bool,
}

impl Domain {
    pub(crate) fn of(suite: &Suite) -> Self {
        let prehashes = suite.scheme() == Scheme::Ed25519ph;
        match suite.context() {
            None => Self::default(),
            Some(context) => {
                let mut dom2 = b"SigEd25519 no Ed25519 collisions".to_vec();
                dom2.extend([u8::from(prehashes), context.len() as u8]);
                dom2.extend(context);
                Self { dom2, prehashes }
            }
        }
    }

    fn hash(&self, before: [&[u8]; 2], message: &[u8]) -> Scalar25519 {
        let [first, second] = before;
        let hash = Sha512::new().chain_update(&self.dom2).chain_update(first).chain_update(second);
        let hash = match self.prehashes {
            false => hash.chain_update(message),
            true => hash.chain_update(Sha512::digest(message)),
        };
        Scalar25519::from_bytes_mod_order_wide(&hash.finalize().into())
    }

    /// The challenge k = SHA-512(dom2 ‖ R ‖ A ‖ M) mod L.
    pub(crate) fn challenge(&self, r: &[u8; 32], key: &[u8], message: &[u8]) -> Scalar25519 {
        self.hash([r, key], message)
    }

    /// The nonce of a message, by the prefix of the secret.
    pub(crate) fn nonce(&self, prefix: &[u8; 32], message: &[u8]) -> Scalar25519 {
        self.hash([prefix, &[]], message)
    }
}

/// The challenge k = SHA-512(R ‖ A ‖ M) mod L of Ed25519.
pub(crate) fn ed25519_challenge(r: &[u8; 32], key: &[u8], message: &[u8]) -> Scalar25519 {
    Domain::default().challenge(r, key, message)
}

pub(crate) fn ed25519_public(seed: &[u8; 32]) -> [u8; 32] {
    EdwardsPoint::mul_base(&ed25519_secret(seed).0).compress().0
}

/// Signs as RFC 8032 section 5.1.6 has it.
pub(crate) fn ed25519(seed: &[u8; 32], key: &[u8], message: &[u8]) -> Signature {
    let (a, prefix) = ed25519_secret(seed);
    let domain = Domain::default();
    let nonce = domain.nonce(&prefix, message);
    let r = EdwardsPoint::mul_base(&nonce).compress().0;
    ed25519_with(&domain, &a, key, message, &nonce, r)
}

/// The signature with the secret scalar `a`, once there is R.
pub(crate) fn ed25519_with(
    domain: &Domain,
    a: &Scalar25519,
    key: &[u8],
    message: &[u8],
    nonce: &Scalar25519,
    r: [u8; 32],
) -> Signature {
    let s = nonce + domain.challenge(&r, key, message) * a;
    Signature { r, s: s.to_bytes(), id: 0 }
}

/// A scalar from 32 big-endian bytes, reduced, and never 0.
pub(crate) fn scalar<C: Curve>(bytes: &[u8; 32]) -> Scalar<C> {
    let scalar = Scalar::<C>::reduce(&U256::from_be_slice(bytes));
    if bool::from(scalar.is_zero()) { Scalar::<C>::ONE } else { scalar }
}

pub(crate) fn scalar_bytes<C: Curve>(scalar: &Scalar<C>) -> [u8; 32] {
    let Array(bytes) = scalar.to_repr();
    bytes
}

pub(crate) fn base<C: Curve>(scalar: &Scalar<C>) -> AffinePoint<C> {
    ProjectivePoint::<C>::mul_by_generator(scalar).into()
}

pub(crate) fn coordinates<C: Curve>(point: &AffinePoint<C>) -> ([u8; 32], [u8; 32]) {
    let (Array(x), Array(y)) = (point.x(), point.y());
    (x, y)
}

/// The coordinates of the key of a secret.
pub(crate) fn public<C: Curve>(secret: &[u8; 32]) -> ([u8; 32], [u8; 32]) {
    coordinates::<C>(&base::<C>(&scalar::<C>(secret)))
}

/// A key in SEC 1's form.
pub(crate) fn sec1((x, y): &([u8; 32], [u8; 32]), compressed: bool) -> Vec<u8> {
    match compressed {
        true => [&[2 | y[31] & 1], x.as_slice()].concat(),
        false => [&[4], x.as_slice(), y].concat(),
    }
}

/// n − s.
pub(crate) fn negated<C: Curve>(s: &[u8; 32]) -> [u8; 32] {
    scalar_bytes::<C>(&-scalar::<C>(s))
}

/// Signs a digest with ECDSA (SEC 1 section 4.1.3); s is as it comes. `None` where the nonce does not serve.
pub(crate) fn ecdsa<C: Curve>(secret: &[u8; 32], digest: &[u8; 32], nonce: &[u8; 32]) -> Option<Signature> {
    let nonce = scalar::<C>(nonce);
    let inverse = Invert::invert(&nonce).into_option()?;
    ecdsa_with::<C>(secret, digest, &base::<C>(&nonce), &inverse)
}

/// The same, once there are the nonce's point and inverse.
pub(crate) fn ecdsa_with<C: Curve>(
    secret: &[u8; 32],
    digest: &[u8; 32],
    point: &AffinePoint<C>,
    inverse: &Scalar<C>,
) -> Option<Signature> {
    let (x, y) = coordinates::<C>(point);
    let r = Scalar::<C>::reduce(&U256::from_be_slice(&x));
    let e = Scalar::<C>::reduce(&U256::from_be_slice(digest));
    let s = *inverse * (e + r * scalar::<C>(secret));
    if bool::from(r.is_zero() | s.is_zero()) {
        return None;
    }
    let r = scalar_bytes::<C>(&r);
    let id = (y[31] & 1) + 2 * u8::from(r != x);
    Some(Signature { r, s: scalar_bytes::<C>(&s), id })
}

/// e of SM2: SM3(Z_A ‖ M) (GB/T 32918.2 sections 5.5 and 6.1).
pub(crate) fn sm2_digest(user_id: &[u8], (x, y): &([u8; 32], [u8; 32]), message: &[u8]) -> [u8; 32] {
    use sigwarp_tables::sm2::{A, B, GX, GY};
    let bits = u16::try_from(user_id.len() * 8).expect("a user ID has at most 8191 bytes");
    let z = Sm3::new().chain_update(bits.to_be_bytes()).chain_update(user_id);
    let z = z.chain_update([A, B, GX, GY, *x, *y].concat());
    Sm3::new().chain_update(z.finalize()).chain_update(message).finalize().into()
}

/// Signs e with SM2 (GB/T 32918.2 section 6.1). `None` where the nonce does not serve.
pub(crate) fn sm2(secret: &[u8; 32], e: &[u8; 32], nonce: &[u8; 32]) -> Option<Signature> {
    let inverse = Invert::invert(&sm2_divisor(secret)).into_option()?;
    sm2_with(secret, e, nonce, &base::<sm2::Sm2>(&scalar::<sm2::Sm2>(nonce)), &inverse)
}

/// 1 + d, by which SM2 divides.
pub(crate) fn sm2_divisor(secret: &[u8; 32]) -> Scalar<sm2::Sm2> {
    Scalar::<sm2::Sm2>::ONE + scalar::<sm2::Sm2>(secret)
}

/// The same, once there are the nonce's point and the inverse of the divisor, which is 0 where there is none.
pub(crate) fn sm2_with(
    secret: &[u8; 32],
    e: &[u8; 32],
    nonce: &[u8; 32],
    point: &AffinePoint<sm2::Sm2>,
    inverse: &Scalar<sm2::Sm2>,
) -> Option<Signature> {
    type Scalar2 = Scalar<sm2::Sm2>;
    let (k, d) = (scalar::<sm2::Sm2>(nonce), scalar::<sm2::Sm2>(secret));
    let (x, _) = coordinates::<sm2::Sm2>(point);
    let reduced = |bytes: &[u8; 32]| -> Scalar2 { Reduce::reduce(&U256::from_be_slice(bytes)) };
    let r = reduced(e) + reduced(&x);
    let s = *inverse * (k - r * d);
    if bool::from(r.is_zero() | s.is_zero() | (r + k).is_zero()) {
        return None;
    }
    Some(Signature { r: scalar_bytes::<sm2::Sm2>(&r), s: scalar_bytes::<sm2::Sm2>(&s), id: 0 })
}

/// The challenge e of BIP 340.
pub(crate) fn bip340_challenge(r: &[u8; 32], key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    static TAGGED: LazyLock<Sha256> = LazyLock::new(|| {
        let tag = Sha256::digest(b"BIP0340/challenge");
        Sha256::new().chain_update(tag).chain_update(tag)
    });
    TAGGED.clone().chain_update(r).chain_update(key).chain_update(message).finalize().into()
}

/// Signs with BIP 340; `point` is the key of the secret. `None` where the nonce does not serve.
pub(crate) fn bip340(
    secret: &[u8; 32],
    key: &([u8; 32], [u8; 32]),
    message: &[u8],
    nonce: &[u8; 32],
) -> Option<Signature> {
    bip340_with(secret, key, message, nonce, &base::<Secp256k1>(&scalar::<Secp256k1>(nonce)))
}

/// The same, once there is the nonce's point.
pub(crate) fn bip340_with(
    secret: &[u8; 32],
    (key, key_y): &([u8; 32], [u8; 32]),
    message: &[u8],
    nonce: &[u8; 32],
    point: &AffinePoint<Secp256k1>,
) -> Option<Signature> {
    let with_even_y = |secret: &[u8; 32], y: &[u8; 32]| {
        let secret = scalar::<Secp256k1>(secret);
        if y[31] & 1 == 1 { -secret } else { secret }
    };
    let (r, r_y) = coordinates::<Secp256k1>(point);
    let (d, k) = (with_even_y(secret, key_y), with_even_y(nonce, &r_y));
    let challenge = bip340_challenge(&r, key, message);
    let e = Scalar::<Secp256k1>::reduce(&U256::from_be_slice(&challenge));
    let s = k + e * d;
    if bool::from(s.is_zero()) {
        return None;
    }
    Some(Signature { r, s: scalar_bytes::<Secp256k1>(&s), id: 0 })
}

/// DER of `SEQUENCE { INTEGER r, INTEGER s }`; with `padded`, r has a leading zero byte too many.
pub(crate) fn der(r: &[u8], s: &[u8], padded: bool) -> Vec<u8> {
    let integer = |bytes: &[u8], padded: bool| {
        let start = bytes.iter().position(|&byte| byte != 0).unwrap_or(bytes.len() - 1);
        let significant = &bytes[start..];
        let mut content = vec![0; usize::from(significant[0] >= 0x80) + usize::from(padded)];
        content.extend(significant);
        [&[2, content.len() as u8], content.as_slice()].concat()
    };
    let content = [integer(r, padded), integer(s, false)].concat();
    [&[0x30, content.len() as u8], content.as_slice()].concat()
}
