//! One column of bytes, whatever its name.

use std::io::Read;
use std::path::Path;

use sigwarp::Messages;

use super::open;
use super::source::{CellSource, CellTaker, Input, OneColumn};
use crate::error::ReadError;
use crate::layout::Layout;

/// A block ends after this many cells, or with the cell that reaches this many bytes.
const BLOCK_CELLS: usize = 16_384;
const BLOCK_BYTES: usize = 16 << 20;

/// Streams one column of a file: a cell for every row.
///
/// ```
/// use sigwarp::Messages;
/// use sigwarp_datasets::{ColumnReader, Layout};
///
/// let lines = "{\"tx\":\"00ff\",\"height\":1}\n{\"tx\":\"\"}\n";
/// let layout = Layout::default();
/// let mut reader = ColumnReader::stream("standard input", lines.as_bytes(), "tx", false, (&layout, 1 << 20))?;
/// let mut cells = Messages::new();
/// assert!(reader.next_block(&mut cells)?);
/// assert_eq!((cells.len(), cells.column().get(0)), (2, &[0x00, 0xff][..]));
/// assert!(!reader.next_block(&mut cells)?);
/// # Ok::<(), sigwarp_datasets::ReadError>(())
/// ```
#[derive(Debug)]
pub struct ColumnReader {
    source: Box<dyn CellSource>,
    column: String,
}

impl ColumnReader {
    /// Opens a file whose name tells its format. `text` takes the UTF-8 bytes of text, which text formats would write in
    /// hexadecimal otherwise.
    pub fn open(path: &Path, column: &str, text: bool, max_row_bytes: usize) -> Result<Self, ReadError> {
        Self::open_as(path, column, text, (&Layout::default(), max_row_bytes))
    }

    /// As [`Self::open`], with a layout beside the largest row.
    pub fn open_as(
        path: &Path,
        column: &str,
        text: bool,
        (layout, max_row_bytes): (&Layout, usize),
    ) -> Result<Self, ReadError> {
        Self::opened(open::open(path, layout)?, column, text, (layout, max_row_bytes))
    }

    /// Reads `input`, which messages call `name`, as [`crate::RowReader::stream`] does.
    pub fn stream(
        name: impl Into<String>,
        input: impl Read + Send + 'static,
        column: &str,
        text: bool,
        (layout, max_row_bytes): (&Layout, usize),
    ) -> Result<Self, ReadError> {
        Self::opened(open::stream(name.into(), input, layout)?, column, text, (layout, max_row_bytes))
    }

    fn opened(
        input: Input,
        column: &str,
        text: bool,
        (layout, max_row_bytes): (&Layout, usize),
    ) -> Result<Self, ReadError> {
        let source = input.cells(OneColumn { name: column, text, form: layout.bytes }, max_row_bytes)?;
        Ok(Self { source, column: column.to_owned() })
    }

    /// Replaces `cells` by the next ones; `false` means that there were no more. A row without the cell is an error, as
    /// is a file without rows.
    pub fn next_block(&mut self, cells: &mut Messages) -> Result<bool, ReadError> {
        cells.clear();
        let (column, into) = (&self.column, &mut *cells);
        self.source.cells(&mut CellTaker { column, into, cells: BLOCK_CELLS, bytes: BLOCK_BYTES })?;
        match self.source.position() {
            (0, file) => Err(ReadError::Empty { file: file.to_owned() }),
            _ => Ok(!cells.is_empty()),
        }
    }

    /// The number of rows read so far.
    pub fn rows_read(&self) -> u64 {
        self.source.position().0
    }
}
