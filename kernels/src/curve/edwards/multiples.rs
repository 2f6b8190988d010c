//! Tables of multiples of a point in memory, and the digits that select from them.
//!
//! An entry is four elements of five limbs: 20 words in three rows of 8. The entries of a lane are
//! neighbours, so a selection loads three rows per lane and transposes them with shuffles (about 90
//! instructions). With limbs across lanes, as they are computed, a selection would be 20 hardware
//! gathers or 17 × 20 masked loads: more than the addition itself.
//!
//! Windows are fixed, not sliding: all lanes do the same work at the same time, and a digit of 0 adds the
//! neutral element.

use super::{Affine, AffineNiels, Extended, Niels};
use crate::field::{EDWARDS_2D, FieldLanes, Limbs, ONE};
use crate::simd::Vector;

/// Rows of 8 words of an entry.
const ENTRY_ROWS: usize = 3;

/// Rows of one lane's table of so many entries.
#[inline]
pub(super) const fn lane_rows(entries: usize) -> usize {
    entries * ENTRY_ROWS
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
