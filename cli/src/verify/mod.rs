//! `sigwarp verify`: a verdict for every row of the files.

mod summary;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use sigwarp::{BackendChoice, BackendKind, Engine, Suite};
use sigwarp_datasets::{KeyFile, KeyUse, RowBlock, VerdictWriter};

use self::summary::{Judged, OnDevice, Run, Summary, Totals};
use crate::args::{EngineArgs, Format, VerifyArgs};
use crate::exit::{Exit, Failure};
use crate::inputs::expand;
use crate::interrupt::Interrupt;
use crate::output::{self, is_standard, print_summary};
use crate::progress::Progress;
use crate::roles::Roles;
use crate::rows::{Next, Rows};
use crate::threads::{Work, useful};

pub(crate) fn run(args: &VerifyArgs, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let start = Instant::now();
    if args.quiet {
        output::be_quiet();
    }
    let files = expand(&args.input.files)?;
    Roles::default()
        .read("the input", &files)
        .read("--keys", &args.input.keys)
        .write("--output", &args.output)
        .check()?;
    let engine = interrupt.at_once(|| build_engine(&args.engine, Work::Rows(&files)))?;
    let to_standard_output = args.output.as_deref().is_some_and(is_standard);
    let mut job = Job {
        engine: &engine,
        list: args.failures,
        shares: BTreeMap::new(),
        totals: Totals::default(),
        kept: Totals::default(),
        verify_time: Duration::ZERO,
        register_time: None,
        registered: Vec::new(),
        progress: Progress::start(args.quiet),
        rows_seen: 0,
        output: None,
    };
    let ended = job.run(args, &files, interrupt);
    job.progress.end();

    let all_good = job.totals.all_good();
    let run = Run {
        error: ended.as_ref().err().map(|failure| failure.message().to_owned()),
        complete: matches!(ended, Ok(true)),
        total: start.elapsed(),
        verify: job.verify_time,
        register: job.register_time.unwrap_or_default(),
        registered_keys: engine.key_stats().registered,
        backend: job.backends(),
        threads: engine.threads(),
        why: engine.why(),
        output: job.output.take(),
        device: job.shares.get(&BackendKind::Gpu).map(|&items| OnDevice::new(items, args.engine.recheck())),
    };
    let nothing_to_tell = ended.is_err() && job.totals.items == 0;
    let summary = Summary::new(job.totals, run);
    let nothing_to_complain_of = args.quiet && all_good && ended.is_ok();
    match args.format {
        Format::Json if nothing_to_complain_of => {}
        Format::Json => print_summary(&summary.json(), to_standard_output)?,
        Format::Table if nothing_to_tell => {}
        Format::Table if args.quiet => print_summary(&summary.complaints(), to_standard_output)?,
        Format::Table => print_summary(&summary.table(), to_standard_output)?,
    }
    match ended {
        Ok(true) if all_good => Ok(Exit::AllGood),
        Ok(true) => Ok(Exit::SomeNot),
        Ok(false) => Ok(Exit::Interrupted),
        Err(failure) => Err(failure),
    }
}

/// The engine that the arguments ask for, with no more threads than can help with `work`.
pub(crate) fn build_engine(args: &EngineArgs, work: Work<'_>) -> Result<Engine, Failure> {
    let mut builder = Engine::builder();
    if let Some(threads) = args.threads {
        builder = builder.threads(useful(threads, work));
    }
    // Given these options the engine's own choice may fall on a device, so they are given where one was asked for. The
    // backend `gpu` by name, also in the environment, does without them.
    #[cfg(feature = "gpu")]
    if args.device.is_some() || args.recheck.is_some() {
        let adapter = sigwarp::AdapterChoice::from_text(args.device.as_deref().unwrap_or("best"));
        builder = builder.gpu(sigwarp::GpuOptions::new().adapter(adapter).recheck(args.recheck()));
    }
    if let Some(kind) = args.backend.0 {
        builder = builder.backend(BackendChoice::Forced(kind));
    }
    builder.build().map_err(Failure::building)
}

struct Job<'a> {
    engine: &'a Engine,
    list: usize,
    /// The items that each backend decided.
    shares: BTreeMap<BackendKind, u64>,
    totals: Totals,
    /// The counts of the verdicts that stay in the output even if the next cannot be written.
    kept: Totals,
    verify_time: Duration,
    /// How long it took to register the keys of the keys file, once that was done.
    register_time: Option<Duration>,
    /// The suites that keys were registered under.
    registered: Vec<Suite>,
    progress: Progress,
    rows_seen: u64,
    /// The file with the verdicts, under the name that it has.
    output: Option<String>,
}

impl Job<'_> {
    /// The names of the backends that decided items; of the first choice before there were any.
    fn backends(&self) -> String {
        let names: Vec<&str> = match self.shares.is_empty() {
            true => self.engine.backends().first().map(|kind| kind.name()).into_iter().collect(),
            false => self.shares.keys().map(|kind| kind.name()).collect(),
        };
        names.join("+")
    }

    /// Verifies everything; `false` when the user stopped it. The output has its name only after `true`.
    fn run(&mut self, args: &VerifyArgs, files: &[PathBuf], interrupt: &Interrupt) -> Result<bool, Failure> {
        let rows = interrupt.at_once(|| Rows::start(&args.input, files, KeyUse::Required))?;
        let mut writer = match &args.output {
            None => None,
            Some(path) if is_standard(path) => {
                Some(VerdictWriter::jsonl("standard output", std::io::stdout()))
            }
            Some(path) => Some(VerdictWriter::create(path).map_err(Failure::creating)?),
        };
        let judged = self.judge(&rows, interrupt, writer.as_mut());
        let Some((mut writer, path)) = writer.zip(args.output.as_deref()) else { return judged };
        let written = match judged {
            Ok(true) => writer.finish(),
            _ => writer.keep(),
        };
        self.output = Some(match (is_standard(path), matches!(judged, Ok(true)) && written.is_ok()) {
            (true, _) => "standard output".to_owned(),
            (false, true) => path.display().to_string(),
            // A pipe or a device has no other name before its end.
            (false, false) if path.metadata().is_ok_and(|metadata| !metadata.is_file()) => {
                path.display().to_string()
            }
            (false, false) => format!("{}.partial", path.display()),
        });
        if written.is_err() && writer.committed() < self.totals.items {
            self.totals = std::mem::take(&mut self.kept);
        }
        // What stopped the rows is told, not that the rest could not be kept either.
        judged.and_then(|complete| written.map_err(Failure::output).map(|()| complete))
    }

    /// Judges rows until they end or the user stops it.
    fn judge(
        &mut self,
        rows: &Rows,
        interrupt: &Interrupt,
        mut writer: Option<&mut VerdictWriter>,
    ) -> Result<bool, Failure> {
        loop {
            match rows.next(interrupt)? {
                Next::Block { file, block, read } => {
                    if let Some(keys) = rows.keys() {
                        self.register(keys, &block)?;
                    }
                    self.verify(&file, &block, writer.as_deref_mut())?;
                    self.progress.advance(block.len() as u64, read);
                    rows.recycle(block);
                }
                Next::Interrupted => return Ok(false),
                Next::End => return Ok(true),
            }
        }
    }

    /// Registers the keys of the keys file for a scheme when the first block with rows of it comes. The rows that use
    /// a key carry its bytes, by which the engine finds it; the file does not say which scheme a key is of, so those
    /// that have the form of one are tried.
    fn register(&mut self, keys: &KeyFile, block: &RowBlock) -> Result<(), Failure> {
        let view = block.batch().view().map_err(Failure::engine)?;
        for suite in view.suite_table() {
            let suite = Suite::for_registering(suite.scheme());
            if self.registered.contains(&suite) {
                continue;
            }
            let start = Instant::now();
            let lengths = suite.scheme().key_lengths();
            let of_scheme = (0..keys.len() as u64)
                .filter_map(|index| keys.get(index))
                .filter(|key| lengths.is_empty() || lengths.contains(&key.len()));
            match self.engine.register(&suite, of_scheme) {
                // Without room for them rows are verified as if there were no ring.
                Ok(_) | Err(sigwarp::Error::KeyBudget { .. }) => {}
                Err(error) => return Err(Failure::engine(error)),
            }
            *self.register_time.get_or_insert_default() += start.elapsed();
            self.registered.push(suite);
        }
        Ok(())
    }

    fn verify(
        &mut self,
        file: &str,
        block: &RowBlock,
        mut writer: Option<&mut VerdictWriter>,
    ) -> Result<(), Failure> {
        let start = Instant::now();
        let verdicts = self.engine.verify(block.batch()).map_err(Failure::engine)?;
        self.verify_time += start.elapsed();
        for &(kind, items) in verdicts.explain().shares() {
            *self.shares.entry(kind).or_default() += items as u64;
        }

        let view = block.batch().view().map_err(Failure::engine)?;
        // Counted is what is written: after a full disk the summary and the file are of the same rows.
        if let Some(writer) = &mut writer
            && let Err(error) = writer.write(self.rows_seen, block, &verdicts)
        {
            self.totals = std::mem::take(&mut self.kept);
            return Err(Failure::output(error));
        }
        for (item, verdict) in verdicts.iter().enumerate() {
            let judged = Judged {
                file,
                row: block.first_row() + item as u64,
                id: block.id(item),
                rule: view.item(item).suite.rule(),
                verdict,
                expected: block.expected()[item],
            };
            self.totals.add(judged, self.list);
        }
        self.rows_seen += block.len() as u64;
        if writer.is_some_and(|writer| writer.committed() == self.rows_seen) {
            self.kept = self.totals.clone();
        }
        Ok(())
    }
}
