//! The command line.

use std::ffi::OsStr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::LazyLock;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, Args, Parser, Subcommand, ValueEnum};
use sigwarp::{BackendKind, Scheme};
use sigwarp_datasets::{BytesForm, FileKind};

use crate::transactions::Anchor;
use crate::{help, version};

/// Verifies signatures and hashes messages in batches: a verdict each, and a reason for every failure.
#[derive(Debug, Parser)]
#[command(name = "sigwarp", version, long_version = version::long(), about, long_about = None, before_help = help::COMMAND_EXAMPLES, after_help = help::COMMAND_NOTES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Verify the signatures in files
    #[command(before_help = help::VERIFY_EXAMPLES, after_help = help::VERIFY_NOTES)]
    Verify(VerifyArgs),
    /// Verify whole transactions or blocks of a ledger in files
    #[command(before_help = help::TRANSACTIONS_EXAMPLES, after_help = help::TRANSACTIONS_NOTES)]
    Transactions(TransactionsArgs),
    /// Generate a workload of signatures, with the verdict expected of each
    #[command(before_help = help::GEN_EXAMPLES, after_help = help::GEN_NOTES)]
    Gen(GenArgs),
    /// Hash files, or a column of their rows, many at once
    #[command(before_help = help::HASH_EXAMPLES, after_help = help::HASH_NOTES)]
    Hash(HashArgs),
    /// Recover secp256k1 public keys and Ethereum addresses from signatures
    #[command(before_help = help::RECOVER_EXAMPLES, after_help = help::RECOVER_NOTES)]
    Recover(RecoverArgs),
    /// List the rules that a signature can be judged under, and who follows them
    #[command(before_help = help::RULES_EXAMPLES, after_help = help::RULES_NOTES)]
    Rules(RulesArgs),
    /// List the backends of this build, and whether they run here
    #[command(before_help = help::DEVICES_EXAMPLES)]
    Devices(DevicesArgs),
    /// Measure Sigwarp on this machine, without other libraries beside it
    #[command(before_help = help::BENCH_EXAMPLES, after_help = help::BENCH_NOTES)]
    Bench(BenchArgs),
    /// Check every backend against known answers, and against the oracle
    #[command(before_help = help::SELFTEST_EXAMPLES, after_help = help::SELFTEST_NOTES)]
    Selftest(SelftestArgs),
    /// Print the script that completes commands and options in a shell
    #[command(before_help = help::COMPLETIONS_EXAMPLES)]
    Completions(CompletionsArgs),
    /// Print the manual page of a command, or write all of them
    #[command(before_help = help::MAN_EXAMPLES)]
    Man(ManArgs),
}

/// How to choose a backend and its threads.
#[derive(Debug, Args)]
pub(crate) struct EngineArgs {
    /// The backend; a named one that cannot run here is an error
    #[arg(long, value_enum, default_value_t = BackendName::AUTO)]
    pub(crate) backend: BackendName,
    /// The number of threads; no more are started than can help [default: all available]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// The adapter: best, an index of `sigwarp devices`, or a part of a name [default: best]. Given this or --recheck,
    /// --backend auto uses a device for large work, but no software adapter; without either it stays on the CPU
    #[cfg(feature = "gpu")]
    #[arg(long, value_name = "ADAPTER")]
    pub(crate) device: Option<String>,
    /// The fraction of a device's valid items that the CPU verifies again, 0 to 1; its invalid ones always are.
    /// A wrong acceptance outside of that fraction goes unnoticed [default: 1/128]
    #[cfg(feature = "gpu")]
    #[arg(long, value_name = "FRACTION", value_parser = fraction)]
    pub(crate) recheck: Option<f64>,
}

impl EngineArgs {
    /// A backend and its threads, and nothing else that differs from the defaults.
    pub(crate) fn of(backend: BackendName, threads: NonZeroUsize) -> Self {
        Self {
            backend,
            threads: Some(threads),
            #[cfg(feature = "gpu")]
            device: None,
            #[cfg(feature = "gpu")]
            recheck: None,
        }
    }

    /// The fraction of what a device accepts that the CPU judges again.
    pub(crate) fn recheck(&self) -> f64 {
        #[cfg(feature = "gpu")]
        return self.recheck.unwrap_or(sigwarp::DEFAULT_RECHECK);
        // No device is in this build.
        #[cfg(not(feature = "gpu"))]
        1.0
    }
}

/// The most failures that a summary lists: it is held in memory until the end.
const MOST_FAILURES: usize = 100_000;

/// How many failures to list.
fn failures(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if count <= MOST_FAILURES => Ok(count),
        _ => Err(format!("it is a number from 0 to {MOST_FAILURES}; --output FILE has a line for every row")),
    }
}

/// A number from 0 to 1.
#[cfg(feature = "gpu")]
fn fraction(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(fraction) if (0.0..=1.0).contains(&fraction) => Ok(fraction),
        _ => Err("a fraction is a number from 0 to 1".into()),
    }
}

fn scheme(text: &str) -> Result<Scheme, String> {
    Scheme::from_name(text).ok_or_else(|| {
        let known: Vec<&str> = Scheme::ALL.iter().map(|scheme| scheme.name()).collect();
        format!("there is no such scheme; there are {}", known.join(", "))
    })
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// The backend in place of the engine's choice; one that cannot run here is an error
    #[arg(long, value_enum, default_value_t = BackendName::AUTO)]
    pub(crate) backend: BackendName,
    /// The number of threads of every row but those of the suite `threads`; no more are started than can help
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) threads: NonZeroUsize,
    /// A suite of rows; may be repeated [default: all, overview first]
    #[arg(long = "suite", value_name = "NAME", value_parser = sigwarp_bench::command::suite)]
    pub(crate) suites: Vec<String>,
    /// List the rows instead of measuring them
    #[arg(long)]
    pub(crate) list: bool,
    /// Compare with the JSON report of an earlier run: a ratio for each row, and what differs between the machines
    #[arg(long, value_name = "OLD.json")]
    pub(crate) compare: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) measure: sigwarp_bench::command::Measure,
    /// The form of the report
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

/// A backend of the command's contract: the engine's choice, or one by its name, of those that are not for tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BackendName(pub(crate) Option<BackendKind>);

impl BackendName {
    /// The engine's choice.
    pub(crate) const AUTO: Self = Self(None);

    pub(crate) const fn name(self) -> &'static str {
        match self.0 {
            None => "auto",
            Some(kind) => kind.name(),
        }
    }
}

impl ValueEnum for BackendName {
    fn value_variants<'a>() -> &'a [Self] {
        static NAMES: LazyLock<Vec<BackendName>> = LazyLock::new(|| {
            let kinds = BackendKind::ALL.into_iter().filter(|kind| !kind.is_for_tests());
            [None].into_iter().chain(kinds.map(Some)).map(BackendName).collect()
        });
        &NAMES
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
}

/// Takes the name of a format. Those without a compression are what shells complete.
#[derive(Debug, Clone)]
struct InputFormat;

impl TypedValueParser for InputFormat {
    type Value = FileKind;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<FileKind, clap::Error> {
        let parse = |text: &str| {
            FileKind::from_name(text)
                .ok_or_else(|| format!("there is no such format; there are {}", FileKind::all_names()))
        };
        TypedValueParser::parse_ref(&parse, command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(FileKind::names().map(PossibleValue::new)))
    }
}

/// Help that names formats.
mod formats {
    use sigwarp_datasets::{FileKind, Format};

    pub(super) fn input_format() -> String {
        format!(
            "The format of - and of files whose name does not tell it: {}. Text compressed with gzip or zstd is recognised \
             in any case; jsonl.gz and the like require it [default of -: {}]",
            FileKind::one_of_names(),
            Format::JSONL.name()
        )
    }

    pub(super) fn files() -> String {
        format!(
            "Files of rows: {}, text also with {} appended; quoted patterns, folders, or - for standard input",
            FileKind::extensions(),
            FileKind::compressed_extensions()
        )
    }

    pub(super) fn verdicts() -> String {
        let written = Format::written();
        format!("Write a verdict for each row to this {written} file, or as JSONL to - (standard output)")
    }

    pub(super) fn rows() -> String {
        format!("The rows: a {} file, or - for JSONL on standard output", Format::written())
    }
}

fn bytes_form(text: &str) -> Result<BytesForm, String> {
    BytesForm::from_name(text).ok_or_else(|| {
        format!("unknown form of bytes; known are {}", BytesForm::ALL.map(BytesForm::name).join(", "))
    })
}

fn encoding(text: &str) -> Result<String, String> {
    let mut known: Vec<&str> = Vec::new();
    for &encoding in Scheme::ALL.into_iter().flat_map(Scheme::encodings) {
        if !known.contains(&encoding) {
            known.push(encoding);
        }
    }
    match known.contains(&text) {
        true => Ok(text.to_owned()),
        false => Err(format!("there is no such encoding; there are {}", known.join(", "))),
    }
}

/// What files do not say of themselves.
#[derive(Debug, Args)]
pub(crate) struct LayoutArgs {
    #[arg(long, value_name = "FORMAT", value_parser = InputFormat, hide_possible_values = true, help = formats::input_format())]
    pub(crate) input_format: Option<FileKind>,
    /// How text writes bytes: hex (with or without 0x), base64 or base64url (padded or not) [default: hex]
    #[arg(long, value_name = "FORM", value_parser = bytes_form)]
    pub(crate) bytes: Option<BytesForm>,
}

/// How to read rows.
#[derive(Debug, Args)]
pub(crate) struct InputArgs {
    #[arg(required = true, value_name = "FILE", help = formats::files())]
    pub(crate) files: Vec<PathBuf>,
    /// The rule for rows that name none; one for each scheme that needs it
    #[arg(long = "rule", value_name = "RULE")]
    pub(crate) rules: Vec<String>,
    /// The scheme for rows that name none
    #[arg(long, value_name = "SCHEME", value_parser = scheme)]
    pub(crate) scheme: Option<Scheme>,
    /// The signature encoding for rows that name none, where their scheme has it [default: raw]
    #[arg(long, value_name = "ENCODING", value_parser = encoding)]
    pub(crate) encoding: Option<String>,
    /// Read a field from a column of another name, such as signature=sig; one for each field
    #[arg(long = "map", value_name = "FIELD=COLUMN")]
    pub(crate) columns: Vec<String>,
    #[command(flatten)]
    pub(crate) layout: LayoutArgs,
    /// A file of public keys, for rows with a key_index
    #[arg(long, value_name = "FILE")]
    pub(crate) keys: Option<PathBuf>,
    /// The largest row that is read, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 256 << 20)]
    pub(crate) max_row_bytes: usize,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    #[arg(long, value_name = "OUT", help = formats::verdicts())]
    pub(crate) output: Option<PathBuf>,
    /// How many failures to list, at most 100,000
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = failures)]
    pub(crate) failures: usize,
    /// Print nothing when every row is valid or as expected, and otherwise only the rows that are not
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// The form of the summary
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct TransactionsArgs {
    /// Files: .jsonl (also .gz, .zst) with rows, .parquet with a column, any other with the bytes of transactions or
    /// blocks, or with a line for each record where a format is text; quoted patterns, folders, or - for rows on standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The ledger or the format: the name of a profile of docs/profiles.md
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(profiles()))]
    pub(crate) profile: String,
    /// A field of the context for records that do not have it, such as chain_id=1; may be repeated
    #[arg(long = "context", value_name = "NAME=VALUE")]
    pub(crate) context: Vec<String>,
    /// Keys for records that do not have them: a JWK Set, public keys or certificates as PEM or DER, or a COSE_KeySet
    #[arg(long, value_name = "FILE")]
    pub(crate) keys: Option<PathBuf>,
    /// Certificates that chains may end in, for records that do not have them: PEM, or the DER of one
    #[arg(long, value_name = "FILE")]
    pub(crate) roots: Option<PathBuf>,
    /// The network, for profiles that have several: --context network=NAME
    #[arg(long, value_name = "NAME")]
    pub(crate) network: Option<String>,
    /// The height of the block that is given, or that transactions are judged for: --context height=N
    #[arg(long, value_name = "N")]
    pub(crate) height: Option<u32>,
    /// The outputs that the inputs spend, in their order: JSON [[AMOUNT, SCRIPT], …], or the undo data of a block
    #[arg(long, value_name = "FILE")]
    pub(crate) previous_outputs: Option<PathBuf>,
    /// Read the blkNNNNN.dat, revNNNNN.dat and xor.dat of Bitcoin Core: a block in them, or the one before the first, and
    /// its height, from which those of all others follow
    #[arg(long, value_name = "HASH:HEIGHT", conflicts_with_all = ["height", "previous_outputs", "column", "raw"])]
    pub(crate) anchor: Option<Anchor>,
    /// The column, or the member of rows, that holds the bytes of a record [default: that of the profile]
    #[arg(long, value_name = "NAME")]
    pub(crate) column: Option<String>,
    /// Read the files, and standard input, as bytes of records whatever their names
    #[arg(long, conflicts_with = "column")]
    pub(crate) raw: bool,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// Write a report for each record, and each transaction of a block, as JSONL to this file, or to - (standard output)
    #[arg(long, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,
    /// How many failures to list, at most 100,000
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = failures)]
    pub(crate) failures: usize,
    /// The largest record, or row, that is read, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 20)]
    pub(crate) max_record_bytes: usize,
    /// Print nothing when every record is valid or as expected, and otherwise only what is not
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// The form of the summary
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

fn profiles() -> impl Iterator<Item = &'static str> {
    sigwarp_profiles::SYSTEMS.iter().map(|system| system.name())
}

#[derive(Debug, Args)]
pub(crate) struct HashArgs {
    /// Files to hash, - for standard input; with --column files of rows, quoted patterns and folders as in `verify`; with
    /// --check lists of digests
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The hash function [default: sha256; with --check that of each line, where it names one]
    #[arg(long, value_name = "NAME")]
    pub(crate) hash: Option<String>,
    /// Check the files of lists: lines of sha256sum, or as `SHA256 (NAME) = DIGEST`
    #[arg(long, short, conflicts_with_all = ["column", "text", "merkle"])]
    pub(crate) check: bool,
    /// With --check, print no line for files that are as listed
    #[arg(long, short, requires = "check")]
    pub(crate) quiet: bool,
    /// With --check, print nothing: the exit status tells
    #[arg(long, requires = "check")]
    pub(crate) status: bool,
    /// With --check, do not fail for listed files that do not exist
    #[arg(long, requires = "check")]
    pub(crate) ignore_missing: bool,
    /// With --check, fail (status 2) on lines of another form, which are otherwise only counted
    #[arg(long, requires = "check")]
    pub(crate) strict: bool,
    /// Hash this column of the rows instead of the files
    #[arg(long, value_name = "NAME")]
    pub(crate) column: Option<String>,
    /// The column is text: hash its UTF-8 bytes
    #[arg(long)]
    pub(crate) text: bool,
    #[command(flatten)]
    pub(crate) layout: LayoutArgs,
    /// Print the Merkle root of the digests: bitcoin or zero-padded
    #[arg(long, value_name = "RULE")]
    pub(crate) merkle: Option<String>,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// The largest row that is read, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 256 << 20)]
    pub(crate) max_row_bytes: usize,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct RecoverArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// Write index, id, public_key, address and reason of each row as JSONL to this file, or to - (standard output)
    #[arg(long, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,
    /// How many failures to list, at most 100,000
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = failures)]
    pub(crate) failures: usize,
    /// The form of the summary
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct RulesArgs {
    /// The rules of this scheme alone; may be repeated
    #[arg(long = "scheme", value_name = "SCHEME", value_parser = scheme)]
    pub(crate) schemes: Vec<Scheme>,
    /// The form of the list
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct DevicesArgs {
    /// The form of the list
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// Measure an adapter instead: every scheme and hash over batch sizes, with the CPU beside it
    #[cfg(feature = "gpu")]
    #[arg(long)]
    pub(crate) measure: bool,
    /// The adapter to measure: best, an index, or a part of a name
    #[cfg(feature = "gpu")]
    #[arg(long, value_name = "ADAPTER", default_value = "best")]
    pub(crate) device: String,
    /// Also write the measurement to this file, as JSON
    #[cfg(feature = "gpu")]
    #[arg(long, value_name = "FILE", requires = "measure")]
    pub(crate) json: Option<std::path::PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SelftestArgs {
    /// Compare the backends with the oracle on this many generated items
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) differential: u64,
    /// Generate items of this scheme alone; may be repeated
    #[arg(long = "scheme", value_name = "SCHEME", value_parser = scheme)]
    pub(crate) schemes: Vec<Scheme>,
    /// The seed of the generated items
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// The adapter of the backend gpu: best, an index of `sigwarp devices`, or a part of a name
    #[cfg(feature = "gpu")]
    #[arg(long, value_name = "ADAPTER", default_value = "best")]
    pub(crate) device: String,
    /// The form of the report
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The command, such as verify [default: the page of sigwarp itself]
    #[arg(conflicts_with = "dir")]
    pub(crate) command: Option<String>,
    /// Write the pages of all commands into this folder instead
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct GenArgs {
    /// The number of rows
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) rows: u64,
    /// The seed of everything that is random
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// A part of the mix: SCHEME[:RULE[:ENCODING]][=WEIGHT] [default: an IoT mix of Ed25519, P-256 and SM2]
    #[arg(long = "mix", value_name = "PART")]
    pub(crate) mix: Vec<String>,
    /// The number of devices, each with a key for every scheme of the mix
    #[arg(long, value_name = "N", default_value_t = 256)]
    pub(crate) devices: u32,
    /// Choose devices by Zipf's law with this exponent instead of uniformly
    #[arg(long, value_name = "S")]
    pub(crate) zipf: Option<f64>,
    /// Messages: a number of bytes, a range LOW-HIGH, senml-json or senml-cbor
    #[arg(long, value_name = "KIND", default_value = "senml-json")]
    pub(crate) message: String,
    /// The fraction of bad signatures
    #[arg(long, value_name = "FRACTION", default_value_t = 0.02)]
    pub(crate) bad: f64,
    /// The kinds of bad signatures, separated by commas [default: every kind that the suite has]
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    pub(crate) kinds: Vec<String>,
    #[arg(long, value_name = "OUT", help = formats::rows())]
    pub(crate) output: PathBuf,
    /// The keys of the fleet, for `verify --keys`; rows then name a key_index instead of a public_key
    #[arg(long, value_name = "OUT")]
    pub(crate) keys_output: Option<PathBuf>,
    /// The form of the summary
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}
