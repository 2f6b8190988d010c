//! Ethereum: the cases, the blocks and what damage does.

use sigwarp_profiles::ethereum::Ethereum;

use crate::common::{self, Damage, Subject};

const SUBJECT: Subject = Subject { system: &Ethereum, reason: |name| name, more: |_, _| Vec::new() };

const CASES: &str = "profiles/ethereum/cases.jsonl.gz";
const EXPECTED: &str = "profiles/expected/ethereum.jsonl.gz";

#[test]
fn cases_are_judged_as_expected() {
    let Some(cases) = common::cases(&Ethereum, CASES, EXPECTED) else { return };
    assert_eq!(SUBJECT.check(&cases), 800);
}

/// Every bit of a transaction is signed or part of the signature: a damaged one has another sender, or none.
#[test]
fn damaged_transactions_have_another_sender() {
    let Some(mut cases) = common::cases(&Ethereum, CASES, EXPECTED) else { return };
    cases.retain(|case| case.expected["verdict"] == "valid" && case.record.len() < 1000);
    cases.truncate(12);
    let (judged, valid) = common::damage(&Ethereum, &cases, 8, |damage, whole, damaged| {
        matches!(damage, Damage::Flip(_)) && whole.sender != damaged.sender
    });
    assert!(judged > 3000 && valid > judged / 20, "{valid} of {judged} were valid");
}
