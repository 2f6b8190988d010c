//! The bodies of the fuzz targets.

mod batches;
mod capi;
mod fields;
mod hash;
mod keys;
mod plan;
mod prevalidator;
mod profiles;
mod recover;
mod rows;
mod rules;
mod scalars;
mod sums;
mod wire;

use std::num::NonZeroUsize;
use std::sync::LazyLock;

use sigwarp::{BackendChoice, BackendKind, Batch, Engine, PathChoice, Suite, Verdict};

use crate::cases::Case;

pub use batches::{backends, batches};
pub use capi::capi;
pub use fields::fields;
pub use hash::hash;
pub use keys::keys;
pub use plan::plan;
pub use prevalidator::prevalidator;
pub use profiles::{
    bitcoin, bumo, chain_core, chainlink, chainmaker, corda, cose, diem, ethereum, fabric, fisco_bcos, jose,
    neo, secure_element, solana, x509, xrpl,
};
pub(crate) use profiles::{
    bitcoin_seeds, bumo_seeds, chain_core_seeds, chainlink_seeds, chainmaker_seeds, corda_seeds, cose_seeds,
    diem_seeds, ethereum_seeds, fabric_seeds, fisco_bcos_seeds, jose_seeds, neo_seeds, secure_element_seeds,
    solana_seeds, x509_seeds, xrpl_seeds,
};
pub use recover::recover;
pub use rows::{jsonl, parquet, text};
pub(crate) use rows::{row_seeds, text_seeds};
pub use rules::rules;
pub use scalars::scalars;
pub use sums::sums;
pub use wire::wire;
pub(crate) use wire::wire_seeds;

fn engine(choice: BackendChoice, threads: usize) -> Option<Engine> {
    engine_on_path(choice, PathChoice::Auto, threads)
}

fn engine_on_path(choice: BackendChoice, path: PathChoice, threads: usize) -> Option<Engine> {
    let threads = NonZeroUsize::new(threads)?;
    // Known answers are given here and not within an input, which is timed.
    let built = Engine::builder().backend(choice).path(path).threads(threads).build();
    let built = built.and_then(|engine| engine.self_test().map(|()| engine));
    match choice {
        BackendChoice::Forced(kind) => sigwarp_kernels::simd::testing::present(kind.name(), built),
        _ => Some(built.expect("some backend runs everywhere")),
    }
}

/// Each backend alone, and the choice that callers get, which may share a batch between backends.
static CHOICES: LazyLock<Vec<BackendChoice>> = LazyLock::new(|| {
    // A device takes longer to open than a fuzzer to find what matters; its tests are in engine/tests/suite/gpu.rs.
    BackendKind::on_cpu().map(BackendChoice::Forced).chain([BackendChoice::Auto]).collect()
});

/// An engine of every choice that can run here, on one thread; and one of each that combines wherever a rule allows it,
/// which `Auto` does with more items than a fuzzer gives.
static ENGINES: LazyLock<Vec<Engine>> = LazyLock::new(|| {
    let paths = [PathChoice::Auto, PathChoice::Combination];
    let engines =
        paths.iter().flat_map(|path| CHOICES.iter().map(|choice| engine_on_path(*choice, *path, 1)));
    engines.flatten().collect()
});

/// The engines that choose their path, which come first: for calls that have but one.
fn with_any_path() -> &'static [Engine] {
    &ENGINES[..ENGINES.len() / 2]
}

/// The backend that runs everywhere.
static PORTABLE: LazyLock<Engine> = LazyLock::new(|| {
    engine(BackendChoice::Forced(BackendKind::Portable), 1).expect("portable runs everywhere")
});

/// Makes the engines that judge records, and has them answer what they know: seconds that belong to no input.
pub(crate) fn start_engines() {
    for engine in [&*PORTABLE, &*profiles::BEST] {
        engine.self_test().expect("known answers");
    }
}

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
