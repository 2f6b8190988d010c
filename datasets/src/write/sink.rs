//! Where bytes go: a partial file or the caller's stream.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use super::partial::PartialFile;
use crate::error::WriteError;

pub(crate) enum Sink {
    File(PartialFile),
    Stream { name: String, stream: Box<dyn Write + Send> },
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sink").field(&self.name()).finish()
    }
}

impl Sink {
    pub(super) fn file(path: &Path) -> Result<Self, WriteError> {
        PartialFile::create(path).map(Self::File)
    }

    pub(super) fn stream(name: String, stream: Box<dyn Write + Send>) -> Self {
        Self::Stream { name, stream }
    }

    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(file) => file.writing_to().display().to_string(),
            Self::Stream { name, .. } => name.clone(),
        }
    }

    pub(crate) fn error(&self, source: io::Error) -> WriteError {
        WriteError::Io { file: self.name(), source }
    }

    /// What was written so far stays from now on, whatever happens.
    pub(crate) fn commit(&mut self) -> Result<(), WriteError> {
        match self {
            Self::File(file) => file.commit(),
            Self::Stream { name, stream } => {
                stream.flush().map_err(|source| WriteError::Io { file: name.clone(), source })
            }
        }
    }

    /// As [`Self::commit`], once there is room for so many bytes more.
    pub(crate) fn commit_with_room(&mut self, room: u64) -> Result<(), WriteError> {
        match self {
            Self::File(file) => file.commit_with_room(room),
            stream @ Self::Stream { .. } => stream.commit(),
        }
    }

    /// Takes back what was written since then, where that is possible.
    pub(crate) fn roll_back(&mut self) {
        if let Self::File(file) = self {
            file.roll_back();
        }
    }

    /// Commits what was written and gives a file its name.
    pub(crate) fn finish(&mut self) -> Result<(), WriteError> {
        match self {
            Self::File(file) => file.complete(),
            stream @ Self::Stream { .. } => stream.commit(),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Stream { stream, .. } => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.flush(),
            Self::Stream { stream, .. } => stream.flush(),
        }
    }
}
