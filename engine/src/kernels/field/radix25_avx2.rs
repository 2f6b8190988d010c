//! 2^255 − 19 in ten limbs of alternately 26 and 25 bits, with 32 × 32 → 64-bit multiplication: for AVX2,
//! and emulated.
//!
//! # Representation
//! x = Σ x[i]·2^⌈25.5·i⌉. `vpmuludq` multiplies the low 32 bits of two lanes, so factors, also those
//! multiplied by 19 or 38 beforehand, must be below 2^32. A product of two odd limbs weighs twice its
//! column, and a column of 10 or more wraps around with a factor of 19.
//!
//! # Classes
//! | class | even limbs | odd limbs | from |
//! |---|---|---|---|
//! | tight | < 2^26 + 2^18 | < 2^25 + 2^18 | `carry`, `mul`, `square`, `from_limbs` |
//! | loose | < 2^27 + 2^26 + 2^19 | < 2^26 + 2^25 + 2^19 | `add`, `sub`, `negate`: no carry |
//! | wide | < 2^63 | < 2^63 | columns |
//!
//! 19 times a loose even limb and 38 times a loose odd limb are below 2^31.9. Column 0 is the worst of a
//! product: in units of 2^51 for tight factors, 2 + 19·(5·1 + 4·2) = 249; for loose factors 2.25 times
//! 249·2^51 < 2^60.2 with one loose factor 1.5 times on each side of the table above; two factors of 3
//! (sums and differences of the largest size) stay below 2^62.2. Odd columns are below 154/249 of that.
//! Raising adds 2^35·p to level 1 (2^61 in even columns, 2^60 in odd ones) and 2^36·p to level 2: twice.
//!
//! # Carry
//! Two interleaved sequential chains, 0 → 4 → 5 and 4 → 9 → 0, twelve steps of three operations. A
//! column below 2^63 carries less than 2^38 out of limb 9, 19 times this less than 2^43 into limb 0, and
//! so less than 2^17 into limb 1.

use super::FieldLanes;
use crate::simd::{Kernel, Multiply32, Token, Vector};

/// A vector of field elements in ten limbs of 26 and 25 bits.
#[derive(Clone, Copy)]
pub struct Radix25<V>([V; 10]);

const MASK26: u64 = (1 << 26) - 1;
const MASK25: u64 = (1 << 25) - 1;
/// p by limb.
const P: [u64; 10] = [MASK26 - 18, MASK25, MASK26, MASK25, MASK26, MASK25, MASK26, MASK25, MASK26, MASK25];
const TIGHT: [u64; 2] = [(1 << 26) + (1 << 18), (1 << 25) + (1 << 18)];
const LOOSE: [u64; 2] = [(1 << 27) + (1 << 26) + (1 << 19), (1 << 26) + (1 << 25) + (1 << 19)];
const WIDE: [u64; 2] = [1 << 63; 2];
/// Bits of the multiple of p that raises by level; level 2 is also the bias of `sub_wide`.
const RAISE: [u32; 3] = [0, 35, 36];

#[inline(always)]
fn assert_below<V: Vector>(limbs: &[V; 10], bound: [u64; 2]) {
    if cfg!(debug_assertions) {
        check_below(limbs, bound);
    }
}

// Out of line, or the assertions would be most of the code of a debug build.
#[inline(never)]
fn check_below<V: Vector>(limbs: &[V; 10], bound: [u64; 2]) {
    for (i, limb) in limbs.iter().enumerate() {
        assert!(limb.all_below(bound[i % 2]), "limb {i} out of bounds");
    }
}

#[inline(always)]
fn raised<V: Vector>(mut columns: [V; 10], level: usize) -> [V; 10] {
    let token = columns[0].token();
    let mut i = 0;
    while i < 10 {
        columns[i] = columns[i].add(V::splat(token, P[i] << RAISE[level]));
        i += 1;
    }
    columns
}

/// The sum of products of two limbs each. Columns are written out: with computed indices the compiler
/// keeps the loops and every limb goes through memory, eight times slower.
macro_rules! sum {
    ($a:ident [$i:literal] * $b:ident [$j:literal] $(, $c:ident [$k:literal] * $d:ident [$l:literal])*) => {
        $a[$i].mul32($b[$j])$(.add($c[$k].mul32($d[$l])))*
    };
}

#[inline(always)]
fn doubled<V: Multiply32>(a: [V; 10]) -> [V; 10] {
    let mut d = a;
    let mut i = 0;
    while i < 10 {
        d[i] = a[i].add(a[i]).opaque();
        i += 1;
    }
    d
}

/// Moves what is above limb `FROM` to the next limb.
#[inline(always)]
fn carry_step<V: Vector, const FROM: usize>(r: &mut [V; 10]) {
    let token = r[0].token();
    if FROM.is_multiple_of(2) {
        r[FROM + 1] = r[FROM + 1].add(r[FROM].shr::<26>());
        r[FROM] = r[FROM].and(V::splat(token, MASK26));
    } else if FROM < 9 {
        r[FROM + 1] = r[FROM + 1].add(r[FROM].shr::<25>());
        r[FROM] = r[FROM].and(V::splat(token, MASK25));
    } else {
        let top = r[9].shr::<25>();
        r[0] = r[0].add(top.shl::<4>().add(top.shl::<1>()).add(top));
        r[9] = r[9].and(V::splat(token, MASK25));
    }
}

/// The level of a product that is carried at once.
const CARRIED: usize = 3;

/// A product raised or carried.
#[inline(always)]
fn level<V: Multiply32, const LEVEL: usize>(columns: [V; 10]) -> [V; 10] {
    match LEVEL {
        0 => columns,
        CARRIED => Radix25::carry(columns).0,
        _ => raised(columns, LEVEL),
    }
}

/// 100 products, 9 multiplications by 19 and 5 doublings beforehand.
///
/// A function of its own, unlike with IFMA: 16 registers cannot hold two factors, so limbs are best read
/// from memory as operands of the multiplications. Inlined into a point formula, they become values that
/// are spilled and reloaded one by one: a doubling took 2,460 instructions instead of 1,600.
struct Multiply<'a, V, const LEVEL: usize> {
    a: &'a [V; 10],
    b: &'a [V; 10],
}

impl<V: Multiply32, const LEVEL: usize> Kernel<V::Token> for Multiply<'_, V, LEVEL> {
    type Output = [V; 10];

    #[inline(always)]
    #[rustfmt::skip]
    fn run(self, token: V::Token) -> [V; 10] {
        let (a, b) = (*self.a, *self.b);
        assert_below(&a, LOOSE);
        assert_below(&b, LOOSE);
        // Odd limbs doubled; limbs times 19.
        let d = doubled(a);
        let nineteen = V::splat(token, 19);
        let mut w = b;
        let mut i = 1;
        while i < 10 {
            w[i] = b[i].mul32(nineteen).opaque();
            i += 1;
        }
        level::<V, LEVEL>([
            sum!(a[0] * b[0], d[1] * w[9], a[2] * w[8], d[3] * w[7], a[4] * w[6], d[5] * w[5], a[6] * w[4], d[7] * w[3], a[8] * w[2], d[9] * w[1]),
            sum!(a[0] * b[1], a[1] * b[0], a[2] * w[9], a[3] * w[8], a[4] * w[7], a[5] * w[6], a[6] * w[5], a[7] * w[4], a[8] * w[3], a[9] * w[2]),
            sum!(a[0] * b[2], d[1] * b[1], a[2] * b[0], d[3] * w[9], a[4] * w[8], d[5] * w[7], a[6] * w[6], d[7] * w[5], a[8] * w[4], d[9] * w[3]),
            sum!(a[0] * b[3], a[1] * b[2], a[2] * b[1], a[3] * b[0], a[4] * w[9], a[5] * w[8], a[6] * w[7], a[7] * w[6], a[8] * w[5], a[9] * w[4]),
            sum!(a[0] * b[4], d[1] * b[3], a[2] * b[2], d[3] * b[1], a[4] * b[0], d[5] * w[9], a[6] * w[8], d[7] * w[7], a[8] * w[6], d[9] * w[5]),
            sum!(a[0] * b[5], a[1] * b[4], a[2] * b[3], a[3] * b[2], a[4] * b[1], a[5] * b[0], a[6] * w[9], a[7] * w[8], a[8] * w[7], a[9] * w[6]),
            sum!(a[0] * b[6], d[1] * b[5], a[2] * b[4], d[3] * b[3], a[4] * b[2], d[5] * b[1], a[6] * b[0], d[7] * w[9], a[8] * w[8], d[9] * w[7]),
            sum!(a[0] * b[7], a[1] * b[6], a[2] * b[5], a[3] * b[4], a[4] * b[3], a[5] * b[2], a[6] * b[1], a[7] * b[0], a[8] * w[9], a[9] * w[8]),
            sum!(a[0] * b[8], d[1] * b[7], a[2] * b[6], d[3] * b[5], a[4] * b[4], d[5] * b[3], a[6] * b[2], d[7] * b[1], a[8] * b[0], d[9] * w[9]),
            sum!(a[0] * b[9], a[1] * b[8], a[2] * b[7], a[3] * b[6], a[4] * b[5], a[5] * b[4], a[6] * b[3], a[7] * b[2], a[8] * b[1], a[9] * b[0]),
        ])
    }
}

/// 55 products, 5 multiplications by 19 or 38 and 9 doublings beforehand.
struct Square<'a, V, const LEVEL: usize>(&'a [V; 10]);

impl<V: Multiply32, const LEVEL: usize> Kernel<V::Token> for Square<'_, V, LEVEL> {
    type Output = [V; 10];

    #[inline(always)]
    #[rustfmt::skip]
    fn run(self, token: V::Token) -> [V; 10] {
        let a = *self.0;
        assert_below(&a, LOOSE);
        // Twice a; and a times 19, where odd times 38: a wrapped odd limb always counts twice, beside an
        // even one for symmetry, beside an odd one for the weight.
        let d = doubled(a);
        let mut w = a;
        let mut i = 5;
        while i < 10 {
            w[i] = a[i].mul32(V::splat(token, if i % 2 == 1 { 38 } else { 19 })).opaque();
            i += 1;
        }
        level::<V, LEVEL>([
            sum!(a[0] * a[0], d[1] * w[9], d[2] * w[8], d[3] * w[7], d[4] * w[6], a[5] * w[5]),
            sum!(d[0] * a[1], a[2] * w[9], d[3] * w[8], a[4] * w[7], d[5] * w[6]),
            sum!(d[0] * a[2], d[1] * a[1], d[3] * w[9], d[4] * w[8], d[5] * w[7], a[6] * w[6]),
            sum!(d[0] * a[3], d[1] * a[2], a[4] * w[9], d[5] * w[8], a[6] * w[7]),
            sum!(d[0] * a[4], d[1] * d[3], a[2] * a[2], d[5] * w[9], d[6] * w[8], a[7] * w[7]),
            sum!(d[0] * a[5], d[1] * a[4], d[2] * a[3], a[6] * w[9], d[7] * w[8]),
            sum!(d[0] * a[6], d[1] * d[5], d[2] * a[4], d[3] * a[3], d[7] * w[9], a[8] * w[8]),
            sum!(d[0] * a[7], d[1] * a[6], d[2] * a[5], d[3] * a[4], a[8] * w[9]),
            sum!(d[0] * a[8], d[1] * d[7], d[2] * a[6], d[3] * d[5], a[4] * a[4], a[9] * w[9]),
            sum!(d[0] * a[9], d[1] * a[8], d[2] * a[7], d[3] * a[6], d[4] * a[5]),
        ])
    }
}

impl<V: Multiply32> FieldLanes for Radix25<V> {
    type Token = V::Token;
    type Vector = V;
    type Wide = [V; 10];
    const SIDE_BY_SIDE: usize = 2;

    #[inline(always)]
    fn from_limbs(l: [V; 5]) -> Self {
        let mask = V::splat(l[0].token(), MASK26);
        let out = [
            l[0].and(mask),
            l[0].shr::<26>(),
            l[1].and(mask),
            l[1].shr::<26>(),
            l[2].and(mask),
            l[2].shr::<26>(),
            l[3].and(mask),
            l[3].shr::<26>(),
            l[4].and(mask),
            l[4].shr::<26>(),
        ];
        assert_below(&out, TIGHT);
        Self(out)
    }
    #[inline(always)]
    fn to_limbs(self) -> [V; 5] {
        let x = Self::carry(self.0).0;
        [
            x[0].add(x[1].shl::<26>()),
            x[2].add(x[3].shl::<26>()),
            x[4].add(x[5].shl::<26>()),
            x[6].add(x[7].shl::<26>()),
            x[8].add(x[9].shl::<26>()),
        ]
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        assert_below(&self.0, TIGHT);
        assert_below(&other.0, TIGHT);
        let mut out = self.0;
        let mut i = 0;
        while i < 10 {
            out[i] = out[i].add(other.0[i]);
            i += 1;
        }
        Self(out)
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        assert_below(&self.0, TIGHT);
        let mut out = other.negate().0;
        let mut i = 0;
        while i < 10 {
            out[i] = out[i].add(self.0[i]);
            i += 1;
        }
        assert_below(&out, LOOSE);
        Self(out)
    }
    #[inline(always)]
    fn negate(self) -> Self {
        assert_below(&self.0, TIGHT);
        let token = self.0[0].token();
        let mut out = self.0;
        let mut i = 0;
        while i < 10 {
            out[i] = V::splat(token, P[i] << 1).sub(out[i]);
            i += 1;
        }
        Self(out)
    }
    #[inline(always)]
    fn select(mask: V::Mask, yes: Self, no: Self) -> Self {
        let mut out = no.0;
        let mut i = 0;
        while i < 10 {
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
    fn permute_wide<const ORDER: i32>(wide: [V; 10]) -> [V; 10] {
        let mut out = wide;
        let mut i = 0;
        while i < 10 {
            out[i] = wide[i].permute::<ORDER>();
            i += 1;
        }
        out
    }
    #[inline(always)]
    fn select_wide(mask: V::Mask, yes: [V; 10], no: [V; 10]) -> [V; 10] {
        Self::select(mask, Self(yes), Self(no)).0
    }

    #[inline(always)]
    fn mul_wide(self, other: Self) -> [V; 10] {
        self.0[0].token().vectorize(Multiply::<V, 0> { a: &self.0, b: &other.0 })
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(self.0[0].token().vectorize(Multiply::<V, CARRIED> { a: &self.0, b: &other.0 }))
    }
    #[inline(always)]
    fn square(self) -> Self {
        Self(self.0[0].token().vectorize(Square::<V, CARRIED>(&self.0)))
    }
    #[inline(always)]
    fn mul_raised(self, other: Self) -> [V; 10] {
        self.0[0].token().vectorize(Multiply::<V, 1> { a: &self.0, b: &other.0 })
    }
    #[inline(always)]
    fn square_wide(self) -> [V; 10] {
        self.0[0].token().vectorize(Square::<V, 0>(&self.0))
    }
    #[inline(always)]
    fn square_raised<const LEVEL: usize>(self) -> [V; 10] {
        self.0[0].token().vectorize(Square::<V, LEVEL>(&self.0))
    }
    #[inline(always)]
    fn twice_raised(self) -> [V; 10] {
        raised(Self::add_wide(self.0, self.0), 1)
    }
    #[inline(always)]
    fn widen(self) -> [V; 10] {
        self.0
    }
    #[inline(always)]
    fn add_wide(a: [V; 10], b: [V; 10]) -> [V; 10] {
        assert_below(&a, WIDE);
        assert_below(&b, WIDE);
        let mut out = a;
        let mut i = 0;
        while i < 10 {
            out[i] = a[i].add(b[i]);
            i += 1;
        }
        assert_below(&out, WIDE);
        out
    }
    #[inline(always)]
    fn sub_wide(a: [V; 10], b: [V; 10]) -> [V; 10] {
        Self::sub_raised(raised(a, 2), b)
    }
    #[inline(always)]
    fn sub_raised(a: [V; 10], b: [V; 10]) -> [V; 10] {
        assert_below(&a, WIDE);
        assert_below(&b, WIDE);
        let mut out = a;
        let mut i = 0;
        while i < 10 {
            out[i] = a[i].sub(b[i]);
            i += 1;
        }
        // A difference below 0 would be above 2^63.
        assert_below(&out, WIDE);
        out
    }
    #[inline(always)]
    fn carry(mut r: [V; 10]) -> Self {
        assert_below(&r, WIDE);
        carry_step::<V, 0>(&mut r);
        carry_step::<V, 4>(&mut r);
        carry_step::<V, 1>(&mut r);
        carry_step::<V, 5>(&mut r);
        carry_step::<V, 2>(&mut r);
        carry_step::<V, 6>(&mut r);
        carry_step::<V, 3>(&mut r);
        carry_step::<V, 7>(&mut r);
        carry_step::<V, 4>(&mut r);
        carry_step::<V, 8>(&mut r);
        carry_step::<V, 9>(&mut r);
        carry_step::<V, 0>(&mut r);
        assert_below(&r, TIGHT);
        Self(r)
    }
}
