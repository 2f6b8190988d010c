//! Rows and files that the tables share.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArrayType, DataType, Int32Type};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::record::Field;
use parquet::schema::types::Type;
use serde_json::{Map, Value, json};

/// A row that `verify` finds valid, with an id.
pub(crate) fn valid(id: &str) -> Value {
    json!({
        "id": id,
        "scheme": "ed25519",
        "rule": "strict",
        "public_key": "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "message": "72",
        "signature": "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                      085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    })
}

/// A row from which `recover` gets a key: EIP-155's example.
pub(crate) fn recoverable(id: &str) -> Value {
    json!({
        "id": id,
        "scheme": "ecdsa-secp256k1",
        "rule": "ecdsa",
        "encoding": "raw",
        "recovery_id": 0,
        "digest": "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53",
        "signature": "28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276\
                      67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83",
    })
}

/// The row with fields replaced; `null` stays as null.
pub(crate) fn with(mut row: Value, changes: &[(&str, Value)]) -> Value {
    let fields = row.as_object_mut().expect("an object");
    for (field, value) in changes {
        fields.insert((*field).to_owned(), value.clone());
    }
    row
}

pub(crate) fn lines(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

/// The cells of a column.
#[derive(Clone)]
pub(crate) enum Cells {
    Text(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
    Number(Vec<Option<i32>>),
}

pub(crate) type Table = Vec<(String, Cells)>;

/// Columns by name: every one that a row has, null where a row has none.
pub(crate) fn columns(rows: &[Value]) -> Table {
    let mut names: Vec<&String> = rows.iter().flat_map(|row| fields(row).keys()).collect();
    names.sort_unstable();
    names.dedup();
    let column = |name: &String| {
        let cells = || rows.iter().map(|row| fields(row).get(name).filter(|cell| !cell.is_null()));
        let text = || cells().map(|cell| cell.map(|cell| cell.as_str().expect("text").to_owned()));
        match name.as_str() {
            "recovery_id" => {
                let number =
                    |cell: &Value| cell.as_u64().and_then(|id| id.try_into().ok()).expect("a number");
                Cells::Number(cells().map(|cell| cell.map(number)).collect())
            }
            "id" | "scheme" | "rule" | "encoding" => Cells::Text(text().collect()),
            _ => {
                let bytes = |digits: String| hex::decode(digits).expect("hexadecimal");
                Cells::Bytes(text().map(|cell| cell.map(bytes)).collect())
            }
        }
    };
    names.into_iter().map(|name| (name.clone(), column(name))).collect()
}

fn fields(row: &Value) -> &Map<String, Value> {
    row.as_object().expect("an object")
}

/// Writes columns as Parquet; names may repeat.
pub(crate) fn write_parquet(path: &Path, table: &[(String, Cells)]) {
    let field = |(name, cells): &(String, Cells)| {
        let (physical, logical) = match cells {
            Cells::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Cells::Bytes(_) => (Physical::BYTE_ARRAY, None),
            Cells::Number(_) => (Physical::INT32, None),
        };
        let builder = Type::primitive_type_builder(name, physical).with_logical_type(logical);
        Arc::new(builder.with_repetition(Repetition::OPTIONAL).build().expect("a field"))
    };
    let fields = table.iter().map(field).collect();
    let schema = Arc::new(Type::group_type_builder("schema").with_fields(fields).build().expect("a schema"));
    let file = File::create(path).expect("a writable folder");
    let mut writer = SerializedFileWriter::new(file, schema, Arc::default()).expect("a writer");
    let mut group = writer.next_row_group().expect("a row group");
    for (_, cells) in table {
        let mut column = group.next_column().expect("a column").expect("as many columns as fields");
        match cells {
            Cells::Text(cells) => {
                write::<ByteArrayType, _>(&mut column, cells, |text| text.as_bytes().to_vec().into())
            }
            Cells::Bytes(cells) => {
                write::<ByteArrayType, _>(&mut column, cells, |bytes| bytes.clone().into())
            }
            Cells::Number(cells) => write::<Int32Type, _>(&mut column, cells, |number| *number),
        }
        column.close().expect("a written column");
    }
    group.close().expect("a written row group");
    writer.close().expect("a complete file");
}

fn write<T: DataType, C>(
    column: &mut SerializedColumnWriter<'_>,
    cells: &[Option<C>],
    value: impl Fn(&C) -> T::T,
) {
    let levels: Vec<i16> = cells.iter().map(|cell| cell.is_some().into()).collect();
    let values: Vec<T::T> = cells.iter().flatten().map(value).collect();
    column.typed::<T>().write_batch(&values, Some(&levels), None).expect("written cells");
}

/// The ids in a verdict file or a file of recovered keys, whole or partial, which must be readable.
pub(crate) fn ids(path: &Path) -> Vec<String> {
    let name = path.to_string_lossy();
    if name.contains(".parquet") {
        let file = File::open(path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let reader = SerializedFileReader::new(file).unwrap_or_else(|error| panic!("{name}: {error}"));
        let id = |row: parquet::record::Row| match row.get_column_iter().find(|(name, _)| *name == "id") {
            Some((_, Field::Str(id))) => id.clone(),
            other => panic!("{other:?} is no id"),
        };
        let rows = reader.get_row_iter(None).unwrap_or_else(|error| panic!("{name}: {error}"));
        rows.map(|row| id(row.unwrap_or_else(|error| panic!("{name}: {error}")))).collect()
    } else {
        ids_of_lines(&std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}")))
    }
}

/// The ids in lines of JSON, of which the last is whole too.
pub(crate) fn ids_of_lines(text: &str) -> Vec<String> {
    assert!(text.is_empty() || text.ends_with('\n'), "the last line is cut");
    let id = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        line["id"].as_str().unwrap_or_default().to_owned()
    };
    text.lines().map(id).collect()
}

/// The JSON summary, which is the first line of this text that is JSON with a schema version.
pub(crate) fn summary_in(text: &str) -> Value {
    let summary =
        |line| serde_json::from_str::<Value>(line).ok().filter(|line| line["schema_version"].is_u64());
    text.lines().find_map(summary).unwrap_or_else(|| panic!("no summary in {text}"))
}
