//! The backend `gpu`: Ed25519 and hashing on an adapter of Vulkan, Metal or DirectX 12.
//!
//! What a device says is never taken on trust: kernels answer known questions before they are used (`Gpu::start`),
//! every dispatch carries canaries among its items (`canary`), outputs are poisoned before and sealed with tags, and
//! `dispatch` has what comes back checked again by a CPU backend. See docs/decisions/gpu-host.md.

mod canary;
mod chunk;
mod device;
mod digests;
mod fault;
mod items;
mod known;
mod ring;

pub use super::pipeline_cache::CACHE_VARIABLE;
pub use device::AdapterChoice;
pub(crate) use fault::Fault;
#[cfg_attr(not(feature = "gpu-faults"), allow(unreachable_pub, reason = "only tests see it"))]
pub use fault::GpuFault;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sigwarp_shaders::layout::Params;
use sigwarp_shaders::{Access, Buffer, ED25519, Hash as Kernel, Stage};

use super::{Backend, BackendFailure, BackendKind, DeviceReport, Shape};
use crate::batch::{BatchView, Column};
use crate::hash::Hash;
use crate::plan::Plan;
use crate::schemes::def::Kind;
use crate::schemes::ed25519::variant::Variant;
use crate::suite::Suite;
use crate::verdict::Slots;
use device::{Device, Pipeline};
use digests::Digests;
use items::Items;
use ring::{BufferSpec, Parts, Planted, Role, Step};

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
    pipelines: Arc<Vec<Pipeline>>,
    report: DeviceReport,
    options: GpuOptions,
    /// Buffers are made when work of their kind first comes.
    items: OnceLock<Result<Items, Fault>>,
    digests: [OnceLock<Result<Digests, Fault>>; Kernel::ALL.len()],
    /// Whether planted faults are made.
    armed: Arc<AtomicBool>,
}

impl Gpu {
    /// The backend on the adapter of `options`; on a software adapter only if that is `allowed`.
    pub(crate) fn start(options: &GpuOptions, software: bool) -> Result<Box<dyn Backend>, Fault> {
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
        let mut stages: Vec<Stage> = sigwarp_shaders::all_stages();
        let primitives = stages.len();
        stages.extend(known::stages());
        let kernels: Vec<device::Kernel> = stages.iter().map(kernel).collect();
        let (pipelines, pipeline_report) = device.compile(&kernels, options.cache.as_deref())?;
        let pipelines = Arc::new(pipelines);
        known::ask(&device, &pipelines, primitives, options.timeout)?;
        let mut report = device.report.clone();
        report.pipelines = Some(pipeline_report);
        Ok(Box::new(Self {
            device,
            pipelines,
            report,
            options: options.clone(),
            items: OnceLock::new(),
            digests: [const { OnceLock::new() }; Kernel::ALL.len()],
            armed: Arc::default(),
        }))
    }

    fn planted(&self) -> Option<Planted> {
        let (fault, after) = self.options.planted?;
        Some(Planted { fault, after, armed: Arc::clone(&self.armed) })
    }

    fn items(&self) -> Result<&Items, Fault> {
        let made = self.items.get_or_init(|| {
            Items::new(&self.device, &self.pipelines, 0, self.options.timeout, self.planted())
        });
        made.as_ref().map_err(Clone::clone)
    }

    fn digests(&self, kernel: Kernel) -> Result<&Digests, Fault> {
        let place = Kernel::ALL.iter().position(|other| *other == kernel).unwrap_or(0);
        let made = self.digests[place].get_or_init(|| {
            let first = ED25519.len() + place;
            let timeout = self.options.timeout;
            Digests::new(&self.device, &self.pipelines, kernel, first, timeout, self.planted())
        });
        made.as_ref().map_err(Clone::clone)
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

    fn device(&self) -> Option<&DeviceReport> {
        Some(&self.report)
    }

    fn tested(&self) {
        self.armed.store(true, Ordering::Release);
    }

    fn longest_message(&self) -> usize {
        items::LONGEST
    }

    fn supports_hash(&self, hash: Hash) -> bool {
        supports_hash(hash)
    }

    fn kernel_time(&self) -> Option<(Duration, u64)> {
        let items = self.items.get().and_then(|items| items.as_ref().ok()).map(Items::spent);
        let digests = self.digests.iter().filter_map(|made| made.get()?.as_ref().ok()).map(Digests::spent);
        Some(
            items
                .into_iter()
                .chain(digests)
                .fold((Duration::ZERO, 0), |(time, count), (more, others)| (time + more, count + others)),
        )
    }

    fn verify(&self, batch: &BatchView<'_>, plan: &Plan, slots: &Slots) -> Result<(), BackendFailure> {
        let verified = self.items().and_then(|items| items.verify(batch, plan, slots));
        verified.map_err(|fault| self.failure(&fault))
    }

    fn hash(&self, hash: Hash, messages: &Column<'_>, digests: &mut [u8]) -> Result<(), BackendFailure> {
        let kernel = digests::kernel(hash).ok_or_else(|| Fault::Missing(format!("no kernel for {hash}")));
        let hashed = kernel.and_then(|kernel| self.digests(kernel)?.hash(hash, messages, digests));
        hashed.map_err(|fault| self.failure(&fault))
    }
}

/// Whether there are kernels for a suite.
pub(crate) fn supports(suite: &Suite) -> bool {
    matches!(suite.kind(), Kind::Ed25519(Variant::Pure, _))
}

/// Whether there is a kernel for a hash function.
pub(crate) fn supports_hash(hash: Hash) -> bool {
    digests::kernel(hash).is_some()
}

fn kernel(stage: &Stage) -> device::Kernel {
    let access = |access| match access {
        Access::Uniform => device::Access::Uniform,
        Access::Read => device::Access::Read,
        Access::ReadWrite => device::Access::ReadWrite,
    };
    device::Kernel {
        name: stage.name.to_owned(),
        wgsl: stage.source().into(),
        entry: stage.entry.to_owned(),
        bindings: stage.bindings.iter().map(|binding| (binding.index, access(binding.access))).collect(),
    }
}

/// The steps and buffers of some stages, of which `first` is the place of the first pipeline.
fn parts(stages: &[Stage], first: usize, capacity: usize, arena: usize, row_bytes: u64) -> Parts {
    let mut kinds: Vec<Buffer> = Vec::new();
    for buffer in stages.iter().flat_map(|stage| stage.bindings).map(|binding| binding.buffer) {
        if !kinds.contains(&buffer) {
            kinds.push(buffer);
        }
    }
    // Inputs are filled in this order: parameters, items, messages.
    kinds.sort_unstable();
    kinds.sort_by_key(|kind| match kind {
        Buffer::Params => 0,
        Buffer::Items | Buffer::HashItems | Buffer::TestInput => 1,
        Buffer::Arena => 2,
        _ => 3,
    });
    let buffers = kinds
        .iter()
        .map(|&kind| {
            let words = kind.words_per_item().map(|words| u64::from(words) * 4 * capacity as u64);
            let (role, bytes) = match kind {
                Buffer::Params => (Role::Uniform, size_of::<Params>() as u64),
                Buffer::Constants => (Role::Constant(constants().to_vec()), constants().len() as u64),
                Buffer::Items | Buffer::HashItems | Buffer::TestInput => (Role::Input, words.unwrap_or(0)),
                Buffer::Arena => (Role::Input, arena as u64),
                Buffer::Results | Buffer::Digests | Buffer::TestOutput => {
                    (Role::Output, row_bytes * capacity as u64)
                }
                // The one word that a verdict can be handed on in.
                Buffer::State => (Role::Wiped, words.unwrap_or(0)),
                _ => (Role::Scratch, words.unwrap_or(0)),
            };
            BufferSpec { name: name(kind), role, bytes }
        })
        .collect();
    let place = |buffer: Buffer| kinds.iter().position(|kind| *kind == buffer).unwrap_or(0);
    let steps = stages
        .iter()
        .enumerate()
        .map(|(number, stage)| Step {
            pipeline: first + number,
            buffers: stage.bindings.iter().map(|binding| place(binding.buffer)).collect(),
            items_per_group: (stage.items_per_thread * stage.workgroup_size) as usize,
        })
        .collect();
    Parts { steps, buffers, bytes_per_item: row_bytes, capacity }
}

/// The words that every dispatch reads, as bytes.
fn constants() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| bytemuck::cast_slice(&sigwarp_shaders::constants::words()).to_vec())
}

const fn name(buffer: Buffer) -> &'static str {
    match buffer {
        Buffer::Params => "parameters",
        Buffer::Constants => "constants",
        Buffer::Items => "items",
        Buffer::Arena => "messages",
        Buffer::Scalars => "scalars",
        Buffer::Points => "points",
        Buffer::Table => "tables",
        Buffer::Sums => "sums",
        Buffer::Prefixes => "prefixes",
        Buffer::State => "states",
        Buffer::Results => "results",
        Buffer::HashItems => "messages' places",
        Buffer::Digests => "digests",
        Buffer::TestInput => "test input",
        Buffer::TestOutput => "test output",
    }
}
