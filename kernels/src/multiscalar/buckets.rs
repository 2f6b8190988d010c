//! Sums of buckets, and of windows, in lanes.

use crate::curve::edwards::points::{ENTRY_ROWS, INVERSE_2D, load_entry};
use crate::curve::edwards::{Extended, Niels, Projective};
use crate::field::{self, EDWARDS_2D, FieldLanes, ONE};
use crate::simd::{Kernel, LaneMask, MAX_LANES, Vector};
use core::marker::PhantomData;

/// Steps by which points and buckets are asked for before they are used.
pub(super) const AHEAD: usize = 3;

/// Rows of 8 words of a bucket: Y + X, Y − X, 2Z, 2dT.
pub(super) const BUCKET_ROWS: usize = 3;

/// The rows of a bucket.
pub(super) type Bucket = [[u64; 8]; BUCKET_ROWS];

#[inline(always)]
pub(super) fn store_bucket<F: FieldLanes>(bucket: Niels<F>, table: &mut [[u64; 8]], first: usize) {
    let a = bucket.y_plus_x.pack();
    let b = bucket.y_minus_x.pack();
    let c = bucket.z2.pack();
    let d = bucket.t2d.pack();
    let stride = BUCKET_ROWS;
    F::Vector::scatter_rows([a[0], a[1], a[2], a[3], a[4], b[0], b[1], b[2]], table, first, stride);
    F::Vector::scatter_rows([b[3], b[4], c[0], c[1], c[2], c[3], c[4], d[0]], table, first + 1, stride);
    F::Vector::scatter_rows([d[1], d[2], d[3], d[4], d[4], d[4], d[4], d[4]], table, first + 2, stride);
}

#[inline(always)]
pub(super) fn load_bucket<F: FieldLanes>(token: F::Token, table: &[Bucket], at: &[u32]) -> Niels<F> {
    let [p, q, r] = F::Vector::gather_entries::<BUCKET_ROWS>(token, table, at, 0);
    Niels {
        y_plus_x: F::unpack([p[0], p[1], p[2], p[3], p[4]]),
        y_minus_x: F::unpack([p[5], p[6], p[7], q[0], q[1]]),
        z2: F::unpack([q[2], q[3], q[4], q[5], q[6]]),
        t2d: F::unpack([q[7], r[0], r[1], r[2], r[3]]),
    }
}

#[inline(always)]
pub(super) fn neutral<F: FieldLanes>(token: F::Token) -> Extended<F> {
    let one = F::splat(token, &ONE);
    Extended { y_plus_x: one, y_minus_x: one, z: one, t: F::splat(token, &[0; 5]) }
}

/// Prefetches the entries `at[lane] >> shift`.
#[inline(always)]
pub(super) fn prefetch<V: Vector, const R: usize>(table: &[[[u64; 8]; R]], at: &[u32], shift: u32) {
    let rows = table.as_flattened();
    let mut lane = 0;
    while lane < V::LANES {
        V::prefetch_rows::<R>(rows, (at[lane] >> shift) as usize * R);
        lane += 1;
    }
}

/// Fills `LANES` rows of buckets with the neutral element.
pub(super) struct StoreNeutral<'a, F> {
    pub(super) table: &'a mut [[u64; 8]],
    pub(super) field: PhantomData<F>,
}

impl<F: FieldLanes> Kernel<F::Token> for StoreNeutral<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: F::Token) {
        let d2 = F::splat(token, &EDWARDS_2D);
        store_bucket(neutral::<F>(token).to_niels(d2), self.table, 0);
    }
}

/// Adds up the buckets of a sorted window: bucket of rank r goes to rows 3r to 3r + 2.
///
/// The first point of a bucket only has its T restored, one multiplication; every further one is a mixed addition,
/// seven.
pub(super) struct Accumulate<'a, F> {
    pub(super) points: &'a [[[u64; 8]; ENTRY_ROWS]],
    pub(super) list: &'a [u32],
    pub(super) steps: &'a [u32],
    pub(super) table: &'a mut [[u64; 8]],
    pub(super) field: PhantomData<F>,
}

impl<F: FieldLanes> Kernel<F::Token> for Accumulate<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: F::Token) {
        let lanes = F::Vector::LANES;
        let d2 = F::splat(token, &EDWARDS_2D);
        let inverse = F::splat(token, &INVERSE_2D);
        let mut at = 0;
        let mut group = 0;
        while group < self.steps.len() {
            let steps = self.steps[group];
            let mut sum = neutral::<F>(token);
            let mut step = 0;
            while step < steps {
                let ahead = at + AHEAD * lanes;
                prefetch::<F::Vector, ENTRY_ROWS>(self.points, &self.list[ahead..ahead + lanes], 1);
                let entries = &self.list[at..at + lanes];
                at += lanes;
                let negative = F::Vector::odd(token, entries);
                let point = load_entry::<F>(token, self.points, entries, 1).negate_where(negative);
                sum = if step == 0 {
                    Extended {
                        y_plus_x: point.y_plus_x,
                        y_minus_x: point.y_minus_x,
                        z: sum.z,
                        t: point.xy2d.mul(inverse),
                    }
                } else {
                    sum.add_affine(point).to_extended()
                };
                step += 1;
            }
            store_bucket(sum.to_niels(d2), self.table, group * lanes * BUCKET_ROWS);
            group += 1;
        }
    }
}

/// Σ j·bucket\[j\] of `LANES` windows at a time, one in each lane, by running sums: two additions a bucket.
/// Stores the sums as rows of a table, lane i at row 3i.
pub(super) struct Reduce<'a, F> {
    pub(super) table: &'a [Bucket],
    /// The entry of bucket j + 1 of each lane's window, `LANES` for each j.
    pub(super) entries: &'a [u32],
    pub(super) sums: &'a mut [[u64; 8]],
    pub(super) field: PhantomData<F>,
}

impl<F: FieldLanes> Kernel<F::Token> for Reduce<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: F::Token) {
        let lanes = F::Vector::LANES;
        let d2 = F::splat(token, &EDWARDS_2D);
        let mut running = neutral::<F>(token);
        let mut sum = running;
        let mut end = self.entries.len();
        while end > 0 {
            let at = &self.entries[end - lanes..end];
            end -= lanes;
            let ahead = end.saturating_sub(AHEAD * lanes);
            prefetch::<F::Vector, BUCKET_ROWS>(self.table, &self.entries[ahead..ahead + lanes], 0);
            running = running.add_niels(load_bucket::<F>(token, self.table, at)).to_extended();
            sum = sum.add_niels(running.to_niels(d2)).to_extended();
        }
        store_bucket(sum.to_niels(d2), self.sums, 0);
    }
}

/// The windows of a sum, lowest first, as rows of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Windows {
    pub(super) width: usize,
    pub(super) count: usize,
    /// The entry of the lowest.
    pub(super) first: usize,
}

/// Whether 8·Σ 2^(width·w)·window\[w\], over the windows of all sums, is the neutral element. One run of doublings
/// for all.
pub(super) struct Vanishes<'a, F> {
    pub(super) table: &'a [Bucket],
    pub(super) sums: &'a [Windows],
    pub(super) field: PhantomData<F>,
}

impl<F: FieldLanes> Kernel<F::Token> for Vanishes<'_, F> {
    type Output = bool;

    #[inline(always)]
    fn run(self, token: F::Token) -> bool {
        let mut top = 0;
        for sum in self.sums {
            top = top.max((sum.count - 1) * sum.width);
        }
        let mut point = Projective::<F>::identity(token);
        let mut bit = top + 1;
        while bit > 0 {
            bit -= 1;
            let mut doubled = point.double();
            for sum in self.sums {
                if bit % sum.width == 0 && bit / sum.width < sum.count {
                    let at = [(sum.first + bit / sum.width) as u32; MAX_LANES];
                    let window = load_bucket::<F>(token, self.table, &at);
                    doubled = doubled.to_extended().add_niels(window);
                }
            }
            point = doubled.to_projective();
        }
        for _ in 0..3 {
            point = point.double().to_projective();
        }
        field::is_zero(point.x).and(field::equal(point.y, point.z)).bits() & 1 == 1
    }
}
