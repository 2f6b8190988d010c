//! Points from and to their 32 bytes (RFC 8032, section 5.1.3), a vector or several at a time.
//!
//! Decoding accepts what the permissive rules accept: y of p or more stands for y − p, and x = 0 with
//! sign bit 1 decodes to x = 0. Whoever wants canonical bytes looks at the bytes.

use super::Affine;
use crate::field::{self, EDWARDS_D, FieldLanes, Limbs, ONE};
use crate::simd::{Kernel, MAX_LANES, Vector};
use core::marker::PhantomData;

/// The four little-endian words of `LANES` strings of 32 bytes, word by word; unused lanes are 0.
pub type Words = [[u64; MAX_LANES]; 4];

/// The vectors of words.
#[inline(always)]
pub fn load_words<V: Vector>(token: V::Token, words: &Words) -> [V; 4] {
    [
        V::load(token, &words[0]),
        V::load(token, &words[1]),
        V::load(token, &words[2]),
        V::load(token, &words[3]),
    ]
}

/// Decodes `N` vectors of points side by side: gives the points and the mask of lanes that are on the
/// curve. The other lanes get the neutral element, so that what follows never divides by zero.
///
/// x = √((y² − 1)/(d·y² + 1)), one power per vector; `N` of them hide each other's latency.
pub struct Decode<'a, F, const N: usize> {
    /// The encodings.
    pub words: [&'a Words; N],
    /// The representation.
    pub field: PhantomData<F>,
}

impl<F: FieldLanes, const N: usize> Kernel<F::Token> for Decode<'_, F, N> {
    type Output = [(Affine<F>, <F::Vector as Vector>::Mask); N];

    #[inline(always)]
    fn run(self, token: F::Token) -> Self::Output {
        let one = F::splat(token, &ONE);
        let d = F::splat(token, &EDWARDS_D);
        let (mut y, mut u, mut v) = ([one; N], [one; N], [one; N]);
        let mut i = 0;
        while i < N {
            y[i] = F::from_limbs(field::limbs_from_words(load_words(token, self.words[i])));
            let y2 = y[i].square();
            u[i] = F::carry(F::sub_wide(y2.widen(), one.widen()));
            v[i] = F::carry(F::add_wide(y2.mul_wide(d), one.widen()));
            i += 1;
        }
        let (root, on_curve) = field::sqrt_ratio(u, v);
        let identity = Affine::identity(token);
        let mut out = [(identity, on_curve[0]); N];
        i = 0;
        while i < N {
            let sign_word = F::Vector::load(token, &self.words[i][3]);
            let one = F::Vector::splat(token, 1);
            let parity = field::canonical(root[i].to_limbs())[0].and(one);
            let agrees = parity.equal(sign_word.shr::<63>());
            let negative = F::carry(root[i].negate().widen());
            let point = Affine { x: F::select(agrees, root[i], negative), y: y[i] };
            out[i] = (Affine::select(on_curve[i], point, identity), on_curve[i]);
            i += 1;
        }
        out
    }
}

/// The canonical encodings of affine coordinates.
#[inline(always)]
pub fn encode<F: FieldLanes>(x: F, y: F) -> [F::Vector; 4] {
    let mut words = field::words_from_limbs(field::canonical(y.to_limbs()));
    let parity = field::canonical(x.to_limbs())[0].shl::<63>();
    words[3] = words[3].or(parity);
    words
}

/// One lane of an element, canonical, as limbs.
#[inline(always)]
pub fn lane_limbs<F: FieldLanes>(x: F, lane: usize) -> Limbs {
    let limbs = field::canonical(x.to_limbs());
    [
        limbs[0].to_array()[lane],
        limbs[1].to_array()[lane],
        limbs[2].to_array()[lane],
        limbs[3].to_array()[lane],
        limbs[4].to_array()[lane],
    ]
}
