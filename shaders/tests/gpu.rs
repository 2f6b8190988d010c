//! Every stage on the first Vulkan adapter, word by word against its twin, and the whole pipelines against independent
//! crates. Without an adapter the tests say `SKIPPED gpu: no adapter`, or fail where `SIGWARP_REQUIRE_BACKENDS` names `gpu`.

mod device;
mod rows;

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use device::Device;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rows::{Signed, items, signed};
use sha2::Digest;
use sigwarp_shaders::ed25519::{self, STAGES};
use sigwarp_shaders::layout::{code, flags, item, outcome};
use sigwarp_shaders::primitives::{ITEMS, OUTPUT, PRIMITIVES};
use sigwarp_shaders::twin::Memory;
use sigwarp_shaders::{Access, Buffer, Hash, Role, hashes};

const POISON: u32 = 0xdead_beef;

fn device() -> Option<Device> {
    let device = Device::first();
    if device.is_none() {
        let required = std::env::var("SIGWARP_REQUIRE_BACKENDS").unwrap_or_default();
        assert!(!required.split(',').any(|name| name == "gpu"), "gpu is required, and there is no adapter");
        println!("SKIPPED gpu: no adapter");
    }
    device
}

#[test]
fn primitives_answer_as_known() {
    let Some(device) = device() else { return };
    for primitive in PRIMITIVES {
        let count = ITEMS as usize;
        let input = primitive.input().concat();
        let mut memory = Memory::new(&[primitive.stage], (count, count), input, Vec::new(), POISON);
        device.run(&[primitive.stage], &mut memory);
        assert_eq!(memory.words(OUTPUT), primitive.expected().as_flattened(), "{}", primitive.stage.name);
    }
}

fn independent(hash: Hash, message: &[u8]) -> Vec<u8> {
    match hash.stage.name {
        "sha256" => sha2::Sha256::digest(message).to_vec(),
        "sha256d" => sha2::Sha256::digest(sha2::Sha256::digest(message)).to_vec(),
        "sha512" => sha2::Sha512::digest(message).to_vec(),
        "keccak256" => sha3::Keccak256::digest(message).to_vec(),
        "sha3-256" => sha3::Sha3_256::digest(message).to_vec(),
        "sm3" => sm3::Sm3::digest(message).to_vec(),
        name => panic!("no independent crate for {name}"),
    }
}

/// Messages of every length from 0 to 300, then of longer ones, with rubbish after each end.
fn messages() -> Vec<Vec<u8>> {
    let mut rng = ChaCha12Rng::seed_from_u64(1);
    let lengths = (0..=300).chain([511, 512, 513, 1000, 4096, 5003]);
    lengths
        .map(|len| {
            let mut message = vec![0; len];
            rng.fill_bytes(&mut message);
            message
        })
        .collect()
}

fn hash_memory(hash: Hash, messages: &[Vec<u8>]) -> Memory {
    let (mut rows, mut arena) = (Vec::new(), Vec::new());
    for (i, message) in messages.iter().enumerate() {
        rows.extend([arena.len() as u32, message.len() as u32, 0x1000 + i as u32, 0]);
        rows::append(&mut arena, message);
    }
    arena.push(POISON);
    Memory::new(&[hash.stage], (messages.len(), messages.len()), rows, arena, POISON)
}

#[test]
fn twins_hash_as_other_crates_do() {
    for hash in hashes::ALL {
        for message in messages() {
            assert_eq!((hash.digest)(&message), independent(hash, &message), "{}", hash.stage.name);
        }
    }
}

#[test]
fn hashes_agree_with_other_crates() {
    let Some(device) = device() else { return };
    let messages = messages();
    for hash in hashes::ALL {
        for count in [1, 63, 64, 65, messages.len()] {
            let mut memory = hash_memory(hash, &messages[messages.len() - count..]);
            device.run(&[hash.stage], &mut memory);
            let row = hash.row_words() as usize;
            for (i, message) in messages[messages.len() - count..].iter().enumerate() {
                let got = &memory.words(memory.buffer(Role::Results))[i * row..][..row];
                let mut expected = Vec::new();
                rows::append(&mut expected, &independent(hash, message));
                expected.push(0x1000 + i as u32);
                assert_eq!(got, expected, "{} of {} bytes", hash.stage.name, message.len());
            }
            let mut by_twin = hash_memory(hash, &messages[messages.len() - count..]);
            hash.stage.run_twin(&mut by_twin);
            assert_eq!(
                memory.words(memory.buffer(Role::Results)),
                by_twin.words(memory.buffer(Role::Results))
            );
        }
    }
}

/// Runs every stage on the device from the twin's memory, and compares each buffer that it writes.
fn compare_stages(device: &Device, memory: &mut Memory) {
    for stage in STAGES {
        let mut on_device = memory.clone();
        device.run(&[stage], &mut on_device);
        stage.run_twin(memory);
        for binding in stage.bindings.iter().filter(|binding| binding.access == Access::ReadWrite) {
            let (got, expected) = (on_device.words(binding.buffer), memory.words(binding.buffer));
            let differs = got.iter().zip(expected).position(|(got, expected)| got != expected);
            assert_eq!(differs, None, "{}: {} of stride {}", stage.name, binding.buffer.name, memory.stride);
        }
    }
}

fn results(memory: &Memory) -> Vec<u32> {
    memory
        .words(Buffer::RESULTS)
        .chunks_exact(outcome::WORDS as usize)
        .take(memory.count)
        .zip(memory.words(ed25519::ITEMS).chunks_exact(item::WORDS as usize))
        .map(|(row, of_item)| {
            assert_eq!(
                row[1],
                of_item[item::TAG as usize].wrapping_add(row[0]),
                "a row that the last stage did not write"
            );
            row[0]
        })
        .collect()
}

#[test]
fn every_stage_equals_its_twin() {
    let Some(device) = device() else { return };
    let cases = rows::cases();
    for (count, stride) in [(1, 1), (63, 64), (65, 70), (cases.len(), cases.len())] {
        let cases = &cases[cases.len() - count..];
        let (rows, arena) = items(cases);
        let mut memory = Memory::new(&STAGES, (count, stride), rows, arena, POISON);
        compare_stages(&device, &mut memory);
        let expected: Vec<u32> = cases.iter().map(Signed::expected).collect();
        assert_eq!(results(&memory), expected);
    }
}

#[test]
fn twins_judge_as_the_oracle_does() {
    let cases = rows::cases();
    let (rows, arena) = items(&cases);
    let mut memory = Memory::new(&STAGES, (cases.len(), cases.len()), rows, arena, POISON);
    for stage in STAGES {
        stage.run_twin(&mut memory);
    }
    for (i, (got, case)) in results(&memory).into_iter().zip(&cases).enumerate() {
        assert_eq!(got, case.expected(), "case {i}: {case:?}");
    }
    let seen = |code| cases.iter().filter(|case| case.expected() == code).count();
    for (name, code) in [
        ("valid", code::VALID),
        ("failed", code::EQUATION_FAILED),
        ("key", code::KEY_NOT_ON_CURVE),
        ("r", code::R_NOT_ON_CURVE),
        ("key only", code::KEY_ON_CURVE),
    ] {
        assert!(seen(code) >= 3, "{name}: {}", seen(code));
    }
}

#[test]
fn whole_pipelines_judge_as_the_oracle_does() {
    let Some(device) = device() else { return };
    let cases = rows::cases();
    for count in [1, 63, 64, 65, 1009] {
        let cases: Vec<Signed> = cases.iter().cycle().take(count).cloned().collect();
        let (rows, arena) = items(&cases);
        let mut memory = Memory::new(&STAGES, (count, count), rows, arena, POISON);
        device.run(&STAGES, &mut memory);
        for (i, (got, case)) in results(&memory).into_iter().zip(&cases).enumerate() {
            assert_eq!(got, case.expected(), "{i} of {count}: {case:?}");
        }
    }
}

#[test]
fn the_same_batch_gives_the_same_words_whatever_was_there() {
    let Some(device) = device() else { return };
    let cases = rows::cases();
    let (rows, arena) = items(&cases);
    let run = |poison| {
        let mut memory =
            Memory::new(&STAGES, (cases.len(), cases.len() + 3), rows.clone(), arena.clone(), poison);
        device.run(&STAGES, &mut memory);
        memory.words(Buffer::RESULTS)[..2 * cases.len()].to_vec()
    };
    let first = run(0);
    for poison in [u32::MAX, code::VALID, POISON] {
        assert_eq!(run(poison), first);
    }
}

#[test]
fn torsion_is_told_from_its_multiples_by_eight() {
    // A + T for each T of order 8: k decides whether the cofactorless equation holds.
    let honest = signed(7, 32);
    let key = ED25519_BASEPOINT_POINT * honest.secret;
    for torsion in EIGHT_TORSION {
        let case = Signed::with_key(&honest, (key + torsion).compress().to_bytes());
        for of_item in [0, flags::DECODES_R, flags::DECODES_R | flags::COFACTORED] {
            let case = Signed { flags: of_item, ..case.clone() };
            let (rows, arena) = items(std::slice::from_ref(&case));
            let mut memory = Memory::new(&STAGES, (1, 1), rows, arena, POISON);
            for stage in STAGES {
                stage.run_twin(&mut memory);
            }
            assert_eq!(results(&memory), [case.expected()]);
        }
    }
}
