//! The columns of rows and their types. What a column holds follows from its physical type and its logical one; what
//! the writer's own library would make of it, which some note in the file, makes no difference.

use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use parquet::schema::types::{SchemaDescriptor, Type};

use crate::error::ReadError;
use crate::read::{Cells, KeyUse};

/// A known column.
pub(super) struct Known {
    pub(super) name: &'static str,
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
    pub(super) fn read(&self, cells: Cells) -> bool {
        cells != Cells::Keys || self.name == "public_key"
    }
}

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CellType {
    /// Nothing but nulls.
    Null,
    Bytes,
    Text,
    Integer {
        bits: u8,
        signed: bool,
    },
    Boolean,
    /// Something that no known column holds.
    Other,
}

/// The type of a column of the file.
pub(super) fn cell_type(column: &Type) -> CellType {
    use CellType::{Boolean, Bytes, Integer, Null, Other, Text};
    if column.is_group() || is_repeated(column) {
        return Other;
    }
    let info = column.get_basic_info();
    let integer = |bits, signed| Integer { bits, signed };
    match (column.get_physical_type(), info.logical_type_ref(), info.converted_type()) {
        (_, Some(LogicalType::Unknown), _) => Null,
        (PhysicalType::BOOLEAN, ..) => Boolean,
        (PhysicalType::INT32, Some(LogicalType::Integer(of)), _) if matches!(of.bit_width, 8 | 16 | 32) => {
            integer(of.bit_width as u8, of.is_signed)
        }
        (PhysicalType::INT64, Some(LogicalType::Integer(of)), _) if of.bit_width == 64 => {
            integer(64, of.is_signed)
        }
        (PhysicalType::INT32, None, ConvertedType::NONE | ConvertedType::INT_32) => integer(32, true),
        (PhysicalType::INT32, None, ConvertedType::INT_8) => integer(8, true),
        (PhysicalType::INT32, None, ConvertedType::INT_16) => integer(16, true),
        (PhysicalType::INT32, None, ConvertedType::UINT_8) => integer(8, false),
        (PhysicalType::INT32, None, ConvertedType::UINT_16) => integer(16, false),
        (PhysicalType::INT32, None, ConvertedType::UINT_32) => integer(32, false),
        (PhysicalType::INT64, None, ConvertedType::NONE | ConvertedType::INT_64) => integer(64, true),
        (PhysicalType::INT64, None, ConvertedType::UINT_64) => integer(64, false),
        (PhysicalType::BYTE_ARRAY, Some(LogicalType::String | LogicalType::Json), _)
        | (PhysicalType::BYTE_ARRAY, None, ConvertedType::UTF8 | ConvertedType::JSON) => Text,
        (_, Some(LogicalType::Decimal(_)), _) | (_, None, ConvertedType::DECIMAL) => Other,
        (PhysicalType::BYTE_ARRAY, ..) => Bytes,
        (PhysicalType::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::Float16), _)
        | (PhysicalType::FIXED_LEN_BYTE_ARRAY, None, ConvertedType::INTERVAL) => Other,
        (PhysicalType::FIXED_LEN_BYTE_ARRAY, ..) => Bytes,
        _ => Other,
    }
}

fn is_repeated(column: &Type) -> bool {
    let info = column.get_basic_info();
    info.has_repetition() && info.repetition() == Repetition::REPEATED
}

/// The type of a column in messages. The names are Arrow's, as readers of Parquet in most languages show them.
fn type_name(column: &Type) -> String {
    if column.is_group() {
        return match column.get_basic_info().converted_type() {
            ConvertedType::LIST => "List",
            ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE => "Map",
            _ => "Struct",
        }
        .to_owned();
    }
    if is_repeated(column) {
        return "List".to_owned();
    }
    let info = column.get_basic_info();
    match cell_type(column) {
        CellType::Null => "Null".to_owned(),
        CellType::Boolean => "Boolean".to_owned(),
        CellType::Text => "Utf8".to_owned(),
        CellType::Integer { bits, signed } => format!("{}Int{bits}", if signed { "" } else { "U" }),
        CellType::Bytes => match column {
            Type::PrimitiveType {
                physical_type: PhysicalType::FIXED_LEN_BYTE_ARRAY, type_length, ..
            } => {
                format!("FixedSizeBinary({type_length})")
            }
            _ => "Binary".to_owned(),
        },
        CellType::Other => match (info.logical_type_ref(), info.converted_type()) {
            (Some(LogicalType::Decimal(_)), _) | (None, ConvertedType::DECIMAL) => decimal_name(column),
            (Some(LogicalType::Date), _) | (None, ConvertedType::DATE) => "Date32".to_owned(),
            (Some(LogicalType::Time(of)), _) => match of.unit {
                TimeUnit::MILLIS => "Time32(ms)".to_owned(),
                _ => format!("Time64({})", unit(&of.unit)),
            },
            (None, ConvertedType::TIME_MILLIS) => "Time32(ms)".to_owned(),
            (None, ConvertedType::TIME_MICROS) => "Time64(µs)".to_owned(),
            (Some(LogicalType::Timestamp(of)), _) if of.is_adjusted_to_u_t_c => {
                format!("Timestamp({}, \"UTC\")", unit(&of.unit))
            }
            (Some(LogicalType::Timestamp(of)), _) => format!("Timestamp({})", unit(&of.unit)),
            (None, ConvertedType::TIMESTAMP_MILLIS) => "Timestamp(ms, \"UTC\")".to_owned(),
            (None, ConvertedType::TIMESTAMP_MICROS) => "Timestamp(µs, \"UTC\")".to_owned(),
            (Some(LogicalType::Float16), _) => "Float16".to_owned(),
            (None, ConvertedType::INTERVAL) => "Interval(DayTime)".to_owned(),
            _ => match column.get_physical_type() {
                PhysicalType::FLOAT => "Float32".to_owned(),
                PhysicalType::DOUBLE => "Float64".to_owned(),
                PhysicalType::INT96 => "Timestamp(ns)".to_owned(),
                other => other.to_string(),
            },
        },
    }
}

fn decimal_name(column: &Type) -> String {
    let (precision, scale) = match column.get_basic_info().logical_type_ref() {
        Some(LogicalType::Decimal(of)) => (of.precision, of.scale),
        _ => (column.get_precision(), column.get_scale()),
    };
    let wide = match column {
        Type::PrimitiveType { physical_type: PhysicalType::FIXED_LEN_BYTE_ARRAY, type_length, .. } => {
            *type_length > 16
        }
        _ => precision > 38,
    };
    format!("Decimal{}({precision}, {scale})", if wide { 256 } else { 128 })
}

fn unit(unit: &TimeUnit) -> &'static str {
    match unit {
        TimeUnit::MILLIS => "ms",
        TimeUnit::MICROS => "µs",
        TimeUnit::NANOS => "ns",
    }
}

impl Kind {
    fn holds(self, cells: CellType) -> bool {
        matches!(
            (self, cells),
            (_, CellType::Null)
                | (Self::Bytes, CellType::Bytes)
                | (Self::Text | Self::Label, CellType::Text)
                | (Self::Integer | Self::Label, CellType::Integer { .. })
                | (Self::Boolean, CellType::Boolean)
        )
    }

    const fn types(self) -> &'static str {
        match self {
            Self::Bytes => "Binary, LargeBinary, FixedSizeBinary or BinaryView",
            Self::Text => "Utf8, LargeUtf8, Utf8View or a dictionary of them",
            Self::Integer => "an integer type",
            Self::Boolean => "Boolean",
            Self::Label => "text or an integer type",
        }
    }
}

const fn known(name: &'static str, kind: Kind) -> Known {
    Known { name, kind }
}

pub(super) const KNOWN: [Known; 12] = [
    known("id", Kind::Label),
    known("scheme", Kind::Text),
    known("rule", Kind::Text),
    known("encoding", Kind::Text),
    known("user_id", Kind::Bytes),
    known("public_key", Kind::Bytes),
    known("key_index", Kind::Integer),
    known("message", Kind::Bytes),
    known("digest", Kind::Bytes),
    known("signature", Kind::Bytes),
    known("recovery_id", Kind::Integer),
    known("expected", Kind::Boolean),
];

/// Refuses a column that is there twice: which one is meant cannot be known.
pub(super) fn check_once(file: &str, schema: &SchemaDescriptor, names: &[&str]) -> Result<(), ReadError> {
    let fields = schema.root_schema().get_fields();
    let count = |name: &str| fields.iter().filter(|field| field.name() == name).count();
    match names.iter().find(|name| count(name) > 1) {
        Some(column) => Err(ReadError::TwoColumns { file: file.to_owned(), column: (*column).to_owned() }),
        None => Ok(()),
    }
}

/// The column of this name.
fn field<'a>(schema: &'a SchemaDescriptor, name: &str) -> Option<&'a Type> {
    let fields = schema.root_schema().get_fields();
    fields.iter().find(|field| field.name() == name).map(AsRef::as_ref)
}

/// Which of the file's columns has this name, or none if it has only nulls.
pub(super) fn leaf(schema: &SchemaDescriptor, name: &str) -> Option<usize> {
    field(schema, name).filter(|field| cell_type(field) != CellType::Null)?;
    (0..schema.num_columns()).find(|leaf| schema.get_column_root(*leaf).name() == name)
}

/// Checks that the columns that every file needs are there, and that those that are there hold what they should.
pub(super) fn check_columns(file: &str, schema: &SchemaDescriptor, cells: Cells) -> Result<(), ReadError> {
    for Known { name, kind } in KNOWN.iter().filter(|column| column.read(cells)) {
        if let Some(field) = field(schema, name)
            && !kind.holds(cell_type(field))
        {
            return Err(ReadError::ColumnType {
                file: file.to_owned(),
                column: name,
                found: type_name(field),
                expected: kind.types(),
            });
        }
    }
    let needs = |columns: &[&'static str], remedy| match columns {
        [first, ..] if !columns.iter().any(|name| field(schema, name).is_some()) => {
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
pub(super) fn check_column(
    file: &str,
    schema: &SchemaDescriptor,
    column: &str,
    text: bool,
) -> Result<(), ReadError> {
    let Some(field) = field(schema, column) else {
        let fields = schema.root_schema().get_fields();
        let has = fields.iter().map(|field| field.name()).collect::<Vec<_>>();
        let (file, column) = (file.to_owned(), column.to_owned());
        return Err(ReadError::NoColumn { file, column, has: has.join(", ") });
    };
    let wanted = if text { Kind::Text } else { Kind::Bytes };
    if wanted.holds(cell_type(field)) {
        return Ok(());
    }
    let remedy = match cell_type(field) {
        CellType::Text if !text => "it is text; say so (--text) to take its UTF-8 bytes",
        _ if text => "name a column of text, or leave --text out for one of bytes",
        _ => "name a column of bytes",
    };
    Err(ReadError::NotBytes {
        file: file.to_owned(),
        column: column.to_owned(),
        found: type_name(field),
        remedy,
    })
}
