//! The devices of a suite and their keys.

use p256::NistP256;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use sha3::Keccak256;
use sigwarp::{EcdsaScheme, Prehash, Scheme, Suite, UserId};

use super::sign::{self, Signature};

/// A device.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) secret: [u8; 32],
    pub(super) public: Vec<u8>,
    /// The coordinates of the key, where the scheme signs them or needs their parity.
    point: ([u8; 32], [u8; 32]),
}

/// The devices that sign under one suite.
#[derive(Debug)]
pub(super) struct Fleet {
    suite: Suite,
    seed: [u8; 32],
    devices: Vec<Device>,
}

impl Fleet {
    pub(super) fn new(suite: Suite, devices: u32, seed: [u8; 32]) -> Self {
        /// Devices that memory is reserved for at a time: their number is the caller's, and may be larger than what
        /// this machine ever makes.
        const AT_ONCE: usize = 1 << 16;
        let mut fleet = Self { suite, seed, devices: Vec::new() };
        for first in (0..devices).step_by(AT_ONCE) {
            let next = first..devices.min(first.saturating_add(AT_ONCE as u32));
            let made: Vec<Device> = next.into_par_iter().map(|device| fleet.device(device)).collect();
            fleet.devices.extend(made);
        }
        fleet
    }

    pub(super) fn suite(&self) -> &Suite {
        &self.suite
    }

    pub(super) fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// Device `number`, of the fleet or beyond it. Keys that have two forms take turns.
    pub(super) fn device(&self, number: u32) -> Device {
        let mut rng = ChaCha8Rng::from_seed(self.seed);
        rng.set_stream(u64::from(number));
        let mut secret = [0; 32];
        rng.fill_bytes(&mut secret);
        let point = match self.suite.scheme() {
            Scheme::Ed25519 => ([0; 32], [0; 32]),
            Scheme::Ecdsa(EcdsaScheme::P256 | EcdsaScheme::P256Sha256) => sign::public::<NistP256>(&secret),
            Scheme::Ecdsa(_) | Scheme::Bip340 => sign::public::<k256::Secp256k1>(&secret),
            Scheme::Sm2Sm3 | Scheme::Sm2 => sign::public::<sm2::Sm2>(&secret),
        };
        let public = match self.suite.scheme() {
            Scheme::Ed25519 => sign::ed25519_public(&secret).to_vec(),
            Scheme::Bip340 => point.0.to_vec(),
            _ => sign::sec1(&point, number.is_multiple_of(2)),
        };
        Device { secret, public, point }
    }

    /// What an item of the suite carries for a message of a device: the message, or its digest.
    pub(super) fn input(&self, device: &Device, message: Vec<u8>) -> Vec<u8> {
        match self.suite.scheme() {
            Scheme::Ecdsa(EcdsaScheme::P256 | EcdsaScheme::Secp256k1) => Sha256::digest(&message).to_vec(),
            Scheme::Sm2 => sign::sm2_digest(UserId::DEFAULT, &device.point, &message).to_vec(),
            _ => message,
        }
    }

    /// Signs what an item carries, with nonces from `rng`.
    pub(super) fn sign(&self, device: &Device, input: &[u8], rng: &mut impl Rng) -> Signature {
        let digest = match self.suite.scheme() {
            Scheme::Ed25519 => return sign::ed25519(&device.secret, &device.public, input),
            Scheme::Ecdsa(scheme) => match scheme.hash() {
                Some(Prehash::Sha256) => Sha256::digest(input).into(),
                Some(Prehash::Sha256d) => Sha256::digest(Sha256::digest(input)).into(),
                Some(Prehash::Keccak256) => Keccak256::digest(input).into(),
                None => input.try_into().expect("the generator made a digest of 32 bytes"),
            },
            Scheme::Sm2Sm3 => {
                let user_id = self.suite.user_id().unwrap_or(UserId::DEFAULT);
                sign::sm2_digest(user_id, &device.point, input)
            }
            Scheme::Sm2 => input.try_into().expect("the generator made a digest of 32 bytes"),
            Scheme::Bip340 => [0; 32],
        };
        loop {
            let mut nonce = [0; 32];
            rng.fill_bytes(&mut nonce);
            let signed = match self.suite.scheme() {
                Scheme::Ecdsa(EcdsaScheme::P256 | EcdsaScheme::P256Sha256) => {
                    sign::ecdsa::<NistP256>(&device.secret, &digest, &nonce)
                }
                Scheme::Ecdsa(_) => sign::ecdsa::<k256::Secp256k1>(&device.secret, &digest, &nonce),
                Scheme::Bip340 => sign::bip340(&device.secret, &device.point, input, &nonce),
                _ => sign::sm2(&device.secret, &digest, &nonce),
            };
            if let Some(signature) = signed {
                return signature;
            }
        }
    }

    /// n − s, for the ECDSA schemes.
    pub(super) fn negated(&self, s: &[u8; 32]) -> [u8; 32] {
        match self.suite.scheme() {
            Scheme::Ecdsa(EcdsaScheme::P256 | EcdsaScheme::P256Sha256) => sign::negated::<NistP256>(s),
            _ => sign::negated::<k256::Secp256k1>(s),
        }
    }

    /// Whether s is above half the group order of the ECDSA scheme.
    pub(super) fn is_high(&self, s: &[u8; 32]) -> bool {
        self.negated(s) < *s
    }
}
