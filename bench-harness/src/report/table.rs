//! Reports as text.

use std::fmt::Write;

use super::{Measurement, Report};
use crate::catalogue::{REFERENCE_MACHINE, SUITES};

/// The whole report.
pub fn text(report: &Report) -> String {
    let mut out = head(report);
    for (suite, what) in SUITES {
        let rows: Vec<&Measurement> = report.rows.iter().filter(|row| row.suite == suite).collect();
        if rows.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n== {suite}: {what}");
        let columns = match suite {
            "peers" => peer_columns(&rows),
            _ if rows.iter().all(|row| row.baseline.is_none() && row.required.is_none()) => {
                alone_columns(&rows)
            }
            _ => columns(&rows),
        };
        out.push_str(&align(&columns));
        for (note, titles) in notes(&rows) {
            let _ = writeln!(out, "  {note}: {}", titles.join("; "));
        }
    }
    if !report.not_measured.is_empty() {
        let _ = writeln!(out, "\n== not measured here ({REFERENCE_MACHINE})");
        let rows = report.not_measured.iter().map(|entry| {
            vec![entry.name.clone(), entry.what.clone(), time(entry.reference_ns), entry.why.clone()]
        });
        out.push_str(&align(&[vec![head_cells(&["peer", "what", "ns", ""])], rows.collect()].concat()));
    }
    for warning in &report.warnings {
        let _ = writeln!(out, "\nwarning: {warning}");
    }
    out
}

/// The lines before the tables: machine, build, and the self-check.
pub fn head(report: &Report) -> String {
    let mut out = String::new();
    for (name, value) in facts(report) {
        let _ = writeln!(out, "{name:<11} {value}");
    }
    out
}

/// What a reader needs to know about a run, as names and values.
pub fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let (machine, build) = (&report.machine, &report.build);
    let check = &report.self_check;
    let frequency = machine.frequency_ghz.map_or_else(String::new, |ghz| format!(", {ghz:.2} GHz"));
    let pinned =
        machine.core.map_or_else(|| "not pinned".to_owned(), |core| format!("pinned to core {core}"));
    let clock = match report.settings.clock {
        crate::measure::Clock::Wall => "wall clock",
        crate::measure::Clock::ThreadCpu => {
            "clock of the measuring thread (rows with several threads: wall clock)"
        }
    };
    vec![
        (
            "self-check",
            format!(
                "{:.3} (p10 {:.3}, p90 {:.3}, {} rounds; {}): {}",
                check.ratio.median,
                check.ratio.p10,
                check.ratio.p90,
                check.rounds,
                check.what,
                if check.passed { "passed" } else { "FAILED" }
            ),
        ),
        (
            "machine",
            format!(
                "{}{}{frequency}, {} cores, {pinned}{}",
                machine.cpu,
                machine.cpu_id.as_ref().map_or_else(String::new, |id| format!(" ({id})")),
                machine.cores,
                if machine.virtual_machine { ", virtual" } else { "" }
            ),
        ),
        ("features", machine.cpu_features.join(" ")),
        (
            "conditions",
            format!(
                "governor {}, load {}, {clock}",
                machine.governor.as_deref().unwrap_or("unreadable"),
                machine.load.map_or_else(|| "unknown".to_owned(), |load| format!("{load:.2}"))
            ),
        ),
        (
            "build",
            format!(
                "commit {}, {}, {}, {}",
                build.commit,
                build.rustc,
                build.profile,
                if build.native { "NATIVE processor" } else { "any processor of the architecture" }
            ),
        ),
        ("started", report.started.clone()),
        ("command", report.command.join(" ")),
    ]
}

/// Each note once, with the rows that it is about.
fn notes<'a>(rows: &[&'a Measurement]) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut notes: Vec<(&str, Vec<&str>)> = Vec::new();
    for row in rows {
        for note in &row.notes {
            match notes.iter_mut().find(|(known, _)| known == note) {
                Some((_, titles)) => titles.push(&row.title),
                None => notes.push((note, vec![&row.title])),
            }
        }
    }
    notes
}

/// `~` where the row deserves less trust.
const fn mark(row: &Measurement) -> &'static str {
    if row.warnings.is_empty() { "" } else { "~" }
}

fn head_cells(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn columns(rows: &[&Measurement]) -> Vec<Vec<String>> {
    let mut table = vec![head_cells(&[
        "row",
        "subject ns",
        "baseline",
        "baseline ns",
        "ratio",
        "p10-p90",
        "required",
        "",
    ])];
    for row in rows {
        table.push(vec![
            row.title.clone(),
            median(row.subject.as_ref()),
            row.baseline.as_ref().map_or_else(|| "-".to_owned(), |figure| figure.contender.clone()),
            median(row.baseline.as_ref()),
            row.ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{:.2}", ratio.median)),
            row.ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{:.2}-{:.2}", ratio.p10, ratio.p90)),
            mark(row).to_owned(),
            row.required.map_or_else(String::new, |ratio| format!("{ratio}")),
            standing(row).to_owned(),
        ]);
    }
    table
}

fn peer_columns(rows: &[&Measurement]) -> Vec<Vec<String>> {
    let mut table = vec![head_cells(&[
        "peer",
        "ns",
        "p10-p90",
        "reference",
        "of it",
        "keys",
        "sigwarp ns",
        "ratio",
        "p10-p90",
        "",
    ])];
    for row in rows {
        let figure = row.baseline.as_ref();
        table.push(vec![
            row.title.clone(),
            median(figure),
            figure.map_or_else(
                || "-".to_owned(),
                |figure| format!("{}-{}", time(figure.ns_per_item.p10), time(figure.ns_per_item.p90)),
            ),
            row.reference_ns.map_or_else(|| "-".to_owned(), time),
            row.reference_ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}")),
            figure.map_or_else(String::new, |figure| format!("{:?}", figure.keys).to_lowercase()),
            median(row.subject.as_ref()),
            row.ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{:.2}", ratio.median)),
            row.ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{:.2}-{:.2}", ratio.p10, ratio.p90)),
            mark(row).to_owned(),
        ]);
    }
    table
}

fn alone_columns(rows: &[&Measurement]) -> Vec<Vec<String>> {
    let mut table = vec![head_cells(&["row", "backend", "ns", "p10-p90", "a second", "times the floor", ""])];
    for row in rows {
        let figure = row.subject.as_ref();
        let cell = |text: &dyn Fn(&super::Figure) -> String| figure.map_or_else(|| "-".to_owned(), text);
        table.push(vec![
            row.title.clone(),
            cell(&|figure| figure.backend.clone().unwrap_or_default()),
            median(figure),
            cell(&|figure| format!("{}-{}", time(figure.ns_per_item.p10), time(figure.ns_per_item.p90))),
            cell(&|figure| time(figure.items_per_second)),
            row.floor
                .as_ref()
                .and_then(|floor| floor.times)
                .map_or_else(String::new, |times| format!("{times:.2}")),
            mark(row).to_owned(),
        ]);
    }
    table
}

fn median(figure: Option<&super::Figure>) -> String {
    figure.map_or_else(|| "-".to_owned(), |figure| time(figure.ns_per_item.median))
}

/// Whether the row keeps its promise.
pub fn standing(row: &Measurement) -> &'static str {
    match (row.required, row.ratio) {
        (Some(required), Some(ratio)) if ratio.median >= required => "reached",
        (Some(_), Some(_)) => "short",
        (Some(_), None) => "not measured",
        (None, _) => "",
    }
}

/// Nanoseconds with thousands separated, and decimals where they matter.
pub fn time(ns: f64) -> String {
    if ns < 100.0 {
        return format!("{ns:.1}");
    }
    let digits = format!("{ns:.0}");
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Pads the cells of each column to one width; the first column to the left, the others to the right.
pub(super) fn align(table: &[Vec<String>]) -> String {
    let columns = table.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        table.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for row in table {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            let _ = match column {
                0 => write!(line, "{cell:<width$}"),
                _ => write!(line, "  {cell:>width$}"),
            };
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{measurement, report};

    #[test]
    fn the_self_check_heads_the_text() {
        let text = text(&report(vec![measurement("targets/a", Some(2_500.0), Some(30_000.0))]));
        assert!(text.starts_with("self-check  1.000"));
        assert!(text.contains("12.00") && text.contains("short") && text.contains("2,500"), "{text}");
        assert!(text.contains("a note"));
    }

    #[test]
    fn times_are_readable() {
        assert_eq!([time(0.94), time(99.0), time(1_234_567.8)], ["0.9", "99.0", "1,234,568"]);
    }
}
