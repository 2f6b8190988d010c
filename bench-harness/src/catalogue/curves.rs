//! The curves y² = x³ + ax + b, one quantity at a time: batch size with cold and with registered keys, bad signatures,
//! threads, and the backends that a machine without AVX-512 runs.

use super::{Row, Side, sigwarp_for};
use crate::contenders::Sigwarp;
use crate::workload::{Bad, Kind, Spec};

/// A scheme, and who else verifies it: from encoded keys, and from keys parsed before.
struct Curve {
    id: &'static str,
    title: &'static str,
    kind: Kind,
    peer: (&'static str, Kind),
    parsed: (&'static str, Kind),
}

const P256: (&str, Kind) = ("aws-lc-rs/p256", Kind::P256);
const P256_PARSED: (&str, Kind) = ("aws-lc-rs/p256 parsed", Kind::P256);

/// SM2 has no fast peer: P-256's stands beside it, as in its target.
const CURVES: [Curve; 4] = [
    Curve { id: "p256", title: "P-256", kind: Kind::P256, peer: P256, parsed: P256_PARSED },
    Curve {
        id: "secp256k1",
        title: "secp256k1",
        kind: Kind::Secp256k1,
        peer: ("secp256k1/verify", Kind::Secp256k1),
        parsed: ("secp256k1/verify parsed", Kind::Secp256k1),
    },
    Curve {
        id: "bip340",
        title: "BIP340",
        kind: Kind::Bip340,
        peer: ("secp256k1/schnorr", Kind::Bip340),
        parsed: ("secp256k1/schnorr parsed", Kind::Bip340),
    },
    Curve { id: "sm2", title: "SM2", kind: Kind::Sm2, peer: P256, parsed: P256_PARSED },
];

/// The curves' ids and titles: a chart each.
pub fn curves() -> impl Iterator<Item = (&'static str, &'static str)> {
    CURVES.iter().map(|curve| (curve.id, curve.title))
}

pub(super) fn rows() -> Vec<Row> {
    CURVES.iter().flat_map(|curve| [curve.sizes(), curve.bad_rates(), curve.others()].concat()).collect()
}

impl Curve {
    fn row(&self, id: &str, title: &str) -> Row {
        Row::new("curves", &format!("{}/{id}", self.id), format!("{}, {title}", self.title))
    }

    fn sigwarp(&self) -> Sigwarp {
        sigwarp_for(self.kind, None)
    }

    fn side(&self, spec: Spec) -> Side {
        Side::sigwarp(self.sigwarp(), spec)
    }

    /// With 1,000 registered keys where there are so many items.
    fn sizes(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for n in [1, 2, 4, 8, 16, 64, 512, 4096, 100_000] {
            let cold = |kind| Spec::new(kind, n, n.max(512));
            rows.push(
                self.row(&format!("n={n}"), &format!("n={n}, cold keys"))
                    .subject(self.side(cold(self.kind)))
                    .baseline(Side::peer(self.peer.0, cold(self.peer.1)))
                    .x(n as f64),
            );
            let known = |kind| cold(kind).keys(cold(kind).items.min(1000));
            let title = format!("n={n}, {} registered keys", known(self.kind).keys);
            rows.push(
                self.row(&format!("registered/n={n}"), &title)
                    .subject(Side::sigwarp(self.sigwarp().registered(), known(self.kind)))
                    .baseline(Side::peer(self.parsed.0, known(self.parsed.1)))
                    .x(n as f64),
            );
        }
        rows
    }

    /// Beside the same engine on good signatures.
    fn bad_rates(&self) -> Vec<Row> {
        let spec = Spec::new(self.kind, 1024, 2048);
        [("1%", 10), ("50%", 500), ("100%", 1000)]
            .into_iter()
            .map(|(id, per_mille)| {
                let bad = Bad::PerMille(per_mille);
                self.row(&format!("bad/{id}"), &format!("n=1024, {bad}, over good ones"))
                    .subject(self.side(spec.bad(bad)))
                    .baseline(self.side(spec))
            })
            .collect()
    }

    /// Two threads, and what runs where there is no AVX-512.
    fn others(&self) -> Vec<Row> {
        let long = Spec::new(self.kind, 2048, 4096);
        let mut rows = vec![
            self.row("threads/2", "n=2048, 2 threads over 1")
                .subject(self.side(long).threads(2))
                .baseline(self.side(long)),
        ];
        let n = |kind| Spec::new(kind, 64, 256);
        for backend in ["avx2", "portable"] {
            rows.push(
                self.row(backend, &format!("n=64, cold keys, {backend} forced"))
                    .subject(Side::sigwarp(self.sigwarp().backend(backend), n(self.kind)))
                    .baseline(Side::peer(self.peer.0, n(self.peer.1))),
            );
        }
        rows
    }
}
