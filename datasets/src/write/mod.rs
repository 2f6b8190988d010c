//! Writing rows and verdicts: files that are complete under their name, or kept as `.partial`.

mod jsonl;
mod parquet;
mod partial;
mod sink;

use std::fmt;
use std::io::Write;
use std::path::Path;

use sigwarp::Verdicts;

use crate::block::RowBlock;
use crate::error::WriteError;
use crate::formats::Format;
use crate::row::Row;
pub(crate) use jsonl::Lines as JsonLines;
pub(crate) use parquet::{RowColumns as ParquetRowColumns, VerdictColumns as ParquetVerdictColumns};
pub use partial::PartialFile;
pub(crate) use sink::Sink;

/// Rows of a row group of the Parquet files that this crate writes, where nothing else is asked for. A reader
/// holds at most a few pages of it, a writer holds it whole.
pub const ROW_GROUP_ROWS: usize = 65_536;

/// A file into which rows are written.
pub(crate) trait RowSink: fmt::Debug + Send {
    /// Writes a row, and what the generator did to its signature.
    fn row(&mut self, row: &Row<'_>, fault: Option<&str>) -> Result<(), WriteError>;

    /// Writes what is buffered, and gives a file its name.
    fn finish(&mut self) -> Result<(), WriteError>;

    /// Ends a file that is not complete: every row so far stays in it, readable, as `NAME.partial`.
    fn keep(&mut self) -> Result<(), WriteError>;
}

/// A file into which verdicts are written, a block at a time.
pub(crate) trait VerdictSink: fmt::Debug + Send {
    /// Writes the verdicts on a block, as many as it has rows.
    fn verdicts(&mut self, first_index: u64, block: &RowBlock, verdicts: &Verdicts)
    -> Result<(), WriteError>;

    /// See [`VerdictWriter::committed`].
    fn committed(&self) -> u64;

    /// Writes what is buffered, and gives a file its name.
    fn finish(&mut self) -> Result<(), WriteError>;

    /// Ends a file that is not complete: the first [`Self::committed`] verdicts at least stay in it, readable, as
    /// `NAME.partial`.
    fn keep(&mut self) -> Result<(), WriteError>;
}

type Created<T> = Result<Box<T>, WriteError>;

/// Who writes a format.
pub(crate) struct Writer {
    /// Rows, so many in a group where the format has groups.
    pub(crate) rows: fn(Sink, usize) -> Created<dyn RowSink>,
    pub(crate) verdicts: fn(Sink) -> Created<dyn VerdictSink>,
}

/// The writer of the format that the name of a file tells.
fn writer_of(path: &Path) -> Result<&'static Writer, WriteError> {
    let writer = Format::of(path).and_then(|format| format.writer.as_ref());
    writer.ok_or_else(|| WriteError::UnknownFormat { file: path.display().to_string() })
}

/// Writes rows in the formats that [`Format::is_written`] says, the forms that [`crate::RowReader`] reads.
#[derive(Debug)]
pub struct RowWriter(Box<dyn RowSink>);

impl RowWriter {
    /// Creates a file of the format that its name tells; see [`PartialFile`]. A row group of a Parquet file has
    /// `row_group_rows` rows.
    pub fn create(path: &Path, row_group_rows: usize) -> Result<Self, WriteError> {
        let writer = writer_of(path)?;
        (writer.rows)(Sink::file(path)?, row_group_rows).map(Self)
    }

    /// Writes JSONL to a stream, which messages call `name`.
    pub fn jsonl(name: impl Into<String>, stream: impl Write + Send + 'static) -> Self {
        Self(Box::new(JsonLines::new(Sink::stream(name.into(), Box::new(stream)))))
    }

    /// Writes a row. `fault` goes into a column that readers ignore: what the generator did to the signature.
    pub fn write(&mut self, row: &Row<'_>, fault: Option<&str>) -> Result<(), WriteError> {
        self.0.row(row, fault)
    }

    /// Writes what is buffered, and gives a file its name.
    pub fn finish(mut self) -> Result<(), WriteError> {
        self.0.finish()
    }

    /// Ends a file that is not complete: every row so far stays in it, readable, as `NAME.partial`.
    pub fn keep(mut self) -> Result<(), WriteError> {
        self.0.keep()
    }
}

/// Writes verdicts with the columns `index`, `id`, `verdict` (`valid` or `invalid`) and `reason` (null where valid), in
/// the formats that [`Format::is_written`] says.
#[derive(Debug)]
pub struct VerdictWriter(Box<dyn VerdictSink>);

impl VerdictWriter {
    /// Creates a file of the format that its name tells; see [`PartialFile`].
    pub fn create(path: &Path) -> Result<Self, WriteError> {
        let writer = writer_of(path)?;
        (writer.verdicts)(Sink::file(path)?).map(Self)
    }

    /// Writes JSONL to a stream, which messages call `name`.
    pub fn jsonl(name: impl Into<String>, stream: impl Write + Send + 'static) -> Self {
        Self(Box::new(JsonLines::new(Sink::stream(name.into(), Box::new(stream)))))
    }

    /// Writes the verdicts on a block. `first_index` is the index of its first item among all that are written.
    ///
    /// # Panics
    /// When there is not one verdict per row of the block.
    pub fn write(
        &mut self,
        first_index: u64,
        block: &RowBlock,
        verdicts: &Verdicts,
    ) -> Result<(), WriteError> {
        assert_eq!(block.len(), verdicts.len(), "a verdict for every row of the block");
        self.0.verdicts(first_index, block, verdicts)
    }

    /// The verdicts that stay in the file whatever happens next, a full disk included: in JSONL those of every block
    /// that was written, in Parquet those of every complete row group.
    pub fn committed(&self) -> u64 {
        self.0.committed()
    }

    /// Writes what is buffered, and gives a file its name.
    pub fn finish(&mut self) -> Result<(), WriteError> {
        self.0.finish()
    }

    /// Ends a file that is not complete: the verdicts so far stay in it, readable, as `NAME.partial`. After an error,
    /// of this or of another call, those are the first [`Self::committed`].
    pub fn keep(&mut self) -> Result<(), WriteError> {
        self.0.keep()
    }
}
