//! The caller's columns.

use std::ops::Range;

use sigwarp::{BatchView, Column, KeyId, Keys, Suite, Suites};

use crate::error::{Failure, SIGWARP_ERROR_COLUMNS, SIGWARP_ERROR_NULL};
use crate::memory;
use crate::suite::{SUITES, sigwarp_suite};

/// A column of byte strings. With `offsets`, which has one more entry than there are rows, row i is
/// `bytes[offsets[i]]` to before `bytes[offsets[i + 1]]`: offsets never decrease and end within `length`. Columns may
/// share their bytes. Without `offsets` the rows have `width` bytes each and lie one after another.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct sigwarp_column {
    /// The bytes; may be null where there are none.
    pub bytes: *const u8,
    /// The number of bytes.
    pub length: usize,
    /// The offsets, or null.
    pub offsets: *const u64,
    /// Without offsets, the bytes of a row; else 0.
    pub width: usize,
}

/// Items as columns that the caller owns; they are read where they lie and not copied. Zero the structure, set `size`,
/// then set what is there.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct sigwarp_columns {
    /// sizeof(sigwarp_columns).
    pub size: u32,
    /// The number of suites.
    pub suite_count: u32,
    /// The suites that items are judged under.
    pub suites: *const sigwarp_suite,
    /// For each item the index of its suite; may be null where there is one suite.
    pub suite_of: *const u32,
    /// The number of items.
    pub items: usize,
    /// Ids of registered keys, one for each item, 0 for an item whose key is in `keys`; null where all are.
    pub key_ids: *const u64,
    /// The encoded public keys. With `key_ids`, may be all zero if every item has an id.
    pub keys: sigwarp_column,
    /// The messages, or the digests where the suite takes a digest.
    pub messages: sigwarp_column,
    /// The encoded signatures.
    pub signatures: sigwarp_column,
}

/// What a call borrows, and where it lies.
pub(crate) struct Borrowed<'a> {
    keys: Keys<'a>,
    messages: Column<'a>,
    signatures: Column<'a>,
}

/// Rows of an arena have no fixed width: without offsets there can be none.
pub(crate) fn require(name: &str, offsets: *const u64, rows: usize) -> Result<(), Failure> {
    if offsets.is_null() && rows > 0 {
        let text = format!("{name} is null; pass one offset more than there are rows");
        return Err(Failure::new(SIGWARP_ERROR_NULL, text));
    }
    Ok(())
}

/// Where a column lies.
pub(crate) fn column_ranges(column: &sigwarp_column, rows: usize) -> [Range<usize>; 2] {
    let offsets = if column.offsets.is_null() { 0 } else { rows.saturating_add(1) };
    [memory::range(column.bytes, column.length), memory::range(column.offsets, offsets)]
}

/// A column of `rows` rows.
///
/// # Safety
/// What `column` points to can be read for as long as `'a`, and nobody writes to it meanwhile.
pub(crate) unsafe fn column<'a>(
    name: &str,
    column: &sigwarp_column,
    rows: usize,
) -> Result<Column<'a>, Failure> {
    let in_column = |failure: Failure| Failure::new(failure.code, format!("{name}: {}", failure.text));
    // SAFETY: passed on.
    let bytes = unsafe { memory::array("bytes", column.bytes, column.length) }.map_err(in_column)?;
    let column = if column.offsets.is_null() {
        if rows == 0 {
            return Ok(Column::slices(&[]));
        }
        Column::fixed(bytes, column.width).map_err(|error| in_column(error.into()))?
    } else {
        if column.width != 0 {
            return Err(Failure::new(
                SIGWARP_ERROR_COLUMNS,
                format!("{name}: both offsets and a width; set width to 0 where there are offsets"),
            ));
        }
        // An offset above i64::MAX reads as a negative one, which `offsets64` refuses; u64 and i64 have one layout.
        let offsets = column.offsets.cast::<i64>();
        // SAFETY: passed on. `rows + 1` saturates to a count that `array` refuses.
        let offsets =
            unsafe { memory::array("offsets", offsets, rows.saturating_add(1)) }.map_err(in_column)?;
        Column::offsets64(bytes, offsets).map_err(|error| in_column(error.into()))?
    };
    if column.len() != rows {
        let text = format!("{name}: {} rows, the call has {rows} items; pass a row for each", column.len());
        return Err(Failure::new(SIGWARP_ERROR_COLUMNS, text));
    }
    Ok(column)
}

/// Ids of keys as the engine reads them; 0 is none.
fn key_ids(ids: &[u64]) -> &[Option<KeyId>] {
    // SAFETY: `KeyId` is a transparent `NonZeroU64`, so `Option<KeyId>` has the layout of `u64` with 0 as `None`.
    unsafe { std::slice::from_raw_parts(ids.as_ptr().cast(), ids.len()) }
}

/// Ids of keys without a 0 among them.
fn whole_key_ids(ids: &[u64]) -> Result<&[KeyId], Failure> {
    if let Some(item) = ids.iter().position(|&id| id == 0) {
        let text = format!("item {item}: its key id is 0 and there is no column of keys; pass one of them");
        return Err(Failure::new(SIGWARP_ERROR_COLUMNS, text));
    }
    // SAFETY: `KeyId` is a transparent `NonZeroU64`, and none of these numbers is 0.
    Ok(unsafe { std::slice::from_raw_parts(ids.as_ptr().cast(), ids.len()) })
}

impl<'a> Borrowed<'a> {
    /// The columns of a call, checked; without keys where `keys` is nothing at all and `ids` is there.
    ///
    /// # Safety
    /// As [`column`], for all three and for `ids`, which has `items` entries where it is not null.
    pub(crate) unsafe fn new(
        items: usize,
        ids: *const u64,
        [keys, messages, signatures]: &[sigwarp_column; 3],
    ) -> Result<Self, Failure> {
        let ids = match ids.is_null() {
            true => None,
            // SAFETY: passed on.
            false => Some(unsafe { memory::array("key_ids", ids, items) }?),
        };
        let no_keys = keys.bytes.is_null() && keys.offsets.is_null() && keys.length == 0;
        let keys = match ids {
            Some(ids) if no_keys => whole_key_ids(ids)?.into(),
            // SAFETY: passed on.
            _ => match (unsafe { column("keys", keys, items) }?, ids) {
                (keys, Some(ids)) => Keys::mixed(keys, key_ids(ids))?,
                (keys, None) => keys.into(),
            },
        };
        // SAFETY: passed on.
        let messages = unsafe { column("messages", messages, items) }?;
        // SAFETY: passed on.
        let signatures = unsafe { column("signatures", signatures, items) }?;
        Ok(Self { keys, messages, signatures })
    }

    /// The columns as a batch.
    pub(crate) fn view(&self, suites: Suites<'a>) -> Result<BatchView<'a>, Failure> {
        Ok(BatchView::new(suites, self.keys, self.messages, self.signatures)?)
    }
}

/// The suites of a call.
pub(crate) fn suites(handles: &[sigwarp_suite]) -> Result<Vec<Suite>, Failure> {
    handles.iter().map(|handle| SUITES.get(handle.id).map(|suite| Suite::clone(&suite))).collect()
}
