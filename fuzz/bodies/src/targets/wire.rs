//! Wire: every encoding of keys and signatures against the parsers of other crates.
//!
//! The engine's parsers are private, so they are asked through verdicts: the part under test stands beside another
//! part that fails for a later reason, and the verdict says whether the first part was read.

use curve25519_dalek::edwards::CompressedEdwardsY;
use der::asn1::UintRef;
use der::{Reader, SliceReader};
use sigwarp::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Ed25519Rule, Reason, Sm2Encoding, Suite, Verdict};

use super::{PORTABLE, verify_one};
use crate::seeds;

/// What the first byte of an input names: the encoding under test.
const KINDS: [fn(&[u8]); 11] = [
    ed25519_key,
    ed25519_signature,
    |bytes| ecdsa_key(EcdsaScheme::P256, bytes, p256::PublicKey::from_sec1_bytes(bytes).is_ok()),
    |bytes| ecdsa_key(EcdsaScheme::Secp256k1, bytes, k256::PublicKey::from_sec1_bytes(bytes).is_ok()),
    sm2_key,
    ecdsa_raw,
    ecdsa_der,
    ecdsa_lax,
    sm2_signature,
    bip340_key,
    bip340_signature,
];

/// See the module.
pub fn wire(data: &[u8]) {
    if let Some((&kind, bytes)) = data.split_first() {
        KINDS[kind as usize % KINDS.len()](bytes);
    }
}

fn reason(suite: &Suite, key: &[u8], signature: &[u8]) -> Reason {
    match verify_one(&PORTABLE, suite, key, &[0; 32], signature) {
        // Nothing that fails for a later reason is valid; a digest of zeros under the key G can be, by luck of r
        // and s, but not in a lifetime of this test.
        Verdict::Valid => panic!("{suite}: valid: {key:02x?} {signature:02x?}"),
        Verdict::Invalid(reason) => reason,
    }
}

fn ed25519_key(bytes: &[u8]) {
    // S is out of range, which only a key that decodes lets through.
    let under = |rule: Ed25519Rule| reason(&Suite::ed25519(rule), bytes, &[0xff; 64]);
    let Ok(key) = <[u8; 32]>::try_from(bytes) else {
        assert_eq!(under(Ed25519Rule::Zip215), Reason::BadKeyLength);
        return;
    };
    let dalek = ed25519_dalek::VerifyingKey::from_bytes(&key);
    assert_eq!(under(Ed25519Rule::Zip215) == Reason::KeyNotOnCurve, dalek.is_err(), "{key:02x?}");
    if let Ok(dalek) = dalek {
        let canonical = CompressedEdwardsY(key).decompress().map(|point| point.compress().0) == Some(key);
        assert_eq!(under(Ed25519Rule::Rfc8032) == Reason::NonCanonicalKey, !canonical, "{key:02x?}");
        assert_eq!(under(Ed25519Rule::Strict) == Reason::SmallOrderKey, dalek.is_weak(), "{key:02x?}");
    }
    #[cfg(feature = "peers")]
    {
        let consensus = ed25519_consensus::VerificationKey::try_from(key);
        assert_eq!(under(Ed25519Rule::Zip215) == Reason::KeyNotOnCurve, consensus.is_err(), "{key:02x?}");
    }
}

fn ed25519_signature(bytes: &[u8]) {
    use curve25519_dalek::scalar::Scalar;
    // The base point, whose secret key nobody lost: a valid signature would need the hash to be inverted.
    let key = curve25519_dalek::constants::ED25519_BASEPOINT_COMPRESSED.to_bytes();
    let suite = |rule| Suite::ed25519(rule);
    let reasons =
        Ed25519Rule::ALL.map(|rule| (rule, verify_one(&PORTABLE, &suite(rule), &key, b"", bytes).reason()));
    let Ok(bytes) = <[u8; 64]>::try_from(bytes) else {
        assert!(reasons.iter().all(|(_, reason)| *reason == Some(Reason::BadSignatureLength)));
        return;
    };
    let (r, s) = bytes.split_at(32);
    let s: [u8; 32] = s.try_into().expect("32 of 64 bytes");
    let r = CompressedEdwardsY(r.try_into().expect("32 of 64 bytes"));
    let below_order = bool::from(Scalar::from_canonical_bytes(s).is_some());
    for (rule, reason) in reasons {
        let in_range = if rule == Ed25519Rule::Donna { s[31] & 0xe0 == 0 } else { below_order };
        assert_eq!(reason == Some(Reason::ScalarOutOfRange), !in_range, "{} {bytes:02x?}", rule.name());
        if in_range && rule == Ed25519Rule::Zip215 {
            assert_eq!(reason == Some(Reason::RNotOnCurve), r.decompress().is_none(), "{bytes:02x?}");
        }
    }
}

/// What a SEC1 key parser must say; `peer` is another parser's word on tags 02 to 04.
fn sec1_key(bytes: &[u8], hybrid: bool, peer: bool, found: Reason, untagged: impl Fn(&[u8]) -> bool) {
    let expected_point = match (bytes.len(), bytes.first()) {
        (33, Some(2 | 3)) | (65, Some(4)) => peer,
        (64, _) => untagged(&[&[4], bytes].concat()),
        (65, Some(tag @ (6 | 7))) if hybrid && bytes[64] & 1 == tag & 1 => {
            untagged(&[&[4], &bytes[1..]].concat())
        }
        (33 | 65, _) | (1, Some(0)) => {
            assert_eq!(found, Reason::BadKeyEncoding, "{bytes:02x?}");
            return;
        }
        _ => {
            assert_eq!(found, Reason::BadKeyLength, "{bytes:02x?}");
            return;
        }
    };
    // Zeros as a signature: out of range, which only a key that is a point lets through.
    let refused = matches!(found, Reason::KeyNotOnCurve | Reason::NonCanonicalKey);
    assert_eq!(refused, !expected_point, "{found}: {bytes:02x?}");
    assert!(refused || found == Reason::ScalarOutOfRange, "{found}: {bytes:02x?}");
}

fn ecdsa_key(scheme: EcdsaScheme, bytes: &[u8], peer: bool) {
    let untagged = |bytes: &[u8]| match scheme {
        EcdsaScheme::P256 => p256::PublicKey::from_sec1_bytes(bytes).is_ok(),
        _ => k256::PublicKey::from_sec1_bytes(bytes).is_ok(),
    };
    let raw = Suite::ecdsa(scheme, EcdsaRule::Any, EcdsaEncoding::Raw);
    sec1_key(bytes, false, peer, reason(&raw, bytes, &[0; 64]), untagged);
    let zeros = [0x30, 6, 2, 1, 0, 2, 1, 0];
    let bip66 = Suite::ecdsa(scheme, EcdsaRule::Any, EcdsaEncoding::DerBip66);
    let found = reason(&bip66, bytes, &zeros);
    sec1_key(bytes, scheme == EcdsaScheme::Secp256k1, peer, found, untagged);
    #[cfg(feature = "peers")]
    if scheme == EcdsaScheme::Secp256k1 && bytes.len() != 64 {
        // libsecp256k1 reads every form that Bitcoin's consensus does, hybrid ones too.
        let libsecp = secp256k1::PublicKey::from_slice(bytes).is_ok();
        assert_eq!(found == Reason::ScalarOutOfRange, libsecp, "{bytes:02x?}");
    }
}

fn sm2_key(bytes: &[u8]) {
    let point = |bytes: &[u8]| sm2::PublicKey::from_sec1_bytes(bytes).is_ok();
    sec1_key(bytes, false, point(bytes), reason(&Suite::sm2(Sm2Encoding::Raw), bytes, &[0; 64]), point);
}

const SCALARS: [EcdsaScheme; 2] = [EcdsaScheme::P256, EcdsaScheme::Secp256k1];

/// The base point of the curve, compressed.
fn base_point(scheme: EcdsaScheme) -> Vec<u8> {
    use k256::elliptic_curve::sec1::ToSec1Point;
    match scheme {
        EcdsaScheme::P256 => p256::AffinePoint::GENERATOR.to_sec1_point(true).as_bytes().to_vec(),
        _ => k256::AffinePoint::GENERATOR.to_sec1_point(true).as_bytes().to_vec(),
    }
}

fn ecdsa_reason(
    scheme: EcdsaScheme,
    rule: EcdsaRule,
    encoding: EcdsaEncoding,
    bytes: &[u8],
) -> Option<Reason> {
    // Under the base point a digest of zeros has valid signatures: those are `None`.
    verify_one(&PORTABLE, &Suite::ecdsa(scheme, rule, encoding), &base_point(scheme), &[0; 32], bytes)
        .reason()
}

fn ecdsa_raw(bytes: &[u8]) {
    for scheme in SCALARS {
        let found = ecdsa_reason(scheme, EcdsaRule::Any, EcdsaEncoding::Raw, bytes);
        assert_eq!(found == Some(Reason::BadSignatureLength), bytes.len() != 64);
        let (in_range, low) = match scheme {
            EcdsaScheme::P256 => match p256::ecdsa::Signature::from_slice(bytes) {
                Ok(signature) => (true, signature.normalize_s() == signature),
                Err(_) => (false, false),
            },
            _ => match k256::ecdsa::Signature::from_slice(bytes) {
                Ok(signature) => (true, signature.normalize_s() == signature),
                Err(_) => (false, false),
            },
        };
        if bytes.len() == 64 {
            assert_eq!(found == Some(Reason::ScalarOutOfRange), !in_range, "{bytes:02x?}");
            let strict = ecdsa_reason(scheme, EcdsaRule::LowS, EcdsaEncoding::Raw, bytes);
            assert_eq!(strict == Some(Reason::HighS), in_range && !low, "{bytes:02x?}");
        }
        let with_id = ecdsa_reason(scheme, EcdsaRule::Any, EcdsaEncoding::RawV, bytes);
        let expected = match (bytes.len(), bytes.last()) {
            (65, Some(0..=3)) => None,
            (65, _) => Some(Reason::BadSignatureEncoding),
            _ => Some(Reason::BadSignatureLength),
        };
        match expected {
            Some(_) => assert_eq!(with_id, expected),
            None => assert!(!with_id.is_some_and(Reason::is_malformed)),
        }
    }
}

/// The crate `der` on `SEQUENCE { INTEGER, INTEGER }`, with or without a tail.
fn der_parses(bytes: &[u8], tail: bool) -> bool {
    let read = || -> Result<(), der::Error> {
        let mut reader = SliceReader::new(bytes)?;
        let header: der::Header = reader.decode()?;
        header.tag().assert_eq(der::Tag::Sequence)?;
        let content = reader.read_slice(header.length())?;
        let mut inside = SliceReader::new(content)?;
        inside.decode::<UintRef<'_>>()?;
        inside.decode::<UintRef<'_>>()?;
        if tail {
            return Ok(());
        }
        inside.finish()?;
        reader.finish()
    };
    read().is_ok()
}

fn ecdsa_der(bytes: &[u8]) {
    for scheme in SCALARS {
        let found = |encoding| ecdsa_reason(scheme, EcdsaRule::Any, encoding, bytes);
        let expected = |parses: bool, length: bool| match (parses, length) {
            (_, false) => Some(Reason::BadSignatureLength),
            (false, true) => Some(Reason::BadSignatureEncoding),
            (true, true) => None,
        };
        let check = |encoding: EcdsaEncoding, parses: bool, length: bool| {
            let form = found(encoding).filter(|reason| reason.is_malformed());
            assert_eq!(form, expected(parses, length), "{}: {bytes:02x?}", encoding.name());
        };
        let strict = der_parses(bytes, false);
        check(EcdsaEncoding::Der, strict, !bytes.is_empty());
        check(EcdsaEncoding::DerTrailing, der_parses(bytes, true), !bytes.is_empty());
        check(EcdsaEncoding::DerBip66, strict, (8..=72).contains(&bytes.len()));
        // The numbers themselves: in range exactly where the curve's crate takes them.
        if strict && scheme == EcdsaScheme::Secp256k1 {
            let in_range = k256::ecdsa::Signature::from_der(bytes).is_ok();
            assert_eq!(
                found(EcdsaEncoding::Der) == Some(Reason::ScalarOutOfRange),
                !in_range,
                "{bytes:02x?}"
            );
        }
    }
    ecdsa_lax(bytes);
}

/// What is DER is also read by the lax parser, as the same numbers; libsecp256k1's lax parser has the last word.
fn ecdsa_lax(bytes: &[u8]) {
    let found = |encoding| ecdsa_reason(EcdsaScheme::Secp256k1, EcdsaRule::Any, encoding, bytes);
    let lax = found(EcdsaEncoding::DerLax);
    if der_parses(bytes, true) {
        assert_eq!(lax, found(EcdsaEncoding::DerTrailing), "{bytes:02x?}");
    }
    #[cfg(feature = "peers")]
    match secp256k1::ecdsa::Signature::from_der_lax(bytes) {
        Ok(signature) => {
            assert!(!lax.is_some_and(Reason::is_malformed), "{lax:?}: {bytes:02x?}");
            // It writes zeros for numbers that are out of range.
            let compact = signature.serialize_compact();
            let in_range = compact.chunks(32).all(|number| number.iter().any(|&byte| byte != 0));
            assert_eq!(lax == Some(Reason::ScalarOutOfRange), !in_range, "{bytes:02x?}");
        }
        Err(_) => assert!(lax.is_some_and(Reason::is_malformed), "{lax:?}: {bytes:02x?}"),
    }
}

fn sm2_signature(bytes: &[u8]) {
    use k256::elliptic_curve::sec1::ToSec1Point;
    let key = sm2::AffinePoint::GENERATOR.to_sec1_point(true);
    let found =
        |encoding| verify_one(&PORTABLE, &Suite::sm2(encoding), key.as_bytes(), &[0; 32], bytes).reason();
    let der = found(Sm2Encoding::Der).filter(|reason| reason.is_malformed());
    let expected = match (bytes.is_empty(), der_parses(bytes, false)) {
        (true, _) => Some(Reason::BadSignatureLength),
        (_, false) => Some(Reason::BadSignatureEncoding),
        (_, true) => None,
    };
    assert_eq!(der, expected, "{bytes:02x?}");
    let raw = found(Sm2Encoding::Raw);
    assert_eq!(raw == Some(Reason::BadSignatureLength), bytes.len() != 64);
    if bytes.len() == 64 && sm2::dsa::Signature::from_slice(bytes).is_err() {
        assert_eq!(raw, Some(Reason::ScalarOutOfRange), "{bytes:02x?}");
    }
}

fn bip340_key(bytes: &[u8]) {
    let found = reason(&Suite::bip340(), bytes, &[0xff; 64]);
    if bytes.len() != 32 {
        assert_eq!(found, Reason::BadKeyLength);
        return;
    }
    let key = k256::schnorr::VerifyingKey::from_slice(bytes);
    let refused = matches!(found, Reason::NonCanonicalKey | Reason::KeyNotOnCurve);
    assert_eq!(refused, key.is_err(), "{found}: {bytes:02x?}");
}

fn bip340_signature(bytes: &[u8]) {
    let base = &base_point(EcdsaScheme::Secp256k1)[1..];
    let found = verify_one(&PORTABLE, &Suite::bip340(), base, &[0; 32], bytes).reason();
    assert_eq!(found == Some(Reason::BadSignatureLength), bytes.len() != 64);
    // k256 refuses r = 0 and s = 0 when it reads; BIP 340 lets the equation decide.
    if bytes.len() == 64 && bytes.chunks(32).all(|number| number.iter().any(|&byte| byte != 0)) {
        let in_range = !matches!(found, Some(Reason::ScalarOutOfRange | Reason::NonCanonicalR));
        assert_eq!(in_range, k256::schnorr::Signature::from_slice(bytes).is_ok(), "{bytes:02x?}");
    }
}

/// Encodings of every kind at their proper lengths and one off, around the bounds of the numbers.
pub(crate) fn wire_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for kind in 0..KINDS.len() as u8 {
        for (salt, length) in [32, 33, 64, 65, 31, 66, 0, 1].into_iter().enumerate() {
            seeds.push([vec![kind], seeds::bytes(salt as u64 + 100 * u64::from(kind), length)].concat());
        }
        let [p256, k256] = SCALARS.map(base_point);
        let base = curve25519_dalek::constants::ED25519_BASEPOINT_COMPRESSED.to_bytes().to_vec();
        for key in [p256, k256.clone(), k256[1..].to_vec(), base] {
            seeds.push([vec![kind], key].concat());
        }
        for number in
            [[0; 32], [0xff; 32], [0x7f; 32], sigwarp_tables::secp256::k1::N, sigwarp_tables::secp256::r1::N]
        {
            let integer = if number[0] < 0x80 { number.to_vec() } else { [&[0], &number[..]].concat() };
            let element = [&[2, integer.len() as u8], &integer[..]].concat();
            let content = element.repeat(2);
            seeds.push([&[kind, 0x30, content.len() as u8], &content[..]].concat());
            seeds.push([&[kind, 0x30, 0x81, content.len() as u8], &content[..], &[7; 3]].concat());
            seeds.push([vec![kind], number.repeat(2)].concat());
            seeds.push([vec![kind], number.repeat(2), vec![2]].concat());
        }
    }
    seeds
}
