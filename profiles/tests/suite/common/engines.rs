//! Engines of every backend of the CPU that runs here.

use std::num::NonZeroUsize;
use std::sync::LazyLock;

use sigwarp::{BackendChoice, BackendKind, Engine};

/// The environment variable that names the backends that must not be missing, with commas between them.
const REQUIRED: &str = "SIGWARP_REQUIRE_BACKENDS";

/// An engine of every backend of the CPU; a line says which do not run here, and it is a failure where one is required.
pub fn engines() -> &'static [(BackendKind, Engine)] {
    static ENGINES: LazyLock<Vec<(BackendKind, Engine)>> = LazyLock::new(|| {
        let required = std::env::var(REQUIRED).unwrap_or_default();
        let engine = |kind: BackendKind| {
            let threads = NonZeroUsize::new(2).expect("not zero");
            let choice = BackendChoice::Forced(kind);
            match Engine::builder().backend(choice).threads(threads).build() {
                Ok(engine) => Some((kind, engine)),
                Err(error) => {
                    let name = kind.name();
                    assert!(!required.split(',').any(|of| of == name), "{name} is required: {error}");
                    println!("SKIPPED {name}: {error}");
                    None
                }
            }
        };
        let engines: Vec<_> = BackendKind::on_cpu().filter_map(engine).collect();
        assert!(!engines.is_empty(), "no backend runs here");
        engines
    });
    &ENGINES
}

/// The engine that chooses its backend itself, for tests of many records.
pub fn fastest() -> &'static Engine {
    static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
        let choice = BackendChoice::Auto;
        Engine::builder().backend(choice).build().expect("an engine of this machine")
    });
    &ENGINE
}
