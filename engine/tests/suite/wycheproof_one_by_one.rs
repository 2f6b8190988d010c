//! Project Wycheproof's cases of the schemes that are verified one by one: ECDSA on P-384 with SHA-384, and RSA with SHA-256.

use crate::common;

use common::{Cases, Expect};
use sigwarp::Suite;
use wycheproof::{EllipticCurve, HashFunction, TestResult, ecdsa, rsa_pkcs1_verify, rsa_pss_verify};

fn suite(scheme: &str, rule: &str, encoding: Option<&str>) -> Suite {
    Suite::from_names(scheme, Some(rule), encoding, None).expect("names of a suite")
}

#[test]
fn ecdsa_on_p384() {
    use ecdsa::TestName::{EcdsaSecp384r1Sha384, EcdsaSecp384r1Sha384P1363};
    for (name, encoding) in [(EcdsaSecp384r1Sha384, "der"), (EcdsaSecp384r1Sha384P1363, "raw")] {
        let set = ecdsa::TestSet::load(name).unwrap();
        let mut cases = Cases::default();
        for group in &set.test_groups {
            assert_eq!((group.key.curve, group.hash), (EllipticCurve::Secp384r1, HashFunction::Sha2_384));
            for test in &group.tests {
                let expected = match test.result {
                    TestResult::Valid => Expect::Valid,
                    TestResult::Invalid => Expect::Invalid,
                    TestResult::Acceptable => panic!("no case of these sets is acceptable"),
                };
                let what = format!("{name:?} {}: {}", test.tc_id, test.comment);
                let item = (&group.key.key[..], &test.msg[..], &test.sig[..]);
                let of = |rule| suite("ecdsa-p384-sha384", rule, Some(encoding));
                cases.push(what.clone(), &of("ecdsa"), item, expected);
                cases.push(what, &of("ecdsa-low-s"), item, Expect::AsOracle);
            }
        }
        let count = cases.check();
        assert!(count > 400, "{name:?}: {count}");
    }
}

#[test]
fn rsa_pkcs1() {
    use rsa_pkcs1_verify::TestName::{Rsa2048Sha256, Rsa3072Sha256, Rsa4096Sha256};
    let mut cases = Cases::default();
    for name in [Rsa2048Sha256, Rsa3072Sha256, Rsa4096Sha256] {
        let set = rsa_pkcs1_verify::TestSet::load(name).unwrap();
        for group in &set.test_groups {
            assert_eq!(group.hash, HashFunction::Sha2_256);
            for test in &group.tests {
                let expected = match test.result {
                    TestResult::Valid => Expect::Valid,
                    TestResult::Invalid => Expect::Invalid,
                    // A DigestInfo without NULL, which RFC 8017 lets a verifier take or not: one that builds the encoding
                    // and compares, as section 8.2.2 says, does not.
                    TestResult::Acceptable => {
                        assert_eq!(test.flags, [rsa_pkcs1_verify::TestFlag::MissingNull], "{}", test.comment);
                        Expect::Invalid
                    }
                };
                let what = format!("{name:?} {}: {}", test.tc_id, test.comment);
                for key in [&group.asn_key[..], &group.der[..]] {
                    let item = (key, &test.msg[..], &test.sig[..]);
                    cases.push(what.clone(), &suite("rsa-pkcs1-sha256", "rfc8017", None), item, expected);
                }
            }
        }
    }
    let count = cases.check();
    assert!(count > 1000, "{count}");
}

/// The sets with SHA-256 in both places; their salts have the length that the group names.
#[test]
fn rsa_pss() {
    use rsa_pss_verify::TestName::{
        RsaPss2048Sha256Mgf1SaltLen0, RsaPss2048Sha256Mgf1SaltLen32, RsaPss3072Sha256Mgf1SaltLen32,
        RsaPss4096Sha256Mgf1SaltLen32, RsaPssmisc,
    };
    let sets = [
        RsaPss2048Sha256Mgf1SaltLen0,
        RsaPss2048Sha256Mgf1SaltLen32,
        RsaPss3072Sha256Mgf1SaltLen32,
        RsaPss4096Sha256Mgf1SaltLen32,
        RsaPssmisc,
    ];
    let mut cases = Cases::default();
    for name in sets {
        let set = rsa_pss_verify::TestSet::load(name).unwrap();
        let sha256 = Some(HashFunction::Sha2_256);
        let groups =
            set.test_groups.iter().filter(|group| Some(group.hash) == sha256 && group.mgf_hash == sha256);
        for group in groups {
            for test in &group.tests {
                let valid = test.result == TestResult::Valid;
                assert_ne!(test.result, TestResult::Acceptable, "{}", test.comment);
                let what = format!("{name:?} {}: {}", test.tc_id, test.comment);
                for key in [&group.asn_key[..], &group.der[..]] {
                    let item = (key, &test.msg[..], &test.sig[..]);
                    let exact = Expect::from_validity(valid && group.salt_size == 32);
                    // A set refuses salts of other lengths than its own; where it is not 32, no rule here does.
                    let exact = if !valid && group.salt_size != 32 { Expect::AsOracle } else { exact };
                    cases.push(what.clone(), &suite("rsa-pss-sha256", "pss-salt-32", None), item, exact);
                    let any = if valid { Expect::Valid } else { Expect::AsOracle };
                    cases.push(what.clone(), &suite("rsa-pss-sha256", "pss-any-salt", None), item, any);
                }
            }
        }
    }
    let count = cases.check();
    assert!(count > 800, "{count}");
}
