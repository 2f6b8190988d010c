//! A JSON document: an array of objects, an object with one such array, or objects one after another.

use super::{Format, RowsStated};
use crate::read::{Document, Reader};

pub(super) const FORMAT: Format = Format {
    title: "JSON",
    extensions: &["json"],
    magic: None,
    // All rows may be in one line.
    rows_stated: RowsStated::Nothing,
    reader: Reader::text::<Document>(),
    writer: None,
};
