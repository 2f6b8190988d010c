//! The public key of a certificate, or of a SubjectPublicKeyInfo by itself (RFC 5280 section 4.1, RFC 5480, RFC 8410).
//! Nothing else of a certificate is read.

use crate::der::{self, BadDer, Der, OBJECT_IDENTIFIER, SEQUENCE};
use crate::keys::KeyType;

/// A public key of a listed type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SubjectKey<'a> {
    pub(crate) kind: KeyType,
    /// As the structure has it: a point as SEC 1 writes it, for RSA a structure of its own.
    pub(crate) bytes: &'a [u8],
    /// Whether it came in a certificate.
    pub(crate) is_certified: bool,
}

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

impl<'a> SubjectKey<'a> {
    /// The key of a certificate; `None` where it is of a type that is not listed.
    pub(crate) fn of_certificate(certificate: &'a [u8]) -> Result<Option<Self>, BadDer> {
        let mut signed = Der::new(certificate).sequence()?.sequence()?;
        // The version, which certificates of version 1 do not have, and the serial number.
        signed.optional(der::context(0))?;
        signed.integer()?;
        // Algorithm, issuer, validity, subject.
        for _ in 0..4 {
            signed.sequence()?;
        }
        Ok(Self::of_info(signed.sequence()?)?.map(|key| Self { is_certified: true, ..key }))
    }

    /// The key of a certificate or a SubjectPublicKeyInfo, which takes all bytes.
    pub(crate) fn of_either(bytes: &'a [u8]) -> Result<Option<Self>, BadDer> {
        let mut outer = Der::new(bytes);
        let mut inside = outer.sequence()?;
        outer.end()?;
        // An algorithm begins with its identifier, a certificate with its version or number.
        let first = inside.element(SEQUENCE)?.inside().any()?;
        match first.tag {
            OBJECT_IDENTIFIER => Self::of_info(Der::new(bytes).sequence()?),
            _ => Self::of_certificate(bytes),
        }
    }

    fn of_info(mut info: Der<'a>) -> Result<Option<Self>, BadDer> {
        let mut algorithm = info.sequence()?;
        let kind = match algorithm.oid()? {
            EC_PUBLIC_KEY => match algorithm.any()?.contents {
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
        Ok(Some(Self { kind, bytes: info.bit_string()?, is_certified: false }))
    }
}
