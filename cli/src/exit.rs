//! How the command ends.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use sigwarp_datasets::{WriteError, shown, shown_within};

/// The most characters of an error that are printed: a cell or a list of columns that it quotes may be of any length.
const MESSAGE_CHARACTERS: usize = 2000;

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
        say(&self.message);
        self.exit.into()
    }
}

/// Prints what is wrong with the command line, or the help that it asks for.
pub(crate) fn usage(told: &clap::Error) -> ExitCode {
    let mut text = told.render().to_string();
    // An argument, perhaps a file name that the shell filled in, would reach the terminal as it is.
    let arguments: Vec<String> =
        std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let escaped: Vec<&String> = arguments.iter().filter(|argument| shown(argument) != **argument).collect();
    for argument in &escaped {
        text = text.replace(argument.as_str(), &shown(argument));
    }
    if told.use_stderr() && !escaped.is_empty() {
        let lines: Vec<String> = text.lines().map(|line| shown_within(line, MESSAGE_CHARACTERS)).collect();
        drop(writeln!(io::stderr(), "{}", lines.join("\n")));
    } else {
        drop(told.print());
    }
    ExitCode::from(u8::try_from(told.exit_code()).unwrap_or(Exit::BadInput as u8))
}

/// Says something on standard error, whatever text from a file it quotes.
pub(crate) fn say(message: &str) {
    drop(writeln!(io::stderr(), "sigwarp: {}", shown_within(message, MESSAGE_CHARACTERS)));
}

/// Says what the user should know although the command goes on.
pub(crate) fn warn(message: impl Display) {
    say(&format!("warning: {message}"));
}

/// Writes `text` to standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    write_out(text.as_bytes())
}

/// Writes bytes to standard output.
pub(crate) fn write_out(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .map_err(|error| Failure::output(format!("standard output: {error}")))
}
