//! What a run leaves when it is stopped by a signal or by a full disk: a partial file that can be read and holds
//! exactly what the summary counts.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::tables::{ids, ids_of_lines, lines, recoverable, summary_in, valid};
use crate::common::{command, run};

/// A block has 16,384 rows: these are some blocks and a piece.
const ROWS: usize = 40_000;

fn rows(row: fn(&str) -> Value, count: usize) -> Vec<u8> {
    let named = |number: usize| row(&format!("row {number}"));
    lines(&(0..count).map(named).collect::<Vec<_>>()).into_bytes()
}

fn assert_first_rows(what: &str, ids: &[String], counted: usize) {
    assert_eq!(ids.len(), counted, "{what}: rows in the file, and rows that are counted");
    assert!(ids.iter().enumerate().all(|(row, id)| *id == format!("row {row}")), "{what}");
}

/// Waits until a condition holds, for as long as the process runs.
fn wait_until(child: &mut Child, what: &str, mut holds: impl FnMut() -> bool) {
    while !holds() {
        if let Some(status) = child.try_wait().expect("a child") {
            panic!("{what}: ended with {status}");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process has a handler for SIGINT and SIGTERM.
fn listens(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or_default();
    let mask = u64::from_str_radix(mask.trim(), 16).unwrap_or_default();
    mask & (1 << 1) != 0 && mask & (1 << 14) != 0
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
}

/// Starts a command with rows on standard input, which stays open; stops it by a signal once `ready` says so.
fn stopped(
    folder: &Path,
    arguments: &[&str],
    input: &[u8],
    name: &str,
    ready: impl FnMut() -> bool,
) -> (Option<i32>, String) {
    let mut sigwarp = command(folder);
    let mut child = sigwarp
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let process = child.id();
    wait_until(&mut child, "a handler", || listens(process));
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    let writer = thread::spawn(move || {
        // The command may be stopped before it has read everything.
        drop(stdin.write_all(&input).and_then(|()| stdin.flush()));
        stdin
    });
    wait_until(&mut child, "rows in the file", ready);
    signal(&child, name);
    let mut out = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut out).expect("text");
    let status = child.wait().expect("the command ends").code();
    drop(writer.join().expect("the writing thread does not panic"));
    (status, out)
}

#[test]
fn a_signal_leaves_what_was_counted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, row, output) in [
        ("verify", valid as fn(&str) -> Value, "out.jsonl"),
        ("verify", valid, "out.parquet"),
        ("recover", recoverable, "out.jsonl"),
    ] {
        let input = rows(row, ROWS);
        for signal in ["-INT", "-TERM", "-HUP"] {
            let what = format!("{name} to {output}, {signal}");
            let partial = folder.path().join(format!("{output}.partial"));
            drop(fs::remove_file(&partial));
            let arguments = [name, "-", "--format", "json", "--output", output];
            // Lines come a block at a time; of a row group nothing need be there before its end.
            let least = if output == "out.jsonl" { 1 } else { 0 };
            let ready = || fs::metadata(&partial).is_ok_and(|file| file.len() >= least);
            let (status, out) = stopped(folder.path(), &arguments, &input, signal, ready);
            assert_eq!(status, Some(130), "{what}");
            let summary = summary_in(&out);
            assert_eq!(summary["complete"], false, "{what}");
            let counted = summary["items"].as_u64().expect("a count") as usize;
            assert!(counted as u64 >= least, "{what}: {summary}");
            assert_first_rows(&what, &ids(&partial), counted);
            assert!(!folder.path().join(output).exists(), "{what}");
        }
    }
}

#[test]
fn a_signal_leaves_whole_rows_of_a_workload() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for output in ["rows.jsonl", "rows.parquet"] {
        let partial = folder.path().join(format!("{output}.partial"));
        let arguments =
            ["gen", "--rows", "100000000", "--mix", "ed25519:zip215", "--format", "json", "--output", output];
        let ready = || partial.exists();
        let (status, out) = stopped(folder.path(), &arguments, b"", "-INT", ready);
        assert_eq!(status, Some(130), "{output}: {out}");
        let summary = summary_in(&out);
        let written = ids(&partial);
        assert_eq!(
            (summary["rows"].as_u64(), &summary["complete"]),
            (Some(written.len() as u64), &Value::Bool(false))
        );
        assert!(written.iter().enumerate().all(|(row, id)| *id == row.to_string()), "{output}");
    }
}

#[test]
fn a_signal_leaves_the_digests_so_far() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("a.bin"), b"abc").expect("a file");
    for (arguments, input, digests) in [
        (&["hash", "a.bin", "-"][..], &b"more"[..], 1),
        (&["hash", "-", "--column", "x"], b"{\"x\":\"00\"}\n{\"x\":\"01\"}\n{\"x\":", 2),
    ] {
        for format in ["table", "json"] {
            let arguments = [arguments, &["--format", format]].concat();
            // That the rows are read cannot be seen from outside. A signal while the engine is still started ends the
            // command without a word; then it is given more time.
            let mut out = String::new();
            for wait in [300, 1_000, 4_000, 16_000, 64_000] {
                let status;
                (status, out) = stopped(folder.path(), &arguments, input, "-INT", || {
                    thread::sleep(Duration::from_millis(wait));
                    true
                });
                assert_eq!(status, Some(130), "{arguments:?}: {out}");
                if !out.is_empty() {
                    break;
                }
            }
            assert!(!out.is_empty(), "{arguments:?}: nothing after a minute");
            match format {
                "json" => {
                    let summary = summary_in(&out);
                    assert_eq!(summary["complete"], false);
                    assert_eq!(summary["items"], summary["digests"].as_array().expect("digests").len());
                }
                // A machine that is busy may not have read all of them; what is there is whole.
                _ => assert!(
                    out.lines().count() <= digests && out.lines().all(|line| line.len() > 64),
                    "{out}"
                ),
            }
        }
    }
}

/// A command that can write files of so many KiB and no more: the disk is full there.
fn limited(folder: &Path, kib: usize, arguments: &[&str]) -> Command {
    let mut shell = Command::new("bash");
    // Ignored, the signal of the limit becomes an error of the write.
    let script = format!("trap '' XFSZ; ulimit -f {kib}; exec \"$@\"");
    shell.env("NODEVICE_SELECT", "1").env_remove("SIGWARP_BACKEND").current_dir(folder);
    shell.args(["-c", &script, "sigwarp", env!("CARGO_BIN_EXE_sigwarp")]).args(arguments);
    shell
}

#[test]
fn a_full_disk_leaves_what_was_counted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    for (name, row, outputs) in [
        ("verify", valid as fn(&str) -> Value, &["out.jsonl", "out.parquet"][..]),
        ("recover", recoverable, &["out.jsonl"]),
    ] {
        let input = rows(row, ROWS);
        for output in outputs {
            // Nothing fits, some of the first block, one block and some, two blocks and some.
            for kib in [0, 1, 300, 1200, 2000, 4500, 9000] {
                let what = format!("{name} to {output}, {kib} KiB");
                let partial = path.join(format!("{output}.partial"));
                drop((fs::remove_file(&partial), fs::remove_file(path.join(output))));
                let ran = run(
                    &mut limited(path, kib, &[name, "-", "--format", "json", "--output", output]),
                    &input,
                );
                let err = String::from_utf8_lossy(&ran.err).into_owned();
                let summary = summary_in(&String::from_utf8_lossy(&ran.out));
                let counted = summary["items"].as_u64().expect("a count") as usize;
                if ran.status == Some(0) {
                    // It fits.
                    assert!(kib >= 300, "{what}");
                    assert_first_rows(&what, &ids(&path.join(output)), ROWS);
                    continue;
                }
                assert_eq!(ran.status, Some(3), "{what}: {err}");
                assert!(err.contains(&format!("{output}.partial: cannot write: ")), "{what}: {err}");
                assert_eq!(summary["complete"], false, "{what}");
                assert!(!path.join(output).exists(), "{what}");
                let length = fs::metadata(&partial).expect("the partial file").len();
                match output.ends_with("parquet") {
                    // Not even the end of an empty file fits.
                    true if counted == 0 && length == 0 => {}
                    _ => assert_first_rows(&what, &ids(&partial), counted),
                }
            }
        }
    }
}

#[test]
fn a_full_disk_leaves_whole_rows_of_a_workload() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for output in ["rows.jsonl", "rows.parquet"] {
        let arguments = ["gen", "--rows", "5000", "--mix", "ed25519:zip215", "--output", output];
        let ran = run(&mut limited(folder.path(), 100, &arguments), b"");
        assert_eq!(ran.status, Some(3), "{output}");
        let written = ids(&folder.path().join(format!("{output}.partial")));
        // All of them are one row group.
        assert_eq!(written.is_empty(), output == "rows.parquet", "{output}");
        assert!(written.len() < 5000, "{output}: {}", written.len());
        assert!(written.iter().enumerate().all(|(row, id)| *id == row.to_string()), "{output}");
    }
}

/// Results on standard output end with a whole line too, where the reader is as slow as it likes.
#[test]
fn results_on_standard_output_are_whole_lines() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ran = run(
        command(folder.path()).args(["verify", "-", "--output", "-"]),
        &[&rows(valid, 50)[..], b"{\n"].concat(),
    );
    assert_eq!(ran.status, Some(2));
    assert_first_rows("standard output", &ids_of_lines(&String::from_utf8_lossy(&ran.out)), 50);
}
