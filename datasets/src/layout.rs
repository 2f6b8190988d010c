//! What a file does not say of itself: its format where the name tells none, how its text writes bytes, and which
//! columns hold which fields.

use std::fmt;

use crate::formats::FileKind;
pub use crate::read::BytesForm;

/// A field of a row. Its name is that of its column, unless [`ColumnNames`] says another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// `id`.
    Id,
    /// `scheme`.
    Scheme,
    /// `rule`.
    Rule,
    /// `encoding`.
    Encoding,
    /// `user_id`.
    UserId,
    /// `context`.
    Context,
    /// `public_key`.
    PublicKey,
    /// `key_index`.
    KeyIndex,
    /// `message`.
    Message,
    /// `digest`.
    Digest,
    /// `signature`.
    Signature,
    /// `recovery_id`.
    RecoveryId,
    /// `expected`.
    Expected,
}

impl Field {
    /// Every field.
    pub const ALL: [Self; 13] = [
        Self::Id,
        Self::Scheme,
        Self::Rule,
        Self::Encoding,
        Self::UserId,
        Self::Context,
        Self::PublicKey,
        Self::KeyIndex,
        Self::Message,
        Self::Digest,
        Self::Signature,
        Self::RecoveryId,
        Self::Expected,
    ];

    /// The name of the field.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Scheme => "scheme",
            Self::Rule => "rule",
            Self::Encoding => "encoding",
            Self::UserId => "user_id",
            Self::Context => "context",
            Self::PublicKey => "public_key",
            Self::KeyIndex => "key_index",
            Self::Message => "message",
            Self::Digest => "digest",
            Self::Signature => "signature",
            Self::RecoveryId => "recovery_id",
            Self::Expected => "expected",
        }
    }

    /// The field of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

/// The columns of fields that are called otherwise in a file.
///
/// A column holds one field: where `digest` is read from the column `message`, no column holds the field `message`.
///
/// ```
/// use sigwarp_datasets::{ColumnNames, Field};
///
/// let names = ColumnNames::new(["signature=sig", "digest=message"])?;
/// assert_eq!(names.column(Field::Signature), Some("sig"));
/// assert_eq!((names.field("message"), names.field("signature")), (Some(Field::Digest), None));
/// assert_eq!(names.column(Field::Message), None);
/// assert!(ColumnNames::new(["signature=sig", "digest=sig"]).is_err());
/// # Ok::<(), sigwarp_datasets::ColumnNamesError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnNames(Vec<(Field, String)>);

/// Why names of columns cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ColumnNamesError {
    /// The text is not of the form.
    #[error("{0:?} names no column; write FIELD=COLUMN, such as signature=sig")]
    Form(String),
    /// No such field.
    #[error("there is no field {0:?}; the fields are {fields}", fields = Field::ALL.map(Field::name).join(", "))]
    UnknownField(String),
    /// Two columns for a field.
    #[error("the field {field} is given two columns, {first:?} and {second:?}; name one")]
    TwoColumns {
        /// The field.
        field: &'static str,
        /// The column named first.
        first: String,
        /// The column named after it.
        second: String,
    },
    /// Two fields for a column.
    #[error("the column {column:?} is given two fields, {first} and {second}; it holds one")]
    TwoFields {
        /// The column.
        column: String,
        /// The field named first.
        first: &'static str,
        /// The field named after it.
        second: &'static str,
    },
}

impl ColumnNames {
    /// The columns that these texts of the form `FIELD=COLUMN` name.
    pub fn new<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Result<Self, ColumnNamesError> {
        let mut names = Self::default();
        for text in texts {
            let text = text.as_ref();
            let (field, column) = match text.split_once('=') {
                Some((field, column)) if !column.is_empty() => (field, column),
                _ => return Err(ColumnNamesError::Form(text.to_owned())),
            };
            let field =
                Field::from_name(field).ok_or_else(|| ColumnNamesError::UnknownField(field.to_owned()))?;
            for (other, taken) in &names.0 {
                let (column, taken) = (column.to_owned(), taken.clone());
                if *other == field {
                    let field = field.name();
                    return Err(ColumnNamesError::TwoColumns { field, first: taken, second: column });
                }
                if column == taken {
                    let (first, second) = (other.name(), field.name());
                    return Err(ColumnNamesError::TwoFields { column, first, second });
                }
            }
            names.0.push((field, column.to_owned()));
        }
        Ok(names)
    }

    /// The column of a field, if it has one.
    pub fn column(&self, field: Field) -> Option<&str> {
        if let Some((_, column)) = self.0.iter().find(|(of, _)| *of == field) {
            return Some(column);
        }
        let name = field.name();
        (!self.0.iter().any(|(_, column)| column == name)).then_some(name)
    }

    /// The field that a column holds, if any.
    pub fn field(&self, column: &str) -> Option<Field> {
        if self.0.is_empty() {
            return Field::from_name(column);
        }
        if let Some((field, _)) = self.0.iter().find(|(_, of)| of == column) {
            return Some(*field);
        }
        Field::from_name(column).filter(|field| !self.0.iter().any(|(of, _)| of == field))
    }

    /// The fields whose columns were named.
    pub(crate) fn named(&self) -> impl Iterator<Item = (Field, &str)> {
        self.0.iter().map(|(field, column)| (*field, column.as_str()))
    }

    /// Only the column of this field.
    pub(crate) fn only(&self, field: Field) -> Self {
        Self(self.0.iter().filter(|(of, _)| *of == field).cloned().collect())
    }
}

/// What a file does not say of itself.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    /// The format of inputs whose name tells none. Standard input is JSONL where this is absent.
    pub format: Option<FileKind>,
    /// How text formats write bytes.
    pub bytes: BytesForm,
    /// The columns of fields that are called otherwise.
    pub columns: ColumnNames,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_contradict_each_other_are_refused() {
        let error = |texts: &[&str]| ColumnNames::new(texts).unwrap_err().to_string();
        for form in ["signature", "signature="] {
            assert!(error(&[form]).ends_with("names no column; write FIELD=COLUMN, such as signature=sig"));
        }
        assert!(
            error(&["sig=signature"]).starts_with("there is no field \"sig\"; the fields are id, scheme,")
        );
        assert_eq!(error(&["id=a", "id=b"]), "the field id is given two columns, \"a\" and \"b\"; name one");
        assert_eq!(
            error(&["id=a", "rule=a"]),
            "the column \"a\" is given two fields, id and rule; it holds one"
        );
    }

    #[test]
    fn columns_may_be_exchanged() {
        let names = ColumnNames::new(["message=digest", "digest=message", "id=a=b"]).unwrap();
        assert_eq!(
            (names.field("digest"), names.field("message")),
            (Some(Field::Message), Some(Field::Digest))
        );
        assert_eq!((names.field("a=b"), names.field("id")), (Some(Field::Id), None));
        assert_eq!(names.field("signature"), Some(Field::Signature));
        for field in Field::ALL {
            assert_eq!(names.field(names.column(field).unwrap()), Some(field));
            assert_eq!(Field::from_name(field.name()), Some(field));
        }
    }
}
