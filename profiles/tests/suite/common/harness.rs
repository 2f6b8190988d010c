//! Cases with what is expected of them, judged on every backend.

use std::collections::HashMap;

use serde_json::Value as Json;
use sigwarp::Engine;
use sigwarp_profiles::{AnyContext, Batch, Report, Signature, System, Value, verify};

use super::{engines, fields, rows, with_input};

/// A record with its context, and the row that says what is expected of it.
pub struct Case {
    pub id: String,
    pub record: Vec<u8>,
    pub context: AnyContext,
    /// The row that it comes from.
    pub row: Json,
    pub expected: Json,
}

/// A system, and how the evaluator of the vectors speaks of it.
pub struct Subject {
    pub system: &'static dyn System,
    /// Our name for a reason of the evaluator, where it is another one.
    pub reason: fn(&str) -> &str,
    /// Differences in what the rows of this system have beside the verdict, the reason, the sender, the authority and
    /// the signatures.
    pub more: fn(&Report, &Json) -> Vec<String>,
}

/// The cases of a file of rows with the expected row of the same id. `None` where no vectors are configured.
pub fn cases(system: &dyn System, inputs: &str, expected: &str) -> Option<Vec<Case>> {
    cases_of(system, inputs, expected, &[])
}

/// The same, of rows that do not say some fields of the context, which are the same for all.
pub fn cases_of(
    system: &dyn System,
    inputs: &str,
    expected: &str,
    all: &[(&str, Value)],
) -> Option<Vec<Case>> {
    let folder = inputs.rsplit_once('/').map_or("", |(folder, _)| folder);
    let inputs = rows(inputs)?.into_iter().map(|row| with_input(folder, row));
    let expected = rows(expected)?.into_iter().map(|row| (row["id"].to_string(), row));
    let mut expected: HashMap<String, Json> = expected.collect();
    let case = |row: Json| {
        let fields = fields(&row);
        // What a profile does not name among the fields of its context, it must not need.
        let named = fields.iter().filter(|(name, _)| system.context_fields().contains(name));
        let named = named.chain(all.iter().map(|(name, value)| (*name, value)));
        let named = named.map(|(name, value)| (name.to_owned(), value.clone())).collect();
        let id = row["id"].as_str().expect("an id").to_owned();
        let value = system.record_fields().iter().find_map(|name| fields.get(name));
        let record = value.map(|value| system.record(value).expect("the bytes of a record"));
        Case {
            record: record.unwrap_or_else(|| panic!("{id} has no record")),
            context: system.context(&named).unwrap_or_else(|error| panic!("{id}: {error}")),
            expected: expected.remove(&row["id"].to_string()).unwrap_or_else(|| panic!("{id} is not judged")),
            id,
            row,
        }
    };
    Some(inputs.map(case).collect())
}

/// The reports on these cases, in one batch.
pub fn reports(engine: &Engine, system: &dyn System, cases: &[Case]) -> Vec<Report> {
    let mut batch = Batch::new();
    for case in cases {
        system.push(&mut batch, &case.record, &case.context).expect("a context of the system");
    }
    verify(engine, batch).expect("an engine that works")
}

impl Subject {
    /// Judges the cases on every backend, all at once and, on the first, one by one, and requires what is expected.
    /// Returns their number.
    pub fn check(&self, cases: &[Case]) -> usize {
        let mut wrong = Vec::new();
        for (turn, (kind, engine)) in engines().iter().enumerate() {
            let all = reports(engine, self.system, cases);
            assert_eq!(all.len(), cases.len());
            for (case, report) in cases.iter().zip(&all) {
                let different = self.differences(report, &case.expected);
                if !different.is_empty() {
                    wrong.push(format!("{} on {kind}: {}", case.id, different.join("; ")));
                }
            }
            // The size of a batch must not change a report.
            for (case, report) in cases.iter().zip(&all).step_by(if turn == 0 { 7 } else { 101 }) {
                let alone = reports(engine, self.system, std::slice::from_ref(case));
                assert_eq!(alone, std::slice::from_ref(report), "{} alone on {kind}", case.id);
            }
        }
        let shown = wrong.iter().take(40).map(String::as_str).collect::<Vec<_>>().join("\n");
        assert!(wrong.is_empty(), "{} of {} differ:\n{shown}", wrong.len(), cases.len() * engines().len());
        cases.len()
    }

    /// Where a report is not what is expected.
    pub fn differences(&self, report: &Report, expected: &Json) -> Vec<String> {
        let mut found = Vec::new();
        let mut same = |what: &str, ours: Option<String>, theirs: Option<String>| {
            if ours != theirs {
                found.push(format!("{what} is {ours:?}, expected {theirs:?}"));
            }
        };
        let reason = |row: &Json| row["reason"].as_str().map(|name| (self.reason)(name).to_owned());
        let text = |row: &Json| row.as_str().map(str::to_owned);
        let cause = report.verdict.cause().map(|cause| cause.to_string());
        same("the verdict", Some(report.verdict.name().to_owned()), text(&expected["verdict"]));
        if let Some(undecided) = expected["undecided"].as_array() {
            let ours = report.undecided.iter().map(|cause| format!("{:?}", cause.to_string()));
            let theirs = undecided.iter().map(Json::to_string);
            let list = |words: Vec<String>| Some(words.join(","));
            same("what is undecided", list(ours.collect()), list(theirs.collect()));
        }
        // A record that lists what it waits for has no reason besides.
        let listed = expected["undecided"].as_array().is_some_and(|words| !words.is_empty());
        if !listed || report.verdict.name() != "undecided" {
            same("the reason", cause, reason(expected));
        }
        if let Some(anchored) = expected.get("anchored") {
            same(
                "whether it is anchored",
                report.anchored.map(|is| is.to_string()),
                Some(anchored.to_string()),
            );
        }
        if expected.get("sender").is_some() {
            same("the sender", report.sender.as_deref().map(hex::encode), text(&expected["sender"]));
        }
        if expected.get("authority").is_some() {
            same("the authority", report.authority.map(str::to_owned), text(&expected["authority"]));
        }
        let signatures = expected["signatures"].as_array().map(Vec::as_slice).unwrap_or(&[]);
        let count = |count: usize| Some(count.to_string());
        same("the number of signatures", count(report.signatures.len()), count(signatures.len()));
        for (ours, theirs) in report.signatures.iter().zip(signatures) {
            let Signature { role, suite, address, verdict, .. } = ours;
            let word = |holds: Option<bool>| holds.map(|holds| holds.to_string());
            same(
                &format!("whether {role} holds"),
                word(Some(verdict.is_valid())),
                word(theirs["ok"].as_bool().or(theirs["verdict"].as_str().map(|word| word == "valid"))),
            );
            same(
                &format!("the reason of {role}"),
                verdict.cause().map(|cause| cause.to_string()),
                reason(theirs),
            );
            if let Some(place) = text(&theirs["where"]).or(text(&theirs["role"])) {
                same("the role", Some(role.to_string()), Some(place));
            }
            if let Some(scheme) = text(&theirs["scheme"]) {
                let ours = suite.as_ref().map(|suite| suite.scheme().name().to_owned());
                same(&format!("the scheme of {role}"), ours, Some(scheme));
            }
            for (name, ours) in [
                ("rule", suite.as_ref().map(|suite| suite.rule())),
                ("encoding", suite.as_ref().map(|suite| suite.encoding())),
            ] {
                if let Some(theirs) = text(&theirs[name]) {
                    same(&format!("the {name} of {role}"), ours.map(str::to_owned), Some(theirs));
                }
            }
            if let Some(theirs) = text(&theirs["key"]) {
                same(&format!("the key of {role}"), Some(hex::encode(&ours.key)), Some(theirs));
            }
            if let Some(theirs) = text(&theirs["address"]) {
                same(&format!("the address of {role}"), address.map(hex::encode), Some(theirs));
            }
        }
        found.extend((self.more)(report, expected));
        found
    }
}
