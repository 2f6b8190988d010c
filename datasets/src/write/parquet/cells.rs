//! The cells of a column, collected until a row group of them is written.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use parquet::column::writer::ColumnWriterImpl;
use parquet::data_type::{ByteArray, ByteArrayType, DataType};
use parquet::errors::Result;
use parquet::file::writer::SerializedColumnWriter;

/// Byte strings that are handed to the encoder at once. It looks at the size of its page after as many.
const AT_ONCE: usize = 1024;

/// Cells of one column.
pub(super) trait Cells {
    /// Writes the cells and removes them.
    fn write(&mut self, column: &mut SerializedColumnWriter<'_>) -> Result<()>;
}

/// Byte strings, or text.
#[derive(Debug, Default)]
pub(super) struct ByteCells {
    bytes: Vec<u8>,
    /// Where each value ends in the bytes.
    ends: Vec<usize>,
    /// 1 for a cell with a value, 0 for a null.
    levels: Vec<i16>,
}

impl ByteCells {
    pub(super) fn push(&mut self, cell: Option<impl AsRef<[u8]>>) {
        self.levels.push(cell.is_some().into());
        if let Some(cell) = cell {
            self.bytes.extend_from_slice(cell.as_ref());
            self.ends.push(self.bytes.len());
        }
    }
}

impl Cells for ByteCells {
    fn write(&mut self, column: &mut SerializedColumnWriter<'_>) -> Result<()> {
        let bytes = Bytes::from(std::mem::take(&mut self.bytes));
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let mut places = starts.zip(self.ends.iter().copied());
        let mut values: Vec<ByteArray> = Vec::with_capacity(AT_ONCE.min(self.ends.len()));
        let writer = column.typed::<ByteArrayType>();
        write_in_pieces(writer, &self.levels, |writer, levels, present| {
            values.clear();
            values.extend(places.by_ref().take(present).map(|(start, end)| bytes.slice(start..end).into()));
            writer.write_batch(&values, levels, None).map(|_| ())
        })?;
        // The next row group is likely to need as much memory.
        drop(values);
        self.bytes = bytes.try_into_mut().map(Vec::from).unwrap_or_default();
        self.bytes.clear();
        self.ends.clear();
        self.levels.clear();
        Ok(())
    }
}

/// Integers or booleans.
pub(super) struct NumberCells<T: DataType> {
    values: Vec<T::T>,
    levels: Vec<i16>,
}

impl<T: DataType> Default for NumberCells<T> {
    fn default() -> Self {
        Self { values: Vec::new(), levels: Vec::new() }
    }
}

impl<T: DataType> fmt::Debug for NumberCells<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NumberCells").field(&self.levels.len()).finish()
    }
}

impl<T: DataType> NumberCells<T> {
    pub(super) fn push(&mut self, cell: Option<T::T>) {
        self.levels.push(cell.is_some().into());
        self.values.extend(cell);
    }
}

impl<T: DataType> Cells for NumberCells<T> {
    fn write(&mut self, column: &mut SerializedColumnWriter<'_>) -> Result<()> {
        let mut at: Range<usize> = 0..0;
        let writer = column.typed::<T>();
        write_in_pieces(writer, &self.levels, |writer, levels, present| {
            at = at.end..at.end + present;
            writer.write_batch(&self.values[at.clone()], levels, None).map(|_| ())
        })?;
        self.values.clear();
        self.levels.clear();
        Ok(())
    }
}

/// Calls `write` with the levels of one piece after another, if the column can have nulls, and the number of its values.
fn write_in_pieces<'a, T: DataType>(
    writer: &mut ColumnWriterImpl<'a, T>,
    levels: &[i16],
    mut write: impl FnMut(&mut ColumnWriterImpl<'a, T>, Option<&[i16]>, usize) -> Result<()>,
) -> Result<()> {
    let nullable = writer.get_descriptor().max_def_level() > 0;
    for levels in levels.chunks(AT_ONCE) {
        let present = levels.iter().filter(|level| **level != 0).count();
        write(writer, nullable.then_some(levels), present)?;
    }
    Ok(())
}
