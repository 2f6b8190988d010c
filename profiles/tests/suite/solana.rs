//! Solana: the cases, what damage does, the form of transactions and, in `precompiles`, what calls of precompiles say.

mod maker;
mod precompiles;

use serde_json::Value as Json;
use sigwarp::Reason;
use sigwarp_profiles::solana::{Context, Fault, Rule, Solana};
use sigwarp_profiles::{Batch, Cause, FieldError, Fields, Profile, Report, Value, Verdict, verify};

use self::maker::{Maker, compact, signer};
use crate::common::{self, Case, Subject};

const SUBJECT: Subject = Subject { system: &Solana, reason: |name| name, more };

const CASES: &str = "profiles/solana/cases.jsonl.gz";
const TRANSACTIONS: &str = "profiles/solana/transactions.jsonl.gz";
const EXPECTED: &str = "profiles/expected/solana.jsonl.gz";

/// Differences in the calls of precompiles, and in the id where the row has it.
fn more(report: &Report, expected: &Json) -> Vec<String> {
    let theirs = expected["precompiles"].as_array().map(Vec::as_slice).unwrap_or(&[]);
    let of = |ok: bool, cause: Option<Cause>| (ok, cause.map(|cause| cause.to_string()));
    let their = |row: &Json, field: &str| {
        (row["ok"].as_bool().expect("a truth value"), row[field].as_str().map(str::to_owned))
    };
    let ours: Vec<_> = report
        .precompiles
        .iter()
        .map(|part| {
            let signatures = part.signatures.iter().map(|signature| {
                let scheme = signature.suite.as_ref().expect("a suite").scheme().name().to_owned();
                (scheme, of(signature.verdict.is_valid(), signature.verdict.cause()))
            });
            let place = part.role.index().expect("a place") as u64;
            let verdict = of(part.verdict.is_valid(), part.verdict.cause());
            (part.role.name().to_owned(), place, verdict, signatures.collect::<Vec<_>>())
        })
        .collect();
    let theirs: Vec<_> = theirs
        .iter()
        .map(|part| {
            let signatures = part["signatures"].as_array().expect("signatures").iter().map(|signature| {
                (signature["scheme"].as_str().expect("a scheme").to_owned(), their(signature, "reason"))
            });
            let place = part["instruction"].as_u64().expect("a place");
            let name = part["program"].as_str().expect("a name").to_owned();
            (name, place, their(part, "error"), signatures.collect::<Vec<_>>())
        })
        .collect();
    let mut found = Vec::new();
    if ours != theirs {
        found.push(format!("the precompiles are {ours:?}, expected {theirs:?}"));
    }
    // A record that is no transaction has no id.
    let id = report.tx_id.as_deref().map(base58);
    let expected = expected["signature"].as_str().filter(|_| !report.signatures.is_empty());
    if let Some(expected) = expected
        && id.as_deref() != Some(expected)
    {
        found.push(format!("the id is {id:?}, expected {expected}"));
    }
    found
}

fn base58(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    // The lowest digit first.
    let mut digits: Vec<u8> = Vec::new();
    for &byte in bytes {
        let mut carry = u32::from(byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = (carry % 58) as u8;
            carry /= 58;
        }
        while carry > 0 {
            digits.push((carry % 58) as u8);
            carry /= 58;
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).map(|_| 0);
    let digits = zeros.chain(digits.iter().rev().copied());
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// The report on one transaction.
fn judge(record: &[u8], context: Context) -> Report {
    let mut batch = Batch::new();
    batch.push(&Solana, record, &context);
    verify(common::fastest(), batch).expect("an engine that works").remove(0)
}

/// Of a cluster that accepts every version.
const EVERY_VERSION: Context = Context { accept_v1: true, rule: Rule::Strict };

fn verdict(maker: &Maker) -> Verdict {
    judge(&maker.signed(), EVERY_VERSION).verdict
}

#[test]
fn cases_are_judged_as_expected() {
    let Some(cases) = common::cases(&Solana, CASES, EXPECTED) else { return };
    assert_eq!(SUBJECT.check(&cases), 800);
}

#[test]
fn transactions_of_chains_are_judged_as_expected() {
    let Some(cases) = common::cases(&Solana, TRANSACTIONS, EXPECTED) else { return };
    assert_eq!(SUBJECT.check(&cases), 357);
}

/// The files that rows of the expected verdicts name.
#[test]
fn transactions_in_files_are_judged_as_expected() {
    let Some(rows) = common::rows(EXPECTED) else { return };
    let case = |row: Json| {
        let name = row["file"].as_str()?.strip_prefix("shared:")?;
        let record = common::bytes(&format!("chains/{name}"))?;
        let context = sigwarp_profiles::System::context(&Solana, &Fields::new()).expect("a context");
        Some(Case { id: name.to_owned(), record, context, row: row.clone(), expected: row })
    };
    let cases: Vec<Case> = rows.into_iter().filter_map(case).collect();
    assert_eq!(SUBJECT.check(&cases), 16);
}

/// No bit of a transaction is free: whatever is cut off or flipped, a signature fails or the form does.
#[test]
fn damaged_transactions_are_not_valid() {
    let Some(cases) = common::cases(&Solana, CASES, EXPECTED) else { return };
    let mut kinds: Vec<(String, bool)> = Vec::new();
    let picked = |case: &Case| {
        let precompiles = case.expected["precompiles"].as_array().is_some_and(|calls| !calls.is_empty());
        let kind = (case.expected["version"].to_string(), precompiles);
        let is_new = case.record.len() < 600 && case.expected["verdict"] == "valid" && !kinds.contains(&kind);
        if is_new {
            kinds.push(kind);
        }
        is_new
    };
    let cases: Vec<Case> = cases.into_iter().filter(picked).collect();
    let (judged, valid) = common::damage(&Solana, &cases, 1, |_, _, _| false);
    let versions = ["\"legacy\"", "0", "1"];
    let seen = |version: &&str| kinds.iter().any(|(of, precompiles)| of == version && *precompiles);
    assert!(versions.iter().all(seen), "{kinds:?}");
    assert!(judged > 10_000 && valid == 0, "{judged}");
}

/// Signatures that a cofactored check of several at once would take are refused, alone and among others.
#[test]
fn two_signatures_are_verified_by_the_rule_of_one() {
    for (version, signers) in [(None, 1), (None, 2), (Some(0), 2), (Some(1), 2)] {
        let maker = Maker::new(version, signers);
        assert_eq!(verdict(&maker), Verdict::Valid);
        let message = maker.message();
        for place in 1..=signers {
            let signatures: Vec<[u8; 64]> = (1..=signers)
                .map(|other| match other == place {
                    true => signer(place).sign_mixed_order(&message),
                    false => signer(other).sign(&message),
                })
                .collect();
            let record = maker.with(&signatures);
            let report = judge(&record, EVERY_VERSION);
            assert_eq!(report.verdict, Verdict::invalid(Fault::BadSignature));
            assert_eq!(report.which, Some(usize::from(place) - 1));
            for (index, signature) in report.signatures.iter().enumerate() {
                let expected = match index + 1 == usize::from(place) {
                    true => Verdict::invalid(Reason::EquationFailed),
                    false => Verdict::Valid,
                };
                assert_eq!(signature.verdict, expected, "signature {index} of {signers}");
            }
            // SIMD-0376 multiplies the equation by 8.
            let later = Context { rule: Rule::Simd0376, ..EVERY_VERSION };
            assert_eq!(judge(&record, later).verdict, Verdict::Valid);
        }
    }
}

#[test]
fn a_context_is_strict_and_without_v1_unless_it_says_more() {
    let made = |pairs: &[(&str, Value)]| {
        let fields: Fields = pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Profile::context(&Solana, &fields)
    };
    let text = |name: &str| Value::Text(name.to_owned());
    assert_eq!(made(&[]), Ok(Context { accept_v1: false, rule: Rule::Strict }));
    assert_eq!(made(&[("rule", Value::Null), ("accept_v1", Value::Null)]), Ok(Context::default()));
    let both = made(&[("rule", text("simd0376")), ("accept_v1", Value::Bool(true))]);
    assert_eq!(both, Ok(Context { accept_v1: true, rule: Rule::Simd0376 }));
    for (field, value) in [("rule", text("zip215")), ("rule", Value::Integer(1)), ("accept_v1", text("1"))] {
        let wrong = made(&[(field, value)]);
        assert!(matches!(wrong, Err(FieldError::Wrong { field: of, .. }) if of == field), "{wrong:?}");
    }
}

#[test]
fn versions_are_known_accepted_or_neither() {
    for version in [None, Some(0), Some(1)] {
        assert_eq!(verdict(&Maker::new(version, 1)), Verdict::Valid, "{version:?}");
    }
    let v1 = Maker::new(Some(1), 1).signed();
    // Undecided from the first byte on, whatever follows.
    for length in 1..=v1.len() {
        let report = judge(&v1[..length], Context::default());
        assert_eq!(report.verdict, Verdict::undecided(Fault::UnsupportedVersion));
    }
    // A message of v1 behind its signatures has the number of another format.
    for version in [1, 2, 0x7f] {
        let mut record = Maker::new(Some(0), 1).signed();
        record[65] = 0x80 | version;
        assert_eq!(judge(&record, EVERY_VERSION).verdict, Verdict::invalid(Fault::UnsupportedVersion));
    }
    for first in [0x80, 0x82, 0xff] {
        let record = [&[first], &v1[1..]].concat();
        assert_eq!(judge(&record, EVERY_VERSION).verdict, Verdict::invalid(Fault::UnsupportedVersion));
    }
}

#[test]
fn trailing_bytes_are_an_error() {
    for version in [None, Some(0), Some(1)] {
        let record = Maker::new(version, 2).signed();
        let report = judge(&[&record[..], &[0]].concat(), EVERY_VERSION);
        assert_eq!(report.verdict, Verdict::invalid(Fault::TrailingBytes), "{version:?}");
        assert_eq!(report.at, Some(record.len()));
        let whole = judge(&record, EVERY_VERSION);
        assert_eq!(whole.verdict, Verdict::Valid);
    }
}

#[test]
fn lengths_have_one_form_and_sixteen_bits() {
    let record = Maker::new(None, 1).signed();
    // The number of keys, behind the signature and the header.
    let keys = 1 + 64 + 3;
    assert_eq!(record[keys], 1);
    for (form, fault) in [
        (&[0x81, 0x00][..], Fault::NonCanonicalLength),
        (&[0x81, 0x80, 0x00], Fault::NonCanonicalLength),
        (&[0x81, 0x80, 0x04], Fault::LengthOverflow),
        (&[0x81, 0x80, 0x80, 0x00], Fault::LengthOverflow),
        (&[0xff, 0xff, 0x03], Fault::Truncated),
    ] {
        let record = [&record[..keys], form, &record[keys + 1..]].concat();
        assert_eq!(judge(&record, EVERY_VERSION).verdict, Verdict::invalid(fault), "{form:02x?}");
    }
}

#[test]
fn a_transaction_has_the_length_of_a_packet() {
    let padded = |version, length: usize| {
        let maker = |data: usize| Maker::new(version, 1).call(&"33".repeat(32), &vec![1; data]);
        // The length of the length of the data is 2 from 128 on.
        let base = maker(200).signed().len() - 200;
        let record = maker(length - base).signed();
        assert_eq!(record.len(), length);
        judge(&record, EVERY_VERSION).verdict
    };
    for (version, most) in [(None, 1232), (Some(0), 1232), (Some(1), 4096)] {
        assert_eq!(padded(version, most), Verdict::Valid, "{version:?}");
        assert_eq!(padded(version, most + 1), Verdict::invalid(Fault::TooLarge), "{version:?}");
    }
}

#[test]
fn signatures_are_as_many_as_the_header_says() {
    for version in [None, Some(0)] {
        let maker = Maker::new(version, 2);
        let whole = maker.signed();
        let message = maker.message();
        for count in [0, 1, 3] {
            let signatures: Vec<[u8; 64]> = (1..=count).map(|of| signer(of).sign(&message)).collect();
            let report = judge(&maker.with(&signatures), EVERY_VERSION);
            assert_eq!(report.verdict, Verdict::invalid(Fault::SignatureCount), "{count}");
        }
        assert_eq!(judge(&whole, EVERY_VERSION).verdict, Verdict::Valid);
        let none = Maker { header: [0, 0, 0], ..maker }.with(&[]);
        assert_eq!(judge(&none, EVERY_VERSION).verdict, Verdict::invalid(Fault::SignatureCount));
    }
}

/// Each change by itself makes a valid transaction invalid, signed again.
#[test]
fn counts_and_indices_must_fit() {
    type Change = fn(&mut Maker);
    let program = "33".repeat(32);
    let changes: [(&str, Fault, Change); 8] = [
        ("a read-only payer", Fault::PayerNotWritable, |maker| maker.header[1] = 2),
        ("more read-only signers than signers", Fault::PayerNotWritable, |maker| maker.header[1] = 3),
        ("more keys in the header than there are", Fault::Sanitize, |maker| maker.header[2] = 2),
        ("fewer keys than signatures", Fault::Sanitize, |maker| maker.keys.truncate(1)),
        ("the payer as a program", Fault::Sanitize, |maker| maker.instructions[0].0 = 0),
        ("a program that is none of the keys", Fault::Sanitize, |maker| maker.instructions[0].0 = 3),
        ("an account that is none", Fault::Sanitize, |maker| maker.instructions[0].1.push(3)),
        ("the last of the accounts", Fault::Sanitize, |maker| maker.instructions[0].1.push(0xff)),
    ];
    for version in [None, Some(0), Some(1)] {
        let maker = Maker::new(version, 2).call(&program, b"data");
        assert_eq!(verdict(&maker), Verdict::Valid);
        for (what, fault, change) in changes {
            let mut changed = maker.clone();
            change(&mut changed);
            assert_eq!(verdict(&changed), Verdict::invalid(fault), "{what} in {version:?}");
        }
    }
}

#[test]
fn looked_up_accounts_count_as_accounts_and_not_as_programs() {
    let mut maker = Maker::new(Some(0), 1).call(&"33".repeat(32), b"data");
    maker.lookups = vec![(vec![5, 6], vec![7]), (vec![], vec![1])];
    // Two keys and four looked up accounts.
    for (accounts, program, expected) in [
        (vec![0, 5], 1, Verdict::Valid),
        (vec![6], 1, Verdict::invalid(Fault::Sanitize)),
        (vec![0], 2, Verdict::invalid(Fault::Sanitize)),
    ] {
        maker.instructions[0] = (program, accounts, Vec::new());
        assert_eq!(verdict(&maker), expected);
    }
    maker.instructions.clear();
    maker.lookups.push((vec![], vec![]));
    assert_eq!(verdict(&maker), Verdict::invalid(Fault::Sanitize));
    for (count, expected) in [(254, Verdict::Valid), (255, Verdict::invalid(Fault::Sanitize))] {
        maker.lookups = vec![(vec![1; count - 100], vec![2; 100])];
        assert_eq!(verdict(&maker), expected, "{count} looked up");
    }
}

#[test]
fn v1_has_limits_of_its_own() {
    let maker = Maker::new(Some(1), 1);
    let with =
        |mask: u32, values: &[u32]| verdict(&Maker { config: (mask, values.to_vec()), ..maker.clone() });
    for (mask, values) in
        [(0, &[][..]), (3, &[1, 2]), (12, &[1, 2]), (16, &[32 << 10]), (31, &[1, 2, 3, 4, 256 << 10])]
    {
        assert_eq!(with(mask, values), Verdict::Valid, "{mask:b}");
    }
    let sanitize = Verdict::invalid(Fault::Sanitize);
    // Half of a fee, a bit without a meaning, and heaps of a wrong size.
    for (mask, values) in [(1, &[1][..]), (2, &[1]), (32, &[1]), (1 << 31, &[1])] {
        assert_eq!(with(mask, values), sanitize, "{mask:b}");
    }
    for heap in [0, 31 << 10, (32 << 10) + 1, 257 << 10, u32::MAX] {
        assert_eq!(with(16, &[heap]), sanitize, "a heap of {heap}");
        // The same number is a free one in another place.
        assert_eq!(with(8, &[heap]), Verdict::Valid);
    }
    let mut repeated = Maker::new(Some(1), 2);
    repeated.keys.push(repeated.keys[1]);
    assert_eq!(verdict(&repeated), sanitize);
    let legacy = Maker { version: None, ..repeated };
    assert_eq!(verdict(&legacy), Verdict::Valid);
    assert_eq!(verdict(&Maker::new(Some(1), 12)), Verdict::Valid);
    assert_eq!(verdict(&Maker::new(Some(1), 13)), sanitize);
    for (count, expected) in [(64, Verdict::Valid), (65, sanitize)] {
        let mut keys = Maker::new(Some(1), 1);
        keys.keys.extend((1..count).map(|place: u8| [place; 32]));
        assert_eq!(verdict(&keys), expected, "{count} keys");
        let mut calls = Maker::new(Some(1), 1).call(&"33".repeat(32), &[]);
        calls.instructions = vec![calls.instructions[0].clone(); count.into()];
        assert_eq!(verdict(&calls), expected, "{count} instructions");
    }
}

#[test]
fn the_id_is_the_first_signature() {
    for version in [None, Some(0), Some(1)] {
        let maker = Maker::new(version, 2);
        let signature = signer(1).sign(&maker.message());
        assert_eq!(judge(&maker.signed(), EVERY_VERSION).tx_id, Some(signature.to_vec()));
    }
    assert_eq!(base58(&[0, 0, 1, 0]), "115R");
    assert_eq!(compact(0xffff), [0xff, 0xff, 0x03]);
}
