//! Ranges of elements modulo 2^255 − 19, for the kernels of edwards25519: one for each limb, which are five of 51 bits in
//! every representation, as integers.
//!
//! A wide value also has a level: how often the constant of level 1 is in it (see `kernels::field`). `carry` takes level 0
//! alone, `settle` level 1.

use super::{COMPARISONS, Comparisons, Five, Range, Representation, assert_below, assert_within, each};
use crate::field::{FieldLanes, Limbs, MASK51, splat_limbs};
use crate::simd::Vector;
use crate::simd::emulated::{Emulated, EmulatedMask, EmulatedU64x8};
use core::cell::Cell;

thread_local! {
    static REPRESENTATION: Cell<Representation> = const { Cell::new(Representation::Ifma) };
}

/// Runs with this representation.
pub(super) fn with(representation: Representation, what: impl FnOnce()) {
    REPRESENTATION.set(representation);
    what();
}

/// Every element whose limbs are in these ranges.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound(pub(super) Five);

/// Columns not yet carried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wide {
    pub(super) columns: Five,
    pub(super) level: i32,
}

/// p by limb.
const P: [i128; 5] = [MASK51 as i128 - 18, MASK51 as i128, MASK51 as i128, MASK51 as i128, MASK51 as i128];

/// A multiple of p, by limb.
fn multiple(times: i128) -> Five {
    each(|i| Range::new(P[i] * times, P[i] * times))
}

fn sum(a: &Five, b: &Five) -> Five {
    each(|i| a[i].add(b[i]))
}

fn minus(a: &Five, b: &Five) -> Five {
    each(|i| a[i].sub(b[i]))
}

/// Over 2^51, rounded to the nearest integer, to either of two.
fn rounded(x: Range) -> Range {
    Range::new(-(((1 << 50) - x.low) >> 51), (x.high + (1 << 50)) >> 51)
}

/// The products of limbs i and j, by the column i + j, and what each gives to a column of its low and its high half.
fn columns(pairs: &[(usize, usize)], halves: impl Fn(usize, usize) -> (Range, Range), level: &Five) -> Five {
    let mut columns = [Range::of(0); 10];
    for &(i, j) in pairs {
        let (low, high) = halves(i, j);
        columns[i + j] = columns[i + j].add(low);
        columns[i + j + 1] = columns[i + j + 1].add(high);
    }
    each(|k| columns[k].add(columns[k + 5].times(19)).add(level[k]))
}

/// What a representation does. The bounds that are asserted are those that it asserts of values, the constants its own.
impl Representation {
    /// The bound of tight limbs: below it, or, with signs, within it.
    pub(super) fn tight(self) -> i128 {
        match self {
            Self::Ifma => (1 << 51) + (1 << 17),
            Self::Fma => (1 << 50) + (1 << 17),
            Self::Portable => (1 << 51) + (1 << 14),
        }
    }

    /// The whole tight class.
    pub(super) fn whole(self) -> Five {
        let tight = self.tight();
        match self {
            Self::Fma => [Range::new(-tight, tight); 5],
            _ => [Range::up_to(tight - 1); 5],
        }
    }

    #[track_caller]
    fn assert_tight(self, limbs: &Five, what: &str) {
        match self {
            Self::Fma => assert_within(limbs, self.tight(), what),
            _ => assert_below(limbs, self.tight(), what),
        }
    }

    /// The constant of a level.
    fn raise(self, level: usize) -> Five {
        let level = level as i128;
        match (self, level) {
            (_, 0) => multiple(0),
            (Self::Ifma, _) => multiple(1 << (8 + level)),
            (Self::Fma, _) => sum(&multiple(level << 9), &[Range::of(1 << 50).times(level); 5]),
            (Self::Portable, 1) => multiple(2),
            (Self::Portable, _) => multiple(6),
        }
    }

    /// a·b, or the square of a = b, which takes cross products once.
    #[track_caller]
    fn product(self, a: &Five, b: &Five, square: bool, level: usize) -> Five {
        let mut pairs = Vec::new();
        for i in 0..5 {
            pairs.extend((if square { i } else { 0 }..5).map(|j| (i, j)));
        }
        let twice = |i: usize, j: usize| if square && i != j { 2 } else { 1 };
        let raise = self.raise(level);
        match self {
            Self::Ifma => {
                assert_below(a, 1 << 52, "a factor");
                assert_below(b, 1 << 52, "a factor");
                let halves = |i: usize, j: usize| {
                    let product = a[i].mul(b[j]);
                    let low = product.masked(52).times(twice(i, j));
                    // The high half weighs twice what the column above does.
                    (low, product.shifted_down(52).times(2 * twice(i, j)))
                };
                let out = columns(&pairs, halves, &raise);
                assert_below(&out, 1 << 63, "a column of a product");
                out
            }
            Self::Fma => {
                let (tight, loose) = (self.tight(), (1 << 51) + (1 << 18));
                let is_tight = |x: &Five| x.iter().all(|limb| limb.low >= -tight && limb.high <= tight);
                assert_within(a, if square { tight } else { loose }, "a factor");
                assert_within(b, if !square && is_tight(a) { loose } else { tight }, "a factor");
                let halves = |i: usize, j: usize| {
                    let product = a[i].times(twice(i, j)).mul(b[j]);
                    assert_within(&[product], 1 << 102, "a product of limbs");
                    (Range::new(-(1 << 50), 1 << 50), rounded(product))
                };
                let out = columns(&pairs, halves, &raise);
                assert_within(&out, 1 << 62, "a column of a product");
                out
            }
            Self::Portable => {
                assert_below(a, 1 << 54, "a factor");
                assert_below(b, 1 << 54, "a factor");
                let mut r = [Range::of(0); 5];
                for i in 0..5 {
                    for j in 0..5 {
                        let factor = if i + j < 5 { 1 } else { 19 };
                        r[(i + j) % 5] = r[(i + j) % 5].add(a[i].mul(b[j]).times(factor));
                    }
                }
                assert_below(&r, 77 << 108, "a column of a product");
                assert_below(&r[4..], 5 << 108, "column 4 of a product");
                let mask = Range::up_to(MASK51.into());
                for i in 1..5 {
                    let carry = r[i - 1].shifted_down(51);
                    assert_below(&[carry], 1 << 64, "a carry of a product");
                    r[i] = r[i].add(carry);
                }
                let low = r[0].masked(51).add(r[4].shifted_down(51).times(19));
                assert_below(&[low], 1 << 64, "the lowest column of a product");
                let out = [low.masked(51), r[1].masked(51).add(low.shifted_down(51)), mask, mask, mask];
                self.assert_tight(&out, "a product");
                sum(&out, &raise)
            }
        }
    }

    /// One step of carries, of limbs of 51 bits without signs.
    fn carried(r: &Five) -> Five {
        each(|i| {
            let carry = if i == 0 { r[4].shifted_down(51).times(19) } else { r[i - 1].shifted_down(51) };
            r[i].masked(51).add(carry)
        })
    }

    /// Columns to tight limbs; those of level 1 where limbs have signs.
    #[track_caller]
    fn split(self, columns: &Five) -> Five {
        let wide = match self {
            Self::Ifma => 1 << 63,
            Self::Fma => (1 << 61) + 1,
            Self::Portable => 1 << 60,
        };
        assert_below(columns, wide, "a column to carry");
        let mut out = Self::carried(columns);
        if self == Self::Fma {
            assert_below(&out, 1 << 52, "a limb to make a double");
            out = minus(&out, &[Range::of(1 << 50); 5]);
        }
        self.assert_tight(&out, "carried limbs");
        out
    }

    /// Limbs with signs to tight ones.
    #[track_caller]
    fn carry_limbs(self, x: &Five) -> Five {
        assert_within(x, 1 << 52, "a limb to carry");
        let carry = each(|i| rounded(x[i]));
        let rest = each(|i| {
            if carry[i].low == carry[i].high {
                x[i].sub(carry[i].times(1 << 51))
            } else {
                Range::new(-(1 << 50), 1 << 50)
            }
        });
        let out = each(|i| rest[i].add(if i == 0 { carry[4].times(19) } else { carry[i - 1] }));
        self.assert_tight(&out, "carried limbs");
        out
    }

    /// Limbs as they are read from memory.
    #[track_caller]
    fn read(self, limbs: &Five) -> Five {
        assert_below(limbs, (1 << 51) + (1 << 17), "limbs that are read");
        if self == Self::Fma { self.carry_limbs(limbs) } else { *limbs }
    }
}

fn representation() -> Representation {
    REPRESENTATION.get()
}

/// Ranges up to the largest words of all lanes, or up to `least`.
#[inline(never)]
fn ranges(words: &[EmulatedU64x8; 5], least: i128) -> Five {
    each(|i| Range::up_to(i128::from(words[i].to_array().into_iter().fold(0, u64::max)).max(least)))
}

fn splat(words: [i128; 5]) -> [EmulatedU64x8; 5] {
    let token = <Emulated as crate::simd::Token>::detect().expect("on every machine");
    splat_limbs(token, &words.map(|word| u64::try_from(word).expect("a word")))
}

impl FieldLanes for Bound {
    type Token = Emulated;
    type Vector = EmulatedU64x8;
    type Wide = Wide;
    const SIDE_BY_SIDE: usize = 1;

    fn from_limbs(limbs: [EmulatedU64x8; 5]) -> Self {
        // As `to_limbs` gives tight elements, or canonical.
        let least = if representation() == Representation::Fma {
            (1 << 51) + 64
        } else {
            representation().tight() - 1
        };
        Self(representation().read(&ranges(&limbs, least)))
    }
    fn from_factor(limbs: [EmulatedU64x8; 5]) -> Self {
        if representation() != Representation::Fma {
            return Self::from_limbs(limbs);
        }
        let limbs = ranges(&limbs, MASK51.into());
        assert_within(&limbs, (1 << 51) + (1 << 18), "a factor that is read");
        Self(limbs)
    }
    #[inline(never)]
    fn to_limbs(self) -> [EmulatedU64x8; 5] {
        let limbs = match representation() {
            Representation::Ifma => self.0,
            Representation::Fma => {
                representation().assert_tight(&self.0, "limbs to make integers");
                let positive = sum(&self.0, &multiple(2));
                assert_below(&positive, 1 << 53, "limbs to make integers");
                Representation::carried(&positive)
            }
            Representation::Portable => representation().split(&self.0),
        };
        assert_below(&limbs, 1 << 52, "limbs");
        let zero = COMPARISONS.get() == Comparisons::Hold;
        splat(limbs.map(|limb| if zero { 0 } else { limb.high }))
    }
    #[inline(never)]
    fn pack(self) -> [EmulatedU64x8; 5] {
        if representation() == Representation::Ifma {
            assert_below(&self.0, 1 << 52, "limbs");
        }
        splat(self.0.map(|limb| limb.high.max(-limb.low)))
    }
    fn unpack(words: [EmulatedU64x8; 5]) -> Self {
        let limbs = ranges(&words, 0);
        match representation() {
            Representation::Fma => Self(limbs.map(|limb| Range::new(-limb.high, limb.high))),
            Representation::Ifma => Self(representation().read(&limbs)),
            Representation::Portable => Self(limbs),
        }
    }
    /// Constants are what they are.
    fn splat(_: Emulated, limbs: &Limbs) -> Self {
        Self(representation().read(&limbs.map(Range::of)))
    }

    #[inline(never)]
    #[track_caller]
    fn add(self, other: Self) -> Self {
        let sum = sum(&self.0, &other.0);
        match representation() {
            Representation::Ifma => Self(representation().split(&sum)),
            Representation::Fma => Self(representation().carry_limbs(&sum)),
            Representation::Portable => {
                assert_below(&self.0, 1 << 52, "a summand");
                assert_below(&other.0, 1 << 52, "a summand");
                Self(sum)
            }
        }
    }
    #[inline(never)]
    #[track_caller]
    fn sub(self, other: Self) -> Self {
        match representation() {
            Representation::Ifma => {
                representation().assert_tight(&other.0, "a subtrahend");
                Self(representation().split(&sum(&self.0, &other.negate().0)))
            }
            Representation::Fma => Self(representation().carry_limbs(&minus(&self.0, &other.0))),
            Representation::Portable => {
                assert_below(&self.0, 1 << 52, "a minuend");
                Self(sum(&self.0, &other.negate().0))
            }
        }
    }
    #[inline(never)]
    #[track_caller]
    fn negate(self) -> Self {
        if representation() == Representation::Fma {
            return Self(minus(&multiple(0), &self.0));
        }
        if representation() == Representation::Ifma {
            representation().assert_tight(&self.0, "what is negated");
        }
        let out = minus(&multiple(2), &self.0);
        assert_below(&out, 1 << 64, "2p less an element");
        Self(out)
    }
    fn select(_: EmulatedMask, yes: Self, no: Self) -> Self {
        Self(each(|i| yes.0[i].union(no.0[i])))
    }

    fn permute<const ORDER: i32>(self) -> Self {
        self
    }
    fn permute_wide<const ORDER: i32>(wide: Wide) -> Wide {
        wide
    }
    fn select_wide(_: EmulatedMask, yes: Wide, no: Wide) -> Wide {
        assert_eq!(yes.level, no.level, "levels");
        Wide { columns: each(|i| yes.columns[i].union(no.columns[i])), level: yes.level }
    }

    #[inline(never)]
    #[track_caller]
    fn mul_wide(self, other: Self) -> Wide {
        Wide { columns: representation().product(&self.0, &other.0, false, 0), level: 0 }
    }
    #[inline(never)]
    #[track_caller]
    fn square_wide(self) -> Wide {
        Wide { columns: representation().product(&self.0, &self.0, true, 0), level: 0 }
    }
    #[inline(never)]
    #[track_caller]
    fn mul_raised(self, other: Self) -> Wide {
        Wide { columns: representation().product(&self.0, &other.0, false, 1), level: 1 }
    }
    #[inline(never)]
    #[track_caller]
    fn square_raised<const LEVEL: usize>(self) -> Wide {
        Wide { columns: representation().product(&self.0, &self.0, true, LEVEL), level: LEVEL as i32 }
    }
    #[inline(never)]
    #[track_caller]
    fn mul(self, other: Self) -> Self {
        match representation() {
            Representation::Ifma => Self::carry(self.mul_wide(other)),
            Representation::Fma => Self::settle(self.mul_raised(other)),
            Representation::Portable => Self(self.mul_wide(other).columns),
        }
    }
    #[inline(never)]
    #[track_caller]
    fn square(self) -> Self {
        match representation() {
            Representation::Ifma => Self::carry(self.square_wide()),
            Representation::Fma => Self::settle(self.square_raised::<1>()),
            Representation::Portable => Self(self.square_wide().columns),
        }
    }
    #[inline(never)]
    #[track_caller]
    fn twice_raised(self) -> Wide {
        if representation() == Representation::Fma {
            representation().assert_tight(&self.0, "limbs to make integers");
        }
        Wide { columns: sum(&sum(&self.0, &self.0), &representation().raise(1)), level: 1 }
    }
    #[inline(never)]
    #[track_caller]
    fn widen(self) -> Wide {
        if representation() == Representation::Fma {
            representation().assert_tight(&self.0, "limbs to make integers");
        }
        Wide { columns: self.0, level: 0 }
    }
    #[inline(never)]
    #[track_caller]
    fn add_wide(a: Wide, b: Wide) -> Wide {
        let columns = sum(&a.columns, &b.columns);
        match representation() {
            Representation::Ifma => {
                for columns in [&a.columns, &b.columns, &columns] {
                    assert_below(columns, 1 << 63, "a column of a sum");
                }
            }
            Representation::Fma => assert_within(&columns, 1 << 62, "a column of a sum"),
            Representation::Portable => assert_below(&columns, 1 << 64, "a column of a sum"),
        }
        Wide { columns, level: a.level + b.level }
    }
    #[inline(never)]
    #[track_caller]
    fn sub_wide(a: Wide, b: Wide) -> Wide {
        let level = a.level - b.level;
        match representation() {
            Representation::Ifma => {
                assert_below(&b.columns, P[0] << 10, "a subtrahend");
                let columns = sum(&a.columns, &multiple(1 << 10));
                Wide { level, ..Self::sub_raised(Wide { columns, level }, Wide { level: 0, ..b }) }
            }
            Representation::Fma => Self::sub_raised(a, b),
            Representation::Portable => {
                let columns = sum(&a.columns, &multiple(4));
                Wide { level, ..Self::sub_raised(Wide { columns, level }, Wide { level: 0, ..b }) }
            }
        }
    }
    #[inline(never)]
    #[track_caller]
    fn sub_raised(a: Wide, b: Wide) -> Wide {
        let columns = minus(&a.columns, &b.columns);
        match representation() {
            Representation::Ifma => {
                for columns in [&a.columns, &b.columns, &columns] {
                    assert_below(columns, 1 << 63, "a column of a difference");
                }
            }
            Representation::Fma => assert_within(&columns, 1 << 62, "a column of a difference"),
            Representation::Portable => {
                assert_below(&a.columns, 1 << 64, "a column of a minuend");
                assert_below(&columns, 1 << 64, "a column of a difference");
            }
        }
        Wide { columns, level: a.level - b.level }
    }
    #[inline(never)]
    #[track_caller]
    fn carry(wide: Wide) -> Self {
        assert_eq!(wide.level, 0, "the level of what is carried");
        if representation() == Representation::Fma {
            assert_within(&wide.columns, 1 << 60, "a column to carry");
            return Self(representation().split(&sum(&wide.columns, &representation().raise(1))));
        }
        Self(representation().split(&wide.columns))
    }
    #[inline(never)]
    #[track_caller]
    fn settle(raised: Wide) -> Self {
        assert_eq!(raised.level, 1, "the level of what is settled");
        if representation() == Representation::Portable {
            assert_below(&raised.columns, 1 << 54, "a factor");
            return Self(raised.columns);
        }
        Self(representation().split(&raised.columns))
    }
}

/// The limbs of canonical elements.
pub(super) fn canonical() -> Five {
    representation().read(&[Range::up_to(MASK51.into()); 5])
}

/// Limbs doubled without a carry.
pub(super) fn twice(limbs: &Five) -> Five {
    sum(limbs, limbs)
}
