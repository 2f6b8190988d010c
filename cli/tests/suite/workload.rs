//! `gen`, `selftest`, `devices` and `recover`, as a user runs them.

use crate::common;

use std::fs;

use common::{sigwarp, summary};
use serde_json::Value;

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let made = |seed: &str, threads: &str| {
        let arguments = ["gen", "--rows", "200", "--seed", seed, "--output", "-"];
        let ran = std::process::Command::new(env!("CARGO_BIN_EXE_sigwarp"))
            .args(arguments)
            .current_dir(folder.path())
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .expect("the command runs");
        assert_eq!(ran.status.code(), Some(0));
        ran.stdout
    };
    let first = made("7", "1");
    assert_eq!(first.iter().filter(|&&byte| byte == b'\n').count(), 200);
    assert_eq!(first, made("7", "3"));
    assert_ne!(first, made("8", "3"));
}

#[test]
fn a_generated_workload_verifies_as_expected_in_both_formats() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for format in ["jsonl", "parquet"] {
        let (rows, keys) = (format!("rows.{format}"), format!("keys.{format}"));
        let mix = [
            "ed25519:zip215=4",
            "ecdsa-p256-sha256:ecdsa-low-s:der",
            "ecdsa-secp256k1:ecdsa",
            "schnorr-bip340",
        ];
        let mut arguments =
            vec!["gen", "--rows", "600", "--bad", "0.3", "--message", "0-200", "--output", &rows];
        arguments.extend(["--keys-output", &keys]);
        arguments.extend(mix.iter().flat_map(|part| ["--mix", part]));
        let ran = sigwarp(folder.path(), &arguments, b"");
        assert_eq!(ran.status, Some(0), "{ran:?}");
        let ran = sigwarp(folder.path(), &["verify", &rows, "--keys", &keys, "--format", "json"], b"");
        assert_eq!(ran.status, Some(0), "{ran:?}");
        let summary = summary(&ran);
        assert_eq!((&summary["items"], &summary["with_expected"]), (&Value::from(600), &Value::from(600)));
        assert!(summary["invalid"].as_u64().expect("a count") > 100);
        let ran = sigwarp(folder.path(), &["verify", &rows], b"");
        assert_eq!(ran.status, Some(2), "{ran:?}");
        assert!(ran.err.contains("row 0: key_index needs a keys file; add --keys FILE"), "{}", ran.err);
    }
}

#[test]
fn a_workload_that_makes_no_sense_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (arguments, message) in [
        (["--mix", "ed25519"], "ed25519 needs a rule"),
        (["--mix", "ed448:x"], "unknown scheme"),
        (["--bad", "1.5"], "must be 0 to 1"),
        (["--zipf", "99"], "must be 0 to 10"),
        (["--message", "many"], "it must be a number of bytes"),
        (["--kinds", "typo"], "unknown kind of bad signature"),
        (["--devices", "0"], "there must be 1 to"),
    ] {
        let ran = sigwarp(folder.path(), &[&["gen", "--output", "rows.jsonl"], &arguments[..]].concat(), b"");
        assert_eq!(ran.status, Some(2), "{arguments:?}: {ran:?}");
        assert!(ran.err.contains(message), "{arguments:?}: {}", ran.err);
        assert!(!folder.path().join("rows.jsonl").exists());
    }
    let ran = sigwarp(folder.path(), &["gen", "--output", "rows.txt"], b"");
    assert_eq!(ran.status, Some(2), "{ran:?}");
}

#[test]
fn every_backend_agrees_with_the_oracle() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ran = sigwarp(folder.path(), &["selftest", "--differential", "1500", "--format", "json"], b"");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let report = summary(&ran);
    let backends = report["backends"].as_array().expect("backends");
    let of = |name: &str| backends.iter().find(|backend| backend["backend"] == name).expect("a backend");
    assert_eq!(of("portable")["compared"], 1500);
    assert_eq!(of("portable")["known_answers"], "pass");
    assert!(backends.iter().all(|backend| backend["divergence"] == Value::Null), "{report}");
}

#[test]
fn the_oracle_is_asked_about_the_schemes_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ran = |scheme| {
        let arguments = ["selftest", "--differential", "40", "--scheme", scheme, "--format", "json"];
        sigwarp(folder.path(), &arguments, b"")
    };
    let of_ed25519 = summary(&ran("ed25519"));
    assert!(of_ed25519["backends"].as_array().expect("backends").iter().all(|backend| {
        // Every backend verifies Ed25519.
        backend["known_answers"] != "pass" || backend["compared"] == 40
    }));
    let unknown = ran("ed25518");
    assert_eq!(unknown.status, Some(2), "{unknown:?}");
    assert!(unknown.err.contains("sm2-sm3"), "{unknown:?}");
}

#[test]
fn devices_says_what_runs_here() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let devices = summary(&sigwarp(folder.path(), &["devices", "--format", "json"], b""));
    let backends = devices["backends"].as_array().expect("backends");
    let portable = backends.iter().find(|device| device["backend"] == "portable").expect("portable");
    assert_eq!(portable["runs"], true);
    let count = |field: &str| portable[field].as_array().expect("names of schemes").len();
    let accelerated = sigwarp::Scheme::ALL.into_iter().filter(|scheme| scheme.is_accelerated()).count();
    assert_eq!(
        (count("schemes"), count("one_by_one")),
        (accelerated, sigwarp::Scheme::ALL.len() - accelerated)
    );
    assert!(accelerated >= 12, "{accelerated}");
    assert_eq!(sigwarp(folder.path(), &["devices"], b"").status, Some(0));
}

/// The transaction of EIP-155's example.
#[test]
fn a_sender_is_recovered() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let row = r#"{"id":"eip155","scheme":"ecdsa-secp256k1","rule":"ecdsa-low-s","recovery_id":0,"digest":"daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53","signature":"28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa63627667cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"}"#;
    let ran = sigwarp(folder.path(), &["recover", "-", "--output", "senders.jsonl"], row.as_bytes());
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let written = fs::read_to_string(folder.path().join("senders.jsonl")).expect("the senders");
    let sender: Value = serde_json::from_str(&written).expect("one line of JSON");
    assert_eq!(sender["address"], "9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f");
    let other = row.replace("\"recovery_id\":0,", "\"recovery_id\":5,");
    let ran = sigwarp(folder.path(), &["recover", "-", "--format", "json"], other.as_bytes());
    assert_eq!(
        (ran.status, summary(&ran)["failures"][0]["reason"].clone()),
        (Some(1), "BadSignatureEncoding".into())
    );
    let none = row.replace("\"recovery_id\":0,", "");
    let ran = sigwarp(folder.path(), &["recover", "-"], none.as_bytes());
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.err.contains("row 0: recovery_id is missing"), "{}", ran.err);
}
