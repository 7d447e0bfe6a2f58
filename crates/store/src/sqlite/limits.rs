//! Limits of platforms: calls are counted in memory, since one server has the file; a rest that a platform
//! asked for is kept, so that a restart does not break it.

use super::{
    failure::Outcome,
    rows::{change, list},
};
use model::{
    id::Integration,
    limits::{Ask, Bucket, BucketName, Buckets, Permit},
    time::Timestamp,
};
use rusqlite::Connection;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The buckets of all platforms.
#[derive(Default)]
pub(super) struct Limits {
    buckets: Mutex<Buckets>,
}

impl Limits {
    /// Without a call, and with the rests that were kept.
    pub(super) fn open(db: &Connection) -> Outcome<Self> {
        let limits = Self::default();
        let sql = "select integration, method, key, until from pauses";
        for (name, until) in list(db, sql, [], |row| {
            let name = BucketName { integration: Integration(row.get(0)?), method: row.get(1)?, key: row.get(2)? };
            Ok((name, Timestamp::from_micros(row.get(3)?)))
        })? {
            limits.buckets().pause(name, until);
        }
        Ok(limits)
    }

    pub(super) fn ask(&self, ask: &Ask) -> Permit {
        self.buckets().ask(ask)
    }

    pub(super) fn pause(&self, name: BucketName, until: Timestamp) {
        self.buckets().pause(name, until);
    }

    pub(super) fn bucket(&self, name: &BucketName) -> Option<Bucket> {
        self.buckets().bucket(name).cloned()
    }

    fn buckets(&self) -> MutexGuard<'_, Buckets> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps a rest, the longer one of two, and drops those that are over.
pub(super) fn keep_pause(db: &Connection, name: &BucketName, now: Timestamp, until: Timestamp) -> Outcome<()> {
    change(db, "delete from pauses where until <= ?1", [now.micros()])?;
    let sql = "insert into pauses (integration, method, key, until) values (?1, ?2, ?3, ?4)
               on conflict do update set until = max(until, excluded.until)";
    change(db, sql, (name.integration.as_str(), &name.method, &name.key, until.micros())).map(drop)
}
