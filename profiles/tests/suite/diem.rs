//! Diem: the cases, what damage does, and the traps of authenticators.

use sigwarp_profiles::diem::{Context, Diem, Prefix};
use sigwarp_profiles::{Batch, Report, verify};

use crate::common::{self, Case, Damage, Subject};

/// Reasons have the names of the evaluator.
const SUBJECT: Subject = Subject { system: &Diem, reason: |name| name, more: |_, _| Vec::new() };

const CASES: &str = "profiles/diem/cases.jsonl.gz";
const EXPECTED: &str = "profiles/expected/diem.jsonl.gz";

#[test]
fn cases_are_judged_as_expected() {
    let Some(cases) = common::cases(&Diem, CASES, EXPECTED) else { return };
    assert_eq!(SUBJECT.check(&cases), 171);
}

fn valid() -> Option<Vec<Case>> {
    let mut cases = common::cases(&Diem, CASES, EXPECTED)?;
    cases.retain(|case| case.expected["verdict"] == "valid");
    Some(cases)
}

fn judge(record: &[u8], context: &Context) -> Report {
    let mut batch = Batch::new();
    batch.push(&Diem, record, context);
    verify(common::fastest(), batch).expect("an engine that works").remove(0)
}

fn said(record: &[u8], context: &Context) -> String {
    let report = judge(record, context);
    let cause = report.verdict.cause().map(|cause| format!(" {cause}"));
    format!("{}{}", report.verdict.name(), cause.unwrap_or_default())
}

/// A key of several that signs nothing, and the threshold as long as there are so many signatures, can be any.
#[test]
fn damaged_transactions_are_valid_where_a_key_is_not_needed() {
    let Some(cases) = valid() else { return };
    let is_multi = |case: &Case| {
        case.expected["signatures"].as_array().expect("some").iter().any(|of| {
            let role = of["role"].as_str().expect("a role");
            role.starts_with("sender[") || role.matches('[').count() == 2
        })
    };
    let (multi, single): (Vec<Case>, Vec<Case>) = cases.into_iter().partition(is_multi);
    let (single, multi) = (common::spread(single, 12), common::spread(multi, 6));
    let (judged, valid) = common::damage(&Diem, &single, 17, |_, _, _| false);
    assert!(judged > 4000 && valid == 0, "{valid} of {judged}");
    let same = |damage, whole: &Report, damaged: &Report| {
        let keys = |report: &Report| report.signatures.iter().map(|of| of.key.clone()).collect::<Vec<_>>();
        // Their authentication key is another then.
        matches!(damage, Damage::Flip(_)) && keys(whole) == keys(damaged) && whole.signers != damaged.signers
    };
    assert!(common::damage(&Diem, &multi, 17, same).0 > 2000);
}

#[test]
fn a_prefix_is_of_one_network() {
    let Some(case) = valid().and_then(|cases| cases.into_iter().find(|case| case.id == "diem-doc-0")) else {
        return;
    };
    assert_eq!(said(&case.record, &Context::default()), "valid");
    let libra = Context { prefix: Prefix::Libra, chain_id: None };
    assert_eq!(said(&case.record, &libra), "invalid sender: EquationFailed");
}

#[test]
fn the_chain_is_compared_where_it_is_given() {
    let Some(case) = valid().and_then(|cases| cases.into_iter().find(|case| case.id == "diem-doc-0")) else {
        return;
    };
    // It stands before the authenticator: its scheme, a key and a signature behind their lengths.
    let chain_id = case.record[case.record.len() - (1 + 33 + 65) - 1];
    let of = |chain_id| said(&case.record, &Context { prefix: Prefix::Diem, chain_id: Some(chain_id) });
    assert_eq!(of(chain_id), "valid");
    assert_eq!(of(chain_id.wrapping_add(1)), "invalid WrongChain");
}

/// Diem compared the last bit with the number of bytes of the keys, and then took a key that was not there.
#[test]
fn a_bit_for_a_key_that_there_is_not_is_invalid() {
    let Some(cases) = common::cases(&Diem, CASES, EXPECTED) else { return };
    // Two keys and one signature.
    let case = cases.into_iter().find(|case| case.row["note"] == "class 16").expect("a case of a bit");
    let bitmap = case.record.len() - 4;
    for bit in 0..30u32 {
        let mut record = case.record.clone();
        record[bitmap..].copy_from_slice(&(1u32 << bit).to_be_bytes());
        assert_eq!(said(&record, &Context::default()), "invalid SignatureIndexOutOfRange", "bit {bit}");
    }
}

/// Case `class 19` has a sender and two others; the address of one becomes that of the sender or of the other.
#[test]
fn an_account_is_one_of_the_agents_once() {
    let Some(cases) = valid() else { return };
    let case = cases.into_iter().find(|case| case.row["note"] == "class 19").expect("a case of agents");
    let sender = &case.record[..16];
    // The first authenticator, and the number of addresses.
    let raw = case.record.windows(3).position(|window| window == [2, 0, 32]);
    let at = raw.expect("agents") + 1 + 1 + 33 + 65;
    assert_eq!(case.record[at], 2);
    let first = case.record[at + 1..at + 17].to_vec();
    for (address, place) in [(sender, 0), (sender, 1), (&first[..], 1)] {
        let mut record = case.record.clone();
        record[at + 1 + 16 * place..at + 17 + 16 * place].copy_from_slice(address);
        // The addresses are signed as well.
        assert_eq!(said(&record, &Context::default()), "invalid sender: EquationFailed");
    }
}
