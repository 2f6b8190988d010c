//! Ed25519, Ed25519ctx and Ed25519ph under nine acceptance rules (RFC 8032 and the rules that networks follow instead).

pub(crate) mod combination;
#[cfg(feature = "gpu")]
pub(crate) mod device;
mod known;
mod rules;
#[cfg(feature = "oracle")]
pub(crate) mod spec;
pub(crate) mod variant;
pub(crate) mod verify;
mod wire;

pub use rules::Ed25519Rule;
pub(crate) use wire::PointFacts;

use super::def::{Family, Form, Parameter, SchemeDef};
use super::values::{KeyScheme, MessageInput};
use crate::hash::Hash;

/// `ed25519`.
pub(crate) const PURE: SchemeDef = SchemeDef {
    name: "ed25519",
    rules: &Ed25519Rule::NAMES,
    encodings: &["raw"],
    input: MessageInput::Raw,
    parameter: Parameter::None,
    hash: Some(Hash::Sha512),
    keys: KeyScheme::Ed25519,
    key_lengths: &[32],
    widest: (Ed25519Rule::Zip215 as u8, 0),
    family: Family::Ed25519(Form::Pure),
    known: &known::PURE,
};

/// `ed25519ctx`.
pub(crate) const CTX: SchemeDef = SchemeDef {
    name: "ed25519ctx",
    parameter: Parameter::Context { least: 1 },
    family: Family::Ed25519(Form::Context),
    known: &known::CTX,
    ..PURE
};

/// `ed25519ph`.
pub(crate) const PH: SchemeDef = SchemeDef {
    name: "ed25519ph",
    parameter: Parameter::Context { least: 0 },
    family: Family::Ed25519(Form::Prehashed),
    known: &known::PH,
    ..PURE
};
