//! Regressions between two reports.

use std::fmt;

use crate::measure::Summary;
use crate::report::{Measurement, Report};

/// What became of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Slower by more than the tolerance, and outside the spread of the first report.
    Regressed,
    /// Faster, likewise.
    Improved,
    /// Neither.
    Same,
    /// The subject was measured in the first report and is not in the second, whose notes say why.
    Lost(String),
    /// The row, or its subject, is new.
    New,
    /// The row is not in the second report.
    Absent,
}

/// One row of two reports.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The row.
    pub id: String,
    /// What was compared: `ratio` where both reports have one, `time` otherwise.
    pub measure: &'static str,
    /// Speed in the second report over speed in the first: below 1 is slower.
    pub speed: Option<f64>,
    /// What became of it.
    pub change: Change,
}

impl Comparison {
    /// Whether the comparison should fail a build.
    pub const fn is_regression(&self) -> bool {
        matches!(self.change, Change::Regressed | Change::Lost(_))
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match &self.change {
            Change::Regressed => "REGRESSED",
            Change::Improved => "improved",
            Change::Same => "same",
            Change::Lost(_) => "LOST",
            Change::New => "new",
            Change::Absent => "absent",
        };
        write!(f, "{what:<9}  {}", self.id)?;
        if let Some(speed) = self.speed {
            write!(f, "  {:+.1} % by {}", (speed - 1.0) * 100.0, self.measure)?;
        }
        if let Change::Lost(why) = &self.change {
            write!(f, "  {why}")?;
        }
        Ok(())
    }
}

/// Compares the subjects of two reports, row by row.
///
/// Where both reports have a ratio it is compared, since it does not depend on the machine; otherwise the time. Rows
/// without a subject (peers alone) are left out: their speed is not ours. A change counts when it is larger than
/// `tolerance` (0.05 is 5 %) and the new median lies outside the old p10 to p90.
pub fn compare(before: &Report, after: &Report, tolerance: f64) -> Vec<Comparison> {
    let find = |report: &'_ Report, id: &str| report.rows.iter().position(|row| row.id == id);
    let mut comparisons = Vec::new();
    for row in before.rows.iter().filter(|row| row.subject.is_some()) {
        let new = find(after, &row.id).map(|index| &after.rows[index]);
        comparisons.push(compare_row(row, new, tolerance));
    }
    for row in after.rows.iter().filter(|row| row.subject.is_some()) {
        let old = find(before, &row.id).map(|index| &before.rows[index]);
        if old.is_none_or(|old| old.subject.is_none()) {
            comparisons.push(Comparison {
                id: row.id.clone(),
                measure: "time",
                speed: None,
                change: Change::New,
            });
        }
    }
    comparisons
}

fn compare_row(old: &Measurement, new: Option<&Measurement>, tolerance: f64) -> Comparison {
    let comparison = |measure, speed, change| Comparison { id: old.id.clone(), measure, speed, change };
    let Some(new) = new else { return comparison("time", None, Change::Absent) };
    let (Some(old_figure), Some(new_figure)) = (&old.subject, &new.subject) else {
        return comparison("time", None, Change::Lost(new.notes.join("; ")));
    };
    // Larger is faster in both cases.
    let (measure, before, after) = match (old.ratio, new.ratio) {
        (Some(before), Some(after)) => ("ratio", before, after.median),
        _ => ("time", speed(&old_figure.ns_per_item), 1e9 / new_figure.ns_per_item.median),
    };
    let ratio = after / before.median;
    let change = if ratio < 1.0 - tolerance && after < before.p10 {
        Change::Regressed
    } else if ratio > 1.0 + tolerance && after > before.p90 {
        Change::Improved
    } else {
        Change::Same
    };
    comparison(measure, Some(ratio), change)
}

fn speed(ns: &Summary) -> Summary {
    Summary { median: 1e9 / ns.median, p10: 1e9 / ns.p90, p90: 1e9 / ns.p10 }
}

/// What two reports must share for their times to be comparable; ratios are less sensitive.
pub fn differences(before: &Report, after: &Report) -> Vec<String> {
    let pairs = [
        ("processor", &before.machine.cpu, &after.machine.cpu),
        ("compiler", &before.build.rustc, &after.build.rustc),
        ("compiler flags", &before.build.rustflags, &after.build.rustflags),
    ];
    let mut list: Vec<String> = pairs
        .into_iter()
        .filter(|(_, before, after)| before != after)
        .map(|(what, before, after)| format!("another {what}: {before:?}, then {after:?}"))
        .collect();
    for (name, report) in [("first", before), ("second", after)] {
        if !report.self_check.passed {
            list.push(format!("the {name} report failed its self-check"));
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{measurement, report};

    fn change(old: Option<f64>, new: Option<f64>, baseline: Option<f64>) -> Option<Change> {
        let of = |subject| report(vec![measurement("targets/a", subject, baseline)]);
        compare(&of(old), &of(new), 0.05).pop().map(|comparison| comparison.change)
    }

    #[test]
    fn a_planted_regression_is_found() {
        for baseline in [None, Some(30_000.0)] {
            assert_eq!(change(Some(1000.0), Some(1100.0), baseline), Some(Change::Regressed));
            assert_eq!(change(Some(1000.0), Some(900.0), baseline), Some(Change::Improved));
            assert_eq!(change(Some(1000.0), Some(1030.0), baseline), Some(Change::Same));
            assert_eq!(change(None, Some(1000.0), baseline), Some(Change::New));
            assert_eq!(change(None, None, baseline), None);
            let lost = change(Some(1000.0), None, baseline);
            assert_eq!(lost, Some(Change::Lost("a note".to_owned())));
        }
    }

    #[test]
    fn a_slower_machine_is_no_regression_where_there_is_a_ratio() {
        let old = report(vec![measurement("targets/a", Some(1000.0), Some(10_000.0))]);
        let new = report(vec![measurement("targets/a", Some(2000.0), Some(20_000.0))]);
        assert_eq!(compare(&old, &new, 0.05)[0].change, Change::Same);
    }

    #[test]
    fn a_noisy_row_does_not_cry_wolf() {
        let mut old = report(vec![measurement("targets/a", Some(1000.0), Some(10_000.0))]);
        old.rows[0].ratio = Some(Summary { median: 10.0, p10: 8.0, p90: 12.0 });
        let new = report(vec![measurement("targets/a", Some(1100.0), Some(10_000.0))]);
        assert_eq!(compare(&old, &new, 0.05)[0].change, Change::Same);
    }

    #[test]
    fn rows_that_were_not_asked_for_are_absent_and_no_regression() {
        let old = report(vec![measurement("targets/a", Some(1.0), None)]);
        let comparison = &compare(&old, &report(vec![]), 0.05)[0];
        assert_eq!(comparison.change, Change::Absent);
        assert!(!comparison.is_regression());
    }
}
