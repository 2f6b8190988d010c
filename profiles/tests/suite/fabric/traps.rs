//! Traps of the format that Fabric's own tests, its history and Go's libraries know of.

use sigwarp_profiles::fabric::{Context, Fabric, Kind, MAX_SIGNATURES};
use sigwarp_profiles::{AnyContext, Batch, Profile, Report, verify};

use super::maker::{
    Made, Signing, Transaction, block, config_update, field, header, identity, in_file, number, pem,
    signed_by_creator,
};
use crate::common::{Case, damage, fastest};

pub(super) fn judge(record: &[u8], context: &Context) -> Report {
    let mut batch = Batch::new();
    batch.push(&Fabric, record, context);
    verify(fastest(), batch).expect("an engine that works").remove(0)
}

/// The verdict and its causes, as files say them.
pub(super) fn said(report: &Report) -> String {
    let causes: Vec<String> = match report.undecided.is_empty() {
        true => report.verdict.cause().iter().map(ToString::to_string).collect(),
        false => report.undecided.iter().map(ToString::to_string).collect(),
    };
    format!("{} {}", report.verdict.name(), causes.join(",")).trim_end().to_owned()
}

fn envelope(transaction: &Transaction) -> String {
    said(&judge(&transaction.envelope(), &Context::new(Kind::Envelope)))
}

pub(super) fn member(key: u8) -> Signing {
    (key, Made::member(key, 100).identity("Org"))
}

fn transaction() -> Transaction {
    Transaction::new(member(1), &[member(2), member(3)])
}

#[test]
fn proposals_are_hashed_as_sent_with_fields_that_nobody_knows() {
    let unknown = field(15, b"of a later version");
    let known = transaction();
    assert_eq!(envelope(&known), "valid");
    let with = Transaction { unknown: [unknown.clone(), unknown.clone()], ..transaction() };
    assert_eq!(envelope(&with), "valid");
    // Whoever encodes them again loses the fields, and the hash with them.
    assert_ne!(with.envelope(), known.envelope());
}

#[test]
fn a_number_with_another_wire_type_is_a_field_that_nobody_knows() {
    // An epoch of bytes is none, and a type of bytes neither; a later type counts.
    let bytes = [field(6, b"x"), field(1, b"x")].concat();
    assert_eq!(envelope(&Transaction { unknown: [bytes, Vec::new()], ..transaction() }), "valid");
    let epoch = number(6, 1);
    let with = Transaction { unknown: [epoch, Vec::new()], ..transaction() };
    assert_eq!(envelope(&with), "invalid BAD_COMMON_HEADER");
    let twice = [number(6, 1), number(6, 0)].concat();
    assert_eq!(envelope(&Transaction { unknown: [twice, Vec::new()], ..transaction() }), "valid");
    let group = vec![0x7b, 0x7c];
    let with = Transaction { unknown: [group, Vec::new()], ..transaction() };
    assert_eq!(envelope(&with), "invalid BAD_COMMON_HEADER");
}

#[test]
fn strings_are_utf_8() {
    let with = Transaction { unknown: [field(4, &[0xff]), Vec::new()], ..transaction() };
    assert_eq!(envelope(&with), "invalid BAD_COMMON_HEADER");
}

#[test]
fn high_s_is_refused_and_not_normalised() {
    let report =
        judge(&Transaction { is_high: true, ..transaction() }.envelope(), &Context::new(Kind::Envelope));
    assert_eq!(said(&report), "invalid BAD_CREATOR_SIGNATURE");
    assert_eq!(report.signatures[0].verdict.cause().map(|cause| cause.name()), Some("HighS"));
}

#[test]
fn bytes_after_a_signature_are_left_alone() {
    assert_eq!(envelope(&Transaction { trailing: vec![1, 2, 3], ..transaction() }), "valid");
}

#[test]
fn pem_whose_base64_is_broken_is_skipped() {
    let broken = "-----BEGIN CERTIFICATE-----\nA?==\n-----END CERTIFICATE-----\n";
    let good = pem(&Made::member(1, 100).der());
    let creator = |text: &str| Transaction { creator: (1, identity("Org", text)), ..transaction() };
    assert_eq!(envelope(&creator(&format!("{broken}{good}"))), "valid");
    assert_eq!(envelope(&creator(broken)), "invalid BAD_CREATOR_SIGNATURE");
    // Labels are not looked at.
    assert_eq!(envelope(&creator(&good.replace("CERTIFICATE", "WHATEVER"))), "valid");
}

#[test]
fn keys_that_go_does_not_take_are_none() {
    let compressed = Made { is_compressed: true, ..Made::member(1, 100) };
    let with = Transaction { creator: (1, compressed.identity("Org")), ..transaction() };
    assert_eq!(envelope(&with), "invalid BAD_CREATOR_SIGNATURE");
}

#[test]
fn one_member_in_two_texts_of_pem_is_one_endorser() {
    let (key, first) = member(2);
    let der = Made::member(2, 100).der();
    let second = identity("Org", &format!("a comment\n{}", pem(&der)));
    assert_ne!(first, second);
    let twice = Transaction { endorsers: vec![(key, first), (key, second)], ..transaction() };
    assert_eq!(envelope(&twice), "undecided DuplicateEndorser");
}

#[test]
fn endorsers_are_bounded() {
    let endorsers = vec![member(2); MAX_SIGNATURES + 1];
    let report = judge(&Transaction { endorsers, ..transaction() }.envelope(), &Context::new(Kind::Envelope));
    assert_eq!(said(&report), "undecided DuplicateEndorser,TooManySignatures");
    assert_eq!(report.signatures.len(), MAX_SIGNATURES + 1);
}

#[test]
fn orderers_whose_identity_is_none_are_skipped_and_headers_that_are_none_end_the_block() {
    let envelopes = [transaction().envelope()];
    let block =
        |orderers: &[(u8, Vec<u8>)]| said(&judge(&block(&envelopes, orderers), &Context::new(Kind::Block)));
    let good = (4, header(&member(4).1));
    assert_eq!(block(std::slice::from_ref(&good)), "valid");
    let no_identity = (5, header(b"nobody"));
    assert_eq!(block(&[no_identity, good.clone()]), "undecided SignerIdentity");
    assert_eq!(block(&[good, (5, vec![0x0a, 9])]), "invalid Malformed");
    assert_eq!(block(&[]), "undecided BlockUnsigned");
}

#[test]
fn a_transaction_of_a_block_does_not_decide_the_block() {
    let bad = Transaction { is_high: true, ..transaction() };
    let envelopes = [bad.envelope(), transaction().envelope(), vec![0xff]];
    let report = judge(&block(&envelopes, &[(4, header(&member(4).1))]), &Context::new(Kind::Block));
    assert_eq!(said(&report), "valid");
    let all: Vec<String> = report.transactions.iter().map(said).collect();
    assert_eq!(all, ["invalid BAD_CREATOR_SIGNATURE", "valid", "invalid BAD_PAYLOAD"]);
}

#[test]
fn distinct_identities_are_parsed_once_in_a_block() {
    let envelopes: Vec<Vec<u8>> = (0..20).map(|_| transaction().envelope()).collect();
    let record = block(&envelopes, &[(4, header(&member(4).1))]);
    let context = Context::new(Kind::Block);
    let mut batch = Batch::new();
    batch.push(&Fabric, &record, &context);
    assert_eq!(batch.work().signatures(), 20 * 3 + 1);
    let reports = verify(fastest(), batch).expect("an engine that works");
    assert!(reports[0].transactions.iter().all(|report| said(report) == "valid"));
}

/// Empty envelopes take two bytes each, and their reports hundreds.
#[test]
fn blocks_of_nothing_are_not_looked_at() {
    let report = judge(&block(&vec![Vec::new(); 4096], &[]), &Context::new(Kind::Block));
    assert_eq!(said(&report), "undecided TooManyTransactions");
    assert!(report.transactions.is_empty());
}

/// A configuration has the envelope of the update that it came from; a block has no updates by themselves.
#[test]
fn configurations_are_signed_by_members() {
    let members = [member(2), member(3)];
    let update = |wrong: &[usize]| config_update(&members, wrong);
    let alone = |kind, data: &[u8]| {
        said(&judge(&signed_by_creator(&member(1), kind, data), &Context::new(Kind::Envelope)))
    };
    assert_eq!(alone(2, &update(&[])), "valid");
    assert_eq!(alone(2, &update(&[1])), "undecided ConfigPolicy");
    assert_eq!(alone(2, &[0xff]), "invalid INVALID_CONFIG_TRANSACTION");
    let config = |wrong: &[usize]| field(2, &signed_by_creator(&member(1), 2, &update(wrong)));
    assert_eq!(alone(1, &config(&[])), "valid");
    assert_eq!(alone(1, &config(&[0])), "undecided ConfigPolicy");
    assert_eq!(alone(1, &[]), "invalid INVALID_CONFIG_TRANSACTION");
    assert_eq!(alone(4, &[]), "undecided OrdererTransaction");
    let in_block = [signed_by_creator(&member(1), 2, &update(&[]))];
    let report = judge(&block(&in_block, &[]), &Context::new(Kind::Block));
    assert_eq!(said(&report.transactions[0]), "invalid UNSUPPORTED_TX_PAYLOAD");
    // The first of a channel may be signed by nobody, or come from no update.
    let genesis = Context::new(Kind::Envelope).of_genesis();
    let unsigned = field(1, &field(1, &field(1, &number(1, 1))));
    assert_eq!(said(&judge(&unsigned, &genesis)), "undecided GenesisUnsigned");
    assert_eq!(said(&judge(&unsigned, &Context::new(Kind::Envelope))), "invalid BAD_COMMON_HEADER");
    assert_eq!(said(&judge(&signed_by_creator(&member(1), 1, &[]), &genesis)), "valid");
}

#[test]
fn blocks_of_a_file_name_the_one_before() {
    let file = |blocks: &[(u8, bool)]| {
        let report = judge(&in_file(blocks, &member(4)), &Context::new(Kind::BlockFile));
        assert!(report.transactions.iter().all(|block| said(block) == "valid"));
        (report.transactions.len(), said(&report))
    };
    assert_eq!(file(&[(5, true), (6, true), (7, true)]), (3, "valid".to_owned()));
    assert_eq!(file(&[(5, true), (6, false)]), (2, "invalid BrokenChain".to_owned()));
    assert_eq!(file(&[(5, true), (7, true)]), (2, "invalid BrokenChain".to_owned()));
    assert_eq!(file(&[]), (0, "undecided NoBlocks".to_owned()));
    // What a crash leaves of the last block does not count.
    let whole = in_file(&[(5, true), (6, true)], &member(4));
    let cut = judge(&whole[..whole.len() - 1], &Context::new(Kind::BlockFile));
    assert_eq!((cut.transactions.len(), said(&cut)), (1, "valid".to_owned()));
}

#[test]
fn keys_that_sign_often_are_offered() {
    let identities = [member(2).1, member(3).1, b"nobody".to_vec()];
    let context = Context::new(Kind::Block).with_identities(&identities).with_consenters([(1, member(4).1)]);
    let keys = Fabric.keys(&context);
    assert_eq!(keys.len(), 3);
    let suites: Vec<_> = keys.iter().map(|(suite, _)| *suite).collect();
    let registered = fastest().register(suites[0], keys.iter().map(|(_, key)| *key)).expect("room for keys");
    assert!(registered.iter().all(|key| key.is_ok()));
}

/// Fabric takes keys that the engine does not verify with: nothing is valid then, and what is known is said.
#[test]
fn algorithms_that_are_missing_leave_a_record_undecided() {
    let p384 = |key| (key, Made { is_p384: true, ..Made::member(key, 100) }.identity("Org"));
    let creator = Transaction { creator: p384(1), ..transaction() };
    assert_eq!(envelope(&creator), "undecided UnsupportedAlgorithm");
    let endorser = Transaction { endorsers: vec![member(2), p384(3)], ..transaction() };
    assert_eq!(envelope(&endorser), "undecided UnsupportedAlgorithm");
    let wrong = Transaction { wrong: vec![0], ..endorser };
    assert_eq!(envelope(&wrong), "undecided EndorsementPolicy,UnsupportedAlgorithm");
}

/// A file can lose its last blocks, which a crash does as well: nothing else of it changes unseen.
#[test]
fn damage_of_files_is_seen() {
    let case = Case {
        id: "two blocks".to_owned(),
        record: in_file(&[(5, true), (6, true)], &member(4)),
        context: AnyContext::of::<Fabric>(Context::new(Kind::BlockFile)),
        row: serde_json::Value::Null,
        expected: serde_json::Value::Null,
    };
    let (judged, valid) = damage(&Fabric, &[case], 3, |_, whole, report| {
        let hashes = |report: &Report| -> Vec<_> {
            report.transactions.iter().map(|block| block.hash.clone()).collect()
        };
        hashes(whole).starts_with(&hashes(report))
    });
    assert!(judged > 4_000 && valid > 500, "{judged}, {valid}");
}
