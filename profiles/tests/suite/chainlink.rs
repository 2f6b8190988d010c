//! Chainlink: the cases, the real reports, what damage does, and the traps of the format.

use serde_json::Value as Json;
use sigwarp_profiles::chainlink::{Chainlink, Config, Context, Form};
use sigwarp_profiles::{Batch, Report, verify};

use crate::common::{self, Case, Damage, Subject};

/// Reasons have the names of the evaluator.
const SUBJECT: Subject = Subject { system: &Chainlink, reason: |name| name, more };

const CASES: &str = "profiles/chainlink/cases.jsonl.gz";
const REPORTS: &str = "profiles/chainlink/reports.jsonl.gz";
const EXPECTED: &str = "profiles/expected/chainlink.jsonl.gz";

fn more(report: &Report, expected: &Json) -> Vec<String> {
    let mut found = Vec::new();
    // Rows of real reports have the digest that was signed, those of attestations the oracles.
    let digest = expected["digest"].as_str();
    if digest.is_some() && report.hash.as_deref().map(hex::encode).as_deref() != digest {
        found.push(format!("the digest is {:?}", report.hash));
    }
    let oracles = expected["signatures"].as_array().map(Vec::as_slice).unwrap_or(&[]);
    for (signature, row) in report.signatures.iter().zip(oracles) {
        let place = row["oracle"].as_u64().or(row["index"].as_u64());
        if signature.role.index().map(|place| place as u64) != place {
            found.push(format!("{} is at {place:?}", signature.role));
        }
    }
    if let Some(signers) = &report.signers {
        let held = report.signatures.iter().filter(|signature| signature.verdict.is_valid());
        let held: Vec<_> = held.filter_map(|signature| signature.address).map(Vec::from).collect();
        if *signers != held {
            found.push(format!("the signers are {signers:?}"));
        }
    }
    found
}

#[test]
fn cases_are_judged_as_expected() {
    let Some(cases) = common::cases(&Chainlink, CASES, EXPECTED) else { return };
    assert_eq!(SUBJECT.check(&cases), 800);
}

#[test]
fn real_reports_are_judged_as_expected() {
    let Some(cases) = common::cases(&Chainlink, REPORTS, EXPECTED) else { return };
    assert_eq!(SUBJECT.check(&cases), 39);
    // Their signers all chose a low s.
    let strict = cases.into_iter().map(|case| {
        let mut fields = common::fields(&case.row);
        fields.push("low_s", sigwarp_profiles::Value::Bool(true));
        let context = sigwarp_profiles::System::context(&Chainlink, &fields).expect("a context");
        let mut expected = case.expected;
        expected["verdict"] = expected["verdict_low_s"].clone();
        Case { context, expected, ..case }
    });
    assert_eq!(SUBJECT.check(&strict.collect::<Vec<_>>()), 39);
}

/// Which bytes of a well-formed tuple matter: context, offsets, lengths and what they lead to, and a v for each
/// signature.
fn covered(record: &[u8], form: &str) -> Vec<bool> {
    let (start, before) = match form {
        "ocr1" => (4, 0),
        "ocr2" => (4, 3),
        _ => (0, 3),
    };
    let mut covered = vec![false; record.len()];
    covered[..start + 32 * (before + 3)].fill(true);
    let number = |at: usize| {
        let word = &record[at..at + 32];
        word.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
    };
    for (place, unit) in [(0, 1), (1, 32), (2, 32)] {
        let at = start + number(start + 32 * (before + place));
        covered[at..at + 32 + unit * number(at)].fill(true);
        if place == 1 {
            let vs = start + 32 * (before + 3);
            covered[vs..vs + number(at)].fill(true);
        }
    }
    covered
}

/// Bits that no signature covers are `vs` past the signatures and, in signed reports, what no offset leads to.
#[test]
fn damaged_records_are_valid_where_no_signature_covers_a_bit() {
    let Some(cases) = common::cases(&Chainlink, CASES, EXPECTED) else { return };
    let (mut judged, mut valid) = (0, 0);
    for form in ["ocr1", "ocr2", "streams", "ocr3"] {
        let of_form = cases.iter().filter(|case| {
            let is_small = case.record.len() < if form == "ocr3" { 2000 } else { 800 };
            case.row["form"] == form && case.expected["verdict"] == "valid" && is_small
        });
        for case in of_form.take(4) {
            let covered = match form {
                "ocr3" => vec![true; case.record.len()],
                _ => covered(&case.record, form),
            };
            let allowed = |damage, _: &Report, _: &Report| match damage {
                Damage::Flip(bit) => !covered[bit / 8],
                Damage::Cut(length) => form == "streams" && covered[length..].iter().all(|byte| !byte),
            };
            let (some, held) = common::damage(&Chainlink, std::slice::from_ref(case), 7, allowed);
            (judged, valid) = (judged + some, valid + held);
        }
    }
    assert!(judged > 8000 && valid > 100, "{valid} of {judged} were valid");
}

/// The x coordinate of the generator: an r with which every s recovers a key.
const R: [u8; 32] = [
    0x79, 0xbe, 0x66, 0x7e, 0xf9, 0xdc, 0xbb, 0xac, 0x55, 0xa0, 0x62, 0x95, 0xce, 0x87, 0x0b, 0x07, 0x02,
    0x9b, 0xfc, 0xdb, 0x2d, 0xce, 0x28, 0xd9, 0x59, 0xf2, 0x81, 0x5b, 0x16, 0xf8, 0x17, 0x98,
];

fn word(number: u64) -> [u8; 32] {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&number.to_be_bytes());
    word
}

/// A signed report of Data Streams with signatures of s = 1, 2 and so on and a v of 0, and 32 bytes of report.
fn signed_report(count: u8) -> Vec<u8> {
    let rs = 7 * 32 + 64;
    let ss = rs + 32 + 32 * u64::from(count);
    let context = [[1; 32], [2; 32], [3; 32]];
    let head = [word(7 * 32), word(rs), word(ss), [0; 32]];
    let report = [word(32), [7; 32]];
    let r = [word(u64::from(count))].into_iter().chain((0..count).map(|_| R));
    let s = [word(u64::from(count))].into_iter().chain((0..count).map(|place| word(u64::from(place) + 1)));
    context.into_iter().chain(head).chain(report).chain(r).chain(s).flatten().collect()
}

/// Where the first byte of vs stands.
const VS: usize = 6 * 32;

/// Where the head has the offsets of rs and ss.
const RS: usize = 4 * 32;
const SS: usize = 5 * 32;

fn context(config: Option<Config>) -> Context {
    Context { form: Form::Streams { config_digest: None }, config, low_s: false }
}

fn judge(record: &[u8], context: &Context) -> Report {
    let mut batch = Batch::new();
    batch.push(&Chainlink, record, context);
    verify(common::fastest(), batch).expect("an engine that works").remove(0)
}

/// The verdict, the cause, and the causes of the signatures.
fn said(report: &Report) -> (&'static str, Option<String>, Vec<Option<String>>) {
    let cause = |verdict: sigwarp_profiles::Verdict| verdict.cause().map(|cause| cause.to_string());
    let signatures = report.signatures.iter().map(|signature| cause(signature.verdict)).collect();
    (report.verdict.name(), cause(report.verdict), signatures)
}

/// A set in which those who "signed" the record are members, with as many strangers.
fn config(record: &[u8]) -> Config {
    let signatures = judge(record, &context(None)).signatures;
    let members = signatures.iter().map(|signature| signature.address.expect("a key"));
    let signers: Vec<[u8; 20]> =
        members.chain((0..signatures.len()).map(|place| [place as u8; 20])).collect();
    Config { f: signatures.len() - 1, signers }
}

#[test]
fn without_a_signer_set_addresses_are_found_and_nothing_is_decided() {
    let report = judge(&signed_report(3), &context(None));
    assert_eq!(said(&report), ("undecided", Some("NoConfig".into()), vec![None; 3]));
    assert!(report.signatures.iter().all(|signature| signature.address.is_some()));
    assert_eq!(report.signers, None);
    // What no set could make valid is invalid.
    let none = judge(&signed_report(0), &context(None));
    assert_eq!(said(&none), ("invalid", Some("SignatureCount".into()), Vec::new()));
}

#[test]
fn exactly_f_plus_1_members_sign() {
    let record = signed_report(3);
    let config = config(&record);
    let of = |f: usize| said(&judge(&record, &context(Some(Config { f, ..config.clone() }))));
    assert_eq!(of(2), ("valid", None, vec![None; 3]));
    for f in [1, 3] {
        assert_eq!(of(f), ("invalid", Some("SignatureCount".into()), vec![None; 3]));
    }
}

#[test]
fn v_of_27_is_invalid() {
    let mut record = signed_report(2);
    let context = context(Some(config(&record)));
    for v in [2, 3, 27, 28, 255] {
        record[VS + 1] = v;
        let expected = ("invalid", Some("BadSignature".into()), vec![None, Some("BadV".into())]);
        assert_eq!(said(&judge(&record, &context)), expected, "{v}");
    }
}

#[test]
fn bytes_of_vs_past_the_signatures_are_not_looked_at() {
    let mut record = signed_report(2);
    let context = context(Some(config(&record)));
    record[VS + 2..VS + 32].fill(0x27);
    assert!(judge(&record, &context).verdict.is_valid());
    record[VS + 1] = 1;
    assert_eq!(said(&judge(&record, &context)).2, [None, Some("UnknownSigner".into())]);
}

#[test]
fn ss_may_point_at_rs() {
    let mut record = signed_report(2);
    record.copy_within(RS..RS + 32, SS);
    let report = judge(&record, &context(None));
    // The same r and s twice: one signer, who signs again.
    assert_eq!(said(&report).2, [None, Some("DuplicateSigner".into())]);
    assert_eq!(report.signatures[0].address, report.signatures[1].address);
}

#[test]
fn a_flipped_s_recovers_a_stranger() {
    let mut record = signed_report(2);
    let context = context(Some(config(&record)));
    *record.last_mut().expect("a byte of s") ^= 0x80;
    let expected = ("invalid", Some("BadSignature".into()), vec![None, Some("UnknownSigner".into())]);
    assert_eq!(said(&judge(&record, &context)), expected);
}

#[test]
fn a_high_s_is_for_contracts_alone() {
    let mut record = signed_report(1);
    let at = record.len() - 32;
    record[at] = 0x80;
    let mut context = context(Some(config(&record)));
    assert!(judge(&record, &context).verdict.is_valid());
    context.low_s = true;
    assert_eq!(said(&judge(&record, &context)).2, [Some("HighS".into())]);
}

#[test]
fn the_config_digest_is_compared_where_it_is_given() {
    let record = signed_report(1);
    let config = config(&record);
    let of = |digest: [u8; 32]| {
        let form = Form::Streams { config_digest: Some(digest) };
        judge(&record, &Context { form, config: Some(config.clone()), low_s: false })
    };
    assert!(of([1; 32]).verdict.is_valid());
    assert_eq!(said(&of([2; 32])), ("invalid", Some("WrongConfigDigest".into()), vec![None]));
}

#[test]
fn a_member_in_another_place_is_the_wrong_signer_of_an_attestation() {
    let form = || Form::Ocr3 { config_digest: [1; 32], seq_nr: 5, report: vec![1, 2, 3] };
    let record = |mask: u8| [&[0, 0, 0, mask][..], &R, &word(1), &R, &word(2)].concat();
    let open = Context { form: form(), config: None, low_s: false };
    let report = judge(&record(0b101), &open);
    assert_eq!(said(&report), ("undecided", Some("NoConfig".into()), vec![None; 2]));
    assert_eq!(report.signatures[1].role.to_string(), "oracle[2]");
    let [a, b] = [0, 1].map(|place| report.signatures[place].address.expect("a key"));
    let of = |mask: u8| {
        let config = Some(Config { signers: vec![a, [9; 20], b, [8; 20]], f: 1 });
        said(&judge(&record(mask), &Context { form: form(), config, low_s: false }))
    };
    assert_eq!(of(0b101), ("valid", None, vec![None; 2]));
    let wrong = Some("WrongSigner".to_owned());
    assert_eq!(of(0b011), ("invalid", Some("BadSignature".into()), vec![None, wrong.clone()]));
    assert_eq!(of(0b110), ("invalid", Some("BadSignature".into()), vec![wrong, None]));
    assert_eq!(of(0b10001), ("invalid", Some("BadBitmask".into()), Vec::new()));
    assert_eq!(of(0b100).1, Some("BadBitmask".into()));
    assert_eq!(of(0b111).1, Some("BadBitmask".into()));
}
