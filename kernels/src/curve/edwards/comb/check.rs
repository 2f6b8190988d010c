//! The verification equation of items whose keys have tables.

use super::super::Projective;
use super::super::decode::Words;
use super::super::equation::{
    CHUNK, Code, CompareEncoding, Equation, Item, check_unequal, decode_all, inputs, lanes_of, normalize,
    set_lane, words_of,
};
use super::build::BaseTable;
use super::{
    Base, Comb, CombShape, Compact, Digits, Entry, Full, KeyTable, Prepared, ReadColumns, signs_of_base,
    signs_of_challenge,
};
use crate::field::FieldLanes;
use crate::hash::sha512;
use crate::scalar;
use crate::simd::{MAX_LANES, Token, Vector};
use core::marker::PhantomData;

/// An item and the table of its key.
pub struct WithTable<'a, F> {
    /// The item; its key decodes.
    pub item: Item<'a>,
    /// The table of its key.
    pub table: &'a KeyTable<F>,
}

/// Judges every item as `equation::check` does; `codes` gets one code each. All tables must have the same shape.
///
/// Panics if the two slices differ in length, or if shapes are mixed.
pub fn check<F: FieldLanes>(
    token: F::Token,
    equation: Equation<'_>,
    base: &BaseTable<F>,
    items: &[WithTable<'_, F>],
    codes: &mut [Code],
) {
    assert_eq!(items.len(), codes.len());
    let Some(full) = items.first().map(|known| known.table.is_full()) else { return };
    assert!(items.iter().all(|known| known.table.is_full() == full), "tables of one shape");
    for (items, codes) in items.chunks(CHUNK).zip(codes.chunks_mut(CHUNK)) {
        match full {
            true => check_chunk::<Full, F>(token, equation, base, items, codes),
            false => check_chunk::<Compact, F>(token, equation, base, items, codes),
        }
    }
}

fn check_chunk<S: CombShape, F: FieldLanes>(
    token: F::Token,
    equation: Equation<'_>,
    base: &BaseTable<F>,
    items: &[WithTable<'_, F>],
    codes: &mut [Code],
) {
    let lanes = F::Vector::LANES;
    let vectors = items.len().div_ceil(lanes);
    let mut digests = vec![[0; 8]; items.len()];
    let mut before = Vec::new();
    let inputs = inputs(equation.domain, items.iter().map(|known| &known.item), &mut before);
    sha512::digest_all(token, &inputs, &mut digests, &mut Vec::new());

    let empty: Words = [[0; MAX_LANES]; 4];
    let mut rs = vec![empty; vectors];
    let mut prepared: Vec<Prepared<'_>> = Vec::with_capacity(vectors);
    for (vector, rs) in rs.iter_mut().enumerate() {
        // Lanes without an item compute something of the last one.
        let (mut challenges, mut bases, mut last) = (empty, empty, [0; MAX_LANES]);
        let mut tables: [&[Entry]; MAX_LANES] = [items[items.len() - 1].table.entries(); MAX_LANES];
        for i in lanes_of(vector, lanes, items.len()) {
            let (WithTable { item, table }, lane) = (&items[i], i % lanes);
            let digest = digests[i].map(u64::swap_bytes);
            let (k, is_even) = signs_of_challenge(&scalar::reduce_wide(&digest));
            set_lane(&mut challenges, lane, k);
            set_lane(&mut bases, lane, signs_of_base(&scalar::reduce(&words_of(item.s))));
            set_lane(rs, lane, words_of(item.r));
            last[lane] = S::OWN as u64 + u64::from(!is_even);
            tables[lane] = table.entries();
        }
        let mut next = Prepared { tables, challenge: Digits::EMPTY, base: Digits::EMPTY, last };
        token.vectorize(ReadColumns::<S, F> {
            bits: &challenges,
            top: true,
            digits: &mut next.challenge,
            shape: PhantomData,
        });
        token.vectorize(ReadColumns::<Base, F> {
            bits: &bases,
            top: false,
            digits: &mut next.base,
            shape: PhantomData,
        });
        prepared.push(next);
    }

    let mut points: Vec<Projective<F>> = Vec::with_capacity(vectors);
    for (vector, item) in prepared.iter().enumerate() {
        let next = prepared.get(vector + 1).unwrap_or(item);
        points.push(token.vectorize(Comb::<S, F> { item, next, base: &base.entries, shape: PhantomData }));
    }
    normalize(token, &mut points);

    let mut unequal = Vec::new();
    for (vector, point) in points.iter().enumerate() {
        let equal = token.vectorize(CompareEncoding { point, expected: &rs[vector] });
        for i in lanes_of(vector, lanes, items.len()) {
            codes[i] = if equal & 1 << (i % lanes) != 0 {
                Code::Valid
            } else {
                unequal.push(i);
                Code::EquationFailed
            };
        }
    }
    if !unequal.is_empty() && (equation.cofactored || equation.decode_r) {
        check_unequal::<F>(token, equation, &unequal, &points, &rs, codes, |encodings| {
            decode_all::<F>(token, encodings)
        });
    }
}
