//! One word in a general register.

use super::{MAX_WORD_LANES, Rows, Words, copy_tails, words_of_vector};
use crate::simd::Vector;
use crate::simd::portable::{Portable, U64x1};

/// One 32-bit word.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct U32x1(u32);

#[inline(always)]
fn words32(block: &[u8]) -> [U32x1; 16] {
    let mut words = [U32x1(0); 16];
    let mut i = 0;
    while i < 16 {
        let b = &block[4 * i..4 * i + 4];
        words[i] = U32x1(u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        i += 1;
    }
    words
}

#[inline(always)]
fn words64(block: &[u8]) -> [U64x1; 16] {
    let mut words = [U64x1(0); 16];
    let mut i = 0;
    while i < 16 {
        let b = &block[8 * i..8 * i + 8];
        words[i] = U64x1(u64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]));
        i += 1;
    }
    words
}

impl Words for U32x1 {
    type Token = Portable;
    type Word = u32;
    const LANES: usize = 1;

    #[inline(always)]
    fn splat(_: Portable, word: u32) -> Self {
        Self(word)
    }
    #[inline(always)]
    fn load(_: Portable, from: &[u32; MAX_WORD_LANES]) -> Self {
        Self(from[0])
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(self.0.wrapping_sub(other.0))
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Self(self.0 ^ other.0)
    }
    #[inline(always)]
    fn rotate_right<const N: i32>(self) -> Self {
        Self(self.0.rotate_right(N as u32))
    }
    #[inline(always)]
    fn shr<const N: i32>(self) -> Self {
        Self(self.0 >> N)
    }
    #[inline(always)]
    fn swap_bytes(self) -> Self {
        Self(self.0.swap_bytes())
    }
    #[inline(always)]
    fn xor3(self, b: Self, c: Self) -> Self {
        Self(self.0 ^ b.0 ^ c.0)
    }
    #[inline(always)]
    fn choose(self, b: Self, c: Self) -> Self {
        Self(self.0 & (b.0 ^ c.0) ^ c.0)
    }
    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        Self(self.0 & (b.0 ^ c.0) ^ b.0 & c.0)
    }
    #[inline(always)]
    fn xor_and_not(self, b: Self, c: Self) -> Self {
        Self(self.0 ^ !b.0 & c.0)
    }
    #[inline(always)]
    fn select(lanes: u32, yes: Self, no: Self) -> Self {
        if lanes & 1 == 1 { yes } else { no }
    }
    #[inline(always)]
    fn load_blocks(_: Portable, rows: &Rows<'_>) -> [Self; 16] {
        words32(rows[0])
    }
    #[inline(always)]
    fn load_tails(_: Portable, rows: &Rows<'_>, marked: u32, mark: u8) -> [Self; 16] {
        words32(&copy_tails::<64, 1>(rows, marked, mark)[0])
    }
    #[inline(always)]
    fn store_rows(words: [Self; 8], rows: &mut [[u8; 64]]) {
        let mut i = 0;
        while i < 8 {
            rows[0][4 * i..4 * i + 4].copy_from_slice(&words[i].0.to_le_bytes());
            i += 1;
        }
    }
}

impl Words for U64x1 {
    type Token = Portable;
    type Word = u64;
    const LANES: usize = 1;

    words_of_vector!();

    #[inline(always)]
    fn xor_and_not(self, b: Self, c: Self) -> Self {
        Self(self.0 ^ !b.0 & c.0)
    }
    #[inline(always)]
    fn load_blocks(_: Portable, rows: &Rows<'_>) -> [Self; 16] {
        words64(rows[0])
    }
    #[inline(always)]
    fn load_tails(_: Portable, rows: &Rows<'_>, marked: u32, mark: u8) -> [Self; 16] {
        words64(&copy_tails::<128, 1>(rows, marked, mark)[0])
    }
    #[inline(always)]
    fn store_rows(words: [Self; 8], rows: &mut [[u8; 64]]) {
        let mut i = 0;
        while i < 8 {
            rows[0][8 * i..8 * i + 8].copy_from_slice(&words[i].0.to_le_bytes());
            i += 1;
        }
    }
}
