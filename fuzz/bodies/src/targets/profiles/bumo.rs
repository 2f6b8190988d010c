//! BUMO: envelopes with one or two signatures, in the encoding that is signed and in others.

use std::sync::LazyLock;

use sha2::Digest;
use sigwarp_profiles::bumo::Bumo;
use sigwarp_profiles::{Curve, Report};

use super::made::DeviceKey;
use super::{Limits, Subject, all_hold, input};

static SUBJECT: LazyLock<Subject<Bumo>> = LazyLock::new(|| Subject {
    profile: Bumo,
    contexts: vec![()],
    // The digits of a key and a signature are far longer than ten bytes.
    limits: Limits::LEDGER,
    has_all: all_hold,
    sound,
    true_of: |_, _, report| {
        if let Some(signers) = &report.signers {
            let is_address =
                |signer: &Vec<u8>| signer.starts_with(b"bu") && (35..=37).contains(&signer.len());
            assert!(signers.iter().all(is_address), "{signers:02x?}");
        }
    },
    // A key may have signed twice, and what follows may be no signature.
    may_lose: |_, _, _| true,
});

/// See the module.
pub fn bumo(data: &[u8]) {
    SUBJECT.run(data);
}

/// Signers are there where the envelope is well formed, and nobody has signed without a signature.
fn sound(_: &[u8], (): &(), report: &Report) {
    let signers = report.signers.as_ref().map_or(0, Vec::len);
    assert!(signers <= report.signatures.len(), "{report:?}");
}

fn bytes(number: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let length =
        if length < 0x80 { vec![length as u8] } else { vec![length as u8 | 0x80, (length >> 7) as u8] };
    [&[number << 3 | 2], &length[..], content].concat()
}

fn hash(curve: Curve, message: &[u8]) -> Vec<u8> {
    match curve {
        Curve::Sm2 => sm3::Sm3::digest(message).to_vec(),
        _ => sha2::Sha256::digest(message).to_vec(),
    }
}

/// Bytes behind which their checksum stands.
fn checked(curve: Curve, body: &[u8]) -> Vec<u8> {
    [body, &hash(curve, &hash(curve, body))[..4]].concat()
}

const fn type_of(curve: Curve) -> u8 {
    if matches!(curve, Curve::Sm2) { 2 } else { 1 }
}

fn key(key: DeviceKey) -> String {
    let body = [&[0xb0, type_of(key.0)], &key.public()[..]].concat();
    data_encoding::HEXLOWER.encode(&checked(key.0, &body))
}

fn address(key: DeviceKey) -> String {
    const DIGITS: &[u8] = b"123456789AbCDEFGHJKLMNPQRSTuVWXYZaBcdefghijkmnopqrstUvwxyz";
    let body = [&[0x01, 0x56, type_of(key.0)], &hash(key.0, &key.public())[12..]].concat();
    let mut number = num_bigint::BigUint::from_bytes_be(&checked(key.0, &body));
    let mut text = Vec::new();
    while number > 0u8.into() {
        let digit = (&number % 58u8).to_bytes_le()[0];
        text.push(char::from(DIGITS[usize::from(digit)]));
        number /= 58u8;
    }
    text.into_iter().rev().collect()
}

/// A payment by an account.
fn transaction(by: DeviceKey) -> Vec<u8> {
    let pay =
        bytes(10, &[bytes(1, address(DeviceKey(Curve::Ed25519, 3)).as_bytes()), vec![0x10, 9]].concat());
    let operation = bytes(7, &[vec![0x08, 7], pay].concat());
    [bytes(1, address(by).as_bytes()), vec![0x10, 5, 0x18, 9], operation].concat()
}

fn envelope(transaction: &[u8], signed: &[u8], by: &[DeviceKey]) -> Vec<u8> {
    let signature =
        |by: &DeviceKey| bytes(2, &[bytes(1, key(*by).as_bytes()), bytes(2, &by.sign(signed))].concat());
    [bytes(1, transaction), by.iter().flat_map(signature).collect()].concat()
}

/// Signed by the account, by another one, by both; encoded as it is signed, and with a default written out.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for curve in [Curve::Ed25519, Curve::Sm2] {
        let (own, other) = (DeviceKey(curve, 0), DeviceKey(curve, 1));
        let signed = transaction(own);
        let longer = [&signed[..], &[0x28, 0]].concat();
        for form in [&signed, &longer] {
            seeds.extend(
                [&[own][..], &[other], &[own, other]].map(|by| input(0, &envelope(form, &signed, by))),
            );
        }
    }
    seeds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_judged_as_they_were_made() {
        let expected = ["valid", "undecided AccountPrivileges", "valid"];
        assert_eq!(SUBJECT.judged(&seeds()), expected.repeat(4));
    }
}
