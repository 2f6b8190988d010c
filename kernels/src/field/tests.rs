//! Every representation against big integers.

use super::testing::{Fields, FieldsTest, on_every_representation};
use super::*;
use crate::simd::{Kernel, MAX_LANES};
use core::marker::PhantomData;
use num_bigint::BigUint;
use proptest::prelude::*;

fn prime() -> BigUint {
    (BigUint::from(1u32) << 255) - BigUint::from(19u32)
}

fn big(limbs: &Limbs) -> BigUint {
    limbs.iter().rev().fold(BigUint::from(0u32), |sum, limb| (sum << 51) + BigUint::from(*limb))
}

fn limbs(x: &BigUint) -> Limbs {
    let mut out = [0; 5];
    for (i, limb) in out.iter_mut().enumerate() {
        *limb = (x >> (51 * i)).iter_u64_digits().next().unwrap_or(0) & MASK51;
    }
    out
}

/// Every operation on pairs of lanes; results as canonical limbs by lane.
struct Operations<'a, F> {
    a: &'a [Limbs],
    b: &'a [Limbs],
    field: PhantomData<F>,
}

const NAMES: [&str; 15] = [
    "add",
    "sub",
    "negate",
    "mul",
    "square",
    "mul of loose",
    "square of loose",
    "wide sums",
    "wide difference",
    "invert",
    "square root",
    "invert all",
    "twice",
    "twice the negated",
    "identity",
];

fn load<F: FieldLanes>(token: F::Token, values: &[Limbs]) -> F {
    let mut lanes = [[0; MAX_LANES]; 5];
    for (lane, value) in values.iter().enumerate() {
        for i in 0..5 {
            lanes[i][lane] = value[i];
        }
    }
    let load = |i: usize| F::Vector::load(token, &lanes[i]);
    F::from_limbs([load(0), load(1), load(2), load(3), load(4)])
}

impl<F: FieldLanes> Kernel<F::Token> for Operations<'_, F> {
    type Output = (Vec<[Limbs; MAX_LANES]>, u8);

    #[inline(always)]
    fn run(self, token: F::Token) -> Self::Output {
        let a = load::<F>(token, self.a);
        let b = load::<F>(token, self.b);
        let (wa, wb) = (a.square_wide(), b.square_wide());
        let mut all = [a, b];
        let (zero_a, zero_b) = (is_zero(a), is_zero(b));
        let one = F::splat(token, &ONE);
        all[0] = F::select(zero_a, one, a);
        all[1] = F::select(zero_b, one, b);
        let mut before = all;
        invert_all(&mut all, &mut before);
        let (roots, square) = sqrt_ratio([a, b], [one, one]);
        let results = [
            a.add(b),
            a.sub(b),
            a.negate(),
            a.mul(b),
            a.square(),
            a.negate().mul(b.negate()),
            a.negate().square(),
            F::carry(F::add_wide(F::add_wide(wa, wb), wa)),
            F::carry(F::sub_wide(wa, F::add_wide(wb, wb))),
            invert(a),
            roots[0],
            all[0],
            // A factor is read after a multiplication.
            F::settle(a.twice_raised()).mul(one),
            F::settle(a.negate().twice_raised()).mul(one),
            a,
        ];
        let mut out = Vec::new();
        for result in results {
            let canonical = canonical(result.to_limbs()).map(Vector::to_array);
            let mut lanes = [[0; 5]; MAX_LANES];
            for (lane, limbs) in lanes.iter_mut().enumerate() {
                *limbs = [0, 1, 2, 3, 4].map(|i: usize| canonical[i][lane]);
            }
            out.push(lanes);
        }
        (out, crate::simd::LaneMask::bits(square[0]))
    }
}

fn check_backend<F: FieldLanes>(a: &[Limbs], b: &[Limbs]) {
    let Some(token) = crate::simd::testing::detect::<F::Token>() else { return };
    let p = prime();
    let lanes = F::Vector::LANES;
    for (a, b) in a.chunks(lanes).zip(b.chunks(lanes)) {
        let (results, square) = token.vectorize(Operations::<F> { a, b, field: PhantomData });
        for lane in 0..a.len() {
            let (x, y) = (big(&a[lane]) % &p, big(&b[lane]) % &p);
            let one = BigUint::from(1u32);
            let inverse = x.modpow(&(&p - 2u32), &p);
            let is_square = x.modpow(&((&p - 1u32) >> 1), &p) <= one;
            let root = big(&results[10][lane]);
            assert_eq!(square >> lane & 1 == 1, is_square, "{}: square of {x}", F::Token::NAME);
            let root = if is_square {
                assert_eq!(&root * &root % &p, x);
                root
            } else {
                root
            };
            let expected = [
                (&x + &y) % &p,
                (&x + &p - &y) % &p,
                (&p - &x) % &p,
                &x * &y % &p,
                &x * &x % &p,
                &x * &y % &p,
                &x * &x % &p,
                (&x * &x * 2u32 + &y * &y) % &p,
                (&x * &x + (&p * &p - &y * &y) * 2u32) % &p,
                inverse.clone(),
                root,
                if x == BigUint::from(0u32) { one } else { inverse },
                &x * 2u32 % &p,
                (&p - &x) * 2u32 % &p,
                x,
            ];
            for (i, expected) in expected.iter().enumerate() {
                assert_eq!(
                    results[i][lane],
                    limbs(expected),
                    "{}: {} of {:x?} and {:x?} in lane {lane}",
                    F::Token::NAME,
                    NAMES[i],
                    a[lane],
                    b[lane]
                );
            }
        }
    }
}

/// Pairs of elements, of the two lists.
struct Pairs<'a>(&'a [Limbs], &'a [Limbs]);

impl FieldsTest for Pairs<'_> {
    fn run<S: Fields>(&mut self) {
        check_backend::<S::Edwards>(self.0, self.1);
    }
}

fn check_all(a: &[Limbs], b: &[Limbs]) {
    on_every_representation(&mut Pairs(a, b));
}

/// The extremes of the tight class: 0, 1, p − 1, p, p + 1, 2p, 2^k ± 1, all-ones limbs, limbs at their bound.
fn extremes() -> Vec<Limbs> {
    let p = prime();
    let mut out =
        vec![[0; 5], ONE, limbs(&(&p - 1u32)), limbs(&p), limbs(&(&p + 1u32)), limbs(&(&p + 18u32))];
    const MOST: u64 = (1 << 51) + (1 << 17) - 1;
    out.extend([[MASK51; 5], [MOST; 5], [MASK51 + 1; 5], [MOST, 0, MOST, 0, MOST], [0, MOST, 0, MOST, 0]]);
    for i in 0..5 {
        for value in [MOST, MASK51, MASK51 + 1, 1 << 50] {
            let mut one = [0; 5];
            one[i] = value;
            out.push(one);
        }
    }
    // A limb that stays what it is where limbs get signs, with a carry from the one before.
    for i in 0..5 {
        let mut two = [0; 5];
        (two[i], two[(i + 4) % 5]) = (1 << 50, MOST);
        out.push(two);
    }
    out.extend([[MASK51 - 18, MASK51, MASK51, MASK51, MASK51 + 1], SQRT_MINUS_ONE, EDWARDS_D, EDWARDS_2D]);
    for k in 0..255 {
        let power = BigUint::from(1u32) << k;
        out.push(limbs(&(&power - 1u32)));
        out.push(limbs(&(&power + 1u32)));
    }
    out
}

#[test]
fn constants_are_what_they_are_named() {
    let p = prime();
    let d = big(&EDWARDS_D);
    assert_eq!((&d * 121_666u32 + 121_665u32) % &p, BigUint::from(0u32));
    assert_eq!(big(&EDWARDS_2D), &d * 2u32 % &p);
    assert_eq!(big(&SQRT_MINUS_ONE), BigUint::from(2u32).modpow(&((&p - 1u32) >> 2), &p));
}

#[test]
fn extremes_in_every_lane() {
    let extremes = extremes();
    let few: Vec<Limbs> = extremes[..41].to_vec();
    for shift in 0..few.len() {
        let mut other = few.clone();
        other.rotate_left(shift);
        check_all(&few, &other);
    }
    let mut other = extremes.clone();
    other.rotate_left(8 * 31 + 3);
    check_all(&extremes, &other);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_tight_elements(
        a in prop::collection::vec(prop::array::uniform5(0u64..(1 << 51) + (1 << 17)), 16),
        b in prop::collection::vec(prop::array::uniform5(0u64..(1 << 51) + (1 << 17)), 16),
    ) {
        check_all(&a, &b);
    }
}
