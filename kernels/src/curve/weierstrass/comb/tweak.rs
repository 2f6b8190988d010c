//! Whether Q = P + tG, for P and Q that are given by x and the parity of y: what BIP341 asks of an output key, an internal
//! key and a tweak.
//!
//! # Contract
//! [`tweaks`] says of every item whether the point P of even y with the given x is on the curve and P + tG is a point with
//! the given x and the given parity of y; or that its lane met an exceptional case, for the caller to compute again. An item
//! that does not hold may lack P: who needs to know asks [`on_curve`](super::super::equation::on_curve). Only x below p and
//! t below the order may come in; this is for the caller to see to.
//!
//! # Derivation
//! No root is taken, and P is not multiplied: R = tG is 20 selections from the table of G. Let h = x(P) − x(R), not 0. A
//! point (x(P), y) has x((x(P), y) + R) = x(Q) exactly where (y − y(R))² = s·h² with s = x(Q) + x(P) + x(R). On the curve
//! y² is c = x(P)³ + a·x(P) + b, so that the equation is linear in y:
//!
//! 2·y(R)·y = c + y(R)² − s·h².
//!
//! 2·y(R) is not 0: no point has order 2. So there is one y that P can have, and the item holds exactly where y² = c, y is
//! even, and y(Q) = (y − y(R))/h·(x(P) − x(Q)) − y has the given parity. y² = c is enough: it makes (x(P), y) a point, and
//! with it the linear equation is the first one again.
//!
//! # Representation
//! R is Jacobian with W = 2Y, as everywhere here. With d = 2Z³, H = x(P)·Z² − X (which is h·Z²) and one inverse i of
//! W·d·2H: 1/(4·W·Z³) = i·H and 1/(2·H·Z) = 2·i·W·Z².
//!
//! - y = (c·d² + W² − ((x(Q) + x(P))·Z² + X)·(2H)²)·(i·H)
//! - y(Q) = (y·d − W)·(2·i·W·Z²)·(x(P) − x(Q)) − y
//!
//! # Exceptional cases
//! tG is infinity (Z = 0, or a lane that `tree` names), and x(P) = x(R), where the sum is infinity or a doubling (H = 0): the
//! product to invert is 0 in these lanes, and 1 instead. W is not 0 where Z is not.
//!
//! # Bounds
//! Beside the formulas, in units of p; the tests of `kernels::bounds` run them.
//!
//! # Cost
//! An item: 15 affine additions (5 multiplications and a squaring each), 4 doublings and 4 mixed additions for tG; then 17
//! multiplications and 7 squarings, and 3 multiplications for its share of an inversion: with a = 0, 139 and 50 in all, and
//! three inversions for all items of a chunk. The ladder of `equation` takes 254 squarings for the root of P alone, then 129
//! doublings and over 100 mixed additions.
//!
//! # Rejected
//! - The ladder with k = 1: see above.
//! - A root for y(P), then one mixed addition: 267 products in place of some ten. It tells a P that is not on the curve
//!   from one that does not fit, which matters for invalid items alone.
//! - P as one more point of `tree`: it needs y(P).
//! - R made affine first: one multiplication more, and the same inverse.
//! - A table with a block for each column of G, without doublings: 5 MiB for a fifth of the products.

use super::build::BaseTable;
use super::tree::{Prepared, Schedule};
use super::{Base, Bits, CombShape, ReadColumns, joined, signs};
use crate::curve::weierstrass::equation::{Finished, invert_all, set_lane};
use crate::curve::weierstrass::{Curve, Jacobian, Words, load_words, right_hand_side};
use crate::field::prime256::{self, Family, PrimeLanes};
use crate::simd::{Kernel, LaneMask, MAX_LANES, Token, Vector};
use core::marker::PhantomData;

/// P, t and Q.
#[derive(Clone, Copy, Debug)]
pub struct Tweak {
    /// x of P, below p, little-endian as all here.
    pub point: [u64; 4],
    /// t, below the order.
    pub t: [u64; 4],
    /// x of Q, below p.
    pub sum: [u64; 4],
    /// Whether y of Q is odd.
    pub odd: bool,
}

/// Items taken at a time: the batch of an inversion.
const CHUNK: usize = 512;

/// The x of the points of a vector.
struct Abscissae {
    point: Words,
    sum: Words,
    /// Lanes in which y of Q is odd.
    odd: u8,
}

/// What a vector of items asks to be inverted.
struct Denominator<'a, F> {
    sum: &'a Jacobian<F>,
    abscissae: &'a Abscissae,
}

/// Z², 2Z³ and H.
#[inline(always)]
fn parts<F: PrimeLanes>(sum: &Jacobian<F>, point: F) -> [F; 3] {
    let zz = sum.z.square(); // 1.3
    let d = F::carry(F::twice(sum.z.mul_wide(zz))); // 2.4
    let h = F::carry(F::sub_wide::<2>(point.mul_wide(zz), sum.x.widen())); // 3.1
    [zz, d, h]
}

impl<F: PrimeLanes> Kernel<F::Token> for Denominator<'_, F> {
    /// The product, and the lanes in which it is not 0.
    type Output = (F, u8);

    #[inline(always)]
    fn run(self, token: F::Token) -> Self::Output {
        let point = prime256::enter::<F>(load_words(token, &self.abscissae.point));
        let [_, d, h] = parts(self.sum, point);
        let h2 = F::carry(F::twice(h.widen())); // 6.2
        let product = self.sum.w.mul(d).mul(h2); // 1.9
        let zero = prime256::is_zero(product);
        (F::select(zero, F::one(token), product), zero.not().bits())
    }
}

/// Compares the sums of a vector.
struct Compare<'a, C, F> {
    sum: &'a Jacobian<F>,
    abscissae: &'a Abscissae,
    inverse: F,
    curve: PhantomData<C>,
}

impl<C: Curve<Prime = F::Modulus>, F: PrimeLanes> Kernel<F::Token> for Compare<'_, C, F> {
    /// The lanes that hold.
    type Output = u8;

    #[inline(always)]
    fn run(self, token: F::Token) -> u8 {
        let Jacobian { x, w, .. } = *self.sum;
        let point = prime256::enter::<F>(load_words(token, &self.abscissae.point));
        let sum = prime256::enter::<F>(load_words(token, &self.abscissae.sum));
        let [zz, d, h] = parts(self.sum, point);
        let c = right_hand_side::<C, F>(point, F::splat(token, &C::B)); // 2.3

        let h2 = F::carry(F::twice(h.widen())); // 6.2
        let both = F::carry(F::add_wide(sum.widen(), point.widen())); // 2.2
        let s = F::carry(F::add_wide(both.mul_wide(zz), x.widen())); // 2.2
        let s = s.mul(h2.square()); // 1.5
        let numerator = F::sub_wide::<2>(F::mul_add_square(c, d.square(), w), s.widen()); // 7.3
        let y = F::carry(numerator).mul(self.inverse.mul(h)); // 1.7
        let on_curve = prime256::equal(y.square(), c);

        let wzz = F::carry(F::twice(w.mul_wide(zz))); // 3.3
        let rise = F::carry(F::sub_wide::<8>(y.mul_wide(d), w.widen())); // 9.3
        let slope = rise.mul(self.inverse.mul(wzz)); // 1.9
        let fall = F::carry(F::sub_wide::<2>(point.widen(), sum.widen())); // 3.1
        let other = F::carry(F::sub_wide::<2>(slope.mul_wide(fall), y.widen())); // 3.4

        let low = F::Vector::splat(token, 1);
        let odd = |y: F| prime256::leave(y)[0].and(low).equal(low).bits();
        on_curve.bits() & !odd(y) & !(odd(other) ^ self.abscissae.odd)
    }
}

/// tG of items, a vector after the other; lanes without an item compute that of the last one.
fn multiples<C: Curve, T: Family>(
    token: T::Token,
    base: &BaseTable,
    schedule: &Schedule,
    items: &[Tweak],
) -> Vec<Finished<T::Field<C::Prime>>> {
    let lanes = T::Vector::LANES;
    let vectors = items.len().div_ceil(2 * lanes) * 2;
    let mut prepared = Vec::with_capacity(vectors);
    for vector in 0..vectors {
        let mut bits: Bits = [[0; MAX_LANES]; 5];
        for lane in 0..lanes {
            let item = &items[(vector * lanes + lane).min(items.len() - 1)];
            let signs = signs::<C>(&item.t, Base::BITS);
            for word in 0..5 {
                bits[word][lane] = signs[word];
            }
        }
        let mut next = Prepared::new([&[]; MAX_LANES]);
        let digits = &mut next.base;
        token.vectorize(ReadColumns::<Base, T::Vector> { bits: &bits, digits, of: PhantomData });
        prepared.push(next);
    }
    joined::<C, T>(token, schedule, base, &prepared)
}

/// For every item, whether Q = P + tG; `None` where its lane met an exceptional case.
pub fn tweaks<C: Curve, T: Family>(token: T::Token, base: &BaseTable, items: &[Tweak]) -> Vec<Option<bool>> {
    let lanes = T::Vector::LANES;
    let schedule = Schedule::of_base();
    let mut out = Vec::with_capacity(items.len());
    for items in items.chunks(CHUNK) {
        let finished = multiples::<C, T>(token, base, &schedule, items);
        let vectors: Vec<Abscissae> = items
            .chunks(lanes)
            .map(|items| {
                let zero = [[0; MAX_LANES]; 4];
                let mut vector = Abscissae { point: zero, sum: zero, odd: 0 };
                for (lane, item) in items.iter().enumerate() {
                    set_lane(&mut vector.point, lane, &item.point);
                    set_lane(&mut vector.sum, lane, &item.sum);
                    vector.odd |= u8::from(item.odd) << lane;
                }
                vector
            })
            .collect();
        let (mut inverses, sound): (Vec<_>, Vec<u8>) = vectors
            .iter()
            .zip(&finished)
            .map(|(abscissae, Finished { sum, sound, .. })| {
                let (product, not_zero) = token.vectorize(Denominator { sum, abscissae });
                (product, sound & not_zero)
            })
            .unzip();
        invert_all(token, &mut inverses);
        for (vector, items) in items.chunks(lanes).enumerate() {
            let (sum, abscissae, inverse) = (&finished[vector].sum, &vectors[vector], inverses[vector]);
            let holds = token.vectorize(Compare { sum, abscissae, inverse, curve: PhantomData::<C> });
            let sound = sound[vector];
            out.extend(
                (0..items.len()).map(|lane| (sound >> lane & 1 == 1).then_some(holds >> lane & 1 == 1)),
            );
        }
    }
    out
}
