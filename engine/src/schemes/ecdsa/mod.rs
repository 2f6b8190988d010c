//! ECDSA on P-256 and secp256k1 (FIPS 186-5, SEC 1), with every signature encoding in use.

mod known;
pub(crate) mod lanes;
mod recover;
mod rules;
#[cfg(feature = "oracle")]
pub(crate) mod spec;
pub(crate) mod verify;
mod wire;

pub(crate) use recover::{Recovered, Recovery};
pub use recover::{ethereum_address, recover};
pub use rules::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Prehash};

use super::Scheme;
use super::def::{Family, KnownAnswer, Parameter, SchemeDef};
use super::values::{KeyScheme, MessageInput, WeierstrassKeys};

/// A scheme of ECDSA.
const fn def(scheme: EcdsaScheme, known: &'static [KnownAnswer]) -> SchemeDef {
    let prehash = scheme.hash();
    SchemeDef {
        name: scheme.name(),
        rules: &EcdsaRule::NAMES,
        encodings: &EcdsaEncoding::NAMES,
        input: if prehash.is_some() { MessageInput::Raw } else { MessageInput::Digest },
        parameter: Parameter::None,
        hash: match prehash {
            Some(prehash) => Some(prehash.hash()),
            None => None,
        },
        keys: KeyScheme::Weierstrass(scheme.keys()),
        key_lengths: &super::sec1::LENGTHS,
        // Bitcoin's old encodings take hybrid keys.
        widest: match scheme.curve() {
            rules::CurveName::P256 => (EcdsaRule::Any as u8, EcdsaEncoding::Raw as u8),
            rules::CurveName::Secp256k1 => (EcdsaRule::Any as u8, EcdsaEncoding::DerLax as u8),
        },
        family: Family::Ecdsa(scheme),
        known,
    }
}

/// `ecdsa-p256`.
pub(crate) const P256: SchemeDef = def(EcdsaScheme::P256, &known::P256);
/// `ecdsa-p256-sha256`.
pub(crate) const P256_SHA256: SchemeDef = def(EcdsaScheme::P256Sha256, &known::P256_SHA256);
/// `ecdsa-secp256k1`.
pub(crate) const SECP256K1: SchemeDef = def(EcdsaScheme::Secp256k1, &known::SECP256K1);
/// `ecdsa-secp256k1-sha256`.
pub(crate) const SECP256K1_SHA256: SchemeDef = def(EcdsaScheme::Secp256k1Sha256, &known::SECP256K1_SHA256);
/// `ecdsa-secp256k1-sha256d`.
pub(crate) const SECP256K1_SHA256D: SchemeDef = def(EcdsaScheme::Secp256k1Sha256d, &known::SECP256K1_SHA256D);
/// `ecdsa-secp256k1-keccak256`.
pub(crate) const SECP256K1_KECCAK256: SchemeDef =
    def(EcdsaScheme::Secp256k1Keccak256, &known::SECP256K1_KECCAK256);

impl EcdsaScheme {
    /// Whose keys its keys are.
    #[inline]
    pub(super) const fn keys(self) -> WeierstrassKeys {
        match self.curve() {
            rules::CurveName::P256 => WeierstrassKeys::P256,
            rules::CurveName::Secp256k1 => WeierstrassKeys::Secp256k1,
        }
    }

    /// The scheme of a suite with this curve and message hash.
    pub const fn scheme(self) -> Scheme {
        match self {
            Self::P256 => Scheme::EcdsaP256,
            Self::P256Sha256 => Scheme::EcdsaP256Sha256,
            Self::Secp256k1 => Scheme::EcdsaSecp256k1,
            Self::Secp256k1Sha256 => Scheme::EcdsaSecp256k1Sha256,
            Self::Secp256k1Sha256d => Scheme::EcdsaSecp256k1Sha256d,
            Self::Secp256k1Keccak256 => Scheme::EcdsaSecp256k1Keccak256,
        }
    }
}
