//! Files of JSON lines that are written a block at a time.

use std::io::Write as _;
use std::path::Path;

use sigwarp_datasets::PartialFile;

use crate::exit::{Failure, write_out};
use crate::output::is_standard;

/// Lines that are collected until they are committed.
pub(crate) struct Lines {
    lines: Vec<u8>,
    /// Standard output where there is none.
    file: Option<PartialFile>,
}

impl Lines {
    /// Creates the file, whose name ends in `.jsonl`, or takes standard output. `command` is who errors say writes it.
    pub(crate) fn create(path: &Path, command: &str) -> Result<Self, Failure> {
        if is_standard(path) {
            return Ok(Self { lines: Vec::new(), file: None });
        }
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            return Err(Failure::input(format!(
                "{}: {command} writes JSONL; name a .jsonl file",
                path.display()
            )));
        }
        let file = PartialFile::create(path).map_err(Failure::creating)?;
        Ok(Self { lines: Vec::new(), file: Some(file) })
    }

    /// Adds a line.
    pub(crate) fn push(&mut self, line: &str) {
        self.lines.extend_from_slice(line.as_bytes());
        self.lines.push(b'\n');
    }

    /// Writes the lines so far: all of them, or none that stays.
    pub(crate) fn commit(&mut self) -> Result<(), Failure> {
        let lines = std::mem::take(&mut self.lines);
        let Some(file) = &mut self.file else {
            return write_out(&lines);
        };
        let written = file.write_all(&lines);
        let written = written.map_err(|error| {
            Failure::output(format!("{}: cannot write: {error}", file.writing_to().display()))
        });
        let ended = written.and_then(|()| file.commit().map_err(Failure::output));
        ended.inspect_err(|_| file.roll_back())
    }

    /// Gives the file its name.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        self.file.map_or(Ok(()), |file| file.finish().map_err(Failure::output))
    }
}
