//! The threads of an engine: the calling thread, a pool of its own, or the caller's pool.

use std::cell::Cell;
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

thread_local! {
    /// Whether this thread does everything itself.
    static ALONE: Cell<bool> = const { Cell::new(false) };
}

/// Does `work`, and all that it gives to [`Workers`], on the calling thread. So it ends even if every thread of every
/// pool waits for it, and takes up nothing else meanwhile.
pub(crate) fn alone<T>(work: impl FnOnce() -> T) -> T {
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            ALONE.set(self.0);
        }
    }
    let _before = Before(ALONE.replace(true));
    work()
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

    /// The pool, if so many pieces are for it.
    fn pool(&self, pieces: usize) -> Option<&rayon::ThreadPool> {
        match self {
            Self::Pool(pool) if pieces > 1 && !ALONE.get() => Some(pool),
            _ => None,
        }
    }

    /// Runs `work` on each of `pieces`, in any order.
    pub(crate) fn for_each<T: Sync>(&self, pieces: &[T], work: impl Fn(&T) + Send + Sync) {
        match self.pool(pieces.len()) {
            Some(pool) => pool.scope(|scope| {
                for piece in pieces {
                    let work = &work;
                    scope.spawn(move |_| work(piece));
                }
            }),
            None => pieces.iter().for_each(work),
        }
    }

    /// As [`Self::for_each`], for pieces that hold what their work writes to.
    pub(crate) fn for_each_owned<T: Send>(&self, pieces: Vec<T>, work: impl Fn(T) + Send + Sync) {
        match self.pool(pieces.len()) {
            Some(pool) => pool.scope(|scope| {
                for piece in pieces {
                    let work = &work;
                    scope.spawn(move |_| work(piece));
                }
            }),
            None => pieces.into_iter().for_each(work),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_is_alone_stays_on_its_thread() {
        let two = NonZeroUsize::new(2).expect("two threads");
        let workers = Workers::start(&Threads::Count(two)).expect("threads");
        let here = std::thread::current().id();
        let all_here = || {
            let strangers = std::sync::atomic::AtomicUsize::new(0);
            let note = || {
                let stranger = usize::from(std::thread::current().id() != here);
                strangers.fetch_add(stranger, std::sync::atomic::Ordering::Relaxed);
            };
            workers.for_each(&[(); 3], |()| note());
            workers.for_each_owned(vec![(); 3], |()| note());
            strangers.into_inner() == 0
        };
        assert!(alone(all_here) && alone(|| alone(all_here) && all_here()));
        assert!(!all_here(), "the calling thread is none of the pool's");
        // It ends with the work, also where that panics.
        assert!(std::panic::catch_unwind(|| alone(|| panic!("on purpose"))).is_err() && !all_here());
    }

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
