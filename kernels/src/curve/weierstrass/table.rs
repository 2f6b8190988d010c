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

use super::{Affine, Curve, Jacobian, double, each};
use crate::field::prime256::PrimeLanes;
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
#[inline]
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

/// Computes the chains of `N` vectors of points side by side.
pub struct Build<'a, C, F, const N: usize> {
    /// P.
    pub points: [Affine<F>; N],
    /// Where they go.
    pub chains: &'a mut [Chain<F>],
    /// The curve.
    pub curve: PhantomData<C>,
}

impl<C: Curve<Prime = F::Modulus>, F: PrimeLanes, const N: usize> Kernel<F::Token> for Build<'_, C, F, N> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: F::Token) {
        let Self { points: p, chains, .. } = self;
        let one = F::one(token);
        // 2P of an affine P: Z = W. With that Z, P is (x·w², w·w³) = (S, V²).
        let double = double::<C, F, N>(each!(N, i => Jacobian { x: p[i].x, w: p[i].w, z: one }));
        let v = each!(N, i => p[i].w.square());
        let zero = F::splat(token, &[0; 5]).widen();
        let mut step = each!(N, i => Affine { x: double[i].x, w: double[i].w });
        let mut point = each!(N, i => Affine {
            x: p[i].x.mul(v[i]),
            w: F::fold(F::sub_wide::<1>(v[i].square_wide(), zero)),
        });
        let mut z = each!(N, i => p[i].w);
        let mut v = 0;
        while v < N {
            chains[v].points[0] = p[v];
            v += 1;
        }
        let mut entry = 1;
        while entry < ENTRIES {
            // step = (X₁, W₁), below 1.4 and 8; point = (X₂, W₂), below 1.4 and 1.1.
            let delta = each!(N, i => F::sub_wide::<2>(point[i].x.widen(), step[i].x.widen()));
            let delta = each!(N, i => F::carry(F::twice(delta[i]))); // 6.8
            let c = F::join(each!(N, i => delta[i].square_wide()));
            let omega = each!(N, i => F::carry(F::sub_wide::<8>(point[i].w.widen(), step[i].w.widen()))); // 9.1
            let oo = F::join(each!(N, i => omega[i].square_wide())); // 6.2
            let c = each!(N, i => F::carry(c[i])); // 3.9
            let p1 = F::join(each!(N, i => step[i].x.mul_wide(c[i]))); // 1.4
            let p2 = F::join(each!(N, i => point[i].x.mul_wide(c[i]))); // 1.4
            let z3 = F::join(each!(N, i => z[i].mul_wide(delta[i])));
            let x3 = each!(N, i => F::fold(F::sub_wide::<3>(oo[i], F::add_wide(p1[i], p2[i]))));
            let rise = each!(N, i => F::carry(F::twice(F::sub_wide::<2>(p2[i], p1[i])))); // 6.8
            let w1 = F::join(each!(N, i => step[i].w.mul_wide(rise[i]))); // 4.4
            let fall = each!(N, i => F::carry(F::twice(F::sub_wide::<2>(x3[i].widen(), p1[i])))); // 6.1
            let sum = F::join(each!(N, i => omega[i].mul_wide(fall[i]))); // 4.5
            step = each!(N, i => Affine { x: F::carry(p1[i]), w: F::carry(w1[i]) });
            point = each!(N, i => Affine {
                x: x3[i],
                w: F::fold(F::negate_wide::<10>(F::add_wide(sum[i], w1[i]))),
            });
            z = each!(N, i => F::carry(z3[i]));
            let mut v = 0;
            while v < N {
                chains[v].points[entry] = point[v];
                chains[v].steps[entry] = delta[v];
                v += 1;
            }
            entry += 1;
        }
        let mut v = 0;
        while v < N {
            chains[v].z = z[v];
            v += 1;
        }
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
