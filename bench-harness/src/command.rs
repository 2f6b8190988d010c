//! What `sigwarp-bench` and `sigwarp bench` share: the arguments of a measurement, its progress, and its files.

use std::fs;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::catalogue::{Row, SUITE_OVERVIEW, SUITES};
use crate::measure::{Clock, Settings};
use crate::report::{Measurement, Report, html};
use crate::run::{Options, run};

/// Why there is no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Wrong usage.
    #[error("{0}")]
    Usage(String),
    /// The measurement or the output failed.
    #[error("{0}")]
    Broken(String),
}

/// How to measure, and where the report goes.
#[derive(Debug, Clone, Args)]
pub struct Measure {
    /// Only rows whose id contains TEXT; may be repeated, and then all must fit.
    #[arg(long, value_name = "TEXT")]
    filter: Vec<String>,
    /// Short samples and few rounds: for a look, not for publication.
    #[arg(long)]
    quick: bool,
    /// Writes the report as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Writes the report as one HTML file that loads nothing.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// The core to measure on; the quietest one without it.
    #[arg(long, value_name = "N")]
    core: Option<usize>,
    /// What to count: time passed, or time that the measuring thread ran. The second is for machines that others
    /// use at the same time, and holds for rows with one thread.
    #[arg(long, value_enum, default_value_t = ClockName::Wall)]
    clock: ClockName,
    /// Seconds for the samples of one row, at most a day.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    seconds: Option<f64>,
    /// Leaves out rows with more items: 65,536 by default, 16,384 with --quick.
    #[arg(long, value_name = "N")]
    max_items: Option<usize>,
}

impl Measure {
    /// The files that the report is written to, each with its option.
    pub fn outputs(&self) -> [(&'static str, Option<&Path>); 2] {
        [("--json", self.json.as_deref()), ("--html", self.html.as_deref())]
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ClockName {
    Wall,
    Cpu,
}

impl Measure {
    fn settings(&self) -> Settings {
        let settings = if self.quick { Settings::QUICK } else { Settings::FULL };
        Settings {
            clock: match self.clock {
                ClockName::Wall => Clock::Wall,
                ClockName::Cpu => Clock::ThreadCpu,
            },
            row_seconds: self.seconds.unwrap_or(settings.row_seconds),
            ..settings
        }
    }

    fn max_items(&self) -> usize {
        self.max_items.unwrap_or(if self.quick { 16_384 } else { 65_536 })
    }
}

/// Parses a time; 0 takes the fewest samples.
fn seconds(text: &str) -> Result<f64, String> {
    number_within(text, 86_400.0)
}

/// Parses a number from 0 to `most`.
pub fn number_within(text: &str, most: f64) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if (0.0..=most).contains(&number) => Ok(number),
        _ => Err(format!("it is a number from 0 to {most}")),
    }
}

/// Workloads are made on rayon's global pool, whose number of threads the environment says. Where it says more than
/// can help, starts the pool with as many as can, and gives both numbers.
pub fn limit_global_pool() -> Option<(usize, usize)> {
    // As rayon reads them: the second where the first is no number.
    let number = |name: &str| std::env::var(name).ok()?.parse::<usize>().ok();
    let asked = number("RAYON_NUM_THREADS").or_else(|| number("RAYON_RS_NUM_CPUS"))?;
    let most = sigwarp::Threads::most().get();
    if asked <= most {
        return None;
    }
    rayon::ThreadPoolBuilder::new().num_threads(most).build_global().ok()?;
    Some((asked, most))
}

/// Parses the name of a suite.
pub fn suite(name: &str) -> Result<String, String> {
    if SUITES.iter().any(|(known, _)| *known == name) {
        return Ok(name.to_owned());
    }
    let known: Vec<&str> = SUITES.iter().map(|(name, _)| *name).collect();
    Err(format!("there is no suite {name}; there are {}", known.join(", ")))
}

/// Measures those of `rows` that fit the filters, and writes the files that were asked for. On a terminal the row in work
/// is shown on standard error. `list` is the command that shows every row, and `command` the command line for the
/// report. `overview` is given the rows of that suite, if there are any, as soon as they are measured, before all others.
pub fn measure(
    mut rows: Vec<Row>,
    measure: &Measure,
    peers: bool,
    list: &str,
    command: Vec<String>,
    mut overview: impl FnMut(&[Measurement]),
) -> Result<Report, Failure> {
    rows.retain(|row| measure.filter.iter().all(|part| row.id.contains(part.as_str())));
    if rows.is_empty() {
        return Err(Failure::Usage(format!("no row fits; `{list}` shows them all")));
    }
    // Found before minutes of measuring, not after.
    for path in measure.json.iter().chain(&measure.html) {
        writable(path)?;
    }
    let options = Options {
        settings: measure.settings(),
        core: measure.core,
        max_items: measure.max_items(),
        peers,
        command,
    };
    let terminal = std::io::stderr().is_terminal();
    let clear = || {
        if terminal {
            eprint!("\r\x1b[K");
        }
    };
    let mut shown = false;
    let report = run(&rows, &options, |row, measured| {
        clear();
        if row.suite != SUITE_OVERVIEW && !measured.is_empty() && !std::mem::replace(&mut shown, true) {
            overview(measured);
        }
        if terminal {
            eprint!("{}/{} {}", measured.len() + 1, rows.len(), row.id);
            let _ = std::io::stderr().flush();
        }
    });
    clear();
    let report = report.map_err(Failure::Broken)?;
    if !shown {
        overview(&report.rows);
    }
    if let Some(path) = &measure.json {
        write(path, &report.to_json())?;
    }
    if let Some(path) = &measure.html {
        write(path, &html::page(&report))?;
    }
    Ok(report)
}

/// The command line for a report, with the program by its name alone: its folder says nothing about the measurement.
pub fn command_line(program: &str) -> Vec<String> {
    let arguments = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(program.to_owned()).chain(arguments).collect()
}

/// The rows as a list, by suite.
pub fn list(rows: &[Row]) -> String {
    let mut text = String::new();
    for (suite, what) in SUITES {
        let mut rows = rows.iter().filter(|row| row.suite == suite).peekable();
        if rows.peek().is_some() {
            text.push_str(&format!("{suite}: {what}\n"));
        }
        for row in rows {
            let required = row.required.map_or_else(String::new, |ratio| format!("  (required {ratio})"));
            text.push_str(&format!("  {:<52}{}{required}\n", row.id, row.title));
        }
    }
    text
}

fn writable(path: &Path) -> Result<(), Failure> {
    let opened = fs::File::options().append(true).create(true).open(path);
    opened.map(drop).map_err(|error| Failure::Broken(format!("cannot write {}: {error}", path.display())))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text)
        .map_err(|error| Failure::Broken(format!("cannot write {}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_fractions_are_numbers_within_their_bounds() {
        for (text, number) in [("0", 0.0), ("1e-300", 1e-300), ("0.15", 0.15), ("86400", 86_400.0)] {
            assert_eq!(seconds(text), Ok(number), "{text}");
        }
        for text in ["", "x", "-1", "-0.1", "86400.1", "1e300", "1e999", "inf", "-inf", "NaN", "nan"] {
            assert_eq!(seconds(text), Err("it is a number from 0 to 86400".to_owned()), "{text}");
        }
        assert_eq!((number_within("1", 1.0), number_within("1.1", 1.0).is_err()), (Ok(1.0), true));
    }
}
