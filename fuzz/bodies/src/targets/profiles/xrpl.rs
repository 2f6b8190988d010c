//! XRP Ledger: transactions of one key, of several signers, and with signatures of other parties.

use std::ops::Range;
use std::sync::LazyLock;

use sha2::Digest;
use sigwarp_profiles::Report;
use sigwarp_profiles::xrpl::{Context, Roles, Xrpl};

use super::made::{ed25519, sign_ed25519, signer};
use super::{Limits, Subject, all_hold, input};

static SUBJECT: LazyLock<Subject<Xrpl>> = LazyLock::new(|| Subject {
    profile: Xrpl,
    contexts: vec![
        Context { full_canonical: true, max_signers: 32, roles: Some(Roles::New) },
        Context { full_canonical: false, max_signers: 8, roles: Some(Roles::Old) },
        Context { full_canonical: true, max_signers: 8, roles: None },
    ],
    limits: Limits::LEDGER,
    has_all: all_hold,
    sound: |_, _, _| {},
    true_of,
    may_lose,
});

/// See the module.
pub fn xrpl(data: &[u8]) {
    SUBJECT.run(data);
}

/// The id is there where the fields can be walked, and is that of the bytes.
fn true_of(record: &[u8], _: &Context, report: &Report) {
    if let Some(id) = &report.tx_id {
        assert_eq!(*id, half(&[b"TXN\0", record].concat()));
    }
    assert!(report.authority.is_none_or(|name| ["account-key", "other-key", "signer-list"].contains(&name)));
}

/// Fields at the end that no signature of the sender covers may go: `Signature`, `MasterSignature`, `BatchSigners`, and the
/// signatures of counterparties and sponsors.
fn may_lose(record: &[u8], _: &Context, length: usize) -> bool {
    let lost = &record[length..];
    lost.first() == Some(&0x76)
        || [[0x70, 18], [0xe0, 37], [0xe0, 38], [0xf0, 31]].iter().any(|id| lost.starts_with(id))
}

/// The first half of SHA-512.
fn half(message: &[u8]) -> Vec<u8> {
    sha2::Sha512::digest(message)[..32].to_vec()
}

fn blob(id: &[u8], value: &[u8]) -> Vec<u8> {
    [id, &[u8::try_from(value.len()).expect("a short value")], value].concat()
}

/// Fields of a payment before its key.
const BEFORE: [u8; 22] =
    [0x12, 0, 0, 0x22, 0x80, 0, 0, 0, 0x24, 0, 0, 0, 1, 0x68, 0x40, 0, 0, 0, 0, 0, 0, 10];

/// Fields behind the signature: the account, and a memo.
fn after() -> Vec<u8> {
    let memo = [&[0xea][..], &blob(&[0x7d], b"a memo"), &[0xe1]].concat();
    [&blob(&[0x81], &[7; 20])[..], &blob(&[0x83], &[8; 20]), &[0xf9], &memo, &[0xf1]].concat()
}

/// A key and its signature of these bytes: of secp256k1, or of Ed25519.
fn signed(is_ed25519: bool, place: u8, bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    match is_ed25519 {
        true => {
            let key = [&[0xed], &ed25519(place).verifying_key().to_bytes()[..]].concat();
            (key, sign_ed25519(place, bytes).to_vec())
        }
        false => {
            let signer = signer(place.into());
            (signer.compressed.to_vec(), signer.sign_der(&half(bytes)))
        }
    }
}

/// A transaction of one key, with a field that nothing signs where `unsigned` is not empty, and behind all fields a
/// signature of another party where `role` names its field and the four bytes that it begins with.
fn single(is_ed25519: bool, unsigned: &[u8], role: Option<(u8, &[u8; 4])>) -> Vec<u8> {
    let (key, _) = signed(is_ed25519, 0, b"");
    let head = [&BEFORE[..], &blob(&[0x73], &key)].concat();
    let body = [&head[..], &after()].concat();
    let (_, signature) = signed(is_ed25519, 0, &[b"STX\0", &body[..]].concat());
    let mut bytes = [&head[..], &blob(&[0x74], &signature), unsigned, &after()].concat();
    if let Some((field, prefix)) = role {
        let (key, signature) = signed(false, 1, &[&prefix[..], &body].concat());
        let fields = [blob(&[0x73], &key), blob(&[0x74], &signature)].concat();
        bytes.splice(insertion(&bytes), [&[0xe0, field][..], &fields, &[0xe1]].concat());
    }
    bytes
}

/// Where an object stands: before the array of memos, for fields ascend by their types.
fn insertion(bytes: &[u8]) -> Range<usize> {
    let at = bytes.len() - (after().len() - 44);
    at..at
}

/// A transaction of this many signers, in order of their accounts.
fn multi(signers: u8) -> Vec<u8> {
    let head = [&BEFORE[..], &[0x73, 0]].concat();
    let tail = after();
    let (accounts, memos) = tail.split_at(44);
    let body = [&head[..], &tail].concat();
    let mut list = vec![0xf3];
    for place in 0..signers {
        let account = [0x10 + place; 20];
        let (key, signature) = signed(place % 2 == 1, place, &[b"SMT\0", &body[..], &account].concat());
        let fields = [blob(&[0x73], &key), blob(&[0x74], &signature), blob(&[0x81], &account)].concat();
        list.extend([&[0xe0, 16][..], &fields, &[0xe1]].concat());
    }
    list.push(0xf1);
    [&head[..], accounts, &list, memos].concat()
}

/// With every way to sign.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut records = vec![single(false, &[], None), single(true, &[], None)];
    records.push(single(false, &blob(&[0x76], b"free"), None));
    for (field, prefix) in [(37, b"CPT\0"), (38, b"SPN\0"), (37, b"STX\0")] {
        records.push(single(true, &[], Some((field, prefix))));
    }
    records.extend((1..=4).map(multi));
    records.iter().flat_map(|record| (0..3).map(|context| input(context, record))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_judged_as_they_were_made() {
        let verdicts = SUBJECT.judged(&seeds());
        let [valid, bad, open] = ["valid", "invalid BadSignature", "undecided RoleSignatureEra"];
        assert_eq!(verdicts[..9], [valid; 9]);
        assert_eq!(verdicts[9..15], [valid, bad, open, valid, bad, open]);
        assert_eq!(verdicts[15..18], [bad, valid, open]);
        assert_eq!(verdicts[18..], [valid; 12]);
    }
}
