//! Chain Core: transactions that spend and issue under the standard program.

use std::sync::LazyLock;

use sha3::{Digest, Sha3_256};
use sigwarp_profiles::chain_core::{ChainCore, Context};

use super::made::{ed25519, sign_ed25519};
use super::{Limits, Subject, all_hold, input};

static SUBJECT: LazyLock<Subject<ChainCore>> = LazyLock::new(|| Subject {
    profile: ChainCore,
    contexts: vec![Context],
    // An input of some ninety bytes has six hashes, of many pieces. 45 of 45 keys are 1,035 pairs in 4,400 bytes.
    limits: Limits { per_byte: 256, for_any: 8 << 10, signatures: |length| length / 3 },
    has_all: all_hold,
    sound: |_, _, _| {},
    true_of: |_, _, _| {},
    may_lose: |_, _, _| false,
});

/// See the module.
pub fn chain_core(data: &[u8]) {
    SUBJECT.run(data);
}

/// A string behind its length.
fn string(bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len();
    let length =
        if length < 0x80 { vec![length as u8] } else { vec![length as u8 | 0x80, (length >> 7) as u8] };
    [&length, bytes].concat()
}

/// The standard program of so many of three keys.
fn program(needed: u8) -> Vec<u8> {
    let keys = (0..3).flat_map(|place| [&[32][..], &ed25519(place).verifying_key().to_bytes()].concat());
    let keys: Vec<u8> = keys.collect();
    [&[0x76, 0x6b, 0xaa], &keys[..], &[0x50 + needed, 0x53, 0xad, 0x69, 0x6c, 0, 0xc0]].concat()
}

/// Arguments of these keys' signatures over a predicate.
fn arguments(keys: &[u8], predicate: &[u8]) -> Vec<u8> {
    let digest = Sha3_256::digest(predicate);
    let signatures: Vec<u8> = keys.iter().flat_map(|key| string(&sign_ed25519(*key, &digest))).collect();
    [&[keys.len() as u8 + 2, 0], &signatures[..], &string(predicate)].concat()
}

fn spend(program: &[u8], arguments: &[u8]) -> Vec<u8> {
    let spent = [&[3; 32][..], &[4; 32], &[100, 1, 1], &string(program), &[0; 32]].concat();
    let commitment = [&[1][..], &string(&spent)].concat();
    [&[1][..], &string(&commitment), &string(b"data"), &string(arguments)].concat()
}

fn issue(program: &[u8], arguments: &[u8]) -> Vec<u8> {
    let of_asset = [&[5; 32][..], &[1], &string(program), &Sha3_256::digest(b"{}")].concat();
    let commitment = [&[0][..], &string(b"nonce"), &Sha3_256::digest(of_asset), &[100]].concat();
    let witness = [&[5; 32][..], &string(b"{}"), &[1], &string(program), arguments].concat();
    [&[1][..], &string(&commitment), &[0], &string(&witness)].concat()
}

fn transaction(inputs: &[Vec<u8>]) -> Vec<u8> {
    let output = [&[1][..], &string(&[&[4; 32][..], &[100, 1, 1, 0x51]].concat()), &[0, 0]].concat();
    let before = [7, 1, 2, 1, 2, 0, inputs.len() as u8];
    [&before[..], &inputs.concat(), &[1], &output, &string(b"data")].concat()
}

/// With predicates that are free, of the standard form, and signatures in and out of order.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let standard = [&[32][..], &[6; 32], &[0xae, 0x87]].concat();
    let (two, free) = (program(2), [0x51]);
    let records = [
        transaction(&[]),
        transaction(&[spend(&two, &arguments(&[0, 2], &free))]),
        transaction(&[spend(&two, &arguments(&[2, 0], &free))]),
        transaction(&[spend(&two, &arguments(&[0, 1], &standard))]),
        transaction(&[spend(&two, &arguments(&[0], &standard))]),
        transaction(&[issue(&two, &arguments(&[1, 2], &free)), spend(&[0x51], &[0])]),
    ];
    records.iter().map(|record| input(0, record)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_judged_as_they_were_made() {
        let expected = [
            "undecided NoInput",
            "undecided Predicate",
            "invalid input[0]: Signature",
            "invalid input[0]: SigHashMismatch",
            "invalid input[0]: ArgumentCount",
            "undecided Predicate",
        ];
        assert_eq!(SUBJECT.judged(&seeds()), expected);
    }
}
