//! The plan of a batch: which items are worked on together, as a pure function of the batch and the backend's
//! shape.

use std::ops::Range;

use crate::batch::BatchView;
use crate::policy::{PathChoice, Paths};

/// What a plan needs to know of a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// How many pieces of work may run at the same time.
    pub(crate) threads: usize,
    /// Items that one vector holds.
    pub(crate) lanes: usize,
    /// The fewest items of a piece that still use the lanes and share inversions well.
    pub(crate) min_piece: usize,
    /// The most items of one piece: bounds the latency of a piece and the memory of its columns.
    pub(crate) max_piece: usize,
    /// The same for pieces that linear combinations may decide.
    pub(crate) max_combined: usize,
}

/// An order of the items, cut into pieces. Items of one suite stand together, in the order of the batch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    /// `None` where the order is that of the batch.
    order: Option<Vec<usize>>,
    pieces: Vec<Range<usize>>,
    paths: Paths,
}

impl Plan {
    /// The plan, on a backend of this shape, of the items whose suite `takes` accepts by its index.
    pub(crate) fn new(
        batch: &BatchView<'_>,
        shape: Shape,
        paths: Paths,
        takes: impl Fn(usize) -> bool,
    ) -> Self {
        let items = batch.len();
        let suites = batch.suite_table().len();
        let mut pieces = Vec::new();
        if suites <= 1 {
            if suites == 1 && takes(0) {
                cut(0..items, shape, limit(&paths, batch, 0, shape), items, &mut pieces);
            }
            return Self { order: None, pieces, paths };
        }
        // A counting sort by suite: stable, and linear in items and suites.
        let mut starts = vec![0; suites + 1];
        for item in 0..items {
            starts[batch.suite_index(item) as usize + 1] += 1;
        }
        for suite in 0..suites {
            starts[suite + 1] += starts[suite];
        }
        for suite in (0..suites).filter(|&suite| takes(suite)) {
            let limit = limit(&paths, batch, suite, shape);
            cut(starts[suite]..starts[suite + 1], shape, limit, items, &mut pieces);
        }
        let mut order = vec![0; items];
        for item in 0..items {
            let next = &mut starts[batch.suite_index(item) as usize];
            order[*next] = item;
            *next += 1;
        }
        Self { order: Some(order), pieces, paths }
    }

    /// The plan of some items of a batch, on a backend of this shape.
    pub(crate) fn of_items(batch: &BatchView<'_>, mut items: Vec<usize>, shape: Shape, paths: Paths) -> Self {
        items.sort_by_key(|&item| batch.suite_index(item));
        let mut pieces = Vec::new();
        let mut start = 0;
        for run in items.chunk_by(|&a, &b| batch.suite_index(a) == batch.suite_index(b)) {
            let suite = batch.suite_index(run[0]) as usize;
            let limit = limit(&paths, batch, suite, shape);
            cut(start..start + run.len(), shape, limit, items.len(), &mut pieces);
            start += run.len();
        }
        Self { order: Some(items), pieces, paths }
    }

    /// All items, in the order of the pieces.
    pub(crate) fn every_item(&self) -> impl Iterator<Item = usize> + '_ {
        self.pieces.iter().flat_map(|piece| self.items(piece))
    }

    /// How the path of a piece is chosen.
    #[inline]
    pub(crate) fn paths(&self) -> &Paths {
        &self.paths
    }

    /// The pieces, each of one suite.
    #[inline]
    pub(crate) fn pieces(&self) -> &[Range<usize>] {
        &self.pieces
    }

    /// The items of a piece.
    #[inline]
    pub(crate) fn items(&self, piece: &Range<usize>) -> impl Iterator<Item = usize> + Clone + '_ {
        piece.clone().map(|position| self.order.as_ref().map_or(position, |order| order[position]))
    }

    /// The number of items in all pieces.
    pub(crate) fn len(&self) -> usize {
        self.pieces.iter().map(ExactSizeIterator::len).sum()
    }
}

/// The most items of a piece of a suite.
fn limit(paths: &Paths, batch: &BatchView<'_>, suite: usize, shape: Shape) -> usize {
    if batch.suite_table()[suite].combines() && paths.choice != PathChoice::Lanes {
        shape.max_combined
    } else {
        shape.max_piece
    }
}

/// Cuts a run into pieces of whole vectors, of at most `limit` items. With several threads pieces are short enough
/// that every thread gets several of the batch, but not so short that lanes and shared inversions go unused. Pieces
/// of combinations cost the less an item the longer they are: each thread gets one at a time.
fn cut(run: Range<usize>, shape: Shape, limit: usize, items: usize, pieces: &mut Vec<Range<usize>>) {
    const PIECES_PER_THREAD: usize = 4;
    let length = if limit > shape.max_piece {
        let rounds = run.len().div_ceil(limit * shape.threads);
        let share = run.len().div_ceil((rounds * shape.threads).max(1));
        share.next_multiple_of(shape.lanes).clamp(shape.min_piece, limit)
    } else if shape.threads == 1 {
        limit
    } else {
        let share = items.div_ceil(shape.threads * PIECES_PER_THREAD);
        share.next_multiple_of(shape.lanes).clamp(shape.min_piece, limit)
    };
    let mut start = run.start;
    while start < run.end {
        let end = (start + length).min(run.end);
        pieces.push(start..end);
        start = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Column, Suites};
    use crate::policy::Costs;
    use crate::{Ed25519Rule, Suite};

    /// By default pieces of combinations are no longer than others here.
    const PATHS: Paths = Paths {
        costs: Costs {
            lanes: 1.0,
            known: 1.0,
            item: 1.0,
            decode: 1.0,
            addition: 1.0,
            bucket: 1.0,
            sum: 1.0,
            entry: 1.0,
            torsion: 1.0,
            vector: 8,
        },
        choice: PathChoice::Lanes,
    };

    fn check(suites: &[u32], table: usize, shape: Shape) {
        let rows: Vec<&[u8]> = vec![b""; suites.len()];
        let table: Vec<Suite> = Ed25519Rule::ALL[..table].iter().map(|&rule| Suite::ed25519(rule)).collect();
        let column = Column::slices(&rows);
        let batch =
            BatchView::new(Suites::PerItem { table: &table, index: suites }, column, column, column).unwrap();
        // Two backends share the suites; together they plan every item once.
        let mut seen: Vec<usize> = Vec::new();
        for takes in [|suite: usize| suite.is_multiple_of(2), |suite: usize| !suite.is_multiple_of(2)] {
            let plan = Plan::new(&batch, shape, PATHS, takes);
            let mut planned = 0;
            for piece in plan.pieces() {
                assert!(!piece.is_empty() && piece.len() <= shape.max_piece);
                let items: Vec<usize> = plan.items(piece).collect();
                assert!(items.iter().all(|&item| suites[item] == suites[items[0]]), "one suite per piece");
                assert!(items.iter().all(|&item| takes(suites[item] as usize)), "a suite that it takes");
                assert!(items.is_sorted());
                planned += items.len();
                seen.extend(items);
            }
            assert_eq!(plan.len(), planned);
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..suites.len()).collect::<Vec<_>>(), "every item once");
    }

    #[test]
    fn every_item_is_planned_once_in_pieces_of_one_suite() {
        for threads in [1, 2, 7] {
            for (lanes, min_piece, max_piece) in [(1, 1, 1), (1, 4, 8), (8, 64, 256)] {
                for items in [0, 1, 2, 7, 8, 9, 63, 64, 65, 1000] {
                    for table in [1, 2, 9] {
                        let suites: Vec<u32> = (0..items).map(|i| (i * 7 + i / 3) % table as u32).collect();
                        check(
                            &suites,
                            table,
                            Shape { threads, lanes, min_piece, max_piece, max_combined: 4096 },
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn some_items_are_planned_once_each_in_pieces_of_one_suite() {
        let table: Vec<Suite> = Ed25519Rule::ALL[..3].iter().map(|&rule| Suite::ed25519(rule)).collect();
        let suites: Vec<u32> = (0..500).map(|i| i * 5 % 3).collect();
        let rows: Vec<&[u8]> = vec![b""; suites.len()];
        let column = Column::slices(&rows);
        let suites = Suites::PerItem { table: &table, index: &suites };
        let batch = BatchView::new(suites, column, column, column).unwrap();
        let shape = Shape { threads: 2, lanes: 8, min_piece: 8, max_piece: 16, max_combined: 4096 };
        let some: Vec<usize> = (0..500).rev().filter(|i| i % 7 != 1).collect();
        let plan = Plan::of_items(&batch, some.clone(), shape, PATHS);
        for piece in plan.pieces() {
            let suites: Vec<u32> = plan.items(piece).map(|item| batch.suite_index(item)).collect();
            assert!(piece.len() <= 16 && suites.iter().all(|suite| *suite == suites[0]));
        }
        let mut planned: Vec<usize> = plan.every_item().collect();
        planned.sort_unstable_by(|a, b| b.cmp(a));
        assert_eq!((planned, plan.len()), (some.clone(), some.len()));
        assert_eq!(Plan::of_items(&batch, Vec::new(), shape, PATHS).pieces(), []);
    }

    #[test]
    fn pieces_of_combinations_are_long_and_shared_evenly() {
        let suite = Suite::ed25519(Ed25519Rule::Zip215);
        let lengths = |items: usize, threads: usize| -> Vec<usize> {
            let rows: Vec<&[u8]> = vec![b""; items];
            let column = Column::slices(&rows);
            let batch = BatchView::new(Suites::One(&suite), column, column, column).unwrap();
            let shape = Shape { threads, lanes: 8, min_piece: 64, max_piece: 256, max_combined: 1000 };
            let paths = Paths { choice: PathChoice::Auto, ..PATHS };
            Plan::new(&batch, shape, paths, |_| true).pieces().iter().map(ExactSizeIterator::len).collect()
        };
        assert_eq!(lengths(1, 1), [1]);
        assert_eq!(lengths(999, 1), [999]);
        assert_eq!(lengths(1600, 1), [800, 800]);
        assert_eq!(lengths(1600, 2), [800, 800]);
        assert_eq!(lengths(2400, 2), [600, 600, 600, 600]);
        assert_eq!(lengths(100, 2), [64, 36]);
        assert_eq!(lengths(0, 2), [0; 0]);
    }

    #[test]
    fn pieces_are_no_longer_than_others_where_nothing_is_combined() {
        let rows: Vec<&[u8]> = vec![b""; 300];
        let column = Column::slices(&rows);
        let lengths = |suite: &Suite, choice: PathChoice, max_combined: usize| -> Vec<usize> {
            let batch = BatchView::new(Suites::One(suite), column, column, column).unwrap();
            let shape = Shape { threads: 1, lanes: 8, min_piece: 64, max_piece: 256, max_combined };
            let paths = Paths { choice, ..PATHS };
            Plan::new(&batch, shape, paths, |_| true).pieces().iter().map(ExactSizeIterator::len).collect()
        };
        let ed25519 = Suite::ed25519(Ed25519Rule::Zip215);
        assert_eq!(lengths(&ed25519, PathChoice::Auto, 1000), [300]);
        assert_eq!(lengths(&ed25519, PathChoice::Combination, 1000), [300]);
        assert_eq!(lengths(&ed25519, PathChoice::Lanes, 1000), [256, 44]);
        // A backend whose sums are no longer than its other pieces.
        assert_eq!(lengths(&ed25519, PathChoice::Auto, 256), [256, 44]);
        let sm2 = Suite::sm2(crate::Sm2Encoding::Raw);
        assert_eq!(lengths(&sm2, PathChoice::Auto, 1000), [256, 44]);
    }

    #[test]
    fn pieces_use_every_thread_and_whole_vectors() {
        let suite = Suite::ed25519(Ed25519Rule::Zip215);
        let lengths = |items: usize, threads: usize| -> Vec<usize> {
            let rows: Vec<&[u8]> = vec![b""; items];
            let column = Column::slices(&rows);
            let batch = BatchView::new(Suites::One(&suite), column, column, column).unwrap();
            let shape = Shape { threads, lanes: 8, min_piece: 64, max_piece: 256, max_combined: 16_384 };
            Plan::new(&batch, shape, PATHS, |_| true).pieces().iter().map(ExactSizeIterator::len).collect()
        };
        assert_eq!(lengths(100, 1), [100]);
        assert_eq!(lengths(600, 1), [256, 256, 88]);
        assert_eq!(lengths(64, 2), [64]);
        assert_eq!(lengths(130, 2), [64, 64, 2]);
        assert_eq!(lengths(1000, 2), [128, 128, 128, 128, 128, 128, 128, 104]);
        assert!(lengths(100_000, 2).iter().all(|&length| length == 256 || length == 100_000 % 256));
    }
}
