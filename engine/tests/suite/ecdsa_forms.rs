//! The forms of ECDSA keys and signatures: which encoding takes which bytes, and which reason comes first.

use crate::common;

use common::curve::*;
use common::{Cases, Expect, der, der_integer, der_sequence};
use k256::Secp256k1;
use p256::NistP256;
use proptest::prelude::*;
use sigwarp::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Reason, Suite, Verdict, oracle};

const BAD_ENCODING: Expect = Expect::Because(Reason::BadSignatureEncoding);
const BAD_LENGTH: Expect = Expect::Because(Reason::BadSignatureLength);

/// A signature in an encoding; `id` is the recovery id of `raw-v`.
fn encode(encoding: EcdsaEncoding, raw: &[u8], id: u8) -> Vec<u8> {
    match encoding {
        EcdsaEncoding::Raw => raw.to_vec(),
        EcdsaEncoding::RawV => [raw, &[id]].concat(),
        _ => der(raw),
    }
}

fn keys<C: Ecdsa>() {
    let mut cases = Cases::default();
    let digest = [0x11; 32];
    for d in 1..=6 {
        let d = small::<C>(d);
        let point = g::<C>() * d;
        let (raw, id) = sign::<C>(&d, &scalar::<C>(&digest), &small::<C>(1234));
        let parity = xy::<C>(&point).1[31] & 1;
        for encoding in EcdsaEncoding::ALL {
            let suite = Suite::ecdsa(C::SCHEME, EcdsaRule::Any, encoding);
            let signature = encode(encoding, &raw, id);
            let mut push = |key: &[u8], expected| {
                cases.push(format!("tag {:02x}", key[0]), &suite, (key, &digest, &signature), expected);
            };
            push(&compressed::<C>(&point), Expect::Valid);
            push(&tagged::<C>(4, &point), Expect::Valid);
            push(&tagged::<C>(4, &point)[1..], Expect::Valid);
            let bitcoin = C::SCHEME == EcdsaScheme::Secp256k1
                && matches!(encoding, EcdsaEncoding::DerBip66 | EcdsaEncoding::DerLax);
            for tag in (0..=255).filter(|&tag| tag != 4) {
                let hybrid = bitcoin && tag == 6 + parity;
                let expected = if hybrid { Expect::Valid } else { Expect::Because(Reason::BadKeyEncoding) };
                push(&tagged::<C>(tag, &point), expected);
                let mut short = compressed::<C>(&point);
                if tag & !1 != 2 {
                    short[0] = tag;
                    push(&short, Expect::Because(Reason::BadKeyEncoding));
                }
            }
            // The other parity is another key.
            let mut other = compressed::<C>(&point);
            other[0] ^= 1;
            push(&other, Expect::Because(Reason::EquationFailed));
            push(&[0], Expect::Because(Reason::BadKeyEncoding));
            push(&[4], Expect::Because(Reason::BadKeyLength));
        }
    }
    cases.check();
}

#[test]
fn keys_on_both_curves() {
    keys::<Secp256k1>();
    keys::<NistP256>();
}

/// Every kind of bad key with every kind of bad signature: the reason is the first in the order of the list.
fn precedence<C: Ecdsa>() {
    let mut cases = Cases::default();
    let digest = [0x77; 32];
    let d = small::<C>(42);
    let point = g::<C>() * d;
    let good_key = compressed::<C>(&point);
    // Nonces until s is low, so that only the case named high is.
    let (raw, id, high) = (1..)
        .find_map(|k| {
            let (raw, id) = sign::<C>(&d, &scalar::<C>(&digest), &small::<C>(k));
            let s: Bytes = raw[32..].try_into().unwrap();
            let negated = difference(&order::<C>(), &s);
            (s < negated).then(|| (raw.clone(), id, [&raw[..32], &negated].concat()))
        })
        .unwrap();
    // An x that is not on the curve, and one that is not below p.
    let off = (1..).map(|i| offset(&[0; 32], i)).find(|x| lift::<C>(x).is_none()).unwrap();
    let keys = [
        (good_key.clone(), None),
        (good_key[..32].to_vec(), Some(Reason::BadKeyLength)),
        (Vec::new(), Some(Reason::BadKeyLength)),
        (vec![0], Some(Reason::BadKeyEncoding)),
        ([&[5], &good_key[1..]].concat(), Some(Reason::BadKeyEncoding)),
        ([&[2][..], &C::P].concat(), Some(Reason::NonCanonicalKey)),
        ([&[4][..], &xy::<C>(&point).0, &C::P].concat(), Some(Reason::NonCanonicalKey)),
        ([&[4][..], &[0xff; 32], &[0; 32]].concat(), Some(Reason::NonCanonicalKey)),
        ([&[3][..], &off].concat(), Some(Reason::KeyNotOnCurve)),
        (vec![0; 64], Some(Reason::KeyNotOnCurve)),
        ([&xy::<C>(&point).0[..], &offset(&xy::<C>(&point).1, 1)].concat(), Some(Reason::KeyNotOnCurve)),
    ];
    for encoding in EcdsaEncoding::ALL {
        let good = encode(encoding, &raw, id);
        let out_of_range = encode(encoding, &[&raw[..32], &order::<C>()].concat(), id);
        let mut signatures = vec![
            (good.clone(), None),
            (Vec::new(), Some(Reason::BadSignatureLength)),
            (out_of_range, Some(Reason::ScalarOutOfRange)),
            (encode(encoding, &high, id ^ 1), Some(Reason::HighS)),
            (encode(encoding, &[&raw[32..], &raw[32..]].concat(), id), Some(Reason::EquationFailed)),
        ];
        match encoding {
            EcdsaEncoding::Raw => signatures.push((good[..63].to_vec(), Some(Reason::BadSignatureLength))),
            EcdsaEncoding::RawV => {
                signatures.push((good[..64].to_vec(), Some(Reason::BadSignatureLength)));
                let wrong_id = [&raw[..], &[4]].concat();
                signatures.push((wrong_id, Some(Reason::BadSignatureEncoding)));
                // Beside an id that cannot be, an s that cannot be is the later reason.
                let both = [&raw[..32], &[0; 32], &[27]].concat();
                signatures.push((both, Some(Reason::BadSignatureEncoding)));
            }
            _ => {
                let mut wrong_tag = good.clone();
                wrong_tag[0] = 0x31;
                signatures.push((wrong_tag, Some(Reason::BadSignatureEncoding)));
                signatures.push((good[..20].to_vec(), Some(Reason::BadSignatureEncoding)));
            }
        }
        for rule in EcdsaRule::ALL {
            let suite = Suite::ecdsa(C::SCHEME, rule, encoding);
            for (key, of_key) in &keys {
                for (signature, of_signature) in &signatures {
                    let of_signature =
                        of_signature.filter(|&reason| reason != Reason::HighS || rule == EcdsaRule::LowS);
                    let first = of_key.iter().chain(&of_signature).min();
                    let expected = first.map_or(Expect::Valid, |&reason| Expect::Because(reason));
                    cases.push("precedence", &suite, (key, &digest, signature), expected);
                }
            }
        }
    }
    cases.check();
}

#[test]
fn precedence_on_both_curves() {
    precedence::<Secp256k1>();
    precedence::<NistP256>();
}

/// One signature in many forms, and what each of `der`, `der-bip66`, `der-lax` and `der-trailing` says.
#[test]
fn der_and_its_relatives() {
    const RANGE: Expect = Expect::Because(Reason::ScalarOutOfRange);
    const OK: Expect = Expect::Valid;
    const NO: Expect = BAD_ENCODING;

    let mut cases = Cases::default();
    let digest = [0x42; 32];
    let d = small::<Secp256k1>(31);
    let key = compressed::<Secp256k1>(&(g::<Secp256k1>() * d));
    // r with its top bit, s without it and without leading zeros.
    let raw = (1..)
        .map(|k| sign::<Secp256k1>(&d, &scalar::<Secp256k1>(&digest), &small::<Secp256k1>(k)).0)
        .find(|raw| raw[0] >= 0x80 && (1..0x80).contains(&raw[32]))
        .unwrap();
    let (r, s) = (&raw[..32], &raw[32..]);
    let (der_r, der_s) = (der_integer(r), der_integer(s));
    let good = der(&raw);
    let content = &good[2..];
    let sequence = |parts: &[&[u8]]| der_sequence(&parts.concat());
    let integer = |content: &[u8]| [&[2, content.len() as u8], content].concat();
    let zeros = |count: usize, s: &[u8]| [&vec![0; count], s].concat();
    let long = |count: usize| [&[2, 0x81, (count + 32) as u8][..], &zeros(count, s)].concat();
    let long_sequence = |content: &[u8]| [&[0x30, 0x81, content.len() as u8], content].concat();

    let forms: Vec<(&str, Vec<u8>, [Expect; 4])> = vec![
        ("as it should be", good.clone(), [OK; 4]),
        ("bytes after the sequence", [&good[..], b"x"].concat(), [NO, NO, OK, OK]),
        ("many bytes after it", [&good[..], &[0; 100]].concat(), [NO, BAD_LENGTH, OK, OK]),
        ("bytes after s", sequence(&[content, &[5, 0]]), [NO, BAD_LENGTH, OK, OK]),
        ("a third integer", sequence(&[content, &[2, 1, 1]]), [NO, BAD_LENGTH, OK, OK]),
        ("a byte after s", sequence(&[content, &[0]]), [NO, NO, OK, OK]),
        ("r negative", sequence(&[&integer(r), &der_s]), [NO, NO, OK, NO]),
        ("s with a zero", sequence(&[&der_r, &integer(&zeros(1, s))]), [NO, NO, OK, NO]),
        ("r with two zeros", sequence(&[&integer(&zeros(2, r)), &der_s]), [NO, NO, OK, NO]),
        ("s with 20 zeros", sequence(&[&der_r, &integer(&zeros(20, s))]), [NO, BAD_LENGTH, OK, NO]),
        ("length of s in the long form", sequence(&[&der_r, &long(0)]), [NO, NO, OK, NO]),
        ("of the sequence too", long_sequence(&[&der_r[..], &long(100)].concat()), [NO, BAD_LENGTH, OK, NO]),
        ("sequence in the long form", long_sequence(content), [NO, NO, OK, NO]),
        (
            "with leading zeros",
            [&[0x30, 0x82, 0, content.len() as u8], content].concat(),
            [NO, BAD_LENGTH, OK, NO],
        ),
        ("indefinite", [&[0x30, 0x80], content, &[0, 0]].concat(), [NO, BAD_LENGTH, OK, NO]),
        ("sequence one short", [&[0x30, content.len() as u8 - 1], content].concat(), [NO, NO, OK, NO]),
        ("sequence one long", [&[0x30, content.len() as u8 + 1], content].concat(), [NO, NO, OK, NO]),
        ("sequence of length 0", [&[0x30, 0], content].concat(), [NO, NO, OK, NO]),
        ("a set", [&[0x31], &good[1..]].concat(), [NO; 4]),
        ("s as an octet string", sequence(&[&der_r, &[4], &der_s[1..]]), [NO; 4]),
        ("r as a constructed integer", sequence(&[&[0x22], &der_r[1..], &der_s]), [NO; 4]),
        ("only r", sequence(&[&der_r]), [NO; 4]),
        ("s past the end", sequence(&[&der_r, &[2, 33], s]), [NO; 4]),
        ("s empty", sequence(&[&der_r, &[2, 0]]), [NO, NO, RANGE, NO]),
        ("s = 0", sequence(&[&der_r, &[2, 1, 0]]), [RANGE; 4]),
        ("s = −1", sequence(&[&der_r, &[2, 1, 0xff]]), [NO, NO, Expect::Because(Reason::EquationFailed), NO]),
        ("s of 33 bytes", sequence(&[&der_r, &integer(&[&[1], s].concat())]), [RANGE; 4]),
        ("r of 34 bytes", sequence(&[&integer(&[&[1, 0], r].concat()), &[2, 1, 1]]), [RANGE; 4]),
        (
            "s of 1,000 bytes",
            [&[0x30, 0x82, 4, 15][..], &[&der_r[..], &[2, 0x82, 3, 0xe8], &[1; 1000]].concat()].concat(),
            [RANGE, BAD_LENGTH, RANGE, RANGE],
        ),
        ("shorter than any", vec![0x30, 5, 2, 1, 1, 2, 0], [NO, BAD_LENGTH, RANGE, NO]),
        ("nothing", Vec::new(), [BAD_LENGTH; 4]),
        ("a tag", vec![0x30], [NO, BAD_LENGTH, NO, NO]),
    ];
    let encodings =
        [EcdsaEncoding::Der, EcdsaEncoding::DerBip66, EcdsaEncoding::DerLax, EcdsaEncoding::DerTrailing];
    for (name, signature, expected) in &forms {
        for (encoding, &expected) in encodings.into_iter().zip(expected) {
            let suite = Suite::ecdsa(EcdsaScheme::Secp256k1, EcdsaRule::Any, encoding);
            cases.push(*name, &suite, (&key, &digest, signature), expected);
        }
    }
    assert_eq!(cases.check(), forms.len() * 4);
}

/// DER-like bytes: good parts with faults.
fn der_like() -> impl Strategy<Value = Vec<u8>> {
    let number = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..4),
        proptest::collection::vec(any::<u8>(), 30..36),
        Just(vec![0, 0x80]),
        Just(vec![0; 2]),
    ];
    let length = prop_oneof![8 => Just(0i16), 1 => -2..3i16];
    let element = (prop_oneof![8 => Just(2u8), 1 => any::<u8>()], number, length, 0..8u8).prop_map(
        |(tag, content, off, form)| {
            let length = (content.len() as i16 + off).max(0) as u8;
            let header = match form {
                0 => vec![tag, 0x81, length],
                1 => vec![tag, 0x82, 0, length],
                _ => vec![tag, length],
            };
            [header, content].concat()
        },
    );
    let tail = prop_oneof![4 => Just(Vec::new()), 1 => proptest::collection::vec(any::<u8>(), 0..3)];
    (element.clone(), element, tail.clone(), tail, -1..2i16, 0..10u8).prop_map(
        |(r, s, inside, after, off, form)| {
            let content = [r, s, inside].concat();
            let length = (content.len() as i16 + if form > 6 { off } else { 0 }) as u8;
            let header = if form == 0 { vec![0x30, 0x81, length] } else { vec![0x30, length] };
            [header, content, after].concat()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// `der` takes what the parser of the crate `ecdsa` takes, but for integers that are no scalars, which that parser
    /// refuses and `der` parses. G is the key: it is never why these are refused.
    #[test]
    fn der_reads_as_another_parser_does(bytes in der_like()) {
        let suite = Suite::ecdsa(EcdsaScheme::Secp256k1, EcdsaRule::Any, EcdsaEncoding::Der);
        let key = compressed::<Secp256k1>(&g::<Secp256k1>());
        let verdict = oracle::verify(&suite, &key, b"", &bytes).unwrap();
        let parsed = match verdict {
            Verdict::Invalid(Reason::BadSignatureLength | Reason::BadSignatureEncoding) => false,
            Verdict::Invalid(Reason::ScalarOutOfRange) => {
                prop_assert!(k256::ecdsa::Signature::from_der(&bytes).is_err());
                return Ok(());
            }
            _ => true,
        };
        prop_assert_eq!(k256::ecdsa::Signature::from_der(&bytes).is_ok(), parsed);
    }
}

/// The same bytes under every DER-like encoding, on every backend as by the oracle.
#[test]
fn der_like_bytes_are_judged_alike() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let strategy = der_like();
    let key = compressed::<Secp256k1>(&g::<Secp256k1>());
    let mut cases = Cases::default();
    for _ in 0..20_000 {
        let bytes = strategy.new_tree(&mut runner).unwrap().current();
        for encoding in EcdsaEncoding::ALL.into_iter().filter(|encoding| encoding.name().starts_with("der")) {
            let suite = Suite::ecdsa(EcdsaScheme::Secp256k1, EcdsaRule::Any, encoding);
            cases.push("DER-like", &suite, (&key, b"", &bytes), Expect::AsOracle);
        }
    }
    assert_eq!(cases.check(), 80_000);
}
