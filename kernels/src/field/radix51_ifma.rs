//! 2^255 − 19 in five limbs of 51 bits, with 52-bit multiply-add: for AVX-512 IFMA, and emulated.
//!
//! # Representation
//! x = Σ x\[i\]·2^(51·i). `vpmadd52luq` and `vpmadd52huq` multiply the low 52 bits of two limbs and add the
//! low or the high 52 bits of the product to a 64-bit lane. So factors must be below 2^52, one bit more
//! than the radix: that bit is the room for unreduced limbs.
//!
//! # Classes
//! | class | limbs | from |
//! |---|---|---|
//! | tight | < 2^51 + 2^17 | `carry`, `mul`, `square`, `add`, `sub` (which carry) |
//! | loose | < 2^52 | `negate`: 2p − x |
//! | wide | < 2^63 | columns |
//!
//! A product of tight factors is below 2^59, of a tight and a loose one below 2^59.5, of two loose ones
//! below 2^60.1 (the worst column, 0, holds one low half of its own and 19 times four low and five
//! doubled high halves). Raising adds 2^9·p to the first level and 2^10·p to the second: columns near
//! 2^60 and 2^61.
//!
//! # Multiplication
//! The high half of a limb product weighs 2^52, one bit above the next column's 2^51. The high halves are
//! accumulated first, the ten columns doubled by one addition each, and the low halves accumulated on
//! top: no merging of two sets of accumulators. Columns 5 to 9 weigh 2^255 = 19 and are folded onto 0 to 4
//! with one 64-bit multiplication by 19 each.
//!
//! A carry of a column below 2^63 is below 2^12, times 19 below 2^17: one parallel pass makes limbs tight.
//!
//! Raising costs nothing: accumulators start from a constant instead of from zero.
//!
//! Cost: 50 multiply-adds, 5 multiplications by 19, 14 additions, then a carry of 15 operations and one
//! multiply-add. Multiplier slots bound it: 56 at two a cycle.
//!
//! # Rejected
//! - Doubling one factor beforehand (hi(a, 2b) has the right weight): lo(a, b) then counts bit 51 twice;
//!   lo(a, 2b) needs a halving per column instead of the doubling, and 2b leaves 52 bits.
//! - Multiplying limbs by 19 beforehand: 19·2^51 leaves 52 bits.
//! - Five limbs of 52 bits (2^260 ≡ 608): no doublings of high halves, but no room for sums at all.

use super::{FieldLanes, MASK51};
use crate::simd::{MultiplyAdd52, Vector, step};

/// The bound of a tight limb.
const TIGHT: u64 = (1 << 51) + (1 << 17);
/// The bound of a wide column.
const WIDE: u64 = 1 << 63;
/// p by limb.
const P: [u64; 5] = [MASK51 - 18, MASK51, MASK51, MASK51, MASK51];
/// Bits of the multiple of p that a subtraction of columns adds; a subtrahend must be below 2^61 − 2^15.
const BIAS: u32 = 10;
/// Bits of the multiples of p of raised products, by level.
const RAISE: [u32; 3] = [0, 9, 10];
/// 2p by limb.
const TWO_P: [u64; 5] = [P[0] << 1, P[1] << 1, P[2] << 1, P[3] << 1, P[4] << 1];

/// A vector of field elements in five limbs of 51 bits.
#[derive(Clone, Copy)]
pub struct Radix51Ifma<V>([V; 5]);

#[inline(always)]
fn assert_below<V: Vector>(limbs: &[V; 5], bound: u64) {
    if cfg!(debug_assertions) {
        check_below(limbs, bound);
    }
}

// Out of line, or the assertions would be most of the code of a debug build.
#[inline(never)]
fn check_below<V: Vector>(limbs: &[V; 5], bound: u64) {
    for limb in limbs {
        assert!(limb.all_below(bound), "limb out of bounds");
    }
}

#[inline(always)]
fn reduce<V: MultiplyAdd52>(c: [V; 10]) -> [V; 5] {
    [
        c[0].add(c[5].times19()),
        c[1].add(c[6].times19()),
        c[2].add(c[7].times19()),
        c[3].add(c[8].times19()),
        c[4].add(c[9].times19()),
    ]
}

/// The columns before any product, such that doubling column k `doublings(k)` times makes the raise.
#[inline(always)]
fn start<V: Vector, const LEVEL: usize>(token: V::Token, doublings: [u32; 5]) -> [V; 10] {
    let mut c = [V::splat(token, 0); 10];
    if LEVEL > 0 {
        let mut k = 0;
        while k < 5 {
            c[k] = V::splat(token, P[k] << (RAISE[LEVEL] - doublings[k]));
            k += 1;
        }
    }
    c
}

step! {
    fn multiply[V: MultiplyAdd52; const LEVEL: usize](a: [V; 5], b: [V; 5]) -> [V; 5] {
        assert_below(&a, 1 << 52);
        assert_below(&b, 1 << 52);
        let mut c = start::<V, LEVEL>(a[0].token(), [0, 1, 1, 1, 1]);
        let mut i = 0;
        while i < 5 {
            let mut j = 0;
            while j < 5 {
                c[i + j + 1] = c[i + j + 1].madd52hi(a[i], b[j]);
                j += 1;
            }
            i += 1;
        }
        i = 1;
        while i < 10 {
            c[i] = c[i].add(c[i]);
            i += 1;
        }
        i = 0;
        while i < 5 {
            let mut j = 0;
            while j < 5 {
                c[i + j] = c[i + j].madd52lo(a[i], b[j]);
                j += 1;
            }
            i += 1;
        }
        reduce(c)
    }
}

step! {
    /// Cross products once: their high halves are doubled twice (column weight and symmetry), their low
    /// halves and the high halves of squares once. 30 multiply-adds and 16 doublings.
    fn square[V: MultiplyAdd52; const LEVEL: usize](a: [V; 5]) -> [V; 5] {
        assert_below(&a, 1 << 52);
        let mut c = start::<V, LEVEL>(a[0].token(), [0, 1, 2, 2, 2]);
        let mut i = 0;
        while i < 5 {
            let mut j = i + 1;
            while j < 5 {
                c[i + j + 1] = c[i + j + 1].madd52hi(a[i], a[j]);
                j += 1;
            }
            i += 1;
        }
        i = 2;
        while i < 9 {
            c[i] = c[i].add(c[i]);
            i += 1;
        }
        i = 0;
        while i < 5 {
            c[2 * i + 1] = c[2 * i + 1].madd52hi(a[i], a[i]);
            let mut j = i + 1;
            while j < 5 {
                c[i + j] = c[i + j].madd52lo(a[i], a[j]);
                j += 1;
            }
            i += 1;
        }
        i = 1;
        while i < 10 {
            c[i] = c[i].add(c[i]);
            i += 1;
        }
        i = 0;
        while i < 5 {
            c[2 * i] = c[2 * i].madd52lo(a[i], a[i]);
            i += 1;
        }
        reduce(c)
    }
}

step! {
    fn sum[V: MultiplyAdd52](a: [V; 5], b: [V; 5]) -> [V; 5] {
        let mut out = a;
        let mut i = 0;
        while i < 5 {
            out[i] = a[i].add(b[i]);
            i += 1;
        }
        if cfg!(debug_assertions) {
            assert_below(&a, WIDE);
            assert_below(&b, WIDE);
            assert_below(&out, WIDE);
        }
        out
    }

    fn difference[V: MultiplyAdd52](a: [V; 5], b: [V; 5]) -> [V; 5] {
        assert_below(&a, WIDE);
        assert_below(&b, WIDE);
        let mut out = a;
        let mut i = 0;
        while i < 5 {
            out[i] = a[i].sub(b[i]);
            i += 1;
        }
        // A difference below 0 would be above 2^63.
        assert_below(&out, WIDE);
        out
    }

    fn carried[V: MultiplyAdd52](r: [V; 5]) -> [V; 5] {
        assert_below(&r, WIDE);
        let token = r[0].token();
        let mask = V::splat(token, MASK51);
        let out = [
            r[0].and(mask).madd52lo(r[4].shr::<51>(), V::splat(token, 19)),
            r[1].and(mask).add(r[0].shr::<51>()),
            r[2].and(mask).add(r[1].shr::<51>()),
            r[3].and(mask).add(r[2].shr::<51>()),
            r[4].and(mask).add(r[3].shr::<51>()),
        ];
        assert_below(&out, TIGHT);
        out
    }
}

impl<V: MultiplyAdd52> FieldLanes for Radix51Ifma<V> {
    type Token = V::Token;
    type Vector = V;
    type Wide = [V; 5];
    const SIDE_BY_SIDE: usize = 1;

    #[inline(always)]
    fn from_limbs(limbs: [V; 5]) -> Self {
        assert_below(&limbs, TIGHT);
        Self(limbs)
    }
    #[inline(always)]
    fn to_limbs(self) -> [V; 5] {
        self.0
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self::carry(Self::add_wide(self.0, other.0))
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        assert_below(&other.0, TIGHT);
        Self::carry(Self::add_wide(self.0, other.negate().0))
    }
    #[inline(always)]
    fn negate(self) -> Self {
        assert_below(&self.0, TIGHT);
        let token = self.0[0].token();
        let mut out = self.0;
        let mut i = 0;
        while i < 5 {
            out[i] = V::splat(token, TWO_P[i]).sub(out[i]);
            i += 1;
        }
        Self(out)
    }
    #[inline(always)]
    fn select(mask: V::Mask, yes: Self, no: Self) -> Self {
        let mut out = no.0;
        let mut i = 0;
        while i < 5 {
            out[i] = V::select(mask, yes.0[i], no.0[i]);
            i += 1;
        }
        Self(out)
    }

    #[inline(always)]
    fn permute<const ORDER: i32>(self) -> Self {
        Self(Self::permute_wide::<ORDER>(self.0))
    }
    #[inline(always)]
    fn permute_wide<const ORDER: i32>(wide: [V; 5]) -> [V; 5] {
        let mut out = wide;
        let mut i = 0;
        while i < 5 {
            out[i] = wide[i].permute::<ORDER>();
            i += 1;
        }
        out
    }
    #[inline(always)]
    fn select_wide(mask: V::Mask, yes: [V; 5], no: [V; 5]) -> [V; 5] {
        Self::select(mask, Self(yes), Self(no)).0
    }

    #[inline(always)]
    fn mul_wide(self, other: Self) -> [V; 5] {
        multiply::<V, 0>(self.0, other.0)
    }
    #[inline(always)]
    fn mul_raised(self, other: Self) -> [V; 5] {
        multiply::<V, 1>(self.0, other.0)
    }
    #[inline(always)]
    fn square_wide(self) -> [V; 5] {
        square::<V, 0>(self.0)
    }
    #[inline(always)]
    fn square_raised<const LEVEL: usize>(self) -> [V; 5] {
        square::<V, LEVEL>(self.0)
    }
    #[inline(always)]
    fn twice_raised(self) -> [V; 5] {
        let mut out = self.0;
        let mut i = 0;
        while i < 5 {
            let raise = V::splat(out[i].token(), P[i] << RAISE[1]);
            out[i] = out[i].add(out[i]).add(raise);
            i += 1;
        }
        out
    }
    #[inline(always)]
    fn widen(self) -> [V; 5] {
        self.0
    }
    #[inline(always)]
    fn add_wide(a: [V; 5], b: [V; 5]) -> [V; 5] {
        sum(a, b)
    }
    #[inline(always)]
    fn sub_wide(a: [V; 5], b: [V; 5]) -> [V; 5] {
        assert_below(&b, P[0] << BIAS);
        let token = a[0].token();
        let mut raised = a;
        let mut i = 0;
        while i < 5 {
            raised[i] = a[i].add(V::splat(token, P[i] << BIAS));
            i += 1;
        }
        Self::sub_raised(raised, b)
    }
    #[inline(always)]
    fn sub_raised(a: [V; 5], b: [V; 5]) -> [V; 5] {
        difference(a, b)
    }
    #[inline(always)]
    fn carry(r: [V; 5]) -> Self {
        Self(carried(r))
    }
}
