//! FISCO BCOS: transactions in RLP and in tars, under both suites.

use std::sync::LazyLock;

use sha2::Digest;
use sigwarp_profiles::Curve;
use sigwarp_profiles::fisco_bcos::{Context, FiscoBcos, Form, Suite};

use super::made::{DeviceKey, USER_ID, keccak, signer};
use super::{Limits, Subject, all_hold, input};

static SUBJECT: LazyLock<Subject<FiscoBcos>> = LazyLock::new(|| {
    let rlp =
        |suite, id| Context { suite, form: Form::Rlp { chain_id: id, group_id: id, low_s: id.is_some() } };
    let tars = |suite| Context { suite, form: Form::Tars { chain_id: None, group_id: None } };
    Subject {
        profile: FiscoBcos,
        contexts: vec![
            rlp(Suite::Keccak, None),
            rlp(Suite::Sm, None),
            tars(Suite::Keccak),
            tars(Suite::Sm),
            rlp(Suite::Keccak, Some(1)),
        ],
        limits: Limits { signatures: |_| 1, ..Limits::LEDGER },
        has_all: all_hold,
        sound: |_, _, _| {},
        true_of: |_, _, report| {
            assert_eq!(report.sender.is_some(), report.verdict.is_valid(), "{report:?}");
            assert!(report.sender.as_ref().is_none_or(|sender| sender.len() == 20));
        },
        // Fields behind the signature of 3.x are not signed.
        may_lose: |_, context, _| matches!(context.form, Form::Tars { .. }),
    }
});

/// See the module.
pub fn fisco_bcos(data: &[u8]) {
    SUBJECT.run(data);
}

fn string(content: &[u8]) -> Vec<u8> {
    match content {
        [byte] if *byte < 0x80 => content.to_vec(),
        short if short.len() < 56 => [&[0x80 + short.len() as u8], short].concat(),
        long => [&[0xb8, long.len() as u8], long].concat(),
    }
}

fn list(items: &[Vec<u8>]) -> Vec<u8> {
    let content = items.concat();
    match content.len() {
        short @ ..56 => [&[0xc0 + short as u8], &content[..]].concat(),
        long @ ..256 => [&[0xf8, long as u8], &content[..]].concat(),
        long => [&[0xf9][..], &(long as u16).to_be_bytes(), &content].concat(),
    }
}

fn without_zeros(scalar: &[u8]) -> Vec<u8> {
    scalar.iter().copied().skip_while(|digit| *digit == 0).collect()
}

fn sm3(message: &[u8]) -> Vec<u8> {
    sm3::Sm3::digest(message).to_vec()
}

/// r, s and v, or the key, of a signature by the first key of a suite.
fn signed(suite: Suite, message: &[u8]) -> [Vec<u8>; 3] {
    match suite {
        Suite::Keccak => {
            let (signature, id) = signer(0).sign(&keccak(message));
            [signature[..32].to_vec(), signature[32..].to_vec(), vec![id]]
        }
        Suite::Sm => {
            let key = DeviceKey(Curve::Sm2, 0);
            let signature = key.sign_as(USER_ID, &sm3(message));
            [signature[..32].to_vec(), signature[32..].to_vec(), key.public()[1..].to_vec()]
        }
    }
}

/// A transaction of seven or ten fields.
fn rlp(suite: Suite, count: usize) -> Vec<u8> {
    let mut fields: Vec<Vec<u8>> =
        [&[9, 8][..], &[1], &[2], &[3, 1], &[0x35; 20], &[], b"data of the call"].map(string).into();
    fields.extend([&[1][..], &[1], &[]].map(string));
    fields.truncate(count);
    let [r, s, v] = signed(suite, &list(&fields));
    let v = if suite == Suite::Keccak { vec![27 + v[0]] } else { v };
    fields.extend([v, without_zeros(&r), without_zeros(&s)].map(|field| string(&field)));
    list(&fields)
}

/// A transaction of a version, with its hash.
fn tars(suite: Suite, version: u8) -> Vec<u8> {
    let mut message = [&[0, 0, 0, version][..], b"cg", &500u64.to_be_bytes(), b"nto", &[7; 40]].concat();
    let mut data = [
        &[0x10, version, 0x26, 1, b'c', 0x36, 1, b'g', 0x41, 1, 244, 0x56, 1, b'n'][..],
        &[0x66, 2, b't', b'o'],
    ]
    .concat();
    data.extend([&[0x7d, 0, 0, 40][..], &[7; 40]].concat());
    if version > 0 {
        message.extend([&b"5"[..], &9u64.to_be_bytes()].concat());
        data.extend([0x96, 1, b'5', 0xb0, 9]);
    }
    if version > 1 {
        message.push(3);
        data.extend([0xed, 0, 0, 1, 3]);
    }
    let hash = if suite == Suite::Keccak { keccak(&message).to_vec() } else { sm3(&message) };
    let signature = signed(suite, &message).concat();
    let signature = [&[0x3d, 0, 1, 0, signature.len() as u8][..], &signature].concat();
    [&[0x1a], &data[..], &[0x0b, 0x2d, 0, 0, 32], &hash, &signature, &[0x4c]].concat()
}

/// Of both wire formats and suites.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (place, suite) in [(0, Suite::Keccak), (1, Suite::Sm)] {
        seeds.extend([7, 10].map(|count| input(place, &rlp(suite, count))));
        seeds.extend([0, 1, 2].map(|version| input(2 + place, &tars(suite, version))));
    }
    seeds.push(input(4, &rlp(Suite::Keccak, 10)));
    seeds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_judged_as_they_were_made() {
        assert_eq!(SUBJECT.judged(&seeds()), ["valid"; 11]);
    }
}
