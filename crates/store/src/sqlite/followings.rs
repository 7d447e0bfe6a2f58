//! Lines of news: how far each connection has read its own.

use super::{
    Sqlite,
    failure::{Failure, Outcome},
    rows::{change, document, find_document, int, list_documents},
    write::done,
};
use async_trait::async_trait;
use model::{
    customer::CustomerId,
    following::{Following, Followings},
    id::ConnectionId,
    store::StoreError,
    time::Timestamp,
};
use rusqlite::{Connection as Db, params};

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl Followings for Sqlite {
    async fn following(&self, customer: &CustomerId, connection: ConnectionId) -> Answer<Option<Following>> {
        let key = (customer.as_str().to_owned(), connection.to_string());
        self.read(move |db| {
            find_document(db, "select document from followings where customer_id = ?1 and connection_id = ?2", key)
        })
        .await
    }

    async fn due_followings(&self, now: Timestamp, limit: usize) -> Answer<Vec<Following>> {
        self.read(move |db| {
            let sql = "select document from followings where due_at <= ?1
                       order by due_at, customer_id, connection_id limit ?2";
            list_documents(db, sql, (now.micros(), int(limit)))
        })
        .await
    }
}

/// Writes how far a line is read.
pub(super) fn put(db: &Db, row: &Following) -> Outcome<()> {
    let sql = if row.revision == 1 {
        "insert into followings (customer_id, connection_id, revision, due_at, document) values (?1, ?2, ?3, ?4, ?5)
         on conflict do nothing"
    } else {
        "update followings set revision = ?3, due_at = ?4, document = ?5
         where customer_id = ?1 and connection_id = ?2 and revision = ?3 - 1"
    };
    let values = params![
        row.customer_id.as_str(),
        row.connection_id.to_string(),
        int(row.revision),
        row.due_at.micros(),
        document(row)?
    ];
    if change(db, sql, values)? == 0 { Err(Failure::stale()) } else { Ok(()) }
}

/// A line is due at this time, whoever is reading it.
pub(super) fn soon(db: &Db, customer: &CustomerId, connection: ConnectionId, at: Timestamp) -> Outcome<()> {
    let sql = "update followings set due_at = min(due_at, ?3), revision = revision + 1,
               document = json_set(document, '$.due_at', min(due_at, ?3), '$.told', json('true'),
                                   '$.revision', revision + 1)
               where customer_id = ?1 and connection_id = ?2";
    done(db, sql, (customer.as_str(), connection.to_string(), at.micros()))
}
