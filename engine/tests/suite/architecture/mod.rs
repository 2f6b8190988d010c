//! Where things may stand in the engine and the kernels: what each room imports ([`imports`]), what the kernels depend on,
//! where `unsafe` is, and that tests skip no instruction set silently.
//!
//! `SIGWARP_ARCHITECTURE` names the folder of another workspace to check in place of this one.

mod imports;
mod planted;
mod resolve;
mod rooms;
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use resolve::rust_files;
use rooms::TABLES;

/// The root of the workspace.
fn root() -> PathBuf {
    let here = || Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    std::env::var_os("SIGWARP_ARCHITECTURE").map_or_else(here, PathBuf::from)
}

/// What the crate of the kernels depends on.
const BELOW_KERNELS: [&str; 2] = ["sigwarp-tables", "libc"];

/// Kernels are built once, whatever the features of what uses them.
#[test]
fn kernels_have_no_features_and_few_dependencies() {
    let manifest = fs::read_to_string(root().join("kernels/Cargo.toml")).expect("a readable manifest");
    assert!(!manifest.contains("[features]") && !manifest.contains("optional"), "{manifest}");
    let mut of_others = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            of_others = line.ends_with("dependencies]") && !line.contains("dev-dependencies");
        } else if let Some((name, _)) =
            line.split_once(['.', ' ']).filter(|_| of_others && !line.starts_with('#'))
        {
            assert!(BELOW_KERNELS.contains(&name), "kernels depend on {name}");
        }
    }
}

/// Lines that name `unsafe` where it does not continue an identifier (`unsafe_code`), comments excluded.
fn unsafe_lines(source: &str) -> Vec<usize> {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    let is_unsafe = |line: &str| {
        let code = line.split("//").next().unwrap_or("");
        let mut words = code.match_indices("unsafe");
        words.any(|(at, word)| !code[..at].ends_with(inside) && !code[at + word.len()..].starts_with(inside))
    };
    source.lines().enumerate().filter(|(_, line)| is_unsafe(line)).map(|(index, _)| index + 1).collect()
}

#[test]
fn unsafe_stands_only_where_it_may() {
    for table in &TABLES {
        let (root, mut files) = (root().join(table.folder), Vec::new());
        rust_files(&root, &mut files);
        for file in files {
            let inside = file.strip_prefix(&root).expect("a file below the root");
            if inside.starts_with(table.unsafe_in) {
                continue;
            }
            let source = fs::read_to_string(&file).expect("a readable source file");
            let lines = unsafe_lines(&source);
            assert!(lines.is_empty(), "{}: unsafe at lines {lines:?}", file.display());
        }
    }
    assert_eq!(unsafe_lines("fn f() {\n    unsafe { g() }\n}"), [2]);
    assert_eq!(unsafe_lines("#![deny(unsafe_code)] // unsafe"), [0; 0]);
}

/// The part of a file that is tests: all of it, or what follows the head of its module of tests.
fn tests_of<'a>(name: &str, source: &'a str) -> &'a str {
    let is_test = name == "tests.rs" || name.ends_with("_tests.rs");
    let begin = if is_test { Some(0) } else { source.find("#[cfg(test)]\nmod tests {") };
    begin.map_or("", |begin| &source[begin..])
}

/// Calls of `Token::detect` after which a test may go on without the instruction set, and nobody knows.
fn silent_skips(tests: &str) -> usize {
    let loud = [".unwrap()", ".expect(", ".is_some()"];
    let calls = tests.match_indices("detect()").map(|(at, call)| tests[at + call.len()..].trim_start());
    calls.filter(|after| !loud.iter().any(|loud| after.starts_with(loud))).count()
}

/// Tests ask `simd::testing::detect`, which says what it skips and fails where the instruction set is required.
#[test]
fn no_test_skips_an_instruction_set_silently() {
    let fuzz = root().join("fuzz/bodies/src");
    let (mut files, mut targets) = (Vec::new(), Vec::new());
    for table in &TABLES {
        rust_files(&root().join(table.folder), &mut files);
    }
    rust_files(&fuzz, &mut targets);
    let mut askers = 0;
    for (file, all_of_it) in
        files.iter().map(|file| (file, false)).chain(targets.iter().map(|file| (file, true)))
    {
        let source = fs::read_to_string(file).expect("a readable source file");
        let name = file.file_name().and_then(|name| name.to_str()).expect("a UTF-8 file name");
        let tests = if all_of_it { &source } else { tests_of(name, &source) };
        assert_eq!(silent_skips(tests), 0, "{}: a test asks Token::detect", file.display());
        askers += usize::from(tests.contains("testing::detect::<"));
    }
    assert!(askers >= 15, "{askers} files of tests ask for instruction sets");
}

#[test]
fn the_check_sees_silent_skips() {
    let silent = [
        "let Some(token) = T::detect() else { return };",
        "let token = <F as FieldLanes>::Token::detect()?;",
        "if let Some(token) = T::detect() {}",
        "if T::detect()\n    .is_none() {}",
    ];
    for source in silent {
        assert_eq!(silent_skips(source), 1, "{source}");
    }
    let fine = "testing::detect::<T>() else { return }; T::detect().unwrap(); T::detect()\n.expect(\"\");";
    assert_eq!(silent_skips(fine), 0);
    assert_eq!(tests_of("lanes.rs", "a\n#[cfg(test)]\nmod tests {\n"), "#[cfg(test)]\nmod tests {\n");
    assert_eq!(tests_of("lanes.rs", "#[cfg(test)]\nmod tests;\na"), "");
    assert_eq!(tests_of("half_tests.rs", "a"), "a");
}
