//! One quantity at a time: what the plots show.

use super::{Row, Side};
use crate::contenders::Sigwarp;
use crate::workload::{Bad, Kind, Lengths, Spec};

const COMMONWARE: &str = "commonware-cryptography-curve25519/batch";
const DALEK_STRICT: &str = "ed25519-dalek/verify_strict";

pub(super) fn rows(cores: usize) -> Vec<Row> {
    let mut rows = sizes();
    rows.extend(bad_rates());
    rows.extend(threads(cores));
    rows.extend(keys());
    rows.extend(messages());
    rows
}

fn pair(row: Row, rule: &str, peer: &str, spec: Spec) -> Row {
    row.subject(Side::sigwarp(Sigwarp::auto(Some(rule)), spec)).baseline(Side::peer(peer, spec))
}

/// `--max-items` cuts the long tail off.
fn sizes() -> Vec<Row> {
    let mut rows = Vec::new();
    for (rule, peer) in [("zip215", COMMONWARE), ("strict", DALEK_STRICT)] {
        for n in [1, 2, 4, 8, 16, 32, 64, 256, 1024, 4096, 16_384, 65_536, 1_000_000] {
            let row = Row::new("sizes", &format!("{rule}/n={n}"), format!("{rule}, n={n}, distinct keys"));
            let spec = Spec::new(Kind::Ed25519, n, n.max(1024));
            rows.push(pair(row, rule, peer, spec).x(n as f64));
        }
    }
    rows
}

/// The baseline is the path that answers for each item, on good signatures.
fn bad_rates() -> Vec<Row> {
    let spec = Spec::new(Kind::Ed25519, 1024, 4096);
    let mut rows = Vec::new();
    for rule in ["zip215", "strict"] {
        let row = |id: &str, bad: Bad| {
            Row::new("bad-rates", &format!("{rule}/{id}"), format!("{rule}, n=1024, {bad}"))
                .subject(Side::sigwarp(Sigwarp::auto(Some(rule)), spec.bad(bad)))
                .baseline(Side::sigwarp(Sigwarp::auto(Some("strict")).in_lanes(), spec))
        };
        rows.push(row("0%", Bad::None).x(0.0));
        for (id, per_mille) in [("0.1%", 1), ("1%", 10), ("10%", 100), ("50%", 500), ("100%", 1000)] {
            let row = row(id, Bad::PerMille(per_mille)).required(0.8);
            rows.push(row.x(f64::from(per_mille) / 10.0));
        }
        rows.push(row("alternating", Bad::EverySecondBatch).required(0.8));
    }
    rows
}

/// 1, 2, 4, … and all cores, each against one. A batch of 2,048 takes some milliseconds: long enough that waking threads
/// does not count, short enough that most samples of a virtual machine meet no interruption by its host.
fn threads(cores: usize) -> Vec<Row> {
    let mut counts: Vec<usize> = (0..).map(|power| 1 << power).take_while(|&count| count < cores).collect();
    counts.push(cores.max(1));
    let spec = Spec::new(Kind::Ed25519, 2048, 16_384);
    let mut rows = Vec::new();
    for threads in counts {
        let of_sigwarp = |rule: &str| Side::sigwarp(Sigwarp::auto(Some(rule)), spec);
        for rule in ["zip215", "strict"] {
            let row = Row::new(
                "threads",
                &format!("{rule}/{threads}"),
                format!("{rule}, {threads} threads over 1"),
            )
            .subject(of_sigwarp(rule).threads(threads))
            .baseline(of_sigwarp(rule))
            .x(threads as f64);
            // The promise is about two cores, where the peer reaches it too.
            rows.push(if threads == 2 { row.required(1.9) } else { row });
        }
        rows.push(
            Row::new(
                "threads",
                &format!("commonware/{threads}"),
                format!("commonware batch, {threads} threads over 1"),
            )
            .subject(Side::peer(COMMONWARE, spec).threads(threads))
            .baseline(Side::peer(COMMONWARE, spec))
            .x(threads as f64),
        );
    }
    rows
}

fn keys() -> Vec<Row> {
    [1, 8, 64, 512, 4096, 16_384]
        .into_iter()
        .map(|keys| {
            let row =
                Row::new("keys", &format!("zip215/keys={keys}"), format!("zip215, n=16384 over {keys} keys"));
            pair(row, "zip215", COMMONWARE, Spec::new(Kind::Ed25519, 16_384, 16_384).keys(keys))
                .x(keys as f64)
        })
        .collect()
}

fn messages() -> Vec<Row> {
    [32, 128, 512, 2048, 8192, 65_536]
        .into_iter()
        .map(|bytes| {
            let row = Row::new("messages", &format!("strict/{bytes}"), format!("strict, n=64, {bytes} B"));
            let spec = Spec::new(Kind::Ed25519, 64, 512).message(Lengths::Fixed(bytes));
            pair(row, "strict", DALEK_STRICT, spec).x(bytes as f64)
        })
        .collect()
}
