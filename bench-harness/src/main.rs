//! The command `sigwarp-bench`.

mod args;

use std::fs;
use std::io::BufReader;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use sigwarp::{BackendChoice, BackendKind, DefaultRules, Engine};
use sigwarp_bench::catalogue::{self, Row};
use sigwarp_bench::command::{self, Measure};
use sigwarp_bench::compare::{compare, differences};
use sigwarp_bench::differential::{self, JUDGES, Tally};
use sigwarp_bench::report::{Report, check, table};
use sigwarp_datasets::generate::{Generator, Workload};
use sigwarp_datasets::{ReadOptions, RowBlock, RowReader};

use args::{Arguments, CheckArguments, Command, CompareArguments, DifferentialArguments};

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
    let command = Arguments::parse().command;
    if let Some((asked, useful)) = command::limit_global_pool() {
        eprintln!("sigwarp-bench: using {useful} of RAYON_NUM_THREADS={asked} threads: more cannot help");
    }
    let result = match command {
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
        Command::Differential(arguments) => differential(&arguments),
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
    let line = command::command_line("sigwarp-bench");
    let report = command::measure(rows, measure, peers, "sigwarp-bench list", line, |_| ());
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

/// Items that are compared at a time.
const BLOCK: u64 = 4096;

fn differential(arguments: &DifferentialArguments) -> Result<u8, Failure> {
    let engine = engine(arguments.backend.as_deref())?;
    let wanted = |id: &str| arguments.peer.as_deref().is_none_or(|part| id.contains(part));
    let judges: Vec<_> = JUDGES.iter().filter(|judge| wanted(judge.id)).collect();
    if judges.is_empty() {
        let known: Vec<&str> = JUDGES.iter().map(|judge| judge.id).collect();
        return Err((USAGE, format!("no peer fits; there are {}", known.join(", "))));
    }
    let mut tallies: Vec<Tally> =
        judges.iter().filter(|judge| judge.is_built()).map(|judge| Tally::new(judge)).collect();
    let compare = |block: &RowBlock, tallies: &mut [Tally]| {
        differential::compare(&engine, block, tallies).map_err(|error| (BROKEN, error.to_string()))
    };

    let mut block = RowBlock::new();
    let mut items = 0;
    if arguments.files.is_empty() {
        let generator = Generator::new(Workload::every_suite(arguments.seed, arguments.items))
            .map_err(|error| (USAGE, error.to_string()))?;
        while items < arguments.items {
            let end = (items + BLOCK).min(arguments.items);
            generator.fill(items..end, &mut block);
            compare(&block, &mut tallies)?;
            items = end;
        }
    }
    // Each item is judged under the rules of the peers: the rule of a row without one does not matter.
    let rules = DefaultRules::new(["cofactorless", "ecdsa"]).map_err(|error| (BROKEN, error.to_string()))?;
    let options = ReadOptions { rules, block_rows: BLOCK as usize, ..ReadOptions::default() };
    for path in &arguments.files {
        let mut reader = match path.to_str() {
            Some("-") => RowReader::jsonl("standard input", BufReader::new(std::io::stdin()), &options),
            _ => RowReader::open(path, &options).map_err(|error| (USAGE, error.to_string()))?,
        };
        while reader.next_block(&mut block).map_err(|error| (USAGE, error.to_string()))? {
            compare(&block, &mut tallies)?;
            items += block.len() as u64;
        }
    }

    let backends: Vec<&str> = engine.backends().iter().map(|kind| kind.name()).collect();
    let source =
        if arguments.files.is_empty() { format!(", seed {}", arguments.seed) } else { String::new() };
    println!("{items} items{source}, backends {}", backends.join(" and "));
    for tally in &tallies {
        let Tally { judge, compared, accepted, divergences, .. } = tally;
        println!(
            "{:<33}{:<22}{compared:>9} compared, {accepted:>9} accepted, {divergences} divergences",
            judge.id, judge.rule
        );
    }
    for judge in judges.iter().filter(|judge| !judge.is_built()) {
        println!("{:<33}{:<22}not in this build; add --features {}", judge.id, judge.rule, judge.feature);
    }
    for Tally { judge, first, .. } in &tallies {
        if let Some(line) = first {
            println!("first divergence from {}: {line}", judge.id);
        }
    }
    Ok(if tallies.iter().any(|tally| tally.divergences > 0) { FAILED } else { OK })
}

fn engine(backend: Option<&str>) -> Result<Engine, Failure> {
    let choice = match backend {
        None => BackendChoice::Auto,
        Some(name) => match BackendKind::from_name(name) {
            Some(kind) => BackendChoice::Forced(kind),
            None => {
                let known: Vec<&str> = BackendKind::ALL.iter().map(|kind| kind.name()).collect();
                return Err((USAGE, format!("there is no backend {name}; there are {}", known.join(", "))));
            }
        },
    };
    Engine::builder().backend(choice).build().map_err(|error| (BROKEN, error.to_string()))
}

fn read(path: &Path) -> Result<Report, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| (USAGE, format!("cannot read {}: {error}", path.display())))?;
    Report::from_json(&text)
        .map_err(|error| (USAGE, format!("{} is not a report of this version: {error}", path.display())))
}
