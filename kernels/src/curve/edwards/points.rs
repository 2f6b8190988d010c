//! Decoded points kept in memory as table entries, for computations that take them in any order.
//!
//! An entry is y + x, y − x and 2dxy: the operand of a mixed addition, which costs seven multiplications. 15 words in
//! two rows of 8, so that a lane loads its entry with two loads and the vectors come out of shuffles.

use super::decode::{Decode, Words};
use super::{Affine, AffineNiels};
use crate::field::{EDWARDS_2D, FieldLanes, Limbs, MASK51};
use crate::simd::{Kernel, LaneMask, MAX_LANES, Rows, Token, Vector};
use core::marker::PhantomData;

/// Rows of an entry.
pub const ENTRY_ROWS: usize = 2;
/// The neutral element, in every table.
pub const NEUTRAL: u32 = 0;
/// The base point B, in every table.
pub const BASE: u32 = 1;
/// Entries that every table begins with.
const FIXED: usize = 2;
/// Vectors decoded side by side: three hide the latency of a squaring and leave their limbs in registers; four were
/// 2 to 3 % slower. Scalar code has registers for one.
const SIDE_BY_SIDE: usize = 3;
/// (p + 1)/2, the inverse of 2.
const HALF: Limbs = [MASK51 - 8, MASK51, MASK51, MASK51, MASK51 >> 1];
/// 1/(2d).
pub(crate) const INVERSE_2D: Limbs = [
    133_296_036_314_136,
    426_780_519_490_142,
    971_550_796_200_877,
    1_003_625_501_967_667,
    1_693_814_684_165_806,
];
/// The encodings of the neutral element and of B (RFC 8032, section 5.1).
const FIXED_ENCODINGS: [[u64; 8]; FIXED] = [
    [1, 0, 0, 0, 0, 0, 0, 0],
    [0x6666_6666_6666_6658, 0x6666_6666_6666_6666, 0x6666_6666_6666_6666, 0x6666_6666_6666_6666, 0, 0, 0, 0],
];

/// A table of points.
#[derive(Debug)]
pub struct Points<F> {
    pub(super) rows: Rows,
    field: PhantomData<fn() -> F>,
}

impl<F: FieldLanes> Points<F> {
    /// A table of the neutral element and B.
    pub fn new(token: F::Token) -> Self {
        let mut points = Self { rows: Rows::new(), field: PhantomData };
        points.decode(token, &FIXED_ENCODINGS, &mut Vec::new());
        points
    }

    /// Forgets all points but the neutral element and B.
    pub fn clear(&mut self) {
        self.truncate(FIXED);
    }

    /// Forgets all but the first `entries`.
    pub fn truncate(&mut self, entries: usize) {
        self.rows.resize(entries.max(FIXED).min(self.len().max(FIXED)) * ENTRY_ROWS);
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.rows.len() / ENTRY_ROWS
    }

    /// Whether there are none but the fixed ones.
    pub fn is_empty(&self) -> bool {
        self.len() <= FIXED
    }

    /// The entries.
    pub fn entries(&self) -> &[[[u64; 8]; ENTRY_ROWS]] {
        self.rows.as_chunks().0
    }

    /// Bytes held.
    pub fn capacity_bytes(&self) -> usize {
        self.rows.capacity_bytes()
    }

    /// Appends the points that the first four words of each row encode, as RFC 8032 decodes them without asking for
    /// canonical bytes, and their standing to `on_curve`. Those not on the curve become the neutral element.
    /// Returns the entry of the first.
    pub fn decode(&mut self, token: F::Token, encodings: &[[u64; 8]], on_curve: &mut Vec<bool>) -> u32 {
        let lanes = F::Vector::LANES;
        let first = self.len();
        let vectors = encodings.len().div_ceil(lanes);
        self.rows.resize((first + vectors * lanes) * ENTRY_ROWS);
        on_curve.reserve(encodings.len());
        let mut vector = 0;
        while vector < vectors {
            let start = vector * lanes;
            let table = &mut self.rows[(first + start) * ENTRY_ROWS..];
            let mut note = |masks: &[u8]| {
                for (i, mask) in masks.iter().enumerate() {
                    for lane in 0..lanes.min(encodings.len() - start - i * lanes) {
                        on_curve.push(mask >> lane & 1 == 1);
                    }
                }
                vector += masks.len();
            };
            if lanes > 1 && vectors - start / lanes >= SIDE_BY_SIDE {
                let kernel = DecodeEntries::<F, SIDE_BY_SIDE> { encodings, start, table, field: PhantomData };
                note(&token.vectorize(kernel));
            } else {
                note(&token.vectorize(DecodeEntries::<F, 1> { encodings, start, table, field: PhantomData }));
            }
        }
        self.rows.resize((first + encodings.len()) * ENTRY_ROWS);
        first as u32
    }

    /// The points of `LANES` entries in affine coordinates.
    pub fn affine(&self, token: F::Token, entries: &[u32; MAX_LANES]) -> Affine<F> {
        token.vectorize(LoadAffine { table: self.entries(), entries, field: PhantomData })
    }
}

/// The entries `at[lane] >> shift`.
#[inline(always)]
pub(crate) fn load_entry<F: FieldLanes>(
    token: F::Token,
    table: &[[[u64; 8]; ENTRY_ROWS]],
    at: &[u32],
    shift: u32,
) -> AffineNiels<F> {
    let [p, q] = F::Vector::gather_entries::<ENTRY_ROWS>(token, table, at, shift);
    AffineNiels {
        y_plus_x: F::unpack([p[0], p[1], p[2], p[3], p[4]]),
        y_minus_x: F::unpack([p[5], p[6], p[7], q[0], q[1]]),
        xy2d: F::unpack([q[2], q[3], q[4], q[5], q[6]]),
    }
}

/// Lane i's point becomes entry `first + i * stride`; `d2` is 2d.
#[inline(always)]
pub(super) fn store_entry<F: FieldLanes>(
    d2: F,
    Affine { x, y }: Affine<F>,
    table: &mut [[u64; 8]],
    first: usize,
    stride: usize,
) {
    let p = F::carry(F::add_wide(y.widen(), x.widen())).pack();
    let m = F::carry(F::sub_wide(y.widen(), x.widen())).pack();
    let t = x.mul(y).mul(d2).pack();
    let (row, stride) = (first * ENTRY_ROWS, stride * ENTRY_ROWS);
    F::Vector::scatter_rows([p[0], p[1], p[2], p[3], p[4], m[0], m[1], m[2]], table, row, stride);
    F::Vector::scatter_rows([m[3], m[4], t[0], t[1], t[2], t[3], t[4], t[4]], table, row + 1, stride);
}

/// Decodes `N` vectors of encodings from `start` on, to the beginning of `table`. Lanes beyond the last encoding
/// repeat it.
struct DecodeEntries<'a, F, const N: usize> {
    encodings: &'a [[u64; 8]],
    start: usize,
    table: &'a mut [[u64; 8]],
    field: PhantomData<F>,
}

impl<F: FieldLanes, const N: usize> Kernel<F::Token> for DecodeEntries<'_, F, N> {
    type Output = [u8; N];

    #[inline(always)]
    fn run(self, token: F::Token) -> [u8; N] {
        let lanes = F::Vector::LANES;
        let last = self.encodings.len() - 1;
        let mut words: [Words; N] = [[[0; MAX_LANES]; 4]; N];
        let mut i = 0;
        while i < N {
            let mut index = [0; MAX_LANES];
            let mut lane = 0;
            while lane < lanes {
                index[lane] = (self.start + i * lanes + lane).min(last) as u64;
                lane += 1;
            }
            let [row] = F::Vector::gather_rows::<1>(self.encodings, F::Vector::load(token, &index));
            let mut j = 0;
            while j < 4 {
                row[j].store(&mut words[i][j]);
                j += 1;
            }
            i += 1;
        }
        let mut of = [&words[0]; N];
        i = 1;
        while i < N {
            of[i] = &words[i];
            i += 1;
        }
        let decoded = Decode::<F, N> { words: of, field: PhantomData }.run(token);
        let d2 = F::splat(token, &EDWARDS_2D);
        let mut masks = [0; N];
        i = 0;
        while i < N {
            let (point, mask) = decoded[i];
            store_entry(d2, point, self.table, i * lanes, 1);
            masks[i] = mask.bits();
            i += 1;
        }
        masks
    }
}

struct LoadAffine<'a, F> {
    table: &'a [[[u64; 8]; ENTRY_ROWS]],
    entries: &'a [u32; MAX_LANES],
    field: PhantomData<F>,
}

impl<F: FieldLanes> Kernel<F::Token> for LoadAffine<'_, F> {
    type Output = Affine<F>;

    #[inline(always)]
    fn run(self, token: F::Token) -> Affine<F> {
        let AffineNiels { y_plus_x, y_minus_x, .. } = load_entry::<F>(token, self.table, self.entries, 0);
        let half = F::splat(token, &HALF);
        Affine { x: y_plus_x.sub(y_minus_x).mul(half), y: y_plus_x.add(y_minus_x).mul(half) }
    }
}
