//! What the benches share: rows of the harness's catalogue, measured by criterion.
//!
//! The harness compares Sigwarp with its peers in one process. Criterion compares a change with the code before it, over
//! the same workloads: `cargo bench -p sigwarp-benches --bench verify -- --save-baseline before`, then the change, then
//! the same with `--baseline before`.
//!
//! The benches are a crate of their own, which no other command builds: criterion and its plots would otherwise be
//! compiled for the tests of the harness.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use criterion::{AxisScale, BenchmarkId, Criterion, PlotConfiguration, Throughput};
use sigwarp::{Engine, Suite};
use sigwarp_bench::catalogue::{self, Contender, Row, Side};
use sigwarp_bench::contenders::Sigwarp;
use sigwarp_bench::measure::Run;
use sigwarp_bench::workload::{Cache, Kind, Spec, Workload};

/// Rows with more items are left out: signing their workload takes longer than measuring them.
const MOST_ITEMS: usize = 16_384;

/// Half a second to warm up and two to measure: a batch takes between 20 µs and 50 ms, and a bench of a hundred rows is to
/// end within minutes. The usual options of criterion change it.
pub fn criterion() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(50)
}

/// What is measured: its name, and who runs on what.
pub type Subject = (BenchmarkId, Side);

/// The subjects of the catalogue's rows in which Sigwarp runs by itself on one thread, and that `name` names.
pub fn subjects(name: impl Fn(&Row, &Side, &Sigwarp) -> Option<BenchmarkId>) -> Vec<Subject> {
    let mut seen = HashSet::new();
    let of_row = |row: Row| {
        let side = row.subject.clone().filter(|side| side.spec.items <= MOST_ITEMS)?;
        let id = name(&row, &side, sigwarp(&side)?)?;
        seen.insert(id.clone()).then_some((id, side))
    };
    catalogue::rows(1).into_iter().filter_map(of_row).collect()
}

/// The name of a row within its suite. Where its last part is the quantity that the suite varies, it is the parameter,
/// from which criterion draws a line through the rows.
pub fn name(row: &Row) -> BenchmarkId {
    let id = row.id.strip_prefix(row.suite).unwrap_or(&row.id).trim_start_matches('/');
    match (row.x, id.rsplit_once('/')) {
        (Some(x), Some((function, _))) => BenchmarkId::new(function, x),
        _ => BenchmarkId::from_parameter(id),
    }
}

fn sigwarp(side: &Side) -> Option<&Sigwarp> {
    match &side.contender {
        Contender::Sigwarp(sigwarp) => Some(sigwarp),
        Contender::Peer(_) => None,
    }
}

/// Measures calls of a whole batch.
///
/// A workload of signatures is made when it is measured, so that a filter on the command line pays for nothing else.
pub fn measure(criterion: &mut Criterion, group: &str, subjects: Vec<Subject>) {
    let mut cache = Cache::default();
    let mut group = criterion.benchmark_group(group);
    // Batch sizes and lengths grow by powers.
    group.plot_config(PlotConfiguration::default().summary_scale(AxisScale::Logarithmic));
    for (id, side) in subjects {
        let Some(sigwarp) = sigwarp(&side) else { continue };
        group.throughput(throughput(side.spec, &mut cache));
        let workload: OnceCell<Arc<Workload>> = OnceCell::new();
        let mut ready: Option<Run<'_>> = None;
        let mut chunk = 0;
        // Criterion calls this for every sample.
        group.bench_function(id, |bencher| {
            let run = ready.get_or_insert_with(|| {
                let workload = workload.get_or_init(|| cache.get(side.spec));
                prepare(sigwarp, workload)
            });
            bencher.iter(|| {
                chunk = (chunk + 1) % side.spec.chunks();
                run(chunk)
            });
        });
    }
    group.finish();
}

/// Ready to run, and once checked against the answers that the workload knows.
///
/// # Panics
/// When this build or machine lacks what the row needs, or when an answer is wrong: its time would be of no use.
fn prepare<'w>(sigwarp: &Sigwarp, workload: &'w Workload) -> Run<'w> {
    let (mut run, _) =
        sigwarp.prepare(workload, 1).unwrap_or_else(|why| panic!("{}: {why}", sigwarp.label()));
    for (chunk, expected) in workload.expected().into_iter().flatten().enumerate() {
        assert_eq!(run(chunk), expected, "{}: valid signatures of call {chunk}", sigwarp.label());
    }
    run
}

/// Bytes a call where messages are hashed, signatures a call elsewhere.
fn throughput(spec: Spec, cache: &mut Cache) -> Throughput {
    match spec.kind {
        Kind::Messages => {
            let bytes: usize = cache.get(spec).items.iter().map(|item| item.message.len()).sum();
            Throughput::Bytes((bytes / spec.chunks()) as u64)
        }
        _ => Throughput::Elements(spec.batch as u64),
    }
}

/// The suite that a workload of this kind is judged under in the catalogue, where `rule` is that of its scheme.
///
/// # Panics
/// When there are no signatures in a workload of this kind.
pub fn suite(kind: Kind, rule: Option<&str>) -> Suite {
    catalogue::sigwarp_for(kind, rule).suite(kind).unwrap_or_else(|why| panic!("{why}"))
}

/// An engine on the calling thread, tested, with room for the tables of the fleets that are measured.
///
/// # Panics
/// When no backend gives right answers here.
pub fn engine() -> Engine {
    let engine = Engine::builder().threads(NonZeroUsize::MIN).key_budget(1 << 30).build().expect("an engine");
    engine.self_test().expect("right answers");
    engine
}
