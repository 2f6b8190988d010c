//! The models. A name says what holds under every order of events.

use std::iter::{once, repeat_n};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};
use std::time::Duration;

use loom::sync::Arc;
use loom::thread;

use crate::pending::{CANCELLED, Pending};
use crate::queue::{Limits, Patience, Queue, Refusal};

const VALID: u8 = 1;

type Places = Queue<Vec<u32>, &'static str>;
type Place = (Arc<Pending<&'static str>>, u32);

fn model(preemptions: usize, body: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(body);
}

/// A task that counts how often it is woken.
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn task() -> (std::sync::Arc<Count>, Waker) {
    let count = std::sync::Arc::new(Count(AtomicUsize::new(0)));
    (std::sync::Arc::clone(&count), Waker::from(count))
}

fn serve(pending: &Pending<&'static str>, places: u32) {
    let cancelled = pending.take();
    for place in (0..places).filter(|place| !cancelled.contains(place)) {
        pending.set(place, VALID);
    }
    pending.resolve(None);
}

#[test]
fn whoever_waits_sees_the_verdict() {
    model(3, || {
        let pending = Pending::<&str>::new(2);
        let waiting: Vec<_> = (0..2)
            .map(|place| {
                let pending = Arc::clone(&pending);
                thread::spawn(move || {
                    assert!(pending.wait(None));
                    assert_eq!(pending.get(place), Some(Ok(VALID)));
                })
            })
            .collect();
        serve(&pending, 2);
        waiting.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn a_poll_sees_nothing_or_the_whole_verdict() {
    model(4, || {
        let pending = Pending::<&str>::new(1);
        let worker = {
            let pending = Arc::clone(&pending);
            thread::spawn(move || serve(&pending, 1))
        };
        for _ in 0..2 {
            assert!(matches!(pending.get(0), None | Some(Ok(VALID))));
        }
        worker.join().unwrap();
        assert_eq!(pending.get(0), Some(Ok(VALID)));
    });
}

#[test]
fn a_fault_is_never_a_verdict() {
    model(4, || {
        let pending = Pending::new(1);
        let worker = {
            let pending = Arc::clone(&pending);
            thread::spawn(move || {
                pending.take();
                pending.resolve(Some("fault"));
                pending.resolve(None);
            })
        };
        assert!(matches!(pending.get(0), None | Some(Err("fault"))));
        assert!(pending.wait(None));
        assert_eq!(pending.get(0), Some(Err("fault")));
        worker.join().unwrap();
    });
}

#[test]
fn an_item_is_cancelled_or_verified_and_not_both() {
    model(4, || {
        let pending = Pending::<&str>::new(2);
        let worker = {
            let pending = Arc::clone(&pending);
            thread::spawn(move || serve(&pending, 2))
        };
        let other = {
            let pending = Arc::clone(&pending);
            thread::spawn(move || pending.cancel(0..1))
        };
        let cancelled = pending.cancel(0..1) + other.join().unwrap();
        assert!(cancelled <= 1, "one of two wins");
        worker.join().unwrap();
        let code = if cancelled == 1 { CANCELLED } else { VALID };
        assert_eq!((pending.get(0), pending.get(1)), (Some(Ok(code)), Some(Ok(VALID))));
    });
}

#[test]
fn a_task_that_was_told_to_wait_is_woken_once() {
    model(4, || {
        let pending = Pending::<&str>::new(1);
        let worker = {
            let pending = Arc::clone(&pending);
            thread::spawn(move || serve(&pending, 1))
        };
        let ((first, first_waker), (second, second_waker)) = (task(), task());
        let mut slot = None;
        let waits = pending.wake_later(&mut slot, &first_waker);
        let still = waits && pending.wake_later(&mut slot, &second_waker);
        worker.join().unwrap();
        assert_eq!(pending.get(0), Some(Ok(VALID)));
        let woken = (first.0.load(Ordering::SeqCst), second.0.load(Ordering::SeqCst));
        assert_eq!(woken, (usize::from(waits && !still), usize::from(still)));
    });
}

#[test]
fn a_ticket_that_goes_leaves_no_task_behind() {
    model(4, || {
        let pending = Pending::<&str>::new(1);
        let worker = {
            let pending = Arc::clone(&pending);
            thread::spawn(move || serve(&pending, 1))
        };
        let (count, waker) = task();
        let mut slot = None;
        pending.wake_later(&mut slot, &waker);
        if let Some(slot) = slot {
            pending.forget(slot);
        }
        worker.join().unwrap();
        assert!(count.0.load(Ordering::SeqCst) <= 1);
        drop(waker);
        assert_eq!(std::sync::Arc::strong_count(&count), 1);
    });
}

fn queue(items: usize, batch: usize) -> Arc<Places> {
    let limits = Limits { items, bytes: 1000, batch, delay: Duration::from_secs(1) };
    Arc::new(Queue::new(limits))
}

fn submit(queue: &Places, class: usize, patience: Patience) -> Result<Place, Refusal> {
    let mut entry = queue.enter(1, 1, patience)?;
    let push = |load: &mut Vec<u32>, _| load.push(class as u32);
    Ok(entry.place(class, once(1), push, |pending, places| (Arc::clone(pending), places.start)).1)
}

/// Places as many items as there are, micro-batch by micro-batch, as `submit_many` does.
fn submit_run(queue: &Places, class: usize, count: usize) -> Vec<Place> {
    let mut entry = queue.enter(count, count, Patience::None).unwrap();
    let mut run = Vec::new();
    while run.len() < count {
        let bytes = repeat_n(1, count - run.len());
        let push = |load: &mut Vec<u32>, placed: usize| load.extend(repeat_n(class as u32, placed));
        let keep = |pending: &Arc<_>, places: Range<u32>| {
            run.extend(places.map(|place| (Arc::clone(pending), place)));
        };
        let (placed, ()) = entry.place(class, bytes, push, keep);
        assert!(placed > 0);
    }
    run
}

/// A worker of [`crate::queue`].
fn work(queue: &Places) -> usize {
    let mut served = 0;
    while let Some(mut batch) = queue.next() {
        assert_eq!(batch.load.len(), batch.items);
        served += batch.items;
        queue.release(batch.items, batch.bytes);
        serve(&batch.pending, batch.items as u32);
        batch.load.clear();
        queue.recycle(batch.load);
    }
    served
}

fn worker(queue: &Arc<Places>) -> thread::JoinHandle<usize> {
    let queue = Arc::clone(queue);
    thread::spawn(move || work(&queue))
}

fn decided((pending, place): &Place) {
    assert!(pending.wait(None));
    assert_eq!(pending.get(*place), Some(Ok(VALID)));
}

#[test]
fn a_full_batch_reaches_the_worker() {
    model(3, || {
        let queue = queue(2, 2);
        let worker = worker(&queue);
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || decided(&submit(&queue, 1, Patience::None).unwrap()))
        };
        decided(&submit(&queue, 1, Patience::None).unwrap());
        other.join().unwrap();
        queue.close();
        assert_eq!(worker.join().unwrap(), 2);
    });
}

#[test]
fn a_run_fills_micro_batches_beside_another_producer() {
    model(3, || {
        let queue = queue(4, 2);
        let worker = worker(&queue);
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || decided(&submit(&queue, 1, Patience::None).unwrap()))
        };
        let run = submit_run(&queue, 1, 3);
        run.iter().for_each(decided);
        other.join().unwrap();
        queue.close();
        assert_eq!(worker.join().unwrap(), 4);
        // No two items share a place.
        let place = |at: usize| (std::ptr::from_ref::<Pending<_>>(&run[at].0), run[at].1);
        assert!(place(0) != place(1) && place(0) != place(2) && place(1) != place(2));
    });
}

#[test]
fn a_flush_reaches_the_worker() {
    model(4, || {
        let queue = queue(4, 4);
        let worker = worker(&queue);
        let place = submit(&queue, 0, Patience::None).unwrap();
        queue.flush();
        decided(&place);
        queue.close();
        assert_eq!(worker.join().unwrap(), 1);
    });
}

#[test]
fn a_producer_that_waits_for_room_gets_it() {
    model(3, || {
        let queue = queue(1, 1);
        let worker = worker(&queue);
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || decided(&submit(&queue, 1, Patience::Forever).unwrap()))
        };
        decided(&submit(&queue, 1, Patience::Forever).unwrap());
        other.join().unwrap();
        queue.close();
        assert_eq!(worker.join().unwrap(), 2);
        assert_eq!((queue.count().items, queue.count().bytes), (0, 0));
    });
}

#[test]
fn a_full_queue_does_not_wait_for_a_batch_that_cannot_fill() {
    model(3, || {
        // Two classes share two places, and a batch needs two items of one class.
        let queue = queue(2, 2);
        let worker = worker(&queue);
        let first = submit(&queue, 0, Patience::None).unwrap();
        let second = submit(&queue, 2, Patience::None).unwrap();
        let third = submit(&queue, 0, Patience::Forever).unwrap();
        queue.flush();
        [first, second, third].iter().for_each(decided);
        queue.close();
        assert_eq!(worker.join().unwrap(), 3);
    });
}

#[test]
fn a_task_that_waits_for_room_is_woken() {
    model(4, || {
        let queue = queue(1, 1);
        let place = submit(&queue, 1, Patience::None).unwrap();
        let worker = worker(&queue);
        let (count, waker) = task();
        let room = queue.has_room(1, 1, &waker);
        decided(&place);
        queue.close();
        worker.join().unwrap();
        assert_eq!(count.0.load(Ordering::SeqCst), usize::from(!room));
    });
}

#[test]
fn closing_drains_what_was_accepted_and_refuses_the_rest() {
    model(3, || {
        let queue = queue(2, 2);
        let worker = worker(&queue);
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || match submit(&queue, 1, Patience::Forever) {
                Ok(place) => Some(place),
                Err(refusal) => {
                    assert_eq!(refusal, Refusal::Closed);
                    None
                }
            })
        };
        queue.close();
        let accepted = other.join().unwrap();
        let served = worker.join().unwrap();
        assert_eq!(served, usize::from(accepted.is_some()));
        accepted.iter().for_each(decided);
    });
}

#[test]
fn two_workers_leave_nothing_behind() {
    model(2, || {
        let queue = queue(4, 1);
        let workers = [worker(&queue), worker(&queue)];
        let places: Vec<_> = [2, 0].map(|class| submit(&queue, class, Patience::None).unwrap()).into();
        places.iter().for_each(decided);
        queue.close();
        assert_eq!(workers.map(|worker| worker.join().unwrap()).iter().sum::<usize>(), 2);
    });
}

#[test]
fn what_a_dead_worker_leaves_is_given_up() {
    model(3, || {
        let queue = queue(2, 2);
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || submit(&queue, 1, Patience::Forever))
        };
        for batch in queue.abandon() {
            batch.pending.resolve(Some("abandoned"));
        }
        if let Ok((pending, place)) = other.join().unwrap() {
            assert!(pending.wait(None));
            assert_eq!(pending.get(place), Some(Err("abandoned")));
        }
    });
}
