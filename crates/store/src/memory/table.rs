//! A sorted table that can take back what was written since it was last kept.

use std::{
    collections::{BTreeMap, btree_map},
    ops::RangeBounds,
    sync::Arc,
};

/// Rows by key. Rows are shared, so that a copy of the table is cheap.
pub(super) struct Table<K, V> {
    rows: BTreeMap<K, Arc<V>>,
    before: Vec<(K, Option<Arc<V>>)>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), before: Vec::new() }
    }
}

impl<K: Clone, V> Clone for Table<K, V> {
    fn clone(&self) -> Self {
        Self { rows: self.rows.clone(), before: self.before.clone() }
    }
}

impl<K: Ord + Clone, V> Table<K, V> {
    /// The row of a key.
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.rows.get(key).map(|row| &**row)
    }

    /// Whether the key has a row.
    pub(super) fn has(&self, key: &K) -> bool {
        self.rows.contains_key(key)
    }

    /// Writes a row, new or over another one.
    pub(super) fn put(&mut self, key: K, row: V) {
        let held = self.rows.insert(key.clone(), Arc::new(row));
        self.before.push((key, held));
    }

    /// Removes a row, if it is there.
    pub(super) fn remove(&mut self, key: &K) {
        if let Some(held) = self.rows.remove(key) {
            self.before.push((key.clone(), Some(held)));
        }
    }

    /// Rows in a range of keys, in order.
    pub(super) fn range(&self, range: impl RangeBounds<K>) -> btree_map::Range<'_, K, Arc<V>> {
        self.rows.range(range)
    }

    /// All rows, in the order of their keys.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.rows.iter().map(|(key, row)| (key, &**row))
    }

    /// All rows, without their keys.
    pub(super) fn rows(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.rows.values().map(|row| &**row)
    }

    /// Lets stand what was written. Whether there was anything.
    pub(super) fn keep(&mut self) -> bool {
        let written = !self.before.is_empty();
        self.before.clear();
        written
    }

    /// Takes back what was written since the last `keep`.
    pub(super) fn take_back(&mut self) {
        while let Some((key, held)) = self.before.pop() {
            match held {
                Some(row) => self.rows.insert(key, row),
                None => self.rows.remove(&key),
            };
        }
    }
}
