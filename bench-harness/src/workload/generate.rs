//! The generator of inputs. Deterministic; it signs with other people's crates, since the engine does not sign.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;

use super::{Bad, Item, KeyPair, Kind, Lengths, Spec, Workload};

/// The user ID of every SM2 item: the default of GM/T 0009.
pub const SM2_USER_ID: &str = "1234567812345678";

/// The seed of all workloads.
const SEED: u64 = 0x5169_7761_7270;

pub(super) fn generate(spec: Spec) -> Workload {
    assert!(spec.batch > 0 && spec.items.is_multiple_of(spec.batch), "items come in whole batches");
    let messages = messages(&spec);
    if spec.kind == Kind::Messages {
        let item = |message| Item { key: 0, message, signature: Vec::new(), recovery_id: 0, valid: true };
        return Workload { spec, keys: Vec::new(), items: messages.into_iter().map(item).collect() };
    }
    let keys: Vec<KeyPair> = (0..spec.keys).into_par_iter().map(|index| key_pair(spec.kind, index)).collect();
    let items = messages
        .into_par_iter()
        .enumerate()
        .map(|(index, mut message)| {
            let key = index % spec.keys;
            let (signature, recovery_id) = sign(spec.kind, &keys[key].secret, &message);
            let valid = !is_bad(&spec, index);
            if !valid {
                let last = message.last_mut().expect("a bad item needs a message to change");
                *last ^= 1;
            }
            Item { key, message, signature, recovery_id, valid }
        })
        .collect();
    Workload { spec, keys, items }
}

fn messages(spec: &Spec) -> Vec<Vec<u8>> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut messages: Vec<Vec<u8>> = (0..spec.items)
        .map(|_| {
            let length = match spec.message {
                Lengths::Fixed(bytes) => bytes,
                Lengths::Mixed(least, most) | Lengths::Sorted(least, most) => {
                    least + rng.next_u32() as usize % (most - least + 1)
                }
            };
            let mut message = vec![0; length];
            rng.fill_bytes(&mut message);
            if spec.kind == Kind::Ed25519
                && let Some(first) = message.first_mut()
            {
                *first = 0;
            }
            message
        })
        .collect();
    if matches!(spec.message, Lengths::Sorted(..)) {
        messages.sort_by_key(Vec::len);
    }
    messages
}

fn is_bad(spec: &Spec, index: usize) -> bool {
    match spec.bad {
        Bad::None => false,
        // The whole part of index · rate grows by one at each bad item, which spreads them evenly.
        Bad::PerMille(count) => {
            let step = |index: usize| index * count as usize / 1000;
            step(index + 1) > step(index)
        }
        Bad::EverySecondBatch => {
            (index / spec.batch).is_multiple_of(2) && index % spec.batch == spec.batch / 2
        }
    }
}

fn key_pair(kind: Kind, index: usize) -> KeyPair {
    let mut secret = [0; 32];
    ChaCha8Rng::seed_from_u64(SEED ^ ((index as u64 + 1) << 20)).fill_bytes(&mut secret);
    // Below every group order in use, and not zero.
    secret[0] &= 0x7f;
    secret[31] |= 1;
    let public = match kind {
        Kind::Ed25519 => ed25519_dalek::SigningKey::from_bytes(&secret).verifying_key().as_bytes().to_vec(),
        Kind::P256 => p256_key(&secret).verifying_key().to_sec1_point(false).as_bytes().to_vec(),
        Kind::Secp256k1 => k256_key(&secret).verifying_key().to_sec1_point(true).as_bytes().to_vec(),
        Kind::Bip340 => {
            let key = k256::schnorr::SigningKey::from_slice(&secret).expect("a scalar in range");
            key.verifying_key().to_bytes().to_vec()
        }
        Kind::Sm2 => sm2_key(&secret).verifying_key().to_sec1_bytes().to_vec(),
        Kind::Messages => Vec::new(),
    };
    KeyPair { public, secret }
}

/// The signature, and the recovery id of ECDSA on secp256k1.
fn sign(kind: Kind, secret: &[u8; 32], message: &[u8]) -> (Vec<u8>, u8) {
    match kind {
        Kind::Ed25519 => {
            use ed25519_dalek::Signer;
            (ed25519_dalek::SigningKey::from_bytes(secret).sign(message).to_bytes().to_vec(), 0)
        }
        Kind::P256 => {
            use p256::ecdsa::signature::Signer;
            let signature: p256::ecdsa::Signature = p256_key(secret).sign(message);
            (signature.to_bytes().to_vec(), 0)
        }
        Kind::Secp256k1 => {
            let (signature, recovery_id) = k256_key(secret).sign_prehash_recoverable(message);
            (signature.to_bytes().to_vec(), recovery_id.to_byte())
        }
        Kind::Bip340 => {
            let key = k256::schnorr::SigningKey::from_slice(secret).expect("a scalar in range");
            (key.sign_raw(message, &[0; 32]).expect("a signature").to_bytes().to_vec(), 0)
        }
        Kind::Sm2 => {
            use sm2::dsa::signature::Signer;
            let signature: sm2::dsa::Signature = sm2_key(secret).sign(message);
            (signature.to_bytes().to_vec(), 0)
        }
        Kind::Messages => (Vec::new(), 0),
    }
}

fn p256_key(secret: &[u8; 32]) -> p256::ecdsa::SigningKey {
    p256::ecdsa::SigningKey::from_slice(secret).expect("a scalar in range")
}

fn k256_key(secret: &[u8; 32]) -> k256::ecdsa::SigningKey {
    k256::ecdsa::SigningKey::from_slice(secret).expect("a scalar in range")
}

fn sm2_key(secret: &[u8; 32]) -> sm2::dsa::SigningKey {
    sm2::dsa::SigningKey::from_slice(SM2_USER_ID, secret).expect("a scalar in range")
}
