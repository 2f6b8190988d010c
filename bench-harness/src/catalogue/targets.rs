//! What the project promises: Sigwarp against a named peer, on the same inputs, with the ratio to reach.

use super::peers::messages;
use super::{Floor, Row, Side, sigwarp_for};
use crate::contenders::{Algorithm, Sigwarp};
use crate::workload::{Kind, Lengths, Spec};

// The floors hold for 8 lanes of 52-bit multiply-add on the reference machine, where a multiplication takes at
// least 0.9 ns a lane and a squaring 0.6 ns.
const LANES: Floor =
    Floor { ns: 1728.0, source: "1,237 multiplications × 0.9 ns + 1,024 squarings × 0.6 ns" };
const COMB: Floor = Floor { ns: 389.0, source: "413 multiplications × 0.9 ns + 28 squarings × 0.6 ns" };
const COMBINATION_COLD: Floor = Floor { ns: 778.0, source: "865 multiplications × 0.9 ns" };
const COMBINATION_TESTED: Floor =
    Floor { ns: 850.0, source: "865 multiplications and 80 of the test of torsion × 0.9 ns" };
const COMBINATION_KNOWN: Floor =
    Floor { ns: 278.0, source: "140 multiplications × 0.9 ns + 254 squarings × 0.6 ns" };

const DALEK_STRICT: &str = "ed25519-dalek/verify_strict";
const COMMONWARE: &str = "commonware-cryptography-curve25519/batch";

pub(super) fn rows() -> Vec<Row> {
    let mut rows = ed25519();
    rows.extend(weierstrass());
    rows.extend(hashes());
    rows
}

fn target(id: &str, title: &str) -> Row {
    Row::new("targets", id, title)
}

/// Sigwarp against a peer on one workload.
fn pair(id: &str, title: &str, sigwarp: Sigwarp, peer: &str, spec: Spec) -> Row {
    target(id, title).subject(Side::sigwarp(sigwarp, spec)).baseline(Side::peer(peer, spec))
}

fn ed25519() -> Vec<Row> {
    let zip215 = || Sigwarp::auto(Some("zip215"));
    let strict = || Sigwarp::auto(Some("strict"));
    let n = |batch, items| Spec::new(Kind::Ed25519, batch, items);
    let large = n(16_384, 16_384);
    let mut rows = vec![
        pair("zip215/cold", "zip215, n=16384, distinct cold keys", zip215(), COMMONWARE, large)
            .required(2.3)
            .aim(2.6)
            .floor(COMBINATION_COLD),
    ];
    for keys in [64, 1024] {
        let (id, title) = (format!("zip215/keys={keys}"), format!("zip215, n=16384 over {keys} keys"));
        let row = pair(&id, &title, zip215(), COMMONWARE, large.keys(keys));
        rows.push(row.required(2.2).aim(2.6).floor(COMBINATION_KNOWN));
    }
    for (batch, floor) in [(64, LANES), (1024, COMBINATION_TESTED), (16_384, COMBINATION_TESTED)] {
        let (id, title) = (format!("strict/n={batch}"), format!("strict, n={batch}, cold keys"));
        let row = pair(&id, &title, strict(), DALEK_STRICT, n(batch, batch.max(2048)));
        rows.push(row.required(13.0).aim(15.0).floor(floor));
    }
    rows.push(pair("strict/keys=64", "strict, n=16384 over 64 keys", strict(), DALEK_STRICT, large.keys(64)));
    for keys in [64, 1000, 10_000, 1_000_000] {
        let (id, title) =
            (format!("strict/registered={keys}"), format!("strict, n=1000, {keys} registered keys"));
        let spec = n(1000, keys.max(2000)).keys(keys);
        let row =
            pair(&id, &title, strict().registered(), "ed25519-dalek/verify_strict parsed", spec).floor(COMB);
        rows.push(if keys <= 1000 { row.required(32.0) } else { row });
    }
    for backend in ["avx2", "portable"] {
        let (id, title) = (
            format!("strict/registered=1000/{backend}"),
            format!("strict, n=1000, 1000 registered keys, {backend} forced"),
        );
        let sigwarp = strict().registered().backend(backend);
        let spec = n(1000, 2000).keys(1000);
        rows.push(pair(&id, &title, sigwarp, "ed25519-dalek/verify_strict parsed", spec));
    }
    for rule in ["zip215", "strict", "cofactorless"] {
        let (id, title) = (format!("single/{rule}"), format!("{rule}, n=1"));
        let sigwarp = Sigwarp::auto(Some(rule));
        rows.push(pair(&id, &title, sigwarp, "ed25519-dalek/verify", n(1, 1024)).required(1.8));
    }
    rows.extend([
        pair(
            "single/commonware",
            "zip215, n=1, beside commonware",
            zip215(),
            "commonware-cryptography-curve25519/verify",
            n(1, 1024),
        ),
        pair("strict/n=8", "strict, n=8, cold keys", strict(), DALEK_STRICT, n(8, 1024)).required(11.0),
        pair("strict/avx2", "strict, n=64, AVX2 forced", strict().backend("avx2"), DALEK_STRICT, n(64, 2048))
            .required(3.0),
        pair(
            "strict/portable",
            "strict, n=64, portable forced",
            strict().backend("portable"),
            DALEK_STRICT,
            n(64, 2048),
        )
        .required(1.0),
    ]);
    for (backend, ratio) in [("avx2", 3.0), ("portable", 1.0)] {
        let (id, title) =
            (format!("zip215/{backend}"), format!("zip215, n=2048, cold keys, {backend} forced"));
        let sigwarp = zip215().backend(backend);
        rows.push(pair(&id, &title, sigwarp, "ed25519-dalek/verify_batch", n(2048, 2048)).required(ratio));
    }
    rows
}

/// Registered keys of a curve beside a peer that has parsed them before.
fn registered(curve: &str, title: &str, kind: Kind, keys: usize, peer: &'static str) -> Row {
    let (id, title) =
        (format!("{curve}/registered={keys}"), format!("{title}, n=1000, {keys} registered keys"));
    let spec = Spec::new(kind, 1000, keys.max(1000)).keys(keys);
    pair(&id, &title, sigwarp_for(kind, None).registered(), peer, spec)
}

fn weierstrass() -> Vec<Row> {
    let n = Spec::new;
    let p256 = || sigwarp_for(Kind::P256, None);
    let secp256k1 = || sigwarp_for(Kind::Secp256k1, None);
    vec![
        pair(
            "p256/cold",
            "P-256, n=64, cold uncompressed keys",
            p256(),
            "aws-lc-rs/p256",
            n(Kind::P256, 64, 512),
        )
        .required(8.0),
        pair(
            "p256/registered=1000",
            "P-256, n=1000, 1000 registered keys",
            p256().registered(),
            "aws-lc-rs/p256 parsed",
            n(Kind::P256, 1000, 1000),
        )
        .required(18.0),
        registered("p256", "P-256", Kind::P256, 64, "aws-lc-rs/p256 parsed"),
        registered("p256", "P-256", Kind::P256, 10_000, "aws-lc-rs/p256 parsed"),
        registered("secp256k1", "secp256k1", Kind::Secp256k1, 1000, "secp256k1/verify parsed"),
        registered("bip340", "BIP340", Kind::Bip340, 1000, "secp256k1/schnorr parsed"),
        target("sm2/registered=1000", "SM2, n=1000, 1000 registered keys, beside P-256")
            .subject(Side::sigwarp(Sigwarp::auto(None).registered(), n(Kind::Sm2, 1000, 1000)))
            .baseline(Side::peer("aws-lc-rs/p256 parsed", n(Kind::P256, 1000, 1000))),
        pair(
            "secp256k1/cold",
            "secp256k1, n=64, cold compressed keys",
            secp256k1(),
            "secp256k1/verify",
            n(Kind::Secp256k1, 64, 512),
        )
        .required(8.5),
        pair(
            "secp256k1/recover",
            "secp256k1, recover, n=64",
            Sigwarp::recover(),
            "secp256k1/recover",
            n(Kind::Secp256k1, 64, 512),
        )
        .required(8.0),
        pair(
            "bip340",
            "BIP340, n=1024, cold keys",
            Sigwarp::auto(None),
            "secp256k1/schnorr",
            n(Kind::Bip340, 1024, 1024),
        )
        .required(12.0),
        target("sm2", "SM2, n=64, beside P-256")
            .subject(Side::sigwarp(Sigwarp::auto(None), n(Kind::Sm2, 64, 512)))
            .baseline(Side::peer("aws-lc-rs/p256", n(Kind::P256, 64, 512)))
            .required(8.0),
    ]
}

/// Operations at four a cycle and 3.85 GHz, over the lanes (docs/decisions/hashing.md).
const fn hash_floor(algorithm: Algorithm, bytes: usize) -> Floor {
    let (block, room, cycles, lanes, source) = match algorithm {
        Algorithm::Sha256 => (64, 9, 404.0, 16.0, "1,616 operations a block of 16 lanes at 4 a cycle"),
        Algorithm::Sha512 => (128, 17, 516.0, 8.0, "2,064 operations a block of 8 lanes at 4 a cycle"),
        Algorithm::Sm3 => (64, 9, 395.0, 16.0, "1,580 operations a block of 16 lanes at 4 a cycle"),
        _ => (136, 1, 570.0, 8.0, "2,280 operations a block of 8 lanes at 4 a cycle"),
    };
    let blocks = (bytes + room).div_ceil(block) as f64;
    Floor { ns: blocks * cycles / lanes / 3.85, source }
}

fn hashes() -> Vec<Row> {
    let mut rows = Vec::new();
    for (algorithm, peer, ratio) in [
        (Algorithm::Sha256, "sha2/SHA-256", 3.0),
        (Algorithm::Sha512, "sha2/SHA-512", 6.0),
        (Algorithm::Keccak256, "sha3/Keccak-256", 8.0),
        (Algorithm::Sha3_256, "sha3/SHA3-256", 8.0),
        (Algorithm::Sm3, "sm3/SM3", 8.0),
    ] {
        let name = algorithm.name();
        for bytes in [64, 256, 1024] {
            let (id, title) = (format!("hash/{name}/{bytes}"), format!("{name} of {bytes} B"));
            let row = pair(&id, &title, Sigwarp::hash(algorithm), peer, messages(bytes)).required(ratio);
            rows.push(row.floor(hash_floor(algorithm, bytes)));
        }
        for backend in ["avx2", "portable"] {
            let (id, title) =
                (format!("hash/{name}/{backend}"), format!("{name} of 256 B, {backend} forced"));
            let sigwarp = Sigwarp::hash(algorithm).backend(backend);
            rows.push(pair(&id, &title, sigwarp, peer, messages(256)));
        }
        let side = |lengths| {
            Side::sigwarp(Sigwarp::hash(algorithm), Spec::new(Kind::Messages, 1024, 1024).message(lengths))
        };
        rows.push(
            target(&format!("hash/{name}/mixed"), &format!("{name} of 20 to 600 B, mixed against sorted"))
                .subject(side(Lengths::Mixed(20, 600)))
                .baseline(side(Lengths::Sorted(20, 600)))
                .required(0.8),
        );
    }
    rows
}
