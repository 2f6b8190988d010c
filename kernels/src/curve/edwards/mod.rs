//! The curve edwards25519, −x² + y² = 1 + d·x²·y², a vector of points at a time.
//!
//! Source: Hisil, Wong, Carter, Dawson, "Twisted Edwards Curves Revisited" (ASIACRYPT 2008), formulas
//! add-2008-hwcd-3 and dbl-2008-hwcd with a = −1. −1 is a square and d is not, so the addition is
//! complete: no lane is ever an exception, whatever small-order or equal points an attacker sends.
//!
//! # Coordinates
//! | form | holds | for |
//! |---|---|---|
//! | [`Affine`] | x, y | decoded keys |
//! | [`Projective`] | X, Y, Z; x = X/Z, y = Y/Z | input of a doubling |
//! | [`Extended`] | Y + X, Y − X, Z, T with T = XY/Z | input of an addition |
//! | [`Completed`] | E, F, G, H; X = EF, Y = GH, Z = FG, T = EH | output of both |
//! | [`Niels`] | Y + X, Y − X, 2Z, 2dT | table entries |
//! | [`AffineNiels`] | y + x, y − x, 2dxy | entries of the table of B |
//!
//! An extended point is kept as the sum and the difference of Y and X: an addition needs nothing else,
//! and both come from the uncarried products of a completed point at no further cost. T is computed only
//! where an addition follows.
//!
//! # Cost
//! | operation | mul | sqr |
//! |---|---|---|
//! | doubling, to completed | | 4 |
//! | addition of Niels / affine Niels, to completed | 4 / 3 | |
//! | completed to projective / extended | 3 / 4 | |
//! | extended to Niels | 1 | |

pub mod comb;
pub mod decode;
pub mod equation;
pub mod half_ladder;
mod halved;
pub mod keys;
pub mod multiples;
pub mod odd_order;
mod one;
mod one_lane;
pub mod points;
pub mod single;
pub mod sliding;
pub mod torsion;

use crate::field::{FieldLanes, ONE};
use crate::simd::Vector;

/// x and y; tight.
#[derive(Clone, Copy)]
pub struct Affine<F> {
    /// x.
    pub x: F,
    /// y.
    pub y: F,
}

/// X, Y, Z; tight.
#[derive(Clone, Copy)]
pub struct Projective<F> {
    /// x·Z.
    pub x: F,
    /// y·Z.
    pub y: F,
    /// Z.
    pub z: F,
}

/// Y + X, Y − X, factors; Z, T, tight.
#[derive(Clone, Copy)]
pub struct Extended<F> {
    /// Y + X.
    pub y_plus_x: F,
    /// Y − X.
    pub y_minus_x: F,
    /// Z.
    pub z: F,
    /// XY/Z.
    pub t: F,
}

/// E, F, G, H; factors.
#[derive(Clone, Copy)]
pub struct Completed<F> {
    /// E.
    pub e: F,
    /// F.
    pub f: F,
    /// G.
    pub g: F,
    /// H.
    pub h: F,
}

/// Y + X, Y − X, 2Z, 2dT; factors, 2dT of one that negates.
#[derive(Clone, Copy)]
pub struct Niels<F> {
    /// Y + X.
    pub y_plus_x: F,
    /// Y − X.
    pub y_minus_x: F,
    /// 2Z.
    pub z2: F,
    /// 2dT.
    pub t2d: F,
}

/// y + x, y − x, 2dxy; factors, 2dxy of one that negates.
#[derive(Clone, Copy)]
pub struct AffineNiels<F> {
    /// y + x.
    pub y_plus_x: F,
    /// y − x.
    pub y_minus_x: F,
    /// 2dxy.
    pub xy2d: F,
}

impl<F: FieldLanes> Affine<F> {
    /// The neutral element, (0, 1).
    #[inline(always)]
    pub fn identity(token: F::Token) -> Self {
        Self { x: F::splat(token, &[0; 5]), y: F::splat(token, &ONE) }
    }

    /// By lane: `yes` where the mask is true, else `no`.
    #[inline(always)]
    pub fn select(mask: <F::Vector as Vector>::Mask, yes: Self, no: Self) -> Self {
        Self { x: F::select(mask, yes.x, no.x), y: F::select(mask, yes.y, no.y) }
    }
}

impl<F: FieldLanes> Projective<F> {
    /// The neutral element.
    #[inline(always)]
    pub fn identity(token: F::Token) -> Self {
        let one = F::splat(token, &ONE);
        Self { x: F::splat(token, &[0; 5]), y: one, z: one }
    }

    /// 2P: with A = X², B = Y², H = A + B, G = B − A, E = (X + Y)² − H, F = 2Z² − G. All four signs are
    /// those of dbl-2008-hwcd reversed in pairs, which negates X, Y, Z and T together: the same point.
    #[inline(always)]
    pub fn double(self) -> Completed<F> {
        let a = self.x.square_wide();
        let b = self.y.square_raised::<1>();
        let c = self.z.square_raised::<1>();
        let s = self.x.add(self.y).square_raised::<2>();
        let h = F::add_wide(a, b);
        let g = F::sub_raised(b, a);
        Completed {
            e: F::settle(F::sub_raised(s, h)),
            f: F::settle(F::sub_raised(F::add_wide(c, c), g)),
            g: F::settle(g),
            h: F::settle(h),
        }
    }
}

impl<F: FieldLanes> Completed<F> {
    /// Without T: three multiplications.
    #[inline(always)]
    pub fn to_projective(self) -> Projective<F> {
        Projective { x: self.e.mul(self.f), y: self.g.mul(self.h), z: self.f.mul(self.g) }
    }

    /// With T: four multiplications.
    #[inline(always)]
    pub fn to_extended(self) -> Extended<F> {
        let x = self.e.mul_wide(self.f);
        let y = self.g.mul_raised(self.h);
        Extended {
            y_plus_x: F::settle(F::add_wide(y, x)),
            y_minus_x: F::settle(F::sub_raised(y, x)),
            z: self.f.mul(self.g),
            t: self.e.mul(self.h),
        }
    }
}

impl<F: FieldLanes> Extended<F> {
    /// P + Q.
    #[inline(always)]
    pub fn add_niels(self, q: Niels<F>) -> Completed<F> {
        let zz = self.z.mul_raised(q.z2);
        self.finish_addition(q.y_plus_x, q.y_minus_x, q.t2d, zz)
    }

    /// P + Q.
    #[inline(always)]
    pub fn add_affine(self, q: AffineNiels<F>) -> Completed<F> {
        self.finish_addition(q.y_plus_x, q.y_minus_x, q.xy2d, F::twice_raised(self.z))
    }

    /// `zz` is 2·Z1·Z2, raised.
    #[inline(always)]
    fn finish_addition(self, y_plus_x: F, y_minus_x: F, t2d: F, zz: F::Wide) -> Completed<F> {
        let pp = self.y_plus_x.mul_raised(y_plus_x);
        let mm = self.y_minus_x.mul_wide(y_minus_x);
        let tt = self.t.mul_wide(t2d);
        Completed {
            e: F::settle(F::sub_raised(pp, mm)),
            f: F::settle(F::sub_raised(zz, tt)),
            g: F::settle(F::add_wide(zz, tt)),
            h: F::settle(F::add_wide(pp, mm)),
        }
    }

    /// The form of a table entry; `d2` is 2d.
    #[inline(always)]
    pub fn to_niels(self, d2: F) -> Niels<F> {
        Niels {
            y_plus_x: self.y_plus_x,
            y_minus_x: self.y_minus_x,
            z2: self.z.add(self.z),
            t2d: self.t.mul(d2),
        }
    }
}

impl<F: FieldLanes> Niels<F> {
    /// −P in the lanes of the mask; 2dT must be tight.
    #[inline(always)]
    pub fn negate_where(self, mask: <F::Vector as Vector>::Mask) -> Self {
        Self {
            y_plus_x: F::select(mask, self.y_minus_x, self.y_plus_x),
            y_minus_x: F::select(mask, self.y_plus_x, self.y_minus_x),
            z2: self.z2,
            t2d: F::select(mask, self.t2d.negate(), self.t2d),
        }
    }
}

impl<F: FieldLanes> AffineNiels<F> {
    /// −P in the lanes of the mask; 2dxy must be tight.
    #[inline(always)]
    pub fn negate_where(self, mask: <F::Vector as Vector>::Mask) -> Self {
        Self {
            y_plus_x: F::select(mask, self.y_minus_x, self.y_plus_x),
            y_minus_x: F::select(mask, self.y_plus_x, self.y_minus_x),
            xy2d: F::select(mask, self.xy2d.negate(), self.xy2d),
        }
    }
}
