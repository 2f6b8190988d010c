//! Edge cases of BIP 340.

use k256::Secp256k1;
use k256::elliptic_curve::Scalar;
use k256::elliptic_curve::ops::Reduce;
use sigwarp::Scheme;
use sigwarp_tables::secp256::k1::{N, P};

use super::forms::{self, bounds, number};
use super::{Edge, bytes};
use crate::generate::sign;

type K = Scalar<Secp256k1>;

pub(super) fn edges() -> Vec<Edge> {
    let mut edges = Vec::new();
    let mut add = |id: String, key: &[u8], message: &[u8], signature: &[u8]| {
        edges.push(Edge::new(id, Scheme::Bip340, "raw").with(key, message, signature));
    };
    let nonce = bytes("bip340 nonce");
    let even = |secret: &[u8; 32]| {
        let scalar = sign::scalar::<Secp256k1>(secret);
        let (x, y) = sign::public::<Secp256k1>(secret);
        (if y[31] & 1 == 1 { -scalar } else { scalar }, x)
    };
    let (k, r) = even(&nonce);
    for (name, secret) in forms::secrets::<Secp256k1>(&N) {
        let (d, key) = even(&secret);
        let message = b"edge";
        let challenge = |r: &[u8; 32]| K::reduce(&number(&sign::bip340_challenge(r, &key, message)));
        let with_s = |r: &[u8; 32], s: K| [*r, sign::scalar_bytes::<Secp256k1>(&s)].concat();
        let e = challenge(&r);
        add(format!("valid:P={name}"), &key, message, &with_s(&r, k + e * d));
        add(format!("odd-y:P={name} R"), &key, message, &with_s(&r, -k + e * d));
        add(format!("odd-y:P={name} P"), &key, message, &with_s(&r, k - e * d));
        add(format!("odd-y:P={name} both"), &key, message, &with_s(&r, -k - e * d));
        // sG − eP is infinity for s = ed, whatever r is.
        for (r_name, r) in bounds(&N, &P).into_iter().chain([("R", r), ("P", key)]) {
            let e = challenge(&r);
            add(format!("infinity:P={name} r={r_name}"), &key, message, &with_s(&r, e * d));
        }
        // sG = −(−eP), a doubling.
        add(format!("doubling:P={name}"), &key, message, &with_s(&r, -(e * d)));
    }

    let secret = bytes("bip340 secret");
    let point = sign::public::<Secp256k1>(&secret);
    let key = point.0;
    let signed =
        |message: &[u8]| sign::bip340(&secret, &point, message, &nonce).expect("the nonce serves").raw();
    for length in [0usize, 1, 31, 32, 33, 55, 56, 63, 64, 65, 1000] {
        let message: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        add(format!("message:{length} bytes"), &key, &message, &signed(&message));
    }
    let good = signed(b"message");
    let (good_r, good_s) = good.split_at(32);
    for (name, bound) in bounds(&N, &P) {
        add(format!("range:r={name}"), &key, b"message", &[&bound, good_s].concat());
        add(format!("range:s={name}"), &key, b"message", &[good_r, &bound].concat());
        add(format!("range:key={name}"), &bound, b"message", &good);
        for (s_name, s) in bounds(&N, &P) {
            add(format!("range:r={name} s={s_name}"), &key, b"message", &[bound, s].concat());
        }
    }
    // x that is on no point, as a key and as r.
    let off = (1..=255u8).filter_map(|last| {
        let mut x = [0; 32];
        x[31] = last;
        forms::lift::<Secp256k1>(&x).is_none().then_some(x)
    });
    for x in off.take(4) {
        add(format!("off-curve:key={}", x[31]), &x, b"message", &good);
        add(format!("off-curve:r={}", x[31]), &key, b"message", &[&x, good_s].concat());
    }
    for length in [0usize, 1, 31, 33, 64, 65] {
        let wrong: Vec<u8> = key.iter().copied().cycle().take(length).collect();
        add(format!("key-length:{length}"), &wrong, b"message", &good);
    }
    add("key-form:compressed".into(), &sign::sec1(&point, true), b"message", &good);
    for length in [0usize, 1, 32, 63, 65, 128] {
        let wrong: Vec<u8> = good.iter().copied().cycle().take(length).collect();
        add(format!("length:{length}"), &key, b"message", &wrong);
    }
    for bit in (0..512usize).step_by(37) {
        let mut flipped = good.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        add(format!("flipped:{bit}"), &key, b"message", &flipped);
    }
    edges
}
