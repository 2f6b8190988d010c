//! Tables of combs, made for a vector of keys at a time.
//!
//! # Method
//! One run of doublings passes every 2^(d·i + g·j)·P. In the table of block j, entry m is
//! P(t−1) + Σ (2·m\[i\] − 1)·P(i) over the teeth i below t − 1, with P(i) = 2^(d·i + g·j)·P: entry 0 takes t − 1
//! additions, every other is an entry with one bit less, plus 2·P(i). The powers are made affine first, with one
//! inversion, and all entries of a block in the end, with another.
//!
//! # Cost
//! A full table: 259 doublings, 560 mixed additions, 10 multiplications and a squaring for each of 512 entries.
//!
//! The table of G is made with a block in each lane.

use super::super::{Affine, Curve, Jacobian, Words, add, double, load_words};
use super::{Base, CombShape, Compact, Coordinates, Entry, Full, KeyTable, Pools};
use crate::field::prime256::{self, Family, Modulus, PrimeLanes};
use crate::simd::pages::{Lines, Pool};
use crate::simd::{Kernel, Line, MAX_LANES, Token, Vector};
use core::marker::PhantomData;
use std::sync::Arc;

/// The table of G.
pub struct BaseTable {
    pub(super) entries: Box<[Entry]>,
}

impl core::fmt::Debug for BaseTable {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("BaseTable").field("entries", &self.entries.len()).finish()
    }
}

/// One block of [`Base`], whose other blocks are in other lanes.
enum BaseBlock {}
impl CombShape for BaseBlock {
    const TEETH: usize = Base::TEETH;
    const COLUMNS: usize = Base::COLUMNS;
    const STEPS: usize = Base::COLUMNS;
}

/// Affine coordinates of canonical words.
struct Load<'a, F>(&'a Coordinates, PhantomData<F>);

impl<F: PrimeLanes> Kernel<F::Token> for Load<'_, F> {
    type Output = Affine<F>;

    #[inline(always)]
    fn run(self, token: F::Token) -> Affine<F> {
        let [x, y] = self.0;
        let x = prime256::enter::<F>(load_words(token, x));
        let y = prime256::enter::<F>(load_words(token, y));
        let zero = F::splat(token, &[0; 5]);
        Affine { x, w: F::fold(F::sub_wide::<1>(F::twice(y.widen()), zero.widen())) }
    }
}

/// 2^(d·i + g·j)·P and its double, by block and tooth.
struct Powers<'a, S, C, F> {
    point: Affine<F>,
    powers: &'a mut [[Jacobian<F>; 2]],
    of: PhantomData<(S, C)>,
}

impl<S: CombShape, C: Curve<Prime = F::Modulus>, F: PrimeLanes> Kernel<F::Token> for Powers<'_, S, C, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: F::Token) {
        let mut point = Jacobian { x: self.point.x, w: self.point.w, z: F::one(token) };
        let mut tooth = 0;
        while tooth < S::TEETH {
            let mut column = 0;
            while column < S::COLUMNS {
                let [doubled] = double::<C, F, 1>([point]);
                if column.is_multiple_of(S::STEPS) {
                    self.powers[column / S::STEPS * S::TEETH + tooth] = [point, doubled];
                }
                point = doubled;
                column += 1;
            }
            tooth += 1;
        }
    }
}

/// Multiples 2^(g·j)·P, j − `first` the lane.
struct Spread<S, C, F> {
    point: Affine<F>,
    first: usize,
    of: PhantomData<(S, C)>,
}

impl<S: CombShape, C: Curve<Prime = F::Modulus>, F: PrimeLanes> Kernel<F::Token> for Spread<S, C, F> {
    type Output = Affine<F>;

    #[inline(always)]
    fn run(self, token: F::Token) -> Affine<F> {
        let mut point = Jacobian { x: self.point.x, w: self.point.w, z: F::one(token) };
        let mut before = 0;
        while before < S::STEPS * self.first {
            [point] = double::<C, F, 1>([point]);
            before += 1;
        }
        let mut block = 1;
        while block < S::BLOCKS && block < F::Vector::LANES {
            let mut step = 0;
            while step < S::STEPS {
                let [doubled] = double::<C, F, 1>([point]);
                // Lanes from `block` on.
                let lanes = F::Vector::mask(token, 0xff << block);
                point = Jacobian {
                    x: F::select(lanes, doubled.x, point.x),
                    w: F::select(lanes, doubled.w, point.w),
                    z: F::select(lanes, doubled.z, point.z),
                };
                step += 1;
            }
            block += 1;
        }
        divide(&point, prime256::invert(point.z))
    }
}

/// The affine point, by 1/Z.
#[inline(always)]
fn divide<F: PrimeLanes>(point: &Jacobian<F>, inverse: F) -> Affine<F> {
    let square = inverse.square();
    // 1.1 and 1.6.
    Affine { x: point.x.mul(square), w: point.w.mul(square.mul(inverse)) }
}

/// Makes points affine.
struct Divide<'a, F> {
    points: &'a [Jacobian<F>],
    inverses: &'a mut [F],
    before: &'a mut [F],
    out: &'a mut [Affine<F>],
}

impl<F: PrimeLanes> Kernel<F::Token> for Divide<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, _: F::Token) {
        let Self { points, inverses, before, out } = self;
        let mut i = 0;
        while i < points.len() {
            inverses[i] = points[i].z;
            i += 1;
        }
        prime256::invert_all(inverses, before);
        i = 0;
        while i < points.len() {
            out[i] = divide(&points[i], inverses[i]);
            i += 1;
        }
    }
}

/// The entries of a block, not divided by Z.
struct Add<'a, F> {
    /// P(i) and its double, tooth by tooth.
    powers: &'a [[Affine<F>; 2]],
    entries: &'a mut [Jacobian<F>],
}

impl<F: PrimeLanes> Kernel<F::Token> for Add<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: F::Token) {
        let (all, none) = (F::Vector::mask(token, 0xff), F::Vector::mask(token, 0));
        let top = self.powers.len() - 1;
        let point = self.powers[top][0];
        // Teeth 0 to t − 2 make entry 0, then entries from those with one bit less, at one place in the code.
        let mut entry = Jacobian { x: point.x, w: point.w, z: F::one(token) };
        let (mut made, mut from, mut tooth) = (0, 0, 0);
        loop {
            let (addend, negative) = if made == 0 {
                (self.powers[tooth][0], all)
            } else {
                entry = self.entries[from];
                (self.powers[tooth][1], none)
            };
            let [sum] = add::<F, 1>([entry], [addend], [negative]);
            entry = sum;
            if made == 0 {
                tooth += 1;
                if tooth == top {
                    self.entries[0] = entry;
                    (made, tooth) = (1, 0);
                }
                continue;
            }
            self.entries[made + from] = entry;
            from += 1;
            if from == made {
                (made, from, tooth) = (2 * made, 0, tooth + 1);
                if tooth == top {
                    return;
                }
            }
        }
    }
}

/// Stores affine entries from entry `first` on.
struct Store<'a, 't, F> {
    entries: &'a [Affine<F>],
    tables: &'a mut [&'t mut [Entry]],
    first: usize,
}

impl<F: PrimeLanes> Kernel<F::Token> for Store<'_, '_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, _: F::Token) {
        let mut i = 0;
        while i < self.entries.len() {
            let [a, b, c, d] = prime256::words_from_limbs(prime256::canonical(self.entries[i].x));
            let [e, f, g, h] = prime256::words_from_limbs(prime256::canonical(self.entries[i].w));
            F::Vector::scatter_lines([a, b, c, d, e, f, g, h], self.tables, self.first + i, 0);
            i += 1;
        }
    }
}

/// Scratch of the builder.
struct Scratch<F> {
    powers: Vec<[Jacobian<F>; 2]>,
    affine_powers: Vec<[Affine<F>; 2]>,
    entries: Vec<Jacobian<F>>,
    affine: Vec<Affine<F>>,
    inverses: Vec<F>,
    before: Vec<F>,
}

impl<F: PrimeLanes> Scratch<F> {
    fn new<S: CombShape>(any: Affine<F>) -> Self {
        let jacobian = Jacobian { x: any.x, w: any.w, z: any.x };
        let most = S::ENTRIES.max(2 * S::BLOCKS * S::TEETH);
        Self {
            powers: vec![[jacobian; 2]; S::BLOCKS * S::TEETH],
            affine_powers: vec![[any; 2]; S::BLOCKS * S::TEETH],
            entries: vec![jacobian; S::ENTRIES],
            affine: vec![any; S::ENTRIES],
            inverses: vec![any.x; most],
            before: vec![any.x; most],
        }
    }
}

/// The tables of a vector of points.
fn build_vector<S: CombShape, C: Curve<Prime = F::Modulus>, F: PrimeLanes>(
    token: F::Token,
    point: Affine<F>,
    tables: &mut [&mut [Entry]],
    scratch: &mut Scratch<F>,
) {
    let Scratch { powers, affine_powers, entries, affine, inverses, before } = scratch;
    token.vectorize(Powers { point, powers, of: PhantomData::<(S, C)> });
    let count = 2 * powers.len();
    token.vectorize(Divide {
        points: powers.as_flattened(),
        inverses: &mut inverses[..count],
        before: &mut before[..count],
        out: affine_powers.as_flattened_mut(),
    });
    for block in 0..S::BLOCKS {
        let powers = &affine_powers[block * S::TEETH..(block + 1) * S::TEETH];
        token.vectorize(Add { powers, entries });
        token.vectorize(Divide {
            points: entries,
            inverses: &mut inverses[..S::ENTRIES],
            before: &mut before[..S::ENTRIES],
            out: affine,
        });
        token.vectorize(Store { entries: affine, tables, first: S::ENTRIES * block });
    }
}

fn lines(count: usize) -> Box<[Entry]> {
    vec![[Line([0; 8])]; count].into_boxed_slice()
}

/// A vector of points by their coordinates; lanes left over repeat the first.
fn load<F: PrimeLanes>(token: F::Token, points: &[[[u64; 4]; 2]]) -> Affine<F> {
    let mut words: Coordinates = [[[0; MAX_LANES]; 4]; 2];
    for lane in 0..MAX_LANES {
        let point = points.get(lane).unwrap_or(&points[0]);
        for which in 0..2 {
            let to: &mut Words = &mut words[which];
            for word in 0..4 {
                to[word][lane] = point[which][word];
            }
        }
    }
    token.vectorize(Load(&words, PhantomData))
}

fn build_shape<S: CombShape, C: Curve, T: Family>(
    token: T::Token,
    points: &[[[u64; 4]; 2]],
    pool: &Arc<Pool>,
) -> Vec<Lines> {
    let mut out: Vec<Lines> = Vec::with_capacity(points.len());
    let mut scratch: Option<Scratch<T::Field<C::Prime>>> = None;
    for points in points.chunks(T::Vector::LANES) {
        let point = load(token, points);
        let scratch = scratch.get_or_insert_with(|| Scratch::new::<S>(point));
        let mut tables: Vec<Lines> = points.iter().map(|_| pool.take()).collect();
        let mut slices: Vec<&mut [Entry]> = tables.iter_mut().map(|table| table.as_chunks_mut().0).collect();
        build_vector::<S, C, _>(token, point, &mut slices, scratch);
        out.extend(tables);
    }
    out
}

/// The tables of points of the curve given by their canonical coordinates, x and y, four little-endian words each.
pub fn build<C: Curve, T: Family>(
    token: T::Token,
    full: bool,
    points: &[[[u64; 4]; 2]],
    pools: &Pools,
) -> Vec<KeyTable> {
    let tables = match full {
        true => build_shape::<Full, C, T>(token, points, &pools.full),
        false => build_shape::<Compact, C, T>(token, points, &pools.compact),
    };
    let prime = C::Prime::WORDS;
    tables.into_iter().map(|lines| KeyTable { lines, full, prime }).collect()
}

/// The table of G. It takes some milliseconds: make it once.
pub fn base_table<C: Curve, T: Family>(token: T::Token) -> BaseTable {
    let generator = load::<T::Field<C::Prime>>(token, &[C::GENERATOR]);
    let mut entries = lines(Base::ALL);
    // A block in each lane, as many at a time as there are lanes.
    let mut tables: Vec<&mut [Entry]> = entries.chunks_mut(Base::ENTRIES).collect();
    let mut scratch = Scratch::new::<BaseBlock>(generator);
    for (i, tables) in tables.chunks_mut(T::Vector::LANES).enumerate() {
        let first = i * T::Vector::LANES;
        let point = token.vectorize(Spread { point: generator, first, of: PhantomData::<(Base, C)> });
        build_vector::<BaseBlock, C, _>(token, point, tables, &mut scratch);
    }
    BaseTable { entries }
}
