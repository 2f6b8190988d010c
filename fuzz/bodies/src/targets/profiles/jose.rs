//! JOSE: JSON Web Signatures in every serialization. Base64url hides headers from a fuzzer, so the input may also be the
//! parts of a record as they are ([`PLAIN`]), which are then encoded and signed.

use std::sync::LazyLock;

use data_encoding::BASE64URL_NOPAD;
use sigwarp::Ed25519Rule;
use sigwarp_profiles::jose::{Context, Jose, Key, SIGNATURES};
use sigwarp_profiles::{Curve, Fields, Profile, PublicKey, Report};

use super::made::DeviceKey;
use super::{Answers, Limits, Subject, all_hold, input};

/// The bit of the first byte that says that the rest is the protected header, the payload and, for the flattened
/// serialization, the unprotected header, each but the last with a byte of zero behind it.
const PLAIN: u8 = 0x80;

/// The payload of contexts that have one.
const PAYLOAD: &[u8] = b"{\"temperature\":21.5}";

const P256: DeviceKey = DeviceKey(Curve::P256, 0);
const SECP256K1: DeviceKey = DeviceKey(Curve::Secp256k1, 1);
const ED25519: DeviceKey = DeviceKey(Curve::Ed25519, 2);
/// The key of `a` that is tried before [`P256`].
const OTHER: DeviceKey = DeviceKey(Curve::P256, 3);

/// As many keys as a context has of the same id, or without one, that fit an algorithm.
const TRIED: usize = 4;

static SUBJECT: LazyLock<Subject<Jose>> = LazyLock::new(|| {
    let key = |of: DeviceKey, id: Option<&str>| {
        Key::new(PublicKey { curve: of.0, bytes: of.public() }, id.map(str::to_owned))
    };
    let named = || {
        let of = [(OTHER, "a"), (P256, "a"), (SECP256K1, "b"), (ED25519, "c"), (OTHER, "d"), (P256, "d")];
        of.map(|(of, id)| key(of, Some(id))).to_vec()
    };
    let nameless = [OTHER, P256, SECP256K1, ED25519].map(|of| key(of, None)).to_vec();
    let with = |keys: Vec<Key>, payload: Option<&[u8]>| {
        Context::new(keys, payload.map(<[u8]>::to_vec), Ed25519Rule::Rfc8032)
    };
    let contexts = vec![
        with(named(), None),
        with(nameless.clone(), None),
        with(named(), Some(PAYLOAD)),
        with(Vec::new(), None),
        particular(),
        Context::new(nameless, None, Ed25519Rule::Zip215),
    ];
    Subject { profile: Jose, contexts, limits: LIMITS, has_all: all_hold, sound, true_of, may_lose }
});

/// A signature in JSON takes 42 bytes at least, of which five name the algorithm. Each value of JSON takes 32 bytes of
/// memory, an array room for four of them, and each signature a copy of the payload.
const LIMITS: Limits =
    Limits { per_byte: 192, for_any: 8 << 10, signatures: |length| TRIED * SIGNATURES.min(1 + length / 42) };

/// Keys that say what they are for, and some that are not verified here.
fn particular() -> Context {
    let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let point = |of: DeviceKey, curve: &str| {
        let bytes = of.public();
        let [x, y] = [&bytes[1..33], &bytes[33..]].map(text);
        format!(r#""kty":"EC","crv":"{curve}","x":"{x}","y":"{y}""#)
    };
    let keys = [
        format!(r#"{},"kid":"a","alg":"ES256","use":"sig""#, point(P256, "P-256")),
        format!(r#"{},"kid":"a","alg":"ES384""#, point(OTHER, "P-256")),
        format!(r#"{},"kid":"b","key_ops":["verify"]"#, point(SECP256K1, "secp256k1")),
        format!(r#"{},"kid":"d","use":"enc""#, point(P256, "P-256")),
        format!(r#""kty":"OKP","crv":"Ed25519","kid":"c","alg":"EdDSA","x":"{}""#, text(&ED25519.public())),
        r#""kty":"OKP","crv":"Ed448","kid":"e""#.to_owned(),
        r#""kty":"RSA","kid":"f""#.to_owned(),
        r#""kty":"oct","kid":"g""#.to_owned(),
    ];
    let fields = Fields::from_json(format!(r#"{{"keys":[{{{}}}]}}"#, keys.join("},{")).as_bytes());
    Jose.context(&fields.expect("an object")).expect("keys")
}

/// See the module.
pub fn jose(data: &[u8]) {
    match data.split_first() {
        Some((&choice, parts)) if choice & PLAIN != 0 => {
            SUBJECT.run(&input(choice & !PLAIN, &encoded(parts)))
        }
        _ => SUBJECT.run(data),
    }
}

/// The record of an input of plain parts, signed with Ed25519, which is quick to sign.
fn encoded(parts: &[u8]) -> Vec<u8> {
    let mut parts = parts.splitn(3, |&byte| byte == 0);
    let [header, payload] = [(); 2].map(|()| parts.next().unwrap_or_default());
    match parts.next() {
        None => compact(header, &text(payload), ED25519),
        Some(unprotected) => {
            let members = [&b",\"header\":"[..], unprotected].concat();
            let signature = signature(header, &text(payload), &members, ED25519);
            [b"{\"payload\":\"", &text(payload)[..], b"\",", &signature, b"}"].concat()
        }
    }
}

fn text(bytes: &[u8]) -> Vec<u8> {
    BASE64URL_NOPAD.encode(bytes).into_bytes()
}

/// A compact JWS over a payload as it is signed.
fn compact(header: &[u8], payload: &[u8], key: DeviceKey) -> Vec<u8> {
    let signed = [&text(header)[..], b".", payload].concat();
    [&signed[..], b".", &text(&key.sign(&signed))].concat()
}

/// The members of a signature in JSON, with `members` behind them.
fn signature(header: &[u8], payload: &[u8], members: &[u8], key: DeviceKey) -> Vec<u8> {
    let (header, signed) = (text(header), [&text(header)[..], b".", payload].concat());
    let signature = text(&key.sign(&signed));
    [b"\"protected\":\"", &header[..], b"\",\"signature\":\"", &signature, b"\"", members].concat()
}

/// What holds of every record whose signatures all hold: one alone of them is enough where it is the only one.
fn sound(record: &[u8], context: &Context, report: &Report) {
    let is_valid = report.verdict.is_valid();
    assert!(!is_valid || all_hold(report), "{report:?}");
    let is_enough = is_valid && report.signatures.len() == 1;
    let first = SUBJECT.folded(record, context, Answers::One(0));
    assert_eq!(first.verdict.is_valid(), is_enough, "the first answer: {report:?}");
    let another = SUBJECT.folded(record, context, Answers::One(1 + record.len() % (2 * TRIED)));
    assert!(!another.verdict.is_valid() || is_enough, "one answer: {report:?}");
}

/// Keys are those of the context, and what a compact record has signed is what stands before its last full stop.
fn true_of(record: &[u8], _: &Context, report: &Report) {
    let is_given = |key: &[u8]| [P256, OTHER, SECP256K1, ED25519].iter().any(|of| of.public() == key);
    assert!(report.signatures.iter().all(|signature| is_given(&signature.key)), "{report:?}");
    if !report.verdict.is_valid() || record.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
        return;
    }
    let at = record.iter().rposition(|&byte| byte == b'.').expect("three parts");
    let signature = BASE64URL_NOPAD.decode(&record[at + 1..]).expect("base64url");
    let mut signed = vec![record[..at].to_vec()];
    if record[at - 1] == b'.' {
        // The payload was given apart, or is empty.
        signed.extend([text(PAYLOAD), PAYLOAD.to_vec()].map(|payload| [&record[..at], &payload].concat()));
    }
    let [of] = &report.signatures[..] else { panic!("a compact record has one signature") };
    let suite = of.suite.as_ref().expect("a suite");
    let holds = |message: &Vec<u8>| {
        sigwarp::oracle::verify(suite, &of.key, message, &signature).expect("known").is_valid()
    };
    assert!(signed.iter().any(holds), "the oracle refuses {report:?}");
}

/// White space may stand behind JSON.
fn may_lose(record: &[u8], _: &Context, length: usize) -> bool {
    record.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
        && record[length..].iter().all(u8::is_ascii_whitespace)
}

/// In every serialization, with every algorithm, in every context; and headers in plain.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    for (name, id, key) in [("ES256", "a", P256), ("ES256K", "b", SECP256K1), ("EdDSA", "c", ED25519)] {
        let header = format!(r#"{{"alg":"{name}","kid":"{id}"}}"#);
        records.push(compact(header.as_bytes(), &text(PAYLOAD), key));
    }
    let (es256, eddsa) = (br#"{"alg":"ES256","typ":"JWT"}"#, br#"{"alg":"EdDSA"}"#);
    let payload = text(PAYLOAD);
    records.push(compact(es256, &payload, P256));
    records.push(compact(br#"{"alg":"EdDSA","b64":false,"crit":["b64"]}"#, b"raw 21,5", ED25519));
    let flat = |members: &[u8]| [b"{\"payload\":\"", &payload[..], b"\",", members, b"}"].concat();
    records.push(flat(&signature(es256, &payload, br#","header":{"kid":"a"}"#, P256)));
    let ed25519 = signature(eddsa, &payload, br#","header":{"kid":"c"}"#, ED25519);
    let by = |key| signature(es256, &payload, br#","header":{"kid":"d"}"#, key);
    let both = |first: &[u8]| flat(&[b"\"signatures\":[{", first, b"},{", &ed25519, b"}]"].concat());
    // Both hold, and one of them.
    records.extend([both(&by(P256)), both(&by(SECP256K1))]);
    // Detached: compact, and in JSON.
    let whole = compact(es256, &payload, P256);
    let header = whole.split(|&byte| byte == b'.').next().expect("a part");
    let last = whole.rsplit(|&byte| byte == b'.').next().expect("a part");
    records.push([header, b"..", last].concat());
    records.push([b"{", &ed25519[..], b"}"].concat());
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for record in &records {
        seeds.extend((0..SUBJECT.contexts.len() as u8).map(|context| input(context, record)));
    }
    let plain: [&[&[u8]]; 6] = [
        &[br#"{"alg":"EdDSA","kid":"c"}"#, PAYLOAD],
        &[br#"{"alg":"Ed25519","typ":"JWT","crit":["b64"],"b64":true}"#, PAYLOAD],
        &[br#"{"alg":"EdDSA"}"#, PAYLOAD, br#"{"kid":"c"}"#],
        &[br#"{"alg":"EdDSA"}"#, b"", br#"{"kid":"c","jku":"https://localhost"}"#],
        &[br#"{"alg":"HS256","jwk":{"kty":"oct"}}"#, PAYLOAD],
        &[br#"{"alg":"RS256","kid":"f","x5c":[]}"#, PAYLOAD],
    ];
    for parts in plain {
        seeds
            .extend((0..SUBJECT.contexts.len() as u8).map(|context| input(PLAIN | context, &parts.join(&0))));
    }
    seeds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_judged_as_they_were_made() {
        let decoded = |seed: &Vec<u8>| match seed[0] & PLAIN {
            0 => seed.clone(),
            _ => input(seed[0] & !PLAIN, &encoded(&seed[1..])),
        };
        let verdicts = SUBJECT.judged(&seeds().iter().map(decoded).collect::<Vec<_>>());
        let of: Vec<&[String]> = verdicts.chunks(6).collect();
        let [valid, apart, no_key] = ["valid", "invalid PayloadNotDetached", "undecided NeedsKey"];
        let policy = "undecided SignerPolicy";
        for compact in [0, 1, 2, 3, 4, 5, 10, 11, 12] {
            assert_eq!(of[compact], [valid, valid, apart, no_key, valid, valid], "{compact}");
        }
        assert_eq!(of[6], [valid, valid, apart, no_key, "invalid KeyUse", valid]);
        assert_eq!(of[7], [policy, policy, apart, no_key, "invalid KeyUse", policy]);
        let bad = "invalid signature: EquationFailed";
        assert_eq!(of[8], [bad, bad, valid, no_key, bad, bad]);
        let detached = "undecided DetachedPayload";
        assert_eq!(of[9], [detached, detached, valid, detached, detached, detached]);
        assert_eq!(of[13][2], "invalid signature[0]: EquationFailed");
        let mismatch = "invalid AlgorithmMismatch";
        assert_eq!(of[14][..2], [mismatch, mismatch]);
        assert_eq!(of[15][4], "undecided UnsupportedAlgorithm");
    }
}
