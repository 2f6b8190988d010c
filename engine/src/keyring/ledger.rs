//! The ledger: who writes generations, and what fits into the budget.
//!
//! Every pinned key gets a record; what is left of the budget goes to compact tables, and what is left then to full
//! ones. When keys come that do not fit, admitted keys leave, then full tables become none, then compact ones do,
//! those used least first; tables are a cache, records are not. A table comes back when its key is used.

use std::collections::{HashMap, HashSet};

use super::generation::{Generation, Record, Wanted, record_bytes};
use super::orders::{Holder, Orders};
use super::{
    Decoded, Examined, Exhausted, KeyId, KeyScheme, KeyStats, PROMOTED_PER_CALL, Stores, Table, TableStore,
    Tier,
};
use crate::Reason;

/// Admitted keys looked at for one to evict.
const SAMPLE: usize = 16;

/// Admitted keys that leave for one that joins, at most: a long key may take the room of several short ones.
const LEAVE_FOR_ONE: usize = 16;

/// Keys that wait for a better table, looked at by one call.
const LOOKED_AT: usize = 64;

#[derive(Clone)]
pub(super) struct Ledger {
    budget: usize,
    used: usize,
    registered: usize,
    /// What registered keys cost without their tables.
    registered_bytes: usize,
    full: usize,
    compact: usize,
    /// Admitted keys, and some that have left; `hand` goes round them.
    admitted: Vec<KeyId>,
    admitted_keys: usize,
    hand: usize,
    evicted: u64,
    /// Bytes of a table by scheme and tier, as the store said.
    table_bytes: [[usize; 2]; KeyScheme::COUNT],
}

/// What a key is, unless it is refused.
fn judge<'e>(
    examined: &'e Result<Examined, Reason>,
    refused: &impl Fn(u8) -> Option<Reason>,
) -> Result<(u8, &'e Decoded), Reason> {
    let Examined { criteria, decoded } = examined.as_ref().map_err(|reason| *reason)?;
    match (refused(*criteria), decoded) {
        (Some(reason), _) => Err(reason),
        (None, None) => Err(Reason::KeyNotOnCurve),
        (None, Some(decoded)) => Ok((*criteria, decoded)),
    }
}

impl Ledger {
    pub(super) fn new(budget: usize) -> Self {
        Self {
            budget,
            used: 0,
            registered: 0,
            registered_bytes: 0,
            full: 0,
            compact: 0,
            admitted: Vec::new(),
            admitted_keys: 0,
            hand: 0,
            evicted: 0,
            table_bytes: [[0; 2]; KeyScheme::COUNT],
        }
    }

    pub(super) fn stats(&self) -> KeyStats {
        let Self { registered, admitted_keys: admitted, full, compact, evicted, .. } = *self;
        let decoded = registered + admitted - full - compact;
        let (bytes, budget) = (self.used, self.budget);
        KeyStats {
            registered,
            admitted,
            full,
            compact,
            decoded,
            bytes,
            budget,
            evicted,
            ..KeyStats::default()
        }
    }

    fn free(&self) -> usize {
        self.budget - self.used
    }

    /// What a table costs.
    fn table_cost(&self, scheme: KeyScheme, tier: Option<Tier>) -> usize {
        tier.map_or(0, |tier| self.table_bytes[scheme.index()][tier as usize])
    }

    /// What a key costs with its table.
    fn cost(&self, record: &Record) -> usize {
        record.record_bytes() + self.table_cost(record.scheme, record.tier())
    }

    /// The bytes that a table of this tier adds, or `None` where there is none.
    fn table(&mut self, store: &dyn TableStore, scheme: KeyScheme, tier: Tier) -> Option<usize> {
        let bytes = store.table_bytes(tier)?;
        self.table_bytes[scheme.index()][tier as usize] = bytes;
        Some(bytes)
    }

    /// Counts a key in or out.
    fn count(&mut self, record: &Record, joins: bool) {
        let cost = self.cost(record);
        let (keys, pinned) = match record.pinned {
            true => (&mut self.registered, record.record_bytes()),
            false => (&mut self.admitted_keys, 0),
        };
        let tables = match record.tier() {
            Some(Tier::Full) => Some(&mut self.full),
            Some(Tier::Compact) => Some(&mut self.compact),
            None => None,
        };
        let step = |count: &mut usize| *count = if joins { *count + 1 } else { *count - 1 };
        step(keys);
        tables.map(step);
        let add = |sum: &mut usize, bytes: usize| *sum = if joins { *sum + bytes } else { *sum - bytes };
        add(&mut self.registered_bytes, pinned);
        add(&mut self.used, cost);
    }

    /// Counts the keys of a generation anew.
    pub(super) fn recount(&mut self, generation: &Generation) {
        (self.used, self.registered, self.registered_bytes) = (0, 0, 0);
        (self.admitted_keys, self.full, self.compact) = (0, 0, 0);
        self.admitted.clear();
        for record in generation.iter() {
            self.count(record, true);
            if !record.pinned {
                self.admitted.push(record.id);
            }
        }
    }

    fn insert(&mut self, next: &mut Generation, record: Record) -> Option<KeyId> {
        let pinned = record.pinned;
        let id = next.insert(record)?;
        if let Some(record) = next.get(id) {
            self.count(record, true);
        }
        if !pinned {
            self.admitted.push(id);
        }
        Some(id)
    }

    fn replace(&mut self, next: &mut Generation, old: &Record, pinned: bool, table: Option<(Tier, Table)>) {
        let record = old.with(pinned, table);
        self.count(old, false);
        self.count(&record, true);
        next.replace(record);
    }

    pub(super) fn remove(&mut self, next: &mut Generation, ids: &[KeyId]) -> usize {
        let removed = next.remove(ids);
        for record in &removed {
            self.count(record, false);
        }
        removed.len()
    }

    /// Registers keys in `next`. `None` where something is to be prepared first: tables are ordered, or a key is not
    /// there any more that was when the others were examined. Then this ledger and `next` are to be thrown away.
    pub(super) fn register(
        &mut self,
        next: &mut Generation,
        stores: Stores<'_, '_>,
        Prepared { places, examined, orders }: &mut Prepared<'_>,
        scheme: KeyScheme,
        keys: &[&[u8]],
        refused: &impl Fn(u8) -> Option<Reason>,
    ) -> Result<Option<Vec<Result<KeyId, Reason>>>, Exhausted> {
        // What is said of each key that is not there, by its place; what is a key gets an id below.
        let mut said: Vec<Option<Result<KeyId, Reason>>> = vec![None; examined.len()];
        let mut fresh: Vec<Fresh<'_>> = Vec::new();
        let mut records = 0;
        for &key in keys {
            if next.find(scheme, key).is_some() {
                continue;
            }
            let Some(&place) = places.get(key) else { return Ok(None) };
            if said[place].is_none() {
                // A key that finds no place below, in a full shard, keeps this.
                said[place] = Some(Err(Reason::BadKeyLength));
                match judge(&examined[place], refused) {
                    Err(reason) => said[place] = Some(Err(reason)),
                    Ok((criteria, decoded)) => {
                        records += record_bytes(key, decoded);
                        fresh.push(Fresh { place, key, criteria, decoded });
                    }
                }
            }
        }

        // Before any admitted key is evicted.
        let there: Vec<Option<Result<KeyId, Reason>>> =
            keys.iter().map(|key| self.pin(next, scheme, key, refused)).collect();
        // Everything else can make room for the records of registered keys: after this nothing fails.
        let needed = self.registered_bytes.saturating_add(records);
        if needed > self.budget {
            return Err(Exhausted { needed, budget: self.budget });
        }
        let tiers = self.make_room(next, stores, orders, scheme, (fresh.len(), records));
        let mut tables: Vec<Option<(Tier, Table)>> = Vec::with_capacity(fresh.len());
        for (key, tier) in fresh.iter().zip(tiers) {
            tables.push(tier.and_then(|tier| {
                let holder = Holder::Joins(key.place);
                Some((tier, orders.take(holder, (scheme, tier), || key.decoded.clone())?))
            }));
        }
        if orders.is_open() {
            return Ok(None);
        }
        for (Fresh { place, key, criteria, decoded }, table) in fresh.into_iter().zip(tables) {
            let record = Record::new(scheme, key, true, criteria, decoded.clone(), table);
            if let Some(id) = self.insert(next, record) {
                said[place] = Some(Ok(id));
            }
        }
        let id_of = |(key, there): (&&[u8], Option<Result<KeyId, Reason>>)| {
            there.or_else(|| said[*places.get(key)?]).unwrap_or(Err(Reason::BadKeyLength))
        };
        Ok(Some(keys.iter().zip(there).map(id_of).collect()))
    }

    /// Registers a key, if it is there.
    fn pin(
        &mut self,
        next: &mut Generation,
        scheme: KeyScheme,
        key: &[u8],
        refused: &impl Fn(u8) -> Option<Reason>,
    ) -> Option<Result<KeyId, Reason>> {
        let record = next.find(scheme, key)?;
        if let Some(reason) = refused(record.criteria) {
            return Some(Err(reason));
        }
        let id = record.id;
        if !record.pinned {
            let pinned = record.with(true, record.table.clone());
            let old = record.with(false, record.table.clone());
            self.count(&old, false);
            self.count(&pinned, true);
            next.replace(pinned);
        }
        Some(Ok(id))
    }

    /// Makes room for so many new pinned keys, whose records take so many bytes, and says what each of them gets.
    fn make_room(
        &mut self,
        next: &mut Generation,
        stores: Stores<'_, '_>,
        orders: &mut Orders,
        scheme: KeyScheme,
        (keys, records): (usize, usize),
    ) -> Vec<Option<Tier>> {
        let mut bytes_of = |tier| stores(scheme).and_then(|store| self.table(store, scheme, tier));
        let (compact, full) = (bytes_of(Tier::Compact), bytes_of(Tier::Full));
        // Everything that keys could be given: what is not free is asked of those admitted.
        let most = full.or(compact).unwrap_or(0).saturating_mul(keys).saturating_add(records);
        self.evict(next, most);
        let wanted = compact.unwrap_or(0).saturating_mul(keys).saturating_add(records);
        if wanted > self.free() {
            self.demote(next, stores, orders, Tier::Full, wanted);
        }
        if records > self.free() {
            self.demote(next, stores, orders, Tier::Compact, records);
        }
        let mut left = self.free().saturating_sub(records);
        let mut tiers = vec![None; keys];
        if let Some(compact) = compact {
            for tier in &mut tiers {
                if left < compact {
                    break;
                }
                left -= compact;
                *tier = Some(Tier::Compact);
            }
        }
        if let Some(full) = full {
            for tier in &mut tiers {
                let has = if tier.is_some() { compact.unwrap_or(0) } else { 0 };
                if left + has < full {
                    break;
                }
                left = left + has - full;
                *tier = Some(Tier::Full);
            }
        }
        tiers
    }

    /// Evicts admitted keys until `bytes` are free or none is left.
    fn evict(&mut self, next: &mut Generation, bytes: usize) {
        if self.free() >= bytes || self.admitted.is_empty() {
            return;
        }
        let mut admitted: Vec<(u32, KeyId)> = Vec::new();
        for &id in &self.admitted {
            if let Some(record) = next.get(id).filter(|record| !record.pinned) {
                admitted.push((record.uses(), id));
            }
        }
        admitted.sort_unstable();
        let mut leaving = Vec::new();
        let mut freed = self.free();
        let mut staying = admitted.into_iter();
        while freed < bytes {
            let Some((_, id)) = staying.next() else { break };
            freed += next.get(id).map_or(0, |record| self.cost(record));
            leaving.push(id);
        }
        self.admitted = staying.map(|(_, id)| id).collect();
        self.hand = 0;
        self.evicted += self.remove(next, &leaving) as u64;
    }

    /// Makes full tables compact ones, or takes compact ones away, of the keys used least first, until `bytes` are free; and an eighth
    /// more, so that keys that come one by one do not ask for an order of all keys each.
    fn demote(
        &mut self,
        next: &mut Generation,
        stores: Stores<'_, '_>,
        orders: &mut Orders,
        tier: Tier,
        bytes: usize,
    ) {
        let mut holders: Vec<(u32, KeyId)> = next
            .iter()
            .filter(|record| record.tier() == Some(tier))
            .map(|record| (record.uses(), record.id))
            .collect();
        holders.sort_unstable();
        let slack = holders.len() / 8;
        let mut beyond = 0;
        for (_, id) in holders {
            if self.free() >= bytes {
                if beyond == slack {
                    return;
                }
                beyond += 1;
            }
            if let Some(record) = next.get(id) {
                let old = record.with(record.pinned, record.table.clone());
                let smaller = match tier {
                    Tier::Full => stores(old.scheme)
                        .and_then(|store| self.table(store, old.scheme, Tier::Compact))
                        .and_then(|_| {
                            orders.take(Holder::Is(id), (old.scheme, Tier::Compact), || old.decoded())
                        }),
                    Tier::Compact => None,
                };
                self.replace(next, &old, old.pinned, smaller.map(|table| (Tier::Compact, table)));
            }
        }
    }

    /// Which keys to admit, of those that came so often, and which admitted ones leave for them. Those that were looked
    /// at and stay have their uses halved: a key that is not used any more goes in the end.
    pub(super) fn plan_admission<'k>(
        &mut self,
        generation: &Generation,
        store: &dyn TableStore,
        scheme: KeyScheme,
        keys: &[(&'k [u8], u32)],
        examined: Vec<Result<Examined, Reason>>,
    ) -> Admission<'k> {
        let tier = self.table(store, scheme, Tier::Compact).map(|_| Tier::Compact);
        let table = self.table_cost(scheme, tier);
        let mut out = Admission { scheme, tier, joining: Vec::new(), leaving: Vec::new() };
        let mut leaving = HashSet::new();
        let mut free = self.free();
        for (&(key, uses), examined) in keys.iter().zip(examined) {
            // Valid signatures alone bring a key here; bytes that decode to none would be a fault of ours.
            let Ok(Examined { criteria, decoded: Some(decoded) }) = examined else { continue };
            let is_new =
                generation.find(scheme, key).is_none() && out.joining.iter().all(|other| other.key != key);
            if !is_new {
                continue;
            }
            // Keys differ in size: a long one may take the place of several. None leaves for one that does not join.
            let cost = record_bytes(key, &decoded) + table;
            let mut room = free;
            let mut going = Vec::new();
            while room < cost && going.len() < LEAVE_FOR_ONE {
                let Some((id, bytes)) = self.least_used(generation, uses, &leaving) else { break };
                leaving.insert(id);
                going.push(id);
                room += bytes;
            }
            if room >= cost {
                free = room - cost;
                out.leaving.extend(going);
                out.joining.push(Joining { key, uses, criteria, decoded });
            } else {
                going.iter().for_each(|id| _ = leaving.remove(id));
            }
        }
        out
    }

    /// The least used of a few admitted keys and what it takes, if it is used less than `count`; none of `leaving`.
    fn least_used(
        &mut self,
        generation: &Generation,
        count: u32,
        leaving: &HashSet<KeyId>,
    ) -> Option<(KeyId, usize)> {
        let mut least: Option<(u32, KeyId, usize)> = None;
        for _ in 0..SAMPLE.min(self.admitted.len()) {
            self.hand = if self.hand + 1 < self.admitted.len() { self.hand + 1 } else { 0 };
            let Some(&id) = self.admitted.get(self.hand) else { break };
            if leaving.contains(&id) {
                continue;
            }
            let Some(record) = generation.get(id).filter(|record| !record.pinned) else {
                self.admitted.swap_remove(self.hand);
                continue;
            };
            let uses = record.uses();
            record.set_uses(uses / 2);
            if least.is_none_or(|(fewest, ..)| uses < fewest) {
                least = Some((uses, id, self.cost(record)));
            }
        }
        least.filter(|(uses, ..)| *uses < count).map(|(_, id, bytes)| (id, bytes))
    }

    /// Admits keys as planned, as far as there is room still. A place in the list of those that leave is given up when
    /// the hand comes by again.
    pub(super) fn admit(&mut self, next: &mut Generation, planned: Admission<'_>, tables: Vec<Table>) {
        let Admission { scheme, tier, joining, leaving } = planned;
        let admitted = |id: &KeyId| next.get(*id).is_some_and(|record| !record.pinned);
        let leaving: Vec<KeyId> = leaving.into_iter().filter(admitted).collect();
        self.evicted += self.remove(next, &leaving) as u64;
        let mut tables = tables.into_iter();
        for Joining { key, uses, criteria, decoded } in joining {
            let record = Record::new(scheme, key, false, criteria, decoded, tier.zip(tables.next()));
            // Another thread may have been faster.
            if next.find(scheme, key).is_none() && self.free() >= self.cost(&record) {
                record.set_uses(uses);
                self.insert(next, record);
            }
        }
    }

    /// Which of the keys that wait get a better table next: of one scheme and tier, as many as one call promotes. Others
    /// go on waiting; those that there is no better table or no room for do not.
    pub(super) fn plan_promotion<'s>(
        &mut self,
        generation: &Generation,
        stores: Stores<'_, 's>,
        wanted: &Wanted,
    ) -> Option<Promotion<'s>> {
        let mut planned: Option<Promotion<'s>> = None;
        let mut waiting = Vec::new();
        let mut free = self.free();
        for id in wanted.take(LOOKED_AT) {
            let Some(record) = generation.get(id) else { continue };
            let scheme = record.scheme;
            let Some(store) = stores(scheme) else { continue };
            let has = self.table_cost(scheme, record.tier());
            let better = [Tier::Full, Tier::Compact].into_iter().filter(|tier| record.tier() < Some(*tier));
            let affordable = better
                .filter_map(|tier| Some((tier, self.table(store, scheme, tier)?)))
                .find(|(_, bytes)| free + has >= *bytes);
            let Some((tier, bytes)) = affordable else { continue };
            let planned = planned.get_or_insert_with(|| Promotion::new(store, scheme, tier));
            if (planned.scheme, planned.tier) != (scheme, tier) || planned.ids.len() == PROMOTED_PER_CALL {
                waiting.push(id);
            } else if !planned.ids.contains(&id) {
                free = free + has - bytes;
                planned.ids.push(id);
                planned.keys.push(record.decoded());
            }
        }
        wanted.put_back(&waiting);
        planned
    }

    /// Gives keys the tables that were planned, where they are there still, have no table as good, and there is room.
    /// Whether anything changed.
    pub(super) fn promote(
        &mut self,
        next: &mut Generation,
        planned: &Promotion<'_>,
        tables: Vec<Table>,
    ) -> bool {
        let mut any = false;
        for (&id, table) in planned.ids.iter().zip(tables) {
            let Some(record) = next.get(id).filter(|record| record.tier() < Some(planned.tier)) else {
                continue;
            };
            let old = record.with(record.pinned, record.table.clone());
            let has = self.table_cost(old.scheme, old.tier());
            let needs = self.table_cost(old.scheme, Some(planned.tier));
            if self.free() + has >= needs {
                self.replace(next, &old, old.pinned, Some((planned.tier, table)));
                any = true;
            }
        }
        any
    }
}

/// What is made of keys to register before the ledger is locked.
#[derive(Default)]
pub(super) struct Prepared<'k> {
    /// Places in `examined` of keys that were not there.
    pub(super) places: HashMap<&'k [u8], usize>,
    /// What their bytes are.
    pub(super) examined: Vec<Result<Examined, Reason>>,
    pub(super) orders: Orders,
}

/// A key to register that is not there.
struct Fresh<'k> {
    /// Among the keys that were examined.
    place: usize,
    key: &'k [u8],
    criteria: u8,
    decoded: &'k Decoded,
}

/// A key to admit.
struct Joining<'k> {
    key: &'k [u8],
    uses: u32,
    criteria: u8,
    decoded: Decoded,
}

/// Keys of one scheme to admit with tables of one tier, and those that leave for them.
pub(super) struct Admission<'k> {
    scheme: KeyScheme,
    tier: Option<Tier>,
    joining: Vec<Joining<'k>>,
    leaving: Vec<KeyId>,
}

impl Admission<'_> {
    /// Whether nothing is to change.
    pub(super) fn is_empty(&self) -> bool {
        self.joining.is_empty() && self.leaving.is_empty()
    }

    /// The tables of the keys that join, in their order.
    pub(super) fn tables(&self, store: &dyn TableStore) -> Vec<Table> {
        let keys: Vec<Decoded> = self.joining.iter().map(|key| key.decoded.clone()).collect();
        self.tier.filter(|_| !keys.is_empty()).map_or(Vec::new(), |tier| store.build(tier, &keys))
    }
}

/// Keys of one scheme that get tables of one tier.
pub(super) struct Promotion<'s> {
    store: &'s dyn TableStore,
    scheme: KeyScheme,
    tier: Tier,
    ids: Vec<KeyId>,
    keys: Vec<Decoded>,
}

impl<'s> Promotion<'s> {
    fn new(store: &'s dyn TableStore, scheme: KeyScheme, tier: Tier) -> Self {
        Self { store, scheme, tier, ids: Vec::new(), keys: Vec::new() }
    }

    pub(super) fn ids(&self) -> &[KeyId] {
        &self.ids
    }

    /// The tables, in the order of the keys.
    pub(super) fn tables(&self) -> Vec<Table> {
        self.store.build(self.tier, &self.keys)
    }
}
