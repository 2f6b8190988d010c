//! Bounds instead of values: the proof that no formula, ladder, comb, table or sum leaves the range that a representation
//! computes exactly in.
//!
//! Debug assertions in the representations watch the values that occur. The worst ones do not occur in tests: an excess
//! that takes one limb in 2^38 stays unseen. So the kernels run here on elements that are the *range* of every value that
//! an element can have at that place ([`prime::Bound`], [`edwards::Bound`]): each operation asserts what the representation
//! asks of its operands for the whole range, and gives the range of its results. A kernel that ends without a panic
//! cannot leave its bounds, whatever points and scalars it is given.
//!
//! It is the code of the kernels that runs, not a copy of its formulas: the two types are fields like any other. The
//! representation and the modulus are chosen at run time, so that each kernel is compiled once for all of them.
//!
//! # Memory and masks
//! Kernels take elements apart into limbs, to store them in tables and to compare them. The limbs of a range are its upper
//! bounds, and limbs that are read are a range up to them, or up to any canonical value if that is more. What kernels
//! compute on limbs by themselves, canonical forms, is a range again when it is read. A selection by a mask has the range
//! of both values. The masks of comparisons steer control flow in a few places: so everything runs twice, once with
//! limbs of 0 for whatever is compared, where all comparisons hold, and once without ([`Comparisons`]).
//!
//! # What is left to other tests
//! That a representation honours the ranges, `honoured`: operands at the corners of their ranges, against big integers.

mod edwards;
mod edwards_kernels;
mod honoured;
mod prime;
mod weierstrass_kernels;

use core::cell::Cell;

/// How products are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Representation {
    /// `radix51_ifma`, `radix52`.
    Ifma,
    /// `radix51_fma`, `radix52_fma`.
    Fma,
    /// `radix51_portable`, `prime256::portable`.
    Portable,
}

const REPRESENTATIONS: [Representation; 3] =
    [Representation::Ifma, Representation::Fma, Representation::Portable];

/// What the limbs of a canonical form are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparisons {
    /// The largest: hardly any two values are equal.
    Fail,
    /// 0: all are.
    Hold,
}

thread_local! {
    static COMPARISONS: Cell<Comparisons> = const { Cell::new(Comparisons::Fail) };
}

/// Runs `what` with either outcome of comparisons.
fn with_comparisons(what: impl Fn()) {
    for comparisons in [Comparisons::Fail, Comparisons::Hold] {
        COMPARISONS.set(comparisons);
        what();
    }
    COMPARISONS.set(Comparisons::Fail);
}

/// A closed range of integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    low: i128,
    high: i128,
}

impl Range {
    fn new(low: i128, high: i128) -> Self {
        assert!(low <= high, "a range from {low} to {high}");
        Self { low, high }
    }
    fn up_to(high: i128) -> Self {
        Self::new(0, high)
    }
    fn of(value: u64) -> Self {
        Self::new(value.into(), value.into())
    }
    fn within(self, other: Self) -> bool {
        other.low <= self.low && self.high <= other.high
    }
    fn add(self, other: Self) -> Self {
        Self::new(self.low + other.low, self.high + other.high)
    }
    fn sub(self, other: Self) -> Self {
        Self::new(self.low - other.high, self.high - other.low)
    }
    fn times(self, factor: i128) -> Self {
        Self::new(self.low * factor, self.high * factor)
    }
    fn union(self, other: Self) -> Self {
        Self::new(self.low.min(other.low), self.high.max(other.high))
    }
    fn mul(self, other: Self) -> Self {
        let corners =
            [self.low * other.low, self.low * other.high, self.high * other.low, self.high * other.high];
        Self::new(
            corners.into_iter().fold(i128::MAX, i128::min),
            corners.into_iter().fold(i128::MIN, i128::max),
        )
    }
    /// Rounded down.
    fn shifted_down(self, bits: u32) -> Self {
        Self::new(self.low >> bits, self.high >> bits)
    }
    /// Modulo 2^bits.
    fn masked(self, bits: u32) -> Self {
        let whole = self.low >> bits;
        if whole == self.high >> bits {
            Self::new(self.low - (whole << bits), self.high - (whole << bits))
        } else {
            Self::up_to((1 << bits) - 1)
        }
    }
}

/// Ranges of five limbs or columns.
type Five = [Range; 5];

fn each(of: impl FnMut(usize) -> Range) -> Five {
    [0, 1, 2, 3, 4].map(of)
}

#[track_caller]
fn assert_below(limbs: &[Range], bound: i128, what: &str) {
    for limb in limbs {
        assert!(limb.low >= 0 && limb.high < bound, "{what}: {limb:?}, which must be in 0..{bound}");
    }
}

#[track_caller]
fn assert_within(limbs: &[Range], bound: i128, what: &str) {
    for limb in limbs {
        assert!(limb.low >= -bound && limb.high <= bound, "{what}: {limb:?}, which must be within ±{bound}");
    }
}
