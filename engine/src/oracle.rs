//! The oracle: slow, readable verification of one item, to test backends against.
//!
//! It stands on well-kept crates and shares no parsing and no rule with the engine. Feature `oracle`.

use crate::schemes::{ecdsa, ed25519};
use crate::suite::{Kind, Suite};
use crate::verdict::Verdict;

/// The verdict on one item, or `None` for a suite that the oracle does not know.
pub fn verify(suite: &Suite, key: &[u8], message: &[u8], signature: &[u8]) -> Option<Verdict> {
    let checked = match suite.kind() {
        Kind::Ed25519(rule) => ed25519::spec::verify(*rule, key, message, signature),
        Kind::Ecdsa { scheme, rule, encoding } => {
            ecdsa::spec::verify(*scheme, *rule, *encoding, key, message, signature)
        }
        Kind::Bip340 | Kind::Sm2 { .. } => return None,
    };
    Some(checked.into())
}
