//! Edge cases of BIP 341's commitment.

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
    let mut add = |id: String, key: &[u8], tweak: &[u8], output: &[u8]| {
        edges.push(Edge::new(id, Scheme::Bip341Commitment, "raw").with(key, tweak, output));
    };
    let even = |secret: &[u8; 32]| {
        let scalar = sign::scalar::<Secp256k1>(secret);
        let (x, y) = sign::public::<Secp256k1>(secret);
        (if y[31] & 1 == 1 { -scalar } else { scalar }, x)
    };
    // dG as it is, and with the other parity.
    let outputs = |d: &K| {
        let (x, y) = sign::public::<Secp256k1>(&sign::scalar_bytes::<Secp256k1>(d));
        let odd = y[31] & 1;
        [[&[odd], &x[..]].concat(), [&[odd ^ 1], &x[..]].concat()]
    };
    let tweak_bytes = |t: &K| sign::scalar_bytes::<Secp256k1>(t);
    let t = sign::scalar::<Secp256k1>(&bytes("bip341 tweak"));
    for (name, secret) in forms::secrets::<Secp256k1>(&N) {
        let (d, key) = even(&secret);
        let mut pair = |class: &str, t: &K, [right, wrong]: [Vec<u8>; 2]| {
            add(format!("{class}:P={name}"), &key, &tweak_bytes(t), &right);
            add(format!("parity:P={name} {class}"), &key, &tweak_bytes(t), &wrong);
        };
        pair("valid", &t, outputs(&(d + t)));
        pair("t=0", &K::ZERO, outputs(&d));
        pair("doubling", &d, outputs(&(d + d)));
        add(format!("negated:P={name} P"), &key, &tweak_bytes(&t), &outputs(&(t - d))[0]);
        add(format!("negated:P={name} t"), &key, &tweak_bytes(&t), &outputs(&(d - t))[0]);
        add(format!("negated:P={name} both"), &key, &tweak_bytes(&t), &outputs(&(-d - t))[0]);
        for (x_name, x) in bounds(&N, &P).into_iter().chain([("P", key)]) {
            for parity in [0, 1] {
                let output = [&[parity], &x[..]].concat();
                add(format!("infinity:P={name} x={x_name} {parity}"), &key, &tweak_bytes(&-d), &output);
            }
        }
    }

    let (d, key) = even(&bytes("bip341 internal key"));
    let tweak = tweak_bytes(&t);
    let [good, _] = outputs(&(d + t));
    for (name, bound) in bounds(&N, &P) {
        // A t of n or more is refused, whatever it is congruent to.
        let [output, _] = outputs(&(d + K::reduce(&number(&bound))));
        add(format!("t:{name}"), &key, &bound, &output);
        add(format!("range:key={name}"), &bound, &tweak, &good);
        for parity in [0, 1] {
            add(format!("range:x={name} {parity}"), &key, &tweak, &[&[parity], &bound[..]].concat());
        }
    }
    let off = (1..=255u8).filter_map(|last| {
        let mut x = [0; 32];
        x[31] = last;
        forms::lift::<Secp256k1>(&x).is_none().then_some(x)
    });
    for x in off.take(4) {
        add(format!("off-curve:key={}", x[31]), &x, &tweak, &good);
        add(format!("off-curve:x={}", x[31]), &key, &tweak, &[&good[..1], &x].concat());
    }
    for parity in [2u8, 3, 0x80, 0xc0, 0xc1, 0xff] {
        add(format!("form:parity {parity:02x}"), &key, &tweak, &[&[parity], &good[1..]].concat());
    }
    let cycled = |of: &[u8], length: usize| of.iter().copied().cycle().take(length).collect::<Vec<u8>>();
    for length in [0usize, 1, 31, 33, 64, 65] {
        add(format!("key-length:{length}"), &cycled(&key, length), &tweak, &good);
        add(format!("tweak-length:{length}"), &key, &cycled(&tweak, length), &good);
    }
    for length in [0usize, 1, 32, 34, 64, 65] {
        add(format!("length:{length}"), &key, &tweak, &cycled(&good, length));
    }
    for bit in (0..33 * 8usize).step_by(19) {
        let mut flipped = good.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        add(format!("flipped:{bit}"), &key, &tweak, &flipped);
    }
    edges
}
