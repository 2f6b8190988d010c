//! The measurement core: clocks, pinning, interleaved samples and their statistics.

mod clock;
mod pair;
mod pin;
mod stats;

pub use clock::{Clock, frequency_ghz};
pub use pair::{Measured, Run, Settings, Side, WrongAnswer, measure};
pub use pin::{Cores, one_core_each, quietest_core};
pub use stats::{Summary, WIDE_SPREAD, ratios};
