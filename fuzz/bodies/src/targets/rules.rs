//! Rules: one item under every rule of its scheme, against the oracle and against what rules owe each other.

use arbitrary::Unstructured;
use sigwarp::Verdict;

use super::{PORTABLE, oracle, verify};
use crate::cases::Case;

/// A rule and those that accept whatever it accepts.
const IMPLIED: [(&str, &[&str]); 8] = [
    ("rfc8032", &["zip215"]),
    ("rfc8032-cofactorless", &["rfc8032", "zip215", "cofactorless", "donna"]),
    ("cofactorless", &["zip215", "donna"]),
    ("strict", &["cofactorless", "zip215", "donna"]),
    ("libsodium", &["cofactorless", "zip215", "donna"]),
    ("simd0376", &["bouncy-castle", "rfc8032", "zip215"]),
    ("bouncy-castle", &["rfc8032", "zip215"]),
    ("ecdsa-low-s", &["ecdsa"]),
];

/// See the module.
pub fn rules(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let Ok(case) = Case::any(&mut u) else { return };
    let scheme = case.suite.scheme();
    let cases: Vec<Case> = scheme
        .rules()
        .iter()
        .map(|rule| {
            let suite = case.suite.under(rule).expect("a rule of the scheme");
            if suite == case.suite { case.clone() } else { case.under(&suite) }
        })
        .collect();
    let verdicts = verify(&PORTABLE, &cases);
    let under = |rule: &str| cases.iter().position(|case| case.suite.rule() == rule).map(|i| verdicts[i]);
    for (case, verdict) in cases.iter().zip(&verdicts) {
        assert_eq!(*verdict, oracle(case), "{case:?}");
        assert!(case.known.is_none_or(|valid| valid == verdict.is_valid()), "{verdict} on {case:?}");
    }
    for (rule, implied) in IMPLIED {
        if under(rule) == Some(Verdict::Valid) {
            for weaker in implied {
                assert_eq!(
                    under(weaker),
                    Some(Verdict::Valid),
                    "{rule} accepts, {weaker} does not: {case:?}"
                );
            }
        }
    }
    #[cfg(feature = "peers")]
    peers(&case, &|rule| under(rule).is_some_and(Verdict::is_valid));
}

/// The same bytes under other verifiers whose rule is one of ours.
#[cfg(feature = "peers")]
fn peers(case: &Case, valid: &dyn Fn(&str) -> bool) {
    use sigwarp::Scheme;
    let Case { key, message, signature, .. } = case;
    match case.suite.scheme() {
        Scheme::Ed25519 => {
            let (Ok(key), Ok(signature)) =
                (<[u8; 32]>::try_from(&key[..]), <[u8; 64]>::try_from(&signature[..]))
            else {
                return;
            };
            let consensus = ed25519_consensus::VerificationKey::try_from(key)
                .is_ok_and(|key| key.verify(&ed25519_consensus::Signature::from(signature), message).is_ok());
            assert_eq!(valid("zip215"), consensus, "ed25519-consensus: {case:?}");
            let dalek = ed25519_dalek::VerifyingKey::from_bytes(&key).ok();
            let signature = ed25519_dalek::Signature::from_bytes(&signature);
            use ed25519_dalek::Verifier;
            let plain = dalek.is_some_and(|key| key.verify(message, &signature).is_ok());
            assert_eq!(valid("cofactorless"), plain, "ed25519-dalek verify: {case:?}");
            let strict = dalek.is_some_and(|key| key.verify_strict(message, &signature).is_ok());
            assert_eq!(valid("strict"), strict, "ed25519-dalek verify_strict: {case:?}");
        }
        Scheme::EcdsaSecp256k1 if case.suite.encoding() == "raw" => {
            let (Ok(digest), Ok(key)) =
                (<[u8; 32]>::try_from(&message[..]), secp256k1::PublicKey::from_slice(key))
            else {
                return;
            };
            // libsecp256k1 takes hybrid keys, which the raw encoding does not.
            if matches!(case.key[0], 6 | 7) {
                return;
            }
            let message = secp256k1::Message::from_digest(digest);
            let low = secp256k1::ecdsa::Signature::from_compact(signature)
                .is_ok_and(|signature| secp256k1::ecdsa::verify(&signature, message, &key).is_ok());
            assert_eq!(valid("ecdsa-low-s"), low, "libsecp256k1: {case:?}");
        }
        _ => {}
    }
}
