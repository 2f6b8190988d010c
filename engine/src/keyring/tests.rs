//! The ring with a store of its own, whose tables are counted bytes.

mod lengths;
mod locks;

use std::sync::Arc;

use super::generation::{PROMOTE_FROM, RECORD_BYTES};
use super::*;

const COMPACT: usize = 2_000;
const FULL: usize = 60_000;

/// Of one scheme; SM2 has no tables here. Keys are of it unless they begin with 0; those that begin with 1 have
/// criterion 1. Up to 65 bytes are a point; BIP 340 and SM2 have longer keys too, which are [`Long`].
struct Store {
    scheme: KeyScheme,
    /// The tier and the number of the tables that were asked for at a time.
    built: Mutex<Vec<(Tier, usize)>>,
}

impl Store {
    fn of(scheme: KeyScheme) -> Self {
        Self { scheme, built: Mutex::default() }
    }

    /// What was asked for since the last time.
    fn built(&self) -> Vec<(Tier, usize)> {
        std::mem::take(&mut *self.built.lock().expect("no panic"))
    }
}

/// A table names its scheme.
type Made = (KeyScheme, Tier, u64);

impl TableStore for Store {
    fn examine(&self, keys: &[&[u8]]) -> Vec<Result<Examined, Reason>> {
        let examined = |key: &&[u8]| match key.first() {
            None => Err(Reason::BadKeyLength),
            _ if key.len() > longest(self.scheme) => Err(Reason::BadKeyLength),
            Some(&first) => Ok(Examined {
                criteria: u8::from(first == 1),
                decoded: (first != 0).then(|| decoded(self.scheme, key)),
            }),
        };
        keys.iter().map(examined).collect()
    }

    fn table_bytes(&self, tier: Tier) -> Option<usize> {
        match (self.scheme, tier) {
            (SM2, _) => None,
            (_, Tier::Compact) => Some(COMPACT),
            (_, Tier::Full) => Some(FULL),
        }
    }

    fn build(&self, tier: Tier, keys: &[Decoded]) -> Vec<Table> {
        self.built.lock().expect("no panic").push((tier, keys.len()));
        let table = |key: &Decoded| {
            let (scheme, number) = match key {
                Decoded::Point(point) => (point[1][0] as usize, point[0][0]),
                Decoded::Parsed(parsed) => {
                    parsed.get::<Long>().map(|key| (key.scheme, key.number)).expect("ours")
                }
            };
            assert_eq!(scheme, self.scheme.index(), "a key of another scheme");
            Arc::new((self.scheme, tier, number)) as Table
        };
        keys.iter().map(table).collect()
    }
}

/// What a long key decodes to; it holds three times the bytes of the key besides, as far as it says.
#[derive(Debug, PartialEq)]
struct Long {
    scheme: usize,
    number: u64,
}

/// The bytes of the longest key of a scheme.
fn longest(scheme: KeyScheme) -> usize {
    if [BIP340, SM2].contains(&scheme) { 2_600 } else { 65 }
}

fn decoded(scheme: KeyScheme, key: &[u8]) -> Decoded {
    let point = point(scheme, key);
    match key.len() {
        ..=65 => Decoded::Point(point),
        length => {
            Decoded::Parsed(ParsedKey::new(Long { scheme: scheme.index(), number: point[0][0] }, 3 * length))
        }
    }
}

/// What a key costs without a table: the counters of what is shared are 16 bytes each time.
fn record_bytes_of(key: &[u8]) -> usize {
    match key.len() {
        ..=65 => RECORD_BYTES,
        length => RECORD_BYTES + 16 + length.div_ceil(8) * 8 + 16 + size_of::<Long>() + 3 * length,
    }
}

/// Of a scheme, and another one for each number.
fn point(scheme: KeyScheme, key: &[u8]) -> Coordinates {
    let number = key.get(1..9).map_or(0, |bytes| u64::from_le_bytes(bytes.try_into().expect("8 bytes")));
    [[number, key[0].into(), 0, 0], [scheme.index() as u64, 0, 0, 0]]
}

/// Every key has the table of its own point.
fn check_tables(ring: &KeyRing) {
    for record in ring.pin().iter() {
        if let Some((tier, table)) = &record.table {
            let point = point(record.scheme, record.bytes());
            assert_eq!(table.downcast_ref::<Made>(), Some(&(record.scheme, *tier, point[0][0])));
        }
    }
}

const ED: KeyScheme = KeyScheme::Ed25519;
const P256: KeyScheme = KeyScheme::Weierstrass(WeierstrassKeys::P256);
const BIP340: KeyScheme = KeyScheme::Weierstrass(WeierstrassKeys::Bip340);
const SM2: KeyScheme = KeyScheme::Weierstrass(WeierstrassKeys::Sm2);

fn slices(keys: &[Vec<u8>]) -> Vec<&[u8]> {
    keys.iter().map(Vec::as_slice).collect()
}

fn register(ring: &KeyRing, scheme: KeyScheme, keys: &[Vec<u8>]) -> Vec<Result<KeyId, Reason>> {
    ring.register(&Store::of(scheme), &|_| None, scheme, &slices(keys), |_| None).expect("room")
}

/// Stores of all schemes.
struct All([Store; KeyScheme::COUNT]);

impl All {
    fn new() -> Self {
        Self(KeyScheme::ALL.map(Store::of))
    }

    fn get(&self, scheme: KeyScheme) -> Option<&dyn TableStore> {
        Some(&self.0[scheme.index()])
    }
}

fn key(number: usize) -> Vec<u8> {
    [&[2][..], &number.to_le_bytes()].concat()
}

fn keys(numbers: std::ops::Range<usize>) -> Vec<Vec<u8>> {
    numbers.map(key).collect()
}

/// The statistics are those of the keys that are there.
fn check(ring: &KeyRing) -> KeyStats {
    let stats = ring.stats();
    let generation = ring.pin();
    let mut counted = KeyStats { budget: stats.budget, generation: stats.generation, ..KeyStats::default() };
    for record in generation.iter() {
        let (tables, bytes) = match record.tier() {
            None => (&mut counted.decoded, 0),
            Some(Tier::Compact) => (&mut counted.compact, COMPACT),
            Some(Tier::Full) => (&mut counted.full, FULL),
        };
        *tables += 1;
        counted.bytes += record_bytes_of(record.bytes()) + bytes;
        *(if record.pinned { &mut counted.registered } else { &mut counted.admitted }) += 1;
        assert_eq!(generation.get(record.id).map(Record::bytes), Some(record.bytes()));
        assert_eq!(generation.find(record.scheme, record.bytes()).map(|found| found.id), Some(record.id));
    }
    counted.evicted = stats.evicted;
    assert_eq!(stats, counted);
    check_tables(ring);
    assert!(stats.bytes <= stats.budget);
    stats
}

#[test]
fn the_same_bytes_have_one_id_in_a_scheme_and_another_in_another() {
    let ring = KeyRing::new(1 << 30, false);
    let first = register(&ring, ED, &[key(1), key(2), key(1)]);
    assert_eq!(first[0], first[2]);
    assert_ne!(first[0], first[1]);
    assert_eq!(register(&ring, ED, &[key(1)])[0], first[0]);
    let other = register(&ring, BIP340, &[key(1)]);
    assert_ne!(other[0], first[0]);
    let stats = check(&ring);
    assert_eq!((stats.registered, stats.full), (3, 3));
    let generation = ring.pin();
    let id = first[0].expect("an id");
    assert!(generation.get_of(id, ED).is_some() && generation.get_of(id, BIP340).is_none());
    assert!(generation.find(P256, &key(1)).is_none());
}

#[test]
fn a_key_that_is_none_has_a_reason_and_takes_no_place() {
    let ring = KeyRing::new(1 << 30, false);
    let bad = [vec![], vec![0, 1], key(1), vec![1, 1], vec![2; 66]];
    let all: Vec<&[u8]> = bad.iter().map(Vec::as_slice).collect();
    let refused = |criteria| (criteria == 1).then_some(Reason::SmallOrderKey);
    let got = ring.register(&Store::of(ED), &|_| None, ED, &all, refused).expect("room");
    assert_eq!(got[0], Err(Reason::BadKeyLength));
    assert_eq!(got[1], Err(Reason::KeyNotOnCurve));
    assert!(got[2].is_ok());
    assert_eq!(got[3], Err(Reason::SmallOrderKey));
    assert_eq!(got[4], Err(Reason::BadKeyLength));
    assert_eq!(check(&ring).registered, 1);
    // Under another suite it is a key; then the first suite still refuses it.
    assert!(register(&ring, ED, &[vec![1, 1]])[0].is_ok());
    let got = ring.register(&Store::of(ED), &|_| None, ED, &all, refused).expect("room");
    assert_eq!(got[3], Err(Reason::SmallOrderKey));
}

/// A store whose builder panics.
struct Broken;

impl TableStore for Broken {
    fn examine(&self, keys: &[&[u8]]) -> Vec<Result<Examined, Reason>> {
        Store::of(ED).examine(keys)
    }

    fn table_bytes(&self, tier: Tier) -> Option<usize> {
        Store::of(ED).table_bytes(tier)
    }

    fn build(&self, _: Tier, _: &[Decoded]) -> Vec<Table> {
        panic!("a fault of a builder")
    }
}

#[test]
fn a_builder_that_panics_changes_nothing() {
    // Room for four compact tables. The fifth key takes the place of an admitted one before its table is made.
    let ring = KeyRing::new(4 * (RECORD_BYTES + COMPACT), true);
    let first = register(&ring, ED, &keys(0..2));
    let admitted = keys(2..4);
    for _ in 0..admit::ADMIT_AFTER {
        observe(&ring, &admitted);
    }
    let before = check(&ring);
    assert_eq!((before.registered, before.admitted), (2, 2));
    let fifth = key(5);
    for _ in 0..2 {
        let broken = || ring.register(&Broken, &|_| None, ED, &[&fifth], |_| None);
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(broken)).is_err());
        assert!(!ring.ledger.is_poisoned(), "nothing was locked");
        assert_eq!(check(&ring), before);
    }
    // Traffic finds the ring in order as well.
    let broken = || {
        for _ in 0..2 * admit::ADMIT_AFTER {
            ring.observe(&Broken, ED, &[&fifth]);
        }
    };
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(broken)).is_err());
    assert_eq!(check(&ring), before);
    for _ in 0..2 * admit::ADMIT_AFTER {
        observe(&ring, std::slice::from_ref(&fifth));
    }
    assert!(ring.pin().find(ED, &fifth).is_some());
    assert_eq!(register(&ring, ED, &keys(0..2)), first);
    check(&ring);
}

#[test]
fn an_id_names_nothing_after_its_key_left_even_if_the_key_comes_back() {
    let ring = KeyRing::new(1 << 30, false);
    let ids: Vec<KeyId> =
        register(&ring, ED, &keys(0..3000)).into_iter().map(|id| id.expect("an id")).collect();
    let before = ring.pin();
    assert_eq!(ring.unregister(&ids[..2000]), 2000);
    assert_eq!(ring.unregister(&ids[..2000]), 0);
    assert_eq!(check(&ring).registered, 1000);
    let again = register(&ring, ED, &keys(0..2000));
    assert!(again.iter().all(|id| id.is_ok_and(|id| !ids.contains(&id))));
    let now = ring.pin();
    assert!(ids[..2000].iter().all(|&id| now.get(id).is_none()));
    assert!(ids[2000..].iter().all(|&id| now.get(id).is_some()));
    // Who holds the generation before sees what was there.
    for (number, &id) in ids.iter().enumerate() {
        assert_eq!(before.get(id).map(Record::bytes), Some(&key(number)[..]));
    }
    assert_eq!(check(&ring).registered, 3000);
}

#[test]
fn the_budget_goes_to_records_then_compact_tables_then_full_ones() {
    let budget = 100 * (RECORD_BYTES + COMPACT) + 3 * (FULL - COMPACT);
    let ring = KeyRing::new(budget, false);
    register(&ring, ED, &keys(0..4));
    assert_eq!(check(&ring).full, 4);
    register(&ring, ED, &keys(0..100));
    let stats = check(&ring);
    assert_eq!((stats.registered, stats.decoded), (100, 0));
    assert!(stats.full >= 2, "{stats:?}");
    // More keys than compact tables.
    register(&ring, ED, &keys(0..1000));
    let stats = check(&ring);
    assert_eq!((stats.registered, stats.full), (1000, 0));
    assert!(stats.compact > 0 && stats.decoded > 0);
    // More keys than records: nothing changes.
    let most = budget / RECORD_BYTES;
    let many = keys(0..most + 1);
    let many: Vec<&[u8]> = many.iter().map(Vec::as_slice).collect();
    let refused = ring.register(&Store::of(ED), &|_| None, ED, &many, |_| None);
    assert_eq!(refused, Err(Exhausted { needed: (most + 1) * RECORD_BYTES, budget }));
    assert_eq!(check(&ring), stats);
    register(&ring, ED, &keys(0..most));
    let stats = check(&ring);
    assert_eq!((stats.registered, stats.decoded), (most, most));
}

#[test]
fn keys_of_a_scheme_without_tables_are_records() {
    let ring = KeyRing::new(1 << 20, false);
    register(&ring, SM2, &keys(0..10));
    assert_eq!(check(&ring).decoded, 10);
}

fn observe(ring: &KeyRing, keys: &[Vec<u8>]) {
    ring.observe(&Store::of(ED), ED, &slices(keys));
}

#[test]
fn frequent_keys_are_admitted_and_make_room_for_registered_ones() {
    let ring = KeyRing::new(20 * (RECORD_BYTES + COMPACT), true);
    let frequent = keys(0..15);
    for _ in 0..admit::ADMIT_AFTER - 1 {
        observe(&ring, &frequent);
        assert_eq!(check(&ring).admitted, 0);
    }
    observe(&ring, &frequent);
    let stats = check(&ring);
    assert_eq!((stats.admitted, stats.compact), (15, 15));
    // A key that is admitted and then registered keeps its id.
    let id = ring.pin().find(ED, &key(3)).expect("admitted").id;
    assert_eq!(register(&ring, ED, &[key(3)])[0], Ok(id));
    register(&ring, ED, &keys(100..119));
    let stats = check(&ring);
    assert_eq!((stats.registered, stats.admitted, stats.evicted), (20, 0, 14));
    assert_eq!(ring.pin().get(id).map(Record::bytes), Some(&key(3)[..]));
    // Registered keys are never evicted, however often others come.
    for _ in 0..100 {
        observe(&ring, &frequent);
    }
    assert_eq!((check(&ring).registered, check(&ring).admitted), (20, 0));
}

#[test]
fn an_admitted_key_that_is_not_used_any_more_is_replaced() {
    let ring = KeyRing::new(4 * (RECORD_BYTES + COMPACT), true);
    for _ in 0..admit::ADMIT_AFTER {
        observe(&ring, &keys(0..4));
    }
    assert_eq!(check(&ring).admitted, 4);
    for _ in 0..40 * admit::ADMIT_AFTER {
        observe(&ring, &keys(50..54));
        let generation = ring.pin();
        let record = generation.find(ED, &key(2));
        record.into_iter().for_each(|record| generation.count_use(record));
    }
    let stats = check(&ring);
    assert_eq!(stats.admitted, 4);
    assert!(stats.evicted >= 3, "{stats:?}");
    assert!((50..54).filter(|&number| ring.pin().find(ED, &key(number)).is_some()).count() >= 3);
}

#[test]
fn a_ring_that_does_not_admit_observes_nothing() {
    let ring = KeyRing::new(1 << 30, false);
    for _ in 0..100 {
        observe(&ring, &keys(0..4));
    }
    assert_eq!((ring.admits(), check(&ring)), (false, KeyStats { budget: 1 << 30, ..KeyStats::default() }));
}

#[test]
fn a_key_in_use_gets_a_full_table_once_there_is_room() {
    let ring = KeyRing::new(100 * (RECORD_BYTES + COMPACT) + FULL - COMPACT, false);
    let ids = register(&ring, ED, &keys(0..100));
    let one = register(&ring, ED, &[key(7)])[0].expect("an id");
    let used = |ring: &KeyRing| {
        let generation = ring.pin();
        for _ in 0..10_000 {
            generation.count_use(generation.get(one).expect("there"));
        }
        let store = Store::of(ED);
        ring.promote(&|_| Some(&store as &dyn TableStore));
        ring.pin().get(one).expect("there").tier()
    };
    assert_eq!((check(&ring).full, used(&ring)), (1, Some(Tier::Compact)), "no room");
    assert_eq!(ring.unregister(&[ids[0].expect("an id")]), 1, "the one with the full table");
    assert_eq!(used(&ring), Some(Tier::Full));
    assert_eq!(check(&ring).full, 1);
}

/// Keys of one scheme make room for those of another: what they keep is made by their own store, all of it at once.
#[test]
fn a_smaller_table_is_made_by_the_store_of_its_scheme() {
    for (first, then) in [(ED, P256), (P256, ED)] {
        let ring = KeyRing::new(10 * (RECORD_BYTES + FULL), false);
        register(&ring, first, &keys(0..10));
        assert_eq!(check(&ring).full, 10);
        let stores = All::new();
        let more = keys(100..200);
        let more: Vec<&[u8]> = more.iter().map(Vec::as_slice).collect();
        let store = stores.get(then).expect("a store");
        let registered = ring.register(store, &|of| stores.get(of), then, &more, |_| None).expect("room");
        assert!(registered.iter().all(Result::is_ok));
        let stats = check(&ring);
        assert!(stats.full < 10 && stats.compact > 100, "{stats:?}");
        let demoted = stores.0[first.index()].built();
        assert!(matches!(demoted[..], [(Tier::Compact, 2..)]), "{demoted:?}");
        let made = stores.0[then.index()].built();
        assert!(made.len() <= 2, "one go for each tier: {made:?}");
        assert_eq!(made.iter().map(|(_, tables)| tables).sum::<usize>(), 100);
    }
    // Where the other scheme has no store, its keys keep their points.
    let ring = KeyRing::new(10 * (RECORD_BYTES + FULL), false);
    register(&ring, ED, &keys(0..10));
    register(&ring, P256, &keys(100..200));
    let stats = check(&ring);
    assert!(stats.decoded > 0 && stats.compact > 90, "{stats:?}");
}

/// Makes keys worth a better table.
fn use_often(ring: &KeyRing, ids: impl IntoIterator<Item = KeyId>) {
    let generation = ring.pin();
    for id in ids {
        let record = generation.get(id).expect("there");
        record.set_uses(PROMOTE_FROM - 1);
        generation.count_use(record);
    }
}

/// A ring of so many keys of each scheme with compact tables, and room for full ones.
fn fleet(schemes: &[KeyScheme], count: usize) -> (KeyRing, Vec<KeyId>) {
    let ring = KeyRing::new(1 << 30, true);
    for &scheme in schemes {
        let store = Store::of(scheme);
        while ring.pin().iter().filter(|key| key.scheme == scheme).count() < count {
            ring.observe(&store, scheme, &slices(&keys(0..count)));
        }
    }
    let ids = ring.pin().iter().map(|record| record.id).collect();
    assert_eq!(check(&ring).compact, schemes.len() * count);
    (ring, ids)
}

#[test]
fn a_call_promotes_few_keys_and_fills_the_lanes_and_no_key_is_forgotten() {
    let (ring, ids) = fleet(&[ED], 3 * PROMOTED_PER_CALL + 3);
    let store = Store::of(ED);
    let promote = || ring.promote(&|_| Some(&store as &dyn TableStore));
    use_often(&ring, ids);
    let mut full = 0;
    for expected in [PROMOTED_PER_CALL; 3].into_iter().chain([3]) {
        promote();
        assert_eq!(store.built(), [(Tier::Full, expected)]);
        full += expected;
        assert_eq!(check(&ring).full, full);
    }
    let before = check(&ring);
    promote();
    assert_eq!((store.built(), check(&ring)), (vec![], before));
}

#[test]
fn a_call_promotes_keys_of_one_scheme_and_the_others_wait() {
    let (ring, ids) = fleet(&[ED, P256], PROMOTED_PER_CALL);
    let stores = All::new();
    // In turn.
    let (edwards, curve): (Vec<KeyId>, Vec<KeyId>) =
        ids.iter().partition(|id| ring.pin().get(**id).is_some_and(|record| record.scheme == ED));
    use_often(&ring, edwards.into_iter().zip(curve).flat_map(|(a, b)| [a, b]));
    for calls in 1..=2 {
        ring.promote(&|of| stores.get(of));
        assert_eq!(check(&ring).full, calls * PROMOTED_PER_CALL);
    }
    for scheme in [ED, P256] {
        assert_eq!(stores.0[scheme.index()].built(), [(Tier::Full, PROMOTED_PER_CALL)]);
    }
}

#[test]
fn a_call_admits_few_keys_and_the_others_come_again() {
    for count in [69, 1_000] {
        let ring = KeyRing::new(1 << 30, true);
        let store = Store::of(ED);
        let all = keys(0..count);
        let most = if count == 69 { 32 } else { 250 };
        let mut admitted = 0;
        for _ in 0..8 * admit::ADMIT_AFTER {
            ring.observe(&store, ED, &slices(&all));
            let now = check(&ring).admitted;
            assert!(now <= admitted + most, "{now} after {admitted}");
            admitted = now;
        }
        // The sketch may drop one that shares its set with others, until it comes again.
        assert!(admitted + 10 >= all.len(), "{admitted} of {count}");
        let built: usize = store.built().iter().map(|(_, tables)| tables).sum();
        assert_eq!(built, admitted, "a table for each, made once");
    }
}

#[test]
fn keys_that_wait_are_a_bounded_number() {
    let most = super::generation::MOST_WANTED;
    let ring = KeyRing::new(1 << 30, false);
    // Without tables, and no store to make them.
    let ids = register(&ring, SM2, &keys(0..most + 100));
    use_often(&ring, ids.iter().flatten().copied());
    assert_eq!(ring.pin().wanted().len(), most);
    // There is nothing better for them, so that they do not wait any longer.
    let stores = All::new();
    let mut calls = 0;
    while !ring.pin().wanted().is_empty() {
        ring.promote(&|of| stores.get(of));
        calls += 1;
        assert!(calls <= most, "calls have an end");
    }
    assert_eq!(check(&ring).decoded, ids.len());
}

/// A position whose numbers are used up is not given to another key: ids do not come again.
#[test]
fn a_position_without_numbers_left_is_retired() {
    let ring = KeyRing::new(1 << 20, false);
    *ring.current.write().expect("no panic") = Arc::new(Generation::new().with_first_serial(u32::MAX - 1));
    // The same key goes to the same shard, and takes the position that is free.
    let mut ids: Vec<KeyId> = Vec::new();
    for _ in 0..5 {
        let id = register(&ring, ED, &[key(1)])[0].expect("an id");
        assert!(!ids.contains(&id), "{id} again");
        let generation = ring.pin();
        assert!(ids.iter().all(|&old| generation.get(old).is_none()));
        assert_eq!(generation.get(id).map(Record::bytes), Some(&key(1)[..]));
        assert_eq!(check(&ring).registered, 1);
        ids.push(id);
        assert_eq!(ring.unregister(&[id]), 1);
    }
    let position = |id: &KeyId| id.get() as u32;
    let serial = |id: &KeyId| (id.get() >> 32) as u32;
    let serials: Vec<u32> = ids.iter().map(serial).collect();
    assert_eq!(serials, [u32::MAX - 1, u32::MAX, u32::MAX - 1, u32::MAX, u32::MAX - 1]);
    assert_eq!((position(&ids[0]), position(&ids[2])), (position(&ids[1]), position(&ids[3])));
    assert!(position(&ids[1]) != position(&ids[2]) && position(&ids[3]) != position(&ids[4]));
}
