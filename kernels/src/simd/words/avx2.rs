//! AVX2: 8 words of 32 bits, 4 of 64.

use super::{MAX_WORD_LANES, Rows, Words, as_rows, copy_tails, words_of_vector};
use crate::simd::Vector;
use crate::simd::avx2::{Avx2, U64x4, transpose};
use core::arch::x86_64::*;

/// Eight 32-bit words of a ymm register.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct U32x8(__m256i);

#[inline(always)]
fn row(_: Avx2, bytes: &[u8], index: usize) -> __m256i {
    let Some(bytes) = bytes.get(32 * index..).and_then(<[u8]>::first_chunk::<32>) else {
        panic!("a block of {} bytes, {} are needed", bytes.len(), 32 * index + 32);
    };
    // SAFETY: the token proves the features, the reference covers the 32 bytes.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// The 8 × 8 transpose: 24 shuffles.
#[inline(always)]
fn transpose8(r: [__m256i; 8]) -> [__m256i; 8] {
    // SAFETY: registers are made from a token or from vectors, which prove the features.
    unsafe {
        let (a0, a1) = (_mm256_unpacklo_epi32(r[0], r[1]), _mm256_unpackhi_epi32(r[0], r[1]));
        let (b0, b1) = (_mm256_unpacklo_epi32(r[2], r[3]), _mm256_unpackhi_epi32(r[2], r[3]));
        let (c0, c1) = (_mm256_unpacklo_epi32(r[4], r[5]), _mm256_unpackhi_epi32(r[4], r[5]));
        let (d0, d1) = (_mm256_unpacklo_epi32(r[6], r[7]), _mm256_unpackhi_epi32(r[6], r[7]));
        let (e0, e1) = (_mm256_unpacklo_epi64(a0, b0), _mm256_unpackhi_epi64(a0, b0));
        let (e2, e3) = (_mm256_unpacklo_epi64(a1, b1), _mm256_unpackhi_epi64(a1, b1));
        let (f0, f1) = (_mm256_unpacklo_epi64(c0, d0), _mm256_unpackhi_epi64(c0, d0));
        let (f2, f3) = (_mm256_unpacklo_epi64(c1, d1), _mm256_unpackhi_epi64(c1, d1));
        [
            _mm256_permute2x128_si256::<0x20>(e0, f0),
            _mm256_permute2x128_si256::<0x20>(e1, f1),
            _mm256_permute2x128_si256::<0x20>(e2, f2),
            _mm256_permute2x128_si256::<0x20>(e3, f3),
            _mm256_permute2x128_si256::<0x31>(e0, f0),
            _mm256_permute2x128_si256::<0x31>(e1, f1),
            _mm256_permute2x128_si256::<0x31>(e2, f2),
            _mm256_permute2x128_si256::<0x31>(e3, f3),
        ]
    }
}

#[inline(always)]
fn rows8(token: Avx2, rows: &Rows<'_>, index: usize) -> [__m256i; 8] {
    [
        row(token, rows[0], index),
        row(token, rows[1], index),
        row(token, rows[2], index),
        row(token, rows[3], index),
        row(token, rows[4], index),
        row(token, rows[5], index),
        row(token, rows[6], index),
        row(token, rows[7], index),
    ]
}

impl Words for U32x8 {
    type Token = Avx2;
    type Word = u32;
    const LANES: usize = 8;

    #[inline(always)]
    fn splat(_: Avx2, word: u32) -> Self {
        // SAFETY: the token proves the features.
        Self(unsafe { _mm256_set1_epi32(word as i32) })
    }
    #[inline(always)]
    fn load(_: Avx2, from: &[u32; MAX_WORD_LANES]) -> Self {
        // SAFETY: the token proves the features, the array has 8 words and more.
        Self(unsafe { _mm256_loadu_si256(from.as_ptr().cast()) })
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm256_add_epi32(self.0, other.0) })
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm256_sub_epi32(self.0, other.0) })
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm256_xor_si256(self.0, other.0) })
    }
    #[inline(always)]
    fn rotate_right<const N: i32>(self) -> Self {
        // SAFETY: a vector proves the features. Constant counts become immediates.
        Self(unsafe {
            let right = _mm256_srl_epi32(self.0, _mm_cvtsi32_si128(N));
            _mm256_or_si256(right, _mm256_sll_epi32(self.0, _mm_cvtsi32_si128(32 - N)))
        })
    }
    #[inline(always)]
    fn shr<const N: i32>(self) -> Self {
        // SAFETY: a vector proves the features. A constant count becomes an immediate.
        Self(unsafe { _mm256_srl_epi32(self.0, _mm_cvtsi32_si128(N)) })
    }
    #[inline(always)]
    fn swap_bytes(self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe {
            let order = _mm256_set_epi32(
                0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203, 0x0c0d0e0f, 0x08090a0b, 0x04050607,
                0x00010203,
            );
            _mm256_shuffle_epi8(self.0, order)
        })
    }
    #[inline(always)]
    fn xor3(self, b: Self, c: Self) -> Self {
        self.xor(b).xor(c)
    }
    #[inline(always)]
    fn choose(self, b: Self, c: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm256_and_si256(self.0, _mm256_xor_si256(b.0, c.0)) }).xor(c)
    }
    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe {
            let either = _mm256_and_si256(self.0, _mm256_xor_si256(b.0, c.0));
            _mm256_xor_si256(either, _mm256_and_si256(b.0, c.0))
        })
    }
    #[inline(always)]
    fn xor_and_not(self, b: Self, c: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm256_xor_si256(self.0, _mm256_andnot_si256(b.0, c.0)) })
    }
    #[inline(always)]
    fn select(lanes: u32, yes: Self, no: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe {
            let place = _mm256_set_epi32(128, 64, 32, 16, 8, 4, 2, 1);
            let mask = _mm256_and_si256(_mm256_set1_epi32(lanes as i32), place);
            _mm256_blendv_epi8(no.0, yes.0, _mm256_cmpeq_epi32(mask, place))
        })
    }

    #[inline(always)]
    fn load_blocks(token: Avx2, rows: &Rows<'_>) -> [Self; 16] {
        let low = transpose8(rows8(token, rows, 0));
        let high = transpose8(rows8(token, rows, 1));
        let mut words = [Self(low[0]); 16];
        let mut i = 0;
        while i < 8 {
            words[i] = Self(low[i]);
            words[8 + i] = Self(high[i]);
            i += 1;
        }
        words
    }
    #[inline(always)]
    fn load_tails(token: Avx2, rows: &Rows<'_>, marked: u32, mark: u8) -> [Self; 16] {
        Self::load_blocks(token, &as_rows(&copy_tails::<64, 8>(rows, marked, mark)))
    }
    #[inline(always)]
    fn store_rows(w: [Self; 8], rows: &mut [[u8; 64]]) {
        let out = transpose8([w[0].0, w[1].0, w[2].0, w[3].0, w[4].0, w[5].0, w[6].0, w[7].0]);
        let mut lane = 0;
        while lane < 8 {
            // SAFETY: a vector proves the features, and a row has room for 32 bytes.
            unsafe { _mm256_storeu_si256(rows[lane].as_mut_ptr().cast(), out[lane]) }
            lane += 1;
        }
    }
}

impl Words for U64x4 {
    type Token = Avx2;
    type Word = u64;
    const LANES: usize = 4;

    words_of_vector!();

    #[inline(always)]
    fn xor_and_not(self, b: Self, c: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm256_xor_si256(self.0, _mm256_andnot_si256(b.0, c.0)) })
    }
    #[inline(always)]
    fn load_blocks(token: Avx2, rows: &Rows<'_>) -> [Self; 16] {
        let mut words = [<Self as Vector>::splat(token, 0); 16];
        let mut quarter = 0;
        while quarter < 4 {
            let four = transpose([
                row(token, rows[0], quarter),
                row(token, rows[1], quarter),
                row(token, rows[2], quarter),
                row(token, rows[3], quarter),
            ]);
            let mut i = 0;
            while i < 4 {
                words[4 * quarter + i] = four[i];
                i += 1;
            }
            quarter += 1;
        }
        words
    }
    #[inline(always)]
    fn load_tails(token: Avx2, rows: &Rows<'_>, marked: u32, mark: u8) -> [Self; 16] {
        Self::load_blocks(token, &as_rows(&copy_tails::<128, 4>(rows, marked, mark)))
    }
    #[inline(always)]
    fn store_rows(w: [Self; 8], rows: &mut [[u8; 64]]) {
        let low = transpose([w[0].0, w[1].0, w[2].0, w[3].0]);
        let high = transpose([w[4].0, w[5].0, w[6].0, w[7].0]);
        let mut lane = 0;
        while lane < 4 {
            let (first, second) = rows[lane].split_at_mut(32);
            // SAFETY: a vector proves the features, and each half of a row has 32 bytes.
            unsafe {
                _mm256_storeu_si256(first.as_mut_ptr().cast(), low[lane].0);
                _mm256_storeu_si256(second.as_mut_ptr().cast(), high[lane].0);
            }
            lane += 1;
        }
    }
}
