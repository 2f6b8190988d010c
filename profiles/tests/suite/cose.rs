//! COSE: the cases, what damage does, and the traps of the format.

use std::ops::Range;

use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer;
use sigwarp::Ed25519Rule;
use sigwarp_profiles::cose::{CANDIDATES, COPIES, Context, Cose, Key, KeyType, Kind, SIGNATURES};
use sigwarp_profiles::{Batch, Report, verify};

use crate::common::{self, Damage, Subject};

/// Reasons have the names of the evaluator.
const SUBJECT: Subject = Subject { system: &Cose, reason: |name| name, more: |_, _| Vec::new() };

const CASES: &str = "profiles/cose/cases.jsonl.gz";
const EXPECTED: &str = "profiles/expected/cose.jsonl.gz";

#[test]
fn cases_are_judged_as_expected() {
    let Some(cases) = common::cases(&Cose, CASES, EXPECTED) else { return };
    assert_eq!(SUBJECT.check(&cases), 985);
}

/// Only what no signature covers can change in a valid message: tags, heads, unprotected parameters.
#[test]
fn damaged_messages_are_valid_where_no_signature_covers_a_bit() {
    let Some(mut cases) = common::cases(&Cose, CASES, EXPECTED) else { return };
    cases.retain(|case| case.expected["verdict"] == "valid");
    let (certificates, others): (Vec<_>, Vec<_>) =
        cases.into_iter().partition(|case| case.row["origin"] == "real");
    let (mut judged, mut valid) = (0, 0);
    let more = if common::damages_all() { 5 } else { 25 };
    for case in others.iter().chain(certificates.iter().step_by(more)) {
        let signed = signed(&case.record);
        let is_allowed = |damage, _: &Report, _: &Report| match damage {
            Damage::Flip(bit) => !signed.iter().any(|range| range.contains(&(bit / 8))),
            Damage::Cut(_) => false,
        };
        let (some, held) = common::damage(&Cose, std::slice::from_ref(case), 7, is_allowed);
        (judged, valid) = (judged + some, valid + held);
    }
    assert!(judged > 20_000 && valid > 100, "{valid} of {judged} were valid");
    println!("{judged} damaged messages, {valid} of them valid where nothing is signed");
}

/// Where the bytes of a message stand that are signed, or are a signature.
fn signed(record: &[u8]) -> Vec<Range<usize>> {
    let mut at = 0;
    while record[at] >> 5 == 6 {
        at += head(record, at).0;
    }
    let strings = |places: &[usize], which: &[usize]| {
        let string = |&place: &usize| places[place] + head(record, places[place]).0..places[place + 1];
        which.iter().map(string).collect::<Vec<_>>()
    };
    let places = elements(record, at);
    assert_eq!(places[4], record.len());
    let signatures = match record[places[3]] >> 5 {
        4 => {
            let signers = elements(record, places[3]);
            let signers = signers[..signers.len() - 1].iter().map(|&signer| elements(record, signer));
            signers.flat_map(|places| strings(&places, &[0, 2])).collect()
        }
        _ => strings(&places, &[3]),
    };
    [strings(&places, &[0, 2]), signatures].concat()
}

/// Where the elements of an array begin, and where the last one ends.
fn elements(record: &[u8], at: usize) -> Vec<usize> {
    let (length, count) = head(record, at);
    let mut places = vec![at + length];
    for place in 0..count {
        let mut end = places[place];
        skip(record, &mut end);
        places.push(end);
    }
    places
}

/// The length of a head, and its argument.
fn head(record: &[u8], at: usize) -> (usize, usize) {
    let info = usize::from(record[at] & 31);
    let following = if info < 24 { 0 } else { 1 << (info - 24) };
    let bytes = &record[at + 1..at + 1 + following];
    let value = bytes.iter().fold(0, |value, &byte| value << 8 | usize::from(byte));
    (1 + following, if following == 0 { info } else { value })
}

fn skip(record: &[u8], at: &mut usize) {
    let (major, (length, argument)) = (record[*at] >> 5, head(record, *at));
    *at += length;
    let inner = match major {
        2 | 3 => {
            *at += argument;
            0
        }
        4 => argument,
        5 => 2 * argument,
        6 => 1,
        _ => 0,
    };
    (0..inner).for_each(|_| skip(record, at));
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_slice(&[number; 32]).expect("below the order")
}

fn public(number: u8) -> Key {
    Key::new(KeyType::P256, key(number).verifying_key().to_sec1_point(false).as_bytes())
}

fn bstr(bytes: &[u8]) -> Vec<u8> {
    let head = match bytes.len() {
        length @ 0..24 => vec![0x40 | u8::try_from(length).expect("short")],
        length @ 24..256 => vec![0x58, u8::try_from(length).expect("short")],
        length => [&[0x59][..], &u16::try_from(length).expect("short").to_be_bytes()].concat(),
    };
    [&head[..], bytes].concat()
}

const PAYLOAD: &[u8] = b"This is the content.";
/// {1: -7}.
const ES256: &[u8] = &[0xa1, 1, 0x26];
/// {}.
const NOTHING: &[u8] = &[0xa0];

/// A signature by a key over a Sig_structure with these protected parameters, `external_aad` and [`PAYLOAD`].
fn sign(number: u8, body: &[u8], signer: Option<&[u8]>, aad: &[u8]) -> Vec<u8> {
    let start: &[u8] = if signer.is_some() { b"\x85\x69Signature" } else { b"\x84\x6aSignature1" };
    let strings = [Some(body), signer, Some(aad), Some(PAYLOAD)];
    let strings: Vec<u8> = strings.into_iter().flatten().flat_map(bstr).collect();
    let signature: p256::ecdsa::Signature = key(number).sign(&[start, &strings].concat());
    signature.to_bytes().to_vec()
}

/// A COSE_Sign1 with these encoded parameters and this signature.
fn sign1(protected: &[u8], unprotected: &[u8], signature: &[u8]) -> Vec<u8> {
    [&[0xd2, 0x84][..], &bstr(protected), unprotected, &bstr(PAYLOAD), &bstr(signature)].concat()
}

/// The same, signed by key 7 over the protected parameters as they stand.
fn made(protected: &[u8], unprotected: &[u8]) -> Vec<u8> {
    sign1(protected, unprotected, &sign(7, protected, None, b""))
}

/// A COSE_Sign whose signers have these protected parameters, ids and signatures.
fn sign_message(signers: &[(&[u8], u8, Vec<u8>)]) -> Vec<u8> {
    let mut record = [&[0xd8, 98, 0x84, 0x40, 0xa0][..], &bstr(PAYLOAD)].concat();
    record.push(0x80 + u8::try_from(signers.len()).expect("few").min(24));
    if signers.len() > 23 {
        record.pop();
        record.extend([0x98, u8::try_from(signers.len()).expect("few")]);
    }
    for (protected, id, signature) in signers {
        record.extend([&[0x83][..], &bstr(protected), &[0xa1, 4, 0x41, *id], &bstr(signature)].concat());
    }
    record
}

fn context(kind: Kind, keys: impl IntoIterator<Item = Key>) -> Context {
    Context::new(kind, keys, Ed25519Rule::Rfc8032)
}

fn judge(record: &[u8], context: &Context) -> Report {
    let mut batch = Batch::new();
    batch.push(&Cose, record, context);
    verify(common::fastest(), batch).expect("an engine that works").remove(0)
}

/// The context of a COSE_Sign1 whose only key is 7, changed.
fn changed(change: impl FnOnce(&mut Context)) -> Context {
    let mut context = context(Kind::Sign1, [public(7)]);
    change(&mut context);
    context
}

/// The verdict with its reason, or with all that it waits for.
fn said(record: &[u8], context: &Context) -> String {
    let report = judge(record, context);
    let words = match report.undecided.as_slice() {
        [] => report.verdict.cause().into_iter().collect(),
        open => open.to_vec(),
    };
    let words = words.iter().map(|cause| format!(" {cause}"));
    report.verdict.name().to_owned() + &words.collect::<String>()
}

/// What is said of a COSE_Sign1 whose only key is 7.
fn says(record: &[u8]) -> String {
    said(record, &context(Kind::Sign1, [public(7)]))
}

const FAILED: &str = "invalid signature: EquationFailed";

#[test]
fn an_empty_protected_header_is_signed_as_no_bytes() {
    let alg = [0xa1, 1, 0x26];
    let over = |signed: &[u8]| sign(7, signed, None, b"");
    for protected in [&[][..], NOTHING, &[0xbf, 0xff], &[0xb8, 0]] {
        assert_eq!(says(&sign1(protected, &alg, &over(b""))), "valid", "{protected:x?}");
        // Libraries have signed the byte of the empty map.
        assert_eq!(says(&sign1(protected, &alg, &over(NOTHING))), FAILED);
    }
}

#[test]
fn protected_parameters_are_signed_as_they_came() {
    for protected in [&[0xbf, 1, 0x26, 0xff][..], &[0xb8, 1, 1, 0x26], &[0xa1, 0x18, 1, 0x38, 6]] {
        assert_eq!(says(&made(protected, NOTHING)), "valid", "{protected:x?}");
        let encoded_again = sign1(protected, NOTHING, &sign(7, ES256, None, b""));
        assert_eq!(says(&encoded_again), FAILED);
    }
}

#[test]
fn critical_parameters_are_protected_there_and_known() {
    let critical = "invalid CriticalHeader";
    for (protected, expected) in [
        (&[0xa3, 1, 0x26, 2, 0x81, 4, 4, 0x41, 7][..], "valid"),
        (&[0xa2, 1, 0x26, 2, 0x82, 1, 2], "valid"),
        // Absent, unknown (with and without a value), none, no array.
        (&[0xa2, 1, 0x26, 2, 0x81, 4], critical),
        (&[0xa2, 1, 0x26, 2, 0x81, 0x18, 99], critical),
        (&[0xa3, 1, 0x26, 2, 0x81, 0x18, 99, 0x18, 99, 0], critical),
        (&[0xa3, 1, 0x26, 2, 0x81, 0x61, b'x', 0x61, b'x', 0], critical),
        (&[0xa3, 1, 0x26, 2, 0x81, 7, 7, 0x40], critical),
        (&[0xa2, 1, 0x26, 2, 0x80], critical),
        (&[0xa2, 1, 0x26, 2, 1], critical),
    ] {
        assert_eq!(says(&made(protected, NOTHING)), expected, "{protected:x?}");
    }
    assert_eq!(says(&made(ES256, &[0xa1, 2, 0x81, 1])), critical);
    // What is unprotected is not there.
    assert_eq!(says(&made(&[0xa2, 1, 0x26, 2, 0x81, 4], &[0xa1, 4, 0x41, 7])), critical);
}

#[test]
fn a_label_stands_once() {
    let malformed = "invalid Malformed";
    assert_eq!(says(&made(&[0xa2, 1, 0x26, 1, 0x26], NOTHING)), malformed);
    assert_eq!(says(&made(&[0xa2, 1, 0x26, 0x18, 1, 0x27], NOTHING)), malformed);
    assert_eq!(says(&made(ES256, &[0xa2, 4, 0x41, 1, 4, 0x41, 2])), malformed);
    // In both maps it may stand, and the protected one counts.
    let both = made(ES256, &[0xa1, 1, 0x27]);
    assert_eq!(says(&both), "valid");
    let strict = changed(|context| context.strict_headers = true);
    assert_eq!(said(&both, &strict), "invalid DuplicateHeader");
    assert_eq!(said(&made(ES256, NOTHING), &strict), "valid");
}

#[test]
fn nothing_follows_a_message() {
    let malformed = "invalid Malformed";
    for more in [&[0][..], &[0xa0], &[0xff]] {
        assert_eq!(says(&[&made(ES256, NOTHING), more].concat()), malformed);
        assert_eq!(says(&made(&[ES256, more].concat(), NOTHING)), malformed);
    }
    let whole = made(ES256, NOTHING);
    let five = [&whole[..1], &[0x85], &whole[2..], &[0]].concat();
    assert_eq!(says(&five), malformed);
}

#[test]
fn algorithms_are_registered_numbers() {
    let unknown = "invalid UnknownAlgorithm";
    for (protected, expected) in [
        (ES256, "valid"),
        (&[0xa1, 1, 0x28], "valid"),
        (&[0xa1, 1, 0x65, b'E', b'S', b'2', b'5', b'6'], unknown),
        (&[0xa1, 1, 0x39, 3, 0xe6], unknown),
        // AES-GCM; the least number that CBOR has; null.
        (&[0xa1, 1, 1], unknown),
        (&[0xa1, 1, 0x3b, 255, 255, 255, 255, 255, 255, 255, 255], unknown),
        (&[0xa1, 1, 0xf6], unknown),
        (NOTHING, unknown),
        // ES384, ML-DSA-44, PS256, of which nothing is known here.
        (&[0xa1, 1, 0x38, 34], "undecided UnsupportedAlgorithm"),
        (&[0xa1, 1, 0x38, 47], "undecided UnsupportedAlgorithm"),
        (&[0xa1, 1, 0x38, 36], "undecided UnsupportedAlgorithm"),
        // EdDSA, Ed25519, ES256K with a key of P-256.
        (&[0xa1, 1, 0x27], "invalid AlgorithmMismatch"),
        (&[0xa1, 1, 0x32], "invalid AlgorithmMismatch"),
        (&[0xa1, 1, 0x38, 46], "invalid AlgorithmMismatch"),
    ] {
        assert_eq!(says(&made(protected, NOTHING)), expected, "{protected:x?}");
    }
    let unprotected = sign1(&[], ES256, &sign(7, b"", None, b""));
    let strict = changed(|context| context.protected_alg_only = true);
    assert_eq!(
        (says(&unprotected), said(&unprotected, &strict)),
        ("valid".into(), "invalid UnprotectedAlgorithm".into())
    );
}

#[test]
fn every_key_of_an_id_is_tried() {
    let record = made(ES256, &[0xa1, 4, 0x42, 1, 2]);
    let of =
        |keys: &[(u8, &[u8])]| context(Kind::Sign1, keys.iter().map(|(key, id)| public(*key).with_id(*id)));
    let reported = |keys| (said(&record, &of(keys)), judge(&record, &of(keys)).signatures[0].key.clone());
    assert_eq!(reported(&[(9, &[1, 2]), (7, &[1, 2])]), ("valid".into(), public(7).bytes));
    assert_eq!(reported(&[(9, &[1, 2]), (8, &[1, 2])]), (FAILED.into(), public(9).bytes));
    assert_eq!(said(&record, &of(&[(7, &[1]), (7, &[])])), "undecided NeedsKey");
    // Without an id all keys are meant, and a key without an id is where no other has it.
    assert_eq!(said(&made(ES256, NOTHING), &of(&[(9, &[1]), (7, &[2])])), "valid");
    assert_eq!(said(&record, &context(Kind::Sign1, [public(9).with_id([5]), public(7)])), "valid");
    assert_eq!(said(&record, &context(Kind::Sign1, [])), "undecided NeedsKey");
    // Text is no id, as an example of the working group has it.
    assert_eq!(said(&made(ES256, &[0xa1, 4, 0x61, 1]), &of(&[(7, &[1])])), "undecided NeedsKey");
    // Keys that do not fit the algorithm do not count.
    let other = Key::new(KeyType::Ed25519, [1; 32]).with_id([1, 2]);
    assert_eq!(said(&record, &context(Kind::Sign1, [other, public(7).with_id([1, 2])])), "valid");
    // One that cannot be verified here may have signed.
    let open = Key::new(KeyType::P384, [4; 97]).with_id([1, 2]);
    let keys = [open, public(9).with_id([1, 2])];
    assert_eq!(said(&record, &context(Kind::Sign1, keys)), "undecided UnsupportedAlgorithm");
    let many = |count: usize| {
        let others = (1..count).map(|_| public(9));
        context(Kind::Sign1, others.chain([public(7)]).map(|key| key.with_id([1, 2])))
    };
    assert_eq!(said(&record, &many(CANDIDATES)), "valid");
    assert_eq!(said(&record, &many(CANDIDATES + 1)), "undecided NeedsKey");
}

#[test]
fn keys_without_an_id_are_found_by_what_can_be_computed_of_them() {
    let hash = [5; 32];
    let certified = Key { certificate: Some(hash), ..public(7) };
    let keys = || context(Kind::Sign1, [public(9), certified.clone(), public(8)]);
    // kid: bytes; x5t: [-16, bytes] or [-15, bytes].
    let by_id = |id: &[u8]| made(ES256, &[&[0xa1, 4][..], &bstr(id)].concat());
    let by_certificate = |algorithm: u8, digest: &[u8]| {
        made(ES256, &[&[0xa1, 0x18, 34, 0x82, algorithm][..], &bstr(digest)].concat())
    };
    assert_eq!(said(&by_id(&hash), &keys()), "valid");
    assert_eq!(said(&by_id(&hash[..8]), &keys()), "valid");
    assert_eq!(said(&by_certificate(0x2f, &hash), &keys()), "valid");
    assert_eq!(said(&by_certificate(0x2e, &hash[..8]), &keys()), "valid");
    // The certificate of another key, and hashes of other lengths, which name none.
    let other = context(Kind::Sign1, [Key { certificate: Some(hash), ..public(9) }, public(7)]);
    assert_eq!(said(&by_id(&hash[..8]), &other), FAILED);
    assert_eq!(said(&by_certificate(0x2f, &hash), &other), FAILED);
    assert_eq!(said(&by_certificate(0x2f, &hash[..8]), &other), "valid");
    assert_eq!(said(&by_certificate(0x2e, &hash), &other), "valid");
    // A key with an id is found by that alone.
    let named = context(Kind::Sign1, [certified.clone().with_id([1])]);
    assert_eq!(said(&by_id(&hash), &named), "undecided NeedsKey");
}

#[test]
fn a_key_says_what_it_is_for() {
    let says = |protected: &[u8], key: Key| said(&made(protected, NOTHING), &context(Kind::Sign1, [key]));
    let mismatch = "invalid AlgorithmMismatch";
    let for_algorithm = |algorithm| Key { algorithm: Some(algorithm), ..public(7) };
    assert_eq!(says(ES256, for_algorithm(-7)), "valid");
    assert_eq!(says(ES256, for_algorithm(-9)), mismatch);
    assert_eq!(says(ES256, for_algorithm(-47)), mismatch);
    assert_eq!(says(ES256, Key { verifies: false, ..public(7) }), "invalid KeyOps");
    for kind in [KeyType::Ed25519, KeyType::Secp256k1, KeyType::Rsa, KeyType::Ed448] {
        assert_eq!(says(ES256, Key { kind, ..public(7) }), mismatch, "{}", kind.name());
    }
    // EdDSA is with either curve, and the key says which.
    let (eddsa, ed25519): (&[u8], &[u8]) = (&[0xa1, 1, 0x27], &[0xa1, 1, 0x32]);
    assert_eq!(says(eddsa, Key::new(KeyType::Ed448, [1; 57])), "undecided UnsupportedAlgorithm");
    assert_eq!(says(ed25519, Key::new(KeyType::Ed448, [1; 57])), mismatch);
    // A key as long as one of Ed448 that is said to be one of Ed25519 goes to the engine.
    assert_eq!(says(eddsa, Key::new(KeyType::Ed25519, [1; 57])), "invalid signature: BadKeyLength");
    let report = judge(&made(ed25519, NOTHING), &context(Kind::Sign1, [Key::new(KeyType::Ed25519, [1; 32])]));
    assert_eq!(report.signatures[0].suite.as_ref().map(|suite| suite.rule()), Some("rfc8032"));
}

#[test]
fn tags_are_those_of_the_kind() {
    let whole = made(ES256, NOTHING);
    let bare = &whole[1..];
    let with = |tags: &[u8]| [tags, bare].concat();
    let wrong = "invalid WrongTag";
    let one = |kind| context(kind, [public(7)]);
    for (record, of_sign1, of_sign, of_token) in [
        (with(&[]), "valid", "invalid Malformed", "valid"),
        (with(&[0xd2]), "valid", wrong, "valid"),
        (with(&[0xd8, 61, 0xd2]), "valid", wrong, "valid"),
        (with(&[0xd9, 0xd9, 0xf7, 0xd8, 61, 0xd2]), "valid", wrong, "valid"),
        (with(&[0xd8, 61]), wrong, wrong, wrong),
        (with(&[0xd2, 0xd2]), "invalid Malformed", "invalid Malformed", "invalid Malformed"),
        (with(&[0xd8, 61, 0xd8, 61, 0xd2]), wrong, wrong, wrong),
        (with(&[0xd1]), wrong, wrong, wrong),
        (with(&[0xd8, 98]), wrong, "invalid Malformed", "invalid Malformed"),
    ] {
        let found = [Kind::Sign1, Kind::Sign, Kind::Cwt, Kind::Eat].map(|kind| said(&record, &one(kind)));
        assert_eq!(found, [of_sign1, of_sign, of_token, of_token], "{}", hex::encode(&record[..8]));
    }
}

#[test]
fn a_payload_is_in_the_message_or_apart() {
    let whole = made(ES256, NOTHING);
    let detached = [&whole[..7], &[0xf6], &whole[7 + 1 + PAYLOAD.len()..]].concat();
    let apart = changed(|context| context.payload = Some(PAYLOAD.to_vec()));
    assert_eq!(
        (says(&detached), said(&detached, &apart)),
        ("undecided DetachedPayload".into(), "valid".into())
    );
    assert_eq!(said(&whole, &apart), "invalid PayloadNotDetached");
    assert_eq!(said(&detached, &context(Kind::Sign1, [])), "undecided DetachedPayload NeedsKey");
    // An empty payload is one, and no missing one.
    let empty = [&whole[..7], &[0x40], &whole[7 + 1 + PAYLOAD.len()..]].concat();
    assert_eq!((says(&empty), said(&empty, &apart)), (FAILED.into(), "invalid PayloadNotDetached".into()));
    let with_aad = sign1(ES256, NOTHING, &sign(7, ES256, None, &[1, 2]));
    let aad = changed(|context| context.external_aad = vec![1, 2]);
    assert_eq!(
        (says(&with_aad), said(&with_aad, &aad), said(&whole, &aad)),
        (FAILED.into(), "valid".into(), FAILED.into())
    );
}

#[test]
fn of_several_signatures_the_caller_decides() {
    let keys = [7, 8].map(|number| public(number).with_id([number]));
    let context = context(Kind::Sign, keys);
    let good = |number| (ES256, number, sign(number, b"", Some(ES256), b""));
    let bad = |number| (ES256, number, sign(number, b"", Some(ES256), b"x"));
    let unknown: (&[u8], u8, Vec<u8>) = (&[0xa1, 1, 0x39, 3, 0xe6], 7, vec![0; 64]);
    let unsupported: (&[u8], u8, Vec<u8>) = (&[0xa1, 1, 0x38, 34], 7, vec![0; 96]);
    let says = |signers: &[_]| said(&sign_message(signers), &context);
    assert_eq!(says(&[good(7)]), "valid");
    assert_eq!(says(&[good(7), good(8), good(7)]), "valid");
    assert_eq!(says(&[good(7), bad(8)]), "undecided SignerPolicy");
    assert_eq!(says(&[bad(8), bad(7)]), "invalid signature[0]: EquationFailed");
    assert_eq!(says(&[good(7), good(9)]), "undecided NeedsKey");
    assert_eq!(says(&[good(7), bad(8), unsupported.clone()]), "undecided SignerPolicy UnsupportedAlgorithm");
    assert_eq!(says(&[unsupported, bad(7)]), "invalid signature[1]: EquationFailed");
    // What is wrong with one of several is that one's.
    assert_eq!(says(&[good(7), unknown.clone()]), "undecided SignerPolicy");
    assert_eq!(says(&[unknown.clone(), bad(7)]), "invalid signature[0]: UnknownAlgorithm");
    assert_eq!(says(&[unknown]), "invalid UnknownAlgorithm");
    assert_eq!(says(&[]), "invalid Malformed");
    assert_eq!(says(&vec![good(7); SIGNATURES]), "valid");
    assert_eq!(says(&vec![good(7); SIGNATURES + 1]), "undecided TooManySignatures");
    // Each signature but the first may copy what it signs, of which there is so much and no more.
    let with_aad = |bytes: usize| {
        let mut context = context.clone();
        context.external_aad = vec![0; bytes];
        said(&sign_message(&[bad(7), bad(8)]), &context)
    };
    assert_eq!(with_aad(COPIES - PAYLOAD.len()), "invalid signature[0]: EquationFailed");
    assert_eq!(with_aad(COPIES - PAYLOAD.len() + 1), "undecided TooManySignatures");
    // A signature of one form is none of the other.
    let crossed = (ES256, 7, sign(7, ES256, None, b""));
    assert_eq!(says(&[crossed]), "invalid signature[0]: EquationFailed");
}

#[test]
fn strings_in_pieces_are_what_they_hold() {
    let whole = made(ES256, NOTHING);
    let signature = &whole[whole.len() - 64..];
    let pieces = |bytes: &[u8]| {
        let (begin, end) = bytes.split_at(1);
        [&[0x5f][..], &bstr(begin), &[0x40], &bstr(end), &[0xff]].concat()
    };
    let parts =
        [&[0xd2, 0x9f][..], &pieces(ES256), &[0xbf, 0xff], &pieces(PAYLOAD), &pieces(signature), &[0xff]];
    assert_eq!(says(&parts.concat()), "valid");
}

/// A certificate in the record is not asked where the caller has given keys: anyone can put one there.
#[test]
fn the_key_of_a_certificate_is_no_key_of_the_caller() {
    let Some(cases) = common::cases(&Cose, CASES, EXPECTED) else { return };
    let case = cases.iter().find(|case| case.id == "cose-wg-x509-examples-signed-03").expect("the case");
    let report = judge(&case.record, &context(Kind::Sign, []));
    assert_eq!((report.verdict.is_valid(), report.anchored), (true, Some(false)));
    let others = context(Kind::Sign, [public(7).with_id([1])]);
    assert_eq!(said(&case.record, &context(Kind::Sign, [public(7)])), "invalid signature[0]: EquationFailed");
    assert_ne!(said(&case.record, &others), "valid");
    assert_eq!(judge(&made(ES256, NOTHING), &context(Kind::Sign1, [public(7)])).anchored, None);
}

#[test]
fn hostile_bytes_cost_no_more_than_they_are() {
    let malformed = "invalid Malformed";
    for head in [0x81, 0x9f, 0xa1, 0xbf, 0xc1, 0x5f, 0xd2] {
        assert_eq!(says(&vec![head; 1 << 20]), malformed);
    }
    let deep = |depth: usize| [&[0xa1, 0x18, 50][..], &vec![0x81; depth], &[0]].concat();
    assert_eq!(says(&made(ES256, &deep(20))), "valid");
    assert_eq!(says(&made(ES256, &deep(100_000))), malformed);
    for huge in [0x5b, 0x7b, 0x9b, 0xbb, 0xdb] {
        let length = [&[huge][..], &[255; 8]].concat();
        assert_eq!(says(&length), malformed);
        assert_eq!(says(&made(ES256, &[&[0xa1, 0x18, 50], &length[..]].concat())), malformed);
    }
    // A map with many labels, and a list of many critical parameters.
    let labels: Vec<u8> = (0..100_000_u32)
        .flat_map(|label| [&[0x1a][..], &(label + 99).to_be_bytes(), &[0]].concat())
        .collect();
    let many = [&[0xba][..], &100_000_u32.to_be_bytes(), &labels].concat();
    assert_eq!(says(&made(ES256, &many)), "valid");
    let critical = [&[0xa2, 1, 0x26, 2, 0x99, 0xc3, 0x50][..], &[1; 50_000]].concat();
    assert_eq!(says(&made(&critical, NOTHING)), "valid");
    // Every record of one or two bytes.
    let one = context(Kind::Cwt, [public(7)]);
    let short: Vec<[u8; 2]> = (0..=u16::MAX).map(u16::to_be_bytes).collect();
    let mut batch = Batch::new();
    short
        .iter()
        .flat_map(|bytes| [&bytes[..], &bytes[..1], &[]])
        .for_each(|bytes| batch.push(&Cose, bytes, &one));
    assert_eq!(batch.work().signatures(), 0);
    let reports = verify(common::fastest(), batch).expect("an engine that works");
    assert!(!reports.iter().any(|report| report.verdict.is_valid()));
}
