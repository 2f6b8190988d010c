//! Property tests: valid items with faults, and arbitrary bytes, judged alike by every backend and the oracle, to
//! the reason. `SIGWARP_CASES` multiplies the number of items.

use crate::common;

use common::curve::*;
use common::subjects::{Sample, one_by_one, sign_variant};
use common::{Cases, Expect, der};
use ed25519_dalek::SigningKey;
use k256::Secp256k1;
use p256::NistP256;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use sha2::{Digest, Sha256};
use sha3::Keccak256;
use sigwarp::{Prehash, Scheme, Suite};
use sm2::Sm2;

/// A valid item of a suite, but for a hybrid key where the suite has none and a high s where the rule refuses it.
fn item(suite: &Suite, seed: u8) -> [Vec<u8>; 3] {
    fn ecdsa<C: Ecdsa>(suite: &Suite, seed: u8) -> [Vec<u8>; 3] {
        let d = small::<C>(i64::from(seed) + 1);
        let point = g::<C>() * d;
        let key = match seed % 5 {
            0 => compressed::<C>(&point),
            1 => tagged::<C>(4, &point)[1..].to_vec(),
            2 => tagged::<C>(6 + (xy::<C>(&point).1[31] & 1), &point),
            _ => tagged::<C>(4, &point),
        };
        let message = vec![seed; 32];
        let scheme = suite.scheme().ecdsa().expect("ECDSA");
        let digest: Bytes = match scheme.hash() {
            None => message.clone().try_into().unwrap(),
            Some(Prehash::Sha256) => Sha256::digest(&message).into(),
            Some(Prehash::Sha256d) => Sha256::digest(Sha256::digest(&message)).into(),
            Some(Prehash::Keccak256) => Keccak256::digest(&message).into(),
        };
        let (raw, id) = sign::<C>(&d, &scalar::<C>(&digest), &small::<C>(1000 + i64::from(seed)));
        let signature = match suite.encoding() {
            "raw" => raw,
            "raw-v" => [raw, vec![id]].concat(),
            _ => der(&raw),
        };
        [key, message, signature]
    }
    let signed = |key: &str, message: &str, signature: &str| [key, message, signature].map(common::unhex);
    match suite.scheme() {
        Scheme::EcdsaP256 | Scheme::EcdsaP256Sha256 => ecdsa::<NistP256>(suite, seed),
        scheme if scheme.ecdsa().is_some() => ecdsa::<Secp256k1>(suite, seed),
        Scheme::Ed25519ctx | Scheme::Ed25519ph => {
            let signer = SigningKey::from_bytes(&[seed; 32]);
            let (message, context) = (vec![seed; 32], suite.context().expect("one"));
            let prehashes = suite.scheme() == Scheme::Ed25519ph;
            let signature = sign_variant(&signer, context, prehashes, &message).to_vec();
            [signer.verifying_key().to_bytes().to_vec(), message, signature]
        }
        // RFC 8032 section 7.1 test 2.
        Scheme::Ed25519 => signed(
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        // BIP 340 test vector 1.
        Scheme::Bip340 => signed(
            "dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659",
            "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
            "6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de3341\
             8906d11ac976abccb20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a",
        ),
        // BIP 341 wallet test vector 2.
        Scheme::Bip341Commitment => signed(
            "187791b6f712a8ea41c8ecdd0ee77fab3e85263b37e1ec18a3651926b3a6cf27",
            "cbd8679ba636c1110ea247542cfbd964131a6be84f873f7f3b62a777528ed001",
            "01147c9c57132f6e7ecddba9800bb0c4449251c92a1e60371ee77557b6620f3ea3",
        ),
        Scheme::Sm2 | Scheme::Sm2Sm3 => {
            let d = small::<Sm2>(i64::from(seed) + 2);
            let key = g::<Sm2>() * d;
            let message = vec![seed; 32];
            let e = match suite.user_id() {
                Some(id) => sm2_hash(id, &key, &message),
                None => message.clone().try_into().unwrap(),
            };
            let raw = sm2_sign(&d, &scalar::<Sm2>(&e), &small::<Sm2>(77));
            let signature = if suite.encoding() == "der" { der(&raw) } else { raw };
            [tagged::<Sm2>(4, &key), message, signature]
        }
        _ => {
            let subject = one_by_one().into_iter().find(|subject| subject.suite == *suite);
            let Sample { key, message, signature } = subject.expect("a subject").valid[seed as usize].clone();
            [key, message, signature]
        }
    }
}

/// One fault in one of the three parts.
#[derive(Debug, Clone)]
enum Fault {
    Flip(usize, u8),
    Set(usize, u8),
    Insert(usize, u8),
    Remove(usize),
    Cut(usize),
    Append(Vec<u8>),
    /// A run of bytes set to all zeros or all ones, which makes bounds and edges likely.
    Fill(usize, usize, u8),
}

fn fault() -> impl Strategy<Value = Fault> {
    let at = any::<usize>;
    prop_oneof![
        4 => (at(), 0..8u8).prop_map(|(at, bit)| Fault::Flip(at, bit)),
        2 => (0..8usize, any::<u8>()).prop_map(|(at, to)| Fault::Set(at, to)),
        1 => (at(), any::<u8>()).prop_map(|(at, to)| Fault::Set(at, to)),
        1 => (at(), any::<u8>()).prop_map(|(at, byte)| Fault::Insert(at, byte)),
        1 => at().prop_map(Fault::Remove),
        1 => at().prop_map(Fault::Cut),
        1 => proptest::collection::vec(any::<u8>(), 1..40).prop_map(Fault::Append),
        1 => (at(), at(), prop_oneof![Just(0), Just(0xff)]).prop_map(|(a, b, to)| Fault::Fill(a, b, to)),
    ]
}

impl Fault {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let len = bytes.len();
        match self {
            Self::Append(more) => bytes.extend(more),
            Self::Insert(at, byte) => bytes.insert(at % (len + 1), *byte),
            _ if len == 0 => {}
            Self::Flip(at, bit) => bytes[at % len] ^= 1 << bit,
            Self::Set(at, to) => bytes[at % len] = *to,
            Self::Remove(at) => drop(bytes.remove(at % len)),
            Self::Cut(at) => bytes.truncate(at % len),
            Self::Fill(a, b, to) => {
                let (a, b) = (a % len, b % len);
                bytes[a.min(b)..a.max(b)].fill(*to);
            }
        }
    }
}

fn times() -> usize {
    std::env::var("SIGWARP_CASES").ok().map_or(1, |times| times.parse().expect("SIGWARP_CASES is a number"))
}

#[test]
fn faulty_items_are_judged_alike() {
    let mut runner = TestRunner::deterministic();
    // Up to three faults, mostly in the signature or the key.
    let faults = proptest::collection::vec(
        (prop_oneof![3 => Just(2usize), 2 => Just(0), 1 => Just(1)], fault()),
        0..4,
    );
    for suite in Suite::all() {
        let mut cases = Cases::default();
        for seed in 0..10 {
            let good = item(&suite, seed);
            for _ in 0..12 * times() {
                let mut bytes = good.clone();
                for (part, fault) in faults.new_tree(&mut runner).unwrap().current() {
                    fault.apply(&mut bytes[part]);
                }
                let [key, message, signature] = &bytes;
                cases.push("faulty", &suite, (key, message, signature), Expect::AsOracle);
            }
        }
        cases.check();
    }
}

#[test]
fn arbitrary_bytes_are_judged_alike() {
    let mut runner = TestRunner::deterministic();
    let bytes = |likely: &'static [usize]| {
        prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..100),
            proptest::sample::select(likely).prop_flat_map(|len| proptest::collection::vec(any::<u8>(), len)),
        ]
    };
    let parts = (bytes(&[32, 33, 64, 65]), bytes(&[0, 32]), bytes(&[64, 65, 70, 71, 72]));
    for suite in Suite::all() {
        let mut cases = Cases::default();
        for _ in 0..100 * times() {
            let (key, message, signature) = parts.new_tree(&mut runner).unwrap().current();
            cases.push("arbitrary", &suite, (&key, &message, &signature), Expect::AsOracle);
        }
        cases.check();
    }
}

/// The items that faults are applied to are valid where they are said to be.
#[test]
fn good_items_are_valid() {
    let mut cases = Cases::default();
    for suite in Suite::all() {
        let hybrid = |seed: u8| seed % 5 == 2;
        for seed in 0..5 {
            let [key, message, signature] = item(&suite, seed);
            let expected = match suite.scheme() {
                scheme if scheme.ecdsa().is_some() && (suite.rule() == "ecdsa-low-s" || hybrid(seed)) => {
                    Expect::AsOracle
                }
                _ => Expect::Valid,
            };
            cases.push("good", &suite, (&key, &message, &signature), expected);
        }
    }
    cases.check();
}
