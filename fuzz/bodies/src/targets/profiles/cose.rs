//! COSE: messages with one signature and with several, and tokens.

use std::sync::LazyLock;

use sigwarp::{Ed25519Rule, oracle};
use sigwarp_profiles::cose::{Context, Cose, Key, KeyType, Kind, SIGNATURES};
use sigwarp_profiles::{Curve, Report, Signature};

use super::made::DeviceKey;
use super::x509::Made;
use super::{Answers, Limits, Subject, all_hold, input};

const PAYLOAD: &[u8] = b"\xa2\x01\x65Joane\x04\x1a\x70\x00\x00\x00";
/// What the application signs along, in contexts that have it.
const AAD: &[u8] = b"external";

const P256: DeviceKey = DeviceKey(Curve::P256, 0);
const SECP256K1: DeviceKey = DeviceKey(Curve::Secp256k1, 1);
const ED25519: DeviceKey = DeviceKey(Curve::Ed25519, 2);
/// The key that is tried before [`P256`].
const OTHER: DeviceKey = DeviceKey(Curve::P256, 3);

/// As many keys as a context has of the same id, or without one.
const TRIED: usize = 5;

/// The context without keys, whose records bring a certificate along.
const WITHOUT_KEYS: usize = 3;
/// The context with the payload.
const DETACHED: usize = 4;

static SUBJECT: LazyLock<Subject<Cose>> = LazyLock::new(|| {
    let named = || {
        let ids = [(OTHER, 1), (P256, 1), (SECP256K1, 2), (ED25519, 3)];
        let mut keys = ids.map(|(of, id)| key(of).with_id([id])).to_vec();
        keys.extend([Key::new(KeyType::P384, [4; 97]).with_id([4]), key(ED25519).with_id([1])]);
        keys
    };
    let nameless = [OTHER, P256, SECP256K1, ED25519].map(key);
    let with = |kind, keys: Vec<Key>, change: fn(&mut Context)| {
        let mut context = Context::new(kind, keys, Ed25519Rule::Rfc8032);
        change(&mut context);
        context
    };
    // COSE_Keys that say what they are for.
    let point = P256.public();
    let coordinates = [&[0x21, 0x58, 32], &point[1..33], &[0x22, 0x58, 32], &point[33..]].concat();
    let particular = [&[0xa6, 1, 2, 2, 0x41, 1, 3, 0x26, 0x20, 1], &coordinates[..]].concat();
    let for_signing = [&[0xa6, 1, 2, 2, 0x41, 2, 4, 0x81, 1, 0x20, 1], &coordinates[..]].concat();
    let particular = [particular, for_signing].map(|key| Key::from_cose(&key).expect("a COSE_Key"));
    let contexts = vec![
        with(Kind::Sign1, named(), |_| {}),
        with(Kind::Sign, named(), |_| {}),
        with(Kind::Cwt, nameless.to_vec(), |context| context.external_aad = AAD.to_vec()),
        with(Kind::Eat, Vec::new(), |_| {}),
        with(Kind::Cwt, named(), |context| {
            context.payload = Some(PAYLOAD.to_vec());
            context.protected_alg_only = true;
        }),
        with(Kind::Sign, nameless.to_vec(), |context| context.strict_headers = true),
        with(Kind::Cwt, particular.to_vec(), |_| {}),
    ];
    Subject {
        profile: Cose,
        contexts,
        limits: LIMITS,
        has_all: all_hold,
        sound,
        true_of,
        may_lose: |_, _, _| false,
    }
});

/// A signature takes six bytes at least; each has a copy of the payload and is asked under several keys. Maps within maps
/// have room for four keys each.
const LIMITS: Limits =
    Limits { per_byte: 192, for_any: 32 << 10, signatures: |length| TRIED * SIGNATURES.min(1 + length / 6) };

fn key(of: DeviceKey) -> Key {
    let kind = match of.0 {
        Curve::P256 => KeyType::P256,
        Curve::Secp256k1 => KeyType::Secp256k1,
        _ => KeyType::Ed25519,
    };
    Key::new(kind, of.public())
}

/// See the module.
pub fn cose(data: &[u8]) {
    SUBJECT.run(data);
}

/// One signature alone is enough where it is the only one.
fn sound(record: &[u8], context: &Context, report: &Report) {
    let is_valid = report.verdict.is_valid();
    assert!(!is_valid || all_hold(report), "{report:?}");
    let is_enough = is_valid && report.signatures.len() == 1;
    let first = SUBJECT.folded(record, context, Answers::One(0));
    assert_eq!(first.verdict.is_valid(), is_enough, "the first answer: {report:?}");
    let another = SUBJECT.folded(record, context, Answers::One(1 + record.len() % (2 * TRIED)));
    assert!(!another.verdict.is_valid() || is_enough, "one answer: {report:?}");
}

/// Keys are those of the context, or of the record where it has none; and where lengths are definite the oracle says the
/// same of the signed bytes.
fn true_of(record: &[u8], context: &Context, report: &Report) {
    let place = SUBJECT.contexts.iter().position(|of| std::ptr::eq(of, context)).expect("one of them");
    if place == WITHOUT_KEYS {
        assert!(!report.verdict.is_valid() || report.anchored == Some(false), "anyone's key: {report:?}");
    } else {
        let keys = [OTHER, P256, SECP256K1, ED25519].map(DeviceKey::public);
        let is_given = |signature: &Signature| signature.key.is_empty() || keys.contains(&signature.key);
        assert!(report.anchored.is_none() && report.signatures.iter().all(is_given), "{report:?}");
    }
    if !report.verdict.is_valid() {
        return;
    }
    let Some(signed) = signed(record, context, (place == DETACHED).then_some(PAYLOAD)) else { return };
    assert_eq!(signed.len(), report.signatures.len(), "every signature is there: {report:?}");
    for ((message, signature), of) in signed.iter().zip(&report.signatures) {
        let suite = of.suite.as_ref().expect("a suite");
        let verdict = oracle::verify(suite, &of.key, message, signature).expect("every suite");
        assert!(verdict.is_valid(), "{verdict}: the oracle on {report:?}");
    }
}

/// What is signed, and each signature; `None` where a length is indefinite.
fn signed(record: &[u8], context: &Context, apart: Option<&[u8]>) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut at = 0;
    while record[at] >> 5 == 6 {
        at += head(record, at)?.0;
    }
    let places = elements(record, at)?;
    let string = |places: &[usize], which: usize| -> Option<&[u8]> {
        let at = places[which];
        record.get(at + head(record, at)?.0..places[which + 1])
    };
    // An empty map is signed as no bytes, however its length is written.
    let protected = |places: &[usize]| -> Option<&[u8]> {
        let bytes = string(places, 0)?;
        Some(if bytes.is_empty() || head(bytes, 0)?.1 == 0 { &[] } else { bytes })
    };
    let body = protected(&places)?;
    let payload = match apart {
        Some(apart) => apart,
        None => string(&places, 2)?,
    };
    let aad = &context.external_aad;
    if record[places[3]] >> 5 == 2 {
        let message = structure(b"\x84\x6aSignature1", &[body, aad, payload]);
        return Some(vec![(message, string(&places, 3)?.to_vec())]);
    }
    let signers = elements(record, places[3])?;
    let signer = |&at: &usize| {
        let places = elements(record, at)?;
        let message = structure(b"\x85\x69Signature", &[body, protected(&places)?, aad, payload]);
        Some((message, string(&places, 2)?.to_vec()))
    };
    signers[..signers.len() - 1].iter().map(signer).collect()
}

fn structure(start: &[u8], strings: &[&[u8]]) -> Vec<u8> {
    [start.to_vec(), strings.iter().flat_map(|bytes| bstr(bytes)).collect()].concat()
}

fn bstr(bytes: &[u8]) -> Vec<u8> {
    let head = match bytes.len() {
        length @ ..24 => vec![0x40 | length as u8],
        length @ ..0x100 => vec![0x58, length as u8],
        length => vec![0x59, (length >> 8) as u8, length as u8],
    };
    [&head, bytes].concat()
}

/// The length of a head, and its argument; `None` where that is indefinite.
fn head(record: &[u8], at: usize) -> Option<(usize, usize)> {
    let info = record[at] & 31;
    let following = match info {
        ..24 => return Some((1, usize::from(info))),
        24..28 => 1 << (info - 24),
        _ => return None,
    };
    let digits = record.get(at + 1..at + 1 + following)?;
    Some((1 + following, digits.iter().fold(0, |value, &digit| value << 8 | usize::from(digit))))
}

/// Where the elements of an array begin, and where the last one ends.
fn elements(record: &[u8], at: usize) -> Option<Vec<usize>> {
    let (length, count) = head(record, at)?;
    let mut places = vec![at + length];
    for place in 0..count {
        places.push(end(record, places[place])?);
    }
    Some(places)
}

/// Where an item ends.
fn end(record: &[u8], at: usize) -> Option<usize> {
    let (length, argument) = head(record, at)?;
    let (mut at, items) = match record[at] >> 5 {
        2 | 3 => (at + length + argument, 0),
        4 => (at + length, argument),
        5 => (at + length, 2 * argument),
        6 => (at + length, 1),
        _ => (at + length, 0),
    };
    for _ in 0..items {
        at = end(record, at)?;
    }
    Some(at)
}

/// {1: alg}, where the algorithm is that of the key.
fn algorithm(of: DeviceKey) -> Vec<u8> {
    match of.0 {
        Curve::P256 => vec![0xa1, 1, 0x26],
        Curve::Secp256k1 => vec![0xa1, 1, 0x38, 46],
        _ => vec![0xa1, 1, 0x27],
    }
}

/// A COSE_Sign1 behind these tags.
fn sign1(
    tags: &[u8],
    of: DeviceKey,
    [protected, unprotected]: [&[u8]; 2],
    aad: &[u8],
    is_detached: bool,
) -> Vec<u8> {
    let signed: &[u8] = if protected == [0xa0] { &[] } else { protected };
    let signature = of.sign(&structure(b"\x84\x6aSignature1", &[signed, aad, PAYLOAD]));
    let payload = if is_detached { vec![0xf6] } else { bstr(PAYLOAD) };
    [tags, &[0x84], &bstr(protected), unprotected, &payload, &bstr(&signature)].concat()
}

/// A COSE_Sign of these signers, by key and id.
fn sign(signers: &[(DeviceKey, u8)], aad: &[u8]) -> Vec<u8> {
    let mut record = [&[0xd8, 98, 0x84, 0x40, 0xa0], &bstr(PAYLOAD)[..]].concat();
    record.push(0x80 + signers.len() as u8);
    for &(of, id) in signers {
        let protected = algorithm(of);
        let signature = of.sign(&structure(b"\x85\x69Signature", &[&[], &protected, aad, PAYLOAD]));
        record.extend([&[0x83], &bstr(&protected)[..], &[0xa1, 4, 0x41, id], &bstr(&signature)].concat());
    }
    record
}

/// Every kind, algorithm and place of header parameters, in every context.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    for (of, id) in [(P256, 1), (SECP256K1, 2), (ED25519, 3)] {
        for aad in [&[][..], AAD] {
            records.push(sign1(&[0xd2], of, [&algorithm(of), &[0xa1, 4, 0x41, id]], aad, false));
        }
    }
    let es256 = algorithm(P256);
    // The id protected and critical; the algorithm unprotected, beside an empty map and no map; the tags of a token; no
    // payload; lengths that are indefinite.
    records.push(sign1(&[], P256, [&[0xa3, 1, 0x26, 2, 0x81, 4, 4, 0x41, 1], &[0xa0]], &[], false));
    records.push(sign1(&[0xd2], P256, [&[0xa0], &es256], &[], false));
    records.push(sign1(&[0xd2], P256, [&[], &es256], AAD, false));
    records.push(sign1(&[0xd9, 0xd9, 0xf7, 0xd8, 61, 0xd2], P256, [&es256, &[0xa0]], &[], false));
    records.push(sign1(&[0xd2], P256, [&es256, &[0xa1, 4, 0x41, 1]], &[], true));
    records.push(sign1(
        &[0xd2],
        P256,
        [&[0xbf, 1, 0x26, 0xff], &[0xbf, 4, 0x5f, 0x41, 1, 0xff, 0xff]],
        &[],
        false,
    ));
    // A certificate along with it.
    let certificate = bstr(&Made::device(("CA", OTHER), P256).der());
    let chain = [&[0xa2, 1, 0x26, 0x18, 33, 0x81], &certificate[..]].concat();
    records.push(sign1(&[0xd2], P256, [&chain, &[0xa0]], &[], false));
    for signers in [&[(P256, 1), (ED25519, 3)][..], &[(P256, 1), (P256, 2)], &[(SECP256K1, 2)]] {
        records.extend([&[][..], AAD].map(|aad| sign(signers, aad)));
    }
    let contexts = 0..SUBJECT.contexts.len() as u8;
    records.iter().flat_map(|record| contexts.clone().map(|context| input(context, record))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_judged_as_they_were_made() {
        let verdicts = SUBJECT.judged(&seeds());
        let of: Vec<&[String]> = verdicts.chunks(SUBJECT.contexts.len()).collect();
        // By the place of the record, the contexts in which it is valid.
        let valid: [&[usize]; 19] = [
            &[0, 6],
            &[2],
            &[0],
            &[2],
            &[0],
            &[2],
            &[0, 6],
            &[0, 6],
            &[2],
            &[0, 6],
            &[4],
            &[0, 6],
            &[0, 3, 6],
            &[1, 5],
            &[2],
            &[5],
            &[2],
            &[1, 5],
            &[2],
        ];
        assert_eq!(of.len(), valid.len());
        for (place, (verdicts, valid)) in of.iter().zip(valid).enumerate() {
            let found: Vec<usize> =
                (0..verdicts.len()).filter(|&context| verdicts[context] == "valid").collect();
            assert_eq!(found, valid, "record {place}: {verdicts:?}");
        }
        assert_eq!(
            [&of[1][0], &of[10][0]],
            ["invalid signature: EquationFailed", "undecided DetachedPayload"]
        );
        assert_eq!([&of[15][1], &of[8][0]], ["undecided SignerPolicy", "undecided UnsupportedAlgorithm"]);
    }
}
