//! Many items of a rule at once: one random linear combination for all that are left open.
//!
//! # Cofactored equation
//! With Eᵢ = sᵢB − Rᵢ − kᵢAᵢ, an item is valid when \[8\]Eᵢ = 0. For 128-bit zᵢ that nobody could foresee,
//! \[8\]Σ zᵢEᵢ = 0 holds for all valid items, and with one bad item among them with probability at most 2^-128
//! (docs/soundness.md has the proof). A sum that vanishes makes all of its items valid. One that does not says
//! nothing about any of them: smaller sums or the equation of each item decide, with points and challenges reused.
//!
//! # Cofactorless equation
//! An item is valid when the bytes of R are canonical and Eᵢ = 0. With κᵢ ≡ kᵢ (mod 8) and Xᵢ = Rᵢ + κᵢAᵢ the sum is
//! Σ zᵢXᵢ + Σ zᵢ(kᵢ − κᵢ)Aᵢ − (Σ zᵢsᵢ)B, the same as before. Xᵢ has the torsion of −Eᵢ, as 8 divides kᵢ − κᵢ and B has
//! none. If the sum vanishes, every Eᵢ lies in the 8-torsion; if for each bit t the sum of the Xᵢ whose zᵢ has bit t lies
//! in the subgroup of order L too, every Eᵢ is 0. Both fail to notice a bad item for at most one of the 2^128 values of
//! its zᵢ. The sums by bits come out of the buckets of the sum (`multiscalar::bit_sums`).
//!
//! # Terms
//! Σ zᵢRᵢ (or Xᵢ) + Σ_A (Σ zᵢkᵢ)·A − (Σ zᵢsᵢ)·B, negated as a whole. Items with the same bytes of a key share a term. All
//! scalars but zᵢ are reduced modulo L: with the 8 in front that is allowed for points with torsion too, since
//! 8·L·P = 0 on the whole curve. R and A are decoded before, and items whose encodings are no points never enter.
//!
//! # Order of reasons
//! As on the path in lanes: a key that is no point, an R that is no point, the equation.

use super::wire;
use crate::policy::{Advice, Path, Work};
use crate::schemes::combination::coalesce::Distinct;
use crate::schemes::combination::coefficients::{Source, Stream, healthy, varied};
use core::ops::Range;
use sigwarp_kernels::curve::edwards::equation::{self, Code, Decoded, Equation, Item, words_of};
use sigwarp_kernels::curve::edwards::points::{BASE, NEUTRAL, Points};
use sigwarp_kernels::curve::edwards::torsion::MULTIPLES;
use sigwarp_kernels::field::FieldLanes;
use sigwarp_kernels::hash::sha512;
use sigwarp_kernels::multiscalar::{Terms, Workspace};
use sigwarp_kernels::scalar;
use sigwarp_kernels::simd::Vector;

/// Items hashed at a time.
const CHUNK: usize = 1024;
/// Bits of a coefficient, and of a scalar modulo L, of which the smaller of x and L − x is taken.
const SHORT: usize = 128;
const LONG: usize = 252;
/// Bytes that the memory of a piece may keep.
const KEEP: usize = 32 << 20;

/// What a linear combination needs besides its items.
pub(crate) struct Combination<'a, F> {
    /// Memory that is kept from one call to the next.
    pub(crate) memory: &'a mut Memory<F>,
    /// Where seeds come from.
    pub(crate) source: &'a dyn Source,
    /// Which items are summed, and how to go on where a sum did not vanish.
    pub(crate) advice: &'a Advice,
}

/// Memory of a piece: about 700 bytes an item, and 500 more for a cofactorless equation.
#[derive(Debug)]
pub(crate) struct Memory<F> {
    points: Points<F>,
    distinct: Distinct,
    signatures: Vec<[u64; 8]>,
    digests: Vec<[u64; 8]>,
    order: Vec<u32>,
    challenges: Vec<[u64; 4]>,
    transcript: Vec<[u8; 64]>,
    key_on_curve: Vec<bool>,
    r_on_curve: Vec<bool>,
    /// The entry of each item's key.
    keys: Vec<u32>,
    /// Items that the equation decides.
    open: Vec<u32>,
    z: Vec<[u64; 2]>,
    /// Σ zᵢkᵢ of each distinct key, and in which sum it was last used.
    key_sums: Vec<[u64; 8]>,
    used: Vec<u32>,
    touched: Vec<u32>,
    /// What each item's R is added to for its Xᵢ: twice an entry, plus one to negate it.
    multiples: Vec<u32>,
    /// The entry of the first Xᵢ.
    first_x: u32,
    short: Terms,
    /// As `short`, for sums by bits.
    plain: Terms,
    long: Terms,
    workspace: Workspace<F>,
}

impl<F: FieldLanes> Memory<F> {
    /// Nothing kept yet.
    pub(crate) fn new(token: F::Token) -> Self {
        Self {
            points: Points::new(token),
            distinct: Distinct::default(),
            signatures: Vec::new(),
            digests: Vec::new(),
            order: Vec::new(),
            challenges: Vec::new(),
            transcript: Vec::new(),
            key_on_curve: Vec::new(),
            r_on_curve: Vec::new(),
            keys: Vec::new(),
            open: Vec::new(),
            z: Vec::new(),
            key_sums: Vec::new(),
            used: Vec::new(),
            touched: Vec::new(),
            multiples: Vec::new(),
            first_x: 0,
            short: Terms::new(SHORT),
            plain: Terms::plain(SHORT),
            long: Terms::new(LONG),
            workspace: Workspace::default(),
        }
    }

    /// Whether it is small enough to be kept for the next piece.
    pub(crate) fn worth_keeping(&self) -> bool {
        let rows = self.signatures.capacity() + self.digests.capacity() + self.transcript.capacity();
        let words =
            self.order.capacity() + self.keys.capacity() + self.open.capacity() + self.multiples.capacity();
        rows * 64
            + self.challenges.capacity() * 32
            + self.z.capacity() * 16
            + self.key_sums.capacity() * 64
            + words * 4
            + self.points.capacity_bytes()
            + self.distinct.capacity_bytes()
            + self.short.capacity_bytes()
            + self.plain.capacity_bytes()
            + self.long.capacity_bytes()
            + self.workspace.capacity_bytes()
            <= KEEP
    }
}

/// Judges every item; `codes` gets one code each. Items must have passed the checks that bytes decide. `suite` names the
/// rule.
pub(super) fn check<F: FieldLanes>(
    token: F::Token,
    suite: &str,
    equation: Equation<'_>,
    items: &[Item<'_>],
    codes: &mut [Code],
    combination: Combination<'_, F>,
) {
    let Combination { memory, source, advice } = combination;
    let torsion = !equation.cofactored;
    let seed = match advice.path(&Work { items: items.len(), keys: items.len(), failed: false, torsion }) {
        Path::Single | Path::Lanes => None,
        Path::Combination(_) => source.seed().filter(|seed| *seed != [0; 32]),
    };
    // Without randomness there is no combination.
    let Some(seed) = seed else {
        return equation::check::<F>(token, equation, items, codes);
    };
    memory.prepare(token, equation, &words_of(&seed), items, codes);
    let stream = Stream::new(token, &seed, suite, &memory.transcript);
    let suspects = Vec::new();
    let mut batch =
        Batch { token, equation, items, codes, memory, stream, source, advice, sums: 0, suspects };
    let open = batch.memory.open.len();
    batch.decide(0..open, false);
    batch.decide_suspects();
}

impl<F: FieldLanes> Memory<F> {
    /// Hashes challenges, finds equal keys, decodes all points, and sorts out the items whose encodings are none.
    fn prepare(
        &mut self,
        token: F::Token,
        equation: Equation<'_>,
        secret: &[u64; 4],
        items: &[Item<'_>],
        codes: &mut [Code],
    ) {
        let n = items.len();
        self.digests.resize(CHUNK.min(n).max(self.digests.len()), [0; 8]);
        self.challenges.clear();
        self.signatures.clear();
        self.transcript.clear();
        for items in items.chunks(CHUNK) {
            let mut before = Vec::new();
            let inputs = equation::inputs(equation.domain, items.iter(), &mut before);
            let digests = &mut self.digests[..items.len()];
            sha512::digest_all(token, &inputs, digests, &mut self.order);
            for (item, digest) in items.iter().zip(digests) {
                let k = scalar::reduce_wide(&digest.map(u64::swap_bytes));
                let ([r0, r1, r2, r3], [s0, s1, s2, s3]) = (words_of(item.r), words_of(item.s));
                self.challenges.push(k);
                self.signatures.push([r0, r1, r2, r3, s0, s1, s2, s3]);
                let mut both = [0; 64];
                for (bytes, word) in both.as_chunks_mut::<8>().0.iter_mut().zip(k) {
                    *bytes = word.to_le_bytes();
                }
                both[32..].copy_from_slice(item.s);
                self.transcript.push(both);
            }
        }

        self.distinct.collect(secret, n, items.iter().map(|item| words_of(item.a)));
        self.points.clear();
        self.key_on_curve.clear();
        self.r_on_curve.clear();
        let first_r = self.points.decode(token, &self.signatures, &mut self.r_on_curve);
        let first_key = self.points.decode(token, &self.distinct.keys, &mut self.key_on_curve);
        debug_assert_eq!(first_r, FIRST_R);

        self.keys.clear();
        self.open.clear();
        for (i, (code, &key)) in codes.iter_mut().zip(&self.distinct.of).enumerate() {
            self.keys.push(first_key + key);
            *code = if !self.key_on_curve[key as usize] {
                Code::KeyNotOnCurve
            } else if !self.r_on_curve[i] {
                if equation.decode_r { Code::RNotOnCurve } else { Code::EquationFailed }
            } else {
                // Bytes that are not canonical are not those of sB − kA.
                if equation.cofactored || wire::is_canonical(items[i].r) {
                    self.open.push(i as u32);
                }
                Code::EquationFailed
            };
        }
        if !equation.cofactored {
            self.add_multiples(token, first_key);
        }
        self.key_sums.clear();
        self.key_sums.resize(self.distinct.keys.len(), [0; 8]);
        self.used.clear();
        self.used.resize(self.distinct.keys.len(), 0);
    }
}

impl<F: FieldLanes> Memory<F> {
    /// Appends the Xᵢ = Rᵢ + κᵢAᵢ of all items.
    fn add_multiples(&mut self, token: F::Token, first_key: u32) {
        let first_multiple = self.points.append_multiples(token, first_key, self.distinct.keys.len());
        self.multiples.clear();
        for (k, &key) in self.challenges.iter().zip(&self.distinct.of) {
            let kappa = (k[0] % 8) as u32;
            let (magnitude, negative) = if kappa > ABOVE { (8 - kappa, 1) } else { (kappa, 0) };
            let entry = match magnitude {
                0 => NEUTRAL,
                1 => first_key + key,
                _ => first_multiple + MULTIPLES as u32 * key + magnitude - 2,
            };
            self.multiples.push(entry << 1 | negative);
        }
        self.first_x = self.points.append_sums(token, FIRST_R, &self.multiples);
    }
}

/// κ is k modulo 8, less 8 where that is above this.
const ABOVE: u32 = 4;

/// k − κ: a multiple of 8.
#[inline]
fn without_multiple(k: &[u64; 4]) -> [u64; 4] {
    let above = if (k[0] % 8) as u32 > ABOVE { 8 } else { 0 };
    scalar::add([k[0] & !7, k[1], k[2], k[3]], [above, 0, 0, 0])
}

/// The entry of the first item's R.
const FIRST_R: u32 = BASE + 1;

/// A batch on its way.
struct Batch<'a, F: FieldLanes> {
    token: F::Token,
    equation: Equation<'a>,
    items: &'a [Item<'a>],
    codes: &'a mut [Code],
    memory: &'a mut Memory<F>,
    stream: Stream,
    source: &'a dyn Source,
    advice: &'a Advice,
    /// Sums made.
    sums: u32,
    /// Items left to the path in lanes, which takes them together.
    suspects: Vec<u32>,
}

impl<F: FieldLanes> Batch<'_, F> {
    /// Decides the open items of a range, or puts them among the suspects. `failed` says that their sum did not
    /// vanish.
    fn decide(&mut self, range: Range<usize>, failed: bool) {
        let keys = self.memory.distinct.keys.len().min(range.len());
        let torsion = !self.equation.cofactored;
        let mut size = match self.advice.path(&Work { items: range.len(), keys, failed, torsion }) {
            Path::Single | Path::Lanes => 0,
            Path::Combination(size) => size.next_multiple_of(F::Vector::LANES),
        };
        // The same sum again would say the same.
        if failed && size >= range.len() {
            size = 0;
        }
        let (mut start, mut tried, mut bad) = (range.start, 0, 0);
        // Where most sums fail, the next ones are not worth a try.
        while size > 0 && start < range.end && (bad < 2 || 2 * bad <= tried) {
            let part = start..(start + size).min(range.end);
            start = part.end;
            tried += 1;
            match self.vanishes(part.clone()) {
                Some(true) => {
                    for &item in &self.memory.open[part] {
                        self.codes[item as usize] = Code::Valid;
                    }
                }
                Some(false) => {
                    bad += 1;
                    self.decide(part, true);
                }
                // No coefficients: no more sums.
                None => {
                    start = part.start;
                    break;
                }
            }
        }
        self.suspects.extend_from_slice(&self.memory.open[start..range.end]);
    }

    /// Whether the sum of a range of open items vanishes, with coefficients of its own; `None` if those are unfit.
    fn vanishes(&mut self, range: Range<usize>) -> Option<bool> {
        let Memory {
            points,
            distinct,
            signatures,
            challenges,
            open,
            keys,
            z,
            key_sums,
            used,
            touched,
            first_x,
            short,
            plain,
            long,
            workspace,
            ..
        } = &mut *self.memory;
        let cofactored = self.equation.cofactored;
        let open = &open[range];
        self.sums += 1;
        z.clear();
        z.resize(open.len(), [0; 2]);
        let token = self.token;
        self.stream.fill(token, z);
        self.source.amend(z);
        if !healthy(z) || !(cofactored || varied(z)) {
            return None;
        }

        short.clear();
        plain.clear();
        long.clear();
        touched.clear();
        let mut base = [0; 8];
        for (&item, z) in open.iter().zip(&z[..]) {
            let i = item as usize;
            if cofactored {
                short.push(FIRST_R + item, &[z[0], z[1], 0, 0]);
            } else {
                plain.push(*first_x + item, &[z[0], z[1], 0, 0]);
            }
            let [.., s0, s1, s2, s3] = signatures[i];
            scalar::accumulate(&mut base, z, &[s0, s1, s2, s3]);
            let key = distinct.of[i];
            if used[key as usize] != self.sums {
                used[key as usize] = self.sums;
                key_sums[key as usize] = [0; 8];
                // Any item of the key will do to find its entry.
                touched.push(item);
            }
            let k = if cofactored { challenges[i] } else { without_multiple(&challenges[i]) };
            scalar::accumulate(&mut key_sums[key as usize], z, &k);
        }
        for &item in &touched[..] {
            let sum = &key_sums[distinct.of[item as usize] as usize];
            long.push_modulo_order(keys[item as usize], &scalar::reduce_wide(sum));
        }
        long.push_modulo_order(BASE, &scalar::negate(&scalar::reduce_wide(&base)));
        Some(if cofactored {
            workspace.vanishes(token, points, &[short, long])
        } else {
            workspace.vanishes_by_bits(token, points, plain, &[long])
        })
    }

    fn decide_suspects(&mut self) {
        let Memory { points, challenges, keys, .. } = &*self.memory;
        let known = Decoded { items: self.items, points, keys, first_r: FIRST_R, challenges };
        equation::check_known(self.token, self.equation, &known, &self.suspects, self.codes);
    }
}

#[cfg(test)]
#[path = "combination_tests.rs"]
mod tests;
#[cfg(test)]
#[path = "torsion_tests.rs"]
mod torsion_tests;
