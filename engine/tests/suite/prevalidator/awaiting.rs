//! Tickets and groups as futures.

use super::*;

#[test]
fn tickets_and_groups_are_awaited_on_any_executor() {
    let config = Config { max_batch: 8, max_delay: Duration::from_millis(1), ..Config::default() };
    let pre = Prevalidator::start(engine(), config).unwrap();
    let signed = mixed(50);
    let items = items(&signed);
    let tickets: Vec<_> = items.iter().map(|item| pre.submit(*item).unwrap()).collect();
    let group = pre.submit_many(&items).unwrap();
    block_on(async {
        for (ticket, i) in tickets.into_iter().zip(0..) {
            let outcome = ticket.await;
            assert_eq!((outcome.id, verdict(outcome)), (i, expected(i)));
        }
        for (outcome, i) in group.await.into_iter().zip(0..) {
            assert_eq!((outcome.id, verdict(outcome)), (i, expected(i)));
        }
        pre.room(1, 100).await;
        pre.room(usize::MAX, 0).await;
    });
}

#[test]
fn the_last_task_that_polled_is_woken_and_a_dropped_one_is_not() {
    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let gate = Arc::new(Gate::default());
    let pre = Prevalidator::start(engine(), Config { max_batch: 2, ..gate.config() }).unwrap();
    let signed = mixed(3);
    let counts: Vec<_> = (0..4).map(|_| Arc::new(Count(AtomicUsize::new(0)))).collect();
    let wakers: Vec<_> = counts.iter().map(|count| Waker::from(Arc::clone(count))).collect();
    let mut ticket = pre.submit(signed[0].item()).unwrap();
    let mut dropped = pre.submit(signed[1].item()).unwrap();
    let mut group = pre.submit_group(&[signed[2].item(), signed[2].item(), signed[2].item()]).unwrap();
    let pending = |future: &mut (dyn Future<Output = Outcome> + Unpin), waker: &Waker| {
        assert!(pin!(future).poll(&mut Context::from_waker(waker)).is_pending());
    };
    pending(&mut ticket, &wakers[0]);
    pending(&mut ticket, &wakers[0]);
    pending(&mut ticket, &wakers[1]);
    pending(&mut dropped, &wakers[2]);
    drop(dropped);
    assert!(pin!(&mut group).poll(&mut Context::from_waker(&wakers[3])).is_pending());
    assert_eq!(Arc::strong_count(&counts[0]), 2, "a waker that was replaced is dropped");
    assert_eq!(Arc::strong_count(&counts[2]), 2, "and so is one whose ticket is gone");
    gate.let_through(10);
    pre.flush();
    pre.close();
    assert_eq!(verdict(block_on(ticket)), expected(0));
    let woken: Vec<_> = counts.iter().map(|count| count.0.load(Ordering::SeqCst)).collect();
    assert_eq!(woken, [0, 1, 0, 1]);
    assert_eq!(block_on(group).len(), 3);
}
