//! Sums of many scalar multiples of points of edwards25519, in lanes, and whether they vanish.
//!
//! Contract. [`Workspace::vanishes`] says whether 8·Σ xᵢ·Pᵢ is the neutral element, for points of a table
//! ([`Points`]) and scalars below 2^255; [`Workspace::vanishes_by_bits`] also whether each of the sums that the bits of
//! some scalars select has odd order. It knows nothing of signatures: which sum is worth asking about, and what
//! follows from the answer, is its caller's business.
//!
//! # Method
//! Buckets (Pippenger): each scalar is cut into signed windows; in every window the points are added up by the
//! magnitude of their digit, and the buckets by running sums. Three kernels, three ways to use the lanes:
//!
//! | step | a lane holds | so that |
//! |---|---|---|
//! | bucket sums | one bucket of a sorted window | lanes never meet in a bucket; the sum stays in registers, and buckets are neither loaded nor stored on the way |
//! | running sums, or sums by bits (`bit_sums`) | one window | nothing is added across lanes |
//! | windows to the sum | the same in every lane | 253 doublings, once |
//!
//! The sort (`digits`) is scalar, some 13 instructions for a term and window, and costs about what loading and
//! storing a bucket would.
//!
//! # Cost, in multiplications
//! A term costs 7 a window, the first of a bucket 1. A bucket costs 1 to store and 17 to reduce, and every window
//! of a vector of windows as much as the widest. Points are 128 bytes each, read in the order of their buckets:
//! from L2 or L3, behind the 60 ns that eight additions take.
//!
//! The width minimises the sum; terms of fewer bits end in lower windows and share the buckets of the others.
//!
//! # Scalars modulo L
//! A caller that asks about 8·Σ xᵢ·Pᵢ may reduce xᵢ modulo L although a point has order 8L at most: 8·L·P = 0 for
//! every P of the curve.
//!
//! # Source
//! Pippenger, "On the evaluation of powers and monomials" (SIAM J. Comput. 9, 1980); Bernstein, Doumen, Lange,
//! Oosterwijk, "Faster batch forgery identification" (INDOCRYPT 2012), section 4.
//!
//! # Rejected
//! See docs/decisions/linear-combination.md.

mod bit_sums;
mod buckets;
mod digits;
#[cfg(test)]
mod tests;
pub mod weierstrass;

pub use digits::Terms;

use crate::curve::edwards::Extended;
use crate::curve::edwards::odd_order::{OddOrder, all_lanes};
use crate::curve::edwards::points::Points;
use crate::field::FieldLanes;
use crate::simd::{Rows, Token, Vector};
use bit_sums::{BitSums, Neutral, scratch};
use buckets::{Accumulate, BUCKET_ROWS, Reduce, StoreNeutral, Vanishes, Windows};
use core::marker::PhantomData;
use digits::{WIDTHS, Window, magnitudes};

/// Memory of a sum, kept from one to the next.
#[derive(Debug)]
pub struct Workspace<F> {
    window: Window,
    /// Buckets of a vector of windows, after the neutral element.
    table: Rows,
    /// Entries of the buckets by magnitude, a lane for each window.
    entries: Vec<u32>,
    /// The sums of the windows.
    sums: Rows,
    counts: Counts,
    field: PhantomData<fn() -> F>,
}

impl<F> Default for Workspace<F> {
    fn default() -> Self {
        Self {
            window: Window::default(),
            table: Rows::new(),
            entries: Vec::new(),
            sums: Rows::new(),
            counts: Counts::default(),
            field: PhantomData,
        }
    }
}

/// A step of a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Digits, and the order of the terms.
    Sort,
    /// Buckets: a mixed addition for each term and window.
    Buckets,
    /// Running sums over the buckets.
    Reduction,
    /// Windows to the sum, and the test.
    Doublings,
    /// Whether the sums by bits have odd order.
    Torsion,
}

/// Told when a step is done: for measurements.
pub trait Laps {
    /// `step` took the time since the last call.
    fn lap(&mut self, step: Step);
}

/// What a sum was made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Terms of all windows.
    pub additions: usize,
    /// Buckets of all windows.
    pub buckets: usize,
}

impl Laps for () {
    #[inline]
    fn lap(&mut self, _: Step) {}
}

/// Multiplications of a sum of `lengths` terms of so many windows each, at this width.
fn cost<F: FieldLanes>(sums: &[&Terms], width: usize) -> usize {
    let lanes = F::Vector::LANES;
    let mut windows = 0;
    let mut additions = 0;
    for terms in sums {
        windows = windows.max(terms.windows(width));
        additions += terms.len() * terms.windows(width);
    }
    let windows = windows.next_multiple_of(lanes);
    let tests = if sums.iter().any(|terms| terms.is_plain()) { ODD_ORDER * windows * width } else { 0 };
    8 * additions + 18 * windows * magnitudes(sums, width) + tests
}

/// Multiplications of the test of a sum by bits.
const ODD_ORDER: usize = 590;
/// Vectors tested side by side, as points are decoded: scalar code has registers for one.
const SIDE_BY_SIDE: usize = 3;

/// Whether all points lie in the subgroup of order L.
fn odd_order<F: FieldLanes>(token: F::Token, points: &[Extended<F>]) -> bool {
    let mut rest = points;
    if F::Vector::LANES > 1 {
        while let [a, b, c, more @ ..] = rest {
            let of: [_; SIDE_BY_SIDE] = [a, b, c];
            if token.vectorize(OddOrder(of)) != [all_lanes::<F>(); SIDE_BY_SIDE] {
                return false;
            }
            rest = more;
        }
    }
    rest.iter().all(|point| token.vectorize(OddOrder([point])) == [all_lanes::<F>()])
}

/// The width that costs least, and what it costs.
fn best_width<F: FieldLanes>(sums: &[&Terms]) -> (usize, usize) {
    let mut best = (*WIDTHS.start(), usize::MAX);
    for width in WIDTHS {
        let cost = cost::<F>(sums, width);
        if cost < best.1 {
            best = (width, cost);
        }
    }
    best
}

impl<F: FieldLanes> Workspace<F> {
    /// Whether 8 times the sum of all terms is the neutral element.
    ///
    /// Panics if a term names an entry that `points` does not have.
    pub fn vanishes(&mut self, token: F::Token, points: &Points<F>, sums: &[&Terms]) -> bool {
        self.vanishes_with(token, points, sums, &mut ())
    }

    /// As [`Self::vanishes`]; `laps` is told of every step.
    pub fn vanishes_with(
        &mut self,
        token: F::Token,
        points: &Points<F>,
        sums: &[&Terms],
        laps: &mut impl Laps,
    ) -> bool {
        self.start();
        let mut parts = Vec::new();
        self.parts(token, points, sums, &mut parts, laps);
        self.finish(token, &parts, laps)
    }

    /// Whether 8 times the sum of all terms is the neutral element, and for each bit the sum of the points of `plain`
    /// whose scalar has it lies in the subgroup of order L.
    ///
    /// Panics if a term names an entry that `points` does not have, or if `plain` has digits with signs.
    pub fn vanishes_by_bits(
        &mut self,
        token: F::Token,
        points: &Points<F>,
        plain: &Terms,
        sums: &[&Terms],
    ) -> bool {
        self.vanishes_by_bits_with(token, points, plain, sums, &mut ())
    }

    /// As [`Self::vanishes_by_bits`]; `laps` is told of every step.
    pub fn vanishes_by_bits_with(
        &mut self,
        token: F::Token,
        points: &Points<F>,
        plain: &Terms,
        sums: &[&Terms],
        laps: &mut impl Laps,
    ) -> bool {
        assert!(plain.is_plain(), "digits with signs have no sums by bits");
        self.start();
        let mut bits = Vec::new();
        let mut parts = vec![self.windows(token, points, &[plain], &mut bits, laps)];
        self.parts(token, points, sums, &mut parts, laps);
        if !self.finish(token, &parts, laps) {
            return false;
        }
        let odd = odd_order(token, &bits);
        laps.lap(Step::Torsion);
        odd
    }

    /// Forgets the sum before.
    fn start(&mut self) {
        self.sums.resize(0);
        self.counts = Counts::default();
    }

    /// The windows of sums, together or apart, whichever costs less.
    fn parts(
        &mut self,
        token: F::Token,
        points: &Points<F>,
        sums: &[&Terms],
        parts: &mut Vec<Windows>,
        laps: &mut impl Laps,
    ) {
        let (_, together) = best_width::<F>(sums);
        let apart: usize = sums.iter().map(|&terms| best_width::<F>(&[terms]).1).sum();
        let mut bits = Vec::new();
        if together <= apart {
            parts.push(self.windows(token, points, sums, &mut bits, laps));
        } else {
            for &terms in sums {
                parts.push(self.windows(token, points, &[terms], &mut bits, laps));
            }
        }
    }

    /// Whether 8 times the sum of the windows of all parts is the neutral element.
    fn finish(&mut self, token: F::Token, parts: &[Windows], laps: &mut impl Laps) -> bool {
        let kernel = Vanishes::<F> { table: self.sums.as_chunks().0, sums: parts, field: PhantomData };
        let vanishes = token.vectorize(kernel);
        laps.lap(Step::Doublings);
        vanishes
    }

    /// What the last sum was made of.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The sum of each window, after those that `self.sums` holds, and the sums by bits of plain digits in `bits`.
    fn windows(
        &mut self,
        token: F::Token,
        points: &Points<F>,
        sums: &[&Terms],
        bits: &mut Vec<Extended<F>>,
        laps: &mut impl Laps,
    ) -> Windows {
        let lanes = F::Vector::LANES;
        let (width, _) = best_width::<F>(sums);
        let count = sums.iter().map(|terms| terms.windows(width)).max().unwrap_or(0);
        let first = self.sums.len() / BUCKET_ROWS;
        self.sums.resize((first + count.next_multiple_of(lanes)) * BUCKET_ROWS);

        let by_bits = sums.iter().any(|terms| terms.is_plain());
        let buckets = magnitudes(sums, width);
        self.counts.additions += sums.iter().map(|terms| terms.len() * terms.windows(width)).sum::<usize>();
        self.counts.buckets += count * buckets;
        // The table begins with the neutral element, as often as a vector stores it, for buckets without terms.
        let stride = buckets.next_multiple_of(lanes);
        let needed = (lanes + lanes * stride) * BUCKET_ROWS;
        if self.table.len() < needed {
            self.table.resize(needed);
        }
        token.vectorize(StoreNeutral::<F> { table: &mut self.table, field: PhantomData });
        let neutral = token.vectorize(Neutral::<F>(PhantomData));
        let mut room = vec![neutral; if by_bits { scratch(width) } else { 0 }];

        for group in (0..count).step_by(lanes) {
            self.entries.clear();
            self.entries.resize(buckets * lanes, 0);
            for lane in 0..lanes.min(count - group) {
                self.window.sort(token, lanes, sums, group + lane, width);
                laps.lap(Step::Sort);
                let Window { list, steps, rank, .. } = &self.window;
                let start = lanes + lane * stride;
                let table = &mut self.table[start * BUCKET_ROWS..(start + stride) * BUCKET_ROWS];
                let filled = (steps.len() * lanes) as u32;
                token.vectorize(Accumulate::<F> {
                    points: points.entries(),
                    list,
                    steps,
                    table,
                    field: PhantomData,
                });
                laps.lap(Step::Buckets);
                for (bucket, &rank) in rank.iter().enumerate() {
                    if rank < filled {
                        self.entries[bucket * lanes + lane] = start as u32 + rank;
                    }
                }
            }
            let (table, entries) = (self.table.as_chunks().0, &self.entries[..]);
            let sums = &mut self.sums[(first + group) * BUCKET_ROWS..];
            if by_bits {
                let start = bits.len();
                bits.resize(start + width, neutral);
                let bits = &mut bits[start..];
                token.vectorize(BitSums { table, entries, scratch: &mut room, bits, sums });
            } else {
                token.vectorize(Reduce::<F> { table, entries, sums, field: PhantomData });
            }
            laps.lap(Step::Reduction);
        }
        Windows { width, count, first }
    }

    /// Bytes held.
    pub fn capacity_bytes(&self) -> usize {
        self.table.capacity_bytes()
            + self.sums.capacity_bytes()
            + self.entries.capacity() * 4
            + self.window.capacity_bytes()
    }
}
