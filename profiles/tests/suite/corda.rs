//! Corda: the cases, what damage does, and the traps of the format.

use serde_json::Value as Json;
use sigwarp_profiles::corda::{Context, Corda};
use sigwarp_profiles::{Batch, Report, verify};

use crate::common::{self, Case, Damage, Subject};

/// Reasons have the names of the evaluator.
const SUBJECT: Subject = Subject { system: &Corda, reason: |name| name, more };

const CASES: &str = "profiles/corda/cases.jsonl.gz";
const EXPECTED: &str = "profiles/expected/corda.jsonl";

fn more(report: &Report, expected: &Json) -> Vec<String> {
    let found = report.tx_id.as_deref().map(hex::encode);
    match found.as_deref() == expected["tx_id"].as_str() {
        true => Vec::new(),
        false => vec![format!("the id is {found:?}, expected {}", expected["tx_id"])],
    }
}

#[test]
fn cases_are_judged_as_expected() {
    let Some(cases) = common::cases(&Corda, CASES, EXPECTED) else { return };
    assert_eq!(SUBJECT.check(&cases), 78);
}

fn valid() -> Option<Vec<Case>> {
    let mut cases = common::cases(&Corda, CASES, EXPECTED)?;
    cases.retain(|case| case.expected["verdict"] == "valid");
    Some(cases)
}

fn judge(record: &[u8]) -> Report {
    let mut batch = Batch::new();
    batch.push(&Corda, record, &Context);
    verify(common::fastest(), batch).expect("an engine that works").remove(0)
}

/// Verdict and cause, or what is undecided.
fn said(record: &[u8]) -> String {
    let report = judge(record);
    let open: String = report.undecided.iter().map(|cause| format!(" {cause}")).collect();
    let cause = report.verdict.cause().filter(|_| open.is_empty()).map(|cause| format!(" {cause}"));
    format!("{}{open}{}", report.verdict.name(), cause.unwrap_or_default())
}

/// Names and labels of a schema, and numbers in other widths, are signed by nobody. What is still valid has the same id and
/// the same keys, and no bytes were taken away.
#[test]
fn damaged_transactions_are_valid_where_nothing_that_is_signed_changed() {
    let Some(cases) = valid() else { return };
    let cases = common::spread(cases, 4);
    let same = |damage, whole: &Report, damaged: &Report| {
        let keys = |report: &Report| report.signatures.iter().map(|of| of.key.clone()).collect::<Vec<_>>();
        matches!(damage, Damage::Flip(_)) && whole.tx_id == damaged.tx_id && keys(whole) == keys(damaged)
    };
    let (judged, valid) = common::damage(&Corda, &cases, 97, same);
    assert!(judged > 10_000 && valid > 10 && valid < judged / 5, "{valid} of {judged}");
}

/// A list of signatures whose one element cannot be read has no signature, and not one less to look at.
#[test]
fn signatures_that_cannot_be_read_are_not_left_out() {
    let Some(cases) = valid() else { return };
    for case in cases {
        // The descriptor of the first element of the list of signatures, as a string that is no symbol.
        let list = (0..case.record.len() - 4).find(|&at| {
            case.record[at] == 0xc0 && case.record[at + 2] == 1 && case.record[at + 3..at + 5] == [0, 0xa3]
        });
        let Some(list) = list else { continue };
        let mut record = case.record.clone();
        record[list + 4] = 0xa1;
        let mut batch = Batch::new();
        batch.push(&Corda, &record, &Context);
        let report = verify(common::fastest(), batch).expect("an engine that works").remove(0);
        assert_eq!(report.verdict.name(), "invalid", "{}", case.id);
    }
}

/// Where these bytes stand first after others.
fn find(record: &[u8], from: usize, bytes: &[u8]) -> usize {
    from + record[from..].windows(bytes.len()).position(|window| window == bytes).expect("the bytes")
}

/// A case with one key, and where its signature has its tree of transactions and its scheme, and where its first group
/// has its number.
fn places() -> Option<(Vec<u8>, [usize; 3])> {
    let record = valid()?.into_iter().find(|case| case.row["note"] == "ed25519 class 0")?.record;
    let metadata = find(&record, 0, b"net.corda:IzFt8cRKytsJq3vQ+yjsGg==");
    // Before its descriptor: a null, 0 for a described value, a symbol of 50 bytes.
    let tree = metadata - 4;
    let scheme = find(&record, metadata, &[0xc0, 5, 2, 0x54]) + 6;
    let components = find(&record, 0, b"net.corda:JYpeblY7Crx/a1JihxJC6w==");
    let group = find(&record, components, &[0x54, 1]) + 1;
    assert_eq!((record[tree], record[scheme], record[group]), (0x40, 4, 1));
    Some((record, [tree, scheme, group]))
}

/// A case with a byte replaced.
fn with(record: &[u8], at: usize, byte: u8) -> Vec<u8> {
    let mut record = record.to_vec();
    record[at] = byte;
    record
}

/// A notary that signs several transactions at once signs the root of their tree.
#[test]
fn signatures_of_several_transactions_are_open() {
    let Some((record, [tree, ..])) = places() else { return };
    assert_eq!(said(&record), "valid");
    // An empty list where a tree stands.
    assert_eq!(said(&with(&record, tree, 0x45)), "undecided PartialMerkleTree");
}

#[test]
fn the_scheme_is_that_of_the_key() {
    let Some((record, [_, scheme, _])) = places() else { return };
    for other in [0, 1, 2, 3, 5, 6, 7, 0xff] {
        assert_eq!(said(&with(&record, scheme, other)), "invalid signature[0]: SchemeMismatch", "{other}");
    }
}

/// The id has a node for every number up to the last, so that a large one would take any amount of memory.
#[test]
fn numbers_of_groups_are_bounded() {
    let Some((record, [.., group])) = places() else { return };
    // The tree has one more node, or ends earlier.
    assert_eq!(said(&with(&record, group, 63)), "invalid signature[0]: EquationFailed");
    assert_eq!(said(&with(&record, group, 64)), "undecided GroupIndex");
    assert_eq!(said(&with(&record, group, 0xff)), "invalid Malformed");
    // The number of the second group.
    assert_eq!(said(&with(&record, group, 2)), "invalid Malformed");
}

/// Corda reads integers of one byte and of four; what a party has signed has one byte where that is enough.
#[test]
fn integers_of_four_bytes_sign_the_same() {
    let Some((record, [_, scheme, _])) = places() else { return };
    // c0 05 02 54 v 54 s becomes c0 08 02 54 v 71 0 0 0 s, and the sizes around it grow by three.
    let mut longer = record.clone();
    longer.splice(scheme - 1..scheme, [0x71, 0, 0, 0]);
    longer[scheme - 5] += 3;
    for (at, is_one_byte) in lists_around(&record, scheme) {
        match is_one_byte {
            true => longer[at] += 3,
            false => {
                let size = u32::from_be_bytes(longer[at..at + 4].try_into().expect("four bytes")) + 3;
                longer[at..at + 4].copy_from_slice(&size.to_be_bytes());
            }
        }
    }
    assert_eq!(said(&longer), "valid");
}

/// Where the lists around the metadata of the first signature have their sizes: the envelope, its object, the list of
/// signatures, the signature.
fn lists_around(record: &[u8], metadata: usize) -> Vec<(usize, bool)> {
    let descriptors: [&[u8]; 4] = [
        &[0x80, 0xc5, 0x62, 0, 0, 0, 0, 0, 1],
        b"net.corda:zToILi8Cg+z9QG52DsFT9g==",
        b"net.corda:sn/Xdg8mYdD6UaHuhAtfuA==",
        b"net.corda:yvZEAEk/Mol3gA1115mguQ==",
    ];
    let of = |bytes: &&[u8]| {
        let code = find(record, 0, bytes) + bytes.len();
        assert!(code < metadata);
        (code + 1, record[code] == 0xc0)
    };
    descriptors.iter().map(of).collect()
}
