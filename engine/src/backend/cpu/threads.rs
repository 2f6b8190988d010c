//! The threads of an engine: the calling thread, a pool of its own, or the caller's pool.

use std::num::NonZeroUsize;
use std::sync::Arc;

/// Where an engine runs.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Threads {
    /// As many threads as the process may use.
    #[default]
    Available,
    /// This many. With one, everything runs on the calling thread and no thread is started.
    Count(NonZeroUsize),
    /// The caller's pool, as wide as it is.
    Pool(Arc<rayon::ThreadPool>),
}

/// Threads that have been started.
#[derive(Debug, Clone)]
pub(crate) enum Workers {
    Calling,
    Pool(Arc<rayon::ThreadPool>),
}

impl Workers {
    pub(crate) fn start(threads: &Threads) -> Result<Self, rayon::ThreadPoolBuildError> {
        let count = match threads {
            Threads::Pool(pool) => return Ok(Self::Pool(Arc::clone(pool))),
            Threads::Count(count) => count.get(),
            Threads::Available => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
        };
        if count == 1 {
            return Ok(Self::Calling);
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(count)
            .thread_name(|index| format!("sigwarp-{index}"))
            .build()?;
        Ok(Self::Pool(Arc::new(pool)))
    }

    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Calling => 1,
            Self::Pool(pool) => pool.current_num_threads(),
        }
    }

    /// Runs `work` on each of `pieces`, in any order.
    pub(crate) fn for_each<T: Sync>(&self, pieces: &[T], work: impl Fn(&T) + Send + Sync) {
        match self {
            Self::Pool(pool) if pieces.len() > 1 => pool.scope(|scope| {
                for piece in pieces {
                    let work = &work;
                    scope.spawn(move |_| work(piece));
                }
            }),
            _ => pieces.iter().for_each(work),
        }
    }

    /// As [`Self::for_each`], for pieces that hold what their work writes to.
    pub(crate) fn for_each_owned<T: Send>(&self, pieces: Vec<T>, work: impl Fn(T) + Send + Sync) {
        match self {
            Self::Pool(pool) if pieces.len() > 1 => pool.scope(|scope| {
                for piece in pieces {
                    let work = &work;
                    scope.spawn(move |_| work(piece));
                }
            }),
            _ => pieces.into_iter().for_each(work),
        }
    }
}
