//! \[s\]B − \[k\]A from tables of A and of B that outlive the call: no decoding, few doublings.
//!
//! # Contract
//! `check` judges items whose keys have tables ([`KeyTable`], made by `build`) as `equation::check` judges
//! items whose keys come as bytes: the same codes for the same bytes. Tables are of A exactly, torsion
//! included, and k is the integer in \[0, L): nothing here replaces k by k ± L or −k. B has order L, so s may be
//! moved by L.
//!
//! # Method
//! A comb of t teeth (Lim and Lee, "More Flexible Exponentiation with Precomputation", CRYPTO '94): the bits of a
//! scalar, n = t·d of them, are read as t rows of d columns, and column c of all rows at once selects a multiple
//! Σ ±2^(d·i)·P. Columns are cut into v blocks of g, each with a table of its own, so that g − 1 doublings serve
//! all. Bits are signs (Hamburg, "Fast and compact elliptic-curve cryptography", 2012): with b = (k + 2^n) >> 1,
//!
//!   k = Σ (2·b\[i\] − 1)·2^i − e,  e = 1 where k is even, else 0.
//!
//! So a table holds 2^(t−1) entries, the top tooth is the sign of a selection, no digit is 0, and \[e\]P is added at
//! the end, from an entry of its own or, where e is 0, the neutral element. For B, an even s becomes s − L, which is odd.
//!
//! # Shapes
//! | table | t | d | v | g | entries | bytes | additions | doublings |
//! |---|---|---|---|---|---|---|---|---|
//! | [`Full`] | 8 | 32 | 4 | 8 | 4 · 128 + 2 | 65,792 | 32 + 1 | 7 |
//! | [`Compact`] | 5 | 51 | 1 | 51 | 16 + 2 | 2,304 | 51 + 1 | 50 |
//! | B | 11 | 23 | 3 | 8 | 3 · 1024 | 393,216 | 23 | none of its own |
//!
//! # Representation
//! Tables hold multiples of −A in affine Niels form, each in two lines of eight words: y + x, y − x and 2dxy as
//! [`FieldLanes::pack`] gives them, so that they can be read by the representation that made them alone.
//!
//! # Bounds
//! k < L < 2^253 < 2^n, so that b has n bits. Selections come out of `unpack` in the class that was packed, tight:
//! `negate_where` needs that of 2dxy.
//!
//! # Cost
//! Full: 56 additions of 7 multiplications and 7 doublings: 413 mul + 28 sqr, and 112 lines of 64 bytes read per
//! signature, of which 66 come from the key's table. Compact: 75 additions and 50 doublings: 675 mul + 200 sqr.
//!
//! # Rejected
//! See docs/decisions/key-ring.md: windows instead of teeth need twice the memory for the same time.

mod build;
mod check;
#[cfg(test)]
mod tests;

pub(super) use build::load_points;
pub use build::{BaseTable, base_table, build, decode_points};
pub use check::{WithTable, check};

use super::decode::{Words, load_words};
use super::{AffineNiels, Completed, Projective};
use crate::field::{FieldLanes, Limbs, ONE};
use crate::scalar;
use crate::simd::pages::{Lines, Pool};
use crate::simd::{Kernel, Line, MAX_LANES, Vector, prefetch};
use core::marker::PhantomData;
use std::sync::Arc;

/// How the bits of a scalar are spread over tables.
pub trait CombShape: 'static {
    /// t: rows of bits.
    const TEETH: usize;
    /// d: columns.
    const COLUMNS: usize;
    /// Columns that are extracted together: four groups at most. Where there are blocks, a group is a block.
    const GROUP: usize;
    /// v: tables.
    const BLOCKS: usize;

    /// Entries of a table.
    const ENTRIES: usize = 1 << (Self::TEETH - 1);
    /// Groups.
    const GROUPS: usize = Self::COLUMNS.div_ceil(Self::GROUP);
    /// Columns from one table: one more than the doublings.
    const STEPS: usize = if Self::BLOCKS == 1 { Self::COLUMNS } else { Self::GROUP };
    /// The entry of P itself; after it comes the neutral element.
    const OWN: usize = Self::BLOCKS * Self::ENTRIES;
    /// Entries of everything.
    const ALL: usize = Self::OWN + 2;
}

/// 64 kB a key.
#[derive(Debug)]
pub enum Full {}
impl CombShape for Full {
    const TEETH: usize = 8;
    const COLUMNS: usize = 32;
    const GROUP: usize = 8;
    const BLOCKS: usize = 4;
}

/// 2 kB a key.
#[derive(Debug)]
pub enum Compact {}
impl CombShape for Compact {
    const TEETH: usize = 5;
    const COLUMNS: usize = 51;
    const GROUP: usize = 13;
    const BLOCKS: usize = 1;
}

/// The table of B.
#[derive(Debug)]
pub(super) enum Base {}
impl CombShape for Base {
    const TEETH: usize = 11;
    const COLUMNS: usize = 23;
    const GROUP: usize = 8;
    const BLOCKS: usize = 3;
}

/// An entry: its 15 words in two lines.
type Entry = [Line; 2];

/// The most steps that one extraction gives.
const MAX_GROUP: usize = 13;

/// The table of a key, or of B, in the representation `F`.
pub struct KeyTable<F> {
    lines: Lines,
    full: bool,
    field: PhantomData<fn() -> F>,
}

impl<F> KeyTable<F> {
    fn entries(&self) -> &[Entry] {
        self.lines.as_chunks().0
    }
    /// Whether the table has the shape [`Full`]; else it has the shape [`Compact`].
    pub fn is_full(&self) -> bool {
        self.full
    }
}

impl<F> core::fmt::Debug for KeyTable<F> {
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

/// b of k, without its highest bit, which is 1; and whether k is even.
#[inline]
pub(super) fn signs_of_challenge(k: &[u64; 4]) -> ([u64; 4], bool) {
    (halve(k), k[0] & 1 == 0)
}

/// b of s, or of s − L where s is even.
#[inline]
pub(super) fn signs_of_base(s: &[u64; 4]) -> [u64; 4] {
    // 2^253 − 1, and the same less L.
    const ODD: [u64; 4] = [u64::MAX, u64::MAX, u64::MAX, (1 << 61) - 1];
    const EVEN: [u64; 4] = {
        // The low words of 2^253 − 1 are all ones: no borrow.
        [!scalar::ORDER[0], !scalar::ORDER[1], !scalar::ORDER[2], ODD[3] - scalar::ORDER[3]]
    };
    halve(&scalar::add(*s, if s[0] & 1 == 0 { EVEN } else { ODD }))
}

#[inline]
fn halve(x: &[u64; 4]) -> [u64; 4] {
    [x[0] >> 1 | x[1] << 63, x[1] >> 1 | x[2] << 63, x[2] >> 1 | x[3] << 63, x[3] >> 1]
}

/// The selections of a vector of scalars: word c of a lane has four fields of 16 bits, of the columns c, c + g,
/// c + 2g, c + 3g. The low bits are the entry, bit 15 says that it is negated.
#[derive(Clone, Copy)]
pub(super) struct Digits(pub(super) [[u64; MAX_LANES]; MAX_GROUP]);

impl Digits {
    pub(super) const EMPTY: Self = Self([[0; MAX_LANES]; MAX_GROUP]);
}

const SIGN: u32 = 15;
const FIELDS: u64 = 0x0001_0001_0001_0001;

/// Reads the columns of a vector of scalars. All are read before the first is used, so that entries can be asked
/// for ahead.
struct ReadColumns<'a, S, F> {
    bits: &'a Words,
    /// Whether the bit above those given is 1: of b, where it has more bits than its words.
    top: bool,
    digits: &'a mut Digits,
    shape: PhantomData<(S, F)>,
}

/// `count` bits from `bit`, `count` < 64.
#[inline(always)]
fn bits_from<V: Vector>(words: &[V; 4], bit: usize, count: usize) -> V {
    let token = words[0].token();
    let (word, shift) = (bit / 64, (bit % 64) as u32);
    if word > 3 {
        return V::splat(token, 0);
    }
    let mut bits = words[word].shr_by(shift);
    if shift as usize + count > 64 && word < 3 {
        bits = bits.or(words[word + 1].shl_by(64 - shift));
    }
    bits.and(V::splat(token, (1 << count) - 1))
}

impl<S: CombShape, F: FieldLanes> Kernel<F::Token> for ReadColumns<'_, S, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: F::Token) {
        let words = load_words::<F::Vector>(token, self.bits);
        // Row i with its groups 16 bits apart.
        let mut rows = [F::Vector::splat(token, 0); 16];
        let mut i = 0;
        while i < S::TEETH {
            let mut j = 0;
            while j < S::GROUPS {
                let first = S::GROUP * j;
                let count = if first + S::GROUP < S::COLUMNS { S::GROUP } else { S::COLUMNS - first };
                let mut group = bits_from(&words, S::COLUMNS * i + first, count);
                if self.top && i + 1 == S::TEETH && j + 1 == S::GROUPS {
                    group = group.or(F::Vector::splat(token, 1 << (count - 1)));
                }
                rows[i] = rows[i].or(group.shl_by(16 * j as u32));
                j += 1;
            }
            i += 1;
        }
        let fields = F::Vector::splat(token, FIELDS);
        let low = F::Vector::splat(token, FIELDS * (S::ENTRIES as u64 - 1));
        let mut c = 0;
        while c < S::GROUP {
            let mut x = rows[0].shr_by(c as u32).and(fields);
            i = 1;
            while i < S::TEETH {
                x = x.or(rows[i].shr_by(c as u32).and(fields).shl_by(i as u32));
                i += 1;
            }
            // Bits below the top tooth are turned over where that is 0, and the whole entry is negated.
            let negative = x.shr_by(S::TEETH as u32 - 1).and(fields).xor(fields);
            let flip = negative.shl_by(S::TEETH as u32 - 1).sub(negative);
            x.and(low).xor(flip).or(negative.shl_by(SIGN)).store(&mut self.digits.0[c]);
            c += 1;
        }
    }
}

/// The entries that field `field` of a word of digits selects.
#[inline(always)]
fn select<F: FieldLanes>(
    token: F::Token,
    tables: &[&[Entry]; MAX_LANES],
    first: usize,
    digits: &[u64; MAX_LANES],
    field: usize,
) -> AffineNiels<F> {
    let mut index = [0; MAX_LANES];
    let mut lane = 0;
    while lane < F::Vector::LANES {
        index[lane] = entry_of(first, digits[lane], field);
        lane += 1;
    }
    let [p, q] = F::Vector::gather_lines(token, tables, index);
    let entry = AffineNiels {
        y_plus_x: F::unpack([p[0], p[1], p[2], p[3], p[4]]),
        y_minus_x: F::unpack([p[5], p[6], p[7], q[0], q[1]]),
        xy2d: F::unpack([q[2], q[3], q[4], q[5], q[6]]),
    };
    let sign = F::Vector::splat(token, 1 << (SIGN as usize + 16 * field));
    let negative = F::Vector::load(token, digits).and(sign).equal(sign);
    entry.negate_where(negative)
}

/// The entry that a field selects, `first` being the first of its block.
#[inline(always)]
fn entry_of(first: usize, digits: u64, field: usize) -> usize {
    first + ((digits >> (16 * field)) as usize & ((1 << SIGN) - 1))
}

/// A vector of items, ready for the comb.
pub(super) struct Prepared<'a> {
    /// The key's table of each lane.
    pub(super) tables: [&'a [Entry]; MAX_LANES],
    pub(super) challenge: Digits,
    pub(super) base: Digits,
    /// What is added at the end: [`CombShape::OWN`] where k is even, else the entry after it.
    pub(super) last: [u64; MAX_LANES],
}

/// How many selections ahead the lines of the key tables are asked for.
const AHEAD: usize = 16;

/// Computes \[s\]B − \[k\]A of a vector.
struct Comb<'a, S, F> {
    item: &'a Prepared<'a>,
    /// The vector that comes next, whose first entries are asked for.
    next: &'a Prepared<'a>,
    base: &'a [Entry],
    shape: PhantomData<(S, F)>,
}

/// Step, block and field of selection `index` in the order in which the comb makes them.
#[inline(always)]
fn place<S: CombShape>(index: usize) -> (usize, usize, usize) {
    if S::BLOCKS == 1 {
        let column = S::COLUMNS - 1 - index;
        (column % S::GROUP, 0, column / S::GROUP)
    } else {
        let block = index % S::BLOCKS;
        (S::GROUP - 1 - index / S::BLOCKS, block, block)
    }
}

impl<S: CombShape, F: FieldLanes> Comb<'_, S, F> {
    /// Asks for the entries of selection `index`, of this vector or, past its end, of the next.
    #[inline(always)]
    fn ask(&self, index: usize) {
        let (item, index) =
            if index < S::COLUMNS { (self.item, index) } else { (self.next, index - S::COLUMNS) };
        let (step, block, field) = place::<S>(index);
        let mut lane = 0;
        while lane < F::Vector::LANES {
            let entry = entry_of(S::ENTRIES * block, item.challenge.0[step][lane], field);
            prefetch(item.tables[lane], entry);
            lane += 1;
        }
    }
}

impl<S: CombShape, F: FieldLanes> Kernel<F::Token> for Comb<'_, S, F> {
    type Output = Projective<F>;

    #[inline(always)]
    fn run(self, token: F::Token) -> Projective<F> {
        const ZERO: Limbs = [0; 5];
        let one = F::splat(token, &ONE);
        let bases = [self.base; MAX_LANES];
        let mut sum = Completed { e: F::splat(token, &ZERO), f: one, g: one, h: one };
        let mut index = 0;
        let mut step = S::STEPS;
        while step > 0 {
            step -= 1;
            if step + 1 < S::STEPS {
                sum = sum.to_projective().double();
            }
            // The selections of this step: the blocks of the key, those of B, at the end the last one. The
            // addition is at one place in the code for all of them.
            let of_base = S::BLOCKS + base_blocks(step);
            let selections = if step == 0 { of_base + 1 } else { of_base };
            let mut i = 0;
            while i < selections {
                let entry = if i < S::BLOCKS {
                    self.ask(index + AHEAD);
                    let (word, block, field) = place::<S>(index);
                    index += 1;
                    let digits = &self.item.challenge.0[word];
                    (&self.item.tables, S::ENTRIES * block, digits, field)
                } else if i < of_base {
                    let block = i - S::BLOCKS;
                    (&bases, Base::ENTRIES * block, &self.item.base.0[step], block)
                } else {
                    (&self.item.tables, 0, &self.item.last, 0)
                };
                let (tables, first, digits, field) = entry;
                sum = sum.to_extended().add_affine(select::<F>(token, tables, first, digits, field));
                i += 1;
            }
        }
        sum.to_projective()
    }
}

/// The blocks of B that have a column for a step.
#[inline(always)]
fn base_blocks(step: usize) -> usize {
    if step >= Base::GROUP {
        0
    } else if Base::GROUP * (Base::BLOCKS - 1) + step < Base::COLUMNS {
        Base::BLOCKS
    } else {
        Base::BLOCKS - 1
    }
}

const _: () = {
    assert!(Full::TEETH * Full::COLUMNS >= 254 && Compact::TEETH * Compact::COLUMNS >= 254);
    // Of odd scalars of B, of either sign and below L.
    assert!(Base::TEETH * Base::COLUMNS >= 253 && Base::COLUMNS > Base::GROUP);
    assert!(Full::GROUPS == Full::BLOCKS && Base::GROUPS == Base::BLOCKS && Compact::GROUPS <= 4);
    assert!(Full::GROUP <= MAX_GROUP && Base::GROUP <= MAX_GROUP && Compact::GROUP <= MAX_GROUP);
    assert!(Full::OWN + 1 < 1 << SIGN && Compact::OWN + 1 < 1 << SIGN);
    assert!(Full::TEETH <= SIGN as usize);
    assert!(Base::TEETH <= SIGN as usize && MAX_GROUP <= 16);
};
