//! Constructed edge cases of BIP 340, and the crate k256's own verifier as a second implementation.

mod common;

use common::curve::*;
use common::{Cases, Expect};
use k256::Secp256k1;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use sigwarp::{Reason, Suite};

type K1 = Secp256k1;

const FAILED: Expect = Expect::Because(Reason::EquationFailed);

fn challenge(r: &Bytes, key: &Bytes, message: &[u8]) -> Scalar<K1> {
    let tag = Sha256::digest(b"BIP0340/challenge");
    scalar::<K1>(&Sha256::digest([&tag[..], &tag, r, key, message].concat()).into())
}

/// The scalar, negated if its point has odd y.
fn even(d: Scalar<K1>) -> Scalar<K1> {
    let odd = xy::<K1>(&(g::<K1>() * d)).1[31] & 1 == 1;
    if odd { -d } else { d }
}

/// The key and a signature; k is used as it is, so that R may have odd y.
fn sign_bip340(d: Scalar<K1>, k: Scalar<K1>, message: &[u8]) -> (Bytes, Vec<u8>) {
    let d = even(d);
    let key = xy::<K1>(&(g::<K1>() * d)).0;
    let r = xy::<K1>(&(g::<K1>() * k)).0;
    let s = k + challenge(&r, &key, message) * d;
    (key, [r, to_bytes::<K1>(&s)].concat())
}

#[test]
fn parity_range_and_infinity() {
    let mut cases = Cases::default();
    let suite = Suite::bip340();
    let n = order::<K1>();
    for d in [1, 2, 3, -1, 0x7777] {
        for k in [1, 2, -5, 1 << 40] {
            for message in [&b""[..], b"x", &[0; 32], &[7; 1000]] {
                let (key, raw) = sign_bip340(small::<K1>(d), even(small::<K1>(k)), message);
                cases.push("even R", &suite, (&key, message, &raw), Expect::Valid);
                let (_, odd) = sign_bip340(small::<K1>(d), -even(small::<K1>(k)), message);
                cases.push("odd R", &suite, (&key, message, &odd), FAILED);
                let s: Bytes = raw[32..].try_into().unwrap();
                let negated = [&raw[..32], &difference(&n, &s)].concat();
                cases.push("n − s", &suite, (&key, message, &negated), FAILED);
            }
        }
        // sG = eP makes R infinity, for any r.
        let (key, _) = sign_bip340(small::<K1>(d), small::<K1>(1), b"");
        for r in [[0; 32], xy::<K1>(&g::<K1>()).0, [1; 32]] {
            let s = challenge(&r, &key, b"m") * even(small::<K1>(d));
            let raw = [r, to_bytes::<K1>(&s)].concat();
            cases.push("infinity", &suite, (&key, b"m", &raw), FAILED);
        }
    }
    cases.check();
}

#[test]
fn reasons_come_in_their_order() {
    let mut cases = Cases::default();
    let suite = Suite::bip340();
    let p = <K1 as Curve>::P;
    let n = order::<K1>();
    let off = (1..).map(|i| offset(&[0; 32], i)).find(|x| lift::<K1>(x).is_none()).unwrap();
    let (good, raw) = sign_bip340(small::<K1>(9), even(small::<K1>(10)), b"m");
    let keys = [
        (good.to_vec(), None),
        (good[..31].to_vec(), Some(Reason::BadKeyLength)),
        ([&[2], &good[..]].concat(), Some(Reason::BadKeyLength)),
        (p.to_vec(), Some(Reason::NonCanonicalKey)),
        (vec![0xff; 32], Some(Reason::NonCanonicalKey)),
        (off.to_vec(), Some(Reason::KeyNotOnCurve)),
        (vec![0; 32], Some(Reason::KeyNotOnCurve)),
    ];
    let (r, s) = (&raw[..32], &raw[32..]);
    let signatures = [
        (raw.clone(), None),
        (Vec::new(), Some(Reason::BadSignatureLength)),
        ([&raw[..], &[1]].concat(), Some(Reason::BadSignatureLength)),
        ([r, &n].concat(), Some(Reason::ScalarOutOfRange)),
        ([&p, &n[..]].concat(), Some(Reason::ScalarOutOfRange)),
        ([&p, s].concat(), Some(Reason::NonCanonicalR)),
        ([&[0xff; 32], s].concat(), Some(Reason::NonCanonicalR)),
        // s = 0 is in range; that R = −eP then holds is chance.
        ([r, &[0; 32]].concat(), Some(Reason::EquationFailed)),
        ([r, &offset(&n, -1)].concat(), Some(Reason::EquationFailed)),
        // R is never decoded: an r of no point is a mismatch, below n or not.
        ([&off[..], s].concat(), Some(Reason::EquationFailed)),
        ([&offset(&p, -1)[..], s].concat(), Some(Reason::EquationFailed)),
        ([&[0; 32], s].concat(), Some(Reason::EquationFailed)),
    ];
    for (key, of_key) in &keys {
        for (signature, of_signature) in &signatures {
            let first = of_key.iter().chain(of_signature).min();
            let expected = first.map_or(Expect::Valid, |&reason| Expect::Because(reason));
            cases.push("precedence", &suite, (key, b"m", signature), expected);
        }
    }
    assert_eq!(cases.check(), keys.len() * signatures.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_crate_k256_agrees(
        d in any::<[u8; 32]>(), k in any::<[u8; 32]>(), message in proptest::collection::vec(any::<u8>(), 0..100),
        flip in prop_oneof![Just(None), (0..64usize * 8).prop_map(Some)],
    ) {
        use k256::schnorr::{Signature, VerifyingKey};
        let (d, k) = (scalar::<K1>(&d), scalar::<K1>(&k));
        prop_assume!(d != small::<K1>(0) && k != small::<K1>(0));
        let (key, mut raw) = sign_bip340(d, even(k), &message);
        if let Some(bit) = flip {
            raw[bit / 8] ^= 1 << (bit % 8);
        }
        let verifier = VerifyingKey::from_bytes(&key.into()).unwrap();
        let theirs = Signature::try_from(&raw[..]).is_ok_and(|signature| verifier.verify_raw(&message, &signature).is_ok());
        prop_assert_eq!(theirs, flip.is_none());
        let mut cases = Cases::default();
        cases.push("random", &Suite::bip340(), (&key, &message, &raw), Expect::from_validity(theirs));
        cases.check();
    }
}
