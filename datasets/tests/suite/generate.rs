//! The workload generator: same bytes everywhere, and `expected` as the oracle judges.

use crate::common;

use std::path::Path;
use std::sync::Arc;

use common::{Read, read_all, rules};
use sha2::{Digest, Sha256};
use sigwarp::{Scheme, Suite, oracle};
use sigwarp_datasets::generate::{Fault, Generator, KeyChoice, MessageShape, Share, Workload};
use sigwarp_datasets::{KeyFile, ReadOptions, RowWriter};

/// Writes rows and keys in a folder and reads them back.
fn generate(folder: &Path, name: &str, workload: &Workload) -> Vec<Read> {
    let generator = Generator::new(workload.clone()).unwrap();
    let keys = folder.join(format!("keys.{name}"));
    let mut writer = RowWriter::create(&keys, 1000).unwrap();
    generator.write_keys(&mut writer).unwrap();
    writer.finish().unwrap();
    let rows = folder.join(format!("rows.{name}"));
    let mut writer = RowWriter::create(&rows, 1000).unwrap();
    assert!(generator.write_rows(&mut writer, |_| true).unwrap());
    writer.finish().unwrap();
    let keys = KeyFile::load(&keys, 1 << 20).unwrap();
    assert_eq!(keys.len() as u64, generator.keys());
    read_all(&rows, &ReadOptions { keys: Some(Arc::new(keys)), ..rules(&[]) }).unwrap()
}

fn every_suite() -> Vec<Suite> {
    // A commitment is no signature that a device makes.
    let signs = |suite: &Suite| suite.scheme().is_accelerated() && suite.scheme() != Scheme::Bip341Commitment;
    let mut suites: Vec<Suite> = Suite::all().into_iter().filter(signs).collect();
    suites.push(Suite::from_names("sm2-sm3", None, None, Some(b"device@example.com")).unwrap());
    suites
}

#[test]
fn the_oracle_judges_as_expected_every_suite_with_every_fault() {
    let folder = tempfile::tempdir().unwrap();
    let suites = every_suite();
    for fault in Fault::ALL {
        let shares = suites.iter().filter(|suite| fault.fits(suite));
        let shares: Vec<Share> = shares.map(|suite| Share { suite: suite.clone(), weight: 1 }).collect();
        let rows = generate(
            folder.path(),
            "parquet",
            &Workload {
                items: 15 * shares.len() as u64,
                shares,
                devices: 3,
                bad: 0.8,
                faults: vec![fault],
                messages: MessageShape::Range(0, 40),
                ..Workload::default()
            },
        );
        let mut bad = 0;
        for row in &rows {
            let verdict = oracle::verify(&row.suite, &row.key, &row.message, &row.signature).unwrap();
            assert_eq!(Some(verdict.is_valid()), row.expected, "{fault:?} {} {verdict}", row.suite);
            bad += usize::from(!verdict.is_valid());
        }
        assert!(bad * 4 > rows.len(), "{fault:?}: {bad} bad rows of {}", rows.len());
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_with_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let workload = Workload {
        items: 400,
        devices: 20,
        keys: KeyChoice::Zipf { exponent: 1.1 },
        messages: MessageShape::SenmlCbor,
        ..Workload::default()
    };
    let bytes = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| generate(folder.path(), "jsonl", &workload));
        [std::fs::read(folder.path().join("keys.jsonl")), std::fs::read(folder.path().join("rows.jsonl"))]
            .map(Result::unwrap)
            .concat()
    };
    let one = bytes(1);
    assert!(one == bytes(3));
    // A change here changes every generated file: it belongs into the notes of a release.
    assert_eq!(
        hex::encode(Sha256::digest(&one)),
        "c1f2f6c704ec34f8e72e5b29b385f747f4b3eaaa104d63dca7fae2a3b6d61110"
    );
}

#[test]
fn keys_and_rows_agree_in_both_formats_and_inline() {
    let folder = tempfile::tempdir().unwrap();
    let workload = Workload { items: 300, devices: 10, ..Workload::default() };
    let jsonl = generate(folder.path(), "jsonl", &workload);
    assert_eq!(jsonl, generate(folder.path(), "parquet", &workload));
    assert_eq!(jsonl, generate(folder.path(), "jsonl", &Workload { inline_keys: true, ..workload }));
    let text = std::fs::read_to_string(folder.path().join("rows.jsonl")).unwrap();
    assert!(text.contains("\"fault\":\"") && !text.contains("key_index"));
}

#[test]
fn writing_stops_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let workload =
        Workload { items: 100, devices: 2, messages: MessageShape::Fixed(64 << 20), ..Workload::default() };
    let generator = Generator::new(workload).unwrap();
    let mut writer = RowWriter::create(&folder.path().join("rows.parquet"), 1).unwrap();
    // A message as large as may be: rows are made one at a time.
    let mut calls = Vec::new();
    let whole = generator.write_rows(&mut writer, |written| {
        calls.push(written);
        false
    });
    assert_eq!((whole.unwrap(), calls), (false, vec![1]));
}

#[test]
fn workloads_that_make_no_sense_are_refused() {
    let error = |workload: Workload| Generator::new(workload).unwrap_err().to_string();
    let base = Workload { devices: 1, ..Workload::default() };
    assert!(error(Workload { shares: vec![], ..base.clone() }).starts_with("the mix is empty"));
    assert!(error(Workload { devices: 0, ..base.clone() }).starts_with("0 devices for each of 3 suites"));
    assert!(error(Workload { devices: u32::MAX, ..base.clone() }).contains("1 to 67108864 keys"));
    for bad in [-0.1, 1.1, f64::NAN] {
        assert!(error(Workload { bad, ..base.clone() }).contains("it must be 0 to 1"));
    }
    for exponent in [-1.0, 11.0, f64::NAN] {
        let keys = KeyChoice::Zipf { exponent };
        assert!(error(Workload { keys, ..base.clone() }).contains("it must be 0 to 10"));
    }
    for messages in [MessageShape::Range(2, 1), MessageShape::Fixed(u32::MAX)] {
        assert!(error(Workload { messages, ..base.clone() }).contains("must not exceed"));
    }
}
