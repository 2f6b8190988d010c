//! What a run of `sigwarp verify` says at its end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;
use sigwarp::{Reason, Verdict};
use sigwarp_datasets::json_line;

use crate::output::{label, place};

/// The version of the JSON summary, raised when a field changes its meaning.
const SCHEMA_VERSION: u32 = 1;

/// Counts over all rows read so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Totals {
    pub(crate) items: u64,
    valid: u64,
    malformed: u64,
    mismatched: u64,
    without_expectation_invalid: u64,
    with_expectation: u64,
    reasons: BTreeMap<Reason, u64>,
    rules: BTreeSet<&'static str>,
    /// Listed rows that are invalid and not otherwise than expected, each with its place among all rows.
    invalid: Vec<(u64, FailedRow)>,
    /// Listed rows whose verdict is not the expected one, likewise.
    unexpected: Vec<(u64, FailedRow)>,
}

/// A row that the summary lists.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FailedRow {
    file: String,
    row: u64,
    id: Option<String>,
    verdict: &'static str,
    reason: Option<&'static str>,
    expected: Option<bool>,
}

impl FailedRow {
    fn is_mismatch(&self) -> bool {
        self.expected.is_some_and(|expected| expected != self.reason.is_none())
    }
}

/// One judged row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judged<'a> {
    pub(crate) file: &'a str,
    pub(crate) row: u64,
    pub(crate) id: Option<&'a str>,
    pub(crate) rule: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) expected: Option<bool>,
}

impl Totals {
    /// Counts a row; keeps it for the list while fewer than `list` are kept. A row whose verdict is not the
    /// expected one displaces the last kept row that is invalid as expected, so that it is not lost behind those.
    pub(crate) fn add(&mut self, judged: Judged<'_>, list: usize) {
        let Judged { verdict, expected, .. } = judged;
        self.items += 1;
        self.rules.insert(judged.rule);
        self.with_expectation += u64::from(expected.is_some());
        match verdict {
            Verdict::Valid => self.valid += 1,
            Verdict::Invalid(reason) => {
                self.malformed += u64::from(reason.is_malformed());
                self.without_expectation_invalid += u64::from(expected.is_none());
                *self.reasons.entry(reason).or_default() += 1;
            }
        }
        let mismatch = expected.is_some_and(|expected| expected != verdict.is_valid());
        self.mismatched += u64::from(mismatch);
        if verdict.is_valid() && !mismatch || list == 0 {
            return;
        }
        let is_full = self.invalid.len() + self.unexpected.len() >= list;
        if is_full && (!mismatch || self.invalid.pop().is_none()) {
            return;
        }
        let row = FailedRow {
            file: judged.file.to_owned(),
            row: judged.row,
            id: judged.id.map(str::to_owned),
            verdict: verdict_name(verdict),
            reason: verdict.reason().map(Reason::name),
            expected,
        };
        let listed = if mismatch { &mut self.unexpected } else { &mut self.invalid };
        listed.push((self.items, row));
    }

    /// The listed rows, in the order in which they were added.
    fn take_listed(&mut self) -> Vec<FailedRow> {
        let mut listed = std::mem::take(&mut self.invalid);
        listed.append(&mut self.unexpected);
        listed.sort_unstable_by_key(|(place, _)| *place);
        listed.into_iter().map(|(_, row)| row).collect()
    }

    /// All valid, or all as expected where that is known.
    pub(crate) const fn all_good(&self) -> bool {
        self.mismatched == 0 && self.without_expectation_invalid == 0
    }
}

/// `valid` or `invalid`, as files call it.
pub(crate) const fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Valid => "valid",
        Verdict::Invalid(_) => "invalid",
    }
}

/// The summary, in the order of its JSON fields.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    schema_version: u32,
    complete: bool,
    error: Option<String>,
    items: u64,
    valid: u64,
    invalid: u64,
    malformed: u64,
    mismatched_expected: u64,
    with_expected: u64,
    reasons: BTreeMap<&'static str, u64>,
    seconds_total: f64,
    seconds_verify: f64,
    items_per_second: f64,
    registered_keys: usize,
    seconds_register: f64,
    peak_rss_bytes: Option<u64>,
    backend: String,
    threads: usize,
    why: String,
    device: Option<OnDevice>,
    rules: Vec<&'static str>,
    failures: Vec<FailedRow>,
}

/// What a run knows besides its counts.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) error: Option<String>,
    pub(crate) complete: bool,
    pub(crate) total: Duration,
    pub(crate) verify: Duration,
    pub(crate) register: Duration,
    pub(crate) registered_keys: usize,
    pub(crate) backend: String,
    pub(crate) threads: usize,
    pub(crate) why: String,
    pub(crate) device: Option<OnDevice>,
}

/// What the verdicts of a device rest on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct OnDevice {
    /// The items that it decided.
    items: u64,
    /// The fraction of those that it called valid that the CPU judged again. All others were.
    recheck: f64,
}

impl OnDevice {
    pub(crate) const fn new(items: u64, recheck: f64) -> Self {
        Self { items, recheck }
    }

    fn text(self) -> String {
        let Self { items, recheck } = self;
        if recheck >= 1.0 {
            return format!("{items} items, all of them verified again on the cpu");
        }
        let passes = 100.0 * (1.0 - recheck);
        format!(
            "{items} items; the cpu verified again what it rejected and a fraction {recheck} of what it accepted: a wrong \
             acceptance passes with a probability of {passes:.2} % (--recheck 1 verifies all)"
        )
    }
}

impl Summary {
    pub(crate) fn new(mut totals: Totals, run: Run) -> Self {
        let failures = totals.take_listed();
        let seconds_verify = run.verify.as_secs_f64();
        let rate = if seconds_verify > 0.0 { totals.items as f64 / seconds_verify } else { 0.0 };
        Self {
            schema_version: SCHEMA_VERSION,
            complete: run.complete,
            error: run.error,
            items: totals.items,
            valid: totals.valid,
            invalid: totals.items - totals.valid,
            malformed: totals.malformed,
            mismatched_expected: totals.mismatched,
            with_expected: totals.with_expectation,
            reasons: totals.reasons.into_iter().map(|(reason, count)| (reason.name(), count)).collect(),
            seconds_total: run.total.as_secs_f64(),
            seconds_verify,
            items_per_second: rate,
            registered_keys: run.registered_keys,
            seconds_register: run.register.as_secs_f64(),
            peak_rss_bytes: crate::memory::peak_rss_bytes(),
            backend: run.backend,
            threads: run.threads,
            why: run.why,
            device: run.device,
            rules: totals.rules.into_iter().collect(),
            failures,
        }
    }

    /// One line of JSON.
    pub(crate) fn json(&self) -> String {
        format!("{}\n", json_line(self))
    }

    /// A table for people.
    pub(crate) fn table(&self) -> String {
        let mut text = String::new();
        self.write_table(&mut text).expect("writing to a String cannot fail");
        text
    }

    fn write_table(&self, out: &mut String) -> std::fmt::Result {
        let mut line = |name: &str, value: String| writeln!(out, "{name:<20} {value}");
        line("items", self.items.to_string())?;
        line("valid", self.valid.to_string())?;
        line("invalid", format!("{} ({} malformed)", self.invalid, self.malformed))?;
        for (reason, count) in &self.reasons {
            line(&format!("  {reason}"), count.to_string())?;
        }
        let expected = match self.with_expected {
            0 => "no row says what it expects".to_owned(),
            some => format!("{} of {some} rows", self.mismatched_expected),
        };
        line("not as expected", expected)?;
        line("rules", if self.rules.is_empty() { "none".into() } else { self.rules.join(", ") })?;
        let plural = if self.threads == 1 { "" } else { "s" };
        line("backend", format!("{} on {} thread{plural}, {}", self.backend, self.threads, self.why))?;
        if let Some(device) = self.device {
            line("on a device", device.text())?;
        }
        line(
            "time",
            format!(
                "{:.3} s, of which {:.3} s in the engine: {:.0} items/s",
                self.seconds_total, self.seconds_verify, self.items_per_second
            ),
        )?;
        if self.registered_keys > 0 {
            line("registered keys", format!("{} in {:.3} s", self.registered_keys, self.seconds_register))?;
        }
        if let Some(bytes) = self.peak_rss_bytes {
            line("peak memory", format!("{:.1} MB", bytes as f64 / 1e6))?;
        }
        if !self.complete {
            line("complete", "no: the run stopped early, the counts are of the rows before".to_owned())?;
        }
        if !self.failures.is_empty() {
            let shown = self.failures.len();
            writeln!(
                out,
                "\nfirst {shown} of {} rows that are invalid or not as expected:",
                self.failed_rows()
            )?;
            let rows: Vec<[String; 4]> = self.failures.iter().map(FailedRow::cells).collect();
            let head = ["row", "id", "reason", "expected"].map(str::to_owned);
            let widths = [0, 1, 2].map(|column| {
                rows.iter().chain([&head]).map(|row| row[column].chars().count()).max().unwrap_or(0)
            });
            for row in [&head].into_iter().chain(&rows) {
                let [place, id, reason, expected] = row;
                let line = format!(
                    "{place:<0$}  {id:<1$}  {reason:<2$}  {expected}",
                    widths[0], widths[1], widths[2]
                );
                writeln!(out, "{}", line.trim_end())?;
            }
        }
        Ok(())
    }

    /// Every listed row is invalid or a valid row that was expected to be invalid.
    fn failed_rows(&self) -> u64 {
        let listed_valid = self.failures.iter().filter(|row| row.reason.is_none()).count() as u64;
        self.invalid + listed_valid
    }
}

impl FailedRow {
    fn cells(&self) -> [String; 4] {
        let expected = match self.expected {
            None => "",
            Some(_) if self.is_mismatch() => "NO",
            Some(_) => "yes",
        };
        [
            place(&self.file, self.row),
            label(self.id.as_deref()),
            self.reason.unwrap_or("valid").to_owned(),
            expected.to_owned(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(row: u64, verdict: Verdict, expected: Option<bool>) -> Judged<'static> {
        Judged { file: "f", row, id: None, rule: "strict", verdict, expected }
    }

    const BAD: Verdict = Verdict::Invalid(Reason::EquationFailed);

    #[test]
    fn good_means_valid_or_as_expected() {
        let good = |rows: &[(Verdict, Option<bool>)]| {
            let mut totals = Totals::default();
            for &(verdict, expected) in rows {
                totals.add(judged(0, verdict, expected), 10);
            }
            totals.all_good()
        };
        assert!(good(&[]));
        assert!(good(&[(Verdict::Valid, None), (Verdict::Valid, Some(true)), (BAD, Some(false))]));
        assert!(!good(&[(BAD, None)]));
        assert!(!good(&[(BAD, Some(true))]));
        assert!(!good(&[(Verdict::Valid, Some(false))]));
    }

    #[test]
    fn what_a_device_accepts_is_said_to_rest_on_the_recheck() {
        let with = |device| {
            let run = Run {
                error: None,
                complete: true,
                total: Duration::ZERO,
                verify: Duration::ZERO,
                register: Duration::ZERO,
                registered_keys: 0,
                backend: "gpu".into(),
                threads: 1,
                why: "a test".into(),
                device,
            };
            Summary::new(Totals::default(), run)
        };
        let some = with(Some(OnDevice::new(5000, 1.0 / 128.0)));
        assert!(some.table().contains("a fraction 0.0078125 of what it accepted"), "{}", some.table());
        assert!(some.table().contains("passes with a probability of 99.22 %"), "{}", some.table());
        assert!(some.json().contains(r#""device":{"items":5000,"recheck":0.0078125}"#), "{}", some.json());
        let all = with(Some(OnDevice::new(5000, 1.0))).table();
        assert!(all.contains("5000 items, all of them verified again") && !all.contains("passes"), "{all}");
        let none = with(None);
        assert!(none.json().contains(r#""device":null"#) && !none.table().contains("on a device"));
    }

    #[test]
    fn a_mismatch_is_listed_even_behind_many_expected_failures() {
        let mut totals = Totals::default();
        for row in 0..100 {
            totals.add(judged(row, BAD, Some(false)), 3);
        }
        totals.add(judged(100, Verdict::Valid, Some(false)), 3);
        let listed = |totals: &Totals| -> Vec<u64> {
            totals.invalid.iter().chain(&totals.unexpected).map(|(_, failed)| failed.row).collect()
        };
        assert_eq!(listed(&totals), [0, 1, 100]);
        totals.add(judged(101, BAD, Some(true)), 3);
        totals.add(judged(102, BAD, Some(true)), 3);
        totals.add(judged(103, BAD, Some(true)), 3);
        assert_eq!(listed(&totals), [100, 101, 102]);
        assert_eq!(totals.mismatched, 4);
    }

    #[test]
    fn listed_rows_stand_in_their_order() {
        let mut totals = Totals::default();
        for row in 0..10 {
            let expected = if row % 3 == 0 { Some(true) } else { None };
            totals.add(judged(row, BAD, expected), 7);
        }
        // Row 6 fills the list, so 7 and 8 are not in it, and 9 takes the place of 5.
        let rows: Vec<u64> = totals.take_listed().iter().map(|failed| failed.row).collect();
        assert_eq!(rows, [0, 1, 2, 3, 4, 6, 9]);
        let mut none = Totals::default();
        none.add(judged(0, BAD, Some(true)), 0);
        assert!(none.take_listed().is_empty() && none.mismatched == 1);
    }
}
