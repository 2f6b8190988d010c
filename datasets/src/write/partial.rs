//! A file that gets its name when it is complete.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::WriteError;

/// Writes to `NAME.partial`, which [`Self::finish`] renames to `NAME`. Without `finish` (on an error or an
/// interruption) what was written stays as `NAME.partial`.
///
/// A path that is no regular file, such as a pipe or a device, is written to directly.
#[derive(Debug)]
pub struct PartialFile {
    path: PathBuf,
    writing: PathBuf,
    file: BufWriter<File>,
}

impl PartialFile {
    /// Creates `path`.partial.
    pub fn create(path: &Path) -> Result<Self, WriteError> {
        let is_special = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
        let writing = if is_special {
            path.to_owned()
        } else {
            let mut name = OsString::from(path);
            name.push(".partial");
            PathBuf::from(name)
        };
        let file = File::create(&writing).map_err(|source| io_error(&writing, source))?;
        Ok(Self { path: path.to_owned(), writing, file: BufWriter::with_capacity(256 << 10, file) })
    }

    /// Writes what is buffered and gives the file its name.
    pub fn finish(mut self) -> Result<(), WriteError> {
        self.file.flush().map_err(|source| io_error(&self.writing, source))?;
        if self.writing != self.path {
            fs::rename(&self.writing, &self.path).map_err(|source| io_error(&self.path, source))?;
        }
        Ok(())
    }

    /// The path that is being written to.
    pub fn writing_to(&self) -> &Path {
        &self.writing
    }
}

pub(super) fn io_error(path: &Path, source: io::Error) -> WriteError {
    WriteError::Io { file: path.display().to_string(), source }
}

impl Write for PartialFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
