//! Edge cases of ECDSA, for a curve. Where a digest comes in, any s has a valid signature (e = sk − rd), and any r
//! that is the x of a point has a key (Q = (sR − eG)/r).

use k256::elliptic_curve::bigint::U256;
use k256::elliptic_curve::ops::{Invert, Reduce};
use k256::elliptic_curve::point::DecompressPoint;
use k256::elliptic_curve::{AffinePoint, ProjectivePoint, Scalar};
use sigwarp::Scheme;
use sigwarp_tables::secp256::{k1, r1};

use super::forms::{self, be, bounds, number};
use super::{Edge, bytes};
use crate::generate::sign::{self, Curve, Signature};

/// A curve with its digest scheme and bounds.
pub(super) trait EcdsaCurve: Curve {
    const SCHEME: Scheme;
    const N: [u8; 32];
    const P: [u8; 32];
}

impl EcdsaCurve for p256::NistP256 {
    const SCHEME: Scheme = Scheme::EcdsaP256;
    const N: [u8; 32] = r1::N;
    const P: [u8; 32] = r1::P;
}

impl EcdsaCurve for k256::Secp256k1 {
    const SCHEME: Scheme = Scheme::EcdsaSecp256k1;
    const N: [u8; 32] = k1::N;
    const P: [u8; 32] = k1::P;
}

fn inverse<C: Curve>(scalar: &Scalar<C>) -> Scalar<C> {
    Invert::invert(scalar).into_option().expect("the scalars inverted here are not 0")
}

/// e = sk − rd, so that (r, s) is valid for the digest e.
fn digest_for<C: Curve>(secret: &[u8; 32], nonce: &[u8; 32], s: &[u8; 32]) -> (Signature, [u8; 32]) {
    let (x, y) = sign::public::<C>(nonce);
    let r = Scalar::<C>::reduce(&number(&x));
    let e = sign::scalar::<C>(s) * sign::scalar::<C>(nonce) - r * sign::scalar::<C>(secret);
    let r = sign::scalar_bytes::<C>(&r);
    let id = (y[31] & 1) + 2 * u8::from(r != x);
    (Signature { r, s: *s, id }, sign::scalar_bytes::<C>(&e))
}

/// Q = (sR − eG)/r for the point R with this x and even y, so that (x mod n, s) is valid for the digest e.
fn key_for<C: Curve>(x: &[u8; 32], s: &[u8; 32], e: &[u8; 32]) -> Option<(Vec<u8>, Signature)>
where
    AffinePoint<C>: DecompressPoint<C>,
{
    let point = forms::lift::<C>(x)?;
    let r = Scalar::<C>::reduce(&number(x));
    let e = Scalar::<C>::reduce(&number(e));
    let r_inverse = Invert::invert(&r).into_option()?;
    let sum = ProjectivePoint::<C>::from(point) * sign::scalar::<C>(s)
        - ProjectivePoint::<C>::from(sign::base::<C>(&e));
    let key = sign::coordinates::<C>(&(sum * r_inverse).into());
    let r = sign::scalar_bytes::<C>(&r);
    Some((sign::sec1(&key, false), Signature { r, s: *s, id: 2 * u8::from(r != *x) }))
}

pub(super) fn edges<C: EcdsaCurve>() -> Vec<Edge>
where
    AffinePoint<C>: DecompressPoint<C>,
{
    let mut edges = Vec::new();
    let mut add = |id: String, encoding, key: &[u8], digest: &[u8], signature: &[u8]| {
        edges.push(Edge::new(id, C::SCHEME, encoding).with(key, digest, signature));
    };
    let (n, p) = (number(&C::N), number(&C::P));
    let (secret, nonce, digest) = (bytes("ecdsa secret"), bytes("ecdsa nonce"), bytes("ecdsa digest"));
    let point = sign::public::<C>(&secret);
    let key = sign::sec1(&point, false);
    let good = sign::ecdsa::<C>(&secret, &digest, &nonce).expect("the nonce serves");

    // r and s at the ends of their ranges, all pairs.
    let bounds = bounds(&C::N, &C::P);
    for (r_name, r) in &bounds {
        for (s_name, s) in &bounds {
            add(format!("range:r={r_name} s={s_name}"), "raw", &key, &digest, &[*r, *s].concat());
        }
        add(format!("range:r={r_name}"), "raw", &key, &digest, &[*r, good.s].concat());
        add(format!("range:s={r_name}"), "raw", &key, &digest, &[good.r, *r].concat());
    }

    // Valid signatures whose s is small, large, or on either side of n/2.
    let half = n.wrapping_shr(1);
    for (name, s) in [
        ("1", U256::ONE),
        ("2", U256::from(2u8)),
        ("2^128", U256::ONE.wrapping_shl(128)),
        ("n/2-1", half.wrapping_sub(&U256::ONE)),
        ("n/2", half),
        ("n/2+1", half.wrapping_add(&U256::ONE)),
        ("n-2", n.wrapping_sub(&U256::from(2u8))),
        ("n-1", n.wrapping_sub(&U256::ONE)),
    ] {
        let (signature, e) = digest_for::<C>(&secret, &nonce, &be(s));
        add(format!("valid:s={name}"), "raw", &key, &e, &signature.raw());
        add(format!("valid:s={name}"), "der", &key, &e, &sign::der(&signature.r, &signature.s, false));
        for id in 0..4u8 {
            let with_id = [signature.raw(), vec![id]].concat();
            add(format!("valid:s={name} id {id}"), "raw-v", &key, &e, &with_id);
        }
    }

    // Valid signatures whose r is the x of a chosen point: small, near n, and wrapped around n.
    let from = |start: U256, step: u8| {
        let mut x = start;
        std::iter::from_fn(move || {
            let current = x;
            x = if step == 0 { x.wrapping_sub(&U256::ONE) } else { x.wrapping_add(&U256::ONE) };
            Some(current)
        })
    };
    for (name, xs) in [
        ("small x", from(U256::ONE, 1)),
        ("x up from n", from(n, 1)),
        ("x down from n", from(n.wrapping_sub(&U256::ONE), 0)),
        ("x down from p", from(p.wrapping_sub(&U256::ONE), 0)),
        ("x around p - n", from(p.wrapping_sub(&n).wrapping_sub(&U256::from(8u8)), 1)),
    ] {
        let xs = xs.take(40).filter(|x| *x < p);
        let found = xs.filter_map(|x| Some((x, key_for::<C>(&be(x), &bytes("s"), &digest)?)));
        for (i, (_, (key, mut signature))) in found.take(6).enumerate() {
            let s = sign::scalar::<C>(&signature.s);
            signature.s = sign::scalar_bytes::<C>(&s);
            add(format!("valid:{name} {i}"), "raw", &key, &digest, &signature.raw());
            for id in 0..4u8 {
                let with_id = [signature.raw(), vec![id]].concat();
                add(format!("valid:{name} {i} id {id}"), "raw-v", &key, &digest, &with_id);
            }
            // The same x written without reduction, where it is above n.
            let shifted = number(&signature.r).wrapping_add(&n);
            if shifted > n {
                add(
                    format!("range:{name} {i} r+n"),
                    "raw",
                    &key,
                    &digest,
                    &[be(shifted), signature.s].concat(),
                );
            }
        }
    }

    // Sums that formulas for additions get wrong: infinity, a doubling, and each half alone.
    for (name, secret) in forms::secrets::<C>(&C::N) {
        let key = sign::sec1(&sign::public::<C>(&secret), true);
        let d = sign::scalar::<C>(&secret);
        let (x, _) = sign::public::<C>(&nonce);
        let r = Scalar::<C>::reduce(&number(&x));
        let raw = |s: &Scalar<C>| [sign::scalar_bytes::<C>(&r), sign::scalar_bytes::<C>(s)].concat();
        let e_bytes = |e: Scalar<C>| sign::scalar_bytes::<C>(&e);
        let s = sign::scalar::<C>(&bytes("s"));
        add(format!("sum:infinity Q={name}"), "raw", &key, &e_bytes(-(r * d)), &raw(&s));
        let k_inverse = inverse::<C>(&sign::scalar::<C>(&nonce));
        let doubled = (r * d + r * d) * k_inverse;
        add(format!("sum:doubling Q={name}"), "raw", &key, &e_bytes(r * d), &raw(&doubled));
        let only_q = r * d * k_inverse;
        for (e_name, e) in [("0", [0; 32]), ("n", C::N)] {
            add(format!("sum:e={e_name} Q={name}"), "raw", &key, &e, &raw(&only_q));
        }
        for (e_name, e) in [("2^256-1", [0xff; 32]), ("n-1", be(n.wrapping_sub(&U256::ONE))), ("p", C::P)] {
            let signature = sign::ecdsa::<C>(&secret, &e, &nonce).expect("the nonce serves");
            add(format!("sum:e={e_name} Q={name}"), "raw", &key, &e, &signature.raw());
        }
    }

    // Digests of other lengths: the leftmost 32 bytes, or all of a shorter one.
    for length in [0usize, 1, 20, 28, 31, 32, 33, 48, 64, 100] {
        let digest: Vec<u8> = (0..length).map(|i| 0xf1u8.wrapping_sub((i * 7) as u8)).collect();
        let used = &digest[..length.min(32)];
        for (name, start) in [("right", 32 - used.len()), ("left", 0)] {
            let mut e = [0; 32];
            e[start..start + used.len()].copy_from_slice(used);
            let signature = sign::ecdsa::<C>(&secret, &e, &nonce).expect("the nonce serves");
            add(format!("digest:{length} bytes aligned {name}"), "raw", &key, &digest, &signature.raw());
        }
    }

    for (name, form) in forms::keys::<C>(&point, &C::P) {
        add(format!("key:{name}"), "raw", &form, &digest, &good.raw());
        let der = sign::der(&good.r, &good.s, false);
        add(format!("key:{name}"), "der-bip66", &form, &digest, &der);
        add(format!("key:{name} r=0"), "raw", &form, &digest, &[[0; 32], good.s].concat());
    }

    // Damaged DER under every reader. The second signature has r and s without a leading zero byte.
    let small = (0..=255u8).find_map(|last| {
        let mut nonce = nonce;
        nonce[31] = last;
        sign::ecdsa::<C>(&secret, &digest, &nonce)
            .filter(|signature| signature.r[0] < 0x80 && signature.s[0] < 0x80)
    });
    for (which, signature) in [Some(good), small].into_iter().flatten().enumerate() {
        for (name, der) in forms::ders(&signature) {
            for encoding in ["der", "der-bip66", "der-lax", "der-trailing"] {
                add(format!("der:{which} {name}"), encoding, &key, &digest, &der);
            }
        }
    }

    let negated = sign::negated::<C>(&good.s);
    add("malleable:n-s".into(), "raw", &key, &digest, &[good.r, negated].concat());
    for id in [good.id, good.id ^ 1, good.id ^ 2, 4, 27, 255] {
        add(format!("id:{id}"), "raw-v", &key, &digest, &[good.raw(), vec![id]].concat());
        add(format!("id:{id} n-s"), "raw-v", &key, &digest, &[&good.r[..], &negated, &[id]].concat());
    }
    for length in [0usize, 1, 32, 63, 64, 65, 66, 128] {
        let wrong: Vec<u8> = good.raw().into_iter().cycle().take(length).collect();
        add(format!("length:{length}"), "raw", &key, &digest, &wrong);
        add(format!("length:{length}"), "raw-v", &key, &digest, &wrong);
    }
    for bit in (0..512usize).step_by(37) {
        let mut flipped = good.raw();
        flipped[bit / 8] ^= 1 << (bit % 8);
        add(format!("flipped:{bit}"), "raw", &key, &digest, &flipped);
    }
    edges
}
