//! A file that gets its name when it is complete.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::error::WriteError;

/// Bytes that are collected before they are written.
const BUFFER: usize = 256 << 10;

/// Writes to `NAME.partial`, which [`Self::finish`] renames to `NAME`. Without `finish` (on an error or an
/// interruption) what was committed stays as `NAME.partial`, and nothing else: a line of which the disk took only a
/// part is cut off again.
///
/// A path that is no regular file, such as a pipe or a device, is written to directly.
#[derive(Debug)]
pub struct PartialFile {
    path: PathBuf,
    writing: PathBuf,
    file: File,
    buffer: Vec<u8>,
    /// The bytes in the file, and how many of them are committed.
    written: u64,
    committed: u64,
    /// The file's length: with bytes behind that are written over or cut off.
    length: u64,
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
        let path = path.to_owned();
        Ok(Self { path, writing, file, buffer: Vec::new(), written: 0, committed: 0, length: 0 })
    }

    /// Passes on what is buffered: from now on it stays, whatever happens.
    pub fn commit(&mut self) -> Result<(), WriteError> {
        self.drain().map_err(|source| io_error(&self.writing, source))?;
        self.committed = self.written;
        Ok(())
    }

    /// As [`Self::commit`], once there is room for so many bytes more: for the end of a file that must be complete to
    /// be read. What is written next takes that room first.
    pub fn commit_with_room(&mut self, room: u64) -> Result<(), WriteError> {
        let taken = if self.is_special() { self.drain() } else { self.take_room(room) };
        taken.map_err(|source| io_error(&self.writing, source))?;
        self.committed = self.written;
        Ok(())
    }

    fn take_room(&mut self, room: u64) -> io::Result<()> {
        self.drain()?;
        self.length = self.length.max(self.written + room);
        if io::copy(&mut io::repeat(0).take(room), &mut self.file)? < room {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.file.seek(SeekFrom::Start(self.written)).map(|_| ())
    }

    /// Takes back what was written since the last commit, as far as the file lets it.
    pub fn roll_back(&mut self) {
        self.buffer.clear();
        if !self.is_special() && self.file.seek(SeekFrom::Start(self.committed)).is_ok() {
            self.written = self.committed;
        }
    }

    /// Whether it is written to directly, without a place that could be gone back to.
    fn is_special(&self) -> bool {
        self.writing == self.path
    }

    /// Commits what was written and gives the file its name.
    pub fn finish(mut self) -> Result<(), WriteError> {
        self.complete()
    }

    pub(super) fn complete(&mut self) -> Result<(), WriteError> {
        self.commit()?;
        self.trim().map_err(|source| io_error(&self.writing, source))?;
        if self.writing != self.path {
            fs::rename(&self.writing, &self.path).map_err(|source| io_error(&self.path, source))?;
        }
        Ok(())
    }

    /// The path that is being written to.
    pub fn writing_to(&self) -> &Path {
        &self.writing
    }

    /// Cuts off what lies behind the last byte.
    fn trim(&mut self) -> io::Result<()> {
        if self.length > self.written && !self.is_special() {
            self.file.set_len(self.written)?;
            self.length = self.written;
        }
        Ok(())
    }

    fn drain(&mut self) -> io::Result<()> {
        let mut done = 0;
        while done < self.buffer.len() {
            match self.file.write(&self.buffer[done..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => {
                    self.written += bytes as u64;
                    self.length = self.length.max(self.written);
                    done += bytes;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.buffer.drain(..done);
                    return Err(error);
                }
            }
        }
        self.buffer.clear();
        Ok(())
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        self.roll_back();
        // It is too late for an error: bytes behind the last line or row are what is left.
        drop(self.trim());
    }
}

pub(super) fn io_error(path: &Path, source: io::Error) -> WriteError {
    WriteError::Io { file: path.display().to_string(), source }
}

impl Write for PartialFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER {
            self.drain()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.drain()
    }
}
