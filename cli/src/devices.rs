//! `sigwarp devices`: what this build could use, and whether it runs here.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;
use sigwarp::{BackendChoice, BackendKind, Engine, Scheme, Suite};
use sigwarp_datasets::human;

use crate::args::{DevicesArgs, Format};
use crate::exit::{Exit, Failure, print};

#[derive(Debug, Serialize)]
struct Devices {
    schema_version: u32,
    architecture: &'static str,
    cpu_features: Vec<&'static str>,
    threads: usize,
    backends: Vec<Device>,
    adapters: Vec<Adapter>,
}

/// An adapter of a GPU interface.
#[derive(Debug, Serialize)]
struct Adapter {
    index: usize,
    name: String,
    kind: &'static str,
    api: String,
    driver: String,
    vendor: u32,
    device: u32,
    features: Vec<String>,
    limits: BTreeMap<&'static str, u64>,
    /// `pass`, or why it cannot be used.
    self_test: String,
    pipelines: Option<Pipelines>,
    ed25519: Option<Rates>,
    sha256_bytes: Option<Rates>,
    recheck: Option<f64>,
    quarantine: Option<String>,
}

#[derive(Debug, Serialize)]
struct Pipelines {
    count: usize,
    seconds: f64,
    cached: bool,
    cache_refused: Option<String>,
}

#[derive(Debug, Serialize)]
struct Rates {
    device_per_second: f64,
    cpu_per_second: f64,
    break_even: Option<usize>,
}

#[derive(Debug, Serialize)]
struct Device {
    backend: &'static str,
    runs: bool,
    why_not: Option<String>,
    schemes: Vec<&'static str>,
    /// Schemes that it verifies one item at a time.
    one_by_one: Vec<&'static str>,
}

pub(crate) fn run(args: &DevicesArgs) -> Result<Exit, Failure> {
    #[cfg(feature = "gpu")]
    if args.measure {
        return crate::rates::run(args);
    }
    let devices = Devices {
        schema_version: 1,
        architecture: std::env::consts::ARCH,
        cpu_features: cpu_features(),
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        backends: BackendKind::ALL.into_iter().map(device).collect(),
        adapters: adapters(),
    };
    match args.format {
        Format::Json => {
            print(&format!("{}\n", sigwarp_datasets::json_line(&devices)))?;
        }
        Format::Table => print(&table(&devices))?,
    }
    Ok(if devices.backends.iter().any(|device| device.runs) { Exit::AllGood } else { Exit::EngineOrOutput })
}

#[cfg(not(feature = "gpu"))]
fn adapters() -> Vec<Adapter> {
    Vec::new()
}

#[cfg(feature = "gpu")]
fn adapters() -> Vec<Adapter> {
    sigwarp::devices().into_iter().map(adapter).collect()
}

/// Builds an engine on the adapter, which runs its self-test and measures it.
#[cfg(feature = "gpu")]
fn adapter(report: sigwarp::DeviceReport) -> Adapter {
    let options = sigwarp::GpuOptions::new().adapter(sigwarp::AdapterChoice::Index(report.index));
    let choice = BackendChoice::Forced(BackendKind::Gpu);
    let built = Engine::builder().backend(choice).gpu(options).build();
    let self_test = built.as_ref().map_or_else(ToString::to_string, |_| "pass".into());
    let status = built.ok().and_then(|engine| engine.device());
    let rates = |rates: sigwarp::Rates| Rates {
        device_per_second: rates.device,
        cpu_per_second: rates.cpu,
        break_even: rates.break_even,
    };
    let pipelines = status.as_ref().and_then(|status| status.report.pipelines.clone());
    Adapter {
        index: report.index,
        name: report.name,
        kind: report.kind,
        api: report.api,
        driver: report.driver,
        vendor: report.vendor,
        device: report.device,
        features: report.features,
        limits: report.limits.into_iter().collect(),
        self_test,
        pipelines: pipelines.map(|pipelines| Pipelines {
            count: pipelines.count,
            seconds: pipelines.seconds,
            cached: pipelines.cached,
            cache_refused: pipelines.cache_refused,
        }),
        ed25519: status.as_ref().and_then(|status| status.items).map(rates),
        sha256_bytes: status.as_ref().and_then(|status| status.hashed_bytes).map(rates),
        recheck: status.as_ref().map(|status| status.recheck),
        quarantine: status.and_then(|status| status.quarantine),
    }
}

/// Builds an engine on the backend and runs its self-test.
fn device(kind: BackendKind) -> Device {
    let built = Engine::builder().backend(BackendChoice::Forced(kind)).build();
    match built.and_then(|engine| engine.self_test().map(|()| engine)) {
        Ok(engine) => Device {
            backend: kind.name(),
            runs: true,
            why_not: None,
            schemes: schemes(&engine, true),
            one_by_one: schemes(&engine, false),
        },
        Err(error) => Device {
            backend: kind.name(),
            runs: false,
            why_not: Some(error.to_string()),
            schemes: Vec::new(),
            one_by_one: Vec::new(),
        },
    }
}

/// The schemes of which the engine supports every rule and encoding: those that it accelerates, or the others.
fn schemes(engine: &Engine, accelerated: bool) -> Vec<&'static str> {
    let suites = Suite::all();
    let supported = |scheme: &Scheme| {
        suites.iter().filter(|suite| suite.scheme() == *scheme).all(|suite| engine.supports(suite))
    };
    let schemes = Scheme::ALL.into_iter().filter(|scheme| scheme.is_accelerated() == accelerated);
    schemes.filter(supported).map(Scheme::name).collect()
}

/// The features that kernels of this project care about, of those that this CPU has.
pub(crate) fn cpu_features() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    {
        let features = [
            ("avx2", std::is_x86_feature_detected!("avx2")),
            ("bmi2", std::is_x86_feature_detected!("bmi2")),
            ("adx", std::is_x86_feature_detected!("adx")),
            ("fma", std::is_x86_feature_detected!("fma")),
            ("avx512f", std::is_x86_feature_detected!("avx512f")),
            ("avx512vl", std::is_x86_feature_detected!("avx512vl")),
            ("avx512bw", std::is_x86_feature_detected!("avx512bw")),
            ("avx512dq", std::is_x86_feature_detected!("avx512dq")),
            ("avx512ifma", std::is_x86_feature_detected!("avx512ifma")),
            ("avx512vbmi", std::is_x86_feature_detected!("avx512vbmi")),
            ("sha", std::is_x86_feature_detected!("sha")),
        ];
        features.into_iter().filter(|(_, present)| *present).map(|(name, _)| name).collect()
    }
    #[cfg(not(target_arch = "x86_64"))]
    Vec::new()
}

fn table(devices: &Devices) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        writeln!(text, "{name:<10} {value}").expect("writing to a String cannot fail");
    };
    line("cpu", &format!("{} {}", devices.architecture, devices.cpu_features.join(" ")));
    line("threads", &devices.threads.to_string());
    for device in &devices.backends {
        match &device.why_not {
            None => {
                line(device.backend, &format!("passes its self-test: {}", device.schemes.join(", ")));
                if !device.one_by_one.is_empty() {
                    line("", &format!("one by one, not accelerated: {}", device.one_by_one.join(", ")));
                }
            }
            Some(why) => line(device.backend, &format!("does not run here: {why}")),
        }
    }
    for adapter in &devices.adapters {
        let Adapter { index, name, kind, api, driver, .. } = adapter;
        line(&format!("adapter {index}"), &format!("{name}, {kind}, {api}, {driver}"));
        line("", &format!("features: {}", adapter.features.join(", ")));
        let limits: Vec<String> =
            adapter.limits.iter().map(|(name, value)| format!("{name} {value}")).collect();
        line("", &format!("limits: {}", limits.join(", ")));
        line("", &format!("self-test: {}", adapter.self_test));
        if let Some(Pipelines { count, seconds, cached, cache_refused }) = &adapter.pipelines {
            let from = if *cached { "from the cache" } else { "compiled" };
            line("", &format!("{count} pipelines {from} in {seconds:.2} s"));
            if let Some(why) = cache_refused {
                line("", why);
            }
        }
        type Rate = fn(f64) -> String;
        for (what, unit, text, rates) in [
            ("ed25519", "items", human::rate as Rate, &adapter.ed25519),
            ("sha256", "bytes", human::byte_rate as Rate, &adapter.sha256_bytes),
        ] {
            let Some(rates) = rates else { continue };
            let even = match rates.break_even {
                Some(from) => format!("faster from {} {unit} on", human::grouped(from as u64)),
                None => "never faster".into(),
            };
            let (device, cpu) = (text(rates.device_per_second), text(rates.cpu_per_second));
            line("", &format!("{what}: {device}, the cpu {cpu}; {even}"));
        }
        if let Some(why) = &adapter.quarantine {
            line("", &format!("quarantined: {why}"));
        }
    }
    text
}
