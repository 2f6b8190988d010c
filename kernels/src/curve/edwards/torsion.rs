//! Sums of a few table entries that carry the torsion of larger multiples.
//!
//! Contract. [`Points::append_sums`] adds table entries, with [`Points::append_multiples`] for the small multiples that
//! go in. Which points those are, and what follows for a signature, is the caller's business (docs/soundness.md).
//!
//! # Multiples
//! κA has the torsion of kA for every κ ≡ k (mod 8). With κ from −3 to 4 the multiples A, 2A, 3A and 4A are enough:
//! two doublings and an addition, 8 S + 17 M, and 7 M a point to divide by Z and to make the entry. They are made once
//! for each distinct key.
//!
//! # Sums
//! An addition of two table entries is 7 M, and 7 M again for the entry. The inversion is shared by 1,024 points.
//!
//! # Rejected
//! - The Tate pairing with the rational point of order 4, a homomorphism to F_p*/(F_p*)^4 of a few multiplications: it
//!   does not see the point of order 2, because p ≡ 5 (mod 8). A pairing of order 8 has its values in F_{p²}, where a
//!   product costs half of a point addition. The additions that it would replace are shared with the linear
//!   combination and cost nothing here (`multiscalar::bit_sums`).
//! - κ from 0 to 7, by three additions for each item: 8 M more than with a table of multiples, and no sharing.

use super::equation::normalize;
use super::points::{ENTRY_ROWS, INVERSE_2D, Points, load_entry, store_entry};
use super::{Affine, Extended, Projective};
use crate::field::{EDWARDS_2D, FieldLanes, ONE};
use crate::simd::{Kernel, MAX_LANES, Token, Vector};

/// Multiples of a point that [`Points::append_multiples`] makes: 2, 3 and 4 times it.
pub const MULTIPLES: usize = 3;
/// Points that share an inversion.
const SHARE: usize = 1024;

impl<F: FieldLanes> Points<F> {
    /// Appends 2, 3 and 4 times each of the `count` points from entry `first` on, [`MULTIPLES`] entries a point. Returns
    /// the first of them.
    ///
    /// Panics if the table does not have those entries.
    pub fn append_multiples(&mut self, token: F::Token, first: u32, count: usize) -> u32 {
        let lanes = F::Vector::LANES;
        let start = self.len();
        let vectors = count.div_ceil(lanes);
        self.rows.resize((start + vectors * lanes * MULTIPLES) * ENTRY_ROWS);
        let mut made = Vec::with_capacity(MULTIPLES * (SHARE / lanes).min(vectors));
        let mut vector = 0;
        while vector < vectors {
            made.clear();
            let end = (vector + SHARE / lanes).min(vectors);
            for vector in vector..end {
                let entries = entries_of(first, vector * lanes, count);
                made.extend(token.vectorize(Multiples { points: &*self, entries: &entries }));
            }
            normalize(token, &mut made);
            for (i, point) in made.iter().enumerate() {
                let first = start + (vector + i / MULTIPLES) * lanes * MULTIPLES + i % MULTIPLES;
                token.vectorize(Store { point, table: &mut self.rows, first, stride: MULTIPLES });
            }
            vector = end;
        }
        self.rows.resize((start + count * MULTIPLES) * ENTRY_ROWS);
        start as u32
    }

    /// Appends P + Q or P − Q for each P of the entries from `first` on, as many as `with` names: twice the entry of Q,
    /// plus one for the difference. Returns the first of them.
    ///
    /// Panics if the table does not have those entries.
    pub fn append_sums(&mut self, token: F::Token, first: u32, with: &[u32]) -> u32 {
        let lanes = F::Vector::LANES;
        let start = self.len();
        let vectors = with.len().div_ceil(lanes);
        self.rows.resize((start + vectors * lanes) * ENTRY_ROWS);
        let mut made = Vec::with_capacity((SHARE / lanes).min(vectors));
        let mut vector = 0;
        while vector < vectors {
            made.clear();
            let end = (vector + SHARE / lanes).min(vectors);
            for vector in vector..end {
                let entries = entries_of(first, vector * lanes, with.len());
                let mut others = [0; MAX_LANES];
                for lane in 0..lanes.min(with.len() - vector * lanes) {
                    others[lane] = with[vector * lanes + lane];
                }
                made.push(token.vectorize(Sum { points: &*self, entries: &entries, others: &others }));
            }
            normalize(token, &mut made);
            for (i, point) in made.iter().enumerate() {
                let first = start + (vector + i) * lanes;
                token.vectorize(Store { point, table: &mut self.rows, first, stride: 1 });
            }
            vector = end;
        }
        self.rows.resize((start + with.len()) * ENTRY_ROWS);
        start as u32
    }
}

/// The entries from `start` on of `count` from `first` on; lanes beyond the last repeat it.
#[inline]
fn entries_of(first: u32, start: usize, count: usize) -> [u32; MAX_LANES] {
    let mut entries = [0; MAX_LANES];
    for (lane, entry) in entries.iter_mut().enumerate() {
        *entry = first + (start + lane).min(count - 1) as u32;
    }
    entries
}

/// 2, 3 and 4 times a vector of points.
struct Multiples<'a, F> {
    points: &'a Points<F>,
    entries: &'a [u32; MAX_LANES],
}

impl<F: FieldLanes> Kernel<F::Token> for Multiples<'_, F> {
    type Output = [Projective<F>; MULTIPLES];

    #[inline(always)]
    fn run(self, token: F::Token) -> Self::Output {
        let one = load_entry::<F>(token, self.points.entries(), self.entries, 0);
        let (p, m) = (one.y_plus_x.widen(), one.y_minus_x.widen());
        // The same point with Z = 2.
        let doubled = Projective {
            x: F::carry(F::sub_wide(p, m)),
            y: F::carry(F::add_wide(p, m)),
            z: F::splat(token, &[2, 0, 0, 0, 0]),
        }
        .double();
        let two = doubled.to_projective();
        let three = doubled.to_extended().add_affine(one).to_projective();
        [two, three, two.double().to_projective()]
    }
}

/// The sums of two vectors of points.
struct Sum<'a, F> {
    points: &'a Points<F>,
    entries: &'a [u32; MAX_LANES],
    /// Twice the entry, plus one to negate it.
    others: &'a [u32; MAX_LANES],
}

impl<F: FieldLanes> Kernel<F::Token> for Sum<'_, F> {
    type Output = Projective<F>;

    #[inline(always)]
    fn run(self, token: F::Token) -> Projective<F> {
        let table = self.points.entries();
        let one = load_entry::<F>(token, table, self.entries, 0);
        let other = load_entry::<F>(token, table, self.others, 1);
        let sum = Extended {
            y_plus_x: one.y_plus_x,
            y_minus_x: one.y_minus_x,
            z: F::splat(token, &ONE),
            t: one.xy2d.mul(F::splat(token, &INVERSE_2D)),
        };
        sum.add_affine(other.negate_where(F::Vector::odd(token, self.others))).to_projective()
    }
}

/// Makes entries of a vector of points that are divided by Z: lane i goes to entry `first + i * stride`.
struct Store<'a, F> {
    point: &'a Projective<F>,
    table: &'a mut [[u64; 8]],
    first: usize,
    stride: usize,
}

impl<F: FieldLanes> Kernel<F::Token> for Store<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: F::Token) {
        let affine = Affine { x: self.point.x, y: self.point.y };
        store_entry(F::splat(token, &EDWARDS_2D), affine, self.table, self.first, self.stride);
    }
}

#[cfg(test)]
mod tests {
    use super::super::points::{BASE, NEUTRAL};
    use super::*;
    use crate::field::testing::{Fields, FieldsTest, on_every_instruction_set};
    use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION};
    use curve25519_dalek::edwards::EdwardsPoint;
    use curve25519_dalek::scalar::Scalar;
    use curve25519_dalek::traits::Identity;

    fn row(point: &EdwardsPoint) -> [u64; 8] {
        let mut row = [0; 8];
        for (word, bytes) in row.iter_mut().zip(point.compress().0.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        row
    }

    /// Points of every torsion, the small-order points, the neutral element and B.
    fn samples() -> Vec<EdwardsPoint> {
        let mut points = EIGHT_TORSION.to_vec();
        points.push(B);
        for i in 0..24u64 {
            points.push(EdwardsPoint::mul_base(&Scalar::from(i * i + 2)) + EIGHT_TORSION[i as usize % 8]);
        }
        points
    }

    /// The table entry is the point's.
    fn assert_entry<F: FieldLanes>(token: F::Token, points: &Points<F>, entry: u32, point: &EdwardsPoint) {
        let mut expected = Points::<F>::new(token);
        let at = expected.decode(token, &[row(point)], &mut Vec::new());
        // Packed words are not canonical; coordinates are compared.
        let of = |points: &Points<F>, entry: u32| {
            let Affine { x, y } = points.affine(token, &[entry; MAX_LANES]);
            [super::super::decode::lane_limbs(x, 0), super::super::decode::lane_limbs(y, 0)]
        };
        assert_eq!(of(points, entry), of(&expected, at), "{}", F::Token::NAME);
        let product = |points: &Points<F>, entry: u32| {
            let xy2d = load_entry::<F>(token, points.entries(), &[entry; MAX_LANES], 0).xy2d;
            super::super::decode::lane_limbs(xy2d, 0)
        };
        assert_eq!(product(points, entry), product(&expected, at), "{}", F::Token::NAME);
    }

    fn check_entries<F: FieldLanes>() {
        let Some(token) = crate::simd::testing::detect::<F::Token>() else { return };
        let all = samples();
        for count in [0, 1, 7, 8, 9, all.len()] {
            let mut points = Points::<F>::new(token);
            let rows: Vec<[u64; 8]> = all[..count].iter().map(row).collect();
            let first = points.decode(token, &rows, &mut Vec::new());
            let multiples = points.append_multiples(token, first, count);
            for (i, point) in all[..count].iter().enumerate() {
                for multiple in 2..5 {
                    let entry = multiples + 3 * i as u32 + multiple - 2;
                    assert_entry(token, &points, entry, &(point * Scalar::from(multiple)));
                }
            }
            // Each with the neutral element, B, itself, its negative, and the ones behind.
            for shift in 0..5 {
                let pairs: Vec<(u32, EdwardsPoint)> = (0..count)
                    .map(|i| {
                        let other = (i + shift) % count;
                        match (i + shift) % 4 {
                            0 => (NEUTRAL << 1 | (i as u32 & 1), EdwardsPoint::identity()),
                            1 => (BASE << 1 | 1, -B),
                            2 => ((first + other as u32) << 1 | 1, -all[other]),
                            _ => ((first + other as u32) << 1, all[other]),
                        }
                    })
                    .collect();
                let with: Vec<u32> = pairs.iter().map(|pair| pair.0).collect();
                let sums = points.append_sums(token, first, &with);
                assert_eq!(points.len(), sums as usize + count);
                for (i, (_, other)) in pairs.iter().enumerate() {
                    assert_entry(token, &points, sums + i as u32, &(all[i] + other));
                }
            }
        }
    }

    struct Entries;

    impl FieldsTest for Entries {
        fn run<S: Fields>(&mut self) {
            check_entries::<S::Edwards>();
        }
    }

    #[test]
    fn entries_are_those_of_dalek() {
        on_every_instruction_set(&mut Entries);
    }
}
