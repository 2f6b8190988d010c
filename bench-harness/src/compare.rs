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
    /// The least and the most that `speed` may be, by the spreads of both reports: p10 of one over p90 of the other.
    pub spread: Option<(f64, f64)>,
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
            write!(f, "  {speed:.2}")?;
            if let Some((least, most)) = self.spread {
                write!(f, " ({least:.2}-{most:.2})")?;
            }
            write!(f, " of the speed before, by {}", self.measure)?;
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
                spread: None,
                change: Change::New,
            });
        }
    }
    comparisons
}

fn compare_row(old: &Measurement, new: Option<&Measurement>, tolerance: f64) -> Comparison {
    let comparison =
        |measure, speed, spread, change| Comparison { id: old.id.clone(), measure, speed, spread, change };
    let Some(new) = new else { return comparison("time", None, None, Change::Absent) };
    let (Some(old_figure), Some(new_figure)) = (&old.subject, &new.subject) else {
        return comparison("time", None, None, Change::Lost(new.notes.join("; ")));
    };
    // Larger is faster in both cases.
    let (measure, before, after) = match (old.ratio, new.ratio) {
        (Some(before), Some(after)) => ("ratio", before, after),
        _ => ("time", speed(&old_figure.ns_per_item), speed(&new_figure.ns_per_item)),
    };
    let ratio = after.median / before.median;
    let spread = (after.p10 / before.p90, after.p90 / before.p10);
    let change = if ratio < 1.0 - tolerance && after.median < before.p10 {
        Change::Regressed
    } else if ratio > 1.0 + tolerance && after.median > before.p90 {
        Change::Improved
    } else {
        Change::Same
    };
    comparison(measure, Some(ratio), Some(spread), change)
}

fn speed(ns: &Summary) -> Summary {
    Summary { median: 1e9 / ns.median, p10: 1e9 / ns.p90, p90: 1e9 / ns.p10 }
}

/// What two reports must share for their times to be comparable; ratios are less sensitive.
pub fn differences(before: &Report, after: &Report) -> Vec<String> {
    let mut list: Vec<String> = facts(before)
        .into_iter()
        .zip(facts(after))
        .filter(|((_, before), (_, after))| before != after)
        .map(|((what, before), (_, after))| format!("another {what}: {before:?}, then {after:?}"))
        .collect();
    // Two estimates of one frequency differ a little.
    if let (Some(old), Some(new)) = (before.machine.frequency_ghz, after.machine.frequency_ghz)
        && (old / new - 1.0).abs() > 0.05
    {
        list.push(format!("another frequency: {old:.2} GHz, then {new:.2} GHz"));
    }
    for (name, report) in [("first", before), ("second", after)] {
        if !report.self_check.passed {
            list.push(format!("the {name} report failed its self-check"));
        }
    }
    list
}

/// What a time depends on besides the code, as far as a report says it.
fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let Report { machine, build, settings, .. } = report;
    let or_unknown = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
    vec![
        ("processor", machine.cpu.clone()),
        ("model of the processor", or_unknown(&machine.cpu_id)),
        ("architecture", machine.architecture.clone()),
        ("set of processor features", machine.cpu_features.join(" ")),
        ("number of cores", machine.cores.to_string()),
        ("governor", or_unknown(&machine.governor)),
        ("kind of machine", if machine.virtual_machine { "virtual" } else { "not virtual" }.to_owned()),
        ("system", machine.system.clone()),
        ("commit", build.commit.clone()),
        ("compiler", build.rustc.clone()),
        ("profile", build.profile.clone()),
        ("set of compiler flags", build.rustflags.clone()),
        ("clock", format!("{:?}", settings.clock)),
        ("time for a row", format!("{} s", settings.row_seconds)),
    ]
}

/// How a run compares with an earlier one, for people: what differs besides the code, then the rows.
pub fn text(before: &Report, after: &Report, tolerance: f64) -> String {
    let mut out = format!("compared with the report of {}\n", before.started);
    for difference in differences(before, after) {
        out.push_str(&format!("  {difference}\n"));
    }
    let comparisons: Vec<Comparison> = compare(before, after, tolerance)
        .into_iter()
        // What this run was not asked for says nothing.
        .filter(|comparison| comparison.change != Change::Absent)
        .collect();
    let width = comparisons.iter().map(|comparison| comparison.id.chars().count()).max().unwrap_or(0);
    if comparisons.iter().any(|comparison| comparison.speed.is_some()) {
        out.push_str(&format!("{:<width$}  speed now / before  p10-p90    by\n", "row"));
    }
    for Comparison { id, measure, speed, spread, change } in &comparisons {
        let remark = match change {
            Change::Regressed => "  SLOWER",
            Change::Improved => "  faster",
            Change::New => "  new: not in the earlier report",
            Change::Lost(_) => "  not measured now",
            Change::Same | Change::Absent => "",
        };
        match speed.zip(*spread) {
            Some((speed, (least, most))) => {
                let spread = format!("{least:.2}-{most:.2}");
                out.push_str(&format!("{id:<width$}  {speed:>18.2}  {spread:<9}  {measure}{remark}\n"));
            }
            None => out.push_str(&format!("{id:<width$}{remark}\n")),
        }
    }
    let count =
        |change: &Change| comparisons.iter().filter(|comparison| comparison.change == *change).count();
    let (slower, faster) = (count(&Change::Regressed), count(&Change::Improved));
    let compared = comparisons.iter().filter(|comparison| comparison.speed.is_some()).count();
    out.push_str(&format!(
        "{compared} row{} compared: {slower} slower and {faster} faster by more than {:.0} % and the earlier spread\n",
        if compared == 1 { "" } else { "s" },
        tolerance * 100.0
    ));
    out
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
    fn a_comparison_says_what_differs_and_how_sure_each_ratio_is() {
        let old = report(vec![
            measurement("targets/a", Some(1000.0), None),
            measurement("targets/b", Some(1000.0), None),
            measurement("targets/gone", Some(1.0), None),
        ]);
        let mut new = report(vec![
            measurement("targets/a", Some(2000.0), None),
            measurement("targets/b", Some(1010.0), None),
            measurement("targets/new", Some(1.0), None),
        ]);
        new.machine.cpu = "another".to_owned();
        new.machine.cores = old.machine.cores + 1;
        new.machine.frequency_ghz = old.machine.frequency_ghz.map(|ghz| ghz * 2.0);
        let text = text(&old, &new, 0.1);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("compared with the report of 2"), "{text}");
        assert!(
            lines[1].starts_with("  another processor: ") && lines[1].ends_with(", then \"another\""),
            "{text}"
        );
        assert!(lines[2].starts_with("  another number of cores: "), "{text}");
        let row = |id: &str| lines.iter().find(|line| line.starts_with(id)).copied().unwrap_or_default();
        // 1 % of spread on both sides.
        assert_eq!(row("targets/a"), "targets/a                  0.50  0.49-0.51  time  SLOWER");
        assert_eq!(row("targets/b"), "targets/b                  0.99  0.97-1.01  time");
        assert_eq!(row("targets/new"), "targets/new  new: not in the earlier report");
        assert_eq!(row("targets/gone"), "");
        assert!(
            text.ends_with(
                "2 rows compared: 1 slower and 0 faster by more than 10 % and the earlier spread\n"
            )
        );
        assert_eq!(differences(&old, &old), Vec::<String>::new());
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
