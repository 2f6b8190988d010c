//! `sigwarp devices`: what this build could use, and whether it runs here.

use std::fmt::Write;

use serde::Serialize;
use sigwarp::{BackendChoice, BackendKind, Engine, Scheme, Suite};

use crate::args::{DevicesArgs, Format};
use crate::exit::{Exit, Failure, print};

#[derive(Debug, Serialize)]
struct Devices {
    schema_version: u32,
    architecture: &'static str,
    cpu_features: Vec<&'static str>,
    threads: usize,
    backends: Vec<Device>,
}

#[derive(Debug, Serialize)]
struct Device {
    backend: &'static str,
    runs: bool,
    why_not: Option<String>,
    schemes: Vec<&'static str>,
}

pub(crate) fn run(args: &DevicesArgs) -> Result<Exit, Failure> {
    let devices = Devices {
        schema_version: 1,
        architecture: std::env::consts::ARCH,
        cpu_features: cpu_features(),
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        backends: BackendKind::ALL.into_iter().map(device).collect(),
    };
    match args.format {
        Format::Json => {
            print(&format!("{}\n", serde_json::to_string(&devices).expect("plain data serialises")))?;
        }
        Format::Table => print(&table(&devices))?,
    }
    Ok(if devices.backends.iter().any(|device| device.runs) { Exit::AllGood } else { Exit::EngineOrOutput })
}

/// Builds an engine on the backend, which runs its self-test.
fn device(kind: BackendKind) -> Device {
    match Engine::builder().backend(BackendChoice::Forced(kind)).build() {
        Ok(engine) => Device { backend: kind.name(), runs: true, why_not: None, schemes: schemes(&engine) },
        Err(error) => Device {
            backend: kind.name(),
            runs: false,
            why_not: Some(error.to_string()),
            schemes: Vec::new(),
        },
    }
}

/// The schemes of which the engine supports every rule and encoding.
fn schemes(engine: &Engine) -> Vec<&'static str> {
    let supported = |scheme: &Scheme| {
        scheme.rules().iter().all(|rule| {
            scheme.encodings().iter().all(|encoding| {
                Suite::from_names(scheme.name(), Some(rule), Some(encoding), None)
                    .is_ok_and(|suite| engine.supports(&suite))
            })
        })
    };
    Scheme::ALL.into_iter().filter(supported).map(Scheme::name).collect()
}

/// The features that kernels of this project care about, of those that this CPU has.
fn cpu_features() -> Vec<&'static str> {
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
            None => line(device.backend, &format!("passes its self-test: {}", device.schemes.join(", "))),
            Some(why) => line(device.backend, &format!("does not run here: {why}")),
        }
    }
    text
}
