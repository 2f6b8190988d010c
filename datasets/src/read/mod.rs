//! Reading rows: what both formats share. `jsonl` and `parquet` turn files into cells, this file turns cells
//! into bounded blocks.

mod cell;
mod column;
mod json;
mod jsonl;
mod parquet;

use std::collections::BTreeSet;
use std::fs::{File, Metadata};
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use sigwarp::{DefaultRules, Scheme};

use crate::assemble::Assembler;
use crate::block::RowBlock;
use crate::error::{ReadError, RowError};
use crate::keys::KeyFile;
use crate::row::{Format, Row};
pub use column::ColumnReader;
use jsonl::JsonlRows;
use parquet::ParquetRows;

/// Whether a row needs a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyUse {
    /// Rows without a key are errors: for verification.
    #[default]
    Required,
    /// Rows without a key get an empty one: for recovery.
    Optional,
}

/// How rows are read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// The rules of rows that name none.
    pub rules: DefaultRules,
    /// The keys that `key_index` refers to.
    pub keys: Option<Arc<KeyFile>>,
    /// Whether a row needs a key.
    pub key_use: KeyUse,
    /// The largest row: the length of a JSONL line, or the bytes of a Parquet row's cells.
    pub max_row_bytes: usize,
    /// A block ends after this many rows.
    pub block_rows: usize,
    /// A block ends with the row that reaches this many bytes.
    pub block_bytes: usize,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            rules: DefaultRules::default(),
            keys: None,
            key_use: KeyUse::Required,
            max_row_bytes: 256 << 20,
            block_rows: 16_384,
            block_bytes: 16 << 20,
        }
    }
}

/// Which cells are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cells {
    /// The cells of signatures.
    Signatures(KeyUse),
    /// The cells of a keys file: the public keys alone.
    Keys,
}

/// Streams the rows of a file as blocks whose size does not depend on the file.
///
/// ```
/// use sigwarp::DefaultRules;
/// use sigwarp_datasets::{ReadOptions, RowBlock, RowReader};
///
/// let line = r#"{"id":"a","scheme":"ed25519","public_key":"00","message":"","signature":"ff","expected":false}"#;
/// let options = ReadOptions { rules: DefaultRules::new(["zip215"])?, ..ReadOptions::default() };
/// let mut reader = RowReader::jsonl("standard input", line.as_bytes(), &options);
/// let mut block = RowBlock::new();
/// while reader.next_block(&mut block)? {
///     assert_eq!((block.len(), block.id(0), block.expected()[0]), (1, Some("a"), Some(false)));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RowReader {
    source: Source,
    assembler: Assembler,
    block_rows: usize,
    block_bytes: usize,
}

#[derive(Debug)]
enum Source {
    Jsonl(Box<JsonlRows>),
    Parquet(Box<ParquetRows>),
}

/// Opens a file. A missing one or a directory is told as such, whatever its name.
fn open_file(path: &Path) -> Result<(String, File, Metadata), ReadError> {
    let name = path.display().to_string();
    let io = |source: std::io::Error| match source.kind() {
        ErrorKind::NotFound => ReadError::NotFound { file: name.clone() },
        ErrorKind::IsADirectory => ReadError::Directory { file: name.clone() },
        _ => ReadError::Io { file: name.clone(), source },
    };
    let file = File::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if metadata.is_dir() {
        return Err(ReadError::Directory { file: name });
    }
    Ok((name, file, metadata))
}

impl Source {
    fn open(path: &Path, cells: Cells, max_row_bytes: usize) -> Result<Self, ReadError> {
        let (name, file, metadata) = open_file(path)?;
        match Format::of(path) {
            None => Err(ReadError::UnknownFormat { file: name }),
            Some(Format::Parquet) => {
                Ok(Self::Parquet(Box::new(ParquetRows::open(name, file, cells, max_row_bytes)?)))
            }
            Some(Format::Jsonl) => {
                let total = metadata.is_file().then_some(metadata.len());
                let input = Box::new(BufReader::with_capacity(256 << 10, file));
                Ok(Self::Jsonl(Box::new(JsonlRows::new(name, input, total, cells, max_row_bytes))))
            }
        }
    }

    /// Gives the next rows to `each` until it answers `false` (no more for now) or the rows end. Returns
    /// whether there may be more.
    fn rows(&mut self, each: impl FnMut(&Row<'_>) -> Result<bool, RowError>) -> Result<bool, ReadError> {
        match self {
            Self::Jsonl(rows) => rows.rows(each),
            Self::Parquet(rows) => rows.rows(each),
        }
    }

    /// The rows read so far, and the name of the file.
    fn position(&self) -> (u64, &str) {
        match self {
            Self::Jsonl(rows) => rows.position(),
            Self::Parquet(rows) => rows.position(),
        }
    }
}

impl RowReader {
    /// Opens a `.parquet` or `.jsonl` file.
    pub fn open(path: &Path, options: &ReadOptions) -> Result<Self, ReadError> {
        let source = Source::open(path, Cells::Signatures(options.key_use), options.max_row_bytes)?;
        Ok(Self::new(source, options))
    }

    /// Reads JSONL from `input`, which messages call `name`.
    pub fn jsonl(
        name: impl Into<String>,
        input: impl BufRead + Send + 'static,
        options: &ReadOptions,
    ) -> Self {
        let cells = Cells::Signatures(options.key_use);
        let rows = JsonlRows::new(name.into(), Box::new(input), None, cells, options.max_row_bytes);
        Self::new(Source::Jsonl(Box::new(rows)), options)
    }

    fn new(source: Source, options: &ReadOptions) -> Self {
        Self {
            source,
            assembler: Assembler::new(options),
            block_rows: options.block_rows.max(1),
            block_bytes: options.block_bytes.max(1),
        }
    }

    /// Replaces the rows of `block` by the next ones; `false` means that there were no more. A file without any
    /// row is an error. After an error the reader is finished, and `block` holds the rows before the bad one.
    pub fn next_block(&mut self, block: &mut RowBlock) -> Result<bool, ReadError> {
        block.clear(self.source.position().0);
        let (assembler, rows, bytes) = (&mut self.assembler, self.block_rows, self.block_bytes);
        self.source.rows(|row| {
            assembler.push(row, block)?;
            Ok(block.len() < rows && block.bytes() < bytes)
        })?;
        match self.source.position() {
            (0, file) => Err(ReadError::Empty { file: file.to_owned() }),
            _ => Ok(!block.is_empty()),
        }
    }

    /// The name of the file in messages.
    pub fn name(&self) -> &str {
        self.source.position().1
    }

    /// The number of rows read so far.
    pub fn rows_read(&self) -> u64 {
        self.source.position().0
    }

    /// The number of rows of the file, where its format states it.
    pub fn rows_total(&self) -> Option<u64> {
        match &self.source {
            Source::Jsonl(_) => None,
            Source::Parquet(rows) => Some(rows.rows_total()),
        }
    }

    /// How much of the file has been read, from 0 to 1, where its size is known.
    pub fn fraction_read(&self) -> Option<f64> {
        match &self.source {
            Source::Jsonl(rows) => rows.fraction_read(),
            Source::Parquet(rows) => match rows.rows_total() {
                0 => None,
                total => Some(rows.position().0 as f64 / total as f64),
            },
        }
    }

    /// The schemes of the rows so far; see [`DefaultRules::without_scheme`].
    pub fn schemes(&self) -> &BTreeSet<Scheme> {
        self.assembler.schemes()
    }
}

/// Gives every row of a file to `each`.
pub(crate) fn each_row(
    path: &Path,
    cells: Cells,
    max_row_bytes: usize,
    mut each: impl FnMut(&Row<'_>) -> Result<(), RowError>,
) -> Result<(), ReadError> {
    let mut source = Source::open(path, cells, max_row_bytes)?;
    while source.rows(|row| each(row).map(|()| true))? {}
    match source.position() {
        (0, file) => Err(ReadError::Empty { file: file.to_owned() }),
        _ => Ok(()),
    }
}
