//! How many threads a run starts: as many as were asked for, as far as they can help.

use std::fs::File;
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use sigwarp::Threads;
use sigwarp_datasets::{FileKind, ReadOptions, RowReader, RowsStated};

use crate::output::note;

/// A file of rows that is no larger is read to count them.
const COUNTED_BYTES: u64 = 64 << 10;

/// What there is to do. Nothing is shared between threads that is smaller than a row, or than a file to hash.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Work<'a> {
    /// The rows of files.
    Rows(&'a [PathBuf]),
    /// So many files, each as a whole.
    Files(usize),
    /// Not known before it is done.
    Unknown,
}

impl Work<'_> {
    /// The most threads that find something to do, and what they find; `None` where nobody knows without the work.
    fn most(self) -> Option<(u64, &'static str)> {
        match self {
            Self::Unknown => None,
            Self::Files(files) => Some((files as u64, "file")),
            Self::Rows(files) => {
                // A footer may claim any number.
                let rows =
                    files.iter().try_fold(0u64, |sum, path| Some(sum.saturating_add(most_rows(path)?)))?;
                Some((rows, "row"))
            }
        }
    }
}

/// At least the number of rows of a file, where that is quickly found. What is wrong with a file is told by the reader.
fn most_rows(path: &Path) -> Option<u64> {
    let metadata = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let kind = FileKind::of(path)?;
    if kind.compression.is_some() {
        return None;
    }
    match kind.format.rows_stated() {
        RowsStated::Number => return RowReader::open(path, &ReadOptions::default()).ok()?.rows_total(),
        RowsStated::Lines if metadata.len() <= COUNTED_BYTES => {}
        RowsStated::Lines | RowsStated::Nothing => return None,
    }
    let mut text = Vec::new();
    File::open(path).ok()?.take(COUNTED_BYTES).read_to_end(&mut text).ok()?;
    // What is compressed is read as well under a name that does not say so.
    if str::from_utf8(&text).is_err() {
        return None;
    }
    let lines = text.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() as u64;
    Some(lines + u64::from(text.last().is_some_and(|&byte| byte != b'\n')))
}

/// How many of the threads that were asked for can help. Where that is fewer, a note on standard error says why.
pub(crate) fn useful(asked: NonZeroUsize, work: Work<'_>) -> NonZeroUsize {
    let available = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    if asked <= available {
        return asked;
    }
    let (useful, why) = bound(asked, available, work.most());
    if useful < asked {
        note(&format!("using {useful} of {asked} threads: {why}"));
    }
    useful
}

fn bound(
    asked: NonZeroUsize,
    available: NonZeroUsize,
    work: Option<(u64, &'static str)>,
) -> (NonZeroUsize, String) {
    let useful = asked.min(Threads::most());
    if let Some((count, what)) = work
        && count < useful.get() as u64
    {
        let plural = if count == 1 { "" } else { "s" };
        let count = usize::try_from(count).ok().and_then(NonZeroUsize::new).unwrap_or(NonZeroUsize::MIN);
        return (count, format!("there is no work for more in {count} {what}{plural}"));
    }
    (useful, format!("this machine runs {available} at a time"))
}

/// Sees to it that generating a workload starts no more threads than can help either: their number is that of the
/// environment variable RAYON_NUM_THREADS where it is set.
pub(crate) fn limit_generator() {
    if let Some((asked, useful)) = sigwarp_bench::command::limit_global_pool() {
        let available = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        note(&format!(
            "using {useful} of RAYON_NUM_THREADS={asked} threads: this machine runs {available} at a time"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_and_the_work_bound_the_threads() {
        let number = |count| NonZeroUsize::new(count).expect("above 0");
        let (most, two) = (Threads::most(), number(2));
        let bound = |asked, work| {
            let (useful, why) = bound(asked, two, work);
            (useful.get(), why)
        };
        let machine = "this machine runs 2 at a time".to_owned();
        assert_eq!(bound(number(3), None), (3, machine.clone()));
        assert_eq!(bound(most, Some((u64::MAX, "row"))), (most.get(), machine.clone()));
        assert_eq!(bound(NonZeroUsize::MAX, None), (most.get(), machine));
        assert_eq!(bound(number(3), Some((0, "row"))).0, 1);
        assert_eq!(
            bound(NonZeroUsize::MAX, Some((1, "row"))),
            (1, "there is no work for more in 1 row".to_owned())
        );
        assert_eq!(
            bound(number(50), Some((2, "file"))),
            (2, "there is no work for more in 2 files".to_owned())
        );
    }

    #[test]
    fn rows_are_counted_where_that_is_quick() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("a file");
            path
        };
        let (two, none) = (file("two.jsonl", "{}\n{}"), file("none.jsonl", ""));
        let (large, wrong) = (file("large.jsonl", &"\n".repeat(65_537)), file("wrong.parquet", "PAR1"));
        let missing = folder.path().join("missing.jsonl");
        let most = |files: &[&PathBuf]| {
            let files: Vec<PathBuf> = files.iter().map(|&path| path.clone()).collect();
            Work::Rows(&files).most().map(|(rows, _)| rows)
        };
        assert_eq!(most(&[&two]), Some(2));
        assert_eq!(most(&[&two, &none, &two]), Some(4));
        assert_eq!(most(&[&file("full.jsonl", &"\n".repeat(65_536))]), Some(65_536));
        let (json, gzip) = (file("all.json", "[]"), file("rows.csv.gz", "a\n"));
        assert_eq!(most(&[&file("rows.csv", "a\r\n1\r\n")]), Some(4));
        for unknown in
            [&large, &wrong, &missing, &folder.path().to_owned(), &PathBuf::from("-"), &json, &gzip]
        {
            assert_eq!(most(&[&two, unknown]), None, "{}", unknown.display());
        }
    }
}
