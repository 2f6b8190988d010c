//! What the seeds of every system are made with: keys that are no secrets, and signatures of theirs.

use std::sync::LazyLock;

use ed25519_dalek::Signer as _;
use sha3::Digest;

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
