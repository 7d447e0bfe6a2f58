//! The server's own keys and tickets.

use super::{
    Sqlite, forget, read,
    rows::{change, document, find},
    write::done,
};
use async_trait::async_trait;
use model::{
    store::{ApiKey, Keys, StoreError, Ticket},
    time::Timestamp,
};

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl Keys for Sqlite {
    async fn put_api_key(&self, key: ApiKey) -> Answer<()> {
        self.write(move |db| {
            let sql = "insert into api_keys (id, name, hash, created_at) values (?1, ?2, ?3, ?4) on conflict do update
                       set name = excluded.name, hash = excluded.hash, created_at = excluded.created_at";
            done(db, sql, (&key.id, &key.name, &key.hash, key.created_at.micros()))
        })
        .await
    }

    async fn api_keys(&self) -> Answer<Vec<ApiKey>> {
        self.read(read::api_keys).await
    }

    async fn remove_api_key(&self, id: &str) -> Answer<bool> {
        let id = id.to_owned();
        self.write(move |db| Ok(change(db, "delete from api_keys where id = ?1", [&id])? > 0)).await
    }

    async fn put_ticket(&self, ticket: Ticket) -> Answer<()> {
        self.write(move |db| {
            let sql =
                "insert into tickets (kind, hash, document, expires_at) values (?1, ?2, ?3, ?4) on conflict do update
                       set document = excluded.document, expires_at = excluded.expires_at";
            done(db, sql, (&ticket.kind, &ticket.hash, document(&ticket.document)?, ticket.expires_at.micros()))
        })
        .await
    }

    async fn ticket(&self, kind: &str, hash: &str, now: Timestamp) -> Answer<Option<Ticket>> {
        let values = (kind.to_owned(), hash.to_owned(), now.micros());
        self.read(move |db| {
            let sql = "select kind, hash, document, expires_at from tickets
                       where kind = ?1 and hash = ?2 and expires_at > ?3";
            find(db, sql, values, read::ticket)
        })
        .await
    }

    async fn take_ticket(&self, kind: &str, hash: &str, now: Timestamp) -> Answer<Option<Ticket>> {
        let (kind, hash) = (kind.to_owned(), hash.to_owned());
        self.write(move |db| forget::take_ticket(db, &kind, &hash, now)).await
    }
}
