//! Bitcoin: the cases, real blocks by transaction, and what damage does.

use std::collections::HashMap;

use serde_json::Value as Json;
use sigwarp_profiles::bitcoin::{Bitcoin, Context, Fault, Flags, Network, PreviousOutput, ScriptError};
use sigwarp_profiles::{AnyContext, Batch, Part, Profile, Report, Value, Verdict, verify};

use crate::common::{self, Case, Subject};

const SUBJECT: Subject = Subject { system: &Bitcoin, reason, more: inputs };

const CASES: &str = "profiles/bitcoin/cases.jsonl.gz";
const EXPECTED: &str = "profiles/expected/bitcoin.jsonl.gz";

/// The evaluator says of what cannot be read that it is `parse:` and why.
fn reason(name: &str) -> &str {
    name.strip_prefix("parse:").unwrap_or(name)
}

/// Where the inputs of a report are not what is expected, down to the signatures in the order in which they ran.
fn inputs(report: &Report, expected: &Json) -> Vec<String> {
    let Some(inputs) = expected["inputs"].as_array() else { return Vec::new() };
    if inputs.len() != report.inputs.len() {
        return vec![format!("{} inputs, expected {}", report.inputs.len(), inputs.len())];
    }
    let input = |(place, (ours, theirs)): (usize, (&Part, &Json))| {
        let of_verdict = |verdict: &Verdict| {
            (verdict.is_valid(), verdict.cause().map_or(Json::Null, |cause| cause.to_string().into()))
        };
        let (valid, error) = of_verdict(&ours.verdict);
        let mut found = Vec::new();
        if valid != (theirs["verdict"] == "valid") || error != theirs["error"] {
            found.push(format!("input {place} is {:?}, expected {}", ours.verdict, theirs["error"]));
        }
        let signatures = ours.signatures.iter().map(|signature| {
            let (ok, reason) = of_verdict(&signature.verdict);
            let kind = signature.role.name();
            serde_json::json!({ "kind": kind, "key": hex::encode(&signature.key), "ok": ok, "reason": reason })
        });
        let wanted = theirs["signatures"].as_array().into_iter().flatten().map(|row| {
            let row = |name| row[name].clone();
            let [kind, key, ok, reason] = ["kind", "key", "ok", "reason"].map(row);
            serde_json::json!({ "kind": kind, "key": key, "ok": ok, "reason": reason })
        });
        let (ours, theirs): (Vec<Json>, Vec<Json>) = (signatures.collect(), wanted.collect());
        if ours != theirs {
            found.push(format!("input {place} has {ours:?}, expected {theirs:?}"));
        }
        found
    };
    report.inputs.iter().zip(inputs).enumerate().flat_map(input).collect()
}

fn cases() -> Option<Vec<Case>> {
    common::cases_of(&Bitcoin, CASES, EXPECTED, &[("network", Value::Text("main".to_owned()))])
}

/// The height from which blocks may have witnesses.
const WITNESSES: u64 = 481_824;

/// Whether the evaluator judged a case by other rules than Bitcoin Core: it lets witnesses be where nobody looked at them
/// below the height of BIP 141, where Core applies the rules of witnesses to every block.
fn is_before_witnesses(case: &Case) -> bool {
    case.row["height"].as_u64().is_some_and(|height| height < WITNESSES) && case.record.get(4) == Some(&0)
}

#[test]
fn cases_are_judged_as_expected() {
    let Some(mut cases) = cases() else { return };
    let (mut early, mut later) = (Vec::new(), Vec::new());
    for case in cases.drain(..) {
        if is_before_witnesses(&case) { early.push(case) } else { later.push(case) }
    }
    let reports = |cases: &[Case]| {
        let mut batch = Batch::new();
        for case in cases {
            sigwarp_profiles::System::push(&Bitcoin, &mut batch, &case.record, &case.context)
                .expect("its context");
        }
        verify(common::fastest(), batch).expect("an engine that works")
    };
    let unexpected = Verdict::invalid(ScriptError::WITNESS_UNEXPECTED);
    let by_core = reports(&early).into_iter().zip(&early);
    let others =
        by_core.filter(|(report, case)| report.verdict != unexpected && case.expected["verdict"] == "valid");
    assert_eq!(others.count(), 0, "a witness that no program asks for");
    for case in &mut early {
        case.row["network"] = "main".into();
        let context =
            Profile::context(&Bitcoin, &common::fields(&case.row)).expect("the fields of a context");
        let flags = context.flags.without(Flags::WITNESS | Flags::TAPROOT);
        case.context = AnyContext::of::<Bitcoin>(Context { flags, ..context });
    }
    assert_eq!(SUBJECT.check(&early) + SUBJECT.check(&later), 800);
}

/// A transaction with the outputs that it spends.
struct Spend {
    raw: Vec<u8>,
    context: Context,
}

/// A front of bytes that is taken off them.
fn take<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (front, rest) = bytes.split_at(count);
    *bytes = rest;
    front
}

fn compact_size(bytes: &mut &[u8]) -> usize {
    let width = match take(bytes, 1)[0] {
        small @ ..0xfd => return small.into(),
        tag => 1 << (tag - 0xfc),
    };
    take(bytes, width).iter().rev().fold(0, |value, &byte| value << 8 | usize::from(byte))
}

/// The bytes of the next transaction of a block, and how many inputs it has.
fn transaction<'a>(block: &mut &'a [u8]) -> (&'a [u8], usize) {
    let start = *block;
    take(block, 4);
    let has_witness = block[0] == 0;
    take(block, if has_witness { 2 } else { 0 });
    let inputs = compact_size(block);
    for _ in 0..inputs {
        take(block, 36);
        let script = compact_size(block);
        take(block, script + 4);
    }
    for _ in 0..compact_size(block) {
        take(block, 8);
        let script = compact_size(block);
        take(block, script);
    }
    if has_witness {
        for _ in 0..inputs {
            for _ in 0..compact_size(block) {
                let element = compact_size(block);
                take(block, element);
            }
        }
    }
    take(block, 4);
    (&start[..start.len() - block.len()], inputs)
}

/// The transactions of a block but the first, and what they spend from its undo file.
fn spends(block: &[u8], undo: &[u8], flags: Flags) -> Vec<Spend> {
    let (mut block, mut undo) = (&block[80..], undo);
    let count = compact_size(&mut block);
    transaction(&mut block);
    let spend = |_| {
        let (raw, inputs) = transaction(&mut block);
        let output = |_| {
            let value = i64::from_le_bytes(take(&mut undo, 8).try_into().expect("8 bytes"));
            let length = compact_size(&mut undo);
            Some(PreviousOutput { value, script: take(&mut undo, length).to_vec() })
        };
        let previous_outputs = (0..inputs).map(output).collect();
        Spend { raw: raw.to_vec(), context: Context::transaction(flags, previous_outputs) }
    };
    let spends = (1..count).map(spend).collect();
    assert!(block.is_empty() && undo.is_empty(), "a block and its undo file");
    spends
}

/// Every block with an undo file: its name in the expected rows, network and height, and files.
const BLOCKS: [(&str, Network, u32, &str); 10] = [
    ("mainnet-866342", Network::Main, 866_342, "profiles/bitcoin/block866342{}.raw.gz"),
    ("mainnet-367891", Network::Main, 367_891, "profiles/bitcoin/block367891{}.raw.gz"),
    ("shared:bcoin-block300025", Network::Main, 300_025, "chains/bitcoin-blocks/bcoin-block300025{}.raw"),
    (
        "shared:bcoin-testnet3-928816",
        Network::Testnet3,
        928_816,
        "chains/bitcoin-blocks/bcoin-block928816{}.raw",
    ),
    (
        "shared:bcoin-testnet3-928828",
        Network::Testnet3,
        928_828,
        "chains/bitcoin-blocks/bcoin-block928828{}.raw",
    ),
    (
        "shared:bcoin-testnet3-928831",
        Network::Testnet3,
        928_831,
        "chains/bitcoin-blocks/bcoin-block928831{}.raw",
    ),
    (
        "shared:bcoin-testnet3-928848",
        Network::Testnet3,
        928_848,
        "chains/bitcoin-blocks/bcoin-block928848{}.raw",
    ),
    (
        "shared:bcoin-testnet3-928849",
        Network::Testnet3,
        928_849,
        "chains/bitcoin-blocks/bcoin-block928849{}.raw",
    ),
    (
        "shared:bcoin-testnet3-928927",
        Network::Testnet3,
        928_927,
        "chains/bitcoin-blocks/bcoin-block928927{}.raw",
    ),
    (
        "shared:bcoin-testnet3-1087400",
        Network::Testnet3,
        1_087_400,
        "chains/bitcoin-blocks/bcoin-block1087400{}.raw",
    ),
];

/// Of every block all transactions on the fastest backend, and every 97th on each other: they are slower by far.
#[test]
fn every_transaction_of_the_real_blocks_is_valid() {
    let Some(rows) = common::rows(EXPECTED) else { return };
    let blocks = rows.iter().filter(|row| row.get("block").is_some());
    let mut expected: HashMap<(&str, String), &Json> = blocks
        .map(|row| {
            ((row["block"].as_str().expect("a name"), row["id"].as_str().expect("an id").to_owned()), row)
        })
        .collect();
    let (mut judged, mut checks) = (0, 0);
    for (name, network, height, files) in BLOCKS {
        let file = |which| common::bytes(&files.replace("{}", which)).expect("vectors beside the others");
        let spends = spends(&file(""), &file("-undo"), Flags::at(network, height, None));
        let reports = |engine, step| {
            let mut batch = Batch::new();
            spends.iter().step_by(step).for_each(|spend| batch.push(&Bitcoin, &spend.raw, &spend.context));
            verify(engine, batch).expect("an engine that works")
        };
        let all = reports(common::fastest(), 1);
        for (kind, engine) in common::engines() {
            for (place, report) in reports(engine, 97).iter().enumerate() {
                assert_eq!(report, &all[place * 97], "{name} on {kind}");
            }
        }
        for report in &all {
            assert_eq!(report.verdict, Verdict::Valid, "{name}: {report:?}");
            let mut id = report.tx_id.clone().expect("an id");
            id.reverse();
            let row = expected.remove(&(name, hex::encode(id)));
            let row = row.unwrap_or_else(|| panic!("{name} has another transaction"));
            let signatures: usize = report.inputs.iter().map(|input| input.signatures.len()).sum();
            assert_eq!(row["verdict"], "valid");
            assert_eq!(row["inputs"], report.inputs.len(), "{row}");
            assert_eq!(row["checks"], signatures, "{row}");
            judged += 1;
            checks += signatures;
        }
    }
    println!("{judged} transactions, {checks} checks");
    let left: Vec<_> =
        expected.keys().map(|(block, _)| *block).filter(|block| *block != "historic.jsonl").collect();
    // Their coinbase transactions, which have no scripts to run.
    assert!(left.len() <= BLOCKS.len(), "{} transactions were not judged: {left:?}", left.len());
}

#[test]
fn the_first_payment_is_valid() {
    let Some(rows) = common::rows("profiles/bitcoin/historic.jsonl") else { return };
    for mut row in rows {
        row["network"] = "main".into();
        let record = hex::decode(row["raw"].as_str().expect("digits")).expect("digits");
        let context = system_context(&row);
        let mut batch = Batch::new();
        sigwarp_profiles::System::push(&Bitcoin, &mut batch, &record, &context).expect("its context");
        let report = verify(common::fastest(), batch).expect("an engine that works").remove(0);
        assert_eq!(report.verdict, Verdict::Valid);
        let mut id = report.tx_id.expect("an id");
        id.reverse();
        assert_eq!(row["id"], hex::encode(id));
    }
}

fn system_context(row: &Json) -> AnyContext {
    sigwarp_profiles::System::context(&Bitcoin, &common::fields(row)).expect("the fields of a context")
}

/// A signature of each of these templates signs all of a transaction but how its script or witness is written, and by then
/// that has one form (BIP 66, 141 and 147).
#[test]
fn damaged_transactions_are_not_valid() {
    let Some(mut cases) = cases() else { return };
    let signed_whole = |case: &Case| {
        let of_types = |row: &Json| row["hash_type"].as_u64().is_some_and(|of| matches!(of, 0 | 1));
        let inputs = case.expected["inputs"].as_array().expect("inputs");
        inputs.iter().all(|input| {
            let template = input["template"].as_str().expect("a template");
            let signatures = input["signatures"].as_array().expect("signatures");
            let is_plain =
                ["pk", "pkh", "multisig", "p2wpkh", "p2wsh:pk", "p2wsh:pkh", "p2wsh:multisig", "p2tr:key"]
                    .contains(&template);
            is_plain && !signatures.is_empty() && signatures.iter().all(of_types)
        })
    };
    let has_witnesses = |case: &Case| case.row["height"].as_u64().is_some_and(|height| height >= 481_824);
    // These mutations add what nobody signs.
    let is_extended =
        |case: &Case| matches!(case.row["mutation"].as_str(), Some("extra_push" | "unexpected_witness"));
    cases.retain(|case| {
        let is_short = case.expected["verdict"] == "valid" && case.record.len() < 900;
        is_short && has_witnesses(case) && !is_extended(case) && signed_whole(case)
    });
    cases.truncate(16);
    assert!(cases.len() > 8, "{} cases", cases.len());
    let (judged, _) = common::damage(&Bitcoin, &cases, 8, |_, _, _| false);
    assert!(judged > 3000, "{judged} judged");
}

#[test]
fn without_its_outputs_a_transaction_is_undecided() {
    let Some(cases) = cases() else { return };
    let case =
        cases.iter().find(|case| case.expected["verdict"] == "valid" && case.row["prevouts"][1].is_array());
    let case = case.expect("a case of two inputs");
    let context = Context::transaction(Flags::at(Network::Main, 900_000, None), Vec::new());
    let mut batch = Batch::new();
    batch.push(&Bitcoin, &case.record, &context);
    let report = verify(common::fastest(), batch).expect("an engine that works").remove(0);
    assert_eq!(report.verdict, Verdict::undecided(Fault::MissingPreviousOutput));
    assert!(report.inputs.iter().all(|input| input.verdict == report.verdict));
}
