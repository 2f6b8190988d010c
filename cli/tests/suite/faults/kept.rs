//! Rows before a bad row are judged, counted and written: every command, format and place of the bad row, and every
//! output.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::tables::{columns, ids, ids_of_lines, lines, recoverable, summary_in, valid, with, write_parquet};
use crate::common::{command, run};

/// Rows around the bad one.
const ROWS: usize = 5;
const PLACES: [usize; 3] = [0, 2, ROWS - 1];
/// The backend that starts soonest: none of this depends on it.
const PLAIN: [&str; 4] = ["--backend", "portable", "--max-row-bytes", "4096"];

/// The places and outputs of a kind of bad row: every one for those that stand for the others, and the middle alone for
/// the others.
fn product<'o>(kind: &str, outputs: &'o [&'o str]) -> (&'static [usize], &'o [&'o str]) {
    match kind {
        "bad hexadecimal" | "no signature" | "no recovery id" => (&PLACES, outputs),
        _ => (&PLACES[1..2], &outputs[outputs.len() - 1..]),
    }
}

/// A row that cannot be read, as a line of JSON; or as cells, which Parquet has too.
enum Bad {
    Line(fn(&Value) -> String),
    Cells(fn(Value) -> Value),
}

const READING: [(&str, Bad); 9] = [
    ("not JSON", Bad::Line(|_| "{\"id\": ".to_owned())),
    ("not an object", Bad::Line(|_| "[1, 2]".to_owned())),
    ("bad hexadecimal", Bad::Line(|row| with(row.clone(), &[("signature", json!("zz"))]).to_string())),
    ("another type", Bad::Line(|row| with(row.clone(), &[("signature", json!(7))]).to_string())),
    ("a doubled member", Bad::Line(|row| row.to_string().replacen('{', "{\"id\":null,", 1))),
    ("a long line", Bad::Line(|row| with(row.clone(), &[("more", json!("x".repeat(5000)))]).to_string())),
    ("no signature", Bad::Cells(|row| with(row, &[("signature", Value::Null)]))),
    ("an unknown scheme", Bad::Cells(|row| with(row, &[("scheme", json!("ed448"))]))),
    ("a large cell", Bad::Cells(|row| with(row, &[("user_id", json!("00".repeat(5000)))]))),
];

/// Rows that can be read and that recovery has no meaning for.
const RECOVERING: [(&str, Bad); 3] = [
    ("no recovery id", Bad::Cells(|row| with(row, &[("recovery_id", Value::Null)]))),
    ("no recovery in the scheme", Bad::Cells(|row| with(row, &[("scheme", json!("ecdsa-p256"))]))),
    ("no recovery in the encoding", Bad::Cells(|row| with(row, &[("encoding", json!("der"))]))),
];

/// The files with the rows and the bad one in its place, each with what is read from standard input.
fn files(folder: &Path, rows: &[Value], at: usize, bad: &Bad) -> Vec<(&'static str, Vec<u8>)> {
    let mut text: Vec<String> = rows.iter().map(Value::to_string).collect();
    text[at] = match bad {
        Bad::Line(line) => line(&rows[at]),
        Bad::Cells(cells) => cells(rows[at].clone()).to_string(),
    };
    let text = text.join("\n") + "\n";
    fs::write(folder.join("rows.jsonl"), &text).expect("a file");
    let mut files = vec![("rows.jsonl", Vec::new()), ("-", text.into_bytes())];
    if let Bad::Cells(cells) = bad {
        let mut rows = rows.to_vec();
        rows[at] = cells(rows[at].clone());
        write_parquet(&folder.join("rows.parquet"), &columns(&rows));
        files.push(("rows.parquet", Vec::new()));
    }
    files
}

/// The ids of the rows before a place.
fn names(rows: usize) -> Vec<String> {
    (0..rows).map(|row| format!("row {row}")).collect()
}

/// Runs a command over rows of which one is bad, with every output, and checks what is left.
fn assert_kept(
    folder: &Path,
    arguments: &[&str],
    outputs: &[&str],
    (file, input): (&str, &[u8]),
    at: usize,
    what: &str,
) {
    let file_told = if file == "-" { "standard input" } else { file };
    for output in outputs {
        let what = format!("{arguments:?} of {file}, {what} in row {at}, to {output}");
        let mut sigwarp = command(folder);
        sigwarp.args(arguments).args(PLAIN).args(["--format", "json", file]);
        if !output.is_empty() {
            sigwarp.args(["--output", output]);
        }
        let ran = run(&mut sigwarp, input);
        let [out, err] = [ran.out, ran.err].map(|bytes| String::from_utf8(bytes).expect("text"));
        assert_eq!(ran.status, Some(2), "{what}: {err}");
        assert!(err.contains(&format!("sigwarp: {file_told}: row {at}: ")), "{what}: {err}");
        let summary = summary_in(if *output == "-" { &err } else { &out });
        assert_eq!(
            (&summary["items"], &summary["complete"]),
            (&json!(at), &json!(false)),
            "{what}: {summary}"
        );
        assert!(
            summary["error"].as_str().is_some_and(|error| error.contains(&format!("row {at}: "))),
            "{what}"
        );
        match *output {
            "" => {}
            "-" => assert_eq!(ids_of_lines(&out), names(at), "{what}"),
            output => {
                assert!(!folder.join(output).exists(), "{what}: it has its name");
                assert_eq!(ids(&folder.join(format!("{output}.partial"))), names(at), "{what}");
            }
        }
    }
    // The summary for people counts the same rows, where there are any.
    let mut sigwarp = command(folder);
    let ran = run(sigwarp.args(arguments).args(PLAIN).arg(file), input);
    let out = String::from_utf8(ran.out).expect("text");
    assert_eq!(ran.status, Some(2), "{what}");
    match arguments[0] {
        "hash" => assert_eq!(out.lines().count(), at, "{what}: {out}"),
        _ if at == 0 => assert_eq!(out, "", "{what}"),
        _ => {
            let items = sigwarp_datasets::human::grouped(at as u64);
            assert!(out.contains(&format!("items                {items}\n")), "{what}: {out}");
        }
    }
}

#[test]
fn verify_loses_no_row() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rows: Vec<Value> = names(ROWS).iter().map(|id| valid(id)).collect();
    for (what, bad) in &READING {
        let (places, outputs) = product(what, &["", "-", "out.jsonl", "out.parquet"]);
        for &at in places {
            for (file, input) in files(folder.path(), &rows, at, bad) {
                assert_kept(folder.path(), &["verify"], outputs, (file, &input), at, what);
            }
        }
    }
}

#[test]
fn recover_loses_no_row() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rows: Vec<Value> = names(ROWS).iter().map(|id| recoverable(id)).collect();
    for (what, bad) in READING.iter().chain(&RECOVERING) {
        let (places, outputs) = product(what, &["", "-", "out.jsonl"]);
        for &at in places {
            for (file, input) in files(folder.path(), &rows, at, bad) {
                assert_kept(folder.path(), &["recover"], outputs, (file, &input), at, what);
            }
        }
    }
}

#[test]
fn hash_loses_no_row() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rows: Vec<Value> = names(ROWS).iter().map(|id| valid(id)).collect();
    for (what, bad) in &READING {
        // Other columns are not read by `hash`.
        if matches!(*what, "an unknown scheme" | "a large cell" | "a doubled member") {
            continue;
        }
        let (places, outputs) = product(what, &[""]);
        for &at in places {
            for (file, input) in files(folder.path(), &rows, at, bad) {
                let arguments = ["hash", "--column", "signature"];
                assert_kept(folder.path(), &arguments, outputs, (file, &input), at, what);
            }
        }
    }
}

/// The bad row lies behind whole blocks, in another file, or there is no such file.
#[test]
fn rows_of_earlier_blocks_and_files_are_kept() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    // A block has 16,384 rows.
    const MANY: usize = 16_384 + 50;
    let rows: Vec<Value> = names(MANY + 1).iter().map(|id| valid(id)).collect();
    for (file, input) in files(path, &rows, MANY, &READING[6].1) {
        assert_kept(path, &["verify"], &["", "out.jsonl", "out.parquet"], (file, &input), MANY, "many");
        assert_kept(path, &["hash", "--column", "signature"], &[""], (file, &input), MANY, "many");
    }
    fs::write(path.join("good.jsonl"), lines(&rows[..3])).expect("a file");
    write_parquet(&path.join("good.parquet"), &columns(&rows[..3]));
    fs::write(path.join("damaged.parquet"), b"PAR1").expect("a file");
    for good in ["good.jsonl", "good.parquet"] {
        for second in ["missing.jsonl", "missing.parquet", "damaged.parquet", "rows.txt"] {
            for output in ["out.jsonl", "out.parquet"] {
                let arguments = ["verify", good, second, "--format", "json", "--output", output];
                let ran = run(command(path).args(arguments), b"");
                assert_eq!(ran.status, Some(2), "{arguments:?}");
                assert_eq!(summary_in(&String::from_utf8_lossy(&ran.out))["items"], 3, "{arguments:?}");
                assert_eq!(ids(&path.join(format!("{output}.partial"))), names(3), "{arguments:?}");
            }
            let ran = run(command(path).args(["hash", good, second, "--column", "message"]), b"");
            assert_eq!(
                (ran.status, ran.out.iter().filter(|&&byte| byte == b'\n').count()),
                (Some(2), 3),
                "{second}"
            );
        }
    }
    // A rule that fits no row is found at the end, when every row has been judged.
    let arguments =
        ["verify", "good.jsonl", "--rule", "ecdsa", "--format", "json", "--output", "out.parquet"];
    let ran = run(command(path).args(arguments), b"");
    assert_eq!((ran.status, ids(&path.join("out.parquet.partial"))), (Some(2), names(3)));
}
