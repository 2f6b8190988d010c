//! Multiscalar sums over edwards25519, and sums by bits.

use arbitrary::{Result, Unstructured};
use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity, IsIdentity, VartimeMultiscalarMul};
use num_bigint::BigUint;
use sigwarp_kernels::curve::edwards::points::{BASE, NEUTRAL, Points};
use sigwarp_kernels::field::FieldLanes;
use sigwarp_kernels::multiscalar::{Terms, Workspace};
use sigwarp_kernels::simd::Vector;

use super::{
    EMULATED, InField, ORDER, Words, count, in_every_field, integer, number, point, power, repeat, scalar,
    words, words_of,
};

/// The entry of the first of the eight points of small order.
const TORSION: u32 = 2;
/// Bits of plain scalars.
const PLAIN_BITS: usize = 128;

/// The points of an input, and their encodings from entry 2 on.
#[derive(Debug)]
struct Pool {
    points: Vec<EdwardsPoint>,
    encodings: Vec<[u64; 8]>,
    on_curve: Vec<bool>,
}

impl Pool {
    fn new() -> Self {
        let points = vec![EdwardsPoint::identity(), ED25519_BASEPOINT_POINT];
        debug_assert!(NEUTRAL == 0 && BASE == 1 && points.len() as u32 == TORSION);
        let mut pool = Self { points, encodings: Vec::new(), on_curve: Vec::new() };
        for point in EIGHT_TORSION {
            pool.push(point);
        }
        pool
    }

    /// Adds a point; gives its entry.
    fn push(&mut self, point: EdwardsPoint) -> u32 {
        self.push_encoded(words_of(&point.compress().0), Some(point))
    }

    /// Adds what an encoding stands for; where that is no point, it is the neutral element.
    fn push_encoded(&mut self, [a, b, c, d]: Words, point: Option<EdwardsPoint>) -> u32 {
        self.encodings.push([a, b, c, d, 0, 0, 0, 0]);
        self.on_curve.push(point.is_some());
        self.points.push(point.unwrap_or_default());
        self.points.len() as u32 - 1
    }

    fn extend(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        for _ in 0..1 + u.arbitrary::<u8>()? % 8 {
            let [kind, earlier] = u.arbitrary::<[u8; 2]>()?;
            let earlier = self.points[usize::from(earlier) % self.points.len()];
            match kind % 8 {
                0 => self.push(-earlier),
                1 => self.push(earlier),
                2 => self.push(earlier + earlier),
                // No point has this y.
                3 => self.push_encoded([2, 0, 0, 0], None),
                _ => self.push(point(u)?),
            };
        }
        Ok(())
    }

    /// Any entry, mostly one that is not of small order; of odd order only where that is asked for.
    fn entry(&self, u: &mut Unstructured<'_>, odd: bool) -> Result<u32> {
        let [any, which] = u.arbitrary::<[u8; 2]>()?;
        let count = self.points.len() as u32;
        let first = TORSION + EIGHT_TORSION.len() as u32;
        let entry = match any {
            0..=63 => u32::from(which) % count,
            64..=95 => BASE,
            _ => first + u32::from(which) % (count - first),
        };
        let wrong = odd && !self.points[entry as usize].is_torsion_free();
        Ok(if wrong { BASE } else { entry })
    }
}

/// How a term is put into its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Plus,
    Minus,
    ModuloOrder,
}

#[derive(Debug, Clone, Copy)]
struct Term {
    entry: u32,
    scalar: Words,
    how: How,
}

impl Term {
    /// The scalar that its point is multiplied by, modulo L.
    fn factor(&self) -> Scalar {
        let factor = scalar(&self.scalar);
        if self.how == How::Minus { -factor } else { factor }
    }
}

/// Terms that share a number of bits.
#[derive(Debug)]
struct List {
    bits: usize,
    plain: bool,
    terms: Vec<Term>,
}

impl List {
    fn how(&self, u: &mut Unstructured<'_>) -> Result<How> {
        Ok(match u.arbitrary::<u8>()? % 4 {
            _ if self.plain => How::Plus,
            0 | 1 if self.bits == 252 => How::ModuloOrder,
            0..=2 => How::Plus,
            _ => How::Minus,
        })
    }

    fn bound(&self, how: How) -> BigUint {
        if how == How::ModuloOrder { ORDER.clone() } else { power(self.bits as u64) }
    }

    fn scalar(&self, u: &mut Unstructured<'_>, how: How) -> Result<Words> {
        Ok(words(&integer(u, &self.bound(how), &ORDER)?))
    }

    /// Adds terms of any points, now and then by the hundred.
    fn fill(&mut self, u: &mut Unstructured<'_>, pool: &Pool, odd: bool) -> Result<()> {
        for _ in 0..count(u)? {
            let (entry, how) = (pool.entry(u, odd)?, self.how(u)?);
            let scalar = self.scalar(u, how)?;
            self.terms.push(Term { entry, scalar, how });
        }
        let (times, step) = repeat(u, self.terms.len())?;
        let first = self.terms.clone();
        for i in 1..times as u64 {
            for term in &first {
                let mut scalar = term.scalar;
                scalar[0] ^= i.wrapping_mul(step);
                if term.how == How::ModuloOrder && number(&scalar) >= *ORDER {
                    scalar = term.scalar;
                }
                self.terms.push(Term { scalar, ..*term });
            }
        }
        Ok(())
    }

    /// Adds torsion that shows in no bit, in one, or where it will.
    fn add_torsion(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let [kind, which, bit] = u.arbitrary::<[u8; 3]>()?;
        let scalar = self.scalar(u, How::Plus)?;
        let mut push = |order: u8, scalar: Words| {
            self.terms.push(Term { entry: TORSION + u32::from(order % 8), scalar, how: How::Plus });
        };
        match kind % 8 {
            0 => push(which, [0; 4]),
            1 => {
                push(which, scalar);
                push(8 - which % 8, scalar);
            }
            2 => (0..4).for_each(|_| push(2 * (which % 4), scalar)),
            3 | 4 => {
                let mut other = scalar;
                // The topmost bits more often: the last window is narrower than others.
                let bit = if bit < 128 { bit } else { 127 - bit % 16 };
                other[usize::from(bit / 64)] ^= 1 << (bit % 64);
                push(4, scalar);
                push(4, other);
            }
            5 | 6 => push(which, scalar),
            _ => {}
        }
        Ok(())
    }

    fn terms(&self) -> Terms {
        let mut terms = if self.plain { Terms::plain(self.bits) } else { Terms::new(self.bits) };
        // What was cleared leaves nothing.
        terms.push(BASE, &[1, 0, 0, 0]);
        terms.clear();
        for Term { entry, scalar, how } in &self.terms {
            match how {
                How::Plus => terms.push(*entry, scalar),
                How::Minus => terms.push_negative_where(*entry, scalar, true),
                How::ModuloOrder => terms.push_modulo_order(*entry, scalar),
            }
        }
        terms
    }
}

/// A sum: lists of terms with signs, and perhaps plain ones whose sums by bits are asked for too.
#[derive(Debug)]
struct Sum {
    lists: Vec<List>,
    plain: Option<List>,
    vanishes: bool,
    /// Whether no sum by bits has torsion.
    odd: bool,
}

impl Sum {
    fn any(u: &mut Unstructured<'_>, pool: &mut Pool) -> Result<Self> {
        let [kind, which, closing, change] = u.arbitrary::<[u8; 4]>()?;
        let sizes: &[usize] = [
            &[128, 252][..],
            &[252, 128],
            &[128],
            &[252],
            &[255],
            &[128, 252, 255],
            &[255, 128],
            &[128, 252],
        ][usize::from(which % 8)];
        let list = |bits: &usize| List { bits: *bits, plain: false, terms: Vec::new() };
        let mut lists: Vec<List> = sizes.iter().map(list).collect();
        let mut plain = None;
        if kind % 3 == 0 {
            let mut list = List { bits: PLAIN_BITS, plain: true, terms: Vec::new() };
            list.fill(u, pool, kind & 1 == 1)?;
            list.add_torsion(u)?;
            plain = Some(list);
        }
        for list in &mut lists {
            list.fill(u, pool, false)?;
        }
        let mut sum = Self { lists, plain, vanishes: false, odd: false };
        if closing % 8 != 1 {
            sum.close(u, pool)?;
            sum.change(u, pool, change)?;
        }
        sum.vanishes = sum.total(pool).mul_by_cofactor().is_identity();
        sum.odd = sum.plain.as_ref().is_none_or(|plain| no_torsion_by_bits(plain, pool));
        Ok(sum)
    }

    /// Adds a term that makes it vanish, up to torsion.
    fn close(&mut self, u: &mut Unstructured<'_>, pool: &mut Pool) -> Result<()> {
        let total = self.total(pool);
        let [which, torsion] = u.arbitrary::<[u8; 2]>()?;
        let which = usize::from(which) % self.lists.len();
        let list = &mut self.lists[which];
        let how = list.how(u)?;
        let mut term = Term { entry: NEUTRAL, scalar: list.scalar(u, how)?, how };
        if term.factor() == Scalar::ZERO {
            term.scalar = [1, 0, 0, 0];
        }
        let point = -total * term.factor().invert() + EIGHT_TORSION[usize::from(torsion % 8)];
        term.entry = pool.push(point);
        list.terms.push(term);
        Ok(())
    }

    /// Nothing, or something that cannot be seen, or something that can.
    fn change(&mut self, u: &mut Unstructured<'_>, pool: &Pool, kind: u8) -> Result<()> {
        let which = usize::from(u.arbitrary::<u8>()?) % self.lists.len();
        let list = &mut self.lists[which];
        let how = list.how(u)?;
        match kind % 8 {
            1 | 2 => {
                let entry = TORSION + u32::from(u.arbitrary::<u8>()? % 8);
                let scalar = list.scalar(u, how)?;
                list.terms.push(Term { entry, scalar, how });
            }
            3 => list.terms.push(Term { entry: BASE, scalar: [1, 0, 0, 0], how }),
            4 => {
                let (entry, scalar) = (pool.entry(u, false)?, list.scalar(u, how)?);
                list.terms.push(Term { entry, scalar, how });
            }
            5 => {
                let [at, bit] = u.arbitrary::<[u8; 2]>()?;
                let bit = usize::from(bit) % 128;
                let terms = list.terms.len();
                if let Some(term) = list.terms.get_mut(usize::from(at) % terms.max(1)) {
                    let before = term.scalar;
                    term.scalar[bit / 64] ^= 1 << (bit % 64);
                    if term.how == How::ModuloOrder && number(&term.scalar) >= *ORDER {
                        term.scalar = before;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn lists(&self) -> impl Iterator<Item = &List> {
        self.lists.iter().chain(&self.plain)
    }

    fn len(&self) -> usize {
        self.lists().map(|list| list.terms.len()).sum()
    }

    /// The sum, with scalars modulo L: what torsion it has is not that of the sum of integers.
    fn total(&self, pool: &Pool) -> EdwardsPoint {
        let terms = || self.lists().flat_map(|list| &list.terms);
        let points: Vec<EdwardsPoint> = terms().map(|term| pool.points[term.entry as usize]).collect();
        let factors: Vec<Scalar> = terms().map(Term::factor).collect();
        EdwardsPoint::vartime_multiscalar_mul(factors, points)
    }
}

fn no_torsion_by_bits(plain: &List, pool: &Pool) -> bool {
    (0..PLAIN_BITS).all(|bit| {
        let chosen = plain.terms.iter().filter(|term| term.scalar[bit / 64] >> (bit % 64) & 1 == 1);
        chosen.map(|term| pool.points[term.entry as usize]).sum::<EdwardsPoint>().is_torsion_free()
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
        let mut pool = Pool::new();
        let count = 1 + u.arbitrary::<u8>()? % 3;
        pool.extend(u)?;
        let sums = (0..count).map(|_| Sum::any(u, &mut pool)).collect::<Result<_>>()?;
        Ok(Self { pool, sums })
    }
}

impl InField for Program {
    fn run<F: FieldLanes>(&self, token: F::Token) {
        let name = std::any::type_name::<F>();
        let mut points = Points::<F>::new(token);
        let mut on_curve = Vec::new();
        assert_eq!(points.decode(token, &self.pool.encodings, &mut on_curve), TORSION);
        assert_eq!(on_curve, self.pool.on_curve, "{name}: {:x?}", self.pool.encodings);
        let mut workspace = Workspace::<F>::default();
        for (i, sum) in self.sums.iter().enumerate() {
            if F::Vector::CALLS && sum.len() > EMULATED {
                continue;
            }
            let lists: Vec<Terms> = sum.lists.iter().map(List::terms).collect();
            let lists: Vec<&Terms> = lists.iter().collect();
            let found = match &sum.plain {
                None => workspace.vanishes(token, &points, &lists),
                Some(plain) => workspace.vanishes_by_bits(token, &points, &plain.terms(), &lists),
            };
            assert_eq!(found, sum.vanishes && sum.odd, "{name}, sum {i}: {self:x?}");
        }
    }
}

pub(super) fn check(u: &mut Unstructured<'_>) -> Result<()> {
    in_every_field(&Program::any(u)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeds;
    use crate::targets::sums::Kind;

    /// Sums that are all different from 0 show little, and so do sums by bits that all have torsion.
    #[test]
    fn seeds_make_sums_of_every_answer() {
        let (mut signed, mut by_bits, mut large, mut zero) = ([0; 2], [0; 3], [0; 2], 0);
        for seed in seeds::of("sums") {
            let mut u = Unstructured::new(&seed);
            if Kind::any(&mut u).expect("a byte") != Kind::Edwards25519 {
                continue;
            }
            let program = Program::any(&mut u).expect("any bytes make sums");
            for sum in &program.sums {
                match &sum.plain {
                    None => signed[usize::from(sum.vanishes)] += 1,
                    Some(_) if !sum.vanishes => by_bits[0] += 1,
                    Some(_) => by_bits[1 + usize::from(sum.odd)] += 1,
                }
                large[0] += u32::from(sum.len() >= 100);
                large[1] += u32::from(sum.len() >= 1000);
                zero += u32::from(sum.lists().any(|list| list.terms.is_empty()));
            }
        }
        println!("{signed:?} {by_bits:?} {large:?} large, {zero} with an empty list");
        assert!(signed.iter().all(|count| *count >= 15), "{signed:?} do not vanish, and do");
        assert!(
            by_bits.iter().all(|count| *count >= 5),
            "{by_bits:?} do not vanish, have torsion, and have none"
        );
        assert!(large[0] >= 10 && large[1] >= 1 && zero >= 5, "{large:?} large, {zero} with an empty list");
    }

    /// The generator knows what it does: what closes a sum closes it, torsion or not.
    #[test]
    fn closed_sums_vanish() {
        for seed in seeds::of("sums") {
            let mut u = Unstructured::new(&seed);
            let mut pool = Pool::new();
            pool.extend(&mut u).expect("points");
            let mut sum = Sum::any(&mut u, &mut pool).expect("a sum");
            sum.close(&mut u, &mut pool).expect("a term");
            assert!(sum.total(&pool).mul_by_cofactor().is_identity());
            sum.change(&mut u, &pool, 1).expect("torsion");
            assert!(sum.total(&pool).mul_by_cofactor().is_identity());
            sum.change(&mut u, &pool, 3).expect("B");
            assert!(!sum.total(&pool).mul_by_cofactor().is_identity());
        }
    }

    #[test]
    fn no_point_has_the_y_of_none() {
        let mut y = [0; 32];
        y[0] = 2;
        assert!(curve25519_dalek::edwards::CompressedEdwardsY(y).decompress().is_none());
    }
}
