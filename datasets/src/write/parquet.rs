//! Rows and verdicts as Parquet.

use std::fmt;
use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, BooleanBuilder, StringBuilder, UInt8Builder, UInt64Builder};
use arrow_array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use sigwarp::Verdicts;
use sigwarp::arrow::verdict_columns;

use super::ROW_GROUP_ROWS;
use super::sink::Sink;
use crate::block::RowBlock;
use crate::error::WriteError;
use crate::row::{Expected, Row};

/// Rows, or bytes of cells, that are collected before they are encoded.
const BATCH_ROWS: usize = 4096;
const BATCH_BYTES: usize = 8 << 20;

/// A Parquet file being written.
struct Table {
    name: String,
    schema: SchemaRef,
    writer: ArrowWriter<Sink>,
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Table").field(&self.name).finish()
    }
}

impl Table {
    fn new(sink: Sink, fields: Vec<Field>, row_group_rows: usize) -> Result<Self, WriteError> {
        let name = sink.name();
        let schema = Arc::new(Schema::new(fields));
        let mut properties = WriterProperties::builder()
            .set_created_by(concat!("sigwarp ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::None)
            .set_max_row_group_row_count(Some(row_group_rows.max(1)));
        // These hardly ever repeat, and a dictionary of them would be built in vain.
        for column in ["id", "index", "message", "digest", "signature"] {
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(column), false);
        }
        let writer = ArrowWriter::try_new(sink, schema.clone(), Some(properties.build()))
            .map_err(|error| write_error(&name, error))?;
        Ok(Self { name, schema, writer })
    }

    fn write(&mut self, columns: Vec<ArrayRef>) -> Result<(), WriteError> {
        let batch = RecordBatch::try_new(self.schema.clone(), columns)
            .map_err(|error| write_error(&self.name, error.into()))?;
        self.writer.write(&batch).map_err(|error| write_error(&self.name, error))
    }

    fn finish(self) -> Result<(), WriteError> {
        self.writer.into_inner().map_err(|error| write_error(&self.name, error))?.finish()
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
pub(super) struct RowColumns {
    table: Table,
    rows: usize,
    bytes: usize,
    id: StringBuilder,
    scheme: StringBuilder,
    rule: StringBuilder,
    encoding: StringBuilder,
    user_id: BinaryBuilder,
    public_key: BinaryBuilder,
    key_index: UInt64Builder,
    message: BinaryBuilder,
    digest: BinaryBuilder,
    signature: BinaryBuilder,
    recovery_id: UInt8Builder,
    expected: BooleanBuilder,
    fault: StringBuilder,
}

impl RowColumns {
    pub(super) fn new(sink: Sink, row_group_rows: usize) -> Result<Self, WriteError> {
        let fields = [
            ("id", DataType::Utf8),
            ("scheme", DataType::Utf8),
            ("rule", DataType::Utf8),
            ("encoding", DataType::Utf8),
            ("user_id", DataType::Binary),
            ("public_key", DataType::Binary),
            ("key_index", DataType::UInt64),
            ("message", DataType::Binary),
            ("digest", DataType::Binary),
            ("signature", DataType::Binary),
            ("recovery_id", DataType::UInt8),
            ("expected", DataType::Boolean),
            ("fault", DataType::Utf8),
        ];
        let fields = fields.into_iter().map(|(name, data_type)| Field::new(name, data_type, true));
        Ok(Self {
            table: Table::new(sink, fields.collect(), row_group_rows)?,
            rows: 0,
            bytes: 0,
            id: StringBuilder::new(),
            scheme: StringBuilder::new(),
            rule: StringBuilder::new(),
            encoding: StringBuilder::new(),
            user_id: BinaryBuilder::new(),
            public_key: BinaryBuilder::new(),
            key_index: UInt64Builder::new(),
            message: BinaryBuilder::new(),
            digest: BinaryBuilder::new(),
            signature: BinaryBuilder::new(),
            recovery_id: UInt8Builder::new(),
            expected: BooleanBuilder::new(),
            fault: StringBuilder::new(),
        })
    }

    pub(super) fn row(&mut self, row: &Row<'_>, fault: Option<&str>) -> Result<(), WriteError> {
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
        self.id.append_option(row.id);
        self.scheme.append_option(row.scheme);
        self.rule.append_option(row.rule);
        self.encoding.append_option(row.encoding);
        self.user_id.append_option(row.user_id);
        self.public_key.append_option(row.public_key);
        self.key_index.append_option(row.key_index);
        self.message.append_option(row.message);
        self.digest.append_option(row.digest);
        self.signature.append_option(row.signature);
        self.recovery_id.append_option(row.recovery_id);
        self.expected.append_option(expected);
        self.fault.append_option(fault);
        self.rows += 1;
        self.bytes += row.bytes();
        if self.rows == BATCH_ROWS || self.bytes >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    pub(super) fn finish(mut self) -> Result<(), WriteError> {
        self.flush()?;
        self.table.finish()
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        self.rows = 0;
        self.bytes = 0;
        self.table.write(vec![
            Arc::new(self.id.finish()),
            Arc::new(self.scheme.finish()),
            Arc::new(self.rule.finish()),
            Arc::new(self.encoding.finish()),
            Arc::new(self.user_id.finish()),
            Arc::new(self.public_key.finish()),
            Arc::new(self.key_index.finish()),
            Arc::new(self.message.finish()),
            Arc::new(self.digest.finish()),
            Arc::new(self.signature.finish()),
            Arc::new(self.recovery_id.finish()),
            Arc::new(self.expected.finish()),
            Arc::new(self.fault.finish()),
        ])
    }
}

/// Verdicts, written a block at a time.
#[derive(Debug)]
pub(super) struct VerdictColumns(Table);

impl VerdictColumns {
    pub(super) fn new(sink: Sink) -> Result<Self, WriteError> {
        let fields = vec![
            Field::new("index", DataType::UInt64, false),
            Field::new("id", DataType::Utf8, true),
            Field::new("verdict", DataType::Utf8, false),
            Field::new("reason", DataType::Utf8, true),
        ];
        Table::new(sink, fields, 2 * ROW_GROUP_ROWS).map(Self)
    }

    pub(super) fn verdicts(
        &mut self,
        first_index: u64,
        block: &RowBlock,
        verdicts: &Verdicts,
    ) -> Result<(), WriteError> {
        let rows = block.len();
        let index = UInt64Array::from_iter_values((0..rows as u64).map(|item| first_index + item));
        let id: StringArray = (0..rows).map(|item| block.id(item)).collect();
        let (verdict, reason) = verdict_columns(verdicts);
        self.0.write(vec![Arc::new(index), Arc::new(id), Arc::new(verdict), Arc::new(reason)])
    }

    pub(super) fn finish(self) -> Result<(), WriteError> {
        self.0.finish()
    }
}
