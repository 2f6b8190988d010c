//! Subjects of the schemes on 256-bit Weierstrass curves, signed here from the definitions on the crates' scalars
//! and points. Nonces are fixed: these keys protect nothing.

use k256::elliptic_curve::array::Array;
use k256::elliptic_curve::consts::U32;
use k256::elliptic_curve::ff::{Field, PrimeField};
use k256::elliptic_curve::group::{Curve as _, Group};
use k256::elliptic_curve::ops::{Invert, Reduce};
use k256::elliptic_curve::point::AffineCoordinates;
use k256::elliptic_curve::{Curve, CurveArithmetic, ProjectivePoint, Scalar};
use sha2::{Digest, Sha256};
use sigwarp::{
    EcdsaEncoding, EcdsaRule, EcdsaScheme, MessageInput, Reason, Scheme, Sm2Encoding, Suite, UserId,
};
use sm3::Sm3;

use super::{Sample, Subject, VALID, changed, message};

trait TestCurve: Curve<FieldBytesSize = U32> + CurveArithmetic {}
impl<C: Curve<FieldBytesSize = U32> + CurveArithmetic> TestCurve for C {}

fn scalar<C: TestCurve>(bytes: [u8; 32]) -> Scalar<C> {
    Scalar::<C>::reduce(&Array(bytes))
}

fn bytes<C: TestCurve>(scalar: &Scalar<C>) -> [u8; 32] {
    scalar.to_repr().into()
}

/// A scalar that depends on a label and an index.
fn derived<C: TestCurve>(label: &str, index: usize) -> Scalar<C> {
    scalar::<C>(Sha256::new().chain_update(label).chain_update(index.to_le_bytes()).finalize().into())
}

/// x and y of kG.
fn multiple<C: TestCurve>(k: &Scalar<C>) -> ([u8; 32], [u8; 32]) {
    let point = (ProjectivePoint::<C>::generator() * k).to_affine();
    (point.x().into(), point.y().into())
}

fn is_odd(y: &[u8; 32]) -> bool {
    y[31] & 1 == 1
}

/// The key in the form of the turn: compressed, uncompressed, or x ‖ y.
fn encode_key(x: &[u8; 32], y: &[u8; 32], turn: usize) -> Vec<u8> {
    match turn % 3 {
        0 => [&[2 + u8::from(is_odd(y))], &x[..]].concat(),
        1 => [&[4], &x[..], y].concat(),
        _ => [&x[..], y].concat(),
    }
}

/// Strict DER of two integers.
fn der(r: &[u8; 32], s: &[u8; 32]) -> Vec<u8> {
    let integer = |value: &[u8; 32]| {
        let zeros = value.iter().take_while(|&&byte| byte == 0).count().min(31);
        let mut content = value[zeros..].to_vec();
        if content[0] & 0x80 != 0 {
            content.insert(0, 0);
        }
        [vec![2, content.len() as u8], content].concat()
    };
    let content = [integer(r), integer(s)].concat();
    [vec![0x30, content.len() as u8], content].concat()
}

/// y² = x³ + … has no point at this x on secp256k1, P-256 or SM2's curve; the tests of the backends would fail if
/// it had.
const NO_POINT: [[u8; 32]; 3] = {
    let mut x = [[0; 32]; 3];
    x[0][31] = 5;
    x[1][31] = 1;
    x[2][31] = 4;
    x
};

pub fn ecdsa() -> Vec<Subject> {
    let mut subjects = Vec::new();
    for scheme in Scheme::ALL {
        let Some(ecdsa) = scheme.ecdsa() else { continue };
        for rule in EcdsaRule::ALL {
            for encoding in EcdsaEncoding::ALL {
                let p256 = matches!(ecdsa, EcdsaScheme::P256 | EcdsaScheme::P256Sha256);
                subjects.push(match p256 {
                    true => ecdsa_subject::<p256::NistP256>(ecdsa, rule, encoding, NO_POINT[1]),
                    false => ecdsa_subject::<k256::Secp256k1>(ecdsa, rule, encoding, NO_POINT[0]),
                });
            }
        }
    }
    subjects
}

/// r, s and the recovery id; s is low exactly where `low` says so.
fn ecdsa_sign<C: TestCurve>(
    d: &Scalar<C>,
    digest: [u8; 32],
    index: usize,
    low: bool,
) -> ([u8; 32], [u8; 32], u8) {
    let k = derived::<C>("nonce", index);
    let (x, y) = multiple::<C>(&k);
    let r = scalar::<C>(x);
    let s = (scalar::<C>(digest) + r * d) * Invert::invert(&k).expect("a nonce other than 0");
    let [plus, minus] = [s, -s].map(|s| bytes::<C>(&s));
    let id = u8::from(is_odd(&y)) | u8::from(x != bytes::<C>(&r)) << 1;
    // −s belongs to −R, whose y has the other parity.
    if (plus < minus) == low { (bytes::<C>(&r), plus, id) } else { (bytes::<C>(&r), minus, id ^ 1) }
}

fn ecdsa_subject<C: TestCurve>(
    scheme: EcdsaScheme,
    rule: EcdsaRule,
    encoding: EcdsaEncoding,
    no_point: [u8; 32],
) -> Subject {
    let encode = |(r, s, id): ([u8; 32], [u8; 32], u8)| match encoding {
        EcdsaEncoding::Raw => [r, s].concat(),
        EcdsaEncoding::RawV => [&r[..], &s, &[id]].concat(),
        EcdsaEncoding::Der | EcdsaEncoding::DerBip66 | EcdsaEncoding::DerLax => der(&r, &s),
        EcdsaEncoding::DerTrailing => [der(&r, &s), vec![0; 3]].concat(),
    };
    let sample = |index: usize, low: bool| {
        let d = derived::<C>("key", index);
        let (x, y) = multiple::<C>(&d);
        let message = match scheme.hash() {
            Some(_) => message(index),
            // Digests of 32 bytes, and some shorter and longer ones.
            None => [Sha256::digest(message(index)), Sha256::digest("more")].concat()
                [..[32, 32, 20, 48][index % 4]]
                .to_vec(),
        };
        let digest = scheme.hash().map_or_else(
            || {
                let used = &message[..message.len().min(32)];
                let mut digest = [0; 32];
                digest[32 - used.len()..].copy_from_slice(used);
                digest
            },
            |hash| hash.digest(&message),
        );
        let signature = encode(ecdsa_sign::<C>(&d, digest, index, low));
        Sample { key: encode_key(&x, &y, index), message, signature }
    };
    let valid: Vec<Sample> =
        (0..VALID).map(|index| sample(index, rule == EcdsaRule::LowS || index % 2 == 0)).collect();
    let (zero, order) = ([0; 32], {
        let mut order = bytes::<C>(&-Scalar::<C>::ONE);
        order[31] += 1;
        order
    });
    let one = bytes::<C>(&Scalar::<C>::ONE);
    let mut invalid = vec![
        (changed(&valid[1], |s| s.message[0] ^= 1), Reason::EquationFailed),
        (changed(&valid[2], |s| s.key = valid[3].key.clone()), Reason::EquationFailed),
        (changed(&valid[4], |s| s.key.truncate(20)), Reason::BadKeyLength),
        (changed(&valid[5], |s| s.key = [&[5], &[1; 32][..]].concat()), Reason::BadKeyEncoding),
        (changed(&valid[6], |s| s.signature.clear()), Reason::BadSignatureLength),
        (changed(&valid[7], |s| s.signature = encode((zero, one, 0))), Reason::ScalarOutOfRange),
        (changed(&valid[8], |s| s.signature = encode((one, order, 0))), Reason::ScalarOutOfRange),
        (changed(&valid[9], |s| s.key = [&[2], &no_point[..]].concat()), Reason::KeyNotOnCurve),
        (changed(&valid[10], |s| s.key = [[0xff; 32], [0xff; 32]].concat()), Reason::NonCanonicalKey),
    ];
    if rule == EcdsaRule::LowS {
        invalid.push((sample(11, false), Reason::HighS));
    }
    match encoding {
        EcdsaEncoding::Raw => {}
        EcdsaEncoding::RawV => {
            invalid.push((changed(&valid[12], |s| s.signature[64] = 4), Reason::BadSignatureEncoding));
            invalid.push((changed(&valid[13], |s| s.signature[64] ^= 1), Reason::EquationFailed));
            invalid.push((changed(&valid[14], |s| s.signature[64] ^= 2), Reason::EquationFailed));
        }
        _ => invalid.push((changed(&valid[12], |s| s.signature[0] = 0x31), Reason::BadSignatureEncoding)),
    }
    Subject { suite: Suite::ecdsa(scheme, rule, encoding), valid, invalid }
}

pub fn bip340() -> Subject {
    use k256::Secp256k1 as C;
    let valid: Vec<Sample> = (0..VALID)
        .map(|index| {
            let even = |scalar: Scalar<C>| {
                let (x, y) = multiple::<C>(&scalar);
                if is_odd(&y) { (-scalar, x) } else { (scalar, x) }
            };
            let (d, key) = even(derived::<C>("schnorr key", index));
            let (k, r) = even(derived::<C>("schnorr nonce", index));
            let message = message(index);
            let tag = Sha256::digest("BIP0340/challenge");
            let input = [&tag[..], &tag, &r, &key, &message].concat();
            let e = scalar::<C>(Sha256::digest(input).into());
            Sample { key: key.to_vec(), message, signature: [r, bytes::<C>(&(k + e * d))].concat() }
        })
        .collect();
    let invalid = vec![
        (changed(&valid[1], |s| s.message.push(0)), Reason::EquationFailed),
        (changed(&valid[2], |s| s.signature[63] ^= 1), Reason::EquationFailed),
        (changed(&valid[3], |s| s.key.push(0)), Reason::BadKeyLength),
        (changed(&valid[4], |s| s.signature.truncate(63)), Reason::BadSignatureLength),
        (changed(&valid[5], |s| s.signature[32..].fill(0xff)), Reason::ScalarOutOfRange),
        (changed(&valid[6], |s| s.signature[..32].fill(0xff)), Reason::NonCanonicalR),
        (changed(&valid[7], |s| s.key.fill(0xff)), Reason::NonCanonicalKey),
        (changed(&valid[8], |s| s.key = NO_POINT[0].to_vec()), Reason::KeyNotOnCurve),
        (changed(&valid[9], |s| s.signature[..32].copy_from_slice(&NO_POINT[0])), Reason::EquationFailed),
    ];
    Subject { suite: Suite::bip340(), valid, invalid }
}

pub fn bip341() -> Subject {
    use k256::Secp256k1 as C;
    let valid: Vec<Sample> = (0..VALID)
        .map(|index| {
            let d = derived::<C>("internal key", index);
            let (key, y) = multiple::<C>(&d);
            let t = derived::<C>("tweak", index);
            let (x, odd) = {
                let (x, y) = multiple::<C>(&(t + if is_odd(&y) { -d } else { d }));
                (x, is_odd(&y))
            };
            let signature = [&[u8::from(odd)], &x[..]].concat();
            Sample { key: key.to_vec(), message: bytes::<C>(&t).to_vec(), signature }
        })
        .collect();
    let invalid = vec![
        (changed(&valid[1], |s| s.message[31] ^= 1), Reason::EquationFailed),
        (changed(&valid[2], |s| s.signature[0] ^= 1), Reason::EquationFailed),
        (changed(&valid[3], |s| s.signature[32] ^= 1), Reason::EquationFailed),
        (changed(&valid[4], |s| s.key.push(0)), Reason::BadKeyLength),
        (changed(&valid[5], |s| s.signature.truncate(32)), Reason::BadSignatureLength),
        (changed(&valid[6], |s| s.signature[0] = 2), Reason::BadSignatureEncoding),
        (changed(&valid[7], |s| s.message.fill(0xff)), Reason::ScalarOutOfRange),
        (changed(&valid[8], |s| s.message.truncate(31)), Reason::ScalarOutOfRange),
        (changed(&valid[9], |s| s.key.fill(0xff)), Reason::NonCanonicalKey),
        (changed(&valid[10], |s| s.key = NO_POINT[0].to_vec()), Reason::KeyNotOnCurve),
        (changed(&valid[11], |s| s.signature[1..].fill(0xff)), Reason::EquationFailed),
        (changed(&valid[12], |s| s.signature[1..].copy_from_slice(&NO_POINT[0])), Reason::EquationFailed),
    ];
    Subject { suite: Suite::bip341_commitment(), valid, invalid }
}

pub fn sm2() -> Vec<Subject> {
    let mut subjects = Vec::new();
    for encoding in Sm2Encoding::ALL {
        for id in [UserId::DEFAULT, b"ALICE123@YAHOO.COM", b""] {
            subjects.push(sm2_subject(Suite::sm2_sm3(id, encoding).expect("a short ID"), encoding));
        }
        subjects.push(sm2_subject(Suite::sm2(encoding), encoding));
    }
    subjects
}

fn sm2_subject(suite: Suite, encoding: Sm2Encoding) -> Subject {
    use sm2::Sm2 as C;
    let encode = |r: [u8; 32], s: [u8; 32]| match encoding {
        Sm2Encoding::Raw => [r, s].concat(),
        Sm2Encoding::Der => der(&r, &s),
    };
    let valid: Vec<Sample> = (0..VALID)
        .map(|index| {
            let d = derived::<C>("sm2 key", index);
            let (x, y) = multiple::<C>(&d);
            let (message, e) = match suite.scheme().input() {
                MessageInput::Raw => {
                    let message = message(index);
                    let e = sm2_digest(suite.user_id().expect("an ID"), &x, &y, &message);
                    (message, e)
                }
                MessageInput::Digest => {
                    let digest: [u8; 32] = Sm3::digest(message(index)).into();
                    (digest.to_vec(), digest)
                }
            };
            let k = derived::<C>("sm2 nonce", index);
            let r = scalar::<C>(e) + scalar::<C>(multiple::<C>(&k).0);
            let s = (k - r * d) * Invert::invert(&(Scalar::<C>::ONE + d)).expect("a key other than n − 1");
            Sample {
                key: encode_key(&x, &y, index),
                message,
                signature: encode(bytes::<C>(&r), bytes::<C>(&s)),
            }
        })
        .collect();
    let one = Scalar::<C>::ONE;
    let t_zero = encode(bytes::<C>(&one), bytes::<C>(&-one));
    let invalid = vec![
        (changed(&valid[1], |s| s.message[0] ^= 1), Reason::EquationFailed),
        (changed(&valid[2], |s| s.key = valid[3].key.clone()), Reason::EquationFailed),
        (changed(&valid[4], |s| s.key.truncate(20)), Reason::BadKeyLength),
        (changed(&valid[5], |s| s.key = [&[6], &[1; 64][..]].concat()), Reason::BadKeyEncoding),
        (changed(&valid[6], |s| s.signature.clear()), Reason::BadSignatureLength),
        (changed(&valid[7], |s| s.signature = t_zero), Reason::ScalarOutOfRange),
        (changed(&valid[8], |s| s.signature = encode([0; 32], [1; 32])), Reason::ScalarOutOfRange),
        (changed(&valid[9], |s| s.key = [&[2], &NO_POINT[2][..]].concat()), Reason::KeyNotOnCurve),
        (changed(&valid[10], |s| s.key = [[0xff; 32], [0xff; 32]].concat()), Reason::NonCanonicalKey),
    ];
    Subject { suite, valid, invalid }
}

fn sm2_digest(id: &[u8], x: &[u8; 32], y: &[u8; 32], message: &[u8]) -> [u8; 32] {
    use sigwarp_tables::sm2 as table;
    let entl = (8 * id.len() as u16).to_be_bytes();
    let z = [&entl[..], id, &table::A, &table::B, &table::GX, &table::GY, x, y].concat();
    Sm3::digest([&Sm3::digest(z)[..], message].concat()).into()
}
