//! The key ring: registering keys, and verifying under registered ones, named by id and by their bytes.
//!
//! `cargo bench -p sigwarp-benches --bench key_ring -- registered/p256` measures the names that contain this.

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sigwarp::{BatchView, Column, KeyId, Keys, Suites};
use sigwarp_bench::catalogue::SCHEMES;
use sigwarp_bench::contenders::Operation;
use sigwarp_bench::workload::{Cache, Spec};
use sigwarp_benches::{engine, measure, name, subjects, suite};

/// Keys of a fleet.
const FLEET: usize = 1000;

/// The rows of the catalogue with registered keys, which are named by their ids.
fn registered(criterion: &mut Criterion) {
    let subjects = subjects(|row, _, sigwarp| {
        let chosen =
            sigwarp.operation == Operation::Verify && sigwarp.backend == "auto" && sigwarp.registered;
        chosen.then(|| name(row))
    });
    measure(criterion, "registered", subjects);
}

/// Decoding keys and making their tables.
fn register(criterion: &mut Criterion) {
    let mut cache = Cache::default();
    let mut group = criterion.benchmark_group("register");
    group.throughput(Throughput::Elements(FLEET as u64));
    for (title, _, kind, rule) in SCHEMES {
        let (mut engine_of, suite) = (None, suite(kind, rule));
        group.bench_function(BenchmarkId::new(title, FLEET), |bencher| {
            let workload = cache.get(Spec::new(kind, FLEET, FLEET));
            let engine = engine_of.get_or_insert_with(engine);
            bencher.iter_custom(|iterations| {
                let mut spent = Duration::ZERO;
                for _ in 0..iterations {
                    let start = Instant::now();
                    let ids = engine.register(&suite, workload.keys.iter().map(|key| &key.public));
                    spent += start.elapsed();
                    let ids: Result<Vec<KeyId>, _> = ids.expect("room for the keys").into_iter().collect();
                    assert_eq!(engine.unregister(&ids.expect("accepted keys")), FLEET);
                }
                spent
            });
        });
    }
    group.finish();
}

/// The same batch with its registered keys named by their bytes, which the ring looks up, and by their ids.
fn lookup(criterion: &mut Criterion) {
    let mut cache = Cache::default();
    let mut group = criterion.benchmark_group("lookup");
    group.throughput(Throughput::Elements(FLEET as u64));
    for (title, _, kind, rule) in SCHEMES {
        let (mut engine_of, suite) = (None, suite(kind, rule));
        for by in ["bytes", "id"] {
            group.bench_function(BenchmarkId::new(title, by), |bencher| {
                let workload = cache.get(Spec::new(kind, FLEET, FLEET));
                let keys: Vec<&[u8]> = workload.items.iter().map(|item| workload.public(item)).collect();
                let (engine, ids) = engine_of.get_or_insert_with(|| {
                    let engine = engine();
                    let ids = engine.register(&suite, &keys).expect("room for the keys");
                    let ids: Result<Vec<KeyId>, _> = ids.into_iter().collect();
                    (engine, ids.expect("accepted keys"))
                });
                let messages: Vec<&[u8]> = workload.items.iter().map(|item| &item.message[..]).collect();
                let signatures: Vec<&[u8]> = workload.items.iter().map(|item| &item.signature[..]).collect();
                let keys: Keys<'_> = match by {
                    "id" => ids[..].into(),
                    _ => Column::slices(&keys).into(),
                };
                let (messages, signatures) = (Column::slices(&messages), Column::slices(&signatures));
                let view = BatchView::new(Suites::One(&suite), keys, messages, signatures);
                let view = view.expect("columns of one length");
                bencher.iter(|| {
                    let verdicts = engine.verify_columns(&view).expect("verdicts");
                    assert!(verdicts.all_valid());
                });
            });
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = sigwarp_benches::criterion();
    targets = registered, register, lookup
}
criterion_main!(benches);
