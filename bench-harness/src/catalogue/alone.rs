//! The rows that show Sigwarp by itself.

use super::{Contender, Row, SUITE_OVERVIEW, Side};

/// Of `rows`, those that need no peer, with `backend` where the engine would choose, and `threads` where a row says
/// nothing of threads. A row is left out where it names another backend. A suite keeps its series whole; a target without
/// its peer is left out where a series or another target has the same run.
pub fn alone(rows: Vec<Row>, backend: &str, threads: usize) -> Vec<Row> {
    let mut alone: Vec<Row> = Vec::new();
    for mut row in rows.into_iter().filter(|row| row.suite != "peers") {
        if !row.baseline.as_ref().is_some_and(is_sigwarp) {
            row.baseline = None;
            // Ratios to a peer.
            (row.required, row.aim) = (None, None);
        }
        if row.suite == SUITE_OVERVIEW && backend != "auto" {
            // A machine is shown with any backend, without another beside it.
            row.baseline = None;
        }
        let about_threads = row.is_about_threads();
        let mut sides = row.subject.iter_mut().chain(&mut row.baseline);
        let fits = sides.all(|side| {
            if !about_threads {
                side.threads = threads;
            }
            force(side, backend)
        });
        if fits && row.subject.as_ref().is_some_and(is_sigwarp) {
            alone.push(row);
        }
    }
    let mut index = 0;
    while index < alone.len() {
        let row = &alone[index];
        let elsewhere = |(place, other): (usize, &Row)| {
            (other.suite != row.suite || place < index)
                && same(&other.subject, &row.subject)
                && same(&other.baseline, &row.baseline)
        };
        if row.suite == "targets" && alone.iter().enumerate().any(elsewhere) {
            alone.remove(index);
        } else {
            index += 1;
        }
    }
    alone
}

const fn is_sigwarp(side: &Side) -> bool {
    matches!(side.contender, Contender::Sigwarp(_))
}

/// Puts `backend` in the place of the engine's choice; whether the side then runs on it.
fn force(side: &mut Side, backend: &str) -> bool {
    let Contender::Sigwarp(sigwarp) = &mut side.contender else { return false };
    if sigwarp.backend == "auto" {
        backend.clone_into(&mut sigwarp.backend);
    }
    backend == "auto" || sigwarp.backend == backend
}

fn same(a: &Option<Side>, b: &Option<Side>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => match (&a.contender, &b.contender) {
            (Contender::Sigwarp(x), Contender::Sigwarp(y)) => {
                x == y && a.spec == b.spec && a.threads == b.threads
            }
            _ => false,
        },
        (None, None) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::rows;

    fn sigwarps(row: &Row) -> impl Iterator<Item = &crate::contenders::Sigwarp> {
        row.sides().map(|side| match &side.contender {
            Contender::Sigwarp(sigwarp) => sigwarp,
            Contender::Peer(peer) => panic!("{} is measured beside {}", row.id, peer.id),
        })
    }

    #[test]
    fn no_peer_is_left_and_no_target_is_there_twice() {
        let alone = alone(rows(4), "auto", 1);
        let runs = |row: &Row| format!("{:?} {:?}", row.subject, row.baseline);
        for row in &alone {
            assert!(sigwarps(row).count() >= 1);
            assert!(row.required.is_none() || row.baseline.is_some(), "{}", row.id);
            let others = alone.iter().filter(|other| runs(other) == runs(row)).count() - 1;
            assert!(row.suite != "targets" || others == 0, "{} is there twice", row.id);
        }
        for suite in ["overview", "targets", "sizes", "bad-rates", "threads", "keys", "messages", "curves"] {
            assert!(alone.iter().any(|row| row.suite == suite), "{suite}");
        }
        assert!(alone.iter().any(|row| sigwarps(row).any(|sigwarp| sigwarp.backend == "avx2")));
    }

    #[test]
    fn a_forced_backend_is_that_of_every_row() {
        for backend in ["avx2", "portable"] {
            let alone = alone(rows(4), backend, 2);
            assert!(alone.len() > 40);
            for row in &alone {
                assert!(sigwarps(row).all(|sigwarp| sigwarp.backend == backend), "{}", row.id);
                assert!(row.is_about_threads() || row.sides().all(|side| side.threads == 2), "{}", row.id);
            }
        }
    }
}
