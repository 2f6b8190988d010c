//! What handles name: generational ids in tables of the process.
//!
//! An id is `kind << 56 | generation << 24 | slot`. A slot that is freed takes the next generation, so an id that was
//! freed is never given again and is an error wherever it is named; a slot whose generations are used up is retired.
//! Ids of one kind mean nothing in the table of another, and 0 is no id.
//!
//! Rejected: the address of a boxed value with a magic word that is cleared when it is freed. It saves the lookup (a
//! shared lock and a reference count, some tens of nanoseconds; a signature takes microseconds), and reading the word
//! of a freed handle is undefined behaviour exactly in the case that it is there for. The reference count also lets a
//! handle be freed while another thread works with it.

use std::sync::{Arc, PoisonError, RwLock};

use crate::error::{Failure, SIGWARP_ERROR_ENGINE, SIGWARP_ERROR_HANDLE};

const SLOT_BITS: u32 = 24;
const GENERATION_BITS: u32 = 32;

/// The handles of one kind.
pub(crate) struct Table<T> {
    /// What the kind is called in texts.
    name: &'static str,
    /// The function that returns handles of the kind.
    maker: &'static str,
    kind: u8,
    slots: RwLock<Slots<T>>,
}

struct Slots<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

struct Slot<T> {
    generation: u32,
    value: Option<Arc<T>>,
}

impl<T> Table<T> {
    /// The table of a kind; kinds differ and are not 0.
    pub(crate) const fn new(name: &'static str, maker: &'static str, kind: u8) -> Self {
        assert!(kind != 0, "an id is never 0");
        Self { name, maker, kind, slots: RwLock::new(Slots { slots: Vec::new(), free: Vec::new() }) }
    }

    fn id(&self, generation: u32, slot: u32) -> u64 {
        u64::from(self.kind) << (SLOT_BITS + GENERATION_BITS)
            | u64::from(generation) << SLOT_BITS
            | u64::from(slot)
    }

    /// The generation and slot of an id of this kind.
    fn parse(&self, id: u64) -> Option<(u32, usize)> {
        let kind = id >> (SLOT_BITS + GENERATION_BITS);
        let generation = (id >> SLOT_BITS) as u32;
        let slot = id & ((1 << SLOT_BITS) - 1);
        (kind == u64::from(self.kind)).then_some((generation, slot as usize))
    }

    fn unknown(&self, id: u64) -> Failure {
        let name = self.name;
        let text = match id {
            0 => format!("the {name} handle is zero; make one first with {}", self.maker),
            _ if self.parse(id).is_none() => {
                format!(
                    "{id:#018x} is not a handle of kind {name}; pass the handle that {} returned",
                    self.maker
                )
            }
            _ => format!("the {name} {id:#018x} does not exist; it was freed, or never made"),
        };
        Failure::new(SIGWARP_ERROR_HANDLE, text)
    }

    /// Keeps `value` and gives its id.
    pub(crate) fn insert(&self, value: Arc<T>) -> Result<u64, Failure> {
        let mut table = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        let slot = match table.free.pop() {
            Some(slot) => slot,
            None if table.slots.len() < 1 << SLOT_BITS => {
                table.slots.push(Slot { generation: 0, value: None });
                (table.slots.len() - 1) as u32
            }
            None => {
                let text = format!("{} {} handles are open; free some", 1 << SLOT_BITS, self.name);
                return Err(Failure::new(SIGWARP_ERROR_ENGINE, text));
            }
        };
        let entry = &mut table.slots[slot as usize];
        entry.value = Some(value);
        Ok(self.id(entry.generation, slot))
    }

    /// What `id` names; it stays alive for as long as the caller holds it.
    pub(crate) fn get(&self, id: u64) -> Result<Arc<T>, Failure> {
        let found = self.parse(id).and_then(|(generation, slot)| {
            let table = self.slots.read().unwrap_or_else(PoisonError::into_inner);
            let entry = table.slots.get(slot)?;
            if entry.generation == generation { entry.value.clone() } else { None }
        });
        found.ok_or_else(|| self.unknown(id))
    }

    /// Takes what `id` names out of the table; the id is an error from then on.
    pub(crate) fn remove(&self, id: u64) -> Result<Arc<T>, Failure> {
        let found = self.parse(id).and_then(|(generation, slot)| {
            let mut table = self.slots.write().unwrap_or_else(PoisonError::into_inner);
            let entry = table.slots.get_mut(slot)?;
            if entry.generation != generation {
                return None;
            }
            let value = entry.value.take()?;
            if let Some(next) = entry.generation.checked_add(1) {
                entry.generation = next;
                table.free.push(slot as u32);
            }
            Some(value)
        });
        // The value is dropped by the caller, outside of the lock.
        found.ok_or_else(|| self.unknown(id))
    }

    /// Frees a handle; zero is no handle and needs no freeing.
    pub(crate) fn free(&self, id: u64) -> Result<(), Failure> {
        if id == 0 { Ok(()) } else { self.remove(id).map(drop) }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn freed_ids_are_errors_for_ever() {
        let table = Table::new("thing", "thing_new", 3);
        let first = table.insert(Arc::new(1)).unwrap();
        assert_eq!(*table.get(first).unwrap(), 1);
        let mut freed = vec![first];
        assert_eq!(*table.remove(first).unwrap(), 1);
        for value in 2..100 {
            let id = table.insert(Arc::new(value)).unwrap();
            assert_eq!(table.slots.read().unwrap().slots.len(), 1, "the slot is used again");
            for &old in &freed {
                assert_eq!(table.get(old).unwrap_err().code, SIGWARP_ERROR_HANDLE);
                assert_eq!(table.remove(old).unwrap_err().code, SIGWARP_ERROR_HANDLE);
            }
            assert_eq!(*table.get(id).unwrap(), value);
            table.free(id).unwrap();
            freed.push(id);
        }
        assert!(table.free(0).is_ok());
        assert!(table.get(0).unwrap_err().text.contains("zero"));
    }

    #[test]
    fn kinds_are_told_apart_and_no_number_is_a_handle_by_chance() {
        let (one, other) = (Table::new("one", "one_new", 1), Table::new("other", "other_new", 2));
        let id = one.insert(Arc::new(())).unwrap();
        other.insert(Arc::new(())).unwrap();
        assert!(
            other
                .get(id)
                .unwrap_err()
                .text
                .contains("is not a handle of kind other; pass the handle that other_new returned")
        );
        for id in [1, u64::MAX, id + 1, id + (1 << SLOT_BITS), id | 1 << 63] {
            assert_eq!(one.get(id).unwrap_err().code, SIGWARP_ERROR_HANDLE, "{id:x}");
        }
    }

    #[test]
    fn a_slot_without_generations_is_retired() {
        let table = Table::new("thing", "thing_new", 1);
        let id = table.insert(Arc::new(())).unwrap();
        table.slots.write().unwrap().slots[0].generation = u32::MAX;
        let last = id | u64::from(u32::MAX) << SLOT_BITS;
        table.free(last).unwrap();
        let next = table.insert(Arc::new(())).unwrap();
        assert_eq!(next & ((1 << SLOT_BITS) - 1), 1);
        assert!(table.get(last).is_err() && table.get(id).is_err());
    }

    #[test]
    fn what_is_used_outlives_its_handle() {
        let table = Table::new("thing", "thing_new", 1);
        let id = table.insert(Arc::new(vec![5u8; 100])).unwrap();
        thread::scope(|scope| {
            let held = table.get(id).unwrap();
            scope.spawn(|| table.free(id).unwrap()).join().unwrap();
            assert!(table.get(id).is_err());
            assert_eq!(held.len(), 100);
        });
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for value in 0..1000 {
                        let id = table.insert(Arc::new(vec![value as u8; 3])).unwrap();
                        assert_eq!(table.get(id).unwrap()[0], value as u8);
                        table.free(id).unwrap();
                        assert!(table.get(id).is_err());
                    }
                });
            }
        });
    }
}
