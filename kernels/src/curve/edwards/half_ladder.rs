//! \[w\]B − \[v\]A − \[u\]R with half-size u and v, a vector of signatures at a time.
//!
//! # Method
//! One run of doublings serves four scalars. u and v, below 2^140, are read in signed windows of 4 bits against tables of
//! 0 to 8 times −A and −R, made for the occasion; usually 33 windows are in use, and none above them is looked at. w is cut in
//! two, w = w₁·2^128 + w₀, each read in 12 signed windows of 11 bits against fixed tables of 0 to 1024 times B and 2^128·B
//! ([`sigwarp_tables::ed25519`]).
//!
//! # Cost
//! 129 doublings, 66 additions of table entries, 24 of multiples of B, 14 entries of the tables: about 1,170 mul and 520 sqr.
//! The decoding of R adds 254 sqr and 22 mul. A ladder of one full-size scalar has 1,440 mul and 1,000 sqr.
//!
//! # Rejected
//! Windows of 5 bits: 12 additions fewer, 16 entries more, and two tables of 26 kB that the L1 cache of 32 or 48 kB does not
//! hold together.

use super::multiples::{build_table, digit, lane_bases, lane_rows, load_base, load_entry};
use super::{Affine, Projective};
use crate::field::FieldLanes;
use crate::scalar::half::{HALF_BITS, Words};
use crate::scalar::{self};
use crate::simd::{Kernel, Vector};
use sigwarp_tables::ed25519::{BASE_HIGH_MULTIPLES, BASE_MULTIPLES, BASE_WIDTH};

use super::decode::load_words;

/// Bits of a window of u and v.
const WIDTH: usize = 4;
/// Windows of u and v at most.
const DIGITS: usize = HALF_BITS / WIDTH + 1;
/// Entries of a table.
const ENTRIES: usize = (1 << (WIDTH - 1)) + 1;
/// Windows of each half of w.
const BASE_DIGITS: usize = 12;

/// Rows of the scratch that a ladder needs for `lanes` lanes: two tables.
#[inline]
pub const fn table_rows(lanes: usize) -> usize {
    2 * lanes * lane_rows(ENTRIES)
}

/// The windows that hold every digit of scalars of so many bits: n windows reach to 7/15·2^(4n).
#[inline]
pub const fn windows(bits: usize) -> usize {
    (bits + 1) / WIDTH + 1
}

/// |u| or |v| with the offsets of its windows.
#[inline]
pub fn offset_half(x: [u64; 3]) -> [u64; 4] {
    const OFFSET: [u64; 4] = scalar::window_offset(WIDTH, DIGITS);
    scalar::add([x[0], x[1], x[2], 0], OFFSET)
}

/// Both halves of w with the offsets of their windows.
#[inline]
pub fn offset_bases(w: [u64; 4]) -> [[u64; 4]; 2] {
    const OFFSET: [u64; 4] = scalar::window_offset(BASE_WIDTH, BASE_DIGITS);
    [scalar::add([w[0], w[1], 0, 0], OFFSET), scalar::add([w[2], w[3], 0, 0], OFFSET)]
}

/// Computes \[w\]B − \[v\]A − \[u\]R.
pub struct HalfLadder<'a, F> {
    /// A, of the sign of v, and R.
    pub points: [Affine<F>; 2],
    /// |v| and |u| by [`offset_half`].
    pub scalars: [&'a Words; 2],
    /// w by [`offset_bases`].
    pub bases: [&'a Words; 2],
    /// The windows of u and v in use: [`windows`], 32 at least.
    pub windows: usize,
    /// Scratch: [`table_rows`].
    pub table: &'a mut [[u64; 8]],
}

impl<F: FieldLanes> Kernel<F::Token> for HalfLadder<'_, F> {
    type Output = Projective<F>;

    #[inline(always)]
    fn run(self, token: F::Token) -> Projective<F> {
        let lanes = F::Vector::LANES;
        debug_assert!(BASE_WIDTH * (BASE_DIGITS - 1) < WIDTH * self.windows && self.windows <= DIGITS);
        let (of_a, of_r) = self.table.split_at_mut(lanes * lane_rows(ENTRIES));
        build_table::<F, ENTRIES>(token, self.points[0], of_a);
        build_table::<F, ENTRIES>(token, self.points[1], of_r);
        let tables: [&[[u64; 8]]; 2] = [of_a, of_r];
        let scalars: [[F::Vector; 4]; 2] =
            [load_words(token, self.scalars[0]), load_words(token, self.scalars[1])];
        let bases: [[F::Vector; 4]; 2] = [load_words(token, self.bases[0]), load_words(token, self.bases[1])];
        let base_tables: [&[[u64; 8]]; 2] = [&BASE_MULTIPLES.0, &BASE_HIGH_MULTIPLES.0];
        let first_rows = lane_bases::<F::Vector>(token, ENTRIES);

        let mut point = Projective::identity(token);
        let mut bit = WIDTH * (self.windows - 1);
        loop {
            let mut sum = point.double();
            if bit.is_multiple_of(WIDTH) {
                let mut i = 0;
                while i < 2 {
                    let (magnitude, negative) = digit::<F::Vector, WIDTH, DIGITS>(&scalars[i], bit);
                    let row = first_rows.add(magnitude.shl::<1>()).add(magnitude);
                    let entry = load_entry::<F>(tables[i], row);
                    sum = sum.to_extended().add_niels(entry.negate_where(negative));
                    i += 1;
                }
            }
            if bit.is_multiple_of(BASE_WIDTH) && bit < BASE_WIDTH * BASE_DIGITS {
                let mut i = 0;
                while i < 2 {
                    let (magnitude, negative) = digit::<F::Vector, BASE_WIDTH, BASE_DIGITS>(&bases[i], bit);
                    let entry = load_base::<F>(base_tables[i], magnitude);
                    sum = sum.to_extended().add_affine(entry.negate_where(negative));
                    i += 1;
                }
            }
            point = sum.to_projective();
            if bit == 0 {
                return point;
            }
            bit -= 1;
        }
    }
}

// A half of w has 128 bits, and its topmost window takes what is left above the others and a carry.
const _: () = assert!(BASE_WIDTH * BASE_DIGITS > 128 && WIDTH * DIGITS > HALF_BITS);
