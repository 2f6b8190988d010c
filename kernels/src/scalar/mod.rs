//! Integers modulo L = 2^252 + 27742317777372353535851937790883648493, the order of the prime subgroup
//! of edwards25519.
//!
//! Scalar code: a reduction is some 35 word multiplications, one part in a hundred of a verification.
//! Values are four or eight 64-bit words, least significant first.

pub mod half;
#[cfg(test)]
mod tests;

/// L.
pub const ORDER: [u64; 4] = [0x5812_631a_5cf5_d3ed, 0x14de_f9de_a2f7_9cd6, 0, 0x1000_0000_0000_0000];
/// L − 2^252, 125 bits.
const TAIL: [u64; 2] = [ORDER[0], ORDER[1]];
const MASK60: u64 = (1 << 60) - 1;

/// (a + b·c + carry), low word and carry.
#[inline(always)]
fn mac(a: u64, b: u64, c: u64, carry: u64) -> (u64, u64) {
    let t = u128::from(a) + u128::from(b) * u128::from(c) + u128::from(carry);
    (t as u64, (t >> 64) as u64)
}

/// x · TAIL, for x of `N` words; the product has `M` = N + 2 words.
#[inline(always)]
fn times_tail<const N: usize, const M: usize>(x: [u64; N]) -> [u64; M] {
    let mut out = [0; M];
    let mut i = 0;
    while i < N {
        let (low, carry) = mac(out[i], x[i], TAIL[0], 0);
        out[i] = low;
        let (low, carry) = mac(out[i + 1], x[i], TAIL[1], carry);
        out[i + 1] = low;
        out[i + 2] = carry;
        i += 1;
    }
    out
}

/// a + b modulo 2^256.
#[inline(always)]
pub fn add(a: [u64; 4], b: [u64; 4]) -> [u64; 4] {
    let mut out = [0; 4];
    let mut carry = 0;
    let mut i = 0;
    while i < 4 {
        let t = u128::from(a[i]) + u128::from(b[i]) + carry;
        out[i] = t as u64;
        carry = t >> 64;
        i += 1;
    }
    out
}

/// a − b modulo 2^256, and whether it borrowed.
#[inline(always)]
fn sub(a: [u64; 4], b: [u64; 4]) -> ([u64; 4], bool) {
    let mut out = [0; 4];
    let mut borrow = false;
    let mut i = 0;
    while i < 4 {
        let (t, first) = a[i].overflowing_sub(b[i]);
        let (t, second) = t.overflowing_sub(u64::from(borrow));
        out[i] = t;
        borrow = first | second;
        i += 1;
    }
    (out, borrow)
}

/// The bits from 252 upwards of a value of `N` words, N > 3.
#[inline(always)]
fn above_252<const N: usize, const M: usize>(x: &[u64; N]) -> [u64; M] {
    let mut out = [0; M];
    let mut i = 0;
    while i < M {
        let next = if i + 4 < N { x[i + 4] << 4 } else { 0 };
        out[i] = x[i + 3] >> 60 | next;
        i += 1;
    }
    out
}

/// A 512-bit integer modulo L, in [0, L).
///
/// With T = L − 2^252, 2^252 ≡ −T: write x = x₁·2^252 + x₀ ≡ x₀ − T·x₁, and again for the product, of
/// which 133, then 7 bits are left above 2^252:
/// x ≡ x₀ − y₀ + z₀ − T·z₁, a value between −2^252 − 2^132 and 2^253. Adding 2L makes it positive.
pub fn reduce_wide(x: &[u64; 8]) -> [u64; 4] {
    let x1: [u64; 5] = above_252(x);
    let y: [u64; 7] = times_tail(x1);
    let y1: [u64; 3] = above_252(&[y[0], y[1], y[2], y[3], y[4], y[5], y[6]]);
    let z: [u64; 5] = times_tail(y1);
    let z1: [u64; 1] = above_252(&z);
    let w: [u64; 3] = times_tail(z1);

    let two_l = add(ORDER, ORDER);
    let sum = add(two_l, [x[0], x[1], x[2], x[3] & MASK60]);
    let sum = add(sum, [z[0], z[1], z[2], z[3] & MASK60]);
    let (sum, _) = sub(sum, [y[0], y[1], y[2], y[3] & MASK60]);
    let (mut sum, _) = sub(sum, [w[0], w[1], w[2], 0]);
    for multiple in [two_l, ORDER] {
        let (less, borrow) = sub(sum, multiple);
        if !borrow {
            sum = less;
        }
    }
    sum
}

/// A 256-bit integer modulo L, in [0, L). Cheap where it is below L already.
#[inline]
pub fn reduce(x: &[u64; 4]) -> [u64; 4] {
    let (_, below) = sub(*x, ORDER);
    if below { *x } else { reduce_wide(&[x[0], x[1], x[2], x[3], 0, 0, 0, 0]) }
}

/// sum + z·x, for z below 2^128. 2^100 products of an x below 2^255 fit.
#[inline(always)]
pub fn accumulate(sum: &mut [u64; 8], z: &[u64; 2], x: &[u64; 4]) {
    let mut i = 0;
    while i < 2 {
        let mut carry = 0;
        let mut j = 0;
        while j < 4 {
            (sum[i + j], carry) = mac(sum[i + j], z[i], x[j], carry);
            j += 1;
        }
        j = i + 4;
        while j < 8 {
            let (word, over) = sum[j].overflowing_add(carry);
            sum[j] = word;
            carry = u64::from(over);
            j += 1;
        }
        i += 1;
    }
}

/// −x modulo L, in [0, L), of an x in [0, L).
#[inline]
pub fn negate(x: &[u64; 4]) -> [u64; 4] {
    if *x == [0; 4] { *x } else { sub(ORDER, *x).0 }
}

/// Half a window at each of `digits` windows of `width` bits: Σ 2^(w−1)·2^(w·i).
///
/// Plain windows of x + offset, less half a window each, are signed digits of x:
/// x = Σ (window\[i\] − 2^(w−1))·2^(w·i). One addition instead of a carry from digit to digit, and the digits
/// are read where they are used. The topmost window takes what is left above it.
#[inline]
pub const fn window_offset(width: usize, digits: usize) -> [u64; 4] {
    let mut halves = [0; 4];
    let mut i = 0;
    while i < digits {
        let bit = i * width + width - 1;
        halves[bit / 64] |= 1 << (bit % 64);
        i += 1;
    }
    halves
}
