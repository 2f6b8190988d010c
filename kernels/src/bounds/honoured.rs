//! That the representations do what the ranges say: operands at the corners of their classes give columns and limbs in
//! the ranges of the same operation on ranges, and the right residues.

use super::edwards::{self, Bound};
use super::prime::{M, Rules, Wide};
use super::{Range, Representation};
use crate::field::prime256::{
    Family, Fma, General, Ifma, K1Order, K1Prime, Limbs, MASK52, Modulus, PrimeLanes, R1Order, R1Prime,
    Sm2Order, Sm2Prime,
};
use crate::field::radix51_fma::Radix51Fma;
use crate::field::radix51_ifma::Radix51Ifma;
use crate::field::radix51_portable::Radix51Portable;
use crate::field::{FieldLanes, MASK51};
use crate::simd::emulated::EmulatedU64x8;
use crate::simd::{Token, Vector};
use num_bigint::BigInt;

fn integer(limbs: &[i128; 5], bits: u32) -> BigInt {
    limbs.iter().rev().fold(BigInt::ZERO, |sum, &limb| (sum << bits) + limb)
}

/// 0 or 1 for each of five places.
fn corners() -> impl Iterator<Item = [usize; 5]> {
    (0..32).map(|bits| [0, 1, 2, 3, 4].map(|i| bits >> i & 1))
}

/// A representation of one lane, of which limbs and columns can be looked at as integers.
trait Real: FieldLanes {
    const REPRESENTATION: Representation;
    fn of(limbs: [i128; 5]) -> Self;
    fn limbs(self) -> [i128; 5];
    fn columns(wide: Self::Wide) -> [i128; 5];
}

fn splat<V: Vector>(words: [u64; 5]) -> [V; 5] {
    let token = V::Token::detect().expect("on every machine");
    words.map(|word| V::splat(token, word))
}

fn first<V: Vector>(words: [V; 5]) -> [u64; 5] {
    words.map(|word| word.to_array()[0])
}

impl Real for Radix51Ifma<EmulatedU64x8> {
    const REPRESENTATION: Representation = Representation::Ifma;
    fn of(limbs: [i128; 5]) -> Self {
        Self::unpack(splat(limbs.map(|limb| limb as u64)))
    }
    fn limbs(self) -> [i128; 5] {
        first(self.pack()).map(i128::from)
    }
    fn columns(wide: Self::Wide) -> [i128; 5] {
        first(wide).map(i128::from)
    }
}

impl Real for Radix51Fma<EmulatedU64x8> {
    const REPRESENTATION: Representation = Representation::Fma;
    fn of(limbs: [i128; 5]) -> Self {
        Self::unpack(splat(limbs.map(|limb| (limb as f64).to_bits())))
    }
    fn limbs(self) -> [i128; 5] {
        first(self.pack()).map(|limb| f64::from_bits(limb) as i128)
    }
    fn columns(wide: Self::Wide) -> [i128; 5] {
        first(wide).map(|column| i128::from(column as i64))
    }
}

impl Real for Radix51Portable {
    const REPRESENTATION: Representation = Representation::Portable;
    fn of(limbs: [i128; 5]) -> Self {
        Self::unpack(splat(limbs.map(|limb| limb as u64)))
    }
    fn limbs(self) -> [i128; 5] {
        first(self.pack()).map(i128::from)
    }
    fn columns(wide: Self::Wide) -> [i128; 5] {
        wide.map(i128::from)
    }
}

/// An element, its range of one value, and what it stands for.
#[derive(Clone)]
struct Element<F> {
    real: F,
    bound: Bound,
    value: BigInt,
}

impl<F: Real> Element<F> {
    fn of(limbs: [i128; 5]) -> Self {
        let bound = Bound(limbs.map(|limb| Range::new(limb, limb)));
        Self { real: F::of(limbs), bound, value: integer(&limbs, 51) }
    }

    #[track_caller]
    fn check(self, what: &str) -> Self {
        let (found, p) = (self.real.limbs(), (BigInt::from(1) << 255) - 19);
        for (limb, may) in found.iter().zip(self.bound.0) {
            assert!(Range::new(*limb, *limb).within(may), "{what}: {limb}, which must be in {may:?}");
        }
        let difference: BigInt = integer(&found, 51) - &self.value;
        assert_eq!(difference % p, BigInt::ZERO, "{what}");
        self
    }
}

#[track_caller]
fn check_wide<F: Real>(real: F::Wide, bound: edwards::Wide, value: &BigInt, what: &str) {
    let (found, p) = (F::columns(real), (BigInt::from(1) << 255) - 19);
    for (column, may) in found.iter().zip(bound.columns) {
        assert!(Range::new(*column, *column).within(may), "{what}: {column}, which must be in {may:?}");
    }
    // Limbs with signs: a level is half a limb in each column, and a multiple of p.
    let half = if F::REPRESENTATION == Representation::Fma { i128::from(bound.level) << 50 } else { 0 };
    assert_eq!((integer(&found.map(|column| column - half), 51) - value) % p, BigInt::ZERO, "{what}");
}

fn check_pair<F: Real>(a: &Element<F>, b: &Element<F>) {
    let product = &a.value * &b.value;
    check_wide::<F>(a.real.mul_wide(b.real), a.bound.mul_wide(b.bound), &product, "mul_wide");
    check_wide::<F>(a.real.mul_raised(b.real), a.bound.mul_raised(b.bound), &product, "mul_raised");
    Element { real: a.real.mul(b.real), bound: a.bound.mul(b.bound), value: product }.check("mul");
}

fn check_tight<F: Real>(a: &Element<F>, b: &Element<F>) {
    check_pair(a, b);
    let square = &a.value * &a.value;
    check_wide::<F>(a.real.square_wide(), a.bound.square_wide(), &square, "square_wide");
    check_wide::<F>(a.real.square_raised::<1>(), a.bound.square_raised::<1>(), &square, "square_raised");
    check_wide::<F>(a.real.square_raised::<2>(), a.bound.square_raised::<2>(), &square, "square_raised");
    check_wide::<F>(a.real.twice_raised(), a.bound.twice_raised(), &(&a.value * 2), "twice_raised");
    check_wide::<F>(a.real.widen(), a.bound.widen(), &a.value, "widen");
    Element { real: a.real.square(), bound: a.bound.square(), value: square }.check("square");
    let (real, bound) = (F::settle(a.real.twice_raised()), Bound::settle(a.bound.twice_raised()));
    Element::<F> { real, bound, value: &a.value * 2 }.check("settle");
    let (wide, of) =
        ((a.real.widen(), b.real.mul_wide(a.real)), (a.bound.widen(), b.bound.mul_wide(a.bound)));
    let (real, bound) = (F::carry(F::sub_wide(wide.0, wide.1)), Bound::carry(Bound::sub_wide(of.0, of.1)));
    Element::<F> { real, bound, value: &a.value - &b.value * &a.value }.check("sub_wide and carry");
    let sum = Element { real: a.real.add(b.real), bound: a.bound.add(b.bound), value: &a.value + &b.value };
    let difference =
        Element { real: a.real.sub(b.real), bound: a.bound.sub(b.bound), value: &a.value - &b.value };
    let negative = Element { real: a.real.negate(), bound: a.bound.negate(), value: -&a.value };
    for loose in [sum.check("add"), difference.check("sub"), negative.check("negate")] {
        check_pair(&loose, b);
    }
}

fn check_classes<F: Real>() {
    edwards::with(F::REPRESENTATION, || {
        let whole = F::REPRESENTATION.whole();
        let corner = |class: &[Range; 5], at: [usize; 5]| {
            [0, 1, 2, 3, 4].map(|i| if at[i] == 0 { class[i].low } else { class[i].high })
        };
        let mut tight: Vec<Element<F>> = corners().map(|at| Element::of(corner(&whole, at))).collect();
        // Where a carry, a rounding or a canonical form turns.
        for limb in [1 << 50, (1 << 50) - 1, 1, i128::from(MASK51 >> 2)] {
            tight.push(Element::of([limb; 5]));
        }
        for a in &tight {
            for b in &tight {
                check_tight(a, b);
            }
        }
        // Factors as far as they may go.
        let widest = match F::REPRESENTATION {
            Representation::Ifma => return,
            Representation::Fma => [Range::new(-(1 << 51) - (1 << 18), (1 << 51) + (1 << 18)); 5],
            Representation::Portable => [Range::new(0, (1 << 54) - 1); 5],
        };
        for a in corners().map(|at| Element::<F>::of(corner(&widest, at))) {
            for b in &tight {
                check_pair(&a, b);
                check_pair(b, &a);
            }
        }
    });
}

#[test]
fn limbs_of_edwards25519_are_in_their_ranges() {
    check_classes::<Radix51Ifma<EmulatedU64x8>>();
    check_classes::<Radix51Fma<EmulatedU64x8>>();
    check_classes::<Radix51Portable>();
}

/// As many units as an integer of a 256-bit modulus has, rounded up.
fn units(x: &BigInt, m: &BigInt) -> i128 {
    let units: BigInt = ((x << 56) + m - 1) / m;
    i128::try_from(units).expect("below 2^127")
}

fn modulus<F: PrimeLanes>() -> BigInt {
    integer(&F::Modulus::LIMBS.map(i128::from), 52)
}

/// Integers that an element may be, 16·m at most, with limbs of all zeros or ones.
fn elements<F: PrimeLanes>() -> Vec<Limbs> {
    let most: BigInt = modulus::<F>() * 16;
    let top = u64::try_from(most >> 208u32).expect("a limb") - 1;
    let mut out: Vec<Limbs> = Vec::new();
    for at in corners() {
        for top in [top, MASK52 >> 4, 1 << 48, 9 << 48] {
            out.push([0, 1, 2, 3, 4].map(|i| {
                if at[i] == 0 {
                    0
                } else if i == 4 {
                    top
                } else {
                    MASK52
                }
            }));
        }
    }
    out.dedup();
    out
}

/// The value of columns, and that columns 0 to 3 are in the ranges.
#[track_caller]
fn value<V: Vector>(columns: [V; 5], ranges: &[Range; 4], what: &str) -> BigInt {
    let found = first(columns);
    let mut out = found.map(i128::from);
    out[4] = i128::from(found[4] as i64);
    for (column, may) in out.iter().zip(ranges) {
        assert!(Range::new(*column, *column).within(*may), "{what}: {column}, which must be in {may:?}");
    }
    integer(&out, 52)
}

/// The bound of an integer.
fn bound<F: PrimeLanes>(x: &BigInt) -> super::prime::Bound<F::Modulus> {
    super::prime::Bound::new(units(x, &modulus::<F>()))
}

fn check_products<V: Vector, F: PrimeLanes<Vector = V, Wide = [V; 5]>>() {
    let m = modulus::<F>();
    let elements = elements::<F>();
    let check = |found: [V; 5], may: Wide, product: BigInt, what: &str| {
        let found = value(found, &may.columns, what);
        assert!(found >= BigInt::ZERO && units(&found, &m) <= may.value.high, "{what}: {found:x}");
        let scaled: BigInt = if F::Modulus::MONTGOMERY { found << 260 } else { found };
        assert_eq!((scaled - product) % &m, BigInt::ZERO, "{what}");
    };
    for (i, a) in elements.iter().enumerate() {
        // With itself, its neighbours and its opposite; all of them in turn.
        for j in [i, i + 1, i + 7, elements.len() - 1, elements.len() - 1 - i] {
            let b = &elements[j % elements.len()];
            let (x, y) = (integer(&a.map(i128::from), 52), integer(&b.map(i128::from), 52));
            let (p, q) = (bound::<F>(&x), bound::<F>(&y));
            let (a, b) = (F::from_limbs(splat(*a)), F::from_limbs(splat(*b)));
            check(a.mul_wide(b), p.mul_wide(q), &x * &y, "mul_wide");
            check(a.square_wide(), p.square_wide(), &x * &x, "square_wide");
            if p.most * q.most + q.most * q.most <= 256 * M * M {
                check(
                    F::mul_add_mul(a, b, b, b),
                    PrimeLanes::mul_add_mul(p, q, q, q),
                    &x * &y + &y * &y,
                    "two products",
                );
                check(
                    F::mul_add_square(a, b, b),
                    PrimeLanes::mul_add_square(p, q, q),
                    &x * &y + &y * &y,
                    "and a square",
                );
            }
        }
    }
}

/// Wide values with columns 0 to 3 at either end of a range, near the values that are asked for.
fn wide_values(column: Range, targets: &[BigInt]) -> Vec<([u64; 5], BigInt)> {
    let mut out = Vec::new();
    for at in corners().filter(|at| at[4] == 0) {
        let mut columns = [0, 1, 2, 3].map(|i| if at[i] == 0 { column.low } else { column.high }).to_vec();
        columns.push(0);
        let low = integer(&[columns[0], columns[1], columns[2], columns[3], 0], 52);
        for target in targets {
            // The topmost column may be below 0.
            let top: BigInt = (target - &low) >> 208u32;
            for top in [top.clone(), top + 1] {
                let value: BigInt = &low + (&top << 208u32);
                if value >= BigInt::ZERO {
                    let top = i64::try_from(top).expect("a column");
                    let words = [0, 1, 2, 3].map(|i| columns[i] as u64);
                    out.push(([words[0], words[1], words[2], words[3], top as u64], value));
                }
            }
        }
    }
    out
}

fn check_carries<V: Vector, F: PrimeLanes<Vector = V, Wide = [V; 5]>>() {
    let m = modulus::<F>();
    let most: BigInt = &m * 16;
    let targets = [BigInt::ZERO, m.clone(), (BigInt::from(1) << 256) + 1, most.clone() - 1];
    let element = |x: F| integer(&first(x.to_limbs()).map(i128::from), 52);
    for (columns, value) in wide_values(Range::up_to((1 << 63) - 1), &targets) {
        if value <= most {
            assert_eq!(element(F::carry(splat(columns))), value, "carry");
        }
    }
    let targets = [&m / 8 + 1, m.clone(), (BigInt::from(1) << 256) - 1, &m * 9, most.clone() - 1];
    let column = Range::new(1 << 49, (1 << 63) - (1 << 57) - 1);
    for (columns, value) in wide_values(column, &targets) {
        if value >= &m / 8 && value <= most {
            let found = element(F::fold(splat(columns)));
            let may = <super::prime::Bound<F::Modulus> as PrimeLanes>::fold(Wide {
                value: Range::new(units(&value, &m) - 1, units(&value, &m).min(16 * M)),
                columns: [column; 4],
            });
            assert!(units(&found, &m) <= may.most, "fold: {found:x}");
            assert_eq!((found - value) % &m, BigInt::ZERO, "fold");
        }
    }
}

/// a + b, a − b + K·m and K·m − a for columns at the ends of what they may be.
fn check_sums<V: Vector, F: PrimeLanes<Vector = V, Wide = [V; 5]>>() {
    type Of<F> = super::prime::Bound<<F as PrimeLanes>::Modulus>;
    let m = modulus::<F>();
    let subtrahend = Range::up_to((1 << 60) - (1 << 50) - 1);
    let wides = wide_values(subtrahend, &[BigInt::ZERO, m.clone(), &m * 4]);
    for (i, (a, x)) in wides.iter().enumerate() {
        let (b, y) = &wides[(i * 5 + 3) % wides.len()];
        let range = |x: &BigInt| Wide { value: Range::up_to(units(x, &m)), columns: [subtrahend; 4] };
        let sum = F::add_wide(splat(*a), splat(*b));
        assert_eq!(value(sum, &Of::<F>::add_wide(range(x), range(y)).columns, "add_wide"), x + y);
        let difference = F::sub_wide::<5>(splat(*a), splat(*b));
        let may = Of::<F>::sub_wide::<5>(range(x), range(y));
        assert_eq!(value(difference, &may.columns, "sub_wide"), x + &m * 5 - y);
        let negative = F::negate_wide::<5>(splat(*a));
        assert_eq!(value(negative, &Of::<F>::negate_wide::<5>(range(x)).columns, "negate_wide"), &m * 5 - x);
    }
}

fn check_family<V: Vector, S>(representation: Representation)
where
    S: Family<Vector = V>,
    S::Field<K1Prime>: PrimeLanes<Wide = [V; 5]>,
    S::Field<R1Prime>: PrimeLanes<Wide = [V; 5]>,
    S::Field<Sm2Prime>: PrimeLanes<Wide = [V; 5]>,
    S::Field<K1Order>: PrimeLanes<Wide = [V; 5]>,
    S::Field<R1Order>: PrimeLanes<Wide = [V; 5]>,
    S::Field<Sm2Order>: PrimeLanes<Wide = [V; 5]>,
{
    fn check<V: Vector, F: PrimeLanes<Vector = V, Wide = [V; 5]>>(representation: Representation) {
        super::prime::with(Rules::of::<F::Modulus>(representation), || {
            check_products::<V, F>();
            check_carries::<V, F>();
            check_sums::<V, F>();
        });
    }
    check::<V, S::Field<K1Prime>>(representation);
    check::<V, S::Field<R1Prime>>(representation);
    check::<V, S::Field<Sm2Prime>>(representation);
    check::<V, S::Field<K1Order>>(representation);
    check::<V, S::Field<R1Order>>(representation);
    check::<V, S::Field<Sm2Order>>(representation);
}

#[test]
fn columns_of_256_bits_are_in_their_ranges() {
    check_family::<_, Ifma<EmulatedU64x8>>(Representation::Ifma);
    check_family::<_, Fma<EmulatedU64x8>>(Representation::Fma);
    check_family::<_, General>(Representation::Portable);
}
