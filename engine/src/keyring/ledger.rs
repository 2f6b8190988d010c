//! The ledger: who writes generations, and what fits into the budget.
//!
//! Every pinned key gets a record; what is left of the budget goes to compact tables, and what is left then to full
//! ones. When keys come that do not fit, admitted keys leave, then full tables become none, then compact ones do,
//! those used least first; tables are a cache, records are not. A table comes back when its key is used.

use std::collections::HashMap;

use super::generation::{Generation, RECORD_BYTES, Record};
use super::{Coordinates, Examined, Exhausted, KeyId, KeyScheme, KeyStats, Stores, Table, TableStore, Tier};
use crate::Reason;

/// Admitted keys looked at for one to evict.
const SAMPLE: usize = 16;

pub(super) struct Ledger {
    budget: usize,
    used: usize,
    registered: usize,
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

/// What a key with this table costs.
fn cost(bytes: &[[usize; 2]; KeyScheme::COUNT], scheme: KeyScheme, tier: Option<Tier>) -> usize {
    RECORD_BYTES + tier.map_or(0, |tier| bytes[scheme.index()][tier as usize])
}

/// Tables for points, in their order.
fn build(
    store: &dyn TableStore,
    tiers: &[Option<Tier>],
    points: &[Coordinates],
) -> Vec<Option<(Tier, Table)>> {
    let mut out: Vec<Option<(Tier, Table)>> = vec![None; points.len()];
    for tier in [Tier::Full, Tier::Compact] {
        let places: Vec<usize> = (0..points.len()).filter(|&i| tiers[i] == Some(tier)).collect();
        if places.is_empty() {
            continue;
        }
        let points: Vec<Coordinates> = places.iter().map(|&i| points[i]).collect();
        for (place, table) in places.into_iter().zip(store.build(tier, &points)) {
            out[place] = Some((tier, table));
        }
    }
    out
}

impl Ledger {
    pub(super) fn new(budget: usize) -> Self {
        Self {
            budget,
            used: 0,
            registered: 0,
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

    fn cost(&self, scheme: KeyScheme, tier: Option<Tier>) -> usize {
        cost(&self.table_bytes, scheme, tier)
    }

    /// The bytes that a table of this tier adds, or `None` where there is none.
    fn table(&mut self, store: &dyn TableStore, scheme: KeyScheme, tier: Tier) -> Option<usize> {
        let bytes = store.table_bytes(tier)?;
        self.table_bytes[scheme.index()][tier as usize] = bytes;
        Some(bytes)
    }

    /// Counts a key in (`sign` is 1) or out.
    fn count(&mut self, record: &Record, joins: bool) {
        let cost = self.cost(record.scheme, record.tier());
        let keys = if record.pinned { &mut self.registered } else { &mut self.admitted_keys };
        let tables = match record.tier() {
            Some(Tier::Full) => Some(&mut self.full),
            Some(Tier::Compact) => Some(&mut self.compact),
            None => None,
        };
        let step = |count: &mut usize| *count = if joins { *count + 1 } else { *count - 1 };
        step(keys);
        tables.map(step);
        self.used = if joins { self.used + cost } else { self.used - cost };
    }

    /// Counts the keys of a generation anew.
    pub(super) fn recount(&mut self, generation: &Generation) {
        (self.used, self.registered, self.admitted_keys, self.full, self.compact) = (0, 0, 0, 0, 0);
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

    pub(super) fn register(
        &mut self,
        next: &mut Generation,
        (store, others): (&dyn TableStore, Stores<'_, '_>),
        scheme: KeyScheme,
        keys: &[&[u8]],
        refused: impl Fn(u8) -> Option<Reason>,
    ) -> Result<Vec<Result<KeyId, Reason>>, Exhausted> {
        // What is there already, and each other key once.
        let mut fresh: HashMap<&[u8], usize> = HashMap::new();
        let mut unknown: Vec<&[u8]> = Vec::new();
        let mut joining = 0;
        for &key in keys {
            match next.find(scheme, key) {
                Some(record) => joining += usize::from(!record.pinned),
                None => {
                    fresh.entry(key).or_insert_with(|| {
                        unknown.push(key);
                        unknown.len() - 1
                    });
                }
            }
        }
        let judge = |examined: Examined| match (refused(examined.criteria), examined.point) {
            (Some(reason), _) => Err(reason),
            (None, None) => Err(Reason::KeyNotOnCurve),
            (None, Some(point)) => Ok((examined.criteria, point)),
        };
        let examined = store.examine(&unknown);
        let judged: Vec<Result<(u8, Coordinates), Reason>> =
            examined.into_iter().map(|examined| examined.and_then(judge)).collect();
        let points: Vec<Coordinates> = judged.iter().flatten().map(|(_, point)| *point).collect();

        // Everything else can make room for the records of registered keys: after this nothing fails.
        let needed = (self.registered + joining + points.len()).saturating_mul(RECORD_BYTES);
        if needed > self.budget {
            return Err(Exhausted { needed, budget: self.budget });
        }
        // Before any admitted key is evicted.
        let there: Vec<Option<Result<KeyId, Reason>>> =
            keys.iter().map(|key| self.pin(next, scheme, key, &refused)).collect();
        let tiers = self.make_room(next, (store, others), scheme, points.len());
        let mut tables = build(store, &tiers, &points).into_iter();
        let mut ids: Vec<Result<KeyId, Reason>> = Vec::with_capacity(unknown.len());
        for (key, judged) in unknown.iter().zip(&judged) {
            ids.push(judged.and_then(|(criteria, point)| {
                let table = tables.next().flatten();
                Record::new(scheme, key, true, criteria, point, table)
                    .and_then(|record| self.insert(next, record))
                    .ok_or(Reason::BadKeyLength)
            }));
        }
        let id_of = |(key, there): (&&[u8], Option<Result<KeyId, Reason>>)| {
            there.or_else(|| fresh.get(key).map(|&index| ids[index])).unwrap_or(Err(Reason::BadKeyLength))
        };
        Ok(keys.iter().zip(there).map(id_of).collect())
    }

    /// Registers a key, if it is there.
    fn pin(
        &mut self,
        next: &mut Generation,
        scheme: KeyScheme,
        key: &[u8],
        refused: impl Fn(u8) -> Option<Reason>,
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

    /// Makes room for so many new pinned keys, and says what each of them gets.
    fn make_room(
        &mut self,
        next: &mut Generation,
        (store, others): (&dyn TableStore, Stores<'_, '_>),
        scheme: KeyScheme,
        keys: usize,
    ) -> Vec<Option<Tier>> {
        // Whose tables are demoted may be of any scheme, and only its own store makes tables for it.
        let stores = |of: KeyScheme| if of == scheme { Some(store) } else { others(of) };
        let compact = self.table(store, scheme, Tier::Compact);
        let full = self.table(store, scheme, Tier::Full);
        let records = keys.saturating_mul(RECORD_BYTES);
        // Everything that keys could be given: what is not free is asked of those admitted.
        let most = full.or(compact).unwrap_or(0).saturating_mul(keys).saturating_add(records);
        self.evict(next, most);
        let wanted = compact.unwrap_or(0).saturating_mul(keys).saturating_add(records);
        if wanted > self.free() {
            self.demote(next, stores, Tier::Full, wanted);
        }
        if records > self.free() {
            self.demote(next, stores, Tier::Compact, records);
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
            freed += next.get(id).map_or(0, |record| self.cost(record.scheme, record.tier()));
            leaving.push(id);
        }
        self.admitted = staying.map(|(_, id)| id).collect();
        self.hand = 0;
        self.evicted += self.remove(next, &leaving) as u64;
    }

    /// Makes full tables compact ones, or takes compact ones away, of the keys used least first, until `bytes` are free; and an eighth
    /// more, so that keys that come one by one do not ask for an order of all keys each.
    fn demote<'s>(
        &mut self,
        next: &mut Generation,
        stores: impl Fn(KeyScheme) -> Option<&'s dyn TableStore>,
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
                    Tier::Full => {
                        stores(old.scheme).and_then(|store| store.build(Tier::Compact, &[old.point]).pop())
                    }
                    Tier::Compact => None,
                };
                self.replace(next, &old, old.pinned, smaller.map(|table| (Tier::Compact, table)));
            }
        }
    }

    /// Admits keys with how often they came, as far as there is room or a key that is used less.
    pub(super) fn admit(
        &mut self,
        next: &mut Generation,
        store: &dyn TableStore,
        scheme: KeyScheme,
        keys: &[(&[u8], u32)],
    ) {
        let compact = self.table(store, scheme, Tier::Compact);
        let bytes: Vec<&[u8]> = keys.iter().map(|(key, _)| *key).collect();
        let mut chosen: Vec<(&[u8], u32, u8, Coordinates)> = Vec::new();
        for (&(key, count), examined) in keys.iter().zip(store.examine(&bytes)) {
            // Valid signatures alone bring a key here; a key that is not a point would be a fault of ours.
            let Ok(Examined { criteria, point: Some(point) }) = examined else { continue };
            let is_new = next.find(scheme, key).is_none() && chosen.iter().all(|(other, ..)| *other != key);
            if is_new {
                chosen.push((key, count, criteria, point));
            }
        }
        let tier = compact.map(|_| Tier::Compact);
        let cost = self.cost(scheme, tier);
        let mut planned = 0;
        chosen.retain(|&(_, count, ..)| {
            let fits = self.free() >= planned + cost || self.displace(next, count, planned + cost);
            planned += if fits { cost } else { 0 };
            fits
        });
        let points: Vec<Coordinates> = chosen.iter().map(|(.., point)| *point).collect();
        let tables = build(store, &vec![tier; points.len()], &points);
        for ((key, count, criteria, point), table) in chosen.into_iter().zip(tables) {
            if let Some(record) = Record::new(scheme, key, false, criteria, point, table) {
                record.set_uses(count);
                self.insert(next, record);
            }
        }
    }

    /// Evicts the least used of a few admitted keys if it is used less than `count`; whether `bytes` are free then.
    /// Those that stay have their uses halved: a key that is not used any more goes in the end.
    fn displace(&mut self, next: &mut Generation, count: u32, bytes: usize) -> bool {
        let mut least: Option<(u32, KeyId)> = None;
        for _ in 0..SAMPLE.min(self.admitted.len()) {
            self.hand = if self.hand + 1 < self.admitted.len() { self.hand + 1 } else { 0 };
            let Some(&id) = self.admitted.get(self.hand) else { break };
            let Some(record) = next.get(id).filter(|record| !record.pinned) else {
                self.admitted.swap_remove(self.hand);
                continue;
            };
            let uses = record.uses();
            record.set_uses(uses / 2);
            if least.is_none_or(|(fewest, _)| uses < fewest) {
                least = Some((uses, id));
            }
        }
        // Its place in the list is given up when the hand comes by again.
        if let Some((_, id)) = least.filter(|(uses, _)| *uses < count) {
            self.evicted += self.remove(next, &[id]) as u64;
        }
        self.free() >= bytes
    }

    /// Gives full tables to keys that want one, where there is room. Whether anything changed.
    pub(super) fn promote<'s>(
        &mut self,
        next: &mut Generation,
        store: impl Fn(KeyScheme) -> Option<&'s dyn TableStore>,
        wanted: &[KeyId],
    ) -> bool {
        let mut chosen: Vec<(Record, Tier, Table)> = Vec::new();
        let mut free = self.free();
        for &id in wanted {
            let Some(record) = next.get(id) else { continue };
            let scheme = record.scheme;
            let Some(store) = store(scheme) else { continue };
            for tier in [Tier::Full, Tier::Compact] {
                if record.tier() >= Some(tier) {
                    break;
                }
                let Some(bytes) = self.table(store, scheme, tier) else { continue };
                let has = self.cost(scheme, record.tier()) - RECORD_BYTES;
                if free + has >= bytes {
                    let Some(table) = store.build(tier, &[record.point]).pop() else { break };
                    free = free + has - bytes;
                    chosen.push((record.with(record.pinned, record.table.clone()), tier, table));
                    break;
                }
            }
        }
        let any = !chosen.is_empty();
        for (old, tier, table) in chosen {
            self.replace(next, &old, old.pinned, Some((tier, table)));
        }
        any
    }
}
