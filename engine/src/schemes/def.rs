//! A scheme as a value: everything about it but its arithmetic. Whatever lists schemes (suites by name, self-tests,
//! the key ring, the command's tables) reads these values.

use crate::Reason;
use crate::hash::Hash;

#[cfg(feature = "oracle")]
use super::ecdsa;
use super::ecdsa::{EcdsaEncoding, EcdsaRule, EcdsaScheme};
use super::ed25519::Ed25519Rule;
use super::ed25519::variant::Variant;
use super::sm2::{Sm2Encoding, UserId};
#[cfg(feature = "one-by-one")]
use super::values::ParsedKey;
use super::values::{KeyScheme, MessageInput, WeierstrassKeys};
use super::{ed25519, keys, sec1};

/// A scheme: the names of what a suite of it is made of, known answers, and where its keys and its verdicts come from.
pub(crate) struct SchemeDef {
    /// The name in files and on the command line.
    pub(crate) name: &'static str,
    /// The names of its rules.
    pub(crate) rules: &'static [&'static str],
    /// The names of its signature encodings; the first is the default.
    pub(crate) encodings: &'static [&'static str],
    /// Whether an item carries the message or a digest.
    pub(crate) input: MessageInput,
    /// What its suites have besides a rule and an encoding.
    pub(crate) parameter: Parameter,
    /// The hash function whose kernels its verdicts rest on.
    pub(crate) hash: Option<Hash>,
    /// Whose keys its keys are.
    pub(crate) keys: KeyScheme,
    /// The lengths in bytes that its keys may have.
    pub(crate) key_lengths: &'static [usize],
    /// The places of a rule and an encoding that refuse no key which others of it accept.
    pub(crate) widest: (u8, u8),
    /// Which code verifies it.
    pub(crate) family: Family,
    /// Signatures that are known to be valid, by which a backend is tested before it may set a verdict of the scheme.
    pub(crate) known: &'static [KnownAnswer],
}

/// Bytes that all signatures of a suite have in common, besides its rule and its encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parameter {
    /// There are none.
    None,
    /// The signer's user ID (SM2). Absent means [`UserId::DEFAULT`].
    UserId,
    /// The context that signer and verifier agree on (RFC 8032 section 8.3), of so many bytes at least and 255 at most.
    /// Absent means none, where that is allowed.
    Context { least: usize },
}

impl Parameter {
    /// The column that has it.
    pub(crate) const fn name(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::UserId => Some("user_id"),
            Self::Context { .. } => Some("context"),
        }
    }

    /// The fewest bytes of a context.
    pub(crate) const fn least(self) -> usize {
        match self {
            Self::Context { least } => least,
            Self::None | Self::UserId => 0,
        }
    }

    /// What absent bytes stand for, if they may be absent.
    pub(crate) const fn default(self) -> Option<&'static [u8]> {
        match self {
            Self::UserId => Some(UserId::DEFAULT),
            Self::Context { least: 0 } => Some(b""),
            Self::None | Self::Context { .. } => None,
        }
    }

    /// Bytes for a list of every suite: where none are a default, the context of the example in RFC 8032 section 7.2.
    pub(crate) const fn sample(self) -> Option<&'static [u8]> {
        match self {
            Self::Context { least: 1.. } => Some(b"foo"),
            _ => self.default(),
        }
    }
}

/// A signature that is known to be valid, in hexadecimal, with its origin.
pub(crate) struct KnownAnswer {
    pub(crate) origin: &'static str,
    pub(crate) encoding: &'static str,
    /// The user ID or the context, where the suite takes one; `None` is the default.
    pub(crate) parameter: Option<&'static [u8]>,
    pub(crate) key: &'static str,
    /// The message, or the digest where the scheme takes one. It is not empty: a bit of it is flipped.
    pub(crate) message: &'static str,
    pub(crate) signature: &'static str,
    /// The rules that refuse it all the same, with the reason.
    pub(crate) refused: &'static [(&'static str, Reason)],
}

impl KnownAnswer {
    /// What an answer has that says nothing else.
    pub(crate) const NONE: Self = Self {
        origin: "",
        encoding: "raw",
        parameter: None,
        key: "",
        message: "",
        signature: "",
        refused: &[],
    };
}

/// Which code verifies a scheme. Schemes of one family differ in what they hash.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Family {
    Ed25519(Form),
    Ecdsa(EcdsaScheme),
    Bip340,
    Bip341Commitment,
    Sm2 {
        hashes: bool,
    },
    /// Other crates', which take one item at a time.
    #[cfg(feature = "one-by-one")]
    OneByOne(Judges),
}

/// The verdict under the rule and the encoding at these places of the scheme's lists, on key, message and signature.
#[cfg(feature = "one-by-one")]
pub(crate) type Verify = fn((usize, usize), GivenKey<'_>, &[u8], &[u8]) -> Result<(), Reason>;

/// The same by the oracle, in another way.
#[cfg(all(feature = "one-by-one", feature = "oracle"))]
pub(crate) type Oracle = fn((usize, usize), &[u8], &[u8], &[u8]) -> Result<(), Reason>;

/// What judges the items of a scheme one by one.
#[cfg(feature = "one-by-one")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judges {
    /// What a key is that is to be registered, or the reason for which every suite of the scheme rejects it. Schemes
    /// that share their keys share this.
    pub(crate) parse: fn(&[u8]) -> Result<ParsedKey, Reason>,
    /// The verdict on an item.
    pub(crate) verify: Verify,
    /// What the oracle says of it.
    #[cfg(feature = "oracle")]
    pub(crate) oracle: Oracle,
}

/// The key of an item: its bytes, and what was made of them if they are registered.
#[cfg(feature = "one-by-one")]
#[derive(Clone, Copy)]
pub(crate) struct GivenKey<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) parsed: Option<&'a ParsedKey>,
}

/// What a variant of Ed25519 hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Pure,
    Context,
    Prehashed,
}

/// A suite, as the code of its family takes it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind<'a> {
    Ed25519(Variant<'a>, Ed25519Rule),
    Weierstrass(WeierstrassKind<'a>),
    /// With the places of rule and encoding.
    #[cfg(feature = "one-by-one")]
    OneByOne(Judges, (usize, usize)),
}

/// A suite of a scheme on a Weierstrass curve: a type of its own, so that what serves these schemes has no case for any
/// other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WeierstrassKind<'a> {
    Ecdsa {
        scheme: EcdsaScheme,
        rule: EcdsaRule,
        encoding: EcdsaEncoding,
    },
    Bip340,
    Bip341Commitment,
    /// `user_id` is present when the message is hashed (SM3 with Z_A) and absent when e comes in.
    Sm2 {
        user_id: Option<UserId<'a>>,
        encoding: Sm2Encoding,
    },
}

impl WeierstrassKind<'_> {
    /// Whose keys its keys are.
    #[inline]
    pub(crate) const fn keys(self) -> WeierstrassKeys {
        match self {
            Self::Ecdsa { scheme, .. } => scheme.keys(),
            Self::Bip340 | Self::Bip341Commitment => WeierstrassKeys::Bip340,
            Self::Sm2 { .. } => WeierstrassKeys::Sm2,
        }
    }
}

impl Family {
    /// The suite of a rule and an encoding, by their places in the lists of names, and a parameter that was checked.
    #[inline]
    pub(crate) fn kind(self, rule: u8, encoding: u8, parameter: Option<&[u8]>) -> Kind<'_> {
        let (rule, encoding) = (usize::from(rule), usize::from(encoding));
        match self {
            Self::Ed25519(form) => {
                let context = parameter.unwrap_or_default();
                let variant = match form {
                    Form::Pure => Variant::Pure,
                    Form::Context => Variant::Context(context),
                    Form::Prehashed => Variant::Prehashed(context),
                };
                Kind::Ed25519(variant, Ed25519Rule::ALL[rule])
            }
            Self::Ecdsa(scheme) => Kind::Weierstrass(WeierstrassKind::Ecdsa {
                scheme,
                rule: EcdsaRule::ALL[rule],
                encoding: EcdsaEncoding::ALL[encoding],
            }),
            Self::Bip340 => Kind::Weierstrass(WeierstrassKind::Bip340),
            Self::Bip341Commitment => Kind::Weierstrass(WeierstrassKind::Bip341Commitment),
            Self::Sm2 { hashes } => Kind::Weierstrass(WeierstrassKind::Sm2 {
                user_id: parameter.filter(|_| hashes).and_then(UserId::new),
                encoding: Sm2Encoding::ALL[encoding],
            }),
            #[cfg(feature = "one-by-one")]
            Self::OneByOne(judges) => Kind::OneByOne(judges, (rule, encoding)),
        }
    }

    /// Whether one equation can prove many items.
    #[inline]
    pub(crate) const fn combines(self) -> bool {
        matches!(self, Self::Ed25519(_) | Self::Bip340)
    }
}

impl Kind<'_> {
    /// The reason for which the suite rejects every signature under a key with these criteria, if it does.
    pub(crate) fn refuses_key(self, criteria: u8) -> Option<Reason> {
        match self {
            Self::Ed25519(_, rule) => rule.refuses_key(ed25519::PointFacts::from_bits(criteria)),
            Self::Weierstrass(WeierstrassKind::Ecdsa { scheme, encoding, .. }) => {
                keys::refused(encoding.hybrid_keys_of(scheme), criteria)
            }
            Self::Weierstrass(
                WeierstrassKind::Bip340 | WeierstrassKind::Bip341Commitment | WeierstrassKind::Sm2 { .. },
            ) => keys::refused(sec1::Hybrid::Refused, criteria),
            // What one suite of the scheme refuses they all do, so that it is not registered.
            #[cfg(feature = "one-by-one")]
            Self::OneByOne(..) => None,
        }
    }

    /// What the oracle says of an item.
    #[cfg(feature = "oracle")]
    pub(crate) fn oracle(self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), Reason> {
        match self {
            Self::Ed25519(variant, rule) => ed25519::spec::verify(variant, rule, key, message, signature),
            Self::Weierstrass(WeierstrassKind::Ecdsa { scheme, rule, encoding }) => {
                ecdsa::spec::verify(scheme, rule, encoding, key, message, signature)
            }
            Self::Weierstrass(WeierstrassKind::Bip340) => {
                super::bip340::spec::verify(key, message, signature)
            }
            Self::Weierstrass(WeierstrassKind::Bip341Commitment) => {
                super::bip341::spec::verify(key, message, signature)
            }
            Self::Weierstrass(WeierstrassKind::Sm2 { user_id, encoding }) => {
                let user_id = user_id.map(UserId::as_bytes);
                super::sm2::spec::verify(user_id, encoding, key, message, signature)
            }
            #[cfg(feature = "one-by-one")]
            Self::OneByOne(judges, choice) => (judges.oracle)(choice, key, message, signature),
        }
    }
}
