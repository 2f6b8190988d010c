//! The main job, as a user runs it.

use crate::common;

use std::fs;

#[cfg(all(feature = "gpu", target_os = "linux"))]
use common::sigwarp_with;
use common::{row, sigwarp, summary};
use parquet::file::reader::SerializedFileReader;
use parquet::record::RowAccessor;
use serde_json::{Value, json};

const BAD: &str = "wrong message";

/// Three rows: valid, invalid, and too short a key.
fn three_rows(expected: [Value; 3]) -> String {
    let [first, second, third] = expected;
    [
        row(&[("id", json!("good")), ("expected", first)]),
        row(&[("id", json!(BAD)), ("message", json!("73")), ("expected", second)]),
        row(&[("id", json!("short")), ("public_key", json!("00")), ("expected", third)]),
    ]
    .concat()
}

#[test]
fn a_summary_with_reasons() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rows = three_rows([Value::Null, Value::Null, Value::Null]);
    let ran = sigwarp(folder.path(), &["verify", "-", "--format", "json"], rows.as_bytes());
    assert_eq!(ran.status, Some(1), "{ran:?}");
    let summary = summary(&ran);
    for (field, value) in [
        ("schema_version", json!(1)),
        ("complete", json!(true)),
        ("error", Value::Null),
        ("items", json!(3)),
        ("valid", json!(1)),
        ("invalid", json!(2)),
        ("malformed", json!(1)),
        ("mismatched_expected", json!(0)),
        ("with_expected", json!(0)),
        ("reasons", json!({"BadKeyLength": 1, "EquationFailed": 1})),
        ("rules", json!(["strict"])),
    ] {
        assert_eq!(summary[field], value, "{field}");
    }
    for field in ["seconds_total", "seconds_verify", "items_per_second"] {
        assert!(summary[field].as_f64().expect("a number") > 0.0, "{field}");
    }
    assert!(summary["backend"].is_string() && summary["why"].is_string());
    assert_eq!(summary["failures"][0]["row"], 1);
    assert_eq!(summary["failures"][0]["id"], BAD);
    assert_eq!(summary["failures"][1]["reason"], "BadKeyLength");

    let ran = sigwarp(folder.path(), &["verify", "-"], rows.as_bytes());
    assert_eq!(ran.status, Some(1));
    assert!(ran.out.contains("\n2 rows invalid:\n") && ran.out.contains("EquationFailed"), "{}", ran.out);
    assert!(
        !ran.err.contains('\u{1b}') && !ran.out.contains('\u{1b}'),
        "no terminal codes without a terminal"
    );
    let ran = sigwarp(folder.path(), &["verify", "-", "--failures", "1"], rows.as_bytes());
    assert!(ran.out.contains("2 rows invalid; the first 1:"), "{}", ran.out);
}

#[test]
fn expectations_decide_the_status() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let status = |expected, rule: &str| {
        let rows = three_rows(expected).replace("\"rule\":\"strict\",", "");
        sigwarp(folder.path(), &["verify", "-", "--rule", rule], rows.as_bytes()).status
    };
    let no = || json!(false);
    assert_eq!(status([json!(true), no(), no()], "strict"), Some(0));
    assert_eq!(status([json!(true), json!(true), no()], "strict"), Some(1));
    assert_eq!(status([no(), no(), no()], "strict"), Some(1));
    assert_eq!(status([json!(true), no(), Value::Null], "strict"), Some(1));
    let by_rule = || json!({"strict": true, "zip215": false});
    assert_eq!(status([by_rule(), no(), no()], "strict"), Some(0));
    assert_eq!(status([by_rule(), no(), no()], "zip215"), Some(1));
    assert_eq!(
        status([by_rule(), no(), no()], "donna"),
        Some(0),
        "valid, and nothing expected under this rule"
    );
    assert_eq!(status([json!(true), by_rule(), no()], "donna"), Some(1), "invalid, and nothing expected");
}

#[test]
fn quiet_says_only_what_is_not_as_it_should_be() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = |rows: &str, more: &[&str]| {
        // More threads than can help: the note about it is left out too.
        let arguments = [&["verify", "-", "--quiet", "--threads", "3000"], more].concat();
        sigwarp(folder.path(), &arguments, rows.as_bytes())
    };
    let good = three_rows([json!(true), json!(false), json!(false)]);
    let bad = three_rows([json!(true), json!(true), Value::Null]);
    for format in ["table", "json"] {
        let ran = run(&good, &["--format", format]);
        assert_eq!((ran.status, ran.out.as_str(), ran.err.as_str()), (Some(0), "", ""));
    }
    let ran = run(&bad, &[]);
    let complaints = "1 row not as expected:\n\
                      row  id             verdict         expected\n\
                      -:1  wrong message  EquationFailed  valid\n\n\
                      1 row invalid that does not say what it expects:\n\
                      row  id     verdict\n\
                      -:2  short  BadKeyLength\n";
    assert_eq!((ran.status, ran.out.as_str(), ran.err.as_str()), (Some(1), complaints, ""));
    assert_eq!(summary(&run(&bad, &["--format", "json"]))["mismatched_expected"], 1);
    let ran = run(&format!("{good}{{"), &[]);
    assert_eq!((ran.status, ran.out.as_str()), (Some(2), ""));
    assert!(ran.err.starts_with("sigwarp: standard input: row 3: "), "{}", ran.err);
}

#[test]
fn verdict_files_in_both_formats() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rows = three_rows([Value::Null, Value::Null, Value::Null]);
    let lines = [
        json!({"index": 0, "id": "good", "verdict": "valid", "reason": null}),
        json!({"index": 1, "id": BAD, "verdict": "invalid", "reason": "EquationFailed"}),
        json!({"index": 2, "id": "short", "verdict": "invalid", "reason": "BadKeyLength"}),
    ];
    let parse = |text: &str| -> Vec<Value> {
        text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
    };
    let ran = sigwarp(folder.path(), &["verify", "-", "--output", "verdicts.jsonl"], rows.as_bytes());
    assert_eq!(ran.status, Some(1), "{ran:?}");
    let written = fs::read_to_string(folder.path().join("verdicts.jsonl")).expect("the verdict file");
    assert_eq!(parse(&written), lines);
    assert!(!folder.path().join("verdicts.jsonl.partial").exists());

    let ran = sigwarp(folder.path(), &["verify", "-", "--output", "-"], rows.as_bytes());
    assert_eq!(parse(&ran.out), lines);
    assert!(
        ran.err.contains("2 rows invalid:\n") && ran.err.contains("verdicts             standard output\n"),
        "the summary goes to standard error: {}",
        ran.err
    );

    let ran = sigwarp(folder.path(), &["verify", "-", "--output", "verdicts.parquet"], rows.as_bytes());
    assert_eq!(ran.status, Some(1), "{ran:?}");
    let file = fs::File::open(folder.path().join("verdicts.parquet")).expect("the verdict file");
    let reader = SerializedFileReader::new(file).expect("a Parquet file");
    let rows: Vec<_> = reader.into_iter().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 3);
    let names: Vec<&String> = rows[0].get_column_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["index", "id", "verdict", "reason"]);
    assert!(rows.iter().enumerate().all(|(row, read)| read.get_ulong(0).ok() == Some(row as u64)));
}

#[test]
fn files_are_counted_through_and_rows_within_each() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rows = three_rows([Value::Null, Value::Null, Value::Null]);
    fs::write(folder.path().join("a.jsonl"), &rows).expect("a file");
    fs::write(folder.path().join("b.jsonl"), &rows).expect("a file");
    let ran = sigwarp(
        folder.path(),
        &["verify", "a.jsonl", "b.jsonl", "--format", "json", "--output", "out.jsonl"],
        b"",
    );
    let summary = summary(&ran);
    assert_eq!(summary["items"], 6);
    assert_eq!(
        (&summary["failures"][2]["file"], &summary["failures"][2]["row"]),
        (&json!("b.jsonl"), &json!(1))
    );
    let written = fs::read_to_string(folder.path().join("out.jsonl")).expect("the verdict file");
    let indices: Vec<u64> = written
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["index"].as_u64().expect("an index"))
        .collect();
    assert_eq!(indices, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn threads_and_backend_are_as_asked() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rows = row(&[]);
    for threads in ["1", "2", "3"] {
        let arguments = ["verify", "-", "--format", "json", "--threads", threads, "--backend", "portable"];
        let ran = sigwarp(folder.path(), &arguments, rows.as_bytes());
        let summary = summary(&ran);
        assert_eq!(summary["threads"].to_string(), threads);
        assert_eq!(summary["backend"], "portable");
    }
}

/// A device is for those who ask for one, and for them when there is work for it: the loader of Vulkan, told to speak of
/// everything that it does, is not heard before.
#[cfg(all(feature = "gpu", target_os = "linux"))]
#[test]
fn no_driver_is_loaded_before_a_device_is_asked_for_and_there_is_work() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let node = std::path::Path::new("/dev").read_dir().expect("/dev").flatten().any(|node| {
        let name = node.file_name().into_string().unwrap_or_default();
        let renderers = || node.path().read_dir().is_ok_and(|mut nodes| nodes.next().is_some());
        ["nvidia", "nvhost", "dxg", "kfd", "kgsl", "mali"].iter().any(|begins| name.starts_with(begins))
            || name == "dri" && renderers()
    });
    let run = |arguments: &[&str], rows: &str| {
        let arguments = [&["verify", "-", "--format", "json"], arguments].concat();
        sigwarp_with(&[("VK_LOADER_DEBUG", "all")], folder.path(), &arguments, rows.as_bytes())
    };
    let why = |ran: &common::Ran| summary(ran)["why"].as_str().expect("a text").to_owned();

    let one = row(&[]);
    // From 262,144 items on a device would be worth looking for. Their keys are too short, so that they cost little.
    let short = r#"{"scheme":"ed25519","rule":"strict","public_key":"00","message":"","signature":""}"#;
    let many = format!("{short}\n").repeat(1 << 18);
    for rows in [&one, &many] {
        let ran = run(&[], rows);
        assert_eq!(
            (ran.err.as_str(), &summary(&ran)["device"]),
            ("", &Value::Null),
            "no device was asked for"
        );
        assert!(!why(&ran).contains("gpu"), "{}", why(&ran));
    }
    for asked in [["--device", "best"], ["--recheck", "1"]] {
        let ran = run(&asked, &one);
        assert_eq!(ran.err, "", "one item is no work for a device");
        let says = if node { "no gpu is looked for below 262,144 items" } else { "there is no device node" };
        assert!(why(&ran).contains(says), "{}", why(&ran));
    }
    if !node {
        let ran = run(&["--device", "best"], &many);
        assert_eq!(ran.err, "", "there is no node of a device");
        assert!(why(&ran).contains("; no gpu: there is no device node"), "{}", why(&ran));
    }
    // That the loader would be heard.
    let named = run(&["--backend", "gpu"], &one);
    if named.status == Some(0) {
        assert!(named.err.contains("vulkan") || named.err.contains("LAYER"), "{named:?}");
        let rests_on = json!({"items": 1, "recheck": 1.0 / 128.0});
        assert_eq!(summary(&named)["device"], rests_on);
        let all = run(&["--backend", "gpu", "--recheck", "1"], &one);
        assert_eq!(summary(&all)["device"], json!({"items": 1, "recheck": 1.0}));
    } else {
        let required = std::env::var("SIGWARP_REQUIRE_BACKENDS").unwrap_or_default();
        assert!(
            !required.split(',').any(|kind| kind == "gpu"),
            "the backend gpu is required here: {named:?}"
        );
        println!("SKIPPED that a loader of Vulkan would be heard: no adapter");
    }
}

#[test]
fn the_committed_sample_is_as_expected() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let ran = sigwarp(&root, &["verify", "datasets/samples/iot.jsonl", "--format", "json"], b"");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let summary = summary(&ran);
    assert!(summary["items"].as_u64().expect("a count") >= 2000);
    assert!(summary["invalid"].as_u64().expect("a count") > 0);
    assert_eq!(summary["mismatched_expected"], 0);
    assert_eq!(summary["with_expected"], summary["items"]);
}

#[test]
fn real_signatures_of_six_networks() {
    let Some(vectors) = std::env::var_os("SIGWARP_VECTORS") else {
        println!("SKIPPED real signatures: SIGWARP_VECTORS is not set");
        return;
    };
    let vectors = std::path::PathBuf::from(vectors);
    let mut items = 0;
    for network in ["bitcoin", "ethereum", "fabric", "neo", "solana", "xrpl"] {
        let file = format!("real/{network}.jsonl");
        let ran = sigwarp(&vectors, &["verify", &file, "--format", "json"], b"");
        assert_eq!(ran.status, Some(0), "{network}: {ran:?}");
        let summary = summary(&ran);
        assert_eq!(summary["mismatched_expected"], 0, "{network}");
        items += summary["items"].as_u64().expect("a count");
    }
    assert_eq!(items, 5716);
}

#[cfg(unix)]
mod interruption {
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Command, Stdio};

    use super::*;

    /// Ctrl-C while the command waits for more rows: it stops, says what it has, and keeps the partial file.
    #[test]
    fn ctrl_c_stops_cleanly() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut child = Command::new(env!("CARGO_BIN_EXE_sigwarp"))
            .args(["verify", "-", "--format", "json", "--output", "verdicts.jsonl"])
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(row(&[]).as_bytes()).expect("the command reads");
        stdin.flush().expect("the command reads");
        // The partial file appears when the command is running and listens for Ctrl-C.
        let partial = folder.path().join("verdicts.jsonl.partial");
        while !partial.exists() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let killed =
            Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
        assert!(killed.success());
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a summary");
        assert_eq!(child.wait().expect("the command ends").code(), Some(130));
        drop(stdin);
        let summary: Value = serde_json::from_str(&line).expect("a JSON summary");
        assert_eq!(summary["complete"], false);
        assert!(partial.exists() && !folder.path().join("verdicts.jsonl").exists());
    }
}
