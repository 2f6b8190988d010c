//! CSV after RFC 4180, with a line that names the columns.

use super::{Format, RowsStated};
use crate::read::{Csv, Reader};

pub(super) const FORMAT: Format = Format {
    title: "CSV",
    extensions: &["csv"],
    magic: None,
    rows_stated: RowsStated::Lines,
    reader: Reader::text::<Csv>(),
    writer: None,
};
