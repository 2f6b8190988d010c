//! The bytes of an RSA key and of a signature.

use crate::Reason;
use crate::schemes::der::{self, Tail};

/// What precedes the key in a SubjectPublicKeyInfo: the algorithm rsaEncryption, 1.2.840.113549.1.1.1, with its parameters
/// NULL (RFC 3279 section 2.3.1).
const ALGORITHM: [u8; 15] =
    [0x30, 13, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// The sizes of a modulus in bits.
pub(super) const BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// The modulus and the public exponent of a key, big-endian without leading zeros. Both are odd, the exponent is from 3 to
/// 2³³ − 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key<'a> {
    pub(super) n: &'a [u8],
    pub(super) e: &'a [u8],
}

/// Reads RSAPublicKey (RFC 8017 appendix A.1.1), by itself or in a SubjectPublicKeyInfo, in DER.
pub(super) fn parse_key(bytes: &[u8]) -> Result<Key<'_>, Reason> {
    if bytes.is_empty() {
        return Err(Reason::BadKeyLength);
    }
    let [n, e] = parse(bytes).ok_or(Reason::BadKeyEncoding)?;
    let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
    if !BITS.contains(&bits) {
        return Err(Reason::BadKeyLength);
    }
    let is_odd = |number: &[u8]| number.last().is_some_and(|last| last & 1 == 1);
    let e_fits = e.len() < 5 || e.len() == 5 && e[0] < 2;
    if !is_odd(n) || !is_odd(e) || *e == [1] || !e_fits {
        return Err(Reason::BadKeyEncoding);
    }
    Ok(Key { n, e })
}

fn parse(bytes: &[u8]) -> Option<[&[u8]; 2]> {
    let (content, []) = der::element(0x30, bytes)? else { return None };
    let Some(rest) = content.strip_prefix(&ALGORITHM) else { return der::strict(bytes, Tail::Refused) };
    // A BIT STRING of whole bytes.
    let (&[0, ref key @ ..], []) = der::element(0x03, rest)? else { return None };
    der::strict(key, Tail::Refused)
}

/// The signature, if it has the length of the modulus and is below it.
pub(super) fn check_signature(key: &Key<'_>, signature: &[u8]) -> Result<(), Reason> {
    if signature.len() != key.n.len() {
        Err(Reason::BadSignatureLength)
    } else if signature >= key.n {
        Err(Reason::ScalarOutOfRange)
    } else {
        Ok(())
    }
}
