//! Hash functions over many independent messages at once.
//!
//! `drive` keeps the lanes full and knows no function, `even` is its way for messages of one length; `merkle_damgard` is
//! the construction of SHA-2 and SM3; one file holds each function. [`digest_all`] hashes a column of messages, or a list
//! of slices that a caller has gathered, into a column of digests.

mod drive;
mod even;
pub mod keccak;
mod merkle_damgard;
mod sha2;
pub mod sha256;
pub mod sha512;
pub mod sm3;
pub mod tagged;
#[cfg(test)]
mod tests;

pub use drive::{Messages, Slices};
pub use sha256::Extension;

use crate::simd::Token;

/// A hash function that has lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// SHA-256.
    Sha256,
    /// SHA-256 of SHA-256.
    Sha256d,
    /// SHA-512.
    Sha512,
    /// The first half of SHA-512.
    Sha512Half,
    /// SHA3-256.
    Sha3_256,
    /// Keccak-256.
    Keccak256,
    /// SM3.
    Sm3,
}

impl Algorithm {
    /// The bytes of a digest.
    #[inline]
    pub const fn digest_length(self) -> usize {
        match self {
            Self::Sha512 => 64,
            _ => 32,
        }
    }
}

/// The digest of each message: row i of `digests`, [`Algorithm::digest_length`] bytes each. `order` is scratch. Panics
/// when `digests` has another length.
pub fn digest_all<T: Token>(
    token: T,
    extension: Extension,
    algorithm: Algorithm,
    messages: &dyn Messages,
    digests: &mut [u8],
    order: &mut Vec<u32>,
) {
    match algorithm {
        Algorithm::Sha256 => sha256::digest_all(token, extension, messages, digests, order),
        Algorithm::Sha256d => sha256::digest_all_twice(token, extension, messages, digests, order),
        Algorithm::Sha512 | Algorithm::Sha512Half => {
            sha512::digest_column(token, messages, digests, algorithm.digest_length(), order);
        }
        Algorithm::Sha3_256 => keccak::sha3_256(token, messages, digests, order),
        Algorithm::Keccak256 => keccak::keccak256(token, messages, digests, order),
        Algorithm::Sm3 => sm3::digest_all(token, messages, digests, order),
    }
}
