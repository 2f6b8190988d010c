//! Bad input: a clear message, status 2 (or 3 for output), and nothing half-written under its own name.

use crate::common;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use common::{row, sigwarp};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::{Value, json};
use sigwarp::BackendKind;

/// Runs `verify` over `file` with a verdict file, and checks status, message and that no verdict file appears.
fn refused(folder: &Path, arguments: &[&str], input: &[u8], status: i32, message: &str) {
    for format in ["jsonl", "parquet"] {
        let output = format!("verdicts.{format}");
        let arguments = [&["verify", "--output", &output], arguments].concat();
        let ran = sigwarp(folder, &arguments, input);
        assert_eq!(ran.status, Some(status), "{arguments:?}: {ran:?}");
        assert!(ran.err.contains(message), "{arguments:?} should say {message:?}: {}", ran.err);
        assert!(ran.err.starts_with("sigwarp: "), "{}", ran.err);
        assert!(!folder.join(&output).exists(), "{output} is half-written");
    }
    // The JSON summary says that the run is not complete, and why.
    let ran = sigwarp(folder, &[&["verify", "--format", "json"], arguments].concat(), input);
    let summary = common::summary(&ran);
    assert_eq!(summary["complete"], false);
    assert!(summary["error"].as_str().expect("an error").contains(message), "{summary}");
}

/// As [`refused`], for JSONL on standard input.
fn refused_rows(rows: &str, arguments: &[&str], message: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    refused(folder.path(), &[arguments, &["-"]].concat(), rows.as_bytes(), 2, message);
}

/// A column of one cell.
#[derive(Clone)]
enum Cell {
    Text(&'static str),
    Bytes(Vec<u8>),
    Integer(i64),
}

/// Writes a Parquet file of one row.
fn parquet(path: &Path, columns: Vec<(&str, Cell)>) {
    let fields = columns.iter().map(|(name, cell)| match cell {
        Cell::Text(_) => format!("required binary {name} (STRING);"),
        Cell::Bytes(_) => format!("required binary {name};"),
        Cell::Integer(_) => format!("required int64 {name};"),
    });
    let schema = format!("message schema {{ {} }}", fields.collect::<String>());
    let schema = Arc::new(parse_message_type(&schema).expect("a schema"));
    let file = fs::File::create(path).expect("a writable folder");
    let mut writer = SerializedFileWriter::new(file, schema, Arc::default()).expect("a writer");
    let mut group = writer.next_row_group().expect("a row group");
    for (_, cell) in columns {
        let mut column = group.next_column().expect("a writer").expect("a column of the schema");
        let bytes = |cell: &[u8]| [ByteArray::from(cell)];
        let written = match cell {
            Cell::Text(text) => {
                column.typed::<ByteArrayType>().write_batch(&bytes(text.as_bytes()), None, None)
            }
            Cell::Bytes(cell) => column.typed::<ByteArrayType>().write_batch(&bytes(&cell), None, None),
            Cell::Integer(cell) => column.typed::<Int64Type>().write_batch(&[cell], None, None),
        };
        assert_eq!(written.expect("a written cell"), 1);
        column.close().expect("a complete column");
    }
    group.close().expect("a complete row group");
    writer.close().expect("a complete file");
}

fn strings(value: &'static str) -> Cell {
    Cell::Text(value)
}

fn bytes(value: &[u8]) -> Cell {
    Cell::Bytes(value.to_vec())
}

#[test]
fn files_that_cannot_be_read() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    refused(path, &["missing.parquet"], b"", 2, "missing.parquet: no such file");
    refused(path, &["missing.jsonl"], b"", 2, "missing.jsonl: no such file");
    fs::create_dir(path.join("folder.jsonl")).expect("a folder");
    // Folders are expanded before anything is opened, so that there is nothing to sum up.
    let ran = sigwarp(path, &["verify", "folder.jsonl"], b"");
    assert_eq!((ran.status, ran.out.as_str()), (Some(2), ""), "{ran:?}");
    assert!(ran.err.contains("folder.jsonl: the folder holds no file of rows"), "{ran:?}");
    fs::write(path.join("rows.txt"), "a,b").expect("a file");
    refused(path, &["rows.txt"], b"", 2, "rows.txt: unknown file type; name a .parquet, .jsonl, .ndjson,");
    fs::write(path.join("empty.jsonl"), "").expect("a file");
    refused(path, &["empty.jsonl"], b"", 2, "empty.jsonl: holds no rows");
    fs::write(path.join("empty.parquet"), "").expect("a file");
    refused(path, &["empty.parquet"], b"", 2, "empty.parquet: ");
    refused(path, &["-"], b"", 2, "standard input: holds no rows");
    refused(path, &["-", "-"], b"", 2, "standard input (-) can be read only once");
    refused(path, &["--keys", "missing.jsonl", "-"], row(&[]).as_bytes(), 2, "missing.jsonl: no such file");
}

#[test]
fn damaged_parquet_files() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    let columns =
        || vec![("scheme", strings("ed25519")), ("rule", strings("strict")), ("message", bytes(b"m"))];
    let with = |more: Vec<(&'static str, Cell)>| [columns(), more].concat();
    let all = with(vec![("public_key", bytes(&[0; 32])), ("signature", bytes(&[0; 64]))]);
    parquet(&path.join("whole.parquet"), all);
    let whole = fs::read(path.join("whole.parquet")).expect("the file just written");
    for (name, length) in [("cut1", whole.len() - 1), ("cut9", whole.len() - 9), ("half", whole.len() / 2)] {
        let name = format!("{name}.parquet");
        fs::write(path.join(&name), &whole[..length]).expect("a file");
        refused(path, &[&name], b"", 2, &format!("{name}: "));
    }
    parquet(&path.join("nosig.parquet"), with(vec![("public_key", bytes(&[0; 32]))]));
    refused(path, &["nosig.parquet"], b"", 2, "nosig.parquet: column signature is missing");
    parquet(&path.join("nokey.parquet"), with(vec![("signature", bytes(&[0; 64]))]));
    refused(path, &["nokey.parquet"], b"", 2, "public_key");
    let typed = vec![("public_key", bytes(&[0; 32])), ("signature", Cell::Integer(1))];
    parquet(&path.join("typed.parquet"), with(typed));
    refused(path, &["typed.parquet"], b"", 2, "typed.parquet: column signature has type Int64; it must be");
}

#[test]
fn names_that_are_not_known() {
    refused_rows(&row(&[("scheme", json!("ed448"))]), &[], "row 0: unknown scheme \"ed448\"");
    refused_rows(&row(&[("rule", json!("lenient"))]), &[], "row 0: ed25519 has no rule \"lenient\"");
    refused_rows(&row(&[("rule", json!("ecdsa"))]), &[], "row 0: ed25519 has no rule \"ecdsa\"");
    refused_rows(
        &row(&[("encoding", json!("der"))]),
        &[],
        "row 0: ed25519 has no signature encoding \"der\"",
    );
    refused_rows(&row(&[]), &["--rule", "lenient"], "unknown rule \"lenient\"; known are zip215,");
    refused_rows(&row(&[]), &["--rule", "strict", "--rule", "zip215"], "are both for ed25519");
    refused_rows(&row(&[]), &["--rule", "ecdsa"], "--rule ecdsa fits no row");
    refused_rows(
        &row(&[("rule", Value::Null)]),
        &[],
        "row 0: ed25519 needs a rule; add --rule or a rule column: one of zip215, rfc8032,",
    );
}

#[test]
fn cells_that_cannot_be_decoded() {
    let good = row(&[]);
    refused_rows(
        &format!("{good}{good}{}", row(&[("signature", json!("zz"))])),
        &[],
        "row 2: signature is bad hex",
    );
    refused_rows(&row(&[("public_key", json!("abc"))]), &[], "row 0: public_key is bad hex");
    refused_rows(&row(&[("signature", Value::Null)]), &[], "row 0: signature is missing");
    refused_rows(&row(&[("public_key", Value::Null)]), &[], "row 0: public_key is missing");
    refused_rows(&row(&[("message", Value::Null)]), &[], "row 0: ed25519 takes a message");
    refused_rows(&row(&[("scheme", Value::Null)]), &[], "row 0: scheme is missing");
    refused_rows(&row(&[("key_index", json!(0))]), &[], "row 0: public_key and key_index are both set");
    refused_rows(&row(&[("key_index", json!(0)), ("public_key", Value::Null)]), &[], "add --keys FILE");
    refused_rows(&format!("{good}{{\"scheme\": \n"), &[], "row 1: ");
    refused_rows(&format!("{good}[1, 2]\n"), &[], "row 1: ");
    refused_rows(&format!("{good}{}", row(&[("signature", json!(7))])), &[], "row 1: ");
}

#[test]
fn rows_that_are_too_large() {
    let long = row(&[("message", json!("00".repeat(3000)))]);
    let limit = ["--max-row-bytes", "4096"];
    refused_rows(&format!("{}{long}", row(&[])), &limit, "row 1: is larger than 4096 bytes");
    // A line without an end is refused as soon as the limit is passed, not at the end of the input.
    let endless = "{\"scheme\": \"".to_owned() + &"x".repeat(1 << 20);
    refused_rows(&endless, &limit, "row 0: is larger than 4096 bytes");
}

#[test]
fn bad_usage() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for arguments in [
        &["verify"][..],
        &["verify", "-", "--backend", "abacus"],
        &["verify", "-", "--threads", "0"],
        &["verify", "-", "--format", "xml"],
        &["frobnicate"],
        &[],
    ] {
        let ran = sigwarp(folder.path(), arguments, b"");
        assert_eq!(ran.status, Some(2), "{arguments:?}: {ran:?}");
        assert!(!ran.err.is_empty());
    }
}

#[test]
fn a_backend_that_cannot_run_is_an_error_and_never_replaced() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ran = sigwarp(folder.path(), &["devices", "--format", "json"], b"");
    let devices = common::summary(&ran);
    let runs: Vec<&str> = devices["backends"]
        .as_array()
        .expect("backends")
        .iter()
        .filter(|device| device["runs"] == true)
        .map(|device| device["backend"].as_str().expect("a name"))
        .collect();
    let named = BackendKind::ALL.into_iter().filter(|kind| !kind.is_for_tests()).map(BackendKind::name);
    for backend in named {
        let ran = sigwarp(folder.path(), &["verify", "-", "--backend", backend], row(&[]).as_bytes());
        if runs.contains(&backend) {
            assert_eq!(ran.status, Some(0), "{ran:?}");
        } else {
            assert_eq!(ran.status, Some(3), "{ran:?}");
            assert!(ran.err.contains(&format!("backend {backend} ")), "{}", ran.err);
        }
    }
}

#[test]
fn outputs_that_cannot_be_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run =
        |output: &str| sigwarp(folder.path(), &["verify", "-", "--output", output], row(&[]).as_bytes());
    let ran = run("no/such/folder/verdicts.jsonl");
    assert_eq!(ran.status, Some(3), "{ran:?}");
    assert!(ran.err.contains("no/such/folder/verdicts.jsonl"), "{}", ran.err);
    let ran = run("verdicts.txt");
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.err.contains("name a .parquet or .jsonl file"), "{}", ran.err);
}

/// A device that is always full stands for a full disk.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rows: String = (0..5000).map(|_| row(&[])).collect();
    for format in ["jsonl", "parquet"] {
        let output = folder.path().join(format!("verdicts.{format}"));
        let partial = folder.path().join(format!("verdicts.{format}.partial"));
        std::os::unix::fs::symlink("/dev/full", &partial).expect("a link to the full device");
        let output_text = output.to_str().expect("a UTF-8 path");
        let ran = sigwarp(folder.path(), &["verify", "-", "--output", output_text], rows.as_bytes());
        assert_eq!(ran.status, Some(3), "{ran:?}");
        assert!(ran.err.contains("No space left on device"), "{}", ran.err);
        assert!(!output.exists(), "{format} was renamed although the disk is full");
    }
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("the full device");
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_sigwarp"))
        .args(["verify", "-", "--output", "-"])
        .stdin(std::process::Stdio::piped())
        .stdout(full)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    drop(std::io::Write::write_all(&mut stdin, rows.as_bytes()));
    drop(stdin);
    let ended = child.wait_with_output().expect("the command ends");
    assert_eq!(ended.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("No space left on device"));
}
