//! The verification equation in one lane, for the portable code: Q = SB − kA by sliding windows, and its
//! encoding compared with R. A chunk shares one inversion; an item alone has R decoded instead, and inverts nothing.

use super::comb::load_points;
use super::decode::Words;
use super::equation::{
    Code, CompareDecoded, CompareEncoding, Equation, Item, check_unequal, decode_all, normalize, set_lane,
    words_of,
};
use super::sliding::Sliding;
use super::{Affine, Projective};
use crate::field::FieldLanes;
use crate::scalar;
use crate::simd::{MAX_LANES, Token};

#[inline]
fn encoded(bytes: &[u8; 32]) -> Words {
    let mut words = [[0; MAX_LANES]; 4];
    set_lane(&mut words, 0, words_of(bytes));
    words
}

/// SB − kA of every item.
fn differences<F: FieldLanes>(
    token: F::Token,
    items: &[Item<'_>],
    keys: &[(Affine<F>, u8)],
    challenges: &[Words],
) -> Vec<Projective<F>> {
    let mut points = Vec::with_capacity(items.len());
    for ((item, (key, _)), challenge) in items.iter().zip(keys).zip(challenges) {
        let challenge = challenge.map(|word| word[0]);
        let base = scalar::reduce(&words_of(item.s));
        points.push(token.vectorize(Sliding { key, challenge: &challenge, base: &base }));
    }
    points
}

/// Judges a chunk of items, given their challenges, and their keys where those are known.
pub(super) fn check_chunk<F: FieldLanes>(
    token: F::Token,
    equation: Equation<'_>,
    items: &[Item<'_>],
    points: Option<&[&[[u64; 4]; 2]]>,
    challenges: &[Words],
    codes: &mut [Code],
) {
    let keys: Vec<(Affine<F>, u8)> = match points {
        None => {
            let encodings: Vec<Words> = items.iter().map(|item| encoded(item.a)).collect();
            decode_all::<F>(token, &encodings)
        }
        Some(points) => points.chunks(1).map(|point| (load_points(token, point), 0xff)).collect(),
    };
    let decode_rs = |positions: &[usize]| {
        let encodings: Vec<Words> = positions.iter().map(|&i| encoded(items[i].r)).collect();
        decode_all::<F>(token, &encodings)
    };
    judge(token, equation, items, challenges, &keys, decode_rs, codes);
}

/// Judges items whose keys have been decoded; `decode_rs` gives R of some items, by position.
pub(super) fn judge<F: FieldLanes>(
    token: F::Token,
    equation: Equation<'_>,
    items: &[Item<'_>],
    challenges: &[Words],
    keys: &[(Affine<F>, u8)],
    decode_rs: impl Fn(&[usize]) -> Vec<(Affine<F>, u8)>,
    codes: &mut [Code],
) {
    let rs: Vec<Words> = items.iter().map(|item| encoded(item.r)).collect();
    let mut points = differences(token, items, keys, challenges);
    let alone = items.len() == 1;
    if !alone {
        normalize(token, &mut points);
    }
    let mut unequal = Vec::new();
    for (i, (point, encoding)) in points.iter().zip(&rs).enumerate() {
        let equal = if alone {
            let (r, r_on_curve) = decode_rs(&[0])[0];
            token.vectorize(CompareDecoded { q: point, r: &r, r_on_curve, encoding })
        } else {
            token.vectorize(CompareEncoding { point, expected: encoding })
        };
        codes[i] = if keys[i].1 & 1 == 0 {
            Code::KeyNotOnCurve
        } else if equal & 1 == 1 {
            Code::Valid
        } else {
            unequal.push(i);
            Code::EquationFailed
        };
    }
    if !unequal.is_empty() && (equation.cofactored || equation.decode_r) {
        if alone {
            normalize(token, &mut points);
        }
        check_unequal::<F>(token, equation, &unequal, &points, &rs, codes, |_| decode_rs(&unequal));
    }
}
