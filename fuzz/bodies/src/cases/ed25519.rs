//! Ed25519 signatures with torsion, small order, encodings that are not canonical, and S out of range.

use arbitrary::{Result, Unstructured};
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use sha2::{Digest, Sha512};
use sigwarp::{Ed25519Rule, Scheme, Suite};
use sigwarp_tables::{edwards25519 as table, le_below};

use super::Case;

/// How many messages are tried until the torsion of kA and R cancels; one in eight does.
const CANCEL_TRIES: u8 = 32;

pub(super) fn case(u: &mut Unstructured<'_>) -> Result<Case> {
    // A variant and a rule.
    let choice: usize = u.int_in_range(0..=3 * Ed25519Rule::ALL.len() - 1)?;
    let rule = Ed25519Rule::ALL[choice % Ed25519Rule::ALL.len()];
    let suite = match choice / Ed25519Rule::ALL.len() {
        0 => Suite::ed25519(rule),
        1 => Suite::ed25519ctx(rule, &[choice as u8; 255]).expect("255 bytes"),
        _ => Suite::ed25519ph(rule, &vec![choice as u8; choice % 4]).expect("few bytes"),
    };
    let prehashes = suite.scheme() == Scheme::Ed25519ph;
    let dom2 = suite.context().map(|context| {
        let flag = [u8::from(prehashes), context.len() as u8];
        [b"SigEd25519 no Ed25519 collisions", &flag[..], context].concat()
    });
    let mut message = super::message(u)?;
    let (a, r) = (scalar(u)?, scalar(u)?);
    let (key_torsion, r_torsion) = (torsion(u)?, torsion(u)?);
    let key_point = EdwardsPoint::mul_base(&a) + key_torsion;
    let r_point = EdwardsPoint::mul_base(&r) + r_torsion;
    let (key, r_bytes) = (encode(u, &key_point)?, encode(u, &r_point)?);
    let challenge = |message: &[u8]| {
        let hash = Sha512::new().chain_update(dom2.as_deref().unwrap_or_default());
        let hash = hash.chain_update(r_bytes).chain_update(key);
        let hash = match prehashes {
            true => hash.chain_update(Sha512::digest(message)),
            false => hash.chain_update(message),
        };
        Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
    };
    let cancels = |k: Scalar| (k * key_torsion + r_torsion).is_identity();
    if u.ratio(1, 4)? {
        message.push(0);
        for nonce in 0..CANCEL_TRIES {
            *message.last_mut().expect("a byte was pushed") = nonce;
            if cancels(challenge(&message)) {
                break;
            }
        }
    }
    let k = challenge(&message);
    let genuine = (r + k * a).to_bytes();
    let s = change_s(u, genuine)?;

    let canonical = key == key_point.compress().0 && r_bytes == r_point.compress().0;
    let small = [key_point, r_point].map(|point| point.is_small_order());
    let known = if s != genuine {
        None
    } else {
        use Ed25519Rule::*;
        // k as an integer in [0, L) is what multiplies A, torsion and all.
        let exact = cancels(k);
        match rule {
            Zip215 => Some(true),
            Rfc8032 => Some(canonical),
            Rfc8032Cofactorless => Some(canonical && exact),
            Cofactorless | Donna => Some(exact && r_bytes == r_point.compress().0),
            Simd0376 => Some(canonical && small == [false, false]),
            BouncyCastle => Some(canonical && !small[0]),
            Strict | Libsodium if canonical => Some(exact && small == [false, false]),
            Strict | Libsodium => None,
        }
    };
    let signature = [r_bytes, s].concat();
    Ok(Case { suite, key: key.to_vec(), message, signature, known })
}

fn scalar(u: &mut Unstructured<'_>) -> Result<Scalar> {
    Ok(match u.int_in_range(0..=9)? {
        0 => Scalar::ZERO,
        1 => Scalar::ONE,
        2 => -Scalar::ONE,
        3 => Scalar::from(u.arbitrary::<u8>()?),
        4 => -Scalar::from(u.arbitrary::<u8>()?),
        // 2^i ± 1: the edges of windows and limbs.
        5 | 6 => {
            let mut power = [0; 32];
            let bit: usize = u.int_in_range(0..=252)?;
            power[bit / 8] = 1 << (bit % 8);
            let power = Scalar::from_bytes_mod_order(power);
            match u.int_in_range(0..=2)? {
                0 => power,
                1 => power + Scalar::ONE,
                _ => power - Scalar::ONE,
            }
        }
        _ => Scalar::from_bytes_mod_order(u.arbitrary()?),
    })
}

/// A point whose order divides 8; mostly the identity.
fn torsion(u: &mut Unstructured<'_>) -> Result<EdwardsPoint> {
    let index: usize = if u.ratio(1, 2)? { u.int_in_range(0..=7)? } else { 0 };
    Ok(EIGHT_TORSION[index])
}

/// An encoding of the point: the canonical one, or any other that it has.
fn encode(u: &mut Unstructured<'_>, point: &EdwardsPoint) -> Result<[u8; 32]> {
    let mut bytes = point.compress().0;
    if !u.ratio(1, 3)? {
        return Ok(bytes);
    }
    let mut y = bytes;
    y[31] &= 0x7f;
    let mut p_minus_one = table::P;
    p_minus_one[0] -= 1;
    let mut one = [0; 32];
    one[0] = 1;
    // x = 0 has no sign of its own.
    if (y == one || y == p_minus_one) && u.arbitrary()? {
        bytes[31] ^= 0x80;
    }
    // y + p fits in 255 bits where y < 19.
    let mut nineteen = [0; 32];
    nineteen[0] = 19;
    if le_below(&y, &nineteen) && u.arbitrary()? {
        let sign = bytes[31] & 0x80;
        let small = y[0];
        bytes = table::P;
        bytes[0] += small;
        bytes[31] |= sign;
    }
    Ok(bytes)
}

fn change_s(u: &mut Unstructured<'_>, s: [u8; 32]) -> Result<[u8; 32]> {
    let less_one = |mut value: [u8; 32]| {
        value[0] -= 1;
        value
    };
    Ok(match u.int_in_range(0..=19)? {
        // S + L, S + 2L, … while it fits: the malleability that RFC 8032 forbids.
        0..=3 => {
            let mut sum = s;
            for _ in 0..u.int_in_range(1..=15)? {
                sum = add(&sum, &table::L).unwrap_or(sum);
            }
            sum
        }
        4 => table::L,
        5 => less_one(table::L),
        6 => [0; 32],
        7 => [0xff; 32],
        8 => {
            let mut two_253 = [0; 32];
            two_253[31] = 0x20;
            two_253
        }
        9 => (-Scalar::from_bytes_mod_order(s)).to_bytes(),
        _ => s,
    })
}

/// a + b for little-endian integers, or `None` from 2²⁵⁶ on.
fn add(a: &[u8; 32], b: &[u8; 32]) -> Option<[u8; 32]> {
    let mut sum = [0; 32];
    let mut carry = 0;
    for i in 0..32 {
        let digit = u16::from(a[i]) + u16::from(b[i]) + carry;
        sum[i] = digit as u8;
        carry = digit >> 8;
    }
    (carry == 0).then_some(sum)
}
