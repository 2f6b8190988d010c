//! e/s and r/s modulo the group order, of a list of signatures: one inversion for every eight lanes of a batch.

use super::{Words, load_words};
use crate::field::prime256::{self, Family, Modulus, PrimeLanes};
use crate::simd::{Kernel, MAX_LANES, Token, Vector};

/// e, r and s of a signature, little-endian integers below 2^256, s not divisible by the order.
#[derive(Clone, Copy, Debug)]
pub struct Triple {
    /// The digest as an integer.
    pub e: [u64; 4],
    /// r.
    pub r: [u64; 4],
    /// s.
    pub s: [u64; 4],
}

struct Invert<'a, F> {
    elements: &'a mut [F],
    before: &'a mut [F],
    words: &'a [Words],
}

impl<F: PrimeLanes> Kernel<F::Token> for Invert<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: F::Token) {
        for i in 0..self.words.len() {
            self.elements[i] = prime256::enter(load_words(token, &self.words[i]));
        }
        prime256::invert_all(self.elements, self.before);
    }
}

struct Scale<'a, F> {
    words: &'a Words,
    by: F,
}

impl<F: PrimeLanes> Kernel<F::Token> for Scale<'_, F> {
    type Output = Words;

    #[inline(always)]
    fn run(self, token: F::Token) -> Words {
        let product = prime256::scale(load_words(token, self.words), self.by);
        let words = prime256::words_from_limbs(product);
        let mut out = [[0; MAX_LANES]; 4];
        for i in 0..4 {
            out[i] = words[i].to_array();
        }
        out
    }
}

/// e/s and r/s of every signature, below the order `M`.
pub fn quotients<M: Modulus, S: Family>(token: S::Token, triples: &[Triple]) -> Vec<[[u64; 4]; 2]> {
    let lanes = S::Vector::LANES;
    let vectors = triples.len().div_ceil(lanes);
    // Lanes without a signature divide by 1.
    let mut one = [[0; MAX_LANES]; 4];
    one[0] = [1; MAX_LANES];
    let mut s = vec![one; vectors];
    let mut numerators = vec![[[[0; MAX_LANES]; 4]; 2]; vectors];
    for (i, triple) in triples.iter().enumerate() {
        let (vector, lane) = (i / lanes, i % lanes);
        for word in 0..4 {
            s[vector][word][lane] = triple.s[word];
            numerators[vector][0][word][lane] = triple.e[word];
            numerators[vector][1][word][lane] = triple.r[word];
        }
    }
    let Some(&first) = s.first() else { return Vec::new() };
    let start = token.vectorize(Load::<S::Field<M>>(&first, core::marker::PhantomData));
    let (mut elements, mut before) = (vec![start; vectors], vec![start; vectors]);
    token.vectorize(Invert { elements: &mut elements, before: &mut before, words: &s });
    let mut out = vec![[[0; 4]; 2]; triples.len()];
    for (vector, inverse) in elements.into_iter().enumerate() {
        for which in 0..2 {
            let words =
                token.vectorize(Scale::<S::Field<M>> { words: &numerators[vector][which], by: inverse });
            for i in vector * lanes..((vector + 1) * lanes).min(triples.len()) {
                for word in 0..4 {
                    out[i][which][word] = words[word][i % lanes];
                }
            }
        }
    }
    out
}

struct Load<'a, F>(&'a Words, core::marker::PhantomData<F>);

impl<F: PrimeLanes> Kernel<F::Token> for Load<'_, F> {
    type Output = F;

    #[inline(always)]
    fn run(self, token: F::Token) -> F {
        prime256::enter(load_words(token, self.0))
    }
}
