//! Tables of combs, made for a vector of keys at a time.
//!
//! # Method
//! One run of doublings passes every 2^(d·i + g·j)·P. In the table of block j, entry m is
//! P(t−1) + Σ (2·m\[i\] − 1)·P(i) over the teeth i below t − 1, with P(i) = 2^(d·i + g·j)·P: entry 0 takes t − 1
//! additions, every other is an entry with one bit less, plus 2·P(i). All entries of a block are divided by Z with
//! one inversion.
//!
//! # Cost
//! Per entry an addition (8 mul) and a division (3 for the shared inversion, 4 for the coordinates). A full table is
//! 512 entries and 256 doublings, about 8,500 mul and 1,000 sqr, 8 µs in eight lanes. Touching its pages for the first
//! time costs four times as much where the system has to find them.

use super::super::decode::{Decode, Words};
use super::super::equation::{decode_all, lanes_of, set_lane, words_of};
use super::super::{Affine, AffineNiels, Extended, Niels, Projective};
use super::{Base, CombShape, Compact, Entry, Full, KeyTable, Pools};
use crate::field::{self, EDWARDS_2D, FieldLanes, ONE};
use crate::simd::pages::{Lines, Pool};
use crate::simd::{Kernel, Line, MAX_LANES, Token, Vector};
use core::marker::PhantomData;
use std::sync::Arc;

/// Scratch of the builder.
struct Scratch<F> {
    /// 2^(d·i + g·j)·P and twice it, by block and tooth.
    powers: Vec<[Niels<F>; 2]>,
    /// P(t−1) of each block.
    tops: Vec<Extended<F>>,
    entries: Vec<Extended<F>>,
    inverses: Vec<F>,
    before: Vec<F>,
}

#[inline(always)]
fn store_entry<F: FieldLanes>(entry: AffineNiels<F>, tables: &mut [&mut [Entry]], index: usize) {
    let (a, b, c) = (entry.y_plus_x.pack(), entry.y_minus_x.pack(), entry.xy2d.pack());
    F::Vector::scatter_lines([a[0], a[1], a[2], a[3], a[4], b[0], b[1], b[2]], tables, index, 0);
    F::Vector::scatter_lines([b[3], b[4], c[0], c[1], c[2], c[3], c[4], c[4]], tables, index, 1);
}

/// Whether a tooth, or a block of it, begins with a column.
#[inline(always)]
fn begins<S: CombShape>(column: usize) -> bool {
    column.is_multiple_of(S::COLUMNS) || S::BLOCKS > 1 && column.is_multiple_of(S::GROUP)
}

/// The doublings, and the entries that need none: P itself, for scalars that are even, and the neutral element.
struct Double<'a, 't, S, F> {
    point: Affine<F>,
    tables: &'a mut [&'t mut [Entry]],
    scratch: &'a mut Scratch<F>,
    shape: PhantomData<S>,
}

impl<S: CombShape, F: FieldLanes> Kernel<F::Token> for Double<'_, '_, S, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: F::Token) {
        let Scratch { powers, tops, .. } = self.scratch;
        let d2 = F::splat(token, &EDWARDS_2D);
        let one = F::splat(token, &ONE);
        let (x, y) = (self.point.x, self.point.y);
        let sum = F::carry(F::add_wide(y.widen(), x.widen()));
        let difference = F::carry(F::sub_wide(y.widen(), x.widen()));
        let xy = x.mul(y);
        let own = AffineNiels { y_plus_x: sum, y_minus_x: difference, xy2d: xy.mul(d2) };
        store_entry(own, self.tables, S::OWN);
        let neutral = AffineNiels { y_plus_x: one, y_minus_x: one, xy2d: F::splat(token, &[0; 5]) };
        store_entry(neutral, self.tables, S::OWN + 1);

        // −P: the sum and the difference change places.
        let mut point = Projective { x: F::carry(x.negate().widen()), y, z: one };
        let mut power =
            Extended { y_plus_x: difference, y_minus_x: sum, z: one, t: F::carry(xy.negate().widen()) };
        let mut tooth = 0;
        while tooth < S::TEETH {
            let mut column = 0;
            while column < S::COLUMNS {
                let doubled = point.double();
                if begins::<S>(column) || begins::<S>(column + 1) {
                    let next = doubled.to_extended();
                    if begins::<S>(column) {
                        let block = column / S::GROUP;
                        powers[block * S::TEETH + tooth] = [power.to_niels(d2), next.to_niels(d2)];
                        tops[block] = power;
                    }
                    power = next;
                }
                point = doubled.to_projective();
                column += 1;
            }
            tooth += 1;
        }
    }
}

/// The entries of a block, not divided by Z.
struct Add<'a, S, F> {
    powers: &'a [[Niels<F>; 2]],
    /// 2^(d·(t−1) + g·j)·(−P).
    top: Extended<F>,
    entries: &'a mut [Extended<F>],
    shape: PhantomData<S>,
}

impl<S: CombShape, F: FieldLanes> Kernel<F::Token> for Add<'_, S, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: F::Token) {
        let all = F::Vector::mask(token, 0xff);
        // Places 0 to t − 2 of the sequence make entry 0, the others one entry each.
        let mut entry = self.top;
        let mut made = 0;
        let mut tooth = 0;
        let mut from = 0;
        loop {
            let addend = if made == 0 {
                self.powers[tooth][0].negate_where(all)
            } else {
                entry = self.entries[from];
                self.powers[tooth][1]
            };
            entry = entry.add_niels(addend).to_extended();
            if made == 0 {
                tooth += 1;
                if tooth + 1 == S::TEETH {
                    self.entries[0] = entry;
                    (made, tooth) = (1, 0);
                }
                continue;
            }
            self.entries[made + from] = entry;
            from += 1;
            if from == made {
                (made, from) = (2 * made, 0);
                tooth += 1;
                if tooth + 1 == S::TEETH {
                    return;
                }
            }
        }
    }
}

/// The entries of a block, divided by Z and stored from entry `first` on.
struct Divide<'a, 't, F> {
    entries: &'a [Extended<F>],
    inverses: &'a mut [F],
    before: &'a mut [F],
    tables: &'a mut [&'t mut [Entry]],
    first: usize,
}

impl<F: FieldLanes> Kernel<F::Token> for Divide<'_, '_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: F::Token) {
        let d2 = F::splat(token, &EDWARDS_2D);
        let mut i = 0;
        while i < self.entries.len() {
            self.inverses[i] = self.entries[i].z;
            i += 1;
        }
        // Complete formulas: no Z is 0.
        field::invert_all(self.inverses, self.before);
        i = 0;
        while i < self.entries.len() {
            let (entry, inverse) = (self.entries[i], self.inverses[i]);
            let entry = AffineNiels {
                y_plus_x: inverse.mul(entry.y_plus_x),
                y_minus_x: inverse.mul(entry.y_minus_x),
                xy2d: entry.t.mul(inverse).mul(d2),
            };
            store_entry(entry, self.tables, self.first + i);
            i += 1;
        }
    }
}

/// The tables of −P for a vector of points P.
fn build_vector<S: CombShape, F: FieldLanes>(
    token: F::Token,
    point: Affine<F>,
    tables: &mut [&mut [Entry]],
    scratch: &mut Scratch<F>,
) {
    token.vectorize(Double::<S, F> { point, tables, scratch, shape: PhantomData });
    for block in 0..S::BLOCKS {
        token.vectorize(Add::<S, F> {
            powers: &scratch.powers[block * S::TEETH..(block + 1) * S::TEETH],
            top: scratch.tops[block],
            entries: &mut scratch.entries,
            shape: PhantomData,
        });
        token.vectorize(Divide {
            entries: &scratch.entries,
            inverses: &mut scratch.inverses,
            before: &mut scratch.before,
            tables,
            first: S::ENTRIES * block,
        });
    }
}

/// Affine coordinates of canonical words.
struct LoadAffine<'a, F>(&'a [Words; 2], PhantomData<F>);

impl<F: FieldLanes> Kernel<F::Token> for LoadAffine<'_, F> {
    type Output = Affine<F>;

    #[inline(always)]
    fn run(self, token: F::Token) -> Affine<F> {
        let [x, y] = self.0;
        Affine {
            x: F::from_limbs(field::limbs_from_words(super::load_words(token, x))),
            y: F::from_limbs(field::limbs_from_words(super::load_words(token, y))),
        }
    }
}

/// A vector of points from canonical coordinates, x and y, four words each; lanes left over repeat the first.
///
/// Panics without points.
pub(in super::super) fn load_points<F: FieldLanes>(token: F::Token, points: &[&[[u64; 4]; 2]]) -> Affine<F> {
    let mut words = [[[0; MAX_LANES]; 4]; 2];
    for (lane, [x, y]) in points.iter().enumerate() {
        for lane in if lane == 0 { 0..MAX_LANES } else { lane..lane + 1 } {
            set_lane(&mut words[0], lane, *x);
            set_lane(&mut words[1], lane, *y);
        }
    }
    assert!(!points.is_empty(), "a vector of no points");
    token.vectorize(LoadAffine(&words, PhantomData))
}

/// x and y in canonical words, by coordinate, word and lane.
struct StoreAffine<'a, F>(&'a Affine<F>);

impl<F: FieldLanes> Kernel<F::Token> for StoreAffine<'_, F> {
    type Output = [Words; 2];

    #[inline(always)]
    fn run(self, _: F::Token) -> [Words; 2] {
        let x = field::words_from_limbs(field::canonical(self.0.x.to_limbs()));
        let y = field::words_from_limbs(field::canonical(self.0.y.to_limbs()));
        let mut out = [[[0; MAX_LANES]; 4]; 2];
        let mut i = 0;
        while i < 4 {
            out[0][i] = x[i].to_array();
            out[1][i] = y[i].to_array();
            i += 1;
        }
        out
    }
}

/// The point of each encoding in canonical coordinates, or `None` where it is not one. Encodings of p or more and a
/// signed x = 0 decode.
pub fn decode_points<F: FieldLanes>(token: F::Token, encodings: &[[u8; 32]]) -> Vec<Option<[[u64; 4]; 2]>> {
    let lanes = F::Vector::LANES;
    let mut words = vec![[[0; MAX_LANES]; 4]; encodings.len().div_ceil(lanes)];
    for (i, encoding) in encodings.iter().enumerate() {
        set_lane(&mut words[i / lanes], i % lanes, words_of(encoding));
    }
    let mut points = Vec::with_capacity(encodings.len());
    for (vector, (point, on_curve)) in decode_all::<F>(token, &words).iter().enumerate() {
        let coordinates = token.vectorize(StoreAffine(point));
        for i in lanes_of(vector, lanes, encodings.len()) {
            let lane = i % lanes;
            let point = coordinates.map(|words| words.map(|word| word[lane]));
            points.push((on_curve >> lane & 1 == 1).then_some(point));
        }
    }
    points
}

impl<F: FieldLanes> Scratch<F> {
    fn new<S: CombShape>(point: Affine<F>, token: F::Token) -> Self {
        // Anything: every place is written before it is read.
        let any = token.vectorize(AnyPoint(point));
        Self {
            powers: vec![[any.1; 2]; S::BLOCKS * S::TEETH],
            tops: vec![any.0; S::BLOCKS],
            entries: vec![any.0; S::ENTRIES],
            inverses: vec![point.x; S::ENTRIES],
            before: vec![point.x; S::ENTRIES],
        }
    }
}

struct AnyPoint<F>(Affine<F>);

impl<F: FieldLanes> Kernel<F::Token> for AnyPoint<F> {
    type Output = (Extended<F>, Niels<F>);

    #[inline(always)]
    fn run(self, _: F::Token) -> Self::Output {
        let Affine { x, y } = self.0;
        (
            Extended { y_plus_x: y, y_minus_x: y, z: y, t: x },
            Niels { y_plus_x: y, y_minus_x: y, z2: y, t2d: x },
        )
    }
}

fn build_shape<S: CombShape, F: FieldLanes>(
    token: F::Token,
    points: &[[[u64; 4]; 2]],
    pool: &Arc<Pool>,
) -> Vec<Lines> {
    let mut out: Vec<Lines> = Vec::with_capacity(points.len());
    let mut scratch: Option<Scratch<F>> = None;
    for points in points.chunks(F::Vector::LANES) {
        let points: Vec<&[[u64; 4]; 2]> = points.iter().collect();
        let point = load_points::<F>(token, &points);
        let scratch = scratch.get_or_insert_with(|| Scratch::new::<S>(point, token));
        let mut tables: Vec<Lines> = points.iter().map(|_| pool.take()).collect();
        let mut slices: Vec<&mut [Entry]> = tables.iter_mut().map(|table| table.as_chunks_mut().0).collect();
        build_vector::<S, F>(token, point, &mut slices, scratch);
        out.extend(tables);
    }
    out
}

/// The tables of keys given by their canonical coordinates, x and y, four little-endian words each.
pub fn build<F: FieldLanes>(
    token: F::Token,
    full: bool,
    points: &[[[u64; 4]; 2]],
    pools: &Pools,
) -> Vec<KeyTable<F>> {
    let tables = match full {
        true => build_shape::<Full, F>(token, points, &pools.full),
        false => build_shape::<Compact, F>(token, points, &pools.compact),
    };
    tables.into_iter().map(|lines| KeyTable { lines, full, field: PhantomData }).collect()
}

/// The table of B, for `check`. It takes two milliseconds: make it once.
pub fn base_table<F: FieldLanes>(token: F::Token) -> BaseTable<F> {
    // Builders give tables of −P: of −B, that is y = 4/5 with the sign bit set.
    let mut words = [[0x6666_6666_6666_6666; MAX_LANES]; 4];
    words[0] = [0x6666_6666_6666_6658; MAX_LANES];
    words[3] = [0xe666_6666_6666_6666; MAX_LANES];
    let [(point, _)] = token.vectorize(Decode::<F, 1> { words: [&words], field: PhantomData });
    let mut entries = vec![[Line([0; 8]); 2]; Base::ALL].into_boxed_slice();
    let mut scratch = Scratch::new::<Base>(point, token);
    build_vector::<Base, F>(token, point, &mut [&mut entries], &mut scratch);
    BaseTable { entries, field: PhantomData }
}

/// The table of B in the representation `F`.
pub struct BaseTable<F> {
    pub(super) entries: Box<[Entry]>,
    field: PhantomData<fn() -> F>,
}

impl<F> core::fmt::Debug for BaseTable<F> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("BaseTable").field("entries", &self.entries.len()).finish()
    }
}
