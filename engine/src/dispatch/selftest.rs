//! Known answers that a backend must give before it may set a verdict.

use crate::backend::{Backend, BackendKind};
use crate::batch::{Batch, Key, Message};
use crate::suite::{Scheme, Suite};
use crate::verdict::Verdict;
use crate::{Ed25519Rule, Reason};

/// A backend gave a wrong answer in its self-test.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("backend {backend} failed its self-test and will not be used: {what}")]
pub struct SelfTestFailure {
    /// The backend.
    pub backend: BackendKind,
    /// The first wrong answer.
    pub what: String,
}

/// A signature that is known to be valid, with its origin.
struct Known {
    origin: &'static str,
    scheme: Scheme,
    key: &'static str,
    message: &'static str,
    signature: &'static str,
}

const KNOWN: [Known; 2] = [
    Known {
        origin: "RFC 8032 section 7.1 test 2",
        scheme: Scheme::Ed25519,
        key: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        message: "72",
        signature: "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                    085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    },
    Known {
        origin: "RFC 8032 section 7.1 test 3",
        scheme: Scheme::Ed25519,
        key: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        message: "af82",
        signature: "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
                    18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    },
];

/// Each known signature under every rule of its scheme, and the same with one bit of the message flipped.
pub(super) fn run(backend: &dyn Backend) -> Result<(), SelfTestFailure> {
    let fail = |what: String| SelfTestFailure { backend: backend.kind(), what };
    let mut batch = Batch::new();
    let mut expected = Vec::new();
    for known in &KNOWN {
        let [key, message, signature] = [known.key, known.message, known.signature].map(unhex);
        let mut other = message.clone();
        other[0] ^= 1;
        for suite in suites(known.scheme).filter(|suite| backend.supports(suite)) {
            batch.push(&suite, Key::Bytes(&key), Message::Raw(&message), &signature);
            expected.push((known.origin, Verdict::Valid));
            batch.push(&suite, Key::Bytes(&key), Message::Raw(&other), &signature);
            expected.push((known.origin, Verdict::Invalid(Reason::EquationFailed)));
        }
    }
    let view = batch.view().map_err(|error| fail(error.to_string()))?;
    let slots = super::run(backend, &view).map_err(|error| fail(error.what))?;
    let explain = super::Explain::new(String::new(), String::new(), batch.len(), 1);
    let verdicts = slots.finish(explain).map_err(|item| fail(format!("item {item} was left undecided")))?;
    for (item, (verdict, (origin, expected))) in verdicts.iter().zip(expected).enumerate() {
        if verdict != expected {
            let suite = view.item(item).suite;
            return Err(fail(format!("{origin} under {suite} is {expected}, the backend says {verdict}")));
        }
    }
    Ok(())
}

fn suites(scheme: Scheme) -> impl Iterator<Item = Suite> {
    assert_eq!(scheme, Scheme::Ed25519, "known answers name their scheme");
    Ed25519Rule::ALL.into_iter().map(Suite::ed25519)
}

fn unhex(digits: &str) -> Vec<u8> {
    let nibble = |digit: u8| (digit as char).to_digit(16).expect("known answers are hexadecimal") as u8;
    digits.as_bytes().chunks_exact(2).map(|pair| nibble(pair[0]) << 4 | nibble(pair[1])).collect()
}
