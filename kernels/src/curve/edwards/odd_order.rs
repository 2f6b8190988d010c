//! Whether points lie in the subgroup ⟨B⟩ of order L, that is, have no torsion.
//!
//! Contract. [`OddOrder`] takes points of the curve in any extended coordinates and gives the lanes whose point is a
//! multiple of B. The answer is exact for every point, those of small order among them.
//!
//! # Derivation
//! The group is cyclic of order 8L, so ⟨B⟩ is the set of 8-fold points. On the Montgomery form v² = u³ + A·u² + u with
//! A = 486662, u = (1 + y)/(1 − y), v = c·u/x, c² = −(A + 2) (RFC 7748, section 4.1):
//!
//! - P is 2Q for a Q of the curve only if u is a square, w². Doubling gives (q − 1/q)² = 4u·(q + A + 1/q) for the u-coordinate
//!   q of Q, so with s = q + 1/q: s² − 4u·s − 4(1 + Au) = 0, hence s = 2(u ± v/w), one sign for each sign of w.
//! - q is a root of q² − s·q + 1, whose discriminant is s² − 4 = 4u·(s + A): with r² = s + A it is q = s/2 + w·r. The values
//!   of s + A for the two signs have the product A² − 4, which is no square, so for exactly one sign r exists, and neither is 0.
//! - v of Q is (q² − 1)/(2w), up to the sign, as the doubling says. So Q and 2Q = ±P are points of the curve, and Q is
//!   determined but for its sign and for T = (0, 0), the point of order 2, which is a 4-fold point.
//! - P is an 8-fold point if and only if Q is a 4-fold one. 4 divides p − 1, so the Tate pairing with the point (1, m),
//!   m² = A + 2, of order 4 decides that: its function is f = (v − m·u)²/u, with the divisor 4(1, m) − 4O and leading
//!   coefficient 1, and Q is a 4-fold point if and only if f(Q) is a fourth power: f(Q)^((p−1)/4) = 1.
//!
//! # Projectively
//! All of it is computed times powers of X: S = X·s/2 = u·X + c·w·Z, N = X·(s + A) = 2S + A·X. With N·X = t the power t^((p−5)/8)
//! gives r₀² = ε·t for a fourth root of unity ε. If ε = ±1, r = r₀·√ε/X; else the other sign of w is the right one, and
//! r = N′·r₀·√(1/(ε(A² − 4)))/X². With M = X², q = q′/M, and f(Q) times fourth powers is
//! (q′² − M² − 2m·w·q′·M)²·4u·q′³·M.
//!
//! # Exceptions
//! x = 0 is O or T, told by y. Every other P has u that is neither 0 nor infinite. If the power is 1, nothing that went in
//! was 0, so Q is none of O, T and (1, m), for which f has no value; if P is an 8-fold point other than O, none of them is
//! its half, as their doubles are O and T.
//!
//! # Cost
//! Three powers of 251 S + 11 M and 45 M: about 590 M. `N` vectors side by side hide the latency of the powers.
//!
//! # Source
//! Bruin, "The Tate pairing for abelian varieties over finite fields" (2011); Koshelev, "Subgroup membership testing on
//! elliptic curves via the Tate pairing" (2022); Pornin, "Point-Halving and Subgroup Membership in Twisted Edwards Curves"
//! (2022). Pornin halves twice; here the pairing takes the place of the second halving.
//!
//! # Rejected
//! LP = 0 by the digits of L: 252 doublings and 29 additions, 1,600 M.

use super::Extended;
use crate::field::{self, FieldLanes, Limbs, ONE, SQRT_MINUS_ONE, pow_p58};
use crate::simd::{Kernel, LaneMask, MAX_LANES, Vector};

/// A.
const A: Limbs = [486_662, 0, 0, 0, 0];
/// c = √−(A + 2), either root.
const C: Limbs = [
    1_693_982_333_959_686,
    608_509_411_481_997,
    2_235_573_344_831_311,
    947_681_270_984_193,
    266_558_006_233_600,
];
/// m = √(A + 2), either root.
const M: Limbs = [
    643_143_913_980_949,
    251_828_200_308_020,
    2_201_891_178_899_527,
    378_099_121_503_595,
    1_898_097_605_057_180,
];
/// √(1/(ε(A² − 4))) for ε = √−1 and ε = −√−1.
const OF_ROOT: Limbs = [
    746_870_632_841_811,
    2_139_735_937_178_632,
    1_512_091_763_953_743,
    1_187_739_145_915_660,
    2_230_108_412_620_994,
];
const OF_NEGATIVE_ROOT: Limbs = [
    1_055_434_778_829_068,
    437_032_998_683_891,
    553_311_320_415_322,
    189_657_508_749_892,
    1_750_315_569_614_942,
];

/// A bit for each lane.
pub const fn all_lanes<F: FieldLanes>() -> u8 {
    u8::MAX >> (MAX_LANES - F::Vector::LANES)
}

/// The lanes of `N` vectors of points that lie in the subgroup of order L.
pub struct OddOrder<'a, F, const N: usize>(
    /// The points.
    pub [&'a Extended<F>; N],
);

/// a + b; tight.
#[inline(always)]
fn sum<F: FieldLanes>(a: F, b: F) -> F {
    F::carry(F::add_wide(a.widen(), b.widen()))
}

/// a − b; tight.
#[inline(always)]
fn difference<F: FieldLanes>(a: F, b: F) -> F {
    F::carry(F::sub_wide(a.widen(), b.widen()))
}

impl<F: FieldLanes, const N: usize> Kernel<F::Token> for OddOrder<'_, F, N> {
    type Output = [u8; N];

    #[inline(always)]
    fn run(self, token: F::Token) -> [u8; N] {
        let one = F::splat(token, &ONE);
        let i_root = F::splat(token, &SQRT_MINUS_ONE);
        let (mut x, mut y, mut z) = ([one; N], [one; N], [one; N]);
        let (mut up, mut down) = ([one; N], [one; N]);
        let mut i = 0;
        while i < N {
            // The sum and the difference may not be added before they are multiplied; X, Y and Z here are the point's
            // times 2.
            let (p, m) = (self.0[i].y_plus_x.mul(one), self.0[i].y_minus_x.mul(one));
            x[i] = difference(p, m);
            y[i] = sum(p, m);
            z[i] = sum(self.0[i].z, self.0[i].z);
            up[i] = sum(z[i], y[i]);
            down[i] = difference(z[i], y[i]);
            i += 1;
        }
        let (w, halves) = field::sqrt_ratio(up, down);

        let (mut u, mut s, mut other) = ([one; N], [one; N], [one; N]);
        let (mut n_other, mut t) = ([one; N], [one; N]);
        let a = F::splat(token, &A);
        let c = F::splat(token, &C);
        i = 0;
        while i < N {
            u[i] = w[i].square();
            let ux = u[i].mul(x[i]);
            let cwz = w[i].mul(c).mul(z[i]);
            s[i] = sum(ux, cwz);
            other[i] = difference(ux, cwz);
            let ax = x[i].mul(a);
            let n = sum(sum(s[i], s[i]), ax);
            n_other[i] = sum(sum(other[i], other[i]), ax);
            t[i] = n.mul(x[i]);
            i += 1;
        }
        let (power, _) = pow_p58(t);

        let (mut base, mut root) = (t, w);
        let of_root = F::splat(token, &OF_ROOT);
        let of_negative_root = F::splat(token, &OF_NEGATIVE_ROOT);
        let m2 = F::splat(token, &M);
        let m2 = sum(m2, m2);
        i = 0;
        while i < N {
            let r = t[i].mul(power[i]);
            let rr = r.square();
            let it = t[i].mul(i_root);
            let plus = field::equal(rr, t[i]);
            let minus = field::is_zero(rr.add(t[i]));
            let square = plus.or(minus);
            let r = F::select(minus, r.mul(i_root), r);
            let k = F::select(field::equal(rr, it), of_root, of_negative_root);
            let r = F::select(square, r.mul(x[i]), n_other[i].mul(r).mul(k));
            let negative = F::carry(w[i].negate().widen());
            root[i] = F::select(square, w[i], negative);
            let s = F::select(square, s[i], other[i]);
            let m = x[i].square();
            let q = F::carry(F::add_wide(s.mul_wide(x[i]), root[i].mul_wide(r)));
            let qq = q.square();
            let b = difference(qq, m.square());
            let b = difference(b, root[i].mul(m2).mul(q.mul(m)));
            let u4 = sum(sum(u[i], u[i]), sum(u[i], u[i]));
            base[i] = b.square().mul(u4).mul(qq.mul(q).mul(m));
            i += 1;
        }
        let (power, _) = pow_p58(base);

        let mut found = [0; N];
        i = 0;
        while i < N {
            let fourth = field::equal(power[i].square().mul(base[i]), one);
            let on_axis = field::is_zero(x[i]);
            let neutral = on_axis.and(field::equal(y[i], z[i]));
            found[i] = neutral.or(on_axis.not().and(halves[i]).and(fourth)).bits();
            i += 1;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::points::{INVERSE_2D, Points, load_entry};
    use super::*;
    use crate::field::testing::{Fields, FieldsTest, on_every_instruction_set};
    use crate::simd::Token;
    use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION};
    use curve25519_dalek::edwards::EdwardsPoint;
    use curve25519_dalek::scalar::Scalar;
    use num_bigint::BigUint;
    use sha2::{Digest, Sha512};

    fn integer(limbs: &Limbs) -> BigUint {
        limbs.iter().rev().fold(BigUint::from(0u8), |sum, &limb| (sum << 51) + limb)
    }

    #[test]
    fn constants_are_what_they_say() {
        let p = (BigUint::from(1u8) << 255) - 19u8;
        let reduce = |x: BigUint| x % &p;
        let (a, i) = (integer(&A), integer(&SQRT_MINUS_ONE));
        let d = &a * &a - 4u8;
        assert_eq!(reduce(integer(&C).pow(2) + &a + 2u8), BigUint::from(0u8));
        assert_eq!(reduce(integer(&M).pow(2)), &a + 2u8);
        assert_eq!(reduce(integer(&OF_ROOT).pow(2) * &i * &d), BigUint::from(1u8));
        assert_eq!(reduce(integer(&OF_NEGATIVE_ROOT).pow(2) * (&p - &i) * &d), BigUint::from(1u8));
        // A² − 4 is no square.
        assert_eq!(d.modpow(&((&p - 1u8) >> 1), &p), &p - 1u8);
    }

    /// The small-order points, B, and points of every torsion: of random multiples of B and of small ones.
    fn samples(count: usize) -> Vec<EdwardsPoint> {
        let mut points = EIGHT_TORSION.to_vec();
        points.push(B);
        for i in 0..count as u64 {
            let random = Scalar::from_bytes_mod_order_wide(&Sha512::digest(i.to_le_bytes()).into());
            let scalar = if i % 5 == 0 { Scalar::from(i / 5 + 1) } else { random };
            points.push(EdwardsPoint::mul_base(&scalar) + EIGHT_TORSION[i as usize % 8]);
        }
        points
    }

    /// Entries as extended points with Z = 1, or with another Z: twice, less once.
    struct Entry<'a, F>(&'a Points<F>, [u32; MAX_LANES], bool);

    impl<F: FieldLanes> Kernel<F::Token> for Entry<'_, F> {
        type Output = Extended<F>;

        #[inline(always)]
        fn run(self, token: F::Token) -> Extended<F> {
            let one = load_entry::<F>(token, self.0.entries(), &self.1, 0);
            let t = one.xy2d.mul(F::splat(token, &INVERSE_2D));
            let z = F::splat(token, &ONE);
            let point = Extended { y_plus_x: one.y_plus_x, y_minus_x: one.y_minus_x, z, t };
            if !self.2 {
                return point;
            }
            let all = F::Vector::mask(token, all_lanes::<F>());
            point.add_affine(one).to_extended().add_affine(one.negate_where(all)).to_extended()
        }
    }

    fn check<F: FieldLanes>(count: usize) {
        let Some(token) = crate::simd::testing::detect::<F::Token>() else { return };
        let all = samples(count);
        let mut points = Points::<F>::new(token);
        let rows: Vec<[u64; 8]> = all
            .iter()
            .map(|point| {
                let mut row = [0; 8];
                for (word, bytes) in row.iter_mut().zip(point.compress().0.as_chunks::<8>().0) {
                    *word = u64::from_le_bytes(*bytes);
                }
                row
            })
            .collect();
        let first = points.decode(token, &rows, &mut Vec::new());
        for start in 0..all.len() {
            let index: [usize; MAX_LANES] = core::array::from_fn(|lane| (start + lane) % all.len());
            let other: [usize; MAX_LANES] = core::array::from_fn(|lane| (start * 7 + 3 * lane) % all.len());
            let load = |index: [usize; MAX_LANES], scaled| {
                token.vectorize(Entry(&points, index.map(|i| first + i as u32), scaled))
            };
            let [a, b, c] = [load(index, false), load(index, true), load(other, true)];
            let [alone] = token.vectorize(OddOrder([&a]));
            let together = token.vectorize(OddOrder([&b, &c]));
            assert_eq!(alone & !all_lanes::<F>(), 0);
            for lane in 0..F::Vector::LANES {
                let bit = |found: u8| found >> lane & 1 == 1;
                let free = all[index[lane]].is_torsion_free();
                assert_eq!(bit(alone), free, "{} sample {}", F::Token::NAME, index[lane]);
                assert_eq!(bit(together[0]), free, "{} sample {}", F::Token::NAME, index[lane]);
                let free = all[other[lane]].is_torsion_free();
                assert_eq!(bit(together[1]), free, "{} sample {}", F::Token::NAME, other[lane]);
            }
        }
    }

    struct Torsion;

    impl FieldsTest for Torsion {
        fn run<S: Fields>(&mut self) {
            // Emulated vectors are slow.
            check::<S::Edwards>(if S::Vector::CALLS { 24 } else { 400 });
        }
    }

    #[test]
    fn torsion_is_seen_in_every_lane() {
        on_every_instruction_set(&mut Torsion);
    }
}
