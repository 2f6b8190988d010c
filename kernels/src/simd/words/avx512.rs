//! AVX-512: 16 words of 32 bits, 8 of 64.

use super::{MAX_WORD_LANES, Rows, Words, words_of_vector};
use crate::simd::Vector;
use crate::simd::avx512ifma::{Avx512Ifma, U64x8, transpose};
use core::arch::x86_64::*;

/// Sixteen 32-bit words of a zmm register.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct U32x16(__m512i);

#[inline]
#[target_feature(enable = "avx512f")]
fn hide(mut x: __m512i) -> __m512i {
    // SAFETY: no instruction at all.
    unsafe {
        core::arch::asm!("/* {0} */", inout(zmm_reg) x, options(pure, nomem, nostack, preserves_flags));
    }
    x
}

#[inline(always)]
fn row(_: Avx512Ifma, bytes: &[u8; 64]) -> __m512i {
    // SAFETY: the token proves the features, the reference covers the 64 bytes.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

#[inline(always)]
fn chunk(bytes: &[u8], index: usize) -> &[u8; 64] {
    match bytes.get(64 * index..).and_then(<[u8]>::first_chunk) {
        Some(chunk) => chunk,
        None => panic!("a block of {} bytes, {} are needed", bytes.len(), 64 * index + 64),
    }
}

/// At most 64 bytes, zeros after them, and `mark` right after the last where `marked`.
#[inline(always)]
fn tail(_: Avx512Ifma, bytes: &[u8], marked: bool, mark: u8) -> __m512i {
    // Without branches: lengths are as good as random.
    let length = bytes.len().min(64) as u32;
    let after = u64::from(marked & (length < 64)) << (length & 63);
    // SAFETY: the token proves the features; the mask covers no byte beyond the slice, and bytes outside of the mask are
    // not touched.
    unsafe {
        let row = _mm512_maskz_loadu_epi8(_bzhi_u64(u64::MAX, length), bytes.as_ptr().cast());
        _mm512_mask_mov_epi8(row, after, _mm512_set1_epi8(mark as i8))
    }
}

/// The bytes of every row that are below `length`, at most 64, and its mark: what [`tail`] works out row by row.
#[derive(Clone, Copy)]
struct Even {
    bytes: u64,
    after: u64,
    mark: __m512i,
}

impl Even {
    #[inline(always)]
    fn new(_: Avx512Ifma, length: usize, marked: bool, mark: u8) -> Self {
        let length = length.min(64) as u32;
        let after = u64::from(marked & (length < 64)) << (length & 63);
        // SAFETY: the token proves the features.
        unsafe { Self { bytes: _bzhi_u64(u64::MAX, length), after, mark: _mm512_set1_epi8(mark as i8) } }
    }

    /// Panics when the row has other bytes than `length` says.
    #[inline(always)]
    fn row(self, bytes: &[u8], length: usize) -> __m512i {
        assert!(bytes.len() >= length.min(64));
        // SAFETY: the mask covers no byte beyond the slice; `self` comes from a token.
        unsafe {
            let row = _mm512_maskz_loadu_epi8(self.bytes, bytes.as_ptr().cast());
            _mm512_mask_mov_epi8(row, self.after, self.mark)
        }
    }
}

#[inline(always)]
fn even_rows8(even: Even, rows: &Rows<'_>, index: usize, length: usize) -> [__m512i; 8] {
    [
        even.row(part(rows[0], index), length),
        even.row(part(rows[1], index), length),
        even.row(part(rows[2], index), length),
        even.row(part(rows[3], index), length),
        even.row(part(rows[4], index), length),
        even.row(part(rows[5], index), length),
        even.row(part(rows[6], index), length),
        even.row(part(rows[7], index), length),
    ]
}

#[inline(always)]
fn part(bytes: &[u8], index: usize) -> &[u8] {
    &bytes[bytes.len().min(64 * index)..]
}

/// The four 128-bit lanes of four registers, transposed: 8 shuffles.
#[inline(always)]
fn transpose_quarters(q: [__m512i; 4]) -> [__m512i; 4] {
    // SAFETY: registers are made from a token or from vectors, which prove the features.
    unsafe {
        let (x0, x1) = (_mm512_shuffle_i32x4::<0x88>(q[0], q[1]), _mm512_shuffle_i32x4::<0x88>(q[2], q[3]));
        let (y0, y1) = (_mm512_shuffle_i32x4::<0xdd>(q[0], q[1]), _mm512_shuffle_i32x4::<0xdd>(q[2], q[3]));
        [
            _mm512_shuffle_i32x4::<0x88>(x0, x1),
            _mm512_shuffle_i32x4::<0x88>(y0, y1),
            _mm512_shuffle_i32x4::<0xdd>(x0, x1),
            _mm512_shuffle_i32x4::<0xdd>(y0, y1),
        ]
    }
}

/// Word c of each 128-bit lane of four registers, side by side in register c: 8 shuffles.
#[inline(always)]
fn transpose_words(r: [__m512i; 4]) -> [__m512i; 4] {
    // SAFETY: as above.
    unsafe {
        let (a, b) = (_mm512_unpacklo_epi32(r[0], r[1]), _mm512_unpacklo_epi32(r[2], r[3]));
        let (c, d) = (_mm512_unpackhi_epi32(r[0], r[1]), _mm512_unpackhi_epi32(r[2], r[3]));
        [
            _mm512_unpacklo_epi64(a, b),
            _mm512_unpackhi_epi64(a, b),
            _mm512_unpacklo_epi64(c, d),
            _mm512_unpackhi_epi64(c, d),
        ]
    }
}

/// The 16 × 16 transpose: 64 shuffles.
#[inline(always)]
fn transpose16(r: [__m512i; 16]) -> [U32x16; 16] {
    let mut words = [U32x16(r[0]); 16];
    // Register c of group g holds word 4·j + c of row 4·g + i at place i of its lane j.
    let g0 = transpose_words([r[0], r[1], r[2], r[3]]);
    let g1 = transpose_words([r[4], r[5], r[6], r[7]]);
    let g2 = transpose_words([r[8], r[9], r[10], r[11]]);
    let g3 = transpose_words([r[12], r[13], r[14], r[15]]);
    let mut c = 0;
    while c < 4 {
        let out = transpose_quarters([g0[c], g1[c], g2[c], g3[c]]);
        words[c] = U32x16(out[0]);
        words[4 + c] = U32x16(out[1]);
        words[8 + c] = U32x16(out[2]);
        words[12 + c] = U32x16(out[3]);
        c += 1;
    }
    words
}

impl Words for U32x16 {
    type Token = Avx512Ifma;
    type Word = u32;
    const LANES: usize = 16;

    #[inline(always)]
    fn splat(_: Avx512Ifma, word: u32) -> Self {
        // SAFETY: the token proves the features.
        Self(unsafe { _mm512_set1_epi32(word as i32) })
    }
    #[inline(always)]
    fn load(_: Avx512Ifma, from: &[u32; MAX_WORD_LANES]) -> Self {
        // SAFETY: the token proves the features, the array has 16 words.
        Self(unsafe { _mm512_loadu_si512(from.as_ptr().cast()) })
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_add_epi32(self.0, other.0) })
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_sub_epi32(self.0, other.0) })
    }
    #[inline(always)]
    fn opaque(self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { hide(self.0) })
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_xor_si512(self.0, other.0) })
    }
    #[inline(always)]
    fn rotate_right<const N: i32>(self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_ror_epi32::<N>(self.0) })
    }
    #[inline(always)]
    fn shr<const N: i32>(self) -> Self {
        // SAFETY: a vector proves the features. A constant count becomes an immediate.
        Self(unsafe { _mm512_srl_epi32(self.0, _mm_cvtsi32_si128(N)) })
    }
    #[inline(always)]
    fn swap_bytes(self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe {
            let order = _mm512_set4_epi32(0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203);
            _mm512_shuffle_epi8(self.0, order)
        })
    }
    #[inline(always)]
    fn xor3(self, b: Self, c: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_ternarylogic_epi32::<0x96>(self.0, b.0, c.0) })
    }
    #[inline(always)]
    fn choose(self, b: Self, c: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_ternarylogic_epi32::<0xca>(self.0, b.0, c.0) })
    }
    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_ternarylogic_epi32::<0xe8>(self.0, b.0, c.0) })
    }
    #[inline(always)]
    fn xor_and_not(self, b: Self, c: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_ternarylogic_epi32::<0xd2>(self.0, b.0, c.0) })
    }
    #[inline(always)]
    fn select(lanes: u32, yes: Self, no: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_mask_blend_epi32(lanes as u16, no.0, yes.0) })
    }

    #[inline(always)]
    fn load_blocks(token: Avx512Ifma, rows: &Rows<'_>) -> [Self; 16] {
        transpose16([
            row(token, chunk(rows[0], 0)),
            row(token, chunk(rows[1], 0)),
            row(token, chunk(rows[2], 0)),
            row(token, chunk(rows[3], 0)),
            row(token, chunk(rows[4], 0)),
            row(token, chunk(rows[5], 0)),
            row(token, chunk(rows[6], 0)),
            row(token, chunk(rows[7], 0)),
            row(token, chunk(rows[8], 0)),
            row(token, chunk(rows[9], 0)),
            row(token, chunk(rows[10], 0)),
            row(token, chunk(rows[11], 0)),
            row(token, chunk(rows[12], 0)),
            row(token, chunk(rows[13], 0)),
            row(token, chunk(rows[14], 0)),
            row(token, chunk(rows[15], 0)),
        ])
    }
    #[inline(always)]
    fn load_tails(token: Avx512Ifma, rows: &Rows<'_>, marked: u32, mark: u8) -> [Self; 16] {
        // SAFETY: the token proves the features.
        let mut tails = [unsafe { _mm512_setzero_si512() }; 16];
        let mut lane = 0;
        while lane < 16 {
            tails[lane] = tail(token, rows[lane], marked >> lane & 1 == 1, mark);
            lane += 1;
        }
        transpose16(tails)
    }
    #[inline(always)]
    fn load_even_tails(
        token: Avx512Ifma,
        rows: &Rows<'_>,
        length: usize,
        marked: bool,
        mark: u8,
    ) -> [Self; 16] {
        let even = Even::new(token, length, marked, mark);
        // SAFETY: the token proves the features.
        let mut tails = [unsafe { _mm512_setzero_si512() }; 16];
        let mut lane = 0;
        while lane < 16 {
            tails[lane] = even.row(rows[lane], length);
            lane += 1;
        }
        transpose16(tails)
    }
    #[inline(always)]
    fn store_rows(w: [Self; 8], rows: &mut [[u8; 64]]) {
        let rows = &mut rows[..16];
        let digests = transpose_digests(w);
        let mut row = 0;
        while row < 16 {
            store_half(digests[row / 2], row % 2, &mut rows[DIGEST_ROW[row]]);
            row += 1;
        }
    }
    #[inline(always)]
    fn store_packed(w: [Self; 8], to: &mut [u8], width: usize) {
        assert!(width == 32);
        let rows = &mut to[..16 * 32];
        let digests = transpose_digests(w);
        let mut row = 0;
        while row < 16 {
            store_half(digests[row / 2], row % 2, &mut rows[32 * DIGEST_ROW[row]..]);
            row += 1;
        }
    }
}

/// The rows that [`transpose_digests`] gives, half by half.
const DIGEST_ROW: [usize; 16] = [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15];

/// Eight words of sixteen lanes as sixteen rows of 32 bytes, in the order of [`DIGEST_ROW`]: 24 shuffles.
#[inline(always)]
fn transpose_digests(w: [U32x16; 8]) -> [__m512i; 8] {
    let low = transpose_words([w[0].0, w[1].0, w[2].0, w[3].0]);
    let high = transpose_words([w[4].0, w[5].0, w[6].0, w[7].0]);
    let mut out = [low[0]; 8];
    let mut c = 0;
    while c < 4 {
        // SAFETY: a vector proves the features.
        unsafe {
            // Rows 4·j + c: the halves of lane j beside each other.
            let first = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0);
            let second = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
            out[2 * c] = _mm512_permutex2var_epi64(low[c], first, high[c]);
            out[2 * c + 1] = _mm512_permutex2var_epi64(low[c], second, high[c]);
        }
        c += 1;
    }
    out
}

/// Half of a register to the first 32 bytes of a row.
#[inline(always)]
fn store_half(rows: __m512i, half: usize, to: &mut [u8]) {
    let to = &mut to[..32];
    // SAFETY: registers are made from a token or from vectors, which prove the features, and there is room for 32
    // bytes.
    unsafe {
        let half =
            if half == 0 { _mm512_castsi512_si256(rows) } else { _mm512_extracti64x4_epi64::<1>(rows) };
        _mm256_storeu_si256(to.as_mut_ptr().cast(), half);
    }
}

#[inline(always)]
fn rows8(token: Avx512Ifma, rows: &Rows<'_>, index: usize) -> [__m512i; 8] {
    [
        row(token, chunk(rows[0], index)),
        row(token, chunk(rows[1], index)),
        row(token, chunk(rows[2], index)),
        row(token, chunk(rows[3], index)),
        row(token, chunk(rows[4], index)),
        row(token, chunk(rows[5], index)),
        row(token, chunk(rows[6], index)),
        row(token, chunk(rows[7], index)),
    ]
}

impl Words for U64x8 {
    type Token = Avx512Ifma;
    type Word = u64;
    const LANES: usize = 8;

    words_of_vector!();

    #[inline(always)]
    fn opaque(self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { hide(self.0) })
    }
    #[inline(always)]
    fn xor_and_not(self, b: Self, c: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_ternarylogic_epi64::<0xd2>(self.0, b.0, c.0) })
    }
    #[inline(always)]
    fn load_blocks(token: Avx512Ifma, rows: &Rows<'_>) -> [Self; 16] {
        both(transpose(rows8(token, rows, 0)), transpose(rows8(token, rows, 1)))
    }
    #[inline(always)]
    fn load_tails(token: Avx512Ifma, rows: &Rows<'_>, marked: u32, mark: u8) -> [Self; 16] {
        // SAFETY: the token proves the features.
        let zero = unsafe { _mm512_setzero_si512() };
        let (mut low, mut high) = ([zero; 8], [zero; 8]);
        let mut lane = 0;
        while lane < 8 {
            let (bytes, marked) = (rows[lane], marked >> lane & 1 == 1);
            low[lane] = tail(token, bytes, marked, mark);
            high[lane] = tail(token, part(bytes, 1), marked & (bytes.len() >= 64), mark);
            lane += 1;
        }
        both(transpose(low), transpose(high))
    }
    #[inline(always)]
    fn load_even_tails(
        token: Avx512Ifma,
        rows: &Rows<'_>,
        length: usize,
        marked: bool,
        mark: u8,
    ) -> [Self; 16] {
        let low = Even::new(token, length, marked, mark);
        let low = transpose(even_rows8(low, rows, 0, length));
        if length > 64 {
            let above = length - 64;
            let high = Even::new(token, above, marked, mark);
            return both(low, transpose(even_rows8(high, rows, 1, above)));
        }
        let mut high = [<Self as Vector>::splat(token, 0); 8];
        if length == 64 && marked {
            high[0] = <Self as Vector>::splat(token, u64::from(mark));
        }
        both(low, high)
    }
    #[inline(always)]
    fn store_rows(w: [Self; 8], rows: &mut [[u8; 64]]) {
        let rows = &mut rows[..8];
        let out = transpose([w[0].0, w[1].0, w[2].0, w[3].0, w[4].0, w[5].0, w[6].0, w[7].0]);
        let mut lane = 0;
        while lane < 8 {
            // SAFETY: a vector proves the features, and a row has 64 bytes.
            unsafe { _mm512_storeu_si512(rows[lane].as_mut_ptr().cast(), out[lane].0) }
            lane += 1;
        }
    }
    #[inline(always)]
    fn store_packed(w: [Self; 8], to: &mut [u8], width: usize) {
        if width == 64 {
            let (rows, _) = to.as_chunks_mut();
            return Self::store_rows(w, rows);
        }
        assert!(width == 32);
        let to = &mut to[..8 * 32];
        // SAFETY: a vector proves the features.
        let pairs = unsafe {
            let first = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0);
            let second = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
            // Words 0 and 1, and 2 and 3, of the even lanes and of the odd ones.
            let (e0, o0) = (_mm512_unpacklo_epi64(w[0].0, w[1].0), _mm512_unpackhi_epi64(w[0].0, w[1].0));
            let (e1, o1) = (_mm512_unpacklo_epi64(w[2].0, w[3].0), _mm512_unpackhi_epi64(w[2].0, w[3].0));
            [
                // Rows 0 and 2, 4 and 6, 1 and 3, 5 and 7.
                _mm512_permutex2var_epi64(e0, first, e1),
                _mm512_permutex2var_epi64(e0, second, e1),
                _mm512_permutex2var_epi64(o0, first, o1),
                _mm512_permutex2var_epi64(o0, second, o1),
            ]
        };
        let mut row = 0;
        while row < 8 {
            let lane = [0, 2, 4, 6, 1, 3, 5, 7][row];
            store_half(pairs[row / 2], row % 2, &mut to[32 * lane..]);
            row += 1;
        }
    }
}

#[inline(always)]
fn both(low: [U64x8; 8], high: [U64x8; 8]) -> [U64x8; 16] {
    let mut words = [low[0]; 16];
    let mut i = 0;
    while i < 8 {
        words[i] = low[i];
        words[8 + i] = high[i];
        i += 1;
    }
    words
}
