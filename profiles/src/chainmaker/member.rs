//! Members, and how a signature of theirs is verified.

use std::borrow::Cow;
use std::sync::LazyLock;

use sigwarp::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Hash, Sm2Encoding, Suite};

use super::{Context, Fault};
use crate::algorithm::{EcdsaHash, Key, KeyKind, RsaPadding, SignatureAlgorithm};
use crate::certificate::Certificate;
use crate::der::Der;
use crate::pem;
use crate::protobuf::{Message, Value};

/// With the user id of GM/T 0009 section 10, r ‖ s.
static SM2: LazyLock<Suite> =
    LazyLock::new(|| Suite::sm2_sm3(b"1234567812345678", Sm2Encoding::Raw).expect("a short user id"));
static P256: Suite = Suite::ecdsa(EcdsaScheme::P256, EcdsaRule::Any, EcdsaEncoding::Raw);
static SECP256K1: Suite = Suite::ecdsa(EcdsaScheme::Secp256k1, EcdsaRule::Any, EcdsaEncoding::Raw);

/// The kinds of members (`MemberType`).
const CERTIFICATE: i32 = 0;
const CERTIFICATE_HASH: i32 = 1;
const PUBLIC_KEY: i32 = 2;
const ALIAS: i32 = 4;

/// Who signs, as far as it matters for verifying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    kind: KeyKind,
    /// The hash function; `None` where it is one that is not known.
    hash: Option<Hash>,
    /// The key as a point.
    pub(super) key: Vec<u8>,
}

/// A suite, and the hash function whose digest it takes; `None` where it takes the message.
pub(super) type Method = (&'static Suite, Option<Hash>);

impl Identity {
    /// Of a certificate in PEM or DER; `None` where it is malformed.
    pub(super) fn of_certificate(bytes: &[u8]) -> Option<Self> {
        let der = der_of(bytes);
        let certificate = Certificate::parse(&der).ok()?;
        let hash = match certificate.algorithm {
            SignatureAlgorithm::Sm2 => Some(Hash::Sm3),
            SignatureAlgorithm::Ecdsa(EcdsaHash::Sha256)
            | SignatureAlgorithm::Rsa(RsaPadding::Pkcs1Sha256 | RsaPadding::PssSha256) => Some(Hash::Sha256),
            SignatureAlgorithm::Ecdsa(EcdsaHash::Sha512) => Some(Hash::Sha512),
            _ => None,
        };
        Some(Self::new(&certificate.key, hash))
    }

    /// Of a public key in PEM or DER; `None` where it is malformed.
    fn of_key(bytes: &[u8], hash: Hash) -> Option<Self> {
        let der = der_of(bytes);
        let mut outer = Der::new(&der);
        let key = Key::parse(&mut outer).ok()?;
        outer.end().ok()?;
        Some(Self::new(&key, Some(hash)))
    }

    fn new(key: &Key<'_>, hash: Option<Hash>) -> Self {
        // The engine would take a point without its first byte, which Go does not.
        let kind = if key.is_bare_point() { KeyKind::Unknown } else { key.kind };
        Self { kind, hash, key: key.bytes.to_vec() }
    }

    /// How its signatures are verified; `None` where they are not.
    pub(super) fn method(&self) -> Option<Method> {
        match (self.kind, self.hash?) {
            (KeyKind::Sm2, Hash::Sm3) => Some((&SM2, None)),
            (KeyKind::P256, hash) => Some((&P256, Some(hash))),
            (KeyKind::Secp256k1, hash) => Some((&SECP256K1, Some(hash))),
            _ => None,
        }
    }

    /// The key with the suite under which it is judged.
    pub(super) fn registered(&self) -> Option<(&Suite, &[u8])> {
        self.method().map(|(suite, _)| (suite, self.key.as_slice()))
    }
}

/// What is in the first block of PEM; the bytes themselves where there is none.
fn der_of(bytes: &[u8]) -> Cow<'_, [u8]> {
    pem::decode(bytes).map_or(Cow::Borrowed(bytes), |block| Cow::Owned(block.bytes))
}

/// A signature with its member, as the record has it.
#[derive(Debug, Default)]
pub(super) struct Entry<'a> {
    kind: i32,
    info: &'a [u8],
    /// In DER.
    pub(super) signature: &'a [u8],
}

impl<'a> Entry<'a> {
    /// Reads an `EndorsementEntry`; `None` where it is malformed.
    pub(super) fn read(message: &'a [u8]) -> Option<Self> {
        let mut entry = Self::default();
        for field in Message::new(message) {
            let field = field.ok()?;
            match (field.number, field.value) {
                (1, Value::Bytes(member)) => entry.read_member(member)?,
                (2, Value::Bytes(signature)) => entry.signature = signature,
                (1 | 2, _) => return None,
                _ => {}
            }
        }
        Some(entry)
    }

    /// Reads a `Member`. One that comes twice is one of the fields of both.
    fn read_member(&mut self, message: &'a [u8]) -> Option<()> {
        for field in Message::new(message) {
            let field = field.ok()?;
            match (field.number, field.value) {
                (1, Value::Bytes(_)) => {}
                (2, Value::Varint(kind)) => self.kind = Value::low_half(kind),
                (3, Value::Bytes(info)) => self.info = info,
                (1..=3, _) => return None,
                _ => {}
            }
        }
        Some(())
    }

    /// Who has signed.
    ///
    /// # Errors
    /// [`Fault::Malformed`], or what leaves it open.
    pub(super) fn identity<'c>(&self, context: &'c Context) -> Result<Cow<'c, Identity>, Fault> {
        let malformed = Fault::Malformed;
        match self.kind {
            CERTIFICATE => Identity::of_certificate(self.info).map(Cow::Owned).ok_or(malformed),
            PUBLIC_KEY => Identity::of_key(self.info, context.hash.hash()).map(Cow::Owned).ok_or(malformed),
            CERTIFICATE_HASH | ALIAS => {
                let known = context.certificates.get(self.info).ok_or(Fault::CertificateUnknown)?;
                known.as_ref().map(Cow::Borrowed).ok_or(malformed)
            }
            _ => Err(Fault::MemberType),
        }
    }
}
