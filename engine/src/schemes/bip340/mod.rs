//! Schnorr signatures on secp256k1 (BIP 340), over messages of any length.

mod combination;
pub(crate) mod lanes;
mod rules;
#[cfg(feature = "oracle")]
pub(crate) mod spec;
pub(crate) mod verify;
mod wire;
