//! What a run of `sigwarp transactions` says at its end.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;
use sigwarp_datasets::{human, json_line};
use sigwarp_profiles::{Report, Verdict};

use super::records::Expected;
use super::within::{Within, each, is_block};
use crate::memory::peak_rss_bytes;
use crate::output::{label, place};

/// The version of the JSON summary, raised when a field changes its meaning.
const SCHEMA_VERSION: u32 = 1;

/// Counts over all records so far.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Totals {
    /// What was read: transactions, or blocks of them.
    records: u64,
    /// The transactions, those in blocks included.
    transactions: u64,
    signatures: u64,
    /// Verdicts on transactions.
    valid: u64,
    invalid: u64,
    undecided: u64,
    /// Blocks that are not valid, for themselves or because of a transaction in them.
    bad_blocks: u64,
    /// Records whose verdict is not the one that their row expects.
    mismatched_expected: u64,
    /// Records that are not valid, and whose rows do not say what they expect.
    not_valid: u64,
    /// Transactions and blocks by the reason that they are invalid or undecided for.
    reasons: BTreeMap<String, u64>,
    failures: Vec<Failed>,
}

/// A record, or a transaction of it, that the summary lists.
#[derive(Debug, Clone, Serialize)]
struct Failed {
    file: String,
    row: u64,
    id: Option<String>,
    /// Of a record of many blocks, the place of the block.
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<usize>,
    transaction: Option<usize>,
    verdict: &'static str,
    reason: Option<String>,
}

/// Where a judged record stands.
pub(super) struct Judged<'a> {
    pub(super) file: &'a str,
    pub(super) row: u64,
    pub(super) id: Option<&'a str>,
    pub(super) expected: Option<Expected>,
}

/// How the run went.
pub(super) struct Run {
    pub(super) profile: &'static str,
    pub(super) error: Option<String>,
    pub(super) complete: bool,
    pub(super) total: Duration,
    pub(super) verify: Duration,
    pub(super) threads: usize,
    pub(super) why: String,
    pub(super) output: Option<String>,
}

impl Totals {
    /// Counts a record; lists it, and the transactions of a block, where fewer than `list` are listed.
    pub(super) fn add(&mut self, judged: Judged<'_>, report: &Report, list: usize) {
        self.records += 1;
        let verdict = report.verdict;
        let is_as_expected = judged.expected.is_none_or(|expected| match expected {
            Expected::Is(word) => verdict.name() == word,
            Expected::NotValid => !verdict.is_valid(),
        });
        self.mismatched_expected += u64::from(!is_as_expected);
        self.not_valid += u64::from(!verdict.is_valid() && judged.expected.is_none());
        for (Within { block, transaction }, report) in each(report) {
            let of_inputs = report.inputs.iter().map(|input| input.signatures.len()).sum::<usize>();
            self.signatures += (report.signatures.len() + of_inputs) as u64;
            // A block counts by its transactions; what is wrong with the block itself counts beside them.
            if is_block(report) {
                let is_list = report.transactions.iter().any(is_block);
                self.bad_blocks += u64::from(!is_list && !report.verdict.is_valid());
            } else {
                self.transactions += 1;
                match report.verdict {
                    Verdict::Valid => self.valid += 1,
                    Verdict::Invalid(_) => self.invalid += 1,
                    Verdict::Undecided(_) => self.undecided += 1,
                }
            }
            let reason = report.verdict.cause().map(|cause| cause.to_string());
            if let Some(reason) = &reason {
                *self.reasons.entry(reason.clone()).or_default() += 1;
            }
            let is_listed = if judged.expected.is_some() { !is_as_expected } else { reason.is_some() };
            if is_listed && self.failures.len() < list {
                let Judged { file, row, id, .. } = judged;
                let (file, id) = (file.to_owned(), id.map(str::to_owned));
                let verdict = report.verdict.name();
                self.failures.push(Failed { file, row, id, block, transaction, verdict, reason });
            }
        }
    }

    /// Whether every record is valid, or as its row expects.
    pub(super) fn all_good(&self) -> bool {
        self.mismatched_expected == 0 && self.not_valid == 0
    }

    /// The records so far.
    pub(super) fn records(&self) -> u64 {
        self.records
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// The summary on one line.
    pub(super) fn json(&self, run: &Run) -> String {
        #[derive(Serialize)]
        struct Summary<'a> {
            schema_version: u32,
            profile: &'static str,
            complete: bool,
            error: Option<&'a str>,
            #[serde(flatten)]
            totals: &'a Totals,
            seconds_total: f64,
            seconds_verify: f64,
            transactions_per_second: Option<f64>,
            peak_rss_bytes: Option<u64>,
            threads: usize,
            why: &'a str,
            output: Option<&'a str>,
        }
        let summary = Summary {
            schema_version: SCHEMA_VERSION,
            profile: run.profile,
            complete: run.complete,
            error: run.error.as_deref(),
            totals: self,
            seconds_total: run.total.as_secs_f64(),
            seconds_verify: run.verify.as_secs_f64(),
            transactions_per_second: self.rate(run),
            peak_rss_bytes: peak_rss_bytes(),
            threads: run.threads,
            why: &run.why,
            output: run.output.as_deref(),
        };
        format!("{}\n", json_line(&summary))
    }

    fn rate(&self, run: &Run) -> Option<f64> {
        let seconds = run.total.as_secs_f64();
        (self.transactions > 0 && seconds > 0.0).then(|| self.transactions as f64 / seconds)
    }

    /// The summary for people; `quiet`: only what is wrong.
    pub(super) fn table(&self, run: &Run, quiet: bool) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: String| {
            writeln!(text, "{name:<20} {value}").expect("writing to a String cannot fail");
        };
        if !quiet {
            if self.records != self.transactions {
                line("records", human::count(self.records));
            }
            line("transactions", human::count(self.transactions));
            line("signatures", human::count(self.signatures));
            line("valid", human::count(self.valid));
            line("invalid", human::count(self.invalid));
            line("undecided", human::count(self.undecided));
        }
        let counts = [("bad blocks", self.bad_blocks), ("not as expected", self.mismatched_expected)];
        for (name, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            line(name, human::count(count));
        }
        for (reason, count) in &self.reasons {
            line("", format!("{count} {reason}"));
        }
        if !quiet {
            let rate = self.rate(run).map(|rate| format!(": {}", human::rate(rate))).unwrap_or_default();
            line("time", format!("{}{rate}", human::duration(run.total)));
            line("in the engine", human::duration(run.verify));
            line("backend", run.why.clone());
            if let Some(output) = &run.output {
                line("output", output.clone());
            }
        }
        if !run.complete {
            line("complete", "no: the run stopped early, the counts are of the records before".to_owned());
        }
        for Failed { file, row, id, block, transaction, verdict, reason } in &self.failures {
            let within = |name, place: &Option<usize>| {
                place.map(|place| format!(" {name} {place}")).unwrap_or_default()
            };
            let within = within("block", block) + &within("transaction", transaction);
            let reason = reason.as_deref().unwrap_or_default();
            line("", format!("{}{within} {} {verdict} {reason}", place(file, *row), label(id.as_deref())));
        }
        text
    }
}
