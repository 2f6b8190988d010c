//! Sums by bits: for each bit of the scalars, the sum of the points whose scalar has it.
//!
//! Contract. Of a window of plain digits (`Terms::plain`) whose buckets are filled, [`BitSums`] computes
//! Wⱼ = Σ bucket\[d\] over the d with bit j, for each bit j of the window, and with them the sum of the window,
//! Σ d·bucket\[d\] = Σ 2^j·Wⱼ. A window a lane, as `Reduce` has it.
//!
//! # Why
//! Random scalars make of the points random subsets, one for each bit, of which nobody chose the members. What a linear
//! combination cannot see in the whole sum, torsion, each subset sum shows with probability one half (docs/soundness.md).
//! The subset sums come out of the buckets that the combination fills anyway, at the price of running sums.
//!
//! # Method
//! d = h·2^a + l, with a half of the bits. Every bucket is added to the sum of its row h and to that of its column l: two
//! additions a bucket, as running sums take, and independent of each other. The bits of l are then sums of columns, those
//! of h sums of rows, (a/2)·2^a additions each: 160 for 1,023 buckets.
//!
//! # Bounds
//! Those of the point formulas: sums stay in extended coordinates, buckets are table entries.
//!
//! # Rejected
//! - Digits with signs, which halve the buckets: of order 2, T and −T are the same, so the sign of each digit would no
//!   longer be one of the 128 random bits, and the bound 2^-116.
//! - Folding the upper half of the buckets onto the lower, bit by bit: as many additions, and as many buckets stored.

use super::buckets::{AHEAD, BUCKET_ROWS, Bucket, load_bucket, neutral, prefetch, store_bucket};
use crate::curve::edwards::{Extended, Projective};
use crate::field::{EDWARDS_2D, FieldLanes};
use crate::simd::{Kernel, Vector};
use core::marker::PhantomData;

/// The neutral element in every lane.
pub(super) struct Neutral<F>(pub(super) PhantomData<F>);

impl<F: FieldLanes> Kernel<F::Token> for Neutral<F> {
    type Output = Extended<F>;

    #[inline(always)]
    fn run(self, token: F::Token) -> Extended<F> {
        neutral(token)
    }
}

/// The sums by bits of `LANES` windows, one in each lane, and the sums of the windows.
pub(super) struct BitSums<'a, F> {
    pub(super) table: &'a [Bucket],
    /// The entry of bucket j + 1 of each lane's window, `LANES` for each j; one less than 2^(number of bits) of them.
    pub(super) entries: &'a [u32],
    /// Room for the sums of columns and rows: [`scratch`] points.
    pub(super) scratch: &'a mut [Extended<F>],
    /// The sums by bits, lowest first: as many as the window is wide.
    pub(super) bits: &'a mut [Extended<F>],
    /// The sums of the windows, as rows of a table.
    pub(super) sums: &'a mut [[u64; 8]],
}

/// The bits of a column's index in windows of `width` bits.
const fn low(width: usize) -> usize {
    width / 2
}

/// Points that [`BitSums`] needs room for.
#[inline]
pub(super) const fn scratch(width: usize) -> usize {
    (1 << low(width)) + (1 << (width - low(width)))
}

impl<F: FieldLanes> Kernel<F::Token> for BitSums<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: F::Token) {
        let lanes = F::Vector::LANES;
        let d2 = F::splat(token, &EDWARDS_2D);
        let width = self.bits.len();
        let low = low(width);
        assert_eq!(self.entries.len(), ((1 << width) - 1) * lanes);
        let mut i = 0;
        while i < self.scratch.len() {
            self.scratch[i] = neutral(token);
            i += 1;
        }
        let (columns, rows) = self.scratch.split_at_mut(1 << low);

        let mut at = 0;
        let mut h = 0;
        while h < rows.len() {
            let mut row = rows[h];
            // There is no bucket 0.
            let mut l = if h == 0 { 1 } else { 0 };
            while l < columns.len() {
                let ahead = (at + AHEAD * lanes).min(self.entries.len() - lanes);
                prefetch::<F::Vector, BUCKET_ROWS>(self.table, &self.entries[ahead..ahead + lanes], 0);
                let bucket = load_bucket::<F>(token, self.table, &self.entries[at..at + lanes]);
                at += lanes;
                row = row.add_niels(bucket).to_extended();
                columns[l] = columns[l].add_niels(bucket).to_extended();
                l += 1;
            }
            rows[h] = row;
            h += 1;
        }

        let mut bit = 0;
        while bit < width {
            let (of, shift) = if bit < low { (&*columns, bit) } else { (&*rows, bit - low) };
            let mut sum = neutral::<F>(token);
            let mut i = 0;
            while i < of.len() {
                if i >> shift & 1 == 1 {
                    sum = sum.add_niels(of[i].to_niels(d2)).to_extended();
                }
                i += 1;
            }
            self.bits[bit] = sum;
            bit += 1;
        }

        let mut point = Projective::<F>::identity(token);
        while bit > 0 {
            bit -= 1;
            let sum = point.double().to_extended().add_niels(self.bits[bit].to_niels(d2));
            if bit == 0 {
                store_bucket(sum.to_extended().to_niels(d2), self.sums, 0);
            }
            point = sum.to_projective();
        }
    }
}
