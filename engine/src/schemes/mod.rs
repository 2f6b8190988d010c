//! One folder per signature scheme: the scheme as a value (a [`SchemeDef`] in `mod`, with known answers in `known`), the
//! bytes (`wire`), what valid means (`rules`), the steps of verification (`verify`), and a slow readable oracle (`spec`,
//! feature `oracle`). Beside them stands what schemes share.
//!
//! A scheme is its folder and its line in the list below.

pub(crate) mod bip340;
pub(crate) mod bip341;
pub(crate) mod combination;
pub(crate) mod def;
mod der;
pub(crate) mod ecdsa;
pub(crate) mod ed25519;
pub(crate) mod keys;
#[cfg(feature = "one-by-one")]
mod p384;
#[cfg(feature = "one-by-one")]
mod rsa;
pub(crate) mod sec1;
pub(crate) mod sm2;
#[cfg(feature = "oracle")]
mod spec;
pub(crate) mod values;
pub(crate) mod weierstrass;

use std::fmt;
use std::sync::LazyLock;

use crate::Reason;
use def::SchemeDef;
use values::{KeyScheme, MessageInput};

/// The names of all values of a type, in the order of its `ALL`.
macro_rules! names_of {
    ($of:ty) => {{
        let mut names = [""; <$of>::ALL.len()];
        let mut i = 0;
        while i < names.len() {
            names[i] = <$of>::ALL[i].name();
            i += 1;
        }
        names
    }};
}
use names_of;

/// Declares [`Scheme`] and the value of each.
macro_rules! schemes {
    ($($(#[doc = $doc:literal])* $(#[cfg($cfg:meta)])? $name:ident: $def:path,)*) => {
        /// A signature scheme with its message hash, as named in files and on the command line.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Scheme {
            $($(#[doc = $doc])* $(#[cfg($cfg)])? $name,)*
        }

        impl Scheme {
            /// Every scheme.
            pub const ALL: [Self; Self::LIST.len()] = {
                let mut all = [Self::Ed25519; Self::LIST.len()];
                all.copy_from_slice(Self::LIST);
                all
            };
            /// The same; not all of them are in every build.
            const LIST: &[Self] = &[$($(#[cfg($cfg)])? Self::$name),*];

            #[inline]
            const fn value(self) -> &'static SchemeDef {
                match self {
                    $($(#[cfg($cfg)])? Self::$name => &$def,)*
                }
            }
        }
    };
}

schemes! {
    /// `ed25519`: Ed25519 over the raw message.
    Ed25519: ed25519::PURE,
    /// `ed25519ctx`: Ed25519ctx, over the raw message under a context.
    Ed25519ctx: ed25519::CTX,
    /// `ed25519ph`: Ed25519ph, over SHA-512 of the message under a context, which may be empty.
    Ed25519ph: ed25519::PH,
    /// `ecdsa-p256`: ECDSA on P-256, a digest comes in.
    EcdsaP256: ecdsa::P256,
    /// `ecdsa-p256-sha256`: ECDSA on P-256 over SHA-256 of the message.
    EcdsaP256Sha256: ecdsa::P256_SHA256,
    /// `ecdsa-secp256k1`: ECDSA on secp256k1, a digest comes in.
    EcdsaSecp256k1: ecdsa::SECP256K1,
    /// `ecdsa-secp256k1-sha256`: ECDSA on secp256k1 over SHA-256 of the message.
    EcdsaSecp256k1Sha256: ecdsa::SECP256K1_SHA256,
    /// `ecdsa-secp256k1-sha256d`: ECDSA on secp256k1 over SHA-256 of SHA-256 of the message.
    EcdsaSecp256k1Sha256d: ecdsa::SECP256K1_SHA256D,
    /// `ecdsa-secp256k1-keccak256`: ECDSA on secp256k1 over Keccak-256 of the message.
    EcdsaSecp256k1Keccak256: ecdsa::SECP256K1_KECCAK256,
    /// `schnorr-bip340`: BIP340 Schnorr signatures over the raw message.
    Bip340: bip340::BIP340,
    /// `bip341-commitment`: BIP341's commitment of an output key to an internal key and a tweak, which comes in.
    Bip341Commitment: bip341::BIP341_COMMITMENT,
    /// `sm2-sm3`: SM2 over SM3(Z_A ‖ M).
    Sm2Sm3: sm2::SM2_SM3,
    /// `sm2`: SM2 where e = SM3(Z_A ‖ M) comes in.
    Sm2: sm2::SM2,
    /// `ecdsa-p384-sha384`: ECDSA on P-384 over SHA-384 of the message, one by one.
    #[cfg(feature = "one-by-one")]
    EcdsaP384Sha384: p384::P384_SHA384,
    /// `rsa-pkcs1-sha256`: RSASSA-PKCS1-v1_5 over SHA-256 of the message, one by one.
    #[cfg(feature = "one-by-one")]
    RsaPkcs1Sha256: rsa::PKCS1_SHA256,
    /// `rsa-pss-sha256`: RSASSA-PSS with SHA-256 and MGF1 of SHA-256, one by one.
    #[cfg(feature = "one-by-one")]
    RsaPssSha256: rsa::PSS_SHA256,
}

impl Scheme {
    #[inline]
    pub(crate) const fn def(self) -> &'static SchemeDef {
        self.value()
    }

    /// The name in files and on the command line, for example `ecdsa-p256-sha256`.
    pub const fn name(self) -> &'static str {
        self.def().name
    }

    /// The scheme of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.name() == name)
    }

    /// The names of the rules of this scheme; where there is more than one, the caller names one.
    pub const fn rules(self) -> &'static [&'static str] {
        self.def().rules
    }

    /// The names of the signature encodings of this scheme; the first is the default.
    pub const fn encodings(self) -> &'static [&'static str] {
        self.def().encodings
    }

    /// Whether an item carries the message itself or a digest of it.
    pub const fn input(self) -> MessageInput {
        self.def().input
    }

    /// The column of the bytes that a suite of this scheme has besides a rule and an encoding: `user_id` of `sm2-sm3`,
    /// `context` of `ed25519ctx` and `ed25519ph`.
    pub const fn parameter(self) -> Option<&'static str> {
        self.def().parameter.name()
    }

    /// Whose keys its keys are.
    #[inline]
    pub(crate) const fn keys(self) -> KeyScheme {
        self.def().keys
    }

    /// Whether its items are verified in lanes. Others (feature `one-by-one`) take a crate's own time for each item.
    pub const fn is_accelerated(self) -> bool {
        match self.def().family {
            def::Family::Ed25519(_)
            | def::Family::Ecdsa(_)
            | def::Family::Bip340
            | def::Family::Bip341Commitment
            | def::Family::Sm2 { .. } => true,
            #[cfg(feature = "one-by-one")]
            def::Family::OneByOne(_) => false,
        }
    }

    /// The lengths in bytes that its keys may have: what has another length is no key of it. Empty where they differ with
    /// more than their form (RSA).
    pub const fn key_lengths(self) -> &'static [usize] {
        self.def().key_lengths
    }

    /// Curve and message hash, of a scheme that is ECDSA.
    pub const fn ecdsa(self) -> Option<ecdsa::EcdsaScheme> {
        match self.def().family {
            def::Family::Ecdsa(scheme) => Some(scheme),
            _ => None,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A table that a backend makes when a scheme first asks for it.
pub(crate) type LazyTable<T> = LazyLock<T, Box<dyn FnOnce() -> T + Send>>;

/// What the bytes of an item decide before any arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Screened {
    /// Invalid for a reason that precedes [`Reason::KeyNotOnCurve`]; final.
    Rejected(Reason),
    /// Invalid: for [`Reason::KeyNotOnCurve`] if the key does not decode, else for this later reason.
    RejectedUnlessKeyFails(Reason),
    /// The arithmetic decides.
    Open,
}
