//! The plan of a batch: which items are worked on together, as a pure function of the batch and the backend's
//! shape.

use std::ops::Range;

use crate::backend::Shape;
use crate::batch::BatchView;

/// An order of the items, cut into pieces. Items of one suite stand together, in the order of the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// `None` where the order is that of the batch.
    order: Option<Vec<usize>>,
    pieces: Vec<Range<usize>>,
}

impl Plan {
    /// The plan, on a backend of this shape, of the items whose suite `takes` accepts by its index.
    pub(crate) fn new(batch: &BatchView<'_>, shape: Shape, takes: impl Fn(usize) -> bool) -> Self {
        let items = batch.len();
        let suites = batch.suite_table().len();
        let mut pieces = Vec::new();
        if suites <= 1 {
            if suites == 1 && takes(0) {
                cut(0..items, shape, items, &mut pieces);
            }
            return Self { order: None, pieces };
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
            cut(starts[suite]..starts[suite + 1], shape, items, &mut pieces);
        }
        let mut order = vec![0; items];
        for item in 0..items {
            let next = &mut starts[batch.suite_index(item) as usize];
            order[*next] = item;
            *next += 1;
        }
        Self { order: Some(order), pieces }
    }

    /// The pieces, each of one suite.
    pub(crate) fn pieces(&self) -> &[Range<usize>] {
        &self.pieces
    }

    /// The items of a piece.
    pub(crate) fn items(&self, piece: &Range<usize>) -> impl Iterator<Item = usize> + Clone + '_ {
        piece.clone().map(|position| self.order.as_ref().map_or(position, |order| order[position]))
    }

    /// The number of items in all pieces.
    pub(crate) fn len(&self) -> usize {
        self.pieces.iter().map(ExactSizeIterator::len).sum()
    }
}

/// Cuts a run into pieces of whole vectors, no longer than the shape allows. With several threads pieces are short
/// enough that every thread gets several of the batch, but not so short that lanes and shared inversions go unused.
fn cut(run: Range<usize>, shape: Shape, items: usize, pieces: &mut Vec<Range<usize>>) {
    const PIECES_PER_THREAD: usize = 4;
    let length = if shape.threads == 1 {
        shape.max_piece
    } else {
        let share = items.div_ceil(shape.threads * PIECES_PER_THREAD);
        share.next_multiple_of(shape.lanes).clamp(shape.min_piece, shape.max_piece)
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
    use crate::{Ed25519Rule, Suite};

    fn check(suites: &[u32], table: usize, shape: Shape) {
        let rows: Vec<&[u8]> = vec![b""; suites.len()];
        let table: Vec<Suite> = Ed25519Rule::ALL[..table].iter().map(|&rule| Suite::ed25519(rule)).collect();
        let column = Column::slices(&rows);
        let batch =
            BatchView::new(Suites::PerItem { table: &table, index: suites }, column, column, column).unwrap();
        // Two backends share the suites; together they plan every item once.
        let mut seen: Vec<usize> = Vec::new();
        for takes in [|suite: usize| suite.is_multiple_of(2), |suite: usize| !suite.is_multiple_of(2)] {
            let plan = Plan::new(&batch, shape, takes);
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
                        check(&suites, table, Shape { threads, lanes, min_piece, max_piece });
                    }
                }
            }
        }
    }

    #[test]
    fn pieces_use_every_thread_and_whole_vectors() {
        let suite = Suite::ed25519(Ed25519Rule::Zip215);
        let lengths = |items: usize, threads: usize| -> Vec<usize> {
            let rows: Vec<&[u8]> = vec![b""; items];
            let column = Column::slices(&rows);
            let batch = BatchView::new(Suites::One(&suite), column, column, column).unwrap();
            let shape = Shape { threads, lanes: 8, min_piece: 64, max_piece: 256 };
            Plan::new(&batch, shape, |_| true).pieces().iter().map(ExactSizeIterator::len).collect()
        };
        assert_eq!(lengths(100, 1), [100]);
        assert_eq!(lengths(600, 1), [256, 256, 88]);
        assert_eq!(lengths(64, 2), [64]);
        assert_eq!(lengths(130, 2), [64, 64, 2]);
        assert_eq!(lengths(1000, 2), [128, 128, 128, 128, 128, 128, 128, 104]);
        assert!(lengths(100_000, 2).iter().all(|&length| length == 256 || length == 100_000 % 256));
    }
}
