//! Constructed edge cases of SM2, and the crate sm2's own verifier as a second implementation.

use crate::common;

use common::curve::*;
use common::{Cases, Expect, der, der_integer, der_sequence};
use proptest::prelude::*;
use sigwarp::{Reason, Sm2Encoding, Suite, Verdict, oracle};
use sm2::Sm2;

const FAILED: Expect = Expect::Because(Reason::EquationFailed);
const OUT_OF_RANGE: Expect = Expect::Because(Reason::ScalarOutOfRange);

#[test]
fn keys_ids_and_digests() {
    let mut cases = Cases::default();
    let long_id = vec![b'x'; 8191];
    for d in [1, 2, 3, -2, 0x1234_5678] {
        let d = small::<Sm2>(d);
        let key = g::<Sm2>() * d;
        let forms = [tagged::<Sm2>(4, &key), tagged::<Sm2>(4, &key)[1..].to_vec(), compressed::<Sm2>(&key)];
        for user_id in [&b""[..], b"1234567812345678", b"ALICE123@YAHOO.COM", &long_id] {
            let message = [7; 100];
            let e = sm2_hash(user_id, &key, &message);
            let raw = sm2_sign(&d, &scalar::<Sm2>(&e), &small::<Sm2>(99));
            for (encoding, signature) in [(Sm2Encoding::Raw, raw.clone()), (Sm2Encoding::Der, der(&raw))] {
                let hashed = Suite::sm2_sm3(user_id, encoding).unwrap();
                let other_id = Suite::sm2_sm3(b"another", encoding).unwrap();
                for form in &forms {
                    cases.push("SM3", &hashed, (form, &message, &signature), Expect::Valid);
                    cases.push("e", &Suite::sm2(encoding), (form, &e, &signature), Expect::Valid);
                    let longer = [&e[..], &[1]].concat();
                    cases.push("e, cut", &Suite::sm2(encoding), (form, &longer, &signature), Expect::Valid);
                    cases.push("another ID", &other_id, (form, &message, &signature), FAILED);
                }
                for tag in [0, 1, 2, 3, 5, 6, 7, 0x84] {
                    let form = tagged::<Sm2>(tag, &key);
                    let expected = Expect::Because(Reason::BadKeyEncoding);
                    cases.push("tag", &hashed, (&form, &message, &signature), expected);
                }
                let negated =
                    [&raw[..32], &difference(&order::<Sm2>(), &raw[32..].try_into().unwrap())].concat();
                if encoding == Sm2Encoding::Raw {
                    cases.push("n − s", &hashed, (&forms[0], &message, &negated), FAILED);
                }
            }
        }
    }
    // A short e is a small integer, an empty one 0.
    let d = small::<Sm2>(5);
    let key = compressed::<Sm2>(&(g::<Sm2>() * d));
    for (digest, e) in [(&[][..], 0), (&[0; 40], 0), (&[9], 9), (&[0, 9], 9), (&[1, 0], 256)] {
        let raw = sm2_sign(&d, &small::<Sm2>(e), &small::<Sm2>(77));
        cases.push("short e", &Suite::sm2(Sm2Encoding::Raw), (&key, digest, &raw), Expect::Valid);
    }
    cases.check();
}

/// Messages of many lengths in one batch, some of them too long to be copied beside their Z_A; keys compressed and not.
#[test]
fn messages_of_every_length() {
    let mut cases = Cases::default();
    let suite = Suite::sm2_sm3(b"1234567812345678", Sm2Encoding::Raw).unwrap();
    for (i, length) in
        [0, 1, 22, 23, 31, 32, 33, 63, 64, 96, 1000, 4095, 4096, 4097, 9000].into_iter().enumerate()
    {
        let d = small::<Sm2>(50 + i as i64);
        let key = g::<Sm2>() * d;
        let message = vec![i as u8; length];
        let e = sm2_hash(b"1234567812345678", &key, &message);
        let raw = sm2_sign(&d, &scalar::<Sm2>(&e), &small::<Sm2>(77));
        for form in [tagged::<Sm2>(4, &key), compressed::<Sm2>(&key)] {
            cases.push("as signed", &suite, (&form, &message, &raw), Expect::Valid);
            let longer = [&message[..], &[0]].concat();
            cases.push("another message", &suite, (&form, &longer, &raw), FAILED);
        }
    }
    cases.check();
}

#[test]
fn exceptional_sums_and_bounds() {
    let mut cases = Cases::default();
    let suite = Suite::sm2(Sm2Encoding::Raw);
    let n = order::<Sm2>();
    for d in [1, 2, 5, -3, 1000] {
        let d = small::<Sm2>(d);
        let key = tagged::<Sm2>(4, &(g::<Sm2>() * d));
        for t in [1, 2, 77] {
            let t = small::<Sm2>(t);
            // sG = tP: a doubling, with the e that makes it valid; sG = −tP: infinity, whatever e is.
            let s = t * d;
            let x = scalar::<Sm2>(&xy::<Sm2>(&(g::<Sm2>() * (s + s))).0);
            for (s, x) in [(s, Some(x)), (-s, None)] {
                let r = t - s;
                if bool::from(r.is_zero()) {
                    continue;
                }
                let e = to_bytes::<Sm2>(&(r - x.unwrap_or(Scalar::<Sm2>::ZERO)));
                let raw = [to_bytes::<Sm2>(&r), to_bytes::<Sm2>(&s)].concat();
                let expected = if x.is_some() { Expect::Valid } else { FAILED };
                cases.push("sG = ±tP", &suite, (&key, &e, &raw), expected);
            }
        }
        // e = n is 0.
        let raw = sm2_sign(&d, &Scalar::<Sm2>::ZERO, &small::<Sm2>(31));
        cases.push("e = 0", &suite, (&key, &n, &raw), Expect::Valid);
    }
    let (d, e, k) = (small::<Sm2>(6), small::<Sm2>(7), small::<Sm2>(8));
    let key = compressed::<Sm2>(&(g::<Sm2>() * d));
    let digest = to_bytes::<Sm2>(&e);
    let raw = sm2_sign(&d, &e, &k);
    let (r, s): (Bytes, Bytes) = (raw[..32].try_into().unwrap(), raw[32..].try_into().unwrap());
    cases.push("as it should be", &suite, (&key, &digest, &raw), Expect::Valid);
    for bad in [[0; 32], n, offset(&n, 1), [0xff; 32]] {
        for (r, s) in [(bad, s), (r, bad)] {
            let raw = [r, s].concat();
            cases.push("range", &suite, (&key, &digest, &raw), OUT_OF_RANGE);
            let der_suite = Suite::sm2(Sm2Encoding::Der);
            cases.push("range, DER", &der_suite, (&key, &digest, &der(&raw)), OUT_OF_RANGE);
        }
    }
    for t_zero in [[r, difference(&n, &r)], [difference(&n, &s), s]] {
        cases.push("t = 0", &suite, (&key, &digest, &t_zero.concat()), OUT_OF_RANGE);
    }
    let off_curve = [
        &compressed::<Sm2>(&g::<Sm2>())[..1],
        &(1..).map(|i| offset(&[0; 32], i)).find(|x| lift::<Sm2>(x).is_none()).unwrap(),
    ]
    .concat();
    let expected = Expect::Because(Reason::KeyNotOnCurve);
    cases.push("key first", &suite, (&off_curve, &digest, &[r, difference(&n, &r)].concat()), expected);
    let unreduced = [&[2][..], &<Sm2 as Curve>::P].concat();
    let expected = Expect::Because(Reason::NonCanonicalKey);
    cases.push("key first", &suite, (&unreduced, &digest, &[0; 64]), expected);
    for (r, s) in [(sum(&r, &n), s.to_vec()), (r.to_vec(), sum(&s, &n))] {
        let signature = der_sequence(&[der_integer(&r), der_integer(&s)].concat());
        cases.push("+ n", &Suite::sm2(Sm2Encoding::Der), (&key, &digest, &signature), OUT_OF_RANGE);
    }
    cases.check();
}

/// The points with x in [n, p): e + x(R) is taken mod n.
#[test]
fn x_of_n_and_more() {
    let mut cases = Cases::default();
    let (n, r, s) = (order::<Sm2>(), small::<Sm2>(0x1111), small::<Sm2>(0x2222));
    let mut found = 0;
    for point in (0..30).filter_map(|i| lift::<Sm2>(&offset(&n, i))) {
        // R = sG + tP gives P = t⁻¹(R − sG).
        let t = r + s;
        let key = tagged::<Sm2>(4, &((point - g::<Sm2>() * s) * t.invert().unwrap()));
        let e = to_bytes::<Sm2>(&(r - scalar::<Sm2>(&xy::<Sm2>(&point).0)));
        let raw = [to_bytes::<Sm2>(&r), to_bytes::<Sm2>(&s)].concat();
        cases.push("x ≥ n", &Suite::sm2(Sm2Encoding::Raw), (&key, &e, &raw), Expect::Valid);
        found += 1;
    }
    assert!(found > 5);
    cases.check();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_crate_sm2_agrees(
        d in any::<[u8; 32]>(), k in any::<[u8; 32]>(), message in proptest::collection::vec(any::<u8>(), 0..100),
        flip in prop_oneof![Just(None), (0..64usize * 8).prop_map(Some)],
    ) {
        use sm2::dsa::{Signature, VerifyingKey, signature::Verifier};
        let (d, k) = (scalar::<Sm2>(&d), scalar::<Sm2>(&k));
        prop_assume!(!bool::from(d.is_zero() | k.is_zero()) && d != -Scalar::<Sm2>::ONE);
        let key = g::<Sm2>() * d;
        let user_id = "1234567812345678";
        let mut raw = sm2_sign(&d, &scalar::<Sm2>(&sm2_hash(user_id.as_bytes(), &key, &message)), &k);
        if let Some(bit) = flip {
            raw[bit / 8] ^= 1 << (bit % 8);
        }
        let verifier = VerifyingKey::from_affine(user_id, key.to_affine()).unwrap();
        let theirs = Signature::from_slice(&raw).is_ok_and(|signature| verifier.verify(&message, &signature).is_ok());
        let suite = Suite::sm2_sm3(user_id.as_bytes(), Sm2Encoding::Raw).unwrap();
        let ours = oracle::verify(&suite, &compressed::<Sm2>(&key), &message, &raw).unwrap();
        prop_assert_eq!(ours.is_valid(), theirs);
        prop_assert_eq!(ours == Verdict::Valid, flip.is_none());
        let mut cases = Cases::default();
        cases.push("random", &suite, (&compressed::<Sm2>(&key), &message, &raw), Expect::from_validity(theirs));
        cases.check();
    }
}
