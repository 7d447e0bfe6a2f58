//! What the writer has done, and how much waits.

use super::{
    failure::Outcome,
    rows::{find, int, number},
};
use model::store::{Backlog, Figures};
use rusqlite::Connection;
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Counts what the writer does. Shared with whoever reads it.
#[derive(Default)]
pub(super) struct Meter {
    syncs: AtomicU64,
    writes: AtomicU64,
    sync_micros: AtomicU64,
}

impl Meter {
    /// So many writes shared a sync that took so long.
    pub(super) fn synced(&self, writes: usize, took: Duration) {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        self.writes.fetch_add(writes as u64, Ordering::Relaxed);
        self.sync_micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn figures(&self) -> Figures {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Figures { syncs: read(&self.syncs), writes: read(&self.writes), sync_micros: read(&self.sync_micros) }
    }
}

/// How much waits, each counted up to a limit.
pub(super) fn backlog(db: &Connection, limit: usize) -> Outcome<Backlog> {
    let count = |sql: &str| -> Outcome<u64> { Ok(find(db, sql, [int(limit)], |row| number(row, 0))?.unwrap_or(0)) };
    Ok(Backlog {
        intakes: count("select count(*) from (select 1 from intakes where routed = 0 limit ?1)")?,
        parts: count("select count(*) from (select 1 from parts where waiting = 1 limit ?1)")?,
        parked: count("select count(*) from (select 1 from parts where waiting = 0 limit ?1)")?,
        commands: count("select count(*) from (select 1 from commands where open = 1 limit ?1)")?,
        runs: count("select count(*) from (select 1 from sync_statuses where open = 1 limit ?1)")?,
    })
}

/// Counted along one index, and no further than is asked.
pub(super) fn open_command_count(db: &Connection, customer: &str, limit: usize) -> Outcome<usize> {
    let sql = "select count(*) from (select 1 from commands where customer_id = ?1 and open = 1 limit ?2)";
    let count = find(db, sql, (customer, int(limit)), |row| number(row, 0))?.unwrap_or(0);
    Ok(usize::try_from(count).unwrap_or(limit))
}
