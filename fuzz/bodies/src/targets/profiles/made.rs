//! What the seeds of every system are made with: keys that are no secrets, and signatures of theirs.

use std::sync::LazyLock;

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use sha3::Digest;
use sigwarp_profiles::Curve;

/// How many secp256k1 keys there are.
pub(super) const SIGNERS: usize = 4;

/// A secp256k1 key.
pub(super) struct Signer {
    secret: k256::ecdsa::SigningKey,
    pub(super) uncompressed: [u8; 65],
    pub(super) compressed: [u8; 33],
    /// Its address on Ethereum.
    pub(super) address: [u8; 20],
}

/// The key of a signer, counted from 0.
pub(super) fn signer(place: usize) -> &'static Signer {
    static ALL: LazyLock<[Signer; SIGNERS]> = LazyLock::new(|| {
        std::array::from_fn(|place| {
            let secret =
                k256::ecdsa::SigningKey::from_slice(&[place as u8 + 1; 32]).expect("below the order");
            let point = |compressed| secret.verifying_key().to_sec1_point(compressed).as_bytes().to_vec();
            let uncompressed: [u8; 65] = point(false).try_into().expect("65 bytes");
            let address = keccak(&uncompressed[1..])[12..].try_into().expect("20 bytes");
            Signer { uncompressed, compressed: point(true).try_into().expect("33 bytes"), address, secret }
        })
    });
    &ALL[place]
}

impl Signer {
    /// r ‖ s with a low s, and the recovery id.
    pub(super) fn sign(&self, digest: &[u8]) -> ([u8; 64], u8) {
        let (signature, id) = self.secret.sign_prehash_recoverable(digest);
        (signature.to_bytes().into(), id.to_byte())
    }

    /// The same in DER.
    pub(super) fn sign_der(&self, digest: &[u8]) -> Vec<u8> {
        let (signature, _) = self.sign(digest);
        k256::ecdsa::Signature::from_slice(&signature).expect("r and s in range").to_der().as_bytes().to_vec()
    }
}

/// An Ed25519 key, counted from 0.
pub(super) fn ed25519(place: u8) -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[place + 0x40; 32])
}

/// The signature of a message by an Ed25519 key.
pub(super) fn sign_ed25519(place: u8, message: &[u8]) -> [u8; 64] {
    ed25519(place).sign(message).to_bytes()
}

pub(super) fn keccak(message: &[u8]) -> [u8; 32] {
    sha3::Keccak256::digest(message).into()
}

/// The user id of SM2 where none is named.
pub(super) const USER_ID: &str = "1234567812345678";

/// The key of a device: a curve, and a number below [`SIGNERS`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct DeviceKey(pub(super) Curve, pub(super) u8);

impl DeviceKey {
    fn p256(self) -> p256::ecdsa::SigningKey {
        p256::ecdsa::SigningKey::from_slice(&[self.1 + 0x21; 32]).expect("below the order")
    }

    fn sm2(self, user_id: &str) -> sm2::dsa::SigningKey {
        sm2::dsa::SigningKey::from_slice(user_id, &[self.1 + 0x31; 32]).expect("below the order")
    }

    /// Its bytes, as the engine takes them: 04 ‖ x ‖ y, and the 32 bytes of Ed25519.
    pub(super) fn public(self) -> Vec<u8> {
        match self.0 {
            Curve::P256 => self.p256().verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Curve::Secp256k1 => signer(self.1.into()).uncompressed.to_vec(),
            Curve::Sm2 => self.sm2(USER_ID).verifying_key().to_sec1_bytes().to_vec(),
            Curve::Ed25519 => ed25519(self.1).verifying_key().to_bytes().to_vec(),
        }
    }

    /// Its signature of a message, of 64 bytes: ECDSA with SHA-256, SM2 with SM3 and [`USER_ID`], Ed25519.
    pub(super) fn sign(self, message: &[u8]) -> Vec<u8> {
        match self.0 {
            Curve::P256 | Curve::Secp256k1 => self.sign_digest(&sha2::Sha256::digest(message)),
            Curve::Sm2 => self.sign_as(USER_ID, message),
            Curve::Ed25519 => sign_ed25519(self.1, message).to_vec(),
        }
    }

    /// Its signature of 32 bytes, for the curves that have one.
    pub(super) fn sign_digest(self, digest: &[u8]) -> Vec<u8> {
        match self.0 {
            Curve::P256 => {
                let signature: p256::ecdsa::Signature = self.p256().sign_prehash(digest).expect("32 bytes");
                signature.to_bytes().to_vec()
            }
            Curve::Secp256k1 => signer(self.1.into()).sign(digest).0.to_vec(),
            Curve::Sm2 => self.sm2(USER_ID).sign_prehash(digest).expect("32 bytes").to_bytes().to_vec(),
            Curve::Ed25519 => panic!("Ed25519 signs messages"),
        }
    }

    /// Its signature of SM2 under a user id.
    pub(super) fn sign_as(self, user_id: &str, message: &[u8]) -> Vec<u8> {
        self.sm2(user_id).sign(message).to_bytes().to_vec()
    }
}
