//! The committed datasets: they can be generated again, they separate the rules, and the engine agrees with them.

use crate::common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use common::rules;
use sigwarp::{Engine, Scheme};
use sigwarp_datasets::edges;
use sigwarp_datasets::generate::{Fault, Generator, Workload};
use sigwarp_datasets::{RowBlock, RowReader, RowWriter};

fn committed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Compares without printing megabytes.
fn assert_same(name: &str, generated: &Path) {
    let (generated, committed) = (fs::read(generated).unwrap(), fs::read(committed(name)).unwrap());
    let lines = |bytes: &[u8]| bytes.split(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    let (left, right) = (lines(&generated), lines(&committed));
    let first = left.iter().zip(&right).position(|(left, right)| left != right);
    assert!(
        generated == committed,
        "{name} differs from what the generator writes, first in line {first:?} of {} and {}",
        left.len(),
        right.len()
    );
}

#[test]
fn edge_cases_are_what_the_generator_writes() {
    let folder = tempfile::tempdir().unwrap();
    for (name, cases) in edges::files() {
        let path = folder.path().join(name);
        let mut writer = RowWriter::create(&path, 1000).unwrap();
        for edge in &cases {
            edge.write(&mut writer).unwrap();
        }
        writer.finish().unwrap();
        assert_same(&format!("edges/{name}"), &path);
        let names: BTreeSet<_> = cases.iter().map(|edge| (&edge.id, edge.encoding)).collect();
        assert_eq!(names.len(), cases.len(), "{name} has a name twice");
    }
}

#[test]
fn the_sample_is_what_the_generator_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("iot.jsonl");
    let mut writer = RowWriter::create(&path, 1000).unwrap();
    Generator::new(Workload::iot_sample()).unwrap().write_rows(&mut writer, |_| true).unwrap();
    writer.finish().unwrap();
    assert_same("samples/iot.jsonl", &path);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.len() < 3_000_000 && text.lines().count() == 3000);
    for fault in Fault::ALL {
        assert!(text.matches(&format!("\"fault\":\"{}\"", fault.name())).count() >= 5, "{fault:?}");
    }
}

/// The rows whose verdict by the engine is not the expected one.
fn mismatches(engine: &Engine, name: &str, rule: &[&str]) -> Vec<String> {
    let mut reader = RowReader::open(&committed(name), &rules(rule)).unwrap();
    let (mut block, mut wrong) = (RowBlock::new(), Vec::new());
    while reader.next_block(&mut block).unwrap() {
        let verdicts = engine.verify(block.batch()).unwrap();
        for (item, verdict) in verdicts.iter().enumerate() {
            if block.expected()[item] != Some(verdict.is_valid()) {
                wrong.push(format!("{name} {rule:?}: {} is {verdict}", block.id(item).unwrap_or_default()));
            }
        }
    }
    wrong
}

#[test]
fn the_engine_agrees_under_every_rule() {
    let engine = Engine::builder().build().unwrap();
    let mut wrong = mismatches(&engine, "samples/iot.jsonl", &[]);
    for (name, cases) in edges::files() {
        let rules: BTreeSet<&str> = cases.iter().flat_map(|edge| edge.scheme.rules()).copied().collect();
        for rule in rules {
            wrong.extend(mismatches(&engine, &format!("edges/{name}"), &[rule]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A committed row: scheme, id, encoding and verdicts by rule. Another test sees to it that these are the oracle's.
#[derive(serde::Deserialize)]
struct Case {
    scheme: String,
    id: String,
    encoding: String,
    expected: BTreeMap<String, bool>,
}

fn cases(name: &str) -> Vec<Case> {
    let text = fs::read_to_string(committed(&format!("edges/{name}"))).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn ed25519_cases_separate_every_pair_of_rules_that_can_be() {
    let cases = cases("ed25519.jsonl");
    let names = Scheme::Ed25519.rules();
    for (i, left) in names.iter().enumerate() {
        for right in &names[i + 1..] {
            // No signature can be built that separates these two.
            let inseparable = (*left, *right) == ("strict", "libsodium");
            let separated = cases.iter().any(|case| case.expected[*left] != case.expected[*right]);
            assert_eq!(separated, !inseparable, "{left} and {right}");
        }
    }
}

#[test]
fn cases_are_what_their_names_say() {
    for (file, _) in edges::files() {
        for Case { scheme, id, encoding, expected } in cases(file) {
            let all =
                |valid: bool| assert!(expected.values().all(|&v| v == valid), "{file} {id}: {expected:?}");
            let under = |rule: &str, valid: bool| assert_eq!(expected[rule], valid, "{file} {id} {rule}");
            let (class, case) = id.split_once(':').unwrap();
            match (Scheme::from_name(&scheme).unwrap(), class) {
                (Scheme::Ed25519, "length") => all(true),
                (Scheme::Ed25519, "small-order" | "small-r") => under("zip215", true),
                (Scheme::Ed25519, "mixed-order") => {
                    under("zip215", true);
                    under("cofactorless", case.ends_with("cancelling"));
                }
                (Scheme::Ed25519, "encoding" | "negated" | "flipped" | "s-bit") => all(false),
                (Scheme::Ed25519, "key-length" | "signature-length") => all(false),
                (Scheme::Bip340, "valid" | "message") => all(true),
                (Scheme::Bip340, _) => all(false),
                (Scheme::Bip341Commitment, "valid" | "t=0" | "doubling") => all(true),
                (Scheme::Bip341Commitment, "t") => all(["0", "1", "n/2", "n/2+1", "n-1"].contains(&case)),
                (Scheme::Bip341Commitment, _) => all(false),
                (Scheme::Sm2, "t=0" | "infinity") => all(false),
                (Scheme::Sm2, "wrapped" | "digest") => all(true),
                (Scheme::Sm2Sm3, "user-id") => all(case.ends_with("its own")),
                (Scheme::Sm2Sm3, "flipped" | "negated" | "swapped" | "length") => all(false),
                (scheme, class) if scheme.ecdsa().is_some() => match class {
                    "valid" if encoding != "raw-v" => under("ecdsa", true),
                    "range" | "flipped" => all(false),
                    "sum" => under("ecdsa", !case.starts_with("infinity")),
                    "malleable" => under("ecdsa", true),
                    _ => {}
                },
                _ => {}
            }
        }
    }
}
