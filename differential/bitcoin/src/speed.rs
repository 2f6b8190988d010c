//! Times: one thread on one core, ours and the library of Bitcoin Core in turn, from the same bytes to the same answers.

use std::num::NonZeroUsize;

use sigwarp::Engine;
use sigwarp_bench::measure::{
    Clock, Cores, Measured, Run, Settings, Side, Summary, WIDE_SPREAD, measure, ratios,
};
use sigwarp_bench::report::Machine;
use sigwarp_profiles::bitcoin::{Bitcoin, Context, Flags, Network, SpentOutputs};
use sigwarp_profiles::{Batch, Results, answer, verify};

use crate::Out;
use crate::kernel::{self, Prepared};
use crate::quadratic::quadratic;
use crate::seeds::{self, Vectors};

/// At least 15 pairs, of the time of the processor: other processes may use the machine.
const SETTINGS: Settings = Settings {
    clock: Clock::ThreadCpu,
    warm_up_seconds: 0.2,
    sample_seconds: 0.02,
    row_seconds: 30.0,
    min_rounds: 15,
    max_rounds: 31,
};

/// What the ratio must be on Zen 5, with one port of IFMA, and with AVX2 alone: there, a quarter of a ratio with keys that
/// the engine has not seen.
const GOALS: [f64; 3] = [6.0, 4.5, 0.25 * 6.0];
/// The part of the whole that parsing and folding may take, hashing aside.
const SHARE: f64 = 0.2;

const HEIGHT: u32 = 866_342;
const BLOCK: &str = "profiles/bitcoin/block866342.raw.gz";
const UNDO: &str = "profiles/bitcoin/block866342-undo.raw.gz";

pub(crate) fn speed(vectors: &Vectors, out: &mut Out) {
    let cores = Cores::find(None).expect("a core to measure on");
    if let Some(cores) = &cores {
        cores.pin(1).expect("the core of this process");
    }
    let machine = Machine::detect(cores.as_ref());
    let id = machine.cpu_id.as_ref().map_or_else(String::new, |id| format!(" ({id})"));
    out.note(&format!(
        "{}{id}; {}; load {:.1}",
        machine.cpu,
        machine.cpu_features.join(" "),
        machine.load.unwrap_or(0.0)
    ));
    let engine = Engine::builder().threads(NonZeroUsize::MIN).build().expect("some backend runs everywhere");
    engine.self_test().expect("known answers");
    out.note(&format!("backends: {:?}", engine.backends()));

    let (block, undo) = (vectors.bytes(BLOCK), vectors.bytes(UNDO));
    let transactions = seeds::block(vectors, BLOCK, UNDO);
    let inputs: usize = transactions.iter().map(|(_, spent)| spent.len()).sum();
    // Ours reads block and undo data each time, and judges the roots as well; the library gets the bytes of transactions
    // and outputs apart.
    let ours: Run<'_> = Box::new(|_| {
        let context =
            Context::block(Network::Main, HEIGHT, SpentOutputs::from_bcoin(&undo).expect("undo data"));
        let mut batch = Batch::new();
        batch.push(&Bitcoin, &block, &context);
        let reports = verify(&engine, batch).expect("an engine that works");
        valid_inputs(&reports)
    });
    let apart: Vec<(Vec<u8>, &[crate::wire::Output])> =
        transactions.iter().map(|(transaction, spent)| (transaction.write(), &spent[..])).collect();
    let flags = kernel::flags(Flags::at(Network::Main, HEIGHT, None));
    let theirs: Run<'_> = Box::new(|_| {
        let judge = |(bytes, spent): &(Vec<u8>, &[crate::wire::Output])| {
            let prepared = Prepared::new(bytes, spent).expect("a transaction");
            (0..prepared.inputs()).filter(|input| prepared.is_valid(*input, flags)).count() as u64
        };
        apart.iter().map(judge).sum()
    });
    let [ours, theirs] = pair(inputs, ours, theirs, inputs as u64);
    let ratio = Summary::of(&ratios(&ours.ns_per_item, &theirs.ns_per_item)).expect("pairs");
    let of = |measured: &Measured| Summary::of(&measured.ns_per_item).expect("samples").median;
    let wide = if ratio.spread() > WIDE_SPREAD { ", a wide spread" } else { "" };
    out.note(&format!(
        "block {HEIGHT}, {inputs} inputs: {:.2} × bitcoinkernel (p10 {:.2}, p90 {:.2}{wide}; {} pairs; {:.0} against {:.0} ns an \
         input, {:.0} % and {:.0} % of the core)",
        ratio.median,
        ratio.p10,
        ratio.p90,
        ours.ns_per_item.len(),
        of(&ours),
        of(&theirs),
        100.0 * ours.cpu_share,
        100.0 * theirs.cpu_share
    ));
    judge_ratio(&machine, ratio.median, out);
    share(&engine, (&block, &undo), inputs, out);
    quadratic(&engine, out);
}

/// The goal for this processor: as in the other comparisons, Zen 5 is family 26 of AMD.
fn judge_ratio(machine: &Machine, ratio: f64, out: &mut Out) {
    let has = |name: &str| machine.cpu_features.iter().any(|feature| feature == name);
    let family = machine.cpu_id.as_ref().and_then(|id| id.split(" model").next().map(str::to_owned));
    let (goal, of) = match (has("avx512ifma"), has("avx2")) {
        (true, _) if machine.cpu.contains("AMD") && family.as_deref() == Some("family 26") => {
            (GOALS[0], "on Zen 5")
        }
        (true, _) => (GOALS[1], "with one port of IFMA"),
        (false, true) => (GOALS[2], "with AVX2 alone"),
        (false, false) => return out.note(&format!("{ratio:.2}; there is no goal without AVX2")),
    };
    out.judge(
        ratio >= goal,
        &format!("block {HEIGHT} beside bitcoinkernel: {ratio:.2}, at least {goal:.2} {of}"),
    );
}

fn valid_inputs(reports: &[sigwarp_profiles::Report]) -> u64 {
    assert!(reports.iter().all(|report| report.verdict.is_valid()), "block {HEIGHT}");
    let transactions = reports.iter().flat_map(|report| &report.transactions);
    let inputs = transactions.flat_map(|transaction| &transaction.inputs);
    inputs.filter(|input| input.verdict.is_valid()).count() as u64
}

fn pair<'a>(items: usize, mut ours: Run<'a>, mut theirs: Run<'a>, expected: u64) -> [Measured; 2] {
    let expected = [expected];
    let side = |run, expected| Side { run, chunks: 1, items_per_chunk: items, expected: Some(expected) };
    let measured = measure(&mut [side(&mut ours, &expected), side(&mut theirs, &expected)], &SETTINGS);
    <[Measured; 2]>::try_from(measured.unwrap_or_else(|wrong| panic!("{wrong}"))).expect("two sides")
}

/// What parsing, scripts and folding take of the whole, where the answers are there.
fn share(engine: &Engine, (block, undo): (&[u8], &[u8]), inputs: usize, out: &mut Out) {
    let context =
        || Context::block(Network::Main, HEIGHT, SpentOutputs::from_bcoin(undo).expect("undo data"));
    let known: Results = {
        let context = context();
        let mut batch = Batch::new();
        batch.push(&Bitcoin, block, &context);
        answer(engine, &mut [batch]).expect("an engine that works").remove(0)
    };
    let parts: Run<'_> = Box::new(|_| {
        let context = context();
        let mut batch = Batch::new();
        batch.push(&Bitcoin, block, &context);
        while batch.resume(&known) {}
        valid_inputs(&batch.fold(&known))
    });
    let whole: Run<'_> = Box::new(|_| {
        let context = context();
        let mut batch = Batch::new();
        batch.push(&Bitcoin, block, &context);
        valid_inputs(&verify(engine, batch).expect("an engine that works"))
    });
    let [parts, whole] = pair(inputs, parts, whole, inputs as u64);
    let share = Summary::of(&ratios(&whole.ns_per_item, &parts.ns_per_item)).expect("pairs");
    out.judge(
        share.median <= SHARE,
        &format!(
            "block {HEIGHT}: parsing, scripts and folding take {:.3} of the whole (p10 {:.3}, p90 {:.3}); at most {SHARE:.2}",
            share.median, share.p10, share.p90
        ),
    );
}
