//! Where results go.

use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sigwarp_datasets::{human, shown_within};

use crate::exit::{Failure, print, say};

/// The most characters of a file's name and of an id in a table. Tables are as wide as their widest cell.
const FILE_CHARACTERS: usize = 100;
const ID_CHARACTERS: usize = 64;

/// Whether only what is wrong is to be told.
static QUIET: AtomicBool = AtomicBool::new(false);

/// From now on notes on how the command does its work are left out. Errors and warnings are not.
pub(crate) fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

/// A note on standard error, of something that the user may want to know and need not.
pub(crate) fn note(text: &str) {
    if !QUIET.load(Ordering::Relaxed) {
        say(text);
    }
}

/// A row of a file, as tables show it.
pub(crate) fn place(file: &str, row: u64) -> String {
    format!("{}:{row}", file_name(file))
}

/// The name of a file, as tables show it.
pub(crate) fn file_name(file: &str) -> String {
    shown_within(file, FILE_CHARACTERS)
}

/// The id of a row, as tables show it.
pub(crate) fn label(id: Option<&str>) -> String {
    id.map_or_else(String::new, |id| shown_within(id, ID_CHARACTERS))
}

/// So many rows in so much time, and how many that is a second.
pub(crate) fn rows_in(rows: u64, seconds: f64) -> String {
    let plural = if rows == 1 { "" } else { "s" };
    let time = human::duration(Duration::try_from_secs_f64(seconds).unwrap_or_default());
    // Of nothing there is no rate.
    match rows > 0 && seconds > 0.0 {
        true => {
            format!("{} row{plural} in {time}: {}", human::count(rows), human::rate(rows as f64 / seconds))
        }
        false => format!("{} row{plural} in {time}", human::count(rows)),
    }
}

/// Whether a path stands for standard input or output.
pub(crate) fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

/// Prints a summary: to standard output, or to standard error where the results themselves go to standard output.
pub(crate) fn print_summary(text: &str, results_on_standard_output: bool) -> Result<(), Failure> {
    if results_on_standard_output {
        // A closed standard error must not change how the run ends.
        drop(io::stderr().write_all(text.as_bytes()));
        Ok(())
    } else {
        print(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_a_rate_where_there_are_some() {
        assert_eq!(rows_in(1_203_456, 3.1), "1.20 million rows in 3.1 s: 388k/s");
        assert_eq!(rows_in(1, 0.5), "1 row in 500 ms: 2/s");
        assert_eq!(rows_in(0, 0.5), "0 rows in 500 ms");
        assert_eq!(rows_in(5, 0.0), "5 rows in 0 µs");
        assert_eq!(rows_in(0, f64::NAN), "0 rows in 0 µs");
    }
}
