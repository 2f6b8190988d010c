//! The steps of verifying one item (RFC 8017 sections 8.2.2 and 8.1.2).

use ::rsa::{BoxedUint, Pkcs1v15Sign, Pss, PublicKey};
use sha2::{Digest, Sha256};

use super::wire;
use crate::Reason;
use crate::schemes::def::GivenKey;
use crate::schemes::values::{COUNTERS, ParsedKey};

/// A key with what powers modulo n are computed by.
fn prepared(wire::Key { n, e }: wire::Key<'_>) -> Result<PublicKey, Reason> {
    let [n, e] = [n, e].map(BoxedUint::from_be_slice_vartime);
    PublicKey::new_with_size_limits(n, e, wire::BITS).map_err(|_| Reason::BadKeyEncoding)
}

/// A key to register, under either padding.
pub(super) fn parse(bytes: &[u8]) -> Result<ParsedKey, Reason> {
    let key = wire::parse_key(bytes)?;
    // The crate keeps n, and once more with R and R² modulo n (R = 2⁶⁴ to the number of words of n) in a shared
    // value of 64 bytes; and e, of one word.
    let besides = 4 * key.n.len().next_multiple_of(8) + COUNTERS + 64 + 8;
    Ok(ParsedKey::new(prepared(key)?, besides))
}

/// The verdict of `verify` with the key of an item whose signature has the right form.
fn with_key(
    key: GivenKey<'_>,
    signature: &[u8],
    verify: impl FnOnce(&PublicKey) -> ::rsa::Result<()>,
) -> Result<(), Reason> {
    let parts = wire::parse_key(key.bytes)?;
    wire::check_signature(&parts, signature)?;
    let verified = match key.parsed.and_then(ParsedKey::get::<PublicKey>) {
        Some(key) => verify(key),
        None => verify(&prepared(parts)?),
    };
    verified.map_err(|_| Reason::EquationFailed)
}

/// RSASSA-PKCS1-v1_5.
pub(super) fn pkcs1(
    _: (usize, usize),
    key: GivenKey<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Reason> {
    let padding = Pkcs1v15Sign::new::<Sha256>();
    with_key(key, signature, |key| key.verify(padding, &Sha256::digest(message), signature))
}

/// RSASSA-PSS with a salt of 32 bytes under the first rule, and of any length under the second.
pub(super) fn pss(
    (rule, _): (usize, usize),
    key: GivenKey<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Reason> {
    // Blinding is of signing.
    let padding = Pss { blinded: false, digest: Sha256::new(), salt_len: (rule == 0).then_some(32) };
    with_key(key, signature, |key| key.verify(padding, &Sha256::digest(message), signature))
}
