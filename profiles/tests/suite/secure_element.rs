//! Secure elements: the vectors on every backend, damaged records, and the usual mistakes with raw pairs.

use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use serde_json::json;
use sigwarp_profiles::secure_element::{Context, SecureElement};
use sigwarp_profiles::{Batch, Curve, System, verify};

use crate::common::{Subject, cases, damage, damages_all, fastest, fields, spread};

const SUBJECT: Subject = Subject { system: &SecureElement, reason: |name| name, more: |_, _| Vec::new() };

#[test]
fn the_vectors_are_judged_as_expected() {
    let files = ("profiles/secure-element/cases.jsonl.gz", "profiles/expected/secure-element.jsonl.gz");
    let Some(cases) = cases(&SecureElement, files.0, files.1) else { return };
    println!("{} cases", SUBJECT.check(&cases));
    let valid: Vec<_> = cases.into_iter().filter(|case| case.expected["verdict"] == "valid").collect();
    let valid = spread(valid, if damages_all() { 50 } else { 24 });
    let (judged, still) = damage(&SecureElement, &valid, 3, |_, _, _| false);
    assert_eq!(still, 0);
    println!("{} records, {judged} damaged, none of them valid", valid.len());
}

/// Key and signature are bytes from outside as well.
#[test]
fn a_damaged_key_or_signature_does_not_hold() {
    let files = ("profiles/secure-element/cases.jsonl.gz", "profiles/expected/secure-element.jsonl.gz");
    let Some(mut cases) = cases(&SecureElement, files.0, files.1) else { return };
    cases.retain(|case| case.expected["verdict"] == "valid");
    let (count, step) = if damages_all() { (50, 1) } else { (8, 7) };
    let mut judged = 0;
    for case in spread(cases, count) {
        let mut contexts = Vec::new();
        for field in ["key", "signature"] {
            let bytes = hex::decode(case.row["options"][field].as_str().expect("digits")).expect("digits");
            let cut = (0..bytes.len()).map(|length| bytes[..length].to_vec());
            let flipped = (0..bytes.len() * 8).step_by(step).map(|bit| {
                let mut bytes = bytes.clone();
                bytes[bit / 8] ^= 0x80 >> (bit % 8);
                bytes
            });
            for damaged in cut.chain(flipped) {
                let mut row = case.row.clone();
                row["options"][field] = json!(hex::encode(damaged));
                contexts.push(SecureElement.context(&fields(&row)).expect("a context"));
            }
        }
        let mut batch = Batch::new();
        for context in &contexts {
            System::push(&SecureElement, &mut batch, &case.record, context).expect("a context of the system");
        }
        let reports = verify(fastest(), batch).expect("an engine that works");
        assert!(reports.iter().all(|report| !report.verdict.is_valid()), "{}", case.id);
        judged += reports.len();
    }
    assert!(judged > 1000, "{judged}");
    println!("{judged} damaged keys and signatures, none of them valid");
}

#[test]
fn swapped_and_reversed_halves_do_not_hold() {
    let files = ("profiles/secure-element/cases.jsonl.gz", "profiles/expected/secure-element.jsonl.gz");
    let Some(cases) = cases(&SecureElement, files.0, files.1) else { return };
    let judge = |record: &[u8], row: &serde_json::Value| {
        let context = SecureElement.context(&fields(row)).expect("a context");
        let mut batch = Batch::new();
        System::push(&SecureElement, &mut batch, record, &context).expect("a context of the system");
        verify(fastest(), batch).expect("an engine that works").remove(0).verdict.is_valid()
    };
    let of_64 = |case: &&crate::common::Case| {
        case.expected["verdict"] == "valid"
            && case.row["options"]["key"].as_str().is_some_and(|key| key.len() == 128)
    };
    let mut judged = 0;
    for case in cases.iter().filter(of_64) {
        assert!(judge(&case.record, &case.row), "{}", case.id);
        for field in ["key", "signature"] {
            let bytes = hex::decode(case.row["options"][field].as_str().expect("digits")).expect("digits");
            let swapped = [&bytes[32..], &bytes[..32]].concat();
            let reversed: Vec<u8> = bytes.chunks(32).flat_map(|half| half.iter().rev().copied()).collect();
            for changed in [swapped, reversed] {
                let mut row = case.row.clone();
                row["options"][field] = json!(hex::encode(changed));
                assert!(!judge(&case.record, &row), "{} with another {field}", case.id);
                judged += 1;
            }
        }
    }
    assert!(judged >= 100, "{judged}");
}

/// ECDSA takes the leftmost 32 bytes of a longer digest, and none as zero, for which anyone can make a signature.
#[test]
fn digests_have_32_bytes() {
    let digest = [0x5d; 32];
    let key = SigningKey::from_slice(&[7; 32]).expect("below the order");
    let signature: p256::ecdsa::Signature = key.sign_prehash(&digest).expect("32 bytes");
    let public = key.verifying_key().to_sec1_point(false);
    let context = |is_hashed, signature: Vec<u8>| {
        Context::new(Curve::P256, is_hashed, public.as_bytes()[1..].to_vec(), signature)
    };
    let said = |record: &[u8], context: &Context| {
        let mut batch = Batch::new();
        batch.push(&SecureElement, record, context);
        let report = verify(fastest(), batch).expect("an engine that works").remove(0);
        report.verdict.cause().map_or_else(|| "valid".to_owned(), |cause| cause.to_string())
    };
    let hashed = context(true, signature.to_bytes().to_vec());
    assert_eq!(said(&digest, &hashed), "valid");
    for record in [&[&digest[..], &[0]].concat()[..], &digest.repeat(2), &digest[..31], &[]] {
        assert_eq!(said(record, &hashed), "BadDigestLength", "{}", record.len());
    }
    // r = x(P) and s = r hold for e = 0, whoever has the key.
    let forged = public.as_bytes()[1..33].repeat(2);
    assert_eq!(said(&[], &context(true, forged.clone())), "BadDigestLength");
    // Messages have any length.
    assert_eq!(said(&[], &context(false, forged)), "record: EquationFailed");
}

#[test]
fn a_context_says_what_is_missing() {
    let wrong = |options: serde_json::Value| {
        SecureElement.context(&fields(&options)).map(drop).unwrap_err().to_string()
    };
    assert_eq!(wrong(json!({})), "the field \"crv\" is missing");
    assert_eq!(wrong(json!({ "crv": "p256" })), "the field \"key\" is missing");
    assert_eq!(wrong(json!({ "crv": "p256", "key": "00" })), "the field \"signature\" is missing");
    assert!(wrong(json!({ "crv": "p521" })).contains("p256, secp256k1, sm2 or ed25519"));
    let hashed = json!({ "crv": "ed25519", "key": "00", "signature": "00", "hashed": true });
    assert!(wrong(hashed).contains("signs messages"));
}
