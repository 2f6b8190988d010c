//! The pre-validator: any order of submitting, cancelling, flushing, waiting and closing, against a model. Every item
//! that is accepted has one outcome, which is the oracle's verdict unless it was cancelled or names no key.

use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use arbitrary::{Result, Unstructured};
use sigwarp::prevalidator::{
    Config, Fault, Group, Outcome, Partial, Prevalidator, Priority, Submission, SubmitError, Ticket,
};
use sigwarp::{Engine, Key, KeyId, Message, Verdict};

use super::oracle;
use crate::cases::Case;
use crate::seeds;

const POOL: u64 = 90;
/// Operations of an input, at most.
const MOST: usize = 30;
/// Longer than any run of this.
const HOUR: Duration = Duration::from_secs(3600);
/// The bytes of the smallest duplicate cache, or a little more.
const CACHE_BYTES: usize = 64 << 10;

/// What an item must get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Verdict(Verdict),
    UnknownKey,
    Cancelled,
}

/// A case, the id of its key where that is registered, and the oracle's verdict.
struct Entry {
    case: Case,
    id: Option<KeyId>,
    verdict: Verdict,
}

struct Pool {
    engine: Arc<Engine>,
    entries: Vec<Entry>,
    /// An id that was dropped.
    gone: KeyId,
}

static POOL_OF_ITEMS: LazyLock<Pool> = LazyLock::new(|| {
    let engine = Engine::builder().threads(NonZeroUsize::MIN).build().expect("portable runs everywhere");
    engine.self_test().expect("its known answers");
    let mut entries = Vec::new();
    for salt in 0..POOL {
        let bytes = seeds::bytes(salt + 20_000, 600);
        let case = Case::any(&mut Unstructured::new(&bytes)).expect("any bytes make a case");
        let registered = engine.register(&case.suite, [&case.key]).expect("room");
        let (id, verdict) = (registered[0].ok(), oracle(&case));
        entries.push(Entry { case, id, verdict });
    }
    let gone = entries.iter().find_map(|entry| entry.id).expect("a key that can be registered");
    engine.unregister(&[gone]);
    // Other items may have had the same key.
    entries.iter_mut().filter(|entry| entry.id == Some(gone)).for_each(|entry| entry.id = None);
    Pool { engine: Arc::new(engine), entries, gone }
});

/// A promise, with what must come of it.
enum Promise {
    One(Ticket),
    Many(Group),
}

struct Held {
    promise: Promise,
    ids: Vec<u64>,
    expected: Vec<Expected>,
}

/// What the sink was told, by id.
type Told = Arc<Mutex<Vec<(u64, Expected)>>>;

fn seen(outcome: &Outcome) -> Expected {
    match &outcome.verdict {
        Ok(verdict) => Expected::Verdict(*verdict),
        Err(Fault::UnknownKey) => Expected::UnknownKey,
        Err(Fault::Cancelled) => Expected::Cancelled,
        Err(fault) => panic!("item {}: {fault}", outcome.id),
    }
}

impl Held {
    fn check(&self, outcomes: &[Outcome]) {
        let found: Vec<(u64, Expected)> =
            outcomes.iter().map(|outcome| (outcome.id, seen(outcome))).collect();
        let expected: Vec<(u64, Expected)> =
            self.ids.iter().copied().zip(self.expected.iter().copied()).collect();
        assert_eq!(found, expected);
    }

    fn wait(&self, time: Duration) -> Option<Vec<Outcome>> {
        match &self.promise {
            Promise::One(ticket) => ticket.wait_timeout(time).map(|outcome| vec![outcome]),
            Promise::Many(group) => group.wait_timeout(time),
        }
    }

    fn try_get(&self) -> Option<Vec<Outcome>> {
        match &self.promise {
            Promise::One(ticket) => ticket.try_get().map(|outcome| vec![outcome]),
            Promise::Many(group) => group.try_get(),
        }
    }

    /// Cancels what no worker has. Which items those were is seen in their outcomes, which they have at once.
    fn cancel(&mut self) -> usize {
        let count = match &self.promise {
            Promise::One(ticket) => usize::from(ticket.cancel()),
            Promise::Many(group) => group.cancel(),
        };
        let mut cancelled = 0;
        for (item, expected) in self.expected.iter_mut().enumerate() {
            let outcome = match &self.promise {
                Promise::One(ticket) => ticket.try_get(),
                Promise::Many(group) => group.get(item),
            };
            let now = outcome.is_some_and(|outcome| seen(&outcome) == Expected::Cancelled);
            if now && *expected != Expected::Cancelled {
                *expected = Expected::Cancelled;
                cancelled += 1;
            }
        }
        assert_eq!(count, cancelled, "as many items say that they were cancelled as were");
        count
    }
}

/// See the module.
pub fn prevalidator(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let _ = run(&mut u);
}

fn run(u: &mut Unstructured<'_>) -> Result<()> {
    let pool: &'static Pool = &POOL_OF_ITEMS;
    let capacity: usize = u.int_in_range(1..=60)?;
    let told: Told = Arc::default();
    let sink = Arc::clone(&told);
    let config = Config {
        capacity,
        capacity_bytes: if u.ratio(1, 4)? { u.int_in_range(1..=4000)? } else { 1 << 20 },
        max_batch: u.int_in_range(1..=capacity.min(20))?,
        max_delay: *u.choose(&[Duration::ZERO, Duration::from_micros(300), HOUR])?,
        workers: NonZeroUsize::new(u.int_in_range(1..=3)?).expect("at least 1"),
        duplicate_cache_bytes: if u.ratio(1, 3)? { CACHE_BYTES } else { 0 },
        on_outcomes: Some(Arc::new(move |outcomes: &[Outcome]| {
            let mut told = sink.lock().unwrap_or_else(PoisonError::into_inner);
            // A fault of another kind must fail here and not in the sink, whose panics go no further.
            told.extend(outcomes.iter().map(|outcome| match &outcome.verdict {
                Ok(verdict) => (outcome.id, Expected::Verdict(*verdict)),
                Err(Fault::UnknownKey) => (outcome.id, Expected::UnknownKey),
                Err(_) => (outcome.id, Expected::Cancelled),
            }));
        })),
        ..Config::default()
    };
    let caches = config.duplicate_cache_bytes > 0;
    let (capacity_bytes, patient) = (config.capacity_bytes, config.max_delay == HOUR);
    let pre = Prevalidator::start(Arc::clone(&pool.engine), config).expect("limits that agree");
    let limits = Limits { items: capacity, bytes: capacity_bytes, caches };
    let mut run = Run { pre, pool, limits, held: Vec::new(), accepted: Vec::new(), next: 0 };
    let ended = run.operate(u, patient);

    // Whatever the input did, closing drains.
    run.pre.close();
    for held in &run.held {
        held.check(&held.try_get().expect("every outcome once it is closed"));
    }
    let stats = run.pre.stats();
    assert_eq!((stats.pending, stats.pending_bytes, stats.panics), (0, 0, 0), "{stats:?}");
    assert_eq!(stats.valid + stats.invalid + stats.cancelled + stats.faults, stats.accepted, "{stats:?}");
    assert_eq!((stats.accepted + stats.duplicates) as usize, run.accepted.len(), "{stats:?}");
    assert!(caches || stats.duplicates == 0);
    let mut told = std::mem::take(&mut *told.lock().unwrap_or_else(PoisonError::into_inner));
    told.sort_unstable_by_key(|(id, _)| *id);
    let ids: Vec<u64> = told.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, run.accepted, "each accepted item is told once");
    // Items whose tickets were dropped have their outcomes here alone.
    for (id, found) in told {
        let expected = run.held.iter().find_map(|held| {
            let place = held.ids.iter().position(|other| *other == id)?;
            Some(held.expected[place])
        });
        assert!(expected.is_none_or(|expected| expected == found), "item {id}: {found:?}, {expected:?}");
    }
    ended
}

struct Limits {
    items: usize,
    bytes: usize,
    /// Items that the duplicate cache knows take no room, and nobody here knows which those are.
    caches: bool,
}

struct Run {
    pre: Prevalidator,
    pool: &'static Pool,
    limits: Limits,
    held: Vec<Held>,
    /// Ids of accepted items, which ascend.
    accepted: Vec<u64>,
    next: u64,
}

impl Run {
    fn operate(&mut self, u: &mut Unstructured<'_>, patient: bool) -> Result<()> {
        for _ in 0..MOST {
            if u.is_empty() {
                break;
            }
            match u.int_in_range(0..=15)? {
                0..=7 => self.submit(u)?,
                8 | 9 if !self.held.is_empty() => {
                    let which = u.choose_index(self.held.len())?;
                    let held = &mut self.held[which];
                    held.cancel();
                    // Nobody waits for the micro-batch of items that are all cancelled.
                    if held.expected.iter().all(|expected| *expected == Expected::Cancelled) {
                        held.check(&held.wait(HOUR).expect("outcomes at once"));
                    }
                }
                10 | 11 => self.pre.flush(),
                12 if !self.held.is_empty() => {
                    let which = u.choose_index(self.held.len())?;
                    if patient {
                        self.pre.flush();
                    }
                    let held = &self.held[which];
                    held.check(&held.wait(HOUR).expect("an outcome once it is flushed"));
                }
                13 if !self.held.is_empty() => {
                    let which = u.choose_index(self.held.len())?;
                    let held = &self.held[which];
                    if let Some(outcomes) = held.try_get() {
                        held.check(&outcomes);
                    }
                }
                14 if !self.held.is_empty() => {
                    let which = u.choose_index(self.held.len())?;
                    let Held { promise, ids, expected } = self.held.swap_remove(which);
                    // Dropped, or taken apart into tickets of one item.
                    if let (Promise::Many(group), true) = (promise, u.arbitrary()?) {
                        for ((ticket, id), expected) in group.into_tickets().zip(ids).zip(expected) {
                            assert_eq!(ticket.id(), id);
                            let promise = Promise::One(ticket);
                            self.held.push(Held { promise, ids: vec![id], expected: vec![expected] });
                        }
                    }
                }
                15 if u.ratio(1, 8)? => self.pre.close(),
                _ => {}
            }
        }
        Ok(())
    }

    /// One item or several, of which one may be of the wrong kind.
    fn submit(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let count: usize = *u.choose(&[1, 1, 1, 2, 3, 7, 20, 70])?;
        let (mut items, mut expected) = (Vec::new(), Vec::new());
        let first = self.next;
        for place in 0..count {
            let pool: &'static [Entry] = &self.pool.entries;
            // Many items take little of the input: they follow one another in the pool.
            let at =
                if place < 4 { u.choose_index(pool.len())? } else { (first as usize + place) % pool.len() };
            let Entry { case, id, verdict } = &pool[at];
            let (mut key, mut expect) = (Key::Bytes(&case.key), Expected::Verdict(*verdict));
            if place < 4 {
                match u.int_in_range(0..=15)? {
                    0 => (key, expect) = (Key::Id(self.pool.gone), Expected::UnknownKey),
                    1..=6 => key = id.map_or(key, Key::Id),
                    _ => {}
                }
            }
            let message = Message::of(case.suite.scheme().input(), &case.message);
            let id = first + place as u64;
            let priority = if place < 4 { *u.choose(&Priority::ALL)? } else { Priority::Mempool };
            items.push(Submission::new(&case.suite, key, message, &case.signature).id(id).priority(priority));
            expected.push(expect);
        }
        self.next += count as u64;
        let wrong = if u.ratio(1, 16)? { Some(u.choose_index(count)?) } else { None };
        if let Some(wrong) = wrong {
            items[wrong].message = match items[wrong].message {
                Message::Raw(bytes) => Message::Digest(bytes),
                Message::Digest(bytes) => Message::Raw(bytes),
            };
        }
        let bytes = |items: &[Submission<'_>]| items.iter().map(Submission::bytes).sum::<usize>();
        let patience = *u.choose(&[None, None, None, Some(Duration::from_micros(200))])?;
        let kind = if count == 1 { u.int_in_range(0..=2)? } else { u.int_in_range(1..=2)? };
        let ids = |count: usize| (first..first + count as u64).collect::<Vec<u64>>();
        match kind {
            0 => {
                let submitted = match patience {
                    None => self.pre.submit(items[0]),
                    Some(time) => self.pre.submit_timeout(items[0], time),
                };
                match submitted {
                    Ok(ticket) => {
                        assert!(wrong.is_none());
                        self.keep(Promise::One(ticket), ids(1), expected);
                    }
                    Err(error) => {
                        self.refused(&error, wrong, |item| (1, bytes(&[*item])));
                        assert_eq!(error.into_inner().id, first, "the item comes back");
                    }
                }
            }
            1 => {
                let submitted = match patience {
                    None => self.pre.submit_group(&items),
                    Some(time) => self.pre.submit_group_timeout(&items, time),
                };
                match submitted {
                    Ok(group) => {
                        assert!(wrong.is_none());
                        self.keep(Promise::Many(group), ids(count), expected);
                    }
                    Err(error) => {
                        self.refused(&error, wrong, |items| (items.len(), bytes(items)));
                        assert_eq!(error.into_inner().len(), count, "all of them come back");
                    }
                }
            }
            _ => {
                let submitted = match patience {
                    None => self.pre.submit_many(&items),
                    Some(time) => self.pre.submit_many_timeout(&items, time),
                };
                let (group, rest) = match submitted {
                    Ok(group) => (group, None),
                    Err(Partial { taken, rest }) => (taken, Some(rest)),
                };
                let taken = group.len();
                assert!(wrong.is_none_or(|wrong| taken <= wrong));
                assert_eq!(rest.is_none(), taken == count);
                if let Some(rest) = rest {
                    // The first of the rest is why it came back.
                    let at = wrong.map(|wrong| wrong - taken);
                    self.refused(&rest, at.filter(|at| *at == 0), |items| (1, bytes(&items[..1])));
                    let rest = rest.into_inner();
                    assert_eq!((rest.len(), rest[0].id), (count - taken, first + taken as u64));
                }
                expected.truncate(taken);
                self.keep(Promise::Many(group), ids(taken), expected);
            }
        }
        Ok(())
    }

    fn keep(&mut self, promise: Promise, ids: Vec<u64>, expected: Vec<Expected>) {
        self.accepted.extend(&ids);
        match &promise {
            Promise::One(ticket) => assert_eq!(ticket.id(), ids[0]),
            Promise::Many(group) => assert_eq!(group.ids(), ids),
        }
        self.held.push(Held { promise, ids, expected });
    }

    /// An error says what is so.
    fn refused<T>(&self, error: &SubmitError<T>, wrong: Option<usize>, size: impl Fn(&T) -> (usize, usize)) {
        let Limits { items, bytes, caches } = self.limits;
        let too_large = |given: &T| size(given).0 > items || size(given).1 > bytes;
        match error {
            SubmitError::WrongInput { index, .. } => assert_eq!(Some(*index), wrong),
            SubmitError::TooLarge(given) => assert!(caches || too_large(given), "{:?}", size(given)),
            SubmitError::Full(given) => assert!(caches || !too_large(given), "{:?}", size(given)),
            SubmitError::Closed(_) => assert!(self.pre.is_closed()),
            SubmitError::Unsupported { suite, .. } => panic!("no backend supports {suite}"),
            _ => panic!("an error that this target does not know"),
        }
    }
}
