//! The end of a pre-validator: what it drains, what it refuses, and that nobody waits for ever.

use super::*;

#[test]
fn closing_drains_and_refuses() {
    let gate = Arc::new(Gate::default());
    let config = Config { max_batch: 4, workers: NonZeroUsize::new(2).unwrap(), ..gate.config() };
    let pre = Prevalidator::start(engine(), config).unwrap();
    let signed = mixed(11);
    let group = pre.submit_many(&items(&signed)).unwrap();
    thread::scope(|scope| {
        let closing = scope.spawn(|| pre.close());
        while !pre.is_closed() {
            thread::yield_now();
        }
        assert!(matches!(pre.submit(signed[0].item()), Err(SubmitError::Closed(_))));
        assert!(pre.submit_many(&[signed[0].item()]).is_err_and(|partial| !partial.rest.is_full()));
        gate.let_through(100);
        closing.join().unwrap();
    });
    let outcomes = group.try_get().expect("closing waits for every outcome");
    for (outcome, i) in outcomes.into_iter().zip(0..) {
        assert_eq!(verdict(outcome), expected(i));
    }
    pre.close();
}

/// The worker closes from the sink while another thread closes and waits for that worker: neither waits for ever.
#[test]
fn a_worker_closes_while_it_is_waited_for() {
    let pre: Arc<OnceLock<Prevalidator>> = Arc::default();
    let inside = Arc::clone(&pre);
    let sink = move |_: &[Outcome]| {
        let pre = inside.get().expect("started before anything was submitted");
        while !pre.is_closed() {
            thread::yield_now();
        }
        // The other thread is told of the end first, and waits then.
        for _ in 0..1000 {
            thread::yield_now();
        }
        pre.close();
    };
    let config = Config { on_outcomes: Some(Arc::new(sink)), max_delay: Duration::ZERO, ..Config::default() };
    let signed = Signed::good(1);
    pre.set(Prevalidator::start(engine(), config).unwrap()).unwrap();
    let pre = pre.get().expect("just set");
    let ticket = pre.submit(signed.item()).unwrap();
    pre.close();
    assert_eq!(ticket.try_get().map(verdict), Some(Verdict::Valid));
    pre.close();
}

/// What the cache knows is an item like any other: none is taken after the end, and the sink hears of none.
#[test]
fn a_closed_prevalidator_answers_nothing_from_its_cache() {
    let heard = Arc::new(AtomicUsize::new(0));
    let sink = Arc::clone(&heard);
    let config = Config {
        duplicate_cache_bytes: 1 << 20,
        max_delay: Duration::ZERO,
        on_outcomes: Some(Arc::new(move |outcomes: &[Outcome]| {
            sink.fetch_add(outcomes.len(), Ordering::Relaxed);
        })),
        ..Config::default()
    };
    let pre = Prevalidator::start(engine(), config).unwrap();
    let signed = mixed(9);
    let items = items(&signed);
    assert_eq!(pre.submit_group(&items).unwrap().wait().len(), 9);
    assert_eq!(pre.submit_group(&items).unwrap().wait().len(), 9);
    pre.close();
    assert_eq!((pre.stats().duplicates, heard.load(Ordering::Relaxed)), (9, 18));
    assert!(matches!(pre.submit(items[3]), Err(SubmitError::Closed(item)) if item.id == 3));
    assert!(matches!(pre.submit_group(&items), Err(SubmitError::Closed(_))));
    let partial = pre.submit_many(&items).expect_err("it is closed");
    assert!(partial.taken.is_empty() && matches!(partial.rest, SubmitError::Closed(rest) if rest.len() == 9));
    assert_eq!((pre.stats().duplicates, heard.load(Ordering::Relaxed)), (9, 18));
}

#[test]
fn nobody_waits_for_room_that_there_never_is() {
    let gate = Arc::new(Gate::default());
    let config = Config { capacity: 2, max_batch: 1, capacity_bytes: 10_000, ..gate.config() };
    let pre = Prevalidator::start(engine(), config).unwrap();
    let signed = Signed::good(1);
    let ticket = pre.submit(signed.item()).unwrap();
    for (items, bytes) in [(3, 0), (usize::MAX, 0), (0, 10_001), (1, usize::MAX), (usize::MAX, usize::MAX)] {
        block_on(pre.room(items, bytes));
    }
    block_on(pre.room(1, 1000));
    gate.let_through(1);
    assert_eq!(verdict(ticket.wait()), Verdict::Valid);
}

#[test]
fn dropping_drains_and_tickets_outlive_it() {
    let pre = Prevalidator::start(engine(), Config { max_delay: HOUR, ..Config::default() }).unwrap();
    let signed = mixed(9);
    let items = items(&signed);
    let group = pre.submit_many(&items).unwrap();
    let ticket = pre.submit(items[8]).unwrap();
    drop(pre.submit(items[0]).unwrap());
    drop(pre);
    assert_eq!(ticket.try_get().map(verdict), Some(expected(8)));
    assert_eq!(group.try_get().map(|outcomes| outcomes.len()), Some(9));
}

#[test]
fn a_producer_that_waits_for_room_hears_of_the_end() {
    let gate = Arc::new(Gate::default());
    let pre = Prevalidator::start(engine(), Config { capacity: 1, max_batch: 1, ..gate.config() }).unwrap();
    let signed = mixed(2);
    let first = pre.submit(signed[0].item()).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| pre.submit_timeout(signed[1].item().id(1), Duration::MAX));
        let closing = scope.spawn(|| pre.close());
        assert!(matches!(waiting.join().unwrap(), Err(SubmitError::Closed(item)) if item.id == 1));
        gate.let_through(1);
        closing.join().unwrap();
    });
    assert_eq!(verdict(first.wait()), Verdict::Valid);
}
