//! Rows of a Parquet file.

mod bytes;
mod codec;
mod column;
mod delta;
mod header;
mod label;
mod numbers;
mod pages;
mod rows;
mod runs;
mod schema;

use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::schema::types::SchemaDescriptor;

use self::codec::check_codec;
use self::column::Column;
use self::pages::{PagedFile, chunk_range};
use self::rows::{Places, Scratch};
use self::schema::{CellType, KNOWN, check_column, check_columns, check_once, leaf};
use super::Wanted;
use super::bytes::BytesForm;
use super::cell::bytes_of_text;
use super::source::{CellSource, CellTaker, OneColumn, RowSource, RowTaker};
use crate::error::{ReadError, RowError};

/// Why Parquet is refused on a big-endian machine: the crate `parquet` copies numbers as they lie in memory, so that it
/// would read and write other ones there.
pub(crate) const LITTLE_ENDIAN_ALONE: &str =
    "Parquet can be read and written on little-endian machines alone; use JSONL or CSV on this one";

/// Cells of a column that are decoded at once.
const CELLS: u64 = 1024;
/// Pages may be this much larger than the largest row.
const PAGE_ROOM: usize = 64 << 20;

/// The first bytes of a file, and its last.
pub(crate) const MAGIC: &[u8; 4] = b"PAR1";
/// Of a file whose footer is encrypted.
const ENCRYPTED: &[u8; 4] = b"PARE";

/// Rows of a Parquet file. Only the known columns are read, each a page at a time.
pub(crate) struct ParquetRows {
    name: String,
    file: Arc<PagedFile>,
    metadata: ParquetMetaData,
    /// The columns that are read: the names of their fields, and which columns of the file they are.
    leaves: Vec<(String, usize)>,
    places: Places,
    /// Whether the cells of [`Self::open_column`] are text.
    text: bool,
    /// How text writes bytes.
    form: BytesForm,
    max_row_bytes: usize,
    row: u64,
    rows_total: u64,
    groups: Range<usize>,
    group: Option<Group>,
}

/// The row group being read.
struct Group {
    number: usize,
    /// Columns in the order of `leaves`.
    columns: Vec<Column>,
    rows_left: u64,
}

impl fmt::Debug for ParquetRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetRows")
            .field("name", &self.name)
            .field("row", &self.row)
            .finish_non_exhaustive()
    }
}

impl ParquetRows {
    pub(crate) fn open(
        name: String,
        file: File,
        wanted: &Wanted<'_>,
        max_row_bytes: usize,
    ) -> Result<Self, ReadError> {
        let names = &wanted.layout.columns;
        let known = KNOWN.iter().filter(|column| column.read(wanted.cells));
        let columns: Vec<(&str, &str)> =
            known.filter_map(|column| Some((column.name, column.column(names)?))).collect();
        let form = wanted.layout.bytes;
        let check = |name: &str, schema: &SchemaDescriptor| check_columns(name, schema, wanted);
        Ok(Self { form, ..Self::select(name, file, max_row_bytes, &columns, check)? })
    }

    /// The rows of one column of any name.
    pub(crate) fn open_column(
        name: String,
        file: File,
        OneColumn { name: column, text, form }: OneColumn<'_>,
        max_row_bytes: usize,
    ) -> Result<Self, ReadError> {
        let check = |name: &str, schema: &SchemaDescriptor| check_column(name, schema, column, text);
        Ok(Self { text, form, ..Self::select(name, file, max_row_bytes, &[(column, column)], check)? })
    }

    /// Reads the fields that are `wanted` from their columns, once `check` has accepted the schema.
    fn select(
        name: String,
        mut file: File,
        max_row_bytes: usize,
        wanted: &[(&str, &str)],
        check: impl FnOnce(&str, &SchemaDescriptor) -> Result<(), ReadError>,
    ) -> Result<Self, ReadError> {
        let damaged = |problem: String| ReadError::Parquet { file: name.clone(), problem };
        if cfg!(target_endian = "big") {
            return Err(damaged(LITTLE_ENDIAN_ALONE.to_owned()));
        }
        check_ends(&mut file).map_err(damaged)?;
        let metadata = ParquetMetaDataReader::new();
        let metadata = guarded(|| metadata.parse_and_finish(&file).map_err(|error| error.to_string()));
        let metadata = metadata.map_err(|problem| {
            damaged(format!("truncated or damaged Parquet file: {problem}; copy or write it again"))
        })?;
        let schema = metadata.file_metadata().schema_descr();
        check_once(&name, schema, wanted)?;
        check(&name, schema)?;
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        let groups = metadata.row_groups();
        let mut rows_total = 0u64;
        for (number, group) in groups.iter().enumerate() {
            check_group(group, schema.num_columns(), length).map_err(|problem| {
                damaged(format!("truncated or damaged Parquet file: row group {number} {problem}"))
            })?;
            rows_total = rows_total.saturating_add(group.num_rows().unsigned_abs());
        }
        let leaves: Vec<(String, usize)> = wanted
            .iter()
            .filter_map(|(field, column)| leaf(schema, column).map(|leaf| ((*field).to_owned(), leaf)))
            .collect();
        for group in groups {
            for (column, leaf) in &leaves {
                let chunk = group.column(*leaf);
                let readable = check_codec(chunk.compression_codec()).and(match chunk.file_path() {
                    Some(_) => Err("lies in another file; name the files that hold the rows".to_owned()),
                    None => Ok(()),
                });
                readable.map_err(|problem| damaged(format!("column {column} {problem}")))?;
            }
        }
        Ok(Self {
            file: Arc::new(PagedFile::new(file, max_row_bytes.saturating_add(PAGE_ROOM))),
            groups: 0..groups.len(),
            places: Places::of(&leaves),
            name,
            metadata,
            leaves,
            text: false,
            form: BytesForm::default(),
            max_row_bytes,
            row: 0,
            rows_total,
            group: None,
        })
    }

    /// Gives the columns and the place of a row in them to `each`, for row after row, until it answers `false` or the
    /// rows end. Returns whether there may be more.
    fn each_ready(
        &mut self,
        mut each: impl FnMut(&[Column], usize) -> Result<bool, Problem>,
    ) -> Result<bool, ReadError> {
        while let Some((mut group, ready)) = self.next_ready()? {
            let (mut taken, mut more) = (0, true);
            while more && taken < ready {
                more = each(&group.columns, taken).map_err(|problem| match problem {
                    Problem::Row(source) => ReadError::Row { file: self.name.clone(), row: self.row, source },
                    Problem::File(problem) => self.damaged(group.number, problem),
                })?;
                self.row += 1;
                taken += 1;
            }
            group.rows_left -= taken as u64;
            group.columns.iter_mut().for_each(|column| column.take(taken));
            self.group = Some(group);
            if !more {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn damaged(&self, group: usize, problem: String) -> ReadError {
        let row = self.row;
        let problem = format!("damaged Parquet file: row group {group}, rows from {row}: {problem}");
        ReadError::Parquet { file: self.name.clone(), problem }
    }

    /// The row group with the next rows, and how many of them are ready in all of its columns; `None` behind the last
    /// row. Who asks gives the group back, so that after an error there is none.
    fn next_ready(&mut self) -> Result<Option<(Group, usize)>, ReadError> {
        loop {
            let mut group = match self.group.take() {
                Some(group) => group,
                None => match self.groups.next() {
                    Some(number) => self.open_group(number)?,
                    None => return Ok(None),
                },
            };
            let number = group.number;
            match guarded(|| group.decode(&self.leaves)).map_err(|problem| self.damaged(number, problem))? {
                0 => {}
                ready => return Ok(Some((group, ready))),
            }
        }
    }

    fn open_group(&self, number: usize) -> Result<Group, ReadError> {
        let group = self.metadata.row_group(number);
        for (_, leaf) in &self.leaves {
            // Zero except for cells of one width.
            let width = u64::try_from(group.column(*leaf).column_descr().type_length()).unwrap_or(0);
            if width > self.max_row_bytes as u64 {
                let source = RowError::TooLarge { limit: self.max_row_bytes };
                return Err(ReadError::Row { file: self.name.clone(), row: self.row, source });
            }
        }
        let columns = guarded(|| {
            let open = |(name, leaf): &(String, usize)| {
                Column::open(&self.file, group, *leaf).map_err(|problem| format!("column {name}: {problem}"))
            };
            self.leaves.iter().map(open).collect()
        });
        let columns = columns.map_err(|problem| ReadError::Parquet {
            file: self.name.clone(),
            problem: format!("damaged Parquet file: row group {number}: {problem}"),
        })?;
        Ok(Group { number, columns, rows_left: group.num_rows().unsigned_abs() })
    }
}

/// The rows of [`ParquetRows::open`].
impl RowSource for ParquetRows {
    fn rows(&mut self, taker: &mut RowTaker<'_>) -> Result<bool, ReadError> {
        let (places, form) = (self.places, self.form);
        let mut scratch = Scratch::default();
        self.each_ready(|columns, at| Ok(taker.take(&places.row(columns, at, form, &mut scratch)?)?))
    }

    fn position(&self) -> (u64, &str) {
        (self.row, &self.name)
    }

    fn rows_total(&self) -> Option<u64> {
        Some(self.rows_total)
    }
}

/// The cells of the one column of [`ParquetRows::open_column`].
impl CellSource for ParquetRows {
    fn cells(&mut self, taker: &mut CellTaker<'_>) -> Result<bool, ReadError> {
        let (limit, text, form) = (self.max_row_bytes, self.text, self.form);
        let name = self.leaves.first().map(|(name, _)| name.clone()).unwrap_or_default();
        let mut decoded = Vec::new();
        self.each_ready(|columns, at| {
            let Some(column) = columns.first() else { return Ok(taker.take(None)?) };
            let mut cell = column.bytes(at);
            if let (Some(written), CellType::Text, false) = (cell, column.of(), text) {
                if written.len() / 2 > limit {
                    return Err(RowError::TooLarge { limit }.into());
                }
                let bytes = bytes_of_text(form, "", &String::from_utf8_lossy(written), &mut decoded);
                cell = Some(bytes.map_err(|source| RowError::CellBytes { column: name.clone(), source })?);
            }
            if cell.is_some_and(|cell| cell.len() > limit) {
                return Err(RowError::TooLarge { limit }.into());
            }
            if text {
                cell.map(str::from_utf8).transpose().map_err(|error| not_text(&name, error))?;
            }
            Ok(taker.take(cell)?)
        })
    }

    fn position(&self) -> (u64, &str) {
        (self.row, &self.name)
    }
}

impl Group {
    /// Decodes cells of the columns that have none ready. Returns how many rows are ready in all columns; 0 behind the
    /// last one.
    fn decode(&mut self, leaves: &[(String, usize)]) -> Result<usize, String> {
        let names = leaves.iter().map(|(name, _)| name);
        let fill = |column: &mut Column, name: &str, count| {
            column.fill(count).map_err(|problem| format!("column {name}: {problem}"))
        };
        if self.rows_left == 0 {
            for (column, name) in self.columns.iter_mut().zip(names) {
                fill(column, name, 1)?;
                if column.ready() > 0 {
                    return Err(format!("column {name}: more rows than declared"));
                }
            }
            return Ok(0);
        }
        let mut ready = self.rows_left.min(CELLS) as usize;
        let wanted = ready;
        for (column, name) in self.columns.iter_mut().zip(names) {
            if column.ready() == 0 {
                fill(column, name, wanted)?;
            }
            // A short row group must not pass for a whole one.
            if column.ready() == 0 {
                return Err(format!("column {name}: {} rows fewer than declared", self.rows_left));
            }
            ready = ready.min(column.ready());
        }
        Ok(ready)
    }
}

/// What is wrong where a row is read.
enum Problem {
    Row(RowError),
    File(String),
}

impl From<RowError> for Problem {
    fn from(error: RowError) -> Self {
        Self::Row(error)
    }
}

/// Runs a step of the decoder. It is written for files that are what they say; where damage makes it panic,
/// that is an error of the file.
fn guarded<T>(step: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(step)).unwrap_or_else(|_| Err("the decoder gave up".to_owned()))
}

/// Tells the usual accidents apart before the decoder does: another kind of file, and a truncated one.
fn check_ends(file: &mut File) -> Result<(), String> {
    let not_parquet = |what: &str| format!("not a Parquet file: {what}; check how it was made");
    let length = file.metadata().map_err(|error| format!("cannot read: {error}"))?.len();
    if length == 0 {
        return Err(not_parquet("it is empty (0 bytes)"));
    }
    let mut ends = [[0u8; 4]; 2];
    let read = |file: &mut File, at: SeekFrom, into: &mut [u8; 4]| {
        file.seek(at).and_then(|_| file.read_exact(into)).map_err(|error| format!("cannot read: {error}"))
    };
    if length >= 4 {
        read(file, SeekFrom::Start(0), &mut ends[0])?;
        read(file, SeekFrom::End(-4), &mut ends[1])?;
    }
    if &ends[1] == ENCRYPTED {
        return Err("an encrypted Parquet file; decrypt it, or write it again without encryption".to_owned());
    }
    match (&ends[0] == MAGIC, &ends[1] == MAGIC) {
        (true, true) if length >= 12 => Ok(()),
        (true, _) => Err("truncated Parquet file: its footer is missing; copy or write it again".to_owned()),
        (false, _) => Err(not_parquet("it does not begin with PAR1")),
    }
}

/// Checks that what a row group declares lies within the file.
fn check_group(group: &RowGroupMetaData, columns: usize, length: u64) -> Result<(), String> {
    if group.columns().len() != columns {
        return Err(format!("has {} columns, where the schema has {columns}", group.columns().len()));
    }
    if group.num_rows() < 0 {
        return Err(format!("declares {} rows", group.num_rows()));
    }
    for column in group.columns() {
        let end = chunk_range(column).and_then(|(start, size)| start.checked_add(size));
        let inside = column.uncompressed_size() >= 0 && end.is_some_and(|end| end <= length);
        if !inside {
            return Err(format!("has a column {} outside the file", column.column_path()));
        }
    }
    Ok(())
}

fn not_text(column: &str, error: std::str::Utf8Error) -> Problem {
    Problem::File(format!("column {column}: encountered non UTF-8 data: {error}"))
}
