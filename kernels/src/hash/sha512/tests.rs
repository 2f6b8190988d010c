use super::*;
use crate::simd::testing::{self, TokenTest};
use ::sha2::{Digest, Sha512};

fn expected(parts: &Parts<'_>) -> [u64; 8] {
    let mut hash = Sha512::new();
    for part in parts {
        hash.update(part);
    }
    let digest = hash.finalize();
    let mut words = [0; 8];
    for (word, bytes) in words.iter_mut().zip(digest.chunks_exact(8)) {
        *word = u64::from_be_bytes(bytes.try_into().unwrap());
    }
    words
}

/// Inputs and their digests.
struct Digests<'a>(&'a [Parts<'a>], &'a [[u64; 8]]);

impl TokenTest for Digests<'_> {
    fn run<T: Token>(&mut self) {
        let Some(token) = testing::detect::<T>() else { return };
        let Self(inputs, expected) = *self;
        let mut digests = vec![[0; 8]; inputs.len()];
        digest_all(token, inputs, &mut digests, &mut Vec::new());
        for i in 0..inputs.len() {
            let lengths = inputs[i].map(<[u8]>::len);
            assert_eq!(digests[i], expected[i], "{}, input {i}, parts {lengths:?}", T::NAME);
        }
    }
}

fn on_every_backend(inputs: &[Parts<'_>]) {
    let expected: Vec<_> = inputs.iter().map(expected).collect();
    testing::on_every_instruction_set(&mut Digests(inputs, &expected));
}

/// Bytes of period 251, which no lane, block or word size divides: swapped lanes show.
fn text(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i % 251) as u8).collect()
}

#[test]
fn every_length_in_every_lane() {
    let text = text(300);
    // A new start for each of eight lists puts every length in every lane.
    for shift in 0..8 {
        let inputs: Vec<Parts<'_>> = (shift..=300).map(|n| [&text[..n], &[][..], &[][..]]).collect();
        on_every_backend(&inputs);
    }
}

#[test]
fn parts_are_hashed_as_one() {
    let text = text(1500);
    let mut inputs: Vec<Parts<'_>> = Vec::new();
    for n in 0..200 {
        inputs.push([&text[..32], &text[32..64], &text[64..64 + n]]);
        inputs.push([&text[..n], &text[n..3 * n], &text[3 * n..7 * n]]);
        inputs.push([&text[..n], &[], &text[n..256]]);
    }
    on_every_backend(&inputs);
}

#[test]
fn few_inputs_of_unlike_lengths() {
    let text = text(5000);
    for n in 1..=17 {
        let inputs: Vec<Parts<'_>> =
            (0..n).map(|i| [&text[..32], &text[..32], &text[..(i * 1777) % 4999]]).collect();
        on_every_backend(&inputs);
    }
}
