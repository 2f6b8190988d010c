//! The fields of integers modulo a 256-bit prime, a vector of elements at a time: the coordinates and the
//! scalars of P-256, secp256k1 and SM2.
//!
//! Contract. [`PrimeLanes`] is one vector of elements modulo [`PrimeLanes::Modulus`] in some representation.
//! Every representation can be read and written as five limbs of 52 bits ([`PrimeLanes::to_limbs`]), and a
//! modulus says whether its elements stand there in Montgomery form, x·2^260 ([`Modulus::MONTGOMERY`]): the
//! form of tables and constants, the same for every representation.
//!
//! Bounds, in units of m, the modulus. A value is an integer, not a residue:
//! - **element**: the output of `carry` and `fold`: 0 ≤ value < 2^260, about 16·m. Input of everything.
//! - **folded**: value < 1.01·m: the output of `fold` and `from_limbs` of canonical limbs.
//! - **wide**: sums and differences not yet carried. `sub_wide::<K>` adds K·m, which must exceed the
//!   subtrahend; the caller knows the bounds of both. A sum of up to twelve products fits; a subtrahend of up to
//!   three (six where integers are multiplied).
//! - A product of elements below a·m and b·m is below (a·b/16 + 1)·m as wide, and a sum of two products below
//!   the sum of both less m; a·b + c·d must stay below 256.
//!
//! Adding and subtracting before carrying is what makes point formulas cheap, as for 2^255 − 19. Debug builds
//! assert the bounds of limbs on every operation, and through the topmost limb those of values.

mod inverse;
mod moduli;
mod portable;
mod radix52;
mod radix52_fma;
#[cfg(test)]
mod tests;

pub use moduli::{K1Order, K1Prime, Modulus, R1Order, R1Prime, Root, Sm2Order, Sm2Prime};
pub use portable::Radix52Portable;
pub use radix52::Radix52;
pub use radix52_fma::Radix52Fma;

use crate::simd::portable::{Portable, U64x1};
use crate::simd::{FloatMultiply, MultiplyAdd52, Token, Vector};
use core::marker::PhantomData;

/// The low 52 bits.
pub const MASK52: u64 = (1 << 52) - 1;

/// An integer as five limbs, least significant first: Σ limb\[i\]·2^(52·i).
pub type Limbs = [u64; 5];

/// The representations of one instruction set: one for each modulus.
pub trait Family: 'static {
    /// The instruction set that it runs on.
    type Token: Token<Vector = Self::Vector>;
    /// The vector that limbs come in.
    type Vector: Vector<Token = Self::Token>;
    /// Elements modulo `M`.
    type Field<M: Modulus>: PrimeLanes<Token = Self::Token, Vector = Self::Vector, Modulus = M>;
}

/// Five limbs with 52-bit multiply-add.
#[derive(Debug)]
pub struct Ifma<V>(PhantomData<V>);

impl<V: MultiplyAdd52 + 'static> Family for Ifma<V> {
    type Token = V::Token;
    type Vector = V;
    type Field<M: Modulus> = Radix52<V, M>;
}

/// Five limbs multiplied in double precision.
#[derive(Debug)]
pub struct Fma<V>(PhantomData<V>);

impl<V: FloatMultiply + 'static> Family for Fma<V> {
    type Token = V::Token;
    type Vector = V;
    type Field<M: Modulus> = Radix52Fma<V, M>;
}

/// Five limbs in general registers.
#[derive(Debug)]
pub struct General;

impl Family for General {
    type Token = Portable;
    type Vector = U64x1;
    type Field<M: Modulus> = Radix52Portable<M>;
}

/// A vector of elements.
pub trait PrimeLanes: Copy {
    /// The instruction set that it runs on.
    type Token: Token<Vector = Self::Vector>;
    /// The vector that its limbs come in.
    type Vector: Vector<Token = Self::Token>;
    /// The modulus.
    type Modulus: Modulus;
    /// Sums not yet carried.
    type Wide: Copy;

    /// The elements of five limbs below 2^52 each.
    fn from_limbs(limbs: [Self::Vector; 5]) -> Self;
    /// Five limbs below 2^52 each, of the same residue, not canonical.
    fn to_limbs(self) -> [Self::Vector; 5];
    /// By lane: `yes` where the mask is true, else `no`.
    fn select(mask: <Self::Vector as Vector>::Mask, yes: Self, no: Self) -> Self;
    /// By lane: `yes` where the mask is true, else `no`.
    fn select_wide(mask: <Self::Vector as Vector>::Mask, yes: Self::Wide, no: Self::Wide) -> Self::Wide;

    /// self as a sum of one.
    fn widen(self) -> Self::Wide;
    /// a + b.
    fn add_wide(a: Self::Wide, b: Self::Wide) -> Self::Wide;
    /// a − b + K·m.
    fn sub_wide<const K: u64>(a: Self::Wide, b: Self::Wide) -> Self::Wide;
    /// K·m − a.
    fn negate_wide<const K: u64>(a: Self::Wide) -> Self::Wide;
    /// self · other.
    fn mul_wide(self, other: Self) -> Self::Wide;
    /// self².
    fn square_wide(self) -> Self::Wide;
    /// a·b + c·d, reduced once.
    fn mul_add_mul(a: Self, b: Self, c: Self, d: Self) -> Self::Wide;
    /// a·b + c², reduced once.
    fn mul_add_square(a: Self, b: Self, c: Self) -> Self::Wide;
    /// Wide → element; the value must be below 2^260.
    fn carry(wide: Self::Wide) -> Self;
    /// Wide → folded. The value must be at least m/8 and below 2^260, from `sub_wide`.
    fn fold(wide: Self::Wide) -> Self;

    /// The same sums, which the compiler keeps side by side where there are two: each operation on the first then
    /// hides the latency of the same on the second.
    fn join<const N: usize>(wides: [Self::Wide; N]) -> [Self::Wide; N];

    /// self · other.
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self::carry(self.mul_wide(other))
    }
    /// self².
    #[inline(always)]
    fn square(self) -> Self {
        Self::carry(self.square_wide())
    }
    /// 2a.
    #[inline(always)]
    fn twice(a: Self::Wide) -> Self::Wide {
        Self::add_wide(a, a)
    }
    /// The same element in every lane, from limbs in the form of the modulus.
    #[inline(always)]
    fn splat(token: Self::Token, limbs: &Limbs) -> Self {
        Self::from_limbs(splat_limbs::<Self::Vector>(token, limbs))
    }
    /// 1.
    #[inline(always)]
    fn one(token: Self::Token) -> Self {
        Self::splat(token, &Self::Modulus::ONE)
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

/// Limbs of a 256-bit little-endian integer of four words.
#[inline(always)]
pub fn limbs_from_words<V: Vector>(w: [V; 4]) -> [V; 5] {
    let mask = V::splat(w[0].token(), MASK52);
    [
        w[0].and(mask),
        w[0].shr::<52>().or(w[1].shl::<12>()).and(mask),
        w[1].shr::<40>().or(w[2].shl::<24>()).and(mask),
        w[2].shr::<28>().or(w[3].shl::<36>()).and(mask),
        w[3].shr::<16>(),
    ]
}

/// Four little-endian words of limbs of an integer below 2^256; the inverse of the above.
#[inline(always)]
pub fn words_from_limbs<V: Vector>(l: [V; 5]) -> [V; 4] {
    [
        l[0].or(l[1].shl::<52>()),
        l[1].shr::<12>().or(l[2].shl::<40>()),
        l[2].shr::<24>().or(l[3].shl::<28>()),
        l[3].shr::<36>().or(l[4].shl::<16>()),
    ]
}

/// The elements that integers below 2^256 stand for.
#[inline(always)]
pub fn enter<F: PrimeLanes>(words: [F::Vector; 4]) -> F {
    let plain = F::from_limbs(limbs_from_words(words));
    if F::Modulus::MONTGOMERY { plain.mul(F::splat(words[0].token(), &F::Modulus::SQUARE)) } else { plain }
}

/// The integers in [0, m) that elements stand for, as limbs.
#[inline(always)]
pub fn leave<F: PrimeLanes>(x: F) -> [F::Vector; 5] {
    let token = x.to_limbs()[0].token();
    // A product with the integer 1 leaves Montgomery form: below m + 1.
    canonical::<F>(if F::Modulus::MONTGOMERY { x.mul(F::splat(token, &[1, 0, 0, 0, 0])) } else { x })
}

/// The integers in [0, m) congruent to an integer below 2^256 times an element below 8·m, as limbs.
#[inline(always)]
pub fn scale<F: PrimeLanes>(words: [F::Vector; 4], by: F) -> [F::Vector; 5] {
    // The product of an integer and an element in Montgomery form is an integer.
    canonical(F::from_limbs(limbs_from_words(words)).mul(by))
}

/// The limbs of the residue in [0, m), in the form of the modulus.
#[inline(always)]
pub fn canonical<F: PrimeLanes>(x: F) -> [F::Vector; 5] {
    let token = x.to_limbs()[0].token();
    // m added, so that what is folded is not too small.
    let zero = F::splat(token, &[0; 5]);
    let folded = F::fold(F::sub_wide::<1>(x.widen(), zero.widen())).to_limbs();
    // Below 1.01·m + 2^216 or so: m is subtracted at most once.
    let (once, _) = subtract_modulus::<F>(folded);
    once
}

/// x − m where x ≥ m, else x; and the lanes where x < m.
#[inline(always)]
fn subtract_modulus<F: PrimeLanes>(x: [F::Vector; 5]) -> ([F::Vector; 5], <F::Vector as Vector>::Mask) {
    let token = x[0].token();
    let mask = F::Vector::splat(token, MASK52);
    let m = &F::Modulus::LIMBS;
    let mut less = x;
    // Each limb lends 2^52 to itself and returns it one limb up.
    let mut borrow = F::Vector::splat(token, 0);
    let mut i = 0;
    while i < 5 {
        let limb = x[i].add(F::Vector::splat(token, (1 << 52) - m[i])).sub(borrow);
        less[i] = limb.and(mask);
        borrow = F::Vector::splat(token, 1).sub(limb.shr::<52>());
        i += 1;
    }
    let below = borrow.equal(F::Vector::splat(token, 1));
    let mut out = x;
    i = 0;
    while i < 5 {
        out[i] = F::Vector::select(below, x[i], less[i]);
        i += 1;
    }
    (out, below)
}

/// Lanes that are 0 modulo m.
#[inline(always)]
pub fn is_zero<F: PrimeLanes>(x: F) -> <F::Vector as Vector>::Mask {
    let l = canonical(x);
    let any = l[0].or(l[1]).or(l[2]).or(l[3]).or(l[4]);
    any.equal(F::Vector::splat(any.token(), 0))
}

/// Lanes that are equal modulo m; `b` below 8·m, `a` below 7·m.
#[inline(always)]
pub fn equal<F: PrimeLanes>(a: F, b: F) -> <F::Vector as Vector>::Mask {
    is_zero(F::carry(F::sub_wide::<8>(a.widen(), b.widen())))
}

/// The lanes, each moved down by so many places, around.
#[inline(always)]
fn rotate<F: PrimeLanes>(x: F, by: usize) -> F {
    let mut limbs = x.to_limbs();
    let mut i = 0;
    while i < 5 {
        let from = limbs[i].to_array();
        let mut to = from;
        let mut lane = 0;
        while lane < F::Vector::LANES {
            to[lane] = from[(lane + by) % F::Vector::LANES];
            lane += 1;
        }
        limbs[i] = F::Vector::load(limbs[i].token(), &to);
        i += 1;
    }
    F::from_limbs(limbs)
}

/// 1/x, and 0 for 0. Elements below 4·m. The lanes are multiplied together, so that one integer is inverted for all.
#[inline(always)]
pub fn invert<F: PrimeLanes>(x: F) -> F {
    let token = x.to_limbs()[0].token();
    let zero = is_zero(x);
    let mut product = F::select(zero, F::one(token), x);
    // Halves, quarters and eighths of the lanes that a lane is not among.
    let mut others = [product; 3];
    let mut count = 0;
    let mut by = F::Vector::LANES / 2;
    while by > 0 {
        others[count] = rotate(product, by);
        product = product.mul(others[count]);
        count += 1;
        by /= 2;
    }
    let limbs = words_from_limbs(leave(product));
    let mut words = [0; 4];
    let mut i = 0;
    while i < 4 {
        words[i] = limbs[i].to_array()[0];
        i += 1;
    }
    let inverse = inverse::inverse(&words, &F::Modulus::WORDS);
    let mut y = enter::<F>([
        F::Vector::splat(token, inverse[0]),
        F::Vector::splat(token, inverse[1]),
        F::Vector::splat(token, inverse[2]),
        F::Vector::splat(token, inverse[3]),
    ]);
    while count > 0 {
        count -= 1;
        y = y.mul(others[count]);
    }
    F::select(zero, F::splat(token, &[0; 5]), y)
}

/// Inverts every element of a slice in place, with one inversion for all (Montgomery's trick): three
/// multiplications each. No lane of any element may be 0, and each is below 4·m. `before` is scratch of the same length.
#[inline(always)]
pub fn invert_all<F: PrimeLanes>(elements: &mut [F], before: &mut [F]) {
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

/// A square root of `N` vectors side by side, and the lanes that have one, for m ≡ 3 modulo 4:
/// x^((m + 1)/4), by the chain of the modulus. Elements below 7·m.
#[inline(always)]
pub fn sqrt<F: PrimeLanes, const N: usize>(x: [F; N]) -> ([F; N], [<F::Vector as Vector>::Mask; N]) {
    let token = x[0].to_limbs()[0].token();
    let root: &Root = &F::Modulus::ROOT;
    let mut values = [x; Root::STEPS + 1];
    let mut last = 0;
    let mut step = 0;
    while step < root.chain.len() {
        let (from, count, with) = root.chain[step];
        let mut y = values[from as usize];
        let mut c = 0;
        while c < count {
            let mut v = 0;
            while v < N {
                y[v] = y[v].square();
                v += 1;
            }
            c += 1;
        }
        let mut v = 0;
        while v < N {
            y[v] = y[v].mul(values[with as usize][v]);
            v += 1;
        }
        step += 1;
        values[step] = y;
        last = step;
    }
    let mut y = values[last];
    let mut c = 0;
    while c < root.squarings {
        let mut v = 0;
        while v < N {
            y[v] = y[v].square();
            v += 1;
        }
        c += 1;
    }
    let mut square = [F::Vector::mask(token, 0); N];
    let mut v = 0;
    while v < N {
        square[v] = equal(x[v], y[v].square());
        v += 1;
    }
    (y, square)
}
