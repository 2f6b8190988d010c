//! `sigwarp transactions`: a verdict for every transaction of the files.
//!
//! `records.rs` reads ahead on a thread of its own (`block_files.rs` the files of Bitcoin Core), `judge.rs` parses, asks the engine and folds, `output.rs` writes
//! a line for each report, `summary.rs` counts.

mod block_files;
mod given;
mod judge;
mod output;
mod records;
mod summary;
mod within;

use std::sync::Arc;
use std::time::{Duration, Instant};

use sigwarp::Engine;
use sigwarp_profiles::{AnyContext, Report, System, system};

pub(crate) use self::block_files::Anchor;
use self::given::Given;
use self::judge::Judge;
use self::output::Output;
use self::records::{Block, Next, Record, Records};
use self::summary::{Judged, Run, Totals};
use self::within::each;
use crate::args::{Format, TransactionsArgs};
use crate::exit::{Exit, Failure};
use crate::inputs::expand_all;
use crate::interrupt::Interrupt;
use crate::output::{be_quiet, is_standard, print_summary};
use crate::progress::Progress;
use crate::roles::Roles;
use crate::threads::Work;
use crate::verify::build_engine;

pub(crate) fn run(args: &TransactionsArgs, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let start = Instant::now();
    if args.quiet {
        be_quiet();
    }
    let system = system(&args.profile)
        .ok_or_else(|| Failure::input(format!("--profile {}: there is no such profile", args.profile)))?;
    if args.anchor.is_some() && system.name() != "bitcoin" {
        return Err(Failure::input(format!("--anchor: the profile {} has no use for it", system.name())));
    }
    let given = Given::read(args, system)?;
    let files = expand_all(&args.files)?;
    let inputs =
        Roles::default().read("the input", &files).read("--keys", &args.keys).read("--roots", &args.roots);
    let inputs = inputs.read("--previous-outputs", &args.previous_outputs);
    inputs.write("--output", &args.output).check()?;
    let engine = interrupt.at_once(|| build_engine(&args.engine, Work::Unknown))?;
    let mut job = Job {
        engine: &engine,
        totals: Totals::default(),
        progress: Progress::start(args.quiet),
        verify_time: Duration::ZERO,
        output: None,
    };
    let records = Records::start(args, files, system, given)?;
    let ended = job.run(args, &records, system, interrupt);
    job.progress.end();

    let all_good = job.totals.all_good();
    let run = Run {
        profile: system.name(),
        error: ended.as_ref().err().map(|failure| failure.message().to_owned()),
        complete: matches!(ended, Ok(true)),
        total: start.elapsed(),
        verify: job.verify_time,
        threads: engine.threads(),
        why: engine.why(),
        output: job.output.take(),
    };
    let nothing_to_tell = ended.is_err() && job.totals.is_empty();
    let to_standard_output = args.output.as_deref().is_some_and(is_standard);
    match args.format {
        _ if args.quiet && all_good && ended.is_ok() => {}
        Format::Json => print_summary(&job.totals.json(&run), to_standard_output)?,
        Format::Table if nothing_to_tell => {}
        Format::Table => print_summary(&job.totals.table(&run, args.quiet), to_standard_output)?,
    }
    match ended? {
        false => Ok(Exit::Interrupted),
        true if all_good => Ok(Exit::AllGood),
        true => Ok(Exit::SomeNot),
    }
}

struct Job<'a> {
    engine: &'a Engine,
    totals: Totals,
    progress: Progress,
    /// The time in the engine, parsing and folding excluded.
    verify_time: Duration,
    /// The file with the reports, under the name that it has.
    output: Option<String>,
}

impl Job<'_> {
    /// Judges everything; `false` when the user stopped it. The output has its name only after `true`.
    fn run(
        &mut self,
        args: &TransactionsArgs,
        records: &Records,
        system: &'static dyn System,
        interrupt: &Interrupt,
    ) -> Result<bool, Failure> {
        let judge = Judge::new(self.engine, system)?;
        let mut output = args.output.as_deref().map(Output::create).transpose()?;
        let mut keys: Option<Arc<AnyContext>> = None;
        loop {
            match records.next(interrupt)? {
                Next::Block(block) => {
                    // The keys of the command line, as they are now. What fits into one block is verified before tables for
                    // them would be made.
                    keys = block.keys.clone().or(keys);
                    if let Some(context) = keys.take_if(|_| self.totals.records() > 0) {
                        match system.register(self.engine, &context) {
                            // Without room for them records are verified as if there were no ring.
                            Ok(_) | Err(sigwarp::Error::KeyBudget { .. }) => {}
                            Err(error) => return Err(Failure::engine(error)),
                        }
                    }
                    let (reports, spent) = judge.reports(&block.records)?;
                    self.verify_time += spent;
                    // Counted is what is written: after a full disk the summary and the file are of the same records.
                    if let Some(output) = &mut output {
                        self.write(&block, &reports, output)?;
                    }
                    self.count(&block, &reports, args.failures);
                    self.progress.advance(block.records.len() as u64, block.read);
                }
                Next::Interrupted => return Ok(false),
                Next::End => break,
            }
        }
        if let Some(output) = output {
            output.finish()?;
            self.output = args.output.as_ref().map(|path| match is_standard(path) {
                true => "standard output".to_owned(),
                false => path.display().to_string(),
            });
        }
        Ok(true)
    }

    fn write(&self, block: &Block, reports: &[Report], output: &mut Output) -> Result<(), Failure> {
        let first = self.totals.records();
        for (place, (record, report)) in block.records.iter().zip(reports).enumerate() {
            let index = first + place as u64;
            for (within, report) in each(report) {
                output.push((index, &block.file, record), within, report);
            }
        }
        output.commit()
    }

    fn count(&mut self, block: &Block, reports: &[Report], list: usize) {
        for (record, report) in block.records.iter().zip(reports) {
            let Record { row, id, expected, .. } = record;
            let judged = Judged { file: &block.file, row: *row, id: id.as_deref(), expected: *expected };
            self.totals.add(judged, report, list);
        }
    }
}
