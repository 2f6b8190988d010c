//! Checks every folder of `kernels/src` and every room of `engine/src` against the table of what it must not know.
//!
//! A room that is not in the table fails too, so that a new one is thought about.

use std::fs;
use std::path::{Path, PathBuf};

/// A room, and the paths that its code (tests included) must not name.
struct Room {
    folder: &'static str,
    forbidden: &'static [&'static str],
}

const INSTRUCTION_SETS: [&str; 5] =
    ["core::arch", "std::arch", "sigwarp_kernels::simd", "target_feature", "wgpu"];

const ROOMS: [Room; 8] = [
    Room {
        folder: "schemes",
        forbidden: &[
            "core::arch",
            "std::arch",
            "target_feature",
            "sigwarp_kernels::simd::avx",
            "crate::backend",
            "crate::dispatch",
            "crate::engine",
            "crate::plan",
            "crate::keyring",
            "crate::prevalidator",
            "rayon",
            "std::thread",
        ],
    },
    Room { folder: "keyring", forbidden: &INSTRUCTION_SETS },
    Room {
        folder: "plan",
        forbidden: &[
            "core::arch",
            "std::arch",
            "sigwarp_kernels",
            "backend::cpu",
            "backend::gpu",
            "crate::dispatch",
            "crate::schemes",
            "rayon",
            "std::thread",
            "wgpu",
        ],
    },
    // The room for devices: it knows no CPU code, and nothing else knows wgpu.
    Room {
        folder: "backend/gpu",
        forbidden: &[
            "core::arch",
            "std::arch",
            "sigwarp_kernels",
            "backend::cpu",
            "rayon",
            "curve25519_dalek",
            "ed25519_dalek",
        ],
    },
    Room { folder: "backend/cpu", forbidden: &["wgpu", "backend::gpu"] },
    Room { folder: "backend", forbidden: &["crate::dispatch", "crate::engine", "crate::prevalidator"] },
    Room {
        folder: "dispatch",
        forbidden: &[
            "core::arch",
            "std::arch",
            "sigwarp_kernels",
            "crate::schemes",
            "crate::engine",
            "crate::prevalidator",
            "curve25519_dalek",
            "k256",
            "p256",
            "sm2::",
            "sha2",
            "backend::gpu",
            "wgpu",
        ],
    },
    Room {
        folder: "prevalidator",
        forbidden: &["core::arch", "std::arch", "sigwarp_kernels", "crate::schemes"],
    },
];

/// What kernels must not know beside the engine, which their crate cannot name: instructions, which `simd` has for them, and
/// threads.
const ABOVE_SIMD: [&str; 4] = ["core::arch", "std::arch", "rayon", "std::thread"];

const KERNELS: [Room; 7] = [
    Room {
        folder: "simd",
        forbidden: &[
            "crate::bounds",
            "crate::curve",
            "crate::field",
            "crate::hash",
            "crate::multiscalar",
            "crate::scalar",
            "rayon",
        ],
    },
    Room { folder: "bounds", forbidden: &ABOVE_SIMD },
    Room { folder: "curve", forbidden: &ABOVE_SIMD },
    Room { folder: "field", forbidden: &ABOVE_SIMD },
    Room { folder: "hash", forbidden: &ABOVE_SIMD },
    Room { folder: "multiscalar", forbidden: &ABOVE_SIMD },
    Room { folder: "scalar", forbidden: &ABOVE_SIMD },
];

/// What the crate of the kernels depends on.
const BELOW_KERNELS: [&str; 2] = ["sigwarp-tables", "libc"];

/// Folders that are the face of the crate rather than rooms: they hold the types that callers meet.
const FACE: [&str; 1] = ["batch"];

/// Where `unsafe` may stand: in the engine, and among the kernels.
const UNSAFE_ROOMS: [&str; 2] = ["backend/gpu", "simd"];

fn source_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn kernels_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../kernels/src")
}

/// The tables, each with the folder below which its rooms lie.
fn tables() -> [(PathBuf, &'static [Room]); 2] {
    [(source_root(), &ROOMS), (kernels_root(), &KERNELS)]
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable source folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The code of a line: without comments.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or("")
}

/// The forbidden paths that `source` names, with their lines. A path counts where it does not continue an
/// identifier (`my_rayon` is not `rayon`).
fn violations<'a>(source: &str, forbidden: &[&'a str]) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    for (number, line) in source.lines().enumerate() {
        let code = code(line);
        for &path in forbidden {
            let inside = |c: char| c.is_alphanumeric() || c == '_';
            let named = code.match_indices(path).any(|(at, _)| {
                let after = &code[at + path.len()..];
                !code[..at].ends_with(inside) && (path.ends_with("avx") || !after.starts_with(inside))
            });
            if named {
                found.push((number + 1, path));
            }
        }
    }
    found
}

#[test]
fn rooms_keep_to_what_they_may_know() {
    let mut problems = Vec::new();
    for (root, rooms) in tables() {
        for room in rooms {
            let mut files = Vec::new();
            rust_files(&root.join(room.folder), &mut files);
            assert!(files.iter().any(|file| file.ends_with("mod.rs")), "{} has no mod.rs", room.folder);
            for file in files {
                let source = fs::read_to_string(&file).expect("a readable source file");
                for (line, path) in violations(&source, room.forbidden) {
                    let file = file.strip_prefix(&root).expect("a file below the root").display();
                    problems.push(format!("{file}:{line}: {} must not know {path}", room.folder));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_folder_is_a_room_or_the_face() {
    for (root, rooms) in tables() {
        for entry in fs::read_dir(&root).expect("a readable source folder") {
            let entry = entry.expect("a readable entry");
            if entry.path().is_dir() {
                let name = entry.file_name().into_string().expect("a UTF-8 folder name");
                let known = rooms.iter().any(|room| room.folder == name) || FACE.contains(&name.as_str());
                assert!(known, "{} is not in the tables of this file", entry.path().display());
            }
        }
    }
}

/// Kernels are built once, whatever the features of what uses them.
#[test]
fn kernels_have_no_features_and_few_dependencies() {
    let manifest = fs::read_to_string(kernels_root().join("../Cargo.toml")).expect("a readable manifest");
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

#[test]
fn unsafe_stands_only_where_it_may() {
    for ((root, _), room) in tables().into_iter().zip(UNSAFE_ROOMS) {
        let mut files = Vec::new();
        rust_files(&root, &mut files);
        for file in files {
            let inside = file.strip_prefix(&root).expect("a file below the root");
            if inside.starts_with(room) {
                continue;
            }
            let source = fs::read_to_string(&file).expect("a readable source file");
            let unsafe_lines = violations(&source, &["unsafe"]);
            assert!(unsafe_lines.is_empty(), "{}: unsafe at lines {unsafe_lines:?}", file.display());
        }
    }
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
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/bodies/src");
    let (mut files, mut targets) = (Vec::new(), Vec::new());
    for (root, _) in tables() {
        rust_files(&root, &mut files);
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

#[test]
fn the_check_sees_violations() {
    let source =
        "use rayon::prelude::*; // fine: rayon\nlet my_rayon = 1;\n// core::arch\nuse core::arch::x86_64;\n";
    assert_eq!(violations(source, &["rayon", "core::arch"]), [(1, "rayon"), (4, "core::arch")]);
    assert_eq!(violations("fn f() { unsafe { g() } }", &["unsafe"]), [(1, "unsafe")]);
    assert_eq!(violations("#![deny(unsafe_code)]", &["unsafe"]), []);
}
