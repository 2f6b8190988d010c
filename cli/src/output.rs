//! Where results go.

use std::io::{self, Write};
use std::path::Path;

use crate::exit::{Failure, print};

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
