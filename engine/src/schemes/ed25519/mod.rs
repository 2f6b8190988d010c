//! Ed25519 under nine acceptance rules (RFC 8032 and the rules that networks follow instead).

pub(crate) mod coalesce;
pub(crate) mod coefficients;
pub(crate) mod combination;
#[cfg(feature = "gpu")]
pub(crate) mod device;
mod rules;
#[cfg(feature = "oracle")]
pub(crate) mod spec;
pub(crate) mod verify;
mod wire;

pub use rules::Ed25519Rule;
pub(crate) use wire::PointFacts;
