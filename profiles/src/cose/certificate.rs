//! The public key of a certificate that a record carries in `x5chain` (RFC 9360). Nothing else of it is read.

use super::keys::{Key, KeyType};
use crate::cbor::Item;
use crate::der::{self, BadDer, Der};

/// 1.2.840.10045.2.1, a key of a curve that the parameters name.
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
/// 1.2.840.10045.3.1.7.
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
/// 1.3.132.0.10.
const SECP256K1: &[u8] = &[0x2b, 0x81, 4, 0, 10];
/// 1.3.132.0.34.
const P384: &[u8] = &[0x2b, 0x81, 4, 0, 34];
/// 1.3.132.0.35.
const P521: &[u8] = &[0x2b, 0x81, 4, 0, 35];
/// 1.3.101.112.
const ED25519: &[u8] = &[0x2b, 0x65, 112];
/// 1.3.101.113.
const ED448: &[u8] = &[0x2b, 0x65, 113];
/// 1.2.840.113549.1.1.1.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];

/// The key of the first certificate of an `x5chain`, which is one certificate or an array of them.
pub(super) fn key(chain: Item<'_>) -> Option<Key> {
    let first = match chain.array() {
        None => chain,
        Some(mut certificates) => certificates.next()?,
    };
    of_certificate(&first.byte_string()?).ok().flatten()
}

fn of_certificate(certificate: &[u8]) -> Result<Option<Key>, BadDer> {
    let mut signed = Der::new(certificate).sequence()?.sequence()?;
    // The version, which certificates of version 1 do not have, and the serial number.
    signed.optional(der::context(0))?;
    signed.integer()?;
    // Algorithm, issuer, validity, subject.
    for _ in 0..4 {
        signed.sequence()?;
    }
    let mut key = signed.sequence()?;
    let mut algorithm = key.sequence()?;
    let kind = match algorithm.oid()? {
        EC_PUBLIC_KEY => match algorithm.oid()? {
            P256 => KeyType::P256,
            SECP256K1 => KeyType::Secp256k1,
            P384 => KeyType::P384,
            P521 => KeyType::P521,
            _ => return Ok(None),
        },
        ED25519 => KeyType::Ed25519,
        ED448 => KeyType::Ed448,
        RSA => KeyType::Rsa,
        _ => return Ok(None),
    };
    Ok(Some(Key::new(kind, key.bit_string()?)))
}
