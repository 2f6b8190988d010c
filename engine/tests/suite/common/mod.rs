//! What the tests share: engines of every backend that runs here, and test vectors.
#![allow(dead_code, unreachable_pub, reason = "the copies of planted faults take a part")]

mod cases;
pub mod curve;
mod engines;
pub mod subjects;

#[allow(unused_imports, reason = "the copies of planted faults take a part")]
pub use cases::*;
#[allow(unused_imports, reason = "the copies of planted faults take a part")]
pub use engines::*;

use std::path::PathBuf;

/// The environment variable that names the folder of test vectors, as an absolute path.
const VECTORS: &str = "SIGWARP_VECTORS";

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
