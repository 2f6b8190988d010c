//! Identities of signers: a certificate in PEM under the name of an MSP, parsed once in a record for the same bytes.

use std::collections::HashMap;
use std::sync::Arc;

use sigwarp::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Ed25519Rule, Hash, Suite};

use super::Fault;
use super::authority::Store;
use super::membership::Memberships;
use super::wire::{Merge, SerializedIdentity};
use crate::algorithm::KeyKind;
use crate::batch::Answers;
use crate::certificate::Certificate;
use crate::pem;
use crate::work::{CheckId, Piece, Work};
use crate::{Role, Signature};

/// The suites of Fabric's signatures (bccsp/sw): low s is required, and Go's `asn1.Unmarshal` leaves bytes after the
/// signature alone.
#[derive(Debug)]
pub(super) struct Suites {
    /// ECDSA over a message.
    p256: Suite,
    /// The same, over its digest.
    p256_digest: Suite,
    /// Ed25519, since 3.0.
    ed25519: Suite,
}

impl Suites {
    pub(super) fn new() -> Self {
        let ecdsa = |scheme| Suite::ecdsa(scheme, EcdsaRule::LowS, EcdsaEncoding::DerTrailing);
        Self {
            p256: ecdsa(EcdsaScheme::P256Sha256),
            p256_digest: ecdsa(EcdsaScheme::P256),
            ed25519: Suite::ed25519(Ed25519Rule::Cofactorless),
        }
    }
}

/// The algorithm of a key that the engine verifies with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    P256,
    Ed25519,
}

/// A certificate under the name of an MSP.
#[derive(Debug)]
pub(super) struct Identity<'a> {
    pub(super) msp: &'a [u8],
    /// The certificate.
    pub(super) der: Arc<[u8]>,
    /// The first identity of the record with this MSP and certificate, by which Fabric tells signers apart.
    pub(super) name: Place,
    algorithm: Algorithm,
    /// In the work of the batch.
    key: Piece<'a>,
}

/// The place of an identity among those of its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place(pub(super) usize);

/// A signature that is verified.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) signer: Place,
    pub(super) check: CheckId,
}

/// Why a signature is not verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unasked {
    /// The identity is no certificate, or Go's x509 and bccsp do not take its key.
    BadIdentity,
    /// The key is of an algorithm that Fabric may take and the engine lacks.
    Unsupported,
    /// No identity was given for the number of a consenter.
    UnknownConsenter,
    /// More signatures, or more bytes under them, than a record may ask for.
    TooMany,
}

impl Unasked {
    /// The word for it in a list of what is undecided, where `identity` is the one for an identity that is none.
    pub(super) fn fault(self, identity: Fault) -> Fault {
        match self {
            Self::BadIdentity => identity,
            Self::Unsupported => Fault::UnsupportedAlgorithm,
            Self::UnknownConsenter => Fault::ConsenterUnknown,
            Self::TooMany => Fault::TooManySignatures,
        }
    }
}

/// The signers of a record, and the work that their signatures ask for.
pub(super) struct Signers<'a, 'w, 'c> {
    pub(super) work: &'w mut Work<'a>,
    suites: &'c Suites,
    known: HashMap<&'a [u8], Result<Place, Unasked>>,
    /// The identities by MSP and certificate: one certificate has many texts in PEM.
    names: HashMap<(&'a [u8], Arc<[u8]>), Place>,
    pub(super) identities: Vec<Identity<'a>>,
    store: &'a Store,
    pub(super) memberships: Memberships<'a>,
    /// The bytes that messages of several pieces may still take.
    left: usize,
}

impl<'a, 'w, 'c> Signers<'a, 'w, 'c> {
    /// Of a record of so many bytes.
    pub(super) fn new(work: &'w mut Work<'a>, suites: &'c Suites, store: &'a Store, length: usize) -> Self {
        let left = length.saturating_mul(super::MESSAGES_PER_BYTE).saturating_add(super::MESSAGE_BYTES);
        let (known, names, identities, memberships) = Default::default();
        Self { work, suites, known, names, identities, store, memberships, left }
    }

    /// The identity of these bytes.
    pub(super) fn identity(&mut self, serialized: &'a [u8]) -> Result<Place, Unasked> {
        if let Some(known) = self.known.get(serialized) {
            return *known;
        }
        let found = identity(serialized, self.work).map(|mut identity| {
            let place = Place(self.identities.len());
            identity.name = *self.names.entry((identity.msp, identity.der.clone())).or_insert(place);
            if !self.store.is_empty() {
                self.memberships.add(&identity, self.store, self.work);
            }
            self.identities.push(identity);
            place
        });
        self.known.insert(serialized, found);
        found
    }

    /// Asks for a signature of an identity.
    pub(super) fn ask(
        &mut self,
        serialized: &'a [u8],
        message: &Message<'a, '_>,
        signature: &'a [u8],
    ) -> Result<Asked, Unasked> {
        let signer = self.identity(serialized)?;
        let Identity { algorithm, key, .. } = self.identities[signer.0];
        let suite = match algorithm {
            Algorithm::P256 => &self.suites.p256,
            Algorithm::Ed25519 => &self.suites.ed25519,
        };
        let check = match (message.parts, message.end) {
            (&[whole], None) => self.work.verify(suite, key, whole, signature),
            (parts, end) => {
                let length = parts.iter().copied().chain(end.map(|(_, bytes)| bytes)).map(<[u8]>::len).sum();
                self.left = self.left.checked_sub(length).ok_or(Unasked::TooMany)?;
                match algorithm {
                    Algorithm::P256 => {
                        let parts = parts.iter().map(|part| Piece::from(*part));
                        let pieces: Vec<Piece<'a>> = parts.chain(end.map(|(piece, _)| piece)).collect();
                        let digest = self.work.hash(Hash::Sha256, &pieces);
                        self.work.verify(&self.suites.p256_digest, key, digest, signature)
                    }
                    Algorithm::Ed25519 => {
                        let all = parts.iter().copied().chain(end.map(|(_, bytes)| bytes));
                        let whole = self.work.own_all(all);
                        self.work.verify(suite, key, whole, signature)
                    }
                }
            }
        };
        Ok(Asked { signer, check })
    }
}

/// What is signed: slices of the record one after another, and perhaps bytes that are not part of it.
pub(super) struct Message<'a, 'm> {
    pub(super) parts: &'m [&'a [u8]],
    /// In the work of the batch, and as they are.
    pub(super) end: Option<(Piece<'a>, &'m [u8])>,
}

/// The report of a signature: ECDSA over pieces is verified over their digest, and it is one over the message.
pub(super) fn signature(role: Role, asked: Asked, suites: &Suites, answers: &Answers<'_>) -> Signature {
    let signature = answers.signature(role, asked.check);
    if signature.suite.as_ref() == Some(&suites.p256_digest) {
        return Signature { suite: Some(suites.p256.clone()), ..signature };
    }
    signature
}

/// Reads an identity as Fabric does: the first block of PEM that is whole, of whatever label, is the certificate.
fn identity<'a>(serialized: &'a [u8], work: &mut Work<'a>) -> Result<Identity<'a>, Unasked> {
    let serialized = SerializedIdentity::parse(serialized).ok_or(Unasked::BadIdentity)?;
    let der = self::certificate(&serialized).ok_or(Unasked::BadIdentity)?;
    let certificate = Certificate::parse(&der).map_err(|_| Unasked::BadIdentity)?;
    let algorithm = match (certificate.key.kind, certificate.key.bytes) {
        // Go takes points that are not compressed alone.
        (KeyKind::P256, [0x04, rest @ ..]) if rest.len() == 64 => Algorithm::P256,
        (KeyKind::Ed25519, key) if key.len() == 32 => Algorithm::Ed25519,
        (KeyKind::P384 | KeyKind::OtherCurve | KeyKind::Rsa, _) => return Err(Unasked::Unsupported),
        _ => return Err(Unasked::BadIdentity),
    };
    let key = work.own(certificate.key.bytes);
    Ok(Identity { msp: serialized.msp, algorithm, key, der: der.into(), name: Place(0) })
}

/// The certificate of an identity, in DER.
pub(super) fn certificate(serialized: &SerializedIdentity<'_>) -> Option<Vec<u8>> {
    let der = pem::decode(serialized.pem)?.bytes;
    Certificate::parse(&der).is_ok_and(|of| of.names_one_algorithm).then_some(der)
}

/// The suite and the key of the signatures of an identity, for [`Profile::keys`](crate::Profile::keys).
pub(super) fn suite_and_key<'s>(serialized: &[u8], suites: &'s Suites) -> Option<(&'s Suite, Vec<u8>)> {
    let mut work = Work::default();
    let identity = identity(serialized, &mut work).ok()?;
    let certificate = Certificate::parse(&identity.der).ok()?;
    let suite = match identity.algorithm {
        Algorithm::P256 => &suites.p256,
        Algorithm::Ed25519 => &suites.ed25519,
    };
    Some((suite, certificate.key.bytes.to_vec()))
}
