//! Lines of text. Blank ones are skipped.

use std::io::{self, BufRead};

use super::text::Stop;
use crate::error::RowError;

/// See the module.
pub(super) struct Lines {
    input: Box<dyn BufRead + Send>,
    line: Vec<u8>,
    /// Where the text begins within the line, behind a byte order mark.
    start: usize,
}

impl Lines {
    pub(super) fn new(input: Box<dyn BufRead + Send>) -> Self {
        Self { input, line: Vec::new(), start: 0 }
    }

    /// The line.
    pub(super) fn text(&self) -> &[u8] {
        &self.line[self.start..]
    }

    /// Goes on to the next line; `false` when there are no more.
    pub(super) fn next(&mut self, limit: usize) -> Result<bool, Stop> {
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
