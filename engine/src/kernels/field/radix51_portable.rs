//! 2^255 − 19 in five limbs of 51 bits, one element at a time, with 64 × 64 → 128-bit multiplication.
//!
//! | class | limbs | from |
//! |---|---|---|
//! | tight | < 2^51 + 2^17 | `carry`, `mul`, `square` |
//! | loose | < 2^52.1 | `add`, `sub`, `negate`: no carry at all |
//! | wide | columns < 2^114 | a product of loose factors is below 77·2^104.2 < 2^110.5 |
//!
//! Raising adds 2^60·p, columns near 2^111, or twice that. A column below 2^114 carries less than 2^63,
//! and 19 times the last carry stays a 128-bit sum: `carry` is one sequential pass and two steps more.

use super::{FieldLanes, MASK51};
use crate::simd::Vector;
use crate::simd::portable::{Portable, U64x1};

/// One field element in five limbs of 51 bits.
#[derive(Clone, Copy)]
pub struct Radix51Portable([u64; 5]);

/// The bound of a tight limb.
const TIGHT: u64 = (1 << 51) + (1 << 17);
/// The bound of a loose limb.
const LOOSE: u64 = (1 << 52) + (1 << 49);
/// 2p by limb.
const TWO_P: [u64; 5] = [(MASK51 - 18) << 1, MASK51 << 1, MASK51 << 1, MASK51 << 1, MASK51 << 1];
/// 2^60 · p by limb, above a product of loose factors.
const BIAS: [u128; 5] = [
    ((MASK51 - 18) as u128) << 60,
    (MASK51 as u128) << 60,
    (MASK51 as u128) << 60,
    (MASK51 as u128) << 60,
    (MASK51 as u128) << 60,
];

#[inline(always)]
fn assert_below(limbs: &[u64; 5], bound: u64) {
    if cfg!(debug_assertions) {
        for limb in limbs {
            assert!(*limb < bound, "limb out of bounds");
        }
    }
}

#[inline(always)]
fn wide(a: u64, b: u64) -> u128 {
    u128::from(a) * u128::from(b)
}

impl FieldLanes for Radix51Portable {
    type Token = Portable;
    type Vector = U64x1;
    type Wide = [u128; 5];
    const SIDE_BY_SIDE: usize = 1;

    #[inline(always)]
    fn from_limbs(limbs: [U64x1; 5]) -> Self {
        let limbs = limbs.map(|limb| limb.0);
        assert_below(&limbs, TIGHT);
        Self(limbs)
    }
    /// Carries once: loose limbs have a bit too many.
    #[inline(always)]
    fn to_limbs(self) -> [U64x1; 5] {
        let token = U64x1(0).token();
        Self::carry(self.widen()).0.map(|limb| U64x1::splat(token, limb))
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let (a, b) = (self.0, other.0);
        assert_below(&a, TIGHT);
        assert_below(&b, TIGHT);
        Self([a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4]])
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        let (a, b) = (self.0, other.negate().0);
        assert_below(&a, TIGHT);
        Self([a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4]])
    }
    #[inline(always)]
    fn negate(self) -> Self {
        let a = self.0;
        assert_below(&a, TIGHT);
        Self([TWO_P[0] - a[0], TWO_P[1] - a[1], TWO_P[2] - a[2], TWO_P[3] - a[3], TWO_P[4] - a[4]])
    }
    #[inline(always)]
    fn select(mask: bool, yes: Self, no: Self) -> Self {
        if mask { yes } else { no }
    }

    #[inline(always)]
    fn permute<const ORDER: i32>(self) -> Self {
        self
    }
    #[inline(always)]
    fn permute_wide<const ORDER: i32>(wide: [u128; 5]) -> [u128; 5] {
        wide
    }
    #[inline(always)]
    fn select_wide(mask: bool, yes: [u128; 5], no: [u128; 5]) -> [u128; 5] {
        if mask { yes } else { no }
    }

    #[inline(always)]
    fn mul_wide(self, other: Self) -> [u128; 5] {
        let (a, b) = (self.0, other.0);
        assert_below(&a, LOOSE);
        assert_below(&b, LOOSE);
        let c = [0, 19 * b[1], 19 * b[2], 19 * b[3], 19 * b[4]];
        [
            wide(a[0], b[0]) + wide(a[4], c[1]) + wide(a[3], c[2]) + wide(a[2], c[3]) + wide(a[1], c[4]),
            wide(a[1], b[0]) + wide(a[0], b[1]) + wide(a[4], c[2]) + wide(a[3], c[3]) + wide(a[2], c[4]),
            wide(a[2], b[0]) + wide(a[1], b[1]) + wide(a[0], b[2]) + wide(a[4], c[3]) + wide(a[3], c[4]),
            wide(a[3], b[0]) + wide(a[2], b[1]) + wide(a[1], b[2]) + wide(a[0], b[3]) + wide(a[4], c[4]),
            wide(a[4], b[0]) + wide(a[3], b[1]) + wide(a[2], b[2]) + wide(a[1], b[3]) + wide(a[0], b[4]),
        ]
    }
    #[inline(always)]
    fn square_wide(self) -> [u128; 5] {
        let a = self.0;
        assert_below(&a, LOOSE);
        let (d0, d1, d2) = (2 * a[0], 2 * a[1], 2 * a[2]);
        let (c3, c4) = (19 * a[3], 19 * a[4]);
        [
            wide(a[0], a[0]) + wide(d1, c4) + wide(d2, c3),
            wide(d0, a[1]) + wide(d2, c4) + wide(a[3], c3),
            wide(d0, a[2]) + wide(a[1], a[1]) + wide(2 * a[3], c4),
            wide(d0, a[3]) + wide(d1, a[2]) + wide(a[4], c4),
            wide(d0, a[4]) + wide(d1, a[3]) + wide(a[2], a[2]),
        ]
    }
    #[inline(always)]
    fn mul_raised(self, other: Self) -> [u128; 5] {
        Self::add_wide(self.mul_wide(other), BIAS)
    }
    #[inline(always)]
    fn square_raised<const LEVEL: usize>(self) -> [u128; 5] {
        let raise = BIAS.map(|limb| limb << (LEVEL - 1));
        Self::add_wide(self.square_wide(), raise)
    }
    #[inline(always)]
    fn sub_raised(a: [u128; 5], b: [u128; 5]) -> [u128; 5] {
        [a[0] - b[0], a[1] - b[1], a[2] - b[2], a[3] - b[3], a[4] - b[4]]
    }
    #[inline(always)]
    fn twice_raised(self) -> [u128; 5] {
        Self::add_wide(self.0.map(|limb| u128::from(2 * limb)), BIAS)
    }
    #[inline(always)]
    fn widen(self) -> [u128; 5] {
        self.0.map(u128::from)
    }
    #[inline(always)]
    fn add_wide(a: [u128; 5], b: [u128; 5]) -> [u128; 5] {
        [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4]]
    }
    #[inline(always)]
    fn sub_wide(a: [u128; 5], b: [u128; 5]) -> [u128; 5] {
        Self::sub_raised(Self::add_wide(a, BIAS), b)
    }
    #[inline(always)]
    fn carry(mut r: [u128; 5]) -> Self {
        if cfg!(debug_assertions) {
            for column in r {
                assert!(column < 1 << 114, "column out of bounds");
            }
        }
        // Carries are below 2^63: one word to add, not two.
        r[1] += u128::from((r[0] >> 51) as u64);
        r[2] += u128::from((r[1] >> 51) as u64);
        r[3] += u128::from((r[2] >> 51) as u64);
        r[4] += u128::from((r[3] >> 51) as u64);
        let low = u128::from(r[0] as u64 & MASK51) + wide(19, (r[4] >> 51) as u64);
        let out = [
            low as u64 & MASK51,
            (r[1] as u64 & MASK51) + (low >> 51) as u64,
            r[2] as u64 & MASK51,
            r[3] as u64 & MASK51,
            r[4] as u64 & MASK51,
        ];
        // The last carry can be as large as 2^17: below 2^63·19/2^51.
        assert_below(&out, TIGHT);
        Self(out)
    }
}
