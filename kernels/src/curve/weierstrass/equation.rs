//! gG + kP for a list of items: the seam that the schemes call.
//!
//! It decides nothing about bytes, and nothing about what the sum must be. Items whose lanes met an exceptional
//! case are named, for the caller to compute again by complete formulas: P a small multiple of G, a sum that is
//! infinity, k = 0.

use super::ladder::{Digits, Ladder, Sound, odd_digits, point_digits};
use super::table::{self, Build, Chain, Store};
use super::{Affine, Curve, Decode, Encoded, Encodings, Jacobian, Words, load_words};
use crate::field::prime256::{self, Family, Modulus, PrimeLanes};
use crate::simd::{Kernel, LaneMask, MAX_LANES, Token, Vector};
use core::marker::PhantomData;

/// Items taken at a time: the batch of an inversion, and the size of the scratch.
const CHUNK: usize = 256;

/// A point and two scalars, which must be below the order.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// P.
    pub point: Encoded,
    /// g.
    pub g: [u64; 4],
    /// k.
    pub k: [u64; 4],
}

/// gG + kP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sum {
    /// P is not on the curve.
    NotOnCurve,
    /// The lane met an exceptional case: nothing is known.
    Exceptional,
    /// The coordinates of the sum, which is not infinity, little-endian.
    At {
        /// x.
        x: [u64; 4],
        /// y.
        y: [u64; 4],
    },
}

/// A vector of points, and the mask of lanes that are on the curve.
pub(super) type Decoded<C, S> = (Affine<<S as Family>::Field<<C as Curve>::Prime>>, u8);

/// Decodes a list of vectors of points, several at a time.
fn decode_all<C: Curve, S: Family>(token: S::Token, encodings: &[Encodings]) -> Vec<Decoded<C, S>> {
    let of = PhantomData::<(C, S::Field<C::Prime>)>;
    let mut points = Vec::with_capacity(encodings.len());
    let mut rest = encodings;
    while let [a, b, c, d, more @ ..] = rest {
        points.extend(token.vectorize(Decode { encodings: [a, b, c, d], of }));
        rest = more;
    }
    if let [a, b, more @ ..] = rest {
        points.extend(token.vectorize(Decode { encodings: [a, b], of }));
        rest = more;
    }
    for a in rest {
        points.extend(token.vectorize(Decode { encodings: [a], of }));
    }
    points
}

fn encodings<S: Family>(points: impl Iterator<Item = Encoded>, count: usize) -> Vec<Encodings> {
    let lanes = S::Vector::LANES;
    let mut out = vec![Encodings::EMPTY; count.div_ceil(lanes)];
    for (i, point) in points.enumerate() {
        out[i / lanes].set(i % lanes, &point);
    }
    out
}

/// For each point, whether it is one of the curve.
pub fn on_curve<C: Curve, S: Family>(token: S::Token, points: &[Encoded]) -> Vec<bool> {
    let lanes = S::Vector::LANES;
    let decoded = decode_all::<C, S>(token, &encodings::<S>(points.iter().copied(), points.len()));
    (0..points.len()).map(|i| decoded[i / lanes].1 >> (i % lanes) & 1 == 1).collect()
}

/// x and y of each point, or `None` where it is none of the curve.
pub fn points<C: Curve, S: Family>(token: S::Token, points: &[Encoded]) -> Vec<Option<[[u64; 4]; 2]>> {
    let lanes = S::Vector::LANES;
    let decoded = decode_all::<C, S>(token, &encodings::<S>(points.iter().copied(), points.len()));
    let mut out = Vec::with_capacity(points.len());
    for (vector, (point, on_curve)) in decoded.into_iter().enumerate() {
        let [x, w] = token.vectorize(Integers([point.x, point.w]));
        for i in vector * lanes..((vector + 1) * lanes).min(points.len()) {
            let lane = i % lanes;
            let found = [lane_words(&x, lane), halve::<C::Prime>(lane_words(&w, lane))];
            out.push((on_curve >> lane & 1 == 1).then_some(found));
        }
    }
    out
}

/// Elements as integers, word by word.
struct Integers<F>([F; 2]);

impl<F: PrimeLanes> Kernel<F::Token> for Integers<F> {
    type Output = [Words; 2];

    #[inline(always)]
    fn run(self, _: F::Token) -> Self::Output {
        let mut out = [[[0; MAX_LANES]; 4]; 2];
        for which in 0..2 {
            let words = prime256::words_from_limbs(prime256::leave(self.0[which]));
            for i in 0..4 {
                out[which][i] = words[i].to_array();
            }
        }
        out
    }
}

#[inline]
fn lane_words(words: &Words, lane: usize) -> [u64; 4] {
    [words[0][lane], words[1][lane], words[2][lane], words[3][lane]]
}

/// Inverts Z of every chain or sum.
struct Invert<'a, F> {
    elements: &'a mut [F],
    before: &'a mut [F],
}

impl<F: PrimeLanes> Kernel<F::Token> for Invert<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, _: F::Token) {
        prime256::invert_all(self.elements, self.before);
    }
}

pub(super) fn invert_all<F: PrimeLanes>(token: F::Token, elements: &mut [F]) {
    let mut before = elements.to_vec();
    token.vectorize(Invert { elements, before: &mut before });
}

/// x and 2y of a sum by its Z, as integers.
struct Coordinates<F> {
    sum: Jacobian<F>,
    inverse: F,
}

impl<F: PrimeLanes> Kernel<F::Token> for Coordinates<F> {
    type Output = [Words; 2];

    #[inline(always)]
    fn run(self, token: F::Token) -> Self::Output {
        let square = self.inverse.square();
        let x = self.sum.x.mul(square);
        let w = self.sum.w.mul(square.mul(self.inverse));
        Integers([x, w]).run(token)
    }
}

/// w/2 modulo the odd m, of w below m.
fn halve<M: Modulus>(w: [u64; 4]) -> [u64; 4] {
    let mut sum = w;
    let mut carry = 0;
    if w[0] & 1 == 1 {
        for i in 0..4 {
            let t = u128::from(w[i]) + u128::from(M::WORDS[i]) + carry;
            sum[i] = t as u64;
            carry = t >> 64;
        }
    }
    [
        sum[0] >> 1 | sum[1] << 63,
        sum[1] >> 1 | sum[2] << 63,
        sum[2] >> 1 | sum[3] << 63,
        sum[3] >> 1 | (carry as u64) << 63,
    ]
}

/// gG + kP of every item.
pub fn sums<C: Curve, S: Family>(token: S::Token, items: &[Item]) -> Vec<Sum> {
    let mut out = Vec::with_capacity(items.len());
    let mut scratch = Scratch::default();
    for items in items.chunks(CHUNK) {
        out.extend(coordinates(token, &ladders::<C, S>(token, items, &mut scratch), items.len()));
    }
    out
}

/// The coordinates of `count` sums.
pub(super) fn coordinates<F: PrimeLanes>(
    token: F::Token,
    finished: &[Finished<F>],
    count: usize,
) -> Vec<Sum> {
    let mut out = Vec::with_capacity(count);
    let mut inverses: Vec<_> = finished.iter().map(|vector| vector.sum.z).collect();
    invert_all(token, &mut inverses);
    for (vector, inverse) in finished.iter().zip(inverses) {
        let [x, w] = token.vectorize(Coordinates { sum: vector.sum, inverse });
        for lane in 0..F::Vector::LANES.min(count - out.len()) {
            out.push(match vector.state(lane) {
                State::NotOnCurve => Sum::NotOnCurve,
                State::Exceptional => Sum::Exceptional,
                State::Sound => {
                    Sum::At { x: lane_words(&x, lane), y: halve::<F::Modulus>(lane_words(&w, lane)) }
                }
            });
        }
    }
    out
}

/// What a sum is compared with.
#[derive(Clone, Copy, Debug)]
pub struct Abscissa {
    /// An x below p.
    pub x: [u64; 4],
    /// Another x below p that will do as well.
    pub or: Option<[u64; 4]>,
}

/// Whether gG + kP has an expected x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// P is not on the curve.
    NotOnCurve,
    /// The lane met an exceptional case: nothing is known.
    Exceptional,
    /// It has.
    Equal,
    /// It has not.
    Different,
}

/// Compares X with x·Z², so that nothing is inverted.
struct Compare<'a, F> {
    sum: &'a Jacobian<F>,
    x: &'a Words,
}

impl<F: PrimeLanes> Kernel<F::Token> for Compare<'_, F> {
    type Output = u8;

    #[inline(always)]
    fn run(self, token: F::Token) -> u8 {
        let x = prime256::enter::<F>(load_words(token, self.x));
        prime256::equal(self.sum.x, x.mul(self.sum.z.square())).bits()
    }
}

/// For every item, whether gG + kP has the x expected of it.
///
/// Panics if the two slices differ in length.
pub fn matches<C: Curve, S: Family>(token: S::Token, items: &[Item], expected: &[Abscissa]) -> Vec<Match> {
    assert_eq!(items.len(), expected.len());
    let mut out = Vec::with_capacity(items.len());
    let mut scratch = Scratch::default();
    for (items, expected) in items.chunks(CHUNK).zip(expected.chunks(CHUNK)) {
        out.extend(compare(token, &ladders::<C, S>(token, items, &mut scratch), expected));
    }
    out
}

/// Whether each sum has the x expected of it.
pub(super) fn compare<F: PrimeLanes>(
    token: F::Token,
    finished: &[Finished<F>],
    expected: &[Abscissa],
) -> Vec<Match> {
    let mut out = Vec::with_capacity(expected.len());
    for (vector, expected) in finished.iter().zip(expected.chunks(F::Vector::LANES)) {
        let mut x = [[0; MAX_LANES]; 4];
        let mut others = false;
        for (lane, abscissa) in expected.iter().enumerate() {
            set_lane(&mut x, lane, &abscissa.x);
            others |= abscissa.or.is_some();
        }
        let mut equal = token.vectorize(Compare { sum: &vector.sum, x: &x });
        if others {
            for (lane, abscissa) in expected.iter().enumerate() {
                set_lane(&mut x, lane, &abscissa.or.unwrap_or(abscissa.x));
            }
            equal |= token.vectorize(Compare { sum: &vector.sum, x: &x });
        }
        for lane in 0..expected.len() {
            out.push(match vector.state(lane) {
                State::NotOnCurve => Match::NotOnCurve,
                State::Exceptional => Match::Exceptional,
                State::Sound if equal >> lane & 1 == 1 => Match::Equal,
                State::Sound => Match::Different,
            });
        }
    }
    out
}

#[inline]
pub(super) fn set_lane(words: &mut Words, lane: usize, value: &[u64; 4]) {
    for i in 0..4 {
        words[i][lane] = value[i];
    }
}

pub(super) struct Scratch<F> {
    chains: Vec<Chain<F>>,
    table: Vec<[u64; 8]>,
}

impl<F> Default for Scratch<F> {
    fn default() -> Self {
        Self { chains: Vec::new(), table: Vec::new() }
    }
}

/// A vector of sums; Z is 1 in lanes that met an exceptional case.
pub(super) struct Finished<F> {
    pub(super) sum: Jacobian<F>,
    pub(super) on_curve: u8,
    pub(super) sound: u8,
}

/// What is known of a lane.
enum State {
    NotOnCurve,
    Exceptional,
    Sound,
}

impl<F> Finished<F> {
    fn state(&self, lane: usize) -> State {
        if self.on_curve >> lane & 1 == 0 {
            State::NotOnCurve
        } else if self.sound >> lane & 1 == 0 {
            State::Exceptional
        } else {
            State::Sound
        }
    }
}

/// The sums of a chunk, vector by vector.
fn ladders<C: Curve, S: Family>(
    token: S::Token,
    items: &[Item],
    scratch: &mut Scratch<S::Field<C::Prime>>,
) -> Vec<Finished<S::Field<C::Prime>>> {
    let lanes = S::Vector::LANES;
    let vectors = items.len().div_ceil(lanes);
    let mut bases: Vec<Digits> = vec![[[0; MAX_LANES]; 5]; vectors];
    let mut points = bases.clone();
    for (i, item) in items.iter().enumerate() {
        let (vector, lane) = (i / lanes, i % lanes);
        let (g, k) = (odd_digits::<C>(&item.g), point_digits::<C>(&item.k));
        for word in 0..5 {
            bases[vector][word][lane] = g[word];
            points[vector][word][lane] = k[word];
        }
    }
    let keys = encodings::<S>(items.iter().map(|item| item.point), items.len());
    let decoded = decode_all::<C, S>(token, &keys);
    climb::<C, S>(token, &decoded, [&points, &bases], C::BASE, scratch)
}

/// The sums of vectors of points, by the digits of k and of g, and the table of G.
pub(super) fn climb<C: Curve, S: Family>(
    token: S::Token,
    decoded: &[Decoded<C, S>],
    [points, bases]: [&[Digits]; 2],
    base: &[[u64; 8]],
    scratch: &mut Scratch<S::Field<C::Prime>>,
) -> Vec<Finished<S::Field<C::Prime>>> {
    let lanes = S::Vector::LANES;
    let vectors = decoded.len();
    let Some(&(any, _)) = decoded.first() else { return Vec::new() };
    let curve = PhantomData::<C>;
    scratch.chains.resize(vectors, Chain::new(any));
    let rows = table::rows(lanes);
    scratch.table.resize(2 * rows, [0; 8]);
    for (chains, keys) in scratch.chains.chunks_mut(2).zip(decoded.chunks(2)) {
        match *keys {
            [(a, _), (b, _)] => token.vectorize(Build { points: [a, b], chains, curve }),
            [(a, _), ..] => token.vectorize(Build { points: [a], chains, curve }),
            [] => {}
        }
    }
    let mut inverses: Vec<_> = scratch.chains.iter().map(|chain| chain.z).collect();
    invert_all(token, &mut inverses);

    let of = PhantomData::<(C, S::Field<C::Prime>)>;
    let mut out = Vec::with_capacity(vectors);
    while out.len() < vectors {
        let vector = out.len();
        let two = vector + 1 < vectors;
        for (i, table) in scratch.table.chunks_mut(rows).enumerate().take(1 + usize::from(two)) {
            let (chain, inverse) = (&scratch.chains[vector + i], inverses[vector + i]);
            token.vectorize(Store { chain, inverse, table, curve });
        }
        let (a, b) = scratch.table.split_at(rows);
        let mut finish = |sum| {
            let (sum, sound) = token.vectorize(Sound(sum));
            out.push(Finished { sum, on_curve: decoded[out.len()].1, sound });
        };
        if two {
            let points = [&points[vector], &points[vector + 1]];
            let bases = [&bases[vector], &bases[vector + 1]];
            for sum in token.vectorize(Ladder { tables: [a, b], base, points, bases, of }) {
                finish(sum);
            }
        } else {
            let (points, bases) = ([&points[vector]], [&bases[vector]]);
            for sum in token.vectorize(Ladder { tables: [a], base, points, bases, of }) {
                finish(sum);
            }
        }
    }
    out
}
