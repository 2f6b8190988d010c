//! FISCO BCOS: the cases, what damage does, and the traps of both wire formats.

use serde_json::Value as Json;
use sigwarp_profiles::fisco_bcos::{Context, FiscoBcos, Form, Suite};
use sigwarp_profiles::{Batch, Report, verify};

use crate::common::{self, Case, Damage, Subject};

/// Reasons have the names of the evaluator.
const SUBJECT: Subject = Subject { system: &FiscoBcos, reason: |name| name, more };

const CASES: &str = "profiles/fisco-bcos/cases.jsonl.gz";
const EXPECTED: &str = "profiles/expected/fisco-bcos.jsonl.gz";

/// Chains of 3.x know a transaction by what is signed.
fn more(report: &Report, expected: &Json) -> Vec<String> {
    let id = report.tx_id.as_ref().map(hex::encode);
    match expected["signing_hash"].as_str() {
        Some(hash) if expected["id"].as_str().is_some_and(|id| id.contains("tars")) => {
            if id.as_deref() == Some(hash) {
                Vec::new()
            } else {
                vec![format!("the id is {id:?}, expected {hash}")]
            }
        }
        _ => Vec::new(),
    }
}

fn cases() -> Option<Vec<Case>> {
    common::cases(&FiscoBcos, CASES, EXPECTED)
}

#[test]
fn cases_are_judged_as_expected() {
    let Some(cases) = cases() else { return };
    assert_eq!(SUBJECT.check(&cases), 197);
}

/// Under `keccak` a changed transaction has another sender; under `sm` the key comes along, and nothing else holds.
#[test]
fn damaged_transactions_have_another_sender_or_none() {
    let Some(mut cases) = cases() else { return };
    cases.retain(|case| case.expected["verdict"] == "valid" && case.record.len() < 500);
    let cases = common::spread(cases, 16);
    let (rlp, tars): (Vec<Case>, Vec<Case>) = cases.into_iter().partition(|case| case.row["kind"] == "rlp");
    let (judged, valid) = common::damage(&FiscoBcos, &rlp, 8, |damage, whole, damaged| {
        matches!(damage, Damage::Flip(_)) && whole.sender != damaged.sender
    });
    assert!(judged > 2000 && valid > 50, "{valid} of {judged}");
    // What follows the signature is not signed, and may be missing; the version decides whether later fields are.
    let (judged, _) = common::damage(&FiscoBcos, &tars, 8, |_, whole, damaged| {
        whole.sender != damaged.sender || whole.tx_id == damaged.tx_id
    });
    assert!(judged > 2000, "{judged}");
}

fn judge(record: &[u8], context: &Context) -> Report {
    let mut batch = Batch::new();
    batch.push(&FiscoBcos, record, context);
    verify(common::fastest(), batch).expect("an engine that works").remove(0)
}

fn said(report: &Report) -> String {
    let cause = report.verdict.cause().map_or_else(String::new, |cause| format!(" {cause}"));
    format!("{}{cause}", report.verdict.name())
}

const fn rlp(suite: Suite) -> Context {
    Context { suite, form: Form::Rlp { chain_id: None, group_id: None, low_s: false } }
}

const fn tars(suite: Suite) -> Context {
    Context { suite, form: Form::Tars { chain_id: None, group_id: None } }
}

/// RLP of strings and lists, in canonical forms.
fn string(bytes: &[u8]) -> Vec<u8> {
    match bytes {
        [byte] if *byte < 0x80 => vec![*byte],
        short if short.len() < 56 => [&[0x80 + short.len() as u8], short].concat(),
        long if long.len() < 256 => [&[0xb8, long.len() as u8], long].concat(),
        long => [&[0xb9], &(long.len() as u16).to_be_bytes()[..], long].concat(),
    }
}

fn list(items: &[Vec<u8>]) -> Vec<u8> {
    let payload = items.concat();
    match payload.len() {
        short @ ..56 => [&[0xc0 + short as u8], &payload[..]].concat(),
        long => [&[0xf9], &(long as u16).to_be_bytes()[..], &payload].concat().to_vec(),
    }
}

/// Ten fields, as RC2 has them.
fn fields() -> Vec<Vec<u8>> {
    let numbers = [&[9, 8, 7][..], &[1], &[2], &[1, 2]];
    let mut fields: Vec<Vec<u8>> = numbers.into_iter().map(string).collect();
    fields.extend([string(&[]), string(&[]), string(&[5; 300]), string(&[1]), string(&[1]), string(&[])]);
    fields
}

/// Any r and s with which x(R) is on the curve recover a key.
fn signed(fields: &[Vec<u8>], v: &[u8], r: &[u8], s: &[u8]) -> Vec<u8> {
    list(&[fields, &[string(v), string(r), string(s)]].concat())
}

#[test]
fn any_signature_from_which_a_key_comes_names_a_sender() {
    // FISCO-BCOS issue 1990: whoever takes the recovery for an authorization lets everybody in.
    let reports =
        [[0x11; 32], [0x22; 32]].map(|s| judge(&signed(&fields(), &[27], &[1], &s), &rlp(Suite::Keccak)));
    assert_eq!(reports.each_ref().map(said), ["valid", "valid"]);
    assert_ne!(reports[0].sender, reports[1].sender);
}

/// `ECDSASignature::isValid` compares s with half of the order since 2.5.0.
#[test]
fn a_high_s_is_for_nodes_before_2_5() {
    for (low_s, expected) in [(false, "valid"), (true, "invalid sender: HighS")] {
        let form = Form::Rlp { chain_id: None, group_id: None, low_s };
        let context = Context { suite: Suite::Keccak, form };
        assert_eq!(said(&judge(&signed(&fields(), &[27], &[1], &[0xf0; 32]), &context)), expected);
        assert_eq!(said(&judge(&signed(&fields(), &[27], &[1], &[0x33; 32]), &context)), "valid");
    }
}

#[test]
fn an_empty_list_counts_as_an_empty_string() {
    let context = rlp(Suite::Keccak);
    let plain = judge(&signed(&fields(), &[27], &[1], &[0x33; 32]), &context);
    for (place, empty) in [(4, vec![0xc0]), (9, vec![0xc0]), (9, vec![0xc2, 1, 2])] {
        let mut other = fields();
        other[place] = empty;
        let report = judge(&signed(&other, &[27], &[1], &[0x33; 32]), &context);
        assert_eq!(
            (said(&report), &report.sender, &report.tx_id),
            ("valid".into(), &plain.sender, &plain.tx_id)
        );
        other[place] = vec![0xc1, 0x05];
        let is_valid = judge(&signed(&other, &[27], &[1], &[0x33; 32]), &context).verdict.is_valid();
        assert_eq!(is_valid, place == 9);
    }
    for (place, wrong) in
        [(0, vec![0xc0]), (6, vec![0xc0]), (0, vec![0]), (0, string(&[1; 33])), (4, string(&[1; 19]))]
    {
        let mut other = fields();
        other[place] = wrong;
        assert_eq!(said(&judge(&signed(&other, &[27], &[1], &[0x33; 32]), &context)), "invalid Malformed");
    }
}

#[test]
fn a_v_that_no_signature_has_is_refused() {
    for (v, expected) in [
        (&[26][..], "invalid BadSignatureEncoding"),
        (&[29], "invalid BadSignatureEncoding"),
        (&[0x80], "invalid BadSignatureEncoding"),
        (&[], "invalid BadSignatureEncoding"),
        (&[1, 27], "invalid Malformed"),
    ] {
        assert_eq!(said(&judge(&signed(&fields(), v, &[1], &[0x33; 32]), &rlp(Suite::Keccak))), expected);
    }
    let order =
        hex::decode("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141").expect("digits");
    for suite in [Suite::Keccak, Suite::Sm] {
        let v = if suite == Suite::Keccak { vec![27] } else { vec![7; 64] };
        for (r, s) in [(&[][..], &[1][..]), (&[1], &[]), (&order, &[1]), (&[1], &order)] {
            let report = judge(&signed(&fields(), &v, r, s), &rlp(suite));
            assert_eq!(said(&report), "invalid sender: ScalarOutOfRange");
        }
    }
}

/// A sample of 2.x whose key begins with a zero: encoded as an integer it has a byte less, and is the same.
#[test]
fn a_key_without_its_zeros_is_the_same_key() {
    let Some(cases) = cases() else { return };
    let case = cases.iter().find(|case| case.id == "fisco-bcos-rlpBytesRC2-2-sm").expect("the sample");
    let whole = judge(&case.record, &rlp(Suite::Sm));
    let at = case.record.len() - 66 - 64;
    assert_eq!((&case.record[at - 2..at + 1], said(&whole)), (&[0xb8, 64, 0][..], "valid".into()));
    let shorter = [&case.record[3..at - 1], &[63], &case.record[at + 1..]].concat();
    let record = [&[0xf9], &(shorter.len() as u16).to_be_bytes()[..], &shorter].concat();
    let report = judge(&record, &rlp(Suite::Sm));
    assert_eq!((said(&report), report.sender, report.tx_id), ("valid".into(), whole.sender, whole.tx_id));
    // The public key has no 04 in front (console issue 870).
    let longer = [&case.record[3..at - 1], &[65, 4], &case.record[at..]].concat();
    let record = [&[0xf9], &(longer.len() as u16).to_be_bytes()[..], &longer].concat();
    assert_eq!(said(&judge(&record, &rlp(Suite::Sm))), "invalid Malformed");
}

/// A transaction in tars: version, fields of the data after it, and fields after the data.
fn made(version: u8, more: &[u8], after: &[u8]) -> Vec<u8> {
    [&[0x1a, 0x10, version, 0x26, 1, b'c', 0x36, 1, b'g'], more, &[0x0b], after].concat()
}

/// r = 1, s = 0x33…, recovery id 0 under tag 3.
fn signature() -> Vec<u8> {
    let mut r = [0; 32];
    r[31] = 1;
    [&[0x3d, 0, 0, 65][..], &r, &[0x33; 32], &[0]].concat()
}

#[test]
fn neither_a_given_hash_nor_a_given_sender_is_taken_for_granted() {
    // FISCO BCOS 3.x verified over the given hash, and returned at once where a sender was there (PR 4092).
    let context = tars(Suite::Keccak);
    let plain = judge(&made(0, &[], &signature()), &context);
    assert_eq!(said(&plain), "valid");
    let sender = [&[0x7d, 0, 0, 20][..], &[0xaa; 20]].concat();
    let report = judge(&made(0, &[], &[signature(), sender.clone()].concat()), &context);
    assert_eq!((said(&report), &report.sender), ("valid".into(), &plain.sender));
    assert_eq!(said(&judge(&made(0, &[], &sender), &context)), "invalid BadSignatureLength");
    let stated = |hash: &[u8]| {
        judge(&made(0, &[], &[&[0x2d, 0, 0, hash.len() as u8], hash, &signature()].concat()), &context)
    };
    let hash = plain.tx_id.expect("an id");
    assert_eq!(said(&stated(&hash)), "valid");
    assert_eq!(said(&stated(&[])), "valid");
    for other in [&hash[..31], &[0; 32]] {
        let report = stated(other);
        assert_eq!((said(&report), report.sender), ("invalid DataHashMismatch".into(), None));
    }
}

#[test]
fn fields_are_signed_from_their_version_on() {
    let judge = |version, more: &[u8]| judge(&made(version, more, &signature()), &tars(Suite::Keccak));
    let value = [0x96, 1, b'5'];
    let extension = [0xed, 0, 0, 1, 7];
    for version in 0..=2 {
        let without = judge(version, &[]).sender;
        assert_eq!(judge(version, &value).sender == without, version < 1, "{version}");
        assert_eq!(judge(version, &extension).sender == without, version < 2, "{version}");
        // A later field, which no version signs.
        assert_eq!(judge(version, &[0xf6, 20, 1, b'x']).sender, without);
    }
    assert_eq!(said(&judge(3, &[])), "undecided UnknownVersion");
    assert_eq!(said(&judge(0xff, &[])), "undecided UnknownVersion");
}

#[test]
fn what_is_signed_does_not_depend_on_how_it_is_written() {
    let context = tars(Suite::Keccak);
    let plain = judge(&made(0, &[0x40, 5, 0x7d, 0, 0, 2, 7, 8], &signature()), &context);
    // Wider integers, a string with a long length, a list of bytes.
    let wide = [0x43, 0, 0, 0, 0, 0, 0, 0, 5, 0x79, 0, 2, 0, 7, 0, 8];
    let report = judge(&made(0, &wide, &signature()), &context);
    assert_eq!((said(&report), report.tx_id), ("valid".into(), plain.tx_id));
    for malformed in [&[0x40, 5, 0x40, 5][..], &[0x50, 5], &[0x46, 1, 5], &[0x5c, 0x4c]] {
        assert_eq!(said(&judge(&made(0, malformed, &signature()), &context)), "invalid Malformed");
    }
}

#[test]
fn transactions_of_ethereum_are_undecided() {
    let context = tars(Suite::Keccak);
    for (kind, expected) in [
        (0, "valid"),
        (1, "undecided Web3Transaction"),
        (2, "undecided UnknownType"),
        (0xff, "undecided UnknownType"),
    ] {
        let report = judge(&made(0, &[], &[signature(), vec![0x90, kind]].concat()), &context);
        assert_eq!(said(&report), expected);
        assert_eq!(report.undecided.len(), usize::from(kind != 0));
    }
}

#[test]
fn chain_and_group_are_compared_where_they_are_given() {
    let context = |chain: &str, group: &str| {
        let form = Form::Tars { chain_id: Some(chain.into()), group_id: Some(group.into()) };
        Context { suite: Suite::Keccak, form }
    };
    let record = made(0, &[], &signature());
    assert_eq!(said(&judge(&record, &context("c", "g"))), "valid");
    for (chain, group) in [("", "g"), ("c", "h"), ("c0", "g")] {
        assert_eq!(said(&judge(&record, &context(chain, group))), "invalid WrongChain");
    }
    // Transactions before RC2 name neither.
    let form = Form::Rlp { chain_id: Some(7), group_id: Some(7), low_s: true };
    let context = Context { suite: Suite::Keccak, form };
    let made = |count: usize| signed(&fields()[..count], &[27], &[1], &[0x33; 32]);
    assert_eq!(said(&judge(&made(7), &context)), "valid");
    assert_eq!(said(&judge(&made(10), &context)), "invalid WrongChain");
    assert_eq!(said(&judge(&made(8), &context)), "invalid Malformed");
}
