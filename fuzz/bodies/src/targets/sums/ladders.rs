//! Ladders over edwards25519: \[s\]B − \[k\]A, and \[w\]B − \[v\]A − \[u\]R by half-size scalars.
//!
//! Scalars of A and R are integers here: k and k − L differ where a point has torsion.

use std::marker::PhantomData;

use arbitrary::{Result, Unstructured};
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity;
use num_bigint::BigUint;
use sigwarp_kernels::curve::edwards::decode::{Decode, encode};
use sigwarp_kernels::curve::edwards::half_ladder::{
    HalfLadder, offset_bases, offset_half, table_rows, windows,
};
use sigwarp_kernels::curve::edwards::single::Single;
use sigwarp_kernels::curve::edwards::sliding::Sliding;
use sigwarp_kernels::curve::edwards::{Affine, Projective};
use sigwarp_kernels::field::radix51_portable::Radix51Portable;
use sigwarp_kernels::field::{EDWARDS_D, FieldLanes, ONE, equal, invert, is_zero};
use sigwarp_kernels::scalar::half::{HALF_BITS, Halve, Halves, multiply};
use sigwarp_kernels::simd::{Kernel, LaneMask, MAX_LANES, Token, Vector};

use super::{InField, ORDER, Words, in_every_field, integer, number, point, power, scalar, words, words_of};

/// Words of a vector, word by word.
type Columns = [[u64; MAX_LANES]; 4];
type Points = [EdwardsPoint; MAX_LANES];

pub(super) fn check(u: &mut Unstructured<'_>) -> Result<()> {
    match u.arbitrary::<u8>()? % 5 {
        0 => sliding(&Full::any(u, &power(255))?),
        1 => in_every_field(&Full::any(u, &ORDER)?),
        2 | 3 => in_every_field(&Half::any(u)?),
        _ => in_every_field(&Halved::any(u)?),
    }
    Ok(())
}

/// k·A of an integer k below 2^256.
fn times(k: &Words, a: EdwardsPoint) -> EdwardsPoint {
    let k = number(k);
    let (quotient, rest) = (&k / &*ORDER, &k % &*ORDER);
    // L·A, which is the neutral element only where A has no torsion.
    let order = a * (-Scalar::ONE) + a;
    let times = quotient.iter_u64_digits().next().unwrap_or(0);
    (0..times).fold(a * scalar(&words(&rest)), |sum, _| sum + order)
}

fn times_base(s: &Words) -> EdwardsPoint {
    EdwardsPoint::mul_base(&scalar(s))
}

/// One value for each lane.
fn lanes<T>(mut value: impl FnMut() -> Result<T>) -> Result<[T; MAX_LANES]>
where
    T: Copy,
{
    let mut out = [value()?; MAX_LANES];
    for out in &mut out[1..] {
        *out = value()?;
    }
    Ok(out)
}

fn scalars(u: &mut Unstructured<'_>, bound: &BigUint) -> Result<[Words; MAX_LANES]> {
    lanes(|| Ok(words(&integer(u, bound, &ORDER)?)))
}

/// Of lanes from `first` on, as many as a vector has.
fn columns(values: &[Words], first: usize, count: usize) -> Columns {
    let mut columns = [[0; MAX_LANES]; 4];
    for (lane, value) in values[first..first + count].iter().enumerate() {
        for (column, word) in columns.iter_mut().zip(value) {
            column[lane] = *word;
        }
    }
    columns
}

fn decode<F: FieldLanes>(token: F::Token, points: &Points, first: usize) -> Affine<F> {
    let words = columns(&points.map(|point| words_of(&point.compress().0)), first, F::Vector::LANES);
    let [(decoded, on_curve)] = token.vectorize(Decode::<F, 1> { words: [&words], field: PhantomData });
    assert_eq!(on_curve.bits(), F::Vector::mask(token, 0xff).bits());
    decoded
}

/// The encodings of a vector of points, and the lanes that are on the curve at all.
struct Encode<'a, F>(&'a Projective<F>);

impl<F: FieldLanes> Kernel<F::Token> for Encode<'_, F> {
    type Output = (Columns, u8);

    #[inline(always)]
    fn run(self, token: F::Token) -> Self::Output {
        let Projective { x, y, z } = *self.0;
        let inverse = invert(z);
        let (x, y) = (x.mul(inverse), y.mul(inverse));
        let (xx, yy, one) = (x.square(), y.square(), F::splat(token, &ONE));
        let left = F::carry(F::sub_wide(yy.widen(), xx.widen()));
        let product = xx.mul(yy).mul_wide(F::splat(token, &EDWARDS_D));
        let right = F::carry(F::add_wide(one.widen(), product));
        let mut columns = [[0; MAX_LANES]; 4];
        for (word, column) in encode(x, y).into_iter().zip(&mut columns) {
            word.store(column);
        }
        (columns, equal(left, right).and(is_zero(z).not()).bits())
    }
}

/// Whether the lanes of a vector are these points.
fn compare<F: FieldLanes>(
    token: F::Token,
    found: &Projective<F>,
    expected: &[EdwardsPoint],
    what: &dyn std::fmt::Debug,
) {
    let (columns, on_curve) = token.vectorize(Encode(found));
    for (lane, expected) in expected.iter().enumerate() {
        let found = [0, 1, 2, 3].map(|word: usize| columns[word][lane]);
        let name = std::any::type_name::<F>();
        assert!(on_curve >> lane & 1 == 1, "{name}, lane {lane}: no point, {what:x?}");
        assert_eq!(found, words_of(&expected.compress().0), "{name}, lane {lane}: {what:x?}");
    }
}

/// \[s\]B − \[k\]A by scalars of full size.
#[derive(Debug)]
struct Full {
    keys: Points,
    challenges: [Words; MAX_LANES],
    bases: [Words; MAX_LANES],
    expected: Points,
}

impl Full {
    fn any(u: &mut Unstructured<'_>, bound: &BigUint) -> Result<Self> {
        let (mut challenges, mut bases) = ([[0; 4]; MAX_LANES], [[0; 4]; MAX_LANES]);
        let (mut keys, mut expected) =
            ([EdwardsPoint::identity(); MAX_LANES], [EdwardsPoint::identity(); MAX_LANES]);
        for lane in 0..MAX_LANES {
            challenges[lane] = words(&integer(u, bound, &ORDER)?);
            bases[lane] = words(&integer(u, bound, &ORDER)?);
            keys[lane] = point(u)?;
            expected[lane] = times_base(&bases[lane]) - times(&challenges[lane], keys[lane]);
        }
        Ok(Self { keys, challenges, bases, expected })
    }
}

/// For vectors of one lane.
fn sliding(items: &Full) {
    type F = Radix51Portable;
    let token = <F as FieldLanes>::Token::detect().expect("portable runs everywhere");
    for lane in 0..MAX_LANES {
        let key = decode::<F>(token, &items.keys, lane);
        let (challenge, base) = (&items.challenges[lane], &items.bases[lane]);
        let found = token.vectorize(Sliding { key: &key, challenge, base });
        compare(token, &found, &items.expected[lane..=lane], items);
    }
}

/// By `Single`, which takes one lane of several and gives the result in all of them.
impl InField for Full {
    fn run<F: FieldLanes>(&self, token: F::Token) {
        let count = F::Vector::LANES;
        // The lanes are those of coordinates.
        if count < 4 {
            return;
        }
        for first in (0..MAX_LANES).step_by(count) {
            let keys = decode::<F>(token, &self.keys, first);
            for lane in 0..count {
                let (challenge, base) = (&self.challenges[first + lane], &self.bases[first + lane]);
                let found = token.vectorize(Single { keys: &keys, lane, challenge, base });
                compare(token, &found, &[self.expected[first + lane]; MAX_LANES][..count], self);
            }
        }
    }
}

/// \[w\]B − \[v\]A − \[u\]R with scalars that have nothing to do with each other.
#[derive(Debug)]
struct Half {
    keys: Points,
    rs: Points,
    w: [Words; MAX_LANES],
    v: [Words; MAX_LANES],
    u: [Words; MAX_LANES],
    expected: Points,
}

impl Half {
    fn any(u: &mut Unstructured<'_>) -> Result<Self> {
        // All of them short, or not.
        let bits = HALF_BITS as u64 - u64::from(u.arbitrary::<u8>()? % 13);
        let v = scalars(u, &power(bits))?;
        let u_ = scalars(u, &power(bits))?;
        let w = scalars(u, &power(256))?;
        let (keys, rs) = (lanes(|| point(u))?, lanes(|| point(u))?);
        let mut expected = keys;
        for lane in 0..MAX_LANES {
            expected[lane] = times_base(&w[lane]) - times(&v[lane], keys[lane]) - times(&u_[lane], rs[lane]);
        }
        Ok(Self { keys, rs, w, v, u: u_, expected })
    }
}

impl InField for Half {
    fn run<F: FieldLanes>(&self, token: F::Token) {
        let bits = self.v.iter().chain(&self.u).map(|x| number(x).bits() as usize).max().unwrap_or(0);
        for first in (0..MAX_LANES).step_by(F::Vector::LANES) {
            let points = [decode::<F>(token, &self.keys, first), decode::<F>(token, &self.rs, first)];
            let found = half_ladder(token, points, [&self.w, &self.v, &self.u], first, bits.max(128));
            compare(token, &found, &self.expected[first..first + F::Vector::LANES], self);
        }
    }
}

/// With w, v and u of the lanes from `first` on.
fn half_ladder<F: FieldLanes>(
    token: F::Token,
    points: [Affine<F>; 2],
    [w, v, u]: [&[Words; MAX_LANES]; 3],
    first: usize,
    bits: usize,
) -> Projective<F> {
    let count = F::Vector::LANES;
    let offset =
        |x: &[Words; MAX_LANES]| columns(&x.map(|[a, b, c, _]| offset_half([a, b, c])), first, count);
    let bases = w.map(offset_bases);
    let [low, high] = [0, 1].map(|half: usize| columns(&bases.map(|bases| bases[half]), first, count));
    token.vectorize(HalfLadder {
        points,
        scalars: [&offset(v), &offset(u)],
        bases: [&low, &high],
        windows: windows(bits),
        table: &mut vec![[0; 8]; table_rows(count)],
    })
}

/// \[u\](\[s\]B − \[k\]A − R) by the pair (u, v) of k: the neutral element exactly where \[s\]B − \[k\]A is R. What a pair must be
/// is for the target `scalars`.
#[derive(Debug)]
struct Halved {
    keys: Points,
    rs: Points,
    challenges: [Words; MAX_LANES],
    bases: [Words; MAX_LANES],
    /// |u|, |v|, and whether v is negative, where there is a pair.
    pairs: [Option<(Words, Words, bool)>; MAX_LANES],
    expected: Points,
}

/// The pairs of the lanes from `first` on.
fn halve<F: FieldLanes>(token: F::Token, challenges: &[Words; MAX_LANES], first: usize) -> Halves {
    let scalars = columns(challenges, first, F::Vector::LANES);
    let [halves] = token.vectorize(Halve::<F::Vector, 1> { scalars: [&scalars], vector: PhantomData });
    halves
}

fn pair(halves: &Halves, lane: usize) -> Option<(Words, Words, bool)> {
    let word = |words: &Columns| [words[0][lane], words[1][lane], words[2][lane], 0];
    let found = halves.found >> lane & 1 == 1;
    found.then(|| (word(&halves.u), word(&halves.v), halves.negative >> lane & 1 == 1))
}

impl Halved {
    fn any(u: &mut Unstructured<'_>) -> Result<Self> {
        let (challenges, bases) = (scalars(u, &power(253))?, scalars(u, &power(256))?);
        let keys = lanes(|| point(u))?;
        let (mut rs, mut expected, mut pairs) = (keys, keys, [None; MAX_LANES]);
        for lane in 0..MAX_LANES {
            let r = times_base(&bases[lane]) - times(&challenges[lane], keys[lane]);
            let [kind, torsion] = u.arbitrary::<[u8; 2]>()?;
            rs[lane] = match kind % 4 {
                0 | 1 => r,
                2 => r + EIGHT_TORSION[usize::from(torsion % 8)],
                _ => point(u)?,
            };
            let token = <Radix51Portable as FieldLanes>::Token::detect().expect("portable runs everywhere");
            pairs[lane] = pair(&halve::<Radix51Portable>(token, &challenges, lane), 0);
            let factor = pairs[lane].map_or([0; 4], |(u, ..)| u);
            expected[lane] = times(&factor, r - rs[lane]);
        }
        Ok(Self { keys, rs, challenges, bases, pairs, expected })
    }
}

impl InField for Halved {
    fn run<F: FieldLanes>(&self, token: F::Token) {
        let count = F::Vector::LANES;
        // Where there is no pair, all scalars are 0.
        let mut keys = self.keys;
        let (mut w, mut v, mut u) = ([[0; 4]; MAX_LANES], [[0; 4]; MAX_LANES], [[0; 4]; MAX_LANES]);
        for lane in 0..MAX_LANES {
            if let Some((of_r, of_key, negative)) = self.pairs[lane] {
                (u[lane], v[lane]) = (of_r, of_key);
                w[lane] = multiply(&[of_r[0], of_r[1], of_r[2]], &self.bases[lane]);
                keys[lane] = if negative { -keys[lane] } else { keys[lane] };
            }
        }
        for first in (0..MAX_LANES).step_by(count) {
            let halves = halve::<F>(token, &self.challenges, first);
            for lane in 0..count {
                let name = std::any::type_name::<F>();
                assert_eq!(pair(&halves, lane), self.pairs[first + lane], "{name}, lane {lane}: {self:x?}");
            }
            let points = [decode::<F>(token, &keys, first), decode::<F>(token, &self.rs, first)];
            let found = half_ladder(token, points, [&w, &v, &u], first, halves.bits);
            compare(token, &found, &self.expected[first..first + count], self);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeds;
    use crate::targets::sums::Kind;
    use curve25519_dalek::traits::IsIdentity;

    #[test]
    fn integers_are_not_reduced() {
        let a = EIGHT_TORSION[1] + EdwardsPoint::mul_base(&Scalar::from(5u8));
        for k in [0u32, 1, 2, 7, 8].map(BigUint::from) {
            for multiple in 0..=8u32 {
                let k = &k + &*ORDER * multiple;
                let mut sum = EdwardsPoint::identity();
                for bit in (0..k.bits()).rev() {
                    sum = sum + sum + if k.bit(bit) { a } else { EdwardsPoint::identity() };
                }
                assert_eq!(times(&words(&k), a), sum, "{k:x}");
            }
        }
    }

    /// Every ladder runs on points with torsion, and with half-size scalars both answers are common.
    #[test]
    fn seeds_reach_every_ladder() {
        let (mut modes, mut torsion, mut answers, mut without) = ([0; 5], 0, [0; 2], 0);
        for seed in seeds::of("sums") {
            let mut u = Unstructured::new(&seed);
            if Kind::any(&mut u).expect("a byte") != Kind::Ladders {
                continue;
            }
            let mode = u.arbitrary::<u8>().expect("a byte") % 5;
            modes[usize::from(mode)] += 1;
            let keys = match mode {
                0 | 1 => Full::any(&mut u, &ORDER).expect("any bytes make scalars").keys,
                2 | 3 => Half::any(&mut u).expect("any bytes make scalars").keys,
                _ => {
                    let halved = Halved::any(&mut u).expect("any bytes make scalars");
                    without += halved.pairs.iter().filter(|pair| pair.is_none()).count();
                    for (pair, expected) in halved.pairs.iter().zip(&halved.expected) {
                        answers[usize::from(expected.is_identity())] += usize::from(pair.is_some());
                    }
                    halved.keys
                }
            };
            torsion += keys.iter().filter(|key| !key.is_torsion_free()).count();
        }
        println!("{modes:?} {torsion} {answers:?} {without}");
        assert!(modes.iter().all(|count| *count >= 4), "{modes:?}");
        assert!(torsion >= 60, "{torsion} keys with torsion");
        assert!(answers.iter().all(|count| *count >= 10), "{answers:?} do not hold, and do");
    }
}
