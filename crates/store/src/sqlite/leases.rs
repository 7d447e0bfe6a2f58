//! Leases, in memory: one server has the file, so whoever holds one ends with this process.

use model::time::Timestamp;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How many leases there may be before those that ended are cleared away.
const MANY: usize = 4_096;

#[derive(Default)]
pub(super) struct Leases {
    held: Mutex<BTreeMap<String, Held>>,
}

struct Held {
    holder: String,
    until: Timestamp,
}

impl Leases {
    /// Takes or renews a lease. False while somebody else holds it.
    pub(super) fn take(&self, name: &str, holder: &str, now: Timestamp, until: Timestamp) -> bool {
        let mut held = self.held();
        if held.get(name).is_some_and(|lease| lease.holder != holder && lease.until > now) {
            return false;
        }
        if held.len() >= MANY {
            held.retain(|_, lease| lease.until > now);
        }
        held.insert(name.to_owned(), Held { holder: holder.to_owned(), until });
        true
    }

    /// Gives a lease back, if `holder` still has it.
    pub(super) fn release(&self, name: &str, holder: &str) {
        let mut held = self.held();
        if held.get(name).is_some_and(|lease| lease.holder == holder) {
            held.remove(name);
        }
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<String, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
