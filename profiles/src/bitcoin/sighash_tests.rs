//! The digests of vectors with whatever script and hash type, which no signature is needed for.

use serde_json::Value as Json;
use sigwarp::Engine;

use super::{Code, Hashes, MAX_SPANS, Signed, Spent, without_separators};
use crate::batch::hashed;
use crate::bitcoin::wire::{Output, Transaction};
use crate::work::{Piece, Work};

/// A file of JSON below the folder of the vectors; `None` (with a line that says so) where there is none configured.
fn json(name: &str) -> Option<Json> {
    let Some(folder) = std::env::var_os("SIGWARP_VECTORS") else {
        println!("SKIPPED {name}: SIGWARP_VECTORS is not set");
        return None;
    };
    let bytes = std::fs::read(std::path::Path::new(&folder).join(name)).expect("a file of vectors");
    Some(serde_json::from_slice(&bytes).expect("JSON"))
}

fn unhex(row: &Json) -> Vec<u8> {
    hex::decode(row.as_str().expect("text")).expect("digits")
}

/// What these pieces are when the engine has hashed.
fn resolved<'a>(work: Work<'a>, pieces: &[Piece<'a>]) -> Vec<Vec<u8>> {
    let engine = Engine::builder().build().expect("an engine");
    let (work, digests) = hashed(&engine, work);
    pieces.iter().map(|piece| work.resolve(piece, &digests).to_vec()).collect()
}

#[test]
fn legacy_digests_are_those_of_bitcoin_core() {
    let mut judged = 0;
    for name in [
        "chains/bitcoin-core-via-btcd/sighash.json",
        "chains/bitcoin-core-via-rust-bitcoin/legacy_sighash.json",
    ] {
        let Some(rows) = json(name) else { return };
        let rows: Vec<&Json> = rows.as_array().expect("rows").iter().skip(1).collect();
        let bytes: Vec<[Vec<u8>; 3]> = rows.iter().map(|row| [0, 1, 4].map(|at| unhex(&row[at]))).collect();
        let mut work = Work::default();
        let (mut pieces, mut expected) = (Vec::new(), Vec::new());
        for (row, [raw, script, digest]) in rows.iter().zip(&bytes) {
            let transaction = Transaction::read_whole(raw).expect("a transaction");
            let index = row[2].as_u64().expect("an index") as usize;
            let hash_type = row[3].as_i64().expect("a hash type") as u32;
            // Described, and hashed in place.
            for code in [Code::Legacy(script), Code::Deleted(script.clone())] {
                let mut hashes = Hashes::default();
                pieces.push(hashes.ecdsa(&transaction, index, &code, (0, hash_type), &mut work));
                expected.push(digest.iter().rev().copied().collect::<Vec<u8>>());
            }
        }
        judged += rows.len();
        assert_eq!(resolved(work, &pieces), expected, "{name}");
    }
    assert_eq!(judged, 789);
}

#[test]
fn hashed_taproot_are_those_of_bip_341() {
    let Some(vectors) = json("chains/bip341/wallet-test-vectors.json") else { return };
    let of = &vectors["keyPathSpending"][0];
    let raw = unhex(&of["given"]["rawUnsignedTx"]);
    let spent = of["given"]["utxosSpent"].as_array().expect("outputs");
    let scripts: Vec<Vec<u8>> = spent.iter().map(|row| unhex(&row["scriptPubKey"])).collect();
    let outputs = spent
        .iter()
        .zip(&scripts)
        .map(|(row, script)| Some(Output { value: row["amountSats"].as_i64().expect("an amount"), script }));
    let spent = Spent::new(outputs.collect());
    let transaction = Transaction::read_whole(&raw).expect("a transaction");
    let (mut hashes, mut work) = (Hashes::default(), Work::default());
    let (mut pieces, mut expected) = (Vec::new(), Vec::new());
    for input in of["inputSpending"].as_array().expect("inputs") {
        let index = input["given"]["txinIndex"].as_u64().expect("an index") as usize;
        let hash_type = input["given"]["hashType"].as_u64().expect("a hash type") as u8;
        let signed = Signed { hash_type, annex: None, leaf: None };
        let digest = hashes.taproot(&transaction, &spent, index, &signed, &mut work);
        pieces.push(digest.expect("a hash type that there is"));
        expected.push(unhex(&input["intermediary"]["sigHash"]));
    }
    assert_eq!(pieces.len(), 7);
    for hash_type in [4, 0x80, 0x84, 0xff] {
        let signed = Signed { hash_type, annex: None, leaf: None };
        assert!(hashes.taproot(&transaction, &spent, 0, &signed, &mut work).is_none());
    }
    assert_eq!(resolved(work, &pieces), expected);
}

/// However many OP_CODESEPARATOR a script has, the digest is that of the script without them, and what is kept is bounded.
#[test]
fn many_separators_make_the_digest_of_none() {
    let raw = [&[1, 0, 0, 0, 1][..], &[7; 36], &[0], &[0xff; 4], &[0], &[0; 4]].concat();
    let transaction = Transaction::read_whole(&raw).expect("a transaction");
    for separators in [1, MAX_SPANS - 1, MAX_SPANS, MAX_SPANS + 1, 300] {
        let script: Vec<u8> = (0..separators).flat_map(|_| [0x61, 0xab]).collect();
        let plain = vec![0x61; separators];
        assert_eq!(without_separators(&script).0, separators);
        let (mut hashes, mut work) = (Hashes::default(), Work::default());
        let pieces = [&script, &plain]
            .map(|script| hashes.ecdsa(&transaction, 0, &Code::Legacy(script), (0, 1), &mut work));
        assert!(work.pieces.len() <= 2 * (MAX_SPANS + 8), "{} pieces", work.pieces.len());
        let digests = resolved(work, &pieces);
        assert_eq!(digests[0], digests[1], "{separators}");
    }
}
