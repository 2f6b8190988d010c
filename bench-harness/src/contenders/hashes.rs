//! Hash functions.

use serde::{Deserialize, Serialize};

use super::{Answers, Keys, Peer, Prepare, built};
use crate::workload::{Item, Kind, Lengths, Spec, Workload};

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
    /// Keccak-256, with the padding from before the standard.
    Keccak256,
    /// SHA3-256.
    Sha3_256,
    /// SM3.
    Sm3,
    /// BLAKE3 with 32 bytes of output.
    Blake3,
}

impl Algorithm {
    /// Every hash function.
    pub const ALL: [Self; 6] =
        [Self::Sha256, Self::Sha512, Self::Keccak256, Self::Sha3_256, Self::Sm3, Self::Blake3];

    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sha512 => "SHA-512",
            Self::Keccak256 => "Keccak-256",
            Self::Sha3_256 => "SHA3-256",
            Self::Sm3 => "SM3",
            Self::Blake3 => "BLAKE3",
        }
    }

    /// The first eight bytes of the digest of "abc" (FIPS 180-4 and 202 examples, GB/T 32905 A.1, the Keccak team's
    /// and the BLAKE3 team's test vectors), read as the harness reads every digest.
    const fn abc(self) -> u64 {
        let first = match self {
            Self::Sha256 => 0xba78_16bf_8f01_cfea,
            Self::Sha512 => 0xddaf_35a1_9361_7aba,
            Self::Keccak256 => 0x4e03_657a_ea45_a94f,
            Self::Sha3_256 => 0x3a98_5da7_4fe2_25b2,
            Self::Sm3 => 0x66c7_f0f4_62ee_edd9,
            Self::Blake3 => 0x6437_b3ac_3846_5133,
        };
        u64::swap_bytes(first)
    }
}

const fn peer(id: &'static str, package: &'static str, hash: Algorithm, prepare: Option<Prepare>) -> Peer {
    Peer {
        id,
        package,
        feature: package,
        kind: Kind::Messages,
        keys: Keys::None,
        answers: Answers::Digests,
        max_threads: 1,
        hash: Some(hash),
        prepare,
    }
}

/// See the module.
pub(super) const PEERS: &[Peer] = &[
    peer(
        "sha2/SHA-256",
        "sha2",
        Algorithm::Sha256,
        built!("sha2", |w, _| Ok(each(w, |m| first8(&<sha2::Sha256 as sha2::Digest>::digest(m))))),
    ),
    peer(
        "sha2/SHA-512",
        "sha2",
        Algorithm::Sha512,
        built!("sha2", |w, _| Ok(each(w, |m| first8(&<sha2::Sha512 as sha2::Digest>::digest(m))))),
    ),
    peer("sha2-asm/SHA-256", "sha2-asm", Algorithm::Sha256, built!("sha2-asm", sha2_asm_crate::sha256)),
    peer("sha2-asm/SHA-512", "sha2-asm", Algorithm::Sha512, built!("sha2-asm", sha2_asm_crate::sha512)),
    peer(
        "sha3/Keccak-256",
        "sha3",
        Algorithm::Keccak256,
        built!("sha3", |w, _| Ok(each(w, |m| first8(&<sha3::Keccak256 as sha3::Digest>::digest(m))))),
    ),
    peer(
        "sha3/SHA3-256",
        "sha3",
        Algorithm::Sha3_256,
        built!("sha3", |w, _| Ok(each(w, |m| first8(&<sha3::Sha3_256 as sha3::Digest>::digest(m))))),
    ),
    peer(
        "sm3/SM3",
        "sm3",
        Algorithm::Sm3,
        built!("sm3", |w, _| Ok(each(w, |m| first8(&<sm3::Sm3 as sm3::Digest>::digest(m))))),
    ),
    peer("blake3/hash", "blake3", Algorithm::Blake3, built!("blake3", blake3_crate::hash)),
];

/// The checksum of a chunk: the first eight bytes of each digest, little-endian, added up. It keeps the compiler
/// from dropping the work, and two contenders of a row must agree on it.
#[allow(dead_code, reason = "unused in a build without peers")]
fn each<'w>(workload: &'w Workload, first_bytes: impl Fn(&[u8]) -> u64 + 'w) -> crate::measure::Run<'w> {
    Box::new(move |chunk| {
        let mut sum = 0u64;
        for Item { message, .. } in workload.chunk(chunk) {
            sum = sum.wrapping_add(first_bytes(message));
        }
        sum
    })
}

pub(super) fn first8(digest: &[u8]) -> u64 {
    u64::from_le_bytes(digest[..8].try_into().expect("digests have 32 bytes or more"))
}

#[cfg(feature = "blake3")]
mod blake3_crate {
    use super::{each, first8};
    use crate::measure::Run;
    use crate::workload::Workload;

    pub(super) fn hash(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        Ok(each(w, |message| first8(blake3::hash(message).as_bytes())))
    }
}

/// The crate offers compression functions alone: the padding (FIPS 180-4, section 5.1) is done here.
#[cfg(feature = "sha2-asm")]
mod sha2_asm_crate {
    use super::each;
    use crate::measure::Run;
    use crate::workload::Workload;

    pub(super) fn sha256(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        Ok(each(w, |message| {
            let mut state = [
                0x6a09_e667,
                0xbb67_ae85,
                0x3c6e_f372,
                0xa54f_f53a,
                0x510e_527f,
                0x9b05_688c,
                0x1f83_d9ab,
                0x5be0_cd19,
            ];
            let (whole, rest) = message.as_chunks::<64>();
            sha2_asm::compress256(&mut state, whole);
            let mut tail = [[0; 64]; 2];
            let blocks = pad(tail.as_flattened_mut(), rest, message.len(), 64);
            sha2_asm::compress256(&mut state, &tail[..blocks]);
            (u64::from(state[0]) << 32 | u64::from(state[1])).swap_bytes()
        }))
    }

    pub(super) fn sha512(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        Ok(each(w, |message| {
            let mut state = [
                0x6a09_e667_f3bc_c908,
                0xbb67_ae85_84ca_a73b,
                0x3c6e_f372_fe94_f82b,
                0xa54f_f53a_5f1d_36f1,
                0x510e_527f_ade6_82d1,
                0x9b05_688c_2b3e_6c1f,
                0x1f83_d9ab_fb41_bd6b,
                0x5be0_cd19_137e_2179,
            ];
            let (whole, rest) = message.as_chunks::<128>();
            sha2_asm::compress512(&mut state, whole);
            let mut tail = [[0; 128]; 2];
            let blocks = pad(tail.as_flattened_mut(), rest, message.len(), 128);
            sha2_asm::compress512(&mut state, &tail[..blocks]);
            state[0].swap_bytes()
        }))
    }

    /// Writes the last one or two blocks into `tail` (zeroed) and returns how many they are.
    fn pad(tail: &mut [u8], rest: &[u8], length: usize, block: usize) -> usize {
        tail[..rest.len()].copy_from_slice(rest);
        tail[rest.len()] = 0x80;
        // The bit length fills an eighth of a block; its upper half is zero for any message in memory.
        let blocks = if rest.len() < block - block / 8 { 1 } else { 2 };
        let end = blocks * block;
        tail[end - 8..end].copy_from_slice(&(length as u64 * 8).to_be_bytes());
        blocks
    }
}

/// A hash function gives the digest of "abc", and changes with its input, before it is measured.
pub(super) fn check(peer: &Peer, prepare: Prepare) -> Result<(), String> {
    let Some(algorithm) = peer.hash else { return Ok(()) };
    let mut workload = Workload::new(Spec::new(Kind::Messages, 1, 2).message(Lengths::Fixed(3)));
    workload.items[0].message = b"abc".to_vec();
    workload.items[1].message = b"abd".to_vec();
    let mut run = prepare(&workload, 1)?;
    let (abc, abd) = (run(0), run(1));
    if abc != algorithm.abc() || abd == abc {
        return Err(format!("{} does not compute {}; it is not measured", peer.id, algorithm.name()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_of_one_function_agree_on_every_length() {
        for algorithm in Algorithm::ALL {
            let built = PEERS.iter().filter(|peer| peer.hash == Some(algorithm) && peer.is_built());
            let peers: Vec<_> = built.collect();
            for length in (0..300).step_by(7).chain([55, 56, 63, 64, 111, 112, 119, 120, 127, 128]) {
                let workload = Workload::new(Spec::new(Kind::Messages, 3, 3).message(Lengths::Fixed(length)));
                let mut sums = peers.iter().map(|peer| peer.prepare(&workload, 1).unwrap()(0));
                let first = sums.next();
                assert!(sums.all(|sum| Some(sum) == first), "{} of {length} bytes", algorithm.name());
            }
        }
    }
}
