//! The readers of rows: arbitrary bytes are rows or an error, in bounded blocks, whatever the size of a block.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use parquet::basic::CompressionCodec;
use sigwarp::DefaultRules;
use sigwarp_datasets::{
    BytesForm, ColumnNames, Expected, FileKind, Format, KeyUse, Layout, ReadError, ReadOptions, Row,
    RowBlock, RowReader, RowWriter,
};

use crate::cases::Case;
use crate::seeds;

/// The tests of the reader write pages in every compression too.
#[path = "../../../../datasets/tests/suite/common/pages.rs"]
mod pages;

/// Small, so that inputs reach the bound.
const MAX_ROW_BYTES: usize = 2048;

fn options(data: &[u8]) -> ReadOptions {
    let shape = data.last().copied().unwrap_or(0) as usize;
    let rules = DefaultRules::new(["zip215", "ecdsa"]).expect("rules of two schemes");
    let key_use = if shape & 1 == 0 { KeyUse::Required } else { KeyUse::Optional };
    ReadOptions {
        rules,
        key_use,
        max_row_bytes: MAX_ROW_BYTES,
        block_rows: 1 + (shape >> 1) % 16,
        block_bytes: 1 << (shape >> 5),
        ..ReadOptions::default()
    }
}

/// JSON lines.
pub fn jsonl(data: &[u8]) {
    let options = options(data);
    let read = |options: &ReadOptions| {
        // A small buffer, so that lines cross it.
        let input = std::io::BufReader::with_capacity(16, std::io::Cursor::new(data.to_vec()));
        drain(RowReader::jsonl("input", input, options), options)
    };
    compare(read(&options), read(&ReadOptions { block_rows: 1000, block_bytes: 1 << 20, ..options.clone() }));
}

/// Text of the other formats, and of each through the layer that decompresses it. The first byte says the format and how
/// bytes are written.
pub fn text(data: &[u8]) {
    let Some((&choice, data)) = data.split_first() else { return };
    let texts: Vec<&Format> = Format::ALL.iter().copied().filter(|format| format.is_text()).collect();
    let format = texts[usize::from(choice & 3) % texts.len()];
    let form = BytesForm::ALL[usize::from(choice >> 2 & 3) % BytesForm::ALL.len()];
    let layout = Layout {
        format: Some(FileKind { format, compression: None }),
        bytes: form,
        columns: match choice & 0x80 {
            0 => ColumnNames::default(),
            _ => ColumnNames::new(["signature=sig", "id=name"]).expect("two fields"),
        },
    };
    let options = ReadOptions { layout, ..options(data) };
    let read = |options: &ReadOptions| {
        drain(RowReader::stream("input", std::io::Cursor::new(data.to_vec()), options)?, options)
    };
    compare(read(&options), read(&ReadOptions { block_rows: 1000, block_bytes: 1 << 20, ..options.clone() }));
}

/// Parquet, which is read from a file.
pub fn parquet(data: &[u8]) {
    static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = std::env::temp_dir().join(format!("sigwarp-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        folder
    });
    // Tests call this from several threads.
    let file = FILE.join(format!("{:?}.parquet", std::thread::current().id()));
    std::fs::write(&file, data).expect("a temporary file");
    let options = options(data);
    let read = |options: &ReadOptions| drain(RowReader::open(&file, options)?, options);
    compare(read(&options), read(&ReadOptions { block_rows: 1000, block_bytes: 1 << 20, ..options.clone() }));
}

type Rows = (u64, Vec<String>, Option<String>);

/// Reads to the end or to the first error: the rows, and what the error says.
fn drain(mut reader: RowReader, options: &ReadOptions) -> Result<Rows, ReadError> {
    let mut block = RowBlock::new();
    let mut rows = Vec::new();
    let error = loop {
        match reader.next_block(&mut block) {
            Ok(true) => check_block(&block, &rows, options),
            Ok(false) => break None,
            Err(error) => {
                check_block(&block, &rows, options);
                describe(&block, &mut rows);
                break Some(error.to_string());
            }
        }
        describe(&block, &mut rows);
    };
    assert!(rows.len() as u64 <= reader.rows_read() || error.is_some());
    Ok((rows.len() as u64, rows, error))
}

fn check_block(block: &RowBlock, rows: &[String], options: &ReadOptions) {
    assert_eq!(block.first_row(), rows.len() as u64);
    assert!(block.len() <= options.block_rows, "{} rows in a block of {}", block.len(), options.block_rows);
    assert_eq!((block.expected().len(), block.recovery_ids().len()), (block.len(), block.len()));
    // A block ends with the row that reaches its size. A row in JSONL is hexadecimal, a cell's default user ID is not.
    assert!(block.bytes() < options.block_bytes + MAX_ROW_BYTES + 64, "{} bytes in a block", block.bytes());
}

fn describe(block: &RowBlock, rows: &mut Vec<String>) {
    let view = block.batch().view().expect("a reader gives each suite what it takes");
    for item in 0..block.len() {
        rows.push(format!(
            "{:?} {:?} {:?} {:?}",
            view.item(item),
            block.id(item),
            block.expected()[item],
            block.recovery_ids()[item]
        ));
    }
}

/// Blocks are a matter of memory, never of content.
fn compare(small: Result<Rows, ReadError>, large: Result<Rows, ReadError>) {
    let text = |rows: Result<Rows, ReadError>| rows.map_err(|error| error.to_string());
    assert_eq!(text(small), text(large));
}

/// The compressions of pages that are read.
const CODECS: [CompressionCodec; 7] = [
    CompressionCodec::UNCOMPRESSED,
    CompressionCodec::SNAPPY,
    CompressionCodec::GZIP,
    CompressionCodec::BROTLI,
    CompressionCodec::LZ4,
    CompressionCodec::LZ4_RAW,
    CompressionCodec::ZSTD,
];

/// Files of a few rows, as the writers write them, and Parquet in every compression.
pub(crate) fn row_seeds(extension: &str) -> Vec<Vec<u8>> {
    let folder = std::env::temp_dir().join(format!("sigwarp-seeds-{extension}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let path = |salt: u64| folder.join(format!("{salt}.{extension}"));
    let mut seeds: Vec<Vec<u8>> = (0..24).map(|salt| file_of(&path(salt), salt)).collect();
    if extension == "parquet" {
        // The writer knows one compression and no checksums. Those with checksums come behind those without: an input that
        // is changed anywhere else than in a header ends at its checksum.
        for (checksums, first) in [(false, 0), (true, CODECS.len() as u64)] {
            // Each from a file of its own: what was rewritten is in a compression that only the reader here knows.
            for (codec, salt) in CODECS.into_iter().zip(first..) {
                pages::rewrite(&path(salt), codec, |page| {
                    page.checksum = page.checksum.filter(|_| checksums)
                });
                seeds.push(std::fs::read(path(salt)).expect("the file written above"));
            }
        }
    }
    std::fs::remove_dir_all(&folder).expect("the folder made above");
    seeds
}

/// Gives the rows of the file of this number to `each`.
fn each_row(salt: u64, mut each: impl FnMut(&Row<'_>)) {
    for row in 0..1 + salt % 7 {
        let bytes = seeds::bytes(salt * 100 + row, 600);
        let case = Case::any(&mut arbitrary::Unstructured::new(&bytes)).expect("any bytes make a case");
        let raw = case.suite.scheme().input() == sigwarp::MessageInput::Raw;
        let id = format!("row {row}");
        each(&Row {
            id: (row % 2 == 0).then_some(&id[..]),
            scheme: Some(case.suite.scheme().name()),
            rule: Some(case.suite.rule()),
            encoding: Some(case.suite.encoding()),
            user_id: case.suite.user_id().filter(|id| id.len() < 100),
            context: case.suite.context().filter(|context| !context.is_empty()),
            public_key: Some(&case.key),
            message: raw.then_some(&case.message[..]),
            digest: (!raw).then_some(&case.message[..]),
            signature: Some(&case.signature),
            recovery_id: (row % 3 == 0).then_some((row % 4) as u8),
            expected: case.known.map_or(Expected::Unknown, Expected::Valid),
            ..Row::default()
        });
    }
}

fn file_of(path: &Path, salt: u64) -> Vec<u8> {
    let mut writer = RowWriter::create(path, 3).expect("a temporary file");
    each_row(salt, |row| writer.write(row, None).expect("room for a row"));
    writer.finish().expect("room for a file");
    std::fs::read(path).expect("the file written above")
}

/// The rows of a file as CSV, some cells in quotes.
fn csv_of(salt: u64) -> Vec<u8> {
    let mut text =
        "id,scheme,rule,encoding,user_id,context,public_key,message,digest,signature,recovery_id,other\n"
            .to_owned();
    each_row(salt, |row| {
        // An empty cell is an absent one.
        let bytes = |cell: Option<&[u8]>| {
            cell.map_or_else(String::new, |cell| {
                cell.iter().fold("0x".to_owned(), |text, byte| format!("{text}{byte:02x}"))
            })
        };
        let of = |cell: Option<&str>| cell.unwrap_or_default().to_owned();
        let number = row.recovery_id.map_or_else(String::new, |id| id.to_string());
        let cells = [
            of(row.id),
            of(row.scheme),
            of(row.rule),
            of(row.encoding),
            bytes(row.user_id),
            bytes(row.context),
            bytes(row.public_key),
            bytes(row.message),
            bytes(row.digest),
            bytes(row.signature),
            number,
            "\"a \"\"quoted\"\", cell\r\nof two lines\"".to_owned(),
        ];
        text += &cells.join(",");
        text += "\r\n";
    });
    text.into_bytes()
}

/// Seeds of [`text`]: every format, as it is and compressed.
pub(crate) fn text_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (lines, salt) in row_seeds("jsonl").iter().take(8).zip(0..) {
        let objects = String::from_utf8(lines.clone()).expect("JSON is text");
        let objects: Vec<&str> = objects.lines().collect();
        let array = format!("{{\"rows\": [{}], \"of\": [1, {{}}]}}", objects.join(",\n"));
        for (text, format) in [(lines.clone(), 0), (array.into_bytes(), 1), (csv_of(salt), 2)] {
            let renamed = String::from_utf8_lossy(&text).replace("signature", "sig").into_bytes();
            seeds.push([&[format], &text[..]].concat());
            seeds.push([&[0x80 | format], &renamed[..]].concat());
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(1));
            gzip.write_all(&text).expect("memory takes all");
            seeds.push([&[format], &gzip.finish().expect("memory takes all")[..]].concat());
            let level = ruzstd::encoding::CompressionLevel::Fastest;
            seeds.push([&[format], &ruzstd::encoding::compress_to_vec(&text[..], level)[..]].concat());
        }
    }
    seeds
}
