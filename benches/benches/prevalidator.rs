//! The pre-validator: a batch from its submission to its last outcome, beside the engine on the same batch.
//!
//! The engine runs on the one worker of the pre-validator, so what lies between the two figures is the way through the
//! queue: copying, waking, tickets. `prevalidator_load`, an example of the engine, measures saturation and latency.

use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sigwarp::prevalidator::{Config, Outcome, Prevalidator, Submission, Ticket};
use sigwarp::{Batch, Key, Message, Suite};
use sigwarp_bench::catalogue::SCHEMES;
use sigwarp_bench::workload::{Cache, Spec, Workload};
use sigwarp_benches::{engine, suite};

/// Items that are submitted before the first outcome is waited for.
const SIZES: [usize; 4] = [1, 64, 2048, 16_384];

/// What the workload holds, as one batch and as single items.
fn items<'w>(workload: &'w Workload, suite: &'w Suite) -> (Batch, Vec<Submission<'w>>) {
    let mut batch = Batch::new();
    let mut items = Vec::with_capacity(workload.items.len());
    for (id, item) in (0u64..).zip(&workload.items) {
        let key = Key::Bytes(workload.public(item));
        let message = Message::of(suite.scheme().input(), &item.message);
        batch.push(suite, key, message, &item.signature);
        items.push(Submission::new(suite, key, message, &item.signature).id(id));
    }
    (batch, items)
}

fn prevalidator(criterion: &mut Criterion) {
    for (title, _, kind, rule) in SCHEMES {
        let mut cache = Cache::default();
        let suite = suite(kind, rule);
        let mut group = criterion.benchmark_group(format!("prevalidator/{title}"));
        let mut started = None;
        for size in SIZES {
            group.throughput(Throughput::Elements(size as u64));
            for way in ["engine", "submit_many", "submit"] {
                group.bench_function(BenchmarkId::new(way, size), |bencher| {
                    let (engine, pre) = started.get_or_insert_with(|| {
                        let engine = Arc::new(engine());
                        let pre = Prevalidator::start(Arc::clone(&engine), Config::default());
                        (engine, pre.expect("a pre-validator"))
                    });
                    let workload = cache.get(Spec::new(kind, size, size));
                    let (batch, items) = items(&workload, &suite);
                    match way {
                        "engine" => bencher.iter(|| {
                            assert!(engine.verify(&batch).expect("verdicts").all_valid());
                        }),
                        "submit_many" => bencher.iter(|| {
                            let group = pre.submit_many(&items).expect("room");
                            pre.flush();
                            assert!(group.wait().iter().all(valid));
                        }),
                        _ => bencher.iter(|| {
                            let submit = |item: &Submission<'_>| pre.submit(*item).expect("room");
                            let tickets: Vec<Ticket> = items.iter().map(submit).collect();
                            pre.flush();
                            assert!(tickets.into_iter().all(|ticket| valid(&ticket.wait())));
                        }),
                    }
                });
            }
        }
        group.finish();
    }
}

fn valid(outcome: &Outcome) -> bool {
    outcome.verdict.as_ref().is_ok_and(|verdict| verdict.is_valid())
}

criterion_group! {
    name = benches;
    config = sigwarp_benches::criterion();
    targets = prevalidator
}
criterion_main!(benches);
