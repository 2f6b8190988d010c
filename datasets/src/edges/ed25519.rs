//! Edge cases of Ed25519. T is the point of order 8 whose multiples are the points of small order.

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use sigwarp::Scheme;
use sigwarp_tables::edwards25519::{L, P};

use super::{Edge, bytes};
use crate::generate::faults::{non_canonical_small_order, plus_order};
use crate::generate::sign;

pub(super) fn edges() -> Vec<Edge> {
    let mut edges = Vec::new();
    let mut add = |id: String, key: &[u8], message: &[u8], signature: &[u8]| {
        edges.push(Edge::new(id, Scheme::Ed25519, "raw").with(key, message, signature));
    };
    let seed = bytes("ed25519 key");
    let (a, _) = sign::ed25519_secret(&seed);
    let key = sign::ed25519_public(&seed);
    let key_point = EdwardsPoint::mul_base(&a);

    // Messages whose blocks, behind R and A, end around SHA-512's padding.
    for length in [0usize, 1, 46, 47, 48, 63, 64, 65, 174, 175, 176, 191, 192, 1000] {
        let message: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        add(format!("length:{length}"), &key, &message, &sign::ed25519(&seed, &key, &message).raw());
    }

    // All encodings of points of small order as A and as R, with S = 0; and with a message for which R + kA is 0.
    let small = small_order_encodings();
    for (a_name, a_bytes, a_point) in &small {
        for (r_name, r_bytes, r_point) in &small {
            let signature = [r_bytes.as_slice(), &[0; 32]].concat();
            add(format!("small-order:A={a_name} R={r_name}"), a_bytes, b"small order", &signature);
            let cancels = |message: &[u8; 2]| {
                let k = sign::ed25519_challenge(r_bytes, a_bytes, message);
                (r_point + k * a_point).is_identity()
            };
            if let Some(message) = find_message(cancels) {
                add(format!("small-order:A={a_name} R={r_name} cancelling"), a_bytes, &message, &signature);
            }
        }
    }

    // A key of small order leaves S free: R = SB for every k with kA = 0.
    for (name, s_bytes) in scalars() {
        let r = EdwardsPoint::mul_base(&Scalar::from_bytes_mod_order(s_bytes));
        let r_bytes = r.compress().0;
        for (a_name, a_bytes, a_point) in small.iter().take(5) {
            let vanishes = |message: &[u8; 2]| {
                (sign::ed25519_challenge(&r_bytes, a_bytes, message) * a_point).is_identity()
            };
            let message = find_message(vanishes).unwrap_or_default();
            let signature = [r_bytes, s_bytes].concat();
            add(format!("scalar:A={a_name} S={name}"), a_bytes, &message, &signature);
        }
    }

    // Torsion on A and on R. The cofactored equation does not see it; the other one holds where it cancels.
    for (i, torsion_a) in EIGHT_TORSION.iter().enumerate() {
        for (j, torsion_r) in EIGHT_TORSION.iter().enumerate() {
            let mixed_key = (key_point + torsion_a).compress().0;
            let r = Scalar::from_bytes_mod_order(bytes("ed25519 nonce"));
            let r_bytes = (EdwardsPoint::mul_base(&r) + torsion_r).compress().0;
            let challenge = |message: &[u8]| sign::ed25519_challenge(&r_bytes, &mixed_key, message);
            let cancels =
                |message: &[u8; 2]| (usize::from(challenge(message).to_bytes()[0]) * i + j).is_multiple_of(8);
            let remains = |message: &[u8; 2]| !cancels(message);
            for (name, message) in
                [("cancelling", find_message(cancels)), ("remaining", find_message(remains))]
            {
                if let Some(message) = message {
                    let s = r + challenge(&message) * a;
                    let signature = [r_bytes, s.to_bytes()].concat();
                    add(format!("mixed-order:A+{i}T R+{j}T {name}"), &mixed_key, &message, &signature);
                }
            }
        }
    }

    // R of small order by a proper key: S = ka.
    for (name, r_bytes, _) in &small {
        let s = sign::ed25519_challenge(r_bytes, &key, b"small R") * a;
        let signature = [r_bytes.as_slice(), &s.to_bytes()].concat();
        add(format!("small-r:R={name}"), &key, b"small R", &signature);
    }

    // Every encoding with y ≥ p, and some with y < p that do not decode, as R and as A.
    let good = sign::ed25519(&seed, &key, b"message");
    for (name, encoding) in unusual_encodings() {
        add(format!("encoding:R={name}"), &key, b"message", &[encoding, good.s].concat());
        add(format!("encoding:A={name}"), &encoding, b"message", &good.raw());
        add(format!("encoding:A={name} S+L"), &encoding, b"message", &[good.r, plus_order(&good.s)].concat());
    }

    // A good signature with multiples of L added to S, bits set in S, and everything negated.
    let mut s = good.s;
    for multiple in 1..=14 {
        s = plus_order(&s);
        add(format!("s-plus-l:S+{multiple}L"), &key, b"message", &[good.r, s].concat());
    }
    for bit in 252..256usize {
        let mut s = good.s;
        s[bit / 8] |= 1 << (bit % 8);
        add(format!("s-bit:{bit}"), &key, b"message", &[good.r, s].concat());
    }
    let negated_s = (-Scalar::from_bytes_mod_order(good.s)).to_bytes();
    let negated = |point: &[u8; 32]| {
        let mut point = *point;
        point[31] ^= 0x80;
        point
    };
    add("negated:S".into(), &key, b"message", &[good.r, negated_s].concat());
    add("negated:R".into(), &key, b"message", &[negated(&good.r), good.s].concat());
    add("negated:A".into(), &negated(&key), b"message", &good.raw());
    add("negated:R A S".into(), &negated(&key), b"message", &[negated(&good.r), negated_s].concat());
    add("swapped:R S".into(), &key, b"message", &[good.s, good.r].concat());

    for bit in (0..512usize).step_by(37) {
        let mut signature = good.raw();
        signature[bit / 8] ^= 1 << (bit % 8);
        add(format!("flipped:signature bit {bit}"), &key, b"message", &signature);
    }
    for bit in (0..256usize).step_by(51) {
        let mut flipped = key;
        flipped[bit / 8] ^= 1 << (bit % 8);
        add(format!("flipped:key bit {bit}"), &flipped, b"message", &good.raw());
    }
    for length in [0usize, 1, 31, 33, 64] {
        let wrong: Vec<u8> = key.iter().copied().cycle().take(length).collect();
        add(format!("key-length:{length}"), &wrong, b"message", &good.raw());
        add(format!("key-length:{length} S+L"), &wrong, b"message", &[good.r, plus_order(&good.s)].concat());
    }
    for length in [0usize, 1, 32, 63, 65, 96, 128] {
        let wrong: Vec<u8> = good.raw().into_iter().cycle().take(length).collect();
        add(format!("signature-length:{length}"), &key, b"message", &wrong);
    }
    edges
}

/// The fourteen encodings that decode to points of small order: names, bytes and points.
fn small_order_encodings() -> Vec<(String, [u8; 32], EdwardsPoint)> {
    let canonical = EIGHT_TORSION.iter().map(|point| point.compress().0);
    let encodings = canonical.chain(non_canonical_small_order());
    let named = encodings.enumerate().map(|(i, encoding)| {
        let point = CompressedEdwardsY(encoding).decompress().expect("an encoding of a point of small order");
        let multiple = EIGHT_TORSION.iter().position(|torsion| *torsion == point).expect("a multiple of T");
        let name = if i < 8 { format!("{multiple}T") } else { format!("{multiple}T#{}", i - 8) };
        (name, encoding, point)
    });
    named.collect()
}

/// The first message of two bytes that does it.
fn find_message(does: impl Fn(&[u8; 2]) -> bool) -> Option<[u8; 2]> {
    (0..512u16).map(u16::to_be_bytes).find(does)
}

/// Little-endian integers at the bounds of S.
fn scalars() -> Vec<(String, [u8; 32])> {
    let power = |bit: usize| {
        let mut bytes = [0; 32];
        bytes[bit / 8] = 1 << (bit % 8);
        bytes
    };
    let below = |bytes: [u8; 32]| {
        let mut bytes = bytes;
        for byte in &mut bytes {
            let borrow = *byte == 0;
            *byte = byte.wrapping_sub(1);
            if !borrow {
                break;
            }
        }
        bytes
    };
    let mut scalars = vec![
        ("0".to_owned(), [0; 32]),
        ("1".to_owned(), power(0)),
        ("L-1".to_owned(), below(L)),
        ("L".to_owned(), L),
        ("L+1".to_owned(), plus_order(&power(0))),
        ("2L-1".to_owned(), plus_order(&below(L))),
        ("2^256-1".to_owned(), [0xff; 32]),
    ];
    for bit in [51, 128, 251, 252, 253, 254, 255] {
        scalars.push((format!("2^{bit}"), power(bit)));
        scalars.push((format!("2^{bit}-1"), below(power(bit))));
    }
    scalars
}

/// Encodings with y ≥ p, both signs, and the first reduced ones that do not decode.
fn unusual_encodings() -> Vec<(String, [u8; 32])> {
    let mut encodings = Vec::new();
    for excess in 0..19u8 {
        for sign in [0u8, 0x80] {
            let mut bytes = P;
            bytes[0] += excess;
            bytes[31] |= sign;
            encodings.push((format!("p+{excess} sign {}", sign >> 7), bytes));
        }
    }
    for y in 2..12u8 {
        let mut bytes = [0; 32];
        bytes[0] = y;
        if CompressedEdwardsY(bytes).decompress().is_none() {
            encodings.push((format!("y={y} off the curve"), bytes));
        }
    }
    encodings
}
