//! CPU backends and the threads they run on.

mod portable;
mod threads;

pub(crate) use portable::Portable;
pub use threads::Threads;
pub(crate) use threads::Workers;
