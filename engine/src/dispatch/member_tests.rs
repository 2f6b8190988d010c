//! When backends are tested, what a wrong answer does, and who waits for whom.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};

use super::*;
use crate::backend::{Shape, Threads, Workers, cpu};
use crate::batch::{Batch, BatchView, Column, Key, Message};
use crate::keyring::KeyRing;
use crate::plan::Plan;
use crate::suite::Scheme;
use crate::{EcdsaRule, Verdict};

/// What a backend is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// To verify so many items of a scheme on a path, with keys of a ring or without.
    Verify {
        scheme: Scheme,
        items: usize,
        choice: PathChoice,
        ring: bool,
    },
    Hash(Hash),
    Recover,
}

/// What was asked for, by everybody.
type Log = Arc<Mutex<Vec<Asked>>>;

/// The portable backend under the name of another. It notes what it is asked for, and does it wrong where it `lies`.
struct Watched {
    inner: Box<dyn Cpu>,
    kind: BackendKind,
    lies: fn(Asked) -> bool,
    log: Log,
}

impl Watched {
    fn note(&self, asked: Asked) -> bool {
        self.log.lock().expect("no panic").push(asked);
        (self.lies)(asked)
    }
}

impl Backend for Watched {
    fn kind(&self) -> BackendKind {
        self.kind
    }

    fn shape(&self) -> Shape {
        self.inner.shape()
    }

    fn supports(&self, suite: &Suite) -> bool {
        self.inner.supports(suite)
    }

    fn tested(&self) {
        self.inner.tested();
    }

    fn verify(&self, batch: &BatchView<'_>, plan: &Plan, slots: &Slots) -> Result<(), BackendFailure> {
        self.inner.verify(batch, plan, slots)?;
        let Some(first) = plan.every_item().next() else { return Ok(()) };
        let scheme = batch.item(first).suite.scheme();
        let choice = plan.paths().choice;
        if self.note(Asked::Verify { scheme, items: plan.len(), choice, ring: batch.ring().is_some() }) {
            plan.every_item().for_each(|item| slots.set(item, Verdict::Valid));
        }
        Ok(())
    }

    fn hash(&self, hash: Hash, messages: &Column<'_>, digests: &mut [u8]) -> Result<(), BackendFailure> {
        self.inner.hash(hash, messages, digests)?;
        if self.note(Asked::Hash(hash)) {
            digests.fill(0);
        }
        Ok(())
    }
}

impl Cpu for Watched {
    fn table_store(&self, scheme: KeyScheme) -> Option<&dyn TableStore> {
        self.inner.table_store(scheme)
    }

    fn recover(&self, rows: &Recovery<'_>, keys: &mut [Option<Recovered>]) -> Result<(), BackendFailure> {
        self.inner.recover(rows, keys)?;
        if self.note(Asked::Recover) {
            keys.fill(Some(Ok([4; 65])));
        }
        Ok(())
    }
}

fn watched(kind: BackendKind, workers: Workers, lies: fn(Asked) -> bool) -> (Box<dyn Cpu>, Log) {
    let inner = cpu::start(BackendKind::Portable, workers).expect("portable runs everywhere");
    let log = Log::default();
    (Box::new(Watched { inner, kind, lies, log: Arc::clone(&log) }), log)
}

/// What `auto` makes of these backends.
fn auto(backends: Vec<Box<dyn Cpu>>) -> Dispatcher {
    let waiting = Mutex::new(backends);
    let start = |kind: BackendKind| {
        let mut waiting = waiting.lock().expect("no panic");
        let place = waiting.iter().position(|backend| backend.kind() == kind);
        place.map(|place| waiting.remove(place)).ok_or(Error::Unavailable { backend: kind })
    };
    let chosen = Chosen::Fastest(DeviceSource::NotAsked);
    choose(chosen, "a test", PathChoice::Auto, 1.0, start).expect("a backend")
}

/// One backend, which is named.
fn forced(backend: Box<dyn Cpu>) -> Dispatcher {
    let kind = backend.kind();
    let waiting = Mutex::new(Some(backend));
    let start = |_: BackendKind| Ok(waiting.lock().expect("no panic").take().expect("started once"));
    choose(Chosen::Cpu(kind), "a test", PathChoice::Auto, 1.0, start).expect("a backend")
}

/// One that lies where `lies` says so under the name of `avx2`, and an honest one to take its place.
fn with_help(lies: fn(Asked) -> bool) -> Dispatcher {
    auto(vec![
        watched(BackendKind::Avx2, Workers::Calling, lies).0,
        watched(BackendKind::Portable, Workers::Calling, |_| false).0,
    ])
}

/// Malformed items of a scheme: their verdicts rest on known answers like any other's.
fn items(scheme: Scheme, count: usize) -> Batch {
    let suite = Suite::all().into_iter().find(|suite| suite.scheme() == scheme).expect("a suite");
    let digest = [1; 32];
    let mut batch = Batch::new();
    for _ in 0..count {
        let message = match scheme.input() {
            crate::MessageInput::Raw => Message::Raw(b"hello"),
            crate::MessageInput::Digest => Message::Digest(&digest),
        };
        batch.push(&suite, Key::Bytes(&[]), message, &[]);
    }
    batch
}

/// Who decides so many items of a scheme, and why.
fn verify(dispatcher: &Dispatcher, scheme: Scheme, count: usize) -> Result<String, Error> {
    let verdicts = dispatcher.verify(&items(scheme, count).view().expect("a batch"))?;
    assert!(verdicts.iter().all(|verdict| !verdict.is_valid()));
    Ok(verdicts.explain().to_string())
}

fn hash(dispatcher: &Dispatcher, hash: Hash) -> Result<(), Error> {
    dispatcher.hash(hash, &Column::slices(&[&b"abc"[..]]), &mut vec![0; hash.digest_length()])
}

fn recover(dispatcher: &Dispatcher) -> Result<Vec<Recovered>, Error> {
    let rows = [&[][..]];
    let (digests, signatures) = (Column::slices(&rows), Column::slices(&rows));
    dispatcher.recover(&Recovery { rule: EcdsaRule::Any, digests, signatures, ids: &[0] })
}

/// What makes a liar known, and what it would have done.
type Lie = (&'static str, fn(Asked) -> bool, fn(&Dispatcher) -> Result<(), Error>);

const SECP256K1: Scheme = Scheme::EcdsaSecp256k1Sha256;

const LIES: [Lie; 6] = [
    (
        "items in lanes",
        |asked| matches!(asked, Asked::Verify { scheme: SECP256K1, items, .. } if items > 1),
        |dispatcher| verify(dispatcher, SECP256K1, 5).map(drop),
    ),
    (
        "items alone",
        |asked| matches!(asked, Asked::Verify { scheme: Scheme::Sm2Sm3, items: 1, .. }),
        |dispatcher| verify(dispatcher, Scheme::Sm2Sm3, 1).map(drop),
    ),
    (
        "linear combinations",
        |asked| matches!(asked, Asked::Verify { choice: PathChoice::Combination, .. }),
        |dispatcher| verify(dispatcher, Scheme::Ed25519, 16).map(drop),
    ),
    (
        "the hash function of a scheme",
        |asked| asked == Asked::Hash(Hash::Keccak256),
        |dispatcher| {
            let keccak = Scheme::EcdsaSecp256k1Keccak256;
            verify(dispatcher, keccak, 1).map(drop)
        },
    ),
    ("digests", |asked| asked == Asked::Hash(Hash::Blake3), |dispatcher| hash(dispatcher, Hash::Blake3)),
    ("keys", |asked| asked == Asked::Recover, |dispatcher| recover(dispatcher).map(drop)),
];

#[test]
fn a_wrong_answer_is_found_before_the_first_result_that_rests_on_it() {
    for (what, lies, need) in LIES {
        // Alone it is an error, then and from then on.
        let alone = forced(watched(BackendKind::Avx2, Workers::Calling, lies).0);
        verify(&alone, Scheme::Bip340, 1).unwrap_or_else(|error| panic!("{what}: {error}"));
        let error = need(&alone).expect_err(what);
        assert!(matches!(error, Error::SelfTest(_)), "{what}: {error}");
        let later = verify(&alone, Scheme::Bip340, 1).expect_err(what);
        assert_eq!(later.to_string(), error.to_string(), "{what}");
        assert!(matches!(hash(&alone, Hash::Sm3), Err(Error::SelfTest(_))), "{what}");
        assert!(matches!(recover(&alone), Err(Error::SelfTest(_))), "{what}");
        assert!(alone.table_store(KeyScheme::Ed25519).is_err() && alone.kinds().is_empty(), "{what}");
        assert!(matches!(alone.self_test(), Err(Error::SelfTest(_))), "{what}");

        // Another takes its place, and says why.
        let helped = with_help(lies);
        assert_eq!(helped.why(), "avx2 is the fastest backend that runs here");
        let who = verify(&helped, Scheme::Bip340, 1).expect("verdicts");
        assert!(who.starts_with("cpu avx2: 1 item"), "{what}: {who}");
        need(&helped).unwrap_or_else(|error| panic!("{what}: {error}"));
        let who = verify(&helped, Scheme::Bip340, 1).expect("verdicts");
        assert!(who.starts_with("cpu portable: 1 item"), "{what}: {who}");
        let why = format!("the only backend that runs here; {error}");
        assert!(who.ends_with(&why) && helped.why() == why, "{what}: {who}");
        assert_eq!(helped.kinds(), [BackendKind::Portable], "{what}");
    }
}

#[test]
fn tables_are_tested_before_keys_are_registered_and_before_another_uses_them() {
    let lies = |asked| matches!(asked, Asked::Verify { ring: true, .. });
    assert!(
        forced(watched(BackendKind::Avx2, Workers::Calling, lies).0).table_store(KeyScheme::Ed25519).is_err()
    );
    assert!(with_help(lies).table_store(KeyScheme::Ed25519).is_ok_and(|store| store.is_some()));

    // The first fails after keys were registered with it. The second has not been tested with tables then.
    let (first, _) = watched(BackendKind::Avx2, Workers::Calling, |asked| asked == Asked::Hash(Hash::Sm3));
    let (second, log) = watched(BackendKind::Portable, Workers::Calling, |_| false);
    let dispatcher = auto(vec![first, second]);
    let store = dispatcher.table_store(KeyScheme::Ed25519).expect("it is right").expect("tables");
    let ring = KeyRing::new(1 << 20, false);
    let mut base_point = [0x66; 32];
    base_point[0] = 0x58;
    let registered = ring.register(store, &|_| None, KeyScheme::Ed25519, &[&base_point[..]], |_| None);
    assert!(registered.expect("room")[0].is_ok());
    hash(&dispatcher, Hash::Sm3).expect("a digest of the second");
    log.lock().expect("no panic").clear();
    let (batch, pinned) = (items(Scheme::Ed25519, 1), ring.pin());
    let view = batch.view().expect("a batch").with_ring(&pinned).expect("no ids");
    assert!(dispatcher.verify(&view).is_ok_and(|verdicts| verdicts.valid() == 0));
    let log = log.lock().expect("no panic");
    let with_ring = log.iter().filter(|asked| matches!(asked, Asked::Verify { ring: true, .. })).count();
    assert!(with_ring > 1, "{log:?}");
}

#[test]
fn nothing_is_tested_that_no_result_rests_on_and_nothing_twice() {
    let (backend, log) = watched(BackendKind::Portable, Workers::Calling, |_| false);
    let dispatcher = forced(backend);
    let asked = || std::mem::take(&mut *log.lock().expect("no panic"));
    assert!(asked().is_empty(), "building an engine tests nothing");
    let one = |scheme| Asked::Verify { scheme, items: 1, choice: PathChoice::Auto, ring: false };

    verify(&dispatcher, Scheme::Ed25519, 1).expect("verdicts");
    let first = asked();
    assert_eq!(first.last(), Some(&one(Scheme::Ed25519)));
    let belongs = |asked: &Asked| match asked {
        Asked::Verify { scheme, choice, ring, .. } => {
            *scheme == Scheme::Ed25519 && *choice != PathChoice::Combination && !ring
        }
        Asked::Hash(hash) => *hash == Hash::Sha512,
        Asked::Recover => false,
    };
    assert!(first.len() > 3 && first.iter().all(belongs), "{first:?}");
    verify(&dispatcher, Scheme::Ed25519, 1).expect("verdicts");
    assert_eq!(asked(), [one(Scheme::Ed25519)]);

    // More items may be combined, and costs then matter.
    verify(&dispatcher, Scheme::Ed25519, 16).expect("verdicts");
    let combined = |asked: &Asked| matches!(asked, Asked::Verify { choice: PathChoice::Combination, .. });
    assert!(asked().iter().filter(|asked| combined(asked)).count() > 2);
    verify(&dispatcher, Scheme::Ed25519, 16).expect("verdicts");
    assert_eq!(asked().len(), 1);

    // SHA-512 has been tested.
    hash(&dispatcher, Hash::Sha512).expect("a digest");
    assert_eq!(asked(), [Asked::Hash(Hash::Sha512)]);
    recover(&dispatcher).expect("an answer");
    recover(&dispatcher).expect("an answer");
    assert_eq!(asked(), [Asked::Recover; 3]);

    // Everything at once leaves nothing to test.
    dispatcher.self_test().expect("it is right");
    let rest = asked();
    assert!(rest.contains(&Asked::Hash(Hash::Sm3)) && !rest.contains(&Asked::Recover), "{rest:?}");
    for scheme in Scheme::ALL {
        verify(&dispatcher, scheme, 200).expect("verdicts");
    }
    assert_eq!(asked().len(), Scheme::ALL.len());
}

/// A backend that fails in one call is not believed in another that has begun before.
#[test]
fn what_a_backend_says_while_another_call_finds_it_wrong_is_not_believed() {
    static STARTED: AtomicBool = AtomicBool::new(false);
    let lies = |asked| asked == Asked::Hash(Hash::Blake3);
    let (inner, _) = watched(BackendKind::Avx2, Workers::Calling, lies);
    /// Waits in the first call that counts until it was found wrong.
    struct Slow(Box<dyn Cpu>, Arc<Barrier>);
    impl Backend for Slow {
        fn kind(&self) -> BackendKind {
            self.0.kind()
        }
        fn shape(&self) -> Shape {
            self.0.shape()
        }
        fn supports(&self, suite: &Suite) -> bool {
            self.0.supports(suite)
        }
        fn verify(&self, batch: &BatchView<'_>, plan: &Plan, slots: &Slots) -> Result<(), BackendFailure> {
            if plan.paths().choice == PathChoice::Auto && !STARTED.swap(true, Ordering::Relaxed) {
                self.1.wait();
                self.1.wait();
            }
            self.0.verify(batch, plan, slots)
        }
        fn hash(&self, hash: Hash, messages: &Column<'_>, out: &mut [u8]) -> Result<(), BackendFailure> {
            self.0.hash(hash, messages, out)
        }
    }
    impl Cpu for Slow {
        fn table_store(&self, _: KeyScheme) -> Option<&dyn TableStore> {
            None
        }
        fn recover(&self, rows: &Recovery<'_>, keys: &mut [Option<Recovered>]) -> Result<(), BackendFailure> {
            self.0.recover(rows, keys)
        }
    }
    let barrier = Arc::new(Barrier::new(2));
    let slow = Box::new(Slow(inner, Arc::clone(&barrier)));
    let dispatcher = auto(vec![slow, watched(BackendKind::Portable, Workers::Calling, |_| false).0]);
    std::thread::scope(|scope| {
        let who = scope.spawn(|| verify(&dispatcher, Scheme::Ed25519, 1));
        barrier.wait();
        hash(&dispatcher, Hash::Blake3).expect("a digest of the second");
        barrier.wait();
        let who = who.join().expect("no panic").expect("verdicts");
        assert!(who.starts_with("cpu portable: 1 item"), "{who}");
    });
}

#[test]
fn threads_that_need_the_same_part_test_it_once() {
    let alone = {
        let (backend, log) = watched(BackendKind::Portable, Workers::Calling, |_| false);
        verify(&forced(backend), Scheme::Ed25519, 1).expect("verdicts");
        log.lock().expect("no panic").len()
    };
    const THREADS: usize = 6;
    let (backend, log) = watched(BackendKind::Portable, Workers::Calling, |_| false);
    let dispatcher = forced(backend);
    let barrier = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                barrier.wait();
                verify(&dispatcher, Scheme::Ed25519, 1).expect("verdicts");
            });
        }
    });
    assert_eq!(log.lock().expect("no panic").len(), alone + THREADS - 1);
}

/// The threads of the caller's pool all wait for a test, which other threads run: one that is not of the pool, and one of
/// the pool. A test that gave something to the pool would wait for them, and one that took up another task of the pool
/// would come here again. Then this test does not end.
#[test]
fn tasks_of_the_callers_pool_wait_for_a_test_that_needs_no_pool() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("a pool");
    let pool = Arc::new(pool);
    for outside_first in [true, false] {
        let workers = Workers::start(&Threads::Pool(Arc::clone(&pool))).expect("threads");
        let (backend, log) = watched(BackendKind::Portable, workers, |_| false);
        let dispatcher = forced(backend);
        let calls = AtomicUsize::new(0);
        let call = |turn: usize| {
            // Every part is first needed by many at the same time, each scheme in another order.
            for step in 0..Scheme::ALL.len() {
                let scheme = Scheme::ALL[(turn + step) % Scheme::ALL.len()];
                verify(&dispatcher, scheme, 1 + 39 * (turn % 2)).expect("verdicts");
                calls.fetch_add(1, Ordering::Relaxed);
            }
            hash(&dispatcher, Hash::ALL[turn % Hash::ALL.len()]).expect("a digest");
            recover(&dispatcher).expect("an answer");
            let scheme = KeyScheme::ALL[turn % KeyScheme::ALL.len()];
            assert!(dispatcher.table_store(scheme).is_ok_and(|store| store.is_some()));
        };
        std::thread::scope(|scope| {
            if outside_first {
                scope.spawn(|| call(0));
            }
            let call = &call;
            pool.scope(|tasks| (1..13).for_each(|turn| tasks.spawn(move |_| call(turn))));
        });
        let turns = 12 + usize::from(outside_first);
        assert_eq!(calls.into_inner(), turns * Scheme::ALL.len());
        // One task hashes with SM3, whose test takes two calls.
        let log = log.lock().expect("no panic");
        assert_eq!(
            log.iter().filter(|asked| **asked == Asked::Hash(Hash::Sm3)).count(),
            3,
            "{outside_first}"
        );
    }
}
