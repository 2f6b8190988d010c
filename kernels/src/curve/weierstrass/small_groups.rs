//! Every pair of points and every scalar of small groups, against arithmetic on integers.
//!
//! The formulas never see b. So over the field of a real curve they add points of y² = x³ + ax + b' for any b' as well, and
//! there are b' for which a point G has a small order n: for a chosen abscissa x, the roots of the n-th division
//! polynomial as a polynomial in b' for which x³ + ax + b' is a square. With a = 0 there are six groups for all b', so that
//! few n occur: 7, 13 and 199 are among them. b' itself is not needed.
//!
//! # What is shown
//! - Formulas: for every pair of points, either sign and several Z, a doubling, a mixed and a general addition give the
//!   right point, or Z = 0 exactly where the sum or an operand is infinity or where the points are equal.
//! - Ladders, with their tables: of every scalar, the sum is right, or said to be exceptional exactly where an addition on
//!   the way is. Which those are follows from the digits, in the integers modulo n.
//!
//! # What is not
//! Tables of combs hold infinity in groups so small, which has no representation, and of a sum by buckets nearly every one
//! is exceptional. Both add by the formulas above; the exceptional cases of combs are in `comb/tests.rs`, one for every
//! addition.

use super::equation::{self, Sum};
use super::ladder::Digits;
use super::tests::{Point, Reference, Sequence, big, words};
use super::*;
use crate::field::prime256::Family;
use crate::field::testing::{Fields, FieldsTest, on_every_instruction_set};
use crate::multiscalar::weierstrass::add_general;
use crate::simd::{Token, testing};
use num_bigint::BigUint;
use sigwarp_tables::weierstrass::BASE_WIDTH;

/// A point of order n: its abscissa, and its ordinate in hexadecimal.
struct Generator {
    order: u64,
    x: u64,
    y: &'static str,
}

const K1: [Generator; 3] = [
    Generator { order: 7, x: 1, y: "167ab4c103aa1836516b0f775c18e776169b4d9266f8e1d405a1983fac8d2815" },
    Generator { order: 13, x: 1, y: "c36eafae5a049f4b013b62191bc7aefea60cffca49afd43f0a12457868ac52c3" },
    Generator { order: 199, x: 1, y: "b62be5d232afcdda7ad9a84c8932e6cb8ea2b1549933eff0c46660c0d2300f00" },
];
const R1: [Generator; 3] = [
    Generator { order: 13, x: 4, y: "a1f0a2a4fa0ac6ca04b0f49438c943488b9fa39490eac4ab43a1a200fdf43798" },
    Generator { order: 37, x: 6, y: "dcb1006a9fdaba4f474d5345ba8ca3da735386f4ce00414f74e02e82a2c47cea" },
    Generator { order: 211, x: 2, y: "074b4d92bb13e81dd58c48f88e9b2c3ad2894fd07a94e6498e4fbe9e57340ae7" },
];
const SM2: [Generator; 3] = [
    Generator { order: 13, x: 2, y: "bf494dea9af6159c741483b4f754e3f559f7185ca62112ac8fb7482261d43c1d" },
    Generator { order: 37, x: 4, y: "aafbf6b5203356cf486c66b9f6d74550a8aac931a398918d73e9b1221f82c6ed" },
    Generator { order: 211, x: 3, y: "dc4bf5c154dfd297c503c838d9715760143be0389c3b3decaa1408677e204ce9" },
];

/// The multiples of G, from 0 to n − 1.
struct Group {
    p: BigUint,
    points: Vec<Point>,
}

impl Group {
    fn of<C: Curve>(generator: &Generator) -> Self {
        let reference = Reference::of::<C>();
        let y = BigUint::parse_bytes(generator.y.as_bytes(), 16).expect("hexadecimal");
        let g = Some((BigUint::from(generator.x), y));
        let mut points = vec![None];
        let mut next = g.clone();
        while next.is_some() && points.len() as u64 <= generator.order {
            let sum = reference.add(&next, &g);
            points.push(next);
            next = sum;
        }
        assert_eq!(points.len() as u64, generator.order, "the order of G");
        Self { p: reference.p, points }
    }

    fn order(&self) -> usize {
        self.points.len()
    }

    /// X, W and Z of a multiple, for a Z; of infinity, the coordinates of G with Z = 0.
    fn jacobian(&self, multiple: usize, z: &BigUint) -> [BigUint; 3] {
        let (point, scale) = match &self.points[multiple] {
            None => (&self.points[1], BigUint::ZERO),
            point => (point, z.clone()),
        };
        let (x, y) = point.as_ref().expect("a point");
        [x * z * z % &self.p, y * z * z * z * 2u32 % &self.p, scale]
    }
}

/// An input of the formulas: two points and the sign of the second.
struct Pair {
    p: usize,
    q: usize,
    negative: bool,
    coordinates: [[BigUint; 3]; 2],
}

/// Doubles the first points, and adds the second ones: mixed, where these have Z = 1, and general. Coordinates come in and
/// go out as integers.
struct Formulas<C, F> {
    points: [[Words; 3]; 2],
    negative: u8,
    of: PhantomData<(C, F)>,
}

impl<C: Curve<Prime = F::Modulus>, F: PrimeLanes> Kernel<F::Token> for Formulas<C, F> {
    type Output = [[Words; 3]; 3];

    #[inline(always)]
    fn run(self, token: F::Token) -> Self::Output {
        let mut points = [[F::one(token); 3]; 2];
        let mut at = 0;
        while at < 6 {
            points[at / 3][at % 3] = prime256::enter(load_words(token, &self.points[at / 3][at % 3]));
            at += 1;
        }
        let [[x, w, z], [x2, w2, z2]] = points;
        let (p, q) = (Jacobian { x, w, z }, Jacobian { x: x2, w: w2, z: z2 });
        let negative = F::Vector::mask(token, self.negative);
        let [doubled] = double::<C, F, 1>([p]);
        let [mixed] = add::<F, 1>([p], [Affine { x: q.x, w: q.w }], [negative]);
        let w = F::select(negative, F::carry(F::negate_wide::<2>(q.w.widen())), q.w);
        let general = add_general(p, Jacobian { w, ..q });
        let results = [doubled, mixed, general];
        let mut out = [[[[0; MAX_LANES]; 4]; 3]; 3];
        let mut at = 0;
        while at < 9 {
            let point = results[at / 3];
            let coordinate = [point.x, point.w, point.z][at % 3];
            let words = prime256::words_from_limbs(prime256::leave(coordinate));
            let mut i = 0;
            while i < 4 {
                out[at / 3][at % 3][i] = words[i].to_array();
                i += 1;
            }
            at += 1;
        }
        out
    }
}

fn set(to: &mut Words, lane: usize, value: &BigUint) {
    for (word, digit) in to.iter_mut().zip(words(value)) {
        word[lane] = digit;
    }
}

fn at_lane(words: &Words, lane: usize) -> BigUint {
    big(&words.map(|word| word[lane]))
}

/// Every pair of points of a group.
fn pairs(group: &Group) -> Vec<Pair> {
    let mut random = Sequence(1);
    let one = BigUint::from(1u32);
    let zs = [one.clone(), &group.p - 1u32, random.below(&group.p), random.below(&group.p)];
    let mut out = Vec::new();
    for p in 0..group.order() {
        for q in 0..group.order() {
            for (i, negative) in [false, true, false, true].into_iter().enumerate() {
                // The mixed addition takes Z of the second to be 1; infinity is none of its points.
                let z = if i < 2 { &one } else { &zs[(p + q + i) % 4] };
                let coordinates = [group.jacobian(p, &zs[(p + 2 * q + i) % 4]), group.jacobian(q, z)];
                out.push(Pair { p, q, negative, coordinates });
            }
        }
    }
    out
}

fn check_formulas<C: Curve, S: Family>(group: &Group, pairs: &[Pair]) {
    let Some(token) = testing::detect::<S::Token>() else { return };
    let n = group.order();
    for pairs in pairs.chunks(S::Vector::LANES) {
        let mut points = [[[[0; MAX_LANES]; 4]; 3]; 2];
        let mut negative = 0;
        for (lane, pair) in pairs.iter().enumerate() {
            negative |= u8::from(pair.negative) << lane;
            for at in 0..6 {
                set(&mut points[at / 3][at % 3], lane, &pair.coordinates[at / 3][at % 3]);
            }
        }
        let of = PhantomData::<(C, S::Field<C::Prime>)>;
        let results = token.vectorize(Formulas { points, negative, of });
        for (lane, Pair { p, q, negative, coordinates }) in pairs.iter().enumerate() {
            let (p, q) = (*p, *q);
            let with = if *negative { (n - q) % n } else { q };
            let one = coordinates[1][2] == BigUint::from(1u32);
            for (name, [x, w, z], sum) in [
                ("2P", &results[0], (p + p) % n),
                // Equal points are doubled by a doubling alone.
                ("P + Q, mixed", &results[1], if p == with || p == 0 { 0 } else { (p + with) % n }),
                ("P + Q", &results[2], if p == with || p == 0 || q == 0 { 0 } else { (p + with) % n }),
            ] {
                if name == "P + Q, mixed" && !one {
                    continue;
                }
                let [x, w, z] = [x, w, z].map(|words| at_lane(words, lane));
                let what = || format!("{name}, {}: P = {p}G, Q = {q}G, {negative}", S::Token::NAME);
                assert_eq!(z == BigUint::ZERO, sum == 0, "{}", what());
                if sum != 0 {
                    let [right_x, right_w, _] = group.jacobian(sum, &z);
                    assert!(x == right_x && w == right_w, "{}", what());
                }
            }
        }
    }
}

/// A k, odd and below 2^259, of a residue modulo n, such that digits of no part select infinity from the table of G.
fn odd_scalar(residue: usize, group: &Group, parts: usize, random: &mut Sequence) -> BigUint {
    let n = BigUint::from(group.order());
    loop {
        let mut k = random.below(&(BigUint::from(1u32) << 255u32));
        k = &k - &k % &n + residue;
        if !k.bit(0) {
            k += &n;
        }
        let any =
            digits_of(&k, BASE_WIDTH, parts).iter().flatten().any(|digit| digit % group.order() as i64 == 0);
        if !any {
            return k;
        }
    }
}

/// The odd digits of an odd k, by part of the windows and from the lowest window.
fn digits_of(k: &BigUint, width: usize, parts: usize) -> Vec<Vec<i64>> {
    let plain = lifted(k);
    let windows = 260 / width / parts;
    let digit = |at: usize| {
        let window: BigUint = (&plain >> (at * width)) % (1u64 << width);
        2 * window.iter_u64_digits().next().unwrap_or(0) as i64 - ((1 << width) - 1)
    };
    (0..parts).map(|part| (0..windows).map(|window| digit(part * windows + window)).collect()).collect()
}

/// (k + 2^260 − 1)/2.
fn lifted(k: &BigUint) -> BigUint {
    (k + (BigUint::from(1u32) << 260u32) - 1u32) >> 1u32
}

/// gG + kP of scalars and the multiple d of P = dG.
struct Sample {
    g: BigUint,
    k: BigUint,
    d: usize,
}

/// λ modulo n with λG = (βx, y), or 1 without an endomorphism.
fn eigenvalue<C: Curve>(group: &Group) -> usize {
    let Some(beta) = C::BETA else { return 1 };
    let beta = beta.iter().rev().fold(BigUint::ZERO, |sum, limb| (sum << 52) + limb);
    let (x, y) = group.points[1].clone().expect("G");
    let image = Some((x * beta % &group.p, y));
    group.points.iter().position(|point| *point == image).expect("the group has the endomorphism")
}

/// What a ladder gives: the multiple of G, or `None` where an addition on the way is exceptional.
fn model<C: Curve>(group: &Group, sample: &Sample) -> Option<usize> {
    let n = group.order() as i64;
    let parts = if C::BETA.is_some() { 2 } else { 1 };
    let run = 260 / parts;
    let of_part = [1, eigenvalue::<C>(group) as i64];
    let key = digits_of(&sample.k, table::WIDTH, parts);
    let base = digits_of(&sample.g, BASE_WIDTH, parts);
    let power = (0..run % (n as usize - 1)).fold(1, |power, _| power * 2 % n);
    let mut sum = None;
    for bit in (0..=run - table::WIDTH).rev() {
        let mut entries = Vec::new();
        for part in 0..parts {
            if bit % table::WIDTH == 0 {
                entries.push(key[part][bit / table::WIDTH] * sample.d as i64 * of_part[part]);
            }
        }
        for part in 0..parts {
            if bit % BASE_WIDTH == 0 {
                entries.push(base[part][bit / BASE_WIDTH] * if part == 1 { power } else { 1 });
            }
        }
        for entry in entries.into_iter().map(|entry| entry.rem_euclid(n)) {
            sum = Some(match sum {
                None => entry,
                Some(sum) if sum == entry || sum == n - entry => return None,
                Some(sum) => (sum + entry) % n,
            });
        }
        if bit > 0 {
            sum = sum.map(|sum| sum * 2 % n);
        }
    }
    sum.map(|sum| sum as usize)
}

/// The rows of the table of G: odd multiples, and those of 2^130·G after them.
fn base_rows<C: Curve>(group: &Group) -> Vec<[u64; 8]> {
    let n = group.order();
    let half = 1 << (BASE_WIDTH - 1);
    let second = (0..130 % (n - 1)).fold(1, |power, _| power * 2 % n);
    let unit = if C::Prime::MONTGOMERY { BigUint::from(1u32) << 260u32 } else { BigUint::from(1u32) };
    let mut rows = vec![[0; 8]; if C::BETA.is_some() { 2 * half } else { half }];
    for (i, row) in rows.iter_mut().enumerate() {
        let of = if i < half { 1 } else { second };
        // Infinity is never selected.
        if let Some((x, y)) = &group.points[(2 * (i % half) + 1) * of % n] {
            row[..4].copy_from_slice(&words(&(x * &unit % &group.p)));
            row[4..].copy_from_slice(&words(&(y * &unit * 2u32 % &group.p)));
        }
    }
    rows
}

/// Points by their coordinates.
struct Load<'a, F>(&'a [Words; 2], PhantomData<F>);

impl<F: PrimeLanes> Kernel<F::Token> for Load<'_, F> {
    type Output = Affine<F>;

    #[inline(always)]
    fn run(self, token: F::Token) -> Affine<F> {
        let x = prime256::enter(load_words(token, &self.0[0]));
        let w = prime256::enter(load_words(token, &self.0[1]));
        Affine { x, w }
    }
}

/// Ladders of samples whose results are known.
fn check_ladders<C: Curve, S: Family>(group: &Group, samples: &[(Sample, Option<usize>)]) {
    let Some(token) = testing::detect::<S::Token>() else { return };
    let lanes = S::Vector::LANES;
    let vectors = samples.len().div_ceil(lanes);
    let mut digits: [Vec<Digits>; 2] =
        [vec![[[0; MAX_LANES]; 5]; vectors], vec![[[0; MAX_LANES]; 5]; vectors]];
    let mut decoded = Vec::new();
    for (vector, samples) in samples.chunks(lanes).enumerate() {
        let mut coordinates = [[[0; MAX_LANES]; 4]; 2];
        for lane in 0..lanes {
            let (sample, _) = &samples[lane.min(samples.len() - 1)];
            for (digits, scalar) in digits.iter_mut().zip([&sample.k, &sample.g]) {
                for (word, digit) in lifted(scalar).iter_u64_digits().enumerate() {
                    digits[vector][word][lane] = digit;
                }
            }
            let [x, w, _] = group.jacobian(sample.d, &BigUint::from(1u32));
            set(&mut coordinates[0], lane, &x);
            set(&mut coordinates[1], lane, &w);
        }
        decoded.push((token.vectorize(Load(&coordinates, PhantomData)), 0xff));
    }
    let mut scratch = equation::Scratch::default();
    let [points, bases] = &digits;
    let rows = base_rows::<C>(group);
    let finished = equation::climb::<C, S>(token, &decoded, [points, bases], &rows, &mut scratch);
    let sums = equation::coordinates(token, &finished, samples.len());
    for ((Sample { g, k, d }, right), sum) in samples.iter().zip(sums) {
        let found = match sum {
            Sum::NotOnCurve => panic!("all are on the curve"),
            Sum::Exceptional => None,
            Sum::At { x, y } => Some(Some((big(&x), big(&y)))),
        };
        let right = right.map(|multiple| group.points[multiple].clone());
        assert_eq!(found, right, "{}: {g:x}·G + {k:x}·{d}G of order {}", S::Token::NAME, group.order());
    }
}

/// Every scalar of P beside every fifth of G, and the other way about; every P.
fn samples<C: Curve>(group: &Group) -> Vec<(Sample, Option<usize>)> {
    let n = group.order();
    let parts = if C::BETA.is_some() { 2 } else { 1 };
    let lambda = eigenvalue::<C>(group);
    let mut random = Sequence(n as u64);
    let mut out = Vec::new();
    for i in 0..2 * n {
        let (g, k) = if i < n { (i, i * 5 % n) } else { (i * 7 % n, i - n) };
        let d = 1 + i * 3 % (n - 1);
        let g = odd_scalar(g, group, 1, &mut random);
        let k = odd_scalar(k, group, 1, &mut random);
        let sample = Sample { g, k, d };
        let right = model::<C>(group, &sample);
        // Windows of an endomorphism have the value of another scalar: k₁ + λk₂, and g with 2^130·G.
        let value = |scalar: &BigUint, width: usize, factor: usize| {
            let parts = digits_of(scalar, width, parts);
            let of = |part: &Vec<i64>| {
                part.iter().rev().fold(0, |sum, digit| ((sum << width) + digit).rem_euclid(n as i64)) as usize
            };
            (of(&parts[0]) + parts.get(1).map_or(0, |part| of(part) * factor)) % n
        };
        let second = (0..130 % (n - 1)).fold(1, |power, _| power * 2 % n);
        let sum = value(&sample.k, table::WIDTH, lambda) * d + value(&sample.g, BASE_WIDTH, second);
        assert!(right.is_none_or(|right| right == sum % n), "the model is the sum");
        out.push((sample, right));
    }
    let exceptional = out.iter().filter(|(_, right)| right.is_none()).count();
    assert!(exceptional > 0 && (n < 100 || exceptional < 2 * n - 2 * n / 5), "{exceptional} of {}", 2 * n);
    out
}

/// Every pair of points of a group.
struct FormulasTest<'a, C> {
    group: &'a Group,
    pairs: &'a [Pair],
    curve: PhantomData<C>,
}

impl<C: Curve> FieldsTest for FormulasTest<'_, C> {
    fn run<S: Fields>(&mut self) {
        check_formulas::<C, S>(self.group, self.pairs);
    }
}

/// Sums in a group.
struct LaddersTest<'a, C> {
    group: &'a Group,
    samples: &'a [(Sample, Option<usize>)],
    curve: PhantomData<C>,
}

impl<C: Curve> FieldsTest for LaddersTest<'_, C> {
    fn run<S: Fields>(&mut self) {
        // Emulated lanes take a part: they are slow.
        let count = if S::Vector::CALLS { self.samples.len().min(75) } else { self.samples.len() };
        check_ladders::<C, S>(self.group, &self.samples[..count]);
    }
}

fn check_curve<C: Curve>(generators: &[Generator]) {
    for generator in generators {
        let group = Group::of::<C>(generator);
        let few = group.order() < 20;
        if few {
            let pairs = pairs(&group);
            on_every_instruction_set(&mut FormulasTest::<C> {
                group: &group,
                pairs: &pairs,
                curve: PhantomData,
            });
        } else {
            let samples = samples::<C>(&group);
            on_every_instruction_set(&mut LaddersTest::<C> {
                group: &group,
                samples: &samples,
                curve: PhantomData,
            });
        }
    }
}

#[test]
fn small_groups_over_the_field_of_secp256k1() {
    check_curve::<Secp256k1>(&K1);
}

#[test]
fn small_groups_over_the_field_of_p256() {
    check_curve::<P256>(&R1);
}

#[test]
fn small_groups_over_the_field_of_sm2() {
    check_curve::<Sm2>(&SM2);
}
