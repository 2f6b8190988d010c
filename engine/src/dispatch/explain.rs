//! Why a backend was chosen.

use std::fmt;

/// Which backend decided a batch, and why it was the one; printed as
/// `cpu portable: 512 items on 2 threads, the only backend of this build`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explain {
    backend: String,
    why: String,
    items: usize,
    threads: usize,
}

impl Explain {
    pub(crate) const fn new(backend: String, why: String, items: usize, threads: usize) -> Self {
        Self { backend, why, items, threads }
    }

    /// The backend, for example `cpu portable`.
    pub fn backend(&self) -> &str {
        &self.backend
    }

    /// Why it was chosen.
    pub fn why(&self) -> &str {
        &self.why
    }
}

impl fmt::Display for Explain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        write!(
            f,
            "{}: {} item{} on {} thread{}, {}",
            self.backend,
            self.items,
            plural(self.items),
            self.threads,
            plural(self.threads),
            self.why
        )
    }
}
