//! `sigwarp bench`: how fast this machine is, with Sigwarp alone.

use std::fmt::Display;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use sigwarp_bench::catalogue::{alone, rows};
use sigwarp_bench::command::{self, command_line, list, measure};
use sigwarp_bench::compare;
use sigwarp_bench::report::{Machine, Report, screen, table};

use crate::args::{BackendName, BenchArgs, EngineArgs, Format};
use crate::exit::{Exit, Failure, print};
use crate::output::print_summary;
use crate::roles::Roles;
use crate::threads::{Work, useful};
use crate::verify::build_engine;

/// The largest report that is read.
const MOST_BYTES: u64 = 64 << 20;

/// From which change on a row is said to be slower or faster: two runs of one binary on a busy machine differ by up to 0.09.
const TOLERANCE: f64 = 0.1;

pub(crate) fn run(args: &BenchArgs) -> Result<Exit, Failure> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = useful(args.threads, Work::Unknown);
    let mut rows = alone(rows(cores), args.backend.name(), threads.get());
    rows.retain(|row| args.suites.is_empty() || args.suites.iter().any(|suite| suite == row.suite));
    if args.list {
        print(&list(&rows))?;
        return Ok(Exit::AllGood);
    }
    let roles = args.measure.outputs().into_iter();
    roles
        .fold(Roles::default().read("--compare", &args.compare), |roles, (option, path)| {
            roles.write_in_place(option, path)
        })
        .check()?;
    if args.backend != BackendName::AUTO || std::env::var_os(sigwarp::BACKEND_VARIABLE).is_some() {
        // Otherwise every row would say the same: it cannot run here.
        build_engine(&EngineArgs::of(args.backend, threads), Work::Unknown)?;
    }
    // Read before minutes of measuring, not after.
    let before = args.compare.as_deref().map(earlier).transpose()?;
    let mut printed = Ok(());
    let report =
        measure(rows, &args.measure, false, "sigwarp bench --list", command_line("sigwarp"), |rows| {
            let Some(text) = screen(rows, &Machine::detect(None).cpu) else { return };
            if args.format == Format::Table {
                printed = print(&format!("{text}\n"));
            }
        });
    printed?;
    let report = report.map_err(|error| match error {
        command::Failure::Usage(message) => Failure::input(message),
        command::Failure::Broken(message) => Failure::output(message),
    })?;
    match args.format {
        Format::Json => print(&format!("{}\n", report.to_json()))?,
        Format::Table => print(&table::text(&report))?,
    }
    if let Some(before) = before {
        let text = compare::text(&before, &report, TOLERANCE);
        // On standard output JSON stands alone.
        print_summary(&format!("\n{text}"), args.format == Format::Json)?;
    }
    Ok(Exit::AllGood)
}

/// The report of an earlier run.
fn earlier(path: &Path) -> Result<Report, Failure> {
    let failed = |why: &dyn Display| Failure::input(format!("--compare {}: {why}", path.display()));
    let mut text = String::new();
    let file = File::open(path).map_err(|error| failed(&format!("cannot read: {error}")))?;
    file.take(MOST_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|error| failed(&format!("cannot read: {error}")))?;
    if text.len() as u64 > MOST_BYTES {
        return Err(failed(&format!("is larger than {MOST_BYTES} bytes, which no report is")));
    }
    Report::from_json(&text)
        .map_err(|error| failed(&format!("is not a report of this version, as --json writes it: {error}")))
}
