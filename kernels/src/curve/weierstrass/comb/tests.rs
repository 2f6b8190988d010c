//! Tables and sums against affine arithmetic on big integers.

use super::super::equation::{self, Abscissa, Match, Sum};
use super::super::tests::{Point, Reference, Sequence, big, words};
use super::super::{Encoded, P256, Secp256k1, Sm2, Y};
use super::*;
use crate::field::testing::{
    Fields, FieldsTest, on_any_machine, on_every_instruction_set, on_native_vectors,
};
use crate::simd::Vector;
use num_bigint::BigUint;

fn affine(point: &Point) -> [[u64; 4]; 2] {
    let (x, y) = point.as_ref().expect("a point other than infinity");
    [words(x), words(y)]
}

/// What an entry is, out of the form of the prime.
fn point_of<C: Curve>(reference: &Reference, entry: &Entry) -> Point {
    let Line(line) = entry[0];
    let [x, w] = [[line[0], line[1], line[2], line[3]], [line[4], line[5], line[6], line[7]]];
    let p = &reference.p;
    assert!(big(&x) < *p && big(&w) < *p, "coordinates are canonical");
    let scale = if C::Prime::MONTGOMERY { BigUint::from(1u32) << 260 } else { BigUint::from(1u32) };
    let out = |value: &BigUint, by: BigUint| value * (by % p).modpow(&(p - 2u32), p) % p;
    Some((out(&big(&x), scale.clone()), out(&big(&w), scale * 2u32)))
}

/// Every entry of a table of P: Σ ±2^(d·i + g·j)·P, found by adding up the powers.
fn check_table<S: CombShape, C: Curve>(
    reference: &Reference,
    point: &Point,
    entries: &[Entry],
    looked_at: usize,
) {
    assert_eq!(entries.len(), S::ALL);
    let mut powers = vec![point.clone()];
    while powers.len() < S::BITS + S::COLUMNS {
        let last = &powers[powers.len() - 1];
        powers.push(reference.add(last, last));
    }
    let minus = |point: &Point| point.as_ref().map(|(x, y)| (x.clone(), &reference.p - y));
    for index in (0..S::ALL).step_by(S::ALL.div_ceil(looked_at)).chain([S::ENTRIES - 1, S::ALL - 1]) {
        let (block, entry) = (index / S::ENTRIES, index % S::ENTRIES);
        let at = |tooth: usize| &powers[S::COLUMNS * tooth + S::STEPS * block];
        let mut sum = at(S::TEETH - 1).clone();
        for tooth in 0..S::TEETH - 1 {
            let power = at(tooth);
            sum = reference.add(&sum, &if entry >> tooth & 1 == 1 { power.clone() } else { minus(power) });
        }
        assert_eq!(point_of::<C>(reference, &entries[index]), sum, "entry {index}");
    }
}

/// No addition of a builder is exceptional, for any key: which points meet depends on multiples of P alone.
fn tables_are_right<C: Curve, T: Family>() {
    let Some(token) = crate::simd::testing::detect::<T::Token>() else { return };
    let pools = Pools::default();
    let reference = Reference::of::<C>();
    let mut random = Sequence(11);
    let points: Vec<Point> = (0..9)
        .map(|i| match i {
            0 => reference.g.clone(),
            _ => reference.times(&random.below(&reference.n), &reference.g),
        })
        .collect();
    let coordinates: Vec<[[u64; 4]; 2]> = points.iter().map(affine).collect();
    let full = build::<C, T>(token, true, &coordinates, &pools);
    let compact = build::<C, T>(token, false, &coordinates, &pools);
    assert!(full.iter().all(KeyTable::is_full) && !compact.iter().any(KeyTable::is_full));
    for (i, point) in points.iter().enumerate() {
        check_table::<Full, C>(&reference, point, full[i].entries(), if i == 0 { Full::ALL } else { 9 });
        check_table::<Compact, C>(&reference, point, compact[i].entries(), Compact::ALL);
        assert_eq!(size_of_val(full[i].entries()), table_bytes(true));
        assert_eq!(size_of_val(compact[i].entries()), table_bytes(false));
    }
    let base = base_table::<C, T>(token);
    check_table::<Base, C>(&reference, &reference.g, &base.entries, 150);
    assert!(base.entries.iter().all(|[Line(line)]| *line != [0; 8]));
}

struct Tables;

impl FieldsTest for Tables {
    fn run<T: Fields>(&mut self) {
        tables_are_right::<P256, T>();
        tables_are_right::<Secp256k1, T>();
        tables_are_right::<Sm2, T>();
    }
}

#[test]
fn tables_are_those_of_the_textbook() {
    on_any_machine(&mut Tables);
}

#[test]
fn tables_on_this_machine() {
    on_native_vectors(&mut Tables);
}

#[test]
fn signs_are_the_scalar() {
    fn check<C: Curve>(bits: usize) {
        let n = big(&C::Order::WORDS);
        let mut random = Sequence(5);
        let mut scalars: Vec<BigUint> = (0..50).map(|_| random.below(&n)).collect();
        scalars.extend((0..6u32).map(BigUint::from));
        scalars.extend((1..6u32).map(|less| &n - less));
        for k in scalars {
            let b = signs::<C>(&words(&k), bits);
            let b = (0..5).rev().fold(BigUint::ZERO, |sum, i| (sum << 64) + BigUint::from(b[i]));
            assert!(b.bits() <= bits as u64);
            // 2b − (2^bits − 1) is k or k − n.
            let value = (b << 1) + 1u32 + &n;
            let power = BigUint::from(1u32) << bits;
            assert_eq!((value + &n * &power - power) % &n, k);
        }
    }
    for bits in [Full::BITS, Compact::BITS, Base::BITS] {
        check::<P256>(bits);
        check::<Secp256k1>(bits);
        check::<Sm2>(bits);
    }
}

/// Compares the sums of items, given as (g, k, d) with P = dG, with textbook sums; gives which were exceptional.
fn check<C: Curve, T: Family>(token: T::Token, items: &[(BigUint, BigUint, BigUint)]) -> Vec<bool> {
    let reference = Reference::of::<C>();
    let points: Vec<[[u64; 4]; 2]> =
        items.iter().map(|(_, _, d)| affine(&reference.times(d, &reference.g))).collect();
    let base = base_table::<C, T>(token);
    let pools = Pools::default();
    let tables = [true, false].map(|full| build::<C, T>(token, full, &points, &pools));
    let known: Vec<WithTable<'_>> = items
        .iter()
        .enumerate()
        .map(|(i, (g, k, _))| WithTable { table: &tables[i / 3 % 2][i], g: words(g), k: words(k) })
        .collect();
    let mut exceptional = Vec::new();
    let mut expected = Vec::new();
    for ((g, k, d), sum) in items.iter().zip(sums::<C, T>(token, &base, &known)) {
        let right = reference.times(&((g + k * d) % &reference.n), &reference.g);
        exceptional.push(sum == Sum::Exceptional);
        match sum {
            Sum::NotOnCurve => panic!("{d}G is on the curve"),
            Sum::Exceptional => expected.push([5, 0, 0, 0]),
            Sum::At { x, y } => {
                assert_eq!(Some((big(&x), big(&y))), right, "{g:x}·G + {k:x}·({d:x}·G)");
                expected.push(x);
            }
        }
    }
    for count in [0, 1, 7, 8, 9, 16, 17, items.len()].into_iter().filter(|&count| count <= items.len()) {
        for turn in 0..2 {
            let x: Vec<Abscissa> = (0..count)
                .map(|i| match turn {
                    0 => Abscissa { x: [7, 0, 0, 0], or: Some(expected[i]) },
                    _ => Abscissa { x: expected[(i + 1) % items.len()], or: None },
                })
                .collect();
            let found = matches::<C, T>(token, &base, &known[..count], &x);
            for (i, found) in found.into_iter().enumerate() {
                let same = turn == 0 || x[i].x == expected[i];
                assert_eq!(
                    found,
                    match (exceptional[i], same) {
                        (true, _) => Match::Exceptional,
                        (false, true) => Match::Equal,
                        (false, false) => Match::Different,
                    }
                );
            }
        }
    }
    exceptional
}

fn sums_are_right<C: Curve, T: Family>(count: usize) {
    let Some(token) = crate::simd::testing::detect::<T::Token>() else { return };
    let n = big(&C::Order::WORDS);
    let mut random = Sequence(17);
    let mut items: Vec<(BigUint, BigUint, BigUint)> =
        (0..count).map(|_| (random.below(&n), random.below(&n), random.below(&n) + 1u32)).collect();
    assert!(!check::<C, T>(token, &items).contains(&true), "random sums are not exceptional");

    // An exceptional item in each place of a vector leaves the others alone. P = G, and k and g such that a
    // selection of each block is the same; sums that are infinity; scalars at the edges.
    let one = BigUint::from(1u32);
    for place in 0..count.min(18) {
        let k = random.below(&n);
        let bad = match place % 3 {
            0 => (&n - &k, k, one.clone()),
            1 => (BigUint::ZERO, BigUint::ZERO, random.below(&n)),
            _ => (&n - 5u32, one.clone(), BigUint::from(5u32)),
        };
        let before = std::mem::replace(&mut items[place], bad);
        if place % 5 == 0 || place < 3 {
            let exceptional = check::<C, T>(token, &items);
            assert!(exceptional[place], "infinity is found, in place {place}");
            assert_eq!(exceptional.iter().filter(|&&is| is).count(), 1);
        }
        items[place] = before;
    }
    let edges = [BigUint::ZERO, one.clone(), BigUint::from(2u32), &n - 1u32, &n - 2u32, (&n + 1u32) >> 1];
    let mut items = Vec::new();
    for g in &edges {
        for k in &edges {
            items.push((g.clone(), k.clone(), random.below(&n)));
        }
    }
    items.truncate(2 * count);
    check::<C, T>(token, &items);
    let mut items = Vec::new();
    for d in [1u32, 2, 3, 5, 31, 33] {
        let d = BigUint::from(d);
        let k = random.below(&n);
        let same = &k * &d % &n;
        items.push((same.clone(), k.clone(), d.clone()));
        items.push((&n - &same, k.clone(), d.clone()));
        items.push((one.clone(), d.clone(), &n - 1u32));
    }
    check::<C, T>(token, &items);
}

/// How many sums on P-256, and on the other curves.
struct Sums {
    p256: usize,
    others: usize,
}

impl FieldsTest for Sums {
    fn run<T: Fields>(&mut self) {
        sums_are_right::<P256, T>(self.p256);
        sums_are_right::<Secp256k1, T>(self.others);
        sums_are_right::<Sm2, T>(self.others);
    }
}

#[test]
fn sums_are_those_of_the_textbook() {
    on_any_machine(&mut Sums { p256: 18, others: 9 });
}

#[test]
fn sums_on_this_machine() {
    on_native_vectors(&mut Sums { p256: 300, others: 33 });
}

/// αP + βG, by its coefficients.
type Combination = [BigUint; 2];

/// The additions that make the sum of an item, as the head of this module describes them: the pairs of each level of each
/// step, then the joining.
fn additions<S: CombShape, C: Curve>(g: &BigUint, k: &BigUint) -> Vec<[Combination; 2]> {
    let n = big(&C::Order::WORDS);
    let selections = |columns: usize, teeth: usize, steps: usize, step: usize, scalar: &BigUint| {
        let b = signs::<C>(&words(scalar), columns * teeth);
        let mut out = Vec::new();
        for block in 0..columns.div_ceil(steps) {
            let column = steps * block + step;
            if step < steps && column < columns {
                let mut sum = BigUint::ZERO;
                for bit in (0..teeth).map(|tooth| columns * tooth + column) {
                    let power = BigUint::from(1u32) << (bit - step);
                    sum += if b[bit / 64] >> (bit % 64) & 1 == 1 { power % &n } else { &n - power % &n };
                }
                out.push(sum % &n);
            }
        }
        out
    };
    let add = |a: &Combination, b: &Combination| [(&a[0] + &b[0]) % &n, (&a[1] + &b[1]) % &n];
    let mut out = Vec::new();
    let mut sums = Vec::new();
    for step in 0..S::STEPS {
        let of_key = selections(S::COLUMNS, S::TEETH, S::STEPS, step, k);
        let of_base = selections(Base::COLUMNS, Base::TEETH, Base::STEPS, step, g);
        let mut set: Vec<Combination> = of_key.into_iter().map(|alpha| [alpha, BigUint::ZERO]).collect();
        set.extend(of_base.into_iter().map(|beta| [BigUint::ZERO, beta]));
        while set.len() > 1 {
            let half = set.len().div_ceil(2);
            for i in 0..set.len() / 2 {
                out.push([set[i].clone(), set[i + half].clone()]);
                set[i] = add(&set[i], &set[i + half]);
            }
            set.truncate(half);
        }
        sums.extend(set);
    }
    let mut sum = sums.pop().expect("a step");
    while let Some(next) = sums.pop() {
        sum = add(&sum, &sum);
        out.push([sum.clone(), next.clone()]);
        sum = add(&sum, &next);
    }
    assert_eq!(sum, [k.clone(), g.clone()], "the model is the sum");
    out
}

/// For every addition of a sum there is a key that makes it exceptional, and one that makes it so with the other sign.
/// Each is found, in its lane alone.
fn every_addition_can_be_exceptional<S: CombShape, C: Curve, T: Family>(full: bool, every: usize) {
    let Some(token) = crate::simd::testing::detect::<T::Token>() else { return };
    let reference = Reference::of::<C>();
    let n = &reference.n;
    let mut random = Sequence(23);
    let (g, k) = (random.below(n), random.below(n));
    let additions = additions::<S, C>(&g, &k);
    // Keys d and whether their sums are exceptional, with an ordinary one after every third.
    let mut keys: Vec<(BigUint, bool)> = Vec::new();
    let mut found = 0;
    for [[a, b], [c, d]] in &additions {
        // aP + bG = ±(cP + dG), with P = xG: x = (±d − b)/(a ∓ c).
        for (factor, value) in [((a + n - c) % n, (d + n - b) % n), ((a + c) % n, (n + n - d - b) % n)] {
            let x = value * factor.modpow(&(n - 2u32), n) % n;
            // Points of one kind meet for no key: a and c are then different, or both 0.
            if x != BigUint::ZERO {
                found += 1;
                if found % every == 0 {
                    keys.push((x, true));
                    if keys.len() % 4 == 3 {
                        keys.push((random.below(n), false));
                    }
                }
            }
        }
    }
    // All but the additions of two selections of P or two of G.
    assert!(found >= 80, "{found} of {} additions", additions.len());
    // dG = (d − q)G + Q by the ladder.
    let q = random.below(n);
    let (x, y) = reference.times(&q, &reference.g).expect("a point");
    let other =
        equation::Item { point: Encoded { x: words(&x), y: Y::Is(words(&y)) }, g: [0; 4], k: [1, 0, 0, 0] };
    let multiples = |of: Vec<BigUint>| -> Vec<Sum> {
        let items: Vec<equation::Item> =
            of.into_iter().map(|d| equation::Item { g: words(&((d + n - &q) % n)), ..other }).collect();
        equation::sums::<C, T>(token, &items)
    };
    let points: Vec<[[u64; 4]; 2]> = multiples(keys.iter().map(|(d, _)| d.clone()).collect())
        .into_iter()
        .map(|sum| match sum {
            Sum::At { x, y } => [x, y],
            other => panic!("{other:?}"),
        })
        .collect();
    let right = multiples(keys.iter().map(|(d, _)| (&g + &k * d) % n).collect());
    let (base, pools) = (base_table::<C, T>(token), Pools::default());
    let tables = build::<C, T>(token, full, &points, &pools);
    let known: Vec<WithTable<'_>> =
        tables.iter().map(|table| WithTable { table, g: words(&g), k: words(&k) }).collect();
    for (i, (sum, (_, exceptional))) in sums::<C, T>(token, &base, &known).into_iter().zip(&keys).enumerate()
    {
        assert_eq!(sum == Sum::Exceptional, *exceptional, "item {i} of {}", keys.len());
        assert!(*exceptional || sum == right[i], "item {i}");
    }
}

/// Each shape on each curve, on one instruction set at least; the more additions, the faster they are.
struct Additions;

impl FieldsTest for Additions {
    fn run<T: Fields>(&mut self) {
        if T::Vector::LANES == 1 {
            every_addition_can_be_exceptional::<Full, P256, T>(true, 1);
            every_addition_can_be_exceptional::<Compact, P256, T>(false, 1);
            every_addition_can_be_exceptional::<Full, Secp256k1, T>(true, 3);
            every_addition_can_be_exceptional::<Compact, Sm2, T>(false, 3);
        } else if T::Vector::CALLS {
            every_addition_can_be_exceptional::<Full, Sm2, T>(true, 4);
            every_addition_can_be_exceptional::<Compact, Secp256k1, T>(false, 4);
        } else {
            every_addition_can_be_exceptional::<Full, Secp256k1, T>(true, 1);
            every_addition_can_be_exceptional::<Compact, P256, T>(false, 1);
        }
    }
}

#[test]
fn every_addition_is_found_exceptional_for_a_key_that_makes_it_so() {
    on_every_instruction_set(&mut Additions);
}
