//! Every kernel of `y² = x³ + ax + b`, on ranges, in every representation.

use super::prime::{Bound, Bounds, M, Rules, with};
use super::{REPRESENTATIONS, Representation, with_comparisons};
use crate::curve::weierstrass::equation::{self, Abscissa, Item};
use crate::curve::weierstrass::scalars::{self, Triple};
use crate::curve::weierstrass::{
    Affine, Curve, Decode, Encoded, Encodings, Jacobian, P256, Secp256k1, Y, add, comb, double,
};
use crate::field::prime256::{K1Order, K1Prime, PrimeLanes, R1Order, R1Prime, Sm2Order, Sm2Prime};
use crate::multiscalar::Terms;
use crate::multiscalar::weierstrass::{Points, Workspace};
use crate::simd::emulated::{Emulated, EmulatedU64x8};
use crate::simd::{MAX_LANES, Token, Vector};
use core::marker::PhantomData;

fn token() -> Emulated {
    Emulated::detect().expect("on every machine")
}

/// The prime, the representation: each runs with either outcome of comparisons. The kernels of P-256 and SM2 are the same
/// but for the prime, which is chosen here.
fn in_every_representation(of_secp256k1: impl Fn(), of_the_others: impl Fn()) {
    for representation in REPRESENTATIONS {
        with_comparisons(|| {
            with(Rules::of::<K1Prime>(representation), &of_secp256k1);
            with(Rules::of::<R1Prime>(representation), &of_the_others);
            with(Rules::of::<Sm2Prime>(representation), &of_the_others);
        });
    }
}

/// Hundredths of the modulus.
fn hundredths<F>(of: i128) -> Bound<F> {
    Bound::new(M * of / 100)
}

/// What the head of `curve::weierstrass` promises of X, W, Z and of affine x and w is kept by a doubling and an addition:
/// so it holds after any number of them, in any order.
fn bounds_are_kept<C: Curve>() {
    let point = || Jacobian { x: hundredths(101), w: hundredths(800), z: hundredths(201) };
    let entry = Affine { x: hundredths(110), w: hundredths(220) };
    let none = EmulatedU64x8::mask(token(), 0);
    let [doubled] = double::<C, Bound<C::Prime>, 1>([point()]);
    let [sum] = add::<Bound<C::Prime>, 1>([point()], [entry], [none]);
    for next in [doubled, sum] {
        for (what, is, may) in [("X", next.x, point().x), ("W", next.w, point().w), ("Z", next.z, point().z)]
        {
            assert!(is.most <= may.most, "{what} is up to {} of {} units", is.most, may.most);
        }
    }
}

#[test]
fn formulas_keep_the_bounds_that_they_are_given() {
    in_every_representation(bounds_are_kept::<Secp256k1>, bounds_are_kept::<P256>);
}

/// Any words.
fn word(i: u64) -> [u64; 4] {
    [1, 2, 3, 4].map(|place| (i * 4 + place).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (place / 4))
}

/// As many as make all forms of kernels run, for one vector and for several side by side.
const COUNT: usize = 7 * MAX_LANES + 1;

fn encoded<C: Curve>(compressed: bool) -> Encoded {
    let [x, y] = C::GENERATOR;
    Encoded { x, y: if compressed { Y::Odd(false) } else { Y::Is(y) } }
}

fn ladders<C: Curve>() {
    let items: Vec<Item> = (0..COUNT as u64)
        .map(|i| Item { point: encoded::<C>(i % 3 == 0), g: word(2 * i), k: word(2 * i + 1) })
        .collect();
    let expected: Vec<Abscissa> =
        (0..COUNT as u64).map(|i| Abscissa { x: word(i), or: (i % 2 == 0).then(|| word(i + 1)) }).collect();
    assert_eq!(equation::sums::<C, Bounds>(token(), &items).len(), COUNT);
    assert_eq!(equation::matches::<C, Bounds>(token(), &items, &expected).len(), COUNT);
    let points: Vec<Encoded> = items.iter().map(|item| item.point).collect();
    assert_eq!(equation::points::<C, Bounds>(token(), &points).len(), COUNT);
    assert_eq!(equation::on_curve::<C, Bounds>(token(), &points).len(), COUNT);
}

#[test]
fn ladders_stay_in_bounds() {
    in_every_representation(ladders::<Secp256k1>, ladders::<P256>);
}

fn combs<C: Curve>() {
    let pools = comb::Pools::default();
    let base = comb::base_table::<C, Bounds>(token());
    let points = vec![C::GENERATOR; MAX_LANES];
    let tables = [true, false].map(|full| comb::build::<C, Bounds>(token(), full, &points, &pools));
    let known: Vec<comb::WithTable<'_>> = (0..COUNT)
        .map(|i| comb::WithTable {
            table: &tables[i % 2][i % MAX_LANES],
            g: word(2 * i as u64),
            k: word(2 * i as u64 + 1),
        })
        .collect();
    let expected: Vec<Abscissa> = (0..COUNT as u64).map(|i| Abscissa { x: word(i), or: None }).collect();
    assert_eq!(comb::sums::<C, Bounds>(token(), &base, &known).len(), COUNT);
    assert_eq!(comb::matches::<C, Bounds>(token(), &base, &known, &expected).len(), COUNT);
    let tweaks: Vec<comb::Tweak> = (0..COUNT as u64)
        .map(|i| comb::Tweak {
            point: word(3 * i),
            t: word(3 * i + 1),
            sum: word(3 * i + 2),
            odd: i % 2 == 0,
        })
        .collect();
    assert_eq!(comb::tweaks::<C, Bounds>(token(), &base, &tweaks).len(), COUNT);
}

#[test]
fn combs_stay_in_bounds() {
    in_every_representation(combs::<Secp256k1>, combs::<P256>);
}

fn linear_combinations<C: Curve>() {
    let mut points = Points::default();
    let mut on_curve = Vec::new();
    let encoded: Vec<Encoded> = (0..COUNT).map(|i| encoded::<C>(i % 2 == 0)).collect();
    let first = points.decode::<C, Bounds>(token(), &encoded, true, &mut on_curve);
    assert_eq!(on_curve.len(), COUNT);
    let mut terms = Terms::new(128);
    for i in 0..4 * COUNT as u32 {
        let [a, b, ..] = word(i.into());
        terms.push_negative_where(first + i % COUNT as u32, &[a, b, 0, 0], i % 3 == 0);
    }
    let mut encodings = Encodings::EMPTY;
    encodings.set(0, &encoded[1]);
    let of = PhantomData::<(C, Bound<C::Prime>)>;
    let [(point, _)] = token().vectorize(Decode { encodings: [&encodings], of });
    let _ = Workspace::default().compare_decoded::<C, Bounds>(token(), &points, &terms, [point; 4]);
}

#[test]
fn linear_combinations_stay_in_bounds() {
    in_every_representation(linear_combinations::<Secp256k1>, linear_combinations::<P256>);
}

#[test]
fn quotients_of_scalars_stay_in_bounds() {
    let triples: Vec<Triple> = (0..COUNT as u64)
        .map(|i| Triple { e: [u64::MAX; 4], r: [u64::MAX; 4], s: [i + 1, 0, 0, u64::MAX] })
        .collect();
    let quotients = || {
        assert_eq!(scalars::quotients::<R1Order, Bounds>(token(), &triples).len(), COUNT);
    };
    for representation in REPRESENTATIONS {
        with_comparisons(|| {
            with(Rules::of::<K1Order>(representation), quotients);
            with(Rules::of::<R1Order>(representation), quotients);
            with(Rules::of::<Sm2Order>(representation), quotients);
        });
    }
}

/// The type is as strict as the representations: a factor K that is too small, one subtrahend too many, a value that is
/// folded although it may be too small.
mod is_strict {
    use super::*;

    type Field = Bound<R1Prime>;

    fn wide(of: i128) -> <Field as PrimeLanes>::Wide {
        hundredths::<R1Prime>(of).widen()
    }

    #[track_caller]
    fn panics<T>(what: fn() -> T, with_words: &str) {
        let rules = Rules::of::<R1Prime>(Representation::Fma);
        let run = move || {
            with(rules, || {
                let _ = what();
            });
        };
        let panic = std::panic::catch_unwind(run).expect_err("a panic");
        let words = match panic.downcast_ref::<String>() {
            Some(words) => words,
            None => *panic.downcast_ref::<&str>().expect("words"),
        };
        assert!(words.contains(with_words), "{words}");
    }

    #[test]
    fn as_the_representations_are() {
        panics(|| Field::sub_wide::<2>(wide(100), wide(201)), "is below the subtrahend");
        panics(|| Field::negate_wide::<7>(wide(701)), "is below the subtrahend");
        let four = || {
            let product = hundredths::<R1Prime>(100).square_wide();
            Field::sub_wide::<9>(wide(100), Field::twice(Field::twice(product)))
        };
        panics(four, "a column of a subtrahend");
        panics(|| Field::fold(wide(100)), "a column to fold below 2^49");
        panics(|| Field::fold(Field::sub_wide::<1>(wide(0), wide(90))), "a value to fold");
        panics(|| Field::carry(Field::twice(wide(801))), "a value to carry");
        panics(|| hundredths::<R1Prime>(1601), "an element of more than 16·m");
        let far = || {
            let x = hundredths::<R1Prime>(1200);
            Field::mul_add_mul(x, x, x, x)
        };
        panics(far, "a sum of products of 256·m² or more");
    }

    #[test]
    fn and_units_are_a_little_less_than_their_power_of_two() {
        for rules in [Rules::of::<R1Prime>, Rules::of::<K1Order>, Rules::of::<Sm2Order>, Rules::of::<K1Prime>]
        {
            let words = rules(Representation::Ifma).units(1 << 56);
            assert!(words > M && words < M + (M >> 30), "{words}");
        }
    }
}
