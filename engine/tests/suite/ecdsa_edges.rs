//! Constructed edge cases of ECDSA's arithmetic, on both curves: every exceptional case of the group law, the two
//! values of x that one r stands for, digests of any length, and the bounds of r and s.

use crate::common;

use common::curve::*;
use common::{Cases, Expect, der, der_integer, der_sequence};
use k256::Secp256k1;
use k256::elliptic_curve::Group;
use k256::elliptic_curve::ff::Field;
use p256::NistP256;
use sigwarp::{EcdsaEncoding, EcdsaRule, Reason, Suite};

const FAILED: Expect = Expect::Because(Reason::EquationFailed);
const OUT_OF_RANGE: Expect = Expect::Because(Reason::ScalarOutOfRange);

fn suite<C: Ecdsa>(encoding: EcdsaEncoding) -> Suite {
    Suite::ecdsa(C::SCHEME, EcdsaRule::Any, encoding)
}

/// Pushes a signature as `raw`, and with the right and the wrong recovery ids as `raw-v`.
fn push_with_ids<C: Ecdsa>(cases: &mut Cases, name: &str, key: &[u8], digest: &[u8], raw: &[u8], id: u8) {
    cases.push(name, &suite::<C>(EcdsaEncoding::Raw), (key, digest, raw), Expect::Valid);
    for other in 0..4 {
        let signature = [raw, &[other]].concat();
        let expected = if other == id { Expect::Valid } else { FAILED };
        cases.push(
            format!("{name}, id {other}"),
            &suite::<C>(EcdsaEncoding::RawV),
            (key, digest, &signature),
            expected,
        );
    }
}

fn small_keys_and_nonces<C: Ecdsa>() {
    let mut cases = Cases::default();
    for d in (-4..=4).filter(|&d| d != 0) {
        let key = tagged::<C>(4, &(g::<C>() * small::<C>(d)));
        for k in [-3, -1, 1, 2, 4] {
            for e in [0, 1, 2, -1, 12345] {
                let e = small::<C>(e);
                if bool::from(
                    (e + scalar::<C>(&xy::<C>(&(g::<C>() * small::<C>(k))).0) * small::<C>(d)).is_zero(),
                ) {
                    continue;
                }
                let (raw, id) = sign::<C>(&small::<C>(d), &e, &small::<C>(k));
                push_with_ids::<C>(&mut cases, "small", &key, &to_bytes::<C>(&e), &raw, id);
            }
        }
    }
    assert_eq!(cases.check(), 8 * 5 * 5 * 5);
}

/// u1·G and u2·Q are equal (a doubling), opposite (infinity), or one of them is infinity (e = 0).
fn exceptional_sums<C: Ecdsa>() {
    let mut cases = Cases::default();
    for (d, k) in [(1, 1), (1, 7), (5, 1), (77, 123_456), (-1, 2), (-9, -8)] {
        let (d, k) = (small::<C>(d), small::<C>(k));
        let key = tagged::<C>(4, &(g::<C>() * d));
        let r = scalar::<C>(&xy::<C>(&(g::<C>() * k)).0);

        let equal = r * d;
        let (raw, id) = sign::<C>(&d, &equal, &k);
        push_with_ids::<C>(&mut cases, "u1 G = u2 Q", &key, &to_bytes::<C>(&equal), &raw, id);

        let opposite = to_bytes::<C>(&-equal);
        for s in [small::<C>(1), small::<C>(-1), k, r] {
            let raw = [to_bytes::<C>(&r), to_bytes::<C>(&s)].concat();
            cases.push("u1 G = -u2 Q", &suite::<C>(EcdsaEncoding::Raw), (&key, &opposite, &raw), FAILED);
        }

        let (raw, id) = sign::<C>(&d, &Scalar::<C>::ZERO, &k);
        for zero in [&[][..], &[0], &[0; 32], &order::<C>(), &[0; 64]] {
            push_with_ids::<C>(&mut cases, "u1 = 0", &key, zero, &raw, id);
        }
    }
    cases.check();
}

fn digests<C: Ecdsa>() {
    let mut cases = Cases::default();
    let raw_suite = suite::<C>(EcdsaEncoding::Raw);
    let (d, k) = (small::<C>(0x5eed), small::<C>(0xabcdef));
    let key = compressed::<C>(&(g::<C>() * d));
    let long: Vec<u8> = (1..=80).collect();
    for len in [1, 2, 20, 28, 31, 32, 33, 48, 64, 80] {
        let digest = &long[..len];
        let mut integer = [0; 32];
        let used = len.min(32);
        integer[32 - used..].copy_from_slice(&digest[..used]);
        let (raw, _) = sign::<C>(&d, &scalar::<C>(&integer), &k);
        cases.push(format!("{len} bytes"), &raw_suite, (&key, digest, &raw), Expect::Valid);
        let longer = [digest, &[9]].concat();
        let expected = if len >= 32 { Expect::Valid } else { FAILED };
        cases.push(format!("{len} bytes and one"), &raw_suite, (&key, &longer, &raw), expected);
        let padded = [&[0], digest].concat();
        let expected = if len < 32 { Expect::Valid } else { FAILED };
        cases.push(format!("a zero and {len} bytes"), &raw_suite, (&key, &padded, &raw), expected);
    }
    // e ≥ n is reduced.
    for e in [offset(&order::<C>(), 1), offset(&order::<C>(), -1), [0xff; 32]] {
        let (raw, _) = sign::<C>(&d, &scalar::<C>(&e), &k);
        cases.push("e near n", &raw_suite, (&key, &e, &raw), Expect::Valid);
        let reduced = to_bytes::<C>(&scalar::<C>(&e));
        cases.push("e mod n", &raw_suite, (&key, &reduced, &raw), Expect::Valid);
    }
    cases.check();
}

/// x(R) in [n, p) makes r = x(R) − n; an r from p − n on stands for one x alone.
fn r_stands_for_two_x<C: Ecdsa>() {
    let mut cases = Cases::default();
    let n = order::<C>();
    let raw_suite = suite::<C>(EcdsaEncoding::Raw);
    let (s, e) = (small::<C>(0x51de), small::<C>(0xe));
    let mut push = |name: &str, point: Point<C>, r: Bytes, id: Option<u8>| {
        let key = tagged::<C>(4, &key_for::<C>(&point, &scalar::<C>(&r), &s, &e));
        let raw = [r, to_bytes::<C>(&s)].concat();
        match id {
            Some(id) => push_with_ids::<C>(&mut cases, name, &key, &to_bytes::<C>(&e), &raw, id),
            None => cases.push(name, &raw_suite, (&key, &to_bytes::<C>(&e), &raw), FAILED),
        }
    };
    let (mut low, mut high, mut wrapped) = (0, 0, 0);
    for i in 1..40 {
        let r = offset(&[0; 32], i);
        if let Some(point) = lift::<C>(&r) {
            push("x(R) = r", point, r, Some(0));
            push("x(R) = r", -point, r, Some(1));
            low += 1;
        }
        if let Some(point) = lift::<C>(&offset(&n, i)) {
            push("x(R) = r + n", point, r, Some(2));
            push("x(R) = r + n", -point, r, Some(3));
            high += 1;
        }
        // r + n ≡ i mod p, but r + n ≥ p, so that the point with x = i is not named by r.
        if let Some(point) = lift::<C>(&offset(&[0; 32], i - 1)) {
            push("x(R) = r + n − p", point, offset(&difference(&C::P, &n), i - 1), None);
            wrapped += 1;
        }
    }
    // The last x below p that is on the curve.
    let last = (1..).find_map(|i| lift::<C>(&offset(&C::P, -i)).map(|point| (i, point)));
    let (i, point) = last.unwrap();
    push("x(R) near p", point, offset(&difference(&C::P, &n), -i), Some(2));
    assert!(low > 5 && high > 5 && wrapped > 5);
    cases.check();
}

fn bounds_of_r_and_s<C: Ecdsa>() {
    let mut cases = Cases::default();
    let n = order::<C>();
    let half = {
        let mut half = n;
        let mut carry = 0;
        for byte in &mut half {
            let next = *byte & 1;
            *byte = *byte >> 1 | carry << 7;
            carry = next;
        }
        half
    };
    let e = small::<C>(0xe);
    let digest = to_bytes::<C>(&e);
    let point = g::<C>() * small::<C>(0x99);
    let r = xy::<C>(&point).0;
    let low = |encoding| Suite::ecdsa(C::SCHEME, EcdsaRule::LowS, encoding);

    // For any s a key can be had, so that every bound has a signature that is valid on one side.
    for (s, is_low) in [
        (offset(&[0; 32], 1), true),
        (offset(&half, -1), true),
        (half, true),
        (offset(&half, 1), false),
        (offset(&n, -1), false),
    ] {
        let key = compressed::<C>(&key_for::<C>(&point, &scalar::<C>(&r), &scalar::<C>(&s), &e));
        let raw = [r, s].concat();
        let expected = if is_low { Expect::Valid } else { Expect::Because(Reason::HighS) };
        for (encoding, signature) in [(EcdsaEncoding::Raw, raw.clone()), (EcdsaEncoding::Der, der(&raw))] {
            cases.push("any s", &suite::<C>(encoding), (&key, &digest, &signature), Expect::Valid);
            cases.push("low s", &low(encoding), (&key, &digest, &signature), expected);
        }
        // n − s with −R: the other of the two signatures.
        let other = [r, difference(&n, &s)].concat();
        cases.push("n − s", &suite::<C>(EcdsaEncoding::Raw), (&key, &digest, &other), Expect::Valid);
        cases.push("n − s", &low(EcdsaEncoding::Raw), (&key, &digest, &other), Expect::AsOracle);
    }

    let key = g::<C>() * small::<C>(3);
    let (raw, _) = sign::<C>(&small::<C>(3), &e, &small::<C>(0x99));
    let key = compressed::<C>(&key);
    let (r, s): (Bytes, Bytes) = (raw[..32].try_into().unwrap(), raw[32..].try_into().unwrap());
    for (name, bad) in [("0", [0; 32]), ("n", n), ("n + 1", offset(&n, 1)), ("2^256 − 1", [0xff; 32])] {
        for (r, s) in [(bad, s), (r, bad), (bad, bad)] {
            let raw = [r, s].concat();
            for rule in EcdsaRule::ALL {
                let suite = |encoding| Suite::ecdsa(C::SCHEME, rule, encoding);
                cases.push(name, &suite(EcdsaEncoding::Raw), (&key, &digest, &raw), OUT_OF_RANGE);
                for encoding in [
                    EcdsaEncoding::Der,
                    EcdsaEncoding::DerBip66,
                    EcdsaEncoding::DerLax,
                    EcdsaEncoding::DerTrailing,
                ] {
                    cases.push(name, &suite(encoding), (&key, &digest, &der(&raw)), OUT_OF_RANGE);
                }
            }
        }
    }
    // r + n and s + n, which need 257 bits or are at least n: congruent and still refused.
    for (name, r, s) in [("r + n", sum(&r, &n), s.to_vec()), ("s + n", r.to_vec(), sum(&s, &n))] {
        let signature = der_sequence(&[der_integer(&r), der_integer(&s)].concat());
        for encoding in
            [EcdsaEncoding::Der, EcdsaEncoding::DerBip66, EcdsaEncoding::DerLax, EcdsaEncoding::DerTrailing]
        {
            cases.push(name, &suite::<C>(encoding), (&key, &digest, &signature), OUT_OF_RANGE);
        }
    }
    cases.check();
}

#[test]
fn small_keys_and_nonces_on_both_curves() {
    small_keys_and_nonces::<Secp256k1>();
    small_keys_and_nonces::<NistP256>();
}

#[test]
fn exceptional_sums_on_both_curves() {
    exceptional_sums::<Secp256k1>();
    exceptional_sums::<NistP256>();
}

#[test]
fn digests_of_any_length_on_both_curves() {
    digests::<Secp256k1>();
    digests::<NistP256>();
}

#[test]
fn r_stands_for_two_x_on_both_curves() {
    r_stands_for_two_x::<Secp256k1>();
    r_stands_for_two_x::<NistP256>();
}

#[test]
fn bounds_of_r_and_s_on_both_curves() {
    bounds_of_r_and_s::<Secp256k1>();
    bounds_of_r_and_s::<NistP256>();
}

/// A key had by recovery is the key that signed, so that the cases above are what they say.
#[test]
fn the_construction_itself_is_sound() {
    fn check<C: Ecdsa>() {
        let (d, e, k) = (small::<C>(11), small::<C>(22), small::<C>(33));
        let (raw, _) = sign::<C>(&d, &e, &k);
        let [r, s] = [0, 32].map(|from| scalar::<C>(&raw[from..from + 32].try_into().unwrap()));
        let key = key_for::<C>(&(g::<C>() * k), &r, &s, &e);
        assert!(key == g::<C>() * d && !bool::from(key.is_identity()));
    }
    check::<Secp256k1>();
    check::<NistP256>();
}
