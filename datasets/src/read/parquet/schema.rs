//! The columns of rows and their types. What a column holds follows from its physical type and its logical one; what
//! the writer's own library would make of it, which some note in the file, makes no difference.

use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use parquet::schema::types::{SchemaDescriptor, Type};

use crate::error::ReadError;
use crate::layout::{ColumnNames, Field};
use crate::read::{Cells, Wanted, missing_column};

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
    /// An id: text, or what has a form as text.
    Label,
}

impl Known {
    pub(super) fn read(&self, cells: Cells) -> bool {
        cells != Cells::Keys || self.name == "public_key"
    }

    /// The column that holds it, if any does.
    pub(super) fn column<'n>(&self, names: &'n ColumnNames) -> Option<&'n str> {
        names.column(Field::from_name(self.name)?)
    }
}

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CellType {
    /// Nothing but nulls.
    Null,
    Bytes,
    /// Byte strings of one width.
    Fixed,
    /// 16 bytes.
    Uuid,
    Text,
    Integer {
        bits: u8,
        signed: bool,
    },
    /// An integer in a unit of so many decimal places.
    Decimal {
        scale: u8,
    },
    /// A floating-point number of four or eight bytes.
    Float,
    /// Days.
    Date,
    /// A time of the day.
    Time {
        unit: TimeUnit,
    },
    Timestamp {
        unit: TimeUnit,
        utc: bool,
    },
    Boolean,
    /// Something that no known column holds.
    Other,
}

/// The most digits of a decimal number that is read, and the most bytes.
const DECIMAL_DIGITS: i32 = 38;
const DECIMAL_BYTES: i32 = 16;

/// The type of a column of the file.
pub(super) fn cell_type(column: &Type) -> CellType {
    use CellType::{Boolean, Bytes, Date, Fixed, Float, Integer, Null, Other, Text, Time, Timestamp, Uuid};
    if nested(column) {
        return Other;
    }
    let info = column.get_basic_info();
    let integer = |bits, signed| Integer { bits, signed };
    let timestamp = |unit| Timestamp { unit, utc: true };
    match (column.get_physical_type(), info.logical_type_ref(), info.converted_type()) {
        (_, Some(LogicalType::Unknown), _) => Null,
        (PhysicalType::BOOLEAN, ..) => Boolean,
        (_, Some(LogicalType::Decimal(_)), _) | (_, None, ConvertedType::DECIMAL) => decimal(column),
        (PhysicalType::INT32, Some(LogicalType::Integer(of)), _) if matches!(of.bit_width, 8 | 16 | 32) => {
            integer(of.bit_width as u8, of.is_signed)
        }
        (PhysicalType::INT64, Some(LogicalType::Integer(of)), _) if of.bit_width == 64 => {
            integer(64, of.is_signed)
        }
        (PhysicalType::INT32, Some(LogicalType::Date), _) => Date,
        (PhysicalType::INT32 | PhysicalType::INT64, Some(LogicalType::Time(of)), _) => Time { unit: of.unit },
        (PhysicalType::INT64, Some(LogicalType::Timestamp(of)), _) => {
            Timestamp { unit: of.unit, utc: of.is_adjusted_to_u_t_c }
        }
        (PhysicalType::INT32, None, converted) => match converted {
            ConvertedType::NONE | ConvertedType::INT_32 => integer(32, true),
            ConvertedType::INT_8 => integer(8, true),
            ConvertedType::INT_16 => integer(16, true),
            ConvertedType::UINT_8 => integer(8, false),
            ConvertedType::UINT_16 => integer(16, false),
            ConvertedType::UINT_32 => integer(32, false),
            ConvertedType::DATE => Date,
            ConvertedType::TIME_MILLIS => Time { unit: TimeUnit::MILLIS },
            _ => Other,
        },
        (PhysicalType::INT64, None, converted) => match converted {
            ConvertedType::NONE | ConvertedType::INT_64 => integer(64, true),
            ConvertedType::UINT_64 => integer(64, false),
            ConvertedType::TIME_MICROS => Time { unit: TimeUnit::MICROS },
            ConvertedType::TIMESTAMP_MILLIS => timestamp(TimeUnit::MILLIS),
            ConvertedType::TIMESTAMP_MICROS => timestamp(TimeUnit::MICROS),
            _ => Other,
        },
        (PhysicalType::FLOAT | PhysicalType::DOUBLE, ..) => Float,
        (PhysicalType::BYTE_ARRAY, Some(LogicalType::String | LogicalType::Json | LogicalType::Enum), _)
        | (PhysicalType::BYTE_ARRAY, None, ConvertedType::UTF8 | ConvertedType::JSON | ConvertedType::ENUM) => {
            Text
        }
        (PhysicalType::BYTE_ARRAY, ..) => Bytes,
        (PhysicalType::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::Uuid), _) if width(column) == 16 => Uuid,
        (PhysicalType::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::Float16), _)
        | (PhysicalType::FIXED_LEN_BYTE_ARRAY, None, ConvertedType::INTERVAL) => Other,
        (PhysicalType::FIXED_LEN_BYTE_ARRAY, ..) => Fixed,
        _ => Other,
    }
}

/// The bytes of a value, where all have the same number.
fn width(column: &Type) -> i32 {
    match column {
        Type::PrimitiveType { physical_type: PhysicalType::FIXED_LEN_BYTE_ARRAY, type_length, .. } => {
            *type_length
        }
        _ => 0,
    }
}

/// A column of decimal numbers that fit 16 bytes.
fn decimal(column: &Type) -> CellType {
    let (precision, scale) = precision(column);
    let fits = match column.get_physical_type() {
        PhysicalType::INT32 | PhysicalType::INT64 => true,
        PhysicalType::FIXED_LEN_BYTE_ARRAY => width(column) <= DECIMAL_BYTES,
        _ => false,
    };
    match u8::try_from(scale) {
        Ok(of) if fits && precision <= DECIMAL_DIGITS && scale <= DECIMAL_DIGITS => {
            CellType::Decimal { scale: of }
        }
        _ => CellType::Other,
    }
}

/// The digits of a decimal number, and how many of them are behind its point.
fn precision(column: &Type) -> (i32, i32) {
    match column.get_basic_info().logical_type_ref() {
        Some(LogicalType::Decimal(of)) => (of.precision, of.scale),
        _ => (column.get_precision(), column.get_scale()),
    }
}

fn is_repeated(column: &Type) -> bool {
    let info = column.get_basic_info();
    info.has_repetition() && info.repetition() == Repetition::REPEATED
}

fn nested(column: &Type) -> bool {
    column.is_group() || is_repeated(column)
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
        CellType::Bytes => "Binary".to_owned(),
        CellType::Fixed => format!("FixedSizeBinary({})", width(column)),
        CellType::Uuid => "Uuid".to_owned(),
        CellType::Float if column.get_physical_type() == PhysicalType::FLOAT => "Float32".to_owned(),
        CellType::Float => "Float64".to_owned(),
        CellType::Decimal { .. } => decimal_name(column),
        CellType::Date => "Date32".to_owned(),
        CellType::Time { unit: TimeUnit::MILLIS } => "Time32(ms)".to_owned(),
        CellType::Time { unit } => format!("Time64({})", unit_name(unit)),
        CellType::Timestamp { unit, utc: true } => format!("Timestamp({}, \"UTC\")", unit_name(unit)),
        CellType::Timestamp { unit, utc: false } => format!("Timestamp({})", unit_name(unit)),
        CellType::Other => match (info.logical_type_ref(), info.converted_type()) {
            (Some(LogicalType::Decimal(_)), _) | (None, ConvertedType::DECIMAL) => decimal_name(column),
            (Some(LogicalType::Float16), _) => "Float16".to_owned(),
            (None, ConvertedType::INTERVAL) => "Interval(DayTime)".to_owned(),
            _ => match column.get_physical_type() {
                PhysicalType::INT96 => "Int96, a timestamp of old writers".to_owned(),
                other => other.to_string(),
            },
        },
    }
}

fn decimal_name(column: &Type) -> String {
    let (precision, scale) = precision(column);
    let wide = match column.get_physical_type() {
        PhysicalType::FIXED_LEN_BYTE_ARRAY => width(column) > DECIMAL_BYTES,
        _ => precision > DECIMAL_DIGITS,
    };
    format!("Decimal{}({precision}, {scale})", if wide { 256 } else { 128 })
}

fn unit_name(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::MILLIS => "ms",
        TimeUnit::MICROS => "µs",
        TimeUnit::NANOS => "ns",
    }
}

impl Kind {
    fn holds(self, cells: CellType) -> bool {
        use CellType::{
            Boolean, Bytes, Date, Decimal, Fixed, Float, Integer, Null, Other, Text, Time, Timestamp, Uuid,
        };
        match (self, cells) {
            (_, Null) => true,
            (_, Other) => false,
            // Text is hexadecimal.
            (Self::Bytes, Bytes | Fixed | Uuid | Text) => true,
            // Some writers do not say that their bytes are text.
            (Self::Text, Text | Bytes) => true,
            // Programs that know no missing integer write floating-point numbers.
            (Self::Integer, Integer { .. } | Float | Decimal { scale: 0 }) => true,
            (Self::Boolean, Boolean) => true,
            (Self::Label, Text | Bytes | Fixed | Uuid | Boolean) => true,
            (
                Self::Label,
                Integer { .. } | Decimal { .. } | Float | Date | Time { .. } | Timestamp { .. },
            ) => true,
            _ => false,
        }
    }

    const fn types(self) -> &'static str {
        match self {
            Self::Bytes => "Binary, LargeBinary, FixedSizeBinary or BinaryView, or text in hexadecimal",
            Self::Text => "Utf8, LargeUtf8, Utf8View or a dictionary of them",
            Self::Integer => "an integer type",
            Self::Boolean => "Boolean",
            Self::Label => {
                "text, a number of at most 16 bytes, a date, a time, a timestamp of 64 bits, a UUID or bytes"
            }
        }
    }

    /// As `types`, for a column of lists or structs.
    const fn types_of_one(self) -> &'static str {
        match self {
            Self::Bytes => "Binary, or text in hexadecimal: one value for each row, not a list or a struct",
            Self::Text | Self::Label => "text: one value for each row, not a list or a struct",
            Self::Integer => "an integer type: one value for each row, not a list or a struct",
            Self::Boolean => "Boolean: one value for each row, not a list or a struct",
        }
    }
}

const fn known(name: &'static str, kind: Kind) -> Known {
    Known { name, kind }
}

pub(super) const KNOWN: [Known; 13] = [
    known("id", Kind::Label),
    known("scheme", Kind::Text),
    known("rule", Kind::Text),
    known("encoding", Kind::Text),
    known("user_id", Kind::Bytes),
    known("context", Kind::Bytes),
    known("public_key", Kind::Bytes),
    known("key_index", Kind::Integer),
    known("message", Kind::Bytes),
    known("digest", Kind::Bytes),
    known("signature", Kind::Bytes),
    known("recovery_id", Kind::Integer),
    known("expected", Kind::Boolean),
];

/// Refuses a column that is there twice: which one is meant cannot be known.
pub(super) fn check_once(
    file: &str,
    schema: &SchemaDescriptor,
    wanted: &[(&str, &str)],
) -> Result<(), ReadError> {
    let fields = schema.root_schema().get_fields();
    let count = |name: &str| fields.iter().filter(|field| field.name() == name).count();
    match wanted.iter().find(|(_, column)| count(column) > 1) {
        Some((_, column)) => {
            Err(ReadError::TwoColumns { file: file.to_owned(), column: (*column).to_owned() })
        }
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
pub(super) fn check_columns(
    file: &str,
    schema: &SchemaDescriptor,
    wanted: &Wanted<'_>,
) -> Result<(), ReadError> {
    let names = &wanted.layout.columns;
    if let Some((_, name)) = wanted.named().find(|(_, name)| field(schema, name).is_none()) {
        return Err(no_column(file, schema, name));
    }
    for known in KNOWN.iter().filter(|column| column.read(wanted.cells)) {
        if let Some(field) = known.column(names).and_then(|name| field(schema, name))
            && !known.kind.holds(cell_type(field))
        {
            return Err(ReadError::ColumnType {
                file: file.to_owned(),
                column: field.name().to_owned(),
                found: type_name(field),
                expected: if nested(field) { known.kind.types_of_one() } else { known.kind.types() },
            });
        }
    }
    let has = |of: Field| names.column(of).is_some_and(|name| field(schema, name).is_some());
    match missing_column(wanted, has) {
        Some((field, remedy)) => {
            Err(ReadError::MissingColumn { file: file.to_owned(), column: field.name(), remedy })
        }
        None => Ok(()),
    }
}

fn no_column(file: &str, schema: &SchemaDescriptor, column: &str) -> ReadError {
    let fields = schema.root_schema().get_fields();
    let has = fields.iter().map(|field| field.name()).collect::<Vec<_>>();
    let (file, column) = (file.to_owned(), column.to_owned());
    ReadError::NoColumn { file, column, has: has.join(", ") }
}

/// Checks that a column is there and holds bytes or text that stands for bytes, or text where the caller reads text.
pub(super) fn check_column(
    file: &str,
    schema: &SchemaDescriptor,
    column: &str,
    text: bool,
) -> Result<(), ReadError> {
    let Some(field) = field(schema, column) else {
        return Err(no_column(file, schema, column));
    };
    let cells = cell_type(field);
    let holds =
        if text { matches!(cells, CellType::Text | CellType::Null) } else { Kind::Bytes.holds(cells) };
    if holds {
        return Ok(());
    }
    Err(ReadError::NotBytes {
        file: file.to_owned(),
        column: column.to_owned(),
        found: type_name(field),
        remedy: match text {
            true => "name a column of text, or leave --text out for one of bytes",
            false => "name a column of bytes, or of text",
        },
    })
}
