//! One folder per signature scheme: the bytes (`wire`), what valid means (`rules`), the steps of verification
//! (`verify`), and a slow readable oracle (`spec`, feature `oracle`). Beside them stands what schemes share.

pub(crate) mod bip340;
mod der;
pub(crate) mod ecdsa;
pub(crate) mod ed25519;
mod sec1;
pub(crate) mod sm2;
#[cfg(feature = "oracle")]
mod spec;
mod weierstrass;

use crate::Reason;
use crate::suite::{Kind, Suite};

/// The reason for which a suite rejects every signature under a key with these criteria, if it does.
pub(crate) fn refused_key(suite: &Suite, criteria: u8) -> Option<Reason> {
    match suite.kind() {
        Kind::Ed25519(rule) => rule.refuses_key(ed25519::PointFacts::from_bits(criteria)),
        Kind::Ecdsa { .. } | Kind::Bip340 | Kind::Sm2 { .. } => None,
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
