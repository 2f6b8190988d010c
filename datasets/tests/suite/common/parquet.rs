//! Parquet files with columns of any type and layout, written with the crate `parquet` itself.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as PhysicalType};
use parquet::data_type::{
    BoolType, ByteArrayType, DoubleType, FixedLenByteArrayType, FloatType, Int32Type, Int64Type,
};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::record::Row;
use parquet::schema::types::{Type, TypePtr};

/// The cells of a column.
#[derive(Debug, Clone)]
pub(crate) enum Column {
    Text(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
    /// Byte strings of one width.
    Fixed(i32, Vec<Option<Vec<u8>>>),
    /// Integers of so many bits, signed or not.
    Integers(i8, bool, Vec<Option<i64>>),
    Booleans(Vec<Option<bool>>),
    Doubles(Vec<f64>),
    Floats(Vec<f32>),
    /// Cells of another logical type.
    Annotated(Box<Self>, LogicalType),
    /// A list in each of so many rows, which is null.
    Lists(usize),
    /// Nothing but nulls.
    Nulls(usize),
}

impl Column {
    pub(crate) fn text<'a>(cells: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        Self::Text(cells.into_iter().map(|cell| cell.map(str::to_owned)).collect())
    }

    pub(crate) fn bytes<'a>(cells: impl IntoIterator<Item = Option<&'a [u8]>>) -> Self {
        Self::Bytes(cells.into_iter().map(|cell| cell.map(<[u8]>::to_vec)).collect())
    }

    /// The cells in this range.
    pub(crate) fn slice(&self, range: std::ops::Range<usize>) -> Self {
        match self {
            Self::Text(cells) => Self::Text(cells[range].to_vec()),
            Self::Bytes(cells) => Self::Bytes(cells[range].to_vec()),
            Self::Fixed(width, cells) => Self::Fixed(*width, cells[range].to_vec()),
            Self::Integers(bits, signed, cells) => Self::Integers(*bits, *signed, cells[range].to_vec()),
            Self::Booleans(cells) => Self::Booleans(cells[range].to_vec()),
            Self::Doubles(cells) => Self::Doubles(cells[range].to_vec()),
            Self::Floats(cells) => Self::Floats(cells[range].to_vec()),
            Self::Annotated(of, logical) => Self::Annotated(Box::new(of.slice(range)), logical.clone()),
            Self::Lists(_) => Self::Lists(range.len()),
            Self::Nulls(_) => Self::Nulls(range.len()),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Text(cells) => cells.len(),
            Self::Bytes(cells) | Self::Fixed(_, cells) => cells.len(),
            Self::Integers(_, _, cells) => cells.len(),
            Self::Booleans(cells) => cells.len(),
            Self::Doubles(cells) => cells.len(),
            Self::Floats(cells) => cells.len(),
            Self::Annotated(of, _) => of.len(),
            Self::Lists(count) | Self::Nulls(count) => *count,
        }
    }

    fn field(&self, name: &str, nullable: bool) -> TypePtr {
        let (physical, logical, width) = self.types();
        if let Self::Lists(_) = self {
            let repeated = Type::group_type_builder("list")
                .with_repetition(Repetition::REPEATED)
                .with_fields(vec![Self::Booleans(Vec::new()).field("element", true)]);
            let list = Type::group_type_builder(name)
                .with_logical_type(Some(LogicalType::List))
                .with_repetition(Repetition::OPTIONAL)
                .with_fields(vec![Arc::new(repeated.build().unwrap())]);
            return Arc::new(list.build().unwrap());
        }
        let mut field = Type::primitive_type_builder(name, physical)
            .with_length(width)
            .with_repetition(if nullable { Repetition::OPTIONAL } else { Repetition::REQUIRED });
        if let Some(LogicalType::Decimal(of)) = &logical {
            field = field.with_precision(of.precision).with_scale(of.scale);
        }
        Arc::new(field.with_logical_type(logical).build().unwrap())
    }

    fn types(&self) -> (PhysicalType, Option<LogicalType>, i32) {
        match self {
            Self::Text(_) => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String), -1),
            Self::Bytes(_) => (PhysicalType::BYTE_ARRAY, None, -1),
            Self::Fixed(width, _) => (PhysicalType::FIXED_LEN_BYTE_ARRAY, None, *width),
            Self::Integers(64, signed, _) => {
                (PhysicalType::INT64, Some(LogicalType::integer(64, *signed)), -1)
            }
            Self::Integers(bits, signed, _) => {
                (PhysicalType::INT32, Some(LogicalType::integer(*bits, *signed)), -1)
            }
            Self::Booleans(_) | Self::Lists(_) => (PhysicalType::BOOLEAN, None, -1),
            Self::Doubles(_) => (PhysicalType::DOUBLE, None, -1),
            Self::Floats(_) => (PhysicalType::FLOAT, None, -1),
            Self::Annotated(of, logical) => {
                let (physical, _, width) = of.types();
                (physical, Some(logical.clone()), width)
            }
            Self::Nulls(_) => (PhysicalType::INT32, Some(LogicalType::Unknown), -1),
        }
    }

    fn write(&self, column: &mut SerializedColumnWriter<'_>, nullable: bool) {
        fn write<T: parquet::data_type::DataType>(
            column: &mut SerializedColumnWriter<'_>,
            nullable: bool,
            cells: Vec<Option<T::T>>,
        ) {
            let levels: Vec<i16> = cells.iter().map(|cell| cell.is_some().into()).collect();
            let values: Vec<T::T> = cells.into_iter().flatten().collect();
            let levels = nullable.then_some(&levels[..]);
            column.typed::<T>().write_batch(&values, levels, None).unwrap();
        }
        match self {
            Self::Text(cells) => {
                let cells = cells.iter().map(|cell| cell.as_deref().map(Into::into));
                write::<ByteArrayType>(column, nullable, cells.collect());
            }
            Self::Bytes(cells) => {
                let cells = cells.iter().map(|cell| cell.as_deref().map(Into::into));
                write::<ByteArrayType>(column, nullable, cells.collect());
            }
            Self::Fixed(_, cells) => {
                let cells = cells.iter().map(|cell| cell.clone().map(Into::into));
                write::<FixedLenByteArrayType>(column, nullable, cells.collect());
            }
            Self::Integers(64, _, cells) => write::<Int64Type>(column, nullable, cells.clone()),
            Self::Integers(_, _, cells) => {
                let cells = cells.iter().map(|cell| cell.map(|cell| cell as i32));
                write::<Int32Type>(column, nullable, cells.collect());
            }
            Self::Booleans(cells) => write::<BoolType>(column, nullable, cells.clone()),
            Self::Doubles(cells) => {
                write::<DoubleType>(column, nullable, cells.iter().copied().map(Some).collect());
            }
            Self::Floats(cells) => {
                write::<FloatType>(column, nullable, cells.iter().copied().map(Some).collect());
            }
            Self::Annotated(of, _) => of.write(column, nullable),
            Self::Lists(count) => {
                let levels = vec![0; *count];
                column.typed::<BoolType>().write_batch(&[], Some(&levels), Some(&levels)).unwrap();
            }
            Self::Nulls(count) => write::<Int32Type>(column, nullable, vec![None; *count]),
        }
    }
}

/// Writes a file of these columns as one row group.
pub(crate) fn write_columns(
    path: &Path,
    columns: &[(&str, Column)],
    nullable: bool,
    properties: WriterProperties,
) {
    let fields = columns.iter().map(|(name, column)| column.field(name, nullable)).collect();
    let schema = Type::group_type_builder("schema").with_fields(fields).build().unwrap();
    let file = File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties)).unwrap();
    if columns.iter().any(|(_, column)| column.len() > 0) {
        let mut group = writer.next_row_group().unwrap();
        for (_, column) in columns {
            let mut writer = group.next_column().unwrap().unwrap();
            column.write(&mut writer, nullable);
            writer.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
}

/// The rows of a file, as the crate `parquet` reads them.
pub(crate) fn parquet_rows(path: &Path) -> Vec<Row> {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    reader.get_row_iter(None).unwrap().map(Result::unwrap).collect()
}
