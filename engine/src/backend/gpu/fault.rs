//! What goes wrong with a device, and how tests make it go wrong.

use std::time::Duration;

/// Why a device could not finish. Nothing of it is ever about an item.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// The adapter, the driver or this build lacks something.
    #[error("{0}")]
    Missing(String),
    /// The device is gone.
    #[error("the device was lost: {0}")]
    Lost(String),
    /// A dispatch did not come back.
    #[error("a dispatch did not finish within {0:?}")]
    Hung(Duration),
    /// A buffer could not be had.
    #[error("out of memory: {0}")]
    Memory(String),
    /// A known answer or a canary came back wrong.
    #[error("wrong answer: {0}")]
    Wrong(String),
    /// The driver refused a command.
    #[error("the driver refused a command: {0}")]
    Refused(String),
}

/// A fault to be made in tests (`GpuOptions::inject`). Each is made once, after a number of dispatches went well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(
    not(feature = "gpu-faults"),
    allow(dead_code, unreachable_pub, reason = "only tests make faults, and only they see this")
)]
pub enum GpuFault {
    /// The device is destroyed while dispatches run.
    Lost,
    /// A dispatch never comes back.
    Hung,
    /// A buffer cannot be had.
    Memory,
    /// Every answer of a dispatch is another one, those of the canaries too.
    FlippedAll,
    /// Every valid item of a dispatch comes back as invalid; canaries come back right.
    FlippedToInvalid,
    /// Every invalid item of a dispatch comes back as valid, every digest changed in one bit; canaries come back
    /// right. Only checking again finds it.
    FlippedToValid,
    /// A dispatch writes nothing: what was in the buffers before comes back.
    Skipped,
    /// The kernel of this place does not run in a dispatch: what an earlier dispatch left is in its buffers.
    SkippedKernel(usize),
    /// The driver's interface panics while a dispatch is waited for, as it does when the device is lost then.
    Panic,
    /// The adapter seems to have no 64-bit integers.
    MissingFeature,
}
