//! One row for each scheme, on one core and on all: what a machine does, without anything to choose.

use super::{Row, SUITE_OVERVIEW, Side, sigwarp_for};
use crate::workload::{Kind, Spec};

/// The schemes: id, title, kind of items, and the rule where there are several.
pub const SCHEMES: [(&str, &str, Kind, Option<&str>); 5] = [
    ("ed25519", "Ed25519, zip215", Kind::Ed25519, Some("zip215")),
    ("p256", "ECDSA P-256", Kind::P256, None),
    ("secp256k1", "ECDSA secp256k1", Kind::Secp256k1, None),
    ("bip340", "BIP340", Kind::Bip340, None),
    ("sm2", "SM2", Kind::Sm2, None),
];

/// Enough for every vector to be full and for linear combinations to pay.
const BATCH: usize = 2048;

/// More cores get no larger batches than so many of one: making the signatures would take longer than verifying them.
const MOST_BATCHES: usize = 8;

/// Where the rows on all threads are.
const THREADS: &str = "overview/threads/";

pub(super) fn rows(cores: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for (id, title, kind, rule) in SCHEMES {
        let sigwarp = || sigwarp_for(kind, rule);
        let spec = Spec::new(kind, BATCH, BATCH);
        rows.push(
            Row::new(SUITE_OVERVIEW, id, title)
                .subject(Side::sigwarp(sigwarp(), spec))
                .baseline(Side::sigwarp(sigwarp().backend("portable"), spec)),
        );
        if cores > 1 {
            let batch = BATCH * cores.min(MOST_BATCHES);
            rows.push(
                Row::new(SUITE_OVERVIEW, &format!("threads/{id}"), format!("{title}, {cores} threads"))
                    .subject(Side::sigwarp(sigwarp(), Spec::new(kind, batch, batch)).threads(cores)),
            );
        }
    }
    rows
}

/// The row with the same scheme on all threads.
pub fn on_all_threads(id: &str) -> Option<String> {
    let scheme = id.strip_prefix("overview/")?;
    (!id.starts_with(THREADS)).then(|| format!("{THREADS}{scheme}"))
}
