//! Cells that contradict each other or appear twice, and files that begin with a byte order mark.

use std::fs;

use serde_json::{Value, json};

use super::tables::{columns, lines, recoverable, valid, with, write_parquet};
use crate::common::{command, run};

type Command = (&'static str, fn(&str) -> Value);

const COMMANDS: [Command; 2] = [("verify", valid), ("recover", recoverable)];

#[track_caller]
fn assert_refused(folder: &std::path::Path, arguments: &[&str], input: &[u8], message: &str) {
    let ran = run(command(folder).args(arguments), input);
    let told = String::from_utf8_lossy(&ran.err);
    assert_eq!(ran.status, Some(2), "{arguments:?}: {told}");
    assert!(told.contains(message), "{arguments:?} should say {message:?}: {told}");
}

#[test]
fn members_that_appear_twice() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let members = [
        "id",
        "scheme",
        "rule",
        "encoding",
        "user_id",
        "public_key",
        "key_index",
        "message",
        "digest",
        "signature",
        "recovery_id",
        "expected",
    ];
    for (name, row) in COMMANDS {
        let row = row("a");
        for member in members {
            let value = match member {
                "key_index" | "recovery_id" => json!(0),
                "expected" => json!(true),
                "user_id" | "digest" | "message" | "public_key" => json!("00"),
                member => row[member].clone(),
            };
            let plain = with(row.clone(), &[(member, value.clone())]);
            let rest = &plain.to_string()[1..];
            for first in [Value::Null, value] {
                let doubled = format!("{{\"{member}\":{first},{rest}");
                assert_refused(
                    folder.path(),
                    &[name, "-"],
                    doubled.as_bytes(),
                    &format!("{member} appears twice; keep one"),
                );
            }
            let both_null = format!("{{\"{member}\":null,\"{member}\":null}}");
            assert_refused(
                folder.path(),
                &[name, "-"],
                both_null.as_bytes(),
                &format!("{member} appears twice; keep one"),
            );
        }
        let by_rule = format!(
            "{{\"expected\":{{\"strict\":true,\"zip215\":true,\"strict\":true}},{}",
            &row.to_string()[1..]
        );
        assert_refused(folder.path(), &[name, "-"], by_rule.as_bytes(), "strict appears twice; keep one");
        // Other members are ignored, however often they appear.
        let others = format!("{{\"more\":1,\"more\":2,{}", &row.to_string()[1..]);
        assert_eq!(run(command(folder.path()).args([name, "-"]), others.as_bytes()).status, Some(0));
    }
    for cell in [
        "{\"x\":null,\"x\":\"00\"}",
        "{\"x\":\"00\",\"x\":null}",
        "{\"x\":\"00\",\"x\":\"00\"}",
        "{\"x\":null,\"x\":null}",
    ] {
        assert_refused(
            folder.path(),
            &["hash", "-", "--column", "x"],
            cell.as_bytes(),
            "x appears twice; keep one",
        );
    }
    fs::write(folder.path().join("keys.jsonl"), "{\"public_key\":null,\"public_key\":\"00\"}\n")
        .expect("a file");
    assert_refused(
        folder.path(),
        &["verify", "-", "--keys", "keys.jsonl"],
        b"",
        "public_key appears twice; keep one",
    );
}

#[test]
fn columns_that_appear_twice() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("rows.parquet");
    for (name, row) in COMMANDS {
        let table = columns(&[row("a")]);
        for doubled in &table {
            let table = [&table[..], std::slice::from_ref(doubled)].concat();
            write_parquet(&file, &table);
            let message = format!("rows.parquet: column {} appears twice; keep one", doubled.0);
            assert_refused(folder.path(), &[name, "rows.parquet"], b"", &message);
        }
        // Other columns are ignored, however often they appear.
        let other = ("more".to_owned(), table[0].1.clone());
        write_parquet(&file, &[&table[..], &[other.clone(), other]].concat());
        assert_eq!(run(command(folder.path()).args([name, "rows.parquet"]), b"").status, Some(0));
    }
    let table = columns(&[json!({"public_key": "00", "message": "00"})]);
    let doubled = [&table[..], &table].concat();
    write_parquet(&file, &doubled);
    assert_refused(
        folder.path(),
        &["hash", "rows.parquet", "--column", "message"],
        b"",
        "column message appears twice",
    );
    write_parquet(&folder.path().join("keys.parquet"), &doubled);
    assert_refused(
        folder.path(),
        &["verify", "-", "--keys", "keys.parquet"],
        b"",
        "column public_key appears twice",
    );
}

#[test]
fn cells_that_contradict_each_other() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    let signature = recoverable("a")["signature"].as_str().expect("digits").to_owned();
    let in_signature = |id: u8, cell: u8| {
        let changes = [
            ("encoding", json!("raw-v")),
            ("recovery_id", json!(cell)),
            ("signature", json!(format!("{signature}{id:02x}"))),
        ];
        with(recoverable("a"), &changes)
    };
    let both = |row: Value, message: &str, file: &str, name: &str| {
        fs::write(path.join("rows.jsonl"), lines(std::slice::from_ref(&row))).expect("a file");
        write_parquet(&path.join("rows.parquet"), &columns(&[row]));
        assert_refused(path, &[name, file], b"", message);
    };
    for file in ["rows.jsonl", "rows.parquet"] {
        for (id, cell) in [(0, 1), (1, 0), (0, 9), (27, 1), (0, 27), (3, 255), (229, 255)] {
            both(in_signature(id, cell), "the row has two recovery ids", file, "recover");
        }
    }
    let same = in_signature(0, 0);
    let ran = run(command(path).args(["recover", "-"]), same.to_string().as_bytes());
    assert_eq!(ran.status, Some(0), "the same id twice is no contradiction");
    // A message, and the digest of another; or of this.
    let p256 = |digest: &str| {
        let changes =
            [("scheme", json!("ecdsa-p256-sha256")), ("rule", json!("ecdsa")), ("digest", json!(digest))];
        with(valid("a"), &changes)
    };
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    for file in ["rows.jsonl", "rows.parquet"] {
        both(p256(abc), "digest is not the sha256 digest of message; keep one of them", file, "verify");
        both(p256(""), "digest is not the sha256 digest of message; keep one of them", file, "verify");
    }
    let same = with(p256(abc), &[("message", json!("616263"))]);
    assert_eq!(run(command(path).args(["verify", "-"]), same.to_string().as_bytes()).status, Some(1));
    let two_keys = with(valid("a"), &[("key_index", json!(0))]);
    assert_refused(
        path,
        &["verify", "-"],
        two_keys.to_string().as_bytes(),
        "public_key and key_index are both set",
    );
}

const MARK: &str = "\u{feff}";

#[test]
fn a_byte_order_mark_changes_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    let rows = [valid("a"), valid("b")];
    let key = json!({"public_key": rows[0]["public_key"]});
    fs::write(path.join("keys.jsonl"), format!("{MARK}{key}\n")).expect("a file");
    let indexed = with(valid("a"), &[("public_key", Value::Null), ("key_index", json!(0))]);
    for (text, count) in [
        (format!("{MARK}{}", lines(&rows)), 2),
        (format!("{MARK}\n{}", lines(&rows)), 2),
        // Files that were joined.
        (format!("{MARK}{0}{MARK}{0}", lines(&rows)), 4),
        (format!("{MARK}{indexed}"), 1),
    ] {
        fs::write(path.join("rows.jsonl"), &text).expect("a file");
        for file in ["rows.jsonl", "-"] {
            let arguments = ["verify", file, "--keys", "keys.jsonl", "--format", "json"];
            let ran = run(command(path).args(arguments), text.as_bytes());
            let summary = super::tables::summary_in(&String::from_utf8_lossy(&ran.out));
            assert_eq!((ran.status, &summary["valid"]), (Some(0), &json!(count)), "{summary}");
            let ran = run(command(path).args(["hash", file, "--column", "message"]), text.as_bytes());
            assert_eq!((ran.status, ran.out.iter().filter(|&&byte| byte == b'\n').count()), (Some(0), count));
        }
    }
    let marked = format!("{MARK}{}", recoverable("a"));
    assert_eq!(run(command(path).args(["recover", "-"]), marked.as_bytes()).status, Some(0));
    assert_refused(path, &["verify", "-"], MARK.as_bytes(), "holds no rows");
    for utf16 in [&b"\xff\xfe{\0}\0"[..], b"\xfe\xff\0{\0}"] {
        for arguments in [&["verify", "-"][..], &["recover", "-"], &["hash", "-", "--column", "x"]] {
            assert_refused(
                path,
                arguments,
                utf16,
                "byte order mark of UTF-16 or UTF-32; write the file as UTF-8",
            );
        }
    }
}
