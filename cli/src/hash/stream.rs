//! Hash functions over a stream, for files that are larger than what is hashed in memory.
//!
//! A file of any length takes the memory of one buffer, and one that claims a length is not believed. One stream has no
//! lanes to fill, so these are the functions of the crates that the engine itself is tested against.

use sha2::{Digest as _, Sha256, Sha512};
use sha3::{Keccak256, Sha3_256};
use sigwarp::Hash;
use sm3::Sm3;

/// A hash function and what it has taken in so far.
pub(super) enum Stream {
    Sha256(Sha256),
    Sha256d(Sha256),
    Sha512(Sha512),
    Sha512Half(Sha512),
    Sha3(Sha3_256),
    Keccak256(Keccak256),
    Sm3(Sm3),
    Blake3(Box<blake3::Hasher>),
}

impl Stream {
    /// A stream of the function, or `None` for one that the engine knows and this does not.
    pub(super) fn new(hash: Hash) -> Option<Self> {
        Some(match hash {
            Hash::Sha256 => Self::Sha256(Sha256::new()),
            Hash::Sha256d => Self::Sha256d(Sha256::new()),
            Hash::Sha512 => Self::Sha512(Sha512::new()),
            Hash::Sha512Half => Self::Sha512Half(Sha512::new()),
            Hash::Sha3_256 => Self::Sha3(Sha3_256::new()),
            Hash::Keccak256 => Self::Keccak256(Keccak256::new()),
            Hash::Sm3 => Self::Sm3(Sm3::new()),
            Hash::Blake3 => Self::Blake3(Box::default()),
            _ => return None,
        })
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(state) | Self::Sha256d(state) => state.update(bytes),
            Self::Sha512(state) | Self::Sha512Half(state) => state.update(bytes),
            Self::Sha3(state) => state.update(bytes),
            Self::Keccak256(state) => state.update(bytes),
            Self::Sm3(state) => state.update(bytes),
            Self::Blake3(state) => drop(state.update(bytes)),
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha256(state) => state.finalize().to_vec(),
            Self::Sha256d(state) => Sha256::digest(state.finalize()).to_vec(),
            Self::Sha512(state) => state.finalize().to_vec(),
            Self::Sha512Half(state) => state.finalize()[..32].to_vec(),
            Self::Sha3(state) => state.finalize().to_vec(),
            Self::Keccak256(state) => state.finalize().to_vec(),
            Self::Sm3(state) => state.finalize().to_vec(),
            Self::Blake3(state) => state.finalize().as_bytes().to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sigwarp::Engine;

    #[test]
    fn a_stream_gives_the_digest_of_the_engine() {
        let engine = Engine::builder().build().expect("an engine");
        let message: Vec<u8> = (0..70_000u32).map(|byte| (byte * 7) as u8).collect();
        for hash in Hash::ALL {
            for length in [0, 1, 63, 64, 135, 136, 137, 1024, 70_000] {
                let message = &message[..length];
                let whole = engine.hash(hash, &[message][..]).expect("a digest");
                for part in [1 << 20, 1000] {
                    let mut stream = Stream::new(hash).expect("every function of the engine has a stream");
                    message.chunks(part).for_each(|part| stream.update(part));
                    assert_eq!(Some(&stream.finish()[..]), whole.get(0), "{hash} of {length} bytes");
                }
            }
        }
    }
}
