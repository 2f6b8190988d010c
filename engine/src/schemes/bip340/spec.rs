//! The oracle: BIP 340 as sG = R + eP, with both R and P lifted from their x.

use k256::Secp256k1;
use k256::elliptic_curve::bigint::U256;
use k256::{ProjectivePoint, Scalar};
use sha2::{Digest, Sha256};

use crate::Reason;
use crate::schemes::spec::{self, Curve, check};

/// The verdict on one item.
pub(crate) fn verify(key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), Reason> {
    check(key.len() == 32, Reason::BadKeyLength)?;
    check(signature.len() == 64, Reason::BadSignatureLength)?;
    let x = U256::from_be_slice(key);
    let r = U256::from_be_slice(&signature[..32]);
    let s = U256::from_be_slice(&signature[32..]);
    check(x < Secp256k1::prime(), Reason::NonCanonicalKey)?;
    let p = *spec::lift::<Secp256k1>(&x).first().ok_or(Reason::KeyNotOnCurve)?;
    check(s < Secp256k1::order(), Reason::ScalarOutOfRange)?;
    check(r < Secp256k1::prime(), Reason::NonCanonicalR)?;

    let tag = Sha256::digest(b"BIP0340/challenge");
    let input = [&tag[..], &tag[..], &signature[..32], key, message].concat();
    let e: Scalar = spec::scalar::<Secp256k1>(&U256::from_be_slice(&Sha256::digest(input)));
    let even_r = spec::lift::<Secp256k1>(&r).first().copied();
    let s_g = ProjectivePoint::GENERATOR * spec::scalar::<Secp256k1>(&s);
    let holds = even_r.is_some_and(|r| s_g == ProjectivePoint::from(r) + ProjectivePoint::from(p) * e);
    check(holds, Reason::EquationFailed)
}
