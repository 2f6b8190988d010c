//! Numbers on the command line, at their ends and beyond: a result, a bound with a note, or an error that says what the
//! number may be. Nothing is timed; a run that hangs does not end the test.

use crate::common;

use std::process::{Command, Stdio};

use common::{Ran, row, sigwarp, summary};

/// As the command computes it.
fn most_threads() -> usize {
    sigwarp::Threads::most().get()
}

fn available() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[test]
fn no_more_threads_are_started_than_can_help() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, rows: usize| {
        std::fs::write(folder.path().join(name), row(&[]).repeat(rows)).expect("rows")
    };
    write("one.jsonl", 1);
    // More rows than are counted.
    write("many.jsonl", 400);
    let greatest = usize::MAX.to_string();
    let beyond = most_threads() + 1;
    let machine = format!("this machine runs {} at a time", available());
    // The numbers just beyond the bound come first: without a bound the test fails before the greatest is tried.
    for (file, asked, used, why) in [
        ("one.jsonl", available() + 1, 1, Some("there is no work for more in 1 row\n")),
        ("many.jsonl", most_threads(), most_threads(), None),
        ("many.jsonl", beyond, most_threads(), Some(machine.as_str())),
        ("one.jsonl", usize::MAX, 1, Some("there is no work for more in 1 row\n")),
        ("many.jsonl", usize::MAX, most_threads(), Some(machine.as_str())),
    ] {
        let threads = asked.to_string();
        let ran = sigwarp(folder.path(), &["verify", file, "--format", "json", "--threads", &threads], b"");
        assert_eq!(ran.status, Some(0), "{ran:?}");
        assert_eq!(summary(&ran)["threads"], used, "{file} on {asked}");
        match why {
            Some(why) => assert!(
                ran.err.contains(&format!("sigwarp: using {used} of {asked} threads: {why}")),
                "{}",
                ran.err
            ),
            None => assert!(!ran.err.contains("threads"), "{}", ran.err),
        }
    }
    let hash = |arguments: &[&str]| {
        let arguments = [&["hash", "--format", "json", "--threads", &greatest], arguments].concat();
        let ran = sigwarp(folder.path(), &arguments, b"");
        assert_eq!(ran.status, Some(0), "{ran:?}");
        summary(&ran)["threads"].as_u64().expect("a number")
    };
    assert_eq!(hash(&["one.jsonl", "many.jsonl"]), 2.min(most_threads() as u64));
    assert_eq!(hash(&["one.jsonl", "--column", "message"]), 1);
    assert_eq!(hash(&["many.jsonl", "--column", "message"]), most_threads() as u64);
    let ran =
        sigwarp(folder.path(), &["bench", "--list", "--suite", "messages", "--threads", &greatest], b"");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(
        ran.err.starts_with(&format!("sigwarp: using {} of {greatest} threads: ", most_threads())),
        "{}",
        ran.err
    );
}

/// The variable from which rayon takes the number of threads that make a workload.
#[test]
fn a_workload_is_made_on_no_more_threads_than_can_help() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let made = |threads: &str| {
        let ended = Command::new(env!("CARGO_BIN_EXE_sigwarp"))
            .args(["gen", "--rows", "20", "--devices", "2", "--output", "-"])
            .current_dir(folder.path())
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .expect("the command runs");
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        (ended.stdout, String::from_utf8(ended.stderr).expect("UTF-8"))
    };
    let (rows, said) = made("1");
    assert!(!said.contains("threads"), "{said}");
    for threads in ["0", "-1", "x", "", "18446744073709551616"] {
        let (same, said) = made(threads);
        assert!(same == rows && !said.contains("threads"), "{threads}: {said}");
    }
    for threads in [most_threads() + 1, usize::MAX] {
        let (same, said) = made(&threads.to_string());
        let note = format!("sigwarp: using {} of RAYON_NUM_THREADS={threads} threads: ", most_threads());
        assert!(same == rows && said.starts_with(&note), "{said}");
    }
}

#[test]
fn numbers_that_are_none_are_bad_usage() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let flags: &[(&[&str], &[&str])] = &[
        (&["verify", "-", "--threads"], &["0", "-1", "1.5", "x", "", "18446744073709551616"]),
        (
            &["verify", "-", "--failures"],
            &["-1", "100001", "18446744073709551615", "18446744073709551616", "x"],
        ),
        (&["recover", "-", "--failures"], &["-1", "100001", "18446744073709551615"]),
        (&["verify", "-", "--max-row-bytes"], &["-1", "18446744073709551616", "1e6"]),
        (&["hash", "-", "--column", "x", "--max-row-bytes"], &["-1", "18446744073709551616"]),
        #[cfg(feature = "gpu")]
        (&["verify", "-", "--recheck"], &["-0.1", "1.1", "inf", "NaN", "1e999", "x"]),
        (&["gen", "--output", "-", "--rows"], &["-1", "18446744073709551616", "1.5"]),
        (&["gen", "--output", "-", "--seed"], &["-1", "18446744073709551616"]),
        (&["gen", "--output", "-", "--devices"], &["-1", "0", "4294967295", "4294967296", "67108865"]),
        (&["gen", "--output", "-", "--zipf"], &["-1", "10.1", "inf", "NaN", "1e999"]),
        (&["gen", "--output", "-", "--bad"], &["-0.1", "1.1", "inf", "NaN"]),
        (
            &["gen", "--output", "-", "--message"],
            &["-1", "67108865", "4294967295", "4294967296", "9-8", "0-67108865", "1-", "-"],
        ),
        (&["gen", "--output", "-", "--mix"], &["sm2=-1", "sm2=4294967296", "sm2=1.5", "sm2=0"]),
        (&["selftest", "--differential"], &["-1", "18446744073709551616"]),
        (&["selftest", "--seed"], &["-1", "18446744073709551616"]),
        (&["bench", "--threads"], &["0", "-1", "18446744073709551616"]),
        (&["bench", "--seconds"], &["-1", "86401", "inf", "NaN", "1e999"]),
        (&["bench", "--max-items"], &["-1", "18446744073709551616"]),
        (&["bench", "--core"], &["-1", "18446744073709551616"]),
    ];
    for (flag, numbers) in flags {
        for number in *numbers {
            let joined = format!("{}={number}", flag[flag.len() - 1]);
            let arguments = [&flag[..flag.len() - 1], &[&joined]].concat();
            let ran = sigwarp(folder.path(), &arguments, b"");
            assert_eq!(ran.status, Some(2), "{arguments:?}: {ran:?}");
            assert!(!ran.err.is_empty() && !ran.err.contains("panicked"), "{arguments:?}: {}", ran.err);
        }
    }
    let ran = sigwarp(folder.path(), &["verify", "-", "--failures", "100001"], b"");
    assert!(ran.err.contains("from 0 to 100000; --output FILE has a line for every row"), "{}", ran.err);
}

#[test]
fn the_least_and_the_greatest_numbers_are_taken() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = |status: i32, arguments: &[&str], input: &str| -> Ran {
        let ran = sigwarp(folder.path(), arguments, input.as_bytes());
        assert_eq!(ran.status, Some(status), "{arguments:?}: {ran:?}");
        assert!(!ran.err.contains("panicked"), "{arguments:?}: {}", ran.err);
        ran
    };
    let (greatest, rows) = (u64::MAX.to_string(), row(&[]));
    let bad = row(&[("message", "73".into())]);
    for (count, listed) in [("0", 0), ("1", 1), ("100000", 3)] {
        let ran = run(1, &["verify", "-", "--format", "json", "--failures", count], &bad.repeat(3));
        assert_eq!(summary(&ran)["failures"].as_array().map(Vec::len), Some(listed), "{count}");
    }
    run(0, &["verify", "-", "--max-row-bytes", &greatest], &rows);
    for limit in ["0", "1"] {
        let ran = run(2, &["verify", "-", "--max-row-bytes", limit], &rows);
        assert!(ran.err.contains(&format!("row 0: is larger than {limit} byte")), "{}", ran.err);
    }
    run(0, &["gen", "--rows", "0", "--devices", "1", "--output", "none.jsonl"], "");
    let extremes =
        ["gen", "--rows", "2", "--seed", &greatest, "--devices", "1", "--zipf", "10", "--output", "-"];
    run(0, &[&extremes[..], &["--bad", "1", "--message", "0", "--mix", "sm2=4294967295"]].concat(), "");
    run(
        0,
        &[
            "gen",
            "--rows",
            "1",
            "--devices",
            "2",
            "--message",
            "0-67108864",
            "--zipf",
            "0",
            "--output",
            "a.jsonl",
        ],
        "",
    );
    run(0, &["selftest", "--differential", "1", "--seed", &greatest, "--scheme", "ed25519"], "");
    let ran = run(
        3,
        &["bench", "--quick", "--suite", "messages", "--filter", "strict/32", "--core", &greatest],
        "",
    );
    assert!(ran.err.contains(&format!("--core {greatest}")), "{}", ran.err);
    for items in ["0", &greatest] {
        let short = [
            "bench",
            "--quick",
            "--seconds",
            "0",
            "--suite",
            "messages",
            "--filter",
            "strict/32",
            "--max-items",
        ];
        run(0, &[&short[..], &[items]].concat(), "");
    }
}

#[cfg(unix)]
mod signals {
    use super::*;

    /// Whether the process has its own answer to the signal to terminate, as the system says it. Elsewhere than on Linux
    /// nobody says.
    fn listens(process: u32) -> bool {
        let Ok(status) = std::fs::read_to_string(format!("/proc/{process}/status")) else { return false };
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
        caught >> 14 & 1 == 1
    }

    /// One signal ends a command that looks at no request: a measurement that would go on for a minute, keys of a fleet
    /// that take hours.
    #[test]
    #[cfg(target_os = "linux")]
    fn one_signal_ends_what_looks_at_no_request() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for arguments in [
            &["bench", "--quick", "--seconds", "5"][..],
            &["gen", "--rows", "1", "--devices", "67108864", "--mix", "sm2", "--output", "rows.jsonl"],
            &["gen", "--rows", "1", "--devices", "67108864", "--mix", "sm2", "--zipf", "1", "--output", "-"],
        ] {
            let mut child = Command::new(env!("CARGO_BIN_EXE_sigwarp"))
                .args(arguments)
                .current_dir(folder.path())
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("the command starts");
            while !listens(child.id()) {
                assert!(child.try_wait().expect("a state").is_none(), "{arguments:?} ended by itself");
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            let killed =
                Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill runs");
            assert!(killed.success());
            assert_eq!(child.wait().expect("the command ends").code(), Some(130), "{arguments:?}");
        }
        assert!(!folder.path().join("rows.jsonl").exists());
    }
}
