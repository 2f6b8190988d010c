//! One folder per signature scheme: the bytes (`wire`), what valid means (`rules`), the steps of verification
//! (`verify`), and a slow readable oracle (`spec`, feature `oracle`). Beside them stands what schemes share.

pub(crate) mod bip340;
mod der;
pub(crate) mod ecdsa;
pub(crate) mod ed25519;
pub(crate) mod keys;
pub(crate) mod sec1;
pub(crate) mod sm2;
#[cfg(feature = "oracle")]
mod spec;
pub(crate) mod weierstrass;

use crate::Reason;
use crate::suite::{Kind, Suite, WeierstrassKind};

/// The reason for which a suite rejects every signature under a key with these criteria, if it does.
pub(crate) fn refused_key(suite: &Suite, criteria: u8) -> Option<Reason> {
    match suite.kind() {
        Kind::Ed25519(rule) => rule.refuses_key(ed25519::PointFacts::from_bits(criteria)),
        Kind::Weierstrass(WeierstrassKind::Ecdsa { scheme, encoding, .. }) => {
            keys::refused(encoding.hybrid_keys_of(*scheme), criteria)
        }
        Kind::Weierstrass(WeierstrassKind::Bip340 | WeierstrassKind::Sm2 { .. }) => {
            keys::refused(sec1::Hybrid::Refused, criteria)
        }
    }
}

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
