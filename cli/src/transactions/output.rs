//! A line of JSON for each report: where the record stands, then what the profile says of it.

use std::path::Path;

use sigwarp_datasets::json_line;
use sigwarp_profiles::Report;

use super::records::Record;
use super::within::Within;
use crate::exit::Failure;
use crate::lines::Lines;

/// Where the lines go, a block at a time.
pub(super) struct Output(Lines);

impl Output {
    pub(super) fn create(path: &Path) -> Result<Self, Failure> {
        Lines::create(path, "transactions").map(Self)
    }

    /// Adds the line of a record, or of a block or transaction in it. `index` counts all records of the run.
    pub(super) fn push(
        &mut self,
        (index, file, record): (u64, &str, &Record),
        within: Within,
        report: &Report,
    ) {
        let Record { row, id, .. } = record;
        let mut line = format!("{{\"index\":{index},\"file\":{},\"row\":{row}", json_line(&file));
        line.push_str(",\"id\":");
        line.push_str(&json_line(&id));
        for (name, place) in [("block", within.block), ("transaction", within.transaction)] {
            if let Some(place) = place {
                line.push_str(&format!(",\"{name}\":{place}"));
            }
        }
        report.push_json(&mut line);
        line.push('}');
        self.0.push(&line);
    }

    /// Writes the lines so far: all of them, or none that stays.
    pub(super) fn commit(&mut self) -> Result<(), Failure> {
        self.0.commit()
    }

    pub(super) fn finish(self) -> Result<(), Failure> {
        self.0.finish()
    }
}
