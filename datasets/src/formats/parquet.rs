//! Parquet.

use super::{Format, RowsStated};
use crate::read::{FileReader, PARQUET, ParquetRows, Reader};
use crate::write::{ParquetRowColumns, ParquetVerdictColumns, Writer};

pub(super) const FORMAT: Format = Format {
    title: "Parquet",
    extensions: &["parquet"],
    magic: Some(PARQUET),
    rows_stated: RowsStated::Number,
    reader: Reader::File(FileReader {
        rows: |name, file, wanted, limit| Ok(Box::new(ParquetRows::open(name, file, wanted, limit)?)),
        cells: |name, file, column, limit| Ok(Box::new(ParquetRows::open_column(name, file, column, limit)?)),
    }),
    writer: Some(Writer {
        rows: |sink, row_group_rows| Ok(Box::new(ParquetRowColumns::new(sink, row_group_rows)?)),
        verdicts: |sink| Ok(Box::new(ParquetVerdictColumns::new(sink)?)),
    }),
};
