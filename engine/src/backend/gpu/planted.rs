//! Faults that tests make: when one comes, and what it does to a dispatch. Without the feature `gpu-faults` none is ever
//! planted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::device::Device;
use super::fault::{Fault, GpuFault};

/// When to make a fault.
#[derive(Debug, Clone)]
pub(super) struct Planted {
    pub(super) fault: GpuFault,
    /// Dispatches that go well before, once this is armed.
    pub(super) after: u64,
    pub(super) armed: Arc<AtomicBool>,
}

impl Planted {
    /// What happens to the next dispatch. A fault is made once.
    pub(super) fn next(planted: &mut Option<Self>) -> Injected {
        Injected(match planted {
            Some(planted) if !planted.armed.load(Ordering::Acquire) => None,
            Some(planted) if planted.after > 0 => {
                planted.after -= 1;
                None
            }
            planted => planted.take().map(|planted| planted.fault),
        })
    }
}

/// The fault that is made in a dispatch, if one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Injected(Option<GpuFault>);

impl Injected {
    pub(super) const fn fault(self) -> Option<GpuFault> {
        self.0
    }

    /// Before buffers are filled.
    pub(super) fn before_submission(self) -> Result<(), Fault> {
        match self.0 {
            Some(GpuFault::Memory) => Err(Fault::Memory("a test asked for no memory".into())),
            _ => Ok(()),
        }
    }

    /// Whether any kernel runs.
    pub(super) const fn computes(self) -> bool {
        !matches!(self.0, Some(GpuFault::Skipped))
    }

    /// Whether the kernel of this place runs.
    pub(super) fn runs(self, kernel: usize) -> bool {
        self.0 != Some(GpuFault::SkippedKernel(kernel))
    }

    /// Once a dispatch is handed over.
    pub(super) fn after_submission(self, device: &Device) {
        if self.0 == Some(GpuFault::Lost) {
            device.device.destroy();
        }
    }

    /// Whether a dispatch that is done counts as come back.
    pub(super) const fn comes_back(self) -> bool {
        !matches!(self.0, Some(GpuFault::Hung | GpuFault::Panic))
    }

    /// While a dispatch is waited for.
    pub(super) fn while_waiting(self) {
        assert!(self.0 != Some(GpuFault::Panic), "a test asked for a panic");
    }

    /// After a look at a dispatch. One that a test wants to hang is done already, and would be looked at without a pause.
    pub(super) fn after_a_look(self) {
        if self.0 == Some(GpuFault::Hung) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
