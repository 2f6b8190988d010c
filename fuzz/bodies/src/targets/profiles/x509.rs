//! X.509: certificates of devices, and chains that come with them.

use std::sync::LazyLock;

use sha2::Digest;
use sigwarp::oracle;
use sigwarp_profiles::x509::{Context, MAX_CHECKS, X509};
use sigwarp_profiles::{Curve, Report};

use super::made::{DeviceKey, USER_ID};
use super::{Answers, Limits, Subject, all_hold};

const ROOT: DeviceKey = DeviceKey(Curve::P256, 0);
const CA: DeviceKey = DeviceKey(Curve::P256, 1);
const DEVICE: DeviceKey = DeviceKey(Curve::P256, 2);
const OTHER: DeviceKey = DeviceKey(Curve::P256, 3);
const SM2: DeviceKey = DeviceKey(Curve::Sm2, 0);
const SECP256K1: DeviceKey = DeviceKey(Curve::Secp256k1, 0);
const ED25519: DeviceKey = DeviceKey(Curve::Ed25519, 0);

/// The roots that an input chooses from, by name and key.
const ROOTS: [&[(&str, DeviceKey)]; 4] = [
    &[],
    &[("root", ROOT)],
    &[("root", OTHER), ("CA", OTHER), ("root", ROOT)],
    &[("root", ED25519), ("GM", SM2), ("k1", SECP256K1)],
];

/// Their certificates, which each has signed itself.
static CERTIFICATES: LazyLock<[Vec<Vec<u8>>; 4]> =
    LazyLock::new(|| ROOTS.map(|roots| roots.iter().map(|&root| Made::ca(root, root).der()).collect()));

/// How SM2 signs, which an input chooses as well.
const SM2_RULES: [How; 3] = [How::Plain, How::UserId("a device"), How::WithoutZa];

static SUBJECT: LazyLock<Subject<X509>> = LazyLock::new(|| Subject {
    profile: X509,
    contexts: Vec::new(),
    limits: LIMITS,
    has_all: all_hold,
    sound,
    true_of,
    may_lose: |_, _, _| false,
});

/// Nothing of a record is copied. Each certificate may have signed each of a chain, of which there are so many that the
/// search has a bound of its own, see the test.
const LIMITS: Limits = Limits { per_byte: 0, for_any: 512 << 10, signatures: |_| MAX_CHECKS };

/// What an input is: which roots and which rule of SM2, the record, the chain.
struct Parts<'a> {
    roots: usize,
    sm2: How,
    record: &'a [u8],
    chain: Vec<&'a [u8]>,
}

impl<'a> Parts<'a> {
    /// A byte of choice, and certificates behind their lengths in two bytes.
    fn read(data: &'a [u8]) -> Option<Self> {
        let (&choice, mut rest) = data.split_first()?;
        let mut certificates = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk() {
            let length = usize::from(u16::from_be_bytes(*length)).min(after.len());
            certificates.push(&after[..length]);
            rest = &after[length..];
        }
        let (&record, chain) = certificates.split_first()?;
        let choice = usize::from(choice);
        let (roots, sm2) = (choice % ROOTS.len(), SM2_RULES[choice / ROOTS.len() % SM2_RULES.len()]);
        Some(Self { roots, sm2, record, chain: chain.to_vec() })
    }

    fn context(&self) -> Context {
        let chain = self.chain.iter().map(|certificate| certificate.to_vec()).collect();
        let context = Context::new(chain, CERTIFICATES[self.roots].clone()).expect("roots in DER");
        match self.sm2 {
            How::UserId(id) => context.with_sm2_id(id.as_bytes()).expect("a short user id"),
            How::WithoutZa => context.without_za(),
            How::Plain | How::Sha512 => context,
        }
    }
}

/// See the module.
pub fn x509(data: &[u8]) {
    let Some(parts) = Parts::read(data) else { return };
    let context = parts.context();
    if ROOTS[parts.roots].is_empty() {
        let report = SUBJECT.folded(parts.record, &context, Answers::All);
        assert!(!report.verdict.is_valid() && report.anchored != Some(true), "no root: {report:?}");
    }
    let Some(report) = SUBJECT.run_in(parts.record, &context, crc32fast::hash(data)) else { return };
    if !report.verdict.is_valid() {
        return;
    }
    let last = report.signatures.last().expect("a signature");
    let is_root = ROOTS[parts.roots].iter().any(|(_, root)| root.public() == last.key);
    assert!(is_root, "not the key of a root: {report:?}");
    // What the first signature is of, by the oracle.
    let first = &report.signatures[0];
    let (suite, [tbs, signature]) = (first.suite.as_ref().expect("a suite"), signed(parts.record));
    let messages = [tbs.to_vec(), sha2::Sha512::digest(tbs).to_vec(), sm3::Sm3::digest(tbs).to_vec()];
    let holds = |message: &Vec<u8>| {
        oracle::verify(suite, &first.key, message, signature) == Some(sigwarp::Verdict::Valid)
    };
    assert!(messages.iter().any(holds), "the oracle refuses {report:?}");
}

/// The signed bytes of a certificate in DER, and its signature.
fn signed(certificate: &[u8]) -> [&[u8]; 2] {
    let contents = &certificate[split(certificate).0..];
    let (_, tbs) = split(contents);
    let (_, algorithm) = split(&contents[tbs..]);
    let bits = &contents[tbs + algorithm..];
    [&contents[..tbs], &bits[split(bits).0 + 1..]]
}

/// The length of the head of an element, and of all of it.
fn split(element: &[u8]) -> (usize, usize) {
    let (head, length) = match element[1] {
        short @ ..=0x7f => (2, usize::from(short)),
        0x81 => (3, usize::from(element[2])),
        _ => (4, usize::from(element[2]) << 8 | usize::from(element[3])),
    };
    (head, head + length)
}

/// What is valid ends in a root, and has each signature of its path.
fn sound(record: &[u8], context: &Context, report: &Report) {
    let is_valid = report.verdict.is_valid();
    assert!(!is_valid || all_hold(report), "{report:?}");
    if report.anchored == Some(true) {
        let is_anchor = report.verdict.cause().is_some_and(|cause| cause.name() == "IsAnchor");
        assert!(is_valid || is_anchor && report.signatures.is_empty(), "{report:?}");
    }
    let one = SUBJECT.folded(record, context, Answers::One(record.len() % 4));
    assert!(!one.verdict.is_valid() || one.signatures.len() == 1, "one answer: {one:?}");
}

fn true_of(_: &[u8], _: &Context, report: &Report) {
    assert!(!report.verdict.is_valid() || report.anchored == Some(true) && all_hold(report), "{report:?}");
    assert!(
        report.which.is_none_or(|which| which == report.signatures.len() - 1),
        "a path ends where it fails"
    );
}

/// How a certificate is signed.
#[derive(Debug, Clone, Copy)]
pub(super) enum How {
    /// With SHA-256, and for SM2 under the default user id.
    Plain,
    /// Over a digest of SHA-512.
    Sha512,
    /// With SM2 under this user id.
    UserId(&'static str),
    /// With SM2 over the digest of the message alone.
    WithoutZa,
}

/// A certificate to be made.
#[derive(Clone, Copy)]
pub(super) struct Made {
    issuer: &'static str,
    signer: DeviceKey,
    subject: &'static str,
    key: DeviceKey,
    is_ca: bool,
    how: How,
}

impl Made {
    /// A CA's certificate: who signs it, and who it is, each with a key.
    fn ca((issuer, signer): (&'static str, DeviceKey), (subject, key): (&'static str, DeviceKey)) -> Self {
        Self { issuer, signer, subject, key, is_ca: true, how: How::Plain }
    }

    /// The certificate of a root named `root`.
    pub(super) fn root(key: DeviceKey) -> Self {
        Self::ca(("root", key), ("root", key))
    }

    /// The certificate of a device with this key.
    pub(super) fn device(issuer: (&'static str, DeviceKey), key: DeviceKey) -> Self {
        Self { is_ca: false, ..Self::ca(issuer, ("a device", key)) }
    }

    /// Its DER.
    pub(super) fn der(&self) -> Vec<u8> {
        let name = |text: &str| {
            let attribute = [element(OID, &[0x55, 4, 3]), element(TEXT, text.as_bytes())].concat();
            element(SEQUENCE, &element(SET, &element(SEQUENCE, &attribute)))
        };
        let time = element(UTC_TIME, b"260101000000Z");
        let constraints = element(SEQUENCE, if self.is_ca { &[1, 1, 255] } else { &[] });
        let constraints = [element(OID, &[0x55, 0x1d, 0x13]), element(OCTETS, &constraints)].concat();
        let extensions = element(SEQUENCE, &element(SEQUENCE, &constraints));
        let bits = |bytes: &[u8]| element(BITS, &[&[0], bytes].concat());
        let key = [key_algorithm(self.key.0), bits(&self.key.public())].concat();
        let algorithm = self.algorithm();
        let tbs = [
            element(0xa0, &[INTEGER, 1, 2]),
            element(INTEGER, &[7]),
            algorithm.clone(),
            name(self.issuer),
            element(SEQUENCE, &time.repeat(2)),
            name(self.subject),
            element(SEQUENCE, &key),
            element(0xa3, &extensions),
        ];
        let tbs = element(SEQUENCE, &tbs.concat());
        let signature = bits(&self.sign(&tbs));
        element(SEQUENCE, &[tbs, algorithm, signature].concat())
    }

    fn algorithm(&self) -> Vec<u8> {
        let oid: &[u8] = match (self.signer.0, self.how) {
            (Curve::Ed25519, _) => &[0x2b, 0x65, 0x70],
            (Curve::Sm2, _) => &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x83, 0x75],
            (_, How::Sha512) => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4],
            _ => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2],
        };
        element(SEQUENCE, &element(OID, oid))
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature = match (self.signer.0, self.how) {
            (Curve::Ed25519, _) => return self.signer.sign(message),
            (Curve::Sm2, How::UserId(id)) => self.signer.sign_as(id, message),
            (Curve::Sm2, How::WithoutZa) => self.signer.sign_digest(&sm3::Sm3::digest(message)),
            (Curve::Sm2, _) => self.signer.sign_as(USER_ID, message),
            // ECDSA takes the first 32 bytes of a longer digest.
            (_, How::Sha512) => self.signer.sign_digest(&sha2::Sha512::digest(message)[..32]),
            _ => self.signer.sign(message),
        };
        let integer = |bytes: &[u8]| {
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            let sign: &[u8] = if bytes[zeros] >= 0x80 { &[0] } else { &[] };
            element(INTEGER, &[sign, &bytes[zeros..]].concat())
        };
        element(SEQUENCE, &[integer(&signature[..32]), integer(&signature[32..])].concat())
    }
}

const INTEGER: u8 = 0x02;
const BITS: u8 = 0x03;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const TEXT: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let head = match contents.len() {
        short @ ..=0x7f => vec![tag, short as u8],
        long @ ..=0xff => vec![tag, 0x81, long as u8],
        long => vec![tag, 0x82, (long >> 8) as u8, long as u8],
    };
    [&head, contents].concat()
}

/// The AlgorithmIdentifier of keys of a curve.
fn key_algorithm(curve: Curve) -> Vec<u8> {
    let curve: &[u8] = match curve {
        Curve::P256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
        Curve::Secp256k1 => &[0x2b, 0x81, 4, 0, 10],
        Curve::Sm2 => &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x82, 0x2d],
        Curve::Ed25519 => return element(SEQUENCE, &element(OID, &[0x2b, 0x65, 0x70])),
    };
    let of_curve = element(OID, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]);
    element(SEQUENCE, &[of_curve, element(OID, curve)].concat())
}

/// A record and its chain, of all that is made below.
fn records() -> Vec<Vec<Made>> {
    let (root, ca) = (("root", ROOT), ("CA", CA));
    let intermediate = Made::ca(root, ca);
    let direct = |how, issuer| vec![Made { how, ..Made::device(issuer, DEVICE) }];
    let mut records = vec![
        vec![Made::device(ca, DEVICE), intermediate],
        direct(How::Sha512, root),
        // Two CAs of a name, and one that was signed by somebody else.
        vec![
            Made::device(ca, DEVICE),
            Made::ca(root, ("CA", OTHER)),
            Made { signer: OTHER, ..intermediate },
            intermediate,
        ],
        // Two that have signed each other.
        vec![
            Made::device(("a", ROOT), DEVICE),
            Made::ca(("b", CA), ("a", ROOT)),
            Made::ca(("a", ROOT), ("b", CA)),
        ],
        // One that is no CA, one that signed itself, a root, and a path of three.
        vec![Made::device(ca, DEVICE), Made { is_ca: false, ..intermediate }],
        vec![Made::ca(ca, ca)],
        vec![Made::ca(root, root)],
        vec![
            Made::device(("b", OTHER), DEVICE),
            Made::ca(ca, ("b", OTHER)),
            intermediate,
            Made::ca(root, root),
        ],
    ];
    records.extend(SM2_RULES.map(|how| direct(how, ("GM", SM2))));
    records.push(direct(How::Plain, ("root", ED25519)));
    records.push(direct(How::Sha512, ("k1", SECP256K1)));
    records.push(vec![Made::device(ca, DEVICE), Made::ca(("k1", SECP256K1), ca)]);
    records
}

/// Certificates of each algorithm, with chains of every kind, under all roots and rules.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let counted = |made: &Made| {
        let der = made.der();
        [&(der.len() as u16).to_be_bytes(), &der[..]].concat()
    };
    let mut seeds = Vec::new();
    for record in records() {
        let certificates: Vec<u8> = record.iter().flat_map(counted).collect();
        seeds.extend((0..12).map(|choice| super::input(choice, &certificates)));
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
        let of: Vec<&[String]> = verdicts.chunks(12).collect();
        // By the place of the record, the roots under which it is valid, with every rule of SM2.
        let valid: [&[usize]; 14] =
            [&[1, 2], &[1, 2], &[1, 2], &[], &[], &[], &[], &[1, 2], &[3], &[], &[], &[3], &[3], &[3]];
        for (place, (verdicts, valid)) in of.iter().zip(valid).enumerate() {
            let found: Vec<usize> = (0..4).filter(|&roots| verdicts[roots] == "valid").collect();
            assert_eq!(found, valid, "record {place}: {verdicts:?}");
            // Only signatures of SM2 depend on the rule.
            if !(8..11).contains(&place) {
                assert_eq!([&verdicts[4..8], &verdicts[8..]], [&verdicts[..4]; 2], "record {place}");
            }
        }
        assert_eq!(of.len(), valid.len());
        let of_rules = |place: usize| [3, 7, 11].map(|choice| of[place][choice] == "valid");
        assert_eq!(
            [8, 9, 10].map(of_rules),
            [[true, false, false], [false, true, false], [false, false, true]]
        );
        let unknown = "undecided TrustAnchorUnknown";
        assert_eq!(of[3], [unknown; 12]);
        assert_eq!([&of[4][1], &of[4][2]], ["invalid NotCA", "invalid certificate[0]: EquationFailed"]);
        assert_eq!([&of[6][0], &of[6][1]], [unknown, "undecided IsAnchor"]);
        assert_eq!(of[11][1], "invalid KeyAlgorithmMismatch");
    }

    /// As many certificates as a chain may have, each of which may have signed each, with keys that are refused one by one.
    #[test]
    fn the_widest_chain_stays_within_the_bound() {
        let der = Made::ca(("a", CA), ("a", CA)).der();
        let of_serial = |serial: u8| {
            let mut der = der.clone();
            let at = der.windows(3).position(|bytes| bytes == [INTEGER, 1, 7]).expect("the serial number");
            der[at + 2] = serial;
            der
        };
        for is_bare in [false, true] {
            let certificates: Vec<Vec<u8>> = (1..=33)
                .map(
                    |serial| {
                        if is_bare { without_point_octet(&of_serial(serial)) } else { of_serial(serial) }
                    },
                )
                .collect();
            let context = Context::new(certificates[1..].to_vec(), Vec::new()).expect("no roots");
            for answers in [Answers::All, Answers::None, Answers::Some(0x5a5a_5a5a)] {
                let report = SUBJECT.folded(&certificates[0], &context, answers);
                assert!(
                    report.verdict.cause().is_some_and(|cause| cause.name() != "Malformed"),
                    "{report:?}"
                );
            }
        }
    }

    /// The same certificate whose key is x ‖ y alone, with the lengths around it one less.
    fn without_point_octet(der: &[u8]) -> Vec<u8> {
        let mut out = der.to_vec();
        let at = der.windows(3).position(|bytes| bytes == [66, 0, 4]).expect("a point") + 2;
        out.remove(at);
        out[at - 2] -= 1;
        // The key's sequence is of 89 bytes, and those around it have lengths of two bytes or one.
        let info = at - 2 - 1 - 21 - 1;
        assert_eq!((out[info - 1], out[info]), (SEQUENCE, 89));
        out[info] -= 1;
        let (certificate, tbs) = (split(der), split(&der[split(der).0..]));
        for (head, of) in [(0, certificate), (certificate.0, tbs)] {
            let last = head + of.0 - 1;
            assert!(out[last] > 0, "no borrow");
            out[last] -= 1;
        }
        out
    }
}
