//! BIP 340 signatures, with R of either parity and extreme keys and nonces.

use arbitrary::{Result, Unstructured};
use k256::Secp256k1;
use sha2::{Digest, Sha256};
use sigwarp::Suite;

use super::Case;
use super::curve::{self, Curve};

pub(super) fn case(u: &mut Unstructured<'_>) -> Result<Case> {
    let message = super::message(u)?;
    let even = |secret: k256::Scalar| {
        let [x, y] = curve::coordinates::<Secp256k1>(&curve::times_g::<Secp256k1>(&secret));
        (if y[31] & 1 == 0 { secret } else { -secret }, x)
    };
    let (d, key) = even(curve::scalar::<Secp256k1>(u)?);
    let (mut k, r) = even(curve::scalar::<Secp256k1>(u)?);
    let odd_r = u.ratio(1, 8)?;
    if odd_r {
        k = -k;
    }
    let tag = Sha256::digest(b"BIP0340/challenge");
    let input = [&tag[..], &tag[..], &r, &key, &message].concat();
    let e = curve::reduce::<Secp256k1>(&Sha256::digest(input).into());
    let mut numbers = [r, curve::bytes::<Secp256k1>(&(k + e * d))];
    let mut key = key.to_vec();
    // An odd R gives the x and the equation of a signature, and only its parity tells.
    let mut known = Some(!odd_r);
    let sum = |value: &[u8; 32], bound: &[u8; 32]| -> [u8; 32] {
        curve::add(value, bound)[1..].try_into().expect("32 of 33 bytes")
    };
    let [p, n, _] = Secp256k1::NUMBERS;
    let change = u.int_in_range(0..=15)?;
    match change {
        0 => numbers[0] = sum(&numbers[0], p),
        1 => numbers[1] = sum(&numbers[1], n),
        2 => numbers[u.int_in_range(0..=1)?] = curve::integer::<Secp256k1>(u)?,
        3 => key = curve::integer::<Secp256k1>(u)?.to_vec(),
        4 => numbers[1] = curve::bytes::<Secp256k1>(&-curve::reduce::<Secp256k1>(&numbers[1])),
        _ => {}
    }
    if change <= 4 {
        known = None;
    }
    Ok(Case { suite: Suite::bip340(), key, message, signature: numbers.concat(), known })
}
