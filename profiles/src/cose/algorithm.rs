//! The algorithms of RFC 9053, 8812 and 9864, and which keys fit them.

use sigwarp::Suite;

use super::keys::Key;
use super::{Context, Fault};
use crate::keys::KeyType;

/// A registered algorithm for signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    /// ES256, −7: ECDSA with SHA-256, on a curve of NIST that the key has.
    Es256,
    /// ESP256, −9: on P-256.
    Esp256,
    /// ES256K, −47: on secp256k1.
    Es256k,
    /// EdDSA, −8: with the curve of the key.
    EdDsa,
    /// Ed25519, −19.
    Ed25519,
    /// One that is not verified here.
    Unsupported,
}

impl Algorithm {
    /// The algorithm of an identifier of the registry "COSE Algorithms".
    fn of(identifier: i128) -> Option<Self> {
        Some(match identifier {
            -7 => Self::Es256,
            -8 => Self::EdDsa,
            -9 => Self::Esp256,
            -19 => Self::Ed25519,
            -47 => Self::Es256k,
            // ES384, ES512; PS256 to PS512; RS1, RS256 to RS512; HSS-LMS; ML-DSA; ESP384, ESP512 and Ed448; WalnutDSA;
            // the Brainpool curves.
            -36..=-35
            | -39..=-37
            | -65535
            | -259..=-257
            | -46
            | -50..=-48
            | -53..=-51
            | -260
            | -268..=-265 => Self::Unsupported,
            _ => return None,
        })
    }

    /// Whether keys of a type are for it, or why not.
    const fn fits(self, key: KeyType) -> Result<(), Fault> {
        match (self, key) {
            (Self::Es256 | Self::Esp256, KeyType::P256)
            | (Self::Es256k, KeyType::Secp256k1)
            | (Self::EdDsa | Self::Ed25519, KeyType::Ed25519) => Ok(()),
            (Self::Es256, KeyType::P384 | KeyType::P521) | (Self::EdDsa, KeyType::Ed448) => {
                Err(Fault::UnsupportedAlgorithm)
            }
            _ => Err(Fault::AlgorithmMismatch),
        }
    }
}

/// A registered algorithm, by an identifier that is not one of those that are not verified here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Identifier {
    value: i128,
    algorithm: Algorithm,
}

impl Identifier {
    /// Refuses identifiers that are not registered for signatures, and those of algorithms that are not verified here.
    pub(super) fn of(value: i128) -> Result<Self, Fault> {
        match Algorithm::of(value) {
            None => Err(Fault::UnknownAlgorithm),
            Some(Algorithm::Unsupported) => Err(Fault::UnsupportedAlgorithm),
            Some(algorithm) => Ok(Self { value, algorithm }),
        }
    }

    /// The suite under which a key verifies, or why it does not.
    pub(super) fn suite<'c>(&self, key: &Key, context: &'c Context) -> Result<&'c Suite, Fault> {
        if key.algorithm.is_some_and(|own| own != self.value) {
            return Err(Fault::AlgorithmMismatch);
        }
        self.algorithm.fits(key.kind)?;
        if !key.verifies {
            return Err(Fault::KeyOps);
        }
        context.suite(key.kind).ok_or(Fault::UnsupportedAlgorithm)
    }
}
