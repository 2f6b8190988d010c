//! The oracle: SM2 as a search for the point whose x is congruent to r − e.
//!
//! The base point in Z_A comes from the crate sm2, where `verify` has it from the tables.

use k256::elliptic_curve::bigint::U256;
use sm2::elliptic_curve::PrimeField;
use sm2::{AffinePoint, ProjectivePoint, Scalar, Sm2};
use sm3::{Digest, Sm3};

use super::Sm2Encoding;
use crate::Reason;
use crate::schemes::spec::{self, Curve, Key, check};

/// The verdict on one item. With a user ID `message` is the message, without one it is e.
pub(crate) fn verify(
    user_id: Option<&[u8]>,
    encoding: Sm2Encoding,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), Reason> {
    let key = Key::read(key, false)?;
    let [r, s] = match encoding {
        Sm2Encoding::Raw => {
            check(signature.len() == 64, Reason::BadSignatureLength)?;
            [signature[..32].to_vec(), signature[32..].to_vec()]
        }
        Sm2Encoding::Der => {
            check(!signature.is_empty(), Reason::BadSignatureLength)?;
            spec::der(signature).ok_or(Reason::BadSignatureEncoding)?
        }
    };
    let p: AffinePoint = key.point::<Sm2>()?;
    let scalar =
        |bytes: &[u8]| spec::integer(bytes).filter(spec::is_scalar::<Sm2>).ok_or(Reason::ScalarOutOfRange);
    let (r, s) = (scalar(&r)?, scalar(&s)?);
    let t: Scalar = spec::scalar::<Sm2>(&r) + spec::scalar::<Sm2>(&s);
    check(t != Scalar::ZERO, Reason::ScalarOutOfRange)?;

    let e = match user_id {
        Some(id) => Sm3::digest([&z(id, &p)[..], message].concat()).to_vec(),
        None if message.len() < 32 => [vec![0; 32 - message.len()], message.to_vec()].concat(),
        None => message[..32].to_vec(),
    };
    let e: Scalar = spec::scalar::<Sm2>(&U256::from_be_slice(&e));
    let residue = U256::from_be_slice(&(spec::scalar::<Sm2>(&r) - e).to_repr());
    let t = U256::from_be_slice(&t.to_repr());
    let sum = spec::sum::<Sm2>(&s, &t, &p);
    let found = spec::points_with_x_mod_n::<Sm2>(&residue)
        .into_iter()
        .any(|point| ProjectivePoint::from(point) == sum);
    check(found, Reason::EquationFailed)
}

/// Z_A of the signer.
fn z(user_id: &[u8], key: &AffinePoint) -> Vec<u8> {
    let bytes = |value: U256| <[u8; 32]>::from(value.to_be_bytes());
    let g = AffinePoint::GENERATOR;
    let a = Sm2::prime().wrapping_sub(&U256::from(3u8));
    let b = U256::from_be_hex("28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93");
    let mut input = ((user_id.len() * 8) as u16).to_be_bytes().to_vec();
    input.extend(user_id);
    input.extend(bytes(a));
    input.extend(bytes(b));
    for value in
        [spec::x_of::<Sm2>(&g), spec::y_of::<Sm2>(&g), spec::x_of::<Sm2>(key), spec::y_of::<Sm2>(key)]
    {
        input.extend(bytes(value));
    }
    Sm3::digest(&input).to_vec()
}
