//! A JSON object in each line.

use super::{Format, RowsStated};
use crate::read::{Lines, Reader};
use crate::write::{JsonLines, Writer};

pub(super) const FORMAT: Format = Format {
    title: "JSONL",
    extensions: &["jsonl", "ndjson"],
    magic: None,
    rows_stated: RowsStated::Lines,
    reader: Reader::text::<Lines>(),
    writer: Some(Writer {
        rows: |sink, _| Ok(Box::new(JsonLines::new(sink))),
        verdicts: |sink| Ok(Box::new(JsonLines::new(sink))),
    }),
};
