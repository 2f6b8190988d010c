//! ChainMaker: the cases, what damage does, and the traps of members and of what is signed.

use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use sigwarp::{Column, Hash};
use sigwarp_profiles::chainmaker::{ChainHash, ChainMaker, Context, Form, MAX_SIGNATURES};
use sigwarp_profiles::{Batch, Report, System, verify};

use crate::common::{self, Case, Subject};

/// Reasons have the names of the evaluator.
const SUBJECT: Subject = Subject { system: &ChainMaker, reason: |name| name, more: |_, _| Vec::new() };

const CASES: &str = "profiles/chainmaker/cases.jsonl.gz";
const EXPECTED: &str = "profiles/expected/chainmaker.jsonl.gz";

fn cases() -> Option<Vec<Case>> {
    common::cases(&ChainMaker, CASES, EXPECTED)
}

#[test]
fn cases_are_judged_as_expected() {
    let Some(cases) = cases() else { return };
    assert_eq!(SUBJECT.check(&cases), 120);
}

/// Nobody looks at what a certificate says but for its key and its algorithm; endorsers may go, and one may stand as the
/// sender, since both sign the payload.
#[test]
fn damaged_records_are_valid_where_payload_and_key_are_the_same() {
    let Some(mut cases) = cases() else { return };
    cases.retain(|case| case.expected["verdict"] == "valid");
    let (judged, valid) = common::damage(&ChainMaker, &common::spread(cases, 14), 8, |_, whole, damaged| {
        let key = &damaged.signatures[0].key;
        whole.tx_id == damaged.tx_id && whole.signatures.iter().any(|signature| signature.key == *key)
    });
    assert!(judged > 10_000 && valid < judged / 2, "{valid} of {judged}");
}

fn judge(record: &[u8], context: &Context) -> Report {
    let mut batch = Batch::new();
    batch.push(&ChainMaker, record, context);
    verify(common::fastest(), batch).expect("an engine that works").remove(0)
}

fn said(report: &Report) -> String {
    let words: Vec<String> = match report.undecided.is_empty() {
        true => report.verdict.cause().iter().map(ToString::to_string).collect(),
        false => report.undecided.iter().map(ToString::to_string).collect(),
    };
    [vec![report.verdict.name().to_owned()], words].concat().join(" ")
}

/// A field of bytes.
fn bytes(number: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let length =
        if length < 0x80 { vec![length as u8] } else { vec![length as u8 | 0x80, (length >> 7) as u8] };
    [&[number << 3 | 2], &length[..], content].concat()
}

/// The payload of these tests, as nodes encode it.
fn payload() -> Vec<u8> {
    let limit = bytes(10, &[0x08, 5]);
    [bytes(1, b"chain1"), bytes(3, b"id"), vec![0x20, 9], bytes(8, &bytes(1, b"k")), limit].concat()
}

fn key() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).expect("below the order")
}

/// A SubjectPublicKeyInfo of a point on a curve by its identifier.
fn info(curve: &[u8]) -> Vec<u8> {
    let point = key().verifying_key().to_sec1_point(false).as_bytes().to_vec();
    let ec = [0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    let algorithm = [&[0x30, (ec.len() + curve.len()) as u8], &ec[..], curve].concat();
    let bits = [&[0x03, 66, 0], &point[..]].concat();
    [&[0x30, (algorithm.len() + bits.len()) as u8], &algorithm[..], &bits].concat()
}

const P256: &[u8] = &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const SM2: &[u8] = &[0x06, 8, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x82, 0x2d];

/// The signature of a message by the key of these tests, over the digest that a chain makes, in DER.
fn signature(message: &[u8], hash: Hash) -> Vec<u8> {
    let digests = common::fastest().hash(hash, Column::slices(&[message])).expect("an engine that works");
    let digest = digests.iter().next().expect("a digest").to_vec();
    let signature: p256::ecdsa::Signature = key().sign_prehash(&digest).expect("32 bytes");
    signature.to_der().as_bytes().to_vec()
}

/// An endorsement by a member of a type.
fn entry(kind: u8, member: &[u8], signature: &[u8]) -> Vec<u8> {
    let member = [bytes(1, b"org"), vec![0x10, kind], bytes(3, member)].concat();
    [bytes(1, &member), bytes(2, signature)].concat()
}

/// One by the key of these tests, with SHA-256.
fn by_key(message: &[u8]) -> Vec<u8> {
    entry(2, &info(P256), &signature(message, Hash::Sha256))
}

fn request(payload: &[u8], sender: &[u8], more: &[u8]) -> Vec<u8> {
    [&bytes(1, payload)[..], &bytes(2, sender), more].concat()
}

fn sha256(form: Form) -> Context {
    Context::new(form, ChainHash::Sha256)
}

#[test]
fn what_is_signed_is_what_nodes_encode() {
    let (payload, context) = (payload(), sha256(Form::Request));
    let sender = by_key(&payload);
    let report = judge(&request(&payload, &sender, &[]), &context);
    assert_eq!((said(&report), report.tx_id.as_deref()), ("valid".into(), Some(&b"id"[..])));
    // Fields in another order, defaults, a long varint, a field that comes twice; unknown fields are dropped.
    let other =
        [&payload[8..], &payload[..8], &[0x10, 0, 0x20, 0x89, 0x00, 0x58, 1], &bytes(15, b"x")].concat();
    assert_eq!(said(&judge(&request(&other, &sender, &[]), &context)), "valid");
    // In two parts.
    let parts = [bytes(1, &payload[..8]), bytes(2, &sender), bytes(1, &payload[8..])].concat();
    assert_eq!(said(&judge(&parts, &context)), "valid");
    // Another value of a field that is signed, and a parameter more.
    for more in [&[0x20, 8][..], &[0x42, 0], &[0x10, 1], &[0x48, 1]] {
        let other = [&payload[..], more].concat();
        assert_eq!(said(&judge(&request(&other, &sender, &[]), &context)), "invalid sender: EquationFailed");
    }
    // Known fields in another wire type are errors for gogo.
    for more in [&[0x08, 1][..], &[0x22, 0], &[0x40, 1], &[0x25, 1, 2, 3, 4]] {
        let other = [&payload[..], more].concat();
        assert_eq!(said(&judge(&request(&other, &sender, &[]), &context)), "invalid Malformed");
    }
}

#[test]
fn bytes_after_a_signature_are_not_looked_at() {
    let (payload, context) = (payload(), sha256(Form::Request));
    let der = signature(&payload, Hash::Sha256);
    let judge = |der: &[u8]| said(&judge(&request(&payload, &entry(2, &info(P256), der), &[]), &context));
    assert_eq!(judge(&[&der[..], &[1, 2, 3]].concat()), "valid");
    // Within the sequence as well.
    let inner = [&[der[0], der[1] + 2], &der[2..], &[9, 9]].concat();
    assert_eq!(judge(&inner), "valid");
    for bad in [&der[..der.len() - 1], &[], &der[1..]] {
        assert_eq!(judge(bad), "invalid sender: BadSignatureEncoding");
    }
    for (r, s) in [(0x00, 5), (0xff, 5), (5, 0x00)] {
        assert_eq!(judge(&[0x30, 6, 2, 1, r, 2, 1, s]), "invalid sender: ScalarOutOfRange");
    }
}

/// The hash function is the chain's for keys; a key of SM2 with another one than SM3 is not judged.
#[test]
fn keys_sign_with_the_hash_function_of_the_chain() {
    let payload = payload();
    let context = Context::new(Form::Request, ChainHash::Sm3);
    let sender = entry(2, &info(P256), &signature(&payload, Hash::Sm3));
    assert_eq!(said(&judge(&request(&payload, &sender, &[]), &context)), "valid");
    assert_eq!(
        said(&judge(&request(&payload, &sender, &[]), &sha256(Form::Request))),
        "invalid sender: EquationFailed"
    );
    let sender = entry(2, &info(SM2), &signature(&payload, Hash::Sha256));
    let record = request(&payload, &sender, &[]);
    assert_eq!(said(&judge(&record, &sha256(Form::Request))), "undecided UnsupportedAlgorithm");
    assert_eq!(said(&judge(&record, &context)), "invalid sender: KeyNotOnCurve");
}

#[test]
fn members_of_other_types_are_undecided() {
    let (payload, context) = (payload(), sha256(Form::Request));
    let der = signature(&payload, Hash::Sha256);
    let judge =
        |kind: u8, info: &[u8]| said(&judge(&request(&payload, &entry(kind, info, &der), &[]), &context));
    for (kind, expected) in
        [(1, "CertificateUnknown"), (3, "MemberType"), (4, "CertificateUnknown"), (9, "MemberType")]
    {
        assert_eq!(judge(kind, b"name"), format!("undecided {expected}"));
    }
    for kind in [0, 2] {
        assert_eq!(judge(kind, b"name"), "invalid sender: Malformed");
        assert_eq!(judge(kind, b""), "invalid sender: Malformed");
    }
    assert_eq!(judge(0, &info(P256)), "invalid sender: Malformed");
    assert_eq!(judge(2, &[&info(P256)[..], &[0]].concat()), "invalid sender: Malformed");
}

/// A request has its payer where a transaction has its result.
#[test]
fn endorsers_and_payers_leave_it_open() {
    let payload = payload();
    let (good, bad) = (by_key(&payload), by_key(b"something else"));
    let judge = |more: &[u8], form| said(&judge(&request(&payload, &good, more), &sha256(form)));
    for form in [Form::Request, Form::Transaction] {
        assert_eq!(judge(&bytes(3, &good), form), "valid");
        assert_eq!(judge(&[bytes(3, &good), bytes(3, &bad)].concat(), form), "undecided EndorsementPolicy");
        for open in [entry(1, b"hash", &[]), entry(0, b"none", &[]), entry(2, &info(P256), &[])] {
            assert_eq!(judge(&bytes(3, &open), form), "undecided EndorsementPolicy");
        }
    }
    assert_eq!(judge(&bytes(4, &good), Form::Request), "valid");
    assert_eq!(judge(&bytes(4, &bad), Form::Request), "undecided Payer");
    assert_eq!(judge(&bytes(4, &bad), Form::Transaction), "valid");
    assert_eq!(judge(&bytes(5, &bad), Form::Transaction), "undecided Payer");
    let both = [bytes(3, &bad), bytes(4, &bad)].concat();
    assert_eq!(judge(&both, Form::Request), "undecided EndorsementPolicy Payer");
    assert_eq!(judge(&[0x18, 1], Form::Request), "invalid Malformed");
    let most = bytes(3, &good).repeat(MAX_SIGNATURES - 2);
    assert_eq!(judge(&most, Form::Request), "valid");
    assert_eq!(judge(&[most, bytes(3, &good)].concat(), Form::Request), "undecided TooManySignatures");
}

#[test]
fn payload_sender_and_chain_are_needed() {
    let (payload, context) = (payload(), sha256(Form::Request));
    let sender = by_key(&payload);
    assert_eq!(said(&judge(&bytes(1, &payload), &context)), "invalid MissingField:sender");
    assert_eq!(said(&judge(&bytes(2, &sender), &context)), "invalid MissingField:payload");
    assert_eq!(said(&judge(&[], &context)), "invalid MissingField:payload");
    let record = request(&payload, &sender, &[]);
    for (chain, expected) in
        [("chain1", "valid"), ("chain2", "invalid WrongChain"), ("", "invalid WrongChain")]
    {
        assert_eq!(said(&judge(&record, &context.clone().with_chain_id(chain.into()))), expected);
    }
}

/// Certificates that were given can be registered, and are judged the same then.
#[test]
fn given_certificates_are_keys_of_the_context() {
    let Some(cases) = cases() else { return };
    let named: Vec<&Case> =
        cases.iter().filter(|case| case.row["options"]["certificates"].is_object()).collect();
    assert!(named.len() > 5);
    for case in named {
        let registered = ChainMaker.register(common::fastest(), &case.context).expect("an engine with room");
        assert_eq!(
            registered,
            case.row["options"]["certificates"].as_object().expect("an object").len(),
            "{}",
            case.id
        );
        let mut batch = Batch::new();
        System::push(&ChainMaker, &mut batch, &case.record, &case.context).expect("a context of the system");
        let report = verify(common::fastest(), batch).expect("an engine that works").remove(0);
        assert!(SUBJECT.differences(&report, &case.expected).is_empty(), "{}", case.id);
    }
}
