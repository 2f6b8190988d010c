//! The columns of a row group, each of which holds the cells that are decoded and not yet taken.

use std::sync::Arc;

use parquet::basic::Type;
use parquet::column::page::PageReader;
use parquet::data_type::{BoolType, Int32Type, Int64Type};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::serialized_reader::SerializedPageReader;

use super::super::page::GuardedFile;
use super::bytes::ByteColumn;
use super::numbers::NumberColumn;
use super::schema::{CellType, cell_type};

/// A column in one row group.
pub(super) enum Column {
    Bytes(ByteColumn),
    Boolean(NumberColumn<BoolType>),
    Integer32(NumberColumn<Int32Type>, CellType),
    Integer64(NumberColumn<Int64Type>, CellType),
}

/// Calls the same function of whatever the column is.
macro_rules! each {
    ($column:expr, $inner:ident => $call:expr) => {
        match $column {
            Column::Bytes($inner) => $call,
            Column::Boolean($inner) => $call,
            Column::Integer32($inner, _) => $call,
            Column::Integer64($inner, _) => $call,
        }
    };
}

impl Column {
    /// The column `leaf` of a row group, which the check of the schema has found to be a plain one.
    pub(super) fn open(
        file: &Arc<GuardedFile>,
        group: &RowGroupMetaData,
        leaf: usize,
    ) -> Result<Self, String> {
        let chunk = group.column(leaf);
        let column = chunk.column_descr_ptr();
        let rows = usize::try_from(group.num_rows()).unwrap_or(0);
        let pages = SerializedPageReader::new(Arc::clone(file), chunk, rows, None);
        let pages: Box<dyn PageReader> = Box::new(pages.map_err(|error| error.to_string())?);
        let of = cell_type(column.self_type());
        Ok(match column.physical_type() {
            Type::BOOLEAN => Self::Boolean(NumberColumn::new(column, pages)),
            Type::INT32 => Self::Integer32(NumberColumn::new(column, pages), of),
            Type::INT64 => Self::Integer64(NumberColumn::new(column, pages), of),
            Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY => {
                Self::Bytes(ByteColumn::new(column, pages, file.max_page_bytes())?)
            }
            other => return Err(format!("column {} is of type {other}", column.path())),
        })
    }

    /// The cells that are decoded and not yet taken.
    pub(super) fn ready(&self) -> usize {
        each!(self, column => column.ready())
    }

    /// Decodes up to `count` more cells, once the others are taken. None come only after the last one.
    pub(super) fn fill(&mut self, count: usize) -> Result<(), String> {
        each!(self, column => column.fill(count))
    }

    /// Takes the first `count` cells that are ready.
    pub(super) fn take(&mut self, count: usize) {
        each!(self, column => column.take(count));
    }

    /// A byte string, or the bytes of a text, among those that are ready; or `None` where it is null, as below.
    pub(super) fn bytes(&self, at: usize) -> Option<&[u8]> {
        match self {
            Self::Bytes(column) => column.get(at),
            _ => None,
        }
    }

    pub(super) fn boolean(&self, at: usize) -> Option<bool> {
        match self {
            Self::Boolean(column) => column.get(at),
            _ => None,
        }
    }

    /// An integer of any width.
    pub(super) fn integer(&self, at: usize) -> Option<i128> {
        let (value, of) = match self {
            Self::Integer32(column, of) => (column.get(at)?.into(), *of),
            Self::Integer64(column, of) => (column.get(at)?, *of),
            _ => return None,
        };
        Some(match of {
            CellType::Integer { bits: 8, signed: true } => (value as i8).into(),
            CellType::Integer { bits: 8, signed: false } => (value as u8).into(),
            CellType::Integer { bits: 16, signed: true } => (value as i16).into(),
            CellType::Integer { bits: 16, signed: false } => (value as u16).into(),
            CellType::Integer { bits: 32, signed: false } => (value as u32).into(),
            CellType::Integer { bits: 64, signed: false } => (value as u64).into(),
            _ => value.into(),
        })
    }
}
