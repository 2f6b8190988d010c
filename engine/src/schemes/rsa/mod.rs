//! RSA signatures with SHA-256 (RFC 8017), one item at a time on the crate rsa: certificates and tokens mix them with the
//! schemes that are verified in lanes. Moduli have 2,048 to 4,096 bits.

mod known;
#[cfg(feature = "oracle")]
mod spec;
mod verify;
mod wire;

use super::def::{Family, Judges, KnownAnswer, Parameter, SchemeDef};
use super::values::{KeyScheme, MessageInput};

const fn def(name: &'static str, judges: Judges, known: &'static [KnownAnswer]) -> SchemeDef {
    SchemeDef {
        name,
        rules: &[],
        encodings: &["raw"],
        input: MessageInput::Raw,
        parameter: Parameter::None,
        hash: None,
        keys: KeyScheme::Rsa,
        // The lengths of keys differ with their moduli and exponents.
        key_lengths: &[],
        widest: (0, 0),
        family: Family::OneByOne(judges),
        known,
    }
}

/// `rsa-pkcs1-sha256`: RSASSA-PKCS1-v1_5.
pub(crate) const PKCS1_SHA256: SchemeDef = SchemeDef {
    rules: &["rfc8017"],
    ..def(
        "rsa-pkcs1-sha256",
        Judges {
            parse: verify::parse,
            verify: verify::pkcs1,
            #[cfg(feature = "oracle")]
            oracle: spec::pkcs1,
        },
        &known::PKCS1_SHA256,
    )
};

/// `rsa-pss-sha256`: RSASSA-PSS, MGF1 with SHA-256.
pub(crate) const PSS_SHA256: SchemeDef = SchemeDef {
    rules: &PSS_RULES,
    ..def(
        "rsa-pss-sha256",
        Judges {
            parse: verify::parse,
            verify: verify::pss,
            #[cfg(feature = "oracle")]
            oracle: spec::pss,
        },
        &known::PSS_SHA256,
    )
};

/// The salt has 32 bytes (JWS PS256, TLS 1.3, COSE PS256), or any length that fits.
const PSS_RULES: [&str; 2] = ["pss-salt-32", "pss-any-salt"];
