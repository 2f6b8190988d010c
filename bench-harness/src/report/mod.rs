//! Reports: what a run found out, as data. `report.schema.json` describes the JSON.

pub mod check;
pub mod html;
mod machine;
mod schema;
mod screen;
pub mod table;

use serde::{Deserialize, Serialize};

use crate::contenders::{Answers, Keys};
use crate::measure::{Settings, Summary};
use crate::workload::Spec;

pub use machine::{Build, Machine, now};
pub use schema::{SCHEMA, validate};
pub use screen::screen;

/// The version of the JSON document. It is raised when a field changes meaning or is removed.
pub const SCHEMA_VERSION: u32 = 1;

/// The self-check passes when the median ratio of a function against itself is within this of 1.
pub const SELF_CHECK_TOLERANCE: f64 = 0.03;

/// Everything about one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// `sigwarp-bench` and its version.
    pub tool: String,
    /// When the run started: RFC 3339, UTC.
    pub started: String,
    /// The command line.
    pub command: Vec<String>,
    /// Where it ran.
    pub machine: Machine,
    /// What ran.
    pub build: Build,
    /// How long and how often.
    pub settings: Settings,
    /// The same function against itself.
    pub self_check: SelfCheck,
    /// What was measured.
    pub rows: Vec<Measurement>,
    /// Figures of peers that are no Rust crates, for comparison.
    pub not_measured: Vec<NotMeasured>,
    /// What a reader should know before trusting a figure.
    pub warnings: Vec<String>,
}

/// The same function against itself, in pairs as every other row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SelfCheck {
    /// The function.
    pub what: String,
    /// The ratio; 1 on an undisturbed machine.
    pub ratio: Summary,
    /// The number of pairs.
    pub rounds: usize,
    /// [`SELF_CHECK_TOLERANCE`].
    pub tolerance: f64,
    /// Whether the median is within the tolerance of 1.
    pub passed: bool,
}

/// One row, measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// The suite.
    pub suite: String,
    /// The row, stable from version to version.
    pub id: String,
    /// What a reader sees.
    pub title: String,
    /// `signature` or `message`.
    pub unit: String,
    /// The subject, or null where it could not be measured (the notes say why) or there is none.
    pub subject: Option<Figure>,
    /// The baseline, or null.
    pub baseline: Option<Figure>,
    /// Baseline time over subject time: how many times faster the subject is. Null without both.
    pub ratio: Option<Summary>,
    /// The ratio promised.
    pub required: Option<f64>,
    /// The ratio aimed at.
    pub aim: Option<f64>,
    /// Nanoseconds of the baseline on the reference machine, for this kind of build.
    pub reference_ns: Option<f64>,
    /// Measured over reference.
    pub reference_ratio: Option<f64>,
    /// The floor of the subject.
    pub floor: Option<FloorFigure>,
    /// The position in the suite's plot.
    pub x: Option<f64>,
    /// What is missing and why.
    pub notes: Vec<String>,
    /// Why this row deserves less trust: a wide spread, or a disturbed measurement.
    pub warnings: Vec<String>,
}

/// What one side of a row did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The contender: `sigwarp/…` or `crate/…`.
    pub contender: String,
    /// Its version.
    pub version: String,
    /// The backend that ran, for Sigwarp.
    pub backend: Option<String>,
    /// Where the work on the keys is done.
    pub keys: Keys,
    /// What the caller learns.
    pub answers: Answers,
    /// The inputs.
    pub workload: Spec,
    /// Threads.
    pub threads: usize,
    /// Nanoseconds per item, over the rounds.
    pub ns_per_item: Summary,
    /// Items per second, at the median.
    pub items_per_second: f64,
    /// Samples.
    pub rounds: usize,
    /// Calls in a sample.
    pub calls_per_sample: usize,
    /// The part of the wall time in which the measuring thread ran.
    pub cpu_share: f64,
}

/// The least time of an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FloorFigure {
    /// Nanoseconds per item, on the reference machine.
    pub ns: f64,
    /// How it comes about.
    pub source: String,
    /// Measured time over the floor, or null where the subject was not measured.
    pub times: Option<f64>,
}

/// A figure taken from elsewhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NotMeasured {
    /// Who.
    pub name: String,
    /// What.
    pub what: String,
    /// Nanoseconds per item on the reference machine.
    pub reference_ns: f64,
    /// Why it was not measured here.
    pub why: String,
}

impl Report {
    /// Reads a report, after checking it against the schema.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let value: serde_json::Value =
            serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
        validate(&value).map_err(|errors| errors.join("\n"))?;
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    /// The report as JSON, for people too.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a report holds nothing that JSON cannot");
        text.push('\n');
        text
    }
}

/// Reports for tests of what reads them.
#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::measure::Settings;
    use crate::workload::Kind;

    pub(crate) fn summary(median: f64) -> Summary {
        Summary { median, p10: median * 0.99, p90: median * 1.01 }
    }

    pub(crate) fn figure(contender: &str, ns: f64) -> Figure {
        Figure {
            contender: contender.to_owned(),
            version: "0.1.0".to_owned(),
            backend: contender.starts_with("sigwarp").then(|| "portable".to_owned()),
            keys: Keys::Bytes,
            answers: Answers::PerItem,
            workload: Spec::new(Kind::Ed25519, 64, 2048),
            threads: 1,
            ns_per_item: summary(ns),
            items_per_second: 1e9 / ns,
            rounds: 9,
            calls_per_sample: 3,
            cpu_share: 1.0,
        }
    }

    pub(crate) fn measurement(id: &str, subject: Option<f64>, baseline: Option<f64>) -> Measurement {
        let suite = id.split('/').next().unwrap_or_default().to_owned();
        Measurement {
            suite,
            id: id.to_owned(),
            title: format!("row <{id}>"),
            unit: "signature".to_owned(),
            subject: subject.map(|ns| figure("sigwarp/strict", ns)),
            baseline: baseline.map(|ns| figure("ed25519-dalek/verify_strict", ns)),
            ratio: subject.zip(baseline).map(|(subject, baseline)| summary(baseline / subject)),
            required: Some(13.0),
            aim: None,
            reference_ns: None,
            reference_ratio: None,
            floor: Some(FloorFigure {
                ns: 100.0,
                source: "a test".to_owned(),
                times: subject.map(|ns| ns / 100.0),
            }),
            x: Some(64.0),
            notes: vec!["a note".to_owned()],
            warnings: vec![],
        }
    }

    pub(crate) fn report(rows: Vec<Measurement>) -> Report {
        Report {
            schema_version: SCHEMA_VERSION,
            tool: "sigwarp-bench 0.1.0".to_owned(),
            started: now(),
            command: vec!["sigwarp-bench".to_owned(), "run".to_owned()],
            machine: Machine::detect(None),
            build: Build::this(),
            settings: Settings::QUICK,
            self_check: SelfCheck {
                what: "a test".to_owned(),
                ratio: summary(1.0),
                rounds: 9,
                tolerance: SELF_CHECK_TOLERANCE,
                passed: true,
            },
            rows,
            not_measured: vec![],
            warnings: vec![],
        }
    }

    #[test]
    fn a_report_survives_its_json() {
        let report = report(vec![
            measurement("targets/a", Some(2_000.0), Some(30_000.0)),
            measurement("sizes/b", None, Some(30_000.0)),
        ]);
        let json = report.to_json();
        assert_eq!(Report::from_json(&json).unwrap(), report);
    }
}
