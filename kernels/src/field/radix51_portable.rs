//! 2^255 − 19 in five limbs of 51 bits, one element at a time, with 64 × 64 → 128-bit multiplication.
//!
//! # Classes
//! | class | limbs | from |
//! |---|---|---|
//! | tight | < 2^51 + 2^14 | `carry`, `mul`, `square` |
//! | loose, factor | < 2^54 | `add`, `sub`, `negate`, `settle`: no carry at all |
//! | wide | < 2^60 | words of 64 bits: products are carried, sums are not |
//!
//! A product of loose factors has columns below 77·2^108 < 2^114.3, which carry less than 2^63.3; column 4,
//! where nothing is multiplied by 19, is below 5·2^108, carries less than 2^59.4, and 19 times that fits a
//! word. So a product is carried with words alone: one sequential pass and a step more.
//!
//! Level 1 is 2p and level 2 is 6p: e = s − a − b of a doubling is below 7·2^51, f = 2c − (b − a) below
//! 6·2^51 + 2^15, g below 3·2^51 + 2^14, and all are factors as they are.
//!
//! # Rejected
//! Adding columns of 128 bits before they are carried, as vectors do: with one lane a carry costs what two
//! additions of 128 bits cost, and a signature took 35.5 µs instead of 31.

use super::{FieldLanes, MASK51};
use crate::simd::Vector;
use crate::simd::portable::{Portable, U64x1};

/// One field element in five limbs of 51 bits.
#[derive(Clone, Copy)]
pub struct Radix51Portable([u64; 5]);

/// The bound of a tight limb.
const TIGHT: u64 = (1 << 51) + (1 << 14);
/// The bound of a loose limb.
const LOOSE: u64 = 1 << 54;
/// The bound of a summand: twice it and 2p are loose.
const SUMMAND: u64 = 1 << 52;
/// The bound of a wide word.
const WIDE: u64 = 1 << 60;

/// A multiple of p by limb.
const fn multiple(times: u64) -> [u64; 5] {
    let p = MASK51 * times;
    [(MASK51 - 18) * times, p, p, p, p]
}

#[inline(always)]
fn assert_below(limbs: &[u64; 5], bound: u64) {
    if cfg!(debug_assertions) {
        for limb in limbs {
            assert!(*limb < bound, "limb out of bounds");
        }
    }
}

#[inline(always)]
fn sum(a: [u64; 5], b: [u64; 5]) -> [u64; 5] {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4]]
}

/// Overflow checks of a debug build watch that no limb is negative.
#[inline(always)]
fn difference(a: [u64; 5], b: [u64; 5]) -> [u64; 5] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2], a[3] - b[3], a[4] - b[4]]
}

#[inline(always)]
fn wide(a: u64, b: u64) -> u128 {
    u128::from(a) * u128::from(b)
}

impl FieldLanes for Radix51Portable {
    type Token = Portable;
    type Vector = U64x1;
    type Wide = [u64; 5];
    const SIDE_BY_SIDE: usize = 1;

    #[inline(always)]
    fn from_limbs(limbs: [U64x1; 5]) -> Self {
        let limbs = limbs.map(|limb| limb.0);
        assert_below(&limbs, (1 << 51) + (1 << 17));
        Self(limbs)
    }
    /// Carries once: loose limbs have bits too many.
    #[inline(always)]
    fn to_limbs(self) -> [U64x1; 5] {
        let token = U64x1(0).token();
        Self::carry(self.0).0.map(|limb| U64x1::splat(token, limb))
    }
    #[inline(always)]
    fn pack(self) -> [U64x1; 5] {
        let token = U64x1(0).token();
        self.0.map(|limb| U64x1::splat(token, limb))
    }
    #[inline(always)]
    fn unpack(words: [U64x1; 5]) -> Self {
        Self(words.map(|word| word.0))
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        assert_below(&self.0, SUMMAND);
        assert_below(&other.0, SUMMAND);
        Self(sum(self.0, other.0))
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        assert_below(&self.0, SUMMAND);
        Self(sum(self.0, other.negate().0))
    }
    #[inline(always)]
    fn negate(self) -> Self {
        Self(difference(const { multiple(2) }, self.0))
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
    fn permute_wide<const ORDER: i32>(wide: [u64; 5]) -> [u64; 5] {
        wide
    }
    #[inline(always)]
    fn select_wide(mask: bool, yes: [u64; 5], no: [u64; 5]) -> [u64; 5] {
        if mask { yes } else { no }
    }

    #[inline(always)]
    fn mul_wide(self, other: Self) -> [u64; 5] {
        let (a, b) = (self.0, other.0);
        assert_below(&a, LOOSE);
        assert_below(&b, LOOSE);
        let c = [0, 19 * b[1], 19 * b[2], 19 * b[3], 19 * b[4]];
        carry_product([
            wide(a[0], b[0]) + wide(a[4], c[1]) + wide(a[3], c[2]) + wide(a[2], c[3]) + wide(a[1], c[4]),
            wide(a[1], b[0]) + wide(a[0], b[1]) + wide(a[4], c[2]) + wide(a[3], c[3]) + wide(a[2], c[4]),
            wide(a[2], b[0]) + wide(a[1], b[1]) + wide(a[0], b[2]) + wide(a[4], c[3]) + wide(a[3], c[4]),
            wide(a[3], b[0]) + wide(a[2], b[1]) + wide(a[1], b[2]) + wide(a[0], b[3]) + wide(a[4], c[4]),
            wide(a[4], b[0]) + wide(a[3], b[1]) + wide(a[2], b[2]) + wide(a[1], b[3]) + wide(a[0], b[4]),
        ])
    }
    #[inline(always)]
    fn square_wide(self) -> [u64; 5] {
        let a = self.0;
        assert_below(&a, LOOSE);
        let (d0, d1, d2) = (2 * a[0], 2 * a[1], 2 * a[2]);
        let (c3, c4) = (19 * a[3], 19 * a[4]);
        carry_product([
            wide(a[0], a[0]) + wide(d1, c4) + wide(d2, c3),
            wide(d0, a[1]) + wide(d2, c4) + wide(a[3], c3),
            wide(d0, a[2]) + wide(a[1], a[1]) + wide(2 * a[3], c4),
            wide(d0, a[3]) + wide(d1, a[2]) + wide(a[4], c4),
            wide(d0, a[4]) + wide(d1, a[3]) + wide(a[2], a[2]),
        ])
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(self.mul_wide(other))
    }
    #[inline(always)]
    fn square(self) -> Self {
        Self(self.square_wide())
    }
    #[inline(always)]
    fn mul_raised(self, other: Self) -> [u64; 5] {
        sum(self.mul_wide(other), const { multiple(2) })
    }
    #[inline(always)]
    fn square_raised<const LEVEL: usize>(self) -> [u64; 5] {
        sum(self.square_wide(), if LEVEL == 1 { const { multiple(2) } } else { const { multiple(6) } })
    }
    #[inline(always)]
    fn sub_raised(a: [u64; 5], b: [u64; 5]) -> [u64; 5] {
        difference(a, b)
    }
    #[inline(always)]
    fn twice_raised(self) -> [u64; 5] {
        sum(sum(self.0, self.0), const { multiple(2) })
    }
    #[inline(always)]
    fn widen(self) -> [u64; 5] {
        self.0
    }
    #[inline(always)]
    fn add_wide(a: [u64; 5], b: [u64; 5]) -> [u64; 5] {
        sum(a, b)
    }
    #[inline(always)]
    fn sub_wide(a: [u64; 5], b: [u64; 5]) -> [u64; 5] {
        difference(sum(a, const { multiple(4) }), b)
    }
    #[inline(always)]
    fn carry(r: [u64; 5]) -> Self {
        assert_below(&r, WIDE);
        let out = [
            (r[0] & MASK51) + 19 * (r[4] >> 51),
            (r[1] & MASK51) + (r[0] >> 51),
            (r[2] & MASK51) + (r[1] >> 51),
            (r[3] & MASK51) + (r[2] >> 51),
            (r[4] & MASK51) + (r[3] >> 51),
        ];
        assert_below(&out, TIGHT);
        Self(out)
    }
    #[inline(always)]
    fn settle(raised: [u64; 5]) -> Self {
        assert_below(&raised, LOOSE);
        Self(raised)
    }
}

/// Columns of a product to tight limbs.
#[inline(always)]
fn carry_product(mut r: [u128; 5]) -> [u64; 5] {
    if cfg!(debug_assertions) {
        assert!(r[4] < 5 << 108, "column out of bounds");
        for column in r {
            assert!(column < 77 << 108, "column out of bounds");
        }
    }
    r[1] += u128::from((r[0] >> 51) as u64);
    r[2] += u128::from((r[1] >> 51) as u64);
    r[3] += u128::from((r[2] >> 51) as u64);
    r[4] += u128::from((r[3] >> 51) as u64);
    let low = (r[0] as u64 & MASK51) + 19 * (r[4] >> 51) as u64;
    let out = [
        low & MASK51,
        (r[1] as u64 & MASK51) + (low >> 51),
        r[2] as u64 & MASK51,
        r[3] as u64 & MASK51,
        r[4] as u64 & MASK51,
    ];
    assert_below(&out, TIGHT);
    out
}
