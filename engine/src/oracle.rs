//! The oracle: slow, readable verification of one item, to test backends against.
//!
//! It stands on well-kept crates and shares no parsing and no rule with the engine. Feature `oracle`.

use crate::schemes::sm2::UserId;
use crate::schemes::{bip340, ecdsa, ed25519, sm2};
use crate::suite::{Kind, Suite, WeierstrassKind};
use crate::verdict::Verdict;

/// The verdict on one item, or `None` for a suite that the oracle does not know (today it knows all). `message` is
/// what the suite takes: the message or the digest.
pub fn verify(suite: &Suite, key: &[u8], message: &[u8], signature: &[u8]) -> Option<Verdict> {
    let checked = match suite.kind() {
        Kind::Ed25519(rule) => ed25519::spec::verify(*rule, key, message, signature),
        Kind::Weierstrass(WeierstrassKind::Ecdsa { scheme, rule, encoding }) => {
            ecdsa::spec::verify(*scheme, *rule, *encoding, key, message, signature)
        }
        Kind::Weierstrass(WeierstrassKind::Bip340) => bip340::spec::verify(key, message, signature),
        Kind::Weierstrass(WeierstrassKind::Sm2 { user_id, encoding }) => {
            let user_id = user_id.as_ref().map(UserId::as_bytes);
            sm2::spec::verify(user_id, *encoding, key, message, signature)
        }
    };
    Some(checked.into())
}
