//! SM2 signatures with SM3 (GB/T 32918.2).

pub(crate) mod lanes;
mod rules;
#[cfg(feature = "oracle")]
pub(crate) mod spec;
pub(crate) mod verify;
mod wire;

pub use rules::{Sm2Encoding, UserId};
