//! What is locked while keys are examined and tables are made: nothing. What other threads do meanwhile is done here by
//! the store itself, so that it happens at that moment and nowhere else.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// A store that does something whenever it is asked for something.
struct Hooked<'a> {
    store: Store,
    ring: &'a KeyRing,
    /// How often, and what.
    calls: AtomicUsize,
    hook: &'a (dyn Fn() + Sync),
}

impl<'a> Hooked<'a> {
    fn new(scheme: KeyScheme, ring: &'a KeyRing, hook: &'a (dyn Fn() + Sync)) -> Self {
        Self { store: Store::of(scheme), ring, calls: AtomicUsize::new(0), hook }
    }

    /// Nothing is locked: else what the hook does would wait for ever, for this very thread.
    fn call(&self) {
        let Self { ring, calls, hook, .. } = self;
        assert!(ring.ledger.try_lock().is_ok(), "the ledger is locked");
        assert!(ring.current.try_write().is_ok(), "the current generation is locked");
        assert!(ring.sketch.iter().all(|sketch| sketch.try_lock().is_ok()), "the sketch is locked");
        calls.fetch_add(1, Ordering::Relaxed);
        hook();
    }
}

impl TableStore for Hooked<'_> {
    fn examine(&self, keys: &[&[u8]]) -> Vec<Result<Examined, Reason>> {
        self.call();
        self.store.examine(keys)
    }

    fn table_bytes(&self, tier: Tier) -> Option<usize> {
        self.store.table_bytes(tier)
    }

    fn build(&self, tier: Tier, keys: &[Decoded]) -> Vec<Table> {
        self.call();
        self.store.build(tier, keys)
    }
}

/// Registers, demotes, admits and promotes, with a hook; `work` gets the ring and what the hook was called by.
fn change_everything(ring: &KeyRing, hook: &(dyn Fn() + Sync)) {
    let (edwards, curve) = (Hooked::new(ED, ring, hook), Hooked::new(P256, ring, hook));
    let stores = |of| match of {
        ED => Some(&edwards as &dyn TableStore),
        P256 => Some(&curve as &dyn TableStore),
        _ => None,
    };
    let room = |store: &Hooked<'_>, scheme, numbers: std::ops::Range<usize>| {
        let before = store.calls.load(Ordering::Relaxed);
        let keys = keys(numbers);
        let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        let registered = ring.register(store, &stores, scheme, &keys, |_| None).expect("room");
        assert!(registered.iter().all(Result::is_ok));
        assert!(store.calls.load(Ordering::Relaxed) >= before + 2, "examined and built");
    };
    room(&edwards, ED, 0..10);
    let demoted = edwards.calls.load(Ordering::Relaxed);
    room(&curve, P256, 100..200);
    assert!(edwards.calls.load(Ordering::Relaxed) > demoted, "tables of the first scheme became smaller");
    let all: Vec<KeyId> = ring.pin().iter().map(|record| record.id).collect();
    ring.unregister(&all);

    let frequent = keys(300..310);
    for _ in 0..admit::ADMIT_AFTER {
        ring.observe(&edwards, ED, &slices(&frequent));
    }
    use_often(ring, ring.pin().iter().map(|record| record.id));
    let built = edwards.calls.load(Ordering::Relaxed);
    ring.promote(&stores);
    assert!(edwards.calls.load(Ordering::Relaxed) > built, "better tables were made");
}

fn ring() -> KeyRing {
    KeyRing::new(10 * (RECORD_BYTES + FULL), true)
}

/// So batches that run, and those that begin, wait for nothing; and a thread that makes tables may take up any other work
/// of the engine.
#[test]
fn nothing_is_locked_while_keys_are_examined_and_tables_are_made() {
    let ring = ring();
    change_everything(&ring, &|| ());
    let stats = check(&ring);
    assert_eq!((stats.admitted, stats.registered), (10, 0), "{stats:?}");
    assert_eq!(stats.full, PROMOTED_PER_CALL, "{stats:?}");
}

/// Whoever makes tables takes up a task that registers, drops, admits and promotes keys itself.
#[test]
fn keys_may_change_while_tables_are_made() {
    let ring = ring();
    let next = AtomicUsize::new(1_000);
    let work = || {
        // Otherwise this would call itself for ever: its store has no hook.
        let first = next.fetch_add(3, Ordering::Relaxed);
        let ids = register(&ring, BIP340, &keys(first..first + 3));
        let ids: Vec<KeyId> = ids.into_iter().map(|id| id.expect("an id")).collect();
        assert_eq!(ring.unregister(&ids), 3);
        observe(&ring, &keys(5_000..5_002));
        let stores = All::new();
        ring.promote(&|of| stores.get(of));
        check(&ring);
    };
    change_everything(&ring, &work);
    assert!(next.load(Ordering::Relaxed) > 1_000 + 3 * 6);
    let stats = check(&ring);
    assert_eq!(stats.registered, 0, "{stats:?}");
    assert!(stats.admitted >= 10 && stats.full > 0, "{stats:?}");
}

/// The ring is another one each time that a plan has its tables: registration comes to an end, with what it has.
#[test]
fn registration_ends_though_the_ring_never_rests() {
    // Room for the tables of some.
    let ring = KeyRing::new(40 * (RECORD_BYTES + COMPACT) + 4 * FULL, false);
    let next = AtomicUsize::new(1_000);
    let more = || {
        let first = next.fetch_add(1, Ordering::Relaxed);
        assert!(register(&ring, P256, &keys(first..first + 1))[0].is_ok());
    };
    let store = Hooked::new(ED, &ring, &more);
    let all = keys(0..30);
    let all: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
    let registered = ring.register(&store, &|_| None, ED, &all, |_| None).expect("room");
    assert!(registered.iter().all(Result::is_ok));
    let stats = check(&ring);
    assert_eq!(stats.registered, 30 + next.load(Ordering::Relaxed) - 1_000);
    assert!(store.calls.load(Ordering::Relaxed) <= 8, "a bounded number of rounds");
}

/// Keys that were there when the others were examined, and are dropped meanwhile, get what is due to new keys.
#[test]
fn a_key_that_leaves_while_others_are_examined_is_registered_anew() {
    let ring = KeyRing::new(1 << 30, false);
    let old = register(&ring, ED, &keys(0..5));
    let ids: Vec<KeyId> = old.iter().map(|id| id.expect("an id")).collect();
    let drop_them = || {
        ring.unregister(&ids);
    };
    let store = Hooked::new(ED, &ring, &drop_them);
    let all = keys(0..8);
    let all: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
    let registered = ring.register(&store, &|_| None, ED, &all, |_| None).expect("room");
    let generation = ring.pin();
    for (key, id) in all.iter().zip(registered) {
        let id = id.expect("an id");
        assert!(!ids.contains(&id));
        assert_eq!(generation.get(id).map(Record::bytes), Some(*key));
    }
    assert_eq!((check(&ring).registered, check(&ring).full), (8, 8));
}

/// A key that leaves while its better table is made, and room that is taken: the table is let go.
#[test]
fn a_promotion_that_came_to_nothing_changes_nothing() {
    let (ring, ids) = fleet(&[ED], 4);
    use_often(&ring, ids.iter().copied());
    // Registered keys stay, admitted ones make room for them.
    let register_everything = || {
        if ring.stats().registered == 0 {
            let room = (1 << 30) / (RECORD_BYTES + FULL);
            register(&ring, P256, &keys(0..room + 100));
        }
    };
    let store = Hooked::new(ED, &ring, &register_everything);
    ring.promote(&|_| Some(&store as &dyn TableStore));
    assert_eq!(store.calls.load(Ordering::Relaxed), 1);
    let stats = check(&ring);
    assert_eq!(stats.admitted, 0, "{stats:?}");
    assert!(ids.iter().all(|&id| ring.pin().get(id).is_none()));
}

#[test]
fn a_builder_that_panics_while_keys_are_promoted_changes_nothing() {
    let (ring, ids) = fleet(&[ED], 4);
    let before = check(&ring);
    use_often(&ring, ids.iter().copied());
    let panics = || panic!("a fault of a builder");
    let store = Hooked::new(ED, &ring, &panics);
    let broken = || ring.promote(&|_| Some(&store as &dyn TableStore));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(broken)).is_err());
    assert!(!ring.ledger.is_poisoned());
    assert_eq!(check(&ring), before);
    // They ask again, and then there is no fault.
    use_often(&ring, ids);
    let store = Store::of(ED);
    ring.promote(&|_| Some(&store as &dyn TableStore));
    assert_eq!(check(&ring).full, 4);
}

/// A panic of the ledger's own, should there be one: counts are those of the keys that are there.
#[test]
fn a_panic_under_the_lock_leaves_the_counts_of_the_generation() {
    let (ring, _) = fleet(&[ED], 4);
    let before = check(&ring);
    let panics = || {
        let mut ledger = ring.ledger.lock().expect("not poisoned yet");
        let mut next = Generation::clone(&ring.pin());
        let ids: Vec<KeyId> = next.iter().map(|record| record.id).take(2).collect();
        ledger.remove(&mut next, &ids);
        panic!("before the next generation is the current one");
    };
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
    assert!(ring.ledger.is_poisoned());
    assert_eq!(check(&ring), before);
    assert!(!ring.ledger.is_poisoned());
}

/// Threads that register, drop, admit and promote keys at the same time, in a ring that has room for few of them.
#[test]
fn threads_change_the_ring_at_once() {
    let ring = KeyRing::new(60 * (RECORD_BYTES + COMPACT) + 2 * FULL, true);
    let stays = register(&ring, ED, &keys(0..10));
    let pinned: Vec<KeyId> = stays.iter().map(|id| id.expect("an id")).collect();
    std::thread::scope(|scope| {
        for thread in 1..=4 {
            let (ring, pinned) = (&ring, &pinned);
            scope.spawn(move || {
                for round in 0..60 {
                    let own = keys(1_000 * thread + 7 * round..1_000 * thread + 7 * round + 12);
                    let ids = register(ring, P256, &own);
                    let ids: Vec<KeyId> = ids.into_iter().map(|id| id.expect("an id")).collect();
                    let generation = ring.pin();
                    for (key, &id) in own.iter().zip(&ids) {
                        assert_eq!(generation.get(id).map(Record::bytes), Some(&key[..]));
                    }
                    observe(ring, &keys(100 * thread..100 * thread + 20));
                    use_often(ring, pinned.iter().copied());
                    let stores = All::new();
                    ring.promote(&|of| stores.get(of));
                    assert_eq!(ring.unregister(&ids), ids.len());
                }
            });
        }
    });
    let stats = check(&ring);
    assert_eq!(stats.registered, 10, "{stats:?}");
    assert_eq!(register(&ring, ED, &keys(0..10)), stays);
}
