//! `sigwarp bench`: how fast this machine is, with Sigwarp alone.

use sigwarp_bench::catalogue::{alone, rows};
use sigwarp_bench::command::{self, command_line, list, measure};
use sigwarp_bench::report::{Machine, screen, table};

use crate::args::{BackendName, BenchArgs, EngineArgs, Format};
use crate::exit::{Exit, Failure, print};
use crate::roles::Roles;
use crate::threads::{Work, useful};
use crate::verify::build_engine;

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
    roles.fold(Roles::default(), |roles, (option, path)| roles.write_in_place(option, path)).check()?;
    if args.backend != BackendName::Auto || std::env::var_os(sigwarp::BACKEND_VARIABLE).is_some() {
        // Otherwise every row would say the same: it cannot run here.
        build_engine(&EngineArgs::of(args.backend, threads), Work::Unknown)?;
    }
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
    Ok(Exit::AllGood)
}
