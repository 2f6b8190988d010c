//! Half-size scalars: for k, a pair (u, v) of some 128 bits each with v ≡ u·k (mod 8L), a vector at a time.
//!
//! # Contract
//! For k below 2^253: u odd, 0 < |u|, |v| < 2^140, v ≡ u·k (mod 8L), in the lanes of `found`; the others have no pair
//! that is short enough. Which pair it is decides no verdict: any will do. The relation holds modulo 8L, the order of the
//! whole group, and u is a unit modulo 8L, so that \[u\]P = 0 says P = 0 for any point P of the curve, torsion and all. A
//! relation modulo L would not, nor would an even u.
//!
//! # Derivation
//! The extended Euclidean algorithm on (8L, k) with quotients rounded to nearest: every remainder r comes with a cofactor
//! t, r ≡ t·k, and two neighbours satisfy |r₀·t₁ − r₁·t₀| = 8L. It stops at the first |r₁| ≤ 2^127.5. If t₁ is odd, (t₁, r₁)
//! is the pair; otherwise t₀ is odd, since neighbours are coprime, and so is t₀ − q·t₁ for every q: the one is taken that
//! makes t₀ − q·t₁ and r₀ − q·r₁ about the same size. Of 16,000 random k, 0.15 % gave more than 131 bits, and a pair of
//! more than 140 is rarer than 2^−20; a k that is hashed cannot be chosen freely, and what it costs is one
//! verification by another path.
//!
//! As in Lehmer's algorithm, the quotients come from the leading 53 bits, a round of up to 12 steps at a time, and what
//! they add up to, a matrix of coefficients of at most 2^25, is applied to the whole numbers. A wrong quotient costs size and
//! nothing else: every step is unimodular, whatever q, and all arithmetic on whole numbers is exact.
//!
//! # Representation and bounds
//! Everything is in doubles, which every instruction set has: limbs of 26 bits with signs, at most 2^25 + 1 in size after a
//! carry. A product with a coefficient is below 2^51, and the sum of two below 2^52: exact. No multiply-add is fused, so
//! that all backends compute the same pair.
//!
//! # Sources
//! Antipa, Brown, Gallant, Lambert, Struik, Vanstone, "Accelerated Verification of ECDSA Signatures" (SAC 2005); Lehmer,
//! "Euclid's Algorithm for Large Numbers" (1938).
//!
//! # Rejected
//! The same in arrays of doubles left to the compiler: it vectorised neither the steps nor the selections, 370 ns a
//! signature against 70.

use super::ORDER;
use crate::simd::{Doubles, Kernel, LaneMask, MAX_LANES, Vector};
use core::marker::PhantomData;

#[cfg(test)]
#[path = "half_tests.rs"]
mod tests;

const LIMB: usize = 26;
/// Limbs of a remainder, below 2^256.
const R_LIMBS: usize = 10;
/// Limbs of a cofactor, below 2^155.
const T_LIMBS: usize = 6;
/// Limbs of a remainder that is a result: 182 bits, the rest must be zero.
const V_LIMBS: usize = 7;
/// Steps of a round. Ten reduce a number by 25 bits on average; steps that a lane may not take change nothing.
const STEPS: usize = 12;
/// Rounds, of which six are usual. Only a lane whose quotients are beyond 2^25 is not done by then.
const ROUNDS: usize = 10;
/// Bits of u and v.
pub const HALF_BITS: usize = 140;

/// The double 2^exponent.
const fn power(exponent: i32) -> u64 {
    ((1023 + exponent) as u64) << 52
}

const ONE: u64 = power(0);
/// 1.5·2^52: adding it and taking it away rounds to an integer.
const ROUND: u64 = power(52) | 1 << 51;
const MAX_COEFFICIENT: u64 = power(25);
/// 2^127.5.
const STOP: u64 = 0x47e6_a09e_667f_3bcd;
const SIGN: u64 = 1 << 63;

/// A vector of integers, word by word.
pub type Words = [[u64; MAX_LANES]; 4];

/// Finds the pairs of `N` vectors side by side, which hide each other's divisions.
#[derive(Clone, Copy, Debug)]
pub struct Halve<'a, V, const N: usize> {
    /// k, below 2^253.
    pub scalars: [&'a Words; N],
    /// The vector that it runs on.
    pub vector: PhantomData<V>,
}

/// What [`Halve`] found.
#[derive(Clone, Copy, Debug)]
pub struct Halves {
    /// |u|.
    pub u: Words,
    /// |v|.
    pub v: Words,
    /// The lanes where u·v is negative.
    pub negative: u8,
    /// The lanes that have a pair.
    pub found: u8,
    /// The bits of the longest |u| or |v| of all lanes, or 128 if that is more.
    pub bits: usize,
}

/// u·s modulo L, for |u| below 2^192.
#[inline]
pub fn multiply(u: &[u64; 3], s: &[u64; 4]) -> [u64; 4] {
    let mut product = [0; 8];
    let mut i = 0;
    while i < 3 {
        let mut carry = 0;
        let mut j = 0;
        while j < 4 {
            (product[i + j], carry) = super::mac(product[i + j], u[i], s[j], carry);
            j += 1;
        }
        product[i + 4] = carry;
        i += 1;
    }
    super::reduce_wide(&product)
}

#[derive(Clone, Copy)]
struct Constants<V> {
    radix: V,
    per_radix: V,
    round: V,
    sign: V,
}

#[inline(always)]
fn magnitude<V: Vector>(x: V) -> V {
    x.shl::<1>().shr::<1>()
}

#[inline(always)]
fn round<V: Doubles>(x: V, c: &Constants<V>) -> V {
    x.add_f64(c.round).sub_f64(c.round)
}

/// Limbs of an integer below 2^256, from 0 to 2^26 − 1.
#[inline(always)]
fn limbs_of<V: Doubles>(words: [V; 4], c: &Constants<V>) -> [V; R_LIMBS] {
    let mask = V::splat(words[0].token(), (1 << LIMB) - 1);
    let mut limbs = words;
    let mut out = [words[0]; R_LIMBS];
    let mut i = 0;
    while i < R_LIMBS {
        let (word, shift) = (LIMB * i / 64, (LIMB * i % 64) as u32);
        limbs[0] = words[word].shr_by(shift);
        if shift as usize > 64 - LIMB && word < 3 {
            limbs[0] = limbs[0].or(words[word + 1].shl_by(64 - shift));
        }
        // 1.5·2^52 with an integer in its low bits is that much more.
        out[i] = limbs[0].and(mask).or(c.round).sub_f64(c.round);
        i += 1;
    }
    out
}

/// Limbs below 2^52 in size to limbs of at most 2^25 + 1; the uppermost keeps what comes.
#[inline(always)]
fn carry<V: Doubles, const L: usize>(x: &mut [V; L], c: &Constants<V>) {
    if cfg!(debug_assertions) {
        check_sizes(x, power(52));
    }
    let mut i = 0;
    while i + 1 < L {
        let up = round(x[i].mul_f64(c.per_radix), c);
        x[i] = x[i].sub_f64(up.mul_f64(c.radix));
        x[i + 1] = x[i + 1].add_f64(up);
        i += 1;
    }
    if cfg!(debug_assertions) {
        check_sizes(x, power(26));
    }
}

// Out of line, or the assertions would be most of the code of a debug build.
#[inline(never)]
fn check_sizes<V: Vector>(limbs: &[V], bound: u64) {
    for &limb in limbs {
        assert!(magnitude(limb).all_below(bound), "a limb or a column is too large");
    }
}

/// The number, rounded.
#[inline(always)]
fn value<V: Doubles, const L: usize>(x: &[V; L], c: &Constants<V>) -> V {
    let mut out = x[L - 1];
    let mut i = L - 1;
    while i > 0 {
        i -= 1;
        out = out.mul_f64(c.radix).add_f64(x[i]);
    }
    out
}

/// a·x + b·y.
#[inline(always)]
fn combine<V: Doubles, const L: usize>(a: V, x: &[V; L], b: V, y: &[V; L], c: &Constants<V>) -> [V; L] {
    let mut out = *x;
    let mut i = 0;
    while i < L {
        out[i] = a.mul_f64(x[i]).add_f64(b.mul_f64(y[i]));
        i += 1;
    }
    carry(&mut out, c);
    out
}

/// |x| in three words, and the sign bit where x is negative.
#[inline(always)]
fn words_of<V: Doubles, const L: usize>(mut x: [V; L], c: &Constants<V>) -> ([V; 3], V) {
    let token = x[0].token();
    let zero = V::splat(token, 0);
    let sign = value(&x, c).and(c.sign);
    let mask = V::splat(token, (1 << LIMB) - 1);
    // Keeps the sums positive, so that a shift divides.
    let bias = V::splat(token, 1 << 40);
    let less = V::splat(token, 1 << (40 - LIMB));
    let mut limbs = [zero; V_LIMBS];
    let mut carry = zero;
    let mut i = 0;
    while i < L {
        // The difference of the bit patterns is the integer.
        x[i] = x[i].xor(sign).add_f64(c.round).sub(c.round).add(carry).add(bias);
        carry = x[i].shr::<{ LIMB as i32 }>().sub(less);
        limbs[i] = x[i].and(mask);
        i += 1;
    }
    let w0 = limbs[0].or(limbs[1].shl::<26>()).or(limbs[2].shl::<52>());
    let w1 = limbs[2].shr::<12>().or(limbs[3].shl::<14>()).or(limbs[4].shl::<40>());
    let w2 = limbs[4].shr::<24>().or(limbs[5].shl::<2>()).or(limbs[6].shl::<28>());
    ([w0, w1, w2], sign)
}

/// Remainders and cofactors of one vector.
#[derive(Clone, Copy)]
struct State<V> {
    r0: [V; R_LIMBS],
    r1: [V; R_LIMBS],
    t0: [V; T_LIMBS],
    t1: [V; T_LIMBS],
}

impl<V: Doubles> State<V> {
    #[inline(always)]
    fn start(k: &Words, c: &Constants<V>) -> Self {
        let token = c.round.token();
        const ORDER8: [u64; 4] =
            [ORDER[0] << 3, ORDER[1] << 3 | ORDER[0] >> 61, ORDER[1] >> 61, ORDER[3] << 3];
        let (mut order, mut words) = ([V::splat(token, 0); 4], [V::splat(token, 0); 4]);
        let mut i = 0;
        while i < 4 {
            order[i] = V::splat(token, ORDER8[i]);
            words[i] = V::load(token, &k[i]);
            i += 1;
        }
        let (mut r0, mut r1) = (limbs_of(order, c), limbs_of(words, c));
        carry(&mut r0, c);
        carry(&mut r1, c);
        let t0 = [V::splat(token, 0); T_LIMBS];
        let mut t1 = t0;
        t1[0] = V::splat(token, ONE);
        Self { r0, r1, t0, t1 }
    }

    /// (r₀, r₁) becomes (a·r₀ + b·r₁, c·r₀ + d·r₁), and so the cofactors.
    #[inline(always)]
    fn apply(&mut self, matrix: [V; 4], c: &Constants<V>) {
        let [ma, mb, mc, md] = matrix;
        (self.r0, self.r1) = (combine(ma, &self.r0, mb, &self.r1, c), combine(mc, &self.r0, md, &self.r1, c));
        (self.t0, self.t1) = (combine(ma, &self.t0, mb, &self.t1, c), combine(mc, &self.t0, md, &self.t1, c));
    }

    /// Makes t₁ odd.
    #[inline(always)]
    fn odd(&mut self, c: &Constants<V>) {
        let token = c.round.token();
        let (zero, one) = (V::splat(token, 0), V::splat(token, ONE));
        let most = V::splat(token, MAX_COEFFICIENT);
        let half = self.t1[0].mul_f64(V::splat(token, power(-1)));
        let even = round(half, c).equal(half);
        let (x0, x1) = (value(&self.r0, c), value(&self.r1, c));
        let (y0, y1) = (value(&self.t0, c), value(&self.t1, c));
        let size = magnitude(x0).sub_f64(magnitude(y0)).div_f64(magnitude(x1).add_f64(magnitude(y1)));
        let size = V::select(most.less(magnitude(size)), most, round(size, c));
        // −q, whose sign makes r₀ − q·r₁ the smaller one.
        let minus_q = size.xor(x0.xor(x1).and(c.sign)).xor(c.sign);
        let (keep, add) = (V::select(even, one, zero), V::select(even, minus_q, one));
        self.r1 = combine(keep, &self.r0, add, &self.r1, c);
        self.t1 = combine(keep, &self.t0, add, &self.t1, c);
    }

    #[inline(always)]
    fn finish(&self, c: &Constants<V>) -> Halves {
        let token = c.round.token();
        let zero = V::splat(token, 0);
        let mut low = [zero; V_LIMBS];
        let mut rest = zero;
        let mut i = 0;
        while i < R_LIMBS {
            if i < V_LIMBS {
                low[i] = self.r1[i];
            } else {
                rest = rest.or(magnitude(self.r1[i]));
            }
            i += 1;
        }
        let (u, u_sign) = words_of(self.t1, c);
        let (v, v_sign) = words_of(low, c);
        let high = u[2].or(v[2]);
        let odd = u[0].and(V::splat(token, 1)).equal(zero).not();
        let short = high.less(V::splat(token, 1 << (HALF_BITS - 128)));
        let found = rest.equal(zero).and(short).and(odd);
        let mut out = Halves {
            u: [[0; MAX_LANES]; 4],
            v: [[0; MAX_LANES]; 4],
            negative: u_sign.xor(v_sign).equal(zero).not().bits(),
            found: found.bits(),
            bits: 0,
        };
        i = 0;
        while i < 3 {
            V::select(found, u[i], zero).store(&mut out.u[i]);
            V::select(found, v[i], zero).store(&mut out.v[i]);
            i += 1;
        }
        let mut all = 0;
        i = 0;
        while i < V::LANES {
            all |= out.u[2][i] | out.v[2][i];
            i += 1;
        }
        out.bits = 192 - all.leading_zeros() as usize;
        out
    }
}

impl<V: Doubles, const N: usize> Kernel<V::Token> for Halve<'_, V, N> {
    type Output = [Halves; N];

    #[inline(always)]
    fn run(self, token: V::Token) -> [Halves; N] {
        let c = Constants {
            radix: V::splat(token, power(LIMB as i32)),
            per_radix: V::splat(token, power(-(LIMB as i32))),
            round: V::splat(token, ROUND),
            sign: V::splat(token, SIGN),
        };
        let (zero, one, stop, most) = (
            V::splat(token, 0),
            V::splat(token, ONE),
            V::splat(token, STOP),
            V::splat(token, MAX_COEFFICIENT),
        );
        let mut states = [State::start(self.scalars[0], &c); N];
        let mut n = 1;
        while n < N {
            states[n] = State::start(self.scalars[n], &c);
            n += 1;
        }
        let mut rounds = 0;
        while rounds < ROUNDS {
            let (mut x0, mut x1) = ([zero; N], [zero; N]);
            let (mut ma, mut mb, mut mc, mut md) = ([one; N], [zero; N], [zero; N], [one; N]);
            let mut left = 0;
            n = 0;
            while n < N {
                (x0[n], x1[n]) = (value(&states[n].r0, &c), value(&states[n].r1, &c));
                left |= stop.less(magnitude(x1[n])).bits();
                n += 1;
            }
            if left == 0 {
                break;
            }
            let mut step = 0;
            while step < STEPS {
                n = 0;
                while n < N {
                    let q = round(x0[n].div_f64(x1[n]), &c);
                    let x = x0[n].sub_f64(q.mul_f64(x1[n]));
                    let a = ma[n].sub_f64(q.mul_f64(mc[n]));
                    let b = mb[n].sub_f64(q.mul_f64(md[n]));
                    // Positive doubles compare as integers. A quotient of 0/0 or beyond rounding fails here too.
                    let large = most.less(magnitude(a)).or(most.less(magnitude(b)));
                    let stay = magnitude(x1[n]).less(stop).or(large);
                    x0[n] = V::select(stay, x0[n], x1[n]);
                    x1[n] = V::select(stay, x1[n], x);
                    ma[n] = V::select(stay, ma[n], mc[n]);
                    mb[n] = V::select(stay, mb[n], md[n]);
                    mc[n] = V::select(stay, mc[n], a);
                    md[n] = V::select(stay, md[n], b);
                    n += 1;
                }
                step += 1;
            }
            n = 0;
            while n < N {
                states[n].apply([ma[n], mb[n], mc[n], md[n]], &c);
                n += 1;
            }
            rounds += 1;
        }
        states[0].odd(&c);
        let mut out = [states[0].finish(&c); N];
        n = 1;
        while n < N {
            states[n].odd(&c);
            out[n] = states[n].finish(&c);
            n += 1;
        }
        out
    }
}
