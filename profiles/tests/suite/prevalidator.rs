//! The pre-validator of transactions: every record gets the report that `verify` gives, exactly once, whatever else is
//! submitted, and nothing is lost when the queue is full, closed, or a profile panics.

use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context as TaskContext, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use sigwarp::Engine;
use sigwarp_profiles::bitcoin::{self, Bitcoin, Network, SpentOutputs};
use sigwarp_profiles::chainlink::Chainlink;
use sigwarp_profiles::ethereum::Ethereum;
use sigwarp_profiles::prevalidator::{
    Config, Fault, Prevalidator, Priority, Submission, SubmitError, Ticket,
};
use sigwarp_profiles::solana::{self, Solana};
use sigwarp_profiles::xrpl::Xrpl;
use sigwarp_profiles::{
    Answers, AnyContext, Batch, Cause, Decided, FieldError, Fields, Plan, Profile, Report, System, Value,
    Verdict, Work, verify,
};

use crate::common;

fn engine() -> Engine {
    Engine::builder().build().expect("an engine of this machine")
}

/// A system of the tests: what a record does is its first byte.
///
/// `w` waits for the gate of its context, `p` panics in parsing, `f` in folding; others are invalid.
struct Gate;

#[derive(Default)]
struct GateContext {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Default)]
struct GateState {
    open: bool,
    /// The first bytes of records, in the order in which they were parsed.
    parsed: Vec<u8>,
}

impl GateContext {
    fn open(&self) {
        self.state.lock().expect("the state").open = true;
        self.changed.notify_all();
    }

    /// Waits until so many records have been parsed.
    fn wait_for(&self, records: usize) {
        let state = self.state.lock().expect("the state");
        drop(self.changed.wait_while(state, |state| state.parsed.len() < records).expect("the state"));
    }

    fn parsed(&self) -> Vec<u8> {
        self.state.lock().expect("the state").parsed.clone()
    }
}

/// Whether folding panics.
struct GatePlan(bool);

impl Plan for GatePlan {
    fn fold(self, _: &Answers<'_>) -> Report {
        assert!(!self.0, "folding");
        Report::new(Verdict::Valid)
    }
}

impl Profile for Gate {
    type Context = Arc<GateContext>;
    type Plan<'a> = GatePlan;

    fn name(&self) -> &'static str {
        "gate"
    }

    fn record_fields(&self) -> &'static [&'static str] {
        &[]
    }

    fn context_fields(&self) -> &'static [&'static str] {
        &[]
    }

    fn context(&self, _: &Fields) -> Result<Self::Context, FieldError> {
        Ok(Arc::default())
    }

    fn parse<'a>(
        &self,
        record: &'a [u8],
        context: &'a Self::Context,
        _: &mut Work<'a>,
    ) -> Result<GatePlan, Decided> {
        let first = record.first().copied().unwrap_or(0);
        let mut state = context.state.lock().expect("the state");
        state.parsed.push(first);
        context.changed.notify_all();
        if first == b'w' {
            drop(context.changed.wait_while(state, |state| !state.open).expect("the state"));
            return Ok(GatePlan(false));
        }
        drop(state);
        match first {
            b'p' => panic!("parsing"),
            b'f' => Ok(GatePlan(true)),
            _ => Err(Cause::new("Other").into()),
        }
    }
}

/// A gate, and the context that leads to it.
fn gate() -> (Arc<GateContext>, Arc<AnyContext>) {
    let gate = Arc::<GateContext>::default();
    (Arc::clone(&gate), Arc::new(AnyContext::of::<Gate>(gate)))
}

/// One worker that waits for nobody.
fn at_once() -> Config {
    Config { max_delay: Duration::ZERO, ..Config::default() }
}

fn name_of(ticket: &Ticket) -> &'static str {
    ticket.wait().report.expect("a report").verdict.cause().map_or("valid", Cause::name)
}

/// A record of any system, and the report that `verify` gives it.
struct Sample {
    system: &'static dyn System,
    context: Arc<AnyContext>,
    record: Vec<u8>,
    report: Report,
}

impl Sample {
    fn submission(&self, id: usize) -> Submission<'_> {
        let priority = Priority::ALL[id % Priority::ALL.len()];
        Submission::new(self.system, &self.context, &self.record).id(id as u64).priority(priority)
    }
}

/// The cases of every system, one of each in turn; `None` where no vectors are configured.
fn samples() -> Option<Vec<Sample>> {
    let systems: [&'static dyn System; 5] = [&Ethereum, &Solana, &Xrpl, &Chainlink, &Bitcoin];
    let network = [("network", Value::Text("main".to_owned()))];
    let mut all = Vec::new();
    for (turn, system) in systems.into_iter().enumerate() {
        let folder = format!("profiles/{}/cases.jsonl.gz", system.name());
        let expected = format!("profiles/expected/{}.jsonl.gz", system.name());
        let all_have = if system.name() == "bitcoin" { &network[..] } else { &[] };
        let cases = common::cases_of(system, &folder, &expected, all_have)?;
        let mut batch = Batch::new();
        for case in &cases {
            system.push(&mut batch, &case.record, &case.context).expect("a context of the system");
        }
        let reports = verify(common::fastest(), batch).expect("an engine that works");
        assert_eq!((cases.len(), reports.len()), (800, 800));
        let samples = cases.into_iter().zip(reports).map(|(case, report)| {
            let (context, record) = (Arc::new(case.context), case.record);
            Sample { system, context, record, report }
        });
        all.extend(samples.enumerate().map(|(place, sample)| ((place, turn), sample)));
    }
    all.sort_by_key(|(key, _)| *key);
    Some(all.into_iter().map(|(_, sample)| sample).collect())
}

#[test]
fn reports_are_those_of_verify_whatever_is_submitted_beside() {
    const THREADS: usize = 4;
    let Some(samples) = samples() else { return };
    // A queue that is full most of the time, and micro-batches in which the systems meet.
    let workers = NonZeroUsize::new(2).expect("not zero");
    let config = Config { capacity: 300, max_batch: 70, workers, ..Config::default() };
    let pre = Prevalidator::start(engine(), &config).expect("a pre-validator");
    thread::scope(|scope| {
        for producer in 0..THREADS {
            let (samples, pre) = (&samples, &pre);
            scope.spawn(move || {
                let own = samples.iter().enumerate().skip(producer).step_by(THREADS);
                let submit = |(id, sample): (usize, &Sample)| {
                    pre.submit_timeout(sample.submission(id), Duration::MAX).expect("room at last")
                };
                let tickets: Vec<Ticket> = own.map(submit).collect();
                for (nth, ticket) in tickets.into_iter().enumerate() {
                    let (id, outcome) = (producer + nth * THREADS, ticket.wait());
                    assert_eq!(outcome.id, id as u64);
                    assert_eq!(*outcome.report.expect("a report"), samples[id].report, "{id}");
                }
            });
        }
    });
    let stats = pre.stats();
    let count =
        |is: fn(Verdict) -> bool| samples.iter().filter(|sample| is(sample.report.verdict)).count() as u64;
    assert_eq!((stats.accepted, stats.latency.items()), (4000, 4000));
    assert_eq!((stats.pending, stats.pending_bytes), (0, 0));
    assert_eq!(stats.valid, count(Verdict::is_valid));
    assert_eq!(stats.invalid, count(|verdict| matches!(verdict, Verdict::Invalid(_))));
    assert_eq!(stats.undecided, count(|verdict| matches!(verdict, Verdict::Undecided(_))));
    assert_eq!((stats.cancelled, stats.faults, stats.panics), (0, 0, 0));
}

/// A block is one record, whose scripts go on in rounds, among transactions of another system.
#[test]
fn a_block_is_a_record_as_any() {
    let path = "chains/bitcoin-blocks/bcoin-block1087400";
    let [block, undo] = ["", "-undo"].map(|part| common::bytes(&format!("{path}{part}.raw")));
    let Some((block, undo)) = block.zip(undo) else { return };
    let of_block = |undo: &[u8]| {
        let spent = SpentOutputs::from_bcoin(undo).expect("undo data");
        Arc::new(AnyContext::of::<Bitcoin>(bitcoin::Context::block(Network::Testnet3, 1_087_400, spent)))
    };
    // The last output that is spent has another script than the 23 bytes with the hash of one: OP_FALSE.
    let mut other = undo.clone();
    let script = other.len() - 23;
    assert_eq!(other[script - 1], 23, "the length of the last script");
    other.truncate(script - 1);
    other.extend([1, 0]);
    let contexts = [of_block(&undo), of_block(&other)];
    let empty = Arc::new(AnyContext::of::<Solana>(solana::Context::default()));
    let pre = Prevalidator::start(engine(), &Config::default()).expect("a pre-validator");
    let given = [
        Submission::new(&Bitcoin, &contexts[0], &block),
        Submission::new(&Solana, &empty, b"none"),
        Submission::new(&Bitcoin, &contexts[1], &block),
    ];
    let tickets = pre.submit_many(&given).expect("room");
    let [whole, none, changed] = <[Ticket; 3]>::try_from(tickets).expect("three");
    let report = |ticket: Ticket| ticket.wait().report.expect("a report");
    assert!(report(whole).verdict.is_valid());
    assert_eq!(report(none).verdict.name(), "invalid");
    let changed = report(changed);
    assert_eq!(changed.verdict.cause().map(Cause::name), Some("InvalidTransaction"));
    let invalid = changed.transactions.iter().filter(|transaction| !transaction.verdict.is_valid());
    assert_eq!(invalid.count(), 1);
}

#[test]
fn a_large_record_and_an_empty_one_are_judged_as_any() {
    let pre = Prevalidator::start(engine(), &Config::default()).expect("a pre-validator");
    let context = Arc::new(AnyContext::of::<Solana>(solana::Context::default()));
    let (large, small) = (vec![1; 100_000], vec![1; 20]);
    let records: [&[u8]; 4] = [&small, &large, &[], &large];
    let given = records.map(|record| Submission::new(&Solana, &context, record));
    let tickets = pre.submit_many(&given).expect("room");
    let mut batch = Batch::new();
    let alone = solana::Context::default();
    records.into_iter().for_each(|record| batch.push(&Solana, record, &alone));
    let reports = verify(common::fastest(), batch).expect("an engine that works");
    for (ticket, report) in tickets.iter().zip(reports) {
        assert_eq!(*ticket.wait().report.expect("a report"), report);
    }
}

#[test]
fn a_full_queue_gives_records_back_and_takes_them_when_there_is_room() {
    let config = Config { capacity: 2, max_batch: 2, ..at_once() };
    let pre = Prevalidator::start(engine(), &config).expect("a pre-validator");
    let (gate, context) = gate();
    let record = |bytes: &'static [u8]| Submission::new(&Gate, &context, bytes);
    // The only worker holds the first until the gate opens, so both are pending until then.
    let given = [record(b"w"), record(b"1").id(1), record(b"2").id(2)];
    let partial = pre.submit_many(&given).expect_err("room for two");
    assert_eq!(partial.taken.len(), 2);
    assert!(matches!(partial.rest, SubmitError::Full([Submission { id: 2, record: b"2", .. }])));
    let error = pre.submit(record(b"3").id(3)).expect_err("a full queue");
    assert!(error.is_full());
    assert_eq!(error.into_inner().id, 3);
    let brief = Duration::from_nanos(1);
    assert!(pre.submit_timeout(record(b"3"), brief).expect_err("a full queue").is_full());
    assert_eq!((pre.stats().accepted, pre.stats().refused, pre.stats().pending), (2, 3, 2));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| pre.submit_timeout(record(b"4"), Duration::MAX).expect("room at last"));
        let coming = scope.spawn(|| block_on(pre.room(1, 1)));
        gate.open();
        assert_eq!(name_of(&waiting.join().expect("no panic")), "Other");
        coming.join().expect("no panic");
    });
    assert_eq!(partial.taken.iter().map(name_of).collect::<Vec<_>>(), ["valid", "Other"]);
}

#[test]
fn bytes_are_bounded_too() {
    let config = Config { capacity_bytes: 10, ..at_once() };
    let pre = Prevalidator::start(engine(), &config).expect("a pre-validator");
    let (gate, context) = gate();
    let record = |bytes: &'static [u8]| Submission::new(&Gate, &context, bytes);
    let error = pre.submit(record(b"12345678901")).expect_err("more than there is room for at all");
    assert!(matches!(error, SubmitError::TooLarge(_)), "{error}");
    let first = pre.submit(record(b"w12345")).expect("room");
    assert!(pre.submit(record(b"12345")).expect_err("room for four").is_full());
    let second = pre.submit(record(b"1234")).expect("room");
    assert_eq!(pre.stats().pending_bytes, 10);
    gate.open();
    assert_eq!((name_of(&first), name_of(&second)), ("valid", "Other"));
}

#[test]
fn a_context_of_another_system_is_refused() {
    let pre = Prevalidator::start(engine(), &Config::default()).expect("a pre-validator");
    let (_, context) = gate();
    let error = pre.submit(Submission::new(&Solana, &context, b"x").id(7)).expect_err("a wrong context");
    let SubmitError::WrongContext { given, error } = error else { panic!("{error}") };
    assert_eq!((given.id, error.system), (7, "solana"));
    assert_eq!(pre.stats().accepted, 0);
}

#[test]
fn a_record_is_cancelled_or_judged_and_not_both() {
    let pre = Prevalidator::start(engine(), &at_once()).expect("a pre-validator");
    let (gate, context) = gate();
    let record = |bytes: &'static [u8]| Submission::new(&Gate, &context, bytes);
    let held = pre.submit(record(b"w")).expect("room");
    gate.wait_for(1);
    // The worker is busy, so these wait together.
    let waiting = [record(b"1"), record(b"2"), record(b"3")].map(|record| pre.submit(record).expect("room"));
    assert!(!held.cancel(), "a worker has it");
    assert!(waiting[0].cancel() && waiting[2].cancel());
    assert!(!waiting[2].cancel(), "it was cancelled before");
    let fault = waiting[0].try_get().expect("an outcome before its turn").report;
    assert!(matches!(fault, Err(Fault::Cancelled)));
    assert!(waiting[1].try_get().is_none());
    gate.open();
    assert_eq!((name_of(&held), name_of(&waiting[1])), ("valid", "Other"));
    assert!(matches!(waiting[2].wait().report, Err(Fault::Cancelled)));
    assert!(!waiting[1].cancel(), "it has a report");
    assert_eq!(gate.parsed(), b"w2", "what was cancelled is not parsed");
    assert_eq!((pre.stats().cancelled, pre.stats().invalid, pre.stats().valid), (2, 1, 1));
}

#[test]
fn urgent_records_go_first() {
    let pre = Prevalidator::start(engine(), &at_once()).expect("a pre-validator");
    let (gate, context) = gate();
    let record = |bytes: &'static [u8], priority| {
        pre.submit(Submission::new(&Gate, &context, bytes).priority(priority)).expect("room")
    };
    let held = record(b"w", Priority::Mempool);
    gate.wait_for(1);
    let tickets = [
        record(b"3", Priority::Backfill),
        record(b"2", Priority::Mempool),
        record(b"1", Priority::Consensus),
    ];
    gate.open();
    tickets.iter().for_each(|ticket| assert_eq!(name_of(ticket), "Other"));
    assert_eq!((name_of(&held), gate.parsed()), ("valid", b"w123".to_vec()));
}

#[test]
fn a_panic_is_a_fault_of_its_micro_batch_and_of_nothing_else() {
    let pre = Prevalidator::start(engine(), &at_once()).expect("a pre-validator");
    for bad in [b"p", b"f"] {
        let (gate, context) = gate();
        let record = |bytes: &'static [u8]| Submission::new(&Gate, &context, bytes);
        let held = pre.submit(record(b"w")).expect("room");
        gate.wait_for(1);
        let tickets = pre.submit_many(&[record(b"1"), record(bad), record(b"2")]).expect("room");
        assert!(tickets[0].cancel());
        gate.open();
        assert_eq!(name_of(&held), "valid");
        assert!(matches!(tickets[0].wait().report, Err(Fault::Cancelled)));
        for ticket in &tickets[1..] {
            let report = ticket.wait().report;
            let Err(Fault::Panicked(text)) = report else { panic!("{report:?}") };
            assert_eq!(&*text, if bad == b"p" { "parsing" } else { "folding" });
        }
        assert_eq!(name_of(&pre.submit(record(b"3")).expect("room")), "Other", "the worker goes on");
    }
    let stats = pre.stats();
    assert_eq!((stats.panics, stats.faults, stats.cancelled), (2, 4, 2));
    assert_eq!((stats.valid, stats.invalid, stats.accepted), (2, 2, 10));
}

#[test]
fn closing_keeps_what_was_accepted_and_takes_nothing_more() {
    // An hour, so that closing is what cuts the micro-batches.
    let config = Config { max_delay: Duration::from_secs(3600), ..Config::default() };
    let pre = Prevalidator::start(engine(), &config).expect("a pre-validator");
    let (_, context) = gate();
    let record = Submission::new(&Gate, &context, b"x");
    let tickets: Vec<Ticket> = thread::scope(|scope| {
        let submit = || (0..50).map(|_| pre.submit(record).expect("room")).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(submit)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(tickets.iter().all(|ticket| ticket.try_get().is_none()) && !pre.is_closed());
    pre.close();
    assert!(pre.is_closed());
    for ticket in &tickets {
        let outcome = ticket.try_get().expect("an outcome");
        assert_eq!(outcome.report.expect("a report").verdict, Verdict::Invalid(Cause::new("Other")));
    }
    assert!(matches!(pre.submit(record), Err(SubmitError::Closed(_))));
    assert!(matches!(pre.submit_timeout(record, Duration::MAX), Err(SubmitError::Closed(_))));
    block_on(pre.room(1, 1));
    assert_eq!((pre.stats().accepted, pre.stats().invalid), (200, 200));
}

#[test]
fn a_flush_and_dropping_end_the_waiting() {
    let config = Config { max_delay: Duration::from_secs(3600), ..Config::default() };
    let pre = Prevalidator::start(engine(), &config).expect("a pre-validator");
    let (_, context) = gate();
    let record = Submission::new(&Gate, &context, b"x");
    let ticket = pre.submit(record).expect("room");
    assert!(ticket.wait_timeout(Duration::from_nanos(1)).is_none());
    pre.flush();
    assert_eq!(block_on(ticket).report.expect("a report").verdict.name(), "invalid");
    let ticket = pre.submit(record).expect("room");
    drop(pre);
    assert_eq!(name_of(&ticket), "Other");
}

#[test]
fn limits_that_make_no_sense_are_named() {
    let start =
        |config: Config| Prevalidator::start(engine(), &config).expect_err("wrong limits").to_string();
    let error = start(Config { capacity: 0, ..Config::default() });
    assert_eq!(error, "capacity is 0; it must be 1 to 1073741824");
    let error = start(Config { capacity: 10, max_batch: 11, ..Config::default() });
    assert_eq!(error, "max_batch is 11; it must be 1 to 10");
}

/// Waits for a future by parking the thread.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut TaskContext::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
