//! What ECDSA, BIP340 and SM2 share: 256-bit curves of prime order, their bounds, and the complete point arithmetic of
//! the crates k256, p256 and sm2, which decides what is exceptional in lanes.

use k256::elliptic_curve::array::Array;
use k256::elliptic_curve::consts::U32;
use k256::elliptic_curve::group::Curve as _;
use k256::elliptic_curve::ops::{MulByGeneratorVartime, Reduce};
use k256::elliptic_curve::point::{AffineCoordinates, DecompressPoint};
use k256::elliptic_curve::subtle::Choice;
use k256::elliptic_curve::{self, AffinePoint, CurveArithmetic, Group, ProjectivePoint, Scalar};
use sigwarp_tables::{be_below, secp256, sm2};

use super::sec1::{Key, Y};
use sigwarp_kernels::curve::weierstrass as lanes;

/// The bounds of a curve's numbers, big-endian. All `wire` needs to know of a curve.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// The field prime.
    pub(crate) p: &'static [u8; 32],
    /// The group order.
    pub(crate) n: &'static [u8; 32],
    /// ⌊n / 2⌋.
    pub(crate) half_n: &'static [u8; 32],
}

impl Bounds {
    /// Whether `value` is in [1, n − 1].
    #[inline]
    pub(crate) fn has_scalar(&self, value: &[u8; 32]) -> bool {
        *value != [0; 32] && be_below(value, self.n)
    }
}

/// A 256-bit curve of prime order.
pub(crate) trait Curve:
    elliptic_curve::Curve<FieldBytesSize = U32> + CurveArithmetic<AffinePoint: DecompressPoint<Self>>
{
    const BOUNDS: Bounds;
}

/// The bounds of secp256k1.
pub(crate) const SECP256K1: Bounds =
    Bounds { p: &secp256::k1::P, n: &secp256::k1::N, half_n: &secp256::k1::HALF_N };
/// The bounds of P-256.
pub(crate) const P256: Bounds =
    Bounds { p: &secp256::r1::P, n: &secp256::r1::N, half_n: &secp256::r1::HALF_N };
/// The bounds of the curve of SM2.
pub(crate) const SM2: Bounds = Bounds { p: &sm2::P, n: &sm2::N, half_n: &sm2::HALF_N };

impl Curve for k256::Secp256k1 {
    const BOUNDS: Bounds = SECP256K1;
}

impl Curve for p256::NistP256 {
    const BOUNDS: Bounds = P256;
}

impl Curve for ::sm2::Sm2 {
    const BOUNDS: Bounds = SM2;
}

/// A curve in lanes, which knows what it is in the crates: code over both names one type, and cannot mix two curves.
pub(crate) trait InLanes: lanes::Curve {
    /// The same curve, whose arithmetic decides what is exceptional in lanes.
    type Reference: Curve;

    /// The bounds of its numbers.
    const BOUNDS: Bounds = Self::Reference::BOUNDS;
}

impl InLanes for lanes::Secp256k1 {
    type Reference = k256::Secp256k1;
}

impl InLanes for lanes::P256 {
    type Reference = p256::NistP256;
}

impl InLanes for lanes::Sm2 {
    type Reference = ::sm2::Sm2;
}

/// The affine coordinates of a point other than infinity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Coordinates {
    pub(crate) x: [u8; 32],
    pub(crate) y: [u8; 32],
}

impl Coordinates {
    #[inline]
    pub(crate) const fn y_is_odd(&self) -> bool {
        self.y[31] & 1 == 1
    }
}

/// The point of a key, or `None` if it is none.
pub(crate) fn decode<C: Curve>(key: &Key) -> Option<AffinePoint<C>> {
    match key.y {
        Y::Odd(odd) => decompress::<C>(&key.x, odd),
        Y::Is(y) => AffinePoint::<C>::from_coordinates(&Array(key.x), &Array(y)).into_option(),
    }
}

/// The point with this x and this parity of y, if there is one.
pub(crate) fn decompress<C: Curve>(x: &[u8; 32], y_is_odd: bool) -> Option<AffinePoint<C>> {
    AffinePoint::<C>::decompress(&Array(*x), Choice::from(u8::from(y_is_odd))).into_option()
}

/// The scalar that an integer is congruent to.
pub(crate) fn scalar<C: Curve>(integer: &[u8; 32]) -> Scalar<C> {
    Scalar::<C>::reduce(&Array(*integer))
}

/// gG + kP, or `None` for infinity.
pub(crate) fn combine<C: Curve>(g: &Scalar<C>, k: &Scalar<C>, point: &AffinePoint<C>) -> Option<Coordinates> {
    let point = ProjectivePoint::<C>::from(*point);
    coordinates::<C>(&ProjectivePoint::<C>::mul_by_generator_and_mul_add_vartime(g, k, &point))
}

/// The coordinates of a point, or `None` for infinity.
pub(crate) fn coordinates<C: Curve>(point: &ProjectivePoint<C>) -> Option<Coordinates> {
    if point.is_identity().into() {
        return None;
    }
    Some(affine_coordinates::<C>(&point.to_affine()))
}

/// The coordinates of a point that is not infinity.
pub(crate) fn affine_coordinates<C: Curve>(point: &AffinePoint<C>) -> Coordinates {
    Coordinates { x: point.x().into(), y: point.y().into() }
}

/// The integer that a digest stands for: its leftmost 256 bits, or all of it where it is shorter (SEC 1 section
/// 4.1.4 step 5, FIPS 186-5 section 6.4.2). An empty digest is 0.
#[inline]
pub(crate) fn digest_integer(digest: &[u8]) -> [u8; 32] {
    let used = &digest[..digest.len().min(32)];
    let mut integer = [0; 32];
    integer[32 - used.len()..].copy_from_slice(used);
    integer
}

/// a + b for big-endian integers, or `None` from 2²⁵⁶ on.
#[inline]
pub(crate) fn add(a: &[u8; 32], b: &[u8; 32]) -> Option<[u8; 32]> {
    let (mut sum, b) = (words(a), words(b));
    let mut carry = false;
    for (word, b) in sum.iter_mut().zip(b) {
        let (low, first) = word.overflowing_add(b);
        let (low, second) = low.overflowing_add(u64::from(carry));
        (*word, carry) = (low, first | second);
    }
    (!carry).then(|| bytes(&sum))
}

/// The little-endian words of a big-endian integer, as lanes take it.
#[inline]
pub(crate) fn words(integer: &[u8; 32]) -> [u64; 4] {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(integer.as_chunks().0.iter().rev()) {
        *word = u64::from_be_bytes(*bytes);
    }
    words
}

/// The inverse of [`words`].
#[inline]
pub(crate) fn bytes(words: &[u64; 4]) -> [u8; 32] {
    let mut integer = [0; 32];
    for (bytes, word) in integer.as_chunks_mut().0.iter_mut().rev().zip(words) {
        *bytes = word.to_be_bytes();
    }
    integer
}

/// A key as lanes decode it.
#[inline]
pub(crate) fn encoded(key: &Key) -> lanes::Encoded {
    let y = match &key.y {
        Y::Odd(odd) => lanes::Y::Odd(*odd),
        Y::Is(y) => lanes::Y::Is(words(y)),
    };
    lanes::Encoded { x: words(&key.x), y }
}

/// The abscissae congruent to a residue modulo n: itself, and n more where that is below p.
#[inline]
pub(crate) fn abscissa(residue: &[u8; 32], bounds: &Bounds) -> lanes::equation::Abscissa {
    let other = add(residue, bounds.n).filter(|x| be_below(x, bounds.p));
    lanes::equation::Abscissa { x: words(residue), or: other.as_ref().map(words) }
}

/// a − b for big-endian integers, modulo 2²⁵⁶.
#[inline]
fn sub(a: &[u8; 32], b: &[u8; 32]) -> [u8; 32] {
    let (mut difference, b) = (words(a), words(b));
    let mut borrow = false;
    for (word, b) in difference.iter_mut().zip(b) {
        let (low, first) = word.overflowing_sub(b);
        let (low, second) = low.overflowing_sub(u64::from(borrow));
        (*word, borrow) = (low, first | second);
    }
    bytes(&difference)
}

/// An integer modulo n, which is above 2²⁵⁵.
#[inline]
pub(crate) fn reduce(integer: &[u8; 32], n: &[u8; 32]) -> [u8; 32] {
    if be_below(integer, n) { *integer } else { sub(integer, n) }
}

/// −a modulo n, of an a below n.
#[inline]
pub(crate) fn negate(a: &[u8; 32], n: &[u8; 32]) -> [u8; 32] {
    if *a == [0; 32] { *a } else { sub(n, a) }
}

/// a + b modulo n, of integers below n.
#[inline]
pub(crate) fn add_modulo(a: &[u8; 32], b: &[u8; 32], n: &[u8; 32]) -> [u8; 32] {
    match add(a, b) {
        Some(sum) => reduce(&sum, n),
        // 2²⁵⁶ ≤ a + b < 2n: the difference wraps to the right value.
        None => {
            let negative = sub(n, b);
            sub(a, &negative)
        }
    }
}

/// An integer of eight little-endian words modulo n, which is above 2²⁵⁵.
pub(crate) fn reduce_wide(x: &[u64; 8], n: &[u8; 32]) -> [u64; 4] {
    // 2²⁵⁶ ≡ 2²⁵⁶ − n: what is above 2²⁵⁶ is folded until nothing is.
    let fold = words(&sub(&[0; 32], n));
    let [a, b, c, d, mut high @ ..] = *x;
    let mut low = [a, b, c, d];
    while high != [0; 4] {
        let mut sum = [low[0], low[1], low[2], low[3], 0, 0, 0, 0];
        for (i, &word) in high.iter().enumerate() {
            let mut carry = 0;
            for j in 0..8 - i {
                let factor = fold.get(j).copied().unwrap_or(0);
                let t = u128::from(word) * u128::from(factor) + u128::from(sum[i + j]) + carry;
                sum[i + j] = t as u64;
                carry = t >> 64;
            }
        }
        let [a, b, c, d, rest @ ..] = sum;
        (low, high) = ([a, b, c, d], rest);
    }
    words(&reduce(&bytes(&low), n))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The constants that `wire` compares with are those of the curve crates.
    fn check_bounds<C: Curve>() {
        use k256::elliptic_curve::ff::{Field, PrimeField};
        let Bounds { n, half_n, .. } = C::BOUNDS;
        let order_minus_one: [u8; 32] = (-Scalar::<C>::ONE).to_repr().into();
        let mut one = [0; 32];
        one[31] = 1;
        assert_eq!(add(&order_minus_one, &one), Some(*n));
        assert_eq!(add(half_n, half_n), Some(order_minus_one), "n is odd");
        assert!(C::BOUNDS.has_scalar(&order_minus_one) && C::BOUNDS.has_scalar(&one));
        assert!(!C::BOUNDS.has_scalar(n) && !C::BOUNDS.has_scalar(&[0; 32]));
    }

    #[test]
    fn bounds_are_those_of_the_curves() {
        check_bounds::<k256::Secp256k1>();
        check_bounds::<p256::NistP256>();
        check_bounds::<::sm2::Sm2>();
    }

    /// A curve in lanes and its reference have the same field, order and base point.
    fn check_pair<C: InLanes>() {
        use sigwarp_kernels::field::prime256::Modulus;
        assert_eq!(words(C::BOUNDS.p), <C::Prime as Modulus>::WORDS);
        assert_eq!(words(C::BOUNDS.n), <C::Order as Modulus>::WORDS);
        let generator = ProjectivePoint::<C::Reference>::generator();
        let Coordinates { x, y } = coordinates::<C::Reference>(&generator).expect("not infinity");
        assert_eq!([words(&x), words(&y)], C::GENERATOR);
    }

    #[test]
    fn curves_in_lanes_are_those_of_the_crates() {
        check_pair::<lanes::Secp256k1>();
        check_pair::<lanes::P256>();
        check_pair::<lanes::Sm2>();
    }

    #[test]
    fn a_digest_is_cut_on_the_right_and_padded_on_the_left() {
        assert_eq!(digest_integer(&[]), [0; 32]);
        assert_eq!(digest_integer(&[1, 2])[29..], [0, 1, 2]);
        let long: Vec<u8> = (0..64).collect();
        assert_eq!(digest_integer(&long), long[..32]);
        assert_eq!(digest_integer(&long[..32]), long[..32]);
    }

    #[test]
    fn words_are_the_integer() {
        let integer: [u8; 32] = std::array::from_fn(|i| i as u8 + 1);
        let words = words(&integer);
        assert_eq!(
            words,
            [0x191a_1b1c_1d1e_1f20, 0x1112_1314_1516_1718, 0x090a_0b0c_0d0e_0f10, 0x0102_0304_0506_0708]
        );
        assert_eq!(bytes(&words), integer);
    }

    #[test]
    fn sums_modulo_the_order() {
        let n = k256::Secp256k1::BOUNDS.n;
        let mut one = [0; 32];
        one[31] = 1;
        let last = sub(n, &one);
        let mut all_but_one = last;
        all_but_one[31] -= 1;
        assert_eq!(add_modulo(&last, &one, n), [0; 32]);
        assert_eq!(add_modulo(&last, &last, n), all_but_one);
        assert_eq!(add_modulo(&one, &[0; 32], n), one);
        assert_eq!(negate(&one, n), last);
        assert_eq!(negate(&[0; 32], n), [0; 32]);
        assert_eq!(reduce(n, n), [0; 32]);
        assert_eq!(reduce(&last, n), last);
    }

    #[test]
    fn wide_integers_are_reduced() {
        use k256::elliptic_curve::ff::PrimeField;
        fn check<C: Curve>(x: [u64; 8]) {
            let [a, b, c, d, e, f, g, h] = x;
            let part = |words: [u64; 4]| scalar::<C>(&bytes(&words));
            // 2²⁵⁶ as (2⁶⁴)⁴.
            let shift = Scalar::<C>::from(u64::MAX) + Scalar::<C>::from(1u64);
            let shift = shift * shift * shift * shift;
            let expected: [u8; 32] = (part([a, b, c, d]) + part([e, f, g, h]) * shift).to_repr().into();
            assert_eq!(bytes(&reduce_wide(&x, C::BOUNDS.n)), expected, "{x:x?}");
        }
        let mut x = [0; 8];
        let mut state = 1u64;
        for round in 0..200 {
            for word in &mut x {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                *word = match round % 4 {
                    0 => state,
                    1 => u64::MAX,
                    2 => state >> 63,
                    _ => {
                        if state >> 62 == 0 {
                            0
                        } else {
                            u64::MAX - (state >> 60)
                        }
                    }
                };
            }
            check::<k256::Secp256k1>(x);
            check::<p256::NistP256>(x);
            check::<::sm2::Sm2>(x);
        }
    }

    #[test]
    fn addition_carries_and_overflows() {
        let mut one = [0; 32];
        one[31] = 1;
        let mut all = [0xff; 32];
        assert_eq!(add(&all, &one), None);
        all[0] = 0;
        let mut top = [0; 32];
        top[0] = 1;
        assert_eq!(add(&all, &one), Some(top));
    }
}
