//! The verification equation by half-size scalars: \[us\]B − \[v\]A − \[u\]R = 0 with v ≡ u·k (mod 8L), u odd.
//!
//! # Why it is exact
//! Let P = SB − kA − R, a point whose order divides 8L. B has order L and 8L·A = 0, so the left side is \[u\]P. u is odd and
//! 0 < |u| < L, a unit modulo 8L: \[u\]P = 0 if and only if P = 0, with whatever torsion A and R have; and \[8\]\[u\]P = 0 if and
//! only if \[8\]P = 0. R must be decoded, so a rule that compares bytes also needs R's bytes to be the canonical ones: then
//! and only then P = 0 says that they are enc(SB − kA).
//!
//! # Against one full-size scalar
//! Half the doublings; a decoding of R, a second table, and the pair (u, v) more. No inversion. Decided by measurement
//! (docs/decisions/ed25519-lanes.md).

use super::comb::load_points;
use super::decode::Words;
use super::equation::{
    Code, Equation, Item, Scratch, decode_all, encoding_equals, lanes_of, set_lane, words_of,
};
use super::half_ladder::{HalfLadder, offset_bases, offset_half, table_rows, windows};
use super::{Affine, Projective, one};
use crate::field::{self, FieldLanes};
use crate::scalar::half::{Halve, Halves, multiply};
use crate::scalar::{self};
use crate::simd::{Kernel, LaneMask, MAX_LANES, Token, Vector};
use core::marker::PhantomData;

/// A with its sign changed in the lanes of the mask.
struct NegateWhere<'a, F> {
    point: &'a Affine<F>,
    mask: u8,
}

impl<F: FieldLanes> Kernel<F::Token> for NegateWhere<'_, F> {
    type Output = Affine<F>;

    #[inline(always)]
    fn run(self, token: F::Token) -> Affine<F> {
        let negative = F::carry(self.point.x.negate().widen());
        let x = F::select(F::Vector::mask(token, self.mask), negative, self.point.x);
        Affine { x, y: self.point.y }
    }
}

/// The lanes where the equation holds, given \[u\]P.
struct Holds<'a, F> {
    equation: Equation<'a>,
    multiple: &'a Projective<F>,
    r: &'a Affine<F>,
    encoding: &'a Words,
}

impl<F: FieldLanes> Kernel<F::Token> for Holds<'_, F> {
    type Output = u8;

    #[inline(always)]
    fn run(self, token: F::Token) -> u8 {
        let mut point = *self.multiple;
        if self.equation.cofactored {
            let mut i = 0;
            while i < 3 {
                point = point.double().to_projective();
                i += 1;
            }
        }
        let zero = field::is_zero(point.x).and(field::equal(point.y, point.z)).bits();
        if self.equation.cofactored {
            return zero;
        }
        zero & encoding_equals(token, self.r.x, self.r.y, self.encoding)
    }
}

/// The pairs of all vectors, four at a time.
fn halve_all<F: FieldLanes>(token: F::Token, scalars: &[Words]) -> Vec<Halves> {
    let mut halves = Vec::with_capacity(scalars.len());
    let mut rest = scalars;
    while let [a, b, c, d, more @ ..] = rest {
        halves.extend(token.vectorize(Halve::<F::Vector, 4> { scalars: [a, b, c, d], vector: PhantomData }));
        rest = more;
    }
    for a in rest {
        halves.extend(token.vectorize(Halve::<F::Vector, 1> { scalars: [a], vector: PhantomData }));
    }
    halves
}

/// Judges the items of a chunk, whose challenges are reduced already, and whose keys may be decoded already. Needs more
/// than one lane.
pub(super) fn check_chunk<F: FieldLanes>(
    token: F::Token,
    equation: Equation<'_>,
    items: &[Item<'_>],
    points: Option<&[&[[u64; 4]; 2]]>,
    challenges: &[Words],
    codes: &mut [Code],
    scratch: &mut Scratch<F>,
) {
    let lanes = F::Vector::LANES;
    let vectors = challenges.len();
    let empty = [[0; MAX_LANES]; 4];
    // A of every vector, then R of every vector.
    let mut encodings = vec![empty; 2 * vectors];
    for (i, item) in items.iter().enumerate() {
        let (vector, lane) = (i / lanes, i % lanes);
        set_lane(&mut encodings[vector], lane, words_of(item.a));
        set_lane(&mut encodings[vectors + vector], lane, words_of(item.r));
    }
    let decoded: Vec<(Affine<F>, u8)> = match points {
        None => decode_all::<F>(token, &encodings),
        Some(points) => {
            let known = points.chunks(lanes).map(|points| (load_points(token, points), 0xff));
            known.chain(decode_all::<F>(token, &encodings[vectors..])).collect()
        }
    };
    let (keys, rs) = decoded.split_at(vectors);
    judge::<F>(token, equation, items, challenges, [keys, rs], &encodings[vectors..], codes, scratch);
}

/// Judges the items of a chunk, whose challenges are reduced and whose A and R are decoded already, with the masks of
/// lanes that are on the curve. Needs more than one lane.
#[allow(clippy::too_many_arguments, reason = "columns of one chunk")]
pub(super) fn judge<F: FieldLanes>(
    token: F::Token,
    equation: Equation<'_>,
    items: &[Item<'_>],
    challenges: &[Words],
    [keys, rs]: [&[(Affine<F>, u8)]; 2],
    encodings: &[Words],
    codes: &mut [Code],
    scratch: &mut Scratch<F>,
) {
    let lanes = F::Vector::LANES;
    let vectors = challenges.len();
    let empty = [[0; MAX_LANES]; 4];
    let halves = halve_all::<F>(token, challenges);
    scratch.table.resize(table_rows(lanes), [0; 8]);
    for vector in 0..vectors {
        let half = &halves[vector];
        let (mut v, mut u, mut low, mut high) = (empty, empty, empty, empty);
        for lane in 0..lanes {
            let word = |words: &Words| [words[0][lane], words[1][lane], words[2][lane]];
            set_lane(&mut v, lane, offset_half(word(&half.v)));
            set_lane(&mut u, lane, offset_half(word(&half.u)));
            let w = match items.get(vector * lanes + lane) {
                Some(item) => multiply(&word(&half.u), &scalar::reduce(&words_of(item.s))),
                None => [0; 4],
            };
            let [of_low, of_high] = offset_bases(w);
            set_lane(&mut low, lane, of_low);
            set_lane(&mut high, lane, of_high);
        }
        let (key, on_curve) = &keys[vector];
        let (r, r_on_curve) = &rs[vector];
        let key = token.vectorize(NegateWhere { point: key, mask: half.negative });
        let multiple = token.vectorize(HalfLadder {
            points: [key, *r],
            scalars: [&v, &u],
            bases: [&low, &high],
            windows: windows(half.bits),
            table: &mut scratch.table,
        });
        let encoding = &encodings[vector];
        let holds = token.vectorize(Holds { equation, multiple: &multiple, r, encoding });
        for i in lanes_of(vector, lanes, items.len()) {
            let bit = 1 << (i % lanes);
            codes[i] = if on_curve & bit == 0 {
                Code::KeyNotOnCurve
            } else if r_on_curve & bit == 0 {
                if equation.decode_r { Code::RNotOnCurve } else { Code::EquationFailed }
            } else if half.found & bit == 0 {
                one::check_one::<F>(token, equation, &items[i])
            } else if holds & bit != 0 {
                Code::Valid
            } else {
                Code::EquationFailed
            };
        }
    }
}
