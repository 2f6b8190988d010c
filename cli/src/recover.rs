//! `sigwarp recover`: the public keys and Ethereum addresses behind secp256k1 signatures.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;
use sigwarp::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Engine, Item, Messages, Prehash, Reason};
use sigwarp_datasets::{KeyUse, RowBlock, json_line};

use crate::args::{Format, RecoverArgs};
use crate::exit::{Exit, Failure};
use crate::inputs::expand;
use crate::interrupt::Interrupt;
use crate::lines::Lines;
use crate::output::{is_standard, label, place, print_summary, rows_in};
use crate::progress::Progress;
use crate::roles::Roles;
use crate::rows::{Next, Rows};
use crate::threads::Work;
use crate::verify::build_engine;

/// The JSON summary.
#[derive(Debug, Default, Serialize)]
struct Summary {
    schema_version: u32,
    complete: bool,
    error: Option<String>,
    items: u64,
    recovered: u64,
    failed: u64,
    mismatched_public_key: u64,
    seconds_total: f64,
    failures: Vec<FailedRow>,
}

#[derive(Debug, Serialize)]
struct FailedRow {
    file: String,
    row: u64,
    id: Option<String>,
    reason: &'static str,
}

/// A line of the output.
#[derive(Debug, Serialize)]
struct Recovered<'a> {
    index: u64,
    id: Option<&'a str>,
    public_key: Option<String>,
    address: Option<String>,
    reason: Option<&'static str>,
}

pub(crate) fn run(args: &RecoverArgs, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let start = Instant::now();
    let files = expand(&args.input.files)?;
    Roles::default()
        .read("the input", &files)
        .read("--keys", &args.input.keys)
        .write("--output", &args.output)
        .check()?;
    let mut summary = Summary { schema_version: 1, ..Summary::default() };
    let ended = recover_files(args, &files, interrupt, &mut summary);
    summary.complete = matches!(ended, Ok(true));
    summary.error = ended.as_ref().err().map(|failure| failure.message().to_owned());
    summary.seconds_total = start.elapsed().as_secs_f64();

    let to_standard_output = args.output.as_deref().is_some_and(is_standard);
    match args.format {
        Format::Json => {
            print_summary(&format!("{}\n", json_line(&summary)), to_standard_output)?;
        }
        Format::Table if ended.is_err() && summary.items == 0 => {}
        Format::Table => print_summary(&table(&summary), to_standard_output)?,
    }
    match ended? {
        false => Ok(Exit::Interrupted),
        true if summary.failed == 0 && summary.mismatched_public_key == 0 => Ok(Exit::AllGood),
        true => Ok(Exit::SomeNot),
    }
}

/// Recovers everything; `false` when the user stopped it.
fn recover_files(
    args: &RecoverArgs,
    files: &[PathBuf],
    interrupt: &Interrupt,
    summary: &mut Summary,
) -> Result<bool, Failure> {
    let engine = interrupt.at_once(|| build_engine(&args.engine, Work::Rows(files)))?;
    let rows = interrupt.at_once(|| Rows::start(&args.input, files, KeyUse::Optional))?;
    let mut output = args.output.as_deref().map(|path| Lines::create(path, "recover")).transpose()?;
    let mut progress = Progress::start(false);
    loop {
        match rows.next(interrupt)? {
            Next::Block { file, block, read } => {
                recover_block(&engine, (&file, &block), args.failures, summary, output.as_mut())?;
                progress.advance(block.len() as u64, read);
                rows.recycle(block);
            }
            Next::Interrupted => return Ok(false),
            Next::End => break,
        }
    }
    if let Some(output) = output {
        output.finish()?;
    }
    Ok(true)
}

fn recover_block(
    engine: &Engine,
    (file, block): (&str, &RowBlock),
    list: usize,
    summary: &mut Summary,
    output: Option<&mut Lines>,
) -> Result<(), Failure> {
    let view = block.batch().view().map_err(Failure::engine)?;
    // The rows before the first that recovery has no meaning for.
    let mut rows = Vec::with_capacity(view.len());
    let mut problem = None;
    for position in 0..view.len() {
        match Wanted::of(view.item(position), block.recovery_ids()[position]) {
            Ok(wanted) => rows.push(wanted),
            Err(text) => {
                let row = block.first_row() + position as u64;
                let file = if is_standard(Path::new(file)) { "standard input" } else { file };
                problem = Some(Failure::input(format!("{file}: row {row}: {text}")));
                break;
            }
        }
    }
    let keys = recover_rows(engine, &rows)?;
    let found: Vec<[u8; 65]> = keys.iter().filter_map(|key| key.ok()).collect();
    let addresses = if output.is_some() {
        engine.ethereum_addresses(&found).map_err(Failure::engine)?
    } else {
        Vec::new()
    };
    if let Some(output) = output {
        // Counted is what is written: after a full disk the summary and the file are of the same rows.
        let mut addresses = addresses.iter();
        for (position, key) in keys.iter().enumerate() {
            output.push(&json_line(&Recovered {
                index: summary.items + position as u64,
                id: block.id(position),
                public_key: key.ok().map(hex::encode),
                address: key.ok().and_then(|_| addresses.next()).map(hex::encode),
                reason: key.err().map(Reason::name),
            }));
        }
        output.commit()?;
    }
    for (position, key) in keys.into_iter().enumerate() {
        let row = block.first_row() + position as u64;
        let item = view.item(position);
        let mut reason = key.err().map(Reason::name);
        match &key {
            Err(_) => summary.failed += 1,
            Ok(key) => {
                summary.recovered += 1;
                if !item.key.is_empty() && !same_key(item.key, key) {
                    summary.mismatched_public_key += 1;
                    reason = Some("another key than public_key");
                }
            }
        }
        if let (Some(reason), true) = (reason, summary.failures.len() < list) {
            let id = block.id(position).map(str::to_owned);
            summary.failures.push(FailedRow { file: file.to_owned(), row, id, reason });
        }
        summary.items += 1;
    }
    problem.map_or(Ok(()), Err)
}

/// A row that recovery has a meaning for.
struct Wanted<'a> {
    rule: EcdsaRule,
    hash: Option<Prehash>,
    /// The message, or the digest where there is no hash.
    message: &'a [u8],
    /// The signature without its recovery id, and the id; or why there is none.
    signature: Result<(&'a [u8], u8), Reason>,
}

impl<'a> Wanted<'a> {
    /// The error says why recovery has no meaning for the row.
    fn of(item: Item<'a>, recovery_id: Option<u8>) -> Result<Self, String> {
        let suite = item.suite;
        let Some(scheme) = suite.scheme().ecdsa() else {
            return Err(format!("{} has no recovery; only ecdsa-secp256k1… has", suite.scheme()));
        };
        if matches!(scheme, EcdsaScheme::P256 | EcdsaScheme::P256Sha256) {
            return Err(format!("{} has no recovery; only ecdsa-secp256k1… has", suite.scheme()));
        }
        let rule = EcdsaRule::from_name(suite.rule()).ok_or("the rule is not one of ECDSA")?;
        let signature = match EcdsaEncoding::from_name(suite.encoding()) {
            Some(EcdsaEncoding::Raw) => {
                Ok((item.signature, recovery_id.ok_or("recovery_id is missing; raw needs one")?))
            }
            Some(EcdsaEncoding::RawV) => match item.signature.split_last_chunk::<1>() {
                Some((signature, [id])) => Ok((signature, *id)),
                None => Err(Reason::BadSignatureLength),
            },
            _ => {
                let encoding = suite.encoding();
                return Err(format!(
                    "encoding {encoding} has no recovery; use raw with a recovery_id, or raw-v"
                ));
            }
        };
        Ok(Self { rule, hash: scheme.hash(), message: item.message, signature })
    }
}

/// The key of each row: all messages of one hash function at once, and all signatures of one rule.
fn recover_rows(engine: &Engine, rows: &[Wanted<'_>]) -> Result<Vec<Result<[u8; 65], Reason>>, Failure> {
    let mut digests: Vec<Vec<u8>> = rows.iter().map(|_| Vec::new()).collect();
    for hash in [Prehash::Sha256, Prehash::Sha256d, Prehash::Keccak256] {
        let of_hash: Vec<usize> = (0..rows.len()).filter(|&row| rows[row].hash == Some(hash)).collect();
        let messages: Messages = of_hash.iter().map(|&row| rows[row].message).collect();
        let hashed = engine.hash(hash.hash(), &messages).map_err(Failure::engine)?;
        for (row, digest) in of_hash.into_iter().zip(hashed.iter()) {
            digests[row] = digest.to_vec();
        }
    }
    let mut keys = vec![Err(Reason::BadSignatureLength); rows.len()];
    for rule in EcdsaRule::ALL {
        let (mut of_rule, mut columns, mut ids) = (Vec::new(), [Vec::new(), Vec::new()], Vec::new());
        for (row, wanted) in rows.iter().enumerate().filter(|(_, wanted)| wanted.rule == rule) {
            match wanted.signature {
                Err(reason) => keys[row] = Err(reason),
                Ok((signature, id)) => {
                    of_rule.push(row);
                    columns[0].push(if wanted.hash.is_some() { &digests[row][..] } else { wanted.message });
                    columns[1].push(signature);
                    ids.push(id);
                }
            }
        }
        let recovered =
            engine.recover(rule, &columns[0][..], &columns[1][..], &ids).map_err(Failure::engine)?;
        for (row, key) in of_rule.into_iter().zip(recovered) {
            keys[row] = key;
        }
    }
    Ok(keys)
}

/// Whether an encoded key (compressed, uncompressed, hybrid or x ‖ y) is the recovered one.
fn same_key(encoded: &[u8], recovered: &[u8; 65]) -> bool {
    let (x, y) = (&recovered[1..33], &recovered[33..]);
    match encoded {
        [2 | 3, given @ ..] if given.len() == 32 => given == x && encoded[0] & 1 == y[31] & 1,
        [4 | 6 | 7, given @ ..] if given.len() == 64 => given == &recovered[1..],
        given => given == &recovered[1..],
    }
}

fn table(summary: &Summary) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        writeln!(text, "{name:<20} {value}").expect("writing to a String cannot fail");
    };
    line("items", summary.items.to_string());
    line("recovered", summary.recovered.to_string());
    line("failed", summary.failed.to_string());
    line("another key", summary.mismatched_public_key.to_string());
    line("time", rows_in(summary.items, summary.seconds_total));
    if !summary.complete {
        line("complete", "no: the run stopped early, the counts are of the rows before".to_owned());
    }
    for FailedRow { file, row, id, reason } in &summary.failures {
        line("", format!("{} {} {reason}", place(file, *row), label(id.as_deref())));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_of_a_key_is_recognised() {
        let mut key = [7; 65];
        key[0] = 4;
        let compressed = [&[3], &key[1..33]].concat();
        assert!(same_key(&key, &key) && same_key(&key[1..], &key) && same_key(&compressed, &key));
        assert!(same_key(&[&[7], &key[1..]].concat(), &key));
        assert!(!same_key(&[&[2], &key[1..33]].concat(), &key));
        assert!(!same_key(&[], &key) && !same_key(&[8; 65], &key));
    }
}
