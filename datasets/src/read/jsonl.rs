//! Rows of JSONL, from a file or a stream.

use std::fmt;
use std::io::{self, BufRead};

use serde::de::DeserializeSeed;

use super::Cells;
use super::json::{CellOf, JsonExpected, JsonRow, RowOf, Text};
use crate::error::{ReadError, RowError};
use crate::row::{Expected, Row};

/// Rows of JSONL, read a line at a time. Blank lines are skipped.
pub(super) struct JsonlRows {
    name: String,
    input: Box<dyn BufRead + Send>,
    cells: Cells,
    max_row_bytes: usize,
    row: u64,
    bytes_read: u64,
    bytes_total: Option<u64>,
    line: Vec<u8>,
    decoded: Decoded,
}

impl fmt::Debug for JsonlRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonlRows").field("name", &self.name).field("row", &self.row).finish_non_exhaustive()
    }
}

impl JsonlRows {
    pub(super) fn new(
        name: String,
        input: Box<dyn BufRead + Send>,
        bytes_total: Option<u64>,
        cells: Cells,
        max_row_bytes: usize,
    ) -> Self {
        Self {
            name,
            input,
            cells,
            max_row_bytes,
            row: 0,
            bytes_read: 0,
            bytes_total,
            line: Vec::new(),
            decoded: Decoded::default(),
        }
    }

    pub(super) fn position(&self) -> (u64, &str) {
        (self.row, &self.name)
    }

    pub(super) fn fraction_read(&self) -> Option<f64> {
        let total = self.bytes_total.filter(|&total| total > 0)?;
        Some((self.bytes_read as f64 / total as f64).min(1.0))
    }

    /// See `Source::rows`.
    pub(super) fn rows(
        &mut self,
        mut each: impl FnMut(&Row<'_>) -> Result<bool, RowError>,
    ) -> Result<bool, ReadError> {
        loop {
            let line = read_line(self.input.as_mut(), &mut self.line, self.max_row_bytes)
                .map_err(|source| ReadError::Io { file: self.name.clone(), source })?;
            let wrong = |source| ReadError::Row { file: self.name.clone(), row: self.row, source };
            match line {
                Line::End => return Ok(false),
                Line::TooLong => return Err(wrong(RowError::TooLarge { limit: self.max_row_bytes })),
                Line::Read { bytes } => self.bytes_read += bytes,
            }
            let line = unmarked(&self.line).map_err(wrong)?;
            if line.trim_ascii().is_empty() {
                continue;
            }
            let json = parse(line, self.cells).map_err(wrong)?;
            let row = self.decoded.decode(&json).map_err(wrong)?;
            let more = each(&row).map_err(wrong)?;
            self.row += 1;
            if !more {
                return Ok(true);
            }
        }
    }
}

/// One column of JSONL, read a line at a time. Blank lines are skipped.
pub(super) struct JsonlCells {
    name: String,
    input: Box<dyn BufRead + Send>,
    column: String,
    text: bool,
    max_row_bytes: usize,
    row: u64,
    line: Vec<u8>,
    decoded: Vec<u8>,
}

impl fmt::Debug for JsonlCells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonlCells").field("name", &self.name).field("row", &self.row).finish_non_exhaustive()
    }
}

impl JsonlCells {
    pub(super) fn new(
        name: String,
        input: Box<dyn BufRead + Send>,
        column: &str,
        text: bool,
        max_row_bytes: usize,
    ) -> Self {
        let column = column.to_owned();
        Self { name, input, column, text, max_row_bytes, row: 0, line: Vec::new(), decoded: Vec::new() }
    }

    pub(super) fn position(&self) -> (u64, &str) {
        (self.row, &self.name)
    }

    /// See `ParquetRows::cells`.
    pub(super) fn cells(
        &mut self,
        mut each: impl FnMut(Option<&[u8]>) -> Result<bool, RowError>,
    ) -> Result<bool, ReadError> {
        loop {
            let line = read_line(self.input.as_mut(), &mut self.line, self.max_row_bytes)
                .map_err(|source| ReadError::Io { file: self.name.clone(), source })?;
            let wrong = |source| ReadError::Row { file: self.name.clone(), row: self.row, source };
            match line {
                Line::End => return Ok(false),
                Line::TooLong => return Err(wrong(RowError::TooLarge { limit: self.max_row_bytes })),
                Line::Read { .. } => {}
            }
            let line = unmarked(&self.line).map_err(wrong)?;
            if line.trim_ascii().is_empty() {
                continue;
            }
            let cell = parse_with(line, CellOf(&self.column)).map_err(wrong)?;
            let more = match &cell {
                None => each(None),
                Some(Text(cell)) if self.text => each(Some(cell.as_bytes())),
                Some(Text(digits)) => {
                    self.decoded.resize(digits.len() / 2, 0);
                    match hex::decode_to_slice(digits.as_ref(), &mut self.decoded) {
                        Ok(()) => each(Some(&self.decoded)),
                        Err(source) => Err(RowError::CellHex { column: self.column.clone(), source }),
                    }
                }
            };
            let more = more.map_err(wrong)?;
            self.row += 1;
            if !more {
                return Ok(true);
            }
        }
    }
}

enum Line {
    Read { bytes: u64 },
    TooLong,
    End,
}

/// Reads a line without its newline, and never more of it than `limit` and what the buffer of `input` holds.
fn read_line(input: &mut dyn BufRead, line: &mut Vec<u8>, limit: usize) -> io::Result<Line> {
    line.clear();
    let mut bytes = 0;
    loop {
        let available = match input.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if available.is_empty() {
            return Ok(if bytes == 0 { Line::End } else { Line::Read { bytes } });
        }
        let newline = available.iter().position(|&byte| byte == b'\n');
        let part = &available[..newline.unwrap_or(available.len())];
        if part.len() > limit - line.len() {
            return Ok(Line::TooLong);
        }
        line.extend_from_slice(part);
        let used = part.len() + usize::from(newline.is_some());
        bytes += used as u64;
        input.consume(used);
        if newline.is_some() {
            return Ok(Line::Read { bytes });
        }
    }
}

/// The line without a byte order mark before it, as some programs begin a file; where files were joined, it stands
/// within.
fn unmarked(line: &[u8]) -> Result<&[u8], RowError> {
    match line {
        [0xef, 0xbb, 0xbf, line @ ..] => Ok(line),
        // No UTF-8 begins so.
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Err(RowError::Utf16),
        line => Ok(line),
    }
}

fn parse(line: &[u8], cells: Cells) -> Result<JsonRow<'_>, RowError> {
    parse_with(line, RowOf(cells))
}

fn parse_with<'a, S: DeserializeSeed<'a>>(line: &'a [u8], seed: S) -> Result<S::Value, RowError> {
    let mut json = serde_json::Deserializer::from_slice(line);
    let row = seed.deserialize(&mut json).and_then(|row| json.end().map(|()| row));
    row.map_err(|error| {
        // serde_json counts lines within this line.
        let message = error.to_string().replace(" at line 1 column ", " at column ");
        match error.is_data() {
            true => RowError::Shape(message),
            false => RowError::Json(message),
        }
    })
}

/// The bytes of the hexadecimal cells of one row; the memory serves the next row again.
#[derive(Debug, Default)]
struct Decoded {
    user_id: Vec<u8>,
    public_key: Vec<u8>,
    message: Vec<u8>,
    digest: Vec<u8>,
    signature: Vec<u8>,
}

impl Decoded {
    fn decode<'a>(&'a mut self, json: &'a JsonRow<'a>) -> Result<Row<'a>, RowError> {
        Ok(Row {
            id: text(&json.id),
            scheme: text(&json.scheme),
            rule: text(&json.rule),
            encoding: text(&json.encoding),
            user_id: bytes("user_id", &json.user_id, &mut self.user_id)?,
            public_key: bytes("public_key", &json.public_key, &mut self.public_key)?,
            key_index: json.key_index,
            message: bytes("message", &json.message, &mut self.message)?,
            digest: bytes("digest", &json.digest, &mut self.digest)?,
            signature: signature(&json.signature, &mut self.signature)?,
            recovery_id: json.recovery_id,
            expected: match &json.expected {
                None => Expected::Unknown,
                Some(JsonExpected::Valid(valid)) => Expected::Valid(*valid),
                Some(JsonExpected::ByRule(rules)) => Expected::ByRule(rules),
            },
        })
    }
}

fn text<'a>(cell: &'a Option<Text<'a>>) -> Option<&'a str> {
    cell.as_ref().map(|Text(text)| text.as_ref())
}

fn bytes<'a>(
    field: &'static str,
    cell: &Option<Text<'_>>,
    decoded: &'a mut Vec<u8>,
) -> Result<Option<&'a [u8]>, RowError> {
    let Some(Text(digits)) = cell else {
        return Ok(None);
    };
    decoded.resize(digits.len() / 2, 0);
    hex::decode_to_slice(digits.as_ref(), decoded).map_err(|source| RowError::Hex { field, source })?;
    Ok(Some(decoded))
}

/// A signature with an odd number of digits has a length that no encoding has: that is a verdict, as other wrong
/// lengths are, and it is judged as an empty signature, which is never valid.
fn signature<'a>(cell: &Option<Text<'_>>, decoded: &'a mut Vec<u8>) -> Result<Option<&'a [u8]>, RowError> {
    match cell {
        Some(Text(digits))
            if digits.len() % 2 == 1 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) =>
        {
            Ok(Some(&[]))
        }
        _ => bytes("signature", cell, decoded),
    }
}
