//! \[s\]B − \[k\]A, a vector of signatures at a time.
//!
//! # Method
//! One run of doublings serves both scalars. k is read in 51 signed windows of 5 bits against a table of
//! 0 to 16 times −A, made for the occasion; s in 23 signed windows of 11 bits against the fixed table of
//! 0 to 1024 times B ([`sigwarp_tables::ed25519`]). Windows are fixed, not sliding: all lanes do the
//! same work at the same time, and a digit of 0 adds the neutral element.
//!
//! # Cost
//! 250 doublings (4 sqr + 3 mul), 51 additions (4 + 3, and 1 for the T before), 23 additions
//! (3 + 3 + 1), 15 entries of the table (3 + 4 + 1): about 1,440 mul and 1,000 sqr.
//!
//! # Table of A in memory
//! An entry is four elements of five limbs: 20 words in three rows of 8. The entries of a lane are
//! neighbours, so a selection loads three rows per lane and transposes them with shuffles (about 90
//! instructions). With limbs across lanes, as they are computed, a selection would be 20 hardware
//! gathers or 17 × 20 masked loads: more than the addition itself.

use super::{Affine, AffineNiels, Extended, Niels, Projective};
use crate::kernels::field::{EDWARDS_2D, FieldLanes, Limbs, MASK51, ONE};
use crate::kernels::scalar;
use crate::simd::{Kernel, Vector};
use sigwarp_tables::ed25519::{BASE_DIGITS, BASE_MULTIPLES, BASE_WIDTH};

use super::decode::{Words, load_words};

/// Bits of a window of k.
const WIDTH: usize = 5;
/// Windows of k.
const DIGITS: usize = 51;
/// Entries of the table of A.
const ENTRIES: usize = (1 << (WIDTH - 1)) + 1;
/// Rows of 8 words of an entry.
const ENTRY_ROWS: usize = 3;
/// Rows of a lane's table.
const LANE_ROWS: usize = lane_rows(ENTRIES);

/// Rows of one lane's table of so many entries.
pub(super) const fn lane_rows(entries: usize) -> usize {
    entries * ENTRY_ROWS
}

/// Rows of the scratch that a ladder needs for `lanes` lanes.
pub const fn table_rows(lanes: usize) -> usize {
    lanes * LANE_ROWS
}

/// k + 16·Σ 32^i, whose plain windows less 16 are the signed digits of k.
#[inline]
pub fn offset_challenge(k: &[u64; 4]) -> [u64; 4] {
    const OFFSET: [u64; 4] = scalar::window_offset(WIDTH, DIGITS);
    scalar::add(*k, OFFSET)
}

/// s with the offsets of its windows.
#[inline]
pub fn offset_base(s: &[u64; 4]) -> [u64; 4] {
    const OFFSET: [u64; 4] = scalar::window_offset(BASE_WIDTH, BASE_DIGITS);
    scalar::add(*s, OFFSET)
}

/// Computes \[s\]B − \[k\]A of `N` vectors side by side: one with IFMA, whose doubling is bound by its number of
/// instructions (two were tried: 1 % slower); two with AVX2, where a doubling alone waits for its carries
/// (146 against 109 ns).
pub struct Ladder<'a, F, const N: usize> {
    /// A.
    pub keys: [Affine<F>; N],
    /// k by [`offset_challenge`].
    pub challenges: [&'a Words; N],
    /// s by [`offset_base`].
    pub bases: [&'a Words; N],
    /// Scratch for the tables of A: [`table_rows`] for each vector.
    pub table: &'a mut [[u64; 8]],
}

/// The window of offset words from `bit`: its magnitude and sign. The topmost window takes all bits left.
#[inline(always)]
pub(super) fn digit<V: Vector, const W: usize, const COUNT: usize>(
    words: &[V; 4],
    bit: usize,
) -> (V, V::Mask) {
    let token = words[0].token();
    let (word, shift) = (bit / 64, (bit % 64) as u32);
    let mut window = words[word].shr_by(shift);
    if word < 3 {
        window = window.or(words[word + 1].shl_by(64 - shift));
    }
    if bit < W * (COUNT - 1) {
        window = window.and(V::splat(token, (1 << W) - 1));
    }
    let half = V::splat(token, 1 << (W - 1));
    let negative = window.less(half);
    (V::select(negative, half.sub(window), window.sub(half)), negative)
}

/// Entry `index` of the tables of all lanes, which have `ENTRIES` each.
#[inline(always)]
fn store_entry<F: FieldLanes, const ENTRIES: usize>(entry: Niels<F>, table: &mut [[u64; 8]], index: usize) {
    let a = entry.y_plus_x.pack();
    let b = entry.y_minus_x.pack();
    let c = entry.z2.pack();
    let d = entry.t2d.pack();
    let (row, stride) = (index * ENTRY_ROWS, lane_rows(ENTRIES));
    F::Vector::scatter_rows([a[0], a[1], a[2], a[3], a[4], b[0], b[1], b[2]], table, row, stride);
    F::Vector::scatter_rows([b[3], b[4], c[0], c[1], c[2], c[3], c[4], d[0]], table, row + 1, stride);
    F::Vector::scatter_rows([d[1], d[2], d[3], d[4], d[4], d[4], d[4], d[4]], table, row + 2, stride);
}

#[inline(always)]
pub(super) fn load_entry<F: FieldLanes>(table: &[[u64; 8]], row: F::Vector) -> Niels<F> {
    let [p, q, r] = F::Vector::gather_rows::<ENTRY_ROWS>(table, row);
    Niels {
        y_plus_x: F::unpack([p[0], p[1], p[2], p[3], p[4]]),
        y_minus_x: F::unpack([p[5], p[6], p[7], q[0], q[1]]),
        z2: F::unpack([q[2], q[3], q[4], q[5], q[6]]),
        t2d: F::unpack([q[7], r[0], r[1], r[2], r[3]]),
    }
}

#[inline(always)]
pub(super) fn load_base<F: FieldLanes>(table: &[[u64; 8]], index: F::Vector) -> AffineNiels<F> {
    let [p, q] = F::Vector::gather_rows::<2>(table, index.add(index));
    AffineNiels {
        y_plus_x: F::from_factor([p[0], p[1], p[2], p[3], p[4]]),
        y_minus_x: F::from_factor([p[5], p[6], p[7], q[0], q[1]]),
        xy2d: F::from_factor([q[2], q[3], q[4], q[5], q[6]]),
    }
}

/// The first row of each lane's table of so many entries.
#[inline(always)]
pub(super) fn lane_bases<V: Vector>(token: V::Token, entries: usize) -> V {
    let r = lane_rows(entries) as u64;
    V::load(token, &[0, r, 2 * r, 3 * r, 4 * r, 5 * r, 6 * r, 7 * r])
}

/// Fills the table with 0 to `ENTRIES` − 1 times −A.
#[inline(always)]
pub(super) fn build_table<F: FieldLanes, const ENTRIES: usize>(
    token: F::Token,
    key: Affine<F>,
    table: &mut [[u64; 8]],
) {
    let d2 = F::splat(token, &EDWARDS_2D);
    let one = F::splat(token, &ONE);
    let two: Limbs = [2, 0, 0, 0, 0];
    let zero = F::splat(token, &[0; 5]);
    let neutral = Niels { y_plus_x: one, y_minus_x: one, z2: F::splat(token, &two), t2d: zero };
    store_entry::<F, ENTRIES>(neutral, table, 0);

    // −A: x negated, so the sum and the difference change places and T changes sign.
    let (x, y) = (key.x.widen(), key.y.widen());
    let xy = key.x.mul(key.y);
    let mut point = Extended {
        y_plus_x: F::carry(F::sub_wide(y, x)),
        y_minus_x: F::carry(F::add_wide(y, x)),
        z: one,
        t: F::carry(xy.negate().widen()),
    };
    let first = point.to_niels(d2);
    let step = AffineNiels { y_plus_x: first.y_plus_x, y_minus_x: first.y_minus_x, xy2d: first.t2d };
    store_entry::<F, ENTRIES>(first, table, 1);
    let mut i = 2;
    while i < ENTRIES {
        point = point.add_affine(step).to_extended();
        store_entry::<F, ENTRIES>(point.to_niels(d2), table, i);
        i += 1;
    }
}

impl<F: FieldLanes, const N: usize> Kernel<F::Token> for Ladder<'_, F, N> {
    type Output = [Projective<F>; N];

    #[inline(always)]
    fn run(self, token: F::Token) -> [Projective<F>; N] {
        let rows = table_rows(F::Vector::LANES);
        let mut challenges = [[F::Vector::splat(token, 0); 4]; N];
        let mut bases = challenges;
        let mut i = 0;
        while i < N {
            build_table::<F, ENTRIES>(token, self.keys[i], &mut self.table[i * rows..(i + 1) * rows]);
            challenges[i] = load_words(token, self.challenges[i]);
            bases[i] = load_words(token, self.bases[i]);
            i += 1;
        }
        let table: &[[u64; 8]] = self.table;
        let lanes = lane_bases::<F::Vector>(token, ENTRIES);

        let mut points = [Projective::identity(token); N];
        let mut bit = WIDTH * (DIGITS - 1);
        loop {
            let mut sums = [points[0].double(); N];
            i = 1;
            while i < N {
                sums[i] = points[i].double();
                i += 1;
            }
            if bit.is_multiple_of(WIDTH) {
                i = 0;
                while i < N {
                    let (magnitude, negative) = digit::<F::Vector, WIDTH, DIGITS>(&challenges[i], bit);
                    let row = lanes.add(magnitude.shl::<1>()).add(magnitude);
                    let entry = load_entry::<F>(&table[i * rows..(i + 1) * rows], row);
                    sums[i] = sums[i].to_extended().add_niels(entry.negate_where(negative));
                    i += 1;
                }
            }
            if bit.is_multiple_of(BASE_WIDTH) {
                i = 0;
                while i < N {
                    let (magnitude, negative) = digit::<F::Vector, BASE_WIDTH, BASE_DIGITS>(&bases[i], bit);
                    let entry = load_base::<F>(&BASE_MULTIPLES.0, magnitude).negate_where(negative);
                    sums[i] = sums[i].to_extended().add_affine(entry);
                    i += 1;
                }
            }
            i = 0;
            while i < N {
                points[i] = sums[i].to_projective();
                i += 1;
            }
            if bit == 0 {
                return points;
            }
            bit -= 1;
        }
    }
}

const _: () = assert!(ENTRY_ROWS == 3 && MASK51 == (1 << 51) - 1);
const _: () = assert!(WIDTH * DIGITS >= 254 && BASE_WIDTH * BASE_DIGITS >= 253);
