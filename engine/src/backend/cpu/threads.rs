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
    /// This many, as far as [`Self::most`]. With one, everything runs on the calling thread and no thread is started.
    Count(NonZeroUsize),
    /// The caller's pool, as wide as it is.
    Pool(Arc<rayon::ThreadPool>),
}

impl Threads {
    /// The most threads that an engine starts on this machine, whatever number it is given: four for each that the
    /// process can run at a time, and 64 on a machine with fewer than 16 cores. [`crate::Engine::threads`] says how
    /// many an engine has.
    ///
    /// Verification only computes, so threads beyond the cores gain nothing but a larger share of a machine that
    /// other processes use too. Every thread more is one to start and to wake: three thousand of them on two cores
    /// took 41 seconds for a single signature, and a hundred thousand left the machine without an answer for minutes.
    /// 64 on two cores cost some ten milliseconds when an engine starts.
    pub fn most() -> NonZeroUsize {
        const LEAST: NonZeroUsize = NonZeroUsize::new(64).unwrap();
        const FOR_EACH_CORE: NonZeroUsize = NonZeroUsize::new(4).unwrap();
        available().saturating_mul(FOR_EACH_CORE).max(LEAST)
    }
}

/// How many threads the process can run at a time; its set of cores and its quota count.
fn available() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
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
            Threads::Count(count) => (*count).min(Threads::most()).get(),
            Threads::Available => available().get(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_threads_than_can_help_are_not_started() {
        let most = Threads::most().get();
        let available = available().get();
        assert!(
            most >= 64 && most >= 4 * available && most <= 64.max(4 * available),
            "{most} of {available}"
        );
        // The number just beyond the bound comes before the greatest: without a bound the test fails before that one
        // is tried.
        for (asked, started) in [(1, 1), (2, 2), (most, most), (most + 1, most), (usize::MAX, most)] {
            let count = NonZeroUsize::new(asked).expect("above 0");
            let workers = Workers::start(&Threads::Count(count)).expect("threads");
            assert_eq!(workers.count(), started, "{asked} threads");
        }
        assert_eq!(Workers::start(&Threads::Available).expect("threads").count(), available);
    }
}
