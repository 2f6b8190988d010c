//! Five limbs of 52 bits multiplied in double precision: for AVX2 with FMA, and emulated.
//!
//! # Representation
//! That of `radix52`, whose sums, differences and carries run here as they are; but an element holds its limbs as
//! doubles. All bounds of values hold. A wide value is five columns of integers.
//!
//! # Products
//! With round-to-nearest, C = 2^104 and M = 1.5·2^52, for limbs a, b below 2^52:
//! - hi = fma(a, b, C) = C + 2^52·h, since doubles from 2^104 to 2^105 are multiples of 2^52; h = round(a·b / 2^52);
//! - rest = fma(F, G, −hi) = M − 2^52·h, exact, as F·G = C + M. C + M itself is no double (it has 54 bits), which is why
//!   such products are mostly made of limbs of 51 bits, with signs, or in another rounding mode;
//! - lo = fma(a, b, rest) = M + l with l = a·b − 2^52·h, within ±2^51: exact.
//!
//! Read as integers, hi and lo are the bits of C and M plus h and l. They are added up by column, h one column up; what
//! columns start from takes the bits of C and M away.
//!
//! l has a sign. So every column but the topmost starts from `LEND`, which the next one returns, and stays positive.
//! The square of an element takes its cross products once and doubles their columns: a limb of 53 bits would not do.
//!
//! # Reduction
//! Montgomery's quotient by a limb of P-256 or SM2 is the column itself. It is not even masked, but for the last one: a
//! quotient of 2^61 adds less than 2^-40·m. The powers of two in m are shifts, by whole bytes where one shuffle can then
//! make two terms: 16 and 13 operations a limb. secp256k1 multiplies its upper half by 2^260 mod p, 37 bits.
//!
//! # Cost, in operations of a vector of four
//! | | product, square | reduction | carry, to doubles |
//! |---|---|---|---|
//! | P-256 | 125, 83 | 83 | 12 + 10 |
//! | SM2 | 125, 83 | 68 | 12 + 10 |
//! | secp256k1 | 125, 83 | 70 | 12 + 10 |
//! | an order | 125, 83 | 235 | 12 + 10 |
//!
//! # Bounds
//! A column of a product or of two is below 2.5·2^56 before the reduction and below 5·2^56 after, so that three of them
//! are a subtrahend, as many as a formula has. Debug builds assert both.
//!
//! # Rejected
//! See docs/decisions/weierstrass-avx2.md: `vpmuludq`, 51-bit limbs, other ways to the rest.

use super::radix52::{assert_below, carried, difference, negated, sum};
use super::{Limbs, MASK52, Modulus, PrimeLanes};
use crate::simd::{FloatMultiply, Vector, step};
use core::marker::PhantomData;

/// Five limbs modulo `M`, as doubles.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Radix52Fma<V, M>([V; 5], PhantomData<M>);

/// 2^52: the double whose significand's lowest bit is 1.
const UNIT: f64 = (1u64 << 52) as f64;
/// C.
const HIGH: f64 = UNIT * UNIT;
/// M.
const LOW: f64 = 1.5 * UNIT;
/// F and G: 5·2^51 and (2^53 + 3)/5.
const FACTORS: [u64; 2] = [5 << 51, ((1 << 53) + 3) / 5];
const _: () = assert!(FACTORS[0] as u128 * FACTORS[1] as u128 == (1 << 104) + (3 << 51));

/// What columns 0 to 8 lend to themselves.
const LEND: u64 = 3 << 55;
/// What columns 0 to 8 of two products are below.
const BEFORE: u64 = 5 << 55;
/// What columns 0 to 3 of a reduced sum of two products are below.
const AFTER: u64 = 5 << 56;

/// Products of limbs in each column.
const TERMS: [u64; 10] = [1, 2, 3, 4, 5, 4, 3, 2, 1, 0];

/// 2^256 − m of a modulus just below 2^256.
const fn complement<M: Modulus>() -> u64 {
    (1 << 52) - M::LIMBS[0]
}

/// What the columns of so many products start from.
const fn start<M: Modulus>(products: u64) -> [u64; 10] {
    let mut out = [0u64; 10];
    let mut k = 0;
    while k < 9 {
        out[k] = out[k].wrapping_add(LEND).wrapping_sub((products * TERMS[k]).wrapping_mul(LOW.to_bits()));
        out[k + 1] =
            0u64.wrapping_sub(LEND >> 52).wrapping_sub((products * TERMS[k]).wrapping_mul(HIGH.to_bits()));
        k += 1;
    }
    if !M::MONTGOMERY {
        // The upper half is taken apart by itself and must not be negative: what column 4 lends, column 0 returns.
        out[5] = out[5].wrapping_add(LEND >> 52);
        out[0] = out[0].wrapping_sub((LEND >> 52) * 16 * complement::<M>());
    }
    out
}

/// The same for columns of cross products, of which 1 to 8 are doubled.
const fn halved(mut start: [u64; 10]) -> [u64; 10] {
    let mut k = 1;
    while k < 9 {
        assert!(start[k].is_multiple_of(2));
        start[k] /= 2;
        k += 1;
    }
    start
}

#[inline(always)]
fn splat<V: Vector>(like: V, value: u64) -> V {
    V::splat(like.token(), value)
}

#[inline(always)]
fn columns<V: Vector>(like: V, start: [u64; 10]) -> [V; 10] {
    let mut out = [like; 10];
    let mut k = 0;
    while k < 10 {
        out[k] = splat(like, start[k]);
        k += 1;
    }
    out
}

/// The constants of a product.
#[derive(Clone, Copy)]
struct Splitter<V> {
    high: V,
    factors: [V; 2],
}

impl<V: FloatMultiply> Splitter<V> {
    #[inline(always)]
    fn new(like: V) -> Self {
        Self {
            high: splat(like, HIGH.to_bits()),
            factors: [
                splat(like, const { (FACTORS[0] as f64).to_bits() }),
                splat(like, const { (FACTORS[1] as f64).to_bits() }),
            ],
        }
    }
    /// The bits of C + 2^52·h and of M + l.
    #[inline(always)]
    fn split(&self, a: V, b: V) -> (V, V) {
        let high = a.fused(b, self.high);
        let rest = self.factors[0].fused_sub(self.factors[1], high);
        (high, a.fused(b, rest))
    }
    /// h and l, as integers with a sign.
    #[inline(always)]
    fn integers(&self, a: V, b: V) -> (V, V) {
        let (high, low) = self.split(a, b);
        (high.sub(splat(high, HIGH.to_bits())), low.sub(splat(low, LOW.to_bits())))
    }
}

/// Integers below 2^52 as doubles.
#[inline(always)]
fn double<V: FloatMultiply>(x: V) -> V {
    let unit = splat(x, UNIT.to_bits());
    x.or(unit).sub_f64(unit)
}

/// Adds products of limbs to columns, those of one column after the other: a limb of the first factor is not touched
/// again before the sums of a column are made, or LLVM would put off all sums and spill what they add.
macro_rules! products {
    ($columns:ident; $($($a:ident[$i:literal] * $b:ident[$j:literal]),* => $limbs:ident, $k:literal;)*) => {{
        let splitter = Splitter::new($columns[0]);
        $(
            $(
                let (high, low) = splitter.split($a[$i], $b[$j]);
                $columns[$i + $j] = $columns[$i + $j].add(low);
                $columns[$i + $j + 1] = $columns[$i + $j + 1].add(high);
            )*
            $limbs = V::after($limbs, $columns[$k]);
            $limbs = V::after($limbs, $columns[$k + 1]);
        )*
        $(let _ = $limbs;)*
    }};
}

step! {
    /// c + a·b, the products of columns 0 to 3. The limbs of a come back, for the others to be added after these.
    fn multiply_lower[V: FloatMultiply](c: [V; 10], a: [V; 5], b: [V; 5]) -> ([V; 10], [V; 5]) {
        assert_below(&a, UNIT.to_bits());
        assert_below(&b, UNIT.to_bits());
        let (mut c, mut a) = (c, a);
        products!(c;
            a[0] * b[0] => a, 0;
            a[0] * b[1], a[1] * b[0] => a, 1;
            a[0] * b[2], a[1] * b[1], a[2] * b[0] => a, 2;
            a[0] * b[3], a[1] * b[2], a[2] * b[1], a[3] * b[0] => a, 3;
        );
        (c, a)
    }

    /// The products of the other columns.
    fn multiply_upper[V: FloatMultiply](c: [V; 10], a: [V; 5], b: [V; 5]) -> [V; 10] {
        let (mut c, mut a) = (c, a);
        products!(c;
            a[0] * b[4], a[1] * b[3], a[2] * b[2], a[3] * b[1], a[4] * b[0] => a, 4;
            a[1] * b[4], a[2] * b[3], a[3] * b[2], a[4] * b[1] => a, 5;
            a[2] * b[4], a[3] * b[3], a[4] * b[2] => a, 6;
            a[3] * b[4], a[4] * b[3] => a, 7;
            a[4] * b[4] => a, 8;
        );
        c
    }

    /// The columns of cross products of a², not doubled, on what they started from, halved.
    fn square_crosses[V: FloatMultiply](c: [V; 10], a: [V; 5]) -> ([V; 10], [V; 5]) {
        assert_below(&a, UNIT.to_bits());
        let mut c = c;
        let mut b = a;
        products!(c;
            b[0] * a[1] => b, 1;
            b[0] * a[2] => b, 2;
            b[0] * a[3], b[1] * a[2] => b, 3;
            b[0] * a[4], b[1] * a[3] => b, 4;
        );
        (c, b)
    }

    /// The others of them, and all doubled. b is a.
    fn square_doubled[V: FloatMultiply](c: [V; 10], a: [V; 5], b: [V; 5]) -> ([V; 10], [V; 5]) {
        let (mut c, mut b) = (c, b);
        products!(c;
            b[1] * a[4], b[2] * a[3] => b, 5;
            b[2] * a[4] => b, 6;
            b[3] * a[4] => b, 7;
        );
        let mut k = 1;
        while k < 9 {
            c[k] = c[k].add(c[k]);
            k += 1;
        }
        (c, b)
    }

    /// The squares of limbs. b is a.
    fn square_diagonal[V: FloatMultiply](c: [V; 10], a: [V; 5], b: [V; 5]) -> [V; 10] {
        let (mut c, mut b) = (c, b);
        products!(c;
            b[0] * a[0] => b, 0;
            b[1] * a[1] => b, 2;
            b[2] * a[2] => b, 4;
            b[3] * a[3] => b, 6;
            b[4] * a[4] => b, 8;
        );
        c
    }

    fn reduce[V: FloatMultiply, M: Modulus](c: [V; 10]) -> [V; 5] {
        assert_below(&c[..9], BEFORE);
        let out = M::reduce_doubles(c);
        assert_below(&out[..4], AFTER);
        out
    }
}

/// c + a·b.
#[inline(always)]
fn multiply<V: FloatMultiply>(c: [V; 10], a: [V; 5], b: [V; 5]) -> [V; 10] {
    let (c, a) = multiply_lower(c, a, b);
    multiply_upper(c, a, b)
}

/// a², and what columns started from, halved.
#[inline(always)]
fn square<V: FloatMultiply>(c: [V; 10], a: [V; 5]) -> [V; 10] {
    let (c, b) = square_crosses(c, a);
    let (c, b) = square_doubled(c, a, b);
    square_diagonal(c, a, b)
}

/// For each of five limbs, from the lowest: the quotient, whether it is the last.
macro_rules! rounds {
    ($c:ident, $i:ident, $quotient:ident, $last:ident, $body:block) => {{
        rounds!(@ $c, $i, $quotient, $last, $body; 0 1 2 3 4);
    }};
    (@ $c:ident, $i:ident, $quotient:ident, $last:ident, $body:block; $($value:literal)*) => { $({
        const $i: usize = $value;
        const $last: bool = $value == 4;
        let $quotient = if $last {
            $c[$i + 1] = $c[$i + 1].add($c[$i].shr::<52>());
            $c[$i].and(splat($c[$i], MASK52))
        } else {
            $c[$i]
        };
        $body
    })* };
}

/// q·(2^32 − 1) = y·2^40 + z, |z| < 2^40: y and z.
#[inline(always)]
fn less_one<V: FloatMultiply>(q: V) -> (V, V) {
    let upper = q.shr::<8>();
    (
        upper.sub(upper.shr::<32>()),
        // The lowest byte 2^32 up, less the five lowest.
        q.bytes::<0x8080_8000_8080_8080>().sub(q.bytes::<0x8080_8004_0302_0100>()),
    )
}

/// Modulo the prime of P-256: what q adds is q·(2^96 + 2^192 + 2^224·(2^32 − 1)).
#[inline(always)]
pub(super) fn reduce_p256<V: FloatMultiply>(mut c: [V; 10]) -> [V; 5] {
    rounds!(c, I, q, LAST, {
        let low = q.and(splat(q, 0xffff)).shl::<36>();
        if LAST {
            c[I + 1] = c[I + 1].add(q.and(splat(q, 0xff)).shl::<44>());
            c[I + 2] = c[I + 2].add(q.shr::<8>());
        } else {
            // 2^96 is 2^44 of the next column, where 60 bits do no harm; the rest of q, from bit 16, is 2^8 of the one
            // after.
            c[I + 1] = c[I + 1].add(low.shl::<8>());
            c[I + 2] = c[I + 2].add(q.bytes::<0x8007_0605_0403_0280>());
        }
        c[I + 3] = c[I + 3].add(low);
        // 2^192 from bit 16 of q on, with the lowest byte of 2^256; then the five lowest of −2^224.
        c[I + 4] = c[I + 4].add(q.bytes::<0x8000_0706_0504_0302>());
        c[I + 4] = c[I + 4].sub(q.bytes::<0x8004_0302_0100_8080>());
        let upper = q.shr::<8>();
        c[I + 5] = c[I + 5].add(upper.sub(upper.shr::<32>()).shl::<4>());
    });
    [c[5], c[6], c[7], c[8], c[9]]
}

/// Modulo the prime of SM2: what q adds is q·(2^32 − 1)·(2^224 − 2^64).
#[inline(always)]
pub(super) fn reduce_sm2<V: FloatMultiply>(mut c: [V; 10]) -> [V; 5] {
    rounds!(c, I, q, LAST, {
        let _ = LAST;
        let (y, z) = less_one(q);
        c[I + 1] = c[I + 1].sub(z.shl::<12>());
        c[I + 2] = c[I + 2].sub(y);
        c[I + 4] = c[I + 4].add(z.shl::<16>());
        c[I + 5] = c[I + 5].add(y.shl::<4>());
    });
    [c[5], c[6], c[7], c[8], c[9]]
}

/// Modulo 2^256 − `fold`, `fold` below 2^48: the upper five limbs times 16·`fold`, and what is then above 2^256 once
/// more.
#[inline(always)]
pub(super) fn reduce_special<V: FloatMultiply>(mut c: [V; 10], fold: u64) -> [V; 5] {
    let splitter = Splitter::new(c[0]);
    let mask = splat(c[0], MASK52);
    let by = splat(c[0], ((16 * fold) as f64).to_bits());
    let mut over = c[0];
    let mut i = 0;
    while i < 5 {
        let limb = if i < 4 {
            c[i + 6] = c[i + 6].add(c[i + 5].shr::<52>());
            c[i + 5].and(mask)
        } else {
            c[i + 5]
        };
        assert_below(&[limb], 1 << 52);
        let (high, low) = splitter.integers(double(limb), by);
        c[i] = c[i].add(low);
        if i < 4 {
            c[i + 1] = c[i + 1].add(high);
        } else {
            over = high;
        }
        i += 1;
    }
    let over = c[4].shr::<48>().add(over.shl::<4>());
    let (high, low) = splitter.integers(double(over), splat(c[0], (fold as f64).to_bits()));
    [c[0].add(low), c[1].add(high), c[2], c[3], c[4].and(splat(c[0], MASK52 >> 4))]
}

/// Montgomery's reduction by any modulus. `inverse` is −1/m modulo 2^52.
#[inline(always)]
pub(super) fn reduce_any<V: FloatMultiply>(mut c: [V; 10], m: &Limbs, inverse: u64) -> [V; 5] {
    let splitter = Splitter::new(c[0]);
    let mask = splat(c[0], MASK52);
    let inverse = splat(c[0], (inverse as f64).to_bits());
    let mut i = 0;
    while i < 5 {
        let (_, low) = splitter.integers(double(c[i].and(mask)), inverse);
        let q = double(low.and(mask));
        let mut j = 0;
        while j < 5 {
            let (high, low) = splitter.integers(q, splat(q, (m[j] as f64).to_bits()));
            c[i + j] = c[i + j].add(low);
            c[i + j + 1] = c[i + j + 1].add(high);
            j += 1;
        }
        // A multiple of 2^52 above −2^52.
        c[i + 1] = c[i + 1].add(c[i].shr::<52>());
        i += 1;
    }
    [c[5], c[6], c[7], c[8], c[9]]
}

/// x·`by`, of an x below 2^8 and a `by` below 2^52.
#[inline(always)]
pub(super) fn small_product<V: FloatMultiply>(x: V, by: u64) -> V {
    let low = x.mul32(splat(x, by & 0xffff_ffff));
    low.add(x.mul32(splat(x, by >> 32)).shl::<32>())
}

step! {
    /// Limbs below 2^52.
    fn doubles[V: FloatMultiply](limbs: [V; 5]) -> [V; 5] {
        let mut out = limbs;
        let mut i = 0;
        while i < 5 {
            out[i] = double(limbs[i]);
            i += 1;
        }
        out
    }

    fn integers[V: FloatMultiply](limbs: [V; 5]) -> [V; 5] {
        let unit = splat(limbs[0], UNIT.to_bits());
        let mask = splat(limbs[0], MASK52);
        let mut out = limbs;
        let mut i = 0;
        while i < 5 {
            out[i] = limbs[i].add_f64(unit).and(mask);
            i += 1;
        }
        out
    }

    fn folded[V: FloatMultiply, M: Modulus](c: [V; 5]) -> [V; 5] {
        assert_below(&c[4..], 1 << 53);
        let folded = carried(M::fold_doubles(c));
        assert_below(&folded[4..], (1 << 48) + (1 << 32));
        doubles(folded)
    }
}

impl<V: FloatMultiply, M: Modulus> Radix52Fma<V, M> {
    #[inline(always)]
    const fn new(limbs: [V; 5]) -> Self {
        Self(limbs, PhantomData)
    }
}

impl<V: FloatMultiply, M: Modulus> PrimeLanes for Radix52Fma<V, M> {
    type Token = V::Token;
    type Vector = V;
    type Modulus = M;
    type Wide = [V; 5];

    #[inline(always)]
    fn from_limbs(limbs: [V; 5]) -> Self {
        assert_below(&limbs, 1 << 52);
        Self::new(doubles(limbs))
    }
    #[inline(always)]
    fn to_limbs(self) -> [V; 5] {
        integers(self.0)
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
        integers(self.0)
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
        reduce::<V, M>(multiply(columns(self.0[0], const { start::<M>(1) }), self.0, other.0))
    }
    #[inline(always)]
    fn square_wide(self) -> [V; 5] {
        reduce::<V, M>(square(columns(self.0[0], const { halved(start::<M>(1)) }), self.0))
    }
    #[inline(always)]
    fn mul_add_mul(a: Self, b: Self, c: Self, d: Self) -> [V; 5] {
        let columns = columns(a.0[0], const { start::<M>(2) });
        reduce::<V, M>(multiply(multiply(columns, a.0, b.0), c.0, d.0))
    }
    #[inline(always)]
    fn mul_add_square(a: Self, b: Self, c: Self) -> [V; 5] {
        let columns = columns(a.0[0], const { halved(start::<M>(2)) });
        reduce::<V, M>(multiply(square(columns, c.0), a.0, b.0))
    }
    #[inline(always)]
    fn join<const N: usize>(wides: [[V; 5]; N]) -> [[V; 5]; N] {
        // Sixteen registers hold one product, not two: the processor overlaps them.
        wides
    }
    #[inline(always)]
    fn carry(wide: [V; 5]) -> Self {
        Self::new(doubles(carried(wide)))
    }
    #[inline(always)]
    fn fold(wide: [V; 5]) -> Self {
        Self::new(folded::<V, M>(wide))
    }
}
