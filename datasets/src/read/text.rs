//! Rows of text formats: objects of JSON or records of CSV one after another, whose cells become rows or one column.

use std::fmt;
use std::io::{self, BufRead};

use serde::de::DeserializeSeed;

use super::bytes::BytesForm;
use super::cell::bytes_of_text;
use super::csv::Csv;
use super::document::Document;
use super::json::{CellOf, JsonExpected, NamesOf, RowOf, Text, TextRow};
use super::lines::Lines;
use super::open::Progress;
use super::{Cells, Wanted};
use crate::error::{ReadError, RowError};
use crate::format::Format;
use crate::layout::{ColumnNames, Field, Layout};
use crate::row::{Expected, Row};

/// Why there is no further row.
pub(super) enum Stop {
    Io(io::Error),
    Row(RowError),
    /// Something that is wrong with the text around the rows.
    Content(String),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<RowError> for Stop {
    fn from(error: RowError) -> Self {
        Self::Row(error)
    }
}

/// A text and how far it has been read.
struct TextInput {
    name: String,
    source: Source,
    progress: Progress,
    max_row_bytes: usize,
    row: u64,
}

enum Source {
    Lines(Lines),
    Document(Document),
    Csv(Csv),
}

impl TextInput {
    /// `marker` is the column by which an object of a JSON document is told to be a row.
    fn new(
        name: String,
        (format, input): (Format, Box<dyn BufRead + Send>),
        progress: Progress,
        marker: Option<&str>,
        max_row_bytes: usize,
    ) -> Self {
        let source = match format {
            Format::Csv => Source::Csv(Csv::new(input)),
            Format::Json => Source::Document(Document::new(input, marker)),
            // Parquet is no text.
            Format::Jsonl | Format::Parquet => Source::Lines(Lines::new(input)),
        };
        Self { name, source, progress, max_row_bytes, row: 0 }
    }

    /// Goes on to the next row; `false` when there are no more.
    fn next(&mut self) -> Result<bool, ReadError> {
        let limit = self.max_row_bytes;
        let next = match &mut self.source {
            Source::Lines(lines) => lines.next(limit),
            Source::Document(document) => document.next(limit),
            Source::Csv(csv) => csv.next(limit),
        };
        next.map_err(|stop| self.stopped(stop))
    }

    fn stopped(&self, stop: Stop) -> ReadError {
        let file = self.name.clone();
        match stop {
            Stop::Io(source) => ReadError::Io { file, source },
            Stop::Row(source) => ReadError::Row { file, row: self.row, source },
            Stop::Content(problem) => ReadError::Content { file, problem },
        }
    }

    fn wrong(&self, source: RowError) -> ReadError {
        self.stopped(Stop::Row(source))
    }
}

/// An object of JSON, read with `seed`. `line` is where it begins, if its lines are not those of JSONL.
fn parse<'a, S: DeserializeSeed<'a>>(
    text: &'a [u8],
    line: Option<u64>,
    seed: S,
) -> Result<S::Value, RowError> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let row = seed.deserialize(&mut json).and_then(|row| json.end().map(|()| row));
    row.map_err(|error| {
        let told = error.to_string();
        let message = match (line, told.rsplit_once(" at line ")) {
            // serde_json counts lines within this text.
            (Some(line), Some((message, _))) => {
                format!("{message} at line {}", line + (error.line() as u64).saturating_sub(1))
            }
            _ => told.replace(" at line 1 column ", " at column "),
        };
        match error.is_data() {
            true => RowError::Shape(message),
            false => RowError::Json(message),
        }
    })
}

/// See the module.
pub(super) struct TextRows {
    input: TextInput,
    cells: Cells,
    bytes: BytesForm,
    columns: ColumnNames,
    /// The columns that were named and have not been in any row yet, by number of their field.
    unseen: u16,
    /// The members of the first row, where columns were named.
    first_names: String,
    decoded: Decoded,
}

impl fmt::Debug for TextRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextRows")
            .field("name", &self.input.name)
            .field("row", &self.input.row)
            .finish_non_exhaustive()
    }
}

impl TextRows {
    pub(super) fn new(
        name: String,
        text: (Format, Box<dyn BufRead + Send>),
        progress: Progress,
        wanted: &Wanted<'_>,
        max_row_bytes: usize,
    ) -> Result<Self, ReadError> {
        let marker = if wanted.cells == Cells::Keys { Field::PublicKey } else { Field::Signature };
        let marker = wanted.layout.columns.column(marker);
        let mut rows = Self::of(TextInput::new(name, text, progress, marker, max_row_bytes), wanted);
        if let Source::Csv(csv) = &mut rows.input.source {
            match csv.read_header(max_row_bytes).and_then(|_| csv.choose(wanted)) {
                Ok(()) => rows.unseen = 0,
                Err(stop) => return Err(rows.input.stopped(stop)),
            }
        }
        Ok(rows)
    }

    /// The rows of JSONL.
    pub(super) fn lines(
        name: String,
        input: Box<dyn BufRead + Send>,
        wanted: &Wanted<'_>,
        max_row_bytes: usize,
    ) -> Self {
        let text = (Format::Jsonl, input);
        Self::of(TextInput::new(name, text, Progress::default(), None, max_row_bytes), wanted)
    }

    fn of(input: TextInput, wanted: &Wanted<'_>) -> Self {
        Self {
            input,
            cells: wanted.cells,
            bytes: wanted.layout.bytes,
            columns: wanted.layout.columns.clone(),
            unseen: wanted.named().fold(0, |bits, (field, _)| bits | bit(field)),
            first_names: String::new(),
            decoded: Decoded::default(),
        }
    }

    pub(super) fn position(&self) -> (u64, &str) {
        (self.input.row, &self.input.name)
    }

    pub(super) fn fraction_read(&self) -> Option<f64> {
        self.input.progress.fraction()
    }

    /// See `Source::rows` of the module above.
    pub(super) fn rows(
        &mut self,
        mut each: impl FnMut(&Row<'_>) -> Result<bool, RowError>,
    ) -> Result<bool, ReadError> {
        while self.input.next()? {
            let input = &self.input;
            let wrong = |error| input.wrong(error);
            let object = match &input.source {
                Source::Csv(_) => None,
                Source::Lines(lines) => Some((lines.text(), None)),
                Source::Document(document) => Some((document.text(), Some(document.line()))),
            };
            let row = match (&input.source, object) {
                (_, Some((text, line))) => {
                    parse(text, line, RowOf(self.cells, &self.columns)).map_err(wrong)?
                }
                (Source::Csv(csv), _) => csv.row().map_err(wrong)?,
                (_, None) => TextRow::default(),
            };
            self.unseen &= !row.seen;
            if let Some((text, line)) = object.filter(|_| self.unseen != 0 && input.row == 0) {
                self.first_names = parse(text, line, NamesOf).map_err(wrong)?;
            }
            let row = self.decoded.decode(&row, self.bytes).map_err(wrong)?;
            let more = match each(&row) {
                Ok(more) => more,
                // A cell that is missing because its column is called otherwise.
                Err(error) if is_missing(&error) => {
                    return Err(self.no_column().unwrap_or_else(|| self.input.wrong(error)));
                }
                Err(error) => return Err(self.input.wrong(error)),
            };
            self.input.row += 1;
            if !more {
                return Ok(true);
            }
        }
        match self.no_column().filter(|_| self.input.row > 0) {
            Some(error) => Err(error),
            None => Ok(false),
        }
    }

    /// A column that was named and that no row so far has.
    fn no_column(&self) -> Option<ReadError> {
        let (_, column) = self.columns.named().find(|(field, _)| self.unseen & bit(*field) != 0)?;
        let (file, column) = (self.input.name.clone(), column.to_owned());
        Some(ReadError::NoColumn { file, column, has: self.first_names.clone() })
    }
}

fn is_missing(error: &RowError) -> bool {
    matches!(error, RowError::Missing { .. } | RowError::WrongInput { .. } | RowError::NeedsRule(_))
}

/// The place of a field in sets of fields.
pub(super) const fn bit(field: Field) -> u16 {
    1 << field as u16
}

/// One column of text.
pub(super) struct TextCells {
    input: TextInput,
    column: String,
    text: bool,
    bytes: BytesForm,
    decoded: Vec<u8>,
}

impl fmt::Debug for TextCells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextCells")
            .field("name", &self.input.name)
            .field("row", &self.input.row)
            .finish_non_exhaustive()
    }
}

impl TextCells {
    pub(super) fn new(
        name: String,
        source: (Format, Box<dyn BufRead + Send>),
        column: &str,
        text: bool,
        (layout, max_row_bytes): (&Layout, usize),
    ) -> Result<Self, ReadError> {
        let mut input = TextInput::new(name, source, Progress::default(), Some(column), max_row_bytes);
        if let Source::Csv(csv) = &mut input.source {
            let header = csv.read_header(max_row_bytes).map_err(|stop| (stop, String::new()));
            let chosen = header.and_then(|_| csv.choose_one(column).map_err(|stop| (stop, csv.names())));
            if let Err((stop, has)) = chosen {
                let file = input.name.clone();
                return Err(match stop {
                    Stop::Row(RowError::NoCell(column)) => ReadError::NoColumn { file, column, has },
                    stop => input.stopped(stop),
                });
            }
        }
        let (column, bytes) = (column.to_owned(), layout.bytes);
        Ok(Self { input, column, text, bytes, decoded: Vec::new() })
    }

    pub(super) fn position(&self) -> (u64, &str) {
        (self.input.row, &self.input.name)
    }

    /// See `ParquetRows::cells`.
    pub(super) fn cells(
        &mut self,
        mut each: impl FnMut(Option<&[u8]>) -> Result<bool, RowError>,
    ) -> Result<bool, ReadError> {
        while self.input.next()? {
            let input = &self.input;
            let wrong = |error| input.wrong(error);
            let cell = match &input.source {
                Source::Lines(lines) => parse(lines.text(), None, CellOf(&self.column)).map_err(wrong)?,
                Source::Document(document) => {
                    parse(document.text(), Some(document.line()), CellOf(&self.column)).map_err(wrong)?
                }
                Source::Csv(csv) => csv.cell(&self.column).map_err(wrong)?,
            };
            let more = match &cell {
                None => each(None),
                Some(Text(cell)) if self.text => each(Some(cell.as_bytes())),
                Some(Text(text)) => match self.bytes.decode(text, &mut self.decoded) {
                    Ok(()) => each(Some(&self.decoded)),
                    Err(source) => Err(RowError::CellBytes { column: self.column.clone(), source }),
                },
            };
            let more = more.map_err(wrong)?;
            self.input.row += 1;
            if !more {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The bytes of the cells of one row; the memory serves the next row again.
#[derive(Debug, Default)]
struct Decoded {
    user_id: Vec<u8>,
    context: Vec<u8>,
    public_key: Vec<u8>,
    message: Vec<u8>,
    digest: Vec<u8>,
    signature: Vec<u8>,
}

impl Decoded {
    fn decode<'a>(&'a mut self, row: &'a TextRow<'a>, form: BytesForm) -> Result<Row<'a>, RowError> {
        Ok(Row {
            id: text(&row.id),
            scheme: text(&row.scheme),
            rule: text(&row.rule),
            encoding: text(&row.encoding),
            user_id: bytes(form, "user_id", &row.user_id, &mut self.user_id)?,
            context: bytes(form, "context", &row.context, &mut self.context)?,
            public_key: bytes(form, "public_key", &row.public_key, &mut self.public_key)?,
            key_index: row.key_index.as_ref().map(|index| index.0),
            message: bytes(form, "message", &row.message, &mut self.message)?,
            digest: bytes(form, "digest", &row.digest, &mut self.digest)?,
            signature: bytes(form, "signature", &row.signature, &mut self.signature)?,
            recovery_id: match &row.recovery_id {
                None => None,
                Some(id) => Some(u8::try_from(id.0).map_err(|_| RowError::RecoveryId { value: id.0 })?),
            },
            expected: match &row.expected {
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
    form: BytesForm,
    field: &'static str,
    cell: &Option<Text<'_>>,
    decoded: &'a mut Vec<u8>,
) -> Result<Option<&'a [u8]>, RowError> {
    let Some(Text(text)) = cell else {
        return Ok(None);
    };
    bytes_of_text(form, field, text, decoded).map(Some).map_err(|source| RowError::Bytes { field, source })
}
