//! The field of integers modulo p = 2^255 − 19, a vector of elements at a time.
//!
//! Contract. [`FieldLanes`] is one vector of elements in some representation. Every representation can be
//! read and written as five limbs of 51 bits ([`FieldLanes::to_limbs`]): the form of tables and constants,
//! and the one in which the rare operations (canonical form, parity, bytes) are written once, here.
//!
//! Bounds, as every representation keeps them:
//! - **tight**: the output of `carry`, `mul`, `square`, `from_limbs`. Any input.
//! - **loose**: the output of `add`, `sub`, `negate`. Input of `mul`, `square`, their wide forms and of
//!   `to_limbs`, not of another `add`, `sub` or `negate`.
//! - **factor**: the output of `settle` and, beside a tight or settled one, of `from_factor`. Input of
//!   `mul`, its wide forms and `pack` only.
//! - **wide**: columns not yet carried; the output of `mul_wide` and `square_wide`. Up to three may be
//!   added; `sub_wide` takes a subtrahend of at most two products. `carry` makes it tight.
//! - **raised**: wide plus a multiple of p, so that columns stay positive when another wide value is
//!   subtracted with `sub_raised`. Level 1 exceeds a product, level 2 two products and a level 1. Levels
//!   add up: `settle` takes sums and differences whose levels, so counted, make 1. So a representation is
//!   free to hide in its level 1 whatever it would add before splitting limbs.
//!
//! Adding and subtracting *before* carrying is what makes point formulas cheap: the four values E, F, G,
//! H of a doubling cost four carries, not four for the squares and four for the sums.
//!
//! Debug builds assert the bounds on every operation.

pub mod prime256;
pub mod radix51_fma;
pub mod radix51_ifma;
pub mod radix51_portable;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

/// The fields of this architecture's vectors, for tests of code that knows no instruction set.
#[cfg(target_arch = "x86_64")]
pub mod native {
    /// The field on AVX2.
    pub type Avx2 = super::radix51_fma::Radix51Fma<crate::simd::avx2::U64x4>;
    /// The field on AVX-512 with IFMA.
    pub type Avx512 = super::radix51_ifma::Radix51Ifma<crate::simd::avx512ifma::U64x8>;
}

use crate::simd::{Doubles, LaneMask, Token, Vector};

/// The low 51 bits.
pub const MASK51: u64 = (1 << 51) - 1;

/// An element as five limbs, least significant first: Σ limb\[i\]·2^(51·i).
pub type Limbs = [u64; 5];

/// 1.
pub const ONE: Limbs = [1, 0, 0, 0, 0];
/// d = −121665/121666, the constant of the curve edwards25519 (RFC 8032, section 5.1).
pub const EDWARDS_D: Limbs = [
    929_955_233_495_203,
    466_365_720_129_213,
    1_662_059_464_998_953,
    2_033_849_074_728_123,
    1_442_794_654_840_575,
];
/// 2d.
pub const EDWARDS_2D: Limbs = [
    1_859_910_466_990_425,
    932_731_440_258_426,
    1_072_319_116_312_658,
    1_815_898_335_770_999,
    633_789_495_995_903,
];
/// √−1 = 2^((p−1)/4).
pub const SQRT_MINUS_ONE: Limbs = [
    1_718_705_420_411_056,
    234_908_883_556_509,
    2_233_514_472_574_048,
    2_117_202_627_021_982,
    765_476_049_583_133,
];

/// A vector of field elements.
pub trait FieldLanes: Copy {
    /// The instruction set that it runs on.
    type Token: Token<Vector = Self::Vector>;
    /// The vector that its limbs come in.
    type Vector: Doubles<Token = Self::Token>;
    /// Columns of a product before carrying.
    type Wide: Copy;

    /// How many vectors, 1 or 2, a long dependent computation takes side by side.
    const SIDE_BY_SIDE: usize;

    /// The elements of five limbs, each below 2^51 + 2^17, or as `to_limbs` gave them for a tight element.
    fn from_limbs(limbs: [Self::Vector; 5]) -> Self;
    /// Five limbs below 2^52 each, of the same residue, not canonical.
    fn to_limbs(self) -> [Self::Vector; 5];
    /// As `from_limbs`, a factor: for entries of tables.
    #[inline(always)]
    fn from_factor(limbs: [Self::Vector; 5]) -> Self {
        Self::from_limbs(limbs)
    }
    /// Five words that only `unpack` understands: the form of tables made on the way.
    #[inline(always)]
    fn pack(self) -> [Self::Vector; 5] {
        self.to_limbs()
    }
    /// What was packed, in the same class.
    #[inline(always)]
    fn unpack(words: [Self::Vector; 5]) -> Self {
        Self::from_limbs(words)
    }

    /// self + other; tight, tight → loose.
    fn add(self, other: Self) -> Self;
    /// self − other; tight, tight → loose.
    fn sub(self, other: Self) -> Self;
    /// −self; tight → loose.
    fn negate(self) -> Self;
    /// By lane: `yes` where the mask is true, else `no`. Keeps the looser of the two bounds.
    fn select(mask: <Self::Vector as Vector>::Mask, yes: Self, no: Self) -> Self;

    /// Permutes lanes as [`Vector::permute`] does.
    fn permute<const ORDER: i32>(self) -> Self;
    /// The same for columns.
    fn permute_wide<const ORDER: i32>(wide: Self::Wide) -> Self::Wide;
    /// By lane: `yes` where the mask is true, else `no`.
    fn select_wide(mask: <Self::Vector as Vector>::Mask, yes: Self::Wide, no: Self::Wide) -> Self::Wide;

    /// self · other; loose, loose → wide.
    fn mul_wide(self, other: Self) -> Self::Wide;
    /// self²; loose → wide.
    fn square_wide(self) -> Self::Wide;
    /// self · other, raised at level 1; loose, tight.
    fn mul_raised(self, other: Self) -> Self::Wide;
    /// self², raised at `LEVEL`, 1 or 2; tight.
    fn square_raised<const LEVEL: usize>(self) -> Self::Wide;
    /// a − b of a raised a.
    fn sub_raised(a: Self::Wide, b: Self::Wide) -> Self::Wide;
    /// 2·self, raised at level 1; tight.
    fn twice_raised(self) -> Self::Wide;
    /// self as columns; tight → wide.
    fn widen(self) -> Self::Wide;
    /// a + b.
    fn add_wide(a: Self::Wide, b: Self::Wide) -> Self::Wide;
    /// a − b, plus a multiple of p that keeps columns positive.
    fn sub_wide(a: Self::Wide, b: Self::Wide) -> Self::Wide;
    /// Wide → tight.
    fn carry(wide: Self::Wide) -> Self;
    /// Raised, of level 1 altogether → factor.
    #[inline(always)]
    fn settle(raised: Self::Wide) -> Self {
        Self::carry(raised)
    }

    /// self · other; loose, loose → tight.
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self::carry(self.mul_wide(other))
    }
    /// self²; loose → tight.
    #[inline(always)]
    fn square(self) -> Self {
        Self::carry(self.square_wide())
    }
    /// The same element in every lane.
    #[inline(always)]
    fn splat(token: Self::Token, limbs: &Limbs) -> Self {
        Self::from_limbs(splat_limbs::<Self::Vector>(token, limbs))
    }
}

/// The same limbs in every lane.
#[inline(always)]
pub fn splat_limbs<V: Vector>(token: V::Token, limbs: &Limbs) -> [V; 5] {
    [
        V::splat(token, limbs[0]),
        V::splat(token, limbs[1]),
        V::splat(token, limbs[2]),
        V::splat(token, limbs[3]),
        V::splat(token, limbs[4]),
    ]
}

/// Limbs of a 255-bit little-endian integer of four words; bit 255 is dropped.
#[inline(always)]
pub fn limbs_from_words<V: Vector>(w: [V; 4]) -> [V; 5] {
    let mask = V::splat(w[0].token(), MASK51);
    [
        w[0].and(mask),
        w[0].shr::<51>().or(w[1].shl::<13>()).and(mask),
        w[1].shr::<38>().or(w[2].shl::<26>()).and(mask),
        w[2].shr::<25>().or(w[3].shl::<39>()).and(mask),
        w[3].shr::<12>().and(mask),
    ]
}

/// Four little-endian words of canonical limbs; the inverse of the above.
#[inline(always)]
pub fn words_from_limbs<V: Vector>(l: [V; 5]) -> [V; 4] {
    [
        l[0].or(l[1].shl::<51>()),
        l[1].shr::<13>().or(l[2].shl::<38>()),
        l[2].shr::<26>().or(l[3].shl::<25>()),
        l[3].shr::<39>().or(l[4].shl::<12>()),
    ]
}

/// The one representation with limbs below 2^51 and value below p, of limbs below 2^52.
///
/// After one sequential carry the value is below 2p; adding 19 and looking at bit 255 tells whether it
/// is at least p.
#[inline(always)]
pub fn canonical<V: Vector>(mut l: [V; 5]) -> [V; 5] {
    let token = l[0].token();
    let mask = V::splat(token, MASK51);
    let nineteen = V::splat(token, 19);
    let mut i = 0;
    while i < 4 {
        l[i + 1] = l[i + 1].add(l[i].shr::<51>());
        l[i] = l[i].and(mask);
        i += 1;
    }
    let top = l[4].shr::<51>();
    l[4] = l[4].and(mask);
    l[0] = l[0].add(times19(top));

    let mut q = l[0].add(nineteen).shr::<51>();
    i = 1;
    while i < 5 {
        q = l[i].add(q).shr::<51>();
        i += 1;
    }
    l[0] = l[0].add(times19(q));
    i = 0;
    while i < 4 {
        l[i + 1] = l[i + 1].add(l[i].shr::<51>());
        l[i] = l[i].and(mask);
        i += 1;
    }
    l[4] = l[4].and(mask);
    l
}

#[inline(always)]
fn times19<V: Vector>(x: V) -> V {
    x.shl::<4>().add(x.shl::<1>()).add(x)
}

/// Lanes that are 0 modulo p.
#[inline(always)]
pub fn is_zero<F: FieldLanes>(x: F) -> <F::Vector as Vector>::Mask {
    let l = canonical(x.to_limbs());
    let any = l[0].or(l[1]).or(l[2]).or(l[3]).or(l[4]);
    any.equal(F::Vector::splat(any.token(), 0))
}

/// Lanes that are equal modulo p; tight inputs.
#[inline(always)]
pub fn equal<F: FieldLanes>(a: F, b: F) -> <F::Vector as Vector>::Mask {
    is_zero(a.sub(b))
}

/// Lanes whose canonical form is odd ("negative" in RFC 8032's sense).
#[inline(always)]
pub fn is_odd<F: FieldLanes>(x: F) -> <F::Vector as Vector>::Mask {
    let low = canonical(x.to_limbs())[0];
    let one = F::Vector::splat(low.token(), 1);
    low.and(one).equal(one)
}

/// The addition chain of x^(2^252 − 3) as data: (squarings, index of the earlier value to multiply by).
/// Value i + 1 is value i squared so often, times that value. Values 0 to 10 are x^(2^n − 1) for n = 1,
/// 2, 4, 5, 10, 20, 40, 50, 100, 200, 250. 251 squarings and 11 multiplications, at one place in the code
/// each: unrolled, the chain would fill the instruction cache by itself.
const CHAIN: [(u32, usize); 11] =
    [(1, 0), (2, 1), (1, 0), (5, 3), (10, 4), (20, 5), (10, 4), (50, 7), (100, 8), (50, 7), (2, 0)];

/// x^(2^252 − 3) = x^((p − 5)/8) of `N` vectors, and x^3.
///
/// A squaring depends on the one before, so a lone chain runs at the latency of a squaring, about twice
/// its cost in throughput; `N` independent chains side by side hide it.
#[inline(always)]
pub fn pow_p58<F: FieldLanes, const N: usize>(x: [F; N]) -> ([F; N], [F; N]) {
    let mut values = [x; 12];
    let mut step = 0;
    while step < CHAIN.len() {
        let (count, with) = CHAIN[step];
        let mut y = values[step];
        let mut c = 0;
        while c < count {
            let mut i = 0;
            while i < N {
                y[i] = y[i].square();
                i += 1;
            }
            c += 1;
        }
        let mut i = 0;
        while i < N {
            y[i] = y[i].mul(values[with][i]);
            i += 1;
        }
        values[step + 1] = y;
        step += 1;
    }
    // Value 1 is x^(2^2 − 1).
    (values[11], values[1])
}

/// 1/x, and 0 for 0: x^(p − 2) = (x^(2^252 − 3))^8 · x^3.
#[inline(always)]
pub fn invert<F: FieldLanes>(x: F) -> F {
    let (power, cube) = pow_p58([x]);
    power[0].square().square().square().mul(cube[0])
}

/// Inverts every element of a slice in place, with one inversion for all (Montgomery's trick): three
/// multiplications each. No lane of any element may be 0. `before` is scratch of the same length.
#[inline(always)]
pub fn invert_all<F: FieldLanes>(elements: &mut [F], before: &mut [F]) {
    let n = elements.len();
    if n == 0 {
        return;
    }
    let mut product = elements[0];
    let mut i = 1;
    while i < n {
        before[i] = product;
        product = product.mul(elements[i]);
        i += 1;
    }
    let mut inverse = invert(product);
    i = n - 1;
    while i > 0 {
        let element = elements[i];
        elements[i] = inverse.mul(before[i]);
        inverse = inverse.mul(element);
        i -= 1;
    }
    elements[0] = inverse;
}

/// √(u/v), as RFC 8032 section 5.1.3 computes it, of `N` vectors, and the lanes where u/v is a square.
/// Either root may come out. Tight inputs.
#[inline(always)]
pub fn sqrt_ratio<F: FieldLanes, const N: usize>(
    u: [F; N],
    v: [F; N],
) -> ([F; N], [<F::Vector as Vector>::Mask; N]) {
    let token = u[0].to_limbs()[0].token();
    let mut uv3 = u;
    let mut uv7 = u;
    let mut i = 0;
    while i < N {
        let v3 = v[i].square().mul(v[i]);
        uv3[i] = u[i].mul(v3);
        uv7[i] = uv3[i].mul(v3.mul(v[i]));
        i += 1;
    }
    let (power, _) = pow_p58(uv7);
    let mut root = power;
    let mut square = [<F::Vector as Vector>::mask(token, 0); N];
    let sqrt_minus_one = F::splat(token, &SQRT_MINUS_ONE);
    i = 0;
    while i < N {
        let r = uv3[i].mul(power[i]);
        let check = v[i].mul(r.square());
        let plus = equal(check, u[i]);
        let minus = is_zero(check.add(u[i]));
        root[i] = F::select(minus, r.mul(sqrt_minus_one), r);
        square[i] = plus.or(minus);
        i += 1;
    }
    (root, square)
}
