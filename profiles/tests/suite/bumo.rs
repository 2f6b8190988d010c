//! BUMO: the cases, what damage does, and the traps of the format.

use serde_json::{Value as Json, json};
use sigwarp_profiles::bumo::{Bumo, MAX_BYTES, MAX_SIGNATURES};
use sigwarp_profiles::{Batch, Report, verify};

use crate::common::{self, Case, Subject};

/// Reasons have the names of the evaluator.
const SUBJECT: Subject = Subject { system: &Bumo, reason: |name| name, more };

const CASES: &str = "profiles/bumo/cases.jsonl.gz";
const EXPECTED: &str = "profiles/expected/bumo.jsonl.gz";

/// The hash, the signers (the evaluator has them sorted) and whether the transaction was encoded as it is signed.
fn more(report: &Report, expected: &Json) -> Vec<String> {
    let mut signers = report.signers.clone().unwrap_or_default();
    signers.sort();
    let signers: Vec<String> = signers.into_iter().map(|of| String::from_utf8(of).expect("base58")).collect();
    let ours = [
        ("hash", json!(report.tx_id.as_ref().map(hex::encode))),
        ("signers", json!(report.signers.is_some().then_some(signers))),
        ("canonical", json!(report.status.map(|status| status == "canonical"))),
    ];
    let other = ours.into_iter().filter(|(name, ours)| expected.get(*name).unwrap_or(&Json::Null) != ours);
    other.map(|(name, ours)| format!("{name} is {ours}, expected {}", expected[name])).collect()
}

fn cases() -> Option<Vec<Case>> {
    common::cases(&Bumo, CASES, EXPECTED)
}

#[test]
fn cases_are_judged_as_expected() {
    let Some(cases) = cases() else { return };
    assert_eq!(SUBJECT.check(&cases), 153);
}

/// Whatever else a flipped bit does, the transaction is another one, or its signature; the case of a digit of the key does
/// not matter, and a signature may go where those of the accounts stay.
#[test]
fn damaged_envelopes_are_valid_where_the_same_is_signed() {
    let Some(mut cases) = cases() else { return };
    cases.retain(|case| case.expected["verdict"] == "valid");
    let (judged, valid) = common::damage(&Bumo, &common::spread(cases, 16), 8, |_, whole, damaged| {
        let [whole_signers, signers] =
            [whole, damaged].map(|report| report.signers.as_deref().unwrap_or(&[]));
        whole.tx_id == damaged.tx_id && signers.iter().all(|signer| whole_signers.contains(signer))
    });
    assert!(judged > 5000 && valid < judged / 10, "{valid} of {judged}");
}

fn judge(record: &[u8]) -> Report {
    let mut batch = Batch::new();
    batch.push(&Bumo, record, &());
    verify(common::fastest(), batch).expect("an engine that works").remove(0)
}

fn said(report: &Report) -> String {
    let words: Vec<String> = match report.undecided.is_empty() {
        true => report.verdict.cause().iter().map(ToString::to_string).collect(),
        false => report.undecided.iter().map(ToString::to_string).collect(),
    };
    [vec![report.verdict.name().to_owned()], words].concat().join(" ")
}

/// A field of bytes.
fn bytes(number: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let length =
        if length < 0x80 { vec![length as u8] } else { vec![length as u8 | 0x80, (length >> 7) as u8] };
    [&[number << 3 | 2], &length[..], content].concat()
}

/// The transaction, the key and the signature of the first published one.
fn published() -> Option<(Vec<u8>, Vec<u8>, Vec<u8>)> {
    let case = cases()?.into_iter().find(|case| case.id == "bumo-keypair-guide").expect("the sample");
    let record = case.record;
    let (transaction, rest) = record[2..].split_at(usize::from(record[1]));
    let (key, signature) = rest[5..].split_at(76);
    assert_eq!((rest[3..5].to_vec(), &signature[..2]), (vec![0x0a, 76], &[0x12, 64][..]));
    Some((transaction.to_vec(), key.to_vec(), signature[2..].to_vec()))
}

fn envelope(transaction: &[u8], signatures: &[(&[u8], &[u8])]) -> Vec<u8> {
    let signature = |(key, data): &(&[u8], &[u8])| bytes(2, &[bytes(1, key), bytes(2, data)].concat());
    [bytes(1, transaction), signatures.iter().flat_map(signature).collect()].concat()
}

/// Fields in another order, a default written out and a nonce in two bytes are parsed and encoded again.
#[test]
fn what_is_signed_is_what_nodes_encode() {
    let Some((transaction, key, signature)) = published() else { return };
    let whole = judge(&envelope(&transaction, &[(&key, &signature)]));
    assert_eq!((said(&whole), whole.status), ("valid".into(), Some("canonical")));
    // The source has 38 bytes, the nonce two.
    let (source, rest) = transaction.split_at(38);
    let (nonce, rest) = rest.split_at(2);
    let other = [nonce, rest, &[0x28, 0], source, &[0x10, nonce[1] | 0x80, 0]].concat();
    let report = judge(&envelope(&other, &[(&key, &signature)]));
    assert_eq!(
        (said(&report), report.status, report.tx_id),
        ("valid".into(), Some("re-encoded"), whole.tx_id)
    );
    // protobuf 3.0 drops a field that it does not know; a known one would be signed.
    for (more, expected) in [(&[0xa0, 0x06, 1][..], "valid"), (&[0x40, 1], "invalid NoValidSignature")] {
        let more = [&transaction[..], more].concat();
        assert_eq!(said(&judge(&envelope(&more, &[(&key, &signature)]))), expected);
    }
    // The transaction in two parts, signatures before it, and a field of the envelope that is not signed.
    let parts = [bytes(2, &[bytes(2, &signature), bytes(1, &key)].concat()), bytes(1, source)];
    let parts = [parts.concat(), bytes(1, &transaction[38..]), bytes(3, b"trigger")].concat();
    assert_eq!(said(&judge(&parts)), "valid");
}

#[test]
fn one_signature_of_the_account_is_not_enough_beside_one_that_fails() {
    let Some((transaction, key, signature)) = published() else { return };
    let mut wrong = signature.clone();
    wrong[40] ^= 1;
    let (good, bad) = ((&key[..], &signature[..]), (&key[..], &wrong[..]));
    let report = judge(&envelope(&transaction, &[good, bad]));
    assert_eq!((said(&report), report.signatures.len()), ("undecided AccountPrivileges".into(), 2));
    assert_eq!(said(&judge(&envelope(&transaction, &[bad]))), "invalid NoValidSignature");
    assert_eq!(said(&judge(&envelope(&transaction, &[]))), "invalid NoValidSignature");
    assert_eq!(said(&judge(&envelope(&transaction, &[good, good]))), "valid");
}

#[test]
fn keys_that_are_none_are_passed_over() {
    let Some((transaction, key, signature)) = published() else { return };
    let upper = key.to_ascii_uppercase();
    assert_eq!(said(&judge(&envelope(&transaction, &[(&upper, &signature)]))), "valid");
    let mut checksum = key.clone();
    checksum[75] ^= 1;
    let other_type = [b"b002", &key[4..]].concat();
    for bad in [&key[..75], &key[..74], b"", &checksum, &other_type, &[&key[..], b"00"].concat()] {
        let report = judge(&envelope(&transaction, &[(bad, &signature)]));
        assert_eq!((said(&report), report.signatures.len()), ("invalid NoValidSignature".into(), 0));
        let report = judge(&envelope(&transaction, &[(bad, &signature), (&key, &signature)]));
        assert_eq!((said(&report), report.signatures.len()), ("undecided AccountPrivileges".into(), 1));
        assert_eq!(report.signatures[0].role.to_string(), "signature[1]");
    }
}

/// protobuf of C++ does not take other strings.
#[test]
fn texts_are_utf8() {
    let Some((transaction, key, signature)) = published() else { return };
    assert_eq!(said(&judge(&envelope(&[0x0a, 1, 0xff], &[]))), "invalid Malformed");
    let twice = [&[0x0a, 1, 0xff], &transaction[..]].concat();
    assert_eq!(said(&judge(&envelope(&twice, &[(&key, &signature)]))), "invalid Malformed");
    assert_eq!(said(&judge(&envelope(&transaction, &[(&[0xff; 76], &signature)]))), "invalid Malformed");
}

#[test]
fn signatures_and_bytes_have_bounds() {
    let Some((transaction, key, signature)) = published() else { return };
    let all = vec![(&key[..], &signature[..]); MAX_SIGNATURES + 1];
    assert_eq!(said(&judge(&envelope(&transaction, &all[1..]))), "valid");
    assert_eq!(said(&judge(&envelope(&transaction, &all))), "undecided TooManySignatures");
    assert_eq!(said(&judge(&vec![0; MAX_BYTES + 1])), "undecided TooLarge");
}
