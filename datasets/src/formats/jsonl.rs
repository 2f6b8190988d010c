//! Lines of text with a JSON object each. Blank ones are skipped.

use std::io::{self, BufRead};

use super::{Format, RowsStated};
use crate::error::RowError;
use crate::layout::ColumnNames;
use crate::read::{CellOf, Cells, NamesOf, Reader, Records, RowOf, Stop, Text, TextRow, parse};
use crate::write::{JsonLines, Writer};

pub(super) const FORMAT: Format = Format {
    title: "JSONL",
    extensions: &["jsonl", "ndjson"],
    magic: None,
    rows_stated: RowsStated::Lines,
    reader: Reader::text::<Lines>(),
    writer: Some(Writer {
        rows: |sink, _| Ok(Box::new(JsonLines::new(sink))),
        verdicts: |sink| Ok(Box::new(JsonLines::new(sink))),
    }),
};

/// See the module.
pub(crate) struct Lines {
    input: Box<dyn BufRead + Send>,
    line: Vec<u8>,
    /// Where the text begins within the line, behind a byte order mark.
    start: usize,
}

impl Lines {
    /// The line.
    pub(crate) fn text(&self) -> &[u8] {
        &self.line[self.start..]
    }
}

impl Records for Lines {
    fn new(input: Box<dyn BufRead + Send>, _marker: Option<&str>) -> Self {
        Self { input, line: Vec::new(), start: 0 }
    }

    fn next(&mut self, limit: usize) -> Result<bool, Stop> {
        loop {
            match read_line(self.input.as_mut(), &mut self.line, limit)? {
                Line::End => return Ok(false),
                Line::TooLong => return Err(RowError::TooLarge { limit }.into()),
                Line::Read => {}
            }
            self.start = match self.line[..] {
                // Some programs begin a file with a byte order mark; where files were joined, it stands within.
                [0xef, 0xbb, 0xbf, ..] => 3,
                // No UTF-8 begins so.
                [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Err(RowError::Utf16.into()),
                _ => 0,
            };
            if !self.text().trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    fn row(&self, cells: Cells, columns: &ColumnNames) -> Result<TextRow<'_>, RowError> {
        parse(self.text(), None, RowOf(cells, columns))
    }

    fn cell(&self, column: &str) -> Result<Option<Text<'_>>, RowError> {
        parse(self.text(), None, CellOf(column))
    }

    fn names(&self) -> Result<String, RowError> {
        parse(self.text(), None, NamesOf)
    }
}

enum Line {
    Read,
    TooLong,
    End,
}

/// Reads a line without its newline, and never more of it than `limit` and what the buffer of `input` holds.
fn read_line(input: &mut dyn BufRead, line: &mut Vec<u8>, limit: usize) -> io::Result<Line> {
    line.clear();
    let mut any = false;
    loop {
        let available = match input.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if available.is_empty() {
            return Ok(if any { Line::Read } else { Line::End });
        }
        any = true;
        let newline = available.iter().position(|&byte| byte == b'\n');
        let part = &available[..newline.unwrap_or(available.len())];
        if part.len() > limit - line.len() {
            return Ok(Line::TooLong);
        }
        line.extend_from_slice(part);
        let used = part.len() + usize::from(newline.is_some());
        input.consume(used);
        if newline.is_some() {
            return Ok(Line::Read);
        }
    }
}
