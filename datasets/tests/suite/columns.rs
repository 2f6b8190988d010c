//! Columns of Parquet files in every layout that a writer can choose: the reader gives back what was written.

use crate::common;

use std::fs;
use std::path::Path;

use common::parquet::{Column, write_columns};
use parquet::basic::{Compression, Encoding};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};
use parquet::schema::types::ColumnPath;
use sigwarp::Messages;
use sigwarp_datasets::{ColumnReader, ReadError, ReadOptions, RowBlock, RowReader};

/// How a writer may lay out values: in a dictionary, or in an encoding.
const LAYOUTS: [Option<Encoding>; 4] =
    [None, Some(Encoding::PLAIN), Some(Encoding::DELTA_LENGTH_BYTE_ARRAY), Some(Encoding::DELTA_BYTE_ARRAY)];

/// Small pages, so that those of two columns end at different rows.
fn small_pages(version: WriterVersion, rows: usize) -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_writer_version(version)
        .set_compression(Compression::SNAPPY)
        .set_write_batch_size(7)
        .set_data_page_row_count_limit(rows)
}

fn layout(
    builder: WriterPropertiesBuilder,
    column: &str,
    layout: Option<Encoding>,
) -> WriterPropertiesBuilder {
    let column = ColumnPath::from(column);
    match layout {
        None => builder.set_column_dictionary_enabled(column, true),
        Some(encoding) => {
            builder.set_column_dictionary_enabled(column.clone(), false).set_column_encoding(column, encoding)
        }
    }
}

/// Cells of many lengths, some of which come again; every fifth is null, and there is a long run of nulls.
fn cells(count: usize, nullable: bool) -> Vec<Option<Vec<u8>>> {
    let cell = |row: usize| -> Vec<u8> {
        let length = if row.is_multiple_of(3) { 64 } else { row * 7 % 90 };
        (0..length).map(|at| (at * 31 + row % 50 * 7) as u8).collect()
    };
    let null = |row: usize| nullable && (row % 5 == 2 || (700..1900).contains(&row));
    (0..count).map(|row| (!null(row)).then(|| cell(row))).collect()
}

/// The cells of a column, up to the first null, which is an error.
fn read_column(path: &Path, column: &str, text: bool) -> (Vec<Vec<u8>>, Option<String>) {
    let mut reader = ColumnReader::open(path, column, text, 1 << 20).unwrap();
    let (mut block, mut read) = (Messages::new(), Vec::new());
    loop {
        let more = reader.next_block(&mut block);
        let column = block.column();
        read.extend((0..block.len()).map(|row| column.get(row).to_vec()));
        match more {
            Ok(true) => {}
            Ok(false) => return (read, None),
            Err(error) => return (read, Some(error.to_string())),
        }
    }
}

#[test]
fn byte_strings_are_read_alike_in_every_layout() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.parquet");
    let count = 3000;
    let (required, optional) = (cells(count, false), cells(count, true));
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        for encoding in LAYOUTS {
            let properties = layout(small_pages(version, 97), "tx", encoding).build();
            write_columns(&path, &[("tx", Column::Bytes(required.clone()))], false, properties);
            let (read, error) = read_column(&path, "tx", false);
            assert_eq!(error, None, "{version:?} {encoding:?}");
            assert!(read.iter().eq(required.iter().flatten()), "{version:?} {encoding:?}");

            // As message and as digest, of which a row needs one, with pages that end elsewhere.
            let columns = rows_of(&optional);
            let builder = layout(small_pages(version, 97), "message", encoding);
            let properties = layout(builder, "signature", encoding).build();
            write_columns(&path, &columns, true, properties);
            check_rows(&path, &optional, &format!("{version:?} {encoding:?}"));
        }
    }
}

/// Rows that take a digest where the cell is null, and it as message and signature otherwise.
fn rows_of(cells: &[Option<Vec<u8>>]) -> Vec<(&'static str, Column)> {
    let schemes = cells.iter().map(|cell| Some(if cell.is_some() { "sm2-sm3" } else { "sm2" }));
    let digests = cells.iter().map(|cell| cell.is_none().then_some(&b"digest"[..]));
    let signatures = cells.iter().map(|cell| Some(cell.as_deref().unwrap_or_default()));
    vec![
        ("scheme", Column::text(schemes)),
        ("public_key", Column::bytes(cells.iter().map(|_| Some(&b"key"[..])))),
        ("message", Column::Bytes(cells.to_vec())),
        ("digest", Column::bytes(digests)),
        ("signature", Column::bytes(signatures)),
    ]
}

fn check_rows(path: &Path, cells: &[Option<Vec<u8>>], what: &str) {
    let rows = common::read_all(path, &common::rules(&[])).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(rows.len(), cells.len(), "{what}");
    for (row, cell) in rows.iter().zip(cells) {
        assert_eq!(row.message, cell.as_deref().unwrap_or(b"digest"), "{what}");
        assert_eq!(row.signature, cell.as_deref().unwrap_or_default(), "{what}");
        assert_eq!(row.key, b"key", "{what}");
    }
}

#[test]
fn byte_strings_of_one_width_are_read_alike_in_every_layout() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.parquet");
    let layouts =
        [None, Some(Encoding::PLAIN), Some(Encoding::DELTA_BYTE_ARRAY), Some(Encoding::BYTE_STREAM_SPLIT)];
    let cell = |row: usize| (0..33u8).map(|at| at.wrapping_mul(row as u8 % 40)).collect::<Vec<_>>();
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        for encoding in layouts {
            for nullable in [false, true] {
                let null = |row: usize| nullable && row % 4 == 1;
                let cells: Vec<_> = (0..2500).map(|row| (!null(row)).then(|| cell(row))).collect();
                let mut columns = rows_of(&cells);
                columns[2].1 = Column::Fixed(33, cells.clone());
                let signatures = cells.iter().map(|cell| Some(cell.clone().unwrap_or(vec![0; 33])));
                columns[4].1 = Column::Fixed(33, signatures.collect());
                if !nullable {
                    columns.remove(3);
                }
                let builder = layout(small_pages(version, 211), "message", encoding);
                let properties = layout(builder, "signature", encoding).build();
                write_columns(&path, &columns, nullable, properties);
                let rows = common::read_all(&path, &common::rules(&[])).unwrap();
                assert_eq!(rows.len(), cells.len());
                for (row, cell) in rows.iter().zip(&cells) {
                    let what = format!("{version:?} {encoding:?} {nullable}");
                    assert_eq!(row.message, cell.as_deref().unwrap_or(b"digest"), "{what}");
                    assert_eq!(row.signature, cell.clone().unwrap_or(vec![0; 33]), "{what}");
                }
            }
        }
    }
}

#[test]
fn integers_of_every_width_and_booleans_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.parquet");
    let count = 2500;
    for (bits, signed) in [8, 16, 32, 64].into_iter().flat_map(|bits| [(bits, false), (bits, true)]) {
        let most = match (bits, signed) {
            (64, true) => i128::from(i64::MAX),
            (64, false) => i128::from(u64::MAX),
            (bits, signed) => (1 << (bits - i8::from(signed))) - 1,
        };
        let least = if signed { -most - 1 } else { 0 };
        let number = |row: usize| match row % 3 {
            0 => Some(most),
            1 => Some(least),
            _ => None,
        };
        let mut columns = rows_of(&vec![Some(b"m".to_vec()); count]);
        columns.push((
            "id",
            Column::Integers(
                bits,
                signed,
                (0..count).map(|row| number(row).map(|number| number as i64)).collect(),
            ),
        ));
        let ids: Vec<Option<i64>> = (0..count).map(|row| (row % 7 != 0).then_some(row as i64 % 4)).collect();
        columns.push(("recovery_id", Column::Integers(bits, signed, ids.clone())));
        let expected: Vec<Option<bool>> =
            (0..count).map(|row| (row % 11 != 0).then_some(row % 2 == 0)).collect();
        columns.push(("expected", Column::Booleans(expected.clone())));
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            for dictionary in [false, true] {
                let properties = small_pages(version, 101).set_dictionary_enabled(dictionary).build();
                write_columns(&path, &columns, true, properties);
                let rows = common::read_all(&path, &common::rules(&[])).unwrap();
                assert_eq!(rows.len(), count);
                for (row, read) in rows.iter().enumerate() {
                    assert_eq!(
                        read.id,
                        number(row).map(|number| number.to_string()),
                        "{bits} {signed} {row}"
                    );
                    assert_eq!(read.recovery_id, ids[row].map(|id| id as u8));
                    assert_eq!(read.expected, expected[row]);
                }
            }
        }
    }
}

#[test]
fn text_that_is_not_utf8_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.parquet");
    let schemes = vec![Some("schnorr-bip340".to_owned()); 3];
    let mut columns = rows_of(&vec![Some(b"m".to_vec()); 3]);
    columns[0].1 = Column::Text(schemes);
    columns.push(("id", Column::text([Some("row 0"), Some("row \u{fc}"), Some("row 2")])));
    for dictionary in [false, true] {
        let properties = WriterProperties::builder().set_dictionary_enabled(dictionary).build();
        write_columns(&path, &columns, true, properties);
        let bytes = fs::read(&path).unwrap();
        let at = bytes.windows(2).position(|window| window == "\u{fc}".as_bytes()).unwrap();
        let damaged = [&bytes[..at], &[0xff], &bytes[at + 1..]].concat();
        fs::write(&path, damaged).unwrap();
        let mut reader = RowReader::open(&path, &ReadOptions::default()).unwrap();
        let mut block = RowBlock::new();
        let error = reader.next_block(&mut block).unwrap_err();
        let problem =
            "damaged Parquet file: row group 0, rows from 1: column id: encountered non UTF-8 data: ";
        assert!(
            matches!(&error, ReadError::Parquet { problem: told, .. } if told.starts_with(problem)),
            "{error}"
        );
        assert_eq!((block.len(), block.id(0)), (1, Some("row 0")));
        let (read, error) = read_column(&path, "id", true);
        assert_eq!(read, [b"row 0"]);
        assert!(error.unwrap().contains(problem));
    }
}

#[test]
fn a_row_group_with_fewer_rows_than_declared_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.parquet");
    let cells = vec![Some(b"cell".to_vec()); 3001];
    write_columns(&path, &[("tx", Column::Bytes(cells.clone()))], false, WriterProperties::default());
    // The number of rows stands in the footer as a varint of zigzag: of the file, and of its row group. The column
    // chunk has the number of its values.
    let mut bytes = fs::read(&path).unwrap();
    let varint = |number: u32| [(number << 1) as u8 | 0x80, (number << 1 >> 7) as u8];
    let footer =
        bytes.len() - 8 - u32::from_le_bytes(bytes[bytes.len() - 8..][..4].try_into().unwrap()) as usize;
    let places: Vec<usize> =
        (footer..bytes.len() - 2).filter(|at| bytes[*at..*at + 2] == varint(3001)).collect();
    assert_eq!(places.len(), 3);
    for (declared, problem) in [(3002, "1 rows fewer than declared"), (3000, "more rows than declared")] {
        for at in &places {
            bytes[*at..*at + 2].copy_from_slice(&varint(declared));
        }
        fs::write(&path, &bytes).unwrap();
        let (read, error) = read_column(&path, "tx", false);
        let error = error.unwrap();
        assert!(
            error.contains(&format!("row group 0, rows from {}: column tx: {problem}", declared.min(3001))),
            "{error}"
        );
        assert_eq!(read.len(), (declared as usize).min(3001));
    }
}
