//! `sigwarp hash`: digests of files, or of a column of their rows, and Merkle roots of those.

mod input;
mod stream;

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, IsTerminal as _, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;
use sigwarp::{Digests, Engine, Hash, MerkleRule, Messages};
use sigwarp_datasets::{ColumnReader, json_line, shown};

use self::input::StandardInput;
use self::stream::Stream;
use crate::args::{Format, HashArgs};
use crate::exit::{Exit, Failure, warn};
use crate::interrupt::Interrupt;
use crate::output::is_standard;
use crate::roles::Roles;
use crate::threads::Work;
use crate::verify::build_engine;

/// Small files are hashed together, up to so many bytes and files. A larger one is hashed as a stream.
const TOGETHER_BYTES: usize = 64 << 20;
const TOGETHER_FILES: usize = 4096;
/// The buffer of a stream.
const PIECE: usize = 1 << 20;

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
    engine: Engine,
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
    Roles::default().read("the input", &args.files).check()?;
    let work = match &args.column {
        Some(_) => Work::Rows(&args.files),
        None => Work::Files(args.files.len()),
    };
    let mut job = Job {
        args,
        engine: interrupt.at_once(|| build_engine(&args.engine, work))?,
        hash: named("--hash", &args.hash, Hash::from_name, &Hash::ALL.map(Hash::name))?,
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
        let mut together = Together::default();
        let mut ended = Ok(true);
        let args = self.args;
        for path in &args.files {
            if interrupt.requested() {
                ended = Ok(false);
                break;
            }
            let read = match is_standard(path) {
                true => StandardInput::start(interrupt)
                    .and_then(|input| self.file(path, input, &mut together, interrupt)),
                false => match File::open(path) {
                    Ok(file) => self.file(path, file, &mut together, interrupt),
                    Err(error) => Err(unreadable(path, &error)),
                },
            };
            if !matches!(read, Ok(true)) {
                ended = read;
                break;
            }
        }
        self.push_files(&mut together)?;
        ended
    }

    /// Adds a file to those that are hashed together or, if it is large, hashes it after them; `false` when the user
    /// stopped it.
    fn file<'p>(
        &mut self,
        path: &'p Path,
        mut input: impl Read,
        together: &mut Together<'p>,
        interrupt: &Interrupt,
    ) -> Result<bool, Failure> {
        let failed = |error| match interrupt.requested() {
            true => Ok(false),
            false => Err(unreadable(path, &error)),
        };
        together.contents.clear();
        // One byte more than fits tells a larger file. Nothing is reserved for a length that a file only claims.
        if let Err(error) = (&mut input).take(TOGETHER_BYTES as u64 + 1).read_to_end(&mut together.contents) {
            return failed(error);
        }
        if together.contents.len() <= TOGETHER_BYTES {
            together.messages.push(&together.contents);
            together.paths.push(path);
            together.bytes += together.contents.len();
            if together.bytes >= TOGETHER_BYTES || together.paths.len() == TOGETHER_FILES {
                self.push_files(together)?;
            }
            return Ok(true);
        }
        self.push_files(together)?;
        let mut stream = Stream::new(self.hash).ok_or_else(|| {
            Failure::engine(format!(
                "{}: files over {TOGETHER_BYTES} bytes cannot be hashed with {}",
                path.display(),
                self.hash
            ))
        })?;
        let (mut piece, mut length) = (std::mem::take(&mut together.contents), 0);
        loop {
            let start = Instant::now();
            stream.update(&piece);
            self.hash_time += start.elapsed();
            length += piece.len() as u64;
            piece.resize(PIECE, 0);
            piece.shrink_to(PIECE);
            if interrupt.requested() {
                return Ok(false);
            }
            match input.read(&mut piece) {
                Ok(0) => break,
                Ok(bytes) => piece.truncate(bytes),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => piece.clear(),
                Err(error) => return failed(error),
            }
        }
        self.items += 1;
        self.bytes += length;
        self.push_digest(&stream.finish(), path, None)?;
        self.out.flush().map_err(output_failure)?;
        Ok(true)
    }

    fn push_files(&mut self, together: &mut Together<'_>) -> Result<(), Failure> {
        let digests = self.digest(together.messages.column(), together.bytes)?;
        for (digest, path) in digests.iter().zip(&together.paths) {
            self.push_digest(digest, path, None)?;
        }
        together.messages.clear();
        together.paths.clear();
        together.bytes = 0;
        self.out.flush().map_err(output_failure)
    }

    /// Hashes a column of every file; `false` when the user stopped it.
    fn columns(&mut self, column: &str, interrupt: &Interrupt) -> Result<bool, Failure> {
        let HashArgs { text, max_row_bytes, .. } = *self.args;
        let mut cells = Messages::new();
        for path in &self.args.files {
            let mut reader = if is_standard(path) {
                let input = BufReader::with_capacity(256 << 10, StandardInput::start(interrupt)?);
                Ok(ColumnReader::jsonl("standard input", input, column, text, max_row_bytes))
            } else {
                ColumnReader::open(path, column, text, max_row_bytes)
            }
            .map_err(Failure::input)?;
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

/// Files that are hashed together.
#[derive(Default)]
struct Together<'p> {
    messages: Messages,
    paths: Vec<&'p Path>,
    bytes: usize,
    /// The file being read; the memory serves the next one again.
    contents: Vec<u8>,
}

/// A line as `sha256sum` prints it: names with a backslash, a newline or a carriage return are escaped, and the line
/// then begins with a backslash. Other bytes stay as they are, or the file would not be found under its name.
fn line(digest: &str, name: &[u8]) -> Vec<u8> {
    let escape = |byte: u8| match byte {
        b'\\' => Some(b'\\'),
        b'\n' => Some(b'n'),
        b'\r' => Some(b'r'),
        _ => None,
    };
    let mut line = Vec::with_capacity(digest.len() + name.len() + 3);
    if name.iter().any(|&byte| escape(byte).is_some()) {
        line.push(b'\\');
    }
    line.extend_from_slice(digest.as_bytes());
    line.extend_from_slice(b"  ");
    for &byte in name {
        match escape(byte) {
            Some(letter) => line.extend_from_slice(&[b'\\', letter]),
            None => line.push(byte),
        }
    }
    line
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_as_sha256sum_escapes_them() {
        assert_eq!(line("00", b"a b"), b"00  a b");
        assert_eq!(line("00", b"a\nb\\c\rd\xff"), b"\\00  a\\nb\\\\c\\rd\xff");
    }
}
