//! The verification equation of Ed25519 for a list of items: SB = R + kA, per item.
//!
//! This is the seam that the scheme calls. It decides nothing about bytes: whether S is in range, whether
//! an encoding is canonical or of small order, has been decided before. It decodes the key, hashes the
//! challenge k = SHA-512(R ‖ A ‖ M) mod L, computes Q = SB − kA with k the integer in [0, L), and compares
//! enc(Q) with the bytes of R. With more than one lane it does so by half-size scalars (`halved`), which need
//! R decoded; with one lane (`one_lane`), and with tables of the keys (`comb`), as follows.
//!
//! - Equal bytes prove both the cofactorless and the cofactored equation.
//! - Unequal bytes disprove the cofactorless equation. For the cofactored one they prove nothing: R is
//!   decoded and \[8\](Q − R) = 0 tested, for those items alone.

use super::decode::{Decode, Words, encode, load_words};
use super::halved;
use super::points::Points;
use super::{Affine, AffineNiels, Extended, Projective};
use super::{one, one_lane};
use crate::field::{self, EDWARDS_2D, FieldLanes, ONE};
use crate::hash::sha512;
use crate::scalar;
use crate::simd::{Kernel, LaneMask, MAX_LANES, Token, Vector};
use core::marker::PhantomData;

#[cfg(test)]
#[path = "equation_tests.rs"]
mod tests;

/// Items taken at a time: the batch of an inversion, and the size of the scratch.
pub(super) const CHUNK: usize = 256;
/// Vectors decoded side by side.
const DECODE: usize = 4;

/// What the equation must prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Equation<'a> {
    /// \[8\](SB − R − kA) = 0 instead of SB − kA = R.
    pub cofactored: bool,
    /// Whether an R that does not decode is reported as such. It never changes whether an item is valid:
    /// no R that fails to decode satisfies either equation.
    pub decode_r: bool,
    /// What is hashed before R: dom2 of Ed25519ctx and Ed25519ph (RFC 8032 section 2), nothing for Ed25519.
    pub domain: &'a [u8],
}

/// One signature: R ‖ S under the key A.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// The encoded key, as hashed.
    pub a: &'a [u8; 32],
    /// The encoded R.
    pub r: &'a [u8; 32],
    /// S, little-endian; any 256-bit integer, taken modulo L.
    pub s: &'a [u8; 32],
    /// The message.
    pub message: &'a [u8],
}

/// What the equation says about an item. The first that applies, in this order, is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The equation holds.
    Valid,
    /// A does not decode.
    KeyNotOnCurve,
    /// R does not decode, under an equation that asks.
    RNotOnCurve,
    /// The equation does not hold.
    EquationFailed,
}

/// 32 bytes, least significant first, as four words.
#[inline]
pub fn words_of(bytes: &[u8; 32]) -> [u64; 4] {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(8)) {
        let mut eight = [0; 8];
        eight.copy_from_slice(bytes);
        *word = u64::from_le_bytes(eight);
    }
    words
}

#[inline]
pub(super) fn set_lane(words: &mut Words, lane: usize, value: [u64; 4]) {
    for i in 0..4 {
        words[i][lane] = value[i];
    }
}

/// The lanes of vector `index` that hold items.
#[inline]
pub(super) fn lanes_of(index: usize, lanes: usize, items: usize) -> core::ops::Range<usize> {
    index * lanes..((index + 1) * lanes).min(items)
}

/// Decodes a list of encodings, several vectors at a time.
pub(super) fn decode_all<F: FieldLanes>(token: F::Token, encodings: &[Words]) -> Vec<(Affine<F>, u8)> {
    let mut points = Vec::with_capacity(encodings.len());
    let mut rest = encodings;
    while let [a, b, c, d, more @ ..] = rest {
        let words = [a, b, c, d];
        let _: [_; DECODE] = words;
        for (point, mask) in token.vectorize(Decode::<F, DECODE> { words, field: PhantomData }) {
            points.push((point, mask.bits()));
        }
        rest = more;
    }
    if let [a, b, more @ ..] = rest {
        for (point, mask) in token.vectorize(Decode::<F, 2> { words: [a, b], field: PhantomData }) {
            points.push((point, mask.bits()));
        }
        rest = more;
    }
    for a in rest {
        let [(point, mask)] = token.vectorize(Decode::<F, 1> { words: [a], field: PhantomData });
        points.push((point, mask.bits()));
    }
    points
}

/// Divides X and Y by Z, in place, with one inversion for all vectors; Z stays as it was.
pub(super) struct Normalize<'a, F> {
    pub(super) points: &'a mut [Projective<F>],
    pub(super) inverses: &'a mut [F],
    pub(super) before: &'a mut [F],
}

impl<F: FieldLanes> Kernel<F::Token> for Normalize<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, _: F::Token) {
        let n = self.points.len();
        for i in 0..n {
            self.inverses[i] = self.points[i].z;
        }
        field::invert_all(self.inverses, self.before);
        for i in 0..n {
            let point = &mut self.points[i];
            point.x = point.x.mul(self.inverses[i]);
            point.y = point.y.mul(self.inverses[i]);
        }
    }
}

/// The lanes whose encoding equals the given one.
pub(super) struct CompareEncoding<'a, F> {
    pub(super) point: &'a Projective<F>,
    pub(super) expected: &'a Words,
}

impl<F: FieldLanes> Kernel<F::Token> for CompareEncoding<'_, F> {
    type Output = u8;

    #[inline(always)]
    fn run(self, token: F::Token) -> u8 {
        encoding_equals(token, self.point.x, self.point.y, self.expected)
    }
}

/// The lanes where (x, y) has this encoding.
#[inline(always)]
pub(super) fn encoding_equals<F: FieldLanes>(token: F::Token, x: F, y: F, expected: &Words) -> u8 {
    let words = encode(x, y);
    let expected = load_words::<F::Vector>(token, expected);
    let mut difference = words[0].xor(expected[0]);
    for i in 1..4 {
        difference = difference.or(words[i].xor(expected[i]));
    }
    difference.equal(F::Vector::splat(token, 0)).bits()
}

/// The lanes where Q, not yet divided by Z, has the encoding of R: R decodes, its bytes are canonical, and
/// X = x·Z, Y = y·Z. For few vectors: decoding R beside A costs less than an inversion shared by nobody.
pub(super) struct CompareDecoded<'a, F: FieldLanes> {
    pub(super) q: &'a Projective<F>,
    pub(super) r: &'a Affine<F>,
    pub(super) r_on_curve: u8,
    pub(super) encoding: &'a Words,
}

impl<F: FieldLanes> Kernel<F::Token> for CompareDecoded<'_, F> {
    type Output = u8;

    #[inline(always)]
    fn run(self, token: F::Token) -> u8 {
        let canonical = CompareEncoding {
            point: &Projective { x: self.r.x, y: self.r.y, z: self.r.y },
            expected: self.encoding,
        }
        .run(token);
        let x = field::equal(self.q.x, self.r.x.mul(self.q.z));
        let y = field::equal(self.q.y, self.r.y.mul(self.q.z));
        canonical & x.and(y).bits() & self.r_on_curve
    }
}

/// The lanes where [8](Q − R) = 0, Q given by its encoded y and x.
pub(super) struct Cofactored<'a, F> {
    pub(super) q: &'a Affine<F>,
    pub(super) r: &'a Affine<F>,
}

impl<F: FieldLanes> Kernel<F::Token> for Cofactored<'_, F> {
    type Output = u8;

    #[inline(always)]
    fn run(self, token: F::Token) -> u8 {
        let d2 = F::splat(token, &EDWARDS_2D);
        let one = F::splat(token, &ONE);
        let (qx, qy) = (self.q.x, self.q.y);
        let q = Extended {
            y_plus_x: F::carry(F::add_wide(qy.widen(), qx.widen())),
            y_minus_x: F::carry(F::sub_wide(qy.widen(), qx.widen())),
            z: one,
            t: qx.mul(qy),
        };
        // −R: sum and difference change places, T changes sign.
        let (rx, ry) = (self.r.x, self.r.y);
        let minus_r = AffineNiels {
            y_plus_x: F::carry(F::sub_wide(ry.widen(), rx.widen())),
            y_minus_x: F::carry(F::add_wide(ry.widen(), rx.widen())),
            xy2d: rx.mul(ry).mul(d2).negate(),
        };
        let mut point = q.add_affine(minus_r).to_projective();
        for _ in 0..3 {
            point = point.double().to_projective();
        }
        field::is_zero(point.x).and(field::equal(point.y, point.z)).bits()
    }
}

/// How many items left over are cheaper one by one than as a vector, most of whose lanes idle. A vector of
/// eight costs what 1.4 single ones do, one of four what 1.9 do.
const fn singles(lanes: usize) -> usize {
    if lanes > 1 { 1 } else { 0 }
}

/// Judges every item; `codes` gets one code each. Items must have passed the checks that bytes decide.
///
/// Panics if the two slices differ in length.
pub fn check<F: FieldLanes>(token: F::Token, equation: Equation<'_>, items: &[Item<'_>], codes: &mut [Code]) {
    assert_eq!(items.len(), codes.len());
    let lanes = F::Vector::LANES;
    let left = items.len() % lanes;
    let whole = if left <= singles(lanes) { items.len() - left } else { items.len() };
    let ((items, lone), (codes, lone_codes)) = (items.split_at(whole), codes.split_at_mut(whole));
    for (item, code) in lone.iter().zip(lone_codes) {
        *code = one::check_one::<F>(token, equation, item);
    }
    let mut scratch = Scratch::<F>::default();
    for (items, codes) in items.chunks(CHUNK).zip(codes.chunks_mut(CHUNK)) {
        check_chunk::<F>(token, equation, items, None, codes, &mut scratch);
    }
}

/// As [`check`], of keys that have been decoded: `points` are their canonical coordinates, x and y, four
/// little-endian words each.
///
/// Panics if the slices differ in length.
pub fn check_decoded<F: FieldLanes>(
    token: F::Token,
    equation: Equation<'_>,
    items: &[Item<'_>],
    points: &[&[[u64; 4]; 2]],
    codes: &mut [Code],
) {
    assert_eq!((items.len(), items.len()), (codes.len(), points.len()));
    let mut scratch = Scratch::<F>::default();
    for ((items, points), codes) in items.chunks(CHUNK).zip(points.chunks(CHUNK)).zip(codes.chunks_mut(CHUNK))
    {
        check_chunk::<F>(token, equation, items, Some(points), codes, &mut scratch);
    }
}

fn check_chunk<F: FieldLanes>(
    token: F::Token,
    equation: Equation<'_>,
    items: &[Item<'_>],
    points: Option<&[&[[u64; 4]; 2]]>,
    codes: &mut [Code],
    scratch: &mut Scratch<F>,
) {
    let challenges = challenges(token, equation.domain, items, scratch);
    // A constant condition, so that only one of the two is compiled.
    if const { F::Vector::LANES > 1 } {
        halved::check_chunk::<F>(token, equation, items, points, &challenges, codes, scratch);
    } else {
        one_lane::check_chunk::<F>(token, equation, items, points, &challenges, codes);
    }
}

/// What the challenges are hashes of: the domain, R, A and the message of each item. `before` holds domains with their R.
pub fn inputs<'b>(
    domain: &[u8],
    items: impl ExactSizeIterator<Item = &'b Item<'b>> + Clone,
    before: &'b mut Vec<u8>,
) -> Vec<sha512::Parts<'b>> {
    if domain.is_empty() {
        return items.map(|item| [&item.r[..], &item.a[..], item.message]).collect();
    }
    before.clear();
    before.reserve(items.len() * (domain.len() + 32));
    for item in items.clone() {
        before.extend_from_slice(domain);
        before.extend_from_slice(item.r);
    }
    let before = before.chunks_exact(domain.len() + 32);
    items.zip(before).map(|(item, before)| [before, &item.a[..], item.message]).collect()
}

/// k of every item, below L.
fn challenges<F: FieldLanes>(
    token: F::Token,
    domain: &[u8],
    items: &[Item<'_>],
    scratch: &mut Scratch<F>,
) -> Vec<Words> {
    let lanes = F::Vector::LANES;
    scratch.digests.clear();
    scratch.digests.resize(items.len(), [0; 8]);
    let mut before = Vec::new();
    let inputs = inputs(domain, items.iter(), &mut before);
    sha512::digest_all(token, &inputs, &mut scratch.digests, &mut scratch.order);
    let mut challenges = vec![[[0; MAX_LANES]; 4]; items.len().div_ceil(lanes)];
    for (i, digest) in scratch.digests.iter_mut().enumerate() {
        for word in &mut *digest {
            *word = word.swap_bytes();
        }
        set_lane(&mut challenges[i / lanes], i % lanes, scalar::reduce_wide(digest));
    }
    challenges
}

pub(super) struct Scratch<F> {
    pub(super) table: Vec<[u64; 8]>,
    digests: Vec<[u64; 8]>,
    order: Vec<u32>,
    field: PhantomData<F>,
}

impl<F> Default for Scratch<F> {
    fn default() -> Self {
        Self { table: Vec::new(), digests: Vec::new(), order: Vec::new(), field: PhantomData }
    }
}

/// Items whose key and R have been decoded and whose challenge has been hashed.
#[derive(Debug)]
pub struct Decoded<'a, F> {
    /// The items.
    pub items: &'a [Item<'a>],
    /// The decoded points.
    pub points: &'a Points<F>,
    /// The entry of each item's key.
    pub keys: &'a [u32],
    /// The entry of the first item's R; those of the others follow.
    pub first_r: u32,
    /// Each item's k, below L.
    pub challenges: &'a [[u64; 4]],
}

impl<F: FieldLanes> Decoded<'_, F> {
    /// The points of some entries, a vector at a time.
    fn load(&self, token: F::Token, entries: impl ExactSizeIterator<Item = u32>) -> Vec<(Affine<F>, u8)> {
        let lanes = F::Vector::LANES;
        let mut of_vector = vec![[0; MAX_LANES]; entries.len().div_ceil(lanes)];
        for (i, entry) in entries.enumerate() {
            of_vector[i / lanes][i % lanes] = entry;
        }
        of_vector.iter().map(|entries| (self.points.affine(token, entries), 0xff)).collect()
    }
}

/// Judges the items that `indices` names, as [`check`] does, without decoding or hashing again.
pub fn check_known<F: FieldLanes>(
    token: F::Token,
    equation: Equation<'_>,
    known: &Decoded<'_, F>,
    indices: &[u32],
    codes: &mut [Code],
) {
    let lanes = F::Vector::LANES;
    let mut scratch = Scratch::<F>::default();
    let empty = [[0; MAX_LANES]; 4];
    for indices in indices.chunks(CHUNK) {
        let vectors = indices.len().div_ceil(lanes);
        let (mut rs, mut challenges) = (vec![empty; vectors], vec![empty; vectors]);
        let items: Vec<Item<'_>> = indices.iter().map(|&item| known.items[item as usize]).collect();
        for (i, (&index, item)) in indices.iter().zip(&items).enumerate() {
            set_lane(&mut rs[i / lanes], i % lanes, words_of(item.r));
            set_lane(&mut challenges[i / lanes], i % lanes, known.challenges[index as usize]);
        }
        let keys = known.load(token, indices.iter().map(|&item| known.keys[item as usize]));
        let mut local = vec![Code::EquationFailed; indices.len()];
        if const { F::Vector::LANES > 1 } {
            let decoded = known.load(token, indices.iter().map(|&item| known.first_r + item));
            let points = [&keys[..], &decoded[..]];
            halved::judge(token, equation, &items, &challenges, points, &rs, &mut local, &mut scratch);
        } else {
            let load = |of: &[usize]| known.load(token, of.iter().map(|&i| known.first_r + indices[i]));
            one_lane::judge::<F>(token, equation, &items, &challenges, &keys, load, &mut local);
        }
        for (&item, code) in indices.iter().zip(local) {
            codes[item as usize] = code;
        }
    }
}

/// Divides every point by its Z.
pub(super) fn normalize<F: FieldLanes>(token: F::Token, points: &mut [Projective<F>]) {
    let mut inverses: Vec<F> = points.iter().map(|point| point.z).collect();
    let mut before = inverses.clone();
    token.vectorize(Normalize { points, inverses: &mut inverses, before: &mut before });
}

/// x and y of Q, divided by Z, by limb and lane.
struct StoreAffine<'a, F>(&'a Projective<F>);

impl<F: FieldLanes> Kernel<F::Token> for StoreAffine<'_, F> {
    type Output = [[u64; MAX_LANES]; 10];

    #[inline(always)]
    fn run(self, _: F::Token) -> Self::Output {
        let (x, y) = (self.0.x.to_limbs(), self.0.y.to_limbs());
        let mut out = [[0; MAX_LANES]; 10];
        for i in 0..5 {
            out[i] = x[i].to_array();
            out[5 + i] = y[i].to_array();
        }
        out
    }
}

/// [`Cofactored`] of what `StoreAffine` stored.
struct CofactoredOf<'a, F>(&'a [[u64; MAX_LANES]; 10], &'a Affine<F>);

impl<F: FieldLanes> Kernel<F::Token> for CofactoredOf<'_, F> {
    type Output = u8;

    #[inline(always)]
    fn run(self, token: F::Token) -> u8 {
        let mut limbs = [F::Vector::splat(token, 0); 10];
        for i in 0..10 {
            limbs[i] = F::Vector::load(token, &self.0[i]);
        }
        let [x0, x1, x2, x3, x4, y0, y1, y2, y3, y4] = limbs;
        let q = Affine { x: F::from_limbs([x0, x1, x2, x3, x4]), y: F::from_limbs([y0, y1, y2, y3, y4]) };
        Cofactored { q: &q, r: self.1 }.run(token)
    }
}

/// Takes R of the items whose bytes differ, as `decode` gives it for their encodings, and tests the cofactored equation where it is asked for.
#[cold]
pub(super) fn check_unequal<F: FieldLanes>(
    token: F::Token,
    equation: Equation<'_>,
    unequal: &[usize],
    points: &[Projective<F>],
    rs: &[Words],
    codes: &mut [Code],
    decode: impl FnOnce(&[Words]) -> Vec<(Affine<F>, u8)>,
) {
    let lanes = F::Vector::LANES;
    let vectors = unequal.len().div_ceil(lanes);
    let mut encodings = vec![[[0; MAX_LANES]; 4]; vectors];
    let mut coordinates = vec![[[0; MAX_LANES]; 10]; if equation.cofactored { vectors } else { 0 }];
    // Items come in order: those of one vector share its limbs.
    let (mut current, mut limbs) = (usize::MAX, [[0; MAX_LANES]; 10]);
    for (to, &from) in unequal.iter().enumerate() {
        let (vector, lane) = (from / lanes, from % lanes);
        for i in 0..4 {
            encodings[to / lanes][i][to % lanes] = rs[vector][i][lane];
        }
        if equation.cofactored {
            if current != vector {
                (current, limbs) = (vector, token.vectorize(StoreAffine(&points[vector])));
            }
            for i in 0..10 {
                coordinates[to / lanes][i][to % lanes] = limbs[i][lane];
            }
        }
    }
    let decoded = decode(&encodings);
    for (vector, (r, r_on_curve)) in decoded.iter().enumerate() {
        let holds =
            if equation.cofactored { token.vectorize(CofactoredOf(&coordinates[vector], r)) } else { 0 };
        for to in lanes_of(vector, lanes, unequal.len()) {
            let bit = 1 << (to % lanes);
            codes[unequal[to]] = match (r_on_curve & bit != 0, holds & bit != 0) {
                (true, true) => Code::Valid,
                (false, _) if equation.decode_r => Code::RNotOnCurve,
                _ => Code::EquationFailed,
            };
        }
    }
}
