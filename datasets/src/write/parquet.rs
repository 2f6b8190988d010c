//! Rows and verdicts as Parquet.

mod cells;

use std::fmt;
use std::io::Write as _;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as PhysicalType};
use parquet::data_type::{BoolType, Int32Type, Int64Type};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{FileMetaData, ParquetMetaData, ParquetMetaDataWriter};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, Type, TypePtr};
use sigwarp::Verdicts;

use self::cells::{ByteCells, Cells, NumberCells};
use super::sink::Sink;
use super::{ROW_GROUP_ROWS, RowSink, VerdictSink};
use crate::block::RowBlock;
use crate::error::WriteError;
use crate::read::LITTLE_ENDIAN_ALONE;
use crate::row::{Expected, Row};

/// What a column holds. Parquet stores unsigned integers as the bits of signed ones.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Bytes,
    Unsigned8,
    Unsigned64,
    Boolean,
}

/// More bytes than the end of a file takes without row groups, and a chunk of a column in it.
const END: u64 = 4096;
const CHUNK: u64 = 256;

/// A column of the schema, null where a row has no cell if it is `nullable`.
fn field(name: &str, kind: Kind, nullable: bool) -> ParquetResult<TypePtr> {
    let (physical, logical) = match kind {
        Kind::Text => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Bytes => (PhysicalType::BYTE_ARRAY, None),
        Kind::Unsigned8 => (PhysicalType::INT32, Some(LogicalType::integer(8, false))),
        Kind::Unsigned64 => (PhysicalType::INT64, Some(LogicalType::integer(64, false))),
        Kind::Boolean => (PhysicalType::BOOLEAN, None),
    };
    let field = Type::primitive_type_builder(name, physical)
        .with_logical_type(logical)
        .with_repetition(if nullable { Repetition::OPTIONAL } else { Repetition::REQUIRED });
    field.build().map(Arc::new)
}

/// A Parquet file being written.
struct Table {
    name: String,
    writer: SerializedFileWriter<Sink>,
    row_group_rows: usize,
    /// Rows that are collected for the next row group.
    rows: usize,
    /// Row groups that stay whatever happens, and their rows.
    groups: usize,
    committed: u64,
    /// Whether something could not be written: then the file ends with what is committed.
    failed: bool,
    /// Whether the file has its end.
    ended: bool,
}

/// Without an end nothing of a file could be read: whatever stopped its writer, it has one, behind what is committed.
impl Drop for Table {
    fn drop(&mut self) {
        if !self.ended {
            drop(self.end());
        }
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Table").field(&self.name).finish()
    }
}

impl Table {
    fn new(sink: Sink, fields: &[(&str, Kind, bool)], row_group_rows: usize) -> Result<Self, WriteError> {
        let name = sink.name();
        if cfg!(target_endian = "big") {
            return Err(WriteError::Row { file: name, problem: LITTLE_ENDIAN_ALONE.to_owned() });
        }
        let mut properties = WriterProperties::builder()
            .set_created_by(concat!("sigwarp ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::None);
        // These hardly ever repeat, and a dictionary of them would be built in vain.
        for column in ["id", "index", "message", "digest", "signature"] {
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(column), false);
        }
        let fields = fields.iter().map(|(name, kind, nullable)| field(name, *kind, *nullable));
        let writer = fields.collect::<ParquetResult<Vec<_>>>().and_then(|fields| {
            let schema = Type::group_type_builder("schema").with_fields(fields).build()?;
            SerializedFileWriter::new(sink, Arc::new(schema), Arc::new(properties.build()))
        });
        let writer = writer.map_err(|error| write_error(&name, error))?;
        let row_group_rows = row_group_rows.max(1);
        let mut table = Self {
            name,
            writer,
            row_group_rows,
            rows: 0,
            groups: 0,
            committed: 0,
            failed: false,
            // There is nothing to end before the file has its beginning.
            ended: true,
        };
        table.commit()?;
        table.ended = false;
        Ok(table)
    }

    /// What was written stays from now on: behind it there is room for the end of the file, without which nothing of it
    /// could be read.
    fn commit(&mut self) -> Result<(), WriteError> {
        let columns = self.writer.schema_descr().num_columns();
        let groups = self.writer.flushed_row_groups().len();
        let room = END + CHUNK * (columns * (groups + 1)) as u64;
        self.writer.inner_mut().commit_with_room(room)?;
        self.groups = groups;
        let rows = self.writer.flushed_row_groups().iter().map(|group| group.num_rows().unsigned_abs());
        self.committed = rows.sum();
        Ok(())
    }

    /// Counts a row that was added to the columns. When they hold a row group, it is written, and they are empty again.
    fn added<const COLUMNS: usize>(&mut self, columns: [&mut dyn Cells; COLUMNS]) -> Result<(), WriteError> {
        self.rows += 1;
        if self.rows >= self.row_group_rows { self.write(columns) } else { Ok(()) }
    }

    /// Writes what the columns hold as a row group. After an error they are empty too, and the file ends before it.
    fn write<const COLUMNS: usize>(&mut self, columns: [&mut dyn Cells; COLUMNS]) -> Result<(), WriteError> {
        if std::mem::take(&mut self.rows) == 0 {
            return Ok(());
        }
        let write = || {
            let mut group = self.writer.next_row_group()?;
            for cells in columns {
                let Some(mut column) = group.next_column()? else {
                    return Err(ParquetError::General("the schema has fewer columns".to_owned()));
                };
                cells.write(&mut column)?;
                column.close()?;
            }
            group.close().map(|_| ())
        };
        let written = write().map_err(|error| write_error(&self.name, error));
        written.and_then(|()| self.commit()).inspect_err(|_| self.failed = true)
    }

    /// Completes the file and gives it its name.
    fn finish(&mut self) -> Result<(), WriteError> {
        self.complete(Sink::finish)
    }

    /// Completes the file without giving it its name, with what is committed.
    fn keep(&mut self) -> Result<(), WriteError> {
        match self.failed {
            true => self.end(),
            false => self.complete(Sink::commit).or_else(|_| self.end()),
        }
    }

    /// Writes the end of the file, with an index of its pages, for which there may be no room.
    fn complete(&mut self, then: impl FnOnce(&mut Sink) -> Result<(), WriteError>) -> Result<(), WriteError> {
        let ended = self.writer.finish().map(|_| ()).map_err(|error| write_error(&self.name, error));
        ended.and_then(|()| then(self.writer.inner_mut()))?;
        self.ended = true;
        Ok(())
    }

    /// Writes the end of the file behind the row groups that are committed, where there is room for it.
    fn end(&mut self) -> Result<(), WriteError> {
        self.writer.inner_mut().roll_back();
        let schema = Arc::new(self.writer.schema_descr().clone());
        let created_by = self.writer.properties().created_by().to_owned();
        let rows = i64::try_from(self.committed).unwrap_or(i64::MAX);
        let file = FileMetaData::new(1, rows, Some(created_by), None, schema, None);
        let groups = self.writer.flushed_row_groups()[..self.groups].to_vec();
        let metadata = ParquetMetaData::new(file, groups);
        let mut end = Vec::new();
        ParquetMetaDataWriter::new(&mut end, &metadata)
            .finish()
            .map_err(|error| write_error(&self.name, error))?;
        let sink = self.writer.inner_mut();
        sink.write_all(&end).map_err(|source| sink.error(source))?;
        sink.commit()?;
        self.ended = true;
        Ok(())
    }
}

fn write_error(name: &str, error: ParquetError) -> WriteError {
    let source = match error {
        ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
            Ok(io) => *io,
            Err(other) => std::io::Error::other(other),
        },
        other => std::io::Error::other(other),
    };
    WriteError::Io { file: name.to_owned(), source }
}

/// Rows, collected as columns.
#[derive(Debug)]
pub(crate) struct RowColumns {
    table: Table,
    columns: RowCells,
}

#[derive(Debug, Default)]
struct RowCells {
    id: ByteCells,
    scheme: ByteCells,
    rule: ByteCells,
    encoding: ByteCells,
    user_id: ByteCells,
    context: ByteCells,
    public_key: ByteCells,
    key_index: NumberCells<Int64Type>,
    message: ByteCells,
    digest: ByteCells,
    signature: ByteCells,
    recovery_id: NumberCells<Int32Type>,
    expected: NumberCells<BoolType>,
    fault: ByteCells,
}

impl RowCells {
    const FIELDS: [(&str, Kind, bool); 14] = [
        ("id", Kind::Text, true),
        ("scheme", Kind::Text, true),
        ("rule", Kind::Text, true),
        ("encoding", Kind::Text, true),
        ("user_id", Kind::Bytes, true),
        ("context", Kind::Bytes, true),
        ("public_key", Kind::Bytes, true),
        ("key_index", Kind::Unsigned64, true),
        ("message", Kind::Bytes, true),
        ("digest", Kind::Bytes, true),
        ("signature", Kind::Bytes, true),
        ("recovery_id", Kind::Unsigned8, true),
        ("expected", Kind::Boolean, true),
        ("fault", Kind::Text, true),
    ];

    /// The columns in the order of [`Self::FIELDS`].
    fn in_order(&mut self) -> [&mut dyn Cells; Self::FIELDS.len()] {
        [
            &mut self.id,
            &mut self.scheme,
            &mut self.rule,
            &mut self.encoding,
            &mut self.user_id,
            &mut self.context,
            &mut self.public_key,
            &mut self.key_index,
            &mut self.message,
            &mut self.digest,
            &mut self.signature,
            &mut self.recovery_id,
            &mut self.expected,
            &mut self.fault,
        ]
    }
}

impl RowColumns {
    pub(crate) fn new(sink: Sink, row_group_rows: usize) -> Result<Self, WriteError> {
        let table = Table::new(sink, &RowCells::FIELDS, row_group_rows)?;
        Ok(Self { table, columns: RowCells::default() })
    }
}

impl RowSink for RowColumns {
    fn row(&mut self, row: &Row<'_>, fault: Option<&str>) -> Result<(), WriteError> {
        let expected = match row.expected {
            Expected::Unknown => None,
            Expected::Valid(valid) => Some(valid),
            Expected::ByRule(_) => {
                return Err(WriteError::Row {
                    file: self.table.name.clone(),
                    problem: "Parquet has no form for expected by rule; write JSONL".to_owned(),
                });
            }
        };
        let columns = &mut self.columns;
        columns.id.push(row.id);
        columns.scheme.push(row.scheme);
        columns.rule.push(row.rule);
        columns.encoding.push(row.encoding);
        columns.user_id.push(row.user_id);
        columns.context.push(row.context);
        columns.public_key.push(row.public_key);
        columns.key_index.push(row.key_index.map(u64::cast_signed));
        columns.message.push(row.message);
        columns.digest.push(row.digest);
        columns.signature.push(row.signature);
        columns.recovery_id.push(row.recovery_id.map(i32::from));
        columns.expected.push(expected);
        columns.fault.push(fault);
        self.table.added(columns.in_order())
    }

    fn finish(&mut self) -> Result<(), WriteError> {
        self.table.write(self.columns.in_order())?;
        self.table.finish()
    }

    fn keep(&mut self) -> Result<(), WriteError> {
        let written = self.table.write(self.columns.in_order());
        self.table.keep().and(written)
    }
}

/// Verdicts, collected as columns.
#[derive(Debug)]
pub(crate) struct VerdictColumns {
    table: Table,
    columns: VerdictCells,
}

#[derive(Debug, Default)]
struct VerdictCells {
    index: NumberCells<Int64Type>,
    id: ByteCells,
    verdict: ByteCells,
    reason: ByteCells,
}

impl VerdictCells {
    const FIELDS: [(&str, Kind, bool); 4] = [
        ("index", Kind::Unsigned64, false),
        ("id", Kind::Text, true),
        ("verdict", Kind::Text, false),
        ("reason", Kind::Text, true),
    ];

    /// The columns in the order of [`Self::FIELDS`].
    fn in_order(&mut self) -> [&mut dyn Cells; Self::FIELDS.len()] {
        [&mut self.index, &mut self.id, &mut self.verdict, &mut self.reason]
    }
}

impl VerdictColumns {
    pub(crate) fn new(sink: Sink) -> Result<Self, WriteError> {
        let table = Table::new(sink, &VerdictCells::FIELDS, 2 * ROW_GROUP_ROWS)?;
        Ok(Self { table, columns: VerdictCells::default() })
    }
}

impl VerdictSink for VerdictColumns {
    fn verdicts(
        &mut self,
        first_index: u64,
        block: &RowBlock,
        verdicts: &Verdicts,
    ) -> Result<(), WriteError> {
        let columns = &mut self.columns;
        for (item, verdict) in verdicts.iter().enumerate() {
            columns.index.push(Some((first_index + item as u64).cast_signed()));
            columns.id.push(block.id(item));
            columns.verdict.push(Some(verdict.name()));
            columns.reason.push(verdict.reason().map(|reason| reason.name()));
        }
        // A row group ends with a block, so that what is counted a block at a time is in the file a block at a time.
        self.table.rows += block.len();
        if self.table.rows >= self.table.row_group_rows {
            self.table.write(columns.in_order())?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), WriteError> {
        self.table.write(self.columns.in_order())?;
        self.table.finish()
    }

    fn keep(&mut self) -> Result<(), WriteError> {
        let written = self.table.write(self.columns.in_order());
        self.table.keep().and(written)
    }

    fn committed(&self) -> u64 {
        self.table.committed
    }
}
