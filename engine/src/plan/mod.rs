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
    /// The plan of `batch` on a backend of this shape.
    pub(crate) fn new(batch: &BatchView<'_>, shape: Shape) -> Self {
        let items = batch.len();
        let suites = batch.suite_table().len();
        let mut pieces = Vec::new();
        if suites <= 1 {
            cut(0..items, shape, items, &mut pieces);
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
        for run in starts.windows(2) {
            cut(run[0]..run[1], shape, items, &mut pieces);
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
    pub(crate) fn items(&self, piece: &Range<usize>) -> impl Iterator<Item = usize> + '_ {
        piece.clone().map(|position| self.order.as_ref().map_or(position, |order| order[position]))
    }
}

/// Cuts a run into pieces no longer than the shape allows, and short enough that every thread gets several pieces
/// of the whole batch.
fn cut(run: Range<usize>, shape: Shape, items: usize, pieces: &mut Vec<Range<usize>>) {
    const PIECES_PER_THREAD: usize = 4;
    let share = items.div_ceil(shape.threads * PIECES_PER_THREAD);
    let length = if shape.threads == 1 { shape.max_piece } else { share.clamp(1, shape.max_piece) };
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
        let plan = Plan::new(&batch, shape);
        let mut seen: Vec<usize> = Vec::new();
        for piece in plan.pieces() {
            assert!(!piece.is_empty() && piece.len() <= shape.max_piece);
            let items: Vec<usize> = plan.items(piece).collect();
            assert!(items.iter().all(|&item| suites[item] == suites[items[0]]), "one suite per piece");
            assert!(items.is_sorted());
            seen.extend(items);
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..suites.len()).collect::<Vec<_>>(), "every item once");
    }

    #[test]
    fn every_item_is_planned_once_in_pieces_of_one_suite() {
        for threads in [1, 2, 7] {
            for max_piece in [1, 8, 256] {
                for items in [0, 1, 2, 7, 8, 9, 63, 64, 65, 1000] {
                    for table in [1, 2, 9] {
                        let suites: Vec<u32> = (0..items).map(|i| (i * 7 + i / 3) % table as u32).collect();
                        check(&suites, table, Shape { threads, max_piece });
                    }
                }
            }
        }
    }
}
