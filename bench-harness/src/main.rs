//! The command `sigwarp-bench`.

mod args;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use sigwarp_bench::catalogue::{self, Row};
use sigwarp_bench::command::{self, Measure};
use sigwarp_bench::compare::{compare, differences};
use sigwarp_bench::report::{Report, check, table};

use args::{Arguments, CheckArguments, Command, CompareArguments};

/// Nothing to complain of.
const OK: u8 = 0;
/// A regression, or a check that does not hold.
const FAILED: u8 = 1;
/// Wrong usage, or input that cannot be read.
const USAGE: u8 = 2;
/// The measurement or the output failed.
const BROKEN: u8 = 3;

/// What ends a command early: the status and the message.
type Failure = (u8, String);

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Run { suites, peers, measure } => measure_rows(&measure, !peers.no_peers, |row| {
            suites.is_empty() || suites.iter().any(|suite| suite == row.suite)
        }),
        Command::Peers { measure } => measure_rows(&measure, true, |row| row.suite == "peers"),
        Command::Targets { peers, measure } => {
            measure_rows(&measure, !peers.no_peers, |row| row.suite == "targets" || row.required.is_some())
        }
        Command::List => {
            print!("{}", command::list(&rows()));
            Ok(OK)
        }
        Command::Compare(arguments) => compare_reports(&arguments),
        Command::Check(arguments) => check_report(&arguments),
    };
    match result {
        Ok(status) => ExitCode::from(status),
        Err((status, message)) => {
            eprintln!("sigwarp-bench: {message}");
            ExitCode::from(status)
        }
    }
}

fn rows() -> Vec<Row> {
    catalogue::rows(std::thread::available_parallelism().map_or(1, usize::from))
}

fn measure_rows(measure: &Measure, peers: bool, wanted: impl Fn(&Row) -> bool) -> Result<u8, Failure> {
    let rows = rows().into_iter().filter(wanted).collect();
    let report =
        command::measure(rows, measure, peers, "sigwarp-bench list", command::command_line("sigwarp-bench"));
    let report = report.map_err(|error| match error {
        command::Failure::Usage(message) => (USAGE, message),
        command::Failure::Broken(message) => (BROKEN, message),
    })?;
    print!("{}", table::text(&report));
    Ok(OK)
}

fn compare_reports(arguments: &CompareArguments) -> Result<u8, Failure> {
    let (before, after) = (read(&arguments.before)?, read(&arguments.after)?);
    for difference in differences(&before, &after) {
        println!("note: {difference}");
    }
    let comparisons = compare(&before, &after, arguments.tolerance);
    for comparison in &comparisons {
        println!("{comparison}");
    }
    let regressions = comparisons.iter().filter(|comparison| comparison.is_regression()).count();
    println!("{} rows compared, {regressions} regressions", comparisons.len());
    Ok(if regressions == 0 { OK } else { FAILED })
}

fn check_report(arguments: &CheckArguments) -> Result<u8, Failure> {
    let mut failed = 0;
    let mut line = |holds: bool, text: String| {
        println!("{}  {text}", if holds { "ok   " } else { "FAILS" });
        failed += usize::from(!holds);
    };
    let text = fs::read_to_string(&arguments.report)
        .map_err(|error| (USAGE, format!("cannot read {}: {error}", arguments.report.display())))?;
    let report = match Report::from_json(&text) {
        Ok(report) => {
            line(true, "schema: the report fits report.schema.json".to_owned());
            report
        }
        Err(errors) => {
            line(false, format!("schema: {}", errors.replace('\n', "; ")));
            return Ok(FAILED);
        }
    };
    let self_check = &report.self_check;
    line(
        self_check.passed,
        format!("self-check: ratio {:.3}, allowed 1 ± {}", self_check.ratio.median, self_check.tolerance),
    );
    if arguments.peers {
        match check::peer_rows(&report) {
            Ok(count) => line(true, format!("peers: all {count} rows have a figure")),
            Err(missing) => line(false, format!("peers: no figure for {}", missing.join(", "))),
        }
    }
    if let Some(tolerance) = arguments.reference {
        let (far, compared) = check::deviations(&report, tolerance);
        let list: Vec<String> = far.iter().map(|(id, ratio)| format!("{id} {ratio:.2}")).collect();
        let list = if list.is_empty() { "none".to_owned() } else { list.join(", ") };
        line(
            far.is_empty() && compared > 0,
            format!("reference: {compared} rows compared, further off than {tolerance}: {list}"),
        );
    }
    if let Some(path) = &arguments.html {
        let page = fs::read_to_string(path)
            .map_err(|error| (USAGE, format!("cannot read {}: {error}", path.display())))?;
        let references = check::external_references(&page);
        let found = if references.is_empty() { "none".to_owned() } else { references.join(" | ") };
        line(references.is_empty(), format!("html: references to other places: {found}"));
    }
    Ok(if failed == 0 { OK } else { FAILED })
}

fn read(path: &Path) -> Result<Report, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| (USAGE, format!("cannot read {}: {error}", path.display())))?;
    Report::from_json(&text)
        .map_err(|error| (USAGE, format!("{} is no report of this version: {error}", path.display())))
}
