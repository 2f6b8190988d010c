//! SHA-512 (FIPS 180-4) of many independent messages, one per lane.
//!
//! Contract. Every input is the concatenation of three parts, hashed as if copied together (a challenge
//! is R ‖ A ‖ M); nothing is copied but one block at a time. Inputs may differ in length: they are
//! taken in the order of their block counts so that lanes finish together, and a lane that has finished
//! keeps its state by mask while others go on.
//!
//! Floor in 8 lanes of AVX-512 on Zen 5 (four operations a cycle, two of them rotations): 80 rounds of 17 operations and
//! 64 words of 11, 2,064 in all or 516 cycles, 65 for a lane.
//!
//! [`digest_column`] hashes messages where they lie, through `drive`. [`digest_all`] serves challenges, whose
//! three parts lie apart.

#[cfg(test)]
mod tests;

use core::convert::Infallible;

use super::drive::{Function, Messages, Order, drive, queue};
use super::merkle_damgard::{Compression, MerkleDamgard, digest_words, swap};
use super::sha2::{self, Short, Sigma};
use crate::simd::portable::Portable;
use crate::simd::words::{MAX_WORD_LANES, Rows, Words};
use crate::simd::{Kernel, Token};

const INITIAL: [u64; 8] = [
    0x6a09e667f3bcc908,
    0xbb67ae8584caa73b,
    0x3c6ef372fe94f82b,
    0xa54ff53a5f1d36f1,
    0x510e527fade682d1,
    0x9b05688c2b3e6c1f,
    0x1f83d9abfb41bd6b,
    0x5be0cd19137e2179,
];

/// The fractional parts of the cube roots of the first 80 primes (FIPS 180-4, 4.2.3).
const ROUND: [u64; 80] = [
    0x428a2f98d728ae22,
    0x7137449123ef65cd,
    0xb5c0fbcfec4d3b2f,
    0xe9b5dba58189dbbc,
    0x3956c25bf348b538,
    0x59f111f1b605d019,
    0x923f82a4af194f9b,
    0xab1c5ed5da6d8118,
    0xd807aa98a3030242,
    0x12835b0145706fbe,
    0x243185be4ee4b28c,
    0x550c7dc3d5ffb4e2,
    0x72be5d74f27b896f,
    0x80deb1fe3b1696b1,
    0x9bdc06a725c71235,
    0xc19bf174cf692694,
    0xe49b69c19ef14ad2,
    0xefbe4786384f25e3,
    0x0fc19dc68b8cd5b5,
    0x240ca1cc77ac9c65,
    0x2de92c6f592b0275,
    0x4a7484aa6ea6e483,
    0x5cb0a9dcbd41fbd4,
    0x76f988da831153b5,
    0x983e5152ee66dfab,
    0xa831c66d2db43210,
    0xb00327c898fb213f,
    0xbf597fc7beef0ee4,
    0xc6e00bf33da88fc2,
    0xd5a79147930aa725,
    0x06ca6351e003826f,
    0x142929670a0e6e70,
    0x27b70a8546d22ffc,
    0x2e1b21385c26c926,
    0x4d2c6dfc5ac42aed,
    0x53380d139d95b3df,
    0x650a73548baf63de,
    0x766a0abb3c77b2a8,
    0x81c2c92e47edaee6,
    0x92722c851482353b,
    0xa2bfe8a14cf10364,
    0xa81a664bbc423001,
    0xc24b8b70d0f89791,
    0xc76c51a30654be30,
    0xd192e819d6ef5218,
    0xd69906245565a910,
    0xf40e35855771202a,
    0x106aa07032bbd1b8,
    0x19a4c116b8d2d0c8,
    0x1e376c085141ab53,
    0x2748774cdf8eeb99,
    0x34b0bcb5e19b48a8,
    0x391c0cb3c5c95a63,
    0x4ed8aa4ae3418acb,
    0x5b9cca4f7763e373,
    0x682e6ff3d6b2b8a3,
    0x748f82ee5defb2fc,
    0x78a5636f43172f60,
    0x84c87814a1f0ab72,
    0x8cc702081a6439ec,
    0x90befffa23631e28,
    0xa4506cebde82bde9,
    0xbef9a3f7b2c67915,
    0xc67178f2e372532b,
    0xca273eceea26619c,
    0xd186b8c721c0c207,
    0xeada7dd6cde0eb1e,
    0xf57d4f7fee6ed178,
    0x06f067aa72176fba,
    0x0a637dc5a2c898a6,
    0x113f9804bef90dae,
    0x1b710b35131c471b,
    0x28db77f523047d84,
    0x32caab7b40c72493,
    0x3c9ebe0a15c9bebc,
    0x431d67c49c100d4c,
    0x4cc5d4becb3e42b6,
    0x597f299cfc657e2a,
    0x5fcb6fab3ad6faec,
    0x6c44198c4a475817,
];

/// The most 64-bit lanes of any vector.
const MAX_PARTS_LANES: usize = 8;

/// A message in three parts.
pub type Parts<'a> = [&'a [u8]; 3];

/// The number of 128-byte blocks of a message of `length` bytes, with its padding.
#[inline]
pub fn block_count(length: usize) -> usize {
    (length + 17).div_ceil(128)
}

#[inline]
fn length_of(parts: &Parts<'_>) -> usize {
    parts[0].len() + parts[1].len() + parts[2].len()
}

/// Writes block `index` of a padded message.
fn fill_block(parts: &Parts<'_>, index: usize, block: &mut [u8; 128]) {
    // The blocks of a challenge but the last: R ‖ A and the beginning of M, then M alone.
    let [r, a, m] = parts;
    if let (Some(r), Some(a)) = (r.first_chunk::<32>(), a.first_chunk::<32>())
        && parts[0].len() + parts[1].len() == 64
    {
        if index == 0 {
            if let Some(m) = m.first_chunk::<64>() {
                block[..32].copy_from_slice(r);
                block[32..64].copy_from_slice(a);
                block[64..].copy_from_slice(m);
                return;
            }
        } else if let Some(m) = m.get(index * 128 - 64..).and_then(<[u8]>::first_chunk::<128>) {
            *block = *m;
            return;
        }
    }
    let length = length_of(parts);
    let start = index * 128;
    let mut filled = 0;
    let mut before = 0;
    for part in parts {
        // This block's share of the part, which lies at before..before + part.len() of the message.
        let at = start + filled;
        if filled < 128 && at < before + part.len() {
            let rest = &part[at - before..];
            let take = rest.len().min(128 - filled);
            block[filled..filled + take].copy_from_slice(&rest[..take]);
            filled += take;
        }
        before += part.len();
    }
    if filled == 128 {
        return;
    }
    block[filled..].fill(0);
    if start + filled == length {
        block[filled] = 0x80;
    }
    if index + 1 == block_count(length) {
        block[112..].copy_from_slice(&(length as u128 * 8).to_be_bytes());
    }
}

struct Sha512Sigma;

impl<V: Words<Word = u64>> Sigma<V> for Sha512Sigma {
    const ROUND: &'static [u64] = &ROUND;

    #[inline(always)]
    fn big0(x: V) -> V {
        x.rotate_right::<28>().xor3(x.rotate_right::<34>(), x.rotate_right::<39>())
    }
    #[inline(always)]
    fn big1(x: V) -> V {
        x.rotate_right::<14>().xor3(x.rotate_right::<18>(), x.rotate_right::<41>())
    }
    #[inline(always)]
    fn small0(x: V) -> V {
        x.rotate_right::<1>().xor3(x.rotate_right::<8>(), x.shr::<7>())
    }
    #[inline(always)]
    fn small1(x: V) -> V {
        x.rotate_right::<19>().xor3(x.rotate_right::<61>(), x.shr::<6>())
    }
}

#[derive(Clone, Copy)]
struct Sha512;

impl<T: Token> Compression<T> for Sha512 {
    type Vector = T::Words64;
    type Word = u64;
    type Schedule = [u64; 80];
    type Short = Short<u64>;
    type Finisher = Infallible;
    const INITIAL: [u64; 8] = INITIAL;

    #[inline(always)]
    fn compress(token: T, state: [T::Words64; 8], block: [T::Words64; 16]) -> [T::Words64; 8] {
        sha2::compress::<_, Sha512Sigma>(token, state, block)
    }
    fn expand(block: [u64; 16]) -> [u64; 80] {
        let mut schedule = [0u64; 80];
        schedule[..16].copy_from_slice(&block);
        for t in 16..80 {
            let sum = schedule[t - 16].wrapping_add(schedule[t - 7]);
            schedule[t] = sum.wrapping_add(small0(schedule[t - 15])).wrapping_add(small1(schedule[t - 2]));
        }
        for t in 0..80 {
            schedule[t] = schedule[t].wrapping_add(ROUND[t]);
        }
        schedule
    }
    #[inline(always)]
    fn compress_expanded(token: T, state: [T::Words64; 8], schedule: &[u64; 80]) -> [T::Words64; 8] {
        sha2::compress_expanded::<_, Sha512Sigma>(token, state, schedule)
    }
    fn short(block: &[u64; 16]) -> Option<Short<u64>> {
        Some(sha2::short(block, &ROUND, small0, small1))
    }
    #[inline(always)]
    fn compress_short(
        token: T,
        state: [T::Words64; 8],
        words: [T::Words64; 8],
        short: &Short<u64>,
    ) -> [T::Words64; 8] {
        sha2::compress_short::<_, Sha512Sigma>(token, state, words, short)
    }
    #[inline(always)]
    fn finisher(self) -> Option<Infallible> {
        None
    }
}

/// σ0 of one word.
#[inline]
fn small0(x: u64) -> u64 {
    x.rotate_right(1) ^ x.rotate_right(8) ^ x >> 7
}

/// σ1 of one word.
#[inline]
fn small1(x: u64) -> u64 {
    x.rotate_right(19) ^ x.rotate_right(61) ^ x >> 6
}

/// The SHA-512 digest of each message, cut to `width` bytes: row i of `digests`. `order` is scratch.
pub fn digest_column<T: Token>(
    token: T,
    messages: &dyn Messages,
    digests: &mut [u8],
    width: usize,
    order: &mut Vec<u32>,
) {
    // A lone message takes a fifth longer in a lane of a vector than in general registers.
    if let (1, true, Some(portable)) = (messages.count(), T::Words64::LANES > 1, Portable::detect()) {
        return drive(portable, MerkleDamgard::new(Sha512), messages, Order::Arrival, digests, width);
    }
    let queue = queue::<T, MerkleDamgard<T, Sha512>>(messages, order);
    drive(token, MerkleDamgard::<T, _>::new(Sha512), messages, queue, digests, width);
}

/// The digests of up to `LANES` messages.
struct HashLanes<'a, 'b> {
    inputs: &'a [Parts<'b>],
    /// Message of each lane; lanes beyond it repeat the last.
    lanes: &'a [u32],
    digests: &'a mut [[u64; 8]],
}

impl<T: Token> Kernel<T> for HashLanes<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: T) {
        let lanes = T::Words64::LANES;
        let mut counts = [0; MAX_PARTS_LANES];
        let mut most = 0;
        for lane in 0..lanes {
            let input = self.lanes[lane.min(self.lanes.len() - 1)] as usize;
            counts[lane] = block_count(length_of(&self.inputs[input]));
            most = most.max(counts[lane]);
        }
        let mut blocks = [[0; 128]; MAX_PARTS_LANES];
        let mut state = <MerkleDamgard<T, Sha512> as Function<T>>::start(token);
        for block in 0..most {
            let mut active = 0u32;
            for lane in 0..lanes {
                let input = self.lanes[lane.min(self.lanes.len() - 1)] as usize;
                fill_block(&self.inputs[input], block, &mut blocks[lane]);
                active |= u32::from(block < counts[lane]) << lane;
            }
            let mut rows: Rows<'_> = [&[]; MAX_WORD_LANES];
            for lane in 0..lanes {
                rows[lane] = &blocks[lane];
            }
            let words = swap(T::Words64::load_blocks(token, &rows));
            let next = sha2::compress::<_, Sha512Sigma>(token, state, words);
            state = <MerkleDamgard<T, Sha512> as Function<T>>::select(active, next, state);
        }
        let mut rows = [[0; 64]; MAX_WORD_LANES];
        T::Words64::store_rows(state, &mut rows);
        for (lane, &input) in self.lanes.iter().enumerate() {
            self.digests[input as usize] = digest_words(&rows[lane]);
        }
    }
}

/// The digest of one input, in general registers: a lone message takes a third longer in a lane of a vector.
#[inline]
pub fn digest_one(input: Parts<'_>) -> [u64; 8] {
    let mut digests = [[0; 8]];
    if let Some(token) = Portable::detect() {
        token.vectorize(HashLanes { inputs: &[input], lanes: &[0], digests: &mut digests });
    }
    digests[0]
}

/// Positions of inputs, those with fewer blocks first.
#[inline]
fn by_blocks(inputs: &[Parts<'_>], order: &mut Vec<u32>) {
    order.clear();
    order.extend(0..inputs.len() as u32);
    let blocks = |i: u32| block_count(length_of(&inputs[i as usize]));
    if order.iter().any(|&i| blocks(i) != blocks(0)) {
        order.sort_unstable_by_key(|&i| blocks(i));
    }
}

/// The SHA-512 digest of each input, as the eight words of its final state (each big-endian word of the
/// digest as an integer). `order` is scratch.
pub fn digest_all<T: Token>(token: T, inputs: &[Parts<'_>], digests: &mut [[u64; 8]], order: &mut Vec<u32>) {
    assert_eq!(inputs.len(), digests.len());
    by_blocks(inputs, order);
    for lanes in order.chunks(T::Words64::LANES) {
        token.vectorize(HashLanes { inputs, lanes, digests });
    }
}
