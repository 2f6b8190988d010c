//! The steps of verifying one item (SEC 1 section 4.1.4, FIPS 186-5 section 6.4.2).

use ::p384::elliptic_curve::array::Array;
use ::p384::elliptic_curve::ops::{Invert, MulByGeneratorVartime, Reduce};
use ::p384::elliptic_curve::point::{AffineCoordinates, DecompressPoint};
use ::p384::elliptic_curve::scalar::IsHigh;
use ::p384::elliptic_curve::subtle::Choice;
use ::p384::elliptic_curve::{Group, PrimeField};
use ::p384::{AffinePoint, ProjectivePoint, Scalar};
use sha2::{Digest, Sha384};

use crate::Reason;
use crate::schemes::def::GivenKey;
use crate::schemes::der::{self, Tail};
use crate::schemes::ecdsa::EcdsaRule;
use crate::schemes::values::ParsedKey;

/// Bytes of a coordinate and of a scalar.
const BYTES: usize = 48;

/// The prime 2³⁸⁴ − 2¹²⁸ − 2⁹⁶ + 2³² − 1, big-endian (SP 800-186 section 3.2.1.4).
const P: [u8; BYTES] = {
    let mut p = [0xff; BYTES];
    p[31] = 0xfe;
    let mut i = 36;
    while i < 44 {
        p[i] = 0;
        i += 1;
    }
    p
};

/// A key of a known form: x, and y or whether it is odd.
enum Key {
    Compressed([u8; BYTES], bool),
    Whole([u8; BYTES], [u8; BYTES]),
}

/// Reads the forms of SEC 1 section 2.3.3, and x ‖ y without a tag.
fn parse_key(bytes: &[u8]) -> Result<Key, Reason> {
    let (tag, coordinates) = match bytes.len() {
        49 | 97 => (Some(bytes[0]), &bytes[1..]),
        96 => (None, bytes),
        // SEC 1's encoding of infinity: a known form, which no key has.
        1 if bytes[0] == 0 => return Err(Reason::BadKeyEncoding),
        _ => return Err(Reason::BadKeyLength),
    };
    match (coordinates.as_chunks().0, tag) {
        ([x], Some(tag @ (2 | 3))) => Ok(Key::Compressed(*x, tag == 3)),
        ([x, y], None | Some(4)) => Ok(Key::Whole(*x, *y)),
        _ => Err(Reason::BadKeyEncoding),
    }
}

/// The point of a key (SEC 1 section 2.3.4).
fn decode(key: Key) -> Result<AffinePoint, Reason> {
    let reduced = match &key {
        Key::Compressed(x, _) => *x < P,
        Key::Whole(x, y) => *x < P && *y < P,
    };
    if !reduced {
        return Err(Reason::NonCanonicalKey);
    }
    let point = match key {
        Key::Compressed(x, odd) => AffinePoint::decompress(&Array(x), Choice::from(u8::from(odd))),
        Key::Whole(x, y) => AffinePoint::from_coordinates(&Array(x), &Array(y)),
    };
    point.into_option().ok_or(Reason::KeyNotOnCurve)
}

/// A key to register: its point.
pub(super) fn parse(bytes: &[u8]) -> Result<ParsedKey, Reason> {
    Ok(ParsedKey::new(decode(parse_key(bytes)?)?, 0))
}

/// r and s, where they have at most 384 bits; 0 stands for what has more, and is as much out of range.
fn parse_signature(encoding: usize, bytes: &[u8]) -> Result<[[u8; BYTES]; 2], Reason> {
    if encoding == 0 {
        return match bytes.as_chunks() {
            ([r, s], []) => Ok([*r, *s]),
            _ => Err(Reason::BadSignatureLength),
        };
    }
    if bytes.is_empty() {
        return Err(Reason::BadSignatureLength);
    }
    let integers = der::strict(bytes, Tail::Refused).ok_or(Reason::BadSignatureEncoding)?;
    Ok(integers.map(|integer| der::padded(integer).unwrap_or([0; BYTES])))
}

/// The verdict on an item.
pub(super) fn verify(
    (rule, encoding): (usize, usize),
    key: GivenKey<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Reason> {
    // A registered key passed these checks, of which the last come after the form of the signature.
    let key = match key.parsed.and_then(ParsedKey::get::<AffinePoint>) {
        Some(point) => Ok(*point),
        None => Err(parse_key(key.bytes)?),
    };
    let [r, s] = parse_signature(encoding, signature)?;
    let q = key.or_else(decode)?;
    let scalar = |bytes: [u8; BYTES]| {
        let scalar = Scalar::from_repr(Array(bytes)).into_option();
        scalar.filter(|scalar| !bool::from(scalar.is_zero())).ok_or(Reason::ScalarOutOfRange)
    };
    let (r, s) = (scalar(r)?, scalar(s)?);
    if EcdsaRule::ALL[rule] == EcdsaRule::LowS && bool::from(s.is_high()) {
        return Err(Reason::HighS);
    }
    let e: Scalar = Reduce::reduce(&Array::<u8, _>(Sha384::digest(message).into()));
    let w = Invert::invert(&s).into_option().ok_or(Reason::ScalarOutOfRange)?;
    let sum =
        ProjectivePoint::mul_by_generator_and_mul_add_vartime(&(e * w), &(r * w), &ProjectivePoint::from(q));
    if sum.is_identity().into() {
        return Err(Reason::EquationFailed);
    }
    // x(R) < p < 2n, so that reducing it compares with r and with r + n, the latter only where it is below p.
    let x: Scalar = Reduce::reduce(&sum.to_affine().x());
    if x == r { Ok(()) } else { Err(Reason::EquationFailed) }
}
