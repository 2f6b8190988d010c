//! The oracle: slow, readable verification of one item, to test backends against.
//!
//! It stands on well-kept crates and shares no parsing and no rule with the engine. Feature `oracle`.

use crate::suite::Suite;
use crate::verdict::Verdict;

/// The verdict on one item, or `None` for a suite that the oracle does not know (today it knows all). `message` is
/// what the suite takes: the message or the digest.
pub fn verify(suite: &Suite, key: &[u8], message: &[u8], signature: &[u8]) -> Option<Verdict> {
    Some(suite.kind().oracle(key, message, signature).into())
}
