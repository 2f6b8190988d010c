//! The commitment of a taproot output (BIP 341): an output key is an internal key and a tweak, Q = P + tG.
//!
//! An item is no signature, but it has the parts of one: the key is P, the digest that comes in is t, and the signature is
//! the parity of y(Q) and x(Q). It is BIP 340's equation with e = −1, s = t, and a parity that is given.

mod known;
pub(crate) mod lanes;
mod rules;
#[cfg(feature = "oracle")]
pub(crate) mod spec;
pub(crate) mod verify;
mod wire;

use super::def::{Family, Parameter, SchemeDef};
use super::values::{KeyScheme, MessageInput, WeierstrassKeys};

/// `bip341-commitment`. Its keys are those of BIP 340, which can be registered. No table of one is used: P is not
/// multiplied.
pub(crate) const BIP341_COMMITMENT: SchemeDef = SchemeDef {
    name: "bip341-commitment",
    rules: &["bip341"],
    encodings: &["raw"],
    input: MessageInput::Digest,
    parameter: Parameter::None,
    hash: None,
    keys: KeyScheme::Weierstrass(WeierstrassKeys::Bip340),
    key_lengths: &[32],
    widest: (0, 0),
    family: Family::Bip341Commitment,
    known: &known::BIP341_COMMITMENT,
};
