//! What the fuzz targets do, as a library on stable Rust.
//!
//! Each target is a function of bytes that panics on a finding. `cargo fuzz` calls it from `fuzz/fuzz_targets/`, the
//! tests of this crate replay the [`seeds`] and run proptest over it, and a new seam of the engine becomes one more
//! function and one more line in [`TARGETS`].

pub mod cases;
pub mod memory;
pub mod seeds;
mod targets;

pub use targets::{
    backends, batches, bitcoin, bumo, capi, chain_core, chainlink, chainmaker, corda, cose, diem, ethereum,
    fabric, fields, fisco_bcos, hash, jose, jsonl, keys, neo, parquet, plan, prevalidator, recover, rules,
    scalars, secure_element, solana, sums, text, wire, x509, xrpl,
};

/// A target: its name and its body.
pub type Target = (&'static str, fn(&[u8]));

/// Every target, by the name that `scripts/fuzz` takes.
pub const TARGETS: [Target; 33] = [
    ("wire", wire),
    ("rules", rules),
    ("backends", backends),
    ("batches", batches),
    ("plan", plan),
    ("recover", recover),
    ("keys", keys),
    ("prevalidator", prevalidator),
    ("capi", capi),
    ("fields", fields),
    ("scalars", scalars),
    ("sums", sums),
    ("hash", hash),
    ("jsonl", jsonl),
    ("parquet", parquet),
    ("text", text),
    ("ethereum", ethereum),
    ("solana", solana),
    ("xrpl", xrpl),
    ("bitcoin", bitcoin),
    ("chainlink", chainlink),
    ("jose", jose),
    ("cose", cose),
    ("x509", x509),
    ("secure_element", secure_element),
    ("fisco_bcos", fisco_bcos),
    ("bumo", bumo),
    ("chainmaker", chainmaker),
    ("chain_core", chain_core),
    ("diem", diem),
    ("corda", corda),
    ("neo", neo),
    ("fabric", fabric),
];

/// Makes what targets make once, before inputs are timed.
pub fn start_engines() {
    targets::start_engines();
}

/// Writes the seeds of a target into the folder that `SIGWARP_SEEDS` names, if it does, and runs the first: what a target
/// makes once (engines, their self-tests, pools of cases) then stands before a fuzzer times its inputs.
///
/// # Panics
/// When there is no such target, the folder cannot be written, or the seed is a finding.
pub fn prepare(target: &str) {
    let seeds = seeds::of(target);
    if let Some(folder) = std::env::var_os("SIGWARP_SEEDS").map(std::path::PathBuf::from) {
        for (index, seed) in seeds.iter().enumerate() {
            let file = folder.join(format!("seed-{index:04}"));
            std::fs::write(&file, seed).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        }
    }
    let (_, run) = TARGETS.iter().find(|(name, _)| *name == target).expect("a target that has seeds");
    run(&seeds[0]);
}
