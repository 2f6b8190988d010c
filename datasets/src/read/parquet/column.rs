//! The columns of a row group, each of which holds the cells that are decoded and not yet taken.

use std::sync::Arc;

use parquet::basic::Type;
use parquet::data_type::{BoolType, DoubleType, FloatType, Int32Type, Int64Type};
use parquet::file::metadata::RowGroupMetaData;

use super::bytes::ByteColumn;
use super::label;
use super::numbers::NumberColumn;
use super::pages::{PagedFile, Pages};
use super::schema::{CellType, cell_type};

/// A column in one row group.
pub(super) struct Column {
    values: Values,
    of: CellType,
}

enum Values {
    Bytes(Box<ByteColumn>),
    Boolean(NumberColumn<BoolType>),
    Integer32(NumberColumn<Int32Type>),
    Integer64(NumberColumn<Int64Type>),
    Float(NumberColumn<FloatType>),
    Double(NumberColumn<DoubleType>),
}

/// A cell of numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Integer(i128),
    /// A floating-point number that is no integer.
    Fraction(f64),
}

/// Floating-point numbers up to here count one by one.
const EXACT: f64 = (1u64 << f64::MANTISSA_DIGITS) as f64;

/// Calls the same function of whatever the column is.
macro_rules! each {
    ($column:expr, $inner:ident => $call:expr) => {
        match $column {
            Values::Bytes($inner) => $call,
            Values::Boolean($inner) => $call,
            Values::Integer32($inner) => $call,
            Values::Integer64($inner) => $call,
            Values::Float($inner) => $call,
            Values::Double($inner) => $call,
        }
    };
}

impl Column {
    /// The column `leaf` of a row group, which the check of the schema has found to be a plain one.
    pub(super) fn open(file: &Arc<PagedFile>, group: &RowGroupMetaData, leaf: usize) -> Result<Self, String> {
        let chunk = group.column(leaf);
        let column = chunk.column_descr_ptr();
        let pages = Pages::open(file, chunk)?;
        let of = cell_type(column.self_type());
        let values = match column.physical_type() {
            Type::BOOLEAN => Values::Boolean(NumberColumn::new(column, pages)),
            Type::INT32 => Values::Integer32(NumberColumn::new(column, pages)),
            Type::INT64 => Values::Integer64(NumberColumn::new(column, pages)),
            Type::FLOAT => Values::Float(NumberColumn::new(column, pages)),
            Type::DOUBLE => Values::Double(NumberColumn::new(column, pages)),
            Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY => {
                Values::Bytes(Box::new(ByteColumn::new(column, pages, file.max_page_bytes())?))
            }
            other => return Err(format!("is of type {other}")),
        };
        Ok(Self { values, of })
    }

    /// What the cells are.
    pub(super) fn of(&self) -> CellType {
        self.of
    }

    /// The cells that are decoded and not yet taken.
    pub(super) fn ready(&self) -> usize {
        each!(&self.values, column => column.ready())
    }

    /// Decodes up to `count` more cells, once the others are taken. None come only after the last one.
    pub(super) fn fill(&mut self, count: usize) -> Result<(), String> {
        each!(&mut self.values, column => column.fill(count))
    }

    /// Takes the first `count` cells that are ready.
    pub(super) fn take(&mut self, count: usize) {
        each!(&mut self.values, column => column.take(count));
    }

    /// A byte string, or the bytes of a text, among those that are ready; or `None` where it is null, as below.
    pub(super) fn bytes(&self, at: usize) -> Option<&[u8]> {
        match &self.values {
            Values::Bytes(column) => column.get(at),
            _ => None,
        }
    }

    pub(super) fn boolean(&self, at: usize) -> Option<bool> {
        match &self.values {
            Values::Boolean(column) => column.get(at),
            _ => None,
        }
    }

    /// A number. Programs that know no missing integer write NaN in its place.
    pub(super) fn number(&self, at: usize) -> Option<Number> {
        match self.float(at) {
            Some(value) if value.is_nan() => None,
            // The cast is exact.
            Some(value) if value.abs() <= EXACT && value.fract() == 0.0 => {
                Some(Number::Integer(value as i128))
            }
            Some(value) => Some(Number::Fraction(value)),
            None => self.integer(at).map(Number::Integer),
        }
    }

    fn float(&self, at: usize) -> Option<f64> {
        match &self.values {
            Values::Float(column) => column.get(at).map(f64::from),
            Values::Double(column) => column.get(at),
            _ => None,
        }
    }

    /// An integer of any width, or the digits of a decimal number.
    fn integer(&self, at: usize) -> Option<i128> {
        let value = match &self.values {
            Values::Integer32(column) => column.get(at)?.into(),
            Values::Integer64(column) => column.get(at)?,
            Values::Bytes(column) => return label::big_endian(column.get(at)?),
            _ => return None,
        };
        Some(match self.of {
            CellType::Integer { bits: 8, signed: true } => (value as i8).into(),
            CellType::Integer { bits: 8, signed: false } => (value as u8).into(),
            CellType::Integer { bits: 16, signed: true } => (value as i16).into(),
            CellType::Integer { bits: 16, signed: false } => (value as u16).into(),
            CellType::Integer { bits: 32, signed: false } => (value as u32).into(),
            CellType::Integer { bits: 64, signed: false } => (value as u64).into(),
            _ => value.into(),
        })
    }

    /// Replaces `out` by a cell as text where it is not text already. Returns whether there is a cell: NaN is none, since
    /// programs that know no missing number write it in its place.
    pub(super) fn label(&self, at: usize, out: &mut String) -> bool {
        out.clear();
        if let Values::Float(column) = &self.values {
            // As the number that it is, and not as the double that is nearest to it.
            return column.get(at).is_some_and(|value| label::float(value, out));
        }
        if let Some(value) = self.float(at) {
            return label::float(value, out);
        }
        if let Some(value) = self.boolean(at) {
            out.push_str(if value { "true" } else { "false" });
            return true;
        }
        match self.of {
            CellType::Fixed => self.bytes(at).is_some_and(|bytes| label::hex(bytes, out)),
            CellType::Uuid => self.bytes(at).is_some_and(|bytes| label::uuid(bytes, out)),
            of => self.integer(at).is_some_and(|value| label::number(value, of, out)),
        }
    }
}
