//! Recovery of secp256k1 keys: against the crate k256, at its edges, and why it fails.

mod common;

use common::curve::*;
use k256::Secp256k1;
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use proptest::prelude::*;
use sigwarp::{EcdsaRule, Reason, recover};

type K1 = Secp256k1;

fn key_bytes(point: &Point<K1>) -> [u8; 65] {
    tagged::<K1>(4, point).try_into().unwrap()
}

/// k256 refuses a high s and digests shorter than half a scalar; the others it recovers from as SEC 1 says.
fn by_k256(digest: &[u8; 32], raw: &[u8], id: u8) -> Option<[u8; 65]> {
    let signature = Signature::from_slice(raw).ok()?;
    let key = VerifyingKey::recover_from_prehash(digest, &signature, RecoveryId::from_byte(id)?).ok()?;
    Some(key_bytes(&Point::<K1>::from(*key.as_affine())))
}

proptest! {
    #![proptest_config(common::property_config(300))]

    #[test]
    fn the_signer_is_recovered(d in any::<[u8; 32]>(), k in any::<[u8; 32]>(), digest in any::<[u8; 32]>()) {
        let [d, k, e] = [d, k, digest].map(|bytes| scalar::<K1>(&bytes));
        prop_assume!(d != small::<K1>(0) && k != small::<K1>(0));
        let (raw, id) = sign::<K1>(&d, &e, &k);
        let key = key_bytes(&(g::<K1>() * d));
        prop_assert_eq!(recover(&digest, &raw, id, EcdsaRule::Any), Ok(key));
        for other in 0..4 {
            let recovered = recover(&digest, &raw, other, EcdsaRule::Any);
            prop_assert_eq!(recovered == Ok(key), other == id);
        }
        // The other of the two signatures, with the other parity.
        let negated = difference(&order::<K1>(), &raw[32..].try_into().unwrap());
        let other = [&raw[..32], &negated].concat();
        prop_assert_eq!(recover(&digest, &other, id ^ 1, EcdsaRule::Any), Ok(key));
        let (low, high) = if raw[32..] < negated[..] { ((&raw, id), (&other, id ^ 1)) } else { ((&other, id ^ 1), (&raw, id)) };
        prop_assert_eq!(recover(&digest, low.0, low.1, EcdsaRule::LowS), Ok(key));
        prop_assert_eq!(recover(&digest, high.0, high.1, EcdsaRule::LowS), Err(Reason::HighS));
        prop_assert_eq!(by_k256(&digest, low.0, low.1), Some(key));
    }

    /// Bytes that nobody signed: about half recover some key, the same by both.
    #[test]
    fn arbitrary_signatures_recover_alike(
        r in prop_oneof![any::<[u8; 32]>(), (0..64i64).prop_map(|i| offset(&[0; 32], i))],
        s in any::<[u8; 32]>(),
        digest in any::<[u8; 32]>(),
        id in 0..4u8,
    ) {
        let raw = [r, s].concat();
        match recover(&digest, &raw, id, EcdsaRule::LowS) {
            Ok(key) => prop_assert_eq!(by_k256(&digest, &raw, id), Some(key)),
            Err(Reason::HighS) => {}
            Err(_) => prop_assert_eq!(by_k256(&digest, &raw, id), None),
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        digest in proptest::collection::vec(any::<u8>(), 0..70),
        signature in proptest::collection::vec(any::<u8>(), 0..70),
        id in any::<u8>(),
    ) {
        let recovered = recover(&digest, &signature, id, EcdsaRule::Any);
        if signature.len() != 64 {
            prop_assert_eq!(recovered, Err(Reason::BadSignatureLength));
        } else if id > 3 {
            prop_assert_eq!(recovered, Err(Reason::BadSignatureEncoding));
        }
    }
}

#[test]
fn r_plus_n_is_used_only_below_p() {
    let (s, e) = (small::<K1>(5), small::<K1>(6));
    let digest = to_bytes::<K1>(&e);
    let (mut found, mut missing) = (0, 0);
    for i in 1..30 {
        let r = offset(&[0; 32], i);
        let raw = [r, to_bytes::<K1>(&s)].concat();
        for (id, point) in [(0, lift::<K1>(&r)), (2, lift::<K1>(&offset(&order::<K1>(), i)))] {
            let expected = point.map(|point| key_for::<K1>(&point, &scalar::<K1>(&r), &s, &e));
            let recovered = recover(&digest, &raw, id, EcdsaRule::Any);
            assert_eq!(recovered, expected.as_ref().map(key_bytes).ok_or(Reason::RNotOnCurve), "{i} {id}");
            if expected.is_some() { found += 1 } else { missing += 1 }
        }
    }
    assert!(found > 10 && missing > 10);
    // r = p − n + i: r + n is p + i, which must not be read as i.
    for i in 0..30 {
        let r = offset(&difference(&<K1 as Curve>::P, &order::<K1>()), i);
        let raw = [r, to_bytes::<K1>(&s)].concat();
        for id in [2, 3] {
            assert_eq!(recover(&digest, &raw, id, EcdsaRule::Any), Err(Reason::RNotOnCurve));
        }
    }
}

#[test]
fn reasons_come_in_their_order() {
    let raw = sign::<K1>(&small::<K1>(7), &small::<K1>(8), &small::<K1>(9)).0;
    let n = order::<K1>();
    let with = |r: &[u8], s: &[u8]| [r, s].concat();
    let failed = |signature: &[u8], id| recover(&[0; 32], signature, id, EcdsaRule::LowS).unwrap_err();
    assert_eq!(failed(&raw[..63], 4), Reason::BadSignatureLength);
    assert_eq!(failed(&with(&raw, &[0]), 0), Reason::BadSignatureLength);
    assert_eq!(failed(&with(&[0; 32], &n), 4), Reason::BadSignatureEncoding);
    for (r, s) in [(&[0; 32][..], &raw[32..]), (&n, &raw[32..]), (&raw[..32], &n), (&raw[..32], &[0; 32])] {
        assert_eq!(failed(&with(r, s), 0), Reason::ScalarOutOfRange);
    }
    assert_eq!(failed(&with(&raw[..32], &offset(&n, -1)), 2), Reason::HighS);
    assert_eq!(failed(&with(&raw[..32], &offset(&[0; 32], 1)), 2), Reason::RNotOnCurve);
}

/// Where sR = eG the key would be infinity.
#[test]
fn infinity_is_no_key() {
    for (k, s) in [(1, 1), (5, 77), (-3, 2)] {
        let (k, s) = (small::<K1>(k), small::<K1>(s));
        let (r, y) = xy::<K1>(&(g::<K1>() * k));
        let digest = to_bytes::<K1>(&(s * k));
        let raw = [r, to_bytes::<K1>(&s)].concat();
        let id = y[31] & 1;
        assert_eq!(recover(&digest, &raw, id, EcdsaRule::Any), Err(Reason::EquationFailed));
        assert!(recover(&digest, &raw, id ^ 1, EcdsaRule::Any).is_ok());
    }
}
