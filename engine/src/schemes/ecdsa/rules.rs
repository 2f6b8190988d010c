//! What "valid" means for ECDSA: curve, message hash, rule and signature encoding.

use super::wire::{Facts, RecoveryId, SignatureFacts};
use crate::Reason;
use crate::hash::Hash;
use crate::schemes::Screened;
use crate::schemes::sec1::Hybrid;
use crate::schemes::weierstrass::{Bounds, Coordinates};
use sigwarp_tables::be_below;

/// A curve and a message hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EcdsaScheme {
    /// `ecdsa-p256`: P-256, a digest comes in.
    P256,
    /// `ecdsa-p256-sha256`: P-256 over SHA-256 of the message.
    P256Sha256,
    /// `ecdsa-secp256k1`: secp256k1, a digest comes in.
    Secp256k1,
    /// `ecdsa-secp256k1-sha256`: secp256k1 over SHA-256 of the message.
    Secp256k1Sha256,
    /// `ecdsa-secp256k1-sha256d`: secp256k1 over SHA-256 of SHA-256 of the message.
    Secp256k1Sha256d,
    /// `ecdsa-secp256k1-keccak256`: secp256k1 over Keccak-256 of the message.
    Secp256k1Keccak256,
}

/// The curve of a scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CurveName {
    P256,
    Secp256k1,
}

/// How a message becomes a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Prehash {
    /// SHA-256.
    Sha256,
    /// SHA-256 of SHA-256.
    Sha256d,
    /// Keccak-256, as Ethereum pads it (0x01, not SHA-3's 0x06).
    Keccak256,
}

impl Prehash {
    /// The hash function of [`crate::Engine::hash`].
    pub const fn hash(self) -> Hash {
        match self {
            Self::Sha256 => Hash::Sha256,
            Self::Sha256d => Hash::Sha256d,
            Self::Keccak256 => Hash::Keccak256,
        }
    }
}

impl EcdsaScheme {
    /// The name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "ecdsa-p256",
            Self::P256Sha256 => "ecdsa-p256-sha256",
            Self::Secp256k1 => "ecdsa-secp256k1",
            Self::Secp256k1Sha256 => "ecdsa-secp256k1-sha256",
            Self::Secp256k1Sha256d => "ecdsa-secp256k1-sha256d",
            Self::Secp256k1Keccak256 => "ecdsa-secp256k1-keccak256",
        }
    }

    #[inline]
    pub(super) const fn curve(self) -> CurveName {
        match self {
            Self::P256 | Self::P256Sha256 => CurveName::P256,
            Self::Secp256k1 | Self::Secp256k1Sha256 | Self::Secp256k1Sha256d | Self::Secp256k1Keccak256 => {
                CurveName::Secp256k1
            }
        }
    }

    /// The message hash, or `None` where a digest comes in.
    pub const fn hash(self) -> Option<Prehash> {
        match self {
            Self::P256 | Self::Secp256k1 => None,
            Self::P256Sha256 | Self::Secp256k1Sha256 => Some(Prehash::Sha256),
            Self::Secp256k1Sha256d => Some(Prehash::Sha256d),
            Self::Secp256k1Keccak256 => Some(Prehash::Keccak256),
        }
    }
}

/// An acceptance rule for ECDSA. There is no default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EcdsaRule {
    /// `ecdsa`: r and s in [1, n − 1] (Bitcoin consensus, NEO, Corda, OCR 3).
    Any,
    /// `ecdsa-low-s`: also s ≤ n/2 (Ethereum transactions, Fabric, CometBFT, XRPL, Bitcoin relay).
    LowS,
}

impl EcdsaRule {
    /// Every rule.
    pub const ALL: [Self; 2] = [Self::Any, Self::LowS];

    /// Their names.
    pub(crate) const NAMES: [&'static str; Self::ALL.len()] = crate::schemes::names_of!(Self);

    /// The name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Any => "ecdsa",
            Self::LowS => "ecdsa-low-s",
        }
    }

    /// The rule of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }

    /// What the bytes of an item alone decide.
    #[inline]
    pub(super) fn screen(self, facts: &Facts) -> Screened {
        if !facts.key_reduced {
            return Screened::Rejected(Reason::NonCanonicalKey);
        }
        match self.screen_signature(&facts.signature) {
            Err(reason) => Screened::RejectedUnlessKeyFails(reason),
            Ok(()) => Screened::Open,
        }
    }

    /// What the bytes of a signature alone decide.
    #[inline]
    pub(super) const fn screen_signature(self, facts: &SignatureFacts) -> Result<(), Reason> {
        if !facts.in_range {
            return Err(Reason::ScalarOutOfRange);
        }
        match self {
            Self::LowS if !facts.low_s => Err(Reason::HighS),
            Self::LowS | Self::Any => Ok(()),
        }
    }
}

/// Whether the recomputed R is the one that the recovery id of `raw-v` names, when x(R) ≡ r mod n. This is the
/// same as recovering the key: recovery starts from the one point that the id names.
#[inline]
pub(super) fn names_point(id: RecoveryId, r: &Coordinates, bounds: &Bounds) -> bool {
    id.y_is_odd == r.y_is_odd() && id.x_is_r_plus_n != be_below(&r.x, bounds.n)
}

/// How r and s are encoded. Named by the caller, never guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EcdsaEncoding {
    /// `raw`: r ‖ s, 32 bytes each, big-endian (IEEE P1363, COSE, JOSE, secure elements).
    Raw,
    /// `raw-v`: r ‖ s ‖ recovery id. The id is 0 to 3 and must recover the given key.
    RawV,
    /// `der`: strict DER (X.690) of `SEQUENCE { INTEGER r, INTEGER s }`.
    Der,
    /// `der-bip66`: Bitcoin's rules since BIP 66, without the trailing hash-type byte.
    DerBip66,
    /// `der-lax`: what Bitcoin accepted before BIP 66, without the trailing hash-type byte.
    DerLax,
    /// `der-trailing`: DER followed by any bytes, as Fabric reads it.
    DerTrailing,
}

impl EcdsaEncoding {
    /// Every encoding; the first is the default.
    pub const ALL: [Self; 6] =
        [Self::Raw, Self::RawV, Self::Der, Self::DerBip66, Self::DerLax, Self::DerTrailing];

    /// Their names.
    pub(crate) const NAMES: [&'static str; Self::ALL.len()] = crate::schemes::names_of!(Self);

    /// The name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::RawV => "raw-v",
            Self::Der => "der",
            Self::DerBip66 => "der-bip66",
            Self::DerLax => "der-lax",
            Self::DerTrailing => "der-trailing",
        }
    }

    /// The encoding of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|encoding| encoding.name() == name)
    }

    /// Whether it goes with hybrid keys under a scheme.
    #[inline]
    pub(in crate::schemes) const fn hybrid_keys_of(self, scheme: EcdsaScheme) -> Hybrid {
        self.hybrid_keys(scheme.curve())
    }

    /// Bitcoin's consensus accepts hybrid keys (its key parser is libsecp256k1's); no other system here does.
    #[inline]
    pub(super) const fn hybrid_keys(self, curve: CurveName) -> Hybrid {
        match (self, curve) {
            (Self::DerBip66 | Self::DerLax, CurveName::Secp256k1) => Hybrid::Accepted,
            _ => Hybrid::Refused,
        }
    }
}
