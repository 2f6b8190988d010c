//! ChainMaker: requests and transactions by public keys, with endorsers and payers. Certificates come in inputs alone.

use std::sync::LazyLock;

use sha2::Digest;
use sigwarp_profiles::Curve;
use sigwarp_profiles::chainmaker::{ChainHash, ChainMaker, Context, Form};

use super::made::DeviceKey;
use super::{Limits, Subject, all_hold, input};

static SUBJECT: LazyLock<Subject<ChainMaker>> = LazyLock::new(|| Subject {
    profile: ChainMaker,
    contexts: vec![
        Context::new(Form::Request, ChainHash::Sha256),
        Context::new(Form::Request, ChainHash::Sm3),
        Context::new(Form::Transaction, ChainHash::Sha256),
        Context::new(Form::Transaction, ChainHash::Sm3).with_chain_id("chain1".into()),
    ],
    limits: Limits::LEDGER,
    has_all: all_hold,
    sound: |_, _, report| {
        let is_sender = |role: &str| role == "sender";
        assert!(!report.verdict.is_valid() || report.signatures.iter().any(|of| is_sender(of.role.name())));
    },
    true_of: |_, _, _| {},
    // Endorsers and payers may go, and so may bytes behind a signature with the field that they are in.
    may_lose: |_, _, _| true,
});

/// See the module.
pub fn chainmaker(data: &[u8]) {
    SUBJECT.run(data);
}

fn bytes(number: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let length =
        if length < 0x80 { vec![length as u8] } else { vec![length as u8 | 0x80, (length >> 7) as u8] };
    [&[number << 3 | 2], &length[..], content].concat()
}

/// A SubjectPublicKeyInfo.
fn info(key: DeviceKey) -> Vec<u8> {
    let curve: &[u8] = match key.0 {
        Curve::Sm2 => &[0x06, 8, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x82, 0x2d],
        Curve::Secp256k1 => &[0x06, 5, 0x2b, 0x81, 0x04, 0, 10],
        _ => &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
    };
    let algorithm = [&[0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1][..], curve].concat();
    let algorithm = [&[0x30, algorithm.len() as u8], &algorithm[..]].concat();
    let key = [&[0x03, 66, 0][..], &key.public()].concat();
    [&[0x30, (algorithm.len() + key.len()) as u8], &algorithm[..], &key].concat()
}

/// A signature over the payload, as DER.
fn der(signature: &[u8]) -> Vec<u8> {
    let integer = |scalar: &[u8]| {
        let digits: Vec<u8> = scalar.iter().copied().skip_while(|digit| *digit == 0).collect();
        let zero: &[u8] = if digits[0] >= 0x80 { &[0] } else { &[] };
        [&[2, (zero.len() + digits.len()) as u8], zero, &digits].concat()
    };
    let both = [integer(&signature[..32]), integer(&signature[32..])].concat();
    [&[0x30, both.len() as u8], &both[..]].concat()
}

fn entry(key: DeviceKey, hash: ChainHash, payload: &[u8]) -> Vec<u8> {
    let signature = match (key.0, hash) {
        (Curve::Sm2, _) => key.sign(payload),
        (_, ChainHash::Sm3) => key.sign_digest(&sm3::Sm3::digest(payload)),
        (_, ChainHash::Sha256) => key.sign(payload),
    };
    let member = [bytes(1, b"org"), vec![0x10, 2], bytes(3, &info(key))].concat();
    [bytes(1, &member), bytes(2, &der(&signature))].concat()
}

/// By every kind of key, alone and with an endorser and a payer.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let pair = bytes(8, &[bytes(1, b"k"), bytes(2, b"v")].concat());
    let payload = [bytes(1, b"chain1"), bytes(3, b"id"), vec![0x20, 9], pair].concat();
    let mut seeds = Vec::new();
    for (context, hash, payer) in
        [(0, ChainHash::Sha256, 4), (1, ChainHash::Sm3, 4), (2, ChainHash::Sha256, 5), (3, ChainHash::Sm3, 5)]
    {
        for curve in [Curve::P256, Curve::Secp256k1, Curve::Sm2] {
            let by = |key| entry(DeviceKey(curve, key), hash, &payload);
            let alone = [bytes(1, &payload), bytes(2, &by(0))].concat();
            let all = [&alone[..], &bytes(3, &by(1)), &bytes(payer, &by(2))].concat();
            seeds.extend([input(context, &alone), input(context, &all)]);
        }
    }
    seeds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_judged_as_they_were_made() {
        for (place, verdict) in SUBJECT.judged(&seeds()).iter().enumerate() {
            // A key of SM2 on a chain of SHA-256.
            let is_open = place % 6 >= 4 && place / 6 % 2 == 0;
            assert_eq!(verdict.starts_with("undecided"), is_open, "{place}: {verdict}");
            assert!(is_open || verdict == "valid", "{place}: {verdict}");
        }
    }
}
