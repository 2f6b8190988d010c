//! The odd multiples P, 3P, …, 31P of a point, affine, a vector of points at a time.
//!
//! # Method
//! Doubling P gives 2P and, for nothing, P with the same Z. Adding two points of one Z gives their sum and the
//! addend with the Z of the sum (5 multiplications, 2 squarings), fifteen times. Each step multiplies Z by a
//! known factor, so that the inverse of the last Z, which all vectors of a batch compute together, gives
//! those of all others with one multiplication each: 5 multiplications and 1 squaring an entry, with the
//! product of all factors. Affine entries save 4 multiplications and a squaring in each addition.
//!
//! No step is exceptional: a point of the curve has an order above 32.
//!
//! # In memory
//! The entries of a lane are neighbours, two rows of 8 words each: x, w = 2y, and βx where the curve has an
//! endomorphism. A selection loads two rows per lane and transposes them.

use super::{Affine, Curve, Jacobian};
use crate::kernels::field::prime256::PrimeLanes;
use crate::simd::{Kernel, Vector};
use core::marker::PhantomData;

/// Bits of a window of a multiple of P.
pub const WIDTH: usize = 5;
/// Entries: the odd multiples below 2^WIDTH.
pub const ENTRIES: usize = 1 << (WIDTH - 1);
/// Rows of an entry.
pub(super) const ENTRY_ROWS: usize = 2;
/// Rows of a lane's table.
pub(super) const LANE_ROWS: usize = ENTRIES * ENTRY_ROWS;

/// Rows of the table of a vector of so many lanes.
pub const fn rows(lanes: usize) -> usize {
    lanes * LANE_ROWS
}

/// The multiples before their division by Z.
#[derive(Clone, Copy)]
pub struct Chain<F> {
    /// X and W; the first entry is affine.
    points: [Affine<F>; ENTRIES],
    /// Z of an entry over Z of the one before.
    steps: [F; ENTRIES],
    /// Z of the last entry.
    pub z: F,
}

impl<F: PrimeLanes> Chain<F> {
    /// Room for a chain.
    pub fn new(point: Affine<F>) -> Self {
        Self { points: [point; ENTRIES], steps: [point.x; ENTRIES], z: point.x }
    }
}

/// Computes the chain of a vector of points.
pub struct Build<'a, C, F> {
    /// P.
    pub point: Affine<F>,
    /// Where it goes.
    pub chain: &'a mut Chain<F>,
    /// The curve.
    pub curve: PhantomData<C>,
}

impl<C: Curve<Prime = F::Modulus>, F: PrimeLanes> Kernel<F::Token> for Build<'_, C, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: F::Token) {
        let Affine { x, w } = self.point;
        let one = F::one(token);
        // 2P of an affine P: Z = W. With that Z, P is (x·w², w·w³) = (S, V²).
        let double = Jacobian { x, w, z: one }.double::<C>();
        let v = w.square();
        let zero = F::splat(token, &[0; 5]).widen();
        let mut step = Affine { x: double.x, w: double.w };
        let mut point = Affine { x: x.mul(v), w: F::fold(F::sub_wide::<1>(v.square_wide(), zero)) };
        let mut z = w;
        let chain = self.chain;
        chain.points[0] = self.point;
        let mut i = 1;
        while i < ENTRIES {
            // step = (X₁, W₁), below 1.4 and 8; point = (X₂, W₂), below 1.4 and 1.1.
            let delta = F::sub_wide::<2>(point.x.widen(), step.x.widen());
            let delta = F::carry(F::twice(delta)); // 6.8
            let omega = F::carry(F::sub_wide::<8>(point.w.widen(), step.w.widen())); // 9.1
            let c = delta.square(); // 3.9
            let p1 = step.x.mul_wide(c); // 1.4
            let p2 = point.x.mul_wide(c); // 1.4
            let oo = omega.square_wide(); // 6.2
            z = z.mul(delta);
            let x3 = F::fold(F::sub_wide::<3>(oo, F::add_wide(p1, p2)));
            let rise = F::carry(F::twice(F::sub_wide::<2>(p2, p1))); // 6.8
            let fall = F::carry(F::twice(F::sub_wide::<2>(x3.widen(), p1))); // 6.1
            let w1 = step.w.mul_wide(rise); // 4.4
            let sum = F::add_wide(omega.mul_wide(fall), w1); // 4.5 + 4.4
            step = Affine { x: F::carry(p1), w: F::carry(w1) };
            point = Affine { x: x3, w: F::fold(F::negate_wide::<10>(sum)) };
            chain.points[i] = point;
            chain.steps[i] = delta;
            i += 1;
        }
        chain.z = z;
    }
}

/// Divides a chain by its Zs and stores the table.
pub struct Store<'a, C, F> {
    /// The chain.
    pub chain: &'a Chain<F>,
    /// 1/Z of its last entry.
    pub inverse: F,
    /// Where the table goes: [`rows`].
    pub table: &'a mut [[u64; 8]],
    /// The curve.
    pub curve: PhantomData<C>,
}

impl<C: Curve<Prime = F::Modulus>, F: PrimeLanes> Kernel<F::Token> for Store<'_, C, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: F::Token) {
        let mut inverse = self.inverse;
        let mut i = ENTRIES - 1;
        loop {
            let mut point = self.chain.points[i];
            if i > 0 {
                let square = inverse.square();
                point.x = point.x.mul(square);
                point.w = point.w.mul(square.mul(inverse));
                inverse = inverse.mul(self.chain.steps[i]);
            }
            let (x, w) = (point.x.to_limbs(), point.w.to_limbs());
            let b = match &C::BETA {
                Some(beta) => point.x.mul(F::splat(token, beta)).to_limbs(),
                None => x,
            };
            let row = i * ENTRY_ROWS;
            let first = [x[0], x[1], x[2], x[3], x[4], w[0], w[1], w[2]];
            let second = [w[3], w[4], b[0], b[1], b[2], b[3], b[4], b[4]];
            F::Vector::scatter_rows(first, self.table, row, LANE_ROWS);
            F::Vector::scatter_rows(second, self.table, row + 1, LANE_ROWS);
            if i == 0 {
                return;
            }
            i -= 1;
        }
    }
}

/// Entries by their index in each lane's table; `first` is the row of each lane's table.
#[inline(always)]
pub(super) fn load<F: PrimeLanes>(
    table: &[[u64; 8]],
    first: F::Vector,
    index: F::Vector,
    image: bool,
) -> Affine<F> {
    let [p, q] = F::Vector::gather_rows::<ENTRY_ROWS>(table, first.add(index.add(index)));
    let x = if image { [q[2], q[3], q[4], q[5], q[6]] } else { [p[0], p[1], p[2], p[3], p[4]] };
    Affine { x: F::from_limbs(x), w: F::from_limbs([p[5], p[6], p[7], q[0], q[1]]) }
}
