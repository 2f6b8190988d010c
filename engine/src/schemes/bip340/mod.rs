//! Schnorr signatures on secp256k1 (BIP 340), over messages of any length.

mod rules;
#[cfg(feature = "oracle")]
pub(crate) mod spec;
pub(crate) mod verify;
mod wire;
