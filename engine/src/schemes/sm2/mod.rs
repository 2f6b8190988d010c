//! SM2 signatures with SM3 (GB/T 32918.2).

mod rules;

pub use rules::{Sm2Encoding, UserId};
