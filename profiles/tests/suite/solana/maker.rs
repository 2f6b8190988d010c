//! Makes transactions and calls of precompiles for tests, signed with keys that are no secrets.
#![allow(unreachable_pub, reason = "the tests are one program")]

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::{EdwardsPoint, Scalar};
use sigwarp::{Column, Hash};

use crate::common::fastest;

pub const ED25519: &str = "037d46d67c93fbbe12f9428f838d40ff0570744927f48a64fcca704480000000";
pub const SECP256K1: &str = "04c6fc20f050ccf05584d7211c9f8cf59ec14785bb166a1e2830e81220000000";
pub const SECP256R1: &str = "06920dec2fea71b5b723814d742da9031c83e75fdb795d568e75478020000000";

/// A transaction in parts, any of which a test may set wrong.
#[derive(Clone)]
pub struct Maker {
    /// `None` is legacy.
    pub version: Option<u8>,
    /// Signatures, read-only ones of them, read-only ones of the other keys.
    pub header: [u8; 3],
    pub keys: Vec<[u8; 32]>,
    /// Program, accounts, data.
    pub instructions: Vec<(u8, Vec<u8>, Vec<u8>)>,
    /// Writable and read-only indices, of v0.
    pub lookups: Vec<(Vec<u8>, Vec<u8>)>,
    /// The mask and the values, of v1.
    pub config: (u32, Vec<u32>),
}

impl Maker {
    /// With this many signers, all of them writable, and no instruction.
    pub fn new(version: Option<u8>, signers: u8) -> Self {
        let keys = (1..=signers).map(|place| signer(place).key).collect();
        let header = [signers, 0, 0];
        Self { version, header, keys, instructions: Vec::new(), lookups: Vec::new(), config: (0, Vec::new()) }
    }

    /// With one more instruction, of a program in hexadecimal digits.
    pub fn call(mut self, program: &str, data: &[u8]) -> Self {
        let program: [u8; 32] = bytes(program).try_into().expect("a key");
        let known = self.keys.iter().position(|key| *key == program);
        let place = known.unwrap_or_else(|| {
            self.keys.push(program);
            self.header[2] += 1;
            self.keys.len() - 1
        });
        self.instructions.push((u8::try_from(place).expect("few keys"), vec![0], data.to_vec()));
        self
    }

    pub fn message(&self) -> Vec<u8> {
        let mut message: Vec<u8> = self.version.map(|version| 0x80 | version).into_iter().collect();
        message.extend(self.header);
        if self.version == Some(1) {
            message.extend(self.config.0.to_le_bytes());
            message.extend([7; 32]);
            message.extend([self.instructions.len(), self.keys.len()].map(|count| count as u8));
            message.extend(self.keys.as_flattened());
            message.extend(self.config.1.iter().flat_map(|value| value.to_le_bytes()));
            for (program, accounts, data) in &self.instructions {
                message.extend([*program, accounts.len() as u8]);
                message.extend((data.len() as u16).to_le_bytes());
            }
            self.instructions.iter().for_each(|(_, accounts, data)| {
                message.extend(accounts);
                message.extend(data);
            });
            return message;
        }
        message.extend(compact(self.keys.len()));
        message.extend(self.keys.as_flattened());
        message.extend([7; 32]);
        message.extend(compact(self.instructions.len()));
        for (program, accounts, data) in &self.instructions {
            message.push(*program);
            for part in [accounts, data] {
                message.extend(compact(part.len()));
                message.extend(part);
            }
        }
        if self.version == Some(0) {
            message.extend(compact(self.lookups.len()));
            for (writable, read_only) in &self.lookups {
                message.extend([9; 32]);
                for part in [writable, read_only] {
                    message.extend(compact(part.len()));
                    message.extend(part);
                }
            }
        }
        message
    }

    /// The transaction with these signatures.
    pub fn with(&self, signatures: &[[u8; 64]]) -> Vec<u8> {
        match self.version {
            Some(1) => [&self.message(), signatures.as_flattened()].concat(),
            _ => [&compact(signatures.len()), signatures.as_flattened(), &self.message()].concat(),
        }
    }

    /// The transaction, signed by as many as the header says.
    pub fn signed(&self) -> Vec<u8> {
        let message = self.message();
        let signatures = (1..=self.header[0]).map(|place| signer(place).sign(&message));
        self.with(&signatures.collect::<Vec<_>>())
    }
}

/// An Ed25519 key.
pub struct Signer {
    secret: Scalar,
    pub key: [u8; 32],
}

/// The key of a signer, counted from 1.
pub fn signer(place: u8) -> Signer {
    let secret = Scalar::from(0x5ec2e7_u64) + Scalar::from(place);
    Signer { secret, key: EdwardsPoint::mul_base(&secret).compress().to_bytes() }
}

impl Signer {
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.sign_off(message, &EIGHT_TORSION[0])
    }

    /// With a point of small order in R, which only an equation that is multiplied by 8 does not see.
    pub fn sign_mixed_order(&self, message: &[u8]) -> [u8; 64] {
        self.sign_off(message, &EIGHT_TORSION[1])
    }

    fn sign_off(&self, message: &[u8], point: &EdwardsPoint) -> [u8; 64] {
        let scalar = |bytes: &[u8]| {
            let digest = digest(Hash::Sha512, bytes);
            Scalar::from_bytes_mod_order_wide(&digest.try_into().expect("64 bytes"))
        };
        let nonce = scalar(&[&self.key, message].concat());
        let r = (EdwardsPoint::mul_base(&nonce) + point).compress().to_bytes();
        let s = nonce + scalar(&[&r, &self.key, message].concat()) * self.secret;
        [r, s.to_bytes()].concat().try_into().expect("64 bytes")
    }
}

pub fn digest(hash: Hash, message: &[u8]) -> Vec<u8> {
    let digests = fastest().hash(hash, Column::slices(&[message])).expect("an engine that works");
    digests.iter().next().expect("a digest").to_vec()
}

/// A number of 16 bits, 7 bits a byte.
pub fn compact(number: usize) -> Vec<u8> {
    match number {
        0..0x80 => vec![number as u8],
        0x80..0x4000 => vec![number as u8 | 0x80, (number >> 7) as u8],
        _ => vec![number as u8 | 0x80, (number >> 7) as u8 | 0x80, (number >> 14) as u8],
    }
}

pub fn bytes(digits: &str) -> Vec<u8> {
    hex::decode(digits).expect("digits")
}

/// What a call of a precompile verifies, one after another: signature, key or address, message.
pub struct Signed {
    pub signature: Vec<u8>,
    pub key: Vec<u8>,
    pub message: Vec<u8>,
}

impl Signed {
    pub fn ed25519(message: &[u8]) -> Self {
        let signer = signer(0x42);
        let (signature, key) = (signer.sign(message).to_vec(), signer.key.to_vec());
        Self { signature, key, message: message.to_vec() }
    }

    /// The signature is r ‖ s ‖ recovery id, the key an address.
    pub fn secp256k1(message: &[u8]) -> Self {
        let key = k256::ecdsa::SigningKey::from_slice(&[0x42; 32]).expect("below the order");
        let digest = digest(Hash::Keccak256, message);
        let (signature, id) = key.sign_prehash_recoverable(&digest);
        let mut signature = signature.to_bytes().to_vec();
        signature.push(id.to_byte());
        let point = key.verifying_key().to_sec1_point(false);
        let point = point.as_bytes().try_into().expect("65 bytes");
        Self { signature, key: sigwarp::ethereum_address(&point).to_vec(), message: message.to_vec() }
    }

    pub fn secp256r1(message: &[u8]) -> Self {
        use p256::ecdsa::signature::Signer;
        let key = p256::ecdsa::SigningKey::from_slice(&[0x42; 32]).expect("below the order");
        let signature: p256::ecdsa::Signature = key.sign(message);
        let signature = signature.normalize_s().to_bytes().to_vec();
        let key = key.verifying_key().to_sec1_point(true).as_bytes().to_vec();
        Self { signature, key, message: message.to_vec() }
    }

    pub fn all(&self) -> Vec<u8> {
        [&self.signature[..], &self.key, &self.message].concat()
    }

    /// The record of offsets to [`Self::all`] at `start` in the data of instruction `index`: of numbers of 16 bits.
    pub fn record(&self, start: usize, index: u16) -> Vec<u8> {
        let [signature, key, message, length] = self.offsets(start);
        let numbers = [signature, index, key, index, message, length, index];
        numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    /// As [`Self::record`], of secp256k1.
    pub fn byte_record(&self, start: usize, index: u8) -> Vec<u8> {
        let [signature, key, message, length] = self.offsets(start).map(u16::to_le_bytes);
        [&signature[..], &[index], &key, &[index], &message, &length, &[index]].concat()
    }

    fn offsets(&self, start: usize) -> [u16; 4] {
        let key = start + self.signature.len();
        let message = key + self.key.len();
        [start, key, message, self.message.len()].map(|number| u16::try_from(number).expect("short data"))
    }
}
