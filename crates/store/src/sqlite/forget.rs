//! What goes: tickets that are taken, and whatever has ended.

use super::{
    failure::Outcome,
    rows::{change, find, int, list},
};
use model::{
    id::{IntakeId, uuid_v7},
    retention::KeptSince,
    store::Ticket,
    time::Timestamp,
};
use rusqlite::Connection;

/// Takes a ticket away.
pub(super) fn take_ticket(db: &Connection, kind: &str, hash: &str, now: Timestamp) -> Outcome<Option<Ticket>> {
    let sql = "delete from tickets where kind = ?1 and hash = ?2 and expires_at > ?3
               returning kind, hash, document, expires_at";
    find(db, sql, (kind, hash, now.micros()), super::read::ticket)
}

/// Forgets what ended, oldest first, and requests that nothing refers to any more.
pub(super) fn forget(db: &Connection, kept: KeptSince, now: Timestamp, limit: usize) -> Outcome<usize> {
    let mut forgotten = 0;
    for sql in [
        "delete from unclaimed where (intake_id, number) in
         (select intake_id, number from unclaimed where until < ?1 order by until, intake_id, number limit ?2)",
        "delete from remembered where (customer_id, key) in
         (select customer_id, key from remembered where until < ?1 order by until, customer_id, key limit ?2)",
        "delete from tickets where (kind, hash) in
         (select kind, hash from tickets where expires_at < ?1 order by expires_at, kind, hash limit ?2)",
    ] {
        forgotten += change(db, sql, (now.micros(), int(limit)))?;
    }
    // Ids of requests begin with the time at which they came.
    let parked = IntakeId::from(uuid_v7(kept.parked, [0; 10])).to_string();
    let parts = "delete from parts where (customer_id, intake_id, number, connection_id) in
         (select customer_id, intake_id, number, connection_id from parts where waiting = 0 and intake_id < ?1
          order by intake_id, number, customer_id, connection_id limit ?2)";
    forgotten += change(db, parts, (parked, int(limit)))?;
    for (sql, before) in [
        (
            "delete from sync_statuses where (customer_id, id) in
             (select customer_id, id from sync_statuses
              where open = 0 and json_extract(document, '$.finished_at') < ?1
              order by json_extract(document, '$.finished_at'), customer_id, id limit ?2)",
            kept.runs,
        ),
        (
            "delete from commands where (customer_id, id) in
             (select customer_id, id from commands
              where json_extract(document, '$.progress.state') = 'done'
              and json_extract(document, '$.accepted_at') < ?1
              order by json_extract(document, '$.accepted_at'), customer_id, id limit ?2)",
            kept.done,
        ),
    ] {
        forgotten += change(db, sql, (before.micros(), int(limit)))?;
    }
    let requests = "delete from intakes where id in (
         select id from intakes where routed = 1 and received_at < ?1
         and not exists (select 1 from parts where parts.intake_id = intakes.id)
         and not exists (select 1 from unclaimed where unclaimed.intake_id = intakes.id)
         order by received_at, id limit ?2)";
    Ok(forgotten + change(db, requests, (kept.raw.micros(), int(limit)))?)
}

/// Forgets the log's beginning: never an event between two that are kept, even where clocks disagree.
pub(super) fn forget_events(db: &Connection, before: Timestamp, limit: usize) -> Outcome<usize> {
    let sql = "select position, customer_id, seq, at from events order by position limit ?1";
    let oldest = list(db, sql, [int(limit)], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?, row.get::<_, i64>(3)?))
    })?;
    let old: Vec<_> = oldest.into_iter().take_while(|(.., at)| *at < before.micros()).collect();
    for (position, customer, seq, _) in &old {
        change(db, "delete from events where position = ?1", [position])?;
        change(db, "update feeds set forgotten_seq = max(forgotten_seq, ?2) where customer_id = ?1", (customer, seq))?;
    }
    Ok(old.len())
}
