//! Suites from the names in a row, with default rules for rows that name none.

use std::collections::{BTreeSet, HashMap};

use crate::suite::{Scheme, Suite, SuiteError};

/// The rules of rows that name none: at most one for each scheme.
///
/// A rule belongs to the schemes that have it: `zip215` to `ed25519`, `ecdsa-low-s` to every `ecdsa-…`.
///
/// ```
/// use sigwarp::{DefaultRules, Scheme};
///
/// let rules = DefaultRules::new(["zip215", "ecdsa-low-s"])?;
/// assert_eq!(rules.of(Scheme::Ed25519), Some("zip215"));
/// assert_eq!(rules.of(Scheme::Bip340), None);
/// assert!(DefaultRules::new(["zip215", "strict"]).is_err());
/// # Ok::<(), sigwarp::DefaultRuleError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DefaultRules(Vec<&'static str>);

/// Why names do not form a set of default rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DefaultRuleError {
    /// No scheme has a rule of this name.
    #[error("unknown rule {name:?}; known are {known}", known = known_rules().join(", "))]
    Unknown {
        /// The name given.
        name: String,
    },
    /// Two different rules for the same scheme.
    #[error("the rules {first} and {second} are both for {scheme}; name one, or give the rows a rule column")]
    Conflict {
        /// The rule named first.
        first: &'static str,
        /// The rule named after it.
        second: &'static str,
        /// A scheme that has both.
        scheme: Scheme,
    },
}

impl DefaultRules {
    /// The default rules of these names. Naming a rule twice is harmless.
    pub fn new<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> Result<Self, DefaultRuleError> {
        let mut rules = Self::default();
        for name in names {
            let name = name.as_ref();
            let known = known_rules().into_iter().find(|rule| *rule == name);
            let rule = known.ok_or_else(|| DefaultRuleError::Unknown { name: name.to_owned() })?;
            for scheme in Scheme::ALL.into_iter().filter(|scheme| scheme.rules().contains(&rule)) {
                match rules.of(scheme) {
                    Some(first) if first != rule => {
                        return Err(DefaultRuleError::Conflict { first, second: rule, scheme });
                    }
                    _ => {}
                }
            }
            if !rules.0.contains(&rule) {
                rules.0.push(rule);
            }
        }
        Ok(rules)
    }

    /// The default rule of a scheme.
    pub fn of(&self, scheme: Scheme) -> Option<&'static str> {
        let rules = scheme.rules();
        self.0.iter().copied().find(|rule| rules.contains(rule))
    }

    /// The rules, in the order in which they were named.
    pub fn names(&self) -> &[&'static str] {
        &self.0
    }

    /// The default rules that belong to none of these schemes. A caller should report them, as they applied to nothing.
    pub fn without_scheme(&self, schemes: &BTreeSet<Scheme>) -> Vec<&'static str> {
        let fits = |rule: &str| schemes.iter().any(|scheme| scheme.rules().contains(&rule));
        self.0.iter().copied().filter(|rule| !fits(rule)).collect()
    }
}

fn known_rules() -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    for rule in Scheme::ALL.into_iter().flat_map(Scheme::rules).copied() {
        if !names.contains(&rule) {
            names.push(rule);
        }
    }
    names
}

/// What a row says about its suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SuiteNames<'a> {
    /// The scheme.
    pub scheme: &'a str,
    /// The rule; absent means the default rule of the scheme, or its only rule.
    pub rule: Option<&'a str>,
    /// The signature encoding; absent means `raw`.
    pub encoding: Option<&'a str>,
    /// The user ID of `sm2-sm3`; absent means `1234567812345678`.
    pub user_id: Option<&'a [u8]>,
    /// The context of `ed25519ctx` and `ed25519ph`; absent means empty, which `ed25519ctx` does not take.
    pub context: Option<&'a [u8]>,
}

/// Makes suites from names and remembers them, since most rows repeat the names of an earlier row.
#[derive(Debug, Clone, Default)]
pub struct SuiteResolver {
    defaults: DefaultRules,
    known: HashMap<Vec<u8>, Suite>,
    lookup: Vec<u8>,
}

/// Rows with a user ID of their own would let the memory of suites grow with the file.
const MAX_REMEMBERED: usize = 1024;

impl SuiteResolver {
    /// A resolver that applies `defaults` to rows without a rule.
    pub fn new(defaults: DefaultRules) -> Self {
        Self { defaults, ..Self::default() }
    }

    /// The default rules.
    pub fn defaults(&self) -> &DefaultRules {
        &self.defaults
    }

    /// The suite of a row.
    pub fn resolve(&mut self, names: SuiteNames<'_>) -> Result<&Suite, SuiteError> {
        self.lookup.clear();
        for name in [Some(names.scheme), names.rule, names.encoding] {
            // 0xff is in no UTF-8 text: absent and empty differ, and a part cannot run into the next.
            self.lookup.extend_from_slice(name.map_or(b"\xff".as_slice(), str::as_bytes));
            self.lookup.push(0xff);
        }
        // With its length, no user ID can run into a context.
        for bytes in [names.user_id, names.context] {
            self.lookup.push(u8::from(bytes.is_some()));
            let bytes = bytes.unwrap_or_default();
            self.lookup.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            self.lookup.extend_from_slice(bytes);
        }
        if !self.known.contains_key(&self.lookup) {
            let scheme = Scheme::from_name(names.scheme);
            let rule = names.rule.or_else(|| self.defaults.of(scheme?));
            let parameter = match scheme {
                Some(scheme) => parameter(scheme, &names)?,
                None => None,
            };
            let suite = Suite::from_names(names.scheme, rule, names.encoding, parameter)?;
            if self.known.len() == MAX_REMEMBERED {
                self.known.clear();
            }
            self.known.insert(self.lookup.clone(), suite);
        }
        Ok(&self.known[&self.lookup])
    }
}

/// What a row has for the parameter of its scheme, if it has nothing for another one.
fn parameter<'a>(scheme: Scheme, names: &SuiteNames<'a>) -> Result<Option<&'a [u8]>, SuiteError> {
    let takes = scheme.parameter();
    if names.user_id.is_some() && takes != Some("user_id") {
        return Err(SuiteError::UnexpectedUserId(scheme));
    }
    if names.context.is_some() && takes != Some("context") {
        return Err(SuiteError::UnexpectedContext(scheme));
    }
    Ok(names.user_id.or(names.context))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names<'a>(scheme: &'a str, rule: Option<&'a str>) -> SuiteNames<'a> {
        SuiteNames { scheme, rule, encoding: None, user_id: None, context: None }
    }

    #[test]
    fn a_rule_of_the_row_wins_over_the_default() {
        let mut resolver = SuiteResolver::new(DefaultRules::new(["zip215", "ecdsa-low-s"]).unwrap());
        assert_eq!(resolver.resolve(names("ed25519", None)).unwrap().rule(), "zip215");
        assert_eq!(resolver.resolve(names("ed25519", Some("strict"))).unwrap().rule(), "strict");
        assert_eq!(resolver.resolve(names("ecdsa-secp256k1", None)).unwrap().rule(), "ecdsa-low-s");
        assert_eq!(resolver.resolve(names("sm2", None)).unwrap().rule(), "sm2");
        assert!(matches!(resolver.resolve(names("ed25519", Some(""))), Err(SuiteError::UnknownRule { .. })));
        assert!(matches!(resolver.resolve(names("x", None)), Err(SuiteError::UnknownScheme(_))));
        let mut bare = SuiteResolver::default();
        assert_eq!(bare.resolve(names("ed25519", None)), Err(SuiteError::NeedsRule(Scheme::Ed25519)));
    }

    #[test]
    fn default_rules_are_known_and_do_not_compete() {
        let error = |list: &[&str]| DefaultRules::new(list).unwrap_err().to_string();
        assert!(error(&["zip"]).starts_with("unknown rule \"zip\"; known are zip215, rfc8032,"));
        assert!(error(&["strict", "zip215"]).starts_with("the rules strict and zip215 are both for ed25519"));
        assert!(error(&["ecdsa", "ecdsa-low-s"]).contains("both for ecdsa-p256;"));
        assert_eq!(DefaultRules::new(["strict", "strict"]).unwrap().names(), ["strict"]);
        let rules = DefaultRules::new(["strict", "ecdsa", "sm2"]).unwrap();
        let seen = BTreeSet::from([Scheme::Ed25519, Scheme::Sm2Sm3]);
        assert_eq!(rules.without_scheme(&seen), ["ecdsa"]);
    }

    #[test]
    fn user_ids_of_every_row_do_not_fill_the_memory() {
        let mut resolver = SuiteResolver::default();
        for id in 0..3000u32 {
            let id = id.to_be_bytes();
            let names = SuiteNames { encoding: Some("der"), user_id: Some(&id), ..names("sm2-sm3", None) };
            assert_eq!(resolver.resolve(names).unwrap().user_id(), Some(id.as_slice()));
        }
        assert!(resolver.known.len() <= MAX_REMEMBERED);
        let absent =
            SuiteNames { scheme: "sm2-sm3", rule: None, encoding: None, user_id: None, context: None };
        let empty = SuiteNames { user_id: Some(b""), ..absent };
        assert_ne!(resolver.resolve(absent).unwrap().clone(), *resolver.resolve(empty).unwrap());
    }
}
