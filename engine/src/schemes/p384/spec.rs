//! The oracle: ECDSA on P-384 in affine coordinates over big integers, as the standard writes it.

use num_bigint::BigUint;
use sha2::{Digest, Sha384};

use crate::Reason;
use crate::schemes::spec::{check, der};

/// A point other than infinity.
type Point = (BigUint, BigUint);

fn number(hex: &str) -> BigUint {
    BigUint::parse_bytes(hex.as_bytes(), 16).expect("hexadecimal")
}

/// The curve y² = x³ − 3x + b modulo p, and its base point of order n (SP 800-186 section 3.2.1.4).
struct Curve {
    p: BigUint,
    n: BigUint,
    b: BigUint,
    g: Point,
}

impl Curve {
    fn new() -> Self {
        let one = BigUint::from(1u8);
        let p = (&one << 384usize) - (&one << 128usize) - (&one << 96usize) + (&one << 32usize) - &one;
        Self {
            p,
            n: number(
                "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
            ),
            b: number(
                "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
            ),
            g: (
                number(
                    "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
                ),
                number(
                    "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
                ),
            ),
        }
    }

    fn inverse(value: &BigUint, modulus: &BigUint) -> BigUint {
        value.modpow(&(modulus - 2u8), modulus)
    }

    fn minus(&self, a: &BigUint, b: &BigUint) -> BigUint {
        (a + &self.p - b % &self.p) % &self.p
    }

    /// x³ − 3x + b.
    fn right(&self, x: &BigUint) -> BigUint {
        self.minus(&(x * x * x + &self.b), &(x * 3u8))
    }

    fn add(&self, a: Option<Point>, b: Option<Point>) -> Option<Point> {
        let (Some(a), Some(b)) = (&a, &b) else { return a.or(b) };
        let slope = if a.0 != b.0 {
            self.minus(&b.1, &a.1) * Self::inverse(&self.minus(&b.0, &a.0), &self.p)
        } else if a.1 == b.1 && a.1 != BigUint::ZERO {
            self.minus(&(&a.0 * &a.0 * 3u8), &BigUint::from(3u8)) * Self::inverse(&(&a.1 * 2u8), &self.p)
        } else {
            return None;
        };
        let x = self.minus(&(&slope * &slope), &(&a.0 + &b.0));
        let y = self.minus(&(&slope * self.minus(&a.0, &x)), &a.1);
        Some((x, y))
    }

    fn multiply(&self, k: &BigUint, point: &Point) -> Option<Point> {
        let mut sum = None;
        for bit in (0..k.bits()).rev() {
            sum = self.add(sum.clone(), sum);
            if k.bit(bit) {
                sum = self.add(sum, Some(point.clone()));
            }
        }
        sum
    }
}

/// The verdict on an item.
pub(super) fn verify(
    (rule, encoding): (usize, usize),
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), Reason> {
    let curve = Curve::new();
    let integer = BigUint::from_bytes_be;
    // x, y, and whether y is odd where it is not given.
    let (x, y, odd) = match (key.len(), key.first()) {
        (49, Some(tag @ (2 | 3))) => (integer(&key[1..]), None, Some(*tag == 3)),
        (97, Some(4)) => (integer(&key[1..49]), Some(integer(&key[49..])), None),
        (96, _) => (integer(&key[..48]), Some(integer(&key[48..])), None),
        (49 | 97, _) | (1, Some(0)) => return Err(Reason::BadKeyEncoding),
        _ => return Err(Reason::BadKeyLength),
    };
    let [r, s] = match encoding {
        0 => {
            check(signature.len() == 96, Reason::BadSignatureLength)?;
            [integer(&signature[..48]), integer(&signature[48..])]
        }
        _ => {
            check(!signature.is_empty(), Reason::BadSignatureLength)?;
            der(signature).ok_or(Reason::BadSignatureEncoding)?.map(|number| integer(&number))
        }
    };
    check(x < curve.p && y.as_ref().is_none_or(|y| *y < curve.p), Reason::NonCanonicalKey)?;
    let square = curve.right(&x);
    let y = y.unwrap_or_else(|| {
        // p ≡ 3 mod 4.
        let root = square.modpow(&((&curve.p + 1u8) / 4u8), &curve.p);
        if Some(root.bit(0)) == odd { root } else { &curve.p - root }
    });
    check(&y * &y % &curve.p == square, Reason::KeyNotOnCurve)?;
    let in_range = |value: &BigUint| *value != BigUint::ZERO && *value < curve.n;
    check(in_range(&r) && in_range(&s), Reason::ScalarOutOfRange)?;
    check(rule == 0 || &s * 2u8 < curve.n, Reason::HighS)?;

    let e = integer(&Sha384::digest(message));
    let w = Curve::inverse(&s, &curve.n);
    let [u, v] = [e, r.clone()].map(|factor| factor * &w % &curve.n);
    let sum = curve.add(curve.multiply(&u, &curve.g), curve.multiply(&v, &(x, y)));
    check(sum.is_some_and(|(x, _)| x % &curve.n == r), Reason::EquationFailed)
}
