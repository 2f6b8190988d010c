//! Chain Core: the cases, and what damage does.

use serde_json::Value as Json;
use sigwarp_profiles::chain_core::{ChainCore, Context};
use sigwarp_profiles::{Batch, Report, verify};

use crate::common::{self, Case, Damage, Subject};

/// Reasons have the names of the evaluator.
const SUBJECT: Subject = Subject { system: &ChainCore, reason: |name| name, more };

const CASES: &str = "profiles/chain-core/cases.jsonl.gz";
const EXPECTED: &str = "profiles/expected/chain-core.jsonl.gz";

fn more(report: &Report, expected: &Json) -> Vec<String> {
    let found = report.tx_id.as_deref().map(hex::encode);
    match found.as_deref() == expected["tx_id"].as_str() {
        true => Vec::new(),
        false => vec![format!("the id is {found:?}, expected {}", expected["tx_id"])],
    }
}

fn cases() -> Option<Vec<Case>> {
    common::cases(&ChainCore, CASES, EXPECTED)
}

#[test]
fn cases_are_judged_as_expected() {
    let Some(cases) = cases() else { return };
    assert_eq!(SUBJECT.check(&cases), 132);
}

fn judge(record: &[u8]) -> Report {
    let mut batch = Batch::new();
    batch.push(&ChainCore, record, &Context);
    verify(common::fastest(), batch).expect("an engine that works").remove(0)
}

/// Verdict and cause, or what is undecided.
fn said(record: &[u8]) -> String {
    let report = judge(record);
    let open: String = report.undecided.iter().map(|cause| format!(" {cause}")).collect();
    let cause = report.verdict.cause().filter(|_| open.is_empty()).map(|cause| format!(" {cause}"));
    format!("{}{open}{}", report.verdict.name(), cause.unwrap_or_default())
}

/// The three that Chain Core's own tests have.
#[test]
fn ids_are_those_that_were_published() {
    let Some(mut cases) = cases() else { return };
    cases.retain(|case| case.row["origin"] == "sample");
    assert_eq!(cases.len(), 3);
    for case in &cases {
        let id = judge(&case.record).tx_id.map(hex::encode);
        assert_eq!(id.as_deref(), case.row["tx_id"].as_str(), "{}", case.id);
    }
}

/// A case of two of three keys that is valid, and where its arguments begin: their number, none for the predicate, the
/// signatures.
fn two_of_three() -> Option<(Vec<u8>, usize)> {
    let case = cases()?.into_iter().find(|case| case.row["note"] == "class 0 2 of 3").expect("such a case");
    let arguments = case.record.windows(3).position(|window| window == [4, 0, 64]).expect("arguments");
    assert_eq!(said(&case.record), "valid");
    Some((case.record, arguments))
}

#[test]
fn signatures_stand_in_the_order_of_their_keys() {
    let Some((record, at)) = two_of_three() else { return };
    let (first, second) = (at + 3, at + 3 + 65);
    let mut swapped = record.clone();
    swapped[first..first + 64].copy_from_slice(&record[second..second + 64]);
    swapped[second..second + 64].copy_from_slice(&record[first..first + 64]);
    assert_eq!(said(&swapped), "invalid input[0]: Signature");
    let mut twice = record.clone();
    twice[first..first + 64].copy_from_slice(&record[second..second + 64]);
    assert_eq!(said(&twice), "invalid input[0]: Signature");
    // Witnesses are not hashed.
    assert_eq!(judge(&swapped).tx_id, judge(&record).tx_id);
}

/// The number of arguments of the predicate is one of the arguments; without any on the stack it is another matter.
#[test]
fn arguments_of_the_predicate_are_open() {
    let Some((record, at)) = two_of_three() else { return };
    // The string of the witness is one byte longer, and its length has two bytes already.
    let mut more = record.clone();
    more.splice(at + 1..at + 2, [1, 1]);
    more[at - 2] += 1;
    assert_eq!(said(&more), "undecided Arguments");
}

/// An asset is the hash of the first block, the program that may issue it and its definition, which stand in the witness.
#[test]
fn an_issuance_of_another_asset_is_not_read() {
    let Some(cases) = cases() else { return };
    let case = cases.into_iter().find(|case| case.id == "chain-core-tx-1").expect("an issuance");
    assert_eq!(said(&case.record), "undecided Program");
    let block =
        case.record.windows(3).position(|window| window == [0x03, 0xde, 0xff]).expect("the first block");
    // The block, then no definition, version 1 and a program of one byte.
    for at in [block, block + 31, block + 33, block + 35] {
        let mut record = case.record.clone();
        record[at] ^= 2;
        assert_eq!(said(&record), "invalid Malformed", "{at}");
    }
}

/// Everything that is hashed is signed. What is still valid has the same id, and no bytes were taken away.
#[test]
fn damaged_transactions_are_valid_where_their_id_is_the_same() {
    let Some(mut cases) = cases() else { return };
    cases.retain(|case| case.expected["verdict"] == "valid" && case.record.len() < 700);
    let cases = common::spread(cases, 8);
    let same = |damage, whole: &Report, damaged: &Report| {
        matches!(damage, Damage::Flip(_)) && whole.tx_id == damaged.tx_id
    };
    let (judged, valid) = common::damage(&ChainCore, &cases, 23, same);
    assert!(judged > 4000 && valid < judged / 20, "{valid} of {judged}");
}
