//! Verification from encoded keys: every scheme, by batch size and by the part of bad signatures.
//!
//! `cargo bench -p sigwarp-benches --bench verify -- sizes/strict` measures the names that contain this.

use criterion::{Criterion, criterion_group, criterion_main};
use sigwarp_bench::contenders::Operation;
use sigwarp_benches::{measure, name, subjects};

fn verify(criterion: &mut Criterion) {
    for suite in ["overview", "sizes", "bad-rates", "keys", "messages", "curves"] {
        let subjects = subjects(|row, side, sigwarp| {
            let chosen = row.suite == suite
                && sigwarp.operation == Operation::Verify
                && sigwarp.backend == "auto"
                // Registered keys are in `key_ring`.
                && !sigwarp.registered
                && side.threads == 1
                // The side on one thread of a row about threads is one of the sizes.
                && !row.id.contains("/threads/");
            chosen.then(|| name(row))
        });
        measure(criterion, suite, subjects);
    }
}

criterion_group! {
    name = benches;
    config = sigwarp_benches::criterion();
    targets = verify
}
criterion_main!(benches);
