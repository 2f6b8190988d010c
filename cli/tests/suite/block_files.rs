//! `sigwarp transactions --profile bitcoin`: blocks and transactions with the outputs that they spend, and the files of
//! Bitcoin Core. The blocks are of regtest and spend outputs that anybody can: what is tested here is how they are read.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::common::{Ran, sigwarp};

const MAGIC: [u8; 4] = [0xfa, 0xbf, 0xb5, 0xda];
const KEY: [u8; 8] = [0x9a, 0x03, 0, 0xff, 0x51, 0x77, 0x01, 0xc2];
/// The height of the first block.
const FIRST: u32 = 1000;

fn sha256d(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(Sha256::digest(bytes)).into()
}

fn transaction(inputs: &[([u8; 36], Vec<u8>)], value: u64) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, inputs.len() as u8];
    for (outpoint, script) in inputs {
        bytes.extend([&outpoint[..], &[script.len() as u8], script, &[0xff; 4]].concat());
    }
    bytes.push(1);
    bytes.extend(value.to_le_bytes());
    // OP_1.
    bytes.extend([1, 0x51, 0, 0, 0, 0]);
    bytes
}

fn outpoint(of: u32) -> [u8; 36] {
    let mut outpoint = [7; 36];
    outpoint[..4].copy_from_slice(&of.to_le_bytes());
    outpoint
}

/// A block, its height where it has one, the verdict, the reason and the status.
type Expected<'m> = (&'m Made, Option<u32>, &'m str, Option<&'m str>, Option<&'m str>);

struct Made {
    bytes: Vec<u8>,
    hash: [u8; 32],
    previous: [u8; 32],
    /// `CBlockUndo`.
    undo: Vec<u8>,
}

/// A block with so many transactions of two inputs beside its coinbase: of an output of OP_1, and of the hash of that
/// script.
fn block(previous: [u8; 32], height: u32, others: u8, nonce: u8) -> Made {
    let height_push = [&[2], &(height as u16).to_le_bytes()[..], &[nonce]].concat();
    let mut null = [0; 36];
    null[32..].fill(0xff);
    let mut transactions = vec![transaction(&[(null, height_push)], 0)];
    let mut undo = vec![others];
    for other in 0..others {
        let of = height * 1000 + u32::from(other) * 2 + (u32::from(nonce) << 20);
        let inputs = [(outpoint(of), vec![]), (outpoint(of + 1), vec![1, 0x51])];
        transactions.push(transaction(&inputs, u64::from(nonce)));
        // Height 150, no coinbase: 300 − 128 behind a continuation; a version; 1 coin is 9; a script of one byte.
        undo.extend([2, 0x81, 0x2c, 0, 9, 7, 0x51]);
        // Height 0 and a coinbase, no version; no amount; the hash of a script.
        undo.extend([&[1, 0, 1], &hash160_of_op_1()[..]].concat());
    }
    let mut level: Vec<[u8; 32]> = transactions.iter().map(|bytes| sha256d(bytes)).collect();
    while level.len() > 1 {
        if level.len() % 2 == 1 {
            level.push(level[level.len() - 1]);
        }
        level = level.chunks(2).map(|pair| sha256d(&pair.concat())).collect();
    }
    let mut header = vec![0, 0, 0, 0x20];
    header.extend([previous, level[0]].concat());
    header.extend([0, 0, 0, 0x60, 0xff, 0xff, 0x7f, 0x20, nonce, 0, 0, 0]);
    let hash = sha256d(&header);
    let bytes = [header, vec![transactions.len() as u8], transactions.concat()].concat();
    Made { bytes, hash, previous, undo }
}

/// RIPEMD-160 of SHA-256 of the byte 51: `OP_HASH160 … OP_EQUAL` of OP_1.
fn hash160_of_op_1() -> [u8; 20] {
    let mut hash = [0; 20];
    hex::decode_to_slice("da1745e9b549bd0bfa1a569971c77eba30cd5a4b", &mut hash).expect("digits");
    hash
}

fn framed(bytes: &[u8]) -> Vec<u8> {
    [&MAGIC[..], &(bytes.len() as u32).to_le_bytes(), bytes].concat()
}

fn framed_undo(of: &Made) -> Vec<u8> {
    let checksum = sha256d(&[&of.previous[..], &of.undo].concat());
    [framed(&of.undo), checksum.to_vec()].concat()
}

/// Writes a file with the obfuscation, and padding behind it as it is allocated.
fn write(path: &Path, contents: &[u8], padding: usize) {
    let obfuscated = contents.iter().enumerate().map(|(place, byte)| byte ^ KEY[place % 8]);
    let bytes: Vec<u8> = obfuscated.chain(std::iter::repeat_n(0, padding)).collect();
    fs::write(path, bytes).expect("a file");
}

fn shown(hash: &[u8; 32]) -> String {
    hash.iter().rev().map(|byte| format!("{byte:02x}")).collect()
}

fn bitcoin(folder: &Path, arguments: &[&str]) -> Ran {
    let arguments = [&["transactions", "--profile", "bitcoin", "--network", "regtest"], arguments].concat();
    sigwarp(folder, &arguments, b"")
}

/// The lines of whole blocks.
fn lines(ran: &Ran) -> Vec<Value> {
    let lines = ran.out.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
    lines.filter(|line| line.get("transaction").is_none()).collect()
}

/// Heights 1000 to 1005, another 1002, one of which nothing is known, and one that is cut.
fn chain() -> (Vec<Made>, Made, Made) {
    let mut chain: Vec<Made> = Vec::new();
    let mut previous = [0x42; 32];
    for (place, others) in [3, 0, 2, 3, 1, 3].into_iter().enumerate() {
        chain.push(block(previous, FIRST + place as u32, others, 0));
        previous = chain[place].hash;
    }
    let stale = block(chain[1].hash, FIRST + 2, 2, 1);
    let lost = block([0x77; 32], FIRST + 9, 1, 2);
    (chain, stale, lost)
}

fn written(folder: &Path) -> (Vec<Made>, Made, Made) {
    let (chain, stale, lost) = chain();
    let blocks = folder.join("blocks");
    fs::create_dir(&blocks).expect("a folder");
    fs::write(blocks.join("xor.dat"), KEY).expect("a file");
    let bytes = |blocks: &[&Made]| blocks.iter().flat_map(|block| framed(&block.bytes)).collect::<Vec<u8>>();
    let undo = |blocks: &[&Made]| blocks.iter().flat_map(|block| framed_undo(block)).collect::<Vec<u8>>();
    // In the order in which they came; undo data in another.
    write(&blocks.join("blk00000.dat"), &bytes(&[&chain[3], &chain[0], &stale, &chain[1], &lost]), 100_000);
    write(&blocks.join("rev00000.dat"), &undo(&[&stale, &chain[0], &chain[3]]), 4096);
    let cut = framed(&chain[5].bytes);
    let second = [bytes(&[&chain[4], &chain[2]]), cut[..cut.len() - 20].to_vec()].concat();
    write(&blocks.join("blk00001.dat"), &second, 0);
    let mut wrong = framed_undo(&chain[4]);
    let last = wrong.len() - 1;
    wrong[last] ^= 1;
    write(&blocks.join("rev00001.dat"), &[wrong, undo(&[&chain[2]])].concat(), 0);
    (chain, stale, lost)
}

#[test]
fn files_of_bitcoin_core_are_read_in_any_order() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (chain, stale, lost) = written(folder.path());
    let expected = |rows: &[Expected<'_>]| -> Vec<Value> {
        let row = |(made, height, verdict, reason, status): &Expected<'_>| {
            json!([shown_raw(&made.hash), height.map(|height| height.to_string()), verdict, reason, status])
        };
        rows.iter().map(row).collect()
    };
    let first = expected(&[
        (&chain[3], Some(1003), "valid", None, None),
        (&chain[0], Some(1000), "valid", None, None),
        (&stale, Some(1002), "valid", None, Some("stale")),
        (&chain[1], Some(1001), "valid", None, None),
        (&lost, None, "undecided", Some("NoHeight"), None),
    ]);
    let second = expected(&[
        (&chain[4], Some(1004), "undecided", Some("MissingPreviousOutput"), None),
        (&chain[2], Some(1002), "valid", None, None),
    ]);
    let anchors = [([0x42; 32], 999), (chain[2].hash, 1002), (chain[5].hash, 1005), (stale.hash, 1002)];
    for (hash, height) in anchors {
        let anchor = format!("{}:{height}", shown(&hash));
        for files in [
            &["blocks"][..],
            &["blocks/rev00001.dat", "blocks/blk00001.dat", "blocks/blk00000.dat", "blocks/rev00000.dat"],
        ] {
            let ran = bitcoin(folder.path(), &[files, &["--anchor", &anchor, "--output", "-"]].concat());
            assert_eq!(ran.status, Some(1), "{ran:?}");
            let lines = lines(&ran);
            let found = |line: &Value| {
                let of = |name: &str| line.get(name).cloned().unwrap_or(Value::Null);
                json!([of("hash"), of("id"), of("verdict"), of("reason"), of("status")])
            };
            let rows: Vec<Value> = lines.iter().map(found).collect();
            assert_eq!(rows[..5], first, "{ran:?}");
            assert_eq!(rows[5..7], second);
            let cut = &lines[7];
            assert_eq!(
                (&cut["verdict"], &cut["reason"], &cut["id"]),
                (&json!("invalid"), &json!("Truncated"), &json!("1005"))
            );
            assert_eq!((&cut["row"], lines.len()), (&json!(2), 8));
            assert!(cut["file"].as_str().is_some_and(|file| file.ends_with("blk00001.dat")));
            // The undo data with the wrong checksum have a line.
            assert!(ran.err.contains("rev00001.dat: byte 8: undo data whose checksum"), "{}", ran.err);
        }
    }
}

/// A hash as reports have it: in the order of the wire.
fn shown_raw(hash: &[u8; 32]) -> String {
    hex::encode(hash)
}

#[test]
fn files_that_are_not_those_of_the_network_are_told_with_their_place() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    let (chain, ..) = written(path);
    let anchor = format!("{}:1000", shown(&chain[0].hash));
    let fails = |arguments: &[&str], told: &str| {
        let ran = bitcoin(path, &[arguments, &["--anchor", &anchor]].concat());
        assert_eq!(ran.status, Some(2), "{ran:?}");
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    };
    fs::create_dir(path.join("other")).expect("a folder");
    let of = |name: &str, bytes: &[u8]| fs::write(path.join("other").join(name), bytes).expect("a file");
    // Another network, a block that is too large, bytes behind the padding, a length that is cut.
    let good = framed(&chain[0].bytes);
    let at = good.len();
    of("blk00000.dat", &[&good[..], &[0xf9, 0xbe, 0xb4, 0xd9], &good[4..]].concat());
    fails(&["other"], &format!("blk00000.dat: byte {at}: this is a file of main, not of regtest"));
    of("blk00000.dat", &[&good[..], &MAGIC, &4_000_001u32.to_le_bytes()].concat());
    fails(&["other"], &format!("blk00000.dat: byte {at}: a block of 4000001 bytes; the most are 4000000"));
    of("blk00000.dat", &[&good[..], &[0; 70_000], &[1]].concat());
    fails(&["other"], &format!("blk00000.dat: byte {}: bytes behind the padding", at + 70_000));
    of("blk00000.dat", &[&good[..], &MAGIC, &[1, 0]].concat());
    fails(&["other"], &format!("blk00000.dat: byte {at}: the file ends in the length of a block"));
    of("blk00000.dat", &good);
    let undo = framed_undo(&chain[0]);
    of("rev00000.dat", &undo[..undo.len() - 1]);
    fails(&["other"], "rev00000.dat: byte 0: the undo data there go beyond the end of the file");
    of("xor.dat", &[1; 7]);
    fails(&["other"], "xor.dat: the key of the files is 8 bytes");
    of("xor.dat", &KEY);
    fails(&["other"], "blk00000.dat: byte 0: no block of regtest begins there");
    // An anchor that leads nowhere, and what is no anchor.
    let ran = bitcoin(path, &["blocks", "--anchor", &format!("{}:5", "ab".repeat(32))]);
    assert!(ran.status == Some(2) && ran.err.contains("no block in the files has this hash"), "{ran:?}");
    for wrong in ["12:5", &anchor[1..], &format!("{anchor}0000000"), "x"] {
        let ran = bitcoin(path, &["blocks", "--anchor", wrong]);
        assert!(ran.status == Some(2) && ran.err.contains("an anchor is the hash of a block"), "{ran:?}");
    }
    let ran = bitcoin(path, &["other/rev00000.dat", "--anchor", &anchor]);
    assert!(ran.status == Some(2) && ran.err.contains("there is no blkNNNNN.dat"), "{ran:?}");
    let arguments = ["transactions", "--profile", "ethereum", "blocks", "--anchor", &anchor];
    let ran = sigwarp(path, &arguments, b"");
    assert!(
        ran.status == Some(2) && ran.err.contains("--anchor: the profile ethereum has no use"),
        "{ran:?}"
    );
}

/// A raw block with undo data of both forms, a transaction with the outputs as JSON, and without them.
#[test]
fn a_block_or_a_transaction_is_judged_with_the_outputs_that_it_spends() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    let (chain, ..) = chain();
    let block = &chain[0];
    fs::write(path.join("block.raw"), &block.bytes).expect("a file");
    fs::write(path.join("core-undo.raw"), &block.undo).expect("a file");
    let p2sh = [&[0xa9, 20][..], &hash160_of_op_1(), &[0x87]].concat();
    let of_one = [&100_000_000u64.to_le_bytes()[..], &[1, 0x51], &[0; 8], &[23], &p2sh].concat();
    fs::write(path.join("undo.raw"), of_one.repeat(3)).expect("a file");
    let outputs = json!([[100_000_000, "51"], [0, hex::encode(&p2sh)]]).to_string();
    fs::write(path.join("outputs.json"), outputs).expect("a file");
    fs::write(path.join("one.raw"), transaction(&[(outpoint(0), vec![]), (outpoint(1), vec![1, 0x51])], 5))
        .expect("a file");
    let verdict = |arguments: &[&str]| {
        let ran = bitcoin(path, &[arguments, &["--height", "1000", "--output", "-"]].concat());
        let line = lines(&ran).remove(0);
        (ran.status, line["verdict"].as_str().map(str::to_owned), line["reason"].as_str().map(str::to_owned))
    };
    let valid = (Some(0), Some("valid".to_owned()), None);
    let as_block = ["block.raw", "--context", "form=block", "--previous-outputs"];
    assert_eq!(verdict(&[&as_block[..], &["undo.raw"]].concat()), valid);
    assert_eq!(verdict(&[&as_block[..], &["core-undo.raw", "--context", "undo=core"]].concat()), valid);
    assert_eq!(verdict(&["one.raw", "--previous-outputs", "outputs.json"]), valid);
    let (status, verdict, reason) = verdict(&["one.raw"]);
    assert_eq!(
        (status, verdict.as_deref(), reason.as_deref()),
        (Some(1), Some("undecided"), Some("MissingPreviousOutput"))
    );
    let ran = sigwarp(path, &["transactions", "--profile", "solana", "one.raw", "--height", "1"], b"");
    assert!(
        ran.status == Some(2) && ran.err.contains("--height: the profile solana has no use for it"),
        "{ran:?}"
    );
}
