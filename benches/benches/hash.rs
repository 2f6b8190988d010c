//! Hashing: every function, by the length of messages, in bytes a second.
//!
//! `cargo bench -p sigwarp-benches --bench hash -- hash/SHA-256` measures the names that contain this.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use sigwarp_bench::contenders::Operation;
use sigwarp_bench::workload::Lengths;
use sigwarp_benches::{measure, subjects};

fn hash(criterion: &mut Criterion) {
    let subjects = subjects(|_, side, sigwarp| match (sigwarp.operation, side.spec.message) {
        (Operation::Hash(_), _) if sigwarp.backend != "auto" => None,
        (Operation::Hash(algorithm), Lengths::Fixed(bytes)) => {
            Some(BenchmarkId::new(algorithm.name(), bytes))
        }
        (Operation::Hash(algorithm), mixed) => Some(BenchmarkId::new(algorithm.name(), mixed)),
        _ => None,
    });
    measure(criterion, "hash", subjects);
}

criterion_group! {
    name = benches;
    config = sigwarp_benches::criterion();
    targets = hash
}
criterion_main!(benches);
