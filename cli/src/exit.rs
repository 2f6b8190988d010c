//! How the command ends.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use sigwarp_datasets::WriteError;

/// The exit status of every subcommand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// All valid, or all as expected where that is known.
    AllGood = 0,
    /// Some not.
    SomeNot = 1,
    /// Bad usage or bad input (clap uses the same number).
    BadInput = 2,
    /// The engine failed, or the output could not be written.
    EngineOrOutput = 3,
    /// Stopped by the user.
    Interrupted = 130,
}

/// An error that ends the command: what it says and the status it ends with.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    pub(crate) fn input(error: impl Display) -> Self {
        Self { exit: Exit::BadInput, message: error.to_string() }
    }

    pub(crate) fn output(error: impl Display) -> Self {
        Self { exit: Exit::EngineOrOutput, message: error.to_string() }
    }

    pub(crate) fn engine(error: impl Display) -> Self {
        Self { exit: Exit::EngineOrOutput, message: error.to_string() }
    }

    /// Of an engine that could not be built: `SIGWARP_BACKEND` is as much a part of the command line as `--backend`.
    pub(crate) fn building(error: sigwarp::Error) -> Self {
        match error {
            sigwarp::Error::UnknownBackend(_) => Self::input(error),
            error => Self::engine(error),
        }
    }

    /// Of a file that could not be created: an extension that names no format is a mistake in the command.
    pub(crate) fn creating(error: WriteError) -> Self {
        match error {
            WriteError::UnknownFormat { .. } => Self::input(error),
            error => Self::output(error),
        }
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Prints the error and gives its status. A standard error that is closed is no reason to panic.
    pub(crate) fn report(&self) -> ExitCode {
        drop(writeln!(io::stderr(), "sigwarp: {}", self.message));
        self.exit.into()
    }
}

/// Writes `text` to standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::output(format!("standard output: {error}")))
}
