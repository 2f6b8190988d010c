//! Every peer beside the figure that was measured for it on the reference machine.

use super::{Reference, Row, Side, sigwarp_for};
use crate::contenders::{Answers, Keys, Peer};
use crate::workload::{Kind, Lengths, Spec};

/// Where the reference figures come from.
pub const REFERENCE_MACHINE: &str =
    "one core of a Zen 5 server part (avx512ifma, sha_ni, about 3.85 GHz), 2026-11-20, medians of 7";

const NONE: Reference = Reference { default_ns: None, native_ns: None };

const fn ns(default: f64) -> Reference {
    Reference { default_ns: Some(default), native_ns: None }
}

const fn both(default: f64, native: f64) -> Reference {
    Reference { default_ns: Some(default), native_ns: Some(native) }
}

const fn native(native: f64) -> Reference {
    Reference { default_ns: None, native_ns: Some(native) }
}

/// Enough items that the verifiers of one signature do not see the same one twice in a row, few enough to make
/// quickly.
const fn singles(kind: Kind) -> Spec {
    let items = match kind {
        Kind::Ed25519 => 2048,
        _ => 512,
    };
    Spec::new(kind, 64, items)
}

const fn batch(items: usize, keys: usize) -> Spec {
    Spec::new(Kind::Ed25519, items, items).keys(keys)
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = ed25519();
    rows.extend(weierstrass());
    rows.extend(hashes());
    rows
}

fn ed25519() -> Vec<Row> {
    let single = singles(Kind::Ed25519);
    let commonware = "commonware-cryptography-curve25519/batch";
    [
        ("ed25519-dalek/verify parsed", single, Some("cofactorless"), both(31_456.0, 16_688.0)),
        ("ed25519-dalek/verify", single, Some("cofactorless"), both(33_943.0, 19_704.0)),
        ("ed25519-dalek/verify_strict", single, Some("strict"), native(23_603.0)),
        ("ed25519-dalek/verify_strict parsed", single, Some("strict"), NONE),
        ("ed25519-dalek/verify_batch parsed", batch(2048, 2048), Some("zip215"), both(10_129.0, 6_881.0)),
        ("ed25519-dalek/verify_batch", batch(2048, 2048), Some("zip215"), NONE),
        ("ed25519-consensus/batch", batch(2048, 2048), Some("zip215"), ns(15_534.0)),
        ("ed25519-consensus/batch", batch(2048, 64), Some("zip215"), ns(7_397.0)),
        ("aws-lc-rs/ed25519", single, Some("cofactorless"), ns(27_939.0)),
        ("ring/ed25519", single, Some("cofactorless"), ns(38_946.0)),
        (commonware, Spec::new(Kind::Ed25519, 64, 2048), Some("zip215"), ns(8_504.0)),
        (commonware, batch(2048, 2048), Some("zip215"), ns(2_761.0)),
        (commonware, batch(16_384, 16_384), Some("zip215"), ns(2_737.0)),
        (commonware, batch(16_384, 64), Some("zip215"), ns(1_346.0)),
        (commonware, batch(16_384, 1024), Some("zip215"), ns(1_367.0)),
        ("commonware-cryptography-curve25519/verify parsed", single, Some("zip215"), ns(11_791.0)),
        ("commonware-cryptography-curve25519/verify", single, Some("zip215"), NONE),
    ]
    .into_iter()
    .map(|(peer, spec, rule, reference)| row(peer, spec, rule, reference))
    .collect()
}

fn weierstrass() -> Vec<Row> {
    [
        // Measured as a range; which end belongs to which form of key is not recorded.
        ("aws-lc-rs/p256", Kind::P256, ns(42_650.0)),
        ("aws-lc-rs/p256 parsed", Kind::P256, ns(39_500.0)),
        ("ring/p256", Kind::P256, ns(40_845.0)),
        ("p256/verify", Kind::P256, ns(165_600.0)),
        ("p256/verify parsed", Kind::P256, NONE),
        ("secp256k1/verify parsed", Kind::Secp256k1, ns(26_660.0)),
        ("secp256k1/verify", Kind::Secp256k1, ns(30_107.0)),
        ("secp256k1/recover", Kind::Secp256k1, ns(31_310.0)),
        ("secp256k1/schnorr", Kind::Bip340, NONE),
        ("secp256k1/schnorr parsed", Kind::Bip340, NONE),
        ("sm2/verify", Kind::Sm2, NONE),
        ("sm2/verify parsed", Kind::Sm2, NONE),
    ]
    .into_iter()
    .map(|(peer, kind, reference)| row(peer, singles(kind), None, reference))
    .collect()
}

/// The lengths of the reference figures; the last stands for "bulk", whose figures are given in GB/s.
const LENGTHS: [usize; 4] = [64, 256, 1024, 65_536];

const fn bulk(gigabytes_per_second: f64) -> Reference {
    ns(65_536.0 / gigabytes_per_second)
}

fn hashes() -> Vec<Row> {
    let mut rows = Vec::new();
    for (peer, references) in [
        ("sha2/SHA-256", [ns(81.0), ns(199.0), ns(616.0), bulk(1.7)]),
        ("sha2-asm/SHA-256", [NONE; 4]),
        ("sha2/SHA-512", [ns(184.0), ns(516.0), ns(1478.0), bulk(0.7)]),
        ("sha2-asm/SHA-512", [NONE; 4]),
        ("sha3/Keccak-256", [ns(317.0), ns(608.0), ns(2370.0), bulk(0.43)]),
        ("sha3/SHA3-256", [NONE; 4]),
        ("sm3/SM3", [ns(299.0), ns(895.0), ns(2410.0), bulk(0.42)]),
        ("blake3/hash", [ns(77.0), ns(390.0), ns(1503.0), NONE]),
    ] {
        for (bytes, reference) in LENGTHS.into_iter().zip(references) {
            rows.push(row(peer, messages(bytes), None, reference));
        }
    }
    rows
}

/// 256 messages a call, as many calls as fit into half a megabyte: the messages come from the L2 cache.
pub(super) const fn messages(bytes: usize) -> Spec {
    let batch = if bytes > 4096 { 8 } else { 256 };
    Spec::new(Kind::Messages, batch, 524_288 / bytes).message(Lengths::Fixed(bytes))
}

fn row(peer: &str, spec: Spec, rule: Option<&str>, reference: Reference) -> Row {
    let side = Side::peer(peer, spec);
    let keys = side.contender.keys();
    let of_batches = Peer::find(peer).is_some_and(|peer| peer.answers == Answers::OneBoolean);
    let short = peer.replace("commonware-cryptography-curve25519", "commonware");
    let (name, title) = match spec.kind {
        Kind::Messages => (format!("{peer}/{}", spec.message), format!("{short}, {}", spec.message)),
        _ if !of_batches => (peer.to_owned(), short),
        _ if spec.keys == spec.items => {
            (format!("{peer}/n={}", spec.batch), format!("{short}, n={}, distinct keys", spec.batch))
        }
        _ => (
            format!("{peer}/n={}/keys={}", spec.batch, spec.keys),
            format!("{short}, n={} over {} keys", spec.batch, spec.keys),
        ),
    };
    let row = Row { reference: Some(reference), ..Row::new("peers", &name.replace(' ', "-"), title) };
    // Sigwarp takes encoded keys: beside a peer with parsed keys, the clocks would not hold the same work.
    let row = match (spec.kind, keys) {
        (Kind::Messages, _) | (_, Keys::Parsed | Keys::None) => row,
        (kind, _) => row.subject(Side::sigwarp(sigwarp_for(kind, rule), spec)),
    };
    row.baseline(side)
}

/// A peer that is no Rust crate: its reference figure is shown, and it is not measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NotACrate {
    /// Who.
    pub name: &'static str,
    /// What was measured.
    pub what: &'static str,
    /// Nanoseconds per item.
    pub ns: f64,
}

/// The reference figures of peers that are no Rust crates.
pub const fn not_crates() -> &'static [NotACrate] {
    const fn peer(name: &'static str, what: &'static str, ns: f64) -> NotACrate {
        NotACrate { name, what, ns }
    }
    const LIST: &[NotACrate] = &[
        peer("Firedancer (C, AVX-512)", "Ed25519 single, strict", 21_500.0),
        peer("Narya r51 (Go and assembly)", "Ed25519 strict, n=64, 200 B, cold keys", 4_971.0),
        peer("Narya r51 (Go and assembly)", "Ed25519 strict, n=64, 200 B, warm tables", 4_276.0),
        peer("Intel crypto_mb (C, 8-lane IFMA)", "Ed25519, 8 at a time", 6_460.0),
        peer("Intel crypto_mb (C, 8-lane IFMA)", "P-256, 8 at a time", 12_230.0),
        peer("Intel crypto_mb (C, 8-lane IFMA)", "SM2 with SM3, 8 at a time", 10_550.0),
        peer("isa-l_crypto (C, multi-buffer)", "SHA-256, 64 B", 72.0),
        peer("isa-l_crypto (C, multi-buffer)", "SHA-256, 256 B", 104.0),
        peer("isa-l_crypto (C, multi-buffer)", "SHA-256, bulk (5.3 GB/s), per 64 KiB", 65_536.0 / 5.3),
        peer("isa-l_crypto (C, multi-buffer)", "SHA-512, 64 B", 56.0),
        peer("isa-l_crypto (C, multi-buffer)", "SHA-512, 256 B", 126.0),
        peer("isa-l_crypto (C, multi-buffer)", "SHA-512, bulk (4.5 GB/s), per 64 KiB", 65_536.0 / 4.5),
        peer("isa-l_crypto (C, multi-buffer)", "SM3, bulk (3.4 GB/s), per 64 KiB", 65_536.0 / 3.4),
    ];
    LIST
}
