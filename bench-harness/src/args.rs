//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use sigwarp_bench::command::{Measure, suite};

/// Measures Sigwarp and its peers in one process, on the same inputs, in interleaved pairs.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Peers are built with --features peers; a figure is worth something in a release build alone:\n  \
    cargo run --release -p sigwarp-bench --features peers -- peers --json peers.json --html peers.html\n\
    A build for the native processor is a separate run, and its report says so:\n  \
    RUSTFLAGS=\"-C target-cpu=native\" cargo run --release --target-dir target/native -p sigwarp-bench --features peers -- peers\n\
    Exit status: 0 done, 1 a regression or a failed check, 2 wrong usage or input, 3 the measurement or output failed."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Measures the rows of some or all suites.
    Run {
        /// A suite; may be repeated. All of them without it.
        #[arg(long = "suite", value_name = "NAME", value_parser = suite)]
        suites: Vec<String>,
        #[command(flatten)]
        peers: Peers,
        #[command(flatten)]
        measure: Measure,
    },
    /// Measures every peer, beside its reference figure.
    Peers {
        #[command(flatten)]
        measure: Measure,
    },
    /// Measures every row with a ratio to reach.
    Targets {
        #[command(flatten)]
        peers: Peers,
        #[command(flatten)]
        measure: Measure,
    },
    /// Lists the rows.
    List,
    /// Shows what became slower from one report to another.
    Compare(CompareArguments),
    /// Checks a finished report.
    Check(CheckArguments),
    /// Compares the verdicts of Sigwarp and of every peer whose rule is one of Sigwarp's.
    #[command(after_help = DIFFERENTIAL_HELP)]
    Differential(DifferentialArguments),
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Peers {
    /// Measures Sigwarp alone.
    #[arg(long)]
    pub(crate) no_peers: bool,
}

/// A number from 0 to 1: beside one that is none, everything would be within the tolerance.
fn part(text: &str) -> Result<f64, String> {
    sigwarp_bench::command::number_within(text, 1.0)
}

#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    /// The earlier report.
    pub(crate) before: PathBuf,
    /// The later report.
    pub(crate) after: PathBuf,
    /// How much slower a row may be before it is a regression. Two runs of one binary on a busy machine differ by up
    /// to 0.09.
    #[arg(long, default_value_t = 0.1, value_parser = part)]
    pub(crate) tolerance: f64,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// A report as JSON: its schema and its self-check are checked.
    pub(crate) report: PathBuf,
    /// Every peer row must have a figure.
    #[arg(long)]
    pub(crate) peers: bool,
    /// Every peer must be within this part of its reference figure.
    #[arg(long, value_name = "PART", value_parser = part)]
    pub(crate) reference: Option<f64>,
    /// This page must not refer to anything outside itself.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

const DIFFERENTIAL_HELP: &str = "\
Generated items are of every suite, and half of them bad in every way that a suite can have. Each is put to every\n\
peer under the peer's own rule. The first divergence of each peer is printed as a row that says which peer, and both\n\
answers; the same command reads it again, and so does `sigwarp verify`:\n  \
sigwarp-bench differential --items 1000000 --seed 7\n  \
sigwarp-bench differential datasets/edges/*.jsonl\n  \
echo '{\"id\":...}' | sigwarp-bench differential -\n\
Exit status: 0 no divergence, 1 at least one, 2 wrong usage or input, 3 the engine failed.";

fn files() -> String {
    format!(
        "Files of rows to compare on instead of generated items: {}, or - for JSONL on standard input.",
        sigwarp_datasets::FileKind::extensions()
    )
}

#[derive(Debug, Args)]
pub(crate) struct DifferentialArguments {
    #[arg(value_name = "FILE", conflicts_with_all = ["items", "seed"], help = files())]
    pub(crate) files: Vec<PathBuf>,
    /// How many items to generate.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub(crate) items: u64,
    /// Their seed.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// The backend of Sigwarp, by its name; its own choice without it.
    #[arg(long, value_name = "NAME")]
    pub(crate) backend: Option<String>,
    /// Only peers whose name contains TEXT.
    #[arg(long, value_name = "TEXT")]
    pub(crate) peer: Option<String>,
}
