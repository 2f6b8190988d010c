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
