//! Break-even: the batch size from which a device beats the CPU.

use std::time::Instant;

use crate::backend::{Backend, BackendFailure, signed_ed25519};
use crate::batch::Column;
use crate::hash::Hash;
use crate::plan::Plan;
use crate::policy::{Costs, PathChoice, Paths};
use crate::verdict::Slots;

/// Items of the two runs on a device: the overhead, and the rate.
const FEW: usize = 64;
const MANY: usize = 2048;
/// Runs of each, of which the fastest counts.
const RUNS: usize = 2;
/// Bytes of a message that is hashed to measure.
const MESSAGE: usize = 256;

/// Where a device and the CPU take the same time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct BreakEven {
    /// Items, or bytes of messages, from which the device is faster. `None` if it never is.
    pub(crate) from: Option<usize>,
    /// Items or bytes a second, for large batches, on the device and on the CPU.
    pub(crate) device_rate: f64,
    /// See `device_rate`.
    pub(crate) cpu_rate: f64,
}

impl BreakEven {
    /// Of the seconds that a device takes for `few` and `many`, and the CPU for each one.
    fn of(few: (usize, f64), many: (usize, f64), cpu_each: f64, recheck: f64) -> Self {
        let each = ((many.1 - few.1) / (many.0 - few.0) as f64).max(1e-12);
        let overhead = (few.1 - each * few.0 as f64).max(0.0);
        // What is judged again costs the CPU's time beside the device's.
        let saved = cpu_each - each - recheck * cpu_each;
        Self {
            from: (saved > 0.0).then(|| (overhead / saved).ceil() as usize + 1),
            device_rate: 1.0 / each,
            cpu_rate: 1.0 / cpu_each,
        }
    }

    /// Whether the device should take so much.
    pub(crate) fn pays(&self, amount: usize) -> bool {
        self.from.is_some_and(|from| amount >= from)
    }
}

/// Measures Ed25519 on both, with items that have nothing in common: every one is under a key of its own. Under few keys
/// the CPU's linear combinations would add up what a key has in common, and a device, which judges each item by itself,
/// would seem to be worth less than it is for keys that are new. For keys that come again the CPU is faster than it is
/// measured here; then the break-even is too low, which costs time and no verdict.
pub(super) fn items(
    device: &dyn Backend,
    cpu: &dyn Backend,
    costs: Costs,
    recheck: f64,
) -> Result<BreakEven, BackendFailure> {
    let time = |backend: &dyn Backend, count: usize| {
        let batch = signed_ed25519(count);
        let refused = |what: String| BackendFailure { backend: backend.kind(), what };
        let view = batch.view().map_err(|error| refused(error.to_string()))?;
        let paths = Paths { costs, choice: PathChoice::Auto };
        fastest(|| {
            let slots = Slots::new(count);
            let plan = Plan::new(&view, backend.shape(), paths, |_| true);
            backend.verify(&view, &plan, &slots)
        })
    };
    let few = time(device, FEW)?;
    let many = time(device, MANY)?;
    let each = time(cpu, MANY)? / MANY as f64;
    Ok(BreakEven::of((FEW, few), (MANY, many), each, recheck))
}

/// Measures SHA-256 of messages of [`MESSAGE`] bytes, by bytes.
pub(super) fn bytes(
    device: &dyn Backend,
    cpu: &dyn Backend,
    recheck: f64,
) -> Result<BreakEven, BackendFailure> {
    let messages = vec![0x5a; 4 * MANY * MESSAGE];
    let time = |backend: &dyn Backend, count: usize| {
        let rows: Vec<&[u8]> = messages[..count * MESSAGE].chunks(MESSAGE).collect();
        let column = Column::slices(&rows);
        let mut digests = vec![0; count * Hash::Sha256.digest_length()];
        fastest(|| backend.hash(Hash::Sha256, &column, &mut digests))
    };
    let few = time(device, FEW)?;
    let many = time(device, 4 * MANY)?;
    let each = time(cpu, 4 * MANY)? / (4 * MANY * MESSAGE) as f64;
    Ok(BreakEven::of((FEW * MESSAGE, few), (4 * MANY * MESSAGE, many), each, recheck))
}

fn fastest(mut run: impl FnMut() -> Result<(), BackendFailure>) -> Result<f64, BackendFailure> {
    let mut fastest = f64::INFINITY;
    for _ in 0..RUNS {
        let start = Instant::now();
        run()?;
        fastest = fastest.min(start.elapsed().as_secs_f64());
    }
    Ok(fastest)
}

/// A count with separated thousands.
pub(super) fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Mutex;

    use super::*;
    use crate::backend::{BackendKind, Shape};
    use crate::batch::BatchView;
    use crate::suite::Suite;
    use crate::verdict::Verdict;

    /// A backend that notes the items, the distinct keys and the distinct R of what it is measured with.
    struct Counting(Mutex<Vec<[usize; 3]>>);

    impl Backend for Counting {
        fn kind(&self) -> BackendKind {
            BackendKind::Portable
        }

        fn shape(&self) -> Shape {
            Shape { threads: 1, lanes: 1, min_piece: 1, max_piece: MANY, max_combined: MANY }
        }

        fn supports(&self, _: &Suite) -> bool {
            true
        }

        fn verify(&self, batch: &BatchView<'_>, plan: &Plan, slots: &Slots) -> Result<(), BackendFailure> {
            let items = || plan.every_item().map(|item| batch.item(item));
            let keys: HashSet<&[u8]> = items().map(|item| item.key).collect();
            let points: HashSet<&[u8]> = items().map(|item| &item.signature[..32]).collect();
            self.0.lock().expect("no panic").push([items().count(), keys.len(), points.len()]);
            plan.every_item().for_each(|item| slots.set(item, Verdict::Valid));
            Ok(())
        }

        fn hash(&self, _: Hash, _: &Column<'_>, _: &mut [u8]) -> Result<(), BackendFailure> {
            Ok(())
        }
    }

    #[test]
    fn every_measured_item_is_under_a_key_of_its_own() {
        let [device, cpu] = [(); 2].map(|()| Counting(Mutex::default()));
        items(&device, &cpu, Costs::counted(1), 0.0).expect("a measurement");
        let runs = |backend: &Counting| backend.0.lock().expect("no panic").clone();
        assert_eq!(runs(&device), [[FEW; 3], [FEW; 3], [MANY; 3], [MANY; 3]]);
        assert_eq!(runs(&cpu), [[MANY; 3]; RUNS]);
    }

    #[test]
    fn the_crossing_of_two_lines() {
        // A millisecond, and a microsecond each, against eleven microseconds each.
        let even = BreakEven::of((100, 1.1e-3), (1100, 2.1e-3), 11e-6, 0.0);
        assert!((100..=102).contains(&even.from.unwrap()), "{even:?}");
        assert!(even.pays(1000) && !even.pays(50));
        // Checking everything again never pays, nor does a device that is slower.
        assert_eq!(BreakEven::of((100, 1.1e-3), (1100, 2.1e-3), 11e-6, 1.0).from, None);
        let slow = BreakEven::of((100, 1.1e-3), (1100, 2.1e-3), 0.5e-6, 0.0);
        assert!(slow.from.is_none() && !slow.pays(usize::MAX));
        assert!((slow.device_rate - 1e6).abs() < 1.0 && (slow.cpu_rate - 2e6).abs() < 1.0);
    }

    #[test]
    fn counts_are_readable() {
        assert_eq!(
            [7, 999, 1000, 18_000, 1_234_567].map(thousands),
            ["7", "999", "1,000", "18,000", "1,234,567"]
        );
    }
}
