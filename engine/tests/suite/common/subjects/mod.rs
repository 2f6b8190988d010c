//! Signed samples of every suite, for tests that do not care which suite they run.

mod one_by_one;
mod weierstrass;

pub use one_by_one::one_by_one;
pub use weierstrass::{bip340, bip341, ecdsa, sm2};

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha512};
use sigwarp::{Ed25519Rule, Reason, Suite};

/// One item.
#[derive(Clone)]
pub struct Sample {
    pub key: Vec<u8>,
    pub message: Vec<u8>,
    pub signature: Vec<u8>,
}

/// A suite with items whose verdicts are known by construction.
pub struct Subject {
    pub suite: Suite,
    /// Valid, and all different.
    pub valid: Vec<Sample>,
    /// Invalid, one for every kind of failure that this can be built for without arithmetic of the project.
    pub invalid: Vec<(Sample, Reason)>,
}

/// How many valid samples a subject has: enough for the largest batch of the matrix without repeating one.
pub const VALID: usize = 65;

/// A subject for every suite.
pub fn all() -> Vec<Subject> {
    let mut subjects = ed25519();
    subjects.extend(ed25519_variants());
    subjects.extend(ecdsa());
    subjects.push(bip340());
    subjects.push(bip341());
    subjects.extend(sm2());
    subjects.extend(one_by_one());
    subjects
}

/// The message of sample `index`: lengths around the block sizes of SHA-512 and SHA-256 all occur.
fn message(index: usize) -> Vec<u8> {
    let length =
        [0, 1, 31, 32, 55, 56, 63, 64, 65, 100, 111, 112, 127, 128, 129, 200, 239, 240, 300][index % 19];
    (0..length).map(|position| ((position * 7 + index * 13) % 251) as u8).collect()
}

/// `sample` after `change`.
fn changed(sample: &Sample, change: impl FnOnce(&mut Sample)) -> Sample {
    let mut sample = sample.clone();
    change(&mut sample);
    sample
}

/// A signature of Ed25519ctx, or of Ed25519ph where `prehashes`, made step by step (RFC 8032 section 5.1.6).
pub fn sign_variant(signer: &SigningKey, context: &[u8], prehashes: bool, message: &[u8]) -> [u8; 64] {
    let message = if prehashes { Sha512::digest(message).to_vec() } else { message.to_vec() };
    let flag = u8::from(prehashes);
    let dom2 = [b"SigEd25519 no Ed25519 collisions", &[flag, context.len() as u8][..], context].concat();
    let key = signer.verifying_key().to_bytes();
    let scalar = |parts: &[&[u8]]| {
        Scalar::from_bytes_mod_order_wide(&Sha512::digest([&dom2, &parts.concat()[..]].concat()).into())
    };
    let prefix = &Sha512::digest(signer.to_bytes())[32..];
    let nonce = scalar(&[prefix, &message]);
    let r = EdwardsPoint::mul_base(&nonce).compress().0;
    let s = nonce + scalar(&[&r, &key, &message]) * signer.to_scalar();
    [r, s.to_bytes()].concat().try_into().expect("twice 32 bytes")
}

/// A subject for every rule of Ed25519.
pub fn ed25519() -> Vec<Subject> {
    ed25519_signed(Suite::ed25519, |signer, message| signer.sign(message).to_bytes())
}

/// A subject for every rule of Ed25519ctx and of Ed25519ph.
pub fn ed25519_variants() -> Vec<Subject> {
    let mut subjects = ed25519_signed(
        |rule| Suite::ed25519ctx(rule, b"foo").expect("a context that is long enough"),
        |signer, message| sign_variant(signer, b"foo", false, message),
    );
    subjects.extend(ed25519_signed(
        |rule| Suite::ed25519ph(rule, b"").expect("a context may be empty"),
        |signer, message| sign_variant(signer, b"", true, message),
    ));
    subjects
}

fn ed25519_signed(suite: fn(Ed25519Rule) -> Suite, sign: fn(&SigningKey, &[u8]) -> [u8; 64]) -> Vec<Subject> {
    let valid: Vec<Sample> = (0..VALID)
        .map(|index| {
            let mut seed = [7; 32];
            seed[..8].copy_from_slice(&(index as u64).to_le_bytes());
            let signer = SigningKey::from_bytes(&seed);
            let message = message(index);
            let signature = sign(&signer, &message).to_vec();
            Sample { key: signer.verifying_key().to_bytes().to_vec(), message, signature }
        })
        .collect();
    let changed = |index: usize, change: fn(&mut Sample)| changed(&valid[index], change);
    // y = 2 is the smallest y that no point has (its x² is not a square); likewise as an encoding of R.
    const NOT_A_POINT: [u8; 32] = {
        let mut y = [0; 32];
        y[0] = 2;
        y
    };
    let common = [
        (changed(1, |s| s.message.push(0)), Reason::EquationFailed),
        (changed(2, |s| s.signature[33] ^= 1), Reason::EquationFailed),
        (changed(3, |s| s.key.truncate(31)), Reason::BadKeyLength),
        (changed(4, |s| s.signature.truncate(63)), Reason::BadSignatureLength),
        (changed(5, |s| s.signature[32..].fill(0xff)), Reason::ScalarOutOfRange),
        (changed(6, |s| s.key.copy_from_slice(&NOT_A_POINT)), Reason::KeyNotOnCurve),
    ];
    let bad_r = changed(7, |s| s.signature[..32].copy_from_slice(&NOT_A_POINT));
    Ed25519Rule::ALL
        .into_iter()
        .map(|rule| {
            use Ed25519Rule::*;
            let bad_r_reason = match rule {
                Cofactorless | Libsodium | Donna => Reason::EquationFailed,
                Zip215 | Rfc8032 | Rfc8032Cofactorless | Strict | Simd0376 | BouncyCastle => {
                    Reason::RNotOnCurve
                }
            };
            let mut invalid = common.to_vec();
            invalid.push((bad_r.clone(), bad_r_reason));
            Subject { suite: suite(rule), valid: valid.clone(), invalid }
        })
        .collect()
}
