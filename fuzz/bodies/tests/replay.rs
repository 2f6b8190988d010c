//! Replays the seeds of every target, and runs each target over arbitrary and over mutated seed bytes.

use proptest::prelude::*;
use sigwarp_fuzz_bodies::{TARGETS, cases::Case, seeds};

#[test]
fn seeds_have_no_finding() {
    for (name, target) in TARGETS {
        let seeds = seeds::of(name);
        assert!(!seeds.is_empty(), "{name} has no seeds");
        seeds.iter().for_each(|seed| target(seed));
        target(&[]);
    }
}

/// A test that compares two verdicts of "invalid" shows little: the generators must make valid items, invalid ones
/// for every reason, and know which are valid, often enough.
#[test]
fn cases_are_not_vacuous() {
    let mut reasons = std::collections::BTreeMap::new();
    let (mut valid, mut known) = (0, 0);
    const CASES: u64 = 4000;
    for salt in 0..CASES {
        let bytes = seeds::bytes(salt, 600);
        let case = Case::any(&mut arbitrary::Unstructured::new(&bytes)).expect("any bytes make a case");
        let verdict = sigwarp::oracle::verify(&case.suite, &case.key, &case.message, &case.signature);
        let verdict = verdict.expect("the oracle knows every suite");
        assert!(case.known.is_none_or(|expected| expected == verdict.is_valid()), "{verdict}: {case:?}");
        known += u64::from(case.known.is_some());
        match verdict.reason() {
            None => valid += 1,
            Some(reason) => *reasons.entry(reason).or_insert(0u64) += 1,
        }
    }
    println!("{valid} of {CASES} valid, {known} known; {reasons:?}");
    assert!(valid >= CASES / 5, "{valid} valid cases of {CASES}");
    assert!(known >= CASES / 5, "{known} known cases of {CASES}");
    for reason in sigwarp::Reason::ALL {
        assert!(reasons.contains_key(&reason), "no case is invalid for {reason}");
    }
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").map_or(300, |count| count.parse().expect("PROPTEST_CASES is a number"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..Default::default() })]

    #[test]
    fn arbitrary_bytes_have_no_finding(
        data in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..100),
            proptest::collection::vec(any::<u8>(), 100..700),
        ],
        target in 0..TARGETS.len(),
    ) {
        TARGETS[target].1(&data);
    }

    #[test]
    fn mutated_seeds_have_no_finding(
        target in 0..TARGETS.len(),
        which in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let seeds = seeds::of(TARGETS[target].0);
        let mut data = which.get(&seeds).clone();
        if !data.is_empty() {
            for (position, byte) in changes {
                let position = position.index(data.len());
                data[position] = byte;
            }
            if let Some(cut) = cut {
                data.truncate(cut.index(data.len()));
            }
        }
        TARGETS[target].1(&data);
    }
}
