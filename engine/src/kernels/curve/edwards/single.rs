//! [s]B − [k]A of one signature, with the lanes across its coordinates: for batches of one, where seven
//! lanes of eight would idle.
//!
//! # Method
//! A vector of eight lanes is two quads, (X, Y, Z, T) each: the lower quad computes −[k]A, the upper one
//! [s]B, in 51 signed windows of 5 bits with the same doublings; at the end they are added. A doubling is
//! one squaring and one multiplication of vectors, an addition two multiplications, with lanes permuted
//! between them, so the latency of a doubling is about 110 cycles: 51·5 of them and 51 additions take half
//! the time of the ladder across signatures, which would be the same for one signature as for eight.
//!
//! # Coordinates
//! Lanes of a quad. Point: (X, Y, Z, T). Completed: (E, G, F, H), so that (E, G, F, E)·(F, H, G, H) is the
//! point. Niels: (Y − X, Y + X, 2Z, 2dT). Formulas and signs as in the parent module.
//!
//! # Rejected
//! Splitting k over lanes needs 2^(32·i)·A, that is 224 doublings in one lane first.

use super::{Affine, Projective};
use crate::kernels::field::{EDWARDS_2D, FieldLanes, Limbs, MASK51, ONE};
use crate::kernels::scalar;
use crate::simd::{Kernel, MAX_LANES, Vector};
use sigwarp_tables::ed25519::BASE_MULTIPLES;

const WIDTH: usize = 5;
const DIGITS: usize = 51;
const ENTRIES: usize = (1 << (WIDTH - 1)) + 1;
const OFFSET: [u64; 4] = scalar::window_offset(WIDTH, DIGITS);

/// The four Niels coordinates of a point, by coordinate and limb.
type Entry = [Limbs; 4];

/// Computes [s]B − [k]A; the result is in every lane.
pub struct Single<'a, F> {
    /// A, in lane 0.
    pub key: &'a Affine<F>,
    /// k, below L.
    pub challenge: &'a [u64; 4],
    /// s, below L.
    pub base: &'a [u64; 4],
}

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

/// Two quads of coordinates.
#[inline(always)]
fn load<F: FieldLanes>(token: F::Token, low: &Entry, high: &Entry) -> F {
    let mut limbs = [[0; MAX_LANES]; 5];
    for i in 0..5 {
        for coordinate in 0..4 {
            limbs[i][coordinate] = low[coordinate][i];
            limbs[i][4 + coordinate] = high[coordinate][i];
        }
    }
    let limb = |i: usize| F::Vector::load(token, &limbs[i]);
    F::from_limbs([limb(0), limb(1), limb(2), limb(3), limb(4)])
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

/// −P of a Niels entry.
fn negate([y_minus_x, y_plus_x, z2, t2d]: Entry) -> Entry {
    // 2p − t, carried once: limbs stay below 2^51 but for the lowest, which gets 19 times a bit.
    let mut t = [0; 5];
    let mut carry = 0;
    for i in 0..5 {
        let two_p = (if i == 0 { MASK51 - 18 } else { MASK51 }) << 1;
        let limb = two_p - t2d[i] + carry;
        t[i] = limb & MASK51;
        carry = limb >> 51;
    }
    t[0] += 19 * carry;
    [y_plus_x, y_minus_x, z2, t]
}

/// The window from `bit`: its magnitude and whether it is negative.
fn digit(words: &[u64; 4], bit: usize) -> (usize, bool) {
    let (word, shift) = (bit / 64, bit % 64);
    let mut window = words[word] >> shift;
    if shift > 64 - WIDTH && word < 3 {
        window |= words[word + 1] << (64 - shift);
    }
    let window = (window & ((1 << WIDTH) - 1)) as usize;
    const HALF: usize = 1 << (WIDTH - 1);
    if window < HALF { (HALF - window, true) } else { (window - HALF, false) }
}

fn base_entry(magnitude: usize) -> Entry {
    let [low, high] = [BASE_MULTIPLES.0[2 * magnitude], BASE_MULTIPLES.0[2 * magnitude + 1]];
    [
        [low[5], low[6], low[7], high[0], high[1]],
        [low[0], low[1], low[2], low[3], low[4]],
        [2, 0, 0, 0, 0],
        [high[2], high[3], high[4], high[5], high[6]],
    ]
}

fn signed((magnitude, negative): (usize, bool), entry: Entry) -> Entry {
    if negative && magnitude > 0 { negate(entry) } else { entry }
}

impl<F: FieldLanes> Kernel<F::Token> for Single<'_, F> {
    type Output = Projective<F>;

    #[inline(always)]
    fn run(self, token: F::Token) -> Projective<F> {
        const ZERO: Limbs = [0; 5];
        const TWO: Limbs = [2, 0, 0, 0, 0];
        let to_niels: F = load(token, &[ONE, ONE, TWO, EDWARDS_2D], &[ONE, ONE, TWO, EDWARDS_2D]);
        let identity: Entry = [ZERO, ONE, ONE, ZERO];

        // 0 to 16 times −A.
        let x = F::carry(self.key.x.negate().widen());
        let xy = x.mul(self.key.y);
        let lane = |x: F| super::decode::lane_limbs(x, 0);
        let minus_a: Entry = [lane(x), lane(self.key.y), ONE, lane(xy)];
        let mut table = [[ONE, ONE, TWO, ZERO]; ENTRIES];
        let mut point: F = load(token, &minus_a, &identity);
        let step = split(token, point).mul(to_niels);
        table[1] = store(step, 0);
        for entry in &mut table[2..] {
            point = finish(add(token, point, step));
            *entry = store(split(token, point).mul(to_niels), 0);
        }

        let challenge = scalar::add(*self.challenge, OFFSET);
        let base = scalar::add(*self.base, OFFSET);
        point = load(token, &identity, &identity);
        for window in (0..DIGITS).rev() {
            for _ in 0..WIDTH {
                point = finish(double(token, point));
            }
            let low = digit(&challenge, WIDTH * window);
            let high = digit(&base, WIDTH * window);
            let entry: F = load(token, &signed(low, table[low.0]), &signed(high, base_entry(high.0)));
            point = finish(add(token, point, entry));
        }

        let product = store(split(token, point).mul(to_niels), 1);
        let [x, y, z, _] = store(finish(add(token, point, load(token, &product, &product))), 0);
        Projective { x: F::splat(token, &x), y: F::splat(token, &y), z: F::splat(token, &z) }
    }
}
