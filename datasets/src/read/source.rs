//! The seams of reading: a file as a source of rows or of the cells of one column, and who takes them.
//!
//! A source is called for a block of rows at a time, through its trait; within the block nothing is.

use std::fmt;
use std::fs::File;

use sigwarp::Messages;

use super::open::TextStream;
use super::text::{Records, TextCells, TextRows};
use super::{BytesForm, Wanted};
use crate::assemble::Assembler;
use crate::block::RowBlock;
use crate::error::{ReadError, RowError};
use crate::keys::KeyFile;
use crate::row::Row;

/// A file that is read row by row.
pub(crate) trait RowSource: fmt::Debug + Send {
    /// Gives the next rows to `taker` until it answers `false` (no more for now) or the rows end. Returns whether there may
    /// be more.
    fn rows(&mut self, taker: &mut RowTaker<'_>) -> Result<bool, ReadError>;

    /// The rows read so far, and the name of the file.
    fn position(&self) -> (u64, &str);

    /// The number of rows, where the file states it.
    fn rows_total(&self) -> Option<u64> {
        None
    }

    /// How much of the file has been read, from 0 to 1, where its size is known.
    fn fraction_read(&self) -> Option<f64> {
        match self.rows_total()? {
            0 => None,
            total => Some(self.position().0 as f64 / total as f64),
        }
    }
}

/// A file of which one column is read.
pub(crate) trait CellSource: fmt::Debug + Send {
    /// Gives the cell of the next rows to `taker`, as [`RowSource::rows`] does with rows. A row may have none.
    fn cells(&mut self, taker: &mut CellTaker<'_>) -> Result<bool, ReadError>;

    /// The rows read so far, and the name of the file.
    fn position(&self) -> (u64, &str);
}

/// Who takes rows.
pub(crate) enum RowTaker<'a> {
    /// A block, until it has so many rows or bytes.
    Block { assembler: &'a mut Assembler, block: &'a mut RowBlock, rows: usize, bytes: usize },
    /// A keys file.
    Keys { keys: &'a mut KeyFile, max_row_bytes: usize },
}

impl RowTaker<'_> {
    /// Takes a row; `false` when no more are wanted for now.
    #[inline]
    pub(crate) fn take(&mut self, row: &Row<'_>) -> Result<bool, RowError> {
        match self {
            Self::Block { assembler, block, rows, bytes } => {
                assembler.push(row, block)?;
                Ok(block.len() < *rows && block.bytes() < *bytes)
            }
            Self::Keys { keys, max_row_bytes } => keys.push(row, *max_row_bytes).map(|()| true),
        }
    }
}

/// Takes the cells of a column, until there are so many of them or of their bytes.
pub(crate) struct CellTaker<'a> {
    pub(super) column: &'a str,
    pub(super) into: &'a mut Messages,
    pub(super) cells: usize,
    pub(super) bytes: usize,
}

impl CellTaker<'_> {
    /// Takes the cell of a row, which must have one; `false` when no more are wanted for now.
    #[inline]
    pub(crate) fn take(&mut self, cell: Option<&[u8]>) -> Result<bool, RowError> {
        let cell = cell.ok_or_else(|| RowError::NoCell(self.column.to_owned()))?;
        self.into.push(cell);
        self.bytes = self.bytes.saturating_sub(cell.len());
        Ok(self.into.len() < self.cells && self.bytes > 0)
    }
}

/// The column that is wanted of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OneColumn<'a> {
    pub(crate) name: &'a str,
    /// Whether its cells are text, and not bytes that text writes in this form.
    pub(crate) text: bool,
    pub(crate) form: BytesForm,
}

type Opened<T> = Result<Box<T>, ReadError>;

/// Who reads a format: rows, and the cells of one column. The last argument is the size of the largest row.
#[derive(Clone, Copy)]
pub(crate) enum Reader {
    /// Of text, which comes as a stream and was decompressed where it was compressed.
    Text(TextReader),
    /// Of a file that is not read from its beginning to its end. What comes through a pipe is kept in a temporary file.
    File(FileReader),
}

/// See [`Reader::Text`].
#[derive(Clone, Copy)]
pub(crate) struct TextReader {
    rows: fn(TextStream, &Wanted<'_>, usize) -> Opened<dyn RowSource>,
    cells: fn(TextStream, OneColumn<'_>, usize) -> Opened<dyn CellSource>,
}

/// See [`Reader::File`]. The first argument is the name of the file in messages.
#[derive(Clone, Copy)]
pub(crate) struct FileReader {
    pub(crate) rows: fn(String, File, &Wanted<'_>, usize) -> Opened<dyn RowSource>,
    pub(crate) cells: fn(String, File, OneColumn<'_>, usize) -> Opened<dyn CellSource>,
}

impl Reader {
    /// Of text of these records.
    pub(crate) const fn text<R: Records + 'static>() -> Self {
        Self::Text(TextReader {
            rows: |text, wanted, limit| Ok(Box::new(TextRows::<R>::new(text, wanted, limit)?)),
            cells: |text, column, limit| Ok(Box::new(TextCells::<R>::new(text, column, limit)?)),
        })
    }
}

/// An input that is ready to be read, and its reader.
pub(super) enum Input {
    Text(TextStream, TextReader),
    File { name: String, file: File, reader: FileReader },
}

impl Input {
    pub(super) fn rows(self, wanted: &Wanted<'_>, max_row_bytes: usize) -> Opened<dyn RowSource> {
        match self {
            Self::Text(text, reader) => (reader.rows)(text, wanted, max_row_bytes),
            Self::File { name, file, reader } => (reader.rows)(name, file, wanted, max_row_bytes),
        }
    }

    pub(super) fn cells(self, column: OneColumn<'_>, max_row_bytes: usize) -> Opened<dyn CellSource> {
        match self {
            Self::Text(text, reader) => (reader.cells)(text, column, max_row_bytes),
            Self::File { name, file, reader } => (reader.cells)(name, file, column, max_row_bytes),
        }
    }
}
