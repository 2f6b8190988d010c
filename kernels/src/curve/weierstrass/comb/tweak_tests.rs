//! Tweaked points against affine arithmetic on big integers.

use super::super::tests::{Point, Reference, Sequence, big, words};
use super::super::{P256, Secp256k1, Sm2};
use super::*;
use crate::field::testing::{Fields, FieldsTest, on_any_machine, on_native_vectors};
use crate::simd::testing;
use num_bigint::BigUint;

/// An item, and what must be said of it.
type Case = (Tweak, Option<bool>);

fn coordinates(point: &Point) -> ([u64; 4], bool) {
    let (x, y) = point.as_ref().expect("a point other than infinity");
    (words(x), y.bit(0))
}

/// The multiple of G by d or by −d, whichever has even y, and that scalar.
fn even(reference: &Reference, d: BigUint) -> (Point, BigUint) {
    let point = reference.times(&d, &reference.g);
    match coordinates(&point).1 {
        false => (point, d),
        true => {
            let (x, y) = point.expect("a point");
            (Some((x, &reference.p - y)), &reference.n - d)
        }
    }
}

fn small(value: u32) -> [u64; 4] {
    [value.into(), 0, 0, 0]
}

/// Valid items and those that differ in one respect.
fn ordinary(reference: &Reference, random: &mut Sequence, count: usize) -> Vec<Case> {
    let (n, p) = (&reference.n, &reference.p);
    let mut cases = Vec::new();
    for i in 0..count {
        let (point, d) = even(reference, random.below(n));
        let t = random.below(n);
        let (sum, odd) = coordinates(&reference.times(&((&d + &t) % n), &reference.g));
        let right = Tweak { point: coordinates(&point).0, t: words(&t), sum, odd };
        let negated = reference.times(&((n - &d + &t) % n), &reference.g);
        let (of_negated, odd_of_negated) = coordinates(&negated);
        cases.push((right, Some(true)));
        let wrong = match i % 8 {
            0 => Tweak { odd: !odd, ..right },
            1 => Tweak { t: words(&(n - &t)), ..right },
            2 => Tweak { t: words(&((&t + 1u32) % n)), ..right },
            // The sum of the point of odd y.
            3 => Tweak { sum: of_negated, odd: odd_of_negated, ..right },
            4 => Tweak { sum: words(&random.below(p)), ..right },
            5 => Tweak { point: words(&random.below(p)), ..right },
            6 => Tweak { sum: right.point, ..right },
            // Where Q has odd y, −Q + tG is −P.
            _ => Tweak { point: right.sum, sum: right.point, odd: false, ..right },
        };
        cases.push((wrong, Some(false)));
    }
    cases
}

/// Items of which nothing is known in lanes: infinity, doublings, t = 0.
fn exceptional(reference: &Reference, random: &mut Sequence) -> Vec<Case> {
    let n = &reference.n;
    let mut cases = Vec::new();
    for d in [BigUint::from(1u32), BigUint::from(2u32), random.below(n)] {
        let (point, d) = even(reference, d);
        let (x, _) = coordinates(&point);
        let (twice, odd) = coordinates(&reference.add(&point, &point));
        for (t, sum, odd) in [(d.clone(), twice, odd), (n - &d, x, false), (BigUint::ZERO, x, false)] {
            cases.push((Tweak { point: x, t: words(&t), sum, odd }, None));
        }
    }
    cases
}

fn check<C: Curve, T: Family>(token: T::Token, base: &BaseTable, cases: &[Case]) {
    let items: Vec<Tweak> = cases.iter().map(|(item, _)| *item).collect();
    let found = tweaks::<C, T>(token, base, &items);
    assert_eq!(found.len(), cases.len());
    for (i, ((item, expected), found)) in cases.iter().zip(found).enumerate() {
        assert_eq!(found, *expected, "item {i} of {}: {item:x?}", cases.len());
    }
}

fn tweaks_are_right<C: Curve, T: Fields>(count: usize) {
    let Some(token) = testing::detect::<T::Token>() else { return };
    let reference = Reference::of::<C>();
    let base = base_table::<C, T>(token);
    let mut random = Sequence(31);
    let mut cases = ordinary(&reference, &mut random, count);
    for some in [0, 1, 2, 7, 8, 9, 16, 17, cases.len()] {
        check::<C, T>(token, &base, &cases[..some.min(cases.len())]);
    }
    // An exceptional item leaves its neighbours alone, wherever it is.
    let odd_ones = exceptional(&reference, &mut random);
    for (place, odd_one) in odd_ones.iter().enumerate() {
        let at = place % cases.len();
        let before = std::mem::replace(&mut cases[at], *odd_one);
        check::<C, T>(token, &base, &cases);
        cases[at] = before;
    }
    cases.extend(odd_ones);
    // Scalars and coordinates at their ends. −(R + 1·G) and the like are no points of even y as a rule.
    let n = &reference.n;
    for (t, d) in [(1u32, 3u32), (2, 5), (3, 1)] {
        for t in [BigUint::from(t), n - t] {
            let (point, d) = even(&reference, BigUint::from(d));
            let (sum, odd) = coordinates(&reference.times(&((&d + &t) % n), &reference.g));
            let is_exceptional = d == t || (&d + &t) == *n;
            let item = Tweak { point: coordinates(&point).0, t: words(&t), sum, odd };
            cases.push((item, (!is_exceptional).then_some(true)));
        }
    }
    let last = words(&(&reference.p - 1u32));
    for x in [small(0), small(1), last] {
        let item = Tweak { point: x, ..cases[0].0 };
        cases.push((item, Some(false)));
        cases.push((Tweak { sum: x, ..cases[0].0 }, Some(false)));
    }
    check::<C, T>(token, &base, &cases);
}

/// How many valid items, on secp256k1 and on the other curves.
struct Tweaks {
    secp256k1: usize,
    others: usize,
}

impl FieldsTest for Tweaks {
    fn run<T: Fields>(&mut self) {
        tweaks_are_right::<Secp256k1, T>(self.secp256k1);
        tweaks_are_right::<P256, T>(self.others);
        tweaks_are_right::<Sm2, T>(self.others);
    }
}

#[test]
fn tweaks_are_those_of_the_textbook() {
    on_any_machine(&mut Tweaks { secp256k1: 16, others: 8 });
}

#[test]
fn tweaks_on_this_machine() {
    on_native_vectors(&mut Tweaks { secp256k1: 64, others: 16 });
}

/// y is solved for: whatever is asked of it, no pair of coordinates that is off the curve passes. Every x(Q) for one P off the
/// curve, x(R) and x(P) themselves among them.
#[test]
fn a_point_off_the_curve_has_no_sum() {
    struct OffTheCurve;
    impl FieldsTest for OffTheCurve {
        fn run<T: Fields>(&mut self) {
            let Some(token) = testing::detect::<T::Token>() else { return };
            let reference = Reference::of::<Secp256k1>();
            let base = base_table::<Secp256k1, T>(token);
            let mut random = Sequence(3);
            let p = &reference.p;
            let is_square =
                |x: &BigUint| (x * x * x + 7u32).modpow(&((p - 1u32) >> 1), p) == BigUint::from(1u32);
            let mut cases = Vec::new();
            for _ in 0..12 {
                let point = std::iter::repeat_with(|| random.below(p)).find(|x| !is_square(x)).expect("one");
                let t = random.below(&reference.n);
                let (x, y) = reference.times(&t, &reference.g).expect("a point");
                // The x(Q) for which y = 0 or y(R) solves the linear equation: s = (c + y(R)² − 2·y(R)·y)/h².
                let h = (&point + p - &x) % p;
                let inverse = (&h * &h % p).modpow(&(p - 2u32), p);
                let c = &point * &point * &point + 7u32;
                let solving = |wanted: &BigUint| {
                    let s = (&c + &y * &y + (p - wanted) * &y * 2u32) % p * &inverse;
                    (s + p + p - &point - &x) % p
                };
                for sum in
                    [solving(&BigUint::ZERO), solving(&y), solving(&(p - &y)), x.clone(), point.clone()]
                {
                    for odd in [false, true] {
                        let item = Tweak { point: words(&point), t: words(&t), sum: words(&sum), odd };
                        cases.push((item, Some(false)));
                    }
                }
            }
            assert!(cases.iter().all(|(item, _)| big(&item.sum) < *p));
            check::<Secp256k1, T>(token, &base, &cases);
        }
    }
    on_any_machine(&mut OffTheCurve);
    on_native_vectors(&mut OffTheCurve);
}
