//! Secure elements: the key and the signature are parts of the input as well, since records are what was signed.

use std::sync::LazyLock;

use sha2::Digest;
use sigwarp::oracle;
use sigwarp_profiles::secure_element::{Context, SecureElement};
use sigwarp_profiles::{Curve, Report};

use super::made::DeviceKey;
use super::{Limits, Subject, all_hold};

static SUBJECT: LazyLock<Subject<SecureElement>> = LazyLock::new(|| Subject {
    profile: SecureElement,
    contexts: Vec::new(),
    // Nothing of a record is looked at or copied, and each has one signature.
    limits: Limits { per_byte: 0, for_any: 4 << 10, signatures: |_| 1 },
    has_all: all_hold,
    sound: |_, _, report| assert_eq!(report.verdict.is_valid(), report.signatures.len() == 1, "{report:?}"),
    true_of,
    may_lose: |_, _, _| false,
});

const CURVES: [Curve; 4] = [Curve::P256, Curve::Secp256k1, Curve::Sm2, Curve::Ed25519];

/// The bit of the first byte that says that the record is a digest.
const HASHED: u8 = 4;

/// What an input is: the curve and whether the record is a digest, the key, the signature, the record.
struct Parts<'a> {
    curve: Curve,
    is_hashed: bool,
    key: &'a [u8],
    signature: &'a [u8],
    record: &'a [u8],
}

impl<'a> Parts<'a> {
    /// A byte of choice, the key and the signature behind their lengths, and the record.
    fn read(data: &'a [u8]) -> Option<Self> {
        let (&choice, rest) = data.split_first()?;
        let curve = CURVES[usize::from(choice) % CURVES.len()];
        let (key, rest) = counted(rest)?;
        let (signature, record) = counted(rest)?;
        Some(Self { curve, is_hashed: choice & HASHED != 0, key, signature, record })
    }

    fn context(&self) -> Context {
        Context::new(self.curve, self.is_hashed, self.key.to_vec(), self.signature.to_vec())
    }
}

/// Bytes behind their number; what is there, where there are fewer.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&count, rest) = bytes.split_first()?;
    Some(rest.split_at(usize::from(count).min(rest.len())))
}

/// See the module.
pub fn secure_element(data: &[u8]) {
    let Some(parts) = Parts::read(data) else { return };
    let Some(report) = SUBJECT.run_in(parts.record, &parts.context(), crc32fast::hash(data)) else { return };
    let [signature] = &report.signatures[..] else { panic!("one signature: {report:?}") };
    assert_eq!(signature.key, parts.key, "the key as it was given");
    let suite = signature.suite.as_ref().expect("a suite");
    let is_bare = parts.curve != Curve::Ed25519 && parts.key.len() == 64;
    let key = if is_bare { [&[4], parts.key].concat() } else { parts.key.to_vec() };
    let verdict = oracle::verify(suite, &key, parts.record, parts.signature).expect("every suite");
    assert_eq!(sigwarp_profiles::Verdict::from(verdict), signature.verdict, "the oracle on {data:02x?}");
}

/// Whatever is valid has its one signature, and only digests can be of a length that nobody asks about.
fn true_of(record: &[u8], _: &Context, report: &Report) {
    assert_eq!(report.verdict.is_valid(), all_hold(report), "{report:?}");
    let is_refused = report.verdict.cause().is_some_and(|cause| cause.name() == "BadDigestLength");
    assert_eq!(report.signatures.len(), usize::from(!is_refused), "{report:?}");
    assert!(!is_refused || record.len() != 32);
}

/// Of every curve: messages and digests, keys of 64 bytes and as SEC 1 writes them, and signatures of another message.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let message = b"a reading of a sensor, of some length";
    let digest = sha2::Sha256::digest(message);
    let mut seeds = Vec::new();
    for (choice, curve) in CURVES.into_iter().enumerate() {
        let key = DeviceKey(curve, choice as u8);
        let public = key.public();
        let seed = |choice: u8, key: &[u8], signature: Vec<u8>, record: &[u8]| {
            [&[choice, key.len() as u8], key, &[64], &signature, record].concat()
        };
        let choice = choice as u8;
        seeds.push(seed(choice, &public, key.sign(message), message));
        seeds.push(seed(choice, &public, key.sign(b"another"), message));
        if curve != Curve::Ed25519 {
            let compressed = [&[2 + (public[64] & 1)], &public[1..33]].concat();
            seeds.push(seed(choice, &public[1..], key.sign(message), message));
            seeds.push(seed(choice, &compressed, key.sign(message), message));
            seeds.push(seed(choice | HASHED, &public[1..], key.sign_digest(&digest), &digest));
        }
    }
    seeds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_judged_as_they_were_made() {
        let said = |(place, seed): (usize, &Vec<u8>)| {
            let parts = Parts::read(seed).expect("parts");
            SUBJECT.said(parts.record, &parts.context(), place)
        };
        let verdicts: Vec<String> = seeds().iter().enumerate().map(said).collect();
        let bad = "invalid record: EquationFailed";
        for of_curve in verdicts[..15].chunks(5) {
            assert_eq!(of_curve, ["valid", bad, "valid", "valid", "valid"]);
        }
        assert_eq!(verdicts[15..], ["valid", bad]);
    }
}
