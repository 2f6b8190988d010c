//! Ethereum beside `alloy-consensus`, whose recovery is that of libsecp256k1.

use alloy_consensus::transaction::SignerRecoverable;
use alloy_consensus::{Block, EthereumTxEnvelope, TxEip4844, TxEnvelope, proofs::calculate_transaction_root};
use alloy_eips::Decodable2718;
use alloy_rlp::Decodable;
use serde_json::Value as Json;
use sigwarp::Engine;
use sigwarp_profiles::Report;
use sigwarp_profiles::ethereum::{Context, Ethereum, Fork, Form};

use crate::Out;
use crate::compare::{Class, Said, Tally};
use crate::data::{Expected, Record, Vectors, judge, unhex};

/// A transaction as it stands in a block.
type Mined = EthereumTxEnvelope<TxEip4844>;

/// What alloy says of a transaction under a context. It knows neither chains nor forks: of those it has only the choice
/// between low s and any, which is given to it.
pub(crate) fn said(bytes: &[u8], context: &Context) -> Said {
    let any_s = context.fork.is_some_and(|fork| fork < Fork::Homestead);
    let sender = match context.network_form {
        true => TxEnvelope::decode_2718_exact(bytes).map(|tx| sender(&tx, any_s)),
        false => Mined::decode_2718_exact(bytes).map(|tx| sender(&tx, any_s)),
    };
    match sender {
        Err(error) => Said::no(error),
        Ok(Err(error)) => Said::no(error),
        Ok(Ok(sender)) => Said { accepts: true, sender: Some(sender), why: String::new() },
    }
}

fn sender(
    transaction: &impl SignerRecoverable,
    any_s: bool,
) -> Result<Vec<u8>, alloy_consensus::crypto::RecoveryError> {
    let sender = match any_s {
        true => transaction.recover_signer_unchecked(),
        false => transaction.recover_signer(),
    };
    sender.map(|sender| sender.to_vec())
}

const CHAIN: Class = Class {
    name: "another chain (WrongChainId)",
    why: "alloy has no chain to compare the id of a transaction with",
};
const FORK: Class =
    Class { name: "not yet active (TypeNotActive, ProtectedTooEarly)", why: "alloy has no forks" };
const FROM: Class =
    Class { name: "another sender (WrongSender)", why: "alloy is not told which sender there must be" };
const EMPTY: Class = Class {
    name: "blob hashes and authorizations (NoBlobs, BadBlobHashVersion, NoAuthorizations)",
    why: "alloy leaves to the pool and to execution that there are some, and their version; EIP-4844 and EIP-7702 make such \
          transactions invalid",
};
const PRICE: Class = Class {
    name: "a price of more than 128 bits",
    why: "alloy holds prices in 128 bits; the fields have 256, and who could pay is state",
};
const BLOBS: Class = Class {
    name: "what travels around a blob transaction",
    why: "alloy decodes blobs, commitments and proofs; ours leaves them undecided (BlobProofs)",
};
/// The class of a difference.
pub(crate) fn class(bytes: &[u8], context: &Context, report: &Report, said: &Said) -> Option<&'static Class> {
    let cause = report.verdict.cause().map(|cause| cause.name());
    match (cause, said.accepts) {
        (Some("WrongChainId"), true) => Some(&CHAIN),
        (Some("TypeNotActive" | "ProtectedTooEarly"), true) => Some(&FORK),
        (Some("WrongSender"), true) if context.from.is_some() => Some(&FROM),
        (Some("NoBlobs" | "BadBlobHashVersion" | "NoAuthorizations"), true) => Some(&EMPTY),
        (None, false) if context.network_form && !report.undecided.is_empty() => Some(&BLOBS),
        (None, false) if has_long_price(bytes) => Some(&PRICE),
        _ => None,
    }
}

/// Whether one of the prices of a transaction has more than 128 bits.
fn has_long_price(bytes: &[u8]) -> bool {
    let places: &[usize] = match bytes.first() {
        Some(0xc0..) => &[1],
        Some(1) => &[2],
        Some(2 | 4) => &[2, 3],
        Some(3) => &[2, 3, 9],
        _ => &[],
    };
    let list = if bytes.first().is_some_and(|byte| *byte < 0xc0) { &bytes[1..] } else { bytes };
    let fields = items(list).unwrap_or_default();
    let is_long = |place: &usize| {
        fields.get(*place).and_then(|field| span(field)).is_some_and(|(_, length)| length > 16)
    };
    places.iter().any(is_long)
}

/// The items of a list in RLP, each with its header; nothing where the bytes are no list.
pub(crate) fn items(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let (start, length) = span(bytes)?;
    let mut rest = bytes.get(start..start.checked_add(length)?).filter(|_| bytes[0] >= 0xc0)?;
    let mut items = Vec::new();
    while !rest.is_empty() {
        let (start, length) = span(rest)?;
        items.push(rest.get(..start + length)?);
        rest = &rest[start + length..];
    }
    Some(items)
}

/// Where the payload of the first item begins, and its length.
pub(crate) fn span(bytes: &[u8]) -> Option<(usize, usize)> {
    let tag = *bytes.first()?;
    let digits = |count: usize| {
        let digits = bytes.get(1..=count)?;
        Some((1 + count, digits.iter().fold(0, |length, &digit| length << 8 | usize::from(digit))))
    };
    match tag {
        ..0x80 => Some((0, 1)),
        0x80..0xb8 => Some((1, usize::from(tag - 0x80))),
        0xb8..0xc0 => digits(usize::from(tag - 0xb7)),
        0xc0..0xf8 => Some((1, usize::from(tag - 0xc0))),
        0xf8.. => digits(usize::from(tag - 0xf7)),
    }
}

/// A block of the vectors.
pub(crate) struct Sealed {
    /// The file, and the number or the name, as the expected rows have them.
    pub(crate) of: (String, Json),
    pub(crate) bytes: Vec<u8>,
    pub(crate) context: Context,
}

/// Every block of the vectors.
pub(crate) fn blocks(vectors: &Vectors) -> Vec<Sealed> {
    let mut blocks = Vec::new();
    for row in vectors.rows("profiles/ethereum/ethereum-tests-blocks.jsonl.gz") {
        let fork = Fork::from_name(row["fork"].as_str().expect("a fork"));
        let context = Context { fork, ..Context::blocks(1) };
        let of = ("ethereum-tests-blocks.jsonl".to_owned(), row["name"].clone());
        blocks.push(Sealed { of, bytes: unhex(row["rlp"].as_str().expect("digits")), context });
    }
    let files = vectors.names("profiles/ethereum").into_iter().filter(|name| name.ends_with(".rlp"));
    let files = files.map(|name| (format!("profiles/ethereum/{name}"), name));
    let geth =
        ("chains/ethereum/geth-ethtest-chain.rlp".to_owned(), "shared:geth-ethtest-chain.rlp".to_owned());
    let expected = vectors.rows("profiles/expected/ethereum.jsonl.gz");
    for (path, file) in files.chain([geth]) {
        let bytes = vectors.bytes(&path);
        let mut rest = bytes.as_slice();
        while let Some((start, length)) = span(rest) {
            let (block, after) = rest.split_at(start + length);
            rest = after;
            let header = items(block).and_then(|parts| items(parts[0])).expect("a header");
            let (start, _) = span(header[8]).expect("a number");
            let number =
                header[8][start..].iter().fold(0u64, |number, &digit| number << 8 | u64::from(digit));
            let of = (file.clone(), Json::from(number));
            let Some(row) = expected.iter().find(|row| row["file"] == file.as_str() && row["block"] == of.1)
            else {
                continue;
            };
            let mut context = Context::blocks(row["chain_id"].as_u64().expect("a chain id"));
            if !Fork::knows(context.chain_id) {
                context.fork = Fork::from_name(row["fork"].as_str().expect("a fork"));
            }
            blocks.push(Sealed { of, bytes: block.to_vec(), context });
        }
    }
    blocks
}

/// Every transaction: the cases, those of blocks, of execution payloads, and the TransactionTests under every fork.
fn transactions(vectors: &Vectors, blocks: &[Sealed]) -> Vec<Record<Context>> {
    let mut records = vectors.records(&Ethereum, "cases.jsonl.gz");
    let expected = vectors.rows("profiles/expected/ethereum.jsonl.gz");
    for block in blocks {
        let rows: Vec<&Json> = expected
            .iter()
            .filter(|row| row["file"] == block.of.0.as_str() && row["block"] == block.of.1)
            .collect();
        let parts = items(&block.bytes).expect("a block");
        for (item, row) in items(parts[1]).expect("transactions").iter().zip(rows) {
            let (start, _) = span(item).expect("an item");
            let bytes = if item[0] < 0xc0 { &item[start..] } else { item };
            let fork = Fork::from_name(row["fork"].as_str().expect("a fork")).expect("a known fork");
            let context = Context::transactions(block.context.chain_id, fork);
            let id = format!("{} {} {}", block.of.0, block.of.1, row["index"]);
            records.push(Record { id, bytes: bytes.to_vec(), context, expected: Some(Expected::of(row)) });
        }
    }
    for name in vectors.names("chains/ethereum").iter().filter(|name| name.ends_with(".json")) {
        let json = serde_json::from_slice(&vectors.bytes(&format!("chains/ethereum/{name}"))).expect("JSON");
        let mut found = Vec::new();
        collect(&json, &mut found);
        records.extend(found.into_iter().enumerate().map(|(place, bytes)| {
            // The chain is not in the file: it is the one that the transaction names.
            let chain_id = Mined::decode_2718_exact(&bytes).ok().and_then(|tx| chain_id(&tx)).unwrap_or(1);
            let context = Context::transactions(chain_id, Fork::Prague);
            Record { id: format!("{name} {place}"), bytes, context, expected: None }
        }));
    }
    for row in vectors.rows("chains/ethereum/TransactionTests.jsonl") {
        let bytes = unhex(row["txbytes"].as_str().expect("digits"));
        for fork in row["result"].as_object().expect("an object").keys() {
            let name = fork.to_lowercase().replace("constantinoplefix", "constantinople");
            let context = Context::transactions(1, Fork::from_name(&name).expect("a fork"));
            let id = format!("{} under {name}", row["_name"]);
            records.push(Record { id, bytes: bytes.clone(), context, expected: None });
        }
    }
    records
}

fn chain_id(transaction: &Mined) -> Option<u64> {
    alloy_consensus::Transaction::chain_id(transaction)
}

/// The transactions of execution payloads, wherever in the file they stand.
fn collect(json: &Json, found: &mut Vec<Vec<u8>>) {
    match json {
        Json::Object(members) => {
            for (name, value) in members {
                match value.as_array().filter(|_| name == "transactions") {
                    Some(values) => found.extend(values.iter().filter_map(Json::as_str).map(unhex)),
                    None => collect(value, found),
                }
            }
        }
        Json::Array(values) => values.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

/// The senders of a block's transactions, of which one that is missing refuses it.
pub(crate) fn senders(bytes: &[u8], any_s: bool) -> Result<Vec<Vec<u8>>, String> {
    senders_of(&decoded(bytes)?, any_s)
}

fn decoded(bytes: &[u8]) -> Result<Block<Mined>, String> {
    let mut rest = bytes;
    let block = Block::<Mined>::decode(&mut rest).map_err(|error| format!("{error:?}"))?;
    if rest.is_empty() { Ok(block) } else { Err("bytes are left".to_owned()) }
}

fn senders_of(block: &Block<Mined>, any_s: bool) -> Result<Vec<Vec<u8>>, String> {
    let senders = block.body.transactions.iter().map(|transaction| sender(transaction, any_s));
    senders.collect::<Result<_, _>>().map_err(|error| format!("{error:?}"))
}

/// The same where the root of the transactions is that of the header, which is what ours asks of a block.
pub fn senders_of_root(bytes: &[u8], any_s: bool) -> Result<Vec<Vec<u8>>, String> {
    let block = decoded(bytes)?;
    if calculate_transaction_root(&block.body.transactions) != block.header.transactions_root {
        return Err("another root".to_owned());
    }
    senders_of(&block, any_s)
}

pub(crate) fn vectors(vectors: &Vectors, engine: &Engine, out: &mut Out) {
    let blocks = blocks(vectors);
    let records = transactions(vectors, &blocks);
    let reports = judge(engine, &Ethereum, records.iter().map(|record| (&record.bytes[..], &record.context)));
    let mut tally = Tally::default();
    let mut unmet = Vec::new();
    for (record, report) in records.iter().zip(&reports) {
        let said = said(&record.bytes, &record.context);
        tally.add(&record.id, (report, &said), || class(&record.bytes, &record.context, report, &said));
        if record.expected.as_ref().is_some_and(|expected| !expected.is_met(report)) {
            unmet.push(record.id.as_str());
        }
    }
    tally.print("ethereum, transactions beside alloy-consensus", out);
    let expected = records.iter().filter(|record| record.expected.is_some()).count();
    out.judge(
        unmet.is_empty() && expected > 3000,
        &format!(
            "ethereum: {expected} transactions of known verdict and sender, {} otherwise {unmet:?}",
            unmet.len()
        ),
    );

    let reports = judge(engine, &Ethereum, blocks.iter().map(|block| (&block.bytes[..], &block.context)));
    let mut tally = Tally::default();
    for (block, report) in blocks.iter().zip(&reports) {
        assert_eq!(block.context.form, Form::Block);
        // Block 1,150,000 was the first of Homestead.
        let any_s =
            block.context.chain_id == 1 && block.of.1.as_u64().is_some_and(|number| number < 1_150_000);
        let senders = senders_of_root(&block.bytes, any_s);
        let ours = report
            .transactions
            .iter()
            .map(|transaction| transaction.sender.clone())
            .collect::<Option<Vec<_>>>();
        let said = match &senders {
            Err(why) => Said::no(why),
            // The report of a block has no sender: those of its transactions are compared here.
            Ok(theirs) if ours.as_ref() == Some(theirs) => {
                Said { accepts: true, sender: None, why: String::new() }
            }
            Ok(_) => Said { accepts: true, sender: Some(Vec::new()), why: "other senders".to_owned() },
        };
        let first = report.transactions.iter().find(|transaction| !transaction.verdict.is_valid());
        let id = format!("{} {}", block.of.0, block.of.1);
        tally.add(&id, (report, &said), || class(&[], &block.context, first.unwrap_or(report), &said));
    }
    tally.print("ethereum, whole blocks beside alloy-consensus", out);
}
