//! The oracle: RSA over big integers, as RFC 8017 writes it.

use num_bigint::BigUint;
use sha2::{Digest, Sha256};

use crate::Reason;
use crate::schemes::spec::{check, der, encode};

/// n, e, and the length of n in bytes.
type Key = (BigUint, BigUint, usize);

fn key(bytes: &[u8]) -> Result<Key, Reason> {
    check(!bytes.is_empty(), Reason::BadKeyLength)?;
    // A SubjectPublicKeyInfo is what its key encodes to again.
    let algorithm =
        [encode(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01]), encode(0x05, &[])].concat();
    let info = |key: &[u8]| {
        let bits = encode(0x03, &[&[0], key].concat());
        encode(0x30, &[encode(0x30, &algorithm), bits].concat())
    };
    let numbers = der(bytes).or_else(|| {
        let inner = (0..bytes.len()).map(|start| &bytes[start..]).find(|key| info(key) == bytes)?;
        der(inner)
    });
    let [n, e] = numbers.ok_or(Reason::BadKeyEncoding)?.map(|number| BigUint::from_bytes_be(&number));
    check((2048..=4096).contains(&n.bits()), Reason::BadKeyLength)?;
    let three = BigUint::from(3u8);
    check(n.bit(0) && e.bit(0) && e >= three && e.bits() <= 33, Reason::BadKeyEncoding)?;
    let length = n.bits().div_ceil(8) as usize;
    Ok((n, e, length))
}

/// The encoded message that a signature holds, of the length of the modulus.
fn opened((n, e, length): &Key, signature: &[u8]) -> Result<Vec<u8>, Reason> {
    check(signature.len() == *length, Reason::BadSignatureLength)?;
    let s = BigUint::from_bytes_be(signature);
    check(s < *n, Reason::ScalarOutOfRange)?;
    let bytes = s.modpow(e, n).to_bytes_be();
    Ok([vec![0; length - bytes.len()], bytes].concat())
}

/// RSASSA-PKCS1-v1_5: EM = 00 01 FF … FF 00 ‖ DigestInfo (section 9.2).
pub(super) fn pkcs1(
    _: (usize, usize),
    key_bytes: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), Reason> {
    let key = key(key_bytes)?;
    let em = opened(&key, signature)?;
    let sha256 = encode(0x06, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01]);
    let algorithm = encode(0x30, &[sha256, encode(0x05, &[])].concat());
    let info = encode(0x30, &[algorithm, encode(0x04, &Sha256::digest(message))].concat());
    let padding = vec![0xff; key.2 - info.len() - 3];
    let due = [vec![0, 1], padding, vec![0], info].concat();
    check(em == due, Reason::EquationFailed)
}

/// EMSA-PSS-VERIFY (section 9.1.2).
pub(super) fn pss(
    (rule, _): (usize, usize),
    key_bytes: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), Reason> {
    let key = key(key_bytes)?;
    let em = opened(&key, signature)?;
    let em_bits = key.0.bits() as usize - 1;
    let em_length = em_bits.div_ceil(8);
    let (before, em) = em.split_at(em.len() - em_length);
    let unused = 8 * em_length - em_bits;
    let failed = Reason::EquationFailed;
    check(before.iter().all(|byte| *byte == 0), failed)?;
    let (masked, rest) = em.split_at(em_length - 33);
    let (hash, trailer) = rest.split_at(32);
    check(trailer == [0xbc], failed)?;
    check(u32::from(masked[0]) >> (8 - unused) == 0, failed)?;
    let mask = (0u32..).flat_map(|counter| Sha256::digest([hash, &counter.to_be_bytes()].concat()));
    let mut db: Vec<u8> = masked.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect();
    db[0] &= 0xff >> unused;
    let zeros = db.iter().take_while(|byte| **byte == 0).count();
    check(db.get(zeros) == Some(&1), failed)?;
    let salt = &db[zeros + 1..];
    check(rule == 1 || salt.len() == 32, failed)?;
    let again = Sha256::digest([&[0; 8], &Sha256::digest(message)[..], salt].concat());
    check(again[..] == *hash, failed)
}
