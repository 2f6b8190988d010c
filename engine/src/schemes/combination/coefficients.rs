//! The coefficients zᵢ of a linear combination: 128 bits each, unknown to whoever made the items.
//!
//! # Derivation
//! seed: 32 bytes of the operating system, fresh for each batch.
//! leafⱼ = SHA-512(seed ‖ suite ‖ kᵢ ‖ sᵢ of the items of leaf j);
//! root = SHA-512(seed ‖ suite ‖ number of items ‖ leaf₀ ‖ leaf₁ …);
//! (z₄ₘ, …, z₄ₘ₊₃) = SHA-512(root ‖ m), 128 bits each; m runs on over all sums of a batch, so that no sum uses the
//! coefficients of another.
//!
//! The seed alone makes zᵢ unpredictable. Binding them to kᵢ, sᵢ and the suite keeps them sound where a seed comes
//! twice (a cloned machine): another batch then has other coefficients. kᵢ binds Rᵢ, Aᵢ and the message; sᵢ is in
//! no hash of the scheme and is absorbed by itself.
//!
//! Leaves are hashed in lanes. About 25 ns an item, with AVX-512.
//!
//! # Health
//! A zero leaves its item untested, and a generator that is stuck lets items cancel each other. Both are refused
//! ([`healthy`]), and the caller judges item by item. With a working generator that happens once in 2^121 batches of
//! 64 items, so the bound of docs/soundness.md stands: 2^128 values for each zᵢ, of which one at most lets a bad item
//! pass.

use sigwarp_kernels::hash::sha512;
use sigwarp_kernels::simd::Token;

/// Items of a leaf, at most and at least.
const LEAF: core::ops::RangeInclusive<usize> = 4..=128;
/// Hashes made at a time.
const BLOCK: usize = 256;

/// Where seeds come from. Tests put their own generators here.
pub(crate) trait Source: core::fmt::Debug + Sync {
    /// 32 bytes that nobody else knows; none if the system has none to give.
    fn seed(&self) -> Option<[u8; 32]>;

    /// Sees the coefficients that were drawn for a sum. The tests put unfit ones in their place.
    fn amend(&self, _: &mut [[u64; 2]]) {}
}

/// The generator of the operating system.
#[derive(Debug, Clone, Copy)]
pub(crate) struct System;

impl Source for System {
    fn seed(&self) -> Option<[u8; 32]> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).ok()?;
        Some(seed)
    }
}

/// Whether no coefficient is 0 or equals the one before it.
pub(crate) fn healthy(z: &[[u64; 2]]) -> bool {
    z.iter().all(|z| *z != [0; 2]) && z.windows(2).all(|pair| pair[0] != pair[1])
}

/// Whether every bit is 0 in one coefficient and 1 in another: the sums by bits of a cofactorless equation rest on each
/// of them. Fewer than 64 coefficients may be alike in a bit by chance, with a probability of 2^-55 and more, and pass.
pub(crate) fn varied(z: &[[u64; 2]]) -> bool {
    if z.len() < 64 {
        return true;
    }
    let (mut zeros, mut ones) = ([u64::MAX; 2], [u64::MAX; 2]);
    for z in z {
        for i in 0..2 {
            ones[i] &= z[i];
            zeros[i] &= !z[i];
        }
    }
    zeros == [0; 2] && ones == [0; 2]
}

/// The bytes of the longest name of a suite.
pub(crate) const LABEL: usize = 32;

/// The coefficients of a batch.
#[derive(Debug)]
pub(crate) struct Stream {
    root: [u8; 64],
    counter: u64,
    order: Vec<u32>,
}

fn bytes(digest: &[u64; 8]) -> [u8; 64] {
    let mut out = [0; 64];
    for (bytes, word) in out.as_chunks_mut::<8>().0.iter_mut().zip(digest) {
        *bytes = word.to_be_bytes();
    }
    out
}

impl Stream {
    /// The stream of a batch: `transcript` holds k and s of each item. `suite` must differ between suites.
    pub(crate) fn new<T: Token>(token: T, seed: &[u8; 32], suite: &str, transcript: &[[u8; 64]]) -> Self {
        let mut name = [0; LABEL];
        name[..suite.len()].copy_from_slice(suite.as_bytes());
        let leaf =
            transcript.len().div_ceil(2 * sigwarp_kernels::simd::MAX_LANES).clamp(*LEAF.start(), *LEAF.end());
        let inputs: Vec<sha512::Parts<'_>> =
            transcript.chunks(leaf).map(|items| [&seed[..], &name[..], items.as_flattened()]).collect();
        let mut digests = vec![[0; 8]; inputs.len()];
        let mut order = Vec::new();
        sha512::digest_all(token, &inputs, &mut digests, &mut order);
        let mut leaves = (transcript.len() as u64).to_le_bytes().to_vec();
        leaves.extend(digests.iter().flat_map(bytes));
        let root = bytes(&sha512::digest_one([&seed[..], &name[..], &leaves]));
        Self { root, counter: 0, order }
    }

    /// The next coefficients.
    pub(crate) fn fill<T: Token>(&mut self, token: T, z: &mut [[u64; 2]]) {
        let mut counters = [[0; 8]; BLOCK];
        let mut digests = [[0; 8]; BLOCK];
        for z in z.chunks_mut(4 * BLOCK) {
            let count = z.len().div_ceil(4);
            for counter in &mut counters[..count] {
                *counter = self.counter.to_le_bytes();
                self.counter += 1;
            }
            let inputs: Vec<sha512::Parts<'_>> =
                counters[..count].iter().map(|counter| [&self.root[..], &counter[..], &[]]).collect();
            sha512::digest_all(token, &inputs, &mut digests[..count], &mut self.order);
            for (z, words) in z.iter_mut().zip(digests.as_flattened().as_chunks::<2>().0) {
                *z = *words;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha512};
    use sigwarp_kernels::simd::portable::Portable;

    fn stream(seed: u8, suite: &str, transcript: &[[u8; 64]]) -> Vec<[u64; 2]> {
        let token = Portable::detect().expect("on every machine");
        let mut z = vec![[0; 2]; 1500];
        Stream::new(token, &[seed; 32], suite, transcript).fill(token, &mut z);
        z
    }

    #[test]
    fn coefficients_are_what_the_derivation_says() {
        let transcript: Vec<[u8; 64]> = (0..10).map(|i| [i; 64]).collect();
        let mut prefix = [9; 64].to_vec();
        prefix[32..].fill(0);
        prefix[32..38].copy_from_slice(b"zip215");
        let digest = |rest: &[u8]| Sha512::digest([&prefix[..], rest].concat());
        let mut leaves = 10u64.to_le_bytes().to_vec();
        for leaf in transcript.chunks(4) {
            leaves.extend(digest(leaf.as_flattened()));
        }
        let root = digest(&leaves);
        let z = stream(9, "zip215", &transcript);
        for m in [0u64, 1, 374] {
            let four = Sha512::digest([&root[..], &m.to_le_bytes()].concat());
            let words: Vec<u64> =
                four.chunks(8).map(|word| u64::from_be_bytes(word.try_into().unwrap())).collect();
            assert_eq!(z[4 * m as usize..][..4].as_flattened(), words);
        }
        assert!(healthy(&z));
    }

    #[test]
    fn every_input_changes_every_coefficient() {
        let transcript: Vec<[u8; 64]> = (0..300u32).map(|i| [i as u8; 64]).collect();
        let reference = stream(1, "zip215", &transcript);
        let differs = |z: Vec<[u64; 2]>| z.iter().zip(&reference).all(|(a, b)| a != b);
        assert!(differs(stream(2, "zip215", &transcript)));
        assert!(differs(stream(1, "rfc8032", &transcript)));
        assert!(differs(stream(1, "zip215", &transcript[1..])));
        for (item, byte) in [(0, 0), (17, 31), (18, 32), (299, 63)] {
            let mut other = transcript.clone();
            other[item][byte] ^= 1;
            assert!(differs(stream(1, "zip215", &other)), "byte {byte} of item {item}");
        }
    }

    #[test]
    fn a_stuck_generator_is_not_healthy() {
        assert!(healthy(&[]) && healthy(&[[1, 0]]) && healthy(&[[1, 0], [0, 1]]));
        assert!(!healthy(&[[0, 0]]) && !healthy(&[[1, 2], [0, 0], [3, 4]]));
        assert!(!healthy(&[[1, 2], [3, 4], [3, 4]]));
    }

    #[test]
    fn a_bit_that_never_changes_is_not_varied() {
        let good = stream(3, "strict", &[[1; 64]]);
        for count in [64, 1500] {
            assert!(varied(&good[..count]));
            for bit in 0..128 {
                for set in [false, true] {
                    let mut z = good[..count].to_vec();
                    for z in &mut z {
                        z[bit / 64] &= !(1 << (bit % 64));
                        z[bit / 64] |= u64::from(set) << (bit % 64);
                    }
                    assert!(!varied(&z) && varied(&z[..63]), "bit {bit}");
                }
            }
        }
        // Bits of one half that repeat those of the other vary: this is no check of randomness.
        assert!(varied(&good.iter().map(|z| [z[0]; 2]).collect::<Vec<_>>()));
    }

    #[test]
    fn seeds_of_the_system_differ() {
        let (a, b) = (System.seed().expect("randomness"), System.seed().expect("randomness"));
        assert_ne!(a, b);
    }
}
