//! `impl Stream for Sqlite`: lists over chats and over customers.

use super::{
    Sqlite,
    failure::Outcome,
    rows::{int, list, list_documents, number, parse},
};
use crate::order::{self, Place, Start};
use async_trait::async_trait;
use model::{
    chat::Chat,
    customer::CustomerId,
    id::{ChatId, ConnectionId, MessageId},
    message::Message,
    participant::Participant,
    store::{Paging, Slice, StoreError},
    stream::Stream,
};
use rusqlite::Connection;
use std::cmp::Reverse;

#[async_trait]
impl Stream for Sqlite {
    async fn timeline(
        &self,
        customer: &CustomerId,
        connections: &[ConnectionId],
        paging: &Paging,
    ) -> Result<Slice<Message>, StoreError> {
        let (customer, connections) = (customer.clone(), order::once(connections.iter().copied()));
        let paging = paging.clone();
        self.read(move |db| timeline(db, &customer, &connections, &paging)).await
    }

    async fn chats_after(&self, after: Option<(CustomerId, ChatId)>, limit: usize) -> Result<Vec<Chat>, StoreError> {
        let (customer, id) = place(after);
        self.read(move |db| {
            let sql = "select document from chats where (customer_id, id) > (?1, ?2) order by customer_id, id limit ?3";
            list_documents(db, sql, (customer, id, int(limit)))
        })
        .await
    }

    async fn messages_after(
        &self,
        after: Option<(CustomerId, MessageId)>,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError> {
        let (customer, id) = place(after);
        self.read(move |db| {
            let sql =
                "select document from messages where (customer_id, id) > (?1, ?2) order by customer_id, id limit ?3";
            list_documents(db, sql, (customer, id, int(limit)))
        })
        .await
    }

    async fn people_after(&self, after: u64, limit: usize) -> Result<Vec<(u64, Participant)>, StoreError> {
        self.read(move |db| {
            let sql = "select changed, document from participants where changed > ?1 order by changed limit ?2";
            list(db, sql, (int(after), int(limit)), |row| Ok((number(row, 0)?, parse(row, 1)?)))
        })
        .await
    }
}

fn place(after: Option<(CustomerId, impl ToString)>) -> (String, String) {
    after.map(|(customer, id)| (customer.as_str().to_owned(), id.to_string())).unwrap_or_default()
}

/// One index serves all filters: the timeline is the merge of the connections' own.
fn timeline(
    db: &Connection,
    customer: &CustomerId,
    connections: &[ConnectionId],
    paging: &Paging,
) -> Outcome<Slice<Message>> {
    let (at, last) = match order::start::<i64, MessageId>(paging) {
        Start::Nowhere => return Ok(order::nothing()),
        // No id begins with it, and it is greater than all that one begins with.
        Start::First => (i64::MAX, "~".to_owned()),
        Start::After(place) => (place.key, place.id.to_string()),
    };
    let wanted = paging.limit.saturating_add(1);
    let mut found: Vec<Message> = Vec::new();
    for connection in connections {
        found.extend(list_documents::<Message>(
            db,
            "select document from messages
             where customer_id = ?1 and connection_id = ?2 and visibility > 0 and (sent_at, id) < (?3, ?4)
             order by sent_at desc, id desc limit ?5",
            (customer.as_str(), connection.to_string(), at, &last, int(wanted)),
        )?);
        found.sort_by_key(|message| Reverse((message.sent_at(), message.id)));
        found.truncate(wanted);
    }
    Ok(order::slice(found, paging.limit, |row: &Message| Place { key: row.sent_at().micros(), id: row.id }.text()))
}
