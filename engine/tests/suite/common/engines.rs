//! Engines of every backend that runs here, shared between tests: an engine gives known answers before its first results.

use std::fmt::Display;
use std::num::NonZeroUsize;
use std::sync::{LazyLock, Mutex, PoisonError};

use sigwarp::{BackendChoice, BackendKind, Engine, PathChoice};
use sigwarp_kernels::simd::testing;

/// What an engine is built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    pub threads: usize,
    pub path: PathChoice,
    /// The budget of its key ring, where it is not the default.
    pub key_budget: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self { threads: 2, path: PathChoice::Auto, key_budget: None }
    }
}

impl Options {
    fn build(self, kind: BackendKind) -> Result<Engine, sigwarp::Error> {
        let threads = NonZeroUsize::new(self.threads).expect("at least one thread");
        let builder = Engine::builder().backend(BackendChoice::Forced(kind)).threads(threads).path(self.path);
        match self.key_budget {
            Some(bytes) => builder.key_budget(bytes),
            None => builder,
        }
        .build()
    }
}

/// An engine of every backend of the CPU that runs here. The device has tests of its own, in gpu.rs: opening it takes
/// longer than most tests.
pub fn engines() -> &'static [(BackendKind, &'static Engine)] {
    static ENGINES: LazyLock<Vec<(BackendKind, &'static Engine)>> = LazyLock::new(|| {
        let engines = engines_with(Options::default());
        assert!(!engines.is_empty(), "no backend runs here");
        engines
    });
    &ENGINES
}

/// As [`engines`], with these options.
pub fn engines_with(options: Options) -> Vec<(BackendKind, &'static Engine)> {
    BackendKind::on_cpu().filter_map(|kind| Some((kind, shared(kind, options)?))).collect()
}

/// The engine of a backend with these options, which all tests of a program share: they must leave its key ring as it
/// was, or not mind what it holds. `None`, after a line that says so, where the backend does not run here; that is a
/// failure where the machine is required to have it.
pub fn shared(kind: BackendKind, options: Options) -> Option<&'static Engine> {
    type Built = Result<&'static Engine, String>;
    static BUILT: Mutex<Vec<(BackendKind, Options, Built)>> = Mutex::new(Vec::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let known = built.iter().find(|(of, with, _)| (*of, *with) == (kind, options));
    let engine = match known {
        Some((.., engine)) => engine.clone(),
        None => {
            let engine = options.build(kind);
            let engine =
                engine.map(|engine| &*Box::leak(Box::new(engine))).map_err(|error| error.to_string());
            built.push((kind, options, engine.clone()));
            engine
        }
    };
    drop(built);
    present(kind, engine)
}

/// The backend that runs everywhere.
pub fn portable(threads: usize) -> &'static Engine {
    let options = Options { threads, ..Options::default() };
    shared(BackendKind::Portable, options).expect("portable runs everywhere")
}

/// An engine of its own, forced to `kind`.
pub fn engine(kind: BackendKind, threads: usize) -> Result<Engine, sigwarp::Error> {
    Options { threads, ..Options::default() }.build(kind)
}

/// The engine of a backend of the CPU for registered keys. Its budget gives some keys full tables and the others compact
/// ones.
pub fn registering_engine(kind: BackendKind) -> &'static Engine {
    let options = Options { key_budget: Some(8 << 20), ..Options::default() };
    shared(kind, options).unwrap_or_else(|| panic!("{kind} runs, but not with a key ring of 8 MB"))
}

/// What was built, or `None` after a line that says why it is skipped. Panics where the backend is required.
pub fn present<T, E: Display>(kind: BackendKind, built: Result<T, E>) -> Option<T> {
    let required = std::env::var(testing::REQUIRED).unwrap_or_default();
    for name in required.split(',').filter(|name| !name.is_empty()) {
        let known = BackendKind::from_name(name).is_some();
        assert!(known, "{} names {name:?}, which is no backend", testing::REQUIRED);
    }
    testing::present(kind.name(), built)
}
