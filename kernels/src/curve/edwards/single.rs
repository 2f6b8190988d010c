//! \[s\]B − \[k\]A of one signature, with the lanes across its coordinates: for batches of one and for what is
//! left over when a batch is cut into vectors, where most lanes would idle.
//!
//! # Method
//! Four lanes are a quad, (X, Y, Z, T). With eight lanes the lower quad computes −\[k\]A, the upper one \[s\]B,
//! in 51 signed windows of 5 bits with the same doublings; at the end they are added. With four lanes one
//! quad adds both, k in windows of 5 bits and s in windows of 11, as the ladder does. A doubling is one
//! squaring and one multiplication of vectors, an addition two multiplications, with lanes permuted between
//! them, so the latency of a doubling is about 110 cycles: a signature takes half the time of the ladder
//! across signatures, which would be the same for one signature as for a vector of them.
//!
//! # Coordinates
//! Lanes of a quad. Point: (X, Y, Z, T). Completed: (E, G, F, H), so that (E, G, F, E)·(F, H, G, H) is the
//! point. Niels: (Y − X, Y + X, 2Z, 2dT). Formulas and signs as in the parent module.
//!
//! # Rejected
//! Splitting k over lanes needs 2^(32·i)·A, that is 224 doublings in one lane first.

use super::decode::lane_limbs;
use super::{Affine, Projective};
use crate::field::{EDWARDS_2D, FieldLanes, Limbs, ONE};
use crate::scalar;
use crate::simd::{Kernel, MAX_LANES, Vector};
use sigwarp_tables::ed25519::{BASE_DIGITS, BASE_MULTIPLES, BASE_WIDTH};

const WIDTH: usize = 5;
const DIGITS: usize = 51;
const ENTRIES: usize = (1 << (WIDTH - 1)) + 1;
const OFFSET: [u64; 4] = scalar::window_offset(WIDTH, DIGITS);
const BASE_OFFSET: [u64; 4] = scalar::window_offset(BASE_WIDTH, BASE_DIGITS);

/// Four coordinates of a point, by coordinate and limb.
type Entry = [Limbs; 4];

/// 0 to 16 times B in the upper quad, by limb and lane.
static BASE_QUADS: [[[u64; MAX_LANES]; 5]; ENTRIES] = {
    let mut out = [[[0; MAX_LANES]; 5]; ENTRIES];
    let mut magnitude = 0;
    while magnitude < ENTRIES {
        let entry = base_entry(magnitude);
        let mut i = 0;
        while i < 20 {
            out[magnitude][i % 5][4 + i / 5] = entry[i / 5][i % 5];
            i += 1;
        }
        magnitude += 1;
    }
    out
};

/// Computes \[s\]B − \[k\]A; the result is in every lane.
pub struct Single<'a, F> {
    /// A, among others.
    pub keys: &'a Affine<F>,
    /// The lane of A.
    pub lane: usize,
    /// k, below L.
    pub challenge: &'a [u64; 4],
    /// s, below L.
    pub base: &'a [u64; 4],
}

const ZERO_ENTRY: Entry = [[0; 5]; 4];
// Masks of the quads.
const LOWER: u8 = 0x0f;
const UPPER: u8 = 0xf0;
// Masks of one coordinate in both quads.
const FIRST: u8 = 0x11;
const SECOND: u8 = 0x22;
const THIRD: u8 = 0x44;
const FOURTH: u8 = 0x88;

/// The immediate of a permutation that takes lane a, b, c, d.
const fn order(a: i32, b: i32, c: i32, d: i32) -> i32 {
    a | b << 2 | c << 4 | d << 6
}

/// By lane: wide `yes` where the bits say so.
#[inline(always)]
fn pick<F: FieldLanes>(token: F::Token, bits: u8, yes: F::Wide, no: F::Wide) -> F::Wide {
    F::select_wide(F::Vector::mask(token, bits), yes, no)
}

/// The doubled points, completed.
#[inline(always)]
fn double<F: FieldLanes>(token: F::Token, p: F) -> F {
    let sum = p.permute::<{ order(0, 1, 2, 0) }>().add(p.permute::<{ order(0, 1, 2, 1) }>());
    let squares = F::select(F::Vector::mask(token, FOURTH), sum, p).square_wide();
    let a = F::permute_wide::<{ order(0, 0, 0, 0) }>(squares);
    let b = F::permute_wide::<{ order(1, 1, 1, 1) }>(squares);
    let c = F::permute_wide::<{ order(3, 3, 2, 2) }>(squares);
    let h = F::add_wide(a, b);
    let zero = F::splat(token, &[0; 5]).widen();
    // (S, B, 2C + A, A + B) − (A + B, A, B, 0).
    let plus = pick::<F>(token, FIRST, c, b);
    let plus = pick::<F>(token, THIRD, F::add_wide(F::add_wide(c, c), a), plus);
    let plus = pick::<F>(token, FOURTH, h, plus);
    let minus = pick::<F>(token, FIRST, h, a);
    let minus = pick::<F>(token, THIRD, b, minus);
    let minus = pick::<F>(token, FOURTH, zero, minus);
    F::carry(F::sub_wide(plus, minus))
}

/// Completed to extended.
#[inline(always)]
fn finish<F: FieldLanes>(q: F) -> F {
    q.permute::<{ order(0, 1, 2, 0) }>().mul(q.permute::<{ order(2, 3, 1, 3) }>())
}

/// (Y − X, Y + X, Z, T).
#[inline(always)]
fn split<F: FieldLanes>(token: F::Token, p: F) -> F {
    let y = p.permute::<{ order(1, 1, 2, 3) }>();
    let x = p.permute::<{ order(0, 0, 2, 3) }>();
    let sum = F::select(F::Vector::mask(token, SECOND), y.add(x), p);
    F::select(F::Vector::mask(token, FIRST), y.sub(x), sum)
}

/// P + Q, completed, Q in Niels form.
#[inline(always)]
fn add<F: FieldLanes>(token: F::Token, p: F, q: F) -> F {
    let products = split(token, p).mul_wide(q);
    let first = F::permute_wide::<{ order(1, 2, 2, 1) }>(products);
    let second = F::permute_wide::<{ order(0, 3, 3, 0) }>(products);
    let (sum, difference) = (F::add_wide(first, second), F::sub_wide(first, second));
    F::carry(pick::<F>(token, FIRST | THIRD, difference, sum))
}

/// Two quads by limb and lane.
#[inline(always)]
fn lanes_of(low: &Entry, high: &Entry) -> [[u64; MAX_LANES]; 5] {
    let mut limbs = [[0; MAX_LANES]; 5];
    for i in 0..5 {
        for coordinate in 0..4 {
            limbs[i][coordinate] = low[coordinate][i];
            limbs[i][4 + coordinate] = high[coordinate][i];
        }
    }
    limbs
}

/// Two quads of coordinates.
#[inline(always)]
fn load<F: FieldLanes>(token: F::Token, low: &Entry, high: &Entry) -> F {
    let limbs = lanes_of(low, high);
    F::from_limbs(load_limbs::<F>(token, &limbs))
}

#[inline(always)]
fn load_limbs<F: FieldLanes>(token: F::Token, limbs: &[[u64; MAX_LANES]; 5]) -> [F::Vector; 5] {
    let mut out = [F::Vector::splat(token, 0); 5];
    let mut i = 0;
    while i < 5 {
        out[i] = F::Vector::load(token, &limbs[i]);
        i += 1;
    }
    out
}

/// Limbs by lane, as a factor.
#[inline(always)]
fn load_factor<F: FieldLanes>(token: F::Token, limbs: &[[u64; MAX_LANES]; 5]) -> F {
    F::from_factor(load_limbs::<F>(token, limbs))
}

/// Quad `quad` of an element.
#[inline(always)]
fn store<F: FieldLanes>(x: F, quad: usize) -> Entry {
    let limbs = x.to_limbs();
    let mut out = [[0; 5]; 4];
    for i in 0..5 {
        let lanes = limbs[i].to_array();
        for coordinate in 0..4 {
            out[coordinate][i] = lanes[4 * quad + coordinate];
        }
    }
    out
}

/// The window of `width` bits from `bit`: its magnitude and whether it is negative. The topmost of `count`
/// windows takes all bits left.
#[inline(always)]
fn digit(words: &[u64; 4], bit: usize, width: usize, count: usize) -> (usize, bool) {
    let (word, shift) = (bit / 64, bit % 64);
    let mut window = words[word] >> shift;
    if shift > 64 - width && word < 3 {
        window |= words[word + 1] << (64 - shift);
    }
    if bit < width * (count - 1) {
        window &= (1 << width) - 1;
    }
    let window = window as usize;
    let half = 1 << (width - 1);
    if window < half { (half - window, true) } else { (window - half, false) }
}

/// A multiple of B as a Niels point.
const fn base_entry(magnitude: usize) -> Entry {
    let low = BASE_MULTIPLES.0[2 * magnitude];
    let high = BASE_MULTIPLES.0[2 * magnitude + 1];
    [
        [low[5], low[6], low[7], high[0], high[1]],
        [low[0], low[1], low[2], low[3], low[4]],
        [2, 0, 0, 0, 0],
        [high[2], high[3], high[4], high[5], high[6]],
    ]
}

/// −P of the Niels points in the lanes of `quads`: Y − X and Y + X change places, 2dT its sign.
#[inline(always)]
fn negate<F: FieldLanes>(token: F::Token, entry: F, quads: u8) -> F {
    let swapped = entry.permute::<{ order(1, 0, 2, 3) }>();
    let out = F::select(F::Vector::mask(token, quads & (FIRST | SECOND)), swapped, entry);
    F::select(F::Vector::mask(token, quads & FOURTH), entry.negate(), out)
}

impl<F: FieldLanes> Kernel<F::Token> for Single<'_, F> {
    type Output = Projective<F>;

    #[inline(always)]
    fn run(self, token: F::Token) -> Projective<F> {
        const ZERO: Limbs = [0; 5];
        const TWO: Limbs = [2, 0, 0, 0, 0];
        let to_niels: F = load(token, &[ONE, ONE, TWO, EDWARDS_2D], &[ONE, ONE, TWO, EDWARDS_2D]);
        let identity: Entry = [ZERO, ONE, ONE, ZERO];
        let two_quads = F::Vector::LANES == 8;
        let lower = F::Vector::mask(token, LOWER);

        // 0 to 16 times −A, in the lower quad.
        let x = F::carry(self.keys.x.negate().widen());
        let xy = x.mul(self.keys.y);
        let minus_a: Entry =
            [lane_limbs(x, self.lane), lane_limbs(self.keys.y, self.lane), ONE, lane_limbs(xy, self.lane)];
        let neutral: Entry = [ONE, ONE, TWO, ZERO];
        let mut table = [load::<F>(token, &neutral, &neutral); ENTRIES];
        let mut point: F = load(token, &minus_a, &identity);
        let step = split(token, point).mul(to_niels);
        table[1] = step;
        for entry in &mut table[2..] {
            point = finish(add(token, point, step));
            *entry = split(token, point).mul(to_niels);
        }

        let challenge = scalar::add(*self.challenge, OFFSET);
        let base = scalar::add(*self.base, if two_quads { OFFSET } else { BASE_OFFSET });
        point = load(token, &identity, &identity);
        let mut bit = WIDTH * (DIGITS - 1);
        loop {
            point = finish(double(token, point));
            if bit.is_multiple_of(WIDTH) {
                let (magnitude, negative) = digit(&challenge, bit, WIDTH, DIGITS);
                let (mut entry, mut quads) = (table[magnitude], if negative { LOWER } else { 0 });
                if two_quads {
                    let (magnitude, negative) = digit(&base, bit, WIDTH, DIGITS);
                    entry = F::select(lower, entry, load_factor(token, &BASE_QUADS[magnitude]));
                    quads |= if negative { UPPER } else { 0 };
                }
                point = finish(add(token, point, negate(token, entry, quads)));
            }
            if !two_quads && bit.is_multiple_of(BASE_WIDTH) {
                let (magnitude, negative) = digit(&base, bit, BASE_WIDTH, BASE_DIGITS);
                let entry = load_factor(token, &lanes_of(&base_entry(magnitude), &ZERO_ENTRY));
                let entry = negate(token, entry, if negative { LOWER } else { 0 });
                point = finish(add(token, point, entry));
            }
            if bit == 0 {
                break;
            }
            bit -= 1;
        }

        if two_quads {
            let product = store(split(token, point).mul(to_niels), 1);
            point = finish(add(token, point, load(token, &product, &product)));
        }
        let [x, y, z, _] = store(point, 0);
        Projective { x: F::splat(token, &x), y: F::splat(token, &y), z: F::splat(token, &z) }
    }
}
