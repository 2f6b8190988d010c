//! What the paths cost on a backend, measured when an engine starts.

use std::time::Instant;

use super::selftest::valid_ed25519;
use crate::backend::{BackendKind, Cpu};
use crate::plan::Plan;
use crate::policy::{Costs, PathChoice, Paths};
use crate::suite::Suite;
use crate::verdict::Slots;

/// Items measured: enough to fill the vectors, few enough to take a few milliseconds at most.
const ITEMS: usize = 128;
/// Distinct keys of the known answers.
const KEYS: usize = 2;
/// Runs of each path, of which the fastest counts: the first touches new memory.
const RUNS: usize = 2;

/// Costs by count of operations, scaled to the time that each path takes here. Where one cannot be measured they stay
/// as counted; they decide about time, never about a verdict.
pub(super) fn costs(backend: &dyn Cpu) -> Costs {
    let shape = backend.shape();
    let counted = Costs::counted(shape.lanes);
    // The ratio of the paths on emulated lanes is that of the counts; measuring would take longer than the tests.
    if backend.kind() == BackendKind::Emulated
        || !backend.supports(&Suite::ed25519(crate::Ed25519Rule::Zip215))
    {
        return counted;
    }
    let time = |choice: PathChoice| {
        let batch = valid_ed25519(ITEMS);
        let view = batch.view().ok()?;
        let mut fastest = f64::INFINITY;
        for _ in 0..RUNS {
            let slots = Slots::new(ITEMS);
            // One thread: a piece that holds everything.
            let shape = crate::backend::Shape { threads: 1, max_piece: ITEMS, ..shape };
            let plan = Plan::new(&view, shape, Paths { costs: counted, choice }, |_| true);
            let start = Instant::now();
            backend.verify(&view, &plan, &slots).ok()?;
            fastest = fastest.min(start.elapsed().as_secs_f64() * 1e9);
        }
        Some(fastest)
    };
    match (time(PathChoice::Lanes), time(PathChoice::Combination)) {
        (Some(lanes), Some(combined)) if lanes > 0.0 && combined > 0.0 => {
            counted.measured(lanes / ITEMS as f64, combined, ITEMS, KEYS)
        }
        _ => counted,
    }
}
