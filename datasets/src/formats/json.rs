//! The objects of a JSON document, found without holding more of it than one: an array of rows, an object with one such
//! array, or objects one after another.
//!
//! Only brackets and strings are told apart here. What lies within a row is parsed by the reader of rows, and what lies
//! beside the rows is skipped.

use std::io::{self, BufRead};

use super::{Format, RowsStated};
use crate::error::RowError;
use crate::layout::ColumnNames;
use crate::read::{CellOf, Cells, NAMES, NamesOf, Reader, Records, RowOf, Stop, Text, TextRow, parse, short};

pub(super) const FORMAT: Format = Format {
    title: "JSON",
    extensions: &["json"],
    magic: None,
    // All rows may be in one line.
    rows_stated: RowsStated::Nothing,
    reader: Reader::text::<Document>(),
    writer: None,
};

/// See the module.
struct Document {
    input: Box<dyn BufRead + Send>,
    /// The member by which an object is told to be a row, and not to have the rows in an array.
    marker: Option<String>,
    state: State,
    /// The member whose array has the rows, if they are within an object.
    member: Option<String>,
    text: Vec<u8>,
    /// The line being read and the one where the row begins, from 1.
    at: u64,
    line: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before everything.
    Start,
    /// Within the array of rows, before the first.
    First,
    /// Within the array of rows, behind a row.
    Behind,
    /// Behind an object of its own, which was a row.
    Sequence,
    /// Behind everything.
    End,
}

/// What an object on its own is.
enum Whole {
    Row,
    /// It has an array of rows, which is entered.
    Array,
    /// It has only an empty array.
    Empty,
}

impl Records for Document {
    fn new(input: Box<dyn BufRead + Send>, marker: Option<&str>) -> Self {
        let marker = marker.map(str::to_owned);
        Self { input, marker, state: State::Start, member: None, text: Vec::new(), at: 1, line: 1 }
    }

    fn next(&mut self, limit: usize) -> Result<bool, Stop> {
        loop {
            let byte = self.peek()?;
            self.line = self.at;
            match (self.state, byte) {
                (State::Start | State::Sequence | State::End, None) => return Ok(false),
                (State::Start, Some(b'[')) => {
                    self.skip();
                    self.state = State::First;
                }
                (State::Start, Some(b'{')) => match self.whole(limit)? {
                    Whole::Row => {
                        self.state = State::Sequence;
                        return Ok(true);
                    }
                    Whole::Array => self.state = State::First,
                    Whole::Empty => self.state = State::End,
                },
                (State::Start, Some(_)) => {
                    return Err(
                        self.problem("it begins with neither [ nor {; a JSON file is an array of rows")
                    );
                }
                (State::Sequence, Some(b'{')) => {
                    self.text.clear();
                    self.value(Some(limit))?;
                    return Ok(true);
                }
                (State::Sequence, Some(_)) => {
                    return Err(self.problem("something other than a further object follows the rows"));
                }
                (State::First, Some(b']')) | (State::Behind, Some(b']')) => {
                    self.skip();
                    self.state = State::End;
                    if self.member.is_some() {
                        self.rest_of_members(limit)?;
                    }
                }
                (State::First, Some(_)) => return self.element(limit),
                (State::Behind, Some(b',')) => {
                    self.skip();
                    self.peek()?;
                    self.line = self.at;
                    return self.element(limit);
                }
                (State::Behind, Some(_)) => return Err(self.problem("there is no comma between two rows")),
                (State::First | State::Behind, None) => return Err(self.truncated()),
                (State::End, Some(_)) => return Err(self.problem("something follows the end of the rows")),
            }
        }
    }

    fn row(&self, cells: Cells, columns: &ColumnNames) -> Result<TextRow<'_>, RowError> {
        parse(&self.text, Some(self.line), RowOf(cells, columns))
    }

    fn cell(&self, column: &str) -> Result<Option<Text<'_>>, RowError> {
        parse(&self.text, Some(self.line), CellOf(column))
    }

    fn names(&self) -> Result<String, RowError> {
        parse(&self.text, Some(self.line), NamesOf)
    }
}

impl Document {
    /// Takes an element of the array of rows.
    fn element(&mut self, limit: usize) -> Result<bool, Stop> {
        self.text.clear();
        self.value(Some(limit))?;
        self.state = State::Behind;
        Ok(true)
    }

    /// Takes an object that stands by itself, up to its end or up to the first row of the array in it. Where it is a row
    /// it is kept as a whole.
    fn whole(&mut self, limit: usize) -> Result<Whole, Stop> {
        self.text.clear();
        self.keep(limit);
        let (mut marked, mut empty, mut first) = (false, false, true);
        let mut names: Vec<String> = Vec::new();
        while let Some(name) = self.member_name(limit, true, first)? {
            first = false;
            marked |= self.marker.as_ref().is_some_and(|marker| *marker == name);
            if names.len() < NAMES {
                names.push(short(&name).to_owned());
            }
            if marked || self.peek()? != Some(b'[') {
                self.value(Some(limit))?;
                continue;
            }
            self.keep(limit);
            match self.peek()? {
                Some(b'{') => {
                    self.member = Some(name);
                    return Ok(Whole::Array);
                }
                found => empty |= found == Some(b']'),
            }
            self.rest_of_value(Some(limit), 1)?;
        }
        match (marked, empty) {
            (true, _) if self.text.len() > limit => Err(RowError::TooLarge { limit }.into()),
            (true, _) => Ok(Whole::Row),
            (false, true) => Ok(Whole::Empty),
            (false, false) => {
                let names = names.join(", ");
                let rows = self.marker.as_ref().map_or(String::new(), |marker| format!(" and no {marker}"));
                Err(self.problem(&format!(
                    "its object has no array of rows{rows}: it has {names}; a JSON file is an array of rows, or an object \
                     with one"
                )))
            }
        }
    }

    /// Skips the members behind the array of rows.
    fn rest_of_members(&mut self, limit: usize) -> Result<(), Stop> {
        while let Some(name) = self.member_name(limit, false, false)? {
            if self.peek()? != Some(b'[') {
                self.value(None)?;
                continue;
            }
            self.skip();
            if self.peek()? == Some(b'{') {
                let first = self.member.as_deref().unwrap_or_default();
                return Err(self.problem(&format!(
                    "both {} and {} are arrays of objects, and which of them has the rows cannot be known; keep one",
                    short(first),
                    short(&name)
                )));
            }
            self.rest_of_value(None, 1)?;
        }
        Ok(())
    }

    /// The name of the next member, whose value comes next; `None` behind the last.
    fn member_name(&mut self, limit: usize, keep: bool, first: bool) -> Result<Option<String>, Stop> {
        let take = |document: &mut Self| match keep {
            true => document.keep(limit),
            false => document.skip(),
        };
        let mut byte = self.peek()?;
        if byte == Some(b'}') {
            take(self);
            return Ok(None);
        }
        if !first {
            match byte {
                Some(b',') => take(self),
                Some(_) => return Err(self.problem("there is no comma between two members of its object")),
                None => return Err(self.truncated()),
            }
            byte = self.peek()?;
        }
        match byte {
            Some(b'"') => {}
            Some(_) => return Err(self.problem("a member of its object has no name in quotes")),
            None => return Err(self.truncated()),
        }
        // The name alone, behind what was kept.
        let kept = std::mem::take(&mut self.text);
        let name = self.value(Some(limit));
        let quoted = std::mem::replace(&mut self.text, kept);
        name?;
        if keep && self.text.len() <= limit {
            self.text.extend_from_slice(&quoted);
        }
        if quoted.len() > limit {
            return Err(RowError::TooLarge { limit }.into());
        }
        let name = serde_json::from_slice(&quoted)
            .map_err(|_| self.problem("the name of a member is not a string"))?;
        match self.peek()? {
            Some(b':') => take(self),
            Some(_) => return Err(self.problem("there is no colon behind the name of a member")),
            None => return Err(self.truncated()),
        }
        // What comes next is the value.
        match self.peek()? {
            Some(_) => Ok(Some(name)),
            None => Err(self.truncated()),
        }
    }

    /// Takes a value. It is added to the text where there is a limit, within a row as an error beyond it.
    fn value(&mut self, limit: Option<usize>) -> Result<(), Stop> {
        match self.peek()? {
            Some(b'{' | b'[') => {
                match limit {
                    Some(limit) => self.keep(limit),
                    None => self.skip(),
                }
                self.rest_of_value(limit, 1)
            }
            Some(_) => self.rest_of_value(limit, 0),
            None => Err(self.truncated()),
        }
    }

    /// Takes the rest of a value that is `depth` brackets deep.
    fn rest_of_value(&mut self, limit: Option<usize>, mut depth: u64) -> Result<(), Stop> {
        let (mut string, mut escaped, mut scalar) = (false, false, false);
        loop {
            let piece = match self.input.fill_buf() {
                Ok(piece) => piece,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            if piece.is_empty() {
                return match scalar {
                    true => Ok(()),
                    false => Err(self.truncated()),
                };
            }
            let mut taken = 0;
            let mut ended = false;
            for &byte in piece {
                if string {
                    match byte {
                        _ if escaped => escaped = false,
                        b'\\' => escaped = true,
                        b'"' => string = false,
                        _ => {}
                    }
                    taken += 1;
                    ended = !string && depth == 0;
                } else {
                    match byte {
                        // The end of a number or a word is what follows it.
                        b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => {
                            if !scalar {
                                return Err(self.problem("a value is missing"));
                            }
                            ended = true;
                            break;
                        }
                        b'"' if scalar => {
                            ended = true;
                            break;
                        }
                        b'"' => string = true,
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => {
                            depth -= 1;
                            ended = depth == 0;
                        }
                        b'\n' => self.at += 1,
                        _ => scalar = depth == 0,
                    }
                    taken += 1;
                }
                if ended {
                    break;
                }
            }
            let over = match limit {
                Some(limit) => !keep(&mut self.text, &piece[..taken], limit),
                None => false,
            };
            self.input.consume(taken);
            // An object that may yet turn out to hold the rows is told when its end is known.
            if let (Some(limit), true) = (limit, over && self.state != State::Start) {
                return Err(RowError::TooLarge { limit }.into());
            }
            if ended {
                return Ok(());
            }
        }
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Result<Option<u8>, Stop> {
        loop {
            let piece = match self.input.fill_buf() {
                Ok(piece) => piece,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            if piece.is_empty() {
                return Ok(None);
            }
            let blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
            let blanks = piece.iter().take_while(blank).count();
            let next = piece.get(blanks).copied();
            self.at += piece[..blanks].iter().filter(|&&byte| byte == b'\n').count() as u64;
            self.input.consume(blanks);
            if next.is_some() {
                return Ok(next);
            }
        }
    }

    /// Takes the byte that was seen.
    fn skip(&mut self) {
        self.input.consume(1);
    }

    /// As [`Self::skip`], and adds it to the text.
    fn keep(&mut self, limit: usize) {
        if let Ok([byte, ..]) = self.input.fill_buf() {
            let byte = *byte;
            keep(&mut self.text, &[byte], limit);
            self.input.consume(1);
        }
    }

    fn problem(&self, problem: &str) -> Stop {
        Stop::Content(format!("not a JSON file of rows: line {}: {problem}", self.at))
    }

    fn truncated(&self) -> Stop {
        Stop::Content(format!(
            "truncated JSON: it ends in line {} within the rows; copy or write it again",
            self.at
        ))
    }
}

/// Adds a piece to a text of at most `limit` bytes. One byte more says that it was longer.
fn keep(text: &mut Vec<u8>, piece: &[u8], limit: usize) -> bool {
    let room = limit.saturating_add(1).saturating_sub(text.len());
    text.extend_from_slice(&piece[..piece.len().min(room)]);
    text.len() <= limit
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of a text, and how it ended.
    fn rows(text: &str, buffer: usize, limit: usize) -> (Vec<String>, Option<String>) {
        let input = io::BufReader::with_capacity(buffer, io::Cursor::new(text.to_owned()));
        let mut document = Document::new(Box::new(input), Some("s"));
        let mut rows = Vec::new();
        loop {
            match document.next(limit) {
                Ok(true) => rows.push(String::from_utf8(document.text.clone()).expect("text")),
                Ok(false) => return (rows, None),
                Err(Stop::Content(problem)) => return (rows, Some(problem)),
                Err(Stop::Row(error)) => return (rows, Some(error.to_string())),
                Err(Stop::Io(error)) => return (rows, Some(error.to_string())),
            }
        }
    }

    #[test]
    fn rows_are_found_in_every_form() {
        let two = vec![r#"{"s":"a]}\"{[\\"}"#, r#"{"s":1,"t":[{"u":[]}, null]}"#];
        let (a, b) = (two[0], two[1]);
        for text in [
            format!("[{a},{b}]"),
            format!(" [ \n {a} ,\r\n{b}\t] \n"),
            format!(r#"{{"rows":[{a},{b}]}}"#),
            format!(
                r#"{{"v": 1.5, "tags": ["x", "y"], "none": [], "rows" : [ {a}, {b} ], "n":{{"s":[1]}}, "m":[1, {{}}]}}"#
            ),
            format!("{a}{b}"),
            format!("{a}\n{b}\n"),
        ] {
            for buffer in [1, 2, 3, 1000] {
                let found = rows(&text, buffer, 100);
                assert_eq!(found.1, None, "{text}");
                assert_eq!(found.0, two, "{text}");
            }
        }
        for none in ["", " \n", "[]", "[ ]", r#"{"rows":[]}"#, r#"{"rows":[ ],"n":0}"#] {
            assert_eq!(rows(none, 5, 100), (Vec::new(), None), "{none}");
        }
        // What is no object is a row as well, and an error where it is parsed.
        assert_eq!(rows("[1, true,\"x\", [2]]", 3, 100).0, ["1", "true", "\"x\"", "[2]"]);
    }

    #[test]
    fn texts_that_are_cut_or_hold_no_rows_are_told() {
        let whole = r#"{"v": "x", "rows": [{"s": "\"", "t": [1]}, {"s": 2}], "w": [3]}"#;
        for length in 1..whole.len() {
            let (_, problem) = rows(&whole[..length], 4, 100);
            assert!(
                problem.is_some_and(|problem| problem.starts_with("truncated JSON: it ends in line 1")),
                "{length}"
            );
        }
        for (text, problem) in [
            ("7", "neither [ nor {"),
            ("[{},]", "a value is missing"),
            (r#"{"v":}"#, "a value is missing"),
            ("[{}{}]", "no comma between two rows"),
            ("[{}] x", "follows the end of the rows"),
            ("[{}][{}]", "follows the end of the rows"),
            (r#"{"s":1} x"#, "something other than a further object"),
            (r#"{"v":1,"x":["a"]}"#, "its object has no array of rows and no s: it has v, x;"),
            (r#"{"v":1 "x":2}"#, "no comma between two members"),
            (r#"{"v" 1}"#, "no colon"),
            (r#"{v:1}"#, "no name in quotes"),
            (r#"{"a":[{"s":1}],"b":[{"s":2}]}"#, "both a and b are arrays of objects"),
        ] {
            let (_, told) = rows(text, 4, 100);
            assert!(told.as_ref().is_some_and(|told| told.contains(problem)), "{text}: {told:?}");
        }
    }

    #[test]
    fn no_more_than_a_row_is_held() {
        let long = "x".repeat(1000);
        let row = format!(r#"{{"s":"{long}"}}"#);
        let refused = |text: &str| {
            let (before, problem) = rows(text, 64, 500);
            assert!(problem.is_some_and(|problem| problem.contains("larger than 500 bytes")), "{text}");
            before.len()
        };
        assert_eq!(refused(&format!("[{{}},{row}]")), 1);
        assert_eq!(refused(&row), 0);
        assert_eq!(refused(&format!(r#"{{"s":1}}{row}"#)), 1);
        // What lies beside the rows may be longer.
        let beside = format!(r#"{{"v":"{long}","rows":[{{"s":1}}],"w":"{long}"}}"#);
        assert_eq!(rows(&beside, 64, 500), (vec![r#"{"s":1}"#.to_owned()], None));
    }
}
