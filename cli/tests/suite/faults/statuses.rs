//! One kind of mistake ends with one status, whatever the command.

use std::fs;

use super::tables::{lines, recoverable, valid};
use crate::common::{command, run};

#[test]
fn one_status_for_one_mistake() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    fs::write(path.join("rows.jsonl"), lines(&[valid("a")])).expect("a file");
    fs::write(path.join("senders.jsonl"), lines(&[recoverable("a")])).expect("a file");
    fs::write(path.join("rows.txt"), "").expect("a file");
    fs::create_dir(path.join("folder.jsonl")).expect("a folder");
    for (mistake, status, table) in [
        (
            "an unknown backend in the environment",
            2,
            &[
                "SIGWARP_BACKEND=nope verify rows.jsonl",
                "SIGWARP_BACKEND=nope recover senders.jsonl",
                "SIGWARP_BACKEND=nope hash rows.jsonl",
                "SIGWARP_BACKEND=nope bench --quick",
            ][..],
        ),
        (
            "an unknown backend",
            2,
            &[
                "verify rows.jsonl --backend nope",
                "recover senders.jsonl --backend nope",
                "hash rows.jsonl --backend nope",
                "bench --backend nope",
            ],
        ),
        (
            "an output whose name tells no format",
            2,
            &[
                "verify rows.jsonl --output o.txt",
                "recover senders.jsonl --output o.txt",
                "gen --output o.txt",
                "gen --output o.jsonl --keys-output o.txt",
                "verify rows.jsonl --output o",
                "recover senders.jsonl --output o",
                "gen --output o",
            ],
        ),
        (
            "an output in no folder",
            3,
            &[
                "verify rows.jsonl --output no/o.jsonl",
                "verify rows.jsonl --output no/o.parquet",
                "recover senders.jsonl --output no/o.jsonl",
                "gen --output no/o.jsonl",
                "gen --output no/o.parquet",
                "gen --output o.jsonl --keys-output no/k.jsonl",
                "bench --quick --filter strict/32 --json no/a.json",
                "bench --quick --filter strict/32 --html no/a.html",
            ],
        ),
        (
            "an output that is a folder",
            3,
            &[
                "verify rows.jsonl --output folder.jsonl",
                "recover senders.jsonl --output folder.jsonl",
                "gen --output folder.jsonl",
                "bench --quick --filter strict/32 --json folder.jsonl",
            ],
        ),
        (
            "an input that is missing",
            2,
            &[
                "verify no.jsonl",
                "verify no.parquet",
                "recover no.jsonl",
                "hash no",
                "hash no.jsonl --column x",
                "verify rows.jsonl --keys no.jsonl",
                "recover senders.jsonl --keys no.jsonl",
            ],
        ),
        (
            "an input that is a folder",
            2,
            &[
                "verify folder.jsonl",
                "recover folder.jsonl",
                "hash folder.jsonl",
                "hash folder.jsonl --column x",
                "verify rows.jsonl --keys folder.jsonl",
            ],
        ),
        (
            "an input whose name tells no format",
            2,
            &[
                "verify rows.txt",
                "recover rows.txt",
                "hash rows.txt --column x",
                "verify rows.jsonl --keys rows.txt",
            ],
        ),
        ("standard input twice", 2, &["verify - -", "recover - -", "hash - -", "hash - - --column x"]),
        (
            "an unknown name",
            2,
            &[
                "verify rows.jsonl --rule nope",
                "recover senders.jsonl --rule nope",
                "hash rows.jsonl --hash nope",
                "hash rows.jsonl --merkle nope",
                "gen --output - --mix nope",
                "gen --output - --kinds nope",
                "selftest --scheme nope",
                "bench --suite nope",
                "devices --format nope",
                "nope",
            ],
        ),
        ("no rows", 2, &["verify -", "recover -", "hash - --column x"]),
        ("leaves that make no tree", 2, &["hash - --column x --merkle bitcoin"]),
    ] {
        for line in table {
            let mut sigwarp = command(path);
            for word in line.split(' ') {
                match word.split_once('=') {
                    Some((variable, value)) => sigwarp.env(variable, value),
                    None => sigwarp.arg(word),
                };
            }
            let ran = run(&mut sigwarp, b"");
            let told = String::from_utf8_lossy(&ran.err);
            assert_eq!(ran.status, Some(status), "{mistake}: {line}: {told}");
            assert!(
                told.starts_with("sigwarp: ") || told.starts_with("error: "),
                "{mistake}: {line}: {told}"
            );
        }
    }
}

/// A device that is full: the output failed, whatever the command.
#[test]
#[cfg(target_os = "linux")]
fn one_status_for_a_standard_output_that_fails() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("rows.jsonl"), lines(&[valid("a")])).expect("a file");
    fs::write(folder.path().join("senders.jsonl"), lines(&[recoverable("a")])).expect("a file");
    for line in [
        "verify rows.jsonl",
        "verify rows.jsonl --output -",
        "recover senders.jsonl",
        "recover senders.jsonl --output -",
        "hash rows.jsonl",
        "hash rows.jsonl --format json",
        "hash rows.jsonl --column message",
        "gen --rows 5 --output -",
        "gen --rows 5 --output rows2.jsonl",
        "devices",
        "bench --list",
    ] {
        let full = fs::File::options().write(true).open("/dev/full").expect("the full device");
        let mut sigwarp = command(folder.path());
        let ended = sigwarp.args(line.split(' ')).stdout(full).output().expect("the command ends");
        let told = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(3), "{line}: {told}");
        assert!(told.contains("No space left on device"), "{line}: {told}");
    }
}
