//! A borrowed column of byte strings.

/// A column of byte strings that somebody else owns. Constructors check the layout once, so that reading a row
/// cannot fail.
#[derive(Debug, Clone, Copy)]
pub struct Column<'a>(Layout<'a>);

#[derive(Debug, Clone, Copy)]
enum Layout<'a> {
    Slices(&'a [&'a [u8]]),
    Fixed { bytes: &'a [u8], width: usize, rows: usize },
    Offsets32 { bytes: &'a [u8], offsets: &'a [i32] },
    Offsets64 { bytes: &'a [u8], offsets: &'a [i64] },
    Spans { bytes: &'a [u8], spans: &'a [Span] },
}

/// Where a row lies in an arena: its offset and its length, in bytes.
pub type Span = (usize, usize);

/// Why columns do not form a batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ColumnError {
    /// Columns of different lengths.
    #[error("column {column} has {rows} rows, the keys have {expected}; every column needs one row per item")]
    Rows {
        /// The column.
        column: &'static str,
        /// Its rows.
        rows: usize,
        /// The rows of the key column.
        expected: usize,
    },
    /// A suite index outside the table.
    #[error("row {row}: suite index {index} is outside the table of {suites} suites")]
    Suite {
        /// The row.
        row: usize,
        /// The index found there.
        index: u32,
        /// The size of the table.
        suites: usize,
    },
    /// A fixed-width column whose bytes are not a whole number of rows.
    #[error("{bytes} bytes are not a whole number of rows of {width} bytes")]
    Width {
        /// The bytes given.
        bytes: usize,
        /// The width of a row.
        width: usize,
    },
    /// Offsets that decrease, are negative or leave the bytes.
    #[error(
        "offset {index} is {offset}: offsets start at 0 or above, never decrease and end within the {bytes} bytes"
    )]
    Offset {
        /// The position in the offsets.
        index: usize,
        /// The offset found there.
        offset: i64,
        /// The bytes of the column.
        bytes: usize,
    },
    /// A span that leaves the bytes.
    #[error("row {row}: {length} bytes from {offset} are not within the {bytes} bytes of the arena")]
    Span {
        /// The row.
        row: usize,
        /// Its offset.
        offset: usize,
        /// Its length.
        length: usize,
        /// The bytes of the arena.
        bytes: usize,
    },
    /// A column of offsets that has no offset at all.
    #[error("a column of n rows needs n + 1 offsets, but there are no offsets")]
    NoOffsets,
}

impl<'a> Column<'a> {
    /// One slice per row.
    pub const fn slices(rows: &'a [&'a [u8]]) -> Self {
        Self(Layout::Slices(rows))
    }

    /// Rows of `width` bytes one after another. A width of 0 is refused, since it has no number of rows.
    pub const fn fixed(bytes: &'a [u8], width: usize) -> Result<Self, ColumnError> {
        if width == 0 || !bytes.len().is_multiple_of(width) {
            return Err(ColumnError::Width { bytes: bytes.len(), width });
        }
        Ok(Self(Layout::Fixed { bytes, width, rows: bytes.len() / width }))
    }

    /// Row i is `bytes[offsets[i]..offsets[i + 1]]`, as in Arrow's `Binary`.
    pub fn offsets32(bytes: &'a [u8], offsets: &'a [i32]) -> Result<Self, ColumnError> {
        check_offsets(bytes.len(), offsets.iter().map(|&offset| i64::from(offset)))?;
        Ok(Self(Layout::Offsets32 { bytes, offsets }))
    }

    /// Row i is `bytes[offsets[i]..offsets[i + 1]]`, as in Arrow's `LargeBinary`.
    pub fn offsets64(bytes: &'a [u8], offsets: &'a [i64]) -> Result<Self, ColumnError> {
        check_offsets(bytes.len(), offsets.iter().copied())?;
        Ok(Self(Layout::Offsets64 { bytes, offsets }))
    }

    /// Row i is `bytes[offset..offset + length]` of its span. Rows may overlap, and lie in any order.
    pub fn spans(bytes: &'a [u8], spans: &'a [Span]) -> Result<Self, ColumnError> {
        for (row, &(offset, length)) in spans.iter().enumerate() {
            if offset.checked_add(length).is_none_or(|end| end > bytes.len()) {
                return Err(ColumnError::Span { row, offset, length, bytes: bytes.len() });
            }
        }
        Ok(Self(Layout::Spans { bytes, spans }))
    }

    /// As [`Self::offsets64`] for offsets that this crate wrote itself.
    pub(super) const fn trusted_offsets(bytes: &'a [u8], offsets: &'a [i64]) -> Self {
        Self(Layout::Offsets64 { bytes, offsets })
    }

    /// The number of rows.
    #[inline]
    pub const fn len(&self) -> usize {
        match self.0 {
            Layout::Slices(rows) => rows.len(),
            Layout::Fixed { rows, .. } => rows,
            Layout::Offsets32 { offsets, .. } => offsets.len() - 1,
            Layout::Offsets64 { offsets, .. } => offsets.len() - 1,
            Layout::Spans { spans, .. } => spans.len(),
        }
    }

    /// Whether there are no rows.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of row `row`.
    ///
    /// # Panics
    /// When `row` is not below [`Self::len`].
    #[inline]
    pub fn get(&self, row: usize) -> &'a [u8] {
        match self.0 {
            Layout::Slices(rows) => rows[row],
            Layout::Fixed { bytes, width, .. } => &bytes[row * width..][..width],
            Layout::Offsets32 { bytes, offsets } => &bytes[offsets[row] as usize..offsets[row + 1] as usize],
            Layout::Offsets64 { bytes, offsets } => &bytes[offsets[row] as usize..offsets[row + 1] as usize],
            Layout::Spans { bytes, spans } => &bytes[spans[row].0..][..spans[row].1],
        }
    }

    /// The rows from `first` on, one for each place. As [`Self::get`], with one look at the layout.
    #[inline]
    pub(crate) fn rows(&self, first: usize, rows: &mut [&'a [u8]]) {
        match self.0 {
            Layout::Slices(slices) => rows.copy_from_slice(&slices[first..first + rows.len()]),
            Layout::Fixed { bytes, width, .. } => {
                let bytes = bytes[first * width..].chunks_exact(width);
                assert!(rows.len() <= bytes.len());
                rows.iter_mut().zip(bytes).for_each(|(row, bytes)| *row = bytes);
            }
            _ => rows.iter_mut().enumerate().for_each(|(place, row)| *row = self.get(first + place)),
        }
    }
}

impl Column<'_> {
    /// The length that all of these rows have.
    pub(crate) fn even_length(&self, rows: core::ops::Range<usize>) -> Option<usize> {
        match self.0 {
            Layout::Fixed { width, .. } => Some(width),
            Layout::Slices(slices) => {
                let length = slices.get(rows.start)?.len();
                slices[rows].iter().all(|row| row.len() == length).then_some(length)
            }
            _ => {
                let length = self.get(rows.start).len();
                rows.into_iter().all(|row| self.get(row).len() == length).then_some(length)
            }
        }
    }
}

impl<'a> From<&'a [&'a [u8]]> for Column<'a> {
    fn from(rows: &'a [&'a [u8]]) -> Self {
        Self::slices(rows)
    }
}

fn check_offsets(bytes: usize, offsets: impl ExactSizeIterator<Item = i64>) -> Result<(), ColumnError> {
    if offsets.len() == 0 {
        return Err(ColumnError::NoOffsets);
    }
    let mut least = 0;
    for (index, offset) in offsets.enumerate() {
        if offset < least || usize::try_from(offset).map_or(true, |offset| offset > bytes) {
            return Err(ColumnError::Offset { index, offset, bytes });
        }
        least = offset;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layouts_read_alike() {
        let bytes = *b"aabbcc";
        let slices: [&[u8]; 3] = [b"aa", b"bb", b"cc"];
        let columns = [
            Column::slices(&slices),
            Column::fixed(&bytes, 2).unwrap(),
            Column::offsets32(&bytes, &[0, 2, 4, 6]).unwrap(),
            Column::offsets64(&bytes, &[0, 2, 4, 6]).unwrap(),
            Column::spans(&bytes, &[(0, 2), (2, 2), (4, 2)]).unwrap(),
        ];
        for column in columns {
            assert_eq!(column.len(), 3);
            assert_eq!((0..3).map(|row| column.get(row)).collect::<Vec<_>>(), slices);
        }
    }

    #[test]
    fn bad_layouts_are_refused() {
        let bytes = [0u8; 6];
        assert!(Column::fixed(&bytes, 4).is_err());
        assert!(Column::fixed(&bytes, 0).is_err());
        assert!(Column::offsets32(&bytes, &[]).is_err());
        assert!(Column::offsets32(&bytes, &[0, 7]).is_err());
        assert!(Column::offsets32(&bytes, &[0, 4, 3]).is_err());
        assert!(Column::offsets64(&bytes, &[-1, 3]).is_err());
        assert!(Column::offsets64(&bytes, &[0, i64::MAX]).is_err());
        assert!(Column::offsets64(&bytes, &[2, 2, 6]).is_ok());
        assert!(Column::spans(&bytes, &[(6, 0), (5, 1), (0, 6)]).is_ok());
        assert!(Column::spans(&bytes, &[(0, 6), (5, 2)]).is_err());
        assert!(Column::spans(&bytes, &[(7, 0)]).is_err());
        assert!(Column::spans(&bytes, &[(usize::MAX, 2)]).is_err());
        assert!(Column::offsets64(&[], &[0]).unwrap().is_empty());
    }
}
