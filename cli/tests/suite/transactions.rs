//! `sigwarp transactions`, as a user runs it.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::common::{self, Ran, sigwarp, summary};

/// The example of EIP-155.
const SIGNED: &str = "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025\
                      a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276\
                      a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83";
const SENDER: &str = "9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f";
const MAINNET: [&str; 4] = ["--context", "chain_id=1", "--context", "fork=prague"];

fn transactions(folder: &Path, arguments: &[&str], input: &str) -> Ran {
    let arguments = [&["transactions", "--profile", "ethereum"], arguments].concat();
    sigwarp(folder, &arguments, input.as_bytes())
}

/// A row with these members beside the example under its context.
fn row(members: Value) -> String {
    let mut row = json!({ "raw": SIGNED, "chain_id": 1, "fork": "prague" });
    let (into, members) = (row.as_object_mut().expect("an object"), members.as_object().expect("an object"));
    into.extend(members.clone());
    format!("{row}\n")
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

fn signed() -> Vec<u8> {
    hex::decode(SIGNED).expect("digits")
}

/// A block of these transactions without types, whose header has this root.
fn block(transactions: &[u8], root: &[u8; 32]) -> Vec<u8> {
    let string = |bytes: &[u8]| [&[0x80 + bytes.len() as u8], bytes].concat();
    let list =
        |payload: Vec<u8>| [&[0xf9, (payload.len() >> 8) as u8, payload.len() as u8], &payload[..]].concat();
    let zeros = [0; 32];
    let header = [
        &string(&zeros)[..],
        &string(&zeros),
        &string(&zeros[..20]),
        &string(&zeros),
        &string(root),
        &string(&zeros),
        &[&[0xb9, 1, 0][..], &[0; 256]].concat(),
        // Difficulty, the number, both gas fields, a time after Prague and the extra data.
        &[0x80, 0x83, 0x01, 0x86, 0xa0, 0x80, 0x80, 0x84, 0x68, 0x20, 0x00, 0x00, 0x80],
        &string(&zeros),
        &string(&zeros[..8]),
    ];
    let body = [&list(header.concat())[..], &list_of(transactions), &[0xc0]].concat();
    list(body)
}

fn list_of(payload: &[u8]) -> Vec<u8> {
    match payload.len() {
        short @ ..=55 => [&[0xc0 + short as u8], payload].concat(),
        long => [&[0xf8, long as u8], payload].concat(),
    }
}

#[test]
fn rows_carry_their_context_and_what_they_expect() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    fs::create_dir(path.join("data")).expect("a folder");
    fs::write(path.join("data/one.bin"), signed()).expect("a file");
    let rows = [
        row(json!({ "id": "good", "expected": true })),
        row(json!({ "id": "other chain", "chain_id": 5, "expected": "invalid" })),
        row(json!({ "id": "from", "from": SENDER })),
        row(json!({ "id": "file", "raw": null, "path": "one.bin", "expected": "valid" })),
        row(json!({ "id": "early", "fork": "frontier", "expected": false })),
    ];
    fs::write(path.join("data/rows.jsonl"), rows.concat()).expect("a file");
    let ran = transactions(path, &["data/rows.jsonl", "--output", "out.jsonl", "--format", "json"], "");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let summary = summary(&ran);
    let counts = json!({
        "records": 5, "transactions": 5, "signatures": 3, "valid": 3, "invalid": 2, "undecided": 0,
        "mismatched_expected": 0, "reasons": { "WrongChainId": 1, "ProtectedTooEarly": 1 }, "complete": true,
    });
    for (name, count) in counts.as_object().expect("an object") {
        assert_eq!(summary[name], *count, "{name}");
    }
    let lines = lines(&fs::read_to_string(path.join("out.jsonl")).expect("the output"));
    assert_eq!(lines.len(), 5);
    for (index, (line, id)) in lines.iter().zip(["good", "other chain", "from", "file", "early"]).enumerate()
    {
        assert_eq!((&line["index"], &line["id"], &line["row"]), (&json!(index), &json!(id), &json!(index)));
    }
    let good = &lines[0];
    assert_eq!(
        (&good["verdict"], &good["reason"], &good["sender"]),
        (&json!("valid"), &Value::Null, &json!(SENDER))
    );
    assert_eq!(good["signatures"][0]["rule"], "ecdsa-low-s");
    assert_eq!(good["signatures"][0]["address"], SENDER);
    assert_eq!((&lines[1]["verdict"], &lines[1]["reason"]), (&json!("invalid"), &json!("WrongChainId")));
}

#[test]
fn what_is_not_as_expected_ends_with_status_1() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let stranger = json!({ "id": "stranger", "from": "00".repeat(20) });
    let rows = [row(json!({ "expected": false })), row(stranger), row(json!({}))].concat();
    let ran = transactions(folder.path(), &["-", "--format", "json"], &rows);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    let summary = summary(&ran);
    assert_eq!((&summary["mismatched_expected"], &summary["not_valid"]), (&json!(1), &json!(1)));
    assert_eq!(summary["failures"].as_array().map(Vec::len), Some(2));
    assert_eq!(summary["failures"][1]["reason"], "WrongSender");
    // Quiet: only what is wrong, and nothing where nothing is.
    let ran = transactions(folder.path(), &["-", "--quiet"], &rows);
    assert!(ran.status == Some(1) && ran.out.contains("stranger invalid WrongSender"), "{ran:?}");
    let ran = transactions(folder.path(), &["-", "--quiet"], &row(json!({})));
    assert_eq!((ran.status, ran.out.as_str(), ran.err.as_str()), (Some(0), "", ""));
}

#[test]
fn files_of_bytes_hold_one_record_or_many() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    fs::create_dir(path.join("raw")).expect("a folder");
    fs::write(path.join("raw/one.bin"), signed()).expect("a file");
    // Without a type they say their length: three in a file, the last cut short.
    let three = signed().repeat(3);
    fs::write(path.join("raw/three"), &three[..three.len() - 1]).expect("a file");
    let ran = transactions(path, &[&["raw", "--output", "-"], &MAINNET[..]].concat(), "");
    assert_eq!(ran.status, Some(1), "{ran:?}");
    let lines = lines(&ran.out);
    let found: Vec<(&str, u64, &str)> = lines
        .iter()
        .map(|line| (&line["file"], &line["row"], &line["verdict"]))
        .map(|(file, row, verdict)| {
            (file.as_str().unwrap(), row.as_u64().unwrap(), verdict.as_str().unwrap())
        })
        .collect();
    let expected = [
        ("raw/one.bin", 0, "valid"),
        ("raw/three", 0, "valid"),
        ("raw/three", 1, "valid"),
        ("raw/three", 2, "invalid"),
    ];
    assert_eq!(found, expected);
    assert_eq!(lines[3]["reason"], "Truncated");
    // The same through a pipe.
    let arguments =
        [&["transactions", "--profile", "ethereum", "-", "--raw", "--format", "json"], &MAINNET[..]];
    let ran = sigwarp(path, &arguments.concat(), &signed().repeat(2));
    assert_eq!((ran.status, &summary(&ran)["valid"]), (Some(0), &json!(2)), "{ran:?}");
    // Shorter than what is looked at to find the length of a record.
    let ran = sigwarp(path, &arguments.concat(), &[0xc1, 0x80].repeat(5000));
    assert_eq!((ran.status, &summary(&ran)["records"]), (Some(1), &json!(5000)), "{ran:?}");
}

#[test]
fn blocks_are_reported_with_their_transactions() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    let root = "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";
    let empty: [u8; 32] = hex::decode(root).expect("digits").try_into().expect("32 bytes");
    let blocks = [block(&[], &empty), block(&signed(), &empty)].concat();
    fs::write(path.join("blocks.rlp"), blocks).expect("a file");
    let context = ["--context", "chain_id=1", "--context", "form=block"];
    let arguments = [&["blocks.rlp", "--output", "out.jsonl", "--format", "json"], &context[..]].concat();
    let ran = transactions(path, &arguments, "");
    assert_eq!(ran.status, Some(1), "{ran:?}");
    let summary = summary(&ran);
    let counts =
        ["records", "transactions", "valid", "invalid", "bad_blocks"].map(|name| summary[name].as_u64());
    assert_eq!(counts, [Some(2), Some(1), Some(1), Some(0), Some(1)], "{summary}");
    assert_eq!(summary["reasons"], json!({ "TransactionsRoot": 1 }));
    let lines = lines(&fs::read_to_string(path.join("out.jsonl")).expect("the output"));
    assert_eq!(lines.len(), 3);
    assert_eq!((&lines[0]["verdict"], lines[0].get("transaction")), (&json!("valid"), None));
    assert_eq!((&lines[1]["reason"], &lines[2]["transaction"]), (&json!("TransactionsRoot"), &json!(0)));
    assert_eq!((&lines[2]["sender"], &lines[2]["index"]), (&json!(SENDER), &json!(1)));
}

#[test]
fn a_column_of_parquet_is_read_under_the_context_of_the_command() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    let generate = ["gen", "--rows", "50", "--mix", "ed25519:zip215", "--output", "rows.parquet"];
    assert_eq!(sigwarp(path, &generate, b"").status, Some(0));
    // Its messages are no transactions, and each has a verdict that says so.
    let arguments = [&["rows.parquet", "--column", "message", "--format", "json"], &MAINNET[..]].concat();
    let ran = transactions(path, &arguments, "");
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert_eq!(summary(&ran)["invalid"], 50);
    let ran = transactions(path, &["rows.parquet", "--column", "message"], "");
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.err.contains("--context chain_id=VALUE"), "{ran:?}");
}

/// The tokens of RFC 7515, appendix A.3, and RFC 8037, appendix A.4, and their keys.
const TOKENS: &str = include_str!("../../../datasets/samples/tokens.txt");
const KEY_SET: &str = include_str!("../../../datasets/samples/jwks.json");

/// The keys of [`KEY_SET`].
const KEYS_IN_PEM: &str = "\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7
6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==
-----END PUBLIC KEY-----
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
";

#[test]
fn the_pairs_of_a_secure_element_are_rows() {
    let rows = include_str!("../../../datasets/samples/secure-element.jsonl");
    let arguments = ["transactions", "--profile", "secure-element", "--format", "json", "-"];
    let ran = sigwarp(Path::new("."), &arguments, rows.as_bytes());
    assert_eq!((ran.status, summary(&ran)["valid"].clone()), (Some(0), json!(2)), "{ran:?}");
    let swapped = rows.replace("test", "tset").replace("74657374", "74736574");
    let ran = sigwarp(Path::new("."), &arguments, swapped.as_bytes());
    assert_eq!((ran.status, summary(&ran)["mismatched_expected"].clone()), (Some(1), json!(1)), "{ran:?}");
}

#[test]
fn tokens_stand_one_in_a_line_and_keys_in_a_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    fs::write(path.join("keys.json"), KEY_SET).expect("a file");
    let tokens: Vec<&str> = TOKENS.lines().collect();
    let changed = tokens[0].replacen("eyJpc3Mi", "eyJpc3MI", 1);
    let text = format!("{}\r\n\n{}\n{changed}", tokens[0], tokens[1]);
    fs::write(path.join("tokens.txt"), &text).expect("a file");
    let jose = |arguments: &[&str], input: &str| {
        let all = [&["transactions", "--profile", "jose", "--format", "json"], arguments].concat();
        sigwarp(path, &all, input.as_bytes())
    };
    let ran = jose(&["tokens.txt", "--keys", "keys.json", "--output", "out.jsonl"], "");
    assert_eq!(ran.status, Some(1), "{ran:?}");
    let reports = lines(&fs::read_to_string(path.join("out.jsonl")).expect("a file"));
    let told = |report: &Value| (report["row"].clone(), report["verdict"].clone(), report["reason"].clone());
    assert_eq!(
        reports.iter().map(told).collect::<Vec<_>>(),
        [
            (json!(0), json!("valid"), Value::Null),
            // An empty line is no row, as in files of rows.
            (json!(1), json!("valid"), Value::Null),
            (json!(2), json!("invalid"), json!("signature: EquationFailed")),
        ]
    );
    // The same through standard input, where rows with a context of their own may stand between.
    let own: Value = serde_json::from_str(KEY_SET).expect("JSON");
    let row = json!({ "input": tokens[1], "options": { "keys": own["keys"] }, "expected": true });
    let ran = jose(&["-", "--keys", "keys.json"], &format!("{}\n{row}\n", tokens[0]));
    assert_eq!((ran.status, summary(&ran)["valid"].clone()), (Some(0), json!(2)), "{ran:?}");
    // The same keys as PEM, which are found by their thumbprints or, as they are few, tried.
    fs::write(path.join("keys.pem"), KEYS_IN_PEM).expect("a file");
    let ran = jose(&["-", "--keys", "keys.pem"], &format!("{}\n{}\n", tokens[0], tokens[1]));
    assert_eq!((ran.status, summary(&ran)["valid"].clone()), (Some(0), json!(2)), "{ran:?}");
    // Without keys nothing is decided.
    let ran = jose(&["tokens.txt"], "");
    assert_eq!((ran.status, summary(&ran)["undecided"].clone()), (Some(1), json!(3)), "{ran:?}");
    for (name, contents, told) in [
        ("bad.json", "{", "--keys bad.json: not a JSON object: EOF while parsing"),
        ("number.json", "7", "--keys number.json: not a JSON object: invalid type"),
        ("none.json", r#"{"keys":7}"#, "--keys none.json: there are no keys in it; give a JWK Set"),
        (
            "key.pem",
            "-----BEGIN PRIVATE KEY-----\n",
            "--keys key.pem: block 1 is \"PRIVATE KEY\"; PUBLIC KEY and",
        ),
        ("key.der", "0", "--keys key.der: the field \"keys\" must be JSON Web Keys"),
        ("half.json", r#"{"kty":"EC"}"#, "--keys half.json: the field \"keys\" must be JSON Web Keys"),
    ] {
        fs::write(path.join(name), contents).expect("a file");
        let ran = jose(&["tokens.txt", "--keys", name], "");
        assert!(ran.status == Some(2) && ran.err.contains(told), "{ran:?}");
    }
    let ran = jose(&["tokens.txt", "--keys", "absent.json"], "");
    assert!(ran.status == Some(2) && ran.err.contains("--keys absent.json: cannot read"), "{ran:?}");
}

#[test]
fn bad_input_names_the_place_and_the_remedy() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    fs::write(path.join("rows.csv"), "raw\n00\n").expect("a file");
    fs::write(path.join("large.bin"), [0x02; 64]).expect("a file");
    let limit = ["large.bin", "--max-record-bytes", "63"];
    for (arguments, input, told) in [
        (
            &["-"][..],
            row(json!({ "fork": "atlantis" })),
            "row 0: the field \"fork\" must be the name of a fork",
        ),
        (&["-"], row(json!({ "raw": null })), "row 0: there is no record: none of raw or path"),
        (&["-"], row(json!({ "raw": "0" })), "row 0: the record is no bytes in hexadecimal digits"),
        (&["-"], format!("{}[]\n", row(json!({}))), "row 1: not a JSON object"),
        (
            &["-"],
            row(json!({ "expected": "maybe" })),
            "row 0: expected is a boolean, valid, invalid or undecided",
        ),
        (&["-"], row(json!({ "raw": null, "path": "none.bin" })), "none.bin: No such file"),
        (&["rows.csv"], String::new(), "add --raw"),
        (
            &["-", "--context", "chain_id"],
            String::new(),
            "a field is written as NAME=VALUE, such as chain_id=1",
        ),
        (&["-", "--context", "chian_id=1"], String::new(), "no such field; it has chain_id, fork"),
        (&["-", "--keys", "rows.csv"], String::new(), "--keys: the profile ethereum has no use for it"),
        (&["-", "--output", "out.parquet"], row(json!({})), "transactions writes JSONL"),
        (&[&limit[..], &MAINNET].concat(), String::new(), "record 0: a record of more than 63 bytes"),
    ] {
        let ran = transactions(path, arguments, &input);
        assert_eq!(ran.status, Some(2), "{told}: {ran:?}");
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }
    let ran = common::sigwarp(path, &["transactions", "-", "--profile", "atlantis"], b"");
    assert!(ran.status == Some(2) && ran.err.contains("ethereum"), "{ran:?}");
}
