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
use crate::format::Format;
use crate::row::Row;
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
        let format = form_of(path)?;
        let sink = Sink::file(path)?;
        Ok(Self(match format {
            Form::Jsonl => RowSink::Jsonl(jsonl::Lines::new(sink)),
            Form::Parquet => RowSink::Parquet(Box::new(parquet::RowColumns::new(sink, row_group_rows)?)),
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
    pub fn finish(mut self) -> Result<(), WriteError> {
        match &mut self.0 {
            RowSink::Jsonl(lines) => lines.finish(),
            RowSink::Parquet(columns) => columns.finish(),
        }
    }

    /// Ends a file that is not complete: every row so far stays in it, readable, as `NAME.partial`.
    pub fn keep(mut self) -> Result<(), WriteError> {
        match &mut self.0 {
            RowSink::Jsonl(lines) => lines.commit(),
            RowSink::Parquet(columns) => columns.keep(),
        }
    }
}

/// Writes verdicts as Parquet or JSONL with the columns `index`, `id`, `verdict` (`valid` or `invalid`) and
/// `reason` (null where valid).
#[derive(Debug)]
pub struct VerdictWriter {
    sink: VerdictSink,
    written: u64,
}

#[derive(Debug)]
enum VerdictSink {
    Jsonl(jsonl::Lines),
    Parquet(Box<parquet::VerdictColumns>),
}

impl VerdictWriter {
    /// Creates a `.parquet` or `.jsonl` file; see [`PartialFile`].
    pub fn create(path: &Path) -> Result<Self, WriteError> {
        let format = form_of(path)?;
        let sink = Sink::file(path)?;
        let sink = match format {
            Form::Jsonl => VerdictSink::Jsonl(jsonl::Lines::new(sink)),
            Form::Parquet => VerdictSink::Parquet(Box::new(parquet::VerdictColumns::new(sink)?)),
        };
        Ok(Self { sink, written: 0 })
    }

    /// Writes JSONL to a stream, which messages call `name`.
    pub fn jsonl(name: impl Into<String>, stream: impl Write + Send + 'static) -> Self {
        let lines = jsonl::Lines::new(Sink::stream(name.into(), Box::new(stream)));
        Self { sink: VerdictSink::Jsonl(lines), written: 0 }
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
        match &mut self.sink {
            VerdictSink::Jsonl(lines) => lines.verdicts(first_index, block, verdicts),
            VerdictSink::Parquet(columns) => columns.verdicts(first_index, block, verdicts),
        }?;
        self.written += block.len() as u64;
        Ok(())
    }

    /// The verdicts that stay in the file whatever happens next, a full disk included: in JSONL those of every block
    /// that was written, in Parquet those of every complete row group.
    pub fn committed(&self) -> u64 {
        match &self.sink {
            VerdictSink::Jsonl(_) => self.written,
            VerdictSink::Parquet(columns) => columns.committed(),
        }
    }

    /// Writes what is buffered, and gives a file its name.
    pub fn finish(&mut self) -> Result<(), WriteError> {
        match &mut self.sink {
            VerdictSink::Jsonl(lines) => lines.finish(),
            VerdictSink::Parquet(columns) => columns.finish(),
        }
    }

    /// Ends a file that is not complete: the verdicts so far stay in it, readable, as `NAME.partial`. After an error,
    /// of this or of another call, those are the first [`Self::committed`].
    pub fn keep(&mut self) -> Result<(), WriteError> {
        match &mut self.sink {
            VerdictSink::Jsonl(lines) => lines.commit(),
            VerdictSink::Parquet(columns) => columns.keep(),
        }
    }
}

/// The formats that are written.
enum Form {
    Jsonl,
    Parquet,
}

fn form_of(path: &Path) -> Result<Form, WriteError> {
    match Format::of(path) {
        Some(Format::Jsonl) => Ok(Form::Jsonl),
        Some(Format::Parquet) => Ok(Form::Parquet),
        _ => Err(WriteError::UnknownFormat { file: path.display().to_string() }),
    }
}
