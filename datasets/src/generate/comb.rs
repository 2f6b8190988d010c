//! Multiples of the base point from a table, many at a time: of a signature's time most goes into this multiple and into
//! the inversion that makes it affine. Variable time, as everything here: no secret is kept.

use std::fmt;
use std::sync::LazyLock;

use k256::Secp256k1;
use k256::elliptic_curve::{AffinePoint, BatchNormalize, CurveGroup, Group, ProjectivePoint, Scalar};
use p256::NistP256;
use sm2::Sm2;

use super::sign::{Curve, scalar_bytes};

/// Multiples of each power of 256: one for every digit of a scalar but 0.
const DIGITS: usize = 255;
const POWERS: usize = 32;

/// d · 256ⁱ · G for every digit d from 1 on. 600 kB, made in a few milliseconds.
pub(crate) struct Comb<C: Curve>(Vec<AffinePoint<C>>);

impl<C: Curve> fmt::Debug for Comb<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Comb({} points)", self.0.len())
    }
}

impl<C: Curve> Comb<C> {
    fn new() -> Self {
        let mut points = Vec::with_capacity(POWERS * DIGITS);
        let mut power = ProjectivePoint::<C>::generator();
        for _ in 0..POWERS {
            let step = power.to_affine();
            for _ in 0..DIGITS {
                points.push(power);
                power += &step;
            }
        }
        Self(C::affine(&points))
    }

    fn multiple(&self, scalar: &Scalar<C>) -> ProjectivePoint<C> {
        let mut sum = ProjectivePoint::<C>::identity();
        for (&digit, multiples) in scalar_bytes::<C>(scalar).iter().rev().zip(self.0.chunks_exact(DIGITS)) {
            if let Some(digit) = usize::from(digit).checked_sub(1) {
                sum += &multiples[digit];
            }
        }
        sum
    }

    /// The multiple of each scalar.
    pub(crate) fn multiples(&self, scalars: &[Scalar<C>]) -> Vec<AffinePoint<C>> {
        let points: Vec<ProjectivePoint<C>> = scalars.iter().map(|scalar| self.multiple(scalar)).collect();
        C::affine(&points)
    }
}

/// A curve with its table, made when it is first used.
macro_rules! curve {
    ($curve:ty, $comb:ident) => {
        static $comb: LazyLock<Comb<$curve>> = LazyLock::new(Comb::new);

        impl Curve for $curve {
            fn comb() -> &'static Comb<Self> {
                &$comb
            }

            fn affine(points: &[ProjectivePoint<Self>]) -> Vec<AffinePoint<Self>> {
                ProjectivePoint::<Self>::batch_normalize_vartime(points)
            }
        }
    };
}

curve!(Secp256k1, SECP256K1);
curve!(NistP256, P256);
curve!(Sm2, SM2);

#[cfg(test)]
mod tests {
    use k256::elliptic_curve::ff::Field;

    use super::super::sign::{base, scalar};
    use super::*;

    fn agrees<C: Curve>() {
        let mut scalars = vec![Scalar::<C>::ONE, -Scalar::<C>::ONE, scalar::<C>(&[0xff; 32])];
        scalars.extend((0..8).map(|i| Scalar::<C>::from(1u64 << (9 * i))));
        let expected: Vec<_> = scalars.iter().map(base::<C>).collect();
        assert_eq!(C::comb().multiples(&scalars), expected);
        assert!(bool::from(C::comb().multiple(&Scalar::<C>::ZERO).is_identity()));
        assert!(C::comb().multiples(&[]).is_empty());
    }

    #[test]
    fn multiples_are_those_of_the_crates() {
        agrees::<Secp256k1>();
        agrees::<NistP256>();
        agrees::<Sm2>();
    }
}
