//! What can be wrong with files. Every message names the file, the row and the field where there is one, and
//! what would help. None of these is about a signature: wrong lengths inside decoded bytes are verdicts.

use std::io;

use sigwarp::{MessageInput, Scheme, SuiteError};

use crate::formats::{FileKind, Format};
use crate::read::BadBytes;

/// Why rows could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The path names nothing.
    #[error("{file}: no such file; check the path")]
    NotFound {
        /// The path.
        file: String,
    },
    /// The path names a directory.
    #[error("{file}: is a directory; name the files in it")]
    Directory {
        /// The path.
        file: String,
    },
    /// The extension tells no format.
    #[error(
        "{file}: unknown file type; name a {} file (text also with {}), or add --input-format",
        FileKind::extensions(),
        FileKind::compressed_extensions()
    )]
    UnknownFormat {
        /// The path.
        file: String,
    },
    /// The operating system failed to read.
    #[error("{file}: cannot read: {source}")]
    Io {
        /// The path.
        file: String,
        /// What it said.
        source: io::Error,
    },
    /// There are no rows.
    #[error("{file}: holds no rows; check how it was made")]
    Empty {
        /// The path.
        file: String,
    },
    /// The bytes are not those of a Parquet file, or some of them are missing or damaged.
    #[error("{file}: {problem}")]
    Parquet {
        /// The path.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// The content is not what the name says, or is damaged.
    #[error("{file}: {problem}")]
    Content {
        /// The path.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A column that every file needs is not there.
    #[error("{file}: column {column} is missing; {remedy}")]
    MissingColumn {
        /// The path.
        file: String,
        /// The column.
        column: &'static str,
        /// What would help.
        remedy: &'static str,
    },
    /// Two columns have the same name.
    #[error("{file}: column {column} appears twice; keep one")]
    TwoColumns {
        /// The path.
        file: String,
        /// The column.
        column: String,
    },
    /// The column that was asked for is not there.
    #[error("{file}: there is no column {column}; it has {has}")]
    NoColumn {
        /// The path.
        file: String,
        /// The column.
        column: String,
        /// The columns that are there.
        has: String,
    },
    /// The column that was asked for holds something else.
    #[error("{file}: column {column} has type {found}; {remedy}")]
    NotBytes {
        /// The path.
        file: String,
        /// The column.
        column: String,
        /// Its type.
        found: String,
        /// What would help.
        remedy: &'static str,
    },
    /// A column has a type that does not hold its values.
    #[error("{file}: column {column} has type {found}; it must be {expected}")]
    ColumnType {
        /// The path.
        file: String,
        /// The column.
        column: String,
        /// Its type.
        found: String,
        /// The types that it may have.
        expected: &'static str,
    },
    /// Something is wrong with one row.
    #[error("{file}: row {row}: {source}")]
    Row {
        /// The path.
        file: String,
        /// The row, from 0. Blank lines are not rows.
        row: u64,
        /// What is wrong.
        source: RowError,
    },
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RowError {
    /// The line is not JSON.
    #[error("not JSON: {0}")]
    Json(String),
    /// The record is not CSV.
    #[error("not CSV: {0}")]
    Csv(String),
    /// The line begins as text in UTF-16 does.
    #[error("begins with a byte order mark of UTF-16 or UTF-32; write the file as UTF-8")]
    Utf16,
    /// The line is JSON of another shape; the message names the field.
    #[error("{0}")]
    Shape(String),
    /// A field that every row needs is absent.
    #[error("{field} is missing; every row needs {needs}")]
    Missing {
        /// The field.
        field: &'static str,
        /// What rows need.
        needs: &'static str,
    },
    /// The field of the column that was asked for is absent or null.
    #[error("column {0} is missing; every row needs it")]
    NoCell(String),
    /// The field of the column that was asked for holds no bytes of the form that was asked for.
    #[error("column {column} is {source}; add --text if it is text")]
    CellBytes {
        /// The column.
        column: String,
        /// What is wrong with it.
        source: BadBytes,
    },
    /// A field that holds bytes holds none of the form that was asked for.
    #[error("{field} is {source}")]
    Bytes {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        source: BadBytes,
    },
    /// A field of bytes in a column of text of Parquet holds none of the form that was asked for.
    #[error("{field} is text that holds {source}; write it in that form, or as a column of bytes (binary)")]
    TextBytes {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        source: BadBytes,
    },
    /// A field of text in a column of bytes is not UTF-8.
    #[error("{field} is bytes that are not text in UTF-8; write it as a column of text")]
    NotUtf8 {
        /// The field.
        field: &'static str,
    },
    /// A number that is no integer, in a field that holds one.
    #[error("{field} is {value}; it must be {expected}")]
    Fraction {
        /// The field.
        field: &'static str,
        /// What was found.
        value: f64,
        /// What it can be.
        expected: &'static str,
    },
    /// A number that does not fit its field.
    #[error("{field} is {value}; it must be {expected}")]
    Number {
        /// The field.
        field: &'static str,
        /// What was found.
        value: i128,
        /// What it can be.
        expected: &'static str,
    },
    /// The scheme has several rules and none was named.
    #[error(
        "{0} needs a rule; add --rule or a rule column: one of {known} (`sigwarp rules` says who follows which)",
        known = .0.rules().join(", ")
    )]
    NeedsRule(Scheme),
    /// Scheme, rule, encoding and user ID make no suite.
    #[error("{0}{hint}", hint = hint(.0))]
    Suite(SuiteError),
    /// The scheme takes a digest and the row has only a message, or the reverse.
    #[error("{scheme} takes a {needs} and the row has {found}; add the field {needs} or name another scheme",
        needs = .needs.name(), found = if *.other { "only the other of message and digest" } else { "none" })]
    WrongInput {
        /// The scheme.
        scheme: Scheme,
        /// What it takes.
        needs: MessageInput,
        /// Whether the row has the other one.
        other: bool,
    },
    /// The row names its key twice.
    #[error("public_key and key_index are both set; keep one of them")]
    TwoKeys,
    /// The row has a recovery id in its signature, and another one beside it.
    #[error(
        "recovery_id is {cell} and the signature ends with {signature}: the row has two recovery ids; keep one \
         (raw-v has it in the signature)"
    )]
    TwoRecoveryIds {
        /// The cell `recovery_id`.
        cell: u8,
        /// The last byte of the signature.
        signature: u8,
    },
    /// The recovery id counts from elsewhere.
    #[error("recovery_id is {value}; it is 0, 1, 2 or 3: {}", recovery_id_from(*.value))]
    RecoveryId {
        /// What was found.
        value: u64,
    },
    /// The row has an expectation for a rule that its scheme does not have.
    #[error("expected names the rule {rule:?}, which {scheme} does not have; it has {}", .scheme.rules().join(", "))]
    ExpectedRule {
        /// The scheme.
        scheme: Scheme,
        /// The name given.
        rule: String,
    },
    /// The row has a message, and a digest of something else.
    #[error("digest is not the {hash} digest of message; keep one of them")]
    TwoMessages {
        /// The hash function of the scheme.
        hash: &'static str,
    },
    /// The row refers to a keys file and none was given.
    #[error("key_index needs a keys file; add --keys FILE")]
    NeedsKeys,
    /// The row refers to a key that is not there.
    #[error("key_index {index} is outside the keys file, which holds {keys} keys")]
    KeyIndex {
        /// The index.
        index: u64,
        /// The number of keys.
        keys: usize,
    },
    /// The row is larger than allowed.
    #[error("is larger than {limit} bytes; raise --max-row-bytes if it is meant to be")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
}

/// Where a reader finds out more.
const fn hint(error: &SuiteError) -> &'static str {
    match error {
        SuiteError::UnknownScheme(_)
        | SuiteError::UnknownRule { .. }
        | SuiteError::UnknownEncoding { .. } => " (`sigwarp rules` lists schemes, rules and encodings)",
        SuiteError::NeedsContext(_) => "; add a column context",
        _ => "",
    }
}

/// What a number in place of a recovery id may be, and the recovery id in it.
fn recovery_id_from(value: u64) -> String {
    match value {
        27 | 28 => format!("as Ethereum's v, {value} is recovery id {}; subtract 27", value - 27),
        29 | 30 => format!(
            "as the first byte of Bitcoin's signed messages, {value} is recovery id {}; subtract 27",
            value - 27
        ),
        31..=34 => {
            format!(
                "as the first byte of Bitcoin's signed messages, {value} is recovery id {}; subtract 31",
                value - 31
            )
        }
        35.. => {
            let (chain, id) = ((value - 35) / 2, (value - 35) % 2);
            format!(
                "as Ethereum's v of EIP-155, {value} is recovery id {id} on chain {chain}; subtract 35 and twice the chain's id"
            )
        }
        _ => "write the number that the signature was made with".to_owned(),
    }
}

impl From<SuiteError> for RowError {
    fn from(error: SuiteError) -> Self {
        match error {
            SuiteError::NeedsRule(scheme) => Self::NeedsRule(scheme),
            error => Self::Suite(error),
        }
    }
}

/// Why rows or verdicts could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The extension tells no format.
    #[error("{file}: unknown file type; name a {} file", Format::written())]
    UnknownFormat {
        /// The path.
        file: String,
    },
    /// The operating system failed to write.
    #[error("{file}: cannot write: {source}")]
    Io {
        /// The path.
        file: String,
        /// What it said.
        source: io::Error,
    },
    /// The row has a cell that the format has no form for.
    #[error("{file}: {problem}")]
    Row {
        /// The path.
        file: String,
        /// What is wrong.
        problem: String,
    },
}
