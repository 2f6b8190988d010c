//! SHA-256 (FIPS 180-4) of many independent messages.
//!
//! Floor in 16 lanes of AVX-512 on Zen 5 (four operations a cycle, two of them rotations): a block is 64 rounds of 17
//! operations and 48 words of 11, 1,616 in all or 404 cycles, 25 for a lane; a block of padding that all lanes share is
//! 1,088 operations or 272 cycles. The SHA extensions need 64 cycles a block with two messages side by side and 128
//! with one, so that they win against 16 lanes for six messages or fewer, and against the 8 lanes of AVX2, which has
//! no rotations, always.

#[cfg(target_arch = "x86_64")]
mod extensions;

use super::drive::{Messages, drive, queue};
#[cfg(target_arch = "x86_64")]
use super::drive::{Order, Straggler};
use super::merkle_damgard::{Compression, MerkleDamgard};
use super::sha2::{self, Short, Sigma};
use crate::simd::Token;
#[cfg(target_arch = "x86_64")]
use crate::simd::sha_ni::ShaNi;
use crate::simd::words::Words;
#[cfg(target_arch = "x86_64")]
use extensions::{Extensions, Finish, InPairs, initial_row};

pub(super) const INITIAL: [u32; 8] =
    [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

/// The fractional parts of the cube roots of the first 64 primes (FIPS 180-4, section 4.2.2).
#[rustfmt::skip]
const ROUND: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

pub(super) struct Sha256Sigma;

impl<V: Words<Word = u32>> Sigma<V> for Sha256Sigma {
    const ROUND: &'static [u32] = &ROUND;

    #[inline(always)]
    fn big0(x: V) -> V {
        x.rotate_right::<2>().xor3(x.rotate_right::<13>(), x.rotate_right::<22>())
    }
    #[inline(always)]
    fn big1(x: V) -> V {
        x.rotate_right::<6>().xor3(x.rotate_right::<11>(), x.rotate_right::<25>())
    }
    #[inline(always)]
    fn small0(x: V) -> V {
        x.rotate_right::<7>().xor3(x.rotate_right::<18>(), x.shr::<3>())
    }
    #[inline(always)]
    fn small1(x: V) -> V {
        x.rotate_right::<17>().xor3(x.rotate_right::<19>(), x.shr::<10>())
    }
}

/// What may take over from the lanes when there is little to do.
#[derive(Clone, Copy)]
pub(super) struct Sha256 {
    #[cfg(target_arch = "x86_64")]
    extensions: Option<ShaNi>,
}

impl<T: Token> Compression<T> for Sha256 {
    type Vector = T::Words32;
    type Word = u32;
    type Schedule = [u32; 64];
    type Short = Short<u32>;
    #[cfg(target_arch = "x86_64")]
    type Finisher = InPairs;
    #[cfg(not(target_arch = "x86_64"))]
    type Finisher = core::convert::Infallible;
    const INITIAL: [u32; 8] = INITIAL;

    #[inline(always)]
    fn compress(token: T, state: [T::Words32; 8], block: [T::Words32; 16]) -> [T::Words32; 8] {
        sha2::compress::<_, Sha256Sigma>(token, state, block)
    }
    #[inline(always)]
    fn expand(block: [u32; 16]) -> [u32; 64] {
        expand(block)
    }
    #[inline(always)]
    fn compress_expanded(token: T, state: [T::Words32; 8], schedule: &[u32; 64]) -> [T::Words32; 8] {
        sha2::compress_expanded::<_, Sha256Sigma>(token, state, schedule)
    }
    fn short(block: &[u32; 16]) -> Option<Short<u32>> {
        Some(sha2::short(block, &ROUND, small0, small1))
    }
    #[inline(always)]
    fn compress_short(
        token: T,
        state: [T::Words32; 8],
        words: [T::Words32; 8],
        short: &Short<u32>,
    ) -> [T::Words32; 8] {
        sha2::compress_short::<_, Sha256Sigma>(token, state, words, short)
    }
    #[inline(always)]
    fn finisher(self) -> Option<Self::Finisher> {
        // A step of all lanes against a block each with the extensions, two by two.
        #[cfg(target_arch = "x86_64")]
        return self.extensions.map(|token| InPairs { token, few: T::Words32::LANES * 3 / 8 });
        #[cfg(not(target_arch = "x86_64"))]
        None
    }
}

/// σ0 of one word.
#[inline]
fn small0(x: u32) -> u32 {
    x.rotate_right(7) ^ x.rotate_right(18) ^ x >> 3
}

/// σ1 of one word.
#[inline]
fn small1(x: u32) -> u32 {
    x.rotate_right(17) ^ x.rotate_right(19) ^ x >> 10
}

#[inline(never)]
pub(super) fn expand(block: [u32; 16]) -> [u32; 64] {
    let mut schedule = [0; 64];
    let mut t = 0;
    while t < 64 {
        schedule[t] = if t < 16 {
            block[t]
        } else {
            let sum: u32 = schedule[t - 16];
            let sum = sum.wrapping_add(schedule[t - 7]);
            sum.wrapping_add(small0(schedule[t - 15])).wrapping_add(small1(schedule[t - 2]))
        };
        t += 1;
    }
    let mut t = 0;
    while t < 64 {
        schedule[t] = schedule[t].wrapping_add(ROUND[t]);
        t += 1;
    }
    schedule
}

/// Which SHA-256 an instruction set uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extension {
    /// The SHA extensions where they are faster than lanes and the CPU has them.
    WhereFaster,
    /// Lanes alone.
    Never,
}

impl Extension {
    /// What an instruction set uses under its own name.
    pub fn of<T: Token>() -> Self {
        if T::TAKES_EXTENSIONS { Self::WhereFaster } else { Self::Never }
    }
}

/// The SHA-256 digest of each message: row i of `digests`, 32 bytes each. `order` is scratch.
pub fn digest_all<T: Token>(
    token: T,
    extension: Extension,
    messages: &dyn Messages,
    digests: &mut [u8],
    order: &mut Vec<u32>,
) {
    const WIDTH: usize = 32;
    assert!(digests.len() == WIDTH * messages.count());
    #[cfg(target_arch = "x86_64")]
    let function = {
        let extensions = if extension == Extension::WhereFaster { ShaNi::detect() } else { None };
        let lanes = T::Words32::LANES;
        if let (Some(extensions), 1) = (extensions, messages.count()) {
            let one = Straggler::whole(messages.message(0), initial_row());
            extensions.vectorize(Finish { stragglers: &[one], digests, width: WIDTH });
            return;
        }
        if let Some(extensions) = extensions
            && (lanes < 16 || messages.count() <= lanes * 3 / 8)
        {
            drive(extensions, Extensions::<2>(extensions), messages, Order::Arrival, digests, WIDTH);
            return;
        }
        Sha256 { extensions }
    };
    #[cfg(not(target_arch = "x86_64"))]
    let function = {
        let _ = extension;
        Sha256 {}
    };
    let function = MerkleDamgard::<T, _>::new(function);
    let queue = queue::<T, MerkleDamgard<T, Sha256>>(messages, order);
    drive(token, function, messages, queue, digests, WIDTH);
}

/// Rows of 32 bytes.
struct Rows32<'a>(&'a [u8]);

impl Messages for Rows32<'_> {
    #[inline]
    fn count(&self) -> usize {
        self.0.len() / 32
    }
    #[inline]
    fn message(&self, index: usize) -> &[u8] {
        &self.0[32 * index..32 * index + 32]
    }
    #[inline]
    fn even_length(&self) -> Option<usize> {
        Some(32)
    }
}

/// As [`digest_all`], and once more over each digest.
pub fn digest_all_twice<T: Token>(
    token: T,
    extension: Extension,
    messages: &dyn Messages,
    digests: &mut [u8],
    order: &mut Vec<u32>,
) {
    digest_all(token, extension, messages, digests, order);
    let mut first = [0; 256 * 32];
    for digests in digests.chunks_mut(first.len()) {
        let first = &mut first[..digests.len()];
        first.copy_from_slice(digests);
        digest_all(token, extension, &Rows32(first), digests, order);
    }
}
