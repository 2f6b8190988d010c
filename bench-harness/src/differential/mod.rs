//! Sigwarp against its peers, item by item: the same bytes under the same rule must have the same answer.
//!
//! An item is put to every judge whose rule its scheme has, under that rule, whatever rule the item came with. So each
//! item with a fault is a question to several rules. A [`Judge`] that takes items otherwise than a rule of Sigwarp's
//! does (another form of key, another digest length) does not answer, and is not counted.

mod judges;

use rayon::prelude::*;
use sigwarp::{Batch, Engine, Item, Key, Message, Suite};
use sigwarp_datasets::{RowBlock, divergence_line};

pub use judges::{JUDGES, Judge};

/// What became of the comparison with one judge.
#[derive(Debug)]
pub struct Tally {
    /// Who.
    pub judge: &'static Judge,
    /// The items that both judged.
    pub compared: u64,
    /// Those that the judge accepts.
    pub accepted: u64,
    /// Those on which the two differ.
    pub divergences: u64,
    /// The first of them, as a row of JSONL.
    pub first: Option<String>,
}

impl Tally {
    /// Nothing yet.
    pub const fn new(judge: &'static Judge) -> Self {
        Self { judge, compared: 0, accepted: 0, divergences: 0, first: None }
    }
}

/// Compares the items of a block, and adds to the tallies.
pub fn compare(engine: &Engine, block: &RowBlock, tallies: &mut [Tally]) -> Result<(), sigwarp::Error> {
    let view = block.batch().view()?;
    let mut rules: Vec<&str> = tallies.iter().map(|tally| tally.judge.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    for rule in rules {
        let items: Vec<(usize, Suite)> = (0..view.len())
            .filter_map(|position| Some((position, view.item(position).suite.under(rule)?)))
            .filter(|(_, suite)| engine.supports(suite))
            .collect();
        let mut batch = Batch::new();
        for (position, suite) in &items {
            push(&mut batch, &Item { suite, ..view.item(*position) });
        }
        let verdicts = engine.verify(&batch)?;
        let verdicts: Vec<_> = verdicts.iter().collect();
        for tally in tallies.iter_mut().filter(|tally| tally.judge.rule == rule) {
            let judge = tally.judge;
            let answers: Vec<Option<bool>> = items
                .par_iter()
                .map(|(position, suite)| judge.accepts(&Item { suite, ..view.item(*position) }))
                .collect();
            for (((position, suite), verdict), answer) in items.iter().zip(&verdicts).zip(answers) {
                let Some(accepts) = answer else { continue };
                tally.compared += 1;
                tally.accepted += u64::from(accepts);
                if verdict.is_valid() == accepts {
                    continue;
                }
                tally.divergences += 1;
                tally.first.get_or_insert_with(|| {
                    let item = Item { suite, ..view.item(*position) };
                    let id = block.id(*position).map_or_else(|| position.to_string(), str::to_owned);
                    let peer_says = if accepts { "valid" } else { "invalid" };
                    let said = [("peer", judge.id), ("peer_says", peer_says)];
                    let verdict = verdict.to_string();
                    divergence_line(&id, &item, accepts, &[&said[..], &[("sigwarp_says", &verdict)]].concat())
                });
            }
        }
    }
    Ok(())
}

fn push(batch: &mut Batch, item: &Item<'_>) {
    let message = Message::of(item.suite.scheme().input(), item.message);
    batch.push(item.suite, Key::Bytes(item.key), message, item.signature);
}

#[cfg(test)]
mod tests {
    use sigwarp_datasets::generate::{Generator, Workload};
    use sigwarp_datasets::{ReadOptions, RowReader};

    use super::*;

    fn engine() -> Engine {
        Engine::builder().build().unwrap()
    }

    /// Refuses what has an even length, whatever it says.
    static ODD: Judge =
        Judge::new("odd/verify", "odd", "zip215", Some(|item| Some(item.message.len() % 2 == 1)));
    static SILENT: Judge = Judge::new("silent/verify", "silent", "zip215", Some(|_| None));

    fn generated(items: u64) -> RowBlock {
        let mut block = RowBlock::new();
        Generator::new(Workload::every_suite(3, items)).unwrap().fill(0..items, &mut block);
        block
    }

    #[test]
    fn every_judge_of_this_build_agrees_on_generated_items() {
        let block = generated(3000);
        let mut tallies: Vec<Tally> =
            JUDGES.iter().filter(|judge| judge.is_built()).map(Tally::new).collect();
        compare(&engine(), &block, &mut tallies).unwrap();
        assert!(tallies.len() >= 4, "dalek, p256 and sm2 are in every build");
        for tally in tallies {
            assert_eq!(tally.first, None, "{}", tally.judge.id);
            assert!(tally.accepted > 10, "{}: {} accepted", tally.judge.id, tally.accepted);
            assert!(tally.compared - tally.accepted > 10, "{}: {} compared", tally.judge.id, tally.compared);
        }
    }

    #[test]
    fn a_divergence_is_counted_and_its_line_repeats_it() {
        let block = generated(2000);
        let mut tallies = [Tally::new(&ODD), Tally::new(&SILENT)];
        compare(&engine(), &block, &mut tallies).unwrap();
        assert!(tallies[0].divergences > 10 && tallies[0].divergences < tallies[0].compared);
        assert_eq!((tallies[1].compared, &tallies[1].first), (0, &None));

        let line = tallies[0].first.clone().unwrap();
        let mut reader =
            RowReader::jsonl("line", std::io::Cursor::new(line.clone()), &ReadOptions::default());
        let mut block = RowBlock::new();
        assert!(reader.next_block(&mut block).unwrap());
        let mut again = [Tally::new(&ODD)];
        compare(&engine(), &block, &mut again).unwrap();
        assert_eq!((again[0].compared, again[0].divergences), (1, 1));
        assert_eq!(again[0].first.as_deref(), Some(line.as_str()));
    }
}
