//! Files as users have them: patterns, folders, pipes, other formats and other names of columns.

use crate::common;

use std::fs;
use std::path::Path;

use common::{row, run, sigwarp, summary};
use serde_json::json;

const KEY: &str = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
const SIGNATURE: &str = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                         085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).expect("a file");
}

/// A valid row in CSV without scheme and rule, under other names.
fn csv() -> String {
    format!("pk,message,sig\n{KEY},72,0x{SIGNATURE}\n")
}

const MAP: [&str; 8] =
    ["--map", "signature=sig", "--map", "public_key=pk", "--scheme", "ed25519", "--rule", "strict"];

#[test]
fn folders_patterns_and_standard_input_are_read_in_one_run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    for name in ["day=1", "day=2"] {
        fs::create_dir(path.join(name)).expect("a folder");
    }
    write(path, "day=1/b.json", &format!("{{\"rows\":[{0},{0}]}}", row(&[])));
    write(path, "day=1/a.ndjson", &row(&[]));
    write(path, "day=1/notes.txt", "not rows");
    write(path, "day=2/c.jsonl", &row(&[("message", json!("73"))]));
    let header = "scheme,rule,public_key,message,signature";
    let rows = format!("{header}\ned25519,strict,{KEY},72,{SIGNATURE}\n");
    let arguments = [
        "verify",
        "day=1",
        "day=2/*.jsonl",
        "-",
        "--input-format",
        "csv",
        "--format",
        "json",
        "--output",
        "all.jsonl",
    ];
    let ran = sigwarp(path, &arguments, rows.as_bytes());
    let told = summary(&ran);
    assert_eq!((ran.status, &told["items"], &told["valid"]), (Some(1), &json!(5), &json!(4)), "{ran:?}");
    assert_eq!(
        (&told["failures"][0]["file"], &told["failures"][0]["row"]),
        (&json!("day=2/c.jsonl"), &json!(0))
    );
    assert!(ran.err.contains("day=1: skipped 1 file of other formats: notes.txt"), "{}", ran.err);
    // An output within a folder that is read is found before anything is opened.
    let ran = sigwarp(path, &["verify", "day=2", "--output", "day=2/c.jsonl"], b"");
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.err.contains("one file in two roles"), "{}", ran.err);
}

#[test]
fn columns_of_other_names_are_read_from_every_input() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    write(path, "rows.csv", &csv());
    write(path, "rows", &csv());
    write(path, "keys.json", &format!("[{{\"pk\":\"{KEY}\"}}]"));
    write(path, "indexed.csv", &format!("key_index,message,sig\n0,72,{SIGNATURE}\n"));
    for (files, input) in [
        (&["rows.csv", "rows", "--input-format", "csv"][..], ""),
        (&["-", "rows.csv", "--input-format", "csv"], &csv()),
        (&["indexed.csv", "rows.csv", "--keys", "keys.json"], ""),
    ] {
        let ran = sigwarp(path, &[&["verify", "--format", "json"], files, &MAP].concat(), input.as_bytes());
        assert_eq!((ran.status, &summary(&ran)["valid"]), (Some(0), &json!(2)), "{files:?}: {ran:?}");
    }
}

#[cfg(unix)]
#[test]
fn process_substitution_is_read() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    write(path, "rows.csv", &csv());
    let arguments = ["gen", "--rows", "20", "--bad", "0", "--output", "rows.parquet"];
    assert_eq!(sigwarp(path, &arguments, b"").status, Some(0));
    let sigwarp = env!("CARGO_BIN_EXE_sigwarp");
    let map = MAP.join(" ");
    for (script, status, told) in [
        (format!("'{sigwarp}' verify <(cat rows.csv) --input-format csv {map}"), 0, ""),
        (format!("'{sigwarp}' verify <(cat rows.parquet) --input-format parquet"), 0, ""),
        (format!("'{sigwarp}' verify <(cat rows.csv) {map}"), 2, "add --input-format"),
    ] {
        let mut bash = std::process::Command::new("bash");
        bash.args(["-c", &script])
            .current_dir(path)
            .env("NODEVICE_SELECT", "1")
            .env_remove("SIGWARP_BACKEND");
        let ran = run(&mut bash, b"");
        let error = String::from_utf8_lossy(&ran.err);
        assert_eq!(ran.status, Some(status), "{script}: {error}");
        assert!(error.contains(told), "{script}: {error}");
    }
}

#[test]
fn mistakes_in_the_command_are_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let good = row(&[]);
    for (arguments, told) in [
        (&["verify", "none-*.csv"][..], "none-*.csv: no file matches this pattern"),
        (&["verify", "-", "--map", "sig=signature"], "--map: there is no field \"sig\"; the fields are id,"),
        (&["verify", "-", "--map", "id=a", "--map", "rule=a"], "--map: the column \"a\" is given two fields"),
        (&["verify", "-", "--map", "user_id=user"], "standard input: there is no column user; it has id,"),
        (&["verify", "-", "--encoding", "der"], "--encoding der fits no row"),
        (&["verify", "-", "--encoding", "pem"], "there is no such encoding; there are raw,"),
        (&["verify", "-", "--input-format", "xml"], "there is no such format; there are parquet, jsonl,"),
        (&["recover", "-", "--bytes", "octal"], "unknown form of bytes; known are hex, base64, base64url"),
        (&["verify", "-", "--keys", "-"], "standard input (-) can be read only once"),
        (&["hash", "-", "--bytes", "hex"], "--input-format and --bytes say how to read a column"),
        (&["hash", "-", "--column", "id", "--text", "--bytes", "hex"], "name one of them"),
    ] {
        let ran = sigwarp(folder.path(), arguments, good.as_bytes());
        assert_eq!(ran.status, Some(2), "{arguments:?}: {ran:?}");
        assert!(ran.err.contains(told), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn a_column_of_text_files_is_hashed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("data")).expect("a folder");
    write(folder.path(), "data/a.csv", "n,tx\n1,YWJj\n");
    write(folder.path(), "data/b.json", "[{\"tx\":\"YWJj\"}]");
    let ran = sigwarp(folder.path(), &["hash", "data", "--column", "tx", "--bytes", "base64"], b"");
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!((ran.status, ran.out), (Some(0), format!("{abc}  data/a.csv:0\n{abc}  data/b.json:0\n")));
}
