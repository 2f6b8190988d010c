//! The same rows in every text format and compression, and what is said where they cannot be read.

use crate::common;

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use common::parquet::{Column, write_columns};
use common::{Read, drain, read_all, rules};
use flate2::Compression;
use flate2::write::GzEncoder;
use parquet::file::properties::WriterProperties;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use sigwarp::Messages;
use sigwarp_datasets::{
    BytesForm, ColumnNames, ColumnReader, FileKind, KeyFile, Layout, ReadOptions, RowReader,
};

const LINES: &str = r#"{"id":"a","scheme":"ed25519","rule":"zip215","public_key":"00ff","message":"616263","signature":"0102","expected":true}
{"id":"b,\"\n","scheme":"ecdsa-secp256k1","rule":"ecdsa","public_key":"fbef","digest":"03","signature":"0xFFFE","recovery_id":1}
{"id":"3","scheme":"ed25519","rule":"strict","public_key":"","message":"","signature":"","expected":{"strict":false,"zip215":true}}
"#;

const CSV: &str = "id,scheme,rule,public_key,message,digest,signature,recovery_id,expected,more\r\n\
    a,ed25519,zip215,00ff,616263,,0102,,true,\r\n\
    \"b,\"\"\n\",ecdsa-secp256k1,ecdsa,fbef,,03,0xFFFE,0x1,,x\r\n\
    3,ed25519,strict,0x,0x,,0x,,\"{\"\"strict\"\":false,\"\"zip215\"\":true}\",\r\n";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn layout(format: Option<&str>, bytes: BytesForm, columns: &[&str]) -> Layout {
    let format = format.map(|name| FileKind::from_name(name).unwrap());
    Layout { format, bytes, columns: ColumnNames::new(columns).unwrap() }
}

fn with(layout: Layout) -> ReadOptions {
    ReadOptions { layout, ..rules(&[]) }
}

/// How reading this text as a format ends: the rows before, and the message.
fn refused(format: &str, text: impl AsRef<[u8]>, options: &ReadOptions) -> (usize, String) {
    let mut options = options.clone();
    options.layout.format = FileKind::from_name(format);
    let input = Cursor::new(text.as_ref().to_vec());
    let mut reader = match RowReader::stream("test", input, &options) {
        Ok(reader) => reader,
        Err(error) => return (0, error.to_string()),
    };
    let (mut block, mut rows) = (sigwarp_datasets::RowBlock::new(), 0);
    loop {
        let more = reader.next_block(&mut block);
        rows += block.len();
        match more {
            Ok(true) => {}
            Ok(false) => panic!("{format} was read without an error"),
            Err(error) => return (rows, error.to_string()),
        }
    }
}

#[test]
fn every_format_and_compression_gives_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let expected = common::jsonl_rows(LINES, &rules(&[])).unwrap();
    assert_eq!((expected.len(), expected[1].id.as_deref()), (3, Some("b,\"\n")));
    assert_eq!((expected[1].recovery_id, expected[2].expected), (Some(1), Some(false)));
    let objects: Vec<&str> = LINES.lines().collect();
    let array = format!("[\n {}\n]\n", objects.join(" ,\n"));
    let wrapped = format!("{{\"v\":1,\"none\":[],\"rows\":{array},\"n\":{{\"x\":[1]}}}}");
    for (format, text) in [
        ("jsonl", LINES),
        ("ndjson", LINES),
        ("json", &array),
        ("json", &wrapped),
        ("json", LINES),
        ("csv", CSV),
    ] {
        let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        let (first, second) = marked.split_at(marked.len() / 2);
        for (ending, bytes) in [
            ("", marked.clone()),
            (".gz", gzip(&marked)),
            (".gz", [gzip(first), gzip(second)].concat()),
            (".zst", zstd(&marked)),
            (".zst", [zstd(first), zstd(b""), zstd(second)].concat()),
            // Compression is also told by the content.
            ("", gzip(&marked)),
            ("", zstd(text.as_bytes())),
        ] {
            let name = format!("rows.{format}{ending}");
            let path = write(folder, &name, &bytes);
            assert_eq!(read_all(&path, &rules(&[])).unwrap(), expected, "{name}");
            let options = with(layout(Some(format), BytesForm::Hex, &[]));
            let stream = RowReader::stream("test", Cursor::new(bytes.clone()), &options).unwrap();
            assert_eq!(drain(stream).unwrap(), expected, "{name}");
            let nameless = write(folder, "nameless", &bytes);
            assert_eq!(read_all(&nameless, &options).unwrap(), expected, "{name}");
            let mut keys = Vec::new();
            let file = KeyFile::load(&path, 1 << 20).unwrap();
            (0..file.len() as u64).for_each(|at| keys.push(file.get(at).unwrap().to_vec()));
            assert!(keys.iter().eq(expected.iter().map(|row| &row.key)), "{name}");
        }
    }
}

#[test]
fn parquet_is_read_from_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.parquet");
    let rows = common::sample_rows(50);
    common::write_rows(&path, &rows, 20);
    let options = rules(&["strict", "ecdsa"]);
    let piped = ReadOptions { layout: layout(Some("parquet"), BytesForm::Hex, &[]), ..options.clone() };
    let bytes = fs::read(&path).unwrap();
    let read = drain(RowReader::stream("test", Cursor::new(bytes.clone()), &piped).unwrap()).unwrap();
    assert_eq!(read, read_all(&path, &options).unwrap());
    // Without being told it is no JSONL, and nobody has to find out from bytes that are no text.
    let (_, error) = refused("jsonl", &bytes, &options);
    assert!(
        error.contains("it begins as a Parquet file does; name it .parquet, or add --input-format parquet")
    );
    let squeezed = write(folder.path(), "rows.parquet.gz", gzip(&bytes));
    assert!(
        read_all(&squeezed, &options).unwrap_err().to_string().contains("Parquet compresses within the file")
    );
}

#[test]
fn compressed_files_that_are_cut_or_something_else_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let row = LINES.lines().next().unwrap();
    // More than a decoder gives at once, so that rows come before the end is missed.
    let many: String = (0..6_000).map(|_| format!("{row}\n")).collect();
    for (name, whole) in [("cut.jsonl.gz", gzip(many.as_bytes())), ("cut.jsonl.zst", zstd(many.as_bytes()))] {
        let path = write(folder, name, &whole[..whole.len() - 5]);
        let mut reader = RowReader::open(&path, &rules(&[])).unwrap();
        let (mut block, mut rows) = (sigwarp_datasets::RowBlock::new(), 0);
        let error = loop {
            let more = reader.next_block(&mut block);
            rows += block.len();
            match more {
                Ok(true) => {}
                Ok(false) => panic!("{name} was read without an error"),
                Err(error) => break error.to_string(),
            }
        };
        assert!(error.contains(name) && error.contains(" data; copy or write it again"), "{error}");
        assert!(error.contains("truncated"), "{error}");
        assert!(rows > 0, "{name}");
    }
    for (name, bytes, problem) in [
        ("plain.csv.gz", b"a,b\n".to_vec(), "not gzip: it does not begin as such data does"),
        ("empty.json.zst", Vec::new(), "not zstd: it is empty (0 bytes)"),
        ("archive.json", b"PK\x03\x04....".to_vec(), "it is a zip archive; name the files in it"),
        ("other.csv", b"\xfd7zXZ\0".to_vec(), "it is compressed with xz; decompress it"),
        ("none.jsonl.gz", gzip(b""), "holds no rows"),
        ("header.csv", b"scheme,signature,message,public_key\n".to_vec(), "holds no rows"),
        ("wide.csv", b"\xff\xfea\0".to_vec(), "UTF-16 or UTF-32; write the file as UTF-8"),
    ] {
        let error = read_all(&write(folder, name, bytes), &rules(&[])).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(problem), "{error}");
    }
    // A thousand times as large as the file: read a row at a time, and refused where a row is too large.
    let zeros = "0".repeat(1 << 20);
    for bytes in [gzip(zeros.as_bytes()), zstd(zeros.as_bytes())] {
        let options = ReadOptions { max_row_bytes: 1000, ..rules(&[]) };
        for format in ["jsonl", "csv"] {
            let (_, error) = refused(format, &bytes, &options);
            assert!(error.contains("larger than 1000 bytes"), "{error}");
        }
    }
}

#[test]
fn what_is_wrong_in_a_text_names_the_place() {
    let row = LINES.lines().next().unwrap();
    let header = "scheme,rule,public_key,message,signature\n";
    for (format, text, rows, message) in [
        ("json", format!("[{row},\n{row},\n{{\"id\":\n\n7x}}]"), 2, "test: row 2: not JSON:"),
        ("json", format!("[{row},\n{row},\n{{\"id\":\n\n7x}}]"), 2, "at line 5"),
        ("json", format!("[{row},\n7]"), 1, "expected a JSON object for each row at line 2"),
        ("json", format!("[{row}"), 1, "test: truncated JSON: it ends in line 1 within the rows"),
        ("json", "{\"rows\":{}}".into(), 0, "no array of rows and no signature: it has rows; a JSON file is"),
        ("json", format!("{{\"a\":[{row}],\"b\":[{row}]}}"), 1, "both a and b are arrays of objects"),
        ("json", "[]".into(), 0, "test: holds no rows"),
        ("csv", format!("{header}ed25519,strict,00,00,00\ned25519,strict"), 1, "row 1: not CSV: 2 cells"),
        (
            "csv",
            format!("{header}ed25519,strict,00,00,\"0"),
            0,
            "row 0: not CSV: the file ends within quotes",
        ),
        ("csv", format!("{header}ed25519,strict,0g,00,00"), 0, "row 0: public_key is bad hex"),
        (
            "csv",
            format!("{header}ed25519,strict,00,,00"),
            0,
            "row 0: ed25519 takes a message and the row has none",
        ),
        ("csv", "scheme,signature,scheme\n".into(), 0, "test: column scheme appears twice; keep one"),
        (
            "csv",
            "scheme,signature,public_key\n".into(),
            0,
            "no column message; it has scheme, signature, public_key;",
        ),
        (
            "csv",
            "scheme;signature\n".into(),
            0,
            "no column scheme; it has scheme;signature; the columns of CSV",
        ),
        (
            "csv",
            format!("key_index,{header}-1,ed25519,strict,,00,00"),
            0,
            "row 0: key_index: \"-1\" is not a number",
        ),
        (
            "csv",
            format!("expected,{header}maybe,ed25519,strict,00,00,00"),
            0,
            "row 0: expected: \"maybe\" is neither",
        ),
    ] {
        let (before, error) = refused(format, &text, &rules(&[]));
        assert_eq!(before, rows, "{text}: {error}");
        assert!(error.contains(message), "{text}: {error}");
    }
}

#[test]
fn rows_say_what_their_recovery_id_and_expectation_mean() {
    let row = |scheme: &str, cells: &str| {
        format!(
            r#"{{"scheme":"{scheme}","rule":"ecdsa","public_key":"","digest":"","signature":"",{cells}}}"#
        )
    };
    for (value, message) in [
        ("27", "recovery_id is 27; it is 0, 1, 2 or 3: as Ethereum's v, 27 is recovery id 0; subtract 27"),
        ("\"0x1c\"", "as Ethereum's v, 28 is recovery id 1; subtract 27"),
        ("32", "as the first byte of Bitcoin's signed messages, 32 is recovery id 1; subtract 31"),
        ("38", "as Ethereum's v of EIP-155, 38 is recovery id 1 on chain 1; subtract 35"),
        ("309", "309 is recovery id 0 on chain 137; subtract 35 and twice the chain's id"),
    ] {
        let (_, error) =
            refused("jsonl", row("ecdsa-secp256k1", &format!("\"recovery_id\":{value}")), &rules(&[]));
        assert!(error.starts_with("test: row 0: ") && error.contains(message), "{error}");
    }
    let (_, error) =
        refused("jsonl", row("ecdsa-p256", r#""expected":{"ecdsa":true,"low-s":true}"#), &rules(&[]));
    assert_eq!(
        error,
        "test: row 0: expected names the rule \"low-s\", which ecdsa-p256 does not have; it has ecdsa, ecdsa-low-s"
    );
}

/// A file of one row whose columns have other names, in every format.
fn renamed(folder: &Path, named: &[(&str, &str)]) -> Vec<PathBuf> {
    let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
    let cells: Vec<&str> = named.iter().map(|(_, cell)| *cell).collect();
    let members: Vec<String> = named.iter().map(|(name, cell)| format!("\"{name}\":\"{cell}\"")).collect();
    let object = format!("{{{}}}", members.join(","));
    let columns: Vec<(&str, Column)> = named
        .iter()
        .map(|(name, cell)| match hex::decode(cell) {
            Ok(bytes) => (*name, Column::bytes([Some(&bytes[..])])),
            Err(_) => (*name, Column::text([Some(*cell)])),
        })
        .collect();
    let parquet = folder.join("rows.parquet");
    write_columns(&parquet, &columns, true, WriterProperties::default());
    vec![
        parquet,
        write(folder, "rows.jsonl", &object),
        write(folder, "rows.json", format!("{{\"rows\":[{object}]}}")),
        write(folder, "rows.csv", format!("{}\n{}\n", names.join(","), cells.join(","))),
    ]
}

#[test]
fn fields_are_read_from_columns_of_other_names() {
    let folder = tempfile::tempdir().unwrap();
    let cells = [("alg", "ed25519"), ("pk", "00ff"), ("message", "03"), ("sig", "0102"), ("signature", "ee")];
    let map = ["scheme=alg", "public_key=pk", "signature=sig"];
    let options = ReadOptions { layout: layout(None, BytesForm::Hex, &map), ..rules(&["strict"]) };
    for path in renamed(folder.path(), &cells) {
        let rows: Vec<Read> = read_all(&path, &options).unwrap();
        assert_eq!((&rows[0].key[..], &rows[0].signature[..]), (&[0, 0xff][..], &[1, 2][..]));
        for (map, column) in [
            (&["scheme=alg", "public_key=pk", "signature=sign"][..], "sign"),
            (&["scheme=alg", "public_key=pk", "signature=sig", "rule=rules"], "rules"),
        ] {
            let layout = layout(None, BytesForm::Hex, map);
            let error = read_all(&path, &ReadOptions { layout, ..options.clone() }).unwrap_err().to_string();
            let told = format!("there is no column {column}; it has alg, pk, message, sig, signature");
            assert!(error.ends_with(&told), "{error}");
        }
        // The keys of a keys file are those of the column named.
        let keys = KeyFile::load_as(&path, &options.layout, 1 << 20).unwrap();
        assert_eq!(keys.get(0), Some(&[0, 0xff][..]));
    }
    // A column of digests that is called message.
    let cells = [("scheme", "ecdsa-p256"), ("public_key", "00"), ("message", "0304"), ("signature", "01")];
    let options =
        ReadOptions { layout: layout(None, BytesForm::Hex, &["digest=message"]), ..rules(&["ecdsa"]) };
    for path in renamed(folder.path(), &cells) {
        assert_eq!(read_all(&path, &options).unwrap()[0].message, [3, 4]);
    }
}

#[test]
fn rows_without_scheme_and_encoding_take_those_given() {
    let folder = tempfile::tempdir().unwrap();
    let cells = [("public_key", "00"), ("message", "03"), ("signature", "01")];
    let given = |scheme, encoding: &str| ReadOptions {
        scheme,
        encoding: Some(encoding.to_owned()),
        ..rules(&["strict", "ecdsa"])
    };
    let p256 = sigwarp::Scheme::from_name("ecdsa-p256-sha256");
    for path in renamed(folder.path(), &cells) {
        let suite = read_all(&path, &given(p256, "der")).unwrap().remove(0).suite;
        assert_eq!((Some(suite.scheme()), suite.encoding()), (p256, "der"));
        // An encoding is for the schemes that have it.
        let ed25519 = given(Some(sigwarp::Scheme::Ed25519), "der");
        assert_eq!(read_all(&path, &ed25519).unwrap()[0].suite.encoding(), "raw");
        assert!(read_all(&path, &given(None, "der")).unwrap_err().to_string().contains("scheme"));
    }
    // What a row says wins.
    let own = [("scheme", "sm2-sm3"), ("encoding", "raw"), cells[0], cells[1], cells[2]];
    for path in renamed(folder.path(), &own) {
        let suite = read_all(&path, &given(p256, "der")).unwrap().remove(0).suite;
        assert_eq!((suite.scheme(), suite.encoding()), (sigwarp::Scheme::Sm2Sm3, "raw"));
    }
}

#[test]
fn bytes_are_read_in_the_form_given() {
    for (form, signature) in [
        (BytesForm::Base64, "+/8AEA=="),
        (BytesForm::Base64, "+/8AEA"),
        (BytesForm::Base64Url, "-_8AEA"),
        (BytesForm::Hex, "0xFBff0010"),
    ] {
        let options = ReadOptions { layout: layout(None, form, &[]), ..rules(&["strict"]) };
        let row = format!(r#"{{"scheme":"ed25519","public_key":"","message":"","signature":"{signature}"}}"#);
        assert_eq!(common::jsonl_rows(&row, &options).unwrap()[0].signature, [0xfb, 0xff, 0, 0x10]);
        let mut cells = Messages::new();
        let input = Cursor::new(row);
        let mut reader =
            ColumnReader::stream("test", input, "signature", false, (&options.layout, 1 << 20)).unwrap();
        assert!(reader.next_block(&mut cells).unwrap());
        assert_eq!(cells.column().get(0), [0xfb, 0xff, 0, 0x10]);
    }
    let row = r#"{"scheme":"sm2-sm3","public_key":"PUAXw+hDiVqStwqnTRt+vA==","message":"","signature":""}"#;
    let (_, error) = refused("jsonl", row, &rules(&[]));
    assert!(error.starts_with("test: row 0: public_key is bad hex: "), "{error}");
    assert!(error.ends_with("; this looks like base64: add --bytes base64"), "{error}");
}

#[test]
fn columns_of_text_formats_are_read() {
    let column = |format: &str, text: &str, name: &str, as_text: bool| {
        let layout = layout(Some(format), BytesForm::Hex, &[]);
        let input = Cursor::new(text.to_owned());
        let mut reader = ColumnReader::stream("test", input, name, as_text, (&layout, 1 << 20))?;
        let mut cells = Messages::new();
        reader.next_block(&mut cells)?;
        Ok((0..cells.len()).map(|row| cells.column().get(row).to_vec()).collect::<Vec<_>>())
    };
    let text =
        |result: Result<Vec<Vec<u8>>, sigwarp_datasets::ReadError>| result.map_err(|error| error.to_string());
    assert_eq!(text(column("csv", "n,tx\n1,00ff\n2,0x01\n", "tx", false)), Ok(vec![vec![0, 0xff], vec![1]]));
    assert_eq!(text(column("csv", "tx\n\"a,\"\"\"\n", "tx", true)), Ok(vec![b"a,\"".to_vec()]));
    assert_eq!(
        text(column("json", "{\"x\":[{\"tx\":\"00\"},{\"tx\":\"01\"}]}", "tx", false)),
        Ok(vec![vec![0], vec![1]])
    );
    for (format, content, message) in [
        ("csv", "a,b\n1,2\n", "test: there is no column tx; it has a, b"),
        ("csv", "a,tx\n1,\n", "test: row 0: column tx is missing; every row needs it"),
        (
            "csv",
            "a,tx\n1,xy\n",
            "test: row 0: column tx is bad hex: Invalid character 'x' at position 0; add --text if it is text",
        ),
        ("csv", "tx,tx\n", "test: column tx appears twice; keep one"),
        ("csv", "", "test: holds no rows; check how it was made"),
        ("json", "[{\"tx\":1}]", "test: row 0: tx: invalid type: integer `1`, expected a string at line 1"),
    ] {
        assert_eq!(text(column(format, content, "tx", false)), Err(message.to_owned()));
    }
}
