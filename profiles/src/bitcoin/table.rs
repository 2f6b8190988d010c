//! A list whose entries are found by their keys: by looking through it while it is short, as it nearly always is.

use std::collections::HashMap;
use std::hash::Hash;

/// The most entries that are looked through.
const SHORT: usize = 16;

/// See the module.
#[derive(Debug)]
pub(super) struct Table<K, V> {
    entries: Vec<(K, V)>,
    /// The places of all entries, once there are more than [`SHORT`].
    places: HashMap<K, usize>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { entries: Vec::new(), places: HashMap::new() }
    }
}

impl<K: Clone + Eq + Hash, V> Table<K, V> {
    /// The place of a key.
    pub(super) fn find(&self, key: &K) -> Option<usize> {
        match self.entries.len() {
            ..=SHORT => self.entries.iter().position(|(of, _)| of == key),
            _ => self.places.get(key).copied(),
        }
    }

    /// Adds an entry whose key is not there yet, and returns its place.
    pub(super) fn add(&mut self, key: K, value: V) -> usize {
        let place = self.entries.len();
        if place == SHORT {
            let keys = self.entries.iter().enumerate();
            self.places = keys.map(|(place, (key, _))| (key.clone(), place)).collect();
        }
        if place >= SHORT {
            self.places.insert(key.clone(), place);
        }
        self.entries.push((key, value));
        place
    }

    /// The entry at a place that [`Self::find`] or [`Self::add`] gave.
    pub(super) fn get(&self, place: usize) -> &(K, V) {
        &self.entries[place]
    }

    /// The values, in the order in which they were added.
    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.entries.iter_mut().map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_however_many_there_are() {
        let mut table = Table::default();
        for key in 0..50 {
            assert_eq!(table.find(&key), None);
            let place = table.add(key, key * 2);
            assert_eq!(table.get(place), &(key, key * 2));
            assert!((0..=key).all(|key| table.find(&key) == Some(key)));
        }
    }
}
