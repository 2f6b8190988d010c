//! Parquet pages in every compression, with checksums, and what is wrong with them.

use crate::common;

use std::fs;
use std::path::{Path, PathBuf};

use common::pages::{Written, compress, rewrite};
use common::parquet::{Column, write_columns};
use common::{Read, read_all, rules};
use parquet::basic::CompressionCodec;
use parquet::file::properties::{WriterProperties, WriterVersion};
use sigwarp_datasets::ReadOptions;

const CODECS: [CompressionCodec; 7] = [
    CompressionCodec::UNCOMPRESSED,
    CompressionCodec::SNAPPY,
    CompressionCodec::GZIP,
    CompressionCodec::BROTLI,
    CompressionCodec::LZ4,
    CompressionCodec::LZ4_RAW,
    CompressionCodec::ZSTD,
];
const VERSIONS: [WriterVersion; 2] = [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0];

/// Columns of every kind of value, with nulls; those of `ignored` are of no known name.
fn columns(rows: usize) -> Vec<(&'static str, Column)> {
    let cell = |row: usize, salt: usize| -> Vec<u8> {
        (0..32 + row % 9).map(|at| (at * salt + row % 17 * 3) as u8).collect()
    };
    let bytes = |salt: usize| Column::Bytes((0..rows).map(|row| Some(cell(row, salt))).collect());
    let sparse = (0..rows).map(|row| (row % 3 != 1).then_some(row as i64));
    vec![
        ("id", Column::Integers(64, true, sparse.collect())),
        ("scheme", Column::text((0..rows).map(|_| Some("ed25519")))),
        ("public_key", bytes(5)),
        ("message", bytes(7)),
        ("signature", bytes(11)),
        ("expected", Column::Booleans((0..rows).map(|row| (row % 4 != 0).then_some(row % 2 == 0)).collect())),
        ("ignored", Column::Doubles((0..rows).map(|row| row as f64).collect())),
    ]
}

/// A file of these rows, in pages of 40 of them.
fn write(path: &Path, rows: usize, version: WriterVersion, dictionary: bool) {
    let properties = WriterProperties::builder()
        .set_writer_version(version)
        .set_dictionary_enabled(dictionary)
        .set_write_batch_size(10)
        .set_data_page_row_count_limit(40)
        .build();
    write_columns(path, &columns(rows), true, properties);
}

/// Replaces a file. Some file systems write the data of one that is cut and written again to the disk at once, which
/// takes longer than a test of thousands of files has.
fn replace(path: &Path, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> (Self, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.parquet");
        (Self(folder), path)
    }

    /// What is told about a file, without the folder.
    fn error(&self, path: &Path, options: &ReadOptions) -> String {
        let error = read_all(path, options).unwrap_err().to_string();
        error.replace(&format!("{}/", self.0.path().display()), "")
    }
}

fn expected(path: &Path) -> Vec<Read> {
    read_all(path, &rules(&["strict"])).unwrap()
}

#[test]
fn pages_in_every_compression_are_read_alike() {
    let (_folder, path) = Files::new();
    for version in VERSIONS {
        for dictionary in [false, true] {
            write(&path, 150, version, dictionary);
            let (plain, rows) = (fs::read(&path).unwrap(), expected(&path));
            assert_eq!(rows.len(), 150);
            for codec in CODECS {
                for checksums in [false, true] {
                    fs::write(&path, &plain).unwrap();
                    rewrite(&path, codec, |page| page.checksum = page.checksum.filter(|_| checksums));
                    assert_eq!(expected(&path), rows, "{version:?} {dictionary} {codec:?} {checksums}");
                }
            }
        }
    }
}

#[test]
fn a_checksum_that_does_not_match_names_the_column_and_the_row_group() {
    let (folder, path) = Files::new();
    for version in VERSIONS {
        for (page, column, row) in [(0, "id", 0), (9, "public_key", 40)] {
            write(&path, 150, version, false);
            let mut number = 0;
            rewrite(&path, CompressionCodec::SNAPPY, |written| {
                if number == page {
                    written.body[0] ^= 1;
                }
                number += 1;
            });
            assert_eq!(
                folder.error(&path, &rules(&["strict"])),
                format!(
                    "rows.parquet: damaged Parquet file: row group 0, rows from {row}: column {column}: the checksum \
                     of a page does not match its bytes; copy or write the file again"
                )
            );
        }
    }
}

#[test]
fn compressions_that_are_not_read_matter_where_they_are_read() {
    let (folder, path) = Files::new();
    write(&path, 20, VERSIONS[0], false);
    rewrite(&path, CompressionCodec::LZO, |_| {});
    assert_eq!(
        folder.error(&path, &rules(&["strict"])),
        "rows.parquet: column id is compressed with LZO, which is not read here; write the file again with Zstandard or \
         Snappy"
    );
    // The keys of the same file are those of one column, and other columns are not looked at.
    write(&path, 20, VERSIONS[0], false);
    let mut pages = 0;
    rewrite(&path, CompressionCodec::ZSTD, |page| {
        pages += 1;
        if pages != 3 {
            page.body.fill(0xff);
        }
    });
    let keys = sigwarp_datasets::KeyFile::load(&path, 1 << 20).unwrap();
    assert_eq!(keys.len(), 20);
}

/// What a page declares against what it holds.
#[test]
fn bombs_are_refused_with_column_row_group_and_limit() {
    let (folder, path) = Files::new();
    let options = ReadOptions { max_row_bytes: 1000, ..rules(&["strict"]) };
    let limit = 1000 + (64 << 20);
    let place = "rows.parquet: damaged Parquet file: row group 0, rows from 0: column message: ";
    let bomb = vec![0u8; 4 << 20];
    type Edit<'a> = (&'a str, Box<dyn Fn(&mut Written, CompressionCodec) + 'a>, String);
    let edits: [Edit<'_>; 3] = [
        (
            "declares more than is read at once",
            Box::new(|page, _| page.uncompressed = limit + 1),
            format!(
                "a page declares {} uncompressed bytes, more than the {limit} that are read at once",
                limit + 1
            ),
        ),
        ("declares much and holds little", Box::new(|page, _| page.uncompressed = limit), String::new()),
        (
            "holds more than it declares",
            Box::new(|page, codec| {
                page.body = compress(codec, &bomb);
                (page.compressed, page.checksum) = (page.body.len() as i64, None);
            }),
            String::new(),
        ),
    ];
    for codec in CODECS {
        for (what, edit, told) in &edits {
            write(&path, 20, VERSIONS[0], false);
            let mut pages = 0;
            rewrite(&path, codec, |page| {
                if pages == 3 {
                    edit(page, codec);
                }
                pages += 1;
            });
            let error = folder.error(&path, &options);
            assert!(error.starts_with(&format!("{place}{told}")), "{codec:?} {what}: {error}");
        }
    }
}

/// One bit of every third byte, and lengths.
#[test]
fn damaged_pages_are_errors_and_never_other_rows_where_there_are_checksums() {
    let (_folder, path) = Files::new();
    for (at, codec) in CODECS.into_iter().enumerate() {
        let (version, dictionary) = (VERSIONS[at % 2], at % 3 != 0);
        write(&path, 12, version, dictionary);
        let mut bodies = Vec::new();
        rewrite(&path, codec, |page| bodies.push(page.body.clone()));
        let (whole, rows) = (fs::read(&path).unwrap(), expected(&path));
        // The column that is not read is the last one.
        let unread = if dictionary { 2 } else { 1 };
        let mut checked = 0;
        let covered: Vec<_> = bodies[..bodies.len() - unread]
            .iter()
            .map(|body| {
                let start =
                    checked + whole[checked..].windows(body.len()).position(|window| window == body).unwrap();
                checked = start + body.len();
                start..checked
            })
            .collect();
        for at in (codec as usize % 3..whole.len()).step_by(3) {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << (at * 5 % 8);
            replace(&path, &damaged);
            match read_all(&path, &rules(&["strict"])) {
                Ok(read) => {
                    assert!(
                        !covered.iter().any(|body| body.contains(&at)) || read == rows,
                        "{codec:?}, byte {at}"
                    );
                }
                Err(error) => {
                    let error = error.to_string();
                    assert!(!error.contains("the decoder gave up"), "{codec:?}, byte {at}: {error}");
                }
            }
            if at.is_multiple_of(11) {
                replace(&path, &whole[..at]);
                assert!(read_all(&path, &rules(&["strict"])).is_err(), "{codec:?}, {at} bytes");
            }
        }
    }
}

/// Without checksums the decoders see the damage.
#[test]
fn damaged_pages_without_checksums_never_make_a_decoder_give_up() {
    let (_folder, path) = Files::new();
    for version in VERSIONS {
        for dictionary in [false, true] {
            write(&path, 30, version, dictionary);
            rewrite(&path, CompressionCodec::UNCOMPRESSED, |page| page.checksum = None);
            let whole = fs::read(&path).unwrap();
            for at in (4 + usize::from(dictionary)..whole.len()).step_by(2) {
                for damage in [0x01u8, 0xff] {
                    let mut damaged = whole.clone();
                    damaged[at] ^= damage;
                    replace(&path, &damaged);
                    if let Err(error) = read_all(&path, &rules(&["strict"])) {
                        let error = error.to_string();
                        assert!(
                            !error.contains("the decoder gave up"),
                            "{version:?} {dictionary} {at}: {error}"
                        );
                    }
                }
            }
        }
    }
}
