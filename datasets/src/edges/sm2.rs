//! Edge cases of SM2. Where e comes in, any r and s have a digest: e = r − x(sG + tP), with t = r + s.

use k256::elliptic_curve::bigint::U256;
use k256::elliptic_curve::ops::{Invert, Reduce};
use k256::elliptic_curve::{ProjectivePoint, Scalar};
use sigwarp::Scheme;
use sigwarp_tables::sm2::{N, P};
use sm2::Sm2;

use super::forms::{self, be, bounds, number};
use super::{Edge, bytes};
use crate::generate::sign;

/// e = r − x(sG + tP) for any r and s, reduced; `None` where the point is infinity or t is 0.
fn digest_for(secret: &[u8; 32], r: &[u8; 32], s: &[u8; 32]) -> Option<[u8; 32]> {
    let [r, s] = [r, s].map(|bytes| -> Scalar<Sm2> { Reduce::reduce(&number(bytes)) });
    let sum = s + (r + s) * sign::scalar::<Sm2>(secret);
    if sum == Scalar::<Sm2>::ZERO || r + s == Scalar::<Sm2>::ZERO {
        return None;
    }
    let (x, _) = sign::coordinates::<Sm2>(&sign::base::<Sm2>(&sum));
    Some(sign::scalar_bytes::<Sm2>(&(r - Scalar::<Sm2>::reduce(&number(&x)))))
}

pub(super) fn edges() -> Vec<Edge> {
    let mut edges = Vec::new();
    let mut add = |id: String, scheme, encoding, key: &[u8], input: &[u8], signature: &[u8]| {
        edges.push(Edge::new(id, scheme, encoding).with(key, input, signature));
    };
    let (secret, nonce) = (bytes("sm2 secret"), bytes("sm2 nonce"));
    let point = sign::public::<Sm2>(&secret);
    let key = sign::sec1(&point, false);

    // All pairs at the ends of the ranges, each with the digest for which r and s modulo n would be right.
    let bounds = bounds(&N, &P);
    for (r_name, r) in &bounds {
        for (s_name, s) in &bounds {
            let e = digest_for(&secret, r, s).unwrap_or([7; 32]);
            let id = format!("range:r={r_name} s={s_name}");
            add(id, Scheme::Sm2, "raw", &key, &e, &[*r, *s].concat());
        }
    }

    // t = 0, and the point at infinity: s = −td, so r = −s(1 + d)/d.
    for (name, secret) in forms::secrets::<Sm2>(&N) {
        let key = sign::sec1(&sign::public::<Sm2>(&secret), true);
        let (d, s) = (sign::scalar::<Sm2>(&secret), sign::scalar::<Sm2>(&bytes("s")));
        let s_bytes = sign::scalar_bytes::<Sm2>(&s);
        let t_zero = [sign::scalar_bytes::<Sm2>(&-s), s_bytes].concat();
        let d_inverse = Invert::invert(&d).into_option().expect("a secret is not 0");
        let r = -(s * (Scalar::<Sm2>::ONE + d) * d_inverse);
        let infinity = [sign::scalar_bytes::<Sm2>(&r), s_bytes].concat();
        // With t = 0 the point is sG; the digest is right for it.
        let (x, _) = sign::public::<Sm2>(&s_bytes);
        let e = sign::scalar_bytes::<Sm2>(&(-s - Scalar::<Sm2>::reduce(&number(&x))));
        add(format!("t=0:P={name}"), Scheme::Sm2, "raw", &key, &e, &t_zero);
        for (e_name, e) in [("0", [0; 32]), ("r", sign::scalar_bytes::<Sm2>(&r))] {
            add(format!("infinity:P={name} e={e_name}"), Scheme::Sm2, "raw", &key, &e, &infinity);
        }
        // sG = tP, a doubling: s = td, so r = s(1 − d)/d.
        let r = sign::scalar_bytes::<Sm2>(&(s * (Scalar::<Sm2>::ONE - d) * d_inverse));
        if let Some(e) = digest_for(&secret, &r, &s_bytes) {
            add(format!("doubling:P={name}"), Scheme::Sm2, "raw", &key, &e, &[r, s_bytes].concat());
        }
        for (e_name, e) in [("0", [0; 32]), ("n", N), ("p", P), ("2^256-1", [0xff; 32])] {
            if let Some(signature) = sign::sm2(&secret, &e, &nonce) {
                add(format!("digest:P={name} e={e_name}"), Scheme::Sm2, "raw", &key, &e, &signature.raw());
            }
        }
    }

    // x of the point above n: its residue is what counts.
    let n = number(&N);
    let mut x = n;
    let mut found = 0;
    while found < 3 {
        x = x.wrapping_add(&U256::ONE);
        let Some(lifted) = forms::lift::<Sm2>(&be(x)) else { continue };
        // P = (R − sG)/t for the point R with this x, with e = r − x.
        let (r, s) = (sign::scalar::<Sm2>(&bytes("r")), sign::scalar::<Sm2>(&bytes("s")));
        let t = Invert::invert(&(r + s)).into_option().expect("t is not 0");
        let sum = ProjectivePoint::<Sm2>::from(lifted) - ProjectivePoint::<Sm2>::from(sign::base::<Sm2>(&s));
        let key = sign::sec1(&sign::coordinates::<Sm2>(&(sum * t).into()), false);
        let e = sign::scalar_bytes::<Sm2>(&(r - Scalar::<Sm2>::reduce(&x)));
        let signature = [sign::scalar_bytes::<Sm2>(&r), sign::scalar_bytes::<Sm2>(&s)].concat();
        add(format!("wrapped:x above n {found}"), Scheme::Sm2, "raw", &key, &e, &signature);
        found += 1;
    }

    // Messages and user IDs, hashed.
    let e = sign::sm2_digest(b"1234567812345678", &point, b"message");
    let good = sign::sm2(&secret, &e, &nonce).expect("the nonce serves");
    for (name, form) in forms::keys::<Sm2>(&point, &P) {
        add(format!("key:{name}"), Scheme::Sm2Sm3, "raw", &form, b"message", &good.raw());
        add(format!("key:{name} r=0"), Scheme::Sm2Sm3, "raw", &form, b"message", &[[0; 32], good.s].concat());
    }
    for (name, der) in forms::ders(&good) {
        add(format!("der:{name}"), Scheme::Sm2Sm3, "der", &key, b"message", &der);
    }
    for length in [0usize, 1, 32, 63, 65, 66, 128] {
        let wrong: Vec<u8> = good.raw().into_iter().cycle().take(length).collect();
        add(format!("length:{length}"), Scheme::Sm2Sm3, "raw", &key, b"message", &wrong);
    }
    let negated = sign::negated::<Sm2>(&good.s);
    add("negated:n-s".into(), Scheme::Sm2Sm3, "raw", &key, b"message", &[good.r, negated].concat());
    add("swapped:r s".into(), Scheme::Sm2Sm3, "raw", &key, b"message", &[good.s, good.r].concat());
    add("message:another".into(), Scheme::Sm2Sm3, "raw", &key, b"messagf", &good.raw());
    for bit in (0..512usize).step_by(37) {
        let mut flipped = good.raw();
        flipped[bit / 8] ^= 1 << (bit % 8);
        add(format!("flipped:{bit}"), Scheme::Sm2Sm3, "raw", &key, b"message", &flipped);
    }
    for length in [0usize, 1, 23, 24, 55, 56, 64, 119, 120, 1000] {
        let message: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        let e = sign::sm2_digest(b"1234567812345678", &point, &message);
        let signature = sign::sm2(&secret, &e, &nonce).expect("the nonce serves");
        add(format!("message:{length} bytes"), Scheme::Sm2Sm3, "raw", &key, &message, &signature.raw());
    }
    for length in [0usize, 1, 15, 16, 17, 64, 1000] {
        let user_id: Vec<u8> = (0..length).map(|i| b'a' + (i % 26) as u8).collect();
        let e = sign::sm2_digest(&user_id, &point, b"message");
        let signature = sign::sm2(&secret, &e, &nonce).expect("the nonce serves");
        for (name, user_id) in [("its own", Some(user_id)), ("the default one", None)] {
            let id = format!("user-id:signed with {length} bytes, verified with {name}");
            let edge = Edge::new(id, Scheme::Sm2Sm3, "raw").with(&key, b"message", &signature.raw());
            edges.push(Edge { user_id, ..edge });
        }
    }
    edges
}
