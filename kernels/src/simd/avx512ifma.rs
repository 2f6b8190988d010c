//! AVX-512 with IFMA: 8 lanes.

use super::{Doubles, Enter, Kernel, LaneMask, Line, MAX_LANES, MultiplyAdd52, Token, Vector, entry};
use core::arch::x86_64::*;

/// Proof of AVX-512 F, BW, DQ, VL and IFMA.
#[derive(Clone, Copy, Debug)]
pub struct Avx512Ifma(());

impl Token for Avx512Ifma {
    type Vector = U64x8;
    type Words32 = super::words::U32x16;
    type Wide32 = super::words::Pair<super::words::U32x16>;
    type Words64 = U64x8;
    const NAME: &'static str = "avx512";
    const TAKES_EXTENSIONS: bool = true;

    fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512ifma")
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

impl<K: Kernel<Avx512Ifma>> Enter<Avx512Ifma> for K {
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512ifma,bmi2")]
    unsafe fn enter(self, token: Avx512Ifma) -> K::Output {
        self.run(token)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512ifma,bmi2")]
    unsafe fn enter_inlined(self, token: Avx512Ifma) -> K::Output {
        self.run(token)
    }
}

/// Eight 64-bit lanes of a zmm register.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct U64x8(pub(super) __m512i);

/// One bit per lane of a mask register.
#[derive(Clone, Copy)]
pub struct Mask8(__mmask8);

impl LaneMask for Mask8 {
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    #[inline(always)]
    fn not(self) -> Self {
        Self(!self.0)
    }
    #[inline(always)]
    fn bits(self) -> u8 {
        self.0
    }
}

/// The 8 × 8 transpose: 24 shuffles, none across a register more than once per stage.
#[inline(always)]
pub(super) fn transpose(rows: [__m512i; 8]) -> [U64x8; 8] {
    // SAFETY: registers are made from a token or from vectors, which prove the features.
    unsafe {
        let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
        let (e0, o0) = (_mm512_unpacklo_epi64(r0, r1), _mm512_unpackhi_epi64(r0, r1));
        let (e1, o1) = (_mm512_unpacklo_epi64(r2, r3), _mm512_unpackhi_epi64(r2, r3));
        let (e2, o2) = (_mm512_unpacklo_epi64(r4, r5), _mm512_unpackhi_epi64(r4, r5));
        let (e3, o3) = (_mm512_unpacklo_epi64(r6, r7), _mm512_unpackhi_epi64(r6, r7));
        let (a0, a1) = (_mm512_shuffle_i64x2::<0x88>(e0, e1), _mm512_shuffle_i64x2::<0x88>(e2, e3));
        let (b0, b1) = (_mm512_shuffle_i64x2::<0xdd>(e0, e1), _mm512_shuffle_i64x2::<0xdd>(e2, e3));
        let (c0, c1) = (_mm512_shuffle_i64x2::<0x88>(o0, o1), _mm512_shuffle_i64x2::<0x88>(o2, o3));
        let (d0, d1) = (_mm512_shuffle_i64x2::<0xdd>(o0, o1), _mm512_shuffle_i64x2::<0xdd>(o2, o3));
        [
            U64x8(_mm512_shuffle_i64x2::<0x88>(a0, a1)),
            U64x8(_mm512_shuffle_i64x2::<0x88>(c0, c1)),
            U64x8(_mm512_shuffle_i64x2::<0x88>(b0, b1)),
            U64x8(_mm512_shuffle_i64x2::<0x88>(d0, d1)),
            U64x8(_mm512_shuffle_i64x2::<0xdd>(a0, a1)),
            U64x8(_mm512_shuffle_i64x2::<0xdd>(c0, c1)),
            U64x8(_mm512_shuffle_i64x2::<0xdd>(b0, b1)),
            U64x8(_mm512_shuffle_i64x2::<0xdd>(d0, d1)),
        ]
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn joined(
    [mut a, mut b, mut c, mut d, mut e]: [U64x8; 5],
    [mut f, mut g, mut h, mut i, mut j]: [U64x8; 5],
) -> [[U64x8; 5]; 2] {
    // SAFETY: no instruction at all.
    unsafe {
        core::arch::asm!(
            "/* {0} {1} {2} {3} {4} {5} {6} {7} {8} {9} */",
            inout(zmm_reg) a.0, inout(zmm_reg) b.0, inout(zmm_reg) c.0, inout(zmm_reg) d.0, inout(zmm_reg) e.0,
            inout(zmm_reg) f.0, inout(zmm_reg) g.0, inout(zmm_reg) h.0, inout(zmm_reg) i.0, inout(zmm_reg) j.0,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    [[a, b, c, d, e], [f, g, h, i, j]]
}

#[inline(always)]
fn row(_: Avx512Ifma, words: &[u64; 8]) -> __m512i {
    // SAFETY: the token proves the features, the reference covers the 64 bytes.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

impl Vector for U64x8 {
    type Token = Avx512Ifma;
    type Mask = Mask8;
    const LANES: usize = 8;

    #[inline(always)]
    fn token(self) -> Avx512Ifma {
        Avx512Ifma(())
    }
    #[inline(always)]
    fn splat(_: Avx512Ifma, value: u64) -> Self {
        // SAFETY: the token proves the features.
        Self(unsafe { _mm512_set1_epi64(value as i64) })
    }
    #[inline(always)]
    fn load(_: Avx512Ifma, from: &[u64]) -> Self {
        let from = &from[..8];
        // SAFETY: the token proves the features, the slice has 8 words.
        Self(unsafe { _mm512_loadu_si512(from.as_ptr().cast()) })
    }
    #[inline(always)]
    fn store(self, to: &mut [u64]) {
        let to = &mut to[..8];
        // SAFETY: a vector proves the features, the slice has 8 words.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), self.0) }
    }
    #[inline(always)]
    fn mask(_: Avx512Ifma, bits: u8) -> Mask8 {
        Mask8(bits)
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_add_epi64(self.0, other.0) })
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_sub_epi64(self.0, other.0) })
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_and_si512(self.0, other.0) })
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_or_si512(self.0, other.0) })
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_xor_si512(self.0, other.0) })
    }
    #[inline(always)]
    fn shl<const N: i32>(self) -> Self {
        // SAFETY: a vector proves the features. A constant count becomes an immediate.
        Self(unsafe { _mm512_sll_epi64(self.0, _mm_cvtsi32_si128(N)) })
    }
    #[inline(always)]
    fn shr<const N: i32>(self) -> Self {
        // SAFETY: a vector proves the features. A constant count becomes an immediate.
        Self(unsafe { _mm512_srl_epi64(self.0, _mm_cvtsi32_si128(N)) })
    }
    #[inline(always)]
    fn shl_by(self, count: u32) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_sll_epi64(self.0, _mm_cvtsi32_si128(count as i32)) })
    }
    #[inline(always)]
    fn shr_by(self, count: u32) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_srl_epi64(self.0, _mm_cvtsi32_si128(count as i32)) })
    }
    #[inline(always)]
    fn rotate_right<const N: i32>(self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_ror_epi64::<N>(self.0) })
    }
    #[inline(always)]
    fn swap_bytes(self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe {
            let order = _mm512_set4_epi32(0x08090a0b, 0x0c0d0e0f, 0x00010203, 0x04050607);
            _mm512_shuffle_epi8(self.0, order)
        })
    }
    #[inline(always)]
    fn xor3(self, b: Self, c: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_ternarylogic_epi64::<0x96>(self.0, b.0, c.0) })
    }
    #[inline(always)]
    fn choose(self, b: Self, c: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_ternarylogic_epi64::<0xca>(self.0, b.0, c.0) })
    }
    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_ternarylogic_epi64::<0xe8>(self.0, b.0, c.0) })
    }
    #[inline(always)]
    fn equal(self, other: Self) -> Mask8 {
        // SAFETY: a vector proves the features.
        Mask8(unsafe { _mm512_cmpeq_epu64_mask(self.0, other.0) })
    }
    #[inline(always)]
    fn less(self, other: Self) -> Mask8 {
        // SAFETY: a vector proves the features.
        Mask8(unsafe { _mm512_cmplt_epu64_mask(self.0, other.0) })
    }
    #[inline(always)]
    fn select(mask: Mask8, yes: Self, no: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_mask_blend_epi64(mask.0, no.0, yes.0) })
    }
    #[inline(always)]
    fn permute<const ORDER: i32>(self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_permutex_epi64::<ORDER>(self.0) })
    }
    #[inline(always)]
    fn gather_rows<const R: usize>(table: &[[u64; 8]], index: Self) -> [[Self; 8]; R] {
        let (token, i) = (index.token(), index.to_array());
        let lanes = [
            entry::<R>(table, i[0]),
            entry::<R>(table, i[1]),
            entry::<R>(table, i[2]),
            entry::<R>(table, i[3]),
            entry::<R>(table, i[4]),
            entry::<R>(table, i[5]),
            entry::<R>(table, i[6]),
            entry::<R>(table, i[7]),
        ];
        let mut out = [[index; 8]; R];
        let mut r = 0;
        while r < R {
            out[r] = transpose([
                row(token, &lanes[0][r]),
                row(token, &lanes[1][r]),
                row(token, &lanes[2][r]),
                row(token, &lanes[3][r]),
                row(token, &lanes[4][r]),
                row(token, &lanes[5][r]),
                row(token, &lanes[6][r]),
                row(token, &lanes[7][r]),
            ]);
            r += 1;
        }
        out
    }
    #[inline(always)]
    fn gather_entries<const R: usize>(
        token: Avx512Ifma,
        table: &[[[u64; 8]; R]],
        at: &[u32],
        shift: u32,
    ) -> [[Self; 8]; R] {
        let at = &at[..8];
        let lanes = [
            &table[(at[0] >> shift) as usize],
            &table[(at[1] >> shift) as usize],
            &table[(at[2] >> shift) as usize],
            &table[(at[3] >> shift) as usize],
            &table[(at[4] >> shift) as usize],
            &table[(at[5] >> shift) as usize],
            &table[(at[6] >> shift) as usize],
            &table[(at[7] >> shift) as usize],
        ];
        let mut out = [[Self::splat(token, 0); 8]; R];
        let mut r = 0;
        while r < R {
            out[r] = transpose([
                row(token, &lanes[0][r]),
                row(token, &lanes[1][r]),
                row(token, &lanes[2][r]),
                row(token, &lanes[3][r]),
                row(token, &lanes[4][r]),
                row(token, &lanes[5][r]),
                row(token, &lanes[6][r]),
                row(token, &lanes[7][r]),
            ]);
            r += 1;
        }
        out
    }
    #[inline(always)]
    fn odd(_: Avx512Ifma, of: &[u32]) -> Mask8 {
        let of = &of[..8];
        // SAFETY: the token proves the features, the slice has 8 integers.
        Mask8(unsafe { _mm256_test_epi32_mask(_mm256_loadu_si256(of.as_ptr().cast()), _mm256_set1_epi32(1)) })
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
        let rows = transpose([a.0, b.0, c.0, d.0, e.0, f.0, g.0, h.0]);
        let mut lane = 0;
        while lane < 8 {
            rows[lane].store(&mut table[first + lane * stride]);
            lane += 1;
        }
    }
    #[inline(always)]
    fn gather_lines<const R: usize>(
        token: Avx512Ifma,
        tables: &[&[[Line; R]]; MAX_LANES],
        i: [usize; MAX_LANES],
    ) -> [[Self; 8]; R] {
        let lanes = [
            &tables[0][i[0]],
            &tables[1][i[1]],
            &tables[2][i[2]],
            &tables[3][i[3]],
            &tables[4][i[4]],
            &tables[5][i[5]],
            &tables[6][i[6]],
            &tables[7][i[7]],
        ];
        let mut out = [[Self::splat(token, 0); 8]; R];
        let mut r = 0;
        while r < R {
            out[r] = transpose([
                row(token, &lanes[0][r].0),
                row(token, &lanes[1][r].0),
                row(token, &lanes[2][r].0),
                row(token, &lanes[3][r].0),
                row(token, &lanes[4][r].0),
                row(token, &lanes[5][r].0),
                row(token, &lanes[6][r].0),
                row(token, &lanes[7][r].0),
            ]);
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
        let rows = transpose([a.0, b.0, c.0, d.0, e.0, f.0, g.0, h.0]);
        let mut lane = 0;
        while lane < tables.len() && lane < 8 {
            rows[lane].store(&mut tables[lane][entry][line].0);
            lane += 1;
        }
    }
}

#[inline(always)]
fn doubles(x: U64x8) -> __m512d {
    // SAFETY: a vector proves the features.
    unsafe { _mm512_castsi512_pd(x.0) }
}

#[inline(always)]
fn bits(x: __m512d) -> U64x8 {
    // SAFETY: registers are made from a token or from vectors, which prove the features.
    U64x8(unsafe { _mm512_castpd_si512(x) })
}

impl Doubles for U64x8 {
    #[inline(always)]
    fn add_f64(self, other: Self) -> Self {
        // SAFETY: a vector proves the features.
        bits(unsafe { _mm512_add_pd(doubles(self), doubles(other)) })
    }
    #[inline(always)]
    fn sub_f64(self, other: Self) -> Self {
        // SAFETY: a vector proves the features.
        bits(unsafe { _mm512_sub_pd(doubles(self), doubles(other)) })
    }
    #[inline(always)]
    fn mul_f64(self, other: Self) -> Self {
        // SAFETY: a vector proves the features.
        bits(unsafe { _mm512_mul_pd(doubles(self), doubles(other)) })
    }
    #[inline(always)]
    fn div_f64(self, other: Self) -> Self {
        // SAFETY: a vector proves the features.
        bits(unsafe { _mm512_div_pd(doubles(self), doubles(other)) })
    }
}

impl MultiplyAdd52 for U64x8 {
    #[inline(always)]
    fn join(a: [Self; 5], b: [Self; 5]) -> [[Self; 5]; 2] {
        // SAFETY: a vector proves the features.
        unsafe { joined(a, b) }
    }
    #[inline(always)]
    fn madd52lo(self, a: Self, b: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_madd52lo_epu64(self.0, a.0, b.0) })
    }
    #[inline(always)]
    fn madd52hi(self, a: Self, b: Self) -> Self {
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_madd52hi_epu64(self.0, a.0, b.0) })
    }
    #[inline(always)]
    fn times19(self) -> Self {
        // One multiplier slot on Zen; three on Intel, where shifts and additions would do as well.
        // SAFETY: a vector proves the features.
        Self(unsafe { _mm512_mullo_epi64(self.0, _mm512_set1_epi64(19)) })
    }
}
