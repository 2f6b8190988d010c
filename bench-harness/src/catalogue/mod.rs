//! The rows that can be measured.

mod alone;
mod curves;
mod overview;
mod peers;
mod sweeps;
mod targets;

use std::collections::HashSet;

use crate::contenders::{Keys, Peer, Sigwarp};
use crate::workload::{Kind, Spec};

pub use alone::alone;
pub use curves::curves;
pub use overview::{SCHEMES, on_all_threads};
pub use peers::{NotACrate, REFERENCE_MACHINE, not_crates};

/// A contender of a row.
#[derive(Debug, Clone)]
pub enum Contender {
    /// Sigwarp.
    Sigwarp(Sigwarp),
    /// A function of another crate.
    Peer(&'static Peer),
}

impl Contender {
    /// Where the work on the keys is done.
    pub const fn keys(&self) -> Keys {
        match self {
            Self::Sigwarp(sigwarp) => sigwarp.keys(),
            Self::Peer(peer) => peer.keys,
        }
    }
}

/// One side of a row: who runs, on what, on how many threads.
#[derive(Debug, Clone)]
pub struct Side {
    /// Who.
    pub contender: Contender,
    /// On what.
    pub spec: Spec,
    /// On how many threads.
    pub threads: usize,
}

impl Side {
    fn sigwarp(sigwarp: Sigwarp, spec: Spec) -> Self {
        Self { contender: Contender::Sigwarp(sigwarp), spec, threads: 1 }
    }

    /// # Panics
    /// When there is no such peer: the ids in the catalogue are constants.
    fn peer(id: &str, spec: Spec) -> Self {
        let peer = Peer::find(id).unwrap_or_else(|| panic!("no peer {id}"));
        Self { contender: Contender::Peer(peer), spec, threads: 1 }
    }

    const fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }
}

/// A figure measured elsewhere, beside which the row's baseline is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reference {
    /// Nanoseconds per item, of a build for any x86-64 processor.
    pub default_ns: Option<f64>,
    /// Nanoseconds per item, of a build for the native processor.
    pub native_ns: Option<f64>,
}

/// The least time that the arithmetic of an item can take on the reference machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Floor {
    /// Nanoseconds per item.
    pub ns: f64,
    /// How it comes about.
    pub source: &'static str,
}

/// One measurement: a subject, a baseline, or a pair of them.
#[derive(Debug, Clone)]
pub struct Row {
    /// The suite that it belongs to.
    pub suite: &'static str,
    /// `suite/…`, unique, stable from version to version.
    pub id: String,
    /// What a report calls it.
    pub title: String,
    /// Usually Sigwarp.
    pub subject: Option<Side>,
    /// What the subject is compared with: a peer, or another run of Sigwarp. The ratio of the row says how many
    /// times faster the subject is.
    pub baseline: Option<Side>,
    /// A figure of the baseline measured elsewhere.
    pub reference: Option<Reference>,
    /// The ratio that the project promises.
    pub required: Option<f64>,
    /// The ratio that it aims at.
    pub aim: Option<f64>,
    /// The least time of the subject.
    pub floor: Option<Floor>,
    /// The position of the row in its suite's plot.
    pub x: Option<f64>,
}

impl Row {
    fn new(suite: &'static str, id: &str, title: impl Into<String>) -> Self {
        Self {
            suite,
            id: format!("{suite}/{id}"),
            title: title.into(),
            subject: None,
            baseline: None,
            reference: None,
            required: None,
            aim: None,
            floor: None,
            x: None,
        }
    }

    fn subject(mut self, side: Side) -> Self {
        self.subject = Some(side);
        self
    }

    fn baseline(mut self, side: Side) -> Self {
        self.baseline = Some(side);
        self
    }

    const fn required(mut self, ratio: f64) -> Self {
        self.required = Some(ratio);
        self
    }

    const fn aim(mut self, ratio: f64) -> Self {
        self.aim = Some(ratio);
        self
    }

    const fn floor(mut self, floor: Floor) -> Self {
        self.floor = Some(floor);
        self
    }

    const fn x(mut self, x: f64) -> Self {
        self.x = Some(x);
        self
    }

    /// Both sides, subject first.
    pub fn sides(&self) -> impl Iterator<Item = &Side> {
        self.subject.iter().chain(&self.baseline)
    }

    /// What one item of the row is called.
    pub fn unit(&self) -> &'static str {
        self.sides().next().map_or("item", |side| side.spec.kind.unit())
    }

    /// Whether its sides differ in threads.
    fn is_about_threads(&self) -> bool {
        self.suite == "threads" || self.id.contains("/threads/")
    }

    /// The most items of a side.
    pub fn items(&self) -> usize {
        self.sides().map(|side| side.spec.items).max().unwrap_or(0)
    }
}

/// The suite of one row for each scheme, measured before all others.
pub const SUITE_OVERVIEW: &str = "overview";

/// The suites and what they show.
pub const SUITES: [(&str, &str); 9] = [
    (
        SUITE_OVERVIEW,
        "what this machine does with each scheme, beside the portable backend: half a second a row",
    ),
    (
        "peers",
        "every peer beside its reference figure, and beside Sigwarp where both take keys in the same form",
    ),
    ("targets", "Sigwarp against a named peer, with the ratio to reach"),
    ("sizes", "throughput against batch size, Ed25519"),
    ("bad-rates", "throughput against the part of bad signatures, beside the throughput of good ones"),
    ("threads", "throughput against threads, Sigwarp's scaling and a peer's"),
    ("keys", "throughput against the number of distinct keys in a batch"),
    ("messages", "throughput against the length of messages"),
    ("curves", "P-256, secp256k1, BIP340 and SM2 by batch size, bad signatures, threads and backend"),
];

/// Every row, for a machine with so many cores.
pub fn rows(cores: usize) -> Vec<Row> {
    let mut rows = overview::rows(cores);
    rows.extend(peers::rows());
    rows.extend(targets::rows());
    rows.extend(sweeps::rows(cores));
    rows.extend(curves::rows());
    rows
}

/// Sigwarp as a node runs it, beside a peer of this kind of item.
pub fn sigwarp_for(kind: Kind, rule: Option<&str>) -> Sigwarp {
    match kind {
        Kind::P256 | Kind::Secp256k1 => Sigwarp::auto(Some("ecdsa")),
        _ => Sigwarp::auto(rule),
    }
}

/// The ids of `rows` that occur twice.
#[doc(hidden)]
pub fn duplicates(rows: &[Row]) -> Vec<&str> {
    let mut seen = HashSet::new();
    rows.iter().map(|row| row.id.as_str()).filter(|id| !seen.insert(*id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_begin_with_a_known_suite() {
        let rows = rows(4);
        assert_eq!(duplicates(&rows), Vec::<&str>::new());
        for row in &rows {
            assert!(row.id.starts_with(row.suite) && SUITES.iter().any(|suite| suite.0 == row.suite));
            assert!(row.sides().next().is_some(), "{}", row.id);
        }
        for (suite, _) in SUITES {
            assert!(rows.iter().any(|row| row.suite == suite), "{suite} has no rows");
        }
    }

    #[test]
    fn both_sides_parse_keys_in_the_same_place() {
        for row in rows(4) {
            let (Some(subject), Some(baseline)) = (&row.subject, &row.baseline) else { continue };
            let pair = (subject.contender.keys(), baseline.contender.keys());
            // A registered key is to Sigwarp what a parsed key is to a peer: the work done once, beforehand.
            assert!(pair.0 == pair.1 || pair == (Keys::Registered, Keys::Parsed), "{}: {pair:?}", row.id);
        }
    }

    #[test]
    fn both_sides_run_on_the_same_inputs_unless_the_row_is_about_the_difference() {
        for row in rows(4) {
            let (Some(subject), Some(baseline)) = (&row.subject, &row.baseline) else { continue };
            let about_the_difference = row.suite == "bad-rates"
                || row.id.contains("/bad/")
                || row.id.contains("mixed")
                || row.id.contains("sm2");
            assert!(subject.spec == baseline.spec || about_the_difference, "{}", row.id);
        }
    }

    #[test]
    fn every_peer_has_a_row() {
        let rows = rows(4);
        for peer in Peer::all() {
            let measured = |side: &Side| matches!(side.contender, Contender::Peer(p) if p.id == peer.id);
            assert!(rows.iter().any(|row| row.sides().any(measured)), "{} is in no row", peer.id);
        }
    }
}
