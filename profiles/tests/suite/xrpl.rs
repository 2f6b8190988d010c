//! XRP Ledger: the cases, published transactions, what damage does, and the traps of the format.

use serde_json::Value as Json;
use sigwarp_profiles::xrpl::{Context, MAX_BYTES, Roles, Xrpl};
use sigwarp_profiles::{Batch, Report, System, Value, verify};

use crate::common::{self, Case, Damage, Subject};

/// Reasons have the names of the evaluator.
const SUBJECT: Subject = Subject { system: &Xrpl, reason: |name| name, more };

const CASES: &str = "profiles/xrpl/cases.jsonl.gz";
const TRANSACTIONS: &str = "profiles/xrpl/transactions.jsonl.gz";
const EXPECTED: &str = "profiles/expected/xrpl.jsonl.gz";

fn more(report: &Report, expected: &Json) -> Vec<String> {
    let found = report.tx_id.as_deref().map(hex::encode_upper);
    let id = match expected.get("txid") {
        Some(id) => id.as_str(),
        // The id of a row of a real transaction is that of the transaction.
        None if expected["real"] == true => expected["id"].as_str(),
        None => return Vec::new(),
    };
    match found.as_deref() == id {
        true => Vec::new(),
        false => vec![format!("the id is {found:?}, expected {id:?}")],
    }
}

#[test]
fn cases_are_judged_as_expected() {
    let Some(cases) = common::cases(&Xrpl, CASES, EXPECTED) else { return };
    assert_eq!(SUBJECT.check(&cases), 800);
}

/// The published transactions in an era: before and after the amendment that asks for a low s.
fn published(full_canonical: bool) -> Option<Vec<Case>> {
    let expected = common::rows(EXPECTED)?;
    let case = |row: Json| {
        let mut fields = common::fields(&row);
        fields.push("full_canonical", Value::Bool(full_canonical));
        fields.push("max_signers", Value::Integer(32));
        fields.push("roles", Value::Text("new".into()));
        let mut expected = expected.iter().find(|of| of["id"] == row["id"]).expect("a verdict").clone();
        // The rows have the signatures as they are today. One that is refused for its high s alone is judged before.
        if !full_canonical && expected["signatures"][0]["reason"] == "HighS" {
            let is_valid = expected["verdict_before_full_canonical"] == "valid";
            let reason = |name: &str| if is_valid { Json::Null } else { name.into() };
            expected["verdict"] = expected["verdict_before_full_canonical"].clone();
            expected["reason"] = reason("BadSignature");
            expected["signatures"][0]["ok"] = is_valid.into();
            expected["signatures"][0]["reason"] = reason("EquationFailed");
        }
        Case {
            id: row["id"].as_str().expect("an id").to_owned(),
            record: fields.bytes("blob").expect("digits").expect("a blob"),
            context: System::context(&Xrpl, &fields).expect("a context"),
            expected,
            row,
        }
    };
    Some(common::rows(TRANSACTIONS)?.into_iter().map(case).collect())
}

/// Among them are Ed25519 signatures of transactions, which hold for the bytes and not for a digest of them.
#[test]
fn published_transactions_are_judged_as_expected() {
    let Some(cases) = published(true) else { return };
    assert_eq!(SUBJECT.check(&cases), 316);
    let ed25519 = cases.iter().filter(|case| {
        let signature = &case.expected["signatures"][0];
        signature["scheme"] == "ed25519" && signature["ok"] == true
    });
    assert!(ed25519.count() > 5);
}

/// Seven of the published transactions have a high s, and no flag that asks for a low one.
#[test]
fn a_high_s_is_valid_in_old_ledgers_and_invalid_today() {
    let (Some(old), Some(today)) = (published(false), published(true)) else { return };
    assert_eq!(SUBJECT.check(&old), 316);
    let changed = old.iter().zip(&today).filter(|(old, today)| {
        old.expected["verdict"] == "valid" && today.expected["signatures"][0]["reason"] == "HighS"
    });
    assert_eq!(changed.count(), 7);
}

/// Binary objects of rippled's codec, of transactions and of the ledger's state: each is walked to its end.
#[test]
fn objects_of_the_codec_are_walked() {
    let Some(bytes) = common::bytes("chains/xrpl/codec-fixtures.json") else { return };
    let fixtures: Json = serde_json::from_slice(&bytes).expect("JSON");
    let rows = ["accountState", "transactions"]
        .into_iter()
        .flat_map(|name| fixtures[name].as_array().expect("rows"));
    let objects: Vec<Vec<u8>> =
        rows.map(|row| hex::decode(row["binary"].as_str().expect("digits")).expect("digits")).collect();
    assert!(objects.len() > 100, "{}", objects.len());
    for (object, report) in objects.iter().zip(judge_all(&objects, &CONTEXT)) {
        assert!(report.tx_id.is_some(), "{}: {:?}", hex::encode(object), report.verdict);
    }
}

const CONTEXT: Context = Context { full_canonical: true, max_signers: 32, roles: Some(Roles::New) };

fn judge_all(records: &[Vec<u8>], context: &Context) -> Vec<Report> {
    let mut batch = Batch::new();
    records.iter().for_each(|record| batch.push(&Xrpl, record, context));
    verify(common::fastest(), batch).expect("an engine that works")
}

/// Every bit is signed or part of a signature, but those of the value of a `Signature` field. At the end of a
/// transaction that field, and the signature of a counterparty or sponsor, can be cut off as a whole.
#[test]
fn damaged_transactions_are_valid_where_no_signature_covers_a_bit() {
    let Some(mut cases) = common::cases(&Xrpl, CASES, EXPECTED) else { return };
    cases.retain(|case| case.expected["verdict"] == "valid" && case.record.len() < 900);
    let (mut judged, mut valid) = (0, 0);
    for case in cases.iter().step_by(4) {
        let unsigned = signature_field(case);
        let is_allowed = |damage, whole: &Report, damaged: &Report| match damage {
            Damage::Flip(bit) => unsigned.contains(&(bit / 8)),
            Damage::Cut(length) => {
                let is_role = [[0xe0, 37], [0xe0, 38]].iter().any(|id| case.record[length..].starts_with(id));
                let is_signature = length + 2 == unsigned.start;
                is_signature || is_role && damaged.signatures.len() < whole.signatures.len()
            }
        };
        let (some, held) = common::damage(&Xrpl, std::slice::from_ref(case), 9, is_allowed);
        (judged, valid) = (judged + some, valid + held);
    }
    assert!(judged > 5000 && valid > 10, "{valid} of {judged} were valid");
}

/// Where the value of the field `Signature` stands, right after the `TxnSignature` of a transaction that has both.
fn signature_field(case: &Case) -> std::ops::Range<usize> {
    let key = case.record.windows(2).position(|window| window == [0x73, 33]);
    let Some(after_key) = key.map(|at| at + 2 + 33) else { return 0..0 };
    let length = |at: usize, id: u8| match case.record.get(at..at + 2) {
        Some(&[found, length]) if found == id => Some(usize::from(length)),
        _ => None,
    };
    let Some(signature) = length(after_key, 0x74) else { return 0..0 };
    let at = after_key + 2 + signature;
    length(at, 0x76).map_or(0..0, |length| at + 2..at + 2 + length)
}

/// Fields of a payment before its key: type, sequence, fee.
const BEFORE: [u8; 17] = [0x12, 0, 0, 0x24, 0, 0, 0, 1, 0x68, 0x40, 0, 0, 0, 0, 0, 0, 10];

/// A key of the form of secp256k1's, the generator; nothing is signed with it here.
const KEY: [u8; 33] = [
    2, 0x79, 0xbe, 0x66, 0x7e, 0xf9, 0xdc, 0xbb, 0xac, 0x55, 0xa0, 0x62, 0x95, 0xce, 0x87, 0x0b, 0x07, 0x02,
    0x9b, 0xfc, 0xdb, 0x2d, 0xce, 0x28, 0xd9, 0x59, 0xf2, 0x81, 0x5b, 0x16, 0xf8, 0x17, 0x98,
];

fn blob(id: u8, value: &[u8]) -> Vec<u8> {
    [&[id, u8::try_from(value.len()).expect("a short value")], value].concat()
}

fn signer(account: [u8; 20]) -> Vec<u8> {
    let fields = [blob(0x73, &KEY), blob(0x74, &[0x30]), blob(0x81, &account)].concat();
    [&[0xe0, 16][..], &fields, &[0xe1]].concat()
}

/// A transaction of the account 7 … 7 with a key, a signature and signers where they are given.
fn transaction(key: Option<&[u8]>, signature: Option<&[u8]>, signers: Option<&[[u8; 20]]>) -> Vec<u8> {
    let mut bytes = BEFORE.to_vec();
    bytes.extend(key.map(|key| blob(0x73, key)).unwrap_or_default());
    bytes.extend(signature.map(|signature| blob(0x74, signature)).unwrap_or_default());
    bytes.extend(blob(0x81, &[7; 20]));
    if let Some(signers) = signers {
        bytes.push(0xf3);
        signers.iter().for_each(|account| bytes.extend(signer(*account)));
        bytes.push(0xf1);
    }
    bytes
}

/// Verdict and cause, the number of signatures, and the authority.
fn said(record: Vec<u8>, context: &Context) -> (String, usize, Option<&'static str>) {
    let report = judge_all(&[record], context).remove(0);
    let cause = report.verdict.cause().map(|cause| cause.to_string()).unwrap_or_default();
    (format!("{} {cause}", report.verdict.name()), report.signatures.len(), report.authority)
}

#[test]
fn signers_are_ordered_by_account_id() {
    let of = |signers: &[[u8; 20]]| said(transaction(Some(&[]), None, Some(signers)), &CONTEXT);
    let mut account = [1; 20];
    account[19] = 2;
    let list = Some("signer-list");
    // In order, their form is right and their signatures are not.
    assert_eq!(of(&[[1; 20], account, [0xff; 20]]), ("invalid BadSignature".into(), 3, list));
    assert_eq!(of(&[account, [1; 20], [0xff; 20]]), ("invalid UnsortedSigners".into(), 3, list));
    assert_eq!(of(&[[1; 20], [1; 20]]), ("invalid DuplicateSigner".into(), 2, list));
    assert_eq!(of(&[[1; 20], [7; 20]]), ("invalid SignerIsOwner".into(), 2, list));
    // rippled compares the first with an account of zeros.
    assert_eq!(of(&[[0; 20]]), ("invalid DuplicateSigner".into(), 1, list));
}

#[test]
fn the_era_says_how_many_may_sign() {
    let signers = |count: u8| (1..=count).map(|account| [account * 8; 20]).collect::<Vec<_>>();
    let of = |count: u8, max_signers: usize| {
        let record = transaction(Some(&[]), None, Some(&signers(count)));
        said(record, &Context { max_signers, ..CONTEXT }).0
    };
    for (count, most, expected) in [
        (0, 8, "invalid BadSignerCount"),
        (1, 8, "invalid BadSignature"),
        (8, 8, "invalid BadSignature"),
        (9, 8, "invalid BadSignerCount"),
        (9, 32, "invalid BadSignature"),
        (31, 32, "invalid BadSignature"),
    ] {
        assert_eq!(of(count, most), expected, "{count} of {most}");
    }
}

#[test]
fn the_key_is_present_and_empty_where_several_sign() {
    let of = |key: Option<&[u8]>, signature: Option<&[u8]>, signers: Option<&[[u8; 20]]>| {
        let (verdict, _, authority) = said(transaction(key, signature, signers), &CONTEXT);
        (verdict, authority)
    };
    let one = Some(&[[1; 20]][..]);
    assert_eq!(of(Some(&[]), None, one), ("invalid BadSignature".into(), Some("signer-list")));
    assert_eq!(of(None, None, one), ("invalid MissingField".into(), None));
    assert_eq!(of(Some(&[]), None, None), ("invalid NotSigned".into(), Some("signer-list")));
    let both = |authority| ("invalid SingleAndMultiSigned".to_owned(), Some(authority));
    assert_eq!(of(Some(&[]), Some(&[0x30]), one), both("signer-list"));
    assert_eq!(of(Some(&KEY), None, one), both("other-key"));
    assert_eq!(of(Some(&KEY), Some(&[0x30]), None), ("invalid BadSignature".into(), Some("other-key")));
}

/// The engine takes keys of 64 and 65 bytes, which the ledger does not.
#[test]
fn keys_have_33_bytes() {
    let key = [&[4][..], &KEY[1..], &[1; 32]].concat();
    for key in [&key[..], &key[1..], &KEY[1..]] {
        let report = judge_all(&[transaction(Some(key), Some(&[0x30]), None)], &CONTEXT).remove(0);
        let cause = report.signatures[0].verdict.cause().map(|cause| cause.to_string());
        assert_eq!(cause.as_deref(), Some("BadKeyLength"), "{key:?}");
    }
}

#[test]
fn roles_are_judged_by_their_era() {
    let object = [blob(0x73, &KEY), blob(0x74, &[0x30])].concat();
    let with = |field: u8| {
        let head = transaction(Some(&KEY), Some(&[0x30]), None);
        [&head[..], &[0xe0, field], &object, &[0xe1]].concat()
    };
    for (field, role) in [(37, "CounterpartySignature"), (38, "SponsorSignature")] {
        let reports = |roles| judge_all(&[with(field)], &Context { roles, ..CONTEXT }).remove(0);
        for era in [Roles::Old, Roles::New] {
            assert_eq!(reports(Some(era)).signatures[1].role.to_string(), role);
        }
        // What is no field of such a signature would stand there unsigned.
        let mut foreign = with(field);
        foreign.splice(foreign.len() - 1.., [0x81, 0, 0xe1]);
        assert_eq!(said(foreign, &CONTEXT).0, "invalid UnexpectedField");
        // Nothing is said of it without an era, and the sender's signature is invalid all the same.
        let report = reports(None);
        assert_eq!((report.signatures.len(), report.verdict.name()), (1, "invalid"));
    }
}

#[test]
fn a_transaction_has_at_most_a_mebibyte() {
    // Whatever its bytes are: fields of a blob, one after another, that go on and on.
    let context = Context { full_canonical: true, max_signers: 32, roles: None };
    let reason = |length: usize| {
        let record = vec![0x12; length];
        let mut batch = Batch::new();
        batch.push(&Xrpl, &record, &context);
        let report = verify(common::fastest(), batch).expect("an engine that works").remove(0);
        (report.verdict.cause().expect("a cause").to_string(), report.at)
    };
    assert_eq!(reason(MAX_BYTES + 1), ("TooLarge".to_owned(), Some(MAX_BYTES)));
    assert_ne!(reason(MAX_BYTES).0, "TooLarge");
}
