//! Where a run took place, and what was built.

use std::collections::BTreeMap;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::measure::{Cores, frequency_ghz};

/// The machine of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor, as it calls itself.
    pub cpu: String,
    /// Family, model and stepping, where the name says little.
    pub cpu_id: Option<String>,
    /// The architecture.
    pub architecture: String,
    /// The operating system and its release.
    pub system: String,
    /// The features that matter here, of those the processor has.
    pub cpu_features: Vec<String>,
    /// The cores that the process may use.
    pub cores: usize,
    /// The core measured on, or null where threads cannot be pinned.
    pub core: Option<usize>,
    /// The frequency governor of that core, or null where it cannot be read (in most virtual machines).
    pub governor: Option<String>,
    /// The effective frequency of that core, estimated from a chain of multiplications; null on other architectures
    /// than x86-64.
    pub frequency_ghz: Option<f64>,
    /// Whether the processor says that it runs under a hypervisor.
    pub virtual_machine: bool,
    /// Runnable tasks of the last minute, from the kernel; null where it does not say.
    pub load: Option<f64>,
}

/// Features of x86-64 that some contender uses.
const FEATURES: [&str; 16] = [
    "sse2",
    "ssse3",
    "sse4_1",
    "avx",
    "avx2",
    "bmi1",
    "bmi2",
    "adx",
    "fma",
    "sha_ni",
    "gfni",
    "vaes",
    "avx512f",
    "avx512bw",
    "avx512vl",
    "avx512ifma",
];

impl Machine {
    /// This machine. Call it after pinning, so that the frequency is that of the measuring core.
    pub fn detect(cores: Option<&Cores>) -> Self {
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let field = |name: &str| {
            let line =
                info.lines().find(|line| line.split(':').next().is_some_and(|key| key.trim() == name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let flags = field("flags").or_else(|| field("Features")).unwrap_or_default();
        let has = |feature: &str| flags.split_ascii_whitespace().any(|flag| flag == feature);
        let cpu_features = match std::env::consts::ARCH {
            "x86_64" => FEATURES.iter().filter(|feature| has(feature)).map(ToString::to_string).collect(),
            _ => flags.split_ascii_whitespace().map(str::to_owned).collect(),
        };
        let id = [("family", "cpu family"), ("model", "model"), ("stepping", "stepping")]
            .iter()
            .filter_map(|(name, key)| Some(format!("{name} {}", field(key)?)))
            .collect::<Vec<_>>()
            .join(" ");
        let core = cores.map(Cores::measuring);
        let governor = core.and_then(|core| {
            let path = format!("/sys/devices/system/cpu/cpu{core}/cpufreq/scaling_governor");
            Some(fs::read_to_string(path).ok()?.trim().to_owned())
        });
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let load = fs::read_to_string("/proc/loadavg").ok();
        Self {
            cpu: field("model name").unwrap_or_else(|| "unknown".to_owned()),
            cpu_id: Some(id).filter(|id| !id.is_empty()),
            architecture: std::env::consts::ARCH.to_owned(),
            system: format!("{} {}", std::env::consts::OS, release.trim()).trim().to_owned(),
            cpu_features,
            cores: cores.map_or_else(available, Cores::count),
            core,
            governor,
            frequency_ghz: frequency_ghz().map(|ghz| (ghz * 1000.0).round() / 1000.0),
            virtual_machine: has("hypervisor"),
            load: load.and_then(|text| text.split(' ').next()?.parse().ok()),
        }
    }
}

fn available() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// What was built.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Build {
    /// The commit, and whether the tree had changes.
    pub commit: String,
    /// The compiler.
    pub rustc: String,
    /// The target triple.
    pub target: String,
    /// `release` or `debug`, as Cargo sees the profile.
    pub profile: String,
    /// Compiler flags that Cargo was given.
    pub rustflags: String,
    /// Whether the build is for the native processor: peers that choose their code at compile time then have wider
    /// instructions than in a default build, and the figures are not those of a default build.
    pub native: bool,
    /// Features that the compiler may use everywhere.
    pub target_features: Vec<String>,
    /// The backend of curve25519-dalek, where it was named.
    pub dalek_backend: Option<String>,
    /// Versions of Sigwarp and the peers.
    pub versions: BTreeMap<String, String>,
    /// The peers that this build holds.
    pub peers: Vec<String>,
}

impl Build {
    /// This build.
    pub fn this() -> Self {
        let versions = env!("SIGWARP_BENCH_VERSIONS").split(' ').filter_map(|entry| entry.split_once('='));
        let mut peers: Vec<String> = crate::contenders::Peer::all()
            .filter(|peer| peer.is_built())
            .map(|peer| peer.package.to_owned())
            .collect();
        peers.sort();
        peers.dedup();
        Self {
            commit: env!("SIGWARP_BENCH_COMMIT").to_owned(),
            rustc: env!("SIGWARP_BENCH_RUSTC").to_owned(),
            target: env!("SIGWARP_BENCH_TARGET").to_owned(),
            profile: env!("SIGWARP_BENCH_PROFILE").to_owned(),
            rustflags: env!("SIGWARP_BENCH_RUSTFLAGS").to_owned(),
            native: Self::is_native(),
            target_features: env!("SIGWARP_BENCH_TARGET_FEATURES").split(',').map(str::to_owned).collect(),
            dalek_backend: Some(env!("SIGWARP_BENCH_DALEK_BACKEND").trim_matches('"').to_owned())
                .filter(|backend| !backend.is_empty()),
            versions: versions.map(|(name, version)| (name.to_owned(), version.to_owned())).collect(),
            peers,
        }
    }

    /// Whether the compiler was allowed more than the baseline of its architecture.
    pub const fn is_native() -> bool {
        cfg!(target_feature = "avx2") || cfg!(target_feature = "avx512ifma")
    }
}

/// The time, as RFC 3339 in UTC.
pub fn now() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    timestamp(seconds)
}

fn timestamp(seconds: u64) -> String {
    let (mut days, time) = (seconds / 86_400, seconds % 86_400);
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
    format!("{year:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", month + 1, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_know_leap_years() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00Z");
        assert_eq!(timestamp(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(timestamp(1_709_251_199), "2024-02-29T23:59:59Z");
        assert_eq!(timestamp(4_107_542_400), "2100-03-01T00:00:00Z");
    }

    #[test]
    fn the_build_knows_itself() {
        let build = Build::this();
        assert!(build.rustc.starts_with("rustc 1."));
        assert!(build.versions.contains_key("sigwarp") && build.versions.contains_key("ed25519-dalek"));
    }
}
