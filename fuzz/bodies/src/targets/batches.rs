//! Every backend against the oracle, and every batch against its items one by one.

use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use sigwarp::{Batch, BatchView, Column, Engine, Key, KeyId, Message, Suite, Suites, Verdict};

use super::{ENGINES, oracle, verify};
use crate::cases::Case;
use crate::seeds;

/// Each backend gives the oracle's verdict, with its reason, on a batch of cases; and where its construction says
/// that a case is valid or not, so does the oracle.
pub fn backends(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let mut cases = Vec::new();
    while cases.len() < 9 {
        match Case::any(&mut u) {
            Ok(case) => cases.push(case),
            Err(_) => break,
        }
        if u.is_empty() {
            break;
        }
    }
    let expected: Vec<Verdict> = cases.iter().map(oracle).collect();
    for (case, verdict) in cases.iter().zip(&expected) {
        assert!(case.known.is_none_or(|valid| valid == verdict.is_valid()), "oracle: {verdict} on {case:?}");
    }
    for engine in ENGINES.iter() {
        let (cases, expected): (Vec<Case>, Vec<Verdict>) = cases
            .iter()
            .zip(&expected)
            .filter(|(case, _)| engine.supports(&case.suite))
            .map(|(case, verdict)| (case.clone(), *verdict))
            .unzip();
        for ((found, expected), case) in verify(engine, &cases).iter().zip(&expected).zip(&cases) {
            assert_eq!(found, expected, "{:?} on {case:?}", engine.backends());
        }
    }
}

/// A case, the verdict that it gets alone, and the id of its key where the engine's ring takes it.
type Entry = (Case, Verdict, Option<KeyId>);

/// Cases of all suites.
struct Pool {
    cases: Vec<Entry>,
}

/// One pool for each engine in `ENGINES`.
static POOLS: LazyLock<Vec<Pool>> = LazyLock::new(|| {
    let pool = |engine: &Engine| {
        let mut cases = Vec::new();
        for salt in 0..POOL {
            let bytes = seeds::bytes(salt, 600);
            let case = Case::any(&mut Unstructured::new(&bytes)).expect("any bytes make a case");
            if engine.supports(&case.suite) {
                let verdict = verify(engine, std::slice::from_ref(&case))[0];
                assert_eq!(verdict, oracle(&case), "{:?} on {case:?}", engine.backends());
                let id = register(engine, &case, verdict);
                cases.push((case, verdict, id));
            }
        }
        Pool { cases }
    };
    ENGINES.iter().map(pool).collect()
});

const POOL: u64 = 160;

/// Registers the key. One that the suite's rule refuses has no valid item.
fn register(engine: &Engine, case: &Case, verdict: Verdict) -> Option<KeyId> {
    let registered = engine.register(&case.suite, [&case.key]).expect("the budget holds the pool");
    let [registered] = registered.as_slice() else { panic!("{} answers to one key", registered.len()) };
    match registered {
        Ok(id) => Some(*id),
        Err(reason) => {
            assert!(!verdict.is_valid(), "{verdict} with a key that is refused as {reason}: {case:?}");
            None
        }
    }
}

/// An item has the verdict that it gets alone, whatever stands beside it: in any order, any number of times, among
/// other suites, pushed or borrowed, by the bytes of its key or by its id.
pub fn batches(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let _ = check_batch(&mut u);
}

fn check_batch(u: &mut Unstructured<'_>) -> Result<()> {
    let which = u.choose_index(ENGINES.len())?;
    let (engine, pool) = (&ENGINES[which], &POOLS[which]);
    let mut chosen: Vec<&Entry> = Vec::new();
    let limit: usize = u.int_in_range(1..=70)?;
    let one_suite = u.ratio(1, 2)?;
    let first = u.choose_index(pool.cases.len())?;
    while chosen.len() < limit {
        let index = u.choose_index(pool.cases.len())?;
        // A run of the same item, or of one suite: what coalescing and lanes work on.
        let item = if one_suite {
            let suite = &pool.cases[first].0.suite;
            let same = |entry: &&Entry| entry.0.suite.scheme() == suite.scheme();
            let count = pool.cases.iter().filter(same).count();
            pool.cases.iter().filter(same).nth(index % count).expect("one at least: the first")
        } else {
            &pool.cases[index]
        };
        let copies: usize = if u.ratio(1, 8)? { u.int_in_range(1..=9)? } else { 1 };
        chosen.extend(std::iter::repeat_n(item, copies));
        if u.is_empty() {
            break;
        }
    }
    let expected: Vec<Verdict> = chosen.iter().map(|entry| entry.1).collect();
    let found = match u.int_in_range(0..=2)? {
        0 => {
            let cases: Vec<Case> = chosen.iter().map(|entry| entry.0.clone()).collect();
            verify(engine, &cases)
        }
        1 => verify_columns(engine, &chosen),
        _ => verify_ids(engine, &chosen, u.arbitrary()?),
    };
    for (position, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let case = &chosen[position].0;
        assert_eq!(found, expected, "{:?} at {position} of {}: {case:?}", engine.backends(), chosen.len());
    }
    Ok(())
}

/// Keys by their ids: all that are registered, or every second one.
fn verify_ids(engine: &Engine, chosen: &[&Entry], all: bool) -> Vec<Verdict> {
    let mut batch = Batch::new();
    for (position, (case, _, id)) in chosen.iter().enumerate() {
        let id = id.filter(|_| all || position % 2 == 0);
        let message = Message::of(case.suite.scheme().input(), &case.message);
        batch.push(&case.suite, id.map_or(Key::Bytes(&case.key), Key::Id), message, &case.signature);
    }
    engine.verify(&batch).expect("verdicts").iter().collect()
}

/// Borrowed columns, with a suite table that repeats suites: one entry for each item.
fn verify_columns(engine: &Engine, chosen: &[&Entry]) -> Vec<Verdict> {
    let table: Vec<Suite> = chosen.iter().map(|entry| entry.0.suite.clone()).collect();
    let index: Vec<u32> = (0..chosen.len() as u32).collect();
    let rows = |part: fn(&Case) -> &[u8]| chosen.iter().map(|entry| part(&entry.0)).collect::<Vec<_>>();
    let (keys, messages, signatures) = (rows(|c| &c.key), rows(|c| &c.message), rows(|c| &c.signature));
    let view = BatchView::new(
        Suites::PerItem { table: &table, index: &index },
        Column::slices(&keys),
        Column::slices(&messages),
        Column::slices(&signatures),
    );
    engine.verify_columns(&view.expect("equal rows")).expect("verdicts").iter().collect()
}
