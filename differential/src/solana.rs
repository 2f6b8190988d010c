//! Solana beside the SDK: `solana-transaction`, decoded by `wincode` and verified by `solana-signature`.

use sigwarp::Engine;
use sigwarp_profiles::Report;
use sigwarp_profiles::solana::{Context, Solana};
use solana_transaction::VersionedMessage;
use solana_transaction::versioned::VersionedTransaction;

use crate::Out;
use crate::compare::{Class, Said, Tally};
use crate::data::{Expected, Record, Vectors, judge};

/// What the SDK says of a transaction: decoded, sanitized, each signature verified.
pub(crate) fn said(bytes: &[u8]) -> Said {
    match verified(bytes) {
        Ok(()) => Said { accepts: true, sender: None, why: String::new() },
        Err(why) => Said { accepts: false, sender: None, why },
    }
}

pub(crate) fn verified(bytes: &[u8]) -> Result<(), String> {
    let transaction: VersionedTransaction =
        wincode::deserialize_exact(bytes).map_err(|error| error.to_string())?;
    transaction.verify_and_hash_message().map(drop).map_err(|error| error.to_string())
}

const VERSION: Class = Class {
    name: "version 1 where the context does not accept it (UnsupportedVersion)",
    why: "the SDK decodes it everywhere; no cluster has it yet, so it is undecided",
};
const SIZE: Class =
    Class { name: "longer than a packet (TooLarge)", why: "the SDK has no limit of length; the network has" };
const LIMITS: Class = Class {
    name: "limits of version 1 (Sanitize)",
    why: "SIMD-0385 allows 12 signatures, 64 addresses, all different, 64 instructions and heaps of whole KiB; the SDK of 6.0 \
          leaves these to the runtime",
};

/// The class of a difference.
pub(crate) fn class(bytes: &[u8], report: &Report, said: &Said) -> Option<&'static Class> {
    let cause = report.verdict.cause().map(|cause| cause.name());
    match (cause, said.accepts) {
        (Some("UnsupportedVersion"), true) if bytes.first() == Some(&0x81) => Some(&VERSION),
        (Some("TooLarge"), true) if bytes.len() > 1232 => Some(&SIZE),
        (Some("Sanitize"), true) if is_over_limits(bytes) => Some(&LIMITS),
        _ => None,
    }
}

/// Whether a transaction of version 1 breaks one of the limits that the SDK does not check.
fn is_over_limits(bytes: &[u8]) -> bool {
    let Ok(VersionedTransaction { signatures, message: VersionedMessage::V1(message) }) =
        wincode::deserialize_exact::<VersionedTransaction>(bytes)
    else {
        return false;
    };
    let keys = &message.account_keys;
    let is_repeated = |(place, key)| keys[..place].contains(key);
    let bad_heap = |size: u32| !size.is_multiple_of(1024) || !(32..=256).contains(&(size / 1024));
    signatures.len() > 12
        || keys.len() > 64
        || message.instructions.len() > 64
        || keys.iter().enumerate().any(is_repeated)
        || message.config.heap_size.is_some_and(bad_heap)
}

/// Every transaction of the vectors.
pub(crate) fn transactions(vectors: &Vectors) -> Vec<Record<Context>> {
    let mut records = vectors.records(&Solana, "cases.jsonl.gz");
    records.extend(vectors.records(&Solana, "transactions.jsonl.gz"));
    let expected = vectors.rows("profiles/expected/solana.jsonl.gz");
    for name in vectors.names("chains/solana").into_iter().filter(|name| name.ends_with(".bin")) {
        let bytes = vectors.bytes(&format!("chains/solana/{name}"));
        let row = expected.iter().find(|row| row["file"] == format!("shared:solana/{name}"));
        let expected = row.map(Expected::of);
        records.push(Record { id: name, bytes, context: Context::default(), expected });
    }
    records
}

pub(crate) fn vectors(vectors: &Vectors, engine: &Engine, out: &mut Out) {
    let records = transactions(vectors);
    let reports = judge(engine, &Solana, records.iter().map(|record| (&record.bytes[..], &record.context)));
    let mut tally = Tally::default();
    let mut unmet = Vec::new();
    for (record, report) in records.iter().zip(&reports) {
        let said = said(&record.bytes);
        tally.add(&record.id, (report, &said), || class(&record.bytes, report, &said));
        if record.expected.as_ref().is_some_and(|expected| !expected.is_met(report)) {
            unmet.push(record.id.as_str());
        }
    }
    tally.print("solana, transactions beside solana-transaction", out);
    let expected = records.iter().filter(|record| record.expected.is_some()).count();
    out.judge(
        unmet.is_empty() && expected > 1000,
        &format!("solana: {expected} transactions of known verdict, {} otherwise {unmet:?}", unmet.len()),
    );
}
