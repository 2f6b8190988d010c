//! Sums against affine arithmetic on big integers.

use super::equation::{self, Abscissa, Item, Match, Sum};
use super::scalars::{self, Triple};
use super::*;
use crate::field::prime256::Family;
use crate::field::testing::{Fields, FieldsTest, on_any_machine, on_native_vectors};
use crate::simd::testing;
use num_bigint::BigUint;

pub(super) type Point = Option<(BigUint, BigUint)>;

pub(super) fn big(words: &[u64; 4]) -> BigUint {
    words.iter().rev().fold(BigUint::ZERO, |sum, word| (sum << 64) + BigUint::from(*word))
}

pub(super) fn words(x: &BigUint) -> [u64; 4] {
    let mut out = [0; 4];
    for (word, digit) in out.iter_mut().zip(x.iter_u64_digits()) {
        *word = digit;
    }
    out
}

/// Textbook arithmetic.
pub(super) struct Reference {
    pub(super) p: BigUint,
    pub(super) n: BigUint,
    a: BigUint,
    pub(super) g: Point,
}

impl Reference {
    pub(super) fn of<C: Curve>() -> Self {
        let p = big(&C::Prime::WORDS);
        let a = if C::A_IS_ZERO { BigUint::ZERO } else { &p - 3u32 };
        let [x, y] = C::GENERATOR;
        Self { n: big(&C::Order::WORDS), a, g: Some((big(&x), big(&y))), p }
    }

    pub(super) fn add(&self, a: &Point, b: &Point) -> Point {
        let p = &self.p;
        let (Some((ax, ay)), Some((bx, by))) = (a, b) else { return a.clone().or_else(|| b.clone()) };
        let (rise, run) = if ax != bx {
            (by + p - ay, bx + p - ax)
        } else if ay == by {
            (ax * ax * 3u32 + &self.a, ay * 2u32)
        } else {
            return None;
        };
        let slope = rise * (run % p).modpow(&(p - 2u32), p) % p;
        let x = (&slope * &slope + p + p - ax - bx) % p;
        let y = (slope * (ax + p - &x) + p - ay) % p;
        Some((x, y))
    }

    pub(super) fn times(&self, k: &BigUint, point: &Point) -> Point {
        let mut sum = None;
        for bit in (0..k.bits()).rev() {
            sum = self.add(&sum, &sum);
            if k.bit(bit) {
                sum = self.add(&sum, point);
            }
        }
        sum
    }
}

/// A deterministic sequence of integers.
pub(super) struct Sequence(pub(super) u64);

impl Sequence {
    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub(super) fn below(&mut self, bound: &BigUint) -> BigUint {
        big(&[self.word(), self.word(), self.word(), self.word()]) % bound
    }
}

fn encode(point: &Point, index: usize) -> Encoded {
    let (x, y) = point.as_ref().expect("a point other than infinity");
    let y = if index.is_multiple_of(2) { Y::Is(words(y)) } else { Y::Odd(y.bit(0)) };
    Encoded { x: words(x), y }
}

/// Compares the sums of items, given as (g, k, d) with P = dG, with textbook sums; gives how many were exceptional.
fn check<C: Curve, S: Family>(token: S::Token, items: &[(BigUint, BigUint, BigUint)]) -> usize {
    let reference = Reference::of::<C>();
    let lanes: Vec<Item> = items
        .iter()
        .enumerate()
        .map(|(i, (g, k, d))| {
            let point = encode(&reference.times(d, &reference.g), i);
            Item { point, g: words(g), k: words(k) }
        })
        .collect();
    let sums = equation::sums::<C, S>(token, &lanes);
    assert_eq!(sums.len(), items.len());
    // Each sum against its own x, first or second, and against that of its neighbour.
    let x = |i: usize| match sums[i % sums.len()] {
        Sum::At { x, .. } => x,
        _ => [5, 0, 0, 0],
    };
    for turn in 0..3 {
        let expected: Vec<Abscissa> = (0..sums.len())
            .map(|i| match turn {
                0 => Abscissa { x: x(i), or: None },
                1 => Abscissa { x: x(i + 1), or: (i % 3 != 0).then(|| x(i)) },
                _ => Abscissa { x: x(i + 1), or: None },
            })
            .collect();
        let found = equation::matches::<C, S>(token, &lanes, &expected);
        for (i, found) in found.into_iter().enumerate() {
            let same = expected[i].x == x(i) || expected[i].or == Some(x(i));
            assert_eq!(
                found,
                match sums[i] {
                    Sum::At { .. } if same => Match::Equal,
                    Sum::At { .. } => Match::Different,
                    _ => Match::Exceptional,
                }
            );
        }
    }
    let mut exceptional = 0;
    for ((g, k, d), sum) in items.iter().zip(sums) {
        let expected = reference.times(&((g + k * d) % &reference.n), &reference.g);
        match sum {
            Sum::NotOnCurve => panic!("{d}G is on the curve"),
            Sum::Exceptional => exceptional += 1,
            Sum::At { x, y } => {
                assert_eq!(Some((big(&x), big(&y))), expected, "{g:x}·G + {k:x}·({d:x}·G)");
            }
        }
    }
    exceptional
}

fn check_curve<C: Curve, S: Family>(count: usize) {
    let Some(token) = testing::detect::<S::Token>() else { return };
    let n = big(&C::Order::WORDS);
    let one = BigUint::from(1u32);
    let mut random = Sequence(7);
    let items: Vec<_> =
        (0..count).map(|_| (random.below(&n), random.below(&n), random.below(&n) + 1u32)).collect();
    assert_eq!(check::<C, S>(token, &items), 0, "random sums are not exceptional");

    // Scalars at the edges, keys of unknown relation to G.
    let edges = [BigUint::ZERO, one.clone(), BigUint::from(2u32), &n - 1u32, &n - 2u32, (&n + 1u32) >> 1];
    let mut items = Vec::new();
    for g in &edges {
        for k in &edges {
            items.push((g.clone(), k.clone(), random.below(&n)));
        }
    }
    check::<C, S>(token, &items[..items.len().min(count)]);

    // Keys that are small multiples of G, with scalars whose digits coincide; sums that are infinity.
    let mut items = Vec::new();
    for d in [1u32, 2, 3, 5, 31, 33] {
        let d = BigUint::from(d);
        let k = random.below(&n);
        let same = &k * &d % &n;
        items.push((same.clone(), k.clone(), d.clone()));
        items.push((&n - &same, k.clone(), d.clone()));
        items.push((&n - &d, d.clone(), one.clone()));
        items.push((d.clone(), one.clone(), &n - &d));
        items.push((one.clone(), d.clone(), &n - 1u32));
    }
    items.truncate(count);
    assert!(check::<C, S>(token, &items) > 0, "some are exceptional");
}

/// Sums on every curve, so many of each kind at most.
struct Sums(usize);

impl FieldsTest for Sums {
    fn run<S: Fields>(&mut self) {
        check_curve::<Secp256k1, S>(self.0);
        check_curve::<P256, S>(self.0);
        check_curve::<Sm2, S>(self.0);
    }
}

#[test]
fn sums_are_those_of_the_textbook() {
    on_any_machine(&mut Sums(16));
}

#[test]
fn sums_on_this_machine() {
    on_native_vectors(&mut Sums(40));
    on_native_vectors(&mut Points);
    on_native_vectors(&mut Quotients);
}

fn check_points<C: Curve, S: Family>() {
    let Some(token) = testing::detect::<S::Token>() else { return };
    let p = big(&C::Prime::WORDS);
    let reference = Reference::of::<C>();
    let mut points = Vec::new();
    let mut expected = Vec::new();
    for x in 0..40u32 {
        // x³ + ax + b is y² − x³ − ax of G added.
        let rhs = |x: &BigUint| (x * x * x + &reference.a * x) % &p;
        let (gx, gy) = reference.g.clone().unwrap();
        let b = (&gy * &gy + &p - rhs(&gx)) % &p;
        let x = BigUint::from(x);
        let square = (rhs(&x) + b) % &p;
        let root = square.modpow(&((&p + 1u32) >> 2), &p);
        let is_square = &root * &root % &p == square;
        for y in [Y::Odd(false), Y::Odd(true), Y::Is(words(&root)), Y::Is(words(&(&p - &root)))] {
            points.push(Encoded { x: words(&x), y });
            expected.push(is_square);
        }
        points.push(Encoded { x: words(&x), y: Y::Is(words(&((root + 1u32) % &p))) });
        expected.push(false);
    }
    for count in [1, 7, 8, 9, 40, points.len()] {
        assert_eq!(equation::on_curve::<C, S>(token, &points[..count]), expected[..count]);
    }
}

struct Points;

impl FieldsTest for Points {
    fn run<S: Fields>(&mut self) {
        check_points::<Secp256k1, S>();
        check_points::<P256, S>();
        check_points::<Sm2, S>();
    }
}

#[test]
fn points_are_told_from_others() {
    on_any_machine(&mut Points);
}

fn check_quotients<M: Modulus, S: Family>() {
    let Some(token) = testing::detect::<S::Token>() else { return };
    let m = big(&M::WORDS);
    let mut random = Sequence(3);
    let mut any = || [random.word(), random.word(), random.word(), random.word()];
    let mut triples: Vec<Triple> = (0..19).map(|_| Triple { e: any(), r: any(), s: any() }).collect();
    triples[3].e = [0; 4];
    triples[4].e = [u64::MAX; 4];
    triples[5].e = M::WORDS;
    triples[6].s = [1, 0, 0, 0];
    triples[7].s = words(&(&m - 1u32));
    for count in 0..triples.len() {
        let found = scalars::quotients::<M, S>(token, &triples[..count]);
        assert_eq!(found.len(), count);
        for (triple, [u1, u2]) in triples.iter().zip(found) {
            let inverse = (big(&triple.s) % &m).modpow(&(&m - 2u32), &m);
            assert_eq!(big(&u1), big(&triple.e) * &inverse % &m);
            assert_eq!(big(&u2), big(&triple.r) * &inverse % &m);
        }
    }
}

struct Quotients;

impl FieldsTest for Quotients {
    fn run<S: Fields>(&mut self) {
        check_quotients::<K1Order, S>();
        check_quotients::<R1Order, S>();
        check_quotients::<Sm2Order, S>();
    }
}

#[test]
fn quotients_are_those_of_big_integers() {
    on_any_machine(&mut Quotients);
}
