//! The parts of a mix of suites.

use std::str::FromStr;

use sigwarp::{Scheme, Suite, SuiteError};

/// The context of suites that have one: `sigwarp gen`.
const CONTEXT: &[u8] = b"sigwarp gen";

/// A suite and its weight in the mix.
///
/// As text: `scheme[:rule[:encoding]][=weight]`, where the weight is 1 if absent. Signatures of `ed25519ctx` and `ed25519ph`
/// are made under the context `sigwarp gen`, those of `sm2-sm3` under the default user ID.
///
/// ```
/// use sigwarp_datasets::generate::Share;
///
/// let share: Share = "ecdsa-p256-sha256:ecdsa-low-s:der=3".parse()?;
/// assert_eq!((share.suite.encoding(), share.weight), ("der", 3));
/// assert_eq!("sm2-sm3".parse::<Share>()?.suite.rule(), "sm2");
/// # Ok::<(), sigwarp_datasets::generate::ShareError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The suite.
    pub suite: Suite,
    /// How many rows it has among the sum of all weights.
    pub weight: u32,
}

/// Why text is not a share of a mix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    /// The names make no suite.
    #[error("{text:?}: {source}")]
    Suite {
        /// The text.
        text: String,
        /// Why not.
        source: SuiteError,
    },
    /// More parts than a share has, or a weight that is no number.
    #[error("{0:?} is not scheme[:rule[:encoding]][=weight] with a whole weight")]
    Form(String),
}

impl FromStr for Share {
    type Err = ShareError;

    fn from_str(text: &str) -> Result<Self, ShareError> {
        let form = || ShareError::Form(text.to_owned());
        let (names, weight) = match text.split_once('=') {
            Some((names, weight)) => (names, weight.parse().map_err(|_| form())?),
            None => (text, 1),
        };
        let mut parts = names.split(':');
        let scheme = parts.next().unwrap_or_default();
        let mut optional = || parts.next().filter(|name| !name.is_empty());
        let (rule, encoding) = (optional(), optional());
        if parts.next().is_some() {
            return Err(form());
        }
        let of = Scheme::from_name(scheme).and_then(Scheme::parameter);
        let context = of.filter(|name| *name == "context").map(|_| CONTEXT);
        let suite = Suite::from_names(scheme, rule, encoding, context);
        let suite = suite.map_err(|source| ShareError::Suite { text: text.to_owned(), source })?;
        Ok(Self { suite, weight })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_say_what_is_wrong_with_them() {
        let error = |text: &str| text.parse::<Share>().unwrap_err().to_string();
        assert!(error("ed25519=2").starts_with("\"ed25519=2\": ed25519 needs a rule; one of zip215,"));
        assert!(error("ed448").contains("unknown scheme \"ed448\""));
        for text in ["sm2=x", "sm2=-1", "sm2:sm2:raw:more", "sm2=1=2"] {
            assert!(error(text).ends_with("with a whole weight"), "{text}");
        }
        let under = |text: &str| text.parse::<Share>().unwrap().suite.context().map(<[u8]>::to_vec);
        assert_eq!(under("ed25519ctx:rfc8032"), Some(b"sigwarp gen".to_vec()));
        assert_eq!(under("ed25519ph:strict"), Some(b"sigwarp gen".to_vec()));
        assert_eq!(under("ed25519:strict"), None);
        assert_eq!("sm2::der=0".parse::<Share>().unwrap().suite.encoding(), "der");
    }
}
