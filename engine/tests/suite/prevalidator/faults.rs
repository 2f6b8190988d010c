//! Engines and callers that fail.

use super::*;

/// A pre-validator whose engine fails on batches with a message that says how.
fn treacherous(max_batch: usize) -> Prevalidator {
    let hook = |batch: &sigwarp::BatchView<'_>| {
        let has = |text: &[u8]| (0..batch.len()).any(|i| batch.item(i).message == text);
        match () {
            () if has(b"panic") => panic!("a defect in batch of {}", batch.len()),
            () if has(b"fail") => Err(Error::UnknownBackend("abacus".into())),
            () => Ok(()),
        }
    };
    let config =
        Config { before_batch: Some(Arc::new(hook)), max_batch, max_delay: HOUR, ..Config::default() };
    Prevalidator::start(engine(), config).unwrap()
}

#[test]
fn a_panic_or_an_error_of_the_engine_is_a_fault_of_every_item_and_never_a_verdict() {
    let pre = treacherous(4);
    let signed = mixed(12);
    let mut items = items(&signed);
    items[2].message = Message::Raw(b"panic");
    items[5].message = Message::Raw(b"fail");
    let group = pre.submit_many(&items).unwrap();
    let outcomes = group.wait();
    for outcome in &outcomes[..4] {
        let Err(fault @ Fault::Panicked(_)) = &outcome.verdict else { panic!("{outcome:?}") };
        assert!(fault.to_string().contains("a defect in batch of 4"), "{fault}");
    }
    for outcome in &outcomes[4..8] {
        let Err(Fault::Engine(error)) = &outcome.verdict else { panic!("{outcome:?}") };
        assert!(error.to_string().contains("abacus"), "{error}");
    }
    for (outcome, i) in outcomes.into_iter().zip(0..).skip(8) {
        assert_eq!(verdict(outcome), expected(i));
    }
    let stats = pre.stats();
    assert_eq!((stats.panics, stats.faults, stats.valid, stats.invalid, stats.pending), (1, 8, 3, 1, 0));
}

#[test]
fn panics_do_not_wear_workers_out() {
    let pre = treacherous(1);
    let signed = Signed::good(1);
    for _ in 0..50 {
        let ticket = pre.submit(Submission { message: Message::Raw(b"panic"), ..signed.item() }).unwrap();
        assert!(matches!(block_on(ticket).verdict, Err(Fault::Panicked(_))));
    }
    assert_eq!(verdict(pre.submit(signed.item()).unwrap().wait()), Verdict::Valid);
    pre.close();
    assert_eq!(pre.stats().panics, 50);
}

#[test]
fn a_panic_of_the_callers_own_code_goes_no_further() {
    let config = Config {
        on_outcomes: Some(Arc::new(|_: &[Outcome]| panic!("in the sink"))),
        max_delay: Duration::ZERO,
        ..Config::default()
    };
    let pre = Prevalidator::start(engine(), config).unwrap();
    struct Rude;
    impl Wake for Rude {
        fn wake(self: Arc<Self>) {
            panic!("in the waker");
        }
    }
    let signed = Signed::good(5);
    for _ in 0..3 {
        let mut ticket = pre.submit(signed.item()).unwrap();
        let rude = Waker::from(Arc::new(Rude));
        let first = pin!(&mut ticket).poll(&mut Context::from_waker(&rude));
        assert!(matches!(first, Poll::Pending) || first.is_ready());
        assert_eq!(verdict(ticket.wait()), Verdict::Valid);
    }
    pre.close();
    assert_eq!((pre.stats().panics, pre.stats().valid), (3, 3));
}
