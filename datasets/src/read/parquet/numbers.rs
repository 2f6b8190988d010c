//! Columns of numbers and booleans, read with the typed readers of the crate `parquet`.

use parquet::basic::{Encoding, Type};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::DataType;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::schema::types::ColumnDescPtr;

use super::delta;
use super::pages::{Pages, split_page, told};

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
        let pages = Checked { pages, nullable: present > 0, of: column.physical_type(), dictionary: false };
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

/// Pages in which the decoders of the crate `parquet` find what they take on trust; they panic otherwise.
struct Checked {
    pages: Pages,
    nullable: bool,
    of: Type,
    /// Whether there was a dictionary.
    dictionary: bool,
}

impl Checked {
    fn next_page(&mut self) -> Result<Option<Page>, String> {
        let Some(page) = self.pages.next_page()? else { return Ok(None) };
        if let Page::DictionaryPage { .. } = page {
            self.dictionary = true;
            return Ok(Some(page));
        }
        match page.encoding() {
            Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY if !self.dictionary => {
                return Err("a dictionary is missing".to_owned());
            }
            Encoding::DELTA_BINARY_PACKED | Encoding::BYTE_STREAM_SPLIT => {
                let (levels, values) = split_page(&page, self.nullable)?;
                let count = page.num_values() as usize;
                let present = levels.map_or(Ok(count), |levels| levels.count_set(count))?;
                let width = if matches!(self.of, Type::INT32 | Type::FLOAT) { 4 } else { 8 };
                let whole = match page.encoding() {
                    Encoding::DELTA_BINARY_PACKED => {
                        present == 0 || delta::declared(&values)? >= present as u64
                    }
                    _ => present.checked_mul(width) == Some(values.len()),
                };
                if !whole {
                    return Err(delta::FEWER.to_owned());
                }
            }
            _ => {}
        }
        Ok(Some(page))
    }
}

impl PageReader for Checked {
    fn get_next_page(&mut self) -> ParquetResult<Option<Page>> {
        self.next_page().map_err(ParquetError::General)
    }

    fn peek_next_page(&mut self) -> ParquetResult<Option<PageMetadata>> {
        Err(ParquetError::NYI("pages are only read".to_owned()))
    }

    fn skip_next_page(&mut self) -> ParquetResult<()> {
        Err(ParquetError::NYI("pages are only read".to_owned()))
    }
}

impl Iterator for Checked {
    type Item = ParquetResult<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}
