//! The lanes of AVX-512 in plain arrays: 16 words of 32 bits, 8 of 64.

use super::{MAX_WORD_LANES, Rows, Word, Words, copy_tails, words_of_vector};
use crate::simd::Vector;
use crate::simd::emulated::{Emulated, EmulatedU64x8};

/// Sixteen 32-bit words in an array.
#[derive(Clone, Copy)]
pub struct EmulatedU32x16([u32; 16]);

// Not inlined, as in the 64-bit emulation: an inlined kernel would be tens of thousands of instructions.
#[inline(never)]
fn each(a: [u32; 16], b: [u32; 16], c: [u32; 16], f: impl Fn(u32, u32, u32) -> u32) -> EmulatedU32x16 {
    let mut out = [0; 16];
    for i in 0..16 {
        out[i] = f(a[i], b[i], c[i]);
    }
    EmulatedU32x16(out)
}

/// Word `word` of each block.
fn word_of<W: Word, const BYTES: usize, const LANES: usize>(
    blocks: &[[u8; BYTES]; LANES],
    word: usize,
) -> [W; LANES] {
    let mut out = [W::default(); LANES];
    for lane in 0..LANES {
        let mut bytes = [0; 8];
        bytes[..W::BYTES].copy_from_slice(&blocks[lane][word * W::BYTES..][..W::BYTES]);
        out[lane] = W::truncate(u64::from_le_bytes(bytes));
    }
    out
}

fn full(rows: &Rows<'_>, lanes: usize, bytes: usize) {
    for row in &rows[..lanes] {
        assert!(row.len() >= bytes, "a block of {} bytes, {bytes} are needed", row.len());
    }
}

impl Words for EmulatedU32x16 {
    type Token = Emulated;
    type Word = u32;
    const LANES: usize = 16;
    const CALLS: bool = true;

    fn splat(_: Emulated, word: u32) -> Self {
        Self([word; 16])
    }
    fn load(_: Emulated, from: &[u32; MAX_WORD_LANES]) -> Self {
        let mut words = [0; 16];
        words.copy_from_slice(&from[..16]);
        Self(words)
    }
    fn add(self, other: Self) -> Self {
        each(self.0, other.0, other.0, |a, b, _| a.wrapping_add(b))
    }
    fn sub(self, other: Self) -> Self {
        each(self.0, other.0, other.0, |a, b, _| a.wrapping_sub(b))
    }
    fn xor(self, other: Self) -> Self {
        each(self.0, other.0, other.0, |a, b, _| a ^ b)
    }
    fn rotate_right<const N: i32>(self) -> Self {
        each(self.0, self.0, self.0, |a, _, _| a.rotate_right(N as u32))
    }
    fn shr<const N: i32>(self) -> Self {
        each(self.0, self.0, self.0, |a, _, _| a >> N)
    }
    fn swap_bytes(self) -> Self {
        each(self.0, self.0, self.0, |a, _, _| a.swap_bytes())
    }
    fn xor3(self, b: Self, c: Self) -> Self {
        each(self.0, b.0, c.0, |a, b, c| a ^ b ^ c)
    }
    fn choose(self, b: Self, c: Self) -> Self {
        each(self.0, b.0, c.0, |a, b, c| a & b | !a & c)
    }
    fn majority(self, b: Self, c: Self) -> Self {
        each(self.0, b.0, c.0, |a, b, c| a & b | a & c | b & c)
    }
    fn xor_and_not(self, b: Self, c: Self) -> Self {
        each(self.0, b.0, c.0, |a, b, c| a ^ !b & c)
    }
    fn select(lanes: u32, yes: Self, no: Self) -> Self {
        let mut out = no;
        for i in 0..16 {
            if lanes >> i & 1 == 1 {
                out.0[i] = yes.0[i];
            }
        }
        out
    }
    fn load_blocks(token: Emulated, rows: &Rows<'_>) -> [Self; 16] {
        full(rows, 16, 64);
        Self::load_tails(token, rows, 0, 0)
    }
    #[inline(never)]
    fn load_tails(_: Emulated, rows: &Rows<'_>, marked: u32, mark: u8) -> [Self; 16] {
        let blocks = copy_tails::<64, 16>(rows, marked, mark);
        let mut words = [Self([0; 16]); 16];
        for (word, out) in words.iter_mut().enumerate() {
            out.0 = word_of(&blocks, word);
        }
        words
    }
    fn store_rows(words: [Self; 8], rows: &mut [[u8; 64]]) {
        for lane in 0..16 {
            for word in 0..8 {
                rows[lane][4 * word..][..4].copy_from_slice(&words[word].0[lane].to_le_bytes());
            }
        }
    }
}

impl Words for EmulatedU64x8 {
    type Token = Emulated;
    type Word = u64;
    const LANES: usize = 8;
    const CALLS: bool = true;

    words_of_vector!();

    fn xor_and_not(self, b: Self, c: Self) -> Self {
        // self ^ c where b is 0.
        Vector::xor(self, Vector::xor(c, Vector::and(b, c)))
    }
    fn load_blocks(token: Emulated, rows: &Rows<'_>) -> [Self; 16] {
        full(rows, 8, 128);
        Self::load_tails(token, rows, 0, 0)
    }
    #[inline(never)]
    fn load_tails(token: Emulated, rows: &Rows<'_>, marked: u32, mark: u8) -> [Self; 16] {
        let blocks = copy_tails::<128, 8>(rows, marked, mark);
        let mut words = [<Self as Vector>::splat(token, 0); 16];
        for (word, out) in words.iter_mut().enumerate() {
            *out = <Self as Vector>::load(token, &word_of::<u64, 128, 8>(&blocks, word));
        }
        words
    }
    fn store_rows(words: [Self; 8], rows: &mut [[u8; 64]]) {
        for word in 0..8 {
            let lanes = words[word].to_array();
            for lane in 0..8 {
                rows[lane][8 * word..][..8].copy_from_slice(&lanes[lane].to_le_bytes());
            }
        }
    }
}
