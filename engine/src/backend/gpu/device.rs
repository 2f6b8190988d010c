//! Adapters, and a device of one of them with its pipelines.
#![allow(unsafe_code, reason = "two calls of wgpu that trust what this module gives them")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use sigwarp_shaders::{Access, Stage};

use super::fault::Fault;
use crate::backend::pipeline_cache::{COMPILERS, CacheFile};
use crate::backend::{DeviceReport, PipelineReport};

/// Which adapter to use.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum AdapterChoice {
    /// A discrete one before an integrated, a virtual and a software one.
    #[default]
    Best,
    /// The one with this index in [`devices`](crate::devices).
    Index(usize),
    /// The first whose name contains this, in any case of letters.
    Name(String),
}

impl AdapterChoice {
    /// `best`, an index, or a part of a name.
    pub fn from_text(text: &str) -> Self {
        match text.parse() {
            Ok(index) => Self::Index(index),
            Err(_) if text.is_empty() || text == "best" => Self::Best,
            Err(_) => Self::Name(text.to_owned()),
        }
    }
}

/// What the kernels cannot do without.
const REQUIRED: wgpu::Features = wgpu::Features::SHADER_INT64;
/// What is used where it is there.
const WELCOME: wgpu::Features =
    wgpu::Features::TIMESTAMP_QUERY.union(wgpu::Features::PIPELINE_CACHE).union(wgpu::Features::SUBGROUP);

/// The adapters of this machine, found once: loading drivers takes tens of milliseconds.
pub(super) fn adapters() -> &'static [wgpu::Adapter] {
    static ADAPTERS: OnceLock<Vec<wgpu::Adapter>> = OnceLock::new();
    ADAPTERS.get_or_init(|| {
        let backends = wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12;
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
            backends,
            // No validation layers: what is submitted is fixed by this crate and validated by wgpu.
            flags: wgpu::InstanceFlags::empty(),
            ..wgpu::InstanceDescriptor::new_without_display_handle()
        });
        ready(instance.enumerate_adapters(backends))
    })
}

/// The adapter of a choice. A software adapter only if `software` allows it.
pub(super) fn choose(choice: &AdapterChoice, software: bool) -> Result<usize, Fault> {
    let infos: Vec<wgpu::AdapterInfo> = adapters().iter().map(wgpu::Adapter::get_info).collect();
    choose_among(&infos, choice, software).map_err(Fault::Missing)
}

fn choose_among(
    infos: &[wgpu::AdapterInfo],
    choice: &AdapterChoice,
    software: bool,
) -> Result<usize, String> {
    let named = |info: &wgpu::AdapterInfo| match choice {
        AdapterChoice::Name(name) => info.name.to_lowercase().contains(&name.to_lowercase()),
        _ => true,
    };
    let admitted = |index: usize| !matches!(choice, AdapterChoice::Index(wanted) if *wanted != index);
    let found: Vec<usize> = (0..infos.len()).filter(|&i| admitted(i) && named(&infos[i])).collect();
    let list = || infos.iter().map(|info| info.name.as_str()).collect::<Vec<_>>().join(", ");
    match found.iter().copied().min_by_key(|&i| rank(infos[i].device_type)) {
        None if infos.is_empty() => {
            Err("no adapter was found; install a driver for Vulkan, Metal or DirectX 12".into())
        }
        None => Err(format!("no adapter is named like that; there are {}", list())),
        Some(i) if !software && is_software(&infos[i]) => {
            Err(format!("{} is a software adapter, slower than the CPU's own code", infos[i].name))
        }
        Some(index) => Ok(index),
    }
}

fn is_software(info: &wgpu::AdapterInfo) -> bool {
    info.device_type == wgpu::DeviceType::Cpu
}

const fn rank(kind: wgpu::DeviceType) -> u8 {
    match kind {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    }
}

/// What is known of an adapter before it is used.
pub(super) fn report(index: usize) -> DeviceReport {
    let adapter = &adapters()[index];
    let info = adapter.get_info();
    let features = adapter.features();
    let limits = adapter.limits();
    let missing = REQUIRED.difference(features);
    DeviceReport {
        index,
        name: info.name.clone(),
        kind: match info.device_type {
            wgpu::DeviceType::DiscreteGpu => "discrete",
            wgpu::DeviceType::IntegratedGpu => "integrated",
            wgpu::DeviceType::VirtualGpu => "virtual",
            wgpu::DeviceType::Cpu => "software",
            wgpu::DeviceType::Other => "other",
        },
        api: info.backend.to_string(),
        driver: [info.driver.as_str(), info.driver_info.as_str()].join(" ").trim().to_owned(),
        vendor: info.vendor,
        device: info.device,
        features: (REQUIRED | WELCOME)
            .intersection(features)
            .iter_names()
            .map(|(name, _)| name.to_lowercase().replace('_', "-"))
            .collect(),
        limits: vec![
            ("max_buffer_size", limits.max_buffer_size),
            ("max_storage_buffer_binding_size", limits.max_storage_buffer_binding_size),
            ("max_storage_buffers_per_shader_stage", u64::from(limits.max_storage_buffers_per_shader_stage)),
            (
                "max_compute_invocations_per_workgroup",
                u64::from(limits.max_compute_invocations_per_workgroup),
            ),
            ("max_compute_workgroup_storage_size", u64::from(limits.max_compute_workgroup_storage_size)),
            ("max_compute_workgroups_per_dimension", u64::from(limits.max_compute_workgroups_per_dimension)),
        ],
        why_not: (!missing.is_empty()).then(|| lacks(&info.name, missing)),
        pipelines: None,
    }
}

fn lacks(name: &str, missing: wgpu::Features) -> String {
    let names: Vec<String> =
        missing.iter_names().map(|(name, _)| name.to_lowercase().replace('_', "-")).collect();
    format!("{name} lacks {}, which the kernels need", names.join(", "))
}

/// A compiled stage.
#[derive(Debug, Clone)]
pub(super) struct Pipeline {
    pub(super) pipeline: wgpu::ComputePipeline,
    pub(super) layout: wgpu::BindGroupLayout,
    /// The binding numbers of its group 0.
    pub(super) bindings: Vec<u32>,
}

/// Compiled stages by their names.
pub(super) type Pipelines = BTreeMap<&'static str, Pipeline>;

/// A device that answers, until it does not.
pub(super) struct Device {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) limits: wgpu::Limits,
    pub(super) report: DeviceReport,
    pub(super) timestamps: bool,
    /// The first thing that went wrong outside of a guarded call.
    trouble: Arc<Mutex<Option<Fault>>>,
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Device").field("report", &self.report).finish_non_exhaustive()
    }
}

impl Device {
    /// Opens the adapter with this index. `without` are features that it shall seem to lack.
    pub(super) fn open(index: usize, without: wgpu::Features) -> Result<Self, Fault> {
        let adapter = adapters()
            .get(index)
            .ok_or_else(|| Fault::Missing(format!("there is no adapter {index} any more")))?;
        let report = report(index);
        let features = adapter.features().difference(without);
        let missing = REQUIRED.difference(features);
        if !missing.is_empty() {
            return Err(Fault::Missing(lacks(&report.name, missing)));
        }
        let limits = adapter.limits();
        let opened = ready(adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("sigwarp"),
            required_features: (REQUIRED | WELCOME).intersection(features),
            required_limits: limits.clone(),
            experimental_features: wgpu::ExperimentalFeatures::disabled(),
            memory_hints: wgpu::MemoryHints::Performance,
            trace: wgpu::Trace::Off,
        }));
        let (device, queue) = opened
            .map_err(|error| Fault::Missing(format!("{} could not be opened: {error}", report.name)))?;
        let trouble = Arc::new(Mutex::new(None));
        let note = |trouble: &Mutex<Option<Fault>>, fault: Fault| {
            trouble.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(fault);
        };
        let heard = Arc::clone(&trouble);
        device.set_device_lost_callback(move |reason, message| {
            note(&heard, Fault::Lost(format!("{reason:?} {message}").trim().to_owned()));
        });
        let heard = Arc::clone(&trouble);
        device.on_uncaptured_error(Arc::new(move |error| note(&heard, from_error(&error))));
        let timestamps = device.features().contains(wgpu::Features::TIMESTAMP_QUERY);
        Ok(Self { device, queue, limits, report, timestamps, trouble })
    }

    /// What went wrong so far, if anything did.
    pub(super) fn check(&self) -> Result<(), Fault> {
        match &*self.trouble.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(fault) => Err(fault.clone()),
            None => Ok(()),
        }
    }

    /// The result of `work`, unless the device refused something in it.
    pub(super) fn guarded<T>(&self, work: impl FnOnce() -> T) -> Result<T, Fault> {
        let scopes =
            [wgpu::ErrorFilter::Internal, wgpu::ErrorFilter::OutOfMemory, wgpu::ErrorFilter::Validation]
                .map(|filter| self.device.push_error_scope(filter));
        let result = work();
        let mut fault = None;
        // The last scope is the innermost and goes first.
        for scope in scopes.into_iter().rev() {
            if let Some(error) = ready(scope.pop()) {
                fault.get_or_insert(from_error(&error));
            }
        }
        self.check()?;
        fault.map_or(Ok(result), Err)
    }

    pub(super) fn buffer(
        &self,
        label: &str,
        bytes: u64,
        usage: wgpu::BufferUsages,
    ) -> Result<wgpu::Buffer, Fault> {
        self.mapped_buffer(label, bytes, usage, false)
    }

    /// A buffer, mapped for writing at once if `mapped`.
    pub(super) fn mapped_buffer(
        &self,
        label: &str,
        bytes: u64,
        usage: wgpu::BufferUsages,
        mapped: bool,
    ) -> Result<wgpu::Buffer, Fault> {
        let size = bytes.max(4).next_multiple_of(4);
        if size > self.limits.max_buffer_size {
            let most = self.limits.max_buffer_size;
            return Err(Fault::Memory(format!(
                "buffer {label} of {size} bytes; the adapter has {most} at most"
            )));
        }
        self.guarded(|| {
            self.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size,
                usage,
                mapped_at_creation: mapped,
            })
        })
    }

    /// Compiles stages, several at a time, from the cache where it has them. Says how long it took.
    pub(super) fn compile(
        &self,
        stages: &[Stage],
        cache_folder: Option<&Path>,
    ) -> Result<(Pipelines, PipelineReport), Fault> {
        let start = Instant::now();
        let kernels: Vec<(&Stage, String)> = stages.iter().map(|stage| (stage, stage.source())).collect();
        let mut cache_refused = None;
        let file = match self.device.features().contains(wgpu::Features::PIPELINE_CACHE) {
            true => noted(CacheFile::open(cache_folder, &self.identity(&kernels)), &mut cache_refused),
            false => None,
        };
        let stored = file.as_ref().and_then(|file| noted(file.load(), &mut cache_refused));
        let cache = match &file {
            None => None,
            // SAFETY: the data, if there are any, are what `get_data` gave to this user for the same adapter, driver and
            // version of wgpu. `identity` names all three, and `load` gives nothing but what `store` was given under the
            // same identity: by the owners and modes of folder, key and file nobody but this user (or root) can have
            // written them, and the seal is a keyed digest under a key that only this user can read. `fallback` makes
            // an empty cache of data that the driver does not take.
            Some(_) => Some(self.guarded(|| unsafe {
                self.device.create_pipeline_cache(&wgpu::PipelineCacheDescriptor {
                    label: Some("sigwarp"),
                    data: stored.as_deref(),
                    fallback: true,
                })
            })?),
        };
        let workers = std::thread::available_parallelism().map_or(1, usize::from).min(kernels.len());
        let next = std::sync::atomic::AtomicUsize::new(0);
        let done: Mutex<Vec<(usize, Result<Pipeline, Fault>)>> = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    loop {
                        let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        let Some((stage, source)) = kernels.get(index) else { break };
                        let pipeline = self.pipeline(stage, source, cache.as_ref());
                        done.lock().unwrap_or_else(PoisonError::into_inner).push((index, pipeline));
                    }
                });
            }
        });
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(index, _)| *index);
        let named = done.into_iter().map(|(index, pipeline)| Ok((stages[index].name, pipeline?)));
        let pipelines = named.collect::<Result<Pipelines, Fault>>()?;
        let seconds = start.elapsed().as_secs_f64();
        if let (Some(file), Some(cache)) = (&file, &cache)
            && let Some(data) = cache.get_data()
            && stored.as_ref() != Some(&data)
        {
            // The next start is slower; this one has its pipelines.
            if let Err(error) = file.store(&data) {
                cache_refused.get_or_insert(format!("compiled pipelines could not be kept: {error}"));
            }
        }
        let (count, cached) = (kernels.len(), stored.is_some());
        Ok((pipelines, PipelineReport { count, seconds, cached, cache_refused }))
    }

    fn pipeline(
        &self,
        stage: &Stage,
        source: &str,
        cache: Option<&wgpu::PipelineCache>,
    ) -> Result<Pipeline, Fault> {
        self.guarded(|| {
            let entries: Vec<wgpu::BindGroupLayoutEntry> = stage
                .bindings
                .iter()
                .map(|binding| wgpu::BindGroupLayoutEntry {
                    binding: binding.index,
                    visibility: wgpu::ShaderStages::COMPUTE,
                    ty: wgpu::BindingType::Buffer {
                        ty: match binding.access {
                            Access::Uniform => wgpu::BufferBindingType::Uniform,
                            Access::Read => wgpu::BufferBindingType::Storage { read_only: true },
                            Access::ReadWrite => wgpu::BufferBindingType::Storage { read_only: false },
                        },
                        has_dynamic_offset: false,
                        min_binding_size: None,
                    },
                    count: None,
                })
                .collect();
            let name = stage.name;
            let layout = self.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
                label: Some(name),
                entries: &entries,
            });
            let pipeline_layout = self.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: Some(name),
                bind_group_layouts: &[Some(&layout)],
                immediate_size: 0,
            });
            // SAFETY: the kernels are this project's own, fixed when it is built and validated by naga in its tests and
            // here. They index no buffer beyond the items that the host has sized it for (the ring checks the sizes)
            // and no message beyond the words that the host has packed; every loop has a bound that it moves towards;
            // nothing is divided. What comes from outside are the items' bytes, from which a kernel makes an index
            // only by masking it to its table, or by the least of it and the last entry. docs/decisions/gpu-audit.md
            // goes through every index, loop and shift.
            let module = unsafe {
                self.device.create_shader_module_trusted(
                    wgpu::ShaderModuleDescriptor {
                        label: Some(name),
                        source: wgpu::ShaderSource::Wgsl(source.into()),
                    },
                    wgpu::ShaderRuntimeChecks::unchecked(),
                )
            };
            let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(name),
                layout: Some(&pipeline_layout),
                module: &module,
                entry_point: Some(stage.entry),
                compilation_options: wgpu::PipelineCompilationOptions {
                    zero_initialize_workgroup_memory: false,
                    ..Default::default()
                },
                cache,
            });
            let bindings = stage.bindings.iter().map(|binding| binding.index).collect();
            Pipeline { pipeline, layout, bindings }
        })
        .map_err(|fault| match fault {
            Fault::Refused(what) => Fault::Refused(format!("kernel {}: {what}", stage.name)),
            other => other,
        })
    }

    /// What makes compiled pipelines this adapter's, this driver's and these kernels'.
    fn identity(&self, kernels: &[(&Stage, String)]) -> String {
        let info = self.device.adapter_info();
        let mut text = format!("{} {COMPILERS:?} {info:?}", env!("CARGO_PKG_VERSION"));
        for (stage, source) in kernels {
            let _ = write!(text, "\n{}\0{}\0{source}", stage.name, stage.entry);
        }
        text
    }
}

/// What was found; or nothing, and the first reason for that is remembered.
fn noted<T>(found: Result<Option<T>, String>, refused: &mut Option<String>) -> Option<T> {
    found.unwrap_or_else(|why| {
        refused.get_or_insert(why);
        None
    })
}

fn from_error(error: &wgpu::Error) -> Fault {
    match error {
        wgpu::Error::OutOfMemory { source } => Fault::Memory(source.to_string()),
        wgpu::Error::Validation { description, .. } | wgpu::Error::Internal { description, .. } => {
            Fault::Refused(description.trim().to_owned())
        }
    }
}

/// The value of a future that wgpu has ready at once outside of browsers; else it is asked again until it is.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        std::thread::sleep(Duration::from_micros(100));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(name: &str, kind: wgpu::DeviceType) -> wgpu::AdapterInfo {
        wgpu::AdapterInfo { name: name.into(), ..wgpu::AdapterInfo::new(kind, wgpu::Backend::Vulkan) }
    }

    #[test]
    fn adapters_are_chosen_by_kind_name_and_index() {
        use wgpu::DeviceType::{Cpu, DiscreteGpu, IntegratedGpu};
        let infos = [info("llvmpipe", Cpu), info("Iris", IntegratedGpu), info("RTX", DiscreteGpu)];
        let choose =
            |choice: &str, software| choose_among(&infos, &AdapterChoice::from_text(choice), software);
        assert_eq!(choose("best", false), Ok(2));
        assert_eq!(choose("iris", false), Ok(1));
        assert_eq!(choose("1", false), Ok(1));
        assert_eq!(choose("LLVM", true), Ok(0));
        assert!(choose("llvm", false).unwrap_err().contains("software adapter"));
        assert!(choose("7", true).unwrap_err().contains("there are llvmpipe, Iris, RTX"));
        assert!(choose("radeon", true).is_err());
        assert!(choose_among(&[], &AdapterChoice::Best, true).unwrap_err().contains("no adapter was found"));
        assert_eq!(choose_among(&infos[..1], &AdapterChoice::Best, true), Ok(0));
    }
}
