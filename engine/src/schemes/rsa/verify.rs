//! The steps of verifying one item (RFC 8017 sections 8.2.2 and 8.1.2).

use ::rsa::{BoxedUint, PublicKey, pkcs1v15, pss};
use sha2::Sha256;

use super::wire;
use crate::Reason;

/// The key of an item whose signature has the right form.
fn key(key: &[u8], signature: &[u8]) -> Result<PublicKey, Reason> {
    let key = wire::parse_key(key)?;
    wire::check_signature(&key, signature)?;
    let [n, e] = [key.n, key.e].map(BoxedUint::from_be_slice_vartime);
    PublicKey::new_with_size_limits(n, e, wire::BITS).map_err(|_| Reason::BadKeyEncoding)
}

/// RSASSA-PKCS1-v1_5.
pub(super) fn pkcs1(
    _: (usize, usize),
    key_bytes: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), Reason> {
    use ::rsa::signature::Verifier;
    let key = pkcs1v15::VerifyingKey::<Sha256>::new(key(key_bytes, signature)?);
    let signature = pkcs1v15::Signature::try_from(signature).map_err(|_| Reason::EquationFailed)?;
    key.verify(message, &signature).map_err(|_| Reason::EquationFailed)
}

/// RSASSA-PSS with a salt of 32 bytes under the first rule, and of any length under the second.
pub(super) fn pss(
    (rule, _): (usize, usize),
    key_bytes: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), Reason> {
    use ::rsa::signature::Verifier;
    let key = key(key_bytes, signature)?;
    let key = match rule {
        0 => pss::VerifyingKey::<Sha256>::new_with_salt_len(key, 32),
        _ => pss::VerifyingKey::<Sha256>::new_with_auto_salt_len(key),
    };
    let signature = pss::Signature::try_from(signature).map_err(|_| Reason::EquationFailed)?;
    key.verify(message, &signature).map_err(|_| Reason::EquationFailed)
}
