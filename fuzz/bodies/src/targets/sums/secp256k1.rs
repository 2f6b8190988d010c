//! Sums over secp256k1, as of BIP 340. The formulas are incomplete: the sum may be unknown where an addition is
//! exceptional, but what it says otherwise is so, and with starting points that nobody knows it is never unknown.

use arbitrary::{Result, Unstructured};
use k256::elliptic_curve::ops::Reduce;
use k256::elliptic_curve::point::AffineCoordinates;
use k256::elliptic_curve::{Group, PrimeField};
use k256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};
use num_bigint::BigUint;
use sigwarp_kernels::curve::weierstrass::{Encoded, Secp256k1, Y, glv};
use sigwarp_kernels::field::prime256::{Family, Fma, General, Ifma};
use sigwarp_kernels::multiscalar::Terms;
use sigwarp_kernels::multiscalar::weierstrass::{BITS, Blinds, Outcome, Points, Windows, Workspace};
use sigwarp_kernels::simd::Vector;
use sigwarp_kernels::simd::emulated::EmulatedU64x8;

use super::{EMULATED, Words, bytes, count, integer, power, repeat, words, words_of};
use crate::seeds;

fn order() -> BigUint {
    BigUint::from_bytes_be(&(-Scalar::ONE).to_repr()) + 1u32
}

fn scalar(x: &Words) -> Scalar {
    let mut bytes = bytes(x);
    bytes.reverse();
    <Scalar as Reduce<FieldBytes>>::reduce(&FieldBytes::from(bytes))
}

fn times_g(x: &Scalar) -> ProjectivePoint {
    ProjectivePoint::GENERATOR * x
}

/// Infinity has no encoding.
fn encoded(point: &ProjectivePoint, by_parity: bool) -> Option<Encoded> {
    if bool::from(point.is_identity()) {
        return None;
    }
    let affine = AffinePoint::from(*point);
    let words_of = |mut bytes: [u8; 32]| {
        bytes.reverse();
        words_of(&bytes)
    };
    let (x, y) = (words_of(affine.x().into()), words_of(affine.y().into()));
    Some(Encoded { x, y: if by_parity { Y::Odd(y[0] & 1 == 1) } else { Y::Is(y) } })
}

/// Points of an input as they are encoded, those without images first; and what an entry of the table is.
#[derive(Debug)]
struct Pool {
    encodings: [Vec<Encoded>; 2],
    on_curve: [Vec<bool>; 2],
    /// Entry 0 stands for none.
    entries: Vec<ProjectivePoint>,
}

impl Pool {
    fn any(u: &mut Unstructured<'_>) -> Result<Self> {
        let mut pool = Self {
            encodings: Default::default(),
            on_curve: Default::default(),
            entries: vec![ProjectivePoint::IDENTITY],
        };
        for images in [false, true] {
            let which = usize::from(images);
            for _ in 0..1 + u.arbitrary::<u8>()? % 6 {
                let [kind, earlier] = u.arbitrary::<[u8; 2]>()?;
                let earlier = pool.entries[usize::from(earlier) % pool.entries.len()];
                let point = match kind % 8 {
                    0 => -earlier,
                    1 => earlier,
                    2 => earlier.double(),
                    3 => ProjectivePoint::GENERATOR,
                    _ => times_g(&scalar(&words(&integer(u, &order(), &order())?))),
                };
                // 5 is the x of no point, and what is no point becomes G.
                let none = Encoded { x: [5, 0, 0, 0], y: Y::Odd(kind & 1 == 1) };
                let encoded = encoded(&point, kind & 8 == 8);
                pool.on_curve[which].push(encoded.is_some());
                let point = if encoded.is_some() { point } else { ProjectivePoint::GENERATOR };
                pool.encodings[which].push(encoded.unwrap_or(none));
                pool.entries.push(point);
                if images {
                    pool.entries.push(point.endomorphism());
                }
            }
        }
        Ok(pool)
    }

    /// The first entry that has an image.
    fn first_image(&self) -> usize {
        1 + self.encodings[0].len()
    }
}

#[derive(Debug, Clone, Copy)]
struct Term {
    entry: u32,
    scalar: Words,
    negative: bool,
}

impl Term {
    fn point(&self, pool: &Pool) -> ProjectivePoint {
        let point = pool.entries[self.entry as usize] * scalar(&self.scalar);
        if self.negative { -point } else { point }
    }
}

/// What a sum is compared with.
#[derive(Debug, Clone, Copy)]
enum With {
    Itself,
    Negative,
    Image,
    Moved(u64),
    Other(u16),
}

#[derive(Debug)]
struct Sum {
    terms: Vec<Term>,
    total: ProjectivePoint,
    /// The multiples of G that it starts from.
    blinds: [Scalar; 3],
    /// Whether these are known to whoever chose the scalars.
    known: bool,
    with: With,
}

impl Sum {
    fn any(u: &mut Unstructured<'_>, pool: &Pool) -> Result<Self> {
        let [kind, with] = u.arbitrary::<[u8; 2]>()?;
        let mut terms = Vec::new();
        for _ in 0..count(u)? {
            let [entry, how] = u.arbitrary::<[u8; 2]>()?;
            if how % 4 == 0 {
                // As a key's scalar, in halves.
                let pairs = pool.encodings[1].len();
                let entry = (pool.first_image() + 2 * (usize::from(entry) % pairs)) as u32;
                let k = words(&integer(u, &order(), &order())?);
                for (i, (scalar, negative)) in glv::magnitudes(&k).into_iter().enumerate() {
                    terms.push(Term { entry: entry + i as u32, scalar, negative });
                }
            } else {
                let entry = 1 + u32::from(entry) % (pool.entries.len() as u32 - 1);
                let scalar = words(&integer(u, &power(BITS as u64), &order())?);
                terms.push(Term { entry, scalar, negative: how & 1 == 1 });
            }
        }
        let (times, step) = repeat(u, terms.len())?;
        let first = terms.clone();
        for i in 1..times as u64 {
            let moved = |term: &Term| {
                let [a, b, ..] = term.scalar;
                Term { scalar: [a ^ i.wrapping_mul(step), b, 0, 0], ..*term }
            };
            terms.extend(first.iter().map(moved));
        }
        let known = kind % 4 == 0;
        let blinds = if known { known_blinds(u)? } else { unknown_blinds(u.arbitrary()?) };
        let with = match with % 8 {
            0..=3 => With::Itself,
            4 => With::Negative,
            5 => With::Image,
            6 => With::Moved(1 + u.arbitrary::<u64>()? % 1000),
            _ => With::Other(u.arbitrary()?),
        };
        let total = terms.iter().map(|term| term.point(pool)).sum();
        Ok(Self { terms, total, blinds, known, with })
    }

    fn terms(&self) -> Terms {
        let mut terms = Terms::new(BITS);
        for Term { entry, scalar, negative } in &self.terms {
            terms.push_negative_where(*entry, scalar, *negative);
        }
        terms
    }

    /// The sum with what its shape adds to it, and the point that it is compared with.
    fn points<S: Family>(&self, terms: &Terms) -> [ProjectivePoint; 2] {
        let (width, windows, coefficients) = Windows::of::<S>(terms).offset();
        let of_window: Scalar =
            self.blinds.iter().zip(coefficients).map(|(blind, factor)| *blind * Scalar::from(factor)).sum();
        let offset =
            (0..windows).fold(Scalar::ZERO, |offset, _| offset * Scalar::from(1u64 << width) + of_window);
        let sum = self.total + times_g(&offset);
        let with = match self.with {
            With::Itself => sum,
            With::Negative => -sum,
            With::Image => sum.endomorphism(),
            With::Moved(by) => sum + times_g(&Scalar::from(by)),
            With::Other(salt) => times_g(&unknown_blinds(u64::from(salt))[0]),
        };
        [sum, with]
    }
}

/// Small ones and equal ones, which meet points of the table and each other, or any.
fn known_blinds(u: &mut Unstructured<'_>) -> Result<[Scalar; 3]> {
    let mut blinds = [Scalar::ONE; 3];
    for blind in &mut blinds {
        let [small, kind] = u.arbitrary::<[u8; 2]>()?;
        let small = Scalar::from(1 + u64::from(small) % 20);
        *blind = match kind % 4 {
            0 => small,
            1 => -small,
            _ => scalar(&words(&integer(u, &order(), &order())?)),
        };
    }
    Ok(blinds)
}

fn unknown_blinds(salt: u64) -> [Scalar; 3] {
    let bytes = seeds::bytes(salt ^ 0xb11d, 96);
    [0, 32, 64].map(|at| {
        let mut scalar = [0; 32];
        scalar.copy_from_slice(&bytes[at..at + 32]);
        self::scalar(&words_of(&scalar))
    })
}

/// Sums of one table, by one workspace.
#[derive(Debug)]
struct Program {
    pool: Pool,
    sums: Vec<Sum>,
}

impl Program {
    fn any(u: &mut Unstructured<'_>) -> Result<Self> {
        let count = 1 + u.arbitrary::<u8>()? % 3;
        let pool = Pool::any(u)?;
        let sums = (0..count).map(|_| Sum::any(u, &pool)).collect::<Result<_>>()?;
        Ok(Self { pool, sums })
    }

    /// Checks in one representation; gives the outcomes.
    fn run<S: Family>(&self) -> Vec<Outcome> {
        let Some(token) = sigwarp_kernels::simd::testing::detect::<S::Token>() else { return Vec::new() };
        let name = std::any::type_name::<S>();
        let mut points = Points::default();
        let mut next = 1;
        for images in [false, true] {
            let which = usize::from(images);
            let mut on_curve = Vec::new();
            let encodings = &self.pool.encodings[which];
            assert_eq!(points.decode::<Secp256k1, S>(token, encodings, images, &mut on_curve), next);
            assert_eq!(on_curve, self.pool.on_curve[which], "{name}: {encodings:x?}");
            next += encodings.len() as u32;
        }
        let mut workspace = Workspace::default();
        let mut outcomes = Vec::new();
        for (i, sum) in self.sums.iter().enumerate() {
            if S::Vector::CALLS && sum.terms.len() > EMULATED {
                continue;
            }
            let terms = sum.terms();
            let [total, with] = sum.points::<S>(&terms);
            let [a, b, c] = sum.blinds.map(|blind| encoded(&times_g(&blind), i % 2 == 1));
            let (Some(a), Some(b), Some(c), Some(encoded)) = (a, b, c, encoded(&with, sum.known)) else {
                continue;
            };
            let blinds = Blinds { points: [a, b, c] };
            let outcome = workspace.compare::<Secp256k1, S>(token, &points, &terms, &blinds, &encoded);
            let expected = if total == with { Outcome::Equal } else { Outcome::Different };
            let unknown = sum.known && outcome == Outcome::Unknown;
            assert!(outcome == expected || unknown, "{name}, sum {i}: {outcome:?}, {self:x?}");
            outcomes.push(outcome);
        }
        outcomes
    }
}

pub(super) fn check(u: &mut Unstructured<'_>) -> Result<()> {
    let program = Program::any(u)?;
    program.run::<General>();
    program.run::<Ifma<EmulatedU64x8>>();
    program.run::<Fma<EmulatedU64x8>>();
    #[cfg(target_arch = "x86_64")]
    {
        program.run::<Fma<sigwarp_kernels::simd::avx2::U64x4>>();
        program.run::<Ifma<sigwarp_kernels::simd::avx512ifma::U64x8>>();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::sums::Kind;

    #[test]
    fn seeds_have_every_outcome() {
        let (mut equal, mut different, mut unknown, mut large, mut met) = (0, 0, 0, 0, 0);
        for seed in seeds::of("sums") {
            let mut u = Unstructured::new(&seed);
            if Kind::any(&mut u).expect("a byte") != Kind::Secp256k1 {
                continue;
            }
            let program = Program::any(&mut u).expect("any bytes make sums");
            large += program.sums.iter().filter(|sum| sum.terms.len() >= 100).count();
            met += program.sums.iter().filter(|sum| sum.known).count();
            for outcome in program.run::<General>() {
                match outcome {
                    Outcome::Equal => equal += 1,
                    Outcome::Different => different += 1,
                    Outcome::Unknown => unknown += 1,
                }
            }
        }
        println!("{equal} equal, {different} different, {unknown} of {met} unknown, {large} large");
        assert!(equal >= 15 && different >= 15, "{equal} equal, {different} different");
        // Of sums whose starting points are known, some are exceptional and some are not.
        assert!(unknown >= 3 && unknown + 3 <= met, "{unknown} of {met} unknown");
        assert!(large >= 2, "{large} large");
    }

    #[test]
    fn the_order_is_that_of_the_curve() {
        assert!(bool::from((times_g(&-Scalar::ONE) + ProjectivePoint::GENERATOR).is_identity()));
        assert_eq!(scalar(&words(&(order() + 3u32))), Scalar::from(3u64));
    }
}
