//! Schnorr signatures on secp256k1 (BIP 340), over messages of any length.

mod combination;
mod known;
pub(crate) mod lanes;
mod rules;
#[cfg(feature = "oracle")]
pub(crate) mod spec;
pub(crate) mod verify;
mod wire;

use super::def::{Family, Parameter, SchemeDef};
use super::values::{KeyScheme, MessageInput, WeierstrassKeys};
use crate::hash::Hash;

/// `schnorr-bip340`.
pub(crate) const BIP340: SchemeDef = SchemeDef {
    name: "schnorr-bip340",
    rules: &["bip340"],
    encodings: &["raw"],
    input: MessageInput::Raw,
    parameter: Parameter::None,
    hash: Some(Hash::Sha256),
    keys: KeyScheme::Weierstrass(WeierstrassKeys::Bip340),
    key_lengths: &[32],
    widest: (0, 0),
    family: Family::Bip340,
    known: &known::BIP340,
};
