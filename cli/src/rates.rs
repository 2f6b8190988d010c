//! `sigwarp devices --measure`: rates of a device over batch sizes, kernels alone and end to end, with the CPU beside
//! it.

use std::fmt::Write;
use std::time::{Duration, Instant};

use serde::Serialize;
use sigwarp::{AdapterChoice, BackendChoice, BackendKind, Batch, Column, Engine, GpuOptions, Hash};
use sigwarp_datasets::RowBlock;
use sigwarp_datasets::generate::{Generator, MessageShape, Workload};

use crate::args::{DevicesArgs, Format};
use crate::exit::{Exit, Failure, print};

/// Items of a batch; the larger ones are for devices that are not the processor.
const SIZES: [usize; 6] = [256, 1024, 4096, 16_384, 131_072, 1_048_576];
const LARGEST_ON_SOFTWARE: usize = 4096;
/// Bytes of messages that are hashed.
const LENGTHS: [usize; 2] = [64, 1024];
/// A row is repeated until so much time has gone.
const ENOUGH: Duration = Duration::from_millis(1500);

#[derive(Debug, Serialize)]
struct Report {
    schema_version: u32,
    version: &'static str,
    adapter: String,
    kind: &'static str,
    api: String,
    driver: String,
    cpu: String,
    threads: usize,
    recheck: f64,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    /// `ed25519` with its rule, or a hash function with the length of a message.
    what: String,
    batch: usize,
    /// Items a second while kernels run; by timestamps where the adapter has them.
    kernel: f64,
    /// Items a second from call to verdicts, with packing, transfers and what is checked again.
    end_to_end: f64,
    cpu: f64,
}

pub(crate) fn run(args: &DevicesArgs) -> Result<Exit, Failure> {
    crate::roles::Roles::default().write_in_place("--json", args.json.as_deref()).check()?;
    let options = GpuOptions::new().adapter(AdapterChoice::from_text(&args.device));
    // What is measured is not the self-test.
    let build = |choice| {
        let engine = Engine::builder().backend(choice).gpu(options.clone()).build()?;
        engine.self_test().map(|()| engine)
    };
    let device = build(BackendChoice::Forced(BackendKind::Gpu)).map_err(Failure::engine)?;
    let cpu = BackendKind::on_cpu().find_map(|kind| build(BackendChoice::Forced(kind)).ok());
    let cpu = cpu.ok_or_else(|| Failure::engine("no backend runs on this CPU"))?;
    let status = device.device().ok_or_else(|| Failure::engine("the engine has no device"))?;
    let largest = if status.report.kind == "software" { LARGEST_ON_SOFTWARE } else { usize::MAX };
    let mut rows = Vec::new();
    for size in SIZES.into_iter().filter(|&size| size <= largest) {
        for rule in ["zip215", "strict"] {
            let block = items(rule, size)?;
            let batch = block.batch();
            let count = |engine: &Engine, batch: &Batch| {
                let verdicts = engine.verify(batch).map_err(Failure::engine)?;
                match verdicts.all_valid() {
                    true => Ok(()),
                    false => Err(Failure::engine(format!("a valid item is not: {}", verdicts.explain()))),
                }
            };
            let run = |engine: &Engine| count(engine, batch);
            rows.push(row(format!("ed25519 {rule}"), size, &device, &cpu, run)?);
        }
        for hash in Hash::ALL.into_iter().filter(|hash| device.supports_hash(*hash)) {
            for length in LENGTHS.into_iter().filter(|length| length * size <= 256 << 20) {
                let bytes: Vec<u8> = (0..size * length).map(|i| (i ^ (i >> 9)) as u8).collect();
                let column = Column::fixed(&bytes, length).map_err(Failure::engine)?;
                let run = |engine: &Engine| engine.hash(hash, column).map(drop).map_err(Failure::engine);
                rows.push(row(format!("{hash} {length} B"), size, &device, &cpu, run)?);
            }
        }
    }
    if let Some(why) = device.device().and_then(|status| status.quarantine) {
        return Err(Failure::engine(format!("the device was quarantined: {why}")));
    }
    let report = Report {
        schema_version: 1,
        version: env!("CARGO_PKG_VERSION"),
        adapter: status.report.name,
        kind: status.report.kind,
        api: status.report.api,
        driver: status.report.driver,
        cpu: cpu.backends().iter().map(|kind| kind.name()).collect::<Vec<_>>().join(" "),
        threads: cpu.threads(),
        recheck: status.recheck,
        rows,
    };
    let json = sigwarp_datasets::json_line(&report);
    if let Some(path) = &args.json {
        std::fs::write(path, format!("{json}\n"))
            .map_err(|error| Failure::output(format!("{}: {error}", path.display())))?;
    }
    match args.format {
        Format::Json => print(&format!("{json}\n"))?,
        Format::Table => print(&table(&report))?,
    }
    Ok(Exit::AllGood)
}

/// Valid items of distinct keys under a rule.
fn items(rule: &str, size: usize) -> Result<RowBlock, Failure> {
    let share = format!("ed25519:{rule}").parse().map_err(Failure::engine)?;
    let generator = Generator::new(Workload {
        items: size as u64,
        shares: vec![share],
        devices: 4096.min(size as u32),
        messages: MessageShape::Range(64, 64),
        bad: 0.0,
        inline_keys: true,
        ..Workload::default()
    })
    .map_err(Failure::engine)?;
    let mut block = RowBlock::new();
    generator.fill(0..size as u64, &mut block);
    Ok(block)
}

fn row(
    what: String,
    batch: usize,
    device: &Engine,
    cpu: &Engine,
    run: impl Fn(&Engine) -> Result<(), Failure>,
) -> Result<Row, Failure> {
    let kernels = || device.device().map(|status| status.kernel_time).unwrap_or_default();
    // The first run makes buffers and finds the size of a dispatch.
    run(device)?;
    run(cpu)?;
    let before = kernels();
    let (calls, seconds) = rate(|| run(device))?;
    let kernel = (kernels() - before).as_secs_f64();
    let (cpu_calls, cpu_seconds) = rate(|| run(cpu))?;
    let per_second = |calls: usize, seconds: f64| (calls * batch) as f64 / seconds.max(1e-9);
    Ok(Row {
        what,
        batch,
        kernel: per_second(calls, kernel),
        end_to_end: per_second(calls, seconds),
        cpu: per_second(cpu_calls, cpu_seconds),
    })
}

fn rate(run: impl Fn() -> Result<(), Failure>) -> Result<(usize, f64), Failure> {
    let start = Instant::now();
    let mut calls = 0;
    while calls < 3 || (start.elapsed() < ENOUGH && calls < 1000) {
        run()?;
        calls += 1;
    }
    Ok((calls, start.elapsed().as_secs_f64()))
}

fn table(report: &Report) -> String {
    let Report { adapter, kind, api, driver, cpu, threads, recheck, .. } = report;
    let mut text = format!(
        "{adapter} ({kind}, {api}, {driver}) beside {cpu} on {threads} threads; {recheck:.4} of valid items judged \
         again\n\n| what | batch | kernels, M/s | end to end, M/s | cpu, M/s | end to end / cpu |\n|---|---|---|---|---|---|\n"
    );
    for Row { what, batch, kernel, end_to_end, cpu } in &report.rows {
        let [kernel, whole, beside] = [kernel, end_to_end, cpu].map(|rate| rate / 1e6);
        let ratio = end_to_end / cpu;
        writeln!(text, "| {what} | {batch} | {kernel:.3} | {whole:.3} | {beside:.3} | {ratio:.2} |")
            .expect("writing to a String cannot fail");
    }
    text
}
