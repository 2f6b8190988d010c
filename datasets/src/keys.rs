//! Keys files: the public keys that rows refer to by index.

use std::io::Read;
use std::path::Path;

use crate::error::{ReadError, RowError};
use crate::layout::{Field, Layout};
use crate::read::{self, KeyInput};
use crate::row::Row;

/// The public keys of a file, loaded once and shared by the readers of the rows that refer to them.
#[derive(Debug, Default)]
pub struct KeyFile {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl KeyFile {
    /// Loads the `public_key` of every row of a file. Rows may be of any scheme, and wrong lengths become verdicts of the
    /// rows that use them.
    pub fn load(path: &Path, max_row_bytes: usize) -> Result<Self, ReadError> {
        Self::load_as(path, &Layout::default(), max_row_bytes)
    }

    /// As [`Self::load`], of a file in this layout. Of its columns only that of `public_key` counts.
    pub fn load_as(path: &Path, layout: &Layout, max_row_bytes: usize) -> Result<Self, ReadError> {
        Self::load_from(KeyInput::Path(path), layout, max_row_bytes)
    }

    /// As [`Self::load_as`], from a stream that messages call `name`.
    pub fn stream(
        name: impl Into<String>,
        input: impl Read + Send + 'static,
        layout: &Layout,
        max_row_bytes: usize,
    ) -> Result<Self, ReadError> {
        Self::load_from(KeyInput::Stream(name.into(), Box::new(input)), layout, max_row_bytes)
    }

    fn load_from(input: KeyInput<'_>, layout: &Layout, max_row_bytes: usize) -> Result<Self, ReadError> {
        let layout = Layout { columns: layout.columns.only(Field::PublicKey), ..layout.clone() };
        let mut keys = Self::default();
        read::read_keys(input, &layout, max_row_bytes, &mut keys)?;
        Ok(keys)
    }

    /// Adds the key of a row.
    pub(crate) fn push(&mut self, row: &Row<'_>, max_row_bytes: usize) -> Result<(), RowError> {
        if row.bytes() > max_row_bytes {
            return Err(RowError::TooLarge { limit: max_row_bytes });
        }
        let key = row.public_key.ok_or(RowError::Missing { field: "public_key", needs: "one" })?;
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len());
        Ok(())
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The key of a row of the file.
    pub fn get(&self, index: u64) -> Option<&[u8]> {
        let index = usize::try_from(index).ok()?;
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.bytes[start..end])
    }
}
