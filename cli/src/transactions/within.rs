//! The reports that a record has: its own, and those of the blocks and transactions in it.

use sigwarp_profiles::Report;

/// Which part of a record a report is of; the whole where neither is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Within {
    /// Of a record of many blocks, the place of the block.
    pub(super) block: Option<usize>,
    /// The place of the transaction in its block.
    pub(super) transaction: Option<usize>,
}

/// Whether a report is of a block, or of many of them.
pub(super) fn is_block(report: &Report) -> bool {
    !report.transactions.is_empty() || report.hash.is_some()
}

/// The report of a record and all within it, each before what it has within itself.
pub(super) fn each(report: &Report) -> Vec<(Within, &Report)> {
    let mut all = vec![(Within::default(), report)];
    let is_list = report.transactions.iter().any(is_block);
    for (place, inner) in report.transactions.iter().enumerate() {
        if !is_list {
            all.push((Within { block: None, transaction: Some(place) }, inner));
            continue;
        }
        let block = Some(place);
        all.push((Within { block, transaction: None }, inner));
        let transactions = inner.transactions.iter().enumerate();
        all.extend(transactions.map(|(place, inner)| (Within { block, transaction: Some(place) }, inner)));
    }
    all
}

#[cfg(test)]
mod tests {
    use sigwarp_profiles::Verdict;

    use super::*;

    #[test]
    fn blocks_and_their_transactions_are_found() {
        let transaction = || Report::new(Verdict::Valid);
        let of = |transactions| {
            let mut report = transaction();
            report.transactions = transactions;
            report
        };
        let block = |count| {
            let mut block = of((0..count).map(|_| transaction()).collect());
            block.hash = Some(vec![7]);
            block
        };
        let places = |report: &Report| -> Vec<(Option<usize>, Option<usize>)> {
            each(report).iter().map(|(within, _)| (within.block, within.transaction)).collect()
        };
        assert_eq!(places(&transaction()), [(None, None)]);
        assert_eq!(places(&block(2)), [(None, None), (None, Some(0)), (None, Some(1))]);
        let file = of(vec![block(1), block(0)]);
        let of_file = [(None, None), (Some(0), None), (Some(0), Some(0)), (Some(1), None)];
        assert_eq!(places(&file), of_file);
    }
}
