//! Many BIP 340 items at once: one random linear combination for all whose points are there.
//!
//! # Equation
//! An item is valid when sᵢG − Rᵢ − eᵢPᵢ = 0 with Rᵢ and Pᵢ lifted to an even y: the group has prime order, a point has
//! one x, and Rᵢ is not infinity, so that this says what "x(R) = r and y(R) even for R = sG − eP" says. For 128-bit aᵢ
//! that nobody could foresee, Σ aᵢ(sᵢG − Rᵢ − eᵢPᵢ) = 0 holds for all valid items, and with one bad item among them with
//! probability at most 2^-128. A sum that vanishes makes all of its items valid; any other outcome says nothing
//! about any of them, and they are judged one by one.
//!
//! # Terms
//! Σ aᵢRᵢ + Σ_P (Σ aᵢeᵢ)·P is compared with (Σ aᵢsᵢ)·G, with scalars modulo n. Items with the same key share a term,
//! which the endomorphism splits in two: every scalar has 128 bits. An r that is the x of no point fails by itself.
//!
//! # Secrets
//! Coefficients as for every scheme (`schemes/combination/coefficients.rs`), over eᵢ and sᵢ. The points that sums start from are drawn once for the
//! process: they only have to be unknown to whoever makes signatures, so that no addition is exceptional on purpose; one
//! that is makes the outcome unknown.

use std::sync::{Mutex, OnceLock, PoisonError};

use k256::Secp256k1;
use k256::elliptic_curve::{ProjectivePoint, Scalar};

use crate::schemes::combination::coalesce::Distinct;
use crate::schemes::combination::coefficients::{Source, Stream, System, healthy};
use crate::schemes::weierstrass::{self, Curve, bytes, words};
use sigwarp_kernels::curve::weierstrass::{self as lanes, Encoded, Y, glv};
use sigwarp_kernels::field::prime256::Family;
use sigwarp_kernels::multiscalar::Terms;
use sigwarp_kernels::multiscalar::weierstrass::{BITS, Blinds, Outcome, Points, Windows, Workspace};
use sigwarp_kernels::scalar;
use sigwarp_kernels::simd::Token;

/// Items of a sum, at most: what a bad one among them may cost.
pub(super) const MOST: usize = 2048;

/// The numbers of an item: x(P) and r below p, s and e below n.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    pub(super) key: [u64; 4],
    pub(super) r: [u64; 4],
    pub(super) s: [u64; 4],
    pub(super) e: [u64; 4],
}

/// What is found of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// P is not on the curve.
    KeyNotOnCurve,
    /// r is the x of no point.
    NoR,
    /// It is valid.
    Valid,
    /// Nothing: the item must be judged by itself.
    Nothing,
}

/// The points that sums start from, and their multiples of G.
#[derive(Debug)]
struct Secrets {
    blinds: Blinds,
    multiples: [Scalar<Secp256k1>; 3],
}

impl Secrets {
    fn draw<T: Token>(token: T, seed: &[u8; 32]) -> Option<Self> {
        // Three integers of 256 bits.
        let mut z = [[0; 2]; 6];
        Stream::new(token, seed, "schnorr-bip340 blinds", &[]).fill(token, &mut z);
        let mut multiples = [Scalar::<Secp256k1>::default(); 3];
        let mut points = [Encoded { x: [0; 4], y: Y::Odd(false) }; 3];
        for i in 0..3 {
            let [[a, b], [c, d]] = [z[2 * i], z[2 * i + 1]];
            multiples[i] = weierstrass::scalar::<Secp256k1>(&bytes(&[a, b, c, d]));
            points[i] = multiple_of_generator(&multiples[i])?;
        }
        Some(Self { blinds: Blinds { points }, multiples })
    }

    /// Those of the process; none where the system has no randomness.
    fn of_process<T: Token>(token: T) -> Option<&'static Self> {
        static SECRETS: OnceLock<Option<Secrets>> = OnceLock::new();
        SECRETS.get_or_init(|| Self::draw(token, &System.seed()?)).as_ref()
    }
}

/// kG, unless that is infinity.
fn multiple_of_generator(k: &Scalar<Secp256k1>) -> Option<Encoded> {
    let point = ProjectivePoint::<Secp256k1>::mul_by_generator_vartime(k);
    let point = weierstrass::coordinates::<Secp256k1>(&point)?;
    Some(Encoded { x: words(&point.x), y: Y::Is(words(&point.y)) })
}

/// Memory of a sum: about 700 bytes an item.
#[derive(Debug)]
struct Memory {
    points: Points,
    workspace: Workspace,
    terms: Terms,
    distinct: Distinct,
}

impl Memory {
    /// Memory that nobody else uses, of a sum before where there was one.
    fn taken<T>(work: impl FnOnce(&mut Self) -> T) -> T {
        /// What threads give back; more than that is dropped.
        const KEPT: usize = 64;
        static POOL: Mutex<Vec<Memory>> = Mutex::new(Vec::new());
        let kept = POOL.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut memory = kept.unwrap_or_else(|| Self {
            points: Points::default(),
            workspace: Workspace::default(),
            terms: Terms::new(BITS),
            distinct: Distinct::default(),
        });
        let result = work(&mut memory);
        let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.len() < KEPT {
            pool.push(memory);
        }
        result
    }
}

/// What one sum of all items shows. At most [`MOST`] items.
pub(super) fn examine<S: Family>(token: S::Token, source: &dyn Source, items: &[Numbers]) -> Vec<Found> {
    let mut found = vec![Found::Nothing; items.len()];
    let seed = source.seed().filter(|seed| *seed != [0; 32]);
    // Without randomness there is no combination.
    if let (Some(seed), Some(secrets)) = (seed, Secrets::of_process(token)) {
        Memory::taken(|memory| memory.examine::<S>(token, (source, &seed), secrets, items, &mut found));
    }
    found
}

impl Memory {
    fn examine<S: Family>(
        &mut self,
        token: S::Token,
        (source, seed): (&dyn Source, &[u8; 32]),
        secrets: &Secrets,
        items: &[Numbers],
        found: &mut [Found],
    ) {
        let Self { points, workspace, terms, distinct } = self;
        distinct.collect(&words(seed), items.len(), items.iter().map(|item| item.key));
        let even = |x: [u64; 4]| Encoded { x, y: Y::Odd(false) };
        let encoded_r: Vec<Encoded> = items.iter().map(|item| even(item.r)).collect();
        let encoded_keys: Vec<Encoded> =
            distinct.keys.iter().map(|&[a, b, c, d, ..]| even([a, b, c, d])).collect();
        let (mut r_on_curve, mut key_on_curve) = (Vec::new(), Vec::new());
        points.clear();
        let first_r = points.decode::<lanes::Secp256k1, S>(token, &encoded_r, false, &mut r_on_curve);
        let first_key = points.decode::<lanes::Secp256k1, S>(token, &encoded_keys, true, &mut key_on_curve);

        let mut open = Vec::with_capacity(items.len());
        for (i, found) in found.iter_mut().enumerate() {
            if !key_on_curve[distinct.of[i] as usize] {
                *found = Found::KeyNotOnCurve;
            } else if !r_on_curve[i] {
                *found = Found::NoR;
            } else {
                open.push(i);
            }
        }
        if open.is_empty() {
            return;
        }

        let transcript: Vec<[u8; 64]> = open
            .iter()
            .map(|&i| {
                let mut both = [0; 64];
                both[..32].copy_from_slice(&bytes(&items[i].e));
                both[32..].copy_from_slice(&bytes(&items[i].s));
                both
            })
            .collect();
        let mut stream = Stream::new(token, seed, "schnorr-bip340", &transcript);
        let mut coefficients = vec![[0; 2]; open.len()];
        stream.fill(token, &mut coefficients);
        source.amend(&mut coefficients);
        if !healthy(&coefficients) {
            return;
        }

        let n = Secp256k1::BOUNDS.n;
        terms.clear();
        let mut base = [0; 8];
        let mut of_keys = vec![[0; 8]; distinct.keys.len()];
        for (&i, a) in open.iter().zip(&coefficients) {
            terms.push(first_r + i as u32, &[a[0], a[1], 0, 0]);
            scalar::accumulate(&mut base, a, &items[i].s);
            scalar::accumulate(&mut of_keys[distinct.of[i] as usize], a, &items[i].e);
        }
        for (key, sum) in of_keys.iter().enumerate().filter(|(_, sum)| **sum != [0; 8]) {
            let entry = first_key + 2 * key as u32;
            let [(k1, minus1), (k2, minus2)] = glv::magnitudes(&weierstrass::reduce_wide(sum, n));
            terms.push_negative_where(entry, &k1, minus1);
            terms.push_negative_where(entry + 1, &k2, minus2);
        }

        // What the sum is too large by, window by window.
        let (width, windows, coefficients) = Windows::of::<S>(terms).offset();
        let mut of_window = Scalar::<Secp256k1>::default();
        for (multiple, coefficient) in secrets.multiples.iter().zip(coefficients) {
            of_window += *multiple * Scalar::<Secp256k1>::from(coefficient);
        }
        let (mut expected, step) = (of_window, Scalar::<Secp256k1>::from(1u64 << width));
        for _ in 1..windows {
            expected = expected * step + of_window;
        }
        expected += weierstrass::scalar::<Secp256k1>(&bytes(&weierstrass::reduce_wide(&base, n)));
        let Some(with) = multiple_of_generator(&expected) else { return };
        let outcome = workspace.compare::<lanes::Secp256k1, S>(token, points, terms, &secrets.blinds, &with);
        if outcome == Outcome::Equal {
            for i in open {
                found[i] = Found::Valid;
            }
        }
    }
}

#[cfg(test)]
#[path = "combination_tests.rs"]
mod tests;
