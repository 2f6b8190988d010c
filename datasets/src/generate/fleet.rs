//! The devices of a suite and their keys.

use std::borrow::Cow;

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar as Scalar25519;
use k256::Secp256k1;
use k256::elliptic_curve::ff::{BatchInverter, Field};
use k256::elliptic_curve::{AffinePoint, Scalar};
use p256::NistP256;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use sha3::Keccak256;
use sigwarp::{Prehash, Scheme, Suite, UserId};
use sm2::Sm2;

use super::TOGETHER;
use super::sign::{self, Curve, Domain, Signature};

/// A device.
#[derive(Debug, Clone)]
pub(super) struct Device {
    pub(super) public: Vec<u8>,
    secret: Secret,
}

/// What a device signs with.
#[derive(Debug, Clone)]
enum Secret {
    /// The scalar and the prefix of nonces.
    Ed25519((Scalar25519, [u8; 32])),
    /// The secret, and the coordinates of the key, which the scheme signs or needs the parity of.
    Weierstrass([u8; 32], ([u8; 32], [u8; 32])),
}

impl Device {
    /// The secret scalar of an Ed25519 device.
    pub(super) fn scalar(&self) -> Option<&Scalar25519> {
        match &self.secret {
            Secret::Ed25519(secret) => Some(&secret.0),
            Secret::Weierstrass(..) => None,
        }
    }
}

/// An item that waits for its signature.
#[derive(Debug)]
pub(super) struct Unsigned<'a> {
    device: Cow<'a, Device>,
    /// What is signed, where that is a digest.
    digest: [u8; 32],
    /// Where it is not the scheme's own.
    nonce: [u8; 32],
}

/// The devices that sign under one suite.
#[derive(Debug)]
pub(super) struct Fleet {
    suite: Suite,
    domain: Domain,
    seed: [u8; 32],
    devices: Vec<Device>,
}

impl Fleet {
    pub(super) fn new(suite: Suite, devices: u32, seed: [u8; 32]) -> Self {
        /// Devices that memory is reserved for at a time: their number is the caller's, and may be larger than what
        /// this machine ever makes.
        const AT_ONCE: usize = 1 << 16;
        let mut fleet = Self { domain: Domain::of(&suite), suite, seed, devices: Vec::new() };
        for first in (0..devices).step_by(AT_ONCE) {
            let numbers: Vec<u32> = (first..devices.min(first.saturating_add(AT_ONCE as u32))).collect();
            let made: Vec<Device> =
                numbers.par_chunks(TOGETHER).flat_map_iter(|numbers| fleet.make(numbers)).collect();
            fleet.devices.extend(made);
        }
        fleet
    }

    pub(super) fn suite(&self) -> &Suite {
        &self.suite
    }

    /// What its suite hashes besides key and message, if it is of Ed25519.
    pub(super) fn domain(&self) -> &Domain {
        &self.domain
    }

    pub(super) fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// Device `number`, of the fleet or beyond it.
    pub(super) fn device(&self, number: u32) -> Cow<'_, Device> {
        match self.devices.get(number as usize) {
            Some(device) => Cow::Borrowed(device),
            None => Cow::Owned(self.make(&[number]).remove(0)),
        }
    }

    /// Makes devices. Keys that have two forms take turns.
    fn make(&self, numbers: &[u32]) -> Vec<Device> {
        let secrets: Vec<[u8; 32]> = numbers
            .iter()
            .map(|&number| {
                let mut rng = ChaCha8Rng::from_seed(self.seed);
                rng.set_stream(u64::from(number));
                let mut secret = [0; 32];
                rng.fill_bytes(&mut secret);
                secret
            })
            .collect();
        let points = match group_of(self.suite.scheme()) {
            GroupOf::Ed25519 => {
                let secrets: Vec<_> = secrets.iter().map(sign::ed25519_secret).collect();
                let points: Vec<_> = secrets.iter().map(|(a, _)| EdwardsPoint::mul_base(a)).collect();
                let keys = EdwardsPoint::compress_batch_alloc(&points);
                let device = |(key, secret): (CompressedEdwardsY, _)| Device {
                    public: key.0.to_vec(),
                    secret: Secret::Ed25519(secret),
                };
                return keys.into_iter().zip(secrets).map(device).collect();
            }
            GroupOf::P256 => publics::<NistP256>(&secrets),
            GroupOf::Secp256k1 => publics::<Secp256k1>(&secrets),
            GroupOf::Sm2 => publics::<Sm2>(&secrets),
        };
        let devices = numbers.iter().zip(secrets).zip(points).map(|((number, secret), point)| {
            let public = match self.suite.scheme() {
                Scheme::Bip340 => point.0.to_vec(),
                _ => sign::sec1(&point, number.is_multiple_of(2)),
            };
            Device { public, secret: Secret::Weierstrass(secret, point) }
        });
        devices.collect()
    }

    /// What an item of the suite carries for a message of a device: the message, or its digest.
    pub(super) fn input(&self, device: &Device, message: Vec<u8>) -> Vec<u8> {
        match self.suite.scheme() {
            Scheme::EcdsaP256 | Scheme::EcdsaSecp256k1 => Sha256::digest(&message).to_vec(),
            Scheme::Sm2 => self.sm2_digest(UserId::DEFAULT, device, &message).to_vec(),
            _ => message,
        }
    }

    fn sm2_digest(&self, user_id: &[u8], device: &Device, message: &[u8]) -> [u8; 32] {
        match &device.secret {
            Secret::Weierstrass(_, point) => sign::sm2_digest(user_id, point, message),
            Secret::Ed25519(_) => unreachable!("a fleet's devices are of its scheme"),
        }
    }

    /// Makes what an item carries ready to be signed, with a nonce from `rng`.
    pub(super) fn unsigned<'a>(
        &self,
        device: Cow<'a, Device>,
        input: &[u8],
        rng: &mut impl Rng,
    ) -> Unsigned<'a> {
        let scheme = self.suite.scheme();
        let digest = match scheme.ecdsa().map(|scheme| scheme.hash()) {
            Some(Some(Prehash::Sha256)) => Sha256::digest(input).into(),
            Some(Some(Prehash::Sha256d)) => Sha256::digest(Sha256::digest(input)).into(),
            Some(Some(Prehash::Keccak256)) => Keccak256::digest(input).into(),
            Some(None) => input.try_into().expect("the generator made a digest of 32 bytes"),
            None if scheme == Scheme::Sm2 => {
                input.try_into().expect("the generator made a digest of 32 bytes")
            }
            None if scheme == Scheme::Sm2Sm3 => {
                let user_id = self.suite.user_id().unwrap_or(UserId::DEFAULT);
                self.sm2_digest(user_id, &device, input)
            }
            None => [0; 32],
        };
        let mut unsigned = Unsigned { device, digest, nonce: [0; 32] };
        if group_of(scheme) != GroupOf::Ed25519 {
            rng.fill_bytes(&mut unsigned.nonce);
        }
        unsigned
    }

    /// Signs an item whose nonce did not serve, with others from `rng`.
    pub(super) fn sign_again(&self, mut item: Unsigned<'_>, input: &[u8], rng: &mut impl Rng) -> Signature {
        loop {
            rng.fill_bytes(&mut item.nonce);
            if let Some(signature) = sign_all(&[(self, &item, input)]).remove(0) {
                return signature;
            }
        }
    }

    /// n − s, for the ECDSA schemes.
    pub(super) fn negated(&self, s: &[u8; 32]) -> [u8; 32] {
        match self.suite.scheme() {
            Scheme::EcdsaP256 | Scheme::EcdsaP256Sha256 => sign::negated::<NistP256>(s),
            _ => sign::negated::<k256::Secp256k1>(s),
        }
    }

    /// Whether s is above half the group order of the ECDSA scheme.
    pub(super) fn is_high(&self, s: &[u8; 32]) -> bool {
        self.negated(s) < *s
    }
}

/// The group that a scheme signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GroupOf {
    Ed25519,
    P256,
    Secp256k1,
    Sm2,
}

fn group_of(scheme: Scheme) -> GroupOf {
    signer(scheme).expect("a generator signs all of its shares")
}

/// The group that signs a scheme, if one does.
fn signer(scheme: Scheme) -> Option<GroupOf> {
    match scheme {
        Scheme::Ed25519 | Scheme::Ed25519ctx | Scheme::Ed25519ph => Some(GroupOf::Ed25519),
        Scheme::EcdsaP256 | Scheme::EcdsaP256Sha256 => Some(GroupOf::P256),
        Scheme::Bip340 => Some(GroupOf::Secp256k1),
        Scheme::Sm2Sm3 | Scheme::Sm2 => Some(GroupOf::Sm2),
        other => other.ecdsa().map(|_| GroupOf::Secp256k1),
    }
}

/// Whether rows of a scheme can be made.
pub(super) fn signs(scheme: Scheme) -> bool {
    signer(scheme).is_some()
}

fn publics<C: Curve>(secrets: &[[u8; 32]]) -> Vec<([u8; 32], [u8; 32])> {
    let secrets: Vec<_> = secrets.iter().map(sign::scalar::<C>).collect();
    C::comb().multiples(&secrets).iter().map(sign::coordinates::<C>).collect()
}

/// An item that waits, with its fleet and what it carries.
type Waiting<'a> = (&'a Fleet, &'a Unsigned<'a>, &'a [u8]);

/// Signs items of any fleets together: the points of the nonces of a group become affine by one inversion, and what
/// signatures are divided by is inverted by another. `None` where a nonce does not serve.
pub(super) fn sign_all(items: &[Waiting<'_>]) -> Vec<Option<Signature>> {
    let mut signatures = vec![None; items.len()];
    for group in [GroupOf::Ed25519, GroupOf::P256, GroupOf::Secp256k1, GroupOf::Sm2] {
        let places = (0..items.len()).filter(|&place| group_of(items[place].0.suite.scheme()) == group);
        let places: Vec<usize> = places.collect();
        if places.is_empty() {
            continue;
        }
        let of_group: Vec<Waiting<'_>> = places.iter().map(|&place| items[place]).collect();
        let signed = match group {
            GroupOf::Ed25519 => sign_ed25519(&of_group),
            GroupOf::P256 => sign_on::<NistP256>(&of_group, |item, _, point, inverse| {
                let (secret, _) = item.weierstrass();
                sign::ecdsa_with::<NistP256>(secret, &item.digest, point, inverse)
            }),
            GroupOf::Secp256k1 => sign_on::<Secp256k1>(&of_group, |item, input, point, inverse| {
                let (secret, key) = item.weierstrass();
                match input {
                    Some(message) => sign::bip340_with(secret, key, message, &item.nonce, point),
                    None => sign::ecdsa_with::<Secp256k1>(secret, &item.digest, point, inverse),
                }
            }),
            GroupOf::Sm2 => sign_on::<Sm2>(&of_group, |item, _, point, inverse| {
                let (secret, _) = item.weierstrass();
                sign::sm2_with(secret, &item.digest, &item.nonce, point, inverse)
            }),
        };
        places.into_iter().zip(signed).for_each(|(place, signed)| signatures[place] = signed);
    }
    signatures
}

fn sign_ed25519(items: &[Waiting<'_>]) -> Vec<Option<Signature>> {
    let secrets = || {
        items.iter().filter_map(|(fleet, item, input)| match &item.device.secret {
            Secret::Ed25519(secret) => Some((secret, &item.device.public, input, fleet.domain())),
            Secret::Weierstrass(..) => None,
        })
    };
    let nonces: Vec<_> = secrets().map(|(secret, _, input, domain)| domain.nonce(&secret.1, input)).collect();
    let points: Vec<_> = nonces.iter().map(EdwardsPoint::mul_base).collect();
    let points = EdwardsPoint::compress_batch_alloc(&points);
    let signed = secrets().zip(nonces).zip(points).map(|(((secret, key, input, domain), nonce), r)| {
        Some(sign::ed25519_with(domain, &secret.0, key, input, &nonce, r.0))
    });
    signed.collect()
}

/// `finish` is given an item, its message where BIP 340 hashes it, the point of its nonce, and an inverse: of the nonce for
/// ECDSA, of 1 + d for SM2.
fn sign_on<C: Curve>(
    items: &[Waiting<'_>],
    finish: impl Fn(&Unsigned<'_>, Option<&[u8]>, &AffinePoint<C>, &Scalar<C>) -> Option<Signature>,
) -> Vec<Option<Signature>> {
    let nonces: Vec<Scalar<C>> = items.iter().map(|(_, item, _)| sign::scalar::<C>(&item.nonce)).collect();
    let points = C::comb().multiples(&nonces);
    let mut inverses: Vec<Scalar<C>> = items
        .iter()
        .zip(nonces)
        .map(|((fleet, item, _), nonce)| match group_of(fleet.suite.scheme()) {
            GroupOf::Sm2 => Scalar::<C>::ONE + sign::scalar::<C>(item.weierstrass().0),
            _ => nonce,
        })
        .collect();
    let mut scratch = inverses.clone();
    BatchInverter::invert_with_external_scratch(&mut inverses, &mut scratch);
    let finished = items.iter().zip(points).zip(inverses).map(|(((fleet, item, input), point), inverse)| {
        let message = (fleet.suite.scheme() == Scheme::Bip340).then_some(*input);
        finish(item, message, &point, &inverse)
    });
    finished.collect()
}

impl Unsigned<'_> {
    /// The secret and the coordinates of the key.
    fn weierstrass(&self) -> (&[u8; 32], &([u8; 32], [u8; 32])) {
        match &self.device.secret {
            Secret::Weierstrass(secret, point) => (secret, point),
            Secret::Ed25519(_) => unreachable!("a fleet's devices are of its scheme"),
        }
    }
}
