use super::*;
use crate::field::testing::{Fields, FieldsTest, on_every_instruction_set};
use crate::scalar::reduce_wide;
use crate::simd::Token;
use crate::simd::portable::U64x1;
use num_bigint::{BigInt, BigUint, Sign};
use proptest::prelude::*;

fn big(words: &[u64]) -> BigInt {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    BigInt::from(BigUint::from_bytes_le(&bytes))
}

/// |u|, |v| and whether u·v is negative, or `None` without a pair.
type Pair = Option<([u64; 3], [u64; 3], bool)>;

fn pairs<V: Doubles, const N: usize>(scalars: &[[u64; 4]]) -> Option<Vec<Pair>> {
    let token = crate::simd::testing::detect::<V::Token>()?;
    let mut words = vec![[[0; MAX_LANES]; 4]; scalars.len().div_ceil(V::LANES).next_multiple_of(N)];
    for (i, k) in scalars.iter().enumerate() {
        for (word, &value) in words[i / V::LANES].iter_mut().zip(k) {
            word[i % V::LANES] = value;
        }
    }
    let mut pairs = Vec::new();
    for group in words.chunks(N) {
        let scalars: [&Words; N] = std::array::from_fn(|n| &group[n]);
        for halves in token.vectorize(Halve::<V, N> { scalars, vector: PhantomData }) {
            for lane in 0..V::LANES {
                let words = |of: &Words| [of[0][lane], of[1][lane], of[2][lane]];
                let (u, v) = (words(&halves.u), words(&halves.v));
                let bits = 192 - (u[2] | v[2]).leading_zeros() as usize;
                assert!(bits <= halves.bits.min(HALF_BITS));
                let found = halves.found >> lane & 1 == 1;
                assert!(found || (u, v) == ([0; 3], [0; 3]));
                pairs.push(found.then_some((u, v, halves.negative >> lane & 1 == 1)));
            }
        }
    }
    pairs.truncate(scalars.len());
    Some(pairs)
}

/// Scalars and the pairs that all vectors are to find, by four vectors side by side and by one, as the engine takes them.
struct Same<'a>(&'a [[u64; 4]], &'a [Pair]);

impl FieldsTest for Same<'_> {
    fn run<S: Fields>(&mut self) {
        let Self(scalars, expected) = *self;
        for pairs in [pairs::<S::Vector, 4>(scalars), pairs::<S::Vector, 1>(scalars)] {
            assert!(pairs.is_none_or(|pairs| pairs == expected), "{} finds other pairs", S::Token::NAME);
        }
    }
}

/// Checks the relation for every scalar that has a pair, on every backend that this machine has, and that all of them find
/// the same.
fn check(scalars: &[[u64; 4]]) -> Vec<Pair> {
    let expected = pairs::<U64x1, 1>(scalars).expect("the portable backend");
    let order8: BigInt = big(&ORDER) << 3;
    for (k, pair) in scalars.iter().zip(&expected) {
        let Some((u, v, negative)) = pair else { continue };
        let v = if *negative { -big(v) } else { big(v) };
        assert!(u[0] & 1 == 1, "u of {k:x?} is even");
        let difference: BigInt = big(u) * big(k) - v;
        assert_eq!(difference % &order8, BigInt::from(0), "the pair of {k:x?}");
    }
    on_every_instruction_set(&mut Same(scalars, &expected));
    expected
}

fn words(x: &BigInt) -> [u64; 4] {
    assert_ne!(x.sign(), Sign::Minus);
    let mut words = [0; 4];
    for (word, digit) in words.iter_mut().zip(x.iter_u64_digits()) {
        *word = digit;
    }
    words
}

#[test]
fn extremes_have_pairs_or_say_that_they_have_none() {
    let order = big(&ORDER);
    let mut scalars = vec![[0; 4]];
    for bit in 0..253usize {
        for delta in -2..3 {
            let k: BigInt = (BigInt::from(1) << bit) + BigInt::from(delta);
            if k.sign() != Sign::Minus && k < order {
                scalars.push(words(&k));
            }
        }
    }
    // L/n and its neighbours: short pairs of every kind, odd and even.
    for n in 1..200 {
        for delta in -2..3 {
            let k: BigInt = &order / BigInt::from(n) + BigInt::from(delta);
            if k < order {
                scalars.push(words(&k));
            }
        }
    }
    let pairs = check(&scalars);
    assert_eq!(pairs[0], Some(([1, 0, 0], [0; 3], false)), "0 = 1·0");
    let found = pairs.iter().flatten().count();
    assert!(found > 500 && found < scalars.len(), "{found} of {} have a pair", scalars.len());
}

#[test]
fn a_scalar_whose_short_pairs_are_all_even_has_none() {
    // 16·(L + 1)/2 ≡ 8 (mod 8L): every odd u goes with numbers of 250 bits.
    let k = words(&((big(&ORDER) + BigInt::from(1)) / BigInt::from(2)));
    assert_eq!(check(&[k]), [None]);
}

#[test]
fn hashed_scalars_have_pairs_of_half_the_size() {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        state ^ state >> 29
    };
    let scalars: Vec<[u64; 4]> = (0..4096).map(|_| reduce_wide(&std::array::from_fn(|_| next()))).collect();
    let pairs = check(&scalars);
    let long = |pair: &&Pair| pair.is_none_or(|(u, v, _)| u[2] | v[2] > 7);
    // One in 700 has more than 131 bits; ten times that would be another algorithm.
    assert!(pairs.iter().filter(long).count() < 60);
    assert_eq!(pairs.iter().filter(|pair| pair.is_none()).count(), 0);
}

proptest! {
    #[test]
    fn any_scalar_has_a_right_pair(x in any::<[u64; 8]>()) {
        check(&[reduce_wide(&x)]);
    }

    #[test]
    fn products_are_reduced(u in any::<[u64; 3]>(), s in any::<[u64; 4]>()) {
        prop_assert_eq!(big(&multiply(&u, &s)), big(&u) * big(&s) % big(&ORDER));
    }
}
