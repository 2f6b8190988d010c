//! Rows of text formats: objects of JSON or records of CSV one after another, whose cells become rows or one column.

use std::fmt;
use std::io::{self, BufRead};

use super::bytes::BytesForm;
use super::cell::bytes_of_text;
use super::json::{JsonExpected, Text, TextRow};
use super::open::{Progress, TextStream};
use super::source::{CellSource, CellTaker, OneColumn, RowSource, RowTaker};
use super::{Cells, Wanted};
use crate::error::{ReadError, RowError};
use crate::formats::Lines;
use crate::layout::{ColumnNames, Field};
use crate::row::{Expected, Row};

/// Why there is no further row.
pub(crate) enum Stop {
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

/// The records of a text format, one after another: what differs between the formats. `limit` is the size of the largest
/// record.
pub(crate) trait Records: Send + Sized {
    /// Reads nothing yet. `marker` is the column by which an object is told to be a row, where other objects may stand
    /// around the rows.
    fn new(input: Box<dyn BufRead + Send>, marker: Option<&str>) -> Self;

    /// Reads the names of the columns, where they stand before the rows, and looks up those of the fields that are wanted.
    /// `false` where every row names its own.
    fn header(&mut self, _wanted: &Wanted<'_>, _limit: usize) -> Result<bool, Stop> {
        Ok(false)
    }

    /// As [`Self::header`], for one column of any name. Where it is missing, that is [`RowError::NoCell`].
    fn header_with(&mut self, _column: &str, _limit: usize) -> Result<(), Stop> {
        Ok(())
    }

    /// Goes on to the next record; `false` when there are no more.
    fn next(&mut self, limit: usize) -> Result<bool, Stop>;

    /// The cells of the record.
    fn row(&self, cells: Cells, columns: &ColumnNames) -> Result<TextRow<'_>, RowError>;

    /// The cell of the record in one column of any name.
    fn cell(&self, column: &str) -> Result<Option<Text<'_>>, RowError>;

    /// The names of the columns, as errors list them: of all rows where they stand before them, or of this one.
    fn names(&self) -> Result<String, RowError>;
}

/// A text and how far it has been read.
pub(super) struct TextInput<R> {
    name: String,
    pub(super) records: R,
    pub(super) progress: Progress,
    max_row_bytes: usize,
    /// The rows that were taken: errors name the one after them.
    pub(super) row: u64,
}

impl<R: Records> TextInput<R> {
    pub(super) fn new(
        TextStream { name, input, progress }: TextStream,
        marker: Option<&str>,
        max_row_bytes: usize,
    ) -> Self {
        Self { name, records: R::new(input, marker), progress, max_row_bytes, row: 0 }
    }

    /// Goes on to the next row; `false` when there are no more.
    pub(super) fn next(&mut self) -> Result<bool, ReadError> {
        self.records.next(self.max_row_bytes).map_err(|stop| self.stopped(stop))
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

/// See the module.
pub(super) struct TextRows<R> {
    input: TextInput<R>,
    cells: Cells,
    bytes: BytesForm,
    columns: ColumnNames,
    /// The columns that were named and have not been in any row yet, by number of their field.
    unseen: u16,
    /// The members of the first row, where columns were named.
    first_names: String,
    decoded: Decoded,
}

impl<R> fmt::Debug for TextRows<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextRows")
            .field("name", &self.input.name)
            .field("row", &self.input.row)
            .finish_non_exhaustive()
    }
}

impl TextRows<Lines> {
    /// The rows of JSONL.
    pub(super) fn lines(
        name: String,
        input: Box<dyn BufRead + Send>,
        wanted: &Wanted<'_>,
        max_row_bytes: usize,
    ) -> Self {
        let text = TextStream { name, input, progress: Progress::default() };
        Self::of(TextInput::new(text, None, max_row_bytes), wanted)
    }
}

impl<R: Records> TextRows<R> {
    pub(super) fn new(
        text: TextStream,
        wanted: &Wanted<'_>,
        max_row_bytes: usize,
    ) -> Result<Self, ReadError> {
        let marker = if wanted.cells == Cells::Keys { Field::PublicKey } else { Field::Signature };
        let marker = wanted.layout.columns.column(marker);
        let mut rows = Self::of(TextInput::new(text, marker, max_row_bytes), wanted);
        match rows.input.records.header(wanted, max_row_bytes) {
            // What was named is there.
            Ok(true) => rows.unseen = 0,
            Ok(false) => {}
            Err(stop) => return Err(rows.input.stopped(stop)),
        }
        Ok(rows)
    }

    fn of(input: TextInput<R>, wanted: &Wanted<'_>) -> Self {
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

    /// A column that was named and that no row so far has.
    fn no_column(&self) -> Option<ReadError> {
        let (_, column) = self.columns.named().find(|(field, _)| self.unseen & bit(*field) != 0)?;
        let (file, column) = (self.input.name.clone(), column.to_owned());
        Some(ReadError::NoColumn { file, column, has: self.first_names.clone() })
    }
}

impl<R: Records> RowSource for TextRows<R> {
    fn rows(&mut self, taker: &mut RowTaker<'_>) -> Result<bool, ReadError> {
        while self.input.next()? {
            let input = &self.input;
            let wrong = |error| input.wrong(error);
            let row = input.records.row(self.cells, &self.columns).map_err(wrong)?;
            self.unseen &= !row.seen;
            if self.unseen != 0 && input.row == 0 {
                self.first_names = input.records.names().map_err(wrong)?;
            }
            let row = self.decoded.decode(&row, self.bytes).map_err(wrong)?;
            let more = match taker.take(&row) {
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

    fn position(&self) -> (u64, &str) {
        (self.input.row, &self.input.name)
    }

    fn fraction_read(&self) -> Option<f64> {
        self.input.progress.fraction()
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
pub(super) struct TextCells<R> {
    input: TextInput<R>,
    column: String,
    text: bool,
    bytes: BytesForm,
    decoded: Vec<u8>,
}

impl<R> fmt::Debug for TextCells<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextCells")
            .field("name", &self.input.name)
            .field("row", &self.input.row)
            .finish_non_exhaustive()
    }
}

impl<R: Records> TextCells<R> {
    pub(super) fn new(
        text: TextStream,
        OneColumn { name: column, text: is_text, form: bytes }: OneColumn<'_>,
        max_row_bytes: usize,
    ) -> Result<Self, ReadError> {
        let mut input = TextInput::<R>::new(text, Some(column), max_row_bytes);
        input.records.header_with(column, max_row_bytes).map_err(|stop| {
            match (stop, input.records.names()) {
                (Stop::Row(RowError::NoCell(column)), Ok(has)) => {
                    ReadError::NoColumn { file: input.name.clone(), column, has }
                }
                (stop, _) => input.stopped(stop),
            }
        })?;
        Ok(Self { input, column: column.to_owned(), text: is_text, bytes, decoded: Vec::new() })
    }
}

impl<R: Records> CellSource for TextCells<R> {
    fn cells(&mut self, taker: &mut CellTaker<'_>) -> Result<bool, ReadError> {
        while self.input.next()? {
            let input = &self.input;
            let wrong = |error| input.wrong(error);
            let cell = input.records.cell(&self.column).map_err(wrong)?;
            let more = match &cell {
                None => taker.take(None),
                Some(Text(cell)) if self.text => taker.take(Some(cell.as_bytes())),
                Some(Text(text)) => match self.bytes.decode(text, &mut self.decoded) {
                    Ok(()) => taker.take(Some(&self.decoded)),
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

    fn position(&self) -> (u64, &str) {
        (self.input.row, &self.input.name)
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
