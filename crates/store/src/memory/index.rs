//! The search index in memory, for tests and the simulation: looks at every entry.

use super::held;
use crate::place;
use async_trait::async_trait;
use model::{
    changes::Thing,
    customer::CustomerId,
    id::{ChatId, MessageId},
    index::{Entry, Field, Found, Index, Indexing, Lookup, Needle, Progress},
    store::StoreError,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// An index in memory.
#[derive(Default)]
pub struct MemoryIndex {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    visible: Kept,
    synced: Kept,
    unsynced: bool,
}

#[derive(Clone, Default)]
struct Kept {
    progress: Progress,
    entries: BTreeMap<i64, Arc<Entry>>,
    places: BTreeMap<(CustomerId, Thing), i64>,
}

impl MemoryIndex {
    /// An empty index.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets a power failure leave all that is there by now.
    pub fn sync(&self) {
        let mut inner = held(&self.inner);
        if std::mem::take(&mut inner.unsynced) {
            inner.synced = inner.visible.clone();
        }
    }

    /// Drops all that was not synced.
    pub fn power_failure(&self) {
        let mut inner = held(&self.inner);
        inner.visible = inner.synced.clone();
        inner.unsynced = false;
    }

    /// Loses everything, as when its file is deleted.
    pub fn lose(&self) {
        *held(&self.inner) = Inner::default();
    }

    /// All entries, by their places.
    pub fn all_entries(&self) -> Vec<Entry> {
        held(&self.inner).visible.entries.values().map(|entry| (**entry).clone()).collect()
    }
}

impl Kept {
    fn remove(&mut self, customer: &CustomerId, thing: Thing) -> Option<i64> {
        let place = self.places.remove(&(customer.clone(), thing))?;
        self.entries.remove(&place);
        Some(place)
    }

    fn put(&mut self, entry: Entry) {
        self.remove(&entry.customer, entry.thing);
        let mut place = place::wanted(&entry);
        while self.entries.contains_key(&place) {
            place += 1;
        }
        self.places.insert((entry.customer.clone(), entry.thing), place);
        self.entries.insert(place, Arc::new(entry));
    }
}

fn has(entry: &Entry, needle: &Needle) -> bool {
    let held = match needle.field {
        Field::Words => &entry.words,
        Field::Marks => &entry.marks,
    };
    let last = needle.tokens.len().saturating_sub(1);
    !needle.tokens.is_empty()
        && held.windows(needle.tokens.len()).any(|row| {
            row.iter().zip(&needle.tokens).enumerate().all(|(at, (held, token))| {
                held == token || (needle.begins && at == last && held.starts_with(token.as_str()))
            })
        })
}

#[async_trait]
impl Index for MemoryIndex {
    async fn progress(&self) -> Result<Progress, StoreError> {
        Ok(held(&self.inner).visible.progress.clone())
    }

    async fn apply(&self, before: &Progress, after: Progress, changes: Vec<Indexing>) -> Result<(), StoreError> {
        let mut inner = held(&self.inner);
        let kept = &mut inner.visible;
        if kept.progress != *before {
            return Err(StoreError::Stale);
        }
        for change in changes {
            match change {
                Indexing::Put(entry) => kept.put(entry),
                Indexing::Remove(customer, thing) => drop(kept.remove(&customer, thing)),
                Indexing::Clear => *kept = Kept::default(),
            }
        }
        kept.progress = after;
        inner.unsynced = true;
        Ok(())
    }

    async fn find(&self, lookup: Lookup) -> Result<Vec<Found>, StoreError> {
        let places = place::sought(&lookup);
        if places.is_empty() || lookup.clauses.is_empty() {
            return Ok(Vec::new());
        }
        let inner = held(&self.inner);
        let entries = inner.visible.entries.range(places).rev().filter(|(_, entry)| {
            entry.customer == lookup.customer
                && entry.thing.kind() == lookup.kind
                && lookup.clauses.iter().all(|clause| clause.iter().any(|needle| has(entry, needle)))
        });
        let found = |(place, entry): (&i64, &Arc<Entry>)| Found {
            place: *place,
            thing: entry.thing,
            bears: entry.bears.clone(),
        };
        Ok(entries.take(lookup.limit).map(found).collect())
    }

    async fn of_chat(&self, customer: &CustomerId, chat: ChatId, limit: usize) -> Result<Vec<MessageId>, StoreError> {
        let kept = &held(&self.inner).visible;
        let places = kept.places.iter().filter(|((owner, _), _)| owner == customer);
        let ids = places.filter_map(|((_, thing), place)| match thing {
            Thing::Message(id) => kept.entries.get(place).filter(|entry| entry.chat == Some(chat)).map(|_| *id),
            Thing::Chat(_) | Thing::Participant(_) => None,
        });
        Ok(ids.take(limit).collect())
    }
}
