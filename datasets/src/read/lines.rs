//! The lines of JSONL as text, for rows whose fields are not those of signatures.

use std::io::Read;
use std::path::Path;

use super::open;
use super::source::Input;
use super::text::TextInput;
use crate::error::ReadError;
use crate::formats::{FileKind, Format, Lines};
use crate::layout::Layout;

/// Streams the lines of a JSONL file, decompressed where it is compressed. Blank ones are skipped.
///
/// ```
/// use sigwarp_datasets::LineReader;
///
/// let mut reader = LineReader::stream("standard input", &b"{\"raw\":\"00\"}\n\n{}"[..], 1 << 20)?;
/// assert_eq!(reader.next_line()?, Some(&b"{\"raw\":\"00\"}"[..]));
/// assert_eq!(reader.next_line()?, Some(&b"{}"[..]));
/// assert_eq!(reader.next_line()?, None);
/// assert_eq!(reader.rows_read(), 2);
/// # Ok::<(), sigwarp_datasets::ReadError>(())
/// ```
pub struct LineReader {
    input: TextInput<Lines>,
}

impl std::fmt::Debug for LineReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LineReader").field("rows_read", &self.rows_read()).finish_non_exhaustive()
    }
}

impl LineReader {
    /// Opens a file, which is read as JSONL whatever its name.
    pub fn open(path: &Path, max_line_bytes: usize) -> Result<Self, ReadError> {
        let jsonl = FileKind { format: Format::JSONL, compression: None };
        let of_path = FileKind::of(path).filter(|kind| kind.format.name() == jsonl.format.name());
        Self::opened(open::open_as(path, of_path.unwrap_or(jsonl))?, max_line_bytes)
    }

    /// Reads `input`, which messages call `name`.
    pub fn stream(
        name: impl Into<String>,
        input: impl Read + Send + 'static,
        max_line_bytes: usize,
    ) -> Result<Self, ReadError> {
        Self::opened(open::stream(name.into(), input, &Layout::default())?, max_line_bytes)
    }

    fn opened(input: Input, max_line_bytes: usize) -> Result<Self, ReadError> {
        match input {
            Input::Text(text, _) => Ok(Self { input: TextInput::new(text, None, max_line_bytes) }),
            Input::File { name, .. } => Err(ReadError::UnknownFormat { file: name }),
        }
    }

    /// The next line, without its end; `None` when there are no more.
    pub fn next_line(&mut self) -> Result<Option<&[u8]>, ReadError> {
        if !self.input.next()? {
            return Ok(None);
        }
        self.input.row += 1;
        Ok(Some(self.input.records.text()))
    }

    /// The number of lines read so far.
    pub fn rows_read(&self) -> u64 {
        self.input.row
    }

    /// How much of the file has been read, from 0 to 1, where its size is known.
    pub fn fraction_read(&self) -> Option<f64> {
        self.input.progress.fraction()
    }
}
