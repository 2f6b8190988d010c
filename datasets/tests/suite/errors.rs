//! Everything that can be wrong with input files, and what is said about it.

use crate::common;

use std::fs;
use std::io::{self, BufRead, Read};
use std::path::PathBuf;
use std::sync::Arc;

use common::parquet::{Column, write_columns};
use common::{jsonl_rows, read_all, rules, sample_rows, write_rows};
use parquet::basic::LogicalType;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;
use sigwarp_datasets::{KeyFile, KeyUse, ReadError, ReadOptions, RowBlock, RowReader};
use tempfile::TempDir;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    /// Writes a Parquet file of these columns.
    fn parquet(&self, columns: &[(&str, Column)]) -> PathBuf {
        let path = self.path("rows.parquet");
        write_columns(&path, columns, true, WriterProperties::default());
        path
    }

    /// The message on a file, without the folder.
    fn error(&self, path: &std::path::Path) -> String {
        let error = read_all(path, &rules(&["strict"])).unwrap_err().to_string();
        error.replace(&format!("{}/", self.0.path().display()), "")
    }
}

fn jsonl_error(text: &str) -> String {
    jsonl_rows(text, &rules(&[])).unwrap_err().to_string()
}

fn bytes_column(rows: [&str; 2]) -> Column {
    Column::bytes(rows.map(|row| Some(row.as_bytes())))
}

fn full() -> Vec<(&'static str, Column)> {
    vec![
        ("scheme", Column::text([Some("ed25519"), Some("sm2-sm3")])),
        ("public_key", bytes_column(["k", "k"])),
        ("message", bytes_column(["m", "m"])),
        ("signature", bytes_column(["s", "s"])),
    ]
}

fn with(name: &'static str, column: Column) -> Vec<(&'static str, Column)> {
    let mut columns = full();
    columns.retain(|(column, _)| *column != name);
    columns.push((name, column));
    columns
}

#[test]
fn files_that_are_none() {
    let folder = Folder::new();
    assert_eq!(folder.error(&folder.path("none.jsonl")), "none.jsonl: no such file; check the path");
    assert_eq!(folder.error(&folder.path("none.txt")), "none.txt: no such file; check the path");
    for name in ["folder", "folder.jsonl", "folder.parquet"] {
        fs::create_dir(folder.path(name)).unwrap();
        assert_eq!(folder.error(&folder.path(name)), format!("{name}: is a directory; name the files in it"));
    }
    assert_eq!(
        folder.error(&folder.file("rows.txt", b"x")),
        "rows.txt: unknown file type; name a .parquet, .jsonl, .ndjson, .json or .csv file (text also with .gz or .zst), \
         or add --input-format"
    );
    for bytes in [b"".as_slice(), b"\n \n"] {
        let path = folder.file("empty.jsonl", bytes);
        assert_eq!(folder.error(&path), "empty.jsonl: holds no rows; check how it was made");
    }
    let error = folder.error(&folder.file("empty.parquet", b""));
    assert_eq!(error, "empty.parquet: not a Parquet file: it is empty (0 bytes); check how it was made");
    let error = folder.error(&folder.file("text.parquet", b"{\"scheme\": \"ed25519\"}"));
    assert_eq!(error, "text.parquet: not a Parquet file: it does not begin with PAR1; check how it was made");
    let none: Vec<_> = full().into_iter().map(|(name, column)| (name, column.slice(0..0))).collect();
    assert_eq!(folder.error(&folder.parquet(&none)), "rows.parquet: holds no rows; check how it was made");
}

#[test]
fn truncated_parquet_is_told_at_every_length() {
    let folder = Folder::new();
    let path = folder.path("whole.parquet");
    write_rows(&path, &sample_rows(50), 20);
    let bytes = fs::read(&path).unwrap();
    for length in (1..bytes.len()).step_by(97) {
        let error = folder.error(&folder.file("cut.parquet", &bytes[..length]));
        assert!(
            error.starts_with("cut.parquet: truncated Parquet file: its footer is missing;")
                || length < 4 && error.starts_with("cut.parquet: not a Parquet file"),
            "{length}: {error}"
        );
    }
    // The footer without the middle of the file.
    let cut = [&bytes[..200], &bytes[bytes.len() - 4000..]].concat();
    let error = folder.error(&folder.file("cut.parquet", &cut));
    assert!(error.contains("truncated or damaged Parquet file"), "{error}");
}

#[test]
fn columns_that_are_missing_or_of_another_type() {
    let folder = Folder::new();
    let without = |name: &str| full().into_iter().filter(|(column, _)| *column != name).collect::<Vec<_>>();
    for (name, remedy) in [
        ("scheme", "name the scheme of every row, or add --scheme"),
        ("signature", "every row needs one"),
        ("message", "add it, or digest for schemes that take one"),
        ("public_key", "add it, or key_index and a keys file"),
    ] {
        let error = folder.error(&folder.parquet(&without(name)));
        assert_eq!(error, format!("rows.parquet: column {name} is missing; {remedy}"));
    }
    let text = Column::text([Some("00"), Some("00")]);
    let numbers = Column::Doubles(vec![1.0, 2.0]);
    let small = Column::Integers(16, false, vec![Some(1), None]);
    let fixed = Column::Fixed(2, vec![Some(vec![1, 2]), None]);
    let bytes = "Binary, LargeBinary, FixedSizeBinary or BinaryView, or text in hexadecimal";
    let one = "one value for each row, not a list or a struct";
    let (bytes_of_one, text_of_one) =
        (format!("Binary, or text in hexadecimal: {one}"), format!("text: {one}"));
    let utf8 = "Utf8, LargeUtf8, Utf8View or a dictionary of them";
    let half = Column::Annotated(Box::new(fixed.clone()), LogicalType::Float16);
    let label = "text, a number of at most 16 bytes, a date, a time, a timestamp of 64 bits, a UUID or bytes";
    for (name, array, found, expected) in [
        ("public_key", numbers.clone(), "Float64", bytes),
        ("signature", Column::Lists(2), "List", &bytes_of_one),
        ("scheme", Column::Lists(2), "List", &text_of_one),
        ("id", Column::Lists(2), "List", &text_of_one),
        ("id", half, "Float16", label),
        ("scheme", numbers, "Float64", utf8),
        ("recovery_id", text.clone(), "Utf8", "an integer type"),
        ("expected", text.clone(), "Utf8", "Boolean"),
        ("expected", small.clone(), "UInt16", "Boolean"),
        ("rule", fixed, "FixedSizeBinary(2)", utf8),
        ("message", small, "UInt16", bytes),
    ] {
        let error = folder.error(&folder.parquet(&with(name, array)));
        assert_eq!(error, format!("rows.parquet: column {name} has type {found}; it must be {expected}"));
    }
}

#[test]
fn other_layouts_of_the_same_values_are_read() {
    let folder = Folder::new();
    let mut columns = with("id", Column::Integers(16, true, vec![Some(-7), None]));
    columns.push(("recovery_id", Column::Integers(8, false, vec![Some(3), None])));
    columns.push(("expected", Column::Booleans(vec![None, Some(true)])));
    columns.push(("digest", Column::Nulls(2)));
    columns.push(("rule", Column::text([Some("donna"), None])));
    columns.push(("user_id", Column::bytes([None, Some(&b"user"[..])])));
    columns.push(("ignored", Column::Doubles(vec![1.0, 2.0])));
    let rows = read_all(&folder.parquet(&columns), &rules(&["strict"])).unwrap();
    assert_eq!((rows[0].id.as_deref(), rows[1].id.as_deref()), (Some("-7"), None));
    assert_eq!((rows[0].recovery_id, rows[1].expected), (Some(3), Some(true)));
    assert_eq!((rows[0].suite.rule(), rows[1].suite.user_id()), ("donna", Some(b"user".as_slice())));
}

#[test]
fn rows_that_do_not_resolve() {
    let row = |fields: &str| {
        let line = format!(r#"{{{fields}"public_key":"","message":"","signature":""}}"#);
        jsonl_error(&line)
    };
    assert_eq!(
        row(r#""scheme":"ed25519","#),
        "test: row 0: ed25519 needs a rule; add --rule or a rule column: one of zip215, rfc8032, rfc8032-cofactorless, \
         cofactorless, strict, libsodium, simd0376, bouncy-castle, donna (`sigwarp rules` says who follows which)"
    );
    assert!(row(r#""scheme":"ed448","#).starts_with(
        "test: row 0: unknown scheme \"ed448\"; known are ed25519, ed25519ctx, ed25519ph, ecdsa-p256,"
    ));
    assert!(
        row(r#""scheme":"ed25519","rule":"lax","#)
            .starts_with("test: row 0: ed25519 has no rule \"lax\"; it has zip215,")
    );
    assert_eq!(
        row(r#""scheme":"sm2-sm3","encoding":"der-lax","#),
        "test: row 0: sm2-sm3 has no signature encoding \"der-lax\"; it has raw, der (`sigwarp rules` lists schemes, \
         rules and encodings)"
    );
    assert_eq!(
        row(r#""scheme":"schnorr-bip340","user_id":"00","#),
        "test: row 0: schnorr-bip340 takes no user ID; only sm2-sm3 does"
    );
    assert_eq!(row(""), "test: row 0: scheme is missing; every row needs one; add it, or --scheme for all");
    assert_eq!(
        row(r#""scheme":"sm2","#),
        "test: row 0: sm2 takes a digest and the row has only the other of message and digest; \
         add the field digest or name another scheme"
    );
    assert_eq!(
        row(r#""scheme":"sm2-sm3","key_index":1,"#),
        "test: row 0: public_key and key_index are both set; keep one of them"
    );
    let good = r#"{"scheme":"sm2-sm3","public_key":"","message":"","signature":""}"#;
    for (field, message) in [
        ("public_key", "public_key is missing; every row needs it, or a key_index into a keys file"),
        ("signature", "signature is missing; every row needs one"),
        (
            "message",
            "sm2-sm3 takes a message and the row has none; add the field message or name another scheme",
        ),
    ] {
        let bad = good.replace(field, "ignored");
        assert_eq!(jsonl_error(&format!("{good}\n\n{bad}")), format!("test: row 1: {message}"));
    }
    let recover = ReadOptions { key_use: KeyUse::Optional, ..rules(&[]) };
    assert_eq!(jsonl_rows(&good.replace("public_key", "ignored"), &recover).unwrap()[0].key, b"");
}

#[test]
fn lines_that_are_not_rows() {
    for (line, message) in [
        ("{", "not JSON: EOF while parsing an object at column 1"),
        ("{} {}", "not JSON: trailing characters at column 4"),
        ("[1]", "invalid type: sequence, expected a JSON object for each row at column 0"),
        (r#"{"scheme":5}"#, "scheme: invalid type: integer `5`, expected a string at column 11"),
        (
            r#"{"key_index":-1}"#,
            "key_index: invalid value: integer `-1`, expected a number from 0 to 18446744073709551615 at column 15",
        ),
        (
            r#"{"recovery_id":"0y"}"#,
            "recovery_id: \"0y\" is not a number from 0 to 18446744073709551615 at column 18",
        ),
        (r#"{"id":[]}"#, "id: invalid type: sequence, expected a string or an integer at column 7"),
        (
            r#"{"expected":"yes"}"#,
            "expected: invalid type: string \"yes\", expected a boolean, or an object of booleans by rule at column 17",
        ),
        (r#"{"scheme":"a","scheme":"b"}"#, "scheme appears twice; keep one at column 22"),
        (
            "{\"id\":\"\u{1}\"}",
            "id: control character (\\u0000-\\u001F) found while parsing a string at column 8",
        ),
    ] {
        let error = jsonl_error(line);
        let error = error.strip_prefix("test: row 0: ").unwrap();
        let without_column = |text: &str| text.split(" at column ").next().unwrap().to_owned();
        assert_eq!(without_column(error), without_column(message), "{error}");
    }
    assert!(jsonl_error("\u{1f600}").starts_with("test: row 0: not JSON"));
    assert!(jsonl_rows("{\"id\":\"\u{fffd}", &rules(&[])).is_err());
}

#[test]
fn bad_hex_names_the_row_and_the_field() {
    for field in ["user_id", "public_key", "message", "signature"] {
        let good = r#"{"scheme":"sm2-sm3","user_id":"","public_key":"","message":"","signature":""}"#;
        let bad = good.replace(&format!("\"{field}\":\"\""), &format!("\"{field}\":\"00zz\""));
        assert_eq!(
            jsonl_error(&format!("{good}\n{good}\n{bad}")),
            format!("test: row 2: {field} is bad hex: Invalid character 'z' at position 2")
        );
        if field != "signature" {
            assert_eq!(
                jsonl_error(&bad.replace("00zz", "012")),
                format!("test: row 0: {field} is bad hex: Odd number of digits")
            );
        }
    }
    // An odd number of digits in a signature is a wrong length, and so a verdict.
    let odd = r#"{"scheme":"sm2-sm3","public_key":"","message":"","signature":"012"}"#;
    assert_eq!(jsonl_rows(odd, &rules(&[])).unwrap()[0].signature, b"");
    assert!(jsonl_error(&odd.replace("012", "0z2")).contains("row 0: signature is bad hex"));
}

#[test]
fn key_indices_that_lead_nowhere() {
    let folder = Folder::new();
    let line = r#"{"scheme":"sm2-sm3","key_index":2,"message":"","signature":""}"#;
    assert_eq!(jsonl_error(line), "test: row 0: key_index needs a keys file; add --keys FILE");
    let keys =
        KeyFile::load(&folder.file("keys.jsonl", b"{\"public_key\":\"00\",\"message\":5}"), 100).unwrap();
    let options = ReadOptions { keys: Some(keys.into()), ..rules(&[]) };
    assert_eq!(
        jsonl_rows(line, &options).unwrap_err().to_string(),
        "test: row 0: key_index 2 is outside the keys file, which holds 1 keys"
    );
    let mut columns = with("key_index", Column::Integers(64, true, vec![Some(-1), None]));
    columns.retain(|(name, _)| *name != "public_key");
    assert_eq!(
        folder.error(&folder.parquet(&columns)),
        "rows.parquet: row 0: key_index is -1; it must be 0 or more"
    );
    let bad = folder.file("bad.jsonl", b"{\"public_key\":\"00\"}\n{}");
    let error = KeyFile::load(&bad, 100).unwrap_err().to_string();
    assert!(error.ends_with("bad.jsonl: row 1: public_key is missing; every row needs one"), "{error}");
    let error = KeyFile::load(&folder.file("bad.parquet", b"PAR1"), 100).unwrap_err().to_string();
    assert!(error.contains("truncated Parquet file"), "{error}");
    let no_keys = [("key", bytes_column(["k", "k"]))];
    let error = KeyFile::load(&folder.parquet(&no_keys), 100).unwrap_err().to_string();
    assert!(error.ends_with("column public_key is missing; a keys file needs it"), "{error}");
}

/// An input without end and without newline that counts what is taken from it.
struct Endless(Arc<std::sync::atomic::AtomicUsize>);

impl Read for Endless {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        unreachable!("lines are read through the buffer")
    }
}

impl BufRead for Endless {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(&[b'a'; 1000])
    }

    fn consume(&mut self, amount: usize) {
        self.0.fetch_add(amount, std::sync::atomic::Ordering::Relaxed);
    }
}

#[test]
fn an_endless_line_is_refused_at_the_bound() {
    let taken = Arc::default();
    let options = ReadOptions { max_row_bytes: 1_000_500, ..rules(&[]) };
    let mut reader = RowReader::jsonl("test", Endless(Arc::clone(&taken)), &options);
    let error = reader.next_block(&mut RowBlock::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "test: row 0: is larger than 1000500 bytes; raise --max-row-bytes if it is meant to be"
    );
    assert!(taken.load(std::sync::atomic::Ordering::Relaxed) <= 1_000_500);
}

#[test]
fn large_rows_are_refused_in_both_formats() {
    let folder = Folder::new();
    let options = ReadOptions { max_row_bytes: 1000, ..rules(&["strict"]) };
    let large = "m".repeat(2000);
    let path = folder.parquet(&with("message", bytes_column(["m", &large])));
    let error = read_all(&path, &options).unwrap_err();
    assert!(matches!(error, ReadError::Row { row: 1, .. }), "{error}");
    let fixed = Column::Fixed(2000, vec![Some(vec![0; 2000]); 2]);
    let error = read_all(&folder.parquet(&with("message", fixed)), &options).unwrap_err();
    assert!(error.to_string().contains("row 0: is larger than 1000 bytes"), "{error}");
}

#[test]
fn a_page_that_declares_an_absurd_size_is_refused() {
    let folder = Folder::new();
    // A page of 40 MB that compresses to nearly nothing, where rows may have 1,000 bytes: pages may then have
    // 64 MiB, so it is read; a page of 100 MB is refused by its header.
    for (size, refused) in [(40_000_000, false), (100_000_000, true)] {
        let large = "0".repeat(size);
        let path = folder.path("bomb.parquet");
        let properties =
            WriterProperties::builder().set_compression(parquet::basic::Compression::SNAPPY).build();
        write_columns(&path, &with("message", bytes_column([&large, "m"])), true, properties);
        assert!(fs::metadata(&path).unwrap().len() < 10_000_000);
        let options = ReadOptions { max_row_bytes: 1000, ..rules(&["strict"]) };
        let error = read_all(&path, &options).unwrap_err().to_string();
        assert_eq!(error.contains("a page declares"), refused, "{error}");
        assert_eq!(error.contains("row 0: is larger than 1000 bytes"), !refused, "{error}");
    }
}

/// As many cases as `PROPTEST_CASES` says; `scripts/prove main-job` runs a million in all.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").map_or(300, |count| count.parse().expect("PROPTEST_CASES is a number"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_lines_never_panic(text in "[{}\\[\\]\":,a-z0-9 \n\\\\]{0,200}", bytes in any::<Vec<u8>>()) {
        let _ = jsonl_rows(&text, &rules(&["strict"]));
        let mut reader = RowReader::jsonl("test", io::Cursor::new(bytes), &rules(&["strict"]));
        let _ = reader.next_block(&mut RowBlock::new());
    }

    #[test]
    fn damaged_rows_of_jsonl_never_panic(at in 0usize..500, byte in any::<u8>()) {
        let mut line = br#"{"id":"a","scheme":"ed25519","public_key":"00","message":"01","signature":"02","expected":{"zip215":true}}"#.to_vec();
        let at = at % line.len();
        line[at] = byte;
        let mut reader = RowReader::jsonl("test", io::Cursor::new(line), &rules(&["strict"]));
        let _ = reader.next_block(&mut RowBlock::new());
    }

    #[test]
    fn arbitrary_parquet_bytes_never_panic(bytes in any::<Vec<u8>>()) {
        let folder = Folder::new();
        let whole = [b"PAR1".as_slice(), &bytes, b"PAR1"].concat();
        prop_assert!(read_all(&folder.file("a.parquet", &whole), &rules(&["strict"])).is_err());
    }

    #[test]
    fn damaged_parquet_never_panics(damage in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..4)) {
        static WHOLE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        let folder = Folder::new();
        let whole = WHOLE.get_or_init(|| {
            write_rows(&folder.path("whole.parquet"), &sample_rows(40), 25);
            fs::read(folder.path("whole.parquet")).unwrap()
        });
        let mut bytes = whole.clone();
        for (at, byte) in damage {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        let _ = read_all(&folder.file("a.parquet", &bytes), &rules(&["strict", "ecdsa"]));
    }
}
