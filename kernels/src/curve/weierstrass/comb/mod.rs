//! gG + kP from tables of P and of G that outlive the call: no decoding, hardly a doubling.
//!
//! # Contract
//! [`matches()`] and [`sums`] judge items whose keys have tables ([`KeyTable`], made by `build`) as those of
//! `equation` judge items whose keys come as points: the same answers, and an item that met an exceptional case is
//! named for the caller to compute again. P is a point of the curve.
//!
//! # Method
//! A comb of t teeth (Lim and Lee, "More Flexible Exponentiation with Precomputation", CRYPTO '94): the bits of a
//! scalar, t·d of them, are read as t rows of d columns, and column c of all rows at once selects a multiple
//! Σ ±2^(d·i)·P. Columns are cut into v blocks of g, each with a table of its own, so that g − 1 doublings serve all.
//! Bits are signs (Hamburg, "Fast and compact elliptic-curve cryptography", 2012): an odd k of at most t·d bits is
//! Σ (2·b\[i\] − 1)·2^i with b = (k + 2^(t·d) − 1)/2, and an even k becomes k − n. So a table holds 2^(t−1)
//! entries, the top tooth is the sign of a selection, and no selection is infinity.
//!
//! For each of g steps there is a set of selections, of P and of G alike; `tree` adds those of a set, affine, in
//! pairs, with one inversion for a level of all items. g sums are left, which doublings and additions join.
//!
//! # Shapes
//! | table | t | d | g | v | bytes | selections | doublings |
//! |---|---|---|---|---|---|---|---|
//! | [`Full`] | 7 | 37 | 5 | 8 | 8 · 64 · 64 = 32,768 | 37 | 4 |
//! | [`Compact`] | 4 | 64 | 16 | 4 | 4 · 8 · 64 = 2,048 | 64 | 15 |
//! | G | 13 | 20 | 5 | 4 | 4 · 4096 · 64 = 1,048,576 | 20 | none of its own |
//!
//! # Representation
//! An entry is a line of 64 bytes: x, then w = 2y, four words each, canonical, in the form of the prime. It is the
//! same for every representation of the field.
//!
//! # Exceptional cases
//! Two selections or sums with the same x: the difference of abscissae is 0, and with it a product of differences,
//! which is compared with 0 at every level; `tree` then looks for the lane. The joining of steps shows one by Z = 0.
//! Which entries a table has does not depend on P: they are fixed multiples of a point of order n. So its making is
//! exceptional for all points or for none, and the tests show that it is for none.
//!
//! # Cost
//! Full: 57 selections, 52 affine additions (5 multiplications and a squaring each), 4 doublings, 4 mixed additions and
//! 4 inversions for all. Compact: 84 selections, 68, 15, 15 and 3.
//!
//! # Rejected
//! See docs/decisions/weierstrass-combs.md: Jacobian sums, windows, other shapes.

mod build;
#[cfg(test)]
mod tests;
mod tree;
mod tweak;
#[cfg(test)]
mod tweak_tests;

pub use build::{BaseTable, base_table, build};
pub use tweak::{Tweak, tweaks};

use super::equation::{Abscissa, Finished, Match, Sum, compare, coordinates};
use super::{Curve, Jacobian, Words, add, double};
use crate::field::prime256::{self, Family, Modulus, PrimeLanes};
use crate::simd::pages::{Lines, Pool};
use crate::simd::{Kernel, LaneMask, Line, MAX_LANES, Token, Vector};
use core::marker::PhantomData;
use std::sync::Arc;
use tree::{Prepared, Schedule};

/// How the bits of a scalar are spread over tables.
pub trait CombShape: 'static {
    /// t: rows of bits.
    const TEETH: usize;
    /// d: columns.
    const COLUMNS: usize;
    /// g: columns of a block, one more than the doublings.
    const STEPS: usize;

    /// v: tables.
    const BLOCKS: usize = Self::COLUMNS.div_ceil(Self::STEPS);
    /// Entries of a table.
    const ENTRIES: usize = 1 << (Self::TEETH - 1);
    /// Entries of everything.
    const ALL: usize = Self::BLOCKS * Self::ENTRIES;
    /// Bits of a scalar.
    const BITS: usize = Self::TEETH * Self::COLUMNS;
}

/// 32 kB a key.
#[derive(Debug)]
pub enum Full {}
impl CombShape for Full {
    const TEETH: usize = 7;
    const COLUMNS: usize = 37;
    const STEPS: usize = 5;
}

/// 2 kB a key.
#[derive(Debug)]
pub enum Compact {}
impl CombShape for Compact {
    const TEETH: usize = 4;
    const COLUMNS: usize = 64;
    const STEPS: usize = 16;
}

/// The table of G.
#[derive(Debug)]
pub(super) enum Base {}
impl CombShape for Base {
    const TEETH: usize = 13;
    const COLUMNS: usize = 20;
    const STEPS: usize = 5;
}

/// An entry.
type Entry = [Line; 1];

/// The table of a key.
pub struct KeyTable {
    lines: Lines,
    full: bool,
    /// The prime of its curve, which it must not be used without.
    prime: [u64; 4],
}

impl KeyTable {
    #[inline]
    fn entries(&self) -> &[Entry] {
        self.lines.as_chunks().0
    }
    /// Whether the table has the shape [`Full`]; else it has the shape [`Compact`].
    #[inline]
    pub fn is_full(&self) -> bool {
        self.full
    }
}

impl core::fmt::Debug for KeyTable {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("KeyTable").field("full", &self.full).finish_non_exhaustive()
    }
}

/// Where the tables of keys are kept.
#[derive(Debug)]
pub struct Pools {
    full: Arc<Pool>,
    compact: Arc<Pool>,
}

impl Default for Pools {
    fn default() -> Self {
        let of = |full| Pool::new(table_bytes(full) / size_of::<Line>());
        Self { full: of(true), compact: of(false) }
    }
}

/// The bytes of a key's table.
#[inline]
pub const fn table_bytes(full: bool) -> usize {
    size_of::<Entry>() * if full { Full::ALL } else { Compact::ALL }
}

/// The table of P and two scalars, which must be below the order.
#[derive(Clone, Copy, Debug)]
pub struct WithTable<'a> {
    /// The table of P.
    pub table: &'a KeyTable,
    /// g.
    pub g: [u64; 4],
    /// k.
    pub k: [u64; 4],
}

/// x and y of a vector of points, word by word.
type Coordinates = [Words; 2];

/// Items taken at a time: their sums stay in the second-level cache.
const CHUNK: usize = 256;

/// b of a scalar below n, for so many bits, at least 256.
#[inline]
fn signs<C: Curve>(k: &[u64; 4], bits: usize) -> [u64; 5] {
    let mut odd = [k[0], k[1], k[2], k[3], 0];
    if k[0] & 1 == 0 {
        let n = C::Order::WORDS;
        let mut borrow = false;
        for i in 0..4 {
            let (less, first) = k[i].overflowing_sub(n[i]);
            let (less, second) = less.overflowing_sub(u64::from(borrow));
            (odd[i], borrow) = (less, first | second);
        }
        odd[4] = if borrow { u64::MAX } else { 0 };
    }
    // (odd − 1)/2 + 2^(bits − 1); neither is below 0.
    let mut out = odd;
    for i in 0..4 {
        out[i] = odd[i] >> 1 | odd[i + 1] << 63;
    }
    let (word, bit) = ((bits - 1) / 64, (bits - 1) % 64);
    let (sum, carry) = out[word].overflowing_add(1 << bit);
    out[word] = sum;
    if word < 4 {
        out[4] = out[4].wrapping_add(u64::from(carry));
    }
    out
}

/// The bits of a vector of scalars, word by word.
type Bits = [[u64; MAX_LANES]; 5];

/// Columns of a word of digits, 16 bits each: the low bits are the entry, the highest says that it is negated.
const FIELDS: usize = 4;
const SIGN: u32 = 15;

/// Reads the columns of a vector of scalars. All are read before the first is used, so that entries can be asked for
/// ahead.
struct ReadColumns<'a, S, V> {
    bits: &'a Bits,
    digits: &'a mut [[u64; MAX_LANES]],
    of: PhantomData<(S, V)>,
}

impl<S: CombShape, V: Vector> Kernel<V::Token> for ReadColumns<'_, S, V> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: V::Token) {
        let words = super::load_words::<V, 5>(token, self.bits);
        let mut rows = [V::splat(token, 0); 16];
        let mut i = 0;
        while i < S::TEETH {
            let (word, shift) = (S::COLUMNS * i / 64, (S::COLUMNS * i % 64) as u32);
            rows[i] = words[word].shr_by(shift);
            if word < 4 {
                rows[i] = rows[i].or(words[word + 1].shl_by(64 - shift));
            }
            i += 1;
        }
        let one = V::splat(token, 1);
        let low = V::splat(token, S::ENTRIES as u64 - 1);
        let mut column = 0;
        while column < S::COLUMNS {
            let mut fields = V::splat(token, 0);
            let mut field = 0;
            while field < FIELDS && column < S::COLUMNS {
                let mut x = rows[0].shr_by(column as u32).and(one);
                i = 1;
                while i < S::TEETH {
                    x = x.or(rows[i].shr_by(column as u32).and(one).shl_by(i as u32));
                    i += 1;
                }
                // Bits below the top tooth are turned over where that is 0, and the whole entry is negated.
                let negative = x.shr_by(S::TEETH as u32 - 1).xor(one);
                let flip = negative.shl_by(S::TEETH as u32 - 1).sub(negative);
                let digit = x.and(low).xor(flip).or(negative.shl_by(SIGN));
                fields = fields.or(digit.shl_by(16 * field as u32));
                field += 1;
                column += 1;
            }
            fields.store(&mut self.digits[(column - 1) / FIELDS]);
        }
    }
}

/// Joins the sums of the steps of two vectors: Σ 2^c·sum\[c\].
struct Join<'a, C, F> {
    /// The sums of a vector.
    vectors: [&'a [super::Affine<F>]; 2],
    /// Where each step's sum is.
    steps: &'a [usize],
    curve: PhantomData<C>,
}

impl<C: Curve<Prime = F::Modulus>, F: PrimeLanes> Kernel<F::Token> for Join<'_, C, F> {
    type Output = [(Jacobian<F>, u8); 2];

    #[inline(always)]
    fn run(self, token: F::Token) -> Self::Output {
        let one = F::one(token);
        let none = F::Vector::mask(token, 0);
        let mut step = self.steps.len() - 1;
        let (a, b) = (self.vectors[0][self.steps[step]], self.vectors[1][self.steps[step]]);
        let mut sums = [Jacobian { x: a.x, w: a.w, z: one }, Jacobian { x: b.x, w: b.w, z: one }];
        while step > 0 {
            step -= 1;
            sums = double::<C, F, 2>(sums);
            // One after the other: see `ladder`.
            let mut v = 0;
            while v < 2 {
                let [sum] = add::<F, 1>([sums[v]], [self.vectors[v][self.steps[step]]], [none]);
                sums[v] = sum;
                v += 1;
            }
        }
        let mut out = [(sums[0], 0); 2];
        let mut v = 0;
        while v < 2 {
            let exceptional = prime256::is_zero(sums[v].z);
            let z = F::select(exceptional, one, sums[v].z);
            out[v] = (Jacobian { z, ..sums[v] }, exceptional.not().bits());
            v += 1;
        }
        out
    }
}

/// The sums of items whose tables have one shape, vector by vector.
fn combs<S: CombShape, C: Curve, T: Family>(
    token: T::Token,
    base: &BaseTable,
    items: &[WithTable<'_>],
) -> Vec<Finished<T::Field<C::Prime>>> {
    let Some(last) = items.len().checked_sub(1) else { return Vec::new() };
    let lanes = T::Vector::LANES;
    // Two vectors side by side; lanes without an item compute the sum of the last one.
    let vectors = items.len().div_ceil(2 * lanes) * 2;
    let schedule = Schedule::new::<S>();
    let mut prepared = Vec::with_capacity(vectors);
    for vector in 0..vectors {
        let (mut g, mut k): (Bits, Bits) = ([[0; MAX_LANES]; 5], [[0; MAX_LANES]; 5]);
        let mut tables: [&[Entry]; MAX_LANES] = [items[last].table.entries(); MAX_LANES];
        for lane in 0..lanes {
            let item = &items[last.min(vector * lanes + lane)];
            assert_eq!(item.table.prime, C::Prime::WORDS, "a table of another curve");
            tables[lane] = item.table.entries();
            let (of_g, of_k) = (signs::<C>(&item.g, Base::BITS), signs::<C>(&item.k, S::BITS));
            for word in 0..5 {
                g[word][lane] = of_g[word];
                k[word][lane] = of_k[word];
            }
        }
        let mut next = Prepared::new(tables);
        token.vectorize(ReadColumns::<S, T::Vector> { bits: &k, digits: &mut next.key, of: PhantomData });
        token.vectorize(ReadColumns::<Base, T::Vector> { bits: &g, digits: &mut next.base, of: PhantomData });
        prepared.push(next);
    }
    joined::<C, T>(token, &schedule, base, &prepared)
}

/// The sums of prepared vectors, an even number of them.
fn joined<C: Curve, T: Family>(
    token: T::Token,
    schedule: &Schedule,
    base: &BaseTable,
    prepared: &[Prepared<'_>],
) -> Vec<Finished<T::Field<C::Prime>>> {
    let (sums, exceptional) = tree::reduce::<T::Field<C::Prime>>(token, schedule, base, prepared);
    let mut out = Vec::with_capacity(prepared.len());
    for (pair, sums) in sums.chunks(2 * schedule.slots()).enumerate() {
        let (a, b) = sums.split_at(schedule.slots());
        let steps = schedule.steps();
        let joined = token.vectorize(Join { vectors: [a, b], steps, curve: PhantomData::<C> });
        for (i, (sum, sound)) in joined.into_iter().enumerate() {
            out.push(Finished { sum, on_curve: 0xff, sound: sound & !exceptional[2 * pair + i] });
        }
    }
    out
}

/// Calls `judge` with the sums of items, at most [`CHUNK`] at a time, and their positions.
fn in_chunks<C: Curve, T: Family>(
    token: T::Token,
    base: &BaseTable,
    items: &[WithTable<'_>],
    mut judge: impl FnMut(&[usize], &[Finished<T::Field<C::Prime>>]),
) {
    for full in [true, false] {
        let positions: Vec<usize> = (0..items.len()).filter(|&i| items[i].table.full == full).collect();
        for positions in positions.chunks(CHUNK) {
            let items: Vec<WithTable<'_>> = positions.iter().map(|&i| items[i]).collect();
            let finished = match full {
                true => combs::<Full, C, T>(token, base, &items),
                false => combs::<Compact, C, T>(token, base, &items),
            };
            judge(positions, &finished);
        }
    }
}

/// For every item, whether gG + kP has the x expected of it.
///
/// Panics if the two slices differ in length, or if a table is of another curve.
pub fn matches<C: Curve, T: Family>(
    token: T::Token,
    base: &BaseTable,
    items: &[WithTable<'_>],
    expected: &[Abscissa],
) -> Vec<Match> {
    assert_eq!(items.len(), expected.len());
    let mut out = vec![Match::Exceptional; items.len()];
    in_chunks::<C, T>(token, base, items, |positions, finished| {
        let expected: Vec<Abscissa> = positions.iter().map(|&i| expected[i]).collect();
        for (&position, found) in positions.iter().zip(compare(token, finished, &expected)) {
            out[position] = found;
        }
    });
    out
}

/// gG + kP of every item.
///
/// Panics if a table is of another curve.
pub fn sums<C: Curve, T: Family>(token: T::Token, base: &BaseTable, items: &[WithTable<'_>]) -> Vec<Sum> {
    let mut out = vec![Sum::Exceptional; items.len()];
    in_chunks::<C, T>(token, base, items, |positions, finished| {
        for (&position, sum) in positions.iter().zip(coordinates(token, finished, positions.len())) {
            out[position] = sum;
        }
    });
    out
}

const _: () = {
    assert!(Full::BITS >= 256 && Compact::BITS >= 256 && Base::BITS >= 256);
    assert!(Full::BITS <= 320 && Compact::BITS <= 320 && Base::BITS <= 320);
    assert!(Full::COLUMNS <= 64 && Compact::COLUMNS <= 64 && Base::COLUMNS <= 64);
    assert!(Full::TEETH <= SIGN as usize);
    assert!(Compact::TEETH <= SIGN as usize);
    assert!(Base::TEETH <= SIGN as usize);
    // The columns of G take part in the steps of P.
    assert!(Base::STEPS <= Full::STEPS && Base::STEPS <= Compact::STEPS);
};
