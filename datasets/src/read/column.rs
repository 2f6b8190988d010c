//! One column of bytes, whatever its name.

use std::io::{BufRead, BufReader};
use std::path::Path;

use sigwarp::Messages;

use super::jsonl::JsonlCells;
use super::open_file;
use super::parquet::ParquetRows;
use crate::error::{ReadError, RowError};
use crate::row::Format;

/// A block ends after this many cells, or with the cell that reaches this many bytes.
const BLOCK_CELLS: usize = 16_384;
const BLOCK_BYTES: usize = 16 << 20;

/// Streams one column of a `.parquet` or `.jsonl` file: a cell for every row. In JSONL bytes are hexadecimal.
///
/// ```
/// use sigwarp::Messages;
/// use sigwarp_datasets::ColumnReader;
///
/// let lines = "{\"tx\":\"00ff\",\"height\":1}\n{\"tx\":\"\"}\n";
/// let mut reader = ColumnReader::jsonl("standard input", lines.as_bytes(), "tx", false, 1 << 20);
/// let mut cells = Messages::new();
/// assert!(reader.next_block(&mut cells)?);
/// assert_eq!((cells.len(), cells.column().get(0)), (2, &[0x00, 0xff][..]));
/// assert!(!reader.next_block(&mut cells)?);
/// # Ok::<(), sigwarp_datasets::ReadError>(())
/// ```
#[derive(Debug)]
pub struct ColumnReader {
    source: Source,
    column: String,
}

#[derive(Debug)]
enum Source {
    Jsonl(Box<JsonlCells>),
    Parquet(Box<ParquetRows>),
}

impl ColumnReader {
    /// Opens a file. `text` takes the UTF-8 bytes of text, which in JSONL would be read as hexadecimal otherwise.
    pub fn open(path: &Path, column: &str, text: bool, max_row_bytes: usize) -> Result<Self, ReadError> {
        let (name, file, _) = open_file(path)?;
        let source = match Format::of(path) {
            None => return Err(ReadError::UnknownFormat { file: name }),
            Some(Format::Parquet) => {
                Source::Parquet(Box::new(ParquetRows::open_column(name, file, column, text, max_row_bytes)?))
            }
            Some(Format::Jsonl) => {
                let input = Box::new(BufReader::with_capacity(256 << 10, file));
                Source::Jsonl(Box::new(JsonlCells::new(name, input, column, text, max_row_bytes)))
            }
        };
        Ok(Self { source, column: column.to_owned() })
    }

    /// Reads JSONL from `input`, which messages call `name`.
    pub fn jsonl(
        name: impl Into<String>,
        input: impl BufRead + Send + 'static,
        column: &str,
        text: bool,
        max_row_bytes: usize,
    ) -> Self {
        let cells = JsonlCells::new(name.into(), Box::new(input), column, text, max_row_bytes);
        Self { source: Source::Jsonl(Box::new(cells)), column: column.to_owned() }
    }

    /// Replaces `cells` by the next ones; `false` means that there were no more. A row without the cell is an error, as
    /// is a file without rows.
    pub fn next_block(&mut self, cells: &mut Messages) -> Result<bool, ReadError> {
        cells.clear();
        let mut bytes = 0;
        let column = &self.column;
        let each = |cell: Option<&[u8]>| {
            let cell = cell.ok_or_else(|| RowError::NoCell(column.clone()))?;
            cells.push(cell);
            bytes += cell.len();
            Ok(cells.len() < BLOCK_CELLS && bytes < BLOCK_BYTES)
        };
        match &mut self.source {
            Source::Jsonl(source) => source.cells(each)?,
            Source::Parquet(source) => source.cells(each)?,
        };
        let (rows, file) = match &self.source {
            Source::Jsonl(source) => source.position(),
            Source::Parquet(source) => source.position(),
        };
        match rows {
            0 => Err(ReadError::Empty { file: file.to_owned() }),
            _ => Ok(!cells.is_empty()),
        }
    }

    /// The number of rows read so far.
    pub fn rows_read(&self) -> u64 {
        match &self.source {
            Source::Jsonl(source) => source.position().0,
            Source::Parquet(source) => source.position().0,
        }
    }
}
