//! What the tests share: engines of every backend that runs here, and test vectors.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]

mod cases;
pub mod curve;
pub mod subjects;

#[allow(unused_imports, reason = "each test binary uses its part")]
pub use cases::*;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::LazyLock;

use sigwarp::{BackendChoice, BackendKind, Engine};

/// The environment variable that names the backends that must run on this machine, separated by commas.
const REQUIRED: &str = "SIGWARP_REQUIRE_BACKENDS";
/// The environment variable that names the folder of test vectors, as an absolute path.
const VECTORS: &str = "SIGWARP_VECTORS";

/// An engine for every backend that runs here, built once. A backend that cannot run is skipped with a line that
/// says so, and is a failure if the machine is required to have it.
pub fn engines() -> &'static [(BackendKind, Engine)] {
    static ENGINES: LazyLock<Vec<(BackendKind, Engine)>> = LazyLock::new(start_engines);
    &ENGINES
}

fn start_engines() -> Vec<(BackendKind, Engine)> {
    let required = std::env::var(REQUIRED).unwrap_or_default();
    let required: Vec<&str> = required.split(',').filter(|name| !name.is_empty()).collect();
    for name in &required {
        assert!(BackendKind::from_name(name).is_some(), "{REQUIRED} names {name:?}, which is no backend");
    }
    let mut engines = Vec::new();
    // The device has its own tests, in gpu.rs: opening it takes every binary longer than its tests.
    for kind in BackendKind::ALL.into_iter().filter(|kind| *kind != BackendKind::Gpu) {
        match engine(kind, 2) {
            Ok(engine) => engines.push((kind, engine)),
            Err(error) => {
                assert!(!required.contains(&kind.name()), "{REQUIRED} requires {kind}: {error}");
                println!("SKIPPED backend {kind}: {error}");
            }
        }
    }
    assert!(!engines.is_empty(), "no backend runs here");
    engines
}

/// Whether this machine must have a backend.
pub fn required(kind: BackendKind) -> bool {
    std::env::var(REQUIRED).unwrap_or_default().split(',').any(|name| name == kind.name())
}

/// An engine for registered keys on the backends that make tables of every scheme; its budget gives some keys full
/// tables and the others compact ones.
pub fn registering_engine(kind: BackendKind) -> Option<&'static Engine> {
    static ENGINES: LazyLock<Vec<(BackendKind, Engine)>> = LazyLock::new(|| {
        let engine =
            |kind| Engine::builder().backend(BackendChoice::Forced(kind)).key_budget(8 << 20).build();
        let kinds = [BackendKind::Avx512, BackendKind::Emulated, BackendKind::Portable].into_iter();
        kinds.filter_map(|kind| Some((kind, engine(kind).ok()?))).collect()
    });
    ENGINES.iter().find(|(other, _)| *other == kind).map(|(_, engine)| engine)
}

/// An engine forced to `kind`.
pub fn engine(kind: BackendKind, threads: usize) -> Result<Engine, sigwarp::Error> {
    let threads = NonZeroUsize::new(threads).expect("at least one thread");
    Engine::builder().backend(BackendChoice::Forced(kind)).threads(threads).build()
}

/// The path of a file of test vectors, or `None` (with a line that says so) where none are configured.
pub fn vector_file(name: &str) -> Option<PathBuf> {
    match std::env::var_os(VECTORS) {
        Some(folder) => {
            let path = PathBuf::from(folder).join(name);
            assert!(path.exists(), "{VECTORS} is set, but {} is missing", path.display());
            Some(path)
        }
        None => {
            println!("SKIPPED {name}: {VECTORS} is not set");
            None
        }
    }
}

/// The configuration of property tests: as many cases as `PROPTEST_CASES` says, or `cases`. `scripts/prove main-job`
/// runs a million in all.
pub fn property_config(cases: u32) -> proptest::prelude::ProptestConfig {
    let cases = match std::env::var("PROPTEST_CASES") {
        Ok(count) => count.parse().expect("PROPTEST_CASES is a number"),
        Err(_) => cases,
    };
    proptest::prelude::ProptestConfig { cases, failure_persistence: None, ..Default::default() }
}
