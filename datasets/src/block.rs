//! Blocks of rows that are ready to verify.

use std::ops::Range;

use sigwarp::Batch;

/// Consecutive rows of a file: their items, and what the file says besides.
///
/// Give the same block to [`crate::RowReader::next_block`] again and its memory is used again.
#[derive(Debug, Default)]
pub struct RowBlock {
    pub(crate) first_row: u64,
    pub(crate) batch: Batch,
    pub(crate) expected: Vec<Option<bool>>,
    pub(crate) recovery_ids: Vec<Option<u8>>,
    id_text: String,
    ids: Vec<Option<Range<usize>>>,
}

impl RowBlock {
    /// An empty block.
    pub fn new() -> Self {
        Self::default()
    }

    /// The row in its file, from 0, of item 0.
    pub fn first_row(&self) -> u64 {
        self.first_row
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.batch.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// The items to verify, one per row.
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// The `id` of a row.
    pub fn id(&self, item: usize) -> Option<&str> {
        self.ids.get(item)?.clone().map(|range| &self.id_text[range])
    }

    /// Whether the row says that it is valid under its rule, for every row.
    pub fn expected(&self) -> &[Option<bool>] {
        &self.expected
    }

    /// The `recovery_id` of every row.
    pub fn recovery_ids(&self) -> &[Option<u8>] {
        &self.recovery_ids
    }

    /// The bytes held for the items and their ids.
    pub fn bytes(&self) -> usize {
        self.batch.bytes() + self.id_text.len()
    }

    pub(crate) fn push_id(&mut self, id: Option<&str>) {
        self.ids.push(id.map(|id| {
            let start = self.id_text.len();
            self.id_text.push_str(id);
            start..self.id_text.len()
        }));
    }

    pub(crate) fn clear(&mut self, first_row: u64) {
        self.first_row = first_row;
        self.batch.clear();
        self.expected.clear();
        self.recovery_ids.clear();
        self.id_text.clear();
        self.ids.clear();
    }
}
