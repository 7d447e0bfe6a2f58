//! `impl Stream for Memory`: lists over chats and over customers.

use super::Memory;
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
    time::Timestamp,
};
use std::cmp::Reverse;

#[async_trait]
impl Stream for Memory {
    async fn timeline(
        &self,
        customer: &CustomerId,
        connections: &[ConnectionId],
        paging: &Paging,
    ) -> Result<Slice<Message>, StoreError> {
        let after = match order::start::<i64, MessageId>(paging) {
            Start::Nowhere => return Ok(order::nothing()),
            Start::First => None,
            Start::After(place) => Some((Timestamp::from_micros(place.key), place.id)),
        };
        let mut rows: Vec<Message> = self.read(|state| {
            let rows = state.messages.rows().filter(|row| {
                row.customer_id == *customer
                    && row.is_shown()
                    && connections.contains(&row.connection_id)
                    && after.is_none_or(|after| (row.sent_at(), row.id) < after)
            });
            rows.cloned().collect()
        });
        rows.sort_by_key(|row| Reverse((row.sent_at(), row.id)));
        rows.truncate(paging.limit.saturating_add(1));
        Ok(order::slice(rows, paging.limit, |row: &Message| Place { key: row.sent_at().micros(), id: row.id }.text()))
    }

    async fn chats_after(&self, after: Option<(CustomerId, ChatId)>, limit: usize) -> Result<Vec<Chat>, StoreError> {
        let is_after =
            |row: &Chat| after.as_ref().is_none_or(|after| (&row.customer_id, &row.id) > (&after.0, &after.1));
        Ok(self.read(|state| {
            let rows = state.chats.rows().map(|row| &row.chat).filter(|row| is_after(row));
            rows.take(limit).cloned().collect()
        }))
    }

    async fn messages_after(
        &self,
        after: Option<(CustomerId, MessageId)>,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError> {
        let is_after =
            |row: &&Message| after.as_ref().is_none_or(|after| (&row.customer_id, &row.id) > (&after.0, &after.1));
        Ok(self.read(|state| state.messages.rows().filter(is_after).take(limit).cloned().collect()))
    }

    async fn people_after(&self, after: u64, limit: usize) -> Result<Vec<(u64, Participant)>, StoreError> {
        Ok(self.read(|state| {
            let changes = state.people_changed.range(after..).filter(|(number, _)| **number > after).take(limit);
            let rows = changes.filter_map(|(number, key)| Some((*number, state.participants.get(key)?.clone())));
            rows.collect()
        }))
    }
}
