//! `sigwarp hash`, as a user runs it.

use crate::common;

use std::fs;

use common::{sigwarp, summary};

const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[test]
fn files_give_the_lines_of_the_sum_tools() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("a"), b"abc").expect("a file");
    fs::write(folder.path().join("b c"), b"").expect("a file");
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let ran = sigwarp(folder.path(), &["hash", "a", "b c", "-", "a"], b"abc");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_eq!(ran.out, format!("{ABC}  a\n{empty}  b c\n{ABC}  -\n{ABC}  a\n"));
    for (hash, start) in [
        ("sha256d", "4f8b42c22dd3729b"),
        ("sha512", "ddaf35a193617aba"),
        ("sha512-half", "ddaf35a193617aba"),
        ("sha3-256", "3a985da74fe225b2"),
        ("keccak256", "4e03657aea45a94f"),
        ("sm3", "66c7f0f462eeedd9"),
        ("blake3", "6437b3ac38465133"),
    ] {
        for backend in ["auto", "portable"] {
            let ran = sigwarp(folder.path(), &["hash", "--hash", hash, "a", "--backend", backend], b"");
            let digits = if hash == "sha512" { 128 } else { 64 };
            assert!(ran.out.starts_with(start) && ran.out[digits..] == *"  a\n", "{ran:?}");
        }
    }
}

#[test]
fn a_column_is_hashed_alike_from_both_formats() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut lines = Vec::new();
    for format in ["jsonl", "parquet"] {
        let rows = format!("rows.{format}");
        let arguments = ["gen", "--rows", "40000", "--mix", "schnorr-bip340", "--message", "0-64"];
        let arguments = [&arguments[..], &["--bad", "0", "--output", &rows]].concat();
        assert_eq!(sigwarp(folder.path(), &arguments, b"").status, Some(0));
        let ran = sigwarp(folder.path(), &["hash", &rows, "--column", "message"], b"");
        assert_eq!(ran.status, Some(0), "{ran:?}");
        assert_eq!(ran.out.lines().count(), 40_000);
        let last = ran.out.lines().last().expect("a line");
        assert!(last.ends_with(&format!("  {rows}:39999")), "{last}");
        lines.push(ran.out.lines().map(|line| line[..64].to_owned()).collect::<Vec<_>>());
        // Text in both: a string in JSON, a text column in Parquet.
        let ran =
            sigwarp(folder.path(), &["hash", &rows, "--column", "scheme", "--text", "--hash", "sm3"], b"");
        // SM3 of "schnorr-bip340".
        let digest = "caf7f7c6726f4634b3a4ce5bb78023eb5ad70624107e1b1172f1356e3ddbe932";
        assert_eq!(ran.out.lines().filter(|line| line.starts_with(digest)).count(), 40_000);
    }
    assert!(lines[0] == lines[1], "the formats differ");
}

#[test]
fn merkle_roots_are_printed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rows = "{\"tx\":\"616263\"}\n{\"tx\":\"616263\"}\n{\"tx\":\"\"}\n";
    let hash = |arguments: &[&str], rows: &str| {
        sigwarp(folder.path(), &[&["hash", "-", "--column", "tx"], arguments].concat(), rows.as_bytes())
    };
    let ran = hash(&["--hash", "sha256d", "--merkle", "bitcoin", "--format", "json"], rows);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let summary = summary(&ran);
    assert_eq!((&summary["items"], &summary["bytes"]), (&3.into(), &6.into()));
    assert_eq!(summary["complete"], true);
    assert_eq!(summary["digests"][2]["row"], 2);
    let merkle = &summary["merkle"];
    assert_eq!((&merkle["leaves"], &merkle["ambiguous"]), (&3.into(), &true.into()));
    // One leaf is its own root.
    let ran = hash(&["--merkle", "zero-padded"], "{\"tx\":\"616263\"}\n");
    assert_eq!(ran.out, format!("{ABC}  1 leaves\n"));
}

#[test]
fn bad_usage_and_bad_cells_are_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let told = |arguments: &[&str], input: &str, message: &str| {
        let ran = sigwarp(folder.path(), &[&["hash"], arguments].concat(), input.as_bytes());
        assert_eq!(ran.status, Some(2), "{ran:?}");
        assert!(ran.err.contains(message), "{}", ran.err);
    };
    told(&["missing"], "", "missing: cannot read");
    told(&["-", "-"], "", "only once");
    told(&["-", "--hash", "md5"], "", "\"md5\" is not known; known are sha256, sha256d");
    told(&["-", "--merkle", "tall"], "", "known are bitcoin, zero-padded");
    told(&["-", "--text"], "", "name it with --column");
    let column = ["-", "--column", "tx"];
    told(&column, "{\"tx\":\"0\"}", "standard input: row 0: column tx is bad hex");
    told(&column, "{\"tx\":\"00\"}\n{\"id\":1}", "row 1: column tx is missing");
    told(&column, "{\"tx\":null}", "row 0: column tx is missing");
    told(&column, "{\"tx\":7}", "row 0: tx: invalid type");
    told(&column, "{\"tx\":\"\",\"tx\":\"\"}", "tx appears twice");
    told(&column, "", "holds no rows");
    fs::write(folder.path().join("rows.txt"), b"").expect("a file");
    told(&["rows.txt", "--column", "tx"], "", "unknown file type");
    let arguments = ["gen", "--rows", "10", "--output", "rows.parquet"];
    assert_eq!(sigwarp(folder.path(), &arguments, b"").status, Some(0));
    told(&["rows.parquet", "--column", "tx"], "", "there is no column tx; it has");
    told(&["rows.parquet", "--column", "scheme"], "", "row 0: column scheme is bad hex");
    told(&["rows.parquet", "--column", "message", "--text"], "", "leave --text out");
    told(&["rows.parquet", "--column", "expected"], "", "name a column of bytes, or of text");
}

#[test]
fn large_and_many_files_are_hashed_in_their_order() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let names: Vec<String> = (0..300).map(|file| format!("f{file}")).collect();
    for (file, name) in names.iter().enumerate() {
        // One is too large to be hashed together with others.
        let length = if file == 150 { (64 << 20) + 1 } else { file * 7 };
        fs::write(folder.path().join(name), vec![file as u8; length]).expect("a file");
    }
    let arguments: Vec<&str> = ["hash"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let all = sigwarp(folder.path(), &arguments, b"");
    assert_eq!(all.status, Some(0), "{}", all.err);
    for (line, name) in all.out.lines().zip(&names).skip(147).take(6) {
        assert_eq!(sigwarp(folder.path(), &["hash", name], b"").out, format!("{line}\n"));
    }
    assert!(all.out.lines().zip(&names).all(|(line, name)| line.ends_with(&format!("  {name}"))));
}

#[test]
fn lists_are_checked_as_sha256sum_checks_them() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    for (name, text) in [("a", "abc"), ("b c", ""), ("changed", "xyz")] {
        fs::write(path.join(name), text).expect("a file");
    }
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let sm3 = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";
    let good = format!("# a comment\n\n{ABC}  a\r\n{empty} *b c\nSM3 (a) = {sm3}\n{}  a", ABC.to_uppercase());
    let some = format!("{good}\n{ABC}  changed\n{ABC}  gone\nnonsense\n{ABC}  a");
    for (name, list) in [
        ("good", &good),
        ("some", &some),
        ("none", &"nonsense\n".to_owned()),
        ("gone.sum", &format!("{ABC}  gone\n")),
    ] {
        fs::write(path.join(name), list).expect("a list");
    }
    let check =
        |arguments: &[&str]| sigwarp(path, &[&["hash", "--check"], arguments].concat(), good.as_bytes());
    let ok = "a: OK\nb c: OK\na: OK\na: OK\n";
    let others = "changed: FAILED\ngone: FAILED open or read\n";
    let malformed = "sigwarp: warning: some: 1 line is improperly formatted, the first is line 9\n";
    let failed = "sigwarp: warning: 1 computed digest did NOT match\n";
    let unread = "sigwarp: warning: 1 listed file could not be read\n";
    let gone = "sigwarp: gone: cannot read: No such file or directory (os error 2)\n";
    for (arguments, status, out, err) in [
        (&["good"][..], 0, ok.to_owned(), String::new()),
        (&["-"], 0, ok.to_owned(), String::new()),
        (&["good", "--quiet"], 0, String::new(), String::new()),
        (&["some"], 1, format!("{ok}{others}a: OK\n"), [gone, malformed, unread, failed].concat()),
        (
            &["some", "--quiet", "--ignore-missing"],
            1,
            "changed: FAILED\n".into(),
            [malformed, failed].concat(),
        ),
        (&["some", "--status"], 1, String::new(), gone.to_owned()),
        (
            &["some", "--strict"],
            2,
            format!("{ok}{others}a: OK\n"),
            [gone, malformed, unread, failed].concat(),
        ),
        (
            &["gone.sum", "--ignore-missing"],
            1,
            String::new(),
            "sigwarp: gone.sum: no file was verified: none of those listed is there\n".to_owned(),
        ),
    ] {
        let ran = check(arguments);
        assert_eq!((ran.status, ran.out, ran.err), (Some(status), out, err), "{arguments:?}");
    }
    for (arguments, message) in [
        (&["none"][..], "sigwarp: none: there is no line with a digest and a name"),
        (&["missing"], "sigwarp: missing: cannot read"),
        (&["good", "--merkle", "bitcoin"], "cannot be used with"),
    ] {
        let ran = check(arguments);
        assert_eq!((ran.status, ran.out.as_str()), (Some(2), ""), "{ran:?}");
        assert!(ran.err.contains(message), "{}", ran.err);
    }
    // A list that cannot be read does not keep the next from being checked.
    let ran = check(&["missing", "good"]);
    assert_eq!((ran.status, ran.out.as_str()), (Some(2), ok), "{ran:?}");
    let ran = check(&["some", "--format", "json"]);
    let summary = summary(&ran);
    for (field, value) in
        [("files", 7), ("ok", 5), ("failed", 1), ("unreadable", 1), ("missing", 0), ("malformed_lines", 1)]
    {
        assert_eq!(summary[field], value, "{field}");
    }
    let third = serde_json::json!({"list": "some", "line": 5, "file": "a", "hash": "sm3", "result": "ok"});
    assert_eq!(summary["results"][2], third);
}

/// What the command writes it reads, for every hash function, with names that need escapes.
#[cfg(unix)]
#[test]
fn every_list_that_is_written_is_checked() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let names = ["plain", " a\nb\\c\rd", "*x"];
    for (length, name) in names.iter().enumerate() {
        fs::write(folder.path().join(name), vec![7; length]).expect("a file");
    }
    for hash in ["sha256", "sha256d", "sha512", "sha512-half", "sha3-256", "keccak256", "sm3", "blake3"] {
        let list = sigwarp(folder.path(), &[&["hash", "--hash", hash][..], &names].concat(), b"").out;
        let ran = sigwarp(folder.path(), &["hash", "-c", "--hash", hash, "-"], list.as_bytes());
        let told = "plain: OK\n\\ a\\nb\\\\c\\rd: OK\n*x: OK\n";
        assert_eq!((ran.status, ran.out.as_str(), ran.err.as_str()), (Some(0), told, ""), "{hash}");
    }
}
