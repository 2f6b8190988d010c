//! Suites: everything besides the bytes that fixes what valid means.

use std::fmt;
use std::sync::Arc;

pub use crate::schemes::Scheme;
use crate::schemes::def::{Kind, Parameter};
use crate::schemes::ecdsa::{EcdsaEncoding, EcdsaRule, EcdsaScheme};
use crate::schemes::ed25519::Ed25519Rule;
use crate::schemes::ed25519::variant::LONGEST_CONTEXT;
use crate::schemes::sm2::{Sm2Encoding, UserId};
pub use crate::schemes::values::MessageInput;

/// Scheme, rule, signature encoding and, where the scheme has one, SM2's user ID or the context of Ed25519ctx and Ed25519ph:
/// one validated value.
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
pub struct Suite {
    scheme: Scheme,
    /// The place of the rule among those of the scheme.
    rule: u8,
    /// The place of the encoding among those of the scheme.
    encoding: u8,
    /// Present exactly where the scheme has a parameter, which it fits.
    parameter: Option<Arc<[u8]>>,
}

/// Why names do not make a suite. Each message says what would.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SuiteError {
    /// No such scheme.
    #[error("unknown scheme {0:?}; known are {known}", known = Scheme::ALL.map(Scheme::name).join(", "))]
    UnknownScheme(String),
    /// The scheme has several rules and none was named.
    #[error("{0} needs a rule; one of {known}", known = .0.rules().join(", "))]
    NeedsRule(Scheme),
    /// The rule does not belong to the scheme.
    #[error("{scheme} has no rule {rule:?}; it has {known}", known = .scheme.rules().join(", "))]
    UnknownRule {
        /// The scheme.
        scheme: Scheme,
        /// The name given.
        rule: String,
    },
    /// The encoding does not belong to the scheme.
    #[error("{scheme} has no signature encoding {encoding:?}; it has {known}", known = .scheme.encodings().join(", "))]
    UnknownEncoding {
        /// The scheme.
        scheme: Scheme,
        /// The name given.
        encoding: String,
    },
    /// A user ID was given to a scheme that has none.
    #[error("{0} takes no user ID; only {known} does", known = with_parameter("user_id"))]
    UnexpectedUserId(Scheme),
    /// A context was given to a scheme that has none.
    #[error("{0} takes no context; only {known} do", known = with_parameter("context"))]
    UnexpectedContext(Scheme),
    /// A user ID or a context was given to a scheme that has neither.
    #[error(
        "{0} takes no user ID and no context; a user ID is of {user_id}, a context of {context}",
        user_id = with_parameter("user_id"),
        context = with_parameter("context")
    )]
    UnexpectedParameter(Scheme),
    /// The scheme has no default context and none was given.
    #[error("{0} needs a context of 1 to 255 bytes, on which signer and verifier have agreed")]
    NeedsContext(Scheme),
    /// The context does not fit.
    #[error("a context of {scheme} has {least} to 255 bytes, this one has {length}", least = .scheme.def().parameter.least())]
    ContextLength {
        /// The scheme.
        scheme: Scheme,
        /// The length given.
        length: usize,
    },
    /// The user ID's bit length does not fit in 16 bits.
    #[error("an SM2 user ID has at most 8191 bytes, this one has {0}")]
    UserIdTooLong(usize),
}

/// The schemes that have a parameter of this name.
fn with_parameter(name: &str) -> String {
    let schemes = Scheme::ALL.into_iter().filter(|scheme| scheme.parameter() == Some(name));
    schemes.map(Scheme::name).collect::<Vec<_>>().join(" and ")
}

impl Suite {
    /// Every suite: each scheme with each of its rules and encodings. `sm2-sm3` has as many suites as there are user
    /// IDs; here it has the default one. `ed25519ctx` and `ed25519ph` have as many as there are contexts; here they have
    /// `foo`, that of the examples in RFC 8032, and none.
    ///
    /// ```
    /// use sigwarp::{Ed25519Rule, Suite};
    ///
    /// assert!(Suite::all().contains(&Suite::ed25519(Ed25519Rule::Strict)));
    /// ```
    pub fn all() -> Vec<Self> {
        let mut suites = Vec::new();
        for scheme in Scheme::ALL {
            let parameter: Option<Arc<[u8]>> = scheme.def().parameter.sample().map(Into::into);
            for rule in 0..scheme.rules().len() as u8 {
                for encoding in 0..scheme.encodings().len() as u8 {
                    suites.push(Self { scheme, rule, encoding, parameter: parameter.clone() });
                }
            }
        }
        suites
    }

    /// The suite under which keys of unknown use are registered for a scheme: it refuses no key which another suite over
    /// the same keys accepts. Schemes that share their keys share this suite.
    pub fn for_registering(scheme: Scheme) -> Self {
        let shares = |other: &Scheme| other.keys() == scheme.keys();
        let scheme = Scheme::ALL.into_iter().find(shares).unwrap_or(scheme);
        let (rule, encoding) = scheme.def().widest;
        Self { scheme, rule, encoding, parameter: scheme.def().parameter.sample().map(Into::into) }
    }

    /// Ed25519 under `rule`. There is no default rule.
    pub const fn ed25519(rule: Ed25519Rule) -> Self {
        Self { scheme: Scheme::Ed25519, rule: rule as u8, encoding: 0, parameter: None }
    }

    /// Ed25519ctx under `rule`, with a context of 1 to 255 bytes (RFC 8032 section 5.1).
    ///
    /// ```
    /// use sigwarp::{Ed25519Rule, Suite};
    ///
    /// let suite = Suite::ed25519ctx(Ed25519Rule::Rfc8032, b"firmware of the gateway").unwrap();
    /// assert_eq!(suite.context(), Some(&b"firmware of the gateway"[..]));
    /// assert!(Suite::ed25519ctx(Ed25519Rule::Rfc8032, b"").is_err());
    /// ```
    pub fn ed25519ctx(rule: Ed25519Rule, context: &[u8]) -> Result<Self, SuiteError> {
        let parameter = Some(checked(Scheme::Ed25519ctx, context)?);
        Ok(Self { scheme: Scheme::Ed25519ctx, rule: rule as u8, encoding: 0, parameter })
    }

    /// Ed25519ph under `rule`, with a context of at most 255 bytes, which may be empty (RFC 8032 section 5.1). Items carry
    /// the message: the engine hashes it.
    pub fn ed25519ph(rule: Ed25519Rule, context: &[u8]) -> Result<Self, SuiteError> {
        let parameter = Some(checked(Scheme::Ed25519ph, context)?);
        Ok(Self { scheme: Scheme::Ed25519ph, rule: rule as u8, encoding: 0, parameter })
    }

    /// ECDSA: curve and message hash, rule, and signature encoding.
    pub const fn ecdsa(scheme: EcdsaScheme, rule: EcdsaRule, encoding: EcdsaEncoding) -> Self {
        Self { scheme: scheme.scheme(), rule: rule as u8, encoding: encoding as u8, parameter: None }
    }

    /// BIP340 Schnorr signatures.
    pub const fn bip340() -> Self {
        Self { scheme: Scheme::Bip340, rule: 0, encoding: 0, parameter: None }
    }

    /// BIP341's commitment, for the script path of taproot: Q = P + tG. The key is the internal key P, x alone; the digest is
    /// the tweak t, 32 bytes; the signature is the parity of y(Q), 0 or 1, and x(Q).
    pub const fn bip341_commitment() -> Self {
        Self { scheme: Scheme::Bip341Commitment, rule: 0, encoding: 0, parameter: None }
    }

    /// SM2 with SM3 over Z_A ‖ M, for the signer's `user_id` (at most 8,191 bytes; GB/T 32918.2 section 5.5).
    pub fn sm2_sm3(user_id: &[u8], encoding: Sm2Encoding) -> Result<Self, SuiteError> {
        let parameter = Some(checked(Scheme::Sm2Sm3, user_id)?);
        Ok(Self { scheme: Scheme::Sm2Sm3, rule: 0, encoding: encoding as u8, parameter })
    }

    /// SM2 where e comes in as the digest.
    pub const fn sm2(encoding: Sm2Encoding) -> Self {
        Self { scheme: Scheme::Sm2, rule: 0, encoding: encoding as u8, parameter: None }
    }

    /// The suite of the names used in files: scheme, rule (may be absent where the scheme has only one),
    /// encoding (absent means `raw`) and the bytes that the scheme takes besides ([`Scheme::parameter`]): the user ID of
    /// `sm2-sm3` (absent means `1234567812345678`), the context of `ed25519ctx` (never absent) and of `ed25519ph` (absent
    /// means empty).
    pub fn from_names(
        scheme: &str,
        rule: Option<&str>,
        encoding: Option<&str>,
        parameter: Option<&[u8]>,
    ) -> Result<Self, SuiteError> {
        let scheme = Scheme::from_name(scheme).ok_or_else(|| SuiteError::UnknownScheme(scheme.to_owned()))?;
        let place = |name: &str, among: &[&str]| among.iter().position(|known| *known == name);
        if parameter.is_some() && scheme.parameter().is_none() {
            return Err(SuiteError::UnexpectedParameter(scheme));
        }
        let rule = match (rule, scheme.rules()) {
            (Some(rule), rules) => {
                place(rule, rules).ok_or_else(|| SuiteError::UnknownRule { scheme, rule: rule.to_owned() })?
            }
            (None, [_]) => 0,
            (None, _) => return Err(SuiteError::NeedsRule(scheme)),
        };
        let encoding = match encoding {
            None => 0,
            Some(name) => place(name, scheme.encodings())
                .ok_or_else(|| SuiteError::UnknownEncoding { scheme, encoding: name.to_owned() })?,
        };
        let parameter = match parameter.or(scheme.def().parameter.default()) {
            Some(parameter) => Some(checked(scheme, parameter)?),
            None if scheme.parameter().is_some() => return Err(SuiteError::NeedsContext(scheme)),
            None => None,
        };
        Ok(Self { scheme, rule: rule as u8, encoding: encoding as u8, parameter })
    }

    /// The same with another rule, if the scheme has it.
    pub fn under(&self, rule: &str) -> Option<Self> {
        let rule = self.scheme.rules().iter().position(|known| *known == rule)?;
        Some(Self { rule: rule as u8, ..self.clone() })
    }

    /// The scheme.
    #[inline]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The name of the rule.
    pub const fn rule(&self) -> &'static str {
        self.scheme.rules()[self.rule as usize]
    }

    /// The name of the signature encoding.
    pub const fn encoding(&self) -> &'static str {
        self.scheme.encodings()[self.encoding as usize]
    }

    /// The user ID of `sm2-sm3`.
    pub fn user_id(&self) -> Option<&[u8]> {
        self.parameter.as_deref().filter(|_| self.scheme.def().parameter == Parameter::UserId)
    }

    /// The context of `ed25519ctx` and `ed25519ph`.
    pub fn context(&self) -> Option<&[u8]> {
        let is_context = matches!(self.scheme.def().parameter, Parameter::Context { .. });
        self.parameter.as_deref().filter(|_| is_context)
    }

    /// The bytes that it has besides a rule and an encoding: see [`Scheme::parameter`].
    pub fn parameter(&self) -> Option<&[u8]> {
        self.parameter.as_deref()
    }

    #[inline]
    pub(crate) fn kind(&self) -> Kind<'_> {
        self.scheme.def().family.kind(self.rule, self.encoding, self.parameter.as_deref())
    }

    /// Whether one equation can prove many items of this suite.
    #[inline]
    pub(crate) const fn combines(&self) -> bool {
        self.scheme.def().family.combines()
    }
}

/// The bytes that a scheme takes besides a rule and an encoding, if they are some that it takes.
fn checked(scheme: Scheme, parameter: &[u8]) -> Result<Arc<[u8]>, SuiteError> {
    match scheme.def().parameter {
        Parameter::None => Err(SuiteError::UnexpectedParameter(scheme)),
        Parameter::UserId if UserId::new(parameter).is_none() => {
            Err(SuiteError::UserIdTooLong(parameter.len()))
        }
        Parameter::Context { least } if !(least..=LONGEST_CONTEXT).contains(&parameter.len()) => {
            Err(SuiteError::ContextLength { scheme, length: parameter.len() })
        }
        Parameter::UserId | Parameter::Context { .. } => Ok(parameter.into()),
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
    use crate::schemes::def::WeierstrassKind;
    use crate::schemes::ed25519::variant::Variant;

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
        let ecdsa: Vec<EcdsaScheme> = Scheme::ALL.into_iter().filter_map(Scheme::ecdsa).collect();
        let ecdsa: [EcdsaScheme; 6] = ecdsa.try_into().unwrap();
        assert_all!(ecdsa, EcdsaScheme: P256 P256Sha256 Secp256k1 Secp256k1Sha256 Secp256k1Sha256d
            Secp256k1Keccak256);
    }

    #[test]
    fn a_scheme_is_where_its_number_says() {
        for (place, scheme) in Scheme::ALL.into_iter().enumerate() {
            assert_eq!(scheme as usize, place);
            assert_eq!(Scheme::from_name(scheme.name()), Some(scheme));
            assert_eq!(scheme.ecdsa().map(EcdsaScheme::scheme), scheme.ecdsa().map(|_| scheme));
        }
        for rule in Ed25519Rule::ALL {
            let suite = Suite::ed25519(rule);
            assert!(matches!(suite.kind(), Kind::Ed25519(Variant::Pure, found) if found == rule));
        }
        for suite in Suite::all() {
            if let Kind::Weierstrass(WeierstrassKind::Ecdsa { scheme, rule, encoding }) = suite.kind() {
                assert_eq!(Suite::ecdsa(scheme, rule, encoding), suite);
            }
            if let Kind::Weierstrass(WeierstrassKind::Sm2 { user_id, encoding }) = suite.kind() {
                let same = match user_id {
                    Some(id) => Suite::sm2_sm3(id.as_bytes(), encoding).unwrap(),
                    None => Suite::sm2(encoding),
                };
                assert_eq!(same, suite);
            }
        }
    }

    /// All combinations of names make the suite that they name, and these are all suites.
    #[test]
    fn every_combination_of_names_makes_the_suite_it_names() {
        let mut made = Vec::new();
        for scheme in Scheme::ALL {
            for &rule in scheme.rules() {
                for &encoding in scheme.encodings() {
                    let parameter = scheme.def().parameter.sample();
                    let suite =
                        Suite::from_names(scheme.name(), Some(rule), Some(encoding), parameter).unwrap();
                    assert_eq!((suite.scheme(), suite.rule(), suite.encoding()), (scheme, rule, encoding));
                    made.push(suite);
                }
            }
        }
        assert_eq!(Suite::all(), made);
        let one_by_one = if cfg!(feature = "one-by-one") { 2 * 2 + 1 + 2 } else { 0 };
        assert_eq!(made.len(), 3 * 9 + 6 * 2 * 6 + 1 + 1 + 2 * 2 + one_by_one);
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
        assert_eq!(
            error("sm2", None, None, Some(b"x")),
            "sm2 takes no user ID and no context; a user ID is of sm2-sm3, a context of ed25519ctx and ed25519ph"
        );
        let rule = Some("rfc8032");
        assert!(error("ed25519", rule, None, Some(b"x")).contains("takes no user ID and no context"));
        assert!(
            error("ed25519ctx", rule, None, None).starts_with("ed25519ctx needs a context of 1 to 255 bytes")
        );
        for (scheme, least) in [("ed25519ctx", 1), ("ed25519ph", 0)] {
            for length in 0..300 {
                let made = Suite::from_names(scheme, rule, None, Some(&vec![7; length]));
                match made {
                    Ok(suite) => assert_eq!(suite.context(), Some(&vec![7; length][..])),
                    Err(error) => {
                        assert!(length < least || length > 255, "{scheme} {length}");
                        let says =
                            format!("a context of {scheme} has {least} to 255 bytes, this one has {length}");
                        assert_eq!(error.to_string(), says);
                    }
                }
                assert_eq!(
                    Suite::ed25519ctx(Ed25519Rule::Strict, &vec![1; length]).is_ok(),
                    (1..=255).contains(&length)
                );
                assert_eq!(Suite::ed25519ph(Ed25519Rule::Strict, &vec![1; length]).is_ok(), length <= 255);
            }
        }
        assert_eq!(
            Suite::from_names("ed25519ph", rule, None, None),
            Suite::ed25519ph(Ed25519Rule::Rfc8032, b"")
        );
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
