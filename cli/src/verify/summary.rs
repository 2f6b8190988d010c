//! What a run of `sigwarp verify` says at its end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;
use sigwarp::{Reason, Verdict};
use sigwarp_datasets::{human, json_line};

use crate::output::{file_name, label, place, rows_in};

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
    invalid_as_expected: u64,
    with_expectation: u64,
    reasons: BTreeMap<Reason, u64>,
    rules: BTreeSet<&'static str>,
    /// The listed rows of each standing, in their order, each with its place among all rows.
    listed: [Vec<(u64, FailedRow)>; 3],
}

/// How a row that a summary may list stands to what was expected of it; the first is what a user looks for first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// The verdict is not the expected one.
    Unexpected,
    /// Invalid, and the row does not say what it expects.
    Invalid,
    /// Invalid, as the row expects.
    InvalidAsExpected,
}

impl Standing {
    /// `None` for a valid row of which nothing else is expected.
    const fn of(is_valid: bool, expected: Option<bool>) -> Option<Self> {
        match (is_valid, expected) {
            (true, Some(false)) | (false, Some(true)) => Some(Self::Unexpected),
            (false, None) => Some(Self::Invalid),
            (false, Some(false)) => Some(Self::InvalidAsExpected),
            (true, _) => None,
        }
    }
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
    /// Counts a row; keeps it for the list while fewer than `list` are kept. A row displaces the last kept one whose
    /// standing matters less, so that it is not lost behind those.
    pub(crate) fn add(&mut self, judged: Judged<'_>, list: usize) {
        let Judged { verdict, expected, .. } = judged;
        self.items += 1;
        self.rules.insert(judged.rule);
        self.with_expectation += u64::from(expected.is_some());
        match verdict {
            Verdict::Valid => self.valid += 1,
            Verdict::Invalid(reason) => {
                self.malformed += u64::from(reason.is_malformed());
                *self.reasons.entry(reason).or_default() += 1;
            }
        }
        let Some(standing) = Standing::of(verdict.is_valid(), expected) else { return };
        self.mismatched += u64::from(standing == Standing::Unexpected);
        self.without_expectation_invalid += u64::from(standing == Standing::Invalid);
        self.invalid_as_expected += u64::from(standing == Standing::InvalidAsExpected);
        if !self.has_room(standing, list) {
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
        self.listed[standing as usize].push((self.items, row));
    }

    /// Makes room for a row in a list of `list` rows, if there is none yet and one that matters less can go.
    fn has_room(&mut self, standing: Standing, list: usize) -> bool {
        if self.listed.iter().map(Vec::len).sum::<usize>() < list {
            return true;
        }
        self.listed[standing as usize + 1..].iter_mut().rev().any(|kept| kept.pop().is_some())
    }

    /// The listed rows, in the order in which they were added.
    fn take_listed(&mut self) -> Vec<FailedRow> {
        let mut listed: Vec<(u64, FailedRow)> = self.listed.iter_mut().flat_map(std::mem::take).collect();
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
    items_per_second_total: f64,
    registered_keys: usize,
    seconds_register: f64,
    peak_rss_bytes: Option<u64>,
    backend: String,
    threads: usize,
    why: String,
    device: Option<OnDevice>,
    rules: Vec<&'static str>,
    output: Option<String>,
    failures: Vec<FailedRow>,
    /// What a table says of `failures`, which JSON has in other fields.
    #[serde(skip)]
    without_expectation_invalid: u64,
    #[serde(skip)]
    invalid_as_expected: u64,
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
    /// The file that holds the verdicts, under the name that it has now.
    pub(crate) output: Option<String>,
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
        let rate = |seconds: f64| if seconds > 0.0 { totals.items as f64 / seconds } else { 0.0 };
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
            items_per_second: rate(seconds_verify),
            items_per_second_total: rate(run.total.as_secs_f64()),
            registered_keys: run.registered_keys,
            seconds_register: run.register.as_secs_f64(),
            peak_rss_bytes: crate::memory::peak_rss_bytes(),
            backend: run.backend,
            threads: run.threads,
            why: run.why,
            device: run.device,
            rules: totals.rules.into_iter().collect(),
            output: run.output,
            failures,
            without_expectation_invalid: totals.without_expectation_invalid,
            invalid_as_expected: totals.invalid_as_expected,
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
        line("items", human::grouped(self.items))?;
        line("valid", human::grouped(self.valid))?;
        line("invalid", self.invalid_text())?;
        for (reason, count) in &self.reasons {
            line(&format!("  {reason}"), human::grouped(*count))?;
        }
        let expected = match (self.with_expected, self.mismatched_expected) {
            (0, _) => "no row says what it expects".to_owned(),
            (1, 0) => "none: the only row that says what it expects is as expected".to_owned(),
            (some, 0) => format!("none: all {} rows that say what they expect are", human::grouped(some)),
            (some, not) => format!("{} of {} rows", human::grouped(not), human::grouped(some)),
        };
        line("not as expected", expected)?;
        line("rules", if self.rules.is_empty() { "none".into() } else { self.rules.join(", ") })?;
        line(
            "backend",
            format!("{} on {}, {}", self.backend, counted(self.threads as u64, "thread"), self.why),
        )?;
        if let Some(device) = self.device {
            line("on a device", device.text())?;
        }
        let did = if self.output.is_some() { "read, verified and wrote" } else { "read and verified" };
        line("time", format!("{did} {}", rows_in(self.items, self.seconds_total)))?;
        line(
            "  in the engine",
            format!(
                "{}: {}",
                human::duration(Duration::from_secs_f64(self.seconds_verify)),
                human::rate(self.items_per_second)
            ),
        )?;
        if self.registered_keys > 0 {
            let (keys, time) = (self.registered_keys as u64, Duration::from_secs_f64(self.seconds_register));
            line("registered keys", format!("{} in {}", human::grouped(keys), human::duration(time)))?;
        }
        if let Some(bytes) = self.peak_rss_bytes {
            line("peak memory", format!("{:.1} MB", bytes as f64 / 1e6))?;
        }
        if let Some(output) = &self.output {
            line("verdicts", file_name(output))?;
        }
        if !self.complete {
            line("complete", "no: the run stopped early, the counts are of the rows before".to_owned())?;
        }
        let all = [Standing::Unexpected, Standing::Invalid, Standing::InvalidAsExpected];
        self.write_lists(out, &all)
    }

    /// How many rows are invalid, and whether that is as it should be.
    fn invalid_text(&self) -> String {
        let mut text = human::grouped(self.invalid);
        if self.malformed > 0 {
            text.push_str(&format!(" ({} malformed)", human::grouped(self.malformed)));
        }
        if self.invalid > 0 && self.all_good() {
            text.push_str(if self.invalid == 1 { ", as expected" } else { ", all as expected" });
        }
        text
    }

    const fn all_good(&self) -> bool {
        self.mismatched_expected == 0 && self.without_expectation_invalid == 0
    }

    /// The rows of a standing that the run counted.
    const fn counted(&self, standing: Standing) -> u64 {
        match standing {
            Standing::Unexpected => self.mismatched_expected,
            Standing::Invalid => self.without_expectation_invalid,
            Standing::InvalidAsExpected => self.invalid_as_expected,
        }
    }

    /// The listed rows of each standing, under a heading that says what they are and how many there are; where none of
    /// them are listed, the heading alone.
    fn write_lists(&self, out: &mut String, standings: &[Standing]) -> std::fmt::Result {
        for &standing in standings {
            let of_standing =
                |row: &&FailedRow| Standing::of(row.reason.is_none(), row.expected) == Some(standing);
            let listed: Vec<&FailedRow> = self.failures.iter().filter(of_standing).collect();
            let (all, shown) = (self.counted(standing), listed.len() as u64);
            if all == 0 || shown == 0 && standing == Standing::InvalidAsExpected {
                continue;
            }
            let what = match standing {
                Standing::Unexpected => format!("{} not as expected", rows(all)),
                Standing::Invalid if self.with_expected == 0 => format!("{} invalid", rows(all)),
                Standing::Invalid if all == 1 => "1 row invalid that does not say what it expects".to_owned(),
                Standing::Invalid => format!("{} invalid that do not say what they expect", rows(all)),
                Standing::InvalidAsExpected if self.all_good() && all > 1 => {
                    format!("{} invalid, all as expected", rows(all))
                }
                Standing::InvalidAsExpected => format!("{} invalid as expected", rows(all)),
            };
            match shown {
                0 => writeln!(out, "\n{what}")?,
                _ if shown < all => writeln!(out, "\n{what}; the first {}:", human::grouped(shown))?,
                _ => writeln!(out, "\n{what}:")?,
            }
            if shown > 0 {
                write_rows(out, &listed, standing)?;
            }
        }
        Ok(())
    }

    /// What is not as it should be, or nothing.
    pub(crate) fn complaints(&self) -> String {
        let mut text = String::new();
        self.write_lists(&mut text, &[Standing::Unexpected, Standing::Invalid])
            .expect("writing to a String cannot fail");
        text.trim_start().to_owned()
    }
}

/// The rows as columns. What is expected goes with those that are not as expected: for all others the heading says it.
fn write_rows(out: &mut String, listed: &[&FailedRow], standing: Standing) -> std::fmt::Result {
    let with_expected = standing == Standing::Unexpected;
    let head = ["row", "id", "verdict", if with_expected { "expected" } else { "" }].map(str::to_owned);
    let rows: Vec<[String; 4]> = listed.iter().map(|row| row.cells(with_expected)).collect();
    let widths = [0, 1, 2]
        .map(|column| rows.iter().chain([&head]).map(|row| row[column].chars().count()).max().unwrap_or(0));
    for [place, id, verdict, expected] in [&head].into_iter().chain(&rows) {
        let line =
            format!("{place:<0$}  {id:<1$}  {verdict:<2$}  {expected}", widths[0], widths[1], widths[2]);
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn rows(number: u64) -> String {
    match number {
        1 => "1 row".to_owned(),
        number => format!("{} rows", human::count(number)),
    }
}

fn counted(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", human::grouped(number))
}

impl FailedRow {
    fn cells(&self, with_expected: bool) -> [String; 4] {
        let expected = match self.expected {
            Some(true) if with_expected => "valid",
            Some(false) if with_expected => "invalid",
            _ => "",
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

    fn ran(device: Option<OnDevice>) -> Run {
        Run {
            error: None,
            complete: true,
            total: Duration::from_secs(4),
            verify: Duration::from_secs(1),
            register: Duration::ZERO,
            registered_keys: 0,
            backend: "gpu".into(),
            threads: 1,
            why: "a test".into(),
            device,
            output: None,
        }
    }

    /// The table of a run over these rows.
    fn summary(rows: &[(Verdict, Option<bool>)], list: usize) -> Summary {
        let mut totals = Totals::default();
        for (row, &(verdict, expected)) in rows.iter().enumerate() {
            totals.add(judged(row as u64, verdict, expected), list);
        }
        Summary::new(totals, ran(None))
    }

    /// From the first heading of a list on.
    fn lists(table: &str) -> &str {
        table.split_once("\n\n").map_or("", |(_, lists)| lists)
    }

    #[test]
    fn what_is_not_as_expected_comes_first() {
        let rows = [
            (BAD, Some(false)),
            (BAD, None),
            (Verdict::Valid, Some(false)),
            (BAD, Some(true)),
            (BAD, Some(false)),
            (Verdict::Valid, Some(true)),
        ];
        let all = summary(&rows, 10);
        let unexpected = "2 rows not as expected:\n\
                          row  id  verdict         expected\n\
                          f:2      valid           invalid\n\
                          f:3      EquationFailed  valid\n";
        let invalid = "\n1 row invalid that does not say what it expects:\n\
                       row  id  verdict\n\
                       f:1      EquationFailed\n";
        let expected = "\n2 rows invalid as expected:\n\
                        row  id  verdict\n\
                        f:0      EquationFailed\n\
                        f:4      EquationFailed\n";
        assert_eq!(lists(&all.table()), [unexpected, invalid, expected].concat());
        assert_eq!(all.complaints(), [unexpected, invalid].concat());
        let two = summary(&rows, 2);
        let counted = "\n1 row invalid that does not say what it expects\n";
        assert_eq!(lists(&two.table()), [unexpected, counted].concat());
        let one = summary(&rows, 1);
        assert!(lists(&one.table()).starts_with("2 rows not as expected; the first 1:\n"), "{}", one.table());
        assert_eq!(summary(&rows, 0).complaints(), ["2 rows not as expected\n", counted].concat());
        // In JSON they stay in the order of the rows.
        let places: Vec<u64> = all.failures.iter().map(|row| row.row).collect();
        assert_eq!(places, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn a_table_says_when_all_is_as_expected() {
        let good = summary(&[(BAD, Some(false)); 217], 2);
        let table = good.table();
        assert!(table.contains("invalid              217, all as expected\n"), "{table}");
        assert!(
            table.contains("not as expected      none: all 217 rows that say what they expect are\n"),
            "{table}"
        );
        assert!(lists(&table).starts_with("217 rows invalid, all as expected; the first 2:\n"), "{table}");
        assert_eq!(good.complaints(), "");
        let silent = summary(&[(BAD, None), (Verdict::Valid, None)], 10);
        assert!(lists(&silent.table()).starts_with("1 row invalid:\n"), "{}", silent.table());
        let valid = summary(&[(Verdict::Valid, None)], 10);
        assert_eq!((lists(&valid.table()), valid.complaints().as_str()), ("", ""));
    }

    #[test]
    fn the_clock_on_the_wall_and_the_engine_have_their_own_rates() {
        let mut totals = Totals::default();
        totals.add(judged(0, Verdict::Valid, None), 0);
        totals.items = 1_203_456;
        let run = Run { output: Some("verdicts.parquet".into()), ..ran(None) };
        let summary = Summary::new(totals, run);
        let table = summary.table();
        for line in [
            "time                 read, verified and wrote 1.20 million rows in 4.0 s: 301k/s\n",
            "  in the engine      1.0 s: 1.20M/s\n",
            "verdicts             verdicts.parquet\n",
        ] {
            assert!(table.contains(line), "{table}");
        }
        let json = summary.json();
        assert!(json.contains(r#""items_per_second":1203456.0,"items_per_second_total":300864.0"#), "{json}");
        assert!(json.contains(r#""output":"verdicts.parquet""#), "{json}");
    }

    #[test]
    fn what_a_device_accepts_is_said_to_rest_on_the_recheck() {
        let with = |device| Summary::new(Totals::default(), ran(device));
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
            totals.clone().take_listed().iter().map(|failed| failed.row).collect()
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
