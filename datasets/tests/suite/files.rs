//! Rows through files and back: both formats, blocks, vectors, and partial output.

use crate::common;

use std::path::Path;

use common::{jsonl_rows, read_all, rules, sample_rows, write_rows};
use sigwarp::{DefaultRules, Engine};
use sigwarp_datasets::{Expected, KeyFile, ReadOptions, Row, RowBlock, RowReader, RowWriter, VerdictWriter};

#[test]
fn both_formats_give_the_same_rows() {
    let dir = tempfile::tempdir().unwrap();
    let rows = sample_rows(700);
    let read = |name: &str| {
        let path = dir.path().join(name);
        write_rows(&path, &rows, 100);
        read_all(&path, &ReadOptions { block_rows: 64, ..rules(&["zip215", "ecdsa"]) }).unwrap()
    };
    let (parquet, jsonl) = (read("rows.parquet"), read("rows.jsonl"));
    assert_eq!(parquet.len(), 700);
    assert_eq!(parquet, jsonl);
    for (read, written) in parquet.iter().zip(&rows) {
        let row = written.row();
        assert_eq!(read.id.as_deref(), row.id);
        assert_eq!(Some(read.suite.scheme().name()), row.scheme);
        assert_eq!(Some(read.message.as_slice()), row.message.or(row.digest));
        assert_eq!(Some(read.key.as_slice()), row.public_key);
        assert_eq!(Some(read.signature.as_slice()), row.signature);
        assert_eq!(read.recovery_id, row.recovery_id);
    }
}

#[test]
fn blocks_are_bounded_in_rows_and_bytes() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["rows.parquet", "rows.jsonl"] {
        let path = dir.path().join(name);
        let mut writer = RowWriter::create(&path, 1000).unwrap();
        let large = vec![7; 100_000];
        for row in 0..500usize {
            let message = if row % 50 == 0 { large.as_slice() } else { b"small" };
            let row = Row { message: Some(message), ..common::ed25519_row() };
            writer.write(&row, None).unwrap();
        }
        writer.finish().unwrap();
        let options = ReadOptions { block_rows: 60, block_bytes: 150_000, ..rules(&["strict"]) };
        let mut reader = RowReader::open(&path, &options).unwrap();
        let (mut block, mut rows, mut largest) = (RowBlock::new(), 0, 0);
        while reader.next_block(&mut block).unwrap() {
            assert_eq!(block.first_row(), rows);
            assert!(block.len() <= 60 && block.bytes() < 150_000 + 100_200);
            largest = largest.max(block.len());
            rows += block.len() as u64;
        }
        assert_eq!((rows, largest, reader.rows_read()), (500, 60, 500));
        assert!(!reader.next_block(&mut block).unwrap());
        assert_eq!(reader.fraction_read(), Some(1.0));
    }
}

#[test]
fn expected_by_rule_is_read_under_the_rule_of_the_row() {
    let line = |rule: &str| {
        format!(
            r#"{{"scheme":"ed25519",{rule}"public_key":"","message":"","signature":"","expected":{{"zip215":true,"strict":false}}}}"#
        )
    };
    let lines = [line(""), line(r#""rule":"strict","#), line(r#""rule":"donna","#)].join("\n");
    let rows = jsonl_rows(&lines, &rules(&["zip215"])).unwrap();
    assert_eq!(rows.iter().map(|row| row.expected).collect::<Vec<_>>(), [Some(true), Some(false), None]);
}

#[test]
fn rows_refer_to_keys_by_index_in_either_format() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["keys.parquet", "keys.jsonl"] {
        let path = dir.path().join(name);
        let mut writer = RowWriter::create(&path, 1000).unwrap();
        for key in [b"first".as_slice(), b"", b"third key"] {
            writer.write(&Row { public_key: Some(key), ..Row::default() }, None).unwrap();
        }
        writer.finish().unwrap();
        let keys = KeyFile::load(&path, 1 << 20).unwrap();
        assert_eq!((keys.len(), keys.get(1), keys.get(3)), (3, Some(b"".as_slice()), None));
        let options = ReadOptions { keys: Some(keys.into()), ..rules(&["strict"]) };
        let line = r#"{"scheme":"ed25519","key_index":2,"message":"","signature":""}"#;
        assert_eq!(jsonl_rows(line, &options).unwrap()[0].key, b"third key");
    }
}

#[test]
fn unknown_columns_nulls_blank_lines_and_numeric_ids_are_fine() {
    let lines = concat!(
        "\n  \r\n",
        r#"{"note":[1,{"a":null}],"id":17,"rule":null,"scheme":"schnorr-bip340","public_key":"","#,
        r#""message":"","digest":null,"signature":"","expected":null,"recovery_id":null}"#,
        "\r\n\n",
        r#"{"id":"\u0061\n","scheme":"schnorr-bip340","public_key":"","message":"AbCd","signature":""}"#,
    );
    let rows = jsonl_rows(lines, &rules(&[])).unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!((rows[0].id.as_deref(), rows[1].id.as_deref()), (Some("17"), Some("a\n")));
    assert_eq!(rows[1].message, [0xab, 0xcd]);
}

#[test]
fn a_default_rule_that_fits_no_row_can_be_told() {
    let rules_given = DefaultRules::new(["zip215", "ecdsa", "bip340"]).unwrap();
    let line = r#"{"scheme":"ed25519","rule":"strict","public_key":"","message":"","signature":""}"#;
    let options = ReadOptions { rules: rules_given.clone(), ..ReadOptions::default() };
    let mut reader = RowReader::jsonl("test", line.as_bytes(), &options);
    while reader.next_block(&mut RowBlock::new()).unwrap() {}
    assert_eq!(rules_given.without_scheme(reader.schemes()), ["ecdsa", "bip340"]);
}

#[test]
fn verdicts_are_written_under_their_name_only_when_complete() {
    let dir = tempfile::tempdir().unwrap();
    let lines: String = (0..3)
        .map(|id| {
            format!(
                r#"{{"id":"{id}","scheme":"ed25519","public_key":"{}","message":"","signature":""}}{}"#,
                "00".repeat(31 + id),
                "\n"
            )
        })
        .collect();
    let mut reader = RowReader::jsonl("test", std::io::Cursor::new(lines), &rules(&["strict"]));
    let mut block = RowBlock::new();
    assert!(reader.next_block(&mut block).unwrap());
    let verdicts = Engine::builder().build().unwrap().verify(block.batch()).unwrap();

    for name in ["out.jsonl", "out.parquet"] {
        let path = dir.path().join(name);
        let partial = dir.path().join(format!("{name}.partial"));
        let mut writer = VerdictWriter::create(&path).unwrap();
        writer.write(5, &block, &verdicts).unwrap();
        assert!(partial.exists() && !path.exists());
        drop(writer);
        assert!(partial.exists() && !path.exists(), "an unfinished output keeps its partial name");
        let mut writer = VerdictWriter::create(&path).unwrap();
        writer.write(5, &block, &verdicts).unwrap();
        writer.finish().unwrap();
        assert!(!partial.exists() && path.exists());
    }
    let text = std::fs::read_to_string(dir.path().join("out.jsonl")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], r#"{"index":5,"id":"0","verdict":"invalid","reason":"BadKeyLength"}"#);
    assert_eq!(lines[1], r#"{"index":6,"id":"1","verdict":"invalid","reason":"BadSignatureLength"}"#);
    assert_eq!(lines.len(), 3);
    let rows = common::parquet::parquet_rows(&dir.path().join("out.parquet"));
    assert_eq!(rows.len(), 3);
    assert_eq!(
        rows[1].to_string(),
        "{index: 6, id: \"1\", verdict: \"invalid\", reason: \"BadSignatureLength\"}"
    );
    let error = VerdictWriter::create(&dir.path().join("out.csv")).unwrap_err().to_string();
    assert!(error.ends_with("out.csv: unknown file type; name a .parquet or .jsonl file"));
}

#[test]
fn a_full_disk_is_an_error_of_the_writer() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        println!("skipped: this system has no /dev/full");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for name in ["full.jsonl", "full.parquet"] {
        let path = dir.path().join(name);
        #[cfg(unix)]
        std::os::unix::fs::symlink(full, &path).unwrap();
        let written = RowWriter::create(&path, 1000).and_then(|mut writer| {
            writer.write(&common::ed25519_row(), None)?;
            writer.finish()
        });
        let error = written.unwrap_err().to_string();
        assert!(error.contains("cannot write: ") && error.contains("No space left"), "{error}");
    }
}

#[test]
fn only_jsonl_holds_expected_by_rule() {
    let dir = tempfile::tempdir().unwrap();
    let by_rule = [("strict".into(), true)];
    let row = Row { expected: Expected::ByRule(&by_rule), ..common::ed25519_row() };
    let mut writer = RowWriter::create(&dir.path().join("a.parquet"), 10).unwrap();
    assert!(writer.write(&row, None).unwrap_err().to_string().contains("write JSONL"));
    let path = dir.path().join("a.jsonl");
    let mut writer = RowWriter::create(&path, 10).unwrap();
    writer.write(&row, Some("none")).unwrap();
    writer.finish().unwrap();
    let rows = read_all(&path, &rules(&["strict"])).unwrap();
    assert_eq!(rows[0].expected, Some(true));
}

/// The files of the vectors and their rows.
const VECTORS: [(&str, usize); 8] = [
    ("real/bitcoin.jsonl", 3874),
    ("real/ethereum.jsonl", 1370),
    ("real/xrpl.jsonl", 134),
    ("real/neo.jsonl", 253),
    ("real/fabric.jsonl", 64),
    ("real/solana.jsonl", 21),
    ("edges/ed25519.jsonl", 1273),
    ("edges/sm2.jsonl", 11),
];

#[test]
fn the_vectors_are_read_whole() {
    let Some(folder) = std::env::var_os("SIGWARP_VECTORS") else {
        println!("skipped: SIGWARP_VECTORS names no folder of vectors");
        return;
    };
    for (name, count) in VECTORS {
        let rows = read_all(&Path::new(&folder).join(name), &rules(&["zip215"])).unwrap();
        assert_eq!(rows.len(), count, "{name}");
        assert!(rows.iter().all(|row| row.expected.is_some() && row.id.is_some()), "{name}");
        let recovery_ids = rows.iter().filter(|row| row.recovery_id.is_some()).count();
        assert_eq!(recovery_ids, if name.contains("ethereum") { count } else { 0 }, "{name}");
    }
}
