//! Every modulus against big integers.

use super::*;
use crate::field::testing::{Fields, FieldsTest, on_every_representation};
use crate::simd::{Kernel, LaneMask, MAX_LANES};
use num_bigint::BigUint;
use proptest::prelude::*;

fn big(words: &[u64]) -> BigUint {
    words.iter().rev().fold(BigUint::from(0u32), |sum, word| (sum << 64) + BigUint::from(*word))
}

fn big_limbs(limbs: &[u64]) -> BigUint {
    limbs.iter().rev().fold(BigUint::from(0u32), |sum, limb| (sum << 52) + BigUint::from(*limb))
}

fn limbs(x: &BigUint) -> Limbs {
    let mut out = [0; 5];
    for (i, limb) in out.iter_mut().enumerate() {
        *limb = (x >> (52 * i)).iter_u64_digits().next().unwrap_or(0) & MASK52;
    }
    out
}

fn check_constants<M: Modulus>() {
    let m = big(&M::WORDS);
    let one = BigUint::from(1u32);
    assert_eq!(big_limbs(&M::LIMBS), m);
    assert_eq!(big_limbs(&M::ONE), if M::MONTGOMERY { (&one << 260) % &m } else { one.clone() });
    assert_eq!(big_limbs(&M::SQUARE), (&one << 520) % &m);
    if !M::ROOT.chain.is_empty() {
        assert!(M::ROOT.chain.len() <= Root::STEPS);
        let mut exponents = vec![one.clone()];
        for &(from, squarings, with) in M::ROOT.chain {
            exponents.push((&exponents[from as usize] << squarings) + &exponents[with as usize]);
        }
        assert_eq!(exponents.last().unwrap() << M::ROOT.squarings, (m + one) >> 2);
    }
}

#[test]
fn constants_follow_from_the_modulus() {
    check_constants::<K1Prime>();
    check_constants::<R1Prime>();
    check_constants::<Sm2Prime>();
    check_constants::<K1Order>();
    check_constants::<R1Order>();
    check_constants::<Sm2Order>();
}

/// Every operation on vectors of limbs; results canonical, by lane, as integers.
struct Operations<'a, F> {
    a: &'a [Limbs],
    b: &'a [Limbs],
    field: PhantomData<F>,
}

const NAMES: [&str; 16] = [
    "identity",
    "add",
    "sub",
    "negate",
    "mul",
    "square",
    "mul add mul",
    "mul add square",
    "fold",
    "wide sums",
    "wide difference",
    "invert",
    "square root",
    "invert all",
    "select",
    "enter",
];

fn load<F: PrimeLanes>(token: F::Token, values: &[Limbs]) -> F {
    let mut lanes = [[0; MAX_LANES]; 5];
    for (lane, value) in values.iter().enumerate() {
        for i in 0..5 {
            lanes[i][lane] = value[i];
        }
    }
    let load = |i: usize| F::Vector::load(token, &lanes[i]);
    F::from_limbs([load(0), load(1), load(2), load(3), load(4)])
}

impl<F: PrimeLanes> Kernel<F::Token> for Operations<'_, F> {
    type Output = (Vec<[Limbs; MAX_LANES]>, u8, u8);

    #[inline(always)]
    fn run(self, token: F::Token) -> Self::Output {
        let a = load::<F>(token, self.a);
        let b = load::<F>(token, self.b);
        let (wa, wb) = (a.widen(), b.widen());
        let folded = F::fold(F::sub_wide::<1>(wa, F::splat(token, &[0; 5]).widen()));
        let other = F::fold(F::sub_wide::<1>(wb, F::splat(token, &[0; 5]).widen()));
        let (p, q) = (folded.mul_wide(other), folded.square_wide());
        let sums = F::add_wide(F::twice(F::twice(p)), q);
        let mut all = [folded, other];
        let one = F::one(token);
        let (zero_a, zero_b) = (is_zero(a), is_zero(b));
        all[0] = F::select(zero_a, one, folded);
        all[1] = F::select(zero_b, one, other);
        let mut before = all;
        invert_all(&mut all, &mut before);
        let (roots, square) = sqrt([folded, other]);
        let results = [
            a,
            F::carry(F::add_wide(folded.widen(), other.widen())),
            F::carry(F::sub_wide::<2>(folded.widen(), other.widen())),
            F::carry(F::negate_wide::<2>(folded.widen())),
            a.mul(other),
            folded.square(),
            F::carry(F::mul_add_mul(a, other, folded, b)),
            F::carry(F::mul_add_square(a, other, folded)),
            folded,
            F::carry(sums),
            F::fold(F::sub_wide::<7>(q, F::add_wide(F::twice(p), q))),
            invert(folded),
            roots[0],
            all[0],
            F::select(zero_a, one, a),
            enter::<F>(words_from_limbs(leave(a))),
        ];
        let mut out = Vec::new();
        for result in results {
            let integers = leave(result).map(Vector::to_array);
            let mut lanes = [[0; 5]; MAX_LANES];
            for (lane, limbs) in lanes.iter_mut().enumerate() {
                *limbs = [0, 1, 2, 3, 4].map(|i: usize| integers[i][lane]);
            }
            out.push(lanes);
        }
        (out, square[0].bits(), equal(folded, other).bits())
    }
}

fn check_modulus<F: PrimeLanes>(a: &[Limbs], b: &[Limbs]) {
    type Big = BigUint;
    let Some(token) = crate::simd::testing::detect::<F::Token>() else { return };
    let m = big(&F::Modulus::WORDS);
    let one = Big::from(1u32);
    let unit = if F::Modulus::MONTGOMERY { (&one << 260u32).modpow(&(&m - 2u32), &m) } else { one.clone() };
    let lanes = F::Vector::LANES;
    for (a, b) in a.chunks(lanes).zip(b.chunks(lanes)) {
        let (results, square, same) = token.vectorize(Operations::<F> { a, b, field: PhantomData });
        for lane in 0..a.len() {
            let (x, y) = (big_limbs(&a[lane]) * &unit % &m, big_limbs(&b[lane]) * &unit % &m);
            let inverse = x.modpow(&(&m - 2u32), &m);
            let or_one = if x == Big::ZERO { one.clone() } else { x.clone() };
            let has_root = x.modpow(&((&m - 1u32) >> 1), &m) <= one;
            let expected = [
                x.clone(),
                &x + &y,
                &x + &m - &y,
                &m - &x,
                &x * &y,
                &x * &x,
                &x * &y * 2u32,
                &x * &y + &x * &x,
                x.clone(),
                &x * &y * 4u32 + &x * &x,
                &m * &m * 2u32 - &x * &y * 2u32,
                inverse,
                x.modpow(&((&m + 1u32) >> 2), &m),
                or_one.modpow(&(&m - 2u32), &m),
                or_one,
                x.clone(),
            ];
            for ((name, expected), found) in NAMES.iter().zip(expected).zip(&results) {
                if *name == "square root" && F::Modulus::ROOT.chain.is_empty() {
                    continue;
                }
                assert_eq!(big_limbs(&found[lane]), expected % &m, "{name} of {x:x}, {y:x} modulo {m:x}");
            }
            if !F::Modulus::ROOT.chain.is_empty() {
                assert_eq!(square >> lane & 1 == 1, has_root, "whether {x:x} is a square modulo {m:x}");
            }
            assert_eq!(same >> lane & 1 == 1, x == y, "{x:x} = {y:x} modulo {m:x}");
        }
    }
}

/// Pairs of elements, of the two lists.
struct Pairs<'a>(&'a [Limbs], &'a [Limbs]);

impl FieldsTest for Pairs<'_> {
    fn run<S: Fields>(&mut self) {
        let Self(a, b) = *self;
        check_modulus::<S::Field<K1Prime>>(a, b);
        check_modulus::<S::Field<R1Prime>>(a, b);
        check_modulus::<S::Field<Sm2Prime>>(a, b);
        check_modulus::<S::Field<K1Order>>(a, b);
        check_modulus::<S::Field<R1Order>>(a, b);
        check_modulus::<S::Field<Sm2Order>>(a, b);
    }
}

fn check_all(a: &[Limbs], b: &[Limbs]) {
    on_every_representation(&mut Pairs(a, b));
}

/// Integers at every edge: of the moduli, of limbs, of 2^256, and the largest that five limbs hold.
fn extremes() -> Vec<Limbs> {
    let one = BigUint::from(1u32);
    let mut out: Vec<BigUint> = vec![BigUint::ZERO, one.clone(), (&one << 260) - 1u32];
    for words in
        [K1Prime::WORDS, R1Prime::WORDS, Sm2Prime::WORDS, K1Order::WORDS, R1Order::WORDS, Sm2Order::WORDS]
    {
        let m = big(&words);
        for k in [1u32, 2, 8, 15] {
            out.extend([&m * k - 1u32, &m * k, &m * k + 1u32]);
        }
    }
    for bit in [31, 32, 33, 51, 52, 53, 95, 96, 103, 104, 128, 156, 192, 208, 224, 255, 256, 259] {
        out.extend([(&one << bit) - 1u32, &one << bit, (&one << bit) + 1u32]);
    }
    out.iter().map(limbs).collect()
}

#[test]
fn extremes_of_every_kind() {
    let values = extremes();
    for shift in [0, 1, 5] {
        let mut other = values.clone();
        other.rotate_left(shift);
        check_all(&values, &other);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn random_elements(
        a in prop::collection::vec(prop::array::uniform5(0..1u64 << 52), 8),
        b in prop::collection::vec(prop::array::uniform5(0..1u64 << 52), 8),
    ) {
        check_all(&a, &b);
    }
}
