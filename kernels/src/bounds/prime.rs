//! Ranges of elements modulo a 256-bit prime or order, for the kernels of `y² = x³ + ax + b`.
//!
//! An element is an integer in carried limbs, so its range is one of values: from 0 to `most`, in units of m/2^56. So
//! multiples of the modulus m are exact, and 2^256 is a little more than 2^56 units. A wide value has a range of values,
//! and one for each of columns 0 to 3, which a subtraction keeps positive and a carry must be able to read; column 4
//! follows from the value.

use super::{COMPARISONS, Comparisons, Range, Representation, assert_below};
use crate::field::prime256::{Family, Limbs, MASK52, Modulus, PrimeLanes, splat_limbs};
use crate::simd::Vector;
use crate::simd::emulated::{Emulated, EmulatedMask, EmulatedU64x8};
use core::cell::Cell;
use core::marker::PhantomData;

/// m in units.
pub(super) const M: i128 = 1 << 56;
/// 16·m, which is below 2^260.
const ELEMENT: i128 = 16 * M;

/// A representation and a modulus.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    representation: Representation,
    limbs: Limbs,
    montgomery: bool,
}

impl Rules {
    pub(super) fn of<M: Modulus>(representation: Representation) -> Self {
        Self { representation, limbs: M::LIMBS, montgomery: M::MONTGOMERY }
    }

    /// An integer of so many times 2^200, in units: an upper bound.
    pub(super) fn units(&self, of: i128) -> i128 {
        // 2^200 is 2^256/m units. Limbs 3 and 4 begin at 2^156 and 2^208: m/2^200, rounded down.
        let m = (i128::from(self.limbs[4]) << 52 | i128::from(self.limbs[3])) >> 44;
        of + of * (M - m) / m + 1
    }

    /// 2^256 in units.
    fn words(&self) -> i128 {
        self.units(1 << 56)
    }

    /// Columns 0 to 3 of a product, or of the sum of two: limbs below 2^52; or what `radix52_fma` asserts; or 18 halves of
    /// products of limbs, 10 that a reduction adds, what SM2 lends and carries, each column below 2^57.
    fn product_columns(&self) -> Range {
        Range::up_to(match self.representation {
            Representation::Portable => i128::from(MASK52),
            Representation::Fma => (5 << 56) - 1,
            Representation::Ifma => (1 << 57) - 1,
        })
    }

    /// The most that a sum of products is once reduced, of what it is in units squared.
    pub(super) fn reduced(&self, products: i128) -> i128 {
        assert!(products <= 256 * M * M, "a sum of products of 256·m² or more");
        if self.montgomery {
            // Over 2^260, which is more than 16·m, and a quotient's multiple of m: all but the last limb of a quotient
            // may have bits too many.
            products / ELEMENT + 1 + M + (M >> 40)
        } else {
            // 256 bits in columns that are not carried.
            self.words() + self.units(1 << 17)
        }
    }

    /// The most that `fold` gives.
    fn folded(&self) -> i128 {
        self.words() + self.units(1 << 40)
    }
}

thread_local! {
    static RULES: Cell<Option<Rules>> = const { Cell::new(None) };
}

pub(super) fn rules() -> Rules {
    RULES.get().expect("rules")
}

/// Runs with these rules.
pub(super) fn with(rules: Rules, what: impl FnOnce()) {
    RULES.set(Some(rules));
    what();
    RULES.set(None);
}

/// Every integer from 0 to `most` units.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound<F> {
    pub(super) most: i128,
    modulus: PhantomData<F>,
}

/// Sums not yet carried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wide {
    pub(super) value: Range,
    pub(super) columns: [Range; 4],
}

/// The family of representations of ranges.
#[derive(Debug)]
pub(super) enum Bounds {}

impl Family for Bounds {
    type Token = Emulated;
    type Vector = EmulatedU64x8;
    type Field<F: Modulus> = Bound<F>;
}

impl<F> Bound<F> {
    pub(super) fn new(most: i128) -> Self {
        assert!((0..=ELEMENT).contains(&most), "an element of more than 16·m");
        Self { most, modulus: PhantomData }
    }

    #[inline(never)]
    fn read(limbs: [EmulatedU64x8; 5], least: i128) -> Self {
        for limb in limbs {
            assert!(limb.all_below(1 << 52), "limb out of bounds");
        }
        let top = limbs[4].to_array().into_iter().fold(0, u64::max);
        Self::new(rules().units((i128::from(top) + 1) << 8).max(least))
    }

    #[inline(never)]
    fn products(products: i128) -> Wide {
        let rules = rules();
        Wide { value: Range::up_to(rules.reduced(products)), columns: [rules.product_columns(); 4] }
    }
}

/// What columns of a difference are raised by, and what those of a subtrahend must be below: as in `radix52`.
const BIAS: i128 = 1 << 60;
const SUBTRAHEND: i128 = BIAS - (1 << 50);

fn each(of: impl FnMut(usize) -> Range) -> [Range; 4] {
    [0, 1, 2, 3].map(of)
}

#[track_caller]
fn difference(a: &Wide, b: &Wide, k: u64) -> Wide {
    let rules = rules();
    let multiple = i128::from(k) * M;
    assert_below(&b.columns, SUBTRAHEND, "a column of a subtrahend");
    assert_below(&a.columns, 1 << 62, "a column of a minuend");
    assert!(b.value.high <= multiple, "{k}m is below the subtrahend: {} of {multiple} units", b.value.high);
    let raised = |i: usize| {
        let lent = if i > 0 { BIAS >> 52 } else { 0 };
        let raised = i128::from(rules.limbs[i]) * i128::from(k) + BIAS - lent;
        Range::new(raised, raised)
    };
    Wide {
        value: a.value.add(Range::new(multiple, multiple)).sub(b.value),
        columns: each(|i| a.columns[i].add(raised(i)).sub(b.columns[i])),
    }
}

impl<F: Modulus> PrimeLanes for Bound<F> {
    type Token = Emulated;
    type Vector = EmulatedU64x8;
    type Modulus = F;
    type Wide = Wide;

    fn from_limbs(limbs: [EmulatedU64x8; 5]) -> Self {
        Self::read(limbs, rules().folded())
    }
    /// 0 and 1 are what they are, other constants any canonical value: those of a modulus chosen at run time differ.
    fn splat(token: Emulated, limbs: &Limbs) -> Self {
        match limbs {
            [0, 0, 0, 0, 0] => Self::new(0),
            [1, 0, 0, 0, 0] => Self::read(splat_limbs(token, limbs), 0),
            _ => Self::read(splat_limbs(token, limbs), M),
        }
    }
    #[inline(never)]
    fn to_limbs(self) -> [EmulatedU64x8; 5] {
        let token = <Emulated as crate::simd::Token>::detect().expect("on every machine");
        // A unit is less than 2^200.
        let top = (self.most - 1).max(0) >> 8;
        assert!(top < 1 << 52, "limb out of bounds");
        let zero = COMPARISONS.get() == Comparisons::Hold && self.most <= rules().folded();
        let limbs = [MASK52, MASK52, MASK52, MASK52, top as u64];
        splat_limbs(token, if zero { &[0; 5] } else { &limbs })
    }
    fn select(_: EmulatedMask, yes: Self, no: Self) -> Self {
        Self::new(yes.most.max(no.most))
    }
    fn select_wide(_: EmulatedMask, yes: Wide, no: Wide) -> Wide {
        Wide { value: yes.value.union(no.value), columns: each(|i| yes.columns[i].union(no.columns[i])) }
    }

    #[inline(never)]
    fn widen(self) -> Wide {
        Wide { value: Range::up_to(self.most), columns: [Range::up_to(MASK52.into()); 4] }
    }
    #[inline(never)]
    fn add_wide(a: Wide, b: Wide) -> Wide {
        let columns = each(|i| a.columns[i].add(b.columns[i]));
        assert_below(&columns, 1 << 63, "a column of a sum");
        Wide { value: a.value.add(b.value), columns }
    }
    #[track_caller]
    fn sub_wide<const K: u64>(a: Wide, b: Wide) -> Wide {
        difference(&a, &b, K)
    }
    #[track_caller]
    fn negate_wide<const K: u64>(a: Wide) -> Wide {
        difference(&Wide { value: Range::of(0), columns: [Range::of(0); 4] }, &a, K)
    }
    #[inline(never)]
    fn mul_wide(self, other: Self) -> Wide {
        Self::products(self.most * other.most)
    }
    #[inline(never)]
    fn square_wide(self) -> Wide {
        Self::products(self.most * self.most)
    }
    #[inline(never)]
    fn mul_add_mul(a: Self, b: Self, c: Self, d: Self) -> Wide {
        Self::products(a.most * b.most + c.most * d.most)
    }
    #[inline(never)]
    fn mul_add_square(a: Self, b: Self, c: Self) -> Wide {
        Self::products(a.most * b.most + c.most * c.most)
    }
    fn join<const N: usize>(wides: [Wide; N]) -> [Wide; N] {
        wides
    }
    #[track_caller]
    #[inline(never)]
    fn carry(wide: Wide) -> Self {
        assert_below(&wide.columns, 1 << 63, "a column to carry");
        assert!(wide.value.low >= 0 && wide.value.high <= ELEMENT, "a value to carry: {:?}", wide.value);
        Self::new(wide.value.high)
    }
    #[track_caller]
    #[inline(never)]
    fn fold(wide: Wide) -> Self {
        let rules = rules();
        // What is folded is added before columns are carried.
        assert_below(&wide.columns, (1 << 63) - (1 << 57), "a column to fold");
        assert!(wide.columns.iter().all(|column| column.low >= 1 << 49), "a column to fold below 2^49");
        assert!(wide.value.low >= M / 8 && wide.value.high <= ELEMENT, "a value to fold: {:?}", wide.value);
        // Bits from 2^256 upwards times 2^256 − m, and columns that are not carried, the third from 2^156 upwards.
        let over = wide.value.high / M;
        let columns = wide.columns.iter().fold(0, |most, column| column.high.max(most)) >> 44;
        let most = rules.words() + over * (rules.words() - M) + rules.units(columns + 2);
        assert!(most <= rules.folded() && most <= 2 * M, "folded: {most} units");
        Self::new(most)
    }
}
