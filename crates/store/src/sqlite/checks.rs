//! What comparisons use: the lines of chats, how whole these are known, and the heartbeat.

use super::{
    Sqlite,
    failure::{Failure, Outcome},
    lines,
    rows::{change, document, find, find_document, int, list_documents, number},
};
use async_trait::async_trait;
use model::{
    checks::Checks,
    compare::Stretch,
    completeness::{Completeness, Heartbeat, Measured},
    customer::CustomerId,
    id::{ChatId, ConnectionId, ExternalId},
    message::Message,
    store::StoreError,
    time::Timestamp,
};
use rusqlite::{Connection as Db, params};
use std::time::Duration;

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl Checks for Sqlite {
    async fn messages_in(
        &self,
        customer: &CustomerId,
        chat: ChatId,
        stretches: &[Stretch],
        limit: usize,
    ) -> Answer<Vec<Message>> {
        let (customer, stretches) = (customer.clone(), stretches.to_vec());
        self.read(move |db| lines::messages_in(db, &customer, chat, &stretches, limit)).await
    }

    async fn threads_in(
        &self,
        customer: &CustomerId,
        chat: ChatId,
        from: &str,
        limit: usize,
    ) -> Answer<Vec<ExternalId>> {
        let (customer, from) = (customer.clone(), from.to_owned());
        self.read(move |db| lines::threads_in(db, &customer, chat, &from, limit)).await
    }

    async fn completeness(&self, customer: &CustomerId, chats: &[ChatId]) -> Answer<Vec<Completeness>> {
        let (customer, chats) = (customer.as_str().to_owned(), chats.to_vec());
        self.read(move |db| {
            let sql = "select document from completeness where customer_id = ?1 and chat_id = ?2";
            chats.iter().filter_map(|id| find_document(db, sql, (&customer, id.to_string())).transpose()).collect()
        })
        .await
    }

    async fn due_checks(&self, now: Timestamp, limit: usize) -> Answer<Vec<Completeness>> {
        self.read(move |db| {
            let sql = "select document from completeness where due_at <= ?1
                       order by due_at, customer_id, chat_id limit ?2";
            list_documents(db, sql, (now.micros(), int(limit)))
        })
        .await
    }

    async fn behind(&self, until: Timestamp, now: Timestamp, limit: usize) -> Answer<Vec<Completeness>> {
        self.read(move |db| {
            let sql = "select document from completeness where until_at < ?1 and not_before <= ?2
                       order by active_at desc, customer_id desc, chat_id desc limit ?3";
            list_documents(db, sql, (until.micros(), now.micros(), int(limit)))
        })
        .await
    }

    async fn measured(&self, customer: &CustomerId, connection: ConnectionId) -> Answer<Measured> {
        let values = (customer.as_str().to_owned(), connection.to_string());
        self.read(move |db| {
            let sql = "select coalesce(sum(checked), 0), coalesce(sum(missed), 0) from completeness
                       where customer_id = ?1 and connection_id = ?2";
            let read = |row: &rusqlite::Row<'_>| Ok(Measured { checked: number(row, 0)?, missed: number(row, 1)? });
            Ok(find(db, sql, values, read)?.unwrap_or_default())
        })
        .await
    }

    async fn heartbeat(&self) -> Answer<Heartbeat> {
        self.read(heartbeat).await
    }

    async fn beat(&self, now: Timestamp, outage: Duration) -> Answer<Heartbeat> {
        self.write(move |db| {
            let beat = heartbeat(db)?.beat(now, outage);
            let sql = "insert into heartbeat (one, document) values (1, ?1)
                       on conflict do update set document = excluded.document";
            change(db, sql, [document(&beat)?])?;
            Ok(beat)
        })
        .await
    }
}

fn heartbeat(db: &Db) -> Outcome<Heartbeat> {
    Ok(find_document(db, "select document from heartbeat where one = 1", [])?.unwrap_or_default())
}

/// Writes how whole a chat is known. The first revision replaces what an earlier import left.
pub(super) fn put(db: &Db, row: &Completeness) -> Outcome<()> {
    let sql = if row.revision == 1 {
        "insert or replace into completeness (customer_id, chat_id, revision, connection_id, until_at, due_at,
         not_before, active_at, checked, missed, document) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
    } else {
        "update completeness set revision = ?3, connection_id = ?4, until_at = ?5, due_at = ?6, not_before = ?7,
         active_at = ?8, checked = ?9, missed = ?10, document = ?11
         where customer_id = ?1 and chat_id = ?2 and revision = ?3 - 1"
    };
    let values = params![
        row.customer_id.as_str(),
        row.chat_id.to_string(),
        int(row.revision),
        row.connection_id.to_string(),
        row.until.map_or(i64::MAX, Timestamp::micros),
        row.due_at.micros(),
        row.not_before.micros(),
        row.active_at.micros(),
        int(row.checked),
        int(row.missed),
        document(row)?
    ];
    if change(db, sql, values)? == 0 { Err(Failure::stale()) } else { Ok(()) }
}

/// The chats of a connection may have missed anything, and are due at this time.
pub(super) fn check_all(
    db: &Db,
    customer: &CustomerId,
    connection: ConnectionId,
    at: Timestamp,
    lost: bool,
) -> Outcome<()> {
    let sql = "update completeness set due_at = min(due_at, ?3), not_before = 0, revision = revision + 1,
               document = json_set(document, '$.due_at', min(due_at, ?3), '$.not_before', 0, '$.revision', revision + 1,
                                   '$.whole_at', 0, '$.check', null, '$.asleep',
                                   json(iif(?4 or json_extract(document, '$.asleep'), 'true', 'false')))
               where customer_id = ?1 and connection_id = ?2";
    change(db, sql, (customer.as_str(), connection.to_string(), at.micros(), lost)).map(drop)
}

/// The chats of a connection are due at this time.
pub(super) fn check_soon(db: &Db, customer: &CustomerId, connection: ConnectionId, at: Timestamp) -> Outcome<()> {
    let sql = "update completeness set due_at = ?3, not_before = 0, revision = revision + 1,
               document = json_set(document, '$.due_at', ?3, '$.not_before', 0, '$.revision', revision + 1)
               where customer_id = ?1 and connection_id = ?2 and due_at > ?3";
    change(db, sql, (customer.as_str(), connection.to_string(), at.micros())).map(drop)
}
