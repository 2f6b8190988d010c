//! Makes `datasets/regressions/separating.jsonl` on standard output: for every scheme, and for every encoding on each curve, the first
//! generated case for each way in which the rules of the scheme judge. A change of any one check changes some row.
//!
//! Every verdict is the oracle's, and the case's own construction agrees where it knows. Rows with long messages or
//! identifiers are passed over.

use std::collections::BTreeSet;
use std::fmt::Write;

use arbitrary::Unstructured;
use sigwarp::MessageInput;
use sigwarp_fuzz_bodies::{cases::Case, seeds};

const CASES: u64 = 60_000;
const LONGEST: usize = 140;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").expect("a string grows");
        out
    })
}

fn main() {
    let mut seen = BTreeSet::new();
    for salt in 0..CASES {
        let bytes = seeds::bytes(salt, 600);
        let case = Case::any(&mut Unstructured::new(&bytes)).expect("any bytes make a case");
        let scheme = case.suite.scheme();
        if case.message.len() > LONGEST || case.suite.parameter().is_some_and(|bytes| bytes.len() > LONGEST) {
            continue;
        }
        let (mut expected, mut reasons) = (Vec::new(), Vec::new());
        for rule in scheme.rules() {
            let suite = case.suite.under(rule).expect("a rule of the scheme");
            let verdict = sigwarp::oracle::verify(&suite, &case.key, &case.message, &case.signature);
            let verdict = verdict.expect("the oracle knows every suite");
            assert!(suite != case.suite || case.known.is_none_or(|known| known == verdict.is_valid()));
            expected.push(format!("{rule:?}:{}", verdict.is_valid()));
            reasons.push(match verdict.reason() {
                None => format!("{rule:?}:null"),
                Some(reason) => format!("{rule:?}:\"{reason}\""),
            });
        }
        // Once for each scheme, and once for each encoding on each curve.
        let curve: String = scheme.name().chars().take(10).collect();
        let of_scheme = seen.insert((scheme.name().to_owned(), "", reasons.clone()));
        if !(seen.insert((curve, case.suite.encoding(), reasons.clone())) || of_scheme) {
            continue;
        }
        let parameter = match (scheme.parameter(), case.suite.parameter()) {
            (Some(name), Some(bytes)) => format!("\"{name}\":\"{}\",", hex(bytes)),
            _ => String::new(),
        };
        println!(
            "{{\"id\":\"case-{salt}\",\"origin\":\"generated case {salt}, the first that is judged so\",\
             \"scheme\":\"{scheme}\",\"encoding\":\"{}\",{parameter}\"public_key\":\"{}\",\"{}\":\"{}\",\
             \"signature\":\"{}\",\"expected\":{{{}}},\"reasons\":{{{}}}}}",
            case.suite.encoding(),
            hex(&case.key),
            if scheme.input() == MessageInput::Raw { "message" } else { "digest" },
            hex(&case.message),
            hex(&case.signature),
            expected.join(","),
            reasons.join(","),
        );
    }
}
