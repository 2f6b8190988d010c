//! The endomorphism of secp256k1: λ(x, y) = (βx, y), and k as k₁ + k₂·λ with both halves odd and below 2^130.
//!
//! Source of the lattice: Gallant, Lambert, Vanstone (2001), with the basis (a₁, b₁), (a₂, b₂) of the pairs
//! (k₁, k₂) with k₁ + k₂·λ ≡ 0 modulo n, as libsecp256k1 writes it: a₁ = b₂.
//!
//! Odd halves have odd signed digits alone, so that no digit is 0. The determinant of the basis is n, which is odd,
//! so exactly one of the sums with none, either or both of its vectors is odd in both places. They add less
//! than 2^129.2 to halves below 2^128.

use crate::field::prime256::Limbs;

/// β, a cube root of 1 modulo p.
pub(super) const BETA: Limbs =
    [0x9_6c28_7195_01ee, 0x7_512f_5899_5c13, 0xc_3434_e99c_f049, 0x7106_e644_79ea, 0x7ae9_6a2b_657c];

/// Three words, two's complement.
type Half = [u64; 3];

/// a₁ and b₂.
const A1: Half = [0xe86c_90e4_9284_eb15, 0x3086_d221_a7d4_6bcd, 0];
/// −b₁.
const MINUS_B1: Half = [0x6f54_7fa9_0abf_e4c3, 0xe443_7ed6_010e_8828, 0];
/// a₂.
const A2: Half = [0x57c1_108d_9d44_cfd8, 0x14ca_50f7_a8e2_f3f6, 1];
/// 2^384·b₂/n, rounded.
const G1: [u64; 4] =
    [0xe893_209a_45db_b031, 0x3daa_8a14_71e8_ca7f, 0xe86c_90e4_9284_eb15, 0x3086_d221_a7d4_6bcd];
/// −2^384·b₁/n, rounded.
const G2: [u64; 4] =
    [0x1571_b4ae_8ac4_7f71, 0x2212_08ac_9df5_06c6, 0x6f54_7fa9_0abf_e4c4, 0xe443_7ed6_010e_8828];

/// k·g/2^384, rounded.
#[inline]
fn quotient(k: &[u64; 4], g: &[u64; 4]) -> [u64; 2] {
    let mut product = [0; 8];
    for i in 0..4 {
        let mut carry = 0;
        for j in 0..4 {
            let t = u128::from(k[i]) * u128::from(g[j]) + u128::from(product[i + j]) + carry;
            product[i + j] = t as u64;
            carry = t >> 64;
        }
        product[i + 4] = carry as u64;
    }
    let (low, carry) = product[6].overflowing_add(product[5] >> 63);
    [low, product[7] + u64::from(carry)]
}

/// a + b modulo 2^192.
#[inline]
fn add(a: Half, b: Half) -> Half {
    let mut out = [0; 3];
    let mut carry = 0;
    for i in 0..3 {
        let t = u128::from(a[i]) + u128::from(b[i]) + carry;
        out[i] = t as u64;
        carry = t >> 64;
    }
    out
}

/// −a modulo 2^192.
#[inline]
fn negate(a: Half) -> Half {
    add([!a[0], !a[1], !a[2]], [1, 0, 0])
}

/// c·a modulo 2^192.
#[inline]
fn times(c: [u64; 2], a: Half) -> Half {
    let mut out = [0; 3];
    for i in 0..2 {
        let mut carry = 0;
        for j in 0..3 - i {
            let t = u128::from(c[i]) * u128::from(a[j]) + u128::from(out[i + j]) + carry;
            out[i + j] = t as u64;
            carry = t >> 64;
        }
    }
    out
}

/// k₁ and k₂ between −2^128 and 2^128, of a k below n.
#[inline]
fn short(k: &[u64; 4]) -> [Half; 2] {
    let (c1, c2) = (quotient(k, &G1), quotient(k, &G2));
    // (k, 0) − c₁·(a₁, b₁) − c₂·(a₂, b₂).
    let k1 = add([k[0], k[1], k[2]], negate(add(times(c1, A1), times(c2, A2))));
    [k1, add(times(c1, MINUS_B1), negate(times(c2, A1)))]
}

/// |k₁| and |k₂|, below 2^128, of a k below n, and whether each is negative.
#[inline]
pub fn magnitudes(k: &[u64; 4]) -> [([u64; 4], bool); 2] {
    short(k).map(|half| {
        let negative = half[2] >> 63 == 1;
        let [a, b, c] = if negative { negate(half) } else { half };
        debug_assert_eq!(c, 0, "a half of 2^128 or more");
        ([a, b, 0, 0], negative)
    })
}

/// k₁ and k₂, odd, between −2^130 and 2^130, of a k below n.
#[inline]
pub(super) fn halves(k: &[u64; 4]) -> [Half; 2] {
    let [mut k1, mut k2] = short(k);
    // a₁ and b₁ are odd, a₂ is even and b₂ odd.
    if k1[0] & 1 == 0 {
        k1 = add(k1, A1);
        k2 = add(k2, negate(MINUS_B1));
    }
    if k2[0] & 1 == 0 {
        k1 = add(k1, A2);
        k2 = add(k2, A1);
    }
    [k1, k2]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::prime256::{K1Order, Modulus};
    use num_bigint::{BigInt, BigUint, Sign};
    use proptest::prelude::*;

    fn signed(half: Half) -> BigInt {
        let words: Vec<u32> = half.iter().flat_map(|word| [*word as u32, (word >> 32) as u32]).collect();
        let value = BigInt::from_biguint(Sign::Plus, BigUint::new(words));
        if half[2] >> 63 == 1 { value - (BigInt::from(1) << 192) } else { value }
    }

    fn check(k: [u64; 4]) {
        let lambda =
            BigInt::parse_bytes(b"5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72", 16);
        let big = |words: &[u64; 4]| {
            words.iter().rev().fold(BigInt::from(0), |sum, word| (sum << 64) + BigInt::from(*word))
        };
        let n = big(&K1Order::WORDS);
        let [k1, k2] = halves(&k).map(signed);
        assert_eq!((&k1 + &k2 * lambda.unwrap() - big(&k)) % &n, BigInt::from(0));
        let bound = BigInt::from(1) << 128;
        for (half, (magnitude, negative)) in short(&k).map(signed).into_iter().zip(magnitudes(&k)) {
            assert!(half < bound && half > -&bound, "{half}");
            assert_eq!(if negative { -big(&magnitude) } else { big(&magnitude) }, half);
        }
        let bound = BigInt::from(1) << 130;
        for half in [k1, k2] {
            assert!(half.bit(0) && half < bound && half > -&bound, "{half}");
        }
    }

    #[test]
    fn edges() {
        let n = K1Order::WORDS;
        for small in 0..200 {
            check([small, 0, 0, 0]);
            check([n[0] - 1 - small, n[1], n[2], n[3]]);
            check([small, 0, 1 << 63, 0]);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]
        #[test]
        fn any_scalar(mut k in prop::array::uniform4(any::<u64>())) {
            k[3] = k[3].min(u64::MAX - 1);
            check(k);
        }
    }
}
