//! Solana: legacy, v0 and v1 transactions, and calls of precompiles.

use std::sync::LazyLock;

use p256::ecdsa::signature::Signer as _;
use sigwarp_profiles::Report;
use sigwarp_profiles::solana::{Context, Rule, Solana};

use super::made::{ed25519, keccak, sign_ed25519, signer};
use super::{Answers, Limits, Subject, all_hold, input};

static SUBJECT: LazyLock<Subject<Solana>> = LazyLock::new(|| Subject {
    profile: Solana,
    contexts: vec![
        Context { accept_v1: true, rule: Rule::Strict },
        Context { accept_v1: true, rule: Rule::Simd0376 },
        Context::default(),
    ],
    limits: Limits::LEDGER,
    has_all: all_hold,
    sound,
    true_of: |_, _, report| {
        let id = report.signatures.first().map(|_| 64);
        assert_eq!(report.tx_id.as_ref().map(Vec::len), id, "the id is the first signature");
    },
    may_lose: |_, _, _| false,
});

/// See the module.
pub fn solana(data: &[u8]) {
    SUBJECT.run(data);
}

/// Cut short, or with a byte more, what has signatures has none any more: the bytes have one form.
fn sound(record: &[u8], context: &Context, report: &Report) {
    if report.signatures.is_empty() {
        return;
    }
    let cut = crc32fast::hash(record) as usize % record.len();
    for other in [record[..cut].to_vec(), [record, &[cut as u8]].concat()] {
        let other = SUBJECT.folded(&other, context, Answers::All);
        assert!(other.signatures.is_empty() && !other.verdict.is_valid(), "{cut} of {}", record.len());
    }
    // Most of 1,232 or 4,096 bytes are needed for so many.
    assert!(report.signatures.len() <= 4096 / 64);
}

/// A number of 16 bits, 7 bits a byte.
fn compact(number: usize) -> Vec<u8> {
    match number {
        0..0x80 => vec![number as u8],
        0x80..0x4000 => vec![number as u8 | 0x80, (number >> 7) as u8],
        _ => vec![number as u8 | 0x80, (number >> 7) as u8 | 0x80, (number >> 14) as u8],
    }
}

fn counted(bytes: &[u8]) -> Vec<u8> {
    [&compact(bytes.len()), bytes].concat()
}

/// The program that verifies Ed25519 signatures, and those for the two curves of ECDSA.
const ED25519: [u8; 32] = [
    3, 125, 70, 214, 124, 147, 251, 190, 18, 249, 66, 143, 131, 141, 64, 255, 5, 112, 116, 73, 39, 244, 138,
    100, 252, 202, 112, 68, 128, 0, 0, 0,
];
const SECP256K1: [u8; 32] = [
    4, 198, 252, 32, 240, 80, 204, 240, 85, 132, 215, 33, 28, 159, 140, 245, 158, 193, 71, 133, 187, 22, 106,
    30, 40, 48, 232, 18, 32, 0, 0, 0,
];
const SECP256R1: [u8; 32] = [
    6, 146, 13, 236, 47, 234, 113, 181, 183, 35, 129, 77, 116, 45, 169, 3, 28, 131, 231, 95, 219, 121, 93,
    86, 142, 117, 71, 128, 32, 0, 0, 0,
];

/// What a program is called with.
type Call = ([u8; 32], Vec<u8>);

/// Calls of each precompile with one signature that holds, and one of an unknown program.
fn calls() -> Vec<Call> {
    let message = b"what a program signs";
    let numbers = |numbers: [u16; 7]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    // Records of 14 bytes behind a count and a byte of padding: signature, key, message, in this instruction.
    let record = |key: u16| -> Vec<u8> {
        numbers([16, u16::MAX, 80, u16::MAX, 80 + key, message.len() as u16, u16::MAX])
    };
    let edwards = ed25519(9).verifying_key().to_bytes();
    let edwards = [&[1, 0], &record(32)[..], &sign_ed25519(9, message), &edwards, message].concat();
    let key = p256::ecdsa::SigningKey::from_slice(&[0x42; 32]).expect("below the order");
    let signature: p256::ecdsa::Signature = key.sign(message);
    let signature = signature.normalize_s().to_bytes();
    let point = key.verifying_key().to_sec1_point(true);
    let nist = [&[1, 0], &record(33)[..], &signature, point.as_bytes(), message].concat();
    let (signature, id) = signer(0).sign(&keccak(message));
    // Of 11 bytes behind a count: signature and recovery id, address, message, in the third instruction.
    let offsets = [&12u16.to_le_bytes()[..], &[2], &77u16.to_le_bytes(), &[2], &97u16.to_le_bytes()];
    let offsets = [&offsets.concat()[..], &(message.len() as u16).to_le_bytes(), &[2]].concat();
    let koblitz = [&[1][..], &offsets, &signature, &[id], &signer(0).address, message].concat();
    vec![(ED25519, edwards), (SECP256R1, nist), (SECP256K1, koblitz), ([0x33; 32], b"data".to_vec())]
}

/// The message of a transaction: `version` is 0x80 for v0, 0x81 for v1, and nothing for legacy ones.
fn message(version: Option<u8>, signers: u8, calls: &[Call]) -> Vec<u8> {
    let mut keys: Vec<[u8; 32]> =
        (0..signers).map(|place| ed25519(place).verifying_key().to_bytes()).collect();
    keys.extend(calls.iter().map(|(program, _)| program));
    let mut out: Vec<u8> = version.into_iter().collect();
    out.extend([signers, 0, calls.len() as u8]);
    if version == Some(0x81) {
        out.extend([0b1_0000, 0, 0, 0]);
        out.extend([7; 32]);
        out.extend([calls.len() as u8, keys.len() as u8]);
        out.extend(keys.as_flattened());
        out.extend((64u32 << 10).to_le_bytes());
        for (place, (_, data)) in calls.iter().enumerate() {
            out.extend([signers + place as u8, 1]);
            out.extend((data.len() as u16).to_le_bytes());
        }
        calls.iter().for_each(|(_, data)| {
            out.push(0);
            out.extend(data);
        });
        return out;
    }
    out.extend(compact(keys.len()));
    out.extend(keys.as_flattened());
    out.extend([7; 32]);
    out.extend(compact(calls.len()));
    for (place, (_, data)) in calls.iter().enumerate() {
        out.push(signers + place as u8);
        out.extend(counted(&[0]));
        out.extend(counted(data));
    }
    if version.is_some() {
        out.extend(compact(1));
        out.extend([9; 32]);
        out.extend([counted(&[5, 6]), counted(&[7])].concat());
    }
    out
}

/// A transaction signed by its signers.
fn transaction(version: Option<u8>, signers: u8, calls: &[Call]) -> Vec<u8> {
    let message = message(version, signers, calls);
    let signatures: Vec<u8> = (0..signers).flat_map(|place| sign_ed25519(place, &message)).collect();
    match version {
        Some(0x81) => [message, signatures].concat(),
        _ => [compact(signers.into()), signatures, message].concat(),
    }
}

/// Of every version, with one to three signers, with and without calls.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for version in [None, Some(0x80), Some(0x81)] {
        for signers in 1..=3 {
            for calls in [Vec::new(), calls()] {
                let bytes = transaction(version, signers, &calls);
                seeds.extend((0..3).map(|context| input(context, &bytes)));
            }
        }
    }
    seeds
}

#[cfg(test)]
mod tests {
    use sigwarp_profiles::{Batch, verify};

    use super::*;

    #[test]
    fn seeds_are_judged_as_they_were_made() {
        let verdicts = SUBJECT.judged(&seeds());
        for (place, verdict) in verdicts.iter().enumerate() {
            let is_refused = place >= 36 && place % 3 == 2;
            assert_eq!(verdict, if is_refused { "undecided UnsupportedVersion" } else { "valid" }, "{place}");
        }
    }

    #[test]
    fn calls_of_seeds_hold() {
        let context = Context { accept_v1: true, rule: Rule::Strict };
        for version in [None, Some(0x80), Some(0x81)] {
            let bytes = transaction(version, 1, &calls());
            let mut batch = Batch::new();
            batch.push(&Solana, &bytes, &context);
            let report = verify(&super::super::BEST, batch).expect("an engine that works").remove(0);
            assert_eq!(report.precompiles.len(), 3);
            assert!(
                report.precompiles.iter().all(|call| call.verdict.is_valid() && call.signatures.len() == 1)
            );
        }
    }
}
