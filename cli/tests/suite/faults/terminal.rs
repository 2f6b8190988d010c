//! Text from files on a terminal: bounded, and without anything that does more than appear.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::tables::{columns, lines, recoverable, valid, with, write_parquet};
use crate::common::{RawRan, command, run};

/// More than the longest table or error that is needed.
const LONGEST: usize = 8000;

/// Texts that would move the cursor, forge a line, turn the direction or break the width of a table.
fn texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "one\u{1b}[2K\u{1b}[1A\u{1b}[31mCOLOUR",
        "two\nforged.jsonl:7  line that is no row",
        "three\rback",
        "\u{1b}]0;title\u{7}",
        "four\u{8}\u{7f}\t\u{b}\u{c}",
        "five\u{9b}31m\u{85}\u{90}",
        "six\u{202e}drawkcab\u{2066}\u{200f}",
        "seven\u{200b}\u{2028}\u{2029}\u{feff}\u{ad}\u{e0041}",
    ]
    .map(str::to_owned)
    .into();
    for (text, times) in
        [("x", 65_535), ("x", 65_536), ("x", 1 << 20), ("\u{1b}", 70_000), ("é\u{301}\u{301}", 70_000)]
    {
        texts.push(text.repeat(times));
    }
    texts
}

/// Checks that text can be shown as it is, whatever it is: lines that hold nothing but what appears in them.
fn assert_shown(what: &str, bytes: &[u8], longest: usize) {
    let text = std::str::from_utf8(bytes).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(bytes.len() <= longest, "{what}: {} bytes", bytes.len());
    let bad = text.chars().find(|&character| {
        character != '\n' && character.is_control()
            || matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(character, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    });
    assert_eq!(bad, None, "{what}: {}", text.escape_debug());
    assert!(!text.lines().any(|line| line.starts_with("forged.jsonl:7")), "{what}: a forged line");
}

fn assert_error(what: &str, ran: &RawRan) {
    assert_eq!(ran.status, Some(2), "{what}: {}", String::from_utf8_lossy(&ran.err));
    assert_shown(what, &ran.err, LONGEST);
    assert!(
        ran.err.starts_with(b"sigwarp: ") && ran.err.iter().filter(|&&byte| byte == b'\n').count() == 1,
        "{what}"
    );
    assert_shown(what, &ran.out, LONGEST);
}

#[test]
fn ids_of_rows_that_are_listed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // Invalid rows, since those are listed.
    let verify: Vec<Value> = texts().iter().map(|id| with(valid(id), &[("message", json!("73"))])).collect();
    let recover: Vec<Value> =
        texts().iter().map(|id| with(recoverable(id), &[("recovery_id", json!(7))])).collect();
    for (name, rows) in [("verify", verify), ("recover", recover)] {
        fs::write(folder.path().join("rows.jsonl"), lines(&rows)).expect("a file");
        write_parquet(&folder.path().join("rows.parquet"), &columns(&rows));
        for file in ["rows.jsonl", "rows.parquet"] {
            let what = format!("{name} {file}");
            let arguments = [name, file, "--failures", "100"];
            let ran = run(command(folder.path()).args(arguments), b"");
            assert_eq!(ran.status, Some(1), "{what}: {}", String::from_utf8_lossy(&ran.err));
            assert_shown(&what, &ran.out, LONGEST);
            assert_shown(&what, &ran.err, 0);
            let text = String::from_utf8_lossy(&ran.out).into_owned();
            assert_eq!(
                text.lines().filter(|line| line.contains(&format!("{file}:"))).count(),
                rows.len(),
                "{text}"
            );
            assert!(text.contains("one\\u{1b}[2K"), "an id is still told: {text}");

            // JSON has the whole id, without a character that a terminal would obey.
            for output in [&["--format", "json"][..], &["--output", "-"]] {
                let ran = run(command(folder.path()).args(arguments).args(output), b"");
                assert_shown(&what, &ran.out, usize::MAX);
                assert_shown(&what, &ran.err, LONGEST);
                let lines = String::from_utf8(ran.out).expect("JSON is text");
                let lines: Vec<Value> =
                    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
                let rows =
                    if lines.len() == 1 { lines[0]["failures"].as_array().expect("a list") } else { &lines };
                let ids: Vec<&str> = rows.iter().map(|row| row["id"].as_str().expect("an id")).collect();
                assert_eq!(ids, texts(), "{what} {output:?}");
            }
        }
    }
}

#[test]
fn names_and_cells_that_errors_quote() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    for text in texts() {
        for (command_name, row) in [("verify", valid("a")), ("recover", recoverable("a"))] {
            for field in ["scheme", "rule", "encoding"] {
                let row = with(row.clone(), &[(field, json!(text))]);
                fs::write(path.join("rows.jsonl"), lines(std::slice::from_ref(&row))).expect("a file");
                write_parquet(&path.join("rows.parquet"), &columns(&[row]));
                for file in ["rows.jsonl", "rows.parquet"] {
                    let ran = run(command(path).args([command_name, file]), b"");
                    assert_error(&format!("{command_name} {file} {field}"), &ran);
                }
            }
        }
        // Columns of a file that has not the one that is asked for, members that appear twice, and JSON that is none.
        let table = columns(&[valid("a")]);
        let named = [(text.clone(), table[0].1.clone())];
        write_parquet(&path.join("columns.parquet"), &named);
        assert_error(
            "hash, columns",
            &run(command(path).args(["hash", "columns.parquet", "--column", "x"]), b""),
        );
        assert_error("verify, columns", &run(command(path).args(["verify", "columns.parquet"]), b""));
        let expected = format!("{{{0}:true,{0}:true}}", json!(text));
        let twice = valid("a").to_string().replacen('{', &format!("{{\"expected\":{expected},"), 1);
        assert_error("verify, expected twice", &run(command(path).args(["verify", "-"]), twice.as_bytes()));
        assert_error(
            "verify, not JSON",
            &run(command(path).args(["verify", "-"]), format!("{{\"{text}").as_bytes()),
        );
        assert_error(
            "verify, a key",
            &run(command(path).args(["verify", "-"]), format!("{{{}:1", json!(text)).as_bytes()),
        );
        if text.len() < 200 {
            let cell = format!("{{{0}:\"0\"}}", json!(text));
            assert_error(
                "hash, a cell",
                &run(command(path).args(["hash", "-", "--column", &text]), cell.as_bytes()),
            );
        }
    }
}

#[test]
#[cfg(unix)]
fn names_of_files() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    for text in texts().iter().filter(|text| text.len() < 200) {
        let name = |extension: &str| OsString::from(format!("{text}.{extension}"));
        for (arguments, extension) in [
            (&["verify"][..], "jsonl"),
            (&["recover"], "jsonl"),
            (&["hash"], "bin"),
            (&["hash", "--column", "x"], "jsonl"),
            (&["verify"], "parquet"),
            (&["verify"], "txt"),
            (&["hash", "--column", "x"], "parquet"),
        ] {
            let missing = run(command(path).args(arguments).arg(name(extension)), b"");
            assert_error(&format!("{arguments:?} of a missing file"), &missing);
        }
        // Outputs, and a mistake in the command line whose file name the shell may have filled in.
        for (arguments, status) in
            [(&["verify", "-", "--output"][..], 3), (&["gen", "--output"], 3), (&["verify", "--format"], 2)]
        {
            let mut output = OsString::from("no folder/");
            output.push(name("jsonl"));
            let ran = run(command(path).args(arguments).arg(output), lines(&[valid("a")]).as_bytes());
            assert_eq!(ran.status, Some(status), "{arguments:?}: {}", String::from_utf8_lossy(&ran.err));
            assert_shown(&format!("{arguments:?}"), &ran.err, LONGEST);
        }
        // Listed rows name their file.
        fs::write(path.join(name("jsonl")), lines(&[with(valid("a"), &[("message", json!("73"))])]))
            .expect("a file");
        let ran = run(command(path).arg("verify").arg(name("jsonl")), b"");
        assert_eq!(ran.status, Some(1));
        assert_shown("a listed row", &ran.out, LONGEST);
    }
}

/// What `hash` prints is for `sha256sum --check` and has names as they are, but not where it goes to a terminal.
#[test]
#[cfg(target_os = "linux")]
fn digests_on_a_terminal() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let name = "a\u{1b}[31m\u{202e}b";
    fs::write(folder.path().join(name), b"abc").expect("a file");
    let line = format!("'{}' hash a*", env!("CARGO_BIN_EXE_sigwarp"));
    let mut terminal = std::process::Command::new("script");
    let terminal =
        terminal.args(["--quiet", "--return", "--command", &line, "/dev/null"]).current_dir(folder.path());
    if !Path::new("/usr/bin/script").exists() {
        println!("SKIPPED digests on a terminal: there is no `script` to make one");
        return;
    }
    let ran = run(terminal, b"");
    let text = String::from_utf8(ran.out).expect("text").replace("\r\n", "\n");
    assert!(text.contains("f20015ad  a\\u{1b}[31m\\u{202e}b\n"), "{text:?}");
    assert_shown("a terminal", text.as_bytes(), LONGEST);
    // Through a pipe the name is the file's own.
    let piped = run(command(folder.path()).args(["hash", name]), b"");
    assert!(String::from_utf8_lossy(&piped.out).ends_with(&format!("  {name}\n")));
}
