//! Ctrl-C and the signal to terminate: the first asks for a clean stop, the second ends the process at once. The first does
//! too, while something runs that cannot look at the request on its way and has nothing to lose.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::exit::{Exit, Failure};

/// Whether the user has asked to stop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt(Arc<State>);

#[derive(Debug)]
struct State {
    requested: AtomicBool,
    /// Nobody looks at the request.
    at_once: AtomicBool,
    /// Dropped with the first request, which closes `asked`.
    open: Mutex<Option<Sender<Infallible>>>,
    asked: Receiver<Infallible>,
}

impl Default for State {
    fn default() -> Self {
        let (open, asked) = bounded(0);
        Self {
            requested: AtomicBool::default(),
            at_once: AtomicBool::default(),
            open: Mutex::new(Some(open)),
            asked,
        }
    }
}

impl Interrupt {
    pub(crate) fn install() -> Result<Self, Failure> {
        let interrupt = Self::default();
        let seen = interrupt.clone();
        ctrlc::set_handler(move || {
            if seen.signal() {
                std::process::exit(Exit::Interrupted as i32);
            }
        })
        .map_err(|error| Failure::engine(format!("cannot listen for Ctrl-C: {error}")))?;
        Ok(interrupt)
    }

    pub(crate) fn requested(&self) -> bool {
        self.0.requested.load(Ordering::SeqCst)
    }

    /// Nothing ever comes through this channel, and it is closed when the user asks to stop: for those who wait for
    /// something else as well.
    pub(crate) fn asked(&self) -> &Receiver<Infallible> {
        &self.0.asked
    }

    /// Does what looks at no request, such as building an engine or making keys: a signal meanwhile ends the process.
    pub(crate) fn at_once<T>(&self, work: impl FnOnce() -> T) -> T {
        self.0.at_once.store(true, Ordering::SeqCst);
        // A signal just before the store was taken for one that is looked at.
        if self.requested() {
            std::process::exit(Exit::Interrupted as i32);
        }
        let done = work();
        self.0.at_once.store(false, Ordering::SeqCst);
        done
    }

    /// Takes note of a signal; says whether the process ends.
    fn signal(&self) -> bool {
        let before = self.0.requested.swap(true, Ordering::SeqCst);
        drop(self.0.open.lock().unwrap_or_else(PoisonError::into_inner).take());
        before || self.0.at_once.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use crossbeam_channel::TryRecvError;

    use super::*;

    #[test]
    fn the_second_signal_ends_the_process_and_the_first_does_where_nobody_looks() {
        let interrupt = Interrupt::default();
        assert_eq!(interrupt.asked().try_recv(), Err(TryRecvError::Empty));
        assert!(!interrupt.requested() && !interrupt.signal());
        assert_eq!(interrupt.asked().try_recv(), Err(TryRecvError::Disconnected));
        assert!(interrupt.requested() && interrupt.signal());

        let interrupt = Interrupt::default();
        assert!(interrupt.at_once(|| interrupt.signal()), "while an engine is built");
        let interrupt = Interrupt::default();
        interrupt.at_once(|| ());
        assert!(!interrupt.signal(), "once the engine is there");
    }
}
