//! SM2 signatures with SM3 (GB/T 32918.2).

mod known;
pub(crate) mod lanes;
mod rules;
#[cfg(feature = "oracle")]
pub(crate) mod spec;
pub(crate) mod verify;
mod wire;

pub use rules::{Sm2Encoding, UserId};

use super::def::{Family, Parameter, SchemeDef};
use super::values::{KeyScheme, MessageInput, WeierstrassKeys};
use crate::hash::Hash;

/// `sm2-sm3`.
pub(crate) const SM2_SM3: SchemeDef = SchemeDef {
    name: "sm2-sm3",
    rules: &["sm2"],
    encodings: &Sm2Encoding::NAMES,
    input: MessageInput::Raw,
    parameter: Parameter::UserId,
    hash: Some(Hash::Sm3),
    keys: KeyScheme::Weierstrass(WeierstrassKeys::Sm2),
    key_lengths: &super::sec1::LENGTHS,
    widest: (0, 0),
    family: Family::Sm2 { hashes: true },
    known: &known::SM2_SM3,
};

/// `sm2`.
pub(crate) const SM2: SchemeDef = SchemeDef {
    name: "sm2",
    rules: &["sm2"],
    encodings: &Sm2Encoding::NAMES,
    input: MessageInput::Digest,
    parameter: Parameter::None,
    hash: None,
    keys: KeyScheme::Weierstrass(WeierstrassKeys::Sm2),
    key_lengths: &super::sec1::LENGTHS,
    widest: (0, 0),
    family: Family::Sm2 { hashes: false },
    known: &known::SM2,
};
