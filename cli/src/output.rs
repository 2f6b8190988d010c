//! Where results go.

use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use sigwarp_datasets::shown_within;

use crate::exit::{Failure, print};

/// The most characters of a file's name and of an id in a table. Tables are as wide as their widest cell.
const FILE_CHARACTERS: usize = 100;
const ID_CHARACTERS: usize = 64;

/// Whether only what is wrong is to be told.
static QUIET: AtomicBool = AtomicBool::new(false);

/// From now on notes on how the command does its work are left out. Errors and warnings are not.
pub(crate) fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

/// A note on standard error, of something that the user may want to know and need not. A standard error that is closed is
/// no reason to end.
pub(crate) fn note(text: &str) {
    if !QUIET.load(Ordering::Relaxed) {
        drop(writeln!(io::stderr(), "sigwarp: {text}"));
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
