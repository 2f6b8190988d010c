//! The steps of verifying one ECDSA item (SEC 1 section 4.1.4, FIPS 186-5 section 6.4.2).

use k256::Secp256k1;
use k256::elliptic_curve::Scalar;
use k256::elliptic_curve::ops::Invert;
use p256::NistP256;
use sha2::{Digest, Sha256};
use sha3::Keccak256;

use super::rules::{self, CurveName, EcdsaEncoding, EcdsaRule, EcdsaScheme, Prehash};
use super::wire;
use crate::Reason;
use crate::schemes::Screened;
use crate::schemes::weierstrass::{self, Curve};
use sigwarp_kernels::hash::{self, Algorithm, Extension, Slices};
use sigwarp_kernels::simd::Token;

/// Verifies one item. `message` is what the scheme takes: the message or the digest.
pub(crate) fn verify(
    scheme: EcdsaScheme,
    rule: EcdsaRule,
    encoding: EcdsaEncoding,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), Reason> {
    let verify = match scheme.curve() {
        CurveName::P256 => verify_on::<NistP256>,
        CurveName::Secp256k1 => verify_on::<Secp256k1>,
    };
    verify(scheme, rule, encoding, key, message, signature)
}

fn verify_on<C: Curve>(
    scheme: EcdsaScheme,
    rule: EcdsaRule,
    encoding: EcdsaEncoding,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), Reason> {
    let hybrid = encoding.hybrid_keys(scheme.curve());
    let item = wire::parse(&C::BOUNDS, encoding, hybrid, key, signature)?;
    let screened = rule.screen(&item.facts);
    if let Screened::Rejected(reason) = screened {
        return Err(reason);
    }
    let q = weierstrass::decode::<C>(&item.key).ok_or(Reason::KeyNotOnCurve)?;
    if let Screened::RejectedUnlessKeyFails(reason) = screened {
        return Err(reason);
    }
    let e = scheme.hash().map_or_else(|| weierstrass::digest_integer(message), |hash| hash.digest(message));
    let e = weierstrass::scalar::<C>(&e);
    let [r, s] = [item.signature.r, item.signature.s].map(|integer| weierstrass::scalar::<C>(&integer));
    let w = Invert::invert(&s).into_option().ok_or(Reason::ScalarOutOfRange)?;
    let point = weierstrass::combine::<C>(&(e * w), &(r * w), &q).ok_or(Reason::EquationFailed)?;
    // x(R) < p < 2n, so that reducing it compares with r and with r + n, the latter only where it is below p.
    let x: Scalar<C> = weierstrass::scalar::<C>(&point.x);
    let named = |id| rules::names_point(id, &point, &C::BOUNDS);
    if x == r && item.signature.recovery_id.is_none_or(named) { Ok(()) } else { Err(Reason::EquationFailed) }
}

impl Prehash {
    /// The digest of a message, for callers of [`crate::recover`] and of schemes that take a digest.
    pub fn digest(self, message: &[u8]) -> [u8; 32] {
        match self {
            Self::Sha256 => Sha256::digest(message).into(),
            Self::Sha256d => Sha256::digest(Sha256::digest(message)).into(),
            Self::Keccak256 => Keccak256::digest(message).into(),
        }
    }

    /// The digest of each message, in lanes.
    pub(super) fn digest_all<T: Token>(self, token: T, messages: &[&[u8]]) -> Vec<[u8; 32]> {
        let algorithm = match self {
            Self::Sha256 => Algorithm::Sha256,
            Self::Sha256d => Algorithm::Sha256d,
            Self::Keccak256 => Algorithm::Keccak256,
        };
        let mut digests = vec![[0; 32]; messages.len()];
        let extension = Extension::of::<T>();
        hash::digest_all(
            token,
            extension,
            algorithm,
            &Slices(messages),
            digests.as_flattened_mut(),
            &mut Vec::new(),
        );
        digests
    }
}
