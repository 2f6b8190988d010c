//! The pre-validator: what each ticket promises, under every way in which its item can come and go.
//!
//! Nothing here is timed. A gate in front of the engine holds micro-batches until the test lets them go, and a delay of
//! an hour stands for never.

use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use ed25519_dalek::{Signer, SigningKey};
use sigwarp::prevalidator::{Config, Fault, Outcome, Prevalidator, Priority, Submission, SubmitError};
use sigwarp::{
    EcdsaEncoding, EcdsaRule, EcdsaScheme, Ed25519Rule, Engine, Error, Key, Message, Reason, Suite, Verdict,
};

mod awaiting;
mod closing;
mod faults;
mod numbers;

const HOUR: Duration = Duration::from_secs(3600);

fn engine() -> Arc<Engine> {
    static ENGINE: OnceLock<Arc<Engine>> = OnceLock::new();
    let build = || Arc::new(Engine::builder().threads(NonZeroUsize::MIN).build().expect("an engine"));
    Arc::clone(ENGINE.get_or_init(build))
}

/// An item of a test: signed by the key of its number, or spoilt.
struct Signed {
    suite: Suite,
    key: [u8; 32],
    message: Vec<u8>,
    signature: [u8; 64],
}

impl Signed {
    fn new(number: u64, suite: Ed25519Rule) -> Self {
        let mut seed = [0x51; 32];
        seed[..8].copy_from_slice(&(number % 7).to_le_bytes());
        let key = SigningKey::from_bytes(&seed);
        let message = format!("item {number}").into_bytes();
        let signature = key.sign(&message).to_bytes();
        Self { suite: Suite::ed25519(suite), key: key.verifying_key().to_bytes(), message, signature }
    }

    fn good(number: u64) -> Self {
        Self::new(number, Ed25519Rule::Zip215)
    }

    fn bad(number: u64) -> Self {
        let mut signed = Self::good(number);
        signed.message.push(b'!');
        signed
    }

    fn item(&self) -> Submission<'_> {
        Submission::new(&self.suite, Key::Bytes(&self.key), Message::Raw(&self.message), &self.signature)
    }
}

/// Every fifth is bad.
fn mixed(count: u64) -> Vec<Signed> {
    (0..count).map(|i| if i % 5 == 3 { Signed::bad(i) } else { Signed::good(i) }).collect()
}

fn expected(number: u64) -> Verdict {
    if number % 5 == 3 { Verdict::Invalid(Reason::EquationFailed) } else { Verdict::Valid }
}

fn items(signed: &[Signed]) -> Vec<Submission<'_>> {
    signed.iter().zip(0..).map(|(signed, id)| signed.item().id(id)).collect()
}

fn verdict(outcome: Outcome) -> Verdict {
    outcome.verdict.expect("a verdict")
}

/// Holds every micro-batch until it is let through, and keeps what was in it.
#[derive(Default)]
struct Gate {
    state: Mutex<(usize, Vec<Vec<Vec<u8>>>)>,
    changed: Condvar,
}

impl Gate {
    fn config(self: &Arc<Self>) -> Config {
        let gate = Arc::clone(self);
        let hook = move |batch: &sigwarp::BatchView<'_>| {
            let messages = (0..batch.len()).map(|i| batch.item(i).message.to_vec()).collect();
            let mut state = gate.state.lock().unwrap();
            state.1.push(messages);
            gate.changed.notify_all();
            drop(gate.changed.wait_while(state, |state| state.0 == 0).map(|mut state| state.0 -= 1));
            Ok(())
        };
        Config { before_batch: Some(Arc::new(hook)), max_delay: HOUR, ..Config::default() }
    }

    fn let_through(&self, batches: usize) {
        self.state.lock().unwrap().0 += batches;
        self.changed.notify_all();
    }

    /// Waits until so many batches have come to the gate.
    fn arrived(&self, batches: usize) {
        drop(self.changed.wait_while(self.state.lock().unwrap(), |state| state.1.len() < batches).unwrap());
    }

    fn seen(&self) -> Vec<Vec<Vec<u8>>> {
        self.state.lock().unwrap().1.clone()
    }
}

/// Awaits on this thread: the smallest executor.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn verdicts_come_back_in_order_and_with_their_ids() {
    let config = Config { max_batch: 16, ..Config::default() };
    let pre = Prevalidator::start(engine(), config).unwrap();
    let signed = mixed(100);
    let items = items(&signed);
    let tickets: Vec<_> = items.iter().map(|item| pre.submit(*item).unwrap()).collect();
    let group = pre.submit_many(&items).unwrap();
    for (ticket, i) in tickets.iter().zip(0..) {
        let outcome = ticket.wait();
        assert_eq!((ticket.id(), outcome.id, verdict(outcome)), (i, i, expected(i)));
    }
    assert_eq!((group.len(), group.ids()[99]), (100, 99));
    for (outcome, i) in group.wait().into_iter().zip(0..) {
        assert_eq!((outcome.id, verdict(outcome)), (i, expected(i)));
    }
    assert_eq!(group.get(3).map(verdict), Some(expected(3)));
    assert!(group.get(100).is_none());
    let stats = pre.stats();
    assert_eq!((stats.accepted, stats.valid, stats.invalid, stats.pending), (200, 160, 40, 0));
    assert_eq!(stats.latency.items(), 200);
}

#[test]
fn a_group_is_taken_whole_or_not_at_all() {
    let gate = Arc::new(Gate::default());
    let pre = Prevalidator::start(engine(), Config { capacity: 8, max_batch: 3, ..gate.config() }).unwrap();
    let signed = mixed(5);
    let items = items(&signed);
    let group = pre.submit_group(&items).unwrap();
    assert!(group.try_get().is_none());
    let Err(SubmitError::Full(back)) = pre.submit_group(&items) else { panic!("there is room for 3 only") };
    assert_eq!(back.len(), 5);
    assert_eq!(pre.stats().accepted, 5, "nothing of the second group was kept");
    let tickets: Vec<_> = pre.submit_group(&items[..3]).unwrap().into_tickets().collect();
    gate.let_through(9);
    pre.flush();
    let verdicts: Vec<_> = group.wait().into_iter().map(verdict).collect();
    assert_eq!(verdicts, (0..5).map(expected).collect::<Vec<_>>());
    for (ticket, i) in tickets.into_iter().zip(0..) {
        assert_eq!((ticket.id(), verdict(ticket.wait())), (i, expected(i)));
    }
    let nine: Vec<_> = (0..9).map(|_| items[0]).collect();
    assert!(matches!(pre.submit_group(&nine), Err(SubmitError::TooLarge(back)) if back.len() == 9));
    assert!(pre.submit_group(&[]).unwrap().wait().is_empty());
}

#[test]
fn a_full_queue_gives_the_item_back_until_there_is_room() {
    let gate = Arc::new(Gate::default());
    let pre = Prevalidator::start(engine(), Config { capacity: 4, max_batch: 2, ..gate.config() }).unwrap();
    let signed = mixed(6);
    let items = items(&signed);
    let Err(partial) = pre.submit_many(&items) else { panic!("there is room for 4") };
    assert_eq!(partial.taken.len(), 4);
    assert!(matches!(partial.rest, SubmitError::Full(rest) if rest.len() == 2 && rest[0].id == 4));
    let Err(error) = pre.submit(items[5]) else { panic!("the queue is full") };
    assert!(error.is_full() && error.to_string().contains("raise Config::capacity"), "{error}");
    assert_eq!(error.into_inner().id, 5);
    let late = pre.submit_timeout(items[5], Duration::from_millis(5));
    assert!(matches!(late, Err(SubmitError::Full(item)) if item.id == 5));
    assert_eq!((pre.stats().pending, pre.stats().refused), (4, 3));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| pre.submit_timeout(items[5], Duration::MAX).unwrap());
        let many = scope.spawn(|| pre.submit_many_timeout(&items[..3], Duration::MAX).unwrap());
        let group = scope.spawn(|| pre.submit_group_timeout(&items[..3], Duration::MAX).unwrap());
        let room = scope.spawn(|| block_on(pre.room(4, 1)));
        gate.let_through(100);
        assert_eq!(partial.taken.wait().len(), 4);
        pre.flush();
        let ticket = waiting.join().unwrap();
        let (many, group) = (many.join().unwrap(), group.join().unwrap());
        pre.flush();
        assert_eq!(verdict(ticket.wait()), expected(5));
        assert_eq!((many.wait().len(), group.wait().len()), (3, 3));
        room.join().unwrap();
    });
    assert_eq!(pre.stats().pending, 0);
}

#[test]
fn bytes_bound_the_queue_too() {
    let gate = Arc::new(Gate::default());
    let config = Config { capacity_bytes: 300, ..gate.config() };
    let pre = Prevalidator::start(engine(), config).unwrap();
    let signed = Signed::good(1);
    let ticket = pre.submit(signed.item()).unwrap();
    assert_eq!(pre.stats().pending_bytes, signed.item().bytes());
    let long = [0; 150];
    let large = Submission { message: Message::Raw(&long), ..signed.item() };
    assert!(matches!(pre.submit(large), Err(SubmitError::Full(_))));
    let longer = [0; 301];
    let larger = Submission { message: Message::Raw(&longer), ..signed.item() };
    assert!(matches!(pre.submit(larger), Err(SubmitError::TooLarge(_))));
    gate.let_through(2);
    assert_eq!(verdict(ticket.wait()), Verdict::Valid);
    let ticket = pre.submit(large).unwrap();
    pre.flush();
    assert_eq!(verdict(ticket.wait()), Verdict::Invalid(Reason::EquationFailed));
}

#[test]
fn a_large_message_is_a_batch_of_its_own() {
    let gate = Arc::new(Gate::default());
    let pre = Prevalidator::start(engine(), gate.config()).unwrap();
    let mut large = Signed::good(1);
    large.message = vec![7; 100_000];
    let mut seed = [0x51; 32];
    seed[..8].copy_from_slice(&1u64.to_le_bytes());
    large.signature = SigningKey::from_bytes(&seed).sign(&large.message).to_bytes();
    let small = Signed::good(2);
    gate.let_through(3);
    let first = pre.submit(small.item()).unwrap();
    let three = [large.item().id(1), small.item().id(2), large.item().id(3)];
    let group = pre.submit_group(&three);
    pre.flush();
    assert_eq!(verdict(first.wait()), Verdict::Valid);
    let ids: Vec<_> =
        group.unwrap().wait().into_iter().map(|outcome| (outcome.id, verdict(outcome))).collect();
    assert_eq!(ids, [(1, Verdict::Valid), (2, Verdict::Valid), (3, Verdict::Valid)]);
    assert!(gate.seen().iter().all(|batch| batch.len() == 1 || batch.iter().all(|m| m.len() < 100)));
}

#[test]
fn batches_are_cut_by_size_by_age_and_on_request() {
    let start = |max_batch, max_delay| {
        Prevalidator::start(engine(), Config { max_batch, max_delay, ..Config::default() }).unwrap()
    };
    let signed = mixed(3);
    let items = items(&signed);
    let by_size = start(3, HOUR);
    assert_eq!(by_size.submit_many(&items).unwrap().wait().len(), 3);
    let by_age = start(100, Duration::from_millis(2));
    assert_eq!(verdict(by_age.submit(items[0]).unwrap().wait()), Verdict::Valid);
    let at_once = start(100, Duration::ZERO);
    assert_eq!(verdict(at_once.submit(items[0]).unwrap().wait()), Verdict::Valid);
    let by_flush = start(100, HOUR);
    let ticket = by_flush.submit(items[0]).unwrap();
    assert!(ticket.wait_timeout(Duration::from_millis(5)).is_none() && ticket.try_get().is_none());
    by_flush.flush();
    assert_eq!(ticket.wait_timeout(HOUR).map(verdict), Some(Verdict::Valid));
    let cuts = [by_size, by_age, at_once, by_flush].map(|pre| {
        let stats = pre.stats();
        (stats.batches_by_size, stats.batches_by_age, stats.batches_by_request)
    });
    assert_eq!(cuts, [(1, 0, 0), (0, 1, 0), (0, 1, 0), (0, 0, 1)]);
}

#[test]
fn a_cancelled_item_is_not_verified_and_one_in_a_batch_is_not_cancelled() {
    let gate = Arc::new(Gate::default());
    let pre = Prevalidator::start(engine(), Config { max_batch: 4, ..gate.config() }).unwrap();
    let signed = mixed(8);
    let items = items(&signed);
    let running = pre.submit_group(&items[..4]).unwrap();
    gate.arrived(1);
    assert_eq!(running.cancel(), 0, "a worker has them");
    let tickets: Vec<_> = items[4..7].iter().map(|item| pre.submit(*item).unwrap()).collect();
    assert!(tickets[1].cancel() && !tickets[1].cancel());
    assert!(matches!(tickets[1].wait().verdict, Err(Fault::Cancelled)));
    let group = pre.submit_group(&items[7..]).unwrap();
    gate.arrived(1);
    gate.let_through(3);
    assert_eq!(
        running.wait().into_iter().map(verdict).collect::<Vec<_>>(),
        (0..4).map(expected).collect::<Vec<_>>()
    );
    assert_eq!(verdict(tickets[0].wait()), expected(4));
    assert_eq!(verdict(tickets[2].wait()), expected(6));
    assert_eq!(group.wait().into_iter().map(verdict).collect::<Vec<_>>(), [expected(7)]);
    assert!(!tickets[0].cancel(), "it is decided");
    assert!(matches!(tickets[1].try_get().map(|outcome| outcome.verdict), Some(Err(Fault::Cancelled))));
    let seen = gate.seen();
    assert_eq!(seen[1].len(), 3);
    assert!(!seen[1].contains(&signed[5].message));
    let all = pre.submit_group(&items[..2]).unwrap();
    assert_eq!(all.cancel(), 2);
    pre.flush();
    assert!(all.wait().iter().all(|outcome| matches!(outcome.verdict, Err(Fault::Cancelled))));
    pre.close();
    assert_eq!(gate.seen().len(), 2, "a batch of cancelled items is no batch");
    assert_eq!((pre.stats().cancelled, pre.stats().pending), (3, 0));
}

/// Its micro-batch is not cut for an hour, and nobody waits for that.
#[test]
fn a_group_whose_items_were_all_cancelled_has_its_outcomes_at_once() {
    let config = Config { max_batch: 4, max_delay: HOUR, ..Config::default() };
    let pre = Prevalidator::start(engine(), config).unwrap();
    let signed = mixed(7);
    let items = items(&signed);
    let beside = pre.submit(items[0]).unwrap();
    let group = pre.submit_group(&items[1..3]).unwrap();
    assert_eq!(group.cancel(), 2);
    let cancelled = |outcomes: Vec<Outcome>| {
        assert!(outcomes.iter().all(|outcome| matches!(outcome.verdict, Err(Fault::Cancelled))));
        outcomes.len()
    };
    assert_eq!(group.wait_timeout(HOUR).map(cancelled), Some(2));
    assert_eq!(cancelled(group.wait()), 2);
    assert_eq!(cancelled(block_on(group)), 2);

    // The first half of a group is decided and the second is not: only that is waited for.
    let half = pre.submit_group(&items[3..]).unwrap();
    assert!(half.wait_timeout(Duration::from_millis(5)).is_none());
    pre.flush();
    assert_eq!(half.wait_timeout(HOUR).map(|outcomes| outcomes.len()), Some(4));
    assert_eq!(verdict(beside.wait()), expected(0));
    assert_eq!((pre.stats().cancelled, pre.stats().pending), (2, 0));
}

#[test]
fn consensus_goes_first_and_nothing_starves() {
    let gate = Arc::new(Gate::default());
    let pre = Prevalidator::start(engine(), Config { max_batch: 1, ..gate.config() }).unwrap();
    let signed = mixed(40);
    let submit = |i: usize, priority| pre.submit(signed[i].item().priority(priority)).unwrap();
    let mut tickets = vec![submit(0, Priority::Backfill)];
    gate.arrived(1);
    tickets.push(submit(1, Priority::Backfill));
    tickets.push(submit(2, Priority::Backfill));
    tickets.push(submit(3, Priority::Mempool));
    tickets.push(submit(4, Priority::Mempool));
    tickets.extend((5..30).map(|i| submit(i, Priority::Consensus)));
    gate.let_through(100);
    tickets.iter().for_each(|ticket| assert!(ticket.wait().verdict.is_ok()));
    let order: Vec<usize> = gate.seen()[1..]
        .iter()
        .map(|batch| signed.iter().position(|signed| signed.message == batch[0]).unwrap())
        .collect();
    // A mempool batch after four others, a backfill batch after sixteen.
    let mut due: Vec<usize> = (5..30).collect();
    due.insert(4, 3);
    due.insert(9, 4);
    due.insert(16, 1);
    due.push(2);
    assert_eq!(order, due);
}

#[test]
fn the_duplicate_cache_answers_for_the_same_item_only() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = {
        let told = Arc::clone(&told);
        move |outcomes: &[Outcome]| told.lock().unwrap().extend(outcomes.iter().map(|outcome| outcome.id))
    };
    let config = Config {
        duplicate_cache_bytes: 1 << 20,
        max_delay: Duration::ZERO,
        on_outcomes: Some(Arc::new(sink)),
        ..Config::default()
    };
    let pre = Prevalidator::start(engine(), config).unwrap();
    let (good, bad) = (Signed::good(1000), Signed::bad(1001));
    let ask = |item: Submission<'_>| pre.submit(item).unwrap().wait().verdict;
    for id in 0..3 {
        assert_eq!(ask(good.item().id(id)).unwrap(), Verdict::Valid);
        assert_eq!(ask(bad.item().id(10 + id)).unwrap(), Verdict::Invalid(Reason::EquationFailed));
    }
    assert_eq!((pre.stats().accepted, pre.stats().duplicates), (2, 4));
    let strict = Suite::ed25519(Ed25519Rule::Strict);
    assert_eq!(ask(Submission { suite: &strict, ..good.item() }).unwrap(), Verdict::Valid);
    assert_eq!(pre.stats().duplicates, 4, "another rule is another item");

    // A registered key stands for its bytes while it is registered, and for nothing afterwards.
    let ids = pre.engine().register(&good.suite, [good.key]).unwrap();
    let id = ids[0].unwrap();
    let by_id = Submission { key: Key::Id(id), ..good.item() };
    assert_eq!(ask(by_id).unwrap(), Verdict::Valid);
    assert_eq!(pre.stats().duplicates, 5);
    assert_eq!(pre.engine().unregister(&[id]), 1);
    assert!(matches!(ask(by_id), Err(Fault::UnknownKey)));
    assert!(matches!(ask(by_id), Err(Fault::UnknownKey)), "what is no verdict is not kept");
    let new = Signed::good(1002);
    let three = [good.item().id(20), new.item().id(21), bad.item().id(22)];
    let group = pre.submit_group(&three);
    let outcomes = group.unwrap().wait();
    assert_eq!(
        outcomes.iter().map(|outcome| (outcome.id, outcome.is_valid())).collect::<Vec<_>>(),
        [(20, true), (21, true), (22, false)]
    );
    assert_eq!(pre.stats().duplicates, 7);
    pre.close();
    let mut told = told.lock().unwrap().clone();
    told.sort_unstable();
    assert_eq!(told, [0, 0, 0, 0, 0, 1, 2, 10, 11, 12, 20, 21, 22]);
}

#[test]
fn an_unknown_key_is_a_fault_of_its_item_alone() {
    let gate = Arc::new(Gate::default());
    let pre = Prevalidator::start(engine(), Config { max_batch: 6, ..gate.config() }).unwrap();
    let signed: Vec<_> = (2000..2006).map(Signed::good).collect();
    let other = SigningKey::from_bytes(&[0x77; 32]).verifying_key().to_bytes();
    let ids = pre.engine().register(&signed[0].suite, [signed[0].key, other]).unwrap();
    let (known, gone) = (ids[0].unwrap(), ids[1].unwrap());
    pre.engine().unregister(&[gone]);
    let mut items = items(&signed);
    items[0].key = Key::Id(known);
    items[2].key = Key::Id(gone);
    items[5].key = Key::Id(gone);
    gate.let_through(10);
    let outcomes = pre.submit_group(&items).unwrap().wait();
    for (outcome, i) in outcomes.into_iter().zip(0..) {
        match i {
            2 | 5 => assert!(matches!(outcome.verdict, Err(Fault::UnknownKey))),
            _ => assert_eq!(verdict(outcome), Verdict::Valid, "item {i}"),
        }
    }
    assert_eq!((pre.stats().valid, pre.stats().faults), (4, 2));
    let alone = pre.submit(items[2]).unwrap();
    pre.flush();
    let Err(fault) = alone.wait().verdict else { panic!("the key is not registered") };
    assert!(fault.to_string().contains("register it, or give its bytes"));
}

#[test]
fn items_that_can_never_be_taken_say_why() {
    let pre = Prevalidator::start(engine(), Config::default()).unwrap();
    let signed = mixed(3);
    let mut items = items(&signed);
    let p256 = Suite::ecdsa(EcdsaScheme::P256, EcdsaRule::Any, EcdsaEncoding::Raw);
    items[1].suite = &p256;
    let Err(error) = pre.submit(items[1]) else { panic!("a message where a digest belongs") };
    assert!(error.to_string().ends_with("ecdsa-p256 ecdsa raw takes a digest"), "{error}");
    assert!(matches!(pre.submit_group(&items), Err(SubmitError::WrongInput { index: 1, .. })));
    let Err(partial) = pre.submit_many(&items) else { panic!("the second item is wrong") };
    assert_eq!(partial.taken.wait().len(), 1);
    assert_eq!(partial.rest.into_inner()[0].id, 1);
}

#[test]
fn many_producers_get_their_own_verdicts() {
    const PRODUCERS: u64 = 8;
    const EACH: u64 = 200;
    let outcomes = Arc::new(AtomicUsize::new(0));
    let sink = {
        let outcomes = Arc::clone(&outcomes);
        move |told: &[Outcome]| _ = outcomes.fetch_add(told.len(), Ordering::Relaxed)
    };
    let config = Config {
        capacity: 64,
        max_batch: 16,
        workers: NonZeroUsize::new(2).unwrap(),
        max_delay: Duration::from_millis(1),
        on_outcomes: Some(Arc::new(sink)),
        ..Config::default()
    };
    let pre = Prevalidator::start(engine(), config).unwrap();
    thread::scope(|scope| {
        for producer in 0..PRODUCERS {
            let pre = &pre;
            scope.spawn(move || {
                let signed = mixed(EACH);
                let items = items(&signed);
                for (chunk, at) in items.chunks(10).zip((0..).step_by(10)) {
                    match producer % 3 {
                        0 => {
                            for (item, i) in chunk.iter().zip(at..) {
                                let ticket = pre.submit_timeout(*item, Duration::MAX).unwrap();
                                assert_eq!(verdict(ticket.wait()), expected(i));
                            }
                        }
                        1 => {
                            let group = pre.submit_group_timeout(chunk, Duration::MAX).unwrap();
                            for (outcome, i) in group.wait().into_iter().zip(at..) {
                                assert_eq!((outcome.id, verdict(outcome)), (i, expected(i)));
                            }
                        }
                        _ => {
                            let group = pre.submit_many_timeout(chunk, Duration::MAX).unwrap();
                            for (ticket, i) in group.into_tickets().zip(at..) {
                                assert_eq!(verdict(block_on(ticket)), expected(i));
                            }
                        }
                    }
                }
            });
        }
    });
    pre.close();
    let stats = pre.stats();
    assert_eq!(stats.accepted, PRODUCERS * EACH);
    assert_eq!(stats.valid + stats.invalid, PRODUCERS * EACH);
    assert_eq!(stats.invalid, PRODUCERS * EACH / 5);
    assert_eq!(outcomes.load(Ordering::Relaxed) as u64, PRODUCERS * EACH);
}

#[test]
fn limits_that_contradict_each_other_are_named() {
    let error = |config| Prevalidator::start(engine(), config).unwrap_err().to_string();
    let base = Config::default;
    assert_eq!(error(Config { capacity: 0, ..base() }), "capacity is 0; it must be 1 to 1073741824");
    assert_eq!(
        error(Config { capacity: 10, max_batch: 11, ..base() }),
        "max_batch is 11; it must be 1 to 10"
    );
    assert!(error(Config { capacity_bytes: 0, ..base() }).starts_with("capacity_bytes is 0"));
    assert!(error(Config { duplicate_cache_bytes: 1, ..base() }).starts_with("duplicate_cache_bytes is 1"));
}

#[test]
fn it_is_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Prevalidator>();
    shared::<sigwarp::prevalidator::Ticket>();
    shared::<sigwarp::prevalidator::Group>();
}
