//! AVX2: 4 lanes.

use super::{Doubles, Enter, FloatMultiply, Kernel, LaneMask, Line, MAX_LANES, Token, Vector, entry};
use core::arch::x86_64::*;

/// Proof of AVX2, FMA and BMI2.
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

impl Token for Avx2 {
    type Vector = U64x4;
    type Words32 = super::words::U32x8;
    type Wide32 = super::words::U32x8;
    type Words64 = U64x4;
    const NAME: &'static str = "avx2";
    const TAKES_EXTENSIONS: bool = true;

    fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("bmi2"))
        .then_some(Self(()))
    }

    #[inline(always)]
    fn vectorize<K: Kernel<Self>>(self, kernel: K) -> K::Output {
        // SAFETY: a token exists only where `detect` found every one of these features.
        unsafe { kernel.enter(self) }
    }

    #[inline(always)]
    fn inlined<K: Kernel<Self>>(self, step: K) -> K::Output {
        // SAFETY: a token exists only where `detect` found every one of these features.
        unsafe { step.enter_inlined(self) }
    }
}

impl<K: Kernel<Avx2>> Enter<Avx2> for K {
    #[inline(never)]
    #[target_feature(enable = "avx2,fma,bmi2")]
    unsafe fn enter(self, token: Avx2) -> K::Output {
        self.run(token)
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,bmi2")]
    unsafe fn enter_inlined(self, token: Avx2) -> K::Output {
        self.run(token)
    }
}

/// Four 64-bit lanes of a ymm register.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct U64x4(pub(super) __m256i);

/// All ones in the true lanes.
#[derive(Clone, Copy)]
pub struct Mask4(__m256i);

impl LaneMask for Mask4 {
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        // SAFETY: a mask comes from a vector or a token, which prove the features.
        Self(unsafe { _mm256_and_si256(self.0, other.0) })
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_or_si256(self.0, other.0) })
    }
    #[inline(always)]
    fn not(self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_xor_si256(self.0, _mm256_set1_epi64x(-1)) })
    }
    #[inline(always)]
    fn bits(self) -> u8 {
        // SAFETY: as above.
        unsafe { _mm256_movemask_pd(_mm256_castsi256_pd(self.0)) as u8 }
    }
}

/// The 4 × 4 transpose: 8 shuffles.
#[inline(always)]
pub(super) fn transpose(rows: [__m256i; 4]) -> [U64x4; 4] {
    // SAFETY: registers are made from a token or from vectors, which prove the features.
    unsafe {
        let [r0, r1, r2, r3] = rows;
        let (e0, o0) = (_mm256_unpacklo_epi64(r0, r1), _mm256_unpackhi_epi64(r0, r1));
        let (e1, o1) = (_mm256_unpacklo_epi64(r2, r3), _mm256_unpackhi_epi64(r2, r3));
        [
            U64x4(_mm256_permute2x128_si256::<0x20>(e0, e1)),
            U64x4(_mm256_permute2x128_si256::<0x20>(o0, o1)),
            U64x4(_mm256_permute2x128_si256::<0x31>(e0, e1)),
            U64x4(_mm256_permute2x128_si256::<0x31>(o0, o1)),
        ]
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn hide(mut x: __m256i) -> __m256i {
    // SAFETY: no instruction at all.
    unsafe {
        core::arch::asm!("/* {0} */", inout(ymm_reg) x, options(pure, nomem, nostack, preserves_flags));
    }
    x
}

#[inline]
#[target_feature(enable = "avx2")]
fn order([mut a, mut b, mut c, mut d, mut e]: [U64x4; 5], done: U64x4) -> [U64x4; 5] {
    // SAFETY: no instruction at all.
    unsafe {
        core::arch::asm!(
            "/* {0} {1} {2} {3} {4} {5} */",
            inout(ymm_reg) a.0, inout(ymm_reg) b.0, inout(ymm_reg) c.0, inout(ymm_reg) d.0,
            inout(ymm_reg) e.0, in(ymm_reg) done.0,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    [a, b, c, d, e]
}

#[inline(always)]
fn half_row(_: Avx2, words: &[u64; 8], half: usize) -> __m256i {
    let words = &words[4 * half..4 * half + 4];
    // SAFETY: the token proves the features, the slice covers the 32 bytes.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

/// The words of a row for each lane, transposed.
#[inline(always)]
fn transpose_rows(token: Avx2, [a, b, c, d]: [&[u64; 8]; 4]) -> [U64x4; 8] {
    let [a0, b0, c0, d0] =
        [half_row(token, a, 0), half_row(token, b, 0), half_row(token, c, 0), half_row(token, d, 0)];
    let [a1, b1, c1, d1] =
        [half_row(token, a, 1), half_row(token, b, 1), half_row(token, c, 1), half_row(token, d, 1)];
    let low = transpose([a0, b0, c0, d0]);
    let high = transpose([a1, b1, c1, d1]);
    [low[0], low[1], low[2], low[3], high[0], high[1], high[2], high[3]]
}

impl Vector for U64x4 {
    type Token = Avx2;
    type Mask = Mask4;
    const LANES: usize = 4;

    #[inline(always)]
    fn token(self) -> Avx2 {
        Avx2(())
    }
    #[inline(always)]
    fn splat(_: Avx2, value: u64) -> Self {
        // SAFETY: the token proves the features.
        Self(unsafe { _mm256_set1_epi64x(value as i64) })
    }
    #[inline(always)]
    fn load(_: Avx2, from: &[u64]) -> Self {
        let from = &from[..4];
        // SAFETY: the token proves the features, the slice has 4 words.
        Self(unsafe { _mm256_loadu_si256(from.as_ptr().cast()) })
    }
    #[inline(always)]
    fn store(self, to: &mut [u64]) {
        let to = &mut to[..4];
        // SAFETY: a vector proves the features, the slice has 4 words.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), self.0) }
    }
    #[inline(always)]
    fn mask(_: Avx2, bits: u8) -> Mask4 {
        // SAFETY: the token proves the features.
        Mask4(unsafe {
            let place = _mm256_set_epi64x(8, 4, 2, 1);
            _mm256_cmpeq_epi64(_mm256_and_si256(_mm256_set1_epi64x(i64::from(bits)), place), place)
        })
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm256_add_epi64(self.0, other.0) })
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm256_sub_epi64(self.0, other.0) })
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm256_and_si256(self.0, other.0) })
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm256_or_si256(self.0, other.0) })
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm256_xor_si256(self.0, other.0) })
    }
    #[inline(always)]
    fn shl<const N: i32>(self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm256_slli_epi64::<N>(self.0) })
    }
    #[inline(always)]
    fn shr<const N: i32>(self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm256_srli_epi64::<N>(self.0) })
    }
    #[inline(always)]
    fn shl_by(self, count: u32) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm256_sll_epi64(self.0, _mm_cvtsi32_si128(count as i32)) })
    }
    #[inline(always)]
    fn shr_by(self, count: u32) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm256_srl_epi64(self.0, _mm_cvtsi32_si128(count as i32)) })
    }
    #[inline(always)]
    fn rotate_right<const N: i32>(self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe {
            let right = _mm256_srl_epi64(self.0, _mm_cvtsi32_si128(N));
            _mm256_or_si256(right, _mm256_sll_epi64(self.0, _mm_cvtsi32_si128(64 - N)))
        })
    }
    #[inline(always)]
    fn swap_bytes(self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe {
            let order = _mm256_set_epi32(
                0x08090a0b, 0x0c0d0e0f, 0x00010203, 0x04050607, 0x08090a0b, 0x0c0d0e0f, 0x00010203,
                0x04050607,
            );
            _mm256_shuffle_epi8(self.0, order)
        })
    }
    #[inline(always)]
    fn equal(self, other: Self) -> Mask4 {
        // SAFETY: a vector proves the features.
        Mask4(unsafe { _mm256_cmpeq_epi64(self.0, other.0) })
    }
    #[inline(always)]
    fn less(self, other: Self) -> Mask4 {
        // SAFETY: a vector proves the features. The comparison is signed, so both top bits are flipped.
        Mask4(unsafe {
            let top = _mm256_set1_epi64x(i64::MIN);
            _mm256_cmpgt_epi64(_mm256_xor_si256(other.0, top), _mm256_xor_si256(self.0, top))
        })
    }
    #[inline(always)]
    fn select(mask: Mask4, yes: Self, no: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm256_blendv_epi8(no.0, yes.0, mask.0) })
    }
    #[inline(always)]
    fn permute<const ORDER: i32>(self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm256_permute4x64_epi64::<ORDER>(self.0) })
    }
    #[inline(always)]
    fn gather_rows<const R: usize>(table: &[[u64; 8]], index: Self) -> [[Self; 8]; R] {
        let (token, i) = (index.token(), index.to_array());
        let (a, b) = (entry::<R>(table, i[0]), entry::<R>(table, i[1]));
        let (c, d) = (entry::<R>(table, i[2]), entry::<R>(table, i[3]));
        let mut out = [[index; 8]; R];
        let mut r = 0;
        while r < R {
            out[r] = transpose_rows(token, [&a[r], &b[r], &c[r], &d[r]]);
            r += 1;
        }
        out
    }
    #[inline(always)]
    fn gather_entries<const R: usize>(
        token: Avx2,
        table: &[[[u64; 8]; R]],
        at: &[u32],
        shift: u32,
    ) -> [[Self; 8]; R] {
        let at = &at[..4];
        let (a, b) = (&table[(at[0] >> shift) as usize], &table[(at[1] >> shift) as usize]);
        let (c, d) = (&table[(at[2] >> shift) as usize], &table[(at[3] >> shift) as usize]);
        let mut out = [[Self::splat(token, 0); 8]; R];
        let mut r = 0;
        while r < R {
            out[r] = transpose_rows(token, [&a[r], &b[r], &c[r], &d[r]]);
            r += 1;
        }
        out
    }
    #[inline(always)]
    fn prefetch_rows<const R: usize>(table: &[[u64; 8]], index: usize) {
        let mut r = 0;
        while r < R {
            let row = table.as_ptr().wrapping_add(index + r);
            // SAFETY: SSE is part of every x86-64 CPU; a prefetch reads nothing that the program could see, and never
            // faults.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(row.cast()) };
            r += 1;
        }
    }
    #[inline(always)]
    fn scatter_rows(words: [Self; 8], table: &mut [[u64; 8]], first: usize, stride: usize) {
        let [a, b, c, d, e, f, g, h] = words;
        let low = transpose([a.0, b.0, c.0, d.0]);
        let high = transpose([e.0, f.0, g.0, h.0]);
        let mut lane = 0;
        while lane < 4 {
            let row = &mut table[first + lane * stride];
            low[lane].store(&mut row[..4]);
            high[lane].store(&mut row[4..]);
            lane += 1;
        }
    }
    #[inline(always)]
    fn gather_lines<const R: usize>(
        token: Avx2,
        tables: &[&[[Line; R]]; MAX_LANES],
        i: [usize; MAX_LANES],
    ) -> [[Self; 8]; R] {
        let (a, b) = (&tables[0][i[0]], &tables[1][i[1]]);
        let (c, d) = (&tables[2][i[2]], &tables[3][i[3]]);
        let mut out = [[Self::splat(token, 0); 8]; R];
        let mut r = 0;
        while r < R {
            out[r] = transpose_rows(token, [&a[r].0, &b[r].0, &c[r].0, &d[r].0]);
            r += 1;
        }
        out
    }
    #[inline(always)]
    fn scatter_lines<const R: usize>(
        words: [Self; 8],
        tables: &mut [&mut [[Line; R]]],
        entry: usize,
        line: usize,
    ) {
        let [a, b, c, d, e, f, g, h] = words;
        let low = transpose([a.0, b.0, c.0, d.0]);
        let high = transpose([e.0, f.0, g.0, h.0]);
        let mut lane = 0;
        while lane < tables.len() && lane < 4 {
            let row = &mut tables[lane][entry][line].0;
            low[lane].store(&mut row[..4]);
            high[lane].store(&mut row[4..]);
            lane += 1;
        }
    }
}

#[inline(always)]
fn doubles(x: U64x4) -> __m256d {
    // SAFETY: a vector proves the features.
    unsafe { _mm256_castsi256_pd(x.0) }
}

#[inline(always)]
fn bits(x: __m256d) -> U64x4 {
    // SAFETY: registers are made from a token or from vectors, which prove the features.
    U64x4(unsafe { _mm256_castpd_si256(x) })
}

impl Doubles for U64x4 {
    #[inline(always)]
    fn add_f64(self, other: Self) -> Self {
        // SAFETY: a vector proves the features.
        bits(unsafe { _mm256_add_pd(doubles(self), doubles(other)) })
    }
    #[inline(always)]
    fn sub_f64(self, other: Self) -> Self {
        // SAFETY: a vector proves the features.
        bits(unsafe { _mm256_sub_pd(doubles(self), doubles(other)) })
    }
    #[inline(always)]
    fn mul_f64(self, other: Self) -> Self {
        // SAFETY: a vector proves the features.
        bits(unsafe { _mm256_mul_pd(doubles(self), doubles(other)) })
    }
    #[inline(always)]
    fn div_f64(self, other: Self) -> Self {
        // SAFETY: a vector proves the features.
        bits(unsafe { _mm256_div_pd(doubles(self), doubles(other)) })
    }
}

impl FloatMultiply for U64x4 {
    #[inline(always)]
    fn fused(self, b: Self, c: Self) -> Self {
        // SAFETY: a vector proves the features.
        bits(unsafe { _mm256_fmadd_pd(doubles(self), doubles(b), doubles(c)) })
    }
    #[inline(always)]
    fn fused_sub(self, b: Self, c: Self) -> Self {
        // SAFETY: a vector proves the features.
        bits(unsafe { _mm256_fmsub_pd(doubles(self), doubles(b), doubles(c)) })
    }
    #[inline(always)]
    fn mul32(self, other: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm256_mul_epu32(self.0, other.0) })
    }
    #[inline(always)]
    fn bytes<const ORDER: u64>(self) -> Self {
        // The instruction counts the bytes of two lanes together.
        let (even, odd) = (ORDER as i64, (ORDER + 0x0808_0808_0808_0808) as i64);
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm256_shuffle_epi8(self.0, _mm256_set_epi64x(odd, even, odd, even)) })
    }
    #[inline(always)]
    fn opaque(self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { hide(self.0) })
    }
    #[inline(always)]
    fn after(values: [Self; 5], done: Self) -> [Self; 5] {
        // SAFETY: vectors prove the features.
        unsafe { order(values, done) }
    }
}
