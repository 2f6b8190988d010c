//! Reading rows: what all formats share. `open` makes a format's bytes of a path, `source` has the seam behind which a
//! format turns them into cells (`text` for text, `parquet`), this file turns cells into bounded blocks.

mod bytes;
mod cell;
mod column;
mod json;
mod lines;
mod open;
mod parquet;
mod source;
mod text;
mod zstd;

use std::collections::BTreeSet;
use std::io::{BufRead, Read};
use std::path::Path;
use std::sync::Arc;

use sigwarp::{DefaultRules, Scheme};

use crate::assemble::Assembler;
use crate::block::RowBlock;
use crate::error::ReadError;
use crate::keys::KeyFile;
use crate::layout::{Field, Layout};
pub use bytes::{BadBytes, BytesForm};
pub use column::ColumnReader;
pub(crate) use json::{CellOf, NAMES, NamesOf, RowOf, Text, TextRow, list, parse, short};
pub use lines::LineReader;
pub(crate) use open::HEAD;
pub(crate) use parquet::{LITTLE_ENDIAN_ALONE, MAGIC as PARQUET, ParquetRows};
pub(crate) use source::{FileReader, Reader};
use source::{Input, RowSource, RowTaker};
use text::TextRows;
pub(crate) use text::{Records, Stop};

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
    /// The scheme of rows that name none.
    pub scheme: Option<Scheme>,
    /// The signature encoding of rows that name none, where their scheme has it.
    pub encoding: Option<String>,
    /// What files do not say of themselves.
    pub layout: Layout,
    /// The keys that `key_index` refers to.
    pub keys: Option<Arc<KeyFile>>,
    /// Whether a row needs a key.
    pub key_use: KeyUse,
    /// The largest row: the length of its text, or the bytes of a Parquet row's cells.
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
            scheme: None,
            encoding: None,
            layout: Layout::default(),
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

impl Cells {
    /// Whether a field is among them.
    pub(crate) fn read(self, field: Field) -> bool {
        self != Self::Keys || field == Field::PublicKey
    }
}

/// What is wanted of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) cells: Cells,
    pub(crate) layout: &'a Layout,
    /// Whether rows without a scheme have one nevertheless.
    pub(crate) scheme_known: bool,
    /// A field whose column need not be there although it was named: the keys of rows may be in another file.
    pub(crate) optional: Option<Field>,
}

impl<'a> Wanted<'a> {
    fn rows(options: &'a ReadOptions) -> Self {
        Self {
            cells: Cells::Signatures(options.key_use),
            layout: &options.layout,
            scheme_known: options.scheme.is_some(),
            optional: options.keys.as_ref().map(|_| Field::PublicKey),
        }
    }

    /// The fields whose columns were named and must be in the file, with those columns.
    pub(crate) fn named(self) -> impl Iterator<Item = (Field, &'a str)> {
        let must = move |field| self.cells.read(field) && self.optional != Some(field);
        self.layout.columns.named().filter(move |&(field, _)| must(field))
    }
}

/// The first field that every file needs and this one has no column for, and what would help.
pub(crate) fn missing_column(
    wanted: &Wanted<'_>,
    has: impl Fn(Field) -> bool,
) -> Option<(Field, &'static str)> {
    let needs: &[(&[Field], &'static str)] = match wanted.cells {
        Cells::Keys => &[(&[Field::PublicKey], "a keys file needs it")],
        Cells::Signatures(_) => &[
            (&[Field::Scheme], "name the scheme of every row, or add --scheme"),
            (&[Field::Signature], "every row needs one"),
            (&[Field::Message, Field::Digest], "add it, or digest for schemes that take one"),
            (&[Field::PublicKey, Field::KeyIndex], "add it, or key_index and a keys file"),
        ],
    };
    let given = |field| match field {
        Field::Scheme => wanted.scheme_known,
        Field::PublicKey => wanted.cells == Cells::Signatures(KeyUse::Optional),
        _ => false,
    };
    let missing =
        needs.iter().find(|(fields, _)| !given(fields[0]) && !fields.iter().any(|&field| has(field)));
    missing.map(|(fields, remedy)| (fields[0], *remedy))
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
    source: Box<dyn RowSource>,
    assembler: Assembler,
    block_rows: usize,
    block_bytes: usize,
}

impl RowReader {
    /// Opens a file of a format that [`crate::FileKind`] knows.
    pub fn open(path: &Path, options: &ReadOptions) -> Result<Self, ReadError> {
        Self::opened(open::open(path, &options.layout)?, options)
    }

    /// Reads `input`, which messages call `name`, in the format of the layout, or as JSONL where that says none. It may
    /// be compressed. Parquet is first copied into a temporary file.
    pub fn stream(
        name: impl Into<String>,
        input: impl Read + Send + 'static,
        options: &ReadOptions,
    ) -> Result<Self, ReadError> {
        Self::opened(open::stream(name.into(), input, &options.layout)?, options)
    }

    fn opened(input: Input, options: &ReadOptions) -> Result<Self, ReadError> {
        let source = input.rows(&Wanted::rows(options), options.max_row_bytes)?;
        Ok(Self::new(source, options))
    }

    /// Reads JSONL from `input`, which messages call `name`, and never more of it than its own buffer and a row hold.
    pub fn jsonl(
        name: impl Into<String>,
        input: impl BufRead + Send + 'static,
        options: &ReadOptions,
    ) -> Self {
        let text =
            TextRows::lines(name.into(), Box::new(input), &Wanted::rows(options), options.max_row_bytes);
        Self::new(Box::new(text), options)
    }

    fn new(source: Box<dyn RowSource>, options: &ReadOptions) -> Self {
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
        self.source.rows(&mut RowTaker::Block { assembler, block, rows, bytes })?;
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
        self.source.rows_total()
    }

    /// How much of the file has been read, from 0 to 1, where its size is known.
    pub fn fraction_read(&self) -> Option<f64> {
        self.source.fraction_read()
    }

    /// The schemes of the rows so far; see [`DefaultRules::without_scheme`].
    pub fn schemes(&self) -> &BTreeSet<Scheme> {
        self.assembler.schemes()
    }
}

/// Adds the key of every row of a file to `keys`.
pub(crate) fn read_keys(
    input: KeyInput<'_>,
    layout: &Layout,
    max_row_bytes: usize,
    keys: &mut KeyFile,
) -> Result<(), ReadError> {
    let wanted = Wanted { cells: Cells::Keys, layout, scheme_known: false, optional: None };
    let opened = match input {
        KeyInput::Path(path) => open::open(path, layout)?,
        KeyInput::Stream(name, input) => open::stream(name, input, layout)?,
    };
    let mut source = opened.rows(&wanted, max_row_bytes)?;
    while source.rows(&mut RowTaker::Keys { keys, max_row_bytes })? {}
    match source.position() {
        (0, file) => Err(ReadError::Empty { file: file.to_owned() }),
        _ => Ok(()),
    }
}

/// Where keys are read from.
pub(crate) enum KeyInput<'a> {
    Path(&'a Path),
    /// A stream, which messages call by this name.
    Stream(String, Box<dyn Read + Send>),
}
