//! `sigwarp selftest`: every backend against known answers, and against the oracle on generated items.

use std::fmt::Write;

use rayon::prelude::*;
use serde::Serialize;
use sigwarp::{BackendChoice, BackendKind, Engine, Item, Scheme, Verdict, oracle};
use sigwarp_datasets::generate::{Generator, Workload};
use sigwarp_datasets::{RowBlock, divergence_line};

use crate::args::{Format, SelftestArgs};
use crate::exit::{Exit, Failure, print};
use crate::interrupt::Interrupt;

#[derive(Debug, Serialize)]
struct Report {
    schema_version: u32,
    complete: bool,
    seed: u64,
    items: u64,
    backends: Vec<BackendReport>,
}

#[derive(Debug, Serialize)]
struct BackendReport {
    backend: &'static str,
    known_answers: String,
    compared: u64,
    divergences: u64,
    divergence: Option<String>,
    #[serde(skip)]
    engine: Option<Engine>,
}

/// What the report says of a device that an engine has stopped using: its items were done by the CPU, so that no divergence
/// shows what it was.
const QUARANTINED: &str = "quarantined: ";

/// Items judged at a time.
const BLOCK: u64 = 4096;

pub(crate) fn run(args: &SelftestArgs, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let mut report = Report {
        schema_version: 1,
        complete: true,
        seed: args.seed,
        items: args.differential,
        backends: interrupt
            .at_once(|| BackendKind::ALL.into_iter().map(|kind| known_answers(kind, args)).collect()),
    };
    if args.differential > 0 {
        report.complete = differential(args, interrupt, &mut report.backends)?;
    }
    for backend in &mut report.backends {
        let device = backend.engine.as_ref().and_then(Engine::device);
        if let Some(why) = device.and_then(|device| device.quarantine) {
            backend.known_answers = format!("{QUARANTINED}{why}");
        }
    }
    match args.format {
        Format::Json => print(&format!("{}\n", sigwarp_datasets::json_line(&report)))?,
        Format::Table => print(&table(&report))?,
    }
    let diverged = report.backends.iter().any(|backend| backend.divergences > 0 || backend.failed());
    Ok(match (report.complete, diverged) {
        (_, true) => Exit::SomeNot,
        (false, false) => Exit::Interrupted,
        (true, false) => Exit::AllGood,
    })
}

impl BackendReport {
    /// Whether the backend runs here and gave a wrong known answer.
    fn failed(&self) -> bool {
        self.known_answers.starts_with(QUARANTINED)
            || self.engine.is_none() && self.known_answers.contains("self-test")
    }
}

fn known_answers(kind: BackendKind, args: &SelftestArgs) -> BackendReport {
    let builder = Engine::builder().backend(BackendChoice::Forced(kind));
    #[cfg(feature = "gpu")]
    let builder = {
        let adapter = sigwarp::AdapterChoice::from_text(&args.device);
        builder.gpu(sigwarp::GpuOptions::new().adapter(adapter))
    };
    #[cfg(not(feature = "gpu"))]
    let _ = args;
    let tested = builder.build().and_then(|engine| engine.self_test().map(|()| engine));
    let (known_answers, engine) = match tested {
        Ok(engine) => ("pass".to_owned(), Some(engine)),
        Err(error) => (error.to_string(), None),
    };
    BackendReport {
        backend: kind.name(),
        known_answers,
        compared: 0,
        divergences: 0,
        divergence: None,
        engine,
    }
}

/// Compares every backend with the oracle; `false` when the user stopped it.
fn differential(
    args: &SelftestArgs,
    interrupt: &Interrupt,
    backends: &mut [BackendReport],
) -> Result<bool, Failure> {
    let schemes = if args.schemes.is_empty() { &Scheme::ALL[..] } else { &args.schemes };
    let workload = Workload::every_suite_of(schemes, args.seed, args.differential);
    let generator = Generator::new(workload).map_err(Failure::input)?;
    let mut block = RowBlock::new();
    let mut first = 0;
    while first < args.differential {
        if interrupt.requested() {
            return Ok(false);
        }
        let end = (first + BLOCK).min(args.differential);
        generator.fill(first..end, &mut block);
        let view = block.batch().view().map_err(Failure::engine)?;
        // The oracle takes most of the time.
        let judged: Vec<Verdict> = (0..view.len())
            .into_par_iter()
            .map(|position| {
                let Item { suite, key, message, signature } = view.item(position);
                oracle::verify(suite, key, message, signature)
                    .ok_or_else(|| Failure::engine(format!("the oracle does not know {suite}")))
            })
            .collect::<Result<_, _>>()?;
        for backend in backends.iter_mut() {
            compare(backend, &block, &judged, first)?;
        }
        first = end;
    }
    Ok(true)
}

/// Compares one backend with the oracle on the items that it supports.
fn compare(
    backend: &mut BackendReport,
    block: &RowBlock,
    judged: &[Verdict],
    first: u64,
) -> Result<(), Failure> {
    let Some(engine) = &backend.engine else { return Ok(()) };
    let view = block.batch().view().map_err(Failure::engine)?;
    let supported: Vec<usize> =
        (0..view.len()).filter(|&position| engine.supports(view.item(position).suite)).collect();
    let mut batch = sigwarp::Batch::new();
    for &position in &supported {
        let Item { suite, key, message, signature } = view.item(position);
        let message = sigwarp::Message::of(suite.scheme().input(), message);
        batch.push(suite, sigwarp::Key::Bytes(key), message, signature);
    }
    let verdicts = engine.verify(&batch).map_err(Failure::engine)?;
    for (&position, verdict) in supported.iter().zip(verdicts.iter()) {
        backend.compared += 1;
        if verdict != judged[position] {
            backend.divergences += 1;
            backend.divergence.get_or_insert_with(|| {
                let place = first + position as u64;
                let said =
                    [("backend_says", verdict.to_string()), ("oracle_says", judged[position].to_string())];
                let said = said.each_ref().map(|(who, verdict)| (*who, verdict.as_str()));
                divergence_line(&place.to_string(), &view.item(position), judged[position].is_valid(), &said)
            });
        }
    }
    Ok(())
}

fn table(report: &Report) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        writeln!(text, "{name:<10} {value}").expect("writing to a String cannot fail");
    };
    for backend in &report.backends {
        let name = backend.backend;
        line(name, &format!("known answers: {}", backend.known_answers));
        if backend.compared > 0 {
            let (compared, divergences) = (backend.compared, backend.divergences);
            line(name, &format!("{compared} items compared with the oracle, {divergences} divergences"));
        }
        if let Some(divergence) = &backend.divergence {
            line(name, &format!("first divergence, seed {}: {divergence}", report.seed));
        }
    }
    if !report.complete {
        line("", "stopped early: the counts are of the items before");
    }
    text
}
