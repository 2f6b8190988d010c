//! NEO: the cases, what damage does, and the traps of witnesses and of blocks.

use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer;
use ripemd::{Digest, Ripemd160};
use serde_json::{Value as Json, json};
use sha2::Sha256;
use sigwarp_profiles::neo::{Context, Kind, Neo};
use sigwarp_profiles::{Batch, Report, verify};

use crate::common::{self, Case, Damage, Subject};

/// Reasons have the names of the evaluator.
const SUBJECT: Subject = Subject { system: &Neo, reason: |name| name, more };

const CASES: &str = "profiles/neo/cases.jsonl.gz";
const EXPECTED: &str = "profiles/expected/neo.jsonl.gz";

/// Blocks are no single record to the evaluator: compared are each header and each transaction.
fn more(report: &Report, expected: &Json) -> Vec<String> {
    let Some(parts) = expected.get("parts").and_then(Json::as_array) else { return Vec::new() };
    let blocks = match expected["is_chain"].as_bool() {
        Some(true) => &report.transactions[..],
        _ => std::slice::from_ref(report),
    };
    let mut found = Vec::new();
    if blocks.len() != parts.len() {
        found.push(format!("{} blocks, expected {}", blocks.len(), parts.len()));
    }
    for (block, expected) in blocks.iter().zip(parts) {
        found.extend(header_differences(block, &expected["block"]));
        let transactions = expected["transactions"].as_array().expect("transactions");
        if block.transactions.len() != transactions.len() {
            found.push(format!("{} transactions, expected {}", block.transactions.len(), transactions.len()));
        }
        for (place, (ours, theirs)) in block.transactions.iter().zip(transactions).enumerate() {
            let different = SUBJECT.differences(ours, theirs);
            found.extend(different.into_iter().map(|of| format!("transaction {place}: {of}")));
        }
    }
    found
}

/// A block's own verdict is that of its header as long as nothing else is wrong with it.
fn header_differences(block: &Report, expected: &Json) -> Vec<String> {
    let mut header = block.clone();
    let status = format!("header-{}", expected["verdict"].as_str().expect("a verdict"));
    if block.status != Some(&status) {
        return vec![format!("the header is {:?}, expected {status}", block.status)];
    }
    if status == "header-valid" {
        header.verdict = sigwarp_profiles::Verdict::Valid;
        header.undecided.clear();
    }
    SUBJECT.differences(&header, expected)
}

/// The cases, with what is expected of blocks where the harness does not look for it.
fn cases() -> Option<Vec<Case>> {
    let mut cases = common::cases(&Neo, CASES, EXPECTED)?;
    for case in &mut cases {
        let expected = &mut case.expected;
        let Some(parts) = expected.get("blocks").cloned().or_else(|| {
            expected.get("block")?;
            Some(json!([expected.clone()]))
        }) else {
            continue;
        };
        *expected = json!({ "parts": parts, "is_chain": expected.get("blocks").is_some() });
    }
    Some(cases)
}

/// What blocks are as a whole is ours to say, so that it is taken from the parts.
#[test]
fn cases_are_judged_as_expected() {
    let Some(mut cases) = cases() else { return };
    assert_eq!(cases.len(), 277);
    for case in &mut cases {
        if case.expected.get("parts").is_some() {
            let report = judge(&case.record, &case.context_of());
            for (name, value) in whole(&report, &case.expected) {
                case.expected[name] = value;
            }
        }
    }
    assert_eq!(SUBJECT.check(&cases), 277);
}

trait ContextOf {
    fn context_of(&self) -> Context;
}

impl ContextOf for Case {
    /// The context of the row, with its type.
    fn context_of(&self) -> Context {
        let kind = Kind::from_name(self.row["kind"].as_str().expect("a kind")).expect("a kind");
        let magic = self.row["options"]["magic"].as_u64().unwrap_or(0);
        Context::new(kind, magic.try_into().expect("32 bits"))
    }
}

/// The verdict, reason and signatures of a block or a chain by what is expected of its parts.
fn whole(report: &Report, expected: &Json) -> Vec<(&'static str, Json)> {
    let parts = expected["parts"].as_array().expect("parts");
    let is_chain = expected["is_chain"] == true;
    let header = |block: &Json| block["block"]["verdict"].as_str().expect("a verdict").to_owned();
    let has = |block: &Json, verdict: &str| {
        header(block) == verdict
            || block["transactions"].as_array().expect("some").iter().any(|of| of["verdict"] == verdict)
    };
    // The evaluator does not compare the root.
    let is_root = |report: &Report| report.verdict.cause().is_some_and(|cause| cause.name() == "MerkleRoot");
    let verdict = match () {
        () if parts.iter().any(|block| has(block, "invalid")) => "invalid",
        () if is_root(report) || report.transactions.iter().any(is_root) => "invalid",
        () if parts.iter().any(|block| has(block, "undecided")) => "undecided",
        () => "valid",
    };
    let reason = match () {
        () if verdict != "invalid" => Json::Null,
        () if is_chain => "InvalidBlock".into(),
        () if header(&parts[0]) == "invalid" => parts[0]["block"]["reason"].clone(),
        () if is_root(report) => "MerkleRoot".into(),
        () => "InvalidTransaction".into(),
    };
    let signatures = if is_chain { json!([]) } else { parts[0]["block"]["signatures"].clone() };
    let undecided = report.undecided.iter().map(|cause| cause.to_string()).collect::<Vec<_>>();
    vec![
        ("verdict", verdict.into()),
        ("reason", reason),
        ("signatures", signatures),
        ("undecided", undecided.into()),
    ]
}

fn judge(record: &[u8], context: &Context) -> Report {
    let mut batch = Batch::new();
    batch.push(&Neo, record, context);
    verify(common::fastest(), batch).expect("an engine that works").remove(0)
}

/// Verdict and cause, or what is undecided.
fn said(record: &[u8], context: &Context) -> String {
    let report = judge(record, context);
    let words = match report.verdict.cause() {
        Some(cause) if report.undecided.is_empty() => format!(" {cause}"),
        _ => report.undecided.iter().map(|cause| format!(" {cause}")).collect(),
    };
    format!("{}{words}", report.verdict.name())
}

/// Everything before the witnesses of a transaction of N3 is signed, and so are the witnesses' scripts, by the accounts;
/// so is every bit of a legacy transaction, but for keys of several that no signature needs.
#[test]
fn damaged_transactions_are_valid_where_a_key_is_not_needed() {
    let Some(mut cases) = cases() else { return };
    cases.retain(|case| {
        let kind = case.row["kind"].as_str().unwrap_or_default();
        kind.starts_with("tx-") && case.expected["verdict"] == "valid" && case.record.len() < 700
    });
    let cases = common::spread(cases, 24);
    assert_eq!(cases.len(), 24);
    let allowed = |_, whole: &Report, _: &Report| {
        whole.signatures.iter().any(|signature| signature.role.to_string().contains("key"))
    };
    let (n3, legacy): (Vec<Case>, Vec<Case>) =
        cases.into_iter().partition(|case| case.row["kind"] == "tx-n3");
    let (judged, valid) = common::damage(&Neo, &n3, 29, |_, _, _| false);
    assert!(judged > 1000 && valid == 0, "{valid} of {judged}");
    assert!(common::damage(&Neo, &legacy, 29, allowed).0 > 1000);
}

/// No block is valid after damage: each of the legacy network has a transaction that nobody signs.
#[test]
fn damaged_blocks_are_not_valid() {
    let Some(mut cases) = cases() else { return };
    cases.retain(|case| {
        case.row["kind"] == "block-legacy" && case.record.len() < 1000 && case.row["origin"] == "real"
    });
    let cases = common::spread(cases, 3);
    let (judged, valid) = common::damage(&Neo, &cases, 41, |_: Damage, _, _| false);
    assert!(judged > 1000 && valid == 0, "{valid} of {judged}");
}

const MAGIC: u32 = 860_833_102;

const N3: Context = Context::new(Kind::TxN3, MAGIC);

fn keys(count: u8) -> Vec<SigningKey> {
    (1..=count).map(|place| SigningKey::from_slice(&[place; 32]).expect("a scalar")).collect()
}

fn point(key: &SigningKey) -> Vec<u8> {
    key.verifying_key().to_sec1_point(true).as_bytes().to_vec()
}

fn bytes(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("a short string");
    let length =
        if length < 0xfd { vec![length as u8] } else { [&[0xfd][..], &length.to_le_bytes()].concat() };
    [&length, bytes].concat()
}

/// The verification script of one key, or of m of several.
fn verification(needed: usize, keys: &[SigningKey]) -> Vec<u8> {
    let pushes: Vec<u8> = keys.iter().flat_map(|key| [vec![0x0c, 33], point(key)].concat()).collect();
    match keys.len() {
        1 => [&pushes[..], &[0x41, 0x56, 0xe7, 0xb3, 0x27]].concat(),
        count => {
            let end = [0x10 + count as u8, 0x41, 0x9e, 0xd0, 0xdc, 0x3a];
            [&[0x10 + needed as u8], &pushes[..], &end].concat()
        }
    }
}

fn hash160(script: &[u8]) -> [u8; 20] {
    Ripemd160::digest(Sha256::digest(script)).into()
}

/// Fields of a transaction of this account, with what stands between the scopes' byte and the attributes.
fn unsigned(account: [u8; 20], scopes: &[u8]) -> Vec<u8> {
    [&[0; 25][..], &[1], &account, scopes, &[0, 1, 0x40]].concat()
}

/// The invocation script of these keys' signatures over N3's form of signed bytes.
fn invocation(magic: u32, unsigned: &[u8], keys: &[&SigningKey]) -> Vec<u8> {
    let message = [&magic.to_le_bytes()[..], &Sha256::digest(unsigned)].concat();
    let push = |key: &&SigningKey| {
        let signature: p256::ecdsa::Signature = key.sign(&message);
        [vec![0x0c, 64], signature.to_bytes().to_vec()].concat()
    };
    keys.iter().flat_map(push).collect()
}

fn with_witness(unsigned: &[u8], invocation: &[u8], verification: &[u8]) -> Vec<u8> {
    [unsigned, &[1], &bytes(invocation), &bytes(verification)].concat()
}

/// A transaction that these keys sign, in this order, for an account of `needed` of `keys`.
fn signed(needed: usize, keys: &[SigningKey], signers: &[usize]) -> Vec<u8> {
    let script = verification(needed, keys);
    let unsigned = unsigned(hash160(&script), &[1]);
    let signers: Vec<&SigningKey> = signers.iter().map(|place| &keys[*place]).collect();
    with_witness(&unsigned, &invocation(MAGIC, &unsigned, &signers), &script)
}

#[test]
fn signatures_stand_in_the_order_of_their_keys() {
    let of = |signers: &[usize]| said(&signed(2, &keys(3), signers), &N3);
    assert_eq!(of(&[0, 2]), "valid");
    assert_eq!(of(&[2, 0]), "invalid MultiSignature");
    assert_eq!(of(&[1, 1]), "invalid MultiSignature");
    assert_eq!(of(&[1]), "invalid SignatureCount");
    assert_eq!(of(&[0, 1, 2]), "undecided SignatureCount");
}

#[test]
fn the_magic_number_of_another_network_verifies_nothing() {
    let record = signed(1, &keys(1), &[0]);
    assert_eq!(said(&record, &N3), "valid");
    assert_eq!(said(&record, &Context::new(Kind::TxN3, MAGIC + 1)), "invalid EquationFailed");
}

/// The virtual machine takes other pushes of the same bytes, so that they may be valid.
#[test]
fn pushes_in_another_form_are_for_the_machine() {
    let key = &keys(1)[0];
    let script = verification(1, &keys(1));
    let unsigned = unsigned(hash160(&script), &[1]);
    let push = invocation(MAGIC, &unsigned, &[key]);
    let long = [&[0x0d, 64, 0], &push[2..]].concat();
    assert_eq!(said(&with_witness(&unsigned, &push, &script), &N3), "valid");
    assert_eq!(said(&with_witness(&unsigned, &long, &script), &N3), "undecided Script");
    // One opcode more, which does nothing.
    let script = [&[0x21][..], &script].concat();
    assert_eq!(said(&with_witness(&unsigned, &push, &script), &N3), "invalid ScriptHashMismatch");
}

/// The account of a contract is no hash of a script that is there.
#[test]
fn witnesses_of_contracts_are_open() {
    let unsigned = unsigned([7; 20], &[1]);
    assert_eq!(said(&with_witness(&unsigned, &[], &[]), &N3), "undecided Script");
    assert_eq!(said(&with_witness(&unsigned, &[], &[0x11]), &N3), "invalid ScriptHashMismatch");
}

#[test]
fn ids_do_not_cover_witnesses() {
    let (one, other) = (signed(2, &keys(3), &[0, 1]), signed(2, &keys(3), &[1, 2]));
    let id = |record: &[u8]| judge(record, &N3).tx_id;
    assert!(id(&one).is_some() && id(&one) == id(&other) && one != other);
}

#[test]
fn conditions_are_nested_twice_at_most() {
    let script = verification(1, &keys(1));
    let of = |condition: &[u8]| {
        let unsigned = unsigned(hash160(&script), &[&[0x40, 1, 1], condition].concat());
        said(&with_witness(&unsigned, &invocation(MAGIC, &unsigned, &[&keys(1)[0]]), &script), &N3)
    };
    assert_eq!(of(&[0x20]), "valid");
    assert_eq!(of(&[1, 2, 1, 0, 1]), "valid");
    assert_eq!(of(&[1, 1, 1, 0x20]), "invalid Malformed");
    assert_eq!(of(&[2, 0]), "invalid Malformed");
    assert_eq!(of(&[2; 200]), "invalid Malformed");
}

/// Nodes take such a length, and sign and hash the transaction with the shortest.
#[test]
fn lengths_longer_than_they_need_be_are_open_where_they_are_signed() {
    let record = signed(1, &keys(1), &[0]);
    let mut within = record.clone();
    // The number of signers.
    within.splice(25..26, [0xfd, 1, 0]);
    assert_eq!(said(&within, &N3), "undecided NonCanonicalLength");
    let mut behind = record.clone();
    // The number of witnesses.
    let at = 25 + 1 + 21 + 3;
    behind.splice(at..at + 1, [0xfd, 1, 0]);
    assert_eq!(said(&behind, &N3), "valid");
}

/// A legacy transaction with 33 of 65 keys: more pairs than are tried.
#[test]
fn the_pairs_of_signatures_and_keys_are_bounded() {
    let key = point(&keys(1)[0]);
    let witness = |needed: usize, count: usize| {
        let push = [&[33][..], &key].concat();
        let script = [&[1, needed as u8], &push.repeat(count)[..], &[1, count as u8, 0xae]].concat();
        let invocation = [&[64][..], &[1; 64]].concat().repeat(needed);
        [&[0x80, 0, 0, 0, 0, 1][..], &bytes(&invocation), &bytes(&script)].concat()
    };
    let context = Context::new(Kind::TxLegacy, 0);
    assert_eq!(said(&witness(33, 65), &context), "undecided TooManySignatures");
    assert_eq!(said(&witness(32, 63), &context), "invalid MultiSignature");
}

/// A block of these transactions, which the first of the keys signs.
fn block(index: u32, next: [u8; 20], root: Option<[u8; 32]>, transactions: &[Vec<u8>]) -> Vec<u8> {
    let double = |bytes: &[u8]| -> [u8; 32] { Sha256::digest(Sha256::digest(bytes)).into() };
    let id = |record: &Vec<u8>| -> [u8; 32] {
        judge(record, &N3).tx_id.expect("an id").try_into().expect("32 bytes")
    };
    let mut row: Vec<[u8; 32]> = transactions.iter().map(id).collect();
    while row.len() > 1 {
        row = row.chunks(2).map(|pair| double(&[pair[0], pair[pair.len() - 1]].concat())).collect();
    }
    let root = root.unwrap_or(row.first().copied().unwrap_or([0; 32]));
    let header = [&[0; 36][..], &root, &[0; 16], &index.to_le_bytes(), &[0], &next].concat();
    let script = verification(1, &keys(1));
    let witness = with_witness(&header, &invocation(MAGIC, &header, &[&keys(1)[0]]), &script);
    [&witness[..], &[transactions.len() as u8], &transactions.concat()].concat()
}

#[test]
fn a_block_has_the_root_of_its_transactions_and_none_twice() {
    let context = Context::new(Kind::BlockN3, MAGIC);
    let three = vec![signed(1, &keys(1), &[0]), signed(1, &keys(2), &[1]), signed(1, &keys(3), &[2])];
    assert_eq!(said(&block(1, [0; 20], None, &three), &context), "valid");
    assert_eq!(said(&block(1, [0; 20], None, &[]), &context), "valid");
    assert_eq!(said(&block(1, [0; 20], Some([1; 32]), &three), &context), "invalid MerkleRoot");
    // The same root, with the last transaction written out where it would be repeated (CVE-2012-2459).
    let four = [&three[..], &three[2..]].concat();
    assert_eq!(said(&block(1, [0; 20], None, &four), &context), "invalid DuplicateTransaction");
    let bad = vec![three[0].clone(), signed(2, &keys(3), &[2, 0])];
    let report = judge(&block(1, [0; 20], None, &bad), &context);
    assert_eq!(report.verdict.cause().map(|cause| cause.name()), Some("InvalidTransaction"));
    assert_eq!(report.status, Some("header-valid"));
    assert_eq!(said(&block(0, [0; 20], None, &three), &context), "undecided Genesis");
}

#[test]
fn the_block_before_says_who_signs() {
    let account = hash160(&verification(1, &keys(1)));
    let chain = |next: [u8; 20], index: u32| {
        let blocks = [block(1, next, None, &[]), block(index, account, None, &[])];
        let lengths =
            blocks.iter().flat_map(|block| [&(block.len() as u32).to_le_bytes()[..], block].concat());
        [&[2, 0, 0, 0][..], &lengths.collect::<Vec<u8>>()].concat()
    };
    let context = Context::new(Kind::ChainN3, MAGIC);
    assert_eq!(said(&chain(account, 2), &context), "valid");
    assert_eq!(said(&chain([7; 20], 2), &context), "invalid InvalidBlock");
    // Of a block that does not follow nothing is known.
    assert_eq!(said(&chain([7; 20], 3), &context), "valid");
    let with = |next| Context { next_consensus: Some(next), ..context };
    assert_eq!(said(&chain(account, 2), &with(account)), "valid");
    assert_eq!(said(&chain(account, 2), &with([7; 20])), "invalid InvalidBlock");
    assert_eq!(said(&[0; 4], &context), "undecided NoBlock");
    assert_eq!(said(&[0xff; 4], &context), "invalid Malformed");
}
