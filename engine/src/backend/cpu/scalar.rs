//! The schemes that have no lanes yet, one item at a time.

use crate::batch::Item;
use crate::schemes::{bip340, ecdsa, sm2};
use crate::suite::Kind;
use crate::verdict::Verdict;

/// The verdict on an item, or `None` for a scheme that has lanes.
pub(crate) fn verify(item: &Item<'_>) -> Option<Verdict> {
    let Item { suite, key, message, signature } = *item;
    let checked = match suite.kind() {
        Kind::Ed25519(_) => return None,
        Kind::Ecdsa { scheme, rule, encoding } => {
            ecdsa::verify::verify(*scheme, *rule, *encoding, key, message, signature)
        }
        Kind::Bip340 => bip340::verify::verify(key, message, signature),
        Kind::Sm2 { user_id, encoding } => {
            sm2::verify::verify(user_id.as_ref(), *encoding, key, message, signature)
        }
    };
    Some(checked.into())
}
