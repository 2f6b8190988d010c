//! Digests of every backend against the reference crates and the published vectors.

use crate::common;

use common::{engines, portable, property_config, vector_file};
use proptest::prelude::*;
use sha2::Digest;
use sigwarp::{BackendKind, Column, Digests, Engine, Hash, Messages};

/// The digest by another crate.
fn reference(hash: Hash, message: &[u8]) -> Vec<u8> {
    match hash {
        Hash::Sha256 => sha2::Sha256::digest(message).to_vec(),
        Hash::Sha256d => sha2::Sha256::digest(sha2::Sha256::digest(message)).to_vec(),
        Hash::Sha512 => sha2::Sha512::digest(message).to_vec(),
        Hash::Sha512Half => sha2::Sha512::digest(message)[..32].to_vec(),
        Hash::Sha3_256 => sha3::Sha3_256::digest(message).to_vec(),
        Hash::Keccak256 => sha3::Keccak256::digest(message).to_vec(),
        Hash::Sm3 => sm3::Sm3::digest(message).to_vec(),
        Hash::Blake3 => blake3::hash(message).as_bytes().to_vec(),
        hash => panic!("no reference for {hash}"),
    }
}

/// Bytes with a period of 251, so that lanes or blocks in the wrong place show.
fn text(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i % 251) as u8 ^ (i / 251) as u8).collect()
}

fn check(kind: BackendKind, engine: &Engine, hash: Hash, messages: &[&[u8]], expected: &[Vec<u8>]) {
    let digests = engine.hash(hash, messages).expect("digests");
    assert_eq!((digests.len(), digests.hash()), (messages.len(), hash));
    for (index, (digest, expected)) in digests.iter().zip(expected).enumerate() {
        let length = messages[index].len();
        assert_eq!(digest, expected, "{kind} {hash}: message {index} of {}, {length} bytes", messages.len());
    }
}

const LONGEST: usize = 1100;

#[test]
fn every_length_in_every_lane() {
    let text = text(LONGEST + 17);
    for hash in Hash::ALL {
        let expected: Vec<Vec<u8>> = (0..=LONGEST).map(|length| reference(hash, &text[..length])).collect();
        for (kind, engine) in engines() {
            let lanes = match kind {
                BackendKind::Portable => 1,
                BackendKind::Avx2 => 8,
                // Two vectors side by side.
                _ if hash == Hash::Sm3 => 32,
                _ => 16,
            };
            // The longest messages come first, so that `shift` more of them move all others on by as many lanes.
            for shift in 0..lanes {
                let lengths = std::iter::repeat_n(LONGEST, shift).chain(0..=LONGEST);
                let (messages, expected): (Vec<&[u8]>, Vec<Vec<u8>>) =
                    lengths.map(|length| (&text[..length], expected[length].clone())).unzip();
                check(*kind, engine, hash, &messages, &expected);
            }
        }
    }
}

#[test]
fn messages_of_one_length_in_every_number() {
    let text = text(500);
    for hash in Hash::ALL {
        for length in [0, 1, 32, 55, 56, 63, 64, 65, 80, 111, 112, 127, 128, 135, 136, 137, 256, 272, 384] {
            let rows: Vec<&[u8]> = (0..67).map(|row| &text[row..row + length]).collect();
            let expected: Vec<Vec<u8>> = rows.iter().map(|row| reference(hash, row)).collect();
            for (kind, engine) in engines() {
                for count in (0..20).chain([31, 32, 33, 47, 48, 49, 63, 64, 65, 67]) {
                    check(*kind, engine, hash, &rows[..count], &expected[..count]);
                }
            }
        }
    }
}

#[test]
fn thirty_one_inputs_of_unlike_lengths() {
    let text = text(20_000);
    for hash in Hash::ALL {
        for salt in 0..40 {
            let length = |row: usize| match (row * 7 + salt) % 5 {
                0 => (row * 601 + salt * 37) % 19_000,
                1 => row % 3,
                _ => (row * 97 + salt * 11) % 700,
            };
            let rows: Vec<&[u8]> = (0..31).map(|row| &text[row..row + length(row)]).collect();
            let expected: Vec<Vec<u8>> = rows.iter().map(|row| reference(hash, row)).collect();
            for (kind, engine) in engines() {
                check(*kind, engine, hash, &rows, &expected);
            }
        }
    }
}

#[test]
fn one_long_message_beside_short_ones() {
    let text = text(1 << 18);
    for hash in Hash::ALL {
        for place in [0, 1, 15, 30] {
            let rows: Vec<&[u8]> =
                (0..31).map(|row| if row == place { &text[..] } else { &text[row..=row] }).collect();
            let expected: Vec<Vec<u8>> = rows.iter().map(|row| reference(hash, row)).collect();
            for (kind, engine) in engines() {
                check(*kind, engine, hash, &rows, &expected);
            }
        }
    }
}

proptest! {
    #![proptest_config(property_config(100))]

    #[test]
    fn mixed_lengths_give_the_digests_of_the_crates(
        lengths in proptest::collection::vec(prop_oneof![0usize..200, 0usize..3000], 0..90),
        start in 0usize..1000,
        hash in 0..Hash::ALL.len(),
    ) {
        let (text, hash) = (text(4000), Hash::ALL[hash]);
        let rows: Vec<&[u8]> = lengths.iter().map(|length| &text[start..start + length]).collect();
        let expected: Vec<Vec<u8>> = rows.iter().map(|row| reference(hash, row)).collect();
        for (kind, engine) in engines() {
            check(*kind, engine, hash, &rows, &expected);
        }
    }
}

#[test]
fn every_layout_and_any_number_of_threads_give_the_same() {
    let text = text(60_000);
    let spans: Vec<(usize, usize)> = (0..3000).map(|row| ((row * 4099) % 59_000, row % 601)).collect();
    let rows: Vec<&[u8]> = spans.iter().map(|&(offset, length)| &text[offset..offset + length]).collect();
    let pushed: Messages = rows.iter().copied().collect();
    for hash in [Hash::Sha256, Hash::Sha256d, Hash::Sha512, Hash::Keccak256, Hash::Blake3] {
        let expected: Vec<u8> = rows.iter().flat_map(|row| reference(hash, row)).collect();
        for threads in [1, 2, 3, 8] {
            let engine = portable(threads);
            assert_eq!(engine.hash(hash, &rows[..]).unwrap().as_bytes(), expected);
        }
        for (_, engine) in engines() {
            assert_eq!(engine.hash(hash, &pushed).unwrap().as_bytes(), expected);
            let arena = Column::spans(&text, &spans).unwrap();
            assert_eq!(engine.hash(hash, arena).unwrap().into_bytes(), expected);
            let fixed = Column::fixed(&text, 80).unwrap();
            let expected: Vec<u8> = text.chunks(80).flat_map(|row| reference(hash, row)).collect();
            assert_eq!(engine.hash(hash, fixed).unwrap().into_bytes(), expected);
        }
    }
}

#[test]
fn a_buffer_of_the_wrong_length_is_refused() {
    let messages: [&[u8]; 2] = [b"a", b"b"];
    for (_, engine) in engines() {
        assert!(engine.hash_into(Hash::Sha512, &messages[..], &mut [0; 128]).is_ok());
        for length in [0, 64, 127, 129] {
            let error = engine.hash_into(Hash::Sha512, &messages[..], &mut vec![0; length]).unwrap_err();
            let expected = format!("2 digests of sha512 take 128 bytes, the buffer has {length}");
            assert_eq!(error.to_string(), expected);
        }
        assert!(engine.hash(Hash::Sm3, &Messages::new()).unwrap().is_empty());
    }
}

/// The fields of a .rsp file, in order.
fn fields(name: &str) -> Option<Vec<(String, String)>> {
    let text = std::fs::read_to_string(vector_file(&format!("chains/nist-cavp/{name}"))?).unwrap();
    let lines = text.lines().filter_map(|line| line.split_once(" = "));
    Some(lines.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect())
}

/// Byte strings.
type Strings = Vec<Vec<u8>>;

fn messages_of(name: &str) -> Option<(Strings, Strings)> {
    let (mut messages, mut digests) = (Vec::new(), Vec::new());
    let mut bits = 0;
    for (field, value) in fields(name)? {
        match field.as_str() {
            "Len" => bits = value.parse::<usize>().unwrap(),
            "Msg" => messages.push(hex::decode(value).unwrap()[..bits / 8].to_vec()),
            "MD" => digests.push(hex::decode(value).unwrap()),
            _ => {}
        }
    }
    assert_eq!(messages.len(), digests.len());
    Some((messages, digests))
}

#[test]
fn nist_short_and_long_messages() {
    let mut checked = 0;
    for (hash, file) in [(Hash::Sha256, "SHA256"), (Hash::Sha512, "SHA512"), (Hash::Sha3_256, "SHA3_256")] {
        for length in ["Short", "Long"] {
            let Some((messages, digests)) = messages_of(&format!("{file}{length}Msg.rsp")) else { return };
            let rows: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
            for (kind, engine) in engines() {
                check(*kind, engine, hash, &rows, &digests);
                // All at once take lanes; one by one may take other ways.
                for (row, digest) in rows.iter().zip(&digests) {
                    check(*kind, engine, hash, &[*row], std::slice::from_ref(digest));
                }
            }
            checked += rows.len();
        }
    }
    println!("{checked} messages");
    assert!(checked > 500);
}

/// The Monte Carlo test of SHA-2 (SHAVS, section 6.4), many chains at once: `seeds` give the first checkpoints.
fn monte_carlo(engine: &Engine, hash: Hash, seeds: &[Vec<u8>], checkpoints: usize) -> Vec<Vec<Vec<u8>>> {
    let width = hash.digest_length();
    let mut seeds = seeds.to_vec();
    let mut found = Vec::new();
    for _ in 0..checkpoints {
        let mut chains: Vec<[Vec<u8>; 3]> =
            seeds.iter().map(|seed| [seed.clone(), seed.clone(), seed.clone()]).collect();
        for _ in 0..1000 {
            let messages: Vec<Vec<u8>> = chains.iter().map(|last| last.concat()).collect();
            let digests = engine.hash(hash, &messages.iter().collect::<Messages>()).unwrap();
            for (chain, digest) in chains.iter_mut().zip(digests.iter()) {
                chain.rotate_left(1);
                chain[2] = digest.to_vec();
            }
        }
        seeds = chains.into_iter().map(|[_, _, last]| last).collect();
        assert!(seeds.iter().all(|seed| seed.len() == width));
        found.push(seeds.clone());
    }
    found
}

#[test]
fn nist_monte_carlo() {
    for (hash, file) in [(Hash::Sha256, "SHA256Monte.rsp"), (Hash::Sha512, "SHA512Monte.rsp")] {
        let Some(fields) = fields(file) else { return };
        let seed = fields.iter().find(|(name, _)| name == "Seed").map(|(_, seed)| hex::decode(seed).unwrap());
        let expected = fields.iter().filter(|(name, _)| name == "MD");
        let expected: Vec<Vec<u8>> = expected.map(|(_, digest)| hex::decode(digest).unwrap()).collect();
        let seed = seed.expect("a seed");
        let other = reference(hash, b"another chain");
        for (kind, engine) in engines() {
            // The chain of NIST fills every lane but one, where another one runs. Emulated lanes are slow.
            let rounds = if *kind == BackendKind::Emulated { 3 } else { expected.len() };
            let mut seeds = vec![seed.clone(); 17];
            seeds[5].clone_from(&other);
            for (round, found) in monte_carlo(engine, hash, &seeds, rounds).into_iter().enumerate() {
                for (chain, digest) in found.iter().enumerate() {
                    assert_eq!(
                        *digest == expected[round],
                        chain != 5,
                        "{kind} {hash}, round {round}, chain {chain}"
                    );
                }
            }
        }
    }
}

/// The vectors hold no Monte Carlo file of these: each step is compared with the reference crate instead.
#[test]
fn chains_of_the_other_functions() {
    for hash in [Hash::Sha3_256, Hash::Keccak256, Hash::Sm3, Hash::Sha256d, Hash::Sha512Half] {
        let mut expected: Vec<Vec<u8>> = (0..19).map(|chain| reference(hash, &[chain])).collect();
        let start = expected.clone();
        const STEPS: usize = 300;
        for digest in expected.iter_mut() {
            for _ in 0..STEPS {
                *digest = reference(hash, digest);
            }
        }
        for (kind, engine) in engines() {
            let mut digests = Digests::from_bytes(hash, start.concat()).unwrap();
            for _ in 0..STEPS {
                digests = engine.hash(hash, digests.column()).unwrap();
            }
            assert_eq!(digests.into_bytes(), expected.concat(), "{kind} {hash}");
        }
    }
}

#[test]
fn sm3_examples_of_the_standard() {
    // GB/T 32905, annex A.
    let long = b"abcd".repeat(16);
    let messages: [&[u8]; 2] = [b"abc", &long];
    let digests = [
        "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
        "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732",
    ]
    .map(|digest| hex::decode(digest).unwrap());
    for (kind, engine) in engines() {
        check(*kind, engine, Hash::Sm3, &messages, &digests);
        let (rows, digests): (Vec<&[u8]>, Vec<Vec<u8>>) =
            (0..40).map(|row| (messages[row % 2], digests[row % 2].clone())).unzip();
        check(*kind, engine, Hash::Sm3, &rows, &digests);
    }
}

/// A gibibyte beside single bytes: `cargo test --release -p sigwarp --test hashing -- --ignored`, in scripts/prove
/// hashing. Not an ordinary test, since it takes a gibibyte of memory and many seconds.
#[test]
#[ignore = "takes a gibibyte of memory; scripts/prove hashing runs it"]
fn a_gibibyte_beside_single_bytes() {
    let long: Vec<u8> = text(251 * 256).into_iter().cycle().take(1 << 30).collect();
    for hash in Hash::ALL {
        let rows: Vec<&[u8]> =
            (0..100).map(|row| if row == 41 { &long[..] } else { &long[row..=row] }).collect();
        let expected: Vec<Vec<u8>> = rows.iter().map(|row| reference(hash, row)).collect();
        for (kind, engine) in engines().iter().filter(|(kind, _)| *kind != BackendKind::Emulated) {
            check(*kind, engine, hash, &rows, &expected);
        }
    }
}
