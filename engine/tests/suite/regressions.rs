//! The rows of `datasets/regressions/`: every divergence ever found, what other verifiers got wrong, and a set in which
//! every check of every rule decides some row. Each row has the reason that each rule gives (null: valid).

use crate::common;

use sigwarp::{Batch, Key, Message, Reason, Suite, Verdict, oracle};

struct Row {
    name: String,
    key: Vec<u8>,
    message: Vec<u8>,
    digest: bool,
    signature: Vec<u8>,
    judged: Vec<(Suite, Verdict)>,
}

fn rows() -> Vec<Row> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../datasets/regressions");
    let mut rows = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("datasets/regressions") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a readable file");
        for (line, text) in text.lines().enumerate() {
            let name = format!("{}:{}", path.file_name().expect("a file").display(), line + 1);
            rows.push(row(name, &serde_json::from_str(text).expect("a JSON row")));
        }
    }
    rows
}

fn row(name: String, json: &serde_json::Value) -> Row {
    assert!(json["origin"].is_string(), "{name} has no origin");
    let user_id = common::bytes(json, "user_id");
    let judged = json["reasons"].as_object().expect("reasons by rule").iter().map(|(rule, reason)| {
        let suite = Suite::from_names(
            json["scheme"].as_str().expect("a scheme"),
            Some(rule),
            json["encoding"].as_str(),
            user_id.as_deref(),
        );
        let reason = reason.as_str().map(|name| {
            *Reason::ALL.iter().find(|reason| reason.name() == name).expect("the name of a reason")
        });
        let verdict = reason.map_or(Verdict::Valid, Verdict::Invalid);
        let agrees = json["expected"][rule].as_bool() == Some(verdict.is_valid());
        assert!(agrees, "{name}: `expected` and `reasons` disagree about {rule}");
        (suite.expect("a suite"), verdict)
    });
    let judged: Vec<_> = judged.collect();
    let digest = json["digest"].is_string();
    let bytes = |field| common::bytes(json, field).unwrap_or_else(|| panic!("{name} has no {field}"));
    let message = bytes(if digest { "digest" } else { "message" });
    let (key, signature) = (bytes("public_key"), bytes("signature"));
    Row { name, key, message, digest, signature, judged }
}

#[test]
fn every_backend_and_the_oracle_judge_every_row_as_recorded() {
    let rows = rows();
    assert!(rows.len() > 100, "{} rows", rows.len());
    for row in &rows {
        for (suite, expected) in &row.judged {
            let found = oracle::verify(suite, &row.key, &row.message, &row.signature);
            assert_eq!(found, Some(*expected), "the oracle on {} under {suite}", row.name);
        }
    }
    for (kind, engine) in common::engines() {
        let mut batch = Batch::new();
        let mut names = Vec::new();
        for row in &rows {
            for (suite, expected) in row.judged.iter().filter(|(suite, _)| engine.supports(suite)) {
                let message =
                    if row.digest { Message::Digest(&row.message) } else { Message::Raw(&row.message) };
                batch.push(suite, Key::Bytes(&row.key), message, &row.signature);
                names.push((&row.name, suite, *expected));
            }
        }
        let verdicts = engine.verify(&batch).expect("verdicts");
        assert_eq!(verdicts.len(), names.len());
        for (found, (name, suite, expected)) in verdicts.iter().zip(names) {
            assert_eq!(found, expected, "{kind} on {name} under {suite}");
        }
    }
}

/// A file of rows that no longer separate the rules would pass whatever the engine does.
#[test]
fn the_rows_reach_every_reason_of_every_rule() {
    let rows = rows();
    let seen = |rule: &str, verdict: Verdict| {
        rows.iter()
            .flat_map(|row| &row.judged)
            .any(|(suite, judged)| suite.rule() == rule && *judged == verdict)
    };
    for (rule, reasons) in [
        ("zip215", "KeyNotOnCurve ScalarOutOfRange RNotOnCurve EquationFailed"),
        (
            "rfc8032",
            "NonCanonicalKey KeyNotOnCurve ScalarOutOfRange NonCanonicalR RNotOnCurve EquationFailed",
        ),
        ("rfc8032-cofactorless", "NonCanonicalKey ScalarOutOfRange NonCanonicalR RNotOnCurve EquationFailed"),
        ("cofactorless", "KeyNotOnCurve ScalarOutOfRange EquationFailed"),
        ("strict", "SmallOrderKey KeyNotOnCurve ScalarOutOfRange SmallOrderR RNotOnCurve EquationFailed"),
        ("libsodium", "NonCanonicalKey SmallOrderKey ScalarOutOfRange SmallOrderR EquationFailed"),
        ("simd0376", "NonCanonicalKey SmallOrderKey NonCanonicalR SmallOrderR RNotOnCurve EquationFailed"),
        ("bouncy-castle", "NonCanonicalKey SmallOrderKey NonCanonicalR RNotOnCurve EquationFailed"),
        ("donna", "KeyNotOnCurve ScalarOutOfRange EquationFailed"),
        ("ecdsa", "BadKeyEncoding BadSignatureEncoding NonCanonicalKey KeyNotOnCurve ScalarOutOfRange"),
        ("ecdsa-low-s", "BadKeyLength BadSignatureLength HighS ScalarOutOfRange EquationFailed"),
        ("bip340", "NonCanonicalKey KeyNotOnCurve ScalarOutOfRange NonCanonicalR EquationFailed"),
        ("sm2", "BadKeyEncoding BadSignatureEncoding KeyNotOnCurve ScalarOutOfRange EquationFailed"),
    ] {
        assert!(seen(rule, Verdict::Valid), "no row is valid under {rule}");
        for name in reasons.split(' ') {
            let reason = *Reason::ALL.iter().find(|reason| reason.name() == name).expect("a reason");
            assert!(seen(rule, Verdict::Invalid(reason)), "no row is {name} under {rule}");
        }
    }
}
