//! Algorithms of the signatures and keys of certificates, by their identifiers, and the suite that a signature is verified
//! under.

use sigwarp::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Ed25519Rule, Hash, Sm2Encoding, Suite};

use crate::der::{BadDer, Der, NULL, OBJECT_IDENTIFIER, SEQUENCE};

/// ecdsa-with-SHA256, SHA384 and SHA512 (RFC 5758): 1.2.840.10045.4.3.2 to .4.
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const ECDSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];
const ECDSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4];
/// What the others begin with: ecdsa-with-SHA1 (1.2.840.10045.4.1) and ecdsa-with-SHA224 among them.
const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4];
/// Ed25519, as an algorithm of keys as well (RFC 8410): 1.3.101.112.
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
/// SM2 with SM3 (GM/T 0006): 1.2.156.10197.1.501.
const SM2_SM3: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x83, 0x75];
/// sha256WithRSAEncryption (RFC 4055): 1.2.840.113549.1.1.11.
const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
/// id-RSASSA-PSS (RFC 4055): 1.2.840.113549.1.1.10.
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
/// rsaEncryption, as an algorithm of keys (RFC 3279): 1.2.840.113549.1.1.1.
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
/// What the algorithms of PKCS #1 begin with.
const PKCS1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];

/// id-ecPublicKey (RFC 5480): 1.2.840.10045.2.1.
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
/// secp256r1: 1.2.840.10045.3.1.7.
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
/// secp384r1: 1.3.132.0.34.
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0, 34];
/// secp256k1: 1.3.132.0.10.
const SECP256K1: &[u8] = &[0x2b, 0x81, 0x04, 0, 10];
/// sm2p256v1 (GM/T 0006), which some certificates have as the algorithm of the key as well: 1.2.156.10197.1.301.
const SM2_CURVE: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x82, 0x2d];

/// The parameters of [`RsaPadding::PssSha256`]; RFC 4055 has the NULL of the hash functions and takes them without it.
const PSS_SHA256: [&[u8]; 2] = [
    b"\x30\x34\xa0\x0f\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\
      \xa1\x1c\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\
      \x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\xa2\x03\x02\x01\x20",
    b"\x30\x30\xa0\x0d\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\
      \xa1\x1a\x30\x18\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\
      \x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\xa2\x03\x02\x01\x20",
];

/// The sizes in bits of the RSA keys that the engine verifies with.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// The algorithm of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignatureAlgorithm {
    Ecdsa(EcdsaHash),
    Ed25519,
    Sm2,
    Rsa(RsaPadding),
    Unknown,
}

/// The hash function of an ECDSA signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EcdsaHash {
    Sha256,
    Sha384,
    Sha512,
    Other,
}

/// The padding of an RSA signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RsaPadding {
    /// PKCS #1 v1.5 with SHA-256.
    Pkcs1Sha256,
    /// PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes.
    PssSha256,
    Other,
}

impl SignatureAlgorithm {
    /// Reads the contents of an AlgorithmIdentifier. Beside ECDSA, SM2 and PKCS #1 parameters may be absent or NULL.
    pub(crate) fn parse(mut identifier: Der<'_>) -> Result<Self, BadDer> {
        let oid = identifier.oid()?;
        let parameters = identifier.any_or_none()?;
        identifier.end()?;
        let has_none = parameters.is_none();
        let has_none_or_null = parameters.is_none_or(|parameters| parameters.tag == NULL);
        Ok(match oid {
            ECDSA_SHA256 if has_none_or_null => Self::Ecdsa(EcdsaHash::Sha256),
            ECDSA_SHA384 if has_none_or_null => Self::Ecdsa(EcdsaHash::Sha384),
            ECDSA_SHA512 if has_none_or_null => Self::Ecdsa(EcdsaHash::Sha512),
            ED25519 if has_none => Self::Ed25519,
            SM2_SM3 if has_none_or_null => Self::Sm2,
            RSA_SHA256 if has_none_or_null => Self::Rsa(RsaPadding::Pkcs1Sha256),
            RSA_PSS if parameters.is_some_and(|of| PSS_SHA256.contains(&of.bytes)) => {
                Self::Rsa(RsaPadding::PssSha256)
            }
            oid if oid.starts_with(ECDSA) => Self::Ecdsa(EcdsaHash::Other),
            oid if oid.starts_with(PKCS1) => Self::Rsa(RsaPadding::Other),
            _ => Self::Unknown,
        })
    }
}

/// A public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key<'a> {
    /// Its algorithm and curve.
    pub(crate) kind: KeyKind,
    /// The bytes of the key.
    pub(crate) bytes: &'a [u8],
}

/// The algorithm of a public key and its curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyKind {
    /// On NIST P-256.
    P256,
    /// On secp256k1.
    Secp256k1,
    /// On the curve of SM2.
    Sm2,
    /// On NIST P-384.
    P384,
    /// On another curve, or one whose parameters are written out.
    OtherCurve,
    /// Of Ed25519.
    Ed25519,
    /// Of RSA, whatever its size.
    Rsa,
    /// Of another algorithm.
    Unknown,
}

impl<'a> Key<'a> {
    /// Reads a SubjectPublicKeyInfo.
    pub(crate) fn parse(from: &mut Der<'a>) -> Result<Self, BadDer> {
        let mut info = from.sequence()?;
        let identifier = info.element(SEQUENCE)?;
        identifier.check()?;
        let bytes = info.bit_string()?;
        info.end()?;
        let mut identifier = identifier.inside();
        let oid = identifier.oid()?;
        let parameters = identifier.any_or_none()?;
        identifier.end()?;
        let curve = parameters.filter(|parameters| parameters.tag == OBJECT_IDENTIFIER);
        let kind = match (oid, curve.map(|curve| curve.contents)) {
            (EC_PUBLIC_KEY, Some(P256)) => KeyKind::P256,
            (EC_PUBLIC_KEY, Some(SECP256K1)) => KeyKind::Secp256k1,
            (EC_PUBLIC_KEY | SM2_CURVE, Some(SM2_CURVE)) => KeyKind::Sm2,
            (EC_PUBLIC_KEY, Some(P384)) => KeyKind::P384,
            (EC_PUBLIC_KEY, _) => KeyKind::OtherCurve,
            (ED25519, _) if parameters.is_none() => KeyKind::Ed25519,
            (RSA_ENCRYPTION, _) => KeyKind::Rsa,
            _ => KeyKind::Unknown,
        };
        Ok(Self { kind, bytes })
    }

    /// Whether this is x ‖ y without the octet that SEC 1 begins a point with. The engine takes such keys, and RFC 5480
    /// has none.
    pub(crate) fn is_bare_point(&self) -> bool {
        let coordinates = match self.kind {
            KeyKind::P256 | KeyKind::Secp256k1 | KeyKind::Sm2 => 64,
            KeyKind::P384 => 96,
            _ => return false,
        };
        self.bytes.len() == coordinates
    }

    /// Whether this is an RSA key of a size that the engine does not verify with.
    fn is_of_other_size(&self) -> bool {
        let modulus = Der::new(self.bytes).sequence().and_then(|mut key| key.integer());
        modulus.is_ok_and(|modulus| {
            let zeros = modulus.iter().take_while(|octet| **octet == 0).count();
            let first = modulus.get(zeros).map_or(0, |octet| octet.leading_zeros() as usize);
            !RSA_BITS.contains(&(8 * (modulus.len() - zeros) - first))
        })
    }
}

/// What SM2 signatures of certificates are over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sm2 {
    /// SM3(Z_A ‖ TBSCertificate), under the suite of a user id.
    UserId(Suite),
    /// SM3(TBSCertificate).
    WithoutZa,
}

/// Why no suite verifies a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoMethod {
    /// No such key makes such signatures.
    KeyAlgorithmMismatch,
    /// The engine lacks the algorithm, or one of the two is not known.
    UnsupportedAlgorithm,
}

/// How a signature is verified.
#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) suite: Suite,
    /// The hash function whose digest the suite takes; `None` where it takes the message.
    pub(crate) hash: Option<Hash>,
}

/// How signatures of this algorithm are verified with a key.
///
/// # Errors
/// Why there is no way.
pub(crate) fn method(algorithm: SignatureAlgorithm, key: &Key<'_>, sm2: &Sm2) -> Result<Method, NoMethod> {
    use KeyKind::{Ed25519, OtherCurve, P256, P384, Rsa, Secp256k1, Sm2 as Sm2Key, Unknown};
    use SignatureAlgorithm as Of;
    let ecdsa = |scheme| Suite::ecdsa(scheme, EcdsaRule::Any, EcdsaEncoding::Der);
    let of_message = |suite| Ok(Method { suite, hash: None });
    let of_digest = |suite, hash| Ok(Method { suite, hash: Some(hash) });
    match (algorithm, key.kind) {
        (Of::Ecdsa(EcdsaHash::Sha256), P256) => of_message(ecdsa(EcdsaScheme::P256Sha256)),
        (Of::Ecdsa(EcdsaHash::Sha256), Secp256k1) => of_message(ecdsa(EcdsaScheme::Secp256k1Sha256)),
        (Of::Ecdsa(EcdsaHash::Sha512), P256) => of_digest(ecdsa(EcdsaScheme::P256), Hash::Sha512),
        (Of::Ecdsa(EcdsaHash::Sha512), Secp256k1) => of_digest(ecdsa(EcdsaScheme::Secp256k1), Hash::Sha512),
        (Of::Ecdsa(EcdsaHash::Sha384), P384) => one_by_one("ecdsa-p384-sha384", "ecdsa", "der"),
        (Of::Ed25519, Ed25519) => of_message(Suite::ed25519(Ed25519Rule::Cofactorless)),
        (Of::Sm2, Sm2Key) => match sm2 {
            Sm2::UserId(suite) => of_message(suite.clone()),
            Sm2::WithoutZa => of_digest(Suite::sm2(Sm2Encoding::Der), Hash::Sm3),
        },
        (Of::Rsa(RsaPadding::Pkcs1Sha256), Rsa) if !key.is_of_other_size() => {
            one_by_one("rsa-pkcs1-sha256", "rfc8017", "raw")
        }
        (Of::Rsa(RsaPadding::PssSha256), Rsa) if !key.is_of_other_size() => {
            one_by_one("rsa-pss-sha256", "pss-salt-32", "raw")
        }
        (Of::Unknown, _)
        | (_, Unknown)
        | (Of::Ecdsa(_), P256 | Secp256k1 | P384 | OtherCurve)
        | (Of::Sm2, OtherCurve)
        | (Of::Rsa(_), Rsa) => Err(NoMethod::UnsupportedAlgorithm),
        (Of::Ecdsa(_) | Of::Ed25519 | Of::Sm2 | Of::Rsa(_), _) => Err(NoMethod::KeyAlgorithmMismatch),
    }
}

/// A suite that the engine has with its feature `one-by-one` alone.
fn one_by_one(scheme: &str, rule: &str, encoding: &str) -> Result<Method, NoMethod> {
    let suite = Suite::from_names(scheme, Some(rule), Some(encoding), None);
    suite.map(|suite| Method { suite, hash: None }).map_err(|_| NoMethod::UnsupportedAlgorithm)
}
