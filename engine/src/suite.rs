//! Suites: everything besides the bytes that fixes what valid means.

use std::fmt;

use crate::schemes::ecdsa::{EcdsaEncoding, EcdsaRule, EcdsaScheme};
use crate::schemes::ed25519::Ed25519Rule;
use crate::schemes::sm2::{Sm2Encoding, UserId};

/// Scheme, rule, signature encoding and, for SM2, the user ID: one validated value.
///
/// A suite can only be made whole, so a rule of one scheme cannot meet another scheme. Cloning is cheap.
///
/// ```
/// use sigwarp::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Ed25519Rule, Suite};
///
/// let cosmos = Suite::ed25519(Ed25519Rule::Zip215);
/// let fabric = Suite::ecdsa(EcdsaScheme::P256Sha256, EcdsaRule::LowS, EcdsaEncoding::DerTrailing);
/// assert_eq!(fabric.to_string(), "ecdsa-p256-sha256 ecdsa-low-s der-trailing");
/// assert_eq!(Suite::from_names("ed25519", Some("zip215"), None, None).unwrap(), cosmos);
/// assert!(Suite::from_names("ed25519", Some("ecdsa"), None, None).is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Suite(Kind);

/// What a suite is made of; schemes match on it, callers do not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Ed25519(Ed25519Rule),
    Weierstrass(WeierstrassKind),
}

/// What a suite of a scheme on a Weierstrass curve is made of: a type of its own, so that what serves these schemes
/// has no case for any other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum WeierstrassKind {
    Ecdsa {
        scheme: EcdsaScheme,
        rule: EcdsaRule,
        encoding: EcdsaEncoding,
    },
    Bip340,
    /// `user_id` is present when the message is hashed (SM3 with Z_A) and absent when e comes in.
    Sm2 {
        user_id: Option<UserId>,
        encoding: Sm2Encoding,
    },
}

/// A signature scheme with its message hash, as named in files and on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// `ed25519`: Ed25519 over the raw message.
    Ed25519,
    /// `ecdsa-…`: ECDSA on P-256 or secp256k1, with or without a message hash.
    Ecdsa(EcdsaScheme),
    /// `schnorr-bip340`: BIP340 Schnorr signatures over the raw message.
    Bip340,
    /// `sm2-sm3`: SM2 over SM3(Z_A ‖ M).
    Sm2Sm3,
    /// `sm2`: SM2 where e = SM3(Z_A ‖ M) comes in.
    Sm2,
}

impl Scheme {
    /// Every scheme.
    pub const ALL: [Self; 10] = [
        Self::Ed25519,
        Self::Ecdsa(EcdsaScheme::P256),
        Self::Ecdsa(EcdsaScheme::P256Sha256),
        Self::Ecdsa(EcdsaScheme::Secp256k1),
        Self::Ecdsa(EcdsaScheme::Secp256k1Sha256),
        Self::Ecdsa(EcdsaScheme::Secp256k1Sha256d),
        Self::Ecdsa(EcdsaScheme::Secp256k1Keccak256),
        Self::Bip340,
        Self::Sm2Sm3,
        Self::Sm2,
    ];

    /// The name in files and on the command line, for example `ecdsa-p256-sha256`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::Ecdsa(scheme) => scheme.name(),
            Self::Bip340 => "schnorr-bip340",
            Self::Sm2Sm3 => "sm2-sm3",
            Self::Sm2 => "sm2",
        }
    }

    /// The scheme of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.name() == name)
    }

    /// The names of the rules of this scheme; where there is more than one, the caller names one.
    pub fn rules(self) -> Vec<&'static str> {
        match self {
            Self::Ed25519 => Ed25519Rule::ALL.iter().map(|rule| rule.name()).collect(),
            Self::Ecdsa(_) => EcdsaRule::ALL.iter().map(|rule| rule.name()).collect(),
            Self::Bip340 => vec!["bip340"],
            Self::Sm2Sm3 | Self::Sm2 => vec!["sm2"],
        }
    }

    /// The names of the signature encodings of this scheme; the first is the default.
    pub fn encodings(self) -> Vec<&'static str> {
        match self {
            Self::Ed25519 | Self::Bip340 => vec!["raw"],
            Self::Ecdsa(_) => EcdsaEncoding::ALL.iter().map(|encoding| encoding.name()).collect(),
            Self::Sm2Sm3 | Self::Sm2 => Sm2Encoding::ALL.iter().map(|encoding| encoding.name()).collect(),
        }
    }

    /// Whether an item carries the message itself or a digest of it.
    pub const fn input(self) -> MessageInput {
        match self {
            Self::Ecdsa(scheme) if scheme.hash().is_none() => MessageInput::Digest,
            Self::Sm2 => MessageInput::Digest,
            _ => MessageInput::Raw,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the items of a scheme are signatures of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageInput {
    /// The message; the scheme hashes it.
    Raw,
    /// A digest computed by the caller; the scheme does not hash it.
    Digest,
}

impl MessageInput {
    /// `message` or `digest`, as the columns are called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "message",
            Self::Digest => "digest",
        }
    }
}

/// Why names do not make a suite. Each message says what would.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SuiteError {
    /// No such scheme.
    #[error("unknown scheme {0:?}; known are {known}", known = names(Scheme::ALL.iter().map(|s| s.name())))]
    UnknownScheme(String),
    /// The scheme has several rules and none was named.
    #[error("{0} needs a rule; one of {known}", known = names(.0.rules()))]
    NeedsRule(Scheme),
    /// The rule does not belong to the scheme.
    #[error("{scheme} has no rule {rule:?}; it has {known}", known = names(.scheme.rules()))]
    UnknownRule {
        /// The scheme.
        scheme: Scheme,
        /// The name given.
        rule: String,
    },
    /// The encoding does not belong to the scheme.
    #[error("{scheme} has no signature encoding {encoding:?}; it has {known}", known = names(.scheme.encodings()))]
    UnknownEncoding {
        /// The scheme.
        scheme: Scheme,
        /// The name given.
        encoding: String,
    },
    /// A user ID was given to a scheme that has none.
    #[error("{0} takes no user ID; only sm2-sm3 does")]
    UnexpectedUserId(Scheme),
    /// The user ID's bit length does not fit in 16 bits.
    #[error("an SM2 user ID has at most 8191 bytes, this one has {0}")]
    UserIdTooLong(usize),
}

fn names<'a>(list: impl IntoIterator<Item = &'a str>) -> String {
    list.into_iter().collect::<Vec<_>>().join(", ")
}

impl Suite {
    /// Every suite: each scheme with each of its rules and encodings. `sm2-sm3` has as many suites as there are user
    /// IDs; here it has the default one.
    ///
    /// ```
    /// use sigwarp::{Ed25519Rule, Suite};
    ///
    /// assert!(Suite::all().contains(&Suite::ed25519(Ed25519Rule::Strict)));
    /// ```
    pub fn all() -> Vec<Self> {
        let mut suites = Vec::new();
        for scheme in Scheme::ALL {
            match scheme {
                Scheme::Ed25519 => suites.extend(Ed25519Rule::ALL.map(Self::ed25519)),
                Scheme::Ecdsa(scheme) => {
                    for rule in EcdsaRule::ALL {
                        suites.extend(EcdsaEncoding::ALL.map(|encoding| Self::ecdsa(scheme, rule, encoding)));
                    }
                }
                Scheme::Bip340 => suites.push(Self::bip340()),
                Scheme::Sm2Sm3 => suites.extend(Sm2Encoding::ALL.map(|encoding| {
                    Self::sm2_sm3(UserId::DEFAULT, encoding).expect("the default user ID is short enough")
                })),
                Scheme::Sm2 => suites.extend(Sm2Encoding::ALL.map(Self::sm2)),
            }
        }
        suites
    }

    /// Ed25519 under `rule`. There is no default rule.
    pub const fn ed25519(rule: Ed25519Rule) -> Self {
        Self(Kind::Ed25519(rule))
    }

    /// ECDSA: curve and message hash, rule, and signature encoding.
    pub const fn ecdsa(scheme: EcdsaScheme, rule: EcdsaRule, encoding: EcdsaEncoding) -> Self {
        Self(Kind::Weierstrass(WeierstrassKind::Ecdsa { scheme, rule, encoding }))
    }

    /// BIP340 Schnorr signatures.
    pub const fn bip340() -> Self {
        Self(Kind::Weierstrass(WeierstrassKind::Bip340))
    }

    /// SM2 with SM3 over Z_A ‖ M, for the signer's `user_id` (at most 8,191 bytes; GB/T 32918.2 section 5.5).
    pub fn sm2_sm3(user_id: &[u8], encoding: Sm2Encoding) -> Result<Self, SuiteError> {
        let user_id = UserId::new(user_id).ok_or(SuiteError::UserIdTooLong(user_id.len()))?;
        Ok(Self(Kind::Weierstrass(WeierstrassKind::Sm2 { user_id: Some(user_id), encoding })))
    }

    /// SM2 where e comes in as the digest.
    pub const fn sm2(encoding: Sm2Encoding) -> Self {
        Self(Kind::Weierstrass(WeierstrassKind::Sm2 { user_id: None, encoding }))
    }

    /// The suite of the names used in files: scheme, rule (may be absent where the scheme has only one),
    /// encoding (absent means `raw`) and user ID (`sm2-sm3` only; absent means `1234567812345678`).
    pub fn from_names(
        scheme: &str,
        rule: Option<&str>,
        encoding: Option<&str>,
        user_id: Option<&[u8]>,
    ) -> Result<Self, SuiteError> {
        let scheme = Scheme::from_name(scheme).ok_or_else(|| SuiteError::UnknownScheme(scheme.to_owned()))?;
        let bad_rule = |rule: &str| SuiteError::UnknownRule { scheme, rule: rule.to_owned() };
        let bad_encoding = |name: &str| SuiteError::UnknownEncoding { scheme, encoding: name.to_owned() };
        if user_id.is_some() && scheme != Scheme::Sm2Sm3 {
            return Err(SuiteError::UnexpectedUserId(scheme));
        }
        let rule = match (rule, scheme.rules().as_slice()) {
            (Some(rule), rules) if !rules.contains(&rule) => return Err(bad_rule(rule)),
            (Some(rule), _) => rule,
            (None, [only]) => only,
            (None, _) => return Err(SuiteError::NeedsRule(scheme)),
        };
        let encoding = encoding.unwrap_or("raw");
        if !scheme.encodings().contains(&encoding) {
            return Err(bad_encoding(encoding));
        }
        Ok(match scheme {
            Scheme::Ed25519 => Self::ed25519(Ed25519Rule::from_name(rule).ok_or_else(|| bad_rule(rule))?),
            Scheme::Ecdsa(ecdsa) => Self::ecdsa(
                ecdsa,
                EcdsaRule::from_name(rule).ok_or_else(|| bad_rule(rule))?,
                EcdsaEncoding::from_name(encoding).ok_or_else(|| bad_encoding(encoding))?,
            ),
            Scheme::Bip340 => Self::bip340(),
            Scheme::Sm2Sm3 | Scheme::Sm2 => {
                let encoding = Sm2Encoding::from_name(encoding).ok_or_else(|| bad_encoding(encoding))?;
                match scheme {
                    Scheme::Sm2 => Self::sm2(encoding),
                    _ => Self::sm2_sm3(user_id.unwrap_or(UserId::DEFAULT), encoding)?,
                }
            }
        })
    }

    /// The scheme.
    pub const fn scheme(&self) -> Scheme {
        match &self.0 {
            Kind::Ed25519(_) => Scheme::Ed25519,
            Kind::Weierstrass(kind) => match kind {
                WeierstrassKind::Ecdsa { scheme, .. } => Scheme::Ecdsa(*scheme),
                WeierstrassKind::Bip340 => Scheme::Bip340,
                WeierstrassKind::Sm2 { user_id: Some(_), .. } => Scheme::Sm2Sm3,
                WeierstrassKind::Sm2 { user_id: None, .. } => Scheme::Sm2,
            },
        }
    }

    /// The name of the rule.
    pub const fn rule(&self) -> &'static str {
        match &self.0 {
            Kind::Ed25519(rule) => rule.name(),
            Kind::Weierstrass(WeierstrassKind::Ecdsa { rule, .. }) => rule.name(),
            Kind::Weierstrass(WeierstrassKind::Bip340) => "bip340",
            Kind::Weierstrass(WeierstrassKind::Sm2 { .. }) => "sm2",
        }
    }

    /// The name of the signature encoding.
    pub const fn encoding(&self) -> &'static str {
        match &self.0 {
            Kind::Ed25519(_) | Kind::Weierstrass(WeierstrassKind::Bip340) => "raw",
            Kind::Weierstrass(WeierstrassKind::Ecdsa { encoding, .. }) => encoding.name(),
            Kind::Weierstrass(WeierstrassKind::Sm2 { encoding, .. }) => encoding.name(),
        }
    }

    /// The user ID of `sm2-sm3`.
    pub fn user_id(&self) -> Option<&[u8]> {
        match &self.0 {
            Kind::Weierstrass(WeierstrassKind::Sm2 { user_id, .. }) => user_id.as_ref().map(UserId::as_bytes),
            _ => None,
        }
    }

    #[inline]
    pub(crate) const fn kind(&self) -> &Kind {
        &self.0
    }

    /// Whether one equation can prove many items of this suite.
    #[inline]
    pub(crate) const fn combines(&self) -> bool {
        match &self.0 {
            Kind::Ed25519(_) | Kind::Weierstrass(WeierstrassKind::Bip340) => true,
            Kind::Weierstrass(WeierstrassKind::Ecdsa { .. } | WeierstrassKind::Sm2 { .. }) => false,
        }
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.scheme(), self.rule(), self.encoding())
    }
}

/// A list of distinct suites that items refer to by index.
#[derive(Debug, Clone, Default)]
pub(crate) struct SuiteTable {
    suites: Vec<Suite>,
    index: std::collections::HashMap<Suite, u32>,
}

impl SuiteTable {
    /// The index of `suite`, added if it is new. The last suite is found without hashing.
    pub(crate) fn intern(&mut self, suite: &Suite, last: Option<u32>) -> u32 {
        if let Some(last) = last
            && self.suites.get(last as usize) == Some(suite)
        {
            return last;
        }
        if let Some(&found) = self.index.get(suite) {
            return found;
        }
        let new = u32::try_from(self.suites.len()).expect("a batch has fewer than 2^32 distinct suites");
        self.suites.push(suite.clone());
        self.index.insert(suite.clone(), new);
        new
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[Suite] {
        &self.suites
    }

    pub(crate) fn clear(&mut self) {
        self.suites.clear();
        self.index.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares a list with the variants of its type. A variant that is missing here does not compile.
    macro_rules! assert_all {
        ($all:expr, $of:ident: $($variant:ident)*) => {{
            fn listed(value: $of) -> $of {
                match value {
                    $($of::$variant => value),*
                }
            }
            assert_eq!($all.map(listed), [$($of::$variant),*]);
        }};
    }

    #[test]
    fn every_scheme_rule_and_encoding_is_listed() {
        assert_all!(Ed25519Rule::ALL, Ed25519Rule: Zip215 Rfc8032 Rfc8032Cofactorless Cofactorless Strict Libsodium
            Simd0376 BouncyCastle Donna);
        assert_all!(EcdsaRule::ALL, EcdsaRule: Any LowS);
        assert_all!(EcdsaEncoding::ALL, EcdsaEncoding: Raw RawV Der DerBip66 DerLax DerTrailing);
        assert_all!(Sm2Encoding::ALL, Sm2Encoding: Raw Der);
        // The schemes in their order, ECDSA's under one name.
        let ecdsa = Scheme::ALL.into_iter().filter_map(|scheme| match scheme {
            Scheme::Ecdsa(scheme) => Some(scheme),
            Scheme::Ed25519 | Scheme::Bip340 | Scheme::Sm2Sm3 | Scheme::Sm2 => None,
        });
        let ecdsa: [EcdsaScheme; 6] = ecdsa.collect::<Vec<_>>().try_into().unwrap();
        assert_all!(ecdsa, EcdsaScheme: P256 P256Sha256 Secp256k1 Secp256k1Sha256 Secp256k1Sha256d
            Secp256k1Keccak256);
        for scheme in [Scheme::Ed25519, Scheme::Bip340, Scheme::Sm2Sm3, Scheme::Sm2] {
            assert_eq!(Scheme::ALL.iter().filter(|other| **other == scheme).count(), 1, "{scheme}");
        }
        assert_eq!(Scheme::ALL.len(), 4 + ecdsa.len());
    }

    /// All combinations of names make the suite that they name, and these are all suites.
    #[test]
    fn every_combination_of_names_makes_the_suite_it_names() {
        let mut made = Vec::new();
        for scheme in Scheme::ALL {
            for rule in scheme.rules() {
                for encoding in scheme.encodings() {
                    let suite = Suite::from_names(scheme.name(), Some(rule), Some(encoding), None).unwrap();
                    assert_eq!((suite.scheme(), suite.rule(), suite.encoding()), (scheme, rule, encoding));
                    made.push(suite);
                }
            }
        }
        assert_eq!(Suite::all(), made);
        assert_eq!(made.len(), 9 + 6 * 2 * 6 + 1 + 2 * 2);
    }

    #[test]
    fn wrong_mixes_are_refused_with_a_remedy() {
        let error = |s, r, e, u| Suite::from_names(s, r, e, u).unwrap_err().to_string();
        assert!(
            error("ed25519", None, None, None).starts_with("ed25519 needs a rule; one of zip215, rfc8032,")
        );
        assert!(error("ed25519", Some("ecdsa"), None, None).contains("has no rule \"ecdsa\""));
        assert!(error("ed448", None, None, None).contains("unknown scheme \"ed448\""));
        assert!(
            error("ed25519", Some("strict"), Some("der"), None).contains("no signature encoding \"der\"")
        );
        assert!(error("sm2", None, None, Some(b"x")).contains("takes no user ID"));
        assert!(error("sm2-sm3", None, None, Some(&[0; 8192])).contains("at most 8191 bytes"));
        assert!(Suite::from_names("sm2-sm3", None, None, Some(&[0; 8191])).is_ok());
    }

    #[test]
    fn equal_suites_share_an_index() {
        let mut table = SuiteTable::default();
        let zip = Suite::ed25519(Ed25519Rule::Zip215);
        let strict = Suite::ed25519(Ed25519Rule::Strict);
        assert_eq!(table.intern(&zip, None), 0);
        assert_eq!(table.intern(&strict, Some(0)), 1);
        assert_eq!(table.intern(&zip, Some(1)), 0);
        assert_eq!(table.as_slice().len(), 2);
    }
}
