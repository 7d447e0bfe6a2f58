//! Erases customers. What is erased is overwritten, not only unlinked.

use super::{
    Sqlite,
    failure::Outcome,
    rows::{change, document, find_document, find_int, int, list_documents},
    write::done,
};
use async_trait::async_trait;
use model::{
    customer::CustomerId,
    erasure::{Erasure, Erasures, Through},
    id::IntakeId,
    store::StoreError,
    time::Timestamp,
};
use rusqlite::Connection;

type Answer<T> = Result<T, StoreError>;

/// Everything of a customer but their connections, and what names a row of each. What refers goes before what
/// it refers to.
const TABLES: &[(&str, &str)] = &[
    ("parts", "customer_id, intake_id, number, connection_id"),
    ("asides", "customer_id, chat_id, external_id"),
    ("commands", "rowid"),
    ("remembered", "customer_id, key"),
    ("sync_statuses", "rowid"),
    ("completeness", "customer_id, chat_id"),
    ("followings", "customer_id, connection_id"),
    ("messages", "rowid"),
    ("names", "customer_id, connection_id, kind, external_id"),
    ("participants", "rowid"),
    ("emoji", "customer_id, connection_id, name"),
    ("chats", "rowid"),
    ("user_platforms", "rowid"),
    ("uploads", "rowid"),
    ("events", "rowid"),
    ("feeds", "customer_id"),
];

#[async_trait]
impl Erasures for Sqlite {
    async fn begin_erasure(&self, customer: &CustomerId, now: Timestamp) -> Answer<()> {
        let begun = Erasure { customer_id: customer.clone(), begun_at: now, requests: Through::UpTo(None) };
        self.write(move |db| {
            let sql =
                "insert into erasures (customer_id, begun_at, document) values (?1, ?2, ?3) on conflict do nothing";
            done(db, sql, (begun.customer_id.as_str(), begun.begun_at.micros(), document(&begun)?))
        })
        .await
    }

    async fn erasures(&self, limit: usize) -> Answer<Vec<Erasure>> {
        self.read(move |db| {
            list_documents(db, "select document from erasures order by begun_at, customer_id limit ?1", [int(limit)])
        })
        .await
    }

    async fn erase_rows(&self, customer: &CustomerId, limit: usize) -> Answer<usize> {
        let customer = customer.clone();
        self.write(move |db| overwriting(db, |db| rows(db, &customer, limit))).await
    }

    async fn erase_requests(&self, customer: &CustomerId, requests: &[IntakeId], through: Through) -> Answer<()> {
        let (customer, requests) = (customer.clone(), requests.to_vec());
        self.write(move |db| overwriting(db, |db| raw(db, &customer, &requests, through))).await
    }

    async fn end_erasure(&self, customer: &CustomerId) -> Answer<()> {
        let customer = customer.clone();
        self.write(move |db| overwriting(db, |db| end(db, &customer))).await
    }
}

/// Whether a customer is being erased.
pub(super) fn is_under_way(db: &Connection, customer: &CustomerId) -> Outcome<bool> {
    Ok(find_int(db, "select 1 from erasures where customer_id = ?1", [customer.as_str()])?.is_some())
}

/// Overwrites what is deleted meanwhile with zeros. It costs writes, so not every deletion does.
fn overwriting<T>(db: &Connection, work: impl FnOnce(&Connection) -> Outcome<T>) -> Outcome<T> {
    let switch = |on: &str| db.query_row(&format!("pragma secure_delete = {on}"), [], |_| Ok(()));
    switch("on")?;
    let done = work(db);
    switch("off")?;
    done
}

fn rows(db: &Connection, customer: &CustomerId, limit: usize) -> Outcome<usize> {
    let mut erased = 0;
    for (table, key) in TABLES {
        let sql =
            format!("delete from {table} where ({key}) in (select {key} from {table} where customer_id = ?1 limit ?2)");
        erased += change(db, &sql, (customer.as_str(), int(limit - erased)))?;
        if erased >= limit {
            return Ok(erased);
        }
    }
    let tickets = "delete from tickets where rowid in
                   (select rowid from tickets where json_extract(document, '$.customer') = ?1 limit ?2)";
    Ok(erased + change(db, tickets, (customer.as_str(), int(limit - erased)))?)
}

fn raw(db: &Connection, customer: &CustomerId, requests: &[IntakeId], through: Through) -> Outcome<()> {
    for request in requests {
        for sql in ["delete from unclaimed where intake_id = ?1", "delete from intakes where id = ?1"] {
            change(db, sql, [request.to_string()])?;
        }
    }
    let sql = "select document from erasures where customer_id = ?1";
    let Some(held) = find_document::<Erasure>(db, sql, [customer.as_str()])? else { return Ok(()) };
    let next = Erasure { requests: through, ..held };
    done(db, "update erasures set document = ?2 where customer_id = ?1", (customer.as_str(), document(&next)?))
}

fn end(db: &Connection, customer: &CustomerId) -> Outcome<()> {
    for sql in [
        "delete from listeners where customer_id = ?1",
        "delete from persons where customer_id = ?1",
        "delete from logins where id in (select login_id from standings where customer_id = ?1)
         and not exists (select 1 from standings where login_id = logins.id and customer_id <> ?1)",
        "delete from standings where customer_id = ?1",
        "delete from connections where customer_id = ?1",
        "delete from erasures where customer_id = ?1",
    ] {
        change(db, sql, [customer.as_str()])?;
    }
    Ok(())
}
