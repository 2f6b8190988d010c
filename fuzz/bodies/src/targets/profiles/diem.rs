//! Diem: transactions of one key, of several keys, and of several agents.

use std::sync::LazyLock;

use sha3::Digest;
use sigwarp_profiles::diem::{Context, Diem, Prefix};

use super::made::{ed25519, sign_ed25519};
use super::{Limits, Subject, all_hold, input};

static SUBJECT: LazyLock<Subject<Diem>> = LazyLock::new(|| Subject {
    profile: Diem,
    contexts: vec![
        Context::default(),
        Context { prefix: Prefix::Libra, chain_id: None },
        Context { prefix: Prefix::Diem, chain_id: Some(CHAIN) },
    ],
    // The shortest share of a signature are the 32 bytes of a key that signs nothing.
    limits: Limits { per_byte: 128, for_any: 8 << 10, signatures: |length| length / 32 },
    has_all: all_hold,
    sound: |_, _, _| {},
    true_of: |record, _, report| {
        assert!(report.sender.as_ref().is_none_or(|sender| record.starts_with(sender)));
        assert_eq!(report.tx_id.is_some(), report.signers.is_some());
    },
    may_lose: |_, _, _| false,
});

const CHAIN: u8 = 4;

/// See the module.
pub fn diem(data: &[u8]) {
    SUBJECT.run(data);
}

fn counted(bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len();
    let length =
        if length < 0x80 { vec![length as u8] } else { vec![length as u8 | 0x80, (length >> 7) as u8] };
    [&length, bytes].concat()
}

/// A call of a function, with types and arguments.
fn raw(chain: u8) -> Vec<u8> {
    let payload = [
        &[3][..],
        &[0; 15],
        &[1],
        &counted(b"PaymentScripts"),
        &counted(b"peer_to_peer"),
        &[3, 6, 1, 0, 7],
        &[1; 16],
        &counted(b"XUS"),
        &counted(b"XUS"),
        &[0, 2],
        &counted(&[9; 8]),
        &counted(&[]),
    ];
    [&[7; 16][..], &[0; 8], &payload.concat(), &[0; 16], &counted(b"XUS"), &[0; 8], &[chain]].concat()
}

fn seed(name: &str) -> Vec<u8> {
    sha3::Sha3_256::digest(name).to_vec()
}

fn one(place: u8, message: &[u8]) -> Vec<u8> {
    let key = ed25519(place).verifying_key().to_bytes();
    [&[0], &counted(&key)[..], &counted(&sign_ed25519(place, message))].concat()
}

/// Two of three keys, of which these sign.
fn several(places: &[u8], message: &[u8]) -> Vec<u8> {
    let keys: Vec<u8> =
        (0..3).flat_map(|place| ed25519(place).verifying_key().to_bytes()).chain([2]).collect();
    let bitmap = places.iter().fold(0, |bits, place| bits | 1u32 << (31 - place));
    let signatures = places.iter().flat_map(|place| sign_ed25519(*place, message));
    let signatures: Vec<u8> = signatures.chain(bitmap.to_be_bytes()).collect();
    [&[1], &counted(&keys)[..], &counted(&signatures)].concat()
}

/// In every form and context.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let raw = raw(CHAIN);
    let message = [&seed("DIEM::RawTransaction")[..], &raw].concat();
    let addresses = [&[2][..], &[1; 16], &[2; 16]].concat();
    let of_agents = [&seed("DIEM::RawTransactionWithData")[..], &[0], &raw, &addresses].concat();
    let agents = [
        &raw[..],
        &[2],
        &one(0, &of_agents),
        &addresses,
        &[2],
        &several(&[0, 2], &of_agents),
        &one(1, &of_agents),
    ];
    let records = [
        [&raw[..], &one(0, &message)].concat(),
        [&raw[..], &several(&[0, 2], &message)].concat(),
        [&raw[..], &several(&[1], &message)].concat(),
        [&raw[..], &several(&[0, 3], &message)].concat(),
        agents.concat(),
    ];
    records.iter().flat_map(|record| (0..3).map(|context| input(context, record))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_judged_as_they_were_made() {
        let verdicts = SUBJECT.judged(&seeds());
        let [valid, few, range] = ["valid", "invalid BelowThreshold", "invalid SignatureIndexOutOfRange"];
        let of: Vec<&str> = verdicts.iter().step_by(3).map(String::as_str).collect();
        assert_eq!(of, [valid, valid, few, range, valid]);
        let of: Vec<&str> = verdicts.iter().skip(2).step_by(3).map(String::as_str).collect();
        assert_eq!(of, [valid, valid, few, range, valid]);
        assert_eq!(verdicts[1], "invalid sender: EquationFailed");
    }
}
