//! Certificates that are made to order, with P-256.

use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use sigwarp::{Column, Hash};

use crate::common::fastest;

pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const OCTETS: u8 = 0x04;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const BITS: u8 = 0x03;
const OID: u8 = 0x06;
const TEXT: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;

/// ecdsa-with-SHA256.
pub(super) const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
/// ecdsa-with-SHA512.
pub(super) const ECDSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4];

/// An element of these parts.
pub(super) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let contents = parts.concat();
    let length = match contents.len() {
        short @ ..=0x7f => vec![short as u8],
        long @ ..=0xff => vec![0x81, long as u8],
        long => vec![0x82, (long >> 8) as u8, long as u8],
    };
    [vec![tag], length, contents].concat()
}

/// An AlgorithmIdentifier without parameters.
pub(super) fn algorithm(oid: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[&element(OID, &[oid])])
}

/// The key of a number.
fn key(number: u8) -> SigningKey {
    SigningKey::from_slice(&[number; 32]).expect("below the order")
}

/// The point of the key of a number: 04 ‖ x ‖ y.
pub(super) fn point(number: u8) -> Vec<u8> {
    key(number).verifying_key().to_sec1_point(false).as_bytes().to_vec()
}

/// The signature of the key of a number, in DER, with SHA-512 where the algorithm says so and SHA-256 otherwise.
fn sign(number: u8, algorithm: &[u8], message: &[u8]) -> Vec<u8> {
    let signature: p256::ecdsa::Signature = match algorithm == self::algorithm(ECDSA_SHA512) {
        true => {
            let digests = fastest().hash(Hash::Sha512, Column::slices(&[message])).expect("a hash");
            key(number).sign_prehash(digests.get(0).expect("a digest")).expect("a signature")
        }
        false => key(number).sign(message),
    };
    let integer = |bytes: &[u8]| {
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        let sign: &[u8] = if bytes[zeros] >= 0x80 { &[0] } else { &[] };
        element(INTEGER, &[sign, &bytes[zeros..]])
    };
    let bytes = signature.to_bytes();
    element(SEQUENCE, &[&integer(&bytes[..32]), &integer(&bytes[32..])])
}

/// A certificate to be made.
#[derive(Debug, Clone)]
pub(super) struct Made {
    pub(super) serial: u8,
    pub(super) issuer: &'static str,
    pub(super) subject: &'static str,
    /// The number of its key.
    pub(super) key: u8,
    /// The number of the key that signs it.
    pub(super) signer: u8,
    /// basicConstraints, or whatever else, as the element that the octets of the extension hold.
    pub(super) constraints: Vec<u8>,
    /// The public key, where it is not that of the number.
    pub(super) point: Option<Vec<u8>>,
    /// The algorithms in the signed bytes and beside the signature.
    pub(super) algorithms: [Vec<u8>; 2],
}

impl Made {
    /// A CA's certificate: who signs it, with which key, and who it is, with which key.
    pub(super) fn ca((issuer, signer): (&'static str, u8), (subject, key): (&'static str, u8)) -> Self {
        let constraints = element(SEQUENCE, &[&[1, 1, 255]]);
        let algorithms = [algorithm(ECDSA_SHA256), algorithm(ECDSA_SHA256)];
        Self { serial: 1, issuer, subject, key, signer, constraints, point: None, algorithms }
    }

    /// A certificate of a device, which is no CA.
    pub(super) fn device(issuer: (&'static str, u8), subject: (&'static str, u8)) -> Self {
        Self { constraints: element(SEQUENCE, &[]), ..Self::ca(issuer, subject) }
    }

    /// Its DER.
    pub(super) fn der(&self) -> Vec<u8> {
        let name = |text: &str| {
            let attribute =
                element(SEQUENCE, &[&element(OID, &[&[0x55, 4, 3]]), &element(TEXT, &[text.as_bytes()])]);
            element(SEQUENCE, &[&element(SET, &[&attribute])])
        };
        let time = element(UTC_TIME, &[b"260101000000Z"]);
        let point = self.point.clone().unwrap_or_else(|| point(self.key));
        let curve = [
            element(OID, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]]),
            element(OID, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]]),
        ];
        let key =
            element(SEQUENCE, &[&element(SEQUENCE, &[&curve.concat()]), &element(BITS, &[&[0], &point])]);
        let octets = element(OCTETS, &[&self.constraints]);
        let extension = element(SEQUENCE, &[&element(OID, &[&[0x55, 0x1d, 0x13]]), &octets]);
        let tbs = element(
            SEQUENCE,
            &[
                &element(0xa0, &[&[INTEGER, 1, 2]]),
                &element(INTEGER, &[&[self.serial]]),
                &self.algorithms[0],
                &name(self.issuer),
                &element(SEQUENCE, &[&time, &time]),
                &name(self.subject),
                &key,
                &element(0xa3, &[&element(SEQUENCE, &[&extension])]),
            ],
        );
        let signature = element(BITS, &[&[0], &sign(self.signer, &self.algorithms[1], &tbs)]);
        element(SEQUENCE, &[&tbs, &self.algorithms[1], &signature])
    }
}
