//! The cases, whole blocks and files among them, and damaged records.

use serde_json::{Value as Json, json};
use sigwarp_profiles::fabric::Fabric;
use sigwarp_profiles::{Batch, Report, System, Verdict, verify};

use crate::common::{self, Case, Damage, Subject};

/// Reasons have the names of the evaluator; the type of a transaction is the status of its report.
const SUBJECT: Subject = Subject { system: &Fabric, reason: |name| name, more };

fn more(report: &Report, expected: &Json) -> Vec<String> {
    let theirs = expected["type"].as_str();
    if report.status == theirs {
        return Vec::new();
    }
    vec![format!("the status is {:?}, expected {theirs:?}", report.status)]
}

const CASES: &str = "profiles/fabric/cases.jsonl.gz";
const EXPECTED: &str = "profiles/expected/fabric.jsonl.gz";

/// The cases with the bytes of their files, changed as the rows say.
pub(super) fn cases() -> Option<Vec<Case>> {
    let expected = common::rows(EXPECTED)?;
    let case = |row: Json| {
        let id = row["id"].as_str().expect("an id").to_owned();
        let hex_of = |value: &Json| hex::decode(value.as_str().expect("text")).expect("digits");
        let mut record = match row["path"].as_str() {
            Some(path) => common::bytes(&format!("profiles/fabric/{path}")).expect("a file of the vectors"),
            None => hex_of(&row["input"]),
        };
        let place = |value: &Json| usize::try_from(value.as_u64().expect("a number")).expect("a place");
        for patch in row["patch"].as_array().into_iter().flatten() {
            let (at, bytes) = (place(&patch[0]), hex_of(&patch[1]));
            record[at..at + bytes.len()].copy_from_slice(&bytes);
        }
        if let Some(cut) = row.get("cut") {
            record.truncate(record.len() - place(cut));
        }
        if let Some(append) = row.get("append") {
            record.extend(hex_of(append));
        }
        let fields = common::fields(&row);
        let named = fields.iter().filter(|(name, _)| Fabric.context_fields().contains(name));
        let named = named.map(|(name, value)| (name.to_owned(), value.clone())).collect();
        let expected = expected.iter().find(|expected| expected["id"] == row["id"]).cloned();
        Case {
            record,
            context: Fabric.context(&named).unwrap_or_else(|error| panic!("{id}: {error}")),
            expected: expected.unwrap_or_else(|| panic!("{id} is not judged")),
            id,
            row,
        }
    };
    Some(common::rows(CASES)?.into_iter().map(case).collect())
}

/// What is expected of each report of a record: its blocks and their transactions, or itself.
fn differences(report: &Report, expected: &Json, is_file: bool) -> Vec<String> {
    let Some(blocks) = expected["blocks"].as_array() else { return SUBJECT.differences(report, expected) };
    let ours = if is_file { report.transactions.as_slice() } else { std::slice::from_ref(report) };
    let mut found = Vec::new();
    if ours.len() != blocks.len() {
        found.push(format!("{} blocks, expected {}", ours.len(), blocks.len()));
    }
    for (ours, theirs) in ours.iter().zip(blocks) {
        let number = &theirs["number"];
        let of = |what: String| move |difference: String| format!("block {number}{what}: {difference}");
        found.extend(SUBJECT.differences(ours, &theirs["block"]).into_iter().map(of(String::new())));
        let transactions = theirs["transactions"].as_array().expect("transactions");
        if ours.transactions.len() != transactions.len() {
            found.push(format!("block {number} has {} transactions", ours.transactions.len()));
        }
        for (place, (ours, theirs)) in ours.transactions.iter().zip(transactions).enumerate() {
            let difference = SUBJECT.differences(ours, theirs).into_iter();
            found.extend(difference.map(of(format!(", transaction {place}"))));
        }
    }
    found
}

#[test]
fn cases_are_judged_as_expected() {
    let Some(cases) = cases() else { return };
    assert_eq!(cases.len(), 284);
    for (kind, engine) in common::engines() {
        let mut batch = Batch::new();
        for case in &cases {
            Fabric.push(&mut batch, &case.record, &case.context).expect("a context of the system");
        }
        let reports = verify(engine, batch).expect("an engine that works");
        let mut wrong = Vec::new();
        for (case, report) in cases.iter().zip(&reports) {
            let found = differences(report, &case.expected, case.row["kind"] == "blockfile");
            if !found.is_empty() {
                wrong.push(format!("{}: {}", case.id, found.join("; ")));
            }
        }
        assert!(wrong.is_empty(), "{} on {kind}:\n{}", wrong.len(), wrong.join("\n"));
    }
}

#[test]
fn envelopes_do_not_depend_on_the_batch() {
    let Some(mut cases) = cases() else { return };
    cases.retain(|case| case.row["kind"] == "envelope");
    assert_eq!(SUBJECT.check(&cases), 217);
}

/// What files say as a whole.
#[test]
fn files_are_judged_as_a_whole() {
    let Some(cases) = cases() else { return };
    let said = |id: &str| {
        let case = cases.iter().find(|case| case.id == id).expect("a case");
        let report = judge(&case.record, case);
        (report.verdict.name(), report.verdict.cause().map(|cause| cause.name()))
    };
    assert_eq!(said("fabric-v20-testchannel"), ("undecided", Some("BlockUnsigned")));
    assert_eq!(said("fabric-sample_ledger_from_snapshot"), ("valid", None));
    assert_eq!(said("fabric-sample_bad_ledger"), ("invalid", Some("InvalidBlock")));
    assert_eq!(said("fabric-glued_together"), ("undecided", Some("BlockUnsigned")));
}

fn judge(record: &[u8], case: &Case) -> Report {
    let mut batch = Batch::new();
    Fabric.push(&mut batch, record, &case.context).expect("a context of the system");
    verify(common::fastest(), batch).expect("an engine that works").remove(0)
}

/// Valid envelopes: nothing of the payload can change. The signature of the creator can be followed by other bytes, or
/// its DER by what Go's asn1 does not look at, and so can those of the endorsers, which are part of the payload.
#[test]
fn damage_of_envelopes_is_seen() {
    let Some(mut cases) = cases() else { return };
    cases.retain(|case| case.expected["verdict"] == json!("valid"));
    let cases = common::spread(cases, 3);
    let (judged, valid) = common::damage(&Fabric, &cases, 31, |damage, _, report| {
        panic!("{damage:?}: {report:?}");
    });
    assert!(judged > 8_000, "{judged}");
    assert_eq!(valid, 0);
}

/// Valid blocks: what follows the signatures of the orderers in the metadata, and what no part of Fabric reads, is free.
#[test]
fn damage_of_blocks_is_seen() {
    let Some(mut cases) = cases() else { return };
    cases.retain(|case| {
        case.row["kind"] == "block" && case.expected["blocks"][0]["block"]["verdict"] == "valid"
    });
    let mut cases = common::spread(cases, 2);
    let metadata = |case: &Case| case.row["path"].as_str().is_some();
    cases.retain(|case| !metadata(case));
    assert!(!cases.is_empty());
    let lengths: Vec<usize> = cases.iter().map(|case| case.record.len()).collect();
    let (judged, _) = common::damage(&Fabric, &cases, 41, |damage, whole, report| {
        // The envelopes are under the data hash, so they are as they were.
        let same = whole.transactions.len() == report.transactions.len() && whole.hash == report.hash;
        assert!(report.verdict == Verdict::Valid && same, "{damage:?}");
        matches!(damage, Damage::Flip(_)) || lengths.iter().any(|length| damage != Damage::Cut(*length))
    });
    assert!(judged > 4_000, "{judged}");
}
