//! The pre-validator under load: what it costs over whole batches, what it holds at saturation, and how long items take.
//!
//! `cargo run --release --example prevalidator_load -- MODE [--seconds S] [--workers W] [--producers P] [--batch N]`
//!
//! | mode | prints, one line of JSON each |
//! |---|---|
//! | `throughput` | items a second of `engine.verify` on full batches from W threads, and of W workers fed by P producers with `submit_many` and with `submit`; the three alternate, ratios are of neighbours |
//! | `saturate` | P producers as fast as they can for S seconds: accepted, verdicts, refusals, resident memory |
//! | `latency` | quantiles at 10, 50, 90 and 110 % of the rate that `submit` reaches, from the time at which an item was due |
//! | `quiet` | items one by one, far apart: the latency beside `max_delay` and the time of a batch of one |
//!
//! Ed25519, `zip215`, 1,024 registered keys, messages of 128 bytes. The engine runs on the workers. Linux only where
//! memory is read.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use ed25519_dalek::{Signer, SigningKey};
use sigwarp::prevalidator::{Config, Group, Latency, Outcome, Prevalidator, Submission, SubmitError, Ticket};
use sigwarp::{Batch, Ed25519Rule, Engine, Key, KeyId, Message, Suite};

const KEYS: usize = 1024;
const ITEMS: usize = 16384;
/// Items of one `submit_many`.
const CHUNK: usize = 256;

struct Options {
    mode: String,
    seconds: f64,
    workers: NonZeroUsize,
    producers: usize,
    batch: usize,
}

fn options() -> Options {
    let mut arguments = std::env::args().skip(1);
    let mode = arguments.next().expect("a mode: throughput, saturate, latency or quiet");
    let workers = NonZeroUsize::new(2).expect("two");
    let mut options = Options { mode, seconds: 10.0, workers, producers: 2, batch: 2048 };
    while let Some(argument) = arguments.next() {
        let value = arguments.next().expect("a value after each option");
        match argument.as_str() {
            "--seconds" => options.seconds = value.parse().expect("a number of seconds"),
            "--workers" => options.workers = value.parse().expect("a number of threads"),
            "--producers" => options.producers = value.parse().expect("a number of threads"),
            "--batch" => options.batch = value.parse().expect("a number of items"),
            other => panic!("what is {other}?"),
        }
    }
    options
}

/// Signed messages under registered keys.
struct Workload {
    suite: Suite,
    rows: Vec<(KeyId, [u8; 128], [u8; 64])>,
}

impl Workload {
    fn new(engine: &Engine) -> Self {
        let suite = Suite::ed25519(Ed25519Rule::Zip215);
        let keys: Vec<_> = (0..KEYS as u64)
            .map(|i| {
                let mut seed = [3; 32];
                seed[..8].copy_from_slice(&i.to_le_bytes());
                SigningKey::from_bytes(&seed)
            })
            .collect();
        let ids = engine.register(&suite, keys.iter().map(|key| key.verifying_key().to_bytes()));
        let ids: Vec<_> = ids.expect("room for the keys").into_iter().map(|id| id.expect("a key")).collect();
        let rows = (0..ITEMS)
            .map(|i| {
                let mut message = [i as u8; 128];
                message[..8].copy_from_slice(&(i as u64).to_le_bytes());
                let key = i * 7 % KEYS;
                (ids[key], message, keys[key].sign(&message).to_bytes())
            })
            .collect();
        Self { suite, rows }
    }

    /// Spoils one in a thousand.
    fn with_bad(mut self) -> Self {
        self.rows.iter_mut().step_by(1000).for_each(|row| row.2[40] ^= 1);
        self
    }

    fn is_good(item: u64) -> bool {
        !(item as usize % ITEMS).is_multiple_of(1000)
    }

    fn item(&self, number: usize) -> Submission<'_> {
        let (key, message, signature) = &self.rows[number % ITEMS];
        Submission::new(&self.suite, Key::Id(*key), Message::Raw(message), signature).id(number as u64)
    }

    fn batches(&self, length: usize) -> Vec<Batch> {
        self.rows
            .chunks_exact(length.min(ITEMS))
            .map(|rows| {
                let mut batch = Batch::new();
                for (key, message, signature) in rows {
                    batch.push(&self.suite, Key::Id(*key), Message::Raw(message), signature);
                }
                batch
            })
            .collect()
    }
}

fn config(options: &Options) -> Config {
    let capacity = (options.workers.get() + 2) * 2 * options.batch;
    Config { capacity, max_batch: options.batch, workers: options.workers, ..Config::default() }
}

fn rate(items: u64, since: Instant) -> f64 {
    items as f64 / since.elapsed().as_secs_f64()
}

/// Whole batches from as many threads as there are workers.
fn whole_batches(engine: &Engine, batches: &[Batch], threads: usize, time: Duration) -> f64 {
    let (start, items) = (Instant::now(), AtomicU64::new(0));
    thread::scope(|scope| {
        for thread in 0..threads {
            let items = &items;
            scope.spawn(move || {
                let mut next = thread;
                while start.elapsed() < time {
                    let batch = &batches[next % batches.len()];
                    assert!(engine.verify(batch).expect("verdicts").all_valid());
                    items.fetch_add(batch.len() as u64, Ordering::Relaxed);
                    next += threads;
                }
            });
        }
    });
    rate(items.into_inner(), start)
}

fn check(outcome: &Outcome, good: impl Fn(u64) -> bool) {
    let verdict = outcome.verdict.as_ref().expect("a verdict");
    assert_eq!(verdict.is_valid(), good(outcome.id), "item {}", outcome.id);
}

/// Keeps the tickets of some items in flight and reads each outcome.
fn produce_single(
    pre: &Prevalidator,
    load: &Workload,
    first: usize,
    goes_on: impl Fn() -> bool,
    good: impl Fn(u64) -> bool,
) -> (u64, u64) {
    const WINDOW: usize = 4096;
    let mut tickets: VecDeque<Ticket> = VecDeque::with_capacity(WINDOW);
    let (mut number, mut decided, mut refused) = (first, 0, 0);
    while goes_on() {
        for _ in 0..64 {
            let ticket = match pre.submit(load.item(number)) {
                Ok(ticket) => ticket,
                Err(SubmitError::Full(item)) => {
                    refused += 1;
                    pre.submit_timeout(item, Duration::MAX).expect("room in the end")
                }
                Err(error) => panic!("{error}"),
            };
            number += 1;
            if tickets.len() == WINDOW
                && let Some(oldest) = tickets.pop_front()
            {
                check(&oldest.wait(), &good);
                decided += 1;
            }
            tickets.push_back(ticket);
        }
    }
    pre.flush();
    for ticket in tickets {
        check(&ticket.wait(), &good);
        decided += 1;
    }
    assert_eq!(decided, (number - first) as u64, "an accepted item has no outcome");
    (decided, refused)
}

fn produce_many(pre: &Prevalidator, load: &Workload, goes_on: impl Fn() -> bool) -> u64 {
    let mut groups: VecDeque<Group> = VecDeque::new();
    let (mut number, mut decided) = (0, 0);
    let mut items = Vec::with_capacity(CHUNK);
    let finish = |group: Group| {
        group.wait().iter().for_each(|outcome| check(outcome, |_| true));
        group.len() as u64
    };
    while goes_on() {
        items.clear();
        items.extend((number..number + CHUNK).map(|number| load.item(number)));
        number += CHUNK;
        groups.push_back(pre.submit_many_timeout(&items, Duration::MAX).expect("room in the end"));
        if groups.len() > 32
            && let Some(oldest) = groups.pop_front()
        {
            decided += finish(oldest);
        }
    }
    pre.flush();
    decided + groups.into_iter().map(finish).sum::<u64>()
}

fn fed(options: &Options, time: Duration, produce: impl Fn(usize, &dyn Fn() -> bool) -> u64 + Sync) -> f64 {
    let (start, items) = (Instant::now(), AtomicU64::new(0));
    thread::scope(|scope| {
        for producer in 0..options.producers {
            let (items, produce) = (&items, &produce);
            scope.spawn(move || {
                let made = produce(producer, &|| start.elapsed() < time);
                items.fetch_add(made, Ordering::Relaxed);
            });
        }
    });
    rate(items.into_inner(), start)
}

fn quartiles(mut samples: Vec<f64>) -> [f64; 3] {
    samples.sort_by(f64::total_cmp);
    [0.25, 0.5, 0.75].map(|q| samples[((samples.len() - 1) as f64 * q).round() as usize])
}

fn throughput(options: &Options, engine: &Arc<Engine>, load: &Workload) {
    let slice = Duration::from_millis(600);
    let batches = load.batches(options.batch);
    let pre = Prevalidator::start(Arc::clone(engine), config(options)).expect("a pre-validator");
    let rounds = (options.seconds / slice.as_secs_f64() / 3.0).ceil().max(3.0) as usize;
    let mut samples = [const { Vec::new() }; 3];
    for _ in 0..rounds {
        samples[0].push(whole_batches(engine, &batches, options.workers.get(), slice));
        samples[1].push(fed(options, slice, |_, goes_on| produce_many(&pre, load, goes_on)));
        samples[2].push(fed(options, slice, |producer, goes_on| {
            produce_single(&pre, load, producer * 1000, goes_on, |_| true).0
        }));
    }
    let ratios = |of: usize| samples[of].iter().zip(&samples[0]).map(|(a, b)| a / b).collect::<Vec<_>>();
    for (name, of) in [("many", 1), ("single", 2)] {
        let [low, median, high] = quartiles(ratios(of));
        println!(
            "{{\"mode\":\"throughput\",\"submit\":\"{name}\",\"ratio\":{median:.3},\"ratio_p25\":{low:.3},\"ratio_p75\":{high:.3},\"items_per_second\":{:.0},\"engine_items_per_second\":{:.0},\"rounds\":{rounds}}}",
            quartiles(samples[of].clone())[1],
            quartiles(samples[0].clone())[1],
        );
    }
}

/// Resident bytes of this process.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    pages * 4096
}

fn saturate(options: &Options, engine: &Arc<Engine>, load: &Workload) {
    let pre = Prevalidator::start(Arc::clone(engine), config(options)).expect("a pre-validator");
    let time = Duration::from_secs_f64(options.seconds);
    let (start, stop) = (Instant::now(), AtomicBool::new(false));
    let (decided, refused) = (AtomicU64::new(0), AtomicU64::new(0));
    let mut memory = Vec::new();
    thread::scope(|scope| {
        for producer in 0..options.producers {
            let (pre, stop, decided, refused) = (&pre, &stop, &decided, &refused);
            scope.spawn(move || {
                let goes_on = || !stop.load(Ordering::Relaxed);
                let (done, full) = produce_single(pre, load, producer * ITEMS, goes_on, Workload::is_good);
                decided.fetch_add(done, Ordering::Relaxed);
                refused.fetch_add(full, Ordering::Relaxed);
            });
        }
        while start.elapsed() < time {
            thread::sleep(Duration::from_millis(250));
            memory.push(resident());
        }
        stop.store(true, Ordering::Relaxed);
    });
    pre.close();
    let stats = pre.stats();
    let (settled, rest) = memory.split_at(memory.len() / 3);
    let before = settled.last().copied().unwrap_or(0);
    let most = rest.iter().copied().max().unwrap_or(0);
    println!(
        "{{\"mode\":\"saturate\",\"seconds\":{:.0},\"producers\":{},\"accepted\":{},\"verdicts\":{},\"invalid\":{},\"faults\":{},\"pending\":{},\"refused\":{},\"items_per_second\":{:.0},\"rss_after_a_third\":{before},\"rss_most_after\":{most},\"growth_percent\":{:.2}}}",
        options.seconds,
        options.producers,
        stats.accepted,
        decided.into_inner(),
        stats.invalid,
        stats.faults,
        stats.pending,
        refused.into_inner(),
        rate(stats.accepted, start),
        100.0 * (most as f64 / before.max(1) as f64 - 1.0),
    );
}

/// Items that are due at even times, whatever became of those before.
fn offered(
    options: &Options,
    engine: &Arc<Engine>,
    load: &Workload,
    percent: u32,
    per_second: f64,
    time: Duration,
) {
    let latency = Arc::new(Mutex::new(Latency::default()));
    let start = Instant::now() + Duration::from_millis(20);
    let due = move |number: u64| start + Duration::from_secs_f64(number as f64 / per_second);
    let sink = {
        let latency = Arc::clone(&latency);
        move |outcomes: &[Outcome]| {
            let now = Instant::now();
            let mut latency = latency.lock().expect("a whole histogram");
            for outcome in outcomes {
                check(outcome, |_| true);
                latency.record(now.saturating_duration_since(due(outcome.id)), 1);
            }
        }
    };
    let config = Config { on_outcomes: Some(Arc::new(sink)), ..config(options) };
    let (max_delay, capacity) = (config.max_delay, config.capacity);
    let pre = Prevalidator::start(Arc::clone(engine), config).expect("a pre-validator");
    let (mut number, mut refused) = (0, 0u64);
    while start.elapsed() < time {
        let now = Instant::now();
        while due(number) <= now {
            match pre.submit(load.item(number as usize)) {
                Ok(ticket) => drop(ticket),
                Err(SubmitError::Full(_)) => refused += 1,
                Err(error) => panic!("{error}"),
            }
            number += 1;
        }
        thread::sleep(due(number).saturating_duration_since(Instant::now()).max(Duration::from_micros(50)));
    }
    pre.close();
    let latency = latency.lock().expect("a whole histogram");
    let micros = |q| latency.quantile(q).unwrap_or_default().as_secs_f64() * 1e6;
    println!(
        "{{\"mode\":\"latency\",\"percent\":{percent},\"offered_per_second\":{per_second:.0},\"items\":{},\"refused\":{refused},\"p50_us\":{:.0},\"p99_us\":{:.0},\"p999_us\":{:.0},\"max_delay_us\":{},\"capacity\":{capacity}}}",
        latency.items(),
        micros(0.5),
        micros(0.99),
        micros(0.999),
        max_delay.as_micros(),
    );
}

fn latency(options: &Options, engine: &Arc<Engine>, load: &Workload) {
    let time = Duration::from_secs_f64(options.seconds / 5.0);
    let pre = Prevalidator::start(Arc::clone(engine), config(options)).expect("a pre-validator");
    let one = Options { producers: 1, mode: String::new(), ..*options };
    let most = fed(&one, time, |_, goes_on| produce_single(&pre, load, 0, goes_on, |_| true).0);
    drop(pre);
    for percent in [10, 50, 90, 110] {
        offered(options, engine, load, percent, most * f64::from(percent) / 100.0, time);
    }
}

fn quiet(options: &Options, engine: &Arc<Engine>, load: &Workload) {
    let alone = load.batches(1);
    let config = config(options);
    let delay = config.max_delay;
    let pre = Prevalidator::start(Arc::clone(engine), config).expect("a pre-validator");
    let (mut own, mut total) = (Vec::new(), Vec::new());
    let start = Instant::now();
    let mut number = 0;
    while start.elapsed().as_secs_f64() < options.seconds {
        let from = Instant::now();
        assert!(engine.verify(&alone[number % ITEMS]).expect("verdicts").all_valid());
        own.push(from.elapsed().as_secs_f64() * 1e6);
        let from = Instant::now();
        check(&pre.submit(load.item(number)).expect("room").wait(), |_| true);
        total.push(from.elapsed().as_secs_f64() * 1e6);
        number += 1;
    }
    let [low, median, high] = quartiles(total);
    println!(
        "{{\"mode\":\"quiet\",\"items\":{number},\"max_delay_us\":{},\"p25_us\":{low:.0},\"p50_us\":{median:.0},\"p75_us\":{high:.0},\"batch_of_one_p50_us\":{:.0}}}",
        delay.as_micros(),
        quartiles(own)[1],
    );
}

fn main() {
    let options = options();
    let engine = Engine::builder().threads(NonZeroUsize::MIN).build().expect("an engine");
    engine.self_test().expect("the known answers");
    let engine = Arc::new(engine);
    let load = Workload::new(&engine);
    eprintln!("{}: {}", engine.backends()[0], engine.why());
    match options.mode.as_str() {
        "throughput" => throughput(&options, &engine, &load),
        "saturate" => saturate(&options, &engine, &load.with_bad()),
        "latency" => latency(&options, &engine, &load),
        "quiet" => quiet(&options, &engine, &load),
        other => panic!("what is {other}? A mode is throughput, saturate, latency or quiet"),
    }
}
