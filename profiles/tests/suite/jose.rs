//! JWS: the vectors on every backend, damaged records, and what went wrong with tokens elsewhere.

use data_encoding::BASE64URL_NOPAD;
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer;
use serde_json::json;
use sigwarp_profiles::jose::{CANDIDATES, COPIES, Jose, SIGNATURES};
use sigwarp_profiles::{Batch, Fields, Report, System, Verdict, verify};

use crate::common::{self, Damage, Subject, cases, damage, engines, fastest};

const SUBJECT: Subject = Subject { system: &Jose, reason: |name| name, more: |_, _| Vec::new() };

#[test]
fn the_vectors_are_judged_as_expected() {
    let Some(cases) = cases(&Jose, "profiles/jose/cases.jsonl.gz", "profiles/expected/jose.jsonl.gz") else {
        return;
    };
    println!("{} cases", SUBJECT.check(&cases));
    let valid: Vec<_> = cases.into_iter().filter(|case| case.expected["verdict"] == "valid").collect();
    assert!(valid.len() >= 30);
    let is_json = |case: &common::Case| case.record.starts_with(b"{");
    let (json, compact): (Vec<_>, Vec<_>) = valid.into_iter().partition(is_json);
    assert!(json.len() >= 6 && compact.len() >= 20, "{} and {}", json.len(), compact.len());
    // Every bit of a compact record is signed, or part of the signature.
    let (judged, valid) = damage(&Jose, &compact, 1, |_, _, _| false);
    println!("{judged} damaged compact records, {valid} of them valid");
    // In JSON the unprotected header is not signed: a flipped bit can make another name of `kid`.
    let (judged, valid) = damage(&Jose, &json, 1, |damage, whole, damaged| {
        matches!(damage, Damage::Flip(_)) && whole.signatures == damaged.signatures
    });
    println!("{judged} damaged records in JSON, {valid} of them valid");
}

fn signing_key(number: u8) -> SigningKey {
    SigningKey::from_slice(&[number; 32]).expect("a scalar in range")
}

/// The public key of a number, with these members besides.
fn jwk(number: u8, more: serde_json::Value) -> serde_json::Value {
    let point = signing_key(number).verifying_key().to_sec1_point(false);
    let coordinate = |range| BASE64URL_NOPAD.encode(&point.as_bytes()[range]);
    let mut key = json!({ "kty": "EC", "crv": "P-256", "x": coordinate(1..33), "y": coordinate(33..65) });
    let members = key.as_object_mut().expect("an object");
    members.extend(more.as_object().expect("an object").clone());
    key
}

fn part(bytes: impl AsRef<[u8]>) -> String {
    BASE64URL_NOPAD.encode(bytes.as_ref())
}

fn signature(number: u8, signed: &str) -> String {
    let signature: p256::ecdsa::Signature = signing_key(number).sign(signed.as_bytes());
    part(signature.to_bytes())
}

/// A compact JWS of a header as it is written, signed by the key of a number.
fn token(number: u8, header: &str) -> String {
    let signed = format!("{}.{}", part(header), part("{}"));
    format!("{signed}.{}", signature(number, &signed))
}

fn judge(record: &str, options: serde_json::Value) -> Report {
    let context = Jose.context(&common::fields(&options)).expect("a context");
    let mut reports = engines().iter().map(|(_, engine)| {
        let mut batch = Batch::new();
        System::push(&Jose, &mut batch, record.as_bytes(), &context).expect("a context of the system");
        verify(engine, batch).expect("an engine that works").remove(0)
    });
    let first = reports.next().expect("an engine");
    assert!(reports.all(|report| report == first), "{record}");
    first
}

/// The verdict in one word, or the reason, or the words that are undecided.
fn said(record: &str, options: serde_json::Value) -> String {
    let report = judge(record, options);
    match report.verdict {
        Verdict::Valid => "valid".to_owned(),
        Verdict::Invalid(cause) => cause.to_string(),
        Verdict::Undecided(_) => {
            report.undecided.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        }
    }
}

#[test]
fn an_algorithm_is_what_the_key_is_for() {
    let keys = json!({ "keys": [jwk(1, json!({}))] });
    assert_eq!(said(&token(1, r#"{"alg":"ES256"}"#), keys.clone()), "valid");
    assert_eq!(said(&token(2, r#"{"alg":"ES256"}"#), keys.clone()), "signature: EquationFailed");
    for (alg, expected) in [
        ("HS256", "AlgorithmMismatch"),
        ("RS256", "AlgorithmMismatch"),
        ("EdDSA", "AlgorithmMismatch"),
        ("ES256K", "AlgorithmMismatch"),
        ("none", "AlgorithmNone"),
        ("NoNe", "AlgorithmNone"),
        ("es256", "UnknownAlgorithm"),
        ("ES257", "UnknownAlgorithm"),
        ("", "UnknownAlgorithm"),
    ] {
        assert_eq!(said(&token(1, &format!(r#"{{"alg":"{alg}"}}"#)), keys.clone()), expected, "{alg}");
    }
    assert_eq!(said(&token(1, "{}"), keys.clone()), "NoAlgorithm");
    assert_eq!(said(&token(1, r#"{"alg":5}"#), keys), "Malformed");
    let named = |alg| json!({ "keys": [jwk(1, json!({ "alg": alg }))] });
    assert_eq!(said(&token(1, r#"{"alg":"ES256"}"#), named("ES256")), "valid");
    assert_eq!(said(&token(1, r#"{"alg":"ES256"}"#), named("ES384")), "AlgorithmMismatch");
    for more in [json!({ "use": "enc" }), json!({ "key_ops": ["sign"] }), json!({ "key_ops": [] })] {
        assert_eq!(said(&token(1, r#"{"alg":"ES256"}"#), json!({ "keys": [jwk(1, more)] })), "KeyUse");
    }
}

#[test]
fn ids_choose_candidates_and_not_keys() {
    let id = |id: &str| json!({ "kid": id });
    let header = r#"{"alg":"ES256","kid":"a"}"#;
    let colliding = json!({ "keys": [jwk(2, id("a")), jwk(3, id("b")), jwk(1, id("a"))] });
    assert_eq!(said(&token(1, header), colliding.clone()), "valid");
    assert_eq!(said(&token(3, header), colliding.clone()), "signature: EquationFailed");
    assert_eq!(said(&token(1, r#"{"alg":"ES256","kid":"c"}"#), colliding.clone()), "NeedsKey");
    assert_eq!(said(&token(3, r#"{"alg":"ES256"}"#), colliding), "valid");
    // A path, a number, and a key that the token brings along.
    let keys = json!({ "keys": [jwk(1, id("a"))] });
    assert_eq!(said(&token(1, r#"{"alg":"ES256","kid":"../../a"}"#), keys.clone()), "NeedsKey");
    assert_eq!(said(&token(1, r#"{"alg":"ES256","kid":1}"#), keys.clone()), "Malformed");
    let own = format!(r#"{{"alg":"ES256","kid":"a","jwk":{}}}"#, jwk(2, id("a")));
    assert_eq!(said(&token(2, &own), keys), "signature: EquationFailed");
    assert_eq!(said(&token(1, header), json!({ "keys": [jwk(1, json!({}))] })), "valid");
    let many: Vec<_> = (0..=CANDIDATES).map(|_| jwk(1, json!({}))).collect();
    assert_eq!(said(&token(1, r#"{"alg":"ES256"}"#), json!({ "keys": many[1..] })), "valid");
    assert_eq!(said(&token(1, r#"{"alg":"ES256"}"#), json!({ "keys": many })), "NeedsKey");
}

/// A SubjectPublicKeyInfo of P-256 (RFC 5480), and a certificate of version 1 around it with nothing in it that is true.
fn in_der(number: u8) -> [Vec<u8>; 2] {
    let point = signing_key(number).verifying_key().to_sec1_point(false);
    let info = hex::decode("3059301306072a8648ce3d020106082a8648ce3d030107034200").expect("digits");
    let info = [&info[..], point.as_bytes()].concat();
    let sequence = |contents: &[u8]| match u8::try_from(contents.len()).expect("short") {
        length @ ..0x80 => [&[0x30, length][..], contents].concat(),
        length => [&[0x30, 0x81, length][..], contents].concat(),
    };
    let signed = [&[2, 1, number][..], &[0x30, 0].repeat(4), &info].concat();
    let certificate = sequence(&[&sequence(&signed)[..], &[0x30, 0, 3, 1, 0]].concat());
    [info, certificate]
}

#[test]
fn keys_without_an_id_are_found_by_what_can_be_computed_of_them() {
    use sha2::{Digest, Sha256};

    let [one, other] = [1, 2].map(in_der);
    let der = |bytes: &[u8]| json!({ "der": hex::encode(bytes) });
    let hash = |bytes: &[u8]| part(Sha256::digest(bytes));
    let thumbprint = |number| {
        let key = jwk(number, json!({}));
        let text = |name: &str| key[name].as_str().expect("text").to_owned();
        hash(format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, text("x"), text("y")).as_bytes())
    };
    let by_id = |number, id: &str| token(number, &format!(r#"{{"alg":"ES256","kid":"{id}"}}"#));
    let by_certificate = |number, id: &str| token(number, &format!(r#"{{"alg":"ES256","x5t#S256":"{id}"}}"#));
    let mut of_all = json!({ "keys": [der(&one[0]), der(&other[1]), jwk(3, json!({}))] });
    for number in 1..=3 {
        assert_eq!(said(&by_id(number, &thumbprint(number)), of_all.clone()), "valid", "{number}");
        assert_eq!(said(&by_id(4, &thumbprint(number)), of_all.clone()), "signature: EquationFailed");
    }
    // A digest is of one key, whoever signed.
    assert_eq!(said(&by_id(1, &thumbprint(2)), of_all.clone()), "signature: EquationFailed");
    let certificate = hash(&other[1]);
    assert_eq!(said(&by_certificate(2, &certificate), of_all.clone()), "valid");
    assert_eq!(said(&by_certificate(1, &certificate), of_all.clone()), "signature: EquationFailed");
    // One that nobody has says nothing, as before, and an id comes first.
    assert_eq!(said(&by_certificate(1, &hash(b"")), of_all.clone()), "valid");
    of_all["keys"][1]["kid"] = json!("b");
    assert_eq!(said(&by_id(2, "b"), of_all.clone()), "valid");
    assert_eq!(said(&by_id(2, &thumbprint(2)), of_all.clone()), "signature: EquationFailed");
    let bad = Jose.context(&common::fields(&json!({ "keys": [der(&one[0][1..])] })));
    assert!(bad.err().expect("no key").to_string().contains("a certificate or public key"));
}

/// The keys of a fleet are registered before its tokens come, as the command does it.
#[test]
fn keys_of_a_context_are_registered() {
    let keys: Vec<_> = (1..=5).map(|number| jwk(number, json!({ "kid": number.to_string() }))).collect();
    let others =
        [json!({ "kty": "RSA", "kid": "6" }), json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" })];
    let all = [&keys[..], &others].concat();
    let context = Jose.context(&common::fields(&json!({ "keys": all }))).expect("a context");
    let engine = sigwarp::Engine::builder().build().expect("some backend runs everywhere");
    assert_eq!(Jose.register(&engine, &context).expect("room for five keys"), 5);
    let tokens: Vec<String> =
        (1..=5).map(|number| token(number, &format!(r#"{{"alg":"ES256","kid":"{number}"}}"#))).collect();
    let mut batch = Batch::new();
    for token in &tokens {
        System::push(&Jose, &mut batch, token.as_bytes(), &context).expect("a context of the system");
    }
    let reports = verify(&engine, batch).expect("an engine that works");
    assert!(reports.iter().all(|report| report.verdict.is_valid()));
}

#[test]
fn critical_parameters_are_known_present_and_protected() {
    let keys = json!({ "keys": [jwk(1, json!({}))] });
    for header in [
        r#"{"alg":"ES256","crit":[]}"#,
        r#"{"alg":"ES256","crit":["exp"],"exp":1}"#,
        r#"{"alg":"ES256","crit":["b64"]}"#,
        r#"{"alg":"ES256","crit":["b64","b64"],"b64":true}"#,
        r#"{"alg":"ES256","crit":"b64","b64":true}"#,
        r#"{"alg":"ES256","b64":false}"#,
        r#"{"alg":"ES256","crit":["b64"],"b64":0}"#,
    ] {
        assert_eq!(said(&token(1, header), keys.clone()), "CriticalHeader", "{header}");
    }
    let protected = part(r#"{"alg":"ES256"}"#);
    let signed = format!("{protected}.{}", part("{}"));
    let flat = |header: serde_json::Value| json!({ "protected": protected, "payload": part("{}"), "signature": signature(1, &signed), "header": header });
    assert_eq!(said(&flat(json!({ "kid": "x" })).to_string(), keys.clone()), "valid");
    assert_eq!(said(&flat(json!({ "crit": ["b64"] })).to_string(), keys.clone()), "CriticalHeader");
    assert_eq!(said(&flat(json!({ "alg": "ES256" })).to_string(), keys.clone()), "DuplicateHeader");
    let twice = flat(json!({})).to_string().replacen('{', r#"{"payload":"","#, 1);
    assert_eq!(said(&twice, keys), "DuplicateMember");
}

#[test]
fn payloads_are_signed_as_they_came() {
    let keys = json!({ "keys": [jwk(1, json!({}))] });
    let header = part(r#"{"alg":"ES256","b64":false,"crit":["b64"]}"#);
    let raw = |payload: &str| format!("{header}.{payload}.{}", signature(1, &format!("{header}.{payload}")));
    assert_eq!(said(&raw("$0,02"), keys.clone()), "valid");
    assert_eq!(said(&raw("$0.02"), keys.clone()), "Malformed");
    // A payload that is given apart is encoded, unless the header says otherwise.
    let apart = |payload: &str| json!({ "keys": keys["keys"], "payload": hex::encode(payload) });
    let detached = |signed: &str| {
        let (header, _) = signed.split_once('.').expect("a header");
        format!("{header}..{}", signature(1, signed))
    };
    assert_eq!(said(&detached(&format!("{header}.$0.02")), apart("$0.02")), "valid");
    let encoded = part(r#"{"alg":"ES256"}"#);
    let signed = format!("{encoded}.{}", part("$0.02"));
    assert_eq!(said(&detached(&signed), apart("$0.02")), "valid");
    assert_eq!(said(&format!("{signed}.{}", signature(1, &signed)), apart("$0.02")), "PayloadNotDetached");
    let flat = json!({ "protected": encoded, "signature": signature(1, &signed) }).to_string();
    assert_eq!(said(&flat, keys.clone()), "DetachedPayload");
    assert_eq!(said(&flat, apart("$0.02")), "valid");
}

#[test]
fn base64url_has_one_form() {
    let keys = json!({ "keys": [jwk(1, json!({}))] });
    let good = token(1, r#"{"alg":"ES256"}"#);
    // 64 bytes end in a character of which four bits stand for nothing.
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (kept, last) = good.as_bytes().split_at(good.len() - 1);
    let place = ALPHABET.iter().position(|byte| *byte == last[0]).expect("a character of base64url");
    let tail = [kept, &ALPHABET[place + 1..place + 2]].concat();
    let tail = String::from_utf8(tail).expect("ASCII");
    assert_eq!(said(&tail, keys.clone()), "NonCanonicalBase64");
    for changed in [
        format!("{good}=="),
        format!("{good}\n"),
        format!(" {good}"),
        good.replacen('.', "=.", 1),
        format!("{good}."),
        good.replace('.', " . "),
        String::new(),
        "..".to_owned(),
    ] {
        assert_eq!(said(&changed, keys.clone()), "Malformed", "{changed}");
    }
    assert_eq!(said("a.b.c.d.e", keys.clone()), "Encrypted");
    assert_eq!(said(r#"{"protected":"a","ciphertext":"b"}"#, keys), "Encrypted");
}

#[test]
fn of_several_signatures_the_caller_says_which_are_needed() {
    let keys = json!({ "keys": [jwk(1, json!({ "kid": "1" })), jwk(2, json!({ "kid": "2" }))] });
    let (payload, protected) = (part("{}"), part(r#"{"alg":"ES256"}"#));
    let signed = format!("{protected}.{payload}");
    let by = |number: u8, id: &str| json!({ "protected": protected, "header": { "kid": id }, "signature": signature(number, &signed) });
    let general = |all: Vec<serde_json::Value>| json!({ "payload": payload, "signatures": all }).to_string();
    assert_eq!(said(&general(vec![by(1, "1"), by(2, "2")]), keys.clone()), "valid");
    assert_eq!(said(&general(vec![by(1, "1"), by(1, "2")]), keys.clone()), "SignerPolicy");
    assert_eq!(said(&general(vec![by(1, "1"), by(3, "3")]), keys.clone()), "NeedsKey");
    let one_of_three = vec![by(1, "1"), by(1, "2"), by(3, "3")];
    assert_eq!(said(&general(one_of_three), keys.clone()), "NeedsKey SignerPolicy");
    // One fails, and none is known to hold.
    assert_eq!(said(&general(vec![by(2, "1"), by(3, "3")]), keys.clone()), "signature[0]: EquationFailed");
    assert_eq!(said(&general(vec![by(2, "1")]), keys.clone()), "signature[0]: EquationFailed");
    assert_eq!(said(&general(Vec::new()), keys.clone()), "Malformed");
    let at_most: Vec<_> = vec![by(1, "1"); SIGNATURES];
    assert_eq!(said(&general(at_most.clone()), keys.clone()), "valid");
    assert_eq!(said(&general([at_most, vec![by(1, "1")]].concat()), keys.clone()), "TooManySignatures");
    // Two signatures copy a payload once, of which there is so much and no more.
    let long = |bytes: usize| {
        let payload = "A".repeat(bytes);
        let one = json!({ "protected": protected, "header": { "kid": "1" }, "signature": part([1; 64]) });
        json!({ "payload": payload, "signatures": [one, one] }).to_string()
    };
    assert_eq!(said(&long(COPIES), keys.clone()), "signature[0]: EquationFailed");
    assert_eq!(said(&long(COPIES + 4), keys), "TooManySignatures");
}

#[test]
fn a_context_says_what_is_wrong_with_it() {
    let wrong = |options: serde_json::Value| {
        Jose.context(&common::fields(&options)).map(drop).unwrap_err().to_string()
    };
    for keys in [
        json!([{}]),
        json!([{ "kty": "EC", "crv": "P-256", "x": "AA" }]),
        json!([1]),
        json!([{ "kty": "OKP", "x": "AA" }]),
        json!({ "kty": "EC" }),
    ] {
        assert!(wrong(json!({ "keys": keys })).starts_with("the field \"keys\" must be"), "{keys}");
    }
    assert!(wrong(json!({ "rule": "zip" })).contains("rule for Ed25519"));
    assert!(Jose.context(&Fields::new()).is_ok());
    let _ = fastest();
}
