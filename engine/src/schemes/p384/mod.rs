//! ECDSA on P-384 with SHA-384 (FIPS 186-5), one item at a time on the crate p384: certificates and tokens mix it with the
//! schemes that are verified in lanes.

mod known;
#[cfg(feature = "oracle")]
mod spec;
mod verify;

use super::def::{Family, Judges, Parameter, SchemeDef};
use super::ecdsa::EcdsaRule;
use super::values::{KeyScheme, MessageInput};

/// `ecdsa-p384-sha384`.
pub(crate) const P384_SHA384: SchemeDef = SchemeDef {
    name: "ecdsa-p384-sha384",
    rules: &EcdsaRule::NAMES,
    encodings: &["raw", "der"],
    input: MessageInput::Raw,
    parameter: Parameter::None,
    hash: None,
    keys: KeyScheme::P384,
    key_lengths: &[49, 96, 97],
    widest: (0, 0),
    family: Family::OneByOne(Judges {
        parse: verify::parse,
        verify: verify::verify,
        #[cfg(feature = "oracle")]
        oracle: spec::verify,
    }),
    known: &known::P384_SHA384,
};
