//! Signatures of real networks and published vectors, read from the directory that SIGWARP_VECTORS names.

use crate::common;

use common::{Cases, Expect, bytes, rows, text, unhex, vectors};
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use sigwarp::{
    EcdsaEncoding, EcdsaRule, EcdsaScheme, Reason, Scheme, Suite, Verdict, ethereum_address, oracle, recover,
};

/// Pushes a row of the format of `sigwarp verify`, under its own rule or under each that `expected` lists.
fn push_row(cases: &mut Cases, row: &serde_json::Value) {
    let scheme = text(row, "scheme").unwrap();
    let user_id = bytes(row, "user_id");
    let suite = |rule: Option<&str>| {
        Suite::from_names(scheme, rule, text(row, "encoding"), user_id.as_deref()).unwrap()
    };
    let message =
        bytes(row, "message").filter(|_| row.get("digest").is_none()).or(bytes(row, "digest")).unwrap();
    let (key, signature) = (bytes(row, "public_key").unwrap(), bytes(row, "signature").unwrap());
    let id = text(row, "id").unwrap();
    let mut push = |rule: Option<&str>, valid: bool| {
        cases.push(id, &suite(rule), (&key, &message, &signature), Expect::from_validity(valid));
    };
    match &row["expected"] {
        serde_json::Value::Object(by_rule) => {
            for (rule, valid) in by_rule {
                push(Some(rule), valid.as_bool().unwrap());
            }
        }
        valid => push(text(row, "rule"), valid.as_bool().unwrap()),
    }
}

fn check_rows(file: &str, items: usize) {
    let Some(content) = vectors(file) else { return };
    let mut cases = Cases::default();
    for row in rows(&content) {
        push_row(&mut cases, &row);
    }
    assert_eq!(cases.check(), items, "{file}");
}

#[test]
fn bitcoin() {
    check_rows("real/bitcoin.jsonl", 3874);
}

#[test]
fn ethereum() {
    check_rows("real/ethereum.jsonl", 1370);
}

#[test]
fn xrpl() {
    check_rows("real/xrpl.jsonl", 134);
}

#[test]
fn neo() {
    check_rows("real/neo.jsonl", 253);
}

#[test]
fn fabric() {
    check_rows("real/fabric.jsonl", 64);
}

#[test]
fn solana() {
    check_rows("real/solana.jsonl", 21);
}

#[test]
fn sm2_edges() {
    let Some(content) = vectors("edges/sm2.jsonl") else { return };
    let mut cases = Cases::default();
    for row in rows(&content) {
        // s + n has 257 bits: the row has an odd number of digits, and no signature of 64 bytes can say it.
        // sm2_edges.rs has the case in DER, which can.
        if text(&row, "id") != Some("s+n") {
            push_row(&mut cases, &row);
        }
    }
    assert_eq!(cases.check(), 10);
}

#[test]
fn ed25519_edges() {
    check_rows("edges/ed25519.jsonl", 1273 * 9);
}

/// Bitcoin's signatures hold under every DER-like encoding, and under the low-s rule where s is low.
#[test]
fn bitcoin_under_every_encoding() {
    let Some(content) = vectors("real/bitcoin.jsonl") else { return };
    let mut cases = Cases::default();
    // Every seventh keeps the test short; the rows are of many blocks.
    for row in rows(&content).step_by(7) {
        let [key, digest, signature] =
            ["public_key", "digest", "signature"].map(|field| bytes(&row, field).unwrap());
        let low = row["low_s"].as_bool().unwrap();
        for encoding in [EcdsaEncoding::DerBip66, EcdsaEncoding::DerLax, EcdsaEncoding::DerTrailing] {
            let item = (&key[..], &digest[..], &signature[..]);
            let suite = |rule| Suite::ecdsa(EcdsaScheme::Secp256k1, rule, encoding);
            cases.push("any s", &suite(EcdsaRule::Any), item, Expect::Valid);
            let expected = if low { Expect::Valid } else { Expect::Because(Reason::HighS) };
            cases.push("low s", &suite(EcdsaRule::LowS), item, expected);
        }
    }
    assert_eq!(cases.check(), 554 * 6);
}

#[test]
fn ethereum_senders_are_recovered() {
    let Some(content) = vectors("real/ethereum.jsonl") else { return };
    let mut cases = Cases::default();
    let mut senders = 0;
    for row in rows(&content) {
        let [key, digest, signature, sender] =
            ["public_key", "digest", "signature", "sender"].map(|field| bytes(&row, field).unwrap());
        let id = row["recovery_id"].as_u64().unwrap() as u8;
        let recovered = recover(&digest, &signature, id, EcdsaRule::LowS).unwrap();
        assert_eq!(recovered[..], key, "{row}");
        assert_eq!(ethereum_address(&recovered)[..], sender, "{row}");
        // The other parity recovers another key, so raw-v tells the two apart.
        assert_ne!(recover(&digest, &signature, id ^ 1, EcdsaRule::LowS).unwrap()[..], key);
        let suite = Suite::ecdsa(EcdsaScheme::Secp256k1, EcdsaRule::LowS, EcdsaEncoding::RawV);
        for other in 0..4 {
            let with_id = [&signature[..], &[other]].concat();
            let expected = if other == id { Expect::Valid } else { Expect::Because(Reason::EquationFailed) };
            cases.push("raw-v", &suite, (&key, &digest, &with_id), expected);
        }
        senders += 1;
    }
    assert_eq!(senders, 1370);
    assert_eq!(cases.check(), 4 * 1370);
}

#[test]
fn bip340_vectors() {
    let Some(content) = vectors("chains/bip340/test-vectors.csv") else { return };
    let mut cases = Cases::default();
    for line in content.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [_, _, key, _, message, signature, result, comment, ..] = fields[..] else { panic!("{line}") };
        let expected = match (result, comment) {
            ("TRUE", _) => Expect::Valid,
            (_, "public key not on the curve") => Expect::Because(Reason::KeyNotOnCurve),
            (_, comment) if comment.starts_with("public key is not a valid X coordinate") => {
                Expect::Because(Reason::NonCanonicalKey)
            }
            (_, "sig[0:32] is equal to field size") => Expect::Because(Reason::NonCanonicalR),
            (_, "sig[32:64] is equal to curve order") => Expect::Because(Reason::ScalarOutOfRange),
            _ => Expect::Because(Reason::EquationFailed),
        };
        let [key, message, signature] = [key, message, signature].map(unhex);
        cases.push(line, &Suite::bip340(), (&key, &message, &signature), expected);
    }
    assert_eq!(cases.check(), 19);
}

/// The values of `name = value` lines, one record per `Result`, under the section headings that `wanted` takes.
fn records(
    content: &str,
    wanted: impl Fn(&str) -> bool,
) -> Vec<(&str, std::collections::HashMap<&str, &str>)> {
    let (mut section, mut record, mut found) = ("", std::collections::HashMap::new(), Vec::new());
    for line in content.lines().map(str::trim) {
        if let Some(heading) = line.strip_prefix('[') {
            section = heading.trim_end_matches(']');
        } else if let Some((name, value)) = line.split_once(" = ") {
            record.insert(name, value);
            if name == "Result" {
                let record = std::mem::take(&mut record);
                if wanted(section) {
                    found.push((section, record));
                }
            }
        }
    }
    found
}

/// 32 bytes of a number whose leading zeros may be missing, or more bytes if it is longer.
fn number(digits: &str) -> Vec<u8> {
    unhex(&format!("{digits:0>width$}", width = 64.max(digits.len().next_multiple_of(2))))
}

#[test]
fn nist_signatures() {
    let Some(content) = vectors("chains/nist-cavp/ecdsa-186-3-SigVer.rsp") else { return };
    let mut cases = Cases::default();
    // SHA-1 is not among the hashes of this project.
    for (section, record) in
        records(&content, |section| section.starts_with("P-256") && section != "P-256,SHA-1")
    {
        let message = unhex(record["Msg"]);
        let digest = match section {
            "P-256,SHA-224" => Sha224::digest(&message).to_vec(),
            "P-256,SHA-256" => Sha256::digest(&message).to_vec(),
            "P-256,SHA-384" => Sha384::digest(&message).to_vec(),
            "P-256,SHA-512" => Sha512::digest(&message).to_vec(),
            other => panic!("unknown section {other}"),
        };
        let [key, signature] =
            [["Qx", "Qy"], ["R", "S"]].map(|names| names.map(|name| number(record[name])).concat());
        let valid = Expect::from_validity(record["Result"].starts_with('P'));
        let suite = |scheme| Suite::ecdsa(scheme, EcdsaRule::Any, EcdsaEncoding::Raw);
        cases.push(section, &suite(EcdsaScheme::P256), (&key, &digest, &signature), valid);
        if section == "P-256,SHA-256" {
            cases.push(section, &suite(EcdsaScheme::P256Sha256), (&key, &message, &signature), valid);
        }
    }
    assert_eq!(cases.check(), 5 * 15);
}

#[test]
fn nist_keys() {
    let Some(content) = vectors("chains/nist-cavp/ecdsa-186-3-PKV.rsp") else { return };
    let mut cases = Cases::default();
    let suite = Suite::ecdsa(EcdsaScheme::P256, EcdsaRule::Any, EcdsaEncoding::Raw);
    let nothing_signed = [1; 64];
    for (section, record) in records(&content, |section| section == "P-256") {
        let key = ["Qx", "Qy"].map(|name| number(record[name])).concat();
        let expected = match record["Result"].as_bytes() {
            [b'P', ..] => Reason::EquationFailed,
            // Longer than 256 bits by a byte, so that the key has the length of a tagged one, and no tag.
            [b'F', b' ', b'(', b'1', ..] if key.len() == 65 => Reason::BadKeyEncoding,
            [b'F', b' ', b'(', b'1', ..] => Reason::NonCanonicalKey,
            _ => Reason::KeyNotOnCurve,
        };
        cases.push(section, &suite, (&key, b"", &nothing_signed), Expect::Because(expected));
    }
    assert_eq!(cases.check(), 12);
}

/// The one suite of the vectors that has no file: the standard's own example, in DER too.
#[test]
fn sm2_example_in_der() {
    let Some(content) = vectors("edges/sm2.jsonl") else { return };
    for row in rows(&content).filter(|row| row["expected"] == true) {
        let [key, message, raw, id] =
            ["public_key", "message", "signature", "user_id"].map(|field| bytes(&row, field).unwrap());
        let der = common::der(&raw);
        let suite = Suite::from_names("sm2-sm3", None, Some("der"), Some(&id)).unwrap();
        assert_eq!(suite.scheme(), Scheme::Sm2Sm3);
        assert_eq!(oracle::verify(&suite, &key, &message, &der), Some(Verdict::Valid));
        let mut cases = Cases::default();
        cases.push("der", &suite, (&key, &message, &der), Expect::Valid);
        cases.check();
    }
}
