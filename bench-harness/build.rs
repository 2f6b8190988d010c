//! Records how this build was made: reports name the compiler, the commit and the versions of the peers.

use std::process::Command;

/// Crates whose versions a report names, with the release line that the harness depends on: some occur in more than
/// one version.
const CRATES: [(&str, &str); 17] = [
    ("aws-lc-rs", "1."),
    ("aws-lc-sys", ""),
    ("blake3", "1."),
    ("commonware-cryptography-curve25519", "2026."),
    ("curve25519-dalek", "5."),
    ("ed25519-consensus", "2."),
    ("ed25519-dalek", "3."),
    ("p256", "0.14."),
    ("ring", "0.17."),
    ("secp256k1", "0.33."),
    ("secp256k1-sys", ""),
    ("sha2", "0.11."),
    ("sha2-asm", "0.6."),
    ("sha3", "0.12."),
    ("sigwarp", ""),
    ("sm2", "0.14."),
    ("sm3", "0.5."),
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for watched in ["../Cargo.lock", "../engine/src", "../kernels/src", "../tables/src", "src"] {
        if std::path::Path::new(watched).exists() {
            println!("cargo::rerun-if-changed={watched}");
        }
    }
    set("COMMIT", &commit());
    set("RUSTC", &output(&env("RUSTC"), &["--version"]).unwrap_or_else(|| "unknown".to_owned()));
    set("TARGET", &env("TARGET"));
    set("PROFILE", &env("PROFILE"));
    set("TARGET_FEATURES", &env("CARGO_CFG_TARGET_FEATURE"));
    set("RUSTFLAGS", &env("CARGO_ENCODED_RUSTFLAGS").replace('\u{1f}', " "));
    set("DALEK_BACKEND", &env("CARGO_CFG_CURVE25519_DALEK_BACKEND"));
    set("VERSIONS", &versions().join(" "));
}

/// The commit that is built: what the variable SIGWARP_COMMIT says, which is for packagers, or what git does.
fn commit() -> String {
    println!("cargo::rerun-if-env-changed=SIGWARP_COMMIT");
    let named = env("SIGWARP_COMMIT");
    // A line of a report and of `--version`.
    if !named.is_empty() && named.len() <= 100 && named.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return named;
    }
    // Sources without a history may lie within the checkout of something else, whose commit says nothing of them.
    if output("git", &["ls-files", "--error-unmatch", "build.rs"]).is_none() {
        return "unknown".to_owned();
    }
    // A new commit appends to this log, whichever branch is checked out. Cargo would build anew each time for a file that is
    // not there.
    if let Some(log) = output("git", &["rev-parse", "--git-path", "logs/HEAD"])
        && std::path::Path::new(&log).exists()
    {
        println!("cargo::rerun-if-changed={log}");
    }
    let Some(commit) = output("git", &["rev-parse", "--short=12", "HEAD"]) else {
        return "unknown".to_owned();
    };
    let changed = output("git", &["status", "--porcelain", "--untracked-files=no", "--", "..", ":!../docs"])
        .is_some_and(|files| !files.is_empty());
    format!("{commit}{}", if changed { " with changes" } else { "" })
}

fn set(name: &str, value: &str) {
    println!("cargo::rustc-env=SIGWARP_BENCH_{name}={value}");
}

fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output =
        Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// `name=version` of the crates above, as the lock file fixes them.
fn versions() -> Vec<String> {
    let lock = std::fs::read_to_string("../Cargo.lock").unwrap_or_default();
    let field = |line: &str, name: &str| {
        Some(line.strip_prefix(name)?.strip_prefix(" = \"")?.strip_suffix('"')?.to_owned())
    };
    let mut versions = Vec::new();
    let mut package = String::new();
    for line in lock.lines() {
        if let Some(name) = field(line, "name") {
            package = name;
        } else if let Some(version) = field(line, "version")
            && CRATES.iter().any(|(name, line)| *name == package && version.starts_with(line))
        {
            versions.push(format!("{package}={version}"));
        }
    }
    versions
}
