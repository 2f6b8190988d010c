//! Five limbs of 52 bits with 52-bit multiply-add: for AVX-512 IFMA, and emulated.
//!
//! # Representation
//! x = Σ x\[i\]·2^(52·i), limbs below 2^52: 260 bits for values below 2^256, so that four bits are left above.
//! `vpmadd52luq` and `vpmadd52huq` add the low or the high 52 bits of a product to a column; both weigh what a
//! column weighs, so that a product is 50 of them into ten columns and nothing else. Limbs have no bit to
//! spare: what is a factor has been carried from end to end.
//!
//! # Operations
//! | | multiply-adds | others |
//! |---|---|---|
//! | product, square | 50, 30 | 0, 8 |
//! | reduction of secp256k1, P-256, SM2, an order | 12, 30, 20, 55 | 8, 10, 27, 10 |
//! | carry | 0 | 13 |
//!
//! A difference adds a multiple of m whose columns 0 to 3 are raised by 2^60, taken from the next: it stays
//! positive by column as long as subtrahends are below 2^60 − 2^50, and by value where the multiple exceeds
//! the subtrahend. The topmost column of a wide value may be a little below 0 until the carry from below
//! reaches it.
//!
//! # Rejected
//! - Five limbs of 51 bits, with a bit to spare for sums: 255 bits.
//! - Six limbs of 43: 72 multiply-adds a product.

use super::{MASK52, Modulus, PrimeLanes};
use crate::simd::{MultiplyAdd52, Vector, step};
use core::marker::PhantomData;

/// Five limbs modulo `M`.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Radix52<V, M>([V; 5], PhantomData<M>);

/// What columns 0 to 3 of a difference are raised by.
const BIAS: u64 = 1 << 60;
/// What columns 0 to 3 of a subtrahend must be below: a difference keeps at least 2^49, which `fold` may take.
const SUBTRAHEND: u64 = BIAS - (1 << 50);

/// Column `i` of K·m, raised.
#[inline(always)]
const fn raised<M: Modulus>(k: u64, i: usize) -> u64 {
    let limb = M::LIMBS[i] * k;
    let raised = if i < 4 { limb + BIAS } else { limb };
    if i > 0 { raised.wrapping_sub(BIAS >> 52) } else { raised }
}

#[inline(always)]
pub(super) fn assert_below<V: Vector>(limbs: &[V], bound: u64) {
    if cfg!(debug_assertions) {
        check_below(limbs, bound);
    }
}

// Out of line, or the assertions would be most of the code of a debug build.
#[inline(never)]
fn check_below<V: Vector>(limbs: &[V], bound: u64) {
    for limb in limbs {
        assert!(limb.all_below(bound), "limb out of bounds");
    }
}

impl<V: MultiplyAdd52, M: Modulus> Radix52<V, M> {
    #[inline(always)]
    const fn new(limbs: [V; 5]) -> Self {
        Self(limbs, PhantomData)
    }
}

#[inline(always)]
fn zeros<V: Vector>(like: V) -> [V; 10] {
    [V::splat(like.token(), 0); 10]
}

step! {
    /// c + a·b.
    fn multiply[V: MultiplyAdd52](c: [V; 10], a: [V; 5], b: [V; 5]) -> [V; 10] {
        assert_below(&a, 1 << 52);
        assert_below(&b, 1 << 52);
        let mut c = c;
        let mut i = 0;
        while i < 5 {
            let mut j = 0;
            while j < 5 {
                c[i + j] = c[i + j].madd52lo(a[i], b[j]);
                c[i + j + 1] = c[i + j + 1].madd52hi(a[i], b[j]);
                j += 1;
            }
            i += 1;
        }
        c
    }

    /// a²: cross products once, doubled by column.
    fn square[V: MultiplyAdd52](a: [V; 5]) -> [V; 10] {
        assert_below(&a, 1 << 52);
        let mut c = zeros(a[0]);
        let mut i = 0;
        while i < 5 {
            let mut j = i + 1;
            while j < 5 {
                c[i + j] = c[i + j].madd52lo(a[i], a[j]);
                c[i + j + 1] = c[i + j + 1].madd52hi(a[i], a[j]);
                j += 1;
            }
            i += 1;
        }
        i = 1;
        while i < 9 {
            c[i] = c[i].add(c[i]);
            i += 1;
        }
        i = 0;
        while i < 5 {
            c[2 * i] = c[2 * i].madd52lo(a[i], a[i]);
            c[2 * i + 1] = c[2 * i + 1].madd52hi(a[i], a[i]);
            i += 1;
        }
        c
    }

    fn reduce[V: MultiplyAdd52, M: Modulus](c: [V; 10]) -> [V; 5] {
        M::reduce(c)
    }

    pub(super) fn sum[V: Vector](a: [V; 5], b: [V; 5]) -> [V; 5] {
        let mut out = a;
        let mut i = 0;
        while i < 5 {
            out[i] = a[i].add(b[i]);
            i += 1;
        }
        assert_below(&out[..4], 1 << 63);
        out
    }

    pub(super) fn difference[V: Vector, M: Modulus; const K: u64](a: [V; 5], b: [V; 5]) -> [V; 5] {
        assert_below(&b[..4], SUBTRAHEND);
        assert_below(&a[..4], 1 << 62);
        let mut out = a;
        let mut i = 0;
        while i < 5 {
            out[i] = a[i].add(V::splat(a[0].token(), raised::<M>(K, i))).sub(b[i]);
            i += 1;
        }
        out
    }

    pub(super) fn negated[V: Vector, M: Modulus; const K: u64](a: [V; 5]) -> [V; 5] {
        assert_below(&a[..4], SUBTRAHEND);
        let mut out = a;
        let mut i = 0;
        while i < 5 {
            out[i] = V::splat(a[0].token(), raised::<M>(K, i)).sub(a[i]);
            i += 1;
        }
        out
    }

    pub(super) fn carried[V: Vector](c: [V; 5]) -> [V; 5] {
        assert_below(&c[..4], 1 << 63);
        let mask = V::splat(c[0].token(), MASK52);
        let mut out = c;
        let mut i = 0;
        while i < 4 {
            out[i + 1] = out[i + 1].add(out[i].shr::<52>());
            out[i] = out[i].and(mask);
            i += 1;
        }
        // A value below 0 or from 2^260 on would show here.
        assert_below(&out[4..], 1 << 52);
        out
    }

    fn folded[V: MultiplyAdd52, M: Modulus](c: [V; 5]) -> [V; 5] {
        assert_below(&c[4..], 1 << 53);
        let folded = carried(M::fold(c));
        assert_below(&folded[4..], (1 << 48) + (1 << 32));
        folded
    }
}

impl<V: MultiplyAdd52, M: Modulus> PrimeLanes for Radix52<V, M> {
    type Token = V::Token;
    type Vector = V;
    type Modulus = M;
    type Wide = [V; 5];

    #[inline(always)]
    fn from_limbs(limbs: [V; 5]) -> Self {
        assert_below(&limbs, 1 << 52);
        Self::new(limbs)
    }
    #[inline(always)]
    fn to_limbs(self) -> [V; 5] {
        self.0
    }
    #[inline(always)]
    fn select(mask: V::Mask, yes: Self, no: Self) -> Self {
        Self::new(Self::select_wide(mask, yes.0, no.0))
    }
    #[inline(always)]
    fn select_wide(mask: V::Mask, yes: [V; 5], no: [V; 5]) -> [V; 5] {
        let mut out = no;
        let mut i = 0;
        while i < 5 {
            out[i] = V::select(mask, yes[i], no[i]);
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
    fn sub_wide<const K: u64>(a: [V; 5], b: [V; 5]) -> [V; 5] {
        difference::<V, M, K>(a, b)
    }
    #[inline(always)]
    fn negate_wide<const K: u64>(a: [V; 5]) -> [V; 5] {
        negated::<V, M, K>(a)
    }
    #[inline(always)]
    fn mul_wide(self, other: Self) -> [V; 5] {
        reduce::<V, M>(multiply(zeros(self.0[0]), self.0, other.0))
    }
    #[inline(always)]
    fn square_wide(self) -> [V; 5] {
        reduce::<V, M>(square(self.0))
    }
    #[inline(always)]
    fn mul_add_mul(a: Self, b: Self, c: Self, d: Self) -> [V; 5] {
        reduce::<V, M>(multiply(multiply(zeros(a.0[0]), a.0, b.0), c.0, d.0))
    }
    #[inline(always)]
    fn mul_add_square(a: Self, b: Self, c: Self) -> [V; 5] {
        reduce::<V, M>(multiply(square(c.0), a.0, b.0))
    }
    #[inline(always)]
    fn join<const N: usize>(wides: [[V; 5]; N]) -> [[V; 5]; N] {
        let mut out = wides;
        if N == 2 {
            [out[0], out[1]] = V::join(wides[0], wides[1]);
        }
        out
    }
    #[inline(always)]
    fn carry(c: [V; 5]) -> Self {
        Self::new(carried(c))
    }
    #[inline(always)]
    fn fold(c: [V; 5]) -> Self {
        Self::new(folded::<V, M>(c))
    }
}
