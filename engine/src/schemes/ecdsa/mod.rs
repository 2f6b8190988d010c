//! ECDSA on P-256 and secp256k1 (FIPS 186-5, SEC 1), with every signature encoding in use.

pub(crate) mod lanes;
mod recover;
mod rules;
#[cfg(feature = "oracle")]
pub(crate) mod spec;
pub(crate) mod verify;
mod wire;

pub(crate) use recover::{Recovered, Recovery};
pub use recover::{ethereum_address, recover};
pub use rules::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Prehash};
