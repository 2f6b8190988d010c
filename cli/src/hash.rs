//! `sigwarp hash`: digests of files, or of a column of their rows, and Merkle roots of those.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;
use sigwarp::{Digests, Engine, Hash, MerkleRule, Messages};
use sigwarp_datasets::{ColumnReader, json_line};

use crate::args::{Format, HashArgs};
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::output::is_standard;
use crate::threads::Work;
use crate::verify::build_engine;

/// Small files are hashed together, up to so many bytes and files.
const TOGETHER_BYTES: usize = 64 << 20;
const TOGETHER_FILES: usize = 4096;

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
        digests: Vec::new(),
        leaves: Vec::new(),
        items: 0,
        bytes: 0,
        hash_time: Duration::ZERO,
    };
    let ended = match &args.column {
        Some(column) => job.columns(column, interrupt),
        None => job.files(interrupt),
    };
    let merkle = match &ended {
        Ok(true) => job.root()?,
        _ => None,
    };
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
            why: job.engine.why().to_owned(),
            recheck: job
                .engine
                .backends()
                .contains(&sigwarp::BackendKind::Gpu)
                .then(|| args.engine.recheck()),
            merkle,
            digests: std::mem::take(&mut job.digests),
        };
        let text = json_line(&summary);
        job.print(&text)?;
    } else if let Some(merkle) = merkle {
        job.print(&format!("{}  {} leaves", merkle.root, merkle.leaves))?;
    }
    job.out.flush().map_err(output_failure)?;
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
    /// Hashes every file whole; `false` when the user stopped it.
    fn files(&mut self, interrupt: &Interrupt) -> Result<bool, Failure> {
        let (mut together, mut names, mut bytes) = (Messages::new(), Vec::new(), 0);
        let mut contents = Vec::new();
        for path in &self.args.files {
            if interrupt.requested() {
                return Ok(false);
            }
            contents.clear();
            read_file(path, &mut contents)?;
            let name = path.display().to_string();
            if contents.len() >= TOGETHER_BYTES {
                // A large file is hashed where it was read, after those before it.
                self.push_files(&together, &names)?;
                names.clear();
                together.clear();
                bytes = 0;
                let digests = self.digest(&[&contents[..]][..], contents.len())?;
                self.push(&digests, |_| (name.clone(), None))?;
                continue;
            }
            together.push(&contents);
            names.push(name);
            bytes += contents.len();
            if bytes >= TOGETHER_BYTES || names.len() == TOGETHER_FILES {
                self.push_files(&together, &names)?;
                names.clear();
                together.clear();
                bytes = 0;
            }
        }
        self.push_files(&together, &names)?;
        Ok(true)
    }

    fn push_files(&mut self, together: &Messages, names: &[String]) -> Result<(), Failure> {
        let bytes = (0..together.len()).map(|file| together.column().get(file).len()).sum();
        let digests = self.digest(together.column(), bytes)?;
        self.push(&digests, |file| (names[file].clone(), None))
    }

    /// Hashes a column of every file; `false` when the user stopped it.
    fn columns(&mut self, column: &str, interrupt: &Interrupt) -> Result<bool, Failure> {
        let HashArgs { text, max_row_bytes, .. } = *self.args;
        let mut cells = Messages::new();
        for path in &self.args.files {
            let mut reader = if is_standard(path) {
                let input = BufReader::new(io::stdin());
                Ok(ColumnReader::jsonl("standard input", input, column, text, max_row_bytes))
            } else {
                ColumnReader::open(path, column, text, max_row_bytes)
            }
            .map_err(Failure::input)?;
            let name = path.display().to_string();
            loop {
                if interrupt.requested() {
                    return Ok(false);
                }
                let first = reader.rows_read();
                let more = reader.next_block(&mut cells);
                // The rows before a bad one are hashed too.
                let bytes = (0..cells.len()).map(|row| cells.column().get(row).len()).sum();
                let digests = self.digest(cells.column(), bytes)?;
                self.push(&digests, |row| (name.clone(), Some(first + row as u64)))?;
                if !more.map_err(Failure::input)? {
                    break;
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

    /// Prints or keeps digests, each with its file and row.
    fn push(
        &mut self,
        digests: &Digests,
        place: impl Fn(usize) -> (String, Option<u64>),
    ) -> Result<(), Failure> {
        if self.merkle.is_some() {
            self.leaves.extend_from_slice(digests.as_bytes());
        }
        for (index, digest) in digests.iter().enumerate() {
            let (file, row) = place(index);
            let digest = hex::encode(digest);
            match (self.args.format, row) {
                (Format::Json, row) => self.digests.push(Line { file, row, digest }),
                (Format::Table, _) if self.merkle.is_some() => {}
                (Format::Table, None) => self.print(&line(&digest, &file))?,
                (Format::Table, Some(row)) => self.print(&line(&digest, &format!("{file}:{row}")))?,
            }
        }
        Ok(())
    }

    fn root(&mut self) -> Result<Option<Merkle>, Failure> {
        let Some(rule) = self.merkle else { return Ok(None) };
        let leaves = Digests::from_bytes(self.hash, std::mem::take(&mut self.leaves));
        let leaves = leaves.ok_or_else(|| Failure::engine("half a digest among the leaves"))?;
        let start = Instant::now();
        let tree = self.engine.merkle_tree(self.hash, rule, leaves.column()).map_err(Failure::input)?;
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

/// A line as `sha256sum` prints it: names with a backslash, a newline or a carriage return are escaped, and the line
/// then begins with a backslash.
fn line(digest: &str, name: &str) -> String {
    if !name.contains(['\\', '\n', '\r']) {
        return format!("{digest}  {name}");
    }
    let name = name.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
    format!("\\{digest}  {name}")
}

fn read_file(path: &Path, contents: &mut Vec<u8>) -> Result<(), Failure> {
    let read = |path: &Path, contents: &mut Vec<u8>| {
        if is_standard(path) {
            return io::stdin().lock().read_to_end(contents);
        }
        let mut file = File::open(path)?;
        contents.reserve(usize::try_from(file.metadata()?.len()).unwrap_or(0));
        file.read_to_end(contents)
    };
    match read(path, contents) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::input(format!("{}: cannot read: {error}", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_as_sha256sum_escapes_them() {
        assert_eq!(line("00", "a b"), "00  a b");
        assert_eq!(line("00", "a\nb\\c\rd"), "\\00  a\\nb\\\\c\\rd");
    }
}
