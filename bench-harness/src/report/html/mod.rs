//! Reports as one HTML file that loads nothing.

mod chart;

use std::fmt::Write;

use super::table::{facts, standing, time};
use super::{Figure, Measurement, Report};
use crate::catalogue::{REFERENCE_MACHINE, SUITES, curves};
use chart::{Axis, Bar, Bars, GOOD, Lines, PLAIN, SHORT, Series};

const STYLE: &str = "
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1f2328; background: #fff; max-width: 1120px; margin: 2rem auto;
  padding: 0 1.25rem; }
h1 { font-size: 1.6rem; margin: 0 0 .75rem; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .4rem; }
p { margin: .4rem 0 .8rem; }
svg { display: block; width: 100%; max-width: 860px; height: auto; margin: .8rem 0 1.4rem; font: 12px system-ui,
  sans-serif; fill: #1f2328; }
svg .title { font-size: 15px; font-weight: 600; } svg .axis { fill: #5b636c; }
table { border-collapse: collapse; font-size: 13px; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .28rem .6rem; border-bottom: 1px solid #e3e6ea; }
th { background: #f6f8fa; font-weight: 600; }
.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.facts { width: auto; margin-bottom: 1rem; } .facts th { background: none; white-space: nowrap; }
.wide { overflow-x: auto; }
.check { display: inline-block; padding: .35rem .7rem; border-radius: 6px; font-weight: 600; }
.passed { background: #dff3ea; color: #005a40; } .failed { background: #fbe3e1; color: #8c1d18; }
.reached { color: #005a40; font-weight: 600; } .short { color: #8a5a00; font-weight: 600; }
.warning { border-left: 4px solid #e69f00; padding: .3rem .8rem; background: #fff8e8; margin: .4rem 0; }
.quiet { color: #5b636c; } code { font: 12px ui-monospace, monospace; overflow-wrap: anywhere; }
";

/// The page.
pub fn page(report: &Report) -> String {
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Sigwarp benchmarks, {}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        escape(&report.started)
    );
    head(&mut html, report);
    charts(&mut html, report);
    tables(&mut html, report);
    html.push_str("</body>\n</html>\n");
    html
}

/// Text as HTML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn head(html: &mut String, report: &Report) {
    let check = &report.self_check;
    let (class, word) = if check.passed { ("passed", "passed") } else { ("failed", "FAILED") };
    let _ = write!(
        html,
        "<h1>Sigwarp benchmarks</h1>\n<p><span class=\"check {class}\">Self-check {word}: {:.3}</span> \
         <span class=\"quiet\">a function against itself; p10 {:.3}, p90 {:.3}, allowed 1 ± {}</span></p>\n",
        check.ratio.median, check.ratio.p10, check.ratio.p90, check.tolerance
    );
    for warning in &report.warnings {
        let _ = writeln!(html, "<p class=\"warning\">{}</p>", escape(warning));
    }
    html.push_str("<table class=\"facts\">\n");
    for (name, value) in facts(report) {
        let value = match name {
            "command" => format!("<code>{}</code>", escape(&value)),
            _ => escape(&value),
        };
        let _ = writeln!(html, "<tr><th>{name}</th><td>{value}</td></tr>");
    }
    html.push_str(
        "</table>\n<p class=\"quiet\">A ratio says how many times faster the subject is than the baseline: the \
         median over alternating pairs of samples on the same inputs, with the range from p10 to p90. Inside every \
         clock: parsing signatures, hashing messages, allocating results. Absolute times hold for this machine \
         on this day.</p>\n",
    );
}

fn suite<'a>(report: &'a Report, name: &str) -> Vec<&'a Measurement> {
    report.rows.iter().filter(|row| row.suite == name).collect()
}

fn charts(html: &mut String, report: &Report) {
    let mut add = |svg: Option<String>| {
        if let Some(svg) = svg {
            html.push_str(&svg);
            html.push('\n');
        }
    };
    add(targets_chart(report));
    add(peers_chart(report));
    add(floor_chart(report));
    for (name, title, x_label, x, y) in [
        ("sizes", "Throughput against batch size", "signatures in a call", Axis::Log, Axis::Log),
        (
            "keys",
            "Throughput against distinct keys",
            "distinct keys in a call of 16,384",
            Axis::Log,
            Axis::Linear,
        ),
        ("messages", "Throughput against message length", "bytes of each message", Axis::Log, Axis::Log),
    ] {
        let series = series(&suite(report, name), |row| row.x);
        add(lines(&Lines { title, x_label, y_label: "signatures per second", x, y, series }));
    }
    for (id, curve) in curves() {
        let rows = suite(report, "curves");
        let of_curve: Vec<_> = rows.into_iter().filter(|row| row.id.split('/').nth(1) == Some(id)).collect();
        add(lines(&Lines {
            title: &format!("{curve}: throughput against batch size"),
            x_label: "signatures in a call",
            y_label: "signatures per second",
            x: Axis::Log,
            y: Axis::Log,
            series: series(&of_curve, |row| row.x),
        }));
    }
    for (name, title, x_label) in [
        ("threads", "Throughput against threads", "threads"),
        (
            "bad-rates",
            "Throughput against bad signatures, n=1024",
            "part of bad signatures; alternating: one in every second batch",
        ),
    ] {
        add(named_chart(report, name, title, x_label));
    }
    add(reference_chart(report));
}

fn lines(chart: &Lines<'_>) -> Option<String> {
    (!chart.series.is_empty()).then(|| chart.svg())
}

fn bars(title: &str, x_label: &str, bars: Vec<Bar>) -> Option<String> {
    (!bars.is_empty()).then(|| Bars { title, x_label, bars }.svg())
}

fn targets_chart(report: &Report) -> Option<String> {
    let bar = |row: &Measurement| {
        let (required, ratio) = (row.required?, row.ratio?);
        Some(Bar {
            label: row.title.clone(),
            value: ratio.median,
            range: Some((ratio.p10, ratio.p90)),
            mark: Some(required),
            colour: if ratio.median >= required { GOOD } else { SHORT },
        })
    };
    bars(
        "Targets: ratio reached, and required (red)",
        "times faster than the named baseline",
        report.rows.iter().filter_map(bar).collect(),
    )
}

fn peers_chart(report: &Report) -> Option<String> {
    let bar = |row: &&Measurement| {
        let ratio = row.ratio?;
        let range = Some((ratio.p10, ratio.p90));
        Some(Bar { label: row.title.clone(), value: ratio.median, range, mark: None, colour: PLAIN })
    };
    bars(
        "Sigwarp's ratio to each peer",
        "times faster than the peer; keys parsed inside the clock on both sides",
        suite(report, "peers").iter().filter_map(bar).collect(),
    )
}

fn floor_chart(report: &Report) -> Option<String> {
    let bar = |row: &Measurement| {
        let value = row.floor.as_ref()?.times?;
        Some(Bar { label: row.title.clone(), value, range: None, mark: None, colour: PLAIN })
    };
    bars(
        "Distance to the floor",
        "time over the least time of the arithmetic (8 lanes of 52-bit multiply-add)",
        report.rows.iter().filter_map(bar).collect(),
    )
}

fn reference_chart(report: &Report) -> Option<String> {
    let bar = |row: &&Measurement| {
        let (value, ns) = (row.reference_ratio?, row.reference_ns?);
        let spread = row.baseline.as_ref()?.ns_per_item;
        let range = Some((spread.p10 / ns, spread.p90 / ns));
        Some(Bar { label: row.title.clone(), value, range, mark: None, colour: PLAIN })
    };
    bars(
        "Peers beside their reference figures",
        "time here over time on the reference machine",
        suite(report, "peers").iter().filter_map(bar).collect(),
    )
}

/// A chart over the last part of the rows' ids, equally spaced.
fn named_chart(report: &Report, name: &str, title: &str, x_label: &str) -> Option<String> {
    let rows = suite(report, name);
    let last = |row: &Measurement| row.id.rsplit('/').next().unwrap_or_default().to_owned();
    let mut names: Vec<String> = Vec::new();
    for row in &rows {
        if !names.contains(&last(row)) {
            names.push(last(row));
        }
    }
    let index = |row: &Measurement| names.iter().position(|known| *known == last(row)).map(|at| at as f64);
    // The baselines are the same run again and again: the subjects say everything.
    let subjects: Vec<Measurement> =
        rows.iter().map(|row| Measurement { baseline: None, ..(*row).clone() }).collect();
    let series = series(&subjects.iter().collect::<Vec<_>>(), index);
    lines(&Lines {
        title,
        x_label,
        y_label: "signatures per second",
        x: Axis::Names(names.clone()),
        y: Axis::Linear,
        series,
    })
}

/// One line for each contender, through its figures of all rows.
fn series(rows: &[&Measurement], x: impl Fn(&Measurement) -> Option<f64>) -> Vec<Series> {
    let mut all: Vec<Series> = Vec::new();
    for row in rows {
        let Some(at) = x(row) else { continue };
        // Where both sides are the same contender, the baseline is another point of its line.
        let same =
            row.subject.as_ref().zip(row.baseline.as_ref()).is_some_and(|(a, b)| a.contender == b.contender);
        let baseline = row.baseline.as_ref().filter(|_| !same);
        for figure in row.subject.iter().chain(baseline) {
            let name = name(figure);
            let ns = figure.ns_per_item;
            let point = (at, [1e9 / ns.median, 1e9 / ns.p90, 1e9 / ns.p10]);
            match all.iter_mut().find(|series| series.name == name) {
                Some(series) => series.points.push(point),
                None => all.push(Series { name, points: vec![point] }),
            }
        }
    }
    for series in &mut all {
        series.points.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    all
}

fn name(figure: &Figure) -> String {
    match &figure.backend {
        Some(backend) => format!("{} ({backend})", figure.contender),
        None => figure.contender.clone(),
    }
}

fn tables(html: &mut String, report: &Report) {
    for (name, what) in SUITES {
        let rows = suite(report, name);
        if rows.is_empty() {
            continue;
        }
        let _ = write!(
            html,
            "<h2>{name}</h2>\n<p class=\"quiet\">{}</p>\n<div class=\"wide\"><table>\n<tr><th>row</th>\
             <th>inputs</th><th class=\"n\">subject, ns</th><th>baseline</th><th class=\"n\">baseline, ns</th>",
            escape(what)
        );
        html.push_str(match name {
            "peers" => "<th class=\"n\">reference, ns</th><th class=\"n\">of it</th>",
            _ => "<th class=\"n\">required</th>",
        });
        html.push_str("<th class=\"n\">ratio</th><th>notes</th></tr>\n");
        for row in rows {
            table_row(html, row, name == "peers");
        }
        html.push_str("</table></div>\n");
    }
    if report.not_measured.is_empty() {
        return;
    }
    let _ = write!(
        html,
        "<h2>Not measured here</h2>\n<p class=\"quiet\">Reference figures: {}.</p>\n<table>\n\
         <tr><th>peer</th><th>what</th><th class=\"n\">ns</th><th>why</th></tr>\n",
        escape(REFERENCE_MACHINE)
    );
    for entry in &report.not_measured {
        let _ = writeln!(
            html,
            "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td>{}</td></tr>",
            escape(&entry.name),
            escape(&entry.what),
            time(entry.reference_ns),
            escape(&entry.why)
        );
    }
    html.push_str("</table>\n");
}

fn table_row(html: &mut String, row: &Measurement, peer: bool) {
    let figure = row.subject.as_ref().or(row.baseline.as_ref());
    let inputs = figure.map_or_else(String::new, |figure| {
        let threads =
            if figure.threads > 1 { format!(", {} threads", figure.threads) } else { String::new() };
        format!("{}{threads}; {}", figure.workload, figure.keys.text())
    });
    let baseline = row.baseline.as_ref().map_or_else(String::new, |figure| {
        let same_inputs = row.subject.as_ref().is_none_or(|subject| subject.workload == figure.workload);
        let inputs = if same_inputs { String::new() } else { format!(", {}", figure.workload) };
        format!("{} {}{inputs} ({})", name(figure), figure.version, figure.answers.text())
    });
    let _ = write!(
        html,
        "<tr><td>{}</td><td class=\"quiet\">{}</td><td class=\"n\">{}</td><td>{}</td><td class=\"n\">{}</td>",
        escape(&row.title),
        escape(&inputs),
        cell(row.subject.as_ref()),
        escape(&baseline),
        cell(row.baseline.as_ref()),
    );
    let number = |value: Option<f64>, text: fn(f64) -> String| value.map_or_else(|| "–".to_owned(), text);
    if peer {
        let _ = write!(
            html,
            "<td class=\"n\">{}</td><td class=\"n\">{}</td>",
            number(row.reference_ns, time),
            number(row.reference_ratio, |ratio| format!("{ratio:.2}"))
        );
    } else {
        let _ = write!(html, "<td class=\"n\">{}</td>", number(row.required, |ratio| format!("{ratio}")));
    }
    let class = standing(row);
    let ratio = row.ratio.map_or_else(
        || "–".to_owned(),
        |ratio| {
            format!(
                "<span class=\"{class}\">{:.2}</span><br><span class=\"quiet\">{:.2}–{:.2}</span>",
                ratio.median, ratio.p10, ratio.p90
            )
        },
    );
    let _ = writeln!(
        html,
        "<td class=\"n\">{ratio}</td><td>{}</td></tr>",
        escape(&[row.notes.as_slice(), &row.warnings].concat().join("; "))
    );
}

fn cell(figure: Option<&Figure>) -> String {
    figure.map_or_else(
        || "–".to_owned(),
        |figure| {
            let ns = figure.ns_per_item;
            format!("{}<br><span class=\"quiet\">{}–{}</span>", time(ns.median), time(ns.p10), time(ns.p90))
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::check::external_references;
    use crate::report::samples::{measurement, report};

    #[test]
    fn the_page_loads_nothing_and_escapes_everything() {
        let rows = [
            "targets/a",
            "peers/b",
            "sizes/c",
            "sizes/d",
            "bad-rates/0%",
            "threads/1",
            "keys/1",
            "messages/1",
        ];
        let mut rows: Vec<_> = rows.iter().map(|id| measurement(id, Some(2_000.0), Some(30_000.0))).collect();
        rows[3].x = Some(1e6);
        rows.push(measurement("targets/missing", None, None));
        let html = page(&report(rows));
        assert_eq!(external_references(&html), Vec::<String>::new());
        assert!(html.contains("row &lt;targets/a&gt;") && !html.contains("row <"));
        assert_eq!(html.matches("<svg").count(), html.matches("</svg>").count());
        assert!(html.matches("<svg").count() >= 8);
        assert!(!html.contains("NaN") && !html.contains("inf\""));
        let self_check = html.find("Self-check passed").unwrap();
        assert!(self_check < html.find("<svg").unwrap());
    }

    #[test]
    fn an_empty_report_is_a_page_too() {
        assert!(page(&report(vec![])).contains("Self-check"));
    }
}
