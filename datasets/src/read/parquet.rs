//! Rows of a Parquet file.

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::CompressionCodec;
use parquet::file::metadata::RowGroupMetaData;
use sigwarp::arrow::{Booleans, Bytes, Integers, Text};

use super::page::GuardedFile;
use super::{Cells, KeyUse};
use crate::error::{ReadError, RowError};
use crate::row::{Expected, Row};

/// Record batches have at most this many rows, and about this many bytes.
const BATCH_ROWS: usize = 4096;
const BATCH_BYTES: u64 = 8 << 20;
/// Pages may be this much larger than the largest row.
const PAGE_ROOM: usize = 64 << 20;

const MAGIC: &[u8; 4] = b"PAR1";

/// Rows of a Parquet file, read a record batch at a time. Only the known columns are read.
pub(super) struct ParquetRows {
    name: String,
    file: File,
    metadata: ArrowReaderMetadata,
    projection: ProjectionMask,
    max_row_bytes: usize,
    row: u64,
    rows_total: u64,
    groups: VecDeque<usize>,
    group: Option<Group>,
    batch: Option<(RecordBatch, usize)>,
}

/// The row group being read.
struct Group {
    number: usize,
    reader: ParquetRecordBatchReader,
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
    pub(super) fn open(
        name: String,
        file: File,
        cells: Cells,
        max_row_bytes: usize,
    ) -> Result<Self, ReadError> {
        let known = |field: &str| KNOWN.iter().any(|column| column.name == field && column.read(cells));
        Self::select(name, file, max_row_bytes, known, |name, schema| check_columns(name, schema, cells))
    }

    /// The rows of one column of any name.
    pub(super) fn open_column(
        name: String,
        file: File,
        column: &str,
        text: bool,
        max_row_bytes: usize,
    ) -> Result<Self, ReadError> {
        let check = |name: &str, schema: &Schema| check_column(name, schema, column, text);
        Self::select(name, file, max_row_bytes, |field| field == column, check)
    }

    /// Reads the columns that are `wanted`, once `check` has accepted the schema.
    fn select(
        name: String,
        mut file: File,
        max_row_bytes: usize,
        wanted: impl Fn(&str) -> bool,
        check: impl FnOnce(&str, &Schema) -> Result<(), ReadError>,
    ) -> Result<Self, ReadError> {
        let damaged = |problem: String| ReadError::Parquet { file: name.clone(), problem };
        check_ends(&mut file).map_err(damaged)?;
        let metadata = guarded(|| load_metadata(&file)).map_err(|problem| {
            damaged(format!("truncated or damaged Parquet file: {problem}; copy or write it again"))
        })?;
        check(&name, metadata.schema())?;
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        let groups = metadata.metadata().row_groups();
        let mut rows_total = 0u64;
        for (number, group) in groups.iter().enumerate() {
            check_group(group, length).map_err(|problem| {
                damaged(format!("truncated or damaged Parquet file: row group {number} {problem}"))
            })?;
            rows_total = rows_total.saturating_add(group.num_rows().unsigned_abs());
        }
        let roots = metadata.schema().fields().iter().enumerate();
        let roots: Vec<usize> = roots
            .filter(|(_, field)| wanted(field.name()) && field.data_type() != &DataType::Null)
            .map(|(root, _)| root)
            .collect();
        let projection = ProjectionMask::roots(metadata.parquet_schema(), roots);
        for column in groups.iter().flat_map(|group| {
            let leaves = group.columns().iter().enumerate();
            leaves.filter(|(leaf, _)| projection.leaf_included(*leaf)).map(|(_, column)| column)
        }) {
            check_codec(column.compression_codec())
                .map_err(|problem| damaged(format!("column {} {problem}", column.column_path())))?;
        }
        let groups = (0..groups.len()).collect();
        let group = None;
        Ok(Self {
            name,
            file,
            metadata,
            projection,
            max_row_bytes,
            row: 0,
            rows_total,
            groups,
            group,
            batch: None,
        })
    }

    pub(super) fn position(&self) -> (u64, &str) {
        (self.row, &self.name)
    }

    pub(super) fn rows_total(&self) -> u64 {
        self.rows_total
    }

    /// Gives the cells of the one column of [`Self::open_column`] to `each`, as `rows` does with rows.
    pub(super) fn cells(
        &mut self,
        mut each: impl FnMut(Option<&[u8]>) -> Result<bool, RowError>,
    ) -> Result<bool, ReadError> {
        loop {
            let Some((batch, start)) = self.batch.take() else {
                match self.next_batch()? {
                    Some(batch) => self.batch = Some((batch, 0)),
                    None => return Ok(false),
                }
                continue;
            };
            let array = batch.columns().first().map(|array| array.as_ref() as &dyn Array);
            let (bytes, text) = (array.and_then(Bytes::new), array.and_then(Text::new));
            for at in start..batch.num_rows() {
                let cell = bytes.and_then(|bytes| bytes.get(at));
                let cell = cell.or_else(|| text.as_ref().and_then(|text| text.get(at)).map(str::as_bytes));
                let more = match cell {
                    Some(cell) if cell.len() > self.max_row_bytes => {
                        Err(RowError::TooLarge { limit: self.max_row_bytes })
                    }
                    cell => each(cell),
                };
                let more =
                    more.map_err(|source| ReadError::Row { file: self.name.clone(), row: self.row, source })?;
                self.row += 1;
                if !more {
                    let next = at + 1;
                    self.batch = (next < batch.num_rows()).then_some((batch, next));
                    return Ok(true);
                }
            }
        }
    }

    /// See `Source::rows`.
    pub(super) fn rows(
        &mut self,
        mut each: impl FnMut(&Row<'_>) -> Result<bool, RowError>,
    ) -> Result<bool, ReadError> {
        loop {
            let Some((batch, start)) = self.batch.take() else {
                match self.next_batch()? {
                    Some(batch) => self.batch = Some((batch, 0)),
                    None => return Ok(false),
                }
                continue;
            };
            let columns = Columns::of(&batch);
            let mut id = String::new();
            for at in start..batch.num_rows() {
                let more = columns
                    .row(at, &mut id)
                    .and_then(|row| each(&row))
                    .map_err(|source| ReadError::Row { file: self.name.clone(), row: self.row, source })?;
                self.row += 1;
                if !more {
                    let next = at + 1;
                    self.batch = (next < batch.num_rows()).then_some((batch, next));
                    return Ok(true);
                }
            }
        }
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>, ReadError> {
        loop {
            let group = match self.group.take() {
                Some(group) => group,
                None => match self.groups.pop_front() {
                    Some(number) => self.open_group(number)?,
                    None => return Ok(None),
                },
            };
            let number = group.number;
            let damaged = |problem: String| ReadError::Parquet {
                file: self.name.clone(),
                problem: format!(
                    "damaged Parquet file: row group {number}, rows from {}: {problem}",
                    self.row
                ),
            };
            let Group { mut reader, rows_left, .. } = group;
            let batch = guarded(|| reader.next().transpose().map_err(|error| error.to_string()));
            match batch.map_err(damaged)? {
                Some(batch) if batch.num_rows() == 0 => {}
                Some(batch) => {
                    let rows_left = rows_left.checked_sub(batch.num_rows() as u64);
                    let rows_left = rows_left.ok_or_else(|| damaged("more rows than declared".to_owned()))?;
                    self.group = Some(Group { number, reader, rows_left });
                    return Ok(Some(batch));
                }
                // A short row group must not pass for a whole one.
                None if rows_left > 0 => {
                    return Err(damaged(format!("{rows_left} rows fewer than declared")));
                }
                None => {}
            }
        }
    }

    fn open_group(&self, number: usize) -> Result<Group, ReadError> {
        let group = self.metadata.metadata().row_group(number);
        let rows = group.num_rows().unsigned_abs();
        let mut bytes = 0u64;
        let mut widest = 1u64;
        for (leaf, column) in group.columns().iter().enumerate() {
            if self.projection.leaf_included(leaf) {
                bytes = bytes.saturating_add(column.uncompressed_size().unsigned_abs());
                // Zero except for fixed-length cells, which are copied out of dictionaries.
                let width = u64::try_from(column.column_descr().type_length()).unwrap_or(0);
                if width > self.max_row_bytes as u64 {
                    let source = RowError::TooLarge { limit: self.max_row_bytes };
                    return Err(ReadError::Row { file: self.name.clone(), row: self.row, source });
                }
                widest = widest.max(width);
            }
        }
        // Batches follow the size of the rows, so that large messages take no more memory than small ones.
        let average = (bytes / rows.max(1)).max(widest).max(1);
        let batch_rows = usize::try_from(BATCH_BYTES / average).unwrap_or(BATCH_ROWS).clamp(1, BATCH_ROWS);
        let reader = guarded(|| {
            let file = self.file.try_clone().map_err(|error| error.to_string())?;
            let file = GuardedFile::new(file, self.max_row_bytes.saturating_add(PAGE_ROOM));
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
                .with_projection(self.projection.clone())
                .with_row_groups(vec![number])
                .with_batch_size(batch_rows)
                .build()
                .map_err(|error| error.to_string())
        });
        let reader = reader.map_err(|problem| ReadError::Parquet {
            file: self.name.clone(),
            problem: format!("damaged Parquet file: row group {number}: {problem}"),
        })?;
        Ok(Group { number, reader, rows_left: rows })
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
    match (&ends[0] == MAGIC, &ends[1] == MAGIC) {
        (true, true) if length >= 12 => Ok(()),
        (true, _) => Err("truncated Parquet file: its footer is missing; copy or write it again".to_owned()),
        (false, _) => Err(not_parquet("it does not begin with PAR1")),
    }
}

/// The metadata, with byte strings and text as views: they refer to the decoded pages, so a repeated large value
/// is held once.
fn load_metadata(file: &File) -> Result<ArrowReaderMetadata, String> {
    // The Arrow types that a writer noted would bring dictionaries and other layouts back.
    let options = || ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let plain = ArrowReaderMetadata::load(file, options()).map_err(|error| error.to_string())?;
    let fields = plain.schema().fields().iter().map(|field| match field.data_type() {
        DataType::Binary => Arc::new(field.as_ref().clone().with_data_type(DataType::BinaryView)),
        DataType::Utf8 => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8View)),
        _ => field.clone(),
    });
    let schema = Schema::new_with_metadata(fields.collect::<Vec<_>>(), plain.schema().metadata().clone());
    ArrowReaderMetadata::try_new(plain.metadata().clone(), options().with_schema(Arc::new(schema)))
        .map_err(|error| error.to_string())
}

/// Checks that what a row group declares lies within the file.
fn check_group(group: &RowGroupMetaData, length: u64) -> Result<(), String> {
    if group.num_rows() < 0 {
        return Err(format!("declares {} rows", group.num_rows()));
    }
    for column in group.columns() {
        let start = column.dictionary_page_offset().unwrap_or_else(|| column.data_page_offset());
        let end = start.checked_add(column.compressed_size());
        let inside = start >= 0
            && column.compressed_size() >= 0
            && column.uncompressed_size() >= 0
            && end.is_some_and(|end| end.unsigned_abs() <= length);
        if !inside {
            return Err(format!("has a column {} outside the file", column.column_path()));
        }
    }
    Ok(())
}

/// Checks that this build reads a compression; the decoder would say so in its own terms, and only at the first page.
fn check_codec(codec: CompressionCodec) -> Result<(), String> {
    match codec {
        CompressionCodec::UNCOMPRESSED | CompressionCodec::SNAPPY => Ok(()),
        other => {
            Err(format!("is compressed with {other:?}; write the file again with Snappy or uncompressed"))
        }
    }
}

/// A known column.
struct Known {
    name: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Bytes,
    Text,
    Integer,
    Boolean,
    /// An id: text or an integer.
    Label,
}

impl Known {
    fn read(&self, cells: Cells) -> bool {
        cells != Cells::Keys || self.name == "public_key"
    }
}

impl Kind {
    fn holds(self, data_type: &DataType) -> bool {
        use DataType::{BinaryView, Boolean, FixedSizeBinary, Null, Utf8View};
        match (self, data_type) {
            (_, Null)
            | (Self::Bytes, BinaryView | FixedSizeBinary(_))
            | (Self::Text | Self::Label, Utf8View)
            | (Self::Boolean, Boolean) => true,
            (Self::Integer | Self::Label, data_type) => data_type.is_integer(),
            _ => false,
        }
    }

    const fn types(self) -> &'static str {
        match self {
            Self::Bytes => Bytes::TYPES,
            Self::Text => Text::TYPES,
            Self::Integer => Integers::TYPES,
            Self::Boolean => Booleans::TYPES,
            Self::Label => "text or an integer type",
        }
    }
}

const KNOWN: [Known; 12] = [
    Known { name: "id", kind: Kind::Label },
    Known { name: "scheme", kind: Kind::Text },
    Known { name: "rule", kind: Kind::Text },
    Known { name: "encoding", kind: Kind::Text },
    Known { name: "user_id", kind: Kind::Bytes },
    Known { name: "public_key", kind: Kind::Bytes },
    Known { name: "key_index", kind: Kind::Integer },
    Known { name: "message", kind: Kind::Bytes },
    Known { name: "digest", kind: Kind::Bytes },
    Known { name: "signature", kind: Kind::Bytes },
    Known { name: "recovery_id", kind: Kind::Integer },
    Known { name: "expected", kind: Kind::Boolean },
];

fn check_columns(file: &str, schema: &Schema, cells: Cells) -> Result<(), ReadError> {
    for Known { name, kind } in KNOWN.iter().filter(|column| column.read(cells)) {
        if let Ok(field) = schema.field_with_name(name)
            && !kind.holds(field.data_type())
        {
            return Err(ReadError::ColumnType {
                file: file.to_owned(),
                column: name,
                found: field.data_type().to_string().replace("View", ""),
                expected: kind.types(),
            });
        }
    }
    let needs = |columns: &[&'static str], remedy| match columns {
        [first, ..] if !columns.iter().any(|name| schema.field_with_name(name).is_ok()) => {
            Err(ReadError::MissingColumn { file: file.to_owned(), column: first, remedy })
        }
        _ => Ok(()),
    };
    match cells {
        Cells::Keys => needs(&["public_key"], "a keys file needs it"),
        Cells::Signatures(key_use) => {
            needs(&["scheme"], "name the scheme of every row")?;
            needs(&["signature"], "every row needs one")?;
            needs(&["message", "digest"], "add it, or digest for schemes that take one")?;
            match key_use {
                KeyUse::Required => {
                    needs(&["public_key", "key_index"], "add it, or key_index and a keys file")
                }
                KeyUse::Optional => Ok(()),
            }
        }
    }
}

/// Checks that a column is there and holds bytes, or text where the caller reads text.
fn check_column(file: &str, schema: &Schema, column: &str, text: bool) -> Result<(), ReadError> {
    let Ok(field) = schema.field_with_name(column) else {
        let has = schema.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>();
        let (file, column) = (file.to_owned(), column.to_owned());
        return Err(ReadError::NoColumn { file, column, has: has.join(", ") });
    };
    let wanted = if text { Kind::Text } else { Kind::Bytes };
    if wanted.holds(field.data_type()) {
        return Ok(());
    }
    let remedy = match field.data_type() {
        DataType::Utf8View if !text => "it is text; say so (--text) to take its UTF-8 bytes",
        _ if text => "name a column of text, or leave --text out for one of bytes",
        _ => "name a column of bytes",
    };
    Err(ReadError::NotBytes {
        file: file.to_owned(),
        column: column.to_owned(),
        found: field.data_type().to_string().replace("View", ""),
        remedy,
    })
}

/// The known columns of a record batch.
struct Columns<'a> {
    id: Option<Text<'a>>,
    id_number: Option<Integers<'a>>,
    scheme: Option<Text<'a>>,
    rule: Option<Text<'a>>,
    encoding: Option<Text<'a>>,
    user_id: Option<Bytes<'a>>,
    public_key: Option<Bytes<'a>>,
    key_index: Option<Integers<'a>>,
    message: Option<Bytes<'a>>,
    digest: Option<Bytes<'a>>,
    signature: Option<Bytes<'a>>,
    recovery_id: Option<Integers<'a>>,
    expected: Option<Booleans<'a>>,
}

impl<'a> Columns<'a> {
    /// The columns; `check_columns` has seen to their types.
    fn of(batch: &'a RecordBatch) -> Self {
        let array = |name: &str| batch.column_by_name(name).map(|array| array.as_ref() as &dyn Array);
        let text = |name| array(name).and_then(Text::new);
        let bytes = |name| array(name).and_then(Bytes::new);
        let integers = |name| array(name).and_then(Integers::new);
        Self {
            id: text("id"),
            id_number: integers("id"),
            scheme: text("scheme"),
            rule: text("rule"),
            encoding: text("encoding"),
            user_id: bytes("user_id"),
            public_key: bytes("public_key"),
            key_index: integers("key_index"),
            message: bytes("message"),
            digest: bytes("digest"),
            signature: bytes("signature"),
            recovery_id: integers("recovery_id"),
            expected: array("expected").and_then(Booleans::new),
        }
    }

    /// The cells of a row; a number that serves as id is written into `id`.
    fn row<'r>(&'r self, row: usize, id: &'r mut String) -> Result<Row<'r>, RowError> {
        let text = |column: &'r Option<Text<'a>>| column.as_ref().and_then(|column| column.get(row));
        let bytes = |column: Option<Bytes<'a>>| column.and_then(|column| column.get(row));
        if let Some(number) = self.id_number.and_then(|column| column.get(row)) {
            *id = number.to_string();
        } else {
            id.clear();
        }
        let id = if id.is_empty() { text(&self.id) } else { Some(id.as_str()) };
        Ok(Row {
            id,
            scheme: text(&self.scheme),
            rule: text(&self.rule),
            encoding: text(&self.encoding),
            user_id: bytes(self.user_id),
            public_key: bytes(self.public_key),
            key_index: number("key_index", self.key_index, row, "0 or more")?,
            message: bytes(self.message),
            digest: bytes(self.digest),
            signature: bytes(self.signature),
            recovery_id: number("recovery_id", self.recovery_id, row, "0 to 255")?,
            expected: match self.expected.and_then(|column| column.get(row)) {
                Some(valid) => Expected::Valid(valid),
                None => Expected::Unknown,
            },
        })
    }
}

fn number<T: TryFrom<i128>>(
    field: &'static str,
    column: Option<Integers<'_>>,
    row: usize,
    expected: &'static str,
) -> Result<Option<T>, RowError> {
    match column.and_then(|column| column.get(row)) {
        Some(value) => T::try_from(value).map(Some).map_err(|_| RowError::Number { field, value, expected }),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_compressions_are_told_with_a_remedy() {
        assert!(check_codec(CompressionCodec::SNAPPY).is_ok());
        let error = check_codec(CompressionCodec::ZSTD).unwrap_err();
        assert!(error.starts_with("is compressed with ZSTD;") && error.ends_with("Snappy or uncompressed"));
    }
}
