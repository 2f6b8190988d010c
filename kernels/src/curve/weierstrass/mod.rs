//! y² = x³ + ax + b over a 256-bit prime, of prime order: P-256, secp256k1 and SM2, a vector of points at a time.
//!
//! # Coordinates
//! Jacobian, with twice the ordinate: x = X/Z², 2y = W/Z³. The formulas want 2Y, 4Y² and 8Y⁴; with W these
//! are W, W² and W⁴/2, so that no multiple by 8 eats the four bits that a field element has to spare.
//!
//! # Incomplete formulas
//! Infinity has no representation, and an addition of P and ±P is wrong. But every addition has
//! Z₃ = 2·Z₁·H with H = 0 exactly where the abscissae agree, and every later formula multiplies Z by something:
//! once 0, Z stays 0 to the end. So one comparison of the last Z with 0 finds every exceptional lane, and a
//! lane that ends otherwise met none. No point has order 2, so a doubling is never exceptional.
//!
//! # Bounds
//! In units of p, for reductions that give (a·b/16 + 1)·p; those of secp256k1 give less. Kept by every
//! formula: X folded (1.01), W ≤ 8, Z < 2.01; of affine points x < 1.1, w < 2.2. The comments beside
//! the formulas give the bound of each value; the constants of `sub_wide` follow. The tests of
//! `kernels::bounds` run the formulas on these bounds instead of values.
//!
//! Formulas: Jacobian doubling and mixed addition (Cohen, Miyaji, Ono, 1998), co-Z addition with update
//! (Meloni, 2007), rewritten for W.

pub mod comb;
pub mod equation;
pub mod glv;
pub mod ladder;
pub mod scalars;
#[cfg(test)]
mod small_groups;
pub mod table;
#[cfg(test)]
mod tests;

use crate::field::prime256::{
    self, K1Order, K1Prime, Limbs, Modulus, PrimeLanes, R1Order, R1Prime, Sm2Order, Sm2Prime,
};
use crate::simd::{Kernel, LaneMask, MAX_LANES, Vector};
use core::marker::PhantomData;
use sigwarp_tables::weierstrass as base;

/// A curve.
pub trait Curve: Copy + core::fmt::Debug + Send + Sync + 'static {
    /// The field of coordinates.
    type Prime: Modulus;
    /// The group order.
    type Order: Modulus;
    /// Whether a = 0; otherwise a = −3.
    const A_IS_ZERO: bool;
    /// b, in the form of the prime.
    const B: Limbs;
    /// β with λ(x, y) = (βx, y), where there is such an endomorphism.
    const BETA: Option<Limbs>;
    /// Odd multiples of the base point G, then, with an endomorphism, of 2^130·G: x and 2y in the form of the
    /// prime, four words each.
    const BASE: &'static [[u64; 8]];
    /// x and y of G.
    const GENERATOR: [[u64; 4]; 2];
    /// The two halves of a scalar with an endomorphism.
    fn halves(k: &[u64; 4]) -> [[u64; 3]; 2] {
        let _ = k;
        [[0; 3]; 2]
    }
}

/// secp256k1 (SEC 2, section 2.4.1).
#[derive(Clone, Copy, Debug)]
pub struct Secp256k1;

impl Curve for Secp256k1 {
    type Prime = K1Prime;
    type Order = K1Order;
    const A_IS_ZERO: bool = true;
    const B: Limbs = [7, 0, 0, 0, 0];
    const BETA: Option<Limbs> = Some(glv::BETA);
    const BASE: &'static [[u64; 8]] = &base::K1_BASE.0;
    const GENERATOR: [[u64; 4]; 2] = [
        [0x59f2_815b_16f8_1798, 0x029b_fcdb_2dce_28d9, 0x55a0_6295_ce87_0b07, 0x79be_667e_f9dc_bbac],
        [0x9c47_d08f_fb10_d4b8, 0xfd17_b448_a685_5419, 0x5da4_fbfc_0e11_08a8, 0x483a_da77_26a3_c465],
    ];
    #[inline]
    fn halves(k: &[u64; 4]) -> [[u64; 3]; 2] {
        glv::halves(k)
    }
}

/// P-256 (SEC 2, section 2.4.2).
#[derive(Clone, Copy, Debug)]
pub struct P256;

impl Curve for P256 {
    type Prime = R1Prime;
    type Order = R1Order;
    const A_IS_ZERO: bool = false;
    const B: Limbs =
        [0xd_f622_9c4b_ddfd, 0xc_a884_3090_d89c, 0x2_12ed_6acf_005c, 0x8_3415_a220_abf7, 0xc300_61dd_4874];
    const BETA: Option<Limbs> = None;
    const BASE: &'static [[u64; 8]] = &base::R1_BASE.0;
    const GENERATOR: [[u64; 4]; 2] = [
        [0xf4a1_3945_d898_c296, 0x7703_7d81_2deb_33a0, 0xf8bc_e6e5_63a4_40f2, 0x6b17_d1f2_e12c_4247],
        [0xcbb6_4068_37bf_51f5, 0x2bce_3357_6b31_5ece, 0x8ee7_eb4a_7c0f_9e16, 0x4fe3_42e2_fe1a_7f9b],
    ];
}

/// The curve of SM2 (GB/T 32918.5, section 2).
#[derive(Clone, Copy, Debug)]
pub struct Sm2;

impl Curve for Sm2 {
    type Prime = Sm2Prime;
    type Order = Sm2Order;
    const A_IS_ZERO: bool = false;
    const B: Limbs =
        [0x3_0632_bc0d_d422, 0xb_09b5_37ab_70d2, 0xa_51c3_c71c_f379, 0x2_c852_7981_505e, 0x40fe_188d_a20e];
    const BETA: Option<Limbs> = None;
    const BASE: &'static [[u64; 8]] = &base::SM2_BASE.0;
    const GENERATOR: [[u64; 4]; 2] = [
        [0x715a_4589_334c_74c7, 0x8fe3_0bbf_f266_0be1, 0x5f99_0446_6a39_c994, 0x32c4_ae2c_1f19_8119],
        [0x02df_32e5_2139_f0a0, 0xd0a9_877c_c62a_4740, 0x59bd_cee3_6b69_2153, 0xbc37_36a2_f4f6_779c],
    ];
}

/// Four little-endian words of `LANES` integers, word by word; unused lanes are 0.
pub type Words = [[u64; MAX_LANES]; 4];

/// The vectors of words.
#[inline(always)]
pub fn load_words<V: Vector, const N: usize>(token: V::Token, words: &[[u64; MAX_LANES]; N]) -> [V; N] {
    let mut out = [V::splat(token, 0); N];
    let mut i = 0;
    while i < N {
        out[i] = V::load(token, &words[i]);
        i += 1;
    }
    out
}

/// An affine point, with w = 2y.
#[derive(Clone, Copy)]
pub struct Affine<F> {
    /// x < 1.1.
    pub x: F,
    /// 2y < 2.2.
    pub w: F,
}

/// A point in Jacobian coordinates, with W = 2Y; Z = 0 where a lane met an exceptional case.
#[derive(Clone, Copy)]
pub struct Jacobian<F> {
    /// x·Z².
    pub x: F,
    /// 2y·Z³.
    pub w: F,
    /// Z.
    pub z: F,
}

/// An array of `$n` values, each by its index: a plain loop, which a closure would not be.
macro_rules! each {
    ($n:ident, $i:ident => $value:expr) => {{
        let mut out = {
            let $i = 0;
            [$value; $n]
        };
        let mut $i = 1;
        while $i < $n {
            out[$i] = $value;
            $i += 1;
        }
        out
    }};
}
pub(crate) use each;

/// 2P of `N` vectors side by side: 4 multiplications and 4 squarings, 3 and 4 for a = 0, one reduction less.
#[inline(always)]
pub fn double<C: Curve<Prime = F::Modulus>, F: PrimeLanes, const N: usize>(
    p: [Jacobian<F>; N],
) -> [Jacobian<F>; N] {
    let v = F::join(each!(N, i => p[i].w.square_wide()));
    // 3(x² − z⁴) or 3x².
    let third = if C::A_IS_ZERO {
        F::join(each!(N, i => p[i].x.square_wide()))
    } else {
        let zz = F::join(each!(N, i => p[i].z.square_wide()));
        let sum = each!(N, i => F::carry(F::add_wide(p[i].x.widen(), zz[i]))); // 2.3
        let difference = each!(N, i => F::carry(F::sub_wide::<2>(p[i].x.widen(), zz[i]))); // 3.1
        F::join(each!(N, i => sum[i].mul_wide(difference[i])))
    };
    let v = each!(N, i => F::carry(v[i])); // 5
    let s = F::join(each!(N, i => p[i].x.mul_wide(v[i]))); // 1.4
    let slope = each!(N, i => F::carry(F::add_wide(F::twice(third[i]), third[i]))); // 4.3
    let ss = F::join(each!(N, i => slope[i].square_wide())); // 2.2
    let z3 = F::join(each!(N, i => p[i].w.mul_wide(p[i].z)));
    let s2 = each!(N, i => F::twice(s[i]));
    let x3 = each!(N, i => F::sub_wide::<3>(ss[i], s2[i])); // 5.2
    let fall = each!(N, i => F::carry(F::sub_wide::<3>(F::twice(x3[i]), s2[i]))); // 2(X₃ − S): 13.4
    let sum = F::join(each!(N, i => F::mul_add_square(slope[i], fall[i], v[i]))); // 6.2
    each!(N, i => Jacobian {
        x: F::fold(x3[i]),
        w: F::carry(F::negate_wide::<7>(sum[i])),
        z: F::carry(z3[i]),
    })
}

/// P + Q, or P − Q in the lanes of the mask, of `N` vectors side by side: 8 multiplications and 3 squarings, one
/// reduction less.
#[inline(always)]
pub fn add<F: PrimeLanes, const N: usize>(
    p: [Jacobian<F>; N],
    q: [Affine<F>; N],
    negative: [<F::Vector as Vector>::Mask; N],
) -> [Jacobian<F>; N] {
    let zz = F::join(each!(N, i => p[i].z.square_wide()));
    let zz = each!(N, i => F::carry(zz[i])); // 1.3
    let zzz = F::join(each!(N, i => p[i].z.mul_wide(zz[i])));
    let u = F::join(each!(N, i => q[i].x.mul_wide(zz[i]))); // 1.1
    let zzz = each!(N, i => F::carry(zzz[i])); // 1.2
    let s = F::join(each!(N, i => q[i].w.mul_wide(zzz[i]))); // 1.2
    let h = each!(N, i => F::sub_wide::<2>(u[i], p[i].x.widen()));
    let h2 = each!(N, i => F::carry(F::twice(h[i]))); // 6.4
    let h = each!(N, i => F::carry(h[i])); // 3.2
    let ii = F::join(each!(N, i => h2[i].square_wide()));
    let ii = each!(N, i => F::carry(ii[i])); // 3.6
    let s = each!(N, i => F::select_wide(negative[i], F::negate_wide::<2>(s[i]), s[i])); // 2
    let r = each!(N, i => F::carry(F::sub_wide::<8>(s[i], p[i].w.widen()))); // 10.1
    let rr = F::join(each!(N, i => r[i].square_wide())); // 7.4
    let j = F::join(each!(N, i => h[i].mul_wide(ii[i]))); // 1.8
    let v = F::join(each!(N, i => p[i].x.mul_wide(ii[i]))); // 1.3
    let x3 = each!(N, i => F::fold(F::sub_wide::<5>(rr[i], F::add_wide(j[i], F::twice(v[i])))));
    let z3 = F::join(each!(N, i => p[i].z.mul_wide(h2[i])));
    let j = each!(N, i => F::carry(j[i]));
    let fall = each!(N, i => F::carry(F::sub_wide::<2>(x3[i].widen(), v[i]))); // 3.1
    let sum = F::join(each!(N, i => F::mul_add_mul(r[i], fall[i], p[i].w, j[i]))); // 3.9
    each!(N, i => Jacobian {
        x: x3[i],
        w: F::carry(F::negate_wide::<8>(F::twice(sum[i]))),
        z: F::carry(z3[i]),
    })
}

/// A point by its coordinates, or by x and the parity of y.
#[derive(Clone, Copy, Debug)]
pub struct Encoded {
    /// x below p, little-endian.
    pub x: [u64; 4],
    /// y below p, or what stands for it.
    pub y: Y,
}

/// The second coordinate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Y {
    /// Whether y is odd.
    Odd(bool),
    /// y, little-endian.
    Is([u64; 4]),
}

/// A vector of encoded points.
#[derive(Clone, Copy)]
pub struct Encodings {
    /// x.
    pub x: Words,
    /// y where it is given, else its parity.
    pub y: Words,
    /// Lanes that give only the parity.
    pub compressed: u8,
}

impl Encodings {
    /// No points.
    pub const EMPTY: Self = Self { x: [[0; MAX_LANES]; 4], y: [[0; MAX_LANES]; 4], compressed: 0 };

    /// Puts a point in a lane.
    #[inline]
    pub fn set(&mut self, lane: usize, point: &Encoded) {
        let y = match point.y {
            Y::Is(y) => y,
            Y::Odd(odd) => {
                self.compressed |= 1 << lane;
                [u64::from(odd), 0, 0, 0]
            }
        };
        for i in 0..4 {
            self.x[i][lane] = point.x[i];
            self.y[i][lane] = y[i];
        }
    }
}

/// x³ + ax + b, by b.
#[inline(always)]
fn right_hand_side<C: Curve<Prime = F::Modulus>, F: PrimeLanes>(x: F, b: F) -> F {
    let xx = x.square_wide();
    let factor = if C::A_IS_ZERO {
        F::carry(xx)
    } else {
        let one = F::one(x.to_limbs()[0].token());
        let three = F::add_wide(F::twice(one.widen()), one.widen());
        F::carry(F::sub_wide::<4>(xx, three))
    };
    F::carry(F::add_wide(factor.mul_wide(x), b.widen()))
}

/// Decodes `N` vectors of points side by side: gives the points and the mask of lanes that are on the curve.
/// The other lanes get G, so that nothing that follows is 0.
pub struct Decode<'a, C, F, const N: usize> {
    /// The points.
    pub encodings: [&'a Encodings; N],
    /// The curve and the representation.
    pub of: PhantomData<(C, F)>,
}

impl<C: Curve<Prime = F::Modulus>, F: PrimeLanes, const N: usize> Kernel<F::Token> for Decode<'_, C, F, N> {
    type Output = [(Affine<F>, u8); N];

    #[inline(always)]
    fn run(self, token: F::Token) -> Self::Output {
        let mut generator = [F::one(token); 2];
        let mut i = 0;
        while i < 2 {
            let words = C::GENERATOR[i];
            generator[i] = prime256::enter::<F>([
                F::Vector::splat(token, words[0]),
                F::Vector::splat(token, words[1]),
                F::Vector::splat(token, words[2]),
                F::Vector::splat(token, words[3]),
            ]);
            i += 1;
        }
        let b = F::splat(token, &C::B);
        let one = F::one(token);
        let (mut x, mut y, mut rhs) = ([one; N], [one; N], [one; N]);
        let mut any = 0;
        let mut v = 0;
        while v < N {
            x[v] = prime256::enter::<F>(load_words(token, &self.encodings[v].x));
            y[v] = prime256::enter::<F>(load_words(token, &self.encodings[v].y));
            any |= self.encodings[v].compressed;
            rhs[v] = right_hand_side::<C, F>(x[v], b);
            v += 1;
        }
        let roots = if any == 0 { y } else { prime256::sqrt(rhs).0 };
        let mut out = [(Affine { x: one, w: one }, 0); N];
        v = 0;
        while v < N {
            let compressed = F::Vector::mask(token, self.encodings[v].compressed);
            if any != 0 {
                let low = F::Vector::splat(token, 1);
                let parity = prime256::leave(roots[v])[0].and(low);
                let agrees = parity.equal(F::Vector::load(token, &self.encodings[v].y[0]).and(low));
                let negative = F::carry(F::negate_wide::<2>(roots[v].widen()));
                let root = F::select(agrees, roots[v], negative);
                y[v] = F::select(compressed, root, y[v]);
            }
            let on_curve = prime256::equal(rhs[v], y[v].square());
            let x = F::select(on_curve, x[v], generator[0]);
            let y = F::select(on_curve, y[v], generator[1]);
            // y may be 2p − a root: twice that is folded.
            let zero = F::splat(token, &[0; 5]);
            let w = F::fold(F::sub_wide::<1>(F::twice(y.widen()), zero.widen()));
            out[v] = (Affine { x, w }, on_curve.bits());
            v += 1;
        }
        out
    }
}
