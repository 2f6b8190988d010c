//! The cells of a row from the columns of a row group.

use super::super::bytes::BytesForm;
use super::super::cell::bytes_of_text;
use super::column::{Column, Number};
use super::schema::CellType;
use super::{Problem, not_text};
use crate::error::RowError;
use crate::row::{Expected, Row};

/// Where the known columns are among those that are read.
#[derive(Clone, Copy)]
pub(super) struct Places {
    id: Option<usize>,
    scheme: Option<usize>,
    rule: Option<usize>,
    encoding: Option<usize>,
    user_id: Option<usize>,
    context: Option<usize>,
    public_key: Option<usize>,
    key_index: Option<usize>,
    message: Option<usize>,
    digest: Option<usize>,
    signature: Option<usize>,
    recovery_id: Option<usize>,
    expected: Option<usize>,
}

/// Cells that are not in the file as they are in a row; the memory serves the next row again.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    id: String,
    user_id: Vec<u8>,
    context: Vec<u8>,
    public_key: Vec<u8>,
    message: Vec<u8>,
    digest: Vec<u8>,
    signature: Vec<u8>,
}

/// The columns, and the place of the row in them.
#[derive(Clone, Copy)]
struct At<'r>(&'r [Column], usize);

impl<'r> At<'r> {
    fn column(self, place: Option<usize>) -> Option<&'r Column> {
        self.0.get(place?)
    }

    /// A cell of bytes. A column of text has them in a form.
    fn bytes(
        self,
        form: BytesForm,
        field: &'static str,
        place: Option<usize>,
        decoded: &'r mut Vec<u8>,
    ) -> Result<Option<&'r [u8]>, RowError> {
        let Some(column) = self.column(place) else { return Ok(None) };
        match (column.bytes(self.1), column.of()) {
            (Some(text), CellType::Text) => {
                // What is not UTF-8 is no digit either.
                bytes_of_text(form, field, &String::from_utf8_lossy(text), decoded)
                    .map(Some)
                    .map_err(|source| RowError::TextBytes { field, source })
            }
            (cell, _) => Ok(cell),
        }
    }

    /// A cell of text. Some writers do not say that their bytes are text.
    fn text(self, field: &'static str, place: Option<usize>) -> Result<Option<&'r str>, Problem> {
        let Some(column) = self.column(place) else { return Ok(None) };
        let text = column.bytes(self.1).map(str::from_utf8).transpose();
        text.map_err(|error| match column.of() {
            CellType::Text => not_text(field, error),
            _ => RowError::NotUtf8 { field }.into(),
        })
    }

    fn label(self, place: Option<usize>, written: &'r mut String) -> Result<Option<&'r str>, Problem> {
        let Some(column) = self.column(place) else { return Ok(None) };
        match column.of() {
            CellType::Text | CellType::Bytes => self.text("id", place),
            _ => Ok(column.label(self.1, written).then_some(written.as_str())),
        }
    }

    fn number<T: TryFrom<i128>>(
        self,
        field: &'static str,
        place: Option<usize>,
        expected: &'static str,
    ) -> Result<Option<T>, RowError> {
        match self.column(place).and_then(|column| column.number(self.1)) {
            None => Ok(None),
            Some(Number::Fraction(value)) => Err(RowError::Fraction { field, value, expected }),
            Some(Number::Integer(value)) => {
                T::try_from(value).map(Some).map_err(|_| RowError::Number { field, value, expected })
            }
        }
    }

    fn recovery_id(self, place: Option<usize>) -> Result<Option<u8>, RowError> {
        let value: Option<u64> = self.number("recovery_id", place, "0 to 3")?;
        value.map(|value| u8::try_from(value).map_err(|_| RowError::RecoveryId { value })).transpose()
    }
}

impl Places {
    pub(super) fn of(leaves: &[(String, usize)]) -> Self {
        let place = |name: &str| leaves.iter().position(|(column, _)| column == name);
        Self {
            id: place("id"),
            scheme: place("scheme"),
            rule: place("rule"),
            encoding: place("encoding"),
            user_id: place("user_id"),
            context: place("context"),
            public_key: place("public_key"),
            key_index: place("key_index"),
            message: place("message"),
            digest: place("digest"),
            signature: place("signature"),
            recovery_id: place("recovery_id"),
            expected: place("expected"),
        }
    }

    /// The cells of a row; those that are not in the file as they are in a row are written into `scratch`.
    pub(super) fn row<'r>(
        &self,
        columns: &'r [Column],
        at: usize,
        form: BytesForm,
        scratch: &'r mut Scratch,
    ) -> Result<Row<'r>, Problem> {
        let cells = At(columns, at);
        Ok(Row {
            id: cells.label(self.id, &mut scratch.id)?,
            scheme: cells.text("scheme", self.scheme)?,
            rule: cells.text("rule", self.rule)?,
            encoding: cells.text("encoding", self.encoding)?,
            user_id: cells.bytes(form, "user_id", self.user_id, &mut scratch.user_id)?,
            context: cells.bytes(form, "context", self.context, &mut scratch.context)?,
            public_key: cells.bytes(form, "public_key", self.public_key, &mut scratch.public_key)?,
            key_index: cells.number("key_index", self.key_index, "0 or more")?,
            message: cells.bytes(form, "message", self.message, &mut scratch.message)?,
            digest: cells.bytes(form, "digest", self.digest, &mut scratch.digest)?,
            signature: cells.bytes(form, "signature", self.signature, &mut scratch.signature)?,
            recovery_id: cells.recovery_id(self.recovery_id)?,
            expected: match cells.column(self.expected).and_then(|column| column.boolean(at)) {
                Some(valid) => Expected::Valid(valid),
                None => Expected::Unknown,
            },
        })
    }
}
