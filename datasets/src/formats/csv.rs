//! Records of CSV after RFC 4180: a line that names the columns, cells in quotes where they hold commas, quotes or
//! newlines. An empty cell is an absent one.

use std::borrow::Cow;
use std::io::{self, BufRead};
use std::ops::Range;

use super::{Format, RowsStated};
use crate::error::RowError;
use crate::layout::{ColumnNames, Field};
use crate::read::{Cells, Reader, Records, Stop, Text, TextRow, Wanted, list, missing_column};

/// The most columns of a file.
const COLUMNS: usize = 16_384;

pub(super) const FORMAT: Format = Format {
    title: "CSV",
    extensions: &["csv"],
    magic: None,
    rows_stated: RowsStated::Lines,
    reader: Reader::text::<Csv>(),
    writer: None,
};

/// See the module.
struct Csv {
    input: Box<dyn BufRead + Send>,
    header: Vec<String>,
    /// The columns that hold a field.
    fields: Vec<(Field, usize)>,
    /// The one column of [`Self::choose_one`].
    one: usize,
    /// The cells of the record without quotes, one behind another, and where each of them ends.
    record: Vec<u8>,
    ends: Vec<usize>,
    /// The line being read and the one where the record begins, from 1.
    at: u64,
    line: u64,
    /// Whether the record before ended with a carriage return, to which a newline may belong.
    returned: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first byte of a cell.
    Start,
    /// Within a cell without quotes.
    Plain,
    /// Within quotes.
    Quoted,
    /// Behind a quote within quotes: their end, or the first of two.
    Quote,
}

impl Csv {
    /// Reads the line that names the columns; `false` where the file is empty.
    fn read_header(&mut self, limit: usize) -> Result<bool, Stop> {
        let found = self.read(limit, COLUMNS).map_err(|stop| match stop {
            Stop::Row(error) => Stop::Content(format!("its line of column names: {error}")),
            stop => stop,
        })?;
        for at in 0..self.ends.len() {
            let name = str::from_utf8(&self.record[self.range(at)]);
            let name = name.map_err(|_| {
                Stop::Content("its column names are not UTF-8; write the file as UTF-8".into())
            })?;
            self.header.push(name.to_owned());
        }
        Ok(found)
    }

    /// Looks up the columns of the fields, and refuses a file without those that every file needs.
    fn choose(&mut self, wanted: &Wanted<'_>) -> Result<(), Stop> {
        // Nothing at all is a file without rows.
        if self.header.is_empty() {
            return Ok(());
        }
        let names = &wanted.layout.columns;
        for field in Field::ALL.into_iter().filter(|&field| wanted.cells.read(field)) {
            let Some(name) = names.column(field) else { continue };
            match self.find(name)? {
                Some(column) => self.fields.push((field, column)),
                None if wanted.named().any(|(named, _)| named == field) => {
                    return Err(self.no_column(name, ""));
                }
                None => {}
            }
        }
        let has = |field| self.fields.iter().any(|(of, _)| *of == field);
        match missing_column(wanted, has) {
            Some((field, remedy)) => Err(self.no_column(names.column(field).unwrap_or(field.name()), remedy)),
            None => Ok(()),
        }
    }

    /// Looks up one column of any name.
    fn choose_one(&mut self, name: &str) -> Result<(), Stop> {
        match self.find(name)? {
            Some(column) => self.one = column,
            None if self.header.is_empty() => {}
            None => return Err(RowError::NoCell(name.to_owned()).into()),
        }
        Ok(())
    }

    fn find(&self, name: &str) -> Result<Option<usize>, Stop> {
        let mut found = (0..self.header.len()).filter(|&at| self.header[at] == name);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(Stop::Content(format!("column {name} appears twice; keep one"))),
            (column, None) => Ok(column),
        }
    }

    fn no_column(&self, name: &str, remedy: &str) -> Stop {
        let has = self.columns();
        let semicolon = matches!(&self.header[..], [one] if one.contains([';', '\t', '|']));
        let remedy = match (semicolon, remedy) {
            (true, _) => "; the columns of CSV are separated by commas: write it so",
            (false, "") => "",
            (false, remedy) => &format!("; {remedy}"),
        };
        Stop::Content(format!("there is no column {name}; it has {has}{remedy}"))
    }

    /// The names of the columns, as errors list them.
    fn columns(&self) -> String {
        list(self.header.iter().map(String::as_str))
    }
}

impl Records for Csv {
    fn new(input: Box<dyn BufRead + Send>, _marker: Option<&str>) -> Self {
        Self {
            input,
            header: Vec::new(),
            fields: Vec::new(),
            one: 0,
            record: Vec::new(),
            ends: Vec::new(),
            at: 1,
            line: 1,
            returned: false,
        }
    }

    fn header(&mut self, wanted: &Wanted<'_>, limit: usize) -> Result<bool, Stop> {
        self.read_header(limit)?;
        self.choose(wanted).map(|()| true)
    }

    fn header_with(&mut self, column: &str, limit: usize) -> Result<(), Stop> {
        self.read_header(limit)?;
        self.choose_one(column)
    }

    fn next(&mut self, limit: usize) -> Result<bool, Stop> {
        if self.header.is_empty() || !self.read(limit, self.header.len())? {
            return Ok(false);
        }
        match self.ends.len() == self.header.len() {
            true => Ok(true),
            false => Err(self.wrong(&format!(
                "{} cells, where the header names {} columns",
                self.ends.len(),
                self.header.len()
            ))),
        }
    }

    fn row(&self, _cells: Cells, _columns: &ColumnNames) -> Result<TextRow<'_>, RowError> {
        let mut row = TextRow::default();
        for &(field, column) in &self.fields {
            if let Some(text) = self.text(field.name(), column)? {
                row.set(field, text)?;
            }
        }
        Ok(row)
    }

    fn cell(&self, name: &str) -> Result<Option<Text<'_>>, RowError> {
        Ok(self.text(name, self.one)?.map(|text| Text(Cow::Borrowed(text))))
    }

    fn names(&self) -> Result<String, RowError> {
        Ok(self.columns())
    }
}

impl Csv {
    /// A cell that is not empty.
    fn text(&self, name: &str, column: usize) -> Result<Option<&str>, RowError> {
        let cell = &self.record[self.range(column)];
        let text = str::from_utf8(cell).map_err(|error| {
            RowError::Shape(format!("{name}: not UTF-8: {error}; write the file as UTF-8"))
        })?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    fn range(&self, cell: usize) -> Range<usize> {
        cell.checked_sub(1).map_or(0, |before| self.ends[before])..self.ends[cell]
    }

    fn wrong(&self, problem: &str) -> Stop {
        RowError::Csv(format!("{problem}, in the record that begins in line {}", self.line)).into()
    }

    /// Reads a record of at most so many bytes and cells; `false` behind the last.
    fn read(&mut self, limit: usize, cells: usize) -> Result<bool, Stop> {
        self.record.clear();
        self.ends.clear();
        let mut state = State::Start;
        let mut length = 0;
        self.line = self.at;
        loop {
            let piece = match self.input.fill_buf() {
                Ok(piece) => piece,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            if piece.is_empty() {
                if state == State::Quoted {
                    return Err(
                        self.wrong("the file ends within quotes: it is truncated, or a quote is not doubled")
                    );
                }
                let some = state != State::Start || !self.ends.is_empty();
                if some {
                    self.ends.push(self.record.len());
                }
                return Ok(some);
            }
            let (mut taken, mut ended) = (0, false);
            while taken < piece.len() && !ended {
                // What has no meaning of its own here is taken at once.
                let rest = &piece[taken..];
                let plain = match state {
                    State::Quoted => rest.iter().position(|byte| matches!(byte, b'"' | b'\n')),
                    State::Plain => rest.iter().position(|byte| matches!(byte, b'"' | b',' | b'\r' | b'\n')),
                    State::Start | State::Quote => Some(0),
                };
                let plain = plain.unwrap_or(rest.len());
                if plain > 0 {
                    length += plain;
                    if length > limit {
                        return Err(RowError::TooLarge { limit }.into());
                    }
                    self.record.extend_from_slice(&rest[..plain]);
                    taken += plain;
                    continue;
                }
                let byte = rest[0];
                taken += 1;
                length += 1;
                if std::mem::take(&mut self.returned) && byte == b'\n' {
                    // The rest of the newline before this record.
                    length = 0;
                    continue;
                }
                match (state, byte) {
                    (State::Quoted, b'"') => state = State::Quote,
                    (State::Quote, b'"') => {
                        self.record.push(b'"');
                        state = State::Quoted;
                    }
                    (State::Quoted, _) => {
                        self.at += u64::from(byte == b'\n');
                        self.record.push(byte);
                    }
                    (_, b',') => {
                        self.ends.push(self.record.len());
                        state = State::Start;
                        if self.ends.len() >= cells {
                            let (line, more) = (self.line, cells);
                            let problem =
                                format!("more than {more} cells, in the record that begins in line {line}");
                            return Err(RowError::Csv(problem).into());
                        }
                    }
                    (_, b'\r' | b'\n') => {
                        self.at += 1;
                        self.returned = byte == b'\r';
                        if state == State::Start && self.ends.is_empty() {
                            // A blank line is no record.
                            self.line = self.at;
                            length = 0;
                            continue;
                        }
                        self.ends.push(self.record.len());
                        ended = true;
                    }
                    (State::Start, b'"') => state = State::Quoted,
                    (State::Start, _) => {
                        self.record.push(byte);
                        state = State::Plain;
                    }
                    (State::Plain, _) => {
                        let problem = "a quote within a cell that does not begin with one; double it, and put the cell in \
                                       quotes";
                        return Err(self.wrong(problem));
                    }
                    (State::Quote, _) => {
                        let problem =
                            "text behind the quote that ends a cell; double the quotes within a cell";
                        return Err(self.wrong(problem));
                    }
                }
                if length > limit {
                    return Err(RowError::TooLarge { limit }.into());
                }
            }
            self.input.consume(taken);
            if ended {
                return Ok(true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Table = Vec<Vec<String>>;

    fn records(text: &[u8], buffer: usize, limit: usize) -> (Table, Option<String>) {
        let input = io::BufReader::with_capacity(buffer, io::Cursor::new(text.to_vec()));
        let mut csv = Csv::new(Box::new(input), None);
        let mut all = Vec::new();
        let take = |csv: &Csv| {
            (0..csv.ends.len())
                .map(|at| String::from_utf8_lossy(&csv.record[csv.range(at)]).into_owned())
                .collect()
        };
        let mut found = csv.read_header(limit);
        loop {
            match found {
                Ok(true) => all.push(take(&csv)),
                Ok(false) => return (all, None),
                Err(Stop::Row(error)) => return (all, Some(error.to_string())),
                Err(Stop::Content(problem)) => return (all, Some(problem)),
                Err(Stop::Io(error)) => return (all, Some(error.to_string())),
            }
            found = csv.next(limit);
        }
    }

    #[test]
    fn records_are_those_of_rfc_4180() {
        let text = "a,b,\"c\"\r\n1,,\"x\"\"y\"\r\n\"2,\r\n2\",\"\",3\n\n\r\n,,\"\"\"\"\r4,5,6";
        let expected: Table =
            [["a", "b", "c"], ["1", "", "x\"y"], ["2,\r\n2", "", "3"], ["", "", "\""], ["4", "5", "6"]]
                .map(|record| record.map(str::to_owned).to_vec())
                .to_vec();
        for buffer in [1, 2, 3, 7, 1000] {
            assert_eq!(records(text.as_bytes(), buffer, 100), (expected.clone(), None), "{buffer}");
            let ended = format!("{text}\r\n");
            assert_eq!(records(ended.as_bytes(), buffer, 100), (expected.clone(), None), "{buffer}");
        }
        assert_eq!(records(b"", 8, 100), (Vec::new(), None));
        assert_eq!(records(b"\n\n", 8, 100), (Vec::new(), None));
        assert_eq!(records(b"a", 8, 100).0, [["a"]]);
    }

    #[test]
    fn what_is_no_csv_is_told_with_its_line() {
        for (text, before, problem) in [
            (
                "a,b\n1,2\n1",
                2,
                "1 cells, where the header names 2 columns, in the record that begins in line 3",
            ),
            ("a,b\n\"1\n\",2\n1,2,3", 2, "more than 2 cells, in the record that begins in line 4"),
            ("a\n1\"2\n", 1, "a quote within a cell that does not begin with one"),
            ("a\n\"1\"2\n", 1, "text behind the quote that ends a cell"),
            ("a\n1\n\"2\n", 2, "the file ends within quotes"),
            ("a\n\u{1}", 1, ""),
        ] {
            let (read, told) = records(text.as_bytes(), 3, 100);
            match problem {
                "" => assert_eq!((read.len(), told), (2, None)),
                _ => {
                    assert_eq!(read.len(), before, "{text}");
                    assert!(told.as_ref().is_some_and(|told| told.contains(problem)), "{text}: {told:?}");
                }
            }
        }
        assert!(records(b"\xff,a\n", 9, 100).1.is_some_and(|told| told.contains("not UTF-8")));
    }

    #[test]
    fn records_are_bounded() {
        for (text, before) in [
            (format!("a\n1\n{}\n", "x".repeat(200)), 2),
            (format!("a\n1\n\"{}", "\n".repeat(200)), 2),
            (format!("a\n{}", "\"\"".repeat(200)), 1),
            (format!("a,b\n{}", " ".repeat(200)), 1),
        ] {
            let (read, told) = records(text.as_bytes(), 16, 100);
            assert_eq!(read.len(), before);
            assert!(told.is_some_and(|told| told.contains("larger than 100 bytes")), "{text}");
        }
        let many = ",".repeat(COLUMNS);
        assert!(
            records(many.as_bytes(), 1000, 1 << 20)
                .1
                .is_some_and(|told| told.contains("more than 16384 cells"))
        );
    }
}
