//! `sigwarp bench` measures what it is asked for, and says what it cannot.

use crate::common;

use common::{sigwarp, summary};

/// Too short for a figure that means something, long enough to go through everything.
const SHORT: [&str; 6] = ["bench", "--quick", "--seconds", "0.02", "--max-items", "1024"];

#[test]
fn rows_are_measured_on_the_backend_that_is_asked_for() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let arguments = ["--suite", "messages", "--filter", "strict/32", "--backend", "portable"];
    let arguments = [&SHORT[..], &arguments, &["--json", "a.json", "--html", "a.html"]].concat();
    let ran = sigwarp(folder.path(), &[&arguments[..], &["--format", "json"]].concat(), b"");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let report = summary(&ran);
    assert_eq!(report["command"][0], "sigwarp");
    let rows = report["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0]["id"], "messages/strict/32");
    assert_eq!(rows[0]["subject"]["backend"], "portable");
    assert!(rows[0]["subject"]["ns_per_item"]["median"].as_f64().is_some_and(|ns| ns > 0.0));
    assert!(rows[0]["baseline"].is_null() && rows[0]["ratio"].is_null(), "no other library takes part");
    let file = std::fs::read_to_string(folder.path().join("a.json")).expect("the report as a file");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&file).expect("JSON"), report);
    let compared =
        sigwarp(folder.path(), &[&SHORT[..], &arguments[6..12], &["--compare", "a.json"]].concat(), b"");
    assert_eq!(compared.status, Some(0), "{compared:?}");
    let (_, comparison) = compared.out.split_once("\ncompared with the report of ").expect("a comparison");
    assert!(comparison.contains("\nmessages/strict/32  "), "{comparison}");
    assert!(comparison.contains("\n1 row compared: "), "{comparison}");
    assert!(std::fs::read_to_string(folder.path().join("a.html")).expect("a page").contains("<svg"));

    let table = sigwarp(folder.path(), &arguments, b"");
    assert_eq!(table.status, Some(0), "{table:?}");
    assert!(table.out.starts_with("self-check") && table.out.contains("portable"), "{}", table.out);
}

#[test]
fn a_screen_comes_before_the_report() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let arguments =
        ["bench", "--quick", "--seconds", "0.02", "--suite", "overview", "--filter", "overview/ed25519"];
    let ran = sigwarp(folder.path(), &arguments, b"");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let (screen, report) = ran.out.split_once("\nself-check").expect("a screen and a report");
    assert!(screen.starts_with("Signatures that this machine verifies a second ("), "{screen}");
    assert!(
        screen.contains("\nEd25519, zip215 ") && screen.contains("/s") && screen.contains(" times"),
        "{screen}"
    );
    assert!(report.contains("== overview: "), "{report}");
}

#[test]
fn what_cannot_be_measured_ends_with_its_reason() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let refused = |arguments: &[&str], status, message: &str| {
        let ran = sigwarp(folder.path(), &[&SHORT[..], arguments].concat(), b"");
        assert_eq!(ran.status, Some(status), "{ran:?}");
        assert!(ran.err.contains(message), "{}", ran.err);
        assert_eq!(ran.out, "");
    };
    std::fs::write(folder.path().join("no.json"), "{}").expect("a file");
    refused(
        &["--filter", "strict/32", "--compare", "no.json"],
        2,
        "--compare no.json: is not a report of this version",
    );
    refused(&["--filter", "strict/32", "--compare", "missing"], 2, "--compare missing: cannot read");
    refused(
        &["--filter", "strict/32", "--compare", "no.json", "--json", "no.json"],
        2,
        "is also --compare no.json",
    );
    refused(&["--filter", "no such row"], 2, "sigwarp bench --list");
    refused(&["--suite", "abacus"], 2, "there is no suite abacus");
    refused(&["--filter", "strict/32", "--json", "no/such/folder/a.json"], 3, "no/such/folder/a.json");
}

#[test]
fn rows_are_listed_once_each() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ran = sigwarp(folder.path(), &["bench", "--list", "--suite", "sizes", "--suite", "keys"], b"");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let ids: Vec<&str> = ran
        .out
        .lines()
        .filter(|line| line.starts_with("  "))
        .filter_map(|l| l.split_whitespace().next())
        .collect();
    assert!(ids.contains(&"sizes/zip215/n=1") && ids.contains(&"keys/zip215/keys=8"), "{ids:?}");
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), ids.len());
}
