//! Keys of any length: what they cost, and that they come and go as short ones do.

use super::*;

/// Lengths of today's keys and of ML-DSA's, those around what a record has room for, and the longest.
const LENGTHS: [usize; 16] = [9, 32, 33, 49, 64, 65, 66, 96, 97, 270, 294, 550, 1_312, 1_952, 2_592, 2_600];

/// A key of this length, another one for each number.
fn long(number: usize, length: usize) -> Vec<u8> {
    let mut key = key(number);
    key.resize(length, 7);
    key
}

/// So many keys of all lengths in turn.
fn mixed(numbers: std::ops::Range<usize>) -> Vec<Vec<u8>> {
    numbers.map(|number| long(number, LENGTHS[number % LENGTHS.len()])).collect()
}

fn cost(keys: &[Vec<u8>]) -> usize {
    keys.iter().map(|key| record_bytes_of(key)).sum()
}

fn ids(registered: Vec<Result<KeyId, Reason>>) -> Vec<KeyId> {
    registered.into_iter().map(|id| id.expect("an id")).collect()
}

#[test]
fn a_key_of_any_length_is_found_by_its_id_and_by_all_of_its_bytes() {
    let ring = KeyRing::new(1 << 30, false);
    let keys = mixed(0..200);
    for scheme in [BIP340, SM2] {
        let registered = register(&ring, scheme, &keys);
        assert_eq!(register(&ring, scheme, &keys), registered);
        let generation = ring.pin();
        for (key, id) in keys.iter().zip(ids(registered)) {
            let found = generation.find(scheme, key).expect("there");
            assert_eq!((found.id, found.bytes()), (id, &key[..]));
            assert_eq!(generation.get_of(id, scheme).map(Record::bytes), Some(&key[..]));
            assert!(generation.get_of(id, ED).is_none() && generation.find(P256, key).is_none());
            let number = u64::from_le_bytes(key[1..9].try_into().expect("8 bytes"));
            let parsed = found.parsed().and_then(ParsedKey::get::<Long>);
            if key.len() <= 65 {
                assert_eq!((found.point(), parsed), (Some(&point(scheme, key)), None));
            } else {
                let due = Long { scheme: scheme.index(), number };
                assert_eq!((found.point(), parsed), (None, Some(&due)));
            }
            // Bytes that begin alike are another key.
            assert!(generation.find(scheme, &key[..key.len() - 1]).is_none());
            assert!(generation.find(scheme, &[&key[..], &[7]].concat()).is_none());
        }
    }
    let stats = check(&ring);
    assert_eq!((stats.registered, stats.full, stats.decoded), (400, 200, 200));
}

#[test]
fn a_key_beyond_the_longest_of_its_scheme_is_none() {
    let ring = KeyRing::new(1 << 30, false);
    let too_long = [long(1, 2_601), long(2, 1 << 20), long(3, 2_600)];
    let said = register(&ring, SM2, &too_long);
    assert_eq!(said[..2], [Err(Reason::BadKeyLength); 2]);
    assert!(said[2].is_ok());
    assert_eq!(register(&ring, ED, &[long(1, 66)]), [Err(Reason::BadKeyLength)]);
    assert_eq!(check(&ring).bytes, record_bytes_of(&too_long[2]));
}

#[test]
fn the_budget_is_exact_with_long_keys() {
    let keys = mixed(0..100);
    let needed = cost(&keys);
    assert!(
        needed > 100 * RECORD_BYTES + 4 * keys.iter().map(Vec::len).filter(|len| *len > 65).sum::<usize>()
    );
    let twice = [&keys[..], &keys[..]].concat();
    let refusal = |ring: &KeyRing| {
        ring.register(&Store::of(SM2), &|_| None, SM2, &slices(&twice), |_| None).expect_err("no room")
    };

    let ring = KeyRing::new(needed - 1, false);
    assert_eq!(refusal(&ring), Exhausted { needed, budget: needed - 1 });
    assert_eq!(check(&ring), KeyStats { budget: needed - 1, ..KeyStats::default() });

    // Keys that are there count once, whatever is registered with them.
    let some = ids(register(&ring, SM2, &keys[..90]));
    assert_eq!(refusal(&ring), Exhausted { needed, budget: needed - 1 });
    assert_eq!(check(&ring).bytes, cost(&keys[..90]));
    assert_eq!(ring.unregister(&some), 90);
    assert_eq!(check(&ring).bytes, 0);

    let ring = KeyRing::new(needed, false);
    register(&ring, SM2, &twice);
    let stats = check(&ring);
    assert_eq!((stats.registered, stats.bytes, stats.budget), (100, needed, needed));
}

/// Admitted keys that are registered need what they cost and no more, however often they are named.
#[test]
fn a_key_that_is_admitted_and_registered_is_counted_once() {
    let one = long(1, 1_312);
    let needed = record_bytes_of(&one);
    let ring = KeyRing::new(needed, true);
    for _ in 0..admit::ADMIT_AFTER {
        ring.observe(&Store::of(SM2), SM2, &[&one]);
    }
    assert_eq!((check(&ring).admitted, check(&ring).bytes), (1, needed));
    let before = ring.pin();
    let of = |generation: &Generation| generation.find(SM2, &one).map(|record| record.bytes().as_ptr());
    let again = [one.clone(), one.clone(), one.clone()];
    assert_eq!(ids(register(&ring, SM2, &again)).len(), 3);
    let stats = check(&ring);
    assert_eq!((stats.registered, stats.admitted, stats.bytes), (1, 0, needed));
    assert_eq!(of(&before), of(&ring.pin()), "records of one key share its bytes");
    // Another one has no room, and the error says how much both need.
    let other = long(2, 1_312);
    let refused = ring.register(&Store::of(SM2), &|_| None, SM2, &[&other, &one], |_| None);
    assert_eq!(refused, Err(Exhausted { needed: 2 * needed, budget: needed }));
}

#[test]
fn tables_of_long_keys_are_had_and_lost_as_those_of_short_ones() {
    let keys = mixed(0..64);
    let ring = KeyRing::new(cost(&keys) + 64 * COMPACT + 3 * (FULL - COMPACT), false);
    register(&ring, BIP340, &keys);
    let stats = check(&ring);
    assert_eq!((stats.full, stats.compact, stats.decoded), (3, 61, 0));
    // More records, for which tables make room: of the store's own scheme, and of one whose tables are another's.
    let stores = All::new();
    let more = mixed(64..128);
    let registered =
        ring.register(&stores.0[SM2.index()], &|of| stores.get(of), SM2, &slices(&more), |_| None);
    assert!(registered.expect("room").iter().all(Result::is_ok));
    let stats = check(&ring);
    assert!(stats.registered == 128 && stats.full < 3 && stats.compact > 0, "{stats:?}");
    // A better table once there is room.
    let sm2: Vec<KeyId> =
        ring.pin().iter().filter(|record| record.scheme == SM2).map(|record| record.id).collect();
    assert_eq!(ring.unregister(&sm2), 64);
    let without: Vec<KeyId> =
        ring.pin().iter().filter(|record| record.tier().is_none()).map(|r| r.id).collect();
    use_often(&ring, without.iter().copied());
    while !ring.pin().wanted().is_empty() {
        ring.promote(&|of| stores.get(of));
    }
    let stats = check(&ring);
    assert!(stats.decoded == 0 && stats.compact + stats.full == 64, "{stats:?}");
}

#[test]
fn whoever_holds_a_generation_sees_the_long_keys_that_left() {
    let ring = KeyRing::new(1 << 30, false);
    let keys = mixed(0..300);
    let registered = ids(register(&ring, SM2, &keys));
    let before = ring.pin();
    assert_eq!(ring.unregister(&registered[..200]), 200);
    assert_eq!(check(&ring).bytes, cost(&keys[200..]));
    let again = ids(register(&ring, SM2, &keys[..200]));
    assert!(again.iter().all(|id| !registered.contains(id)));
    let now = ring.pin();
    for (key, &id) in keys.iter().zip(&registered) {
        assert_eq!(before.get(id).map(Record::bytes), Some(&key[..]));
        assert!(before.find(SM2, key).is_some_and(|record| record.id == id));
    }
    assert!(registered[..200].iter().all(|&id| now.get(id).is_none()));
    drop(before);
    assert_eq!(check(&ring).bytes, cost(&keys));
}

/// Admits keys, of SM2, which has no tables here.
fn admit(ring: &KeyRing, keys: &[Vec<u8>]) {
    for _ in 0..admit::ADMIT_AFTER {
        ring.observe(&Store::of(SM2), SM2, &slices(keys));
    }
}

#[test]
fn registered_keys_take_the_room_of_as_many_admitted_ones_as_they_need() {
    let short = keys(0..30);
    let ring = KeyRing::new(30 * RECORD_BYTES, true);
    admit(&ring, &short);
    assert_eq!(check(&ring).admitted, 30);
    let one = long(100, 66);
    let places = record_bytes_of(&one).div_ceil(RECORD_BYTES);
    assert!(places > 1);
    assert!(register(&ring, SM2, std::slice::from_ref(&one))[0].is_ok());
    let stats = check(&ring);
    assert_eq!((stats.registered, stats.admitted, stats.evicted), (1, 30 - places, places as u64));
}

#[test]
fn an_admitted_long_key_takes_the_room_of_several_short_ones_or_leaves_them_alone() {
    let ring = KeyRing::new(30 * RECORD_BYTES, true);
    let short = keys(0..30);
    admit(&ring, &short);
    assert_eq!(check(&ring).admitted, 30);
    ring.pin().iter().for_each(|record| record.set_uses(0));
    // More than the whole ring: nothing makes room for it.
    let before = check(&ring);
    admit(&ring, &[long(100, 2_600)]);
    assert!(record_bytes_of(&long(100, 2_600)) > before.budget);
    assert_eq!(KeyStats { generation: before.generation, ..check(&ring) }, before);
    let one = long(101, 270);
    let places = record_bytes_of(&one).div_ceil(RECORD_BYTES);
    admit(&ring, std::slice::from_ref(&one));
    let stats = check(&ring);
    assert!(ring.pin().find(SM2, &one).is_some());
    assert_eq!((stats.admitted, stats.evicted), (31 - places, places as u64));
    // And short ones take its room again.
    ring.pin().iter().for_each(|record| record.set_uses(0));
    for _ in 0..8 {
        admit(&ring, &keys(200..230));
    }
    assert!(ring.pin().find(SM2, &one).is_none());
    assert!(check(&ring).admitted >= 29, "{:?}", check(&ring));
}

/// A panic of the ledger's own: what registered keys cost is counted anew too.
#[test]
fn a_panic_under_the_lock_leaves_the_bytes_of_long_keys() {
    let keys = mixed(0..20);
    let budget = cost(&keys);
    let ring = KeyRing::new(budget, false);
    register(&ring, SM2, &keys);
    let panics = || {
        let mut ledger = ring.ledger.lock().expect("not poisoned yet");
        let mut next = Generation::clone(&ring.pin());
        let ids: Vec<KeyId> = next.iter().map(|record| record.id).take(2).collect();
        ledger.remove(&mut next, &ids);
        panic!("before the next generation is the current one");
    };
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
    assert_eq!(check(&ring).bytes, budget);
    let more = long(100, 65);
    let refused = ring.register(&Store::of(SM2), &|_| None, SM2, &[&more], |_| None);
    assert_eq!(refused, Err(Exhausted { needed: budget + RECORD_BYTES, budget }));
}

/// Threads that register, drop, admit and promote keys of all lengths at the same time, in a ring with room for few
/// tables.
#[test]
fn threads_change_a_ring_of_all_lengths_at_once() {
    let stays = mixed(0..16);
    let ring = KeyRing::new(cost(&mixed(0..16 * 9)) + 10 * COMPACT + 2 * FULL, true);
    let pinned = ids(register(&ring, BIP340, &stays));
    std::thread::scope(|scope| {
        for thread in 1..=4 {
            let (ring, pinned) = (&ring, &pinned);
            scope.spawn(move || {
                for round in 0..40 {
                    let first = 1_000 * thread + 7 * round;
                    let own = mixed(first..first + 16);
                    let ids = ids(register(ring, BIP340, &own));
                    let generation = ring.pin();
                    for (key, &id) in own.iter().zip(&ids) {
                        assert_eq!(generation.get(id).map(Record::bytes), Some(&key[..]));
                    }
                    admit(ring, &mixed(100 * thread..100 * thread + 20));
                    use_often(ring, pinned.iter().copied());
                    let stores = All::new();
                    ring.promote(&|of| stores.get(of));
                    assert_eq!(ring.unregister(&ids), ids.len());
                }
            });
        }
    });
    assert_eq!(check(&ring).registered, 16);
    assert_eq!(ids(register(&ring, BIP340, &stays)), pinned);
}
