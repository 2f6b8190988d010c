//! What `--version` says: which build this is, and what of it this machine can run.

use std::sync::OnceLock;

use sigwarp::BackendKind;
use sigwarp_bench::report::Build;

use crate::devices::cpu_features;

/// The text behind the name of the command: the version, then a line for each fact.
pub(crate) fn long() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let build = Build::this();
        let features = if cfg!(feature = "gpu") { "gpu" } else { "none" };
        let present = cpu_features();
        let backends: Vec<String> =
            backends().into_iter().map(|kind| format!("{kind} ({})", standing(kind, &present))).collect();
        format!(
            "{}\ncommit    {}\nbuild     {}, {}, {}\nfeatures  {features}\nbackends  {}",
            env!("CARGO_PKG_VERSION"),
            build.commit,
            build.profile,
            build.rustc,
            build.target,
            backends.join("\n          "),
        )
    })
}

/// The backends that this build holds for its users.
fn backends() -> Vec<BackendKind> {
    BackendKind::ALL.into_iter().filter(|kind| kind.is_built() && !kind.is_for_tests()).collect()
}

/// What a backend of the CPU asks of it.
const fn needs(kind: BackendKind) -> &'static [&'static str] {
    match kind {
        BackendKind::Avx512 => &["avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512ifma", "bmi2"],
        BackendKind::Avx2 => &["avx2", "fma", "bmi2"],
        _ => &[],
    }
}

fn standing(kind: BackendKind, present: &[&str]) -> String {
    if kind == BackendKind::Gpu {
        return "`sigwarp devices` looks for adapters".to_owned();
    }
    let lacks: Vec<&str> = needs(kind).iter().copied().filter(|feature| !present.contains(feature)).collect();
    match lacks.as_slice() {
        [] => "runs on this cpu".to_owned(),
        lacks => format!("this cpu lacks {}", lacks.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sigwarp::{BackendChoice, Engine};

    #[test]
    fn a_backend_is_said_to_run_where_the_engine_runs_it() {
        let present = cpu_features();
        for kind in backends().into_iter().filter(|kind| *kind != BackendKind::Gpu) {
            let runs = Engine::builder().backend(BackendChoice::Forced(kind)).build().is_ok();
            assert_eq!(standing(kind, &present) == "runs on this cpu", runs, "{kind}");
        }
        assert_eq!(standing(BackendKind::Avx2, &["bmi2"]), "this cpu lacks avx2, fma");
    }

    #[test]
    fn the_version_comes_first_and_a_line_for_each_fact_follows() {
        let starts: Vec<&str> = long().lines().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(starts[..5], [env!("CARGO_PKG_VERSION"), "commit", "build", "features", "backends"]);
        let commit = long().lines().nth(1).and_then(|line| line.split_whitespace().nth(1));
        assert!(commit.is_some_and(|commit| !commit.is_empty()));
    }
}
