//! Row schema, file readers and writers, and the workload generator.
//!
//! A row is a signature with what is needed to verify it: a [`Row`] of cells in a file, and an item of a
//! [`RowBlock`] once its names are resolved. [`RowReader`] streams blocks from files of every [`Format`],
//! [`ColumnReader`] streams one column of bytes,
//! [`RowWriter`] writes rows, and [`VerdictWriter`] writes what became of them.

mod assemble;
mod block;
mod divergence;
#[cfg(feature = "edges")]
pub mod edges;
mod error;
mod formats;
pub mod generate;
pub mod human;
mod keys;
mod layout;
mod read;
mod row;
mod text;
mod write;

pub use block::RowBlock;
pub use divergence::divergence_line;
pub use error::{ReadError, RowError, WriteError};
pub use formats::{Compression, FileKind, Format, RowsStated};
pub use keys::KeyFile;
pub use layout::{BytesForm, ColumnNames, ColumnNamesError, Field, Layout};
pub use read::{BadBytes, ColumnReader, KeyUse, LineReader, ReadOptions, RowReader};
pub use row::{Expected, Row};
pub use text::{json_line, shown, shown_within};
pub use write::{PartialFile, ROW_GROUP_ROWS, RowWriter, VerdictWriter};
