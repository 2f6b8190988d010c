//! X.509: the cases, what damage does, paths through certificates of equal names, and the traps of the format.

mod maker;

use serde_json::json;
use sigwarp::Suite;
use sigwarp_profiles::x509::{Context, MAX_CHAIN, MAX_CHECKS, X509};
use sigwarp_profiles::{Batch, Report, System, verify};

use self::maker::{ECDSA_SHA256, ECDSA_SHA512, Made, OCTETS, SEQUENCE, algorithm, element, point};
use crate::common::{self, Case, Subject};

/// Reasons have the names of the evaluator.
const SUBJECT: Subject = Subject { system: &X509, reason: |name| name, more: |_, _| Vec::new() };

const CASES: &str = "profiles/x509/cases.jsonl.gz";
const EXPECTED: &str = "profiles/expected/x509.jsonl.gz";

fn cases() -> Option<Vec<Case>> {
    common::cases(&X509, CASES, EXPECTED)
}

#[test]
fn cases_are_judged_as_expected() {
    let Some(mut cases) = cases() else { return };
    assert_eq!(cases.len(), 392);
    // The evaluator has neither P-384 nor RSA.
    if has_one_by_one() {
        cases.retain(|case| case.expected["undecided"] != json!(["UnsupportedAlgorithm"]));
    }
    assert!(SUBJECT.check(&cases) > 300);
}

/// Whether the engine verifies P-384 and RSA, which another crate of the workspace or the features of this one say.
fn has_one_by_one() -> bool {
    Suite::from_names("ecdsa-p384-sha384", Some("ecdsa"), Some("der"), None).is_ok()
}

/// Chains of TPMs with P-384 and RSA, which nobody else has judged: what is said of each, by its id.
#[test]
fn chains_with_p384_and_rsa_are_verified() {
    let Some(mut cases) = cases() else { return };
    if !has_one_by_one() {
        println!("not run: the engine is built without the feature one-by-one");
        return;
    }
    cases.retain(|case| case.expected["undecided"] == json!(["UnsupportedAlgorithm"]));
    let (valid, flipped): (Vec<Case>, Vec<Case>) =
        cases.into_iter().partition(|case| case.row["origin"] == "real");
    let count = |cases: &[Case], name: &str| {
        let judged = cases.iter().map(|case| (case, judge_with(&case.record, &case.context)));
        let said = judged.filter(|(_, report)| report.verdict.name() == name);
        said.inspect(|(case, report)| {
            let schemes = report.signatures.iter().filter_map(|of| Some(of.suite.as_ref()?.scheme().name()));
            println!("{} is {name}: {}", case.id, schemes.collect::<Vec<_>>().join(", "));
        })
        .count()
    };
    assert_eq!(["valid", "invalid", "undecided"].map(|name| count(&valid, name)), [17, 0, valid.len() - 17]);
    assert_eq!(["valid", "invalid"].map(|name| count(&flipped, name)), [0, 9]);
}

/// Valid cases of each algorithm, with a chain and without one; 50 of all kinds where the environment wants them.
fn valid_cases() -> Option<Vec<Case>> {
    let ids = [
        "x509-made-00000",
        "x509-made-00001",
        "x509-made-00002",
        "x509-made-00003",
        "x509-matter-1-test-DAC_CERT",
        "x509-tongsuo-0-sm2-cert-0",
        "x509-tongsuo-5-sm2-noza-cert-0-no-za",
        "x509-fisco-1-sm_ennode-0",
    ];
    let mut cases = cases()?;
    cases.retain(|case| case.expected["verdict"] == "valid");
    if common::damages_all() {
        return Some(common::spread(cases, 50));
    }
    cases.retain(|case| ids.contains(&case.id.as_str()));
    assert_eq!(cases.len(), ids.len());
    Some(cases)
}

/// Every bit of a certificate is signed, or decides what is.
#[test]
fn damaged_certificates_are_never_valid() {
    let Some(cases) = valid_cases() else { return };
    let (judged, valid) = common::damage(&X509, &cases, 3, |_, _, _| false);
    println!("{} certificates, {judged} damaged", cases.len());
    assert!(judged > 8000 && valid == 0, "{valid} of {judged}");
}

#[test]
fn a_damaged_chain_is_never_valid() {
    let Some(cases) = valid_cases() else { return };
    let mut judged = 0;
    let step = if common::damages_all() { 1 } else { 5 };
    for case in cases.iter().filter(|case| case.row["options"]["chain"][0].is_string()) {
        let chain = hex::decode(case.row["options"]["chain"][0].as_str().expect("digits")).expect("digits");
        let damaged = |chain: &[u8]| {
            let mut row = case.row.clone();
            row["options"]["chain"] = json!([hex::encode(chain)]);
            X509.context(&common::fields(&row)).expect("a context")
        };
        let flipped = (0..chain.len() * 8).step_by(step).map(|bit| {
            let mut chain = chain.clone();
            chain[bit / 8] ^= 0x80 >> (bit % 8);
            damaged(&chain)
        });
        let contexts: Vec<_> =
            flipped.chain((0..chain.len()).map(|length| damaged(&chain[..length]))).collect();
        let mut batch = Batch::new();
        for context in &contexts {
            System::push(&X509, &mut batch, &case.record, context).expect("a context of the system");
        }
        for report in verify(common::fastest(), batch).expect("an engine that works") {
            judged += 1;
            assert!(!report.verdict.is_valid(), "{}", case.id);
        }
    }
    assert!(judged > 4000, "{judged}");
    println!("{judged} damaged chains");
}

fn judge_with(record: &[u8], context: &sigwarp_profiles::AnyContext) -> Report {
    let mut batch = Batch::new();
    System::push(&X509, &mut batch, record, context).expect("a context of the system");
    verify(common::fastest(), batch).expect("an engine that works").remove(0)
}

fn judge_in(record: &[u8], context: &Context) -> Report {
    let mut batch = Batch::new();
    batch.push(&X509, record, context);
    verify(common::fastest(), batch).expect("an engine that works").remove(0)
}

fn judge(record: &Made, chain: &[&Made], roots: &[&Made]) -> Report {
    let ders = |made: &[&Made]| made.iter().map(|made| made.der()).collect();
    judge_in(&record.der(), &Context::new(ders(chain), ders(roots)).expect("roots"))
}

/// The verdict, what it says of itself, and the number of signatures.
fn said(report: &Report) -> (&'static str, String, usize) {
    let words: Vec<String> = match report.undecided.is_empty() {
        true => report.verdict.cause().iter().map(ToString::to_string).collect(),
        false => report.undecided.iter().map(ToString::to_string).collect(),
    };
    (report.verdict.name(), words.join(","), report.signatures.len())
}

fn valid(signatures: usize) -> (&'static str, String, usize) {
    ("valid", String::new(), signatures)
}

fn invalid(reason: &str, signatures: usize) -> (&'static str, String, usize) {
    ("invalid", reason.into(), signatures)
}

fn undecided(words: &str, signatures: usize) -> (&'static str, String, usize) {
    ("undecided", words.into(), signatures)
}

const ROOT: (&str, u8) = ("root", 1);
const CA: (&str, u8) = ("ca", 2);
const DEVICE: (&str, u8) = ("device", 3);

/// A device, its issuer and the root.
fn three() -> [Made; 3] {
    [Made::device(CA, DEVICE), Made::ca(ROOT, CA), Made::ca(ROOT, ROOT)]
}

#[test]
fn a_path_to_a_root_is_valid_and_anchored() {
    let [device, ca, root] = three();
    let report = judge(&device, &[&ca], &[&root]);
    assert_eq!((said(&report), report.anchored), (valid(2), Some(true)));
    let roles: Vec<String> = report.signatures.iter().map(|signature| signature.role.to_string()).collect();
    assert_eq!(roles, ["certificate[0]", "certificate[1]"]);
    assert_eq!([&report.signatures[0].key, &report.signatures[1].key], [&point(2), &point(1)]);
    // A root need not have signed itself.
    let report = judge(&device, &[], &[&ca]);
    assert_eq!((said(&report), report.anchored), (valid(1), Some(true)));
    let without = judge(&device, &[&ca], &[]);
    assert_eq!((said(&without), without.anchored), (undecided("TrustAnchorUnknown", 1), Some(false)));
    // Certificates that sign themselves and are no roots prove nothing.
    let signed_itself = judge(&device, &[&ca, &root], &[]);
    assert_eq!(said(&signed_itself), undecided("TrustAnchorUnknown", 3));
    let report = judge(&root, &[], &[&root]);
    assert_eq!((said(&report), report.anchored), (undecided("IsAnchor", 0), Some(true)));
}

#[test]
fn the_order_of_a_chain_does_not_matter() {
    let [device, ca, root] = three();
    let other = Made::ca(("ca", 2), ("lower", 4));
    let lower = Made::device(("lower", 4), DEVICE);
    for chain in [[&other, &ca], [&ca, &other]] {
        assert_eq!(said(&judge(&lower, &chain, &[&root])), valid(3));
    }
    // The device itself, the root and the same one twice may be there.
    let chain = [&device, &ca, &ca, &root];
    assert_eq!(said(&judge(&device, &chain, &[&root])), valid(2));
}

#[test]
fn names_must_chain() {
    let [device, ca, root] = three();
    let roots = [&root];
    let renamed = Made { subject: "another", ..ca.clone() };
    assert_eq!(said(&judge(&device, &[&renamed], &roots)), invalid("NameMismatch", 0));
    // With nothing to come from, the issuer is not known.
    assert_eq!(said(&judge(&device, &[], &roots)), undecided("TrustAnchorUnknown", 0));
    // Beside a path that holds it is not looked at.
    assert_eq!(said(&judge(&device, &[&renamed, &ca], &roots)), valid(2));
    // Names are compared by their bytes.
    let upper = Made { issuer: "CA", ..device };
    assert_eq!(said(&judge(&upper, &[], &roots)), undecided("TrustAnchorUnknown", 0));
}

#[test]
fn issuers_are_cas() {
    let [device, ca, root] = three();
    let no = Made { constraints: element(SEQUENCE, &[]), ..ca.clone() };
    assert_eq!(said(&judge(&device, &[&no], &[&root])), invalid("NotCA", 0));
    assert_eq!(said(&judge(&device, &[], &[&no])), invalid("NotCA", 0));
    let written_out = Made { constraints: element(SEQUENCE, &[&[1, 1, 0]]), ..ca.clone() };
    assert_eq!(said(&judge(&device, &[&written_out], &[&root])), invalid("NotCA", 0));
    let not_der = Made { constraints: element(SEQUENCE, &[&[1, 1, 1]]), ..ca };
    assert_eq!(said(&judge(&device, &[&not_der], &[&root])), invalid("Malformed:chain", 0));
}

#[test]
fn the_algorithm_is_named_twice_alike() {
    let [device, ca, root] = three();
    let sha512 = algorithm(ECDSA_SHA512);
    for algorithms in [[algorithm(ECDSA_SHA256), sha512.clone()], [sha512.clone(), algorithm(ECDSA_SHA256)]] {
        let made = |of: &Made| Made { algorithms: algorithms.clone(), ..of.clone() };
        let report = judge(&made(&device), &[&ca], &[&root]);
        assert_eq!(said(&report), invalid("AlgorithmMismatch", 0));
        let report = judge(&device, &[&made(&ca)], &[&root]);
        assert_eq!(said(&report), invalid("AlgorithmMismatch", 1));
    }
    let made = Made { algorithms: [sha512.clone(), sha512], ..device.clone() };
    let report = judge(&made, &[&ca], &[&root]);
    assert_eq!(said(&report), valid(2));
    let suites =
        report.signatures.iter().map(|signature| signature.suite.as_ref().expect("a suite").to_string());
    assert_eq!(suites.collect::<Vec<_>>(), ["ecdsa-p256 ecdsa der", "ecdsa-p256-sha256 ecdsa der"]);
    // NULL beside an algorithm without parameters is another AlgorithmIdentifier, and no reason to refuse it.
    let null = element(SEQUENCE, &[&element(6, &[ECDSA_SHA256]), &[5, 0]]);
    let once = Made { algorithms: [algorithm(ECDSA_SHA256), null.clone()], ..device.clone() };
    assert_eq!(said(&judge(&once, &[], &[&ca])), invalid("AlgorithmMismatch", 0));
    let twice = Made { algorithms: [null.clone(), null], ..device.clone() };
    assert_eq!(said(&judge(&twice, &[], &[&ca])), valid(1));
    // SHA-384 is not among the engine's hash functions, Ed25519 no algorithm of this key.
    for (oid, expected) in [
        (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3][..], undecided("UnsupportedAlgorithm", 0)),
        (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1], undecided("UnsupportedAlgorithm", 0)),
        (&[0x2a, 3], undecided("UnsupportedAlgorithm", 0)),
        (&[0x2b, 0x65, 0x70], invalid("KeyAlgorithmMismatch", 0)),
        (&[0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x83, 0x75], invalid("KeyAlgorithmMismatch", 0)),
        (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11], invalid("KeyAlgorithmMismatch", 0)),
    ] {
        let made = Made { algorithms: [algorithm(oid), algorithm(oid)], ..device.clone() };
        assert_eq!(said(&judge(&made, &[], &[&ca])), expected, "{oid:?}");
    }
}

/// Tongsuo's sm2-cert has the name of its issuer and another key.
#[test]
fn naming_itself_is_no_proof_of_having_signed_itself() {
    let [_, _, root] = three();
    let issued = Made { key: 9, ..root.clone() };
    assert_eq!(said(&judge(&issued, &[], &[&root])), valid(1));
    let report = judge(&issued, &[], &[]);
    assert_eq!(said(&report), invalid("certificate[0]: EquationFailed", 1));
    assert_eq!(report.which, Some(0));
    assert_eq!(said(&judge(&root, &[], &[])), undecided("TrustAnchorUnknown", 1));
    let forged = Made { signer: 9, ..root.clone() };
    assert_eq!(said(&judge(&forged, &[], &[&root])), invalid("certificate[0]: EquationFailed", 1));
}

#[test]
fn of_several_anchors_of_one_name_each_is_tried() {
    let device = Made::device(ROOT, DEVICE);
    let of_key = |key: u8| Made::ca(("root", key), ("root", key));
    let no_ca = Made::device(("root", 7), ("root", 7));
    let made = [of_key(4), no_ca, of_key(5), of_key(1)];
    let right_last = made.each_ref();
    let report = judge(&device, &[], &right_last);
    assert_eq!((said(&report), &report.signatures[0].key), (valid(1), &point(1)));
    let report = judge(&device, &[], &right_last[..3]);
    assert_eq!(
        (said(&report), &report.signatures[0].key),
        (invalid("certificate[0]: EquationFailed", 1), &point(4))
    );
    // So are certificates of a chain: one that the root did not sign does not speak against the other.
    let [device, ca, root] = three();
    let not_signed = Made { signer: 9, serial: 2, ..ca.clone() };
    assert_eq!(said(&judge(&device, &[&not_signed, &ca], &[&root])), valid(2));
    assert_eq!(said(&judge(&device, &[&not_signed], &[&root])), invalid("certificate[1]: EquationFailed", 2));
}

#[test]
fn loops_end() {
    // Two CAs that have signed each other, and one that has signed itself twice.
    let device = Made::device(("a", 4), DEVICE);
    let [a, b] = [Made::ca(("b", 5), ("a", 4)), Made::ca(("a", 4), ("b", 5))];
    let chain = [&a, &b];
    let report = judge(&device, &chain, &[]);
    assert_eq!((said(&report), report.anchored), (undecided("TrustAnchorUnknown", 2), Some(false)));
    assert_eq!(said(&judge(&device, &chain, &[&Made::ca(("b", 5), ("b", 5))])), valid(2));
    let again = Made { serial: 2, ..Made::ca(("a", 4), ("a", 4)) };
    let report = judge(&device, &[&Made::ca(("a", 4), ("a", 4)), &again], &[]);
    assert_eq!(report.verdict.name(), "undecided");
}

#[test]
fn the_number_of_signatures_is_bounded() {
    // Each could have signed each, and the key of the device's issuer is the last.
    let record = Made::device(("a", 1), DEVICE).der();
    let of_keys = |count: usize, shared: bool| -> Vec<Vec<u8>> {
        let made = |number: usize| {
            let key = if shared { 1 } else { number as u8 };
            Made { serial: number as u8, ..Made::ca(("a", key), ("a", key)) }
        };
        (1..=count).rev().map(|number| made(number).der()).collect()
    };
    let asked = |chain: Vec<Vec<u8>>, roots: Vec<Vec<u8>>| {
        let context = Context::new(chain, roots).expect("roots");
        let mut batch = Batch::new();
        batch.push(&X509, &record, &context);
        (batch.work().signatures(), said(&judge_in(&record, &context)))
    };
    let too_many = |signatures| undecided("TooManyCertificates", signatures);
    assert_eq!(asked(of_keys(MAX_CHAIN, false), Vec::new()), (MAX_CHECKS, too_many(1)));
    assert_eq!(asked(of_keys(MAX_CHAIN + 1, false), Vec::new()), (0, too_many(0)));
    assert_eq!(asked(Vec::new(), of_keys(MAX_CHECKS, false)), (MAX_CHECKS, valid(1)));
    assert_eq!(asked(Vec::new(), of_keys(MAX_CHECKS + 1, false)), (MAX_CHECKS, too_many(0)));
    // A key is asked once for each certificate, however many have it.
    let all_shared = undecided("TrustAnchorUnknown", 2);
    assert_eq!(asked(of_keys(MAX_CHAIN, true), Vec::new()), (MAX_CHAIN + 1, all_shared));
    assert_eq!(asked(Vec::new(), of_keys(2 * MAX_CHECKS - 1, true)), (1, valid(1)));
}

/// A chain that comes with every record is verified once.
#[test]
fn signatures_of_a_chain_are_asked_for_once_a_batch() {
    let [_, ca, root] = three();
    let contexts: Vec<Context> =
        (0..10).map(|_| Context::new(vec![ca.der()], vec![root.der()]).expect("a root")).collect();
    let device = |serial: u8| Made { serial, ..Made::device(CA, DEVICE) }.der();
    let mut devices: Vec<Vec<u8>> = (1..=10).map(device).collect();
    devices[4].pop();
    let mut batch = Batch::new();
    for (device, context) in devices.iter().zip(&contexts) {
        batch.push(&X509, device, context);
    }
    assert_eq!(batch.work().signatures(), 9 + 1);
    let reports = verify(common::fastest(), batch).expect("an engine that works");
    for (place, report) in reports.iter().enumerate() {
        assert_eq!(said(report), if place == 4 { invalid("Malformed", 0) } else { valid(2) });
    }
}

#[test]
fn keys_are_points_as_sec_1_has_them() {
    let device = Made::device(CA, DEVICE);
    let of_point =
        |point: Vec<u8>| said(&judge(&device, &[], &[&Made { point: Some(point), ..three()[1].clone() }]));
    let point = point(2);
    let mut compressed = point[..33].to_vec();
    compressed[0] = 2 + (point[64] & 1);
    assert_eq!(of_point(compressed), valid(1));
    // The engine takes x ‖ y, which RFC 5480 does not have.
    assert_eq!(of_point(point[1..].to_vec()), invalid("certificate[0]: BadKeyLength", 1));
    assert_eq!(of_point(Vec::new()), invalid("certificate[0]: BadKeyLength", 1));
    let mut hybrid = point.clone();
    hybrid[0] = 6 + (point[64] & 1);
    assert_eq!(of_point(hybrid), invalid("certificate[0]: BadKeyEncoding", 1));
}

/// The same elements with lengths that BER allows and DER does not, and bytes that follow.
#[test]
fn ber_is_malformed() {
    let [_, ca, _] = three();
    let context = Context::new(Vec::new(), vec![ca.der()]).expect("a root");
    let der = Made::device(CA, DEVICE).der();
    assert_eq!(said(&judge_in(&der, &context)), valid(1));
    let contents = &der[4..];
    assert_eq!(&der[..2], [SEQUENCE, 0x82]);
    let length = &der[2..4];
    let malformed: [Vec<u8>; 6] = [
        [&[SEQUENCE, 0x83, 0], length, contents].concat(),
        [&[SEQUENCE, 0x84, 0, 0], length, contents].concat(),
        [&[SEQUENCE, 0x80], contents, &[0, 0]].concat(),
        [&der[..], &[0]].concat(),
        [&[SEQUENCE, 0x84, 0xff, 0xff, 0xff, 0xff], contents].concat(),
        [&[0x31], &der[1..]].concat(),
    ];
    for record in malformed {
        let report = judge_in(&record, &context);
        assert_eq!(said(&report), invalid("Malformed", 0));
        assert!(report.at.is_some_and(|at| at <= record.len()));
    }
    // A long length inside, where the signature covers it.
    let long = [SEQUENCE, 0x81, 3, 1, 1, 255];
    let device = Made { constraints: long.to_vec(), ..Made::device(CA, DEVICE) };
    assert_eq!(said(&judge_in(&device.der(), &context)), invalid("Malformed", 0));
}

#[test]
fn hostile_bytes_are_malformed() {
    let context = Context::new(Vec::new(), Vec::new()).expect("no roots");
    let deep = (0..20_000).fold(Vec::new(), |inner: Vec<u8>, _| {
        let length = inner.len() as u32 + 2;
        if length > 60_000 { inner } else { element(SEQUENCE, &[&inner]) }
    });
    let wide = element(SEQUENCE, &[&element(SEQUENCE, &[&[5, 0].repeat(10_000)])]);
    let octets = element(SEQUENCE, &[&element(OCTETS, &[&[0x30; 20_000]])]);
    let indefinite = [0x30, 0x80].repeat(10_000);
    for record in [deep, wide, octets, indefinite, vec![0x30; 10_000], vec![0xff; 10_000], Vec::new()] {
        assert_eq!(said(&judge_in(&record, &context)), invalid("Malformed", 0));
    }
}

#[test]
fn a_context_is_refused_where_it_is_wrong() {
    let wrong = |options: serde_json::Value| {
        X509.context(&common::fields(&options)).map(drop).unwrap_err().to_string()
    };
    assert!(X509.context(&common::fields(&json!({}))).is_ok());
    assert!(wrong(json!({ "roots": ["3000"] })).contains("\"roots\" must be an array of certificates"));
    assert!(wrong(json!({ "chain": ["300"] })).contains("\"chain\" must be an array of certificates"));
    assert!(wrong(json!({ "chain": "3000" })).contains("\"chain\" must be an array of certificates"));
    assert!(wrong(json!({ "sm2_id": "31", "sm2_no_za": true })).contains("absent where sm2_no_za"));
    assert!(wrong(json!({ "sm2_id": "31".repeat(8192) })).contains("8191"));
    // A malformed chain came with the record, and is a verdict.
    let context = X509.context(&common::fields(&json!({ "chain": ["3000"] }))).expect("a context");
    let device = Made::device(CA, DEVICE).der();
    assert_eq!(said(&judge_with(&device, &context)), invalid("Malformed:chain", 0));
}
