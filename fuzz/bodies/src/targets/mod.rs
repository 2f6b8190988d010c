//! The bodies of the fuzz targets.

mod batches;
mod plan;
mod recover;
mod rules;
mod wire;

use std::num::NonZeroUsize;
use std::sync::LazyLock;

use sigwarp::{BackendChoice, BackendKind, Batch, Engine, Suite, Verdict};

use crate::cases::Case;

pub use batches::{backends, batches};
pub use plan::plan;
pub use recover::recover;
pub use rules::rules;
pub use wire::wire;
pub(crate) use wire::wire_seeds;

fn engine(kind: BackendKind, threads: usize) -> Option<Engine> {
    let threads = NonZeroUsize::new(threads)?;
    Engine::builder().backend(BackendChoice::Forced(kind)).threads(threads).build().ok()
}

/// An engine of every backend that runs here, on one thread.
static ENGINES: LazyLock<Vec<Engine>> =
    LazyLock::new(|| BackendKind::ALL.into_iter().filter_map(|kind| engine(kind, 1)).collect());

/// The backend that runs everywhere.
static PORTABLE: LazyLock<Engine> =
    LazyLock::new(|| engine(BackendKind::Portable, 1).expect("portable runs everywhere"));

fn verify(engine: &Engine, cases: &[Case]) -> Vec<Verdict> {
    let mut batch = Batch::new();
    for case in cases {
        case.push(&mut batch);
    }
    let verdicts = engine.verify(&batch).expect("verdicts");
    assert_eq!(verdicts.len(), cases.len());
    verdicts.iter().collect()
}

fn verify_one(engine: &Engine, suite: &Suite, key: &[u8], message: &[u8], signature: &[u8]) -> Verdict {
    let [key, message, signature] = [key, message, signature].map(<[u8]>::to_vec);
    verify(engine, &[Case { suite: suite.clone(), key, message, signature, known: None }])[0]
}

fn oracle(case: &Case) -> Verdict {
    let verdict = sigwarp::oracle::verify(&case.suite, &case.key, &case.message, &case.signature);
    verdict.expect("the oracle knows every suite")
}
