//! The key column of a batch: bytes, registered keys, or both.

use super::{Column, ColumnError, Key};
use crate::keyring::KeyId;

/// The keys of a borrowed batch. A [`Column`] of encoded keys, or a slice of [`KeyId`]s, converts into it.
#[derive(Debug, Clone, Copy)]
pub struct Keys<'a>(Layout<'a>);

#[derive(Debug, Clone, Copy)]
enum Layout<'a> {
    Bytes(Column<'a>),
    Ids(&'a [KeyId]),
    Mixed(Column<'a>, &'a [Option<KeyId>]),
}

impl<'a> From<Column<'a>> for Keys<'a> {
    fn from(bytes: Column<'a>) -> Self {
        Self(Layout::Bytes(bytes))
    }
}

impl<'a> From<&'a [KeyId]> for Keys<'a> {
    fn from(ids: &'a [KeyId]) -> Self {
        Self(Layout::Ids(ids))
    }
}

impl<'a> Keys<'a> {
    /// Registered keys where there is an id, and the bytes of the other rows.
    pub fn mixed(bytes: Column<'a>, ids: &'a [Option<KeyId>]) -> Result<Self, ColumnError> {
        if bytes.len() != ids.len() {
            return Err(ColumnError::Rows { column: "key ids", rows: ids.len(), expected: bytes.len() });
        }
        Ok(Self(Layout::Mixed(bytes, ids)))
    }

    /// The number of rows.
    #[inline]
    pub const fn len(&self) -> usize {
        match self.0 {
            Layout::Bytes(bytes) | Layout::Mixed(bytes, _) => bytes.len(),
            Layout::Ids(ids) => ids.len(),
        }
    }

    /// Whether there are no rows.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The key of a row.
    ///
    /// # Panics
    /// When `row` is not below [`Self::len`].
    #[inline]
    pub fn get(&self, row: usize) -> Key<'a> {
        match self.0 {
            Layout::Bytes(bytes) => Key::Bytes(bytes.get(row)),
            Layout::Ids(ids) => Key::Id(ids[row]),
            Layout::Mixed(bytes, ids) => ids[row].map_or_else(|| Key::Bytes(bytes.get(row)), Key::Id),
        }
    }

    /// Whether a row may name a registered key.
    #[inline]
    pub(crate) const fn has_ids(&self) -> bool {
        !matches!(self.0, Layout::Bytes(_))
    }
}
