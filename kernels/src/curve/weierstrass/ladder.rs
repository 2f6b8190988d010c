//! gG + kP, a vector of pairs of scalars at a time.
//!
//! # Method
//! One run of doublings serves both scalars. Each is made odd by adding the order where it is even, and read in
//! signed windows whose digits are odd, ±1 to ±(2^w − 1): with k' = (k + 2^260 − 1)/2 and b the plain windows of
//! k', k = Σ (2b\[i\] − (2^w − 1))·2^(w·i). So no digit is 0, no window adds infinity, and the first one starts
//! the sum. k has 52 windows of 5 bits against the table of P, g 26 of 10 bits against the fixed table of G.
//!
//! With an endomorphism, k is k₁ + k₂·λ, odd halves below 2^130 in size, and both halves of k' are windows of one
//! run of 130 bits; so are those of g, against tables of G and of 2^130·G.
//!
//! # Cost
//! | | doublings | additions |
//! |---|---|---|
//! | P-256, SM2 | 255 | 51 + 26 |
//! | secp256k1 | 125 | 51 + 26 |
//!
//! A doubling is 4 multiplications and 4 squarings (3 and 4 for a = 0), an addition 8 and 3, both with one
//! reduction less.

use super::{Affine, Curve, Jacobian, add, double, each, load_words, table};
use crate::field::prime256::{self, Modulus, PrimeLanes};
use crate::simd::{Kernel, LaneMask, MAX_LANES, Vector};
use core::marker::PhantomData;
use sigwarp_tables::weierstrass::BASE_WIDTH;
use table::WIDTH;

/// Bits of all windows of a scalar.
const BITS: usize = 260;
/// k' of `LANES` scalars, word by word.
pub type Digits = [[u64; MAX_LANES]; 5];

/// Bits of one run of doublings.
const fn run_bits<C: Curve>() -> usize {
    if C::BETA.is_some() { BITS / 2 } else { BITS }
}

/// k' of a scalar that has no endomorphism to use: (k + 2^260 − 1)/2, k odd or k + n.
#[inline]
pub fn odd_digits<C: Curve>(k: &[u64; 4]) -> [u64; 5] {
    let mut sum = [k[0], k[1], k[2], k[3], 0];
    if k[0] & 1 == 0 {
        let n = C::Order::WORDS;
        let mut carry = 0;
        for i in 0..4 {
            let t = u128::from(k[i]) + u128::from(n[i]) + carry;
            sum[i] = t as u64;
            carry = t >> 64;
        }
        sum[4] = carry as u64;
    }
    // (k − 1)/2 + 2^259.
    let mut out = [0; 5];
    for i in 0..5 {
        let next = if i < 4 { sum[i + 1] } else { 0 };
        out[i] = sum[i] >> 1 | next << 63;
    }
    out[4] += 1 << (BITS - 1 - 256);
    out
}

/// k' of the multiple of P.
#[inline]
pub fn point_digits<C: Curve>(k: &[u64; 4]) -> [u64; 5] {
    if C::BETA.is_none() {
        return odd_digits::<C>(k);
    }
    const HALF: usize = BITS / 2;
    let [k1, k2] = C::halves(k).map(|half| {
        // (k + 2^130 − 1)/2 = (k − 1)/2 + 2^129 of a signed k; below 2^130.
        [half[0] >> 1 | half[1] << 63, half[1] >> 1 | half[2] << 63, (half[2] >> 1).wrapping_add(2) & 3]
    });
    const SHIFT: usize = HALF - 128;
    [
        k1[0],
        k1[1],
        k1[2] | k2[0] << SHIFT,
        k2[0] >> (64 - SHIFT) | k2[1] << SHIFT,
        k2[1] >> (64 - SHIFT) | k2[2] << SHIFT,
    ]
}

/// Computes gG + kP of `N` vectors side by side. Of one, each operation waits for the one before.
///
/// Two share doublings alone; they are added to one after the other, in a loop that is not unrolled. With both
/// operations unrolled for two, the code (40 kB for P-256) leaves the instruction cache.
pub struct Ladder<'a, C, F, const N: usize> {
    /// The tables of P, by [`table::Store`].
    pub tables: [&'a [[u64; 8]]; N],
    /// The table of G: [`Curve::BASE`].
    pub base: &'a [[u64; 8]],
    /// k' by [`point_digits`].
    pub points: [&'a Digits; N],
    /// g' by [`odd_digits`].
    pub bases: [&'a Digits; N],
    /// The curve and the representation.
    pub of: PhantomData<(C, F)>,
}

/// The window of `W` bits from `bit`: the index of its odd digit, and the lanes where it is negative.
#[inline(always)]
fn digit<V: Vector, const W: usize>(words: &[V; 5], bit: usize) -> (V, V::Mask) {
    let token = words[0].token();
    let (word, shift) = (bit / 64, (bit % 64) as u32);
    let mut window = words[word].shr_by(shift);
    if word < 4 {
        window = window.or(words[word + 1].shl_by(64 - shift));
    }
    let window = window.and(V::splat(token, (1 << W) - 1));
    let half = V::splat(token, 1 << (W - 1));
    let negative = window.less(half);
    let below = V::splat(token, (1 << (W - 1)) - 1);
    (V::select(negative, below.sub(window), window.sub(half)), negative)
}

#[inline(always)]
fn load_base<F: PrimeLanes>(table: &[[u64; 8]], index: F::Vector) -> Affine<F> {
    let [[a, b, c, d, e, f, g, h]] = F::Vector::gather_rows::<1>(table, index);
    Affine {
        x: F::from_limbs(prime256::limbs_from_words([a, b, c, d])),
        w: F::from_limbs(prime256::limbs_from_words([e, f, g, h])),
    }
}

impl<C: Curve<Prime = F::Modulus>, F: PrimeLanes, const N: usize> Kernel<F::Token> for Ladder<'_, C, F, N> {
    type Output = [Jacobian<F>; N];

    #[inline(always)]
    fn run(self, token: F::Token) -> [Jacobian<F>; N] {
        const R: u64 = table::LANE_ROWS as u64;
        let first = F::Vector::load(token, &[0, R, 2 * R, 3 * R, 4 * R, 5 * R, 6 * R, 7 * R]);
        let points = each!(N, i => load_words::<F::Vector, 5>(token, self.points[i]));
        let bases = each!(N, i => load_words::<F::Vector, 5>(token, self.bases[i]));
        let run = run_bits::<C>();
        let runs = BITS / run;

        let zero = F::splat(token, &[0; 5]);
        let mut sums = [Jacobian { x: zero, w: zero, z: F::one(token) }; N];
        let mut started = false;
        let mut bit = run - WIDTH;
        loop {
            // Parts of k, then of g.
            let mut addition = 0;
            while addition < 2 * runs {
                let of_base = addition >= runs;
                let part = if of_base { addition - runs } else { addition };
                let at = bit + part * run;
                addition += 1;
                if !bit.is_multiple_of(if of_base { BASE_WIDTH } else { WIDTH }) {
                    continue;
                }
                let mut v = 0;
                while v < N {
                    let (entry, negative) = if of_base {
                        let rows = F::Vector::splat(token, (part as u64) << (BASE_WIDTH - 1));
                        let (index, negative) = digit::<F::Vector, BASE_WIDTH>(&bases[v], at);
                        (load_base::<F>(self.base, index.add(rows)), negative)
                    } else {
                        let (index, negative) = digit::<F::Vector, WIDTH>(&points[v], at);
                        (table::load::<F>(self.tables[v], first, index, part == 1), negative)
                    };
                    if started {
                        let [sum] = add::<F, 1>([sums[v]], [entry], [negative]);
                        sums[v] = sum;
                    } else {
                        let opposite = F::carry(F::negate_wide::<3>(entry.w.widen()));
                        sums[v].x = entry.x;
                        sums[v].w = F::select(negative, opposite, entry.w);
                    }
                    v += 1;
                }
                started = true;
            }
            if bit == 0 {
                return sums;
            }
            sums = double::<C, F, N>(sums);
            bit -= 1;
        }
    }
}

/// The lanes that met no exceptional case, and 1 instead of Z in the others.
pub struct Sound<F>(pub Jacobian<F>);

impl<F: PrimeLanes> Kernel<F::Token> for Sound<F> {
    type Output = (Jacobian<F>, u8);

    #[inline(always)]
    fn run(self, token: F::Token) -> (Jacobian<F>, u8) {
        let exceptional = prime256::is_zero(self.0.z);
        let z = F::select(exceptional, F::one(token), self.0.z);
        (Jacobian { z, ..self.0 }, exceptional.not().bits())
    }
}

const _: () = assert!(BITS.is_multiple_of(WIDTH) && BITS.is_multiple_of(BASE_WIDTH));
const _: () = assert!((BITS / 2).is_multiple_of(WIDTH) && (BITS / 2).is_multiple_of(BASE_WIDTH));
