//! The backend `gpu`: Ed25519 and hashing on an adapter of Vulkan, Metal or DirectX 12.
//!
//! What a device says is never taken on trust: kernels answer known questions before they are used (`Gpu::start`),
//! every dispatch carries canaries among its items (`stream`), outputs are poisoned before and sealed with tags, and
//! `dispatch` has what comes back checked again by a CPU backend. See docs/decisions/gpu-host.md.

mod canary;
mod chunk;
mod device;
mod fault;
mod hashing;
mod known;
mod planted;
mod program;
mod programs;
mod ring;
mod slot;
mod stream;
mod verification;

pub use super::pipeline_cache::CACHE_VARIABLE;
pub use device::AdapterChoice;
pub(crate) use fault::Fault;
#[cfg_attr(not(feature = "gpu-faults"), allow(unreachable_pub, reason = "only tests see it"))]
pub use fault::GpuFault;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sigwarp_shaders::Stage;

use super::{Backend, BackendFailure, BackendKind, DeviceReport, Shape};
use crate::batch::{BatchView, Column};
use crate::hash::Hash;
use crate::plan::Plan;
use crate::suite::Suite;
use crate::verdict::Slots;
use device::{Device, Pipelines};
use hashing::{Digests, Hashing};
use planted::Planted;
use program::{Program, Work};
use programs::{HASHING, VERIFICATION};
use stream::Runner;
use verification::{Verification, Verify};

/// The longest message: one that long does not keep its workgroup busy for much longer than a ladder does.
const LONGEST: usize = 16 << 10;

/// How the backend `gpu` is used.
#[derive(Debug, Clone, PartialEq)]
pub struct GpuOptions {
    pub(crate) adapter: AdapterChoice,
    pub(crate) recheck: f64,
    cache: Option<PathBuf>,
    timeout: Duration,
    planted: Option<(GpuFault, u64)>,
}

/// The fraction of valid items that a CPU backend verifies again, if the caller names none: at ten million items a
/// second this is the work of about one core.
pub const DEFAULT_RECHECK: f64 = 1.0 / 128.0;

impl Default for GpuOptions {
    fn default() -> Self {
        Self {
            adapter: AdapterChoice::Best,
            recheck: DEFAULT_RECHECK,
            cache: None,
            // A dispatch is meant to take a tenth of a second; drivers give up after two to ten.
            timeout: Duration::from_secs(10),
            planted: None,
        }
    }
}

impl GpuOptions {
    /// The best adapter, [`DEFAULT_RECHECK`], and the cache folder of the platform.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the adapter.
    pub fn adapter(mut self, choice: AdapterChoice) -> Self {
        self.adapter = choice;
        self
    }

    /// Sets the fraction of valid items, between 0 and 1, that a CPU backend verifies again; each is chosen by itself
    /// and at random. If a device accepts m invalid items of a batch, the chance that none of them is noticed is
    /// (1 − fraction)^m. With 1, and where consensus depends on verdicts, none ever passes. Invalid items are always
    /// verified again, and digests are in the same fraction.
    pub fn recheck(mut self, fraction: f64) -> Self {
        self.recheck = if fraction.is_nan() { 1.0 } else { fraction.clamp(0.0, 1.0) };
        self
    }

    /// Sets the folder of compiled pipelines, in place of that of [`CACHE_VARIABLE`] or the platform. It is made if it is
    /// not there. One that others may write to, that belongs to another user or that is a symbolic link is not used, and
    /// [`PipelineReport::cache_refused`](crate::PipelineReport) says so; on systems other than Unix none is.
    pub fn cache_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = Some(folder.into());
        self
    }

    /// Sets how long a dispatch may take before the device counts as hung; ten seconds if not set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Makes a fault once, after so many dispatches of a kernel went well. For tests.
    #[cfg(feature = "gpu-faults")]
    #[doc(hidden)]
    pub fn inject(mut self, fault: GpuFault, after: u64) -> Self {
        self.planted = Some((fault, after));
        self
    }
}

/// The adapters of this machine, in the order of their index; none where there is no driver.
pub fn devices() -> Vec<DeviceReport> {
    (0..device::adapters().len()).map(device::report).collect()
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Gpu {
    device: Arc<Device>,
    pipelines: Pipelines,
    report: DeviceReport,
    options: GpuOptions,
    /// Programs in the order of [`VERIFICATION`].
    verification: Vec<Made<Verification>>,
    /// Programs in the order of [`HASHING`].
    hashing: Vec<Made<Hashing>>,
    /// Whether planted faults are made.
    armed: Arc<AtomicBool>,
}

/// A program whose buffers are made when work for it first comes.
type Made<W> = OnceLock<Result<Runner<W>, Fault>>;

impl Gpu {
    /// The backend on the adapter of `options`; on a software adapter only if that is `allowed`.
    pub(crate) fn start(
        options: &GpuOptions,
        software: bool,
    ) -> Result<Box<dyn crate::backend::Device>, Fault> {
        // Words and strings of bytes lie side by side in the records of `layout`.
        if cfg!(target_endian = "big") {
            return Err(Fault::Missing(
                "the kernels need a machine that stores the lowest byte first".into(),
            ));
        }
        let index = device::choose(&options.adapter, software)?;
        let without = match options.planted {
            Some((GpuFault::MissingFeature, _)) => wgpu::Features::SHADER_INT64,
            _ => wgpu::Features::empty(),
        };
        let device = Arc::new(Device::open(index, without)?);
        let (pipelines, pipeline_report) = device.compile(&stages(), options.cache.as_deref())?;
        known::ask(&device, &pipelines, options.timeout)?;
        let mut report = device.report.clone();
        report.pipelines = Some(pipeline_report);
        Ok(Box::new(Self {
            device,
            pipelines,
            report,
            options: options.clone(),
            verification: VERIFICATION.iter().map(|_| OnceLock::new()).collect(),
            hashing: HASHING.iter().map(|_| OnceLock::new()).collect(),
            armed: Arc::default(),
        }))
    }

    fn planted(&self) -> Option<Planted> {
        let (fault, after) = self.options.planted?;
        Some(Planted { fault, after, armed: Arc::clone(&self.armed) })
    }

    /// A program with its buffers.
    fn made<'a, W: Work>(
        &self,
        made: &'a Made<W>,
        program: &'static Program<W>,
    ) -> Result<&'a Runner<W>, Fault> {
        let runner = made.get_or_init(|| {
            Runner::new(&self.device, &self.pipelines, program, self.options.timeout, self.planted())
        });
        runner.as_ref().map_err(Clone::clone)
    }

    /// Verifies each item of a batch with the program of its suite.
    fn verify_all(&self, batch: &BatchView<'_>, plan: &Plan, slots: &Slots) -> Result<(), Fault> {
        let serving = |suite| VERIFICATION.iter().position(|program| (program.serves)(suite));
        let of_suites: Vec<Option<usize>> = batch.suite_table().iter().map(serving).collect();
        let mut orders = vec![Vec::new(); VERIFICATION.len()];
        for item in plan.pieces().iter().flat_map(|piece| plan.items(piece)) {
            let Some(program) = of_suites[batch.suite_index(item) as usize] else {
                let suite = batch.item(item).suite;
                return Err(Fault::Refused(format!("{suite} is not for this device")));
            };
            orders[program].push(item);
        }
        for ((program, made), order) in VERIFICATION.iter().zip(&self.verification).zip(&orders) {
            if !order.is_empty() {
                self.made(made, program)?.run(Verify { batch, order, slots })?;
            }
        }
        Ok(())
    }

    fn hash_all(&self, hash: Hash, messages: &Column<'_>, digests: &mut [u8]) -> Result<(), Fault> {
        let mut programs = HASHING.iter().zip(&self.hashing);
        let Some((program, made)) = programs.find(|(program, _)| program.serves.contains(&hash)) else {
            return Err(Fault::Missing(format!("no kernel for {hash}")));
        };
        let length = hash.digest_length();
        self.made(made, program)?.run(Digests { messages, digests, length })
    }

    fn failure(&self, fault: &Fault) -> BackendFailure {
        BackendFailure { backend: BackendKind::Gpu, what: format!("{}: {fault}", self.report.name) }
    }
}

impl Backend for Gpu {
    fn kind(&self) -> BackendKind {
        BackendKind::Gpu
    }

    fn shape(&self) -> Shape {
        // A call is one piece: the ring cuts it, by limits and time that only the device knows.
        Shape { threads: 1, lanes: 64, min_piece: 1, max_piece: usize::MAX / 2, max_combined: usize::MAX / 2 }
    }

    fn supports(&self, suite: &Suite) -> bool {
        supports(suite)
    }

    fn tested(&self) {
        self.armed.store(true, Ordering::Release);
    }

    fn supports_hash(&self, hash: Hash) -> bool {
        supports_hash(hash)
    }

    fn verify(&self, batch: &BatchView<'_>, plan: &Plan, slots: &Slots) -> Result<(), BackendFailure> {
        self.verify_all(batch, plan, slots).map_err(|fault| self.failure(&fault))
    }

    fn hash(&self, hash: Hash, messages: &Column<'_>, digests: &mut [u8]) -> Result<(), BackendFailure> {
        self.hash_all(hash, messages, digests).map_err(|fault| self.failure(&fault))
    }
}

impl crate::backend::Device for Gpu {
    fn report(&self) -> &DeviceReport {
        &self.report
    }

    fn longest_message(&self) -> usize {
        LONGEST
    }

    fn kernel_time(&self) -> (Duration, u64) {
        let verification = self.verification.iter().filter_map(spent);
        let spent = verification.chain(self.hashing.iter().filter_map(spent));
        spent.fold((Duration::ZERO, 0), |(time, count), (more, others)| (time + more, count + others))
    }
}

/// Time of the kernels and dispatches of a program so far, if there were any.
fn spent<W: Work>(made: &Made<W>) -> Option<(Duration, u64)> {
    Some(made.get()?.as_ref().ok()?.spent())
}

/// Whether there are kernels for a suite.
pub(crate) fn supports(suite: &Suite) -> bool {
    VERIFICATION.iter().any(|program| (program.serves)(suite))
}

/// Whether there is a kernel for a hash function.
pub(crate) fn supports_hash(hash: Hash) -> bool {
    HASHING.iter().any(|program| program.serves.contains(&hash))
}

/// Every stage that is compiled: those of the programs, then the primitives.
fn stages() -> Vec<Stage> {
    let verification = VERIFICATION.iter().flat_map(|program| program.stages);
    let hashing = HASHING.iter().flat_map(|program| program.stages);
    verification.chain(hashing).copied().chain(known::stages()).collect()
}
