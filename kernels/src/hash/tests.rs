use super::*;
use crate::simd::portable::Portable;
use crate::simd::testing::{self, TokenTest};
use ::sha2::Digest;

fn reference(algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::Sha256 => ::sha2::Sha256::digest(message).to_vec(),
        Algorithm::Sha256d => ::sha2::Sha256::digest(::sha2::Sha256::digest(message)).to_vec(),
        Algorithm::Sha512 => ::sha2::Sha512::digest(message).to_vec(),
        Algorithm::Sha512Half => ::sha2::Sha512::digest(message)[..32].to_vec(),
        Algorithm::Sha3_256 => ::sha3::Sha3_256::digest(message).to_vec(),
        Algorithm::Keccak256 => ::sha3::Keccak256::digest(message).to_vec(),
        Algorithm::Sm3 => ::sm3::Sm3::digest(message).to_vec(),
    }
}

const ALL: [Algorithm; 7] = [
    Algorithm::Sha256,
    Algorithm::Sha256d,
    Algorithm::Sha512,
    Algorithm::Sha512Half,
    Algorithm::Sha3_256,
    Algorithm::Keccak256,
    Algorithm::Sm3,
];

/// Messages and what one algorithm makes of them.
struct Digests<'a> {
    algorithm: Algorithm,
    messages: &'a [&'a [u8]],
    expected: &'a [Vec<u8>],
}

impl TokenTest for Digests<'_> {
    fn run<T: Token>(&mut self) {
        let Some(token) = testing::detect::<T>() else { return };
        let Self { algorithm, messages, expected } = *self;
        // Lanes alone too, where the SHA extensions would win.
        for extension in [Extension::WhereFaster, Extension::Never] {
            let width = algorithm.digest_length();
            let mut digests = vec![0; width * messages.len()];
            digest_all(token, extension, algorithm, &Slices(messages), &mut digests, &mut Vec::new());
            for (index, (digest, expected)) in digests.chunks(width).zip(expected).enumerate() {
                let (name, count, length) = (T::NAME, messages.len(), messages[index].len());
                assert_eq!(
                    digest, expected,
                    "{name}, {extension:?}, {algorithm:?}: message {index} of {count}, {length} bytes"
                );
            }
        }
    }
}

fn on_every_instruction_set(algorithm: Algorithm, messages: &[&[u8]]) {
    let expected: Vec<Vec<u8>> = messages.iter().map(|message| reference(algorithm, message)).collect();
    testing::on_every_instruction_set(&mut Digests { algorithm, messages, expected: &expected });
}

fn text(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i % 251) as u8).collect()
}

#[test]
fn mixed_lengths_with_the_extensions_and_without() {
    // No backend is named for them, so they cannot be required.
    #[cfg(target_arch = "x86_64")]
    {
        let extensions = crate::simd::sha_ni::ShaNi::detect().is_some();
        println!("{} SHA extensions", if extensions { "with" } else { "SKIPPED the" });
    }
    let text = text(3000);
    for algorithm in ALL {
        for count in (0..20).chain([31, 33, 70]) {
            let rows: Vec<&[u8]> = (0..count).map(|row| &text[row..row + row * 377 % 1111]).collect();
            on_every_instruction_set(algorithm, &rows);
        }
    }
}

/// Whole groups of lanes and what is left over, at every place of the end in a block.
#[test]
fn messages_of_one_length() {
    let text = text(700);
    for algorithm in ALL {
        for length in 0..=280 {
            let rows: Vec<&[u8]> = (0..69).map(|row| &text[5 * row..][..length]).collect();
            on_every_instruction_set(algorithm, &rows);
        }
    }
}

/// One to sixteen messages outlast the others, at every state of their padding.
#[test]
fn stragglers_are_finished_wherever_they_are() {
    let text = text(3000);
    for extra in [0, 1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 128, 700] {
        for long in [1, 2, 3, 5, 6, 7, 16] {
            let rows: Vec<&[u8]> = (0..40)
                .map(|row| if row % 40 < long { &text[row..row + 640 + extra + row] } else { &text[..row] })
                .collect();
            on_every_instruction_set(Algorithm::Sha256, &rows);
        }
    }
}

#[test]
#[should_panic(expected = "assertion failed")]
fn a_column_of_another_size_is_refused() {
    let messages: [&[u8]; 1] = [b""];
    let token = Portable::detect().expect("on every machine");
    digest_all(token, Extension::Never, Algorithm::Sm3, &Slices(&messages), &mut [0; 31], &mut Vec::new());
}
