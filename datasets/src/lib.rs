//! Row schema, file readers and writers, and the workload generator.
//!
//! A row is a signature with what is needed to verify it: a [`Row`] of cells in a file, and an item of a
//! [`RowBlock`] once its names are resolved. [`RowReader`] streams blocks from `.parquet` and `.jsonl` files,
//! [`ColumnReader`] streams one column of bytes,
//! [`RowWriter`] writes rows, and [`VerdictWriter`] writes what became of them.

mod assemble;
mod block;
mod divergence;
#[cfg(feature = "edges")]
pub mod edges;
mod error;
pub mod generate;
pub mod human;
mod keys;
mod read;
mod row;
mod text;
mod write;

pub use block::RowBlock;
pub use divergence::divergence_line;
pub use error::{ReadError, RowError, WriteError};
pub use keys::KeyFile;
pub use read::{ColumnReader, KeyUse, ReadOptions, RowReader};
pub use row::{Expected, Format, Row};
pub use text::{json_line, shown, shown_within};
pub use write::{PartialFile, ROW_GROUP_ROWS, RowWriter, VerdictWriter};
