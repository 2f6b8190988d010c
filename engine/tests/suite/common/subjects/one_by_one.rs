//! Subjects of the schemes that are verified one by one.

use std::sync::LazyLock;

use num_bigint::BigUint;
use p384::ecdsa::signature::Signer;
use p384::ecdsa::{Signature, SigningKey};
use sha2::{Digest, Sha256};
use sigwarp::{Reason, Suite};

use super::{Sample, Subject, VALID, changed, message};
use crate::common::{der, der_integer, der_sequence};

/// Subjects of ECDSA on P-384 and of RSA.
pub fn one_by_one() -> Vec<Subject> {
    let mut subjects = p384();
    subjects.extend(RSA.iter().map(|subject| Subject {
        suite: subject.suite.clone(),
        valid: subject.valid.clone(),
        invalid: subject.invalid.clone(),
    }));
    subjects
}

fn p384() -> Vec<Subject> {
    let mut subjects = Vec::new();
    for rule in ["ecdsa", "ecdsa-low-s"] {
        for encoding in ["raw", "der"] {
            let encoded = |raw: &[u8]| if encoding == "raw" { raw.to_vec() } else { der(raw) };
            let valid: Vec<Sample> = (0..VALID)
                .map(|index| {
                    let mut secret = [9; 48];
                    secret[..8].copy_from_slice(&(index as u64).to_le_bytes());
                    let signer = SigningKey::from_slice(&secret).expect("below the order");
                    let message = message(index);
                    let signature: Signature = signer.sign(&message);
                    let signature = if rule == "ecdsa" { signature } else { signature.normalize_s() };
                    let key = signer.verifying_key();
                    let key = match index % 3 {
                        0 => key.to_sec1_point(true).as_bytes().to_vec(),
                        1 => key.to_sec1_point(false).as_bytes().to_vec(),
                        _ => key.to_sec1_point(false).as_bytes()[1..].to_vec(),
                    };
                    Sample { key, message, signature: encoded(&signature.to_bytes()) }
                })
                .collect();
            let changed = |index: usize, change: &dyn Fn(&mut Sample)| changed(&valid[index], change);
            let mut invalid = vec![
                (changed(1, &|s| s.message.push(0)), Reason::EquationFailed),
                (changed(2, &|s| s.key.truncate(48)), Reason::BadKeyLength),
                (changed(3, &|s| s.key[0] = 5), Reason::BadKeyEncoding),
                (changed(4, &|s| s.signature.clear()), Reason::BadSignatureLength),
                (changed(5, &|s| s.key[1..].fill(0xff)), Reason::NonCanonicalKey),
                (
                    changed(6, &|s| s.signature = encoded(&[[0; 48], [1; 48]].concat())),
                    Reason::ScalarOutOfRange,
                ),
                (
                    changed(7, &|s| s.signature = encoded(&[[1; 48], [0xff; 48]].concat())),
                    Reason::ScalarOutOfRange,
                ),
                // The point with another y, which is not on the curve.
                (changed(8, &|s| *s.key.last_mut().expect("a key") ^= 1), Reason::KeyNotOnCurve),
            ];
            if encoding == "der" {
                invalid.push((changed(9, &|s| s.signature.push(0)), Reason::BadSignatureEncoding));
            }
            if rule == "ecdsa-low-s" {
                let high = valid.iter().enumerate().find_map(|(index, sample)| {
                    let mut secret = [9; 48];
                    secret[..8].copy_from_slice(&(index as u64).to_le_bytes());
                    let signer = SigningKey::from_slice(&secret).expect("below the order");
                    let signature: Signature = signer.sign(&sample.message);
                    let is_high = signature.normalize_s() != signature;
                    is_high.then(|| changed(index, &|s| s.signature = encoded(&signature.to_bytes())))
                });
                invalid.push((high.expect("half of all s are high"), Reason::HighS));
            }
            let suite = Suite::from_names("ecdsa-p384-sha384", Some(rule), Some(encoding), None);
            subjects.push(Subject { suite: suite.expect("names of a suite"), valid, invalid });
        }
    }
    subjects
}

/// Signing takes a while, and every test asks for all subjects.
static RSA: LazyLock<Vec<Subject>> = LazyLock::new(rsa);

/// An RSA key that was made for these tests, of 2,048 bits.
struct RsaKey {
    n: BigUint,
    d: BigUint,
}

impl RsaKey {
    fn new() -> Self {
        let prime = |hex: &str| BigUint::parse_bytes(hex.as_bytes(), 16).expect("hexadecimal");
        let p = prime(
            "fd67f822ae8dd1e95eb8f7864cecea275308851113374ee420c862e2eb212331e50f7ccda9c222f5926d60e9e781a888\
             241a17566edc3e99b31db0db941280314e2adc6adca5b3fe400085e53a786ab8d06a1d993ee4e817a06bb01d3a7fa1a6\
             7ed434b66cdb68b285a3b45b0acf1d3caae3b0394a9a38fb6f14bf9cec558b2b",
        );
        let q = prime(
            "b7dbfd448f61fb438df6340cba1953b3c47192f593f92c58a84ad6dd5dc4cc2a63d65ec6743b53658e31c77e42b23ea6\
             8bb52d6ade42bdbedb06ecc80215f40d04f108e0fbb9dc64f065cd69dab79c9f5b29b1ea0f9105dedcc9d3fc72e7d7a0\
             5e3d16e8c14dbcaf12a896c8c9dc57383e13d5730306fd0f42f27491fde7e31d",
        );
        let order = (&p - 1u8) * (&q - 1u8);
        let d = BigUint::from(65_537u32).modinv(&order).expect("coprime");
        Self { n: p * q, d }
    }

    fn public(&self) -> Vec<u8> {
        der_sequence(&[der_integer(&self.n.to_bytes_be()), der_integer(&[1, 0, 1])].concat())
    }

    /// The signature that opens to this.
    fn close(&self, em: &[u8]) -> Vec<u8> {
        let s = BigUint::from_bytes_be(em).modpow(&self.d, &self.n).to_bytes_be();
        [vec![0; 256 - s.len()], s].concat()
    }

    fn pkcs1(&self, message: &[u8]) -> Vec<u8> {
        let mut em = vec![0xff; 256 - 51 - 1];
        (em[0], em[1]) = (0, 1);
        em.push(0);
        em.extend([0x30, 0x31, 0x30, 0x0d, 0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20]);
        em.extend(Sha256::digest(message));
        self.close(&em)
    }

    fn pss(&self, message: &[u8], salt: &[u8]) -> Vec<u8> {
        let hash = Sha256::digest([&[0; 8], &Sha256::digest(message)[..], salt].concat());
        let mut db = vec![0; 256 - 32 - 1 - salt.len() - 1];
        db.push(1);
        db.extend(salt);
        let mask = (0u32..).flat_map(|counter| Sha256::digest([&hash[..], &counter.to_be_bytes()].concat()));
        db.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
        db[0] &= 0x7f;
        self.close(&[&db[..], &hash, &[0xbc]].concat())
    }
}

fn rsa() -> Vec<Subject> {
    let signer = RsaKey::new();
    let key = signer.public();
    let sample = |index: usize, sign: &dyn Fn(&[u8]) -> Vec<u8>| {
        // All messages differ, as keys do not.
        let message = [message(index), vec![index as u8]].concat();
        let signature = sign(&message);
        Sample { key: key.clone(), message, signature }
    };
    let samples =
        |sign: &dyn Fn(&[u8]) -> Vec<u8>| (0..VALID).map(|index| sample(index, sign)).collect::<Vec<_>>();
    let of = |scheme: &str, rule: &str, valid: Vec<Sample>, more: Vec<(Sample, Reason)>| {
        let changed = |index: usize, change: fn(&mut Sample)| changed(&valid[index], change);
        let mut invalid = vec![
            (changed(1, |s| s.message.push(0)), Reason::EquationFailed),
            (changed(2, |s| s.signature[200] ^= 1), Reason::EquationFailed),
            (changed(3, |s| s.key.push(0)), Reason::BadKeyEncoding),
            (changed(4, |s| s.key.clear()), Reason::BadKeyLength),
            (changed(5, |s| s.signature.truncate(255)), Reason::BadSignatureLength),
            (changed(6, |s| s.signature.fill(0xff)), Reason::ScalarOutOfRange),
        ];
        invalid.extend(more);
        let suite = Suite::from_names(scheme, Some(rule), None, None).expect("names of a suite");
        Subject { suite, valid, invalid }
    };
    let salted = samples(&|message| signer.pss(message, &Sha256::digest(message)));
    let short = |index| sample(index, &|message| signer.pss(message, b"salt"));
    let failed = Reason::EquationFailed;
    let mut any = salted.clone();
    (any[3], any[40]) = (short(3), sample(40, &|message| signer.pss(message, b"")));
    vec![
        of("rsa-pkcs1-sha256", "rfc8017", samples(&|message| signer.pkcs1(message)), vec![]),
        of("rsa-pss-sha256", "pss-salt-32", salted, vec![(short(7), failed)]),
        of(
            "rsa-pss-sha256",
            "pss-any-salt",
            any,
            vec![(sample(8, &|message| signer.pkcs1(message)), failed)],
        ),
    ]
}
