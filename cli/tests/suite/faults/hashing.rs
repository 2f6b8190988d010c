//! Files that are hashed: any name, any length that they claim, and what is printed before an error.

use std::ffi::OsString;
use std::fs::{self, File};

use serde_json::{Value, json};

use super::tables::summary_in;
use crate::common::{command, run};

const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[cfg(unix)]
fn names() -> Vec<OsString> {
    use std::os::unix::ffi::OsStringExt as _;
    let names: [&[u8]; 13] = [
        b"plain",
        b"a b",
        b"n\xff.bin",
        b"\xfe",
        b"back\\slash",
        b"new\nline",
        b"carriage\rreturn",
        b"\\",
        b"a\\nb",
        b"\x1b[31m",
        "é\u{202e}".as_bytes(),
        b" leading",
        b"*star",
    ];
    names.map(|name| OsString::from_vec(name.to_vec())).into()
}

#[test]
#[cfg(unix)]
fn names_that_the_sum_tools_read_back() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    for name in names() {
        fs::write(path.join(&name), b"abc").expect("a file");
    }
    let ran = run(command(path).arg("hash").args(names()), b"");
    assert_eq!(ran.status, Some(0), "{}", String::from_utf8_lossy(&ran.err));
    // Every name stands in a line of its own, as the tool of the system writes it.
    let lines: Vec<&[u8]> = ran.out.split(|&byte| byte == b'\n').collect();
    assert_eq!(lines.len(), names().len() + 1);
    for (line, name) in lines.iter().zip(names()) {
        let name = name.as_bytes();
        let line = match name.iter().any(|byte| b"\\\n\r".contains(byte)) {
            true => line.strip_prefix(b"\\").expect("a line with an escaped name begins with a backslash"),
            false => {
                assert!(line.ends_with(name), "{line:?}");
                line
            }
        };
        assert!(line.starts_with(format!("{ABC}  ").as_bytes()), "{line:?}");
    }
    fs::write(path.join("sums"), &ran.out).expect("a file");
    let mut check = std::process::Command::new("sha256sum");
    match check.args(["--check", "--strict", "sums"]).current_dir(path).output() {
        Err(error) => println!("SKIPPED sha256sum --check: {error}"),
        Ok(checked) => assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout)),
    }
    // As rows of a column, and in JSON.
    let row = b"{\"x\":\"616263\"}\n";
    let name = OsString::from("rows\\.jsonl");
    fs::write(path.join(&name), row).expect("a file");
    let ran = run(command(path).args(["hash", "--column", "x"]).arg(&name), b"");
    assert_eq!(String::from_utf8_lossy(&ran.out), format!("\\{ABC}  rows\\\\.jsonl:0\n"));
    let ran = run(command(path).args(["hash", "--format", "json"]).args(names()), b"");
    assert_eq!(summary_in(&String::from_utf8_lossy(&ran.out))["items"], names().len());
}

/// Rows are read from files whose names are not UTF-8 too, and verdicts written to such.
#[test]
#[cfg(unix)]
fn names_that_are_not_utf_8() {
    use std::os::unix::ffi::OsStringExt as _;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    let name =
        |start: &[u8], extension: &str| OsString::from_vec([start, b"\xff.", extension.as_bytes()].concat());
    let row = super::tables::valid("a");
    for extension in ["jsonl", "parquet"] {
        let rows = path.join(name(b"rows", extension));
        match extension {
            "jsonl" => fs::write(&rows, row.to_string()).expect("a file"),
            _ => super::tables::write_parquet(&rows, &super::tables::columns(std::slice::from_ref(&row))),
        }
        let output = path.join(name(b"out", extension));
        let ran = run(command(path).arg("verify").arg(&rows).arg("--output").arg(&output), b"");
        assert_eq!(ran.status, Some(0), "{}", String::from_utf8_lossy(&ran.err));
        assert_eq!(super::tables::ids(&output), ["a"]);
        let ran = run(command(path).arg("hash").arg(&rows).args(["--column", "message"]), b"");
        assert_eq!(ran.status, Some(0), "{}", String::from_utf8_lossy(&ran.err));
        let keys = path.join(name(b"keys", extension));
        let made = path.join(name(b"made", extension));
        let mut sigwarp = command(path);
        let sigwarp = sigwarp.args(["gen", "--rows", "5", "--mix", "ed25519:strict", "--output"]).arg(&made);
        assert_eq!(run(sigwarp.arg("--keys-output").arg(&keys), b"").status, Some(0));
        assert_eq!(run(command(path).arg("verify").arg(&made).arg("--keys").arg(&keys), b"").status, Some(0));
    }
}

#[test]
fn digests_before_an_error_are_printed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    fs::write(path.join("a.bin"), b"abc").expect("a file");
    fs::create_dir(path.join("folder")).expect("a folder");
    for bad in ["missing", "folder"] {
        for arguments in [&["hash", "a.bin", bad][..], &["hash", "a.bin", bad, "a.bin"]] {
            let ran = run(command(path).args(arguments), b"");
            assert_eq!(ran.status, Some(2), "{arguments:?}");
            assert_eq!(String::from_utf8_lossy(&ran.out), format!("{ABC}  a.bin\n"), "{arguments:?}");
            assert!(
                String::from_utf8_lossy(&ran.err).contains(&format!("{bad}: cannot read: ")),
                "{arguments:?}"
            );
            let ran = run(command(path).args(arguments).args(["--format", "json"]), b"");
            let summary = summary_in(&String::from_utf8_lossy(&ran.out));
            assert_eq!(
                (&summary["digests"][0]["digest"], &summary["complete"]),
                (&json!(ABC), &json!(false))
            );
        }
    }
    // Leaves that are missing have no root, and none is printed.
    let ran = run(command(path).args(["hash", "a.bin", "missing", "--merkle", "bitcoin"]), b"");
    assert_eq!((ran.status, ran.out), (Some(2), Vec::new()));
}

#[test]
fn a_large_file_is_a_stream() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    // A hole: 100 MB of zeros that take no room. The digest is that of the system's tools.
    File::create(path.join("hole.bin")).and_then(|file| file.set_len(100 << 20)).expect("a file");
    fs::write(path.join("a.bin"), b"abc").expect("a file");
    let ran = run(command(path).args(["hash", "a.bin", "hole.bin", "a.bin"]), b"");
    let hole = "20492a4d0d84f8beb1767f6616229f85d44c2827b64bdbfb260ee12fa1109e0e";
    let expected = format!("{ABC}  a.bin\n{hole}  hole.bin\n{ABC}  a.bin\n");
    assert_eq!((ran.status, String::from_utf8_lossy(&ran.out).into_owned()), (Some(0), expected));
    let ran = run(command(path).args(["hash", "-", "--format", "json"]), &vec![0; 100 << 20]);
    let summary = summary_in(&String::from_utf8_lossy(&ran.out));
    assert_eq!((&summary["digests"][0]["digest"], &summary["bytes"]), (&json!(hole), &json!(100 << 20)));
}

/// A file of four terabytes takes the memory of one of a hundred megabytes, and is stopped by one signal.
#[test]
#[cfg(target_os = "linux")]
fn a_length_is_not_reserved() {
    use std::process::{Command, Stdio};
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = File::create(folder.path().join("big.bin")).expect("a file");
    if let Err(error) = file.set_len(4 << 40) {
        println!("SKIPPED a file of 4 TB: {error}");
        return;
    }
    let mut sigwarp = command(folder.path());
    let mut child = sigwarp
        .args(["hash", "big.bin", "--format", "json", "--backend", "portable"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let about = |process: u32, file: &str, name: &str| -> u64 {
        let text = fs::read_to_string(format!("/proc/{process}/{file}")).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default()
    };
    // Well into the stream.
    while about(child.id(), "io", "rchar:") < 300 << 20 {
        assert_eq!(child.try_wait().expect("a child"), None, "it ended");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let (resident, reserved) =
        (about(child.id(), "status", "VmHWM:") >> 10, about(child.id(), "status", "VmPeak:") >> 10);
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(killed.success());
    let mut out = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().expect("a pipe"), &mut out).expect("text");
    assert_eq!(child.wait().expect("the command ends").code(), Some(130));
    assert_eq!(summary_in(&out)["complete"], false);
    assert!(resident < 600 && reserved < 8000, "{resident} MB resident, {reserved} MB reserved");
}

#[test]
fn an_ambiguous_root_is_said_aloud() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let leaves = |names: &str| -> String {
        names.chars().map(|name| format!("{{\"t\":\"{:02x}\"}}\n", u32::from(name))).collect()
    };
    for (names, rule, ambiguous) in [
        ("abc", "bitcoin", false),
        ("abcc", "bitcoin", true),
        ("abcdef", "bitcoin", false),
        ("abcdefef", "bitcoin", true),
        ("aab", "bitcoin", true),
        ("aba", "bitcoin", false),
        ("a", "bitcoin", false),
        ("aa", "bitcoin", true),
    ] {
        for format in ["table", "json"] {
            let arguments =
                ["hash", "-", "--column", "t", "--hash", "sha256d", "--merkle", rule, "--format", format];
            let ran = run(command(folder.path()).args(arguments), leaves(names).as_bytes());
            let (out, err) = (String::from_utf8_lossy(&ran.out), String::from_utf8_lossy(&ran.err));
            assert_eq!(ran.status, Some(0), "{names}: {err}");
            let warned = err.contains("sigwarp: warning: the Merkle root is ambiguous: ")
                && err.contains("CVE-2012-2459");
            assert_eq!((warned, err.is_empty()), (ambiguous, !ambiguous), "{names}: {err}");
            if format == "json" {
                assert_eq!(summary_in(&out)["merkle"]["ambiguous"], Value::Bool(ambiguous), "{names}");
            }
        }
    }
}
