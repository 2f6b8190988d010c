//! The vectors of Bitcoin Core: scripts, transactions, taproot's reference witnesses; and those of BIP 341.

use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use sigwarp::Engine;
use sigwarp_profiles::bitcoin::{Bitcoin, Context, Fault, Flags, PreviousOutput};
use sigwarp_profiles::{Batch, Report, Verdict, verify};

use crate::common;

const FOLDER: &str = "chains/bitcoin-core-via-btcd";

fn json(name: &str) -> Option<Vec<Json>> {
    Some(serde_json::from_slice(&common::bytes(name)?).expect("an array of JSON"))
}

fn text(row: &Json) -> &str {
    row.as_str().expect("text")
}

fn unhex(row: &Json) -> Vec<u8> {
    hex::decode(text(row)).expect("digits")
}

/// The flags of a list of names as the tests write it.
fn flags(names: &str) -> Flags {
    let known = |name: &str| Flags::from_name(name).unwrap_or_else(|| panic!("{name} is no flag"));
    let names = names.split(',').filter(|name| !name.is_empty() && *name != "NONE");
    names.map(known).fold(Flags::NONE, |all, flag| all | flag)
}

/// The opcodes from OP_NOP on, as the tests name them; before them stand pushes.
const NAMES: &str = "NOP VER IF NOTIF VERIF VERNOTIF ELSE ENDIF VERIFY RETURN TOALTSTACK FROMALTSTACK 2DROP 2DUP 3DUP 2OVER \
    2ROT 2SWAP IFDUP DEPTH DROP DUP NIP OVER PICK ROLL ROT SWAP TUCK CAT SUBSTR LEFT RIGHT SIZE INVERT AND OR XOR EQUAL \
    EQUALVERIFY RESERVED1 RESERVED2 1ADD 1SUB 2MUL 2DIV NEGATE ABS NOT 0NOTEQUAL ADD SUB MUL DIV MOD LSHIFT RSHIFT BOOLAND \
    BOOLOR NUMEQUAL NUMEQUALVERIFY NUMNOTEQUAL LESSTHAN GREATERTHAN LESSTHANOREQUAL GREATERTHANOREQUAL MIN MAX WITHIN \
    RIPEMD160 SHA1 SHA256 HASH160 HASH256 CODESEPARATOR CHECKSIG CHECKSIGVERIFY CHECKMULTISIG CHECKMULTISIGVERIFY NOP1 \
    CHECKLOCKTIMEVERIFY CHECKSEQUENCEVERIFY NOP4 NOP5 NOP6 NOP7 NOP8 NOP9 NOP10 CHECKSIGADD";

fn push(data: &[u8]) -> Vec<u8> {
    let length = data.len();
    let prefix = match length {
        0..0x4c => vec![length as u8],
        0x4c..=0xff => vec![0x4c, length as u8],
        _ => [&[0x4d][..], &(length as u16).to_le_bytes()].concat(),
    };
    [&prefix, data].concat()
}

fn number(value: i64) -> Vec<u8> {
    match value {
        0 => vec![0],
        -1 => vec![0x4f],
        1..=16 => vec![0x50 + value as u8],
        _ => {
            let mut bytes = value.unsigned_abs().to_le_bytes().to_vec();
            bytes.truncate(8 - value.unsigned_abs().leading_zeros() as usize / 8);
            if bytes.last().expect("not 0") & 0x80 != 0 {
                bytes.push(0);
            }
            *bytes.last_mut().expect("not 0") |= if value < 0 { 0x80 } else { 0 };
            push(&bytes)
        }
    }
}

/// A script as the tests write it: numbers, bytes after `0x`, text in apostrophes, and opcodes.
fn script(words: &str) -> Vec<u8> {
    let word = |word: &str| {
        if let Some(digits) = word.strip_prefix("0x") {
            return hex::decode(digits).expect("digits");
        }
        if let Some(text) = word.strip_prefix('\'') {
            return push(text.strip_suffix('\'').expect("two apostrophes").as_bytes());
        }
        if let Ok(value) = word.parse() {
            return number(value);
        }
        let name = word.strip_prefix("OP_").unwrap_or(word);
        let place = NAMES.split_whitespace().position(|of| of == name);
        match (name, place) {
            ("RESERVED", _) => vec![0x50],
            ("PUSHDATA1", _) => vec![0x4c],
            ("1NEGATE", _) => vec![0x4f],
            (_, Some(place)) => vec![0x61 + place as u8],
            _ => panic!("{word} is no opcode"),
        }
    };
    words.split_whitespace().flat_map(word).collect()
}

fn compact_size(length: usize) -> Vec<u8> {
    match length {
        0..0xfd => vec![length as u8],
        0xfd..=0xffff => [&[0xfd][..], &(length as u16).to_le_bytes()].concat(),
        _ => [&[0xfe][..], &(length as u32).to_le_bytes()].concat(),
    }
}

fn sized(bytes: &[u8]) -> Vec<u8> {
    [&compact_size(bytes.len()), bytes].concat()
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// A record with its context.
struct Test {
    raw: Vec<u8>,
    context: Context,
}

fn judge(engine: &Engine, tests: &[Test]) -> Vec<Report> {
    let mut batch = Batch::new();
    tests.iter().for_each(|test| batch.push(&Bitcoin, &test.raw, &test.context));
    verify(engine, batch).expect("an engine that works")
}

/// A transaction that spends an output of this script and amount, as `script_tests` builds it.
fn spend(output: &[u8], input: &[u8], witness: &[Vec<u8>], value: i64, flags: Flags) -> Test {
    let max = 0xffff_ffff_u32.to_le_bytes();
    let credit = [
        &1_u32.to_le_bytes()[..],
        &[1],
        &[0; 32],
        &max,
        &[2, 0, 0],
        &max,
        &[1],
        &value.to_le_bytes(),
        &sized(output),
        &[0; 4],
    ]
    .concat();
    let stack: Vec<u8> = witness.iter().flat_map(|element| sized(element)).collect();
    let has_witness = !witness.is_empty();
    let raw = [
        &1_u32.to_le_bytes()[..],
        if has_witness { &[0, 1] } else { &[] },
        &[1],
        &sha256(&sha256(&credit)),
        &[0; 4],
        &sized(input),
        &max,
        &[1],
        &value.to_le_bytes(),
        &[0],
        &if has_witness { [compact_size(witness.len()), stack].concat() } else { Vec::new() },
        &[0; 4],
    ]
    .concat();
    let previous = PreviousOutput { value, script: output.to_vec() };
    Test { raw, context: Context::transaction(flags, vec![Some(previous)]) }
}

/// The key of BIP 341 that nobody knows the secret of.
const UNKNOWN: &str = "50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0";

fn tagged(tag: &str, message: &[u8]) -> [u8; 32] {
    let tag = sha256(tag.as_bytes());
    sha256(&[&tag, &tag, message].concat())
}

/// The key of an output that commits to one leaf, and the control block.
fn one_leaf(script: &[u8]) -> ([u8; 32], Vec<u8>) {
    use k256::elliptic_curve::sec1::{FromSec1Point as _, ToSec1Point as _};
    let internal = hex::decode(UNKNOWN).expect("digits");
    let leaf = tagged("TapLeaf", &[&[0xc0], &sized(script)[..]].concat());
    let tweak = tagged("TapTweak", &[&internal[..], &leaf].concat());
    let point = k256::Sec1Point::from_bytes([&[2], &internal[..]].concat()).expect("a point");
    let point = k256::ProjectivePoint::from(k256::AffinePoint::from_sec1_point(&point).expect("a point"));
    let tweak = <k256::Scalar as k256::elliptic_curve::ops::Reduce<k256::FieldBytes>>::reduce(&tweak.into());
    let output = (point + k256::ProjectivePoint::GENERATOR * tweak).to_affine().to_sec1_point(true);
    let bytes = output.as_bytes();
    let control = [&[0xc0 | (bytes[0] & 1)], &internal[..]].concat();
    (bytes[1..].try_into().expect("32 bytes"), control)
}

#[test]
fn the_script_tests_of_bitcoin_core_end_as_they_say() {
    let Some(rows) = json(&format!("{FOLDER}/script_tests.json")) else { return };
    let (mut tests, mut expected) = (Vec::new(), Vec::new());
    for row in rows.iter().filter_map(Json::as_array).filter(|row| row.len() >= 4) {
        let (witness, rest) = match row[0].as_array() {
            Some(witness) => (witness.as_slice(), &row[1..]),
            None => (&[][..], row.as_slice()),
        };
        let (value, witness) = match witness.split_last() {
            Some((amount, elements)) => {
                ((amount.as_f64().expect("an amount") * 1e8).round() as i64, elements)
            }
            None => (0, &[][..]),
        };
        let of_leaf = witness.iter().find_map(|element| text(element).strip_prefix("#SCRIPT#")).map(script);
        let (key, control) = of_leaf.as_deref().map(one_leaf).unwrap_or_default();
        let element = |element: &Json| match text(element) {
            "#CONTROLBLOCK#" => control.clone(),
            words if words.starts_with("#SCRIPT#") => of_leaf.clone().expect("a leaf"),
            digits => hex::decode(digits).expect("digits"),
        };
        let witness: Vec<Vec<u8>> = witness.iter().map(element).collect();
        let output = text(&rest[1]).replace("#TAPROOTOUTPUT#", &format!("0x{}", hex::encode(key)));
        tests.push(spend(&script(&output), &script(text(&rest[0])), &witness, value, flags(text(&rest[2]))));
        expected.push((row, text(&rest[3])));
    }
    for (kind, engine) in common::engines() {
        let mut wrong = Vec::new();
        for (report, (row, expected)) in judge(engine, &tests).iter().zip(&expected) {
            let verdict = report.inputs[0].verdict;
            let name = verdict.cause().map_or_else(|| "OK".to_owned(), |cause| cause.to_string());
            // The one name that the tests have of their own.
            let expected = if *expected == "NULLFAIL" { "SIG_NULLFAIL" } else { expected };
            if name != expected || verdict.name() == "undecided" {
                wrong.push(format!("{verdict:?}: {}", serde_json::Value::from((*row).clone())));
            }
        }
        assert!(wrong.is_empty(), "{} on {kind}:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    }
    assert_eq!(tests.len(), SCRIPT_TESTS);
}

/// The tests of `script_tests.json`, its comments left out.
const SCRIPT_TESTS: usize = 1222;

/// The rows of a file of transactions: the record with the outputs that it spends, and the flags it names.
fn transactions(name: &str, flags: impl Fn(&str) -> Flags) -> Option<Vec<(Test, String)>> {
    let rows = json(&format!("{FOLDER}/{name}"))?;
    let rows = rows.into_iter().filter(|row| row[0].is_array()).map(|row| {
        let raw = unhex(&row[1]);
        let outputs = row[0].as_array().expect("outputs");
        let find = |outpoint: &[u8]| {
            let mut id = outpoint[..32].to_vec();
            id.reverse();
            let index = i64::from(i32::from_le_bytes(outpoint[32..].try_into().expect("4 bytes")));
            let is_it = |output: &&Json| {
                // The index of an output that is none stands there as -1 or as 2^32 - 1.
                let of = output[1].as_i64().expect("an index");
                text(&output[0]) == hex::encode(&id) && (of == index || of == index & 0xffff_ffff)
            };
            let output = outputs.iter().find(is_it)?;
            let value = output[3].as_i64().unwrap_or(0);
            Some(PreviousOutput { value, script: script(text(&output[2])) })
        };
        let previous_outputs = outpoints(&raw).iter().map(|outpoint| find(outpoint)).collect();
        let names = text(&row[2]).to_owned();
        let context = Context::transaction(flags(&names), previous_outputs);
        (Test { raw, context }, names)
    });
    Some(rows.collect())
}

/// The outpoints of a transaction, which has less than 253 inputs.
fn outpoints(raw: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = match raw[4..6] {
        [0, 1] => &raw[6..],
        _ => &raw[4..],
    };
    let inputs = rest[0];
    rest = &rest[1..];
    let mut outpoints = Vec::new();
    for _ in 0..inputs {
        outpoints.push(rest[..36].to_vec());
        let (length, width) = match rest[36] {
            0xfd => (usize::from(u16::from_le_bytes([rest[37], rest[38]])), 3),
            small => (small.into(), 1),
        };
        rest = &rest[36 + width + length + 4..];
    }
    outpoints
}

/// What Bitcoin Core's tests add: rules that stand on others.
fn filled(flags: Flags) -> Flags {
    let flags = if flags.any(Flags::CLEANSTACK) { flags | Flags::WITNESS } else { flags };
    if flags.any(Flags::WITNESS) { flags | Flags::P2SH } else { flags }
}

/// Or take away.
fn trimmed(flags: Flags) -> Flags {
    let flags = if flags.any(Flags::P2SH) { flags } else { flags.without(Flags::WITNESS) };
    if flags.any(Flags::WITNESS) { flags } else { flags.without(Flags::CLEANSTACK) }
}

/// Every script of every input, whatever the transaction is otherwise.
fn scripts_hold(report: &Report) -> bool {
    !report.inputs.is_empty() && report.inputs.iter().all(|input| input.verdict.is_valid())
}

/// The names are those of the rules under which a transaction is not valid; under all others it is.
#[test]
fn the_valid_transactions_of_bitcoin_core_are_valid_without_the_rules_they_name() {
    let Some(tests) = transactions("tx_valid.json", |names| trimmed(Flags::ALL.without(flags(names)))) else {
        return;
    };
    let (tests, names): (Vec<Test>, Vec<String>) = tests.into_iter().unzip();
    for (kind, engine) in common::engines() {
        for ((report, test), names) in judge(engine, &tests).iter().zip(&tests).zip(&names) {
            let of = || format!("{} without {names} on {kind}: {report:?}", hex::encode(&test.raw));
            // A coinbase transaction has no scripts to run, and waits for its block.
            if report.verdict == Verdict::undecided(Fault::Coinbase) {
                continue;
            }
            assert!(scripts_hold(report) && report.verdict.is_valid(), "{}", of());
        }
    }
    assert_eq!(tests.len(), 121);
    // Each rule that is named is needed: with it the transaction is invalid.
    let mut needed = Vec::new();
    for (test, names) in tests.iter().zip(&names) {
        for name in names.split(',').filter(|name| *name != "NONE") {
            let flags = trimmed(Flags::ALL.without(flags(names))) | flags(name);
            let context = Context { flags, ..test.context.clone() };
            needed.push(Test { raw: test.raw.clone(), context });
        }
    }
    let reports = judge(common::fastest(), &needed);
    assert!(reports.iter().all(|report| !report.verdict.is_valid()));
}

#[test]
fn the_invalid_transactions_of_bitcoin_core_are_invalid_under_the_rules_they_name() {
    let of = |names: &str| if names == "BADTX" { Flags::ALL } else { filled(flags(names)) };
    let Some(tests) = transactions("tx_invalid.json", of) else { return };
    let (tests, names): (Vec<Test>, Vec<String>) = tests.into_iter().unzip();
    for (kind, engine) in common::engines() {
        for ((report, test), names) in judge(engine, &tests).iter().zip(&tests).zip(&names) {
            let of = || format!("{} under {names} on {kind}: {report:?}", hex::encode(&test.raw));
            assert!(matches!(report.verdict, Verdict::Invalid(_)), "{}", of());
            // Scripts fail where scripts are the matter, and only there.
            match names.as_str() {
                "BADTX" => {}
                _ => assert!(!scripts_hold(report), "{}", of()),
            }
        }
    }
    assert_eq!(tests.len(), 93);
}

/// Of each reference witness the one that must pass, and the one that must not; on the slow backends every 29th of them.
#[test]
fn the_reference_witnesses_of_taproot_pass_and_fail_as_they_say() {
    let Some(rows) = common::rows("chains/bitcoin-core-taproot-ref/taproot-ref.jsonl.gz") else { return };
    let (mut tests, mut expected) = (Vec::new(), Vec::new());
    for row in &rows {
        let raw = unhex(&row["tx"]);
        let outputs = row["prevouts"].as_array().expect("outputs").iter().map(|output| {
            let bytes = unhex(output);
            let (value, script) = bytes.split_at(8);
            let value = i64::from_le_bytes(value.try_into().expect("8 bytes"));
            // All are shorter than 253 bytes.
            Some(PreviousOutput { value, script: script[1..].to_vec() })
        });
        let previous_outputs: Vec<_> = outputs.collect();
        let index = row["index"].as_u64().expect("an index") as usize;
        for (which, passes) in [("success", true), ("failure", false)] {
            let Some(given) = row.get(which).filter(|given| given.is_object()) else { continue };
            let witness: Vec<Vec<u8>> =
                given["witness"].as_array().expect("a witness").iter().map(unhex).collect();
            let raw = with_input(&raw, index, &unhex(&given["scriptSig"]), &witness);
            let context = Context::transaction(flags(text(&row["flags"])), previous_outputs.clone());
            tests.push(Test { raw, context });
            expected.push((index, passes, &row["comment"]));
        }
    }
    let wrong = |engine, step: usize| {
        let mut batch = Batch::new();
        tests.iter().step_by(step).for_each(|test| batch.push(&Bitcoin, &test.raw, &test.context));
        let reports = verify(engine, batch).expect("an engine that works");
        let mut wrong = Vec::new();
        for (report, (index, passes, comment)) in reports.iter().zip(expected.iter().step_by(step)) {
            let verdict = report.inputs.get(*index).map(|input| input.verdict);
            let decided = !matches!(verdict, None | Some(Verdict::Undecided(_)));
            if !decided || verdict.is_some_and(Verdict::is_valid) != *passes {
                wrong.push(format!("{comment} must {passes}: {verdict:?} {:?}", report.verdict));
            }
        }
        wrong
    };
    for (kind, engine) in common::engines() {
        let wrong = wrong(engine, 29);
        assert!(wrong.is_empty(), "{} on {kind}:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    }
    let wrong = wrong(common::fastest(), 1);
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    assert_eq!((rows.len(), tests.len()), (2760, 5243));
}

/// A transaction without witnesses, with the script and the witness of one input.
fn with_input(raw: &[u8], index: usize, script: &[u8], witness: &[Vec<u8>]) -> Vec<u8> {
    let inputs = usize::from(raw[4]);
    let mut at = 5 + index * 41;
    assert!(inputs < 0xfd && raw[at + 36] == 0, "inputs without scripts");
    let mut made = [&raw[..4], &[0, 1], &raw[4..at + 36], &sized(script)].concat();
    at += 37;
    made.extend_from_slice(&raw[at..raw.len() - 4]);
    for input in 0..inputs {
        match input == index {
            false => made.push(0),
            true => {
                made.extend(compact_size(witness.len()));
                witness.iter().for_each(|element| made.extend(sized(element)));
            }
        }
    }
    if witness.is_empty() {
        // A witness section of nothing is refused.
        let front = [&raw[..5 + index * 41 + 36], &sized(script)].concat();
        return [&front, &raw[at..]].concat();
    }
    made.extend_from_slice(&raw[raw.len() - 4..]);
    made
}

/// The transaction of BIP 341 that spends seven outputs by their keys, each with another hash type.
#[test]
fn the_key_paths_of_bip_341_are_valid() {
    let Some(bytes) = common::bytes("chains/bip341/wallet-test-vectors.json") else { return };
    let vectors: Json = serde_json::from_slice(&bytes).expect("JSON");
    let of = &vectors["keyPathSpending"][0];
    let output = |row: &Json| {
        let value = row["amountSats"].as_i64().expect("an amount");
        Some(PreviousOutput { value, script: unhex(&row["scriptPubKey"]) })
    };
    let previous_outputs: Vec<_> =
        of["given"]["utxosSpent"].as_array().expect("outputs").iter().map(output).collect();
    let raw = unhex(&of["auxiliary"]["fullySignedTx"]);
    let test = Test { raw, context: Context::transaction(Flags::ALL, previous_outputs) };
    for (kind, engine) in common::engines() {
        let report = judge(engine, std::slice::from_ref(&test)).remove(0);
        assert_eq!(report.verdict, Verdict::Valid, "{kind}: {report:?}");
        assert_eq!(report.inputs.len(), 9);
    }
}
