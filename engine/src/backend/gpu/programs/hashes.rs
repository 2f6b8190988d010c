//! The programs of hash functions.

use std::sync::LazyLock;

use sha2::Digest as _;
use sigwarp_shaders::layout::{Digest32, Digest64, HashItem, Tagged};
use sigwarp_shaders::{Stage, hashes};

use super::super::hashing::{Digest, Hashing, pack, take};
use super::super::program::{Canary, Layout, Program};
use crate::hash::Hash;

pub(super) static PROGRAMS: [Program<Hashing>; 6] = [
    program::<Digest32>(&[hashes::SHA256.stage], &[Hash::Sha256], || {
        canaries(|message| sha2::Sha256::digest(message).to_vec())
    }),
    program::<Digest32>(&[hashes::SHA256D.stage], &[Hash::Sha256d], || {
        canaries(|message| sha2::Sha256::digest(sha2::Sha256::digest(message)).to_vec())
    }),
    program::<Digest64>(&[hashes::SHA512.stage], &[Hash::Sha512, Hash::Sha512Half], || {
        canaries(|message| sha2::Sha512::digest(message).to_vec())
    }),
    program::<Digest32>(&[hashes::KECCAK256.stage], &[Hash::Keccak256], || {
        canaries(|message| sha3::Keccak256::digest(message).to_vec())
    }),
    program::<Digest32>(&[hashes::SHA3_256.stage], &[Hash::Sha3_256], || {
        canaries(|message| sha3::Sha3_256::digest(message).to_vec())
    }),
    program::<Digest32>(&[hashes::SM3.stage], &[Hash::Sm3], || {
        canaries(|message| sm3::Sm3::digest(message).to_vec())
    }),
];

/// The program of one kernel, whose rows are `R` and whose digests begin with those of some functions.
const fn program<R: Tagged>(
    stages: &'static [Stage],
    serves: &'static [Hash],
    canaries: fn() -> Vec<Canary<Hashing>>,
) -> Program<Hashing> {
    Program {
        serves,
        stages,
        layout: Layout::of::<HashItem, R>(128, 1 << 17, 1 << 14),
        pack,
        take: take::<R>,
        canaries: LazyLock::new(canaries),
    }
}

/// Lengths around the ends of blocks of 64, 128 and 136 bytes.
const LENGTHS: [usize; 9] = [0, 3, 55, 56, 64, 111, 135, 136, 300];

/// Messages whose digests are known from a reference of the CPU.
fn canaries(reference: fn(&[u8]) -> Vec<u8>) -> Vec<Canary<Hashing>> {
    let canary = |length| {
        let message: Vec<u8> = (0..length).map(|i| (i * 37 + length) as u8).collect();
        let answer = Digest::new(&reference(&message));
        Canary { name: format!("{length} bytes"), asked: &*message.leak(), answer }
    };
    LENGTHS.map(canary).into()
}
