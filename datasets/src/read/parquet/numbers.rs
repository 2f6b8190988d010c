//! Columns of numbers and booleans, read with the typed readers of the crate `parquet`.

use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::DataType;
use parquet::schema::types::ColumnDescPtr;

use super::pages::{Pages, told};

/// A column of plain values in one row group.
pub(super) struct NumberColumn<T: DataType> {
    reader: ColumnReaderImpl<T>,
    /// The definition level of a value, or 0 where none can be null.
    present: i16,
    levels: Vec<i16>,
    values: Vec<T::T>,
    /// The cells that are decoded, and how many of them are taken.
    cells: Vec<Option<T::T>>,
    taken: usize,
}

impl<T: DataType<T: Copy>> NumberColumn<T> {
    pub(super) fn new(column: ColumnDescPtr, pages: Pages) -> Self {
        let present = column.max_def_level();
        let reader = ColumnReaderImpl::new(column, Box::new(pages));
        Self { reader, present, levels: Vec::new(), values: Vec::new(), cells: Vec::new(), taken: 0 }
    }

    /// The cells that are decoded and not yet taken.
    pub(super) fn ready(&self) -> usize {
        self.cells.len() - self.taken
    }

    /// One of them, or `None` where it is null.
    pub(super) fn get(&self, at: usize) -> Option<T::T> {
        self.cells[self.taken + at]
    }

    /// Takes the first `count` of them.
    pub(super) fn take(&mut self, count: usize) {
        self.taken += count;
    }

    /// Decodes up to `count` more cells, once the others are taken. None come only after the last one.
    pub(super) fn fill(&mut self, count: usize) -> Result<(), String> {
        self.taken = 0;
        self.cells.clear();
        self.levels.clear();
        self.values.clear();
        let read = self.reader.read_records(count, Some(&mut self.levels), None, &mut self.values);
        let (read, ..) = read.map_err(told)?;
        let mut values = self.values.iter().copied();
        match self.present {
            0 => self.cells.extend(values.map(Some)),
            present => {
                let cell = |&level: &i16| if level == present { values.next() } else { None };
                self.cells.extend(self.levels.iter().map(cell));
            }
        }
        if self.cells.len() != read {
            return Err("a column has another number of cells than of rows".to_owned());
        }
        Ok(())
    }
}
