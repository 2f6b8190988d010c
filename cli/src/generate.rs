//! `sigwarp gen`: a workload of signatures, with the verdict expected of each.

use std::path::Path;
use std::time::Instant;

use serde::Serialize;
use sigwarp_datasets::generate::{Fault, Generator, KeyChoice, MessageShape, Share, Workload};
use sigwarp_datasets::{ROW_GROUP_ROWS, RowWriter, human, json_line};

use crate::args::{Format, GenArgs};
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::output::{is_standard, print_summary};
use crate::roles::Roles;

#[derive(Debug, Serialize)]
struct Summary {
    schema_version: u32,
    complete: bool,
    rows: u64,
    keys: u64,
    seed: u64,
    row_group_rows: usize,
    seconds_total: f64,
}

pub(crate) fn run(args: &GenArgs, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let start = Instant::now();
    let workload = workload(args)?;
    if args.keys_output.as_deref().is_some_and(is_standard) && is_standard(&args.output) {
        return Err(Failure::input(
            "--output and --keys-output are both standard output (-); name a file for one",
        ));
    }
    Roles::default().write("--output", [&args.output]).write("--keys-output", &args.keys_output).check()?;
    let generator = interrupt.at_once(|| Generator::new(workload)).map_err(Failure::input)?;
    let mut rows = create(&args.output)?;
    if let Some(path) = &args.keys_output {
        let mut keys = create(path)?;
        interrupt.at_once(|| generator.write_keys(&mut keys)).map_err(Failure::output)?;
        keys.finish().map_err(Failure::output)?;
    }
    let mut written = 0;
    let ended = generator.write_rows(&mut rows, |rows| {
        written = rows;
        !interrupt.requested()
    });
    let complete = match ended {
        Ok(true) => rows.finish().map(|()| true),
        Ok(false) => rows.keep().map(|()| false),
        // The rows that fit stay; what went wrong first is told.
        Err(error) => {
            drop(rows.keep());
            Err(error)
        }
    };
    let complete = complete.map_err(Failure::output)?;

    let summary = Summary {
        schema_version: 1,
        complete,
        rows: written,
        keys: generator.keys(),
        seed: args.seed,
        row_group_rows: ROW_GROUP_ROWS,
        seconds_total: start.elapsed().as_secs_f64(),
    };
    let text = match args.format {
        Format::Json => format!("{}\n", json_line(&summary)),
        Format::Table => table(&summary, &args.output),
    };
    let rows_or_keys = [Some(&args.output), args.keys_output.as_ref()];
    print_summary(&text, rows_or_keys.into_iter().flatten().any(|path| is_standard(path)))?;
    Ok(if complete { Exit::AllGood } else { Exit::Interrupted })
}

fn create(path: &Path) -> Result<RowWriter, Failure> {
    if is_standard(path) {
        return Ok(RowWriter::jsonl("standard output", std::io::stdout()));
    }
    RowWriter::create(path, ROW_GROUP_ROWS).map_err(Failure::creating)
}

fn workload(args: &GenArgs) -> Result<Workload, Failure> {
    let defaults = Workload::default();
    let shares = match args.mix.as_slice() {
        [] => defaults.shares,
        parts => {
            parts.iter().map(|part| part.parse::<Share>()).collect::<Result<_, _>>().map_err(|error| {
                Failure::input(format!("--mix {error} (`sigwarp rules` lists schemes, rules and encodings)"))
            })?
        }
    };
    let faults = match args.kinds.as_slice() {
        [] => defaults.faults,
        names => names.iter().map(|name| fault(name)).collect::<Result<_, _>>()?,
    };
    Ok(Workload {
        seed: args.seed,
        items: args.rows,
        shares,
        devices: args.devices,
        keys: args.zipf.map_or(KeyChoice::Uniform, |exponent| KeyChoice::Zipf { exponent }),
        messages: message_shape(&args.message)?,
        bad: args.bad,
        faults,
        inline_keys: args.keys_output.is_none(),
    })
}

fn fault(name: &str) -> Result<Fault, Failure> {
    Fault::from_name(name).ok_or_else(|| {
        let known: Vec<&str> = Fault::ALL.iter().map(|fault| fault.name()).collect();
        Failure::input(format!("unknown kind of bad signature {name:?}; known are {}", known.join(", ")))
    })
}

fn message_shape(text: &str) -> Result<MessageShape, Failure> {
    let number = |text: &str| text.parse::<u32>().ok();
    let shape = match text {
        "senml-json" => Some(MessageShape::SenmlJson),
        "senml-cbor" => Some(MessageShape::SenmlCbor),
        text => match text.split_once('-') {
            Some((least, most)) => {
                number(least).zip(number(most)).map(|(least, most)| MessageShape::Range(least, most))
            }
            None => number(text).map(MessageShape::Fixed),
        },
    };
    shape.ok_or_else(|| {
        let forms = "a number of bytes, a range LOW-HIGH, senml-json or senml-cbor";
        Failure::input(format!("--message {text:?}: it must be {forms}"))
    })
}

fn table(summary: &Summary, output: &Path) -> String {
    let Summary { rows, keys, seed, row_group_rows, seconds_total, .. } = summary;
    let groups = match output.extension().is_some_and(|extension| extension == "parquet") {
        true => format!(", row groups of {row_group_rows} rows"),
        false => String::new(),
    };
    let stopped = if summary.complete { "" } else { "stopped early: " };
    // Every digit: of a run that was stopped it is the number of rows in the file.
    let [rows_made, keys] = [*rows, *keys].map(human::grouped);
    let rate = human::rate(*rows as f64 / seconds_total);
    format!(
        "{stopped}{rows_made} rows under {keys} keys from seed {seed}{groups}, in {seconds_total:.1} s: {rate}\n"
    )
}
