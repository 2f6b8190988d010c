//! Columns of Parquet files whose type is not that of the value: text for bytes, bytes for text, and ids of every type.

use crate::common;

use std::path::PathBuf;

use common::parquet::{Column, write_columns};
use common::{Read, read_all, rules};
use parquet::basic::{LogicalType, TimeUnit};
use parquet::file::properties::WriterProperties;
use sigwarp::Messages;
use sigwarp_datasets::{ColumnReader, KeyFile, ReadError};

/// Rows of one scheme with this column among theirs.
fn file_with(folder: &tempfile::TempDir, name: &'static str, column: Column) -> PathBuf {
    let rows = 3;
    let bytes = |cell: &'static str| Column::bytes((0..rows).map(|_| Some(cell.as_bytes())));
    let mut columns = vec![
        ("scheme", Column::text((0..rows).map(|_| Some("ed25519")))),
        ("public_key", bytes("key")),
        ("message", bytes("message")),
        ("signature", bytes("signature")),
    ];
    columns.retain(|(column, _)| *column != name);
    columns.push((name, column));
    let path = folder.path().join("rows.parquet");
    let nullable = !matches!(columns.last(), Some((_, Column::Doubles(_) | Column::Floats(_))));
    write_columns(&path, &columns, nullable, WriterProperties::default());
    path
}

fn read(name: &'static str, column: Column) -> Result<Vec<Read>, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = file_with(&folder, name, column);
    let place = format!("{}/", folder.path().display());
    read_all(&path, &rules(&["strict"])).map_err(|error| error.to_string().replace(&place, ""))
}

fn ids(column: Column) -> Vec<Option<String>> {
    read("id", column).unwrap().into_iter().map(|row| row.id).collect()
}

fn of(column: Column, logical: LogicalType) -> Column {
    Column::Annotated(Box::new(column), logical)
}

#[test]
fn text_in_hexadecimal_stands_for_bytes() {
    let hex = Column::text([Some("00ff"), Some("0xAb"), Some("")]);
    for name in ["public_key", "message", "signature"] {
        let rows = read(name, hex.clone()).unwrap();
        let cells = rows.iter().map(|row| match name {
            "public_key" => &row.key,
            "message" => &row.message,
            _ => &row.signature,
        });
        assert!(cells.eq([&[0x00, 0xff][..], &[0xab], &[]]), "{name}");
    }
    for name in ["public_key", "message", "signature"] {
        assert_eq!(
            read(name, Column::text([Some("00"), Some("text"), Some("")])).unwrap_err(),
            format!(
                "rows.parquet: row 1: {name} is text that holds bad hex: Invalid character 't' at position 0; \
                 write it in that form, or as a column of bytes (binary)"
            )
        );
    }
    // An odd number of digits is a wrong length of a signature, and so a verdict.
    let rows = read("signature", Column::text([Some("00f"), Some("0x1"), Some("12")])).unwrap();
    assert!(rows.iter().map(|row| &row.signature[..]).eq([&[][..], &[], &[0x12]]));
    let odd = read("message", Column::text([Some("00"), Some("00"), Some("0x0")])).unwrap_err();
    assert!(odd.contains("row 2: message is text that holds bad hex: Odd number of digits"), "{odd}");
    // Text of an enumeration, as DuckDB writes what repeats.
    let listed = of(Column::bytes([Some(&b"01"[..]), Some(b"02"), Some(b"03")]), LogicalType::Enum);
    assert_eq!(read("message", listed).unwrap()[1].message, [2]);
}

#[test]
fn keys_and_columns_to_hash_are_read_from_text_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = file_with(&folder, "public_key", Column::text([Some("0x0102"), Some("03"), Some("")]));
    let keys = KeyFile::load(&path, 100).unwrap();
    assert_eq!((keys.get(0), keys.get(1), keys.get(2)), (Some(&[1, 2][..]), Some(&[3][..]), Some(&[][..])));
    let cells = |column: &str, text: bool| -> Result<Vec<Vec<u8>>, ReadError> {
        let mut reader = ColumnReader::open(&path, column, text, 100)?;
        let mut block = Messages::new();
        reader.next_block(&mut block)?;
        Ok((0..block.len()).map(|row| block.column().get(row).to_vec()).collect())
    };
    assert_eq!(cells("public_key", false).unwrap(), [&[1, 2][..], &[3], &[]]);
    assert_eq!(cells("public_key", true).unwrap(), [&b"0x0102"[..], b"03", b""]);
    let error = cells("scheme", false).unwrap_err().to_string();
    assert!(
        error.contains("row 0: column scheme is bad hex:") && error.ends_with("add --text if it is text"),
        "{error}"
    );
}

#[test]
fn bytes_of_writers_that_name_no_type_are_text_where_text_is_due() {
    let rows =
        read("scheme", Column::bytes([Some(&b"schnorr-bip340"[..]), Some(b"ed25519"), Some(b"ed25519")]));
    assert_eq!(rows.unwrap()[0].suite.scheme().name(), "schnorr-bip340");
    let named = Column::bytes([Some("a".as_bytes()), Some("\u{fc}".as_bytes()), None]);
    assert_eq!(ids(named), [Some("a".to_owned()), Some("\u{fc}".to_owned()), None]);
    assert_eq!(
        read("id", Column::bytes([Some(&b"a"[..]), Some(b"\xff"), None])).unwrap_err(),
        "rows.parquet: row 1: id is bytes that are not text in UTF-8; write it as a column of text"
    );
}

#[test]
fn ids_of_every_type_have_a_form() {
    let fixed = |cells: [Option<Vec<u8>>; 3]| {
        let width = cells.iter().flatten().map(Vec::len).max().unwrap();
        Column::Fixed(width as i32, cells.to_vec())
    };
    let uuid: Vec<u8> = (0..16).map(|at| at * 17).collect();
    let integers =
        |bits, cells: [i64; 2]| Column::Integers(bits, true, vec![Some(cells[0]), Some(cells[1]), None]);
    let micros = TimeUnit::MICROS;
    for (column, expected) in [
        (
            of(fixed([Some(uuid.clone()), None, Some(vec![0; 16])]), LogicalType::Uuid),
            [
                Some("00112233-4455-6677-8899-aabbccddeeff"),
                None,
                Some("00000000-0000-0000-0000-000000000000"),
            ],
        ),
        (fixed([Some(vec![0xab, 0x01]), None, Some(vec![0, 0])]), [Some("ab01"), None, Some("0000")]),
        (Column::Doubles(vec![0.1, f64::NAN, 12.0]), [Some("0.1"), None, Some("12")]),
        (Column::Floats(vec![0.1, f32::NAN, -7.5e30]), [Some("0.1"), None, Some("-7.5e30")]),
        (Column::Booleans(vec![Some(true), None, Some(false)]), [Some("true"), None, Some("false")]),
        (of(integers(32, [123, -5]), LogicalType::decimal(2, 9)), [Some("1.23"), Some("-0.05"), None]),
        (of(integers(64, [123, -5]), LogicalType::decimal(0, 18)), [Some("123"), Some("-5"), None]),
        (
            of(fixed([Some(vec![0xff, 0x38]), None, Some(vec![0, 7])]), LogicalType::decimal(1, 4)),
            [Some("-20.0"), None, Some("0.7")],
        ),
        (of(integers(32, [19_782, -1]), LogicalType::Date), [Some("2024-02-29"), Some("1969-12-31"), None]),
        (
            of(integers(64, [1_500_000, -1]), LogicalType::timestamp(true, micros)),
            [Some("1970-01-01T00:00:01.500000Z"), Some("1969-12-31T23:59:59.999999Z"), None],
        ),
        (
            of(integers(64, [1_000_000, 0]), LogicalType::timestamp(false, micros)),
            [Some("1970-01-01T00:00:01"), Some("1970-01-01T00:00:00"), None],
        ),
        (
            of(integers(64, [3_600_000_000, 1]), LogicalType::time(false, micros)),
            [Some("01:00:00"), Some("00:00:00.000001"), None],
        ),
    ] {
        let what = format!("{column:?}");
        assert_eq!(ids(column), expected.map(|id| id.map(str::to_owned)), "{what}");
    }
}

#[test]
fn integers_may_be_written_as_other_numbers() {
    let rows = read("recovery_id", Column::Doubles(vec![1.0, f64::NAN, 0.0])).unwrap();
    assert!(rows.iter().map(|row| row.recovery_id).eq([Some(1), None, Some(0)]));
    let decimals = of(Column::Integers(64, true, vec![Some(3), None, Some(0)]), LogicalType::decimal(0, 18));
    assert!(read("recovery_id", decimals).unwrap().iter().map(|row| row.recovery_id).eq([
        Some(3),
        None,
        Some(0)
    ]));
    for (values, told) in [
        (vec![0.0, 1.5, 0.0], "row 1: recovery_id is 1.5; it must be 0 to 3"),
        (vec![-1.0, 0.0, 0.0], "row 0: recovery_id is -1; it must be 0 to 3"),
        (vec![0.0, 0.0, 1e300], "row 2: recovery_id is 1"),
        (vec![f64::INFINITY, 0.0, 0.0], "row 0: recovery_id is inf; it must be 0 to 3"),
    ] {
        let error = read("recovery_id", Column::Doubles(values)).unwrap_err();
        assert!(error.contains(told), "{error}");
    }
    let error =
        read("recovery_id", of(Column::Integers(64, true, vec![Some(3); 3]), LogicalType::decimal(1, 18)));
    assert!(error.is_err_and(|error| error.contains("Decimal128(18, 1); it must be an integer type")));
}
