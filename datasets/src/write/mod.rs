//! Writing rows and verdicts: files that are complete under their name, or kept as `.partial`.

mod jsonl;
mod parquet;
mod partial;
mod sink;

use std::io::Write;
use std::path::Path;

use sigwarp::Verdicts;

use crate::block::RowBlock;
use crate::error::WriteError;
use crate::row::{Format, Row};
pub use partial::PartialFile;
use sink::Sink;

/// Rows of a row group of the Parquet files that this crate writes, where nothing else is asked for. A reader
/// holds at most a few pages of it, a writer holds it whole.
pub const ROW_GROUP_ROWS: usize = 65_536;

/// Writes rows as Parquet or JSONL, the forms that [`crate::RowReader`] reads.
#[derive(Debug)]
pub struct RowWriter(RowSink);

#[derive(Debug)]
enum RowSink {
    Jsonl(jsonl::Lines),
    Parquet(Box<parquet::RowColumns>),
}

impl RowWriter {
    /// Creates a `.parquet` or `.jsonl` file; see [`PartialFile`]. A row group of a Parquet file has
    /// `row_group_rows` rows.
    pub fn create(path: &Path, row_group_rows: usize) -> Result<Self, WriteError> {
        let format = format_of(path)?;
        let sink = Sink::file(path)?;
        Ok(Self(match format {
            Format::Jsonl => RowSink::Jsonl(jsonl::Lines::new(sink)),
            Format::Parquet => RowSink::Parquet(Box::new(parquet::RowColumns::new(sink, row_group_rows)?)),
        }))
    }

    /// Writes JSONL to a stream, which messages call `name`.
    pub fn jsonl(name: impl Into<String>, stream: impl Write + Send + 'static) -> Self {
        Self(RowSink::Jsonl(jsonl::Lines::new(Sink::stream(name.into(), Box::new(stream)))))
    }

    /// Writes a row. `fault` goes into a column that readers ignore: what the generator did to the signature.
    pub fn write(&mut self, row: &Row<'_>, fault: Option<&str>) -> Result<(), WriteError> {
        match &mut self.0 {
            RowSink::Jsonl(lines) => lines.row(row, fault),
            RowSink::Parquet(columns) => columns.row(row, fault),
        }
    }

    /// Writes what is buffered, and gives a file its name.
    pub fn finish(self) -> Result<(), WriteError> {
        match self.0 {
            RowSink::Jsonl(lines) => lines.finish(),
            RowSink::Parquet(columns) => columns.finish(),
        }
    }
}

/// Writes verdicts as Parquet or JSONL with the columns `index`, `id`, `verdict` (`valid` or `invalid`) and
/// `reason` (null where valid).
#[derive(Debug)]
pub struct VerdictWriter(VerdictSink);

#[derive(Debug)]
enum VerdictSink {
    Jsonl(jsonl::Lines),
    Parquet(Box<parquet::VerdictColumns>),
}

impl VerdictWriter {
    /// Creates a `.parquet` or `.jsonl` file; see [`PartialFile`].
    pub fn create(path: &Path) -> Result<Self, WriteError> {
        let format = format_of(path)?;
        let sink = Sink::file(path)?;
        Ok(Self(match format {
            Format::Jsonl => VerdictSink::Jsonl(jsonl::Lines::new(sink)),
            Format::Parquet => VerdictSink::Parquet(Box::new(parquet::VerdictColumns::new(sink)?)),
        }))
    }

    /// Writes JSONL to a stream, which messages call `name`.
    pub fn jsonl(name: impl Into<String>, stream: impl Write + Send + 'static) -> Self {
        Self(VerdictSink::Jsonl(jsonl::Lines::new(Sink::stream(name.into(), Box::new(stream)))))
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
        match &mut self.0 {
            VerdictSink::Jsonl(lines) => lines.verdicts(first_index, block, verdicts),
            VerdictSink::Parquet(columns) => columns.verdicts(first_index, block, verdicts),
        }
    }

    /// Writes what is buffered, and gives a file its name.
    pub fn finish(self) -> Result<(), WriteError> {
        match self.0 {
            VerdictSink::Jsonl(lines) => lines.finish(),
            VerdictSink::Parquet(columns) => columns.finish(),
        }
    }
}

fn format_of(path: &Path) -> Result<Format, WriteError> {
    Format::of(path).ok_or_else(|| WriteError::UnknownFormat { file: path.display().to_string() })
}
