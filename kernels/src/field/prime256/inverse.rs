//! The inverse of one integer modulo an odd modulus of 256 bits, in scalar code.
//!
//! # Method
//! Division steps (Bernstein, Yang, "Fast constant-time gcd computation and modular inversion", 2019), as the gcd of
//! f = m and g = x that looks at low bits only. The lowest 62 bits of f and g decide 62 steps, which are collected in a
//! matrix of words; the matrix is applied to f, g and to d, e with d·x ≡ f and e·x ≡ g, after which all are divided by
//! 2^62. All is public here, so that a run of zeros is one step, and a multiple of f clears up to six bits of g at once
//! (as P. Wuille describes it for libsecp256k1).
//!
//! # Representation
//! Five signed limbs of 62 bits, the topmost with the sign: |f|, |g| ≤ m and d, e in (−2m, m).
//!
//! # Cost
//! About nine matrices. An inversion by x^(m − 2) in lanes takes 320 multiplications one after another, whatever the
//! number of lanes that are in use; lanes that are multiplied together first need one inversion of this kind.

/// Bits of a limb.
const BITS: u32 = 62;
/// The low bits of a limb.
const MASK: i64 = (1 << BITS) - 1;

type Limbs = [i64; 5];

/// (u, v; q, r): 2^62·(f, g)' = (u·f + v·g, q·f + r·g).
struct Matrix {
    u: i64,
    v: i64,
    q: i64,
    r: i64,
}

const fn split(w: &[u64; 4]) -> Limbs {
    let mask = MASK as u64;
    [
        (w[0] & mask) as i64,
        ((w[0] >> 62 | w[1] << 2) & mask) as i64,
        ((w[1] >> 60 | w[2] << 4) & mask) as i64,
        ((w[2] >> 58 | w[3] << 6) & mask) as i64,
        (w[3] >> 56) as i64,
    ]
}

/// The words of limbs that are not negative.
const fn join(l: &Limbs) -> [u64; 4] {
    let [a, b, c, d, e] = [l[0] as u64, l[1] as u64, l[2] as u64, l[3] as u64, l[4] as u64];
    [a | b << 62, b >> 2 | c << 60, c >> 4 | d << 58, d >> 6 | e << 56]
}

/// 1/m modulo 2^62, of an odd m, by its low word.
const fn inverse_of_low(m: u64) -> i64 {
    // Right modulo 8, and each step doubles the bits.
    let mut inverse = m;
    let mut bits = 3;
    while bits < 64 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(m.wrapping_mul(inverse)));
        bits *= 2;
    }
    inverse as i64 & MASK
}

/// 62 steps on the low words of f, which is odd, and g. `eta` is minus the δ of the paper, less one half.
fn steps(eta: &mut i64, f: u64, g: u64) -> Matrix {
    let (mut f, mut g) = (f, g);
    let (mut u, mut v, mut q, mut r) = (1u64, 0u64, 0u64, 1u64);
    let mut left = BITS;
    loop {
        // Where g is even, steps only halve it; the ones above stop the count at the steps that are left.
        let zeros = (g | u64::MAX << left).trailing_zeros();
        g >>= zeros;
        u <<= zeros;
        v <<= zeros;
        *eta -= i64::from(zeros);
        left -= zeros;
        if left == 0 {
            return Matrix { u: u as i64, v: v as i64, q: q as i64, r: r as i64 };
        }
        if *eta < 0 {
            *eta = -*eta;
            (f, g) = (g, f.wrapping_neg());
            (u, q) = (q, u.wrapping_neg());
            (v, r) = (r, v.wrapping_neg());
        }
        // Until η is spent no exchange follows, and so many bits of g may be cleared by a multiple of f: f·(2 − f²) is
        // 1/f modulo 2^6.
        let bits = (*eta + 1).min(i64::from(left)).min(6) as u32;
        let inverse = f.wrapping_mul(2u64.wrapping_sub(f.wrapping_mul(f)));
        let times = g.wrapping_mul(inverse).wrapping_neg() & ((1 << bits) - 1);
        g = g.wrapping_add(f.wrapping_mul(times));
        q = q.wrapping_add(u.wrapping_mul(times));
        r = r.wrapping_add(v.wrapping_mul(times));
    }
}

/// (a·x + b·y) / 2^62, which is exact.
#[inline]
fn combine(a: i64, x: &Limbs, b: i64, y: &Limbs) -> Limbs {
    let term = |i: usize| i128::from(a) * i128::from(x[i]) + i128::from(b) * i128::from(y[i]);
    let mut sum = term(0) >> BITS;
    let mut out = [0; 5];
    for i in 1..5 {
        sum += term(i);
        out[i - 1] = sum as i64 & MASK;
        sum >>= BITS;
    }
    out[4] = sum as i64;
    out
}

/// As [`combine`], modulo m: so many m are added that the sum is divisible, and that it stays in (−2m, m).
fn combine_modulo(a: i64, x: &Limbs, b: i64, y: &Limbs, m: &Limbs, inverse: i64) -> Limbs {
    let mut times = (a & x[4] >> 63) + (b & y[4] >> 63);
    let low = a.wrapping_mul(x[0]).wrapping_add(b.wrapping_mul(y[0]));
    times -= inverse.wrapping_mul(low).wrapping_add(times) & MASK;
    let term = |i: usize| {
        i128::from(a) * i128::from(x[i])
            + i128::from(b) * i128::from(y[i])
            + i128::from(times) * i128::from(m[i])
    };
    let mut sum = term(0) >> BITS;
    let mut out = [0; 5];
    for i in 1..5 {
        sum += term(i);
        out[i - 1] = sum as i64 & MASK;
        sum >>= BITS;
    }
    out[4] = sum as i64;
    out
}

/// a + b, carried.
#[inline]
fn add(a: &Limbs, b: &Limbs) -> Limbs {
    let mut out = [0; 5];
    let mut carry = 0;
    for i in 0..5 {
        let limb = a[i] + b[i] + carry;
        out[i] = if i < 4 { limb & MASK } else { limb };
        carry = limb >> BITS;
    }
    out
}

#[inline]
fn negate(a: &Limbs) -> Limbs {
    add(&[!a[0] & MASK, !a[1] & MASK, !a[2] & MASK, !a[3] & MASK, !a[4]], &[1, 0, 0, 0, 0])
}

/// 1/x modulo an odd m ≥ 2^255, of an x below m; 0 where they share a factor.
#[inline(never)]
pub(super) fn inverse(x: &[u64; 4], m: &[u64; 4]) -> [u64; 4] {
    let modulus = split(m);
    let low = inverse_of_low(m[0]);
    let (mut f, mut g) = (modulus, split(x));
    let (mut d, mut e): (Limbs, Limbs) = ([0; 5], [1, 0, 0, 0, 0]);
    let mut eta = -1;
    while g != [0; 5] {
        let word = |limbs: &Limbs| limbs[0] as u64 | (limbs[1] as u64) << BITS;
        let Matrix { u, v, q, r } = steps(&mut eta, word(&f), word(&g));
        (d, e) = (combine_modulo(u, &d, v, &e, &modulus, low), combine_modulo(q, &d, r, &e, &modulus, low));
        (f, g) = (combine(u, &f, v, &g), combine(q, &f, r, &g));
    }
    // f is the gcd, 1 or −1.
    if f == negate(&[1, 0, 0, 0, 0]) {
        d = negate(&d);
    } else if f != [1, 0, 0, 0, 0] {
        return [0; 4];
    }
    // In (−2m, 2m).
    while d[4] < 0 {
        d = add(&d, &modulus);
    }
    let less = add(&d, &negate(&modulus));
    join(if less[4] < 0 { &d } else { &less })
}
