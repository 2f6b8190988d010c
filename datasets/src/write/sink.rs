//! Where bytes go: a partial file or the caller's stream.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use super::partial::PartialFile;
use crate::error::WriteError;

pub(super) enum Sink {
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

    pub(super) fn name(&self) -> String {
        match self {
            Self::File(file) => file.writing_to().display().to_string(),
            Self::Stream { name, .. } => name.clone(),
        }
    }

    pub(super) fn error(&self, source: io::Error) -> WriteError {
        WriteError::Io { file: self.name(), source }
    }

    pub(super) fn finish(self) -> Result<(), WriteError> {
        match self {
            Self::File(file) => file.finish(),
            Self::Stream { name, mut stream } => {
                stream.flush().map_err(|source| WriteError::Io { file: name, source })
            }
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
