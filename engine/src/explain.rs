//! Why a backend was chosen.

use std::fmt;

use crate::backend_kind::BackendKind;

/// Which backends decided a batch, and why they were the ones; printed as
/// `cpu avx512: 512 items, on 2 threads, avx512 is the fastest backend that runs here`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explain {
    shares: Vec<(BackendKind, usize)>,
    why: String,
    threads: usize,
}

impl Explain {
    pub(crate) const fn new(shares: Vec<(BackendKind, usize)>, why: String, threads: usize) -> Self {
        Self { shares, why, threads }
    }

    /// The backends, and how many items each decided.
    pub fn shares(&self) -> &[(BackendKind, usize)] {
        &self.shares
    }

    /// Why they were chosen.
    pub fn why(&self) -> &str {
        &self.why
    }
}

impl fmt::Display for Explain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        for (backend, items) in &self.shares {
            let cpu = if *backend == BackendKind::Gpu { "" } else { "cpu " };
            write!(f, "{cpu}{backend}: {items} item{}, ", plural(*items))?;
        }
        write!(f, "on {} thread{}, {}", self.threads, plural(self.threads), self.why)
    }
}
