//! `sigwarp hash --check`: whether files still have the digests of a list, as `sha256sum --check` tells it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal as _, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use sigwarp::{Engine, Hash};
use sigwarp_datasets::{json_line, shown};

use super::files::{Added, Files};
use super::input::StandardInput;
use super::line::{Listed, escaped, parse};
use super::output_failure;
use crate::args::{Format, HashArgs};
use crate::exit::{Exit, Failure, say, warn};
use crate::interrupt::Interrupt;
use crate::output::is_standard;

/// The longest line of a list. A name of a file has a few thousand bytes at most.
const LINE_BYTES: usize = 64 << 10;

/// What became of a file of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Ok,
    Failed,
    Unreadable,
    /// Not there, which `--ignore-missing` takes for no failure.
    Missing,
}

/// A file of a list.
struct Entry {
    list: Arc<str>,
    line: u64,
    listed: Listed,
}

/// A file of the JSON summary.
#[derive(Debug, Serialize)]
struct Checked {
    list: String,
    line: u64,
    file: String,
    hash: &'static str,
    result: Outcome,
}

/// The JSON summary.
#[derive(Debug, Default, Serialize)]
struct Summary {
    schema_version: u32,
    complete: bool,
    error: Option<String>,
    files: u64,
    ok: u64,
    failed: u64,
    unreadable: u64,
    missing: u64,
    malformed_lines: u64,
    results: Vec<Checked>,
}

struct Check<'a> {
    args: &'a HashArgs,
    out: BufWriter<io::Stdout>,
    terminal: bool,
    summary: Summary,
    /// Whether something about a list was wrong, and not about the files in it.
    bad_list: bool,
    /// Whether a list had no file at all that could be verified.
    nothing_verified: bool,
}

/// What is known of the list in work.
#[derive(Default)]
struct Lines {
    well_formed: u64,
    malformed: u64,
    first_malformed: u64,
}

pub(super) fn run(
    args: &HashArgs,
    engine: &Engine,
    hash: Option<Hash>,
    interrupt: &Interrupt,
) -> Result<Exit, Failure> {
    let mut check = Check {
        args,
        out: BufWriter::new(io::stdout()),
        terminal: io::stdout().is_terminal(),
        summary: Summary { schema_version: 1, ..Summary::default() },
        bad_list: false,
        nothing_verified: false,
    };
    let ended = check.lists(engine, hash, interrupt);
    check.summary.complete = matches!(ended, Ok(true));
    if let Err(failure) = &ended {
        check.summary.error = Some(failure.message().to_owned());
    }
    if args.format == Format::Json {
        let line = json_line(&check.summary);
        writeln!(check.out, "{line}").map_err(output_failure)?;
    }
    check.out.flush().map_err(output_failure)?;
    check.warn_of_files();
    Ok(match ended? {
        false => Exit::Interrupted,
        true => check.exit(),
    })
}

impl Check<'_> {
    /// Checks every list; `false` when the user stopped it. A list that cannot be read does not keep others from it.
    fn lists(&mut self, engine: &Engine, hash: Option<Hash>, interrupt: &Interrupt) -> Result<bool, Failure> {
        let mut files = Files::new(engine, hash.unwrap_or(Hash::Sha256));
        for path in &self.args.files {
            let name: Arc<str> = path.display().to_string().into();
            let before = self.summary.ok + self.summary.failed;
            let mut lines = Lines::default();
            let read = match is_standard(path) {
                true => {
                    let mut list = BufReader::new(StandardInput::start(interrupt)?);
                    self.list(&name, &mut list, hash, &mut files, &mut lines, interrupt)?
                }
                false => match File::open(path) {
                    Ok(file) => {
                        self.list(&name, &mut BufReader::new(file), hash, &mut files, &mut lines, interrupt)?
                    }
                    Err(error) => Err(error),
                },
            };
            files.flush(&mut |entry, digest| self.digest(&entry, digest))?;
            self.out.flush().map_err(output_failure)?;
            match read {
                Ok(true) => self.judge_list(&name, &lines, before),
                Ok(false) => return Ok(false),
                Err(_) if interrupt.requested() => return Ok(false),
                Err(error) => self.complain_of_list(&format!("{name}: cannot read: {error}")),
            }
        }
        Ok(true)
    }

    /// Checks the files of a list; `false` when the user stopped it. The inner error is of the list.
    fn list(
        &mut self,
        name: &Arc<str>,
        list: &mut impl BufRead,
        hash: Option<Hash>,
        files: &mut Files<'_, Entry>,
        lines: &mut Lines,
        interrupt: &Interrupt,
    ) -> Result<io::Result<bool>, Failure> {
        let mut buffer = Vec::new();
        let mut number = 0;
        loop {
            if interrupt.requested() {
                return Ok(Ok(false));
            }
            let fits = match next_line(list, &mut buffer) {
                Ok(Some(fits)) => fits,
                Ok(None) => return Ok(Ok(true)),
                Err(error) => return Ok(Err(error)),
            };
            number += 1;
            let mut line = &buffer[..];
            if number == 1 {
                // Some editors write a byte order mark.
                line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
            }
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let Some(listed) = parse(line, hash).filter(|_| fits) else {
                lines.malformed += 1;
                if lines.malformed == 1 {
                    lines.first_malformed = number;
                }
                continue;
            };
            lines.well_formed += 1;
            let entry = Entry { list: Arc::clone(name), line: number, listed };
            if !self.file(entry, is_standard(Path::new(&**name)), files, interrupt)? {
                return Ok(Ok(false));
            }
        }
    }

    /// Adds a file to those that are hashed; `false` when the user stopped it.
    fn file(
        &mut self,
        entry: Entry,
        list_is_standard: bool,
        files: &mut Files<'_, Entry>,
        interrupt: &Interrupt,
    ) -> Result<bool, Failure> {
        let hash = entry.listed.hash;
        let opened: io::Result<Box<dyn Read>> = match path(&entry.listed.name) {
            None => Err(io::Error::other("no name of a file on this system")),
            Some(path) if is_standard(&path) && list_is_standard => {
                Err(io::Error::other("standard input is the list itself"))
            }
            Some(path) if is_standard(&path) => Ok(Box::new(StandardInput::start(interrupt)?)),
            Some(path) => File::open(path).map(|file| Box::new(file) as Box<dyn Read>),
        };
        let added = match opened {
            Ok(input) => {
                files.add(entry, hash, input, interrupt, &mut |entry, digest| self.digest(&entry, digest))?
            }
            Err(error) => Added::Unreadable(entry, error),
        };
        match added {
            Added::Yes => {
                if files.is_empty() {
                    self.out.flush().map_err(output_failure)?;
                }
                Ok(true)
            }
            Added::Stopped => Ok(false),
            Added::Unreadable(entry, error) => {
                files.flush(&mut |entry, digest| self.digest(&entry, digest))?;
                if self.args.ignore_missing && error.kind() == io::ErrorKind::NotFound {
                    self.outcome(&entry, Outcome::Missing)?;
                } else {
                    self.out.flush().map_err(output_failure)?;
                    say(&format!("{}: cannot read: {error}", String::from_utf8_lossy(&entry.listed.name)));
                    self.outcome(&entry, Outcome::Unreadable)?;
                }
                Ok(true)
            }
        }
    }

    fn digest(&mut self, entry: &Entry, digest: &[u8]) -> Result<(), Failure> {
        self.outcome(entry, if digest == entry.listed.digest { Outcome::Ok } else { Outcome::Failed })
    }

    /// Counts what became of a file, and prints it.
    fn outcome(&mut self, entry: &Entry, outcome: Outcome) -> Result<(), Failure> {
        let summary = &mut self.summary;
        summary.files += 1;
        let (count, text) = match outcome {
            Outcome::Ok => (&mut summary.ok, "OK"),
            Outcome::Failed => (&mut summary.failed, "FAILED"),
            Outcome::Unreadable => (&mut summary.unreadable, "FAILED open or read"),
            Outcome::Missing => (&mut summary.missing, ""),
        };
        *count += 1;
        if self.args.status || text.is_empty() || self.args.quiet && outcome == Outcome::Ok {
            return Ok(());
        }
        if self.args.format == Format::Json {
            summary.results.push(Checked {
                list: entry.list.to_string(),
                line: entry.line,
                file: String::from_utf8_lossy(&entry.listed.name).into_owned(),
                hash: entry.listed.hash.name(),
                result: outcome,
            });
            return Ok(());
        }
        let line = outcome_line(&entry.listed.name, text);
        let written = match self.terminal {
            true => writeln!(self.out, "{}", shown(&String::from_utf8_lossy(&line))),
            false => self.out.write_all(&line).and_then(|()| self.out.write_all(b"\n")),
        };
        written.map_err(output_failure)
    }

    /// What a whole list leaves to say.
    fn judge_list(&mut self, name: &str, lines: &Lines, verified_before: u64) {
        let Lines { well_formed, malformed, first_malformed } = *lines;
        self.summary.malformed_lines += malformed;
        if well_formed == 0 {
            self.complain_of_list(&format!(
                "{name}: there is no line with a digest and a name, as `sigwarp hash` and sha256sum write them; is --hash \
                 that of the list?"
            ));
            return;
        }
        if malformed > 0 {
            self.bad_list |= self.args.strict;
            if !self.args.status {
                let lines = if malformed == 1 { "line is" } else { "lines are" };
                warn(format!(
                    "{name}: {malformed} {lines} improperly formatted, the first is line {first_malformed}"
                ));
            }
        }
        if self.args.ignore_missing && self.summary.ok + self.summary.failed == verified_before {
            self.nothing_verified = true;
            say(&format!("{name}: no file was verified: none of those listed is there"));
        }
    }

    fn complain_of_list(&mut self, message: &str) {
        self.bad_list = true;
        self.summary.error.get_or_insert_with(|| message.to_owned());
        say(message);
    }

    /// The counts of files that are not as listed.
    fn warn_of_files(&self) {
        let Summary { failed, unreadable, .. } = self.summary;
        if self.args.status {
            return;
        }
        match unreadable {
            0 => {}
            1 => warn("1 listed file could not be read"),
            more => warn(format!("{more} listed files could not be read")),
        }
        match failed {
            0 => {}
            1 => warn("1 computed digest did NOT match"),
            more => warn(format!("{more} computed digests did NOT match")),
        }
    }

    const fn exit(&self) -> Exit {
        if self.bad_list {
            Exit::BadInput
        } else if self.summary.failed > 0 || self.summary.unreadable > 0 || self.nothing_verified {
            Exit::SomeNot
        } else {
            Exit::AllGood
        }
    }
}

/// Reads a line into `buffer`, without its end. `false` for one that is longer than a line can be: the rest of it is passed
/// over. `None` at the end of the list.
fn next_line(list: &mut impl BufRead, buffer: &mut Vec<u8>) -> io::Result<Option<bool>> {
    buffer.clear();
    if list.by_ref().take(LINE_BYTES as u64 + 1).read_until(b'\n', buffer)? == 0 {
        return Ok(None);
    }
    if buffer.pop_if(|byte| *byte == b'\n').is_some() {
        buffer.pop_if(|byte| *byte == b'\r');
        return Ok(Some(true));
    }
    if buffer.len() <= LINE_BYTES {
        // The last line has no end.
        buffer.pop_if(|byte| *byte == b'\r');
        return Ok(Some(true));
    }
    loop {
        let part = match list.fill_buf() {
            Ok(part) => part,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let end = part.iter().position(|&byte| byte == b'\n');
        let length = end.map_or(part.len(), |end| end + 1);
        list.consume(length);
        if end.is_some() || length == 0 {
            return Ok(Some(false));
        }
    }
}

/// `NAME: OK`, the name escaped as in the list.
fn outcome_line(name: &[u8], text: &str) -> Vec<u8> {
    let shown = escaped(name);
    let mark: &[u8] = if *shown == *name { b"" } else { b"\\" };
    [mark, &shown, b": ", text.as_bytes()].concat()
}

#[cfg(unix)]
fn path(name: &[u8]) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt as _;
    Some(PathBuf::from(std::ffi::OsStr::from_bytes(name)))
}

#[cfg(not(unix))]
fn path(name: &[u8]) -> Option<PathBuf> {
    std::str::from_utf8(name).ok().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_on_every_system_and_are_bounded() {
        let long = vec![b'x'; LINE_BYTES + 1];
        let longest = vec![b'y'; LINE_BYTES];
        let text = [b"a\r\n\n", &long[..], b"\n", &longest, b"\nb\rc\n", &long, &long, b"\nlast\r"].concat();
        let mut list = BufReader::with_capacity(1000, &text[..]);
        let mut buffer = Vec::new();
        let mut lines = Vec::new();
        while let Some(fits) = next_line(&mut list, &mut buffer).expect("memory can be read") {
            lines.push(if fits { buffer.clone() } else { b"too long".to_vec() });
        }
        let expected: [&[u8]; 7] = [b"a", b"", b"too long", &longest, b"b\rc", b"too long", b"last"];
        assert_eq!(lines, expected);
    }

    #[test]
    fn outcomes_are_printed_as_sha256sum_prints_them() {
        assert_eq!(outcome_line(b"a b\xff", "OK"), b"a b\xff: OK");
        assert_eq!(outcome_line(b"a\n\\", "FAILED"), b"\\a\\n\\\\: FAILED");
    }
}
