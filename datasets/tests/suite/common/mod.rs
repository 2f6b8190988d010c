//! Helpers of the tests of files.
#![allow(dead_code)] // each test binary uses its own part

pub(crate) mod pages;
pub(crate) mod parquet;

use std::path::Path;

use sigwarp::{DefaultRules, Suite};
use sigwarp_datasets::{Expected, ReadError, ReadOptions, Row, RowBlock, RowReader, RowWriter};

/// A row as the reader gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) id: Option<String>,
    pub(crate) suite: Suite,
    pub(crate) key: Vec<u8>,
    pub(crate) message: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) expected: Option<bool>,
    pub(crate) recovery_id: Option<u8>,
}

pub(crate) fn rules(names: &[&str]) -> ReadOptions {
    ReadOptions { rules: DefaultRules::new(names).unwrap(), ..ReadOptions::default() }
}

pub(crate) fn drain(mut reader: RowReader) -> Result<Vec<Read>, ReadError> {
    let (mut block, mut rows) = (RowBlock::new(), Vec::new());
    while reader.next_block(&mut block)? {
        assert_eq!(block.first_row(), rows.len() as u64);
        let view = block.batch().view().unwrap();
        for at in 0..block.len() {
            let item = view.item(at);
            rows.push(Read {
                id: block.id(at).map(str::to_owned),
                suite: item.suite.clone(),
                key: item.key.to_vec(),
                message: item.message.to_vec(),
                signature: item.signature.to_vec(),
                expected: block.expected()[at],
                recovery_id: block.recovery_ids()[at],
            });
        }
    }
    Ok(rows)
}

pub(crate) fn read_all(path: &Path, options: &ReadOptions) -> Result<Vec<Read>, ReadError> {
    drain(RowReader::open(path, options)?)
}

pub(crate) fn jsonl_rows(text: &str, options: &ReadOptions) -> Result<Vec<Read>, ReadError> {
    drain(RowReader::jsonl("test", std::io::Cursor::new(text.to_owned()), options))
}

pub(crate) fn ed25519_row() -> Row<'static> {
    Row {
        scheme: Some("ed25519"),
        public_key: Some(b"key"),
        message: Some(b"message"),
        signature: Some(b"signature"),
        ..Row::default()
    }
}

/// A row that owns its cells.
#[derive(Debug, Clone)]
pub(crate) struct Owned {
    id: Option<String>,
    scheme: &'static str,
    rule: Option<&'static str>,
    encoding: Option<&'static str>,
    user_id: Option<Vec<u8>>,
    context: Option<Vec<u8>>,
    key: Vec<u8>,
    message: Option<Vec<u8>>,
    digest: Option<Vec<u8>>,
    signature: Vec<u8>,
    recovery_id: Option<u8>,
    expected: Option<bool>,
}

impl Owned {
    pub(crate) fn row(&self) -> Row<'_> {
        Row {
            id: self.id.as_deref(),
            scheme: Some(self.scheme),
            rule: self.rule,
            encoding: self.encoding,
            user_id: self.user_id.as_deref(),
            context: self.context.as_deref(),
            public_key: Some(&self.key),
            key_index: None,
            message: self.message.as_deref(),
            digest: self.digest.as_deref(),
            signature: Some(&self.signature),
            recovery_id: self.recovery_id,
            expected: self.expected.map_or(Expected::Unknown, Expected::Valid),
        }
    }
}

/// Rows of every scheme, with every optional cell both there and absent.
pub(crate) fn sample_rows(count: usize) -> Vec<Owned> {
    let bytes = |row: usize, salt: usize, len: usize| -> Vec<u8> {
        (0..len).map(|i| (i * 31 + row * 7 + salt * 101) as u8).collect()
    };
    let kinds = [
        ("ed25519", Some("strict"), None, false),
        ("ed25519", None, Some("raw"), false),
        ("ed25519ctx", Some("rfc8032"), None, false),
        ("ed25519ph", Some("cofactorless"), None, false),
        ("ecdsa-p256", Some("ecdsa-low-s"), Some("der"), true),
        ("ecdsa-secp256k1-keccak256", None, Some("raw-v"), false),
        ("schnorr-bip340", None, None, false),
        ("sm2-sm3", None, Some("der"), false),
        ("sm2", Some("sm2"), None, true),
    ];
    let rows = (0..count).map(|row| {
        let (scheme, rule, encoding, digest) = kinds[row % kinds.len()];
        let input = bytes(row, 1, row % 97);
        Owned {
            id: (row % 3 != 0).then(|| format!("row \"{row}\" ü\n")),
            scheme,
            rule,
            encoding,
            user_id: (scheme == "sm2-sm3" && row % 2 == 0).then(|| bytes(row, 2, row % 5)),
            context: match scheme {
                "ed25519ctx" => Some(bytes(row, 5, 1 + row % 9)),
                "ed25519ph" if row % 2 == 0 => Some(bytes(row, 5, row % 9)),
                _ => None,
            },
            key: bytes(row, 3, 33),
            message: (!digest).then(|| input.clone()),
            digest: digest.then(|| input.clone()),
            signature: bytes(row, 4, row % 70),
            // Signatures of raw-v have one of their own.
            recovery_id: (row % 5 == 0 && encoding != Some("raw-v")).then_some((row % 4) as u8),
            expected: (row % 4 != 0).then_some(row % 2 == 0),
        }
    });
    rows.collect()
}

pub(crate) fn write_rows(path: &Path, rows: &[Owned], row_group_rows: usize) {
    let mut writer = RowWriter::create(path, row_group_rows).unwrap();
    for row in rows {
        writer.write(&row.row(), None).unwrap();
    }
    writer.finish().unwrap();
}
