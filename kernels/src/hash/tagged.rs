//! The tagged SHA-256 of BIP 340's challenges, SHA-256(t ‖ t ‖ m) with t = SHA-256("BIP0340/challenge"), of many
//! independent messages. t ‖ t is a block, so that the state after it stands for it.

use core::convert::Infallible;

use super::drive::{Messages, drive, queue};
use super::merkle_damgard::{Compression, MerkleDamgard};
use super::sha2;
use super::sha256::{Sha256Sigma, expand};
use crate::simd::Token;

#[derive(Clone, Copy)]
struct Challenge;

impl<T: Token> Compression<T> for Challenge {
    type Vector = T::Words32;
    type Word = u32;
    type Schedule = [u32; 64];
    type Short = Infallible;
    type Finisher = Infallible;
    const INITIAL: [u32; 8] =
        [0x9cecba11, 0x23925381, 0x11679112, 0xd1627e0f, 0x97c87550, 0x003cc765, 0x90f61164, 0x33e9b66a];
    const PREFIX: u64 = 64;

    #[inline(always)]
    fn compress(token: T, state: [T::Words32; 8], block: [T::Words32; 16]) -> [T::Words32; 8] {
        sha2::compress::<_, Sha256Sigma>(token, state, block)
    }
    #[inline(always)]
    fn expand(block: [u32; 16]) -> [u32; 64] {
        expand(block)
    }
    #[inline(always)]
    fn compress_expanded(token: T, state: [T::Words32; 8], schedule: &[u32; 64]) -> [T::Words32; 8] {
        sha2::compress_expanded::<_, Sha256Sigma>(token, state, schedule)
    }
    fn short(_: &[u32; 16]) -> Option<Infallible> {
        None
    }
    #[inline(always)]
    fn compress_short(_: T, _: [T::Words32; 8], _: [T::Words32; 8], short: &Infallible) -> [T::Words32; 8] {
        match *short {}
    }
    #[inline(always)]
    fn finisher(self) -> Option<Infallible> {
        None
    }
}

/// The tagged digest of each message: row i of `digests`, 32 bytes each. `order` is scratch.
pub fn challenges<T: Token>(token: T, messages: &dyn Messages, digests: &mut [u8], order: &mut Vec<u32>) {
    let queue = queue::<T, MerkleDamgard<T, Challenge>>(messages, order);
    drive(token, MerkleDamgard::<T, _>::new(Challenge), messages, queue, digests, 32);
}

#[cfg(test)]
mod tests {
    use super::super::Slices;
    use super::*;
    use crate::simd::testing::{self, TokenTest};
    use ::sha2::{Digest, Sha256};

    fn check<T: Token>(lengths: &[usize]) {
        let Some(token) = testing::detect::<T>() else { return };
        let bytes: Vec<u8> = (0..1000).map(|i| (i % 251) as u8).collect();
        let messages: Vec<&[u8]> =
            lengths.iter().enumerate().map(|(i, &length)| &bytes[i..][..length]).collect();
        let mut digests = vec![0; 32 * messages.len()];
        challenges(token, &Slices(&messages), &mut digests, &mut Vec::new());
        let tag = Sha256::digest(b"BIP0340/challenge");
        for (digest, message) in digests.chunks(32).zip(messages) {
            let expected = Sha256::new().chain_update(tag).chain_update(tag).chain_update(message).finalize();
            assert_eq!(digest, &expected[..], "{} bytes of {lengths:?}", message.len());
        }
    }

    struct Challenges;

    impl TokenTest for Challenges {
        fn run<T: Token>(&mut self) {
            for count in [0, 1, 2, 7, 16, 17, 33] {
                for length in [0, 55, 56, 63, 64, 65, 96, 119, 120, 128, 300] {
                    check::<T>(&vec![length; count]);
                }
            }
            check::<T>(&(0..200).map(|i| i * 37 % 301).collect::<Vec<_>>());
        }
    }

    #[test]
    fn digests_are_those_of_the_crate() {
        testing::on_every_instruction_set(&mut Challenges);
    }
}
