//! `sigwarp hash`: digests of files, or of a column of their rows, and Merkle roots of those.

mod check;
mod files;
mod input;
mod line;
mod stream;

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;
use sigwarp::{Digests, Engine, Hash, MerkleRule, Messages};
use sigwarp_datasets::{ColumnNames, ColumnReader, json_line, shown};

use self::files::{Added, Files};
use self::input::StandardInput;
use self::line::line;
use crate::args::{Format, HashArgs};
use crate::exit::{Exit, Failure, warn};
use crate::inputs::expand;
use crate::interrupt::Interrupt;
use crate::output::is_standard;
use crate::roles::Roles;
use crate::threads::Work;
use crate::verify::build_engine;

/// What makes a root ambiguous, and what follows.
const AMBIGUOUS: &str = "the Merkle root is ambiguous: two siblings are equal, so a shorter list of leaves has the same root \
                         (CVE-2012-2459); a block with this tree must be refused";

#[derive(Debug, Serialize)]
struct Summary {
    schema_version: u32,
    complete: bool,
    error: Option<String>,
    hash: &'static str,
    items: u64,
    bytes: u64,
    seconds_total: f64,
    seconds_hash: f64,
    backend: String,
    threads: usize,
    why: String,
    /// The fraction of a device's digests that the CPU computed again.
    recheck: Option<f64>,
    merkle: Option<Merkle>,
    digests: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Merkle {
    rule: &'static str,
    leaves: u64,
    root: String,
    ambiguous: bool,
}

/// A digest of the JSON summary.
#[derive(Debug, Serialize)]
struct Line {
    file: String,
    row: Option<u64>,
    digest: String,
}

struct Job<'a> {
    args: &'a HashArgs,
    /// The files, expanded.
    files: &'a [PathBuf],
    engine: &'a Engine,
    hash: Hash,
    merkle: Option<MerkleRule>,
    out: BufWriter<io::Stdout>,
    /// Whether the lines go to a terminal, and not to a program or a file that takes names as they are.
    terminal: bool,
    digests: Vec<Line>,
    leaves: Vec<u8>,
    items: u64,
    bytes: u64,
    hash_time: Duration,
}

pub(crate) fn run(args: &HashArgs, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let start = Instant::now();
    if args.files.iter().filter(|path| is_standard(path)).count() > 1 {
        return Err(Failure::input("standard input (-) can be read only once; name it once"));
    }
    if args.text && args.column.is_none() {
        return Err(Failure::input("--text says how to read a column; name it with --column"));
    }
    if args.text && args.layout.bytes.is_some() {
        return Err(Failure::input(
            "--bytes says how text writes bytes, and --text takes it as it is; name one of them",
        ));
    }
    if args.column.is_none() && (args.layout.input_format.is_some() || args.layout.bytes.is_some()) {
        return Err(Failure::input(
            "--input-format and --bytes say how to read a column; name it with --column",
        ));
    }
    // Whole files are hashed as they are named, whatever they hold.
    let expanded = args.column.as_ref().map(|_| expand(&args.files)).transpose()?;
    let files = expanded.as_deref().unwrap_or(&args.files);
    Roles::default().read("the input", files).check()?;
    let work = match &args.column {
        Some(_) => Work::Rows(files),
        None if args.check => Work::Unknown,
        None => Work::Files(files.len()),
    };
    let hash = match &args.hash {
        None => None,
        Some(name) => Some(named("--hash", name, Hash::from_name, &Hash::ALL.map(Hash::name))?),
    };
    let engine = interrupt.at_once(|| build_engine(&args.engine, work))?;
    if args.check {
        return check::run(args, &engine, hash, interrupt);
    }
    let mut job = Job {
        args,
        files,
        engine: &engine,
        hash: hash.unwrap_or(Hash::Sha256),
        merkle: match &args.merkle {
            None => None,
            Some(rule) => {
                Some(named("--merkle", rule, MerkleRule::from_name, &MerkleRule::ALL.map(MerkleRule::name))?)
            }
        },
        out: BufWriter::new(io::stdout()),
        terminal: io::stdout().is_terminal(),
        digests: Vec::new(),
        leaves: Vec::new(),
        items: 0,
        bytes: 0,
        hash_time: Duration::ZERO,
    };
    let mut ended = match &args.column {
        Some(column) => job.columns(column, interrupt),
        None => job.files(interrupt),
    };
    let mut merkle = None;
    if matches!(ended, Ok(true)) {
        match job.root() {
            Ok(root) => merkle = root,
            Err(failure) => ended = Err(failure),
        }
    }
    let ambiguous = merkle.as_ref().is_some_and(|merkle| merkle.ambiguous);
    if args.format == Format::Json {
        let backends: Vec<&str> = job.engine.backends().iter().take(1).map(|kind| kind.name()).collect();
        let summary = Summary {
            schema_version: 1,
            complete: matches!(ended, Ok(true)),
            error: ended.as_ref().err().map(|failure| failure.message().to_owned()),
            hash: job.hash.name(),
            items: job.items,
            bytes: job.bytes,
            seconds_total: start.elapsed().as_secs_f64(),
            seconds_hash: job.hash_time.as_secs_f64(),
            backend: backends.concat(),
            threads: job.engine.threads(),
            why: job.engine.why(),
            recheck: job
                .engine
                .backends()
                .contains(&sigwarp::BackendKind::Gpu)
                .then(|| args.engine.recheck()),
            merkle,
            digests: std::mem::take(&mut job.digests),
        };
        job.print(&json_line(&summary))?;
    } else if let Some(merkle) = merkle {
        job.print(&format!("{}  {} leaves", merkle.root, merkle.leaves))?;
    }
    job.out.flush().map_err(output_failure)?;
    if ambiguous {
        warn(AMBIGUOUS);
    }
    Ok(if ended? { Exit::AllGood } else { Exit::Interrupted })
}

fn named<T>(
    option: &str,
    name: &str,
    find: impl Fn(&str) -> Option<T>,
    known: &[&str],
) -> Result<T, Failure> {
    find(name).ok_or_else(|| {
        Failure::input(format!("{option} {name:?} is not known; known are {}", known.join(", ")))
    })
}

fn output_failure(error: io::Error) -> Failure {
    Failure::output(format!("standard output: {error}"))
}

impl Job<'_> {
    /// Hashes every file whole; `false` when the user stopped it. Files before one that cannot be read are hashed too.
    fn files(&mut self, interrupt: &Interrupt) -> Result<bool, Failure> {
        let mut files = Files::new(self.engine, self.hash);
        let hash = self.hash;
        let mut ended = Ok(true);
        for path in self.files {
            if interrupt.requested() {
                ended = Ok(false);
                break;
            }
            let sink = &mut |path: &Path, digest: &[u8]| self.push_file(digest, path);
            let added = match is_standard(path) {
                true => files.add(path.as_path(), hash, StandardInput::start(interrupt)?, interrupt, sink),
                false => match File::open(path) {
                    Ok(file) => files.add(path.as_path(), hash, file, interrupt, sink),
                    Err(error) => Ok(Added::Unreadable(path.as_path(), error)),
                },
            };
            ended = match added {
                Ok(Added::Yes) if files.is_empty() => match self.out.flush() {
                    Ok(()) => continue,
                    Err(error) => Err(output_failure(error)),
                },
                Ok(Added::Yes) => continue,
                Ok(Added::Stopped) => Ok(false),
                Ok(Added::Unreadable(path, error)) => Err(unreadable(path, &error)),
                Err(failure) => Err(failure),
            };
            break;
        }
        files.flush(&mut |path, digest| self.push_file(digest, path))?;
        self.out.flush().map_err(output_failure)?;
        (self.items, self.bytes, self.hash_time) = (files.items, files.bytes, files.time);
        ended
    }

    /// Hashes a column of every file; `false` when the user stopped it.
    fn columns(&mut self, column: &str, interrupt: &Interrupt) -> Result<bool, Failure> {
        let HashArgs { text, max_row_bytes, .. } = *self.args;
        let layout = self.args.layout.with(ColumnNames::default());
        let mut cells = Messages::new();
        for path in self.files {
            let reader = if is_standard(path) {
                let input = StandardInput::start(interrupt)?;
                ColumnReader::stream("standard input", input, column, text, (&layout, max_row_bytes))
            } else {
                ColumnReader::open_as(path, column, text, (&layout, max_row_bytes))
            };
            let mut reader = match reader {
                Ok(reader) => reader,
                // Reading from standard input ends with an error then.
                Err(_) if interrupt.requested() => return Ok(false),
                Err(error) => return Err(Failure::input(error)),
            };
            loop {
                if interrupt.requested() {
                    return Ok(false);
                }
                let first = reader.rows_read();
                let more = reader.next_block(&mut cells);
                // The rows before a bad one are hashed too.
                let bytes = (0..cells.len()).map(|row| cells.column().get(row).len()).sum();
                let digests = self.digest(cells.column(), bytes)?;
                for (digest, row) in digests.iter().zip(first..) {
                    self.push_digest(digest, path, Some(row))?;
                }
                match more {
                    Ok(true) => {}
                    Ok(false) => break,
                    // Reading from standard input ends with an error then.
                    Err(_) if interrupt.requested() => return Ok(false),
                    Err(error) => return Err(Failure::input(error)),
                }
            }
        }
        Ok(true)
    }

    fn digest<'m>(
        &mut self,
        messages: impl Into<sigwarp::Column<'m>>,
        bytes: usize,
    ) -> Result<Digests, Failure> {
        let start = Instant::now();
        let digests = self.engine.hash(self.hash, messages).map_err(Failure::engine)?;
        self.hash_time += start.elapsed();
        self.items += digests.len() as u64;
        self.bytes += bytes as u64;
        Ok(digests)
    }

    /// Prints or keeps the digest of a file.
    fn push_file(&mut self, digest: &[u8], path: &Path) -> Result<(), Failure> {
        self.push_digest(digest, path, None)
    }

    /// Prints or keeps a digest with its file and row.
    fn push_digest(&mut self, digest: &[u8], path: &Path, row: Option<u64>) -> Result<(), Failure> {
        if self.merkle.is_some() {
            self.leaves.extend_from_slice(digest);
        }
        let digest = hex::encode(digest);
        if self.args.format == Format::Json {
            self.digests.push(Line { file: path.display().to_string(), row, digest });
            return Ok(());
        }
        if self.merkle.is_some() {
            return Ok(());
        }
        let mut line = line(&digest, &name(path));
        if let Some(row) = row {
            line.extend_from_slice(format!(":{row}").as_bytes());
        }
        if self.terminal {
            return self.print(&shown(&String::from_utf8_lossy(&line)));
        }
        line.push(b'\n');
        self.out.write_all(&line).map_err(output_failure)
    }

    fn root(&mut self) -> Result<Option<Merkle>, Failure> {
        let Some(rule) = self.merkle else { return Ok(None) };
        let leaves = Digests::from_bytes(self.hash, std::mem::take(&mut self.leaves));
        let leaves = leaves.ok_or_else(|| Failure::engine("half a digest among the leaves"))?;
        let start = Instant::now();
        let tree =
            self.engine.merkle_tree(self.hash, rule, leaves.column()).map_err(|error| match error {
                sigwarp::Error::Merkle(_) => Failure::input(error),
                error => Failure::engine(error),
            })?;
        self.hash_time += start.elapsed();
        Ok(Some(Merkle {
            rule: rule.name(),
            leaves: leaves.len() as u64,
            root: hex::encode(tree.root()),
            ambiguous: tree.is_ambiguous(),
        }))
    }

    fn print(&mut self, line: &str) -> Result<(), Failure> {
        writeln!(self.out, "{line}").map_err(output_failure)
    }
}

/// The bytes of a name, which need not be UTF-8 where the system takes other names.
#[cfg(unix)]
fn name(path: &Path) -> Cow<'_, [u8]> {
    use std::os::unix::ffi::OsStrExt as _;
    Cow::Borrowed(path.as_os_str().as_bytes())
}

#[cfg(not(unix))]
fn name(path: &Path) -> Cow<'_, [u8]> {
    Cow::Owned(path.to_string_lossy().into_owned().into_bytes())
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::input(format!("{}: cannot read: {error}", path.display()))
}
