//! The `sigwarp` command: verifies files of signatures and of transactions, generates workloads, hashes files and columns, recovers keys,
//! and says what this machine can do and how fast.
//!
//! Every subcommand ends with the status of [`exit::Exit`].

mod args;
mod bench;
mod devices;
mod exit;
mod generate;
mod hash;
mod help;
mod inputs;
mod interrupt;
mod lines;
mod man;
mod memory;
mod output;
mod progress;
#[cfg(feature = "gpu")]
mod rates;
mod recover;
mod roles;
mod rows;
mod rules;
mod selftest;
mod threads;
mod transactions;
mod verify;
mod version;

use std::process::ExitCode;

use args::Command;
use clap::FromArgMatches as _;
use exit::Exit;

fn main() -> ExitCode {
    let parsed =
        help::command().try_get_matches().and_then(|matches| args::Arguments::from_arg_matches(&matches));
    let command = match parsed {
        Ok(arguments) => arguments.command,
        Err(usage) => return exit::usage(&usage),
    };
    let interrupt = match interrupt::Interrupt::install() {
        Ok(interrupt) => interrupt,
        Err(failure) => return failure.report(),
    };
    if matches!(command, Command::Gen(_) | Command::Selftest(_) | Command::Bench(_) | Command::Devices(_)) {
        threads::limit_generator();
    }
    let ended = match command {
        Command::Verify(args) => verify::run(&args, &interrupt),
        Command::Transactions(args) => transactions::run(&args, &interrupt),
        Command::Gen(args) => generate::run(&args, &interrupt),
        Command::Hash(args) => hash::run(&args, &interrupt),
        Command::Recover(args) => recover::run(&args, &interrupt),
        Command::Rules(args) => rules::run(&args),
        Command::Devices(args) => interrupt.at_once(|| devices::run(&args)),
        Command::Bench(args) => interrupt.at_once(|| bench::run(&args)),
        Command::Selftest(args) => selftest::run(&args, &interrupt),
        Command::Completions(args) => man::completions(&args),
        Command::Man(args) => man::run(&args),
    };
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report(),
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
