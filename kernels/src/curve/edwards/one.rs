//! The verification equation of a single item: what `equation` does for many, without any allocation.
//!
//! A and R are decoded in two lanes of one vector, the challenge is hashed in general registers, and the
//! lanes of the sum go across coordinates. Nothing is inverted unless the equation is cofactored and the
//! bytes of R differ.

use super::decode::{Decode, Words, lane_limbs};
use super::equation::{Code, Cofactored, CompareDecoded, Equation, Item, Normalize, set_lane, words_of};
use super::single::Single;
use super::{Affine, Projective};
use crate::field::FieldLanes;
use crate::hash::sha512;
use crate::scalar;
use crate::simd::{Kernel, LaneMask, MAX_LANES, Token};
use core::marker::PhantomData;

/// One lane of a vector of points, in every lane.
struct Spread<'a, F> {
    points: &'a Affine<F>,
    lane: usize,
}

impl<F: FieldLanes> Kernel<F::Token> for Spread<'_, F> {
    type Output = Affine<F>;

    #[inline(always)]
    fn run(self, token: F::Token) -> Affine<F> {
        let (x, y) = (lane_limbs(self.points.x, self.lane), lane_limbs(self.points.y, self.lane));
        Affine { x: F::splat(token, &x), y: F::splat(token, &y) }
    }
}

/// Judges an item that has passed the checks that bytes decide. Needs two lanes.
pub(super) fn check_one<F: FieldLanes>(token: F::Token, equation: Equation<'_>, item: &Item<'_>) -> Code {
    let with_domain: Vec<u8>;
    let mut r = &item.r[..];
    if !equation.domain.is_empty() {
        with_domain = [equation.domain, r].concat();
        r = &with_domain;
    }
    let mut digest = sha512::digest_one([r, &item.a[..], item.message]);
    for word in &mut digest {
        *word = word.swap_bytes();
    }
    let challenge = scalar::reduce_wide(&digest);
    let base = scalar::reduce(&words_of(item.s));

    let mut encodings: Words = [[0; MAX_LANES]; 4];
    set_lane(&mut encodings, 0, words_of(item.a));
    set_lane(&mut encodings, 1, words_of(item.r));
    let [(decoded, on_curve)] = token.vectorize(Decode::<F, 1> { words: [&encodings], field: PhantomData });
    let on_curve = on_curve.bits();
    if on_curve & 1 == 0 {
        return Code::KeyNotOnCurve;
    }
    let mut sum = token.vectorize(Single { keys: &decoded, lane: 0, challenge: &challenge, base: &base });
    let r = token.vectorize(Spread { points: &decoded, lane: 1 });
    let r_on_curve = on_curve & 2 != 0;
    // Lane 1 decides: there the encoding is that of R.
    let compare =
        CompareDecoded { q: &sum, r: &r, r_on_curve: if r_on_curve { 2 } else { 0 }, encoding: &encodings };
    if token.vectorize(compare) & 2 != 0 {
        return Code::Valid;
    }
    if !r_on_curve {
        return if equation.decode_r { Code::RNotOnCurve } else { Code::EquationFailed };
    }
    if equation.cofactored {
        let (mut inverses, mut before) = ([sum.z], [sum.z]);
        let points = core::slice::from_mut(&mut sum);
        token.vectorize(Normalize { points, inverses: &mut inverses, before: &mut before });
        let Projective { x, y, .. } = sum;
        if token.vectorize(Cofactored { q: &Affine { x, y }, r: &r }) & 1 != 0 {
            return Code::Valid;
        }
    }
    Code::EquationFailed
}
