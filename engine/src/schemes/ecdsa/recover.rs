//! Public-key recovery on secp256k1 (SEC 1 section 4.1.6) and Ethereum addresses.

use k256::Secp256k1;
use k256::elliptic_curve::ops::Invert;
use sha3::{Digest, Keccak256};

use super::rules::{EcdsaEncoding, EcdsaRule};
use super::wire::{self, RecoveryId};
use crate::Reason;
use crate::schemes::weierstrass::{self, Bounds, Curve};

/// The public key under which `signature` is a valid secp256k1 signature of `digest`: 04 ‖ x ‖ y.
///
/// `signature` is r ‖ s, 64 bytes; `rule` says which s are accepted. The digest is used as in verification: its
/// leftmost 256 bits, or all of it where it is shorter. `recovery_id` names the point R: bit 0 is the parity of its
/// y, bit 1 says that its x is r + n. The values 27 and 28 of Bitcoin and Ethereum and the EIP-155 form are for the
/// caller to undo.
///
/// # Errors
/// Each reason means that no key is recovered, the first in the order of [`Reason`]:
/// - [`Reason::BadSignatureLength`]: not 64 bytes;
/// - [`Reason::BadSignatureEncoding`]: a recovery id above 3;
/// - [`Reason::ScalarOutOfRange`], [`Reason::HighS`]: as in verification;
/// - [`Reason::RNotOnCurve`]: no point has the x that the recovery id names, or that x is not below p;
/// - [`Reason::EquationFailed`]: the key would be infinity.
///
/// ```
/// use sigwarp::{EcdsaRule, ethereum_address, recover};
/// # let unhex = |s: &str| -> Vec<u8> {
/// #     (0..s.len() / 2).map(|i| u8::from_str_radix(&s[2 * i..2 * i + 2], 16).unwrap()).collect()
/// # };
/// // The example of EIP-155.
/// let digest = unhex("daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53");
/// let signature = unhex("28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276\
///                        67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83");
/// let key = recover(&digest, &signature, 0, EcdsaRule::LowS)?;
/// assert_eq!(ethereum_address(&key)[..], unhex("9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f"));
/// # Ok::<(), sigwarp::Reason>(())
/// ```
pub fn recover(
    digest: &[u8],
    signature: &[u8],
    recovery_id: u8,
    rule: EcdsaRule,
) -> Result<[u8; 65], Reason> {
    const BOUNDS: Bounds = Secp256k1::BOUNDS;
    let signature = wire::parse_signature(EcdsaEncoding::Raw, signature)?;
    let id = RecoveryId::new(recovery_id).ok_or(Reason::BadSignatureEncoding)?;
    rule.screen_signature(&wire::signature_facts(&BOUNDS, &signature))?;

    let x = if id.x_is_r_plus_n { weierstrass::add(&signature.r, BOUNDS.n) } else { Some(signature.r) };
    // Decompression refuses an x that is not below p.
    let point =
        x.and_then(|x| weierstrass::decompress::<Secp256k1>(&x, id.y_is_odd)).ok_or(Reason::RNotOnCurve)?;
    let [r, s, e] = [signature.r, signature.s, weierstrass::digest_integer(digest)]
        .map(|integer| weierstrass::scalar::<Secp256k1>(&integer));
    // sR = eG + rQ, so Q = (s/r)R − (e/r)G.
    let w = Invert::invert(&r).into_option().ok_or(Reason::ScalarOutOfRange)?;
    let key = weierstrass::combine::<Secp256k1>(&-(e * w), &(s * w), &point).ok_or(Reason::EquationFailed)?;
    let mut encoded = [4; 65];
    encoded[1..33].copy_from_slice(&key.x);
    encoded[33..].copy_from_slice(&key.y);
    Ok(encoded)
}

/// The Ethereum address of an uncompressed key (04 ‖ x ‖ y): the last 20 bytes of Keccak-256 of x ‖ y (Yellow Paper,
/// appendix F). The key is not checked.
pub fn ethereum_address(key: &[u8; 65]) -> [u8; 20] {
    let hash: [u8; 32] = Keccak256::digest(&key[1..]).into();
    let mut address = [0; 20];
    address.copy_from_slice(&hash[12..]);
    address
}
