//! 2^255 − 19 in five limbs of 51 bits with signs, multiplied in double precision: for AVX2 with FMA, and
//! emulated.
//!
//! # Representation
//! x = Σ x\[i\]·2^(51·i), every limb an integer held as a double. A 53-bit significand multiplies 26 bits
//! more at a time than `vpmuludq` does: 25 products of limbs instead of 100.
//!
//! # Products
//! With round-to-nearest, C = 1.5·2^103 and M = 1.5·2^52:
//! - hi = fma(a, b, C) = C + 2^51·h, since a double near C is a multiple of 2^51; h = round(a·b / 2^51);
//! - lo = fma(a, b, −(hi − (C + M))) = M + (a·b − 2^51·h): the difference is exact, as all three are
//!   multiples of 2^51 below 2^104, and so is the result, below 2^53.
//!
//! Both read as integers are C's or M's bits plus h or l: they are accumulated with integer additions,
//! h in the next column. The bits of C and M are subtracted with one constant a column. a·b must stay
//! within ±2^102, or the sum with C leaves its binade.
//!
//! # Classes
//! | class | limbs | from |
//! |---|---|---|
//! | tight | ±(2^50 + 2^17) | `carry`, `settle`, `mul`, `square`, `add`, `sub` (which carry), `negate` of tight |
//! | loose | ±(2^51 + 2^18) | `from_factor`; factor of a tight element only |
//! | wide | columns, 64-bit integers with a sign, ±2^58 | products |
//!
//! A product of tight elements has |h| ≤ 2^49.1 and |l| ≤ 2^50, so the worst column, 0, is within
//! 2^50·(1 + 19·4) + 2^49.1·19·5 < 2^57.1; of a tight and a loose one within 2^57.5. Up to five of them are
//! added before a carry: within 2^60.
//!
//! # Levels
//! Level 1 is the constant U = 2^9·p + Σ 2^50·2^(51·i), level 2 is 2·U. `settle` takes a value of level 1
//! exactly, about 2^60 in each column: it splits columns into 51 bits and a carry below 2^10, and subtracts
//! 2^50 from each limb when it makes them doubles: what U has besides a multiple of p. So limbs come out
//! with signs and nothing is spent on rounding. `carry` adds U first.
//!
//! Cost, in instructions other than loads and moves: a multiplication 25 · 5, 20 for columns times 19, and
//! 26 for the carry; a squaring 15 · 5 + 4, and the same.
//!
//! # Rejected
//! - Ten limbs of 25.5 bits with `vpmuludq`: 245 instructions, and twice the work in everything else.
//! - Accumulating h in the addend of the FMA (the last hi instead of C): saves an addition a product, but
//!   leaves the binade at the fourth product, and copies cost what the additions do.
//! - Accumulating l as doubles: five exceed what converts to an integer in one addition.
//! - Loose sums: their squares exceed 2^102. `add` carries, 20 instructions, once a doubling.

use super::FieldLanes;
use crate::simd::{FloatMultiply, Vector, step};

/// A vector of field elements in five limbs of 51 bits, as doubles.
#[derive(Clone, Copy)]
pub struct Radix51Fma<V>([V; 5]);

const TIGHT: f64 = ((1u64 << 50) + (1 << 17)) as f64;
const LOOSE: f64 = ((1u64 << 51) + (1 << 18)) as f64;
const MASK51: u64 = (1 << 51) - 1;
/// 2^51.
const RADIX: f64 = (1u64 << 51) as f64;
/// 2^52: the double whose significand's lowest bit is 1.
const UNIT: f64 = 2.0 * RADIX;
/// 1.5·2^103, near which doubles are multiples of 2^51.
const HIGH: f64 = 1.5 * UNIT * RADIX;
/// 1.5·2^52, near which doubles are integers.
const LOW: f64 = 1.5 * UNIT;
/// HIGH + LOW, exactly.
const BOTH: f64 = HIGH + LOW;
/// p by limb.
const P: [u64; 5] = [MASK51 - 18, MASK51, MASK51, MASK51, MASK51];

/// The columns of level `level`.
const fn raise(level: u64) -> [u64; 5] {
    let mut out = [0; 5];
    let mut i = 0;
    while i < 5 {
        out[i] = level * ((P[i] << 9) + (1 << 50));
        i += 1;
    }
    out
}

/// Half of even columns.
const fn halved(columns: [u64; 5]) -> [u64; 5] {
    let mut out = columns;
    let mut i = 0;
    while i < 5 {
        assert!(columns[i].is_multiple_of(2));
        out[i] = columns[i] / 2;
        i += 1;
    }
    out
}

/// What columns start from, such that the bits of HIGH and LOW of `products(i, j)` terms vanish: level
/// `level` less `lows` times LOW's and `highs` times HIGH's bits, columns 5 to 9 counted 19 times.
const fn start(level: u64, terms: [u64; 9]) -> [u64; 5] {
    let mut columns = [0u64; 10];
    let mut k = 0;
    while k < 9 {
        columns[k] = columns[k].wrapping_add(terms[k].wrapping_mul(LOW.to_bits()));
        columns[k + 1] = columns[k + 1].wrapping_add(terms[k].wrapping_mul(HIGH.to_bits()));
        k += 1;
    }
    let mut out = raise(level);
    k = 0;
    while k < 5 {
        out[k] = out[k].wrapping_sub(columns[k]).wrapping_sub(columns[k + 5].wrapping_mul(19));
        k += 1;
    }
    out
}

#[inline(always)]
fn assert_within<V: Vector>(limbs: &[V; 5], bound: f64) {
    if cfg!(debug_assertions) {
        check_within(limbs, bound);
    }
}

// Out of line, or the assertions would be most of the code of a debug build.
#[inline(never)]
fn check_within<V: Vector>(limbs: &[V; 5], bound: f64) {
    for limb in limbs {
        for lane in &limb.to_array()[..V::LANES] {
            let x = f64::from_bits(*lane);
            assert!(x.abs() <= bound && x.fract() == 0.0, "limb {x} out of bounds");
        }
    }
}

fn is_within<V: Vector>(limbs: &[V; 5], bound: f64) -> bool {
    let lanes = limbs.iter().flat_map(|limb| limb.to_array().into_iter().take(V::LANES));
    lanes.map(f64::from_bits).all(|x| x.abs() <= bound)
}

/// Factors of a product: loose, and at least one of them tight. The square of a loose limb may pass 2^102.
#[inline(always)]
fn assert_factors<V: Vector>(a: &[V; 5], b: &[V; 5]) {
    if cfg!(debug_assertions) {
        check_factors(a, b);
    }
}

#[inline(never)]
fn check_factors<V: Vector>(a: &[V; 5], b: &[V; 5]) {
    check_within(a, LOOSE);
    check_within(b, if is_within(a, TIGHT) { LOOSE } else { TIGHT });
}

/// Columns within ±2^`bits`.
#[inline(always)]
fn assert_columns<V: Vector>(columns: &[V; 5], bits: u32) {
    if cfg!(debug_assertions) {
        check_columns(columns, bits);
    }
}

#[inline(never)]
fn check_columns<V: Vector>(columns: &[V; 5], bits: u32) {
    for column in columns {
        for lane in &column.to_array()[..V::LANES] {
            assert!((*lane as i64).unsigned_abs() <= 1 << bits, "column out of bounds");
        }
    }
}

/// The high and the low half of a product, as bits; `constant` is HIGH.
#[inline(always)]
fn split<V: FloatMultiply>(a: V, b: V, constant: V) -> (V, V) {
    let token = a.token();
    let high = a.fused(b, constant);
    // Not BOTH − high with a sum: the second operand of a subtraction can be in memory, the first cannot.
    let rest = high.sub_f64(V::splat(token, BOTH.to_bits()));
    (high, a.fused_sub(b, rest))
}

/// c + 19·d.
#[inline(always)]
fn fold<V: FloatMultiply>(c: V, d: V) -> V {
    // Hidden, or LLVM makes a 64-bit multiplication of it, four instructions more.
    let twice = d.add(d).opaque();
    c.add(d).add(twice).add(d.shl::<4>())
}

/// Adds products to columns, a group of one weight at a time: with the next group kept back until a group's last sum,
/// three columns are open at once and nothing is spilled but factors.
macro_rules! products {
    ($c:ident, $a:ident; $($($x:ident[$i:literal] * $b:ident[$j:literal]),* => $done:literal;)*) => {{
        // Hidden: LLVM would broadcast a known constant again and again instead of keeping it.
        let constant = V::splat($c[0].token(), HIGH.to_bits()).opaque();
        $(
            $(
                let (high, low) = split($x[$i], $b[$j], constant);
                $c[$i + $j] = $c[$i + $j].add(low);
                $c[$i + $j + 1] = $c[$i + $j + 1].add(high);
            )*
            $a = V::after($a, $c[$done]);
        )*
    }};
}

#[inline(always)]
fn columns<V: Vector>(token: V::Token, start: [u64; 5]) -> [V; 10] {
    let mut c = [V::splat(token, 0); 10];
    let mut k = 0;
    while k < 5 {
        c[k] = V::splat(token, start[k]);
        k += 1;
    }
    c
}

// Products are two steps, for the sake of the compiler. The second takes the factor that the first gives back, so that
// it stays behind it.
step! {
    fn multiply_first[V: FloatMultiply](c: [V; 10], a: [V; 5], b: [V; 5]) -> ([V; 10], [V; 5]) {
        assert_factors(&a, &b);
        let (mut c, mut a) = (c, a);
        products!(c, a;
            a[4] * b[4] => 9;
            a[0] * b[4], a[1] * b[3], a[2] * b[2], a[3] * b[1], a[4] * b[0] => 5;
            a[0] * b[3], a[1] * b[2], a[2] * b[1], a[3] * b[0] => 4;
            a[3] * b[4], a[4] * b[3] => 8;
        );
        (c, a)
    }

    fn multiply_rest[V: FloatMultiply](c: [V; 10], a: [V; 5], b: [V; 5]) -> [V; 10] {
        let (mut c, mut a) = (c, a);
        products!(c, a;
            a[0] * b[2], a[1] * b[1], a[2] * b[0] => 3;
            a[2] * b[4], a[3] * b[3], a[4] * b[2] => 7;
            a[0] * b[1], a[1] * b[0] => 2;
            a[1] * b[4], a[2] * b[3], a[3] * b[2], a[4] * b[1] => 6;
            a[0] * b[0] => 1;
        );
        let _ = a;
        c
    }

    /// `d` is twice `a`, but for the last limb: the factor of a cross product.
    fn square_first[V: FloatMultiply](c: [V; 10], d: [V; 5], a: [V; 5]) -> ([V; 10], [V; 5]) {
        assert_within(&a, TIGHT);
        let (mut c, mut d) = (c, d);
        products!(c, d;
            d[4] * a[4] => 9;
            d[0] * a[4], d[1] * a[3], a[2] * a[2] => 5;
            d[0] * a[3], d[1] * a[2] => 4;
            d[3] * a[4] => 8;
        );
        (c, d)
    }

    fn square_rest[V: FloatMultiply](c: [V; 10], d: [V; 5], a: [V; 5]) -> [V; 10] {
        let (mut c, mut d) = (c, d);
        products!(c, d;
            d[0] * a[2], a[1] * a[1] => 3;
            d[2] * a[4], a[3] * a[3] => 7;
            d[0] * a[1] => 2;
            d[1] * a[4], d[2] * a[3] => 6;
            a[0] * a[0] => 1;
        );
        let _ = d;
        c
    }

    /// Columns 5 to 9 weigh 19 times 0 to 4.
    fn folded[V: FloatMultiply](c: [V; 10]) -> [V; 5] {
        [fold(c[0], c[5]), fold(c[1], c[6]), fold(c[2], c[7]), fold(c[3], c[8]), fold(c[4], c[9])]
    }
}

#[inline(always)]
fn multiply<V: FloatMultiply, const LEVEL: u64>(a: [V; 5], b: [V; 5]) -> [V; 5] {
    let c = columns(a[0].token(), const { start(LEVEL, [1, 2, 3, 4, 5, 4, 3, 2, 1]) });
    let (c, a) = multiply_first(c, a, b);
    folded(multiply_rest(c, a, b))
}

#[inline(always)]
fn square<V: FloatMultiply, const LEVEL: u64>(a: [V; 5]) -> [V; 5] {
    let c = columns(a[0].token(), const { start(LEVEL, [1, 1, 2, 2, 3, 2, 2, 1, 1]) });
    let d = [a[0].add_f64(a[0]), a[1].add_f64(a[1]), a[2].add_f64(a[2]), a[3].add_f64(a[3]), a[4]];
    let (c, d) = square_first(c, d, a);
    folded(square_rest(c, d, a))
}

step! {
    /// Non-negative columns of level 1 to limbs.
    fn settle[V: FloatMultiply](r: [V; 5]) -> [V; 5] {
        assert_columns(&r, 61);
        let token = r[0].token();
        let mask = V::splat(token, MASK51);
        let unit = V::splat(token, UNIT.to_bits());
        let middle = V::splat(token, (UNIT + RADIX / 2.0).to_bits());
        let mut out = r;
        let mut carry = r[4].shr::<51>().mul32(V::splat(token, 19));
        let mut i = 0;
        while i < 5 {
            out[i] = r[i].and(mask).add(carry).or(unit).sub_f64(middle);
            carry = r[i].shr::<51>();
            i += 1;
        }
        assert_within(&out, TIGHT);
        out
    }
}

step! {
    /// Limbs within ±2^52 to tight ones.
    fn carry_limbs[V: FloatMultiply](x: [V; 5]) -> [V; 5] {
        let token = x[0].token();
        let high = V::splat(token, HIGH.to_bits());
        let down = V::splat(token, (1.0 / RADIX).to_bits());
        let mut out = x;
        let mut carry = x;
        let mut i = 0;
        while i < 5 {
            carry[i] = x[i].add_f64(high).sub_f64(high);
            out[i] = x[i].sub_f64(carry[i]);
            i += 1;
        }
        out[0] = carry[4].fused(V::splat(token, (19.0 / RADIX).to_bits()), out[0]);
        i = 1;
        while i < 5 {
            out[i] = carry[i - 1].fused(down, out[i]);
            i += 1;
        }
        assert_within(&out, TIGHT);
        out
    }
}

#[inline(always)]
fn add_columns<V: Vector>(a: [V; 5], b: [u64; 5]) -> [V; 5] {
    let token = a[0].token();
    let mut out = a;
    let mut i = 0;
    while i < 5 {
        out[i] = a[i].add(V::splat(token, b[i]));
        i += 1;
    }
    out
}

step! {
    /// Tight limbs as integers, plus a constant. Beyond ±2^51 the sum with LOW would leave its binade, and the bits be
    /// those of another integer.
    fn integers[V: FloatMultiply](x: [V; 5], plus: [u64; 5]) -> [V; 5] {
        assert_within(&x, TIGHT);
        let token = x[0].token();
        let mut out = x;
        let mut i = 0;
        while i < 5 {
            let low = x[i].add_f64(V::splat(token, LOW.to_bits()));
            out[i] = low.add(V::splat(token, plus[i].wrapping_sub(LOW.to_bits())));
            i += 1;
        }
        out
    }
}

step! {
    fn sum[V: FloatMultiply](a: [V; 5], b: [V; 5]) -> [V; 5] {
        let mut out = a;
        let mut i = 0;
        while i < 5 {
            out[i] = a[i].add(b[i]);
            i += 1;
        }
        assert_columns(&out, 62);
        out
    }

    fn difference[V: FloatMultiply](a: [V; 5], b: [V; 5]) -> [V; 5] {
        let mut out = a;
        let mut i = 0;
        while i < 5 {
            out[i] = a[i].sub(b[i]);
            i += 1;
        }
        assert_columns(&out, 62);
        out
    }
}

impl<V: FloatMultiply> FieldLanes for Radix51Fma<V> {
    type Token = V::Token;
    type Vector = V;
    type Wide = [V; 5];
    const SIDE_BY_SIDE: usize = 1;

    #[inline(always)]
    fn from_limbs(limbs: [V; 5]) -> Self {
        Self(carry_limbs(Self::from_factor(limbs).0))
    }
    #[inline(always)]
    fn from_factor(limbs: [V; 5]) -> Self {
        let unit = V::splat(limbs[0].token(), UNIT.to_bits());
        let mut out = limbs;
        let mut i = 0;
        while i < 5 {
            out[i] = limbs[i].or(unit).sub_f64(unit);
            i += 1;
        }
        assert_within(&out, LOOSE);
        Self(out)
    }
    #[inline(always)]
    fn to_limbs(self) -> [V; 5] {
        // 2p keeps columns positive: below 2^53, so that carries are below 4.
        let r = integers(self.0, const { [P[0] << 1, P[1] << 1, P[2] << 1, P[3] << 1, P[4] << 1] });
        let token = r[0].token();
        let mask = V::splat(token, MASK51);
        let top = r[4].shr::<51>();
        [
            r[0].and(mask).add(top.mul32(V::splat(token, 19))),
            r[1].and(mask).add(r[0].shr::<51>()),
            r[2].and(mask).add(r[1].shr::<51>()),
            r[3].and(mask).add(r[2].shr::<51>()),
            r[4].and(mask).add(r[3].shr::<51>()),
        ]
    }
    #[inline(always)]
    fn pack(self) -> [V; 5] {
        self.0
    }
    #[inline(always)]
    fn unpack(words: [V; 5]) -> Self {
        Self(words)
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let mut out = self.0;
        let mut i = 0;
        while i < 5 {
            out[i] = out[i].add_f64(other.0[i]);
            i += 1;
        }
        Self(carry_limbs(out))
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        let mut out = self.0;
        let mut i = 0;
        while i < 5 {
            out[i] = out[i].sub_f64(other.0[i]);
            i += 1;
        }
        Self(carry_limbs(out))
    }
    #[inline(always)]
    fn negate(self) -> Self {
        let zero = V::splat(self.0[0].token(), 0);
        let mut out = self.0;
        let mut i = 0;
        while i < 5 {
            out[i] = zero.sub_f64(out[i]);
            i += 1;
        }
        Self(out)
    }
    #[inline(always)]
    fn select(mask: V::Mask, yes: Self, no: Self) -> Self {
        let mut out = no.0;
        let mut i = 0;
        while i < 5 {
            out[i] = V::select(mask, yes.0[i], no.0[i]);
            i += 1;
        }
        Self(out)
    }

    #[inline(always)]
    fn permute<const ORDER: i32>(self) -> Self {
        Self(Self::permute_wide::<ORDER>(self.0))
    }
    #[inline(always)]
    fn permute_wide<const ORDER: i32>(wide: [V; 5]) -> [V; 5] {
        let mut out = wide;
        let mut i = 0;
        while i < 5 {
            out[i] = wide[i].permute::<ORDER>();
            i += 1;
        }
        out
    }
    #[inline(always)]
    fn select_wide(mask: V::Mask, yes: [V; 5], no: [V; 5]) -> [V; 5] {
        Self::select(mask, Self(yes), Self(no)).0
    }

    #[inline(always)]
    fn mul_wide(self, other: Self) -> [V; 5] {
        multiply::<V, 0>(self.0, other.0)
    }
    #[inline(always)]
    fn square_wide(self) -> [V; 5] {
        square::<V, 0>(self.0)
    }
    #[inline(always)]
    fn mul_raised(self, other: Self) -> [V; 5] {
        multiply::<V, 1>(self.0, other.0)
    }
    #[inline(always)]
    fn square_raised<const LEVEL: usize>(self) -> [V; 5] {
        match LEVEL {
            1 => square::<V, 1>(self.0),
            _ => square::<V, 2>(self.0),
        }
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(settle(multiply::<V, 1>(self.0, other.0)))
    }
    #[inline(always)]
    fn square(self) -> Self {
        Self(settle(square::<V, 1>(self.0)))
    }
    #[inline(always)]
    fn twice_raised(self) -> [V; 5] {
        // Doubled as integers: twice a tight limb may lie beyond ±2^51, where the sum with LOW leaves its binade.
        let half = integers(self.0, const { halved(raise(1)) });
        sum(half, half)
    }
    #[inline(always)]
    fn widen(self) -> [V; 5] {
        integers(self.0, [0; 5])
    }
    #[inline(always)]
    fn add_wide(a: [V; 5], b: [V; 5]) -> [V; 5] {
        sum(a, b)
    }
    #[inline(always)]
    fn sub_wide(a: [V; 5], b: [V; 5]) -> [V; 5] {
        Self::sub_raised(a, b)
    }
    #[inline(always)]
    fn sub_raised(a: [V; 5], b: [V; 5]) -> [V; 5] {
        difference(a, b)
    }
    #[inline(always)]
    fn carry(wide: [V; 5]) -> Self {
        assert_columns(&wide, 60);
        Self(settle(add_columns(wide, const { raise(1) })))
    }
    #[inline(always)]
    fn settle(raised: [V; 5]) -> Self {
        Self(settle(raised))
    }
}
